/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What planning edits and applying them have in common, and how they are copied.
 */
#ifndef SIP_EDIT_PRIV_H
#define SIP_EDIT_PRIV_H

#include <stdatomic.h>

#include "sip/edit.h"

/* Most texts are an address or a number; a call to memcpy would cost more than the copy. */
static inline void
text_copy(char *to, const char *from, uint32_t length)
{
	if (length > 64) {
		memcpy(to, from, length);
	} else if (length >= 32) {
		char head[32], tail[32];

		memcpy(head, from, 32);
		memcpy(tail, from + length - 32, 32);
		memcpy(to, head, 32);
		memcpy(to + length - 32, tail, 32);
	} else if (length >= 16) {
		char head[16], tail[16];

		memcpy(head, from, 16);
		memcpy(tail, from + length - 16, 16);
		memcpy(to, head, 16);
		memcpy(to + length - 16, tail, 16);
	} else if (length >= 8) {
		char head[8], tail[8];

		memcpy(head, from, 8);
		memcpy(tail, from + length - 8, 8);
		memcpy(to, head, 8);
		memcpy(to + length - 8, tail, 8);
	} else if (length >= 4) {
		uint32_t head, tail;

		memcpy(&head, from, 4);
		memcpy(&tail, from + length - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + length - 4, &tail, 4);
	} else if (length > 0) {
		const char middle = from[length / 2], last = from[length - 1];

		to[0] = from[0];
		to[length / 2] = middle;
		to[length - 1] = last;
	}
}

/* A message whose edits are applied in place. */
struct edit_text {
	char *base;
	uint32_t first, length; /* where the first edit is; where the message ends */
};

/* One way to copy it, where there is room for whole blocks; all of them write the same. */
struct edit_variant {
	const char *name;
	void (*copy)(const struct sip_edits *edits, struct edit_text text);
	bool (*usable)(void); /* on this processor */
};
enum { EDIT_VARIANTS = 2 };
extern const struct edit_variant edit_variants[EDIT_VARIANTS]; /* fastest last */

/* The variant in use; tests set it. Relaxed: it leads to code, not to data. */
extern _Atomic(void (*)(const struct sip_edits *edits, struct edit_text text)) edit_copy_chosen;

#endif
