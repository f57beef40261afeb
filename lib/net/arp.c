/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP, RFC 826 with RFC 5227 for announcements and conflicts.
 *
 * What is believed: a sender on a connected prefix of the receiving interface updates the entry it
 * already has; only a request for an address of ours makes a new entry. An answer nobody asked for
 * therefore teaches nothing about a host that we do not talk to. A sender that claims an address of
 * ours is counted and not learned from; a request for that address is still answered (defence).
 * Ours are the interfaces' own addresses and those that NAT has on a connected prefix (proxies).
 */
#include <rte_arp.h>
#include <rte_ether.h>

#include "core/log.h"
#include "frame.h"
#include "neighbour_priv.h"

static bool
arp_on_link(const struct interface *interface, rte_be32_t address)
{
	unsigned int i;

	for (i = 0; i < interface->address_count; i++) {
		if (((interface->addresses[i].address ^ address) & interface->addresses[i].mask) ==
			0)
			return true;
	}
	return false;
}

/* An address that we answer for on this interface: its own, or a proxy address of its prefix. */
static bool
arp_is_ours(
	const struct interface_table *table, const struct interface *interface, rte_be32_t address)
{
	uint32_t kind = interface_address_kind(table, address);
	unsigned int i;

	for (i = 0; kind & ADDRESS_OWN && i < interface->address_count; i++) {
		if (interface->addresses[i].address == address)
			return true;
	}
	for (i = 0; kind & ADDRESS_PROXY && i < table->proxy_count; i++) {
		if (table->proxy[i].address == address)
			return table->proxy[i].interface == interface->index;
	}
	return false;
}

static void
arp_fill(struct rte_arp_hdr *arp, const struct interface *interface, uint16_t opcode,
	rte_be32_t source)
{
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = sizeof(rte_be32_t);
	arp->arp_opcode = rte_cpu_to_be_16(opcode);
	arp->arp_data.arp_sha = interface->mac;
	arp->arp_data.arp_sip = source;
}

static void
arp_request(struct thread *self, struct net_output *output, struct frame frame, rte_be32_t source,
	rte_be32_t target)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(output->mempool);
	struct rte_arp_hdr *arp;

	if (mbuf == NULL) {
		counter_add(&self->counters->drop[DROP_NO_MBUF], 1);
		return;
	}
	arp = (struct rte_arp_hdr *)rte_pktmbuf_append(mbuf, sizeof(*arp));
	arp_fill(arp, frame.interface, RTE_ARP_OP_REQUEST, source);
	memset(&arp->arp_data.arp_tha, 0, sizeof(arp->arp_data.arp_tha));
	arp->arp_data.arp_tip = target;
	frame_output(self, output, &frame, mbuf);
	event_count(self->counters, EVENT_ARP_REQUEST_OUT, 1);
}

void
arp_request_send(struct thread *self, struct net_output *output, const struct interface *interface,
	rte_be32_t target, uint64_t link)
{
	struct frame frame = {
		interface, link ? link : LINK_MAC_MASK, RTE_BE16(RTE_ETHER_TYPE_ARP), 0};

	arp_request(self, output, frame, interface_source_for(interface, target), target);
}

static void
arp_announce(struct thread *self, struct net_output *output, const struct interface *interface,
	rte_be32_t address)
{
	struct frame frame = {interface, LINK_MAC_MASK, RTE_BE16(RTE_ETHER_TYPE_ARP), 0};

	arp_request(self, output, frame, address, address);
}

void
neighbour_announce(struct thread *self, struct net_output *output)
{
	const struct interface_table *table = output->interfaces;
	unsigned int i, j;

	for (i = 0; i < table->count; i++) {
		for (j = 0; j < table->entry[i].address_count; j++)
			arp_announce(self, output, &table->entry[i],
				table->entry[i].addresses[j].address);
	}
	for (i = 0; i < table->proxy_count; i++)
		arp_announce(self, output, &table->entry[table->proxy[i].interface],
			table->proxy[i].address);
}

static bool
arp_valid(const struct rte_arp_hdr *arp)
{
	const struct rte_arp_ipv4 *data = &arp->arp_data;

	if (arp->arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
		arp->arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != sizeof(rte_be32_t))
		return false;
	if (arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) &&
		arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REPLY))
		return false;
	if (!rte_is_valid_assigned_ether_addr(&data->arp_sha))
		return false;
	/* a probe has sender 0 (RFC 5227 2.1.1) and only asks */
	if (data->arp_sip == 0)
		return arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	return !interface_address_is_martian(data->arp_sip);
}

/* Turn a request into its answer, in the same mbuf. */
static void
arp_reply(struct thread *self, struct net_output *output, const struct interface *interface,
	struct rte_mbuf *mbuf)
{
	uint16_t offset = packet_of(mbuf)->ip_offset;
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(mbuf, struct rte_arp_hdr *, offset);
	struct frame frame = {interface, link_make(&arp->arp_data.arp_sha, 0),
		RTE_BE16(RTE_ETHER_TYPE_ARP), offset};
	rte_be32_t own = arp->arp_data.arp_tip;

	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp_fill(arp, interface, RTE_ARP_OP_REPLY, own);
	event_count(self->counters, EVENT_ARP_REPLY_OUT, 1);
	frame_output(self, output, &frame, mbuf);
}

static void
arp_conflict(struct thread *self, const struct interface *interface, const struct rte_arp_hdr *arp)
{
	const uint8_t *mac = arp->arp_data.arp_sha.addr_bytes;

	/* our own announcement, looped back by a bridge, is no conflict */
	if (rte_is_same_ether_addr(&arp->arp_data.arp_sha, &interface->mac))
		return;
	event_count(self->counters, EVENT_ARP_CONFLICT, 1);
	LOG_RATED(WARNING, "address conflicts",
		"%s: %02x:%02x:%02x:%02x:%02x:%02x uses an address of ours", interface->name,
		mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void
arp_input(struct thread *self, struct net_output *output, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);
	const struct interface *interface = &output->interfaces->entry[packet->interface];
	const struct rte_arp_hdr *arp =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_arp_hdr *, packet->ip_offset);
	bool request = arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	rte_be32_t sender = arp->arp_data.arp_sip;
	bool for_us = arp_is_ours(output->interfaces, interface, arp->arp_data.arp_tip);

	if (!arp_valid(arp)) {
		packet_drop(self, mbuf, DROP_ARP_MALFORMED);
		return;
	}
	if (interface_address_kind(output->interfaces, sender) & (ADDRESS_OWN | ADDRESS_PROXY)) {
		arp_conflict(self, interface, arp);
	} else if (arp_on_link(interface, sender) &&
		   !interface_address_is_broadcast(output->interfaces, sender)) {
		if (neighbour_learn(self, output, interface, sender, &arp->arp_data.arp_sha,
			    request && for_us) &&
			!request)
			event_count(self->counters, EVENT_ARP_REPLY_IN, 1);
	}
	if (request && for_us) {
		event_count(self->counters, EVENT_ARP_REQUEST_IN, 1);
		arp_reply(self, output, interface, mbuf);
	} else {
		packet_drop(self, mbuf, DROP_ARP_CONSUMED);
	}
}

void
neighbour_arp_burst(struct thread *self, struct net_output *output, const struct burst *arp)
{
	unsigned int i;

	for (i = 0; i < arp->count; i++)
		arp_input(self, output, arp->mbuf[i]);
}
