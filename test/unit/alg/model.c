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

#include <stddef.h>
#include <string.h>

enum {
	TRANSACTION_S = 32, /* 64*T1 */
	RINGING_S = 180,
	SILENCE_S = 300,
	LONGEST_S = 43200,
};

struct model_call call;
bool inside[2], in_call;
uint8_t rtcp_named;

static void
call_clear(void)
{
	memset(&call, 0, offsetof(struct model_call, dialog));
}

void
model_begin(const bool parties_inside[2])
{
	call_clear();
	memcpy(inside, parties_inside, sizeof(inside));
}

static void
dialog_remove(struct dialog *dialog)
{
	*dialog = call.dialog[--call.count];
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

static void
dialog_ended(struct dialog *dialog, uint32_t now_s)
{
	bool confirmed = dialog->life == LIFE_CONFIRMED;

	dialog_over(dialog);
	if (confirmed && dialogs_in(LIFE_CONFIRMED) == 0)
		call_over(now_s);
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
		call_clear();
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

/*
 * A call that is older (docs/sip.md): the first message in the dialog that has a description begins its
 * record, or a re-INVITE, which asks for one if it has none.
 */
static bool
begins_older(const struct sip *sip)
{
	bool described = sip->sdp.count > 0;

	if (!sip->tag)
		return false;
	if (sip->status)
		return sip->verb == VERB_INVITE && described && sip->status < 300;
	return sip->verb == VERB_INVITE ||
	       (described && (sip->verb == VERB_UPDATE || sip->verb == VERB_ACK ||
				     (sip->verb == VERB_PRACK && sip->rseq)));
}

/* One that has ended for a refusal or for silence begins again with a newer request. */
static bool
begins_again(const struct sip *sip)
{
	return !sip->status && (sip->verb == VERB_INVITE || sip->verb == VERB_UPDATE) &&
	       (call.silent || (call.again && (sip->from != call.caller || sip->cseq > call.cseq)));
}

static void
older_begins(const struct sip *sip, uint32_t now_s)
{
	enum party client = (enum party)(sip->status ? 1 - sip->from : sip->from);
	bool early = sip->verb == VERB_PRACK || (sip->status && sip->status < 200);
	struct dialog *dialog;

	call_clear();
	call.created_s = call.refreshed_s = call.rung_s = now_s;
	call.caller = (uint8_t)client;
	call.cseq = sip->verb == VERB_PRACK ? sip->rack_cseq : sip->cseq;
	call.older = !early;
	call.asked = sip->verb == VERB_UPDATE ? VERB_UPDATE : VERB_INVITE;
	call.phase = sip->verb == VERB_ACK ? UP : RINGING;
	dialog = dialog_make(sip->tag);
	dialog->life = early || sip->status ? LIFE_EARLY : LIFE_CONFIRMED;
	dialog->transaction[0].unseen = sip->status != 0;
	if (sip->verb == VERB_ACK || sip->verb == VERB_PRACK) /* what comes of it now is repeated */
		dialog->transaction[0].progress = ANSWERED;
	if (sip->verb == VERB_ACK)
		dialog->agreed[client] = read_session(sip, dialog, NULL, sip->cseq);
	else if (!early && !sip->status)
		dialog->highest[client] = 0; /* the request itself is new */
}

static bool
anything_said(void)
{
	for (unsigned int i = 0; i < call.count; i++) {
		const struct dialog *dialog = &call.dialog[i];

		for (int party = 0; party < 2; party++) {
			if (dialog->agreed[party].is || dialog->offered[party].is ||
				dialog->responded[party].is)
				return true;
		}
	}
	return false;
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
	} else if (call.older) {
		if (!anything_said()) {
			call_over(now_s);
			call.again = true;
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

/* A 2xx that says so, if the INVITE's was not seen. */
static void
call_stands(const struct sip *sip, uint32_t now_s)
{
	if (rings() && (sip->verb == VERB_INVITE || (sip->verb == VERB_UPDATE && call.older))) {
		call.phase = UP;
		call.forks_s = now_s + TRANSACTION_S;
		call.end_s = 0;
	}
}

static void
message_of_call(const struct sip *sip, uint32_t now_s)
{
	struct dialog *dialog;
	bool initial;

	if (begins_older(sip) &&
		(call.phase == NO_CALL || (call.phase == FORGOTTEN_SOON && begins_again(sip))))
		older_begins(sip, now_s);
	if (call.phase == NO_CALL || call.phase == FORGOTTEN_SOON)
		return;
	dialog = sip->tag ? dialog_of(sip->tag) : NULL;
	initial = sip->verb == call.asked && sip->status && sip->from != call.caller &&
		  sip->cseq == call.cseq;
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
		if (sip->status && !(initial && sip->verb == VERB_INVITE) && is_stray(sip, dialog))
			return;
		if (sip->status == 199) {
			if (dialog->life == LIFE_EARLY)
				dialog_over(dialog);
		} else if (sip->status) {
			if (response_in_dialog(sip, dialog, now_s))
				dialog_ended(dialog, now_s);
		} else {
			request_in_dialog(sip, dialog, now_s);
		}
	}
	if (call.phase == FORGOTTEN_SOON)
		return;
	if (initial)
		invite_answered(sip, now_s);
	else if (dialog && sip->status / 100 == 2)
		call_stands(sip, now_s);
	if (sip->verb == VERB_CANCEL && sip->cseq == call.cseq && sip->from == call.caller &&
		!sip->status && call.phase == RINGING)
		call.phase = CANCELLED;
	if (sip->verb == VERB_CANCEL && sip->status >= 200 && call.phase == CANCELLED)
		call.end_s = now_s + TRANSACTION_S;
}

void
model_message(const struct sip *sip, uint32_t now_s)
{
	in_call = false;
	rtcp_named = 0;
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
		(call.refreshed_s + SILENCE_S <= now_s && !may_be_silent())) {
		call_over(now_s);
		call.silent = true;
	}
}

void
model_time(uint32_t now_s)
{
	if (call.phase == FORGOTTEN_SOON) {
		if (call.end_s <= now_s)
			call_clear();
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
			       (call.end_s && call.end_s <= now_s))) {
		call_over(now_s);
		call.again = call.older;
	}
	if (call.phase == UP)
		up_time(now_s);
	settle();
}
