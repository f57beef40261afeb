/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers beyond what there may be: CSeq, RAck, Session-Expires. */

#include "alg_between.h"

static const char *const beyond[] = {"2147483648", "4294967295", "4294967296", "4294967297",
	"18446744073709551617", "99999999999999999999", "-1", ""};

/* A message of the call "m" with a CSeq as it stands there; it leaves as it came. */
static void
send_numbered(bool out, const char *start, const char *to_tag, const char *cseq, const char *method,
	const char *sdp)
{
	char before[TEXT_MAX];

	snprintf(before, sizeof(before),
		"%s" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK-m%s" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>%s" CRLF
		"Call-ID: m" CRLF "CSeq: %s %s" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s",
		start, out ? "10.0.0.7" : "203.0.113.1", method, to_tag, cseq, method,
		sdp ? with_sdp(sdp) : CRLF);
	fixture_send(out ? A : P, out ? P : A_OUT, "%s", before);
	assert_int_equal(fx.verdict, ALG_FORWARD);
	assert_left(before);
}

static void
cseq_from_2_31_on_keeps_no_state(void **state)
{
	for (unsigned int i = 0; i < RTE_DIM(beyond); i++) {
		send_numbered(true, "INVITE sip:b@198.51.100.9 SIP/2.0", "", beyond[i], "INVITE",
			NEAR(4000));
		assert_int_equal(counted(SIP_COUNT_ERROR_CSEQ), i + 1);
	}
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 0);
	assert_nothing_left();
}

static void
cseq_from_2_31_on_changes_no_call(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	for (unsigned int i = 0; i < RTE_DIM(beyond); i++) {
		send_numbered(true, "INVITE sip:b@198.51.100.9 SIP/2.0", ";tag=b", beyond[i],
			"INVITE", NEAR(4100));
		send_numbered(
			true, "BYE sip:b@198.51.100.9 SIP/2.0", ";tag=b", beyond[i], "BYE", NULL);
		send_numbered(false, "SIP/2.0 200 OK", ";tag=b", beyond[i], "BYE", NULL);
	}
	assert_int_equal(counted(SIP_COUNT_ERROR_CSEQ), 3 * RTE_DIM(beyond));
	fixture_time(40);
	assert_between(4000, 7000);
	/* The next request counts on from the call's own numbers; up to the highest there is. */
	out_request("UPDATE", 2, ";tag=b", NEAR(4200));
	in_response("200 OK", 2, "UPDATE", ";tag=b", FAR(7000));
	assert_between(4200, 7000);
	out_request("UPDATE", INT32_MAX, ";tag=b", NEAR(4300));
	in_response("200 OK", INT32_MAX, "UPDATE", ";tag=b", FAR(7000));
	assert_between(4300, 7000);
	out_request("BYE", INT32_MAX, ";tag=b", NULL);
	in_response("200 OK", INT32_MAX, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
cseq_that_goes_down_changes_nothing(void **state)
{
	call_up(NEAR(4000), FAR(7000));
	out_request("UPDATE", 1000, ";tag=b", NEAR(4100));
	in_response("200 OK", 1000, "UPDATE", ";tag=b", FAR(7100));
	out_request("UPDATE", 999, ";tag=b", NEAR(4200));
	in_response("200 OK", 999, "UPDATE", ";tag=b", FAR(7200));
	out_request("INVITE", 2, ";tag=b", NEAR(4200));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7200));
	assert_between(4100, 7100);
	/* Each side has its own numbers. */
	in_request("UPDATE", 1, ";tag=b", FAR(7300));
	out_response("200 OK", 1, "UPDATE", ";tag=b", NEAR(4100));
	assert_between(4100, 7300);
	out_request("BYE", 1001, ";tag=b", NULL);
	in_response("200 OK", 1001, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

/* With a number that there may be it does: calls may be older than callgate. */
static void
prack_with_a_rack_beyond_makes_no_record(void **state)
{
	char rack[64];

	for (unsigned int i = 0; i < RTE_DIM(beyond); i++) {
		snprintf(rack, sizeof(rack), "RAck: 1 %s INVITE", beyond[i]);
		next_header(rack);
		out_request("PRACK", 2, ";tag=b", NEAR(4000));
		next_header("RAck: 4294967296 1 INVITE");
		out_request("PRACK", 2, ";tag=b", NEAR(4000));
	}
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 0);
	assert_nothing_left();
	next_header("RAck: 4294967295 2147483647 INVITE");
	out_request("PRACK", 2, ";tag=b", NEAR(4000));
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 1);
	next_header("RAck: 4294967295 2147483647 INVITE");
	in_response("481 None", 2, "PRACK", ";tag=b", NULL);
	fixture_time(200);
	assert_nothing_left();
}

/* The call stands so long with this header in its 2xx, and no refresh and no media. */
static void
lasts(const char *session, uint32_t seconds, bool ends)
{
	char header[128];

	snprintf(header, sizeof(header), "Session-Expires: %s", session);
	out_request("INVITE", 1, "", NEAR(4000));
	next_header(header);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(7000));
	out_request("ACK", 1, ";tag=b", NULL);
	fixture_time(seconds);
	if (alg_call_count(fx.alg) != 1)
		fail_msg("%s: it has ended", session);
	if (ends) {
		fixture_time(3);
		if (alg_call_count(fx.alg) != 0)
			fail_msg("%s: it stands", session);
		assert_nothing_left();
	} else {
		call_down();
	}
	fixture_time(40);
}

static void
session_interval_is_a_number_of_90_at_least(void **state)
{
	fx.config.sip.media_inactivity_timeout = 0;
	lasts("90", 120, true);
	lasts("1800;refresher=uac", 1830, true);
	lasts("200 ; x=\"a;b\" ;refresher=uas", 230, true);
	lasts("1", 120, true);
	lasts("89", 120, true);
	for (unsigned int i = 3; i < RTE_DIM(beyond); i++)
		lasts(beyond[i], 40000, false);
	lasts("4294967296", 40000, false);
	lasts("4294967295", 40000, false);
	lasts("0", 40000, false);
	lasts("90x", 40000, false);
}

static void
refused_interval_is_asked_for_again(void **state)
{
	next_header("Session-Expires: 60");
	out_request("INVITE", 1, "", NEAR(4000));
	next_header("Min-SE: 3600");
	in_response("422 Session Interval Too Small", 1, "INVITE", ";tag=x", NULL);
	out_request("ACK", 1, ";tag=x", NULL);
	next_header("Session-Expires: 3600\r\nMin-SE: 3600");
	out_request("INVITE", 2, "", NEAR(4000));
	next_header("Session-Expires: 3600;refresher=uas");
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR(7000));
	assert_between(4000, 7000);
	/* The same of a refresh: what was agreed on stays. */
	out_request("UPDATE", 3, ";tag=b", NEAR(4000));
	in_response("422 Session Interval Too Small", 3, "UPDATE", ";tag=b", NULL);
	assert_between(4000, 7000);
	call_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(cseq_from_2_31_on_keeps_no_state),
		TEST(cseq_from_2_31_on_changes_no_call),
		TEST(cseq_that_goes_down_changes_nothing),
		TEST(prack_with_a_rack_beyond_makes_no_record),
		TEST(session_interval_is_a_number_of_90_at_least),
		TEST(refused_interval_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
