/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drop reasons: why a packet ended here. One list makes the enum, the name that users see in
 * `show drops` and the help text; docs/counters.md is checked against it by a test.
 */
#ifndef CORE_DROP_H
#define CORE_DROP_H

/* One row a line, however long. */
/* clang-format off */
/* X(ENUM, "name", "help") */
#define DROP_REASONS(X)                                                                            \
	X(ETHER_TYPE, "ether_type", "EtherType that callgate does not forward")                    \
	X(ETHER_DESTINATION, "ether_destination", "frame for another station, or layer-2 multicast") \
	X(VLAN_UNKNOWN, "vlan_unknown", "no interface for this port and VLAN")                     \
	X(TRUNCATED, "truncated", "frame shorter than its headers say")                            \
	X(ARP_MALFORMED, "arp_malformed", "ARP packet that is not Ethernet/IPv4 or contradicts itself") \
	X(ARP_CONSUMED, "arp_consumed", "ARP packet, handled here")                                \
	X(IP_VERSION, "ip_version", "IP version is not 4")                                         \
	X(IP_HEADER, "ip_header", "IPv4 header length or total length impossible")                 \
	X(IP_CHECKSUM, "ip_checksum", "IPv4 header checksum wrong")                                \
	X(IP_OPTIONS, "ip_options", "IPv4 source routing option")                                  \
	X(IP_SOURCE, "ip_source", "source address is multicast, broadcast, loopback, reserved or zero: a martian") \
	X(IP_SOURCE_OWN, "ip_source_own", "source address is our own, or one that NAT translates to") \
	X(SOURCE_CHECK, "source_check", "the source address is not reached by the interface that it comes from: interfaces[].source_check") \
	X(IP_DESTINATION, "ip_destination", "destination address is multicast, broadcast, loopback or zero") \
	X(IP_FRAGMENT, "ip_fragment", "IPv4 fragment that is empty, or neither the last nor of whole units of eight bytes") \
	X(FRAGMENT_TINY, "fragment_tiny", "TCP header cut in two by fragmentation (RFC 1858, 3128)") \
	X(FRAGMENT_TOO_LONG, "fragment_too_long", "fragment of a datagram beyond 65,535 bytes")    \
	X(FRAGMENT_OVERLAP, "fragment_overlap", "fragments that overlap, or contradict where their datagram ends: all that were held") \
	X(FRAGMENT_DUPLICATE, "fragment_duplicate", "fragment that has come before")               \
	X(FRAGMENT_LIMIT, "fragment_limit", "datagram of more than fragments.max_per_datagram")    \
	X(FRAGMENT_SOURCE_LIMIT, "fragment_source_limit", "datagram whose source holds fragments.max_per_source already") \
	X(FRAGMENT_EVICTED, "fragment_evicted", "fragment of the oldest datagram when there was no room for another") \
	X(FRAGMENT_REFUSED, "fragment_refused", "fragment of a datagram that was refused before")   \
	X(FRAGMENT_TIMEOUT, "fragment_timeout", "fragment whose datagram was not complete within fragments.timeout") \
	X(L4_HEADER, "l4_header", "TCP, UDP or ICMP header truncated or impossible, checksum wrong of ICMP or of UDP put together from fragments") \
	X(L4_PROTOCOL, "l4_protocol", "IP protocol that cannot be tracked")                        \
	X(TTL_EXPIRED, "ttl_expired", "TTL reached zero here; time exceeded was sent if the rate allowed") \
	X(NO_ROUTE, "no_route", "no route to the destination; unreachable was sent if the rate allowed") \
	X(MTU_EXCEEDED, "mtu_exceeded", "packet longer than the MTU with DF set")                  \
	X(FRAGMENT_FAILED, "fragment_failed", "no mbuf to fragment a packet longer than the MTU")  \
	X(NEIGHBOUR_TABLE_FULL, "neighbour_table_full", "no room for another neighbour")           \
	X(NEIGHBOUR_HOLD_FULL, "neighbour_hold_full", "too many packets wait for this neighbour's ARP answer") \
	X(NEIGHBOUR_UNRESOLVED, "neighbour_unresolved", "no ARP answer came in time")              \
	X(ICMP_CONSUMED, "icmp_consumed", "ICMP packet to an own address, handled here")           \
	X(ICMP_ERROR_UNRELATED, "icmp_error_unrelated", "ICMP error about no flow of ours")        \
	X(ICMP_TYPE, "icmp_type", "ICMP that is no echo, timestamp or known error, or against the direction of its flow")           \
	X(SELF_UNSERVED, "self_unserved", "packet to an own address where nothing listens")        \
	X(SELF_POLICY, "self_policy", "zone policy refuses this packet to an own address")         \
	X(POLICY_DROP, "policy_drop", "zone policy says drop")                                     \
	X(POLICY_NO_PAIR, "policy_no_pair", "no zone pair between these zones")                    \
	X(POLICY_MAX_FLOWS, "policy_max_flows", "the class or the zone pair has max_flows flows")  \
	X(POLICY_MAX_HALF_OPEN, "policy_max_half_open", "the class or the zone pair has max_half_open TCP handshakes that are not over") \
	X(POLICY_MAX_NEW, "policy_max_new", "flows of the class or the zone pair begin faster than max_new_per_second") \
	X(NAT_UNSOLICITED, "nat_unsolicited", "from outside, to an inside endpoint that asked nothing of this source") \
	X(NAT_NO_PORT, "nat_no_port", "no free outside port")                                      \
	X(NAT_HOST_LIMIT, "nat_host_limit", "the inside host has all the outside ports that its rule or its blocks allow") \
	X(NAT_HOST_RATE, "nat_host_rate", "the inside host makes translations faster than its rule allows") \
	X(NAT_HOST_FLOWS, "nat_host_flows", "the inside host has as many flows as nat.max_flows_per_host allows") \
	X(NAT_NO_BINDING, "nat_no_binding", "binding pool or table exhausted")                     \
	X(FLOW_POOL_EMPTY, "flow_pool_empty", "max_flows reached")                                 \
	X(FLOW_TABLE_FULL, "flow_table_full", "no room for the key in the flow index")             \
	X(FLOW_CONFLICT, "flow_conflict", "another flow holds one of this flow's keys")            \
	X(FLOW_STALE, "flow_stale", "the binding or pinhole of a new flow closed under it")        \
	X(TCP_NO_FLOW, "tcp_no_flow", "TCP segment without SYN that belongs to no flow")           \
	X(TCP_STATE, "tcp_state", "TCP flags impossible in this state")                            \
	X(TCP_RST_SEQUENCE, "tcp_rst_sequence", "RST that its receiver would not believe (RFC 5961): with nat.tcp_rst_check, and of SIP connections over TCP that are read") \
	X(TCP_WINDOW, "tcp_window", "TCP segment outside of its receiver's window, with inspect.tcp_window_check") \
	X(PINHOLE_SOURCE, "pinhole_source", "media pinhole exists, but not for this source")       \
	X(PINHOLE_FLOWS, "pinhole_flows", "media pinhole has as many flows as it may, 64")         \
	X(HANDOFF_FULL, "handoff_full", "hand-off ring to another worker full")                  \
	X(SIP_MALFORMED, "sip_malformed", "SIP message does not parse and sip.malformed is drop")  \
	X(SIP_NO_CALL, "sip_no_call", "call records exhausted, or too many of one Call-ID")         \
	X(SIP_NO_MEDIA, "sip_no_media", "no media record, door or pinhole for this message, or more media than is kept") \
	X(SIP_NO_PORT, "sip_no_port", "no free outside port for this message")                     \
	X(SIP_TOO_LONG, "sip_too_long", "message, or what it becomes, does not fit the largest mbuf")               \
	X(SIP_LIMIT, "sip_limit", "a limit on calls or doors refuses this message; see the SIP limits")     \
	X(SIP_BLACKLISTED, "sip_blacklisted", "SIP message of a host that sent too many; see sip.blacklist") \
	X(STREAM_CONSUMED, "stream_consumed", "TCP segment of a SIP connection, taken into its stream; what is sent in its place counts as stream_segments_out") \
	X(STREAM_OVER, "stream_over", "late segment of a SIP connection that was over") \
	X(TX_FULL, "tx_full", "transmit queue full")                                               \
	X(NO_MBUF, "no_mbuf", "no mbuf for a packet of our own or a copy")                         \
	X(SHUTDOWN, "shutdown", "packet still held when callgate stopped")

enum drop_reason {
#define X(id, name, help) DROP_##id,
	DROP_REASONS(X)
#undef X
	DROP_COUNT
};
/* clang-format on */

/** Name as shown to users; any thread. "?" for a number that is no reason. */
const char *drop_reason_name(enum drop_reason reason);

/** One sentence of help; any thread. */
const char *drop_reason_help(enum drop_reason reason);

#endif
