/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold of every segment that leaves the appliance. */
#ifndef TORTURE_TALK_WATCH_H
#define TORTURE_TALK_WATCH_H

#include "talk.h"

extern const struct wire_hooks talk_watch_hooks;

/** A run begins. */
void talk_watch_begin(const struct talk *talk, const struct wire_trouble *trouble);

const struct talk_seen *talk_watch_seen(void);

#endif
