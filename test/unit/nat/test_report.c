/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of pools and their addresses. */
#include "nat_fixture.h"

static struct nat_fixture f;

static int
get(uint8_t proto, uint32_t host, uint16_t port)
{
	struct endpoint inside = {htonl(0x0a000000 + host), htons(port), proto, 0};
	struct binding *binding;

	return binding_get(&f.worker, f.nat, &inside, &binding);
}

static struct nat_report
row(uint32_t number)
{
	struct nat_report report;

	assert_true(nat_report(f.nat, number, &report));
	return report;
}

static void
pool_and_each_of_its_addresses_have_a_row(void **state)
{
	struct nat_report sum, address;
	uint32_t used = 0, free = 0, held = 0, hosts = 0;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.12", 5000, 5009, true);
	f.pool.name = (char *)(uintptr_t) "public";
	f.config.nat.port_hold_seconds = 120;
	f.config.nat.port_hold_percent = 50;
	nat_fixture_static_rule(&f, IPPROTO_UDP, "192.168.0.1", 1, "203.0.113.11", 5005);
	nat_fixture_static_rule(&f, 0, "192.168.0.2", 0, "203.0.113.99", 0);
	nat_fixture_start(&f, 64);
	sum = row(0);
	assert_string_equal(sum.pool, "public");
	assert_false(sum.of_interface);
	assert_false(sum.one_to_one);
	assert_int_equal(sum.address, 0);
	assert_int_equal(sum.addresses, 3);
	assert_int_equal(sum.hosts, 0);
	/* one of them is the static rule's; identifiers have no range */
	assert_int_equal(sum.free[NAT_UDP], 29);
	assert_int_equal(sum.free[NAT_TCP], 30);
	assert_int_equal(sum.free[NAT_ICMP], 3 * 65536);
	for (unsigned int host = 1; host <= 4; host++)
		assert_int_equal(get(IPPROTO_UDP, host, 5000), 0);
	assert_int_equal(get(IPPROTO_TCP, 1, 5000), 0);
	nat_fixture_advance(&f, 10);
	assert_int_equal(get(IPPROTO_UDP, 2, 5004), 0);
	nat_fixture_settle(&f);
	sum = row(0);
	assert_int_equal(sum.used[NAT_UDP], 1);
	assert_int_equal(sum.held, 4);
	assert_int_equal(sum.free[NAT_UDP], 24);
	assert_int_equal(sum.used[NAT_TCP], 0);
	assert_int_equal(sum.hosts, 1);
	for (uint32_t i = 1; i <= 3; i++) {
		address = row(i);
		assert_string_equal(address.pool, "public");
		assert_int_equal(address.address, htonl(0xcb00710a + i - 1));
		assert_int_equal(address.addresses, 1);
		used += address.used[NAT_UDP];
		free += address.free[NAT_UDP];
		held += address.held;
		hosts += address.hosts;
	}
	assert_int_equal(used, 1);
	assert_int_equal(free, 24);
	assert_int_equal(held, 4);
	assert_int_equal(hosts, 1);
	assert_false(nat_report(f.nat, 4, &address));
	assert_false(nat_report(f.nat, UINT32_MAX, &address));
	nat_fixture_stop(&f, 1);
}

static void
failures_are_told_by_cause(void **state)
{
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 5000, 5003, true);
	f.rules[0].max_ports_per_host = 3;
	f.rules[0].max_new_per_second = 5;
	nat_fixture_start(&f, 64);
	for (uint16_t i = 0; i < 5; i++)
		assert_int_equal(get(IPPROTO_UDP, 1, (uint16_t)(5000 + i)), i < 3 ? 0 : -EDQUOT);
	assert_int_equal(get(IPPROTO_UDP, 2, 5000), 0);
	assert_int_equal(get(IPPROTO_UDP, 2, 5001), -EADDRNOTAVAIL);
	assert_int_equal(row(0).failed[NAT_FAILED_HOST_PORTS], 2);
	assert_int_equal(row(0).failed[NAT_FAILED_PORT], 1);
	assert_int_equal(row(0).failed[NAT_FAILED_HOST_RATE], 0);
	/* of an address there are none */
	assert_int_equal(row(1).failed[NAT_FAILED_PORT], 0);
	for (unsigned int i = 0; i < NAT_FAILURES; i++)
		assert_true(strlen(nat_failure_name(i)) > 0);
	nat_fixture_stop(&f, 0);
}

static void
leased_addresses_tell_what_their_host_has(void **state)
{
	struct nat_report sum;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	f.rules[0].inside_count = 0;
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.11", 1024, 65535, false);
	nat_fixture_start(&f, 64);
	assert_int_equal(get(IPPROTO_UDP, 1, 80), 0);
	assert_int_equal(get(IPPROTO_UDP, 1, 81), 0);
	assert_int_equal(get(IPPROTO_ICMP, 1, 81), 0);
	assert_int_equal(get(IPPROTO_UDP, 2, 80), 0);
	assert_int_equal(get(IPPROTO_UDP, 3, 80), -EADDRNOTAVAIL);
	sum = row(0);
	assert_true(sum.one_to_one);
	assert_int_equal(sum.used[NAT_UDP], 3);
	assert_int_equal(sum.used[NAT_ICMP], 1);
	assert_int_equal(sum.free[NAT_UDP], 2 * 65535 - 3);
	assert_int_equal(sum.hosts, 2);
	assert_int_equal(sum.failed[NAT_FAILED_ADDRESS], 1);
	assert_int_equal(nat_ports_used(f.nat), 4);
	/* the interface comes behind the pools */
	assert_false(row(3).one_to_one);
	assert_int_equal(row(4).address, inet_addr("203.0.113.1"));
	nat_fixture_stop(&f, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_and_each_of_its_addresses_have_a_row),
		cmocka_unit_test(failures_are_told_by_cause),
		cmocka_unit_test(leased_addresses_tell_what_their_host_has),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
