/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers: hash of (domain, stream, counter) under the secret of keyed_hash. The domain
 * keeps these inputs apart from every table key, so that a table's hash never shows a number.
 */
#include "core/random.h"
#include "core/keyed_hash.h"

static const uint64_t random_domain = UINT64_C(0x72616e646f6d2121);

uint64_t
random_next(struct random *random)
{
	const uint64_t block[3] = {random_domain, random->stream, random->counter++};

	return keyed_hash64(block, sizeof(block));
}
