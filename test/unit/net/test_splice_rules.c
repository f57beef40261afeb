/* SPDX-License-Identifier: BSD-3-Clause */
/* What RFC 9293 and its companions say of single segments, when bytes change on the way. */
#include "splice_fixture.h"

#include <string.h>

#include "core/rcu.h"
#include "eal_fixture.h"

/* RFC 9293 3.8.5: the pointer is behind the byte that the sender meant. */
static void
urgent_pointer_in_what_stays(void **state)
{
	const struct fixture_sent *sent;

	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_release(0, 4, "ABCDEF");
	fixture.segment.urgent = 3;
	fixture_say(0, 5, 1, "xy!z", TCP_URG);
	fixture_quiet();
	fixture_release(0, 4, NULL);
	sent = fixture_expect(0, 7, 1, "xy!z", TCP_URG);
	assert_int_equal(sent->out.urgent, 3);
	/* Not what is behind it. */
	fixture_say(0, 9, 1, "more", 0);
	fixture_release(0, 4, NULL);
	fixture_expect(0, 11, 1, "more", 0);
	/* But what is before it, when it is sent again. */
	fixture_tick(SPLICE_AGAIN_MS + 1);
	fixture_say(0, 5, 1, "xy!z", 0);
	assert_int_equal(fixture_expect(0, 7, 1, "xy!z", TCP_URG)->out.urgent, 3);
	fixture_close();
}

static void
urgent_pointer_in_what_is_replaced(void **state)
{
	(void)state;
	fixture_open(0);
	fixture.segment.urgent = 2;
	fixture_say(0, 1, 1, "ab!d", TCP_URG);
	fixture_release(0, 4, "ABCDEF");
	assert_int_equal(fixture_expect(0, 1, 1, "ABCDEF", TCP_URG)->out.urgent, 6);
	fixture_close();
}

/* Ahead of what has come: said when it is known which byte it is. */
static void
urgent_pointer_ahead(void **state)
{
	(void)state;
	fixture_open(0);
	fixture.segment.urgent = 8;
	fixture_say(0, 1, 1, "abcd", TCP_URG);
	fixture_release(0, 4, "ABCDEF");
	fixture_expect(0, 1, 1, "ABCDEF", 0);
	fixture.segment.urgent = 0;
	fixture_say(0, 5, 1, "efgh", 0);
	fixture_release(0, 4, "E");
	assert_int_equal(fixture_expect(0, 7, 1, "E", TCP_URG)->out.urgent, 1);
	fixture_say(1, 1, 8, "", 0);
	fixture_say(0, 9, 1, "x", 0);
	fixture_release(0, 1, NULL);
	fixture_expect(0, 8, 1, "x", 0);
	fixture_close();
}

/* RFC 1191: what does not fit any more goes again in shorter segments. */
static void
a_path_takes_less(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, fixture_text('a', 900), 0);
	fixture_release(0, 900, fixture_text('A', 950));
	fixture_expect(0, 1, 1, fixture_text('A', 950), 0);
	fixture_quiet();
	fixture.count = 0;
	splice_mtu(&fixture.splice, 0, 400);
	splice_answer(&fixture.splice, 0);
	assert_int_equal(fixture.count, 3);
	assert_int_equal(fixture.sent[0].out.length, 400);
	assert_int_equal(fixture.sent[1].out.seq, 401);
	assert_int_equal(fixture.sent[2].out.length, 150);
	fixture.count = 0;
	splice_mtu(&fixture.splice, 0, 400); /* that is known */
	splice_answer(&fixture.splice, 0);
	assert_int_equal(fixture.count, 0);
	/* never more again, and not too little */
	splice_mtu(&fixture.splice, 0, 1000);
	assert_int_equal(fixture.splice.stream[0].mss, 400);
	splice_mtu(&fixture.splice, 0, 28);
	assert_int_equal(fixture.splice.stream[0].mss, SPLICE_PATH_MIN);
	fixture_close();
}

/* The way out is known before the connection begins. */
static void
the_way_out_takes_less_than_was_announced(void **state)
{
	const struct splice_segment syn = {.flags = TCP_SYN, .mss = 1460, .window = FIXTURE_WINDOW};

	(void)state;
	fixture_begin();
	splice_mtu(&fixture.splice, 0, 700);
	splice_syn(&fixture.splice, 0, &syn);
	splice_syn(&fixture.splice, 1,
		&(struct splice_segment){
			.flags = TCP_SYN | TCP_ACK, .ack = 1, .mss = 1460, .window = 100});
	assert_int_equal(fixture.splice.stream[0].mss, 700);
	assert_int_equal(fixture.splice.stream[1].mss, 1460);
	fixture_close();
}

