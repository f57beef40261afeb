/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages that cross, come late or come twice, in calls with one dialog and with several. */
#include "alg_between.h"

#define VIDEO(port)  "m=video " #port " RTP/AVP 31" CRLF
#define MUX          "a=rtcp-mux" CRLF
#define NEAR_2(more) sdp_audio("10.0.0.7", 4000, more)
#define FAR_2(more)  sdp_audio("198.51.100.20", 7000, more)

static void
hang_up(const char *tag)
{
	out_request("BYE", 90, tag, NULL);
	in_response("200 OK", 90, "BYE", tag, NULL);
}

/* A stream that a reliable 183 refused is in an UPDATE when the INVITE's 200 comes. */
static void
refused_and_offered_again(void)
{
	out_request("INVITE", 1, "", NEAR_2(VIDEO(4004)));
	next_header("RSeq: 1");
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR_2(VIDEO(0)));
	next_header("RAck: 1 1 INVITE");
	out_request("PRACK", 2, ";tag=b", NULL);
	in_response("200 OK", 2, "PRACK", ";tag=b", NULL);
	out_request("UPDATE", 3, ";tag=b", NEAR_2(VIDEO(4004)));
	in_response("200 OK", 1, "INVITE", ";tag=b", NULL);
}

static void
stream_that_is_offered_again_stays_when_the_200_comes(void **state)
{
	refused_and_offered_again();
	assert_true(open_inside(4004));
	in_response("200 OK", 3, "UPDATE", ";tag=b", FAR_2(VIDEO(7004)));
	out_request("ACK", 1, ";tag=b", NULL);
	assert_media(8, 4);
	call_down();
}

static void
refused_again_it_closes(void **state)
{
	refused_and_offered_again();
	in_response("488 No", 3, "UPDATE", ";tag=b", NULL);
	assert_between(4000, 7000);
	assert_false(open_inside(4004));
	call_down();
}

static void
late_1xx_of_a_refused_reinvite_opens_nothing(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NULL);
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	next_header("RSeq: 1");
	in_response("183 Progress", 2, "INVITE", ";tag=b", FAR(7100));
	assert_between(4000, 7000);
	call_down();
}

static void
repeated_offer_opens_and_closes_nothing(void **state)
{
	out_request("INVITE", 1, "", NEAR_2(MUX));
	in_request("UPDATE", 1, ";tag=b", FAR_2(MUX)); /* it overtook the 200 */
	assert_media(4, 2);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR_2(MUX));
	assert_media(3, 1);
	in_request("UPDATE", 1, ";tag=b", FAR_2(MUX));
	assert_media(3, 1);
	call_down();
}

static void
fork_first_heard_of_after_media_has_moved_opens_its_own_side(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 1, ";tag=b", NULL);
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	assert_between(4100, 7000);
	in_response("200 OK", 1, "INVITE", ";tag=c", FAR(7200));
	assert_media(6, 2);
	/* an answer, and no offer that the UPDATE takes the place of */
	in_request("UPDATE", 1, ";tag=c", FAR(7300));
	assert_true(open_outside(7200));
	out_response("488 No", 1, "UPDATE", ";tag=c", NULL);
	assert_media(6, 2);
	hang_up(";tag=c");
	assert_between(4100, 7000);
	call_down();
}

static void
what_every_fork_refuses_closes(void **state)
{
	out_request("INVITE", 1, "", NEAR_2(MUX VIDEO(4004)));
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR_2(MUX VIDEO(0)));
	in_response(
		"200 OK", 1, "INVITE", ";tag=c", sdp_audio("198.51.100.20", 7200, MUX VIDEO(0)));
	assert_true(open_inside(4004));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR_2(MUX VIDEO(0)));
	assert_media(3, 1);
	hang_up(";tag=c");
	call_down();
}

