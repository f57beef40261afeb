/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last step of every frame: put the Ethernet header (and VLAN tag) before layer 3 and queue it.
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <assert.h>
#include <string.h>

#include <rte_ether.h>

#include "neighbour.h"

static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "MAC addresses stand in the low bytes of links");

#define LINK_MAC_MASK UINT64_C(0x0000ffffffffffff)

static inline uint64_t
link_make(const struct rte_ether_addr *mac, uint16_t generation)
{
	uint64_t link = (uint64_t)generation << 48;

	memcpy(&link, mac, sizeof(*mac));
	return link;
}

struct frame {
	const struct interface *interface; /* egress */
	uint64_t link; /* destination MAC in the low 48 bits */
	rte_be16_t ether_type;
	uint16_t offset; /* of the layer-3 header, in the first segment */
};

/** Write the layer-2 header and queue the frame; takes the mbuf. Worker. */
static inline void
frame_output(struct thread *self, struct net_output *output, const struct frame *frame,
	struct rte_mbuf *mbuf)
{
	const struct interface *interface = frame->interface;
	int grow = (int)sizeof(struct rte_ether_hdr) - frame->offset;
	uint8_t *header;

	if (interface->vlan)
		grow += (int)sizeof(struct rte_vlan_hdr);
	if (grow != 0) {
		if (unlikely(grow > rte_pktmbuf_headroom(mbuf))) {
			packet_drop(self, mbuf, DROP_NO_MBUF);
			return;
		}
		mbuf->data_off = (uint16_t)(mbuf->data_off - grow);
		mbuf->data_len = (uint16_t)(mbuf->data_len + grow);
		mbuf->pkt_len = (uint32_t)((int)mbuf->pkt_len + grow);
	}
	header = rte_pktmbuf_mtod(mbuf, uint8_t *);
	/* eight bytes at once; the source address follows over the last two */
	memcpy(header, &frame->link, sizeof(frame->link));
	memcpy(header + RTE_ETHER_ADDR_LEN, &interface->mac, RTE_ETHER_ADDR_LEN);
	header += 2 * RTE_ETHER_ADDR_LEN;
	if (interface->vlan) {
		rte_be16_t tag[2] = {
			RTE_BE16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(interface->vlan)};

		memcpy(header, tag, sizeof(tag));
		header += sizeof(tag);
	}
	memcpy(header, &frame->ether_type, sizeof(frame->ether_type));
	outbox_put(output->outbox, interface->port, mbuf);
}

/** Split an IPv4 packet and queue its fragments, or drop it with the reason. Worker. */
void frame_output_fragments(
	struct thread *self, struct net_output *output, struct frame frame, struct rte_mbuf *mbuf);

/** Send an IPv4 packet (packet_of()->ip_offset) to the MAC of `link`, in fragments if need be. */
static inline void
frame_output_ipv4(struct thread *self, struct net_output *output, const struct interface *interface,
	uint64_t link, struct rte_mbuf *mbuf)
{
	struct frame frame = {
		interface, link, RTE_BE16(RTE_ETHER_TYPE_IPV4), packet_of(mbuf)->ip_offset};
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, frame.offset);

	if (unlikely(rte_be_to_cpu_16(ip->total_length) > interface->mtu))
		frame_output_fragments(self, output, frame, mbuf);
	else
		frame_output(self, output, &frame, mbuf);
}

#endif
