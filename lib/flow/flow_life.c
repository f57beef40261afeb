/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a flow comes and goes while every worker looks at it.
 *
 * Life cycle (state): FREE or DYING (as the last life left it) -> LIVE -> DYING -> pool.
 *
 *   create                                    remove
 *   1. take an object, fill it                1. state LIVE -> DYING by compare-and-swap;
 *   2. lock the stripes of both keys             the loser has nothing to do
 *   3. look both keys up again                2. lock the stripes of both keys
 *   4. state LIVE                             3. delete each key that leads to this object
 *   5. link to the owners                     4. unlock the stripes
 *   6. add the reverse, then the forward key  5. unlink from the owners it was linked to
 *   7. unlock                                 6. retire the object
 *
 * Lock order: stripes by ascending address (one lock when both keys share it), then one owner's
 * lock at a time. Owner locks are never held while a stripe is taken.
 *
 * Interleavings, and why each ends with nothing left:
 *  - Two creators of one conversation, in the same or in opposite directions: both need the same
 *    two stripes. The second finds both keys on one live flow and takes that (result 1); its own
 *    object was never LIVE nor linked, so it goes straight back to the pool.
 *  - Creator finds a key of a DYING flow (its remover waits for the stripe, or comes later): the
 *    key counts as free. Adding it again replaces the reference in place, so that readers find the
 *    old flow or the new one and never none; the remover sees that the key leads to another object
 *    and leaves it. Where only one of the old flow's keys is the new one's, the other stays the
 *    remover's.
 *  - Owner closes before step 5: the link fails, -ESTALE, undo.
 *  - Owner closes after step 5, before 7: the closer pops the flow and wins LIVE -> DYING, then waits
 *    for the stripes that the creator holds. The creator completes; the closer then deletes both
 *    keys. Were the state not LIVE before the link, the closer would take the flow for removed.
 *    The creator returns a dying flow: its packet is translated once, memory is safe (it is online).
 *  - The same, but the creator fails after its link (other owner closed, no room for a key): the undo also
 *    competes for LIVE -> DYING. Creator wins: it deletes, unlinks and retires; the closer that has
 *    popped the flow loses and does not touch it again. Creator loses: it leaves all to the remover,
 *    who waits for the stripes. Either way exactly one retires the object.
 *  - A failed flow that was linked is retired, never given back at once: a closer may hold its
 *    pointer between the pop and the compare-and-swap, and must not meet a new flow there.
 *  - Remover and closer at once: the closer pops (unlinks) whatever state the flow is in, so the
 *    list is empty when it returns; unlinking twice is harmless (prev is 0). The remover's keys
 *    leave the table before its next quiescent state, so before the owner is reused.
 *  - Remover touches only owners in `linked`, written under the stripes: an owner whose link failed
 *    was closed and may be reclaimed once the creator is quiescent. An owner that was linked is
 *    retired only after its closer popped the flow and lost to this remover, or won; in both cases
 *    after the remover was online.
 *  - Closer lets a connection go on: it clears the bit in `linked` under the stripes while the flow is
 *    LIVE. Who removes it later needs them and sees that; who was first was online before the owner is
 *    retired, and the flow is left to him.
 *  - Sweep meets an object in creation: generation odd, state not LIVE: passed over. It holds no
 *    object over a quiescent state, so an idle verdict and the compare-and-swap are on one life.
 *  - Forward and reverse key equal (a host that sends to its own outside endpoint): one key, data of
 *    direction 0.
 *
 *  - Readers look without a lock (flow_index.c says what they may meet). One that misses a key that is
 *    just being added comes here by the miss path and finds it in step 3.
 *
 * Limits: a reader may still use a flow it looked up in the present burst after the remover
 * returned.
 */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "flow_account.h"
#include "flow_priv.h"
#include "net/checksum.h"
#include "net/parse.h"
#include "tcp.h"

