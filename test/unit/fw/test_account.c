/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts: limits are exact, each flow counts down once, a reload neither loses nor doubles. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "../eal_fixture.h"
#include "config/config.h"
#include "flow/flow_priv.h"
#include "flow/tcp.h"
#include "fw/account.h"
#include "fw/fw.h"
#include "net/interface.h"

enum { INSIDE = ZONE_FIRST, OUTSIDE, THREADS = 4, ROUNDS = 20000, NOW = 100 };

/* A firewall of one policy "p" with the classes udp (0) and class-default (1) from inside to outside. */
struct fixture {
	struct config config;
	struct config_policy_map policy;
	struct config_policy_class classes[2];
	struct config_zone_pair pair;
	struct fw_accounts *accounts;
	struct ruleset *ruleset;
	struct flow_table *table;
};

static struct config_match udp[] = {{.kind = MATCH_SERVICE, .proto = IPPROTO_UDP}};
static struct config_class_map maps[] = {{.name = (char *)"udp", .match_count = 1, .matches = udp}};
static char *zones[] = {(char *)"self", (char *)"default", (char *)"in", (char *)"out"};

static void
fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->config.zones_configured = true;
	f->config.zones = zones;
	f->config.zone_count = RTE_DIM(zones);
	f->config.class_maps = maps;
	f->config.class_map_count = 1;
	f->config.policy_maps = &f->policy;
	f->config.policy_map_count = 1;
	f->policy = (struct config_policy_map){
		.name = (char *)"p", .class_count = 2, .classes = f->classes};
	f->classes[0].action = ACTION_INSPECT;
	f->classes[1] = (struct config_policy_class){.class_map = -1, .action = ACTION_INSPECT};
	f->config.zone_pairs = &f->pair;
	f->config.zone_pair_count = 1;
	f->pair = (struct config_zone_pair){
		.name = (char *)"in-out", .source = INSIDE, .destination = OUTSIDE};
	f->accounts = fw_accounts_create(fw_accounts_needed(&f->config), SOCKET_ID_ANY);
	assert_non_null(f->accounts);
	f->table = calloc(1, sizeof(*f->table));
	flow_table_accounts(f->table, fw_accounts_all(f->accounts));
}

static void
fixture_compile(struct fixture *f)
{
	struct ruleset *old = f->ruleset;

	assert_int_equal(ruleset_create(&f->config, f->accounts, 1, SOCKET_ID_ANY, &f->ruleset), 0);
	ruleset_destroy(old);
}

static void
fixture_end(struct fixture *f)
{
	ruleset_destroy(f->ruleset);
	fw_accounts_destroy(f->accounts);
	free(f->table);
}

static struct fw_verdict
verdict_of(struct fixture *f, uint8_t proto)
{
	struct flow_key key = {.src = 1, .dst = 2, .proto = proto};

	return fw_classify(f->ruleset, INSIDE, OUTSIDE, &key, 100);
}

static enum flow_limit
reserve(struct fixture *f, uint8_t proto, uint32_t now_s, bool half_open, uint32_t *account)
{
	struct fw_verdict verdict = verdict_of(f, proto);

	return fw_reserve(f->ruleset, &verdict, now_s, half_open, account);
}

static struct fw_class_statistics
statistics_of(struct fixture *f, unsigned int class)
{
	struct fw_class_statistics statistics;

	assert_true(fw_class_statistics(f->ruleset, 1, class, &statistics));
	return statistics;
}

/* Flows and half open ones of udp, class-default and the pair. */
static void
assert_counts(
	struct fixture *f, unsigned int u, unsigned int u_half, unsigned int d, unsigned int d_half)
{
	struct fw_class_statistics s = statistics_of(f, 0);

	assert_int_equal(s.flows, u);
	assert_int_equal(s.half_open, u_half);
	s = statistics_of(f, 1);
	assert_int_equal(s.flows, d);
	assert_int_equal(s.half_open, d_half);
	s = statistics_of(f, 3);
	assert_string_equal(s.class_name, FW_CLASS_PAIR);
	assert_int_equal(s.flows, u + d);
	assert_int_equal(s.half_open, u_half + d_half);
}

static void
each_limit_refuses_what_goes_beyond(void **state)
{
	struct fixture f;
	uint32_t account[4];

	fixture_init(&f);
	f.classes[0].limits.max_flows = 2;
	f.classes[1].limits = (struct config_flow_limits){.max_half_open = 1};
	fixture_compile(&f);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(
			reserve(&f, IPPROTO_UDP, NOW, false, &account[i]), FLOW_LIMIT_NONE);
	assert_int_equal(reserve(&f, IPPROTO_UDP, NOW, false, &account[2]), FLOW_LIMIT_FLOWS);
	assert_int_equal(account[2], 0);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account[2]), FLOW_LIMIT_NONE);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account[3]), FLOW_LIMIT_HALF_OPEN);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, false, &account[3]), FLOW_LIMIT_NONE);
	assert_counts(&f, 2, 0, 2, 1);
	assert_int_equal(statistics_of(&f, 0).refused[FLOW_LIMIT_FLOWS - 1], 1);
	assert_int_equal(statistics_of(&f, 0).drops, 1);
	assert_int_equal(statistics_of(&f, 1).refused[FLOW_LIMIT_HALF_OPEN - 1], 1);
	for (unsigned int i = 0; i < 4; i++)
		flow_account_return(f.table, account[i]);
	assert_counts(&f, 0, 0, 0, 0);
	assert_int_equal(reserve(&f, IPPROTO_UDP, NOW, false, &account[0]), FLOW_LIMIT_NONE);
	fixture_end(&f);
}

