/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every setting, in the order of the reference page. Overview in setting_priv.h. Bounds that
 * several rooms share are in core/limits.h; the others are chosen here, wide enough for every use
 * we know and narrow enough to catch a slip of the finger.
 */
#include "config/config.h"
#include "core/limits.h"

#include "setting_priv.h"

#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)
#define TOP(member)         FIELD(struct config, member)

#define GROUP(name, about)     .path = name, .type = SETTING_GROUP, .help = about
#define LIST(name, top, about) .path = name, .type = SETTING_LIST, .max = top, .help = about
#define INTEGER(name, standard, low, high, about) \
	.path = name, .type = SETTING_INTEGER, .fallback = standard, .min = low, .max = high, \
	.help = about
#define BOOLEAN(name, standard, about) \
	.path = name, .type = SETTING_BOOLEAN, .fallback = standard, .help = about
#define CHOICE(name, list, standard, about) \
	.path = name, .type = SETTING_CHOICE, .choices = list, .fallback = standard, .help = about
#define WORD(name, list, standard, about) \
	.path = name, .type = SETTING_WORD, .choices = list, .text = standard, .help = about
#define NAME(name, about) .path = name, .type = SETTING_NAME, .help = about
#define TEXT(name, about) .path = name, .type = SETTING_TEXT, .help = about
#define OTHER(name, standard, what, about) \
	.path = name, .type = SETTING_OTHER, .text = standard, .allowed = what, .help = about

#define ONLY(other)   .only = other
#define REQUIRED      .flags = SETTING_REQUIRED
#define LIVE          .flags = SETTING_LIVE
#define REQUIRED_LIVE .flags = SETTING_REQUIRED | SETTING_LIVE

enum { DAY = 86400, WEEK = 7 * DAY };

static const char *const hugepages_choices[] = {"auto", "on", "off", NULL};
static const char *const idle_choices[] = {"poll", "auto", NULL};
static const char *const level_choices[] = {LOG_LEVEL_NAMES, NULL};
#define X(id, name) name,
static const char *const module_choices[] = {LOG_MODULE_LIST(X) NULL};
#undef X
static const char *const target_choices[] = {"stderr", "syslog", NULL};
static const char *const cdr_choices[] = {"none", "file", "syslog", NULL};
static const char *const driver_choices[] = {
	"pci", "af_packet", "af_xdp", "tap", "pcap", "ring", "null", NULL};
static const char *const side_choices[] = {"none", "inside", "outside", NULL};
static const char *const check_choices[] = {"off", "loose", "strict", NULL};
static const char *const permit_choices[] = {"deny", "permit", NULL};
static const char *const protocol_choices[] = {"ip", "tcp", "udp", "icmp", NULL};
static const char *const pooling_choices[] = {"paired", "overflow", NULL};
static const char *const kind_choices[] = {"dynamic", "static", NULL};
static const char *const filtering_choices[] = {
	"endpoint_independent", "address", "address_and_port", NULL};
static const char *const match_choices[] = {"any", "all", NULL};
static const char *const action_choices[] = {"drop", "inspect", "pass", NULL};
static const char *const malformed_choices[] = {"pass", "drop", NULL};
static const char *const source_choices[] = {"latch", "announced", "any", NULL};
static const char *const hosts_choices[] = {"zone", "sender", NULL};

static const char ports_allowed[] = "an array of port numbers 0 .. 65535, or a list that also has "
				    "ranges such as \"16384-32767\"";
static const char networks_allowed[] = "\"any\", a prefix, an address or the name of a network";
static const char services_allowed[] = "an array of service names";
static const char lists_allowed[] = "an array of names of access lists";
static const char maps_allowed[] = "an array of names of class maps";

