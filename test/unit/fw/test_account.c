/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts: each flow counts down once, with many threads too; a reload neither loses nor doubles. */
#include <pthread.h>

#include "account_fixture.h"

enum { THREADS = 4, ROUNDS = 20000 };

static struct flow *
flow_new(uint32_t account, enum tcp_state tcp_state)
{
	struct flow *flow = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*flow));

	memset(flow, 0, sizeof(*flow));
	atomic_store(&flow->account, account);
	atomic_store(&flow->tcp_state, tcp_state);
	return flow;
}

static void
handshake_is_half_open_until_it_is_over_and_counts_down_once(void **state)
{
	static const struct {
		enum tcp_state state;
		unsigned int half_open;
	} steps[] = {{TCP_SYN_SENT, 1}, {TCP_SYN_RECEIVED, 1}, {TCP_ESTABLISHED, 0},
		{TCP_ESTABLISHED, 0}, {TCP_FIN_BOTH, 0}, {TCP_SYN_RECEIVED_FORWARD, 1},
		{TCP_ESTABLISHED, 0}, {TCP_SYN_RECEIVED, 1}};
	struct fixture f;
	struct flow *flow;
	uint32_t account;

	fixture_init(&f);
	fixture_compile(&f);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account), FLOW_LIMIT_NONE);
	flow = flow_new(account, TCP_NEW);
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		atomic_store(&flow->tcp_state, steps[i].state);
		flow_account_tcp(f.table, flow);
		assert_counts(&f, 0, 0, 1, steps[i].half_open);
	}
	flow_account_end(f.table, flow);
	assert_counts(&f, 0, 0, 0, 0);
	/* What comes late changes nothing. */
	atomic_store(&flow->tcp_state, TCP_ESTABLISHED);
	flow_account_tcp(f.table, flow);
	flow_account_move(f.table, flow,
		fw_account_of(f.ruleset, &(struct fw_verdict){.zone_pair = 1}, false));
	assert_counts(&f, 0, 0, 0, 0);
	assert_int_equal(flow_account_of(flow), 0);
	free(flow);
	fixture_end(&f);
}

static void
refused_handshake_is_half_open_no_longer_unless_it_goes_on(void **state)
{
	struct fixture f;
	struct flow *flow;
	uint32_t account;

	fixture_init(&f);
	f.pair.limits.max_half_open = 1;
	fixture_compile(&f);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account), FLOW_LIMIT_NONE);
	flow = flow_new(account, TCP_SYN_SENT);
	flow_account_tcp(f.table, flow);
	for (unsigned int i = 0; i < 2; i++) {
		flow_account_refused(f.table, flow);
		assert_counts(&f, 0, 0, 1, 0);
	}
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account), FLOW_LIMIT_NONE);
	flow_account_return(f.table, account);
	atomic_store(&flow->tcp_state, TCP_SYN_RECEIVED);
	flow_account_tcp(f.table, flow);
	assert_counts(&f, 0, 0, 1, 1);
	atomic_store(&flow->tcp_state, TCP_ESTABLISHED);
	flow_account_tcp(f.table, flow);
	flow_account_refused(f.table, flow);
	assert_counts(&f, 0, 0, 1, 0);
	flow_account_end(f.table, flow);
	flow_account_refused(f.table, flow);
	assert_counts(&f, 0, 0, 0, 0);
	free(flow);
	fixture_end(&f);
}

static void
moved_flow_counts_where_it_is_now(void **state)
{
	struct fixture f;
	struct fw_verdict verdict;
	struct flow *flow;
	uint32_t account;

	fixture_init(&f);
	f.classes[0].limits.max_flows = 1;
	fixture_compile(&f);
	assert_int_equal(reserve(&f, IPPROTO_UDP, NOW, false, &account), FLOW_LIMIT_NONE);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account), FLOW_LIMIT_NONE);
	flow = flow_new(account, TCP_SYN_SENT);
	verdict = verdict_of(&f, IPPROTO_UDP);
	for (unsigned int i = 0; i < 2; i++) {
		flow_account_move(f.table, flow, fw_account_of(f.ruleset, &verdict, false));
		assert_counts(&f, 2, 1, 0, 0); /* beyond the limit: what stands goes on */
	}
	flow_account_move(f.table, flow, 0);
	assert_counts(&f, 1, 0, 0, 0);
	flow_account_move(f.table, flow, fw_account_of(f.ruleset, &verdict, false));
	flow_account_end(f.table, flow);
	assert_counts(&f, 1, 0, 0, 0);
	free(flow);
	fixture_end(&f);
}

