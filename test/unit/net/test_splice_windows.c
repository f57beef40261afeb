/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows of a splice, and its end (RFC 9293 3.6, 3.8.6). */
#include "splice_fixture.h"

#include <string.h>

#include "core/rcu.h"
#include "eal_fixture.h"

/* RFC 9293 3.10.7.4 (SND.WL1): what was overtaken says nothing of the window. */
static void
an_old_window_says_nothing(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(1, 1, 1, "abcd", 0);
	fixture.window[1] = 0;
	fixture_say(1, 1, 1, "", 0);
	assert_int_equal(fixture.splice.stream[0].window, 0);
	fixture.window[1] = 500;
	fixture_say(1, 5, 1, "", 0);
	fixture.window[1] = 0;
	fixture_say(1, 1, 1, "abcd", 0);
	assert_int_equal(fixture.splice.stream[0].window, 500);
	/* But it shrinks if its receiver says so. */
	fixture.window[1] = 3;
	fixture_say(1, 5, 1, "", 0);
	fixture_expect(1, 1, 1, "", 0);
	fixture_say(0, 1, 1, "abcdef", 0);
	fixture_release(0, 6, NULL);
	fixture_expect(0, 1, 5, "abc", 0);
	fixture_quiet();
	fixture_close();
}

/* RFC 9293 3.8.6.2.1 */
static void
silly_windows(void **state)
{
	(void)state;
	fixture_open(0);
	fixture.window[1] = 1100;
	fixture_say(1, 1, 1, "", 0);
	fixture_say(0, 1, 1, fixture_text('a', 2000), 0);
	fixture_release(0, 2000, NULL);
	fixture_expect(0, 1, 1, fixture_text('a', 1000), 0); /* 100 more would be silly */
	fixture_quiet();
	fixture_say(1, 1, 1001, "", 0);
	fixture_expect(1, 1, 1001, "", 0);
	fixture_expect(0, 1001, 1, fixture_text('a', 1000), 0);
	fixture_quiet();
	/* With nothing on its way, there is nothing to wait for. */
	fixture.window[1] = 100;
	fixture_say(1, 1, 2001, "", 0);
	fixture_say(0, 2001, 1, fixture_text('b', 200), 0);
	fixture_release(0, 200, NULL);
	fixture_expect(0, 2001, 1, fixture_text('b', 100), 0);
	fixture_quiet();
	fixture_close();
}

/* Steps of 16 KiB do not close the window while there is any room. */
static void
window_scale_14(void **state)
{
	(void)state;
	fixture.window[0] = fixture.window[1] = 4;
	fixture_open(15);
	fixture.window[1] = 4;
	fixture_say(1, 1, 1, "", 0);
	assert_int_equal(fixture_expect(1, 1, 1, "", 0)->out.window, 2); /* room for 20,000 */
	fixture_say(0, 1, 1, fixture_text('a', 9000), 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	assert_int_equal(fixture_expect(1, 1, 9001, "", 0)->out.window, 1);
	fixture_say(0, 9001, 1, fixture_text('a', 11000), 0);
	fixture_say(0, 20001, 1, fixture_text('a', 1), 0);
	assert_int_equal(fixture.splice.stream[0].held.length, 20001);
	fixture_close();
}

static void
fin_with_data_pending(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", TCP_FIN);
	fixture_quiet();
	fixture_release(0, 4, "ABCDEF");
	fixture_expect(0, 1, 1, "ABCDEF", TCP_FIN);
	fixture_quiet();
	fixture_tick(SPLICE_AGAIN_MS + 1);
	fixture_say(0, 5, 1, "", TCP_FIN); /* both lost; only the FIN again */
	fixture_expect(0, 7, 1, "", TCP_FIN);
	fixture_quiet();
	fixture_say(1, 1, 8, "", 0);
	fixture_expect(1, 1, 6, "", 0);
	assert_false(splice_is_over(&fixture.splice));
	/* Half closed: the other goes on. */
	fixture_say(1, 1, 8, "long after", 0);
	fixture_release(1, 10, NULL);
	fixture_expect(1, 1, 6, "long after", 0);
	fixture_say(0, 6, 11, "", 0);
	fixture_expect(0, 8, 11, "", 0);
	fixture_say(1, 11, 8, "", TCP_FIN);
	fixture_expect(1, 11, 6, "", TCP_FIN);
	fixture_say(0, 6, 12, "", 0);
	fixture_expect(0, 8, 12, "", 0);
	assert_true(splice_is_over(&fixture.splice));
	/* TIME-WAIT: the last acknowledgement was lost. */
	fixture_say(1, 11, 8, "", TCP_FIN);
	fixture_expect(0, 8, 12, "", 0);
	fixture_quiet();
	assert_false(splice_is_done(&fixture.splice, fixture.splice.now_ms + SPLICE_LINGER_MS - 1));
	assert_true(splice_is_done(&fixture.splice, fixture.splice.now_ms + SPLICE_LINGER_MS));
	fixture_close();
}

static void
simultaneous_close(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "", TCP_FIN);
	fixture_expect(0, 1, 1, "", TCP_FIN);
	fixture_say(1, 1, 1, "", TCP_FIN);
	fixture_expect(1, 1, 1, "", TCP_FIN);
	fixture_say(0, 2, 2, "", 0);
	fixture_expect(0, 2, 2, "", 0);
	fixture_say(1, 2, 2, "", 0);
	fixture_expect(1, 2, 2, "", 0);
	assert_true(splice_is_over(&fixture.splice));
	fixture_close();
}

