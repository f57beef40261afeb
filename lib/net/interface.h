/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layer-3 interfaces: compiled once from the configuration at bring-up, read-only afterwards.
 * A realm is what a flow key remembers of where a packet came from: zone and NAT side in one byte.
 */
#ifndef NET_INTERFACE_H
#define NET_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "core/limits.h"

struct config;

enum nat_side { NAT_SIDE_NONE, NAT_SIDE_INSIDE, NAT_SIDE_OUTSIDE };

/* Zone numbers: these two always exist; the configuration's zones follow in file order. */
enum { ZONE_SELF = 0, ZONE_DEFAULT = 1, ZONE_FIRST = 2 };

struct interface_address {
	rte_be32_t address;
	rte_be32_t mask;
};

struct interface {
	char name[NAME_MAX_LENGTH + 1];
	struct rte_ether_addr mac;
	uint16_t index;
	uint16_t port;	/* index into config->ports; also the outbox slot */
	uint16_t vlan;	/* 0: untagged */
	uint16_t mtu;	/* of the IP packet */
	uint8_t zone;
	uint8_t nat_side; /* enum nat_side */
	uint8_t realm;
	uint8_t address_count;
	struct interface_address addresses[INTERFACE_ADDRESSES_MAX];
};

struct interface_table {
	uint16_t count;
	struct interface entry[INTERFACES_MAX];
	/* (port, vlan) to interface index + 1; 0: none. vlan 0 is the untagged interface. */
	uint16_t by_vlan[PORTS_MAX][4096];
};

static inline uint8_t
realm_make(uint8_t zone, enum nat_side side)
{
	return (uint8_t)(zone << 2 | side);
}

static inline uint8_t
realm_zone(uint8_t realm)
{
	return realm >> 2;
}

static inline enum nat_side
realm_side(uint8_t realm)
{
	return (enum nat_side)(realm & 3);
}

/**
 * Compile the configuration's interfaces. `macs` holds one address per configured port.
 * Bring-up; the configuration has passed its checks. NULL and rte_errno when out of memory.
 */
struct interface_table *interface_table_create(const struct config *config,
	const struct rte_ether_addr *macs);
void interface_table_destroy(struct interface_table *table);

/** Interface of a frame; NULL when no interface has this port and VLAN. Any thread. */
static inline const struct interface *
interface_find(const struct interface_table *table, uint16_t port, uint16_t vlan)
{
	uint16_t index = table->by_vlan[port][vlan & 0xfff];

	return index ? &table->entry[index - 1] : NULL;
}

/** True when `address` (network order) is one of callgate's own, on any interface. */
bool interface_address_is_own(const struct interface_table *table, rte_be32_t address);

/** True for the network or directed broadcast address of any connected prefix up to /30. */
bool interface_address_is_broadcast(const struct interface_table *table, rte_be32_t address);

/** Own address to use toward `peer` out of `interface`: same prefix, else the first. 0: none. */
rte_be32_t interface_source_for(const struct interface *interface, rte_be32_t peer);

#endif
