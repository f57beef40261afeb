/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_ring.h>

#include "core/keyed_hash.h"
#include "replay.h"

enum {
	REPLAY_RING_SIZE = 4096,
	SNAP_LENGTH = 65535,
	RING_DESCRIPTORS = 512,
	REPLAY_WORKERS_MAX = 16, /* rings of one net_ring device */
};

static struct replay_port {
	struct rte_ring *rx[WORKERS_MAX], *tx;
	pcap_t *format;
	pcap_dumper_t *out;
} replay_ports[PORTS_MAX];

static int
ethdev_start(struct appliance *appliance, struct port *port)
{
	const struct rte_eth_conf conf = {0};
	int rc;

	rc = rte_eth_dev_configure(port->ethdev, port->rx_queues, port->tx_queues, &conf);
	for (uint16_t queue = 0; rc == 0 && queue < port->rx_queues; queue++)
		rc = rte_eth_rx_queue_setup(port->ethdev, queue, RING_DESCRIPTORS, SOCKET_ID_ANY,
			NULL, appliance->mempool);
	for (uint16_t queue = 0; rc == 0 && queue < port->tx_queues; queue++)
		rc = rte_eth_tx_queue_setup(
			port->ethdev, queue, RING_DESCRIPTORS, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(port->ethdev);
	port->started = rc == 0;
	return rc;
}

int
replay_port_open(struct appliance *appliance, uint16_t index)
{
	static const struct port_driver replay_driver = {.name = "replay"};
	struct replay_port *replay = &replay_ports[index];
	struct rte_ring *tx[WORKERS_MAX];
	struct port *port = &appliance->ports[index];
	char name[RTE_RING_NAMESIZE];
	int ethdev;

	if (appliance->workers > REPLAY_WORKERS_MAX) {
		fprintf(stderr,
			"callgate: a replay has at most %d workers, system.worker_cores has %u\n",
			REPLAY_WORKERS_MAX, appliance->workers);
		return -EINVAL;
	}
	memset(port, 0, sizeof(*port));
	port->config = &appliance->config->ports[index];
	port->driver = &replay_driver;
	port->index = index;
	/* One worker after the other runs on this lcore, so all may write one ring. */
	snprintf(name, sizeof(name), "replay_tx_%u", index);
	replay->tx = rte_ring_create(name, REPLAY_RING_SIZE, SOCKET_ID_ANY, 0);
	if (replay->tx == NULL)
		return -rte_errno;
	for (unsigned int i = 0; i < appliance->workers; i++) {
		snprintf(name, sizeof(name), "replay_rx_%u_%u", index, i);
		replay->rx[i] = rte_ring_create(name, REPLAY_RING_SIZE, SOCKET_ID_ANY, 0);
		if (replay->rx[i] == NULL)
			return -rte_errno;
		tx[i] = replay->tx;
		port->tx_queue_of[i] = (uint16_t)i;
	}
	snprintf(name, sizeof(name), "replay%u", index);
	ethdev =
		rte_eth_from_rings(name, replay->rx, appliance->workers, tx, appliance->workers, 0);
	if (ethdev < 0)
		return -rte_errno;
	port->ethdev = port->ethdevs[0] = (uint16_t)ethdev;
	port->ethdev_count = 1;
	port->rx_queues = port->tx_queues = (uint16_t)appliance->workers;
	port->mac = (struct rte_ether_addr){{0x02, 0xca, 0x11, 0x9a, 0x7e, (uint8_t)(index + 1)}};
	return ethdev_start(appliance, port);
}

static void
ring_free(struct rte_ring *ring)
{
	void *mbuf;

	if (ring == NULL)
		return;
	while (rte_ring_dequeue(ring, &mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(ring);
}

void
replay_port_close(struct appliance *appliance, struct port *port)
{
	struct replay_port *replay = &replay_ports[port->index];

	if (port->started) {
		rte_eth_dev_stop(port->ethdev);
		rte_eth_dev_close(port->ethdev);
	}
	for (unsigned int i = 0; i < WORKERS_MAX; i++)
		ring_free(replay->rx[i]);
	ring_free(replay->tx);
	if (replay->out)
		pcap_dump_close(replay->out);
	if (replay->format)
		pcap_close(replay->format);
	memset(replay, 0, sizeof(*replay));
}

int
replay_port_record(struct appliance *appliance, uint16_t index)
{
	struct replay_port *replay = &replay_ports[index];
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s.pcap", appliance->options->replay_out,
		    appliance->config->ports[index].name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	replay->format = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, SNAP_LENGTH, PCAP_TSTAMP_PRECISION_MICRO);
	if (replay->format == NULL)
		return -ENOMEM;
	replay->out = pcap_dump_open(replay->format, path);
	if (replay->out == NULL) {
		fprintf(stderr, "callgate: cannot write the replay: %s\n",
			pcap_geterr(replay->format));
		return -EIO;
	}
	return 0;
}

/* As a NIC would by RSS: packets of one direction of a conversation share a queue. */
static unsigned int
queue_of(const struct appliance *appliance, const uint8_t *frame, uint32_t length)
{
	const struct rte_ether_hdr *ether = (const void *)frame;
	const struct rte_ipv4_hdr *ip;
	uint32_t offset = sizeof(*ether);
	rte_be16_t type;
	struct {
		rte_be32_t src, dst;
		uint32_t ports;
	} tuple;

	if (length < offset + sizeof(*ip) + sizeof(uint32_t))
		return 0;
	type = ether->ether_type;
	if (type == RTE_BE16(RTE_ETHER_TYPE_VLAN)) {
		memcpy(&type, frame + offset + 2, sizeof(type));
		offset += sizeof(struct rte_vlan_hdr);
	}
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		length < offset + sizeof(*ip) + sizeof(uint32_t))
		return 0;
	ip = (const void *)(frame + offset);
	tuple.src = ip->src_addr;
	tuple.dst = ip->dst_addr;
	tuple.ports = 0;
	if ((ip->next_proto_id == IPPROTO_UDP || ip->next_proto_id == IPPROTO_TCP) &&
		length >= offset + rte_ipv4_hdr_len(ip) + sizeof(uint32_t))
		memcpy(&tuple.ports, frame + offset + rte_ipv4_hdr_len(ip), sizeof(tuple.ports));
	return (unsigned int)(keyed_hash64(&tuple, sizeof(tuple)) % appliance->workers);
}

bool
replay_port_inject(
	struct appliance *appliance, uint16_t index, const uint8_t *frame, uint32_t length)
{
	unsigned int queue = queue_of(appliance, frame, length);
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(appliance->mempool);
	uint16_t room;

	if (mbuf == NULL)
		return false;
	room = rte_pktmbuf_tailroom(mbuf);
	if (length > room) { /* as a NIC that scatters: a large capture frame takes a large mbuf */
		rte_pktmbuf_free(mbuf);
		mbuf = rte_pktmbuf_alloc(appliance->large_mempool);
		if (mbuf == NULL || length > rte_pktmbuf_tailroom(mbuf)) {
			rte_pktmbuf_free(mbuf);
			return false;
		}
	}
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)length), frame, length);
	mbuf->port = appliance->ports[index].ethdev;
	if (rte_ring_enqueue(replay_ports[index].rx[queue], mbuf) == 0)
		return true;
	rte_pktmbuf_free(mbuf);
	return false;
}

