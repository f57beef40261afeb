/* SPDX-License-Identifier: BSD-3-Clause */
/* Zones, class maps, policies and zone pairs: what fw_classify() decides, and what fw_count() counts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "../eal_fixture.h"
#include "config/config.h"
#include "fw/account.h"
#include "fw/fw.h"
#include "net/interface.h"

enum { INSIDE = ZONE_FIRST, OUTSIDE, DMZ, ACCOUNTS = 64 };

static struct fw_accounts *accounts;

static char *zones[] = {
	(char *)"self", (char *)"default", (char *)"inside", (char *)"outside", (char *)"dmz"};

/* A firewall with one policy over `classes` from inside to outside. */
struct firewall {
	struct config config;
	struct config_policy_map policy;
	struct config_policy_class classes[8];
	struct config_zone_pair pairs[4];
	struct ruleset *ruleset;
};

static void
firewall_init(struct firewall *f, struct config_class_map *maps, unsigned int map_count)
{
	memset(f, 0, sizeof(*f));
	f->config.zones_configured = true;
	f->config.zones = zones;
	f->config.zone_count = RTE_DIM(zones);
	f->config.class_maps = maps;
	f->config.class_map_count = map_count;
	f->config.policy_maps = &f->policy;
	f->config.policy_map_count = 1;
	f->policy = (struct config_policy_map){.name = (char *)"p", .classes = f->classes};
	f->config.zone_pairs = f->pairs;
	f->config.zone_pair_count = 1;
	f->pairs[0] = (struct config_zone_pair){
		.name = (char *)"in-out", .source = INSIDE, .destination = OUTSIDE};
	f->config.nat.sip_udp_port_count = 2;
	f->config.nat.sip_udp_ports[0] = 5060;
	f->config.nat.sip_udp_ports[1] = 5070;
	f->config.nat.sip_tcp_port_count = 1;
	f->config.nat.sip_tcp_ports[0] = 5060;
}

static void
firewall_class(struct firewall *f, int class_map, enum config_action action, bool log)
{
	f->classes[f->policy.class_count++] = (struct config_policy_class){class_map, action, log};
}

/* What tests before this one have left in the counters of accounts is gone. */
static void
firewall_compile(struct firewall *f)
{
	fw_accounts_look(accounts);
	fw_accounts_collect(accounts);
	assert_int_equal(ruleset_create(&f->config, accounts, 7, SOCKET_ID_ANY, &f->ruleset), 0);
}

/* One class map 0, inspected; all else dropped. */
static void
firewall_compile_one(struct firewall *f, struct config_class_map *maps, unsigned int map_count)
{
	firewall_init(f, maps, map_count);
	firewall_class(f, 0, ACTION_INSPECT, false);
	firewall_class(f, -1, ACTION_DROP, false);
	firewall_compile(f);
}

static struct fw_verdict
classify(struct firewall *f, uint8_t from, uint8_t to, uint8_t proto, uint16_t port)
{
	struct flow_key key = {
		.src = inet_addr("10.0.0.2"),
		.dst = inet_addr("198.51.100.1"),
		.src_port = htons(proto == IPPROTO_ICMP ? port : 40000),
		.dst_port = htons(port),
		.proto = proto,
	};

	return fw_classify(f->ruleset, from, to, &key);
}

static bool
inspects(struct firewall *f, uint8_t proto, uint16_t port)
{
	return classify(f, INSIDE, OUTSIDE, proto, port).action == FW_INSPECT;
}

#define SERVICE(p, n) \
	{ \
		.kind = MATCH_SERVICE, .proto = p, .port = n \
	}
#define CLASS_MAP(i) \
	{ \
		.kind = MATCH_CLASS_MAP, .index = i \
	}
#define ANY(m) \
	{ \
		.name = (char *)#m, .match_count = RTE_DIM(m), .matches = m \
	}
#define ALL(m) \
	{ \
		.name = (char *)#m, .match_all = true, .match_count = RTE_DIM(m), .matches = m \
	}

