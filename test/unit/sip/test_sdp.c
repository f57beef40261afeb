/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 8866: what of a description decides where media goes, and what is only kept.
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
	assert_slice(sdp.line_end, "\n");
	assert_int_equal(parse(TOP "\r\n\r\n"), SDP_OK);
	assert_slice(sdp.line_end, "\r\n");
	assert_int_equal(parse("v=0"), SDP_OK);
	assert_slice(sdp.line_end, "");
}

static void
cr_lines(void **state)
{
	assert_int_equal(
		parse("v=0\ro=- 1 1 IN IP4 10.0.0.5\rs=-\rc=IN IP4 10.0.0.6\rt=0 0\r"
		      "m=audio 1 RTP/AVP 0\ra=sendonly\rm=video 2 RTP/AVP 31\r\ra=mid:v\r"),
		SDP_OK);
	assert_slice(sdp.line_end, "\r");
	assert_slice(sdp.origin.text, "10.0.0.5");
	assert_int_equal(sdp.media_count, 2);
	assert_slice(sdp.media[0].section, "m=audio 1 RTP/AVP 0\ra=sendonly\r");
	assert_int_equal(sdp.media[0].direction, SDP_SENDONLY);
	assert_slice(sdp.media[1].mid, "v");
}

/* Line ends are found in blocks of 64 bytes: every line length, and every place of each kind of end
 * in a block. */
static void
line_ends_at_every_place_of_a_block(void **state)
{
	static const char *const ends[] = {"\r\n", "\n", "\r"};
	char string[512], name[200];

	memset(name, 'x', sizeof(name));
	for (size_t kind = 0; kind < 3; kind++) {
		const char *const e = ends[kind];

		for (int length = 0; length < 140; length++) {
			snprintf(string, sizeof(string),
				"v=0%ss=%.*s%sc=IN IP4 10.0.0.6%sm=audio 7 RTP/AVP 0%sa=mid:%.*s%s"
				"m=video 9 RTP/AVP 1",
				e, length, name, e, e, e, 150 - length, name, e);
			assert_int_equal(parse(string), SDP_OK);
			assert_slice(sdp.connection.text, "10.0.0.6");
			assert_int_equal(sdp.media_count, 2);
			assert_int_equal(sdp.media[0].mid.length, 150 - length);
			assert_slice(sdp.media[0].formats, "0");
			assert_slice(sdp.media[1].line, "m=video 9 RTP/AVP 1");
			texts_free(NULL);
		}
	}
}

/* RFC 8866 5: what only describes is kept wherever it stands, known or not. */
static void
lines_that_only_describe_are_kept(void **state)
{
	assert_int_equal(
		parse("v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=A call\r\ni=words\r\n"
		      "u=http://example.com\r\ne=a@example.com\r\np=+1 617\r\nc=IN IP4 10.0.0.5\r\n"
		      "b=CT:128\r\nt=0 0\r\nr=7d 1h 0 25h\r\nz=2882844526 -1h\r\nk=prompt\r\n"
		      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\nx=10.0.0.9\r\n"
		      "m=audio 1 RTP/AVP 0\r\ni=t\r\nb=AS:64\r\nk=clear:x\r\nt=0 0\r\nv=0\r\n"
		      "o=- 1 1 IN IP4 10.0.0.7\r\n"
		      "a=fingerprint:sha-256 4A:AD\r\na=ssrc:1 cname:a@10.0.0.5\r\n"
		      "a=alt:1 1 : u p 10.0.0.5 8998\r\na=\r\na=x\r\na=      \r\nA=sendonly\r\n"),
		SDP_OK);
	assert_slice(sdp.origin.text, "10.0.0.5");
	assert_int_equal(sdp.media_count, 1);
	assert_int_equal(sdp.media[0].direction, SDP_SENDRECV);
	assert_int_equal(sdp.candidate_count, 0);
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
	assert_true(sdp.origin.is_ipv6);
	assert_slice(sdp.connection.text, "224.2.1.1");
	assert_true(sdp.connection.is_ipv4);
	assert_false(sdp.connection.is_ipv6);
	assert_int_equal(sdp.connection.ttl, 127);
	assert_int_equal(sdp.connection.count, 3);
	assert_slice(sdp.media[0].connection.text, "::");
	assert_false(sdp.media[0].connection.is_ipv4);
	assert_int_equal(parse("v=0\r\no=a b 1 1 IN IP4 phone.example.com\r\n"), SDP_OK);
	assert_slice(sdp.origin.text, "phone.example.com");
	assert_int_equal(parse("v=0\r\no=-\r\n"), SDP_OK);
	assert_null(sdp.origin.text.at);
}

