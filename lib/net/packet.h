/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What callgate knows about a packet while it is inside: the flow key as it arrived and where its
 * headers stand. It lives in the mbuf's private area (one cache line), so it travels with the
 * packet through hold queues and hand-off rings. A pointer into a shared table never does.
 */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "core/limits.h"
#include "core/thread.h"

/*
 * A flow key: five-tuple as the packet arrived, plus the realm it came from (see interface.h), so
 * that a packet which claims an inside source but comes from outside is a miss.
 * Ports and addresses in network byte order. ICMP queries: both ports hold the identifier.
 */
struct flow_key {
	rte_be32_t src, dst;
	rte_be16_t src_port, dst_port;
	uint8_t proto;
	uint8_t realm;
	uint16_t zero; /* always 0: keys are compared as 16 bytes */
};
static_assert(sizeof(struct flow_key) == 16, "flow keys are compared as 16 bytes");

enum packet_flag {
	PACKET_ICMP_ERROR = 1 << 0, /* key is that of the ICMP packet itself, and no flow's */
	PACKET_HANDED_OFF = 1 << 1, /* came over a hand-off ring */
	PACKET_ICMP_OTHER =
		1 << 2, /* ICMP that is no query or reply nor an error about a packet; ports 0 */
};

/* ICMP queries that are tracked by their identifier, and their replies (RFC 792). */
enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO = 8,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
};

static inline bool
icmp_is_query(uint8_t type)
{
	return type == ICMP_ECHO || type == ICMP_TIMESTAMP;
}

static inline bool
icmp_is_query_reply(uint8_t type)
{
	return type == ICMP_ECHO_REPLY || type == ICMP_TIMESTAMP_REPLY;
}

/* Bits of the TCP flags byte as on the wire. */
enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

struct packet {
	struct flow_key key;
	uint64_t hash; /* keyed hash of key; flow_index.c says which bits are whose */
	uint16_t interface; /* ingress interface index */
	uint16_t ip_offset; /* from the start of data */
	uint16_t l4_offset;
	uint16_t ip_length; /* IPv4 total length */
	uint16_t payload_offset; /* of the UDP/TCP payload */
	uint8_t tcp_flags; /* 0 unless TCP */
	uint8_t flags; /* enum packet_flag */
	/* Filled by the flow stage, valid until the packet leaves the worker: */
	uint16_t egress; /* egress interface index */
	uint16_t neighbour_generation;
	uint32_t neighbour; /* index of the next hop in the neighbour table */
	rte_be32_t next_hop; /* address to resolve when neighbour is 0 or stale */
	uint32_t spare;
	void *flow; /* struct flow *, or NULL */
};
static_assert(sizeof(struct packet) <= RTE_CACHE_LINE_SIZE, "packet metadata is one cache line");

enum { PACKET_PRIVATE_SIZE = RTE_CACHE_LINE_SIZE };

static inline struct packet *
packet_of(struct rte_mbuf *mbuf)
{
	return (struct packet *)rte_mbuf_to_priv(mbuf);
}

static inline struct rte_ipv4_hdr *
packet_ip(struct rte_mbuf *mbuf)
{
	return rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, packet_of(mbuf)->ip_offset);
}

static inline void *
packet_l4(struct rte_mbuf *mbuf)
{
	return rte_pktmbuf_mtod_offset(mbuf, void *, packet_of(mbuf)->l4_offset);
}

/** End a packet here: count the reason, free it. The thread that holds it. */
static inline void
packet_drop(struct thread *self, struct rte_mbuf *mbuf, enum drop_reason reason)
{
	counter_add(&self->counters->drop[reason], 1);
	rte_pktmbuf_free(mbuf);
}

/** Payload bytes of a UDP packet by its UDP length, which parse has checked against the IP length. */
static inline uint16_t
packet_udp_payload_length(struct rte_mbuf *mbuf)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)packet_l4(mbuf);

	return (uint16_t)(rte_be_to_cpu_16(udp->dgram_len) - sizeof(*udp));
}

/** What stages take and compact in place. */
struct burst {
	struct rte_mbuf *mbuf[BURST_MAX];
	unsigned int count;
};

#endif