static bool
flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
flow_path_fill(struct flow_path *path, const struct flow_template *template, unsigned int direction)
{
	const struct flow_key *in = &template->key[direction];
	const struct flow_key *answer = &template->key[!direction];
	uint16_t ops = template->ops[direction] & (uint16_t)~FLOW_REWRITE;
	uint16_t ip_delta = 0, port_delta = 0;

	if (in->src != answer->dst || in->dst != answer->src) {
		ip_delta = checksum_delta_add(checksum_delta32(in->src, answer->dst),
			checksum_delta32(in->dst, answer->src));
		ops |= FLOW_REWRITE;
	}
	if (in->src_port != answer->dst_port || in->dst_port != answer->src_port) {
		port_delta = checksum_delta16(in->src_port, answer->dst_port);
		if (in->proto != IPPROTO_ICMP) /* both ports are the one identifier */
			port_delta = checksum_delta_add(
				port_delta, checksum_delta16(in->dst_port, answer->src_port));
		ops |= FLOW_REWRITE;
	}
	path->key = *in;
	path->new_src = answer->dst;
	path->new_dst = answer->src;
	path->new_src_port = answer->dst_port;
	path->new_dst_port = answer->src_port;
	path->ip_delta = ip_delta;
	path->l4_delta =
		in->proto == IPPROTO_ICMP ? port_delta : checksum_delta_add(ip_delta, port_delta);
	path->egress = template->egress[direction];
	path->neighbour = 0;
	path->neighbour_generation = 0;
	atomic_store_explicit(&path->ops, ops, memory_order_relaxed);
	atomic_store_explicit(
		&path->ruleset_generation, template->ruleset_generation, memory_order_relaxed);
	atomic_store_explicit(&path->last_seen_s, 0, memory_order_relaxed);
	atomic_store_explicit(&path->packets, 0, memory_order_relaxed);
	atomic_store_explicit(&path->bytes, 0, memory_order_relaxed);
}

static void
flow_fill(const struct flow_table *table, struct flow *flow, const struct flow_template *template,
	uint32_t now_s)
{
	flow->proto = template->key[0].proto;
	flow->media = template->media;
	atomic_store_explicit(&flow->linked, 0, memory_order_relaxed);
	atomic_store_explicit(&flow->account, template->account, memory_order_relaxed);
	flow->created_s = now_s;
	atomic_store_explicit(&flow->tcp_state, 0, memory_order_relaxed);
	if (table->windows != NULL)
		memset(flow_windows_of(table, flow), 0, sizeof(struct flow_windows));
	for (unsigned int i = 0; i < FLOW_OWNERS; i++) {
		flow->link[i] =
			(struct flow_link){.owner = flow_owner_index(table, i, template->owner[i])};
		/* One owner, one link: a host may reach itself through its own binding. */
		for (unsigned int j = 0; j < i; j++)
			if (template->owner[j] == template->owner[i])
				flow->link[i].owner = 0;
	}
	flow_path_fill(&flow->path[0], template, 0);
	flow_path_fill(&flow->path[1], template, 1);
	atomic_store_explicit(&flow->path[0].last_seen_s, now_s, memory_order_relaxed);
}

static void
flow_stripes_lock(struct flow_table *table, const uint64_t hash[2])
{
	struct flow_stripe *a = flow_stripe_of(table, hash[0]);
	struct flow_stripe *b = flow_stripe_of(table, hash[1]);

	rte_spinlock_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		rte_spinlock_lock(a < b ? &b->lock : &a->lock);
}

static void
flow_stripes_unlock(struct flow_table *table, const uint64_t hash[2])
{
	struct flow_stripe *a = flow_stripe_of(table, hash[0]);
	struct flow_stripe *b = flow_stripe_of(table, hash[1]);

	rte_spinlock_unlock(&a->lock);
	if (a != b)
		rte_spinlock_unlock(&b->lock);
}

static bool
flow_is_live(const struct flow *flow)
{
	/* acquire: pairs with the release that makes a flow LIVE in flow_create() */
	return atomic_load_explicit(&flow->state, memory_order_acquire) == FLOW_LIVE;
}

