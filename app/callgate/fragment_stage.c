/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments: to the worker that has their datagram, and there by its first fragment, which alone has
 * the ports. RFC 4787 REQ-14 (in any order), RFC 1122 3.3.2.
 *
 *   WAITING ─ first fragment comes ─┬─ its flow takes no layer 7 ──▶ PASSING: as they come, each by
 *      what comes is held           │    the flow, as a fragment; those held leave in order
 *                                   ├─ SIP, ICMP error, echo to us ─▶ WHOLE: held; the last one makes
 *                                   │    it one packet, which begins at the flow look-up
 *                                   └─ policy refuses it ──────────▶ REFUSED: all are dropped
 *
 * Policy, NAT, TCP state see the first fragment alone; it holds all they read (datagram.h). Limits and
 * time are the table's.
 */
#include <rte_icmp.h>

#include "forward.h"
#include "handoff.h"
#include "net/checksum.h"
#include "net/datagram.h"
#include "net/parse.h"
#include "pipeline.h"

enum {
	EXPIRED_A_TURN = 32,
	ICMP_CODE_REASSEMBLY = 1, /* time exceeded, RFC 792 */
};

enum decision { DECIDED_PASS, DECIDED_WHOLE, DECIDED_GONE };

/* A query against the direction of its flow is none of that flow's (operate_icmp() in pipeline.c). */
static bool
is_asked_anew(struct rte_mbuf *mbuf, void *data)
{
	const struct rte_icmp_hdr *icmp = packet_l4(mbuf);

	return data == NULL ||
	       (flow_direction_of_data(data) != 0 && icmp_is_query(icmp->icmp_type));
}

/* What becomes of a datagram, by its first fragment. DECIDED_PASS: its flow is *data. */
static enum decision
first_decide(struct worker *worker, struct rte_mbuf *mbuf, void **data)
{
	struct appliance *appliance = worker->appliance;
	const struct packet *packet = packet_of(mbuf);
	int verdict = parse_layer4(mbuf, false);

	if (verdict != PARSED_IPV4) {
		packet_drop(&worker->thread, mbuf,
			packet->key.proto == IPPROTO_TCP ? DROP_FRAGMENT_TINY
							 : (enum drop_reason)verdict);
		return DECIDED_GONE;
	}
	if (packet->flags & PACKET_ICMP_ERROR)
		return DECIDED_WHOLE;
	*data = flow_lookup(appliance->flows, &packet->key, packet->hash);
	if (packet->key.proto == IPPROTO_ICMP && is_asked_anew(mbuf, *data) &&
		admit_is_local(worker, mbuf))
		return DECIDED_WHOLE;
	*data = pipeline_permit(
		worker, mbuf, *data, ruleset_generation(appliance_ruleset(appliance)));
	if (*data == NULL)
		return DECIDED_GONE;
	if (atomic_load_explicit(&flow_path_of_data(*data)->ops, memory_order_relaxed) &
		(FLOW_SIP_UDP | FLOW_SIP_TCP))
		return DECIDED_WHOLE;
	return pipeline_track(worker, mbuf, *data) ? DECIDED_PASS : DECIDED_GONE;
}

/* Fragment of a datagram that passes. */
static void
fragment_forward(struct worker *worker, struct datagram *datagram, struct rte_mbuf *mbuf)
{
	struct appliance *appliance = worker->appliance;
	struct flow *flow = pool_get(flow_pool(appliance->flows), datagram->flow);
	void *data;

	if (flow == NULL) {
		packet_drop(&worker->thread, mbuf, DROP_FLOW_STALE);
		datagram_refuse(&worker->thread, worker->datagrams, datagram);
		return;
	}
	data = pipeline_permit(worker, mbuf, flow_data(flow, datagram->direction),
		ruleset_generation(appliance_ruleset(appliance)));
	if (data == NULL)
		datagram_refuse(&worker->thread, worker->datagrams, datagram);
	else
		forward_fragment(worker, mbuf, flow_path_of_data(data), datagram->id);
}

/* The first fragment is here and its flow known: it goes, and what waited for it. */
static void
datagram_begin(struct worker *worker, struct datagram *datagram, struct rte_mbuf *first, void *data)
{
	struct flow_path *path = flow_path_of_data(data);
	struct rte_mbuf *mbuf;

	datagram->flow = pool_handle(flow_pool(worker->appliance->flows), flow_of_data(data));
	datagram->direction = (uint8_t)flow_direction_of_data(data);
	datagram->id = forward_identification(worker, path, first);
	datagram_pass(&worker->thread, worker->datagrams, datagram);
	forward_fragment(worker, first, path, datagram->id);
	while ((mbuf = datagram_take(worker->datagrams, datagram)) != NULL)
		fragment_forward(worker, datagram, mbuf);
}

