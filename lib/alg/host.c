/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls per host (sip.max_calls_per_host), counted over all workers.
 *
 * A table of buckets of seven hosts, each under its own spinlock. A host without calls has no
 * entry. A bucket that is full of other hosts lets the call pass uncounted: the limit protects
 * against one host, not against many. Such a call is not given back either.
 */
#include <rte_malloc.h>

#include "alg_priv.h"

enum { HOSTS_PER_BUCKET = 7 };

struct host_bucket {
	rte_spinlock_t lock;
	struct {
		rte_be32_t address;
		uint32_t calls; /* 0: free */
	} host[HOSTS_PER_BUCKET];
} __rte_cache_aligned;

struct host_table {
	uint32_t mask;
	struct host_bucket bucket[];
};

static uint32_t
bucket_count(uint32_t calls)
{
	return rte_align32pow2(RTE_MAX(calls / 2, 64u));
}

size_t
host_table_memory(uint32_t calls)
{
	return sizeof(struct host_table) + (size_t)bucket_count(calls) * sizeof(struct host_bucket);
}

struct host_table *
host_table_create(uint32_t calls, int socket)
{
	struct host_table *table = rte_zmalloc_socket(
		"alg_hosts", host_table_memory(calls), RTE_CACHE_LINE_SIZE, socket);

	if (table)
		table->mask = bucket_count(calls) - 1;
	return table;
}

void
host_table_destroy(struct host_table *table)
{
	rte_free(table);
}

static struct host_bucket *
bucket_of(struct host_table *table, rte_be32_t host)
{
	return &table->bucket[keyed_hash64(&host, sizeof(host)) & table->mask];
}

enum host_verdict
host_take(struct host_table *table, rte_be32_t host, uint32_t limit)
{
	struct host_bucket *bucket = bucket_of(table, host);
	int free = -1, found = -1;
	enum host_verdict verdict = HOST_UNCOUNTED;

	rte_spinlock_lock(&bucket->lock);
	for (int i = 0; i < HOSTS_PER_BUCKET; i++) {
		if (bucket->host[i].calls == 0)
			free = i;
		else if (bucket->host[i].address == host)
			found = i;
	}
	if (found >= 0) {
		verdict = bucket->host[found].calls < limit ? HOST_COUNTED : HOST_REFUSED;
		bucket->host[found].calls += verdict == HOST_COUNTED;
	} else if (free >= 0) {
		bucket->host[free].address = host;
		bucket->host[free].calls = 1;
		verdict = HOST_COUNTED;
	}
	rte_spinlock_unlock(&bucket->lock);
	return verdict;
}

void
host_give(struct host_table *table, rte_be32_t host)
{
	struct host_bucket *bucket = bucket_of(table, host);

	rte_spinlock_lock(&bucket->lock);
	for (int i = 0; i < HOSTS_PER_BUCKET; i++) {
		if (bucket->host[i].calls && bucket->host[i].address == host) {
			bucket->host[i].calls--;
			break;
		}
	}
	rte_spinlock_unlock(&bucket->lock);
}
