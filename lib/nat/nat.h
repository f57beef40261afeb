/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT44: rules, outside addresses and their ports, bindings and doors. RFC 4787, 5382, 5508.
 *
 * A binding ties an inside (address, port, protocol) to an outside (address, port), endpoint
 * independent. Inside keys are found in an rte_hash, an even port and the next under one key
 * (flow/port_pair.h); the outside half is found in a flat map of
 * 65,536 binding indexes for each (outside address, protocol), which is also the port allocator: a
 * port is free when its word is 0.
 *
 * A door is a binding that the ALG asked for ahead of traffic. Doors are counted like pinholes:
 * holders and a deadline. A binding closes when it has no flow, no holder and no deadline ahead
 * (static ones never); a media door closes with its last holder at once, flows included. Its
 * outside port becomes free only when the last key has left the table and a grace period passed
 * (pool release function); a shared UDP port then rests, held, before another may have it.
 *
 * Locks: stripe of the inside key for get, hold, close; port words by compare-and-swap. Then a
 * flow_owner lock (flow.h). Publication: the object is complete, then the inside key, which may not
 * fit, then the outside word.
 */
#ifndef NAT_NAT_H
#define NAT_NAT_H

#include "flow/flow.h"
#include "flow/port_pair.h"
#include "net/interface.h"

struct config;
struct nat;

enum binding_kind { BINDING_DYNAMIC, BINDING_STATIC, BINDING_DOOR };

enum binding_state { BINDING_UNMADE, BINDING_OPEN, BINDING_CLOSED };

/* Header classes whose spelling a binding remembers (was a port written by the inside?). */
enum spelling_class { SPELLING_VIA, SPELLING_CONTACT, SPELLING_ROUTE, SPELLING_CLASSES };

/* What a door is for; media doors close with their last holder. */
enum door_class { DOOR_SIGNALLING, DOOR_MEDIA };

/* Flows of media through one door, or other binding: peers of a call, early media of its forks. */
enum { MEDIA_FLOWS_MAX = 256 };

/* What nat_has_room() is asked about a flow. */
enum nat_flow_kind {
	NAT_FLOW_MEDIA = 1 << 0,
	NAT_FLOW_INWARD = 1 << 1, /* somebody else begins it, outside or inside */
};

enum nat_proto { NAT_UDP, NAT_TCP, NAT_ICMP, NAT_PROTOS };

/* Why a dynamic rule gave nothing. */
enum nat_failure {
	NAT_FAILED_PORT, /* no port free where the host may have one */
	NAT_FAILED_ADDRESS, /* one-to-one: no address free */
	NAT_FAILED_HOST_PORTS, /* nat.rules[].max_ports_per_host */
	NAT_FAILED_HOST_BLOCKS, /* nat.pools[].blocks_per_host, and all of them used up */
	NAT_FAILED_HOST_RATE, /* nat.rules[].max_new_per_second */
	NAT_FAILED_HOST_FLOWS, /* nat.max_flows_per_host */
	NAT_FAILED_HOST_TABLE, /* more inside hosts than bindings */
	NAT_FAILURES
};

/* An endpoint; network byte order. */
struct endpoint {
	rte_be32_t address;
	rte_be16_t port;
	uint8_t proto; /* IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP (port: identifier) */
	uint8_t scope; /* of an inside endpoint: nat_scope(); of an outside one 0 */
};

struct binding {
	struct pool_object object;
	struct port_pair_node node; /* found by its inside endpoint */
	struct endpoint inside, outside;
	uint8_t kind; /* enum binding_kind; a door on an older dynamic binding keeps DYNAMIC */
	bool permanent; /* a static port rule's: made at start, never closed */
	_Atomic uint8_t state; /* enum binding_state; writers: maker, closer, under the stripe */
	_Atomic uint8_t media; /* 1: a media door */
	_Atomic uint8_t portless; /* bit per spelling_class: the inside wrote no port */
	bool untold; /* by its closer: nobody outside has heard of it */
	uint16_t outside_slot; /* index of the outside address */
	_Atomic uint32_t holders; /* under the inside key's stripe; the sweep peeks */
	_Atomic uint32_t deadline_s;
	uint32_t created_s;
	union {
		struct flow_owner flows;
		struct flow_owner_counted flows_counted; /* at its inside host's record */
	};
};

/** Build rules, port maps and the binding pool (`capacity` bindings). 0 or -errno. Bring-up. */
int nat_create(const struct config *config, const struct interface_table *interfaces,
	struct flow_table *flows, uint32_t capacity, int socket, struct nat **nat);
