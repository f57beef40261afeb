/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces and static routes. */
#include <string.h>

#include "ios_read.h"

enum { ADDRESS_BITS = 32, DISTANCE_MAX = 255, VLAN_MAX = 4094, NUMBER_MAX = 1 << 30 };

static enum ios_result
interface_enter(struct ios_reader *reader, struct ios_words *words)
{
	char name[IOS_INTERFACE_NAME_MAX];
	struct ios_interface *interface;
	bool ethernet;

	if (!ios_take_interface(words, name, &ethernet)) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(reader, "no interface that callgate knows");
	}
	ios_take(words, "point-to-point");
	if (!ios_done(words)) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(
			reader, "\"%s\" is nothing that callgate has", ios_peek(words));
	}
	if (!ethernet) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(reader, "callgate has Ethernet interfaces and VLANs only");
	}
	interface = ios_interface_get(reader->model, name, reader->line->number);
	if (reader->negated) {
		interface->item.removed = true;
		reader->mode = IOS_GLOBAL;
		return IOS_USED;
	}
	reader->interface = interface;
	reader->mode = IOS_INTERFACE;
	return IOS_USED;
}

static enum ios_result
address_remove(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_prefix *prefix;
	uint32_t address = 0;
	const bool all = ios_done(words);

	if (!all && !ios_take_address(words, &address))
		return IOS_UNKNOWN;
	STAILQ_FOREACH (prefix, &reader->interface->addresses, next) {
		if (all || prefix->address == address)
			prefix->item.removed = true;
	}
	return IOS_USED;
}

/*
 * A primary address takes the place of the one before. Secondary ones stand behind it, though a
 * running configuration shows them before it.
 */
static enum ios_result
address_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_interface *interface = reader->interface;
	struct ios_prefix *prefix;
	unsigned int length;
	uint32_t address;

	if (reader->negated)
		return address_remove(reader, words);
	if (ios_take(words, "dhcp") || ios_take(words, "negotiated") || ios_take(words, "pool"))
		return ios_line_refuse(reader, "callgate's addresses are in its configuration");
	if (!ios_take_address(words, &address) || !ios_take_mask(words, &length))
		return ios_line_refuse(reader, "no address with its mask");
	if (ios_take(words, "secondary") && ios_done(words)) {
		ios_prefix_add(reader->model, &interface->addresses, address, length,
			reader->line->number);
		return IOS_USED;
	}
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "\"%s\" is nothing that callgate has", ios_peek(words));
	prefix = ios_alloc(&reader->model->arena, sizeof(*prefix));
	*prefix = (struct ios_prefix){
		.item.line = reader->line->number, .address = address, .length = length};
	if (interface->first != NULL)
		interface->first->item.removed = true;
	interface->first = prefix;
	STAILQ_INSERT_HEAD(&interface->addresses, prefix, next);
	return IOS_USED;
}

static enum ios_result
item_set(struct ios_reader *reader, struct ios_item *item)
{
	*item = (struct ios_item){.line = reader->line->number, .removed = reader->negated};
	return IOS_USED;
}

static enum ios_result
nat_read(struct ios_reader *reader, struct ios_words *words)
{
	const bool outside = ios_take(words, "outside");

	/* `ip nat inside source` is a line of its own, not of an interface. */
	if ((!outside && !ios_take(words, "inside")) || !ios_done(words))
		return IOS_UNKNOWN;
	reader->interface->outside = outside;
	return item_set(reader, &reader->interface->nat);
}

static enum ios_result
zone_member_read(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words);

	if (name == NULL && !reader->negated)
		return ios_line_refuse(reader, "no name of a zone");
	reader->interface->zone_name = name;
	return item_set(reader, &reader->interface->zone);
}

/*
 * `zone security X` under an interface, which IOS does not have but its documents do. Where nothing
 * shows that the line is the interface's, it is if the zone is there already and it has none; typed
 * into a terminal, if it has none.
 */
static enum ios_result
zone_under_interface(struct ios_reader *reader, struct ios_words *words)
{
	const struct ios_words name = *words;
	const bool flat = reader->model->text.flat, typed = flat || reader->line->prompt != NULL;

	if (reader->negated || ios_next(words) == NULL || !ios_done(words))
		return IOS_UNKNOWN;
	if ((typed && reader->interface->zone.line != 0) ||
		(flat ? ios_zone_find(reader->model, ios_peek(&name)) == NULL
		      : !reader->line->deep))
		return IOS_UNKNOWN;
	ios_note(reader->model, reader->line->number,
		"read as `zone-member security %s`, which is what IOS has under an interface",
		ios_peek(&name));
	*words = name;
	return zone_member_read(reader, words);
}

