/* SPDX-License-Identifier: BSD-3-Clause */
/* Bindings: who gets which outside endpoint, how it is found, when it closes. RFC 4787. */
#include "nat_fixture.h"

static struct binding *
get(struct nat_fixture *f, struct endpoint inside)
{
	struct binding *binding = NULL;

	assert_int_equal(binding_get(&f->worker, f->nat, &inside, &binding), 0);
	assert_non_null(binding);
	return binding;
}

static int
get_fails(struct nat_fixture *f, struct endpoint inside)
{
	struct binding *binding = NULL;
	int rc = binding_get(&f->worker, f->nat, &inside, &binding);

	assert_null(binding);
	return rc;
}

static void
assert_outside(const struct binding *binding, const char *address, uint16_t port)
{
	assert_int_equal(binding->outside.address, inet_addr(address));
	assert_int_equal(ntohs(binding->outside.port), port);
	assert_int_equal(binding->outside.proto, binding->inside.proto);
}

static void
one_inside_endpoint_has_one_outside_endpoint(void **state)
{
	struct nat_fixture f;
	struct binding *a, *b;
	struct endpoint outside;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	a = get(&f, udp("10.0.0.2", 5060));
	assert_outside(a, "203.0.113.1", 5060);
	assert_string_equal(binding_kind_name(a), "dynamic");
	assert_ptr_equal(get(&f, udp("10.0.0.2", 5060)), a);
	/* the same port of another host, and the same number of another protocol */
	b = get(&f, udp("10.0.0.3", 5060));
	assert_int_not_equal(ntohs(b->outside.port), 5060);
	assert_int_equal(ntohs(b->outside.port) & 1, 0);
	assert_outside(get(&f, proto_endpoint(IPPROTO_TCP, "10.0.0.2", 5060)), "203.0.113.1", 5060);
	assert_outside(get(&f, proto_endpoint(IPPROTO_ICMP, "10.0.0.2", 0)), "203.0.113.1", 0);
	assert_int_equal(nat_ports_used(f.nat), 4);

	outside = udp("203.0.113.1", 5060);
	assert_ptr_equal(binding_find_outside(f.nat, &outside), a);
	assert_ptr_equal(binding_find_outside(f.nat, &b->outside), b);
	assert_ptr_equal(binding_find_inside(f.nat, &b->inside), b);
	outside = udp("203.0.113.1", 5062);
	assert_null(binding_find_outside(f.nat, &outside));
	outside = udp("203.0.113.2", 5060);
	assert_null(binding_find_outside(f.nat, &outside));
	outside = proto_endpoint(IPPROTO_GRE, "203.0.113.1", 5060);
	assert_null(binding_find_outside(f.nat, &outside));
	outside = udp("10.9.9.9", 1);
	assert_null(binding_find_inside(f.nat, &outside));
	nat_fixture_stop(&f, 0);
}

static void
rules_say_what_is_translated(void **state)
{
	struct nat_fixture f;
	struct endpoint e;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "192.168.0.6", 5060, "203.0.113.1", 5060);
	nat_fixture_static_rule(&f, 0, "192.168.0.7", 0, "203.0.113.7", 0);
	nat_fixture_start(&f, 64);
	e = udp("10.1.2.3", 9);
	assert_true(nat_would_translate(f.nat, &e));
	e.proto = IPPROTO_GRE;
	assert_false(nat_would_translate(f.nat, &e));
	assert_int_equal(get_fails(&f, e), -ENOENT);
	e = udp("11.1.2.3", 9);
	assert_false(nat_would_translate(f.nat, &e));
	assert_int_equal(get_fails(&f, e), -ENOENT);
	e = udp("192.168.0.6", 5060);
	assert_true(nat_would_translate(f.nat, &e));
	e.port = htons(5061);
	assert_false(nat_would_translate(f.nat, &e));
	e = proto_endpoint(IPPROTO_TCP, "192.168.0.6", 5060);
	assert_false(nat_would_translate(f.nat, &e));
	e = proto_endpoint(IPPROTO_ICMP, "192.168.0.7", 77);
	assert_true(nat_would_translate(f.nat, &e));
	assert_true(nat_is_outside_address(f.nat, inet_addr("203.0.113.1")));
	assert_true(nat_is_outside_address(f.nat, inet_addr("203.0.113.7")));
	assert_false(nat_is_outside_address(f.nat, inet_addr("203.0.113.8")));
	assert_false(nat_is_outside_address(f.nat, inet_addr("10.1.2.3")));
	nat_fixture_stop(&f, 1);
}

