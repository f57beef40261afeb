/* SPDX-License-Identifier: BSD-3-Clause */
/* Busy shares of workers, second by second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/callgate/worker.h"

enum { START_MS = 1000000 };

static struct appliance appliance;
static struct worker workers[2];

static int
begin(void **state)
{
	memset(&appliance, 0, sizeof(appliance));
	memset(workers, 0, sizeof(workers));
	appliance.workers = RTE_DIM(workers);
	for (unsigned int i = 0; i < RTE_DIM(workers); i++)
		appliance.worker[i] = &workers[i];
	appliance.control.now_ms = START_MS;
	return 0;
}

/* The worker goes on for so many cycles, and the control lcore comes by so many milliseconds later. */
static void
go_on(unsigned int worker, uint64_t busy, uint64_t total, unsigned int ms)
{
	counter_add(&workers[worker].load.busy_cycles, busy);
	counter_add(&workers[worker].load.total_cycles, total);
	appliance.control.now_ms += ms;
	busy_sample(&appliance);
}

static uint64_t
samples(unsigned int worker)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += workers[worker].busy.share.bucket[i];
	return count;
}

static void
a_second_is_sampled_once(void **state)
{
	go_on(0, 25, 100, 0);
	assert_int_equal(samples(0), 1);
	for (unsigned int i = 0; i < 9; i++) {
		go_on(0, 10, 100, 100);
		assert_int_equal(samples(0), 1);
	}
	go_on(0, 10, 100, 100);
	assert_int_equal(samples(0), 2);
	assert_int_equal(workers[0].busy.share.bucket[2], 1);
	/* of the last second alone: 10 of 100 */
	assert_int_equal(workers[0].busy.share.bucket[0], 1);
	assert_int_equal(workers[0].busy.share.sum, 250000 + 100000);
}

static void
each_worker_has_its_own(void **state)
{
	counter_add(&workers[1].load.total_cycles, 1000);
	go_on(0, 1000, 1000, 0);
	assert_int_equal(workers[0].busy.share.bucket[9], 1);
	assert_int_equal(workers[1].busy.share.bucket[0], 1);
}

static void
a_turn_that_lasts_is_sampled_when_it_has_ended(void **state)
{
	go_on(0, 0, 100, 0);
	go_on(0, 0, 0, 1000);
	go_on(0, 0, 0, 1000);
	assert_int_equal(samples(0), 1);
	go_on(0, 900, 1000, 1000);
	assert_int_equal(samples(0), 2);
	assert_int_equal(workers[0].busy.share.bucket[8], 1);
}

/* The two counts of a load are not of one moment. */
static void
no_share_is_above_the_whole(void **state)
{
	go_on(0, 150, 100, 0);
	assert_int_equal(workers[0].busy.share.bucket[9], 1);
	assert_int_equal(workers[0].busy.share.sum, HISTOGRAM_WHOLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_second_is_sampled_once, begin),
		cmocka_unit_test_setup(each_worker_has_its_own, begin),
		cmocka_unit_test_setup(a_turn_that_lasts_is_sampled_when_it_has_ended, begin),
		cmocka_unit_test_setup(no_share_is_above_the_whole, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
