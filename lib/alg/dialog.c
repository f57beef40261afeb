/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialogs of a call: unordered tag pairs (RFC 3261 12). Each fork of an INVITE is one, with its own
 * answer. Made by the first response with a To tag; an early one ends with the final response that
 * is not its own, a confirmed one with its BYE.
 */
#include "alg_priv.h"

uint64_t
tag_hash(struct slice tag)
{
	return tag.at && tag.length ? keyed_hash64(tag.at, tag.length) | 1 : 0;
}

struct dialog *
dialog_find(const struct alg_worker *worker, const struct call *call, uint64_t a, uint64_t b)
{
	uint64_t low = RTE_MIN(a, b), high = RTE_MAX(a, b);
	struct dialog *dialog;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (dialog->tag[0] == low && dialog->tag[1] == high)
			return dialog;
	}
	return NULL;
}

unsigned int
dialog_count(const struct alg_worker *worker, const struct call *call, enum dialog_state state)
{
	unsigned int count = 0;

	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next)
		count += dialog_at(worker, i)->state == state;
	return count;
}

/* The message's dialog, made when it is new; NULL when there is no room (counted). */
struct dialog *
dialog_obtain(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	struct call *call = plan->call;
	struct dialog *dialog = dialog_find(worker, call, plan->from_tag, plan->to_tag);
	unsigned int count = 0;
	uint32_t index;

	if (dialog)
		return dialog;
	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next)
		count++;
	index = count < CALL_DIALOGS_MAX ? slab_take(&worker->dialogs) : 0;
	if (index == 0) {
		sip_count(worker, SIP_COUNT_TOO_MANY_DIALOGS, 1);
		return NULL;
	}
	dialog = dialog_at(worker, index);
	*dialog = (struct dialog){
		.next = call->dialogs,
		.state = DIALOG_EARLY,
		.tag = {RTE_MIN(plan->from_tag, plan->to_tag),
			RTE_MAX(plan->from_tag, plan->to_tag)},
	};
	call->dialogs = index;
	if (call->offer) {
		set_at(worker, call->offer)->references++;
		dialog->offer[call->offer_side] = call->offer;
		dialog->offer_cseq[call->offer_side] = call->invite_cseq;
	}
	return dialog;
}

void
dialog_end(struct thread *self, struct alg_worker *worker, struct call *call, struct dialog *dialog)
{
	uint32_t index = slab_index(&worker->dialogs, dialog);
	uint32_t *link = &call->dialogs;

	while (*link != index)
		link = &dialog_at(worker, *link)->next;
	*link = dialog->next;
	for (int side = 0; side < 2; side++) {
		media_set_drop(self, worker, dialog->set[side]);
		media_set_drop(self, worker, dialog->offer[side]);
	}
	slab_give(&worker->dialogs, index);
}

/* The INVITE was answered and acknowledged: forks that did not answer are over. */
void
dialog_end_early(struct thread *self, struct alg_worker *worker, struct call *call)
{
	uint32_t next;

	for (uint32_t i = call->dialogs; i; i = next) {
		struct dialog *dialog = dialog_at(worker, i);

		next = dialog->next;
		if (dialog->state == DIALOG_EARLY)
			dialog_end(self, worker, call, dialog);
	}
}
