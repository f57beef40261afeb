/* SPDX-License-Identifier: BSD-3-Clause */
/* A response answers a request that was seen: by branch, CSeq and direction. Others change nothing. */
#include <string.h>

#include "alg_between.h"

static uint32_t
strays(void)
{
	return counted(SIP_COUNT_STRAY_RESPONSE);
}

static void
assert_call_stands(void)
{
	assert_between(4000, 7000);
	assert_int_equal(alg_call_count(fx.alg), 1);
}

static void
answer_to_no_bye_ends_nothing(void **state)
{
	static const char *const statuses[] = {"200 OK", "481 Gone", "408 Timeout", "500 No"};

	call_up(NEAR(4000), FAR(7000));
	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		in_response(statuses[i], 2, "BYE", ";tag=b", NULL);
		assert_call_stands();
		out_response(statuses[i], 2, "BYE", ";tag=b", NULL);
		assert_call_stands();
	}
	assert_int_equal(strays(), 2 * RTE_DIM(statuses));
	/* and it is edited as any other */
	out_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_has("Contact: <sip:a@203.0.113.1>");
	call_down();
}

static void
who_asks_does_not_answer(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	in_request("BYE", 2, ";tag=b", NULL);
	in_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_call_stands();
	out_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
another_branch_or_number_is_no_answer(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	next_branch("mine");
	out_request("BYE", 5, ";tag=b", NULL);
	next_branch("mine");
	in_response("200 OK", 4, "BYE", ";tag=b", NULL);
	next_branch("mine");
	in_response("200 OK", 6, "BYE", ";tag=b", NULL);
	next_branch("guessed");
	in_response("200 OK", 5, "BYE", ";tag=b", NULL);
	assert_call_stands();
	next_branch("mine");
	in_response("200 OK", 5, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
bye_is_answered_also_when_a_copy_or_the_answer_was_lost_or_came_twice(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("BYE", 2, ";tag=b", NULL);
	out_request("BYE", 2, ";tag=b", NULL);
	in_response("407 Auth", 2, "BYE", ";tag=b", NULL);
	out_request("BYE", 3, ";tag=b", NULL);
	in_response("407 Auth", 2, "BYE", ";tag=b", NULL);
	out_request("BYE", 2, ";tag=b", NULL); /* it comes behind the one with credentials */
	assert_call_stands();
	in_response("200 OK", 3, "BYE", ";tag=b", NULL);
	assert_media(0, 0);
	in_response("200 OK", 3, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
byes_that_cross_are_each_answered(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("BYE", 2, ";tag=b", NULL);
	in_request("BYE", 2, ";tag=b", NULL);
	out_response("481 Gone", 2, "BYE", ";tag=b", NULL);
	assert_media(0, 0);
	in_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

/* A BYE that another request of its sender has overtaken is answered all the same. */
static void
bye_that_was_overtaken_is_answered(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INFO", 3, ";tag=b", NULL);
	out_request("BYE", 2, ";tag=b", NULL);
	in_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
refusal_of_no_reinvite_ends_nothing(void **state)
{
	static const char *const statuses[] = {"481 Gone", "408 Timeout", "488 No", "491 No"};

	call_up(NEAR(4000), FAR(7000));
	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		in_response(statuses[i], 2, "INVITE", ";tag=b", NULL);
		out_response(statuses[i], 1, "INVITE", ";tag=b", NULL);
		assert_call_stands();
	}
	out_request("INVITE", 2, ";tag=b", NEAR(4100));
	next_branch("guessed");
	in_response("481 Gone", 2, "INVITE", ";tag=b", NULL);
	next_branch("guessed");
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	assert_true(open_inside(4100));
	in_response("481 Gone", 2, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
overtaken_reinvite_is_refused_by_its_481(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("INFO", 3, ";tag=b", NULL);
	out_request("INVITE", 2, ";tag=b", NEAR(4000));
	in_response("481 Gone", 2, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
refusal_of_no_update_takes_nothing_back(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("UPDATE", 2, ";tag=b", NEAR(4100));
	next_branch("guessed");
	in_response("488 No", 2, "UPDATE", ";tag=b", NULL);
	assert_true(open_inside(4100));
	in_response("200 OK", 2, "UPDATE", ";tag=b", FAR(7000));
	assert_between(4100, 7000);
	call_down();
}

/* Nobody can end a call by a short session, nor keep one by a long one. */
static void
session_of_an_unasked_2xx_does_not_count(void **state)
{
	fx.config.sip.media_inactivity_timeout = 0;
	call_up(NEAR(4000), FAR(7000));
	next_header("Session-Expires: 1");
	in_response("200 OK", 7, "UPDATE", ";tag=b", NULL);
	next_header("Session-Expires: 1");
	in_response("200 OK", 7, "INVITE", ";tag=b", NULL);
	next_header("Session-Expires: 1");
	next_branch("guessed");
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	fixture_time(150);
	assert_call_stands();
	call_down();
}

static void
unasked_answer_opens_and_confirms_nothing(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	next_branch("guessed");
	in_response("200 OK", 1, "INVITE", ";tag=x", FAR(7000));
	next_branch("guessed");
	in_response("183 Progress", 1, "INVITE", ";tag=x", FAR(7000));
	assert_media(2, 2);
	next_branch("guessed");
	in_response("486 Busy", 1, "INVITE", ";tag=x", NULL);
	assert_media(2, 2);
	next_branch("guessed");
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
	fixture_time(100); /* a call that rings does, one that is challenged does not stand */
	assert_media(2, 2);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

/* As old clients do, RFC 2543. */
static void
request_without_branch_is_answered_without(void **state)
{
	fixture_send(A, P,
		"INVITE sip:b@x SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>" CRLF "Call-ID: m" CRLF
		"CSeq: 1 INVITE" CRLF "%s",
		with_sdp(NEAR(4000)));
	fixture_send(P, A_OUT,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1;rport" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: m" CRLF
		"CSeq: 1 INVITE" CRLF "%s",
		with_sdp(FAR(7000)));
	assert_call_stands();
	call_down();
}

/* Its requests may have passed before callgate began. */
static void
older_call_hears_the_first_answer_and_then_what_is_asked(void **state)
{
	fixture_send(A, P, CRLF);
	in_response("200 OK", 5, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 5, ";tag=b", NEAR(4000));
	assert_call_stands();
	in_response("200 OK", 6, "BYE", ";tag=b", NULL);
	out_response("200 OK", 6, "BYE", ";tag=b", NULL);
	out_response("481 Gone", 6, "INVITE", ";tag=b", NULL);
	next_branch("other");
	in_response("481 Gone", 5, "INVITE", ";tag=b", NULL);
	assert_call_stands();
	call_down();
}

static void
cancel_of_another_branch_or_number_cancels_nothing(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	next_branch("guessed");
	out_request("CANCEL", 1, "", NULL);
	out_request("CANCEL", 2, "", NULL);
	in_response("200 OK", 1, "CANCEL", "", NULL);
	fixture_time(40);
	assert_media(2, 2);
	out_request("CANCEL", 1, "", NULL);
	in_response("200 OK", 1, "CANCEL", "", NULL);
	in_response("487 Gone", 1, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
offer_is_answered_also_when_another_request_has_followed_it(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	next_header("Require: 100rel\r\nRSeq: 1");
	in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
	next_header("RAck: 1 1 INVITE");
	out_request("PRACK", 2, ";tag=b", NEAR(4010));
	next_header("RAck: 2 1 INVITE");
	out_request("PRACK", 3, ";tag=b", NULL);
	in_response("200 OK", 2, "PRACK", ";tag=b", FAR(7010));
	in_response("200 OK", 3, "PRACK", ";tag=b", NULL);
	assert_int_equal(strays(), 0);
	assert_true(open_inside(4010));
	assert_true(open_outside(7010));
	in_response("200 OK", 1, "INVITE", ";tag=b", NULL);
	call_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(answer_to_no_bye_ends_nothing),
		TEST(who_asks_does_not_answer),
		TEST(another_branch_or_number_is_no_answer),
		TEST(bye_is_answered_also_when_a_copy_or_the_answer_was_lost_or_came_twice),
		TEST(byes_that_cross_are_each_answered),
		TEST(bye_that_was_overtaken_is_answered),
		TEST(refusal_of_no_reinvite_ends_nothing),
		TEST(overtaken_reinvite_is_refused_by_its_481),
		TEST(refusal_of_no_update_takes_nothing_back),
		TEST(session_of_an_unasked_2xx_does_not_count),
		TEST(unasked_answer_opens_and_confirms_nothing),
		TEST(request_without_branch_is_answered_without),
		TEST(older_call_hears_the_first_answer_and_then_what_is_asked),
		TEST(cancel_of_another_branch_or_number_cancels_nothing),
		TEST(offer_is_answered_also_when_another_request_has_followed_it),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
