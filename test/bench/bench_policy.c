/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a policy decision costs on a miss: fw_classify() and fw_count() of packets never seen before, from one
 * zone to another, by a policy whose class map names one access list of 10, 1,000 or 10,000 entries.
 *
 * Entries are of two shapes: "hosts" (one address each, one port range) and "mixed" (networks from /16 to
 * /32 on both sides, tcp, udp or ip, with and without ports). Half of the packets fit an entry chosen
 * at random, the others are random. Floors, in the same rounds: a decision by class-default alone, and
 * the same list walked entry by entry.
 * Beside it what a ruleset takes to build, in time and memory: a reload does it beside traffic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "config/config.h"
#include "core/keyed_hash.h"
#include "core/random.h"
#include "fw/account.h"
#include "fw/fw.h"
#include "net/interface.h"

enum {
	BATCH = 32,
	ROUNDS = 400,
	WALKED_ROUNDS = 40,
	ENTRIES_MAX = 10000,
	INSIDE = ZONE_FIRST,
	OUTSIDE,
};

enum shape { HOSTS, MIXED, SHAPES };

static const char *const shape_names[] = {"hosts", "mixed"};
static struct fw_accounts *accounts;
static struct config_acl_entry entries[ENTRIES_MAX];
static struct port_range ranges[ENTRIES_MAX];
static struct random generator = {.stream = 11};
static volatile unsigned int sink; /* keeps the answers */

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(EXIT_FAILURE, "bench_policy: %s\n", what);
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

static struct prefix
prefix_make(uint32_t base, unsigned int shortest)
{
	struct prefix prefix = {
		.length = (uint8_t)(shortest + random_below(&generator, 33 - shortest))};

	prefix.mask = htonl(UINT32_MAX << (32 - prefix.length));
	prefix.address = htonl(base + random_below(&generator, 1 << 20)) & prefix.mask;
	return prefix;
}

static void
entry_make(unsigned int index, enum shape shape)
{
	static const uint8_t protos[] = {IPPROTO_UDP, IPPROTO_TCP, 0};
	struct config_acl_entry *entry = &entries[index];
	uint16_t first = (uint16_t)(1024 + random_below(&generator, 30000));

	*entry = (struct config_acl_entry){.permit = true, .proto = IPPROTO_UDP};
	ranges[index] = (struct port_range){first, (uint16_t)(first + 100)};
	entry->source = prefix_make(0x0a000000, shape == HOSTS ? 32 : 16);
	if (shape == MIXED) {
		entry->permit = random_below(&generator, 4) != 0;
		entry->proto = protos[random_below(&generator, 3)];
		entry->destination = prefix_make(0xc6000000, 16);
	}
	if (entry->proto != 0 && (shape == HOSTS || random_below(&generator, 2))) {
		entry->destination_ports = &ranges[index];
		entry->destination_port_count = 1;
	}
}

static struct flow_key
packet_make(unsigned int count)
{
	const struct config_acl_entry *entry = &entries[random_below(&generator, count)];
	struct flow_key key = {
		.src = htonl(0x0a000000 + random_below(&generator, 1 << 20)),
		.dst = htonl(0xc6000000 + random_below(&generator, 1 << 20)),
		.src_port = htons((uint16_t)(1024 + random_below(&generator, 60000))),
		.dst_port = htons((uint16_t)(1024 + random_below(&generator, 30000))),
		.proto = IPPROTO_UDP,
	};

	if (random_below(&generator, 2))
		return key;
	key.src = entry->source.address | (key.src & ~entry->source.mask);
	key.dst = entry->destination.address | (key.dst & ~entry->destination.mask);
	key.proto = entry->proto ? entry->proto : key.proto;
	if (entry->destination_port_count)
		key.dst_port = htons(entry->destination_ports->first);
	return key;
}

/* The entries as they stand, without ports of sources: these lists have none. */
static bool
walk(const struct flow_key *key, unsigned int count)
{
	uint16_t port = ntohs(key->dst_port);

	for (unsigned int i = 0; i < count; i++) {
		const struct config_acl_entry *entry = &entries[i];

		if ((entry->proto == 0 || entry->proto == key->proto) &&
			(key->src & entry->source.mask) == entry->source.address &&
			(key->dst & entry->destination.mask) == entry->destination.address &&
			(entry->destination_port_count == 0 ||
				(port >= entry->destination_ports->first &&
					port <= entry->destination_ports->last)))
			return entry->permit;
	}
	return false;
}

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	check(rte_malloc_get_socket_stats((int)rte_socket_id(), &stats) == 0, "heap");
	return stats.heap_allocsz_bytes;
}

/* As admission does it. */
static unsigned int
decide(const struct ruleset *ruleset, uint8_t from, uint8_t to, const struct flow_key *key)
{
	struct fw_verdict verdict = fw_classify(ruleset, from, to, key);

	fw_count(ruleset, &verdict, false, 60);
	return verdict.action;
}

