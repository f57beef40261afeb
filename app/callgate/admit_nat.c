/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of admission that ask NAT: whose address it is, what the source becomes, who may come in. */
#include "admit_priv.h"

enum { PEERS_LOOKED_AT = 64 };

/*
 * May this ICMP message begin something at the address? An echo request to one that hosts share is for
 * callgate, though it may carry an identifier that is mapped; one to an address that a host has leased is for
 * that host (RFC 5508 REQ-7).
 */
static bool
icmp_is_inward(const struct admission *admission)
{
	struct nat *nat = admission->worker->appliance->nat;
	const struct flow_key *key = &admission->packet->key;

	return nat_static_inside(nat, key->dst) ||
	       (nat_whole_inside(nat, key->dst) && is_query(admission->mbuf));
}

/* Step 1. Finds only: what policy refuses must not cost a binding. */
int
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
	if (key->proto == IPPROTO_ICMP && !icmp_is_inward(admission))
		return nobody;
	admission->inward = true;
	admission->destination = binding;
	admission->real.dst = inside.address;
	admission->real.dst_port = inside.port;
	if (key->proto == IPPROTO_ICMP)
		admission->real.src_port = inside.port;
	return ADMITTED;
}

/*
 * An outside address that nobody has now has no destination zone. May this sender address anybody inside in this
 * way? Lists that name inside addresses know of none: then it may not.
 */
bool
admit_to_somebody(const struct admission *admission)
{
	const struct appliance *appliance = admission->worker->appliance;
	const struct interface_table *interfaces = appliance->interfaces;
	uint64_t asked = 0; /* bit per zone */

	for (uint16_t i = 0; i < interfaces->count; i++) {
		const struct interface *inside = &interfaces->entry[i];

		if (inside->nat_side != NAT_SIDE_INSIDE || asked >> inside->zone & 1)
			continue;
		asked |= UINT64_C(1) << inside->zone;
		if (fw_classify(admission->ruleset, admission->in->zone, inside->zone,
			    &admission->packet->key)
				.action != FW_DROP)
			return true;
	}
	return false;
}

static bool
binding_is_media(struct binding *binding)
{
	/* relaxed: only labels the flow */
	return binding && atomic_load_explicit(&binding->media, memory_order_relaxed);
}

bool
admission_is_media(const struct admission *admission)
{
	return binding_is_media(admission->source) || binding_is_media(admission->destination) ||
	       (admission->pinhole && admission->pinhole->class >= PINHOLE_RTP);
}

/* Of the host behind an endpoint, whose binding stands or not. `inward`: NAT_FLOW_INWARD or 0. */
static bool
has_room(const struct admission *admission, const struct endpoint *inside, struct binding *binding,
	unsigned int inward)
{
	return nat_has_room(&admission->worker->thread, admission->worker->appliance->nat, inside,
		binding, inward | (admission_is_media(admission) ? NAT_FLOW_MEDIA : 0));
}

/*
 * An echo request at a leased address. Who asks from outside is filtered as ever, but an identifier that
 * begins here has no peers yet; hosts of the inside, which RFC 5508 REQ-7 has ask each other, are for the zones
 * to keep apart.
 */
static bool
lease_admits(const struct admission *admission)
{
	const struct appliance *appliance = admission->worker->appliance;

	return admission->in->nat_side == NAT_SIDE_INSIDE ||
	       appliance->config->nat.filtering == NAT_FILTERING_ENDPOINT_INDEPENDENT ||
	       nat_static_inside(appliance->nat, admission->packet->key.dst);
}

