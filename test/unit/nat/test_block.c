/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of ports: whose they are, when a host gets another, and when it is another's. */
#include "nat_fixture.h"

#include <rte_malloc.h>

#include "nat/block_priv.h"
#include "nat/nat_priv.h"

enum {
	HOLD_S = 120,
	GRACE_S = 5, /* a binding without flows has closed by then */
	SIZE = 64,
};

static struct nat_fixture f;

static void
start(const char *last, uint16_t first_port, uint16_t last_port, unsigned int size,
	unsigned int blocks)
{
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", last, first_port, last_port, true);
	f.pool.block_size = size;
	f.pool.blocks_per_host = blocks;
	f.config.nat.port_hold_seconds = HOLD_S;
	f.config.nat.port_hold_percent = 100;
	nat_fixture_start(&f, 8192);
}

static struct nat_report
report(uint32_t row)
{
	struct nat_report at;

	assert_true(nat_report(f.nat, row, &at));
	return at;
}

static void
stop(void)
{
	nat_fixture_advance(&f, HOLD_S + GRACE_S);
	nat_fixture_settle(&f);
	nat_fixture_advance(&f, HOLD_S);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(report(0).blocks_used, 0);
	assert_int_equal(hosts_count(f.nat->hosts), 0);
	nat_fixture_stop(&f, 0);
}

static int
get(uint8_t proto, uint32_t host, uint16_t port, struct endpoint *outside)
{
	struct endpoint inside = {htonl(0x0a000000 + host), htons(port), proto, 0};
	struct binding *binding = NULL;
	int rc = binding_get(&f.worker, f.nat, &inside, &binding);

	*outside = rc == 0 ? binding->outside : (struct endpoint){0};
	return rc;
}

static uint16_t
port_of(uint8_t proto, uint32_t host, uint16_t port)
{
	struct endpoint outside;

	assert_int_equal(get(proto, host, port, &outside), 0);
	return ntohs(outside.port);
}

static void
all_ports_of_a_host_are_in_its_blocks_and_nobody_elses_are(void **state)
{
	static uint32_t owner[PORTS / SIZE];

	memset(owner, 0, sizeof(owner));
	start("203.0.113.10", 1024, 65535, SIZE, 4);
	for (uint16_t n = 0; n < 20; n++)
		for (uint32_t host = 1; host <= 100; host++) {
			static const uint8_t protos[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
			uint16_t port = port_of(protos[n % 3], host, (uint16_t)(5000 + n));

			assert_true(port >= 1024);
			if (!owner[port / SIZE])
				owner[port / SIZE] = host;
			assert_int_equal(owner[port / SIZE], host);
			assert_int_equal(port & 1, n & 1);
		}
	/* seven ports a protocol: one block is enough for all three */
	assert_int_equal(report(0).blocks_used, 100);
	assert_int_equal(report(0).blocks_free, 63 * 1024 / SIZE - 100);
	stop();
}

static void
host_gets_another_block_when_it_has_no_port_left(void **state)
{
	struct endpoint outside;
	uint32_t odd = 0;

	start("203.0.113.10", 1024, 65535, SIZE, 3);
	/* ports of one parity: a half of each block, and at last the other halves */
	for (unsigned int i = 0; i < 3 * SIZE; i++) {
		odd += port_of(IPPROTO_UDP, 1, (uint16_t)(2000 + 2 * i)) & 1;
		assert_int_equal(report(0).blocks_used, RTE_MIN(i / (SIZE / 2) + 1, 3u));
		if (i < 3 * SIZE / 2)
			assert_int_equal(odd, 0);
	}
	assert_int_equal(odd, 3 * SIZE / 2);
	assert_int_equal(get(IPPROTO_UDP, 1, 9000, &outside), -EDQUOT);
	assert_int_equal(report(0).failed[NAT_FAILED_HOST_BLOCKS], 1);
	/* the numbers are its own in every protocol */
	for (unsigned int i = 0; i < 3 * SIZE; i++)
		port_of(IPPROTO_TCP, 1, (uint16_t)(2000 + i));
	assert_int_equal(get(IPPROTO_TCP, 1, 9000, &outside), -EDQUOT);
	assert_int_equal(report(0).blocks_used, 3);
	stop();
}

static void
pair_of_a_call_is_in_one_block(void **state)
{
	start("203.0.113.10", 1024, 65535, SIZE, 8);
	for (uint16_t i = 0; i < 8 * SIZE / 2; i++) {
		struct door_spec spec[2] = {{.inside = udp("10.0.0.1", (uint16_t)(20000 + 2 * i)),
						    .class = DOOR_MEDIA,
						    .hold = true},
			{.inside = udp("10.0.0.1", (uint16_t)(20001 + 2 * i)),
				.class = DOOR_MEDIA,
				.hold = true}};
		struct endpoint outside[2];
		struct handle handle[2];

		assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), 0);
		assert_int_equal(ntohs(outside[0].port) & 1, 0);
		assert_int_equal(ntohs(outside[1].port), ntohs(outside[0].port) + 1);
		assert_int_equal(report(0).blocks_used, i / (SIZE / 2) + 1);
		/* until closed by the sweep */
		door_release(&f.worker, f.nat, handle[0], f.worker.now_s + 1);
		door_release(&f.worker, f.nat, handle[1], f.worker.now_s + 1);
	}
	nat_fixture_advance(&f, 1);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_used(f.nat), 0);
	/* the ports are free at once, for it alone: the blocks rest */
	assert_int_equal(nat_ports_held(f.nat), 0);
	assert_int_equal(report(0).blocks_used, 8);
	stop();
}

