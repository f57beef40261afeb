/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random configurations and packets: what the compiled ruleset decides is compared with a plain
 * interpreter, which reads the configuration for each packet as docs/firewall.md says it is read.
 *
 * FW_RANDOM_POLICIES and FW_RANDOM_SEED change how many and which; a failure prints the seed of its
 * configuration, which alone (FW_RANDOM_POLICIES=1) shows it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "../eal_fixture.h"
#include "config/config.h"
#include "fw/account.h"
#include "fw/fw.h"
#include "net/interface.h"

enum {
	POLICIES = 10000,
	PACKETS = 32,
	ZONES = 5,
	NETWORKS = 3,
	PREFIXES = 3,
	ACLS = 3,
	ENTRIES_MAX = 60,
	RANGES = 2,
	CLASS_MAPS = 6,
	MATCHES_MAX = 4,
	POLICY_MAPS = 3,
	CLASSES_MAX = 4,
	PAIRS_MAX = 12,
	ACCOUNTS = PAIRS_MAX * (CLASSES_MAX + 3),
};

/* All of one configuration, in place. */
static struct {
	struct config config;
	struct config_network networks[NETWORKS];
	struct prefix prefixes[NETWORKS][PREFIXES];
	struct config_acl acls[ACLS];
	struct config_acl_entry entries[ACLS][ENTRIES_MAX];
	struct port_range ranges[ACLS][ENTRIES_MAX][2][RANGES];
	struct config_class_map maps[CLASS_MAPS];
	struct config_match matches[CLASS_MAPS][MATCHES_MAX];
	struct config_policy_map policies[POLICY_MAPS];
	struct config_policy_class classes[POLICY_MAPS][CLASSES_MAX + 1];
	struct config_zone_pair pairs[PAIRS_MAX];
} it;

static struct fw_accounts *accounts;
static uint64_t random_state;

static uint32_t
below(uint32_t bound)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % bound;
}

/* Few addresses and ports, so that packets and rules meet. */
static in_addr_t
some_address(void)
{
	return htonl(0x0a000000 + below(4) * 256 + below(8));
}

static struct prefix
some_prefix(void)
{
	static const uint8_t lengths[] = {0, 8, 22, 24, 29, 30, 31, 32};
	struct prefix prefix = {.length = lengths[below(sizeof(lengths))]};

	prefix.mask = prefix.length ? htonl(UINT32_MAX << (32 - prefix.length)) : 0;
	prefix.address = some_address() & prefix.mask;
	return prefix;
}

static uint16_t
some_port(void)
{
	static const uint16_t ports[] = {0, 22, 53, 80, 443, 5060, 5061, 5070, 65535};

	return below(4) ? ports[below(sizeof(ports) / sizeof(ports[0]))] : (uint16_t)below(65536);
}

static uint8_t
some_proto(bool any)
{
	static const uint8_t protos[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, 50, 0};

	return protos[below(any ? 5 : 4)];
}

static void
ranges_make(struct port_range *ranges, unsigned int *count)
{
	*count = below(RANGES + 1);
	for (unsigned int i = 0; i < *count; i++) {
		uint16_t a = some_port(), b = below(2) ? a : some_port();

		ranges[i] = (struct port_range){RTE_MIN(a, b), RTE_MAX(a, b)};
	}
}

static void
acl_make(unsigned int index)
{
	/* Most are short enough to be walked; a trie takes milliseconds to build. */
	unsigned int count = below(40) ? 1 + below(4) : 25 + below(ENTRIES_MAX - 24);

	it.acls[index] = (struct config_acl){.entry_count = count, .entries = it.entries[index]};
	for (unsigned int i = 0; i < count; i++) {
		struct config_acl_entry *entry = &it.entries[index][i];

		*entry = (struct config_acl_entry){
			.permit = below(3) != 0,
			.proto = below(5) ? some_proto(true) % 50 : 0,
			.source = some_prefix(),
			.destination = some_prefix(),
			.source_network = below(4) ? NULL : &it.networks[below(NETWORKS)],
			.destination_network = below(4) ? NULL : &it.networks[below(NETWORKS)],
			.source_ports = it.ranges[index][i][0],
			.destination_ports = it.ranges[index][i][1],
		};
		if (entry->proto == IPPROTO_ICMP)
			continue;
		if (below(4) == 0)
			ranges_make(it.ranges[index][i][0], &entry->source_port_count);
		if (below(2) == 0)
			ranges_make(it.ranges[index][i][1], &entry->destination_port_count);
	}
}

