/* SPDX-License-Identifier: BSD-3-Clause */
/* Records: many on one channel, told apart, bounded, timed, and rolled back whole. */
#include <stdio.h>
#include <string.h>

#include "alg_fixture.h"

#define A     "10.0.0.7:5060"
#define A_OUT "203.0.113.1:5060"
#define P     "198.51.100.9:5060"
#define FAR   "198.51.100.20:7000"

static int
invite(const char *from, const char *call_id, const char *tag, unsigned int port)
{
	struct sockaddr_in at = endpoint_of(from);
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host));
	return fixture_send(from, P,
		"INVITE sip:bob@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP %s;branch=z9hG4bK1" CRLF "From: <sip:a@%s>;tag=%s" CRLF
		"To: <sip:b@198.51.100.9>" CRLF "Call-ID: %s" CRLF "CSeq: 1 INVITE" CRLF
		"Contact: <sip:a@%s>" CRLF "%s",
		host, host, tag, call_id, host, with_sdp(sdp_audio(host, port, "")));
}

static void
answer(const char *to, const char *status, const char *method, unsigned int cseq,
	const char *call_id, const char *tag, const char *more)
{
	fixture_send(P, to,
		"SIP/2.0 %s" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK%u" CRLF
		"From: <sip:a@203.0.113.1>;tag=%s" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: %s" CRLF "CSeq: %u %s" CRLF "%s",
		status, to, cseq, tag, call_id, cseq, method, more);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

static void
busy(const char *to, const char *call_id, const char *tag)
{
	answer(to, "486 Busy", "INVITE", 1, call_id, tag, CRLF);
}

static void
in_dialog(const char *method, unsigned int cseq, const char *call_id)
{
	fixture_send(A, P,
		"%s sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK%u" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: %s" CRLF "CSeq: %u %s" CRLF CRLF,
		method, cseq, call_id, cseq, method);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

static void
hang_up(const char *call_id)
{
	in_dialog("BYE", 2, call_id);
	answer(A_OUT, "200 OK", "BYE", 2, call_id, "a", CRLF);
}

static const char *
far_sdp(void)
{
	return with_sdp(sdp_audio("198.51.100.20", 7000, ""));
}

/* A call set up to the 200, from A. */
static void
call_up(const char *call_id, unsigned int port, const char *headers)
{
	char more[2048];

	assert_int_equal(invite(A, call_id, "a", port), ALG_FORWARD);
	snprintf(more, sizeof(more), "%s%s", headers, far_sdp());
	answer(A_OUT, "200 OK", "INVITE", 1, call_id, "a", more);
}

static void
thousand_calls_of_a_trunk_are_independent(void **state)
{
	enum { CALLS = 1000 };
	char id[32], inside[32];

	for (unsigned int i = 0; i < CALLS; i++) {
		snprintf(id, sizeof(id), "trunk-%u", i);
		call_up(id, 10000 + 2 * i, "");
	}
	assert_int_equal(alg_call_count(fx.alg), CALLS);
	assert_int_equal(nat_media_doors(fx.nat), 2 * CALLS);
	for (unsigned int i = 0; i < CALLS; i += 2) {
		snprintf(id, sizeof(id), "trunk-%u", i);
		hang_up(id);
	}
	assert_int_equal(alg_call_count(fx.alg), CALLS / 2);
	assert_int_equal(nat_media_doors(fx.nat), CALLS);
	for (unsigned int i = 0; i < CALLS; i++) {
		snprintf(inside, sizeof(inside), "10.0.0.7:%u", 10000 + 2 * i);
		assert_int_equal(media_passes(FAR, inside), i % 2);
	}
	for (unsigned int i = 1; i < CALLS; i += 2) {
		snprintf(id, sizeof(id), "trunk-%u", i);
		hang_up(id);
	}
	assert_nothing_left();
}

static void
two_clients_with_one_call_id_do_not_collide(void **state)
{
	char second[32];

	assert_int_equal(invite(A, "same", "t", 4000), ALG_FORWARD);
	assert_int_equal(invite("10.0.0.8:5060", "same", "t", 4000), ALG_FORWARD);
	assert_int_equal(alg_call_count(fx.alg), 2);
	snprintf(second, sizeof(second), "%s", outside_of("10.0.0.8:5060"));
	assert_int_not_equal(outside_port("10.0.0.8:4000"), 4000);
	busy(A_OUT, "same", "t");
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_false(media_passes(FAR, "10.0.0.7:4000"));
	assert_true(media_passes(FAR, "10.0.0.8:4000"));
	busy(second, "same", "t");
	/* one host, one Call-ID, two tags: two calls as well */
	assert_int_equal(invite(A, "again", "t1", 4000), ALG_FORWARD);
	assert_int_equal(invite(A, "again", "t2", 4002), ALG_FORWARD);
	assert_int_equal(alg_call_count(fx.alg), 2);
	busy(A_OUT, "again", "t2");
	assert_true(media_passes(FAR, "10.0.0.7:4000"));
	busy(A_OUT, "again", "t1");
	assert_nothing_left();
}

/* Longer than a record stores: length and hash decide. */
static void
call_ids_of_1_255_256_and_400_bytes(void **state)
{
	static const unsigned int lengths[] = {1, 255, 256, 400};
	char id[401];

	memset(id, 'x', sizeof(id));
	for (unsigned int i = 0; i < RTE_DIM(lengths); i++) {
		id[lengths[i]] = '\0';
		call_up(id, 4000 + 2 * i, "");
		id[lengths[i]] = 'x';
	}
	assert_int_equal(alg_call_count(fx.alg), RTE_DIM(lengths));
	for (unsigned int i = 0; i < RTE_DIM(lengths); i++) {
		id[lengths[i]] = '\0';
		hang_up(id);
		id[lengths[i]] = 'x';
		assert_int_equal(alg_call_count(fx.alg), RTE_DIM(lengths) - 1 - i);
	}
	assert_nothing_left();
}

/* Longer ones are told apart by length and hash, wherever they differ. */
static void
long_call_ids_that_differ_in_their_last_byte_are_two_calls(void **state)
{
	char id[301], description[4096];

	memset(id, 'x', sizeof(id));
	id[300] = '\0';
	call_up(id, 4000, "");
	id[299] = 'y';
	call_up(id, 4002, "");
	assert_int_equal(alg_call_count(fx.alg), 2);
	assert_true(alg_call_describe(alg_worker_of(fx.alg, 0), fx.worker.now_s, id, 300,
			    description, sizeof(description)) > 0);
	assert_non_null(strstr(description, ":4002"));
	assert_null(strstr(description, ":4000"));
	hang_up(id);
	assert_false(media_passes(FAR, "10.0.0.7:4002"));
	assert_true(media_passes(FAR, "10.0.0.7:4000"));
	id[299] = 'x';
	hang_up(id);
	assert_nothing_left();
}

/* Nobody makes long chains; who ends calls may go on. Ended in any order, the others are found. */
static void
calls_of_one_call_id_are_bounded(void **state)
{
	enum { BOUND = 64 };
	char tag[16];

	for (unsigned int i = 0; i < BOUND; i++) {
		snprintf(tag, sizeof(tag), "t%u", i);
		assert_int_equal(invite(A, "one", tag, 4000 + 2 * i), ALG_FORWARD);
	}
	assert_int_equal(invite(A, "one", "more", 4998), DROP_SIP_NO_CALL);
	assert_int_equal(counted(SIP_COUNT_NO_CALL), 1);
	assert_int_equal(invite(A, "other", "more", 4998), ALG_FORWARD);
	busy(A_OUT, "other", "more");
	assert_int_equal(alg_call_count(fx.alg), BOUND);
	for (unsigned int i = 0; i < BOUND; i++) {
		/* first, last and those in between */
		snprintf(tag, sizeof(tag), "t%u", i * 37 % BOUND);
		busy(A_OUT, "one", tag);
		assert_int_equal(alg_call_count(fx.alg), BOUND - 1);
		snprintf(tag, sizeof(tag), "u%u", i);
		assert_int_equal(invite(A, "one", tag, 4200 + 2 * i), ALG_FORWARD);
	}
	for (unsigned int i = 0; i < BOUND; i++) {
		snprintf(tag, sizeof(tag), "u%u", i * 29 % BOUND);
		busy(A_OUT, "one", tag);
		assert_int_equal(alg_call_count(fx.alg), BOUND - 1 - i);
	}
	assert_nothing_left();
	assert_int_equal(invite(A, "one", "again", 4000), ALG_FORWARD);
	busy(A_OUT, "one", "again");
	assert_nothing_left();
}

/* A proxy inside: the call comes in and goes out again, same Call-ID, same tags. */
static void
spiral_has_a_record_for_each_leg(void **state)
{
	fixture_send(A, P, CRLF);
	fixture_send(P, A_OUT,
		"INVITE sip:x@203.0.113.1 SIP/2.0" CRLF "Via: SIP/2.0/UDP 198.51.100.9" CRLF
		"From: <sip:c@x>;tag=c" CRLF "To: <sip:d@x>" CRLF "Call-ID: sp" CRLF
		"CSeq: 1 INVITE" CRLF "%s",
		far_sdp());
	fixture_send(A, "198.51.100.30:5060",
		"INVITE sip:x@198.51.100.30 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"Via: SIP/2.0/UDP 198.51.100.9" CRLF "From: <sip:c@x>;tag=c" CRLF
		"To: <sip:d@x>" CRLF "Call-ID: sp" CRLF "CSeq: 1 INVITE" CRLF "%s",
		far_sdp());
	assert_int_equal(alg_call_count(fx.alg), 2);
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 0);
	fixture_send("198.51.100.30:5060", A_OUT,
		"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP 203.0.113.1" CRLF
		"Via: SIP/2.0/UDP 198.51.100.9" CRLF "From: <sip:c@x>;tag=c" CRLF
		"To: <sip:d@x>;tag=d" CRLF "Call-ID: sp" CRLF "CSeq: 1 INVITE" CRLF CRLF);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_send(A, P,
		"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP 198.51.100.9" CRLF
		"From: <sip:c@x>;tag=c" CRLF "To: <sip:d@x>;tag=d" CRLF "Call-ID: sp" CRLF
		"CSeq: 1 INVITE" CRLF CRLF);
	assert_nothing_left();
}

/* Two phones inside and their proxy outside: one Call-ID, one pair of tags, out and in again. */
static void
each_leg_of_a_hairpin_is_its_own_record(void **state)
{
	char face[32], refusal[512];

	fixture_send(A, P, CRLF);
	fixture_send("10.0.0.8:5060", P, CRLF);
	snprintf(face, sizeof(face), "%s", outside_of("10.0.0.8:5060"));
	assert_int_equal(invite(A, "hp", "a", 4000), ALG_FORWARD);
	/* the proxy hands it on, with the caller's doors in it */
	fixture_send(P, face,
		"INVITE sip:b@%s SIP/2.0" CRLF "Via: SIP/2.0/UDP 198.51.100.9" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>" CRLF
		"Call-ID: hp" CRLF "CSeq: 1 INVITE" CRLF "%s",
		face, with_sdp(sdp_audio("203.0.113.1", 4000, "")));
	assert_int_equal(alg_call_count(fx.alg), 2);
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 0);
	assert_int_equal(nat_media_doors(fx.nat), 2);
	snprintf(refusal, sizeof(refusal),
		"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP 198.51.100.9" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: hp" CRLF "CSeq: 1 INVITE" CRLF CRLF);
	fixture_send("10.0.0.8:5060", P, "%s", refusal);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(nat_media_doors(fx.nat), 2); /* the caller's own, until it hears of it */
	busy(A_OUT, "hp", "a");
	assert_nothing_left();
}

/* Two inside hosts call each other by their outside addresses; media takes the same way. */
static void
hairpin_call_has_media_both_ways(void **state)
{
	char b_out[32], expected[128];

	fixture_send(A, P, CRLF);
	fixture_send("10.0.0.8:5060", P, CRLF);
	snprintf(b_out, sizeof(b_out), "%s", outside_of("10.0.0.8:5060"));
	fixture_send(A, b_out,
		"INVITE sip:b@%s SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>" CRLF "Call-ID: hp" CRLF
		"CSeq: 1 INVITE" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s",
		b_out, with_sdp(sdp_audio("10.0.0.7", 4000, "")));
	assert_non_null(strstr(fx.text, "INVITE sip:b@10.0.0.8"));
	assert_non_null(strstr(fx.text, "Contact: <sip:a@203.0.113.1>"));
	assert_non_null(strstr(fx.text, "c=IN IP4 203.0.113.1"));
	fixture_send("10.0.0.8:5060", A_OUT,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: hp" CRLF
		"CSeq: 1 INVITE" CRLF "Contact: <sip:b@10.0.0.8>" CRLF "%s",
		with_sdp(sdp_audio("10.0.0.8", 4000, "")));
	assert_non_null(strstr(fx.text, "Via: SIP/2.0/UDP 10.0.0.7" CRLF));
	snprintf(expected, sizeof(expected), "Contact: <sip:b@%s>", b_out);
	assert_non_null(strstr(fx.text, expected));
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(nat_media_doors(fx.nat), 4);
	/* the filter sees the hairpin's outside source */
	assert_true(media_passes(outside_of("10.0.0.8:4000"), "10.0.0.7:4000"));
	assert_true(media_passes(outside_of("10.0.0.7:4000"), "10.0.0.8:4000"));
	fixture_send("10.0.0.8:5060", A_OUT,
		"BYE sip:a@203.0.113.1 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.8" CRLF
		"From: <sip:b@x>;tag=b" CRLF "To: <sip:a@x>;tag=a" CRLF "Call-ID: hp" CRLF
		"CSeq: 1 BYE" CRLF CRLF);
	assert_non_null(strstr(fx.text, "BYE sip:a@10.0.0.7 "));
	fixture_send(A, b_out,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP %s" CRLF "From: <sip:b@x>;tag=b" CRLF
		"To: <sip:a@x>;tag=a" CRLF "Call-ID: hp" CRLF "CSeq: 1 BYE" CRLF CRLF,
		b_out);
	assert_non_null(strstr(fx.text, "Via: SIP/2.0/UDP 10.0.0.8" CRLF));
	assert_nothing_left();
}

static void
exhausted_ports_roll_the_message_back_whole(void **state)
{
	uint32_t pinholes, bindings;

	fixture_stop(state);
	/* 5060 and one pair of media ports */
	fixture_start_with(&(struct fixture_options){.first_port = 5060, .last_port = 5063});
	assert_int_equal(invite(A, "one", "a", 5062), ALG_FORWARD);
	assert_int_equal(nat_media_doors(fx.nat), 2);
	pinholes = pool_used(pinhole_pool(fx.pinholes));
	bindings = pool_used(nat_binding_pool(fx.nat));
	assert_int_equal(invite(A, "two", "a", 6000), DROP_SIP_NO_PORT);
	assert_int_equal(invite(A, "two", "a", 6000), DROP_SIP_NO_PORT);
	assert_false(fx.edited);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(nat_media_doors(fx.nat), 2);
	assert_int_equal(pool_used(pinhole_pool(fx.pinholes)), pinholes);
	assert_int_equal(pool_used(nat_binding_pool(fx.nat)), bindings);
	assert_int_equal(counted(SIP_COUNT_NO_PORT), 2);
	assert_true(media_passes(FAR, "10.0.0.7:5062")); /* the first call is as it was */
	busy("203.0.113.10:5060", "one", "a");
	assert_nothing_left();
}

static void
full_table_drops_and_later_takes_again(void **state)
{
	char id[32];
	unsigned int n = 0;

	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.max_calls = 8});
	do {
		snprintf(id, sizeof(id), "full-%u", n);
	} while (invite(A, id, "a", 10000 + 2 * n++) == ALG_FORWARD && n < 100);
	assert_int_equal(fx.verdict, DROP_SIP_NO_CALL);
	assert_int_equal(n, 8 + 1);
	assert_int_equal(counted(SIP_COUNT_NO_CALL), 1);
	busy(A_OUT, "full-0", "a");
	/* what has ended makes room at once, though it would stay a while */
	assert_int_equal(invite(A, "next", "a", 20000), ALG_FORWARD);
	busy(A_OUT, "next", "a");
	for (unsigned int i = 1; i < n - 1; i++) {
		snprintf(id, sizeof(id), "full-%u", i);
		busy(A_OUT, id, "a");
	}
	assert_nothing_left();
}

