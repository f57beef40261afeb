/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translation rules held against each other and against the interfaces: no outside endpoint may
 * belong to two, and every rule has to be able to do something.
 */
#include <stdlib.h>

#include <arpa/inet.h>

#include "core/limits.h"

#include "address_priv.h"
#include "reader_priv.h"

static bool
range_contains(const struct address_range *range, in_addr_t address)
{
	return ntohl(address) >= ntohl(range->first) && ntohl(address) <= ntohl(range->last);
}

static bool
pool_contains(const struct config_pool *pool, in_addr_t address)
{
	unsigned int i;

	for (i = 0; i < pool->range_count; i++)
		if (range_contains(&pool->ranges[i], address))
			return true;
	return false;
}

/* Index of the interface that has this address; -1: none. */
static int
address_owner(const struct config *config, in_addr_t address)
{
	unsigned int i, j;

	for (i = 0; i < config->interface_count; i++)
		for (j = 0; j < config->interfaces[i].address_count; j++)
			if (config->interfaces[i].addresses[j].address == address)
				return (int)i;
	return -1;
}

static const config_setting_t *
range_setting(struct reader *reader, unsigned int pool, unsigned int range)
{
	const config_setting_t *list = config_lookup(&reader->tree, "nat.pools");
	const config_setting_t *entry = config_setting_get_elem(list, pool);

	return config_setting_get_elem(config_setting_get_member(entry, "addresses"), range);
}

static void
range_check_interfaces(struct reader *reader, unsigned int pool, unsigned int index)
{
	const struct config *config = reader->config;
	const struct address_range *range = &config->nat.pools[pool].ranges[index];
	const struct config_interface *interface;
	char text[PREFIX_TEXT_MAX];
	unsigned int i, j;

	for (i = 0; i < config->interface_count; i++) {
		interface = &config->interfaces[i];
		for (j = 0; j < interface->address_count; j++) {
			if (!range_contains(range, interface->addresses[j].address))
				continue;
			address_format(interface->addresses[j].address, text);
			fault_add(reader, range_setting(reader, pool, index),
				"contains %s, the address of interfaces[%u], allowed: addresses "
				"that no "
				"interface has (a rule with `interface` shares its address)",
				text, i);
		}
	}
}

/*
 * callgate answers ARP for outside addresses on a connected prefix, so none may be a neighbour's
 * that it needs itself, nor one that no station can have.
 */
static void
range_check_neighbours(
	struct reader *reader, const config_setting_t *setting, const struct address_range *range)
{
	const struct config *config = reader->config;
	const struct config_interface *interface;
	char text[PREFIX_TEXT_MAX];
	unsigned int i, j;

	for (i = 0; i < config->route_count; i++) {
		if (config->routes[i].via == 0 || !range_contains(range, config->routes[i].via))
			continue;
		address_format(config->routes[i].via, text);
		fault_add(reader, setting,
			"contains %s, the next hop of routes[%u], allowed: addresses that nobody "
			"else has",
			text, i);
		return;
	}
	for (i = 0; i < config->interface_count; i++) {
		interface = &config->interfaces[i];
		for (j = 0; j < interface->address_count; j++) {
			const struct prefix *prefix = &interface->addresses[j].prefix;
			in_addr_t last = prefix->address | ~prefix->mask;
			bool first_in = range_contains(range, prefix->address);

			if (interface->addresses[j].address == 0 || prefix->length > 30 ||
				(!first_in && !range_contains(range, last)))
				continue;
			address_format(first_in ? prefix->address : last, text);
			fault_add(reader, setting,
				"contains %s, the network or broadcast address of interfaces[%u], "
				"allowed: addresses of stations",
				text, i);
			return;
		}
	}
}

