/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP of our own. Synchronization: none; everything is the worker's own or read-only.
 */
#include "icmp.h"

#include <string.h>

#include <rte_icmp.h>
#include <rte_ip.h>

#include "checksum.h"

enum {
	ICMP_HEADER_LENGTH = 8,
	ICMP_ERROR_LENGTH_MAX = 576, /* RFC 1812 4.3.2.3 */
	ICMP_TTL = 64,
	TOS_DS_MASK = 0xfc, /* RFC 2474; the other two bits are ECN's */
};

/* Route a packet of our own and send it. */
static void
icmp_output(
	struct thread *self, struct net_output *output, struct route route, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);

	packet->egress = route.interface;
	packet->next_hop = route.next_hop;
	packet->neighbour = 0;
	packet->neighbour_generation = 0;
	neighbour_output(self, output, mbuf);
}

static bool
icmp_route(const struct route_table *routes, rte_be32_t destination, struct route *route)
{
	*route = route_lookup(routes, destination);
	return route->kind == ROUTE_CONNECTED || route->kind == ROUTE_GATEWAY;
}

static bool
icmp_checksum_valid(const struct rte_mbuf *mbuf, const struct packet *packet)
{
	uint32_t length = packet->ip_length - (packet->l4_offset - packet->ip_offset);

	return checksum_sum(mbuf, packet->l4_offset, length) == 0xffff;
}

void
icmp_local(struct thread *self, struct net_output *output, const struct route_table *routes,
	struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	struct rte_ipv4_hdr *ip = packet_ip(mbuf);
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)packet_l4(mbuf);
	rte_be32_t own = ip->dst_addr;
	struct route route;

	if (packet->flags & PACKET_ICMP_OTHER || icmp->icmp_type == ICMP_TIMESTAMP ||
		icmp->icmp_type == ICMP_TIMESTAMP_REPLY) { /* callgate tells nobody its time */
		packet_drop(self, mbuf, DROP_ICMP_TYPE);
		return;
	}
	if (!icmp_checksum_valid(mbuf, packet)) {
		packet_drop(self, mbuf, DROP_L4_HEADER);
		return;
	}
	if (icmp->icmp_type != ICMP_ECHO || icmp->icmp_code != 0) {
		packet_drop(self, mbuf, DROP_ICMP_CONSUMED);
		return;
	}
	if (!icmp_route(routes, ip->src_addr, &route)) {
		packet_drop(self, mbuf, DROP_NO_ROUTE);
		return;
	}
	icmp->icmp_type = ICMP_ECHO_REPLY;
	icmp->icmp_cksum = checksum_apply(icmp->icmp_cksum,
		checksum_delta16(RTE_BE16(ICMP_ECHO << 8), RTE_BE16(ICMP_ECHO_REPLY << 8)));
	ip->dst_addr = ip->src_addr;
	ip->src_addr = own;
	ip->time_to_live = ICMP_TTL;
	ip->fragment_offset = 0; /* the answer may be fragmented even where the question was not */
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	event_count(self->counters, EVENT_ICMP_ECHO_REPLY_OUT, 1);
	icmp_output(self, output, route, mbuf);
}

static uint32_t
icmp_limiter_burst(const struct icmp_limiter *limiter)
{
	return (limiter->per_second + 1) / 2;
}

void
icmp_limiter_init(struct icmp_limiter *limiter, uint32_t per_second)
{
	*limiter = (struct icmp_limiter){.per_second = per_second};
	limiter->tokens = icmp_limiter_burst(limiter);
}

bool
icmp_limiter_take(struct icmp_limiter *limiter, uint64_t now_ms)
{
	uint64_t earned = (now_ms - limiter->filled_ms) * limiter->per_second / 1000;
	uint32_t burst = icmp_limiter_burst(limiter);

	if (limiter->tokens + earned >= burst) {
		limiter->tokens = burst;
		limiter->filled_ms = now_ms;
	} else if (earned) {
		limiter->tokens += (uint32_t)earned;
		/* what is left of a token stays earned */
		limiter->filled_ms += earned * 1000 / limiter->per_second;
	}
	if (limiter->tokens == 0)
		return false;
	limiter->tokens--;
	return true;
}

