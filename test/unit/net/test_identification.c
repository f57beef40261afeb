/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 identifications: none twice before all were given out, by any worker; their order hidden. */
#include <string.h>

#include "net/identification.h"
#include "net_fixture.h"

static void
workers_share_all_numbers_without_meeting(void **state)
{
	static uint8_t given[65536];

	for (unsigned int workers = 1; workers <= 32; workers++) {
		memset(given, 0, sizeof(given));
		for (unsigned int id = 0; id < workers; id++) {
			struct identification identification;
			struct thread thread;

			thread_init(&thread, id);
			identification_init(&thread, &identification, workers);
			for (unsigned int i = 0; i < 65536 / workers; i++) {
				uint16_t number = identification_next(&identification);

				assert_int_equal(given[number], 0);
				given[number] = 1;
			}
		}
	}
}

static void
neighbours_follow_each_other_no_more_than_by_chance(void **state)
{
	struct identification identification;
	unsigned int steps = 0;
	uint16_t before = 0;

	identification_init(&net.worker, &identification, 1);
	for (unsigned int i = 0; i < 65536; i++) {
		uint16_t number = rte_be_to_cpu_16(identification_next(&identification));

		steps += (uint16_t)(number - before) < 64;
		before = number;
	}
	assert_true(steps < 200); /* 64 expected */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_share_all_numbers_without_meeting),
		cmocka_unit_test(neighbours_follow_each_other_no_more_than_by_chance),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