static void
ringing_is_renewed_by_each_provisional_response(void **state)
{
	assert_int_equal(invite(A, "ring", "a", 4000), ALG_FORWARD);
	for (int i = 0; i < 4; i++) {
		fixture_time(170);
		answer(A_OUT, "180 Ringing", "INVITE", 1, "ring", "a", CRLF);
		assert_int_equal(alg_call_count(fx.alg), 1);
		assert_true(media_passes(FAR, "10.0.0.7:4001"));
		assert_true(media_passes(P, A));
	}
	fixture_time(181);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

static void
session_interval_ends_a_call_without_refresh(void **state)
{
	fx.config.sip.media_inactivity_timeout = 0;
	call_up("se", 4000, "Session-Expires: 90;refresher=uac" CRLF);
	fixture_time(80);
	in_dialog("UPDATE", 2, "se");
	answer(A_OUT, "200 OK", "UPDATE", 2, "se", "a", "x: 90" CRLF CRLF);
	fixture_time(80);
	in_dialog("UPDATE", 3, "se");
	answer(A_OUT, "200 OK", "UPDATE", 3, "se", "a", "x: 90" CRLF CRLF);
	fixture_time(121);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(2);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

static void
longest_call_ends(void **state)
{
	fx.config.sip.media_inactivity_timeout = 0;
	call_up("long", 4000, "");
	fixture_time(43199);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(2);
	assert_nothing_left();
}

static void
silent_media_ends_a_call(void **state)
{
	call_up("mute", 4000, "");
	fixture_time(299);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(2);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

static void
unanswered_bye_ends_the_call_after_the_transaction(void **state)
{
	call_up("bye", 4000, "");
	in_dialog("BYE", 2, "bye");
	fixture_time(31);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(2);
	assert_nothing_left();
}

static void
challenged_bye_does_not_end_the_call(void **state)
{
	call_up("cb", 4000, "");
	in_dialog("BYE", 2, "cb");
	answer(A_OUT, "407 Auth", "BYE", 2, "cb", "a", CRLF);
	fixture_time(60);
	assert_int_equal(alg_call_count(fx.alg), 1);
	hang_up("cb");
	assert_nothing_left();
}

static void
clearing_calls_ends_them_and_clearing_nat_does_not(void **state)
{
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};
	uint32_t cursor = 0;

	call_up("c1", 4000, "");
	call_up("c2", 4002, "");
	while (!nat_clear_step(&fx.control, fx.nat, &cursor, 1000))
		;
	cursor = 0;
	while (!flow_clear_step(&fx.control, fx.flows, &cursor, 1000))
		;
	assert_int_equal(alg_call_count(fx.alg), 2);
	assert_int_equal(nat_media_doors(fx.nat), 4);
	alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	fixture_time(0);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 0);
	assert_nothing_left();
}

static void
show_tells_a_call_whole(void **state)
{
	struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	uint32_t now_s = fx.worker.now_s, cursor = 0;
	struct alg_call_summary page[4];
	char text[4096];

	call_up("show-me", 4000, "");
	call_up("show-two", 4002, "");
	assert_int_equal(alg_calls_page(worker, now_s, &cursor, NULL, 4, page), 2);
	assert_int_equal(cursor, 0);
	assert_string_equal(page[0].call_id, "show-me");
	assert_string_equal(page[0].from, "sip:a@10.0.0.7");
	assert_string_equal(page[0].state, "established");
	assert_int_equal(page[0].media_doors, 2);
	assert_int_equal(alg_calls_page(worker, now_s, &cursor, NULL, 1, page), 1);
	assert_int_equal(cursor, page[0].index);
	assert_int_equal(alg_calls_page(worker, now_s, &cursor, NULL, 4, page), 1);
	assert_string_equal(page[0].call_id, "show-two");
	assert_true(alg_call_describe(worker, now_s, "show-two", 8, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "state: established\n"));
	assert_non_null(strstr(text, "rtp: udp 10.0.0.7:4002 door 203.0.113.1:4002 pinhole\n"));
	assert_int_equal(alg_call_describe(worker, now_s, "none", 4, text, sizeof(text)), -ENOENT);
}

static void
register_with_expires_zero_closes_its_pinhole(void **state)
{
	static const char *const expires[] = {"Expires: 3600", "Expires: 0"};

	for (unsigned int i = 0; i < 2; i++) {
		fixture_send(A, P,
			"REGISTER sip:198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
			"From: <sip:a@x>;tag=r" CRLF "To: <sip:a@x>" CRLF "Call-ID: r" CRLF
			"CSeq: %u REGISTER" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s" CRLF CRLF,
			i + 1, expires[i]);
		fixture_send(P, A_OUT,
			"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1" CRLF
			"From: <sip:a@x>;tag=r" CRLF "To: <sip:a@x>;tag=s" CRLF "Call-ID: r" CRLF
			"CSeq: %u REGISTER" CRLF "%s" CRLF,
			i + 1, i == 0 ? "Contact: <sip:a@203.0.113.1>;expires=3600" CRLF : "");
		fixture_time(40);
		assert_int_equal(media_passes(P, A), i == 0);
	}
	assert_nothing_left();
}

static void
malformed_text_passes_or_drops_as_configured(void **state)
{
	static const char bad[] = "INVITE sip:x SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF CRLF;

	assert_int_equal(fixture_send(A, P, "%s", bad), ALG_FORWARD);
	assert_left(bad);
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.malformed = MALFORMED_DROP});
	assert_int_equal(fixture_send(A, P, "%s", bad), DROP_SIP_MALFORMED);
	assert_int_equal(fixture_send(A, P, CRLF CRLF), ALG_FORWARD);
	assert_int_equal(counted(SIP_COUNT_KEEPALIVE), 1);
}

