/* SPDX-License-Identifier: BSD-3-Clause */
/* What a good configuration becomes: values, defaults, numbering; and what loading survives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "config/reader_priv.h"
#include "net/interface.h"

#include "fault_record.h"

_Static_assert((int)NUMBER_ZONE_SELF == (int)ZONE_SELF, "zone numbers");
_Static_assert((int)NUMBER_ZONE_DEFAULT == (int)ZONE_DEFAULT, "zone numbers");
_Static_assert((int)NUMBER_ZONE_FIRST == (int)ZONE_FIRST, "zone numbers");
_Static_assert((int)NUMBER_NAT_NONE == (int)NAT_SIDE_NONE, "NAT sides");
_Static_assert((int)NUMBER_NAT_INSIDE == (int)NAT_SIDE_INSIDE, "NAT sides");
_Static_assert((int)NUMBER_NAT_OUTSIDE == (int)NAT_SIDE_OUTSIDE, "NAT sides");

/* The allocation that fails, counted down; -1: none does. */
static int allocations_left = -1;

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static bool
allocation_fails(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left-- == 0;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(memory, size);
}

char *
__wrap_strdup(const char *text)
{
	return allocation_fails() ? NULL : __real_strdup(text);
}

static const char example[] =
	"system: { control_core = 0; worker_cores = [1, 1, 3]; hugepages = \"off\"; memory_mb = "
	"512;\n"
	"  file_prefix = \"cg1\"; max_flows = 65536; max_calls = 1024; idle = \"poll\";\n"
	"  log: { level = \"debug\"; target = \"syslog\"; }; };\n"
	"ports: (\n"
	"  { name = \"lan0\"; driver = \"af_packet\"; device = \"veth-in\"; },\n"
	"  { name = \"wan0\"; driver = \"pci\"; device = \"0000:3b:00.0\"; queues = 4; },\n"
	"  { name = \"file\"; driver = \"pcap\"; device = \"in.pcap\"; output = \"out.pcap\";\n"
	"    rx_descriptors = 256; tx_descriptors = 512; },\n"
	"  { name = \"tap0\"; driver = \"tap\"; } );\n"
	"interfaces: (\n"
	"  { name = \"lan\"; port = \"lan0\"; vlan = 0; addresses = [\"10.0.0.1/24\"]; zone = "
	"\"inside\";\n"
	"    nat = \"inside\"; mtu = 1400; },\n"
	"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\", "
	"\"198.51.100.1/31\"];\n"
	"    zone = \"outside\"; nat = \"outside\"; },\n"
	"  { name = \"spare\"; port = \"file\"; vlan = 100; addresses = [\"192.0.2.1/32\"]; } );\n"
	"routes: ( { prefix = \"0.0.0.0/0\"; via = \"203.0.113.254\"; } );\n"
	"acls: ( { name = \"trunks\"; entries: (\n"
	"  { action = \"permit\"; protocol = \"udp\"; source = \"any\"; destination = "
	"\"203.0.113.0/24\";\n"
	"    dports = [5060, 5061]; sports = (1024, \"2000-3000\"); },\n"
	"  { action = \"deny\"; source = \"10.0.0.9\"; } ); } );\n"
	"nat: {\n"
	"  pools: ( { name = \"public\"; addresses = [\"203.0.113.10-203.0.113.20\", "
	"\"203.0.113.30\"];\n"
	"    ports = [2048, 4095]; } );\n"
	"  rules: (\n"
	"    { kind = \"dynamic\"; inside = [\"10.0.0.0/24\"]; interface = \"wan\"; overload = "
	"true; },\n"
	"    { kind = \"dynamic\"; inside = [\"10.1.0.0/16\", \"10.2.0.0/16\"]; pool = "
	"\"public\";\n"
	"      overload = false; },\n"
	"    { kind = \"static\"; inside = \"10.0.0.5\"; outside = \"203.0.113.5\"; },\n"
	"    { kind = \"static\"; protocol = \"udp\"; inside = \"10.0.0.6:5060\";\n"
	"      outside = \"203.0.113.1:5062\"; } );\n"
	"  sip: { udp_ports = [5060, 5080]; tcp_ports = []; };\n"
	"  timeouts: { udp = 30; tcp_established = 600; tcp_transitory = 20; icmp = 5; }; };\n"
	"zones: [\"inside\", \"outside\"];\n"
	"class_maps: (\n"
	"  { name = \"all\"; match = \"all\"; class_maps = [\"any\"]; acls = [\"trunks\"]; },\n"
	"  { name = \"any\"; protocols = [\"sip\", \"dns\", \"ssh\", \"icmp\"]; } );\n"
	"policy_maps: (\n"
	"  { name = \"p\"; classes: ( { class = \"all\"; action = \"inspect\"; },\n"
	"    { class = \"class-default\"; log = true; } ); },\n"
	"  { name = \"q\"; classes: ( { class = \"any\"; action = \"pass\"; } ); } );\n"
	"zone_pairs: (\n"
	"  { name = \"in-out\"; source = \"inside\"; destination = \"outside\"; policy = \"q\"; "
	"},\n"
	"  { name = \"out-self\"; source = \"outside\"; destination = \"self\"; policy = \"p\"; } "
	");\n"
	"sip: { call_proceeding_timeout = 10; max_call_duration = 20; media_inactivity_timeout = "
	"30;\n"
	"  registration_grace = 0; max_calls_per_host = 7; malformed = \"drop\";\n"
	"  media_source = \"announced\"; media_hosts = \"sender\";\n"
	"  blacklist: { trigger_messages = 0; trigger_period_ms = 5; block_seconds = 6; }; };\n"
	"telemetry: { enabled = false; };\n";

