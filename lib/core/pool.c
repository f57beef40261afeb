/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools of fixed-size objects; see pool.h for the life cycle.
 *
 * Overview: objects stand in one array. Free indexes wait in a ring, so that an index rests as
 * long as possible before it is used again. Retired objects form a push-only stack through
 * pool_object.retired_next. The reclaimer takes the whole stack as one batch, starts one grace
 * period for it, and hands out the batch over as many calls as its budgets need; the next batch
 * begins only then. One token for a batch, none for an object.
 *
 * Synchronization: the ring is multi-producer, multi-consumer, in RTS mode because workers may
 * share a core and one that lost it in the middle must not hold up the others. The stack's head
 * is pushed to with compare-and-swap and emptied with one exchange; nothing pops a single element,
 * so there is no ABA. `batch` and `token` belong to the reclaiming thread. No locks.
 *
 * Limits: 2^30 objects. A generation repeats after 2^31 uses of one index; a handle that old would
 * be taken for valid.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_debug.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <rte_ring_elem.h>

#include "core/pool.h"
#include "core/rcu.h"

enum {
	POOL_NAME_SIZE = 20,
	POOL_CAPACITY_MAX = 1 << 30,
	/* How far ahead of its use an object's lines are asked for: an INVITE takes two at a time. */
	PREFETCH_AHEAD = 2,
	PREFETCH_LINES = 3,
};

struct pool {
	/* written at creation only */
	char *objects;
	size_t stride;
	uint32_t capacity;
	unsigned int stride_shift; /* stride = stride_odd << stride_shift */
	uint32_t stride_odd_inverse; /* modulo 2^32 */
	struct rte_ring *free; /* indexes */
	pool_release_fn release;
	void *context;
	char name[POOL_NAME_SIZE];

	/* writer: the reclaiming thread */
	uint64_t token __rte_cache_aligned;
	uint32_t batch; /* index of the first object of the batch that waits, 0: none */

	/* writers: any thread */
	_Atomic uint32_t retired_head __rte_cache_aligned; /* index, 0: empty */
	_Atomic uint32_t retired_count; /* on the stack or in the batch */
	_Atomic uint32_t low_water;
};

static size_t
stride_of(size_t object_size)
{
	return RTE_ALIGN_CEIL(object_size, (size_t)RTE_CACHE_LINE_SIZE);
}

/* Newton's iteration: each turn doubles the number of right bits, three to begin with. */
static uint32_t
odd_inverse(uint32_t odd)
{
	uint32_t inverse = odd;

	for (unsigned int i = 0; i < 4; i++)
		inverse *= 2 - odd * inverse;
	return inverse;
}

static inline struct pool_object *
object_at(const struct pool *pool, uint32_t index)
{
	return (struct pool_object *)(pool->objects + (size_t)(index - 1) * pool->stride);
}

static void
free_push(struct pool *pool, uint32_t index)
{
	int rc = rte_ring_enqueue_elem(pool->free, &index, sizeof(index));

	/* There are as many places as indexes: a full ring means an index was given back twice. */
	RTE_VERIFY(rc == 0);
}

