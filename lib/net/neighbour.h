/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours: (interface, IPv4 address) to MAC address, shared by all workers. RFC 826, 1122 2.3.2.
 *
 * A resolved neighbour is read without a lock: address, state and generation are one 64-bit atomic.
 * All else (creation, hold queue, ageing) takes the lock of the entry's hash bucket, and inside it
 * at most that of the free list. No frame is sent under a lock.
 * Flows remember (index, generation) of their next hop and come back here when that is stale.
 * Retries and refreshes are driven by traffic (one request a second an entry at most); the control
 * lcore only gives up on what did not answer and frees what nobody used.
 */
#ifndef NET_NEIGHBOUR_H
#define NET_NEIGHBOUR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "core/thread.h"
#include "interface.h"
#include "outbox.h"
#include "packet.h"

enum {
	NEIGHBOURS_MAX = 4096,
	NEIGHBOUR_HOLD_MAX = 16, /* packets that wait for one answer */
	NEIGHBOUR_GIVE_UP_S = 3, /* no answer: held packets are dropped */
	NEIGHBOUR_REFRESH_S = 60, /* a used entry older than this asks again (unicast) */
	NEIGHBOUR_STALE_S = 180, /* no answer to refreshes since: resolve from scratch */
	NEIGHBOUR_IDLE_S = 600, /* unused: freed */
	NEIGHBOUR_HELD_MAX =
		1024, /* packets held over all neighbours: they must not eat the mbufs */
};

/* The part of a neighbour that a packet of an established flow reads. */
struct neighbour_head {
	/*
	 * MAC address in the low 48 bits as in memory, generation above; 0: not resolved. Generations
	 * are drawn from one sequence, so that an index and a generation of two different neighbours
	 * (a torn hint in a flow) never match. Writers: under the bucket's lock; readers: any.
	 */
	_Atomic uint64_t link;
	_Atomic uint32_t used_s; /* last use; any worker, at most once a second */
	_Atomic uint32_t confirmed_s; /* last answer; under the bucket's lock */
};

struct neighbour_store;

struct neighbour_table {
	struct neighbour_head head[NEIGHBOURS_MAX + 1]; /* 0 names none and is never resolved */
	struct neighbour_store *store; /* keys, hold queues, locks: private */
};

/** What a worker needs to emit frames of its own. */
struct net_output {
	struct outbox *outbox;
	struct rte_mempool *mempool; /* for packets of our own */
	const struct interface_table *interfaces;
	struct neighbour_table *neighbours;
};

struct neighbour_table *neighbour_table_create(int socket);
/** Frees held packets too. */
void neighbour_table_destroy(struct neighbour_table *table);
size_t neighbour_table_memory(void);

/** True while a remembered neighbour can be used as it stands, without a route lookup. Worker. */
static inline bool
neighbour_is_current(const struct neighbour_table *table, uint32_t index, uint16_t generation)
{
	/* relaxed: the word carries all that belongs together */
	return generation &&
	       atomic_load_explicit(&table->head[index].link, memory_order_relaxed) >> 48 ==
		       generation;
}

/**
 * The link of a remembered neighbour, for frame_output(), when nothing needs to be done about it;
 * 0: neighbour_output() must look, which is once a second for each neighbour at least. Worker.
 */
static inline uint64_t
neighbour_link(
	const struct neighbour_table *table, uint32_t index, uint16_t generation, uint32_t now_s)
{
	const struct neighbour_head *head = &table->head[index];
	/* relaxed: the word carries all that belongs together */
	uint64_t link = atomic_load_explicit(&head->link, memory_order_relaxed);

	if (unlikely(generation == 0 || link >> 48 != generation ||
		     atomic_load_explicit(&head->used_s, memory_order_relaxed) != now_s))
		return 0;
	return link;
}

/**
 * Look up packet->egress and next_hop; when resolved, set packet->neighbour and its generation for
 * neighbour_output() and for the flow to remember (the mbuf is gone after the output). Asks nobody.
 * True when resolved. Worker.
 */
bool neighbour_find(struct neighbour_table *table, struct packet *packet);

/**
 * Finish an IPv4 packet whose packet_of()->egress and next_hop are set: put the Ethernet header
 * (and VLAN tag) before ip_offset and queue it to the outbox; or hold it and ask by ARP; or drop it
 * with a reason. packet->neighbour and its generation are used when valid; else the neighbour is
 * found or made from egress and next_hop. The frame is fragmented first when it exceeds the
 * egress MTU and may be (DF clear); with DF set the caller has already refused it. Worker.
 */
void neighbour_output(struct thread *self, struct net_output *output, struct rte_mbuf *mbuf);

/** Handle a burst of ARP frames from parse_burst(): answer, learn, release held packets. Worker. */
void neighbour_arp_burst(struct thread *self, struct net_output *output, const struct burst *arp);

/** Send a gratuitous ARP for every own address (RFC 5227 section 3). One worker, at start. */
void neighbour_announce(struct thread *self, struct net_output *output);

/** Give up, forget: at most `budget` entries from a cursor the table keeps. Control lcore. */
void neighbour_sweep(struct thread *self, struct neighbour_table *table, unsigned int budget);

/** Entries in use and packets held, for gauges; any thread. */
unsigned int neighbour_count(const struct neighbour_table *table);
unsigned int neighbour_held(const struct neighbour_table *table);

#endif
