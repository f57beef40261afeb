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

/* SIP_SCAN_PLAIN: as on a processor that is none of these. */
#if defined(__SSE2__) && !defined(SIP_SCAN_PLAIN)
#define SCAN_SSE2
#include <emmintrin.h>
#endif

enum {
	SCAN_LWS = 1, /* SP, HT, CR, LF */
	SCAN_TOKEN = 2, /* RFC 3261 25.1 token */
	SCAN_HOST = 4, /* letters, digits, - . _ and bytes a resolver may be asked for */
	SCAN_DIGIT = 8,
	SCAN_IPV6 = 16, /* hex digits : . % and a zone's letters are refused */
	SCAN_SCHEME = 32,
	SCAN_VALUE_END = 64, /* what ends a parameter's value: ; and LWS */
	SCAN_NAME_END = 128, /* what ends its name: = ; " and LWS */
};
extern const uint8_t scan_class[256];

static inline bool
scan_is(char byte, uint8_t class)
{
	return (scan_class[(uint8_t)byte] & class) != 0;
}

#ifdef SCAN_SSE2
static inline uint32_t
scan_hits(__m128i block, char a, char b, char c, char d)
{
	const __m128i ab = _mm_or_si128(
		_mm_cmpeq_epi8(block, _mm_set1_epi8(a)), _mm_cmpeq_epi8(block, _mm_set1_epi8(b)));
	const __m128i cd = _mm_or_si128(
		_mm_cmpeq_epi8(block, _mm_set1_epi8(c)), _mm_cmpeq_epi8(block, _mm_set1_epi8(d)));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(ab, cd));
}

static inline uint32_t
scan_block(const char *p, char a, char b, char c, char d)
{
	return scan_hits(_mm_loadu_si128((const __m128i *)p), a, b, c, d);
}

/* A text of 8 to 16 bytes: its first eight and its last eight. */
static inline uint32_t
scan_short(const char *p, const char *end, char a, char b, char c, char d)
{
	uint64_t first, last;
	uint32_t hits;

	memcpy(&first, p, sizeof(first));
	memcpy(&last, end - 8, sizeof(last));
	hits = scan_hits(_mm_set_epi64x((int64_t)last, (int64_t)first), a, b, c, d);
	return (hits & 0xff) | hits >> 8 << (end - p - 8);
}
#endif

