/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits refuse what goes beyond them and nothing else; packets count where it was decided. */
#include "account_fixture.h"

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

static unsigned int
begin(struct fixture *f, uint64_t now_ms, unsigned int tries)
{
	unsigned int begun = 0;
	uint32_t account;

	for (unsigned int i = 0; i < tries; i++)
		begun += reserve(f, IPPROTO_UDP, now_ms, false, &account) == FLOW_LIMIT_NONE;
	return begun;
}

static void
rate_is_that_of_its_second_at_once_and_then_one_by_one(void **state)
{
	static const unsigned int rates[] = {1, 3, 1000, 65537, 1000000};
	unsigned int all = 0;
	struct fixture f;

	for (unsigned int i = 0; i < RTE_DIM(rates); i++) {
		fixture_init(&f);
		f.classes[0].limits.max_new_per_second = rates[i];
		fixture_compile(&f);
		assert_int_equal(begin(&f, NOW, rates[i] + 5), rates[i]);
		assert_int_equal(begin(&f, NOW + 1000, rates[i] + 5), rates[i]);
		assert_int_equal(statistics_of(&f, 0).refused[FLOW_LIMIT_RATE - 1], 10);
		fixture_end(&f);
	}
	fixture_init(&f);
	f.classes[0].limits.max_new_per_second = 4;
	fixture_compile(&f);
	assert_int_equal(begin(&f, NOW + 999, 9), 4);
	assert_int_equal(begin(&f, NOW + 1000, 9), 0); /* no second begins here */
	assert_int_equal(begin(&f, NOW + 1249, 9), 1);
	assert_int_equal(begin(&f, NOW + 1250, 9), 0);
	assert_int_equal(begin(&f, NOW + 1749, 9), 2);
	for (unsigned int ms = 1750; ms < 11750; ms++)
		all += begin(&f, NOW + ms, 1);
	assert_in_range(all, 39, 40);
	fixture_end(&f);
}

static void
worker_whose_clock_is_behind_begins_no_more(void **state)
{
	struct fixture f;
	unsigned int all = 0;

	fixture_init(&f);
	f.classes[0].limits.max_new_per_second = 10;
	fixture_compile(&f);
	for (unsigned int i = 0; i < 100; i++) {
		all += begin(&f, NOW + 1000, 1);
		all += begin(&f, NOW + 999, 1);
	}
	assert_int_equal(all, 10);
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

static void
packet_counts_in_its_class_or_where_a_pinhole_lets_in_what_the_class_drops(void **state)
{
	struct fw_verdict inspected, dropped;
	struct fixture f;

	fixture_init(&f);
	f.classes[1].action = ACTION_DROP;
	fixture_compile(&f);
	inspected = verdict_of(&f, IPPROTO_UDP);
	dropped = verdict_of(&f, IPPROTO_TCP);
	assert_int_equal(statistics_of(&f, 3).packets, 0); /* a verdict alone counts nothing */
	fw_count(f.ruleset, &inspected, false, 60);
	fw_count(f.ruleset, &inspected, true, 60); /* a pinhole that only NAT's filter needed */
	fw_count(f.ruleset, &dropped, false, 70);
	for (unsigned int i = 0; i < 3; i++)
		fw_count(f.ruleset, &dropped, true, 80);
	fw_count(f.ruleset, &(struct fw_verdict){0}, false, 90);
	assert_int_equal(statistics_of(&f, 0).packets, 2);
	assert_int_equal(statistics_of(&f, 0).bytes, 120);
	assert_int_equal(statistics_of(&f, 1).packets, 1);
	assert_int_equal(statistics_of(&f, 1).drops, 1);
	assert_int_equal(statistics_of(&f, 2).packets, 3);
	assert_int_equal(statistics_of(&f, 2).bytes, 240);
	assert_int_equal(statistics_of(&f, 2).drops, 0);
	assert_int_equal(statistics_of(&f, 3).packets, 3);
	assert_int_equal(statistics_of(&f, 3).drops, 1);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_refuses_what_goes_beyond),
		cmocka_unit_test(rate_is_that_of_its_second_at_once_and_then_one_by_one),
		cmocka_unit_test(worker_whose_clock_is_behind_begins_no_more),
		cmocka_unit_test(zone_pair_limits_all_its_classes_and_leaves_no_trace_in_the_class),
		cmocka_unit_test(pinholes_count_apart_and_without_limit),
		cmocka_unit_test(
			packet_counts_in_its_class_or_where_a_pinhole_lets_in_what_the_class_drops),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