static void
connection_forms(void **state)
{
	static const struct {
		const char *line, *address;
		uint8_t ttl, count;
		bool ipv4, ipv6;
	} cases[] = {{"IN IP4 10.0.0.9", "10.0.0.9", 0, 1, true, false},
		{"in ip4 10.0.0.9", "10.0.0.9", 0, 1, true, false},
		{"IN\tIP4  10.0.0.9 ", "10.0.0.9", 0, 1, true, false},
		{"IN IP4 233.252.0.1/127", "233.252.0.1", 127, 1, true, false},
		{"IN IP4 233.252.0.1/0/4", "233.252.0.1", 0, 4, true, false},
		{"IN IP4 233.252.0.1/999/999", "233.252.0.1", 255, 255, true, false},
		{"IN IP4 233.252.0.1/x/3", "233.252.0.1", 0, 1, true, false},
		{"IN IP4 233.252.0.1/1/", "233.252.0.1", 1, 1, true, false},
		{"IN IP6 ff15::101/3", "ff15::101", 0, 3, false, true},
		{"IN IP6 2001:db8::5", "2001:db8::5", 0, 1, false, true},
		{"IN IP4 phone.example.com", "phone.example.com", 0, 1, false, false},
		{"IN IP4 10.0.0.256", "10.0.0.256", 0, 1, false, false},
		{"IN IP6 10.0.0.5", "10.0.0.5", 0, 1, false, false},
		{"ATM NSAP 47.0091", "47.0091", 0, 1, false, false}};
	char string[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(string, sizeof(string), "v=0\r\nc=%s\r\nm=audio 1 RTP/AVP 0\r\nc=%s\r\n",
			cases[i].line, cases[i].line);
		assert_int_equal(parse(string), SDP_OK);
		for (int media = 0; media <= 1; media++) {
			const struct sdp_address *const address =
				media ? &sdp.media[0].connection : &sdp.connection;

			assert_slice(address->text, cases[i].address);
			assert_int_equal(address->ttl, cases[i].ttl);
			assert_int_equal(address->count, cases[i].count);
			assert_int_equal(address->is_ipv4, cases[i].ipv4);
			assert_int_equal(address->is_ipv6, cases[i].ipv6);
		}
	}
}