static struct config *
good_load(const char *text)
{
	static struct fault_record record;
	struct config *config = config_load_text(text, &record);

	fault_record_print(&record);
	assert_non_null(config);
	assert_int_equal(record.count, 0);
	return config;
}

static int
example_load(void **state)
{
	*state = good_load(example);
	return 0;
}

static int
example_free(void **state)
{
	config_free(*state);
	return 0;
}

static void
system_is_read(void **state)
{
	const struct config *config = *state;
	const struct config_system *system = &config->system;

	assert_int_equal(system->worker_count, 3);
	assert_int_equal(system->worker_cores[0], 1);
	assert_int_equal(system->worker_cores[1], 1);
	assert_int_equal(system->worker_cores[2], 3);
	assert_int_equal(system->hugepages, HUGEPAGES_OFF);
	assert_int_equal(system->memory_mb, 512);
	assert_string_equal(system->file_prefix, "cg1");
	assert_int_equal(system->max_flows, 65536);
	assert_int_equal(system->max_calls, 1024);
	assert_int_equal(system->idle, IDLE_POLL);
	assert_string_equal(system->log_level, "debug");
	assert_string_equal(system->log_target, "syslog");
	assert_false(config->telemetry_enabled);
}

static void
ports_are_read(void **state)
{
	const struct config *config = *state;

	assert_int_equal(config->port_count, 4);
	assert_string_equal(config->ports[0].name, "lan0");
	assert_int_equal(config->ports[0].driver, DRIVER_AF_PACKET);
	assert_string_equal(config->ports[0].device, "veth-in");
	assert_int_equal(config->ports[0].queues, 0);
	assert_int_equal(config->ports[0].rx_descriptors, 1024);
	assert_int_equal(config->ports[0].line, 5);
	assert_int_equal(config->ports[1].driver, DRIVER_PCI);
	assert_int_equal(config->ports[1].queues, 4);
	assert_string_equal(config->ports[2].rx_file, "in.pcap");
	assert_string_equal(config->ports[2].tx_file, "out.pcap");
	assert_int_equal(config->ports[2].rx_descriptors, 256);
	assert_int_equal(config->ports[2].tx_descriptors, 512);
	assert_string_equal(config->ports[3].device, "tap0");
}

static void
interfaces_and_routes_are_read(void **state)
{
	const struct config *config = *state;
	const struct config_interface *interfaces = config->interfaces;

	assert_int_equal(config->interface_count, 3);
	assert_int_equal(interfaces[0].port, 0);
	assert_int_equal(interfaces[0].mtu, 1400);
	assert_int_equal(interfaces[0].zone, ZONE_FIRST);
	assert_int_equal(interfaces[0].nat_side, NAT_SIDE_INSIDE);
	assert_int_equal(interfaces[0].addresses[0].address, inet_addr("10.0.0.1"));
	assert_int_equal(interfaces[0].addresses[0].prefix.address, inet_addr("10.0.0.0"));
	assert_int_equal(interfaces[0].addresses[0].prefix.mask, inet_addr("255.255.255.0"));
	assert_int_equal(interfaces[0].addresses[0].prefix.length, 24);
	assert_int_equal(interfaces[1].address_count, 2);
	assert_int_equal(interfaces[1].zone, ZONE_FIRST + 1);
	assert_int_equal(interfaces[1].nat_side, NAT_SIDE_OUTSIDE);
	assert_int_equal(interfaces[1].mtu, 1500);
	assert_int_equal(interfaces[2].port, 2);
	assert_int_equal(interfaces[2].vlan, 100);
	assert_int_equal(interfaces[2].zone, ZONE_DEFAULT);
	assert_int_equal(interfaces[2].nat_side, NAT_SIDE_NONE);
	assert_int_equal(config->route_count, 1);
	assert_int_equal(config->routes[0].prefix.length, 0);
	assert_int_equal(config->routes[0].prefix.mask, 0);
	assert_int_equal(config->routes[0].via, inet_addr("203.0.113.254"));
}

