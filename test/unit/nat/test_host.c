/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside hosts: which outside address is theirs, how many ports they may have, and how fast. */
#include "nat_fixture.h"

#include "nat/nat_priv.h"

enum { GRACE_S = 5 }; /* a binding without flows has closed by then */

static struct nat_fixture f;

static struct endpoint
host(uint32_t number, uint16_t port)
{
	return (struct endpoint){htonl(0x0a000000 + number), htons(port), IPPROTO_UDP};
}

static int
get(struct endpoint inside, struct endpoint *outside)
{
	struct binding *binding = NULL;
	int rc = binding_get(&f.worker, f.nat, &inside, &binding);

	*outside = rc == 0 ? binding->outside : (struct endpoint){0};
	return rc;
}

static rte_be32_t
address_of(struct endpoint inside)
{
	struct endpoint outside;

	assert_int_equal(get(inside, &outside), 0);
	return outside.address;
}

static uint64_t
failed(enum nat_failure failure)
{
	return atomic_load(&f.nat->rules->pools[0].failed[failure]);
}

static void
start(const char *first, const char *last, uint16_t first_port, uint16_t last_port)
{
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, first, last, first_port, last_port, true);
}

static void
stop(void)
{
	nat_fixture_stop(&f, 0);
}

/* All hosts end; nothing of them may stay. */
static void
expire(void)
{
	nat_fixture_advance(&f, GRACE_S);
	nat_fixture_settle(&f);
	assert_int_equal(hosts_count(f.nat->hosts), 0);
	for (uint32_t i = 0; i < f.nat->rules->address_count; i++)
		assert_int_equal(atomic_load(&f.nat->rules->address[i].hosts), 0);
}

static void
hosts_are_spread_evenly_over_the_addresses(void **state)
{
	enum { ADDRESSES = 16, HOSTS = 1600 };
	uint32_t fewest = HOSTS, most = 0;

	start("203.0.113.0", "203.0.113.15", 1024, 65535);
	nat_fixture_start(&f, 2 * HOSTS);
	for (uint32_t i = 1; i <= HOSTS; i++)
		address_of(host(i, 5000));
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		uint32_t hosts = atomic_load(&f.nat->rules->address[i].hosts);

		fewest = RTE_MIN(fewest, hosts);
		most = RTE_MAX(most, hosts);
	}
	/* a hundred each; chosen by a hash alone they would be 75 to 125 */
	assert_in_range(fewest, 95, 100);
	assert_in_range(most, 100, 105);
	expire();
	stop();
}

static void
host_keeps_its_address_while_it_has_any_port(void **state)
{
	rte_be32_t first;

	start("203.0.113.0", "203.0.113.15", 1024, 65535);
	nat_fixture_start(&f, 4096);
	first = address_of(host(1, 5000));
	/* others fill its address */
	for (uint32_t i = 2; i < 1000; i++)
		address_of(host(i, 5000));
	for (unsigned int i = 0; i < 20; i++) {
		nat_fixture_advance(&f, GRACE_S - 1);
		/* of another protocol, too; the older ports end */
		assert_int_equal(address_of(host(1, (uint16_t)(6000 + i))), first);
		assert_int_equal(
			address_of((struct endpoint){htonl(0x0a000001), htons((uint16_t)(6000 + i)),
				i % 2 ? IPPROTO_TCP : IPPROTO_ICMP}),
			first);
		nat_fixture_settle(&f);
		assert_int_equal(hosts_count(f.nat->hosts), 1);
	}
	expire();
	stop();
}

