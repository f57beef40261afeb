/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutations for replays: the same ones in every run.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "test/fuzz/property.h"

/* Up to eight changes to the text in `out`, which has room for `capacity` bytes. The new length. */
static inline uint32_t
fuzz_mutate(uint64_t *seed, const char *const *words, uint32_t word_count, char *out,
	uint32_t length, uint32_t capacity)
{
	uint32_t changes = fuzz_random(seed, 9);

	while (changes-- > 0 && length > 0) {
		const uint32_t at = fuzz_random(seed, length);
		const char *const word = words[fuzz_random(seed, word_count)];
		const uint32_t size = (uint32_t)strlen(word);
		uint32_t run = 1 + fuzz_random(seed, 40);

		if (run > length - at)
			run = length - at;
		switch (fuzz_random(seed, 6)) {
		case 0:
			out[at] = (char)fuzz_random(seed, 256);
			break;
		case 1: /* take a run out */
			memmove(out + at, out + at + run, length - at - run);
			length -= run;
			break;
		case 2: /* put a word in */
		case 3:
			if (length + size > capacity)
				break;
			memmove(out + at + size, out + at, length - at);
			memcpy(out + at, word, size);
			length += size;
			break;
		case 4: /* double a run */
			if (length + run > capacity)
				break;
			memmove(out + at + run, out + at, length - at);
			length += run;
			break;
		default:
			length = fuzz_random(seed, 8) == 0 ? at : length;
			break;
		}
	}
	return length;
}

#endif
