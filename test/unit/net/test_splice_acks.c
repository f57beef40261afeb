/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is told what, when: acknowledgements, repetitions, windows and probes (RFC 9293, 5681, 2018, 7323). */
#include "splice_fixture.h"

#include <string.h>

#include "core/rcu.h"
#include "eal_fixture.h"

/* RFC 5681 4.2: at once, one by one; RFC 2018: with what came. */
static void
late_segments_are_answered_one_by_one(void **state)
{
	const struct fixture_sent *sent;

	(void)state;
	fixture.segment.sack_permitted = true;
	fixture_open(0);
	fixture_say(0, 5, 1, "efgh", 0);
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.sacks, 1);
	assert_int_equal(sent->out.sack[0].left, 5);
	assert_int_equal(sent->out.sack[0].right, 9);
	fixture_quiet();
	fixture_say(0, 13, 1, "mnop", 0);
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.sacks, 2);
	assert_int_equal(sent->out.sack[0].left, 13); /* the newest first */
	fixture_say(0, 7, 1, "ghijklmn", 0); /* fills what is between, and is partly known */
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.sacks, 1);
	assert_int_equal(sent->out.sack[0].left, 5);
	assert_int_equal(sent->out.sack[0].right, 17);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_quiet(); /* the hole is filled; the receiver will answer */
	fixture_release(0, 16, NULL);
	fixture_expect(0, 1, 1, "abcdefghijklmnop", 0);
	fixture_quiet();
	fixture_close();
}

static void
blocks_are_named_to_who_understands_them(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 5, 1, "efgh", 0);
	assert_int_equal(fixture_expect(1, 1, 1, "", 0)->out.sacks, 0);
	fixture_close();
}

/* The piece lacks its end because what it is in was lost: the sender must know how far it came. */
static void
a_hole_behind_a_piece(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "ab", 0);
	fixture_say(0, 5, 1, "ef", 0);
	fixture_quiet();
	fixture_say(0, 7, 1, "gh", 0);
	fixture_quiet();
	fixture_say(0, 9, 1, "ij", 0);
	for (unsigned int i = 0; i < 4; i++)
		fixture_expect(1, 1, 3, "", 0);
	fixture_quiet();
	fixture_close();
}

/* The sender counts them: same acknowledgement, same window, no data. */
static void
duplicate_acknowledgements_pass_one_by_one(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture_say(1, 1, 7, "", 0);
	fixture_expect(1, 1, 5, "", 0);
	fixture_say(0, 5, 1, "xy", 0);
	fixture_release(0, 2, NULL);
	for (unsigned int i = 0; i < 4; i++) {
		fixture_say(1, 1, 7, "", 0);
		assert_int_equal(fixture_expect(1, 1, 5, "", 0)->out.window, FIXTURE_WINDOW);
		fixture_quiet();
	}
	/* Not those that are older than the last that spoke of the window. */
	fixture_say(1, 1, 7, "z", 0);
	fixture_say(1, 1, 7, "", 0);
	fixture_expect(1, 1, 5, "", 0);
	fixture_close();
}

/* Of what it was told to be there, the sender must not hear that it is missing. */
static void
who_was_told_ahead_hears_of_no_loss(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_tick(SPLICE_WAIT_MS);
	fixture_quiet();
	fixture_tick(1);
	fixture_expect(1, 1, 5, "", 0);
	fixture_tick(SPLICE_WAIT_MS); /* once */
	fixture_quiet();
	fixture_say(0, 5, 1, "ef", 0);
	fixture_expect(1, 1, 7, "", 0); /* what else comes of the piece, at once */
	fixture_release(0, 6, "ABCDEFGH");
	fixture_expect(0, 1, 1, "ABCDEFGH", 0);
	fixture_say(1, 1, 1, "", 0);
	fixture_say(1, 1, 1, "", 0);
	fixture_quiet();
	fixture_say(1, 1, 1, "", 0);
	fixture_expect(0, 1, 1, "ABCDEFGH", 0);
	fixture_quiet();
	fixture_say(1, 1, 9, "", 0);
	fixture_quiet(); /* the sender knows */
	fixture_close();
}

