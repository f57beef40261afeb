/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the lines of a header block end, found for 64 bytes at a time before any of them is read:
 * whether a line ends within a block is then no branch that somebody would have to guess.
 *
 * Life cycle: lines_begin() at the first byte of the first line, then lines_next() line by line. Nothing is found behind the first empty line.
 * Synchronization: none; the list is its reader's. Which variant reads is chosen at the first use.
 * Limits: the list has room for LINES_FULL ends and those of one block more.
 */
#ifndef SIP_LINES_PRIV_H
#define SIP_LINES_PRIV_H

#include <stdatomic.h>

#include "sip/limits.h"
#include "sip/slice.h"

enum { LINES_BLOCK = 64, LINES_FULL = 64 };

struct lines {
	const char *text;
	uint32_t length;
	uint32_t at; /* how far it has been searched */
	uint32_t count, used;
	uint8_t cr_before, lf_before; /* 1: this is the byte before `at` */
	bool complete; /* the empty line or the end of the text is reached */
	uint16_t end[LINES_FULL + LINES_BLOCK]; /* offset of each line's CR, or LF alone */
};
_Static_assert(SIP_MESSAGE_MAX <= UINT16_MAX, "an offset in a message has 16 bits");

/* One way to search; all of them find the same. */
struct lines_variant {
	const char *name;
	void (*more)(struct lines *lines);
	bool (*usable)(void); /* on this processor */
};
enum { LINES_VARIANTS = 4 };
extern const struct lines_variant lines_variants[LINES_VARIANTS]; /* plain C first, fastest last */

/* The variant in use; tests set it. Relaxed: it leads to code, not to data. */
extern _Atomic(void (*)(struct lines *lines)) lines_more_chosen;

static inline void
lines_begin(struct lines *lines, const char *text, uint32_t length, uint32_t at)
{
	lines->text = text;
	lines->length = length;
	lines->at = at;
	lines->cr_before = 0;
	lines->lf_before = 0;
	lines->complete = false;
	lines->count = 0;
	lines->used = 0;
}

/* Is there another line end? */
static inline bool
lines_left(struct lines *lines)
{
	if (lines->used < lines->count)
		return true;
	if (lines->complete)
		return false;
	lines->used = 0;
	atomic_load_explicit(&lines_more_chosen, memory_order_relaxed)(lines);
	return lines->count > 0;
}

/* Offset of the next line's end; the text's length when no line ends any more. */
static inline uint32_t
lines_next(struct lines *lines)
{
	return lines_left(lines) ? lines->end[lines->used++] : lines->length;
}

#endif
