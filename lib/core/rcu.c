/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one QSBR variable.
 *
 * Life cycle: rcu_init() at bring-up, before any table or pool that rests on it; rcu_fini() after
 * the last of them. Registering a thread also takes it online.
 * Synchronization: QSBR's own.
 */
#include <errno.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include "core/limits.h"
#include "core/rcu.h"

static struct rte_rcu_qsbr *rcu;

int
rcu_init(void)
{
	size_t size = rte_rcu_qsbr_get_memsize(THREADS_MAX);

	if (rcu != NULL)
		return -EEXIST;
	rcu = rte_zmalloc("rcu", size, RTE_CACHE_LINE_SIZE);
	if (rcu == NULL)
		return -ENOMEM;
	if (rte_rcu_qsbr_init(rcu, THREADS_MAX) != 0) {
		rte_free(rcu);
		rcu = NULL;
		return -rte_errno;
	}
	return 0;
}

void
rcu_fini(void)
{
	rte_free(rcu);
	rcu = NULL;
}

struct rte_rcu_qsbr *
rcu_variable(void)
{
	return rcu;
}

int
rcu_thread_register(unsigned int thread)
{
	if (thread >= THREADS_MAX)
		return -EINVAL;
	if (rte_rcu_qsbr_thread_register(rcu, thread) != 0)
		return -rte_errno;
	rte_rcu_qsbr_thread_online(rcu, thread);
	return 0;
}

void
rcu_thread_unregister(unsigned int thread)
{
	rte_rcu_qsbr_thread_offline(rcu, thread);
	rte_rcu_qsbr_thread_unregister(rcu, thread);
}

void
rcu_online(unsigned int thread)
{
	rte_rcu_qsbr_thread_online(rcu, thread);
}

void
rcu_offline(unsigned int thread)
{
	rte_rcu_qsbr_thread_offline(rcu, thread);
}

void
rcu_quiescent(unsigned int thread)
{
	rte_rcu_qsbr_quiescent(rcu, thread);
}

uint64_t
rcu_start(void)
{
	return rte_rcu_qsbr_start(rcu);
}

int
rcu_passed(uint64_t token)
{
	return rte_rcu_qsbr_check(rcu, token, false);
}
