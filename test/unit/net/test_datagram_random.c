/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random fragments, good and evil, against a model that keeps every fragment and every byte: the
 * verdicts agree, what is joined is the text, what is held is counted, and nothing is lost.
 */
#include <stdlib.h>

#include "datagram_fixture.h"

enum {
	ROUNDS = 300,
	STEPS = 400, /* of a round of any fragments */
	IDS = 4,
	KEPT = 16, /* fragments of a datagram */
	SPAN = 4096, /* bytes of one */
	GRID = 1024,
	DATAGRAMS = 8, /* of a round of good fragments */
	LENGTH_MAX = 8000,
	PIECE_MIN = 256,
	PIECES_MAX = (LENGTH_MAX + PIECE_MIN - 1) / PIECE_MIN,
};

/* What the model knows of the datagram with a number. */
struct model {
	bool there, spoiled, refused, passing;
	uint64_t due_ms;
	unsigned int count, held, end;
	struct piece piece[KEPT];
	uint8_t seen[SPAN];
};

static struct datagram_table *table;
static struct model model[IDS];

static uint32_t
below(uint32_t bound)
{
	return random_below(&net.worker.random, bound);
}

static int
start(void **state)
{
	net_start(state);
	datagram_text_make();
	return 0;
}

static bool
is_known(const struct model *known, const struct piece *piece)
{
	for (unsigned int i = 0; i < known->count; i++) {
		if (known->piece[i].first == piece->first && known->piece[i].end == piece->end &&
			known->piece[i].last == piece->last)
			return true;
	}
	return false;
}

static bool
contradicts(const struct model *known, const struct piece *piece)
{
	for (unsigned int at = piece->first; at < piece->end; at++) {
		if (known->seen[at])
			return true;
	}
	if (known->end != 0 && (piece->last || piece->end > known->end))
		return true;
	for (unsigned int at = piece->end; piece->last && at < SPAN; at++) {
		if (known->seen[at])
			return true;
	}
	return false;
}

static bool
is_complete(const struct model *known)
{
	for (unsigned int at = 0; at < known->end; at++) {
		if (!known->seen[at])
			return false;
	}
	return known->end != 0;
}

/* What must become of a piece; notes it. */
static int
expect(struct model *known, const struct piece *piece)
{
	bool impossible = piece->end == piece->first || (!piece->last && piece->end % 8);

	if (!known->there && impossible)
		return DROP_IP_FRAGMENT;
	if (!known->there) {
		memset(known, 0, sizeof(*known));
		known->there = true;
		known->due_ms = net.worker.now_ms + TIMEOUT_MS;
	}
	if (known->spoiled)
		return DROP_FRAGMENT_REFUSED;
	if (!impossible && is_known(known, piece))
		return DROP_FRAGMENT_DUPLICATE;
	if (impossible || contradicts(known, piece) || known->count == KEPT) {
		known->spoiled = true;
		known->held = 0;
		known->due_ms = net.worker.now_ms + TIMEOUT_MS;
		return impossible                  ? DROP_IP_FRAGMENT
		       : contradicts(known, piece) ? DROP_FRAGMENT_OVERLAP
						   : DROP_FRAGMENT_LIMIT;
	}
	known->piece[known->count++] = *piece;
	memset(known->seen + piece->first, 1, piece->end - piece->first);
	if (piece->last)
		known->end = piece->end;
	if (known->refused) {
		known->there = !is_complete(known);
		return DROP_FRAGMENT_REFUSED;
	}
	return DATAGRAM_ADDED;
}

static void
assert_gauges(void)
{
	uint32_t held = 0, count = 0;

	for (unsigned int i = 0; i < IDS; i++) {
		count += model[i].there;
		held += model[i].there ? model[i].held : 0;
	}
	assert_int_equal(datagram_table_count(table), count);
	assert_int_equal(datagram_table_held(table), held);
}

