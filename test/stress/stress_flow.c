/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table under several workers: the same conversations made from both directions at once,
 * looked up, removed, their owners closed and reused, conflicting templates, an exhausted pool, and
 * a control lcore that sweeps, clears and reclaims all the while.
 */
#include <errno.h>

#include <rte_random.h>

#include "flow/flow_index.h"
#include "net/parse.h"
#include "stress.h"

enum {
	CONVERSATIONS = 96,
	CAPACITY = 80, /* fewer than conversations: objects are scarce and soon used again */
	OWNERS = 12,
	OWNER_POOL = 256,
	REALM_IN = 4,
	REALM_OUT = 8,
};

/* An owner as bindings and pinholes are: pooled, published, replaced. */
struct holder {
	struct pool_object object;
	struct flow_owner flows;
};

static const struct flow_timeouts timeouts = {
	.udp = 3, .tcp_established = 3, .tcp_transitory = 3, .icmp = 3};

static struct flow_table *table;
static struct pool *holders;
static struct holder *_Atomic shelf[OWNERS];
static struct flow_key keys[CONVERSATIONS][2];
static uint64_t rounds;
static _Atomic uint64_t made, raced, conflicts, stale, refused, exhausted, hits;

/*
 * Additions to and deletions from the index, wrapped by the linker: they give the processor away before
 * and after, so that readers and other writers come in between, and while the workers run an addition
 * fails now and then.
 */
int __real_flow_index_add(struct flow_index *index, uint64_t hash, uint32_t reference);
int __wrap_flow_index_add(struct flow_index *index, uint64_t hash, uint32_t reference);
void __real_flow_index_delete(struct flow_index *index, uint64_t hash, uint32_t reference);
void __wrap_flow_index_delete(struct flow_index *index, uint64_t hash, uint32_t reference);

int
__wrap_flow_index_add(struct flow_index *index, uint64_t hash, uint32_t reference)
{
	const uint64_t random = rte_rand();
	int ret = -ENOSPC;

	if (random % 64 == 0)
		sched_yield();
	if (atomic_load(&stress_running) == 0 || random % 101 != 0) {
		ret = __real_flow_index_add(index, hash, reference);
		MUST(ret == 0);
	}
	if (random % 64 == 1)
		sched_yield();
	return ret;
}

void
__wrap_flow_index_delete(struct flow_index *index, uint64_t hash, uint32_t reference)
{
	const uint64_t random = rte_rand();

	if (random % 64 == 0)
		sched_yield();
	__real_flow_index_delete(index, hash, reference);
	if (random % 64 == 1)
		sched_yield();
}

static bool
flow_live(const struct flow *flow)
{
	return pool_object_live(&flow->object) && atomic_load(&flow->state) == FLOW_LIVE;
}

/* A grace period after its end no live flow may still belong to an owner. */
static void
holder_has_no_flow(const struct holder *holder)
{
	for (uint32_t i = 1; i <= CAPACITY; i++) {
		const struct flow *flow = pool_at(flow_pool(table), i);

		for (unsigned int slot = 0; slot < FLOW_OWNERS && flow_live(flow); slot++)
			MUST(flow->link[slot].owner != pool_index(holders, holder));
	}
}

static void
holder_release(void *context, void *object)
{
	struct holder *holder = object;

	MUST(holder->flows.closed);
	MUST(holder->flows.first == 0 && flow_owner_count(&holder->flows) == 0);
	MUST(!rte_spinlock_is_locked(&holder->flows.lock));
	holder_has_no_flow(holder);
}

/* Publish a fresh owner in a place; close and retire the one that was there. */
static void
holder_replace(struct thread *self, unsigned int place, bool fresh)
{
	struct holder *new = fresh ? pool_alloc(holders) : NULL, *old;

	if (fresh && new == NULL)
		return;
	if (new != NULL)
		flow_owner_init(&new->flows);
	old = atomic_exchange(&shelf[place], new);
	if (old == NULL)
		return;
	flow_owner_close(self, table, &old->flows);
	MUST(old->flows.first == 0);
	pool_retire(holders, old);
}

static struct flow_owner *
holder_some(struct thread *self)
{
	struct holder *holder = atomic_load(&shelf[random_below(&self->random, OWNERS)]);

	return holder != NULL ? &holder->flows : NULL;
}

