/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of SIP connections that are not known here: callgate has been restarted, or their flow has run out. What
 * was edited in them is forgotten, so they cannot go on; their ends would send into the void for a quarter of an
 * hour, and a phone could not be reached meanwhile.
 */
#ifndef APP_TCP_UNKNOWN_H
#define APP_TCP_UNKNOWN_H

#include "worker.h"

/**
 * Answer a segment that policy would let begin, had it been a SYN, with a RST in the name of whom it was for (RFC 9293
 * 3.10.7.1), within the rate of ICMP errors. `about` is as it arrived and stays the caller's. Worker.
 */
void tcp_unknown_answer(struct worker *worker, struct rte_mbuf *about);

#endif
