/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT rules, compiled: which inside endpoints are translated, and to which outside addresses.
 *
 * Order: static ports, static whole addresses, then dynamic rules in file order. Immutable after
 * bring-up but for the leases of one-to-one addresses (under the nat's lease lock).
 *
 * An outside address is of one kind: shared (ports are chosen, port_map has its bitmaps) or direct
 * (static whole address, or one-to-one: the outside port is the inside port, no choice).
 */
#ifndef NAT_RULE_PRIV_H
#define NAT_RULE_PRIV_H

#include "core/limits.h"
#include "core/log.h"
#include "nat.h"
#include "port_map_priv.h"

struct config_nat_rule;

struct outside_address {
	rte_be32_t address;
	uint8_t protos; /* bit per nat_proto that has a map */
	bool direct;
	uint8_t static_scope;
	rte_be32_t static_inside; /* direct: the inside address of a static rule; 0: one-to-one */
	uint16_t pool; /* POOL_NONE: of static rules alone */
	struct port_map *map[NAT_PROTOS];
	struct block_map *blocks; /* NULL: ports are given out one by one */
	/* One-to-one, under the lease lock: whose it is or was last, whether it still is, and since when
	 * it is not. */
	rte_be32_t lease;
	bool leased;
	uint32_t idle_since_s;
	/* Gauges, relaxed: inside hosts that are paired with it; ports in use of a direct address. */
	_Atomic uint32_t hosts, direct_ports[NAT_PROTOS];
};

enum { POOL_NONE = UINT16_MAX };

/* Outside addresses from which dynamic rules take theirs: a pool of the configuration, or an
 * interface's one address. */
struct nat_pool {
	char name[NAME_MAX_LENGTH + 1]; /* of the pool or the interface */
	bool of_interface;
	bool direct; /* one-to-one */
	bool overflow; /* an address without a port left is not the end */
	uint16_t first, count; /* slice of slots[]; count 0: no rule uses it */
	uint16_t block_size, blocks_per_host; /* block_size 0: ports are given out one by one */
	/* any thread, relaxed */
	_Atomic uint32_t hosts __rte_cache_aligned; /* inside hosts with something of it */
	struct log_rate told; /* lines about failures */
	_Atomic uint64_t failed[NAT_FAILURES];
};

struct static_port {
	struct endpoint inside, outside;
	uint16_t slot;
};

struct static_address {
	rte_be32_t inside;
	uint8_t scope;
	uint16_t slot;
};

struct dynamic_prefix {
	rte_be32_t address, mask;
	uint16_t pool;
	uint8_t scope;
	uint32_t max_ports, max_new; /* of one inside host; 0: no limit */
};

struct nat_rules {
	bool scoped; /* some rule has a scope */
	uint32_t address_count, static_port_count, static_address_count, prefix_count, slot_count;
	struct outside_address address[OUTSIDE_ADDRESSES_MAX]; /* ascending, host order */
	struct static_port *static_ports; /* ascending by endpoint_order() of inside */
	struct static_address *static_addresses; /* ascending by inside, host order */
	struct dynamic_prefix *prefixes; /* file order */
	struct nat_pool *pools; /* those of the configuration, then a place for each interface */
	uint32_t pool_count;
	uint16_t *slots; /* outside addresses of the pools */
};

/* Where a rule sends an inside endpoint: to a pool, or to one address of its own. */
struct rule_target {
	const struct dynamic_prefix *prefix; /* NULL: static */
	struct nat_pool *pool; /* the prefix's */
	uint16_t slot; /* static: the address */
};

/** Compile and reserve the static rules' ports. 0, -EINVAL, -ENOSPC, -ENOMEM. Bring-up. */
int rules_create(const struct config *config, const struct interface_table *interfaces, int socket,
	struct nat_rules **rules);
void rules_destroy(struct nat_rules *rules);
size_t rules_memory(const struct config *config);

/** What an on-demand binding of this inside endpoint would use; false: no rule. Any thread. */
bool rules_match(
	const struct nat_rules *rules, const struct endpoint *inside, struct rule_target *target);

/* nat_pool.c */
/** Places in slots[] that the pools need. */
uint32_t pools_slots(const struct config *config);
/** Which pool a dynamic rule uses. */
uint16_t pools_index(const struct config *config, const struct config_nat_rule *rule);
/** Give each pool that a rule uses its addresses, and these their ports. 0 or -ENOMEM. Bring-up. */
int pools_compile(struct nat_rules *rules, const struct config *config, int socket);
/** Bytes that it takes for the blocks of these pools. */
size_t pools_memory(const struct config *config);
/** How many blocks these pools have. */
uint32_t pools_blocks(const struct config *config);

static inline const uint16_t *
pool_slots(const struct nat_rules *rules, const struct nat_pool *pool)
{
	return &rules->slots[pool->first];
}

/** nat_scope(). Any thread. */
uint8_t rules_scope(const struct nat_rules *rules, const struct endpoint *inside, int interface);

/** The static port rule of this inside endpoint; NULL: none. Any thread. */
const struct static_port *rules_static_port(
	const struct nat_rules *rules, const struct endpoint *inside);

/** Slot of an outside address; -1: none. Any thread. */
int rules_slot(const struct nat_rules *rules, rte_be32_t address);

/** NAT's index of an IP protocol; -1: not translated. */
static inline int
nat_proto_of(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_UDP:
		return NAT_UDP;
	case IPPROTO_TCP:
		return NAT_TCP;
	case IPPROTO_ICMP:
		return NAT_ICMP;
	default:
		return -1;
	}
}

#endif
