/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, prefixes, ranges and ports as text. Parsing is strict: nothing before, between or
 * after.
 */
#ifndef CONFIG_ADDRESS_PRIV_H
#define CONFIG_ADDRESS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

enum { PREFIX_TEXT_MAX = 24 };

/** "10.0.0.1". 0 or -EINVAL. */
int address_parse(const char *text, in_addr_t *address);

/** "10.0.0.1/24": the address as written and its prefix. 0 or -EINVAL. */
int address_prefix_parse(const char *text, in_addr_t *address, struct prefix *prefix);

/** "10.0.0.1-10.0.0.9" or one address. 0, -EINVAL, or -ERANGE when the end is before the start. */
int address_range_parse(const char *text, struct address_range *range);

/** "10.0.0.1:5060". 0 or -EINVAL. */
int address_port_parse(const char *text, in_addr_t *address, uint16_t *port);

/** "1024-65535". 0, -EINVAL, or -ERANGE when the end is before the start. */
int port_range_parse(const char *text, struct port_range *range);

void address_format(in_addr_t address, char buffer[PREFIX_TEXT_MAX]);
void prefix_format(const struct prefix *prefix, char buffer[PREFIX_TEXT_MAX]);

bool prefix_contains(const struct prefix *prefix, in_addr_t address);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool prefix_equal(const struct prefix *a, const struct prefix *b);

/** True for the network and broadcast address of a prefix up to /30. */
bool prefix_edge(const struct prefix *prefix, in_addr_t address);

/** True for an address that a host can have: not 0/8, loopback, multicast or reserved. */
bool address_is_host(in_addr_t address);

#endif
