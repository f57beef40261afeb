/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Openings: an endpoint that a message named, with the door (translation) and the pinhole
 * (permission) made for it. Both are shared objects that count their holders; an opening is one
 * hold of each, so calls that name the same endpoint do not disturb each other.
 *
 * Life cycle: the plan of a message takes an opening and opens it; the record keeps it until its
 * media, dialog or call ends; opening_release() gives both holds back.
 *
 * Whom a message may open: only its own side, never callgate itself, no broadcast or multicast,
 * no port below 1024. A description from outside so cannot open anything toward an inside host.
 */
#include "alg_priv.h"

static bool
media_kind(const struct opening *opening)
{
	return opening->kind == PINHOLE_RTP || opening->kind == PINHOLE_RTCP;
}

bool
address_openable(const struct alg *alg, rte_be32_t address)
{
	uint32_t host = rte_be_to_cpu_32(address);
	uint32_t top = host >> 24;

	if (top == 0 || top == 127 || top >= 224)
		return false;
	return !interface_address_is_broadcast(alg->interfaces, address) &&
	       !(alg->nat && nat_is_outside_address(alg->nat, address));
}

/* One zone, and not across the NAT: without zones both sides are in "default". */
static bool
realm_same_side(uint8_t realm, uint8_t other)
{
	enum nat_side a = realm_side(realm), b = realm_side(other);

	if (realm_zone(realm) != realm_zone(other))
		return false;
	return !(a == NAT_SIDE_OUTSIDE && b == NAT_SIDE_INSIDE) &&
	       !(a == NAT_SIDE_INSIDE && b == NAT_SIDE_OUTSIDE);
}

/* Where an address is, looked up once for those that follow one another in a message. */
static void
address_look_up(struct plan *plan, rte_be32_t address)
{
	const struct alg *alg = plan->worker->alg;
	uint8_t realm;
	bool routed;

	if (plan->permit_known && plan->permit_address == address)
		return;
	routed = route_realm(alg->routes, address, &realm);
	plan->permit_known = true;
	plan->permit_address = address;
	plan->permit_inside = routed && realm_side(realm) == NAT_SIDE_INSIDE;
	if (!address_openable(alg, address))
		plan->permit = PERMIT_REFUSED;
	else if (!routed || !realm_same_side(plan->message->source_realm, realm))
		plan->permit = PERMIT_FOREIGN;
	else
		plan->permit = PERMIT_OPEN;
}

enum permission
opening_permitted(struct plan *plan, rte_be32_t address, rte_be16_t port)
{
	address_look_up(plan, address);
	if (plan->permit == PERMIT_OPEN && rte_be_to_cpu_16(port) < MEDIA_PORT_MIN)
		return PERMIT_REFUSED;
	if (plan->permit == PERMIT_OPEN && foreign_elsewhere(plan, address, port))
		return PERMIT_FOREIGN;
	return plan->permit;
}

/*
 * Would NAT translate this endpoint on the message's way? A rule may cover more than there is inside
 * (0.0.0.0/0, or a carrier within 10.0.0.0/8): what does not route to an inside interface is no
 * inside endpoint.
 */
bool
endpoint_translatable(struct plan *plan, const struct endpoint *endpoint)
{
	if (!plan->outward || !nat_would_translate(plan->worker->alg->nat, endpoint))
		return false;
	address_look_up(plan, endpoint->address);
	return plan->permit_inside;
}

bool
opening_translatable(struct plan *plan, const struct opening *opening)
{
	struct endpoint inside = plan_inside(plan, opening->address, opening->port, opening->proto);

	return endpoint_translatable(plan, &inside);
}

static void
joined_note(struct plan *plan, struct opening *opening, bool joined)
{
	if (joined)
		opening->flags |= OPENING_JOINED;
	plan->joined |= joined;
}

/* It has this door now. */
void
opening_doored(struct plan *plan, struct opening *opening, const struct door *door)
{
	opening->door = door->handle;
	opening->outside_address = door->outside.address;
	opening->outside_port = door->outside.port;
	if (!door->joined)
		opening->flags |= OPENING_MADE;
	joined_note(plan, opening, door->joined && media_kind(opening));
}

int
opening_door(struct plan *plan, struct opening *opening)
{
	struct door_spec spec = {
		.inside = plan_inside(plan, opening->address, opening->port, opening->proto),
		.class = media_kind(opening) ? DOOR_MEDIA : DOOR_SIGNALLING,
		.hold = true,
	};
	struct door door;
	int error = door_join(plan->self, plan->worker->alg->nat, &spec, &door);

	if (error == 0)
		opening_doored(plan, opening, &door);
	return error;
}

static struct pinhole_holder
holder_of(const struct alg_worker *worker, const struct call *call)
{
	return (struct pinhole_holder){worker->id, call_handle(worker, call)};
}

static struct pinhole_spec
pinhole_spec_of(const struct plan *plan, const struct opening *opening)
{
	struct pinhole_spec spec = {
		.key = {opening->source, opening->address, opening->port, opening->proto, 0},
		.class = (enum pinhole_class)opening->kind,
		.hold = true,
		.holder = {0xff, HANDLE_NONE},
		.media_source = (enum media_source)plan->worker->alg->config->sip.media_source,
	};

	if (plan->call)
		spec.holder = holder_of(plan->worker, plan->call);
	return spec;
}