static void
flow_check(void *data, const struct flow_key *key)
{
	struct flow *flow = flow_of_data(data);
	const uint32_t generation = atomic_load(&flow->object.generation);
	const struct flow_path *path = &flow->path[flow_direction_of_data(data)];
	const bool equal = memcmp(&path->key, key, sizeof(*key)) == 0;

	/* This thread is online since before the look-up, so the object is not reused. */
	MUST(equal);
	MUST(atomic_load(&flow->object.generation) - generation <= 1);
}

/* As long as it is live a flow has both its keys: nobody else has made the same one over it. */
static void
flow_has_its_keys(void *data, const struct flow_key key[2])
{
	struct flow *flow = flow_of_data(data);

	for (unsigned int d = 0; d < 2; d++)
		if (flow_of_data(flow_lookup(table, &key[d], flow_key_hash(&key[d]))) != flow)
			MUST(atomic_load(&flow->state) != FLOW_LIVE);
}

static void
conversation_make(struct thread *self)
{
	const unsigned int c = random_below(&self->random, CONVERSATIONS);
	const unsigned int direction = random_below(&self->random, 2);
	struct flow_template template = {
		.key = {keys[c][direction], keys[c][!direction]},
		.owner = {holder_some(self), holder_some(self), holder_some(self)},
	};
	void *data = NULL;
	int ret;

	if (random_below(&self->random, 16) == 0)
		template.key[1] = keys[(c + 1) % CONVERSATIONS][!direction];
	ret = flow_create(self, table, &template, &data);
	switch (ret) {
	case 0:
		atomic_fetch_add(&made, 1);
		flow_check(data, &template.key[0]);
		MUST(flow_direction_of_data(data) == 0);
		if (random_below(&self->random, 16) == 0)
			sched_yield(); /* to who waited for the stripes meanwhile */
		flow_has_its_keys(data, template.key);
		break;
	case 1:
		atomic_fetch_add(&raced, 1);
		flow_check(data, &template.key[0]);
		break;
	case -EADDRINUSE:
		atomic_fetch_add(&conflicts, 1);
		break;
	case -ESTALE:
		atomic_fetch_add(&stale, 1);
		break;
	case -ENOSPC:
		atomic_fetch_add(&refused, 1);
		break;
	default:
		MUST(ret == -ENOBUFS);
		atomic_fetch_add(&exhausted, 1);
		stress_turn(self);
		sched_yield(); /* to the reclaimer, where it shares the processor */
		break;
	}
}

static void
conversations_look(struct thread *self)
{
	for (unsigned int i = 0; i < 8; i++) {
		const struct flow_key *key = &keys[random_below(&self->random, CONVERSATIONS)]
						  [random_below(&self->random, 2)];
		void *data = flow_lookup(table, key, flow_key_hash(key));

		if (data == NULL)
			continue;
		atomic_fetch_add_explicit(&hits, 1, memory_order_relaxed);
		flow_check(data, key);
		if (i == 0)
			flow_remove(self, table, flow_of_data(data));
	}
}

static int
work(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];

	for (uint64_t round = 0; round < rounds; round++) {
		conversation_make(self);
		if (round % 2 == 0)
			conversations_look(self);
		if (round % 8 == 0)
			holder_replace(self, random_below(&self->random, OWNERS), true);
		stress_turn(self);
	}
	stress_leave(self);
	return 0;
}

static void
control(struct thread *self, uint64_t turn)
{
	static uint32_t cursor;

	flow_sweep(self, table, 16);
	pool_reclaim(holders, 16);
	if (turn % 256 == 0 && flow_clear_step(self, table, &cursor, 8))
		cursor = 0;
	/* Two keys a live flow; others may be on their way in or out of the table. */
	MUST(flow_key_count(table) <= 2 * CAPACITY + 2 * STRESS_WORKERS);
}

static void
reclaim(struct pool *pool)
{
	for (unsigned int i = 0; i < 4; i++) {
		rcu_quiescent(THREAD_CONTROL);
		pool_reclaim(pool, pool_capacity(pool));
	}
	MUST(pool_used(pool) == 0);
	MUST(pool_retired(pool) == 0);
}

