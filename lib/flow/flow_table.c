/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table itself: bring-up, look-ups, gauges. Life and death of a flow are in flow_life.c.
 */
#include <errno.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "flow_priv.h"

enum { FLOWS_MAX = 1 << 28 }; /* both a key's reference and a link's name take two bits more */
static_assert(sizeof(struct flow) % RTE_CACHE_LINE_SIZE == 0, "the pool's objects are an array");

struct flow_table *
flow_table_create(uint32_t capacity, const struct flow_timeouts *timeouts, int socket)
{
	struct flow_table *table;

	if (capacity == 0 || capacity > FLOWS_MAX) {
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
	table->first = pool_at(table->pool, 1);
	table->index = flow_index_create(2 * capacity, table->first, socket);
	if (table->index == NULL)
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
	rte_free(table->windows);
	flow_index_destroy(table->index);
	pool_destroy(table->pool);
	rte_free(table);
}

size_t
flow_table_memory(uint32_t capacity)
{
	enum { AROUND = 1024 }; /* what rte_malloc puts around the parts */

	return sizeof(struct flow_table) + AROUND + pool_memory(capacity, sizeof(struct flow)) +
	       flow_index_memory(2 * capacity);
}

void
flow_table_owners(
	struct flow_table *table, enum flow_owner_slot slot, const struct pool *pool, size_t offset)
{
	table->owners[slot] = (struct flow_owners){.pool = pool, .offset = offset};
}

int
flow_table_windows(struct flow_table *table, int socket)
{
	table->windows = rte_calloc_socket("flow_windows", pool_capacity(table->pool),
		sizeof(struct flow_windows), RTE_CACHE_LINE_SIZE, socket);
	return table->windows != NULL ? 0 : -ENOMEM;
}

size_t
flow_table_windows_memory(uint32_t capacity)
{
	return RTE_ALIGN_CEIL((size_t)capacity * sizeof(struct flow_windows),
		       (size_t)RTE_CACHE_LINE_SIZE) +
	       2 * RTE_CACHE_LINE_SIZE;
}

void
flow_lookup_burst(
	struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data)
{
	flow_index_find_begin(table->index, mbufs, count, data);
	flow_index_find_end(table->index, mbufs, count, data);
}

void
flow_lookup_begin(
	struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data)
{
	flow_index_find_begin(table->index, mbufs, count, data);
}

void
flow_lookup_end(struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data)
{
	flow_index_find_end(table->index, mbufs, count, data);
}

void *
flow_lookup(struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	return flow_index_data(table->index, flow_index_find(table->index, key, hash));
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

	for (unsigned int i = 0; i < FLOW_STRIPES; i++)
		keys += atomic_load_explicit(&table->stripe[i].keys, memory_order_relaxed);
	return keys;
}
