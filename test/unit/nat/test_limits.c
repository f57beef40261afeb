/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * At the limits: no port left, no binding left. What is refused leaves nothing behind, and after
 * everything has expired the same number fits again: ports, bindings and the hash's key slots.
 */
#include "nat_fixture.h"

enum {
	ROUNDS = 3,
	HOSTS_PORTS = 60000, /* inside ports used of one host */
	EXPIRY_S = 5, /* beyond the grace of a binding without flows */
};

static struct endpoint
inside(uint32_t number)
{
	return (struct endpoint){htonl(0x0a000001 + number / HOSTS_PORTS),
		htons((uint16_t)(1 + number % HOSTS_PORTS)), IPPROTO_UDP};
}

/* Bindings one after the other until one is refused; *rc says why. */
static uint32_t
fill(struct nat_fixture *f, uint32_t most, int *rc)
{
	uint32_t made;

	for (made = 0; made < most; made++) {
		struct endpoint endpoint = inside(made);
		struct binding *binding;

		*rc = binding_get(&f->worker, f->nat, &endpoint, &binding);
		if (*rc != 0)
			break;
		rcu_quiescent(0);
	}
	return made;
}

static void
expire(struct nat_fixture *f)
{
	nat_fixture_advance(f, EXPIRY_S);
	nat_fixture_settle(f);
	assert_int_equal(pool_used(nat_binding_pool(f->nat)), 0);
	assert_int_equal(nat_ports_used(f->nat), 0);
}

/* 1 to 65535 in four classes of parity and range: an interface rule gives out every one. */
static void
interface_address_gives_out_every_port_each_time(void **state)
{
	struct nat_fixture f;
	int rc;

	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 2 * 65536);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct endpoint refused = inside(0);
		uint32_t made = 0;

		refused.address = htonl(0x0a010000);
		/* each inside port has the same outside port: all classes fill evenly */
		for (uint32_t port = 1; port <= UINT16_MAX; port++) {
			struct endpoint endpoint = {
				htonl(0x0a000001), htons((uint16_t)port), IPPROTO_UDP};
			struct binding *binding;

			rcu_quiescent(0);
			made += binding_get(&f.worker, f.nat, &endpoint, &binding) == 0;
		}
		assert_int_equal(made, UINT16_MAX);
		rc = 0;
		for (unsigned int again = 0; again < 3; again++) {
			struct binding *binding;

			rc = binding_get(&f.worker, f.nat, &refused, &binding);
			assert_int_equal(rc, -EADDRNOTAVAIL);
		}
		assert_int_equal(nat_ports_used(f.nat), UINT16_MAX);
		assert_int_equal(pool_used(nat_binding_pool(f.nat)), UINT16_MAX);
		expire(&f);
	}
	nat_fixture_stop(&f, 0);
}

static void
binding_pool_fills_to_the_last_each_time(void **state)
{
	struct nat_fixture f;
	const uint32_t capacity = 100000;
	int rc;

	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.1", "203.0.113.4", 1024, 65535, true);
	f.pool.pooling = POOLING_OVERFLOW;
	nat_fixture_start(&f, capacity);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		assert_int_equal(fill(&f, 2 * capacity, &rc), capacity);
		assert_int_equal(rc, -ENOBUFS);
		/* a refusal keeps no port */
		assert_int_equal(nat_ports_used(f.nat), capacity);
		expire(&f);
	}
	nat_fixture_stop(&f, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interface_address_gives_out_every_port_each_time),
		cmocka_unit_test(binding_pool_fills_to_the_last_each_time),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
