/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * null: nothing comes, and what is sent is gone (net_null). It stands for a port that a test does
 * not look at. no-rx: the PMD's own way would be to make up empty frames without end.
 */
#include "driver_priv.h"

static int
null_attach(const struct config_port *config, struct port_attachment *attachment)
{
	attachment->ethdev_count = 1;
	return vdev_attach(
		config, "net_null", "librte-net-null23", &attachment->ethdevs[0], "%s", "no-rx=1");
}

const struct port_driver driver_null = {
	.name = "null",
	.attach = null_attach,
	.detach = vdev_detach,
};
