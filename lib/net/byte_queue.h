/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes in order, in chunks of a pool that many queues share: added behind, taken off in front, copied out
 * from anywhere.
 *
 * A thread takes chunks from its stock, where those that it gave back last are taken first, as they are in its
 * cache; and only then from the pool, where a chunk rests as long as possible.
 *
 * Synchronization: none; queues and stocks belong to one thread. The pool may be shared.
 */
#ifndef NET_BYTE_QUEUE_H
#define NET_BYTE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pool.h"

enum { BYTE_STOCK_MAX = 64 /* chunks */ };

struct byte_chunk;

struct byte_stock {
	struct pool *pool;
	struct byte_chunk *first; /* of those at hand */
	uint32_t most; /* of them */
	_Atomic uint32_t count; /* of them; writer: the thread, readers: any */
};

/* All zero: empty. */
struct byte_queue {
	struct byte_chunk *first, *last;
	uint32_t skip; /* bytes of the first chunk that are gone */
	uint32_t length;
};

/** A pool of `chunks` chunks. NULL and rte_errno. Bring-up. */
struct pool *byte_pool_create(const char *name, uint32_t chunks, int socket);
size_t byte_pool_memory(uint32_t chunks);

/** A stock of nothing. A small pool's is none, lest it rest in stocks. */
void byte_stock_open(struct byte_stock *stock, struct pool *pool);

/** Give back what is at hand. */
void byte_stock_close(struct byte_stock *stock);

/** How many chunks of the pool rest here, in no queue. Any thread. */
static inline uint32_t
byte_stock_count(const struct byte_stock *stock)
{
	return atomic_load_explicit(&stock->count, memory_order_relaxed);
}

/** Bytes that a chunk takes in memory. */
size_t byte_chunk_size(void);

/** Add bytes; false, and nothing added, when the pool has too few chunks. */
bool byte_queue_append(
	struct byte_stock *stock, struct byte_queue *queue, const void *bytes, uint32_t length);

/** Would so many bytes find chunks now, whatever queue they are added to? */
bool byte_stock_has(const struct byte_stock *stock, uint32_t length);

/**
 * And would enough be left then for what is to leave the pool? Bytes that come in from outside ask this: were
 * every chunk theirs, none could be replaced and go.
 */
bool byte_stock_has_spare(const struct byte_stock *stock, uint32_t length);

/** Move the first `length` bytes of one queue behind those of another; false: too few chunks, nothing moved. */
bool byte_queue_move(
	struct byte_stock *stock, struct byte_queue *from, uint32_t length, struct byte_queue *to);

/**
 * The first `in` bytes of one queue go, other bytes are added to another; they are none of either. False: too few
 * chunks, nothing done.
 */
bool byte_queue_replace(struct byte_stock *stock, struct byte_queue *from, uint32_t in,
	struct byte_queue *to, const void *bytes, uint32_t length);

/** Copy bytes from an offset on, which the queue has. */
void byte_queue_copy(const struct byte_queue *queue, uint32_t offset, uint32_t length, void *to);

/** The bytes from an offset on that lie side by side: where, and how many. NULL at the end. */
const uint8_t *byte_queue_span(const struct byte_queue *queue, uint32_t offset, uint32_t *length);

/** Take bytes off in front; at most as many as there are. */
void byte_queue_drop(struct byte_stock *stock, struct byte_queue *queue, uint32_t length);

#endif
