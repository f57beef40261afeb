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

/* What keyed_hash16() takes of the secret. Written once, at bring-up. */
struct keyed_hash16_secret {
	uint64_t low, high;
};
extern struct keyed_hash16_secret keyed_hash16_secret;

/**
 * keyed_hash64() of 16 bytes held in two words as they stand in memory: for the packet path, which
 * has just built them. This is XXH3's own form for that length.
 */
static inline uint64_t
keyed_hash16(uint64_t low, uint64_t high)
{
	unsigned __int128 product;
	uint64_t hash;

	low ^= keyed_hash16_secret.low;
	high ^= keyed_hash16_secret.high;
	product = (unsigned __int128)low * high;
	hash = 16 + __builtin_bswap64(low) + high + ((uint64_t)product ^ (uint64_t)(product >> 64));
	hash ^= hash >> 37;
	hash *= UINT64_C(0x165667919e3779f9);
	return hash ^ hash >> 32;
}
struct hash128 keyed_hash128(const void *data, size_t length);

/** The form that rte_hash takes as hash_func (init_val ignored). */
hash_sig_t keyed_hash_signature(const void *key, uint32_t length, uint32_t init_val);

#endif
