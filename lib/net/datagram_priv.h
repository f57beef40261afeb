/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between datagram.c (one datagram: bytes, fragments, joining) and datagram_table.c (all of a
 * worker: finding, limits, age).
 */
#ifndef NET_DATAGRAM_PRIV_H
#define NET_DATAGRAM_PRIV_H

#include "datagram.h"

enum { DATAGRAM_SOURCES = 4096 }; /* buckets in which sources are counted */

TAILQ_HEAD(datagram_list, datagram);
LIST_HEAD(datagram_bucket, datagram);

/* Owning worker's alone, but for the gauges. */
struct datagram_table {
	struct datagram_limits limits;
	struct datagram_list holding; /* WAITING and WHOLE, the oldest first */
	struct datagram_list others;
	struct datagram_list free; /* in any order */
	uint32_t holding_count, others_count;
	_Atomic uint32_t held; /* mbufs; readers: gauges */
	_Atomic uint32_t count; /* records; readers: gauges */
	struct datagram_bucket *bucket;
	uint32_t bucket_mask;
	uint32_t held_of[DATAGRAM_SOURCES];
};

static inline bool
datagram_holds(const struct datagram *datagram)
{
	return datagram->state == DATAGRAM_WAITING || datagram->state == DATAGRAM_WHOLE;
}

/** Record of a fragment's datagram; NULL: none. */
struct datagram *datagram_find(const struct datagram_table *table, const struct packet *packet);

/** A new record for a fragment's datagram; the oldest one gives way where there is no free one. */
struct datagram *datagram_make(
	struct thread *self, struct datagram_table *table, const struct packet *packet);

/** Drop what is held with `reason`; `state` rules what comes later. */
void datagram_stop(struct thread *self, struct datagram_table *table, struct datagram *datagram,
	enum datagram_state state, enum drop_reason reason);

#endif
