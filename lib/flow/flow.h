/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared flow table: one object a conversation, findable by two keys (as packets of each
 * direction arrive) through an index of its own (flow_index.h).
 *
 * Life cycle
 *   flow_create() fills an object completely, takes the striped locks of both keys in ascending
 *   order, looks both up again, links the flow to its owners, adds the reverse key and last the
 *   forward key. flow_remove() is won by whoever moves the state from LIVE to DYING; the winner
 *   takes the same locks, deletes each key only while it maps to this object, unlinks the owners
 *   and retires the object, which is reused after a grace period.
 * Owners
 *   A flow lives only as long as everything it was made through: up to two bindings and one
 *   pinhole, each with a struct flow_owner. Closing an owner removes its flows in the same step. An open
 *   TCP connection of signalling goes on without its pinhole.
 *   Owners are parts of pooled objects and named by the index there, links by that of their flow:
 *   with pointers a flow would take two cache lines more.
 * Lock order: key stripes (ascending), then one owner's lock. Never a stripe under an owner's lock.
 * Fast path: reads one cache line (struct flow_path) a packet and writes it back (counters);
 *   it takes no lock and decides nothing.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_spinlock.h>

#include "core/pool.h"
#include "core/thread.h"
#include "net/packet.h"

enum flow_op {
	FLOW_REWRITE = 1 << 0, /* addresses or ports change: apply new_* and the deltas */
	FLOW_SIP_UDP = 1 << 1, /* the ALG reads this flow's messages */
	FLOW_SIP_TCP = 1 << 2, /* SIP port over TCP */
	FLOW_TCP = 1 << 3, /* TCP state table */
	FLOW_ICMP = 1 << 4, /* ICMP queries in direction 0, replies in the other */
	FLOW_PERMITTED =
		1 << 5, /* policy or state lets this direction pass; else the miss path decides */
	FLOW_NAT_EXCLUDED =
		1 << 6, /* nat.exclude: the ALG leaves addresses in its texts alone, too */
	FLOW_TCP_MSS = 1 << 7, /* an interface on the way has tcp_mss: SYNs are looked at */
	FLOW_TCP_LOOSE = 1 << 8, /* the state is for the timers alone: no segment is refused */
	FLOW_TCP_WINDOW = 1 << 9, /* with FLOW_TCP: sequence numbers are looked at (tcp_window.h) */
};

/* One direction. Everything the fast path touches. */
struct flow_path {
	struct flow_key key; /* as packets arrive; immutable while live */
	rte_be32_t new_src, new_dst; /* as packets leave; immutable while live */
	rte_be16_t new_src_port, new_dst_port;
	uint16_t ip_delta; /* checksum deltas, net/checksum.h */
	uint16_t l4_delta; /* ICMP: identifier alone, no pseudo header */
	_Atomic uint16_t ops; /* enum flow_op; writer: creator, miss path (PERMITTED) */
	_Atomic uint16_t ruleset_generation; /* verdict is valid for this ruleset; else re-check */
	uint16_t egress; /* interface index */
	uint16_t neighbour_generation; /* racy hint, checked by net */
	uint32_t neighbour; /* racy hint, checked by net */
	_Atomic uint32_t last_seen_s; /* written at most once a second */
	_Atomic uint64_t packets; /* plain adds: one worker a direction, as a rule */
	_Atomic uint64_t bytes; /* IP bytes */
} __rte_cache_aligned;
static_assert(sizeof(struct flow_path) == RTE_CACHE_LINE_SIZE, "a direction is one cache line");

enum flow_state { FLOW_FREE, FLOW_LIVE, FLOW_DYING };

/* Head of the flows made through a binding or pinhole. */
struct flow_owner {
	rte_spinlock_t lock;
	bool closed; /* under lock: no flow may link any more */
	bool counted; /* of a struct flow_owner_counted */
	_Atomic uint32_t count; /* under lock; readers may peek */
	uint32_t first; /* names a link (flow_owner.c); under lock; 0: none */
};

