/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fast path's last step: run one direction's operations over one packet (RFC 3022 4.1, checksum
 * update RFC 1624 equation 3). It decides nothing; what to write was computed with the flow.
 */
#ifndef FLOW_FLOW_TRANSLATE_H
#define FLOW_FLOW_TRANSLATE_H

#include <rte_byteorder.h>
#include <rte_icmp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "flow.h"
#include "net/checksum.h"

/* Delta of a TTL that becomes one less: TTL is the high byte of its 16-bit word. */
enum { FLOW_TTL_DELTA = RTE_BE16(0xfeff) };

static inline void
flow_translate_udp(const struct flow_path *path, struct rte_udp_hdr *udp)
{
	udp->src_port = path->new_src_port;
	udp->dst_port = path->new_dst_port;
	if (udp->dgram_cksum != 0) {
		const uint16_t checksum = checksum_apply(udp->dgram_cksum, path->l4_delta);

		udp->dgram_cksum = checksum != 0 ? checksum : 0xffff;
	}
}

static inline void
flow_translate_l4(const struct flow_path *path, struct rte_mbuf *mbuf)
{
	void *l4 = packet_l4(mbuf);
	struct rte_tcp_hdr *tcp = l4;
	struct rte_icmp_hdr *icmp = l4;

	switch (path->key.proto) {
	case IPPROTO_UDP:
		flow_translate_udp(path, l4);
		break;
	case IPPROTO_TCP:
		tcp->src_port = path->new_src_port;
		tcp->dst_port = path->new_dst_port;
		tcp->cksum = checksum_apply(tcp->cksum, path->l4_delta);
		break;
	case IPPROTO_ICMP:
		icmp->icmp_ident = path->new_src_port;
		icmp->icmp_cksum = checksum_apply(icmp->icmp_cksum, path->l4_delta);
		break;
	default:
		break;
	}
}

static inline void
flow_translate_headers(
	const struct thread *self, struct flow_path *path, struct rte_mbuf *mbuf, bool layer4)
{
	struct rte_ipv4_hdr *ip = packet_ip(mbuf);
	uint32_t sum = (uint32_t)(uint16_t)~ip->hdr_checksum + FLOW_TTL_DELTA;

	ip->time_to_live--;
	if (atomic_load_explicit(&path->ops, memory_order_relaxed) & FLOW_REWRITE) {
		sum += path->ip_delta;
		ip->src_addr = path->new_src;
		ip->dst_addr = path->new_dst;
		if (layer4)
			flow_translate_l4(path, mbuf);
	}
	ip->hdr_checksum = (uint16_t)~checksum_fold(sum);

	counter_add(&path->packets, 1);
	counter_add(&path->bytes, packet_of(mbuf)->ip_length);
	if (atomic_load_explicit(&path->last_seen_s, memory_order_relaxed) != self->now_s)
		atomic_store_explicit(&path->last_seen_s, self->now_s, memory_order_relaxed);
}

/**
 * Apply a direction's operations to one packet: TTL, addresses, ports, checksums (UDP checksum 0
 * stays 0), counters, last_seen. The caller has checked TTL > 1. Worker.
 */
static inline void
flow_translate(const struct thread *self, struct flow_path *path, struct rte_mbuf *mbuf)
{
	flow_translate_headers(self, path, mbuf, true);
}

/** The same for a fragment behind the first, which has neither ports nor their checksum. Worker. */
static inline void
flow_translate_fragment(const struct thread *self, struct flow_path *path, struct rte_mbuf *mbuf)
{
	flow_translate_headers(self, path, mbuf, false);
}

#endif
