/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of flows in the table: made, found, raced, owned, aged, removed; gauges exact throughout. */
#include <errno.h>

#include <rte_malloc.h>

#include "flow/tcp.h"
#include "flow_fixture.h"

enum { CAPACITY = 64 };

static struct flow_table *table;

static int
setup(void **state)
{
	table = flow_table_create(CAPACITY, &fixture_timeouts, SOCKET_ID_ANY);
	assert_non_null(table);
	fixture_owners_make(table);
	fixture_quiesce();
	return 0;
}

/* Every test ends with nothing left. */
static int
teardown(void **state)
{
	assert_int_equal(flow_key_count(table), 0);
	assert_int_equal(pool_used(flow_pool(table)), 0);
	fixture_reclaim(flow_pool(table));
	assert_int_equal(pool_retired(flow_pool(table)), 0);
	pool_destroy(fixture_owners);
	flow_table_destroy(table);
	return 0;
}

static struct flow *
made(const struct flow_template *template)
{
	void *data = NULL;

	assert_int_equal(flow_create(&worker, table, template, &data), 0);
	assert_int_equal(flow_direction_of_data(data), 0);
	return flow_of_data(data);
}

static void
flow_is_found_by_both_keys(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct flow *flow = made(&template);
	struct flow_key other_realm = template.key[0];

	assert_ptr_equal(flow_of_data(lookup(table, &template.key[0])), flow);
	assert_int_equal(flow_direction_of_data(lookup(table, &template.key[0])), 0);
	assert_ptr_equal(flow_of_data(lookup(table, &template.key[1])), flow);
	assert_int_equal(flow_direction_of_data(lookup(table, &template.key[1])), 1);
	other_realm.realm = REALM_OUTSIDE;
	assert_null(lookup(table, &other_realm));
	assert_int_equal(flow_key_count(table), 2);
	assert_int_equal(pool_used(flow_pool(table)), 1);

	assert_true(flow_remove(&worker, table, flow));
	assert_false(flow_remove(&worker, table, flow));
	assert_null(lookup(table, &template.key[0]));
	assert_null(lookup(table, &template.key[1]));
}

static void
second_maker_gets_the_standing_flow_in_its_own_direction(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct flow_template opposite = template;
	struct flow *flow = made(&template);
	const uint64_t raced = counters_event_sum(EVENT_FLOW_CREATE_RACED);
	void *data = NULL;

	assert_int_equal(flow_create(&worker, table, &template, &data), 1);
	assert_ptr_equal(data, flow);
	opposite.key[0] = template.key[1];
	opposite.key[1] = template.key[0];
	assert_int_equal(flow_create(&worker, table, &opposite, &data), 1);
	assert_ptr_equal(flow_of_data(data), flow);
	assert_int_equal(flow_direction_of_data(data), 1);
	assert_int_equal(counters_event_sum(EVENT_FLOW_CREATE_RACED), raced + 2);
	assert_int_equal(pool_used(flow_pool(table)), 1);
	assert_true(flow_remove(&worker, table, flow));
}

static void
key_of_another_flow_is_a_conflict_and_leaves_nothing(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct flow_template conflict = template_make(4001, IPPROTO_UDP);
	struct flow *flow = made(&template);
	void *data = NULL;

	conflict.key[1] = template.key[1];
	assert_int_equal(flow_create(&worker, table, &conflict, &data), -EADDRINUSE);
	assert_null(lookup(table, &conflict.key[0]));
	assert_ptr_equal(flow_of_data(lookup(table, &template.key[1])), flow);
	assert_int_equal(flow_key_count(table), 2);
	assert_int_equal(pool_used(flow_pool(table)), 1);
	assert_true(flow_remove(&worker, table, flow));
}

static void
keys_of_a_dying_flow_are_free_and_its_remover_leaves_the_new_ones(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct flow *old = made(&template), *new;

	/* As a remover that has won, but does not hold the stripes yet. */
	atomic_store(&old->state, FLOW_DYING);
	new = made(&template);
	assert_ptr_not_equal(new, old);
	assert_int_equal(flow_key_count(table), 2);
	assert_ptr_equal(lookup(table, &template.key[0]), new);
	atomic_store(&old->state, FLOW_LIVE);
	assert_true(flow_remove(&worker, table, old));
	assert_int_equal(flow_key_count(table), 2);
	assert_ptr_equal(lookup(table, &template.key[0]), new);
	assert_ptr_equal(flow_of_data(lookup(table, &template.key[1])), new);
	assert_true(flow_remove(&worker, table, new));
}

