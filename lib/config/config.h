/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration as plain data. Any room may include this; only lib/config parses. Everything
 * here has passed --check: names are resolved to indexes, numbers are in range, addresses are in
 * network byte order. Read-only after config_load(); freed as a whole by config_free().
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>

#include "core/limits.h"
#include "core/log_module.h"

struct prefix {
	in_addr_t address; /* network order, host bits zero */
	in_addr_t mask; /* network order */
	uint8_t length;
};

enum config_hugepages { HUGEPAGES_AUTO, HUGEPAGES_ON, HUGEPAGES_OFF };
enum config_cdr { CDR_NONE, CDR_FILE, CDR_SYSLOG };
enum config_idle { IDLE_POLL, IDLE_AUTO };
enum config_driver {
	DRIVER_PCI,
	DRIVER_AF_PACKET,
	DRIVER_AF_XDP,
	DRIVER_TAP,
	DRIVER_PCAP,
	DRIVER_RING,
	DRIVER_NULL
};

struct config_log_module {
	unsigned int module; /* enum log_module, core/log_module.h */
	unsigned int level; /* enum log_level */
};

struct config_system {
	int control_core;
	unsigned int worker_count;
	int worker_cores[WORKERS_MAX];
	enum config_hugepages hugepages;
	unsigned int memory_mb; /* 0: computed */
	char *file_prefix;
	unsigned int max_flows, max_calls;
	unsigned int icmp_errors_per_second; /* of a worker, to each side */
	enum config_idle idle;
	char *log_level, *log_target;
	unsigned int log_module_count;
	struct config_log_module *log_modules;
	enum config_cdr cdr;
	char *cdr_file;
};

struct config_port {
	char *name;
	enum config_driver driver;
	char *device; /* netdev, PCI address, tap name, ring or pcap files by driver */
	char *rx_file,
		*tx_file; /* pcap: `device` is the file to read; tx_file from "output"; NULL: none */
	unsigned int queues; /* 0: one per worker, as far as the driver goes */
	unsigned int rx_descriptors, tx_descriptors;
	int line;
};

struct config_address {
	in_addr_t address;
	struct prefix prefix;
};

struct config_interface {
	char *name;
	unsigned int port; /* index */
	unsigned int vlan; /* 0: untagged */
	unsigned int mtu;
	unsigned int tcp_mss; /* 0: as it is */
	unsigned int address_count;
	struct config_address addresses[INTERFACE_ADDRESSES_MAX];
	uint8_t zone; /* net/interface.h numbering: ZONE_DEFAULT when none */
	uint8_t nat_side; /* enum nat_side */
	uint8_t source_check; /* enum source_check */
	int line;
};

struct config_route {
	struct prefix prefix;
	in_addr_t via;
	int line;
};

struct port_range {
	uint16_t first, last; /* host order */
};

/* Addresses under one name; ranges are made of prefixes. */
struct config_network {
	char *name;
	unsigned int prefix_count;
	struct prefix *prefixes;
};

struct config_acl_entry {
	bool permit;
	uint8_t proto; /* 0: any IP */
	struct prefix source, destination; /* length 0: any */
	const struct config_network *source_network, *destination_network; /* instead; NULL: none */
	unsigned int source_port_count, destination_port_count; /* 0: any */
	struct port_range *source_ports, *destination_ports;
};

/** Rules with one range and one prefix each that an entry is made of. */
static inline uint64_t
config_acl_entry_rules(const struct config_acl_entry *entry)
{
	uint64_t sources = entry->source_port_count ? entry->source_port_count : 1;
	uint64_t destinations = entry->destination_port_count ? entry->destination_port_count : 1;

	if (entry->source_network)
		sources *= entry->source_network->prefix_count;
	if (entry->destination_network)
		destinations *= entry->destination_network->prefix_count;
	/* Ports belong to TCP and UDP alone. */
	if (!entry->proto && (entry->source_port_count || entry->destination_port_count))
		sources *= 2;
	return sources * destinations;
}

struct config_acl {
	char *name;
	unsigned int entry_count;
	struct config_acl_entry *entries;
	int line;
};

struct address_range {
	in_addr_t first, last; /* network order, inclusive */
};

struct config_pool {
	char *name;
	unsigned int range_count;
	struct address_range *ranges;
	struct port_range ports;
	unsigned int pooling; /* enum config_pooling */
	unsigned int block_size, blocks_per_host; /* block_size 0: ports one by one */
	int line;
};