static void
services_match_protocol_and_destination_port(void **state)
{
	static const struct {
		struct config_match match;
		uint8_t proto;
		uint16_t port;
		bool matches;
	} rows[] = {
		{SERVICE(IPPROTO_TCP, 0), IPPROTO_TCP, 1234, true},
		{SERVICE(IPPROTO_TCP, 0), IPPROTO_UDP, 1234, false},
		{SERVICE(IPPROTO_UDP, 0), IPPROTO_UDP, 1, true},
		{SERVICE(IPPROTO_UDP, 0), IPPROTO_ICMP, 1, false},
		{SERVICE(IPPROTO_ICMP, 0), IPPROTO_ICMP, 99, true},
		{SERVICE(IPPROTO_ICMP, 0), IPPROTO_TCP, 99, false},
		{SERVICE(IPPROTO_TCP, 443), IPPROTO_TCP, 443, true},
		{SERVICE(IPPROTO_TCP, 443), IPPROTO_UDP, 443, false},
		{SERVICE(IPPROTO_TCP, 443), IPPROTO_TCP, 444, false},
		{SERVICE(0, 53), IPPROTO_UDP, 53, true},
		{SERVICE(0, 53), IPPROTO_TCP, 53, true},
		{SERVICE(0, 53), IPPROTO_ICMP, 53, false},
		{SERVICE(0, 0), IPPROTO_ICMP, 0, false},
		{{.kind = MATCH_SIP}, IPPROTO_UDP, 5060, true},
		{{.kind = MATCH_SIP}, IPPROTO_UDP, 5070, true},
		{{.kind = MATCH_SIP}, IPPROTO_TCP, 5060, true},
		{{.kind = MATCH_SIP}, IPPROTO_TCP, 5070, false},
		{{.kind = MATCH_SIP}, IPPROTO_UDP, 5061, false},
		{{.kind = MATCH_SIP}, IPPROTO_ICMP, 5060, false},
	};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct config_match m[] = {rows[i].match};
		struct config_class_map maps[] = {ANY(m)};
		struct firewall f;

		firewall_compile_one(&f, maps, 1);
		assert_int_equal(inspects(&f, rows[i].proto, rows[i].port), rows[i].matches);
		ruleset_destroy(f.ruleset);
	}
}

static void
sip_ports_are_known_and_can_be_none(void **state)
{
	struct firewall f;

	firewall_init(&f, NULL, 0);
	firewall_class(&f, -1, ACTION_DROP, false);
	firewall_compile(&f);
	assert_true(fw_is_sip(f.ruleset, IPPROTO_UDP, htons(5070)));
	assert_true(fw_is_sip(f.ruleset, IPPROTO_TCP, htons(5060)));
	assert_false(fw_is_sip(f.ruleset, IPPROTO_TCP, htons(5070)));
	assert_false(fw_is_sip(f.ruleset, IPPROTO_ICMP, htons(5060)));
	ruleset_destroy(f.ruleset);
	f.config.nat.sip_udp_port_count = 0;
	firewall_compile(&f);
	assert_false(fw_is_sip(f.ruleset, IPPROTO_UDP, htons(5060)));
	assert_true(fw_is_sip(f.ruleset, IPPROTO_TCP, htons(5060)));
	ruleset_destroy(f.ruleset);
}

static void
any_needs_one_match_and_all_needs_every(void **state)
{
	struct config_acl_entry entry = {
		.permit = true, .source = {inet_addr("10.0.0.0"), htonl(0xffffff00), 24}};
	struct config_acl acl = {.entry_count = 1, .entries = &entry};
	struct config_match m[] = {{.kind = MATCH_ACL, .index = 0}, SERVICE(IPPROTO_UDP, 0)};
	struct config_class_map any[] = {ANY(m)}, all[] = {ALL(m)};
	struct firewall f;

	for (unsigned int permit = 0; permit < 2; permit++) {
		entry.permit = permit;
		firewall_init(&f, any, 1);
		f.config.acls = &acl;
		f.config.acl_count = 1;
		firewall_class(&f, 0, ACTION_INSPECT, false);
		firewall_class(&f, -1, ACTION_DROP, false);
		firewall_compile(&f);
		assert_true(inspects(&f, IPPROTO_UDP, 1));
		assert_int_equal(inspects(&f, IPPROTO_TCP, 1), permit);
		ruleset_destroy(f.ruleset);
		f.config.class_maps = all;
		firewall_compile(&f);
		assert_int_equal(inspects(&f, IPPROTO_UDP, 1), permit);
		assert_false(inspects(&f, IPPROTO_TCP, 1));
		ruleset_destroy(f.ruleset);
	}
}

