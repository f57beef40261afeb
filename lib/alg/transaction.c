/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan of one message: what it opens on the signalling side, and the all-or-nothing end.
 *
 * Doors and pinholes are opened, each with a hold, while the message is read, so they stand in the
 * shared tables before it leaves. When a later step fails, plan_rollback() gives every hold of
 * this message back and removes a record made for it; nothing of it stays. plan_commit() gives the
 * openings to the call, or turns their holds into deadlines (Via, registrations, subscriptions).
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

static struct opening *
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
			return opening;
		}
	}
	if (!plan->call)
		return NULL;
	for (uint32_t i = plan->call->signalling; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opening_same(opening, request, plan->peer)) {
			opening_upgrade(opening, request->kind);
			opening_spell(opening, request);
			return opening;
		}
	}
	return NULL;
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
opening_doored(struct plan *plan, struct opening *opening)
{
	int error = 0;

	if (opening->door.index == 0 && opening_translatable(plan, opening))
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
	struct opening *opening = opened_before(plan, request), like;
	uint32_t index;

	if (opening && (opening->pinhole.index || !request->pin))
		return opening_doored(plan, opening);
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
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_PINHOLE);
		return NULL;
	}
	opening = opening_at(worker, index);
	opening_spell(opening, request);
	if (!opening_open(plan, opening, request->pin)) {
		opening_release(plan->self, worker, index, 0);
		return NULL;
	}
	plan->opened[plan->opened_count++] =
		(struct plan_opening){index, request->held, request->until_s};
	return opening;
}

void
plan_rollback(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;

	for (unsigned int i = 0; i < plan->opened_count; i++)
		opening_release(plan->self, worker, plan->opened[i].index, 0);
	plan->opened_count = 0;
	description_drop(plan->self, worker, &plan->description_new);
	if (plan->new_dialog)
		dialog_end(plan->self, worker, plan->call, plan->dialog);
	if (plan->new_call) {
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
}
