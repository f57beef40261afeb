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

void
media_filter_reopen(struct media_filter *filter)
{
	rte_spinlock_lock(&filter->lock);
	filter->committed = false;
	filter->first_may_latch = false;
	if (filter->latched_count == PINHOLE_SOURCES_MAX) {
		/* Room for the new call's peer; the oldest source's flow needs no filter any more. */
		filter->latched_count--;
		memmove(&filter->latched[0], &filter->latched[1],
			filter->latched_count * sizeof(filter->latched[0]));
	}
	rte_spinlock_unlock(&filter->lock);
}

void
media_filter_commit(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	bool changed;

	rte_spinlock_lock(&filter->lock);
	changed = filter->announced.address != address || filter->announced.port != port;
	if (!filter->committed)
		filter->first_may_latch = filter->latched_count == 0;
	else if (changed && address != 0)
		filter->first_may_latch = true;
	/* else: a retransmitted answer, or a hold: as it was */
	filter->announced.address = address;
	filter->announced.port = port;
	filter->committed = true;
	rte_spinlock_unlock(&filter->lock);
}

static bool
media_filter_is_latched(const struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	for (unsigned int i = 0; i < filter->latched_count; i++)
		if (filter->latched[i].address == address && filter->latched[i].port == port)
			return true;
	return false;
}

/* A full list forgets its oldest; before the commit the caller has seen to the limit. */
static void
media_filter_latch(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	if (filter->latched_count == PINHOLE_SOURCES_MAX) {
		filter->latched_count--;
		memmove(&filter->latched[0], &filter->latched[1],
			filter->latched_count * sizeof(filter->latched[0]));
	}
	filter->latched[filter->latched_count].address = address;
	filter->latched[filter->latched_count].port = port;
	filter->latched_count++;
}

/* Under the lock, policy "latch". */
static bool
media_filter_admit_latch(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	if (media_filter_is_latched(filter, address, port))
		return true;
	if (!filter->committed) {
		if (filter->latched_count == PINHOLE_SOURCES_MAX)
			return false;
		media_filter_latch(filter, address, port);
		return true;
	}
	if (filter->announced.address != 0 && filter->announced.address == address) {
		filter->first_may_latch = false; /* the peer is where it said */
		return true;
	}
	if (!filter->first_may_latch)
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
		admitted = filter->committed && filter->announced.address != 0 &&
			   filter->announced.address == address;
		break;
	default:
		admitted = media_filter_admit_latch(filter, address, port);
		break;
	}
	rte_spinlock_unlock(&filter->lock);
	return admitted;
}
