/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls older than callgate: their messages are rewritten, and what brings a description has media. */
#include <stdio.h>
#include <string.h>

#include "alg_between.h"

/* Other hosts have the outside ports that media would like. */
static void
ports_are_taken(void)
{
	fixture_send("10.0.0.8:4000", P, CRLF);
	fixture_send("10.0.0.8:4001", P, CRLF);
}

/* What comes from outside first finds the phone's binding. */
static void
phone_is_there(void)
{
	fixture_send(A, P, CRLF CRLF);
}

static void
assert_names_the_door(void)
{
	char line[64];

	assert_int_not_equal(outside_port("10.0.0.7:4000"), 0);
	assert_int_not_equal(outside_port("10.0.0.7:4000"), 4000);
	snprintf(line, sizeof(line), "m=audio %u ", outside_port("10.0.0.7:4000"));
	assert_has(line);
	assert_has("c=IN IP4 203.0.113.1" CRLF);
}

static void
speak_for(unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		fixture_time(200);
		fixture_media("10.0.0.7:4000", "198.51.100.20:7000");
	}
}

static void
bye_without_record_is_rewritten(void **state)
{
	out_request("BYE", 9, ";tag=b", NULL);
	assert_has("Via: SIP/2.0/UDP 203.0.113.1;");
	assert_has("From: <sip:a@203.0.113.1>;tag=a" CRLF);
	in_response("200 OK", 9, "BYE", ";tag=b", NULL);
	assert_has("Via: SIP/2.0/UDP 10.0.0.7;");
	assert_int_equal(counted(SIP_COUNT_NO_RECORD), 2);
	assert_nothing_left();
}

static void
reinvite_without_record_makes_one(void **state)
{
	out_request("INVITE", 5, ";tag=b", NEAR(4000));
	assert_media(2, 2);
	in_response("200 OK", 5, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 5, ";tag=b", NULL);
	assert_media(4, 2);
	speak_for(3); /* longer than ringing */
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	call_down();
}

static void
refused_reinvite_of_an_older_call_leaves_nothing_and_may_be_repeated(void **state)
{
	out_request("INVITE", 5, ";tag=b", NEAR(4000));
	in_response("407 Auth", 5, "INVITE", ";tag=b", NULL);
	assert_media(0, 0);
	assert_int_equal(alg_call_count(fx.alg), 0);
	out_request("INVITE", 5, ";tag=b", NEAR(4000)); /* a late one */
	assert_media(0, 0);
	out_request("INVITE", 6, ";tag=b", NEAR(4000));
	assert_media(2, 2);
	in_response("200 OK", 6, "INVITE", ";tag=b", FAR(7000));
	/* now something stands, and a refusal rolls back to it */
	in_request("INVITE", 3, ";tag=b", FAR(7100));
	out_response("488 No", 3, "INVITE", ";tag=b", NULL);
	assert_media(4, 2);
	call_down();
}

/* It was taken for dead; either party's re-INVITE goes on with it. */
static void
call_goes_on_after_a_long_silence(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	fixture_time(301);
	assert_int_equal(alg_call_count(fx.alg), 0);
	phone_is_there();
	in_request("INVITE", 7, ";tag=b", FAR(7000));
	out_response("200 OK", 7, "INVITE", ";tag=b", NEAR(4000));
	in_request("ACK", 7, ";tag=b", NULL);
	assert_media(4, 2);
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(501);
	assert_int_equal(alg_call_count(fx.alg), 0);
	out_request("INVITE", 8, ";tag=b", NEAR(4000));
	in_response("200 OK", 8, "INVITE", ";tag=b", FAR(7000));
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
}

static void
request_that_nobody_answers_is_gone_with_the_ringing_time(void **state)
{
	out_request("INVITE", 5, ";tag=b", NULL);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(181);
	assert_nothing_left();
}

static void
update_of_an_older_call_has_media_for_longer_than_ringing(void **state)
{
	phone_is_there();
	in_request("UPDATE", 5, ";tag=b", FAR(7000));
	out_response("200 OK", 5, "UPDATE", ";tag=b", NEAR(4000));
	assert_media(4, 2);
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_media(4, 2);
	call_down();
}