/* A map contains only maps of higher numbers, so there is no circle. */
static void
class_map_make(unsigned int index)
{
	struct config_class_map *map = &it.maps[index];

	*map = (struct config_class_map){
		.name = (char *)"m",
		.match_all = below(2),
		.match_count = 1 + below(MATCHES_MAX),
		.matches = it.matches[index],
	};
	for (unsigned int i = 0; i < map->match_count; i++) {
		struct config_match *match = &it.matches[index][i];

		*match = (struct config_match){.kind = below(4), .negated = below(4) == 0};
		if (match->kind == MATCH_CLASS_MAP && index + 1 == CLASS_MAPS)
			match->kind = MATCH_SIP;
		if (match->kind == MATCH_CLASS_MAP) {
			match->index = index + 1 + below(CLASS_MAPS - index - 1);
		} else if (match->kind == MATCH_ACL) {
			match->index = below(ACLS);
		} else if (match->kind == MATCH_SERVICE) {
			match->proto = some_proto(true) % 50;
			match->port = match->proto == IPPROTO_ICMP || below(2) ? 0 : some_port();
		}
	}
}

static void
policy_make(unsigned int index)
{
	unsigned int count = below(CLASSES_MAX + 1);

	for (unsigned int i = 0; i <= count; i++)
		it.classes[index][i] = (struct config_policy_class){
			.class_map = i == count ? -1 : (int)below(CLASS_MAPS),
			.action = below(3),
			.log = below(2),
		};
	it.policies[index] = (struct config_policy_map){
		.name = (char *)"p", .class_count = count + 1, .classes = it.classes[index]};
}

static void
pairs_make(void)
{
	bool taken[ZONES][ZONES] = {{false}};

	it.config.zone_pair_count = 0;
	for (unsigned int i = 0; i < PAIRS_MAX; i++) {
		uint8_t source = (uint8_t)below(ZONES), destination = (uint8_t)below(ZONES);

		if (source == destination || taken[source][destination])
			continue;
		taken[source][destination] = true;
		it.pairs[it.config.zone_pair_count++] = (struct config_zone_pair){
			.name = (char *)"z",
			.source = source,
			.destination = destination,
			.policy = below(POLICY_MAPS),
		};
	}
}

static void
configuration_make(void)
{
	static char *zones[ZONES] = {
		(char *)"self", (char *)"default", (char *)"a", (char *)"b", (char *)"c"};

	memset(&it.config, 0, sizeof(it.config));
	it.config.zones_configured = below(50) != 0;
	it.config.zones = zones;
	it.config.zone_count = ZONES;
	for (unsigned int i = 0; i < NETWORKS; i++) {
		it.networks[i] = (struct config_network){
			.prefix_count = 1 + below(PREFIXES), .prefixes = it.prefixes[i]};
		for (unsigned int j = 0; j < PREFIXES; j++)
			it.prefixes[i][j] = some_prefix();
	}
	for (unsigned int i = 0; i < ACLS; i++)
		acl_make(i);
	for (unsigned int i = 0; i < CLASS_MAPS; i++)
		class_map_make(i);
	for (unsigned int i = 0; i < POLICY_MAPS; i++)
		policy_make(i);
	pairs_make();
	it.config.networks = it.networks;
	it.config.network_count = NETWORKS;
	it.config.acls = it.acls;
	it.config.acl_count = ACLS;
	it.config.class_maps = it.maps;
	it.config.class_map_count = CLASS_MAPS;
	it.config.policy_maps = it.policies;
	it.config.policy_map_count = POLICY_MAPS;
	it.config.zone_pairs = it.pairs;
	it.config.nat.sip_udp_port_count = below(3);
	it.config.nat.sip_udp_ports[0] = 5060;
	it.config.nat.sip_udp_ports[1] = 5070;
	it.config.nat.sip_tcp_port_count = below(2);
	it.config.nat.sip_tcp_ports[0] = 5061;
}

/* The interpreter. */

static bool
has_ports(const struct flow_key *key)
{
	return key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP;
}

static bool
address_fits(const struct prefix *prefix, const struct config_network *network, in_addr_t address)
{
	if (network == NULL)
		return (address & prefix->mask) == prefix->address;
	for (unsigned int i = 0; i < network->prefix_count; i++)
		if ((address & network->prefixes[i].mask) == network->prefixes[i].address)
			return true;
	return false;
}

static bool
port_fits(const struct port_range *ranges, unsigned int count, const struct flow_key *key,
	rte_be16_t port)
{
	if (count == 0)
		return true;
	if (!has_ports(key))
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (ntohs(port) >= ranges[i].first && ntohs(port) <= ranges[i].last)
			return true;
	return false;
}

static bool
acl_says(const struct config_acl *acl, const struct flow_key *key)
{
	for (unsigned int i = 0; i < acl->entry_count; i++) {
		const struct config_acl_entry *e = &acl->entries[i];

		if ((e->proto == 0 || e->proto == key->proto) &&
			address_fits(&e->source, e->source_network, key->src) &&
			address_fits(&e->destination, e->destination_network, key->dst) &&
			port_fits(e->source_ports, e->source_port_count, key, key->src_port) &&
			port_fits(e->destination_ports, e->destination_port_count, key,
				key->dst_port))
			return e->permit;
	}
	return false;
}

static bool
sip_says(const struct flow_key *key)
{
	const struct config_nat *nat = &it.config.nat;
	bool udp = key->proto == IPPROTO_UDP;
	unsigned int count = udp ? nat->sip_udp_port_count : nat->sip_tcp_port_count;

	for (unsigned int i = 0; i < count && has_ports(key); i++)
		if (ntohs(key->dst_port) == (udp ? nat->sip_udp_ports : nat->sip_tcp_ports)[i])
			return true;
	return false;
}

