/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory a configuration takes: every room says what its tables need, this file adds up.
 */
#include <rte_mbuf.h>

#include "appliance.h"

enum {
	MBUFS_PER_QUEUE = 2,	 /* times the descriptors of a queue: in the ring and on the way */
	MBUFS_PER_WORKER = 1024, /* caches, outboxes, hand-off rings */
	MBUFS_HELD = 1024,	 /* waiting for ARP answers */
};

/* EAL's heap needs room for its own objects and for alignment: measured 24 MB with four ports. */
#define EAL_BYTES ((size_t)48 << 20)

uint16_t
appliance_mbuf_room(const struct config *config)
{
	/*
	 * The kernel hands defragmented datagrams to af_packet as one frame, so a port of that kind
	 * wants mbufs beyond a page; 2 KiB are what NICs and af_xdp use.
	 */
	for (unsigned int i = 0; i < config->port_count; i++) {
		if (config->ports[i].driver == DRIVER_AF_PACKET)
			return RTE_PKTMBUF_HEADROOM + 8192;
	}
	return RTE_PKTMBUF_HEADROOM + 2048;
}

unsigned int
appliance_mbufs(const struct config *config)
{
	unsigned int mbufs = MBUFS_HELD + MBUFS_PER_WORKER * config->system.worker_count;

	for (unsigned int i = 0; i < config->port_count; i++) {
		const struct config_port *port = &config->ports[i];
		unsigned int queues = port->queues ? port->queues : config->system.worker_count;

		mbufs += queues * (port->rx_descriptors + port->tx_descriptors) * MBUFS_PER_QUEUE;
	}
	return mbufs;
}

size_t
appliance_memory(const struct config *config)
{
	size_t mbuf = sizeof(struct rte_mbuf) + PACKET_PRIVATE_SIZE + RTE_CACHE_LINE_SIZE;
	size_t sum = EAL_BYTES;

	sum += appliance_mbufs(config) * (mbuf + appliance_mbuf_room(config));
	sum += (size_t)LARGE_MBUFS * (mbuf + LARGE_MBUF_ROOM);
	sum += sizeof(struct interface_table) + route_table_memory() + neighbour_table_memory();
	sum += flow_table_memory(config->system.max_flows);
	sum += pinhole_table_memory(appliance_pinhole_capacity(config));
	if (config->nat.rule_count > 0)
		sum += nat_memory(config, appliance_binding_capacity(config));
	sum += ruleset_memory(config);
	sum += alg_memory(config);
	return sum;
}
