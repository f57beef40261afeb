/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offers and answers: what becomes of them once the message leaves (negotiation.c says which is
 * which).
 *
 * A dialog has one offer a side that waits, and what was committed last. The first INVITE has no
 * dialog: its offer stands in the call, and each fork begins with it. A refused offer is given back,
 * and what was committed before stays, with all that was said of it.
 */
#include "alg_priv.h"

void
description_drop(struct thread *self, struct alg_worker *worker, struct description *description)
{
	uint32_t set = description->set;

	description->set = 0;
	media_set_drop(self, worker, set);
}

/* The old one goes after the new one has come: they may have the same set. */
static void
description_put(struct plan *plan, struct description *to, struct description *from)
{
	struct description before = *to;

	*to = *from;
	from->set = 0;
	description_drop(plan->self, plan->worker, &before);
}

/* A dialog begins with what the INVITE offered. */
void
offer_inherit(struct alg_worker *worker, const struct call *call, struct dialog *dialog)
{
	if (call->offer.set == 0)
		return;
	set_at(worker, call->offer.set)->references++;
	dialog->offer[call->caller_side] = call->offer;
}

/*
 * Give up the first offer when no fork that is known stands on it or may yet answer it. One that was
 * not known may still come with its answer: it finds an offer without endpoints.
 */
static void
offer_outlived(struct thread *self, struct alg_worker *worker, struct call *call)
{
	const struct dialog *dialog;

	if (call->offer.set == 0 || call_rings(call))
		return;
	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (dialog->offer[call->caller_side].set == call->offer.set ||
			dialog->committed[call->caller_side].set == call->offer.set)
			return;
	}
	media_set_empty(self, worker, call->offer.set);
}

/* What no dialog uses any more closes. */
void
offer_settle(struct thread *self, struct alg_worker *worker, struct call *call)
{
	media_settle(self, worker, call);
	offer_outlived(self, worker, call);
}

static void
exchange_set(struct dialog *dialog, uint8_t client, uint32_t cseq, bool early)
{
	bool of_invite = dialog->invite_cseq[client] == cseq;

	dialog->exchange = early ? EXCHANGE_EARLY : EXCHANGE_DONE;
	dialog->exchange_side = client & 1;
	dialog->exchange_cseq = cseq;
	dialog->overtaken |= (uint8_t)(1u << (1 - client) | (of_invite ? 0 : 1u << client));
	if (of_invite)
		dialog->invite_open &= (uint8_t) ~(1u << client);
}

static void
exchange_note(struct plan *plan, uint32_t cseq)
{
	bool early = !plan->sip->request && plan->sip->status < 200 && !provisional_reliable(plan);

	exchange_set(plan->dialog, plan->client_side, cseq, early);
}

/*
 * What a side said was the answer to an offer that was not seen here. It stands alone, if nothing else
 * does by now; before the 2xx it may change.
 */
static void
stand_alone(struct plan *plan, uint8_t side, uint8_t client)
{
	struct dialog *dialog = plan->dialog;
	struct description *said = &dialog->offer[side];

	if (dialog->committed[side].set) {
		description_drop(plan->self, plan->worker, said);
		return;
	}
	exchange_set(dialog, client, said->cseq, dialog->state == DIALOG_EARLY);
	description_put(plan, &dialog->committed[side], said);
	if (dialog->committed[1 - side].set)
		media_announce(plan->worker, plan->call);
}

/* A new offer, or INVITE: what a response to one that was not seen had, is no offer that waits. */
void
offer_unseen_through(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;

	for (uint8_t side = 0; dialog->unseen && side < 2; side++) {
		if (dialog->offer[side].set && dialog->offer[side].in_response)
			stand_alone(plan, side, 1 - side);
	}
	if (plan->sip->method == SIP_INVITE)
		dialog->unseen = false;
}

static void
offer_made(struct plan *plan)
{
	struct description *offer = &plan->description_new;

	if (plan->sip->request && plan->dialog)
		offer_unseen_through(plan);
	offer->cseq = plan->sip->cseq;
	offer->in_response = !plan->sip->request;
	if (!plan->dialog) {
		description_put(plan, &plan->call->offer, offer);
		return;
	}
	description_put(plan, &plan->dialog->offer[plan->side], offer);
	offer_settle(plan->self, plan->worker, plan->call);
}