/* Whether an inside host may have ports of another outside address than its own. */
enum config_pooling { POOLING_PAIRED, POOLING_OVERFLOW };

enum config_nat_kind { NAT_RULE_DYNAMIC, NAT_RULE_STATIC };

struct config_nat_rule {
	enum config_nat_kind kind;
	/* dynamic */
	unsigned int inside_count;
	struct prefix *inside;
	int interface; /* index, or -1 */
	int pool; /* index, or -1 */
	bool overload;
	unsigned int max_ports_per_host, max_new_per_second; /* 0: no limit */
	/* static; proto 0: the whole address */
	uint8_t proto;
	in_addr_t static_inside, static_outside;
	uint16_t static_inside_port, static_outside_port; /* host order */
	/* Index + 1 of the interface that traffic has to leave by for this rule; 0: any. Only where rules
	 * translate to two or more interfaces, each to its own address. */
	uint8_t scope;
	int line;
};

/* Who may send to a binding that an inside host's own packets made (RFC 4787 section 5). */
enum config_nat_filtering {
	NAT_FILTERING_ENDPOINT_INDEPENDENT,
	NAT_FILTERING_ADDRESS,
	NAT_FILTERING_ADDRESS_AND_PORT
};

struct config_nat {
	unsigned int filtering; /* enum config_nat_filtering */
	unsigned int exclude_count;
	unsigned int *exclude; /* access lists of what is not translated */
	unsigned int max_flows_per_host; /* 0: half of system.max_flows */
	unsigned int port_hold_seconds, port_hold_percent;
	bool tcp_rst_check;
	bool log; /* of bindings, blocks and leases */
	unsigned int pool_count, rule_count;
	struct config_pool *pools;
	struct config_nat_rule *rules;
	unsigned int sip_udp_port_count, sip_tcp_port_count;
	uint16_t sip_udp_ports[SIP_PORTS_MAX], sip_tcp_ports[SIP_PORTS_MAX]; /* host order */
	unsigned int timeout_udp, timeout_tcp_established, timeout_tcp_transitory, timeout_icmp;
	unsigned int timeout_tcp_opening, timeout_tcp_closing; /* 0: as transitory */
};

/* What a class map matches. A service name becomes (proto, ports); sip follows nat.sip. */
struct config_match {
	enum { MATCH_SERVICE, MATCH_SIP, MATCH_ACL, MATCH_CLASS_MAP } kind;
	bool negated; /* fits what it does not match */
	const char *service; /* static string: "dns", "tcp" ... */
	uint8_t proto; /* MATCH_SERVICE: IPPROTO_*, 0: TCP and UDP both */
	uint16_t port; /* MATCH_SERVICE: destination port, 0: any */
	unsigned int index; /* MATCH_ACL, MATCH_CLASS_MAP */
};

struct config_class_map {
	char *name;
	bool match_all;
	unsigned int match_count;
	struct config_match *matches;
	uint32_t steps,
		depth; /* questions in it, and class maps within class maps, itself the first */
	int line;
};

enum config_action { ACTION_DROP, ACTION_INSPECT, ACTION_PASS };

/* 0: no limit. */
struct config_flow_limits {
	unsigned int max_flows, max_half_open, max_new_per_second;
};

struct config_policy_class {
	int class_map; /* index; -1: class-default */
	enum config_action action;
	bool log;
	struct config_flow_limits limits; /* in each zone pair */
};

struct config_policy_map {
	char *name;
	unsigned int class_count; /* class-default is always present and last */
	struct config_policy_class *classes;
	int line;
};

struct config_zone_pair {
	char *name;
	uint8_t source, destination; /* zone numbers */
	unsigned int policy; /* index */
	struct config_flow_limits limits; /* of all its classes together */
	int line;
};

enum config_malformed { MALFORMED_PASS, MALFORMED_DROP };
enum config_media_source { CONFIG_MEDIA_LATCH, CONFIG_MEDIA_ANNOUNCED, CONFIG_MEDIA_ANY };
enum config_media_hosts { MEDIA_HOSTS_ZONE, MEDIA_HOSTS_SENDER };