static void
acls_are_read(void **state)
{
	const struct config *config = *state;
	const struct config_acl_entry *entries = config->acls[0].entries;

	assert_int_equal(config->acls[0].entry_count, 2);
	assert_true(entries[0].permit);
	assert_int_equal(entries[0].proto, IPPROTO_UDP);
	assert_int_equal(entries[0].source.length, 0);
	assert_int_equal(entries[0].destination.length, 24);
	assert_int_equal(entries[0].destination_port_count, 2);
	assert_int_equal(entries[0].destination_ports[1].first, 5061);
	assert_int_equal(entries[0].destination_ports[1].last, 5061);
	assert_int_equal(entries[0].source_port_count, 2);
	assert_int_equal(entries[0].source_ports[1].first, 2000);
	assert_int_equal(entries[0].source_ports[1].last, 3000);
	assert_false(entries[1].permit);
	assert_int_equal(entries[1].proto, 0);
	assert_int_equal(entries[1].source.length, 32);
	assert_int_equal(entries[1].source.address, inet_addr("10.0.0.9"));
	assert_int_equal(entries[1].source.mask, INADDR_BROADCAST);
}

static void
translation_is_read(void **state)
{
	const struct config *config = *state;
	const struct config_nat *nat = &config->nat;

	assert_int_equal(nat->pools[0].range_count, 2);
	assert_int_equal(nat->pools[0].ranges[0].last, inet_addr("203.0.113.20"));
	assert_int_equal(nat->pools[0].ranges[1].first, nat->pools[0].ranges[1].last);
	assert_int_equal(nat->pools[0].ports.first, 2048);
	assert_int_equal(nat->pools[0].ports.last, 4095);
	assert_int_equal(nat->rule_count, 4);
	assert_int_equal(nat->rules[0].interface, 1);
	assert_int_equal(nat->rules[0].pool, -1);
	assert_true(nat->rules[0].overload);
	assert_int_equal(nat->rules[1].interface, -1);
	assert_int_equal(nat->rules[1].pool, 0);
	assert_false(nat->rules[1].overload);
	assert_int_equal(nat->rules[1].inside_count, 2);
	assert_int_equal(nat->rules[1].inside[1].address, inet_addr("10.2.0.0"));
	assert_int_equal(nat->rules[2].kind, NAT_RULE_STATIC);
	assert_int_equal(nat->rules[2].proto, 0);
	assert_int_equal(nat->rules[2].static_outside, inet_addr("203.0.113.5"));
	assert_int_equal(nat->rules[3].proto, IPPROTO_UDP);
	assert_int_equal(nat->rules[3].static_inside, inet_addr("10.0.0.6"));
	assert_int_equal(nat->rules[3].static_inside_port, 5060);
	assert_int_equal(nat->rules[3].static_outside_port, 5062);
	assert_int_equal(nat->sip_udp_port_count, 2);
	assert_int_equal(nat->sip_udp_ports[1], 5080);
	assert_int_equal(nat->sip_tcp_port_count, 0);
	assert_int_equal(nat->timeout_udp, 30);
	assert_int_equal(nat->timeout_tcp_established, 600);
	assert_int_equal(nat->timeout_tcp_transitory, 20);
	assert_int_equal(nat->timeout_icmp, 5);
}

