/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layout: buckets of one cache line with eight slots, a slot being a tag (16 bits of the hash) and a
 * reference (pool index and direction; 0: empty). A key stands in its first bucket, in its second
 * where that has room and the first is nearly full, or, where both are full, anywhere in the stash: a
 * few buckets behind the others. Nothing is ever moved, so a reader cannot miss a key on its way.
 * `spilled` counts the keys that stand elsewhere though this is their first bucket; while it is 0 a
 * miss is known after one line.
 *
 * Sizing: there are as many slots as 2.5 x keys, for the number of buckets need not be a power of two.
 * Simulated with 2 M keys, each replaced 20 times at random: 3 % of them stand in their second bucket
 * and at most one in the stash. With 2 x keys it is 8 % and 40.
 *
 * Bits of the hash: the first bucket by the low half, the tag by bits 48 to 63, the stripe (flow_priv.h)
 * by bits 32 to 41, the second bucket by the upper half of a product of all. All of them are keyed.
 *
 * Who writes what: a slot's reference is claimed from 0 by compare-and-swap, and from then until it is
 * 0 again belongs to the key's stripe, and so does its tag. A claim
 *   1. counts in `spilled` and `stashed` where it is not the first bucket,
 *   2. swaps the reference from 0,                  3. writes the tag;
 * a deletion
 *   1. writes 0 into the reference,                 2. takes the counts back.
 * The tag stays as it was. A replacement writes the reference alone.
 *
 * Interleavings:
 *  - A reader and a claim: before step 3 the slot still has the tag of its last key. A reader of the new
 *    key misses, which is the answer of a moment before; one of a key with the old tag finds a flow
 *    whose key differs. Who sees the new tag sees the new reference, and who sees the reference sees
 *    the flow filled.
 *  - A reader and a deletion: finds the flow or the 0. The flow's end is not the index's business: the
 *    object stays what it is until the reader's next quiescent state.
 *  - A reader and a replacement: finds the old flow or the new one, which have the same key, never none.
 *  - A reader of a key that stands all the while, whatever comes and goes around it: its slot and its tag do
 *    not change, and its own count in `spilled` and `stashed` was there before it and leaves after it.
 *    So it is found.
 *  - Two claims of one slot: the swap decides, the other goes on to the next slot. The loser may find a
 *    bucket full that had room when it counted; then it takes the next choice. Room that appears in a
 *    bucket already passed is not seen: -ENOSPC may come a slot too early.
 *  - A claim of a slot just deleted: its tag is written after that of the key before, which was complete
 *    before that key could be deleted (one stripe), and the swap that finds 0 acquires the deletion.
 *  - A claim and a deletion of the same key: one stripe, so not at once.
 */
#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_debug.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <rte_vect.h>

#include "flow_index.h"

enum {
	SLOTS = 8,
	NEARLY_FULL = 7, /* slots in use: then the second bucket is asked */
	STASH_BUCKETS = 8,
};

struct flow_bucket {
	_Atomic uint16_t tag[SLOTS];
	_Atomic uint32_t reference[SLOTS];
	_Atomic uint32_t spilled;
} __rte_cache_aligned;
static_assert(sizeof(struct flow_bucket) == RTE_CACHE_LINE_SIZE, "a bucket is a cache line");

struct flow_index {
	struct flow_bucket *bucket; /* and the stash behind them */
	struct flow *flows; /* by pool index: [0] is before the first */
	uint32_t buckets; /* without the stash */
	_Atomic uint32_t stashed; /* keys in the stash; seldom written */
};

static uint32_t
buckets_for(uint32_t keys)
{
	return (uint32_t)(((uint64_t)keys * 5 + 2 * SLOTS - 1) / (2 * SLOTS)) + 1;
}

