/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doors and bindings under several workers: pairs of one key and of two, single doors and plain
 * bindings on the same few ports, some beside a static rule's, found by both halves, used for flows
 * and released by all at once, some left to their deadline, while the control lcore sweeps, clears
 * and reclaims. Objects and ports are fewer than what all hold at times and additions to the tables
 * fail, so that pairs are undone, too.
 */
#include "config/config.h"
#include "nat/nat_priv.h"
#include "stress_hash.h"

enum {
	HOSTS = 2,
	PORTS_USED = 8, /* of each host */
	FIRST_PORT = 4000,
	STATIC_PORT = 4003, /* of host 0, by a rule */
	HOLDS = 6,
	BINDINGS = 24,
	FLOWS = 128,
	PEERS = 3,
};

static const struct flow_timeouts timeouts = {
	.udp = 3, .tcp_established = 3, .tcp_transitory = 3, .icmp = 3};

static struct flow_table *flows;
static struct nat *nat;
static uint64_t rounds;
static _Atomic uint64_t opened, pairs, undone, bound, found, made, stale, taken, cleared;

struct hold {
	struct handle handle;
	struct endpoint inside, outside;
};

static struct endpoint
inside_of(uint32_t host, uint32_t n)
{
	return (struct endpoint){rte_cpu_to_be_32(0x0a000001 + host),
		rte_cpu_to_be_16((uint16_t)(FIRST_PORT + n)), IPPROTO_UDP};
}

static struct endpoint
inside_some(struct thread *self)
{
	const uint32_t host = random_below(&self->random, HOSTS);

	return inside_of(host, random_below(&self->random, PORTS_USED));
}

static bool
same(const struct endpoint *a, const struct endpoint *b)
{
	return a->address == b->address && a->port == b->port && a->proto == b->proto;
}

/* What a worker holds stands, and is found by either half whatever its neighbour does. */
static void
hold_stands(const struct hold *hold)
{
	struct binding *binding = pool_get(nat_binding_pool(nat), hold->handle);

	MUST(binding != NULL);
	MUST(binding_find_inside(nat, &hold->inside) == binding);
	MUST(binding_find_outside(nat, &hold->outside) == binding);
	if (binding != NULL)
		MUST(same(&binding->inside, &hold->inside) &&
			same(&binding->outside, &hold->outside));
}

/* What rests comes back only when the others have had their turn. */
static bool
refused(int ret)
{
	MUST(ret == -ENOBUFS || ret == -EADDRNOTAVAIL);
	atomic_fetch_add(&undone, 1);
	sched_yield();
	return true;
}

/* Neighbours of one key or of two, in either order, or ports apart. */
static void
door_pair(struct thread *self, struct hold hold[2])
{
	const uint32_t host = random_below(&self->random, HOSTS);
	const uint32_t n = random_below(&self->random, PORTS_USED);
	const uint32_t step = random_below(&self->random, 4) == 0 ? PORTS_USED - 1 : 1;
	struct door_spec spec[2];
	struct handle handle[2];
	struct endpoint outside[2];
	int ret;

	for (unsigned int i = 0; i < 2; i++)
		spec[i] = (struct door_spec){.inside = inside_of(host, (n + i * step) % PORTS_USED),
			.class = DOOR_MEDIA,
			.hold = true};
	ret = door_open_pair(self, nat, spec, handle, outside);
	if (ret != 0 && refused(ret))
		return;
	for (unsigned int i = 0; i < 2; i++) {
		hold[i] = (struct hold){handle[i], spec[i].inside, outside[i]};
		hold_stands(&hold[i]);
	}
	atomic_fetch_add(&pairs, 1);
}

static void
door_some(struct thread *self, struct hold *hold)
{
	struct door_spec spec = {.inside = inside_some(self), .class = DOOR_MEDIA, .hold = true};
	struct handle handle;
	struct endpoint outside;
	int ret;

	if (random_below(&self->random, 4) == 0) {
		spec.class = DOOR_SIGNALLING;
		spec.until_s = self->now_s + random_below(&self->random, 2);
	}
	ret = door_open(self, nat, &spec, &handle, &outside);
	if (ret != 0 && refused(ret))
		return;
	*hold = (struct hold){handle, spec.inside, outside};
	hold_stands(hold);
	atomic_fetch_add(&opened, 1);
}

