/* SPDX-License-Identifier: BSD-3-Clause */
/* Choosing ports: preservation, parity, range, pairs, and "full" only when it is. */
#include "nat_fixture.h"

#include <rte_malloc.h>

#include "nat/port_map_priv.h"

static struct random random_state = {.stream = 5};

static struct port_map *
map_create(uint16_t first, uint16_t last)
{
	struct port_map *map = rte_zmalloc(NULL, sizeof(*map), RTE_CACHE_LINE_SIZE);

	assert_non_null(map);
	port_map_init(map);
	port_map_allow(map, first, last);
	return map;
}

static int
choose(struct port_map *map, uint16_t port)
{
	return port_map_choose(map, &random_state, port, false);
}

static void
inside_port_is_kept_when_free(void **state)
{
	struct port_map *map = map_create(1, UINT16_MAX);

	assert_int_equal(choose(map, 5060), 5060);
	assert_int_equal(choose(map, 1), 1);
	assert_int_equal(choose(map, 65535), 65535);
	assert_int_equal(choose(map, 1023), 1023);
	assert_int_equal(port_map_used(map), 4);
	rte_free(map);
}

static void
another_port_has_the_same_parity_and_range(void **state)
{
	static const uint16_t ports[] = {5060, 5061, 500, 501, 65535, 1024, 1023};
	struct port_map *map = map_create(1, UINT16_MAX);

	for (unsigned int i = 0; i < RTE_DIM(ports); i++) {
		assert_int_equal(choose(map, ports[i]), ports[i]);
		for (unsigned int n = 0; n < 100; n++) {
			int port = choose(map, ports[i]);

			assert_true(port >= 1);
			assert_int_not_equal(port, ports[i]);
			assert_int_equal(port & 1, ports[i] & 1);
			assert_int_equal(port < 1024, ports[i] < 1024);
		}
	}
	rte_free(map);
}

static void
chosen_ports_are_spread(void **state)
{
	struct port_map *map = map_create(1, UINT16_MAX);
	unsigned int quarter[4] = {0};

	assert_int_equal(choose(map, 5060), 5060);
	for (unsigned int n = 0; n < 400; n++)
		quarter[choose(map, 5060) / 16384]++;
	for (unsigned int i = 0; i < 4; i++)
		assert_in_range(quarter[i], 40, 200);
	rte_free(map);
}

/* Nobody foretells the next port of a small pool, wherever it stands and however full it is. */
static void
few_ports_are_chosen_at_random_too(void **state)
{
	enum { FIRST = 30003, COUNT = 1000, TAKEN = 900, ROUNDS = 4000 };
	struct port_map *map = map_create(FIRST, FIRST + COUNT - 1);
	static unsigned int chosen[COUNT];
	unsigned int different = 0, most = 0;

	for (unsigned int n = 0; n < TAKEN; n++)
		assert_true(choose(map, 5060) >= 0);
	for (unsigned int n = 0; n < ROUNDS; n++) {
		/* of the parity that has any left */
		int port = choose(map, 5061);

		assert_in_range(port, FIRST, FIRST + COUNT - 1);
		most = RTE_MAX(most, ++chosen[port - FIRST]);
		different += chosen[port - FIRST] == 1;
		port_map_release(map, (uint16_t)port);
	}
	/* a hundred are free: 40 each, those behind long gaps more often */
	assert_true(different > (COUNT - TAKEN) * 9 / 10);
	assert_true(most < ROUNDS / 10);
	rte_free(map);
}

static void
every_port_of_the_range_is_found_and_full_is_true(void **state)
{
	static bool seen[PORTS];
	struct port_map *map = map_create(1, UINT16_MAX);
	unsigned int count = 0;
	int port;

	memset(seen, 0, sizeof(seen));
	while ((port = choose(map, 5060)) >= 0) {
		assert_false(seen[port]);
		assert_true(port >= 1024);
		seen[port] = true;
		count++;
	}
	assert_int_equal(port, -EADDRNOTAVAIL);
	assert_int_equal(count, 65536 - 1024);
	/* a high inside port never gets a low one; a low inside port takes all that are left */
	for (count = 0; (port = choose(map, 100)) >= 0; count++) {
		assert_false(seen[port]);
		assert_true(port < 1024);
		seen[port] = true;
	}
	assert_int_equal(count, 1023);
	assert_int_equal(port_map_used(map), 65535);

	/* each single port given back is the one found, wherever it stands */
	for (uint32_t back = 1024; back < PORTS; back += 61) {
		port_map_release(map, (uint16_t)back);
		assert_int_equal(port_map_used(map), 65534);
		assert_int_equal(choose(map, 5060), back);
		assert_int_equal(choose(map, 5060), -EADDRNOTAVAIL);
	}
	rte_free(map);
}

static void
low_ports_go_high_when_a_pool_has_no_low_ones(void **state)
{
	struct port_map *map = map_create(1024, UINT16_MAX);
	int port = choose(map, 500);

	assert_true(port >= 1024);
	assert_int_equal(port & 1, 0);
	port = choose(map, 501);
	assert_true(port >= 1024);
	assert_int_equal(port & 1, 1);
	rte_free(map);
}

static void
ports_outside_the_range_are_never_chosen(void **state)
{
	struct port_map *map = map_create(2000, 2099);
	int port;

	assert_false(port_map_claim(map, 1999));
	assert_false(port_map_claim(map, 2100));
	for (unsigned int i = 0; i < 100; i++) {
		port = choose(map, 40000);
		assert_in_range(port, 2000, 2099);
	}
	assert_int_equal(choose(map, 40000), -EADDRNOTAVAIL);
	assert_int_equal(port_map_used(map), 100);
	rte_free(map);
}

