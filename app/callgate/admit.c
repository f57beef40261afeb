/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission: what happens once a conversation. Policy and NAT rules decide, a flow remembers.
 *
 * Order (destination before policy, source after, so that policy always sees real addresses):
 *   1. destination: an outside address of ours becomes the inside endpoint of its binding
 *   2. route: egress interface, or one of our own addresses
 *   3. policy of the zone pair; where it refuses, a pinhole may permit (of a hairpin after 6)
 *   4. first packet: may it begin a conversation at all?
 *   5. destination: its binding, made now if a static whole address has none yet
 *   6. source: the binding of the inside endpoint, made now if a rule translates it
 *   7. filter (RFC 4787 REQ-8): who may reach a dynamic binding
 *   8. the flow, linked to the bindings and the pinhole it came through
 */
#include <rte_icmp.h>

#include "admit_priv.h"
#include "flow/tcp.h"
#include "unsolicited.h"

enum {
	ADMITTED = -1, /* a step's result: go on; else an enum drop_reason */
	TAKEN = -2, /* the packet has been answered or dropped already */
	PEERS_LOOKED_AT = 64,
	CREATE_ATTEMPTS = 2, /* a binding may close between its look-up and the flow */
};

static bool
is_query(struct rte_mbuf *mbuf)
{
	const struct rte_icmp_hdr *icmp = packet_l4(mbuf);

	return icmp_is_query(icmp->icmp_type);
}

static bool
is_trackable(const struct flow_key *key)
{
	return key->proto == IPPROTO_UDP || key->proto == IPPROTO_TCP || key->proto == IPPROTO_ICMP;
}

/* A packet to an own address: policy of zone "self", then ICMP or nobody. Takes the packet. */
static void
admit_local(struct admission *admission)
{
	struct worker *worker = admission->worker;
	struct appliance *appliance = worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	struct fw_verdict verdict;

	verdict = fw_classify(appliance_ruleset(appliance), admission->in->zone, ZONE_SELF, key,
		admission->packet->ip_length);
	if (verdict.action == FW_DROP) {
		packet_drop(&worker->thread, admission->mbuf, DROP_SELF_POLICY);
		return;
	}
	if (key->proto == IPPROTO_ICMP) {
		icmp_local(&worker->thread, &worker->output, appliance->routes, admission->mbuf);
		return;
	}
	/* Where NAT has its bindings an unsolicited packet gets no answer, or a late one. */
	if (appliance->nat && nat_is_outside_address(appliance->nat, key->dst) &&
		is_trackable(key)) {
		unsolicited_take(worker, admission->mbuf);
		return;
	}
	forward_refuse(worker, admission->mbuf,
		(struct icmp_error){ICMP_UNREACHABLE,
			is_trackable(key) ? ICMP_CODE_PORT : ICMP_CODE_PROTOCOL, 0},
		DROP_SELF_UNSERVED);
}

/* Step 1. Finds only: what policy refuses must not cost a binding. */
static int
admit_destination(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	struct endpoint outside = {key->dst, key->dst_port, key->proto}, inside;
	struct binding *binding = NULL;
	/* Who else has such a packet: callgate itself, or, where no interface has the address, nobody. */
	int nobody = interface_address_is_own(appliance->interfaces, key->dst)
			     ? ADMITTED
			     : (int)DROP_NAT_UNSOLICITED;

	admission->real = *key;
	if (appliance->nat == NULL || !nat_is_outside_address(appliance->nat, key->dst))
		return ADMITTED;
	if (!is_trackable(key) ||
		nat_inbound_find(appliance->nat, &outside, &inside, &binding) != 0)
		return nobody;
	/* An echo request that happens to carry a mapped identifier is not for the inside. */
	if (key->proto == IPPROTO_ICMP && binding != NULL && binding->kind != BINDING_STATIC)
		return nobody;
	admission->inward = true;
	admission->destination = binding;
	admission->real.dst = inside.address;
	admission->real.dst_port = inside.port;
	if (key->proto == IPPROTO_ICMP)
		admission->real.src_port = inside.port;
	return ADMITTED;
}

