/* SPDX-License-Identifier: BSD-3-Clause */
/* When what a call has open ends: its record, its media, its Via, Contact and Record-Route doors. */
#include <stdio.h>
#include <string.h>

#include "alg_between.h"
#include "core/drop.h"

#define CONTACT "10.0.0.7:5062"
#define ROUTE   "10.0.0.6:5080"
#define VIA     "10.0.0.7:5064"

static bool
open_to(const char *from, const char *inside)
{
	bool open = media_passes(from, inside);

	assert_int_equal(open, outside_port(inside) != 0); /* pinhole and door alike */
	return open;
}

static bool
reachable(const char *inside)
{
	return open_to("198.51.100.9:5099", inside);
}

static void
offers_at(const char *header)
{
	next_header(header);
	out_request("INVITE", 1, "", NEAR(4000));
}

static void
refused(unsigned int cseq)
{
	in_response("486 Busy", cseq, "INVITE", ";tag=b", NULL);
}

static void
answered_cancel_ends_the_call_though_no_487_comes(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	out_request("CANCEL", 1, "", NULL);
	in_response("200 OK", 1, "CANCEL", "", NULL);
	fixture_time(31);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_true(open_inside(4000));
	fixture_time(2);
	assert_nothing_left();
}

static void
cancel_that_nobody_answers_leaves_the_call_its_ringing_time(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	out_request("CANCEL", 1, "", NULL);
	fixture_time(179);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(2);
	assert_nothing_left();
}

static void
cancel_of_an_earlier_try_is_nothing_to_this_one(void **state)
{
	out_request("INVITE", 1, "", NEAR(4000));
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
	out_request("INVITE", 2, "", NEAR(4000));
	out_request("CANCEL", 1, "", NULL);
	in_response("481 Gone", 1, "CANCEL", "", NULL);
	fixture_time(40);
	assert_int_equal(alg_call_count(fx.alg), 1);
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	call_down();
}

static void
bye_ends_the_call_whatever_answers_it(void **state)
{
	static const char *const statuses[] = {"200 OK", "202 Accepted", "302 Moved", "403 No",
		"408 Timeout", "481 Gone", "500 Oops", "603 Decline"};

	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		call_up(NEAR(4000), FAR(7000));
		assert_between(4000, 7000);
		out_request("BYE", 2, ";tag=b", NULL);
		in_response("100 Trying", 2, "BYE", ";tag=b", NULL);
		assert_between(4000, 7000);
		in_response(statuses[i], 2, "BYE", ";tag=b", NULL);
		assert_false(open_inside(4000));
		assert_false(open_inside(4001));
		assert_false(open_outside(7000));
		assert_false(open_outside(7001));
		assert_nothing_left();
	}
}

static void
every_final_error_ends_the_call_at_once(void **state)
{
	static const char *const statuses[] = {"300 Many", "302 Moved", "380 Other", "400 Bad",
		"403 No", "404 Not Found", "408 Timeout", "480 Away", "486 Busy", "487 Cancelled",
		"488 No", "500 Oops", "503 Later", "600 Busy", "603 Decline"};

	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		out_request("INVITE", 1, "", NEAR(4000));
		in_response("183 Progress", 1, "INVITE", ";tag=b", FAR(7000));
		assert_media(4, 2);
		in_response(statuses[i], 1, "INVITE", ";tag=b", NULL);
		assert_nothing_left();
	}
}

static void
every_1xx_renews_the_ringing(void **state)
{
	static const char *const statuses[] = {
		"100 Trying", "180 Ringing", "181 Forwarded", "182 Queued", "183 Progress"};

	out_request("INVITE", 1, "", NEAR(4000));
	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		fixture_time(179);
		assert_int_equal(alg_call_count(fx.alg), 1);
		assert_true(open_inside(4000));
		in_response(statuses[i], 1, "INVITE", i ? ";tag=b" : "", NULL);
	}
	fixture_time(179);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(2);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

