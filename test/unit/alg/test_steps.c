/* SPDX-License-Identifier: BSD-3-Clause */
/* What an operator asks of many calls is done in steps, so that packets do not wait. */
#include <stdio.h>
#include <string.h>

#include "alg_fixture.h"

#define A     "10.0.0.7:5060"
#define A_OUT "203.0.113.1:5060"
#define P     "198.51.100.9:5060"

enum { CALLS = 2000 };

static void
invite(unsigned int call)
{
	assert_int_equal(
		fixture_send(A, P,
			"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
			"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>" CRLF
			"Call-ID: call-%u" CRLF "CSeq: 1 INVITE" CRLF
			"Contact: <sip:a@10.0.0.7>" CRLF "%s",
			call, with_sdp(sdp_audio("10.0.0.7", 10000 + 2 * call, ""))),
		ALG_FORWARD);
}

static void
busy(unsigned int call)
{
	assert_int_equal(
		fixture_send(P, A_OUT,
			"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP 203.0.113.1" CRLF
			"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
			"Call-ID: call-%u" CRLF "CSeq: 1 INVITE" CRLF CRLF,
			call),
		ALG_FORWARD);
}

static void
many_calls(void)
{
	for (unsigned int i = 0; i < CALLS; i++)
		invite(i);
	assert_int_equal(alg_call_count(fx.alg), CALLS);
}

/* The control lcore's and the mailbox's part, without further steps of the worker. */
static void
due_calls_end(void)
{
	struct mail mail;

	for (unsigned int i = 0; i < CALLS; i++) {
		alg_sweep(&fx.control, fx.alg, fx.mailboxes, 100);
		while (mailbox_take(fx.mailbox, &mail, 1) > 0)
			alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	}
}

static void
clearing_many_calls_goes_in_steps(void **state)
{
	struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};
	unsigned int steps = 0;
	uint32_t left;

	many_calls();
	assert_false(alg_poll(&fx.worker, worker));
	alg_mail(&fx.worker, worker, &mail);
	due_calls_end();
	assert_int_equal(alg_call_count(fx.alg), CALLS);
	for (left = CALLS; alg_poll(&fx.worker, worker); left = alg_call_count(fx.alg)) {
		due_calls_end();
		assert_true(alg_call_count(fx.alg) < left);
		assert_true(left - alg_call_count(fx.alg) <= CALLS / 3);
		steps++;
	}
	assert_true(steps > 3);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 0);
	assert_nothing_left();
}

static void
call_that_begins_while_others_are_cleared_stays(void **state)
{
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	many_calls();
	alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	alg_poll(&fx.worker, alg_worker_of(fx.alg, 0));
	due_calls_end();
	fx.worker.now_s = ++fx.control.now_s;
	invite(CALLS);
	while (alg_poll(&fx.worker, alg_worker_of(fx.alg, 0)))
		due_calls_end();
	due_calls_end();
	assert_int_equal(alg_call_count(fx.alg), 1);
	busy(CALLS);
	assert_nothing_left();
}

/* Few calls in a long table: a page looks at a part of it, and says where to go on. */
static void
pages_of_a_sparse_table_come_in_steps(void **state)
{
	struct alg_call_summary page[4];
	unsigned int found = 0, steps = 0;
	uint32_t cursor = 0;

	many_calls();
	for (unsigned int i = 0; i < CALLS - 1; i++)
		busy(i);
	do {
		found += alg_calls_page(
			alg_worker_of(fx.alg, 0), fx.worker.now_s, &cursor, NULL, 4, page);
		steps++;
	} while (cursor);
	assert_int_equal(found, 1);
	assert_string_equal(page[0].call_id, "call-1999");
	assert_true(steps > 3);
	busy(CALLS - 1);
	assert_nothing_left();
}

/* How many calls fit, over all pages. */
static unsigned int
fitting(const struct alg_call_filter filter)
{
	struct alg_call_summary page[4];
	unsigned int found = 0;
	uint32_t cursor = 0;

	do {
		found += alg_calls_page(
			alg_worker_of(fx.alg, 0), fx.worker.now_s, &cursor, &filter, 4, page);
	} while (cursor);
	return found;
}

static void
pages_hold_what_fits(void **state)
{
	const rte_be32_t caller = inet_addr("10.0.0.7"), nobody = inet_addr("10.0.0.9");
	const rte_be32_t door = inet_addr("203.0.113.1");

	many_calls();
	assert_int_equal(fitting((struct alg_call_filter){.call_id = ""}), CALLS);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "call-199"}), 11);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "-1234"}), 1);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "call-1234-"}), 0);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "", .host = caller}), CALLS);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "", .host = door}), CALLS);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "", .host = nobody}), 0);
	assert_int_equal(fitting((struct alg_call_filter){.call_id = "-12", .host = caller}), 111);
	/* The zones of the INVITE: from inside (2) to outside (3). */
	assert_int_equal(
		fitting((struct alg_call_filter){
			.call_id = "", .zones = true, .source_zone = 2, .destination_zone = 3}),
		CALLS);
	assert_int_equal(
		fitting((struct alg_call_filter){
			.call_id = "", .zones = true, .source_zone = 3, .destination_zone = 2}),
		0);
	fixture_time(181);
	assert_nothing_left();
}

static void
describe_finds_one_among_many(void **state)
{
	char text[4096];

	many_calls();
	assert_true(alg_call_describe(alg_worker_of(fx.alg, 0), fx.worker.now_s, "call-1234", 9,
			    text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "call_id: call-1234\n"));
	assert_null(strstr(text, "call_id: call-1235\n"));
	fixture_time(181);
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(clearing_many_calls_goes_in_steps),
		TEST(call_that_begins_while_others_are_cleared_stays),
		TEST(pages_of_a_sparse_table_come_in_steps),
		TEST(pages_hold_what_fits),
		TEST(describe_finds_one_among_many),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
