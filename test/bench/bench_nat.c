/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new binding costs, and how long the search for a port takes when few are left.
 *
 * Bindings: with 1,000, 1 M and 4 M standing, bindings are made in batches of 32, timed, and closed again,
 * not timed; each is of an inside endpoint never seen before, of hosts that have 100 ports each as
 * a rule and one of 72 outside addresses. With one worker, and with two at once. Beside it, in the same
 * rounds, the floor: one key of the same size added to an rte_hash of the same recipe that holds as
 * many.
 *
 * Ports: one address, filled to 50, 90 and 99 % of its 64,512 ports, whose inside port is always taken,
 * so that every choice is a search; what was chosen is given back, not timed, by others at random.
 *
 * Memory: what the tables of a flow and of a binding take for each, from the rooms' own sums.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "config/config.h"
#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "flow/shared_hash.h"
#include "nat/nat_priv.h"

enum {
	BATCH = 32,
	BATCHES = 1000,
	WORKERS = 2,
	PORTS_A_HOST = 100,
	ADDRESSES = 72,
	BINDINGS_MAX = 4000000,
	CAPACITY = BINDINGS_MAX + 65536,
	FIRST_PORT = 1024,
	CHOICES = 200000,
};

static int tables; /* heap of the tables, as callgate makes one */
static struct nat *nat;
static struct rte_hash *floor_table;
static struct thread worker[WORKERS], control;
static double figures[WORKERS][2][BATCHES]; /* ns: binding, floor */
static uint32_t next_number[WORKERS];

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(EXIT_FAILURE, "bench_nat: %s\n", what);
}

