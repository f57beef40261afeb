/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How busy each worker was, second by second. The load that a worker keeps grows from its start on and
 * says little about a day's busiest minute; a histogram of seconds does.
 */
#ifndef APP_BUSY_H
#define APP_BUSY_H

#include "core/histogram.h"

struct appliance;

struct busy {
	/* Of the last sample; the control lcore's own. */
	uint64_t sampled_ms, busy_cycles, total_cycles;
	struct histogram share; /* reader: telemetry */
};

/**
 * Sample each worker whose last sample is a second old. Its share is that of the turns that have ended
 * since then; when none has, the next sample is for both seconds. Control lcore.
 */
void busy_sample(struct appliance *appliance);

#endif
