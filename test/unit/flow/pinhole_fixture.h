/* SPDX-License-Identifier: BSD-3-Clause */
/* A pinhole table beside the flow table; every test ends with nothing left in them. */
#ifndef UNIT_FLOW_PINHOLE_FIXTURE_H
#define UNIT_FLOW_PINHOLE_FIXTURE_H

#include "flow/pinhole.h"
#include "flow_fixture.h"

enum { CAPACITY = 32, HOST = 0x0a000001, PEER = 0xc6336401, PORT = 16384, PEER_PORT = 20000 };

static struct flow_table *flows;
static struct pinhole_table *table;

static inline int
setup(void **state)
{
	flows = flow_table_create(256, &fixture_timeouts, SOCKET_ID_ANY);
	assert_non_null(flows);
	table = pinhole_table_create(CAPACITY, flows, SOCKET_ID_ANY);
	assert_non_null(table);
	return 0;
}

static inline int
teardown(void **state)
{
	assert_int_equal(pool_used(pinhole_pool(table)), 0);
	assert_int_equal(pinhole_media_count(table), 0);
	assert_int_equal(flow_key_count(flows), 0);
	assert_int_equal(pool_used(flow_pool(flows)), 0);
	fixture_reclaim(pinhole_pool(table));
	assert_int_equal(pool_retired(pinhole_pool(table)), 0);
	pinhole_table_destroy(table);
	flow_table_destroy(flows);
	return 0;
}

static inline struct pinhole_spec
spec_make(enum pinhole_class class, uint16_t port)
{
	return (struct pinhole_spec){
		.key = {.dst = rte_cpu_to_be_32(HOST),
			.dst_port = rte_cpu_to_be_16(port),
			.proto = IPPROTO_UDP},
		.class = class,
		.hold = true,
		.holder = {.worker = 0, .call = {1, 1}},
	};
}

static inline struct handle
opened(const struct pinhole_spec *spec)
{
	struct handle handle = HANDLE_NONE;

	assert_int_equal(pinhole_open(&worker, table, spec, &handle), 0);
	assert_non_null(pool_get(pinhole_pool(table), handle));
	return handle;
}

static inline enum pinhole_verdict
match(uint32_t src, uint16_t src_port, uint16_t dst_port, struct pinhole **pinhole)
{
	const struct flow_key key =
		key_make(src, src_port, HOST, dst_port, IPPROTO_UDP, REALM_OUTSIDE);

	return pinhole_match(&worker, table, &key, pinhole);
}

static inline void
peer_announced(struct handle handle)
{
	const struct media_announcement announcement = {
		.count = 1, .peer = {{rte_cpu_to_be_32(PEER), rte_cpu_to_be_16(PEER_PORT)}}};

	pinhole_media_commit(table, handle, &(struct pinhole_holder){0, {1, 1}}, &announcement);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
