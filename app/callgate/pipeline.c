/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet's path. Read this file first.
 *
 *   receive ─▶ parse_burst ─▶ flow look-up ──────┬─ plain hit ──────────────────────▶ forward
 *                 │                              ├─ hit ───▶ tcp, icmp ─▶ sip ────────▲
 *                 │                              │                  └─▶ stream_stage ──▲ (SIP over TCP)
 *                 │                              └─ miss ─▶ admit ─▲ (policy, NAT, new flow)
 *                 ├─ ARP ─▶ neighbour_arp_burst
 *                 └─ fragments ─▶ fragment_stage (each by its flow, or whole to flow_lookup_burst)
 *
 * Stages take a burst of up to 32 packets. A packet leaves a stage for the next one, or by
 * hand-off, hold queue, or packet_drop() with a reason; there is no other way out.
 *
 * Established flows look up, run their operations and leave; they decide nothing. Whatever decides
 * is in admit.c (once a conversation) and sip_stage.c (SIP messages only).
 */
#include <rte_icmp.h>

#include "flow/flow_account.h"
#include "flow/tcp.h"
#include "flow/tcp_sequence.h"
#include "flow/tcp_window.h"
#include "forward.h"
#include "net/parse.h"
#include "net/tcp_option.h"
#include "pipeline.h"
#include "stream.h"

/* Operations of a direction, as far as they were decided under the ruleset in force; else none. */
static inline uint16_t
path_ops(const struct flow_path *path, uint16_t generation)
{
	/* relaxed: both are hints that send a packet to the slow path */
	if (unlikely(atomic_load_explicit(&path->ruleset_generation, memory_order_relaxed) !=
		     generation))
		return 0;
	return atomic_load_explicit(&path->ops, memory_order_relaxed);
}

/* May packets of this direction pass, and is translation all they need? */
static inline bool
path_is_plain(const struct flow_path *path, uint16_t generation)
{
	return (path_ops(path, generation) & (FLOW_PERMITTED | FLOW_TCP | FLOW_TCP_MSS | FLOW_ICMP |
						     FLOW_SIP_UDP | FLOW_SIP_TCP)) ==
	       FLOW_PERMITTED;
}

void
forward_unseen(struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path)
{
	/* relaxed: its writer is whoever forwards in this direction, as a rule this worker alone */
	uint32_t last_seen_s = atomic_load_explicit(&path->last_seen_s, memory_order_relaxed);

	forward_unusual(worker, mbuf, path);
	atomic_store_explicit(&path->last_seen_s, last_seen_s, memory_order_relaxed);
}

/* inspect.tcp_window_check: do the segment's numbers fit what both ends have said? */
static bool
operate_window(struct worker *worker, struct rte_mbuf *mbuf, void *hit)
{
	const struct packet *packet = packet_of(mbuf);
	uint32_t length = TCP_LENGTH_UNKNOWN;

	if (!fragment_is_one(mbuf))
		length = packet->ip_length - (uint32_t)(packet->payload_offset - packet->ip_offset);
	return tcp_window(worker->appliance->flows, flow_of_data(hit), flow_direction_of_data(hit),
		packet_l4(mbuf), length);
}

