/* SPDX-License-Identifier: BSD-3-Clause */
/* Doors: holders, deadlines, pairs, and that a media door goes at once with all it let through. */
#include "nat_fixture.h"

static struct nat_fixture f;

static void
start(void)
{
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_static_rule(&f, IPPROTO_UDP, "10.0.0.99", 7000, "203.0.113.1", 7000);
	nat_fixture_static_rule(&f, 0, "10.0.0.98", 0, "203.0.113.98", 0);
	nat_fixture_start(&f, 256);
}

static void
stop(void)
{
	nat_fixture_stop(&f, 1);
}

static struct handle
open_door(struct endpoint inside, enum door_class class, bool hold, uint32_t until_s,
	struct endpoint *outside)
{
	struct door_spec spec = {
		.inside = inside, .class = class, .hold = hold, .until_s = until_s};
	struct handle handle = HANDLE_NONE;

	assert_int_equal(door_open(&f.worker, f.nat, &spec, &handle, outside), 0);
	assert_non_null(pool_get(nat_binding_pool(f.nat), handle));
	return handle;
}

static bool
stands(struct endpoint outside)
{
	return binding_find_outside(f.nat, &outside) != NULL;
}

static struct binding *
bound(struct endpoint inside)
{
	struct binding *binding = NULL;

	assert_int_equal(binding_get(&f.worker, f.nat, &inside, &binding), 0);
	return binding;
}

static void
media_door_closes_with_its_last_holder_at_once(void **state)
{
	struct endpoint outside, again;
	struct handle a, b;
	struct binding *binding;
	int rc;

	start();
	a = open_door(udp("10.0.0.2", 4000), DOOR_MEDIA, true, 0, &outside);
	b = open_door(udp("10.0.0.2", 4000), DOOR_MEDIA, true, 0, &again);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(outside.port, again.port);
	assert_int_equal(nat_doors(f.nat), 1);
	assert_int_equal(nat_media_doors(f.nat), 1);
	binding = binding_find_outside(f.nat, &outside);
	assert_string_equal(binding_kind_name(binding), "door");
	nat_fixture_flow(&f, binding, "198.51.100.7", &rc);
	nat_fixture_flow(&f, binding, "198.51.100.8", &rc);
	assert_int_equal(pool_used(flow_pool(f.flows)), 2);
	door_release(&f.worker, f.nat, a, 0);
	assert_true(stands(outside));
	assert_int_equal(pool_used(flow_pool(f.flows)), 2);
	door_release(&f.worker, f.nat, b, 0);
	assert_false(stands(outside));
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	assert_int_equal(flow_key_count(f.flows) <= 4, 1);
	assert_int_equal(nat_doors(f.nat), 0);
	assert_int_equal(nat_media_doors(f.nat), 0);
	assert_null(pool_get(nat_binding_pool(f.nat), a));
	/* a stale handle does nothing */
	door_release(&f.worker, f.nat, a, 0);
	/* the same endpoint opens again before the grace period: with another port */
	a = open_door(udp("10.0.0.2", 4000), DOOR_MEDIA, true, 0, &again);
	assert_int_not_equal(again.port, outside.port);
	door_release(&f.worker, f.nat, a, 0);
	stop();
}

static void
media_door_lingers_until_its_deadline(void **state)
{
	struct endpoint outside;
	struct handle handle;
	int rc;

	start();
	handle = open_door(udp("10.0.0.2", 4000), DOOR_MEDIA, true, 0, &outside);
	nat_fixture_flow(&f, binding_find_outside(f.nat, &outside), "198.51.100.7", &rc);
	door_release(&f.worker, f.nat, handle, f.worker.now_s + 32);
	assert_int_equal(nat_media_doors(f.nat), 1);
	nat_fixture_advance(&f, 31);
	nat_fixture_settle(&f);
	assert_true(stands(outside));
	nat_fixture_advance(&f, 1);
	nat_fixture_settle(&f);
	assert_false(stands(outside));
	assert_int_equal(nat_media_doors(f.nat), 0);
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	stop();
}

