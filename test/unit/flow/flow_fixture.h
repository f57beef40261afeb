/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker and a control thread on the test's one lcore, a hand-driven clock, a flow table.
 */
#ifndef UNIT_FLOW_FIXTURE_H
#define UNIT_FLOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "eal_fixture.h"
#include "flow/flow.h"
#include "net/parse.h"

enum { REALM_INSIDE = 4, REALM_OUTSIDE = 8 };

static const struct flow_timeouts fixture_timeouts = {
	.udp = 300, .tcp_established = 7440, .tcp_transitory = 240, .icmp = 60};

static struct thread worker, control;

static inline void
fixture_start(void)
{
	eal_fixture_start();
	keyed_hash_init(1);
	clock_init(true);
	if (rcu_init() != 0)
		exit(1);
	thread_init(&worker, 0);
	thread_init(&control, THREAD_CONTROL);
	rcu_thread_register(worker.id);
	rcu_thread_register(control.id);
}

/* A grace period passes. */
static inline void
fixture_quiesce(void)
{
	rcu_quiescent(worker.id);
	rcu_quiescent(control.id);
}

static inline void
fixture_advance(uint32_t seconds)
{
	clock_set_ms(clock_now_ms() + seconds * UINT64_C(1000));
	thread_refresh_clock(&worker);
	thread_refresh_clock(&control);
}

/* Reclaim everything retired. */
static inline void
fixture_reclaim(struct pool *pool)
{
	for (unsigned int i = 0; i < 4; i++) {
		fixture_quiesce();
		pool_reclaim(pool, pool_capacity(pool));
	}
}

static inline struct flow_key
key_make(uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port, uint8_t proto,
	uint8_t realm)
{
	return (struct flow_key){
		.src = rte_cpu_to_be_32(src),
		.dst = rte_cpu_to_be_32(dst),
		.src_port = rte_cpu_to_be_16(src_port),
		.dst_port = rte_cpu_to_be_16(dst_port),
		.proto = proto,
		.realm = realm,
	};
}

/* Inside 10.0.0.1:port to 198.51.100.1:5060, translated to 203.0.113.1:port + 1000. */
static inline struct flow_template
template_make(uint16_t port, uint8_t proto)
{
	const uint16_t far = proto == IPPROTO_ICMP ? port : 5060;
	const uint16_t out = port + 1000;

	return (struct flow_template){
		.key = {key_make(0x0a000001, port, 0xc6336401, far, proto, REALM_INSIDE),
			key_make(0xc6336401, proto == IPPROTO_ICMP ? out : far, 0xcb007101, out,
				proto, REALM_OUTSIDE)},
		.egress = {1, 0},
		.ruleset_generation = 7,
	};
}

/* Owners as bindings and pinholes are: parts of pooled objects. */
struct fixture_owner {
	struct pool_object object;
	struct flow_owner flows;
};

enum { FIXTURE_OWNERS = 8 };

static struct pool *fixture_owners;

static inline void
fixture_owners_make(struct flow_table *table)
{
	fixture_owners = pool_create(
		"owners", FIXTURE_OWNERS, sizeof(struct fixture_owner), SOCKET_ID_ANY, NULL, NULL);
	assert_non_null(fixture_owners);
	for (unsigned int slot = 0; slot < FLOW_OWNERS; slot++)
		flow_table_owners(table, (enum flow_owner_slot)slot, fixture_owners,
			offsetof(struct fixture_owner, flows));
}

/* Number `index` of them, 1 .. FIXTURE_OWNERS, as new. */
static inline struct flow_owner *
fixture_owner(uint32_t index)
{
	struct fixture_owner *owner = pool_at(fixture_owners, index);

	flow_owner_init(&owner->flows);
	return &owner->flows;
}

static inline void *
lookup(struct flow_table *table, const struct flow_key *key)
{
	return flow_lookup(table, key, flow_key_hash(key));
}

#endif