static void
idle_block_rests_and_is_its_hosts_until_then(void **state)
{
	struct endpoint outside;
	uint16_t first;

	start("203.0.113.10", 1024, 1024 + SIZE - 1, SIZE, 1); /* one block in all */
	first = port_of(IPPROTO_UDP, 1, 1030);
	assert_int_equal(first, 1030);
	assert_int_equal(get(IPPROTO_UDP, 2, 1030, &outside), -EADDRNOTAVAIL);
	nat_fixture_advance(&f, GRACE_S);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_used(f.nat), 0);
	nat_fixture_advance(&f, HOLD_S - 1);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(get(IPPROTO_UDP, 2, 1030, &outside), -EADDRNOTAVAIL);
	/* its own again, and its time begins anew */
	assert_int_equal(port_of(IPPROTO_UDP, 1, 1030), 1030);
	nat_fixture_advance(&f, GRACE_S);
	nat_fixture_settle(&f);
	nat_fixture_advance(&f, HOLD_S - 1);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(get(IPPROTO_UDP, 2, 1030, &outside), -EADDRNOTAVAIL);
	nat_fixture_advance(&f, 1);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(hosts_count(f.nat->hosts), 0);
	assert_int_equal(port_of(IPPROTO_UDP, 2, 1030), 1030);
	stop();
}

static void
every_block_is_given_out_and_full_is_true(void **state)
{
	enum { BLOCKS = 2 * 126, PORTS_OF_512 = 512 };
	struct endpoint outside;
	uint32_t per_address[2] = {0};

	start("203.0.113.11", 1024, 65535, PORTS_OF_512, 1);
	for (uint32_t host = 1; host <= BLOCKS; host++) {
		assert_int_equal(get(IPPROTO_UDP, host, 5000, &outside), 0);
		per_address[outside.address == inet_addr("203.0.113.11")]++;
	}
	assert_int_equal(per_address[0], BLOCKS / 2);
	assert_int_equal(get(IPPROTO_UDP, BLOCKS + 1, 5000, &outside), -EADDRNOTAVAIL);
	assert_int_equal(report(0).failed[NAT_FAILED_PORT], 1);
	assert_int_equal(report(0).blocks_free, 0);
	/* who has a block has ports */
	for (uint32_t host = 1; host <= BLOCKS; host++)
		assert_int_equal(get(IPPROTO_UDP, host, 5001, &outside), 0);
	assert_int_equal(hosts_count(f.nat->hosts), BLOCKS);
	stop();
}

static void
host_without_a_block_or_a_port_leaves_nothing(void **state)
{
	struct endpoint outside;

	start("203.0.113.10", 1024, 1024 + 2 * SIZE - 1, SIZE, 2);
	f.nat->rules->prefixes[0].max_ports = 3;
	for (uint16_t i = 0; i < 3; i++)
		port_of(IPPROTO_UDP, 1, (uint16_t)(1024 + i));
	assert_int_equal(get(IPPROTO_UDP, 1, 1030, &outside), -EDQUOT);
	assert_int_equal(report(0).failed[NAT_FAILED_HOST_PORTS], 1);
	port_of(IPPROTO_UDP, 2, 1024);
	assert_int_equal(get(IPPROTO_UDP, 3, 1024, &outside), -EADDRNOTAVAIL);
	assert_int_equal(hosts_count(f.nat->hosts), 2);
	assert_int_equal(report(0).hosts, 2);
	stop();
}

