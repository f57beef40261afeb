/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Marking a description, 64 bytes at a time. Plain C, SSE2, AVX2 and AVX-512 differ only in how a
 * block becomes bits.
 */
#include "sip/marks_priv.h"
#include "sip/scan_priv.h"

#if defined(__x86_64__) && !defined(SIP_SCAN_PLAIN)
#define MARKS_X86
#include <immintrin.h>
#endif

struct mark {
	uint64_t cr, lf, spaces;
};

static inline __attribute__((always_inline)) void
window_read(struct marks *marks, struct mark (*read)(const char *p))
{
	const char *const end = marks->text.at + marks->text.length;
	const char *const window_end =
		end - marks->base < MARKS_WINDOW ? end : marks->base + MARKS_WINDOW;
	const char *p = marks->base;
	uint64_t *ends = marks->ends, *spaces = marks->spaces;
	uint64_t cr_before = marks->cr_before;

	for (; window_end - p >= MARKS_BLOCK; p += MARKS_BLOCK) {
		const struct mark mark = read(p);

		*ends++ = mark.cr | (mark.lf & ~(mark.cr << 1 | cr_before));
		*spaces++ = mark.spaces;
		cr_before = mark.cr >> 63;
	}
	if (p < window_end) {
		const uint32_t left = (uint32_t)(end - p);
		struct mark mark;

		if (marks->text.length >= MARKS_BLOCK) {
			/* Ends with the text; what was seen already is shifted out. */
			mark = read(end - MARKS_BLOCK);
			mark.cr >>= MARKS_BLOCK - left;
			mark.lf >>= MARKS_BLOCK - left;
			mark.spaces >>= MARKS_BLOCK - left;
		} else {
			char copy[MARKS_BLOCK] = {0};

			memcpy(copy, p, left);
			mark = read(copy);
		}
		*ends++ = mark.cr | (mark.lf & ~(mark.cr << 1 | cr_before));
		*spaces++ = mark.spaces;
	}
	*spaces = 0;
	marks->blocks = (uint32_t)(ends - marks->ends);
	marks->known = (window_end == end ? marks->blocks : marks->blocks - 1) * MARKS_BLOCK;
	marks->cr_before = cr_before;
}

static inline struct mark
mark_plain(const char *p)
{
	struct mark mark = {0, 0, 0};

	for (uint32_t i = 0; i < MARKS_BLOCK; i++) {
		mark.cr |= (uint64_t)(p[i] == '\r') << i;
		mark.lf |= (uint64_t)(p[i] == '\n') << i;
		mark.spaces |= (uint64_t)(p[i] == ' ' || p[i] == '\t') << i;
	}
	return mark;
}

static void
marks_more_plain(struct marks *marks)
{
	window_read(marks, mark_plain);
}

static bool
always(void)
{
	return true;
}

#ifdef MARKS_X86
static inline struct mark
mark_sse2(const char *p)
{
	struct mark mark = {0, 0, 0};

#pragma GCC unroll 4
	for (uint32_t i = 0; i < MARKS_BLOCK; i += 16) {
		const __m128i part = _mm_loadu_si128((const __m128i *)(p + i));
		const __m128i cr = _mm_cmpeq_epi8(part, _mm_set1_epi8('\r'));
		const __m128i lf = _mm_cmpeq_epi8(part, _mm_set1_epi8('\n'));
		const __m128i spaces = _mm_or_si128(_mm_cmpeq_epi8(part, _mm_set1_epi8(' ')),
			_mm_cmpeq_epi8(part, _mm_set1_epi8('\t')));

		mark.cr |= (uint64_t)(uint32_t)_mm_movemask_epi8(cr) << i;
		mark.lf |= (uint64_t)(uint32_t)_mm_movemask_epi8(lf) << i;
		mark.spaces |= (uint64_t)(uint32_t)_mm_movemask_epi8(spaces) << i;
	}
	return mark;
}

static void
marks_more_sse2(struct marks *marks)
{
	window_read(marks, mark_sse2);
}

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

