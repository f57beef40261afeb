/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "media_filter.h"

static void
call_begin(struct media_filter *filter, unsigned int call, const struct pinhole_holder *holder)
{
	for (unsigned int i = 0; i < PINHOLE_CALLS_MAX; i++)
		filter->call[i].newest = false;
	filter->call[call] = (struct media_call){.worker = holder->worker,
		.phase = MEDIA_OFFERED,
		.newest = true,
		.call = holder->call};
}

void
media_filter_init(
	struct media_filter *filter, enum media_source policy, const struct pinhole_holder *holder)
{
	memset(filter, 0, sizeof(*filter));
	rte_spinlock_init(&filter->lock);
	filter->policy = policy;
	call_begin(filter, 0, holder);
}

/* Index of a call, or PINHOLE_CALLS_MAX. */
static unsigned int
call_find(const struct media_filter *filter, const struct pinhole_holder *holder)
{
	unsigned int i;

	for (i = 0; i < PINHOLE_CALLS_MAX; i++) {
		const struct media_call *call = &filter->call[i];

		if (call->phase != MEDIA_NO_CALL && call->worker == holder->worker &&
			call->call.index == holder->call.index &&
			call->call.generation == holder->call.generation)
			break;
	}
	return i;
}

/* Of these sources those of a call go. */
static uint8_t
sources_drop(struct media_known *known, uint8_t count, unsigned int call)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < count; i++)
		if (known[i].call != call)
			known[kept++] = known[i];
	return kept;
}

static void
call_drop(struct media_filter *filter, unsigned int call)
{
	filter->latched_count = sources_drop(filter->latched, filter->latched_count, call);
	filter->announced_count = sources_drop(filter->announced, filter->announced_count, call);
	filter->call[call].phase = MEDIA_NO_CALL;
}

static void
filter_forget_oldest(struct media_filter *filter)
{
	filter->latched_count--;
	memmove(&filter->latched[0], &filter->latched[1],
		filter->latched_count * sizeof(filter->latched[0]));
}

/* Back to the offer phase, with room for one more: the flow of the oldest needs no filter. */
static void
offer_reopen(struct media_filter *filter, unsigned int call)
{
	filter->call[call].phase = MEDIA_OFFERED;
	if (filter->latched_count == PINHOLE_SOURCES_MAX)
		filter_forget_oldest(filter);
}

/* A place for a call that is new here: a free one, or the older one's. */
static unsigned int
call_make(struct media_filter *filter, const struct pinhole_holder *holder)
{
	unsigned int call = 0;

	while (call < PINHOLE_CALLS_MAX && filter->call[call].phase != MEDIA_NO_CALL)
		call++;
	if (call == PINHOLE_CALLS_MAX) {
		for (call = 0; filter->call[call].newest;)
			call++;
		call_drop(filter, call);
		filter->crowded = true;
	}
	call_begin(filter, call, holder);
	offer_reopen(filter, call);
	return call;
}

void
media_filter_join(struct media_filter *filter, const struct pinhole_holder *holder)
{
	rte_spinlock_lock(&filter->lock);
	if (call_find(filter, holder) == PINHOLE_CALLS_MAX)
		call_make(filter, holder);
	rte_spinlock_unlock(&filter->lock);
}

static bool
latched(const struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	for (unsigned int i = 0; i < filter->latched_count; i++)
		if (filter->latched[i].address == address && filter->latched[i].port == port)
			return true;
	return false;
}

static bool
has_latched(const struct media_filter *filter, unsigned int call)
{
	for (unsigned int i = 0; i < filter->latched_count; i++)
		if (filter->latched[i].call == call)
			return true;
	return false;
}

/* Does an announcement name anybody whom this call has not announced? */
static bool
is_news(const struct media_filter *filter, unsigned int call,
	const struct media_announcement *announcement)
{
	for (unsigned int i = 0; i < announcement->count; i++) {
		const struct media_peer *peer = &announcement->peer[i];
		bool known = false;

		for (unsigned int n = 0; n < filter->announced_count; n++)
			known |= filter->announced[n].call == call &&
				 filter->announced[n].address == peer->address &&
				 filter->announced[n].port == peer->port;
		if (!known)
			return true;
	}
	return false;
}

/* The call's announcement takes the place of its one before, and where there is no room of others'. */
static void
announced_put(struct media_filter *filter, unsigned int call,
	const struct media_announcement *announcement)
{
	uint8_t others, excess;

	others = sources_drop(filter->announced, filter->announced_count, call);
	excess = others + announcement->count > PINHOLE_ANNOUNCED_MAX
			 ? (uint8_t)(others + announcement->count - PINHOLE_ANNOUNCED_MAX)
			 : 0;
	others = (uint8_t)(others - excess);
	memmove(&filter->announced[0], &filter->announced[excess],
		others * sizeof(filter->announced[0]));
	for (unsigned int i = 0; i < announcement->count; i++)
		filter->announced[others + i] = (struct media_known){
			announcement->peer[i].address, announcement->peer[i].port, (uint8_t)call};
	filter->announced_count = (uint8_t)(others + announcement->count);
}

