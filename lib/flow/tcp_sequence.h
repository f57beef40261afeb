/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a RST fit what its receiver expects? An option (nat.tcp_rst_check): each side's last
 * acknowledgement and window are kept with the flow, and a RST outside of that window is one that its
 * receiver would refuse, too (RFC 9293 3.10.7.4, RFC 5961 3.2). Data is not checked.
 */
#ifndef FLOW_TCP_SEQUENCE_H
#define FLOW_TCP_SEQUENCE_H

#include <rte_tcp.h>

#include "flow.h"

/**
 * A segment of this direction, before tcp_segment() is told of it: false for a RST outside of the window
 * of its receiver, which the caller drops with DROP_TCP_RST_SEQUENCE. Others pass, and what they say of
 * their sender's window is kept. A RST passes while nothing is known of the receiver: it has
 * acknowledged nothing yet. Worker.
 */
bool tcp_sequence(struct flow *flow, unsigned int direction, const struct rte_tcp_hdr *tcp);

#endif
