/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between parse.c (bursts, the usual frame) and parse_frame.c (every other frame).
 */
#ifndef NET_PARSE_PRIV_H
#define NET_PARSE_PRIV_H

#include <stddef.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>

#include "parse.h"

enum { IP_OFFSET = sizeof(struct rte_ether_hdr) }; /* tags are gone by then */

/* What a frame turned out to be, beside the drop reasons (which are not negative). */
enum { PARSED_ARP = -2, PARSED_FRAGMENT = -3 }; /* and PARSED_IPV4 */

/* What is the same for a whole burst. */
struct parse_context {
	const struct interface_table *interfaces;
	const struct interface *untagged; /* NULL: none on this port */
	uint16_t port;
	bool promiscuous;
};

/** Parse one frame: PARSED_* or a drop reason. */
int parse_frame(const struct parse_context *context, struct rte_mbuf *mbuf);

/* RFC 1071 sum over the 20 bytes of a header without options, carries added back in. */
static inline bool
ip_checksum_valid(const void *header)
{
	uint64_t sum, b;
	uint32_t c, half;

	memcpy(&sum, header, sizeof(sum));
	memcpy(&b, (const uint8_t *)header + 8, sizeof(b));
	memcpy(&c, (const uint8_t *)header + 16, sizeof(c));
	sum += b;
	sum += sum < b;
	sum += c;
	sum += sum < c;
	/* A sum and its halves exchanged: the upper half takes the lower one with its carry. */
	half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
	return (uint32_t)(half + (half << 16 | half >> 16)) >> 16 == 0xffff;
}

static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN && offsetof(struct flow_key, src_port) == 8 &&
		      offsetof(struct flow_key, proto) == 12 &&
		      offsetof(struct flow_key, realm) == 13,
	"keys are built from words");

/* The second word of a key: ports, protocol, realm. */
static inline uint64_t
parse_key_high(uint8_t realm, uint8_t proto, uint32_t ports)
{
	return (uint64_t)realm << 40 | (uint64_t)proto << 32 | ports;
}

/*
 * Key and hash from two words: from a key written field by field, the hash would read words and
 * wait for every store to leave the store buffer.
 */
static inline void
parse_key(struct packet *packet, const struct rte_ipv4_hdr *ip, uint64_t high)
{
	uint64_t words[2] = {0, high};

	memcpy(&words[0], &ip->src_addr, sizeof(words[0]));
	packet->hash = keyed_hash16(words[0], words[1]);
	memcpy(&packet->key, words, sizeof(packet->key));
}

#endif