static void
range_check_ranges(struct reader *reader, unsigned int pool, unsigned int index)
{
	const struct config_pool *pools = reader->config->nat.pools;
	const struct address_range *range = &pools[pool].ranges[index], *other;
	unsigned int i, j, until;

	for (i = 0; i <= pool; i++) {
		until = i == pool ? index : pools[i].range_count;
		for (j = 0; j < until; j++) {
			other = &pools[i].ranges[j];
			if (other->first == 0 || (!range_contains(other, range->first) &&
							 !range_contains(range, other->first)))
				continue;
			fault_add(reader, range_setting(reader, pool, index),
				"overlaps nat.pools[%u].addresses[%u], allowed: each address once",
				i, j);
			return;
		}
	}
}

/* Pools against interfaces and each other; returns how many addresses they have. */
static uint64_t
pools_check(struct reader *reader)
{
	const struct config_nat *nat = &reader->config->nat;
	const struct address_range *range;
	uint64_t addresses = 0;
	unsigned int i, j;

	for (i = 0; i < nat->pool_count; i++) {
		for (j = 0; j < nat->pools[i].range_count; j++) {
			range = &nat->pools[i].ranges[j];
			if (range->first == 0)
				continue; /* did not parse */
			range_check_interfaces(reader, i, j);
			range_check_neighbours(reader, range_setting(reader, i, j), range);
			range_check_ranges(reader, i, j);
			addresses += (uint64_t)ntohl(range->last) - ntohl(range->first) + 1;
		}
	}
	return addresses;
}

/* Does a static rule's face (address, port) also belong to another one's? */
static bool
faces_overlap(const struct config_nat_rule *a, const struct config_nat_rule *b, in_addr_t address_a,
	in_addr_t address_b, bool same_port)
{
	return address_a == address_b &&
	       (a->proto == 0 || b->proto == 0 || (a->proto == b->proto && same_port));
}

static void
static_check_others(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	const struct config_nat_rule *rules = reader->config->nat.rules, *rule = &rules[index];
	const struct config_nat_rule *other;
	unsigned int i;

	for (i = 0; i < index; i++) {
		other = &rules[i];
		if (other->kind != NAT_RULE_STATIC || other->static_inside == 0 ||
			other->static_outside == 0)
			continue;
		if (faces_overlap(rule, other, rule->static_outside, other->static_outside,
			    rule->static_outside_port == other->static_outside_port))
			fault_add_member(reader, entry, "outside",
				"is the outside of nat.rules[%u] already, allowed: each endpoint "
				"once",
				i);
		if (rule->scope == other->scope &&
			faces_overlap(rule, other, rule->static_inside, other->static_inside,
				rule->static_inside_port == other->static_inside_port))
			fault_add_member(reader, entry, "inside",
				"is the inside of nat.rules[%u] already, allowed: each endpoint "
				"once",
				i);
	}
}

static void
static_check(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	const struct config *config = reader->config;
	const struct config_nat_rule *rule = &config->nat.rules[index];
	const struct address_range outside = {rule->static_outside, rule->static_outside};
	unsigned int i;
	int owner;

	if (rule->static_inside == 0 || rule->static_outside == 0)
		return;
	static_check_others(reader, entry, index);
	range_check_neighbours(reader, config_setting_get_member(entry, "outside"), &outside);
	owner = address_owner(config, rule->static_inside);
	if (owner >= 0)
		fault_add_member(reader, entry, "inside",
			"is the address of interfaces[%d], allowed: an address of an inside host",
			owner);
	if (rule->proto != 0)
		return;
	owner = address_owner(config, rule->static_outside);
	if (owner >= 0)
		fault_add_member(reader, entry, "outside",
			"is the address of interfaces[%d], which callgate itself needs, allowed: "
			"another "
			"address, or `protocol` and a port",
			owner);
	for (i = 0; i < config->nat.pool_count; i++)
		if (pool_contains(&config->nat.pools[i], rule->static_outside))
			fault_add_member(reader, entry, "outside",
				"is an address of nat.pools[%u], allowed: an address that no pool "
				"has",
				i);
}

