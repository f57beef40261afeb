/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutated messages: what must hold for any bytes, holds; the same ones in every run.
 */
#include "sip_test.h"

#include "test/fuzz/message_properties.h"
#include "test/fuzz/message_seeds.h"

enum { MUTATIONS = 200000 };

static void
mutated_messages_keep_every_property(void **state)
{
	static char mutated[MESSAGE_MUTATED_MAX];
	uint32_t accepted = 0, refused = 0;
	uint64_t seed = 1;

	for (int i = 0; i < MUTATIONS; i++) {
		const uint32_t length = message_mutate(&seed, mutated);
		char *const exact = malloc(length > 0 ? length : 1);

		assert_non_null(exact);
		memcpy(exact, mutated, length);
		if (properties_check(exact, length) == SIP_OK)
			accepted++;
		else
			refused++;
		free(exact);
	}
	/* Both sides of the parser were reached often. */
	assert_true(accepted > MUTATIONS / 20);
	assert_true(refused > MUTATIONS / 20);
}

static void
seeds_are_accepted_and_their_prefixes_do_no_harm(void **state)
{
	for (uint32_t i = 0; i < MESSAGE_SEEDS; i++) {
		for (size_t length = 0; length <= strlen(message_seeds[i]); length++) {
			char *const exact = malloc(length > 0 ? length : 1);

			assert_non_null(exact);
			memcpy(exact, message_seeds[i], length);
			properties_check(exact, (uint32_t)length);
			free(exact);
		}
	}
	for (uint32_t i = 0; i + 1 < MESSAGE_SEEDS; i++)
		assert_int_equal(
			properties_check(message_seeds[i], (uint32_t)strlen(message_seeds[i])),
			SIP_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_are_accepted_and_their_prefixes_do_no_harm),
		cmocka_unit_test(mutated_messages_keep_every_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