static void
signalling_door_outlives_its_holder_while_flows_use_it(void **state)
{
	struct endpoint outside;
	struct handle handle;
	struct flow *flow;
	int rc;

	start();
	handle = open_door(udp("10.0.0.2", 5060), DOOR_SIGNALLING, true, 0, &outside);
	flow = nat_fixture_flow(&f, binding_find_outside(f.nat, &outside), "198.51.100.7", &rc);
	door_release(&f.worker, f.nat, handle, 0);
	assert_int_equal(nat_doors(f.nat), 0);
	nat_fixture_advance(&f, 100);
	nat_fixture_settle(&f);
	assert_true(stands(outside));
	flow_remove(&f.worker, f.flows, flow);
	nat_fixture_settle(&f);
	assert_false(stands(outside));
	stop();
}

static void
deadline_keeps_a_door_without_holders_and_only_rises(void **state)
{
	struct endpoint outside;
	uint32_t now;

	start();
	now = f.worker.now_s;
	open_door(udp("10.0.0.2", 5060), DOOR_SIGNALLING, false, now + 60, &outside);
	open_door(udp("10.0.0.2", 5060), DOOR_SIGNALLING, false, now + 10, &outside);
	assert_int_equal(nat_doors(f.nat), 1);
	assert_int_equal(nat_media_doors(f.nat), 0);
	nat_fixture_advance(&f, 59);
	nat_fixture_settle(&f);
	assert_true(stands(outside));
	assert_int_equal(nat_doors(f.nat), 1);
	nat_fixture_advance(&f, 1);
	nat_fixture_settle(&f);
	assert_false(stands(outside));
	assert_int_equal(nat_doors(f.nat), 0);
	stop();
}

static void
holder_outlives_a_deadline(void **state)
{
	struct endpoint outside;
	struct handle handle;

	start();
	handle = open_door(udp("10.0.0.2", 4000), DOOR_MEDIA, true, f.worker.now_s + 5, &outside);
	nat_fixture_advance(&f, 50);
	nat_fixture_settle(&f);
	assert_true(stands(outside));
	assert_int_equal(nat_media_doors(f.nat), 1);
	door_release(&f.worker, f.nat, handle, 0);
	assert_false(stands(outside));
	stop();
}

static void
door_on_a_standing_binding_joins_it(void **state)
{
	struct binding *binding;
	struct endpoint outside;
	struct handle handle;
	int rc;

	start();
	binding = bound(udp("10.0.0.2", 4000));
	nat_fixture_flow(&f, binding, "198.51.100.7", &rc);
	handle = open_door(binding->inside, DOOR_MEDIA, true, 0, &outside);
	assert_int_equal(outside.port, binding->outside.port);
	assert_string_equal(binding_kind_name(binding), "dynamic");
	assert_int_equal(nat_media_doors(f.nat), 1);
	door_release(&f.worker, f.nat, handle, 0);
	assert_false(stands(outside));
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	stop();
}

static void
permanent_binding_loses_its_media_flows_only(void **state)
{
	struct endpoint outside;
	struct binding *fixed;
	struct handle handle;
	int rc;

	start();
	handle = open_door(udp("10.0.0.99", 7000), DOOR_MEDIA, true, 0, &outside);
	assert_int_equal(ntohs(outside.port), 7000);
	assert_int_equal(nat_media_doors(f.nat), 1);
	fixed = binding_find_outside(f.nat, &outside);
	nat_fixture_flow(&f, fixed, "198.51.100.7", &rc);
	door_release(&f.worker, f.nat, handle, 0);
	assert_int_equal(nat_media_doors(f.nat), 0);
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	assert_ptr_equal(binding_find_outside(f.nat, &outside), fixed);
	/* given up once already */
	door_release(&f.worker, f.nat, handle, 0);
	nat_fixture_flow(&f, fixed, "198.51.100.7", &rc);
	assert_int_equal(rc, 0);
	stop();
}

static void
door_without_a_rule_is_refused(void **state)
{
	struct door_spec spec[2] = {{.inside = udp("192.168.1.1", 4000), .hold = true},
		{.inside = udp("192.168.1.1", 4001), .hold = true}};
	struct handle handle[2];
	struct endpoint outside[2];

	start();
	assert_int_equal(door_open(&f.worker, f.nat, spec, handle, outside), -ENOENT);
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), -ENOENT);
	/* one half with a rule is none */
	spec[0].inside = udp("10.0.0.2", 4000);
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), -ENOENT);
	assert_int_equal(nat_doors(f.nat), 0);
	assert_int_equal(nat_ports_used(f.nat), 0);
	stop();
}

