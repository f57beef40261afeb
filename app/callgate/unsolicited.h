/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYNs from outside that nobody inside asked for (RFC 5382 REQ-4). They may be half of a simultaneous
 * open whose other half is still to come from the inside, so they are answered late: with port
 * unreachable after six seconds, or not at all if the inside has opened that connection meanwhile.
 */
#ifndef APP_UNSOLICITED_H
#define APP_UNSOLICITED_H

#include "net/packet.h"

enum {
	UNSOLICITED_MAX = 256, /* a worker; more get no answer */
	UNSOLICITED_QUOTE = 60 + 20, /* IPv4 and TCP headers */
};

struct worker;

/* Zero-initialised is empty. Its worker alone. */
struct unsolicited_ring {
	uint32_t first, count;
	struct unsolicited {
		uint64_t due_ms;
		struct packet packet; /* `ip_offset` 0, `ip_length` as much as is quoted */
		uint8_t quote[UNSOLICITED_QUOTE];
	} entry[UNSOLICITED_MAX];
};

/** Drop an unsolicited packet (DROP_NAT_UNSOLICITED); a SYN is noted. Worker. */
void unsolicited_take(struct worker *worker, struct rte_mbuf *mbuf);

/** Answer those whose time has come; how many it looked at. Worker, once a turn. */
unsigned int unsolicited_poll(struct worker *worker);

#endif