static void
ranges_may_overlap_and_forbidden_ports_are_apart(void **state)
{
	struct port_map *map = map_create(2000, 2009);

	port_map_allow(map, 2005, 2014);
	port_map_forbid(map, 2007);
	port_map_forbid(map, 3000);
	assert_int_equal(port_map_used(map), 0);
	for (unsigned int i = 0; i < 14; i++) {
		int port = choose(map, 2007);

		assert_in_range(port, 2000, 2014);
		assert_int_not_equal(port, 2007);
	}
	assert_int_equal(choose(map, 2007), -EADDRNOTAVAIL);
	assert_int_equal(port_map_at(map, 2007), 0);
	rte_free(map);
}

static void
identifiers_use_every_number(void **state)
{
	struct port_map *map = map_create(0, UINT16_MAX);
	unsigned int count = 0;

	assert_int_equal(port_map_choose(map, &random_state, 0, true), 0);
	while (port_map_choose(map, &random_state, 40000, true) >= 0)
		count++;
	assert_int_equal(count, 65535);
	rte_free(map);
}

static void
pairs_are_consecutive_and_keep_parity(void **state)
{
	struct port_map *map = map_create(1, UINT16_MAX);

	assert_int_equal(port_map_choose_pair(map, &random_state, 16384), 16384);
	assert_int_equal(port_map_used(map), 2);
	assert_false(port_map_claim(map, 16385));
	for (unsigned int i = 0; i < 200; i++) {
		int even = port_map_choose_pair(map, &random_state, 16384);
		int odd = port_map_choose_pair(map, &random_state, 20001);

		assert_true(even >= 1024 && even % 2 == 0);
		assert_true(odd >= 1024 && odd % 2 == 1);
		assert_false(port_map_claim(map, (uint16_t)(even + 1)));
		assert_false(port_map_claim(map, (uint16_t)(odd + 1)));
	}
	assert_int_equal(port_map_used(map), 802);
	rte_free(map);
}

static void
pair_needs_both_ports(void **state)
{
	struct port_map *map = map_create(1, UINT16_MAX);
	int port;

	assert_true(port_map_claim(map, 16385));
	port = port_map_choose_pair(map, &random_state, 16384);
	assert_true(port >= 0);
	assert_int_not_equal(port, 16384);
	/* the half that was free stays free */
	assert_true(port_map_claim(map, 16384));
	/* no port follows the last one */
	port = port_map_choose_pair(map, &random_state, 65535);
	assert_true(port >= 0 && port < 65535 && port % 2 == 1);
	rte_free(map);
}

static void
last_pair_is_found_and_single_ports_make_none(void **state)
{
	struct port_map *map = map_create(1, UINT16_MAX);
	unsigned int pairs = 0;
	int port;

	while (port_map_choose_pair(map, &random_state, 40000) >= 0)
		pairs++;
	assert_int_equal(pairs, (65536 - 1024) / 2);
	port_map_release(map, 30000);
	port_map_release(map, 40001);
	assert_int_equal(port_map_choose_pair(map, &random_state, 40000), -EADDRNOTAVAIL);
	port_map_release(map, 40000);
	assert_int_equal(port_map_choose_pair(map, &random_state, 16384), 40000);
	/* an odd pair across a word of the bitmap: 127 | 128 in units of ports */
	port_map_release(map, 1024 + 127);
	port_map_release(map, 1024 + 128);
	assert_int_equal(port_map_choose_pair(map, &random_state, 16385), 1024 + 127);
	/* what was not taken is still there */
	port = choose(map, 40000);
	assert_int_equal(port, 30000);
	assert_int_equal(choose(map, 40000), -EADDRNOTAVAIL);
	rte_free(map);
}

static void
binding_is_found_between_publish_and_hide(void **state)
{
	struct port_map *map = map_create(1, UINT16_MAX);

	assert_true(port_map_claim(map, 7000));
	assert_int_equal(port_map_at(map, 7000), 0);
	port_map_publish(map, 7000, 33);
	assert_int_equal(port_map_at(map, 7000), 33);
	port_map_hide(map, 7000);
	assert_int_equal(port_map_at(map, 7000), 0);
	assert_false(port_map_claim(map, 7000));
	port_map_release(map, 7000);
	assert_true(port_map_claim(map, 7000));
	rte_free(map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_port_is_kept_when_free),
		cmocka_unit_test(another_port_has_the_same_parity_and_range),
		cmocka_unit_test(chosen_ports_are_spread),
		cmocka_unit_test(few_ports_are_chosen_at_random_too),
		cmocka_unit_test(every_port_of_the_range_is_found_and_full_is_true),
		cmocka_unit_test(low_ports_go_high_when_a_pool_has_no_low_ones),
		cmocka_unit_test(ports_outside_the_range_are_never_chosen),
		cmocka_unit_test(ranges_may_overlap_and_forbidden_ports_are_apart),
		cmocka_unit_test(identifiers_use_every_number),
		cmocka_unit_test(pairs_are_consecutive_and_keep_parity),
		cmocka_unit_test(pair_needs_both_ports),
		cmocka_unit_test(last_pair_is_found_and_single_ports_make_none),
		cmocka_unit_test(binding_is_found_between_publish_and_hide),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