static void
static_port_stands_from_the_start_and_for_good(void **state)
{
	struct nat_fixture f;
	struct endpoint outside = udp("203.0.113.1", 5060);
	struct binding *fixed, *other;
	uint32_t cursor = 0;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.6", 5070, "203.0.113.1", 5060);
	nat_fixture_start(&f, 64);
	assert_int_equal(nat_ports_used(f.nat), 0);
	fixed = binding_find_outside(f.nat, &outside);
	assert_non_null(fixed);
	assert_string_equal(binding_kind_name(fixed), "static");
	assert_ptr_equal(get(&f, udp("10.0.0.6", 5070)), fixed);
	/* nobody else gets its port */
	other = get(&f, udp("10.0.0.7", 5060));
	assert_int_not_equal(other->outside.port, outside.port);
	nat_fixture_advance(&f, 100000);
	nat_fixture_settle(&f);
	while (!nat_clear_step(&f.control, f.nat, &cursor, 3))
		;
	nat_fixture_settle(&f);
	assert_ptr_equal(binding_find_outside(f.nat, &outside), fixed);
	assert_ptr_equal(binding_find_inside(f.nat, &fixed->inside), fixed);
	/* other ports of that host follow the dynamic rule */
	assert_outside(get(&f, udp("10.0.0.6", 9000)), "203.0.113.1", 9000);
	nat_fixture_stop(&f, 1);
}

static void
static_address_maps_every_port_to_itself(void **state)
{
	struct nat_fixture f;
	struct binding *a, *b = NULL;
	struct endpoint outside = udp("203.0.113.5", 40001);

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_static_rule(&f, 0, "10.0.0.5", 0, "203.0.113.5", 0);
	nat_fixture_start(&f, 64);
	/* the static rule comes before the dynamic one, whatever the file's order */
	a = get(&f, udp("10.0.0.5", 40000));
	assert_outside(a, "203.0.113.5", 40000);
	assert_string_equal(binding_kind_name(a), "static");
	/* it may begin outside */
	assert_null(binding_find_outside(f.nat, &outside));
	assert_int_equal(nat_inbound(&f.worker, f.nat, &outside, &b), 0);
	assert_int_equal(b->inside.address, inet_addr("10.0.0.5"));
	assert_int_equal(ntohs(b->inside.port), 40001);
	assert_ptr_equal(binding_find_outside(f.nat, &outside), b);
	assert_ptr_equal(get(&f, udp("10.0.0.5", 40001)), b);
	/* made on demand, it goes when idle, and the same endpoint comes back at once */
	nat_fixture_advance(&f, 60);
	rcu_quiescent(0);
	nat_sweep(&f.control, f.nat, 1000);
	assert_null(binding_find_outside(f.nat, &outside));
	assert_int_equal(nat_inbound(&f.worker, f.nat, &outside, &b), 0);
	assert_outside(b, "203.0.113.5", 40001);
	assert_int_equal(nat_ports_used(f.nat), 0);
	nat_fixture_stop(&f, 0);
}

static void
dynamic_rules_never_open_inward(void **state)
{
	struct nat_fixture f;
	struct binding *binding = NULL;
	struct endpoint outside = udp("203.0.113.1", 5060);

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	assert_int_equal(nat_inbound(&f.worker, f.nat, &outside, &binding), -ENOENT);
	get(&f, udp("10.0.0.2", 5060));
	assert_int_equal(nat_inbound(&f.worker, f.nat, &outside, &binding), 0);
	assert_int_equal(binding->inside.address, inet_addr("10.0.0.2"));
	outside = udp("198.51.100.1", 5060);
	assert_int_equal(nat_inbound(&f.worker, f.nat, &outside, &binding), -ENOENT);
	nat_fixture_stop(&f, 0);
}

static void
static_port_on_a_static_address_keeps_its_port(void **state)
{
	struct nat_fixture f;
	struct binding *binding = NULL;
	struct endpoint outside = udp("203.0.113.5", 5060);

	nat_fixture_init(&f);
	nat_fixture_static_rule(&f, 0, "10.0.0.5", 0, "203.0.113.5", 0);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.6", 5060, "203.0.113.5", 5060);
	nat_fixture_start(&f, 64);
	assert_int_equal(nat_inbound(&f.worker, f.nat, &outside, &binding), 0);
	assert_int_equal(binding->inside.address, inet_addr("10.0.0.6"));
	assert_int_equal(get_fails(&f, udp("10.0.0.5", 5060)), -EADDRNOTAVAIL);
	assert_outside(get(&f, udp("10.0.0.5", 5061)), "203.0.113.5", 5061);
	nat_fixture_stop(&f, 1);
}

