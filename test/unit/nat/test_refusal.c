/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bindings that the table of inside keys or the pool refuses. Nobody has seen one of them, so that
 * no flow can hang on it, and all that was taken for it is back at once. The table's additions are
 * wrapped: they look for the binding as a packet from outside would, and fail when told to.
 */
#include "nat_fixture.h"

#include <rte_hash.h>

enum { CAPACITY = 16 };

static struct nat_fixture f;
static unsigned int additions, fail_at; /* which addition from now fails; 0: none */
static struct endpoint watched[2];
static bool found_too_early;
static uint64_t created, closed;

int __real_rte_hash_add_key_with_hash_data(
	const struct rte_hash *hash, const void *key, hash_sig_t signature, void *data);
int __wrap_rte_hash_add_key_with_hash_data(
	const struct rte_hash *hash, const void *key, hash_sig_t signature, void *data);

int
__wrap_rte_hash_add_key_with_hash_data(
	const struct rte_hash *hash, const void *key, hash_sig_t signature, void *data)
{
	if (f.nat && ++additions == fail_at) {
		for (unsigned int i = 0; i < 2; i++)
			if (watched[i].port && binding_find_outside(f.nat, &watched[i]))
				found_too_early = true;
		return -ENOSPC;
	}
	return __real_rte_hash_add_key_with_hash_data(hash, key, signature, data);
}

static void
fail_addition(unsigned int number)
{
	additions = 0;
	fail_at = number;
}

/* Where the binding of an inside port will be: at the interface's address, the port is free. */
static struct endpoint
outside_of(uint16_t port)
{
	return udp("203.0.113.1", port);
}

static struct binding *
outside_found(uint16_t port)
{
	const struct endpoint outside = outside_of(port);

	return binding_find_outside(f.nat, &outside);
}

static struct binding *
inside_found(uint16_t port)
{
	const struct endpoint inside = udp("10.0.0.2", port);

	return binding_find_inside(f.nat, &inside);
}

static int
setup(void **state)
{
	fail_addition(0);
	memset(watched, 0, sizeof(watched));
	found_too_early = false;
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_static_rule(&f, 0, "10.0.0.98", 0, "203.0.113.98", 0);
	nat_fixture_start(&f, CAPACITY);
	created = counters_event_sum(EVENT_BINDING_CREATED);
	closed = counters_event_sum(EVENT_BINDING_CLOSED);
	return 0;
}

static int
teardown(void **state)
{
	assert_false(found_too_early);
	nat_fixture_stop(&f, 0);
	assert_int_equal(counters_event_sum(EVENT_BINDING_CREATED) - created,
		counters_event_sum(EVENT_BINDING_CLOSED) - closed);
	return 0;
}

/* As if nothing had been asked for, without any grace period. */
static void
assert_standing(uint32_t bindings, uint32_t ports)
{
	assert_int_equal(pool_used(nat_binding_pool(f.nat)), bindings);
	assert_int_equal(pool_retired(nat_binding_pool(f.nat)), 0);
	assert_int_equal(nat_ports_used(f.nat), ports);
	assert_int_equal(nat_doors(f.nat), 0);
}

static int
get(const char *address, uint16_t port)
{
	struct endpoint inside = udp(address, port);
	struct binding *binding;

	return binding_get(&f.worker, f.nat, &inside, &binding);
}

static int
open_pair(const char *address, uint16_t rtp, uint16_t rtcp, struct handle handle[2])
{
	const struct door_spec spec[2] = {
		{.inside = udp(address, rtp), .class = DOOR_MEDIA, .hold = true},
		{.inside = udp(address, rtcp), .class = DOOR_MEDIA, .hold = true}};
	struct endpoint outside[2];

	return door_open_pair(&f.worker, f.nat, spec, handle, outside);
}

static void
release_pair(const struct handle handle[2])
{
	door_release(&f.worker, f.nat, handle[0], 0);
	door_release(&f.worker, f.nat, handle[1], 0);
}

static void
binding_that_found_no_room_was_never_seen(void **state)
{
	watched[0] = outside_of(4000);
	fail_addition(1);
	assert_int_equal(get("10.0.0.2", 4000), -ENOBUFS);
	assert_standing(0, 0);
	/* the same port again: it is free already */
	assert_int_equal(get("10.0.0.2", 4000), 0);
	assert_non_null(binding_find_outside(f.nat, &watched[0]));
}

