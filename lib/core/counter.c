/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counter blocks of all threads.
 *
 * Life cycle: static, zero from the start of the process to its end.
 * Synchronization: each block has one writer, its thread; sums read all of them relaxed, so a sum
 * is exact only when the writers rest, and never goes back otherwise.
 */
#include <stddef.h>

#include "core/counter.h"

static struct counters counter_blocks[THREADS_MAX];

/* A block shares no cache line with its neighbour, or every count would bounce between cores. */
_Static_assert(sizeof(struct counters) % RTE_CACHE_LINE_SIZE == 0, "counter blocks share a line");

static const char *const event_names[] = {
#define X(id, name, help) [EVENT_##id] = name,
	EVENTS(X)
#undef X
};

static const char *const event_helps[] = {
#define X(id, name, help) [EVENT_##id] = help,
	EVENTS(X)
#undef X
};

struct counters *
counters_of(unsigned int thread)
{
	return thread < THREADS_MAX ? &counter_blocks[thread] : NULL;
}

uint64_t
counters_drop_sum(enum drop_reason reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < THREADS_MAX; i++)
		sum += atomic_load_explicit(&counter_blocks[i].drop[reason], memory_order_relaxed);
	return sum;
}

uint64_t
counters_event_sum(enum event event)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < THREADS_MAX; i++)
		sum += atomic_load_explicit(&counter_blocks[i].event[event], memory_order_relaxed);
	return sum;
}

const char *
event_name(enum event event)
{
	return (unsigned int)event < EVENT_COUNT ? event_names[event] : "?";
}

const char *
event_help(enum event event)
{
	return (unsigned int)event < EVENT_COUNT ? event_helps[event] : "?";
}