static void
owner_is_found_by_either_form_of_the_call_id(void **state)
{
	static const char one[] = "INVITE sip:x SIP/2.0" CRLF "Call-ID: k" CRLF CRLF;
	static const char two[] = "SIP/2.0 200 OK" CRLF "X: y" CRLF "i: k" CRLF CRLF;
	struct hash128 id;

	assert_int_equal(alg_owner(fx.alg, one, sizeof(one) - 1, &id), 0);
	assert_int_equal(alg_owner(fx.alg, two, sizeof(two) - 1, &id), 0);
	assert_int_equal(alg_owner(fx.alg, CRLF CRLF, 4, &id), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(thousand_calls_of_a_trunk_are_independent),
		TEST(two_clients_with_one_call_id_do_not_collide),
		TEST(call_ids_of_1_255_256_and_400_bytes),
		TEST(long_call_ids_that_differ_in_their_last_byte_are_two_calls),
		TEST(calls_of_one_call_id_are_bounded),
		TEST(spiral_has_a_record_for_each_leg),
		TEST(each_leg_of_a_hairpin_is_its_own_record),
		TEST(hairpin_call_has_media_both_ways),
		TEST(exhausted_ports_roll_the_message_back_whole),
		TEST(full_table_drops_and_later_takes_again),
		TEST(ringing_is_renewed_by_each_provisional_response),
		TEST(session_interval_ends_a_call_without_refresh),
		TEST(longest_call_ends),
		TEST(silent_media_ends_a_call),
		TEST(unanswered_bye_ends_the_call_after_the_transaction),
		TEST(challenged_bye_does_not_end_the_call),
		TEST(clearing_calls_ends_them_and_clearing_nat_does_not),
		TEST(show_tells_a_call_whole),
		TEST(register_with_expires_zero_closes_its_pinhole),
		TEST(malformed_text_passes_or_drops_as_configured),
		TEST(owner_is_found_by_either_form_of_the_call_id),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
