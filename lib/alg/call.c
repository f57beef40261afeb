/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Call records: found by Call-ID, and told apart by the zone and inside local address of the
 * endpoint whose flow carried the message, by the side that called and by the caller's tag. So a
 * proxy inside, through which a call comes in and goes out again (a spiral), has a record for each
 * leg, and a client that uses a Call-ID twice has two calls. A message knows both tags, hence both
 * records it may belong to: its From party called, or its To party did.
 *
 * The table leads from half of the keyed 128-bit hash of the Call-ID to its first record; others are
 * chained to it, CALLS_PER_ID_MAX at most, so that nobody makes long chains. The hash is known
 * before a message is read, so a burst's records come toward the cache together (lead.c).
 * The whole hash, the length and the first bytes of the Call-ID are compared as well.
 *
 * Life cycle: made by an INVITE (or another message with a description in a dialog unknown here, see
 * begin.c), ends as state.c says. An ended record holds nothing, is no call any more, and stays one
 * transaction's time so that a late repetition of its INVITE does not open media again; it is
 * reused earlier when records run short. What gives its place to a new record does so when the message
 * leaves (plan->gone).
 *
 * One thread, no locks. `generation` and `deadline_s` are read by the control lcore.
 */
#include "alg_priv.h"
#include "core/log.h"

enum { LINES_PER_SECOND = 100 }; /* at level debug */

/* First record of a Call-ID; others follow by `same_id`. 0: none. */
uint32_t
call_first(const struct alg_worker *worker, const struct hash128 *id)
{
	void *data;

	if (rte_hash_lookup_with_hash_data(worker->table, &id->low, id_signature(id), &data) < 0)
		return 0;
	return (uint32_t)(uintptr_t)data;
}

bool
call_has_id(const struct call *call, const struct hash128 *id)
{
	return call->id.low == id->low && call->id.high == id->high;
}

static bool
same_end(const struct call_end *a, const struct call_end *b)
{
	return a->address == b->address && a->second == b->second && a->zone == b->zone;
}

static bool
same_call_id(const struct call *call, struct slice id)
{
	return call->call_id_length == (uint16_t)id.length &&
	       memcmp(call->call_id, id.at, RTE_MIN(id.length, (uint32_t)CALL_ID_STORED)) == 0;
}

/* The record of a message: live, ended, or none. */
struct call *
call_find(struct plan *plan)
{
	const struct alg_worker *worker = plan->worker;
	struct call *other = NULL, *call;

	plan->first = lead_first(plan);
	for (uint32_t i = plan->first; i; i = call->same_id) {
		call = call_at(worker, i);
		if (!call_has_id(call, &plan->id) || !same_end(&call->end, &plan->end) ||
			!same_call_id(call, plan->sip->call_id))
			continue;
		if (call->caller_side == plan->client_side && call->caller_tag == plan->from_tag)
			return call;
		if (plan->to_tag && call->caller_side != plan->client_side &&
			call->caller_tag == plan->to_tag)
			other = call;
	}
	return other;
}

bool
call_live(const struct call *call)
{
	return call->state != CALL_FREE && call->state != CALL_ENDED;
}

/* Forks may come and go: no 2xx yet. */
bool
call_rings(const struct call *call)
{
	return call->state != CALL_ESTABLISHED && call->state != CALL_CLOSING;
}

struct handle
call_handle(const struct alg_worker *worker, const struct call *call)
{
	/* relaxed: this worker writes it */
	return (struct handle){slab_index(&worker->calls, call),
		atomic_load_explicit(&call->generation, memory_order_relaxed)};
}

/* For show: the URI, or nothing when it could not be read. */
static uint8_t
party_store(char *to, const struct sip_address *party)
{
	uint32_t length = RTE_MIN(party->uri.length, (uint32_t)PARTY_STORED);

	if (length)
		memcpy(to, party->uri.at, length);
	return (uint8_t)length;
}

static void
tombstone_push(struct alg_worker *worker, struct call *call)
{
	uint32_t index = slab_index(&worker->calls, call);

	call->next = 0;
	call->previous = worker->tombstone_last;
	if (worker->tombstone_last)
		call_at(worker, worker->tombstone_last)->next = index;
	else
		worker->tombstone_first = index;
	worker->tombstone_last = index;
}

