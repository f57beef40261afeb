/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applying edits is one copy from left to right; in place, from a copy of what is behind the first
 * edit. Where that is long, the gaps between edits each move by the growth of the edits before them:
 * those that move left go first, from left to right; then those that move right, from right to left.
 * In this order no gap lands on one that has not moved yet, and every byte moves at most once.
 *
 * Synchronization: none; list and message belong to one thread.
 */
#include <errno.h>

#include "sip/edit_priv.h"

#if defined(__x86_64__) && !defined(SIP_SCAN_PLAIN)
#define EDIT_X86
#include <immintrin.h>
#endif

enum { EDIT_SCRATCH = 2048, EDIT_BLOCK = 64 };
_Static_assert(EDIT_BLOCK == 2 * SIP_EDIT_TEXT_SLACK, "a text is half a block");

/* By offset; an insertion before the replacement at its place, otherwise in the order planned. Edits
 * come nearly sorted, so insertion sort is a pass of compares. */
static void
edits_sort(struct sip_edits *edits)
{
	for (uint32_t i = 1; i < edits->count; i++) {
		const struct sip_edit edit = edits->edit[i];
		uint32_t j = i;

		for (; j > 0; j--) {
			const struct sip_edit *const before = &edits->edit[j - 1];

			if (before->offset < edit.offset ||
				(before->offset == edit.offset &&
					(before->length == 0 || edit.length > 0)))
				break;
			edits->edit[j] = *before;
		}
		edits->edit[j] = edit;
	}
}

/* The new length, or -EINVAL. */
static int64_t
edits_check(const struct sip_edits *edits, uint32_t length)
{
	int64_t result = length;
	uint32_t end = 0;

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];

		if (edit->offset < end || edit->offset > length ||
			edit->length > length - edit->offset)
			return -EINVAL;
		end = edit->offset + edit->length;
		result += (int64_t)edit->text_length - edit->length;
	}
	return result;
}

/* The new length, or why there is none. Afterwards the list is in order. */
static inline int64_t
edits_prepare(struct sip_edits *edits, uint32_t length, uint32_t capacity)
{
	int64_t result = (int64_t)length + edits->growth;

	if (edits->overflow)
		return -EINVAL;
	if (edits->disorder) {
		edits_sort(edits);
		result = edits_check(edits, length);
		if (result < 0)
			return result;
		edits->disorder = false;
		edits->body_first = 0;
		edits->end =
			edits->edit[edits->count - 1].offset + edits->edit[edits->count - 1].length;
	} else if (edits->end > length) {
		return -EINVAL;
	}
	return result <= capacity ? result : -EMSGSIZE;
}

/* From left to right; the text to be edited begins at `from`, which is `at` in the message. Nothing
 * is written behind the result. */
static void
edits_copy(const struct sip_edits *edits, const char *from, uint32_t at, uint32_t length, char *to)
{
	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset - at;

		text_copy(to, from, gap);
		to += gap;
		text_copy(to, edits->text + edit->text_offset, edit->text_length);
		to += edit->text_length;
		from += gap + edit->length;
		at = edit->offset + edit->length;
	}
	text_copy(to, from, length - at);
}

int64_t
sip_edits_apply_to(
	struct sip_edits *edits, const char *from, uint32_t length, char *to, uint32_t capacity)
{
	const int64_t result = edits_prepare(edits, length, capacity);

	if (result >= 0)
		edits_copy(edits, from, 0, length, to);
	return result;
}

/* Where the text is too long for a copy of it. */
static void
edits_shift(const struct sip_edits *edits, char *base, uint32_t length)
{
	const uint32_t count = edits->count;
	int64_t shift[SIP_EDITS_MAX]; /* of the gap behind each edit */
	int64_t growth = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset + edit->length;
		const uint32_t gap_end = i + 1 < count ? edits->edit[i + 1].offset : length;

		growth += (int64_t)edit->text_length - edit->length;
		shift[i] = growth;
		if (growth < 0)
			memmove(base + gap + growth, base + gap, gap_end - gap);
	}
	for (uint32_t i = count; i-- > 0;) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset + edit->length;
		const uint32_t gap_end = i + 1 < count ? edits->edit[i + 1].offset : length;

		if (shift[i] > 0)
			memmove(base + gap + shift[i], base + gap, gap_end - gap);
		text_copy(base + gap + shift[i] - edit->text_length,
			edits->text + edit->text_offset, edit->text_length);
	}
}

