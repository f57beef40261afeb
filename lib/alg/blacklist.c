/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dynamic blacklist (sip.blacklist): a host that sends too many SIP messages within a period is
 * refused for a while, over all workers.
 *
 * What a host answers it was asked for, perhaps by many others: sixteen responses weigh as much as
 * one request. So nobody who stays below the number himself makes a trunk send too much, for an
 * INVITE has a dozen responses at most, repetitions of a final one that nobody acknowledges among
 * them.
 *
 * A table of buckets of four hosts, one cache line each. A host's window begins with a message and is
 * the period long; the message that fills it blocks the host. Who is blocked is not counted, so
 * the block ends when its time has passed, and counting begins anew. An entry whose window and
 * block are over is free for others. A host without room in its bucket passes uncounted: the
 * blacklist protects against one host, not against many.
 *
 * Synchronization: atomic words alone, any worker. The window (start, messages) is one word. Two
 * workers that make entries for one host at once count it twice for a period at most; a message
 * counted for an entry that changes hands is one message too many or too few.
 */
#include <rte_malloc.h>

#include "alg_priv.h"

enum {
	HOSTS_PER_BUCKET = 4,
	COUNT_BITS = 24, /* weight of the messages; the rest is the start in milliseconds */
	REQUEST_WEIGHT = 16,
	RESPONSE_WEIGHT = 1,
	MESSAGES_MAX = 1000000, /* the most that the configuration may ask for */
};
#define COUNT_MASK (((uint64_t)1 << COUNT_BITS) - 1)
static_assert((MESSAGES_MAX + 1) * REQUEST_WEIGHT < 1 << COUNT_BITS, "a window can be filled");

struct blacklist_entry {
	_Atomic uint32_t host; /* 0: never used */
	_Atomic uint32_t blocked_until_s;
	_Atomic uint64_t window; /* 0: none */
};

struct blacklist_bucket {
	struct blacklist_entry entry[HOSTS_PER_BUCKET];
} __rte_cache_aligned;

struct blacklist {
	uint32_t mask;
	struct blacklist_bucket bucket[];
};

static uint32_t
bucket_count(uint32_t calls)
{
	return rte_align32pow2(RTE_MAX(calls / 4, 64u));
}

size_t
blacklist_memory(uint32_t calls)
{
	return sizeof(struct blacklist) +
	       (size_t)bucket_count(calls) * sizeof(struct blacklist_bucket);
}

struct blacklist *
blacklist_create(uint32_t calls, int socket)
{
	struct blacklist *blacklist = rte_zmalloc_socket(
		"alg_blacklist", blacklist_memory(calls), RTE_CACHE_LINE_SIZE, socket);

	if (blacklist)
		blacklist->mask = bucket_count(calls) - 1;
	return blacklist;
}

void
blacklist_destroy(struct blacklist *blacklist)
{
	rte_free(blacklist);
}

/* The clocks of two workers may differ a little: a window that begins ahead has begun. */
static bool
window_open(uint64_t window, uint64_t now_ms, uint32_t period_ms)
{
	int64_t age_ms = (int64_t)(now_ms - (window >> COUNT_BITS));

	return window && age_ms < (int64_t)period_ms;
}

/* relaxed throughout: each word stands alone */
static bool
entry_blocked(const struct blacklist_entry *entry, uint64_t now_ms)
{
	return atomic_load_explicit(&entry->blocked_until_s, memory_order_relaxed) >
	       (uint32_t)(now_ms / 1000);
}

static bool
entry_free(const struct blacklist_entry *entry, uint64_t now_ms, uint32_t period_ms)
{
	uint64_t window = atomic_load_explicit(&entry->window, memory_order_relaxed);

	return !entry_blocked(entry, now_ms) && !window_open(window, now_ms, period_ms);
}

/* The host's entry, one taken for it, or NULL. */
static struct blacklist_entry *
entry_obtain(struct blacklist *blacklist, rte_be32_t host, uint64_t now_ms, uint32_t period_ms)
{
	struct blacklist_bucket *bucket =
		&blacklist->bucket[keyed_hash64(&host, sizeof(host)) & blacklist->mask];
	struct blacklist_entry *entry;
	uint32_t before;

	for (unsigned int i = 0; i < HOSTS_PER_BUCKET; i++) {
		if (atomic_load_explicit(&bucket->entry[i].host, memory_order_relaxed) == host)
			return &bucket->entry[i];
	}
	for (unsigned int i = 0; i < HOSTS_PER_BUCKET; i++) {
		entry = &bucket->entry[i];
		before = atomic_load_explicit(&entry->host, memory_order_relaxed);
		if ((before == 0 || entry_free(entry, now_ms, period_ms)) &&
			atomic_compare_exchange_strong_explicit(&entry->host, &before, host,
				memory_order_relaxed, memory_order_relaxed))
			return entry;
	}
	return NULL;
}

/* One message more in the window; what it weighs with that. */
static uint32_t
window_add(struct blacklist_entry *entry, uint64_t now_ms, uint32_t period_ms, uint32_t weight)
{
	uint64_t old = atomic_load_explicit(&entry->window, memory_order_relaxed), new;

	do {
		if (!window_open(old, now_ms, period_ms))
			new = now_ms << COUNT_BITS | weight;
		else if ((old & COUNT_MASK) + weight > COUNT_MASK)
			return COUNT_MASK;
		else
			new = old + weight;
	} while (!atomic_compare_exchange_weak_explicit(
		&entry->window, &old, new, memory_order_relaxed, memory_order_relaxed));
	return (uint32_t)(new &COUNT_MASK);
}

enum blacklist_verdict
blacklist_message(struct blacklist *blacklist, const struct config_sip *config, rte_be32_t host,
	bool response, uint64_t now_ms)
{
	uint32_t period_ms = config->blacklist_trigger_period_ms, count;
	uint32_t full = config->blacklist_trigger_messages * REQUEST_WEIGHT;
	uint32_t weight = response ? RESPONSE_WEIGHT : REQUEST_WEIGHT;
	struct blacklist_entry *entry = entry_obtain(blacklist, host, now_ms, period_ms);

	if (!entry)
		return BLACKLIST_PASS;
	if (entry_blocked(entry, now_ms))
		return BLACKLIST_REFUSED;
	count = window_add(entry, now_ms, period_ms, weight);
	if (count < full)
		return BLACKLIST_PASS;
	if (count - weight >= full) /* its block is on the way */
		return BLACKLIST_REFUSED;
	/* rounded up: never shorter than asked */
	atomic_store_explicit(&entry->blocked_until_s,
		(uint32_t)((now_ms + 999) / 1000) + config->blacklist_block_seconds,
		memory_order_relaxed);
	atomic_store_explicit(&entry->window, 0, memory_order_relaxed);
	return BLACKLIST_TRIGGERED;
}
