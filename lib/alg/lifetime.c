/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Deadlines: what no message ends, a timer does.
 *
 * Each record publishes one deadline, the nearest of its timers. The control lcore walks the
 * deadlines by index with a budget and posts a letter to the owner, who alone decides: a look at
 * the media's last_seen may set the deadline ahead again. A duplicate or late letter does no harm,
 * since generation and deadline are compared again.
 */
#include "alg_priv.h"

/* End of a call by its longest limits; 0xffffffff: none. */
static uint32_t
established_deadline(const struct alg_worker *worker, const struct call *call, uint32_t now_s)
{
	const struct config_sip *sip = &worker->alg->config->sip;
	uint32_t deadline = call->created_s + sip->max_call_duration;

	if (call->session_s)
		deadline = RTE_MIN(deadline, call->session_s);
	if (sip->media_inactivity_timeout) {
		uint32_t check = call->media_check_s ? call->media_check_s
						     : now_s + sip->media_inactivity_timeout;

		deadline = RTE_MIN(deadline, check);
	}
	return deadline;
}

/* Where the state itself has an end; ESTABLISHED has others. */
static uint32_t
state_deadline(const struct alg_worker *worker, const struct call *call)
{
	const struct config_sip *sip = &worker->alg->config->sip;
	uint32_t deadline;

	switch ((enum call_state)call->state) {
	case CALL_CHALLENGED:
	case CALL_ENDED:
		return call->close_s;
	case CALL_CLOSING: /* each BYE has its time */
		return call->created_s + sip->max_call_duration;
	default:
		deadline = call->proceeding_s + sip->call_proceeding_timeout;
		return call->close_s ? RTE_MIN(deadline, call->close_s) : deadline;
	}
}

void
call_arm(struct alg_worker *worker, struct call *call, uint32_t now_s)
{
	uint32_t deadline;

	limit_pending(worker, call);
	if (call->state == CALL_ESTABLISHED) {
		if (call->media_check_s == 0 && worker->alg->config->sip.media_inactivity_timeout)
			call->media_check_s =
				now_s + worker->alg->config->sip.media_inactivity_timeout;
		deadline = established_deadline(worker, call, now_s);
	} else {
		deadline = state_deadline(worker, call);
	}
	if (call->forks_s && call->state != CALL_ENDED)
		deadline = RTE_MIN(deadline, call->forks_s);
	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next) {
		uint32_t bye_s = dialog_at(worker, i)->bye_s;

		if (bye_s)
			deadline = RTE_MIN(deadline, bye_s);
	}
	if (call->cleared)
		deadline = now_s;
	/* release: pairs with the acquire in alg_sweep(): the record is as this deadline means it */
	atomic_store_explicit(&call->deadline_s, deadline, memory_order_release);
}

/* What a call's media tells of its life. */
struct media_look {
	uint32_t newest; /* last packet */
	bool expected; /* some stream should be heard here */
	bool held;
};

static bool
passes_here(const struct opening *opening)
{
	return opening && (opening->pinhole.index || opening->door.index);
}

/*
 * A stream is expected here when both its ends are; an end at a host name, at a relay, at a refused
 * address or in a description that was not seen may be anywhere. Of ICE the default destination tells,
 * where its media goes in the end (RFC 8839 4.4.1).
 */
static void
description_look(const struct alg_worker *worker, const struct description *own,
	const struct description *peer, struct media_look *look)
{
	const struct opening *opening;

	if (own->set == 0)
		return;
	look->held |= own->held;
	for (uint32_t i = set_at(worker, own->set)->first; i; i = opening->next) {
		uint32_t seen;

		opening = opening_at(worker, i);
		if (!passes_here(opening))
			continue;
		seen = opening_last_seen(worker->alg, opening);
		look->newest = RTE_MAX(look->newest, seen);
		if (!(opening->flags & OPENING_CANDIDATE) &&
			passes_here(media_find(worker, peer->set, opening->stream, 1)))
			look->expected = true;
	}
}

/*
 * Newest sign of life: media, or a refresh. A call on hold may be silent, and so may one whose media
 * does not pass here, if the record saw its beginning (a stray message can not keep one for hours).
 * What was offered is heard where nothing has been committed.
 */
static bool
media_alive(struct alg_worker *worker, struct call *call, uint32_t now_s)
{
	uint32_t timeout = worker->alg->config->sip.media_inactivity_timeout;
	struct media_look look = {.newest = call->refreshed_s};
	bool may_be_silent;

	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next) {
		const struct dialog *dialog = dialog_at(worker, i);
		const struct description *said = dialog->committed;

		if (said[0].set == 0 && said[1].set == 0)
			said = dialog->offer;
		description_look(worker, &said[0], &said[1], &look);
		description_look(worker, &said[1], &said[0], &look);
	}
	may_be_silent = look.held || (!look.expected && !call->older);
	if (!may_be_silent && look.newest + timeout <= now_s)
		return false;
	call->media_check_s = (may_be_silent ? now_s : look.newest) + timeout;
	return true;
}

static bool
call_is_over(struct alg_worker *worker, struct call *call, uint32_t now_s)
{
	const struct config_sip *sip = &worker->alg->config->sip;

	if (call->cleared)
		return true;
	if (call->state != CALL_ESTABLISHED)
		return state_deadline(worker, call) <= now_s;
	if (call->created_s + sip->max_call_duration <= now_s)
		return true;
	if (call->session_s && call->session_s <= now_s)
		return true;
	return call->media_check_s && call->media_check_s <= now_s &&
	       !media_alive(worker, call, now_s);
}

