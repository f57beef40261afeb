/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters and the names that telemetry and the documentation are made from. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/counter.h"

static void
assert_name(const char *name)
{
	assert_true(strlen(name) > 0);
	/* telemetry takes no other letters in a key */
	for (const char *c = name; *c != '\0'; c++)
		assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
}

static void
every_drop_reason_has_its_own_name_and_help(void **state)
{
	for (unsigned int i = 0; i < DROP_COUNT; i++) {
		assert_name(drop_reason_name(i));
		assert_true(strlen(drop_reason_help(i)) > 0);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(drop_reason_name(i), drop_reason_name(j));
	}
}

static void
every_event_has_its_own_name_and_help(void **state)
{
	for (unsigned int i = 0; i < EVENT_COUNT; i++) {
		assert_name(event_name(i));
		assert_true(strlen(event_help(i)) > 0);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(event_name(i), event_name(j));
	}
}

static void
a_number_that_is_no_reason_is_a_question_mark(void **state)
{
	assert_string_equal(drop_reason_name(DROP_COUNT), "?");
	assert_string_equal(drop_reason_help((enum drop_reason) - 1), "?");
	assert_string_equal(event_name(EVENT_COUNT), "?");
	assert_string_equal(event_help(EVENT_COUNT), "?");
}

static void
sums_add_up_all_threads_and_only_that_counter(void **state)
{
	counter_add(&counters_of(0)->drop[DROP_TX_FULL], 5);
	counter_add(&counters_of(WORKERS_MAX - 1)->drop[DROP_TX_FULL], 7);
	counter_add(&counters_of(THREAD_CONTROL)->drop[DROP_TX_FULL], 11);
	counter_add(&counters_of(1)->drop[DROP_NO_ROUTE], 1000);
	assert_int_equal(counters_drop_sum(DROP_TX_FULL), 23);
	assert_int_equal(counters_drop_sum(DROP_NO_ROUTE), 1000);

	event_count(counters_of(2), EVENT_RX_PACKETS, 3);
	event_count(counters_of(THREAD_CONTROL), EVENT_RX_PACKETS, 4);
	assert_int_equal(counters_event_sum(EVENT_RX_PACKETS), 7);
	assert_int_equal(counters_event_sum(EVENT_TX_PACKETS), 0);
}

static void
a_thread_that_cannot_exist_has_no_counters(void **state)
{
	assert_non_null(counters_of(THREAD_CONTROL));
	assert_null(counters_of(THREADS_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_drop_reason_has_its_own_name_and_help),
		cmocka_unit_test(every_event_has_its_own_name_and_help),
		cmocka_unit_test(a_number_that_is_no_reason_is_a_question_mark),
		cmocka_unit_test(sums_add_up_all_threads_and_only_that_counter),
		cmocka_unit_test(a_thread_that_cannot_exist_has_no_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