AVX2 static inline uint64_t
bits_avx2(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
							     << 32;
}

AVX2 static inline struct mark
mark_avx2(const char *p)
{
	const __m256i low = _mm256_loadu_si256((const __m256i *)p);
	const __m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));
	const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
	const __m256i space = _mm256_set1_epi8(' '), tab = _mm256_set1_epi8('\t');

	return (struct mark){
		.cr = bits_avx2(_mm256_cmpeq_epi8(low, cr), _mm256_cmpeq_epi8(high, cr)),
		.lf = bits_avx2(_mm256_cmpeq_epi8(low, lf), _mm256_cmpeq_epi8(high, lf)),
		.spaces = bits_avx2(
			_mm256_or_si256(_mm256_cmpeq_epi8(low, space), _mm256_cmpeq_epi8(low, tab)),
			_mm256_or_si256(
				_mm256_cmpeq_epi8(high, space), _mm256_cmpeq_epi8(high, tab))),
	};
}

AVX2 static void
marks_more_avx2(struct marks *marks)
{
	window_read(marks, mark_avx2);
}

static bool
avx2_usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2");
}

#define AVX512 __attribute__((target("avx512f,avx512bw,bmi,bmi2")))

AVX512 static inline struct mark
mark_avx512(const char *p)
{
	const __m512i text = _mm512_loadu_si512(p);

	return (struct mark){
		.cr = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\r')),
		.lf = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\n')),
		.spaces = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(' ')) |
			  _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\t')),
	};
}

AVX512 static void
marks_more_avx512(struct marks *marks)
{
	window_read(marks, mark_avx512);
}

/* Where there is VBMI2, too: those that are older slow down when they do such things. */
static bool
avx512_usable(void)
{
	return avx2_usable() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
}
#endif

const struct marks_variant marks_variants[MARKS_VARIANTS] = {
	{"plain", marks_more_plain, always},
#ifdef MARKS_X86
	{"sse2", marks_more_sse2, always},
	{"avx2", marks_more_avx2, avx2_usable},
	{"avx512", marks_more_avx512, avx512_usable},
#endif
};

/* The first description finds out what the processor can do. */
static void
marks_more_choose(struct marks *marks)
{
	const struct marks_variant *best = &marks_variants[0];

	for (uint32_t i = 1; i < MARKS_VARIANTS; i++) {
		if (marks_variants[i].more != NULL && marks_variants[i].usable())
			best = &marks_variants[i];
	}
	/* relaxed: whoever comes second chooses the same */
	atomic_store_explicit(&marks_more_chosen, best->more, memory_order_relaxed);
	best->more(marks);
}

_Atomic(void (*)(struct marks *marks)) marks_more_chosen = marks_more_choose;

const char *
marks_line_end_behind(struct marks *marks)
{
	while (marks->left == 0) {
		if (++marks->block >= marks->blocks) {
			const char *const end = marks->text.at + marks->text.length;

			/* Once at the end, always there. */
			marks->block = marks->blocks;
			if (end - marks->base <= MARKS_WINDOW)
				return end;
			marks->base += MARKS_WINDOW;
			marks->block = 0;
			atomic_load_explicit(&marks_more_chosen, memory_order_relaxed)(marks);
		}
		marks->left = marks->ends[marks->block];
	}
	return marks_line_end(marks);
}

uint64_t
marks_spaces_elsewhere(const char *p, struct slice text)
{
	const char *const end = text.at + text.length;
	uint64_t spaces = 0;

	if (p == end)
		return 0;
#ifdef SCAN_SSE2
	if (end - p >= 64)
		return scan_wide(p, ' ', '\t');
	if (text.length >= 64)
		return scan_wide(end - 64, ' ', '\t') >> (64 - (end - p));
#endif
	for (uint32_t i = 0; i < 64 && i < end - p; i++)
		spaces |= (uint64_t)(p[i] == ' ' || p[i] == '\t') << i;
	return spaces;
}