static void
reload_keeps_counts_by_name_and_frees_what_nobody_needs(void **state)
{
	struct fixture f;
	const char *pair, *class;
	struct flow *flow;
	uint32_t account, old;

	fixture_init(&f);
	fixture_compile(&f);
	assert_int_equal(reserve(&f, IPPROTO_UDP, NOW, false, &account), FLOW_LIMIT_NONE);
	flow = flow_new(account, 0);
	old = flow_account_of(flow);
	assert_int_equal(fw_accounts_look(f.accounts), 0);
	fixture_compile(&f);
	assert_counts(&f, 1, 0, 0, 0);
	assert_int_equal(statistics_of(&f, 0).packets, 1);
	/* The pair has another name: new accounts, while the old one has a flow and keeps its name. */
	f.pair.name = (char *)"other";
	fixture_compile(&f);
	assert_counts(&f, 0, 0, 0, 0);
	assert_true(fw_account_name(f.accounts, old, &pair, &class));
	assert_string_equal(pair, "in-out");
	assert_string_equal(class, "udp");
	assert_int_equal(fw_accounts_look(f.accounts), 2); /* class-default and pinholes */
	fw_accounts_collect(f.accounts);
	assert_true(fw_account_name(f.accounts, old, &pair, &class));
	flow_account_end(f.table, flow);
	assert_int_equal(fw_accounts_look(f.accounts), 2); /* the class and the pair */
	fw_accounts_collect(f.accounts);
	assert_false(fw_account_name(f.accounts, old, &pair, &class));
	f.pair.name = (char *)"in-out";
	fixture_compile(&f);
	assert_int_equal(statistics_of(&f, 0).packets, 0);
	free(flow);
	fixture_end(&f);
}

static void
more_classes_than_accounts_are_refused_and_take_none(void **state)
{
	static struct config_policy_class many[2000];
	static struct config_class_map named[2000];
	static char names[2000][16];
	struct ruleset *ruleset = NULL;
	struct fixture f;

	fixture_init(&f);
	fixture_compile(&f);
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(names[i], sizeof(names[i]), "c%u", i);
		named[i] = maps[0];
		named[i].name = names[i];
		many[i] = (struct config_policy_class){.class_map = i < 1999 ? (int)i : -1};
	}
	f.config.class_maps = named;
	f.config.class_map_count = 2000;
	f.policy.classes = many;
	f.policy.class_count = 2000;
	assert_int_equal(
		ruleset_create(&f.config, f.accounts, 2, SOCKET_ID_ANY, &ruleset), -ENOSPC);
	f.config.class_maps = maps;
	f.policy.classes = f.classes;
	f.policy.class_count = 2;
	fw_accounts_look(f.accounts);
	fw_accounts_collect(f.accounts);
	fixture_compile(&f);
	assert_counts(&f, 0, 0, 0, 0);
	fixture_end(&f);
}

/* Names come and go in many orders: each is found under its number while it stands, and none is lost. */
static void
names_are_found_again_in_any_order(void **state)
{
	enum { NAMES = 200 };
	struct fw_accounts *accounts = fw_accounts_create(NAMES, SOCKET_ID_ANY);
	uint32_t number[NAMES] = {0};
	const char *pair, *class;

	assert_non_null(accounts);
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < NAMES; i++) {
			char name[16];
			uint32_t now;

			if (number[i] != 0 && (i * 7 + round) % 3 == 0) {
				fw_account_leave(accounts, number[i]);
				number[i] = 0;
				continue;
			}
			snprintf(name, sizeof(name), "c%u", i);
			now = fw_account_use(accounts, "pair", name, 0);
			assert_int_not_equal(now, 0);
			if (number[i] != 0) {
				assert_int_equal(now, number[i]);
				fw_account_leave(accounts, now);
			}
			number[i] = now;
			for (unsigned int other = 0; other < NAMES; other++)
				assert_true(other == i || number[other] != now);
			assert_true(fw_account_name(accounts, now, &pair, &class));
			assert_string_equal(class, name);
		}
		fw_accounts_look(accounts);
		fw_accounts_collect(accounts);
	}
	fw_accounts_destroy(accounts);
}

