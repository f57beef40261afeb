/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports, interfaces and routes. IOS does not name the device behind an interface, and an interface
 * of its documents may have no address: what the operator did not say either stands in by a device
 * that no machine has and an address of the documentation's, each with a comment and a note.
 */
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"

#include "ios_out.h"

enum { STAND_IN_LENGTH = 30, STAND_INS = 3 * 64 };

/* RFC 5737, as so many networks of two hosts. */
static uint32_t
stand_in_network(unsigned int index)
{
	static const uint32_t blocks[] = {0xc0000200, 0xc6336400, 0xcb007100};

	return blocks[index / 64] + 4 * (index % 64);
}

static bool
prefixes_overlap(uint32_t a, unsigned int a_length, uint32_t b, unsigned int b_length)
{
	const unsigned int length = a_length < b_length ? a_length : b_length;

	return length == 0 || (a ^ b) >> (32 - length) == 0;
}

/* Does the file use this network for something else? */
static bool
network_used(const struct ios_model *model, uint32_t network)
{
	const struct ios_interface *interface;
	const struct ios_prefix *prefix;
	const struct ios_route *route;
	const struct ios_choice *choice;
	const struct ios_pool *pool;
	const struct ios_rule *rule;

	STAILQ_FOREACH (interface, &model->interfaces, next) {
		if (interface->written && prefixes_overlap(interface->primary, STAND_IN_LENGTH,
						  network, STAND_IN_LENGTH))
			return true;
		STAILQ_FOREACH (prefix, &interface->addresses, next) {
			if (prefixes_overlap(
				    prefix->address, prefix->length, network, STAND_IN_LENGTH))
				return true;
		}
	}
	STAILQ_FOREACH (route, &model->routes, next) {
		if (prefixes_overlap(route->address, 32, network, STAND_IN_LENGTH) ||
			prefixes_overlap(route->via, 32, network, STAND_IN_LENGTH))
			return true;
	}
	STAILQ_FOREACH (pool, &model->pools, next) {
		if (pool->first <= network + 3 && pool->last >= network)
			return true;
	}
	STAILQ_FOREACH (rule, &model->rules, next) {
		if (prefixes_overlap(rule->inside, 32, network, STAND_IN_LENGTH) ||
			prefixes_overlap(rule->outside, 32, network, STAND_IN_LENGTH))
			return true;
	}
	STAILQ_FOREACH (choice, &model->addresses, next) {
		char block[IOS_ADDRESS_TEXT_MAX];

		/* By its text: "192.0.2." is enough to keep away. */
		ios_address_format(network, block);
		*strrchr(block, '.') = '\0';
		if (strncmp(choice->value, block, strlen(block)) == 0)
			return true;
	}
	return false;
}

static const struct ios_prefix *
first_live(const struct ios_prefixes *prefixes)
{
	const struct ios_prefix *prefix;

	STAILQ_FOREACH (prefix, prefixes, next) {
		if (ios_live(&prefix->item))
			return prefix;
	}
	return NULL;
}

static bool
number_live(const struct ios_number *number)
{
	return number->item.line != 0 && ios_live(&number->item);
}

static bool
part_live(const struct ios_item *item)
{
	return item->line != 0 && ios_live(item);
}

static bool
is_subinterface(const struct ios_interface *interface)
{
	return strchr(interface->name, '.') != NULL;
}

/* Why it does not work in IOS either, or not among the others; NULL: it does. */
static const char *
interface_unusable(const struct ios_model *model, const struct ios_interface *interface)
{
	const struct ios_interface *other;

	if (interface->vrf)
		return "it is in a VRF";
	if (interface->shut)
		return "it is shut down";
	STAILQ_FOREACH (other, &model->interfaces, next) {
		if (ios_live(&other->item) && other->shut &&
			strcmp(other->own, interface->port) == 0)
			return "the interface that it is a part of is shut down";
	}
	return NULL;
}

/* Has this one VLANs that are interfaces of their own? */
static bool
has_subinterfaces(const struct ios_model *model, const struct ios_interface *parent)
{
	const struct ios_interface *interface;

	STAILQ_FOREACH (interface, &model->interfaces, next) {
		if (interface != parent && ios_live(&interface->item) &&
			strcmp(interface->port, parent->own) == 0)
			return true;
	}
	return false;
}

