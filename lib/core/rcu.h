/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One QSBR variable for all shared tables. Workers report quiescence once a loop turn and go
 * offline before they sleep. The control lcore is offline except inside a sweep step and never
 * blocks while online. Threads are named by their id (struct thread).
 */
#ifndef CORE_RCU_H
#define CORE_RCU_H

#include <stdint.h>

struct rte_rcu_qsbr;

/** Make the variable for THREADS_MAX threads. 0 or negative errno. Bring-up. */
int rcu_init(void);
void rcu_fini(void);

/** For rte_hash_rcu_qsbr_add() and friends. */
struct rte_rcu_qsbr *rcu_variable(void);

/** Register and go online / unregister. The thread itself, or bring-up on its behalf. */
int rcu_thread_register(unsigned int thread);
void rcu_thread_unregister(unsigned int thread);

void rcu_online(unsigned int thread);
void rcu_offline(unsigned int thread);
void rcu_quiescent(unsigned int thread);

/** Token of a grace period that starts now, and whether it is over (never waits). */
uint64_t rcu_start(void);
int rcu_passed(uint64_t token);

#endif
