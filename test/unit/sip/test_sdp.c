/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 8866, 3605, 5761, 8839, 4145: what of a description decides where media goes.
 */
#include "sip/sdp.h"
#include "sip_test.h"

#define TOP "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.6\r\nt=0 0\r\n"

static struct sdp sdp;

static enum sdp_error
parse(const char *string)
{
	return sdp_parse(text(string), &sdp);
}

static void
origin_connection_and_media(void **state)
{
	assert_int_equal(parse(TOP "m=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n"
				   "m=video 51372 RTP/SAVPF 99\r\nc=IN IP4 10.0.0.7\r\n"),
		SDP_OK);
	assert_slice(sdp.origin.text, "10.0.0.5");
	assert_true(sdp.origin.is_ipv4);
	assert_int_equal(sdp.origin.ipv4, ipv4(10, 0, 0, 5));
	assert_slice(sdp.connection.text, "10.0.0.6");
	assert_int_equal(sdp.media_count, 2);
	assert_slice(sdp.media[0].type, "audio");
	assert_slice(sdp.media[0].port_text, "49170");
	assert_int_equal(sdp.media[0].port, 49170);
	assert_int_equal(sdp.media[0].port_count, 1);
	assert_slice(sdp.media[0].protocol, "RTP/AVP");
	assert_true(sdp.media[0].is_rtp && sdp.media[0].is_udp);
	assert_null(sdp.media[0].connection.text.at);
	assert_slice(sdp.media[0].line, "m=audio 49170 RTP/AVP 0 8");
	assert_slice(sdp.media[0].section, "m=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n");
	assert_slice(sdp.media[1].connection.text, "10.0.0.7");
	assert_slice(sdp.media[1].section, "m=video 51372 RTP/SAVPF 99\r\nc=IN IP4 10.0.0.7\r\n");
	assert_int_equal(sdp.media[1].direction, SDP_SENDRECV);
}

static void
lf_lines_and_a_missing_last_line_end(void **state)
{
	assert_int_equal(
		parse("v=0\no=- 1 1 IN IP4 h\ns=-\nc=IN IP4 h\nt=0 0\nm=audio 1 RTP/AVP 0"),
		SDP_OK);
	assert_slice(sdp.media[0].line, "m=audio 1 RTP/AVP 0");
	assert_slice(sdp.media[0].section, "m=audio 1 RTP/AVP 0");
	assert_false(sdp.connection.is_ipv4);
	assert_int_equal(parse(TOP "\r\n\r\n"), SDP_OK);
}

static void
addresses_may_be_names_or_ipv6_or_carry_a_ttl(void **state)
{
	assert_int_equal(
		parse("v=0\r\no=user name 1 1 IN IP6 2001:db8::1\r\nc=IN IP4 224.2.1.1/127/3\r\n"
		      "m=audio 9 RTP/AVP 0\r\nc=IN IP6 ::\r\n"),
		SDP_OK);
	assert_slice(sdp.origin.text, "2001:db8::1");
	assert_false(sdp.origin.is_ipv4);
	assert_slice(sdp.connection.text, "224.2.1.1");
	assert_true(sdp.connection.is_ipv4);
	assert_slice(sdp.media[0].connection.text, "::");
	assert_false(sdp.media[0].connection.is_ipv4);
	assert_int_equal(parse("v=0\r\no=a b 1 1 IN IP4 phone.example.com\r\n"), SDP_OK);
	assert_slice(sdp.origin.text, "phone.example.com");
	assert_int_equal(parse("v=0\r\no=-\r\n"), SDP_OK);
	assert_null(sdp.origin.text.at);
}

static void
ports_with_counts(void **state)
{
	assert_int_equal(
		parse(TOP "m=video 49170/2 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\n"), SDP_OK);
	assert_slice(sdp.media[0].port_text, "49170");
	assert_int_equal(sdp.media[0].port_count, 2);
	assert_int_equal(sdp.media[1].port, 0);
}