static void
measure(unsigned int count, enum shape shape)
{
	static double classified[ROUNDS], bare[ROUNDS], walked[WALKED_ROUNDS];
	static char *zones[] = {(char *)"self", (char *)"default", (char *)"in", (char *)"out"};
	struct config_acl acl = {.entry_count = count, .entries = entries};
	struct config_match match = {.kind = MATCH_ACL};
	struct config_class_map map = {.name = (char *)"m", .match_count = 1, .matches = &match};
	struct config_policy_class classes[] = {{.class_map = 0, .action = ACTION_INSPECT},
		{.class_map = -1, .action = ACTION_DROP}};
	struct config_policy_map policies[] = {
		{.name = (char *)"p", .class_count = 2, .classes = classes},
		{.name = (char *)"bare", .class_count = 1, .classes = &classes[1]}};
	struct config_zone_pair pairs[] = {
		{.name = (char *)"in-out", .source = INSIDE, .destination = OUTSIDE, .policy = 0},
		{.name = (char *)"out-in", .source = OUTSIDE, .destination = INSIDE, .policy = 1}};
	struct config config = {
		.zones_configured = true,
		.zones = zones,
		.zone_count = RTE_DIM(zones),
		.acls = &acl,
		.acl_count = 1,
		.class_maps = &map,
		.class_map_count = 1,
		.policy_maps = policies,
		.policy_map_count = RTE_DIM(policies),
		.zone_pairs = pairs,
		.zone_pair_count = RTE_DIM(pairs),
	};
	struct ruleset *ruleset;
	unsigned int permitted = 0;
	double build_ms;
	size_t memory = heap_used();
	uint64_t start;

	for (unsigned int i = 0; i < count; i++)
		entry_make(i, shape);
	start = rte_rdtsc_precise();
	check(ruleset_create(&config, accounts, 1, SOCKET_ID_ANY, &ruleset) == 0, "ruleset");
	build_ms = ns_since(start, 1) / 1e6;
	memory = heap_used() - memory;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct flow_key keys[BATCH];

		for (unsigned int i = 0; i < BATCH; i++)
			keys[i] = packet_make(count);
		start = rte_rdtsc_precise();
		for (unsigned int i = 0; i < BATCH; i++)
			sink += decide(ruleset, OUTSIDE, INSIDE, &keys[i]);
		bare[round] = ns_since(start, BATCH);
		start = rte_rdtsc_precise();
		for (unsigned int i = 0; i < BATCH; i++)
			sink += decide(ruleset, INSIDE, OUTSIDE, &keys[i]);
		classified[round] = ns_since(start, BATCH);
		if (round >= WALKED_ROUNDS)
			continue;
		start = rte_rdtsc_precise();
		for (unsigned int i = 0; i < BATCH; i++)
			sink += walk(&keys[i], count);
		walked[round] = ns_since(start, BATCH);
		for (unsigned int i = 0; i < BATCH; i++) {
			bool permit = walk(&keys[i], count);

			check(permit == (fw_classify(ruleset, INSIDE, OUTSIDE, &keys[i]).action ==
						FW_INSPECT),
				"the list and its entries disagree");
			permitted += permit;
		}
	}
	qsort(bare, ROUNDS, sizeof(bare[0]), figure_compare);
	qsort(classified, ROUNDS, sizeof(classified[0]), figure_compare);
	qsort(walked, WALKED_ROUNDS, sizeof(walked[0]), figure_compare);
	printf("  %6u  %s  %5.0f (%.0f)  %4.0f (%.0f)  %7.0f (%.0f)  %3u %%  %7.1f ms  %6.2f MB, "
	       "%.2f "
	       "counted\n",
		count, shape_names[shape], classified[0], classified[ROUNDS / 2], bare[0],
		bare[ROUNDS / 2], walked[0], walked[WALKED_ROUNDS / 2],
		permitted * 100 / (WALKED_ROUNDS * BATCH), build_ms, (double)memory / 1e6,
		(double)ruleset_memory(&config) / 1e6);
	ruleset_destroy(ruleset);
}

int
main(void)
{
	static const unsigned int counts[] = {10, 1000, 10000};
	char prefix[64];
	const char *arguments[] = {"bench_policy", "--no-huge", "--no-shconf", "-m", "1024",
		"--no-pci", "--no-telemetry", "--log-level=warning", "--lcores", "0@0",
		"--file-prefix", prefix};

	snprintf(prefix, sizeof(prefix), "callgate_bench_%d", (int)getpid());
	check(rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) >= 0, "EAL");
	keyed_hash_init(1);
	accounts = fw_accounts_create(16, SOCKET_ID_ANY);
	check(accounts != NULL, "accounts");
	printf("Policy decisions on a miss, ns each, best batch of %u (median)\n"
	       " entries  shape  decision  class-default alone  entries walked  permitted  build\n",
		BATCH);
	for (unsigned int i = 0; i < RTE_DIM(counts); i++)
		for (unsigned int shape = 0; shape < SHAPES; shape++)
			measure(counts[i], shape);
	return 0;
}
