/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_common.h>

#include "byte_queue.h"

/* An odd number of cache lines, so that the first lines of chunks are in all sets of the cache. */
enum { CHUNK_SIZE = 31 * RTE_CACHE_LINE_SIZE };

/* As many as the largest message needs, or a quarter of the pool. */
#define SPARE_CHUNKS 36u

struct byte_chunk {
	struct pool_object object;
	struct byte_chunk *next;
	uint32_t filled;
	uint8_t bytes[CHUNK_SIZE - sizeof(struct pool_object) - sizeof(void *) - sizeof(uint32_t)];
};

struct pool *
byte_pool_create(const char *name, uint32_t chunks, int socket)
{
	return pool_create(name, chunks, sizeof(struct byte_chunk), socket, NULL, NULL);
}

size_t
byte_pool_memory(uint32_t chunks)
{
	return pool_memory(chunks, sizeof(struct byte_chunk));
}

size_t
byte_chunk_size(void)
{
	return sizeof(struct byte_chunk);
}

void
byte_stock_open(struct byte_stock *stock, struct pool *pool)
{
	stock->pool = pool;
	stock->first = NULL;
	stock->most = RTE_MIN((uint32_t)BYTE_STOCK_MAX, pool_capacity(pool) / BYTE_STOCK_MAX);
	atomic_init(&stock->count, 0);
}

/* relaxed: a gauge to others */
static void
stock_count_set(struct byte_stock *stock, uint32_t count)
{
	atomic_store_explicit(&stock->count, count, memory_order_relaxed);
}

static struct byte_chunk *
chunk_take(struct byte_stock *stock)
{
	struct byte_chunk *chunk = stock->first;

	if (chunk == NULL)
		return pool_alloc(stock->pool);
	stock->first = chunk->next;
	stock_count_set(stock, byte_stock_count(stock) - 1);
	return chunk;
}

static void
chunk_give(struct byte_stock *stock, struct byte_chunk *chunk)
{
	const uint32_t count = byte_stock_count(stock);

	if (count == stock->most) {
		pool_free_unused(stock->pool, chunk);
		return;
	}
	chunk->next = stock->first;
	stock->first = chunk;
	stock_count_set(stock, count + 1);
}

void
byte_stock_close(struct byte_stock *stock)
{
	stock->most = 0;
	while (stock->first != NULL)
		pool_free_unused(stock->pool, chunk_take(stock));
}

/* Are there chunks for so many bytes, and so many more? */
static bool
has_chunks(const struct byte_stock *stock, uint32_t length, uint32_t more)
{
	const struct pool *pool = stock->pool;
	const uint32_t chunks = length / sizeof(((struct byte_chunk *)NULL)->bytes) + 1 + more;

	return pool_used(pool) + pool_retired(pool) + chunks <=
	       pool_capacity(pool) + byte_stock_count(stock);
}

bool
byte_stock_has(const struct byte_stock *stock, uint32_t length)
{
	return has_chunks(stock, length, 0);
}

bool
byte_stock_has_spare(const struct byte_stock *stock, uint32_t length)
{
	return has_chunks(stock, length, RTE_MIN(SPARE_CHUNKS, pool_capacity(stock->pool) / 4));
}

/* Add a chunk: the first of `spare` (NULL: there are none), or one of the stock. */
static struct byte_chunk *
chunk_add(struct byte_stock *stock, struct byte_queue *queue, struct byte_chunk **spare)
{
	struct byte_chunk *chunk = *spare;

	if (chunk != NULL)
		*spare = chunk->next;
	else
		chunk = chunk_take(stock);
	if (chunk == NULL)
		return NULL;
	chunk->next = NULL;
	chunk->filled = 0;
	if (queue->last == NULL)
		queue->first = chunk;
	else
		queue->last->next = chunk;
	queue->last = chunk;
	return chunk;
}

/* Give back the chunks behind `last` (NULL: all), which was filled so far. */
static void
queue_cut(struct byte_stock *stock, struct byte_queue *queue, struct byte_chunk *last,
	uint32_t filled)
{
	struct byte_chunk *chunk = last == NULL ? queue->first : last->next;

	while (chunk != NULL) {
		struct byte_chunk *next = chunk->next;

		chunk_give(stock, chunk);
		chunk = next;
	}
	queue->last = last;
	if (last == NULL) {
		queue->first = NULL;
		return;
	}
	last->next = NULL;
	last->filled = filled;
}

