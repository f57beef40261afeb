/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialogs of the reference: their transactions, and which description is an offer or an answer. */
#include "model_priv.h"

#include <string.h>

bool
rings(void)
{
	return call.phase == RINGING || call.phase == CHALLENGED || call.phase == CANCELLED;
}

struct dialog *
dialog_of(uint32_t tag)
{
	for (unsigned int i = 0; i < call.count; i++) {
		if (call.dialog[i].tag == tag)
			return &call.dialog[i];
	}
	return NULL;
}

void
dialog_over(struct dialog *dialog)
{
	uint32_t tag = dialog->tag;

	memset(dialog, 0, sizeof(*dialog));
	dialog->tag = tag;
	dialog->life = LIFE_OVER;
}

unsigned int
dialogs_in(enum life life)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < call.count; i++)
		count += call.dialog[i].life == life;
	return count;
}

static struct transaction *
transaction_find(struct dialog *dialog, enum party client, enum verb verb, uint32_t cseq)
{
	for (unsigned int i = dialog->count; i-- > 0;) {
		struct transaction *transaction = &dialog->transaction[i];

		if (transaction->client == client && transaction->verb == verb &&
			transaction->cseq == cseq)
			return transaction;
	}
	return NULL;
}

struct transaction *
transaction_make(struct dialog *dialog, enum party client, enum verb verb, uint32_t cseq)
{
	struct transaction *transaction = transaction_find(dialog, client, verb, cseq);

	if (transaction)
		return transaction;
	if (dialog->count == TRANSACTIONS_MAX)
		dialog->count--;
	transaction = &dialog->transaction[dialog->count++];
	*transaction = (struct transaction){
		.client = (uint8_t)client, .verb = (uint8_t)verb, .cseq = cseq};
	return transaction;
}

struct dialog *
dialog_make(uint32_t tag)
{
	struct dialog *dialog = &call.dialog[call.count++];
	enum party caller = (enum party)call.caller;
	struct transaction *invite;

	memset(dialog, 0, sizeof(*dialog));
	dialog->tag = tag;
	dialog->born = ++call.born;
	dialog->highest[caller] = call.cseq;
	invite = transaction_make(dialog, caller, (enum verb)call.asked, call.cseq);
	if (call.offer.is) {
		dialog->offered[caller] = call.offer;
		invite->progress = OFFERED;
	}
	return dialog;
}

/* Has the client sent a later request of the kind? An UPDATE or PRACK that offers is one of its own. */
static bool
outdated(const struct dialog *dialog, const struct transaction *request)
{
	for (unsigned int i = 0; i < dialog->count; i++) {
		const struct transaction *transaction = &dialog->transaction[i];

		if (transaction->verb == request->verb && transaction->client == request->client &&
			transaction->cseq > request->cseq &&
			(transaction->described == request->described ||
				request->verb == VERB_INVITE))
			return true;
	}
	return false;
}

static void
agree(struct dialog *dialog, struct transaction *transaction, struct said *offer,
	enum party offerer, const struct said *answer, enum progress progress)
{
	dialog->late = dialog->life == LIFE_EARLY && !rings();
	dialog->agreed[offerer] = *offer;
	dialog->agreed[1 - offerer] = *answer;
	offer->is = false;
	transaction->progress = (uint8_t)progress;
	dialog->last = (unsigned int)(transaction - dialog->transaction) + 1;
}

static bool
waits(const struct said *said, const struct transaction *transaction)
{
	return said->is && said->cseq == transaction->cseq;
}

/*
 * What a party said was the answer to an offer that was not seen: it stands alone, if nothing else
 * does by now. Before the 2xx it may change.
 */
static void
stand_alone(
	struct dialog *dialog, struct transaction *transaction, struct said *said, enum party party)
{
	said->is = false;
	transaction->progress = ANSWERED;
	if (dialog->agreed[party].is)
		return;
	dialog->agreed[party] = *said;
	dialog->agreed[party].is = true;
	if (dialog->life == LIFE_EARLY)
		transaction->progress = EARLY;
	dialog->last = (unsigned int)(transaction - dialog->transaction) + 1;
}

/* A new offer: what a response to an INVITE that was not seen had, is no offer that waits. */
static void
responses_stand_alone(struct dialog *dialog)
{
	for (int party = 0; party < 2; party++) {
		struct said *said = &dialog->responded[party];
		struct transaction *invite =
			transaction_find(dialog, (enum party)(1 - party), VERB_INVITE, said->cseq);

		if (said->is && said->unsure && invite)
			stand_alone(dialog, invite, said, (enum party)party);
	}
}

