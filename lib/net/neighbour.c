/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour table: a chained hash of fixed entries.
 *
 * Life cycle of an entry
 *   free ─ first packet ─▶ asking ─ answer ─▶ resolved ─ NEIGHBOUR_STALE_S ─▶ asking
 *   asking ─ NEIGHBOUR_GIVE_UP_S ─▶ free, held packets dropped
 *   resolved ─ NEIGHBOUR_IDLE_S unused ─▶ free
 *   A host that asks for us goes from free to resolved at once (RFC 826).
 * Synchronization: the head (link, used, confirmed) is read without a lock. Everything else of an
 *   entry belongs to the lock of its hash bucket. Only the control lcore frees entries, so it may
 *   read the key of an entry that is not free before it takes the lock.
 * Lock order: bucket, then free list. Frames are sent and mbufs freed after unlocking.
 * Limits: NEIGHBOURS_MAX entries, NEIGHBOUR_HOLD_MAX packets each, NEIGHBOUR_HELD_MAX in all.
 */
#include "neighbour_priv.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_spinlock.h>

#include "core/keyed_hash.h"
#include "frame.h"

enum { NEIGHBOUR_BUCKETS = 2048 };

enum neighbour_state { NEIGHBOUR_FREE, NEIGHBOUR_ASKING, NEIGHBOUR_RESOLVED };

struct neighbour {
	_Atomic uint64_t key; /* key_make(); constant while not free */
	_Atomic uint8_t state; /* writers: under the bucket's lock; the sweep peeks */
	uint8_t held;
	uint16_t generation;
	uint16_t next; /* in the bucket, or in the free list; 0: last */
	uint32_t asked_s; /* last request; 0: none yet */
	uint32_t asking_since_s;
	struct rte_mbuf *hold[NEIGHBOUR_HOLD_MAX];
} __rte_cache_aligned;

struct neighbour_bucket {
	rte_spinlock_t lock;
	uint16_t first;
};

struct neighbour_store {
	rte_spinlock_t free_lock;
	uint16_t free_first; /* under free_lock */
	uint16_t generation; /* last one given; under free_lock */
	uint32_t cursor; /* of the sweep; control lcore */
	_Atomic uint32_t count, held;
	struct neighbour_bucket bucket[NEIGHBOUR_BUCKETS];
	struct neighbour entry[NEIGHBOURS_MAX + 1];
};

/* What to do once the lock is released. */
struct neighbour_release {
	unsigned int count;
	struct rte_mbuf *mbuf[NEIGHBOUR_HOLD_MAX];
};

static uint64_t
key_make(uint16_t interface, rte_be32_t address)
{
	return (uint64_t)interface << 32 | address;
}

static struct neighbour_bucket *
bucket_of(struct neighbour_store *store, uint64_t key)
{
	return &store->bucket[keyed_hash64(&key, sizeof(key)) % NEIGHBOUR_BUCKETS];
}

/* Index of a key's entry, 0: none. Bucket locked. */
static uint16_t
bucket_find(
	const struct neighbour_store *store, const struct neighbour_bucket *bucket, uint64_t key)
{
	uint16_t index = bucket->first;

	while (index && atomic_load_explicit(&store->entry[index].key, memory_order_relaxed) != key)
		index = store->entry[index].next;
	return index;
}

/* Take an entry off the free list and put it into its bucket, asking. 0: none left. Bucket locked. */
static uint16_t
bucket_add(struct neighbour_table *table, struct neighbour_bucket *bucket, uint64_t key,
	uint32_t now_s)
{
	struct neighbour_store *store = table->store;
	struct neighbour *entry;
	uint16_t index;

	rte_spinlock_lock(&store->free_lock);
	index = store->free_first;
	if (index == 0) {
		rte_spinlock_unlock(&store->free_lock);
		return 0;
	}
	entry = &store->entry[index];
	store->free_first = entry->next;
	if (++store->generation == 0)
		store->generation = 1;
	entry->generation = store->generation;
	rte_spinlock_unlock(&store->free_lock);

	atomic_store_explicit(&entry->key, key, memory_order_relaxed);
	entry->held = 0;
	entry->asked_s = 0;
	entry->asking_since_s = now_s;
	entry->next = bucket->first;
	bucket->first = index;
	atomic_store_explicit(&table->head[index].used_s, now_s, memory_order_relaxed);
	atomic_fetch_add_explicit(&store->count, 1, memory_order_relaxed);
	/* release: pairs with the acquire in neighbour_sweep(), which then reads the key */
	atomic_store_explicit(&entry->state, NEIGHBOUR_ASKING, memory_order_release);
	return index;
}