/* Does a dynamic rule take from a later one all that both could translate? */
static bool
rule_precedes(const struct config_nat_rule *earlier, const struct config_nat_rule *later)
{
	return earlier->scope == 0 || earlier->scope == later->scope;
}

/* The first rule that fits decides, so a prefix within one that stands before it never gets a turn. */
static void
prefix_check(struct reader *reader, const config_setting_t *setting, const struct prefix *prefix,
	unsigned int index, unsigned int before)
{
	const struct config_nat_rule *rules = reader->config->nat.rules;
	const struct prefix *earlier;
	unsigned int i, j, count;

	for (i = 0; i <= index; i++) {
		if (rules[i].kind != NAT_RULE_DYNAMIC || !rule_precedes(&rules[i], &rules[index]))
			continue;
		count = i == index ? before : rules[i].inside_count;
		for (j = 0; j < count; j++) {
			earlier = &rules[i].inside[j];
			if (prefix_equal(prefix, earlier))
				fault_add(reader, setting,
					"is translated by nat.rules[%u] already, allowed: "
					"each prefix once",
					i);
			else if (earlier->length < prefix->length &&
				 prefix_contains(earlier, prefix->address))
				fault_add(reader, setting,
					"lies within nat.rules[%u].inside[%u], which decides "
					"before "
					"it, allowed: the narrower prefix first",
					i, j);
			else
				continue;
			return;
		}
	}
}

static void
prefixes_check(struct reader *reader, const config_setting_t *inside, unsigned int index)
{
	const struct config_nat_rule *rule = &reader->config->nat.rules[index];
	unsigned int i;

	for (i = 0; i < rule->inside_count; i++)
		if (rule->inside[i].address != INADDR_NONE) /* did not parse */
			prefix_check(reader, config_setting_get_elem(inside, i), &rule->inside[i],
				index, i);
}

static void
dynamic_check(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	const struct config *config = reader->config;
	const struct config_nat_rule *rules = config->nat.rules, *rule = &rules[index];
	const config_setting_t *inside = config_setting_get_member(entry, "inside");
	unsigned int i;

	if (rule->interface >= 0 &&
		config->interfaces[rule->interface].nat_side != NUMBER_NAT_OUTSIDE)
		fault_add_member(reader, entry, "interface",
			"\"%s\" is not on the outside, allowed: an interface with nat = "
			"\"outside\"",
			reader->names[NAME_INTERFACE].names[rule->interface]);
	if (rule->pool >= 0 && !rule->overload &&
		config->nat.pools[rule->pool].pooling == POOLING_OVERFLOW)
		fault_add_member(reader, entry, "overload",
			"false needs no pooling, but nat.pools[%d] overflows, allowed: true, or "
			"another "
			"pool",
			rule->pool);
	if (rule->pool >= 0 && !rule->overload && config->nat.pools[rule->pool].block_size > 0)
		fault_add_member(reader, entry, "overload",
			"false needs no ports, but nat.pools[%d] has blocks of them, allowed: "
			"true, or "
			"another pool",
			rule->pool);
	for (i = 0; i < index; i++) {
		if (rules[i].kind != NAT_RULE_DYNAMIC)
			continue;
		if (rule->pool >= 0 && rules[i].pool == rule->pool &&
			rules[i].overload != rule->overload)
			fault_add_member(reader, entry, "overload",
				"differs from nat.rules[%u], which uses the same pool, allowed: "
				"the same "
				"value, or another pool",
				i);
	}
	prefixes_check(reader, inside, index);
}

