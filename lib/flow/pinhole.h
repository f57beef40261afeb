/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pinholes: permission for traffic that policy or NAT filtering would refuse. Real (inside local)
 * addresses throughout. Looked up on a flow miss only: with the exact source first, then with any.
 *
 * A pinhole is shared by all who ask for the same key: holders (calls) are counted, and a deadline
 * keeps it open without holders (Via after the final response, registrations). It closes when the
 * last holder has gone and the deadline has passed; a media pinhole has no deadline, so it closes
 * with its last holder at once. Closing removes its flows in the same step, but for open TCP connections
 * of signalling, which go on without it.
 *
 * The table's key has the even port of a pair (port_pair.h), so that the pinholes of RTP and RTCP
 * are found, made and removed as one.
 *
 * Locks: striped by that key for open, hold, close; then the object's flow_owner lock (see flow.h)
 * or its media lock, never both. Publication order: the object is complete before its key is added.
 */
#ifndef FLOW_PINHOLE_H
#define FLOW_PINHOLE_H

#include "flow.h"
#include "port_pair.h"

enum pinhole_class {
	PINHOLE_VIA, /* answers to a request */
	PINHOLE_CONTACT, /* later requests to a Contact; registrations */
	PINHOLE_ROUTE, /* later requests through a Record-Route or Path proxy */
	PINHOLE_RTP,
	PINHOLE_RTCP,
	PINHOLE_CLASSES
};

enum media_source { MEDIA_SOURCE_LATCH, MEDIA_SOURCE_ANNOUNCED, MEDIA_SOURCE_ANY };

struct pinhole_key {
	rte_be32_t src; /* 0: any */
	rte_be32_t dst;
	rte_be16_t dst_port;
	uint8_t proto;
	uint8_t zero;
};
static_assert(sizeof(struct pinhole_key) == 12, "compared as bytes");

enum {
	PINHOLE_SOURCES_MAX = 4, /* sources latched before the answer */
	PINHOLE_ANNOUNCED_MAX = 6, /* of forks, and candidates of ICE; by address */
	PINHOLE_CALLS_MAX =
		2, /* calls at one endpoint that are told apart: one that ends, the next */
	/*
	 * Flows through a media pinhole, so that its end, which a worker does at a BYE, is bounded work. A
	 * peer needs one for each port that it sends from: its candidates in ICE (at most 100 pairs in
	 * all components and streams, RFC 8445 6.1.2.5), the forks' early media, those of two calls. An
	 * announced address may send from any port, so without a limit it could have 65,535.
	 */
	PINHOLE_FLOWS_MAX = 64,
};

struct media_peer {
	rte_be32_t address;
	rte_be16_t port;
};

/* All who may send, as the answers say. */
struct media_announcement {
	uint8_t count;
	bool further; /* and others may latch as before the answer: ICE */
	struct media_peer peer[PINHOLE_ANNOUNCED_MAX];
};

/* Who asks for a pinhole: a call by (worker, index, generation), or a registration. */
struct pinhole_holder {
	uint8_t worker; /* 0xff: no call */
	struct handle call;
};

/* How far a call is at this endpoint. */
enum media_phase {
	MEDIA_NO_CALL,
	MEDIA_OFFERED, /* no answer yet */
	MEDIA_ANSWERED,
	MEDIA_FIRST_AWAITED, /* answered, and none had latched: the next source will */
};

struct media_call {
	uint8_t worker; /* with `call` as in struct pinhole_holder */
	uint8_t phase; /* enum media_phase */
	bool newest; /* of those that are told apart */
	struct handle call;
};

struct media_known {
	rte_be32_t address;
	rte_be16_t port;
	uint8_t call; /* index of struct media_filter's: whose peer it is */
};

/* Who may send through a media pinhole. */
struct media_filter {
	rte_spinlock_t lock;
	uint8_t policy; /* enum media_source */
	uint8_t latched_count, announced_count;
	bool crowded; /* more calls came than are told apart */
	struct media_call call[PINHOLE_CALLS_MAX];
	struct media_known latched[PINHOLE_SOURCES_MAX], announced[PINHOLE_ANNOUNCED_MAX];
};

struct pinhole {
	struct pool_object object;
	struct port_pair_node node;
	struct pinhole_key key;
	_Atomic uint8_t class; /* enum pinhole_class; under the stripe; read by match and show */
	_Atomic bool open; /* under the stripe: its key is in the table */
	_Atomic uint32_t holders; /* under the key's stripe; read by match, sweep and show */
	_Atomic uint32_t deadline_s; /* raised by openers; read by sweep and show */
	uint32_t opened_s;
	struct flow_owner flows;
	struct media_filter media;
};

