/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of one (outside address, protocol): who holds each, and which are free.
 *
 * A port's word is 0 (nobody), PORT_RESERVED (taken, but nobody is to be found: being made, waiting
 * for its grace period, or not allocatable) or the index of its binding. Free ports are bits, one
 * bitmap for even and one for odd ports, so that a parity and a range (below 1024, from 1024) are
 * whole words: a class. Taking a bit takes the port; the word is its owner's to write.
 *
 * "Full" is exact. The free ports of the four classes are counted in one word, so that one load
 * tells of all. A chooser first takes a ticket (count - 1) and then looks for its bit, which is sure
 * to exist; who wants one particular port takes the bit first and the count after, which may leave
 * the count below 0 and one ticket without a port: whoever fails to find a bit then gives its ticket
 * back. The summary (a bit per word that may have a free port) is a hint; the last resort looks at
 * every word.
 *
 * Synchronization: every function from any thread, except port_map_allow().
 */
#ifndef NAT_PORT_MAP_PRIV_H
#define NAT_PORT_MAP_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "core/random.h"

#define PORT_RESERVED UINT32_MAX

enum {
	PORTS = 65536,
	PORT_LOW_END = 1024, /* RFC 4787 REQ-3: ports below stay below */
	PORT_WORDS = PORTS / 2 / 64,
	PORT_CLASSES = 4, /* (range << 1 | parity) */
	/* Keeps a count that is below 0 for a moment (by one a thread at most) out of the next. */
	COUNT_BIAS = 256,
};

struct port_map {
	_Atomic uint32_t word[PORTS];
	/* Bit port >> 1 of the port's parity: free. */
	_Atomic uint64_t free[2][PORT_WORDS] __rte_cache_aligned;
	_Atomic uint64_t summary[2][PORT_WORDS / 64] __rte_cache_aligned;
	_Atomic uint64_t counts __rte_cache_aligned; /* 16 bits a class: free ports + COUNT_BIAS */
	uint32_t allocatable; /* immutable after bring-up */
};

/** Begin with a zeroed map: nothing is allocatable. Bring-up. */
void port_map_init(struct port_map *map);

/** Make first .. last allocatable (again: nothing changes). Bring-up, before any claim. */
void port_map_allow(struct port_map *map, uint16_t first, uint16_t last);

/** Take a port out of the allocatable ones for good. Bring-up, before any claim. */
void port_map_forbid(struct port_map *map, uint16_t port);

/** Take this very port when it is free. Its word is PORT_RESERVED then. */
bool port_map_claim(struct port_map *map, uint16_t port);

/**
 * Take `port` when free, else a random one of its range and parity, else of its range, else (from
 * the low range only) of the high one. `identifiers`: ICMP, where any number is as good as another.
 * The port (0 .. 65535), or -EADDRNOTAVAIL when none of these is free.
 */
int port_map_choose(struct port_map *map, struct random *random, uint16_t port, bool identifiers);

/** Take `port` and the next when both are free, else a random such pair of the same parity, in the
 *  same range or above. The first port, or -EADDRNOTAVAIL. */
int port_map_choose_pair(struct port_map *map, struct random *random, uint16_t port);

/** Give a taken port back. */
void port_map_release(struct port_map *map, uint16_t port);

/** Allocatable ports that are taken; exact when nobody is allocating. */
uint32_t port_map_used(const struct port_map *map);

/** Binding index found at a port; 0: none. */
static inline uint32_t
port_map_at(const struct port_map *map, uint16_t port)
{
	/* acquire: pairs with the release in port_map_publish(); the binding is complete */
	uint32_t index = atomic_load_explicit(&map->word[port], memory_order_acquire);

	return index == PORT_RESERVED ? 0 : index;
}

/** Make the binding of a taken port findable. */
static inline void
port_map_publish(struct port_map *map, uint16_t port, uint32_t index)
{
	/* release: pairs with port_map_at() */
	atomic_store_explicit(&map->word[port], index, memory_order_release);
}

/** The binding is not to be found any more; the port stays taken. */
static inline void
port_map_hide(struct port_map *map, uint16_t port)
{
	atomic_store_explicit(&map->word[port], PORT_RESERVED, memory_order_relaxed);
}

#endif
