/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_malloc.h>

#include "block_priv.h"

static uint32_t
load(const _Atomic uint32_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void
store(_Atomic uint32_t *value, uint32_t to)
{
	atomic_store_explicit(value, to, memory_order_relaxed);
}

static struct nat_block *
block_of(struct block_map *map, uint16_t port)
{
	return &map->block[(uint32_t)(port - map->first) / map->size];
}

static struct nat_block *
block_at(const struct nat_rules *rules, uint32_t reference)
{
	return &rules->address[reference >> 16].blocks->block[reference & UINT16_MAX];
}

uint32_t
blocks_of_range(uint16_t first, uint16_t last, uint32_t size, uint16_t *first_port)
{
	uint32_t begin = (first + size - 1) / size, end = (last + 1u) / size;

	*first_port = (uint16_t)(begin * size);
	return end > begin ? end - begin : 0;
}

size_t
block_map_memory(uint32_t count)
{
	return sizeof(struct block_map) + count * sizeof(struct nat_block);
}

struct block_map *
block_map_create(uint16_t first, uint32_t count, uint32_t size, int socket)
{
	struct block_map *map = rte_zmalloc_socket(
		"nat_blocks", block_map_memory(count), RTE_CACHE_LINE_SIZE, socket);

	if (!map)
		return NULL;
	map->first = first;
	map->count = count;
	map->size = size;
	rte_spinlock_init(&map->lock);
	store(&map->free_count, count);
	for (uint32_t i = 0; i < count; i++)
		map->free[i / 64] |= UINT64_C(1) << i % 64;
	return map;
}

/* A free block from a random place on; -1: none. */
static int
free_take(struct block_map *map, struct random *random)
{
	uint32_t words = (map->count + 63) / 64, start = random_below(random, map->count);
	int number = -1;

	rte_spinlock_lock(&map->lock);
	for (uint32_t i = 0; i <= words && number < 0; i++) {
		uint32_t k = (start / 64 + i) % words;
		/* of the word it begins in, first what lies behind the place, at last the rest */
		uint64_t bits = map->free[k] & (i == 0 ? UINT64_MAX << start % 64 : UINT64_MAX);

		if (!bits)
			continue;
		number = (int)(k * 64) + __builtin_ctzll(bits);
		map->free[k] &= ~(UINT64_C(1) << number % 64);
		store(&map->free_count, load(&map->free_count) - 1);
	}
	rte_spinlock_unlock(&map->lock);
	return number;
}

bool
block_take(struct outside_address *address, uint16_t slot, struct nat_host *host,
	struct random *random)
{
	int number = free_take(address->blocks, random);
	struct nat_block *block;

	if (number < 0)
		return false;
	block = &address->blocks->block[number];
	store(&block->host, host->address);
	store(&block->used, 0);
	store(&block->idle_since_s, 0);
	block->next = host->first_block;
	host->first_block = (uint32_t)slot << 16 | (uint32_t)number;
	host->blocks++;
	return true;
}

int
block_next(const struct nat_rules *rules, const struct nat_host *host, uint16_t slot, uint32_t *at)
{
	const struct block_map *map = rules->address[slot].blocks;

	do
		*at = *at == BLOCK_NONE ? host->first_block : block_at(rules, *at)->next;
	while (*at != BLOCK_NONE && *at >> 16 != slot);
	return *at == BLOCK_NONE ? -1 : (int)(map->first + (*at & UINT16_MAX) * map->size);
}

bool
block_has(const struct outside_address *address, const struct nat_host *host, uint16_t port)
{
	const struct block_map *map = address->blocks;
	uint32_t number = (uint32_t)(port - map->first) / map->size;

	return port >= map->first && number < map->count &&
	       load(&map->block[number].host) == host->address;
}

void
block_use(struct outside_address *address, uint16_t port, uint32_t count)
{
	struct nat_block *block = block_of(address->blocks, port);

	store(&block->used, load(&block->used) + count);
}

void
block_unuse(struct outside_address *address, uint16_t port, uint32_t idle_since_s)
{
	struct nat_block *block = block_of(address->blocks, port);

	if (idle_since_s)
		store(&block->idle_since_s, idle_since_s);
	store(&block->used, load(&block->used) - 1);
}

uint32_t
block_resting(const struct block_map *map, uint32_t *number)
{
	uint32_t count = 0, since = UINT32_MAX;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct nat_block *block = &map->block[i];

		if (!load(&block->host) || load(&block->used))
			continue;
		count++;
		if (load(&block->idle_since_s) < since) {
			since = load(&block->idle_since_s);
			*number = i;
		}
	}
	return count;
}

void
block_end(struct nat_rules *rules, uint16_t slot, uint32_t number, struct nat_host *host)
{
	uint32_t reference = (uint32_t)slot << 16 | number, *link = &host->first_block;
	struct block_map *map = rules->address[slot].blocks;

	while (*link != reference)
		link = &block_at(rules, *link)->next;
	*link = map->block[number].next;
	host->blocks--;
	store(&map->block[number].host, 0);
	rte_spinlock_lock(&map->lock);
	map->free[number / 64] |= UINT64_C(1) << number % 64;
	store(&map->free_count, load(&map->free_count) + 1);
	rte_spinlock_unlock(&map->lock);
}
