/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of the telemetry socket (rte_telemetry). Handlers run in a thread a client, several at
 * once: they read counters and gauges, or ask the control lcore or a worker through request.h.
 */
#ifndef APP_TELEMETRY_H
#define APP_TELEMETRY_H

#include "appliance.h"

/** Register every /callgate/... command. 0 or -errno. After everything else is up. */
int telemetry_register(struct appliance *appliance);

/** From here on every handler answers an error; waits until none is running. */
void telemetry_unregister(void);

#endif
