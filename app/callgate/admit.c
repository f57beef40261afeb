/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission: what happens once a conversation. Policy and NAT rules decide, a flow remembers.
 *
 * Order (destination before policy, source after, so that policy always sees real addresses; steps 1 and 5
 * to 8 stand in admit_nat.c):
 *   0. source: may it be there, where it comes from?
 *   1. destination: an outside address of ours becomes the inside endpoint of its binding
 *   2. route: egress interface, or one of our own addresses
 *   3. policy of the zone pair; where it refuses, a pinhole may permit (of a hairpin after 6)
 *   4. first packet: may it begin a conversation at all?
 *   5. destination: its binding, made now if a static whole address has none yet
 *   6. source: the binding of the inside endpoint, made now if a rule translates it
 *   7. filter (RFC 4787 REQ-8): who may reach a dynamic binding
 *   8. limit of flows (RFC 6888 REQ-5) of the inside hosts that it is a flow of
 *   9. the flow, linked to the bindings and the pinhole it came through
 * Limits of the class and the zone pair are asked after 4, of what comes to an outside endpoint after 8,
 * or before its binding is made in 5.
 */
#include <rte_icmp.h>

#include "admit_priv.h"
#include "flow/tcp.h"
#include "net/parse.h"
#include "tcp_unknown.h"
#include "unsolicited.h"

enum {
	CREATE_ATTEMPTS = 2, /* a binding may close between its look-up and the flow */
};

