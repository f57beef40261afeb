/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a message does to its call, once it has been read, opened and edited.
 *
 * The call's states are a table; a state that the table does not name stays. 401 and 407 keep the
 * record with its offer: the retry with credentials goes on with the same ports (RFC 3261 22.2).
 * A 200 that crosses a CANCEL establishes the call (9.1). Of several confirmed dialogs (forks that
 * both answered) the last BYE ends the call.
 */
#include "alg_priv.h"

static const uint8_t next_state[CALL_STATES][CALL_EVENTS] = {
	[CALL_CALLING] =
		{
			[CALL_EVENT_PROVISIONAL] = CALL_PROCEEDING,
			[CALL_EVENT_SUCCESS] = CALL_ESTABLISHED,
			[CALL_EVENT_CHALLENGE] = CALL_CHALLENGED,
			[CALL_EVENT_FAILURE] = CALL_ENDED,
			[CALL_EVENT_CANCEL] = CALL_CANCELLED,
		},
	[CALL_PROCEEDING] =
		{
			[CALL_EVENT_SUCCESS] = CALL_ESTABLISHED,
			[CALL_EVENT_CHALLENGE] = CALL_CHALLENGED,
			[CALL_EVENT_FAILURE] = CALL_ENDED,
			[CALL_EVENT_CANCEL] = CALL_CANCELLED,
		},
	[CALL_CHALLENGED] =
		{
			[CALL_EVENT_INVITE] = CALL_CALLING,
			[CALL_EVENT_SUCCESS] = CALL_ESTABLISHED,
			[CALL_EVENT_FAILURE] = CALL_ENDED,
		},
	[CALL_CANCELLED] =
		{
			[CALL_EVENT_INVITE] = CALL_CALLING, /* the next target's turn */
			[CALL_EVENT_SUCCESS] = CALL_ESTABLISHED,
			[CALL_EVENT_FAILURE] = CALL_ENDED,
			[CALL_EVENT_CHALLENGE] = CALL_ENDED,
		},
	[CALL_ESTABLISHED] =
		{
			[CALL_EVENT_BYE] = CALL_CLOSING,
			[CALL_EVENT_BYE_DONE] = CALL_ENDED,
		},
	[CALL_CLOSING] =
		{
			[CALL_EVENT_SUCCESS] = CALL_ESTABLISHED, /* another fork has answered */
			[CALL_EVENT_BYE_REFUSED] = CALL_ESTABLISHED,
			[CALL_EVENT_BYE_DONE] = CALL_ENDED,
		},
};

const char *
call_state_name(enum call_state state)
{
	static const char *const names[CALL_STATES] = {"free", "calling", "proceeding",
		"challenged", "cancelled", "established", "closing", "ended"};

	return state < CALL_STATES ? names[state] : "?";
}

void
call_event(struct thread *self, struct alg_worker *worker, struct call *call, enum call_event event)
{
	uint8_t next = next_state[call->state][event];

	if (next == CALL_FREE || next == call->state)
		return;
	if (next == CALL_ENDED) {
		call_end(self, worker, call);
		call->refused = event == CALL_EVENT_FAILURE || event == CALL_EVENT_CHALLENGE;
		return;
	}
	call->state = next;
	call->close_s = next == CALL_CHALLENGED ? self->now_s + TRANSACTION_S : 0;
}

static void
event_of(struct plan *plan, enum call_event event)
{
	call_event(plan->self, plan->worker, plan->call, event);
}

static unsigned int
dialogs_going_on(const struct plan *plan)
{
	unsigned int count = 0;

	for (uint32_t i = plan->call->dialogs; i; i = dialog_at(plan->worker, i)->next) {
		const struct dialog *dialog = dialog_at(plan->worker, i);

		count += dialog->state == DIALOG_CONFIRMED && !dialog->bye_s;
	}
	return count;
}

/*
 * An INVITE without To tag: the call's first, a repetition of it, another try (RFC 3261 22.2), or
 * another branch. One that is late, of a try before this one, changes nothing.
 */
static void
invite_advance(struct plan *plan)
{
	struct call *call = plan->call;
	uint32_t cseq = plan->sip->cseq;

	if (plan->stray)
		return;
	if (cseq > call->invite_cseq)
		call->branches = (struct call_branches){.more = false};
	if (call->state == CALL_CHALLENGED)
		call->branches.challenged = false;
	branch_add(&call->branches, plan->branch);
	if (plan->new_call || plan->new_branch || cseq > call->invite_cseq) {
		call->invite_cseq = cseq;
		call->proceeding_s = plan->self->now_s;
		if (call->offer.set && call->offer.cseq != cseq) /* it brought none */
			description_drop(plan->self, plan->worker, &call->offer);
		event_of(plan, CALL_EVENT_INVITE);
	} else if (call->state == CALL_CALLING) {
		call->proceeding_s = plan->self->now_s;
	}
}

