/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that rest after their use (RFC 6888 REQ-8): which, for how long, how many. */
#include "nat_fixture.h"

enum {
	HOLD_S = 120,
	GRACE_S = 5, /* a binding without flows has closed by then */
};

static struct nat_fixture f;

static void
start(uint16_t first_port, uint16_t last_port, unsigned int percent)
{
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", first_port, last_port, true);
	f.config.nat.port_hold_seconds = HOLD_S;
	f.config.nat.port_hold_percent = percent;
	nat_fixture_start(&f, 64);
}

static void
stop(void)
{
	nat_fixture_advance(&f, HOLD_S);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(nat_ports_held(f.nat), 0);
	nat_fixture_stop(&f, 0);
}

static int
get(uint8_t proto, uint16_t port)
{
	struct endpoint inside = proto_endpoint(proto, "10.0.0.2", port);
	struct binding *binding = NULL;
	int rc = binding_get(&f.worker, f.nat, &inside, &binding);

	return rc < 0 ? rc : ntohs(binding->outside.port);
}

/* Everything that stands ends, and its grace period, too. */
static void
end_all(void)
{
	nat_fixture_advance(&f, GRACE_S);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_used(f.nat), 0);
}

static void
udp_port_rests_and_is_nobodys_meanwhile(void **state)
{
	struct endpoint outside = udp("203.0.113.10", 5000);

	start(5000, 5003, 100);
	assert_int_equal(get(IPPROTO_UDP, 5000), 5000);
	end_all();
	assert_int_equal(nat_ports_held(f.nat), 1);
	assert_null(binding_find_outside(f.nat, &outside));
	/* taken by nobody, and given to nobody: the others are */
	for (uint16_t port = 5001; port < 5004; port++)
		assert_in_range(get(IPPROTO_UDP, port + 100), 5001, 5003);
	assert_int_equal(get(IPPROTO_UDP, 5000), -EADDRNOTAVAIL);
	assert_int_equal(nat_ports_used(f.nat), 3);
	assert_int_equal(nat_ports_held(f.nat), 1);
	nat_fixture_advance(&f, HOLD_S - 1);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(get(IPPROTO_UDP, 5000), -EADDRNOTAVAIL);
	nat_fixture_advance(&f, 1);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(nat_ports_held(f.nat), 0);
	assert_int_equal(get(IPPROTO_UDP, 5000), 5000);
	end_all();
	stop();
}

static void
tcp_and_icmp_do_not_rest(void **state)
{
	start(5000, 5003, 100);
	assert_int_equal(get(IPPROTO_TCP, 5000), 5000);
	assert_int_equal(get(IPPROTO_ICMP, 5000), 5000);
	end_all();
	assert_int_equal(nat_ports_held(f.nat), 0);
	assert_int_equal(get(IPPROTO_TCP, 5000), 5000);
	assert_int_equal(get(IPPROTO_ICMP, 5000), 5000);
	end_all();
	stop();
}

static void
port_of_a_call_is_not_in_use_while_it_rests(void **state)
{
	struct door_spec spec[2] = {
		{.inside = udp("10.0.0.2", 5000), .class = DOOR_MEDIA, .hold = true},
		{.inside = udp("10.0.0.2", 5001), .class = DOOR_MEDIA, .hold = true}};
	struct endpoint outside[2];
	struct handle handle[2];

	start(5000, 5007, 100);
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), 0);
	assert_int_equal(nat_ports_used(f.nat), 2);
	door_release(&f.worker, f.nat, handle[0], 0);
	door_release(&f.worker, f.nat, handle[1], 0);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_used(f.nat), 0);
	assert_int_equal(nat_ports_held(f.nat), 2);
	/* the same endpoints again: another pair */
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), 0);
	assert_in_range(ntohs(outside[0].port), 5002, 5006);
	door_release(&f.worker, f.nat, handle[0], 0);
	door_release(&f.worker, f.nat, handle[1], 0);
	nat_fixture_settle(&f);
	stop();
}

static void
what_has_rested_longest_gives_its_place(void **state)
{
	start(5000, 5007, 50); /* four may rest */
	for (uint16_t port = 5000; port < 5008; port++) {
		assert_int_equal(get(IPPROTO_UDP, port), port);
		end_all();
		assert_int_equal(nat_ports_held(f.nat), RTE_MIN(port - 5000 + 1, 4));
	}
	for (uint16_t port = 5000; port < 5004; port++)
		assert_int_equal(get(IPPROTO_UDP, port), port);
	assert_int_equal(get(IPPROTO_UDP, 6000), -EADDRNOTAVAIL);
	end_all();
	stop();
}

static void
no_share_and_no_time_mean_none_rests(void **state)
{
	start(5000, 5003, 0);
	assert_int_equal(get(IPPROTO_UDP, 5000), 5000);
	end_all();
	assert_int_equal(nat_ports_held(f.nat), 0);
	stop();

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 5000, 5003, true);
	f.config.nat.port_hold_percent = 100;
	nat_fixture_start(&f, 64);
	assert_int_equal(get(IPPROTO_UDP, 5000), 5000);
	end_all();
	assert_int_equal(nat_ports_held(f.nat), 0);
	stop();
}

static void
every_port_rests_and_comes_back_again_and_again(void **state)
{
	start(5000, 5031, 100);
	/* beyond the range of the time in a port's word, too */
	for (unsigned int round = 0; round < 600; round++) {
		unsigned int count = 1 + round % 32;

		for (unsigned int i = 0; i < count; i++)
			assert_true(get(IPPROTO_UDP, (uint16_t)(20000 + i)) >= 5000);
		end_all();
		assert_int_equal(nat_ports_held(f.nat), count);
		nat_fixture_advance(&f, HOLD_S);
		nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
		assert_int_equal(nat_ports_held(f.nat), 0);
	}
	stop();
}

static void
failed_binding_leaves_nothing_to_rest(void **state)
{
	start(5000, 5127, 100);
	for (uint16_t port = 5000; port < 5064; port++)
		assert_int_equal(get(IPPROTO_UDP, port), port);
	for (uint16_t port = 5064; port < 5080; port++)
		assert_int_equal(get(IPPROTO_UDP, port), -ENOBUFS);
	assert_int_equal(nat_ports_used(f.nat), 64);
	assert_int_equal(nat_ports_held(f.nat), 0);
	end_all();
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_port_rests_and_is_nobodys_meanwhile),
		cmocka_unit_test(tcp_and_icmp_do_not_rest),
		cmocka_unit_test(port_of_a_call_is_not_in_use_while_it_rests),
		cmocka_unit_test(what_has_rested_longest_gives_its_place),
		cmocka_unit_test(no_share_and_no_time_mean_none_rests),
		cmocka_unit_test(every_port_rests_and_comes_back_again_and_again),
		cmocka_unit_test(failed_binding_leaves_nothing_to_rest),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
