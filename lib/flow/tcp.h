/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP state of a flow, as a table of (state, direction, segment) to next state. RFC 9293, 5382.
 */
#ifndef FLOW_TCP_H
#define FLOW_TCP_H

#include "flow.h"

enum tcp_state {
	TCP_NEW, /* nothing seen */
	TCP_SYN_SENT, /* SYN in direction 0 */
	TCP_SYN_BOTH, /* simultaneous open */
	TCP_SYN_RECEIVED, /* direction 1 has acknowledged the SYN of direction 0 */
	TCP_SYN_RECEIVED_FORWARD, /* simultaneous open: direction 0 has, the other has not yet */
	TCP_ESTABLISHED,
	TCP_FIN_FORWARD, /* FIN in direction 0 */
	TCP_FIN_REVERSE,
	TCP_FIN_BOTH,
	TCP_RESET, /* RST, and no other segment since */
	TCP_STATES
};

/* Which of nat.timeouts rules a state. */
enum tcp_phase { TCP_OPENING, TCP_OPEN, TCP_CLOSING };

static inline enum tcp_phase
tcp_phase_of(enum tcp_state state)
{
	if (state < TCP_ESTABLISHED)
		return TCP_OPENING;
	/* Half closed counts as open (RFC 6146 3.5.2.2). */
	return state < TCP_FIN_BOTH ? TCP_OPEN : TCP_CLOSING;
}

/** Name for `show firewall sessions`. */
const char *tcp_state_name(enum tcp_state state);

/* What a segment that may pass has done. */
enum tcp_effect {
	TCP_STAYS,
	TCP_MOVES,
	/* It would open a connection from the reverse side, where an old one is over: it may pass if
	 * policy lets that side begin one. The state has not changed. */
	TCP_ASK_POLICY,
};

/**
 * Move a flow's TCP state by one segment. enum tcp_effect, or -EPROTO for flags impossible in this
 * state (the caller drops with DROP_TCP_STATE). Data segments of an established flow touch nothing.
 * Worker.
 */
int tcp_segment(struct flow *flow, unsigned int direction, uint8_t tcp_flags);

/**
 * A segment that tcp_segment() refuses, in a flow that lets it pass (FLOW_TCP_LOOSE). Where the connection's
 * beginning was not seen, it counts as open once the other end has answered (RFC 5382 REQ-5): true. Worker.
 */
bool tcp_adopt(struct flow *flow, unsigned int direction, uint8_t tcp_flags);

/** True when a segment may open a flow: a SYN and nothing else. */
static inline bool
tcp_may_open(uint8_t tcp_flags)
{
	return (tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

#endif
