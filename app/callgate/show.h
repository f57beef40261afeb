/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of the shared tables for show commands: the control lcore walks a pool by index, online,
 * and copies what it shows into the request. Control lcore only.
 */
#ifndef APP_SHOW_H
#define APP_SHOW_H

#include "request.h"

void show_translations(struct appliance *appliance, struct request *request);
void show_sessions(struct appliance *appliance, struct request *request);
void show_pinholes(struct appliance *appliance, struct request *request);
void show_registrations(struct appliance *appliance, struct request *request);

#endif
