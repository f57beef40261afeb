/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parse: from a received frame to a flow key, one pass over the burst.
 *
 * The usual frame is an untagged UDP datagram to us, whole and without options, whose lengths
 * agree and whose addresses are no special ones. It is read here with few instructions. Any other
 * frame goes to parse_frame(), which judges it afresh and names what is wrong with it: the usual
 * path accepts, it never refuses.
 * Synchronization: none; a worker parses its own packets, the interface table is read-only.
 * Limits: all headers stand in the first segment of a chained mbuf.
 */
#include "parse_priv.h"

#include <rte_prefetch.h>

enum { PREFETCH_AHEAD = 8 };

struct usual_frame {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __rte_packed __rte_aligned(2);

/* The untagged interface of the port, ready for comparison and copying. */
struct usual {
	uint64_t mac, mac_mask; /* own address in the low 48 bits; mask 0: any destination */
	uint64_t key_high; /* of a key with ports 0 */
	struct packet packet; /* all that is the same in each */
};

static void
usual_prepare(const struct parse_context *context, struct usual *usual)
{
	const struct interface *interface = context->untagged;

	*usual = (struct usual){
		.mac_mask = context->promiscuous ? 0 : UINT64_C(0x0000ffffffffffff),
		.key_high = parse_key_high(interface->realm, IPPROTO_UDP, 0),
		.packet =
			{
				.interface = interface->index,
				.ip_offset = IP_OFFSET,
				.l4_offset = offsetof(struct usual_frame, udp),
				.payload_offset = sizeof(struct usual_frame),
			},
	};
	memcpy(&usual->mac, &interface->mac, sizeof(interface->mac));
}

static inline bool
usual_headers(
	const struct usual *usual, const struct rte_mbuf *mbuf, const struct usual_frame *frame)
{
	uint64_t destination;

	if (unlikely(mbuf->data_len < sizeof(*frame)))
		return false;
	memcpy(&destination, frame, sizeof(destination));
	return ((destination ^ usual->mac) & usual->mac_mask) == 0 &&
	       !(mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) &&
	       frame->ether.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       frame->ip.version_ihl == RTE_IPV4_VHL_DEF &&
	       frame->ip.next_proto_id == IPPROTO_UDP &&
	       !(frame->ip.fragment_offset &
		       RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) &&
	       rte_be_to_cpu_16(frame->ip.total_length) + sizeof(frame->ether) == mbuf->pkt_len &&
	       rte_be_to_cpu_16(frame->udp.dgram_len) + offsetof(struct usual_frame, udp) ==
		       mbuf->pkt_len &&
	       ip_checksum_valid(&frame->ip);
}

/* Addresses of single hosts, the source none of ours. */
static inline bool
usual_addresses(const struct interface_table *interfaces, const struct rte_ipv4_hdr *ip)
{
	return !interface_address_is_martian(ip->src_addr) &&
	       !interface_address_is_martian(ip->dst_addr) &&
	       !interface_address_kind(interfaces, ip->src_addr) &&
	       !interface_address_is_broadcast(interfaces, ip->dst_addr);
}

/* Parse a usual frame; false: it is none, and nothing was written. */
static inline bool
parse_usual(
	const struct usual *usual, const struct interface_table *interfaces, struct rte_mbuf *mbuf)
{
	const struct usual_frame *frame = rte_pktmbuf_mtod(mbuf, const struct usual_frame *);
	struct packet *packet = packet_of(mbuf);
	uint32_t ports;

	if (unlikely(
		    !usual_headers(usual, mbuf, frame) || !usual_addresses(interfaces, &frame->ip)))
		return false;
	*packet = usual->packet;
	packet->ip_length = (uint16_t)(mbuf->pkt_len - sizeof(frame->ether));
	memcpy(&ports, &frame->udp, sizeof(ports));
	parse_key(packet, &frame->ip, usual->key_high | ports);
	return true;
}

static inline void
prefetch_frame(struct rte_mbuf *mbuf)
{
	rte_prefetch0(rte_pktmbuf_mtod(mbuf, void *));
	rte_prefetch0(packet_of(mbuf));
}

void
parse_burst(struct thread *self, const struct interface_table *interfaces, uint16_t port,
	bool promiscuous, const struct burst *burst, struct parse_result *result)
{
	const struct parse_context context = {
		interfaces, interface_find(interfaces, port, 0), port, promiscuous};
	unsigned int arp = 0, ipv4 = 0, fragments = 0;
	struct usual usual;

	if (context.untagged)
		usual_prepare(&context, &usual);
	for (unsigned int i = 0; i < PREFETCH_AHEAD && i < burst->count; i++)
		prefetch_frame(burst->mbuf[i]);
	for (unsigned int i = 0; i < burst->count; i++) {
		struct rte_mbuf *mbuf = burst->mbuf[i];
		int verdict = PARSED_IPV4;

		if (i + PREFETCH_AHEAD < burst->count)
			prefetch_frame(burst->mbuf[i + PREFETCH_AHEAD]);
		if (unlikely(!context.untagged || !parse_usual(&usual, interfaces, mbuf)))
			verdict = parse_frame(&context, mbuf);
		if (likely(verdict == PARSED_IPV4))
			result->ipv4.mbuf[ipv4++] = mbuf;
		else if (verdict == PARSED_ARP)
			result->arp.mbuf[arp++] = mbuf;
		else if (verdict == PARSED_FRAGMENT)
			result->fragments.mbuf[fragments++] = mbuf;
		else
			packet_drop(self, mbuf, (enum drop_reason)verdict);
	}
	result->ipv4.count = ipv4;
	result->arp.count = arp;
	result->fragments.count = fragments;
}