struct config_sip {
	unsigned int call_proceeding_timeout, max_call_duration, media_inactivity_timeout;
	unsigned int registration_grace, max_calls_per_host, max_pending_calls, max_doors_per_call;
	unsigned int max_streams; /* SIP connections over TCP */
	unsigned int max_streams_per_host; /* 0: half of them */
	unsigned int stream_buffer; /* bytes of each direction */
	unsigned int stream_memory; /* MiB, of all */
	unsigned int stream_hold_time; /* seconds */
	unsigned int message_history; /* messages of each worker; 0: off */
	enum config_malformed malformed;
	enum config_media_source media_source;
	enum config_media_hosts media_hosts;
	unsigned int blacklist_trigger_messages, blacklist_trigger_period_ms,
		blacklist_block_seconds;
	in_addr_t hep_address; /* of the collector; 0: none */
	uint16_t hep_port;
	unsigned int hep_capture_id;
};

struct config_fragments {
	unsigned int timeout; /* seconds */
	unsigned int max_datagrams, max_held, max_held_per_source, max_per_datagram;
};

struct config {
	char *file;
	char *effective; /* the file's text with every default filled in, in ASCII */
	struct config_system system;
	unsigned int port_count, interface_count, route_count, network_count, acl_count;
	struct config_port *ports;
	struct config_interface *interfaces;
	struct config_route *routes;
	struct config_network *networks;
	struct config_acl *acls;
	struct config_nat nat;
	unsigned int zone_count; /* names below, "self" and "default" included as 0 and 1 */
	char **zones;
	bool zones_configured; /* the file has `zones`: firewall on */
	unsigned int class_map_count, policy_map_count, zone_pair_count;
	struct config_class_map *class_maps;
	struct config_policy_map *policy_maps;
	struct config_zone_pair *zone_pairs;
	struct config_sip sip;
	bool tcp_window_check; /* inspect.tcp_window_check */
	struct config_fragments fragments;
	bool telemetry_enabled;
	struct config_places *places; /* where the settings stand; see config_place() */
};

/* A fault, printed as FILE:LINE: path: what is wrong, what is allowed. */
struct config_fault {
	const char *file;
	int line;
	const char *path; /* "ports[0].driver" */
	const char *text;
};

/** Called for each fault, in file order. */
typedef void (*config_fault_fn)(void *context, const struct config_fault *fault);

/**
 * Read and check a file. Returns the configuration, or NULL after every fault has been reported.
 * The result is complete: every default is filled in. Any thread; takes no lock.
 */
struct config *config_load(const char *file, config_fault_fn fault, void *context);
void config_free(struct config *config);

/** Where a setting stands in the files. */
struct config_place {
	const char *file; /* lives as long as the configuration */
	int line;
};

/**
 * Place of a setting outside lists ("system.memory_mb") or of a whole list ("ports"), for faults
 * that only the application can find. A setting left out has the place of the nearest group that
 * is written, at last line 1 of the file. Any thread.
 */
struct config_place config_place(const struct config *config, const char *path);

/** Write "FILE:LINE: path: text", the one form of a fault; returns as snprintf(). Any thread. */
int config_fault_format(char *buffer, size_t size, const struct config_fault *fault);

/**
 * May `next` replace `running` without a restart? Reports each setting that differs and cannot
 * change live, at its place in `next`. Returns how many did. Any thread.
 */
unsigned int config_reload_check(const struct config *running, const struct config *next,
	config_fault_fn fault, void *context);

/* A setting that two configurations have differently, or that one of them has not. */
struct config_change {
	const char
		*path; /* "acls[trunks].entries[2]": entries by their name, or else their place */
	const char *before, *after; /* in the language of the file, on one line; NULL: not there */
	bool live; /* a reload may make it; else it takes a restart */
	const char *file; /* where the setting, or the list it is in, stands in the next file */
	int line;
};

/** Called for each change, in the order of the reference page; what it is given lasts as long. */
typedef void (*config_change_fn)(void *context, const struct config_change *change);

/**
 * Compare `running`, the effective text of a configuration, with `next`. Returns how many changes
 * there are; -EINVAL: `running` is none, -ENOMEM. Any thread.
 */
int config_diff(
	const char *running, const struct config *next, config_change_fn change, void *context);

/**
 * The reference page of all settings (docs/configuration.md), made from the table that config_load()
 * reads by. Returns a string to free(), or NULL when out of memory.
 */
char *config_reference_page(void);

#endif