/* "zone" is not short for it: that is a line of its own. */
static enum ios_result
zone_member_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *first = reader->line->words[reader->negated ? 1 : 0];

	return strlen(first) <= strlen("zone") ? IOS_UNKNOWN : zone_member_read(reader, words);
}

static enum ios_result
number_set(struct ios_reader *reader, struct ios_words *words, struct ios_number *number,
	unsigned int most)
{
	if (!reader->negated && !ios_take_number(words, 0, most, &number->value))
		return ios_line_refuse(reader, "no number that this can be");
	return item_set(reader, &number->item);
}

static enum ios_result
vlan_read(struct ios_reader *reader, struct ios_words *words)
{
	enum ios_result result = number_set(reader, words, &reader->interface->vlan, VLAN_MAX);

	if (result != IOS_USED || reader->negated)
		return result;
	if (ios_take(words, "native"))
		reader->interface->vlan.value = 0;
	if (!ios_done(words)) {
		reader->interface->vlan.item.line = 0;
		return ios_line_refuse(reader, "callgate has no tags within tags");
	}
	return IOS_USED;
}

/* How long IP packets may be `ip mtu` says, and `mtu`, which is about all frames, where it does not. */
static enum ios_result
mtu_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_interface *interface = reader->interface;
	struct ios_number behind = {0};
	const bool hidden = interface->ip_mtu;

	return number_set(reader, words, hidden ? &behind : &interface->mtu, NUMBER_MAX);
}

static enum ios_result
ip_mtu_read(struct ios_reader *reader, struct ios_words *words)
{
	const enum ios_result result =
		number_set(reader, words, &reader->interface->mtu, NUMBER_MAX);

	if (result == IOS_USED)
		reader->interface->ip_mtu = !reader->negated;
	return result;
}

static enum ios_result
tcp_mss_read(struct ios_reader *reader, struct ios_words *words)
{
	return number_set(reader, words, &reader->interface->tcp_mss, NUMBER_MAX);
}

/* `ip verify unicast source reachable-via rx|any [allow-default]`, `ip verify unicast reverse-path` */
static enum ios_result
source_check_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_interface *interface = reader->interface;
	bool defaults = false;

	if (ios_take(words, "source reachable-via")) {
		interface->loose = ios_take(words, "any");
		if (!interface->loose && !ios_take(words, "rx"))
			return ios_line_refuse(reader, "neither rx nor any");
		defaults = ios_take(words, "allow-default");
	} else if (!ios_take(words, "reverse-path")) {
		return IOS_UNKNOWN;
	}
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "\"%s\" is nothing that callgate has", ios_peek(words));
	if (!reader->negated && !defaults)
		ios_note(reader->model, reader->line->number,
			"used as with `allow-default`: the default route counts");
	return item_set(reader, &interface->source_check);
}

static enum ios_result
description_read(struct ios_reader *reader, struct ios_words *words)
{
	reader->interface->description = reader->negated ? NULL : reader->line->text;
	return IOS_USED;
}

static enum ios_result
shutdown_read(struct ios_reader *reader, struct ios_words *words)
{
	if (!ios_done(words))
		return IOS_UNKNOWN;
	reader->interface->shut = !reader->negated;
	return IOS_USED;
}

/* One routing table: what is in another must not come together with the rest. */
static enum ios_result
vrf_read(struct ios_reader *reader, struct ios_words *words)
{
	reader->interface->vrf = !reader->negated;
	return reader->negated ? IOS_USED : ios_line_refuse(reader, "callgate has no VRFs");
}

static enum ios_result
access_group_read(struct ios_reader *reader, struct ios_words *words)
{
	/* Short for `ip access-list`, which is no line of an interface? */
	ios_next(words);
	if ((!ios_take(words, "in") && !ios_take(words, "out")) || !ios_done(words))
		return IOS_UNKNOWN;
	return ios_line_refuse(reader, "callgate filters between zones: match the list in a class "
				       "map of a zone pair's policy");
}

/* What concerns the wire or the router's own tables. */
static enum ios_result
wire_read(struct ios_reader *reader, struct ios_words *words)
{
	return IOS_USED;
}

