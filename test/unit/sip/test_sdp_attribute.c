/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3605, 4145, 4975, 5761, 5888, 8843, 8858: attributes that decide about addresses and ports.
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
	assert_false(sdp.media[0].rtcp_mux_only);
	assert_false(sdp.media[2].rtcp_mux);
	assert_true(sdp.media[2].rtcp_mux_only);
	assert_false(sdp.media[2].rtcp_present);
}

static void
rtcp_that_cannot_be_read_or_comes_twice(void **state)
{
	assert_int_equal(
		parse(TOP "m=audio 1000 RTP/AVP 0\r\na=rtcp:x\r\na=rtcp:1005 IN IP6 ::1\r\n"
			  "a=rtcp:1007\r\nm=audio 2 RTP/AVP 0\r\na=rtcp:99999 IN IP4 h\r\n"
			  "m=audio 3 RTP/AVP 0\r\na=rtcp:1009 IN\r\na=RTCP-MUX \r\n"
			  "m=audio 4 RTP/AVP 0\r\na=rtcp: 1011\tIN IP4 10.0.0.8\r\n"),
		SDP_OK);
	assert_int_equal(sdp.media[0].rtcp_port, 1005);
	assert_true(sdp.media[0].rtcp_address.is_ipv6);
	assert_false(sdp.media[1].rtcp_present);
	assert_null(sdp.media[1].rtcp_address.text.at);
	assert_true(sdp.media[2].rtcp_present && sdp.media[2].rtcp_mux);
	assert_null(sdp.media[2].rtcp_address.text.at);
	assert_int_equal(sdp.media[3].rtcp_address.ipv4, ipv4(10, 0, 0, 8));
}

static void
values_may_be_missing_at_the_very_end(void **state)
{
	static const char *const lines[] = {"a=rtcp:", "a=rtcp:1", "a=mid:", "a=path:",
		"a=remote-candidates:", "a=candidate:", "a=setup:", "a=rtcp:1005 IN"};
	char string[256];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(string, sizeof(string), TOP "m=audio 1000 RTP/AVP 0\r\n%s", lines[i]);
		assert_int_equal(parse(string), SDP_OK);
		assert_null(sdp.media[0].rtcp_address.text.at);
		assert_int_equal(sdp.path_count + sdp.remote_count + sdp.candidate_count, 0);
		texts_free(NULL);
	}
}

static void
setup_is_inherited(void **state)
{
	assert_int_equal(parse(TOP "a=setup:actpass\r\nm=audio 1 TCP/RTP/AVP 0\r\n"
				   "m=audio 2 TCP/RTP/AVP 0\r\na=setup:active\r\n"
				   "m=audio 3 TCP/RTP/AVP 0\r\na=setup: passive\r\n"
				   "m=audio 4 TCP/RTP/AVP 0\r\na=SETUP:HoldConn\r\n"
				   "m=audio 5 TCP/RTP/AVP 0\r\na=setup:else\r\n"),
		SDP_OK);
	assert_int_equal(sdp.setup, SDP_SETUP_ACTPASS);
	assert_int_equal(sdp.media[0].setup, SDP_SETUP_ACTPASS);
	assert_int_equal(sdp.media[1].setup, SDP_SETUP_ACTIVE);
	assert_int_equal(sdp.media[2].setup, SDP_SETUP_PASSIVE);
	assert_int_equal(sdp.media[3].setup, SDP_SETUP_HOLDCONN);
	assert_int_equal(sdp.media[4].setup, SDP_SETUP_NONE);
}

