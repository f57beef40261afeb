/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of a call when it has ended, and that nobody waits for whoever writes it down. */
#include <stdio.h>
#include <string.h>

#include "alg/call_record_priv.h"
#include "alg_between.h"
#include "core/counter.h"

enum { ROOM = CALL_RECORD_RING - 1 }; /* a ring keeps a place free */

static struct call_record taken[8];

/* What a call held is given back in time, or its tables could not be taken down. */
static int
stop(void **state)
{
	assert_nothing_left();
	return fixture_stop(state);
}

static int
start(void **state)
{
	fixture_start_with(
		&(struct fixture_options){.records = true, .small = true, .max_calls = 256});
	return 0;
}

static unsigned int
take(void)
{
	return alg_call_records_take(fx.alg, taken, RTE_DIM(taken));
}

/* The one call has ended. */
static const struct call_record *
take_one(void)
{
	assert_int_equal(take(), 1);
	assert_memory_equal(taken[0].call_id, "m", taken[0].call_id_length);
	assert_int_equal(alg_call_count(fx.alg), 0);
	return &taken[0];
}

static void
nothing_is_told_unless_asked_for(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	call_down();
	assert_int_equal(take(), 0);
	assert_false(alg_calls_finish(&fx.control, fx.alg, 1));
}

static void
unanswered_bye_is_a_bye(void **state)
{
	const struct call_record *record;

	call_up(NEAR(4000), FAR(7000));
	in_request("BYE", 5, ";tag=b", NULL);
	assert_int_equal(take(), 0);
	fixture_time(33);
	record = take_one();
	assert_int_equal(record->reason, CALL_RECORD_BYE);
	assert_int_equal(record->bye, 2);
	assert_true(record->stream[0].agreed[0] && record->stream[0].agreed[1]);
}

static void
lost_dialog_is_told_with_its_status(void **state)
{
	const struct call_record *record;

	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4000));
	in_response("481 Gone", 2, "INVITE", ";tag=b", NULL);
	record = take_one();
	assert_int_equal(record->reason, CALL_RECORD_DIALOG_GONE);
	assert_int_equal(record->status, 481);
}

static void
refusal_of_a_later_offer_is_no_reason(void **state)
{
	const struct call_record *record;

	call_up(NEAR(4000), FAR(7000));
	out_request("INVITE", 2, ";tag=b", NEAR(4000));
	in_response("491 Pending", 2, "INVITE", ";tag=b", NULL);
	call_down();
	record = take_one();
	assert_int_equal(record->reason, CALL_RECORD_BYE);
	assert_int_equal(record->status, 0);
}

static void
credentials_that_never_come_are_a_refusal(void **state)
{
	const struct call_record *record;

	out_request("INVITE", 1, "", NEAR(4000));
	in_response("401 Who", 1, "INVITE", ";tag=b", NULL);
	fixture_time(33);
	record = take_one();
	assert_int_equal(record->reason, CALL_RECORD_REFUSED);
	assert_int_equal(record->status, 401);
	assert_int_equal(record->answer_ms, 0);
}

static void
call_older_than_callgate_has_no_first_invite(void **state)
{
	const struct call_record *record;

	out_request("INVITE", 7, ";tag=b", NEAR(4000));
	in_response("200 OK", 7, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 7, ";tag=b", NULL);
	out_request("BYE", 8, ";tag=b", NULL);
	in_response("200 OK", 8, "BYE", ";tag=b", NULL);
	record = take_one();
	assert_true(record->older);
	assert_int_equal(record->reason, CALL_RECORD_BYE);
}

static void
cleared_calls_are_told_as_such(void **state)
{
	const struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	call_up(NEAR(4000), FAR(7000));
	mailbox_post(fx.mailbox, &mail);
	fixture_time(1);
	fixture_time(1);
	assert_int_equal(take_one()->reason, CALL_RECORD_CLEARED);
}

static void
calls_that_stand_end_with_callgate(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	while (alg_calls_finish(&fx.control, fx.alg, 1))
		;
	assert_int_equal(take_one()->reason, CALL_RECORD_SHUTDOWN);
}

static void
refused_call(unsigned int number)
{
	fixture_send(A, P,
		"INVITE sip:b@x SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK%u" CRLF
		"From: <sip:a@x>;tag=a%u" CRLF "To: <sip:b@x>" CRLF "Call-ID: n%u" CRLF
		"CSeq: 1 INVITE" CRLF CRLF,
		number, number, number);
	fixture_send(P, A_OUT,
		"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP " A_OUT ";branch=z9hG4bK%u" CRLF
		"From: <sip:a@x>;tag=a%u" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: n%u" CRLF
		"CSeq: 1 INVITE" CRLF CRLF,
		number, number, number);
}

static void
what_nobody_takes_is_counted(void **state)
{
	const uint64_t before = counters_event_sum(EVENT_CDR_DROPPED);
	unsigned int count = 0, got;

	for (unsigned int i = 0; i < ROOM + 3; i++)
		refused_call(i);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_int_equal(counters_event_sum(EVENT_CDR_DROPPED) - before, 3);
	while ((got = take()) > 0) {
		for (unsigned int i = 0; i < got; i++, count++) {
			char id[16];

			snprintf(id, sizeof(id), "n%u", count);
			assert_int_equal(taken[i].call_id_length, strlen(id));
			assert_memory_equal(taken[i].call_id, id, strlen(id));
			assert_int_equal(taken[i].status, 486);
		}
	}
	assert_int_equal(count, ROOM);
	refused_call(count + 10);
	assert_int_equal(take(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_is_told_unless_asked_for, fixture_start, fixture_stop),
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(unanswered_bye_is_a_bye),
		TEST(lost_dialog_is_told_with_its_status),
		TEST(refusal_of_a_later_offer_is_no_reason),
		TEST(credentials_that_never_come_are_a_refusal),
		TEST(call_older_than_callgate_has_no_first_invite),
		TEST(cleared_calls_are_told_as_such),
		TEST(calls_that_stand_end_with_callgate),
		TEST(what_nobody_takes_is_counted),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
