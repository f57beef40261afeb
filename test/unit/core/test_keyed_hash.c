/* SPDX-License-Identifier: BSD-3-Clause */
/* The keyed hash and the random numbers made from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>

#include "core/keyed_hash.h"
#include "core/random.h"

enum {
	SEED = 4711,
};

static void
the_same_seed_gives_the_same_hashes(void **state)
{
	const char text[] = "a84b4c76e66710@pc33.atlanta.example.com";
	uint64_t first[sizeof(text)];
	struct hash128 wide;

	keyed_hash_init(SEED);
	for (size_t length = 0; length < sizeof(text); length++)
		first[length] = keyed_hash64(text, length);
	wide = keyed_hash128(text, sizeof(text));
	keyed_hash_init(SEED + 1);
	for (size_t length = 0; length < sizeof(text); length++)
		assert_true(keyed_hash64(text, length) != first[length]);
	assert_true(keyed_hash128(text, sizeof(text)).low != wide.low);
	keyed_hash_init(SEED);
	for (size_t length = 0; length < sizeof(text); length++)
		assert_true(keyed_hash64(text, length) == first[length]);
	assert_true(keyed_hash128(text, sizeof(text)).low == wide.low);
	assert_true(keyed_hash128(text, sizeof(text)).high == wide.high);
}

static void
without_a_seed_every_start_has_another_secret(void **state)
{
	const uint8_t key[16] = {1};
	uint64_t first;

	keyed_hash_init(0);
	first = keyed_hash64(key, sizeof(key));
	keyed_hash_init(0);
	assert_true(keyed_hash64(key, sizeof(key)) != first);
}

static void
every_bit_of_a_flow_key_matters(void **state)
{
	uint8_t key[16] = {10, 0, 0, 1, 203, 0, 113, 1, 0x13, 0xc4, 0x13, 0xc4, 17, 1};
	uint64_t hash;
	uint32_t signature;

	keyed_hash_init(SEED);
	hash = keyed_hash64(key, sizeof(key));
	signature = keyed_hash_signature(key, sizeof(key), 0);
	for (unsigned int bit = 0; bit < 128; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(keyed_hash64(key, sizeof(key)) != hash);
		assert_true(keyed_hash_signature(key, sizeof(key), 0) != signature);
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
the_inline_form_for_16_bytes_is_the_same_hash(void **state)
{
	uint64_t words[2] = {0};

	for (uint64_t seed = 1; seed < 1000; seed++) {
		keyed_hash_init(seed);
		words[0] = words[1] * 3 + seed;
		words[1] = keyed_hash64(words, sizeof(words));
		assert_true(keyed_hash16(words[0], words[1]) == keyed_hash64(words, sizeof(words)));
	}
}

/* 65,536 neighbouring ports over 256 buckets: 256 each expected, standard deviation 16. */
static void
neighbouring_ports_spread_evenly(void **state)
{
	unsigned int buckets[2][256] = {{0}};

	keyed_hash_init(SEED);
	for (uint32_t port = 0; port < 65536; port++) {
		uint8_t key[16] = {10, 0, 0, 1, 203, 0, 113, 1};
		hash_sig_t signature;

		memcpy(&key[8], &port, sizeof(port));
		signature = keyed_hash_signature(key, sizeof(key), 0);
		buckets[0][signature & 0xff]++;
		buckets[1][signature >> 24]++;
	}
	for (unsigned int i = 0; i < 256; i++) {
		assert_in_range(buckets[0][i], 256 - 96, 256 + 96);
		assert_in_range(buckets[1][i], 256 - 96, 256 + 96);
	}
}

static void
random_numbers_repeat_with_the_seed_and_differ_between_streams(void **state)
{
	struct random a = {.stream = 1}, again = {.stream = 1}, b = {.stream = 2};

	keyed_hash_init(SEED);
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t number = random_next(&a);

		assert_true(number == random_next(&again));
		assert_true(number != random_next(&b));
	}
}

static void
random_below_reaches_every_number_below_its_bound_and_no_other(void **state)
{
	struct random random = {.stream = 9};
	unsigned int seen[7] = {0};

	keyed_hash_init(SEED);
	for (unsigned int i = 0; i < 7000; i++) {
		uint32_t number = random_below(&random, RTE_DIM(seen));

		assert_in_range(number, 0, RTE_DIM(seen) - 1);
		seen[number]++;
	}
	for (unsigned int i = 0; i < RTE_DIM(seen); i++)
		assert_in_range(seen[i], 800, 1200);
	assert_int_equal(random_below(&random, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_hashes),
		cmocka_unit_test(without_a_seed_every_start_has_another_secret),
		cmocka_unit_test(every_bit_of_a_flow_key_matters),
		cmocka_unit_test(the_inline_form_for_16_bytes_is_the_same_hash),
		cmocka_unit_test(neighbouring_ports_spread_evenly),
		cmocka_unit_test(random_numbers_repeat_with_the_seed_and_differ_between_streams),
		cmocka_unit_test(random_below_reaches_every_number_below_its_bound_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
