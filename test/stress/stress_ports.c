/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outside ports under 1, 2 or 4 workers (the argument), with the control lcore sweeping: a pool of
 * paired hosts, one that overflows, one with blocks, one that leases whole addresses; limits, ports that
 * rest, table additions that fail, and the NAT log, drained too slowly. Workers share their hosts,
 * not their ports.
 *
 * At every moment: a held door's outside endpoint is nobody else's; all held doors of a host of the
 * paired pools are at one address; no two hosts have doors in one block; a leased address has one host.
 * In the end every port, block, lease and host has come back.
 */
#include "config/config.h"
#include "nat/block_priv.h"
#include "nat/nat_priv.h"
#include "stress_hash.h"

enum {
	HOSTS = 6, /* of each pool */
	PORTS_USED = 40, /* inside ports of a worker at each host */
	HOLDS = 24, /* doors a worker has at one time */
	BINDINGS = 512,
	FLOWS = 64,
	HOLD_S = 3,
	SLOTS = 16,
	BLOCK = 64,
};

enum kind { PAIRED, OVERFLOWING, BLOCKS, LEASED, KINDS };

static const struct flow_timeouts timeouts = {
	.udp = 3, .tcp_established = 3, .tcp_transitory = 3, .icmp = 3};
static const uint8_t protos[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

static struct flow_table *flows;
static struct nat *nat;
static uint64_t rounds;
static _Atomic uint64_t opened, pairs, beside, refused_by[4], bound;
static uint32_t free_before[SLOTS][NAT_PROTOS];

/* Who holds an outside endpoint: worker + 1. */
static _Atomic uint32_t holder[SLOTS][NAT_PROTOS][PORTS];
/* Something that belongs to one owner as long as anybody counts: owner << 32 | how many. */
static _Atomic uint64_t place_of_host[KINDS][HOSTS], host_of_block[SLOTS][PORTS / BLOCK],
	host_of_address[SLOTS];

struct hold {
	struct handle handle;
	struct endpoint inside, outside;
	enum kind kind;
	uint32_t host, slot;
};

static void
share_take(_Atomic uint64_t *share, uint32_t owner)
{
	uint64_t old = atomic_load(share), new;

	do {
		MUST((uint32_t)old == 0 || old >> 32 == owner);
		new = (uint64_t)owner << 32 | ((uint32_t)old + 1);
	} while (!atomic_compare_exchange_weak(share, &old, new));
}

static void
share_give(_Atomic uint64_t *share)
{
	MUST((uint32_t)atomic_fetch_sub(share, 1) > 0);
}

static struct endpoint
inside_some(struct thread *self, enum kind kind, uint32_t host)
{
	uint32_t port = self->id * PORTS_USED + random_below(&self->random, PORTS_USED);

	return (struct endpoint){rte_cpu_to_be_32(0x0a000001 + ((uint32_t)kind << 16) + host),
		rte_cpu_to_be_16((uint16_t)(2048 + port)),
		protos[random_below(&self->random, RTE_DIM(protos))], 0};
}

/* The hold stands now: its endpoint is nobody else's, and it is where its pool says. */
static void
hold_begins(struct thread *self, struct hold *hold)
{
	uint32_t port = rte_be_to_cpu_16(hold->outside.port), nobody = 0;
	int slot = rules_slot(nat->rules, hold->outside.address);
	int proto = nat_proto_of(hold->outside.proto);
	uint32_t owner = hold->kind * HOSTS + hold->host + 1;

	MUST(slot >= 0 && slot < SLOTS);
	hold->slot = (uint32_t)slot;
	MUST(hold->outside.proto == hold->inside.proto);
	MUST(atomic_compare_exchange_strong(&holder[slot][proto][port], &nobody, self->id + 1));
	if (hold->kind != OVERFLOWING)
		share_take(&place_of_host[hold->kind][hold->host], (uint32_t)slot + 1);
	if (hold->kind == BLOCKS)
		share_take(&host_of_block[slot][port / BLOCK], owner);
	if (hold->kind == LEASED) {
		share_take(&host_of_address[slot], owner);
		MUST(hold->outside.port == hold->inside.port);
	}
}

/* Before it is given up: from then on anybody may have it. */
static void
hold_ends(const struct hold *hold)
{
	uint32_t port = rte_be_to_cpu_16(hold->outside.port);

	MUST(atomic_exchange(&holder[hold->slot][nat_proto_of(hold->outside.proto)][port], 0) != 0);
	if (hold->kind != OVERFLOWING)
		share_give(&place_of_host[hold->kind][hold->host]);
	if (hold->kind == BLOCKS)
		share_give(&host_of_block[hold->slot][port / BLOCK]);
	if (hold->kind == LEASED)
		share_give(&host_of_address[hold->slot]);
}

static bool
refused(int error)
{
	MUST(error == -EADDRNOTAVAIL || error == -ENOBUFS || error == -EDQUOT || error == -EAGAIN);
	atomic_fetch_add(&refused_by[error == -EADDRNOTAVAIL ? 0
				     : error == -ENOBUFS     ? 1
				     : error == -EDQUOT      ? 2
							     : 3],
		1);
	if (error ==
		-ENOBUFS) /* what has ended comes back when the control lcore has had its turn */
		sched_yield();
	return true;
}

static bool
held_already(const struct hold *held, const struct endpoint *inside)
{
	for (unsigned int i = 0; i < HOLDS; i++)
		if (held[i].handle.index && held[i].inside.address == inside->address &&
			held[i].inside.port == inside->port &&
			held[i].inside.proto == inside->proto)
			return true;
	return false;
}

static struct endpoint
neighbour_of(const struct endpoint *inside)
{
	struct endpoint other = *inside;

	other.port = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(inside->port) ^ 1));
	return other;
}

