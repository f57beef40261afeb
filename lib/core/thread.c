/* SPDX-License-Identifier: BSD-3-Clause */
/* Filling and refreshing of struct thread; it is owned by the thread it describes. */
#include "core/thread.h"
#include "core/clock.h"

void
thread_init(struct thread *thread, unsigned int id)
{
	*thread = (struct thread){
		.id = id,
		.counters = counters_of(id),
		.random = {.stream = id, .counter = 0},
	};
	thread_refresh_clock(thread);
}

void
thread_refresh_clock(struct thread *thread)
{
	thread->now_ms = clock_now_ms();
	thread->now_s = (uint32_t)(thread->now_ms / 1000);
}
