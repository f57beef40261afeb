/* SPDX-License-Identifier: BSD-3-Clause */
/* What is counted, and for which pair of zones. */
#include <stdio.h>
#include <string.h>

#include "alg_message.h"
#include "core/drop.h"

enum { INSIDE = ZONE_FIRST, OUTSIDE = ZONE_FIRST + 1 };

#define SDP     sdp_audio("10.0.0.7", 4000, "")
#define FAR_SDP sdp_audio("198.51.100.20", 7000, "")

static uint32_t
outward(enum sip_counter counter)
{
	return (uint32_t)sip_statistics_pair(fx.alg, INSIDE, OUTSIDE, counter);
}

static uint32_t
inward(enum sip_counter counter)
{
	return (uint32_t)sip_statistics_pair(fx.alg, OUTSIDE, INSIDE, counter);
}

static void
each_zone_pair_counts_its_own(void **state)
{
	call_up(SDP, FAR_SDP);
	assert_int_equal(outward(SIP_COUNT_INVITE), 1);
	assert_int_equal(outward(SIP_COUNT_R200), 1);
	assert_int_equal(outward(SIP_COUNT_ACK), 1);
	assert_int_equal(outward(SIP_COUNT_CALL_MADE), 1);
	assert_int_equal(outward(SIP_COUNT_MEDIA_OPENED), 4);
	for (unsigned int i = 0; i < SIP_COUNTERS; i++)
		assert_int_equal(inward((enum sip_counter)i), 0);

	/* a request of the other side, and its answer, on the same flow */
	in_request("UPDATE", 5, ";tag=b", NULL);
	out_response("200 OK", 5, "UPDATE", ";tag=b", NULL);
	assert_int_equal(inward(SIP_COUNT_UPDATE), 1);
	assert_int_equal(inward(SIP_COUNT_R200), 1);
	assert_int_equal(inward(SIP_COUNT_OK_UPDATE), 1);
	assert_int_equal(outward(SIP_COUNT_UPDATE), 0);
	assert_int_equal(outward(SIP_COUNT_R200), 1);

	/* it hangs up: the message is its own, what ends is what the INVITE began */
	in_request("BYE", 6, ";tag=b", NULL);
	out_response("200 OK", 6, "BYE", ";tag=b", NULL);
	assert_int_equal(inward(SIP_COUNT_BYE), 1);
	assert_int_equal(inward(SIP_COUNT_CALL_ENDED), 0);
	assert_int_equal(outward(SIP_COUNT_CALL_ENDED), 1);
	assert_int_equal(outward(SIP_COUNT_MEDIA_CLOSED), 4);
	assert_nothing_left();
}

