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
	TCP_SYN_RECEIVED, /* SYN+ACK in direction 1 */
	TCP_ESTABLISHED,
	TCP_FIN_FORWARD, /* FIN in direction 0 */
	TCP_FIN_REVERSE,
	TCP_FIN_BOTH,
	TCP_CLOSED, /* RST, or both FINs acknowledged: short linger, then gone */
	TCP_STATES
};

/** Name for `show firewall sessions`. */
const char *tcp_state_name(enum tcp_state state);

/**
 * Move a flow's TCP state by one segment. 0, or -EPROTO for flags impossible in this state (the
 * caller drops with DROP_TCP_STATE). Data segments of an established flow touch nothing. Worker.
 */
int tcp_segment(struct flow *flow, unsigned int direction, uint8_t tcp_flags);

/** True when a segment may open a flow (SYN without ACK, RST, FIN). */
static inline bool
tcp_may_open(uint8_t tcp_flags)
{
	return (tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

#endif