static void
policy_is_read_and_class_default_always_last(void **state)
{
	const struct config *config = *state;
	const struct config_class_map *maps = config->class_maps;
	const struct config_policy_map *policies = config->policy_maps;

	assert_true(config->zones_configured);
	assert_int_equal(config->zone_count, 4);
	assert_string_equal(config->zones[ZONE_SELF], "self");
	assert_string_equal(config->zones[ZONE_DEFAULT], "default");
	assert_string_equal(config->zones[ZONE_FIRST], "inside");
	assert_true(maps[0].match_all);
	assert_int_equal(maps[0].match_count, 2);
	assert_int_equal(maps[0].matches[0].kind, MATCH_ACL);
	assert_int_equal(maps[0].matches[1].kind, MATCH_CLASS_MAP);
	assert_int_equal(maps[0].matches[1].index, 1);
	assert_false(maps[1].match_all);
	assert_int_equal(maps[1].matches[0].kind, MATCH_SIP);
	assert_int_equal(maps[1].matches[1].kind, MATCH_SERVICE);
	assert_string_equal(maps[1].matches[1].service, "dns");
	assert_int_equal(maps[1].matches[1].proto, 0);
	assert_int_equal(maps[1].matches[1].port, 53);
	assert_int_equal(maps[1].matches[2].proto, IPPROTO_TCP);
	assert_int_equal(maps[1].matches[2].port, 22);
	assert_int_equal(maps[1].matches[3].proto, IPPROTO_ICMP);
	assert_int_equal(policies[0].class_count, 2);
	assert_int_equal(policies[0].classes[0].action, ACTION_INSPECT);
	assert_int_equal(policies[0].classes[1].class_map, -1);
	assert_int_equal(policies[0].classes[1].action, ACTION_DROP);
	assert_true(policies[0].classes[1].log);
	assert_int_equal(policies[1].class_count, 2);
	assert_int_equal(policies[1].classes[0].action, ACTION_PASS);
	assert_int_equal(policies[1].classes[1].class_map, -1);
	assert_int_equal(policies[1].classes[1].action, ACTION_DROP);
	assert_int_equal(config->zone_pairs[0].source, ZONE_FIRST);
	assert_int_equal(config->zone_pairs[0].destination, ZONE_FIRST + 1);
	assert_int_equal(config->zone_pairs[0].policy, 1);
	assert_int_equal(config->zone_pairs[1].destination, ZONE_SELF);
}

static void
sip_is_read(void **state)
{
	const struct config *config = *state;
	const struct config_sip *sip = &config->sip;

	assert_int_equal(sip->call_proceeding_timeout, 10);
	assert_int_equal(sip->max_call_duration, 20);
	assert_int_equal(sip->media_inactivity_timeout, 30);
	assert_int_equal(sip->registration_grace, 0);
	assert_int_equal(sip->max_calls_per_host, 7);
	assert_int_equal(sip->malformed, MALFORMED_DROP);
	assert_int_equal(sip->media_source, CONFIG_MEDIA_ANNOUNCED);
	assert_int_equal(sip->media_hosts, MEDIA_HOSTS_SENDER);
	assert_int_equal(sip->blacklist_trigger_period_ms, 5);
	assert_int_equal(sip->blacklist_block_seconds, 6);
}

static void
what_is_left_out_has_its_default(void **state)
{
	struct config *config = good_load(TEXT_PORTS TEXT_INTERFACES);

	assert_int_equal(config->system.control_core, 0);
	assert_int_equal(config->system.worker_count, 1);
	assert_int_equal(config->system.worker_cores[0], 1);
	assert_int_equal(config->system.hugepages, HUGEPAGES_AUTO);
	assert_int_equal(config->system.memory_mb, 0);
	assert_string_equal(config->system.file_prefix, "callgate");
	assert_int_equal(config->system.max_flows, 262144);
	assert_int_equal(config->system.max_calls, 65536);
	assert_int_equal(config->system.idle, IDLE_AUTO);
	assert_string_equal(config->system.log_level, "info");
	assert_string_equal(config->system.log_target, "stderr");
	assert_null(config->ports[0].device);
	assert_int_equal(config->interfaces[0].mtu, 1500);
	assert_int_equal(config->interfaces[0].zone, ZONE_DEFAULT);
	assert_false(config->zones_configured);
	assert_int_equal(config->zone_count, 2);
	assert_int_equal(config->nat.sip_udp_port_count, 1);
	assert_int_equal(config->nat.sip_udp_ports[0], 5060);
	assert_int_equal(config->nat.sip_tcp_port_count, 1);
	assert_int_equal(config->nat.sip_tcp_ports[0], 5060);
	assert_int_equal(config->nat.timeout_udp, 300);
	assert_int_equal(config->nat.timeout_tcp_established, 7440);
	assert_int_equal(config->nat.timeout_tcp_transitory, 240);
	assert_int_equal(config->nat.timeout_icmp, 60);
	assert_int_equal(config->sip.call_proceeding_timeout, 180);
	assert_int_equal(config->sip.max_call_duration, 43200);
	assert_int_equal(config->sip.media_inactivity_timeout, 300);
	assert_int_equal(config->sip.registration_grace, 60);
	assert_int_equal(config->sip.max_calls_per_host, 0);
	assert_int_equal(config->sip.malformed, MALFORMED_PASS);
	assert_int_equal(config->sip.media_source, CONFIG_MEDIA_LATCH);
	assert_int_equal(config->sip.media_hosts, MEDIA_HOSTS_ZONE);
	assert_int_equal(config->sip.blacklist_trigger_messages, 0);
	assert_int_equal(config->sip.blacklist_trigger_period_ms, 1000);
	assert_int_equal(config->sip.blacklist_block_seconds, 30);
	assert_true(config->telemetry_enabled);
	config_free(config);
}

