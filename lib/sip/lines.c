/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Line ends, 64 bytes at a time: one bit a byte for CR and LF, arithmetic on those bits for where
 * lines end and which is empty, and one store a bit set. Plain C, SSE2 and AVX2 differ only in how
 * a block becomes bits.
 */
#include "sip/lines_priv.h"

#if defined(__x86_64__) && !defined(SIP_SCAN_PLAIN)
#define LINES_X86
#include <immintrin.h>
#endif

struct block {
	uint64_t cr, lf;
};

/* Of 0: anything, it is overwritten. */
static inline __attribute__((always_inline)) uint32_t
lowest_bit(uint64_t bits)
{
#ifdef LINES_X86
	uint64_t position = 0;

	/* TZCNT where it is known, otherwise BSF; for both 0 is no undefined behaviour. */
	__asm__ volatile("rep bsfq %1, %0" : "+r"(position) : "rm"(bits) : "cc");
	return (uint32_t)position;
#else
	return (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
#endif
}

/* Block by block until the list is full; `read` makes bits of LINES_BLOCK bytes. */
static inline __attribute__((always_inline)) void
blocks_read(struct lines *lines, struct block (*read)(const char *p))
{
	const char *const text = lines->text;
	uint64_t cr_before = lines->cr_before, lf_before = lines->lf_before;
	uint32_t count = 0, at = lines->at;
	/* The last block may have filled the list; then `at` is behind the end. */
	uint32_t left = at < lines->length ? lines->length - at : 0;
	bool complete = false;

	while (!complete && count < LINES_FULL) {
		struct block block;

		if (left >= LINES_BLOCK) {
			block = read(text + at);
			at += LINES_BLOCK;
			left -= LINES_BLOCK;
		} else if (left == 0) {
			complete = true;
			break;
		} else {
			if (lines->length >= LINES_BLOCK) {
				/* Ends with the text; what was seen already is shifted out. */
				block = read(text + lines->length - LINES_BLOCK);
				block.cr >>= LINES_BLOCK - left;
				block.lf >>= LINES_BLOCK - left;
			} else {
				char copy[LINES_BLOCK] = {0};

				memcpy(copy, text + at, left);
				block = read(copy);
			}
			at += LINES_BLOCK;
			left = 0;
		}

		const uint64_t cr_shifted = block.cr << 1 | cr_before;
		const uint64_t lf_shifted = block.lf << 1 | lf_before;
		const uint64_t begins = block.cr | (block.lf & ~cr_shifted);
		const uint64_t empty = begins & (lf_shifted | (block.cr & cr_shifted));
		/* Nothing behind the lowest bit of `empty`. */
		uint64_t ends = begins & (empty ^ (empty - 1));
		const uint32_t base = at - LINES_BLOCK;
		uint16_t *to = lines->end + count;

		complete = empty != 0;
		cr_before = block.cr >> 63;
		lf_before = block.lf >> 63;
		count += (uint32_t)__builtin_popcountll(ends);
		/* Lines are seldom shorter than 16 bytes; what is stored too much is overwritten. */
		do {
#pragma GCC unroll 4
			for (int i = 0; i < 4; i++) {
				to[i] = (uint16_t)(base + lowest_bit(ends));
				ends &= ends - 1;
			}
			to += 4;
		} while (__builtin_expect(ends != 0, 0));
	}
	lines->at = at;
	lines->count = count;
	lines->complete = complete;
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
	blocks_read(lines, block_plain);
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
	blocks_read(lines, block_sse2);
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

AVX2 static void
lines_more_avx2(struct lines *lines)
{
	blocks_read(lines, block_avx2);
}

static bool
avx2_usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
}
#endif

const struct lines_variant lines_variants[LINES_VARIANTS] = {
	{"plain", lines_more_plain, always},
#ifdef LINES_X86
	{"sse2", lines_more_sse2, always},
	{"avx2", lines_more_avx2, avx2_usable},
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