/* Who acknowledges without an answer was not asked for one. */
static void
answer_missing(const struct sip *sip, struct dialog *dialog, uint32_t cseq)
{
	struct transaction *invite =
		transaction_find(dialog, (enum party)sip->from, VERB_INVITE, cseq);
	struct said *said = &dialog->responded[1 - sip->from];

	if (invite && invite->progress == UNSAID && waits(said, invite))
		stand_alone(dialog, invite, said, (enum party)(1 - sip->from));
}

/* The answer to an offer that an INVITE's response brought: in an ACK or a PRACK. */
static bool
answer_in_request(const struct sip *sip, struct dialog *dialog, uint32_t cseq)
{
	struct transaction *invite =
		transaction_find(dialog, (enum party)sip->from, VERB_INVITE, cseq);
	struct said *offer = &dialog->responded[1 - sip->from], answer;

	if (!invite || invite->progress != UNSAID || !waits(offer, invite))
		return false;
	answer = read_session(sip, dialog, offer, cseq);
	agree(dialog, invite, offer, (enum party)(1 - sip->from), &answer, ANSWERED);
	return true;
}

/* It crosses the refusal of its INVITE, the last one: it answers, if anything, what was offered there. */
static bool
prack_is_late(const struct sip *sip, const struct dialog *dialog)
{
	const struct transaction *last = NULL;

	for (unsigned int i = 0; i < dialog->count; i++) {
		const struct transaction *transaction = &dialog->transaction[i];

		if (transaction->verb == VERB_INVITE && transaction->client == sip->from &&
			(!last || transaction->cseq > last->cseq))
			last = transaction;
	}
	return sip->verb == VERB_PRACK && last && last->refused && sip->rack_cseq <= last->cseq;
}

void
request_in_dialog(const struct sip *sip, struct dialog *dialog, uint32_t now_s)
{
	bool fresh = sip->cseq > dialog->highest[sip->from];
	struct transaction *transaction;

	if (sip->verb == VERB_ACK) {
		if (sip->sdp.count)
			answer_in_request(sip, dialog, sip->cseq);
		else
			answer_missing(sip, dialog, sip->cseq);
		return;
	}
	if (sip->verb == VERB_CANCEL)
		return;
	if (fresh)
		dialog->highest[sip->from] = sip->cseq;
	if (sip->verb == VERB_BYE) {
		transaction_make(dialog, (enum party)sip->from, VERB_BYE, sip->cseq);
		if (dialog->bye_s == 0)
			dialog->bye_s = now_s;
		return;
	}
	if (sip->verb == VERB_PRACK && sip->sdp.count &&
		answer_in_request(sip, dialog, sip->rack_cseq))
		return;
	transaction =
		transaction_find(dialog, (enum party)sip->from, (enum verb)sip->verb, sip->cseq);
	if (!fresh && transaction)
		return;
	transaction =
		transaction_make(dialog, (enum party)sip->from, (enum verb)sip->verb, sip->cseq);
	transaction->described = sip->sdp.count > 0;
	if (!fresh || prack_is_late(sip, dialog)) { /* it may be answered, but brings nothing */
		transaction->progress = REFUSED;
		return;
	}
	if (sip->verb == VERB_PRACK && sip->sdp.count == 0)
		answer_missing(sip, dialog, sip->rack_cseq);
	if (sip->verb == VERB_INVITE)
		responses_stand_alone(dialog);
	if (sip->sdp.count == 0 || sip->verb == VERB_INFO)
		return;
	responses_stand_alone(dialog);
	dialog->offered[sip->from] = read_session(sip, dialog, NULL, sip->cseq);
	dialog->responded[sip->from].is = false; /* one waits, the newer one */
	transaction->progress = OFFERED;
}

