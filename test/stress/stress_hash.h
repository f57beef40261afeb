/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Additions to and deletions from rte_hash, wrapped by the linker: they give the processor away
 * before and after, so that readers and other writers come in between, and while the workers run an
 * addition of a key that does not stand fails now and then. A key that stands is changed in place,
 * which never fails.
 */
#ifndef STRESS_STRESS_HASH_H
#define STRESS_STRESS_HASH_H

#include <errno.h>

#include <rte_hash.h>
#include <rte_random.h>

#include "stress.h"

static _Atomic uint64_t stress_hash_failed;

int __real_rte_hash_add_key_with_hash_data(
	const struct rte_hash *hash, const void *key, hash_sig_t signature, void *data);
int __wrap_rte_hash_add_key_with_hash_data(
	const struct rte_hash *hash, const void *key, hash_sig_t signature, void *data);
int32_t __real_rte_hash_del_key_with_hash(
	const struct rte_hash *hash, const void *key, hash_sig_t signature);
int32_t __wrap_rte_hash_del_key_with_hash(
	const struct rte_hash *hash, const void *key, hash_sig_t signature);

int
__wrap_rte_hash_add_key_with_hash_data(
	const struct rte_hash *hash, const void *key, hash_sig_t signature, void *data)
{
	const bool stands = rte_hash_lookup_with_hash(hash, key, signature) >= 0;
	const uint64_t random = rte_rand();
	int ret = -ENOSPC;

	if (random % 64 == 0)
		sched_yield();
	if (stands || atomic_load(&stress_running) == 0 || random % 101 != 0)
		ret = __real_rte_hash_add_key_with_hash_data(hash, key, signature, data);
	else
		atomic_fetch_add(&stress_hash_failed, 1);
	MUST(!stands || ret == 0);
	if (random % 64 == 1)
		sched_yield();
	return ret;
}

int32_t
__wrap_rte_hash_del_key_with_hash(
	const struct rte_hash *hash, const void *key, hash_sig_t signature)
{
	const uint64_t random = rte_rand();
	int32_t ret;

	if (random % 64 == 0)
		sched_yield();
	ret = __real_rte_hash_del_key_with_hash(hash, key, signature);
	MUST(ret >= 0);
	if (random % 64 == 1)
		sched_yield();
	return ret;
}

#endif
