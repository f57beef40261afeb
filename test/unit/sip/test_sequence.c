/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 20.16, 20.19; RFC 3262; RFC 4028: headers that are numbers.
 */
#include "sip/seconds.h"
#include "sip/sequence.h"
#include "sip_test.h"

static struct sip_cseq cseq;
static struct sip_rack rack;
static struct sip_session_expires session;
static uint32_t number;

static void
cseq_is_a_number_and_a_method(void **state)
{
	assert_true(sip_cseq_parse(text("4711 INVITE"), &cseq));
	assert_int_equal(cseq.number, 4711);
	assert_int_equal(cseq.method, SIP_INVITE);
	assert_slice(cseq.method_text, "INVITE");
	assert_true(sip_cseq_parse(text(" 0009\r\n  NEWMETHOD "), &cseq));
	assert_int_equal(cseq.number, 9);
	assert_int_equal(cseq.method, SIP_METHOD_OTHER);
	assert_true(sip_cseq_parse(text("2147483647 ACK"), &cseq));
	assert_int_equal(cseq.number, INT32_MAX);
	assert_true(sip_cseq_parse(text("0 invite"), &cseq));
	assert_int_equal(cseq.method, SIP_METHOD_OTHER);
}

static void
what_is_no_cseq(void **state)
{
	static const char *const wrong[] = {"", " ", "1", "1 ", "INVITE", "1INVITE", "-1 INVITE",
		"2147483648 INVITE", "4294967295 ACK", "4294967296 INVITE",
		"36893488147419103232 REGISTER", "1 IN VITE", "1 INVITE;x", "1 (INVITE)"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_cseq_parse(text(wrong[i]), &cseq));
}

static void
rack_names_a_response_and_its_request(void **state)
{
	assert_true(sip_rack_parse(text("776656 1 INVITE"), &rack));
	assert_int_equal(rack.response, 776656);
	assert_int_equal(rack.cseq.number, 1);
	assert_int_equal(rack.cseq.method, SIP_INVITE);
	assert_true(sip_rack_parse(text("4294967295 2147483647 INVITE"), &rack));
	assert_int_equal(rack.response, UINT32_MAX);
	assert_true(sip_rack_parse(text("1\t2 \r\n UPDATE "), &rack));
	assert_slice(rack.cseq.method_text, "UPDATE");
}

static void
what_is_no_rack(void **state)
{
	static const char *const wrong[] = {"", "1", "1 2", "1 INVITE", "0 1 INVITE",
		"4294967296 1 INVITE", "1 2147483648 INVITE", "1 4294967296 INVITE", "1 2 ",
		"1 2 INVITE x"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_rack_parse(text(wrong[i]), &rack));
}

static void
rseq_is_1_to_the_end_of_32_bits(void **state)
{
	assert_true(sip_rseq_parse(text(" 988789 "), &number));
	assert_int_equal(number, 988789);
	assert_true(sip_rseq_parse(text("4294967295"), &number));
	assert_int_equal(number, UINT32_MAX);
	assert_false(sip_rseq_parse(text("0"), &number));
	assert_false(sip_rseq_parse(text("4294967296"), &number));
	assert_false(sip_rseq_parse(text("1 2"), &number));
	assert_false(sip_rseq_parse(text(""), &number));
}

static void
expires_is_seconds(void **state)
{
	assert_true(sip_seconds_parse(text("3600"), &number));
	assert_int_equal(number, 3600);
	assert_true(sip_seconds_parse(text(" 0 "), &number));
	assert_int_equal(number, 0);
	assert_true(sip_seconds_parse(text("4294967295"), &number));
	assert_true(sip_seconds_parse(text("90 ;x=1"), &number));
	assert_int_equal(number, 90);
	assert_true(sip_seconds_parse(text("18000 (no hurry)"), &number));
	assert_false(sip_seconds_parse(text("4294967296"), &number));
	assert_false(sip_seconds_parse(text("Thu, 01 Dec 1994 16:00:00 GMT"), &number));
	assert_false(sip_seconds_parse(text("5 minutes"), &number));
	assert_false(sip_seconds_parse(text("-1"), &number));
	assert_false(sip_seconds_parse(text("1.5"), &number));
	assert_false(sip_seconds_parse(text(""), &number));
}

static void
session_expires_has_a_refresher(void **state)
{
	assert_true(sip_session_expires_parse(text("1800;refresher=uac"), &session));
	assert_int_equal(session.seconds, 1800);
	assert_int_equal(session.refresher, SIP_REFRESHER_UAC);
	assert_true(sip_session_expires_parse(text("90 ; x ; Refresher = UAS"), &session));
	assert_int_equal(session.seconds, 90);
	assert_int_equal(session.refresher, SIP_REFRESHER_UAS);
	assert_slice(session.parameters, "; x ; Refresher = UAS");
	assert_true(sip_session_expires_parse(text("4000"), &session));
	assert_int_equal(session.refresher, SIP_REFRESHER_NONE);
	assert_true(sip_session_expires_parse(text("4000;refresher=proxy"), &session));
	assert_int_equal(session.refresher, SIP_REFRESHER_NONE);
}

static void
what_is_no_session_expires(void **state)
{
	static const char *const wrong[] = {"", "x", ";refresher=uac", "10 20", "4294967296"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_session_expires_parse(text(wrong[i]), &session));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cseq_is_a_number_and_a_method),
		TEST(what_is_no_cseq),
		TEST(rack_names_a_response_and_its_request),
		TEST(what_is_no_rack),
		TEST(rseq_is_1_to_the_end_of_32_bits),
		TEST(expires_is_seconds),
		TEST(session_expires_has_a_refresher),
		TEST(what_is_no_session_expires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
