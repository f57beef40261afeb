/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hand-off between three workers at full rate: every packet and fragment reaches the worker it was
 * sent to, as what it was sent, in the order in which its sender sent those of its kind, or is a
 * counted drop; none is lost, doubled or leaked.
 */
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "app/callgate/handoff.h"
#include "stress.h"

enum { MBUFS = 8191, MEMPOOL_MB_ROOM = 256, SHORT = 300000, LONG = 30000000 };

static struct handoff *handoff;
static struct rte_mempool *mempool;
static uint64_t rounds;
/* Packets that are on the way or may still be sent; the workers stop when there are none. */
static _Atomic uint64_t sent, arrived;
static _Atomic unsigned int senders = STRESS_WORKERS;

static uint64_t
load(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The numbers that came last, of each kind from each worker. */
struct last {
	uint32_t number[HANDOFF_FRAGMENT + 1][STRESS_WORKERS];
};

static void
receive_kind(
	struct thread *self, const struct burst *burst, enum handoff_kind kind, struct last *last)
{
	for (unsigned int i = 0; i < burst->count; i++) {
		const struct packet *packet = packet_of(burst->mbuf[i]);

		MUST(packet->flags & PACKET_HANDED_OFF);
		MUST(packet->flow == NULL);
		MUST(packet->egress == self->id);
		MUST(packet->ip_length == kind);
		MUST(packet->spare > last->number[kind][packet->interface]);
		last->number[kind][packet->interface] = packet->spare;
		rte_pktmbuf_free(burst->mbuf[i]);
	}
	atomic_fetch_add(&arrived, burst->count);
}

static void
receive(struct thread *self, struct last *last)
{
	struct handoff_arrivals arrivals;

	handoff_receive(self, handoff, &arrivals);
	receive_kind(self, &arrivals.packets, HANDOFF_PACKET, last);
	receive_kind(self, &arrivals.fragments, HANDOFF_FRAGMENT, last);
}

static int
worker(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];
	struct last last = {0};
	uint32_t number = 0;

	for (uint64_t round = 0; round < rounds; round++) {
		unsigned int to = (self->id + 1 + random_below(&self->random, STRESS_WORKERS - 1)) %
				  STRESS_WORKERS;
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mempool);

		if (mbuf != NULL) {
			struct packet *packet = packet_of(mbuf);
			enum handoff_kind kind =
				number % 3 == 0 ? HANDOFF_FRAGMENT : HANDOFF_PACKET;

			*packet = (struct packet){.interface = (uint16_t)self->id,
				.egress = (uint16_t)to,
				.ip_length = (uint16_t)kind,
				.spare = ++number,
				.flow = packet};
			atomic_fetch_add(&sent, 1);
			handoff_send(self, handoff, to, kind, mbuf);
		}
		if (round % 8 == 0)
			receive(self, &last);
		if (round % 256 == 0)
			stress_turn(self);
	}
	atomic_fetch_sub(&senders, 1);
	while (atomic_load(&senders) > 0 || !handoff_empty(handoff)) {
		receive(self, &last);
		stress_turn(self);
		sched_yield();
	}
	stress_leave(self);
	return 0;
}

static void
control(struct thread *self, uint64_t turn)
{
}

int
main(int count, char **arguments)
{
	uint64_t out = 0, in = 0, full = 0;

	stress_start();
	rounds = stress_rounds(count, arguments, SHORT, LONG);
	handoff = handoff_create(STRESS_WORKERS, SOCKET_ID_ANY);
	mempool = rte_pktmbuf_pool_create(
		"packets", MBUFS, 64, PACKET_PRIVATE_SIZE, MEMPOOL_MB_ROOM, SOCKET_ID_ANY);
	if (handoff == NULL || mempool == NULL)
		rte_exit(1, "cannot start: %s\n", rte_strerror(rte_errno));
	stress_run(worker, control);
	for (unsigned int i = 0; i < STRESS_WORKERS; i++) {
		const struct counters *counters = counters_of(i);

		out += atomic_load(&counters->event[EVENT_HANDOFF_OUT]);
		in += atomic_load(&counters->event[EVENT_HANDOFF_IN]);
		full += atomic_load(&counters->drop[DROP_HANDOFF_FULL]);
	}
	printf("sent %" PRIu64 ", handed off %" PRIu64 ", ring full %" PRIu64 "\n", load(&sent),
		out, full);
	MUST(out > 0);
	MUST(load(&sent) == out + full);
	MUST(in == out);
	MUST(load(&arrived) == in);
	MUST(rte_mempool_avail_count(mempool) == MBUFS);
	handoff_destroy(handoff);
	return stress_end("hand-off");
}