static int
figure_compare(const void *a, const void *b)
{
	const double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static double
ns_since(uint64_t start, unsigned int count)
{
	return (double)(rte_rdtsc_precise() - start) * 1e9 / (double)rte_get_tsc_hz() / count;
}

/* Transparent huge pages where the kernel gives them: callgate does the same. */
static void
heap_make(void)
{
	const size_t page = (size_t)2 << 20, length = (size_t)2560 << 20;
	char *memory = mmap(NULL, length + page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	check(memory != MAP_FAILED, "memory");
	memory = RTE_PTR_ALIGN_CEIL(memory, page);
	madvise(memory, length, MADV_HUGEPAGE);
	check(rte_malloc_heap_create("tables") == 0 &&
			rte_malloc_heap_memory_add("tables", memory, length, NULL,
				(unsigned int)(length / page), page) == 0,
		"heap");
	tables = rte_malloc_heap_get_socket("tables");
}

static void
nat_make(void)
{
	static const struct flow_timeouts timeouts = {300, 7440, 240, 60};
	static struct interface_table interfaces;
	static struct prefix prefix;
	static struct address_range range;
	static struct config_pool pool;
	static struct config_nat_rule rule;
	struct config config = {
		.nat = {.pools = &pool, .pool_count = 1, .rules = &rule, .rule_count = 1}};
	struct flow_table *flows = flow_table_create(1024, &timeouts, tables);

	prefix = (struct prefix){inet_addr("10.0.0.0"), htonl(0xff000000), 8};
	range = (struct address_range){htonl(0xcb007100), htonl(0xcb007100 + ADDRESSES - 1)};
	pool = (struct config_pool){
		.ranges = &range, .range_count = 1, .ports = {FIRST_PORT, UINT16_MAX}};
	rule = (struct config_nat_rule){.kind = NAT_RULE_DYNAMIC,
		.inside = &prefix,
		.inside_count = 1,
		.interface = -1,
		.pool = 0,
		.overload = true};
	check(flows != NULL && nat_create(&config, &interfaces, flows, CAPACITY, tables, &nat) == 0,
		"tables");
	floor_table = shared_hash_create("floor", CAPACITY, sizeof(struct inside_key), tables);
	check(floor_table != NULL, "floor");
}

/* Each number is another inside endpoint; those of one host come one after the other. */
static struct endpoint
inside_of(uint32_t number)
{
	uint32_t host = number / PORTS_A_HOST, port = number % PORTS_A_HOST;

	return (struct endpoint){htonl(0x0a000001 + host),
		htons((uint16_t)(20000 + 7 * port + host % 997)), IPPROTO_UDP, 0};
}

static void
floor_add(uint32_t number)
{
	struct inside_ref ref =
		inside_ref_make(&(struct endpoint){htonl(number), 0, IPPROTO_UDP, 0});

	check(rte_hash_add_key_with_hash_data(floor_table, &ref.key, ref.hash, nat) == 0, "floor");
}

static void
floor_delete(uint32_t number)
{
	struct inside_ref ref =
		inside_ref_make(&(struct endpoint){htonl(number), 0, IPPROTO_UDP, 0});

	check(rte_hash_del_key_with_hash(floor_table, &ref.key, ref.hash) >= 0, "floor");
}

static struct binding *
binding_add(struct thread *self, uint32_t number)
{
	struct endpoint inside = inside_of(number);
	struct binding *binding;

	check(binding_get(self, nat, &inside, &binding) == 0, "binding");
	return binding;
}

static void
binding_end(struct thread *self, struct binding *binding)
{
	struct inside_ref ref = inside_ref_make(&binding->inside);

	stripe_lock(nat, ref.stripe);
	binding_close_begin(self, nat, &ref, binding);
	stripe_unlock(nat, ref.stripe);
	binding_close_end(self, nat, binding);
}

static int
batches_run(void *argument)
{
	struct thread *self = argument;
	struct binding *made[BATCH];

	for (unsigned int i = 0; i < BATCHES; i++) {
		uint32_t number = next_number[self->id];
		uint64_t start = rte_rdtsc_precise();

		for (unsigned int k = 0; k < BATCH; k++)
			made[k] = binding_add(self, number + k);
		figures[self->id][0][i] = ns_since(start, BATCH);
		start = rte_rdtsc_precise();
		for (unsigned int k = 0; k < BATCH; k++)
			floor_add(number + k);
		figures[self->id][1][i] = ns_since(start, BATCH);
		for (unsigned int k = 0; k < BATCH; k++) {
			binding_end(self, made[k]);
			floor_delete(number + k);
		}
		rcu_quiescent(self->id);
		next_number[self->id] += BATCH;
	}
	rcu_offline(self->id);
	return 0;
}

static void
housekeeping(void)
{
	rcu_online(THREAD_CONTROL);
	nat_sweep(&control, nat, 4096);
	rcu_offline(THREAD_CONTROL);
}

static void
batches_show(uint32_t standing, unsigned int workers)
{
	for (unsigned int i = 0; i < workers; i++) {
		next_number[i] = BINDINGS_MAX + (i + 1) * 1000000;
		rcu_online(i);
		rte_eal_remote_launch(batches_run, &worker[i], i + 1);
	}
	while (rte_eal_get_lcore_state(1) == RUNNING ||
		(workers > 1 && rte_eal_get_lcore_state(2) == RUNNING)) {
		housekeeping();
		/* the same worker may share our core */
		rte_delay_us_sleep(200);
	}
	rte_eal_mp_wait_lcore();
	for (unsigned int i = 0; i < workers; i++) {
		for (unsigned int what = 0; what < 2; what++)
			qsort(figures[i][what], BATCHES, sizeof(double), figure_compare);
		printf("  %9u  %u of %u  %7.0f (%.0f)  %7.0f (%.0f)  %5.2f\n", standing, i + 1,
			workers, figures[i][0][0], figures[i][0][BATCHES / 2], figures[i][1][0],
			figures[i][1][BATCHES / 2], 1e3 / figures[i][0][BATCHES / 2]);
	}
	housekeeping();
}

static void
bindings_measure(void)
{
	static const uint32_t standing[] = {1000, 1000000, BINDINGS_MAX};
	uint32_t number = 0;

	printf("\nNew bindings, ns each, best batch of %u (median); of the medians, million a "
	       "second\n"
	       "   standing  worker     binding        rte_hash add\n",
		BATCHES);
	for (unsigned int i = 0; i < RTE_DIM(standing); i++) {
		rcu_online(0);
		for (; number < standing[i]; number++) {
			binding_add(&worker[0], number);
			floor_add(number);
			if (number % 256 == 0)
				rcu_quiescent(0);
		}
		rcu_offline(0);
		for (unsigned int workers = 1; workers <= WORKERS; workers++)
			batches_show(standing[i], workers);
	}
	printf("  %u hosts, %u translations\n", nat_hosts(nat), pool_used(nat_binding_pool(nat)));
}

static int
choose(struct port_map *map, struct random *random, bool pair, unsigned int n)
{
	return pair ? port_map_choose_pair(map, random, 20000)
		    : port_map_choose(map, random, (uint16_t)(20000 + (n & 1)), false);
}

/* What goes is what came some time, ports alone or pairs, so that the level stays and free ones are
 * nowhere in particular. */
static void
choice_measure(unsigned int percent, bool pair)
{
	static double ns[CHOICES / BATCH];
	static uint16_t taken[PORTS];
	struct port_map *map = rte_zmalloc("map", sizeof(*map), RTE_CACHE_LINE_SIZE);
	struct random random = {.stream = 77};
	uint32_t count = 0;

	check(map != NULL, "map");
	port_map_init(map);
	port_map_allow(map, FIRST_PORT, UINT16_MAX);
	check(port_map_claim(map, 20000) && port_map_claim(map, 20001), "ports");
	for (; port_map_used(map) < map->allocatable / 100 * percent; count++) {
		int port = choose(map, &random, pair, count);

		check(port >= 0, "ports");
		taken[count] = (uint16_t)port;
	}
	for (unsigned int i = 0; i < RTE_DIM(ns); i++) {
		int port[BATCH];
		uint64_t start = rte_rdtsc_precise();

		for (unsigned int k = 0; k < BATCH; k++)
			port[k] = choose(map, &random, pair, k);
		ns[i] = ns_since(start, BATCH);
		for (unsigned int k = 0; k < BATCH; k++) {
			uint32_t other = random_below(&random, count);

			check(port[k] >= 0, "ports");
			port_map_release(map, taken[other]);
			if (pair)
				port_map_release(map, (uint16_t)(taken[other] + 1));
			taken[other] = (uint16_t)port[k];
		}
	}
	qsort(ns, RTE_DIM(ns), sizeof(ns[0]), figure_compare);
	printf("  %3u %%  %-10s %6.0f (%.0f), 99 of 100 below %.0f\n", percent,
		pair ? "pair" : "one port", ns[0], ns[RTE_DIM(ns) / 2], ns[RTE_DIM(ns) / 100 * 99]);
	rte_free(map);
}

static void
memory_show(uint32_t flows)
{
	size_t flow = pool_memory(flows, sizeof(struct flow));
	size_t objects = pool_memory(flows, sizeof(struct binding));
	size_t inside = shared_hash_memory(flows, sizeof(struct inside_key));

	printf("  %8u  %6zu = %zu + %zu  %10zu = %zu + %zu + 4  %6zu\n", flows,
		flow_table_memory(flows) / flows, flow / flows,
		(flow_table_memory(flows) - flow) / flows, (objects + inside) / flows + 4,
		objects / flows, inside / flows, hosts_memory(flows) / flows);
}

int
main(void)
{
	static const unsigned int percents[] = {50, 90, 99};
	char prefix[64];
	const char *arguments[] = {"bench_nat", "--no-huge", "--no-shconf", "-m", "768", "--no-pci",
		"--no-telemetry", "--log-level=warning", "--lcores", "0@0,1@1,2@0", "--file-prefix",
		prefix};

	snprintf(prefix, sizeof(prefix), "callgate_bench_%d", (int)getpid());
	check(rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) >= 0, "EAL");
	keyed_hash_init(1);
	clock_init(true);
	check(rcu_init() == 0 && rcu_thread_register(THREAD_CONTROL) == 0, "RCU");
	thread_init(&control, THREAD_CONTROL);
	for (unsigned int i = 0; i < WORKERS; i++) {
		thread_init(&worker[i], i);
		check(rcu_thread_register(i) == 0, "RCU");
		rcu_offline(i);
	}
	rcu_offline(THREAD_CONTROL);
	heap_make();
	nat_make();
	printf("Search for a port of one address, %u ports, ns each, best batch (median)\n",
		PORTS - FIRST_PORT);
	for (unsigned int i = 0; i < RTE_DIM(percents); i++) {
		choice_measure(percents[i], false);
		choice_measure(percents[i], true);
	}
	bindings_measure();
	printf("\nMemory, bytes each\n"
	       "     count    flow = object + keys      binding = object + key + port    host\n");
	memory_show(262144);
	memory_show(1000000);
	memory_show(BINDINGS_MAX);
	return 0;
}