/* Step 5. The binding of a whole address, and none at all for a flow that cannot be made. */
int
admit_inward(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key *key = &admission->packet->key;
	struct endpoint outside = {key->dst, key->dst_port, key->proto};
	int result;

	if (pool_is_empty(flow_pool(appliance->flows)))
		return DROP_FLOW_POOL_EMPTY;
	if (!admission->inward || admission->destination != NULL)
		return ADMITTED;
	if (!lease_admits(admission))
		return DROP_NAT_UNSOLICITED;
	if (!has_room(admission,
		    &(struct endpoint){
			    admission->real.dst, admission->real.dst_port, key->proto, 0},
		    NULL, NAT_FLOW_INWARD))
		return DROP_NAT_HOST_FLOWS;
	result = admit_limit_inward(admission);
	if (result != ADMITTED)
		return result;
	switch (nat_inbound(
		&admission->worker->thread, appliance->nat, &outside, &admission->destination)) {
	case 0:
		return ADMITTED;
	case -ENOENT: /* a static port rule has the inside endpoint, or the lease is over */
		return DROP_NAT_UNSOLICITED;
	default:
		return DROP_NAT_NO_BINDING;
	}
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
	if (!fw_nat_excludes(admission->ruleset, &seen))
		return false;
	inside = inside_endpoint(
		appliance->nat, &seen, inward ? admission->in->index : admission->out->index);
	return !binding_is_media(binding_find_inside(appliance->nat, &inside));
}

/* The inside host learns that there is nothing for it (RFC 6888 REQ-11 B). */
static int
refuse_source(struct admission *admission, int error)
{
	enum drop_reason reason = error == -EADDRNOTAVAIL ? DROP_NAT_NO_PORT
				  : error == -EDQUOT      ? DROP_NAT_HOST_LIMIT
				  : error == -EAGAIN      ? DROP_NAT_HOST_RATE
							  : DROP_NAT_NO_BINDING;

	admit_log_refused(admission, reason);
	forward_refuse(admission->worker, admission->mbuf,
		(struct icmp_error){ICMP_UNREACHABLE, ICMP_CODE_HOST, 0}, reason);
	return TAKEN;
}

/* Step 6. Hairpin: an inside host that addresses a binding shows its outside address, too. */
int
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
	admission->source = binding_find_inside(appliance->nat, &inside);
	if (admission->source != NULL)
		return ADMITTED;
	if (!has_room(admission, &inside, NULL, 0))
		return DROP_NAT_HOST_FLOWS;
	rc = binding_get(&admission->worker->thread, appliance->nat, &inside, &admission->source);
	admission->made = rc == 0;
	/* -ENOENT: no rule translates this source */
	return rc == 0 || rc == -ENOENT ? ADMITTED : refuse_source(admission, rc);
}

/*
 * May this peer, as filters see it, begin a flow toward the binding? What the ALG opened is for whom it
 * was opened, so a door lets nobody in for being independent of endpoints; a port that only answers
 * the ports it sent to has a flow for each of them, so that none is left to begin one.
 */
static bool
filter_admits(
	struct flow_table *flows, struct binding *binding, unsigned int filtering, rte_be32_t peer)
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
	return flow_owner_has_peer(flows, &binding->flows, peer, PEERS_LOOKED_AT);
}

/* Step 7. */
int
admit_filter(struct admission *admission)
{
	struct appliance *appliance = admission->worker->appliance;
	const struct flow_key seen = admission_seen(admission);

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
		(seen.proto == IPPROTO_ICMP && admission->in->nat_side == NAT_SIDE_INSIDE) ||
		filter_admits(appliance->flows, admission->destination,
			appliance->config->nat.filtering, seen.src))
		return ADMITTED;
	return admit_by_pinhole(admission, &seen, DROP_NAT_UNSOLICITED);
}

/* Step 8. Of a hairpin both hosts. */
int
admit_room(struct admission *admission)
{
	struct binding *source = admission->source, *destination = admission->destination;

	if ((destination != NULL &&
		    !has_room(admission, &destination->inside, destination, NAT_FLOW_INWARD)) ||
		(source != NULL && !has_room(admission, &source->inside, source, 0)))
		return DROP_NAT_HOST_FLOWS;
	return ADMITTED;
}
