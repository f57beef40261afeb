/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tap: a kernel tap device named by `device` that DPDK makes and that vanishes with it (net_tap).
 *
 * The kernel side of the device is the other end of the wire: give it an address or put it into a
 * bridge. Queues: up to 16, chosen by the kernel per flow; the PMD wants as many for sending.
 */
#include "driver_priv.h"

enum {
	TAP_QUEUES_MAX = 16,
};

static int
tap_attach(const struct config_port *config, struct port_attachment *attachment)
{
	int rc;

	rc = vdev_value_check(config, config->device);
	if (rc < 0)
		return rc;
	attachment->queues = RTE_MIN(attachment->queues, (unsigned int)TAP_QUEUES_MAX);
	attachment->ethdev_count = 1;
	return vdev_attach(config, "net_tap", "librte-net-tap23", &attachment->ethdevs[0],
		"iface=%s", config->device);
}

const struct port_driver driver_tap = {
	.name = "tap",
	.paired_queues = true,
	.attach = tap_attach,
	.detach = vdev_detach,
};
