/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters: one cache-aligned block per thread, written by that thread alone with relaxed stores,
 * read by anybody with relaxed loads. Nothing here is ever reset while traffic runs: "clear"
 * remembers a base instead (telemetry). SIP statistics have a block of their own in lib/alg.
 */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_common.h>

#include "drop.h"
#include "limits.h"

/* One row a line, however long. */
/* clang-format off */
/* X(ENUM, "name", "help") */
#define EVENTS(X)                                                                                  \
	X(RX_PACKETS, "rx_packets", "packets received from ports")                                 \
	X(TX_PACKETS, "tx_packets", "packets given to ports")                                      \
	X(ARP_REQUEST_IN, "arp_request_in", "ARP requests for an own address")                     \
	X(ARP_REQUEST_OUT, "arp_request_out", "ARP requests sent")                                 \
	X(ARP_REPLY_IN, "arp_reply_in", "ARP replies learned from")                                \
	X(ARP_REPLY_OUT, "arp_reply_out", "ARP replies sent")                                      \
	X(ARP_CONFLICT, "arp_conflict", "ARP packets whose sender claims an own address")          \
	X(ICMP_ECHO_REPLY_OUT, "icmp_echo_reply_out", "echo replies sent from own addresses")      \
	X(ICMP_ERROR_OUT, "icmp_error_out", "ICMP errors sent")                                    \
	X(ICMP_ERROR_LIMITED, "icmp_error_limited", "ICMP errors not sent: rate limit or RFC 1812 4.3.2.7") \
	X(ICMP_ERROR_REFUSED, "icmp_error_refused", "ICMP errors not sent: a zone pair from self refuses them") \
	X(ICMP_ERROR_TRANSLATED, "icmp_error_translated", "ICMP errors translated and forwarded")  \
	X(PACKETS_FRAGMENTED, "packets_fragmented", "packets longer than the MTU that left in fragments") \
	X(FRAGMENTS_OUT, "fragments_out", "fragments sent of packets longer than the MTU")         \
	X(FRAGMENTS_IN, "fragments_in", "fragments received")                                      \
	X(FRAGMENTS_FORWARDED, "fragments_forwarded", "fragments forwarded as such, their datagram not made whole") \
	X(FRAGMENTS_JOINED, "fragments_joined", "fragments that became part of a datagram made whole") \
	X(DATAGRAMS_JOINED, "datagrams_joined", "datagrams made whole of fragments")               \
	X(DATAGRAMS_EVICTED, "datagrams_evicted", "datagrams in fragments given up as the oldest, for want of room") \
	X(DATAGRAMS_TIMED_OUT, "datagrams_timed_out", "datagrams of which fragments were missing after fragments.timeout") \
	X(FLOW_CREATED, "flow_created", "flows made")                                              \
	X(FLOW_CREATE_RACED, "flow_create_raced", "flows another worker had made first")           \
	X(FLOW_EXPIRED, "flow_expired", "flows ended by their idle timer")                         \
	X(FLOW_CLOSED, "flow_closed", "flows ended with their binding or pinhole, by TCP or by clear") \
	X(BINDING_CREATED, "binding_created", "bindings made")                                     \
	X(BINDING_CLOSED, "binding_closed", "bindings closed")                                     \
	X(DOOR_OPENED, "door_opened", "doors opened by the ALG")                                   \
	X(DOOR_CLOSED, "door_closed", "doors closed")                                              \
	X(NAT_LOG_LINES, "nat_log_lines", "lines of the NAT log written")                          \
	X(NAT_LOG_DROPPED, "nat_log_dropped", "lines of the NAT log lost, for they came faster than they can be written") \
	X(LOG_LOST, "log_lost", "lines of the log lost: they came faster than they can be written, or nobody reads standard error") \
	X(CDR_LINES, "cdr_lines", "call detail records written: system.cdr")                       \
	X(CDR_DROPPED, "cdr_dropped", "call detail records lost, for calls ended faster than they can be written") \
	X(CDR_UNWRITTEN, "cdr_unwritten", "call detail records lost, for the file could not be written") \
	X(PINHOLE_OPENED, "pinhole_opened", "pinholes opened")                                     \
	X(PINHOLE_CLOSED, "pinhole_closed", "pinholes closed")                                     \
	X(PINHOLE_PERMIT, "pinhole_permit", "new flows a pinhole let pass where policy would not") \
	X(HANDOFF_LOCAL, "handoff_local", "SIP messages whose owner is the receiving worker")      \
	X(HANDOFF_OUT, "handoff_out", "SIP messages and fragments handed to another worker")       \
	X(HANDOFF_IN, "handoff_in", "SIP messages and fragments received from another worker")     \
	X(CALLS_OWNED, "calls_owned", "call records made by this worker")                          \
	X(TCP_MSS_CLAMPED, "tcp_mss_clamped", "SYNs whose maximum segment size was lowered: interfaces[].tcp_mss") \
	X(TCP_SYN_ANSWERED, "tcp_syn_answered", "unsolicited SYNs from outside answered with port unreachable after 6 s (RFC 5382 REQ-4)") \
	X(TCP_SIP_LAYER4, "tcp_sip_layer4", "SIP-over-TCP segments forwarded at layer 4 only")     \
	X(TCP_SIP_RESET, "tcp_sip_reset", "segments of SIP connections that are not known (callgate was restarted) or were over, answered with a RST") \
	X(STREAM_OPENED, "stream_opened", "SIP connections over TCP that are read")                \
	X(STREAM_CLOSED, "stream_closed", "SIP connections over TCP that are read no more: over, or nothing in them can be read") \
	X(STREAM_LIMIT, "stream_limit", "SIP connections over TCP that pass unread: sip.max_streams were open, or sip.max_streams_per_host of one host") \
	X(STREAM_NO_MEMORY, "stream_no_memory", "TCP segments that came while sip.stream_memory was used up: they may be refused, and are sent again") \
	X(STREAM_HOST_MEMORY, "stream_host_memory", "TCP segments whose bytes were refused, for the connections that one host began hold half of sip.stream_memory: they are sent again") \
	X(STREAM_MESSAGES, "stream_messages", "SIP messages read out of TCP connections")           \
	X(STREAM_MESSAGES_DROPPED, "stream_messages_dropped", "of those: dropped; the reason counts among the drops, too") \
	X(STREAM_PLAIN, "stream_plain", "directions of SIP connections over TCP that pass unread from some byte on: no SIP, or without a length") \
	X(STREAM_HELD_TOO_LONG, "stream_held_too_long", "of those: a message lacked its end for sip.stream_hold_time") \
	X(STREAM_ABORTED, "stream_aborted", "SIP connections over TCP reset here, for an end did not answer any more") \
	X(STREAM_SEGMENTS_OUT, "stream_segments_out", "TCP segments made here for SIP connections")  \
	X(TRACE_MESSAGES, "trace_messages", "SIP messages copied for a trace")                     \
	X(TRACE_LOST, "trace_lost", "SIP messages that a trace lacks, for they came faster than they are taken") \
	X(CAPTURE_FRAMES, "capture_frames", "frames of ports copied for a capture")               \
	X(CAPTURE_LOST, "capture_lost", "frames that a capture lacks, for they came faster than a worker's ring is emptied") \
	X(HEP_SENT, "hep_sent", "copies of SIP messages sent to the collector of sip.hep")         \
	X(HEP_LOST, "hep_lost", "copies of SIP messages that were not sent to the collector of sip.hep: too long, or the kernel did not take them") \
	X(MAILBOX_FULL, "mailbox_full", "requests a full mailbox refused")

enum event {
#define X(id, name, help) EVENT_##id,
	EVENTS(X)
#undef X
	EVENT_COUNT
};
/* clang-format on */

struct counters {
	/* Writer: the owning thread. Readers: telemetry threads, control lcore. */
	_Atomic uint64_t drop[DROP_COUNT];
	_Atomic uint64_t event[EVENT_COUNT];
} __rte_cache_aligned;

/** Single-writer add: a plain load and store, no locked instruction. Owning thread only. */
static inline void
counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline void
event_count(struct counters *counters, enum event event, uint64_t n)
{
	counter_add(&counters->event[event], n);
}

/** The counter block of a thread (0 .. WORKERS_MAX - 1, THREAD_CONTROL). Static storage, zeroed. */
struct counters *counters_of(unsigned int thread);

/** Sum over all threads; any thread. */
uint64_t counters_drop_sum(enum drop_reason reason);
uint64_t counters_event_sum(enum event event);

const char *event_name(enum event event);
const char *event_help(enum event event);

#endif
