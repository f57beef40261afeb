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
 * Synchronization: the filter's own lock, a leaf: taken alone or under the pinhole key's stripe. An
 * announcement takes the place of the one before as a whole, so that who stands in both is let in
 * at any time.
 */
#ifndef FLOW_MEDIA_FILTER_H
#define FLOW_MEDIA_FILTER_H

#include "pinhole.h"

void media_filter_init(struct media_filter *filter, enum media_source policy);

/** Another offer through the same pinhole, for another call: back to the offer phase. */
void media_filter_reopen(struct media_filter *filter);

/** The answer. Nobody announced (hold): re-opens nothing. */
void media_filter_commit(
	struct media_filter *filter, const struct media_announcement *announcement);

/** May this source send? Latches. */
bool media_filter_admit(struct media_filter *filter, rte_be32_t address, rte_be16_t port);

#endif
