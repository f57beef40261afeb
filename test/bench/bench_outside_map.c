/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why an outside endpoint is found in a flat map (lib/nat/port_map_priv.h) and not in an rte_hash:
 * both are asked for the same endpoints, in the same scattered order, in the same run. The map is
 * asked as the NAT asks it (address among the outside addresses, then the port's word); the hash
 * key by key, as a new flow would, and in bulk of 32. All return the number of a binding, which
 * nobody reads.
 *
 * Rounds alternate; the best and the median of all are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_malloc.h>

#include "core/keyed_hash.h"
#include "nat/rule_priv.h"

enum {
	ADDRESSES = 16,
	ENTRIES = ADDRESSES * PORTS, /* every port of every address: 1,048,576 */
	LOOKUPS = 1 << 14, /* of a round */
	ROUNDS = 256,
	BULK = 32,
	STEP = 1000003, /* prime: scattered order */
};

enum way { WAY_MAP, WAY_HASH, WAY_HASH_BULK, WAYS };

static const char *const way_names[WAYS] = {"flat map", "rte_hash", "rte_hash in bulk of 32"};
static struct nat_rules *rules;
static struct rte_hash *hash;
static struct endpoint asked[LOOKUPS];
static uint32_t position;

static struct endpoint
endpoint_at(uint32_t entry)
{
	return (struct endpoint){
		.address = rte_cpu_to_be_32(RTE_IPV4(203, 0, 113, 1) + entry / PORTS),
		.port = rte_cpu_to_be_16((uint16_t)(entry % PORTS)),
		.proto = IPPROTO_UDP,
	};
}

static void
tables_fill(void)
{
	struct rte_hash_parameters parameters = {
		.name = "outside",
		.entries = ENTRIES + ENTRIES / 4,
		.key_len = sizeof(struct endpoint),
		.hash_func = keyed_hash_signature,
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD,
	};

	rules = rte_zmalloc("rules", sizeof(*rules), RTE_CACHE_LINE_SIZE);
	hash = rte_hash_create(&parameters);
	if (rules == NULL || hash == NULL)
		rte_exit(1, "no memory for the tables\n");
	rules->address_count = ADDRESSES;
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		rules->address[i].address = endpoint_at(i * PORTS).address;
		rules->address[i].map[NAT_UDP] =
			rte_zmalloc("map", sizeof(struct port_map), RTE_CACHE_LINE_SIZE);
		if (rules->address[i].map[NAT_UDP] == NULL)
			rte_exit(1, "no memory for the tables\n");
	}
	for (uint32_t i = 0; i < ENTRIES; i++) {
		struct endpoint endpoint = endpoint_at(i);

		port_map_publish(
			rules->address[i / PORTS].map[NAT_UDP], (uint16_t)(i % PORTS), i + 1);
		if (rte_hash_add_key_data(hash, &endpoint, (void *)(uintptr_t)(i + 1)) != 0)
			rte_exit(1, "the hash refuses a key\n");
	}
}

static uint64_t
map_find(const struct endpoint *endpoint)
{
	int slot = rules_slot(rules, endpoint->address);

	return slot < 0 ? 0
			: port_map_at(rules->address[slot].map[nat_proto_of(endpoint->proto)],
				  rte_be_to_cpu_16(endpoint->port));
}

/* Look everything up; the sum of the numbers found. */
static uint64_t
ask(enum way way)
{
	const void *keys[BULK];
	void *data[BULK];
	uint64_t hits, sum = 0;

	for (uint32_t i = 0; i < LOOKUPS; i++) {
		if (way == WAY_MAP) {
			sum += map_find(&asked[i]);
		} else if (way == WAY_HASH) {
			if (rte_hash_lookup_data(hash, &asked[i], &data[0]) >= 0)
				sum += (uintptr_t)data[0];
		} else {
			keys[i % BULK] = &asked[i];
			if (i % BULK != BULK - 1)
				continue;
			rte_hash_lookup_bulk_data(hash, keys, BULK, &hits, data);
			for (unsigned int k = 0; k < BULK; k++)
				sum += hits >> k & 1 ? (uintptr_t)data[k] : 0;
		}
	}
	return sum;
}

/* A round of each way; each asks for endpoints that no round before it asked for lately. */
static void
round_run(unsigned int round, double figures[WAYS][ROUNDS])
{
	for (enum way way = 0; way < WAYS; way++) {
		uint64_t sum = 0, start;

		for (uint32_t i = 0; i < LOOKUPS; i++, position++) {
			uint32_t entry = (uint32_t)((uint64_t)position * STEP % ENTRIES);

			asked[i] = endpoint_at(entry);
			sum += entry + 1;
		}
		start = rte_rdtsc();
		if (ask(way) != sum)
			rte_exit(1, "%s does not find every endpoint\n", way_names[way]);
		figures[way][round] =
			(double)(rte_rdtsc() - start) * 1e9 / (double)rte_get_tsc_hz() / LOOKUPS;
	}
}

static int
figure_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(void)
{
	static double figures[WAYS][ROUNDS];
	char prefix[64];
	const char *arguments[] = {"bench_outside_map", "--no-huge", "--no-shconf", "-m", "256",
		"--no-pci", "--no-telemetry", "--log-level=warning", "-l", "0", "--file-prefix",
		prefix};

	snprintf(prefix, sizeof(prefix), "bench_outside_map_%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) < 0)
		rte_exit(1, "EAL does not start\n");
	keyed_hash_init(0);
	tables_fill();
	for (unsigned int round = 0; round < ROUNDS; round++)
		round_run(round, figures);
	for (enum way way = 0; way < WAYS; way++)
		qsort(figures[way], ROUNDS, sizeof(figures[way][0]), figure_compare);
	printf("%u outside endpoints of %u addresses, ordinary pages; ns a look-up, best of %u "
	       "rounds (median)\n",
		ENTRIES, ADDRESSES, ROUNDS);
	for (enum way way = 0; way < WAYS; way++)
		printf("  %-24s %6.1f (%.1f)  %.1f x flat map (%.1f)\n", way_names[way],
			figures[way][0], figures[way][ROUNDS / 2],
			figures[way][0] / figures[WAY_MAP][0],
			figures[way][ROUNDS / 2] / figures[WAY_MAP][ROUNDS / 2]);
	return 0;
}
