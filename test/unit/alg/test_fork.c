/* SPDX-License-Identifier: BSD-3-Clause */
/* Forks of one INVITE: each with its own answer, bounded, and closed 64*T1 after the first 2xx. */
#include <stdio.h>
#include <string.h>

#include "alg_between.h"

static const char *
far_of(unsigned int fork, const char *more)
{
	char address[32];

	snprintf(address, sizeof(address), "198.51.100.%u", 20 + fork);
	return sdp_audio(address, 7000, more);
}

static const char *
tag_of(unsigned int fork)
{
	static char text[4][16];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]), ";tag=f%u", fork);
	return out;
}

static void
rings(unsigned int fork)
{
	in_response("180 Ringing", 1, "INVITE", tag_of(fork), NULL);
}

static void
early(unsigned int fork)
{
	in_response("183 Progress", 1, "INVITE", tag_of(fork), far_of(fork, ""));
}

static void
answers(unsigned int fork)
{
	in_response("200 OK", 1, "INVITE", tag_of(fork), far_of(fork, ""));
}

static void
hang_up(unsigned int fork)
{
	out_request("BYE", 90, tag_of(fork), NULL);
	in_response("200 OK", 90, "BYE", tag_of(fork), NULL);
}

static bool
reaches(unsigned int fork)
{
	char to[32];

	snprintf(to, sizeof(to), "198.51.100.%u:7000", 20 + fork);
	return media_passes("10.0.0.7:4000", to);
}

static unsigned int
dialogs(void)
{
	char text[16384];
	unsigned int count = 0;

	if (alg_call_describe(
		    alg_worker_of(fx.alg, 0), fx.worker.now_s, "m", 1, text, sizeof(text)) < 0)
		return 0;
	for (const char *at = text; (at = strstr(at, "dialog ")); at++)
		count++;
	return count;
}

static void
losers_close_64_t1_after_the_2xx_and_not_before(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	early(2);
	rings(3);
	answers(2);
	out_request("ACK", 1, tag_of(2), NULL);
	fixture_time(31);
	assert_media(6, 2);
	assert_true(reaches(1));
	assert_int_equal(dialogs(), 3);
	fixture_time(2);
	assert_media(4, 2);
	assert_false(reaches(1));
	assert_true(reaches(2));
	assert_int_equal(dialogs(), 1);
	assert_int_equal(alg_call_count(fx.alg), 1);
	hang_up(2);
	assert_nothing_left();
}

static void
ack_unseen_still_closes_losers(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	answers(2);
	fixture_time(33);
	assert_media(4, 2);
	assert_int_equal(dialogs(), 1);
	hang_up(2);
	assert_nothing_left();
}

static void
late_2xx_of_a_fork_has_media(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	rings(1);
	rings(2);
	answers(2);
	out_request("ACK", 1, tag_of(2), NULL);
	/* media of the first moves on, and the offer of the INVITE stands for the other */
	out_request("INVITE", 2, tag_of(2), NEAR(4100));
	in_response("200 OK", 2, "INVITE", tag_of(2), far_of(2, ""));
	fixture_time(20);
	answers(1);
	assert_media(8, 4);
	assert_true(reaches(1));
	assert_true(media_passes("198.51.100.21:7000", "10.0.0.7:4000"));
	assert_true(media_passes("198.51.100.22:7000", "10.0.0.7:4100"));
	fixture_time(20);
	assert_media(8, 4);
	hang_up(1);
	assert_media(4, 2);
	hang_up(2);
	assert_nothing_left();
}

static void
late_180_after_the_window_makes_no_dialog(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	answers(1);
	rings(2);
	assert_int_equal(dialogs(), 2);
	fixture_time(33);
	assert_int_equal(dialogs(), 1);
	rings(3);
	early(4);
	assert_int_equal(dialogs(), 1);
	assert_media(4, 2);
	hang_up(1);
	assert_nothing_left();
}

static void
forks_close_while_the_call_is_closing(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	answers(2);
	fixture_time(20);
	out_request("BYE", 90, tag_of(2), NULL);
	fixture_time(13); /* the forks' end is not the BYE's */
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(dialogs(), 1);
	in_response("200 OK", 90, "BYE", tag_of(2), NULL);
	assert_nothing_left();
}

static void
status_199_ends_its_fork(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	early(2);
	in_response("199 Gone", 1, "INVITE", tag_of(1), NULL);
	assert_media(4, 2);
	assert_false(reaches(1));
	in_response("199 Gone", 1, "INVITE", tag_of(7), NULL);
	assert_int_equal(dialogs(), 2); /* one of them is known to have ended */
	out_request("UPDATE", 2, tag_of(1), NEAR(4100)); /* it crossed the 199 */
	assert_media(4, 2);
	answers(2);
	hang_up(2);
	assert_nothing_left();
}

static void
twentieth_fork_that_answers_has_media(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	for (unsigned int fork = 1; fork < 20; fork++)
		rings(fork);
	answers(20);
	out_request("ACK", 1, tag_of(20), NULL);
	assert_media(4, 2);
	assert_true(reaches(20));
	assert_true(media_passes("198.51.100.40:7000", "10.0.0.7:4000"));
	hang_up(20);
	assert_nothing_left();
}

