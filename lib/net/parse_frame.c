/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One frame, whatever it is: every check, in the order of the layers. Each returns the drop reason
 * that names it. The usual frame never comes here (parse.c).
 * Limits: all headers stand in the first segment of a chained mbuf.
 */
#include "parse_priv.h"

#include <stddef.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_tcp.h>

enum {
	OPTION_LSRR = 131,
	OPTION_SSRR = 137,
	ICMP_HEADER_LENGTH = 8,
	ICMP_ERROR_PORTS = 1, /* not the same twice, as those of a query: no flow has such a key */
};

/* RFC 791 3.1: source routes are refused, options that overrun their header too. */
static int
parse_ip_options(const uint8_t *option, const uint8_t *end)
{
	while (option < end && option[0] != 0) {
		if (option[0] == 1) { /* no operation */
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			return DROP_IP_HEADER;
		if (option[0] == OPTION_LSRR || option[0] == OPTION_SSRR)
			return DROP_IP_OPTIONS;
		option += option[1];
	}
	return PARSED_IPV4;
}

/* The first byte is not 0x45: another version, an impossible length, or options. */
static __rte_noinline int
parse_ip_unusual(const struct rte_mbuf *mbuf, const struct rte_ipv4_hdr *ip)
{
	uint32_t header_length = rte_ipv4_hdr_len(ip);

	if (ip->version_ihl >> 4 != 4)
		return DROP_IP_VERSION;
	if (header_length < sizeof(*ip))
		return DROP_IP_HEADER;
	if (mbuf->data_len < IP_OFFSET + header_length)
		return DROP_TRUNCATED;
	if (rte_raw_cksum(ip, header_length) != 0xffff)
		return DROP_IP_CHECKSUM;
	return parse_ip_options((const uint8_t *)(ip + 1), (const uint8_t *)ip + header_length);
}

/* Cut what follows the IP packet: Ethernet padding, or whole segments of a chained mbuf. */
static __rte_noinline void
parse_trim(struct rte_mbuf *mbuf, uint32_t length)
{
	struct rte_mbuf *segment = mbuf;
	uint32_t before = 0;
	uint16_t segments = 1;

	while (before + segment->data_len < length) {
		before += segment->data_len;
		segment = segment->next;
		segments++;
	}
	segment->data_len = (uint16_t)(length - before);
	rte_pktmbuf_free(segment->next);
	segment->next = NULL;
	mbuf->nb_segs = segments;
	mbuf->pkt_len = length;
}

static inline int
parse_tcp(const struct rte_mbuf *mbuf, struct packet *packet, uint32_t l4_length, uint32_t *ports)
{
	const struct rte_tcp_hdr *tcp =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_tcp_hdr *, packet->l4_offset);
	uint32_t header_length;

	if (unlikely(l4_length < sizeof(*tcp) || mbuf->data_len < packet->l4_offset + sizeof(*tcp)))
		return DROP_L4_HEADER;
	header_length = (uint32_t)(tcp->data_off >> 4) * 4;
	packet->payload_offset = (uint16_t)(packet->l4_offset + header_length);
	if (unlikely(header_length < sizeof(*tcp) || header_length > l4_length ||
		     mbuf->data_len < packet->payload_offset))
		return DROP_L4_HEADER;
	memcpy(ports, tcp, sizeof(*ports));
	packet->tcp_flags = tcp->tcp_flags;
	return PARSED_IPV4;
}

static inline int
parse_udp(const struct rte_mbuf *mbuf, struct packet *packet, uint32_t l4_length, uint32_t *ports)
{
	const struct rte_udp_hdr *udp =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_udp_hdr *, packet->l4_offset);
	uint32_t length;

	packet->payload_offset = (uint16_t)(packet->l4_offset + sizeof(*udp));
	if (unlikely(l4_length < sizeof(*udp) || mbuf->data_len < packet->payload_offset))
		return DROP_L4_HEADER;
	length = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(length < sizeof(*udp) || length > l4_length))
		return DROP_L4_HEADER;
	memcpy(ports, udp, sizeof(*ports));
	return PARSED_IPV4;
}

