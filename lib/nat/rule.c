/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiling and matching rules. First the outside addresses are collected (that alone decides the
 * memory), then slots are given out in ascending order, then the rules point at slots.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "config/config.h"
#include "core/log.h"
#include "rule_priv.h"

enum { PROTOS_ALL = (1 << NAT_PROTOS) - 1 };

struct address_list {
	uint32_t count;
	struct {
		rte_be32_t address, static_inside;
		uint8_t protos;
		bool shared, direct;
	} entry[OUTSIDE_ADDRESSES_MAX];
};

static int
list_add(struct address_list *list, rte_be32_t address, uint8_t protos, bool shared, bool direct,
	rte_be32_t static_inside)
{
	uint32_t at = 0;

	while (at < list->count &&
		rte_be_to_cpu_32(list->entry[at].address) < rte_be_to_cpu_32(address))
		at++;
	if (at == list->count || list->entry[at].address != address) {
		if (list->count == OUTSIDE_ADDRESSES_MAX)
			return -ENOSPC;
		memmove(&list->entry[at + 1], &list->entry[at],
			(list->count - at) * sizeof(list->entry[0]));
		memset(&list->entry[at], 0, sizeof(list->entry[at]));
		list->entry[at].address = address;
		list->count++;
	}
	list->entry[at].protos |= protos;
	list->entry[at].shared |= shared;
	list->entry[at].direct |= direct;
	if (static_inside) {
		if (list->entry[at].static_inside && list->entry[at].static_inside != static_inside)
			return -EINVAL;
		list->entry[at].static_inside = static_inside;
	}
	/* An address is shared, or somebody's own. */
	if (list->entry[at].shared && list->entry[at].direct)
		return -EINVAL;
	return 0;
}

/* Interface rules share the interface's address whether or not the rule says overload: callgate
 * itself lives there, so nobody can have it alone. */
static bool
rule_is_shared(const struct config_nat_rule *rule)
{
	return rule->overload || rule->pool < 0;
}

static int
list_add_rule(
	struct address_list *list, const struct config *config, const struct config_nat_rule *rule)
{
	bool shared = rule_is_shared(rule);
	int rc = 0;

	if (rule->kind == NAT_RULE_STATIC) {
		if (!rule->proto)
			return list_add(list, rule->static_outside, PROTOS_ALL, false, true,
				rule->static_inside);
		if (nat_proto_of(rule->proto) < 0)
			return -EINVAL;
		return list_add(list, rule->static_outside, 1 << nat_proto_of(rule->proto), false,
			false, 0);
	}
	if (rule->pool < 0) {
		if (rule->interface < 0 ||
			(unsigned int)rule->interface >= config->interface_count ||
			config->interfaces[rule->interface].address_count == 0)
			return -EINVAL;
		return list_add(list, config->interfaces[rule->interface].addresses[0].address,
			PROTOS_ALL, true, false, 0);
	}
	for (unsigned int i = 0; i < config->nat.pools[rule->pool].range_count && rc == 0; i++) {
		const struct address_range *range = &config->nat.pools[rule->pool].ranges[i];

		for (uint64_t a = ntohl(range->first); a <= ntohl(range->last) && rc == 0; a++)
			rc = list_add(list, htonl((uint32_t)a), PROTOS_ALL, shared, !shared, 0);
	}
	return rc;
}

static int
list_build(struct address_list *list, const struct config *config)
{
	list->count = 0;
	for (unsigned int i = 0; i < config->nat.rule_count; i++) {
		const struct config_nat_rule *rule = &config->nat.rules[i];
		int rc = list_add_rule(list, config, rule);

		if (rc < 0) {
			LOG(ERR, "%s:%d: NAT rule: %s", config->file ? config->file : "?",
				rule->line,
				rc == -ENOSPC
					? "more outside addresses than there may be"
					: "an outside address is both shared and somebody's own, "
					  "or has no interface address");
			return rc;
		}
	}
	return 0;
}

size_t
rules_memory(const struct config *config)
{
	struct address_list list;
	size_t bytes = sizeof(struct nat_rules);

	if (list_build(&list, config) < 0)
		return 0;
	for (uint32_t i = 0; i < list.count; i++)
		bytes += (size_t)__builtin_popcount(list.entry[i].protos) * sizeof(struct port_map);
	for (unsigned int i = 0; i < config->nat.rule_count; i++)
		bytes += sizeof(struct static_port) +
			 config->nat.rules[i].inside_count * sizeof(struct dynamic_prefix);
	bytes += (config->nat.pool_count + config->interface_count + 1) * sizeof(struct nat_pool);
	return bytes + pools_slots(config) * sizeof(uint16_t) + pools_memory(config);
}

static uint64_t
endpoint_order(const struct endpoint *endpoint)
{
	return (uint64_t)rte_be_to_cpu_32(endpoint->address) << 32 |
	       (uint64_t)endpoint->scope << 24 | (uint64_t)endpoint->proto << 16 |
	       rte_be_to_cpu_16(endpoint->port);
}

