/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control lcore: timers and answers. Packets never touch a timer; this lcore compares last_seen
 * and deadlines in small budgeted steps and is QSBR-online only inside one.
 */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include "appliance.h"

/** The loop of a running appliance, until appliance->stop. Control lcore. */
void control_run(struct appliance *appliance);

/** One budgeted step over every table, and the control mailbox. Control lcore. */
void control_step(struct appliance *appliance);

/** One whole pass over every table (replay, shutdown). Control lcore. */
void control_pass(struct appliance *appliance);

#endif