static inline int
parse_icmp(const struct rte_mbuf *mbuf, struct packet *packet, uint32_t l4_length, uint32_t *ports)
{
	const struct rte_icmp_hdr *icmp =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_icmp_hdr *, packet->l4_offset);

	packet->payload_offset = (uint16_t)(packet->l4_offset + ICMP_HEADER_LENGTH);
	if (unlikely(l4_length < ICMP_HEADER_LENGTH || mbuf->data_len < packet->payload_offset))
		return DROP_L4_HEADER;
	*ports = 0;
	switch (icmp->icmp_type) {
	case ICMP_ECHO:
	case ICMP_ECHO_REPLY:
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMP_REPLY:
		*ports = (uint32_t)icmp->icmp_ident << 16 | icmp->icmp_ident;
		break;
	case 3: /* destination unreachable */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		packet->flags = PACKET_ICMP_ERROR;
		*ports = ICMP_ERROR_PORTS;
		break;
	/* Redirects too, which are for a host on the link, never for one behind us; and source quench, which
	 * does nothing but harm (RFC 6633). */
	default:
		packet->flags = PACKET_ICMP_OTHER;
	}
	return PARSED_IPV4;
}

static inline int
parse_l4(const struct rte_mbuf *mbuf, struct packet *packet, uint8_t proto, uint32_t l4_length,
	uint32_t *ports)
{
	switch (proto) {
	case IPPROTO_UDP:
		return parse_udp(mbuf, packet, l4_length, ports);
	case IPPROTO_TCP:
		return parse_tcp(mbuf, packet, l4_length, ports);
	case IPPROTO_ICMP:
		return parse_icmp(mbuf, packet, l4_length, ports);
	default:
		*ports = 0;
		packet->payload_offset = packet->l4_offset;
		return PARSED_IPV4;
	}
}

static inline int
parse_ipv4(const struct interface_table *interfaces, const struct interface *interface,
	struct rte_mbuf *mbuf)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, IP_OFFSET);
	struct packet *packet = packet_of(mbuf);
	uint32_t header_length = sizeof(*ip);
	uint32_t total_length, ports;
	int verdict;

	if (unlikely(mbuf->data_len < IP_OFFSET + sizeof(*ip)))
		return DROP_TRUNCATED;
	if (unlikely(ip->version_ihl != RTE_IPV4_VHL_DEF)) {
		verdict = parse_ip_unusual(mbuf, ip);
		if (verdict != PARSED_IPV4)
			return verdict;
		header_length = rte_ipv4_hdr_len(ip);
	} else if (unlikely(!ip_checksum_valid(ip))) {
		return DROP_IP_CHECKSUM;
	}
	total_length = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(total_length < header_length))
		return DROP_IP_HEADER;
	if (unlikely(total_length + IP_OFFSET > mbuf->pkt_len))
		return DROP_TRUNCATED;
	if (unlikely(interface_address_is_martian(ip->src_addr) ||
		     interface_address_is_broadcast(interfaces, ip->src_addr)))
		return DROP_IP_SOURCE;
	if (unlikely(interface_address_kind(interfaces, ip->src_addr)))
		return DROP_IP_SOURCE_OWN;
	if (unlikely(interface_address_is_martian(ip->dst_addr) ||
		     interface_address_is_broadcast(interfaces, ip->dst_addr)))
		return DROP_IP_DESTINATION;
	if (mbuf->pkt_len > total_length + IP_OFFSET)
		parse_trim(mbuf, total_length + IP_OFFSET);

	*packet = (struct packet){
		.interface = interface->index,
		.ip_offset = IP_OFFSET,
		.l4_offset = (uint16_t)(IP_OFFSET + header_length),
		.ip_length = (uint16_t)total_length,
	};
	if (unlikely(ip->fragment_offset &
		     RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK))) {
		parse_key(packet, ip,
			parse_key_high(interface->realm, ip->next_proto_id, ip->packet_id));
		return PARSED_FRAGMENT;
	}
	verdict = parse_l4(mbuf, packet, ip->next_proto_id, total_length - header_length, &ports);
	if (likely(verdict == PARSED_IPV4))
		parse_key(packet, ip, parse_key_high(interface->realm, ip->next_proto_id, ports));
	return verdict;
}

