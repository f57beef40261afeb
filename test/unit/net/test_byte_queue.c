/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/rcu.h"
#include "eal_fixture.h"
#include "net/byte_queue.h"

enum { CHUNKS = 20, MANY_CHUNKS = 256, TEXT = 60000, STEPS = 100000 };

static struct byte_stock stock, large;
static uint8_t text[TEXT];

/* Are these the bytes of the queue, however they lie? */
static void
queue_check(const struct byte_queue *queue, const uint8_t *bytes, uint32_t length)
{
	uint32_t offset = 0, part;
	const uint8_t *span;

	assert_int_equal(queue->length, length);
	while ((span = byte_queue_span(queue, offset, &part)) != NULL) {
		assert_in_range(part, 1, length - offset);
		assert_memory_equal(span, bytes + offset, part);
		offset += part;
	}
	assert_int_equal(offset, length);
	assert_int_equal(part, 0);
}

static void
all_is_back(const struct byte_stock *of)
{
	assert_int_equal(pool_used(of->pool), byte_stock_count(of));
}

static void
nothing_is_added_when_not_all_fits(void **state)
{
	struct byte_queue queue = {0}, other = {0};
	const uint32_t most = TEXT - 1;
	uint32_t length = 3000;

	(void)state;
	assert_false(byte_queue_append(&stock, &queue, text, most)); /* to nothing */
	queue_check(&queue, NULL, 0);
	byte_queue_drop(&stock, &queue, 1);
	all_is_back(&stock);
	assert_true(byte_queue_append(&stock, &queue, text, length));
	assert_false(byte_queue_append(&stock, &queue, text + length, most - length));
	queue_check(&queue, text, length);
	assert_true(byte_queue_append(&stock, &other, text, 30000));
	assert_false(byte_queue_move(&stock, &other, 29000, &queue));
	queue_check(&queue, text, length);
	queue_check(&other, text, 30000);
	assert_false(byte_queue_replace(&stock, &queue, length, &other, text, 20000));
	queue_check(&queue, text, length);
	queue_check(&other, text, 30000);
	/* But what is left behind by what it replaces is room enough for a little. */
	while (byte_stock_has(&stock, 1))
		assert_true(byte_queue_append(&stock, &other, text + other.length, 1900));
	length = other.length;
	assert_true(byte_queue_replace(&stock, &queue, 3000, &other, text + length, 900));
	queue_check(&other, text, length + 900);
	queue_check(&queue, NULL, 0);
	byte_queue_drop(&stock, &other, UINT32_MAX);
	all_is_back(&stock);
}

static void
a_quarter_is_spare(void **state)
{
	struct byte_queue queue = {0};
	uint32_t chunks = 0;

	(void)state;
	for (; byte_stock_has_spare(&stock, 1); chunks++)
		assert_true(byte_queue_append(&stock, &queue, text, byte_chunk_size() - 20));
	assert_int_equal(chunks, CHUNKS - CHUNKS / 4);
	assert_true(byte_stock_has(&stock, (uint32_t)(4 * byte_chunk_size())));
	assert_false(byte_stock_has(&stock, (uint32_t)(5 * byte_chunk_size())));
	byte_queue_drop(&stock, &queue, UINT32_MAX);
}

/* What rests in a stock is taken first, is no more than the stock's most, and counts as free. */
static void
a_stock_is_used_first(void **state)
{
	struct byte_queue queue = {0};
	const uint8_t *last;
	uint32_t part;

	(void)state;
	assert_true(byte_queue_append(&large, &queue, text, 20000));
	assert_int_equal(byte_stock_count(&large), 0);
	byte_queue_drop(&large, &queue, UINT32_MAX);
	assert_int_equal(byte_stock_count(&large), MANY_CHUNKS / BYTE_STOCK_MAX);
	assert_int_equal(pool_used(large.pool), MANY_CHUNKS / BYTE_STOCK_MAX);
	assert_true(byte_queue_append(&large, &queue, text, 1));
	assert_int_equal(byte_stock_count(&large), MANY_CHUNKS / BYTE_STOCK_MAX - 1);
	last = byte_queue_span(&queue, 0, &part);
	byte_queue_drop(&large, &queue, 1);
	assert_true(byte_queue_append(&large, &queue, text, 1));
	assert_ptr_equal(byte_queue_span(&queue, 0, &part), last);
	byte_queue_drop(&large, &queue, 1);
	while (byte_stock_has(&large, 1))
		assert_true(byte_queue_append(&large, &queue, text, 1900));
	assert_int_equal(pool_used(large.pool), MANY_CHUNKS);
	assert_int_equal(byte_stock_count(&large), 0);
	byte_queue_drop(&large, &queue, UINT32_MAX);
	byte_stock_close(&large);
	assert_int_equal(pool_used(large.pool), 0);
	assert_int_equal(byte_stock_count(&large), 0);
	byte_stock_open(&large, large.pool);
}

static unsigned int
below(unsigned int limit)
{
	return (unsigned int)rand() % limit;
}

/* Two queues and two plain buffers, side by side. */
static void
as_plain_buffers(void **state)
{
	static uint8_t plain[2][2 * TEXT], copy[2 * TEXT];
	struct byte_queue queue[2] = {{0}};
	uint32_t length[2] = {0, 0};

	(void)state;
	for (unsigned int step = 0; step < STEPS; step++) {
		const unsigned int a = below(2), kind = below(5);
		const uint32_t some = below(4) ? below(100) : below(6000);
		const uint32_t of = below(3) ? RTE_MIN(some, length[a]) : length[a];
		const uint8_t *from = text + below(TEXT - 6000);
		uint32_t added = 0;

		switch (kind) {
		case 0:
			if (length[a] + some > TEXT)
				continue;
			if (byte_queue_append(&stock, &queue[a], from, some))
				added = some;
			memcpy(plain[a] + length[a], from, added);
			length[a] += added;
			break;
		case 1:
			byte_queue_drop(&stock, &queue[a], of);
			memmove(plain[a], plain[a] + of, length[a] -= of);
			break;
		case 2:
			if (!byte_queue_move(&stock, &queue[a], of, &queue[!a]))
				break;
			memcpy(plain[!a] + length[!a], plain[a], of);
			length[!a] += of;
			memmove(plain[a], plain[a] + of, length[a] -= of);
			break;
		case 3:
			if (!byte_queue_replace(&stock, &queue[a], of, &queue[!a], from, some))
				break;
			memcpy(plain[!a] + length[!a], from, some);
			length[!a] += some;
			memmove(plain[a], plain[a] + of, length[a] -= of);
			break;
		default:
			byte_queue_copy(&queue[a], length[a] - of, of, copy);
			assert_memory_equal(copy, plain[a] + length[a] - of, of);
			break;
		}
		queue_check(&queue[0], plain[0], length[0]);
		queue_check(&queue[1], plain[1], length[1]);
	}
	byte_queue_drop(&stock, &queue[0], UINT32_MAX);
	byte_queue_drop(&stock, &queue[1], UINT32_MAX);
	all_is_back(&stock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_added_when_not_all_fits),
		cmocka_unit_test(a_quarter_is_spare),
		cmocka_unit_test(a_stock_is_used_first),
		cmocka_unit_test(as_plain_buffers),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	for (unsigned int i = 0; i < TEXT; i++)
		text[i] = (uint8_t)rand();
	byte_stock_open(&stock, byte_pool_create("bytes", CHUNKS, SOCKET_ID_ANY));
	byte_stock_open(&large, byte_pool_create("many_bytes", MANY_CHUNKS, SOCKET_ID_ANY));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
