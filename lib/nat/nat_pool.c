/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools: the outside addresses of dynamic rules, with the ports that each may give out, and what could
 * not be given out of them. Several rules may use one pool.
 */
#include <errno.h>
#include <stdio.h>

#include "config/config.h"
#include "core/log.h"
#include "nat_priv.h"

static const struct {
	int error;
	const char *name, *text;
} failures[NAT_FAILURES] = {
	[NAT_FAILED_PORT] = {-EADDRNOTAVAIL, "no_port", "no free port"},
	[NAT_FAILED_ADDRESS] = {-EADDRNOTAVAIL, "no_address", "no free address"},
	[NAT_FAILED_HOST_PORTS] = {-EDQUOT, "host_ports", "max_ports_per_host reached"},
	[NAT_FAILED_HOST_RATE] = {-EAGAIN, "host_rate", "max_new_per_second reached"},
	[NAT_FAILED_HOST_TABLE] = {-ENOBUFS, "host_table", "no room for another host"},
};

uint16_t
pools_index(const struct config *config, const struct config_nat_rule *rule)
{
	return (uint16_t)(rule->pool >= 0 ? (unsigned int)rule->pool
					  : config->nat.pool_count + (unsigned int)rule->interface);
}

uint32_t
pools_slots(const struct config *config)
{
	uint32_t slots = config->interface_count;

	for (unsigned int i = 0; i < config->nat.pool_count; i++)
		for (unsigned int j = 0; j < config->nat.pools[i].range_count; j++)
			slots += ntohl(config->nat.pools[i].ranges[j].last) -
				 ntohl(config->nat.pools[i].ranges[j].first) + 1;
	return slots;
}

static void
address_add(struct nat_rules *rules, uint16_t pool, rte_be32_t address, uint16_t first_port,
	uint16_t last_port)
{
	int slot = rules_slot(rules, address);
	struct outside_address *outside = &rules->address[slot];

	rules->slots[rules->slot_count++] = (uint16_t)slot;
	rules->pools[pool].count++;
	outside->pool = pool;
	if (outside->direct)
		return;
	port_map_allow(outside->map[NAT_UDP], first_port, last_port);
	port_map_allow(outside->map[NAT_TCP], first_port, last_port);
	/* An identifier is no port: a pool's port range says nothing about it. */
	port_map_allow(outside->map[NAT_ICMP], 0, UINT16_MAX);
}

static void
pool_compile(struct nat_rules *rules, uint16_t index, const struct config_pool *config)
{
	struct nat_pool *pool = &rules->pools[index];

	snprintf(pool->name, sizeof(pool->name), "%s", config->name ? config->name : "");
	pool->overflow = config->pooling == POOLING_OVERFLOW;
	for (unsigned int i = 0; i < config->range_count; i++)
		for (uint64_t a = ntohl(config->ranges[i].first);
			a <= ntohl(config->ranges[i].last); a++)
			address_add(rules, index, htonl((uint32_t)a),
				RTE_MAX(config->ports.first, 1), config->ports.last);
}

static void
interface_compile(struct nat_rules *rules, uint16_t index, const struct config_interface *config)
{
	struct nat_pool *pool = &rules->pools[index];

	snprintf(pool->name, sizeof(pool->name), "%s", config->name ? config->name : "");
	pool->of_interface = true;
	address_add(rules, index, config->addresses[0].address, 1, UINT16_MAX);
}

void
pools_compile(struct nat_rules *rules, const struct config *config)
{
	for (unsigned int i = 0; i < config->nat.rule_count; i++) {
		const struct config_nat_rule *rule = &config->nat.rules[i];
		struct nat_pool *pool;
		uint16_t index;

		if (rule->kind != NAT_RULE_DYNAMIC)
			continue;
		index = pools_index(config, rule);
		pool = &rules->pools[index];
		if (pool->count)
			continue;
		pool->first = (uint16_t)rules->slot_count;
		pool->direct = rule->pool >= 0 && !rule->overload;
		if (rule->pool >= 0)
			pool_compile(rules, index, &config->nat.pools[rule->pool]);
		else
			interface_compile(rules, index, &config->interfaces[rule->interface]);
	}
}

int
pool_fail(struct thread *self, struct nat_pool *pool, enum nat_failure failure, rte_be32_t host)
{
	const uint8_t *bytes = (const uint8_t *)&host;

	atomic_fetch_add_explicit(&pool->failed[failure], 1, memory_order_relaxed);
	if (atomic_load_explicit(&pool->told_s, memory_order_relaxed) != self->now_s &&
		atomic_exchange_explicit(&pool->told_s, self->now_s, memory_order_relaxed) !=
			self->now_s)
		LOG_RATED(WARNING, "NAT %s %s has nothing for %u.%u.%u.%u: %s",
			pool->of_interface ? "interface" : "pool", pool->name, bytes[0], bytes[1],
			bytes[2], bytes[3], failures[failure].text);
	return failures[failure].error;
}

const char *
nat_failure_name(enum nat_failure failure)
{
	return failures[failure].name;
}
