/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Line ends, 64 bytes at a time: one bit a byte for CR and LF, arithmetic on those bits for where
 * lines end and which is empty, and one store for each bit set. Plain C, SSE2, AVX2 and AVX-512
 * differ only in how a block becomes bits and bits become offsets.
 */
#include "sip/lines_priv.h"

#if defined(__x86_64__) && !defined(SIP_SCAN_PLAIN)
#define LINES_X86
#include <immintrin.h>
#endif

struct block {
	uint64_t cr, lf;
};

/* The places of the bits, plus `at`, to the list. Lines are seldom shorter than 16 bytes, so four at
 * once; what is stored too much is overwritten. `lowest`: of 0 anything. */
static inline __attribute__((always_inline)) void
ends_store(uint16_t *to, uint32_t at, uint64_t ends, uint32_t (*lowest)(uint64_t bits))
{
	do {
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++) {
			to[i] = (uint16_t)(at + lowest(ends));
			ends &= ends - 1;
		}
		to += 4;
	} while (__builtin_expect(ends != 0, 0));
}

static inline uint32_t
lowest_plain(uint64_t bits)
{
	return (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
}

static inline void
store_plain(uint16_t *to, uint32_t at, uint64_t ends)
{
	ends_store(to, at, ends, lowest_plain);
}

/* The last block, of `left` bytes at `at`. */
static inline __attribute__((always_inline)) struct block
block_last(
	const struct lines *lines, uint32_t at, uint32_t left, struct block (*read)(const char *p))
{
	struct block block;

	if (lines->length >= LINES_BLOCK) {
		/* Ends with the text; what was seen already is shifted out. */
		block = read(lines->text + lines->length - LINES_BLOCK);
		block.cr >>= LINES_BLOCK - left;
		block.lf >>= LINES_BLOCK - left;
	} else {
		char copy[LINES_BLOCK] = {0};

		memcpy(copy, lines->text + at, left);
		block = read(copy);
	}
	return block;
}

/* Block by block until the list is full; `read` makes bits of LINES_BLOCK bytes, `store` offsets of
 * bits. */
static inline __attribute__((always_inline)) void
blocks_read(struct lines *lines, struct block (*read)(const char *p),
	void (*store)(uint16_t *to, uint32_t at, uint64_t ends))
{
	const char *const text = lines->text;
	const uint32_t length = lines->length;
	uint16_t *to = lines->end, *const full = lines->end + LINES_FULL;
	uint64_t cr_before = lines->cr_before, lf_before = lines->lf_before, empty = 0;
	uint32_t at = lines->at;

	do {
		struct block block;

		if (at + LINES_BLOCK <= length) {
			block = read(text + at);
		} else if (at < length) {
			block = block_last(lines, at, length - at, read);
		} else {
			/* The last block may have filled the list; then `at` is behind the end. */
			empty = 1;
			break;
		}

		const uint64_t cr_shifted = block.cr << 1 | cr_before;
		const uint64_t lf_shifted = block.lf << 1 | lf_before;
		const uint64_t begins = block.cr | (block.lf & ~cr_shifted);
		uint64_t ends;

		empty = begins & (lf_shifted | (block.cr & cr_shifted));
		/* Nothing behind the lowest bit of `empty`. */
		ends = begins & (empty ^ (empty - 1));
		cr_before = block.cr >> 63;
		lf_before = block.lf >> 63;
		store(to, at, ends);
		to += __builtin_popcountll(ends);
		at += LINES_BLOCK;
	} while (empty == 0 && to < full);
	lines->at = at;
	lines->count = (uint32_t)(to - lines->end);
	lines->complete = empty != 0;
	lines->cr_before = (uint8_t)cr_before;
	lines->lf_before = (uint8_t)lf_before;
}

/* One bit for each byte of a word that equals the one repeated in `pattern`. */
static inline uint64_t
word_equal(uint64_t word, uint64_t pattern)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	const uint64_t differs = word ^ pattern;
	const uint64_t equal = ~(((differs & low) + low) | differs | low);

	/* The top bits, gathered into the top byte, the first byte's lowest. */
	return ((equal >> 7) * UINT64_C(0x0102040810204080)) >> 56;
}