void nat_destroy(struct nat *nat);
size_t nat_memory(const struct config *config, uint32_t capacity);
/** Of it, what stands in EAL's own heap (flow/shared_hash.h). */
size_t nat_deferred_memory(const struct config *config, uint32_t capacity);

/**
 * Where rules translate to several interfaces, each to its own address, an inside endpoint has a
 * binding for each: its scope. The scope of what leaves by (or came in by) this outside interface, or
 * by any when `interface` is -1; 0 where one binding serves all. `inside->scope` is not read. Any
 * thread.
 */
uint8_t nat_scope(const struct nat *nat, const struct endpoint *inside, int interface);

/** True when a rule would translate this inside endpoint (dynamic: prefix; static: exact). Any. */
bool nat_would_translate(const struct nat *nat, const struct endpoint *inside);

/** The outside address that a static rule gives to this inside endpoint; 0: none does. Any. */
rte_be32_t nat_static_outside(const struct nat *nat, const struct endpoint *inside);

/**
 * The outside address that this inside host has to itself now: by a static rule, or leased to it by a
 * one-to-one rule; 0: none. Takes the host's lock, so none may be held. Any thread.
 */
rte_be32_t nat_own_outside(struct nat *nat, const struct endpoint *inside);

/** The inside host whose static outside address this is as a whole; 0: nobody's. Any thread. */
rte_be32_t nat_static_inside(const struct nat *nat, rte_be32_t outside);

/**
 * The inside host that has this outside address to itself now: by a static rule, or leased; 0: nobody. Takes
 * the lease lock, so no host's may be held. Any thread.
 */
rte_be32_t nat_whole_inside(struct nat *nat, rte_be32_t outside);

/**
 * May the inside host of this endpoint have one more flow of this kind (enum nat_flow_kind) by
 * nat.max_flows_per_host (RFC 6888 REQ-5), or, if that is of media, its door (MEDIA_FLOWS_MAX)? The last
 * eighth is for those that the host begins. If not, that is counted and logged. `binding`: the endpoint's,
 * NULL where none stands yet. Workers that ask at once may each hear yes for the same place. Takes the host's
 * lock when `binding` is NULL, so none may be held. Worker.
 */
bool nat_has_room(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct binding *binding, unsigned int kind);

/** Outside addresses by number, 0 first (network order); address 0: no more. Any thread. */
rte_be32_t nat_outside_address(const struct nat *nat, uint32_t number);

/** True when this is an outside address that NAT translates to. Any thread. */
bool nat_is_outside_address(const struct nat *nat, rte_be32_t address);

/**
 * The binding of an inside endpoint, made when there is none yet and a rule translates it. Port
 * choice: the inside port when free, else one of the same parity and range (RFC 4787 REQ-3, 4) at
 * random. 0 and *binding; -ENOENT: no rule; -EADDRNOTAVAIL: no port; -EDQUOT: the host has all the
 * ports that its rule allows; -EAGAIN: it makes bindings faster than that; -ENOBUFS: pool or table
 * full.
 * The pointer is valid until the caller's next quiescent state. Online worker.
 */
int binding_get(struct thread *self, struct nat *nat, const struct endpoint *inside,
	struct binding **binding);

/** Existing binding by inside or by outside endpoint; NULL: none. Online thread. */
struct binding *binding_find_inside(struct nat *nat, const struct endpoint *inside);
struct binding *binding_find_outside(struct nat *nat, const struct endpoint *outside);

/**
 * Who is behind an outside endpoint: 0 and *inside, with *binding where it stands already. An
 * endpoint of a static whole address has an inside without a binding, too, and so has an ICMP identifier at a
 * leased one (RFC 5508 REQ-7): *binding is NULL then.
 * -ENOENT: nobody. Makes nothing, so that a packet which policy refuses costs nothing. Online worker.
 */
int nat_inbound_find(struct nat *nat, const struct endpoint *outside, struct endpoint *inside,
	struct binding **binding);

/**
 * As binding_find_outside(), but an endpoint of nat_inbound_find() whose binding does not stand
 * yet gets it made (RFC 4787 4.1: the mapping is endpoint independent, so it may begin outside).
 * 0 and *binding; -ENOENT: nobody owns this outside endpoint (a dynamic rule opens no port inward);
 * other errors as binding_get(). Online worker.
 */
int nat_inbound(struct thread *self, struct nat *nat, const struct endpoint *outside,
	struct binding **binding);

/**
 * A binding that binding_get() has made for a packet which is not forwarded: it closes at once, unless somebody
 * else has come to use it. Its port rests for nobody. Online worker, holding no lock.
 */
