/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full recomputation, for packets whose payload was edited; everything else uses the deltas of
 * checksum.h.
 */
#include "checksum.h"

#include <rte_mbuf.h>
#include <rte_udp.h>

void
checksum_udp_rewrite(
	struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t l4_offset, uint16_t payload_length)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, ip_offset);
	struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(mbuf, struct rte_udp_hdr *, l4_offset);
	uint16_t udp_length = (uint16_t)(sizeof(*udp) + payload_length);

	udp->dgram_len = rte_cpu_to_be_16(udp_length);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(l4_offset - ip_offset + udp_length));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	if (udp->dgram_cksum == 0)
		return;
	udp->dgram_cksum = 0;
	if (mbuf->nb_segs == 1)
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	else
		udp->dgram_cksum = rte_ipv4_udptcp_cksum_mbuf(mbuf, ip, l4_offset);
}