static void
long_integers_and_hexadecimal_ones_are_integers(void **state)
{
	struct config *config = good_load(
		TEXT_PORTS TEXT_INTERFACES "system: { max_flows = 4096L; max_calls = 0x100; };\n");

	assert_int_equal(config->system.max_flows, 4096);
	assert_int_equal(config->system.max_calls, 256);
	config_free(config);
}

static void
an_interface_may_name_the_default_zone(void **state)
{
	struct config *config = good_load(TEXT_PORTS
		"interfaces: ( { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/24\"];\n"
		"  zone = \"default\"; } );\n");

	assert_int_equal(config->interfaces[0].zone, ZONE_DEFAULT);
	assert_false(config->zones_configured);
	config_free(config);
}

static void
empty_zones_switch_the_firewall_on(void **state)
{
	struct config *config = good_load(TEXT_PORTS TEXT_INTERFACES "zones: [];\n");

	assert_true(config->zones_configured);
	assert_int_equal(config->zone_count, 2);
	config_free(config);
}

static void
a_file_that_cannot_be_read_is_a_fault(void **state)
{
	static struct fault_record record;

	memset(&record, 0, sizeof(record));
	assert_null(config_load("/nonexistent/callgate.conf", fault_record_add, &record));
	assert_int_equal(record.count, 1);
	assert_string_equal(record.faults[0].whole, "/nonexistent/callgate.conf:1: file: cannot be "
						    "read: No such file or directory, allowed: a "
						    "readable file");
}

static void
a_folder_is_a_fault(void **state)
{
	static struct fault_record record;

	memset(&record, 0, sizeof(record));
	assert_null(config_load("/tmp", fault_record_add, &record));
	assert_int_equal(record.count, 1);
	assert_string_equal(record.faults[0].path, "file");
	assert_non_null(strstr(record.faults[0].text, "is a folder"));
}

/* Fails the first, second, third ... allocation until the load gets through; returns how many. */
static int
load_short_of_memory(const char *text, struct fault_record *record, struct config **config)
{
	int failing;

	for (failing = 0;; failing++) {
		allocations_left = failing;
		*config = config_load_text(text, record);
		if (record->count != 1 || strstr(record->faults[0].text, "out of memory") == NULL)
			break;
		assert_null(*config);
	}
	allocations_left = -1;
	return failing;
}

static void
running_out_of_memory_is_a_fault_and_leaks_nothing(void **state)
{
	static struct fault_record record;
	struct config *config;

	assert_true(load_short_of_memory(example, &record, &config) > 50);
	assert_non_null(config);
	assert_int_equal(record.count, 0);
	config_free(config);
}

static void
running_out_of_memory_among_faults_leaks_nothing(void **state)
{
	static struct fault_record record;
	struct config *config;
	int allocations = load_short_of_memory(TEXT_PORTS TEXT_INTERFACES
		"nat: { rules: ( { kind = \"static\"; } ); };\n"
		"class_maps: ( { name = \"a\"; class_maps = [\"a\"]; } );\n",
		&record, &config);

	assert_true(allocations > 20);
	assert_null(config);
	assert_int_equal(record.count, 3);
}

int
main(void)
{
	static const struct CMUnitTest on_example[] = {
		cmocka_unit_test(system_is_read),
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(interfaces_and_routes_are_read),
		cmocka_unit_test(acls_are_read),
		cmocka_unit_test(translation_is_read),
		cmocka_unit_test(policy_is_read_and_class_default_always_last),
		cmocka_unit_test(sip_is_read),
	};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(long_integers_and_hexadecimal_ones_are_integers),
		cmocka_unit_test(an_interface_may_name_the_default_zone),
		cmocka_unit_test(empty_zones_switch_the_firewall_on),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_fault),
		cmocka_unit_test(a_folder_is_a_fault),
		cmocka_unit_test(running_out_of_memory_is_a_fault_and_leaks_nothing),
		cmocka_unit_test(running_out_of_memory_among_faults_leaks_nothing),
	};

	return cmocka_run_group_tests(on_example, example_load, example_free) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
