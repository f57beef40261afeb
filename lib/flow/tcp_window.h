/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do a segment's numbers fit the connection? An option of inspection (inspect.tcp_window_check), after
 * G. van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (2000), as other firewalls do it. Of each
 * side is kept how far it has sent, how far the other may send, and the widest window it offered:
 *
 *   data ends       at most where the receiver's window ends
 *        begins     at most a window (66,000 bytes at least) before the furthest sent
 *   acknowledgement at most of what the other side has sent
 *                   at most a window (66,000 bytes at least) older than that
 *
 * Only a connection whose handshake was seen is judged, and none whose handshake was doubtful: a second
 * SYN with another number, which somebody may have forged. A SYN itself is never refused here, nor a RST, which
 * nat.tcp_rst_check is about.
 */
#ifndef FLOW_TCP_WINDOW_H
#define FLOW_TCP_WINDOW_H

#include <rte_tcp.h>

#include "flow.h"

enum { TCP_LENGTH_UNKNOWN = UINT32_MAX };

/**
 * A segment of this direction with `length` bytes of data (TCP_LENGTH_UNKNOWN: the first fragment of a longer
 * one, which passes), before tcp_segment() is told of it: false where the caller is to drop it with
 * DROP_TCP_WINDOW. What passes is taken note of. After flow_table_windows(). Worker.
 */
bool tcp_window(struct flow_table *table, struct flow *flow, unsigned int direction,
	const struct rte_tcp_hdr *tcp, uint32_t length);

#endif