static void
refresh_keeps_a_silent_call(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	for (unsigned int i = 0; i < 4; i++) {
		fixture_time(290);
		out_request(
			i % 2 ? "INVITE" : "UPDATE", 2 + i, ";tag=b", i % 2 ? NEAR(4000) : NULL);
		in_response("200 OK", 2 + i, i % 2 ? "INVITE" : "UPDATE", ";tag=b",
			i % 2 ? FAR(7000) : NULL);
		assert_int_equal(alg_call_count(fx.alg), 1);
	}
	/* a refusal is no refresh, nor is any other request */
	out_request("UPDATE", 20, ";tag=b", NULL);
	in_response("500 Later", 20, "UPDATE", ";tag=b", NULL);
	fixture_time(150);
	out_request("INFO", 21, ";tag=b", NULL);
	in_response("200 OK", 21, "INFO", ";tag=b", NULL);
	fixture_time(151);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

/* A request opens it, while it rings it stays, for its peer alone; a refusal closes it 32 s later. */
static void
contact_and_route_of_a_refused_call_close_after_32_s(void **state)
{
	static const struct {
		const char *header, *inside;
	} rows[] = {{"Contact: <sip:a@" CONTACT ">", CONTACT},
		{"Record-Route: <sip:" ROUTE ";lr>", ROUTE}};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		offers_at(rows[i].header);
		assert_true(reachable(rows[i].inside));
		assert_false(media_passes("198.51.100.20:5060", rows[i].inside));
		in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
		fixture_time(100);
		assert_true(reachable(rows[i].inside));
		refused(1);
		fixture_time(31);
		assert_true(reachable(rows[i].inside));
		fixture_time(2);
		assert_false(media_passes(P, rows[i].inside));
		assert_nothing_left();
		assert_int_equal(outside_port(rows[i].inside), 0);
	}
}

static void
contact_and_route_of_a_call_stay_until_32_s_after_its_bye(void **state)
{
	offers_at("Contact: <sip:a@" CONTACT ">" CRLF "Record-Route: <sip:" ROUTE ";lr>");
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 1, ";tag=b", NULL);
	fixture_time(200);
	assert_true(reachable(CONTACT));
	assert_true(reachable(ROUTE));
	out_request("BYE", 2, ";tag=b", NULL);
	in_response("200 OK", 2, "BYE", ";tag=b", NULL);
	assert_media(0, 0);
	fixture_time(31);
	assert_true(reachable(CONTACT));
	assert_true(reachable(ROUTE));
	fixture_time(2);
	assert_false(media_passes(P, CONTACT));
	assert_false(media_passes(P, ROUTE));
	assert_nothing_left();
}

/* Of who answers: PRACK, UPDATE, NOTIFY and BYE may come before the ACK. */
static void
contact_of_a_response_opens_with_it(void **state)
{
	static const char *const statuses[] = {"180 Ringing", "183 Progress", "200 OK"};

	for (unsigned int i = 0; i < RTE_DIM(statuses); i++) {
		fixture_send(A, P, CRLF CRLF);
		in_request("INVITE", 1, ";tag=b", NULL);
		assert_false(media_passes(P, CONTACT));
		next_header("Contact: <sip:a@" CONTACT ">" CRLF "Record-Route: <sip:" ROUTE ";lr>");
		out_response(statuses[i], 1, "INVITE", ";tag=b", NULL);
		assert_true(reachable(CONTACT));
		assert_true(reachable(ROUTE));
		fixture_time(100);
		assert_true(reachable(CONTACT));
		assert_true(reachable(ROUTE));
		if (i < 2)
			out_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
		else
			in_request("BYE", 2, ";tag=b", NULL);
		if (i == 2)
			out_response("200 OK", 2, "BYE", ";tag=b", NULL);
		fixture_time(33);
		assert_false(media_passes(P, CONTACT));
		assert_false(media_passes(P, ROUTE));
		assert_nothing_left();
	}
}

/* Of one fork that is over the doors stay: they are the caller's. */
static void
contact_outlives_a_fork_and_closes_with_the_last_one(void **state)
{
	offers_at("Contact: <sip:a@" CONTACT ">");
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	in_response("180 Ringing", 1, "INVITE", ";tag=c", NULL);
	in_response("199 Gone", 1, "INVITE", ";tag=b", NULL);
	fixture_time(60);
	assert_true(reachable(CONTACT));
	in_response("200 OK", 1, "INVITE", ";tag=c", FAR(7000));
	in_response("200 OK", 1, "INVITE", ";tag=d", FAR(7100));
	out_request("BYE", 2, ";tag=c", NULL);
	in_response("200 OK", 2, "BYE", ";tag=c", NULL);
	fixture_time(60);
	assert_true(reachable(CONTACT));
	out_request("BYE", 2, ";tag=d", NULL);
	in_response("200 OK", 2, "BYE", ";tag=d", NULL);
	fixture_time(33);
	assert_false(media_passes(P, CONTACT));
	assert_nothing_left();
}

static void
invite_by_via(unsigned int cseq)
{
	fixture_send(A, P,
		"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP " VIA
		";branch=z9hG4bKINVITE%u" CRLF "From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>" CRLF
		"Call-ID: m" CRLF "CSeq: %u INVITE" CRLF CRLF,
		cseq, cseq);
}