/* An owner whose flows are counted together with those of others, but for media. */
struct flow_owner_counted {
	struct flow_owner owner; /* `counted` is set, by whoever made it */
	_Atomic uint32_t *account; /* stands as long */
};

enum flow_owner_slot { FLOW_OWNER_SOURCE, FLOW_OWNER_DESTINATION, FLOW_OWNER_PINHOLE, FLOW_OWNERS };

struct flow_link {
	uint32_t owner; /* index in the slot's pool of owners; immutable while live; 0: none */
	uint32_t next; /* names a link; under owner's lock; 0: the last one */
	uint32_t prev; /* names a link; under owner's lock; 0: not linked */
};

struct flow {
	struct pool_object object;
	_Atomic uint8_t state; /* enum flow_state */
	_Atomic uint8_t tcp_state; /* enum tcp_state */
	uint8_t proto;
	uint8_t media; /* 1: made through a media door or pinhole */
	_Atomic uint8_t linked; /* bit per flow_owner_slot; written under the key stripes */
	_Atomic uint32_t account; /* for whom it counts (flow_account.h); 0: nobody */
	uint32_t created_s;
	struct flow_link link[FLOW_OWNERS];
	struct flow_path path[2]; /* [0] the direction of the packet that made it */
};
/* With an even number the paths would be in half of the cache's sets only: measured 5 % slower. */
static_assert(sizeof(struct flow) == 3 * RTE_CACHE_LINE_SIZE, "a flow is three cache lines");

/* What the maker of a flow knows. */
struct flow_template {
	struct flow_key key[2]; /* [0] as the first packet arrived, [1] as its answer will arrive */
	uint16_t ops[2]; /* enum flow_op without FLOW_REWRITE, which follows from the keys */
	uint16_t egress[2];
	uint16_t ruleset_generation;
	uint32_t account; /* as in struct flow; reserved */
	bool media;
	struct flow_owner *owner[FLOW_OWNERS];
};

struct flow_timeouts { /* seconds */
	uint32_t udp, tcp_established, tcp_transitory, icmp;
	uint32_t tcp_opening, tcp_closing; /* 0: as tcp_transitory */
};

struct flow_table;

/** Direction (lowest bit) and flow of a hit. */
static inline struct flow *
flow_of_data(void *data)
{
	return (struct flow *)((uintptr_t)data & ~(uintptr_t)1);
}

static inline unsigned int
flow_direction_of_data(void *data)
{
	return (unsigned int)((uintptr_t)data & 1);
}

static inline void *
flow_data(struct flow *flow, unsigned int direction)
{
	return (void *)((uintptr_t)flow | direction);
}

static inline struct flow_path *
flow_path_of_data(void *data)
{
	return &flow_of_data(data)->path[flow_direction_of_data(data)];
}

/** Tables for `capacity` flows on NUMA node `socket`. NULL and rte_errno. Bring-up. */
struct flow_table *flow_table_create(
	uint32_t capacity, const struct flow_timeouts *timeouts, int socket);
void flow_table_destroy(struct flow_table *table); /* NULL is allowed */
size_t flow_table_memory(uint32_t capacity);

/**
 * Where the owners of a slot are: in objects of this pool, `offset` bytes into them. Before the first
 * flow that has such an owner; the pool stays as long as flows do. Bring-up.
 */
void flow_table_owners(struct flow_table *table, enum flow_owner_slot slot, const struct pool *pool,
	size_t offset);

/** Keep the TCP windows of each flow, too: tcp_sequence() needs them. 0 or -ENOMEM. Bring-up. */
int flow_table_windows(struct flow_table *table, int socket);
size_t flow_table_windows_memory(uint32_t capacity);

/**
 * Look up `count` packets (at most BURST_MAX; packet_of()->key and hash are set). data[i] is what
 * flow_of_data() takes; NULL: miss. Prefetches the hit flow paths. Online worker.
 */