static void
paired_host_is_refused_when_its_address_is_full_and_others_are_not(void **state)
{
	struct endpoint outside;
	rte_be32_t first;

	start("203.0.113.10", "203.0.113.11", 5000, 5003);
	nat_fixture_start(&f, 64);
	first = address_of(host(1, 5000));
	for (uint16_t port = 5001; port < 5004; port++)
		assert_int_equal(address_of(host(1, port)), first);
	assert_int_equal(get(host(1, 5004), &outside), -EADDRNOTAVAIL);
	assert_int_equal(failed(NAT_FAILED_PORT), 1);
	/* whoever comes finds what is free, wherever it is, to the last port */
	for (uint32_t i = 2; i < 6; i++)
		assert_int_not_equal(address_of(host(i, 7000)), first);
	assert_int_equal(get(host(6, 7000), &outside), -EADDRNOTAVAIL);
	assert_int_equal(failed(NAT_FAILED_PORT), 2);
	assert_int_equal(hosts_count(f.nat->hosts), 5);
	assert_int_equal(nat_ports_used(f.nat), 8);
	/* another protocol has ports of its own, at the same addresses */
	assert_int_equal(
		address_of((struct endpoint){htonl(0x0a000001), htons(5004), IPPROTO_TCP}), first);
	expire();
	stop();
}

static void
host_has_no_more_ports_than_its_rule_allows(void **state)
{
	struct door_spec spec[2] = {{.inside = host(1, 8000), .class = DOOR_MEDIA, .hold = true},
		{.inside = host(1, 8001), .class = DOOR_MEDIA, .hold = true}};
	struct endpoint outside[2];
	struct handle handle[2];

	start("203.0.113.10", "203.0.113.11", 1024, 65535);
	f.rules[0].max_ports_per_host = 5;
	nat_fixture_start(&f, 64);
	for (uint16_t port = 5000; port < 5003; port++)
		address_of(host(1, port));
	address_of((struct endpoint){htonl(0x0a000001), htons(80), IPPROTO_TCP});
	/* one is left: not enough for two, and nothing is taken */
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), -EDQUOT);
	assert_int_equal(nat_ports_used(f.nat), 4);
	address_of(host(1, 5003));
	assert_int_equal(get(host(1, 5004), outside), -EDQUOT);
	assert_int_equal(failed(NAT_FAILED_HOST_PORTS), 2);
	/* what stands stays, and others are others */
	address_of(host(1, 5000));
	address_of(host(2, 5004));
	expire();
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), 0);
	door_release(&f.worker, f.nat, handle[0], 0);
	door_release(&f.worker, f.nat, handle[1], 0);
	nat_fixture_settle(&f);
	assert_int_equal(hosts_count(f.nat->hosts), 0);
	stop();
}

static void
host_makes_no_more_bindings_a_second_than_its_rule_allows(void **state)
{
	struct endpoint outside;

	start("203.0.113.10", "203.0.113.11", 1024, 65535);
	f.rules[0].max_new_per_second = 10;
	nat_fixture_start(&f, 64);
	for (unsigned int second = 0; second < 3; second++) {
		for (uint16_t i = 0; i < 10; i++)
			address_of(host(1, (uint16_t)(5000 + 20 * second + i)));
		/* that it stands already costs nothing */
		address_of(host(1, 5000));
		assert_int_equal(get(host(1, 9000), &outside), -EAGAIN);
		address_of(host(2, (uint16_t)(5000 + second)));
		nat_fixture_advance(&f, 1);
	}
	assert_int_equal(failed(NAT_FAILED_HOST_RATE), 3);
	expire();
	stop();
}

static bool
room(const char *address, uint16_t port)
{
	struct endpoint inside = udp(address, port);

	return nat_has_room(&f.worker, f.nat, &inside, binding_find_inside(f.nat, &inside), 0);
}

static struct flow *
flow_to(const char *address, uint16_t port, const char *peer)
{
	struct endpoint inside = udp(address, port);
	struct binding *binding;
	int rc;

	assert_int_equal(binding_get(&f.worker, f.nat, &inside, &binding), 0);
	return nat_fixture_flow(&f, binding, peer, &rc);
}