static enum ios_result
route_remove(struct ios_reader *reader, uint32_t address, unsigned int length, uint32_t via)
{
	struct ios_route *route;
	bool found = false;

	STAILQ_FOREACH (route, &reader->model->routes, next) {
		if (ios_live(&route->item) && route->address == address &&
			route->length == length && (via == 0 || route->via == via))
			route->item.removed = found = true;
	}
	return found ? IOS_USED : ios_line_refuse(reader, "there is no such route above");
}

/* Of several routes to one prefix callgate has one: that of the least distance. */
static enum ios_result
route_add(struct ios_reader *reader, const struct ios_route *route)
{
	struct ios_model *model = reader->model;
	struct ios_route *other, *made;

	STAILQ_FOREACH (other, &model->routes, next) {
		if (!ios_live(&other->item) || other->address != route->address ||
			other->length != route->length)
			continue;
		if (other->via == route->via && other->distance == route->distance)
			return IOS_USED;
		if (other->distance <= route->distance)
			return ios_line_refuse(reader,
				"callgate has one route to a prefix, and line %u is it",
				other->item.line);
		other->item.removed = true;
		ios_refuse(model, other->item.line,
			"callgate has one route to a prefix, and line %u is it",
			reader->line->number);
	}
	made = ios_alloc(&model->arena, sizeof(*made));
	*made = *route;
	STAILQ_INSERT_TAIL(&model->routes, made, next);
	return IOS_USED;
}

static enum ios_result
route_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_route route = {.item.line = reader->line->number, .distance = 1};
	char name[IOS_INTERFACE_NAME_MAX];
	bool ethernet, through;
	unsigned int tag;

	if (ios_take(words, "vrf"))
		return ios_line_refuse(reader, "callgate has no VRFs");
	if (!ios_take_address(words, &route.address) || !ios_take_mask(words, &route.length))
		return ios_line_refuse(reader, "no prefix with its mask");
	route.address &= route.length == 0 ? 0 : UINT32_MAX << (ADDRESS_BITS - route.length);
	through = ios_take_interface(words, name, &ethernet);
	if (!ios_take_address(words, &route.via) && !reader->negated)
		return ios_line_refuse(reader,
			through ? "a route needs the address of its next hop" : "no next hop");
	if (reader->negated)
		return route_remove(reader, route.address, route.length, route.via);
	ios_take_number(words, 1, DISTANCE_MAX, &route.distance);
	while (!ios_done(words)) {
		if (ios_take(words, "name") || ios_take(words, "tag"))
			ios_next(words);
		else if (ios_take(words, "track") && ios_take_number(words, 0, NUMBER_MAX, &tag))
			ios_note(reader->model, reader->line->number,
				"used without `track`: the route always stands");
		else if (!ios_take(words, "permanent") && !ios_take(words, "global"))
			return ios_line_refuse(
				reader, "\"%s\" is nothing that callgate has", ios_peek(words));
	}
	return route_add(reader, &route);
}

static const struct ios_command commands[] = {
	{IOS_GLOBAL, "interface", interface_enter},
	{IOS_GLOBAL, "ip route", route_read},
	{IOS_INTERFACE, "ip address", address_read},
	{IOS_INTERFACE, "ip nat", nat_read},
	{IOS_INTERFACE, "zone security", zone_under_interface},
	{IOS_INTERFACE, "zone-member security", zone_member_enter},
	{IOS_INTERFACE, "encapsulation dot1q", vlan_read},
	{IOS_INTERFACE, "ip mtu", ip_mtu_read},
	{IOS_INTERFACE, "mtu", mtu_read},
	{IOS_INTERFACE, "ip tcp adjust-mss", tcp_mss_read},
	{IOS_INTERFACE, "ip verify unicast", source_check_read},
	{IOS_INTERFACE, "description", description_read},
	{IOS_INTERFACE, "shutdown", shutdown_read},
	{IOS_INTERFACE, "vrf forwarding", vrf_read},
	{IOS_INTERFACE, "ip vrf forwarding", vrf_read},
	{IOS_INTERFACE, "ip access-group", access_group_read},
	{IOS_INTERFACE, "duplex", wire_read},
	{IOS_INTERFACE, "speed", wire_read},
	{IOS_INTERFACE, "negotiation", wire_read},
	{IOS_INTERFACE, "media-type", wire_read},
	{IOS_INTERFACE, "load-interval", wire_read},
	{IOS_INTERFACE, "ip virtual-reassembly", wire_read},
};

const struct ios_commands ios_interface_commands = {
	commands, sizeof(commands) / sizeof(commands[0])};
