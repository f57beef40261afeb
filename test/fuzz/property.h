/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the harnesses have in common: a property that does not hold ends the program, so that
 * libFuzzer, a replay and a test each see it in their own way. Random numbers come from the input
 * alone, so that an input that fails once fails always.
 */
#ifndef FUZZ_PROPERTY_H
#define FUZZ_PROPERTY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sip/slice.h"

#define PROPERTY(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
				#condition); \
			abort(); \
		} \
	} while (0)

/* A slice lies in another, or is absent. */
static inline void
property_within(struct slice inner, struct slice outer)
{
	if (inner.at == NULL) {
		PROPERTY(inner.length == 0);
		return;
	}
	PROPERTY(inner.at >= outer.at && inner.length <= outer.length);
	PROPERTY((size_t)(inner.at - outer.at) <= outer.length - inner.length);
}

/* Both are absent, or the same bytes at the same place. */
static inline void
property_same(struct slice a, struct slice b)
{
	PROPERTY(a.at == b.at && a.length == b.length);
}

static inline uint32_t
fuzz_random(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(((*state >> 32) * below) >> 32);
}

/* FNV-1a */
static inline uint64_t
fuzz_random_begin(const void *bytes, size_t length)
{
	uint64_t state = 14695981039346656037u;

	for (size_t i = 0; i < length; i++)
		state = (state ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
	return state;
}

#endif
