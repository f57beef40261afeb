/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of packets that are longer than the MTU of their link: our own large replies, and messages
 * that grew on their way.
 */
#include "frame.h"

#include <rte_ip.h>

#include "fragment.h"

void
frame_output_fragments(
	struct thread *self, struct net_output *output, struct frame frame, struct rte_mbuf *mbuf)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, frame.offset);
	struct rte_mbuf *fragments[FRAGMENTS_MAX];
	int i, count;

	if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) {
		packet_drop(self, mbuf, DROP_MTU_EXCEEDED);
		return;
	}
	count = fragment_split(
		mbuf, frame.offset, frame.interface->mtu, output->mempool, fragments);
	if (count < 0) {
		packet_drop(self, mbuf, DROP_FRAGMENT_FAILED);
		return;
	}
	rte_pktmbuf_free(mbuf);
	frame.offset = 0;
	for (i = 0; i < count; i++)
		frame_output(self, output, &frame, fragments[i]);
	event_count(self->counters, EVENT_PACKETS_FRAGMENTED, 1);
	event_count(self->counters, EVENT_FRAGMENTS_OUT, (uint64_t)count);
}