/* Move LIVE to DYING; the winner, and nobody else, retires the object. */
static bool
flow_state_end(struct flow *flow)
{
	uint8_t live = FLOW_LIVE;

	/* acquire: pairs with the release that made it LIVE, so the winner sees it whole */
	return atomic_compare_exchange_strong_explicit(
		&flow->state, &live, FLOW_DYING, memory_order_acq_rel, memory_order_relaxed);
}

/* Under the key's stripe. 0 or -ENOSPC. */
static int
flow_key_add(struct flow_table *table, struct flow *flow, unsigned int direction, uint64_t hash)
{
	const struct flow_key *key = &flow->path[direction].key;
	const uint32_t reference = flow_reference(pool_index(table->pool, flow), direction);
	const uint32_t standing = flow_index_find(table->index, key, hash);
	int ret;

	if (standing != 0) {
		flow_index_replace(table->index, hash, standing, reference);
		return 0;
	}
	ret = flow_index_add(table->index, hash, reference);
	if (ret == 0)
		atomic_fetch_add_explicit(
			&flow_stripe_of(table, hash)->keys, 1, memory_order_relaxed);
	return ret;
}

/* Under the key's stripe: delete the key while it leads to this object. */
static void
flow_key_delete(struct flow_table *table, struct flow *flow, unsigned int direction, uint64_t hash)
{
	const struct flow_key *key = &flow->path[direction].key;
	const uint32_t reference = flow_reference(pool_index(table->pool, flow), direction);

	if (flow_index_find(table->index, key, hash) != reference)
		return;
	flow_index_delete(table->index, hash, reference);
	atomic_fetch_sub_explicit(&flow_stripe_of(table, hash)->keys, 1, memory_order_relaxed);
}

/* Under both stripes. 0: both keys are free; 1: *data is this very conversation; -EADDRINUSE. */
static int
flow_find_standing(
	struct flow_table *table, const struct flow_key key[2], const uint64_t hash[2], void **data)
{
	struct flow *found[2];

	for (unsigned int i = 0; i < 2; i++) {
		void *const standing = flow_lookup(table, &key[i], hash[i]);

		if (i == 0)
			*data = standing;
		found[i] = flow_of_data(standing);
	}
	/* One flow is judged once: its state may become DYING at any moment, stripes or not. */
	if (found[0] == found[1])
		return found[0] != NULL && flow_is_live(found[0]);
	for (unsigned int i = 0; i < 2; i++)
		if (found[i] != NULL && flow_is_live(found[i]))
			return -EADDRINUSE;
	return 0;
}

/* Under both stripes, state LIVE: owners, then keys. */
static int
flow_publish(struct flow_table *table, struct flow *flow, const uint64_t hash[2])
{
	int ret;

	for (unsigned int i = 0; i < FLOW_OWNERS; i++) {
		if (flow->link[i].owner == 0)
			continue;
		ret = flow_owner_link(table, flow, i);
		if (ret != 0)
			return ret;
		atomic_fetch_or_explicit(&flow->linked, (uint8_t)(1u << i), memory_order_relaxed);
	}
	if (!flow_key_equal(&flow->path[0].key, &flow->path[1].key)) {
		ret = flow_key_add(table, flow, 1, hash[1]);
		if (ret != 0)
			return ret;
	}
	return flow_key_add(table, flow, 0, hash[0]);
}

/* The second half of an end, by whoever won flow_state_end(); holds no lock. */
static void
flow_finish(struct flow_table *table, struct flow *flow)
{
	/* relaxed: written under the stripes, which this thread has held since */
	const uint8_t linked = atomic_load_explicit(&flow->linked, memory_order_relaxed);

	for (unsigned int i = 0; i < FLOW_OWNERS; i++)
		if (linked & (1 << i))
			flow_owner_unlink(table, flow, i);
	flow_account_end(table, flow);
	pool_retire(table->pool, flow);
}

