/* SPDX-License-Identifier: BSD-3-Clause */
/* Grace periods: whom they wait for and whom not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/rcu.h"
#include "eal_fixture.h"

static int
init(void **state)
{
	return rcu_init();
}

static int
fini(void **state)
{
	rcu_fini();
	return 0;
}

static void
there_is_one_variable_only(void **state)
{
	assert_non_null(rcu_variable());
	assert_int_equal(rcu_init(), -EEXIST);
}

static void
a_grace_period_without_readers_is_over_at_once(void **state)
{
	assert_true(rcu_passed(rcu_start()));
}

static void
a_grace_period_waits_for_every_online_thread(void **state)
{
	uint64_t token;

	assert_int_equal(rcu_thread_register(0), 0);
	assert_int_equal(rcu_thread_register(THREAD_CONTROL), 0);
	token = rcu_start();
	assert_false(rcu_passed(token));
	rcu_quiescent(0);
	assert_false(rcu_passed(token));
	rcu_quiescent(THREAD_CONTROL);
	assert_true(rcu_passed(token));
	rcu_thread_unregister(0);
	rcu_thread_unregister(THREAD_CONTROL);
}

static void
a_thread_that_sleeps_offline_holds_nothing_up(void **state)
{
	uint64_t token;

	assert_int_equal(rcu_thread_register(1), 0);
	token = rcu_start();
	assert_false(rcu_passed(token));
	rcu_offline(1);
	assert_true(rcu_passed(token));
	rcu_online(1);
	token = rcu_start();
	assert_false(rcu_passed(token));
	rcu_thread_unregister(1);
	assert_true(rcu_passed(token));
}

static void
a_thread_that_comes_online_later_is_not_waited_for(void **state)
{
	uint64_t token = rcu_start();

	assert_int_equal(rcu_thread_register(2), 0);
	assert_true(rcu_passed(token));
	rcu_thread_unregister(2);
}

static void
a_thread_number_beyond_the_limit_is_refused(void **state)
{
	assert_int_equal(rcu_thread_register(THREADS_MAX), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_is_one_variable_only, init, fini),
		cmocka_unit_test_setup_teardown(
			a_grace_period_without_readers_is_over_at_once, init, fini),
		cmocka_unit_test_setup_teardown(
			a_grace_period_waits_for_every_online_thread, init, fini),
		cmocka_unit_test_setup_teardown(
			a_thread_that_sleeps_offline_holds_nothing_up, init, fini),
		cmocka_unit_test_setup_teardown(
			a_thread_that_comes_online_later_is_not_waited_for, init, fini),
		cmocka_unit_test_setup_teardown(
			a_thread_number_beyond_the_limit_is_refused, init, fini),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
