/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring: a loop in memory (net_ring): what is sent on queue q comes back on queue q. For tests and
 * for measuring without a wire. Up to 16 queues of 1,024 packets.
 */
#include "driver_priv.h"

enum {
	RING_QUEUES_MAX = 16,
};

static int
ring_attach(const struct config_port *config, struct port_attachment *attachment)
{
	attachment->queues = RTE_MIN(attachment->queues, (unsigned int)RING_QUEUES_MAX);
	attachment->ethdev_count = 1;
	return vdev_attach(
		config, "net_ring", "librte-net-ring23", &attachment->ethdevs[0], "%s", "");
}

const struct port_driver driver_ring = {
	.name = "ring",
	.paired_queues = true, /* or a reply could go where nobody polls */
	.attach = ring_attach,
	.detach = vdev_detach,
};