static void
pair_that_found_no_room_was_never_seen(void **state)
{
	struct handle handle[2];

	/* RTP first and last: the even one and the odd one of the key */
	for (unsigned int odd = 0; odd < 2; odd++) {
		const uint16_t rtp = (uint16_t)(16384 + odd), rtcp = (uint16_t)(16385 - odd);

		/* an odd RTP port has the next outside for RTCP, the even one */
		watched[0] = outside_of(rtp);
		watched[1] = outside_of((uint16_t)(rtp + 1));
		fail_addition(1);
		assert_int_equal(open_pair("10.0.0.2", rtp, rtcp, handle), -ENOBUFS);
		assert_standing(0, 0);
	}
	assert_int_equal(open_pair("10.0.0.2", 16384, 16385, handle), 0);
	assert_non_null(outside_found(16384));
	assert_non_null(outside_found(16385));
	release_pair(handle);
}

static void
pair_on_a_static_address_that_found_no_room_leaves_it_free(void **state)
{
	struct handle handle[2];

	watched[0] = udp("203.0.113.98", 16384);
	watched[1] = udp("203.0.113.98", 16385);
	fail_addition(1);
	assert_int_equal(open_pair("10.0.0.98", 16384, 16385, handle), -ENOBUFS);
	assert_standing(0, 0);
	assert_int_equal(open_pair("10.0.0.98", 16384, 16385, handle), 0);
	release_pair(handle);
}

static void
first_of_two_keys_goes_when_the_second_finds_no_room(void **state)
{
	struct handle handle[2];

	watched[1] = outside_of(16385);
	fail_addition(2);
	assert_int_equal(open_pair("10.0.0.2", 16384, 20001, handle), -ENOBUFS);
	assert_null(outside_found(16384));
	assert_null(inside_found(16384));
	assert_int_equal(counters_event_sum(EVENT_BINDING_CREATED) - created, 1);
	assert_int_equal(counters_event_sum(EVENT_BINDING_CLOSED) - closed, 1);
	/* that one could be found: its port rests a grace period */
	nat_fixture_settle(&f);
	assert_standing(0, 0);
}

static void
beside_a_neighbour_there_is_always_room(void **state)
{
	struct handle handle[2];

	assert_int_equal(get("10.0.0.2", 16385), 0);
	fail_addition(1);
	assert_int_equal(get("10.0.0.2", 16384), 0);
	assert_int_equal(additions, 0);
	assert_int_equal(get("10.0.0.2", 20001), -ENOBUFS);
	assert_standing(2, 2);
	assert_int_equal(get("10.0.0.2", 20001), 0);
	fail_addition(1);
	assert_int_equal(open_pair("10.0.0.2", 20000, 20001, handle), 0);
	assert_int_equal(additions, 0);
	fail_addition(0);
	release_pair(handle);
}

static void
pair_for_which_one_object_is_left_takes_nothing(void **state)
{
	struct handle handle[2];

	for (uint16_t i = 0; i + 1 < CAPACITY; i++)
		assert_int_equal(get("10.0.0.3", (uint16_t)(5000 + i)), 0);
	assert_int_equal(open_pair("10.0.0.2", 16384, 16385, handle), -ENOBUFS);
	assert_standing(CAPACITY - 1, CAPACITY - 1);
	assert_null(inside_found(16384));
	assert_null(inside_found(16385));
	/* the last object is still there */
	assert_int_equal(get("10.0.0.2", 16384), 0);
	assert_int_equal(get("10.0.0.2", 16385), -ENOBUFS);
	assert_standing(CAPACITY, CAPACITY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(binding_that_found_no_room_was_never_seen),
		TEST(pair_that_found_no_room_was_never_seen),
		TEST(pair_on_a_static_address_that_found_no_room_leaves_it_free),
		TEST(first_of_two_keys_goes_when_the_second_finds_no_room),
		TEST(beside_a_neighbour_there_is_always_room),
		TEST(pair_for_which_one_object_is_left_takes_nothing),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