/* Whether it becomes one of callgate's; says why not. */
static bool
interface_wanted(struct ios_out *out, struct ios_interface *interface)
{
	struct ios_model *model = out->model;
	const char *unusable;

	if (!ios_live(&interface->item))
		return false;
	unusable = interface_unusable(model, interface);
	if (unusable != NULL) {
		ios_note(model, interface->item.line, "left out: %s", unusable);
		return false;
	}
	if (first_live(&interface->addresses) == NULL && !part_live(&interface->zone) &&
		!part_live(&interface->nat) &&
		ios_choice_find(&model->addresses, interface->name) == NULL) {
		if (!has_subinterfaces(model, interface))
			ios_note(model, interface->item.line,
				"left out: it has neither address nor zone nor `ip nat`");
		return false;
	}
	if (is_subinterface(interface) && !number_live(&interface->vlan)) {
		ios_drop(out, &interface->item,
			"a subinterface needs `encapsulation dot1Q` with its VLAN");
		return false;
	}
	return true;
}

static void
port_write(struct ios_out *out, struct ios_interface *interface, unsigned int index)
{
	static const char *const drivers[] = {"pci", "af_packet", "af_xdp", "tap", "null"};
	struct ios_model *model = out->model;
	const char *device, *driver = NULL;
	struct ios_choice *choice;
	char *name = ios_strdup(&model->arena, interface->name);

	name[strcspn(name, ".")] = '\0';
	choice = ios_choice_find(&model->ports, name);
	ios_entry_begin(out, "ports", index);
	if (choice == NULL) {
		ios_note(model, interface->item.line,
			"port %s needs a device: --port %s=DEVICE, or write it into the "
			"configuration",
			interface->port, name);
		ios_origin_add(out, &interface->item, "ports[%u]", index);
		fprintf(out->stream,
			"  # CHANGE: the PCI address behind %s, or driver = \"af_packet\" and a "
			"network device\n"
			"  { name = \"%s\"; driver = \"pci\"; device = \"ffff:%02x:00.0\"; }",
			name, interface->port, index);
		return;
	}
	ios_origin_add(out, &choice->item, "ports[%u]", index);
	device = choice->value;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		const size_t length = strlen(drivers[i]);

		if (strncmp(device, drivers[i], length) == 0 &&
			(device[length] == ':' || device[length] == '\0')) {
			driver = drivers[i];
			device += length + (device[length] == ':');
			break;
		}
	}
	if (driver == NULL)
		driver = strchr(device, ':') != NULL ? "pci" : "af_packet";
	fprintf(out->stream, "  { name = \"%s\"; driver = \"%s\";", interface->port, driver);
	if (*device != '\0')
		fprintf(out->stream, " device = \"%s\";", ios_clean(model, device));
	fprintf(out->stream, " }");
}

/* One port for an interface and all its VLANs. Returns how many. */
static unsigned int
ports_write(struct ios_out *out)
{
	struct ios_interface *interface, *before;
	unsigned int count = 0;

	STAILQ_FOREACH (interface, &out->model->interfaces, next) {
		if (!interface->written)
			continue;
		STAILQ_FOREACH (before, &out->model->interfaces, next) {
			if (before == interface ||
				(before->written && strcmp(before->port, interface->port) == 0))
				break;
		}
		if (before == interface)
			port_write(out, interface, count++);
	}
	ios_list_end(out, count);
	return count;
}

static void
stand_in_write(struct ios_out *out, struct ios_interface *interface)
{
	char address[IOS_ADDRESS_TEXT_MAX];
	unsigned int i = 0;

	while (i < STAND_INS && network_used(out->model, stand_in_network(i)))
		i++;
	if (i == STAND_INS) {
		ios_drop(out, &interface->item, "it has no address");
		fprintf(out->stream, "[]");
		return;
	}
	interface->stands_in = true;
	interface->primary = stand_in_network(i) + 1;
	ios_address_format(interface->primary, address);
	ios_note(out->model, interface->item.line,
		"it has no address: %s/%u stands in; --address %s=ADDRESS/LENGTH, or write it into "
		"the "
		"configuration",
		address, STAND_IN_LENGTH, interface->name);
	fprintf(out->stream, "[\"%s/%u\"]", address, STAND_IN_LENGTH);
}

