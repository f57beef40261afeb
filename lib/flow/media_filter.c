/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "media_filter.h"

void
media_filter_init(struct media_filter *filter, enum media_source policy)
{
	memset(filter, 0, sizeof(*filter));
	rte_spinlock_init(&filter->lock);
	filter->policy = policy;
}

static void
media_filter_forget_oldest(struct media_filter *filter)
{
	filter->latched_count--;
	memmove(&filter->latched[0], &filter->latched[1],
		filter->latched_count * sizeof(filter->latched[0]));
}

/* Back to the offer phase, with room for one more: the flow of the oldest needs no filter. */
static void
media_filter_uncommit(struct media_filter *filter)
{
	filter->committed = false;
	filter->first_may_latch = false;
	if (filter->latched_count == PINHOLE_SOURCES_MAX)
		media_filter_forget_oldest(filter);
}

void
media_filter_reopen(struct media_filter *filter)
{
	rte_spinlock_lock(&filter->lock);
	media_filter_uncommit(filter);
	rte_spinlock_unlock(&filter->lock);
}

static bool
peers_have(const struct media_peer *peers, unsigned int count, rte_be32_t address, rte_be16_t port)
{
	for (unsigned int i = 0; i < count; i++)
		if (peers[i].address == address && peers[i].port == port)
			return true;
	return false;
}

static bool
media_filter_is_announced(const struct media_filter *filter, rte_be32_t address)
{
	for (unsigned int i = 0; i < filter->announced_count; i++)
		if (filter->announced[i].address == address)
			return true;
	return false;
}

static bool
media_filter_is_news(
	const struct media_filter *filter, const struct media_announcement *announcement)
{
	for (unsigned int i = 0; i < announcement->count; i++)
		if (!peers_have(filter->announced, filter->announced_count,
			    announcement->peer[i].address, announcement->peer[i].port))
			return true;
	return false;
}

void
media_filter_commit(struct media_filter *filter, const struct media_announcement *announcement)
{
	rte_spinlock_lock(&filter->lock);
	if (announcement->further && filter->committed) {
		media_filter_uncommit(filter);
	} else if (!announcement->further) {
		if (!filter->committed)
			filter->first_may_latch = filter->latched_count == 0;
		else if (media_filter_is_news(filter, announcement))
			filter->first_may_latch = true;
		/* else: a retransmitted answer, a fork less, or a hold: as it was */
		filter->committed = true;
	}
	filter->announced_count = announcement->count;
	memcpy(filter->announced, announcement->peer,
		announcement->count * sizeof(announcement->peer[0]));
	rte_spinlock_unlock(&filter->lock);
}

/* A full list forgets its oldest; before the commit the caller has seen to the limit. */
static void
media_filter_latch(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	if (filter->latched_count == PINHOLE_SOURCES_MAX)
		media_filter_forget_oldest(filter);
	filter->latched[filter->latched_count++] = (struct media_peer){address, port};
}

/* Under the lock, policy "latch". */
static bool
media_filter_admit_latch(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	if (peers_have(filter->latched, filter->latched_count, address, port))
		return true;
	if (media_filter_is_announced(filter, address)) {
		filter->first_may_latch = false; /* the peer is where it said */
		return true;
	}
	if (filter->committed ? !filter->first_may_latch
			      : filter->latched_count == PINHOLE_SOURCES_MAX)
		return false;
	filter->first_may_latch = false;
	media_filter_latch(filter, address, port);
	return true;
}

bool
media_filter_admit(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	bool admitted;

	rte_spinlock_lock(&filter->lock);
	switch (filter->policy) {
	case MEDIA_SOURCE_ANY:
		admitted = true;
		break;
	case MEDIA_SOURCE_ANNOUNCED:
		admitted = media_filter_is_announced(filter, address);
		break;
	default:
		admitted = media_filter_admit_latch(filter, address, port);
		break;
	}
	rte_spinlock_unlock(&filter->lock);
	return admitted;
}