struct pool *
pool_create(const char *name, uint32_t capacity, size_t object_size, int socket,
	pool_release_fn release, void *context)
{
	struct pool *pool;
	char ring_name[RTE_RING_NAMESIZE];

	if (capacity == 0 || capacity > POOL_CAPACITY_MAX ||
		object_size < sizeof(struct pool_object) || strlen(name) >= POOL_NAME_SIZE) {
		rte_errno = EINVAL;
		return NULL;
	}
	pool = rte_zmalloc_socket("pool", sizeof(*pool), RTE_CACHE_LINE_SIZE, socket);
	if (pool == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	snprintf(ring_name, sizeof(ring_name), "pool_%s", name);
	pool->stride = stride_of(object_size);
	pool->stride_shift = (unsigned int)__builtin_ctzll(pool->stride);
	pool->stride_odd_inverse = odd_inverse((uint32_t)(pool->stride >> pool->stride_shift));
	pool->capacity = capacity;
	pool->release = release;
	pool->context = context;
	atomic_init(&pool->low_water, capacity);

	pool->objects = rte_zmalloc_socket(
		"pool_objects", (size_t)capacity * pool->stride, RTE_CACHE_LINE_SIZE, socket);
	if (pool->objects == NULL) {
		rte_errno = ENOMEM;
		goto fail;
	}
	pool->free = rte_ring_create_elem(ring_name, sizeof(uint32_t), capacity, socket,
		RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ | RING_F_EXACT_SZ);
	if (pool->free == NULL)
		goto fail;
	for (uint32_t index = 1; index <= capacity; index++)
		free_push(pool, index);
	return pool;

fail:
	rte_free(pool->objects);
	rte_free(pool);
	return NULL;
}

void
pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	rte_ring_free(pool->free);
	rte_free(pool->objects);
	rte_free(pool);
}

size_t
pool_memory(uint32_t capacity, size_t object_size)
{
	/* exact-size rings round up to the next power of two above capacity */
	ssize_t ring = rte_ring_get_memsize_elem(sizeof(uint32_t), rte_align32pow2(capacity + 1));

	return sizeof(struct pool) + (size_t)capacity * stride_of(object_size) +
	       (ring > 0 ? (size_t)ring : 0);
}

/*
 * An object has rested long, so its lines are in no cache. Those of the one that will be taken soon
 * are asked for now. A look into the ring that another thread overtakes costs a useless prefetch.
 */
static inline void
object_prefetch(const struct pool *pool)
{
	const struct rte_ring *ring = pool->free;
	const uint32_t *places = (const uint32_t *)&ring[1];
	uint32_t place = (ring->rts_cons.head.val.pos + PREFETCH_AHEAD - 1) & ring->mask;
	uint32_t index = __atomic_load_n(&places[place], __ATOMIC_RELAXED);
	const char *object;

	if (unlikely(index == 0))
		return;
	object = (const char *)object_at(pool, index);
	for (size_t line = 0; line < PREFETCH_LINES * RTE_CACHE_LINE_SIZE && line < pool->stride;
		line += RTE_CACHE_LINE_SIZE)
		rte_prefetch0_write(object + line);
}

void *
pool_alloc(struct pool *pool)
{
	struct pool_object *object;
	uint32_t index, low, generation;
	unsigned int left;

	if (unlikely(
		    rte_ring_dequeue_bulk_elem(pool->free, &index, sizeof(index), 1, &left) == 0)) {
		atomic_store_explicit(&pool->low_water, 0, memory_order_relaxed);
		return NULL;
	}
	low = atomic_load_explicit(&pool->low_water, memory_order_relaxed);
	while (left < low && !atomic_compare_exchange_weak_explicit(&pool->low_water, &low, left,
				     memory_order_relaxed, memory_order_relaxed))
		;
	object_prefetch(pool);
	object = object_at(pool, index);
	/* No other thread writes it now. release: pairs with the acquire in pool_object_live() and
	 * pool_get() */
	generation = atomic_load_explicit(&object->generation, memory_order_relaxed);
	atomic_store_explicit(&object->generation, generation + 1, memory_order_release);
	return object;
}

void
pool_free_unused(struct pool *pool, void *object)
{
	struct pool_object *header = object;

	/* relaxed: nobody else knows this object; the ring orders it for its next owner */
	atomic_fetch_add_explicit(&header->generation, 1, memory_order_relaxed);
	free_push(pool, pool_index(pool, object));
}