static inline struct block
block_plain(const char *p)
{
	struct block block = {0, 0};

	for (uint32_t i = 0; i < LINES_BLOCK; i += 8) {
		uint64_t word;

		memcpy(&word, p + i, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		word = __builtin_bswap64(word);
#endif
		block.cr |= word_equal(word, UINT64_C(0x0d0d0d0d0d0d0d0d)) << i;
		block.lf |= word_equal(word, UINT64_C(0x0a0a0a0a0a0a0a0a)) << i;
	}
	return block;
}

static void
lines_more_plain(struct lines *lines)
{
	blocks_read(lines, block_plain, store_plain);
}

static bool
always(void)
{
	return true;
}

#ifdef LINES_X86
static inline uint64_t
bytes_equal_sse2(const __m128i part[4], char byte)
{
	const __m128i wanted = _mm_set1_epi8(byte);
	uint64_t bits = 0;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part[i], wanted))
			<< 16 * i;
	return bits;
}

static inline struct block
block_sse2(const char *p)
{
	const __m128i part[4] = {
		_mm_loadu_si128((const __m128i *)p),
		_mm_loadu_si128((const __m128i *)(p + 16)),
		_mm_loadu_si128((const __m128i *)(p + 32)),
		_mm_loadu_si128((const __m128i *)(p + 48)),
	};

	return (struct block){bytes_equal_sse2(part, '\r'), bytes_equal_sse2(part, '\n')};
}

static void
lines_more_sse2(struct lines *lines)
{
	blocks_read(lines, block_sse2, store_plain);
}

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline uint64_t
bytes_equal_avx2(__m256i low, __m256i high, char byte)
{
	const __m256i wanted = _mm256_set1_epi8(byte);

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32;
}

AVX2 static inline struct block
block_avx2(const char *p)
{
	const __m256i low = _mm256_loadu_si256((const __m256i *)p);
	const __m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));

	return (struct block){bytes_equal_avx2(low, high, '\r'), bytes_equal_avx2(low, high, '\n')};
}

AVX2 static inline uint32_t
lowest_avx2(uint64_t bits)
{
	return (uint32_t)_tzcnt_u64(bits);
}

AVX2 static inline void
store_avx2(uint16_t *to, uint32_t at, uint64_t ends)
{
	ends_store(to, at, ends, lowest_avx2);
}

AVX2 static void
lines_more_avx2(struct lines *lines)
{
	blocks_read(lines, block_avx2, store_avx2);
}

static bool
avx2_usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
}

static const uint8_t numbers[LINES_BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
	39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
	62, 63};

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt")))

AVX512 static inline struct block
block_avx512(const char *p)
{
	const __m512i text = _mm512_loadu_si512(p);

	return (struct block){_mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\r')),
		_mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\n'))};
}

/* The numbers from 0 to 63, those moved together whose bits are set. */
AVX512 static inline void
store_avx512(uint16_t *to, uint32_t at, uint64_t ends)
{
	__m512i places = _mm512_maskz_compress_epi8(ends, _mm512_loadu_si512(numbers));
	uint32_t count = (uint32_t)__builtin_popcountll(ends);

	for (;; count -= 16, to += 16) {
		_mm256_storeu_si256((__m256i *)to,
			_mm256_add_epi16(_mm256_cvtepu8_epi16(_mm512_castsi512_si128(places)),
				_mm256_set1_epi16((int16_t)at)));
		if (__builtin_expect(count <= 16, 1))
			return;
		places = _mm512_alignr_epi64(places, places, 2);
	}
}

AVX512 static void
lines_more_avx512(struct lines *lines)
{
	blocks_read(lines, block_avx512, store_avx512);
}

static bool
avx512_usable(void)
{
	return avx2_usable() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi2");
}
#endif

const struct lines_variant lines_variants[LINES_VARIANTS] = {
	{"plain", lines_more_plain, always},
#ifdef LINES_X86
	{"sse2", lines_more_sse2, always},
	{"avx2", lines_more_avx2, avx2_usable},
	{"avx512", lines_more_avx512, avx512_usable},
#endif
};

/* The first message finds out what the processor can do. */
static void
lines_more_choose(struct lines *lines)
{
	const struct lines_variant *best = &lines_variants[0];

	for (uint32_t i = 1; i < LINES_VARIANTS; i++) {
		if (lines_variants[i].more != NULL && lines_variants[i].usable())
			best = &lines_variants[i];
	}
	/* relaxed: whoever comes second chooses the same */
	atomic_store_explicit(&lines_more_chosen, best->more, memory_order_relaxed);
	best->more(lines);
}

_Atomic(void (*)(struct lines *lines)) lines_more_chosen = lines_more_choose;
