/* SPDX-License-Identifier: BSD-3-Clause */
/* `nat`: pools, rules and SIP ports, each by itself; nat_check.c holds them against each other. */
#include <errno.h>
#include <string.h>

#include "core/limits.h"

#include "address_priv.h"
#include "reader_priv.h"

enum { POOL_RANGES_MAX = 256, RULE_PREFIXES_MAX = 256, EXCLUDE_MAX = 64 };

static void
pool_addresses_read(struct reader *reader, const config_setting_t *entry, struct config_pool *pool)
{
	static const char allowed[] = "an address or a range such as \"203.0.113.10-203.0.113.20\"";
	const config_setting_t *list = config_setting_get_member(entry, "addresses"), *setting;
	unsigned int i, count;
	const char *text;
	int status;

	if (list == NULL)
		return;
	count = sequence_open(reader, list, 1, POOL_RANGES_MAX,
		"an array of 1 .. 256 addresses and ranges such as \"203.0.113.10-203.0.113.20\"");
	pool->ranges = reader_alloc(reader, count, sizeof(*pool->ranges));
	for (i = 0; i < count; i++) {
		setting = config_setting_get_elem(list, i);
		text = text_read(reader, setting, allowed);
		if (text == NULL)
			continue;
		status = address_range_parse(text, &pool->ranges[i]);
		if (status == -ERANGE)
			fault_add(reader, setting,
				"\"%.64s\" ends before it begins, allowed: the lower address first",
				text);
		else if (status != 0)
			fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
		else if (!address_is_host(pool->ranges[i].first) ||
			 !address_is_host(pool->ranges[i].last))
			fault_add(
				reader, setting, "is \"%.64s\", allowed: addresses of hosts", text);
	}
	pool->range_count = count;
}

static void
pool_ports_read(struct reader *reader, const config_setting_t *entry, struct config_pool *pool)
{
	const config_setting_t *setting = config_setting_get_member(entry, "ports");
	int64_t first, last;

	pool->ports = (struct port_range){.first = 1024, .last = UINT16_MAX};
	if (setting == NULL || sequence_open(reader, setting, 2, 2,
				       setting_find("nat.pools[].ports")->allowed) == 0)
		return;
	if (!integer_read(reader, config_setting_get_elem(setting, 0), 1, UINT16_MAX, &first) ||
		!integer_read(reader, config_setting_get_elem(setting, 1), 1, UINT16_MAX, &last))
		return;
	if (last < first) {
		fault_add(reader, setting, "ends before it begins, allowed: the lower port first");
		return;
	}
	pool->ports = (struct port_range){.first = (uint16_t)first, .last = (uint16_t)last};
}

static void
pool_blocks_read(struct reader *reader, const config_setting_t *entry, struct config_pool *pool)
{
	unsigned int size = pool->block_size, first = pool->ports.first;

	if (size == 0) {
		if (config_setting_get_member(entry, "blocks_per_host") != NULL)
			fault_add_member(reader, entry, "blocks_per_host",
				"means nothing without blocks, allowed: beside `block_size`");
		return;
	}
	if (size < 64 || (size & (size - 1)) != 0)
		fault_add_member(reader, entry, "block_size",
			"is %u, allowed: 0 or a power of two, 64 .. 16384", size);
	else if (first < 1024)
		fault_add_member(reader, entry, "ports",
			"begins at %u, allowed with `block_size`: from 1024 on", first);
	else if ((pool->ports.last + 1) / size <= (first + size - 1) / size)
		fault_add_member(reader, entry, "ports",
			"has no whole block of %u, allowed: a multiple of %u and all up to the "
			"next "
			"among them",
			size, size);
}

static void
pools_read(struct reader *reader)
{
	struct config_nat *nat = &reader->config->nat;
	const config_setting_t *list, *entry;
	struct config_pool *pool;
	unsigned int i, count;

	list = list_open(reader, "nat.pools", &count);
	nat->pools = reader_alloc(reader, count, sizeof(*nat->pools));
	nat->pool_count = count;
	for (i = 0; i < count; i++) {
		pool = &nat->pools[i];
		entry = list_entry(reader, list, i);
		if (entry == NULL) {
			name_add(reader, NAME_POOL, list, NULL);
			continue;
		}
		pool->line = config_setting_source_line(entry);
		group_read(reader, entry, "nat.pools[]", pool);
		name_add(reader, NAME_POOL, entry, pool->name);
		pool_addresses_read(reader, entry, pool);
		pool_ports_read(reader, entry, pool);
		pool_blocks_read(reader, entry, pool);
	}
}