static void
refused_update_of_an_older_call_leaves_nothing(void **state)
{
	out_request("UPDATE", 5, ";tag=b", NEAR(4000));
	in_response("491 Pending", 5, "UPDATE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
prack_of_an_older_call_is_established_by_the_200(void **state)
{
	next_header("RAck: 1 7 INVITE");
	out_request("PRACK", 8, ";tag=b", NEAR(4000));
	in_response("200 OK", 8, "PRACK", ";tag=b", FAR(7000));
	assert_media(4, 2);
	in_response("180 Ringing", 7, "INVITE", ";tag=b", NULL);
	in_response("200 OK", 7, "INVITE", ";tag=b", NULL);
	out_request("ACK", 7, ";tag=b", NULL);
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_media(4, 2);
	call_down();
}

static void
prack_of_an_older_call_ends_with_the_refusal(void **state)
{
	next_header("RAck: 1 7 INVITE");
	out_request("PRACK", 8, ";tag=b", NEAR(4000));
	in_response("200 OK", 8, "PRACK", ";tag=b", FAR(7000));
	in_response("486 Busy", 7, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

/* The phone inside answers an INVITE that passed before callgate began. */
static void
response_with_description_without_record_has_media(void **state)
{
	ports_are_taken();
	out_response("183 Progress", 1, "INVITE", ";tag=b", NEAR(4000));
	assert_names_the_door();
	assert_media(2, 2);
	out_response("200 OK", 1, "INVITE", ";tag=b", NEAR(4000));
	assert_names_the_door();
	assert_media(2, 2);
	in_request("ACK", 1, ";tag=b", NULL);
	assert_media(2, 2);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	/* what the far side says later, is known */
	in_request("INVITE", 2, ";tag=b", FAR(7000));
	out_response("200 OK", 2, "INVITE", ";tag=b", NEAR(4000));
	assert_media(4, 2);
	call_down();
}

static void
late_offer_of_an_older_call_is_answered_in_the_ack(void **state)
{
	phone_is_there();
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	assert_media(2, 0);
	out_request("ACK", 1, ";tag=b", NEAR(4000));
	assert_media(4, 2);
	call_down();
}

static void
ack_with_description_without_record_has_media(void **state)
{
	ports_are_taken();
	out_request("ACK", 1, ";tag=b", NEAR(4000));
	assert_names_the_door();
	assert_media(2, 2);
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
}

static void
stray_messages_keep_no_record_for_long(void **state)
{
	phone_is_there();
	in_response("200 OK", 1, "INVITE", ";tag=b", sdp_audio("192.0.2.1", 7000, ""));
	out_request("ACK", 1, ";tag=b", sdp_audio("192.0.2.2", 4000, ""));
	fixture_time(301);
	assert_nothing_left();
}

static void
message_without_description_makes_no_record(void **state)
{
	phone_is_there();
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=b", NULL);
	out_request("ACK", 1, ";tag=b", NULL);
	out_request("UPDATE", 2, ";tag=b", NULL);
	out_request("PRACK", 3, ";tag=b", NEAR(4000)); /* acknowledges nothing */
	out_request("INFO", 4, ";tag=b", NEAR(4000));
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_int_equal(counted(SIP_COUNT_NO_RECORD), 6);
	assert_nothing_left();
}

/* The request that began the record waits: what else is refused, says nothing of it. */
static void
refusal_of_another_request_leaves_the_record(void **state)
{
	phone_is_there();
	in_request("INVITE", 5, ";tag=b", NULL);
	out_request("UPDATE", 3, ";tag=b", NEAR(4000));
	in_response("491 Pending", 3, "UPDATE", ";tag=b", NULL);
	assert_int_equal(alg_call_count(fx.alg), 1);
	out_response("200 OK", 5, "INVITE", ";tag=b", NEAR(4000));
	in_request("ACK", 5, ";tag=b", FAR(7000));
	assert_media(4, 2);
	call_down();
}

static void
refused_request_is_followed_by_any_other(void **state)
{
	out_request("UPDATE", 5, ";tag=b", NEAR(4000));
	in_response("491 Pending", 5, "UPDATE", ";tag=b", NULL);
	out_request("UPDATE", 5, ";tag=b", NEAR(4000)); /* a late one */
	assert_media(0, 0);
	in_request("UPDATE", 1, ";tag=b", FAR(7000)); /* a count of its own */
	assert_media(2, 0);
	out_response("200 OK", 1, "UPDATE", ";tag=b", NEAR(4000));
	assert_media(4, 2);
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
}

static void
bye_ends_a_call_whose_request_waits(void **state)
{
	out_request("UPDATE", 5, ";tag=b", NEAR(4000));
	out_request("BYE", 6, ";tag=b", NULL);
	in_response("200 OK", 6, "BYE", ";tag=b", NULL);
	assert_nothing_left();
	out_request("INVITE", 5, ";tag=b", NEAR(4000));
	out_request("BYE", 6, ";tag=b", NULL); /* which nobody answers */
	fixture_time(33);
	assert_nothing_left();
	out_request("INVITE", 5, ";tag=b", NEAR(4000));
	out_request("INVITE", 6, ";tag=b", NEAR(4000));
	in_response("481 Gone", 6, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

/* The INVITE is repeated when its 200 has passed unseen: a 2xx in the dialog tells as much. */
static void
reinvite_establishes_a_call_whose_200_was_not_seen(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	out_request("UPDATE", 2, ";tag=b", NEAR(4000));
	in_response("200 OK", 2, "UPDATE", ";tag=b", FAR(7000));
	out_request("INVITE", 3, ";tag=b", NEAR(4000));
	in_response("200 OK", 3, "INVITE", ";tag=b", FAR(7000));
	speak_for(3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_media(4, 2);
	out_request("INVITE", 4, ";tag=b", NEAR(4000));
	in_response("481 Gone", 4, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

/* What has answered an offer that was not seen, and then is offered anew and refused. */
static void
answer_alone_outlives_a_refused_offer(void **state)
{
	phone_is_there();
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			next_header("RSeq: 1");
		in_response(i ? "200 OK" : "183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
		if (i == 0) {
			next_header("RAck: 1 1 INVITE");
			out_request("PRACK", 2, ";tag=b", NULL);
			in_response("200 OK", 2, "PRACK", ";tag=b", NULL);
		}
		in_request("UPDATE", 1, ";tag=b", FAR(7100));
		assert_true(open_outside(7000));
		assert_true(open_outside(7100));
		out_response("488 No", 1, "UPDATE", ";tag=b", NULL);
		assert_true(open_outside(7000));
		assert_false(open_outside(7100));
		out_request("UPDATE", 3, ";tag=b", NEAR(4000));
		in_response("200 OK", 3, "UPDATE", ";tag=b", FAR(7200));
		assert_between(4000, 7200);
		/* Acknowledged late, it does not come back. */
		out_request("ACK", 1, ";tag=b", NULL);
		assert_between(4000, 7200);
		if (i == 0)
			in_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
		else
			call_down();
		assert_nothing_left();
		phone_is_there();
	}
}

static void
answer_alone_is_kept_on_hold(void **state)
{
	phone_is_there();
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	in_request("UPDATE", 1, ";tag=b",
		"v=0" CRLF "o=- 1 1 IN IP4 198.51.100.20" CRLF "s=-" CRLF "c=IN IP4 0.0.0.0" CRLF
		"t=0 0" CRLF "m=audio 7000 RTP/AVP 0" CRLF);
	out_response("200 OK", 1, "UPDATE", ";tag=b", NEAR(4000));
	assert_between(4000, 7000);
	call_down();
}

static void
prack_that_answered_stands_alone(void **state)
{
	next_header("RAck: 1 7 INVITE");
	out_request("PRACK", 8, ";tag=b", NEAR(4000));
	in_response("200 OK", 8, "PRACK", ";tag=b", NULL);
	out_request("UPDATE", 9, ";tag=b", NEAR(4100));
	in_response("488 No", 9, "UPDATE", ";tag=b", NULL);
	assert_true(open_inside(4000));
	in_request("UPDATE", 1, ";tag=b", FAR(7000));
	out_response("200 OK", 1, "UPDATE", ";tag=b", NEAR(4200));
	assert_between(4200, 7000);
	in_response("486 Busy", 7, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

/*
 * An INVITE is repeated after its answer has passed, and its 2xx has none: its offer does not come back
 * over what was agreed on meanwhile.
 */
static void
offer_that_was_answered_unseen_comes_back_over_nothing(void **state)
{
	out_request("INVITE", 5, ";tag=b", NEAR(4000));
	in_request("UPDATE", 1, ";tag=b", FAR(7000));
	out_response("200 OK", 1, "UPDATE", ";tag=b", NEAR(4100));
	in_response("200 OK", 5, "INVITE", ";tag=b", NULL);
	out_request("ACK", 5, ";tag=b", NULL);
	assert_between(4100, 7000);
	out_request("INVITE", 6, ";tag=b", NEAR(4200));
	in_response("200 OK", 6, "INVITE", ";tag=b", NULL); /* nothing since: its offer stands */
	out_request("ACK", 6, ";tag=b", NULL);
	assert_between(4200, 7000);
	call_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(bye_without_record_is_rewritten),
		TEST(reinvite_without_record_makes_one),
		TEST(refused_reinvite_of_an_older_call_leaves_nothing_and_may_be_repeated),
		TEST(call_goes_on_after_a_long_silence),
		TEST(request_that_nobody_answers_is_gone_with_the_ringing_time),
		TEST(update_of_an_older_call_has_media_for_longer_than_ringing),
		TEST(refused_update_of_an_older_call_leaves_nothing),
		TEST(prack_of_an_older_call_is_established_by_the_200),
		TEST(prack_of_an_older_call_ends_with_the_refusal),
		TEST(response_with_description_without_record_has_media),
		TEST(late_offer_of_an_older_call_is_answered_in_the_ack),
		TEST(ack_with_description_without_record_has_media),
		TEST(stray_messages_keep_no_record_for_long),
		TEST(message_without_description_makes_no_record),
		TEST(refusal_of_another_request_leaves_the_record),
		TEST(refused_request_is_followed_by_any_other),
		TEST(bye_ends_a_call_whose_request_waits),
		TEST(reinvite_establishes_a_call_whose_200_was_not_seen),
		TEST(answer_alone_outlives_a_refused_offer),
		TEST(answer_alone_is_kept_on_hold),
		TEST(prack_that_answered_stands_alone),
		TEST(offer_that_was_answered_unseen_comes_back_over_nothing),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