static void
class_map_without_matches_matches_nothing(void **state)
{
	struct config_class_map maps[] = {
		{.name = (char *)"any"}, {.name = (char *)"all", .match_all = true}};
	struct firewall f;

	firewall_init(&f, maps, 2);
	firewall_class(&f, 0, ACTION_INSPECT, false);
	firewall_class(&f, 1, ACTION_INSPECT, false);
	firewall_class(&f, -1, ACTION_DROP, false);
	firewall_compile(&f);
	assert_false(inspects(&f, IPPROTO_UDP, 1));
	ruleset_destroy(f.ruleset);
}

static void
class_maps_nest(void **state)
{
	/* 0: all(udp, 1)  1: any(2, port 53)  2: all(udp, port 123) */
	struct config_match outer[] = {SERVICE(IPPROTO_UDP, 0), CLASS_MAP(1)};
	struct config_match middle[] = {CLASS_MAP(2), SERVICE(0, 53)};
	struct config_match inner[] = {SERVICE(IPPROTO_UDP, 0), SERVICE(IPPROTO_UDP, 123)};
	struct config_class_map maps[] = {ALL(outer), ANY(middle), ALL(inner)};
	struct firewall f;

	firewall_compile_one(&f, maps, RTE_DIM(maps));
	assert_true(inspects(&f, IPPROTO_UDP, 53));
	assert_true(inspects(&f, IPPROTO_UDP, 123));
	assert_false(inspects(&f, IPPROTO_TCP, 53));
	assert_false(inspects(&f, IPPROTO_UDP, 124));
	ruleset_destroy(f.ruleset);
}

static void
class_map_within_all_goes_on_with_the_next_match(void **state)
{
	/* all(any(tcp, udp), port 80): the nested "yes" is not the outer's */
	struct config_match outer[] = {CLASS_MAP(1), SERVICE(0, 80)};
	struct config_match nested[] = {SERVICE(IPPROTO_TCP, 0), SERVICE(IPPROTO_UDP, 0)};
	struct config_class_map maps[] = {ALL(outer), ANY(nested)};
	struct firewall f;

	firewall_compile_one(&f, maps, RTE_DIM(maps));
	assert_true(inspects(&f, IPPROTO_TCP, 80));
	assert_true(inspects(&f, IPPROTO_UDP, 80));
	assert_false(inspects(&f, IPPROTO_TCP, 81));
	ruleset_destroy(f.ruleset);
}

static void
circle_of_class_maps_is_refused(void **state)
{
	struct config_match a[] = {CLASS_MAP(1)}, b[] = {CLASS_MAP(0)};
	struct config_class_map maps[] = {ANY(a), ANY(b)};
	struct ruleset *ruleset = NULL;
	struct firewall f;

	firewall_init(&f, maps, 2);
	firewall_class(&f, 0, ACTION_INSPECT, false);
	firewall_class(&f, -1, ACTION_DROP, false);
	assert_int_equal(ruleset_create(&f.config, accounts, 1, SOCKET_ID_ANY, &ruleset), -ELOOP);
	assert_null(ruleset);
}