static int
compare_static_port(const void *a, const void *b)
{
	uint64_t x = endpoint_order(&((const struct static_port *)a)->inside);
	uint64_t y = endpoint_order(&((const struct static_port *)b)->inside);

	return x < y ? -1 : x > y;
}

static int
compare_static_address(const void *a, const void *b)
{
	const struct static_address *one = a, *two = b;
	uint64_t x = (uint64_t)rte_be_to_cpu_32(one->inside) << 8 | one->scope;
	uint64_t y = (uint64_t)rte_be_to_cpu_32(two->inside) << 8 | two->scope;

	return x < y ? -1 : x > y;
}

int
rules_slot(const struct nat_rules *rules, rte_be32_t address)
{
	uint32_t wanted = rte_be_to_cpu_32(address), low = 0, high = rules->address_count;

	/* Most that are asked for are none: all of the inside. */
	if (high == 0 || wanted < rte_be_to_cpu_32(rules->address[0].address) ||
		wanted > rte_be_to_cpu_32(rules->address[high - 1].address))
		return -1;
	while (low < high) {
		uint32_t middle = (low + high) / 2,
			 found = rte_be_to_cpu_32(rules->address[middle].address);

		if (found == wanted)
			return (int)middle;
		if (found < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static void
compile_dynamic(
	struct nat_rules *rules, const struct config *config, const struct config_nat_rule *rule)
{
	for (unsigned int i = 0; i < rule->inside_count; i++)
		rules->prefixes[rules->prefix_count++] = (struct dynamic_prefix){
			.address = rule->inside[i].address,
			.mask = rule->inside[i].mask,
			.pool = pools_index(config, rule),
			.scope = rule->scope,
			.max_ports = rule->max_ports_per_host,
			.max_new = rule->max_new_per_second,
		};
}

static void
compile_static(struct nat_rules *rules, const struct config_nat_rule *rule)
{
	uint16_t slot = (uint16_t)rules_slot(rules, rule->static_outside);

	if (!rule->proto)
		rules->address[slot].static_scope = rule->scope;
	if (rule->proto)
		rules->static_ports[rules->static_port_count++] = (struct static_port){
			.inside = {rule->static_inside, htons(rule->static_inside_port),
				rule->proto, rule->scope},
			.outside = {rule->static_outside, htons(rule->static_outside_port),
				rule->proto, 0},
			.slot = slot,
		};
	else
		rules->static_addresses[rules->static_address_count++] =
			(struct static_address){rule->static_inside, rule->scope, slot};
}

static int
rules_allocate(struct nat_rules *rules, const struct config *config,
	const struct address_list *list, int socket)
{
	uint32_t statics = 1, prefixes = 1, slots = pools_slots(config);
	uint32_t pools = config->nat.pool_count + config->interface_count;

	for (unsigned int i = 0; i < config->nat.rule_count; i++) {
		if (config->nat.rules[i].kind == NAT_RULE_STATIC)
			statics++;
		else
			prefixes += config->nat.rules[i].inside_count;
	}
	if (slots > UINT16_MAX)
		return -ENOSPC;
	rules->static_ports =
		rte_zmalloc_socket(NULL, statics * sizeof(rules->static_ports[0]), 0, socket);
	rules->static_addresses =
		rte_zmalloc_socket(NULL, statics * sizeof(rules->static_addresses[0]), 0, socket);
	rules->prefixes =
		rte_zmalloc_socket(NULL, prefixes * sizeof(rules->prefixes[0]), 0, socket);
	rules->slots = rte_zmalloc_socket(NULL, (slots + 1) * sizeof(rules->slots[0]), 0, socket);
	rules->pools = rte_zmalloc_socket(
		NULL, (pools + 1) * sizeof(rules->pools[0]), RTE_CACHE_LINE_SIZE, socket);
	if (!rules->static_ports || !rules->static_addresses || !rules->prefixes || !rules->slots ||
		!rules->pools)
		return -ENOMEM;

	rules->pool_count = pools;
	rules->address_count = list->count;
	for (uint32_t i = 0; i < list->count; i++) {
		struct outside_address *outside = &rules->address[i];

		outside->address = list->entry[i].address;
		outside->protos = list->entry[i].protos;
		outside->direct = list->entry[i].direct;
		outside->static_inside = list->entry[i].static_inside;
		outside->pool = POOL_NONE;
		for (unsigned int p = 0; p < NAT_PROTOS; p++) {
			if (!(outside->protos & 1 << p))
				continue;
			outside->map[p] = rte_zmalloc_socket(
				NULL, sizeof(struct port_map), RTE_CACHE_LINE_SIZE, socket);
			if (!outside->map[p])
				return -ENOMEM;
			port_map_init(outside->map[p]);
		}
	}
	return 0;
}

int
rules_create(const struct config *config, const struct interface_table *interfaces, int socket,
	struct nat_rules **result)
{
	struct address_list list;
	struct nat_rules *rules;
	int rc = list_build(&list, config);

	if (rc < 0)
		return rc;
	for (unsigned int i = 0; i < config->nat.rule_count; i++)
		if (config->nat.rules[i].kind == NAT_RULE_DYNAMIC &&
			config->nat.rules[i].pool < 0 &&
			config->nat.rules[i].interface >= interfaces->count)
			return -EINVAL;
	rules = rte_zmalloc_socket(NULL, sizeof(*rules), RTE_CACHE_LINE_SIZE, socket);
	if (!rules)
		return -ENOMEM;
	rc = rules_allocate(rules, config, &list, socket);
	if (rc < 0) {
		rules_destroy(rules);
		return rc;
	}
	rc = pools_compile(rules, config, socket);
	if (rc < 0) {
		rules_destroy(rules);
		return rc;
	}
	for (unsigned int i = 0; i < config->nat.rule_count; i++) {
		rules->scoped |= config->nat.rules[i].scope != 0;
		if (config->nat.rules[i].kind == NAT_RULE_DYNAMIC)
			compile_dynamic(rules, config, &config->nat.rules[i]);
		else
			compile_static(rules, &config->nat.rules[i]);
	}
	qsort(rules->static_ports, rules->static_port_count, sizeof(rules->static_ports[0]),
		compare_static_port);
	qsort(rules->static_addresses, rules->static_address_count,
		sizeof(rules->static_addresses[0]), compare_static_address);
	/* After every range has been allowed: what static rules occupy is nobody else's. */
	for (uint32_t i = 0; i < rules->static_port_count; i++) {
		const struct static_port *port = &rules->static_ports[i];

		port_map_forbid(rules->address[port->slot].map[nat_proto_of(port->outside.proto)],
			rte_be_to_cpu_16(port->outside.port));
	}
	for (uint32_t i = 0; i < rules->address_count && config->nat.port_hold_seconds; i++)
		/* Of a block's ports none rests: the block does. */
		if (rules->address[i].map[NAT_UDP] && !rules->address[i].blocks)
			port_map_hold_percent(
				rules->address[i].map[NAT_UDP], config->nat.port_hold_percent);
	*result = rules;
	return 0;
}

void
rules_destroy(struct nat_rules *rules)
{
	if (!rules)
		return;
	for (uint32_t i = 0; i < rules->address_count; i++) {
		rte_free(rules->address[i].blocks);
		for (unsigned int p = 0; p < NAT_PROTOS; p++)
			rte_free(rules->address[i].map[p]);
	}
	for (uint32_t i = 0; rules->pools && i < rules->pool_count; i++)
		log_rate_forget(&rules->pools[i].told);
	rte_free(rules->static_ports);
	rte_free(rules->static_addresses);
	rte_free(rules->prefixes);
	rte_free(rules->slots);
	rte_free(rules->pools);
	rte_free(rules);
}

const struct static_port *
rules_static_port(const struct nat_rules *rules, const struct endpoint *inside)
{
	struct static_port key = {.inside = *inside};

	return rules->static_port_count == 0
		       ? NULL
		       : bsearch(&key, rules->static_ports, rules->static_port_count,
				 sizeof(rules->static_ports[0]), compare_static_port);
}

static const struct static_address *
static_address_find(const struct nat_rules *rules, rte_be32_t inside, uint8_t scope)
{
	const struct static_address key = {.inside = inside, .scope = scope};

	return rules->static_address_count == 0
		       ? NULL
		       : bsearch(&key, rules->static_addresses, rules->static_address_count,
				 sizeof(rules->static_addresses[0]), compare_static_address);
}

static bool
has_static(const struct nat_rules *rules, const struct endpoint *inside, uint8_t scope)
{
	struct endpoint scoped = *inside;

	scoped.scope = scope;
	return rules_static_port(rules, &scoped) ||
	       static_address_find(rules, inside->address, scope);
}

uint8_t
rules_scope(const struct nat_rules *rules, const struct endpoint *inside, int interface)
{
	uint8_t scope = (uint8_t)(interface + 1);

	if (!rules->scoped)
		return 0;
	for (uint8_t i = interface < 0 ? INTERFACES_MAX : scope;; i = interface < 0 ? i - 1 : 0) {
		if (has_static(rules, inside, i))
			return i;
		if (i == 0)
			break;
	}
	for (uint32_t i = 0; i < rules->prefix_count; i++) {
		const struct dynamic_prefix *prefix = &rules->prefixes[i];

		if ((inside->address & prefix->mask) == prefix->address &&
			(interface < 0 || prefix->scope == 0 || prefix->scope == scope))
			return prefix->scope;
	}
	return 0;
}

bool
rules_match(
	const struct nat_rules *rules, const struct endpoint *inside, struct rule_target *target)
{
	const struct static_address *found;

	if (nat_proto_of(inside->proto) < 0)
		return false;
	found = static_address_find(rules, inside->address, inside->scope);
	if (found) {
		*target = (struct rule_target){.slot = found->slot};
		return true;
	}
	for (uint32_t i = 0; i < rules->prefix_count; i++) {
		const struct dynamic_prefix *prefix = &rules->prefixes[i];

		if ((inside->address & prefix->mask) == prefix->address &&
			prefix->scope == inside->scope) {
			*target = (struct rule_target){
				.prefix = prefix, .pool = &rules->pools[prefix->pool]};
			return true;
		}
	}
	return false;
}