/* RFC 9293 3.7.1 (MUST-16): however little an end announces, but for what leaves no room for options. */
static void
small_segments(void **state)
{
	(void)state;
	fixture.segment.mss = 100;
	fixture.segment.timestamps = true;
	fixture_open(0);
	splice_mtu(&fixture.splice, 0, 50);
	assert_int_equal(fixture.splice.stream[0].mss, 100);
	fixture_say(0, 1, 1, fixture_text('a', 150), 0);
	fixture_release(0, 150, NULL);
	fixture_expect(0, 1, 1, fixture_text('a', 88), 0);
	fixture_expect(0, 89, 1, fixture_text('a', 62), 0);
	fixture_close();
	fixture.segment.mss = 1;
	fixture_open(0);
	assert_int_equal(fixture.splice.stream[0].mss, SPLICE_MSS_MIN);
	fixture_close();
}

/* What is whole will be acknowledged by its receiver. */
static void
who_said_all_is_not_told_ahead(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "whole", 0);
	splice_whole(&fixture.splice, 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_quiet();
	fixture_say(0, 1, 1, "wholemore", 0);
	fixture_expect(1, 1, 1, "", 0);
	fixture_quiet();
	fixture_release(0, 5, NULL);
	fixture_expect(0, 1, 1, "whole", 0);
	fixture_tick(SPLICE_WAIT_MS + 1); /* "more" lacks its end */
	fixture_expect(1, 1, 10, "", 0);
	fixture_close();
}

/* RFC 9293 3.10.7.4: beyond the window, answered and not kept. */
static void
beyond_the_window(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, FIXTURE_WINDOW, 1, "abcd", 0);
	fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(fixture.splice.stream[0].blocks, 0);
	fixture_tick(SPLICE_CHALLENGE_MS);
	fixture_say(0, 2 * FIXTURE_WINDOW, 1, "abcd", 0);
	fixture_expect(1, 1, 1, "", 0);
	fixture_say(0, 3 * FIXTURE_WINDOW, 1, "abcd", 0); /* a storm is not answered one by one */
	fixture_quiet();
	fixture_say(0, 1, 1, fixture_text('a', FIXTURE_WINDOW + 1), 0);
	assert_int_equal(fixture.splice.stream[0].held.length, FIXTURE_WINDOW);
	assert_int_equal(pool_used(fixture.pool), 6);
	fixture_close();
}

/* What is in order is never kept out by what is not. */
static void
in_order_goes_before_out_of_order(void **state)
{
	const struct splice_stream *stream = &fixture.splice.stream[0];

	(void)state;
	fixture_open(0);
	fixture.splice.room = 5000;
	fixture_say(0, 5001, 1, fixture_text('c', 900), 0);
	fixture_say(0, 3001, 1, fixture_text('b', 900), 0);
	fixture_say(0, 7001, 1, fixture_text('d', 900), 0);
	assert_int_equal(stream->blocks, 3);
	fixture_say(0, 1, 1, fixture_text('a', 2999), 0);
	assert_int_equal(stream->held.length, 2999);
	assert_int_equal(stream->blocks, 2);
	fixture_say(
		0, 9001, 1, fixture_text('e', 900), 0); /* no room, and nothing gives way for it */
	assert_int_equal(stream->blocks, 2);
	fixture_say(0, 3000, 1, "a", 0);
	assert_int_equal(stream->held.length, 3900);
	fixture_say(0, 3901, 1, fixture_text('x', 1200), 0); /* as much as there is room for */
	assert_int_equal(stream->held.length, 5000);
	assert_int_equal(stream->blocks, 0);
	fixture_say(0, 5001, 1, fixture_text('x', 1), 0);
	assert_int_equal(stream->held.length, 5000);
	fixture_close();
}

/* RFC 9293 3.10.7.4, RFC 5961 5.2: an acknowledgement of what was never sent takes the segment with it. */
static void
impossible_acknowledgements(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 2, "abcd", 0);
	fixture_expect(1, 1, 1, "", 0);
	fixture_quiet();
	fixture_tick(SPLICE_CHALLENGE_MS);
	fixture_say(0, 1, (uint32_t)(0 - FIXTURE_ROOM - UINT16_MAX), "abcd", 0);
	fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(fixture.splice.stream[0].held.length, 0);
	/* An old one does not. */
	fixture_say(0, 1, 0, "abcd", 0);
	assert_int_equal(fixture.splice.stream[0].held.length, 4);
	/* Nor is a segment believed that is older than any that may be on its way. */
	fixture_tick(SPLICE_CHALLENGE_MS);
	fixture.segment.timestamps = true;
	fixture_say(0, (uint32_t)(0 - FIXTURE_ROOM - UINT16_MAX), 1, "abcd", 0);
	fixture_expect(1, 1, 1, "", 0);
	fixture_quiet();
	fixture_close();
}

