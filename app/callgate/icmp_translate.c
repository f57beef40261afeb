/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about flows of ours: the packet they quote is put back as its sender sent it, then
 * the error goes to that sender. It neither refreshes nor ends the flow (REQ-6, RFC 5382 REQ-10).
 * RFC 5508 section 4, RFC 792. The checksums of the error and of the
 * quoted IP header must be right (REQ-3); that of the quoted transport is nobody's to check here.
 */
#include <rte_icmp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "net/checksum.h"
#include "net/parse.h"
#include "pipeline.h"
#include "stream.h"

enum { QUOTED_L4_BYTES = 8 }; /* RFC 792: what an error quotes at least */

/* The quoted packet and what stands behind its IP header. */
struct quoted {
	struct rte_ipv4_hdr *ip;
	void *l4;
	uint32_t l4_bytes; /* how many were quoted */
};

static bool
quoted_find(struct rte_mbuf *mbuf, struct quoted *quoted)
{
	const struct packet *packet = packet_of(mbuf);
	uint32_t offset = packet->l4_offset + sizeof(struct rte_icmp_hdr);
	uint32_t end = packet->ip_offset + packet->ip_length;
	uint32_t header;

	if (end > rte_pktmbuf_data_len(mbuf) || offset + sizeof(struct rte_ipv4_hdr) > end)
		return false;
	quoted->ip = rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, offset);
	header = rte_ipv4_hdr_len(quoted->ip);
	if (header < sizeof(struct rte_ipv4_hdr) || offset + header + QUOTED_L4_BYTES > end)
		return false;
	quoted->l4 = (char *)quoted->ip + header;
	quoted->l4_bytes = end - offset - header;
	return !(quoted->ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK));
}

/* RFC 5508 REQ-3: both are written anew, so a damaged error would leave here as a sound one. */
static bool
checksums_valid(struct rte_mbuf *mbuf, const struct quoted *quoted)
{
	const struct packet *packet = packet_of(mbuf);
	uint32_t length = packet->ip_length - (packet->l4_offset - packet->ip_offset);

	return rte_raw_cksum(packet_l4(mbuf), length) == 0xffff &&
	       rte_raw_cksum(quoted->ip, rte_ipv4_hdr_len(quoted->ip)) == 0xffff;
}

/* Key of a packet that answers the quoted one, as it would arrive here. */
static bool
quoted_answer_key(const struct quoted *quoted, uint8_t realm, struct flow_key *key)
{
	const struct rte_udp_hdr *ports = quoted->l4;
	const struct rte_icmp_hdr *echo = quoted->l4;

	*key = (struct flow_key){
		.src = quoted->ip->dst_addr,
		.dst = quoted->ip->src_addr,
		.proto = quoted->ip->next_proto_id,
		.realm = realm,
	};
	switch (key->proto) {
	case IPPROTO_UDP:
	case IPPROTO_TCP:
		key->src_port = ports->dst_port;
		key->dst_port = ports->src_port;
		return true;
	case IPPROTO_ICMP:
		if (!icmp_is_query(echo->icmp_type) && !icmp_is_query_reply(echo->icmp_type))
			return false;
		key->src_port = key->dst_port = echo->icmp_ident;
		return true;
	default:
		return false;
	}
}

/*
 * May packets of this direction pass, under the ruleset in force? An error about them comes a round
 * trip after one of them, so they have been judged under it.
 */
static bool
path_is_permitted(const struct worker *worker, const struct flow_path *path)
{
	uint16_t generation = ruleset_generation(appliance_ruleset(worker->appliance));

	return atomic_load_explicit(&path->ruleset_generation, memory_order_relaxed) ==
		       generation &&
	       atomic_load_explicit(&path->ops, memory_order_relaxed) & FLOW_PERMITTED;
}