/* It repeats what lacks its end: that has come. Not so when it repeats what its receiver will answer for. */
static void
who_repeats_a_part_is_told(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture_say(0, 5, 1, "half", 0);
	fixture_tick(SPLICE_AGAIN_MS + 1);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_expect(0, 1, 1, "ABCDEF", 0);
	fixture_quiet();
	fixture_say(0, 5, 1, "half", 0);
	fixture_expect(1, 1, 9, "", 0);
	fixture_quiet();
	fixture_close();
}

/* What the sender was not told ahead of is its own to repeat. */
static void
the_sender_repeats(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, fixture_text('a', 1500), 0);
	fixture_release(0, 1500, NULL);
	fixture_say(1, 1, 1001, "", 0);
	fixture_expect(1, 1, 1001, "", 0);
	assert_false(splice_waits(&fixture.splice));
	for (unsigned int i = 0; i < 4; i++) {
		fixture_say(1, 1, 1001, "", 0);
		fixture_expect(1, 1, 1001, "", 0);
		fixture_quiet();
	}
	fixture_close();
}

/* What it was told to be there is repeated from here: 300 ms, then twice as long each time, then the end. */
static void
repeated_from_here(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, fixture_text('a', 1500), 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_release(0, 1500, NULL);
	assert_int_equal(fixture.count, 2);
	assert_true(splice_waits(&fixture.splice));
	for (unsigned int i = 0; i < SPLICE_REPEATS; i++) {
		assert_true(fixture_tick((SPLICE_REPEAT_MS << i) - 1));
		fixture_quiet();
		assert_true(fixture_tick(2));
		fixture_expect(0, 1, 1, fixture_text('a', 1000), 0);
		fixture_quiet();
	}
	assert_false(fixture_tick((SPLICE_REPEAT_MS << SPLICE_REPEATS) + 1));
	/* Had the receiver got the first, the second goes at once (RFC 6582). */
	fixture_say(1, 1, 1001, "", 0);
	fixture_expect(0, 1001, 1, fixture_text('a', 500), 0);
	fixture_quiet();
	fixture_say(1, 1, 1501, "", 0);
	assert_false(splice_waits(&fixture.splice));
	fixture_close();
}

static void
keepalives_reach_the_other_end(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture_say(1, 1, 7, "", 0);
	fixture_say(0, 4, 1, "", 0);
	fixture_expect(0, 6, 1, "", 0);
	fixture_quiet();
	fixture_say(0, 4, 1, "?", 0); /* a byte that means nothing */
	fixture_expect(0, 6, 1, "", 0);
	fixture_quiet();
	fixture_say(1, 1, 7, "", 0);
	fixture_expect(1, 1, 5, "", 0);
	fixture_say(1, 0, 7, "?", 0); /* and of the other end */
	fixture_expect(1, 0, 5, "", 0);
	fixture_quiet();
	assert_int_equal(fixture.splice.stream[0].held.length, 0);
	fixture_close();
}