static void
open_some(struct thread *self, struct hold held[HOLDS], unsigned int n)
{
	enum kind kind = random_below(&self->random, KINDS);
	uint32_t host = random_below(&self->random, HOSTS);
	struct door_spec spec[2] = {
		{.inside = inside_some(self, kind, host), .class = DOOR_MEDIA, .hold = true}};
	bool pair = n + 1 < HOLDS && held[n + 1].handle.index == 0 &&
		    spec[0].inside.proto == IPPROTO_UDP && random_below(&self->random, 2);
	struct endpoint outside[2];
	struct handle handle[2];
	int rc;

	spec[1] = spec[0];
	spec[1].inside = neighbour_of(&spec[0].inside);
	if (held_already(held, &spec[0].inside) || (pair && held_already(held, &spec[1].inside)))
		return;
	rc = pair ? door_open_pair(self, nat, spec, handle, outside)
		  : door_open(self, nat, spec, handle, outside);
	if (rc != 0 && refused(rc))
		return;
	for (unsigned int i = 0; i < (pair ? 2u : 1u); i++) {
		held[n + i] = (struct hold){handle[i], spec[i].inside, outside[i], kind, host, 0};
		hold_begins(self, &held[n + i]);
	}
	atomic_fetch_add(pair ? &pairs : &opened, 1);
}

/*
 * The other half of a pair of which one stands, the odd port first: beside a door at the edge of a block the next
 * port is of another block, which may be another host's.
 */
static void
open_beside(struct thread *self, struct hold held[HOLDS], unsigned int n)
{
	const struct hold *standing = &held[random_below(&self->random, HOLDS)];
	struct door_spec spec[2] = {{.class = DOOR_MEDIA, .hold = true}};
	struct endpoint outside[2], missing;
	struct handle handle[2];
	unsigned int odd, new;
	int rc;

	if (standing->handle.index == 0 || standing->inside.proto != IPPROTO_UDP)
		return;
	missing = neighbour_of(&standing->inside);
	if (held_already(held, &missing))
		return;
	odd = rte_be_to_cpu_16(missing.port) & 1;
	spec[1] = spec[0];
	spec[!odd].inside = missing;
	spec[odd].inside = standing->inside;
	rc = door_open_pair(self, nat, spec, handle, outside);
	if (rc != 0 && refused(rc))
		return;
	new = !odd;
	MUST(endpoint_equal(&outside[!new], &standing->outside));
	door_release(self, nat, handle[!new], 0); /* its first hold is left */
	held[n] = (struct hold){
		handle[new], missing, outside[new], standing->kind, standing->host, 0};
	hold_begins(self, &held[n]);
	atomic_fetch_add(&beside, 1);
}

