/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP for callgate itself: echo replies, and errors about packets it cannot forward. RFC 792,
 * 1122 3.2.2, 1812 4.3 (what must not be answered, rate limit, quote as much as fits 576 bytes),
 * 5508 section 7 (the DS field is that of the packet the error is about).
 */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include "neighbour.h"
#include "route.h"

/* Types and codes of the errors callgate sends (RFC 792, 1812). */
enum {
	ICMP_UNREACHABLE = 3,
	ICMP_CODE_NET = 0,
	ICMP_CODE_HOST = 1,
	ICMP_CODE_PROTOCOL = 2,
	ICMP_CODE_PORT = 3,
	ICMP_CODE_FRAGMENTATION_NEEDED = 4,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_CODE_TTL = 0,
};

/* Token bucket for errors, one a worker; zero-initialised lets none pass. */
struct icmp_limiter {
	uint64_t filled_ms;
	uint32_t per_second; /* half of them at once */
	uint32_t tokens;
};

/** A full bucket for this many errors a second; 0: none at all. Bring-up. */
void icmp_limiter_init(struct icmp_limiter *limiter, uint32_t per_second);

/** May one more be sent now? Its worker. */
bool icmp_limiter_take(struct icmp_limiter *limiter, uint64_t now_ms);

/** Consumes the packet: answers echo requests in place, counts the rest. Worker. */
void icmp_local(struct thread *self, struct net_output *output, const struct route_table *routes,
	struct rte_mbuf *mbuf);

struct icmp_error {
	uint8_t type, code;
	uint16_t mtu; /* type 3 code 4: MTU of the next hop, host order; else 0 */
};

/**
 * Send an ICMP error about `about`, which is still as it arrived and stays the caller's. Never
 * about ICMP errors, fragments other than the first, broadcast or multicast, or a source that is
 * no single host; counted when limited. The limiter is the worker's own. Worker.
 */
void icmp_error_send(struct thread *self, struct net_output *output,
	const struct route_table *routes, struct icmp_limiter *limiter, struct rte_mbuf *about,
	struct icmp_error error);

#endif