static struct handle pair_handle[2];
static struct endpoint pair_outside[2];

static void
open_pair(struct endpoint rtp, struct endpoint rtcp)
{
	struct door_spec spec[2] = {{.inside = rtp, .class = DOOR_MEDIA, .hold = true},
		{.inside = rtcp, .class = DOOR_MEDIA, .hold = true}};

	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, pair_handle, pair_outside), 0);
}

static void
assert_pair(uint16_t rtp, uint16_t rtcp)
{
	assert_int_equal(ntohs(pair_outside[0].port), rtp);
	assert_int_equal(ntohs(pair_outside[1].port), rtcp);
}

static void
release_pair(void)
{
	door_release(&f.worker, f.nat, pair_handle[0], 0);
	door_release(&f.worker, f.nat, pair_handle[1], 0);
}

static void
pair_keeps_the_inside_ports_when_free(void **state)
{
	struct handle first[2];

	start();
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	assert_pair(16384, 16385);
	assert_int_equal(nat_media_doors(f.nat), 2);
	memcpy(first, pair_handle, sizeof(first));
	/* retransmitted: the same, held once more */
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	assert_pair(16384, 16385);
	assert_memory_equal(first, pair_handle, sizeof(first));
	assert_int_equal(nat_media_doors(f.nat), 2);
	assert_int_equal(nat_ports_used(f.nat), 2);
	release_pair();
	assert_int_equal(nat_media_doors(f.nat), 2);
	release_pair();
	assert_int_equal(nat_media_doors(f.nat), 0);
	stop();
}

static void
pair_of_a_second_host_is_even_and_next(void **state)
{
	struct handle first[2];

	start();
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	memcpy(first, pair_handle, sizeof(first));
	open_pair(udp("10.0.0.3", 16384), udp("10.0.0.3", 16385));
	assert_int_not_equal(ntohs(pair_outside[0].port), 16384);
	assert_int_equal(ntohs(pair_outside[0].port) & 1, 0);
	assert_int_equal(ntohs(pair_outside[1].port), ntohs(pair_outside[0].port) + 1);
	release_pair();
	door_release(&f.worker, f.nat, first[0], 0);
	door_release(&f.worker, f.nat, first[1], 0);
	stop();
}

static void
odd_rtp_port_stays_odd(void **state)
{
	start();
	open_pair(udp("10.0.0.2", 16385), udp("10.0.0.2", 16386));
	assert_pair(16385, 16386);
	release_pair();
	/* those ports are not free yet */
	open_pair(udp("10.0.0.2", 16385), udp("10.0.0.2", 16386));
	assert_int_not_equal(ntohs(pair_outside[0].port), 16385);
	assert_int_equal(ntohs(pair_outside[0].port) & 1, 1);
	assert_int_equal(ntohs(pair_outside[1].port), ntohs(pair_outside[0].port) + 1);
	release_pair();
	stop();
}

static void
rtcp_elsewhere_inside_is_the_next_port_outside(void **state)
{
	start();
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 20001));
	assert_pair(16384, 16385);
	assert_int_equal(bound(udp("10.0.0.2", 20001))->outside.port, htons(16385));
	release_pair();
	stop();
}

static void
rtcp_joins_a_standing_rtp_binding(void **state)
{
	struct binding *rtp;

	start();
	rtp = bound(udp("10.0.0.2", 16384));
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	assert_ptr_equal(pool_get(nat_binding_pool(f.nat), pair_handle[0]), rtp);
	assert_pair(16384, 16385);
	release_pair();
	stop();
}

static void
rtcp_takes_what_is_left_when_the_next_port_is_taken(void **state)
{
	start();
	bound(udp("10.0.0.2", 16384));
	bound(udp("10.0.0.3", 16385));
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	assert_int_equal(ntohs(pair_outside[0].port), 16384);
	assert_int_equal(ntohs(pair_outside[1].port) & 1, 1);
	assert_int_not_equal(ntohs(pair_outside[1].port), 16385);
	release_pair();
	stop();
}

