/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the flow table. See flow_life.c for the order of steps and every interleaving.
 */
#ifndef FLOW_FLOW_PRIV_H
#define FLOW_FLOW_PRIV_H

#include <rte_hash.h>

#include "flow.h"

enum { FLOW_STRIPES = 1024 };

/* Serializes creation and removal over the keys that hash to it. */
struct flow_stripe {
	rte_spinlock_t lock;
	_Atomic uint32_t keys; /* keys of this stripe in the hash; writer: holder of the lock */
} __rte_cache_aligned;

struct flow_table {
	struct rte_hash *hash;
	struct pool *pool;
	struct flow_timeouts timeouts;
	uint32_t sweep_index; /* where flow_sweep() goes on; control lcore */
	struct flow_stripe stripe[FLOW_STRIPES];
};

/** The signature takes the hash's low half, the stripe the other: buckets and stripes unrelated. */
static inline struct flow_stripe *
flow_stripe_of(struct flow_table *table, uint64_t hash)
{
	return &table->stripe[(hash >> 32) % FLOW_STRIPES];
}

/** Remove, counting `event`; see flow_remove(). */
bool flow_remove_as(
	struct thread *self, struct flow_table *table, struct flow *flow, enum event event);

/** Newest last_seen_s of both directions. */
uint32_t flow_last_seen(const struct flow *flow);

/** Link to owner `slot`; -ESTALE: closed. Called under the flow's key stripes. */
int flow_owner_link(struct flow *flow, enum flow_owner_slot slot);

struct media_sources;

/** Remove the flows of an owner that were made by one of `gone` and none of `left`. Online thread,
 *  holding no lock. */
void flow_owner_expel(struct thread *self, struct flow_table *table, struct flow_owner *owner,
	const struct media_sources *gone, const struct media_sources *left);

/** Unlink from owner `slot` unless its closer did; the slot was linked. */
void flow_owner_unlink(struct flow *flow, enum flow_owner_slot slot);

#endif