static void
bundle_groups_name_their_media(void **state)
{
	assert_int_equal(
		parse(TOP "a=group:LS a v\r\na=group:BUNDLE a v d\r\na=group:BUNDLE v x none\r\n"
			  "m=audio 1 RTP/AVP 0\r\na=mid:a\r\nm=video 2 RTP/AVP 31\r\na=mid:v\r\n"
			  "m=video 0 RTP/AVP 31\r\na=bundle-only\r\na=mid: x \r\na=mid:a\r\n"
			  "m=audio 3 RTP/AVP 0\r\nm=audio 4 RTP/AVP 0\r\na=mid:\r\n"),
		SDP_OK);
	assert_int_equal(sdp.group_count, 2);
	assert_slice(sdp.groups[0], "a v d");
	assert_int_equal(sdp.media[0].bundle, 1);
	assert_int_equal(sdp.media[1].bundle, 1);
	assert_slice(sdp.media[2].mid, "x");
	assert_int_equal(sdp.media[2].bundle, 2);
	assert_true(sdp.media[2].bundle_only);
	assert_null(sdp.media[3].mid.at);
	assert_int_equal(sdp.media[3].bundle, 0);
	assert_false(sdp.media[3].bundle_only);
	assert_int_equal(sdp.media[4].bundle, 0);
	assert_int_equal(parse(TOP "a=group:BUNDLE\r\na=group:BUNDLE \r\na=group:BUNDLE a\r\n"
				   "a=group:BUNDLE b\r\na=group:BUNDLE c\r\na=group:BUNDLE d\r\n"
				   "a=group:BUNDLE e\r\na=group:BUNDLE f\r\nm=audio 1 RTP/AVP 0\r\n"
				   "a=mid:f\r\n"),
		SDP_OK);
	assert_int_equal(sdp.group_count, SDP_GROUPS_MAX);
	assert_int_equal(sdp.media[0].bundle, 0);
}

static void
ice_attributes_at_their_level(void **state)
{
	assert_int_equal(
		parse(TOP "a=ice-lite\r\na=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjY\r\n"
			  "m=audio 1 RTP/AVP 0\r\na=ice-ufrag:x\r\na=end-of-candidates\r\n"
			  "m=audio 2 RTP/AVP 0\r\na=ice-mismatch\r\na=ice-options:trickle\r\n"
			  "a=ice-pwd:x\r\nm=audio 3 RTP/AVP 0\r\n"),
		SDP_OK);
	assert_int_equal(sdp.ice, SDP_ICE_LITE | SDP_ICE_UFRAG | SDP_ICE_PWD);
	assert_int_equal(sdp.media[0].ice, SDP_ICE_UFRAG | SDP_ICE_END);
	assert_int_equal(sdp.media[1].ice, SDP_ICE_MISMATCH | SDP_ICE_PWD);
	assert_int_equal(sdp.media[2].ice, 0);
}

static void
msrp_paths(void **state)
{
	assert_int_equal(
		parse(TOP "a=path:msrp://10.0.0.5:1/x;tcp\r\nm=message 7394 TCP/TLS/MSRP *\r\n"
			  "a=accept-types:text/plain\r\n"
			  "a=path:msrp://relay.example.com:12763/kjhd37s2s20w2a;tcp "
			  "msrps://user@10.0.0.5:7654/jshA7weztas;tcp  MSRP://10.0.0.6/x;tcp "
			  "http://10.0.0.5/ msrp:// msrp://10.0.0.5:0/x;tcp\r\n"
			  "m=message 9 TCP/MSRP "
			  "*\r\na=path:\r\na=path:msrp://[2001:db8::5]:9;tcp\r\n"),
		SDP_OK);
	assert_int_equal(sdp.path_count, 4);
	assert_int_equal(sdp.paths[0].media, 0);
	assert_false(sdp.paths[0].secure);
	assert_slice(sdp.paths[0].uri, "msrp://relay.example.com:12763/kjhd37s2s20w2a;tcp");
	assert_int_equal(sdp.paths[0].host.kind, SIP_HOST_NAME);
	assert_true(sdp.paths[1].secure);
	assert_slice(sdp.paths[1].host.text, "10.0.0.5:7654");
	assert_int_equal(sdp.paths[1].host.ipv4, ipv4(10, 0, 0, 5));
	assert_int_equal(sdp.paths[1].host.port, 7654);
	assert_slice(sdp.paths[2].host.text, "10.0.0.6");
	assert_null(sdp.paths[2].host.port_text.at);
	assert_int_equal(sdp.paths[3].media, 1);
	assert_int_equal(sdp.paths[3].host.kind, SIP_HOST_IPV6);
	assert_int_equal(sdp.paths[3].host.port, 9);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rtcp_with_and_without_address_and_mux),
		TEST(rtcp_that_cannot_be_read_or_comes_twice),
		TEST(values_may_be_missing_at_the_very_end),
		TEST(setup_is_inherited),
		TEST(bundle_groups_name_their_media),
		TEST(ice_attributes_at_their_level),
		TEST(msrp_paths),
		TEST(directions_are_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
