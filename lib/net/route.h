/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: rte_fib (DIR24_8, 4-byte next hops) over connected prefixes, own addresses and the
 * configuration's static routes. Built at bring-up; looked up on a flow miss and for packets of
 * our own, never for established flows.
 */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interface.h"

struct config;
struct route_table;

enum route_kind { ROUTE_NONE, ROUTE_LOCAL, ROUTE_CONNECTED, ROUTE_GATEWAY };

struct route {
	enum route_kind kind;
	uint16_t interface; /* egress interface index (ROUTE_LOCAL: the one that owns it) */
	rte_be32_t next_hop; /* gateway, or the destination itself when connected */
};

/** 0 and *table, or negative errno (-ENOMEM, -EINVAL: gateway on no connected prefix). Bring-up. */
int route_table_create(const struct config *config, const struct interface_table *interfaces,
	int socket, struct route_table **table);
void route_table_destroy(struct route_table *table);
/** Bytes that a table takes, whatever the number of routes; for the memory sum of --check. */
size_t route_table_memory(void);

/** Longest match for `destination` (network order). kind NONE when there is none. Any worker. */
struct route route_lookup(const struct route_table *table, rte_be32_t destination);

/** Realm that `address` routes to; false when it has no route or is our own. Any worker. */
bool route_realm(const struct route_table *table, rte_be32_t address, uint8_t *realm);

#endif
