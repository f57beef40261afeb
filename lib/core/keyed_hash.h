/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed, non-linear hash (XXH3 with a secret of our own): tables and owners cannot be steered
 * from outside. The key is random at start, or made from --seed in a replay.
 */
#ifndef CORE_KEYED_HASH_H
#define CORE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <rte_hash.h>

/** Make the secret. seed 0: from the kernel's random source. Once, at bring-up, first of all. */
void keyed_hash_init(uint64_t seed);

struct hash128 {
	uint64_t low, high;
};

uint64_t keyed_hash64(const void *data, size_t length);
struct hash128 keyed_hash128(const void *data, size_t length);

/** The form that rte_hash takes as hash_func (init_val ignored). */
hash_sig_t keyed_hash_signature(const void *key, uint32_t length, uint32_t init_val);

#endif