static void
host_has_room_for_so_many_flows_through_all_its_bindings(void **state)
{
	struct endpoint inside;
	struct flow *flow[2];

	start("203.0.113.10", "203.0.113.11", 1024, 65535);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.1", 80, "203.0.113.12", 80);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.1", 81, "203.0.113.12", 81);
	f.config.nat.max_flows_per_host = 2;
	nat_fixture_start(&f, 64);
	assert_int_equal(nat_hosts(f.nat), 0);
	/* the pool's and the static rules' are apart */
	for (unsigned int i = 0; i < 2; i++) {
		uint16_t port = i == 0 ? 5000 : 80;

		assert_true(room("10.0.0.1", port));
		flow[0] = flow_to("10.0.0.1", port, "198.51.100.1");
		assert_true(room("10.0.0.1", port));
		assert_true(room("10.0.0.1", port + 1));
		flow[1] = flow_to("10.0.0.1", port + 1, "198.51.100.2");
		assert_false(room("10.0.0.1", port));
		assert_false(room("10.0.0.1", port + 1));
		/* no binding yet: its host is asked */
		assert_int_equal(room("10.0.0.1", 7000), false);
		assert_true(room("10.0.0.2", port));
		/* of media, with the limit of another's door */
		inside = udp("10.0.0.1", port);
		assert_true(nat_has_room(&f.worker, f.nat, &inside,
			binding_find_inside(f.nat, &inside), NAT_FLOW_MEDIA));
		assert_true(flow_remove(&f.worker, f.flows, flow[i]));
		assert_true(room("10.0.0.1", port));
		assert_true(room("10.0.0.1", port + 1));
		flow_to("10.0.0.1", port, "198.51.100.3");
		assert_false(room("10.0.0.1", port + 1));
	}
	assert_int_equal(failed(NAT_FAILED_HOST_FLOWS), 5);
	nat_fixture_stop(&f, 2);
}

static void
count_of_flows_is_exact_when_binding_and_flows_end_in_any_order(void **state)
{
	struct endpoint inside = udp("10.0.0.1", 5000);
	uint32_t cursor = 0;

	start("203.0.113.10", "203.0.113.11", 1024, 65535);
	f.config.nat.max_flows_per_host = 3;
	nat_fixture_start(&f, 64);
	for (unsigned int i = 0; i < 3; i++)
		assert_non_null(flow_to("10.0.0.1", (uint16_t)(5000 + i), "198.51.100.1"));
	assert_false(room("10.0.0.1", 5000));
	/* closed with its flows, and the host still has the other ports' */
	while (!nat_clear_step(&f.control, f.nat, &cursor, 1))
		;
	assert_null(binding_find_inside(f.nat, &inside));
	assert_int_equal(nat_hosts(f.nat), 1);
	assert_true(room("10.0.0.1", 5000));
	nat_fixture_settle(&f);
	assert_int_equal(nat_hosts(f.nat), 0);
	stop();
}

static void
host_table_has_room_for_hosts_whose_blocks_rest(void **state)
{
	enum { BINDINGS = 4, BLOCKS = 32 };
	struct endpoint outside;

	start("203.0.113.10", "203.0.113.10", 2048, 2048 + BLOCKS * 64 - 1);
	f.pool.block_size = 64;
	f.pool.blocks_per_host = 1;
	f.config.nat.port_hold_seconds = 120;
	f.config.nat.port_hold_percent = 100;
	nat_fixture_start(&f, BINDINGS);
	for (uint32_t i = 1; i <= BLOCKS; i++) {
		address_of(host(i, 5000));
		if (i % BINDINGS == 0) {
			nat_fixture_advance(&f, GRACE_S);
			nat_fixture_settle(&f);
		}
	}
	assert_int_equal(nat_hosts(f.nat), BLOCKS);
	assert_int_equal(get(host(BLOCKS + 1, 5000), &outside), -EADDRNOTAVAIL);
	assert_int_equal(failed(NAT_FAILED_HOST_TABLE), 0);
	nat_fixture_advance(&f, 121);
	nat_hold_sweep(&f.control, f.nat, 1);
	assert_int_equal(nat_hosts(f.nat), 0);
	stop();
}