int
flow_create(struct thread *self, struct flow_table *table, const struct flow_template *template,
	void **data)
{
	const uint64_t hash[2] = {
		flow_key_hash(&template->key[0]),
		flow_key_hash(&template->key[1]),
	};
	struct flow *flow;
	bool mine;
	int ret;

	flow_index_prefetch(table->index, hash[0]);
	flow_index_prefetch(table->index, hash[1]);
	flow = pool_alloc(table->pool);
	if (flow != NULL)
		flow_fill(table, flow, template, self->now_s);
	flow_stripes_lock(table, hash);
	ret = flow_find_standing(table, template->key, hash, data);
	if (ret == 0 && flow == NULL)
		ret = -ENOBUFS;
	if (ret != 0) {
		flow_stripes_unlock(table, hash);
		if (flow != NULL)
			pool_free_unused(table->pool, flow);
		else if (ret == -ENOBUFS)
			LOG_RATED(WARNING, "flows for which there was no room",
				"system.max_flows stand: what would begin another is dropped");
		flow_account_return(table, template->account);
		if (ret == 1)
			event_count(self->counters, EVENT_FLOW_CREATE_RACED, 1);
		return ret;
	}
	/* release: pairs with the acquire of flow_is_live() and flow_state_end() */
	atomic_store_explicit(&flow->state, FLOW_LIVE, memory_order_release);
	ret = flow_publish(table, flow, hash);
	if (ret == 0) {
		flow_stripes_unlock(table, hash);
		event_count(self->counters, EVENT_FLOW_CREATED, 1);
		*data = flow_data(flow, 0);
		return 0;
	}
	mine = flow_state_end(flow);
	if (mine) {
		flow_key_delete(table, flow, 0, hash[0]);
		flow_key_delete(table, flow, 1, hash[1]);
	}
	flow_stripes_unlock(table, hash);
	if (mine)
		flow_finish(table, flow);
	else /* the remover counts it as ended */
		event_count(self->counters, EVENT_FLOW_CREATED, 1);
	return ret;
}

bool
flow_remove_as(struct thread *self, struct flow_table *table, struct flow *flow, enum event event)
{
	uint64_t hash[2];

	if (!flow_state_end(flow))
		return false;
	hash[0] = flow_key_hash(&flow->path[0].key);
	hash[1] = flow_key_hash(&flow->path[1].key);
	flow_stripes_lock(table, hash);
	flow_key_delete(table, flow, 0, hash[0]);
	flow_key_delete(table, flow, 1, hash[1]);
	flow_stripes_unlock(table, hash);
	flow_finish(table, flow);
	event_count(self->counters, event, 1);
	return true;
}

bool
flow_remove(struct thread *self, struct flow_table *table, struct flow *flow)
{
	return flow_remove_as(self, table, flow, EVENT_FLOW_CLOSED);
}

bool
flow_disown(struct flow_table *table, struct flow *flow, enum flow_owner_slot slot)
{
	const uint64_t hash[2] = {
		flow_key_hash(&flow->path[0].key),
		flow_key_hash(&flow->path[1].key),
	};
	bool goes_on;

	if (flow->proto != IPPROTO_TCP)
		return false;
	flow_stripes_lock(table, hash);
	goes_on =
		flow_is_live(flow) && tcp_phase_of((enum tcp_state)atomic_load_explicit(
					      &flow->tcp_state, memory_order_relaxed)) == TCP_OPEN;
	if (goes_on)
		atomic_fetch_and_explicit(
			&flow->linked, (uint8_t) ~(1u << slot), memory_order_relaxed);
	flow_stripes_unlock(table, hash);
	return goes_on;
}

bool
flow_is_disowned(const struct flow *flow)
{
	const uint8_t linked = atomic_load_explicit(&flow->linked, memory_order_relaxed);

	for (unsigned int i = 0; i < FLOW_OWNERS; i++)
		if (flow->link[i].owner != 0 && !(linked & (1 << i)))
			return true;
	return false;
}
