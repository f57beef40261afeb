/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of inside hosts: chains from an array of buckets, which has a power of two of them, as
 * many as hosts at least, so that a chain has one link as a rule. A bucket's lock is one of HOST_LOCKS.
 */
#include <rte_errno.h>
#include <rte_malloc.h>

#include "block_priv.h"
#include "core/keyed_hash.h"
#include "host_priv.h"

enum { HOST_LOCKS = 1024 };

struct host_lock {
	rte_spinlock_t lock;
} __rte_cache_aligned;

struct nat_hosts {
	struct pool *pool;
	uint32_t *first; /* by bucket; index of a host, 0: none; under the bucket's lock */
	uint32_t mask;
	struct host_lock lock[HOST_LOCKS];
};

static uint32_t
bucket_count(uint32_t capacity)
{
	return rte_align32pow2(RTE_MAX(capacity, 64u));
}

struct nat_hosts *
hosts_create(uint32_t capacity, int socket)
{
	struct nat_hosts *hosts =
		rte_zmalloc_socket("nat_hosts", sizeof(*hosts), RTE_CACHE_LINE_SIZE, socket);

	if (!hosts)
		goto no_memory;
	for (unsigned int i = 0; i < HOST_LOCKS; i++)
		rte_spinlock_init(&hosts->lock[i].lock);
	hosts->mask = bucket_count(capacity) - 1;
	hosts->first = rte_zmalloc_socket("nat_host_buckets",
		bucket_count(capacity) * sizeof(hosts->first[0]), RTE_CACHE_LINE_SIZE, socket);
	if (!hosts->first)
		goto no_memory;
	hosts->pool =
		pool_create("nat_hosts", capacity, sizeof(struct nat_host), socket, NULL, NULL);
	if (hosts->pool)
		return hosts;
	hosts_destroy(hosts);
	return NULL;

no_memory:
	hosts_destroy(hosts);
	rte_errno = ENOMEM;
	return NULL;
}

void
hosts_destroy(struct nat_hosts *hosts)
{
	if (!hosts)
		return;
	pool_destroy(hosts->pool);
	rte_free(hosts->first);
	rte_free(hosts);
}

size_t
hosts_memory(uint32_t capacity)
{
	return sizeof(struct nat_hosts) + bucket_count(capacity) * sizeof(uint32_t) +
	       pool_memory(capacity, sizeof(struct nat_host));
}

struct host_seat
host_lock(struct nat_hosts *hosts, rte_be32_t address, uint16_t pool)
{
	const uint64_t key = (uint64_t)pool << 32 | address;
	struct host_seat seat = {.bucket = (uint32_t)keyed_hash64(&key, sizeof(key)) & hosts->mask};

	rte_spinlock_lock(&hosts->lock[seat.bucket % HOST_LOCKS].lock);
	seat.host = pool_at(hosts->pool, hosts->first[seat.bucket]);
	while (seat.host && (seat.host->address != address || seat.host->pool != pool))
		seat.host = pool_at(hosts->pool, seat.host->next);
	return seat;
}

void
host_unlock(struct nat_hosts *hosts, const struct host_seat *seat)
{
	rte_spinlock_unlock(&hosts->lock[seat->bucket % HOST_LOCKS].lock);
}

bool
host_make(struct nat_hosts *hosts, struct host_seat *seat, rte_be32_t address, uint16_t pool)
{
	struct nat_host *host = pool_alloc(hosts->pool);

	if (!host)
		return false;
	host->address = address;
	host->pool = pool;
	host->at = HOST_UNPAIRED;
	host->ports = 0;
	host->second = host->made = 0;
	host->blocks = 0;
	atomic_store_explicit(&host->flows, 0, memory_order_relaxed);
	host->first_block = BLOCK_NONE;
	host->next = hosts->first[seat->bucket];
	hosts->first[seat->bucket] = pool_index(hosts->pool, host);
	seat->host = host;
	return true;
}

void
host_forget(struct nat_hosts *hosts, struct host_seat *seat)
{
	uint32_t index = pool_index(hosts->pool, seat->host), *link = &hosts->first[seat->bucket];

	while (*link != index)
		link = &((struct nat_host *)pool_at(hosts->pool, *link))->next;
	*link = seat->host->next;
	/* Seen under the lock only: no grace period. */
	pool_free_unused(hosts->pool, seat->host);
	seat->host = NULL;
}

uint32_t
hosts_count(const struct nat_hosts *hosts)
{
	return pool_used(hosts->pool);
}
