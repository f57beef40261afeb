/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT between the test's hands: one worker (thread 0, this one), a control thread driven by the
 * test, a clock driven by hand, rules that a test writes into `config` before nat_fixture_start().
 */
#ifndef UNIT_NAT_FIXTURE_H
#define UNIT_NAT_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "../eal_fixture.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "nat/nat.h"

struct nat_fixture {
	struct config config;
	struct config_interface interface;
	struct config_pool pool;
	struct address_range range;
	struct prefix prefix;
	struct config_nat_rule rules[8];
	struct thread worker, control;
	struct flow_table *flows;
	struct nat *nat;
	uint64_t closed_before, opened_before;
};

/* One for all tests: it is big (interfaces by VLAN) and says the same each time. */
static struct interface_table nat_fixture_interfaces;

static inline void
nat_fixture_process(void)
{
	eal_fixture_start();
	keyed_hash_init(1);
	clock_init(true);
	if (rcu_init() < 0 || rcu_thread_register(0) < 0)
		exit(1);
	nat_fixture_interfaces.count = 1;
}

static inline struct endpoint
udp(const char *address, uint16_t port)
{
	return (struct endpoint){inet_addr(address), htons(port), IPPROTO_UDP};
}

static inline struct endpoint
proto_endpoint(uint8_t proto, const char *address, uint16_t port)
{
	return (struct endpoint){inet_addr(address), htons(port), proto};
}

static inline void
nat_fixture_init(struct nat_fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->interface.address_count = 1;
	f->interface.addresses[0].address = inet_addr("203.0.113.1");
	f->config.interfaces = &f->interface;
	f->config.interface_count = 1;
	f->config.nat.pools = &f->pool;
	f->config.nat.pool_count = 1;
	f->config.nat.rules = f->rules;
	f->pool.ranges = &f->range;
	f->pool.range_count = 1;
	f->prefix = (struct prefix){inet_addr("10.0.0.0"), htonl(0xff000000), 8};
}

static inline struct config_nat_rule *
nat_fixture_rule(struct nat_fixture *f)
{
	return &f->rules[f->config.nat.rule_count++];
}

/* 10/8 to the interface's address. */
static inline void
nat_fixture_interface_rule(struct nat_fixture *f)
{
	*nat_fixture_rule(f) = (struct config_nat_rule){.kind = NAT_RULE_DYNAMIC,
		.inside = &f->prefix,
		.inside_count = 1,
		.interface = 0,
		.pool = -1,
		.overload = true};
}

/* 10/8 to first .. last with these ports. */
static inline void
nat_fixture_pool_rule(struct nat_fixture *f, const char *first, const char *last,
	uint16_t first_port, uint16_t last_port, bool overload)
{
	f->range = (struct address_range){inet_addr(first), inet_addr(last)};
	f->pool.ports = (struct port_range){first_port, last_port};
	*nat_fixture_rule(f) = (struct config_nat_rule){.kind = NAT_RULE_DYNAMIC,
		.inside = &f->prefix,
		.inside_count = 1,
		.interface = -1,
		.pool = 0,
		.overload = overload};
}

static inline void
nat_fixture_static_rule(struct nat_fixture *f, uint8_t proto, const char *inside,
	uint16_t inside_port, const char *outside, uint16_t outside_port)
{
	*nat_fixture_rule(f) = (struct config_nat_rule){.kind = NAT_RULE_STATIC,
		.interface = -1,
		.pool = -1,
		.proto = proto,
		.static_inside = inet_addr(inside),
		.static_outside = inet_addr(outside),
		.static_inside_port = inside_port,
		.static_outside_port = outside_port};
}

static inline void
nat_fixture_start(struct nat_fixture *f, uint32_t capacity)
{
	static const struct flow_timeouts timeouts = {300, 7440, 240, 60};

	thread_init(&f->worker, 0);
	thread_init(&f->control, THREAD_CONTROL);
	f->flows = flow_table_create(4096, &timeouts, SOCKET_ID_ANY);
	assert_non_null(f->flows);
	assert_int_equal(nat_create(&f->config, &nat_fixture_interfaces, f->flows, capacity,
				 SOCKET_ID_ANY, &f->nat),
		0);
}

/* Sweep until no object waits for its grace period. */
static inline void
nat_fixture_settle(struct nat_fixture *f)
{
	for (unsigned int i = 0; i < 8; i++) {
		rcu_quiescent(0);
		nat_sweep(&f->control, f->nat, UINT32_MAX);
	}
	assert_int_equal(pool_retired(nat_binding_pool(f->nat)), 0);
}

static inline void
nat_fixture_advance(struct nat_fixture *f, uint32_t seconds)
{
	clock_set_ms(clock_now_ms() + (uint64_t)seconds * 1000);
	thread_refresh_clock(&f->worker);
	thread_refresh_clock(&f->control);
}

/* After all doors were given up and all flows have gone: nothing is left. */
static inline void
nat_fixture_stop(struct nat_fixture *f, uint32_t left)
{
	uint32_t cursor = 0;

	while (!flow_clear_step(&f->control, f->flows, &cursor, 1024))
		;
	nat_fixture_advance(f, 10);
	nat_fixture_settle(f);
	assert_int_equal(nat_doors(f->nat), 0);
	assert_int_equal(nat_media_doors(f->nat), 0);
	assert_int_equal(nat_ports_used(f->nat), 0);
	assert_int_equal(pool_used(nat_binding_pool(f->nat)), left);
	rcu_quiescent(0);
	nat_destroy(f->nat);
	flow_table_destroy(f->flows);
}

/* A flow made through a binding, to a peer. */
static inline struct flow *
nat_fixture_flow(struct nat_fixture *f, struct binding *binding, const char *peer, int *rc)
{
	struct flow_template template = {
		.key = {{.src = binding->inside.address,
				.src_port = binding->inside.port,
				.dst = inet_addr(peer),
				.dst_port = htons(9),
				.proto = binding->inside.proto,
				.realm = 9},
			{.src = inet_addr(peer),
				.src_port = htons(9),
				.dst = binding->outside.address,
				.dst_port = binding->outside.port,
				.proto = binding->inside.proto,
				.realm = 14}},
		.owner = {[FLOW_OWNER_SOURCE] = &binding->flows},
	};
	void *data = NULL;

	*rc = flow_create(&f->worker, f->flows, &template, &data);
	return *rc == 0 ? flow_of_data(data) : NULL;
}

#endif
