/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may send through a media pinhole. `struct media_filter` is in pinhole.h.
 *
 *            opened                 commit                    first source, if none had latched
 *   ────▶ offer phase ───────▶ announced + latched ────────────────────▶ it is latched too
 *         any source, at most   (latch)   │  ▲
 *         PINHOLE_SOURCES_MAX             └──┘ a new announcement re-opens "first" once
 *
 * An announcement names all who may send: forks that answer each add theirs, and a call that is
 * through leaves its own. Who was announced before and is again takes no place. With ICE the path is
 * found by checks, perhaps from an address that nobody named: the announced ones are let in, and the
 * offer phase goes on for others.
 * "announced" admits announced addresses only, so nothing before the commit; "any" admits all.
 * A latched source is an address and a port (a peer behind NAT is known by both). An announced one
 * counts by address alone: a phone may send from another port than it listens on.
 * The filter is asked for new flows only: a flow that stands is not asked again.
 *
 * Calls at one endpoint: a phone may use a port for the next call before the last one has ended. Each
 * has a phase, announcements and latched sources of its own; all of them are let in, and what a call
 * brought goes with it. Of more than PINHOLE_CALLS_MAX the oldest is no longer told apart: what it
 * announced is forgotten then, its flows stand.
 *
 * Synchronization: the filter's own lock, a leaf: taken alone or under the pinhole key's stripe. An
 * announcement takes the place of the call's one before as a whole, so that who stands in both is let
 * in at any time.
 */
#ifndef FLOW_MEDIA_FILTER_H
#define FLOW_MEDIA_FILTER_H

#include "pinhole.h"

void media_filter_init(
	struct media_filter *filter, enum media_source policy, const struct pinhole_holder *holder);

/** An offer through the same pinhole. Another call's: its offer phase, with room for one source. */
void media_filter_join(struct media_filter *filter, const struct pinhole_holder *holder);

/** The call's answer. Nobody announced (hold): re-opens nothing. */
void media_filter_commit(struct media_filter *filter, const struct pinhole_holder *holder,
	const struct media_announcement *announcement);

/** No call's offer phase goes on. As of a moment ago; any thread. */
static inline bool
media_filter_is_answered(const struct media_filter *filter)
{
	for (unsigned int i = 0; i < PINHOLE_CALLS_MAX; i++)
		if (filter->call[i].phase == MEDIA_OFFERED)
			return false;
	return true;
}

/** May this source send? Latches. */
bool media_filter_admit(struct media_filter *filter, rte_be32_t address, rte_be16_t port);

/* Sources, as copied out of a filter. */
struct media_sources {
	unsigned int count;
	struct media_known source[PINHOLE_SOURCES_MAX + PINHOLE_ANNOUNCED_MAX]; /* port 0: any */
};

bool media_sources_have(const struct media_sources *sources, rte_be32_t address, rte_be16_t port);

/** The call has left: forget it. *gone: its sources; *left: those of the others, who may have the same. */
void media_filter_leave(struct media_filter *filter, const struct pinhole_holder *holder,
	struct media_sources *gone, struct media_sources *left);

#endif