struct flow_index *
flow_index_create(uint32_t keys, struct flow *first, int socket)
{
	const size_t buckets = (size_t)buckets_for(keys) + STASH_BUCKETS;
	struct flow_index *index =
		rte_zmalloc_socket("flow_index", sizeof(*index), RTE_CACHE_LINE_SIZE, socket);

	if (index == NULL)
		goto fail;
	index->buckets = buckets_for(keys);
	index->flows = first - 1;
	index->bucket = rte_zmalloc_socket(
		"flow_buckets", buckets * sizeof(struct flow_bucket), RTE_CACHE_LINE_SIZE, socket);
	if (index->bucket == NULL)
		goto fail;
	return index;

fail:
	rte_free(index);
	rte_errno = ENOMEM;
	return NULL;
}

void
flow_index_destroy(struct flow_index *index)
{
	if (index == NULL)
		return;
	rte_free(index->bucket);
	rte_free(index);
}

size_t
flow_index_memory(uint32_t keys)
{
	const size_t buckets = (size_t)buckets_for(keys) + STASH_BUCKETS;

	/* and what rte_malloc puts around each of the two */
	return buckets * sizeof(struct flow_bucket) + sizeof(struct flow_index) +
	       4 * RTE_CACHE_LINE_SIZE;
}

static inline uint16_t
tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48);
}

static inline struct flow_bucket *
bucket_at(const struct flow_index *index, uint32_t bits)
{
	return &index->bucket[((uint64_t)bits * index->buckets) >> 32];
}

static inline struct flow_bucket *
bucket_first(const struct flow_index *index, uint64_t hash)
{
	return bucket_at(index, (uint32_t)hash);
}

static inline struct flow_bucket *
bucket_second(const struct flow_index *index, uint64_t hash)
{
	return bucket_at(index, (uint32_t)((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 32));
}

static inline const struct flow_path *
path_at(const struct flow_index *index, uint32_t reference)
{
	return &index->flows[reference >> 1].path[reference & 1];
}

void *
flow_index_data(const struct flow_index *index, uint32_t reference)
{
	return reference == 0 ? NULL : flow_data(&index->flows[reference >> 1], reference & 1);
}

static inline bool
key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * A bit a slot whose tag is this one. Each tag is read whole, whatever width the load has; what
 * follows is ordered behind it (acquire, pairs with the release of the tag in bucket_claim()).
 */
static inline unsigned int
bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
	unsigned int match = 0;

#ifdef __SSE2__
	const __m128i tags = _mm_load_si128((const __m128i *)(uintptr_t)bucket->tag);
	const __m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	match = (unsigned int)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
#else
	for (unsigned int i = 0; i < SLOTS; i++)
		match |= (unsigned int)(atomic_load_explicit(
						&bucket->tag[i], memory_order_relaxed) == tag)
			 << i;
#endif
	atomic_thread_fence(memory_order_acquire);
	return match;
}

/* acquire: pairs with the releases of bucket_claim() and flow_index_replace(): the flow is filled */
static inline uint32_t
reference_get(const struct flow_bucket *bucket, unsigned int slot)
{
	return atomic_load_explicit(&bucket->reference[slot], memory_order_acquire);
}

/* The first flow here that may have the key. */
static inline uint32_t
bucket_candidate(const struct flow_bucket *bucket, uint16_t tag)
{
	for (unsigned int match = bucket_match(bucket, tag); match != 0; match &= match - 1) {
		const uint32_t reference =
			reference_get(bucket, (unsigned int)__builtin_ctz(match));

		if (likely(reference != 0))
			return reference;
	}
	return 0;
}

static uint32_t
bucket_find(const struct flow_index *index, const struct flow_bucket *bucket, uint16_t tag,
	const struct flow_key *key)
{
	for (unsigned int match = bucket_match(bucket, tag); match != 0; match &= match - 1) {
		const uint32_t reference =
			reference_get(bucket, (unsigned int)__builtin_ctz(match));

		if (reference != 0 && key_equal(&path_at(index, reference)->key, key))
			return reference;
	}
	return 0;
}

/* relaxed: who must find a key has seen it counted, for that came before the key */
static inline bool
bucket_spilled(const struct flow_bucket *bucket)
{
	return atomic_load_explicit(&bucket->spilled, memory_order_relaxed) != 0;
}