/* RFC 1812 4.3.2.7: what no error may be sent about. */
static bool
icmp_error_allowed(const struct interface_table *interfaces, struct rte_mbuf *about)
{
	const struct packet *packet = packet_of(about);
	const struct rte_ipv4_hdr *ip = packet_ip(about);

	if (packet->flags & (PACKET_ICMP_ERROR | PACKET_ICMP_OTHER))
		return false;
	if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK))
		return false;
	if (packet->ip_offset &&
		rte_is_multicast_ether_addr(rte_pktmbuf_mtod(about, struct rte_ether_addr *)))
		return false;
	if (interface_address_is_martian(ip->src_addr) ||
		interface_address_kind(interfaces, ip->src_addr))
		return false;
	return !interface_address_is_martian(ip->dst_addr) &&
	       !interface_address_is_broadcast(interfaces, ip->dst_addr);
}

/* The error as a whole IPv4 packet at the start of a new mbuf; NULL: none left. */
static struct rte_mbuf *
icmp_error_make(struct thread *self, struct rte_mempool *mempool, struct rte_mbuf *about,
	rte_be32_t source, struct icmp_error error)
{
	const struct packet *from = packet_of(about);
	const uint32_t headers = sizeof(struct rte_ipv4_hdr) + ICMP_HEADER_LENGTH;
	uint32_t quoted = RTE_MIN((uint32_t)from->ip_length, ICMP_ERROR_LENGTH_MAX - headers);
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mempool);
	struct packet *packet;
	struct rte_ipv4_hdr *ip;
	const void *quote;
	uint8_t *icmp;

	if (mbuf == NULL)
		return NULL;
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(mbuf, (uint16_t)(headers + quoted));
	if (ip == NULL) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	memset(ip, 0, headers);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	/* The class of what it is about (RFC 5508 7.7). */
	ip->type_of_service = packet_ip(about)->type_of_service & TOS_DS_MASK;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(headers + quoted));
	ip->packet_id = (rte_be16_t)random_next(&self->random);
	ip->time_to_live = ICMP_TTL;
	ip->next_proto_id = IPPROTO_ICMP;
	ip->src_addr = source;
	ip->dst_addr = from->key.src;
	ip->hdr_checksum = rte_ipv4_cksum(ip);

	icmp = (uint8_t *)(ip + 1);
	icmp[0] = error.type;
	icmp[1] = error.code;
	icmp[6] = (uint8_t)(error.mtu >> 8); /* RFC 1191 section 4; 0 for all others */
	icmp[7] = (uint8_t)error.mtu;
	quote = rte_pktmbuf_read(about, from->ip_offset, quoted, icmp + ICMP_HEADER_LENGTH);
	if (quote != icmp + ICMP_HEADER_LENGTH)
		memcpy(icmp + ICMP_HEADER_LENGTH, quote, quoted);
	((struct rte_icmp_hdr *)icmp)->icmp_cksum =
		(uint16_t)~rte_raw_cksum(icmp, ICMP_HEADER_LENGTH + quoted);

	packet = packet_of(mbuf);
	memset(packet, 0, sizeof(*packet));
	packet->interface = from->interface;
	packet->l4_offset = sizeof(*ip);
	packet->payload_offset = (uint16_t)headers;
	packet->ip_length = (uint16_t)(headers + quoted);
	return mbuf;
}

void
icmp_error_send(struct thread *self, struct net_output *output, const struct route_table *routes,
	struct icmp_limiter *limiter, struct rte_mbuf *about, struct icmp_error error)
{
	const struct interface_table *interfaces = output->interfaces;
	const struct packet *packet = packet_of(about);
	rte_be32_t peer = packet->key.src;
	struct rte_mbuf *mbuf;
	struct route route;
	rte_be32_t source;

	source = interface_source_for(&interfaces->entry[packet->interface], peer);
	if (source == 0 || !icmp_error_allowed(interfaces, about) ||
		!icmp_route(routes, peer, &route) || !icmp_limiter_take(limiter, self->now_ms)) {
		event_count(self->counters, EVENT_ICMP_ERROR_LIMITED, 1);
		return;
	}
	mbuf = icmp_error_make(self, output->mempool, about, source, error);
	if (mbuf == NULL) {
		counter_add(&self->counters->drop[DROP_NO_MBUF], 1);
		return;
	}
	event_count(self->counters, EVENT_ICMP_ERROR_OUT, 1);
	icmp_output(self, output, route, mbuf);
}
