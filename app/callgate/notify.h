/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a service manager is told over NOTIFY_SOCKET (sd_notify(3)): ready, reloading, stopping, and
 * that every thread still turns. Started by hand, without that variable, callgate tells nobody.
 *
 * All of it runs on the control lcore. It feeds the watchdog itself, so a control lcore that does not
 * come round any more is noticed as a worker is.
 */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include "appliance.h"

/* The control lcore's own. */
struct notify {
	bool ready; /* it has been told */
	uint64_t feed_ms; /* between two feedings of the watchdog; 0: nobody asked for any */
	uint64_t next_ms;
	uint64_t turns[WORKERS_MAX]; /* of each worker at the last feeding */
};

/** What the environment asks for (WATCHDOG_USEC). Control lcore, before notify_step(). */
void notify_init(struct notify *notify);

/**
 * Tell that callgate is ready, once every worker has turned for the first time: ports are up, policy
 * is in force. From then on feed the watchdog, but only when every worker has turned since the last
 * feeding. Control lcore, in each round of its loop.
 */
void notify_step(struct notify *notify, const struct appliance *appliance);

/** Around a reload; `refused`: the configuration that was in force still is. Control lcore. */
void notify_reloading(void);
void notify_reloaded(bool refused);

/** The workers are about to end. Control lcore. */
void notify_stopping(void);

#endif