static void
rtp_joins_a_standing_rtcp_binding(void **state)
{
	start();
	bound(udp("10.0.0.2", 16385));
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	assert_pair(16384, 16385);
	release_pair();
	/* RTCP on an even outside port: RTP does not become odd for it */
	bound(udp("10.0.0.2", 20002));
	open_pair(udp("10.0.0.2", 20000), udp("10.0.0.2", 20002));
	assert_pair(20000, 20002);
	release_pair();
	stop();
}

static void
both_standing_bindings_are_joined(void **state)
{
	struct binding *rtp, *rtcp;

	start();
	rtp = bound(udp("10.0.0.2", 16384));
	rtcp = bound(udp("10.0.0.2", 20001));
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 20001));
	assert_pair(16384, 20001);
	assert_ptr_equal(pool_get(nat_binding_pool(f.nat), pair_handle[0]), rtp);
	assert_ptr_equal(pool_get(nat_binding_pool(f.nat), pair_handle[1]), rtcp);
	release_pair();
	stop();
}

static void
one_endpoint_for_both_is_one_door(void **state)
{
	start();
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16384));
	assert_pair(16384, 16384);
	assert_int_equal(nat_media_doors(f.nat), 1);
	door_release(&f.worker, f.nat, pair_handle[0], 0);
	assert_int_equal(nat_media_doors(f.nat), 1);
	door_release(&f.worker, f.nat, pair_handle[1], 0);
	assert_int_equal(nat_media_doors(f.nat), 0);
	stop();
}

static void
pair_on_a_static_address_maps_to_itself(void **state)
{
	start();
	open_pair(udp("10.0.0.98", 16385), udp("10.0.0.98", 30000));
	assert_pair(16385, 30000);
	assert_int_equal(pair_outside[0].address, inet_addr("203.0.113.98"));
	assert_int_equal(pair_outside[1].address, inet_addr("203.0.113.98"));
	release_pair();
	/* its endpoints come back at once */
	open_pair(udp("10.0.0.98", 16385), udp("10.0.0.98", 30000));
	assert_pair(16385, 30000);
	release_pair();
	stop();
}

static void
pair_at_the_ends_of_the_port_range(void **state)
{
	struct binding *first, *second;

	start();
	open_pair(udp("10.0.0.2", 65534), udp("10.0.0.2", 65535));
	assert_pair(65534, 65535);
	release_pair();
	open_pair(udp("10.0.0.2", 65531), udp("10.0.0.2", 1));
	assert_pair(65531, 65532);
	release_pair();
	/* no port follows the last: another pair that starts odd */
	open_pair(udp("10.0.0.3", 65535), udp("10.0.0.3", 20000));
	assert_int_equal(ntohs(pair_outside[0].port) & 1, 1);
	assert_int_equal(ntohs(pair_outside[1].port), ntohs(pair_outside[0].port) + 1);
	release_pair();
	/* identifiers of ICMP share keys as ports do, and are not those ports */
	first = bound(proto_endpoint(IPPROTO_ICMP, "10.0.0.2", 65534));
	second = bound(proto_endpoint(IPPROTO_ICMP, "10.0.0.2", 65535));
	assert_int_equal(ntohs(first->outside.port), 65534);
	assert_int_equal(ntohs(second->outside.port), 65535);
	assert_null(binding_find_inside(
		f.nat, &(struct endpoint){inet_addr("10.0.0.2"), htons(65534), IPPROTO_UDP}));
	stop();
}

static void
pair_is_both_or_none(void **state)
{
	struct door_spec spec[2] = {
		{.inside = udp("10.0.0.2", 16384), .class = DOOR_MEDIA, .hold = true},
		{.inside = udp("10.0.0.2", 16385), .class = DOOR_MEDIA, .hold = true}};
	struct handle handle[2];
	struct endpoint outside[2];

	/* ports for less than two */
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 5000, 5002, true);
	nat_fixture_start(&f, 64);
	bound(udp("10.0.0.3", 5001));
	bound(udp("10.0.0.3", 5002));
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), -EADDRNOTAVAIL);
	assert_int_equal(nat_ports_used(f.nat), 2);
	nat_fixture_stop(&f, 0);
	/* objects for less than a pair */
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 3);
	bound(udp("10.0.0.3", 5000));
	bound(udp("10.0.0.3", 5001));
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), -ENOBUFS);
	assert_null(binding_find_inside(f.nat, &spec[0].inside));
	assert_null(binding_find_inside(f.nat, &spec[1].inside));
	assert_int_equal(nat_doors(f.nat), 0);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_used(f.nat), 2);
	assert_int_equal(pool_used(nat_binding_pool(f.nat)), 2);
	nat_fixture_stop(&f, 0);
}

