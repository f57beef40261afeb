/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of lib/nat: the object that holds it all, keys and their stripes, and the steps of a
 * binding's life that binding.c, door.c and sweep.c share.
 *
 * Lock order: stripes of inside keys (two for a pair of doors of different keys, ascending), then either a flow_owner
 * lock, or one inside host's (host_priv.h) and then the lease lock. flow_owner_close() is called with no lock held.
 */
#ifndef NAT_NAT_PRIV_H
#define NAT_NAT_PRIV_H

#include <assert.h>

#include <rte_hash.h>
#include <rte_spinlock.h>

#include "host_priv.h"
#include "nat.h"
#include "nat_log_priv.h"
#include "rule_priv.h"

enum {
	NAT_STRIPES = 1024,
	/* A binding nobody uses yet is left alone that long: its maker's flow may be on the way. */
	BINDING_GRACE_S = 4,
};

/* Compared as bytes, so spelled out; struct endpoint has a hole at its end. */
struct inside_key {
	rte_be32_t address;
	rte_be16_t port; /* the even one of the pair */
	uint8_t proto, scope;
};
static_assert(sizeof(struct inside_key) == 8, "inside keys are compared as bytes");

struct nat_stripe {
	rte_spinlock_t lock;
} __rte_cache_aligned;

struct nat {
	struct nat_rules *rules;
	struct rte_hash *inside; /* inside_key to nodes of bindings; changed under its stripe */
	struct pool *bindings;
	struct nat_hosts *hosts;
	struct nat_log *log; /* NULL: off */
	struct flow_table *flows;
	uint32_t hold_s; /* a shared UDP port rests that long */
	uint32_t hold_percent; /* and as many of an address at most */
	uint32_t max_flows; /* of one inside host, but media */
	uint32_t static_hosts; /* that stand for the static rules */
	/* control lcore */
	uint32_t sweep_cursor, hold_cursor;
	struct thread *sweeper; /* of the sweep at hand */
	rte_spinlock_t lease_lock; /* leases of one-to-one addresses */
	/* Gauges; relaxed, written by whoever changes what they count. */
	_Atomic uint32_t doors, media_doors;
	struct nat_stripe stripe[NAT_STRIPES];
};

/* An inside key with what is derived from it. */
struct inside_ref {
	struct inside_key key;
	bool odd; /* which port of the pair */
	hash_sig_t hash;
	uint32_t stripe;
};

/* A chosen and taken outside endpoint. */
struct outside_choice {
	struct endpoint endpoint;
	uint16_t slot;
	uint8_t kind; /* of the binding made on demand: STATIC or DYNAMIC */
	_Atomic uint32_t *account; /* where its host's flows are counted */
};

struct inside_ref inside_ref_make(const struct endpoint *inside);

/** What stands under the key: a binding of this port or of its neighbour; NULL: neither. */
static inline struct port_pair_node *
inside_nodes(const struct nat *nat, const struct inside_ref *ref)
{
	return port_pair_find(nat->inside, &ref->key, ref->hash);
}

/** The binding of this very port among these nodes; NULL: none. */
static inline struct binding *
inside_pick(struct port_pair_node *nodes, const struct inside_ref *ref)
{
	struct port_pair_node *node = port_pair_pick(nodes, ref->odd);

	return node ? container_of(node, struct binding, node) : NULL;
}

static inline void
stripe_lock(struct nat *nat, uint32_t stripe)
{
	rte_spinlock_lock(&nat->stripe[stripe].lock);
}

static inline void
stripe_unlock(struct nat *nat, uint32_t stripe)
{
	rte_spinlock_unlock(&nat->stripe[stripe].lock);
}

/** Take an outside endpoint for `inside` by the rules; `prefer` is the slot to try first, -1: by
 *  the pairing. Returns 0, -ENOENT, -EADDRNOTAVAIL. Under the inside key's stripe. */
int outside_take(struct thread *self, struct nat *nat, const struct endpoint *inside, int prefer,
	struct outside_choice *choice);
/** The same for an RTP and RTCP pair of one inside address: consecutive ports of one address. */
int outside_take_pair(struct thread *self, struct nat *nat, const struct endpoint *rtp,
	const struct endpoint *rtcp, struct outside_choice choice[2]);
/** Take `port` (host order) of this slot for `inside`, when its rule shares the slot and the port
 *  is free; false for a port out of range, too. */
bool outside_take_port(struct thread *self, struct nat *nat, const struct endpoint *inside,
	uint16_t slot, uint32_t port, struct outside_choice *choice);
/** Nobody is to be found there any more. A direct endpoint is its inside endpoint's again at once
 *  (none else can get it); a shared port stays taken until given back. Under the stripe. */
void outside_hide(struct nat *nat, const struct endpoint *outside, uint16_t slot);
/**
 * Give back what a dynamic rule gave, after outside_hide(). `used`: a binding had it that was told
 * outside, and its grace is over (control lcore): a shared UDP port, and a block, then rest before they
 * are free. TCP ends with its states, and
 * an echo reply finds a flow or nothing, but whoever sent media to the last inside host may go on for a
 * while (RFC 6888 REQ-8).
 */
