/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 identifications of our own, for datagrams that hosts behind one outside address share (RFC
 * 6864 5.3): the hosts' numbers collide there, and two datagrams would be put together as one.
 *
 * Each worker has every n-th number, so that no two workers give out the same, and gives out one a
 * second time only after all others of its own. A keyed permutation hides the order: who sees a number
 * cannot tell the next one and slip a fragment of his own in between.
 */
#ifndef NET_IDENTIFICATION_H
#define NET_IDENTIFICATION_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "core/thread.h"

struct identification {
	uint32_t first, step; /* this worker's number, and how many workers there are */
	uint32_t next;
};

/** Begins anywhere. Bring-up, for the worker that will use it. */
void identification_init(
	struct thread *self, struct identification *identification, unsigned int workers);

/** The next one, in network byte order. Owning worker. */
rte_be16_t identification_next(struct identification *identification);

#endif
