/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A harness: LLVMFuzzerTestOneInput() and what to begin from. Linked with replay.c it is a test that
 * replays its seeds and mutations of them; with clang -fsanitize=fuzzer it is a fuzzer (fuzz.py).
 */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include "test/fuzz/property.h"

struct fuzz_harness {
	const char *const *seeds;
	uint32_t seed_count;
	const char *const *words; /* the dictionary */
	uint32_t word_count;
	/* of a replay */
	uint32_t prefixes; /* about as many of each seed */
	uint32_t mutations; /* of all of them */
};
extern const struct fuzz_harness fuzz_harness;

#define FUZZ_COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
