/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the flow table. See flow_life.c for the order of steps and every interleaving.
 */
#ifndef FLOW_FLOW_PRIV_H
#define FLOW_FLOW_PRIV_H

#include <rte_tcp.h>

#include "flow.h"
#include "flow_index.h"

enum { FLOW_STRIPES = 1024 };

/* Serializes creation and removal over the keys that hash to it. */
struct flow_stripe {
	rte_spinlock_t lock;
	_Atomic uint32_t keys; /* keys of this stripe in the index; writer: holder of the lock */
} __rte_cache_aligned;

struct flow_owners {
	const struct pool *pool;
	size_t offset; /* of the struct flow_owner in its objects */
};

/* What each direction's sender said of its window. Any thread that forwards in that direction. */
struct flow_windows {
	_Atomic uint64_t
		window[2]; /* what it expects next << 32 | bytes of its window; 0: unknown */
	_Atomic uint8_t scale[2]; /* of the window, one more than in its SYN; 0: none */
	_Atomic uint8_t seen[2]; /* tcp_window.c */
	struct flow_tcp_side {
		_Atomic uint32_t end; /* sequence number behind the furthest it has sent */
		_Atomic uint32_t limit; /* behind the last that it lets the other send */
		_Atomic uint32_t widest; /* bytes of the widest window it offered */
	} side[2]; /* tcp_window.c */
};

/** Keep the window scale of a SYN. Worker. */
void tcp_scale_note(
	struct flow_windows *windows, unsigned int direction, const struct rte_tcp_hdr *tcp);

/** By how many bits this side's windows are shifted. Worker. */
unsigned int tcp_scale_get(const struct flow_windows *windows, unsigned int direction);

struct flow_table {
	struct flow_index *index;
	struct pool *pool;
	struct flow *first; /* in the pool's array: index 1 */
	struct flow_windows *windows; /* as many as flows; NULL: none are kept */
	struct flow_owners owners[FLOW_OWNERS];
	struct flow_timeouts timeouts;
	struct flow_account *accounts; /* NULL: all flows have account 0 */
	uint32_t sweep_index; /* where flow_sweep() goes on; control lcore */
	struct flow_stripe stripe[FLOW_STRIPES];
};

/** flow_index.c says which bits of the hash are whose. */
static inline struct flow_stripe *
flow_stripe_of(struct flow_table *table, uint64_t hash)
{
	return &table->stripe[(hash >> 32) % FLOW_STRIPES];
}

static inline struct flow *
flow_at(const struct flow_table *table, uint32_t index)
{
	return table->first + (index - 1);
}

static inline struct flow_windows *
flow_windows_of(const struct flow_table *table, const struct flow *flow)
{
	return &table->windows[pool_index(table->pool, flow) - 1];
}

/** Remove, counting `event`; see flow_remove(). */
bool flow_remove_as(
	struct thread *self, struct flow_table *table, struct flow *flow, enum event event);

/** Newest last_seen_s of both directions. */
uint32_t flow_last_seen(const struct flow *flow);

/** Index of an owner for flow_link.owner; NULL: 0. */
uint32_t flow_owner_index(
	const struct flow_table *table, enum flow_owner_slot slot, const struct flow_owner *owner);

/** Link to owner `slot`; -ESTALE: closed. Called under the flow's key stripes. */
int flow_owner_link(struct flow_table *table, struct flow *flow, enum flow_owner_slot slot);

struct media_sources;

/** Remove the flows of an owner that were made by one of `gone` and none of `left`. Online thread,
 *  holding no lock. */
void flow_owner_expel(struct thread *self, struct flow_table *table, struct flow_owner *owner,
	const struct media_sources *gone, const struct media_sources *left);

/** Its owner `slot`, which has unlinked it, closes: may the flow go on? Then it has no such owner any
 *  more. Online thread, holding no lock. */
bool flow_disown(struct flow_table *table, struct flow *flow, enum flow_owner_slot slot);

/** Has it outlived an owner? */
bool flow_is_disowned(const struct flow *flow);

/** Unlink from owner `slot` unless its closer did; the slot was linked. */
void flow_owner_unlink(struct flow_table *table, struct flow *flow, enum flow_owner_slot slot);

#endif