/* Step 2. */
static int
admit_route(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	struct route route = route_lookup(appliance->routes, admission->real.dst);

	switch (route.kind) {
	case ROUTE_LOCAL:
		admit_local(admission);
		return TAKEN;
	case ROUTE_CONNECTED:
	case ROUTE_GATEWAY:
		admission->out = &appliance->interfaces->entry[route.interface];
		return ADMITTED;
	case ROUTE_NONE:
		break;
	}
	forward_refuse(admission->worker, admission->mbuf,
		(struct icmp_error){ICMP_UNREACHABLE, ICMP_CODE_NET, 0}, DROP_NO_ROUTE);
	return TAKEN;
}

/* The packet as pinholes know it: in a hairpin they see the source's outside half. */
static struct flow_key
filter_key(const struct admission *admission)
{
	struct flow_key seen = admission->real;

	if (admission->source != NULL && admission->destination != NULL) {
		seen.src = admission->source->outside.address;
		seen.src_port = admission->source->outside.port;
	}
	return seen;
}

/* A refused packet may still have a pinhole; `otherwise` is why it is dropped when there is none. */
static int
admit_by_pinhole(
	struct admission *admission, const struct flow_key *seen, enum drop_reason otherwise)
{
	switch (pinhole_match(&admission->worker->thread, admission->worker->appliance->pinholes,
		seen, &admission->pinhole)) {
	case PINHOLE_PASS:
		return ADMITTED;
	case PINHOLE_REFUSED:
		return DROP_PINHOLE_SOURCE;
	case PINHOLE_NONE:
		break;
	}
	return (int)otherwise;
}

/* Step 4. Segments and messages that may not begin a conversation. */
static int
admit_first_packet(struct admission *admission)
{
	const struct packet *packet = admission->packet;

	/* Nothing in it is an identifier, whoever lets it pass; for the other way see step 6. */
	if (admission->inward && packet->flags & PACKET_ICMP_OTHER)
		return DROP_ICMP_TYPE;
	/* Without NAT and policy callgate is a router: no state to protect. */
	if (admission->verdict.action == FW_PASS ||
		(admission->worker->appliance->nat == NULL && !admission->verdict.inter_zone))
		return ADMITTED;
	if (packet->key.proto == IPPROTO_TCP && !tcp_may_open(packet->tcp_flags))
		return DROP_TCP_NO_FLOW;
	if (packet->key.proto == IPPROTO_ICMP && !is_query(admission->mbuf))
		return DROP_ICMP_TYPE;
	return ADMITTED;
}

/* Step 5. The binding of a static whole address, and none at all for a flow that cannot be made. */
static int
admit_inward(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	struct endpoint outside = {key->dst, key->dst_port, key->proto};

	if (pool_is_empty(flow_pool(appliance->flows)))
		return DROP_FLOW_POOL_EMPTY;
	if (!admission->inward || admission->destination != NULL)
		return ADMITTED;
	switch (nat_inbound(
		&admission->worker->thread, appliance->nat, &outside, &admission->destination)) {
	case 0:
		return ADMITTED;
	case -ENOENT: /* a static port rule has the inside endpoint */
		return DROP_NAT_UNSOLICITED;
	default:
		return DROP_NAT_NO_BINDING;
	}
}

static bool
binding_is_media(struct binding *binding)
{
	/* relaxed: only labels the flow */
	return binding && atomic_load_explicit(&binding->media, memory_order_relaxed);
}

static bool
binding_is_door(struct binding *binding)
{
	/* relaxed: who opened it did so before the message left that this packet follows */
	return atomic_load_explicit(&binding->holders, memory_order_relaxed) != 0 ||
	       atomic_load_explicit(&binding->deadline_s, memory_order_relaxed) != 0;
}

/*
 * A source as NAT's inside, for what leaves or comes in by this outside interface (-1: whichever). A
 * protocol without ports cannot be translated, so it is asked for as if it were UDP.
 */
static struct endpoint
inside_endpoint(const struct nat *nat, const struct flow_key *key, int outside)
{
	struct endpoint inside = {
		key->src, key->src_port, is_trackable(key) ? key->proto : IPPROTO_UDP, 0};

	inside.scope = nat_scope(nat, &inside, outside);
	return inside;
}

/*
 * nat.exclude, for either direction between inside and outside. Media leaves from the port that its
 * description announced, wherever it goes.
 */