/* A row reads as name, default and bounds, help, field. */
/* clang-format off */
const struct setting setting_table[] = {
	{GROUP("system", "The machine: cores, memory and table sizes.")},
	{INTEGER("system.control_core", 0, 0, 1023,
		 "CPU core of the control lcore: timers, reload, telemetry. May also be a "
		 "worker's."),
		TOP(system.control_core)},
	{OTHER("system.worker_cores", "[1]", "an array of 1 .. 32 CPU cores 0 .. 1023",
		"One worker lcore for each entry. An entry may repeat a core: the workers then "
		 "share it.")},
	{CHOICE("system.hugepages", hugepages_choices, HUGEPAGES_AUTO,
		 "Huge pages: `auto` tries and falls back with a log line, `on` insists, `off` "
		 "does without."),
		TOP(system.hugepages)},
	{INTEGER("system.memory_mb", 0, 0, 1048576,
		 "Memory taken at start, in MiB. 0: computed from the table sizes; `--check` "
		 "prints the sum and refuses a smaller value."),
		TOP(system.memory_mb)},
	{NAME("system.file_prefix", "Names what this instance keeps in the runtime folder, the "
		 "telemetry socket's folder too. Instances that run side by side need one each."),
		.text = "callgate", TOP(system.file_prefix)},
	{INTEGER("system.max_flows", 262144, 1024, 16777216,
		 "Flows (translated or inspected conversations) at one time."),
		TOP(system.max_flows)},
	{INTEGER("system.max_calls", 65536, 64, 4194304, "SIP call records at one time."),
		TOP(system.max_calls)},
	{INTEGER("system.icmp_errors_per_second", 100, 0, 1000000,
		 "ICMP errors that each worker sends in a second to hosts outside, and as many to all "
		 "others, half of them at once: time exceeded, "
		 "unreachable, fragmentation needed. 0: none, path-MTU discovery and traceroute end here."),
		TOP(system.icmp_errors_per_second)},
	{CHOICE("system.idle", idle_choices, IDLE_AUTO,
		 "`poll`: workers never sleep. `auto`: a worker sleeps, 100 µs at most, when all "
		 "its queues are idle."),
		TOP(system.idle)},
	{GROUP("system.log", "Where log lines go.")},
	{WORD("system.log.level", level_choices, "info",
		 "The least important lines that are written."),
		TOP(system.log_level), LIVE},
	{WORD("system.log.target", target_choices, "stderr", "Where they are written."),
		TOP(system.log_target)},
	{LIST("system.log.modules", LOG_MODULES, "Modules whose lines are written by a level of their own. What "
		 "`callgatectl log level` has set stays over a reload, unless the file's level of the "
		 "module has changed."), LIVE},
	{CHOICE("system.log.modules[].module", module_choices, 0, "What its lines are about."),
		FIELD(struct config_log_module, module), REQUIRED_LIVE},
	{CHOICE("system.log.modules[].level", level_choices, 0,
		 "The least important of its lines that are written."),
		FIELD(struct config_log_module, level), REQUIRED_LIVE},
	{GROUP("system.cdr", "Call detail records: one line of JSON for each call that has ended.")},
	{CHOICE("system.cdr.target", cdr_choices, CDR_NONE,
		 "Where they are written. `none`: nowhere, and no memory is taken for them."),
		TOP(system.cdr)},
	{TEXT("system.cdr.file",
		 "The file to which `file` appends. SIGHUP and `reload` open it anew, so that it can be "
		 "moved away before."),
		.text = "/var/log/callgate/cdr.json", TOP(system.cdr_file)},

	{LIST("ports", PORTS_MAX, "The network cards."), REQUIRED},
	{NAME("ports[].name", "Name that interfaces and show commands use."),
		FIELD(struct config_port, name), REQUIRED},
	{CHOICE("ports[].driver", driver_choices, 0, "Kind of port."),
		FIELD(struct config_port, driver), REQUIRED},
	{TEXT("ports[].device",
		 "`pci`: PCI address such as \"0000:3b:00.0\". `af_packet`, `af_xdp`: network "
		 "device. `tap`: network device to make (default: the port's name). `pcap`: "
		 "capture file to read (may be left out where `output` is given). `ring` and "
		 "`null` have none."),
		FIELD(struct config_port, device)},
	{TEXT("ports[].output",
		 "`pcap` only: capture file to write. Left out: nothing is written."),
		FIELD(struct config_port, tx_file)},
	{INTEGER("ports[].queues", 0, 0, WORKERS_MAX,
		 "Queue pairs. 0: one for each worker, as far as the driver goes."),
		FIELD(struct config_port, queues)},
	{INTEGER("ports[].rx_descriptors", 1024, 64, 32768, "Length of each receive queue."),
		FIELD(struct config_port, rx_descriptors)},
	{INTEGER("ports[].tx_descriptors", 1024, 64, 32768, "Length of each transmit queue."),
		FIELD(struct config_port, tx_descriptors)},

	{LIST("interfaces", INTERFACES_MAX, "Layer 3, on a port or on a VLAN of it."), REQUIRED},
	{NAME("interfaces[].name", "Name that rules and show commands use."),
		FIELD(struct config_interface, name), REQUIRED},
	{OTHER("interfaces[].port", NULL, "the name of a port", "The port it is on."), REQUIRED},
	{INTEGER("interfaces[].vlan", 0, 0, 4094, "802.1Q VLAN. 0: untagged."),
		FIELD(struct config_interface, vlan)},
	{OTHER("interfaces[].addresses", NULL,
		 "an array of 1 .. 8 IPv4 addresses with their prefix length",
		 "Own addresses, such as \"10.0.0.1/24\". The first is the one that PAT uses."),
		REQUIRED},
	{OTHER("interfaces[].zone", "\"default\"", "the name of a zone, \"default\" too",
		"Zone of the firewall.")},
	{CHOICE("interfaces[].nat", side_choices, 0, "Side of the translation."),
		FIELD(struct config_interface, nat_side)},
	{CHOICE("interfaces[].source_check", check_choices, 0,
		 "Unicast reverse path check (RFC 3704) of what begins a conversation here: `strict`: the "
		 "source has to be reached by this interface, `loose`: by any. The default route counts."),
		FIELD(struct config_interface, source_check)},
	{INTEGER("interfaces[].mtu", 1500, 68, 1500, "Longest IP packet, in bytes."),
		FIELD(struct config_interface, mtu)},
	{INTEGER("interfaces[].tcp_mss", 0, 0, TCP_MSS_MAX,
		 "Lower the maximum segment size in every SYN that comes or leaves here to this, 536 or "
		 "more, where a tunnel or DSL line behind takes less than the MTU. 0: leave it."),
		FIELD(struct config_interface, tcp_mss)},

	{LIST("routes", 4096, "Static routes.")},
	{OTHER("routes[].prefix", NULL, "a prefix such as \"0.0.0.0/0\"", "Destinations."),
		REQUIRED},
	{OTHER("routes[].via", NULL, "an address in the prefix of an interface", "The next hop."),
		REQUIRED},

	{LIST("networks", 1024, "Addresses under a name, for access lists."), LIVE},
	{NAME("networks[].name", "Name that access lists use."), FIELD(struct config_network, name),
		REQUIRED_LIVE},
	{OTHER("networks[].addresses", NULL,
		 "an array of 1 .. 1024 prefixes, addresses and ranges such as "
		 "\"10.0.0.10-10.0.0.20\"",
		 "The addresses."),
		REQUIRED_LIVE},

	{LIST("acls", 1024, "Access lists, for class maps."), LIVE},
	{NAME("acls[].name", "Name that class maps use."), FIELD(struct config_acl, name),
		REQUIRED_LIVE},
	{LIST("acls[].entries", 16384, "Entries; the first that fits decides, none: deny."),
		REQUIRED_LIVE},
	{CHOICE("acls[].entries[].action", permit_choices, 0, "What an entry that fits decides."),
		FIELD(struct config_acl_entry, permit), REQUIRED_LIVE},
	{CHOICE("acls[].entries[].protocol", protocol_choices, 0, "Protocol; `ip`: any."),
		FIELD(struct config_acl_entry, proto), LIVE},
	{OTHER("acls[].entries[].source", "\"any\"", networks_allowed, "Source addresses."), LIVE},
	{OTHER("acls[].entries[].destination", "\"any\"", networks_allowed,
		 "Destination addresses. Policy sees real addresses: the inside host, not its "
		 "outside face."),
		LIVE},
	{OTHER("acls[].entries[].sports", NULL, ports_allowed,
		 "Source ports, for `tcp` and `udp`. Left out: any."),
		LIVE},
	{OTHER("acls[].entries[].dports", NULL, ports_allowed,
		 "Destination ports, for `tcp` and `udp`. Left out: any."),
		LIVE},

	{GROUP("nat", "Address translation.")},
	{LIST("nat.pools", 64, "Outside addresses for dynamic rules.")},
	{NAME("nat.pools[].name", "Name that rules use."), FIELD(struct config_pool, name),
		REQUIRED},
	{OTHER("nat.pools[].addresses", NULL,
		 "an array of addresses and ranges such as \"203.0.113.10-203.0.113.20\"",
		 "The addresses. All outside addresses together are 256 at most. callgate answers ARP "
		 "for those in the prefix of an interface."),
		REQUIRED},
	{OTHER("nat.pools[].ports", "[1024, 65535]", "[first, last] within 1 .. 65535",
		"Outside ports that an overloaded pool gives out.")},
	{CHOICE("nat.pools[].pooling", pooling_choices, POOLING_PAIRED,
		 "An inside host has all its ports at one address (RFC 4787 REQ-2). When that has none "
		 "left: `paired` refuses, `overflow` goes on with other addresses of the pool."),
		FIELD(struct config_pool, pooling)},
	{INTEGER("nat.pools[].block_size", 0, 0, 16384,
		 "Give each inside host ports in blocks that it has to itself, one line in the log for "
		 "each (RFC 6888 REQ-14): a power of two from 64 on. 0: ports one by one."),
		FIELD(struct config_pool, block_size)},
	{INTEGER("nat.pools[].blocks_per_host", 8, 1, 1024,
		 "Blocks that one inside host may have, with `block_size`."),
		FIELD(struct config_pool, blocks_per_host), ONLY("block_size")},
	{LIST("nat.rules", 1024, "What is translated; the first rule that fits decides.")},
	{CHOICE("nat.rules[].kind", kind_choices, 0, "Kind of rule."),
		FIELD(struct config_nat_rule, kind), REQUIRED},
	{OTHER("nat.rules[].inside", NULL,
		 "an array of prefixes in a dynamic rule, \"address\" or \"address:port\" in a "
		 "static one",
		 "Inside addresses."),
		REQUIRED},
	{OTHER("nat.rules[].interface", NULL, "the name of an interface with nat = \"outside\"",
		"Dynamic: translate to the interface's first address. Either this or `pool`. When rules "
		 "name several interfaces, each serves what leaves by it.")},
	{OTHER("nat.rules[].pool", NULL, "the name of a pool",
		"Dynamic: translate to the pool's addresses. Either this or `interface`.")},
	{BOOLEAN("nat.rules[].overload", true,
		 "Dynamic: many inside hosts share an outside address, told apart by port. "
		 "false: one to one, needs `pool`."),
		FIELD(struct config_nat_rule, overload), ONLY("kind=dynamic")},
	{INTEGER("nat.rules[].max_ports_per_host", 0, 0, 16777216,
		 "Dynamic: outside ports and ICMP identifiers that one inside host may have at one "
		 "time, those of its calls too (RFC 6888 REQ-4). 0: no limit."),
		FIELD(struct config_nat_rule, max_ports_per_host), ONLY("kind=dynamic")},
	{INTEGER("nat.rules[].max_new_per_second", 0, 0, 16777216,
		 "Dynamic: translations that one inside host may begin in a second (RFC 6888 REQ-4 C). "
		 "0: no limit."),
		FIELD(struct config_nat_rule, max_new_per_second), ONLY("kind=dynamic")},
	{OTHER("nat.rules[].protocol", NULL, "tcp, udp",
		"Static: translate one port of this protocol. Left out: the whole address.")},
	{OTHER("nat.rules[].outside", NULL, "\"address\" or \"address:port\"",
		"Static: the outside face of `inside`.")},
	{OTHER("nat.exclude", NULL, "an array of 1 .. 64 names of access lists",
		 "What these access lists permit is not translated, whatever the rules say, seen from "
		 "the inside (source: the inside host), in both directions; for new conversations."),
		LIVE},
	{CHOICE("nat.filtering", filtering_choices, NAT_FILTERING_ADDRESS,
		 "Who may send to an outside port that an inside host uses (RFC 4787 REQ-8): "
		 "anybody (`endpoint_independent`), addresses that the host has sent to (`address`), "
		 "or only the very ports it has sent to (`address_and_port`). Zone policies come "
		 "first; what the SIP ALG opened is for whom it was opened."),
		TOP(nat.filtering)},
	{INTEGER("nat.max_flows_per_host", 0, 0, 16777216,
		 "Flows that one inside host may have through its translations at one time, those that others "
		 "began to it included, which leave the last eighth to its own; media of calls not (RFC 6888 "
		 "REQ-5). 0: half of `system.max_flows`."),
		TOP(nat.max_flows_per_host)},
	{GROUP("nat.port_hold",
		"How long a shared outside UDP port rests when nobody uses it any more (RFC 6888 REQ-8), so "
		"that what is still on its way to the last inside host does not reach the next.")},
	{INTEGER("nat.port_hold.seconds", 120, 0, 3600, "Seconds. 0: none rests."),
		TOP(nat.port_hold_seconds)},
	{INTEGER("nat.port_hold.percent", 25, 0, 100,
		 "How many ports (or blocks) of an outside address may rest at one time, in percent. When more "
		 "would, those that have rested longest are free at once."),
		TOP(nat.port_hold_percent)},
	{BOOLEAN("nat.tcp_rst_check", false,
		 "Drop TCP resets whose sequence number is outside of what their receiver expects "
		 "(RFC 5961), in connections that NAT translates or policy inspects."),
		TOP(nat.tcp_rst_check)},
	{BOOLEAN("nat.log", false,
		 "Write a line, whatever `system.log.level` says, when a dynamic translation begins and "
		 "one when it ends; where ports come in blocks or addresses are leased, for each of these "
		 "instead."),
		TOP(nat.log)},
	{GROUP("nat.sip", "Where the SIP ALG listens.")},
	{OTHER("nat.sip.udp_ports", "[5060]", "an array of 0 .. 16 ports 1 .. 65535",
		"Destination ports at which UDP is SIP. `[]` switches it off.")},
	{OTHER("nat.sip.tcp_ports", "[5060]", "an array of 0 .. 16 ports 1 .. 65535",
		"Destination ports at which TCP is SIP. `[]` switches it off.")},
	{GROUP("nat.timeouts", "Seconds without a packet after which a translation ends.")},
	{INTEGER("nat.timeouts.udp", 300, 1, WEEK, "UDP (RFC 4787: 120 or more)."),
		TOP(nat.timeout_udp)},
	{INTEGER("nat.timeouts.tcp_established", 7440, 1, WEEK,
		 "TCP, established or half closed (RFC 5382: 7440 or more)."),
		TOP(nat.timeout_tcp_established)},
	{INTEGER("nat.timeouts.tcp_transitory", 240, 1, WEEK,
		 "TCP, opening or closing (RFC 5382: 240 or more)."),
		TOP(nat.timeout_tcp_transitory)},
	{INTEGER("nat.timeouts.tcp_opening", 0, 0, WEEK,
		 "TCP, until both ends have answered each other. 0: as `tcp_transitory`."),
		TOP(nat.timeout_tcp_opening)},
	{INTEGER("nat.timeouts.tcp_closing", 0, 0, WEEK,
		 "TCP, from the second FIN on, or after a RST. 0: as `tcp_transitory`. While less than "
		 "an eighth of `system.max_flows` is free, 5 at most when both ends have closed."),
		TOP(nat.timeout_tcp_closing)},
	{INTEGER("nat.timeouts.icmp", 60, 1, WEEK, "ICMP queries (RFC 5508: 60 or more)."),
		TOP(nat.timeout_icmp)},

	{OTHER("zones", NULL, "an array of 0 .. 60 names",
		"Zones of the firewall. \"self\" (callgate itself) and \"default\" (interfaces "
		 "without a zone) exist by themselves. Left out: no firewall, a plain router.")},
	{LIST("class_maps", 1024, "Kinds of traffic."), LIVE},
	{NAME("class_maps[].name", "Name that policy maps use."),
		FIELD(struct config_class_map, name), REQUIRED_LIVE},
	{CHOICE("class_maps[].match", match_choices, 0,
		 "`any`: one of what follows has to fit. `all`: everything has to."),
		FIELD(struct config_class_map, match_all), LIVE},
	{OTHER("class_maps[].protocols", NULL, services_allowed,
		 "Services; the page ends with their table. `sip` follows `nat.sip`."),
		LIVE},
	{OTHER("class_maps[].acls", NULL, lists_allowed,
		 "Access lists: what they permit fits."),
		LIVE},
	{OTHER("class_maps[].class_maps", NULL, maps_allowed,
		 "Other class maps, not in a circle."),
		LIVE},
	{OTHER("class_maps[].not_protocols", NULL, services_allowed,
		 "Negated: each fits all that is not this service."),
		LIVE},
	{OTHER("class_maps[].not_acls", NULL, lists_allowed,
		 "Negated: each fits all that this access list does not permit."),
		LIVE},
	{OTHER("class_maps[].not_class_maps", NULL, maps_allowed,
		 "Negated: each fits all that this class map does not."),
		LIVE},
	{LIST("policy_maps", 256, "What to do with each kind of traffic."), LIVE},
	{NAME("policy_maps[].name", "Name that zone pairs use."),
		FIELD(struct config_policy_map, name), REQUIRED_LIVE},
	{LIST("policy_maps[].classes", 256,
		 "Classes; the first that fits decides. \"class-default\" fits everything, is "
		 "last and is there with `drop` when left out."),
		REQUIRED_LIVE},
	{OTHER("policy_maps[].classes[].class", NULL,
		 "the name of a class map, or \"class-default\"", "The kind of traffic."),
		REQUIRED_LIVE},
	{CHOICE("policy_maps[].classes[].action", action_choices, ACTION_DROP,
		 "`inspect`: pass and remember, so that answers pass too; SIP gets the ALG. "
		 "`pass`: this way only. `drop`. Only class-default may leave it out."),
		FIELD(struct config_policy_class, action), LIVE},
	{BOOLEAN("policy_maps[].classes[].log", false, "Write a log line (rate limited)."),
		FIELD(struct config_policy_class, log), LIVE},
	{INTEGER("policy_maps[].classes[].max_flows", 0, 0, 16777216,
		 "Flows of this class at one time, in each zone pair. What goes beyond is dropped, "
		 "what stands goes on. 0: no limit."),
		FIELD(struct config_policy_class, limits.max_flows), LIVE},
	{INTEGER("policy_maps[].classes[].max_half_open", 0, 0, 16777216,
		 "Of them TCP connections whose handshake is not over; with `inspect`. 0: no limit."),
		FIELD(struct config_policy_class, limits.max_half_open), LIVE},
	{INTEGER("policy_maps[].classes[].max_new_per_second", 0, 0, 16777216,
		 "Flows of this class that may begin in a second, in each zone pair. 0: no limit."),
		FIELD(struct config_policy_class, limits.max_new_per_second), LIVE},
	{LIST("zone_pairs", 4096,
		 "Which policy rules from one zone to another. Between two zones without a pair: "
		 "dropped."),
		LIVE},
	{NAME("zone_pairs[].name", "Name that show commands use."),
		FIELD(struct config_zone_pair, name), REQUIRED_LIVE},
	{OTHER("zone_pairs[].source", NULL, "the name of a zone", "Where a conversation begins."),
		REQUIRED_LIVE},
	{OTHER("zone_pairs[].destination", NULL, "the name of a zone", "Where it goes."),
		REQUIRED_LIVE},
	{OTHER("zone_pairs[].policy", NULL, "the name of a policy map", "The policy."),
		REQUIRED_LIVE},
	{INTEGER("zone_pairs[].max_flows", 0, 0, 16777216,
		 "Flows of all classes of this zone pair at one time. 0: no limit."),
		FIELD(struct config_zone_pair, limits.max_flows), LIVE},
	{INTEGER("zone_pairs[].max_half_open", 0, 0, 16777216,
		 "Of them TCP connections that are inspected and whose handshake is not over. 0: no "
		 "limit."),
		FIELD(struct config_zone_pair, limits.max_half_open), LIVE},
	{INTEGER("zone_pairs[].max_new_per_second", 0, 0, 16777216,
		 "Flows of this zone pair that may begin in a second. 0: no limit."),
		FIELD(struct config_zone_pair, limits.max_new_per_second), LIVE},

	{GROUP("inspect", "What the action \"inspect\" looks at besides the states of conversations.")},
	{BOOLEAN("inspect.tcp_window_check", false,
		 "Drop TCP segments outside of what their receiver lets be sent, and those that acknowledge "
		 "what was never sent or is long over, in connections seen from their SYN on. Takes 48 bytes "
		 "for each of `system.max_flows`."),
		TOP(tcp_window_check)},

	{GROUP("sip", "The SIP ALG.")},
	{INTEGER("sip.call_proceeding_timeout", 180, 1, DAY,
		 "Seconds a call may ring: from its INVITE or the last 1xx to the 2xx."),
		TOP(sip.call_proceeding_timeout)},
	{INTEGER("sip.max_call_duration", 43200, 1, WEEK,
		 "Seconds after which a call's record ends."),
		TOP(sip.max_call_duration)},
	{INTEGER("sip.media_inactivity_timeout", 300, 1, DAY,
		 "Seconds without media and without a refresh after which a call ends; "
		 "not on hold, and only where its media passes here."),
		TOP(sip.media_inactivity_timeout)},
	{INTEGER("sip.registration_grace", 60, 0, DAY,
		 "Seconds a registration's door stays open beyond its expiry."),
		TOP(sip.registration_grace)},
	{INTEGER("sip.max_calls_per_host", 0, 0, 4194304,
		 "Calls that one host may have begun and that still stand, over all workers. 0: no "
		 "limit."),
		TOP(sip.max_calls_per_host)},
	{INTEGER("sip.max_pending_calls", 0, 0, 4194304,
		 "Calls without a final answer that each worker may have. 0: no limit."),
		TOP(sip.max_pending_calls)},
	{INTEGER("sip.max_doors_per_call", 256, 0, 65535,
		 "Endpoints, of media and signalling, that one call may have open. 0: no limit."),
		TOP(sip.max_doors_per_call)},
	{INTEGER("sip.max_streams", 16384, 1, 4194304,
		 "SIP connections over TCP that are read at one time, and at most `system.max_flows`. Others "
		 "pass unread, with their addresses translated at layer 4 only."),
		TOP(sip.max_streams)},
	{INTEGER("sip.max_streams_per_host", 0, 0, 4194304,
		 "How many of them one host may have begun, as far as they are not over; each worker has its "
		 "part. 0: half of `max_streams`."),
		TOP(sip.max_streams_per_host)},
	{INTEGER("sip.stream_buffer", 131072, 81920, 1048576,
		 "Bytes that each direction of a SIP connection over TCP may have here: what lacks its end, "
		 "or was not yet acknowledged. A full one closes the sender's window."),
		TOP(sip.stream_buffer)},
	{INTEGER("sip.stream_memory", 32, 1, 4096,
		 "Mebibytes for the bytes of all SIP connections over TCP together. When they are used up, "
		 "or half of them by the connections that one host began (each worker has its part), segments "
		 "are refused, and their senders repeat them."),
		TOP(sip.stream_memory)},
	{INTEGER("sip.stream_hold_time", 32, 1, 3600,
		 "Seconds for which a message over TCP may lack its end. Then it passes unread, and so does "
		 "what comes behind it in its connection."),
		TOP(sip.stream_hold_time)},
	{INTEGER("sip.message_history", 32768, 0, 16777216,
		 "Messages that each worker remembers, 32 bytes each, for the ladder of `show sip call` "
		 "and `show sip messages`. 0: off."),
		TOP(sip.message_history)},
	{CHOICE("sip.malformed", malformed_choices, MALFORMED_PASS,
		 "A message that does not parse: `pass` it with its addresses translated at "
		 "layer 4 only, or `drop` it."),
		TOP(sip.malformed)},
	{CHOICE("sip.media_source", source_choices, CONFIG_MEDIA_LATCH,
		 "Who may send media through a door: the source that is heard first (`latch`), "
		 "the address announced in the answer (`announced`), or `any`."),
		TOP(sip.media_source)},
	{CHOICE("sip.media_hosts", hosts_choices, MEDIA_HOSTS_ZONE,
		 "For whom a message may open media: any host of the sender's zone, or the "
		 "`sender` only."),
		TOP(sip.media_hosts)},
	{GROUP("sip.blacklist", "Blocking of hosts that send too much SIP.")},
	{INTEGER("sip.blacklist.trigger_messages", 0, 0, 1000000,
		 "SIP messages of one host that trigger it, over all workers. 0: off."),
		TOP(sip.blacklist_trigger_messages)},
	{INTEGER("sip.blacklist.trigger_period_ms", 1000, 1, 3600000,
		 "Milliseconds within which they have to come, counted from the first."),
		TOP(sip.blacklist_trigger_period_ms)},
	{INTEGER("sip.blacklist.block_seconds", 30, 1, DAY, "Seconds for which the host's SIP messages then are dropped."),
		TOP(sip.blacklist_block_seconds)},
	{GROUP("sip.hep", "Copies of all SIP messages to a collector such as Homer (HEP version 3).")},
	{OTHER("sip.hep.collector", NULL, "\"address:port\"",
		"Where they are sent, over UDP by the kernel of the machine. Left out: nothing is sent.")},
	{INTEGER("sip.hep.capture_id", 1, 0, UINT32_MAX, "Number by which the collector knows this appliance."),
		TOP(sip.hep_capture_id)},

	{GROUP("fragments", "IPv4 datagrams that come in fragments. Each worker has its part of "
		 "`max_datagrams`, `max_held` and `max_held_per_source`, at least as much as one "
		 "datagram needs.")},
	{INTEGER("fragments.timeout", 15, 1, 60,
		 "Seconds in which all fragments of a datagram have to come (RFC 791: 15)."),
		TOP(fragments.timeout)},
	{INTEGER("fragments.max_datagrams", 4096, 64, 1048576,
		 "Datagrams of which fragments are missing, at one time. One more: the oldest gives "
		 "way."),
		TOP(fragments.max_datagrams)},
	{INTEGER("fragments.max_held", 4096, 64, 1048576,
		 "Fragments that wait for others, at one time; each takes an mbuf of those counted for "
		 "this alone. One more: the oldest datagram gives way."),
		TOP(fragments.max_held)},
	{INTEGER("fragments.max_held_per_source", 1024, 64, 1048576,
		 "How many of them may be of one source address. A datagram that needs more is "
		 "refused."),
		TOP(fragments.max_held_per_source)},
	{INTEGER("fragments.max_per_datagram", 64, 2, DATAGRAM_FRAGMENTS_MAX,
		 "Fragments of one datagram. One that has more is refused."),
		TOP(fragments.max_per_datagram)},

	{GROUP("telemetry", "The socket for `callgatectl`.")},
	{BOOLEAN("telemetry.enabled", true, "Open the telemetry socket."), TOP(telemetry_enabled)},
};
/* clang-format on */

const unsigned int setting_count = sizeof(setting_table) / sizeof(setting_table[0]);
