/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leads: the way to a call's record, gone before the message is read.
 *
 * Among a million calls nothing of a call is in the cache, and one thing leads to the next: bucket,
 * key slot, record, dialog. A message that goes this way alone waits 100 to 200 ns for each. So it is
 * gone in stages, each of which only asks for what the next one will read:
 *
 *	alg_seek()	Call-IDs to first records, all of a burst together; the records are on their way
 *	alg_approach()	two messages ahead: its record has come, what that leads to is on its way
 *	call_find()	which of the Call-ID's records it is, as if there had been no lead
 *
 * A message that comes alone has its lead followed while it is read.
 *
 * A lead is a hint. The messages before it in its burst make and end calls: as soon as any first
 * record has come or gone (`table_changes`), lead_first() asks the table again. What is only asked
 * for may be another call's by then, or nobody's, but is in its slab.
 *
 * One thread, no locks.
 */
#include "alg_priv.h"

enum { SEEK_MAX = 32 }; /* looked up at once */

/* Index 0 is nobody, and in memory like all others. */
static void
lead_set(const struct alg_worker *worker, uint32_t first, struct alg_lead *lead)
{
	const struct call *call = call_at(worker, first);

	*lead = (struct alg_lead){first, worker->table_changes};
	rte_prefetch0(call);
	rte_prefetch0(call->call_id);
}

static void
seek_some(const struct alg_worker *worker, const struct hash128 *ids, unsigned int count,
	struct alg_lead *leads)
{
	const void *keys[SEEK_MAX];
	hash_sig_t signatures[SEEK_MAX];
	void *data[SEEK_MAX];
	uint64_t hits = 0;

	for (unsigned int i = 0; i < count; i++) {
		keys[i] = &ids[i].low;
		signatures[i] = id_signature(&ids[i]);
	}
	rte_hash_lookup_with_hash_bulk_data(worker->table, keys, signatures, count, &hits, data);
	for (unsigned int i = 0; i < count; i++)
		lead_set(worker, hits >> i & 1 ? (uint32_t)(uintptr_t)data[i] : 0, &leads[i]);
}

void
alg_seek(const struct alg_worker *worker, const struct hash128 *ids, unsigned int count,
	struct alg_lead *leads)
{
	if (count == 1) { /* half as long as a burst of one */
		lead_set(worker, call_first(worker, ids), leads);
		return;
	}
	for (unsigned int i = 0; i < count; i += SEEK_MAX)
		seek_some(worker, ids + i, RTE_MIN(count - i, (unsigned int)SEEK_MAX), leads + i);
}

/* The record has come: ask for the rest of it that a message needs, its dialog and its endpoint. */
void
lead_follow(const struct alg_worker *worker, const struct alg_lead *lead)
{
	const struct call *call = call_at(worker, lead->first);
	const struct opening *opening = opening_at(worker, call->signalling);

	rte_prefetch0(&call->generation);
	rte_prefetch0(dialog_at(worker, call->dialogs));
	rte_prefetch0(opening);
	rte_prefetch0(&opening->door); /* it may lie in two lines */
}

/* Each side has named one endpoint, as a rule: the second is the other one's. */
static void
lead_follow_on(const struct alg_worker *worker, const struct alg_lead *lead)
{
	const struct call *call = call_at(worker, lead->first);
	const struct opening *opening = opening_at(worker, call->signalling);

	opening = opening_at(worker, opening->next);
	rte_prefetch0(opening);
	rte_prefetch0(&opening->door);
}

void
alg_approach(const struct alg_worker *worker, const struct alg_lead *leads, unsigned int count,
	unsigned int next)
{
	for (unsigned int i = next ? next + 2 : 0; i < RTE_MIN(next + 3, count); i++)
		lead_follow(worker, &leads[i]);
	if (next + 1 < count)
		lead_follow_on(worker, &leads[next + 1]);
}

/* First record of the message's Call-ID; others follow by `same_id`. 0: none. */
uint32_t
lead_first(const struct plan *plan)
{
	const struct alg_lead *lead = plan->lead;

	return lead && lead->changes == plan->worker->table_changes
		       ? lead->first
		       : call_first(plan->worker, &plan->id);
}