/* A binding that nobody holds, on a port that no door uses: it comes and goes by the sweep. */
static void
bind_some(struct thread *self)
{
	struct endpoint inside = inside_some(
		self, random_below(&self->random, KINDS), random_below(&self->random, HOSTS));
	struct binding *binding, *found;
	int rc;

	inside.port = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(inside.port) + 8192));
	rc = binding_get(self, nat, &inside, &binding);
	if (rc != 0 && refused(rc))
		return;
	MUST(binding->inside.address == inside.address && binding->inside.port == inside.port);
	MUST(atomic_load(&holder[rules_slot(nat->rules, binding->outside.address)][nat_proto_of(
		     inside.proto)][rte_be_to_cpu_16(binding->outside.port)]) == 0);
	/* nor another binding's, as long as this one stands */
	found = binding_find_outside(nat, &binding->outside);
	MUST(found == binding || !binding_is_open(binding));
	atomic_fetch_add(&bound, 1);
}

static int
work(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];
	struct hold held[HOLDS] = {0};

	for (uint64_t round = 0; round < rounds; round++) {
		unsigned int n = random_below(&self->random, HOLDS);

		if (held[n].handle.index == 0) {
			(random_below(&self->random, 4) ? open_some : open_beside)(self, held, n);
		} else {
			MUST(binding_find_outside(nat, &held[n].outside) ==
				pool_get(nat_binding_pool(nat), held[n].handle));
			hold_ends(&held[n]);
			door_release(self, nat, held[n].handle, 0);
			held[n].handle = HANDLE_NONE;
		}
		if (round % 4 == 0)
			bind_some(self);
		stress_turn(self);
	}
	for (unsigned int i = 0; i < HOLDS; i++)
		if (held[i].handle.index) {
			hold_ends(&held[i]);
			door_release(self, nat, held[i].handle, 0);
		}
	stress_leave(self);
	return 0;
}

static void
control(struct thread *self, uint64_t turn)
{
	nat_sweep(self, nat, 64);
	nat_hold_sweep(self, nat, 1);
	if (turn % 64 == 0)
		nat_log_write(self, nat, 8);
}

static void
everything_has_come_back(struct thread *self)
{
	struct nat_report report;

	rcu_online(THREAD_CONTROL);
	for (unsigned int i = 0; i < 8; i++) {
		clock_set_ms(clock_now_ms() + 10000);
		thread_refresh_clock(self);
		nat_sweep(self, nat, BINDINGS);
		nat_hold_sweep(self, nat, UINT32_MAX);
		rcu_quiescent(THREAD_CONTROL);
	}
	MUST(pool_used(nat_binding_pool(nat)) == 0);
	MUST(pool_retired(nat_binding_pool(nat)) == 0);
	MUST(nat_ports_used(nat) == 0);
	MUST(nat_ports_held(nat) == 0);
	MUST(nat_doors(nat) == 0);
	MUST(nat_hosts(nat) == 0);
	for (uint32_t row = 0; nat_report(nat, row, &report); row++)
		MUST(report.hosts == 0 && report.held == 0 && report.blocks_used == 0 &&
			report.used[NAT_UDP] + report.used[NAT_TCP] + report.used[NAT_ICMP] == 0);
	for (uint32_t slot = 0; slot < nat->rules->address_count; slot++) {
		const struct outside_address *address = &nat->rules->address[slot];

		MUST(!address->leased);
		for (unsigned int p = 0; p < NAT_PROTOS; p++) {
			MUST(port_map_free(address->map[p]) == free_before[slot][p]);
			for (uint32_t port = 0; port < PORTS; port++)
				MUST(port_map_at(address->map[p], (uint16_t)port) == 0);
		}
	}
	rcu_offline(THREAD_CONTROL);
}

