/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hand-off: a SIP message goes to the worker that owns its Call-ID, a TCP segment to the one that has its
 * stream, a fragment to the one that has its datagram, over a ring of its own for every pair of workers (single producer, single consumer).
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
	/* mbuf: a SIP datagram for the owner of its Call-ID, a TCP segment for the owner of its stream */
	HANDOFF_PACKET,
	HANDOFF_STREAM_MESSAGE, /* a whole message out of a stream, for the owner of its Call-ID */
	HANDOFF_STREAM_REPLY, /* the edited message back to the stream's worker */
	HANDOFF_STREAM_MTU, /* what a path takes, for the worker whose stream it has */
	HANDOFF_FRAGMENT, /* mbuf: a fragment for the worker that reassembles it */
};

struct handoff_item {
	void *pointer;
	uint32_t kind; /* enum handoff_kind */
	uint32_t generation; /* of the stream, for the stream kinds */
};

/* One of the stream kinds, as it arrives: its first mbuf's metadata says more (stream_message.c). */
struct handoff_letter {
	struct rte_mbuf *mbuf;
	enum handoff_kind kind;
	uint32_t generation;
	unsigned int from; /* worker */
};

struct handoff;

/** Rings between all pairs of `workers`. NULL and rte_errno. Bring-up. */
struct handoff *handoff_create(unsigned int workers, int socket);

/** Bytes that handoff_create() takes, rounded up. */
size_t handoff_memory(unsigned int workers);

/** Frees the rings and every packet still in them. */
void handoff_destroy(struct handoff *handoff);

/**
 * Hand a packet or a fragment to worker `to`, or drop it (DROP_HANDOFF_FULL). Takes the packet.
 * Worker.
 */
void handoff_send(struct thread *self, struct handoff *handoff, unsigned int to,
	enum handoff_kind kind, struct rte_mbuf *mbuf);

/** The same for the stream kinds. */
void handoff_send_stream(struct thread *self, struct handoff *handoff, unsigned int to,
	enum handoff_kind kind, struct rte_mbuf *mbuf, uint32_t generation);

/* What others handed to a worker: together at most a burst. */
struct handoff_arrivals {
	struct burst packets; /* HANDOFF_PACKET */
	struct burst fragments; /* HANDOFF_FRAGMENT */
	struct handoff_letter letter[BURST_MAX]; /* HANDOFF_STREAM_* */
	unsigned int letters;
};

/** Take what others handed to this worker. Worker. */
void handoff_receive(
	struct thread *self, struct handoff *handoff, struct handoff_arrivals *arrivals);

/** True when no ring holds anything; any thread, exact when the workers rest. */
bool handoff_empty(const struct handoff *handoff);

#endif
