/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * af_xdp: a kernel network device through AF_XDP sockets (net_af_xdp).
 *
 * Queues: no more than the device has, since the kernel never sends a packet of queue 3 to a
 * socket of queue 0: with fewer sockets than device queues, packets of the others go to the
 * kernel. We warn about that. A NIC has combined channels and becomes one ethdev with all queues.
 * The PMD takes a device without combined channels (veth) for one with a single queue and refuses
 * more; there each queue becomes an ethdev of its own, which works.
 *
 * veth: both ends must be made with as many queues as wanted:
 *   ip link add IN numrxqueues 4 numtxqueues 4 type veth peer name OUT numrxqueues 4 numtxqueues 4
 * A packet sent on transmit queue q of OUT arrives on receive queue q of IN, and OUT chooses q by
 * flow hash. Measured with 64 source ports: 27:48:66:51 on four queues; with one transmit queue on
 * OUT all arrive on queue 0; one five-tuple stays on one queue. No XPS or RPS is needed.
 * Partial checksums: on the peer `ethtool -K OUT tx off tso off gso off`; with VLANs `txvlan off`.
 *
 * Memory: the PMD maps the mempool itself as UMEM (no copy between the two), so it
 * comes from umem_mempool_create() in umem.c; port_open() checks that. Each queue takes 2,048 mbufs at
 * once and may hold as many for sending (port_mbufs()).
 *
 * Opening again in one process does not work: PMD and libxdp do not give back all of a closed
 * queue (2,048 mbufs, and the socket's context), and a device opened later then receives only on
 * as many queues as the first had, or sends nothing. callgate opens each port once. Any number of
 * devices at the same time is fine.
 *
 * Counters: the PMD reports one of those that the kernel keeps for a socket (rx_dropped: there was
 * no mbuf in the fill ring). Not what came while the receive ring was full, nor what the kernel
 * refused to send. So the sockets are looked up when a port has been opened, and asked.
 *
 * libxdp says "no bpffs found" where /sys/fs/bpf is not mounted, and works without.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/if_xdp.h>

#include "core/log.h"

#include "driver_priv.h"

#define AF_XDP_PACKAGE "librte-net-af-xdp23"

/* AF_XDP sockets that were there when the last port was attached: all are made by one thread. */
static struct sockets {
	int list[WORKERS_MAX * PORTS_MAX];
	unsigned int count;
} before;

static void
sockets_find(struct sockets *sockets)
{
	DIR *files = opendir("/proc/self/fd");
	const struct dirent *file;

	sockets->count = 0;
	while (files != NULL && (file = readdir(files)) != NULL) {
		int fd = atoi(file->d_name), domain = 0;
		socklen_t length = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
			domain == AF_XDP && sockets->count < RTE_DIM(sockets->list))
			sockets->list[sockets->count++] = fd;
	}
	if (files != NULL)
		closedir(files);
}

static bool
sockets_have(const struct sockets *sockets, int fd)
{
	for (unsigned int i = 0; i < sockets->count; i++) {
		if (sockets->list[i] == fd)
			return true;
	}
	return false;
}

static void
af_xdp_opened(struct port *port)
{
	struct sockets now;

	sockets_find(&now);
	for (unsigned int i = 0; i < now.count; i++) {
		if (!sockets_have(&before, now.list[i]) &&
			port->socket_count < RTE_DIM(port->sockets))
			port->sockets[port->socket_count++] = now.list[i];
	}
}

static void
af_xdp_stats(const struct port *port, struct rte_eth_stats *stats)
{
	for (unsigned int i = 0; i < port->socket_count; i++) {
		struct xdp_statistics of_socket = {0};
		socklen_t length = sizeof(of_socket);

		if (getsockopt(port->sockets[i], SOL_XDP, XDP_STATISTICS, &of_socket, &length) != 0)
			continue;
		stats->imissed += of_socket.rx_ring_full;
		stats->oerrors += of_socket.tx_invalid_descs;
	}
}

static void
af_xdp_detach_all(struct port_attachment *attachment)
{
	while (attachment->ethdev_count > 0)
		vdev_detach(attachment->ethdevs[--attachment->ethdev_count]);
}

static int
af_xdp_attach(const struct config_port *config, struct port_attachment *attachment)
{
	unsigned int combined, rx, there;
	int rc;

	rc = netdev_check(config);
	if (rc < 0)
		return rc;
	netdev_queues(config->device, &combined, &rx);
	sockets_find(&before);
	there = combined > 0 ? combined : rx;
	if (there > attachment->queues)
		LOG(WARNING,
			"port %s: %s has %u receive queues and callgate polls %u: packets of the "
			"others "
			"are lost to it; `ethtool -L %s` sets their number",
			config->name, config->device, there, attachment->queues, config->device);
	attachment->queues = RTE_MIN(attachment->queues, there);
	attachment->ethdev_count = 0;
	if (combined > 0) {
		rc = vdev_attach(config, "net_af_xdp", AF_XDP_PACKAGE, &attachment->ethdevs[0],
			"iface=%s,start_queue=0,queue_count=%u", config->device,
			attachment->queues);
		attachment->ethdev_count = rc == 0;
		return rc;
	}
	for (unsigned int q = 0; q < attachment->queues; q++) {
		rc = vdev_attach(config, "net_af_xdp", AF_XDP_PACKAGE, &attachment->ethdevs[q],
			"iface=%s,start_queue=%u,queue_count=1", config->device, q);
		if (rc < 0) {
			af_xdp_detach_all(attachment);
			return rc;
		}
		attachment->ethdev_count++;
	}
	return 0;
}

const struct port_driver driver_af_xdp = {
	.name = "af_xdp",
	.umem = true,
	.attach = af_xdp_attach,
	.detach = vdev_detach,
	.opened = af_xdp_opened,
	.stats = af_xdp_stats,
};