static void
choice_within_a_block_finds_each_port_and_no_other(void **state)
{
	static const uint32_t sizes[] = {64, 128, 512, 16384};
	struct random random = {.stream = 3};
	struct port_map *map = rte_zmalloc(NULL, sizeof(*map), RTE_CACHE_LINE_SIZE);

	assert_non_null(map);
	port_map_init(map);
	port_map_allow(map, 1024, UINT16_MAX);
	for (unsigned int s = 0; s < RTE_DIM(sizes); s++) {
		uint32_t size = sizes[s], first = RTE_MAX(size, 1024u) + (size < 16384 ? size : 0);
		int port;

		/* even, then odd ones, then all of them in pairs that begin even, then odd */
		for (unsigned int parity = 0; parity < 2; parity++)
			for (uint32_t n = 0; n < size / 2; n++) {
				port = port_map_choose_within(map, &random, (uint16_t)parity,
					(uint16_t)first, size, false);
				assert_in_range(port, first, first + size - 1);
				assert_int_equal(port & 1, parity);
			}
		for (unsigned int parity = 0; parity < 2; parity++)
			assert_int_equal(port_map_choose_within(map, &random, (uint16_t)parity,
						 (uint16_t)first, size, false),
				-EADDRNOTAVAIL);
		assert_int_equal(port_map_used(map), size);
		for (unsigned int parity = 0; parity < 2; parity++) {
			for (uint32_t n = 0; n < size; n++)
				port_map_release(map, (uint16_t)(first + n));
			for (uint32_t n = 0; n < size / 2 - parity; n++) {
				port = port_map_choose_within(map, &random, (uint16_t)parity,
					(uint16_t)first, size, true);
				assert_in_range(port, first, first + size - 2);
				assert_int_equal(port & 1, parity);
			}
			assert_int_equal(port_map_choose_within(map, &random, (uint16_t)parity,
						 (uint16_t)first, size, true),
				-EADDRNOTAVAIL);
			if (parity) {
				port_map_claim(map, (uint16_t)first);
				port_map_claim(map, (uint16_t)(first + size - 1));
			}
			assert_int_equal(port_map_used(map), size);
		}
		for (uint32_t n = 0; n < size; n++)
			port_map_release(map, (uint16_t)(first + n));
		assert_int_equal(port_map_used(map), 0);
	}
	rte_free(map);
}

static void
of_more_blocks_than_may_rest_the_longest_resting_are_free(void **state)
{
	enum { BLOCKS = 16, MAY_REST = BLOCKS / 4 };
	struct endpoint outside, had[BLOCKS];

	nat_fixture_init(&f);
	nat_fixture_pool_rule(
		&f, "203.0.113.10", "203.0.113.10", 2048, 2048 + BLOCKS * SIZE - 1, true);
	f.pool.block_size = SIZE;
	f.pool.blocks_per_host = 1;
	f.config.nat.port_hold_seconds = HOLD_S;
	f.config.nat.port_hold_percent = 25;
	nat_fixture_start(&f, 64);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		assert_int_equal(get(IPPROTO_UDP, i + 1, 5000, &had[i]), 0);
		nat_fixture_advance(&f, GRACE_S);
		nat_fixture_settle(&f);
		nat_hold_sweep(&f.control, f.nat, 1);
		assert_int_equal(report(0).blocks_used, RTE_MIN(i + 1, (uint32_t)MAY_REST));
	}
	/* the last ones rest: nobody gets theirs, all the others are to be had */
	for (uint32_t i = 0; i < BLOCKS - MAY_REST; i++) {
		assert_int_equal(get(IPPROTO_UDP, 100 + i, 5000, &outside), 0);
		for (uint32_t k = BLOCKS - MAY_REST; k < BLOCKS; k++)
			assert_int_not_equal(ntohs(outside.port) / SIZE, ntohs(had[k].port) / SIZE);
	}
	assert_int_equal(get(IPPROTO_UDP, 99, 5000, &outside), -EADDRNOTAVAIL);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ports_of_a_host_are_in_its_blocks_and_nobody_elses_are),
		cmocka_unit_test(host_gets_another_block_when_it_has_no_port_left),
		cmocka_unit_test(pair_of_a_call_is_in_one_block),
		cmocka_unit_test(idle_block_rests_and_is_its_hosts_until_then),
		cmocka_unit_test(every_block_is_given_out_and_full_is_true),
		cmocka_unit_test(host_without_a_block_or_a_port_leaves_nothing),
		cmocka_unit_test(choice_within_a_block_finds_each_port_and_no_other),
		cmocka_unit_test(of_more_blocks_than_may_rest_the_longest_resting_are_free),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
