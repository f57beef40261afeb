/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes of a TCP stream became which: sequence numbers as the sender has them ("in") to those that
 * the receiver gets ("out"), and back, while somebody may still speak of them.
 *
 * Marks lie at the borders of pieces that were replaced as a whole. Between two marks a piece is either as
 * long out as in, and then each byte has its own number, or it is not: then it stands and falls as one.
 *
 * Synchronization: none; a map belongs to one thread.
 */
#ifndef NET_SPLICE_MAP_H
#define NET_SPLICE_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum { SPLICE_MARKS = 32 };

struct splice_map {
	struct splice_mark {
		uint32_t in, out;
	} mark[SPLICE_MARKS]; /* in order; the first is where what may be spoken of begins */
	uint32_t marks; /* 1 or more */
};

/** Both numberings begin here. */
void splice_map_begin(struct splice_map *map, uint32_t in, uint32_t out);

/** The next `in` bytes became `out` bytes. False: too many pieces stand, nothing was added. */
bool splice_map_add(struct splice_map *map, uint32_t in, uint32_t out);

/** Would splice_map_add() add them? */
bool splice_map_takes(const struct splice_map *map, uint32_t in, uint32_t out);

/** Nobody speaks of what is before this number any more. */
void splice_map_forget(struct splice_map *map, uint32_t out);

/** The furthest number of the sender all of whose bytes are before this number of the receiver. */
uint32_t splice_map_in(const struct splice_map *map, uint32_t out);

/** The first number of the sender whose byte, or piece, begins at this number of the receiver or after it. */
uint32_t splice_map_in_ceiling(const struct splice_map *map, uint32_t out);

/** The piece, or byte, of the sender that begins at or before (after) `in`, as the receiver numbers it. */
uint32_t splice_map_out_floor(const struct splice_map *map, uint32_t in);
uint32_t splice_map_out_ceiling(const struct splice_map *map, uint32_t in);

/** Where the map ends: the numbers of the next bytes. */
static inline struct splice_mark
splice_map_end(const struct splice_map *map)
{
	return map->mark[map->marks - 1];
}

#endif