static void
equal_keys_are_one_key(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct flow *flow;
	void *data = NULL;

	template.key[1] = template.key[0];
	flow = made(&template);
	assert_int_equal(flow_key_count(table), 1);
	assert_ptr_equal(lookup(table, &template.key[0]), flow);
	assert_int_equal(flow_create(&worker, table, &template, &data), 1);
	assert_true(flow_remove(&worker, table, flow));
}

static void
empty_pool_is_said_and_objects_return_after_a_grace_period(void **state)
{
	struct flow *flows[CAPACITY];
	struct flow_template template;
	void *data;

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < CAPACITY; i++) {
			template = template_make(4000 + i, IPPROTO_UDP);
			flows[i] = made(&template);
		}
		assert_int_equal(flow_key_count(table), 2 * CAPACITY);
		template = template_make(4000 + CAPACITY, IPPROTO_UDP);
		assert_int_equal(flow_create(&worker, table, &template, &data), -ENOBUFS);
		/* ... but a flow that stands needs no object */
		template = template_make(4000, IPPROTO_UDP);
		assert_int_equal(flow_create(&worker, table, &template, &data), 1);
		for (unsigned int i = 0; i < CAPACITY; i++)
			assert_true(flow_remove(&worker, table, flows[i]));
		assert_int_equal(flow_create(&worker, table, &template, &data), -ENOBUFS);
		fixture_reclaim(flow_pool(table));
	}
}

static void
closed_owner_removes_its_flows_and_takes_no_more(void **state)
{
	struct flow_owner *const source = fixture_owner(1), *const pinhole = fixture_owner(2);
	struct flow_template template;
	void *data;

	for (unsigned int i = 0; i < 10; i++) {
		template = template_make(4000 + i, IPPROTO_UDP);
		template.owner[FLOW_OWNER_SOURCE] = source;
		if (i % 2)
			template.owner[FLOW_OWNER_PINHOLE] = pinhole;
		made(&template);
	}
	assert_int_equal(source->count, 10);
	assert_int_equal(pinhole->count, 5);
	assert_int_equal(flow_owner_close(&worker, table, pinhole), 5);
	assert_int_equal(source->count, 5);
	assert_int_equal(flow_key_count(table), 10);

	template = template_make(5000, IPPROTO_UDP);
	template.owner[FLOW_OWNER_SOURCE] = source;
	template.owner[FLOW_OWNER_PINHOLE] = pinhole;
	assert_int_equal(flow_create(&worker, table, &template, &data), -ESTALE);
	assert_int_equal(source->count, 5);
	assert_int_equal(flow_key_count(table), 10);
	assert_int_equal(pool_used(flow_pool(table)), 5);

	assert_int_equal(flow_owner_close(&worker, table, source), 5);
	assert_int_equal(flow_owner_close(&worker, table, source), 0);
	assert_int_equal(source->first, 0);
	assert_int_equal(source->count, 0);
}

static void
owner_list_survives_removal_in_any_order(void **state)
{
	struct flow_owner *const a = fixture_owner(1), *const b = fixture_owner(2);
	struct flow *flows[12];

	for (unsigned int i = 0; i < RTE_DIM(flows); i++) {
		struct flow_template template = template_make(4000 + i, IPPROTO_UDP);

		/* The same owner in different slots, and twice in one flow. */
		template.owner[i % 2 ? FLOW_OWNER_SOURCE : FLOW_OWNER_DESTINATION] = a;
		template.owner[i % 2 ? FLOW_OWNER_DESTINATION : FLOW_OWNER_SOURCE] = i % 3 ? b : a;
		flows[i] = made(&template);
	}
	assert_int_equal(a->count, 12);
	assert_int_equal(b->count, 8);
	for (unsigned int i = 0; i < RTE_DIM(flows); i++)
		assert_true(flow_remove(&worker, table, flows[i * 5 % RTE_DIM(flows)]));
	assert_int_equal(a->first, 0);
	assert_int_equal(b->first, 0);
	assert_int_equal(a->count, 0);
	assert_int_equal(b->count, 0);
}