static bool
is_excluded(const struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	bool inward = admission->in->nat_side == NAT_SIDE_OUTSIDE;
	struct flow_key seen = admission->real;
	struct endpoint inside;

	if (admission->destination != NULL || admission->in->nat_side == admission->out->nat_side)
		return false;
	if (inward)
		seen = (struct flow_key){.src = seen.dst,
			.dst = seen.src,
			.src_port = seen.dst_port,
			.dst_port = seen.src_port,
			.proto = seen.proto};
	if (!fw_nat_excludes(appliance_ruleset(appliance), &seen))
		return false;
	inside = inside_endpoint(
		appliance->nat, &seen, inward ? admission->in->index : admission->out->index);
	return !binding_is_media(binding_find_inside(appliance->nat, &inside));
}

/* The inside host learns that there is nothing for it (RFC 6888 REQ-11 B). */
static int
refuse_source(struct admission *admission, int error)
{
	forward_refuse(admission->worker, admission->mbuf,
		(struct icmp_error){ICMP_UNREACHABLE, ICMP_CODE_HOST, 0},
		error == -EADDRNOTAVAIL ? DROP_NAT_NO_PORT
		: error == -EDQUOT      ? DROP_NAT_HOST_LIMIT
		: error == -EAGAIN      ? DROP_NAT_HOST_RATE
					: DROP_NAT_NO_BINDING);
	return TAKEN;
}

/* Step 6. Hairpin: an inside host that addresses a binding shows its outside address, too. */
static int
admit_source(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	struct endpoint inside;
	int outside = admission->out->index, rc;

	admission->excluded = appliance->nat != NULL && is_excluded(admission);
	if (appliance->nat == NULL || admission->in->nat_side != NAT_SIDE_INSIDE)
		return ADMITTED;
	if (admission->out->nat_side != NAT_SIDE_OUTSIDE) {
		if (admission->destination == NULL || admission->out->nat_side != NAT_SIDE_INSIDE)
			return ADMITTED;
		outside =
			admission->destination->inside.scope - 1; /* where the other is seen, too */
	}
	if (admission->source != NULL) /* a hairpin's, by step 3 */
		return ADMITTED;
	inside = inside_endpoint(appliance->nat, key, outside);
	if (!nat_would_translate(appliance->nat, &inside) || admission->excluded)
		return ADMITTED;
	if (!is_trackable(key))
		return DROP_L4_PROTOCOL;
	if (admission->packet->flags & PACKET_ICMP_OTHER)
		return DROP_ICMP_TYPE;
	rc = binding_get(&admission->worker->thread, appliance->nat, &inside, &admission->source);
	/* -ENOENT: no rule translates this source */
	return rc == 0 || rc == -ENOENT ? ADMITTED : refuse_source(admission, rc);
}

/*
 * Step 3. Policy sees the source as it is. Pinholes know that of a hairpin by its outside half, so where
 * one may stand the source gets its binding now.
 */
static int
admit_policy(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	struct flow_key seen;
	int result;

	admission->verdict = fw_classify(appliance_ruleset(appliance), admission->in->zone,
		admission->out->zone, &admission->real, admission->packet->ip_length);
	if (admission->verdict.action != FW_DROP)
		return ADMITTED;
	if (admission->in->nat_side == NAT_SIDE_INSIDE && admission->destination != NULL &&
		binding_is_door(admission->destination)) {
		result = admit_source(admission);
		if (result != ADMITTED)
			return result;
	}
	seen = filter_key(admission);
	result = admit_by_pinhole(admission, &seen,
		admission->verdict.no_pair ? DROP_POLICY_NO_PAIR : DROP_POLICY_DROP);
	if (result != ADMITTED && admission->verdict.log)
		admit_log_refused(admission);
	return result;
}

/*
 * May this peer, as filters see it, begin a flow toward the binding? What the ALG opened is for whom it
 * was opened, so a door lets nobody in for being independent of endpoints; a port that only answers
 * the ports it sent to has a flow for each of them, so that none is left to begin one.
 */
static bool
filter_admits(struct binding *binding, unsigned int filtering, rte_be32_t peer)
{
	switch ((enum config_nat_filtering)filtering) {
	case NAT_FILTERING_ENDPOINT_INDEPENDENT:
		if (binding->kind == BINDING_DYNAMIC && !binding_is_media(binding))
			return true;
		break;
	case NAT_FILTERING_ADDRESS:
		break;
	case NAT_FILTERING_ADDRESS_AND_PORT:
		return false;
	}
	return flow_owner_has_peer(&binding->flows, peer, PEERS_LOOKED_AT);
}

