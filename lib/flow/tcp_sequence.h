/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a RST fit what its receiver expects? An option (nat.tcp_rst_check): each side's last
 * acknowledgement and window are kept beside the flow, and a RST outside of that window is one that its
 * receiver would refuse, too (RFC 9293 3.10.7.4, RFC 5961 3.2). Data is tcp_window.h's business.
 */
#ifndef FLOW_TCP_SEQUENCE_H
#define FLOW_TCP_SEQUENCE_H

#include <rte_tcp.h>

#include "flow.h"

/**
 * A segment of this direction, before tcp_segment() is told of it: false for a RST outside of the window
 * of its receiver, which the caller drops with DROP_TCP_RST_SEQUENCE. Others pass, and what they say of
 * their sender's window is kept. A RST passes while nothing is known of the receiver: it has
 * acknowledged nothing yet. After flow_table_windows(). Worker.
 */
bool tcp_sequence(struct flow_table *table, struct flow *flow, unsigned int direction,
	const struct rte_tcp_hdr *tcp);

/**
 * The SYNs were not seen: from now on windows are taken to be scaled as far as it goes, so that a RST is refused
 * where it fits none. After flow_table_windows(). Worker.
 */
void tcp_sequence_unknown(struct flow_table *table, struct flow *flow);

/**
 * Does this RST answer a SYN (RFC 9293 3.5.2: sequence number 0)? Outside of the window it may be for a host
 * that begins anew over an open connection: such a host goes by the acknowledgement, and one that has the
 * connection refuses it. Any thread.
 */
static inline bool
tcp_answers_syn(const struct rte_tcp_hdr *tcp)
{
	return tcp->tcp_flags & RTE_TCP_ACK_FLAG && tcp->sent_seq == 0;
}

#endif