void
pool_retire(struct pool *pool, void *object)
{
	struct pool_object *header = object;
	uint32_t index = pool_index(pool, object);
	uint32_t generation, head;

	/* release: pairs with the acquire in pool_object_live() and pool_get() */
	generation = atomic_fetch_add_explicit(&header->generation, 1, memory_order_release);
	/* Retired twice, the stack would close into a ring and other objects would be lost. */
	RTE_VERIFY(generation & 1);

	atomic_fetch_add_explicit(&pool->retired_count, 1, memory_order_relaxed);
	head = atomic_load_explicit(&pool->retired_head, memory_order_relaxed);
	do {
		header->retired_next = head;
		/*
		 * release: pairs with the acquire of the exchange in batch_take(), which then sees
		 * retired_next and that this object has left its tables
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&pool->retired_head, &head, index, memory_order_release, memory_order_relaxed));
}

/* Make all that is retired now the batch, and start its grace period. */
static bool
batch_take(struct pool *pool)
{
	/* Look first: an exchange on every idle sweep would pull the line from the workers. */
	if (atomic_load_explicit(&pool->retired_head, memory_order_relaxed) == 0)
		return false;
	/* acquire: pairs with the release of the push in pool_retire() */
	pool->batch = atomic_exchange_explicit(&pool->retired_head, 0, memory_order_acquire);
	pool->token = rcu_start();
	return true;
}

uint32_t
pool_reclaim(struct pool *pool, uint32_t budget)
{
	uint32_t done = 0;

	while (done < budget) {
		uint32_t index;
		struct pool_object *object;

		if (pool->batch == 0 && !batch_take(pool))
			break;
		if (!rcu_passed(pool->token))
			break;
		index = pool->batch;
		object = object_at(pool, index);
		pool->batch = object->retired_next;
		if (pool->release != NULL)
			pool->release(pool->context, object);
		atomic_fetch_sub_explicit(&pool->retired_count, 1, memory_order_relaxed);
		free_push(pool, index);
		done++;
	}
	return done;
}

void *
pool_at(const struct pool *pool, uint32_t index)
{
	/* index 0 wraps round to beyond */
	return index - 1 < pool->capacity ? object_at(pool, index) : NULL;
}

uint32_t
pool_index(const struct pool *pool, const void *object)
{
	size_t offset = (size_t)((const char *)object - pool->objects);

	/* offset / stride: it divides exactly, so the inverse of the odd part does it */
	return (uint32_t)(offset >> pool->stride_shift) * pool->stride_odd_inverse + 1;
}

void *
pool_get(const struct pool *pool, struct handle handle)
{
	struct pool_object *object = pool_at(pool, handle.index);

	if (object == NULL || (handle.generation & 1) == 0)
		return NULL;
	/* acquire: pairs with the release in pool_alloc() and pool_retire() */
	if (atomic_load_explicit(&object->generation, memory_order_acquire) != handle.generation)
		return NULL;
	return object;
}

struct handle
pool_handle(const struct pool *pool, const void *object)
{
	const struct pool_object *header = object;

	return (struct handle){
		.index = pool_index(pool, object),
		.generation = atomic_load_explicit(&header->generation, memory_order_relaxed),
	};
}

uint32_t
pool_capacity(const struct pool *pool)
{
	return pool->capacity;
}

uint32_t
pool_used(const struct pool *pool)
{
	uint32_t retired = pool_retired(pool);
	uint32_t idle = rte_ring_count(pool->free) + retired;

	/* Two reads of moving numbers: never show less than none. */
	return idle < pool->capacity ? pool->capacity - idle : 0;
}

uint32_t
pool_retired(const struct pool *pool)
{
	return atomic_load_explicit(&pool->retired_count, memory_order_relaxed);
}

bool
pool_is_empty(const struct pool *pool)
{
	return rte_ring_empty(pool->free);
}

uint32_t
pool_low_water(const struct pool *pool)
{
	return atomic_load_explicit(&pool->low_water, memory_order_relaxed);
}

const char *
pool_name(const struct pool *pool)
{
	return pool->name;
}
