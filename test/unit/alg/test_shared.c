/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two calls at one inside endpoint, as of a phone that uses a port again before its last call is through:
 * what each has announced is let in, and goes with it.
 */
#include <stdio.h>

#include "alg_message.h"

#define PHONE sdp_audio("10.0.0.7", 4000, "")

static const char *
peer(unsigned int host, unsigned int port)
{
	char address[32];

	snprintf(address, sizeof(address), "198.51.100.%u", host);
	return sdp_audio(address, port, "");
}

static void
request(const char *id, const char *method, unsigned int cseq, const char *to_tag, const char *sdp)
{
	assert_int_equal(
		fixture_send(A, P,
			"%s sip:b@198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK%s%u" CRLF
			"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@x>%s" CRLF
			"Call-ID: %s" CRLF "CSeq: %u %s" CRLF "%s",
			method, method, cseq, to_tag, id, cseq, method, sdp ? with_sdp(sdp) : CRLF),
		ALG_FORWARD);
}

static void
response(const char *id, const char *status, const char *method, unsigned int cseq, const char *sdp)
{
	assert_int_equal(
		fixture_send(P, A_OUT,
			"SIP/2.0 %s" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK%s%u" CRLF
			"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF
			"Call-ID: %s" CRLF "CSeq: %u %s" CRLF "%s",
			status, method, cseq, id, cseq, method, sdp ? with_sdp(sdp) : CRLF),
		ALG_FORWARD);
}

static void
offers(const char *id)
{
	request(id, "INVITE", 1, "", PHONE);
}

static void
answers(const char *id, unsigned int host)
{
	response(id, "200 OK", "INVITE", 1, peer(host, 7000));
	request(id, "ACK", 1, ";tag=b", NULL);
}

static void
ends(const char *id)
{
	request(id, "BYE", 90, ";tag=b", NULL);
	response(id, "200 OK", "BYE", 90, NULL);
}

static bool
heard(unsigned int host)
{
	char from[32];

	snprintf(from, sizeof(from), "198.51.100.%u:7000", host);
	return media_passes(from, "10.0.0.7:4000");
}

static void
what_a_call_announced_ends_with_it(void **state)
{
	offers("old");
	answers("old", 20);
	assert_true(heard(20));
	request("old", "BYE", 2, ";tag=b", NULL);
	offers("new"); /* the BYE is not answered yet */
	answers("new", 30);
	assert_true(heard(20));
	assert_true(heard(30));
	assert_false(heard(40));
	response("old", "200 OK", "BYE", 2, NULL);
	assert_false(heard(20));
	assert_true(heard(30));
	assert_media(4, 2);
	ends("new");
	assert_nothing_left();
}

static void
later_answer_of_one_call_leaves_the_other_its_peer(void **state)
{
	offers("one");
	answers("one", 20);
	offers("two");
	answers("two", 30);
	request("one", "UPDATE", 2, ";tag=b", PHONE);
	response("one", "200 OK", "UPDATE", 2, peer(21, 7000));
	assert_true(heard(21));
	assert_true(heard(30));
	assert_false(heard(20));
	ends("two");
	assert_true(heard(21));
	assert_false(heard(30));
	ends("one");
	assert_nothing_left();
}

/* Early media of the second, whatever the first one agrees on meanwhile. */
static void
one_call_rings_while_the_other_goes_on(void **state)
{
	offers("one");
	answers("one", 20);
	assert_true(heard(20));
	offers("two");
	request("one", "UPDATE", 2, ";tag=b", PHONE);
	response("one", "200 OK", "UPDATE", 2, peer(20, 7000));
	assert_true(heard(40));
	response("two", "486 Busy", "INVITE", 1, NULL);
	assert_false(heard(40)); /* it came for the one that was refused */
	assert_true(heard(20));
	ends("one");
	assert_nothing_left();
}

/* A call has the same endpoint in several descriptions; when one of them goes, its peer stays. */
static void
refused_offer_at_the_same_endpoint_takes_nothing_along(void **state)
{
	offers("one");
	answers("one", 20);
	offers("two");
	answers("two", 30);
	assert_true(heard(20));
	assert_true(heard(30));
	request("one", "INVITE", 2, ";tag=b",
		sdp_audio("10.0.0.7", 4000, "m=video 4004 RTP/AVP 31" CRLF));
	response("one", "488 No", "INVITE", 2, NULL);
	assert_true(heard(20));
	assert_true(heard(30));
	assert_false(heard(40));
	ends("one");
	ends("two");
	assert_nothing_left();
}

/* Three share it: the two newest are told apart, and no one is cut off. */
static void
third_call_finds_its_place(void **state)
{
	static const char *const ids[] = {"c0", "c1", "c2", "c3"};

	for (unsigned int i = 0; i < RTE_DIM(ids); i++) {
		offers(ids[i]);
		answers(ids[i], 20 + i);
		assert_true(heard(20 + i));
	}
	assert_true(heard(22));
	assert_false(heard(20));
	for (unsigned int i = 0; i < RTE_DIM(ids); i++) {
		assert_media(2 + 2 * (RTE_DIM(ids) - i), 2);
		ends(ids[i]);
	}
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(what_a_call_announced_ends_with_it),
		TEST(later_answer_of_one_call_leaves_the_other_its_peer),
		TEST(one_call_rings_while_the_other_goes_on),
		TEST(refused_offer_at_the_same_endpoint_takes_nothing_along),
		TEST(third_call_finds_its_place),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