/* A stream has one end, behind all of its bytes. */
static void
nonsense_around_a_fin(void **state)
{
	const struct splice_stream *stream = &fixture.splice.stream[0];

	(void)state;
	fixture_open(0);
	fixture_say(0, 9, 1, "ijkl", 0);
	fixture_say(0, 5, 1, "", TCP_FIN); /* before what came */
	assert_false(stream->fin_known);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_say(0, 1, 1, "a", TCP_FIN);
	assert_false(stream->fin_known);
	fixture_say(0, 13, 1, "", TCP_FIN);
	assert_true(stream->fin_known);
	fixture_say(0, 20, 1, "", TCP_FIN); /* the first counts */
	fixture_say(0, 11, 1, "klmnop", 0); /* and nothing behind it */
	assert_int_equal(stream->blocks, 1);
	fixture_say(0, 5, 1, "efgh", 0);
	assert_int_equal(stream->held.length, 12);
	assert_true(stream->fin_taken);
	fixture_say(0, 14, 1, "more", 0);
	assert_int_equal(stream->held.length, 12);
	fixture_close();
}

/* RFC 3168: the receiver's ECE in all it says, the sender's CWR with its next new bytes. */
static void
congestion_is_echoed(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_release(0, 4, NULL);
	fixture_say(1, 1, 5, "", TCP_ECE);
	fixture_expect(1, 1, 5, "", TCP_ECE);
	fixture_say(0, 5, 1, "efgh", TCP_CWR);
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_expect(1, 1, 9, "", TCP_ECE);
	fixture_release(0, 4, NULL);
	fixture_expect(0, 5, 1, "efgh", TCP_CWR);
	fixture_say(0, 9, 1, "ijkl", 0);
	fixture_release(0, 4, NULL);
	fixture_expect(0, 9, 1, "ijkl", 0);
	fixture_close();
}

/* The sender may have no more window, however long the piece lacks its end. */
static void
a_piece_longer_than_the_window(void **state)
{
	(void)state;
	fixture_open(0);
	for (unsigned int i = 0; i < 9; i++) {
		fixture_say(0, 1 + 1000 * i, 1, fixture_text('a', 1000), 0);
		fixture_quiet();
	}
	fixture_say(0, 9001, 1, fixture_text('a', 1000), 0);
	assert_int_equal(fixture_expect(1, 1, 10001, "", 0)->out.window, FIXTURE_ROOM - 10000);
	fixture_quiet();
	fixture_close();
}

