/* SPDX-License-Identifier: BSD-3-Clause */
/* `ports`: what each driver needs of a port, and that no two ports use one device. */
#include <ctype.h>
#include <string.h>

#include <net/if.h>

#include "reader_priv.h"

/* What `device` is to a driver. */
enum device_kind {
	DEVICE_PCI,
	DEVICE_NETDEV,
	DEVICE_NETDEV_OR_NAME, /* left out: the port's name */
	DEVICE_FILE, /* left out: nothing is read, `output` only */
	DEVICE_NONE
};

static const struct {
	const char *name, *allowed;
	enum device_kind device;
} drivers[] = {
	[DRIVER_PCI] = {"pci", "a PCI address such as \"0000:3b:00.0\"", DEVICE_PCI},
	[DRIVER_AF_PACKET] = {"af_packet", "a network device of 1 .. 15 characters", DEVICE_NETDEV},
	[DRIVER_AF_XDP] = {"af_xdp", "a network device of 1 .. 15 characters", DEVICE_NETDEV},
	[DRIVER_TAP] = {"tap", "a network device of 1 .. 15 characters", DEVICE_NETDEV_OR_NAME},
	[DRIVER_PCAP] = {"pcap", "a capture file whose name has no comma, bracket or quote",
		DEVICE_FILE},
	[DRIVER_RING] = {"ring", "no device", DEVICE_NONE},
	[DRIVER_NULL] = {"null", "no device", DEVICE_NONE},
};

/* Hexadecimal digits up to `end`, between `min` and `max` of them; NULL when there are not. */
static const char *
hex_field(const char *text, unsigned int min, unsigned int max, char end)
{
	unsigned int count = 0;

	while (isxdigit((unsigned char)text[count]))
		count++;
	if (count < min || count > max || text[count] != end)
		return NULL;
	return text + count + (end != '\0');
}

/* Domain (may be left out), bus, device, function: "0000:3b:00.0". */
static bool
pci_address_is_valid(const char *text)
{
	const char *rest = hex_field(text, 4, 8, ':');

	rest = hex_field(rest != NULL ? rest : text, 2, 2, ':');
	if (rest != NULL)
		rest = hex_field(rest, 2, 2, '.');
	return rest != NULL && rest[0] >= '0' && rest[0] <= '7' && rest[1] == '\0';
}

/* These end a value in the language of DPDK's device arguments. */
static bool
value_is_valid(const char *text)
{
	return strpbrk(text, ",[]\"'") == NULL;
}

static bool
netdev_name_is_valid(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < IFNAMSIZ && strpbrk(text, " \t/:=") == NULL &&
	       value_is_valid(text) && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static void
device_check(struct reader *reader, const config_setting_t *entry, struct config_port *port)
{
	enum device_kind kind = drivers[port->driver].device;
	const char *allowed = drivers[port->driver].allowed, *driver = drivers[port->driver].name;
	bool netdev = kind == DEVICE_NETDEV || kind == DEVICE_NETDEV_OR_NAME;

	if (kind == DEVICE_NONE) {
		if (port->device != NULL)
			fault_add_member(reader, entry, "device",
				"a port with driver %s has none, allowed: %s", driver, allowed);
		return;
	}
	if (port->device == NULL && config_setting_get_member(entry, "device") != NULL)
		return; /* the table has reported it */
	if (port->device == NULL) {
		if (kind == DEVICE_FILE && port->tx_file != NULL)
			return;
		if (kind != DEVICE_NETDEV_OR_NAME) {
			fault_add_member(reader, entry, "device",
				"missing, driver %s needs it, allowed: %s", driver, allowed);
			return;
		}
		if (port->name == NULL)
			return;
		port->device = reader_strdup(reader, port->name);
	}
	if ((kind == DEVICE_PCI && !pci_address_is_valid(port->device)) ||
		(netdev && !netdev_name_is_valid(port->device)) ||
		(kind == DEVICE_FILE && !value_is_valid(port->device)))
		fault_add_member(reader, entry, "device",
			"is \"%.80s\", allowed with driver %s: %s", port->device, driver, allowed);
	if (kind == DEVICE_FILE)
		port->rx_file = reader_strdup(reader, port->device);
}

/* Two ports on one device would steal each other's packets. */
static void
device_check_shared(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	const struct config_port *ports = reader->config->ports, *port = &ports[index];
	unsigned int i;

	for (i = 0; i < index; i++) {
		if (port->device != NULL && ports[i].device != NULL &&
			port->driver == ports[i].driver &&
			strcmp(port->device, ports[i].device) == 0)
			fault_add_member(reader, entry, "device",
				"\"%.80s\" is the device of ports[%u] already, allowed: a device "
				"of its own",
				port->device, i);
		if (port->tx_file != NULL && ports[i].tx_file != NULL &&
			strcmp(port->tx_file, ports[i].tx_file) == 0)
			fault_add_member(reader, entry, "output",
				"\"%.80s\" is the output of ports[%u] already, allowed: a file of "
				"its own",
				port->tx_file, i);
	}
}

void
ports_read(struct reader *reader)
{
	const config_setting_t *list, *entry, *driver;
	struct config *config = reader->config;
	struct config_port *port;
	const char *text;
	unsigned int i, count;

	list = list_open(reader, "ports", &count);
	config->ports = reader_alloc(reader, count, sizeof(*config->ports));
	config->port_count = count;
	for (i = 0; i < count; i++) {
		port = &config->ports[i];
		entry = list_entry(reader, list, i);
		if (entry == NULL) {
			name_add(reader, NAME_PORT, list, NULL);
			continue;
		}
		port->line = config_setting_source_line(entry);
		group_read(reader, entry, "ports[]", port);
		name_add(reader, NAME_PORT, entry, port->name);
		/* What a device may be depends on a driver that is good. */
		driver = config_setting_get_member(entry, "driver");
		text = driver != NULL ? config_setting_get_string(driver) : NULL;
		if (text == NULL || strcmp(text, drivers[port->driver].name) != 0)
			continue;
		if (port->tx_file != NULL && port->driver != DRIVER_PCAP)
			fault_add_member(reader, entry, "output",
				"a port with driver %s has none, allowed: driver pcap only",
				drivers[port->driver].name);
		if (port->tx_file != NULL && !value_is_valid(port->tx_file))
			fault_add_member(reader, entry, "output", "is \"%.80s\", allowed: %s",
				port->tx_file, drivers[DRIVER_PCAP].allowed);
		device_check(reader, entry, port);
		device_check_shared(reader, entry, i);
	}
}