/* Members that mean nothing in a rule of this kind. */
static void
members_refuse(struct reader *reader, const config_setting_t *entry, const char *const *members,
	const char *kind, const char *other)
{
	for (; *members != NULL; members++)
		if (config_setting_get_member(entry, *members) != NULL)
			fault_add_member(reader, entry, *members,
				"means nothing in a %s rule, allowed: in a %s rule only", kind,
				other);
}

static void
dynamic_inside_read(
	struct reader *reader, const config_setting_t *list, struct config_nat_rule *rule)
{
	static const char allowed[] = "a prefix such as \"10.0.0.0/24\"";
	const config_setting_t *setting;
	char good[PREFIX_TEXT_MAX];
	struct prefix prefix;
	in_addr_t address;
	unsigned int i, count;
	const char *text;

	count = sequence_open(reader, list, 1, RULE_PREFIXES_MAX,
		"an array of 1 .. 256 prefixes in a dynamic rule");
	rule->inside = reader_alloc(reader, count, sizeof(*rule->inside));
	for (i = 0; i < count; i++) {
		setting = config_setting_get_elem(list, i);
		rule->inside[i] = (struct prefix){INADDR_NONE, INADDR_NONE, 32}; /* nobody's */
		text = text_read(reader, setting, allowed);
		if (text == NULL)
			continue;
		if (address_prefix_parse(text, &address, &prefix) != 0) {
			fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
			continue;
		}
		prefix_format(&prefix, good);
		if (address != prefix.address)
			fault_add(reader, setting, "\"%.64s\" has host bits set, allowed: \"%s\"",
				text, good);
		rule->inside[i] = prefix;
	}
	rule->inside_count = count;
}

static void
dynamic_read(struct reader *reader, const config_setting_t *entry, struct config_nat_rule *rule)
{
	static const char *const foreign[] = {"protocol", "outside", NULL};
	const config_setting_t *inside = config_setting_get_member(entry, "inside");
	const config_setting_t *interface = config_setting_get_member(entry, "interface");
	const config_setting_t *pool = config_setting_get_member(entry, "pool");

	members_refuse(reader, entry, foreign, "dynamic", "static");
	if (inside != NULL)
		dynamic_inside_read(reader, inside, rule);
	if (interface != NULL && pool != NULL)
		fault_add(reader, pool,
			"stands beside `interface`, allowed: one of `interface` and `pool`");
	else if (interface == NULL && pool == NULL)
		fault_add_member(reader, entry, "interface",
			"missing, allowed: one of `interface` and `pool`");
	if (interface != NULL)
		rule->interface = name_resolve(reader, NAME_INTERFACE, interface);
	if (pool != NULL)
		rule->pool = name_resolve(reader, NAME_POOL, pool);
	if (!rule->overload && interface != NULL && pool == NULL)
		fault_add_member(reader, entry, "overload",
			"false needs a pool, allowed: `pool` instead of `interface`, or true");
}

/* "address" or, with a protocol, "address:port". */
static void
endpoint_read(struct reader *reader, const config_setting_t *setting, uint8_t proto,
	in_addr_t *address, uint16_t *port)
{
	const char *allowed =
		proto != 0 ? "\"address:port\" with `protocol`" : "\"address\" without `protocol`";
	const char *text = text_read(reader, setting, allowed);
	in_addr_t parsed;
	int status;

	if (text == NULL)
		return;
	status =
		proto != 0 ? address_port_parse(text, &parsed, port) : address_parse(text, &parsed);
	if (status != 0 || !address_is_host(parsed)) {
		fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
		return;
	}
	*address = parsed;
}

