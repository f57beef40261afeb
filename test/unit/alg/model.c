/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reference. Its rules, and where they come from:
 *
 *  - An offer stands from the message that brings it until it is answered, refused or replaced; an
 *    answer belongs to the transaction of its offer (RFC 3264 5 to 8, RFC 3261 13.2.1 and 14,
 *    RFC 3262 5, RFC 3311 5, RFC 6337 2 and 3).
 *  - What was agreed last stands until something else is agreed; a refusal changes nothing.
 *  - A request whose CSeq is not above those of its sender brings nothing new (RFC 3261 12.2.2).
 *  - Each To tag is a dialog of its own (12.1); 64*T1 after the first 2xx those without an answer
 *    are over (13.2.2.4).
 *  - Open is what some dialog that is known may need, and nothing else (docs/sip.md).
 */
#include "model_priv.h"

#include <string.h>

enum {
	TRANSACTION_S = 32, /* 64*T1 */
	RINGING_S = 180,
	SILENCE_S = 300,
	LONGEST_S = 43200,
};

struct model_call call;
bool in_call;

void
model_begin(uint32_t now_s)
{
	memset(&call, 0, sizeof(call));
}

bool
rings(void)
{
	return call.phase == RINGING || call.phase == CHALLENGED || call.phase == CANCELLED;
}

static struct dialog *
dialog_of(uint32_t tag)
{
	for (unsigned int i = 0; i < call.count; i++) {
		if (call.dialog[i].tag == tag)
			return &call.dialog[i];
	}
	return NULL;
}

static void
dialog_remove(struct dialog *dialog)
{
	*dialog = call.dialog[--call.count];
}

static void
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

static void
early_over(void)
{
	for (unsigned int i = call.count; i-- > 0;) {
		if (call.dialog[i].life == LIFE_EARLY)
			dialog_remove(&call.dialog[i]);
	}
}

