/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcap: packets out of one capture file and into another (net_pcap).
 *
 * Each file is one queue. Without a file to write, what is sent is gone; without one to read,
 * nothing comes. The file is read once, as fast as it is polled.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"

#include "driver_priv.h"

static const char *
pcap_input(const struct config_port *config)
{
	return config->rx_file != NULL ? config->rx_file : config->device;
}

static int
pcap_attach(const struct config_port *config, struct port_attachment *attachment)
{
	const char *input = pcap_input(config), *output = config->tx_file;

	if (input == NULL && output == NULL) {
		LOG(ERR, "port %s: needs a capture file to read or to write", config->name);
		return -EINVAL;
	}
	if ((input != NULL && vdev_value_check(config, input) < 0) ||
		(output != NULL && vdev_value_check(config, output) < 0))
		return -EINVAL;
	if (input != NULL && access(input, R_OK) != 0) {
		int rc = -errno;

		LOG(ERR, "port %s: cannot read the capture %s: %s", config->name, input,
			strerror(-rc));
		return rc;
	}
	attachment->queues = 1;
	attachment->ethdev_count = 1;
	return vdev_attach(config, "net_pcap", "librte-net-pcap23", &attachment->ethdevs[0],
		"%s%s%s%s%s", input != NULL ? "rx_pcap=" : "", input != NULL ? input : "",
		input != NULL && output != NULL ? "," : "", output != NULL ? "tx_pcap=" : "",
		output != NULL ? output : "");
}

const struct port_driver driver_pcap = {
	.name = "pcap",
	.attach = pcap_attach,
	.detach = vdev_detach,
};