void flow_lookup_burst(
	struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data);

/**
 * The same in two steps: between them the lines of the flows come from memory, so there should be
 * some work there. data[] means nothing before the second step, and no quiescent state may lie
 * between. Online worker.
 */
void flow_lookup_begin(
	struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data);
void flow_lookup_end(
	struct flow_table *table, struct rte_mbuf **mbufs, unsigned int count, void **data);

/** One key; NULL: miss. Online thread. */
void *flow_lookup(struct flow_table *table, const struct flow_key *key, uint64_t hash);

/**
 * Make a flow, or find that it stands already. On success *data is what a look-up of key[0] gives.
 * 0: made. 1: another worker had made the same flow first; *data is that one (EVENT_FLOW_CREATE_RACED).
 * -ENOBUFS: pool empty. -ENOSPC: no room for a key. -EADDRINUSE: a key belongs to a different flow.
 * -ESTALE: an owner closed meanwhile. Nothing is left behind by a failure, the reservation in its
 * account neither. Worker.
 */
int flow_create(struct thread *self, struct flow_table *table, const struct flow_template *template,
	void **data);

/** Remove a flow; false when another thread was first. Online thread. */
bool flow_remove(struct thread *self, struct flow_table *table, struct flow *flow);

/**
 * Close an owner: no flow can link any more, all linked flows are removed before it returns.
 * Returns how many. Idempotent. Online thread, holding no lock.
 */
uint32_t flow_owner_close(struct thread *self, struct flow_table *table, struct flow_owner *owner);

/**
 * The same, but TCP connections that are open go on without it, until they end or are idle. Closed by
 * both ends they stay for seconds, so that whoever would begin another on the same ports is asked anew.
 */
uint32_t flow_owner_leave(struct thread *self, struct flow_table *table, struct flow_owner *owner);
void flow_owner_init(struct flow_owner *owner);

/** Flows linked to an owner; without its lock, as of a moment ago. Any thread. */
static inline uint32_t
flow_owner_count(const struct flow_owner *owner)
{
	return atomic_load_explicit(&owner->count, memory_order_relaxed);
}

/** True when a linked flow's remote end (the outside peer) has this address; looks at `limit` flows. */
bool flow_owner_has_peer(
	struct flow_table *table, struct flow_owner *owner, rte_be32_t peer, unsigned int limit);

/** Far end of the owner's newest flow, for show commands; address 0: no flow. Online thread. */
void flow_owner_peer(
	struct flow_table *table, struct flow_owner *owner, rte_be32_t *address, rte_be16_t *port);

/** The owner's flows, `max` at most, newest first; returns how many. What is listed may end meanwhile, and stays
 *  readable until the caller's next quiescent state. Online thread, holding no owner's lock. */
unsigned int flow_owner_list(const struct flow_table *table, struct flow_owner *owner,
	const struct flow **flows, unsigned int max);

/** Newest last_seen_s of the owner's flows, at most `limit` looked at; 0: none. Control lcore. */
uint32_t flow_owner_last_seen(
	struct flow_table *table, struct flow_owner *owner, unsigned int limit);

/**
 * Age: look at `budget` objects from a cursor the table keeps, remove idle flows, reclaim. Control
 * lcore, online for this step and offline before the next (else nothing it removed is reclaimed).
 */
void flow_sweep(struct thread *self, struct flow_table *table, uint32_t budget);

/** Remove every flow (clear firewall sessions): same budgeted step; true when done. Control lcore, online. */
bool flow_clear_step(
	struct thread *self, struct flow_table *table, uint32_t *cursor, uint32_t budget);

/** Idle limit of a flow in its present state, seconds. */
uint32_t flow_timeout(const struct flow_table *table, const struct flow *flow);

struct pool *flow_pool(struct flow_table *table);
/** Keys in the index now (gauge; twice the live flows when nothing is in flight). Any thread. */
uint32_t flow_key_count(const struct flow_table *table);

#endif