static void
call_over(uint32_t now_s)
{
	call.count = 0;
	call.offer.is = false;
	call.phase = FORGOTTEN_SOON;
	call.end_s = now_s + TRANSACTION_S;
	call.forks_s = 0;
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

static struct transaction *
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

/* Has the client sent a later INVITE? */
static bool
outdated(const struct dialog *dialog, const struct transaction *invite)
{
	for (unsigned int i = 0; i < dialog->count; i++) {
		const struct transaction *transaction = &dialog->transaction[i];

		if (transaction->verb == VERB_INVITE && transaction->client == invite->client &&
			transaction->cseq > invite->cseq)
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

static void
request_in_dialog(const struct sip *sip, struct dialog *dialog, uint32_t now_s)
{
	bool fresh = sip->cseq > dialog->highest[sip->from];
	struct transaction *transaction;

	if (sip->verb == VERB_ACK) {
		if (sip->sdp.count)
			answer_in_request(sip, dialog, sip->cseq);
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
	if (!fresh) { /* it may be answered, but brings nothing */
		if (!transaction_find(
			    dialog, (enum party)sip->from, (enum verb)sip->verb, sip->cseq))
			transaction_make(
				dialog, (enum party)sip->from, (enum verb)sip->verb, sip->cseq)
				->progress = REFUSED;
		return;
	}
	transaction =
		transaction_make(dialog, (enum party)sip->from, (enum verb)sip->verb, sip->cseq);
	if (sip->sdp.count == 0 || sip->verb == VERB_INFO)
		return;
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
		if (sip->sdp.count &&
			dialog->last == (unsigned int)(invite - dialog->transaction) + 1) {
			answer = read_session(sip, dialog, &dialog->agreed[client], sip->cseq);
			if (!same_places(&answer, &dialog->agreed[sip->from]))
				dialog->late = dialog->life == LIFE_EARLY && !rings();
			dialog->agreed[sip->from] = answer;
		}
		if (sure && (final || sip->sdp.count))
			invite->progress = ANSWERED;
		return;
	case UNSAID:
		if (sip->sdp.count)
			*own = read_session(sip, dialog, NULL, sip->cseq);
		return;
	}
}

static void
refuse(struct dialog *dialog, struct transaction *transaction)
{
	struct said *offer = &dialog->offered[transaction->client];
	struct said *response = &dialog->responded[1 - transaction->client];

	if (transaction->progress == OFFERED && waits(offer, transaction))
		offer->is = false;
	if (transaction->verb == VERB_INVITE && waits(response, transaction))
		response->is = false;
	if (transaction->progress != ANSWERED)
		transaction->progress = REFUSED;
}

static void
dialog_ended(struct dialog *dialog, uint32_t now_s)
{
	bool confirmed = dialog->life == LIFE_CONFIRMED;

	dialog_over(dialog);
	if (confirmed && dialogs_in(LIFE_CONFIRMED) == 0)
		call_over(now_s);
}

static void
response_in_dialog(const struct sip *sip, struct dialog *dialog, uint32_t now_s)
{
	enum party client = (enum party)(1 - sip->from);
	struct transaction *transaction =
		transaction_find(dialog, client, (enum verb)sip->verb, sip->cseq);

	if (!transaction) /* RFC 3261 17.1.3: it answers nothing */
		return;
	if (sip->verb == VERB_BYE) {
		if (sip->status != 407)
			dialog_ended(dialog, now_s);
		else if (sip->cseq >= dialog->highest[client])
			dialog->bye_s = 0; /* another follows */
		return;
	}
	if (sip->status >= 300) {
		refuse(dialog, transaction);
		/* RFC 3261 12.2.1.2: there is no dialog any more */
		if (sip->verb == VERB_INVITE && (sip->status == 408 || sip->status == 481))
			dialog_ended(dialog, now_s);
		return;
	}
	if (sip->verb == VERB_INVITE) {
		if (!outdated(dialog, transaction))
			invite_response_said(sip, dialog, transaction);
		if (sip->status >= 200) {
			dialog->life = LIFE_CONFIRMED;
			call.refreshed_s = now_s;
		}
		return;
	}
	if (sip->status < 200)
		return;
	if (sip->verb == VERB_UPDATE)
		call.refreshed_s = now_s;
	if (sip->sdp.count && transaction->progress == OFFERED &&
		waits(&dialog->offered[client], transaction)) {
		struct said answer = read_session(sip, dialog, &dialog->offered[client], sip->cseq);

		agree(dialog, transaction, &dialog->offered[client], client, &answer, ANSWERED);
	}
}

static struct dialog *
dialog_make(uint32_t tag)
{
	struct dialog *dialog = &call.dialog[call.count++];
	struct transaction *invite;

	memset(dialog, 0, sizeof(*dialog));
	dialog->tag = tag;
	dialog->highest[CALLER] = call.cseq;
	invite = transaction_make(dialog, CALLER, VERB_INVITE, call.cseq);
	if (call.offer.is) {
		dialog->offered[CALLER] = call.offer;
		invite->progress = OFFERED;
	}
	return dialog;
}

/* An INVITE without To tag. */
static void
invite_begins(const struct sip *sip, uint32_t now_s)
{
	if (call.phase != NO_CALL && sip->cseq <= call.cseq) {
		if (call.phase == RINGING && sip->cseq == call.cseq && call.count == 0)
			call.rung_s = now_s;
		return;
	}
	if (call.phase == NO_CALL || call.phase == FORGOTTEN_SOON) {
		memset(&call, 0, sizeof(call));
		call.created_s = call.refreshed_s = now_s;
	}
	in_call = true;
	call.phase = RINGING;
	call.cseq = sip->cseq;
	call.rung_s = now_s;
	call.end_s = 0;
	call.offer.is = false;
	if (sip->sdp.count)
		call.offer = read_session(sip, NULL, NULL, sip->cseq);
}

/* What a response to the INVITE means to the whole call. */
static void
invite_answered(const struct sip *sip, uint32_t now_s)
{
	if (sip->status < 200) {
		if (rings())
			call.rung_s = now_s;
	} else if (sip->status < 300) {
		if (rings()) {
			call.forks_s = now_s + TRANSACTION_S;
			call.phase = UP;
			call.end_s = 0;
		}
	} else if ((sip->status == 401 || sip->status == 407) && call.phase == RINGING) {
		early_over();
		call.phase = CHALLENGED;
		call.end_s = now_s + TRANSACTION_S;
	} else if (rings() &&
		   !(call.phase == CHALLENGED && (sip->status == 401 || sip->status == 407))) {
		call_over(now_s);
	}
}

static void
message_of_call(const struct sip *sip, uint32_t now_s)
{
	bool initial = sip->verb == VERB_INVITE && sip->status && sip->from == CALLEE &&
		       sip->cseq == call.cseq;
	struct dialog *dialog = sip->tag ? dialog_of(sip->tag) : NULL;

	if (call.phase == NO_CALL || call.phase == FORGOTTEN_SOON)
		return;
	if (!dialog && initial && sip->tag && sip->status > 100 && sip->status < 300 &&
		sip->status != 199 && (rings() || call.forks_s || sip->status >= 200))
		dialog = dialog_make(sip->tag);
	/* what named the dialog first was not seen, or comes behind */
	if (!dialog && rings() && sip->tag && !sip->status && sip->sdp.count &&
		(sip->verb == VERB_UPDATE ||
			(sip->verb == VERB_PRACK && sip->rack_cseq == call.cseq)))
		dialog = dialog_make(sip->tag);
	if (dialog && dialog->life != LIFE_OVER) {
		in_call = true;
		if (sip->status == 199) {
			if (dialog->life == LIFE_EARLY)
				dialog_over(dialog);
		} else if (sip->status) {
			response_in_dialog(sip, dialog, now_s);
		} else {
			request_in_dialog(sip, dialog, now_s);
		}
	}
	if (call.phase == FORGOTTEN_SOON)
		return;
	if (initial)
		invite_answered(sip, now_s);
	if (sip->verb == VERB_CANCEL && sip->cseq == call.cseq && sip->from == CALLER &&
		!sip->status && call.phase == RINGING)
		call.phase = CANCELLED;
	if (sip->verb == VERB_CANCEL && sip->status >= 200 && call.phase == CANCELLED)
		call.end_s = now_s + TRANSACTION_S;
}

void
model_message(const struct sip *sip, uint32_t now_s)
{
	in_call = false;
	if (sip->verb == VERB_INVITE && !sip->status && !sip->tag)
		invite_begins(sip, now_s);
	else
		message_of_call(sip, now_s);
	settle();
}

static void
byes_time(uint32_t now_s)
{
	for (unsigned int i = call.count; i-- > 0 && call.phase != FORGOTTEN_SOON;) {
		struct dialog *dialog = &call.dialog[i];

		if (dialog->bye_s && dialog->bye_s + TRANSACTION_S <= now_s)
			dialog_ended(dialog, now_s);
	}
}

static void
up_time(uint32_t now_s)
{
	if (call.created_s + LONGEST_S <= now_s ||
		(call.refreshed_s + SILENCE_S <= now_s && !may_be_silent()))
		call_over(now_s);
}

void
model_time(uint32_t now_s)
{
	if (call.phase == FORGOTTEN_SOON) {
		if (call.end_s <= now_s)
			memset(&call, 0, sizeof(call));
		return;
	}
	if (call.forks_s && call.forks_s <= now_s) {
		call.forks_s = 0;
		early_over();
		if (dialogs_in(LIFE_CONFIRMED) == 0)
			call_over(now_s);
	}
	byes_time(now_s);
	if (rings() && ((call.phase != CHALLENGED && call.rung_s + RINGING_S <= now_s) ||
			       (call.end_s && call.end_s <= now_s)))
		call_over(now_s);
	if (call.phase == UP)
		up_time(now_s);
	settle();
}
