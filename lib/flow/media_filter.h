/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may send through a media pinhole. `struct media_filter` is in pinhole.h.
 *
 *            opened                 commit                    first source, if none had latched
 *   ────▶ offer phase ───────▶ announced + latched ────────────────────▶ it is latched too
 *         any source, at most   (latch)   │  ▲
 *         PINHOLE_SOURCES_MAX             └──┘ a new announcement re-opens "first" once
 *
 * "announced" admits the announced address only, so nothing before the commit; "any" admits all.
 * A latched source is an address and a port (a peer behind NAT is known by both). The announced
 * one counts by address alone: a phone may send from another port than it listens on.
 * The filter is asked for new flows only: a flow that stands is not asked again.
 *
 * Synchronization: the filter's own lock, a leaf: taken alone or under the pinhole key's stripe.
 */
#ifndef FLOW_MEDIA_FILTER_H
#define FLOW_MEDIA_FILTER_H

#include "pinhole.h"

void media_filter_init(struct media_filter *filter, enum media_source policy);

/** Another offer through the same pinhole, for another call: back to the offer phase. */
void media_filter_reopen(struct media_filter *filter);

/** The answer: its announced source. Address 0 (hold): none, and re-opens nothing. */
void media_filter_commit(struct media_filter *filter, rte_be32_t address, rte_be16_t port);

/** May this source send? Latches. */
bool media_filter_admit(struct media_filter *filter, rte_be32_t address, rte_be16_t port);

#endif