static void
further_connections_of_a_section(void **state)
{
	assert_int_equal(parse(TOP "c=IN IP4 10.0.0.7\r\nm=video 1/2 RTP/AVP 31\r\n"
				   "c=IN IP4 233.252.0.1/127\r\nc=IN IP4 233.252.0.2/127\r\n"
				   "c=IN IP4 10.0.0.5\r\n"),
		SDP_OK);
	assert_slice(sdp.connection.text, "10.0.0.6");
	assert_slice(sdp.media[0].connection.text, "233.252.0.1");
	assert_int_equal(sdp.connection_count, 3);
	assert_int_equal(sdp.connections[0].media, SDP_SESSION);
	assert_slice(sdp.connections[0].address.text, "10.0.0.7");
	assert_int_equal(sdp.connections[1].media, 0);
	assert_slice(sdp.connections[1].address.text, "233.252.0.2");
	assert_int_equal(sdp.connections[1].address.ttl, 127);
	assert_int_equal(sdp.connections[2].address.ipv4, ipv4(10, 0, 0, 5));
	assert_int_equal(parse(TOP "c=IN IP4\r\n"), SDP_ERROR_CONNECTION);
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

/* ITU-T T.38 Annex D: UDPTL, TCP, and with RTP. */
static void
fax_streams(void **state)
{
	assert_int_equal(
		parse(TOP "m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\nm=image 4002 TCP t38\r\n"
			  "m=image 4004 TCPTL t38\r\nm=audio 4006 RTP/AVP 98\r\n"),
		SDP_OK);
	assert_slice(sdp.media[0].type, "image");
	assert_slice(sdp.media[0].formats, "t38");
	assert_true(sdp.media[0].is_udp && !sdp.media[0].is_rtp);
	assert_true(!sdp.media[1].is_udp && !sdp.media[1].is_rtp);
	assert_true(!sdp.media[2].is_udp && !sdp.media[2].is_rtp);
	assert_true(sdp.media[3].is_udp && sdp.media[3].is_rtp);
}

static void
what_is_wrong_is_told_apart(void **state)
{
	assert_int_equal(parse(""), SDP_ERROR_NOT_SDP);
	assert_int_equal(sdp_parse((struct slice){NULL, 0}, &sdp), SDP_ERROR_NOT_SDP);
	assert_int_equal(parse("o=v\r\n"), SDP_ERROR_NOT_SDP);
	assert_int_equal(parse("V=0\r\n"), SDP_ERROR_NOT_SDP);
	assert_int_equal(parse("v=0\r\nm =video 3227 RTP/AVP 31\r\n"), SDP_ERROR_LINE);
	assert_int_equal(sdp.error_offset, 5);
	assert_int_equal(parse("v=0\r\n x=y\r\n"), SDP_ERROR_LINE);
	assert_int_equal(parse("v=0\r\n =y\r\n"), SDP_ERROR_LINE);
	assert_int_equal(parse("v=0\r\n\r\nx\r\n"), SDP_ERROR_LINE);
	assert_int_equal(sdp.error_offset, 7);
	assert_int_equal(parse("v=0\r\nc=\r\n"), SDP_ERROR_CONNECTION);
	assert_int_equal(parse("v=0\r\nm=\r\n"), SDP_ERROR_MEDIA);
	assert_int_equal(parse("v=0\r\nm=audio 12345678901 RTP/AVP 0\r\n"), SDP_ERROR_MEDIA);
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

/* Before, behind and across the border of what is looked at in one piece. */
static void
lines_may_begin_anywhere(void **state)
{
	static const char tail[] =
		"\nm=audio 49170 RTP/AVP 0\r\na=rtcp:5 IN IP4 10.0.0.7\r"
		"a=candidate:12 256 UDP 4294967295 10.0.0.8 5060 typ srflx raddr 10.0.0.9 rport "
		"65535\na=mid:x\r\n";
	const uint32_t place = (uint32_t)(strstr(tail, "m=") - tail);

	for (uint32_t length = 0; length < 2200; length++) {
		char *const buffer = malloc(4 + length + sizeof(tail) - 1);

		assert_non_null(buffer);
		memcpy(buffer, "v=0\n", 4);
		memset(buffer + 4, length % 3 == 0 ? ' ' : 's', length);
		if (length > 1)
			memcpy(buffer + 4, "s=", 2);
		/* Else a line of one byte, which is none. */
		else
			memset(buffer + 4, ' ', length);
		memcpy(buffer + 4 + length, tail, sizeof(tail) - 1);
		assert_int_equal(
			sdp_parse((struct slice){buffer, 4 + length + (uint32_t)sizeof(tail) - 1},
				&sdp),
			SDP_OK);
		assert_int_equal(sdp.media_count, 1);
		assert_ptr_equal(sdp.media[0].line.at, buffer + 4 + length + place);
		assert_slice(sdp.media[0].formats, "0");
		assert_slice(sdp.media[0].mid, "x");
		assert_slice(sdp.media[0].rtcp_address.text, "10.0.0.7");
		assert_int_equal(sdp.candidate_count, 1);
		assert_slice(sdp.candidates[0].foundation, "12");
		assert_int_equal(sdp.candidates[0].component, 256);
		assert_int_equal(sdp.candidates[0].priority, 4294967295);
		assert_int_equal(sdp.candidates[0].port, 5060);
		assert_int_equal(sdp.candidates[0].type, SDP_CANDIDATE_SRFLX);
		assert_slice(sdp.candidates[0].related_address.text, "10.0.0.9");
		assert_int_equal(sdp.candidates[0].related_port, 65535);
		free(buffer);
	}
}

static void
tables_are_bounded(void **state)
{
	static const struct {
		const char *line;
		int max;
		enum sdp_error error;
	} cases[] = {{"m=audio %d RTP/AVP 0\r\n", SDP_MEDIA_MAX - 1, SDP_ERROR_TOO_MANY_MEDIA},
		{"a=candidate:1 1 UDP 1 10.0.0.5 %d typ host\r\n", SDP_CANDIDATES_MAX,
			SDP_ERROR_TOO_MANY_CANDIDATES},
		{"a=remote-candidates:1 10.0.0.5 %d\r\n", SDP_REMOTES_MAX,
			SDP_ERROR_TOO_MANY_CANDIDATES},
		{"c=IN IP4 10.0.0.%d\r\n", SDP_CONNECTIONS_MAX + 1, SDP_ERROR_TOO_MANY_CONNECTIONS},
		{"a=path:msrp://10.0.0.5:%d/x;tcp\r\n", SDP_PATHS_MAX, SDP_ERROR_TOO_MANY_PATHS}};
	char string[8192];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int extra = 0; extra <= 1; extra++) {
			size_t used = (size_t)snprintf(
				string, sizeof(string), TOP "m=audio 1 RTP/AVP 0\r\n");
			size_t last = used;

			for (int n = 1; n <= cases[i].max + extra; n++) {
				last = used;
				used += (size_t)snprintf(
					string + used, sizeof(string) - used, cases[i].line, n);
			}
			assert_int_equal(parse(string), extra ? cases[i].error : SDP_OK);
			assert_int_equal(sdp.error_offset, extra ? last : 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(origin_connection_and_media),
		TEST(lf_lines_and_a_missing_last_line_end),
		TEST(cr_lines),
		TEST(line_ends_at_every_place_of_a_block),
		TEST(lines_that_only_describe_are_kept),
		TEST(addresses_may_be_names_or_ipv6_or_carry_a_ttl),
		TEST(connection_forms),
		TEST(further_connections_of_a_section),
		TEST(ports_with_counts),
		TEST(transports),
		TEST(fax_streams),
		TEST(what_is_wrong_is_told_apart),
		TEST(lines_may_begin_anywhere),
		TEST(tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