/* Step 7. */
static int
admit_filter(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key seen = filter_key(admission);

	if (appliance->nat == NULL)
		return ADMITTED;
	if (admission->destination == NULL) {
		const struct flow_key answer = {
			.src = seen.dst, .src_port = seen.dst_port, .proto = seen.proto};
		const struct endpoint inside =
			inside_endpoint(appliance->nat, &answer, admission->in->index);

		/* Nobody outside reaches behind NAT by the private address, unless policy says so. */
		if (admission->in->nat_side == NAT_SIDE_OUTSIDE &&
			admission->out->nat_side == NAT_SIDE_INSIDE &&
			!admission->verdict.inter_zone &&
			nat_would_translate(appliance->nat, &inside) && !admission->excluded)
			return DROP_NAT_UNSOLICITED;
		return ADMITTED;
	}
	if (admission->destination->kind == BINDING_STATIC || admission->pinhole != NULL ||
		filter_admits(admission->destination, appliance->config->nat.filtering, seen.src))
		return ADMITTED;
	return admit_by_pinhole(admission, &seen, DROP_NAT_UNSOLICITED);
}

static bool
is_sip(const struct admission *admission)
{
	const struct ruleset *ruleset = appliance_ruleset(admission->worker->appliance);

	if (admission->verdict.action == FW_PASS)
		return false;
	/* A request to a phone's own port: that a Contact, a Via or a route named it is what makes it
	 * SIP, whether the pinhole was needed to let it in or not. */
	if (admission->pinhole != NULL && admission->pinhole->class < PINHOLE_RTP)
		return true;
	/* A rule may send the port of SIP to another one, or another one to it. */
	if (fw_is_sip(ruleset, admission->real.proto, admission->real.dst_port) ||
		fw_is_sip(ruleset, admission->real.proto, admission->packet->key.dst_port))
		return true;
	if (admission->pinhole != NULL)
		return false;
	const struct flow_key seen = filter_key(admission);

	return pinhole_signalling(
		&admission->worker->thread, admission->worker->appliance->pinholes, &seen);
}

static uint16_t
flow_operations(const struct admission *admission)
{
	bool stateful = admission->verdict.action != FW_PASS;
	uint16_t excluded = admission->excluded ? FLOW_NAT_EXCLUDED : 0;
	uint16_t mss = admission->in->tcp_mss || admission->out->tcp_mss ? FLOW_TCP_MSS : 0;

	switch (admission->real.proto) {
	case IPPROTO_TCP:
		if (!tcp_may_open(admission->packet->tcp_flags))
			return mss;
		/* "pass" inspects nothing, but what NAT keeps has its times (RFC 5382 REQ-5). */
		if (!stateful)
			return admission->source || admission->destination
				       ? mss | FLOW_TCP | FLOW_TCP_LOOSE
				       : mss;
		return mss | FLOW_TCP | (is_sip(admission) ? FLOW_SIP_TCP | excluded : 0);
	case IPPROTO_UDP:
		return is_sip(admission) ? FLOW_SIP_UDP | excluded : 0;
	case IPPROTO_ICMP:
		/* Who asks matters where policy inspects or NAT translates; a router lets both. */
		stateful &= admission->verdict.inter_zone || admission->source ||
			    admission->destination;
		return stateful && is_query(admission->mbuf) ? FLOW_ICMP : 0;
	default:
		return 0;
	}
}