static void
tombstone_remove(struct alg_worker *worker, struct call *call)
{
	if (call->previous)
		call_at(worker, call->previous)->next = call->next;
	else
		worker->tombstone_first = call->next;
	if (call->next)
		call_at(worker, call->next)->previous = call->previous;
	else
		worker->tombstone_last = call->previous;
}

/* Make a record findable, behind the first of its Call-ID. */
static bool
call_link(struct alg_worker *worker, struct call *call, uint32_t first)
{
	uint32_t index = slab_index(&worker->calls, call);

	call->same_id = 0;
	if (first == 0) {
		worker->table_changes++;
		return rte_hash_add_key_with_hash_data(worker->table, &call->id.low,
			       id_signature(&call->id), (void *)(uintptr_t)index) == 0;
	}
	call->same_id = call_at(worker, first)->same_id;
	call_at(worker, first)->same_id = index;
	return true;
}

static void
call_unlink(struct alg_worker *worker, const struct call *call)
{
	uint32_t index = slab_index(&worker->calls, call);
	uint32_t i = call_first(worker, &call->id);

	if (i != index) {
		while (call_at(worker, i)->same_id != index)
			i = call_at(worker, i)->same_id;
		call_at(worker, i)->same_id = call->same_id;
		return;
	}
	worker->table_changes++;
	if (call->same_id) {
		/* the key is there: nothing is added that might fail */
		rte_hash_add_key_with_hash_data(worker->table, &call->id.low,
			id_signature(&call->id), (void *)(uintptr_t)call->same_id);
	} else {
		rte_hash_del_key_with_hash(worker->table, &call->id.low, id_signature(&call->id));
	}
}

/* Free an ended record. */
void
call_forget(struct alg_worker *worker, struct call *call)
{
	tombstone_remove(worker, call);
	call_unlink(worker, call);
	call->state = CALL_FREE;
	/* release: pairs with the acquire in alg_sweep(): no deadline of the next owner's */
	atomic_store_explicit(&call->deadline_s, 0, memory_order_release);
	atomic_fetch_add_explicit(&call->generation, 1, memory_order_release);
	slab_give(&worker->calls, slab_index(&worker->calls, call));
}

