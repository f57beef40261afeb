/* SPDX-License-Identifier: BSD-3-Clause */
/* Synchronization: none; each worker answers what it received. */
#include "tcp_unknown.h"

#include <rte_tcp.h>

#include "net/datagram.h"

enum { RST_TTL = 64 };

/* RFC 9293 3.10.7.1: only what acknowledges tells which number a RST must have; a RST has no answer. */
static bool
answerable(const struct worker *worker, struct rte_mbuf *about)
{
	const struct packet *packet = packet_of(about);
	const rte_be32_t source = packet->key.src;

	return (packet->tcp_flags & (RTE_TCP_ACK_FLAG | RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG)) ==
		       RTE_TCP_ACK_FLAG &&
	       !fragment_is_one(about) && !interface_address_is_martian(source) &&
	       interface_address_kind(worker->appliance->interfaces, source) == 0;
}

static void
put_headers(struct rte_ipv4_hdr *ip, struct rte_mbuf *about)
{
	const struct rte_ipv4_hdr *asked = packet_ip(about);
	const struct rte_tcp_hdr *segment = packet_l4(about);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(sizeof(*ip) + sizeof(*tcp)),
		.packet_id = 0, /* with DF it means nothing (RFC 6864 4.1) */
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = RST_TTL,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = asked->dst_addr,
		.dst_addr = asked->src_addr,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*tcp = (struct rte_tcp_hdr){
		.src_port = segment->dst_port,
		.dst_port = segment->src_port,
		.sent_seq = segment->recv_ack,
		.data_off = sizeof(*tcp) / 4 << 4,
		.tcp_flags = RTE_TCP_RST_FLAG,
	};
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

void
tcp_unknown_answer(struct worker *worker, struct rte_mbuf *about)
{
	const struct appliance *appliance = worker->appliance;
	const struct packet *from = packet_of(about);
	const bool inner =
		appliance->interfaces->entry[from->interface].nat_side != NAT_SIDE_OUTSIDE;
	const struct route route = route_lookup(appliance->routes, from->key.src);
	const uint16_t length = sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr);
	struct rte_mbuf *mbuf;

	if (!answerable(worker, about) ||
		(route.kind != ROUTE_CONNECTED && route.kind != ROUTE_GATEWAY) ||
		!icmp_limiter_take(&worker->limiter[inner], worker->thread.now_ms))
		return;
	mbuf = rte_pktmbuf_alloc(appliance->mempool);
	if (mbuf == NULL) {
		counter_add(&worker->thread.counters->drop[DROP_NO_MBUF], 1);
		return;
	}
	put_headers((struct rte_ipv4_hdr *)rte_pktmbuf_append(mbuf, length), about);
	*packet_of(mbuf) = (struct packet){
		.interface = from->interface,
		.l4_offset = sizeof(struct rte_ipv4_hdr),
		.payload_offset = length,
		.ip_length = length,
		.egress = route.interface,
		.next_hop = route.next_hop,
	};
	event_count(worker->thread.counters, EVENT_TCP_SIP_RESET, 1);
	neighbour_output(&worker->thread, &worker->output, mbuf);
}