static void
first_matching_class_decides(void **state)
{
	struct config_match udp[] = {SERVICE(IPPROTO_UDP, 0)}, sip[] = {{.kind = MATCH_SIP}};
	struct config_match tcp[] = {SERVICE(IPPROTO_TCP, 0)};
	struct config_class_map maps[] = {ANY(sip), ANY(udp), ANY(tcp)};
	struct fw_verdict v;
	struct firewall f;

	firewall_init(&f, maps, 3);
	firewall_class(&f, 0, ACTION_INSPECT, false);
	firewall_class(&f, 1, ACTION_DROP, true);
	firewall_class(&f, 2, ACTION_PASS, false);
	firewall_class(&f, -1, ACTION_DROP, false);
	firewall_compile(&f);
	v = classify(&f, INSIDE, OUTSIDE, IPPROTO_UDP, 5060);
	assert_int_equal(v.action, FW_INSPECT);
	assert_int_equal(v.class_index, 0);
	assert_int_equal(v.zone_pair, 1);
	assert_true(v.inter_zone);
	assert_false(v.no_pair);
	assert_false(v.log);
	v = classify(&f, INSIDE, OUTSIDE, IPPROTO_UDP, 5062);
	assert_int_equal(v.action, FW_DROP);
	assert_int_equal(v.class_index, 1);
	assert_true(v.log);
	assert_false(v.no_pair);
	v = classify(&f, INSIDE, OUTSIDE, IPPROTO_TCP, 5060);
	assert_int_equal(v.action, FW_INSPECT);
	v = classify(&f, INSIDE, OUTSIDE, IPPROTO_TCP, 80);
	assert_int_equal(v.action, FW_PASS);
	assert_int_equal(v.class_index, 2);
	v = classify(&f, INSIDE, OUTSIDE, IPPROTO_ICMP, 1);
	assert_int_equal(v.action, FW_DROP);
	assert_int_equal(v.class_index, 3);
	ruleset_destroy(f.ruleset);
}

static void
class_default_can_do_every_action(void **state)
{
	static const struct {
		enum config_action from;
		enum fw_action to;
	} rows[] = {{ACTION_DROP, FW_DROP}, {ACTION_INSPECT, FW_INSPECT}, {ACTION_PASS, FW_PASS}};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct firewall f;

		firewall_init(&f, NULL, 0);
		firewall_class(&f, -1, rows[i].from, false);
		firewall_compile(&f);
		assert_int_equal(classify(&f, INSIDE, OUTSIDE, IPPROTO_UDP, 1).action, rows[i].to);
		ruleset_destroy(f.ruleset);
	}
}

static void
zones_without_a_pair_are_apart(void **state)
{
	struct config_match udp[] = {SERVICE(IPPROTO_UDP, 0)};
	struct config_class_map maps[] = {ANY(udp)};
	static const uint8_t apart[][2] = {{OUTSIDE, INSIDE}, {INSIDE, DMZ}, {ZONE_DEFAULT, INSIDE},
		{INSIDE, ZONE_DEFAULT}, {ZONES_MAX, INSIDE}, {INSIDE, 255}};
	static const uint8_t together[][2] = {{INSIDE, INSIDE}, {ZONE_DEFAULT, ZONE_DEFAULT},
		{INSIDE, ZONE_SELF}, {ZONE_SELF, OUTSIDE}, {ZONE_DEFAULT, ZONE_SELF}};
	struct firewall f;
	struct fw_verdict v;

	firewall_compile_one(&f, maps, 1);
	for (unsigned int i = 0; i < RTE_DIM(apart); i++) {
		v = classify(&f, apart[i][0], apart[i][1], IPPROTO_UDP, 1);
		assert_int_equal(v.action, FW_DROP);
		assert_true(v.no_pair);
		assert_int_equal(v.zone_pair, 0);
	}
	for (unsigned int i = 0; i < RTE_DIM(together); i++) {
		v = classify(&f, together[i][0], together[i][1], IPPROTO_UDP, 1);
		assert_int_equal(v.action, FW_INSPECT);
		assert_false(v.inter_zone);
		assert_false(v.no_pair);
		assert_int_equal(v.zone_pair, 0);
	}
	ruleset_destroy(f.ruleset);
}

