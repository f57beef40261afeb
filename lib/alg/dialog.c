/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialogs of a call: unordered tag pairs (RFC 3261 12). Each fork of an INVITE is one, with its own
 * answer. Made by the first response with a To tag; an early one ends with a refusal of the INVITE,
 * 64*T1 after the first 2xx (13.2.2.4), or to make room; a confirmed one with its BYE.
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

/* A side sent an INVITE: with an offer, or open for one in its responses. */
void
invite_note(struct dialog *dialog, uint8_t side, uint32_t cseq, bool open)
{
	uint8_t bit = (uint8_t)(1u << side);

	sequence_note(dialog, side, cseq);
	dialog->invite_cseq[side] = cseq;
	dialog->invite_open = (uint8_t)((dialog->invite_open & ~bit) | (open ? bit : 0));
	dialog->overtaken &= (uint8_t)~bit;
	dialog->invite_refused &= (uint8_t)~bit;
}

/* A side's requests count up (RFC 3261 12.2.2): what comes behind the highest is outdated. */
void
sequence_note(struct dialog *dialog, uint8_t side, uint32_t cseq)
{
	uint8_t bit = (uint8_t)(1u << side);

	if (!(dialog->sequenced & bit) || cseq > dialog->highest_cseq[side])
		dialog->highest_cseq[side] = cseq;
	dialog->sequenced |= bit;
}

/* The other side has described its media in it: early media may flow. */
static bool
has_early_media(const struct call *call, const struct dialog *dialog)
{
	return dialog->exchange != EXCHANGE_NONE || dialog->offer[1 - call->caller_side].set;
}

/*
 * Which fork gives way to a new one, for there is room for some: one that has ended, else the oldest
 * that only rings, else the oldest with early media. Who only rings takes no other's place.
 */
static struct dialog *
dialog_evictable(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	struct dialog *dialog, *ended = NULL, *ringing = NULL, *speaking = NULL;

	for (uint32_t i = plan->call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(plan->worker, i);
		if (dialog->state == DIALOG_ENDED)
			ended = dialog;
		else if (dialog->state == DIALOG_EARLY && has_early_media(plan->call, dialog))
			speaking = dialog;
		else if (dialog->state == DIALOG_EARLY)
			ringing = dialog;
	}
	if (ended || (!sip->request && sip->status < 200 && sip->body.length == 0))
		return ended;
	return ringing ? ringing : speaking;
}

/* A place for one more dialog, or 0. */
static uint32_t
place_take(struct plan *plan)
{
	unsigned int count = 0;

	for (uint32_t i = plan->call->dialogs; i; i = dialog_at(plan->worker, i)->next)
		count++;
	if (count >= CALL_DIALOGS_MAX) {
		plan->evicted = dialog_evictable(plan);
		if (!plan->evicted)
			return 0;
	}
	return slab_take(&plan->worker->dialogs);
}

/* The message's dialog, made when it is new; NULL when there is no room (counted). */
struct dialog *
dialog_obtain(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	struct call *call = plan->call;
	struct dialog *dialog = dialog_find(worker, call, plan->from_tag, plan->to_tag);
	uint32_t index;

	if (dialog)
		return dialog;
	index = place_take(plan);
	if (index == 0) {
		plan->evicted = NULL;
		sip_count(worker, SIP_COUNT_TOO_MANY_DIALOGS, 1);
		return NULL;
	}
	dialog = dialog_at(worker, index);
	*dialog = (struct dialog){
		.next = call->dialogs,
		.state = DIALOG_EARLY,
		.unseen = plan->new_call && !plan->sip->request,
		.tag = {RTE_MIN(plan->from_tag, plan->to_tag),
			RTE_MAX(plan->from_tag, plan->to_tag)},
	};
	call->dialogs = index;
	offer_inherit(worker, call, dialog);
	if (!plan->sip->request || !plan->new_call)
		invite_note(dialog, call->caller_side, call->invite_cseq, call->offer.set == 0);
	if (!plan->sip->request)
		asked_note(plan, dialog);
	return dialog;
}

static void
descriptions_drop(struct thread *self, struct alg_worker *worker, struct dialog *dialog)
{
	for (int side = 0; side < 2; side++) {
		call_record_description(worker, dialog->committed[side].set, (unsigned int)side,
			dialog->state == DIALOG_CONFIRMED);
		call_record_description(worker, dialog->offer[side].set, (unsigned int)side, false);
		description_drop(self, worker, &dialog->committed[side]);
		description_drop(self, worker, &dialog->offer[side]);
	}
}

/* Its BYE was answered. */
void
dialog_close(struct thread *self, struct alg_worker *worker, struct dialog *dialog)
{
	descriptions_drop(self, worker, dialog);
	dialog->state = DIALOG_ENDED;
	dialog->bye_s = 0;
}

void
dialog_end(struct thread *self, struct alg_worker *worker, struct call *call, struct dialog *dialog)
{
	uint32_t index = slab_index(&worker->dialogs, dialog);
	uint32_t *link = &call->dialogs;

	while (*link != index)
		link = &dialog_at(worker, *link)->next;
	*link = dialog->next;
	descriptions_drop(self, worker, dialog);
	slab_give(&worker->dialogs, index);
}

/* Forks that did not answer are over: another did, or the INVITE was refused. False: none. */
bool
dialog_end_early(struct thread *self, struct alg_worker *worker, struct call *call)
{
	bool ended = false;
	uint32_t next;

	for (uint32_t i = call->dialogs; i; i = next) {
		struct dialog *dialog = dialog_at(worker, i);

		next = dialog->next;
		if (dialog->state == DIALOG_EARLY) {
			dialog_end(self, worker, call, dialog);
			ended = true;
		}
	}
	return ended;
}
