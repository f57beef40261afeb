/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Last stage: what a router does with a packet that may pass. RFC 1812 5.3.1 (TTL), RFC 1191 (MTU).
 */
#include "forward.h"
#include "pipeline.h"

bool
forward_self_may(struct worker *worker, const struct flow_key *answered, unsigned int bytes)
{
	const struct appliance *appliance = worker->appliance;
	struct route route = route_lookup(appliance->routes, answered->src);
	const struct ruleset *ruleset = appliance_ruleset(appliance);
	const struct interface *out;
	struct fw_verdict verdict;
	struct flow_key key;

	if (route.kind != ROUTE_CONNECTED && route.kind != ROUTE_GATEWAY)
		return true; /* no way there: whoever sends it finds out */
	out = &appliance->interfaces->entry[route.interface];
	key = (struct flow_key){
		.src = interface_source_for(out, answered->src),
		.dst = answered->src,
		.proto = IPPROTO_ICMP,
	};
	verdict = fw_classify(ruleset, ZONE_SELF, out->zone, &key);
	fw_count(ruleset, &verdict, false, bytes);
	return verdict.action != FW_DROP;
}

void
forward_error(struct worker *worker, struct rte_mbuf *about, struct icmp_error error)
{
	const struct interface_table *interfaces = worker->appliance->interfaces;
	bool inner = interfaces->entry[packet_of(about)->interface].nat_side != NAT_SIDE_OUTSIDE;

	if (!forward_self_may(worker, &packet_of(about)->key, packet_of(about)->ip_length)) {
		event_count(worker->thread.counters, EVENT_ICMP_ERROR_REFUSED, 1);
		return;
	}
	icmp_error_send(&worker->thread, &worker->output, worker->appliance->routes,
		&worker->limiter[inner], about, error);
}

void
forward_refuse(struct worker *worker, struct rte_mbuf *mbuf, struct icmp_error error,
	enum drop_reason reason)
{
	forward_error(worker, mbuf, error);
	packet_drop(&worker->thread, mbuf, reason);
}

/*
 * The flow remembers the neighbour of its next hop. While it has none, or that entry stands for
 * another address by now, the route says where to go. False: there is no route any more.
 */
static bool
next_hop_resolve(struct worker *worker, struct packet *packet, struct flow_path *path)
{
	struct route route = route_lookup(worker->appliance->routes, path->new_dst);

	if (route.kind != ROUTE_CONNECTED && route.kind != ROUTE_GATEWAY)
		return false;
	packet->next_hop = route.next_hop;
	packet->neighbour = 0;
	if (neighbour_find(worker->appliance->neighbours, packet)) {
		path->neighbour = packet->neighbour;
		path->neighbour_generation = packet->neighbour_generation;
	}
	return true;
}

/* TTL, MTU, next hop. False: something stands against it, the packet is gone. */
static bool
forward_prepare(struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path)
{
	const struct interface *egress = &worker->appliance->interfaces->entry[path->egress];
	struct packet *packet = packet_of(mbuf);
	const struct rte_ipv4_hdr *ip = packet_ip(mbuf);

	if (unlikely(ip->time_to_live <= 1)) {
		forward_refuse(worker, mbuf,
			(struct icmp_error){ICMP_TIME_EXCEEDED, ICMP_CODE_TTL, 0},
			DROP_TTL_EXPIRED);
		return false;
	}
	if (unlikely(packet->ip_length > egress->mtu) &&
		(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))) {
		forward_refuse(worker, mbuf,
			(struct icmp_error){
				ICMP_UNREACHABLE, ICMP_CODE_FRAGMENTATION_NEEDED, egress->mtu},
			DROP_MTU_EXCEEDED);
		return false;
	}
	packet->egress = path->egress;
	packet->neighbour = path->neighbour;
	packet->neighbour_generation = path->neighbour_generation;
	if (unlikely(!neighbour_is_current(worker->appliance->neighbours, packet->neighbour,
		    packet->neighbour_generation)) &&
		!next_hop_resolve(worker, packet, path)) {
		packet_drop(&worker->thread, mbuf, DROP_NO_ROUTE);
		return false;
	}
	return true;
}

static void
ip_renumber(struct rte_ipv4_hdr *ip, rte_be16_t id)
{
	ip->hdr_checksum = checksum_apply(ip->hdr_checksum, checksum_delta16(ip->packet_id, id));
	ip->packet_id = id;
}

rte_be16_t
forward_identification(struct worker *worker, const struct flow_path *path, struct rte_mbuf *mbuf)
{
	if (path->new_src == path->key.src)
		return packet_ip(mbuf)->packet_id;
	return identification_next(&worker->identification);
}

void
forward_unusual(struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path)
{
	if (!forward_prepare(worker, mbuf, path))
		return;
	if (packet_of(mbuf)->ip_length > worker->appliance->interfaces->entry[path->egress].mtu)
		ip_renumber(packet_ip(mbuf), forward_identification(worker, path, mbuf));
	flow_translate(&worker->thread, path, mbuf);
	neighbour_output(&worker->thread, &worker->output, mbuf);
}

void
forward_fragment(
	struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path, rte_be16_t id)
{
	if (!forward_prepare(worker, mbuf, path))
		return;
	ip_renumber(packet_ip(mbuf), id);
	if (fragment_is_first(mbuf))
		flow_translate(&worker->thread, path, mbuf);
	else
		flow_translate_fragment(&worker->thread, path, mbuf);
	event_count(worker->thread.counters, EVENT_FRAGMENTS_FORWARDED, 1);
	neighbour_output(&worker->thread, &worker->output, mbuf);
}