/* A packet to an own address: policy of zone "self", then ICMP or nobody. Takes the packet. */
static void
admit_local(struct admission *admission)
{
	struct worker *worker = admission->worker;
	struct appliance *appliance = worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	int result = ADMITTED;

	admission->out = NULL;
	admission->real = *key;
	admission->verdict = fw_classify(admission->ruleset, admission->in->zone, ZONE_SELF, key);
	fw_count(admission->ruleset, &admission->verdict, false, admission->packet->ip_length);
	if (admission->verdict.action == FW_DROP)
		result = DROP_SELF_POLICY;
	else
		result = admit_limit_self(admission);
	if (result != ADMITTED) {
		admit_log_refused(admission, (enum drop_reason)result);
		packet_drop(&worker->thread, admission->mbuf, (enum drop_reason)result);
		return;
	}
	if (key->proto == IPPROTO_ICMP) {
		/* What was inspected may be answered; else it is a conversation of callgate's own. */
		if (!(admission->verdict.inter_zone && admission->verdict.action == FW_INSPECT) &&
			!forward_self_may(worker, key, admission->packet->ip_length)) {
			packet_drop(&worker->thread, admission->mbuf, DROP_SELF_POLICY);
			return;
		}
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

struct flow_key
admission_seen(const struct admission *admission)
{
	struct flow_key seen = admission->real;

	if (admission->source != NULL && admission->destination != NULL) {
		seen.src = admission->source->outside.address;
		seen.src_port = admission->source->outside.port;
	}
	return seen;
}

int
admit_by_pinhole(
	struct admission *admission, const struct flow_key *seen, enum drop_reason otherwise)
{
	switch (pinhole_match(&admission->worker->thread, admission->worker->appliance->pinholes,
		seen, &admission->pinhole)) {
	case PINHOLE_PASS:
		return ADMITTED;
	case PINHOLE_REFUSED:
		return DROP_PINHOLE_SOURCE;
	case PINHOLE_FULL:
		return DROP_PINHOLE_FLOWS;
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

static bool
binding_is_door(struct binding *binding)
{
	/* relaxed: who opened it did so before the message left that this packet follows */
	return atomic_load_explicit(&binding->holders, memory_order_relaxed) != 0 ||
	       atomic_load_explicit(&binding->deadline_s, memory_order_relaxed) != 0;
}

/*
 * Step 3. Policy sees the source as it is. Pinholes know that of a hairpin by its outside half, so where
 * one may stand the source gets its binding now.
 */
static int
admit_policy(struct admission *admission)
{
	struct flow_key seen;
	int result;

	admission->verdict = fw_classify(
		admission->ruleset, admission->in->zone, admission->out->zone, &admission->real);
	if (admission->verdict.action != FW_DROP)
		return ADMITTED;
	if (admission->in->nat_side == NAT_SIDE_INSIDE && admission->destination != NULL &&
		binding_is_door(admission->destination)) {
		result = admit_source(admission);
		if (result != ADMITTED)
			return result;
	}
	seen = admission_seen(admission);
	return admit_by_pinhole(admission, &seen,
		admission->verdict.no_pair ? DROP_POLICY_NO_PAIR : DROP_POLICY_DROP);
}

static bool
is_sip(const struct admission *admission)
{
	const struct ruleset *ruleset = admission->ruleset;

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
	const struct flow_key seen = admission_seen(admission);

	return pinhole_signalling(
		&admission->worker->thread, admission->worker->appliance->pinholes, &seen);
}

static uint16_t
flow_operations(const struct admission *admission)
{
	bool stateful = admission->verdict.action != FW_PASS;
	uint16_t excluded = admission->excluded ? FLOW_NAT_EXCLUDED : 0;
	uint16_t mss = admission->in->tcp_mss || admission->out->tcp_mss ? FLOW_TCP_MSS : 0;
	uint16_t window = 0;

	switch (admission->real.proto) {
	case IPPROTO_TCP:
		/* "pass" inspects nothing, but what NAT keeps has its times (RFC 5382 REQ-5). */
		if (!stateful)
			return admission->source || admission->destination
				       ? mss | FLOW_TCP | FLOW_TCP_LOOSE
				       : mss;
		if (!tcp_may_open(admission->packet->tcp_flags))
			return mss | (is_sip(admission) ? FLOW_SIP_TCP | excluded : 0);
		if (admission->worker->appliance->config->tcp_window_check &&
			admission->verdict.inter_zone)
			window = FLOW_TCP_WINDOW;
		return mss | FLOW_TCP | window | (is_sip(admission) ? FLOW_SIP_TCP | excluded : 0);
	case IPPROTO_UDP:
		return is_sip(admission) ? FLOW_SIP_UDP | excluded : 0;
	case IPPROTO_ICMP:
		/* Who asks matters where policy inspects or NAT translates; a router lets both. */
		stateful &= admission->verdict.inter_zone;
		return (stateful || admission->source || admission->destination) &&
				       is_query(admission->mbuf)
			       ? FLOW_ICMP
			       : 0;
	default:
		return 0;
	}
}

/*
 * Another flow holds the answers' key: one that a packet began which had this source's address and came in where
 * the route does not lead back to it. Whose packets come from there may have it instead.
 */
static bool
conflict_yields(const struct admission *admission, const struct flow_template *template,
	const struct route *back)
{
	const struct appliance *appliance = admission->worker->appliance;
	void *data =
		flow_lookup(appliance->flows, &template->key[1], flow_key_hash(&template->key[1]));
	const struct flow_key *began;

	if (data == NULL || flow_direction_of_data(data) != 1 ||
		(back->kind != ROUTE_CONNECTED && back->kind != ROUTE_GATEWAY) ||
		appliance->interfaces->entry[back->interface].realm != admission->in->realm)
		return false;
	began = &flow_of_data(data)->path[0].key;
	return began->src == template->key[0].src && began->realm != template->key[0].realm &&
	       flow_remove(&admission->worker->thread, appliance->flows, flow_of_data(data));
}

/* Step 9. */
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
		.ruleset_generation = ruleset_generation(admission->ruleset),
		.account = admission->account,
		.media = admission_is_media(admission),
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
	admission->account = 0; /* the flow's now, or given back */
	switch (flow_create(&admission->worker->thread, appliance->flows, &template, data)) {
	case 0:
		admit_log_begun(admission, flow_path_of_data(*data));
		return ADMITTED;
	case 1:
		return ADMITTED;
	case -ENOBUFS:
		return DROP_FLOW_POOL_EMPTY;
	case -ENOSPC:
		return DROP_FLOW_TABLE_FULL;
	case -EADDRINUSE:
		return conflict_yields(admission, &template, &back) ? DROP_FLOW_STALE
								    : DROP_FLOW_CONFLICT;
	default:
		return DROP_FLOW_STALE;
	}
}

/* It is not forwarded: neither place nor binding is left of it. */
static void
admit_undo(struct admission *admission)
{
	admit_limit_undo(admission);
	if (admission->made)
		binding_undo(&admission->worker->thread, admission->worker->appliance->nat,
			admission->source);
}

static int
admit_once(struct admission *admission, void **data)
{
	static int (*const steps[])(struct admission *) = {
		admit_destination,
		admit_route,
		admit_policy,
		admit_first_packet,
		admit_limit_outward,
		admit_inward,
		admit_source,
		admit_filter,
		admit_room,
		admit_limit_inward,
	};

	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		int result = steps[i](admission);

		if (result != ADMITTED) {
			admit_undo(admission);
			return result;
		}
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
		.ruleset = appliance_ruleset(worker->appliance),
		.in = &worker->appliance->interfaces->entry[packet_of(mbuf)->interface],
	};

	admit_local(&admission);
}

/*
 * Who is told: inside hosts that there is no room for them (RFC 6888 REQ-11 B), see also refuse_source(); both ends of
 * SIP connections that are not known.
 */
static void
admit_refused(const struct admission *admission, int result)
{
	struct worker *worker = admission->worker;

	if (result == TAKEN)
		return;
	admit_log_refused(admission, (enum drop_reason)result);
	if (result == DROP_NAT_UNSOLICITED && (admission->out || admit_to_somebody(admission)))
		unsolicited_take(worker, admission->mbuf);
	else if ((result == DROP_FLOW_POOL_EMPTY || result == DROP_FLOW_TABLE_FULL ||
			 result == DROP_NAT_HOST_FLOWS) &&
		 admission->in->nat_side != NAT_SIDE_OUTSIDE)
		forward_refuse(worker, admission->mbuf,
			(struct icmp_error){ICMP_UNREACHABLE, ICMP_CODE_HOST, 0},
			(enum drop_reason)result);
	else {
		if (result == DROP_TCP_NO_FLOW && is_sip(admission))
			tcp_unknown_answer(worker, admission->mbuf);
		packet_drop(&worker->thread, admission->mbuf, (enum drop_reason)result);
	}
}

void *
admit(struct worker *worker, struct rte_mbuf *mbuf, void *data)
{
	const struct packet *packet = packet_of(mbuf);
	struct admission admission = {
		.worker = worker,
		.mbuf = mbuf,
		.packet = packet,
		.ruleset = appliance_ruleset(worker->appliance),
		.in = &worker->appliance->interfaces->entry[packet->interface],
	};
	const uint16_t bytes = packet->ip_length; /* where it is taken, its mbuf is gone */
	int result = DROP_FLOW_STALE;

	if (data != NULL)
		return admit_again(&admission, data);
	if (admit_source_check(&admission) != ADMITTED) {
		packet_drop(&worker->thread, mbuf, DROP_SOURCE_CHECK);
		return NULL;
	}
	if (packet->flags & PACKET_ICMP_ERROR) {
		icmp_translate(worker, mbuf);
		return NULL;
	}
	/* The packet before this one in the burst may have made the flow. */
	data = flow_lookup(worker->appliance->flows, &packet->key, packet->hash);
	if (data != NULL)
		return pipeline_permit(worker, mbuf, data, ruleset_generation(admission.ruleset));
	for (int attempt = 0; attempt < CREATE_ATTEMPTS && result == DROP_FLOW_STALE; attempt++) {
		admission.destination = admission.source = NULL;
		admission.inward = admission.made = admission.limited = false;
		admission.pinhole = NULL;
		admission.verdict = (struct fw_verdict){0};
		result = admit_once(&admission, &data);
	}
	/* To callgate itself it has been counted, and to nobody there is nothing to count. */
	if (admission.out != NULL)
		fw_count(admission.ruleset, &admission.verdict, admission.pinhole != NULL, bytes);
	if (result == ADMITTED)
		return data;
	admit_refused(&admission, result);
	return NULL;
}