/* TCP state of a packet's flow. False: the packet is gone, most often for a segment impossible in it. */
static bool
operate_tcp(struct worker *worker, struct rte_mbuf *mbuf, void *hit, uint16_t ops)
{
	const uint8_t tcp_flags = packet_of(mbuf)->tcp_flags;
	struct flow *flow = flow_of_data(hit);
	unsigned int direction = flow_direction_of_data(hit);
	/* The ends of a stream do not number bytes alike: stream_stage.c looks at them. */
	const bool spliced = unlikely(ops & FLOW_SIP_TCP) && stream_exists(worker->appliance, flow);
	int effect;

	if (worker->tcp_rst_check && !spliced &&
		!tcp_sequence(worker->appliance->flows, flow, direction, packet_l4(mbuf))) {
		if (tcp_answers_syn(packet_l4(mbuf)) && !fragment_is_one(mbuf))
			forward_unseen(worker, mbuf, flow_path_of_data(hit));
		else
			packet_drop(&worker->thread, mbuf, DROP_TCP_RST_SEQUENCE);
		return false;
	}
	if (unlikely(ops & FLOW_TCP_WINDOW) && !spliced && !operate_window(worker, mbuf, hit)) {
		packet_drop(&worker->thread, mbuf, DROP_TCP_WINDOW);
		return false;
	}
	effect = tcp_segment(flow, direction, tcp_flags);
	if (unlikely(effect == TCP_MOVES) && !(ops & FLOW_TCP_LOOSE))
		flow_account_tcp(worker->appliance->flows, flow);
	if (unlikely(effect == TCP_ASK_POLICY && !admit_reverse(worker, mbuf, hit)))
		effect = -EPROTO;
	if (unlikely(effect < 0 && !(ops & FLOW_TCP_LOOSE))) {
		packet_drop(&worker->thread, mbuf, DROP_TCP_STATE);
		return false;
	}
	if (unlikely(effect < 0) && tcp_adopt(flow, direction, tcp_flags) && worker->tcp_rst_check)
		tcp_sequence_unknown(worker->appliance->flows, flow);
	if (unlikely(tcp_flags & TCP_RST) && effect == TCP_STAYS) {
		/* Only the end that was asked can say that it keeps nothing of a handshake. */
		if (direction == 1)
			flow_account_refused(worker->appliance->flows, flow);
		/* One in fragments takes their way, which knows of no other. */
		if (!fragment_is_one(mbuf) && !spliced) {
			forward_unseen(worker, mbuf, flow_path_of_data(hit));
			return false;
		}
	}
	return true;
}

/* The least of what the interfaces on the way allow. Both directions of a flow have the same two. */
static void
operate_mss(struct worker *worker, struct rte_mbuf *mbuf, const struct flow_path *path)
{
	const struct interface_table *interfaces = worker->appliance->interfaces;
	uint16_t in = interfaces->entry[packet_of(mbuf)->interface].tcp_mss;
	uint16_t out = interfaces->entry[path->egress].tcp_mss;

	if (tcp_mss_clamp(mbuf, in && out ? RTE_MIN(in, out) : RTE_MAX(in, out)))
		event_count(worker->thread.counters, EVENT_TCP_MSS_CLAMPED, 1);
}

/*
 * An identifier says nothing of who asked: requests go the way the flow was opened, replies come
 * back (RFC 5508 section 3). The other end may have chosen the same one to ask the host behind, or
 * callgate itself (some hosts ask everybody with one). Others end here: false.
 */
static bool
operate_icmp(struct worker *worker, struct rte_mbuf *mbuf, void *hit)
{
	const struct rte_icmp_hdr *icmp = packet_l4(mbuf);
	const bool query = icmp_is_query(icmp->icmp_type);

	if (query || icmp_is_query_reply(icmp->icmp_type)) {
		if (likely(query == (flow_direction_of_data(hit) == 0)) ||
			admit_query_back(worker, mbuf, hit))
			return true;
		if (query && admit_is_local(worker, mbuf)) {
			admit_to_self(worker, mbuf);
			return false;
		}
	}
	packet_drop(&worker->thread, mbuf, DROP_ICMP_TYPE);
	return false;
}

void *
pipeline_permit(struct worker *worker, struct rte_mbuf *mbuf, void *data, uint16_t generation)
{
	if (data != NULL && (path_ops(flow_path_of_data(data), generation) & FLOW_PERMITTED))
		return data;
	return admit(worker, mbuf, data);
}

bool
pipeline_track(struct worker *worker, struct rte_mbuf *mbuf, void *data)
{
	uint16_t ops = atomic_load_explicit(&flow_path_of_data(data)->ops, memory_order_relaxed);

	if ((ops & FLOW_TCP) && !operate_tcp(worker, mbuf, data, ops))
		return false;
	if ((ops & FLOW_TCP_MSS) && (packet_of(mbuf)->tcp_flags & TCP_SYN))
		operate_mss(worker, mbuf, flow_path_of_data(data));
	return !(ops & FLOW_ICMP) || operate_icmp(worker, mbuf, data);
}

/*
 * A packet that needs more than translation: a decision, its TCP state, the ALG. Returns the packet
 * to forward and, in *hit, its flow as the table holds it; NULL: it is gone.
 */