static void
pair_with_self_decides_what_callgate_itself_may(void **state)
{
	struct config_match icmp[] = {SERVICE(IPPROTO_ICMP, 0)};
	struct config_class_map maps[] = {ANY(icmp)};
	struct firewall f;

	firewall_init(&f, maps, 1);
	firewall_class(&f, 0, ACTION_PASS, false);
	firewall_class(&f, -1, ACTION_DROP, false);
	f.config.zone_pair_count = 2;
	f.pairs[1] = (struct config_zone_pair){
		.name = (char *)"out-self", .source = OUTSIDE, .destination = ZONE_SELF};
	firewall_compile(&f);
	assert_int_equal(classify(&f, OUTSIDE, ZONE_SELF, IPPROTO_ICMP, 1).action, FW_PASS);
	assert_int_equal(classify(&f, OUTSIDE, ZONE_SELF, IPPROTO_UDP, 1).action, FW_DROP);
	assert_int_equal(classify(&f, OUTSIDE, ZONE_SELF, IPPROTO_UDP, 1).zone_pair, 2);
	/* the way back has no pair, so it is open */
	assert_int_equal(classify(&f, ZONE_SELF, OUTSIDE, IPPROTO_UDP, 1).action, FW_INSPECT);
	assert_int_equal(classify(&f, INSIDE, ZONE_SELF, IPPROTO_UDP, 1).action, FW_INSPECT);
	ruleset_destroy(f.ruleset);
}

static void
two_pairs_between_the_same_zones_are_refused(void **state)
{
	struct ruleset *ruleset = NULL;
	struct firewall f;

	firewall_init(&f, NULL, 0);
	firewall_class(&f, -1, ACTION_DROP, false);
	f.config.zone_pair_count = 2;
	f.pairs[1] = f.pairs[0];
	assert_int_equal(ruleset_create(&f.config, accounts, 1, SOCKET_ID_ANY, &ruleset), -EINVAL);
	assert_null(ruleset);
}

static void
without_zones_everything_passes_statefully(void **state)
{
	struct config config = {0};
	struct ruleset *ruleset;
	struct flow_key key = {.proto = IPPROTO_UDP};
	struct fw_verdict v;

	assert_int_equal(ruleset_create(&config, accounts, 3, SOCKET_ID_ANY, &ruleset), 0);
	assert_int_equal(ruleset_generation(ruleset), 3);
	v = fw_classify(ruleset, ZONE_DEFAULT, ZONE_DEFAULT, &key);
	assert_int_equal(v.action, FW_INSPECT);
	assert_false(v.inter_zone);
	v = fw_classify(ruleset, ZONE_DEFAULT, ZONE_SELF, &key);
	assert_int_equal(v.action, FW_INSPECT);
	assert_int_equal(fw_zone_pair_count(ruleset), 0);
	ruleset_destroy(ruleset);
}

static void
count(struct firewall *f, uint8_t from, uint8_t to, uint8_t proto)
{
	struct fw_verdict verdict = classify(f, from, to, proto, 1);

	fw_count(f->ruleset, &verdict, false, 100);
}