/* A prefix of hosts for each kind of pool, each pool of too few ports. */
static bool
start(void)
{
	static struct interface_table interfaces;
	static struct prefix prefix[KINDS];
	static struct address_range range[KINDS];
	static struct config_pool pool[KINDS];
	static struct config_nat_rule rules[KINDS];
	struct config config = {.nat = {.pools = pool,
					.pool_count = KINDS,
					.rules = rules,
					.rule_count = KINDS,
					.port_hold_seconds = HOLD_S,
					.port_hold_percent = 25,
					.log = true}};
	const uint32_t addresses[KINDS] = {3, 3, 2, 4};

	for (uint32_t i = 0; i < KINDS; i++) {
		uint32_t first = 0xcb007100 + 8 * i;

		prefix[i] = (struct prefix){
			rte_cpu_to_be_32(0x0a000000 + (i << 16)), rte_cpu_to_be_32(0xffff0000), 16};
		range[i] = (struct address_range){
			rte_cpu_to_be_32(first), rte_cpu_to_be_32(first + addresses[i] - 1)};
		pool[i] = (struct config_pool){
			.ranges = &range[i], .range_count = 1, .ports = {4096, 4096 + 15}};
		rules[i] = (struct config_nat_rule){.kind = NAT_RULE_DYNAMIC,
			.inside = &prefix[i],
			.inside_count = 1,
			.interface = -1,
			.pool = (int)i,
			.overload = i != LEASED};
	}
	pool[OVERFLOWING].pooling = POOLING_OVERFLOW;
	rules[OVERFLOWING].max_ports_per_host = 9;
	rules[PAIRED].max_new_per_second = 4;
	pool[BLOCKS].ports = (struct port_range){4096, 4096 + 4 * BLOCK - 1};
	pool[BLOCKS].block_size = BLOCK;
	pool[BLOCKS].blocks_per_host = 2;
	flows = flow_table_create(FLOWS, &timeouts, SOCKET_ID_ANY);
	rcu_online(THREAD_CONTROL);
	if (flows == NULL ||
		nat_create(&config, &interfaces, flows, BINDINGS, SOCKET_ID_ANY, &nat) != 0)
		return false;
	rcu_offline(THREAD_CONTROL);
	for (uint32_t slot = 0; slot < nat->rules->address_count; slot++)
		for (unsigned int p = 0; p < NAT_PROTOS; p++)
			free_before[slot][p] = port_map_free(nat->rules->address[slot].map[p]);
	return true;
}

int
main(int count, char **arguments)
{
	stress_workers = count > 1 ? (unsigned int)atoi(arguments[1]) : 2;
	rounds = stress_rounds(count - 1, arguments + 1, 60000, 3000000);
	if (stress_workers < 1 || stress_workers > 8)
		return 1;
	stress_start();
	if (!start())
		return 1;
	/* lines of the log are not what is looked at here */
	rte_openlog_stream(fopen("/dev/null", "w"));
	stress_run(work, control);
	everything_has_come_back(&stress_thread[THREAD_CONTROL]);
	printf("%u workers: opened %lu pairs %lu beside %lu bound %lu, refused: ports %lu tables "
	       "%lu limits "
	       "%lu "
	       "rate %lu; table additions failed %lu\n",
		stress_workers, opened, pairs, beside, bound, refused_by[0], refused_by[1],
		refused_by[2], refused_by[3], stress_hash_failed);
	MUST(opened > 0 && pairs > 0 && beside > 0 && bound > 0 && refused_by[0] > 0 &&
		refused_by[1] > 0 && refused_by[2] > 0 && refused_by[3] > 0 &&
		stress_hash_failed > 0);
	nat_destroy(nat);
	flow_table_destroy(flows);
	return stress_end("ports");
}
