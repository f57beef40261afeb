/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one side has named of the other. A message may name whom its sender pleases, and opens its sender's
 * own side alone; but a proxy on the other side may send it back across callgate, to where it came from,
 * with the Contact and the description that its first sender wrote. The Call-ID has a record for each leg
 * then. So an endpoint that some leg knows from the wrong side alone opens nothing in another leg.
 *
 * Such endpoints stand in their record as openings without door and pinhole (media.c, rewrite.c). Where
 * two phones of one side talk through a proxy of the other, the leg that named an endpoint rightly has it
 * open before the proxy repeats it in the other leg.
 */
#include "alg_priv.h"

enum { LOOKED_AT_MAX = 1024 }; /* openings, for one endpoint: who has more opens nothing */

struct search {
	rte_be32_t address;
	rte_be16_t port;
	bool opened, foreign;
	unsigned int looked_at;
};

static void
chain_search(const struct alg_worker *worker, uint32_t first, struct search *search)
{
	const struct opening *opening;

	for (uint32_t i = first; i && search->looked_at < LOOKED_AT_MAX; i = opening->next) {
		opening = opening_at(worker, i);
		search->looked_at++;
		if (opening->address != search->address || opening->port != search->port)
			continue;
		if (opening->pinhole.index || opening->door.index)
			search->opened = true;
		else
			search->foreign = true;
	}
}

static void
description_search(const struct alg_worker *worker, const struct description *description,
	struct search *search)
{
	if (description->set)
		chain_search(worker, set_at(worker, description->set)->first, search);
}

static void
call_search(const struct alg_worker *worker, const struct call *call, struct search *search)
{
	const struct dialog *dialog;

	chain_search(worker, call->signalling, search);
	description_search(worker, &call->offer, search);
	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		for (unsigned int side = 0; side < 2; side++) {
			description_search(worker, &dialog->committed[side], search);
			description_search(worker, &dialog->offer[side], search);
		}
	}
}

/* Has another leg of the message's call named an endpoint of the other side? */
static bool
other_leg_foreign(const struct plan *plan)
{
	const struct call *call;

	for (uint32_t i = plan->first; i; i = call->same_id) {
		call = call_at(plan->worker, i);
		if (call != plan->call && call->foreign && call_live(call) &&
			call_has_id(call, &plan->id))
			return true;
	}
	return false;
}

bool
foreign_elsewhere(const struct plan *plan, rte_be32_t address, rte_be16_t port)
{
	struct search search = {address, port, false, false, 0};
	const struct call *call;

	if (!plan->call || !other_leg_foreign(plan))
		return false;
	call_search(plan->worker, plan->call, &search);
	if (!search.opened)
		search.foreign = false; /* its own leg is no other one */
	for (uint32_t i = plan->first; i && !search.opened; i = call->same_id) {
		call = call_at(plan->worker, i);
		if (call != plan->call && call_live(call) && call_has_id(call, &plan->id))
			call_search(plan->worker, call, &search);
	}
	return !search.opened && (search.foreign || search.looked_at == LOOKED_AT_MAX);
}