/* relaxed: a gauge that this worker alone writes */
static void
call_count_add(struct alg_worker *worker, uint32_t n)
{
	atomic_store_explicit(&worker->call_count,
		atomic_load_explicit(&worker->call_count, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static void
call_say(const struct call *call, const char *what)
{
	static struct log_rate rate = LOG_RATE("calls that begin or end", LINES_PER_SECOND);

	LOG_RATED_BY(&rate, DEBUG, "call %.*s %s",
		RTE_MIN((int)call->call_id_length, (int)CALL_ID_STORED), call->call_id, what);
}

static bool
call_begin(struct plan *plan, struct call *call)
{
	struct alg_worker *worker = plan->worker;

	if (!limit_call(plan, call))
		return false;
	call->pair = statistics_chosen(worker);
	call->state = CALL_CALLING;
	call->cleared = call->older = call->timed_out = call->refused = call->foreign = false;
	call->offer = (struct description){0};
	call->dialogs = call->signalling = 0;
	call->invite_cseq = plan->sip->cseq;
	call->from_host = call->to_host = 0;
	call->created_s = call->proceeding_s = call->refreshed_s = plan->self->now_s;
	call->session_s = call->media_check_s = call->forks_s = call->close_s = 0;
	call->from_length = party_store(call->from, &plan->sip->from);
	call->to_length = party_store(call->to, &plan->sip->to);
	call_record_begin(plan, call);
	sip_count(worker, SIP_COUNT_CALL_MADE, 1);
	event_count(plan->self->counters, EVENT_CALLS_OWNED, 1);
	call_count_add(worker, 1);
	call_say(call, "begins");
	return true;
}

/* There is one more than may stay, for the time that what gives its place stands beside the new one. */
static uint32_t
record_take(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	uint32_t index;

	if (worker->calls.used + 1 >= worker->calls.capacity && !plan->gone) {
		if (worker->tombstone_first == 0)
			return 0;
		plan->gone = call_at(worker, worker->tombstone_first);
	}
	index = slab_take(&worker->calls);
	/* release: pairs with the acquire in alg_sweep(), which then reads initialised words */
	atomic_store_explicit(&worker->call_high, worker->calls.fresh, memory_order_release);
	return index;
}

/* May there be one more record of this Call-ID? One that has ended gives its place. */
static bool
id_has_room(struct plan *plan)
{
	struct call *ended = NULL, *call;
	unsigned int count = 0;

	for (uint32_t i = plan->first; i; i = call->same_id) {
		call = call_at(plan->worker, i);
		count += call != plan->gone;
		/* the last ones of the chain are the oldest, but for the first */
		if (call->state == CALL_ENDED)
			ended = call;
	}
	if (count < CALLS_PER_ID_MAX)
		return true;
	plan->gone = ended;
	return ended != NULL;
}

/* A record for this message, or NULL: no room, or too many calls of this host or Call-ID. */
struct call *
call_create(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	struct slice id = plan->sip->call_id;
	uint32_t index = id_has_room(plan) ? record_take(plan) : 0, generation;
	struct call *call;

	if (index == 0)
		return NULL;
	call = call_at(worker, index);
	call->id = plan->id;
	call->caller_side = plan->client_side;
	call->caller_tag = plan->from_tag;
	call->branches = (struct call_branches){.more = false};
	call->end = plan->end;
	call->call_id_length = (uint16_t)id.length;
	memcpy(call->call_id, id.at, RTE_MIN(id.length, (uint32_t)CALL_ID_STORED));
	if (!call_begin(plan, call)) {
		slab_give(&worker->calls, index);
		return NULL;
	}
	if (!call_link(worker, call, plan->first)) {
		limit_call_over(worker, call);
		call->state = CALL_FREE;
		sip_count(worker, SIP_COUNT_CALL_ENDED, 1);
		call_count_add(worker, UINT32_MAX);
		slab_give(&worker->calls, index);
		return NULL;
	}
	generation = atomic_load_explicit(&call->generation, memory_order_relaxed);
	atomic_store_explicit(&call->generation, generation + 1, memory_order_release);
	return call;
}

/* A new INVITE under the Call-ID of a call that has ended. In its dialog either party may send it. */
struct call *
call_revive(struct plan *plan, struct call *ended)
{
	struct call *call;

	plan->gone = ended;
	call = call_create(plan);
	if (call && plan->sip->cseq == ended->invite_cseq) /* another branch of the same */
		call->branches = ended->branches;
	return call;
}

/* Give back what the transactions' Via values opened: one transaction's time from now. */
void
call_release_via(struct thread *self, struct alg_worker *worker, struct call *call)
{
	uint32_t *link = &call->signalling;

	while (*link) {
		struct opening *opening = opening_at(worker, *link);
		uint32_t index = *link;

		if (opening->kind != PINHOLE_VIA) {
			link = &opening->next;
			continue;
		}
		*link = opening->next;
		opening_release(self, worker, index, self->now_s + TRANSACTION_S);
	}
}

/*
 * End a call: media closes at once, with its flows; signalling stays one transaction's time, so
 * that a repeated BYE and its answer still pass.
 */
void
call_end(struct thread *self, struct alg_worker *worker, struct call *call)
{
	uint32_t next;

	call_record_close(self, worker, call);
	while (call->dialogs)
		dialog_end(self, worker, call, dialog_at(worker, call->dialogs));
	description_drop(self, worker, &call->offer);
	for (uint32_t i = call->signalling; i; i = next) {
		next = opening_at(worker, i)->next;
		opening_release(self, worker, i, self->now_s + TRANSACTION_S);
	}
	call->signalling = 0;
	call_record_tell(self, worker, call);
	limit_call_over(worker, call);
	call_say(call, "ends");
	call->state = CALL_ENDED;
	call->close_s = self->now_s + TRANSACTION_S;
	call_arm(worker, call, self->now_s);
	tombstone_push(worker, call);
	sip_count(worker, SIP_COUNT_CALL_ENDED, 1);
	call_count_add(worker, UINT32_MAX);
}
