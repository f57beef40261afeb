/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First stage: Ethernet, 802.1Q, IPv4 and layer-4 headers of a burst. RFC 791, 1122, 1812.
 */
#ifndef NET_PARSE_H
#define NET_PARSE_H

#include <string.h>

#include "core/keyed_hash.h"
#include "core/thread.h"
#include "interface.h"
#include "packet.h"

struct parse_result {
	struct burst arp; /* ARP frames; packet_of()->interface is set, ip_offset = ARP header */
	struct burst ipv4; /* keys, hashes and offsets are filled */
	struct burst fragments; /* the same; the key's src_port is the identification, dst_port 0 */
};

enum { PARSED_IPV4 = -1 }; /* what parse_layer4() returns beside the drop reasons */

/**
 * Parse `burst`, received on `port` (configuration index); every packet ends in one of the three
 * result bursts or is dropped with its reason counted. VLAN tags are removed (also those the NIC
 * stripped, RTE_MBUF_F_RX_VLAN_STRIPPED). Frames longer than their IP packet are trimmed to it.
 * `promiscuous` accepts any destination MAC (replay). Checks: version, IHL, total length, header
 * checksum, source and destination addresses (RFC 1812 5.3.7: 0/8, 127/8, class D/E, limited and
 * directed broadcast), source-route options, layer-4 lengths (not of fragments). Worker.
 */
void parse_burst(struct thread *self, const struct interface_table *interfaces, uint16_t port,
	bool promiscuous, const struct burst *burst, struct parse_result *result);

/**
 * Layer 4 of a packet that came as a fragment: of the first fragment, or of the `whole` datagram made
 * of all. Fills ports, flags and hash as for any other packet. PARSED_IPV4, or the drop reason; the
 * packet stays the caller's. Worker.
 */
int parse_layer4(struct rte_mbuf *mbuf, bool whole);

/** Keyed hash of a flow key, the same on every thread. */
static inline uint64_t
flow_key_hash(const struct flow_key *key)
{
	uint64_t words[2];

	memcpy(words, key, sizeof(words));
	return keyed_hash16(words[0], words[1]);
}

#endif