/* The address of the command line, those of the file, or one that stands in. */
static void
addresses_write(struct ios_out *out, struct ios_interface *interface, unsigned int index)
{
	struct ios_choice *choice = ios_choice_find(&out->model->addresses, interface->name);
	char address[IOS_ADDRESS_TEXT_MAX];
	struct ios_prefix *prefix;
	unsigned int count = 0;

	if (choice == NULL && first_live(&interface->addresses) == NULL)
		fprintf(out->stream, "    # CHANGE: stands in\n");
	fprintf(out->stream, "    addresses = ");
	if (choice != NULL) {
		struct ios_line line = {
			.count = 1, .words = ios_alloc(&out->model->arena, sizeof(const char *))};
		struct ios_words words = {.line = &line};
		char *text = ios_strdup(&out->model->arena, choice->value);

		text[strcspn(text, "/")] = '\0';
		line.words[0] = text;
		ios_take_address(&words, &interface->primary);
		ios_origin_add(out, &choice->item, "interfaces[%u].addresses", index);
		fprintf(out->stream, "[\"%s\"];", ios_clean(out->model, choice->value));
		return;
	}
	if (first_live(&interface->addresses) == NULL) {
		stand_in_write(out, interface);
		fprintf(out->stream, ";");
		return;
	}
	STAILQ_FOREACH (prefix, &interface->addresses, next) {
		if (!ios_live(&prefix->item))
			continue;
		if (count == 0)
			interface->primary = prefix->address;
		ios_address_format(prefix->address, address);
		ios_origin_add(out, &prefix->item, "interfaces[%u].addresses[%u]", index, count);
		fprintf(out->stream, "%s\"%s/%u\"", count++ == 0 ? "[" : ", ", address,
			prefix->length);
	}
	fprintf(out->stream, "];");
}

static void
number_write(struct ios_out *out, struct ios_number *number, unsigned int index, const char *name)
{
	if (!number_live(number))
		return;
	ios_origin_add(out, &number->item, "interfaces[%u].%s", index, name);
	fprintf(out->stream, "\n    %s = %u;", name, number->value);
}

static void
interface_write(struct ios_out *out, struct ios_interface *interface, unsigned int index)
{
	struct ios_model *model = out->model;

	ios_entry_begin(out, "interfaces", index);
	ios_origin_add(out, &interface->item, "interfaces[%u]", index);
	fprintf(out->stream, "  # %s, line %u%s%s\n", interface->name, interface->item.line,
		interface->description != NULL ? ": " : "",
		interface->description != NULL ? interface->description : "");
	fprintf(out->stream, "  { name = \"%s\"; port = \"%s\";\n", interface->own,
		interface->port);
	addresses_write(out, interface, index);
	if (is_subinterface(interface))
		number_write(out, &interface->vlan, index, "vlan");
	if (part_live(&interface->zone)) {
		ios_origin_add(out, &interface->zone, "interfaces[%u].zone", index);
		fprintf(out->stream, "\n    zone = \"%s\";",
			ios_own_name(model, IOS_NAME_ZONE, interface->zone_name));
	}
	if (part_live(&interface->nat)) {
		ios_origin_add(out, &interface->nat, "interfaces[%u].nat", index);
		fprintf(out->stream, "\n    nat = \"%s\";",
			interface->outside ? "outside" : "inside");
	}
	if (part_live(&interface->source_check)) {
		ios_origin_add(out, &interface->source_check, "interfaces[%u].source_check", index);
		fprintf(out->stream, "\n    source_check = \"%s\";",
			interface->loose ? "loose" : "strict");
	}
	number_write(out, &interface->mtu, index, "mtu");
	number_write(out, &interface->tcp_mss, index, "tcp_mss");
	fprintf(out->stream, " }");
}

void
ios_write_interfaces(struct ios_out *out)
{
	struct ios_interface *interface;
	unsigned int count = 0;

	STAILQ_FOREACH (interface, &out->model->interfaces, next) {
		interface->primary = 0;
		interface->stands_in = false;
		interface->written = interface_wanted(out, interface);
	}
	if (ports_write(out) == 0) {
		ios_note(out->model, 0,
			"no interface that callgate can have: one without a device stands in");
		fprintf(out->stream,
			"\n# CHANGE: stands in, so that the rest can be checked\n"
			"ports: ( { name = \"stand-in\"; driver = \"null\"; } );\n"
			"interfaces: ( { name = \"stand-in\"; port = \"stand-in\"; addresses = "
			"[\"192.0.2.1/30\"]; } );\n");
		return;
	}
	STAILQ_FOREACH (interface, &out->model->interfaces, next) {
		if (interface->written)
			interface_write(out, interface, count++);
	}
	ios_list_end(out, count);
}

void
ios_write_routes(struct ios_out *out)
{
	char prefix[IOS_ADDRESS_TEXT_MAX], via[IOS_ADDRESS_TEXT_MAX];
	struct ios_route *route;
	unsigned int count = 0;

	STAILQ_FOREACH (route, &out->model->routes, next) {
		if (!ios_live(&route->item))
			continue;
		ios_entry_begin(out, "routes", count);
		ios_origin_add(out, &route->item, "routes[%u]", count++);
		ios_address_format(route->address, prefix);
		ios_address_format(route->via, via);
		fprintf(out->stream, "  { prefix = \"%s/%u\"; via = \"%s\"; }", prefix,
			route->length, via);
	}
	ios_list_end(out, count);
}
