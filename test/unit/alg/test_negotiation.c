/* SPDX-License-Identifier: BSD-3-Clause */
/* Which offer an answer belongs to, and what repetitions, stragglers and refusals leave as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg_message.h"

#define NEAR(port) sdp_audio("10.0.0.7", port, "")
#define FAR(port)  sdp_audio("198.51.100.20", port, "")

static bool
open_inside(unsigned int port)
{
	char to[32];

	snprintf(to, sizeof(to), "10.0.0.7:%u", port);
	return media_passes("198.51.100.20:9", to);
}

static bool
open_outside(unsigned int port)
{
	char to[32];

	snprintf(to, sizeof(to), "198.51.100.20:%u", port);
	return media_passes("10.0.0.7:9", to);
}

/* Media stands between these ports, and only there. */
static void
assert_between(unsigned int inside, unsigned int outside)
{
	assert_media(4, 2);
	assert_true(open_inside(inside));
	assert_true(open_outside(outside));
}

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

/*
 * The table, row by row: messages in short, and the media that stands behind the last of them.
 *
 *   ">> INVITE 1 4000"        from the inside, no To tag, a description with this port (0: none)
 *   "> UPDATE 2 4100"         in the dialog
 *   "< 183 1 INVITE 7000 +"   a response from outside; +: reliable
 *   "> PRACK 2 4000 =1"       RAck names the INVITE with this CSeq
 */
#define UP     ">> INVITE 1 4000;< 200 1 INVITE 7000;> ACK 1 0;"
#define RELIED ">> INVITE 1 4000;< 183 1 INVITE 7000 +;"