/* Outside addresses that no pool has: of interfaces in dynamic rules and of static rules. */
static uint64_t
addresses_beside_pools(struct reader *reader)
{
	const struct config *config = reader->config;
	const struct config_nat *nat = &config->nat;
	const struct config_interface *interface;
	unsigned int i, j, count = 0;
	in_addr_t *seen, address;

	seen = reader_alloc(reader, nat->rule_count, sizeof(*seen));
	for (i = 0; i < nat->rule_count; i++) {
		address = nat->rules[i].static_outside;
		if (nat->rules[i].kind == NAT_RULE_DYNAMIC) {
			if (nat->rules[i].interface < 0)
				continue;
			interface = &config->interfaces[nat->rules[i].interface];
			address =
				interface->address_count > 0 ? interface->addresses[0].address : 0;
		}
		for (j = 0; j < nat->pool_count && !pool_contains(&nat->pools[j], address); j++)
			;
		if (address == 0 || j < nat->pool_count)
			continue;
		for (j = 0; j < count && seen[j] != address; j++)
			;
		if (j == count)
			seen[count++] = address;
	}
	free(seen);
	return count;
}

static void
sides_check(struct reader *reader, const config_setting_t *rules)
{
	const struct config *config = reader->config;
	bool inside = false, outside = false;
	unsigned int i;

	for (i = 0; i < config->interface_count; i++) {
		inside |= config->interfaces[i].nat_side == NUMBER_NAT_INSIDE;
		outside |= config->interfaces[i].nat_side == NUMBER_NAT_OUTSIDE;
	}
	if (!inside || !outside)
		fault_add(reader, rules,
			"no interface is on the %s, allowed: rules only where interfaces have "
			"nat = \"inside\" and nat = \"outside\"",
			inside ? "outside" : "inside");
}

/* Index + 1 of the outside interface in whose prefix the address is; 0: of none. */
static unsigned int
interface_reaching(const struct config *config, in_addr_t address)
{
	unsigned int i, j;

	for (i = 0; i < config->interface_count; i++)
		for (j = 0; j < config->interfaces[i].address_count; j++)
			if (config->interfaces[i].nat_side == NUMBER_NAT_OUTSIDE &&
				prefix_contains(
					&config->interfaces[i].addresses[j].prefix, address))
				return i + 1;
	return 0;
}

/*
 * With one interface to translate to, its rule serves whatever leaves on the outside. With several,
 * each serves what leaves by that interface, and so does a static rule whose outside is there.
 */
static void
scopes_set(struct config *config)
{
	bool named[INTERFACES_MAX + 1] = {false};
	unsigned int i, scope, count = 0;
	struct config_nat_rule *rule;

	for (i = 0; i < config->nat.rule_count; i++) {
		rule = &config->nat.rules[i];
		if (rule->kind != NAT_RULE_DYNAMIC || rule->interface < 0 ||
			named[rule->interface + 1])
			continue;
		named[rule->interface + 1] = true;
		count++;
	}
	for (i = 0; i < config->nat.rule_count && count > 1; i++) {
		rule = &config->nat.rules[i];
		scope = rule->kind == NAT_RULE_STATIC
				? interface_reaching(config, rule->static_outside)
				: (unsigned int)(rule->interface + 1);
		rule->scope = named[scope] ? (uint8_t)scope : 0;
	}
}

void
nat_check(struct reader *reader)
{
	const config_setting_t *list = config_lookup(&reader->tree, "nat.rules"), *entry;
	const struct config_nat *nat = &reader->config->nat;
	uint64_t addresses = pools_check(reader);
	unsigned int i;

	scopes_set(reader->config);
	for (i = 0; i < nat->rule_count; i++) {
		entry = config_setting_get_elem(list, i);
		if (nat->rules[i].line == 0)
			continue; /* no group */
		if (nat->rules[i].kind == NAT_RULE_STATIC)
			static_check(reader, entry, i);
		else
			dynamic_check(reader, entry, i);
	}
	if (nat->rule_count > 0)
		sides_check(reader, list);
	addresses += addresses_beside_pools(reader);
	if (addresses > OUTSIDE_ADDRESSES_MAX)
		fault_add_member(reader, config_root_setting(&reader->tree), "nat",
			"translates to %llu outside addresses, allowed: at most %d",
			(unsigned long long)addresses, OUTSIDE_ADDRESSES_MAX);
}