static void
refused_host_leaves_nothing_behind(void **state)
{
	struct endpoint outside;

	start("203.0.113.10", "203.0.113.10", 5000, 5001);
	nat_fixture_start(&f, 64);
	address_of(host(1, 5000));
	address_of(host(1, 5001));
	for (uint32_t i = 2; i < 1000; i++)
		assert_int_equal(get(host(i, 5000), &outside), -EADDRNOTAVAIL);
	assert_int_equal(hosts_count(f.nat->hosts), 1);
	expire();
	/* no binding: neither host nor port stays */
	nat_fixture_stop(&f, 0);
	start("203.0.113.10", "203.0.113.10", 1024, 65535);
	nat_fixture_start(&f, 2);
	address_of(host(1, 5000));
	address_of(host(2, 5000));
	assert_int_equal(get(host(3, 5000), &outside), -ENOBUFS);
	assert_int_equal(hosts_count(f.nat->hosts), 2);
	assert_int_equal(nat_ports_used(f.nat), 2);
	expire();
	stop();
}

static void
lease_goes_back_to_who_had_it_or_to_whom_it_rests_longest_for(void **state)
{
	struct endpoint outside;
	rte_be32_t had[3];

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.12", 1024, 65535, false);
	nat_fixture_start(&f, 64);
	for (uint32_t i = 0; i < 3; i++) {
		had[i] = address_of(host(i + 1, 80));
		expire();
	}
	/* all have been given back: to the first comes back what it had; to a stranger the oldest */
	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(had[i], had[j]);
	assert_int_equal(address_of(host(2, 80)), had[1]);
	assert_int_equal(address_of(host(4, 80)), had[0]);
	assert_int_equal(address_of(host(3, 80)), had[2]);
	assert_int_equal(atomic_load(&f.nat->rules->pools[0].failed[NAT_FAILED_ADDRESS]), 0);
	assert_int_equal(get(host(1, 80), &outside), -EADDRNOTAVAIL);
	assert_int_equal(failed(NAT_FAILED_ADDRESS), 1);
	expire();
	stop();
}

static void
rules_of_one_pool_share_its_hosts_and_their_limits_are_the_rules(void **state)
{
	static struct prefix other = {0, 0, 16};
	struct endpoint outside;

	start("203.0.113.10", "203.0.113.10", 5000, 5009);
	other.address = inet_addr("192.168.0.0");
	other.mask = htonl(0xffff0000);
	f.rules[0].max_ports_per_host = 2;
	*nat_fixture_rule(&f) = f.rules[0];
	f.rules[1].inside = &other;
	f.rules[1].max_ports_per_host = 0;
	nat_fixture_start(&f, 64);
	assert_int_equal(f.nat->rules->pools[0].count, 1);
	for (uint16_t port = 5000; port < 5002; port++)
		address_of(host(1, port));
	assert_int_equal(get(host(1, 5002), &outside), -EDQUOT);
	for (uint16_t port = 5002; port < 5010; port++)
		address_of(udp("192.168.0.1", port));
	assert_int_equal(get(udp("192.168.0.1", 5010), &outside), -EADDRNOTAVAIL);
	assert_int_equal(atomic_load(&f.nat->rules->pools[0].hosts), 2);
	expire();
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_spread_evenly_over_the_addresses),
		cmocka_unit_test(host_keeps_its_address_while_it_has_any_port),
		cmocka_unit_test(
			paired_host_is_refused_when_its_address_is_full_and_others_are_not),
		cmocka_unit_test(host_has_no_more_ports_than_its_rule_allows),
		cmocka_unit_test(host_makes_no_more_bindings_a_second_than_its_rule_allows),
		cmocka_unit_test(host_has_room_for_so_many_flows_through_all_its_bindings),
		cmocka_unit_test(count_of_flows_is_exact_when_binding_and_flows_end_in_any_order),
		cmocka_unit_test(host_table_has_room_for_hosts_whose_blocks_rest),
		cmocka_unit_test(refused_host_leaves_nothing_behind),
		cmocka_unit_test(lease_goes_back_to_who_had_it_or_to_whom_it_rests_longest_for),
		cmocka_unit_test(rules_of_one_pool_share_its_hosts_and_their_limits_are_the_rules),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
