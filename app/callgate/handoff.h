/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hand-off: a SIP message goes to the worker that owns its Call-ID, a fragment to the one that has
 * its datagram, over a ring of its own for every pair of workers (single producer, single consumer).
 * Elements are typed, and carry packets, whose metadata holds the flow key: never a pointer into a
 * shared table. A full ring is counted and the packet dropped; nobody waits.
 */
#ifndef APP_HANDOFF_H
#define APP_HANDOFF_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "core/thread.h"
#include "net/packet.h"

/* What an element is. Streams and fragments travel the same rings. */
enum handoff_kind {
	HANDOFF_UDP_PACKET, /* mbuf: a SIP datagram for the owner of its Call-ID */
	HANDOFF_STREAM_MESSAGE, /* a whole message out of a stream, for the owner of its Call-ID */
	HANDOFF_STREAM_REPLY, /* the edited message back to the stream's worker */
	HANDOFF_FRAGMENT, /* mbuf: a fragment for the worker that reassembles it */
};

struct handoff_item {
	void *pointer;
	uint32_t kind; /* enum handoff_kind */
	uint32_t generation; /* of the stream, for the stream kinds */
};

struct handoff;

/** Rings between all pairs of `workers`. NULL and rte_errno. Bring-up. */
struct handoff *handoff_create(unsigned int workers, int socket);

/** Bytes that handoff_create() takes, rounded up. */
size_t handoff_memory(unsigned int workers);

/** Frees the rings and every packet still in them. */
void handoff_destroy(struct handoff *handoff);

/**
 * Hand a SIP datagram or a fragment to worker `to`, or drop it (DROP_HANDOFF_FULL). Takes the packet.
 * Worker.
 */
void handoff_send(struct thread *self, struct handoff *handoff, unsigned int to,
	enum handoff_kind kind, struct rte_mbuf *mbuf);

/* What others handed to a worker: together at most a burst. */
struct handoff_arrivals {
	struct burst packets; /* HANDOFF_UDP_PACKET */
	struct burst fragments; /* HANDOFF_FRAGMENT */
};

/** Take what others handed to this worker. Worker. */
void handoff_receive(
	struct thread *self, struct handoff *handoff, struct handoff_arrivals *arrivals);

/** True when no ring holds anything; any thread, exact when the workers rest. */
bool handoff_empty(const struct handoff *handoff);

#endif
