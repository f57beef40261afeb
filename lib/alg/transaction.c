/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan of one message: what it opens on the signalling side, and the all-or-nothing end.
 *
 * Doors and pinholes are opened, each with a hold, while the message is read, so they stand in the
 * shared tables before it leaves. When a later step fails, plan_rollback() gives every hold of
 * this message back and removes a record made for it; nothing of it stays. plan_commit() gives the
 * openings to the call, or turns their holds into deadlines (Via, registrations, subscriptions).
 *
 * What stood before is changed in the commit alone (what a pinhole or a media door is for, registrations,
 * records that give their place), or its old value is noted and put back (openings of the call that are
 * named again, spellings).
 */
#include "alg_priv.h"

void
plan_fail(struct plan *plan, enum drop_reason reason, enum sip_counter counter)
{
	if (plan->drop != ALG_FORWARD)
		return;
	plan->drop = (int)reason;
	sip_count(plan->worker, counter, 1);
}

void
plan_fail_door(struct plan *plan, int error)
{
	switch (error) {
	case -EADDRNOTAVAIL:
		plan_fail(plan, DROP_SIP_NO_PORT, SIP_COUNT_NO_PORT);
		break;
	case -EDQUOT:
		plan_fail(plan, DROP_SIP_LIMIT, SIP_COUNT_LIMIT_HOST_PORTS);
		break;
	case -EAGAIN:
		plan_fail(plan, DROP_SIP_LIMIT, SIP_COUNT_LIMIT_HOST_RATE);
		break;
	default:
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_DOOR);
		break;
	}
}

static bool
opening_same(
	const struct opening *opening, const struct opening_request *request, rte_be32_t source)
{
	return opening->address == request->endpoint.address &&
	       opening->port == request->endpoint.port &&
	       opening->proto == request->endpoint.proto && opening->source == source;
}

/* One that stands is about to be changed: its note, with what it was before the message. NULL: of too
 * many (then plan->drop is set). */
static struct plan_change *
change_note(struct plan *plan, uint32_t index)
{
	const struct opening *opening = opening_at(plan->worker, index);
	struct plan_change *change;

	for (unsigned int i = 0; i < plan->changed_count; i++) {
		if (plan->changed[i].index == index)
			return &plan->changed[i];
	}
	if (plan->changed_count == PLAN_CHANGES_MAX) {
		limit_endpoints(plan);
		return NULL;
	}
	change = &plan->changed[plan->changed_count++];
	*change = (struct plan_change){index, opening->kind, opening->flags, false};
	return change;
}

/* A Via endpoint that is also a Contact lives as long as the Contact. */
static void
opening_upgrade(struct opening *opening, enum pinhole_class kind)
{
	if (opening->kind == PINHOLE_VIA)
		opening->kind = (uint8_t)kind;
}

/* How a Contact was written, for requests that come to it in its call. */
static void
opening_spell(struct opening *opening, const struct opening_request *request)
{
	if (request->kind != PINHOLE_CONTACT)
		return;
	opening->flags &= (uint8_t)~OPENING_PORTLESS;
	opening->flags |= request->portless ? OPENING_PORTLESS : 0;
}

/* What the call has open is named again. */
static void
opening_renew(struct plan *plan, uint32_t index, const struct opening_request *request)
{
	struct opening *opening = opening_at(plan->worker, index);
	struct opening renewed = *opening;

	opening_upgrade(&renewed, request->kind);
	opening_spell(&renewed, request);
	if (renewed.kind == opening->kind && renewed.flags == opening->flags)
		return;
	if (change_note(plan, index))
		*opening = renewed;
}

/* 0: none. */
static uint32_t
opened_before(struct plan *plan, const struct opening_request *request)
{
	struct alg_worker *worker = plan->worker;
	struct opening *opening;

	for (unsigned int i = 0; i < plan->opened_count; i++) {
		struct plan_opening *opened = &plan->opened[i];

		opening = opening_at(worker, opened->index);
		if (opening_same(opening, request, plan->peer)) {
			opened->held |= request->held;
			opened->until_s = RTE_MAX(opened->until_s, request->until_s);
			opening_upgrade(opening, request->kind);
			opening_spell(opening, request);
			return opened->index;
		}
	}
	if (!plan->call)
		return 0;
	for (uint32_t i = plan->call->signalling; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opening_same(opening, request, plan->peer)) {
			opening_renew(plan, i, request);
			return i;
		}
	}
	return 0;
}

static bool
opening_open(struct plan *plan, struct opening *opening, bool pin)
{
	int error;

	if (opening_translatable(plan, opening)) {
		error = opening_door(plan, opening);
		if (error) {
			plan_fail_door(plan, error);
			return false;
		}
	}
	if (pin && opening_permitted(plan, opening->address, opening->port) == PERMIT_OPEN &&
		opening_pin(plan, opening)) {
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_PINHOLE);
		return false;
	}
	return true;
}

/* One that peer_open() made is a permission alone; who names the endpoint needs its outside half. */
static const struct opening *
opening_with_door(struct plan *plan, uint32_t index)
{
	struct opening *opening = opening_at(plan->worker, index);
	struct plan_change *change;
	int error;

	if (opening->door.index || !opening_translatable(plan, opening))
		return opening;
	change = change_note(plan, index);
	if (!change)
		return NULL;
	change->doored = true;
	error = opening_door(plan, opening);
	if (error == 0)
		return opening;
	plan_fail_door(plan, error);
	return NULL;
}