static const struct row {
	const char *messages;
	unsigned int pinholes, doors;
	unsigned int inside, outside; /* port that is open; 0: not asked */
} rows[] = {
	/* INVITE without To tag: open, waiting, done, old */
	{">> INVITE 1 4000", 2, 2, 4000, 0},
	{">> INVITE 1 4000;>> INVITE 1 4000", 2, 2, 4000, 0},
	{">> INVITE 1 4000;< 183 1 INVITE 7000;>> INVITE 1 4000", 4, 2, 4000, 7000},
	{UP ">> INVITE 1 4100", 4, 2, 4000, 7000},
	{">> INVITE 1 4000;< 407 1 INVITE 0;>> INVITE 2 4000;>> INVITE 1 4100", 2, 2, 4000, 0},
	/* INVITE in the dialog: open, waiting, done, refused, old */
	{UP "> INVITE 2 4100", 6, 4, 4100, 7000},
	{UP "> INVITE 2 4100;> INVITE 2 4100", 6, 4, 4100, 7000},
	{UP "> INVITE 2 4100;< 200 2 INVITE 7000;> INVITE 2 4200", 4, 2, 4100, 7000},
	{UP "> INVITE 2 4100;< 488 2 INVITE 0;> INVITE 2 4100", 4, 2, 4000, 7000},
	{UP "> INVITE 3 4000;< 200 3 INVITE 7000;> INVITE 2 4100", 4, 2, 4000, 7000},
	/* UPDATE: the same */
	{UP "> UPDATE 2 4100", 6, 4, 4100, 7000},
	{UP "> UPDATE 2 4100;> UPDATE 2 4100", 6, 4, 4100, 7000},
	{UP "> UPDATE 2 4100;< 200 2 UPDATE 7000;> UPDATE 2 4200", 4, 2, 4100, 7000},
	{UP "> UPDATE 2 4100;< 491 2 UPDATE 0;> UPDATE 2 4100", 4, 2, 4000, 7000},
	{UP "> UPDATE 3 4000;< 200 3 UPDATE 7000;> UPDATE 2 4100", 4, 2, 4000, 7000},
	/* PRACK: awaited, open, waiting, done, old; of another INVITE it offers */
	{">> INVITE 1 0;< 183 1 INVITE 7000 +;> PRACK 2 4000 =1", 4, 2, 4000, 7000},
	{RELIED "> PRACK 2 4100 =1", 6, 4, 4100, 7000},
	{RELIED "> PRACK 2 4100 =1;> PRACK 2 4100 =1", 6, 4, 4100, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000 +;> PRACK 2 4000 =1;> PRACK 2 4100 =1", 4, 2, 4000,
		7000},
	{RELIED "> PRACK 3 4000 =1;< 200 3 PRACK 7000;> PRACK 2 4100 =1", 4, 2, 4000, 7000},
	/* ACK: awaited, done, waiting, old */
	{">> INVITE 1 0;< 200 1 INVITE 7000;> ACK 1 4000", 4, 2, 4000, 7000},
	{">> INVITE 1 0;< 200 1 INVITE 7000;> ACK 1 4000;> ACK 1 4100", 4, 2, 4000, 7000},
	{UP "> INVITE 2 4100;> ACK 2 4200", 6, 4, 4100, 7000},
	{UP "> INVITE 2 4000;< 200 2 INVITE 7000;> ACK 1 4100", 4, 2, 4000, 7000},
	/* 1xx in an early dialog: awaited, waiting, open, early, done, old */
	{">> INVITE 1 4000;< 183 1 INVITE 7000", 4, 2, 4000, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000;< 183 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 4000;< 183 1 INVITE 7000;< 183 1 INVITE 7100", 4, 2, 4000, 7100},
	{RELIED "< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	{RELIED "> UPDATE 2 4000;< 200 2 UPDATE 7000;< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	/* 1xx to an INVITE in a confirmed one: awaited, waiting, open, done, old */
	{UP "> INVITE 2 4100;< 183 2 INVITE 7100", 8, 4, 4100, 7100},
	{UP "> INVITE 2 0;< 183 2 INVITE 7100;< 183 2 INVITE 7100", 6, 2, 4000, 7100},
	{UP "> INVITE 2 0;< 183 2 INVITE 7100", 6, 2, 4000, 7100},
	{UP "< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	{UP "> INVITE 2 4000;< 200 2 INVITE 7000;< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	{UP "< UPDATE 5 7200;> INVITE 2 4000;< 183 2 INVITE 7100", 6, 2, 4000, 7200},
	/* a reliable one answers */
	{UP "> INVITE 2 4100;< 183 2 INVITE 7100 +", 4, 2, 4100, 7100},
	/* 2xx to an INVITE: awaited, waiting, open, early, done, old */
	{UP "> INVITE 2 4100;< 200 2 INVITE 7100", 4, 2, 4100, 7100},
	{">> INVITE 1 0;< 183 1 INVITE 7000;< 200 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 0;< 200 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 4000;< 183 1 INVITE 7000;< 200 1 INVITE 7100", 4, 2, 4000, 7100},
	{UP "< 200 1 INVITE 7100", 4, 2, 4000, 7000},
	{UP "> INVITE 2 4000;< 200 2 INVITE 7000;< 200 1 INVITE 7100", 4, 2, 4000, 7000},
	/* 2xx to an UPDATE or a PRACK: awaited, done, old, open */
	{UP "> UPDATE 2 4000;< 200 2 UPDATE 7100", 4, 2, 4000, 7100},
	{UP "> UPDATE 2 4000;< 200 2 UPDATE 7000;< 200 2 UPDATE 7100", 4, 2, 4000, 7000},
	{UP "> UPDATE 2 4000;< 200 2 UPDATE 7000;> UPDATE 3 4000;< 200 2 UPDATE 7100", 4, 2, 4000,
		7000},
	{UP "> UPDATE 2 0;< 200 2 UPDATE 7100", 4, 2, 4000, 7000},
	{RELIED "> PRACK 2 4100 =1;< 200 2 PRACK 7100", 6, 4, 4100, 7100},
	/* what carries neither offer nor answer */
	{UP "> INFO 2 4100", 4, 2, 4000, 7000},
	{UP "> INFO 2 0;< 200 2 INFO 7100", 4, 2, 4000, 7000},
};

static void
send_response(bool out, unsigned int status, const char *rest)
{
	unsigned int cseq, port;
	char method[16], text[32], reliable[4] = "";

	assert_true(sscanf(rest, "%u %15s %u %3s", &cseq, method, &port, reliable) >= 3);
	if (reliable[0])
		next_header("RSeq: 1");
	snprintf(text, sizeof(text), "%u Some", status);
	if (out)
		out_response(text, cseq, method, ";tag=b", port ? NEAR(port) : NULL);
	else
		in_response(text, cseq, method, ";tag=b", port ? FAR(port) : NULL);
}

static void
send_request(bool out, bool tagged, const char *text)
{
	char method[16], rack[32], more[8] = "";
	const char *tag = tagged ? ";tag=b" : "";
	unsigned int cseq, port;

	assert_true(sscanf(text, "%15s %u %u %7s", method, &cseq, &port, more) >= 3);
	if (more[0] == '=') {
		snprintf(rack, sizeof(rack), "RAck: 1 %s INVITE", more + 1);
		next_header(rack);
	}
	if (out)
		out_request(method, cseq, tag, port ? NEAR(port) : NULL);
	else
		in_request(method, cseq, tag, port ? FAR(port) : NULL);
}

static void
play(const char *messages)
{
	char text[512], *rest = text, *one;

	snprintf(text, sizeof(text), "%s", messages);
	while ((one = strsep(&rest, ";"))) {
		bool out = one[0] == '>', first = one[1] == '>';

		if (one[0] == '\0')
			continue;
		one += strspn(one, "<> ");
		if (one[0] >= '1' && one[0] <= '6')
			send_response(out, (unsigned int)atoi(one), one + 4);
		else
			send_request(out, !first, one);
	}
}

static void
clear_calls(void)
{
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	fixture_time(0);
	assert_nothing_left();
}

static void
every_row_of_the_negotiation_table(void **state)
{
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct row *row = &rows[i];

		play(row->messages);
		if (pinhole_media_count(fx.pinholes) != row->pinholes ||
			nat_media_doors(fx.nat) != row->doors)
			print_error("row %u: %s\n", i, row->messages);
		assert_media(row->pinholes, row->doors);
		if (row->inside && !open_inside(row->inside))
			fail_msg("row %u: %s: inside closed", i, row->messages);
		if (row->outside && !open_outside(row->outside))
			fail_msg("row %u: %s: outside closed", i, row->messages);
		clear_calls();
	}
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
		TEST(every_row_of_the_negotiation_table),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
