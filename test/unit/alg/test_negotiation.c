/* SPDX-License-Identifier: BSD-3-Clause */
/* Which offer an answer belongs to, and what repetitions, stragglers and refusals leave as it was. */

#include "alg_between.h"

static void
answer_belongs_to_its_own_transaction(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	/* both offer at once; each answer names its own request */
	out_request("UPDATE", 2, ";tag=b", NEAR(4100));
	in_request("UPDATE", 7, ";tag=b", FAR(7100));
	assert_media(8, 4);
	in_response("200 OK", 2, "UPDATE", ";tag=b", FAR(7000));
	assert_media(6, 2);
	out_response("491 Pending", 7, "UPDATE", ";tag=b", NULL);
	assert_between(4100, 7000);
	call_down();
}

static void
crossing_200_does_not_answer_the_update(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("UPDATE", 2, ";tag=b", NEAR(4100));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	assert_media(6, 4); /* the offer of the UPDATE waits on */
	out_request("ACK", 1, ";tag=b", NULL);
	in_response("200 OK", 2, "UPDATE", ";tag=b", FAR(7100));
	fixture_time(33);
	assert_between(4100, 7100);
	call_down();
}

static void
refused_update_after_crossing_200_keeps_media(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("UPDATE", 2, ";tag=b", NEAR(4100));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 1, ";tag=b", NULL);
	in_response("488 No", 2, "UPDATE", ";tag=b", NULL);
	assert_between(4000, 7000);
	assert_false(open_inside(4100));
	call_down();
}

static void
update_refused_before_the_answer_leaves_the_first_offer(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	out_request("UPDATE", 2, ";tag=b", NEAR(4100));
	in_response("500 Wait", 2, "UPDATE", ";tag=b", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 1, ";tag=b", NULL);
	assert_between(4000, 7000);
	call_down();
}

static void
late_duplicate_of_an_older_200_changes_nothing(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4000));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7100));
	out_request("ACK", 2, ";tag=b", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	assert_between(4000, 7100);
	assert_false(open_outside(7000));
	call_down();
}

static void
repeated_reinvite_after_its_200_leaves_no_offer(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	assert_has("c=IN IP4 203.0.113.1" CRLF);
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 1);
	/* a 200 to nothing that waits */
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7200));
	assert_between(4100, 7000);
	call_down();
}

static void
refused_reinvite_repeated_opens_nothing(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	assert_between(4000, 7000);
	call_down();
}

static void
late_183_does_not_move_confirmed_media(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7100));
	assert_between(4000, 7100); /* of an unreliable 1xx, the 2xx may differ */
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	assert_between(4000, 7100);
	assert_false(open_outside(7000));
	call_down();
}

static void
glare_491_both_sides_roll_back(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	in_request("INVITE", 1, ";tag=b", FAR(7100));
	assert_media(8, 4);
	in_response("491 Pending", 2, "INVITE", ";tag=b", NULL);
	out_response("491 Pending", 1, "INVITE", ";tag=b", NULL);
	assert_between(4000, 7000);
	in_request("INVITE", 2, ";tag=b", FAR(7100));
	out_response("200 OK", 2, "INVITE", ";tag=b", NEAR(4000));
	assert_between(4000, 7100);
	call_down();
}

static void
preview_of_a_refused_reinvite_is_taken_back(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	in_response("183 Progress", 2, "INVITE", ";tag=b", FAR(7100));
	assert_media(8, 4);
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	assert_between(4000, 7000);
	/* and of one that is accepted it stands, also when the 200 does not say it again */
	out_request("INVITE", 3, ";tag=b", NEAR(4100));
	in_response("183 Progress", 3, "INVITE", ";tag=b", FAR(7100));
	in_response("200 OK", 3, "INVITE", ";tag=b", NULL);
	assert_between(4100, 7100);
	call_down();
}

static void
refused_late_offer_is_taken_back(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NULL);
	next_header("RSeq: 9");
	in_response("183 Progress", 2, "INVITE", ";tag=b", FAR(7100));
	assert_media(6, 2);
	in_response("504 Late", 2, "INVITE", ";tag=b", NULL);
	assert_between(4000, 7000);
	call_down();
}

/* A hold that the other side refused is no reason to wait for ever. */
static void
refused_hold_is_no_hold(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, "a=inactive" CRLF));
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	assert_between(4000, 7000);
	fixture_time(301);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

static void
refused_resume_stays_on_hold(void **state)
{
	const char *held = "a=inactive" CRLF;

	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, held));
	in_response("200 OK", 2, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, held));
	out_request("INVITE", 3, ";tag=b", NEAR(4000));
	in_response("491 Pending", 3, "INVITE", ";tag=b", NULL);
	fixture_time(1000);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
}

static void
refused_removal_of_a_stream_keeps_it(void **state)
{
	const char *both = "m=video 4004 RTP/AVP 31" CRLF, *one = "m=video 0 RTP/AVP 31" CRLF;
	const char *far = "m=video 7004 RTP/AVP 31" CRLF;

	call_up(sdp_audio("10.0.0.7", 4000, both), sdp_audio("198.51.100.20", 7000, far));
	assert_media(8, 4);
	out_request("INVITE", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, one));
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	assert_media(8, 4);
	assert_true(open_inside(4004));
	assert_true(open_outside(7004));
	call_down();
}

static void
old_invite_after_the_retry_does_not_set_the_call_back(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
	out_request("INVITE", 2, "", NEAR(4000));
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 2, ";tag=b", NULL);
	fixture_time(200); /* ringing would be over */
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_between(4000, 7000);
	call_down();
}

static void
old_invite_in_challenged_does_not_prolong(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
	fixture_time(20);
	out_request("INVITE", 1, "", NEAR(4000));
	fixture_time(13);
	assert_nothing_left();
}

static void
invite_repeated_after_the_200_opens_nothing(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 1, "", NEAR(4000));
	assert_has("m=audio 4000 ");
	assert_has("c=IN IP4 203.0.113.1" CRLF);
	out_request("INVITE", 1, "", NEAR(4300));
	assert_between(4000, 7000);
	fixture_time(33);
	assert_between(4000, 7000);
	call_down();
}

static void
another_try_without_an_offer_drops_the_first(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
	out_request("INVITE", 2, "", NULL);
	assert_media(0, 0);
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 2, ";tag=b", NEAR(4000));
	assert_between(4000, 7000);
	call_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(answer_belongs_to_its_own_transaction),
		TEST(crossing_200_does_not_answer_the_update),
		TEST(refused_update_after_crossing_200_keeps_media),
		TEST(update_refused_before_the_answer_leaves_the_first_offer),
		TEST(late_duplicate_of_an_older_200_changes_nothing),
		TEST(repeated_reinvite_after_its_200_leaves_no_offer),
		TEST(refused_reinvite_repeated_opens_nothing),
		TEST(late_183_does_not_move_confirmed_media),
		TEST(glare_491_both_sides_roll_back),
		TEST(preview_of_a_refused_reinvite_is_taken_back),
		TEST(refused_late_offer_is_taken_back),
		TEST(refused_hold_is_no_hold),
		TEST(refused_resume_stays_on_hold),
		TEST(refused_removal_of_a_stream_keeps_it),
		TEST(old_invite_after_the_retry_does_not_set_the_call_back),
		TEST(old_invite_in_challenged_does_not_prolong),
		TEST(invite_repeated_after_the_200_opens_nothing),
		TEST(another_try_without_an_offer_drops_the_first),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