static void
owner_knows_its_peers_and_its_newest_packet(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct flow_owner *owner = fixture_owner(1);
	struct flow *flow;

	assert_int_equal(flow_owner_last_seen(table, owner, 8), 0);
	template.owner[FLOW_OWNER_SOURCE] = owner;
	flow = made(&template);
	assert_true(flow_owner_has_peer(table, owner, template.key[0].dst, 8));
	assert_false(flow_owner_has_peer(table, owner, template.key[0].src, 8));
	assert_false(flow_owner_has_peer(table, owner, template.key[0].dst, 0));
	assert_int_equal(flow_owner_last_seen(table, owner, 8), worker.now_s);
	atomic_store(&flow->path[1].last_seen_s, worker.now_s + 9);
	assert_int_equal(flow_owner_last_seen(table, owner, 8), worker.now_s + 9);
	assert_int_equal(flow_owner_close(&worker, table, owner), 1);

	/* Made toward the owner's host: the peer is who sent. */
	template = template_make(4001, IPPROTO_UDP);
	owner = fixture_owner(2);
	template.owner[FLOW_OWNER_DESTINATION] = owner;
	made(&template);
	assert_true(flow_owner_has_peer(table, owner, template.key[0].src, 8));
	assert_false(flow_owner_has_peer(table, owner, template.key[0].dst, 8));
	assert_int_equal(flow_owner_close(&worker, table, owner), 1);
}

static void
sweep_ends_flows_after_their_own_idle_time(void **state)
{
	static const struct {
		uint8_t proto, tcp_state;
		uint32_t seconds;
	} cases[] = {
		{IPPROTO_UDP, 0, 300},
		{IPPROTO_ICMP, 0, 60},
		{IPPROTO_GRE, 0, 300},
		{IPPROTO_TCP, TCP_NEW, 240},
		{IPPROTO_TCP, TCP_SYN_SENT, 240},
		{IPPROTO_TCP, TCP_ESTABLISHED, 7440},
		{IPPROTO_TCP, TCP_SYN_RECEIVED_FORWARD, 240},
		{IPPROTO_TCP, TCP_FIN_FORWARD, 7440},
		{IPPROTO_TCP, TCP_FIN_REVERSE, 7440},
		{IPPROTO_TCP, TCP_FIN_BOTH, 240},
		{IPPROTO_TCP, TCP_RESET, 240},
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct flow_template template = template_make(4000, cases[i].proto);
		struct flow *flow = made(&template);

		atomic_store(&flow->tcp_state, cases[i].tcp_state);
		assert_int_equal(flow_timeout(table, flow), cases[i].seconds);
		fixture_advance(cases[i].seconds - 1);
		flow_sweep(&control, table, CAPACITY);
		assert_non_null(lookup(table, &template.key[0]));
		/* A packet of the other direction counts as well. */
		atomic_store(&flow->path[1].last_seen_s, worker.now_s);
		fixture_advance(cases[i].seconds - 1);
		flow_sweep(&control, table, CAPACITY);
		assert_non_null(lookup(table, &template.key[0]));
		fixture_advance(1);
		flow_sweep(&control, table, CAPACITY);
		assert_null(lookup(table, &template.key[0]));
		assert_int_equal(pool_used(flow_pool(table)), 0);
	}
}

static void
opening_and_closing_have_timers_of_their_own(void **state)
{
	struct flow_timeouts timeouts = fixture_timeouts;
	struct flow flow = {.proto = IPPROTO_TCP};

	timeouts.tcp_opening = 30;
	timeouts.tcp_closing = 10;
	flow_table_destroy(table);
	table = flow_table_create(CAPACITY, &timeouts, SOCKET_ID_ANY);
	assert_non_null(table);
	atomic_store(&flow.tcp_state, TCP_SYN_SENT);
	assert_int_equal(flow_timeout(table, &flow), 30);
	atomic_store(&flow.tcp_state, TCP_FIN_BOTH);
	assert_int_equal(flow_timeout(table, &flow), 10);
	atomic_store(&flow.tcp_state, TCP_ESTABLISHED);
	assert_int_equal(flow_timeout(table, &flow), 7440);
}