static void
fork_that_answers_outlives_the_bye_of_another(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("180 Ringing", 1, "INVITE", ";tag=c", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("BYE", 2, ";tag=b", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=c", FAR(7200));
	in_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_between(4000, 7200);
	fixture_time(40);
	assert_between(4000, 7200);
	assert_int_equal(alg_call_count(fx.alg), 1);
	hang_up(";tag=c");
	assert_nothing_left();
}

static void
unanswered_bye_ends_its_dialog_alone(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	in_response("200 OK", 1, "INVITE", ";tag=c", FAR(7200));
	out_request("BYE", 2, ";tag=b", NULL);
	fixture_time(31);
	assert_media(6, 2);
	fixture_time(2);
	assert_between(4000, 7200);
	/* and the last one's ends the call */
	out_request("BYE", 2, ";tag=c", NULL);
	fixture_time(33);
	assert_nothing_left();
}

static void
call_of_a_dialog_that_had_left_ends_with_the_forks(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	hang_up(";tag=b");
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	assert_media(0, 0);
	assert_int_equal(alg_call_count(fx.alg), 1); /* another fork may have answered, too */
	fixture_time(33);
	assert_nothing_left();
}

static void
prack_of_an_earlier_try_opens_nothing(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	next_header("RSeq: 1");
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	in_response("488 No", 1, "INVITE", ";tag=b", NULL);
	out_request("INVITE", 2, "", NEAR(4100));
	next_header("RAck: 1 1 INVITE");
	out_request("PRACK", 2, ";tag=b", NEAR(4200));
	assert_media(2, 2);
	in_response("486 Busy", 2, "INVITE", ";tag=c", NULL);
	assert_nothing_left();
}

static void
status_481_or_408_to_a_reinvite_ends_the_dialog(void **state)
{
	static const char *const statuses[] = {"481 Gone", "408 Timeout"};

	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		call_up(NEAR(4000), FAR(7000));
		out_request("INVITE", 2, ";tag=b", NEAR(4000));
		in_response(statuses[i], 2, "INVITE", ";tag=b", NULL);
		assert_nothing_left();
	}
}

static void
status_481_ends_its_own_dialog_alone(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	in_response("200 OK", 1, "INVITE", ";tag=c", FAR(7200));
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	in_response("481 Gone", 2, "INVITE", ";tag=b", NULL);
	assert_between(4000, 7200);
	/* 481 to an UPDATE is the UPDATE's */
	out_request("UPDATE", 2, ";tag=c", NEAR(4100));
	in_response("481 Gone", 2, "UPDATE", ";tag=c", NULL);
	assert_between(4000, 7200);
	hang_up(";tag=c");
	assert_nothing_left();
}

static void
challenge_of_an_earlier_bye_is_late(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("BYE", 2, ";tag=b", NULL);
	in_response("407 Auth", 2, "BYE", ";tag=b", NULL);
	out_request("BYE", 3, ";tag=b", NULL);
	in_response("407 Auth", 2, "BYE", ";tag=b", NULL);
	fixture_time(33);
	assert_nothing_left();
}

/* A callee that knows no tags (RFC 2543) has a dialog with the null tag, RFC 3261 12.2.1.1. */
static void
callee_without_tag_has_a_dialog(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("180 Ringing", 1, "INVITE", "", NULL);
	in_response("200 OK", 1, "INVITE", "", FAR(7000));
	out_request("ACK", 1, "", NULL);
	assert_between(4000, 7000);
	fixture_time(40);
	assert_between(4000, 7000);
	/* a repetition, and a re-INVITE */
	out_request("INVITE", 1, "", NEAR(4000));
	assert_between(4000, 7000);
	out_request("INVITE", 2, "", NEAR(4100));
	in_response("200 OK", 2, "INVITE", "", FAR(7100));
	out_request("ACK", 2, "", NULL);
	assert_between(4100, 7100);
	out_request("INVITE", 3, "", NEAR(4200));
	in_response("488 No", 3, "INVITE", "", NULL);
	assert_between(4100, 7100);
	out_request("BYE", 4, "", NULL);
	in_response("200 OK", 4, "BYE", "", NULL);
	assert_nothing_left();
}

static void
callee_without_tag_may_hang_up(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	call_down();
	out_request("INVITE", 100, "", NEAR(4000));
	in_response("200 OK", 100, "INVITE", "", FAR(7000));
	out_request("ACK", 100, "", NULL);
	in_request("INVITE", 1, "", FAR(7100));
	out_response("200 OK", 1, "INVITE", "", NEAR(4000));
	assert_between(4000, 7100);
	in_request("BYE", 2, "", NULL);
	out_response("200 OK", 2, "BYE", "", NULL);
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(stream_that_is_offered_again_stays_when_the_200_comes),
		TEST(refused_again_it_closes),
		TEST(late_1xx_of_a_refused_reinvite_opens_nothing),
		TEST(repeated_offer_opens_and_closes_nothing),
		TEST(fork_first_heard_of_after_media_has_moved_opens_its_own_side),
		TEST(what_every_fork_refuses_closes),
		TEST(fork_that_answers_outlives_the_bye_of_another),
		TEST(unanswered_bye_ends_its_dialog_alone),
		TEST(call_of_a_dialog_that_had_left_ends_with_the_forks),
		TEST(prack_of_an_earlier_try_opens_nothing),
		TEST(status_481_or_408_to_a_reinvite_ends_the_dialog),
		TEST(status_481_ends_its_own_dialog_alone),
		TEST(challenge_of_an_earlier_bye_is_late),
		TEST(callee_without_tag_has_a_dialog),
		TEST(callee_without_tag_may_hang_up),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