static bool map_says(unsigned int index, const struct flow_key *key);

static bool
match_says(const struct config_match *match, const struct flow_key *key)
{
	bool fits;

	if (match->kind == MATCH_SIP)
		fits = sip_says(key);
	else if (match->kind == MATCH_ACL)
		fits = acl_says(&it.acls[match->index], key);
	else if (match->kind == MATCH_CLASS_MAP)
		fits = map_says(match->index, key);
	else
		fits = (match->proto ? match->proto == key->proto : has_ports(key)) &&
		       (match->port == 0 ||
			       (has_ports(key) && ntohs(key->dst_port) == match->port));
	return fits != match->negated;
}

static bool
map_says(unsigned int index, const struct flow_key *key)
{
	const struct config_class_map *map = &it.maps[index];
	unsigned int fit = 0;

	for (unsigned int i = 0; i < map->match_count; i++)
		fit += match_says(&map->matches[i], key);
	return map->match_all ? fit == map->match_count : fit > 0;
}

struct answer {
	enum fw_action action;
	bool log, no_pair;
	unsigned int pair, class;
};

static struct answer
interpret(uint8_t from, uint8_t to, const struct flow_key *key)
{
	static const enum fw_action actions[] = {
		[ACTION_DROP] = FW_DROP, [ACTION_INSPECT] = FW_INSPECT, [ACTION_PASS] = FW_PASS};

	if (!it.config.zones_configured)
		return (struct answer){.action = FW_INSPECT};
	for (unsigned int i = 0; i < it.config.zone_pair_count; i++) {
		const struct config_zone_pair *pair = &it.pairs[i];
		const struct config_policy_map *policy = &it.policies[pair->policy];

		if (pair->source != from || pair->destination != to)
			continue;
		for (unsigned int j = 0;; j++) {
			const struct config_policy_class *class = &policy->classes[j];

			if (class->class_map < 0 || map_says((unsigned int)class->class_map, key))
				return (struct answer){
					actions[class->action], class->log, false, i + 1, j};
		}
	}
	if (from == to || from == ZONE_SELF || to == ZONE_SELF)
		return (struct answer){.action = FW_INSPECT};
	return (struct answer){.action = FW_DROP, .no_pair = true};
}

static unsigned int
number_from(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

static bool
is_answer(const struct fw_verdict *verdict, const struct answer *answer)
{
	if (verdict->action != answer->action || verdict->no_pair != answer->no_pair ||
		verdict->zone_pair != answer->pair || verdict->inter_zone != (answer->pair != 0))
		return false;
	return answer->pair == 0 ||
	       (verdict->class_index == answer->class && verdict->log == answer->log);
}

static void
packets_compare(struct ruleset *ruleset, unsigned int seed, unsigned int seen[3])
{
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct flow_key key = {
			.src = some_address(),
			.dst = some_address(),
			.proto = some_proto(false),
		};
		uint8_t from = (uint8_t)below(ZONES), to = (uint8_t)below(ZONES);
		struct fw_verdict verdict;
		struct answer answer;

		if (has_ports(&key)) {
			key.src_port = htons(some_port());
			key.dst_port = htons(some_port());
		} else if (key.proto == IPPROTO_ICMP) {
			key.src_port = key.dst_port = htons(some_port());
		}
		answer = interpret(from, to, &key);
		verdict = fw_classify(ruleset, from, to, &key);
		if (!is_answer(&verdict, &answer))
			fail_msg("FW_RANDOM_SEED=%u, packet %u: ruleset %d of pair %u class %u, "
				 "interpreter %d of pair %u class %u",
				seed, i, (int)verdict.action, verdict.zone_pair,
				verdict.class_index, (int)answer.action, answer.pair, answer.class);
		seen[answer.action] += answer.pair != 0;
	}
}

static void
ruleset_decides_as_the_configuration_reads(void **state)
{
	unsigned int policies = number_from("FW_RANDOM_POLICIES", POLICIES);
	unsigned int seed = number_from("FW_RANDOM_SEED", 1), seen[3] = {0};

	for (unsigned int i = 0; i < policies; i++, seed++) {
		struct ruleset *ruleset = NULL;

		random_state = seed;
		below(2);
		configuration_make();
		assert_int_equal(
			ruleset_create(&it.config, accounts, 1, SOCKET_ID_ANY, &ruleset), 0);
		packets_compare(ruleset, seed, seen);
		ruleset_destroy(ruleset);
	}
	/* each action was met often enough to tell a wrong one from a right one */
	for (unsigned int i = 0; i < 3 && policies >= 1000; i++)
		assert_true(seen[i] > policies);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ruleset_decides_as_the_configuration_reads),
	};

	eal_fixture_start();
	accounts = fw_accounts_create(ACCOUNTS, SOCKET_ID_ANY);
	assert_non_null(accounts);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