void outside_give_back(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct endpoint *outside, uint16_t slot, bool used);

/** A block whose ports have all rested for so many seconds is its host's no more. Control lcore. */
void outside_block_end(
	struct thread *self, struct nat *nat, uint16_t slot, uint32_t number, uint32_t rested_s);

/** A host that has nothing any more ends; the seat stays locked. Under the host's lock. */
void host_leave(
	struct thread *self, struct nat *nat, struct nat_pool *pool, struct host_seat *seat);
/** Lines of the NAT log, if there is one: a lease, or the block of this number, begins or ends. */
void address_log(struct thread *self, struct nat *nat, rte_be32_t host,
	const struct outside_address *address, bool created);
void block_log(struct thread *self, struct nat *nat, rte_be32_t host,
	const struct outside_address *address, uint32_t number, bool created);

/* host_flows.c */
/** Hosts for the static rules. False: no room. Bring-up. */
bool static_hosts_make(struct nat *nat);
/** Where the flows of an inside host of static rules are counted. Any thread. */
_Atomic uint32_t *static_account(struct nat *nat, rte_be32_t inside);

/* lease.c: one-to-one rules. */
/** Which of the pool's addresses a host without one gets: it is leased then. -1: none. */
int lease_choose(struct nat *nat, const struct nat_pool *pool, rte_be32_t host);
void lease_end(struct thread *self, struct nat *nat, struct outside_address *address);

/** Count that this host got nothing, and say so once a second for each pool (RFC 6888 REQ-11 C).
 *  Returns the failure's errno, negative. Worker. */
int pool_fail(struct nat_pool *pool, enum nat_failure failure, rte_be32_t host);

/**
 * Make and publish a binding of a taken outside endpoint. `nodes`: what stands under its key, that
 * is its neighbour's or NULL. 0, or -ENOBUFS: then the endpoint has been given back. Under the inside
 * key's stripe.
 */
int binding_make(struct thread *self, struct nat *nat, const struct inside_ref *ref,
	struct port_pair_node *nodes, const struct endpoint *inside,
	const struct outside_choice *choice, uint8_t kind, bool permanent,
	struct binding **binding);
/** The same for doors of both ports of one key, under which nothing stands: both or none. */
int binding_make_both(struct thread *self, struct nat *nat, const struct inside_ref *ref,
	const struct door_spec spec[2], const struct outside_choice choice[2],
	struct binding *binding[2]);
/** Give back an outside endpoint for which no binding was made. */
void outside_unused(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct outside_choice *choice);

/** First half of closing: not to be found any more. Under the inside key's stripe, state OPEN. */
void binding_close_begin(struct thread *self, struct nat *nat, const struct inside_ref *ref,
	struct binding *binding);
/** Close a binding's list of flows when there is none, so that none can come between this look and the
 *  first half. Under the inside key's stripe. */
bool binding_close_empty(struct binding *binding);
/** Second half: its flows go, the object retires. By the closer, holding no lock. */
void binding_close_end(struct thread *self, struct nat *nat, struct binding *binding);
/** Remove all flows of a binding that stays open. Holding no lock. */
void binding_flush(struct thread *self, struct nat *nat, struct binding *binding);

/* What the gauges count of a binding; taken before and after a change, under the stripe. */
struct door_gauge {
	bool door, media;
};
struct door_gauge door_gauge_of(const struct binding *binding);
/** Count what changed since `before`. Under the stripe. */
void door_account(struct thread *self, struct nat *nat, struct door_gauge before,
	const struct binding *binding);

/* What is left to do, without a lock, when a door has ended. */
enum door_end { DOOR_STAYS, DOOR_CLOSES, DOOR_FLUSHES };
/** The last holder has gone and no deadline is ahead: not a door any more. Under the stripe, state OPEN. */
enum door_end door_end(struct thread *self, struct nat *nat, const struct inside_ref *ref,
	struct binding *binding);
void door_end_finish(
	struct thread *self, struct nat *nat, struct binding *binding, enum door_end end);

static inline bool
binding_is_open(const struct binding *binding)
{
	/* acquire: pairs with the release in binding_publish(); its fields are complete */
	return atomic_load_explicit(&binding->state, memory_order_acquire) == BINDING_OPEN;
}

static inline bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->address == b->address && a->port == b->port && a->proto == b->proto;
}

/* What a door is when nothing stood at its inside endpoint. */
static inline uint8_t
door_kind(const struct outside_choice *choice)
{
	return choice->kind == BINDING_STATIC ? BINDING_STATIC : BINDING_DOOR;
}

static inline struct port_map *
outside_map(const struct nat *nat, uint16_t slot, uint8_t proto)
{
	int index = nat_proto_of(proto);

	return index < 0 ? NULL : nat->rules->address[slot].map[index];
}

#endif