/* First of four bytes (repeat one to look for fewer), or end. */
static inline __attribute__((always_inline)) const char *
scan_four(const char *p, const char *end, char a, char b, char c, char d)
{
#ifdef SCAN_SSE2
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

#ifdef SCAN_SSE2
/* 64 bytes at once: most lines are shorter, so that finding a line's end is one block and no loop
 * whose length a branch predictor would have to guess. */
static inline uint64_t
scan_wide(const char *p, char a, char b)
{
	return (uint64_t)scan_block(p, a, b, a, b) |
	       (uint64_t)scan_block(p + 16, a, b, a, b) << 16 |
	       (uint64_t)scan_block(p + 32, a, b, a, b) << 32 |
	       (uint64_t)scan_block(p + 48, a, b, a, b) << 48;
}
#endif

/* End of the line: CRLF, LF alone, and CR alone, which some senders write. */
static inline const char *
scan_line_end(const char *p, const char *end)
{
#ifdef SCAN_SSE2
	if (end - p >= 64) {
		const uint64_t hits = scan_wide(p, '\r', '\n');

		if (hits != 0)
			return p + __builtin_ctzll(hits);
		p += 64;
	}
#endif
	return scan_two(p, end, '\r', '\n');
}

/* A header line's end, and its first colon or, when there is none before, the line's end. */
static inline void
scan_header(const char *p, const char *end, const char **colon, const char **line_end)
{
#ifdef SCAN_SSE2
	if (end - p >= 64) {
		const uint64_t ends = scan_wide(p, '\r', '\n');
		const uint64_t colons = scan_block(p, ':', ':', ':', ':') |
					(uint64_t)scan_block(p + 16, ':', ':', ':', ':') << 16;

		if (colons != 0 && (ends == 0 || __builtin_ctzll(colons) < __builtin_ctzll(ends))) {
			*colon = p + __builtin_ctzll(colons);
			*line_end = ends != 0 ? p + __builtin_ctzll(ends)
					      : scan_two(p + 64, end, '\r', '\n');
			return;
		}
	}
#endif
	*colon = scan_four(p, end, ':', '\r', '\n', ':');
	*line_end = scan_two(*colon, end, '\r', '\n');
}

/* Compare `length` bytes at once, small letters of the word with any case. Bits 5 and 6 are both set
 * in small letters and in nothing else that words are made of. */
#define SCAN_SAME(type, at, word) \
	__extension__({ \
		type text_, word_; \
		memcpy(&text_, (at), sizeof(type)); \
		memcpy(&word_, (word), sizeof(type)); \
		(type)(text_ | (word_ & word_ >> 1 & (type)UINT64_C(0x2020202020202020))) == \
			word_; \
	})

/* Compare with a word in small letters that is known while compiling, case ignored: as many bytes at
 * once as it has, the last ones twice where they do not fill a block. `at` has that many bytes. */
static inline __attribute__((always_inline)) bool
scan_same(const char *at, const char *word)
{
	const size_t length = __builtin_strlen(word);

	if (length >= 8) {
#pragma GCC unroll 4
		for (size_t i = 0; i + 8 < length; i += 8) {
			if (!SCAN_SAME(uint64_t, at + i, word + i))
				return false;
		}
		return SCAN_SAME(uint64_t, at + length - 8, word + length - 8);
	}
	if (length >= 4)
		return SCAN_SAME(uint32_t, at, word) &&
		       SCAN_SAME(uint32_t, at + length - 4, word + length - 4);
	if (length >= 2)
		return SCAN_SAME(uint16_t, at, word) &&
		       SCAN_SAME(uint16_t, at + length - 2, word + length - 2);
	return length == 0 || SCAN_SAME(uint8_t, at, word);
}

static inline __attribute__((always_inline)) bool
scan_word(struct slice slice, const char *word)
{
	return slice.length == __builtin_strlen(word) && scan_same(slice.at, word);
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

static inline const char *
scan_class_find(const char *p, const char *end, uint8_t class)
{
	while (p < end && !scan_is(*p, class))
		p++;
	return p;
}

/*
 * Store a slice that the caller reads back at once. The compiler writes a slice as 8 + 4 bytes but
 * passes it on as 8 + 8, a load that such a pair of stores cannot be forwarded to: some 15 cycles
 * each time. So the padding is written too.
 */
static inline __attribute__((always_inline)) void
scan_store(struct slice *to, struct slice slice)
{
#if defined(__x86_64__)
	const uint64_t words[2] = {(uintptr_t)slice.at, slice.length};

	_Static_assert(sizeof(words) == sizeof(*to), "pointer, length and padding");
	memcpy(to, words, sizeof(words));
#else
	*to = slice;
#endif
}

static inline __attribute__((always_inline)) struct slice
scan_trim(const char *p, const char *end)
{
	while (p < end && scan_is(*p, SCAN_LWS))
		p++;
	while (p < end && scan_is(end[-1], SCAN_LWS))
		end--;
	return slice_of(p, end);
}

/* How often a byte stands there. */
static inline uint32_t
scan_count(const char *p, const char *end, char byte)
{
	uint32_t count = 0;

#ifdef SCAN_SSE2
	const __m128i wanted = _mm_set1_epi8(byte), zero = _mm_setzero_si128();
	__m128i sums = zero;

	for (; end - p >= 16; p += 16) {
		const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), wanted);

		sums = _mm_add_epi64(sums, _mm_sad_epu8(_mm_sub_epi8(zero, equal), zero));
	}
	count = (uint32_t)_mm_cvtsi128_si32(_mm_add_epi64(sums, _mm_srli_si128(sums, 8)));
#endif
	for (; p < end; p++)
		count += *p == byte;
	return count;
}

/* Past commas and spaces, of which there are seldom more than two. */
static inline const char *
scan_separators(const char *p, const char *end)
{
	for (uint32_t seen = 1; p < end && (*p == ',' || scan_is(*p, SCAN_LWS)); seen++) {
		p++;
#ifdef SCAN_SSE2
		for (; seen >= 4 && end - p >= 16; p += 16) {
			const uint32_t hits = scan_block(p, ',', ' ', '\t', '\n') |
					      scan_block(p, '\r', '\r', '\r', '\r');

			if (hits != 0xffff)
				return p + __builtin_ctz(~hits);
		}
#endif
	}
	return p;
}

/* From an opening quote to past the closing one, escapes respected; NULL: never closed. */
const char *scan_quoted(const char *p, const char *end);

/* From '(' to past its ')', nested and escaped as in RFC 3261 25.1 comment; NULL: never closed. */
const char *scan_comment(const char *p, const char *end);

#endif
