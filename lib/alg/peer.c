/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where later requests of a dialog come from. They take the way of the other party's Record-Route,
 * or come straight from its Contact (RFC 3261 12.2.1.1), and neither needs to be the address that
 * the messages so far came from: a carrier has several border elements, a proxy may step out after
 * the INVITE. So each Contact and route endpoint of one side is opened to each such address of the
 * other. Nobody gains an endpoint by this, only a source that the party itself has named.
 *
 * Ports are not compared: a proxy may send from another than it listens on.
 */
#include "alg_priv.h"

enum {
	PEER_PINHOLES_MAX = 16, /* a message */
	PEER_CHAIN_MAX = 64, /* endpoints of a call that are looked at */
};

static bool
is_target(const struct opening *opening)
{
	return opening->pinhole.index &&
	       (opening->kind == PINHOLE_CONTACT || opening->kind == PINHOLE_ROUTE);
}

static bool
opens_already(const struct opening *opening, const struct opening *target, rte_be32_t source)
{
	return opening->address == target->address && opening->port == target->port &&
	       opening->proto == target->proto && opening->source == source;
}

static bool
stands(const struct plan *plan, const struct opening *target, rte_be32_t source)
{
	const struct alg_worker *worker = plan->worker;
	const struct opening *opening;

	for (unsigned int i = 0; i < plan->opened_count; i++) {
		if (opens_already(opening_at(worker, plan->opened[i].index), target, source))
			return true;
	}
	for (uint32_t i = plan->call->signalling; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opens_already(opening, target, source))
			return true;
	}
	return false;
}

/* The target's door is held where it was named; this adds a permission. False: no more. */
static bool
admit_source(struct plan *plan, const struct opening *target, rte_be32_t source)
{
	struct alg_worker *worker = plan->worker;
	struct opening *opening, like;
	uint32_t index;

	if (stands(plan, target, source))
		return true;
	like = (struct opening){
		.address = target->address,
		.port = target->port,
		.proto = target->proto,
		.kind = target->kind,
		.source = source,
		.side = target->side,
		.flags = target->flags & OPENING_PORTLESS,
	};
	/* A permission that there is no room for is left out; it refuses no message. */
	index = plan->opened_count < PLAN_OPENINGS_MAX && opening_room(plan)
			? opening_take(plan, &like)
			: 0;
	if (index == 0)
		return false;
	opening = opening_at(worker, index);
	if (opening_pin(plan, opening)) {
		opening_release(plan->self, worker, index, 0);
		return false;
	}
	plan->opened[plan->opened_count++] = (struct plan_opening){index, true, 0};
	return true;
}

/* After the headers: what this message named, against what the other side has named before. */
void
peer_open(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	unsigned int named = plan->opened_count, seen = 0;
	const struct opening *mine, *theirs;

	/* A hairpin's filter sees outside halves, and both ends are here anyway. */
	if (plan->outward && plan->inward)
		return;
	for (uint32_t i = plan->call->signalling; i && seen < PEER_CHAIN_MAX; i = theirs->next) {
		theirs = opening_at(worker, i);
		seen++;
		if (theirs->side == plan->side || !is_target(theirs))
			continue;
		for (unsigned int n = 0; n < named; n++) {
			mine = opening_at(worker, plan->opened[n].index);
			if (!plan->opened[n].held || !is_target(mine))
				continue;
			if (plan->opened_count >= named + PEER_PINHOLES_MAX ||
				!admit_source(plan, theirs, mine->address) ||
				!admit_source(plan, mine, theirs->address))
				return;
		}
	}
}
