/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `interfaces` and `routes`: addresses, their prefixes and what is reached through them. Prefixes
 * of different interfaces never overlap, so that each address has one way out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

#include "address_priv.h"
#include "reader_priv.h"

enum { CONNECTED_TEXT_MAX = 512 };

static const char address_allowed[] = "an address with its prefix length such as \"10.0.0.1/24\"";

/* The interface before `index` (or address before it on the same one) that `address` disturbs. */
static void
address_check_others(struct reader *reader, const config_setting_t *setting, unsigned int index,
	const struct config_address *address)
{
	const struct config_interface *interfaces = reader->config->interfaces, *other;
	char text[PREFIX_TEXT_MAX];
	unsigned int i, j;

	for (i = 0; i <= index; i++) {
		other = &interfaces[i];
		for (j = 0; j < other->address_count; j++) {
			prefix_format(&other->addresses[j].prefix, text);
			if (other->addresses[j].address == address->address) {
				fault_add(reader, setting,
					"is an address of interfaces[%u] already, allowed: each "
					"address once",
					i);
				return;
			}
			if (i < index &&
				prefix_overlaps(&other->addresses[j].prefix, &address->prefix)) {
				fault_add(reader, setting,
					"overlaps %s of interfaces[%u], allowed: prefixes that do "
					"not overlap "
					"between interfaces",
					text, i);
				return;
			}
		}
	}
}

static void
addresses_read(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	struct config_interface *interface = &reader->config->interfaces[index];
	const config_setting_t *list = config_setting_get_member(entry, "addresses"), *setting;
	struct config_address address;
	unsigned int i, count;
	const char *text;

	_Static_assert(INTERFACE_ADDRESSES_MAX == 8, "the table's text says 8");
	if (list == NULL)
		return;
	count = sequence_open(reader, list, 1, INTERFACE_ADDRESSES_MAX,
		setting_find("interfaces[].addresses")->allowed);
	for (i = 0; i < count; i++) {
		setting = config_setting_get_elem(list, i);
		text = text_read(reader, setting, address_allowed);
		if (text == NULL)
			continue;
		if (address_prefix_parse(text, &address.address, &address.prefix) != 0 ||
			address.prefix.length == 0) {
			fault_add(reader, setting, "is \"%.64s\", allowed: %s", text,
				address_allowed);
			continue;
		}
		if (!address_is_host(address.address) ||
			prefix_edge(&address.prefix, address.address)) {
			fault_add(reader, setting,
				"is \"%.64s\", allowed: an address of a host, not of a network, "
				"broadcast, "
				"multicast or loopback",
				text);
			continue;
		}
		address_check_others(reader, setting, index, &address);
		interface->addresses[interface->address_count++] = address;
	}
}

static void
interface_check_vlan(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	struct config_interface *interfaces = reader->config->interfaces;
	const config_setting_t *vlan = config_setting_get_member(entry, "vlan");
	unsigned int i;

	if (vlan != NULL && config_setting_get_int64(vlan) != (long long)interfaces[index].vlan) {
		interfaces[index].port = PORTS_MAX; /* a faulty VLAN is nobody's neighbour */
		return;
	}
	for (i = 0; i < index; i++) {
		if (interfaces[i].port != interfaces[index].port ||
			interfaces[i].vlan != interfaces[index].vlan)
			continue;
		fault_add_member(reader, entry, "vlan",
			"VLAN %u of this port is interfaces[%u] already, allowed: another VLAN or "
			"port",
			interfaces[index].vlan, i);
		return;
	}
}

static void
interface_read(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	struct config_interface *interface = &reader->config->interfaces[index];
	const config_setting_t *port, *zone;
	int number;

	interface->line = config_setting_source_line(entry);
	interface->zone = NUMBER_ZONE_DEFAULT;
	interface->port = PORTS_MAX; /* none, until it is known */
	group_read(reader, entry, "interfaces[]", interface);
	name_add(reader, NAME_INTERFACE, entry, interface->name);
	addresses_read(reader, entry, index);
	if (interface->tcp_mss && interface->tcp_mss < TCP_MSS_MIN)
		fault_add_member(reader, entry, "tcp_mss", "is %u, allowed: 0, %u .. %u",
			interface->tcp_mss, TCP_MSS_MIN, TCP_MSS_MAX);

	port = config_setting_get_member(entry, "port");
	number = port != NULL ? name_resolve(reader, NAME_PORT, port) : -1;
	if (number >= 0) {
		interface->port = (unsigned int)number;
		interface_check_vlan(reader, entry, index);
	}
	zone = config_setting_get_member(entry, "zone");
	number = zone != NULL ? name_resolve(reader, NAME_ZONE, zone) : -1;
	if (number == NUMBER_ZONE_SELF)
		fault_add(reader, zone,
			"\"self\" is callgate itself, allowed: \"default\" or a name in `zones`");
	else if (number > 0)
		interface->zone = (uint8_t)number;
}

