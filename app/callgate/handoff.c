/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "handoff.h"

enum { HANDOFF_RING_SIZE = 1024 };

static_assert(sizeof(struct handoff_item) == 16, "ring elements are 16 bytes");

struct handoff {
	unsigned int workers;
	struct rte_ring *ring[WORKERS_MAX][WORKERS_MAX]; /* [to][from] */
	unsigned int first[WORKERS_MAX]; /* where worker `to` begins to look; its own */
};

size_t
handoff_memory(unsigned int workers)
{
	size_t ring = (size_t)HANDOFF_RING_SIZE * sizeof(struct handoff_item) + 1024;

	return sizeof(struct handoff) + workers * (workers - 1) * ring;
}

struct handoff *
handoff_create(unsigned int workers, int socket)
{
	struct handoff *handoff = rte_zmalloc_socket("handoff", sizeof(*handoff), 0, socket);

	if (handoff == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	handoff->workers = workers;
	for (unsigned int to = 0; to < workers; to++) {
		for (unsigned int from = 0; from < workers; from++) {
			char name[40]; /* handoff_FROM_TO: far below RTE_RING_NAMESIZE */

			if (to == from)
				continue;
			snprintf(name, sizeof(name), "handoff_%u_%u", from, to);
			handoff->ring[to][from] =
				rte_ring_create_elem(name, sizeof(struct handoff_item),
					HANDOFF_RING_SIZE, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (handoff->ring[to][from] == NULL) {
				handoff_destroy(handoff);
				return NULL;
			}
		}
	}
	return handoff;
}

void
handoff_destroy(struct handoff *handoff)
{
	struct handoff_item item;

	if (handoff == NULL)
		return;
	for (unsigned int to = 0; to < handoff->workers; to++) {
		for (unsigned int from = 0; from < handoff->workers; from++) {
			struct rte_ring *ring = handoff->ring[to][from];

			if (ring == NULL)
				continue;
			while (rte_ring_dequeue_elem(ring, &item, sizeof(item)) == 0)
				rte_pktmbuf_free(item.pointer);
			rte_ring_free(ring);
		}
	}
	rte_free(handoff);
}

void
handoff_send_stream(struct thread *self, struct handoff *handoff, unsigned int to,
	enum handoff_kind kind, struct rte_mbuf *mbuf, uint32_t generation)
{
	struct handoff_item item = {
		.pointer = mbuf, .kind = (uint32_t)kind, .generation = generation};

	packet_of(mbuf)->flow = NULL;
	packet_of(mbuf)->flags |= PACKET_HANDED_OFF;
	if (rte_ring_enqueue_elem(handoff->ring[to][self->id], &item, sizeof(item)) != 0) {
		packet_drop(self, mbuf, DROP_HANDOFF_FULL);
		return;
	}
	event_count(self->counters, EVENT_HANDOFF_OUT, 1);
}

void
handoff_send(struct thread *self, struct handoff *handoff, unsigned int to, enum handoff_kind kind,
	struct rte_mbuf *mbuf)
{
	handoff_send_stream(self, handoff, to, kind, mbuf, 0);
}

static void
arrival_sort(struct handoff_arrivals *arrivals, const struct handoff_item *item, unsigned int from)
{
	switch (item->kind) {
	case HANDOFF_PACKET:
		arrivals->packets.mbuf[arrivals->packets.count++] = item->pointer;
		break;
	case HANDOFF_FRAGMENT:
		arrivals->fragments.mbuf[arrivals->fragments.count++] = item->pointer;
		break;
	default:
		arrivals->letter[arrivals->letters++] = (struct handoff_letter){
			.mbuf = item->pointer,
			.kind = (enum handoff_kind)item->kind,
			.generation = item->generation,
			.from = from,
		};
		break;
	}
}

void
handoff_receive(struct thread *self, struct handoff *handoff, struct handoff_arrivals *arrivals)
{
	unsigned int received = 0;

	arrivals->packets.count = arrivals->fragments.count = arrivals->letters = 0;
	/* Begin one further each time, so that no ring starves behind a busy one. */
	handoff->first[self->id] = (handoff->first[self->id] + 1) % handoff->workers;
	for (unsigned int i = 0; i < handoff->workers; i++) {
		unsigned int from = (handoff->first[self->id] + i) % handoff->workers;
		struct rte_ring *ring = handoff->ring[self->id][from];
		struct handoff_item items[BURST_MAX];
		unsigned int taken;

		if (ring == NULL || received == BURST_MAX)
			continue;
		taken = rte_ring_dequeue_burst_elem(
			ring, items, sizeof(items[0]), BURST_MAX - received, NULL);
		for (unsigned int k = 0; k < taken; k++)
			arrival_sort(arrivals, &items[k], from);
		received += taken;
	}
	if (received > 0)
		event_count(self->counters, EVENT_HANDOFF_IN, received);
}

bool
handoff_empty(const struct handoff *handoff)
{
	for (unsigned int to = 0; to < handoff->workers; to++) {
		for (unsigned int from = 0; from < handoff->workers; from++) {
			if (handoff->ring[to][from] && !rte_ring_empty(handoff->ring[to][from]))
				return false;
		}
	}
	return true;
}