static void
transports(void **state)
{
	static const struct {
		const char *protocol;
		bool rtp, udp;
	} cases[] = {{"RTP/AVP", true, true}, {"udptl", false, true}, {"UDPTL", false, true},
		{"UDP/TLS/RTP/SAVPF", true, true}, {"TCP/RTP/AVP", true, false},
		{"TCP/TLS/RTP/SAVP", true, false}, {"TCP/MSRP", false, false},
		{"TCP/TLS/BFCP", false, false}, {"UDP/BFCP", false, true},
		{"UDP/DTLS/SCTP", false, true}, {"TCP/DTLS/SCTP", false, false},
		{"DTLS/SCTP", false, true}, {"rtp/avp", true, true}, {"udp", false, true}};
	char string[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(string, sizeof(string), TOP "m=x 1000 %s 0\r\n", cases[i].protocol);
		assert_int_equal(parse(string), SDP_OK);
		assert_int_equal(sdp.media[0].is_rtp, cases[i].rtp);
		assert_int_equal(sdp.media[0].is_udp, cases[i].udp);
	}
}

static void
rtcp_with_and_without_address_and_mux(void **state)
{
	assert_int_equal(
		parse(TOP "m=audio 1000 RTP/AVP 0\r\na=rtcp:1005\r\nm=audio 1002 RTP/AVP 0\r\n"
			  "a=rtcp:53020 IN IP4 126.16.64.4\r\na=rtcp-mux\r\n"
			  "m=audio 1004 RTP/AVP 0\r\na=rtcp-mux-only\r\na=rtcp-fb:* nack\r\n"),
		SDP_OK);
	assert_true(sdp.media[0].rtcp_present);
	assert_int_equal(sdp.media[0].rtcp_port, 1005);
	assert_slice(sdp.media[0].rtcp_port_text, "1005");
	assert_null(sdp.media[0].rtcp_address.text.at);
	assert_false(sdp.media[0].rtcp_mux);
	assert_slice(sdp.media[1].rtcp_address.text, "126.16.64.4");
	assert_true(sdp.media[1].rtcp_mux);
	assert_false(sdp.media[2].rtcp_mux);
	assert_false(sdp.media[2].rtcp_present);
}

static void
directions_are_inherited(void **state)
{
	assert_int_equal(parse(TOP "a=inactive\r\nm=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\n"
				   "a=sendonly\r\nm=audio 3 RTP/AVP 0\r\na=recvonly\r\n"
				   "m=audio 4 RTP/AVP 0\r\na=sendrecv\r\n"),
		SDP_OK);
	assert_int_equal(sdp.direction, SDP_INACTIVE);
	assert_int_equal(sdp.media[0].direction, SDP_INACTIVE);
	assert_int_equal(sdp.media[1].direction, SDP_SENDONLY);
	assert_int_equal(sdp.media[2].direction, SDP_RECVONLY);
	assert_int_equal(sdp.media[3].direction, SDP_SENDRECV);
}

static void
candidates(void **state)
{
	assert_int_equal(
		parse(TOP
			"m=audio 1000 RTP/AVP 0\r\n"
			"a=candidate:1 1 UDP 2130706431 10.0.0.5 8998 typ host\r\n"
			"a=candidate:2 2 udp 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.0.5 "
			"rport 8999 "
			"generation 0\r\n"
			"m=video 2000 RTP/AVP 0\r\n"
			"a=candidate:3 1 TCP 1 a1.local 9 typ host tcptype active\r\n"
			"a=candidate:broken\r\na=candidate:4 1 UDP 1 10.0.0.5 99999 typ host\r\n"),
		SDP_OK);
	assert_int_equal(sdp.candidate_count, 3);
	assert_int_equal(sdp.candidates[0].media, 0);
	assert_int_equal(sdp.candidates[0].component, 1);
	assert_true(sdp.candidates[0].udp);
	assert_slice(sdp.candidates[0].address.text, "10.0.0.5");
	assert_true(sdp.candidates[0].address.is_ipv4);
	assert_int_equal(sdp.candidates[0].port, 8998);
	assert_null(sdp.candidates[0].related_address.text.at);
	assert_slice(
		sdp.candidates[0].line, "a=candidate:1 1 UDP 2130706431 10.0.0.5 8998 typ host");
	assert_slice(sdp.candidates[1].related_address.text, "10.0.0.5");
	assert_slice(sdp.candidates[1].related_port_text, "8999");
	assert_int_equal(sdp.candidates[1].related_port, 8999);
	assert_int_equal(sdp.candidates[1].component, 2);
	assert_int_equal(sdp.candidates[2].media, 1);
	assert_false(sdp.candidates[2].udp);
	assert_false(sdp.candidates[2].address.is_ipv4);
}