static void
pool_pairs_an_inside_address_with_one_outside_address(void **state)
{
	rte_be32_t seen[64] = {0};
	unsigned int different = 0;
	struct nat_fixture f;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.13", 1024, 65535, true);
	nat_fixture_start(&f, 1024);
	for (unsigned int host = 1; host < 64; host++)
		for (uint16_t port = 2000; port < 2004; port++) {
			struct endpoint inside = udp("10.0.0.0", port);
			struct binding *binding;

			inside.address |= htonl(host);
			binding = get(&f, inside);
			if (!seen[host])
				seen[host] = binding->outside.address;
			assert_int_equal(binding->outside.address, seen[host]);
		}
	for (unsigned int host = 2; host < 64; host++)
		different += seen[host] != seen[1];
	assert_true(different > 20);
	nat_fixture_stop(&f, 0);
}

static void
pool_that_overflows_goes_to_the_next_address_when_one_is_full(void **state)
{
	struct nat_fixture f;
	rte_be32_t first;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.11", 5000, 5003, true);
	f.pool.pooling = POOLING_OVERFLOW;
	nat_fixture_start(&f, 64);
	first = get(&f, udp("10.0.0.2", 5000))->outside.address;
	for (uint16_t port = 5001; port < 5004; port++)
		assert_int_equal(get(&f, udp("10.0.0.2", port))->outside.address, first);
	for (uint16_t port = 5004; port < 5008; port++)
		assert_int_not_equal(get(&f, udp("10.0.0.2", port))->outside.address, first);
	assert_int_equal(get_fails(&f, udp("10.0.0.2", 6000)), -EADDRNOTAVAIL);
	assert_int_equal(nat_ports_used(f.nat), 8);
	nat_fixture_stop(&f, 0);
}

static void
port_is_used_again_only_after_the_grace_period(void **state)
{
	struct nat_fixture f;
	struct binding *binding;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 5000, 5000, true);
	nat_fixture_start(&f, 64);
	binding = get(&f, udp("10.0.0.2", 5000));
	assert_int_equal(get_fails(&f, udp("10.0.0.3", 5000)), -EADDRNOTAVAIL);
	nat_fixture_advance(&f, 10);
	rcu_quiescent(0);
	/* closes it; this worker has not been quiescent since */
	nat_sweep(&f.control, f.nat, 64);
	assert_null(binding_find_outside(f.nat, &binding->outside));
	assert_null(binding_find_inside(f.nat, &binding->inside));
	nat_sweep(&f.control, f.nat, 64);
	assert_int_equal(nat_ports_used(f.nat), 1);
	assert_int_equal(get_fails(&f, udp("10.0.0.3", 5000)), -EADDRNOTAVAIL);
	rcu_quiescent(0);
	nat_sweep(&f.control, f.nat, 64);
	assert_int_equal(nat_ports_used(f.nat), 0);
	assert_outside(get(&f, udp("10.0.0.3", 5000)), "203.0.113.10", 5000);
	nat_fixture_stop(&f, 0);
}

static void
binding_lives_while_it_has_flows(void **state)
{
	struct nat_fixture f;
	struct binding *binding;
	struct flow *flow;
	int rc;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	binding = get(&f, udp("10.0.0.2", 5060));
	/* fresh: its flow may be on the way */
	nat_fixture_settle(&f);
	assert_ptr_equal(binding_find_inside(f.nat, &binding->inside), binding);
	flow = nat_fixture_flow(&f, binding, "198.51.100.9", &rc);
	assert_int_equal(rc, 0);
	nat_fixture_advance(&f, 100);
	nat_fixture_settle(&f);
	assert_ptr_equal(binding_find_inside(f.nat, &binding->inside), binding);
	assert_true(flow_remove(&f.worker, f.flows, flow));
	nat_sweep(&f.control, f.nat, 64);
	assert_null(binding_find_inside(f.nat, &binding->inside));
	/* who still holds the old binding learns it */
	assert_null(nat_fixture_flow(&f, binding, "198.51.100.9", &rc));
	assert_int_equal(rc, -ESTALE);
	nat_fixture_stop(&f, 0);
}

