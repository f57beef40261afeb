/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "net_fixture.h"

static void
expect(rte_be32_t destination, enum route_kind kind, uint16_t interface, rte_be32_t next_hop)
{
	struct route route = route_lookup(net.routes, destination);

	assert_int_equal(route.kind, kind);
	assert_int_equal(route.interface, interface);
	assert_int_equal(route.next_hop, next_hop);
}

static void
own_addresses_are_local(void **state)
{
	expect(LAN_OWN, ROUTE_LOCAL, LAN, LAN_OWN);
	expect(TRUNK_OWN, ROUTE_LOCAL, TRUNK, TRUNK_OWN);
}

static void
connected_hosts_are_their_own_next_hop(void **state)
{
	expect(LAN_HOST, ROUTE_CONNECTED, LAN, LAN_HOST);
	expect(IP(10, 0, 0, 254), ROUTE_CONNECTED, LAN, IP(10, 0, 0, 254));
	expect(TRUNK_HOST, ROUTE_CONNECTED, TRUNK, TRUNK_HOST);
}

static void
the_longest_prefix_wins(void **state)
{
	expect(FAR_HOST, ROUTE_GATEWAY, WAN, IP(203, 0, 113, 254));
	expect(IP(255, 255, 255, 254), ROUTE_GATEWAY, WAN, IP(203, 0, 113, 254));
	expect(IP(172, 16, 0, 1), ROUTE_GATEWAY, LAN, IP(10, 0, 0, 254));
	expect(IP(172, 31, 255, 255), ROUTE_GATEWAY, LAN, IP(10, 0, 0, 254));
	expect(IP(172, 32, 0, 0), ROUTE_GATEWAY, WAN, IP(203, 0, 113, 254));
	expect(IP(198, 51, 100, 4), ROUTE_GATEWAY, WAN, IP(203, 0, 113, 254));
}

static void
a_realm_is_that_of_the_interface_an_address_routes_to(void **state)
{
	uint8_t realm;

	assert_true(route_realm(net.routes, LAN_HOST, &realm));
	assert_int_equal(realm, realm_make(2, NAT_SIDE_INSIDE));
	assert_true(route_realm(net.routes, FAR_HOST, &realm));
	assert_int_equal(realm, realm_make(3, NAT_SIDE_OUTSIDE));
	assert_false(route_realm(net.routes, WAN_OWN, &realm));
}

static void
without_a_default_route_there_is_none(void **state)
{
	struct config config = net.config;
	struct route_table *table;
	uint8_t realm;

	config.route_count = 0;
	assert_int_equal(route_table_create(&config, net.interfaces, SOCKET_ID_ANY, &table), 0);
	assert_int_equal(route_lookup(table, FAR_HOST).kind, ROUTE_NONE);
	assert_int_equal(route_lookup(table, LAN_HOST).kind, ROUTE_CONNECTED);
	assert_false(route_realm(table, FAR_HOST, &realm));
	route_table_destroy(table);
}

static void
a_connected_prefix_wins_over_the_same_static_one(void **state)
{
	struct config_route same = {
		.prefix = {IP(10, 0, 0, 0), IP(255, 255, 255, 0), 24}, .via = IP(203, 0, 113, 9)};
	struct config config = net.config;
	struct route_table *table;

	config.route_count = 1;
	config.routes = &same;
	assert_int_equal(route_table_create(&config, net.interfaces, SOCKET_ID_ANY, &table), 0);
	assert_int_equal(route_lookup(table, LAN_HOST).kind, ROUTE_CONNECTED);
	route_table_destroy(table);
}

static void
many_host_routes_fit(void **state)
{
	enum { HOSTS = 1000 };
	static struct config_route many[HOSTS];
	struct config config = net.config;
	struct route_table *table;
	unsigned int i;

	for (i = 0; i < HOSTS; i++)
		many[i] = (struct config_route){
			.prefix = {rte_cpu_to_be_32(RTE_IPV4(20, 0, 0, 7) + (i << 8)), UINT32_MAX,
				32},
			.via = IP(10, 0, 0, 254)};
	config.route_count = HOSTS;
	config.routes = many;
	assert_int_equal(route_table_create(&config, net.interfaces, SOCKET_ID_ANY, &table), 0);
	for (i = 0; i < HOSTS; i++) {
		rte_be32_t neighbour = many[i].prefix.address ^ RTE_BE32(1);

		assert_int_equal(route_lookup(table, many[i].prefix.address).kind, ROUTE_GATEWAY);
		assert_int_equal(route_lookup(table, neighbour).kind, ROUTE_NONE);
	}
	route_table_destroy(table);
}

static void
a_gateway_must_be_a_host_on_a_connected_prefix(void **state)
{
	static const rte_be32_t impossible[] = {IP(9, 9, 9, 9), LAN_OWN, IP(10, 0, 0, 255)};
	struct config_route wrong = {.prefix = {0, 0, 0}};
	struct config config = net.config;
	struct route_table *table;
	unsigned int i;

	config.route_count = 1;
	config.routes = &wrong;
	for (i = 0; i < RTE_DIM(impossible); i++) {
		wrong.via = impossible[i];
		assert_int_equal(route_table_create(&config, net.interfaces, SOCKET_ID_ANY, &table),
			-EINVAL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_addresses_are_local),
		TEST(connected_hosts_are_their_own_next_hop),
		TEST(the_longest_prefix_wins),
		TEST(a_realm_is_that_of_the_interface_an_address_routes_to),
		TEST(without_a_default_route_there_is_none),
		TEST(a_connected_prefix_wins_over_the_same_static_one),
		TEST(many_host_routes_fit),
		TEST(a_gateway_must_be_a_host_on_a_connected_prefix),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