/* A response with a description, or the 2xx. */
static void
invite_response_said(const struct sip *sip, struct dialog *dialog, struct transaction *invite)
{
	enum party client = (enum party)invite->client;
	struct said *offer = &dialog->offered[client], *own = &dialog->responded[sip->from];
	bool final = sip->status >= 200, sure = final || sip->rseq;
	unsigned int index = (unsigned int)(invite - dialog->transaction);
	struct said answer;

	switch (invite->progress) {
	case OFFERED:
		if (!waits(offer, invite))
			return;
		if (sip->sdp.count) {
			answer = read_session(sip, dialog, offer, sip->cseq);
			if (!sure && dialog->life == LIFE_CONFIRMED) {
				if (!dialog->offered[sip->from].is) /* one waits */
					*own = answer; /* counts with the 2xx */
				return;
			}
		} else if (final && waits(own, invite)) {
			answer = *own;
		} else if (final && dialog->last > index + 1) { /* and another one since */
			offer->is = false;
			invite->progress = ANSWERED;
			return;
		} else if (final) { /* answered where it was not seen: it stands alone */
			answer = dialog->agreed[sip->from];
		} else {
			return;
		}
		if (waits(own, invite))
			own->is = false;
		agree(dialog, invite, offer, client, &answer, sure ? ANSWERED : EARLY);
		return;
	case EARLY:
		if (sip->sdp.count && dialog->last == index + 1) {
			answer = read_session(sip, dialog, &dialog->agreed[client], sip->cseq);
			if (!same_places(&answer, &dialog->agreed[sip->from]))
				dialog->late = dialog->life == LIFE_EARLY && !rings();
			dialog->agreed[sip->from] = answer;
		}
		if (sure && (final || sip->sdp.count))
			invite->progress = ANSWERED;
		return;
	case UNSAID:
		if (sip->sdp.count == 0 || outdated(dialog, invite) ||
			(invite->brought && !waits(own, invite)))
			return; /* a newer one has taken its place */
		*own = read_session(sip, dialog, NULL, sip->cseq);
		own->unsure = invite->unseen;
		invite->brought = true;
		return;
	}
}

static void
refuse(struct dialog *dialog, struct transaction *transaction)
{
	struct said *offer = &dialog->offered[transaction->client];
	struct said *response = &dialog->responded[1 - transaction->client];

	transaction->refused = true;
	if (transaction->progress == OFFERED && waits(offer, transaction))
		offer->is = false;
	if (transaction->verb == VERB_INVITE && waits(response, transaction))
		response->is = false;
	if (transaction->progress != ANSWERED)
		transaction->progress = REFUSED;
	/* in a fork that has not answered the INVITE's offer waits again */
	if (dialog->life == LIFE_EARLY && !dialog->agreed[CALLER].is &&
		!dialog->agreed[CALLEE].is && !dialog->offered[call.caller].is && call.offer.is)
		dialog->offered[call.caller] = call.offer;
}

/*
 * RFC 3261 17.1.3. What ends no call and brings nothing is not asked for its request. Of each kind the
 * last one may be answered: who goes on to the next has had its answer.
 */
bool
is_stray(const struct sip *sip, struct dialog *dialog)
{
	const struct transaction *transaction = transaction_find(
		dialog, (enum party)(1 - sip->from), (enum verb)sip->verb, sip->cseq);

	if (sip->verb == VERB_CANCEL || sip->verb == VERB_INFO)
		return false;
	return !transaction || outdated(dialog, transaction);
}

bool
response_in_dialog(const struct sip *sip, struct dialog *dialog, uint32_t now_s)
{
	enum party client = (enum party)(1 - sip->from);
	struct transaction *transaction =
		transaction_find(dialog, client, (enum verb)sip->verb, sip->cseq);

	if (!transaction) /* a CANCEL's */
		return false;
	if (sip->verb == VERB_BYE) {
		if (sip->status == 407 && sip->cseq >= dialog->highest[client])
			dialog->bye_s = 0; /* another follows */
		return sip->status != 407;
	}
	if (sip->status >= 300) {
		refuse(dialog, transaction);
		/* RFC 3261 12.2.1.2: there is no dialog any more */
		return sip->verb == VERB_INVITE && (sip->status == 408 || sip->status == 481);
	}
	if (sip->verb == VERB_INVITE) {
		invite_response_said(sip, dialog, transaction);
		if (sip->status >= 200) {
			dialog->life = LIFE_CONFIRMED;
			call.refreshed_s = now_s;
		}
		return false;
	}
	if (sip->status < 200)
		return false;
	if (sip->verb == VERB_UPDATE)
		call.refreshed_s = now_s;
	if (transaction->progress != OFFERED || !waits(&dialog->offered[client], transaction))
		return false;
	if (sip->sdp.count == 0) {
		stand_alone(dialog, transaction, &dialog->offered[client], client);
	} else {
		struct said answer = read_session(sip, dialog, &dialog->offered[client], sip->cseq);

		agree(dialog, transaction, &dialog->offered[client], client, &answer, ANSWERED);
	}
	return false;
}
