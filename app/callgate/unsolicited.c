/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronization: none; each worker answers what it received. A ring will do, for all wait for the same
 * time. What policy refuses does not come here (RFC 5382 REQ-4a), to an address that nobody has what it refuses
 * to all of the inside.
 */
#include "unsolicited.h"

#include "flow/tcp.h"
#include "net/datagram.h"
#include "pipeline.h"

enum {
	QUIET_MS = 6000, /* RFC 5382 REQ-4 */
	POLLED_A_TURN = 8,
};

void
unsolicited_take(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct unsolicited_ring *ring = &worker->unsolicited;
	const struct packet *packet = packet_of(mbuf);
	const uint32_t headers = packet->payload_offset - packet->ip_offset;
	struct unsolicited *entry;

	if (packet->key.proto == IPPROTO_TCP && tcp_may_open(packet->tcp_flags) &&
		!fragment_is_one(mbuf) && ring->count < UNSOLICITED_MAX) {
		entry = &ring->entry[(ring->first + ring->count++) % UNSOLICITED_MAX];
		entry->due_ms = worker->thread.now_ms + QUIET_MS;
		entry->packet = *packet;
		entry->packet.ip_length = (uint16_t)RTE_MIN(headers, (uint32_t)UNSOLICITED_QUOTE);
		/* parse has seen that the headers are in the first segment */
		memcpy(entry->quote, packet_ip(mbuf), entry->packet.ip_length);
		entry->packet.ip_offset = 0;
	}
	packet_drop(&worker->thread, mbuf, DROP_NAT_UNSOLICITED);
}

static void
answer(struct worker *worker, const struct unsolicited *entry)
{
	struct rte_mbuf *about = rte_pktmbuf_alloc(worker->appliance->mempool);
	const uint16_t length = entry->packet.ip_length;

	if (about == NULL) {
		counter_add(&worker->thread.counters->drop[DROP_NO_MBUF], 1);
		return;
	}
	*packet_of(about) = entry->packet;
	memcpy(rte_pktmbuf_append(about, length), entry->quote, length);
	forward_error(worker, about, (struct icmp_error){ICMP_UNREACHABLE, ICMP_CODE_PORT, 0});
	event_count(worker->thread.counters, EVENT_TCP_SYN_ANSWERED, 1);
	rte_pktmbuf_free(about);
}

unsigned int
unsolicited_poll(struct worker *worker)
{
	struct unsolicited_ring *ring = &worker->unsolicited;
	unsigned int polled = 0;

	while (polled < POLLED_A_TURN && ring->count > 0 &&
		ring->entry[ring->first].due_ms <= worker->thread.now_ms) {
		const struct unsolicited *entry = &ring->entry[ring->first];

		/* A flow by now: the inside has sent its SYN, or a rule lets this one in. */
		if (flow_lookup(worker->appliance->flows, &entry->packet.key, entry->packet.hash) ==
			NULL)
			answer(worker, entry);
		ring->first = (ring->first + 1) % UNSOLICITED_MAX;
		ring->count--;
		polled++;
	}
	return polled;
}
