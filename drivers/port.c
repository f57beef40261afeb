/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bring-up of ports, and sending; see port.h.
 *
 * Frame mempools: a driver that receives frames longer than an mbuf of the common mempool gets a
 * mempool of its own with a few mbufs that hold them, and a receive callback that copies each
 * frame into mbufs of the common one (a long frame into a chain) and frees the long one at once.
 * So long mbufs never travel, a few are enough, and those few stay in the cache. When the common
 * mempool is empty the long mbuf itself travels; when those run out too, the queue just fills.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "core/log.h"

#include "driver_priv.h"

enum {
	RSS_WANTED = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
		     RTE_ETH_RSS_NONFRAG_IPV4_TCP,
};

const struct port_driver *
port_driver_find(enum config_driver driver)
{
	static const struct port_driver *const drivers[] = {
		[DRIVER_PCI] = &driver_pci,
		[DRIVER_AF_PACKET] = &driver_af_packet,
		[DRIVER_AF_XDP] = &driver_af_xdp,
		[DRIVER_TAP] = &driver_tap,
		[DRIVER_PCAP] = &driver_pcap,
		[DRIVER_RING] = &driver_ring,
		[DRIVER_NULL] = &driver_null,
	};

	return (unsigned int)driver < RTE_DIM(drivers) ? drivers[driver] : NULL;
}

bool
ports_need_pci(const struct config *config)
{
	for (unsigned int i = 0; i < config->port_count; i++) {
		if (config->ports[i].driver == DRIVER_PCI)
			return true;
	}
	return false;
}

bool
ports_need_umem(const struct config *config)
{
	for (unsigned int i = 0; i < config->port_count; i++) {
		const struct port_driver *driver = port_driver_find(config->ports[i].driver);

		if (driver != NULL && driver->umem)
			return true;
	}
	return false;
}

static uint16_t
frames_copy(uint16_t ethdev, uint16_t queue, struct rte_mbuf *frames[], uint16_t count,
	uint16_t max, void *context)
{
	struct rte_mempool *mempool = context;

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(frames[i], mempool, 0, UINT32_MAX);

		if (copy == NULL)
			continue;
		rte_pktmbuf_free(frames[i]);
		frames[i] = copy;
	}
	return count;
}

static int
frame_mempool_create(struct port *port, int socket)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "frames_%u", port->index);
	port->frame_mempool = rte_pktmbuf_pool_create(name, frame_mempool_size(port->rx_queues),
		BURST_MAX / 2, rte_pktmbuf_priv_size(port->mempool),
		(uint16_t)(port->driver->frame_room + RTE_PKTMBUF_HEADROOM), socket);
	if (port->frame_mempool == NULL) {
		LOG(ERR, "port %s: no memory to receive frames of %u bytes: %s", port->config->name,
			port->driver->frame_room, rte_strerror(rte_errno));
		return -rte_errno;
	}
	return 0;
}

/* Configure and start one ethdev with this many queues. */
static int
ethdev_start(struct port *port, uint16_t ethdev, uint16_t rx_queues, uint16_t tx_queues, int socket)
{
	struct rte_mempool *mempool =
		port->frame_mempool != NULL ? port->frame_mempool : port->mempool;
	uint16_t rx_length = (uint16_t)port->config->rx_descriptors;
	uint16_t tx_length = (uint16_t)port->config->tx_descriptors;
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	const char *step = "its description";
	int rc;

	rc = rte_eth_dev_info_get(ethdev, &info);
	if (rc != 0)
		goto fail;
	if (rx_queues > 1 && (info.flow_type_rss_offloads & RSS_WANTED) != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & RSS_WANTED;
	}
	step = "configuration";
	rc = rte_eth_dev_configure(ethdev, rx_queues, tx_queues, &conf);
	if (rc != 0)
		goto fail;
	step = "queue lengths";
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(ethdev, &rx_length, &tx_length);
	if (rc != 0)
		goto fail;
	step = "a receive queue";
	for (uint16_t q = 0; q < rx_queues; q++) {
		rc = rte_eth_rx_queue_setup(
			ethdev, q, rx_length, (unsigned int)socket, NULL, mempool);
		if (rc != 0)
			goto fail;
		if (port->frame_mempool == NULL)
			continue;
		port->frame_copies[q] =
			rte_eth_add_rx_callback(ethdev, q, frames_copy, port->mempool);
		if (port->frame_copies[q] == NULL) {
			rc = -rte_errno;
			goto fail;
		}
	}
	step = "a transmit queue";
	for (uint16_t q = 0; q < tx_queues; q++) {
		rc = rte_eth_tx_queue_setup(ethdev, q, tx_length, (unsigned int)socket, NULL);
		if (rc != 0)
			goto fail;
	}
	step = "the start";
	rc = rte_eth_dev_start(ethdev);
	if (rc != 0)
		goto fail;
	/* Not every PMD can: a wire without stations has nothing to switch off. */
	rte_eth_promiscuous_disable(ethdev);
	return 0;

fail:
	LOG(ERR, "port %s (%s %s): %s failed: %s", port->config->name, port->driver->name,
		port->config->device != NULL ? port->config->device : "", step, rte_strerror(-rc));
	return rc;
}

