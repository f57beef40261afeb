/* SPDX-License-Identifier: BSD-3-Clause */
/* Port choice over the free bitmaps; port_map_priv.h has the overview and the proof of "full". */
#include <errno.h>

#include <rte_pause.h>
#include <rte_prefetch.h>

#include "port_map_priv.h"

#define ALL UINT64_MAX /* bits of a word */

/* A ticket holder looks this often before it answers "full"; it needs more than one look only while
 * another thread stands between taking a particular port's bit and counting it. */
enum { SCANS_MAX = 64 };

/* Which classes to try after a port's own, best first. */
static const struct {
	uint8_t count, class[PORT_CLASSES];
} fallback[PORT_CLASSES] = {
	{4, {0, 1, 2, 3}}, /* low, even */
	{4, {1, 0, 3, 2}}, /* low, odd */
	{2, {2, 3}}, /* high, even */
	{2, {3, 2}}, /* high, odd */
};
static const uint8_t fallback_identifiers[PORT_CLASSES][PORT_CLASSES] = {
	{0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};

static unsigned int
class_of(uint16_t port)
{
	return (port >= PORT_LOW_END) << 1 | (port & 1);
}

/* Set a port's bit and say so in the summary. */
static void
bit_set(struct port_map *map, uint16_t port)
{
	unsigned int parity = port & 1, k = port >> 7;

	/* seq_cst both: with those in bit_take(), a word that gains a bit while it is being taken
	 * for empty ends with its summary bit set */
	atomic_fetch_or(&map->free[parity][k], UINT64_C(1) << (port >> 1 & 63));
	atomic_fetch_or(&map->summary[parity][k >> 6], UINT64_C(1) << (k & 63));
}

/* The port's word is for the caller to hide: last of all, for its line is seldom at hand and a
 * locked instruction behind the store would wait for it. */
static bool
bit_take(struct port_map *map, uint16_t port)
{
	unsigned int parity = port & 1, k = port >> 7;
	uint64_t mask = UINT64_C(1) << (port >> 1 & 63), before;

	if (!(atomic_load_explicit(&map->free[parity][k], memory_order_relaxed) & mask))
		return false;
	rte_prefetch0_write(&map->word[port]);
	before = atomic_fetch_and(&map->free[parity][k], ~mask);
	if (!(before & mask))
		return false;
	if (before == mask) {
		uint64_t bit = UINT64_C(1) << (k & 63);

		atomic_fetch_and(&map->summary[parity][k >> 6], ~bit);
		if (atomic_load(&map->free[parity][k]))
			atomic_fetch_or(&map->summary[parity][k >> 6], bit);
	}
	return true;
}

static int32_t
count_of(uint64_t counts, unsigned int class)
{
	return (int32_t)(counts >> 16 * class & UINT16_MAX) - COUNT_BIAS;
}

static void
count_add(struct port_map *map, unsigned int class, int64_t n)
{
	/* release: pairs with ticket_take(); a port that is counted has its bit set */
	atomic_fetch_add_explicit(
		&map->counts, (uint64_t)(n * (INT64_C(1) << 16 * class)), memory_order_release);
}

/* Take a ticket of the first of these classes that has a free port; -1: at one moment none had. */
static int
ticket_take(struct port_map *map, const uint8_t *classes, unsigned int count)
{
	/* acquire, here and below: pairs with count_add() */
	uint64_t counts = atomic_load_explicit(&map->counts, memory_order_acquire);

	for (;;) {
		unsigned int i = 0;

		while (i < count && count_of(counts, classes[i]) <= 0)
			i++;
		if (i == count)
			return -1;
		if (atomic_compare_exchange_weak_explicit(&map->counts, &counts,
			    counts - (UINT64_C(1) << 16 * classes[i]), memory_order_acquire,
			    memory_order_acquire))
			return classes[i];
	}
}

/* Give the ticket back when there are more tickets than ports. */
static bool
ticket_surplus(struct port_map *map, unsigned int class)
{
	uint64_t counts = atomic_load_explicit(&map->counts, memory_order_relaxed);

	while (count_of(counts, class) < 0)
		if (atomic_compare_exchange_weak_explicit(&map->counts, &counts,
			    counts + (UINT64_C(1) << 16 * class), memory_order_relaxed,
			    memory_order_relaxed))
			return true;
	return false;
}

/* First word at or after `k` that may have a free port of this parity; `end` when none. */
static unsigned int
next_word(const struct port_map *map, unsigned int parity, unsigned int k, unsigned int end)
{
	while (k < end) {
		uint64_t s =
			atomic_load_explicit(&map->summary[parity][k >> 6], memory_order_relaxed) >>
			(k & 63);

		if (s) {
			k += (unsigned int)__builtin_ctzll(s);
			return k < end ? k : end;
		}
		k = (k | 63) + 1;
	}
	return end;
}

/* Ports of word k with this parity that are free, as bits; with `pair`, whose next is free too. */
static uint64_t
candidates(const struct port_map *map, unsigned int parity, unsigned int k, bool pair)
{
	uint64_t own = atomic_load_explicit(&map->free[parity][k], memory_order_relaxed), next;

	if (!pair || !own)
		return own;
	next = atomic_load_explicit(&map->free[!parity][k], memory_order_relaxed);
	if (parity) {
		/* after odd port 2i + 1 comes even port 2(i + 1) */
		next >>= 1;
		if (k + 1 < PORT_WORDS)
			next |= atomic_load_explicit(&map->free[0][k + 1], memory_order_relaxed)
				<< 63;
	}
	return own & next;
}

/* Take this port and the next, or neither. */
static bool
pair_take(struct port_map *map, uint16_t port)
{
	uint16_t next = (uint16_t)(port + 1);

	if (!bit_take(map, port))
		return false;
	if (!bit_take(map, next)) {
		/* not counted yet: like a chooser who was between the two steps */
		bit_set(map, port);
		return false;
	}
	/* release: as in count_add(), both at once; they are of two classes */
	atomic_fetch_sub_explicit(&map->counts,
		UINT64_C(1) << 16 * class_of(port) | UINT64_C(1) << 16 * class_of(next),
		memory_order_release);
	port_map_hide(map, port);
	port_map_hide(map, next);
	return true;
}

/* One of these bits, each as likely as the others: the one that `chance` hits, or else one by rank. */
static unsigned int
bit_choose(uint64_t bits, uint32_t chance)
{
	unsigned int rank;

	if (bits >> (chance & 63) & 1)
		return chance & 63;
	rank = (unsigned int)((uint64_t)chance * (unsigned int)__builtin_popcountll(bits) >> 32);
	while (rank--)
		bits &= bits - 1;
	return (unsigned int)__builtin_ctzll(bits);
}

/* Take a free port (pair: it and its successor) out of word k, any that is in the mask; -1: none. */
static int
word_take(struct port_map *map, unsigned int parity, unsigned int k, uint64_t mask, uint32_t chance,
	bool pair)
{
	uint64_t bits;

	while ((bits = candidates(map, parity, k, pair) & mask)) {
		unsigned int bit = bit_choose(bits, chance);
		uint16_t port = (uint16_t)(k << 7 | bit << 1 | parity);

		if (pair) {
			if (pair_take(map, port))
				return port;
		} else if (bit_take(map, port)) {
			port_map_hide(map, port);
			return port;
		}
		/* somebody was faster: go on with the others */
		mask &= ~(UINT64_C(1) << bit);
	}
	return -1;
}

/* Search a class from a random word on, around and back to it. */
static int
class_take(struct port_map *map, struct random *random, unsigned int class, bool pair)
{
	uint32_t first_place = map->places[class >> 1].first,
		 end_place = map->places[class >> 1].end;
	uint64_t number = random_next(random);
	uint32_t chance = (uint32_t)number;
	unsigned int parity = class & 1, first = first_place / 64, end = (end_place + 63) / 64;
	unsigned int start_word =
		(unsigned int)(first_place + ((number >> 32) * (end_place - first_place) >> 32)) /
		64;
	unsigned int k;
	int port;

	if (first_place == end_place)
		return -1;
	if ((port = word_take(map, parity, start_word, ALL, chance, pair)) >= 0)
		return port;
	for (k = next_word(map, parity, start_word + 1, end); k < end;
		k = next_word(map, parity, k + 1, end))
		if ((port = word_take(map, parity, k, ALL, chance, pair)) >= 0)
			return port;
	for (k = next_word(map, parity, first, start_word); k < start_word;
		k = next_word(map, parity, k + 1, start_word))
		if ((port = word_take(map, parity, k, ALL, chance, pair)) >= 0)
			return port;
	/* The summary may be a moment behind. */
	for (k = first; k < end; k++)
		if ((port = word_take(map, parity, k, ALL, chance, pair)) >= 0)
			return port;
	return -1;
}

void
port_map_init(struct port_map *map)
{
	for (unsigned int class = 0; class < PORT_CLASSES; class ++)
		count_add(map, class, COUNT_BIAS);
}

void
port_map_allow(struct port_map *map, uint16_t first, uint16_t last)
{
	for (uint32_t port = first; port <= last; port++) {
		unsigned int range = port >= PORT_LOW_END;
		uint16_t place = (uint16_t)(port >> 1);

		if (atomic_load(&map->free[port & 1][port >> 7]) & UINT64_C(1) << (place & 63))
			continue;
		bit_set(map, (uint16_t)port);
		count_add(map, class_of((uint16_t)port), 1);
		map->allocatable++;
		if (map->places[range].end == 0)
			map->places[range].first = place;
		map->places[range].first = RTE_MIN(map->places[range].first, place);
		map->places[range].end = (uint16_t)RTE_MAX(map->places[range].end, place + 1);
	}
}

void
port_map_forbid(struct port_map *map, uint16_t port)
{
	if (port_map_claim(map, port))
		map->allocatable--;
	port_map_hide(map, port);
}

bool
port_map_claim(struct port_map *map, uint16_t port)
{
	if (!bit_take(map, port))
		return false;
	count_add(map, class_of(port), -1);
	port_map_hide(map, port);
	return true;
}

int
port_map_choose(struct port_map *map, struct random *random, uint16_t port, bool identifiers)
{
	unsigned int own = class_of(port);
	const uint8_t *classes = identifiers ? fallback_identifiers[own] : fallback[own].class;
	unsigned int count = identifiers ? PORT_CLASSES : fallback[own].count;
	int class = ticket_take(map, classes, count);

	for (unsigned int scans = 0; class >= 0; scans++) {
		int chosen;

		if ((unsigned int)class == own && bit_take(map, port)) {
			port_map_hide(map, port);
			return port;
		}
		chosen = class_take(map, random, (unsigned int)class, false);
		if (chosen >= 0)
			return chosen;
		if (scans == SCANS_MAX) {
			count_add(map, (unsigned int)class, 1);
			break;
		}
		if (ticket_surplus(map, (unsigned int)class))
			class = ticket_take(map, classes, count);
		else
			rte_pause();
	}
	return -EADDRNOTAVAIL;
}

int
port_map_choose_pair(struct port_map *map, struct random *random, uint16_t port)
{
	unsigned int own = class_of(port);
	int chosen;

	if (port < PORTS - 1 && pair_take(map, port))
		return port;
	for (unsigned int class = own; class < PORT_CLASSES; class += 2) {
		/* cheap answer for a class that is used up */
		if (count_of(atomic_load_explicit(&map->counts, memory_order_relaxed), class) <= 0)
			continue;
		chosen = class_take(map, random, class, true);
		if (chosen >= 0)
			return chosen;
	}
	return -EADDRNOTAVAIL;
}

int
port_map_choose_within(struct port_map *map, struct random *random, uint16_t port, uint16_t first,
	uint32_t size, bool pair)
{
	unsigned int parity = port & 1, words = size > 128 ? size / 128 : 1, start;
	uint64_t mask = size < 128 ? ((UINT64_C(1) << size / 2) - 1) << (first >> 1 & 63) : ALL;
	uint64_t last = UINT64_C(1) << (size < 128 ? (first >> 1 & 63) + size / 2 - 1 : 63);
	uint64_t number = random_next(random);
	int chosen = -1;

	if ((uint16_t)(port - first) < size - pair &&
		(pair ? pair_take(map, port) : port_map_claim(map, port)))
		return port;
	start = (unsigned int)((number >> 32) * words >> 32);
	for (unsigned int i = 0; i < words && chosen < 0; i++) {
		unsigned int k = (start + i) % words;
		/* the last odd port has no successor here */
		bool ends = pair && parity && k == words - 1;

		chosen = word_take(map, parity, (first >> 7) + k, ends ? mask & ~last : mask,
			(uint32_t)number, pair);
	}
	if (chosen >= 0 && !pair)
		count_add(map, class_of((uint16_t)chosen), -1);
	return chosen < 0 ? -EADDRNOTAVAIL : chosen;
}

void
port_map_release(struct port_map *map, uint16_t port)
{
	atomic_store_explicit(&map->word[port], 0, memory_order_relaxed);
	bit_set(map, port);
	count_add(map, class_of(port), 1);
}

void
port_map_hold_percent(struct port_map *map, uint32_t percent)
{
	map->hold_max = map->allocatable * percent / 100;
}

/* The port that has rested longest is free. */
static void
hold_pop(struct port_map *map)
{
	uint16_t port = map->hold_first;

	map->hold_first = (uint16_t)atomic_load_explicit(&map->word[port], memory_order_relaxed);
	atomic_fetch_sub_explicit(&map->held, 1, memory_order_relaxed);
	port_map_release(map, port);
}

void
port_map_hold(struct port_map *map, uint16_t port, uint32_t now_s)
{
	_Atomic uint32_t *last;

	if (map->hold_max == 0) {
		port_map_release(map, port);
		return;
	}
	if (port_map_held(map) == map->hold_max)
		hold_pop(map);
	/* relaxed, all words: nobody else writes that of a port which is taken */
	atomic_store_explicit(
		&map->word[port], PORT_HELD | (now_s & 0x7fff) << 16, memory_order_relaxed);
	if (port_map_held(map) == 0) {
		map->hold_first = port;
	} else {
		last = &map->word[map->hold_last];
		atomic_store_explicit(last, atomic_load_explicit(last, memory_order_relaxed) | port,
			memory_order_relaxed);
	}
	map->hold_last = port;
	atomic_fetch_add_explicit(&map->held, 1, memory_order_relaxed);
}

void
port_map_hold_end(struct port_map *map, uint32_t now_s, uint32_t hold_s, uint32_t budget)
{
	while (budget-- && port_map_held(map)) {
		uint32_t word =
			atomic_load_explicit(&map->word[map->hold_first], memory_order_relaxed);

		if (((now_s - (word >> 16)) & 0x7fff) < hold_s)
			break;
		hold_pop(map);
	}
}

uint32_t
port_map_free(const struct port_map *map)
{
	uint64_t counts = atomic_load_explicit(&map->counts, memory_order_relaxed);
	int32_t free = 0;

	for (unsigned int class = 0; class < PORT_CLASSES; class ++)
		free += count_of(counts, class);
	return free > 0 ? (uint32_t)free : 0;
}

uint32_t
port_map_used(const struct port_map *map)
{
	uint32_t out = port_map_free(map) + port_map_held(map);

	return out < map->allocatable ? map->allocatable - out : 0;
}