/* Take held packets out, to be sent or dropped after unlocking. Bucket locked. */
static void
entry_release(
	struct neighbour_store *store, struct neighbour *entry, struct neighbour_release *release)
{
	release->count = entry->held;
	memcpy(release->mbuf, entry->hold, entry->held * sizeof(entry->hold[0]));
	atomic_fetch_sub_explicit(&store->held, entry->held, memory_order_relaxed);
	entry->held = 0;
}

/* Bucket locked; control lcore. */
static void
bucket_remove(struct neighbour_table *table, struct neighbour_bucket *bucket, uint16_t index)
{
	struct neighbour_store *store = table->store;
	struct neighbour *entry = &store->entry[index];
	uint16_t *link = &bucket->first;

	while (*link != index)
		link = &store->entry[*link].next;
	*link = entry->next;
	atomic_store_explicit(&table->head[index].link, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->state, NEIGHBOUR_FREE, memory_order_relaxed);
	atomic_fetch_sub_explicit(&store->count, 1, memory_order_relaxed);
	rte_spinlock_lock(&store->free_lock);
	entry->next = store->free_first;
	store->free_first = index;
	rte_spinlock_unlock(&store->free_lock);
}

/* Seconds from `then` to `now`; 0 when another thread's clock is ahead. */
static uint32_t
seconds_since(uint32_t now_s, uint32_t then_s)
{
	return (int32_t)(now_s - then_s) < 0 ? 0 : now_s - then_s;
}

struct neighbour_table *
neighbour_table_create(int socket)
{
	struct neighbour_table *table;
	struct neighbour_store *store;
	uint16_t index;

	table = rte_zmalloc_socket("neighbours", sizeof(*table), RTE_CACHE_LINE_SIZE, socket);
	store = rte_zmalloc_socket("neighbours", sizeof(*store), RTE_CACHE_LINE_SIZE, socket);
	if (table == NULL || store == NULL) {
		rte_free(table);
		rte_free(store);
		rte_errno = ENOMEM;
		return NULL;
	}
	table->store = store;
	for (index = NEIGHBOURS_MAX; index > 0; index--) {
		store->entry[index].next = store->free_first;
		store->free_first = index;
	}
	return table;
}

void
neighbour_table_destroy(struct neighbour_table *table)
{
	unsigned int index;

	if (table == NULL)
		return;
	for (index = 1; index <= NEIGHBOURS_MAX; index++) {
		struct neighbour *entry = &table->store->entry[index];

		rte_pktmbuf_free_bulk(entry->hold, entry->held);
	}
	rte_free(table->store);
	rte_free(table);
}

size_t
neighbour_table_memory(void)
{
	return sizeof(struct neighbour_table) + sizeof(struct neighbour_store);
}

/* Keep a packet until the answer comes; false when there is no room. Bucket locked. */
static bool
entry_hold(struct neighbour_store *store, struct neighbour *entry, struct rte_mbuf *mbuf)
{
	if (entry->held == NEIGHBOUR_HOLD_MAX ||
		atomic_load_explicit(&store->held, memory_order_relaxed) >= NEIGHBOUR_HELD_MAX)
		return false;
	entry->hold[entry->held++] = mbuf;
	atomic_fetch_add_explicit(&store->held, 1, memory_order_relaxed);
	return true;
}

/* Is it time to ask (again)? At most once a second. Bucket locked. */
static bool
entry_ask(struct neighbour *entry, uint32_t now_s)
{
	if (entry->asked_s && seconds_since(now_s, entry->asked_s) < 1)
		return false;
	entry->asked_s = now_s;
	return true;
}

/*
 * A resolved entry whose answer is old: ask the host itself, go on using the address, and after
 * NEIGHBOUR_STALE_S without answer forget the address. True when to ask. Bucket locked.
 */
static bool
entry_refresh(struct neighbour_head *head, struct neighbour *entry, uint32_t now_s)
{
	uint32_t confirmed_s = atomic_load_explicit(&head->confirmed_s, memory_order_relaxed);
	uint32_t age_s = seconds_since(now_s, confirmed_s);

	if (age_s < NEIGHBOUR_REFRESH_S)
		return false;
	if (age_s >= NEIGHBOUR_STALE_S) {
		atomic_store_explicit(&head->link, 0, memory_order_relaxed);
		atomic_store_explicit(&entry->state, NEIGHBOUR_ASKING, memory_order_relaxed);
		entry->asking_since_s = now_s;
		return false;
	}
	return entry_ask(entry, now_s);
}