/* A packet: from inside, which makes the binding, or from outside to wherever somebody is. */
static void
packet_some(struct thread *self, const struct hold *seen)
{
	const struct endpoint inside = inside_some(self);
	const bool outward = random_below(&self->random, 2) == 0;
	struct flow_template template = {0};
	struct binding *binding = NULL;
	struct endpoint peer;
	void *data;
	int ret;

	if (outward && random_below(&self->random, 4) == 0) {
		ret = binding_get(self, nat, &inside, &binding);
		if (ret != 0 && refused(ret))
			return;
		MUST(same(&binding->inside, &inside));
		atomic_fetch_add(&bound, 1);
	} else if (outward) {
		binding = binding_find_inside(nat, &inside);
		MUST(binding == NULL || same(&binding->inside, &inside));
	} else if (seen->outside.port != 0) {
		binding = binding_find_outside(nat, &seen->outside);
		MUST(binding == NULL || same(&binding->outside, &seen->outside));
	}
	if (binding == NULL)
		return;
	atomic_fetch_add(&found, 1);
	peer = (struct endpoint){rte_cpu_to_be_32(0xc6336401 + random_below(&self->random, PEERS)),
		rte_cpu_to_be_16(9), IPPROTO_UDP};
	template.key[!outward] = (struct flow_key){.src = binding->inside.address,
		.src_port = binding->inside.port,
		.dst = peer.address,
		.dst_port = peer.port,
		.proto = IPPROTO_UDP,
		.realm = 9};
	template.key[outward] = (struct flow_key){.src = peer.address,
		.src_port = peer.port,
		.dst = binding->outside.address,
		.dst_port = binding->outside.port,
		.proto = IPPROTO_UDP,
		.realm = 14};
	template.owner[outward ? FLOW_OWNER_SOURCE : FLOW_OWNER_DESTINATION] = &binding->flows;
	ret = flow_create(self, flows, &template, &data);
	if (ret == 0)
		atomic_fetch_add(&made, 1);
	else if (ret == -ESTALE)
		atomic_fetch_add(&stale, 1);
	else if (ret == -EADDRINUSE)
		atomic_fetch_add(&taken, 1);
	else
		MUST(ret == 1 || ret == -ENOBUFS || ret == -ENOSPC);
}

static int
work(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];
	struct hold held[HOLDS] = {0}, last = {0};

	for (uint64_t round = 0; round < rounds; round++) {
		const uint32_t n = random_below(&self->random, HOLDS);
		struct hold *place = &held[n];

		if (place->handle.index == 0 && n + 1 < HOLDS && place[1].handle.index == 0) {
			door_pair(self, place);
		} else if (place->handle.index == 0) {
			door_some(self, place);
		} else {
			last = *place;
			door_release(
				self, nat, place->handle, round % 16 == 0 ? self->now_s + 1 : 0);
			place->handle = HANDLE_NONE;
		}
		for (unsigned int i = 0; i < HOLDS; i++)
			if (held[i].handle.index != 0)
				hold_stands(&held[i]);
		packet_some(self, &last);
		stress_turn(self);
	}
	for (unsigned int i = 0; i < HOLDS; i++)
		door_release(self, nat, held[i].handle, 0);
	stress_leave(self);
	return 0;
}

static void
control(struct thread *self, uint64_t turn)
{
	static uint32_t cursor;

	nat_sweep(self, nat, 16);
	flow_sweep(self, flows, 16);
	if (turn % 8 == 0 && nat_clear_step(self, nat, &cursor, 4)) {
		cursor = 0;
		atomic_fetch_add(&cleared, 1);
	}
}

