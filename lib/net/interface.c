/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces compiled from the configuration.
 *
 * Life cycle: made once at bring-up, read by every thread, freed at the end.
 * Synchronization: none needed, nothing changes after bring-up.
 * Limits: INTERFACES_MAX, INTERFACE_ADDRESSES_MAX; each address brings at most three special ones
 * (itself, network and directed broadcast). With all proxy addresses the set stays under half full.
 */
#include "interface.h"

#include <errno.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "config/config.h"

static_assert(INTERFACES_MAX * INTERFACE_ADDRESSES_MAX * 3 + OUTSIDE_ADDRESSES_MAX <=
		      INTERFACE_SPECIAL_MAX / 2,
	"the set of special addresses is at most half full");

static void
special_add(
	struct interface_specials *specials, rte_be32_t address, enum interface_address_kind kind)
{
	uint32_t hash = interface_special_hash(address);
	uint32_t bit = hash >> (32 - INTERFACE_FILTER_BITS);
	uint32_t slot = hash >> (32 - INTERFACE_SPECIAL_BITS);

	while (specials->slot[slot].kind && specials->slot[slot].address != address)
		slot = (slot + 1) % INTERFACE_SPECIAL_MAX;
	specials->slot[slot].address = address;
	specials->slot[slot].kind |= kind;
	specials->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static void
interface_fill(struct interface_table *table, uint16_t index, const struct config_interface *config,
	const struct rte_ether_addr *mac)
{
	struct interface *interface = &table->entry[index];
	unsigned int i;

	snprintf(interface->name, sizeof(interface->name), "%s", config->name);
	interface->mac = *mac;
	interface->index = index;
	interface->port = (uint16_t)config->port;
	interface->vlan = (uint16_t)config->vlan;
	interface->mtu = (uint16_t)config->mtu;
	interface->tcp_mss = (uint16_t)config->tcp_mss;
	interface->zone = config->zone;
	interface->nat_side = config->nat_side;
	interface->source_check = config->source_check;
	interface->realm = realm_make(config->zone, (enum nat_side)config->nat_side);
	interface->address_count = (uint8_t)config->address_count;
	for (i = 0; i < config->address_count; i++) {
		const struct config_address *address = &config->addresses[i];
		rte_be32_t mask = address->prefix.mask;

		interface->addresses[i].address = address->address;
		interface->addresses[i].mask = mask;
		special_add(&table->specials, address->address, ADDRESS_OWN);
		/* RFC 3021: both addresses of a /31 are hosts */
		if (address->prefix.length <= 30) {
			special_add(&table->specials, address->address & mask, ADDRESS_BROADCAST);
			special_add(&table->specials, address->address | ~mask, ADDRESS_BROADCAST);
		}
	}
	table->by_vlan[config->port][config->vlan & 0xfff] = (uint16_t)(index + 1);
}

struct interface_table *
interface_table_create(const struct config *config, const struct rte_ether_addr *macs)
{
	struct interface_table *table;
	unsigned int i;

	table = rte_zmalloc("interfaces", sizeof(*table), RTE_CACHE_LINE_SIZE);
	if (table == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	table->count = (uint16_t)config->interface_count;
	for (i = 0; i < config->interface_count; i++) {
		const struct config_interface *interface = &config->interfaces[i];

		interface_fill(table, (uint16_t)i, interface, &macs[interface->port]);
	}
	return table;
}

void
interface_table_destroy(struct interface_table *table)
{
	rte_free(table);
}

static bool
prefix_holds(const struct interface *interface, rte_be32_t address)
{
	for (unsigned int i = 0; i < interface->address_count; i++) {
		const struct interface_address *own = &interface->addresses[i];

		if (((own->address ^ address) & own->mask) == 0)
			return true;
	}
	return false;
}

bool
interface_proxy_add(struct interface_table *table, rte_be32_t address)
{
	if (interface_address_kind(table, address) || table->proxy_count == RTE_DIM(table->proxy))
		return false;
	for (uint16_t i = 0; i < table->count; i++) {
		if (!prefix_holds(&table->entry[i], address))
			continue;
		table->proxy[table->proxy_count++] = (struct interface_proxy){address, i};
		special_add(&table->specials, address, ADDRESS_PROXY);
		return true;
	}
	return false;
}

rte_be32_t
interface_source_for(const struct interface *interface, rte_be32_t peer)
{
	unsigned int i;

	for (i = 0; i < interface->address_count; i++) {
		const struct interface_address *address = &interface->addresses[i];

		if (((address->address ^ peer) & address->mask) == 0)
			return address->address;
	}
	return interface->address_count ? interface->addresses[0].address : 0;
}