static void
static_read(struct reader *reader, const config_setting_t *entry, struct config_nat_rule *rule)
{
	static const char *const foreign[] = {
		"interface", "pool", "overload", "max_ports_per_host", "max_new_per_second", NULL};
	const config_setting_t *protocol = config_setting_get_member(entry, "protocol");
	const config_setting_t *inside = config_setting_get_member(entry, "inside");
	const config_setting_t *outside = config_setting_get_member(entry, "outside");
	const char *text;

	members_refuse(reader, entry, foreign, "static", "dynamic");
	if (protocol != NULL) {
		text = text_read(reader, protocol, "tcp, udp");
		if (text == NULL)
			return;
		if (strcmp(text, "udp") == 0)
			rule->proto = IPPROTO_UDP;
		else if (strcmp(text, "tcp") == 0)
			rule->proto = IPPROTO_TCP;
		else {
			fault_add(reader, protocol, "is \"%.64s\", allowed: tcp, udp", text);
			return;
		}
	}
	if (inside != NULL)
		endpoint_read(reader, inside, rule->proto, &rule->static_inside,
			&rule->static_inside_port);
	if (outside != NULL)
		endpoint_read(reader, outside, rule->proto, &rule->static_outside,
			&rule->static_outside_port);
	else
		fault_add_member(reader, entry, "outside",
			"missing, a static rule needs it, allowed: \"address\" or "
			"\"address:port\"");
}

static void
rules_read(struct reader *reader)
{
	struct config_nat *nat = &reader->config->nat;
	const config_setting_t *list, *entry, *kind;
	struct config_nat_rule *rule;
	unsigned int i, count;
	const char *text;

	list = list_open(reader, "nat.rules", &count);
	nat->rules = reader_alloc(reader, count, sizeof(*nat->rules));
	nat->rule_count = count;
	for (i = 0; i < count; i++) {
		rule = &nat->rules[i];
		rule->interface = rule->pool = -1;
		entry = list_entry(reader, list, i);
		if (entry == NULL)
			continue;
		rule->line = config_setting_source_line(entry);
		group_read(reader, entry, "nat.rules[]", rule);
		kind = config_setting_get_member(entry, "kind");
		text = kind != NULL ? config_setting_get_string(kind) : NULL;
		if (text == NULL)
			continue; /* what else belongs here depends on a kind that is good */
		if (strcmp(text, "dynamic") == 0)
			dynamic_read(reader, entry, rule);
		else if (strcmp(text, "static") == 0)
			static_read(reader, entry, rule);
	}
}

static void
exclude_read(struct reader *reader)
{
	const config_setting_t *list = config_lookup(&reader->tree, "nat.exclude");
	struct config_nat *nat = &reader->config->nat;
	unsigned int i, j, count;
	int acl;

	if (list == NULL)
		return;
	count = sequence_open(reader, list, 1, EXCLUDE_MAX, setting_find("nat.exclude")->allowed);
	nat->exclude = reader_alloc(reader, count, sizeof(*nat->exclude));
	for (i = 0; i < count; i++) {
		acl = name_resolve(reader, NAME_ACL, config_setting_get_elem(list, i));
		if (acl < 0)
			continue;
		for (j = 0; j < nat->exclude_count && nat->exclude[j] != (unsigned int)acl; j++)
			;
		if (j < nat->exclude_count)
			fault_add(reader, config_setting_get_elem(list, i),
				"stands here twice, allowed: each once");
		else
			nat->exclude[nat->exclude_count++] = (unsigned int)acl;
	}
}

static unsigned int
sip_ports_read(struct reader *reader, const char *path, uint16_t ports[SIP_PORTS_MAX])
{
	const config_setting_t *list = config_lookup(&reader->tree, path), *setting;
	unsigned int i, j, count, good = 0;
	int64_t port;

	_Static_assert(SIP_PORTS_MAX == 16, "the table's text says 16");
	if (list == NULL) {
		ports[0] = 5060;
		return 1;
	}
	count = sequence_open(reader, list, 0, SIP_PORTS_MAX, setting_find(path)->allowed);
	for (i = 0; i < count; i++) {
		setting = config_setting_get_elem(list, i);
		if (!integer_read(reader, setting, 1, UINT16_MAX, &port))
			continue;
		for (j = 0; j < good && ports[j] != port; j++)
			;
		if (j < good)
			fault_add(reader, setting, "%d stands here twice, allowed: each port once",
				(int)port);
		else
			ports[good++] = (uint16_t)port;
	}
	return good;
}

void
nat_read(struct reader *reader)
{
	struct config_nat *nat = &reader->config->nat;

	pools_read(reader);
	rules_read(reader);
	exclude_read(reader);
	nat->sip_udp_port_count = sip_ports_read(reader, "nat.sip.udp_ports", nat->sip_udp_ports);
	nat->sip_tcp_port_count = sip_ports_read(reader, "nat.sip.tcp_ports", nat->sip_tcp_ports);
}