/* Slow path of output: no usable hint, or an entry in need of refresh. Takes the mbuf. */
static __rte_noinline void
neighbour_resolve(struct thread *self, struct net_output *output, struct rte_mbuf *mbuf)
{
	struct neighbour_table *table = output->neighbours;
	struct packet *packet = packet_of(mbuf);
	const struct interface *interface = &output->interfaces->entry[packet->egress];
	uint64_t key = key_make(packet->egress, packet->next_hop);
	struct neighbour_bucket *bucket = bucket_of(table->store, key);
	struct neighbour_head *head;
	struct neighbour *entry;
	uint64_t link = 0;
	uint16_t index;
	bool ask, held = false;

	rte_spinlock_lock(&bucket->lock);
	index = bucket_find(table->store, bucket, key);
	if (index == 0)
		index = bucket_add(table, bucket, key, self->now_s);
	if (index == 0) {
		rte_spinlock_unlock(&bucket->lock);
		packet_drop(self, mbuf, DROP_NEIGHBOUR_TABLE_FULL);
		return;
	}
	head = &table->head[index];
	entry = &table->store->entry[index];
	ask = atomic_load_explicit(&entry->state, memory_order_relaxed) == NEIGHBOUR_RESOLVED &&
	      entry_refresh(head, entry, self->now_s);
	/* relaxed: written under this lock only */
	link = atomic_load_explicit(&head->link, memory_order_relaxed);
	atomic_store_explicit(&head->used_s, self->now_s, memory_order_relaxed);
	if (link) {
		packet->neighbour = index;
		packet->neighbour_generation = entry->generation;
	} else {
		ask = entry_ask(entry, self->now_s);
		held = entry_hold(table->store, entry, mbuf);
	}
	rte_spinlock_unlock(&bucket->lock);

	if (ask)
		arp_request_send(self, output, interface, (rte_be32_t)key, link);
	if (link)
		frame_output_ipv4(self, output, interface, link, mbuf);
	else if (!held)
		packet_drop(self, mbuf, DROP_NEIGHBOUR_HOLD_FULL);
}

/* Once a second an entry: note the use; true when the last answer is old. */
static __rte_noinline bool
neighbour_touch(struct neighbour_head *head, uint32_t now_s)
{
	atomic_store_explicit(&head->used_s, now_s, memory_order_relaxed);
	return seconds_since(now_s, atomic_load_explicit(&head->confirmed_s,
					    memory_order_relaxed)) >= NEIGHBOUR_REFRESH_S;
}

/* A packet of an established flow finds its neighbour old: ask the host itself, or start over. */
static __rte_noinline void
neighbour_refresh(
	struct thread *self, struct net_output *output, const struct packet *packet, uint64_t link)
{
	struct neighbour_table *table = output->neighbours;
	struct neighbour *entry = &table->store->entry[packet->neighbour];
	/* The flow need not know its next hop, the entry does; whether it is still ours is seen below. */
	uint64_t key = atomic_load_explicit(&entry->key, memory_order_relaxed);
	struct neighbour_bucket *bucket = bucket_of(table->store, key);
	bool ask = false;

	rte_spinlock_lock(&bucket->lock);
	if (bucket_find(table->store, bucket, key) == packet->neighbour &&
		entry->generation == packet->neighbour_generation &&
		atomic_load_explicit(&entry->state, memory_order_relaxed) == NEIGHBOUR_RESOLVED)
		ask = entry_refresh(&table->head[packet->neighbour], entry, self->now_s);
	rte_spinlock_unlock(&bucket->lock);
	if (ask)
		arp_request_send(self, output, &output->interfaces->entry[packet->egress],
			(rte_be32_t)key, link);
}

void
neighbour_output(struct thread *self, struct net_output *output, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	struct neighbour_head *head = &output->neighbours->head[packet->neighbour];
	/* relaxed: the word carries all that belongs together */
	uint64_t link = atomic_load_explicit(&head->link, memory_order_relaxed);

	if (unlikely(packet->neighbour_generation == 0 ||
		     link >> 48 != packet->neighbour_generation)) {
		neighbour_resolve(self, output, mbuf);
		return;
	}
	if (unlikely(atomic_load_explicit(&head->used_s, memory_order_relaxed) != self->now_s) &&
		neighbour_touch(head, self->now_s))
		neighbour_refresh(self, output, packet, link);
	frame_output_ipv4(self, output, &output->interfaces->entry[packet->egress], link, mbuf);
}