static void
two_ports_apart_are_better_than_none(void **state)
{
	struct door_spec spec[2] = {
		{.inside = udp("10.0.0.2", 16384), .class = DOOR_MEDIA, .hold = true},
		{.inside = udp("10.0.0.2", 16385), .class = DOOR_MEDIA, .hold = true}};
	struct handle handle[2];
	struct endpoint outside[2];

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 5000, 5002, true);
	nat_fixture_start(&f, 64);
	bound(udp("10.0.0.3", 5001));
	assert_int_equal(door_open_pair(&f.worker, f.nat, spec, handle, outside), 0);
	assert_int_equal(ntohs(outside[0].port) + ntohs(outside[1].port), 5000 + 5002);
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(stands(outside[i]));
		door_release(&f.worker, f.nat, handle[i], 0);
	}
	nat_fixture_stop(&f, 0);
}

static void
events_count_doors_and_bindings(void **state)
{
	uint64_t opened = counters_event_sum(EVENT_DOOR_OPENED);
	uint64_t closed = counters_event_sum(EVENT_DOOR_CLOSED);
	uint64_t created = counters_event_sum(EVENT_BINDING_CREATED);
	uint64_t ended = counters_event_sum(EVENT_BINDING_CLOSED);

	start();
	created++; /* the static rule's */
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	open_pair(udp("10.0.0.2", 16384), udp("10.0.0.2", 16385));
	release_pair();
	assert_int_equal(counters_event_sum(EVENT_DOOR_OPENED), opened + 2);
	assert_int_equal(counters_event_sum(EVENT_DOOR_CLOSED), closed);
	release_pair();
	assert_int_equal(counters_event_sum(EVENT_DOOR_CLOSED), closed + 2);
	assert_int_equal(counters_event_sum(EVENT_BINDING_CREATED), created + 2);
	assert_int_equal(counters_event_sum(EVENT_BINDING_CLOSED), ended + 2);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_door_closes_with_its_last_holder_at_once),
		cmocka_unit_test(media_door_lingers_until_its_deadline),
		cmocka_unit_test(signalling_door_outlives_its_holder_while_flows_use_it),
		cmocka_unit_test(deadline_keeps_a_door_without_holders_and_only_rises),
		cmocka_unit_test(holder_outlives_a_deadline),
		cmocka_unit_test(door_on_a_standing_binding_joins_it),
		cmocka_unit_test(permanent_binding_loses_its_media_flows_only),
		cmocka_unit_test(door_without_a_rule_is_refused),
		cmocka_unit_test(pair_keeps_the_inside_ports_when_free),
		cmocka_unit_test(pair_of_a_second_host_is_even_and_next),
		cmocka_unit_test(odd_rtp_port_stays_odd),
		cmocka_unit_test(rtcp_elsewhere_inside_is_the_next_port_outside),
		cmocka_unit_test(rtcp_joins_a_standing_rtp_binding),
		cmocka_unit_test(rtcp_takes_what_is_left_when_the_next_port_is_taken),
		cmocka_unit_test(rtp_joins_a_standing_rtcp_binding),
		cmocka_unit_test(both_standing_bindings_are_joined),
		cmocka_unit_test(one_endpoint_for_both_is_one_door),
		cmocka_unit_test(pair_on_a_static_address_maps_to_itself),
		cmocka_unit_test(pair_at_the_ends_of_the_port_range),
		cmocka_unit_test(pair_is_both_or_none),
		cmocka_unit_test(two_ports_apart_are_better_than_none),
		cmocka_unit_test(events_count_doors_and_bindings),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