/* The message leaves: what it joined becomes what it asks for. */
void
opening_widen(struct plan *plan, struct opening *opening)
{
	struct alg *alg = plan->worker->alg;
	struct pinhole_spec spec;

	if (!(opening->flags & OPENING_JOINED))
		return;
	spec = pinhole_spec_of(plan, opening);
	pinhole_widen(alg->pinholes, opening->pinhole, &spec);
	if (opening->door.index && media_kind(opening))
		door_widen(plan->self, alg->nat, opening->door);
	opening->flags &= (uint8_t)~OPENING_JOINED;
}

int
opening_pin(struct plan *plan, struct opening *opening)
{
	struct pinhole_spec spec = pinhole_spec_of(plan, opening);
	bool joined;
	int error = pinhole_join(
		plan->self, plan->worker->alg->pinholes, &spec, &opening->pinhole, &joined);

	if (error) {
		opening->pinhole = HANDLE_NONE;
		return error;
	}
	joined_note(plan, opening, joined);
	if (media_kind(opening))
		sip_count(plan->worker, SIP_COUNT_MEDIA_OPENED, 1);
	return 0;
}

int
opening_pin_pair(struct plan *plan, struct opening *rtp, struct opening *rtcp)
{
	const struct pinhole_spec spec[2] = {
		pinhole_spec_of(plan, rtp), pinhole_spec_of(plan, rtcp)};
	struct handle handle[2];
	bool joined[2];
	int error =
		pinhole_join_pair(plan->self, plan->worker->alg->pinholes, spec, handle, joined);

	if (error)
		return error;
	joined_note(plan, rtp, joined[0]);
	joined_note(plan, rtcp, joined[1]);
	rtp->pinhole = handle[0];
	rtcp->pinhole = handle[1];
	sip_count(plan->worker, SIP_COUNT_MEDIA_OPENED, 2);
	return 0;
}

/* May the call have one more? */
bool
opening_room(const struct plan *plan)
{
	unsigned int max = plan->worker->alg->config->sip.max_doors_per_call;

	return !plan->call ||
	       (plan->call->openings < UINT16_MAX && (max == 0 || plan->call->openings < max));
}

/* A new one, which holds nothing yet, and counts for the call. 0: none left, or too many (then
 * plan->drop is set). */
uint32_t
opening_take(struct plan *plan, const struct opening *like)
{
	struct alg_worker *worker = plan->worker;
	struct opening *opening;
	uint32_t index;

	if (!opening_room(plan)) {
		limit_opening(plan);
		return 0;
	}
	index = slab_take(&worker->openings);
	if (index == 0)
		return 0;
	opening = opening_at(worker, index);
	*opening = *like;
	if (plan->call) {
		opening->call = slab_index(&worker->calls, plan->call);
		plan->call->openings++;
	}
	return index;
}

/* The pinhole stays, for another call or for another description of this one. */
static void
pinhole_stays(struct thread *self, struct alg_worker *worker, const struct opening *opening)
{
	const struct call *call = opening->call ? call_at(worker, opening->call) : NULL;
	struct pinhole_holder holder;

	if (!call || !media_kind(opening) || media_has_pinhole(worker, call, opening->pinhole))
		return;
	holder = holder_of(worker, call);
	pinhole_media_leave(self, worker->alg->pinholes, opening->pinhole, &holder);
}

static void
opening_unpin(struct thread *self, struct alg_worker *worker, const struct opening *opening,
	uint32_t linger_until_s)
{
	if (opening->pinhole.index == 0)
		return;
	if (pinhole_release(self, worker->alg->pinholes, opening->pinhole, linger_until_s))
		pinhole_stays(self, worker, opening);
	if (media_kind(opening))
		sip_count(worker, SIP_COUNT_MEDIA_CLOSED, 1);
}

/* The message that took its door does not leave. */
void
opening_undo_door(const struct plan *plan, struct opening *opening)
{
	if (opening->door.index == 0)
		return;
	door_undo(plan->self, plan->worker->alg->nat, opening->door,
		!(opening->flags & OPENING_MADE));
	opening->door = HANDLE_NONE;
	opening->outside_address = 0;
	opening->outside_port = 0;
}

/* The message that took it does not leave: it holds nothing any more. */
void
opening_undo(const struct plan *plan, struct opening *opening)
{
	opening_unpin(plan->self, plan->worker, opening, 0);
	opening->pinhole = HANDLE_NONE;
	opening_undo_door(plan, opening);
}

/* The opening is in no chain any more. */
void
opening_release(
	struct thread *self, struct alg_worker *worker, uint32_t index, uint32_t linger_until_s)
{
	struct opening *opening = opening_at(worker, index);
	struct call_record_flows flows;

	flows.count = 0;
	if (worker->records)
		call_record_look(worker, opening, &flows);
	opening_unpin(self, worker, opening, linger_until_s);
	if (opening->door.index)
		door_release(self, worker->alg->nat, opening->door, linger_until_s);
	if (flows.count > 0)
		call_record_count(worker, opening, &flows);
	if (opening->call)
		call_at(worker, opening->call)->openings--;
	slab_give(&worker->openings, index);
}

uint32_t
opening_last_seen(const struct alg *alg, const struct opening *opening)
{
	enum { FLOWS_LOOKED_AT = 8 };
	struct pinhole *pinhole = pool_get(pinhole_pool(alg->pinholes), opening->pinhole);
	struct binding *binding =
		alg->nat ? pool_get(nat_binding_pool(alg->nat), opening->door) : NULL;
	uint32_t newest = 0;

	if (pinhole)
		newest = flow_owner_last_seen(alg->flows, &pinhole->flows, FLOWS_LOOKED_AT);
	if (binding)
		newest = RTE_MAX(
			newest, flow_owner_last_seen(alg->flows, &binding->flows, FLOWS_LOOKED_AT));
	return newest;
}
