/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dataplane's clock.
 *
 * Life cycle: before clock_init() it stands at CLOCK_ORIGIN_MS.
 * Synchronization: what the TSC form reads is written once, before any thread runs; the hand-driven
 * time has one writer.
 * Limits: needs an invariant TSC that agrees between cores, as DPDK itself does.
 */
#include <stdatomic.h>
#include <time.h>

#include <rte_cycles.h>

#include "core/clock.h"

static bool clock_by_hand;
static uint64_t clock_base_tsc;
static uint64_t clock_origin_wall_ms; /* of a hand-driven clock */
static uint64_t clock_ms_per_tick; /* milliseconds per TSC tick, as a fraction of 2^64 */
static _Atomic uint64_t clock_hand_ms = CLOCK_ORIGIN_MS; /* writer: the control lcore */

void
clock_init(bool driven_by_hand)
{
	clock_by_hand = driven_by_hand;
	atomic_store_explicit(&clock_hand_ms, CLOCK_ORIGIN_MS, memory_order_relaxed);
	clock_base_tsc = rte_get_tsc_cycles();
	clock_ms_per_tick = (uint64_t)(((unsigned __int128)1000 << 64) / rte_get_tsc_hz());
}

uint64_t
clock_now_ms(void)
{
	uint64_t ticks;

	if (clock_by_hand)
		return atomic_load_explicit(&clock_hand_ms, memory_order_relaxed);
	ticks = rte_get_tsc_cycles() - clock_base_tsc;
	/* 128 bits: ticks * 1000 alone would overflow after some seventy days. */
	return CLOCK_ORIGIN_MS + (uint64_t)(((unsigned __int128)ticks * clock_ms_per_tick) >> 64);
}

uint64_t
clock_wall_ms(uint64_t at_ms)
{
	struct timespec now;

	if (clock_by_hand)
		return clock_origin_wall_ms + (at_ms - CLOCK_ORIGIN_MS);
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 -
	       (clock_now_ms() - at_ms);
}

void
clock_set_origin_wall_ms(uint64_t wall_ms)
{
	clock_origin_wall_ms = wall_ms;
}

void
clock_set_ms(uint64_t now_ms)
{
	if (now_ms > atomic_load_explicit(&clock_hand_ms, memory_order_relaxed))
		atomic_store_explicit(&clock_hand_ms, now_ms, memory_order_relaxed);
}