static __rte_noinline struct rte_mbuf *
pipeline_operate(struct worker *worker, struct rte_mbuf *mbuf, void **hit, uint16_t generation)
{
	uint16_t ops;

	*hit = pipeline_permit(worker, mbuf, *hit, generation);
	if (*hit == NULL)
		return NULL;
	ops = atomic_load_explicit(&flow_path_of_data(*hit)->ops, memory_order_relaxed);
	if ((ops & FLOW_SIP_TCP) && stream_is_elsewhere(worker, mbuf, flow_of_data(*hit)))
		return NULL;
	if (!pipeline_track(worker, mbuf, *hit))
		return NULL;
	if (ops & FLOW_SIP_UDP)
		return sip_stage(worker, mbuf, flow_of_data(*hit), flow_direction_of_data(*hit));
	if (ops & FLOW_SIP_TCP) {
		stream_segment(worker, mbuf, flow_of_data(*hit), flow_direction_of_data(*hit));
		return NULL;
	}
	return mbuf;
}

/*
 * SIP messages of permitted flows at the head of a burst: how many were taken. A single one is left
 * to pipeline_operate().
 */
static __rte_noinline unsigned int
pipeline_sip(struct worker *worker, struct rte_mbuf **mbuf, void **data, unsigned int left,
	uint16_t generation)
{
	unsigned int count = 0;

	while (count < left && data[count] != NULL &&
		(path_ops(flow_path_of_data(data[count]), generation) &
			(FLOW_PERMITTED | FLOW_SIP_UDP)) == (FLOW_PERMITTED | FLOW_SIP_UDP))
		count++;
	if (count < 2)
		return 0;
	sip_stage_burst(worker, mbuf, data, count);
	for (unsigned int i = 0; i < count; i++) {
		if (mbuf[i] != NULL)
			forward_packet(worker, mbuf[i], flow_path_of_data(data[i]));
	}
	return count;
}

/*
 * One loop does all the rest, so that packets whose flow is in the cache by now are worked on while
 * the flows of later ones are still on their way from memory.
 */
static void
pipeline_pass(struct worker *worker, struct burst *burst, void **data)
{
	uint16_t generation = ruleset_generation(appliance_ruleset(worker->appliance));

	for (unsigned int i = 0; i < burst->count; i++) {
		struct rte_mbuf *mbuf = burst->mbuf[i];

		if (unlikely(data[i] == NULL ||
			     !path_is_plain(flow_path_of_data(data[i]), generation))) {
			unsigned int messages = pipeline_sip(
				worker, &burst->mbuf[i], &data[i], burst->count - i, generation);

			if (messages > 0) {
				i += messages - 1;
				continue;
			}
			mbuf = pipeline_operate(worker, mbuf, &data[i], generation);
			if (mbuf == NULL)
				continue;
		}
		forward_packet(worker, mbuf, flow_path_of_data(data[i]));
	}
}

void
pipeline_forward(struct worker *worker, struct burst *burst)
{
	void *data[BURST_MAX];

	flow_lookup_burst(worker->appliance->flows, burst->mbuf, burst->count, data);
	pipeline_pass(worker, burst, data);
}

/* Parse one half of a burst and ask for its flows. */
static void
pipeline_find(struct worker *worker, uint16_t port, const struct burst *half,
	struct parse_result *parsed, void **data)
{
	parse_burst(&worker->thread, worker->appliance->interfaces, port, worker->promiscuous, half,
		parsed);
	if (unlikely(parsed->arp.count > 0))
		neighbour_arp_burst(&worker->thread, &worker->output, &parsed->arp);
	flow_lookup_begin(worker->appliance->flows, parsed->ipv4.mbuf, parsed->ipv4.count, data);
}

/* In halves: while the second one is parsed, the flows of the first arrive from memory. */
void
pipeline_receive(struct worker *worker, uint16_t port, struct burst *burst)
{
	struct burst half[2];
	struct parse_result parsed[2];
	void *data[2][BURST_MAX / 2];

	half[0].count = RTE_MIN(burst->count, (unsigned int)BURST_MAX / 2);
	half[1].count = burst->count - half[0].count;
	for (unsigned int i = 0, first = 0; i < 2; first += half[i++].count) {
		memcpy(half[i].mbuf, &burst->mbuf[first], half[i].count * sizeof(burst->mbuf[0]));
		pipeline_find(worker, port, &half[i], &parsed[i], data[i]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		flow_lookup_end(worker->appliance->flows, parsed[i].ipv4.mbuf, parsed[i].ipv4.count,
			data[i]);
		pipeline_pass(worker, &parsed[i].ipv4, data[i]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		if (unlikely(parsed[i].fragments.count > 0))
			fragment_stage(worker, &parsed[i].fragments);
	}
}
