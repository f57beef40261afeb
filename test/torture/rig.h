/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole appliance in this process, driven by hand: frames are put on a port, every worker takes its turns
 * one after the other, what leaves is handed to the test. The clock stands still until it is moved.
 */
#ifndef TORTURE_RIG_H
#define TORTURE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "app/callgate/appliance.h"

enum { RIG_INSIDE, RIG_OUTSIDE, RIG_PORTS }; /* ports of the configuration */

#define RIG_CALLGATE_OUTSIDE "203.0.113.1"
#define RIG_STATIC_INSIDE    "10.0.0.6" /* port 5060 outside leads there */

/* What a test sets apart from the usual; NULL: nothing. Texts of the configuration's groups. */
struct rig_options {
	unsigned int workers;
	const char *sip; /* of group sip */
	const char *zones; /* classes, policies and zone pairs */
	uint32_t max_flows; /* 0: 1024 */
};

typedef void (*rig_out_fn)(uint16_t port, const uint8_t *frame, uint32_t length);

/** Bring it up; what leaves goes to `out` (ARP is answered here). The process ends if it does not come up. */
void rig_start(const struct rig_options *options, rig_out_fn out);
void rig_stop(void);

/** A frame arrives on a port, and everything that it causes happens. Ethernet addresses are filled in. */
void rig_put(uint16_t port, uint8_t *frame, uint32_t length);

/** Move the clock; timers are looked at. */
void rig_clock(uint64_t now_ms);
uint64_t rig_now_ms(void);

/** Hours go by without a packet: whatever a timer ends has ended. */
void rig_rest(void);

/** What stands, as text, if anything does that hours without a packet should have ended; NULL: nothing. */
const char *rig_left(void);

/** Calls, and doors and pinholes of media, that stand. */
uint64_t rig_calls_left(void);

struct appliance *rig_appliance(void);
uint64_t rig_event(
	const char *name); /* counted since the start; the test ends if there is no such event */
uint64_t rig_drops(void); /* of all reasons but those of packets that were consumed */
uint64_t rig_frames(void); /* that arrived */

/** Say what is wrong and end the process with an error. */
void rig_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define MUST(condition, ...) \
	do { \
		if (!(condition)) \
			rig_fail(__VA_ARGS__); \
	} while (0)

/** Called by rig_fail(): to say where a test is. */
extern void (*rig_where)(void);

#endif