/* RFC 2018: of the receiver's blocks, whole pieces; RFC 2883: nothing below the acknowledgement. */
static void
blocks_of_the_receiver(void **state)
{
	const struct fixture_sent *sent;

	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture_say(0, 5, 1, "efgh", 0);
	fixture_release(0, 4, "E"); /* 7 */
	fixture_say(0, 9, 1, "ijkl", 0);
	fixture_release(0, 4, NULL); /* 8 to 12 */
	fixture_say(0, 13, 1, "mnop", 0);
	fixture_release(0, 4, "MNOPQ"); /* 12 to 17 */
	fixture.segment.sacks = 1;
	fixture.segment.sack[0].left = 7;
	fixture.segment.sack[0].right = 15; /* the last in part */
	fixture_say(1, 1, 1, "", 0);
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.sacks, 1);
	assert_int_equal(sent->out.sack[0].left, 5);
	assert_int_equal(sent->out.sack[0].right, 13);
	fixture.segment.sack[0].left = 10;
	fixture.segment.sack[0].right = 17;
	fixture_say(1, 1, 1, "", 0);
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.sack[0].left, 11);
	assert_int_equal(sent->out.sack[0].right, 17);
	fixture.segment.sack[0].left = 8;
	fixture.segment.sack[0].right = 10; /* part of what stayed as it was */
	fixture_say(1, 1, 1, "", 0);
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.sack[0].left, 9);
	assert_int_equal(sent->out.sack[0].right, 11);
	fixture.segment.sack[0].right = 17;
	fixture.segment.sack[0].left = 13; /* part of one alone */
	fixture_say(1, 1, 1, "", 0);
	assert_int_equal(fixture_expect(1, 1, 1, "", 0)->out.sacks, 0);
	fixture.segment.sack[0].left = 1; /* got twice */
	fixture.segment.sack[0].right = 7;
	fixture_say(1, 1, 7, "", 0);
	sent = fixture_expect(1, 1, 5, "", 0);
	assert_int_equal(sent->out.sacks, 0);
	fixture_close();
}

