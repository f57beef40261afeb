/* SPDX-License-Identifier: BSD-3-Clause */
/* What a good configuration becomes: values, defaults, numbering; and files that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "config/reader_priv.h"
#include "net/interface.h"

#include "example.h"
#include "fault_record.h"

_Static_assert((int)NUMBER_ZONE_SELF == (int)ZONE_SELF, "zone numbers");
_Static_assert((int)NUMBER_ZONE_DEFAULT == (int)ZONE_DEFAULT, "zone numbers");
_Static_assert((int)NUMBER_ZONE_FIRST == (int)ZONE_FIRST, "zone numbers");
_Static_assert((int)NUMBER_NAT_NONE == (int)NAT_SIDE_NONE, "NAT sides");
_Static_assert((int)NUMBER_NAT_INSIDE == (int)NAT_SIDE_INSIDE, "NAT sides");
_Static_assert((int)NUMBER_NAT_OUTSIDE == (int)NAT_SIDE_OUTSIDE, "NAT sides");

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
records_and_levels_are_read(void **state)
{
	struct config *config = good_load(TEXT_PORTS TEXT_INTERFACES
		"system: { log: { modules: ( { module = \"sip\"; level = \"debug\"; }, { module = "
		"\"app\"; level = \"error\"; } ); };\n"
		"cdr: { target = \"file\"; file = \"/a/b\"; }; };\n");
	const struct config_system *system = &config->system;

	assert_int_equal(system->log_module_count, 2);
	assert_int_equal(system->log_modules[0].module, LOG_MODULE_SIP);
	assert_int_equal(system->log_modules[0].level, LOG_LEVEL_DEBUG);
	assert_int_equal(system->log_modules[1].module, LOG_MODULE_APP);
	assert_int_equal(system->log_modules[1].level, LOG_LEVEL_ERROR);
	assert_int_equal(system->cdr, CDR_FILE);
	assert_string_equal(system->cdr_file, "/a/b");
	config_free(config);
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
	assert_int_equal(config->fragments.timeout, 2);
	assert_int_equal(config->fragments.max_datagrams, 128);
	assert_int_equal(config->fragments.max_held, 256);
	assert_int_equal(config->fragments.max_held_per_source, 64);
	assert_int_equal(config->fragments.max_per_datagram, 32);
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

	assert_int_equal(config->acls[0].entry_count, 3);
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
	assert_null(entries[1].source_network);
	assert_ptr_equal(entries[2].source_network, config->networks);
	assert_ptr_equal(entries[2].destination_network, config->networks);
	assert_int_equal(config_acl_entry_rules(&entries[2]), 36);
}

static void
range_of_a_network_is_the_fewest_prefixes(void **state)
{
	static const struct {
		const char *address;
		uint8_t length;
	} rows[] = {{"10.0.0.0", 24}, {"10.0.1.5", 32}, {"10.0.2.1", 32}, {"10.0.2.2", 31},
		{"10.0.2.4", 31}, {"10.0.2.6", 32}};
	const struct config *config = *state;
	const struct config_network *network = config->networks;

	assert_int_equal(config->network_count, 1);
	assert_string_equal(network->name, "phones");
	assert_int_equal(network->prefix_count, sizeof(rows) / sizeof(rows[0]));
	for (unsigned int i = 0; i < network->prefix_count; i++) {
		assert_int_equal(network->prefixes[i].address, inet_addr(rows[i].address));
		assert_int_equal(network->prefixes[i].length, rows[i].length);
		assert_int_equal(
			network->prefixes[i].mask, htonl(UINT32_MAX << (32 - rows[i].length)));
	}
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
	assert_int_equal(nat->timeout_tcp_opening, 15);
	assert_int_equal(nat->timeout_tcp_closing, 10);
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
	assert_int_equal(maps[2].match_count, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(maps[2].matches[i].negated);
		assert_false(maps[1].matches[i].negated);
	}
	assert_int_equal(maps[2].matches[0].kind, MATCH_SERVICE);
	assert_int_equal(maps[2].matches[1].kind, MATCH_ACL);
	assert_int_equal(maps[2].matches[2].kind, MATCH_CLASS_MAP);
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
	assert_int_equal(sip->max_pending_calls, 8);
	assert_int_equal(sip->max_doors_per_call, 9);
	assert_int_equal(sip->max_streams, 100);
	assert_int_equal(sip->max_streams_per_host, 50);
	assert_int_equal(sip->stream_buffer, 90000);
	assert_int_equal(sip->stream_memory, 3);
	assert_int_equal(sip->stream_hold_time, 11);
	assert_int_equal(sip->message_history, 12);
	assert_int_equal(sip->hep_address, inet_addr("127.0.0.1"));
	assert_int_equal(sip->hep_port, 9060);
	assert_int_equal(sip->hep_capture_id, 77);
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
	assert_int_equal(config->system.cdr, CDR_NONE);
	assert_string_equal(config->system.cdr_file, "/var/log/callgate/cdr.json");
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
	assert_int_equal(config->nat.timeout_tcp_opening, 0);
	assert_int_equal(config->nat.timeout_tcp_closing, 0);
	assert_int_equal(config->sip.call_proceeding_timeout, 180);
	assert_int_equal(config->sip.max_call_duration, 43200);
	assert_int_equal(config->sip.media_inactivity_timeout, 300);
	assert_int_equal(config->sip.registration_grace, 60);
	assert_int_equal(config->sip.max_calls_per_host, 0);
	assert_int_equal(config->sip.max_pending_calls, 0);
	assert_int_equal(config->sip.max_doors_per_call, 256);
	assert_int_equal(config->sip.max_streams, 16384);
	assert_int_equal(config->sip.max_streams_per_host, 0);
	assert_int_equal(config->sip.stream_buffer, 131072);
	assert_int_equal(config->sip.stream_memory, 32);
	assert_int_equal(config->sip.stream_hold_time, 32);
	assert_int_equal(config->sip.message_history, 32768);
	assert_int_equal(config->sip.hep_address, 0);
	assert_int_equal(config->sip.hep_capture_id, 1);
	assert_int_equal(config->sip.malformed, MALFORMED_PASS);
	assert_int_equal(config->sip.media_source, CONFIG_MEDIA_LATCH);
	assert_int_equal(config->sip.media_hosts, MEDIA_HOSTS_ZONE);
	assert_int_equal(config->sip.blacklist_trigger_messages, 0);
	assert_int_equal(config->sip.blacklist_trigger_period_ms, 1000);
	assert_int_equal(config->sip.blacklist_block_seconds, 30);
	assert_int_equal(config->fragments.timeout, 15);
	assert_int_equal(config->fragments.max_datagrams, 4096);
	assert_int_equal(config->fragments.max_held, 4096);
	assert_int_equal(config->fragments.max_held_per_source, 1024);
	assert_int_equal(config->fragments.max_per_datagram, 64);
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

int
main(void)
{
	static const struct CMUnitTest on_example[] = {
		cmocka_unit_test(records_and_levels_are_read),
		cmocka_unit_test(system_is_read),
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(interfaces_and_routes_are_read),
		cmocka_unit_test(acls_are_read),
		cmocka_unit_test(range_of_a_network_is_the_fewest_prefixes),
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
	};

	return cmocka_run_group_tests(on_example, example_load, example_free) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
