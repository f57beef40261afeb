/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pci: a NIC on the PCI bus, bound to vfio-pci (or whatever its PMD asks for), named by address.
 *
 * Usually EAL has found it at start; a device bound since then is plugged in here. EAL must not
 * have been started with --no-pci (ports_need_pci()).
 */
#include <errno.h>
#include <stdio.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_pci.h>

#include "core/log.h"

#include "driver_priv.h"

static int
pci_attach(const struct config_port *config, struct port_attachment *attachment)
{
	struct rte_pci_addr address;
	char name[PCI_PRI_STR_SIZE];
	int rc;

	/* "3b:00.0" and "0000:3b:00.0" are one device, known to EAL by the long name */
	if (config->device == NULL || rte_pci_addr_parse(config->device, &address) != 0) {
		LOG(ERR, "port %s: %s is no PCI address such as 0000:3b:00.0", config->name,
			config->device != NULL ? config->device : "(none)");
		return -EINVAL;
	}
	rte_pci_device_name(&address, name, sizeof(name));
	rc = rte_eth_dev_get_port_by_name(name, &attachment->ethdevs[0]);
	if (rc != 0) {
		rc = rte_eal_hotplug_add("pci", name, "");
		if (rc == 0)
			rc = rte_eth_dev_get_port_by_name(name, &attachment->ethdevs[0]);
	}
	if (rc != 0) {
		LOG(ERR,
			"port %s: DPDK has no network device at %s (%s); is it there (lspci), "
			"bound "
			"(dpdk-devbind.py -b vfio-pci %s), and its PMD installed?",
			config->name, name, rte_strerror(-rc), name);
		return -ENODEV;
	}
	attachment->ethdev_count = 1;
	return 0;
}

static void
pci_detach(uint16_t ethdev)
{
	int rc = rte_eth_dev_close(ethdev);

	if (rc != 0)
		LOG(WARNING, "PCI port %u does not close: %s", ethdev, rte_strerror(-rc));
}

const struct port_driver driver_pci = {
	.name = "pci",
	.attach = pci_attach,
	.detach = pci_detach,
};
