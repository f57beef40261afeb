/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a message finds its call and its dialog, or begins them.
 *
 * What a message begins is undone by plan_rollback() when it does not leave.
 */
#include "alg_priv.h"

/* Methods that never belong to a call, unless their tags say so. */
static bool
may_have_call(const struct plan *plan)
{
	switch (plan->sip->method) {
	case SIP_REGISTER:
	case SIP_PUBLISH:
		return false;
	case SIP_INVITE:
	case SIP_CANCEL:
	case SIP_ACK:
		return true;
	case SIP_BYE: /* its peer may know no tags */
		return true;
	default:
		return plan->to_tag != 0;
	}
}

/*
 * What makes a record where there is none, and how it begins. Calls may be older than callgate: their
 * messages make a record when they bring a description and have both tags. Nobody has confirmed
 * such a request, so it begins as a ringing call does, and its 2xx establishes it.
 */
static const struct beginning {
	uint8_t call; /* enum call_state; CALL_FREE: makes none */
	uint8_t dialog; /* enum dialog_state */
	bool older; /* the call had been established before */
	bool described; /* only with a body */
} beginnings[MESSAGE_KINDS] = {
	[KIND_INVITE] = {CALL_CALLING, DIALOG_EARLY, false, false},
	[KIND_REINVITE] = {CALL_CALLING, DIALOG_CONFIRMED, true, false},
	[KIND_UPDATE] = {CALL_CALLING, DIALOG_CONFIRMED, true, true},
	[KIND_PRACK] = {CALL_PROCEEDING, DIALOG_EARLY, false, true},
	[KIND_ACK] = {CALL_ESTABLISHED, DIALOG_CONFIRMED, true, true},
	[KIND_PROVISIONAL] = {CALL_PROCEEDING, DIALOG_EARLY, false, true},
	[KIND_SUCCESS] = {CALL_CALLING, DIALOG_EARLY, true, true},
};

static bool
makes_call(const struct plan *plan, enum message_kind kind)
{
	const struct beginning *beginning = &beginnings[kind];
	uint32_t cseq;

	if (beginning->call == CALL_FREE)
		return false;
	if (beginning->described && (!plan->to_tag || plan->sip->body.length == 0))
		return false;
	return kind != KIND_PRACK || prack_invite(plan, &cseq);
}

static void
call_begins(struct plan *plan, struct call *call, enum message_kind kind)
{
	plan->call = call && call_live(call) ? call : NULL;
	plan->new_call = plan->call != NULL;
	if (!plan->call) {
		plan_fail(plan, DROP_SIP_NO_CALL, SIP_COUNT_NO_CALL);
		return;
	}
	call->state = beginnings[kind].call;
	call->older = beginnings[kind].older;
	if (kind == KIND_PRACK)
		prack_invite(plan, &call->invite_cseq);
}

/*
 * A new try under the Call-ID, or on another branch when one was refused; a call that a timer took for
 * dead (a long silence) goes on with its next offer; so does one that began here with a request that was
 * refused.
 */
static bool
revives(const struct plan *plan, const struct call *call, enum message_kind kind)
{
	bool newer = plan->sip->cseq > call->invite_cseq;

	if (kind == KIND_INVITE)
		return newer || (plan->new_branch && call->refused);
	if ((kind != KIND_REINVITE && kind != KIND_UPDATE) || !makes_call(plan, kind))
		return false;
	return call->timed_out ||
	       (call->older && (newer || plan->client_side != call->caller_side));
}

/* Another target of the INVITE that is known: no repetition, though it has the same CSeq. */
static bool
is_new_branch(const struct plan *plan, const struct call *call)
{
	const struct sip_message *sip = plan->sip;

	return sip->request && sip->method == SIP_INVITE && !plan->to_tag &&
	       sip->cseq == call->invite_cseq && call->branches.hash[0] &&
	       !branch_known(&call->branches, plan->branch);
}