/* More pieces on their way than there is room to remember: the next waits until some have arrived. */
static void
many_pieces(void **state)
{
	unsigned int pieces = 0;

	(void)state;
	fixture_open(0);
	while (splice_has_place(&fixture.splice, 0, 2)) {
		fixture_say(0, 1 + pieces, 1, "a", 0);
		fixture_release(0, 1, "AA");
		pieces++;
	}
	assert_int_equal(pieces, SPLICE_MARKS - 1);
	fixture_say(0, 1 + pieces, 1, "b", 0);
	fixture_say(0, 2 + pieces, 1, "", TCP_FIN);
	assert_false(splice_release(&fixture.splice, 0, 1, "BB", 2));
	assert_int_equal(fixture.splice.stream[0].held.length, 1);
	assert_false(splice_has_place(&fixture.splice, 0, 2));
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_quiet(); /* it is whole: its sender is not told ahead */
	fixture_say(1, 1, 3, "", 0);
	fixture_expect(1, 1, 2, "", 0);
	fixture_release(0, 1, "BB");
	fixture_expect(0, 1 + 2 * pieces, 1, "BB", 0);
	fixture_quiet(); /* the FIN has no place yet */
	fixture_say(1, 1, 5, "", 0);
	fixture_expect(1, 1, 3, "", 0);
	fixture_expect(0, 3 + 2 * pieces, 1, "", TCP_FIN);
	fixture_close();
}

/* The pool has no byte left: nothing is taken, and the sender repeats. */
static void
no_bytes_left(void **state)
{
	struct byte_queue all = {0};

	(void)state;
	fixture_open(0);
	fixture_say(0, 5, 1, "efgh", 0);
	while (byte_stock_has(&fixture.stock, 1))
		assert_true(byte_queue_append(&fixture.stock, &all,
			fixture_text('x', (unsigned int)byte_chunk_size()), 1900));
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(fixture.splice.stream[0].held.length, 0);
	assert_int_equal(fixture.splice.stream[0].blocks, 0); /* gave way */
	fixture_say(0, 9, 1, "ijkl", 0);
	assert_int_equal(fixture.splice.stream[0].blocks, 0);
	/* A quarter is for what is to go. */
	byte_queue_drop(&fixture.stock, &all, 1900 * (FIXTURE_CHUNKS / 4 - 1));
	fixture_say(0, 1, 1, "abcd", 0);
	assert_int_equal(fixture.splice.stream[0].held.length, 0);
	byte_queue_drop(&fixture.stock, &all, 1900 * 4);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_release(0, 4, "ABCDEF");
	fixture_expect(0, 1, 1, "ABCDEF", 0);
	/* Nor is a piece lost that finds no place now. */
	fixture_say(0, 5, 1, "efgh", 0);
	while (byte_stock_has(&fixture.stock, 1))
		assert_true(byte_queue_append(&fixture.stock, &all, fixture_text('x', 1900), 1900));
	assert_false(splice_release(&fixture.splice, 0, 4, fixture_text('E', 4000), 4000));
	assert_int_equal(fixture.splice.stream[0].held.length, 4);
	fixture_release(0, 4, "EFGHI");
	fixture_expect(0, 7, 1, "EFGHI", 0);
	byte_queue_drop(&fixture.stock, &all, UINT32_MAX);
	fixture_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urgent_pointer_in_what_stays),
		cmocka_unit_test(urgent_pointer_in_what_is_replaced),
		cmocka_unit_test(urgent_pointer_ahead),
		cmocka_unit_test(a_path_takes_less),
		cmocka_unit_test(the_way_out_takes_less_than_was_announced),
		cmocka_unit_test(small_segments),
		cmocka_unit_test(who_said_all_is_not_told_ahead),
		cmocka_unit_test(beyond_the_window),
		cmocka_unit_test(in_order_goes_before_out_of_order),
		cmocka_unit_test(impossible_acknowledgements),
		cmocka_unit_test(many_pieces),
		cmocka_unit_test(no_bytes_left),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
