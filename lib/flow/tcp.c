/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP state of a flow (RFC 9293 3.3.2, 3.5; RFC 5382 REQ-2; RFC 7857 section 2, which follows RFC
 * 6146 3.5.2). One table: state x direction x segment.
 *
 * The table follows what both ends may legally send, without sequence numbers, so it errs on the
 * side of passing: the ends reject what does not fit their windows. What it refuses are segments
 * that no legal exchange contains, and a connection opened from the reverse side through the rest
 * of an old one, unless policy permits that (tcp_segment() says when to ask).
 *
 * Nothing that one host alone can forge ends a conversation. A RST only starts the shorter timer,
 * and any later segment of the connection undoes it. A SYN over an old connection changes nothing
 * before the other end has accepted it.
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
	RCVF = TCP_SYN_RECEIVED_FORWARD + 1,
	ESTB = TCP_ESTABLISHED + 1,
	FIN0 = TCP_FIN_FORWARD + 1,
	FIN1 = TCP_FIN_REVERSE + 1,
	FINS = TCP_FIN_BOTH + 1,
	RSET = TCP_RESET + 1,
	ASK = 0x80, /* policy decides, for this opens a connection from the reverse side */
};

/* Columns: SYN, SYN+ACK, ACK (data too), FIN, RST. First line of a state: direction 0. */
static const uint8_t transitions[TCP_STATES][2][SEGMENTS] = {
	/* A SYN from the other side before ours was noted: both workers met on one flow. */
	[TCP_NEW] = {{SENT, ERR, ERR, ERR, NEW}, {BOTH, ERR, ERR, ERR, NEW}},
	/* ACK and FIN in direction 1: the other end still holds an old connection and will be
	 * told so by a RST (RFC 9293 3.5.1, RFC 5961 challenge ACK). A RST may be forged, and the
	 * timer of an opening connection is as short as it gets. */
	[TCP_SYN_SENT] = {{SENT, ERR, ERR, ERR, SENT}, {BOTH, RCVD, SENT, SENT, SENT}},
	/* Simultaneous open: each end answers the other's SYN (RFC 9293 figure 7). It stands when
	 * both have, whoever is first. */
	[TCP_SYN_BOTH] = {{BOTH, RCVF, RCVF, FIN0, BOTH}, {BOTH, RCVD, RCVD, FIN1, BOTH}},
	[TCP_SYN_RECEIVED] = {{RCVD, ESTB, ESTB, FIN0, RCVD}, {RCVD, RCVD, RCVD, FIN1, RCVD}},
	[TCP_SYN_RECEIVED_FORWARD] = {{RCVF, RCVF, RCVF, FIN0, RCVF},
		{RCVF, ESTB, ESTB, FIN1, RCVF}},
	/* SYN: a retransmission, or one end restarted and learns it from the challenge ACK. */
	[TCP_ESTABLISHED] = {{ESTB, ESTB, ESTB, FIN0, RSET}, {ESTB, ESTB, ESTB, FIN1, RSET}},
	/* Half closed: the other direction still carries data. */
	[TCP_FIN_FORWARD] = {{FIN0, FIN0, FIN0, FIN0, RSET}, {FIN0, FIN0, FIN0, FINS, RSET}},
	[TCP_FIN_REVERSE] = {{FIN1, FIN1, FIN1, FINS, RSET}, {FIN1, FIN1, FIN1, FIN1, RSET}},
	/* A SYN starts over (RFC 9293 3.6.1, RFC 6191) when it has been answered. */
	[TCP_FIN_BOTH] = {{FINS, RCVF, FINS, FINS, FINS}, {ASK | FINS, RCVD, FINS, FINS, FINS}},
	/* RFC 6146: what is not a RST shows that the connection goes on. */
	[TCP_RESET] = {{RSET, RCVF, ESTB, FIN0, RSET}, {ASK | RSET, RCVD, ESTB, FIN1, RSET}},
};

const char *
tcp_state_name(enum tcp_state state)
{
	static const char *const names[TCP_STATES] = {
		[TCP_NEW] = "new",
		[TCP_SYN_SENT] = "syn-sent",
		[TCP_SYN_BOTH] = "syn-both",
		[TCP_SYN_RECEIVED] = "syn-received",
		[TCP_SYN_RECEIVED_FORWARD] = "syn-received-forward",
		[TCP_ESTABLISHED] = "established",
		[TCP_FIN_FORWARD] = "fin-forward",
		[TCP_FIN_REVERSE] = "fin-reverse",
		[TCP_FIN_BOTH] = "fin-both",
		[TCP_RESET] = "reset",
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
		if (unlikely(next & ASK))
			return TCP_ASK_POLICY;
		if (--next == state)
			return TCP_STAYS;
	} while (!atomic_compare_exchange_weak_explicit(
		&flow->tcp_state, &state, next, memory_order_relaxed, memory_order_relaxed));
	return TCP_MOVES;
}

bool
tcp_adopt(struct flow *flow, unsigned int direction, uint8_t tcp_flags)
{
	const int segment = tcp_segment_of(tcp_flags);
	uint8_t state = TCP_NEW;

	return direction != 0 && (segment == SEGMENT_ACK || segment == SEGMENT_FIN) &&
	       atomic_compare_exchange_strong_explicit(&flow->tcp_state, &state,
		       segment == SEGMENT_FIN ? TCP_FIN_REVERSE : TCP_ESTABLISHED,
		       memory_order_relaxed, memory_order_relaxed);
}