bool
replay_port_pending(uint16_t index)
{
	for (unsigned int i = 0; i < WORKERS_MAX && replay_ports[index].rx[i]; i++) {
		if (!rte_ring_empty(replay_ports[index].rx[i]))
			return true;
	}
	return false;
}

/* Answer an ARP request of callgate's as the station asked for would. */
static void
answer_arp(struct appliance *appliance, uint16_t index, const uint8_t *frame, uint32_t length)
{
	uint32_t offset = sizeof(struct rte_ether_hdr);
	uint8_t answer[64] = {0};
	struct rte_ether_hdr *ether = (void *)answer;
	struct rte_arp_hdr *arp;
	struct rte_arp_ipv4 asked;
	uint16_t type;

	if (length > sizeof(answer) || length < offset + sizeof(*arp))
		return;
	memcpy(&type, frame + 12, sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_VLAN)) {
		memcpy(&type, frame + offset + 2, sizeof(type));
		offset += sizeof(struct rte_vlan_hdr);
	}
	if (type != RTE_BE16(RTE_ETHER_TYPE_ARP) || length < offset + sizeof(*arp))
		return;
	memcpy(answer, frame, length);
	arp = (void *)(answer + offset);
	asked = arp->arp_data;
	if (arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) || asked.arp_sip == asked.arp_tip)
		return;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_sha = (struct rte_ether_addr){{0x02, 0x00}};
	memcpy(&arp->arp_data.arp_sha.addr_bytes[2], &asked.arp_tip, sizeof(asked.arp_tip));
	arp->arp_data.arp_sip = asked.arp_tip;
	arp->arp_data.arp_tha = asked.arp_sha;
	arp->arp_data.arp_tip = asked.arp_sip;
	ether->dst_addr = asked.arp_sha;
	ether->src_addr = arp->arp_data.arp_sha;
	replay_port_inject(appliance, index, answer, length);
}

unsigned int
replay_port_drain(struct appliance *appliance, uint16_t index, const struct timeval *now)
{
	struct replay_port *replay = &replay_ports[index];
	unsigned int drained = 0;
	void *object;

	while (rte_ring_dequeue(replay->tx, &object) == 0) {
		struct rte_mbuf *mbuf = object;
		static uint8_t flat[SNAP_LENGTH];
		uint32_t length = RTE_MIN(rte_pktmbuf_pkt_len(mbuf), (uint32_t)sizeof(flat));
		const uint8_t *frame = rte_pktmbuf_read(mbuf, 0, length, flat);
		struct pcap_pkthdr header = {.ts = *now, .caplen = length, .len = length};

		pcap_dump((u_char *)replay->out, &header, frame);
		if (appliance->options->replay_answer_arp)
			answer_arp(appliance, index, frame, length);
		rte_pktmbuf_free(mbuf);
		drained++;
	}
	return drained;
}
