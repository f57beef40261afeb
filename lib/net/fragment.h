/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 fragmentation on the way out, RFC 791 section 2.3 and 3.2. Fragments are copies in single
 * mbufs, because not every driver sends chained ones.
 */
#ifndef NET_FRAGMENT_H
#define NET_FRAGMENT_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "core/limits.h"

enum { FRAGMENTS_MAX = DATAGRAM_FRAGMENTS_MAX };

/**
 * Split the IPv4 packet at `ip_offset` of `mbuf` (flat or chained; stays the caller's) into at most
 * FRAGMENTS_MAX packets of at most `mtu` bytes. A packet that is a fragment itself is split further.
 * Each result starts with its IPv4 header, checksum set, with the usual head room before it.
 * Returns how many; -ENOMEM, or -EINVAL when `mtu` is too small for the packet. Worker.
 */
int fragment_split(const struct rte_mbuf *mbuf, uint16_t ip_offset, uint16_t mtu,
	struct rte_mempool *mempool, struct rte_mbuf **fragments);

#endif