static void
binding_is_fresh_though_its_maker_has_a_later_clock(void **state)
{
	struct nat_fixture f;
	struct binding *binding;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	f.worker.now_s++;
	binding = get(&f, udp("10.0.0.2", 5060));
	nat_sweep(&f.control, f.nat, 64);
	assert_ptr_equal(binding_find_inside(f.nat, &binding->inside), binding);
	nat_fixture_advance(&f, 6);
	nat_sweep(&f.control, f.nat, 64);
	assert_null(binding_find_inside(f.nat, &binding->inside));
	nat_fixture_stop(&f, 0);
}

static void
one_to_one_gives_an_address_to_one_host(void **state)
{
	struct nat_fixture f;
	rte_be32_t a, b;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.11", 1024, 65535, false);
	nat_fixture_start(&f, 64);
	a = get(&f, udp("10.0.0.2", 80))->outside.address;
	assert_int_equal(ntohs(get(&f, udp("10.0.0.2", 80))->outside.port), 80);
	b = get(&f, udp("10.0.0.3", 80))->outside.address;
	assert_int_not_equal(a, b);
	assert_int_equal(get_fails(&f, udp("10.0.0.4", 80)), -EADDRNOTAVAIL);
	/* all ports and protocols of a host go to its address */
	assert_int_equal(get(&f, udp("10.0.0.2", 65535))->outside.address, a);
	assert_int_equal(get(&f, proto_endpoint(IPPROTO_ICMP, "10.0.0.3", 5))->outside.address, b);
	assert_int_equal(nat_ports_used(f.nat), 4);
	nat_fixture_advance(&f, 10);
	get(&f, udp("10.0.0.2", 81));
	nat_fixture_settle(&f);
	/* host 3 had no binding left; host 2 has one */
	assert_int_equal(get(&f, udp("10.0.0.4", 80))->outside.address, b);
	assert_int_equal(get(&f, udp("10.0.0.2", 82))->outside.address, a);
	assert_int_equal(get_fails(&f, udp("10.0.0.3", 80)), -EADDRNOTAVAIL);
	nat_fixture_stop(&f, 0);
}

static void
first_dynamic_rule_in_the_file_wins(void **state)
{
	struct prefix narrow = {inet_addr("10.0.0.0"), htonl(0xffffff00), 24};
	struct nat_fixture f;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	f.rules[0].inside = &narrow;
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 1024, 65535, true);
	nat_fixture_start(&f, 64);
	assert_outside(get(&f, udp("10.0.0.2", 5060)), "203.0.113.1", 5060);
	assert_outside(get(&f, udp("10.0.1.2", 5060)), "203.0.113.10", 5060);
	nat_fixture_stop(&f, 0);
}

static void
address_cannot_be_shared_and_someones_own(void **state)
{
	struct nat_fixture f;
	struct nat *nat = NULL;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_static_rule(&f, 0, "10.0.0.5", 0, "203.0.113.1", 0);
	assert_int_equal(
		nat_create(&f.config, &nat_fixture_interfaces, NULL, 64, SOCKET_ID_ANY, &nat),
		-EINVAL);
	assert_null(nat);
	/* two static rules on one outside endpoint */
	nat_fixture_init(&f);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.5", 1, "203.0.113.1", 1);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.6", 1, "203.0.113.1", 1);
	assert_int_equal(
		nat_create(&f.config, &nat_fixture_interfaces, NULL, 64, SOCKET_ID_ANY, &nat),
		-EEXIST);
	assert_null(nat);
}

static void
empty_pool_of_bindings_leaves_no_port_behind(void **state)
{
	struct nat_fixture f;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 4);
	for (uint16_t port = 1; port <= 4; port++)
		get(&f, udp("10.0.0.2", port));
	for (uint16_t port = 5; port <= 50; port++)
		assert_int_equal(get_fails(&f, udp("10.0.0.2", port)), -ENOBUFS);
	assert_int_equal(nat_ports_used(f.nat), 4);
	nat_fixture_stop(&f, 0);
}

static void
table_can_be_filled_again_and_again(void **state)
{
	enum { CAPACITY = 2000 };
	struct nat_fixture f;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, CAPACITY);
	for (unsigned int round = 0; round < 6; round++) {
		for (uint16_t i = 0; i < CAPACITY; i++)
			get(&f, udp("10.0.0.2", (uint16_t)(2000 + i)));
		assert_int_equal(get_fails(&f, udp("10.0.0.2", 1)), -ENOBUFS);
		assert_int_equal(nat_ports_used(f.nat), CAPACITY);
		nat_fixture_advance(&f, 10);
		nat_fixture_settle(&f);
		assert_int_equal(nat_ports_used(f.nat), 0);
		assert_int_equal(pool_used(nat_binding_pool(f.nat)), 0);
	}
	nat_fixture_stop(&f, 0);
}

