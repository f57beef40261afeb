/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame of a stress program: control on the main lcore, workers on lcores of their own (real
 * threads that float over all processors), a clock driven by the control lcore, faults counted by
 * any thread. Short by default; "long" as argument or CALLGATE_LONG=1 runs the full figure.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "core/thread.h"

enum { STRESS_WORKERS = 3 };
/* A program that runs with other numbers of them sets this before stress_start(). */
static unsigned int stress_workers = STRESS_WORKERS;

static _Atomic unsigned int stress_faults;
static _Atomic unsigned int stress_running;
static struct thread stress_thread[THREADS_MAX];

/* What must hold, on any thread. */
#define MUST(condition) \
	do { \
		if (!(condition) && atomic_fetch_add(&stress_faults, 1) < 10) \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __func__, __LINE__, \
				#condition); \
	} while (0)

static inline uint64_t
stress_rounds(int count, char **arguments, uint64_t brief, uint64_t full)
{
	bool wanted =
		count > 1 ? strcmp(arguments[1], "long") == 0 : getenv("CALLGATE_LONG") != NULL;

	return wanted ? full : brief;
}

static inline void
stress_start(void)
{
	char prefix[64], lcores[64];
	const char *arguments[] = {"stress", "--no-huge", "--no-shconf", "-m", "256", "--no-pci",
		"--no-telemetry", "--log-level=warning", "--lcores", lcores, "--file-prefix",
		prefix};
	cpu_set_t allowed;
	int first = -1, last = 0;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		if (first < 0)
			first = cpu;
		else if (cpu != last + 1)
			break;
		last = cpu;
	}
	last = last < first ? first : last;
	snprintf(lcores, sizeof(lcores), "(0-%u)@(%d-%d)", stress_workers, first, last);
	snprintf(prefix, sizeof(prefix), "callgate_stress_%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
	keyed_hash_init(0);
	clock_init(true);
	if (rcu_init() != 0)
		exit(1);
	for (unsigned int i = 0; i < stress_workers; i++)
		thread_init(&stress_thread[i], i);
	thread_init(&stress_thread[THREAD_CONTROL], THREAD_CONTROL);
	rcu_thread_register(THREAD_CONTROL);
	rcu_offline(THREAD_CONTROL);
}

/* Run `work` on every worker lcore while `control` is called on this one, in RCU windows. */
static inline void
stress_run(int (*work)(void *), void (*control)(struct thread *self, uint64_t turn))
{
	struct thread *self = &stress_thread[THREAD_CONTROL];

	atomic_store(&stress_running, stress_workers);
	for (uintptr_t i = 0; i < stress_workers; i++) {
		rcu_thread_register(i);
		rte_eal_remote_launch(work, (void *)i, i + 1);
	}
	for (uint64_t turn = 0; atomic_load(&stress_running) > 0; turn++) {
		if (turn % 64 == 0)
			clock_set_ms(clock_now_ms() + 1000);
		thread_refresh_clock(self);
		rcu_online(THREAD_CONTROL);
		control(self, turn);
		rcu_offline(THREAD_CONTROL);
		if (turn % 16 == 0)
			sched_yield();
	}
	rte_eal_mp_wait_lcore();
}

/* End of a worker's turn, and of its work. */
static inline void
stress_turn(struct thread *self)
{
	rcu_quiescent(self->id);
	thread_refresh_clock(self);
}

static inline void
stress_leave(struct thread *self)
{
	rcu_thread_unregister(self->id);
	atomic_fetch_sub(&stress_running, 1);
}

static inline int
stress_end(const char *name)
{
	printf("%s: %u faults\n", name, atomic_load(&stress_faults));
	return atomic_load(&stress_faults) == 0 ? 0 : 1;
}

#endif
