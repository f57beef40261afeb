/* SPDX-License-Identifier: BSD-3-Clause */
/* What ports need in memory, told before they are opened. */
#include <rte_mbuf.h>

#include "driver_priv.h"

/* A receive burst and the mempool's cache for each queue, and as much again to be exchanged. */
unsigned int
frame_mempool_size(unsigned int queues)
{
	return queues * 2 * BURST_MAX;
}

static unsigned int
queues_wanted(const struct config_port *config, unsigned int workers)
{
	unsigned int queues = config->queues != 0 ? config->queues : workers;

	return RTE_MIN(queues, (unsigned int)WORKERS_MAX);
}

unsigned int
port_mbufs(const struct config_port *config, unsigned int workers)
{
	unsigned int queues = queues_wanted(config, workers);

	switch (config->driver) {
	case DRIVER_PCI:
		return queues * config->rx_descriptors + workers * config->tx_descriptors;
	case DRIVER_AF_XDP:
		return queues * AF_XDP_QUEUE_MBUFS;
	case DRIVER_TAP:
		return queues * config->rx_descriptors;
	case DRIVER_RING:
		return queues * 1024;
	case DRIVER_AF_PACKET:
	case DRIVER_PCAP:
	case DRIVER_NULL:
		break;
	}
	return 0;
}

size_t
port_memory(const struct config_port *config, unsigned int workers)
{
	const struct port_driver *driver = port_driver_find(config->driver);

	if (driver == NULL || driver->frame_room == 0)
		return 0;
	return frame_mempool_size(queues_wanted(config, workers)) *
	       (size_t)(driver->frame_room + RTE_PKTMBUF_HEADROOM + sizeof(struct rte_mbuf) +
			4 * RTE_CACHE_LINE_SIZE);
}