/* RFC 9293 3.8.6.1: as long as it answers, it may keep its window closed. */
static void
a_window_closed_for_hours(void **state)
{
	(void)state;
	fixture.segment.timestamps = true;
	fixture_open(0);
	fixture.window[1] = 0;
	fixture_say(1, 1, 1, "", 0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_release(0, 4, "ABCDEF");
	for (unsigned int i = 0; i < 50; i++) {
		assert_true(fixture_tick((SPLICE_REPEAT_MS << SPLICE_REPEATS) + 1));
		fixture_expect(0, 0, 1, "", 0);
		fixture_say(1, 1, 1, "", 0);
	}
	fixture.window[1] = 100;
	fixture_say(1, 1, 1, "", 0);
	fixture_expect(0, 1, 1, "ABCDEF", 0);
	fixture_close();
}

static void
a_closed_window_is_asked_through(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture.window[1] = 0;
	fixture_say(1, 1, 7, "", 0);
	assert_int_equal(fixture_expect(1, 1, 5, "", 0)->out.window, 0);
	fixture_say(0, 4, 1, "", 0); /* a probe of no byte */
	fixture_expect(0, 6, 1, "", 0);
	fixture_quiet();
	fixture_say(1, 1, 7, "", 0);
	fixture_expect(1, 1, 5, "", 0); /* its answer */
	fixture_quiet();
	/* Of one byte, which the sender was let send before. */
	fixture_say(0, 5, 1, "x", 0);
	fixture_release(0, 1, NULL);
	fixture_quiet();
	/* Again and again, of none and of the same. */
	fixture_say(0, 4, 1, "", 0);
	fixture_expect(0, 6, 1, "", 0);
	fixture_say(0, 5, 1, "x", 0);
	fixture_expect(0, 6, 1, "", 0);
	/* It opens: at once. */
	fixture.window[1] = 50;
	fixture_say(1, 1, 7, "", 0);
	fixture_expect(1, 1, 5, "", 0);
	fixture_expect(0, 7, 1, "x", 0);
	fixture_quiet();
	fixture_close();
}

/* RFC 9293 3.8.6.1: nothing is on its way, and that the window has opened was lost. */
static void
a_probe_of_a_new_byte_is_passed_on(void **state)
{
	(void)state;
	fixture_open(0);
	for (unsigned int i = 0; i < 10; i++) {
		fixture_say(0, 1 + 1000 * i, 1, fixture_text('a', 1000), 0);
		fixture_release(0, 1000, NULL);
	}
	fixture.window[1] = 0;
	fixture_say(1, 1, 10001, "", 0);
	assert_int_equal(fixture_expect(1, 1, 10001, "", 0)->out.window, 0);
	for (unsigned int i = 0; i < 2; i++) {
		fixture_say(0, 10001, 1, "x", 0);
		fixture_expect(0, 10000, 1, "", 0);
		fixture_expect(1, 1, 10001, "", 0);
		fixture_quiet();
	}
	fixture.window[1] = 500;
	fixture_say(1, 1, 10001, "", 0);
	assert_int_equal(fixture_expect(1, 1, 10001, "", 0)->out.window, 500);
	fixture_quiet();
	/* What is more than an open window takes is no question. */
	fixture_say(0, 10001, 1, fixture_text('b', 501), 0);
	fixture_expect(1, 1, 10501, "", 0);
	fixture_quiet();
	fixture_release(0, 500, NULL);
	fixture_expect(0, 10001, 1, fixture_text('b', 500), 0);
	fixture_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_of_a_new_byte_is_passed_on),
		cmocka_unit_test(a_closed_window_is_asked_through),
		cmocka_unit_test(a_window_closed_for_hours),
		cmocka_unit_test(a_piece_longer_than_the_window),
		cmocka_unit_test(an_old_window_says_nothing),
		cmocka_unit_test(silly_windows),
		cmocka_unit_test(window_scale_14),
		cmocka_unit_test(fin_with_data_pending),
		cmocka_unit_test(simultaneous_close),
		cmocka_unit_test(nonsense_around_a_fin),
		cmocka_unit_test(congestion_is_echoed),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