static void
what_is_wrong_is_told_apart(void **state)
{
	assert_int_equal(parse(""), SDP_ERROR_NOT_SDP);
	assert_int_equal(sdp_parse((struct slice){NULL, 0}, &sdp), SDP_ERROR_NOT_SDP);
	assert_int_equal(parse("o=v\r\n"), SDP_ERROR_NOT_SDP);
	assert_int_equal(parse("V=0\r\n"), SDP_ERROR_NOT_SDP);
	assert_int_equal(parse("v=0\r\nm =video 3227 RTP/AVP 31\r\n"), SDP_ERROR_LINE);
	assert_int_equal(parse("v=0\r\nx\r\n"), SDP_ERROR_LINE);
	assert_int_equal(parse("v=0\r\nc=IN IP4\r\n"), SDP_ERROR_CONNECTION);
	assert_int_equal(parse("v=0\r\nc=IN IP4 /127\r\n"), SDP_ERROR_CONNECTION);
	assert_int_equal(parse("v=0\r\nm=audio\r\n"), SDP_ERROR_MEDIA);
	assert_int_equal(parse("v=0\r\nm=audio 1\r\n"), SDP_ERROR_MEDIA);
	assert_int_equal(parse("v=0\r\nm=audio x RTP/AVP 0\r\n"), SDP_ERROR_MEDIA);
	assert_int_equal(parse("v=0\r\nm=audio 65536 RTP/AVP 0\r\n"), SDP_ERROR_MEDIA);
	assert_int_equal(parse("v=0\r\nm=audio 1/0 RTP/AVP 0\r\n"), SDP_ERROR_MEDIA);
	assert_int_equal(parse("v=0\r\nm=audio 1/ RTP/AVP 0\r\n"), SDP_ERROR_MEDIA);
	for (int error = 0; error <= SDP_ERRORS; error++)
		assert_non_null(sdp_error_name(error));
}

static void
media_and_candidates_are_bounded(void **state)
{
	char string[8192];
	size_t used;

	for (int extra = 0; extra <= 1; extra++) {
		used = (size_t)snprintf(string, sizeof(string), TOP);
		for (int i = 0; i < SDP_MEDIA_MAX + extra; i++)
			used += (size_t)snprintf(string + used, sizeof(string) - used,
				"m=audio %d RTP/AVP 0\r\n", i);
		assert_int_equal(parse(string), extra ? SDP_ERROR_TOO_MANY_MEDIA : SDP_OK);
		used = (size_t)snprintf(string, sizeof(string), TOP "m=audio 1 RTP/AVP 0\r\n");
		for (int i = 0; i < SDP_CANDIDATES_MAX + extra; i++)
			used += (size_t)snprintf(string + used, sizeof(string) - used,
				"a=candidate:1 1 UDP 1 10.0.0.5 %d typ host\r\n", i);
		assert_int_equal(parse(string), extra ? SDP_ERROR_TOO_MANY_CANDIDATES : SDP_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(origin_connection_and_media),
		TEST(lf_lines_and_a_missing_last_line_end),
		TEST(addresses_may_be_names_or_ipv6_or_carry_a_ttl),
		TEST(ports_with_counts),
		TEST(transports),
		TEST(rtcp_with_and_without_address_and_mux),
		TEST(directions_are_inherited),
		TEST(candidates),
		TEST(what_is_wrong_is_told_apart),
		TEST(media_and_candidates_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
