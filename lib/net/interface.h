/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layer-3 interfaces: compiled once from the configuration at bring-up, read-only afterwards.
 * A realm is what a flow key remembers of where a packet came from: zone and NAT side in one byte.
 */
#ifndef NET_INTERFACE_H
#define NET_INTERFACE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "core/limits.h"

struct config;

/* As in config/config.h, which is below this room. */
enum source_check { SOURCE_CHECK_OFF, SOURCE_CHECK_LOOSE, SOURCE_CHECK_STRICT };

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
	uint16_t port; /* index into config->ports; also the outbox slot */
	uint16_t vlan; /* 0: untagged */
	uint16_t mtu; /* of the IP packet */
	uint16_t tcp_mss; /* SYNs announce no more; 0: as they like */
	uint8_t zone;
	uint8_t nat_side; /* enum nat_side */
	uint8_t source_check; /* enum source_check */
	uint8_t realm;
	uint8_t address_count;
	struct interface_address addresses[INTERFACE_ADDRESSES_MAX];
} __rte_cache_aligned;

/* What an address is on any interface; the sets may overlap only in a faulty configuration. */
enum interface_address_kind {
	ADDRESS_OWN = 1 << 0,
	ADDRESS_BROADCAST = 1 << 1,
	ADDRESS_PROXY = 1 << 2, /* no interface's, but answered for; see interface_proxy_add() */
};

enum {
	INTERFACE_SPECIAL_BITS = 12,
	INTERFACE_SPECIAL_MAX = 1 << INTERFACE_SPECIAL_BITS, /* at most 3 of each 8 are taken */
	INTERFACE_FILTER_BITS = 13,
};

/*
 * Own, broadcast and proxy addresses, in two steps: a filter of 1 KiB that answers "neither" for nearly
 * every packet, then a set with open addressing.
 */
struct interface_specials {
	uint64_t filter[1 << (INTERFACE_FILTER_BITS - 6)];
	struct {
		rte_be32_t address;
		uint32_t kind; /* bits of enum interface_address_kind; 0: free slot */
	} slot[INTERFACE_SPECIAL_MAX];
};

/* An address answered for on the interface whose prefix holds it. */
struct interface_proxy {
	rte_be32_t address;
	uint16_t interface;
};

struct interface_table {
	uint16_t count;
	uint16_t proxy_count;
	struct interface entry[INTERFACES_MAX];
	struct interface_proxy proxy[OUTSIDE_ADDRESSES_MAX];
	/* (port, vlan) to interface index + 1; 0: none. vlan 0 is the untagged interface. */
	uint16_t by_vlan[PORTS_MAX][4096];
	struct interface_specials specials;
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
struct interface_table *interface_table_create(
	const struct config *config, const struct rte_ether_addr *macs);
void interface_table_destroy(struct interface_table *table);

/**
 * Answer ARP for an address (network order) that is no interface's, on the interface whose prefix
 * holds it: packets to it are to come here, though it is no address of callgate itself. As a source
 * address it is refused like an own one. False, and nothing done, when no prefix holds it (a router
 * beyond sends it here), when it is own, broadcast or there already, and for more than
 * OUTSIDE_ADDRESSES_MAX. Bring-up, before workers run.
 */
bool interface_proxy_add(struct interface_table *table, rte_be32_t address);

/** Interface of a frame; NULL when no interface has this port and VLAN. Any thread. */
static inline const struct interface *
interface_find(const struct interface_table *table, uint16_t port, uint16_t vlan)
{
	uint16_t index = table->by_vlan[port][vlan & 0xfff];

	return index ? &table->entry[index - 1] : NULL;
}

/* Multiplicative: only the high bits are mixed. */
static inline uint32_t
interface_special_hash(rte_be32_t address)
{
	return address * UINT32_C(0x9e3779b1);
}

/** Bits of enum interface_address_kind for an address (network order); 0: none. Any thread. */
static inline uint32_t
interface_address_kind(const struct interface_table *table, rte_be32_t address)
{
	const struct interface_specials *specials = &table->specials;
	uint32_t hash = interface_special_hash(address);
	uint32_t bit = hash >> (32 - INTERFACE_FILTER_BITS);
	uint32_t slot;

	if (!(specials->filter[bit >> 6] >> (bit & 63) & 1))
		return 0;
	for (slot = hash >> (32 - INTERFACE_SPECIAL_BITS); specials->slot[slot].kind;
		slot = (slot + 1) % INTERFACE_SPECIAL_MAX) {
		if (specials->slot[slot].address == address)
			return specials->slot[slot].kind;
	}
	return 0;
}

/** True when `address` (network order) is one of callgate's own, on any interface. */
static inline bool
interface_address_is_own(const struct interface_table *table, rte_be32_t address)
{
	return interface_address_kind(table, address) & ADDRESS_OWN;
}

/** True for the network or directed broadcast address of any connected prefix up to /30. */
static inline bool
interface_address_is_broadcast(const struct interface_table *table, rte_be32_t address)
{
	return interface_address_kind(table, address) & ADDRESS_BROADCAST;
}

/**
 * True for an address that no single host on a network has, wherever it stands in a header: 0/8,
 * 127/8, multicast, class E and limited broadcast (RFC 1812 5.3.7). Network order.
 */
static inline bool
interface_address_is_martian(rte_be32_t address)
{
	uint8_t octet = (uint8_t)address; /* the first in memory */

	/* 0 less 1 is 255: one comparison for both ends */
	return (uint8_t)(octet - 1) >= 223 || octet == 127;
}

/** Own address to use toward `peer` out of `interface`: same prefix, else the first. 0: none. */
rte_be32_t interface_source_for(const struct interface *interface, rte_be32_t peer);

#endif
