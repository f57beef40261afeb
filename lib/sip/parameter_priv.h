/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One parameter of a list, for the readers that take all they know in one pass.
 */
#ifndef SIP_PARAMETER_PRIV_H
#define SIP_PARAMETER_PRIV_H

#include "sip/uri_priv.h"

#ifdef SCAN_SSE2
/* Of a name '=', ';', '"' and all up to the space stop, of a value ';' and all up to the space. */
static inline __attribute__((always_inline)) uint32_t
stop_block(const char *p, bool name)
{
	const __m128i block = _mm_loadu_si128((const __m128i *)p);
	const __m128i space = _mm_set1_epi8(' ');
	__m128i hits = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8(';')),
		_mm_cmpeq_epi8(_mm_max_epu8(block, space), space));

	if (name)
		hits = _mm_or_si128(hits, _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('=')),
						  _mm_cmpeq_epi8(block, _mm_set1_epi8('"'))));
	return (uint32_t)_mm_movemask_epi8(hits);
}

/* Where bytes stand in the 32 that a text has at most. */
struct parameter_marks {
	uint32_t semicolons, others; /* others: '"' and '%', which need more than to be found */
};

static inline __attribute__((always_inline)) struct parameter_marks
block_marks(__m128i block)
{
	const __m128i others = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(block, _mm_set1_epi8('%')));

	return (struct parameter_marks){
		(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(';'))),
		(uint32_t)_mm_movemask_epi8(others)};
}

/* Up to 15 bytes, zeros behind them. */
static inline __attribute__((always_inline)) __m128i
short_block(const char *p, uint32_t length)
{
	uint64_t first, last = 0;

	if (length >= 8) {
		memcpy(&first, p, 8);
		memcpy(&last, p + length - 8, 8);
		last = last >> 8 * (15 - length) >> 8;
	} else if (length >= 4) {
		uint32_t head, tail;

		memcpy(&head, p, 4);
		memcpy(&tail, p + length - 4, 4);
		first = head | (uint64_t)tail << 8 * (length - 4);
	} else {
		first = length == 0 ? 0
				    : (uint8_t)p[0] |
					      (uint64_t)(uint8_t)p[length / 2] << 8 * (length / 2) |
					      (uint64_t)(uint8_t)p[length - 1] << 8 * (length - 1);
	}
	return _mm_set_epi64x((int64_t)last, (int64_t)first);
}

static inline __attribute__((always_inline)) struct parameter_marks
parameter_marks(const char *p, uint32_t length)
{
	struct parameter_marks marks, tail;

	if (length < 16)
		return block_marks(short_block(p, length));
	marks = block_marks(_mm_loadu_si128((const __m128i *)p));
	tail = block_marks(_mm_loadu_si128((const __m128i *)(p + length - 16)));
	marks.semicolons |= tail.semicolons << (length - 16);
	marks.others |= tail.others << (length - 16);
	return marks;
}
#endif

/* Where a name or a value ends. All from `base` on may be read. */
static inline __attribute__((always_inline)) const char *
stop_find(const char *base, const char *p, const char *end, bool name)
{
	const uint8_t class = name ? SCAN_NAME_END : SCAN_VALUE_END;

#ifdef SCAN_SSE2
	uint32_t hits;

	for (; end - p >= 16; p += 16) {
		hits = stop_block(p, name);
		if (hits != 0) {
			p += __builtin_ctz(hits);
			break;
		}
	}
	if (p < end && end - p < 16 && end - base >= 16) {
		hits = stop_block(end - 16, name) >> (16 - (end - p));
		p = hits != 0 ? p + __builtin_ctz(hits) : end;
	}
	/* At a control character that is no space, or in a short text, this goes on. */
#else
	(void)base;
#endif
	return scan_class_find(p, end, class);
}

/* Does the quote at p open a string? Within a word it is a letter like others. */
static inline bool
quote_opens(const char *base, const char *p)
{
	return p == base || p[-1] == '=' || p[-1] == ';' || scan_is(p[-1], SCAN_LWS);
}

/* The next ';' outside quoted strings, or end. A string that is never closed takes the rest. */
static inline __attribute__((always_inline)) const char *
semicolon_find(const char *base, const char *p, const char *end)
{
	for (;;) {
		p = find_two(base, p, end, ';', '"');
		if (p == end || *p == ';')
			return p;
		if (quote_opens(base, p)) {
			p = scan_quoted(p, end);
			if (p == NULL)
				return end;
		} else {
			p++;
		}
	}
}

/* Past semicolons and spaces to where a name begins, or end. */
static inline __attribute__((always_inline)) const char *
name_begin(const char *p, const char *end)
{
	if (end - p >= 2 && *p == ';' && scan_is(p[1], SCAN_TOKEN))
		return p + 1;
	while (p < end && (*p == ';' || scan_is(*p, SCAN_LWS)))
		p++;
	return p;
}

/* The value behind the name that ends at p; at NULL: no '='. */
static inline __attribute__((always_inline)) void
value_read(const char *base, const char *p, const char *end, struct slice *value)
{
	const char *start;

	scan_store(value, (struct slice){NULL, 0});
	if (p < end && *p != '=')
		p = scan_space(p, end);
	if (p == end || *p != '=')
		return;
	start = p = scan_space(p + 1, end);
	if (p < end && *p == '"') {
		p = scan_quoted(p, end);
		if (p == NULL)
			p = end;
	} else {
		p = stop_find(base, p, end, false);
	}
	scan_store(value, slice_of(start, p));
}

/*
 * Read the parameter at or after p, which stands at its ';', of the list that began at `base`. Its
 * name may be empty. Where it ends (the next ';' or the end), or NULL when there is none left.
 */
static inline __attribute__((always_inline)) const char *
parameter_read(const char *base, const char *p, const char *end, struct sip_parameter *parameter)
{
	const char *const start = name_begin(p, end);

	if (start == end)
		return NULL;
	p = stop_find(base, start, end, true);
	scan_store(&parameter->name, slice_of(start, p));
	value_read(base, p, end, &parameter->value);
	/* From its start, as a search for one name does it: both see the same parameters. */
	return semicolon_find(base, start, end);
}

/* Is the name at p this word, in small letters and known while compiling? */
static inline __attribute__((always_inline)) bool
name_is(const char *p, const char *end, const char *word)
{
	const size_t length = __builtin_strlen(word);

	return (size_t)(end - p) >= length &&
	       scan_word((struct slice){p, (uint32_t)length}, word) &&
	       ((size_t)(end - p) == length || scan_is(p[length], SCAN_NAME_END));
}

/* Keep the value of a parameter whose name ends at p: the first counts. Present without a value:
 * empty, at the end of the name. */
static inline void
value_keep(const char *base, const char *p, const char *end, struct slice *kept)
{
	if (kept->at != NULL)
		return;
	value_read(base, p, end, kept);
	if (kept->at == NULL)
		kept->at = p;
}

/* value_keep(), if the name at p is this word. */
static inline __attribute__((always_inline)) bool
name_keep(const char *base, const char *p, const char *end, const char *word, struct slice *kept)
{
	if (!name_is(p, end, word))
		return false;
	value_keep(base, p + __builtin_strlen(word), end, kept);
	return true;
}

#endif