void
media_filter_commit(struct media_filter *filter, const struct pinhole_holder *holder,
	const struct media_announcement *announcement)
{
	unsigned int call;
	uint8_t *phase;

	rte_spinlock_lock(&filter->lock);
	call = call_find(filter, holder);
	if (call == PINHOLE_CALLS_MAX)
		call = call_make(filter, holder);
	phase = &filter->call[call].phase;
	if (announcement->further && *phase != MEDIA_OFFERED) {
		offer_reopen(filter, call);
	} else if (!announcement->further) {
		if (*phase == MEDIA_OFFERED)
			*phase = has_latched(filter, call) ? MEDIA_ANSWERED : MEDIA_FIRST_AWAITED;
		else if (is_news(filter, call, announcement))
			*phase = MEDIA_FIRST_AWAITED;
		/* else: a retransmitted answer, a fork less, or a hold: as it was */
	}
	announced_put(filter, call, announcement);
	rte_spinlock_unlock(&filter->lock);
}

/* Who was announced is where it said; nobody else is waited for. */
static bool
announced(struct media_filter *filter, rte_be32_t address)
{
	bool found = false;

	for (unsigned int i = 0; i < filter->announced_count; i++) {
		uint8_t *phase = &filter->call[filter->announced[i].call].phase;

		if (filter->announced[i].address != address)
			continue;
		if (*phase == MEDIA_FIRST_AWAITED)
			*phase = MEDIA_ANSWERED;
		found = true;
	}
	return found;
}

/* The call that takes a source nobody named: one that offers, else one that awaits its first. */
static unsigned int
call_open(const struct media_filter *filter)
{
	unsigned int found = PINHOLE_CALLS_MAX;

	for (unsigned int i = 0; i < PINHOLE_CALLS_MAX; i++) {
		uint8_t phase = filter->call[i].phase;

		if (phase == MEDIA_OFFERED && filter->latched_count < PINHOLE_SOURCES_MAX)
			return i;
		if (phase == MEDIA_FIRST_AWAITED)
			found = i;
	}
	return found;
}

/* Under the lock, policy "latch". */
static bool
admit_latch(struct media_filter *filter, rte_be32_t address, rte_be16_t port)
{
	unsigned int call;

	if (latched(filter, address, port) || announced(filter, address))
		return true;
	call = call_open(filter);
	if (call == PINHOLE_CALLS_MAX)
		return false;
	if (filter->call[call].phase == MEDIA_FIRST_AWAITED) {
		filter->call[call].phase = MEDIA_ANSWERED;
		if (filter->latched_count == PINHOLE_SOURCES_MAX)
			filter_forget_oldest(filter);
	}
	filter->latched[filter->latched_count++] =
		(struct media_known){address, port, (uint8_t)call};
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
		admitted = announced(filter, address);
		break;
	default:
		admitted = admit_latch(filter, address, port);
		break;
	}
	rte_spinlock_unlock(&filter->lock);
	return admitted;
}

bool
media_sources_have(const struct media_sources *sources, rte_be32_t address, rte_be16_t port)
{
	for (unsigned int i = 0; i < sources->count; i++) {
		const struct media_known *source = &sources->source[i];

		if (source->address == address && (source->port == 0 || source->port == port))
			return true;
	}
	return false;
}

static void
source_put(struct media_sources *sources, rte_be32_t address, rte_be16_t port)
{
	sources->source[sources->count++] = (struct media_known){address, port, 0};
}

/* Sources of one call, or of all others. */
static void
sources_copy(const struct media_filter *filter, unsigned int call, bool others,
	struct media_sources *sources)
{
	sources->count = 0;
	for (unsigned int i = 0; i < filter->latched_count; i++)
		if ((filter->latched[i].call != call) == others)
			source_put(sources, filter->latched[i].address, filter->latched[i].port);
	for (unsigned int i = 0; i < filter->announced_count; i++)
		if ((filter->announced[i].call != call) == others)
			source_put(sources, filter->announced[i].address, 0);
}

void
media_filter_leave(struct media_filter *filter, const struct pinhole_holder *holder,
	struct media_sources *gone, struct media_sources *left)
{
	unsigned int call;

	gone->count = left->count = 0;
	rte_spinlock_lock(&filter->lock);
	call = call_find(filter, holder);
	if (call < PINHOLE_CALLS_MAX) {
		/* Whose flows these are is not known in a crowd, and nobody asks where any may send. */
		if (!filter->crowded && filter->policy != MEDIA_SOURCE_ANY) {
			sources_copy(filter, call, false, gone);
			sources_copy(filter, call, true, left);
		}
		call_drop(filter, call);
	}
	rte_spinlock_unlock(&filter->lock);
}