/* Copy `length` bytes in whole blocks; up to EDIT_BLOCK more are read and written. `half` copies half
 * a block. */
static inline __attribute__((always_inline)) void
blocks_copy(char *to, const char *from, uint32_t length, void (*half)(char *to, const char *from))
{
	const char *const end = from + length;

	do {
		half(to, from);
		half(to + EDIT_BLOCK / 2, from + EDIT_BLOCK / 2);
		to += EDIT_BLOCK;
		from += EDIT_BLOCK;
	} while (from < end);
}

/* As edits_copy() where there is room behind both texts, so that nothing but whole blocks is
 * copied. */
static inline __attribute__((always_inline)) void
edits_copy_blocks(const struct sip_edits *edits, struct edit_text text,
	void (*half)(char *to, const char *from))
{
	const struct sip_edit *const end = edits->edit + edits->count;
	char scratch[EDIT_SCRATCH + EDIT_BLOCK];
	const char *from = scratch;
	char *to = text.base + text.first;
	uint32_t at = text.first;

	blocks_copy(scratch, to, text.length - at, half);
	for (const struct sip_edit *edit = edits->edit; edit < end; edit++) {
		const uint32_t gap = edit->offset - at, old = edit->length;

		blocks_copy(to, from, gap, half);
		to += gap;
		half(to, edits->text + edit->text_offset);
		to += edit->text_length;
		from += gap + old;
		at += gap + old;
	}
	blocks_copy(to, from, text.length - at, half);
}

static inline void
half_any(char *to, const char *from)
{
	memcpy(to, from, EDIT_BLOCK / 2);
}

static void
copy_any(const struct sip_edits *edits, struct edit_text text)
{
	edits_copy_blocks(edits, text, half_any);
}

static bool
always(void)
{
	return true;
}

#ifdef EDIT_X86
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline void
half_avx2(char *to, const char *from)
{
	_mm256_storeu_si256((__m256i *)to, _mm256_loadu_si256((const __m256i *)from));
}

AVX2 static void
copy_avx2(const struct sip_edits *edits, struct edit_text text)
{
	edits_copy_blocks(edits, text, half_avx2);
}

static bool
avx2_usable(void)
{
	return __builtin_cpu_supports("avx2");
}
#endif

const struct edit_variant edit_variants[EDIT_VARIANTS] = {
	{"any", copy_any, always},
#ifdef EDIT_X86
	{"avx2", copy_avx2, avx2_usable},
#endif
};

/* The first message finds out what the processor can do. */
static void
copy_choose(const struct sip_edits *edits, struct edit_text text)
{
	const struct edit_variant *best = &edit_variants[0];

	for (uint32_t i = 1; i < EDIT_VARIANTS; i++) {
		if (edit_variants[i].copy != NULL && edit_variants[i].usable())
			best = &edit_variants[i];
	}
	/* relaxed: whoever comes second chooses the same */
	atomic_store_explicit(&edit_copy_chosen, best->copy, memory_order_relaxed);
	best->copy(edits, text);
}

_Atomic(void (*)(const struct sip_edits *edits, struct edit_text text)) edit_copy_chosen =
	copy_choose;

/* Where there is just enough room. */
static void
edits_copy_near(const struct sip_edits *edits, struct edit_text text)
{
	char scratch[EDIT_SCRATCH];
	char *const to = text.base + text.first;

	memcpy(scratch, to, text.length - text.first);
	edits_copy(edits, scratch, text.first, text.length, to);
}

int64_t
sip_edits_apply(struct sip_edits *edits, char *base, uint32_t length, uint32_t capacity)
{
	const int64_t result = edits_prepare(edits, length, capacity);

	if (result < 0 || edits->count == 0)
		return result;

	const struct edit_text text = {base, edits->edit[0].offset, length};

	/* Nearly always: behind a message is the rest of a buffer. */
	if (length - text.first > EDIT_SCRATCH)
		edits_shift(edits, base, length);
	else if ((result > length ? result : length) + EDIT_BLOCK <= capacity && !edits->long_text)
		atomic_load_explicit(&edit_copy_chosen, memory_order_relaxed)(edits, text);
	else
		edits_copy_near(edits, text);
	return result;
}
