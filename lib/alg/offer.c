/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offers and answers. RFC 3264, RFC 6337; RFC 3311 (UPDATE), RFC 3262 (PRACK).
 *
 * What a description is follows from what waits, not from the method alone: where an offer of the
 * other side waits, it is the answer (200, 18x, ACK of a late offer, PRACK of a reliable offer);
 * where this transaction's offer was answered, it repeats the answer (200 after 183); else it is
 * an offer. The first INVITE has no dialog: its offer stands in the call, and each fork begins with
 * it. A refused offer is given back, and what was committed before stays.
 */
#include "alg_priv.h"

static bool
waits_for_answer(const struct plan *plan)
{
	uint8_t other = 1 - plan->side;

	if (plan->dialog)
		return plan->dialog->offer[other] != 0;
	return !plan->sip->request && plan->call->offer != 0 && plan->call->offer_side == other;
}

static bool
answered_already(const struct plan *plan)
{
	const struct dialog *dialog = plan->dialog;

	return dialog && dialog->answered && dialog->answer_cseq == plan->sip->cseq &&
	       dialog->answer_side == plan->client_side;
}

enum media_role
offer_role(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;

	if (!plan->call || plan->stray)
		return MEDIA_TEXT;
	switch (sip->method) {
	case SIP_INVITE:
		if (sip->request)
			return MEDIA_OFFER;
		break;
	case SIP_UPDATE:
		if (sip->request)
			return MEDIA_OFFER;
		break;
	case SIP_PRACK:
		if (sip->request)
			return waits_for_answer(plan) ? MEDIA_ANSWER : MEDIA_OFFER;
		break;
	case SIP_ACK:
		if (waits_for_answer(plan))
			return MEDIA_ANSWER;
		return plan->dialog && plan->dialog->set[plan->side] ? MEDIA_REPEAT : MEDIA_TEXT;
	default:
		return MEDIA_TEXT;
	}
	if (sip->status <= 100 || sip->status >= 300)
		return MEDIA_TEXT;
	if (waits_for_answer(plan))
		return MEDIA_ANSWER;
	if (answered_already(plan))
		return MEDIA_REPEAT;
	return sip->method == SIP_INVITE ? MEDIA_OFFER : MEDIA_REPEAT;
}

static void
slot_set(struct plan *plan, uint32_t *slot, uint32_t set)
{
	uint32_t before = *slot;

	*slot = set;
	media_set_drop(plan->self, plan->worker, before);
}

/*
 * Give up the first offer when no confirmed dialog uses it any more: media has moved on in a PRACK,
 * UPDATE or re-INVITE. Forks that answer late then open what they bring.
 */
void
offer_outlived(struct plan *plan)
{
	struct call *call = plan->call;
	const struct dialog *dialog;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(plan->worker, i);
		if (dialog->state == DIALOG_CONFIRMED &&
			(dialog->set[0] == call->offer || dialog->set[1] == call->offer))
			return;
	}
	slot_set(plan, &call->offer, 0);
}

static void
offer_made(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;

	if (!dialog) {
		plan->call->offer_side = plan->side;
		slot_set(plan, &plan->call->offer, plan->set);
	} else {
		slot_set(plan, &dialog->offer[plan->side], plan->set);
		dialog->offer_cseq[plan->side] = plan->sip->cseq;
	}
	plan->set = 0;
}

static void
answer_made(struct plan *plan, struct dialog *dialog)
{
	uint8_t other = 1 - plan->side;
	bool news = dialog->set[plan->side] != plan->set;

	if (dialog->offer[other]) {
		slot_set(plan, &dialog->set[other], dialog->offer[other]);
		dialog->offer[other] = 0;
		news = true;
	}
	slot_set(plan, &dialog->set[plan->side], plan->set);
	plan->set = 0;
	dialog->answered = true;
	dialog->answer_cseq = plan->sip->cseq;
	dialog->answer_side = plan->client_side;
	if (news)
		media_commit(plan, dialog);
	if (dialog->state != DIALOG_CONFIRMED)
		return;
	media_settle(plan->self, plan->worker, dialog);
	offer_outlived(plan);
}

/* Hand the message's set over to the record. */
void
offer_apply(struct plan *plan)
{
	if (plan->set == 0)
		return;
	if (plan->role == MEDIA_OFFER) {
		offer_made(plan);
	} else if (plan->dialog) {
		answer_made(plan, plan->dialog);
	} else {
		media_set_drop(plan->self, plan->worker, plan->set);
		plan->set = 0;
	}
}

/* A final refusal: the offer of that transaction is given back. */
void
offer_refused(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;
	uint8_t side = plan->client_side;

	if (dialog && dialog->offer[side] && dialog->offer_cseq[side] == plan->sip->cseq)
		slot_set(plan, &dialog->offer[side], 0);
}