static void
thirty_ringing_forks_stay_bounded(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	for (int round = 0; round < 2; round++) {
		for (unsigned int fork = 2; fork <= 30; fork++)
			rings(fork);
	}
	assert_int_equal(dialogs(), 16);
	assert_true(reaches(1)); /* who rings only, takes nobody's place */
	for (unsigned int fork = 2; fork <= 30; fork++)
		early(fork);
	assert_int_equal(dialogs(), 16);
	assert_media(2 + 2 * 16, 2);
	assert_true(reaches(30));
	/* a fork that gave its place is there again with its answer */
	answers(1);
	assert_true(reaches(1));
	assert_int_equal(dialogs(), 16);
	fixture_time(33);
	assert_int_equal(dialogs(), 1);
	hang_up(1);
	assert_nothing_left();
}

static void
second_answering_fork_keeps_what_the_first_refused(void **state)
{
	const char *video = "a=rtcp-mux" CRLF "m=video 4004 RTP/AVP 31" CRLF;

	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, video));
	rings(1);
	rings(2);
	in_response("200 OK", 1, "INVITE", tag_of(1),
		far_of(1, "a=rtcp-mux" CRLF "m=video 0 RTP/AVP 31" CRLF));
	out_request("ACK", 1, tag_of(1), NULL);
	in_response("200 OK", 1, "INVITE", tag_of(2), far_of(2, "m=video 7004 RTP/AVP 31" CRLF));
	out_request("ACK", 1, tag_of(2), NULL);
	assert_true(media_passes("198.51.100.22:7001", "10.0.0.7:4001"));
	assert_true(media_passes("198.51.100.22:7004", "10.0.0.7:4004"));
	fixture_time(33);
	assert_true(media_passes("198.51.100.22:7004", "10.0.0.7:4004"));
	/* the first one alone has no use for them */
	hang_up(2);
	assert_media(2, 1);
	assert_false(media_passes("198.51.100.22:7001", "10.0.0.7:4001"));
	hang_up(1);
	assert_nothing_left();
}

static void
forks_that_lost_free_what_the_winner_refused(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, "a=rtcp-mux" CRLF));
	rings(1);
	rings(2);
	in_response("200 OK", 1, "INVITE", tag_of(1), far_of(1, "a=rtcp-mux" CRLF));
	assert_media(3, 2);
	fixture_time(33);
	assert_media(2, 1);
	hang_up(1);
	assert_nothing_left();
}

static void
settled_set_is_joined_by_a_repeated_invite(void **state)
{
	const char *offer = sdp_audio("10.0.0.7", 4000, "m=video 4004 RTP/AVP 31" CRLF);

	out_request("INVITE", 1, "", offer);
	in_response("200 OK", 1, "INVITE", tag_of(1), far_of(1, "m=video 0 RTP/AVP 31" CRLF));
	assert_media(4, 2);
	out_request("INVITE", 1, "", offer);
	assert_media(4, 2);
	fixture_time(33);
	assert_media(4, 2);
	hang_up(1);
	assert_nothing_left();
}

/* The network repeats a 200 of a dialog that has ended, while another goes on. */
static void
late_200_of_an_ended_dialog_does_not_keep_the_call(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	answers(1);
	answers(2);
	hang_up(1);
	answers(1);
	assert_media(4, 2);
	assert_false(reaches(1));
	out_request("BYE", 90, tag_of(1), NULL);
	in_response("200 OK", 90, "BYE", tag_of(1), NULL);
	assert_int_equal(alg_call_count(fx.alg), 1);
	hang_up(2);
	assert_nothing_left();
}

static void
ended_dialogs_make_room(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	answers(1);
	for (unsigned int fork = 2; fork <= 40; fork++) {
		answers(fork);
		assert_true(reaches(fork));
		hang_up(fork);
	}
	assert_int_equal(dialogs(), 16);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_media(4, 2);
	hang_up(1);
	assert_nothing_left();
}

/* A fork whose BYE came by before its 2xx has ended; the others may answer yet, and leave yet. */
static void
fork_that_leaves_early_leaves_the_others(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	early(2);
	rings(3);
	hang_up(3);
	answers(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	hang_up(1);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_true(reaches(2));
	answers(2);
	fixture_time(100);
	assert_true(reaches(2));
	hang_up(2);
	assert_nothing_left();
}

static void
each_bye_has_its_own_time(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	early(1);
	answers(2);
	out_request("ACK", 1, tag_of(2), NULL);
	out_request("BYE", 2, tag_of(2), NULL);
	fixture_time(20);
	out_request("BYE", 2, tag_of(1), NULL);
	answers(1);
	fixture_time(20); /* the first one's time is over */
	assert_true(reaches(1));
	assert_false(reaches(2));
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(20);
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(losers_close_64_t1_after_the_2xx_and_not_before),
		TEST(ack_unseen_still_closes_losers),
		TEST(late_2xx_of_a_fork_has_media),
		TEST(late_180_after_the_window_makes_no_dialog),
		TEST(forks_close_while_the_call_is_closing),
		TEST(status_199_ends_its_fork),
		TEST(twentieth_fork_that_answers_has_media),
		TEST(thirty_ringing_forks_stay_bounded),
		TEST(second_answering_fork_keeps_what_the_first_refused),
		TEST(forks_that_lost_free_what_the_winner_refused),
		TEST(late_200_of_an_ended_dialog_does_not_keep_the_call),
		TEST(ended_dialogs_make_room),
		TEST(settled_set_is_joined_by_a_repeated_invite),
		TEST(fork_that_leaves_early_leaves_the_others),
		TEST(each_bye_has_its_own_time),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