/* As many flows as the pool has, several times: no object and no key slot was lost. */
static void
table_is_whole(struct thread *self)
{
	for (unsigned int round = 0; round < 4; round++) {
		void *data[CAPACITY];

		for (unsigned int i = 0; i < CAPACITY; i++) {
			const struct flow_template template = {.key = {keys[i][0], keys[i][1]}};

			MUST(flow_create(self, table, &template, &data[i]) == 0);
		}
		MUST(flow_key_count(table) == 2 * CAPACITY);
		for (unsigned int i = 0; i < CAPACITY; i++)
			MUST(flow_remove(self, table, flow_of_data(data[i])));
		reclaim(flow_pool(table));
	}
}

/* When nobody works: every live flow under both its keys, and no key beside those. */
static void
table_is_consistent(void)
{
	uint32_t live = 0;

	for (uint32_t i = 1; i <= CAPACITY; i++) {
		const struct flow *flow = pool_at(flow_pool(table), i);

		if (!flow_live(flow))
			continue;
		live++;
		for (unsigned int d = 0; d < 2; d++) {
			const struct flow_key *key = &flow->path[d].key;
			void *data = flow_lookup(table, key, flow_key_hash(key));

			MUST(flow_of_data(data) == flow && flow_direction_of_data(data) == d);
		}
	}
	MUST(pool_used(flow_pool(table)) == live);
	MUST(flow_key_count(table) == 2 * live);
}

static void
nothing_is_left(struct thread *self)
{
	rcu_online(THREAD_CONTROL);
	table_is_consistent();
	for (unsigned int i = 0; i < OWNERS; i++)
		holder_replace(self, i, false);
	for (uint32_t cursor = 0; !flow_clear_step(self, table, &cursor, CAPACITY);)
		;
	MUST(flow_key_count(table) == 0);
	for (unsigned int i = 0; i < CONVERSATIONS; i++)
		for (unsigned int d = 0; d < 2; d++)
			MUST(flow_lookup(table, &keys[i][d], flow_key_hash(&keys[i][d])) == NULL);
	MUST(counters_event_sum(EVENT_FLOW_CREATED) ==
		counters_event_sum(EVENT_FLOW_CLOSED) + counters_event_sum(EVENT_FLOW_EXPIRED));
	reclaim(flow_pool(table));
	reclaim(holders);
	table_is_whole(self);
	rcu_offline(THREAD_CONTROL);
}

static void
conversations_fill(void)
{
	for (unsigned int i = 0; i < CONVERSATIONS; i++) {
		keys[i][0] = (struct flow_key){.src = 0x0100000a + i,
			.dst = 0x016433c6,
			.src_port = 4000,
			.dst_port = 5060,
			.proto = 17,
			.realm = REALM_IN};
		keys[i][1] = (struct flow_key){.src = 0x016433c6,
			.dst = 0x017100cb,
			.src_port = 5060,
			.dst_port = 5000 + i,
			.proto = 17,
			.realm = REALM_OUT};
	}
}

int
main(int count, char **arguments)
{
	rounds = stress_rounds(count, arguments, 100000, 5000000);
	stress_start();
	table = flow_table_create(CAPACITY, &timeouts, SOCKET_ID_ANY);
	holders = pool_create(
		"holders", OWNER_POOL, sizeof(struct holder), SOCKET_ID_ANY, holder_release, NULL);
	if (table == NULL || holders == NULL)
		return 1;
	for (unsigned int slot = 0; slot < FLOW_OWNERS; slot++)
		flow_table_owners(
			table, (enum flow_owner_slot)slot, holders, offsetof(struct holder, flows));
	conversations_fill();
	stress_run(work, control);
	nothing_is_left(&stress_thread[THREAD_CONTROL]);
	printf("made %lu raced %lu conflicts %lu stale %lu refused %lu exhausted %lu hits %lu "
	       "expired %lu\n",
		made, raced, conflicts, stale, refused, exhausted, hits,
		counters_event_sum(EVENT_FLOW_EXPIRED));
	MUST(made > 0 && hits > 0);
	pool_destroy(holders);
	flow_table_destroy(table);
	return stress_end("flow");
}