bool
neighbour_find(struct neighbour_table *table, struct packet *packet)
{
	uint64_t key = key_make(packet->egress, packet->next_hop);
	struct neighbour_bucket *bucket = bucket_of(table->store, key);
	uint64_t link;
	uint16_t index;

	rte_spinlock_lock(&bucket->lock);
	index = bucket_find(table->store, bucket, key);
	link = atomic_load_explicit(&table->head[index].link, memory_order_relaxed);
	rte_spinlock_unlock(&bucket->lock);
	if (link == 0)
		return false;
	packet->neighbour = index;
	packet->neighbour_generation = (uint16_t)(link >> 48);
	return true;
}

bool
neighbour_learn(struct thread *self, struct net_output *output, const struct interface *interface,
	rte_be32_t address, const struct rte_ether_addr *mac, bool create)
{
	struct neighbour_table *table = output->neighbours;
	uint64_t key = key_make(interface->index, address);
	struct neighbour_bucket *bucket = bucket_of(table->store, key);
	struct neighbour_release release;
	struct neighbour *entry;
	uint64_t link;
	uint16_t index;
	unsigned int i;

	rte_spinlock_lock(&bucket->lock);
	index = bucket_find(table->store, bucket, key);
	if (index == 0 && create)
		index = bucket_add(table, bucket, key, self->now_s);
	if (index == 0) {
		rte_spinlock_unlock(&bucket->lock);
		return false;
	}
	entry = &table->store->entry[index];
	link = link_make(mac, entry->generation);
	atomic_store_explicit(&table->head[index].confirmed_s, self->now_s, memory_order_relaxed);
	atomic_store_explicit(&table->head[index].link, link, memory_order_relaxed);
	atomic_store_explicit(&entry->state, NEIGHBOUR_RESOLVED, memory_order_relaxed);
	entry_release(table->store, entry, &release);
	rte_spinlock_unlock(&bucket->lock);

	for (i = 0; i < release.count; i++)
		frame_output_ipv4(self, output, interface, link, release.mbuf[i]);
	return true;
}

/* Free one entry when its time is over. */
static void
neighbour_age(struct thread *self, struct neighbour_table *table, uint16_t index)
{
	struct neighbour *entry = &table->store->entry[index];
	uint64_t key = atomic_load_explicit(&entry->key, memory_order_relaxed);
	struct neighbour_bucket *bucket = bucket_of(table->store, key);
	struct neighbour_release release = {0};
	uint32_t used_s;
	bool over;
	unsigned int i;

	rte_spinlock_lock(&bucket->lock);
	if (atomic_load_explicit(&entry->state, memory_order_relaxed) == NEIGHBOUR_ASKING) {
		over = seconds_since(self->now_s, entry->asking_since_s) >= NEIGHBOUR_GIVE_UP_S;
	} else {
		used_s = atomic_load_explicit(&table->head[index].used_s, memory_order_relaxed);
		over = seconds_since(self->now_s, used_s) >= NEIGHBOUR_IDLE_S;
	}
	if (over) {
		entry_release(table->store, entry, &release);
		bucket_remove(table, bucket, index);
	}
	rte_spinlock_unlock(&bucket->lock);
	for (i = 0; i < release.count; i++)
		packet_drop(self, release.mbuf[i], DROP_NEIGHBOUR_UNRESOLVED);
}

void
neighbour_sweep(struct thread *self, struct neighbour_table *table, unsigned int budget)
{
	struct neighbour_store *store = table->store;

	budget = RTE_MIN(budget, (unsigned int)NEIGHBOURS_MAX);
	for (; budget; budget--) {
		store->cursor = store->cursor % NEIGHBOURS_MAX + 1;
		/* acquire: pairs with the release in bucket_add(); the key is complete */
		if (atomic_load_explicit(&store->entry[store->cursor].state,
			    memory_order_acquire) != NEIGHBOUR_FREE)
			neighbour_age(self, table, (uint16_t)store->cursor);
	}
}

unsigned int
neighbour_count(const struct neighbour_table *table)
{
	return atomic_load_explicit(&table->store->count, memory_order_relaxed);
}

unsigned int
neighbour_held(const struct neighbour_table *table)
{
	return atomic_load_explicit(&table->store->held, memory_order_relaxed);
}
