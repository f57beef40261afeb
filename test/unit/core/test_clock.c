/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock: hand-driven and following the TSC, and struct thread's copy of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <rte_cycles.h>

#include "core/clock.h"
#include "core/thread.h"
#include "eal_fixture.h"

static void
hand_driven_clock_begins_at_the_origin(void **state)
{
	clock_init(true);
	assert_int_equal(clock_now_ms(), CLOCK_ORIGIN_MS);
}

static void
hand_driven_clock_stands_still_until_set(void **state)
{
	clock_init(true);
	rte_delay_us_block(3000);
	assert_int_equal(clock_now_ms(), CLOCK_ORIGIN_MS);
	clock_set_ms(CLOCK_ORIGIN_MS + 77);
	assert_int_equal(clock_now_ms(), CLOCK_ORIGIN_MS + 77);
}

static void
moment_has_its_time_of_day(void **state)
{
	struct timespec before, after;
	uint64_t wall;

	clock_init(true);
	clock_set_origin_wall_ms(1700000000123);
	assert_int_equal(clock_wall_ms(CLOCK_ORIGIN_MS), 1700000000123);
	assert_int_equal(clock_wall_ms(CLOCK_ORIGIN_MS + 60001), 1700000060124);
	clock_init(false);
	clock_gettime(CLOCK_REALTIME, &before);
	wall = clock_wall_ms(clock_now_ms() - 5000);
	clock_gettime(CLOCK_REALTIME, &after);
	/* to the millisecond, and the two are not read at one moment */
	assert_in_range(wall,
		(uint64_t)before.tv_sec * 1000 + (uint64_t)before.tv_nsec / 1000000 - 5001,
		(uint64_t)after.tv_sec * 1000 + (uint64_t)after.tv_nsec / 1000000 - 4999);
}

static void
hand_driven_clock_never_goes_back(void **state)
{
	clock_init(true);
	clock_set_ms(CLOCK_ORIGIN_MS + 1000);
	clock_set_ms(CLOCK_ORIGIN_MS + 999);
	assert_int_equal(clock_now_ms(), CLOCK_ORIGIN_MS + 1000);
}

static void
tsc_clock_follows_the_tsc_and_ignores_the_hand(void **state)
{
	uint64_t before_tsc, after_tsc, before, after, elapsed;

	clock_init(false);
	clock_set_ms(CLOCK_ORIGIN_MS + 1000000000);
	before_tsc = rte_get_tsc_cycles();
	before = clock_now_ms();
	assert_in_range(before, CLOCK_ORIGIN_MS, CLOCK_ORIGIN_MS + 1000000);
	rte_delay_us_block(20000);
	after = clock_now_ms();
	after_tsc = rte_get_tsc_cycles();
	/* the outer readings bound the inner ones, however long the scheduler took */
	elapsed = (after_tsc - before_tsc) * 1000 / rte_get_tsc_hz();
	assert_in_range(after - before, 19, elapsed + 1);
}

static void
thread_keeps_the_time_of_its_last_refresh(void **state)
{
	struct thread thread;

	clock_init(true);
	clock_set_ms(5000999);
	thread_init(&thread, 3);
	assert_int_equal(thread.id, 3);
	assert_ptr_equal(thread.counters, counters_of(3));
	assert_int_equal(thread.now_ms, 5000999);
	assert_int_equal(thread.now_s, 5000);
	clock_set_ms(5001000);
	assert_int_equal(thread.now_s, 5000);
	thread_refresh_clock(&thread);
	assert_int_equal(thread.now_ms, 5001000);
	assert_int_equal(thread.now_s, 5001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hand_driven_clock_begins_at_the_origin),
		cmocka_unit_test(hand_driven_clock_stands_still_until_set),
		cmocka_unit_test(hand_driven_clock_never_goes_back),
		cmocka_unit_test(moment_has_its_time_of_day),
		cmocka_unit_test(tsc_clock_follows_the_tsc_and_ignores_the_hand),
		cmocka_unit_test(thread_keeps_the_time_of_its_last_refresh),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
