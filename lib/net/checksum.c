/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full recomputation, for packets whose payload was edited; everything else uses the deltas of
 * checksum.h.
 */
#include "checksum.h"

#include <rte_mbuf.h>
#include <rte_udp.h>

/* DPDK's rte_raw_cksum_mbuf() loses carries where a segment begins at an odd byte. */
uint16_t
checksum_sum(const struct rte_mbuf *mbuf, uint32_t offset, uint32_t length)
{
	const struct rte_mbuf *segment = mbuf;
	uint32_t sum = 0, done = 0;

	while (offset >= segment->data_len) {
		offset -= segment->data_len;
		segment = segment->next;
	}
	while (done < length) {
		uint32_t part = RTE_MIN(length - done, (uint32_t)segment->data_len - offset);
		uint16_t here =
			rte_raw_cksum(rte_pktmbuf_mtod_offset(segment, const char *, offset), part);

		sum += done & 1 ? rte_bswap16(here) : here;
		done += part;
		offset = 0;
		segment = segment->next;
	}
	return checksum_fold(sum);
}

/* Sum over a UDP datagram and its pseudo header, whose length is UDP's own, not what IP carries. */
static uint16_t
udp_sum(const struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t l4_offset)
{
	const struct rte_udp_hdr *udp =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_udp_hdr *, l4_offset);
	struct rte_ipv4_hdr pseudo =
		*rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, ip_offset);
	uint16_t length = rte_be_to_cpu_16(udp->dgram_len);

	pseudo.version_ihl = RTE_IPV4_VHL_DEF;
	pseudo.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(pseudo) + length));
	return checksum_fold(
		(uint32_t)checksum_sum(mbuf, l4_offset, length) + rte_ipv4_phdr_cksum(&pseudo, 0));
}

bool
checksum_udp_valid(const struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t l4_offset)
{
	const struct rte_udp_hdr *udp =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_udp_hdr *, l4_offset);

	return udp->dgram_cksum == 0 || udp_sum(mbuf, ip_offset, l4_offset) == 0xffff;
}

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
	if (mbuf->nb_segs == 1) {
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
		return;
	}
	udp->dgram_cksum = (uint16_t)~udp_sum(mbuf, ip_offset, l4_offset);
	if (udp->dgram_cksum == 0)
		udp->dgram_cksum = 0xffff;
}
