/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dotted quad out of 16 bytes: the places of the dots and of the end are one of 81 patterns; a
 * table says for each how the digits are to be moved to fixed places, where they are multiplied.
 */
#ifndef SIP_QUAD_PRIV_H
#define SIP_QUAD_PRIV_H

#include <immintrin.h>

#include "sip/scan_priv.h"

#define USUAL        __attribute__((target("avx2,bmi,bmi2")))
#define USUAL_INLINE USUAL static inline __attribute__((always_inline))

/* Different for all patterns: found by trying. */
enum { QUAD_SLOTS = 256 };
#define QUAD_HASH(pattern) (((uint32_t)(pattern)*UINT32_C(0x57c4d497)) >> 24)

struct quad_pattern {
	uint8_t move[16]; /* of an octet's four places the hundreds, tens, ones, and one empty */
	uint8_t least[4]; /* that an octet of so many digits is, without zeros before it */
	uint32_t pattern; /* bits of the dots and of what follows the last digit */
	uint64_t unused;
};
extern const struct quad_pattern quad_patterns[QUAD_SLOTS];

/* 16 bytes to take everything as it is, 16 to take zeros. */
extern const uint8_t usual_moves[32];

/* What blocks are compared and multiplied with. */
struct usual_constants {
	uint8_t zero_digit[16], nine[16], dot[16], space[16];
	uint8_t weights[16]; /* of an octet's places */
	uint16_t ones[8];
	uint32_t octet_most[4];
	uint8_t stops[16]; /* by the lower half of a byte, the byte that stops a parameter */
};
extern const struct usual_constants usual_constants __attribute__((aligned(16)));

/* Hidden from the compiler, which would put each of them together out of three instructions instead
 * of taking it from memory as part of the one that needs it. */
USUAL_INLINE const struct usual_constants *
usual_hidden(void)
{
	const struct usual_constants *constants = &usual_constants;

	__asm__("" : "+r"(constants));
	return constants;
}

#define USUAL_CONSTANT(constants, name) _mm_load_si128((const __m128i *)(constants)->name)

/* The text at p, zeros behind its end; 16 bytes before the end may be read. */
USUAL_INLINE __m128i
usual_block(const char *p, const char *end)
{
	if (end - p >= 16)
		return _mm_loadu_si128((const __m128i *)p);
	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(end - 16)),
		_mm_loadu_si128((const __m128i *)(usual_moves + (16 - (end - p)))));
}

/* Does the block begin with a quad? *address in network order. What follows is the caller's to judge,
 * but is no digit and no dot. */
USUAL_INLINE bool
quad_begins(__m128i block, uint32_t *address, uint32_t *length)
{
	const struct usual_constants *const with = usual_hidden();
	const __m128i digits = _mm_sub_epi8(block, USUAL_CONSTANT(with, zero_digit));
	const uint32_t digit = (uint32_t)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_min_epu8(digits, USUAL_CONSTANT(with, nine)), digits));
	const uint32_t dot =
		(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, USUAL_CONSTANT(with, dot)));
	const uint32_t after = ~(digit | dot);
	const uint32_t end = after & -after;
	const uint32_t pattern = (dot & (end - 1)) | end;
	const struct quad_pattern *const known = &quad_patterns[QUAD_HASH(pattern)];

	if (known->pattern != pattern)
		return false;

	const __m128i placed =
		_mm_shuffle_epi8(digits, _mm_loadu_si128((const __m128i *)known->move));
	const __m128i sums =
		_mm_madd_epi16(_mm_maddubs_epi16(placed, USUAL_CONSTANT(with, weights)),
			USUAL_CONSTANT(with, ones));
	uint32_t least;

	memcpy(&least, known->least, sizeof(least));

	const __m128i wrong = _mm_or_si128(_mm_cmpgt_epi32(sums, USUAL_CONSTANT(with, octet_most)),
		_mm_cmpgt_epi32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)least)), sums));

	if (!_mm_testz_si128(wrong, wrong))
		return false;

	const __m128i words = _mm_packs_epi32(sums, sums);

	*address = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(words, words));
	*length = (uint32_t)__builtin_ctz(after);
	return true;
}

#endif
