/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reload: the configuration file is read again; what can change live (policy: ACLs, class maps,
 * policy maps, zone pairs) becomes a new immutable ruleset, published by one pointer. Flows carry the
 * generation of the ruleset they were checked under and are asked again on their next packet.
 * A file with a fault, or one that changes what cannot change live, is refused as a whole and the
 * running configuration stays. Either way the file of call detail records is opened anew.
 *
 * All of it runs on the control lcore, offline: reading files never delays a grace period.
 */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

#include "appliance.h"

/** Take a request for a reload; it is answered by the next reload_step(). Control lcore. */
void reload_ask(struct appliance *appliance, struct request *request);

/** Reload if SIGHUP or a request wants it. Control lcore, offline. */
void reload_step(struct appliance *appliance);

/** A telemetry handler looks at the ruleset, or at the configuration's text: they stay until
 *  released. Any foreign thread. */
void reload_hold(void);
void reload_release(void);

/** The effective text of the configuration in force, and how many reloads there were. Between
 *  reload_hold() and reload_release(). */
const char *reload_configuration(const struct appliance *appliance, uint64_t *reloads);

/** Give back what reloads keep. Nobody asks any more. */
void reload_destroy(struct appliance *appliance);

#endif
