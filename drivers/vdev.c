/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual devices, made after rte_eal_init() by hot plug.
 *
 * Their PMDs are shared objects that EAL loads from its default driver path
 * (/usr/lib/.../dpdk/pmds-23.0 in Debian), so neither linking against them nor -d is needed; with
 * --no-pci they are found all the same.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "core/log.h"

#include "driver_priv.h"

enum {
	ARGUMENTS_MAX = 8192 + 64, /* two paths */
};

int
vdev_attach(const struct config_port *config, const char *pmd, const char *package,
	uint16_t *ethdev, const char *format, ...)
{
	static unsigned int number; /* names are never used twice, so a detached port may return */
	char name[RTE_ETH_NAME_MAX_LEN], arguments[ARGUMENTS_MAX];
	va_list list;
	int rc, length;

	snprintf(name, sizeof(name), "%s%u", pmd, number++);
	va_start(list, format);
	length = vsnprintf(arguments, sizeof(arguments), format, list);
	va_end(list);
	if (length < 0 || (size_t)length >= sizeof(arguments)) {
		LOG(ERR, "port %s: device name too long", config->name);
		return -ENAMETOOLONG;
	}
	rc = rte_eal_hotplug_add("vdev", name, arguments);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(name, ethdev);
	if (rc != 0) {
		LOG(ERR,
			"port %s: DPDK cannot make %s (%s): %s. Is the package %s installed, and "
			"does callgate run with enough rights?",
			config->name, name, arguments, rte_strerror(-rc), package);
		return rc;
	}
	return 0;
}

void
vdev_detach(uint16_t ethdev)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	if (rte_eth_dev_get_name_by_port(ethdev, name) != 0)
		return;
	if (rte_eal_hotplug_remove("vdev", name) != 0)
		LOG(WARNING, "device %s does not go away: %s", name, rte_strerror(rte_errno));
}

int
vdev_value_check(const struct config_port *config, const char *value)
{
	if (value == NULL || value[0] == '\0') {
		LOG(ERR, "port %s: needs a device", config->name);
		return -EINVAL;
	}
	/* These end a value in the language of device arguments. */
	if (strpbrk(value, ",[]\"'") != NULL) {
		LOG(ERR, "port %s: %s: comma, brackets and quotes cannot stand in a device name",
			config->name, value);
		return -EINVAL;
	}
	return 0;
}