/* RFC 7323: never older than what the receiver saw; the echo is of what is acknowledged. */
static void
timestamps_of_what_is_made_here(void **state)
{
	const struct fixture_sent *sent;

	(void)state;
	fixture.segment.timestamps = true;
	fixture.segment.timestamp = 100;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture.segment.timestamp = 120;
	fixture_say(0, 9, 1, "ijkl", 0); /* out of order */
	fixture.segment.timestamp = 110;
	fixture_release(0, 4, "ABCDEF");
	sent = fixture_expect(0, 1, 1, "ABCDEF", 0);
	assert_int_equal(sent->out.timestamp, 120);
	fixture.segment.timestamp = 500;
	fixture.segment.echo = 120;
	fixture_say(1, 1, 7, "", 0);
	sent = fixture_expect(1, 1, 5, "", 0);
	assert_int_equal(sent->out.timestamp, 500);
	assert_int_equal(sent->out.echo, 120);
	fixture.segment.echo = 130; /* of what was never sent */
	fixture_say(1, 1, 7, "", 0);
	assert_int_equal(fixture_expect(1, 1, 5, "", 0)->out.echo, 120);
	fixture.segment.timestamp = 140;
	fixture.segment.echo = 500;
	fixture_say(0, 5, 1, "ef", 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	sent = fixture_expect(1, 1, 7, "", 0);
	assert_int_equal(sent->out.echo, 140);
	assert_int_equal(sent->out.timestamp, 500);
	fixture_close();
}

/* One repetition of a piece, though all its segments are repeated. */
static void
segments_of_a_piece_are_repeated_once(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_say(0, 5, 1, "efgh", 0);
	fixture_release(0, 8, "ABCDEFGHIJ");
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_expect(0, 1, 1, "ABCDEFGHIJ", 0);
	fixture_quiet();
	fixture_say(0, 5, 1, "efgh", 0);
	fixture_quiet();
	fixture_tick(SPLICE_AGAIN_MS);
	fixture_say(0, 5, 1, "efgh", 0); /* the last alone, as a probe of the tail */
	fixture_expect(0, 1, 1, "ABCDEFGHIJ", 0);
	fixture_close();
}

static void
repetitions_carry_acknowledgements(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture_say(1, 1, 1, "zz", 0);
	fixture_release(1, 2, NULL);
	fixture_expect(1, 1, 1, "zz", 0);
	fixture_tick(SPLICE_AGAIN_MS);
	fixture_say(0, 1, 3, "abcd", 0);
	fixture_expect(0, 1, 3, "ABCDEF", 0);
	fixture_quiet();
	fixture_close();
}

/* Of what stayed as it was, only those bytes that were repeated. */
static void
bytes_are_repeated_one_by_one(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_grow();
	fixture_say(0, 5, 1, "abcdefgh", 0);
	fixture_release(0, 8, NULL);
	fixture_say(0, 13, 1, "ijklmnop", 0);
	fixture_release(0, 8, NULL);
	fixture_say(0, 8, 1, "defgh", 0);
	fixture_expect(0, 10, 1, "defgh", 0);
	fixture_quiet();
	fixture_tick(SPLICE_AGAIN_MS + 1);
	fixture_say(0, 9, 1, "efghijkl", 0);
	fixture_expect(0, 11, 1, "efghijkl", 0);
	fixture_quiet();
	fixture_tick(SPLICE_AGAIN_MS + 1);
	fixture_say(0, 4, 1, "dab", 0); /* with what became longer: all of that */
	fixture_expect(0, 1, 1, "ABCDEFab", 0);
	fixture_quiet();
	fixture_close();
}

/* An answer to a question, when nothing is on its way, is no reason to wait longer, or less. */
static void
answers_leave_the_clock(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(1, 1, 1, "", 0);
	fixture_say(1, 1, 1, "", 0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_release(0, 4, NULL);
	fixture_tick(SPLICE_REPEAT_MS);
	fixture_quiet();
	fixture_tick(1);
	fixture_expect(0, 1, 1, "abcd", 0);
	fixture_close();
}

/* What arrives shows that the path is there: the next repetition is a first one. */
static void
progress_ends_the_waiting(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, fixture_text('a', 1500), 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	fixture_release(0, 1500, NULL);
	fixture_tick(SPLICE_REPEAT_MS + 1);
	fixture_expect(0, 1, 1, fixture_text('a', 1000), 0);
	fixture_say(1, 1, 1001, "", 0);
	fixture_tick(SPLICE_REPEAT_MS + 1);
	fixture_expect(0, 1001, 1, fixture_text('a', 500), 0);
	fixture_quiet();
	fixture_close();
}

/* A message that is dropped: its receiver will not say that it has it. */
static void
what_became_nothing_is_acknowledged(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_release(0, 4, "");
	fixture_expect(1, 1, 5, "", 0);
	fixture_quiet();
	/* Not before what comes before it. */
	fixture_say(0, 5, 1, "efgh", 0);
	fixture_release(0, 4, NULL);
	fixture_say(0, 9, 1, "ijkl", 0);
	fixture_release(0, 4, "");
	fixture_quiet();
	fixture_say(1, 1, 5, "", 0);
	fixture_expect(1, 1, 13, "", 0);
	fixture_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_segments_are_answered_one_by_one),
		cmocka_unit_test(blocks_are_named_to_who_understands_them),
		cmocka_unit_test(a_hole_behind_a_piece),
		cmocka_unit_test(duplicate_acknowledgements_pass_one_by_one),
		cmocka_unit_test(who_was_told_ahead_hears_of_no_loss),
		cmocka_unit_test(who_repeats_a_part_is_told),
		cmocka_unit_test(the_sender_repeats),
		cmocka_unit_test(repeated_from_here),
		cmocka_unit_test(keepalives_reach_the_other_end),
		cmocka_unit_test(blocks_of_the_receiver),
		cmocka_unit_test(timestamps_of_what_is_made_here),
		cmocka_unit_test(segments_of_a_piece_are_repeated_once),
		cmocka_unit_test(repetitions_carry_acknowledgements),
		cmocka_unit_test(bytes_are_repeated_one_by_one),
		cmocka_unit_test(answers_leave_the_clock),
		cmocka_unit_test(progress_ends_the_waiting),
		cmocka_unit_test(what_became_nothing_is_acknowledged),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
