/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of one (outside address, protocol): who holds each, and which are free.
 *
 * A port's word is 0 (nobody), PORT_RESERVED (taken, but nobody is to be found: being made, waiting
 * for its grace period, or not allocatable), PORT_HELD with a place in the queue of held ports, or the
 * index of its binding. Free ports are bits, one
 * bitmap for even and one for odd ports, so that a parity and a range (below 1024, from 1024) are
 * whole words: a class. Taking a bit takes the port; the word is its owner's to write.
 *
 * Held ports (RFC 6888 REQ-8): a port whose last user has gone may rest before it is free again. The
 * queue of those that rest runs through their words, oldest first, so it takes no memory of its own.
 *
 * "Full" is exact. The free ports of the four classes are counted in one word, so that one load
 * tells of all. A chooser first takes a ticket (count - 1) and then looks for its bit, which is sure
 * to exist; who wants one particular port takes the bit first and the count after, which may leave
 * the count below 0 and one ticket without a port: whoever fails to find a bit then gives its ticket
 * back. The summary (a bit per word that may have a free port) is a hint; the last resort looks at
 * every word.
 *
 * Synchronization: every function from any thread, but for those of bring-up and of the queue of held
 * ports, which is the control lcore's.
 */
#ifndef NAT_PORT_MAP_PRIV_H
#define NAT_PORT_MAP_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "core/random.h"

#define PORT_RESERVED UINT32_MAX
/* Of a port that rests: this bit, the second in which it began (15 bits), the next port (16 bits). */
#define PORT_HELD (UINT32_C(1) << 31)

enum {
	PORT_HOLD_MAX_S = 3600, /* what its 15 bits tell apart, and room to be late */
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
	/* immutable after bring-up */
	uint32_t allocatable __rte_cache_aligned;
	struct {
		uint16_t first, end;
	} places[2]; /* by range: where any ports are, port >> 1; uint16_t, for they end at 32768 */
	uint32_t hold_max; /* ports that may rest at one time */
	/* control lcore; `held` is read by gauges, too */
	uint16_t hold_first, hold_last;
	_Atomic uint32_t held;
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

/**
 * Take `port` (pair: and the next) when it is among `first` .. `first + size - 1` and free, else a random
 * one of its parity among these, which nobody else takes from: a block, its size a power of two from 64
 * on and `first` a multiple of it. The port, or -EADDRNOTAVAIL.
 */
int port_map_choose_within(struct port_map *map, struct random *random, uint16_t port,
	uint16_t first, uint32_t size, bool pair);

/** Give a taken port back. */
void port_map_release(struct port_map *map, uint16_t port);

/** Let at most this share of the allocatable ports rest. Bring-up, after everything is allowed and
 *  forbidden. */
void port_map_hold_percent(struct port_map *map, uint32_t percent);

/** As port_map_release(), but let the port rest from now on; when too many do, the one that has
 *  rested longest is free at once. Control lcore. */
void port_map_hold(struct port_map *map, uint16_t port, uint32_t now_s);

/** Free what has rested for `hold_s` seconds (PORT_HOLD_MAX_S at most), `budget` ports at most.
 *  Control lcore. */
void port_map_hold_end(struct port_map *map, uint32_t now_s, uint32_t hold_s, uint32_t budget);

/** Allocatable ports that are taken, those that rest apart; exact when nobody is allocating. */
uint32_t port_map_used(const struct port_map *map);

/** Ports that are free. Any thread. */
uint32_t port_map_free(const struct port_map *map);

/** Ports that rest. Any thread. */
static inline uint32_t
port_map_held(const struct port_map *map)
{
	return atomic_load_explicit(&map->held, memory_order_relaxed);
}

/** Binding index found at a port; 0: none. */
static inline uint32_t
port_map_at(const struct port_map *map, uint16_t port)
{
	/* acquire: pairs with the release in port_map_publish(); the binding is complete */
	uint32_t index = atomic_load_explicit(&map->word[port], memory_order_acquire);

	/* PORT_RESERVED has this bit, too */
	return index & PORT_HELD ? 0 : index;
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