static void
clear_closes_what_no_call_holds(void **state)
{
	struct nat_fixture f;
	struct binding *plain, *held;
	struct door_spec spec = {
		.inside = udp("10.0.0.3", 4000), .class = DOOR_MEDIA, .hold = true};
	struct endpoint outside, plain_outside;
	struct handle handle;
	uint32_t cursor = 0;
	int rc;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	plain = get(&f, udp("10.0.0.2", 5060));
	plain_outside = plain->outside;
	nat_fixture_flow(&f, plain, "198.51.100.9", &rc);
	assert_int_equal(door_open(&f.worker, f.nat, &spec, &handle, &outside), 0);
	held = binding_find_inside(f.nat, &spec.inside);
	nat_fixture_flow(&f, held, "198.51.100.9", &rc);
	assert_int_equal(rc, 0);
	assert_int_equal(flow_key_count(f.flows), 4);
	while (!nat_clear_step(&f.control, f.nat, &cursor, 5))
		;
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	assert_null(binding_find_outside(f.nat, &plain_outside));
	/* the door stays, and new media finds it open */
	assert_ptr_equal(binding_find_outside(f.nat, &outside), held);
	nat_fixture_flow(&f, held, "198.51.100.9", &rc);
	assert_int_equal(rc, 0);
	door_release(&f.worker, f.nat, handle, 0);
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	nat_fixture_stop(&f, 0);
}

static void
spelling_is_remembered_by_class(void **state)
{
	struct nat_fixture f;
	struct binding *binding;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	binding = get(&f, udp("10.0.0.2", 5060));
	assert_int_equal(binding->portless, 0);
	binding_spell(binding, SPELLING_VIA, true);
	binding_spell(binding, SPELLING_ROUTE, true);
	binding_spell(binding, SPELLING_CONTACT, false);
	assert_int_equal(binding->portless, 1 << SPELLING_VIA | 1 << SPELLING_ROUTE);
	binding_spell(binding, SPELLING_VIA, false);
	assert_int_equal(binding->portless, 1 << SPELLING_ROUTE);
	nat_fixture_stop(&f, 0);
}

static void
memory_grows_with_addresses_and_bindings(void **state)
{
	struct nat_fixture f;
	size_t one, two;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 1024, 65535, true);
	one = nat_memory(&f.config, 1000);
	f.range.last = inet_addr("203.0.113.11");
	two = nat_memory(&f.config, 1000);
	/* three maps of 65,536 four-byte words */
	assert_true(two - one >= 3 * 65536 * 4);
	assert_true(nat_memory(&f.config, 100000) - two >= 99000 * sizeof(struct binding));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_inside_endpoint_has_one_outside_endpoint),
		cmocka_unit_test(rules_say_what_is_translated),
		cmocka_unit_test(static_port_stands_from_the_start_and_for_good),
		cmocka_unit_test(static_address_maps_every_port_to_itself),
		cmocka_unit_test(dynamic_rules_never_open_inward),
		cmocka_unit_test(static_port_on_a_static_address_keeps_its_port),
		cmocka_unit_test(pool_pairs_an_inside_address_with_one_outside_address),
		cmocka_unit_test(pool_that_overflows_goes_to_the_next_address_when_one_is_full),
		cmocka_unit_test(port_is_used_again_only_after_the_grace_period),
		cmocka_unit_test(binding_lives_while_it_has_flows),
		cmocka_unit_test(binding_is_fresh_though_its_maker_has_a_later_clock),
		cmocka_unit_test(one_to_one_gives_an_address_to_one_host),
		cmocka_unit_test(first_dynamic_rule_in_the_file_wins),
		cmocka_unit_test(address_cannot_be_shared_and_someones_own),
		cmocka_unit_test(empty_pool_of_bindings_leaves_no_port_behind),
		cmocka_unit_test(table_can_be_filled_again_and_again),
		cmocka_unit_test(clear_closes_what_no_call_holds),
		cmocka_unit_test(spelling_is_remembered_by_class),
		cmocka_unit_test(memory_grows_with_addresses_and_bindings),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
