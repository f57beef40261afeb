/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Splitting a packet: all fragments are made before any is sent, so that a shortage of mbufs costs
 * the whole packet and no link carries half of one.
 * Limits: FRAGMENTS_MAX; a fragment also fits the data room of the pool it comes from.
 */
#include "fragment.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>

enum { IP_HEADER_MAX = 60, OPTION_COPIED = 0x80 };

/* The header that fragments after the first carry: only options with the copied bit. */
static uint32_t
fragment_header_copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)to;
	uint32_t in = sizeof(*ip), out = sizeof(*ip);

	memcpy(to, from, sizeof(*ip));
	while (in < length && from[in] != 0) {
		uint32_t size = from[in] == 1 || in + 1 == length ? 1 : from[in + 1];

		if (size == 0 || size > length - in)
			break;
		if (from[in] & OPTION_COPIED) {
			memcpy(to + out, from + in, size);
			out += size;
		}
		in += size;
	}
	while (out % RTE_IPV4_IHL_MULTIPLIER)
		to[out++] = 0;
	ip->version_ihl = (uint8_t)(IPVERSION << 4 | out / RTE_IPV4_IHL_MULTIPLIER);
	return out;
}

static struct rte_mbuf *
fragment_make(struct rte_mempool *mempool, const uint8_t *header, uint32_t header_length,
	uint32_t data_length)
{
	struct rte_mbuf *fragment = rte_pktmbuf_alloc(mempool);
	struct rte_ipv4_hdr *ip;

	if (fragment == NULL)
		return NULL;
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(
		fragment, (uint16_t)(header_length + data_length));
	if (ip == NULL) {
		rte_pktmbuf_free(fragment);
		return NULL;
	}
	memcpy(ip, header, header_length);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(header_length + data_length));
	return fragment;
}

static void
fragment_copy_data(struct rte_mbuf *fragment, uint32_t at, const struct rte_mbuf *mbuf,
	uint32_t offset, uint32_t length)
{
	uint8_t *to = rte_pktmbuf_mtod_offset(fragment, uint8_t *, at);
	const void *from = rte_pktmbuf_read(mbuf, offset, length, to);

	if (from != to)
		memcpy(to, from, length);
}

int
fragment_split(const struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t mtu,
	struct rte_mempool *mempool, struct rte_mbuf **fragments)
{
	const struct rte_ipv4_hdr *from =
		rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, ip_offset);
	uint32_t room = rte_pktmbuf_data_room_size(mempool) - RTE_PKTMBUF_HEADROOM;
	uint32_t limit = RTE_MIN((uint32_t)mtu, room);
	uint32_t header_length = rte_ipv4_hdr_len(from);
	uint32_t left = rte_be_to_cpu_16(from->total_length) - header_length;
	uint32_t offset = ip_offset + header_length;
	uint16_t field = rte_be_to_cpu_16(from->fragment_offset);
	uint32_t position = field & RTE_IPV4_HDR_OFFSET_MASK;
	uint16_t flags = field & (uint16_t)~RTE_IPV4_HDR_OFFSET_MASK;
	uint8_t header[IP_HEADER_MAX];
	int count = 0, rc = -EINVAL;

	memcpy(header, from, header_length);
	while (left) {
		uint32_t size, more = 0;
		struct rte_ipv4_hdr *ip;

		if (limit < header_length + RTE_IPV4_HDR_OFFSET_UNITS || count == FRAGMENTS_MAX)
			goto fail;
		size = limit - header_length;
		if (size >= left) {
			size = left;
		} else {
			size -= size % RTE_IPV4_HDR_OFFSET_UNITS;
			more = RTE_IPV4_HDR_MF_FLAG;
		}
		fragments[count] = fragment_make(mempool, header, header_length, size);
		if (fragments[count] == NULL) {
			rc = -ENOMEM;
			goto fail;
		}
		fragment_copy_data(fragments[count], header_length, mbuf, offset, size);
		ip = rte_pktmbuf_mtod(fragments[count], struct rte_ipv4_hdr *);
		ip->fragment_offset = rte_cpu_to_be_16((uint16_t)(flags | more | position));
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		if (count++ == 0)
			header_length =
				fragment_header_copy(header, (const uint8_t *)from, header_length);
		position += size / RTE_IPV4_HDR_OFFSET_UNITS;
		offset += size;
		left -= size;
	}
	return count;
fail:
	rte_pktmbuf_free_bulk(fragments, (unsigned int)count);
	return rc;
}