static void
nothing_is_left(struct thread *self)
{
	rcu_online(THREAD_CONTROL);
	for (unsigned int i = 0; i < 8; i++) {
		clock_set_ms(clock_now_ms() + 10000);
		thread_refresh_clock(self);
		flow_sweep(self, flows, FLOWS);
		nat_sweep(self, nat, BINDINGS + 1);
		rcu_quiescent(THREAD_CONTROL);
	}
	/* the static rule's */
	MUST(pool_used(nat_binding_pool(nat)) == 1);
	MUST(pool_retired(nat_binding_pool(nat)) == 0);
	MUST(nat_ports_used(nat) == 0);
	/* a host stands until its last flow has been uncounted; that of the static rule stands always */
	MUST(nat_hosts(nat) == 0);
	MUST(atomic_load(static_account(nat, inside_of(0, 0).address)) == 0);
	MUST(nat_doors(nat) == 0);
	MUST(nat_media_doors(nat) == 0);
	MUST(pool_used(flow_pool(flows)) == 0);
	MUST(flow_key_count(flows) == 0);
	MUST(counters_event_sum(EVENT_BINDING_CREATED) ==
		counters_event_sum(EVENT_BINDING_CLOSED) + 1);
	MUST(counters_event_sum(EVENT_DOOR_OPENED) == counters_event_sum(EVENT_DOOR_CLOSED));
	for (uint32_t host = 0; host < HOSTS; host++)
		for (uint32_t n = 0; n < PORTS_USED; n++) {
			const struct endpoint inside = inside_of(host, n);
			const bool fixed = host == 0 && FIRST_PORT + n == STATIC_PORT;

			MUST((binding_find_inside(nat, &inside) != NULL) == fixed);
		}
	rcu_offline(THREAD_CONTROL);
}

/* Both hosts to one address with few ports; one port of the first to an address of its own. */
static bool
start(void)
{
	static struct interface_table interfaces;
	struct prefix prefix = {rte_cpu_to_be_32(0x0a000000), rte_cpu_to_be_32(0xff000000), 8};
	struct address_range range = {rte_cpu_to_be_32(0xcb007101), rte_cpu_to_be_32(0xcb007101)};
	struct config_pool pool = {
		.ranges = &range, .range_count = 1, .ports = {FIRST_PORT, FIRST_PORT + 23}};
	struct config_nat_rule rules[2] = {
		{.kind = NAT_RULE_DYNAMIC,
			.inside = &prefix,
			.inside_count = 1,
			.interface = -1,
			.pool = 0,
			.overload = true},
		{.kind = NAT_RULE_STATIC,
			.interface = -1,
			.pool = -1,
			.proto = IPPROTO_UDP,
			.static_inside = rte_cpu_to_be_32(0x0a000001),
			.static_inside_port = STATIC_PORT,
			.static_outside = rte_cpu_to_be_32(0xcb007109),
			.static_outside_port = 7000},
	};
	struct config config = {
		.nat = {.pools = &pool, .pool_count = 1, .rules = rules, .rule_count = 2}};

	flows = flow_table_create(FLOWS, &timeouts, SOCKET_ID_ANY);
	rcu_online(THREAD_CONTROL);
	if (flows == NULL ||
		nat_create(&config, &interfaces, flows, BINDINGS, SOCKET_ID_ANY, &nat) != 0)
		return false;
	rcu_offline(THREAD_CONTROL);
	return true;
}

int
main(int count, char **arguments)
{
	rounds = stress_rounds(count, arguments, 50000, 1000000);
	stress_start();
	if (!start())
		return 1;
	stress_run(work, control);
	nothing_is_left(&stress_thread[THREAD_CONTROL]);
	printf("opened %lu pairs %lu refused %lu bound %lu found %lu made %lu stale %lu taken %lu "
	       "cleared %lu failed %lu\n",
		opened, pairs, undone, bound, found, made, stale, taken, cleared,
		stress_hash_failed);
	MUST(opened > 0 && pairs > 0 && undone > 0 && bound > 0 && made > 0 && cleared > 0 &&
		stress_hash_failed > 0);
	nat_destroy(nat);
	flow_table_destroy(flows);
	return stress_end("door");
}