/* How many queues of each direction, and which of them each worker sends on. */
static int
queues_plan(struct port *port, unsigned int queues, unsigned int workers)
{
	struct rte_eth_dev_info info;
	unsigned int tx = workers;
	int rc;

	if (port->ethdev_count > 1) {
		port->rx_queues = port->tx_queues = port->ethdev_count;
	} else {
		rc = rte_eth_dev_info_get(port->ethdev, &info);
		if (rc != 0)
			return rc;
		queues = RTE_MIN(queues, (unsigned int)info.max_rx_queues);
		tx = RTE_MIN(tx, (unsigned int)info.max_tx_queues);
		if (port->driver->paired_queues)
			tx = queues = RTE_MIN(queues, (unsigned int)info.max_tx_queues);
		if (queues == 0 || tx == 0)
			return -ENODEV;
		port->rx_queues = (uint16_t)queues;
		port->tx_queues = (uint16_t)tx;
	}
	port->tx_shared = port->tx_queues < workers;
	for (unsigned int i = 0; i < RTE_DIM(port->tx_queue_of); i++) {
		rte_spinlock_init(&port->tx_lock[i]);
		port->tx_queue_of[i] = (uint16_t)(i % port->tx_queues);
	}
	return 0;
}

int
port_open(const struct config_port *config, uint16_t index, unsigned int workers,
	struct rte_mempool *mempool, struct port *port)
{
	struct port_attachment attachment = {.queues = config->queues};
	int rc, socket;

	memset(port, 0, sizeof(*port));
	port->config = config;
	port->index = index;
	port->mempool = mempool;
	port->driver = port_driver_find(config->driver);
	if (port->driver == NULL || workers == 0 || workers > WORKERS_MAX)
		return -EINVAL;
	if (attachment.queues == 0)
		attachment.queues = workers;
	attachment.queues = RTE_MIN(attachment.queues, (unsigned int)WORKERS_MAX);
	if (port->driver->umem) {
		rc = umem_check(port);
		if (rc < 0)
			return rc;
	}
	rc = port->driver->attach(config, &attachment);
	if (rc < 0)
		return rc;
	port->ethdev_count = (uint16_t)attachment.ethdev_count;
	memcpy(port->ethdevs, attachment.ethdevs, sizeof(port->ethdevs));
	port->ethdev = port->ethdevs[0];