/* A repetition of an INVITE that another try has followed, or of one that is through. */
static bool
invite_is_late(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	const struct call *call = plan->call;

	if (!sip->request || sip->method != SIP_INVITE || plan->to_tag ||
		sip->cseq > call->invite_cseq)
		return false;
	if (sip->cseq < call->invite_cseq || !call_rings(call))
		return true;
	if (plan->new_branch)
		return false;
	return (call->state != CALL_CALLING && call->state != CALL_PROCEEDING) ||
	       !branch_heard(&call->branches, plan->branch);
}

/* The message's record: found, made, or none. */
void
call_attach(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	enum message_kind kind;
	struct call *call;

	if (!may_have_call(plan))
		return;
	kind = message_kind(plan);
	plan->id = plan->message->call_id ? *plan->message->call_id
					  : keyed_hash128(sip->call_id.at, sip->call_id.length);
	call = call_find(plan);
	plan->known = call;
	branch_read(plan);
	plan->new_branch = call && is_new_branch(plan, call);
	if (call && call_live(call)) {
		plan->call = call;
		plan->stray = invite_is_late(plan);
	} else if (call) {
		if (revives(plan, call, kind)) {
			call_begins(plan, call_revive(plan, call), kind);
			plan->known = plan->call;
		} else {
			plan->stray = sip->request && sip->method == SIP_INVITE;
		}
	} else if (makes_call(plan, kind)) {
		call_begins(plan, call_create(plan), kind);
		plan->known = plan->call;
	} else {
		sip_count(plan->worker, SIP_COUNT_NO_RECORD, 1);
	}
	plan->new_branch &= !plan->stray;
}

/* UPDATE, or a PRACK of the INVITE that rings. */
static bool
is_of_ringing(const struct plan *plan)
{
	uint32_t cseq;

	if (plan->sip->method == SIP_PRACK)
		return prack_invite(plan, &cseq) && cseq == plan->call->invite_cseq;
	return plan->sip->method == SIP_UPDATE;
}

/*
 * What makes a dialog that is not known (RFC 3261 12.1): what made the record; a response of the
 * INVITE, but no 1xx of a fork that comes when the forks are closed, nor 199, which ends one
 * (RFC 6228); and while the call rings a PRACK or UPDATE in a fork that had to give its place.
 */
static bool
makes_dialog(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	const struct call *call = plan->call;

	if (sip->request && !plan->to_tag)
		return false;
	if (sip->request)
		return plan->new_call ||
		       (sip->body.length > 0 && call_rings(call) && is_of_ringing(plan));
	if (sip->method != SIP_INVITE || sip->status <= 100 || sip->status >= 300 ||
		sip->status == 199)
		return false;
	if (!answers_initial(plan))
		return false;
	return sip->status >= 200 || call_rings(call) || call->forks_s;
}

/* A response that only rings passes without a dialog where there is no room. */
static void
dialog_begin(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;

	plan->dialog = dialog_obtain(plan);
	plan->new_dialog = plan->dialog != NULL;
	if (plan->dialog && plan->new_call)
		plan->dialog->state = beginnings[message_kind(plan)].dialog;
	else if (!plan->dialog && (sip->request || sip->status >= 200 || sip->body.length > 0))
		plan->drop = DROP_SIP_NO_MEDIA;
}

/* An INVITE without To tag begins a call, unless the callee has answered without one. */
static bool
begins_call(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;

	return sip->request && sip->method == SIP_INVITE && !plan->to_tag &&
	       (sip->cseq <= plan->call->invite_cseq || !plan->dialog ||
		       plan->dialog->state != DIALOG_CONFIRMED);
}

/* The dialog, by tags; a callee that knows none has the null tag (RFC 3261 12.2.1.1). */
void
dialog_attach(struct plan *plan)
{
	if (!plan->call)
		return;
	plan->dialog = dialog_find(plan->worker, plan->call, plan->from_tag, plan->to_tag);
	plan->unasked = response_unasked(plan);
	if (plan->unasked) {
		plan->stray = true;
		sip_count(plan->worker, SIP_COUNT_STRAY_RESPONSE, 1);
	}
	if (begins_call(plan))
		plan->dialog = NULL;
	else if (plan->dialog && plan->dialog->state == DIALOG_ENDED)
		plan->dialog = NULL;
	else if (!plan->dialog && !plan->unasked && makes_dialog(plan))
		dialog_begin(plan);
}