static bool
append(struct byte_stock *stock, struct byte_queue *queue, const void *bytes, uint32_t length,
	struct byte_chunk **spare)
{
	struct byte_chunk *const last = queue->last;
	const uint32_t filled = last == NULL ? 0 : last->filled;
	const uint8_t *from = bytes;

	for (uint32_t left = length; left > 0;) {
		struct byte_chunk *chunk = queue->last;
		uint32_t part;

		if (chunk == NULL || chunk->filled == sizeof(chunk->bytes))
			chunk = chunk_add(stock, queue, spare);
		if (chunk == NULL) {
			queue_cut(stock, queue, last, filled);
			return false;
		}
		part = RTE_MIN(left, (uint32_t)sizeof(chunk->bytes) - chunk->filled);
		memcpy(chunk->bytes + chunk->filled, from, part);
		chunk->filled += part;
		from += part;
		left -= part;
	}
	queue->length += length;
	return true;
}

bool
byte_queue_append(
	struct byte_stock *stock, struct byte_queue *queue, const void *bytes, uint32_t length)
{
	struct byte_chunk *none = NULL;

	return append(stock, queue, bytes, length, &none);
}

bool
byte_queue_move(
	struct byte_stock *stock, struct byte_queue *from, uint32_t length, struct byte_queue *to)
{
	struct byte_chunk *const last = to->last;
	const uint32_t filled = last == NULL ? 0 : last->filled, before = to->length;

	if (length == from->length && to->length == 0 && last == NULL) {
		*to = *from;
		*from = (struct byte_queue){0};
		return true;
	}
	for (uint32_t done = 0; done < length;) {
		uint32_t part;
		const uint8_t *bytes = byte_queue_span(from, done, &part);

		part = RTE_MIN(part, length - done);
		if (!byte_queue_append(stock, to, bytes, part)) {
			queue_cut(stock, to, last, filled);
			to->length = before;
			return false;
		}
		done += part;
	}
	byte_queue_drop(stock, from, length);
	return true;
}

const uint8_t *
byte_queue_span(const struct byte_queue *queue, uint32_t offset, uint32_t *length)
{
	const struct byte_chunk *chunk = queue->first;

	*length = 0;
	if (offset >= queue->length)
		return NULL;
	offset += queue->skip;
	while (offset >= chunk->filled) {
		offset -= chunk->filled;
		chunk = chunk->next;
	}
	*length = chunk->filled - offset;
	return chunk->bytes + offset;
}

void
byte_queue_copy(const struct byte_queue *queue, uint32_t offset, uint32_t length, void *to)
{
	uint8_t *out = to;

	while (length > 0) {
		uint32_t part;
		const uint8_t *bytes = byte_queue_span(queue, offset, &part);

		part = RTE_MIN(part, length);
		memcpy(out, bytes, part);
		out += part;
		offset += part;
		length -= part;
	}
}

/* Take bytes off in front; the chunks that they leave empty. */
static struct byte_chunk *
cut_front(struct byte_queue *queue, uint32_t length)
{
	struct byte_chunk *gone = NULL;

	length = RTE_MIN(length, queue->length);
	queue->length -= length;
	queue->skip += length;
	while (queue->first != NULL && queue->skip >= queue->first->filled) {
		struct byte_chunk *chunk = queue->first;

		/* The last one stays for what comes next, unless there is nothing in it. */
		if (chunk == queue->last && queue->length > 0)
			break;
		queue->skip -= chunk->filled;
		queue->first = chunk->next;
		if (queue->first == NULL)
			queue->last = NULL;
		chunk->next = gone;
		gone = chunk;
	}
	return gone;
}

static void
chunks_free(struct byte_stock *stock, struct byte_chunk *chunk)
{
	while (chunk != NULL) {
		struct byte_chunk *next = chunk->next;

		chunk_give(stock, chunk);
		chunk = next;
	}
}

void
byte_queue_drop(struct byte_stock *stock, struct byte_queue *queue, uint32_t length)
{
	chunks_free(stock, cut_front(queue, length));
}

bool
byte_queue_replace(struct byte_stock *stock, struct byte_queue *from, uint32_t in,
	struct byte_queue *to, const void *bytes, uint32_t length)
{
	struct byte_chunk *spare;

	/* A chunk that is left goes over: it is in the cache, and taking one from the pool costs more than this. */
	if (in > 0 && in == from->length && length <= sizeof(spare->bytes)) {
		spare = cut_front(from, in);
		append(stock, to, bytes, length, &spare);
		chunks_free(stock, spare);
		return true;
	}
	if (!byte_queue_append(stock, to, bytes, length))
		return false;
	byte_queue_drop(stock, from, in);
	return true;
}