/*
 * All fragments are here. What is to be edited gets a new checksum later, so the old one is checked:
 * fragments of two datagrams with one identification must not leave here as a sound one (RFC 4963).
 */
static void
datagram_deliver(struct worker *worker, struct datagram *datagram)
{
	struct burst burst = {.count = 1};
	struct rte_mbuf *whole = datagram_join(&worker->thread, worker->datagrams, datagram);
	const struct packet *packet = packet_of(whole);
	int verdict = parse_layer4(whole, true);

	if (verdict == PARSED_IPV4 && packet->key.proto == IPPROTO_UDP &&
		!checksum_udp_valid(whole, packet->ip_offset, packet->l4_offset))
		verdict = DROP_L4_HEADER;
	if (verdict != PARSED_IPV4) {
		packet_drop(&worker->thread, whole, (enum drop_reason)verdict);
		return;
	}
	if (packet->flags & PACKET_ICMP_ERROR) /* read in one piece; one that stays longer is not */
		rte_pktmbuf_linearize(whole);
	burst.mbuf[0] = whole;
	pipeline_forward(worker, &burst);
}

static void
fragment_hold(struct worker *worker, struct datagram *datagram, struct rte_mbuf *mbuf)
{
	if (datagram_hold(&worker->thread, worker->datagrams, datagram, mbuf) &&
		datagram->state == DATAGRAM_WHOLE && datagram_is_complete(datagram))
		datagram_deliver(worker, datagram);
}

static void
first_take(struct worker *worker, struct datagram *datagram, struct rte_mbuf *mbuf)
{
	void *data = NULL;

	switch (first_decide(worker, mbuf, &data)) {
	case DECIDED_WHOLE:
		datagram->state = DATAGRAM_WHOLE;
		fragment_hold(worker, datagram, mbuf);
		return;
	case DECIDED_PASS:
		datagram_begin(worker, datagram, mbuf, data);
		break;
	case DECIDED_GONE:
		datagram_refuse(&worker->thread, worker->datagrams, datagram);
		break;
	}
	if (datagram_is_complete(datagram))
		datagram_end(worker->datagrams, datagram);
}

static void
fragment_take(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct datagram *datagram;
	int verdict = datagram_add(&worker->thread, worker->datagrams, mbuf, &datagram);

	if (verdict != DATAGRAM_ADDED) {
		packet_drop(&worker->thread, mbuf, (enum drop_reason)verdict);
		return;
	}
	if (datagram->state == DATAGRAM_PASSING) {
		fragment_forward(worker, datagram, mbuf);
		if (datagram_is_complete(datagram))
			datagram_end(worker->datagrams, datagram);
	} else if (datagram->state == DATAGRAM_WAITING && fragment_is_first(mbuf)) {
		first_take(worker, datagram, mbuf);
	} else {
		fragment_hold(worker, datagram, mbuf);
	}
}

void
fragment_stage_own(struct worker *worker, struct burst *fragments)
{
	for (unsigned int i = 0; i < fragments->count; i++)
		fragment_take(worker, fragments->mbuf[i]);
}

void
fragment_stage(struct worker *worker, struct burst *fragments)
{
	struct thread *self = &worker->thread;

	event_count(self->counters, EVENT_FRAGMENTS_IN, fragments->count);
	for (unsigned int i = 0; i < fragments->count; i++) {
		struct rte_mbuf *mbuf = fragments->mbuf[i];
		/* The high half: the low one chooses the bucket in the worker's table. */
		uint64_t high = packet_of(mbuf)->hash >> 32;
		unsigned int to = (unsigned int)(high * worker->appliance->workers >> 32);

		if (to == self->id)
			fragment_take(worker, mbuf);
		else
			handoff_send(self, worker->appliance->handoff, to, HANDOFF_FRAGMENT, mbuf);
	}
}

unsigned int
fragment_stage_age(struct worker *worker)
{
	struct thread *self = &worker->thread;
	unsigned int expired = 0;
	struct datagram *datagram;

	while (expired < EXPIRED_A_TURN &&
		(datagram = datagram_due(worker->datagrams, self->now_ms)) != NULL) {
		if (datagram->state == DATAGRAM_WHOLE)
			forward_error(worker, datagram->first,
				(struct icmp_error){ICMP_TIME_EXCEEDED, ICMP_CODE_REASSEMBLY, 0});
		datagram_expire(self, worker->datagrams, datagram);
		expired++;
	}
	return expired;
}
