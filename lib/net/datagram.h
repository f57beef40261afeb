/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams that come in fragments: what of each is here already (RFC 791, 815).
 *
 * A table belongs to one worker, and all fragments of a datagram come to the same worker (by the
 * hash of their key), so nothing here is shared but two gauges.
 *
 * Life cycle of a record
 *   Whichever fragment comes first makes it. datagram_add() judges each fragment against the bytes
 *   seen so far; what becomes of a good one its state says. The record ends when every byte was
 *   seen, when its time is over (counted from the first fragment to come, and anew when nothing is
 *   held any more), or as the oldest when the table is full.
 * Overlap (RFC 5722, RFC 8200 4.5)
 *   A fragment that shares a byte with another one, or contradicts where the datagram ends, spoils
 *   the datagram: all that is held is dropped, and so is what comes later. An exact repetition (same
 *   bytes, same flag) is dropped alone, unread: the first to come counts.
 * Limits
 *   Records and held mbufs of all: the oldest gives way, since whole datagrams complete within
 *   moments and a flood's do not. Held mbufs of one source, and fragments of one datagram: the
 *   datagram that goes beyond is refused. Sources are counted in buckets by a keyed hash; two that
 *   share one share the limit.
 */
#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "core/pool.h"
#include "packet.h"

enum datagram_state {
	DATAGRAM_WAITING, /* for the first fragment: hold what comes */
	DATAGRAM_WHOLE, /* is made whole: hold until all are here */
	DATAGRAM_PASSING, /* its flow is known: forward what comes */
	DATAGRAM_REFUSED, /* drop what comes, until all have */
	DATAGRAM_SPOILED, /* drop what comes, until its time is over */
};

struct datagram_limits {
	uint32_t timeout_ms;
	uint32_t datagrams;
	uint32_t held; /* mbufs */
	uint32_t held_per_source;
	uint32_t fragments; /* of one datagram */
};

/* Bytes of the datagram's payload, `end` excluded. */
struct fragment_range {
	uint16_t first, end;
};

struct datagram {
	TAILQ_ENTRY(datagram) order; /* among those that hold, or among the others, by due_ms */
	LIST_ENTRY(datagram) bucket;
	struct flow_key key; /* as parse makes it of a fragment: src_port is the identification */
	uint64_t due_ms;
	struct rte_mbuf *first, *last; /* held, by offset; linked through packet_of()->flow */
	struct handle flow; /* DATAGRAM_PASSING: the application's */
	uint8_t direction; /* of that flow */
	rte_be16_t id; /* identification to send with */
	uint8_t state; /* enum datagram_state; the application may turn WAITING into WHOLE */
	uint16_t source; /* bucket of the source's count */
	uint16_t header_length; /* longest IPv4 header so far */
	uint16_t end; /* payload bytes of the whole; 0: not known yet */
	uint32_t bytes; /* payload bytes seen */
	uint16_t count; /* ranges */
	struct fragment_range range[]; /* ascending */
};

struct datagram_table;

/** Table for one worker; records are there, nothing is allocated later. NULL and rte_errno. Bring-up. */
struct datagram_table *datagram_table_create(const struct datagram_limits *limits, int socket);
size_t datagram_table_memory(const struct datagram_limits *limits);

/** Drops what is held (DROP_SHUTDOWN). NULL is allowed. Its worker, or when that has ended. */
void datagram_table_destroy(struct thread *self, struct datagram_table *table);

enum { DATAGRAM_ADDED = -1 };

/**
 * Note a fragment (as parse_burst() gives it), which stays the caller's. DATAGRAM_ADDED and its
 * record, or the drop reason. RFC 791 (offset, length), 1858 and 3128 (TCP headers cut in two).
 * The record is valid until it ends or the next fragment is added. Owning worker.
 */
int datagram_add(struct thread *self, struct datagram_table *table, struct rte_mbuf *mbuf,
	struct datagram **datagram);

/** Keep a fragment that was just added; takes it. False: a limit refuses the datagram. */
bool datagram_hold(struct thread *self, struct datagram_table *table, struct datagram *datagram,
	struct rte_mbuf *mbuf);

/** Take the held fragment with the lowest offset; NULL: none is held. */
struct rte_mbuf *datagram_take(struct datagram_table *table, struct datagram *datagram);

/** Every byte has been seen. */
static inline bool
datagram_is_complete(const struct datagram *datagram)
{
	return datagram->end != 0 && datagram->bytes == datagram->end;
}

/** The first fragment's flow is known: DATAGRAM_PASSING. What is held is the caller's to take. */
void datagram_pass(struct thread *self, struct datagram_table *table, struct datagram *datagram);

/** Drop what is held and what will come (DROP_FRAGMENT_REFUSED). */
void datagram_refuse(struct thread *self, struct datagram_table *table, struct datagram *datagram);

/**
 * Make one packet of a complete datagram whose fragments are all held: the first fragment's header
 * with length, offset and checksum set (congestion seen by any fragment is kept, RFC 3168 5.3; DF is
 * cleared, for it came in fragments), the rest chained behind it. Ends the record.
 */
struct rte_mbuf *datagram_join(
	struct thread *self, struct datagram_table *table, struct datagram *datagram);

/** End a record that holds nothing. */
void datagram_end(struct datagram_table *table, struct datagram *datagram);

/** A record whose time is over; NULL: none. Owning worker. */
struct datagram *datagram_due(const struct datagram_table *table, uint64_t now_ms);

/** Drop what is held (DROP_FRAGMENT_TIMEOUT) and end the record. */
void datagram_expire(struct thread *self, struct datagram_table *table, struct datagram *datagram);

/* Gauges; any thread. */
uint32_t datagram_table_count(const struct datagram_table *table);
uint32_t datagram_table_held(const struct datagram_table *table); /* mbufs */

/** True for a part of a datagram. */
static inline bool
fragment_is_one(struct rte_mbuf *mbuf)
{
	return packet_ip(mbuf)->fragment_offset &
	       RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);
}

/** True for a fragment that begins its datagram. */
static inline bool
fragment_is_first(struct rte_mbuf *mbuf)
{
	return !(packet_ip(mbuf)->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK));
}

#endif