static void
statistics_count_each_pair_and_class_apart(void **state)
{
	struct config_match udp[] = {SERVICE(IPPROTO_UDP, 0)};
	struct config_class_map maps[] = {ANY(udp)};
	struct fw_pair_statistics pair;
	struct fw_class_statistics class;
	struct firewall f;

	firewall_init(&f, maps, 1);
	firewall_class(&f, 0, ACTION_INSPECT, false);
	firewall_class(&f, -1, ACTION_DROP, false);
	f.config.zone_pair_count = 2;
	f.pairs[1] = (struct config_zone_pair){
		.name = (char *)"out-dmz", .source = OUTSIDE, .destination = DMZ};
	firewall_compile(&f);
	for (unsigned int i = 0; i < 3; i++)
		count(&f, INSIDE, OUTSIDE, IPPROTO_UDP);
	for (unsigned int i = 0; i < 2; i++)
		count(&f, INSIDE, OUTSIDE, IPPROTO_TCP);
	count(&f, OUTSIDE, DMZ, IPPROTO_TCP);
	count(&f, INSIDE, INSIDE, IPPROTO_TCP);
	classify(&f, INSIDE, OUTSIDE, IPPROTO_UDP, 1);

	assert_int_equal(fw_zone_pair_count(f.ruleset), 2);
	assert_true(fw_pair_statistics(f.ruleset, 1, &pair));
	assert_string_equal(pair.name, "in-out");
	assert_string_equal(pair.source, "inside");
	assert_string_equal(pair.destination, "outside");
	assert_string_equal(pair.policy, "p");
	assert_int_equal(pair.classes, 2);
	assert_true(fw_class_statistics(f.ruleset, 1, 0, &class));
	assert_string_equal(class.class_name, "udp");
	assert_string_equal(class.action, "inspect");
	assert_int_equal(class.packets, 3);
	assert_int_equal(class.bytes, 300);
	assert_true(fw_class_statistics(f.ruleset, 1, 1, &class));
	assert_string_equal(class.class_name, "class-default");
	assert_int_equal(class.packets, 2);
	assert_true(fw_class_statistics(f.ruleset, 2, 1, &class));
	assert_int_equal(class.packets, 1);
	assert_true(fw_class_statistics(f.ruleset, 2, 0, &class));
	assert_int_equal(class.packets, 0);

	assert_false(fw_pair_statistics(f.ruleset, 0, &pair));
	assert_false(fw_pair_statistics(f.ruleset, 3, &pair));
	assert_int_equal(class.drops, 0);
	assert_true(fw_class_statistics(f.ruleset, 1, 2, &class));
	assert_string_equal(class.class_name, FW_CLASS_PINHOLE);
	assert_true(fw_class_statistics(f.ruleset, 1, 3, &class));
	assert_string_equal(class.class_name, FW_CLASS_PAIR);
	assert_int_equal(class.packets, 5);
	assert_int_equal(class.bytes, 500);
	assert_int_equal(class.drops, 2);
	assert_false(fw_class_statistics(f.ruleset, 1, 4, &class));
	assert_string_equal(fw_zone_pair_name(f.ruleset, 2), "out-dmz");
	assert_null(fw_zone_pair_name(f.ruleset, 0));
	assert_null(fw_zone_pair_name(f.ruleset, 3));
	assert_string_equal(fw_zone_name(f.ruleset, ZONE_SELF), "self");
	assert_string_equal(fw_zone_name(f.ruleset, DMZ), "dmz");
	assert_null(fw_zone_name(f.ruleset, DMZ + 1));
	ruleset_destroy(f.ruleset);
}

static void
memory_is_told_before_it_is_taken(void **state)
{
	struct config_match udp[] = {SERVICE(IPPROTO_UDP, 0)};
	struct config_class_map maps[] = {ANY(udp)};
	struct config_acl acls[1] = {{0}};
	struct firewall f;
	size_t bare;

	firewall_init(&f, maps, 1);
	firewall_class(&f, 0, ACTION_INSPECT, false);
	firewall_class(&f, -1, ACTION_DROP, false);
	bare = ruleset_memory(&f.config);
	assert_true(bare > 0);
	f.config.acls = acls;
	f.config.acl_count = 1;
	assert_true(ruleset_memory(&f.config) > bare);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_match_protocol_and_destination_port),
		cmocka_unit_test(sip_ports_are_known_and_can_be_none),
		cmocka_unit_test(any_needs_one_match_and_all_needs_every),
		cmocka_unit_test(class_map_without_matches_matches_nothing),
		cmocka_unit_test(class_maps_nest),
		cmocka_unit_test(class_map_within_all_goes_on_with_the_next_match),
		cmocka_unit_test(circle_of_class_maps_is_refused),
		cmocka_unit_test(first_matching_class_decides),
		cmocka_unit_test(class_default_can_do_every_action),
		cmocka_unit_test(zones_without_a_pair_are_apart),
		cmocka_unit_test(pair_with_self_decides_what_callgate_itself_may),
		cmocka_unit_test(two_pairs_between_the_same_zones_are_refused),
		cmocka_unit_test(without_zones_everything_passes_statefully),
		cmocka_unit_test(statistics_count_each_pair_and_class_apart),
		cmocka_unit_test(memory_is_told_before_it_is_taken),
	};

	eal_fixture_start();
	accounts = fw_accounts_create(ACCOUNTS, SOCKET_ID_ANY);
	assert_non_null(accounts);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
