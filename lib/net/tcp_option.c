/* SPDX-License-Identifier: BSD-3-Clause */
/* Synchronization: none; a packet is its worker's. */
#include "tcp_option.h"

#include <string.h>

#include "checksum.h"

enum { OPTION_END = 0, OPTION_NOP = 1 };

unsigned int
tcp_option_find(const struct rte_tcp_hdr *tcp, uint8_t kind, uint8_t length)
{
	const uint8_t *header = (const uint8_t *)tcp;
	unsigned int end = (unsigned int)(tcp->data_off >> 4) * 4, at = sizeof(*tcp);

	while (at < end && header[at] != OPTION_END) {
		if (header[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= end || header[at + 1] < 2 || at + header[at + 1] > end)
			return 0; /* nobody can read on from here */
		if (header[at] == kind && header[at + 1] == length)
			return at + 2;
		at += header[at + 1];
	}
	return 0;
}

bool
tcp_mss_clamp(struct rte_mbuf *mbuf, uint16_t limit)
{
	struct rte_tcp_hdr *tcp = packet_l4(mbuf);
	unsigned int at = tcp_option_find(tcp, TCP_OPTION_MSS, TCP_OPTION_MSS_LENGTH);
	rte_be16_t before, after = rte_cpu_to_be_16(limit);
	uint8_t *value = (uint8_t *)tcp + at;
	uint16_t delta;

	if (at == 0)
		return false;
	memcpy(&before, value, sizeof(before));
	if (rte_be_to_cpu_16(before) <= limit)
		return false;
	memcpy(value, &after, sizeof(after));
	/* At an odd place the value stands across two words of the sum (RFC 1071 section 2B). */
	delta = at % 2 ? checksum_delta16(rte_bswap16(before), rte_bswap16(after))
		       : checksum_delta16(before, after);
	tcp->cksum = checksum_apply(tcp->cksum, delta);
	return true;
}
