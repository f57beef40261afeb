/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes in an rte_fib whose next hop is an index into a small array of routes.
 *
 * Life cycle: built once at bring-up; lookups from any worker, no lock.
 * Precedence of one prefix: own address, then connected, then static; the later add replaces.
 * Limits: as many routes as the configuration has; 65 MiB for the FIB whatever they are.
 */
#include "route.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_malloc.h>

#include "config/config.h"

struct route_table {
	struct rte_fib *fib;
	const struct interface_table *interfaces;
	uint32_t count;
	struct route route[]; /* [0]: ROUTE_NONE, the FIB's default */
};

static uint8_t
mask_length(rte_be32_t mask)
{
	return (uint8_t)__builtin_popcount(mask);
}

static int
route_add(struct route_table *table, rte_be32_t address, uint8_t length, struct route route)
{
	table->route[table->count] = route;
	return rte_fib_add(table->fib, rte_be_to_cpu_32(address), length, table->count++);
}

/* Interface on whose prefix a gateway stands. */
static const struct interface *
route_gateway_interface(const struct interface_table *interfaces, rte_be32_t via)
{
	unsigned int i, j;

	for (i = 0; i < interfaces->count; i++) {
		const struct interface *interface = &interfaces->entry[i];

		for (j = 0; j < interface->address_count; j++) {
			const struct interface_address *address = &interface->addresses[j];

			if (((address->address ^ via) & address->mask) == 0)
				return interface;
		}
	}
	return NULL;
}

static int
route_add_static(struct route_table *table, const struct config *config)
{
	unsigned int i;
	int rc;

	for (i = 0; i < config->route_count; i++) {
		const struct config_route *from = &config->routes[i];
		const struct interface *interface =
			route_gateway_interface(table->interfaces, from->via);

		if (interface == NULL || interface_address_kind(table->interfaces, from->via))
			return -EINVAL;
		rc = route_add(table, from->prefix.address, from->prefix.length,
			(struct route){ROUTE_GATEWAY, interface->index, from->via});
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Connected prefixes, or (kind ROUTE_LOCAL) the addresses themselves. */
static int
route_add_addresses(struct route_table *table, enum route_kind kind)
{
	unsigned int i, j;
	int rc;

	for (i = 0; i < table->interfaces->count; i++) {
		const struct interface *interface = &table->interfaces->entry[i];

		for (j = 0; j < interface->address_count; j++) {
			const struct interface_address *address = &interface->addresses[j];
			rte_be32_t mask = kind == ROUTE_LOCAL ? UINT32_MAX : address->mask;

			rc = route_add(table, address->address & mask, mask_length(mask),
				(struct route){kind, interface->index, 0});
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

int
route_table_create(const struct config *config, const struct interface_table *interfaces,
	int socket, struct route_table **out)
{
	static _Atomic unsigned int made;
	struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8};
	struct route_table *table;
	char name[32];
	uint32_t capacity = 1 + config->route_count;
	unsigned int i;
	int rc;

	for (i = 0; i < interfaces->count; i++)
		capacity += 2 * (uint32_t)interfaces->entry[i].address_count;
	table = rte_zmalloc_socket("routes", sizeof(*table) + capacity * sizeof(table->route[0]),
		RTE_CACHE_LINE_SIZE, socket);
	if (table == NULL)
		return -ENOMEM;
	table->interfaces = interfaces;
	table->count = 1;

	conf.max_routes =
		(int)capacity * 2; /* the library adds nodes of its own between prefixes */
	conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_4B;
	conf.dir24_8.num_tbl8 = capacity;
	snprintf(name, sizeof(name), "routes_%u",
		atomic_fetch_add_explicit(&made, 1, memory_order_relaxed));
	table->fib = rte_fib_create(name, socket, &conf);
	if (table->fib == NULL) {
		rc = -rte_errno;
		goto fail;
	}
	rc = route_add_static(table, config);
	if (rc == 0)
		rc = route_add_addresses(table, ROUTE_CONNECTED);
	if (rc == 0)
		rc = route_add_addresses(table, ROUTE_LOCAL);
	if (rc < 0)
		goto fail;
	*out = table;
	return 0;
fail:
	route_table_destroy(table);
	return rc;
}

size_t
route_table_memory(void)
{
	/* DIR24_8 with 4-byte next hops: 64 MiB of tbl24 and as much as is asked for of tbl8. */
	return ((size_t)1 << 24) * sizeof(uint32_t) + ((size_t)2 << 20);
}

void
route_table_destroy(struct route_table *table)
{
	if (table == NULL)
		return;
	rte_fib_free(table->fib);
	rte_free(table);
}

struct route
route_lookup(const struct route_table *table, rte_be32_t destination)
{
	uint32_t address = rte_be_to_cpu_32(destination);
	struct route route;
	uint64_t index;

	rte_fib_lookup_bulk(table->fib, &address, &index, 1);
	route = table->route[index];
	if (route.kind == ROUTE_CONNECTED || route.kind == ROUTE_LOCAL)
		route.next_hop = destination;
	return route;
}

bool
route_realm(const struct route_table *table, rte_be32_t address, uint8_t *realm)
{
	struct route route = route_lookup(table, address);

	if (route.kind == ROUTE_NONE || route.kind == ROUTE_LOCAL)
		return false;
	*realm = table->interfaces->entry[route.interface].realm;
	return true;
}
