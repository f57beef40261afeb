/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table itself: bring-up, look-ups, gauges. Life and death of a flow are in flow_life.c.
 */
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "flow_priv.h"
#include "shared_hash.h"

struct flow_table *
flow_table_create(uint32_t capacity, const struct flow_timeouts *timeouts, int socket)
{
	struct flow_table *table;

	if (capacity == 0 || capacity > RTE_HASH_ENTRIES_MAX / 4) {
		rte_errno = EINVAL;
		return NULL;
	}
	table = rte_zmalloc_socket("flow_table", sizeof(*table), RTE_CACHE_LINE_SIZE, socket);
	if (table == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	table->timeouts = *timeouts;
	if (timeouts->tcp_opening == 0)
		table->timeouts.tcp_opening = timeouts->tcp_transitory;
	if (timeouts->tcp_closing == 0)
		table->timeouts.tcp_closing = timeouts->tcp_transitory;
	for (unsigned int i = 0; i < FLOW_STRIPES; i++)
		rte_spinlock_init(&table->stripe[i].lock);
	table->pool = pool_create("flows", capacity, sizeof(struct flow), socket, NULL, NULL);
	if (table->pool == NULL)
		goto fail;
	table->hash = shared_hash_create("flow", 2 * capacity, sizeof(struct flow_key), socket);
	if (table->hash == NULL)
		goto fail;
	return table;

fail:
	pool_destroy(table->pool);
	rte_free(table);
	return NULL;
}

void
flow_table_destroy(struct flow_table *table)
{
	if (table == NULL)
		return;
	rte_hash_free(table->hash);
	pool_destroy(table->pool);
	rte_free(table);
}

size_t
flow_table_memory(uint32_t capacity)
{
	return sizeof(struct flow_table) + RTE_CACHE_LINE_SIZE +
	       pool_memory(capacity, sizeof(struct flow)) +
	       shared_hash_memory(2 * capacity, sizeof(struct flow_key));
}

size_t
flow_table_deferred_memory(uint32_t capacity)
{
	return shared_hash_deferred_memory(2 * capacity);
}

void
flow_lookup_burst(
	struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data)
{
	const void *keys[BURST_MAX];
	hash_sig_t signatures[BURST_MAX];
	uint64_t hits = 0;

	if (count == 0)
		return;
	for (unsigned int i = 0; i < count; i++) {
		const struct packet *packet = packet_of(mbufs[i]);

		keys[i] = &packet->key;
		signatures[i] = (hash_sig_t)packet->hash;
	}
	rte_hash_lookup_with_hash_bulk_data(table->hash, keys, signatures, count, &hits, data);
	for (unsigned int i = 0; i < count; i++) {
		if (hits & (UINT64_C(1) << i))
			rte_prefetch0(flow_path_of_data(data[i]));
		else
			data[i] = NULL;
	}
}

void *
flow_lookup(struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	void *data;

	if (rte_hash_lookup_with_hash_data(table->hash, key, (hash_sig_t)hash, &data) < 0)
		return NULL;
	return data;
}

struct pool *
flow_pool(struct flow_table *table)
{
	return table->pool;
}

uint32_t
flow_key_count(const struct flow_table *table)
{
	uint32_t keys = 0;

	/* Not rte_hash_count(): that one counts deleted keys until their slots are reclaimed. */
	for (unsigned int i = 0; i < FLOW_STRIPES; i++)
		keys += atomic_load_explicit(&table->stripe[i].keys, memory_order_relaxed);
	return keys;
}
