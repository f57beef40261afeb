/* SPDX-License-Identifier: BSD-3-Clause */
/* One call each way, byte for byte, and what it leaves behind: nothing. */
#include <stdio.h>
#include <string.h>

#include "alg_fixture.h"

#define A "10.0.0.7:5060"
#define P "198.51.100.9:5060"

/* What the inside client writes, and what leaves when its outside port is its own. */
#define INVITE(host, sdp) \
	"INVITE sip:bob@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP " host \
	":5060;branch=z9hG4bK1;rport" CRLF "Max-Forwards: 70" CRLF "From: \"A\" <sip:alice@" host \
	">;tag=a1" CRLF "To: <sip:bob@198.51.100.9>" CRLF "Call-ID: c1@10.0.0.7" CRLF \
	"CSeq: 1 INVITE" CRLF "Contact: <sip:alice@" host ":5060>" CRLF \
	"Authorization: Digest uri=\"sip:10.0.0.7\"" CRLF "%s", \
		with_sdp(sdp_audio(sdp, 4000, "a=sendrecv" CRLF))

#define RESPONSE(status, host, body) \
	"SIP/2.0 " status CRLF "Via: SIP/2.0/UDP " host \
	":5060;branch=z9hG4bK1;rport=5060;received=" host CRLF "From: \"A\" <sip:alice@" host \
	">;tag=a1" CRLF "To: <sip:bob@198.51.100.9>;tag=b1" CRLF "Call-ID: c1@10.0.0.7" CRLF \
	"CSeq: 1 INVITE" CRLF "Contact: <sip:bob@198.51.100.9:5070>" CRLF "%s", \
		body

#define IN_DIALOG(method, cseq, host, tags) \
	method " sip:x@198.51.100.9:5070 SIP/2.0" CRLF "Via: SIP/2.0/UDP " host \
	       ":5060;branch=z9hG4bK" cseq CRLF "From: <sip:alice@" host ">;tag=a1" CRLF \
	       "To: <sip:bob@198.51.100.9>;tag=b1" CRLF "Call-ID: c1@10.0.0.7" CRLF "CSeq: " cseq \
	       " " method CRLF "Content-Length: 0" CRLF CRLF

static void
expect(const char *format, ...)
{
	static char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	assert_left(text);
}

