/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools: the outside addresses of dynamic rules, with the ports that each may give out, and what could
 * not be given out of them. Several rules may use one pool.
 */
#include <errno.h>
#include <stdio.h>

#include "block_priv.h"
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
	[NAT_FAILED_HOST_BLOCKS] = {-EDQUOT, "host_blocks", "blocks_per_host reached"},
	[NAT_FAILED_HOST_RATE] = {-EAGAIN, "host_rate", "max_new_per_second reached"},
	[NAT_FAILED_HOST_FLOWS] = {-EDQUOT, "host_flows", "max_flows_per_host reached"},
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

/* The ports that a pool gives out of each address: whole blocks where it has blocks. */
struct ports {
	uint16_t first, last;
	uint32_t blocks;
};

static struct ports
ports_of(const struct config_pool *config)
{
	struct ports ports = {RTE_MAX(config->ports.first, 1), config->ports.last, 0};

	if (config->block_size == 0)
		return ports;
	ports.blocks = blocks_of_range(ports.first, ports.last, config->block_size, &ports.first);
	ports.last = (uint16_t)(ports.first + ports.blocks * config->block_size - 1);
	return ports;
}

static struct outside_address *
address_add(struct nat_rules *rules, uint16_t pool, rte_be32_t address, const struct ports *ports)
{
	int slot = rules_slot(rules, address);
	struct outside_address *outside = &rules->address[slot];

	rules->slots[rules->slot_count++] = (uint16_t)slot;
	rules->pools[pool].count++;
	outside->pool = pool;
	if (outside->direct)
		return outside;
	port_map_allow(outside->map[NAT_UDP], ports->first, ports->last);
	port_map_allow(outside->map[NAT_TCP], ports->first, ports->last);
	/* An identifier is no port: a pool's port range says nothing about it, but blocks do. */
	if (ports->blocks)
		port_map_allow(outside->map[NAT_ICMP], ports->first, ports->last);
	else
		port_map_allow(outside->map[NAT_ICMP], 0, UINT16_MAX);
	return outside;
}

static int
pool_compile(struct nat_rules *rules, uint16_t index, const struct config_pool *config, int socket)
{
	struct nat_pool *pool = &rules->pools[index];
	struct ports ports = ports_of(config);

	snprintf(pool->name, sizeof(pool->name), "%s", config->name ? config->name : "");
	pool->told.about = "what NAT has nothing for";
	pool->told.per_second = 1;
	pool->overflow = config->pooling == POOLING_OVERFLOW;
	pool->block_size = (uint16_t)config->block_size;
	pool->blocks_per_host = (uint16_t)config->blocks_per_host;
	for (unsigned int i = 0; i < config->range_count; i++)
		for (uint64_t a = ntohl(config->ranges[i].first);
			a <= ntohl(config->ranges[i].last); a++) {
			struct outside_address *outside =
				address_add(rules, index, htonl((uint32_t)a), &ports);

			if (!pool->block_size)
				continue;
			outside->blocks = block_map_create(
				ports.first, ports.blocks, pool->block_size, socket);
			if (!outside->blocks)
				return -ENOMEM;
		}
	return 0;
}

static int
interface_compile(struct nat_rules *rules, uint16_t index, const struct config_interface *config)
{
	static const struct ports all = {1, UINT16_MAX, 0};
	struct nat_pool *pool = &rules->pools[index];

	snprintf(pool->name, sizeof(pool->name), "%s", config->name ? config->name : "");
	pool->told.about = "what NAT has nothing for";
	pool->told.per_second = 1;
	pool->of_interface = true;
	address_add(rules, index, config->addresses[0].address, &all);
	return 0;
}

int
pools_compile(struct nat_rules *rules, const struct config *config, int socket)
{
	int rc = 0;

	for (unsigned int i = 0; i < config->nat.rule_count && rc == 0; i++) {
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
		rc = rule->pool >= 0
			     ? pool_compile(rules, index, &config->nat.pools[rule->pool], socket)
			     : interface_compile(
				       rules, index, &config->interfaces[rule->interface]);
	}
	return rc;
}

/* Outside addresses of a pool that have blocks. */
static uint32_t
addresses_with_blocks(const struct config_pool *pool)
{
	uint32_t count = 0;

	for (unsigned int i = 0; i < pool->range_count && pool->block_size; i++)
		count += ntohl(pool->ranges[i].last) - ntohl(pool->ranges[i].first) + 1;
	return count;
}

size_t
pools_memory(const struct config *config)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < config->nat.pool_count; i++)
		bytes += addresses_with_blocks(&config->nat.pools[i]) *
			 block_map_memory(ports_of(&config->nat.pools[i]).blocks);
	return bytes;
}

uint32_t
pools_blocks(const struct config *config)
{
	uint32_t blocks = 0;

	for (unsigned int i = 0; i < config->nat.pool_count; i++)
		blocks += addresses_with_blocks(&config->nat.pools[i]) *
			  ports_of(&config->nat.pools[i]).blocks;
	return blocks;
}

int
pool_fail(struct nat_pool *pool, enum nat_failure failure, rte_be32_t host)
{
	const uint8_t *bytes = (const uint8_t *)&host;

	atomic_fetch_add_explicit(&pool->failed[failure], 1, memory_order_relaxed);
	LOG_RATED_BY(&pool->told, WARNING, "NAT %s %s has nothing for %u.%u.%u.%u: %s",
		pool->of_interface ? "interface" : "pool", pool->name, bytes[0], bytes[1], bytes[2],
		bytes[3], failures[failure].text);
	return failures[failure].error;
}

const char *
nat_failure_name(enum nat_failure failure)
{
	return failures[failure].name;
}
