/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers for ports and choices: a keyed hash in counter mode, so a peer that sees one
 * port cannot foretell the next (RFC 6056), and a replay with --seed repeats itself.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t stream; /* which thread */
	uint64_t counter;
};

/** Next 64 random bits; owning thread. */
uint64_t random_next(struct random *random);

/** Uniform in 0 .. bound - 1 (bound > 0), without division; owning thread. */
static inline uint32_t
random_below(struct random *random, uint32_t bound)
{
	return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

#endif
