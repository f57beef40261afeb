/* SPDX-License-Identifier: BSD-3-Clause */
/* Port pairs: two nodes under one key, in and out in every order; a full table changes nothing. */
#include <errno.h>

#include "flow/port_pair.h"
#include "flow/shared_hash.h"
#include "flow_fixture.h"

enum { KEYS = 64 };

struct pair_key {
	uint64_t number;
};

static struct rte_hash *hash;
static struct port_pair_node even, odd;

static int
setup(void **state)
{
	hash = shared_hash_create("port_pair_test", KEYS, sizeof(struct pair_key), SOCKET_ID_ANY);
	assert_non_null(hash);
	return 0;
}

static struct port_pair_node *
found(uint64_t number, bool is_odd)
{
	const struct pair_key key = {number};

	return port_pair_pick(
		port_pair_find(hash, &key, keyed_hash_signature(&key, sizeof(key), 0)), is_odd);
}

static int
teardown(void **state)
{
	/* Slots of deleted keys wait for a grace period, so the count is of no use here. */
	assert_null(found(7, false));
	assert_null(found(7, true));
	fixture_quiesce();
	rte_hash_free(hash);
	return 0;
}

static int
add(uint64_t number, struct port_pair_node *node, bool is_odd)
{
	const struct pair_key key = {number};
	const hash_sig_t signature = keyed_hash_signature(&key, sizeof(key), 0);

	return port_pair_add(
		hash, &key, signature, port_pair_find(hash, &key, signature), node, is_odd);
}

static struct port_pair_node *
taken(uint64_t number, struct port_pair_node *node)
{
	const struct pair_key key = {number};

	return port_pair_remove(hash, &key, keyed_hash_signature(&key, sizeof(key), 0), node);
}

static void
ports_of_a_pair_share_the_even_one(void **state)
{
	assert_int_equal(port_pair_key(rte_cpu_to_be_16(16385)), rte_cpu_to_be_16(16384));
	assert_int_equal(port_pair_key(rte_cpu_to_be_16(16384)), rte_cpu_to_be_16(16384));
	assert_int_equal(port_pair_key(rte_cpu_to_be_16(65535)), rte_cpu_to_be_16(65534));
	assert_true(port_pair_odd(rte_cpu_to_be_16(1)));
	assert_false(port_pair_odd(rte_cpu_to_be_16(256)));
	assert_false(port_pair_odd(0));
}

static void
nodes_come_and_go_in_every_order(void **state)
{
	for (unsigned int order = 0; order < 4; order++) {
		struct port_pair_node *nodes[2] = {&even, &odd};
		const bool in = order & 1, out = order & 2;

		assert_int_equal(add(7, nodes[in], in), 0);
		assert_ptr_equal(found(7, in), nodes[in]);
		assert_null(found(7, !in));
		assert_int_equal(add(7, nodes[!in], !in), 0);
		assert_ptr_equal(found(7, false), &even);
		assert_ptr_equal(found(7, true), &odd);
		assert_ptr_equal(taken(7, nodes[out]), nodes[!out]);
		assert_null(found(7, out));
		assert_ptr_equal(found(7, !out), nodes[!out]);
		assert_null(taken(7, nodes[!out]));
		assert_null(found(7, !out));
	}
}

static void
reader_that_met_a_removed_node_still_finds_the_other(void **state)
{
	const struct pair_key key = {7};
	struct port_pair_node *met;

	assert_int_equal(port_pair_add_both(hash, &key, keyed_hash_signature(&key, sizeof(key), 0),
				 &even, &odd),
		0);
	met = port_pair_find(hash, &key, keyed_hash_signature(&key, sizeof(key), 0));
	assert_non_null(met);
	taken(7, met);
	assert_ptr_equal(port_pair_pick(met, !met->odd), met == &even ? &odd : &even);
	taken(7, met == &even ? &odd : &even);
}

static void
full_table_is_said_and_a_neighbour_always_fits(void **state)
{
	static struct port_pair_node nodes[16 * KEYS], beside;
	unsigned int count = 0;

	while (count < RTE_DIM(nodes) && add(count, &nodes[count], false) == 0)
		count++;
	assert_in_range(count, KEYS, RTE_DIM(nodes) - 1);
	assert_null(found(count, false));
	assert_int_equal(add(0, &beside, true), 0);
	assert_ptr_equal(taken(0, &nodes[0]), &beside);
	assert_null(taken(0, &beside));
	for (unsigned int i = 1; i < count; i++)
		assert_null(taken(i, &nodes[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_a_pair_share_the_even_one),
		TEST(nodes_come_and_go_in_every_order),
		TEST(reader_that_met_a_removed_node_still_finds_the_other),
		TEST(full_table_is_said_and_a_neighbour_always_fits),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
