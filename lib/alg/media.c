/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Media sets: the endpoints of one description with their doors and pinholes.
 *
 * Life cycle: a description is read into the worker's `wanted` list. A set of the same side that
 * names exactly these endpoints is joined (retransmission, hold, session refresh: nothing changes,
 * not even a port); otherwise a new set is opened whole, or not at all. Sets are counted, since all
 * forks of a call share the offer; the last reference closes every door and pinhole at once.
 *
 * RTP and RTCP doors are opened as a pair, so that RTP gets an even port and RTCP the next one.
 * With rtcp-mux offered the RTCP door is opened all the same, since the answer may refuse.
 */
#include "alg_priv.h"

const struct opening *
media_find(const struct alg_worker *worker, uint32_t set, uint8_t stream, uint8_t component)
{
	const struct opening *opening;

	if (set == 0)
		return NULL;
	for (uint32_t i = set_at(worker, set)->first; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opening->stream == stream && opening->component == component &&
			!(opening->flags & OPENING_CANDIDATE))
			return opening;
	}
	return NULL;
}

void
media_set_empty(struct thread *self, struct alg_worker *worker, uint32_t index)
{
	struct media_set *set = set_at(worker, index);
	uint32_t i;

	while ((i = set->first)) {
		set->first = opening_at(worker, i)->next;
		opening_release(self, worker, i, 0);
	}
}

void
media_set_drop(struct thread *self, struct alg_worker *worker, uint32_t index)
{
	if (index == 0 || --set_at(worker, index)->references)
		return;
	media_set_empty(self, worker, index);
	slab_give(&worker->sets, index);
}

static bool
set_has_pinhole(const struct alg_worker *worker, uint32_t set, struct handle pinhole)
{
	const struct opening *opening;

	for (uint32_t i = set ? set_at(worker, set)->first : 0; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opening->pinhole.index == pinhole.index &&
			opening->pinhole.generation == pinhole.generation)
			return true;
	}
	return false;
}

/* Does some description of the call hold this pinhole? */
bool
media_has_pinhole(const struct alg_worker *worker, const struct call *call, struct handle pinhole)
{
	const struct dialog *dialog;

	if (set_has_pinhole(worker, call->offer.set, pinhole))
		return true;
	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		for (int side = 0; side < 2; side++) {
			if (set_has_pinhole(worker, dialog->committed[side].set, pinhole) ||
				set_has_pinhole(worker, dialog->offer[side].set, pinhole))
				return true;
		}
	}
	return false;
}

static bool
opening_is(const struct opening *opening, const struct wanted *wanted)
{
	return opening->address == wanted->address && opening->port == wanted->port &&
	       opening->proto == wanted->proto;
}

/* The opening of a set for this endpoint, or 0. */
static uint32_t
set_names(const struct alg_worker *worker, uint32_t index, const struct wanted *wanted)
{
	uint32_t i = index ? set_at(worker, index)->first : 0;

	while (i && !opening_is(opening_at(worker, i), wanted))
		i = opening_at(worker, i)->next;
	return i;
}

/* True when a set names exactly the wanted endpoints; fills their openings. */
static bool
set_matches(struct plan *plan, uint32_t index)
{
	struct alg_worker *worker = plan->worker;
	uint32_t i;
	unsigned int n = 0;

	if (index == 0)
		return false;
	for (i = set_at(worker, index)->first; i && n < plan->wanted_count; n++) {
		struct opening *opening = opening_at(worker, i);
		struct wanted *wanted = &worker->wanted[n];

		if (!opening_is(opening, wanted) || opening->stream != wanted->stream ||
			opening->component != wanted->component ||
			(opening->flags ^ wanted->flags) & OPENING_ICE)
			return false;
		wanted->opening = i;
		i = opening->next;
	}
	return i == 0 && n == plan->wanted_count;
}

static bool
wants_door(struct plan *plan, const struct opening *opening)
{
	return opening_translatable(plan, opening);
}

static bool
open_pair(struct plan *plan, struct opening *rtp, struct opening *rtcp)
{
	struct door_spec spec[2];
	struct door door[2];
	struct opening *opening[2] = {rtp, rtcp};
	int error;

	for (int i = 0; i < 2; i++)
		spec[i] = (struct door_spec){
			.inside = plan_inside(
				plan, opening[i]->address, opening[i]->port, opening[i]->proto),
			.class = DOOR_MEDIA,
			.hold = true,
		};
	error = door_join_pair(plan->self, plan->worker->alg->nat, spec, door);
	if (error) {
		plan_fail_door(plan, error);
		return false;
	}
	for (int i = 0; i < 2; i++)
		opening_doored(plan, opening[i], &door[i]);
	return true;
}