	rc = queues_plan(port, attachment.queues, workers);
	if (rc < 0)
		goto fail;
	socket = rte_eth_dev_socket_id(port->ethdev);
	if (port->driver->frame_room != 0) {
		rc = frame_mempool_create(port, socket);
		if (rc < 0)
			goto fail;
	}
	port->started = true; /* from here on port_close() has something to stop */
	for (unsigned int i = 0; i < port->ethdev_count; i++) {
		bool one = port->ethdev_count == 1;

		rc = ethdev_start(port, port->ethdevs[i], one ? port->rx_queues : 1,
			one ? port->tx_queues : 1, socket);
		if (rc < 0)
			goto fail;
	}
	rc = rte_eth_macaddr_get(port->ethdev, &port->mac);
	if (rc < 0)
		goto fail;
	if (port->driver->opened != NULL)
		port->driver->opened(port);
	/* A loop in memory has no address of its own: a local one, told apart by the port. */
	if (rte_is_zero_ether_addr(&port->mac))
		port->mac = (struct rte_ether_addr){
			{0x02, 'c', 'g', 0, (uint8_t)(index >> 8), (uint8_t)index}};
	LOG(INFO, "port %s: %s %s, %u receive and %u transmit queues%s, " RTE_ETHER_ADDR_PRT_FMT,
		config->name, port->driver->name, config->device != NULL ? config->device : "",
		port->rx_queues, port->tx_queues, port->tx_shared ? " (shared)" : "",
		RTE_ETHER_ADDR_BYTES(&port->mac));
	return 0;

fail:
	port_close(port);
	return rc;
}

void
port_close(struct port *port)
{
	/* A callback would outlive its ethdev and meet the next one under the same number. */
	for (uint16_t q = 0; q < RTE_DIM(port->frame_copies); q++) {
		if (port->frame_copies[q] == NULL)
			continue;
		rte_eth_remove_rx_callback(port->ethdev, q, port->frame_copies[q]);
		rte_free((void *)(uintptr_t)port->frame_copies[q]);
		port->frame_copies[q] = NULL;
	}
	for (unsigned int i = 0; i < port->ethdev_count; i++) {
		if (port->started)
			rte_eth_dev_stop(port->ethdevs[i]);
		port->driver->detach(port->ethdevs[i]);
	}
	port->ethdev_count = port->socket_count = 0;
	port->rx_queues = port->tx_queues = 0;
	port->started = false;
	rte_mempool_free(port->frame_mempool);
	port->frame_mempool = NULL;
}

unsigned int
port_rx_assign(const struct port *ports, unsigned int count, unsigned int worker,
	unsigned int workers, struct port_rx *rx, unsigned int max)
{
	unsigned int assigned = 0;

	for (unsigned int p = 0; p < count; p++) {
		const struct port *port = &ports[p];

		for (uint16_t q = 0; q < port->rx_queues; q++) {
			bool several = port->ethdev_count > 1;

			if ((port->index + q) % workers != worker)
				continue;
			if (assigned == max)
				return assigned;
			rx[assigned++] = (struct port_rx){
				.port = port->index,
				.ethdev = several ? port->ethdevs[q] : port->ethdev,
				.queue = several ? 0 : q,
			};
		}
	}
	return assigned;
}

unsigned int
port_send(struct port *port, unsigned int worker, struct rte_mbuf **frames, unsigned int count)
{
	uint16_t queue = port->tx_queue_of[worker];
	bool several = port->ethdev_count > 1;
	uint16_t sent;

	if (port->tx_shared)
		rte_spinlock_lock(&port->tx_lock[queue]);
	sent = rte_eth_tx_burst(several ? port->ethdevs[queue] : port->ethdev, several ? 0 : queue,
		frames, (uint16_t)RTE_MIN(count, (unsigned int)UINT16_MAX));
	if (port->tx_shared)
		rte_spinlock_unlock(&port->tx_lock[queue]);
	return sent;
}

int
port_stats(const struct port *port, struct rte_eth_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (unsigned int i = 0; i < port->ethdev_count; i++) {
		struct rte_eth_stats one;
		int rc = rte_eth_stats_get(port->ethdevs[i], &one);

		if (rc != 0)
			return rc;
		stats->ipackets += one.ipackets;
		stats->opackets += one.opackets;
		stats->ibytes += one.ibytes;
		stats->obytes += one.obytes;
		stats->imissed += one.imissed;
		stats->ierrors += one.ierrors;
		stats->oerrors += one.oerrors;
		stats->rx_nombuf += one.rx_nombuf;
	}
	if (port->driver->stats != NULL)
		port->driver->stats(port, stats);
	return 0;
}
