/* SPDX-License-Identifier: BSD-3-Clause */

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_rcu_qsbr.h>

#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "shared_hash.h"

enum {
	/* Entries left waiting before a delete looks for finished grace periods, and how many it
	 * takes then: more than one, so that the queue shrinks; few, so that a delete stays short. */
	RECLAIM_TRIGGER = 64,
	RECLAIM_BATCH = 8,
	/* Inside rte_hash: bucket of 8, slots kept in per-lcore caches, bytes of a queued deletion. */
	BUCKET_KEYS = 8,
	BUCKET_BYTES = 64,
	LCORE_CACHE_SLOTS = 64,
	DEFERRED_BYTES = 16,
};

static uint32_t
shared_hash_entries(uint32_t keys)
{
	return RTE_MAX(keys + keys / 4, (uint32_t)64);
}

/* The defer queue is a ring that holds one less than its size, a power of two. */
static uint32_t
shared_hash_deferred(uint32_t keys)
{
	return rte_align32pow2(RTE_MAX(keys, (uint32_t)2 * RECLAIM_TRIGGER) + 1) - 1;
}

struct rte_hash *
shared_hash_create(const char *name, uint32_t keys, uint32_t key_length, int socket)
{
	const struct rte_hash_parameters parameters = {
		.name = name,
		.entries = shared_hash_entries(keys),
		.key_len = key_length,
		.hash_func = keyed_hash_signature,
		.socket_id = socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD,
	};
	struct rte_hash_rcu_config rcu = {
		.v = rcu_variable(),
		.mode = RTE_HASH_QSBR_MODE_DQ,
		.dq_size = shared_hash_deferred(keys),
		.trigger_reclaim_limit = RECLAIM_TRIGGER,
		.max_reclaim_size = RECLAIM_BATCH,
	};
	struct rte_hash *hash = rte_hash_create(&parameters);

	if (hash == NULL)
		return NULL;
	if (rte_hash_rcu_qsbr_add(hash, &rcu) != 0) {
		const int error = rte_errno;

		rte_hash_free(hash);
		rte_errno = error;
		return NULL;
	}
	return hash;
}

size_t
shared_hash_deferred_memory(uint32_t keys)
{
	return ((size_t)shared_hash_deferred(keys) + 1) * DEFERRED_BYTES + 4096;
}

size_t
shared_hash_memory(uint32_t keys, uint32_t key_length)
{
	const size_t entries = shared_hash_entries(keys);
	const size_t slots = entries + (RTE_MAX_LCORE - 1) * (LCORE_CACHE_SLOTS - 1) + 1;
	const size_t slot_bytes = RTE_ALIGN(sizeof(void *) + key_length, 16);
	const size_t buckets = rte_align32pow2((uint32_t)entries) / BUCKET_KEYS * BUCKET_BYTES;
	const size_t free_ring = rte_align32pow2((uint32_t)slots) * sizeof(uint32_t);
	const size_t deferred = shared_hash_deferred_memory(keys);
	const size_t caches = RTE_MAX_LCORE * (LCORE_CACHE_SLOTS + 16) * sizeof(uint32_t);

	return buckets + slots * slot_bytes + free_ring + deferred + caches + 16384;
}
