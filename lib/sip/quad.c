/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The patterns of dotted quads, and a slice as a quad.
 */
#include "sip/usual_priv.h"

#ifdef USUAL_X86
#include "sip/quad_priv.h"

/* Dots and end, for octets of a, b, c and d digits. */
#define PATTERN(a, b, c, d) \
	(1 << (a) | 1 << ((a) + (b) + 1) | 1 << ((a) + (b) + (c) + 2) | \
		1 << ((a) + (b) + (c) + (d) + 3))

/* Of an octet that begins at `at`; 0x80: a zero. */
#define HUNDREDS(at, length) ((length) == 3 ? (at) : 0x80)
#define TENS(at, length)     ((length) >= 2 ? (at) + (length)-2 : 0x80)
#define OCTET(at, length)    HUNDREDS(at, length), TENS(at, length), (at) + (length)-1, 0x80
#define LEAST(length)        ((length) == 3 ? 100 : (length) == 2 ? 10 : 0)

#define QUAD(a, b, c, d) \
	[QUAD_HASH(PATTERN(a, b, c, d))] = { \
		{OCTET(0, a), OCTET((a) + 1, b), OCTET((a) + (b) + 2, c), \
			OCTET((a) + (b) + (c) + 3, d)}, \
		{LEAST(a), LEAST(b), LEAST(c), LEAST(d)}, \
		PATTERN(a, b, c, d), \
		0, \
	},
#define QUADS1(a, b, c) QUAD(a, b, c, 1) QUAD(a, b, c, 2) QUAD(a, b, c, 3)
#define QUADS2(a, b)    QUADS1(a, b, 1) QUADS1(a, b, 2) QUADS1(a, b, 3)
#define QUADS3(a)       QUADS2(a, 1) QUADS2(a, 2) QUADS2(a, 3)

const struct quad_pattern quad_patterns[QUAD_SLOTS] = {QUADS3(1) QUADS3(2) QUADS3(3)};

const uint8_t usual_moves[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x80, 0x80,
	0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};

#define TWICE(x)   x, x
#define FOUR(x)    TWICE(x), TWICE(x)
#define EIGHT(x)   FOUR(x), FOUR(x)
#define SIXTEEN(x) EIGHT(x), EIGHT(x)

const struct usual_constants usual_constants = {
	.zero_digit = {SIXTEEN('0')},
	.nine = {SIXTEEN(9)},
	.dot = {SIXTEEN('.')},
	.space = {SIXTEEN(' ')},
	.weights = {100, 10, 1, 0, 100, 10, 1, 0, 100, 10, 1, 0, 100, 10, 1, 0},
	.ones = {EIGHT(1)},
	.octet_most = {FOUR(255)},
	/* Where there is none, one of another lower half. */
	.stops = {1, 0, '"', 0, 0, 0, 0, 0, '(', 0, 0, ';', ',', 0, 0, 0},
};

USUAL bool
usual_quad(struct slice slice, uint32_t *address)
{
	uint32_t quad, length;
	uint64_t first, last;

	/* The first eight bytes and the last, those of them shifted out that are in both. */
	if (slice.length < 8 || slice.length > 15)
		return false;
	memcpy(&first, slice.at, sizeof(first));
	memcpy(&last, slice.at + slice.length - 8, sizeof(last));
	last = last >> 8 * (15 - slice.length) >> 8;
	if (!quad_begins(_mm_set_epi64x((int64_t)last, (int64_t)first), &quad, &length) ||
		length != slice.length)
		return false;
	*address = quad;
	return true;
}
#else
_Static_assert(USUAL_ON != USUAL_OFF, "no AVX2 here: the general readers read everything");
#endif