/* Time goes on; exactly what is due ends. */
static void
age(void)
{
	struct datagram *datagram;

	net.worker.now_ms += below(TIMEOUT_MS / 40);
	while ((datagram = datagram_due(table, net.worker.now_ms)) != NULL) {
		struct model *known = &model[rte_be_to_cpu_16(datagram->key.src_port)];

		assert_true(known->there && known->due_ms == datagram->due_ms);
		assert_true(datagram->due_ms <= net.worker.now_ms);
		known->there = false;
		datagram_expire(&net.worker, table, datagram);
	}
	for (unsigned int i = 0; i < IDS; i++)
		assert_true(!model[i].there || model[i].due_ms > net.worker.now_ms);
}

/* As the application does: hold, or forward and forget; sometimes it refuses. */
static void
take(struct model *known, struct datagram *datagram, struct rte_mbuf *mbuf)
{
	if (known->passing) {
		rte_pktmbuf_free(mbuf);
	} else {
		assert_true(datagram_hold(&net.worker, table, datagram, mbuf));
		known->held++;
	}
	if (is_complete(known)) {
		known->there = false;
		assert_true(datagram_is_complete(datagram));
		if (known->passing)
			datagram_end(table, datagram);
		else
			datagram_check(table, datagram);
		return;
	}
	assert_false(datagram_is_complete(datagram));
	if (known->passing || below(16) != 0)
		return;
	known->due_ms = net.worker.now_ms + TIMEOUT_MS;
	known->held = 0;
	if (below(3) == 0) {
		known->refused = true;
		datagram_refuse(&net.worker, table, datagram);
		return;
	}
	known->passing = true;
	datagram_pass(&net.worker, table, datagram);
	for (int32_t offset, last = -1; (mbuf = datagram_take(table, datagram)) != NULL;
		last = offset) {
		offset = rte_be_to_cpu_16(packet_ip(mbuf)->fragment_offset) &
			 RTE_IPV4_HDR_OFFSET_MASK;
		assert_true(offset > last);
		rte_pktmbuf_free(mbuf);
	}
}

/* Mostly one of four pieces that fit together; else any piece, or one nearly like them. */
static struct piece
random_piece(void)
{
	uint32_t grid = below(16) ? GRID : 8;
	struct piece piece = {.id = (uint16_t)below(IDS)};

	piece.first = below(SPAN / grid) * grid;
	piece.end = piece.first + (below(16) ? grid : below(1024));
	piece.end = RTE_MIN(piece.end, (uint32_t)SPAN);
	piece.last = piece.first > 0 && (piece.end == SPAN || below(50) == 0);
	return piece;
}

static void
any_fragments_are_judged_as_the_model_does(void **state)
{
	unsigned int joined = 0, spoiled = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		table = datagram_table_make((struct datagram_limits){.fragments = KEPT});
		memset(model, 0, sizeof(model));
		for (unsigned int step = 0; step < STEPS; step++) {
			struct piece piece = random_piece();
			struct model *known = &model[piece.id];
			int expected = expect(known, &piece), verdict;
			struct rte_mbuf *mbuf = datagram_piece(&piece);
			struct datagram *datagram;

			verdict = datagram_add(&net.worker, table, mbuf, &datagram);
			if (verdict != expected)
				fail_msg("round %u step %u: %d instead of %d", round, step, verdict,
					expected);
			if (verdict == DATAGRAM_ADDED)
				take(known, datagram, mbuf);
			else
				rte_pktmbuf_free(mbuf);
			spoiled += verdict == DROP_FRAGMENT_OVERLAP;
			assert_gauges();
			age();
			assert_gauges();
		}
		datagram_table_destroy(&net.worker, table);
		assert_int_equal(rte_mempool_avail_count(net.output.mempool), MBUFS);
	}
	joined = (unsigned int)net_events(EVENT_DATAGRAMS_JOINED);
	assert_true(joined > 100);
	assert_true(spoiled > 1000);
}

