/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The index of the flow table: from a key to the flow and direction that have it.
 *
 * Every worker reads it without a lock. Writers hold the stripe of the key that they add, replace or
 * delete (flow_priv.h), so a key has one writer at a time; keys of different stripes may stand in the
 * same bucket. Keys themselves are not kept here: they are compared where the flow has them, in the
 * cache line that the packet needs anyway. That works because objects are reused only after a grace
 * period: an online reader may look into whatever flow it found here.
 *
 * See flow_index.c for the layout and for every interleaving.
 */
#ifndef FLOW_FLOW_INDEX_H
#define FLOW_FLOW_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "flow.h"

struct flow_index;

/**
 * An index for at most `keys` keys of flows, which a reference names by their place in the array
 * `first` of a pool, first[0] being index 1. NULL and rte_errno. Bring-up.
 */
struct flow_index *flow_index_create(uint32_t keys, struct flow *first, int socket);
void flow_index_destroy(struct flow_index *index); /* NULL is allowed */
size_t flow_index_memory(uint32_t keys);

/** Names a direction of a flow; never 0. */
static inline uint32_t
flow_reference(uint32_t pool_index, unsigned int direction)
{
	return pool_index << 1 | direction;
}

/** Ask for the cache line that the other functions will look at first. */
void flow_index_prefetch(const struct flow_index *index, uint64_t hash);

/** Reference of the flow that has this key; 0: none. Online thread. */
uint32_t flow_index_find(const struct flow_index *index, const struct flow_key *key, uint64_t hash);

/** flow_lookup_begin() and flow_lookup_end(). Online thread. */
void flow_index_find_begin(
	const struct flow_index *index, struct rte_mbuf **mbufs, unsigned int count, void **data);
void flow_index_find_end(
	const struct flow_index *index, struct rte_mbuf **mbufs, unsigned int count, void **data);

/**
 * Add the key of a direction that is filled completely; it does not stand. 0; -ENOSPC: no room for
 * this hash. Holder of the key's stripe.
 */
int flow_index_add(struct flow_index *index, uint64_t hash, uint32_t reference);

/** Let the key that stands as `old` lead to `new`, which has the same. Holder of the key's stripe. */
void flow_index_replace(struct flow_index *index, uint64_t hash, uint32_t old, uint32_t new);

/** Delete the key that stands as `reference`. Holder of the key's stripe. */
void flow_index_delete(struct flow_index *index, uint64_t hash, uint32_t reference);

/**
 * Gauges, as of a moment ago: keys that stand elsewhere than in their first bucket, and those of them that
 * stand in the stash. Looks at all buckets. Any thread.
 */
void flow_index_elsewhere(const struct flow_index *index, uint32_t *spilled, uint32_t *stashed);

/** What a reference names, as flow_of_data() takes it. */
void *flow_index_data(const struct flow_index *index, uint32_t reference);

#endif
