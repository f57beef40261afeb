/* SPDX-License-Identifier: BSD-3-Clause */
/* The INVITE on several branches: what is behind us forks, in parallel or one target after another. */
#include <stdio.h>
#include <string.h>

#include "alg_between.h"

static void
invites(const char *branch, unsigned int port)
{
	next_branch(branch);
	out_request("INVITE", 1, "", NEAR(port));
}

static void
answered(const char *branch, const char *status, const char *tag, const char *sdp)
{
	next_branch(branch);
	in_response(status, 1, "INVITE", tag, sdp);
}

static void
next_target_after_a_refusal_has_media(void **state)
{
	invites("first", 4000);
	answered("first", "503 No", ";tag=x", NULL);
	invites("second", 4000);
	assert_media(2, 2);
	answered("second", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

static void
one_branch_is_refused_and_another_answers(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	answered("first", "486 Busy", ";tag=x", NULL);
	assert_media(2, 2);
	answered("second", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

/* Of three targets two refuse; what the first one's fork had announced is over with it. */
static void
forks_of_a_refused_branch_end_with_it(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	answered("first", "183 Progress", ";tag=x", sdp_audio("198.51.100.30", 7200, ""));
	answered("second", "183 Progress", ";tag=b", FAR(7000));
	assert_media(6, 2);
	answered("first", "404 Not here", ";tag=x", NULL);
	assert_between(4000, 7000);
	/* repeated, or late, it is heard no more */
	answered("first", "183 Progress", ";tag=x", sdp_audio("198.51.100.30", 7200, ""));
	assert_between(4000, 7000);
	answered("first", "404 Not here", ";tag=x", NULL);
	invites("first", 4000);
	assert_between(4000, 7000);
	answered("second", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

static void
last_refusal_ends_the_call(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	invites("third", 4000);
	answered("second", "486 Busy", ";tag=y", NULL);
	answered("third", "480 Away", ";tag=z", NULL);
	assert_media(2, 2);
	answered("first", "503 No", ";tag=x", NULL);
	assert_int_equal(alg_call_count(fx.alg), 0);
	/* a copy of one that was refused begins nothing */
	invites("second", 4000);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_nothing_left();
}

/* Many gateways, one after the other, each with a fresh copy of the last INVITE behind it. */
static void
tenth_target_has_media(void **state)
{
	char branch[16], before[16] = "";

	for (unsigned int i = 1; i < 10; i++) {
		snprintf(branch, sizeof(branch), "t%u", i);
		invites(branch, 4000);
		assert_media(2, 2);
		if (before[0])
			invites(before, 4000);
		answered(branch, "503 No", ";tag=x", NULL);
		assert_media(0, 0);
		memcpy(before, branch, sizeof(before));
	}
	invites("t10", 4000);
	answered("t10", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

/* One target rings all the time, while others are tried beside it. */
static void
first_target_is_waited_for_behind_many_others(void **state)
{
	char branch[16];

	invites("first", 4000);
	for (unsigned int i = 2; i < 10; i++) {
		snprintf(branch, sizeof(branch), "t%u", i);
		invites(branch, 4000);
		answered(branch, "486 Busy", ";tag=x", NULL);
		assert_media(2, 2);
	}
	answered("first", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

/* A target that does not answer is cancelled, and the next one is tried. */
static void
next_target_after_a_cancelled_one_rings_on(void **state)
{
	invites("first", 4000);
	answered("first", "180 Ringing", ";tag=x", NULL);
	next_branch("first");
	out_request("CANCEL", 1, "", NULL);
	invites("second", 4000);
	next_branch("first");
	in_response("200 OK", 1, "CANCEL", "", NULL);
	answered("first", "487 Cancelled", ";tag=x", NULL);
	fixture_time(40);
	assert_media(2, 2);
	answered("second", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

/* One answers, and the others are cancelled; the proxy does not wait for that. */
static void
cancel_of_the_losers_leaves_the_call(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	answered("first", "180 Ringing", ";tag=x", NULL);
	next_branch("first");
	out_request("CANCEL", 1, "", NULL);
	answered("second", "200 OK", ";tag=b", FAR(7000));
	answered("first", "487 Cancelled", ";tag=x", NULL);
	fixture_time(40);
	assert_between(4000, 7000);
	call_down();
}

/* The others may ring for longer than a transaction. */
static void
cancel_of_one_branch_leaves_the_others(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	next_branch("first");
	out_request("CANCEL", 1, "", NULL);
	next_branch("first");
	in_response("200 OK", 1, "CANCEL", "", NULL);
	answered("second", "180 Ringing", ";tag=b", NULL);
	fixture_time(40);
	assert_media(2, 2);
	answered("second", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

/* Four are known at a time: of more at once the first ones are heard, but not waited for. */
static void
more_branches_than_are_known_are_heard(void **state)
{
	char branch[16];

	for (unsigned int i = 1; i <= 6; i++) {
		snprintf(branch, sizeof(branch), "t%u", i);
		invites(branch, 4000);
	}
	answered("t6", "486 Busy", ";tag=x", NULL);
	answered("t1", "486 Busy", ";tag=y", NULL);
	assert_media(2, 2);
	answered("t2", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

static void
cancelled_on_all_branches_it_is_cancelled(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	next_branch("first");
	out_request("CANCEL", 1, "", NULL);
	next_branch("second");
	out_request("CANCEL", 1, "", NULL);
	next_branch("second");
	in_response("200 OK", 1, "CANCEL", "", NULL);
	fixture_time(33);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_nothing_left();
}

/* Credentials: the proxy's own, with the same CSeq, or the caller's. */
static void
challenge_of_one_branch_waits_for_the_others(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	answered("first", "407 Auth", ";tag=x", NULL);
	fixture_time(40);
	assert_media(2, 2);
	answered("second", "486 Busy", ";tag=y", NULL);
	assert_media(2, 2); /* the caller tries again, RFC 3261 16.7 */
	next_branch("third");
	out_request("INVITE", 2, "", NEAR(4000));
	next_branch("third");
	in_response("407 Auth", 2, "INVITE", ";tag=x", NULL);
	next_branch("fourth");
	out_request("INVITE", 2, "", NEAR(4000));
	fixture_time(40);
	next_branch("fourth");
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

static void
answer_may_wait_longer_than_a_transaction_for_the_other_branch(void **state)
{
	invites("first", 4000);
	invites("second", 4000);
	answered("first", "486 Busy", ";tag=x", NULL);
	answered("second", "180 Ringing", ";tag=b", NULL);
	fixture_time(100);
	/* at its Via, too */
	assert_true(media_passes(P, A));
	answered("second", "200 OK", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

static void
line_rings(const char *branch)
{
	assert_int_equal(fixture_send(P, A_OUT,
				 "INVITE sip:line@203.0.113.1 SIP/2.0" CRLF
				 "Via: SIP/2.0/UDP 198.51.100.9;branch=z9hG4bK%s" CRLF
				 "From: <sip:b@x>;tag=b" CRLF "To: <sip:a@x>" CRLF "Call-ID: m" CRLF
				 "CSeq: 1 INVITE" CRLF "%s",
				 branch, with_sdp(FAR(7000))),
		ALG_FORWARD);
}

static void
line_answers(const char *branch, const char *status, const char *tag, const char *sdp)
{
	assert_int_equal(
		fixture_send(A, P,
			"SIP/2.0 %s" CRLF "Via: SIP/2.0/UDP 198.51.100.9;branch=z9hG4bK%s" CRLF
			"From: <sip:b@x>;tag=b" CRLF "To: <sip:a@x>;tag=%s" CRLF "Call-ID: m" CRLF
			"CSeq: 1 INVITE" CRLF "%s",
			status, branch, tag, sdp ? with_sdp(sdp) : CRLF),
		ALG_FORWARD);
}

/* Inward: two lines of one host ring, and one of them is busy. */
static void
lines_of_one_host_are_branches(void **state)
{
	fixture_send(A, P, CRLF CRLF);
	line_rings("line1");
	line_rings("line2");
	line_answers("line1", "486 Busy", "l1", NULL);
	line_answers("line2", "200 OK", "a", NEAR(4000));
	assert_between(4000, 7000);
	call_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(next_target_after_a_refusal_has_media),
		TEST(one_branch_is_refused_and_another_answers),
		TEST(forks_of_a_refused_branch_end_with_it),
		TEST(last_refusal_ends_the_call),
		TEST(tenth_target_has_media),
		TEST(first_target_is_waited_for_behind_many_others),
		TEST(next_target_after_a_cancelled_one_rings_on),
		TEST(cancel_of_the_losers_leaves_the_call),
		TEST(cancel_of_one_branch_leaves_the_others),
		TEST(more_branches_than_are_known_are_heard),
		TEST(cancelled_on_all_branches_it_is_cancelled),
		TEST(challenge_of_one_branch_waits_for_the_others),
		TEST(answer_may_wait_longer_than_a_transaction_for_the_other_branch),
		TEST(lines_of_one_host_are_branches),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