static void
answer_made(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;
	struct description *own = &dialog->offer[plan->side];
	struct description *offer = &dialog->offer[1 - plan->side];
	struct description *committed = &dialog->committed[plan->side];
	bool news = committed->set != plan->description_new.set;
	uint32_t cseq = plan->sip->cseq;

	if (plan->role == MEDIA_ANSWER && offer->set) {
		cseq = offer->cseq; /* a PRACK has its own */
		description_put(plan, &dialog->committed[1 - plan->side], offer);
		news = true;
	}
	plan->description_new.cseq = cseq;
	description_put(plan, committed, &plan->description_new);
	if (offer_belongs(own, true, cseq)) /* the preview in a 1xx */
		description_drop(plan->self, plan->worker, own);
	if (news && dialog->state == DIALOG_EARLY && !call_rings(plan->call))
		dialog->late = true;
	exchange_note(plan, cseq);
	if (news)
		media_announce(plan->worker, plan->call);
	offer_settle(plan->self, plan->worker, plan->call);
}

/* Hand the message's description over to the record. */
void
offer_apply(struct plan *plan)
{
	if (plan->description_new.set == 0)
		return;
	if (plan->role == MEDIA_OFFER)
		offer_made(plan);
	else
		answer_made(plan);
}

/*
 * A final refusal: what was offered in that transaction is given back, by whomever. Where it took
 * the place of the INVITE's offer in a fork, that one waits again.
 */
void
offer_refused(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;
	uint8_t client = plan->client_side;
	uint32_t cseq = plan->sip->cseq;

	if (!dialog)
		return;
	if (offer_belongs(&dialog->offer[client], false, cseq))
		description_drop(plan->self, plan->worker, &dialog->offer[client]);
	if (plan->sip->method == SIP_INVITE) {
		if (offer_belongs(&dialog->offer[1 - client], true, cseq))
			description_drop(plan->self, plan->worker, &dialog->offer[1 - client]);
		if (dialog->invite_cseq[client] == cseq) { /* a late 1xx or PRACK offers nothing */
			dialog->invite_open &= (uint8_t) ~(1u << client);
			dialog->invite_refused |= (uint8_t)(1u << client);
		}
	}
	if (dialog->state == DIALOG_EARLY && dialog->exchange == EXCHANGE_NONE &&
		dialog->offer[plan->call->caller_side].set == 0)
		offer_inherit(plan->worker, plan->call, dialog);
	offer_settle(plan->self, plan->worker, plan->call);
}

/*
 * An ACK, or a PRACK, without the answer that the response to the INVITE asked for, or a 2xx to a PRACK
 * without the answer that this asked for: what was said was itself an answer.
 */
void
offer_unanswered(struct plan *plan, uint32_t cseq)
{
	struct dialog *dialog = plan->dialog;
	uint8_t side = 1 - plan->side;

	if (!dialog || !offer_belongs(&dialog->offer[side], plan->sip->request, cseq))
		return;
	stand_alone(plan, side, plan->client_side);
	offer_settle(plan->self, plan->worker, plan->call);
}

/*
 * An INVITE's offer was answered where it was not seen: it stands alone, unless another has been made
 * and answered since.
 */
static void
answered_unseen(struct plan *plan, struct description *offer)
{
	struct dialog *dialog = plan->dialog;
	uint8_t client = plan->client_side;

	if (dialog->overtaken >> client & 1) {
		description_drop(plan->self, plan->worker, offer);
		return;
	}
	description_put(plan, &dialog->committed[client], offer);
	exchange_note(plan, plan->sip->cseq);
	if (dialog->committed[1 - client].set)
		media_announce(plan->worker, plan->call);
}

/* The 2xx has come: the answer that an 1xx brought is the answer, and the dialog is confirmed. */
void
offer_confirmed(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;
	struct description *offer = &dialog->offer[plan->client_side];
	struct description *preview = &dialog->offer[plan->side];
	uint32_t cseq = plan->sip->cseq;

	if (offer_belongs(offer, false, cseq) && offer_belongs(preview, true, cseq)) {
		description_put(plan, &dialog->committed[plan->client_side], offer);
		description_put(plan, &dialog->committed[plan->side], preview);
		exchange_note(plan, cseq);
		media_announce(plan->worker, plan->call);
	} else if (offer_belongs(offer, false, cseq)) { /* answered where it was not seen */
		answered_unseen(plan, offer);
	}
	if (dialog->exchange == EXCHANGE_EARLY && dialog->exchange_side == plan->client_side &&
		dialog->exchange_cseq == cseq)
		dialog->exchange = EXCHANGE_DONE;
	if (dialog->state != DIALOG_CONFIRMED) {
		dialog->state = DIALOG_CONFIRMED;
		if (dialog_at(plan->worker, plan->call->dialogs)->next) /* it is heard alone */
			media_announce(plan->worker, plan->call);
	}
}
