/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the lines and words of a session description end: one bit a byte, for MARKS_WINDOW bytes at
 * once, so that short lines and short words, as SDP has them, cost no search each.
 *
 * Life cycle: one description. No reads outside the text.
 */
#ifndef SIP_MARKS_PRIV_H
#define SIP_MARKS_PRIV_H

#include <stdatomic.h>

#include "sip/slice.h"

enum { MARKS_BLOCK = 64, MARKS_BLOCKS = 16, MARKS_WINDOW = MARKS_BLOCK * MARKS_BLOCKS };

struct marks {
	struct slice text;
	const char *base; /* where the window begins */
	uint32_t blocks; /* in the window */
	uint32_t known; /* from so many bytes of the window on, 64 are marked */
	uint32_t block; /* whose line ends are taken */
	uint64_t left; /* its line ends that are not taken yet */
	uint64_t cr_before; /* 1: the byte before the window's end is a CR */
	uint64_t ends[MARKS_BLOCKS]; /* CR, or LF that follows none */
	uint64_t spaces[MARKS_BLOCKS + 1]; /* space and tab; behind the last block nothing */
};

/* One way to mark the window that begins at `base`; all of them mark the same. */
struct marks_variant {
	const char *name;
	void (*more)(struct marks *marks);
	bool (*usable)(void); /* on this processor */
};
enum { MARKS_VARIANTS = 4 };
extern const struct marks_variant marks_variants[MARKS_VARIANTS]; /* plain C first, fastest last */

/* The variant in use; tests set it. Relaxed: it leads to code, not to data. */
extern _Atomic(void (*)(struct marks *marks)) marks_more_chosen;

/* Nothing is marked yet; enough for words. */
static inline void
marks_begin(struct marks *marks, struct slice text)
{
	marks->text = text;
	marks->base = text.at;
	marks->known = 0;
}

/* Mark the first window. The text is not empty. */
static inline void
marks_lines_begin(struct marks *marks, struct slice text)
{
	marks->text = text;
	marks->base = text.at;
	marks->cr_before = 0;
	marks->block = 0;
	atomic_load_explicit(&marks_more_chosen, memory_order_relaxed)(marks);
	marks->left = marks->ends[0];
}

/* The next line end, or the text's end when no line ends any more. (marks.c: in the blocks behind) */
const char *marks_line_end_behind(struct marks *marks);

static inline const char *
marks_line_end(struct marks *marks)
{
	const uint64_t left = marks->left;

	if (left == 0)
		return marks_line_end_behind(marks);
	marks->left = left & (left - 1);
	return marks->base + marks->block * MARKS_BLOCK + __builtin_ctzll(left);
}

/* Outside the window. (marks.c) */
uint64_t marks_spaces_elsewhere(const char *p, struct slice text);

/* A bit for each of the 64 bytes from p on that is a space or tab, as far as the text goes. */
static inline uint64_t
marks_spaces(const struct marks *marks, const char *p)
{
	/* Before the window: far behind it this way. */
	const uintptr_t at = (uintptr_t)p - (uintptr_t)marks->base;
	const uint64_t *block;

	if (__builtin_expect(at >= marks->known, 0))
		return marks_spaces_elsewhere(p, marks->text);
	block = &marks->spaces[at / MARKS_BLOCK];
	return block[0] >> at % MARKS_BLOCK | block[1] << 1 << (MARKS_BLOCK - 1 - at % MARKS_BLOCK);
}

#endif