/* A request in a dialog: it moves the sequence on. True: it is the first with its number. */
static bool
sequence_advance(struct plan *plan)
{
	struct dialog *dialog = plan->dialog;
	const struct sip_message *sip = plan->sip;
	uint8_t side = plan->side;
	bool fresh;

	if (!dialog || sip->method == SIP_ACK || sip->method == SIP_CANCEL)
		return false;
	fresh = !(dialog->sequenced >> side & 1) || sip->cseq > dialog->highest_cseq[side];
	if (sip->method == SIP_INVITE && fresh) {
		invite_note(dialog, side, sip->cseq, plan->role != MEDIA_OFFER);
		offer_unseen_through(plan);
	} else {
		sequence_note(dialog, side, sip->cseq);
	}
	asked_note(plan, dialog);
	return fresh;
}

static void
request_advance(struct plan *plan)
{
	struct call *call = plan->call;
	struct dialog *dialog = plan->dialog;
	bool fresh = sequence_advance(plan);

	switch (plan->sip->method) {
	case SIP_INVITE:
		if ((!plan->to_tag && !dialog) || plan->new_call)
			invite_advance(plan);
		return;
	case SIP_CANCEL:
		if (plan->client_side == call->caller_side &&
			plan->sip->cseq == call->invite_cseq &&
			branch_cancel(&call->branches, plan->branch))
			event_of(plan, CALL_EVENT_CANCEL);
		return;
	case SIP_BYE:
		if (!dialog)
			return;
		call_record_bye(plan);
		if (dialog->bye_s == 0)
			dialog->bye_s = plan->self->now_s + TRANSACTION_S;
		if (dialogs_going_on(plan) == 0)
			event_of(plan, CALL_EVENT_BYE);
		return;
	case SIP_ACK:
		offer_unanswered(plan, plan->sip->cseq);
		return;
	case SIP_PRACK:
		if (fresh && plan->role == MEDIA_NONE)
			offer_unanswered(plan, plan->acknowledged);
		return;
	default:
		return;
	}
}

/* A late repetition of an INVITE's 2xx, after a newer INVITE. */
static bool
outdated(const struct plan *plan)
{
	const struct dialog *dialog = plan->dialog;

	return dialog && plan->sip->method == SIP_INVITE &&
	       plan->sip->cseq < dialog->invite_cseq[plan->client_side];
}

static void
refreshed(struct plan *plan)
{
	struct call *call = plan->call;

	call->refreshed_s = plan->self->now_s;
	call->media_check_s = 0;
	call->session_s = plan->session_expires
				  ? plan->self->now_s + plan->session_expires + TRANSACTION_S
				  : 0;
}

/* 199: the fork was refused, and others ring on (RFC 6228). */
static void
fork_gone(struct plan *plan)
{
	if (!plan->dialog || plan->dialog->state != DIALOG_EARLY)
		return;
	dialog_close(plan->self, plan->worker, plan->dialog);
	plan->dialog = NULL;
	offer_settle(plan->self, plan->worker, plan->call);
	media_announce(plan->worker, plan->call);
}

/*
 * An offer was refused. A call that began here with it, and is not known by anything else, may be
 * gone: the record ends, and the next offer makes it again.
 */
static void
refused(struct plan *plan)
{
	struct call *call = plan->call;

	offer_refused(plan);
	if (!call->older || plan->client_side != call->caller_side ||
		plan->sip->cseq != call->invite_cseq)
		return;
	for (uint32_t i = call->dialogs; i; i = dialog_at(plan->worker, i)->next) {
		const struct dialog *dialog = dialog_at(plan->worker, i);

		if (dialog->committed[0].set || dialog->committed[1].set || dialog->offer[0].set ||
			dialog->offer[1].set)
			return;
	}
	call_record_refusal(plan);
	call_end(plan->self, plan->worker, call);
}

/* The message has ended its dialog; with the last one the call ends. */
static void
dialog_is_over(struct plan *plan)
{
	struct call *call = plan->call;
	bool last = plan->dialog->state == DIALOG_CONFIRMED || !call->forks_s;

	dialog_close(plan->self, plan->worker, plan->dialog);
	if (last && dialog_count(plan->worker, call, DIALOG_CONFIRMED) == 0) {
		if (call->older) /* it had been established before */
			call->state = CALL_ESTABLISHED;
		call->older = false; /* no INVITE goes on with it */
		event_of(plan, CALL_EVENT_BYE_DONE);
	}
	if (call_live(call)) {
		offer_settle(plan->self, plan->worker, call);
		media_announce(plan->worker, plan->call);
	}
}

/*
 * A re-INVITE was refused. 481, or nothing but a proxy's 408: there is no dialog at the other end any
 * more (RFC 3261 12.2.1.2, RFC 5057 5.1).
 */
static void
reinvite_refused(struct plan *plan)
{
	unsigned int status = plan->sip->status;

	if ((status == 408 || status == 481) && plan->dialog)
		dialog_is_over(plan);
	else
		refused(plan);
}

static void
update_accepted(struct plan *plan)
{
	refreshed(plan);
	if (plan->call->older)
		event_of(plan, CALL_EVENT_SUCCESS);
}