static inline bool
index_stashed(const struct flow_index *index)
{
	return atomic_load_explicit(&index->stashed, memory_order_relaxed) != 0;
}

void
flow_index_prefetch(const struct flow_index *index, uint64_t hash)
{
	rte_prefetch0(bucket_first(index, hash));
}

uint32_t
flow_index_find(const struct flow_index *index, const struct flow_key *key, uint64_t hash)
{
	const struct flow_bucket *first = bucket_first(index, hash);
	const uint16_t tag = tag_of(hash);
	uint32_t reference = bucket_find(index, first, tag, key);

	if (reference != 0 || !bucket_spilled(first))
		return reference;
	reference = bucket_find(index, bucket_second(index, hash), tag, key);
	if (reference != 0 || !index_stashed(index))
		return reference;
	for (unsigned int i = 0; i < STASH_BUCKETS && reference == 0; i++)
		reference = bucket_find(index, &index->bucket[index->buckets + i], tag, key);
	return reference;
}

/* Candidates of a burst in the second bucket, of those packets that had none in the first. */
static __rte_noinline void
burst_second(const struct flow_index *index, struct rte_mbuf **mbufs, const uint8_t *waiting,
	unsigned int count, void **data)
{
	for (unsigned int i = 0; i < count; i++)
		rte_prefetch0(bucket_second(index, packet_of(mbufs[waiting[i]])->hash));
	for (unsigned int i = 0; i < count; i++) {
		const struct packet *packet = packet_of(mbufs[waiting[i]]);
		uint32_t reference =
			bucket_candidate(bucket_second(index, packet->hash), tag_of(packet->hash));

		if (reference == 0 && index_stashed(index))
			reference = flow_index_find(index, &packet->key, packet->hash);
		data[waiting[i]] = flow_index_data(index, reference);
		if (reference != 0)
			rte_prefetch0(path_at(index, reference));
	}
}

/* In stages, so that the burst's cache misses are under way together. */
void
flow_index_find_begin(
	const struct flow_index *index, struct rte_mbuf **mbufs, unsigned int count, void **data)
{
	const struct flow_bucket *first[BURST_MAX];
	uint8_t waiting[BURST_MAX];
	unsigned int wait = 0;

	for (unsigned int i = 0; i < count; i++) {
		first[i] = bucket_first(index, packet_of(mbufs[i])->hash);
		rte_prefetch0(first[i]);
	}
	for (unsigned int i = 0; i < count; i++) {
		const uint32_t reference =
			bucket_candidate(first[i], tag_of(packet_of(mbufs[i])->hash));

		if (likely(reference != 0)) {
			rte_prefetch0(path_at(index, reference));
			data[i] = flow_data(&index->flows[reference >> 1], reference & 1);
		} else {
			data[i] = NULL;
			if (bucket_spilled(first[i]))
				waiting[wait++] = (uint8_t)i;
		}
	}
	if (wait > 0)
		burst_second(index, mbufs, waiting, wait, data);
}

void
flow_index_find_end(
	const struct flow_index *index, struct rte_mbuf **mbufs, unsigned int count, void **data)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct packet *packet = packet_of(mbufs[i]);

		/* Tags are alike once in some thousand look-ups. */
		if (data[i] != NULL &&
			unlikely(!key_equal(&flow_path_of_data(data[i])->key, &packet->key)))
			data[i] = flow_index_data(
				index, flow_index_find(index, &packet->key, packet->hash));
	}
}

static unsigned int
bucket_used(const struct flow_bucket *bucket)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < SLOTS; i++)
		used += atomic_load_explicit(&bucket->reference[i], memory_order_relaxed) != 0;
	return used;
}

static bool
bucket_claim(struct flow_bucket *bucket, uint16_t tag, uint32_t reference)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		uint32_t empty = atomic_load_explicit(&bucket->reference[i], memory_order_relaxed);

		/* acquire: pairs with flow_index_delete(), so that our tag is the later one.
		 * release: pairs with reference_get() */
		if (empty != 0 ||
			!atomic_compare_exchange_strong_explicit(&bucket->reference[i], &empty,
				reference, memory_order_acq_rel, memory_order_relaxed))
			continue;
		/* release: pairs with bucket_match(): who sees the tag sees the reference */
		atomic_store_explicit(&bucket->tag[i], tag, memory_order_release);
		return true;
	}
	return false;
}