static_assert(sizeof(struct pinhole) <= 192, "three cache lines");

struct pinhole_table;

struct pinhole_spec {
	struct pinhole_key key;
	enum pinhole_class class;
	bool hold; /* count a holder; close with pinhole_release() */
	uint32_t until_s; /* keep open until then even without holders; 0: no */
	struct pinhole_holder holder;
	enum media_source media_source; /* RTP and RTCP only */
};

struct pinhole_table *pinhole_table_create(uint32_t capacity, struct flow_table *flows, int socket);
void pinhole_table_destroy(struct pinhole_table *table);
size_t pinhole_table_memory(uint32_t capacity);
size_t pinhole_table_deferred_memory(uint32_t capacity); /* of it, shared_hash.h */

/**
 * Open a pinhole, or join the one that stands (see pinhole.c on who shares what). 0 and *handle; -ENOBUFS: pool empty; -ENOSPC: hash
 * full. Findable by every worker when it returns. Any worker.
 */
int pinhole_open(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec,
	struct handle *handle);

/**
 * As pinhole_open() with a hold, for whoever may have to take it back: *joined says that one stood, and
 * it is as it was, whatever the spec asks for, until pinhole_widen(). Any worker.
 */
int pinhole_join(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec,
	struct handle *handle, bool *joined);

/** The same for two different keys: both or none. For RTP and RTCP, which are made at once where they
 *  have an even port and the next. Any worker. */
int pinhole_join_pair(struct thread *self, struct pinhole_table *table,
	const struct pinhole_spec spec[2], struct handle handle[2], bool joined[2]);

/** What was joined becomes what the spec asks for: its class, another call's offer. The caller holds
 *  it. Any worker. */
void pinhole_widen(
	struct pinhole_table *table, struct handle handle, const struct pinhole_spec *spec);

/**
 * Give up a hold; with linger_until_s the pinhole stays open until then (0: closes now if this was
 * the last holder and no deadline stands). A stale handle does nothing. True: it stays open. Any
 * worker.
 */
bool pinhole_release(struct thread *self, struct pinhole_table *table, struct handle handle,
	uint32_t linger_until_s);

/** Close a call's offer phase at a media pinhole: who was announced. Again whenever that changes. */
void pinhole_media_commit(struct pinhole_table *table, struct handle handle,
	const struct pinhole_holder *holder, const struct media_announcement *announcement);

/** A call that shares a media pinhole with others has given up its holds of it: what it announced and
 *  let in goes, flows included. Any worker, holding no lock. */
void pinhole_media_leave(struct thread *self, struct pinhole_table *table, struct handle handle,
	const struct pinhole_holder *holder);

/** Who asked for it, for `show`. */
struct pinhole_holder pinhole_holder_of(const struct pinhole *pinhole);

enum pinhole_verdict { PINHOLE_NONE, PINHOLE_PASS, PINHOLE_REFUSED, PINHOLE_FULL };

/**
 * May this new flow pass? `real` has real addresses. On PASS *pinhole is its owner to be (link the
 * flow; -ESTALE from flow_create() when it closed meanwhile). REFUSED: a media pinhole stands but
 * not for this source. FULL: it has PINHOLE_FLOWS_MAX flows, or, where workers ask at once, one more for
 * each. Latches. Online worker.
 */
enum pinhole_verdict pinhole_match(struct thread *self, struct pinhole_table *table,
	const struct flow_key *real, struct pinhole **pinhole);

/**
 * Is this packet to be read as SIP: does a signalling pinhole stand for it? A look alone: nothing
 * latches, nothing is counted. `real` as above. Online worker.
 */
bool pinhole_signalling(
	struct thread *self, struct pinhole_table *table, const struct flow_key *real);

/** Close what has no holder and is past its deadline; reclaim. Control lcore, as flow_sweep(). */
void pinhole_sweep(struct thread *self, struct pinhole_table *table, uint32_t budget);

struct pool *pinhole_pool(struct pinhole_table *table);
/** Live pinholes of the media classes, for gauges; any thread. */
uint32_t pinhole_media_count(const struct pinhole_table *table);
const char *pinhole_class_name(enum pinhole_class class);

#endif