/* 64*T1 after the first 2xx the INVITE is through: what did not answer, never will. */
static void
forks_close(struct thread *self, struct alg_worker *worker, struct call *call)
{
	bool ended;

	call->forks_s = 0;
	ended = dialog_end_early(self, worker, call);
	if (dialog_count(worker, call, DIALOG_CONFIRMED) == 0) { /* what answered had left */
		call_end(self, worker, call);
		return;
	}
	offer_settle(self, worker, call);
	if (ended)
		media_announce(worker, call);
}

/* A BYE that nobody answered ends its dialog all the same (RFC 3261 15.1.1). */
static void
byes_close(struct thread *self, struct alg_worker *worker, struct call *call)
{
	bool closed = false, last = false;

	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next) {
		struct dialog *dialog = dialog_at(worker, i);

		if (dialog->bye_s == 0 || dialog->bye_s > self->now_s)
			continue;
		last |= dialog->state == DIALOG_CONFIRMED || !call->forks_s;
		dialog_close(self, worker, dialog);
		closed = true;
	}
	if (!closed)
		return;
	if (last && (call->older || !call_rings(call)) &&
		dialog_count(worker, call, DIALOG_CONFIRMED) == 0) {
		call->older = false; /* no INVITE goes on with it */
		call_end(self, worker, call);
		return;
	}
	offer_settle(self, worker, call);
	media_announce(worker, call);
}

static void
call_due(struct thread *self, struct alg_worker *worker, uint32_t index, uint32_t generation)
{
	struct call *call;
	uint32_t deadline_s;

	if (index == 0 || index > worker->calls.fresh)
		return;
	call = call_at(worker, index);
	/* relaxed: this worker writes both */
	deadline_s = atomic_load_explicit(&call->deadline_s, memory_order_relaxed);
	if (atomic_load_explicit(&call->generation, memory_order_relaxed) != generation ||
		deadline_s == 0 || deadline_s > self->now_s)
		return;
	if (call->state == CALL_ENDED) {
		call_forget(worker, call);
		return;
	}
	statistics_choose_call(worker, call);
	if (call->forks_s && call->forks_s <= self->now_s)
		forks_close(self, worker, call);
	if (call_live(call))
		byes_close(self, worker, call);
	if (!call_live(call))
		return;
	if (call_is_over(worker, call, self->now_s)) {
		if (!call->cleared && call->state != CALL_CLOSING)
			sip_count(worker, SIP_COUNT_CALL_TIMED_OUT, 1);
		call->timed_out = call->state == CALL_ESTABLISHED;
		call_record_due(worker, call, self->now_s);
		call_end(self, worker, call);
	} else {
		call_arm(worker, call, self->now_s);
	}
}

/*
 * "clear sip calls": a step a turn, and the sweep brings in what is due then at the pace of the
 * mailbox, so that no packet waits for a million records. What began after the command stays.
 */
bool
alg_poll(struct thread *self, struct alg_worker *worker)
{
	uint32_t end;

	if (worker->clear_next == 0)
		return false;
	end = (uint32_t)RTE_MIN(
		(uint64_t)worker->clear_next + RECORDS_A_STEP, (uint64_t)worker->calls.fresh + 1);
	for (uint32_t i = worker->clear_next; i < end; i++) {
		struct call *call = call_at(worker, i);

		if (!call_live(call) || call->created_s > worker->clear_s)
			continue;
		call->cleared = true;
		call_arm(worker, call, self->now_s);
	}
	worker->clear_next = end <= worker->calls.fresh ? end : 0;
	return true;
}

void
alg_mail(struct thread *self, struct alg_worker *worker, const struct mail *mail)
{
	switch (mail->kind) {
	case ALG_MAIL_CALL_DUE:
		call_due(self, worker, mail->a, mail->b);
		break;
	case ALG_MAIL_CLEAR_CALLS:
		worker->clear_next = 1;
		worker->clear_s = self->now_s;
		break;
	}
}

void
alg_sweep(struct thread *self, struct alg *alg, struct mailbox **mailboxes, uint32_t budget)
{
	for (uint32_t n = 0, idle = 0; n < budget && idle <= alg->workers; n++) {
		struct alg_worker *worker = alg->worker[alg->sweep_worker];
		/* acquire: pairs with record_take() */
		uint32_t high = atomic_load_explicit(&worker->call_high, memory_order_acquire);

		if (alg->sweep_index >= high) {
			alg->sweep_index = 0;
			alg->sweep_worker = (alg->sweep_worker + 1) % alg->workers;
			idle++;
			continue;
		}

		struct call *call = call_at(worker, ++alg->sweep_index);
		uint32_t generation = atomic_load_explicit(&call->generation, memory_order_acquire);
		/* acquire: pairs with call_arm() */
		uint32_t deadline_s = atomic_load_explicit(&call->deadline_s, memory_order_acquire);
		struct mail mail = {
			.kind = ALG_MAIL_CALL_DUE, .a = alg->sweep_index, .b = generation};

		if (deadline_s && deadline_s <= self->now_s &&
			mailbox_post(mailboxes[worker->id], &mail))
			event_count(self->counters, EVENT_MAILBOX_FULL, 1);
	}
	account_sweep(alg->accounts, budget, self->now_s);
}

bool
alg_idle(const struct alg *alg, uint32_t now_s)
{
	for (unsigned int w = 0; w < alg->workers; w++) {
		const struct alg_worker *worker = alg->worker[w];
		uint32_t high = atomic_load_explicit(&worker->call_high, memory_order_acquire);

		for (uint32_t i = 1; i <= high; i++) {
			const struct call *call = call_at(worker, i);
			uint32_t deadline_s =
				atomic_load_explicit(&call->deadline_s, memory_order_acquire);

			if (deadline_s && deadline_s <= now_s)
				return false;
		}
	}
	return true;
}
