/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools of fixed-size objects, found by index, named by (index, generation).
 *
 * Life cycle: pool_alloc() takes an object off the free ring and makes its generation odd (live).
 * pool_retire() makes it even at once, so every handle to it is stale, and puts the object on the
 * retired list. pool_reclaim(), on the control lcore only, moves retired objects through one RCU
 * grace period, calls the pool's release function (which gives back what the object held, such as
 * an outside port) and returns them to the free ring. Until then a reader that found the object in
 * a table before may still look at it.
 *
 * Synchronization: alloc and retire from any registered thread; reclaim from one thread.
 * Nothing is allocated after pool_create().
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Names an object without pointing at it. {0, 0} names nothing: index 0 is never handed out. */
struct handle {
	uint32_t index;
	uint32_t generation;
};
#define HANDLE_NONE ((struct handle){0, 0})

/** First member of every pooled object. Odd generation: live. */
struct pool_object {
	_Atomic uint32_t generation; /* writers: alloc, retire; readers: any */
	uint32_t retired_next; /* pool's own */
};

struct pool;

/** Gives back what an object held; runs on the reclaiming thread after the grace period. */
typedef void (*pool_release_fn)(void *context, void *object);

/**
 * Make a pool of `capacity` objects of `object_size` bytes (rounded up to whole cache lines) on
 * the NUMA node `socket`. `name` is shown in gauges and must be unique and under 20 characters.
 * Returns NULL and sets rte_errno. Bring-up only.
 */
struct pool *pool_create(const char *name, uint32_t capacity, size_t object_size, int socket,
	pool_release_fn release, void *context);

/** Free a pool and all memory; no thread may use it any more. NULL is allowed. */
void pool_destroy(struct pool *pool);

/** Bytes that pool_create() will need, for the memory sum of --check. */
size_t pool_memory(uint32_t capacity, size_t object_size);

/** Take an object: bytes after pool_object are as the last owner left them. NULL when empty. */
void *pool_alloc(struct pool *pool);

/** Give back an object that no reader ever saw (a failed creation): reusable at once. */
void pool_free_unused(struct pool *pool, void *object);

/** Retire a live object, once (see life cycle). */
void pool_retire(struct pool *pool, void *object);

/** Reclaim at most `budget` objects whose grace period is over; returns how many. Control lcore. */
uint32_t pool_reclaim(struct pool *pool, uint32_t budget);

/** Object at an index 1 .. capacity, live or not; NULL for 0 and beyond. */
void *pool_at(const struct pool *pool, uint32_t index);
uint32_t pool_index(const struct pool *pool, const void *object);

/** Object named by a handle; NULL when it is none, stale or out of range. */
void *pool_get(const struct pool *pool, struct handle handle);
struct handle pool_handle(const struct pool *pool, const void *object);

static inline bool
pool_object_live(const struct pool_object *object)
{
	/* acquire: pairs with the release in pool_alloc()'s and the owner's publication */
	return atomic_load_explicit(&object->generation, memory_order_acquire) & 1;
}

/* Gauges; any thread. "used" counts live objects; retired ones not yet reclaimed are apart. */
uint32_t pool_capacity(const struct pool *pool);
uint32_t pool_used(const struct pool *pool);
uint32_t pool_retired(const struct pool *pool);
bool pool_is_empty(const struct pool *pool); /* pool_alloc() would fail now */
uint32_t pool_low_water(const struct pool *pool); /* fewest free objects ever seen */
const char *pool_name(const struct pool *pool);

#endif
