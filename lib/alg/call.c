/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Call records: found by Call-ID, and told apart by the zone and inside local address of the
 * endpoint whose flow carried the message.
 *
 * The key is 16 bytes: the keyed 128-bit hash of the Call-ID, mixed with that endpoint, with the
 * side that called and with the caller's tag. So a proxy inside, through which a call comes in and
 * goes out again (a spiral), has a record for each leg, and a client that uses a Call-ID twice has
 * two calls. A message knows both tags, hence both keys it may belong to: its From party called, or
 * its To party did. The whole Call-ID is compared as well (up to 255 bytes; beyond, the hash).
 *
 * Life cycle: made by an INVITE (or another message with a description in a dialog unknown here, see
 * begin.c), ends as state.c says. An ended record holds nothing, is no call any more, and stays one
 * transaction's time so that a late repetition of its INVITE does not open media again; it is
 * reused earlier when records run short.
 *
 * One thread, no locks. `generation` and `deadline_s` are read by the control lcore.
 */
#include "alg_priv.h"

static struct hash128
call_key(const struct plan *plan, uint8_t caller_side, uint64_t caller_tag)
{
	struct {
		uint64_t tag;
		rte_be32_t address, second;
		uint32_t zone_side;
	} __rte_packed who = {caller_tag, plan->end.address, plan->end.second,
		(uint32_t)plan->end.zone << 1 | caller_side};
	struct hash128 mix = keyed_hash128(&who, sizeof(who));

	return (struct hash128){plan->id_hash.low ^ mix.low, plan->id_hash.high ^ mix.high};
}

static hash_sig_t
key_signature(const struct hash128 *key)
{
	return (hash_sig_t)key->low;
}

static struct call *
call_look_up(const struct plan *plan, uint8_t caller_side, uint64_t caller_tag)
{
	struct hash128 key = call_key(plan, caller_side, caller_tag);
	struct slice id = plan->sip->call_id;
	struct call *call;
	void *data;

	if (rte_hash_lookup_with_hash_data(plan->worker->table, &key, key_signature(&key), &data) <
		0)
		return NULL;
	call = call_at(plan->worker, (uint32_t)(uintptr_t)data);
	if (id.length <= CALL_ID_STORED &&
		(call->call_id_length != id.length || memcmp(call->call_id, id.at, id.length) != 0))
		return NULL;
	return call;
}

/* The record of a message: live, ended, or none. */
struct call *
call_find(struct plan *plan)
{
	struct call *call = call_look_up(plan, plan->client_side, plan->from_tag);

	if (!call && plan->to_tag)
		call = call_look_up(plan, 1 - plan->client_side, plan->to_tag);
	return call;
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

/* Free an ended record. */
void
call_forget(struct alg_worker *worker, struct call *call)
{
	tombstone_remove(worker, call);
	rte_hash_del_key_with_hash(worker->table, &call->key, key_signature(&call->key));
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

static bool
call_begin(struct plan *plan, struct call *call)
{
	struct alg_worker *worker = plan->worker;

	if (!limit_call(plan, call))
		return false;
	call->state = CALL_CALLING;
	call->cleared = call->older = call->timed_out = false;
	call->offer = (struct description){0};
	call->dialogs = call->signalling = 0;
	call->invite_cseq = plan->sip->cseq;
	call->from_host = call->to_host = 0;
	call->created_s = call->proceeding_s = call->refreshed_s = plan->self->now_s;
	call->session_s = call->media_check_s = call->forks_s = call->close_s = 0;
	call->from_length = party_store(call->from, &plan->sip->from);
	call->to_length = party_store(call->to, &plan->sip->to);
	sip_count(worker, SIP_COUNT_CALL_MADE, 1);
	event_count(plan->self->counters, EVENT_CALLS_OWNED, 1);
	call_count_add(worker, 1);
	return true;
}

static uint32_t
record_take(struct alg_worker *worker)
{
	uint32_t index = slab_take(&worker->calls);

	if (index == 0 && worker->tombstone_first) {
		call_forget(worker, call_at(worker, worker->tombstone_first));
		index = slab_take(&worker->calls);
	}
	/* release: pairs with the acquire in alg_sweep(), which then reads initialised words */
	atomic_store_explicit(&worker->call_high, worker->calls.fresh, memory_order_release);
	return index;
}

/* A record for this message, or NULL: no room, or too many calls of this host. */
struct call *
call_create(struct plan *plan)
{
	struct alg_worker *worker = plan->worker;
	struct slice id = plan->sip->call_id;
	uint32_t index = record_take(worker), generation;
	struct call *call;

	if (index == 0)
		return NULL;
	call = call_at(worker, index);
	call->key = call_key(plan, plan->client_side, plan->from_tag);
	call->id_hash = plan->id_hash.low;
	call->caller_side = plan->client_side;
	call->caller_tag = plan->from_tag;
	call->end = plan->end;
	call->call_id_length = 0;
	if (id.length <= CALL_ID_STORED) {
		call->call_id_length = (uint8_t)id.length;
		memcpy(call->call_id, id.at, id.length);
	}
	if (!call_begin(plan, call)) {
		slab_give(&worker->calls, index);
		return NULL;
	}
	if (rte_hash_add_key_with_hash_data(worker->table, &call->key, key_signature(&call->key),
		    (void *)(uintptr_t)index) < 0) {
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

/* A new INVITE under the Call-ID of a call that has ended. */
void
call_revive(struct plan *plan, struct call *call)
{
	if (!call_begin(plan, call))
		return;
	tombstone_remove(plan->worker, call);
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

	while (call->dialogs)
		dialog_end(self, worker, call, dialog_at(worker, call->dialogs));
	description_drop(self, worker, &call->offer);
	for (uint32_t i = call->signalling; i; i = next) {
		next = opening_at(worker, i)->next;
		opening_release(self, worker, i, self->now_s + TRANSACTION_S);
	}
	call->signalling = 0;
	limit_call_over(worker, call);
	call->state = CALL_ENDED;
	call->close_s = self->now_s + TRANSACTION_S;
	call_arm(worker, call, self->now_s);
	tombstone_push(worker, call);
	sip_count(worker, SIP_COUNT_CALL_ENDED, 1);
	call_count_add(worker, UINT32_MAX);
}