static void
timers_count_for_the_pair_of_their_call(void **state)
{
	out_request("OPTIONS", 1, "", NULL);
	in_request("INVITE", 1, ";tag=b", FAR_SDP); /* in a dialog unknown here */
	in_request("OPTIONS", 2, ";tag=b", NULL);
	fixture_time(181);
	out_request("OPTIONS", 2, "", NULL);
	assert_int_equal(inward(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_int_equal(inward(SIP_COUNT_CALL_ENDED), 1);
	assert_int_equal(inward(SIP_COUNT_REINVITE), 1);
	assert_int_equal(outward(SIP_COUNT_CALL_TIMED_OUT), 0);
	assert_nothing_left();
}

static void
unreadable_text_counts_where_it_goes(void **state)
{
	out_request("OPTIONS", 1, "", NULL);
	fixture_send(A, P, "INVITE sip:x SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF CRLF);
	assert_int_equal(outward(SIP_COUNT_INVITE), 1);
	assert_int_equal(outward(SIP_COUNT_MALFORMED), 1);
	fixture_send(P, A_OUT, "SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF CRLF);
	assert_int_equal(outward(SIP_COUNT_R4XX), 1);
	assert_int_equal(outward(SIP_COUNT_MALFORMED), 2);
	fixture_send(P, A_OUT, CRLF CRLF);
	assert_int_equal(inward(SIP_COUNT_KEEPALIVE), 1);
}

static void
pairs_add_up_to_the_sum(void **state)
{
	static const char *const methods[] = {"ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE",
		"NOTIFY", "OPTIONS", "PRACK", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE",
		"STRANGE"};
	uint32_t zones = OUTSIDE + 1, all = 0;

	for (unsigned int i = 0; i < 15; i++) {
		out_request(methods[i], 10 + i, "", NULL);
		in_response("200 OK", 10 + i, methods[i], ";tag=b", NULL);
		in_response("202 Accepted", 10 + i, methods[i], ";tag=b", NULL);
		in_request(methods[i], 10 + i, ";tag=z", NULL);
		out_response("404 Not Found", 10 + i, methods[i], ";tag=z", NULL);
	}
	fixture_send(A, P, "nonsense, and a lot of it" CRLF CRLF);
	fixture_time(400);
	for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
		uint64_t sum = 0;

		for (unsigned int pair = 0; pair < zones * zones; pair++)
			sum += sip_statistics_pair(fx.alg, (uint8_t)(pair / zones),
				(uint8_t)(pair % zones), (enum sip_counter)i);
		assert_int_equal(sum, sip_statistics_sum(fx.alg, (enum sip_counter)i));
		all += sum > 0;
	}
	assert_true(all > 35);
	for (int i = SIP_COUNT_ACK; i <= SIP_COUNT_OTHER_METHOD; i++) {
		assert_int_equal(outward((enum sip_counter)i), 1);
		assert_int_equal(inward((enum sip_counter)i), 1);
	}
	/* 200 is told apart by method, with the sum of all beside it; ACK has no counter there */
	for (int i = SIP_COUNT_OK_BYE; i < SIP_COUNT_OK_OTHER; i++)
		assert_int_equal(outward((enum sip_counter)i), 1);
	assert_int_equal(outward(SIP_COUNT_OK_OTHER), 2);
	assert_int_equal(outward(SIP_COUNT_R200), 15);
	assert_int_equal(outward(SIP_COUNT_R2XX), 15);
	assert_int_equal(inward(SIP_COUNT_R4XX), 15);
	assert_int_equal(outward(SIP_COUNT_EDITED) + outward(SIP_COUNT_UNEDITED), 15 + 30);
	assert_int_equal(sip_statistics_pair(fx.alg, 200, 0, SIP_COUNT_INVITE), 0);
}

/* Each in its class, and in no other. */
static void
every_status_counts_in_one_class(void **state)
{
	static const struct {
		unsigned int status;
		enum sip_counter counter;
	} rows[] = {{100, SIP_COUNT_R100}, {101, SIP_COUNT_R1XX}, {180, SIP_COUNT_R180},
		{181, SIP_COUNT_R1XX}, {182, SIP_COUNT_R1XX}, {183, SIP_COUNT_R183},
		{199, SIP_COUNT_R1XX}, {200, SIP_COUNT_R200}, {202, SIP_COUNT_R2XX},
		{204, SIP_COUNT_R2XX}, {299, SIP_COUNT_R2XX}, {300, SIP_COUNT_R3XX},
		{302, SIP_COUNT_R3XX}, {400, SIP_COUNT_R4XX}, {401, SIP_COUNT_R4XX},
		{486, SIP_COUNT_R4XX}, {499, SIP_COUNT_R4XX}, {500, SIP_COUNT_R5XX},
		{503, SIP_COUNT_R5XX}, {600, SIP_COUNT_R6XX}, {606, SIP_COUNT_R6XX},
		{699, SIP_COUNT_R6XX}};
	char status[16];

	out_request("OPTIONS", 1, "", NULL);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		snprintf(status, sizeof(status), "%u Said", rows[i].status);
		sip_statistics_clear(fx.alg);
		in_response(status, 1, "OPTIONS", ";tag=b", NULL);
		for (int c = SIP_COUNT_R100; c <= SIP_COUNT_R6XX; c++)
			assert_int_equal(counted((enum sip_counter)c), c == (int)rows[i].counter);
		for (int c = SIP_COUNT_ACK; c <= SIP_COUNT_OTHER_METHOD; c++)
			assert_int_equal(counted((enum sip_counter)c), 0);
	}
}

/* Each under its own name, in the letters it has; any other is another method. */
static void
every_method_counts_under_its_name(void **state)
{
	static const struct {
		const char *method;
		enum sip_counter counter;
	} rows[] = {{"ACK", SIP_COUNT_ACK}, {"BYE", SIP_COUNT_BYE}, {"CANCEL", SIP_COUNT_CANCEL},
		{"INFO", SIP_COUNT_INFO}, {"INVITE", SIP_COUNT_INVITE},
		{"MESSAGE", SIP_COUNT_MESSAGE}, {"NOTIFY", SIP_COUNT_NOTIFY},
		{"OPTIONS", SIP_COUNT_OPTIONS}, {"PRACK", SIP_COUNT_PRACK},
		{"PUBLISH", SIP_COUNT_PUBLISH}, {"REFER", SIP_COUNT_REFER},
		{"REGISTER", SIP_COUNT_REGISTER}, {"SUBSCRIBE", SIP_COUNT_SUBSCRIBE},
		{"UPDATE", SIP_COUNT_UPDATE}, {"invite", SIP_COUNT_OTHER_METHOD},
		{"INVITES", SIP_COUNT_OTHER_METHOD}, {"X", SIP_COUNT_OTHER_METHOD}};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		sip_statistics_clear(fx.alg);
		out_request(rows[i].method, 1 + i, "", NULL);
		for (int c = SIP_COUNT_ACK; c <= SIP_COUNT_OTHER_METHOD; c++)
			assert_int_equal(counted((enum sip_counter)c), c == (int)rows[i].counter);
		assert_string_equal(sip_counter_name(rows[i].counter),
			rows[i].counter == SIP_COUNT_OTHER_METHOD ? "other_methods"
								  : rows[i].method);
	}
}

static void
clearing_begins_every_pair_anew(void **state)
{
	call_up(SDP, FAR_SDP);
	sip_statistics_clear(fx.alg);
	for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
		assert_int_equal(counted((enum sip_counter)i), 0);
		assert_int_equal(outward((enum sip_counter)i), 0);
	}
	out_request("BYE", 90, ";tag=b", NULL);
	in_response("200 OK", 90, "BYE", ";tag=b", NULL);
	assert_int_equal(outward(SIP_COUNT_BYE), 1);
	assert_int_equal(counted(SIP_COUNT_CALL_ENDED), 1);
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(each_zone_pair_counts_its_own),
		TEST(timers_count_for_the_pair_of_their_call),
		TEST(unreadable_text_counts_where_it_goes),
		TEST(pairs_add_up_to_the_sum),
		TEST(every_status_counts_in_one_class),
		TEST(every_method_counts_under_its_name),
		TEST(clearing_begins_every_pair_anew),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
