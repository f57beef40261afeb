/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Last stage, the way of nearly every packet. In a header, so that it becomes part of the
 * pipeline's loop.
 */
#ifndef APP_FORWARD_H
#define APP_FORWARD_H

#include "flow/flow_translate.h"
#include "net/datagram.h"
#include "net/frame.h"
#include "worker.h"

/** The same for any packet: something stands against it, or its next hop needs care. Takes it. */
void forward_unusual(struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path);

/**
 * Identification with which a packet of this direction leaves in fragments: its own, or one of ours
 * where its source is translated, since other hosts may use the same (RFC 6864 5.3).
 */
rte_be16_t forward_identification(
	struct worker *worker, const struct flow_path *path, struct rte_mbuf *mbuf);

/** A fragment, by the flow of its datagram and with this identification. Takes it. */
void forward_fragment(
	struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path, rte_be16_t id);

/** Packet to send: TTL, MTU, next hop, translate, out. Takes it. */
static inline void
forward_packet(struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path)
{
	const struct interface *egress = &worker->output.interfaces->entry[path->egress];
	const struct packet *packet = packet_of(mbuf);
	uint64_t link = neighbour_link(worker->output.neighbours, path->neighbour,
		path->neighbour_generation, worker->thread.now_s);

	if (unlikely(link == 0 || packet->ip_length > egress->mtu ||
		     packet_ip(mbuf)->time_to_live <= 1)) {
		forward_unusual(worker, mbuf, path);
		return;
	}
	flow_translate(&worker->thread, path, mbuf);
	frame_output(&worker->thread, &worker->output,
		&(struct frame){egress, link, RTE_BE16(RTE_ETHER_TYPE_IPV4), packet->ip_offset},
		mbuf);
}

#endif