static struct fixture shared;
static _Atomic unsigned int standing, standing_max;

static void *
worker_run(void *argument)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct flow *flow;
		uint32_t account;
		unsigned int now;

		if (reserve(&shared, IPPROTO_TCP, NOW, true, &account) != FLOW_LIMIT_NONE)
			continue;
		now = atomic_fetch_add(&standing, 1) + 1;
		if (now > atomic_load(&standing_max))
			atomic_store(&standing_max, now);
		flow = flow_new(account, TCP_SYN_SENT);
		if (i & 1) {
			atomic_store(&flow->tcp_state, TCP_ESTABLISHED);
			flow_account_tcp(shared.table, flow);
		}
		atomic_fetch_sub(&standing, 1);
		flow_account_end(shared.table, flow);
		free(flow);
	}
	return NULL;
}

static void
workers_at_once_never_pass_a_limit_and_leave_nothing(void **state)
{
	pthread_t thread[THREADS];

	fixture_init(&shared);
	shared.classes[1].limits.max_flows = 2;
	fixture_compile(&shared);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, worker_run, NULL), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_true(standing_max <= 2);
	assert_counts(&shared, 0, 0, 0, 0);
	assert_int_equal(statistics_of(&shared, 1).packets, THREADS * ROUNDS);
	fixture_end(&shared);
}

/* Two workers move the TCP state of one flow to and fro, others move it, refuse it, end it. */
static struct flow *contested;

static void *
mover_run(void *argument)
{
	static const enum tcp_state states[] = {TCP_SYN_SENT, TCP_ESTABLISHED};
	uintptr_t which = (uintptr_t)argument;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (which < 2) {
			atomic_store(&contested->tcp_state, states[(i + which) & 1]);
			flow_account_tcp(shared.table, contested);
		} else if (which == 3) {
			flow_account_refused(shared.table, contested);
		} else {
			struct fw_verdict verdict = {.zone_pair = 1, .class_index = i & 1};

			flow_account_move(shared.table, contested,
				fw_account_of(shared.ruleset, &verdict, false));
		}
	}
	return NULL;
}

static void
state_and_account_may_move_at_once(void **state)
{
	pthread_t thread[4];
	uint32_t account;

	for (unsigned int end = 0; end < 2; end++) {
		fixture_init(&shared);
		fixture_compile(&shared);
		assert_int_equal(reserve(&shared, IPPROTO_UDP, NOW, true, &account), 0);
		contested = flow_new(account, TCP_SYN_SENT);
		for (uintptr_t i = 0; i < RTE_DIM(thread); i++)
			pthread_create(&thread[i], NULL, mover_run, (void *)i);
		if (end)
			flow_account_end(shared.table, contested);
		for (unsigned int i = 0; i < RTE_DIM(thread); i++)
			pthread_join(thread[i], NULL);
		if (!end) {
			flow_account_tcp(shared.table, contested);
			assert_counts(&shared, 0, 0, 1,
				tcp_phase_of(atomic_load(&contested->tcp_state)) == TCP_OPENING);
			flow_account_end(shared.table, contested);
		}
		assert_counts(&shared, 0, 0, 0, 0);
		free(contested);
		fixture_end(&shared);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_is_half_open_until_it_is_over_and_counts_down_once),
		cmocka_unit_test(refused_handshake_is_half_open_no_longer_unless_it_goes_on),
		cmocka_unit_test(moved_flow_counts_where_it_is_now),
		cmocka_unit_test(reload_keeps_counts_by_name_and_frees_what_nobody_needs),
		cmocka_unit_test(more_classes_than_accounts_are_refused_and_take_none),
		cmocka_unit_test(names_are_found_again_in_any_order),
		cmocka_unit_test(workers_at_once_never_pass_a_limit_and_leave_nothing),
		cmocka_unit_test(state_and_account_may_move_at_once),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