/* Doors, then pinholes, of the new openings from `opening` on. */
static bool
open_one(struct plan *plan, struct opening *opening, struct opening *following)
{
	struct alg_worker *worker = plan->worker;
	enum permission permission = opening_permitted(plan, opening->address, opening->port);
	bool pair = false;
	int error;

	plan->foreign |= permission == PERMIT_FOREIGN;
	if (permission == PERMIT_FOREIGN && opening->component == 1)
		sip_count(worker, SIP_COUNT_MEDIA_FOREIGN, 1);
	if (permission == PERMIT_REFUSED)
		sip_count(worker, SIP_COUNT_MEDIA_REFUSED, 1);
	if (permission != PERMIT_OPEN)
		return true;
	if (worker->alg->config->sip.media_hosts == MEDIA_HOSTS_SENDER &&
		opening->address != plan->real_source) {
		sip_count(worker, SIP_COUNT_MEDIA_REFUSED, 1);
		return true;
	}
	if (opening->door.index == 0 && wants_door(plan, opening)) {
		pair = following && following->stream == opening->stream &&
		       following->component == opening->component + 1 &&
		       opening->component % 2 == 1 && !(following->flags & OPENING_CANDIDATE) &&
		       wants_door(plan, following) &&
		       opening_permitted(plan, following->address, following->port) == PERMIT_OPEN;

		if (pair) {
			if (!open_pair(plan, opening, following))
				return false;
		} else if ((error = opening_door(plan, opening))) {
			plan_fail_door(plan, error);
			return false;
		}
	}
	if (opening->pinhole.index) /* with the one before */
		return true;
	pair = pair && following->address == opening->address;
	if (pair ? opening_pin_pair(plan, opening, following) : opening_pin(plan, opening)) {
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_PINHOLE);
		return false;
	}
	return true;
}

static bool
set_fill(struct plan *plan, struct media_set *set)
{
	struct alg_worker *worker = plan->worker;
	uint32_t *tail = &set->first;

	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		struct wanted *wanted = &worker->wanted[i];
		struct opening like = {
			.address = wanted->address,
			.port = wanted->port,
			.proto = wanted->proto,
			.kind = wanted->component % 2 ? PINHOLE_RTP : PINHOLE_RTCP,
			.stream = wanted->stream,
			.component = wanted->component,
			.flags = wanted->flags & (OPENING_ICE | OPENING_CANDIDATE | OPENING_KEPT),
			.side = plan->side,
		};
		uint32_t index = opening_take(plan, &like);

		if (index == 0) {
			plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_ENDPOINT);
			return false;
		}
		wanted->opening = index;
		*tail = index;
		tail = &opening_at(worker, index)->next;
	}
	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		struct opening *following =
			i + 1 < plan->wanted_count
				? opening_at(worker, worker->wanted[i + 1].opening)
				: NULL;

		if (!open_one(plan, opening_at(worker, worker->wanted[i].opening), following))
			return false;
	}
	return true;
}

/* port/count has one base port: the outside ports must follow each other as the inside ones do. */
static bool
ports_follow(const struct plan *plan)
{
	const struct alg_worker *worker = plan->worker;
	const struct opening *base = NULL;

	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		const struct opening *opening = opening_at(worker, worker->wanted[i].opening);

		if (opening->component == 1)
			base = opening;
		if (opening->component < 3 || opening->flags & OPENING_CANDIDATE || !base)
			continue;
		if (rte_be_to_cpu_16(opening->outside_port) -
					rte_be_to_cpu_16(base->outside_port) !=
				rte_be_to_cpu_16(opening->port) - rte_be_to_cpu_16(base->port) &&
			opening->outside_port && base->outside_port)
			return false;
	}
	return true;
}

/* Sets of the sender's side that a description may name again. */
enum { STANDING_MAX = 3 };

static void
standing_sets(const struct plan *plan, uint32_t standing[STANDING_MAX])
{
	const struct dialog *dialog = plan->dialog;
	const struct call *call = plan->call;

	standing[0] = dialog ? dialog->offer[plan->side].set : 0;
	standing[1] = dialog ? dialog->committed[plan->side].set : 0;
	standing[2] = call->caller_side == plan->side ? call->offer.set : 0;
	/* An INVITE that comes late: its offer stands in the dialogs it made. */
	if (!dialog && standing[2] == 0 && call->dialogs)
		standing[1] = dialog_at(plan->worker, call->dialogs)->committed[plan->side].set;
}

/* Find or open the set of the wanted endpoints, with one reference for plan->description_new. */
void
media_set_obtain(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	uint32_t standing[STANDING_MAX], index;
	struct media_set *set;

	standing_sets(plan, standing);
	for (unsigned int i = 0; i < STANDING_MAX; i++) {
		if (set_matches(plan, standing[i])) {
			plan->description_new.set = standing[i];
			set_at(worker, standing[i])->references++;
			return;
		}
	}
	index = slab_take(&worker->sets);
	if (index == 0) {
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_ENDPOINT);
		return;
	}
	plan->description_new.set = index;
	set = set_at(worker, index);
	*set = (struct media_set){.references = 1};
	if (set_fill(plan, set) && !ports_follow(plan))
		plan_fail(plan, DROP_SIP_NO_PORT, SIP_COUNT_NO_PORT);
}

/* The opening of any dialog of the call for this endpoint, or 0. */
static uint32_t
call_names(const struct plan *plan, const struct wanted *wanted)
{
	const struct alg_worker *worker = plan->worker;
	const struct dialog *dialog;
	uint32_t opening = 0;

	for (uint32_t i = plan->call->dialogs; i && opening == 0; i = dialog->next) {
		dialog = dialog_at(worker, i);
		opening = set_names(worker, dialog->offer[plan->side].set, wanted);
		if (opening == 0)
			opening = set_names(worker, dialog->committed[plan->side].set, wanted);
	}
	return opening;
}

/* A repetition: the openings that stand for what it names. It opens nothing. */
void
media_set_recall(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	uint32_t standing[STANDING_MAX];

	standing_sets(plan, standing);
	for (unsigned int n = 0; n < plan->wanted_count; n++) {
		struct wanted *wanted = &worker->wanted[n];

		wanted->opening = 0;
		for (unsigned int i = 0; i < STANDING_MAX && wanted->opening == 0; i++)
			wanted->opening = set_names(worker, standing[i], wanted);
		if (wanted->opening == 0)
			wanted->opening = call_names(plan, wanted);
	}
}