static void
closing_flows_make_room_while_flows_are_scarce(void **state)
{
	const uint64_t closed = counters_event_sum(EVENT_FLOW_CLOSED);
	/* a RST may be forged: it makes no room */
	static const enum tcp_state states[] = {
		TCP_ESTABLISHED, TCP_FIN_BOTH, TCP_RESET, TCP_FIN_BOTH};
	const unsigned int many = CAPACITY - CAPACITY / 8;
	struct flow_template template;
	uint32_t cursor = 0;

	for (unsigned int i = 0; i < many; i++) {
		template = template_make(4000 + i, IPPROTO_TCP);
		atomic_store(&made(&template)->tcp_state, (uint8_t)states[i % RTE_DIM(states)]);
	}
	fixture_advance(5);
	flow_sweep(&control, table, CAPACITY);
	assert_int_equal(pool_used(flow_pool(table)), many); /* an eighth is free */
	template = template_make(3000, IPPROTO_TCP);
	atomic_store(&made(&template)->tcp_state, TCP_FIN_BOTH);
	flow_sweep(&control, table, CAPACITY);
	assert_int_equal(counters_event_sum(EVENT_FLOW_CLOSED) - closed, many / 2);
	assert_non_null(lookup(table, &template.key[0])); /* not yet 5 s old */
	flow_clear_step(&control, table, &cursor, CAPACITY);
}

static void
sweep_keeps_to_its_budget_and_passes_all_in_turn(void **state)
{
	for (unsigned int i = 0; i < CAPACITY; i++) {
		struct flow_template template = template_make(4000 + i, IPPROTO_UDP);

		made(&template);
	}
	fixture_advance(300);
	for (unsigned int i = 1; i <= CAPACITY / 16; i++) {
		flow_sweep(&control, table, 16);
		assert_int_equal(pool_used(flow_pool(table)), CAPACITY - 16 * i);
	}
	for (unsigned int i = 0; i < 3 * CAPACITY / 16; i++) {
		fixture_quiesce();
		flow_sweep(&control, table, 16);
	}
	assert_int_equal(pool_retired(flow_pool(table)), 0);
}

static void
clear_removes_every_flow_in_steps(void **state)
{
	const uint64_t closed = counters_event_sum(EVENT_FLOW_CLOSED);
	uint32_t cursor = 0;
	unsigned int steps = 1;

	for (unsigned int i = 0; i < CAPACITY; i++) {
		struct flow_template template = template_make(4000 + i, IPPROTO_UDP);

		made(&template);
	}
	while (!flow_clear_step(&control, table, &cursor, 10))
		steps++;
	assert_int_equal(steps, (CAPACITY + 9) / 10);
	assert_int_equal(counters_event_sum(EVENT_FLOW_CLOSED), closed + CAPACITY);
}

static void
memory_sum_covers_what_is_taken(void **state)
{
	struct rte_malloc_socket_stats before, after;
	struct flow_table *second;
	const uint32_t capacity = 50000;

	pool_destroy(fixture_owners);
	flow_table_destroy(table);
	table = NULL;
	assert_int_equal(rte_malloc_get_socket_stats(0, &before), 0);
	second = flow_table_create(capacity, &fixture_timeouts, 0);
	assert_non_null(second);
	assert_int_equal(flow_table_windows(second, 0), 0);
	assert_int_equal(rte_malloc_get_socket_stats(0, &after), 0);
	assert_in_range(flow_table_memory(capacity) + flow_table_windows_memory(capacity),
		after.heap_allocsz_bytes - before.heap_allocsz_bytes,
		(after.heap_allocsz_bytes - before.heap_allocsz_bytes) * 11 / 10);
	flow_table_destroy(second);
	assert_int_equal(rte_malloc_get_socket_stats(0, &after), 0);
	assert_int_equal(after.heap_allocsz_bytes, before.heap_allocsz_bytes);
	setup(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flow_is_found_by_both_keys),
		TEST(second_maker_gets_the_standing_flow_in_its_own_direction),
		TEST(key_of_another_flow_is_a_conflict_and_leaves_nothing),
		TEST(keys_of_a_dying_flow_are_free_and_its_remover_leaves_the_new_ones),
		TEST(equal_keys_are_one_key),
		TEST(empty_pool_is_said_and_objects_return_after_a_grace_period),
		TEST(closed_owner_removes_its_flows_and_takes_no_more),
		TEST(owner_list_survives_removal_in_any_order),
		TEST(owner_knows_its_peers_and_its_newest_packet),
		TEST(sweep_ends_flows_after_their_own_idle_time),
		TEST(opening_and_closing_have_timers_of_their_own),
		TEST(closing_flows_make_room_while_flows_are_scarce),
		TEST(sweep_keeps_to_its_budget_and_passes_all_in_turn),
		TEST(clear_removes_every_flow_in_steps),
		TEST(memory_sum_covers_what_is_taken),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
