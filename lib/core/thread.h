/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every datapath function needs to know about the thread that runs it. Functions take it as
 * `self` instead of asking rte_lcore_id(), so that a replay can run four workers on one lcore.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <stdint.h>

#include "counter.h"
#include "random.h"

struct thread {
	unsigned int id; /* 0 .. workers - 1, or THREAD_CONTROL; also its RCU thread id */
	uint32_t now_s; /* clock_now_ms() / 1000, refreshed once a loop turn */
	uint64_t now_ms; /* clock_now_ms(), refreshed once a loop turn */
	struct counters *counters;
	struct random random;
};

/** Fill a thread: its counters, its own random sequence, its time. Before the thread runs. */
void thread_init(struct thread *thread, unsigned int id);

/** Read the clock once, at the start of a loop turn. */
void thread_refresh_clock(struct thread *thread);

#endif
