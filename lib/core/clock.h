/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one clock of the dataplane: monotonic milliseconds since an origin just before start.
 * It begins at CLOCK_ORIGIN_MS, so that 0 always means "never". Normally it follows the TSC;
 * a replay or a test drives it by hand.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_ORIGIN_MS UINT64_C(1000000)

/** Choose who drives the clock. Call once at bring-up, after rte_eal_init(). */
void clock_init(bool driven_by_hand);

/** Milliseconds, monotonic; any thread. */
uint64_t clock_now_ms(void);

/** Time of day of a moment of this clock, in milliseconds since 1970 (UTC). Any thread. */
uint64_t clock_wall_ms(uint64_t at_ms);

/** What CLOCK_ORIGIN_MS of a hand-driven clock stands for. Before it runs. */
void clock_set_origin_wall_ms(uint64_t wall_ms);

/** Set a hand-driven clock; it never goes back (an earlier time is ignored). Control lcore. */
void clock_set_ms(uint64_t now_ms);

#endif