/* One branch of several was refused: its forks are over, and the others ring on. */
static void
branch_gone(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	struct call *call = plan->call;
	uint32_t next;

	for (uint32_t i = call->dialogs; i; i = next) {
		struct dialog *dialog = dialog_at(worker, i);

		next = dialog->next;
		if (dialog->state == DIALOG_EARLY && asked_is(plan, dialog))
			dialog_end(plan->self, worker, call, dialog);
	}
	plan->dialog = NULL;
	offer_settle(plan->self, worker, call);
	media_announce(worker, call);
}

/* One in a dialog tells that there has been a 2xx to the first INVITE, if it was not seen. */
static void
invite_accepted(struct plan *plan, bool initial)
{
	struct call *call = plan->call;
	bool established = initial || plan->dialog;

	if (established && call_rings(call))
		call->forks_s = plan->self->now_s + TRANSACTION_S;
	if (plan->dialog)
		offer_confirmed(plan);
	if (!outdated(plan))
		refreshed(plan);
	if (established && (call->state != CALL_CLOSING || dialogs_going_on(plan) > 0))
		event_of(plan, CALL_EVENT_SUCCESS);
	offer_settle(plan->self, plan->worker, call);
}

static void
invite_answered(struct plan *plan)
{
	struct call *call = plan->call;
	unsigned int status = plan->sip->status;
	bool initial = answers_initial(plan);

	call_record_answer(plan, initial);
	if (initial && call->branches.hash[0] == 0) /* its INVITE was not seen */
		branch_add(&call->branches, plan->branch);
	if (initial && status >= 300 && !call->older &&
		!branch_refuse(&call->branches, plan->branch, status == 401 || status == 407)) {
		branch_gone(plan);
		return;
	}
	if (status < 200) {
		if (initial) {
			call->proceeding_s = plan->self->now_s;
			event_of(plan, CALL_EVENT_PROVISIONAL);
		}
		if (status == 199)
			fork_gone(plan);
		return;
	}
	call_release_via(plan->self, plan->worker, call);
	if (status < 300) {
		invite_accepted(plan, initial);
	} else if (!initial || call->older) {
		reinvite_refused(plan);
	} else if (call->branches.challenged) { /* the best of the refusals, 16.7 */
		dialog_end_early(plan->self, plan->worker, call);
		event_of(plan, CALL_EVENT_CHALLENGE);
	} else {
		event_of(plan, CALL_EVENT_FAILURE);
		if (call_live(call)) /* another try, of an established call */
			description_drop(plan->self, plan->worker, &call->offer);
	}
}

static void
bye_answered(struct plan *plan)
{
	unsigned int status = plan->sip->status;

	if (status < 200 || !plan->dialog)
		return;
	if (status == 401 || status == 407) {
		if (plan->sip->cseq < plan->dialog->highest_cseq[plan->client_side])
			return; /* another BYE is under way */
		plan->dialog->bye_s = 0;
		event_of(plan, CALL_EVENT_BYE_REFUSED);
		return;
	}
	dialog_is_over(plan);
}

static void
response_advance(struct plan *plan)
{
	unsigned int status = plan->sip->status;

	switch (plan->sip->method) {
	case SIP_INVITE:
		invite_answered(plan);
		return;
	case SIP_UPDATE:
	case SIP_PRACK:
		if (status >= 300)
			refused(plan);
		else if (status >= 200 && plan->sip->method == SIP_UPDATE)
			update_accepted(plan);
		else if (status >= 200 && plan->role == MEDIA_NONE)
			offer_unanswered(plan, plan->sip->cseq);
		return;
	case SIP_BYE:
		bye_answered(plan);
		return;
	case SIP_CANCEL:
		if (status >= 200 && plan->call->state == CALL_CANCELLED &&
			plan->client_side == plan->call->caller_side &&
			plan->sip->cseq == plan->call->invite_cseq)
			plan->call->close_s = plan->self->now_s + TRANSACTION_S;
		return;
	default:
		return;
	}
}

/* Identity hosts that were replaced, by the party whose they are. */
static void
hosts_remember(struct plan *plan)
{
	struct call *call = plan->call;

	if (plan->from_host)
		*(plan->from_tag == call->caller_tag ? &call->from_host : &call->to_host) =
			plan->from_host;
	if (plan->to_host)
		*(plan->to_tag == call->caller_tag ? &call->from_host : &call->to_host) =
			plan->to_host;
}

/* The message leaves: hand its media to the record and move the call on. */
void
call_advance(struct plan *plan)
{
	struct call *call = plan->call;

	if (plan->unasked)
		return;
	hosts_remember(plan);
	if (plan->evicted)
		dialog_end(plan->self, plan->worker, call, plan->evicted);
	offer_apply(plan);
	if (plan->sip->request)
		request_advance(plan);
	else
		response_advance(plan);
	if (call_live(call))
		call_arm(plan->worker, call, plan->self->now_s);
}