/* A datagram cut at random places, some pieces twice; returns how many. */
static unsigned int
random_pieces(uint16_t id, struct piece *piece)
{
	uint32_t length = 1481 + below(LENGTH_MAX - 1481), at = 0; /* two pieces at least */
	unsigned int count = 0;

	while (at < length) {
		uint32_t end = at + PIECE_MIN + 8 * below((1480 - PIECE_MIN) / 8 + 1);

		piece[count++] = (struct piece){
			.first = at, .end = RTE_MIN(end, length), .last = end >= length, .id = id};
		if (below(8) == 0) {
			piece[count] = piece[count - 1];
			count++;
		}
		at = end;
	}
	return count;
}

static void
good_fragments_in_any_order_give_every_datagram(void **state)
{
	struct piece piece[DATAGRAMS * PIECES_MAX * 2];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int count = 0, joined = 0;

		table = datagram_table_make((struct datagram_limits){.fragments = PIECES_MAX});
		for (uint16_t id = 0; id < DATAGRAMS; id++)
			count += random_pieces(id, &piece[count]);
		for (unsigned int i = count - 1; i > 0; i--) {
			unsigned int other = below(i + 1);
			struct piece swapped = piece[i];

			piece[i] = piece[other];
			piece[other] = swapped;
		}
		for (unsigned int i = 0; i < count; i++) {
			struct datagram *datagram;

			datagram_give(table, &piece[i]);
			datagram = datagram_of(table, &piece[i]);
			if (datagram != NULL && datagram_is_complete(datagram)) {
				datagram_check(table, datagram);
				joined |= 1u << piece[i].id;
			}
		}
		/* Left is at most what repetitions of joined datagrams' fragments began. */
		assert_int_equal(joined, (1u << DATAGRAMS) - 1);
		datagram_table_destroy(&net.worker, table);
	}
	assert_int_equal(net_drops(DROP_FRAGMENT_OVERLAP), 0);
}

/* More than there is room for: held and counted never beyond the limits, nothing lost. */
static void
a_flood_stays_within_the_limits(void **state)
{
	const struct datagram_limits limits = {
		.datagrams = 64, .held = 64, .held_per_source = 16, .fragments = 3};
	unsigned int step;

	table = datagram_table_make(limits);
	for (step = 0; step < 20000; step++) {
		struct piece piece = {.first = below(6) * 8,
			.id = (uint16_t)below(40),
			.source = RTE_BE32(RTE_IPV4(10, 1, 0, 0) + below(5))};
		struct datagram *datagram;

		piece.end = piece.first + 8;
		piece.last = piece.first > 0 && below(6) == 0;
		if (datagram_give(table, &piece) == DATAGRAM_ADDED) {
			datagram = datagram_of(table, &piece);
			if (datagram->state == DATAGRAM_WAITING && datagram_is_complete(datagram))
				rte_pktmbuf_free(datagram_join(&net.worker, table, datagram));
		}
		assert_true(datagram_table_held(table) <= limits.held);
		assert_true(datagram_table_count(table) <= limits.datagrams);
		assert_int_equal(rte_mempool_avail_count(net.output.mempool),
			MBUFS - datagram_table_held(table));
	}
	assert_true(net_drops(DROP_FRAGMENT_EVICTED) > 1000);
	assert_true(net_drops(DROP_FRAGMENT_SOURCE_LIMIT) > 10);
	assert_true(net_drops(DROP_FRAGMENT_LIMIT) > 0);
	assert_true(net_events(EVENT_DATAGRAMS_JOINED) > 10);
	datagram_table_destroy(&net.worker, table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_fragments_are_judged_as_the_model_does),
		TEST(good_fragments_in_any_order_give_every_datagram),
		TEST(a_flood_stays_within_the_limits),
	};

	return cmocka_run_group_tests(tests, start, net_stop);
}
