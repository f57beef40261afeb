/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet's path. Read this file first.
 *
 *   receive ─▶ parse_burst ─▶ flow_lookup_burst ─┬─ hit ──────────────────▶ tcp ─▶ sip ─▶ forward
 *                 │                              └─ miss ─▶ admit (policy, NAT, new flow) ─▲
 *                 └─ ARP ─▶ neighbour_arp_burst
 *
 * Stages take a burst of up to 32 packets. A packet leaves a stage for the next one, or by
 * hand-off, hold queue, or packet_drop() with a reason; there is no other way out.
 *
 * Established flows look up, run their operations and leave; they decide nothing. Whatever decides
 * is in admit.c (once a conversation) and sip_stage.c (SIP messages only).
 */
#include "pipeline.h"
#include "flow/tcp.h"
#include "net/parse.h"

/*
 * Hits that may pass as they are; all else is sent through admit(). Compacts burst and data
 * together.
 */
static void
stage_admit(struct worker *worker, struct burst *burst, void **data)
{
	uint16_t generation = ruleset_generation(appliance_ruleset(worker->appliance));
	unsigned int kept = 0;

	for (unsigned int i = 0; i < burst->count; i++) {
		struct rte_mbuf *mbuf = burst->mbuf[i];
		void *hit = data[i];

		if (likely(hit != NULL)) {
			struct flow_path *path =
				&flow_of_data(hit)->path[flow_direction_of_data(hit)];
			/* relaxed: both are hints that send a packet to the slow path */
			uint16_t ops = atomic_load_explicit(&path->ops, memory_order_relaxed);
			uint16_t checked = atomic_load_explicit(
				&path->ruleset_generation, memory_order_relaxed);

			if (likely((ops & FLOW_PERMITTED) && checked == generation)) {
				data[kept] = hit;
				burst->mbuf[kept++] = mbuf;
				continue;
			}
		}
		hit = admit(worker, mbuf, hit);
		if (hit != NULL) {
			data[kept] = hit;
			burst->mbuf[kept++] = mbuf;
		}
	}
	burst->count = kept;
}

/* TCP state of each packet's flow; segments impossible in it end here. */
static bool
stage_tcp(struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction,
	uint16_t ops)
{
	if (tcp_segment(flow, direction, packet_of(mbuf)->tcp_flags) != 0) {
		packet_drop(&worker->thread, mbuf, DROP_TCP_STATE);
		return false;
	}
	if (unlikely(ops & FLOW_SIP_TCP))
		event_count(worker->thread.counters, EVENT_TCP_SIP_LAYER4, 1);
	return true;
}

void
pipeline_forward(struct worker *worker, struct burst *burst)
{
	void *data[BURST_MAX];

	flow_lookup_burst(worker->appliance->flows, burst->mbuf, burst->count, data);
	stage_admit(worker, burst, data);
	for (unsigned int i = 0; i < burst->count; i++) {
		struct rte_mbuf *mbuf = burst->mbuf[i];
		struct flow *flow = flow_of_data(data[i]);
		unsigned int direction = flow_direction_of_data(data[i]);
		struct flow_path *path = &flow->path[direction];
		uint16_t ops = atomic_load_explicit(&path->ops, memory_order_relaxed);

		if ((ops & FLOW_TCP) && !stage_tcp(worker, mbuf, flow, direction, ops))
			continue;
		if (unlikely(ops & FLOW_SIP_UDP)) {
			mbuf = sip_stage(worker, mbuf, flow, direction);
			if (mbuf == NULL)
				continue;
		}
		forward_packet(worker, mbuf, path);
	}
}

void
pipeline_receive(struct worker *worker, uint16_t port, struct burst *burst)
{
	struct parse_result parsed;

	parse_burst(&worker->thread, worker->appliance->interfaces, port, worker->promiscuous,
		burst, &parsed);
	if (unlikely(parsed.arp.count > 0))
		neighbour_arp_burst(&worker->thread, &worker->output, &parsed.arp);
	if (likely(parsed.ipv4.count > 0))
		pipeline_forward(worker, &parsed.ipv4);
}
