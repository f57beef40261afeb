/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the pinhole table. */
#ifndef FLOW_PINHOLE_PRIV_H
#define FLOW_PINHOLE_PRIV_H

#include <rte_hash.h>

#include "pinhole.h"

enum { PINHOLE_STRIPES = 256 };

struct pinhole_stripe {
	rte_spinlock_t lock;
} __rte_cache_aligned;

struct pinhole_table {
	struct rte_hash *hash;
	struct pool *pool;
	struct flow_table *flows;
	uint32_t sweep_index; /* control lcore */
	_Atomic uint32_t media; /* gauge: open pinholes of a media class */
	/*
	 * A bit a destination port (network order) that a signalling pinhole ever stood for; never
	 * cleared. Most flows go to ports that have none, and need no look into the hash for it.
	 */
	_Atomic uint64_t signalling_ports[(UINT16_MAX + 1) / 64];
	struct pinhole_stripe stripe[PINHOLE_STRIPES];
};

static inline bool pinhole_class_is_media(enum pinhole_class class)
{
	return class == PINHOLE_RTP || class == PINHOLE_RTCP;
}

#endif
