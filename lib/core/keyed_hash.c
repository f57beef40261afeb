/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * XXH3 under a secret of our own.
 *
 * The whole secret is random rather than only a seed: XXH3's short-input forms fold a seed into
 * few bits, and its default secret is public, so that colliding keys could be computed ahead.
 * Synchronization: the secret is written once, before any thread runs.
 */
#include <sys/random.h>

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_debug.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/keyed_hash.h"

enum {
	SECRET_SIZE = 192, /* XXH3's own; XXH3_SECRET_SIZE_MIN (136) is the least */
};
_Static_assert(SECRET_SIZE >= XXH3_SECRET_SIZE_MIN, "secret too short for XXH3");

static uint8_t hash_secret[SECRET_SIZE] __rte_cache_aligned;
struct keyed_hash16_secret keyed_hash16_secret;

/* splitmix64: spreads a replay's seed over the secret. */
static uint64_t
seed_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void
secret_from_seed(uint64_t seed)
{
	for (size_t i = 0; i < sizeof(hash_secret); i += sizeof(seed)) {
		uint64_t word = seed_next(&seed);

		memcpy(&hash_secret[i], &word, sizeof(word));
	}
}

static void
secret_from_kernel(void)
{
	/* Up to 256 bytes come whole or not at all; EINTR only while the kernel still collects. */
	while (getrandom(hash_secret, sizeof(hash_secret), 0) != (ssize_t)sizeof(hash_secret)) {
		if (errno != EINTR)
			rte_panic("no randomness from the kernel: %s\n", strerror(errno));
	}
}

void
keyed_hash_init(uint64_t seed)
{
	uint64_t words[SECRET_SIZE / sizeof(uint64_t)];

	if (seed != 0)
		secret_from_seed(seed);
	else
		secret_from_kernel();
	/* Where XXH3 reads the secret for inputs of 9 to 16 bytes: offsets 24, 32, 40 and 48. */
	memcpy(words, hash_secret, sizeof(words));
	keyed_hash16_secret.low = words[3] ^ words[4];
	keyed_hash16_secret.high = words[5] ^ words[6];
}

uint64_t
keyed_hash64(const void *data, size_t length)
{
	return XXH3_64bits_withSecret(data, length, hash_secret, SECRET_SIZE);
}

struct hash128
keyed_hash128(const void *data, size_t length)
{
	XXH128_hash_t hash = XXH3_128bits_withSecret(data, length, hash_secret, SECRET_SIZE);

	return (struct hash128){.low = hash.low64, .high = hash.high64};
}

hash_sig_t
keyed_hash_signature(const void *key, uint32_t length, uint32_t init_val)
{
	return (hash_sig_t)keyed_hash64(key, length);
}