static void
outward_call_is_rewritten_and_leaves_nothing(void **state)
{
	assert_int_equal(fixture_send(A, P, INVITE("10.0.0.7", "10.0.0.7")), ALG_FORWARD);
	expect(INVITE("203.0.113.1", "203.0.113.1"));
	assert_true(fx.edited);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(nat_media_doors(fx.nat), 2);
	assert_int_equal(pinhole_media_count(fx.pinholes), 2);
	/* media may precede the answer; RTCP may precede RTP */
	assert_true(media_passes("198.51.100.20:7001", "10.0.0.7:4001"));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.20:7000", "10.0.0.7:4002"));

	fixture_send(P, "203.0.113.1:5060",
		RESPONSE("180 Ringing", "203.0.113.1", "Content-Length: 0" CRLF CRLF));
	expect(RESPONSE("180 Ringing", "10.0.0.7", "Content-Length: 0" CRLF CRLF));
	fixture_send(P, "203.0.113.1:5060",
		RESPONSE("200 OK", "203.0.113.1", with_sdp(sdp_audio("198.51.100.20", 7000, ""))));
	expect(RESPONSE("200 OK", "10.0.0.7", with_sdp(sdp_audio("198.51.100.20", 7000, ""))));
	assert_int_equal(pinhole_media_count(fx.pinholes), 4);
	assert_int_equal(nat_media_doors(fx.nat), 2);
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.20:7000"));

	fixture_send(A, P, IN_DIALOG("ACK", "1", "10.0.0.7", ""));
	expect(IN_DIALOG("ACK", "1", "203.0.113.1", ""));
	fixture_send(A, P, IN_DIALOG("BYE", "2", "10.0.0.7", ""));
	expect(IN_DIALOG("BYE", "2", "203.0.113.1", ""));
	assert_int_equal(pinhole_media_count(fx.pinholes), 4);
	fixture_send(P, "203.0.113.1:5060",
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK2" CRLF
		"From: <sip:alice@203.0.113.1>;tag=a1" CRLF "To: <sip:bob@198.51.100.9>;tag=b1" CRLF
		"Call-ID: c1@10.0.0.7" CRLF "CSeq: 2 BYE" CRLF "Content-Length: 0" CRLF CRLF);
	assert_false(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_false(media_passes("10.0.0.7:4000", "198.51.100.20:7000"));
	assert_nothing_left();
}

static void
inward_call_to_a_registered_phone_gets_media(void **state)
{
	fixture_send(A, P,
		"REGISTER sip:198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKr" CRLF
		"From: <sip:alice@198.51.100.9>;tag=r" CRLF "To: <sip:alice@198.51.100.9>" CRLF
		"Call-ID: r1" CRLF "CSeq: 1 REGISTER" CRLF
		"Contact: <sip:alice@10.0.0.7>;expires=600" CRLF CRLF);
	assert_int_equal(alg_call_count(fx.alg), 0);
	fixture_send(P, "203.0.113.1:5060",
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKr" CRLF
		"From: <sip:alice@198.51.100.9>;tag=r" CRLF
		"To: <sip:alice@198.51.100.9>;tag=s" CRLF "Call-ID: r1" CRLF "CSeq: 1 REGISTER" CRLF
		"Contact: <sip:alice@203.0.113.1>;expires=900" CRLF CRLF);
	assert_non_null(strstr(fx.text, "Contact: <sip:alice@10.0.0.7>;expires=900"));
	fixture_time(800);
	assert_true(media_passes(P, A)); /* the contact's pinhole outlives what was asked */

	fixture_send(P, "203.0.113.1:5060",
		"INVITE sip:alice@203.0.113.1 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKi" CRLF
		"From: <sip:bob@198.51.100.9>;tag=b" CRLF "To: <sip:alice@203.0.113.1>" CRLF
		"Call-ID: in1" CRLF "CSeq: 1 INVITE" CRLF "Contact: <sip:bob@198.51.100.9>" CRLF
		"%s",
		with_sdp(sdp_audio("198.51.100.20", 7000, "")));
	expect("INVITE sip:alice@10.0.0.7 SIP/2.0" CRLF
	       "Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKi" CRLF
	       "From: <sip:bob@198.51.100.9>;tag=b" CRLF "To: <sip:alice@10.0.0.7>" CRLF
	       "Call-ID: in1" CRLF "CSeq: 1 INVITE" CRLF "Contact: <sip:bob@198.51.100.9>" CRLF
	       "%s",
		with_sdp(sdp_audio("198.51.100.20", 7000, "")));
	fixture_send(A, P,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKi" CRLF
		"From: <sip:bob@198.51.100.9>;tag=b" CRLF "To: <sip:alice@10.0.0.7>;tag=a" CRLF
		"Call-ID: in1" CRLF "CSeq: 1 INVITE" CRLF "Contact: <sip:alice@10.0.0.7>" CRLF "%s",
		with_sdp(sdp_audio("10.0.0.7", 4001, "")));
	assert_non_null(strstr(fx.text, "To: <sip:alice@203.0.113.1>;tag=a"));
	assert_non_null(strstr(fx.text, "Contact: <sip:alice@203.0.113.1>" CRLF));
	assert_non_null(strstr(fx.text, "m=audio 4001 ")); /* odd, and stays so */
	assert_non_null(strstr(fx.text, "c=IN IP4 203.0.113.1"));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4001"));
	assert_true(media_passes("198.51.100.20:7001", "10.0.0.7:4002"));
	/* the far side ends it */
	fixture_send(P, "203.0.113.1:5060",
		"BYE sip:alice@203.0.113.1 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKj" CRLF
		"From: <sip:bob@198.51.100.9>;tag=b" CRLF "To: <sip:alice@203.0.113.1>;tag=a" CRLF
		"Call-ID: in1" CRLF "CSeq: 2 BYE" CRLF CRLF);
	fixture_send(A, P,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKj" CRLF
		"From: <sip:bob@198.51.100.9>;tag=b" CRLF "To: <sip:alice@10.0.0.7>;tag=a" CRLF
		"Call-ID: in1" CRLF "CSeq: 2 BYE" CRLF CRLF);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_nothing_left();
}

/* The outside port is not the default: a port is added, and what comes back is as it was written. */
static void
echo_is_byte_identical(void **state)
{
	static const char *const spellings[] = {"10.0.0.8", "10.0.0.8:5060"};
	char contact[64], via[64];

	assert_int_equal(fixture_send(A, P, INVITE("10.0.0.7", "10.0.0.7")), ALG_FORWARD);
	for (unsigned int i = 0; i < 2; i++) {
		fixture_send("10.0.0.8:5060", P,
			"OPTIONS sip:x@198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP %s;branch=z9hG4bK%u" CRLF "From: <sip:c@x>;tag=1" CRLF
			"To: <sip:d@x>" CRLF "Call-ID: o%u" CRLF "CSeq: 1 OPTIONS" CRLF
			"Contact: <sip:c@%s>" CRLF CRLF,
			spellings[i], i, i, spellings[i]);
		assert_int_not_equal(outside_port("10.0.0.8:5060"), 5060);
		snprintf(contact, sizeof(contact), "Contact: <sip:c@%s>" CRLF,
			outside_of("10.0.0.8:5060"));
		snprintf(via, sizeof(via), "UDP %s;", outside_of("10.0.0.8:5060"));
		assert_non_null(strstr(fx.text, contact));
		assert_non_null(strstr(fx.text, via));
		fixture_send(P, outside_of("10.0.0.8:5060"),
			"SIP/2.0 200 OK" CRLF "v:SIP/2.0/%sbranch=z9hG4bK%u" CRLF
			"f: <sip:c@x>;tag=1" CRLF "t: <sip:d@x>;tag=2" CRLF "i: o%u" CRLF
			"CSeq: 1 OPTIONS" CRLF "m: <sip:c@%s>" CRLF CRLF,
			via, i, i, outside_of("10.0.0.8:5060"));
		snprintf(via, sizeof(via), "v:SIP/2.0/UDP %s;branch", spellings[i]);
		snprintf(contact, sizeof(contact), "m: <sip:c@%s>" CRLF, spellings[i]);
		assert_non_null(strstr(fx.text, via));
		assert_non_null(strstr(fx.text, contact));
	}
}

/* Via; Contact and Request-URI; routes: each with or without a port, as the inside wrote it. */
static void
each_header_class_has_its_own_spelling(void **state)
{
	static const char *const spellings[] = {"10.0.0.8", "10.0.0.8:5060"};
	char line[3][128];

	assert_int_equal(fixture_send(A, P, INVITE("10.0.0.7", "10.0.0.7")), ALG_FORWARD);
	for (unsigned int i = 0; i < 8; i++) {
		const char *via = spellings[i & 1], *contact = spellings[i >> 1 & 1];
		const char *route = spellings[i >> 2], *outside;

		fixture_send("10.0.0.8:5060", P,
			"SUBSCRIBE sip:x@198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP %s;branch=z9hG4bK%u" CRLF "From: <sip:c@x>;tag=1" CRLF
			"To: <sip:d@x>" CRLF "Call-ID: s%u" CRLF "CSeq: 1 SUBSCRIBE" CRLF
			"Contact: <sip:c@%s>" CRLF "Record-Route: <sip:%s;lr>" CRLF CRLF,
			via, i, i, contact, route);
		outside = outside_of("10.0.0.8:5060");
		assert_int_not_equal(outside_port("10.0.0.8:5060"), 5060);
		snprintf(line[0], sizeof(line[0]), "UDP %s;branch", outside);
		snprintf(line[1], sizeof(line[1]), "Contact: <sip:c@%s>" CRLF, outside);
		snprintf(line[2], sizeof(line[2]), "Record-Route: <sip:%s;lr>" CRLF, outside);
		for (unsigned int n = 0; n < 3; n++)
			assert_non_null(strstr(fx.text, line[n]));
		/* what the peer echoes, in its answer and in a request of its own */
		fixture_send(P, outside,
			"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK%u" CRLF
			"From: <sip:c@x>;tag=1" CRLF "To: <sip:d@x>;tag=2" CRLF "Call-ID: s%u" CRLF
			"CSeq: 1 SUBSCRIBE" CRLF "Record-Route: <sip:%s;lr>" CRLF CRLF,
			outside, i, i, outside);
		snprintf(line[0], sizeof(line[0]), "UDP %s;branch", via);
		snprintf(line[2], sizeof(line[2]), "Record-Route: <sip:%s;lr>" CRLF, route);
		assert_non_null(strstr(fx.text, line[0]));
		assert_non_null(strstr(fx.text, line[2]));
		fixture_send(P, outside,
			"NOTIFY sip:c@%s SIP/2.0" CRLF "Via: SIP/2.0/UDP 198.51.100.9" CRLF
			"Route: <sip:%s;lr>" CRLF "From: <sip:d@x>;tag=2" CRLF
			"To: <sip:c@x>;tag=1" CRLF "Call-ID: s%u" CRLF "CSeq: 1 NOTIFY" CRLF CRLF,
			outside, outside, i);
		snprintf(line[1], sizeof(line[1]), "NOTIFY sip:c@%s SIP/2.0" CRLF, contact);
		snprintf(line[2], sizeof(line[2]), "Route: <sip:%s;lr>" CRLF, route);
		assert_non_null(strstr(fx.text, line[1]));
		assert_non_null(strstr(fx.text, line[2]));
	}
}

/* A proxy goes out of the way, a phone restarts: the Call-ID leads to the record all the same. */
static void
call_goes_on_over_another_5_tuple(void **state)
{
	fixture_send(A, P, INVITE("10.0.0.7", "10.0.0.7"));
	fixture_send(P, "203.0.113.1:5060",
		RESPONSE("200 OK", "203.0.113.1", with_sdp(sdp_audio("198.51.100.20", 7000, ""))));
	assert_int_equal(pinhole_media_count(fx.pinholes), 4);
	fixture_send("10.0.0.7:5070", "198.51.100.77:5090", IN_DIALOG("BYE", "2", "10.0.0.7", ""));
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_send("198.51.100.78:5080", outside_of("10.0.0.7:5070"),
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK2" CRLF
		"From: <sip:alice@203.0.113.1>;tag=a1" CRLF "To: <sip:bob@198.51.100.9>;tag=b1" CRLF
		"Call-ID: c1@10.0.0.7" CRLF "CSeq: 2 BYE" CRLF "Content-Length: 0" CRLF CRLF);
	assert_int_equal(counted(SIP_COUNT_NO_RECORD), 0);
	assert_nothing_left();
}

static void
message_with_nothing_to_translate_stays_as_it_is(void **state)
{
	static const char text[] =
		"OPTIONS sip:x@example.com SIP/2.0\nVia:  SIP/2.0/UDP  proxy.example.com "
		";branch=1\n"
		"From: <sip:x@example.com>;tag=1\nTo: <sip:y@198.51.100.9>\ni :  strange id\n"
		"CSeq: 1 OPTIONS\nX-Address: 10.0.0.7\nContact: <sip:x@[2001:db8::1]:5060>\n\n";

	assert_int_equal(fixture_send(A, P, "%s", text), ALG_FORWARD);
	assert_left(text);
	assert_false(fx.edited);
}

static void
without_nat_bytes_never_change_and_pinholes_open(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.no_nat = true});
	fixture_send(A, P, INVITE("10.0.0.7", "10.0.0.7"));
	expect(INVITE("10.0.0.7", "10.0.0.7"));
	assert_false(fx.edited);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	fixture_send(P, A,
		RESPONSE("200 OK", "10.0.0.7", with_sdp(sdp_audio("198.51.100.20", 7000, ""))));
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.20:7000"));
	assert_int_equal(pinhole_media_count(fx.pinholes), 4);
	fixture_send(A, P, IN_DIALOG("BYE", "2", "10.0.0.7", ""));
	fixture_send(P, A,
		"SIP/2.0 481 Gone" CRLF "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK2" CRLF
		"From: <sip:alice@10.0.0.7>;tag=a1" CRLF "To: <sip:bob@x>;tag=b1" CRLF
		"Call-ID: c1@10.0.0.7" CRLF "CSeq: 2 BYE" CRLF CRLF);
	assert_nothing_left();
}