/* The opening for an endpoint, new or standing; NULL when it failed (plan->drop is set). */
const struct opening *
plan_open(struct plan *plan, const struct opening_request *request)
{
	struct alg_worker *worker = plan->worker;
	uint32_t index = opened_before(plan, request);
	struct opening *opening, like;

	if (plan->drop != ALG_FORWARD)
		return NULL;
	if (index && (opening_at(worker, index)->pinhole.index || !request->pin))
		return opening_with_door(plan, index);
	like = (struct opening){
		.address = request->endpoint.address,
		.port = request->endpoint.port,
		.proto = request->endpoint.proto,
		.kind = (uint8_t)request->kind,
		.source = plan->peer,
		.side = plan->side,
	};
	if (plan->opened_count >= PLAN_OPENINGS_MAX) {
		limit_endpoints(plan);
		return NULL;
	}
	index = opening_take(plan, &like);
	if (index == 0) {
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_ENDPOINT);
		return NULL;
	}
	opening = opening_at(worker, index);
	opening_spell(opening, request);
	if (!opening_open(plan, opening, request->pin)) {
		opening_undo(plan, opening);
		opening_release(plan->self, worker, index, 0);
		return NULL;
	}
	plan->opened[plan->opened_count++] =
		(struct plan_opening){index, request->held, request->until_s};
	return opening;
}

/* How the inside writes an endpoint in this header class. */
void
plan_spell(struct plan *plan, struct binding *binding, enum spelling_class class, bool portless)
{
	if (plan->spelled_count == PLAN_SPELLINGS_MAX) { /* with so many edits it does not leave */
		plan_fail(plan, DROP_SIP_TOO_LONG, SIP_COUNT_TOO_LONG);
		return;
	}
	plan->spelled[plan->spelled_count++] = (struct plan_spelling){binding, class, !portless};
	binding_spell(binding, class, portless);
}

/* Holds of all that the message opened: those of one kind, whose door it made, or which it joined. */
static void
holds_undo(struct plan *plan, uint8_t made)
{
	struct alg_worker *worker = plan->worker;
	uint32_t set = plan->description_new.set;
	struct opening *opening;

	for (unsigned int i = 0; i < plan->opened_count; i++) {
		opening = opening_at(worker, plan->opened[i].index);
		if ((opening->flags & OPENING_MADE) == made)
			opening_undo(plan, opening);
	}
	for (unsigned int i = 0; i < plan->changed_count; i++) {
		opening = opening_at(worker, plan->changed[i].index);
		if (plan->changed[i].doored && (opening->flags & OPENING_MADE) == made)
			opening_undo_door(plan, opening);
	}
	if (set == 0 || set_at(worker, set)->references > 1) /* it stood */
		return;
	for (uint32_t i = set_at(worker, set)->first; i; i = opening->next) {
		opening = opening_at(worker, i);
		if ((opening->flags & OPENING_MADE) == made)
			opening_undo(plan, opening);
	}
}

/* What stood is as it was. */
static void
changes_undo(struct plan *plan)
{
	for (unsigned int i = plan->spelled_count; i-- > 0;) {
		const struct plan_spelling *spelled = &plan->spelled[i];

		binding_spell(spelled->binding, spelled->class, spelled->portless);
	}
	for (unsigned int i = 0; i < plan->changed_count; i++) {
		struct opening *opening = opening_at(plan->worker, plan->changed[i].index);

		opening->kind = plan->changed[i].kind;
		opening->flags = plan->changed[i].flags;
	}
}

void
plan_rollback(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;

	holds_undo(plan, 0);
	holds_undo(plan, OPENING_MADE); /* last: nobody else holds these doors then */
	changes_undo(plan);
	for (unsigned int i = plan->opened_count; i-- > 0;)
		opening_release(plan->self, worker, plan->opened[i].index, 0);
	plan->opened_count = 0;
	description_drop(plan->self, worker, &plan->description_new);
	if (plan->new_dialog)
		dialog_end(plan->self, worker, plan->call, plan->dialog);
	if (plan->new_call) {
		call_record_void(worker, plan->call);
		call_end(plan->self, worker, plan->call);
		call_forget(worker, plan->call);
		plan->call = NULL;
	}
}

/* What stood already becomes what the message asks for. */
static void
plan_widen(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	uint32_t set = plan->description_new.set;
	struct opening *opening;

	if (!plan->joined)
		return;
	for (unsigned int i = 0; i < plan->opened_count; i++)
		opening_widen(plan, opening_at(worker, plan->opened[i].index));
	for (uint32_t i = set ? set_at(worker, set)->first : 0; i; i = opening->next) {
		opening = opening_at(worker, i);
		opening_widen(plan, opening);
	}
}

void
plan_commit(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	struct call *call = plan->call && call_live(plan->call) ? plan->call : NULL;

	plan_widen(plan);
	if (plan->foreign && call)
		call->foreign = true;
	for (unsigned int i = 0; i < plan->opened_count; i++) {
		const struct plan_opening *opened = &plan->opened[i];
		struct opening *opening = opening_at(worker, opened->index);

		if (opened->held && call) {
			opening->next = call->signalling;
			call->signalling = opened->index;
		} else {
			opening_release(plan->self, worker, opened->index,
				RTE_MAX(opened->until_s, plan->self->now_s + TRANSACTION_S));
		}
	}
	plan->opened_count = 0;
	contact_commit(plan);
	if (plan->gone)
		call_forget(worker, plan->gone);
}