void
interfaces_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *entry;
	unsigned int i, count;

	list = list_open(reader, "interfaces", &count);
	config->interfaces = reader_alloc(reader, count, sizeof(*config->interfaces));
	config->interface_count = count;
	for (i = 0; i < count; i++) {
		entry = list_entry(reader, list, i);
		if (entry != NULL) {
			interface_read(reader, entry, i);
			continue;
		}
		config->interfaces[i].port = PORTS_MAX;
		name_add(reader, NAME_INTERFACE, list, NULL);
	}
}

/* Prefixes of all interfaces, as far as the buffer goes. */
static void
connected_text(const struct config *config, char *buffer, size_t size)
{
	char text[PREFIX_TEXT_MAX];
	unsigned int i, j;
	size_t used = 0;

	snprintf(buffer, size, "none");
	for (i = 0; i < config->interface_count; i++) {
		for (j = 0; j < config->interfaces[i].address_count; j++) {
			prefix_format(&config->interfaces[i].addresses[j].prefix, text);
			if (used + sizeof(text) + 8 > size) {
				snprintf(buffer + used, size - used, " ...");
				return;
			}
			used += (size_t)snprintf(
				buffer + used, size - used, "%s%s", used ? ", " : "", text);
		}
	}
}

static void
via_read(struct reader *reader, const config_setting_t *setting, struct config_route *route)
{
	const struct config *config = reader->config;
	const struct config_address *address;
	char connected[CONNECTED_TEXT_MAX];
	const char *text;
	unsigned int i, j;
	bool reached = false;

	connected_text(config, connected, sizeof(connected));
	text = text_read(reader, setting, "an address in the prefix of an interface");
	if (text == NULL)
		return;
	if (address_parse(text, &route->via) != 0) {
		fault_add(reader, setting, "is \"%.64s\", allowed: an address in one of: %s", text,
			connected);
		return;
	}
	for (i = 0; i < config->interface_count; i++) {
		for (j = 0; j < config->interfaces[i].address_count; j++) {
			address = &config->interfaces[i].addresses[j];
			if (address->address == route->via) {
				fault_add(reader, setting,
					"%.64s is callgate's own address on interfaces[%u], "
					"allowed: a neighbour's",
					text, i);
				return;
			}
			if (prefix_edge(&address->prefix, route->via)) {
				fault_add(reader, setting,
					"%.64s is the network or broadcast address of "
					"interfaces[%u], allowed: a "
					"neighbour's",
					text, i);
				return;
			}
			reached |= prefix_contains(&address->prefix, route->via);
		}
	}
	if (!reached)
		fault_add(reader, setting,
			"%.64s is in no prefix of an interface, allowed: an address in one of: %s",
			text, connected);
}

static void
prefix_read(struct reader *reader, const config_setting_t *setting, unsigned int index)
{
	static const char allowed[] = "a prefix such as \"10.0.0.0/8\" or \"0.0.0.0/0\"";
	struct config *config = reader->config;
	struct config_route *route = &config->routes[index];
	char good[PREFIX_TEXT_MAX];
	struct prefix prefix;
	in_addr_t address;
	unsigned int i, j;
	const char *text;

	text = text_read(reader, setting, allowed);
	if (text == NULL)
		return;
	if (address_prefix_parse(text, &address, &prefix) != 0) {
		fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
		return;
	}
	prefix_format(&prefix, good);
	if (address != prefix.address) {
		fault_add(reader, setting, "\"%.64s\" has host bits set, allowed: \"%s\"", text,
			good);
		return;
	}
	for (i = 0; i < index; i++) {
		if (config->routes[i].line != 0 &&
			prefix_equal(&config->routes[i].prefix, &prefix)) {
			fault_add(reader, setting,
				"%s is the prefix of routes[%u] already, allowed: each prefix once",
				good, i);
			return;
		}
	}
	for (i = 0; i < config->interface_count; i++)
		for (j = 0; j < config->interfaces[i].address_count; j++)
			if (prefix_equal(&config->interfaces[i].addresses[j].prefix, &prefix))
				fault_add(reader, setting,
					"%s is connected on interfaces[%u], allowed: other "
					"prefixes",
					good, i);
	route->prefix = prefix;
	route->line = config_setting_source_line(config_setting_parent(setting));
}

void
routes_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *entry, *setting;
	unsigned int i, count;

	list = list_open(reader, "routes", &count);
	config->routes = reader_alloc(reader, count, sizeof(*config->routes));
	config->route_count = count;
	for (i = 0; i < count; i++) {
		entry = list_entry(reader, list, i);
		if (entry == NULL)
			continue;
		group_read(reader, entry, "routes[]", &config->routes[i]);
		setting = config_setting_get_member(entry, "prefix");
		if (setting != NULL)
			prefix_read(reader, setting, i);
		setting = config_setting_get_member(entry, "via");
		if (setting != NULL)
			via_read(reader, setting, &config->routes[i]);
	}
}
