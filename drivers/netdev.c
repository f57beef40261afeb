/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about a kernel network device, asked over ioctl in this process's network namespace. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "core/log.h"

#include "driver_priv.h"

/* One ioctl about netdev `name`; `data` goes into ifr_data when there is any. */
static int
netdev_ioctl(const char *name, unsigned long request, void *data, struct ifreq *result)
{
	struct ifreq ifr = {0};
	int fd, rc;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (data != NULL)
		ifr.ifr_data = data;
	rc = ioctl(fd, request, &ifr) < 0 ? -errno : 0;
	close(fd);
	if (result != NULL)
		*result = ifr;
	return rc;
}

int
netdev_check(const struct config_port *config)
{
	struct ifreq ifr = {.ifr_flags = 0};
	int rc;

	rc = vdev_value_check(config, config->device);
	if (rc < 0)
		return rc;
	if (strlen(config->device) >= IFNAMSIZ || if_nametoindex(config->device) == 0) {
		LOG(ERR,
			"port %s: there is no network device %s here; `ip link` lists those there "
			"are",
			config->name, config->device);
		return -ENODEV;
	}
	rc = netdev_ioctl(config->device, SIOCGIFFLAGS, NULL, &ifr);
	if (rc < 0) {
		LOG(ERR, "port %s: cannot ask for the state of %s: %s", config->name,
			config->device, strerror(-rc));
		return rc;
	}
	if ((ifr.ifr_flags & IFF_UP) == 0) {
		LOG(ERR, "port %s: network device %s is down; `ip link set %s up` first",
			config->name, config->device, config->device);
		return -ENETDOWN;
	}
	return 0;
}

void
netdev_queues(const char *name, unsigned int *combined, unsigned int *rx)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	*combined = 0;
	*rx = 1;
	/* A device that knows no channels has one queue. */
	if (netdev_ioctl(name, SIOCETHTOOL, &channels, NULL) < 0)
		return;
	*combined = channels.max_combined == 0 ? 0 : channels.combined_count;
	*rx = RTE_MAX(channels.combined_count + channels.rx_count, 1u);
}

void
netdev_gro_off(const struct config_port *config)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GGRO};
	int rc;

	rc = netdev_ioctl(config->device, SIOCETHTOOL, &value, NULL);
	if (rc < 0 || value.data == 0)
		return;
	value = (struct ethtool_value){.cmd = ETHTOOL_SGRO, .data = 0};
	rc = netdev_ioctl(config->device, SIOCETHTOOL, &value, NULL);
	if (rc < 0)
		LOG(WARNING,
			"port %s: generic receive offload of %s stays on (%s): it merges TCP "
			"segments beyond the MTU; `ethtool -K %s gro off`",
			config->name, config->device, strerror(-rc), config->device);
	else
		LOG(INFO,
			"port %s: generic receive offload of %s switched off, it would merge TCP "
			"segments beyond the MTU",
			config->name, config->device);
}
