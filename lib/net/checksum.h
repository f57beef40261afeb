/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One's complement arithmetic (RFC 1071) and incremental update (RFC 1624, equation 3) with deltas
 * that are computed once per flow. A delta is ~m + m' folded to 16 bits, in network byte order
 * throughout (byte order does not matter to the sum, RFC 1071 section 2B).
 */
#ifndef NET_CHECKSUM_H
#define NET_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ip.h>

static inline uint16_t
checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/** Delta of replacing one 32-bit field by another. */
static inline uint16_t
checksum_delta32(uint32_t before, uint32_t after)
{
	return checksum_fold(
		(~before & 0xffff) + (~before >> 16) + (after & 0xffff) + (after >> 16));
}

static inline uint16_t
checksum_delta16(uint16_t before, uint16_t after)
{
	return checksum_fold((uint32_t)(uint16_t)~before + after);
}

static inline uint16_t
checksum_delta_add(uint16_t a, uint16_t b)
{
	return checksum_fold((uint32_t)a + b);
}

/** HC' = ~(~HC + delta). */
static inline uint16_t
checksum_apply(uint16_t checksum, uint16_t delta)
{
	return (uint16_t)~checksum_fold((uint32_t)(uint16_t)~checksum + delta);
}

/**
 * Sum over bytes of a flat or chained packet, which are there; 0xffff where the checksum among them is
 * right.
 */
uint16_t checksum_sum(const struct rte_mbuf *mbuf, uint32_t offset, uint32_t length);

/**
 * True when the UDP checksum of a flat or chained packet is right, or there is none. The UDP length
 * has been checked against the packet's.
 */
bool checksum_udp_valid(const struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t l4_offset);

/**
 * Recompute the UDP checksum of a flat or chained packet after its payload was edited; also sets
 * the UDP and IPv4 lengths from `payload_length` and the IPv4 header checksum. `ip` and `udp`
 * point into the mbuf; 0 is sent as 0xffff (RFC 768). A datagram that came without a checksum
 * (udp->dgram_cksum == 0) keeps none. The caller has set the mbuf's lengths.
 */
void checksum_udp_rewrite(
	struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t l4_offset, uint16_t payload_length);

#endif
