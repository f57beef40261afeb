/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's outgoing frames, one small array a port, so that layer 3 can send without knowing
 * drivers. The application sets `flush`; it is called when an array is full and once a loop turn.
 */
#ifndef NET_OUTBOX_H
#define NET_OUTBOX_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "core/limits.h"

struct outbox;

/** Sends or drops (counting) all `count` frames of `port`; takes their ownership. */
typedef void (*outbox_flush_fn)(
	void *context, uint16_t port, struct rte_mbuf **frames, unsigned int count);

struct outbox {
	outbox_flush_fn flush;
	void *context;
	uint64_t pending; /* bit per port with frames */
	struct outbox_port {
		unsigned int count;
		struct rte_mbuf *frame[BURST_MAX];
	} port[PORTS_MAX];
};

/** Queue one complete frame for a port (configuration index). Owning worker. */
static inline void
outbox_put(struct outbox *outbox, uint16_t port, struct rte_mbuf *frame)
{
	struct outbox_port *slot = &outbox->port[port];
	unsigned int count = slot->count;

	slot->frame[count++] = frame;
	slot->count = count;
	outbox->pending |= UINT64_C(1) << port;
	if (unlikely(count == BURST_MAX)) {
		slot->count = 0;
		outbox->pending &= ~(UINT64_C(1) << port);
		outbox->flush(outbox->context, port, slot->frame, BURST_MAX);
	}
}

/** Send everything that waits. Owning worker, once a loop turn. */
static inline void
outbox_flush(struct outbox *outbox)
{
	while (outbox->pending) {
		unsigned int port = (unsigned int)__builtin_ctzll(outbox->pending);
		unsigned int count = outbox->port[port].count;

		outbox->pending &= outbox->pending - 1;
		outbox->port[port].count = 0;
		outbox->flush(outbox->context, (uint16_t)port, outbox->port[port].frame, count);
	}
}

#endif
