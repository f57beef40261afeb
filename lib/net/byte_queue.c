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

/* Are there chunks for so many bytes, and so many more? */
static bool
has_chunks(const struct pool *pool, uint32_t length, uint32_t more)
{
	const uint32_t chunks = length / sizeof(((struct byte_chunk *)NULL)->bytes) + 1 + more;

	return pool_used(pool) + pool_retired(pool) + chunks <= pool_capacity(pool);
}

bool
byte_pool_has(const struct pool *pool, uint32_t length)
{
	return has_chunks(pool, length, 0);
}

bool
byte_pool_has_spare(const struct pool *pool, uint32_t length)
{
	return has_chunks(pool, length, RTE_MIN(SPARE_CHUNKS, pool_capacity(pool) / 4));
}

/* Add a chunk: the first of `spare` (NULL: there are none), or one of the pool. */
static struct byte_chunk *
chunk_add(struct pool *pool, struct byte_queue *queue, struct byte_chunk **spare)
{
	struct byte_chunk *chunk = *spare;

	if (chunk != NULL)
		*spare = chunk->next;
	else
		chunk = pool_alloc(pool);
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
queue_cut(struct pool *pool, struct byte_queue *queue, struct byte_chunk *last, uint32_t filled)
{
	struct byte_chunk *chunk = last == NULL ? queue->first : last->next;

	while (chunk != NULL) {
		struct byte_chunk *next = chunk->next;

		pool_free_unused(pool, chunk);
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
append(struct pool *pool, struct byte_queue *queue, const void *bytes, uint32_t length,
	struct byte_chunk **spare)
{
	struct byte_chunk *const last = queue->last;
	const uint32_t filled = last == NULL ? 0 : last->filled;
	const uint8_t *from = bytes;

	for (uint32_t left = length; left > 0;) {
		struct byte_chunk *chunk = queue->last;
		uint32_t part;

		if (chunk == NULL || chunk->filled == sizeof(chunk->bytes))
			chunk = chunk_add(pool, queue, spare);
		if (chunk == NULL) {
			queue_cut(pool, queue, last, filled);
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
byte_queue_append(struct pool *pool, struct byte_queue *queue, const void *bytes, uint32_t length)
{
	struct byte_chunk *none = NULL;

	return append(pool, queue, bytes, length, &none);
}

bool
byte_queue_move(struct pool *pool, struct byte_queue *from, uint32_t length, struct byte_queue *to)
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
		if (!byte_queue_append(pool, to, bytes, part)) {
			queue_cut(pool, to, last, filled);
			to->length = before;
			return false;
		}
		done += part;
	}
	byte_queue_drop(pool, from, length);
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
chunks_free(struct pool *pool, struct byte_chunk *chunk)
{
	while (chunk != NULL) {
		struct byte_chunk *next = chunk->next;

		pool_free_unused(pool, chunk);
		chunk = next;
	}
}

void
byte_queue_drop(struct pool *pool, struct byte_queue *queue, uint32_t length)
{
	chunks_free(pool, cut_front(queue, length));
}

bool
byte_queue_replace(struct pool *pool, struct byte_queue *from, uint32_t in, struct byte_queue *to,
	const void *bytes, uint32_t length)
{
	struct byte_chunk *spare;

	/* A chunk that is left goes over: it is in the cache, and taking one from the pool costs more than this. */
	if (in > 0 && in == from->length && length <= sizeof(spare->bytes)) {
		spare = cut_front(from, in);
		append(pool, to, bytes, length, &spare);
		chunks_free(pool, spare);
		return true;
	}
	if (!byte_queue_append(pool, to, bytes, length))
		return false;
	byte_queue_drop(pool, from, in);
	return true;
}
