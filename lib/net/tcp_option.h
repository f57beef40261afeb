/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options (RFC 9293 3.1), read and changed in place. */
#ifndef NET_TCP_OPTION_H
#define NET_TCP_OPTION_H

#include <rte_tcp.h>

#include "packet.h"

/* Kinds, and the length of each: kind, length and value. */
enum {
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_MSS_LENGTH = 4,
	TCP_OPTION_WINDOW_SCALE = 3,
	TCP_OPTION_WINDOW_SCALE_LENGTH = 3,
	TCP_OPTION_SACK_PERMITTED = 4,
	TCP_OPTION_SACK_PERMITTED_LENGTH = 2,
	TCP_OPTION_SACK = 5,
	TCP_OPTION_TIMESTAMPS = 8,
	TCP_OPTION_TIMESTAMPS_LENGTH = 10,
};

/**
 * Where the value of the first option of this kind and length begins, in bytes from the start of the
 * header; 0: there is none. parse has seen that the header is whole and in the first segment. Any thread.
 */
unsigned int tcp_option_find(const struct rte_tcp_hdr *tcp, uint8_t kind, uint8_t length);

/**
 * Lower the maximum segment size that a SYN (with or without ACK) announces to `limit`, in bytes and
 * host order, and update its checksum; true: it announced more. For where a link behind callgate takes
 * less and its path-MTU messages are lost (RFC 4459 3.2). A SYN without the option announces
 * TCP_MSS_MIN and stays as it is. Worker.
 */
bool tcp_mss_clamp(struct rte_mbuf *mbuf, uint16_t limit);

#endif