int
parse_layer4(struct rte_mbuf *mbuf, bool whole)
{
	struct packet *packet = packet_of(mbuf);
	const struct rte_ipv4_hdr *ip = packet_ip(mbuf);
	uint32_t length =
		(uint32_t)packet->ip_length - (uint32_t)(packet->l4_offset - packet->ip_offset);
	uint32_t ports;
	int verdict;

	/* What UDP says of its length holds for the whole datagram. */
	if (!whole && ip->next_proto_id == IPPROTO_UDP)
		length = UINT16_MAX;
	packet->flags = 0;
	packet->tcp_flags = 0;
	verdict = parse_l4(mbuf, packet, ip->next_proto_id, length, &ports);
	if (verdict == PARSED_IPV4)
		parse_key(packet, ip, parse_key_high(packet->key.realm, ip->next_proto_id, ports));
	return verdict;
}

static __rte_noinline int
parse_arp(const struct interface *interface, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);

	if (mbuf->data_len < IP_OFFSET + sizeof(struct rte_arp_hdr))
		return DROP_TRUNCATED;
	memset(packet, 0, sizeof(*packet));
	packet->interface = interface->index;
	packet->ip_offset = IP_OFFSET;
	return PARSED_ARP;
}

/* Take the VLAN number from the tag or from the NIC that stripped it, and the tag out of the frame. */
static __rte_noinline int
parse_vlan(struct rte_mbuf *mbuf, uint16_t *vlan)
{
	const struct rte_vlan_hdr *tag = rte_pktmbuf_mtod_offset(
		mbuf, const struct rte_vlan_hdr *, sizeof(struct rte_ether_hdr));

	if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
		*vlan = mbuf->vlan_tci & 0xfff;
		mbuf->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
		mbuf->vlan_tci = 0;
		return 0;
	}
	if (mbuf->data_len < sizeof(struct rte_ether_hdr) + sizeof(*tag))
		return -1;
	*vlan = rte_be_to_cpu_16(tag->vlan_tci) & 0xfff;
	memmove(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, sizeof(*tag)),
		rte_pktmbuf_mtod(mbuf, void *), 2 * sizeof(struct rte_ether_addr));
	rte_pktmbuf_adj(mbuf, sizeof(*tag));
	return 0;
}

static inline bool
parse_mac_equal(const struct rte_ether_addr *a, const struct rte_ether_addr *b)
{
	uint32_t a_low, b_low;
	uint16_t a_high, b_high;

	memcpy(&a_low, a, sizeof(a_low));
	memcpy(&b_low, b, sizeof(b_low));
	memcpy(&a_high, a->addr_bytes + sizeof(a_low), sizeof(a_high));
	memcpy(&b_high, b->addr_bytes + sizeof(b_low), sizeof(b_high));
	return ((a_low ^ b_low) | (uint32_t)(a_high ^ b_high)) == 0;
}

int
parse_frame(const struct parse_context *context, struct rte_mbuf *mbuf)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	const struct interface *interface = context->untagged;
	uint16_t vlan;
	bool own;

	if (unlikely(mbuf->data_len < sizeof(*ether)))
		return DROP_TRUNCATED;
	if (unlikely(ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN) ||
		     mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)) {
		if (parse_vlan(mbuf, &vlan) < 0)
			return DROP_TRUNCATED;
		ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
		interface = interface_find(context->interfaces, context->port, vlan);
	}
	if (unlikely(interface == NULL))
		return DROP_VLAN_UNKNOWN;
	own = context->promiscuous || parse_mac_equal(&ether->dst_addr, &interface->mac);
	if (likely(ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))) {
		if (unlikely(!own))
			return DROP_ETHER_DESTINATION;
		return parse_ipv4(context->interfaces, interface, mbuf);
	}
	if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)) {
		if (!own && !rte_is_broadcast_ether_addr(&ether->dst_addr))
			return DROP_ETHER_DESTINATION;
		return parse_arp(interface, mbuf);
	}
	return DROP_ETHER_TYPE;
}