/* Put the quoted packet back to what arrived here in the opposite direction (`sent`). */
static void
quoted_restore(struct quoted *quoted, const struct flow_path *sent)
{
	struct rte_ipv4_hdr *ip = quoted->ip;
	struct rte_udp_hdr *udp = quoted->l4;
	struct rte_tcp_hdr *tcp = quoted->l4;
	struct rte_icmp_hdr *echo = quoted->l4;
	uint16_t ip_delta, port_delta;

	ip_delta = checksum_delta_add(checksum_delta32(ip->src_addr, sent->key.src),
		checksum_delta32(ip->dst_addr, sent->key.dst));
	ip->src_addr = sent->key.src;
	ip->dst_addr = sent->key.dst;
	ip->hdr_checksum = checksum_apply(ip->hdr_checksum, ip_delta);
	if (ip->next_proto_id == IPPROTO_ICMP) {
		echo->icmp_cksum = checksum_apply(
			echo->icmp_cksum, checksum_delta16(echo->icmp_ident, sent->key.src_port));
		echo->icmp_ident = sent->key.src_port;
		return;
	}
	port_delta = checksum_delta_add(checksum_delta16(udp->src_port, sent->key.src_port),
		checksum_delta16(udp->dst_port, sent->key.dst_port));
	udp->src_port = sent->key.src_port; /* TCP has its ports in the same place */
	udp->dst_port = sent->key.dst_port;
	port_delta = checksum_delta_add(port_delta, ip_delta);
	if (ip->next_proto_id == IPPROTO_UDP && udp->dgram_cksum != 0) {
		uint16_t checksum = checksum_apply(udp->dgram_cksum, port_delta);

		udp->dgram_cksum = checksum != 0 ? checksum : 0xffff; /* 0 would be none */
	} else if (ip->next_proto_id == IPPROTO_TCP &&
		   quoted->l4_bytes >= offsetof(struct rte_tcp_hdr, tcp_urp))
		tcp->cksum = checksum_apply(tcp->cksum, port_delta);
}

/*
 * Who an error comes from when it leaves. The peer speaks with its translated address. A router on
 * the way to it speaks for itself; one on the inside speaks with an outside address that it has to
 * itself, static or leased, or else hides behind the one that stands for the inside here (RFC 5508
 * REQ-5).
 */
static rte_be32_t
speaker_outside(struct nat *nat, const struct flow_path *back, rte_be32_t speaker)
{
	struct endpoint inside = {speaker, 0, IPPROTO_ICMP, 0};
	rte_be32_t outside;

	if (speaker == back->key.src || nat == NULL)
		return back->new_src;
	inside.scope = nat_scope(nat, &inside, back->egress);
	outside = nat_own_outside(nat, &inside);
	return outside ? outside : back->new_src;
}

void
icmp_translate(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	struct rte_ipv4_hdr *ip = packet_ip(mbuf);
	struct rte_icmp_hdr *icmp = packet_l4(mbuf);
	const struct flow_path *back, *sent;
	struct quoted quoted;
	struct flow_key key;
	struct route route;
	void *data = NULL;

	if (quoted_find(mbuf, &quoted) && quoted_answer_key(&quoted, packet->key.realm, &key))
		data = flow_lookup(worker->appliance->flows, &key, flow_key_hash(&key));
	if (data == NULL || !path_is_permitted(worker,
				    &flow_of_data(data)->path[!flow_direction_of_data(data)])) {
		packet_drop(&worker->thread, mbuf, DROP_ICMP_ERROR_UNRELATED);
		return;
	}
	if (!checksums_valid(mbuf, &quoted)) {
		packet_drop(&worker->thread, mbuf, DROP_L4_HEADER);
		return;
	}
	if (ip->time_to_live <= 1) { /* never an error about an error */
		packet_drop(&worker->thread, mbuf, DROP_TTL_EXPIRED);
		return;
	}
	back = &flow_of_data(data)->path[flow_direction_of_data(data)];
	sent = &flow_of_data(data)->path[!flow_direction_of_data(data)];
	route = route_lookup(worker->appliance->routes, back->new_dst);
	if (route.kind != ROUTE_CONNECTED && route.kind != ROUTE_GATEWAY) {
		packet_drop(&worker->thread, mbuf, DROP_NO_ROUTE);
		return;
	}
	if (icmp->icmp_type == ICMP_UNREACHABLE &&
		icmp->icmp_code == ICMP_CODE_FRAGMENTATION_NEEDED &&
		(atomic_load_explicit(&sent->ops, memory_order_relaxed) & FLOW_SIP_TCP))
		stream_path_mtu(worker, flow_of_data(data), !flow_direction_of_data(data),
			rte_be_to_cpu_32(((const struct rte_tcp_hdr *)quoted.l4)->sent_seq),
			rte_be_to_cpu_16(icmp->icmp_seq_nb)); /* next-hop MTU stands there */
	if (ip->src_addr == key.src || back->new_src != key.src)
		ip->src_addr = speaker_outside(worker->appliance->nat, back, ip->src_addr);
	ip->dst_addr = back->new_dst;
	ip->time_to_live--;
	quoted_restore(&quoted, sent);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, packet->ip_length - rte_ipv4_hdr_len(ip));
	packet->egress = route.interface;
	packet->next_hop = route.next_hop;
	packet->neighbour = 0;
	event_count(worker->thread.counters, EVENT_ICMP_ERROR_TRANSLATED, 1);
	neighbour_output(&worker->thread, &worker->output, mbuf);
}
