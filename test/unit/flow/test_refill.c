/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A full table that empties at one blow can be filled again to the last place: the hash's slots of
 * deleted keys come back without a further delete. Sizes are far above the spare slots of rte_hash.
 */
#include <errno.h>

#include "flow/pinhole.h"
#include "flow_fixture.h"

enum { FLOWS = 16384, PINHOLES = 32768, SWEEPS = 64, LIFE_S = 10 };

static struct flow_table *flows;
static struct pinhole_table *pinholes;

static int
setup(void **state)
{
	flows = flow_table_create(FLOWS, &fixture_timeouts, SOCKET_ID_ANY);
	assert_non_null(flows);
	pinholes = pinhole_table_create(PINHOLES, flows, SOCKET_ID_ANY);
	assert_non_null(pinholes);
	fixture_owners_make(flows);
	return 0;
}

static int
teardown(void **state)
{
	fixture_quiesce();
	pool_destroy(fixture_owners);
	pinhole_table_destroy(pinholes);
	flow_table_destroy(flows);
	return 0;
}

/* Both tables' sweeps, each step between two quiescent states as the control lcore does it. */
static void
sweep(void)
{
	for (unsigned int i = 0; i < SWEEPS; i++) {
		fixture_quiesce();
		flow_sweep(&control, flows, FLOWS);
		fixture_quiesce();
		pinhole_sweep(&control, pinholes, PINHOLES);
	}
	fixture_quiesce();
}

static uint32_t
flows_fill(struct flow_owner *owner)
{
	void *data;
	uint32_t made = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		struct flow_template template = template_make((uint16_t)(i + 1), IPPROTO_UDP);

		template.owner[FLOW_OWNER_SOURCE] = owner;
		made += flow_create(&worker, flows, &template, &data) == 0;
		rcu_quiescent(worker.id);
		rcu_quiescent(control.id);
	}
	return made;
}

static uint32_t
pinholes_fill(void)
{
	uint32_t made = 0;

	for (uint32_t i = 0; i < PINHOLES; i++) {
		const struct pinhole_spec spec = {
			.key = {.src = 0,
				.dst = rte_cpu_to_be_32(0x0a000001),
				.dst_port = rte_cpu_to_be_16((uint16_t)(i + 1)),
				.proto = IPPROTO_UDP},
			.class = PINHOLE_CONTACT,
			.until_s = worker.now_s + LIFE_S,
		};
		struct handle handle;

		made += pinhole_open(&worker, pinholes, &spec, &handle) == 0;
		fixture_quiesce();
	}
	return made;
}

static void
full_flow_table_expires_and_fills_again(void **state)
{
	for (unsigned int round = 0; round < 3; round++) {
		struct flow_template extra = template_make(FLOWS + 1, IPPROTO_UDP);
		void *data;

		assert_int_equal(flows_fill(NULL), FLOWS);
		assert_int_equal(flow_create(&worker, flows, &extra, &data), -ENOBUFS);
		assert_int_equal(flow_key_count(flows), 2 * FLOWS);
		fixture_advance(fixture_timeouts.udp + 1);
		sweep();
		assert_int_equal(pool_used(flow_pool(flows)), 0);
		assert_int_equal(pool_retired(flow_pool(flows)), 0);
		assert_int_equal(flow_key_count(flows), 0);
	}
}

static void
full_flow_table_loses_its_one_owner_and_fills_again(void **state)
{
	for (unsigned int round = 0; round < 3; round++) {
		struct flow_owner *owner = fixture_owner(1);

		assert_int_equal(flows_fill(owner), FLOWS);
		assert_int_equal(flow_owner_close(&worker, flows, owner), FLOWS);
		sweep();
		assert_int_equal(pool_used(flow_pool(flows)), 0);
	}
}

static void
full_pinhole_table_expires_and_fills_again(void **state)
{
	for (unsigned int round = 0; round < 3; round++) {
		assert_int_equal(pinholes_fill(), PINHOLES);
		fixture_advance(LIFE_S + 1);
		sweep();
		assert_int_equal(pool_used(pinhole_pool(pinholes)), 0);
		assert_int_equal(pool_retired(pinhole_pool(pinholes)), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			full_flow_table_expires_and_fills_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			full_flow_table_loses_its_one_owner_and_fills_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			full_pinhole_table_expires_and_fills_again, setup, teardown),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