static bool
stash_claim(struct flow_index *index, uint16_t tag, uint32_t reference)
{
	atomic_fetch_add_explicit(&index->stashed, 1, memory_order_relaxed);
	for (unsigned int i = 0; i < STASH_BUCKETS; i++)
		if (bucket_claim(&index->bucket[index->buckets + i], tag, reference))
			return true;
	atomic_fetch_sub_explicit(&index->stashed, 1, memory_order_relaxed);
	return false;
}

int
flow_index_add(struct flow_index *index, uint64_t hash, uint32_t reference)
{
	struct flow_bucket *first = bucket_first(index, hash);
	struct flow_bucket *second = bucket_second(index, hash);
	const uint16_t tag = tag_of(hash);
	const unsigned int used = bucket_used(first);

	if ((used < NEARLY_FULL || bucket_used(second) >= used) &&
		bucket_claim(first, tag, reference))
		return 0;
	atomic_fetch_add_explicit(&first->spilled, 1, memory_order_relaxed);
	if (second != first && bucket_claim(second, tag, reference))
		return 0;
	if (bucket_claim(first, tag, reference)) {
		atomic_fetch_sub_explicit(&first->spilled, 1, memory_order_relaxed);
		return 0;
	}
	if (stash_claim(index, tag, reference))
		return 0;
	atomic_fetch_sub_explicit(&first->spilled, 1, memory_order_relaxed);
	return -ENOSPC;
}

static _Atomic uint32_t *
bucket_slot(struct flow_bucket *bucket, uint32_t reference)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (atomic_load_explicit(&bucket->reference[i], memory_order_relaxed) == reference)
			return &bucket->reference[i];
	return NULL;
}

/* Where a reference stands: in its first bucket, else in the second or, *stashed, in the stash. */
static _Atomic uint32_t *
index_slot(struct flow_index *index, uint64_t hash, uint32_t reference, bool *stashed)
{
	_Atomic uint32_t *slot = bucket_slot(bucket_first(index, hash), reference);

	*stashed = false;
	if (slot == NULL)
		slot = bucket_slot(bucket_second(index, hash), reference);
	for (unsigned int i = 0; i < STASH_BUCKETS && slot == NULL; i++) {
		slot = bucket_slot(&index->bucket[index->buckets + i], reference);
		*stashed = true;
	}
	RTE_VERIFY(slot != NULL);
	return slot;
}

void
flow_index_replace(struct flow_index *index, uint64_t hash, uint32_t old, uint32_t new)
{
	bool stashed;

	/* release: pairs with reference_get() */
	atomic_store_explicit(index_slot(index, hash, old, &stashed), new, memory_order_release);
}

void
flow_index_delete(struct flow_index *index, uint64_t hash, uint32_t reference)
{
	struct flow_bucket *first = bucket_first(index, hash);
	bool stashed;
	_Atomic uint32_t *slot = index_slot(index, hash, reference, &stashed);
	const bool spilled = slot < first->reference || slot >= first->reference + SLOTS;

	/* release: pairs with the acquire of the next bucket_claim() here */
	atomic_store_explicit(slot, 0, memory_order_release);
	if (spilled)
		atomic_fetch_sub_explicit(&first->spilled, 1, memory_order_relaxed);
	if (stashed)
		atomic_fetch_sub_explicit(&index->stashed, 1, memory_order_relaxed);
}

void
flow_index_elsewhere(const struct flow_index *index, uint32_t *spilled, uint32_t *stashed)
{
	*spilled = 0;
	for (uint32_t i = 0; i < index->buckets; i++)
		*spilled += atomic_load_explicit(&index->bucket[i].spilled, memory_order_relaxed);
	*stashed = atomic_load_explicit(&index->stashed, memory_order_relaxed);
}