static void
statistics_count_each_message_once(void **state)
{
	fixture_send(A, P, INVITE("10.0.0.7", "10.0.0.7"));
	fixture_send(P, "203.0.113.1:5060", RESPONSE("182 Queued", "203.0.113.1", CRLF));
	fixture_send(P, "203.0.113.1:5060", RESPONSE("486 Busy", "203.0.113.1", CRLF));
	fixture_send(A, P, "PRACK sip:x SIP/2.0" CRLF "no headers worth the name" CRLF CRLF);
	fixture_send(A, P, CRLF CRLF);
	fixture_send(A, P, "not sip at all");
	assert_int_equal(counted(SIP_COUNT_INVITE), 1);
	assert_int_equal(counted(SIP_COUNT_R1XX), 1);
	assert_int_equal(counted(SIP_COUNT_R4XX), 1);
	assert_int_equal(counted(SIP_COUNT_PRACK), 1);
	assert_int_equal(counted(SIP_COUNT_KEEPALIVE), 1);
	assert_int_equal(counted(SIP_COUNT_MALFORMED), 2);
	assert_int_equal(counted(SIP_COUNT_ERROR_HEADER), 1);
	assert_int_equal(counted(SIP_COUNT_ERROR_NOT_SIP), 1);
	assert_int_equal(counted(SIP_COUNT_ERROR_EMPTY), 1);
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(outward_call_is_rewritten_and_leaves_nothing),
		TEST(inward_call_to_a_registered_phone_gets_media),
		TEST(echo_is_byte_identical),
		TEST(each_header_class_has_its_own_spelling),
		TEST(call_goes_on_over_another_5_tuple),
		TEST(message_with_nothing_to_translate_stays_as_it_is),
		TEST(without_nat_bytes_never_change_and_pinholes_open),
		TEST(statistics_count_each_message_once),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