/* Step 8. */
static int
admit_create(struct admission *admission, void **data)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	struct binding *source = admission->source, *destination = admission->destination;
	struct route back = route_lookup(appliance->routes, key->src);
	uint16_t operations = flow_operations(admission);
	struct flow_template template = {
		.key = {*key,
			{
				.src = admission->real.dst,
				.dst = source ? source->outside.address : key->src,
				.src_port = admission->real.dst_port,
				.dst_port =
					source ? source->outside.port : admission->real.src_port,
				.proto = key->proto,
				.realm = admission->out->realm,
			}},
		.ops = {operations | FLOW_PERMITTED, operations | FLOW_PERMITTED},
		.egress = {admission->out->index, admission->in->index},
		.ruleset_generation = ruleset_generation(appliance_ruleset(appliance)),
		.zone_pair = admission->verdict.zone_pair,
		.class_index = admission->verdict.class_index,
		.media = binding_is_media(source) || binding_is_media(destination) ||
			 (admission->pinhole && admission->pinhole->class >= PINHOLE_RTP),
		.owner =
			{
				[FLOW_OWNER_SOURCE] = source ? &source->flows : NULL,
				[FLOW_OWNER_DESTINATION] = destination ? &destination->flows : NULL,
				[FLOW_OWNER_PINHOLE] =
					admission->pinhole ? &admission->pinhole->flows : NULL,
			},
	};

	if (key->proto == IPPROTO_ICMP) /* the identifier stands in both ports */
		template.key[1].src_port = template.key[1].dst_port;
	if (admission->verdict.action == FW_PASS && admission->pinhole == NULL)
		template.ops[1] &= (uint16_t)~FLOW_PERMITTED; /* pass is one way */
	if (back.kind == ROUTE_CONNECTED || back.kind == ROUTE_GATEWAY)
		template.egress[1] = back.interface;
	switch (flow_create(&admission->worker->thread, appliance->flows, &template, data)) {
	case 0:
	case 1:
		return ADMITTED;
	case -ENOBUFS:
		return DROP_FLOW_POOL_EMPTY;
	case -ENOSPC:
		return DROP_FLOW_TABLE_FULL;
	case -EADDRINUSE:
		return DROP_FLOW_CONFLICT;
	default:
		return DROP_FLOW_STALE;
	}
}

static int
admit_once(struct admission *admission, void **data)
{
	static int (*const steps[])(struct admission *) = {
		admit_destination,
		admit_route,
		admit_policy,
		admit_first_packet,
		admit_inward,
		admit_source,
		admit_filter,
	};

	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		int result = steps[i](admission);

		if (result != ADMITTED)
			return result;
	}
	return admit_create(admission, data);
}

bool
admit_is_local(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct admission admission = {.worker = worker, .mbuf = mbuf, .packet = packet_of(mbuf)};

	return admit_destination(&admission) == ADMITTED &&
	       route_lookup(worker->appliance->routes, admission.real.dst).kind == ROUTE_LOCAL;
}

void
admit_to_self(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct admission admission = {
		.worker = worker,
		.mbuf = mbuf,
		.packet = packet_of(mbuf),
		.in = &worker->appliance->interfaces->entry[packet_of(mbuf)->interface],
	};

	admit_local(&admission);
}

/* Who is told: inside hosts that there is no room for them (RFC 6888 REQ-11 B), see also refuse_source(). */
static void
admit_refused(const struct admission *admission, int result)
{
	struct worker *worker = admission->worker;

	if (result == TAKEN)
		return;
	if (result == DROP_NAT_UNSOLICITED)
		unsolicited_take(worker, admission->mbuf);
	else if ((result == DROP_FLOW_POOL_EMPTY || result == DROP_FLOW_TABLE_FULL) &&
		 admission->in->nat_side != NAT_SIDE_OUTSIDE)
		forward_refuse(worker, admission->mbuf,
			(struct icmp_error){ICMP_UNREACHABLE, ICMP_CODE_HOST, 0},
			(enum drop_reason)result);
	else
		packet_drop(&worker->thread, admission->mbuf, (enum drop_reason)result);
}

void *
admit(struct worker *worker, struct rte_mbuf *mbuf, void *data)
{
	const struct packet *packet = packet_of(mbuf);
	struct admission admission = {
		.worker = worker,
		.mbuf = mbuf,
		.packet = packet,
		.in = &worker->appliance->interfaces->entry[packet->interface],
	};
	int result = DROP_FLOW_STALE;

	if (data != NULL)
		return admit_again(&admission, data);
	if (packet->flags & PACKET_ICMP_ERROR) {
		icmp_translate(worker, mbuf);
		return NULL;
	}
	/* The packet before this one in the burst may have made the flow. */
	data = flow_lookup(worker->appliance->flows, &packet->key, packet->hash);
	if (data != NULL)
		return pipeline_permit(worker, mbuf, data,
			ruleset_generation(appliance_ruleset(worker->appliance)));
	for (int attempt = 0; attempt < CREATE_ATTEMPTS && result == DROP_FLOW_STALE; attempt++) {
		admission.destination = admission.source = NULL;
		admission.inward = false;
		admission.pinhole = NULL;
		result = admit_once(&admission, &data);
	}
	if (result == ADMITTED)
		return data;
	admit_refused(&admission, result);
	return NULL;
}