/* As long as the call rings, and 32 s from the final answer. */
static void
via_of_an_invite_lives_as_its_transaction(void **state)
{
	invite_by_via(1);
	for (unsigned int i = 0; i < 3; i++) {
		fixture_time(170);
		assert_true(reachable(VIA));
		fixture_media(A, P); /* the signalling's own flow does not age meanwhile */
		in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	}
	fixture_time(100);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	fixture_time(31);
	assert_true(reachable(VIA));
	fixture_time(2);
	assert_false(media_passes(P, VIA));
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();

	invite_by_via(200);
	refused(200);
	fixture_time(31);
	assert_true(reachable(VIA));
	fixture_time(2);
	assert_false(media_passes(P, VIA));
	assert_nothing_left();

	invite_by_via(201); /* and nobody says anything */
	fixture_time(179);
	assert_true(reachable(VIA));
	fixture_time(2);
	assert_true(reachable(VIA));
	fixture_time(32);
	assert_false(media_passes(P, VIA));
	assert_nothing_left();
}

/* What cannot be opened whole is given back whole: the call has what it had before, and no more. */
static void
reinvite_without_ports_leaves_the_call_as_it_was(void **state)
{
	const char *more = "m=video 4002 RTP/AVP 31" CRLF;
	uint32_t pinholes, bindings;

	fixture_stop(state);
	/* 5060, and three media ports: one pair, and half of another */
	fixture_start_with(&(struct fixture_options){.first_port = 5060, .last_port = 5063});
	fixture_send(A, P,
		"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>" CRLF "Call-ID: m" CRLF
		"CSeq: 1 INVITE" CRLF "%s",
		with_sdp(NEAR(4000)));
	fixture_send(P, outside_of(A),
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP %s" CRLF "From: <sip:a@x>;tag=a" CRLF
		"To: <sip:b@x>;tag=b" CRLF "Call-ID: m" CRLF "CSeq: 1 INVITE" CRLF "%s",
		outside_of(A), with_sdp(FAR(7000)));
	assert_between(4000, 7000);
	pinholes = pool_used(pinhole_pool(fx.pinholes));
	bindings = pool_used(nat_binding_pool(fx.nat));
	for (unsigned int i = 0; i < 2; i++) {
		fixture_send(A, P,
			"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
			"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: m" CRLF
			"CSeq: 2 INVITE" CRLF "Record-Route: <sip:10.0.0.6;lr>" CRLF "%s",
			with_sdp(sdp_audio("10.0.0.7", 4000, more)));
		assert_int_equal(fx.verdict, DROP_SIP_NO_PORT);
		assert_false(fx.edited);
		assert_between(4000, 7000);
		assert_int_equal(pool_used(pinhole_pool(fx.pinholes)), pinholes);
		assert_int_equal(pool_used(nat_binding_pool(fx.nat)), bindings);
	}
	/* the client asks for less, and is heard: nothing of the failed one waits for an answer */
	fixture_send(A, P,
		"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: m" CRLF
		"CSeq: 3 INVITE" CRLF "%s",
		with_sdp(sdp_audio("10.0.0.7", 4000, "a=sendonly" CRLF)));
	assert_int_equal(fx.verdict, ALG_FORWARD);
	assert_between(4000, 7000);
	assert_int_equal(counted(SIP_COUNT_NO_PORT), 2);
	/* nor does anything of it hold what the call had */
	fixture_send(A, P,
		"BYE sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: m" CRLF
		"CSeq: 4 BYE" CRLF CRLF);
	fixture_send(P, outside_of(A),
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP %s" CRLF "From: <sip:a@x>;tag=a" CRLF
		"To: <sip:b@x>;tag=b" CRLF "Call-ID: m" CRLF "CSeq: 4 BYE" CRLF CRLF,
		outside_of(A));
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(answered_cancel_ends_the_call_though_no_487_comes),
		TEST(cancel_that_nobody_answers_leaves_the_call_its_ringing_time),
		TEST(cancel_of_an_earlier_try_is_nothing_to_this_one),
		TEST(bye_ends_the_call_whatever_answers_it),
		TEST(every_final_error_ends_the_call_at_once),
		TEST(every_1xx_renews_the_ringing),
		TEST(refresh_keeps_a_silent_call),
		TEST(contact_and_route_of_a_refused_call_close_after_32_s),
		TEST(contact_and_route_of_a_call_stay_until_32_s_after_its_bye),
		TEST(contact_of_a_response_opens_with_it),
		TEST(contact_outlives_a_fork_and_closes_with_the_last_one),
		TEST(via_of_an_invite_lives_as_its_transaction),
		TEST(reinvite_without_ports_leaves_the_call_as_it_was),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
