/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slabs: arrays of small objects of one worker, taken and given back by that worker alone. An
 * object is named by its index; 0 is nobody. Every object begins with its `next` word, which is
 * the slab's while the object is free and its owner's (chains) while it is taken. Fixed capacity,
 * no locks. An object taken again holds what its last owner left.
 */
#ifndef ALG_SLAB_H
#define ALG_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct slab {
	char *base;
	uint32_t size; /* bytes an object */
	uint32_t capacity; /* objects, index 1 .. capacity */
	uint32_t fresh; /* highest index ever taken */
	uint32_t free; /* head of the free chain */
	uint32_t used;
};

static inline void *
slab_at(const struct slab *slab, uint32_t index)
{
	return slab->base + (size_t)index * slab->size;
}

static inline uint32_t
slab_index(const struct slab *slab, const void *object)
{
	return (uint32_t)((size_t)((const char *)object - slab->base) / slab->size);
}

/** Index of a free object, or 0. Low indexes come first, so that the sweep's range stays short. */
static inline uint32_t
slab_take(struct slab *slab)
{
	uint32_t index = slab->free;

	if (index)
		slab->free = *(uint32_t *)slab_at(slab, index);
	else if (slab->fresh < slab->capacity)
		index = ++slab->fresh;
	else
		return 0;
	slab->used++;
	return index;
}

static inline void
slab_give(struct slab *slab, uint32_t index)
{
	*(uint32_t *)slab_at(slab, index) = slab->free;
	slab->free = index;
	slab->used--;
}

#endif
