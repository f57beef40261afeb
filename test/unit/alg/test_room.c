/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is room for, of all calls together and of one subscription. */

#include "alg_between.h"
#include "core/drop.h"

/* Sixteen streams of the phone inside: 32 endpoints, and some of its signalling. */
static const char *
many_streams(void)
{
	static char lines[1024];
	size_t length = 0;

	for (unsigned int i = 1; i < 16; i++)
		length += (size_t)snprintf(lines + length, sizeof(lines) - length,
			"m=audio %u RTP/AVP 0" CRLF, 20000 + 2 * i);
	return sdp_audio("10.0.0.7", 20000, lines);
}

static int
invite(unsigned int call)
{
	return fixture_send(A, P,
		"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK%u" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>" CRLF
		"Call-ID: room-%u" CRLF "CSeq: 1 INVITE" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s",
		call, call, with_sdp(many_streams()));
}

static void
call_goes_on_when_no_endpoint_is_left(void **state)
{
	unsigned int calls = 0, pinholes;

	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.max_calls = 8});
	call_up(NEAR(4000), FAR(7000));
	while (invite(calls) == ALG_FORWARD && calls < 8)
		calls++;
	assert_int_equal(fx.verdict, DROP_SIP_NO_MEDIA);
	assert_in_range(calls, 1, 7);
	assert_int_equal(counted(SIP_COUNT_NO_ENDPOINT), 1);
	assert_int_equal(alg_call_count(fx.alg), 1 + calls);
	pinholes = pinhole_media_count(fx.pinholes);

	/* Of the call that stands, too; the client tries again. */
	for (unsigned int i = 0; i < 2; i++) {
		fixture_send(A, P,
			"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKagain" CRLF
			"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
			"Call-ID: m" CRLF "CSeq: 2 INVITE" CRLF "%s",
			with_sdp(many_streams()));
		assert_int_equal(fx.verdict, DROP_SIP_NO_MEDIA);
	}
	assert_int_equal(counted(SIP_COUNT_NO_ENDPOINT), 3);
	assert_int_equal(pinhole_media_count(fx.pinholes), pinholes);
	assert_true(open_inside(4000));
	assert_true(open_outside(7000));
	/* What needs none passes: the same media at the same place, another method, the end. */
	out_request("UPDATE", 3, ";tag=b", NEAR(4000));
	in_response("200 OK", 3, "UPDATE", ";tag=b", FAR(7000));
	out_request("INFO", 4, ";tag=b", NULL);
	assert_true(open_inside(4000));
	out_request("BYE", 90, ";tag=b", NULL);
	in_response("200 OK", 90, "BYE", ";tag=b", NULL);
	assert_false(open_inside(4000));
	fixture_time(400);
	assert_nothing_left();
	assert_int_equal(invite(100), ALG_FORWARD);
	fixture_time(400);
	assert_nothing_left();
}

static void
subscribe(unsigned int call, unsigned int contacts)
{
	char text[4096];
	size_t length = 0;

	for (unsigned int i = 0; i < contacts; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
			"Contact: <sip:a@10.0.0.7:%u>" CRLF, 6000 + i);
	fixture_send(A, P,
		"SUBSCRIBE sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKs%u" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>" CRLF
		"Call-ID: watch-%u" CRLF "CSeq: 1 SUBSCRIBE" CRLF "Event: presence" CRLF "%s" CRLF,
		call, call, text);
	assert_int_equal(fx.verdict, ALG_FORWARD);
	fixture_send(P, A_OUT,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKs%u" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: watch-%u" CRLF "CSeq: 1 SUBSCRIBE" CRLF "Event: presence" CRLF
		"Expires: 600" CRLF CRLF,
		call, call);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

static unsigned int
open_contacts(unsigned int contacts)
{
	unsigned int count = 0;
	char to[32];

	for (unsigned int i = 0; i < contacts; i++) {
		snprintf(to, sizeof(to), "10.0.0.7:%u", 6000 + i);
		count += media_passes(P, to);
	}
	return count;
}

static void
endpoints_of_a_subscription_are_counted_beyond_32(void **state)
{
	subscribe(1, 32);
	assert_int_equal(counted(SIP_COUNT_TOO_MANY_CONTACTS), 0);
	fixture_time(100);
	assert_int_equal(open_contacts(32), 32);
	fixture_time(700);
	assert_int_equal(open_contacts(32), 0);
	subscribe(2, 40);
	assert_int_equal(counted(SIP_COUNT_TOO_MANY_CONTACTS), 1);
	fixture_time(100);
	assert_int_equal(open_contacts(40), 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(call_goes_on_when_no_endpoint_is_left),
		TEST(endpoints_of_a_subscription_are_counted_beyond_32),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