static void
rate_is_of_each_second(void **state)
{
	struct fixture f;
	uint32_t account;

	fixture_init(&f);
	f.classes[0].limits.max_new_per_second = 3;
	fixture_compile(&f);
	for (unsigned int second = NOW; second < NOW + 3; second++) {
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(
				reserve(&f, IPPROTO_UDP, second, false, &account), FLOW_LIMIT_NONE);
		assert_int_equal(
			reserve(&f, IPPROTO_UDP, second, false, &account), FLOW_LIMIT_RATE);
	}
	assert_counts(&f, 9, 0, 0, 0);
	assert_int_equal(statistics_of(&f, 0).refused[FLOW_LIMIT_RATE - 1], 3);
	fixture_end(&f);
}

static void
zone_pair_limits_all_its_classes_and_leaves_no_trace_in_the_class(void **state)
{
	struct fixture f;
	uint32_t account;

	fixture_init(&f);
	f.pair.limits = (struct config_flow_limits){.max_flows = 2, .max_half_open = 1};
	fixture_compile(&f);
	assert_int_equal(reserve(&f, IPPROTO_UDP, NOW, false, &account), FLOW_LIMIT_NONE);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account), FLOW_LIMIT_NONE);
	assert_int_equal(reserve(&f, IPPROTO_UDP, NOW, false, &account), FLOW_LIMIT_FLOWS);
	assert_counts(&f, 1, 0, 1, 1);
	f.pair.limits.max_flows = 0;
	fixture_compile(&f);
	assert_counts(&f, 1, 0, 1, 1);
	assert_int_equal(reserve(&f, IPPROTO_TCP, NOW, true, &account), FLOW_LIMIT_HALF_OPEN);
	assert_counts(&f, 1, 0, 1, 1);
	assert_int_equal(statistics_of(&f, 3).refused[FLOW_LIMIT_HALF_OPEN - 1], 1);
	assert_int_equal(statistics_of(&f, 3).drops, 2);
	assert_int_equal(statistics_of(&f, 0).drops + statistics_of(&f, 1).drops, 0);
	fixture_end(&f);
}

static void
pinholes_count_apart_and_without_limit(void **state)
{
	struct fixture f;
	struct fw_verdict verdict;

	fixture_init(&f);
	f.pair.limits.max_flows = f.classes[1].limits.max_flows = 1;
	fixture_compile(&f);
	verdict = verdict_of(&f, IPPROTO_TCP);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(fw_reserve_pinhole(f.ruleset, &verdict),
			fw_account_of(f.ruleset, &verdict, true));
		assert_int_equal(statistics_of(&f, 2).flows, i);
	}
	assert_counts(&f, 0, 0, 0, 0);
	verdict.zone_pair = 0;
	assert_int_equal(fw_reserve_pinhole(f.ruleset, &verdict), 0);
	fixture_end(&f);
}

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

/* Two workers move the TCP state of one flow to and fro, a third ends it. */
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
	pthread_t thread[3];
	uint32_t account;

	for (unsigned int end = 0; end < 2; end++) {
		fixture_init(&shared);
		fixture_compile(&shared);
		assert_int_equal(reserve(&shared, IPPROTO_UDP, NOW, true, &account), 0);
		contested = flow_new(account, TCP_SYN_SENT);
		for (uintptr_t i = 0; i < 3; i++)
			pthread_create(&thread[i], NULL, mover_run, (void *)i);
		if (end)
			flow_account_end(shared.table, contested);
		for (unsigned int i = 0; i < 3; i++)
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
		cmocka_unit_test(each_limit_refuses_what_goes_beyond),
		cmocka_unit_test(rate_is_of_each_second),
		cmocka_unit_test(zone_pair_limits_all_its_classes_and_leaves_no_trace_in_the_class),
		cmocka_unit_test(pinholes_count_apart_and_without_limit),
		cmocka_unit_test(handshake_is_half_open_until_it_is_over_and_counts_down_once),
		cmocka_unit_test(moved_flow_counts_where_it_is_now),
		cmocka_unit_test(reload_keeps_counts_by_name_and_frees_what_nobody_needs),
		cmocka_unit_test(more_classes_than_accounts_are_refused_and_take_none),
		cmocka_unit_test(workers_at_once_never_pass_a_limit_and_leave_nothing),
		cmocka_unit_test(state_and_account_may_move_at_once),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
