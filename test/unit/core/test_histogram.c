/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bucket an observation is in, and that buckets and sum have each of them once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/histogram.h"

static struct histogram histogram;

static int
begin(void **state)
{
	memset(&histogram, 0, sizeof(histogram));
	return 0;
}

static void
assert_only(unsigned int bucket, uint64_t sum)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		assert_int_equal(histogram.bucket[i], i == bucket);
	assert_int_equal(histogram.sum, sum);
	begin(NULL);
}

static void
a_share_belongs_to_the_tenth_that_it_does_not_pass(void **state)
{
	static const struct {
		uint32_t share;
		unsigned int bucket;
	} cases[] = {{0, 0}, {1, 0}, {99999, 0}, {100000, 0}, {100001, 1}, {500000, 4}, {500001, 5},
		{999999, 9}, {HISTOGRAM_WHOLE, 9}};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		histogram_share(&histogram, cases[i].share);
		assert_only(cases[i].bucket, cases[i].share);
	}
}

static void
a_time_belongs_to_the_first_border_that_it_does_not_pass(void **state)
{
	static const uint64_t short_times[] = {0, 1, 2, 255, 256};

	for (unsigned int i = 0; i < RTE_DIM(short_times); i++) {
		histogram_time(&histogram, short_times[i]);
		assert_only(0, short_times[i]);
	}
	for (unsigned int i = 0; i < HISTOGRAM_TIMES - 1; i++) {
		const uint64_t border = histogram_time_border(i);

		histogram_time(&histogram, border);
		assert_only(i, border);
		histogram_time(&histogram, border + 1);
		assert_only(i + 1, border + 1);
	}
}

static void
borders_double_and_the_last_bucket_has_none(void **state)
{
	assert_int_equal(histogram_time_border(0), 256);
	for (unsigned int i = 1; i < HISTOGRAM_TIMES - 1; i++)
		assert_int_equal(histogram_time_border(i), 2 * histogram_time_border(i - 1));
	assert_int_equal(histogram_time_border(HISTOGRAM_TIMES - 1), 0);
}

static void
the_longest_time_is_in_the_last_bucket(void **state)
{
	histogram_time(&histogram, UINT64_MAX);
	assert_only(HISTOGRAM_TIMES - 1, UINT64_MAX);
}

static void
observations_add_up(void **state)
{
	uint64_t count = 0;

	for (uint64_t ns = 0; ns < 5000; ns++)
		histogram_time(&histogram, ns);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += histogram.bucket[i];
	assert_int_equal(count, 5000);
	assert_int_equal(histogram.sum, 4999 * 5000 / 2);
	assert_int_equal(histogram.bucket[0], 257);
	assert_int_equal(histogram.bucket[3], 1024);
}

static void
a_histogram_shares_no_cache_line(void **state)
{
	assert_int_equal(sizeof(struct histogram) % RTE_CACHE_LINE_SIZE, 0);
	assert_int_equal(_Alignof(struct histogram) % RTE_CACHE_LINE_SIZE, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_share_belongs_to_the_tenth_that_it_does_not_pass, begin),
		cmocka_unit_test_setup(
			a_time_belongs_to_the_first_border_that_it_does_not_pass, begin),
		cmocka_unit_test(borders_double_and_the_last_bucket_has_none),
		cmocka_unit_test_setup(the_longest_time_is_in_the_last_bucket, begin),
		cmocka_unit_test_setup(observations_add_up, begin),
		cmocka_unit_test(a_histogram_shares_no_cache_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
