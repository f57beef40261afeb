/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP state of a flow (RFC 9293 3.3.2, 3.5; RFC 5382). One table: state x direction x segment.
 *
 * The table follows what both ends may legally send, without sequence numbers, so it errs on the
 * side of passing: the ends reject what does not fit their windows. What it refuses are segments
 * that no legal exchange contains, and a connection opened from the reverse side through the rest
 * of an old one (that must pass policy as a flow of its own).
 *
 * Synchronization: one atomic byte, moved by compare-and-swap, because the two directions of a flow
 * may be on two workers. A segment that changes nothing writes nothing.
 */
#include <errno.h>

#include "tcp.h"

enum segment { SEGMENT_SYN, SEGMENT_SYN_ACK, SEGMENT_ACK, SEGMENT_FIN, SEGMENT_RST, SEGMENTS };

/* Short names for the table. Zero, an entry left out, refuses. */
enum {
	ERR = 0,
	NEW = TCP_NEW + 1,
	SENT = TCP_SYN_SENT + 1,
	BOTH = TCP_SYN_BOTH + 1,
	RCVD = TCP_SYN_RECEIVED + 1,
	ESTB = TCP_ESTABLISHED + 1,
	FIN0 = TCP_FIN_FORWARD + 1,
	FIN1 = TCP_FIN_REVERSE + 1,
	FINS = TCP_FIN_BOTH + 1,
	CLSD = TCP_CLOSED + 1,
};

/* Columns: SYN, SYN+ACK, ACK (data too), FIN, RST. First line of a state: direction 0. */
static const uint8_t transitions[TCP_STATES][2][SEGMENTS] = {
	/* A SYN from the other side before ours was noted: both workers met on one flow. */
	[TCP_NEW] = {{SENT, ERR, ERR, ERR, CLSD}, {BOTH, ERR, ERR, ERR, CLSD}},
	/* ACK and FIN in direction 1: the other end still holds an old connection and will be
	 * told so by a RST (RFC 9293 3.5.1, RFC 5961 challenge ACK). */
	[TCP_SYN_SENT] = {{SENT, ERR, ERR, ERR, CLSD}, {BOTH, RCVD, SENT, SENT, CLSD}},
	/* Simultaneous open: each end answers the other's SYN (RFC 9293 figure 7). */
	[TCP_SYN_BOTH] = {{BOTH, RCVD, RCVD, FIN0, CLSD}, {BOTH, RCVD, RCVD, FIN1, CLSD}},
	[TCP_SYN_RECEIVED] = {{RCVD, ESTB, ESTB, FIN0, CLSD}, {RCVD, RCVD, RCVD, FIN1, CLSD}},
	/* SYN: a retransmission, or one end restarted and learns it from the challenge ACK. */
	[TCP_ESTABLISHED] = {{ESTB, ESTB, ESTB, FIN0, CLSD}, {ESTB, ESTB, ESTB, FIN1, CLSD}},
	/* Half closed: the other direction still carries data. */
	[TCP_FIN_FORWARD] = {{FIN0, ERR, FIN0, FIN0, CLSD}, {ERR, FIN0, FIN0, FINS, CLSD}},
	[TCP_FIN_REVERSE] = {{FIN1, FIN1, FIN1, FINS, CLSD}, {ERR, FIN1, FIN1, FIN1, CLSD}},
	/* A SYN of the side that opened it starts over (RFC 9293 3.6.1, RFC 6191). */
	[TCP_FIN_BOTH] = {{SENT, ERR, CLSD, FINS, CLSD}, {ERR, ERR, CLSD, FINS, CLSD}},
	[TCP_CLOSED] = {{SENT, ERR, CLSD, CLSD, CLSD}, {ERR, ERR, CLSD, CLSD, CLSD}},
};

const char *
tcp_state_name(enum tcp_state state)
{
	static const char *const names[TCP_STATES] = {
		[TCP_NEW] = "new",
		[TCP_SYN_SENT] = "syn-sent",
		[TCP_SYN_BOTH] = "syn-both",
		[TCP_SYN_RECEIVED] = "syn-received",
		[TCP_ESTABLISHED] = "established",
		[TCP_FIN_FORWARD] = "fin-forward",
		[TCP_FIN_REVERSE] = "fin-reverse",
		[TCP_FIN_BOTH] = "fin-both",
		[TCP_CLOSED] = "closed",
	};

	return (unsigned int)state < TCP_STATES ? names[state] : "?";
}

/* -1: a combination that no TCP sends; after its SYN every segment but a RST has ACK. */
static int
tcp_segment_of(uint8_t flags)
{
	switch (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) {
	case TCP_SYN:
		return SEGMENT_SYN;
	case TCP_SYN | TCP_ACK:
		return SEGMENT_SYN_ACK;
	case TCP_ACK:
		return SEGMENT_ACK;
	case TCP_FIN | TCP_ACK:
		return SEGMENT_FIN;
	case TCP_RST:
	case TCP_RST | TCP_ACK:
	case TCP_RST | TCP_FIN | TCP_ACK:
		return SEGMENT_RST;
	default:
		return -1;
	}
}

int
tcp_segment(struct flow *flow, unsigned int direction, uint8_t tcp_flags)
{
	const int segment = tcp_segment_of(tcp_flags);
	uint8_t state = atomic_load_explicit(&flow->tcp_state, memory_order_relaxed);
	uint8_t next;

	if (segment < 0)
		return -EPROTO;
	do {
		next = transitions[state][direction][segment];
		if (next == ERR)
			return -EPROTO;
		if (--next == state)
			return 0;
	} while (!atomic_compare_exchange_weak_explicit(
		&flow->tcp_state, &state, next, memory_order_relaxed, memory_order_relaxed));
	return 0;
}