void binding_undo(struct thread *self, struct nat *nat, struct binding *binding);

struct door_spec {
	struct endpoint inside;
	enum door_class class;
	bool hold; /* count a holder; give up with door_release() */
	uint32_t until_s; /* stay open until then even without holders; 0: no */
};

/** As binding_get(), then hold and/or raise the deadline. *handle names the binding. Worker. */
int door_open(struct thread *self, struct nat *nat, const struct door_spec *spec,
	struct handle *handle, struct endpoint *outside);

/**
 * Doors for an RTP and RTCP pair: `rtp->inside` and `rtcp->inside` (often port + 1). Where both are
 * new, the outside ports are an even one and the next, equal to the inside ports when those are
 * free (an odd inside RTP port keeps its parity: then any consecutive pair starting odd).
 * Both or none. Errors as binding_get(). Worker.
 */
int door_open_pair(struct thread *self, struct nat *nat, const struct door_spec spec[2],
	struct handle handle[2], struct endpoint outside[2]);

/** Give up a hold (see pinhole_release()). A stale handle does nothing. Any worker. */
void door_release(
	struct thread *self, struct nat *nat, struct handle handle, uint32_t linger_until_s);

/* A hold that may have to be taken back. */
struct door {
	struct handle handle;
	struct endpoint outside;
	bool joined; /* the binding stood, and is as it was but for the hold, until door_widen() */
};

/** As door_open() and door_open_pair(), with a hold and no time, for whoever may have to take it back. Worker. */
int door_join(
	struct thread *self, struct nat *nat, const struct door_spec *spec, struct door *door);
int door_join_pair(
	struct thread *self, struct nat *nat, const struct door_spec spec[2], struct door door[2]);

/** What was joined becomes a media door. The caller holds it. Any worker. */
void door_widen(struct thread *self, struct nat *nat, struct handle handle);

/**
 * Take a hold back of which nobody outside has heard. A binding that was made for it closes unless
 * somebody else has come to use it, whatever its class, and its port does not rest; one that had been
 * joined is as it was. Of one's own holds of one binding the one that made it goes last. Any worker.
 */
void door_undo(struct thread *self, struct nat *nat, struct handle handle, bool joined);

/** Remember whether the inside wrote a port in this header class. Any worker. */
void binding_spell(struct binding *binding, enum spelling_class class, bool portless);

/** Age and reclaim bindings (those without flow, holder and deadline). Control lcore. */
void nat_sweep(struct thread *self, struct nat *nat, uint32_t budget);

/** Free ports that have rested long enough: of `addresses` outside addresses, taking turns. Control
 *  lcore. */
void nat_hold_sweep(struct thread *self, struct nat *nat, uint32_t addresses);

/** Write at most `budget` lines of the NAT log. The control lcore, offline: a write may block. */
void nat_log_write(struct thread *self, struct nat *nat, uint32_t budget);

/** Clear dynamic bindings that no call or registration holds, with all flows of every binding;
 *  a held door stays (its call lives on). A budgeted step; true when done. Control lcore. */
bool nat_clear_step(struct thread *self, struct nat *nat, uint32_t *cursor, uint32_t budget);

struct pool *nat_binding_pool(struct nat *nat);
/* Gauges; any thread. */
uint32_t nat_hosts(const struct nat *nat); /* inside hosts with ports or blocks of a pool */
uint32_t nat_ports_used(const struct nat *nat); /* neither free nor held, static ones apart */
uint32_t nat_ports_held(const struct nat *nat); /* that rest after their use */
uint32_t nat_doors(const struct nat *nat); /* bindings with holder or deadline */
uint32_t nat_media_doors(const struct nat *nat);

/* What dynamic rules take from: a pool (or interface) as a whole, or one of its addresses. */
struct nat_report {
	const char *pool; /* or the interface's name, which may be the same */
	bool of_interface;
	bool one_to_one;
	rte_be32_t address; /* 0: the whole pool, and only then failures */
	uint32_t addresses, hosts;
	uint32_t used[NAT_PROTOS], free[NAT_PROTOS];
	uint32_t held; /* UDP ports that rest */
	uint32_t blocks_used, blocks_free;
	uint64_t failed[NAT_FAILURES];
};

/** Row 0, 1, ... of all pools that rules use, each followed by its addresses; false: there are no
 *  more. Any thread. */
bool nat_report(const struct nat *nat, uint32_t row, struct nat_report *report);

const char *nat_failure_name(enum nat_failure failure);
const char *binding_kind_name(const struct binding *binding);

#endif
