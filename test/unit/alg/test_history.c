/* SPDX-License-Identifier: BSD-3-Clause */
/* The messages of a call as its ladder shows them, from a history that is written over. */
#include <stdio.h>
#include <string.h>

#include "alg_fixture.h"
#include "alg_message.h"

#define A "10.0.0.7:5060"
#define P "198.51.100.9:5060"

enum { HISTORY = 16, ROWS = 64 };

static struct alg_history_row rows[ROWS];

/* All messages of a Call-ID, in pages of `page`. */
static unsigned int
history_of(const char *call_id, unsigned int page)
{
	const struct hash128 id = keyed_hash128(call_id, strlen(call_id));
	uint64_t cursor = 0;
	unsigned int count = 0;

	do {
		count += alg_history_page(
			alg_worker_of(fx.alg, 0), &id, &cursor, page, &rows[count]);
		assert_true(count + page <= ROWS);
	} while (cursor != 0);
	return count;
}

static void
invite(const char *call_id, const char *body)
{
	assert_int_equal(
		fixture_send(A, P,
			"INVITE sip:bob@198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK%s" CRLF
			"From: <sip:alice@10.0.0.7>;tag=a1" CRLF "To: <sip:bob@198.51.100.9>" CRLF
			"Call-ID: %s" CRLF "CSeq: 7 INVITE" CRLF
			"Contact: <sip:alice@10.0.0.7:5060>" CRLF "%s",
			call_id, call_id, body),
		ALG_FORWARD);
}

static void
answer(const char *call_id, const char *status, const char *method)
{
	fixture_send(P, "203.0.113.1:5060",
		"SIP/2.0 %s" CRLF "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK%s" CRLF
		"From: <sip:alice@203.0.113.1>;tag=a1" CRLF "To: <sip:bob@198.51.100.9>;tag=b1" CRLF
		"Call-ID: %s" CRLF "CSeq: 7 %s" CRLF "Content-Length: 0" CRLF CRLF,
		status, call_id, call_id, method);
}

static void
options(const char *call_id)
{
	fixture_send(A, P,
		"OPTIONS sip:bob@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKo" CRLF
		"From: <sip:alice@10.0.0.7>;tag=a1" CRLF "To: <sip:bob@198.51.100.9>" CRLF
		"Call-ID: %s" CRLF "CSeq: 1 OPTIONS" CRLF "Content-Length: 0" CRLF CRLF,
		call_id);
}

static void
a_call_has_its_messages_in_order_with_what_they_did(void **state)
{
	invite("one", with_sdp(sdp_audio("10.0.0.7", 4000, "")));
	options("other");
	answer("one", "180 Ringing", "INVITE");
	answer("one", "486 Busy Here", "INVITE");
	for (unsigned int page = 1; page <= 4; page++) {
		assert_int_equal(history_of("one", page), 3);
		assert_string_equal(rows[0].method, "INVITE");
		assert_int_equal(rows[0].status, 0);
		assert_int_equal(rows[0].cseq, 7);
		assert_int_equal(rows[0].proto, IPPROTO_UDP);
		assert_string_equal(rows[0].dropped, "");
		/* Via, From, Contact, o=, c=, m=, Content-Length */
		assert_true(rows[0].edits >= 6);
		/* RTP, RTCP, and where the Contact leads */
		assert_true(rows[0].doors_opened >= 2);
		assert_true(rows[0].pinholes_opened >= 2);
		assert_int_equal(rows[0].doors_closed, 0);
		assert_int_equal(rows[1].status, 180);
		assert_int_equal(rows[1].doors_opened, 0);
		assert_int_equal(rows[2].status, 486);
		assert_true(rows[2].doors_closed >= 2);
		assert_true(rows[0].number < rows[1].number && rows[1].number < rows[2].number);
	}
	assert_int_equal(history_of("other", 4), 1);
	assert_string_equal(rows[0].method, "OPTIONS");
	assert_int_equal(history_of("nobody", 4), 0);
}

/* Of 40 messages the last 16 are there. */
static void
the_oldest_is_written_over(void **state)
{
	char call_id[24];

	for (int i = 0; i < 40; i++) {
		snprintf(call_id, sizeof(call_id), "call-%d", i);
		options(call_id);
	}
	for (int i = 0; i < 40; i++) {
		snprintf(call_id, sizeof(call_id), "call-%d", i);
		assert_int_equal(history_of(call_id, 8), i >= 40 - HISTORY);
	}
}

static void
what_is_dropped_says_why(void **state)
{
	const char *busy = with_sdp(sdp_audio("10.0.0.7", 4000, ""));
	char text[2048];

	snprintf(text, sizeof(text), "%s", busy);
	invite("first", text);
	assert_int_equal(
		fixture_send(A, P,
			"INVITE sip:bob@198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKs" CRLF
			"From: <sip:alice@10.0.0.7>;tag=a1" CRLF "To: <sip:bob@198.51.100.9>" CRLF
			"Call-ID: second" CRLF "CSeq: 7 INVITE" CRLF
			"Contact: <sip:alice@10.0.0.7:5060>" CRLF "%s",
			text),
		DROP_SIP_LIMIT);
	assert_int_equal(history_of("second", 4), 1);
	assert_string_equal(rows[0].dropped, drop_reason_name(DROP_SIP_LIMIT));
	assert_int_equal(rows[0].edits, 0);
}

static void
it_can_be_switched_off(void **state)
{
	options("any");
	assert_int_equal(history_of("any", 4), 0);
}

/* RCU lets tables go once what was in them has gone. */
static int
stop(void **state)
{
	fixture_time(400);
	fixture_time(400);
	return fixture_stop(state);
}

static int
start(void **state)
{
	fixture_start_with(&(struct fixture_options){.history = HISTORY});
	return 0;
}

static int
start_with_limit(void **state)
{
	fixture_start_with(&(struct fixture_options){.history = HISTORY, .max_calls_per_host = 1});
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_call_has_its_messages_in_order_with_what_they_did, start, stop),
		cmocka_unit_test_setup_teardown(the_oldest_is_written_over, start, stop),
		cmocka_unit_test_setup_teardown(what_is_dropped_says_why, start_with_limit, stop),
		cmocka_unit_test_setup_teardown(it_can_be_switched_off, fixture_start, stop),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
