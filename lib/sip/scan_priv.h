/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding bytes in text. SSE2 is part of every x86-64, so it is used without a run-time choice: a
 * SIP line is about 40 bytes, two or three loads, and a call through a pointer to a wider version
 * would cost more than it saves. Elsewhere plain C.
 *
 * Nothing here reads outside [p, end): the last block of a long range is loaded so that it ends at
 * `end` and what was already seen is shifted out; a range under 16 bytes goes byte by byte.
 */
#ifndef SIP_SCAN_PRIV_H
#define SIP_SCAN_PRIV_H

#include "sip/slice.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	SCAN_LWS = 1,	/* SP, HT, CR, LF */
	SCAN_TOKEN = 2, /* RFC 3261 25.1 token */
	SCAN_HOST = 4,	/* letters, digits, - . _ and bytes a resolver may be asked for */
	SCAN_DIGIT = 8,
	SCAN_IPV6 = 16, /* hex digits : . % and a zone's letters are refused */
	SCAN_SCHEME = 32,
};
extern const uint8_t scan_class[256];

static inline bool
scan_is(char byte, uint8_t class)
{
	return (scan_class[(uint8_t)byte] & class) != 0;
}

#ifdef __SSE2__
static inline uint32_t
scan_block(const char *p, char a, char b, char c, char d)
{
	const __m128i block = _mm_loadu_si128((const __m128i *)p);
	const __m128i ab = _mm_or_si128(
		_mm_cmpeq_epi8(block, _mm_set1_epi8(a)), _mm_cmpeq_epi8(block, _mm_set1_epi8(b)));
	const __m128i cd = _mm_or_si128(
		_mm_cmpeq_epi8(block, _mm_set1_epi8(c)), _mm_cmpeq_epi8(block, _mm_set1_epi8(d)));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(ab, cd));
}
#endif

/* First of four bytes (repeat one to look for fewer), or end. */
static inline __attribute__((always_inline)) const char *
scan_four(const char *p, const char *end, char a, char b, char c, char d)
{
#ifdef __SSE2__
	const char *const start = p;
	uint32_t hits;

	for (; end - p >= 16; p += 16) {
		hits = scan_block(p, a, b, c, d);
		if (hits != 0)
			return p + __builtin_ctz(hits);
	}
	if (end - start >= 16) {
		hits = scan_block(end - 16, a, b, c, d) >> (16 - (end - p));
		return hits != 0 ? p + __builtin_ctz(hits) : end;
	}
#endif
	for (; p < end; p++) {
		if (*p == a || *p == b || *p == c || *p == d)
			return p;
	}
	return end;
}

static inline __attribute__((always_inline)) const char *
scan_two(const char *p, const char *end, char a, char b)
{
	return scan_four(p, end, a, b, a, b);
}

/* End of the line: CRLF, LF alone, and CR alone, which some senders write. */
static inline const char *
scan_line_end(const char *p, const char *end)
{
	return scan_two(p, end, '\r', '\n');
}

/* Past the line end at p. */
static inline const char *
scan_line_next(const char *p, const char *end)
{
	if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
		return p + 2;
	return p < end ? p + 1 : end;
}

static inline const char *
scan_space(const char *p, const char *end)
{
	while (p < end && scan_is(*p, SCAN_LWS))
		p++;
	return p;
}

static inline const char *
scan_class_end(const char *p, const char *end, uint8_t class)
{
	while (p < end && scan_is(*p, class))
		p++;
	return p;
}

static inline struct slice
scan_trim(const char *p, const char *end)
{
	while (p < end && scan_is(*p, SCAN_LWS))
		p++;
	while (p < end && scan_is(end[-1], SCAN_LWS))
		end--;
	return slice_of(p, end);
}

/* From an opening quote to past the closing one, escapes respected; NULL: never closed. */
const char *scan_quoted(const char *p, const char *end);

/* From '(' to past its ')', nested and escaped as in RFC 3261 25.1 comment; NULL: never closed. */
const char *scan_comment(const char *p, const char *end);

#endif
