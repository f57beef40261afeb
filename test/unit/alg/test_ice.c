/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams with candidates: who may send, what opens, what their silence tells (RFC 8839). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg_between.h"

#define RTCP_MUX                          "a=rtcp-mux" CRLF
#define FROM(n, c)                        "a=candidate:" #n " " #c " UDP 2130706431 "
#define HOST(n, component, address, port) FROM(n, component) address " " #port " typ host" CRLF
#define RELAY(n, component, address, port) \
	FROM(n, component) address " " #port " typ relay raddr 203.0.113.1 rport 9" CRLF

static const char *
near(const char *more)
{
	return sdp_audio("10.0.0.7", 4000, more);
}

static const char *
far(const char *more)
{
	return sdp_audio("198.51.100.20", 7000, more);
}

static void
candidates_of_the_answer_are_the_sources(void **state)
{
	call_up(near(RTCP_MUX HOST(1, 1, "10.0.0.7", 4000)),
		far(RTCP_MUX HOST(1, 1, "198.51.100.20", 7000) HOST(2, 1, "198.51.100.30",
			8000) HOST(3, 1, "192.168.0.2", 5000) RELAY(4, 1, "198.51.100.31", 9000)));
	assert_true(media_passes("198.51.100.30:1", "10.0.0.7:4000"));
	assert_true(media_passes("198.51.100.31:1", "10.0.0.7:4000"));
	assert_true(media_passes("192.168.0.2:1", "10.0.0.7:4000"));
	/* Checks from addresses that nobody knows: a few, and the named ones take no place of them. */
	for (unsigned int i = 0; i < PINHOLE_SOURCES_MAX; i++) {
		char from[32];

		snprintf(from, sizeof(from), "198.51.100.40:%u", 1000 + i);
		assert_true(media_passes(from, "10.0.0.7:4000"));
	}
	assert_false(media_passes("198.51.100.40:2000", "10.0.0.7:4000"));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	/* Without ICE in the next answer its own address is all there is. */
	out_request("INVITE", 2, ";tag=b", near(RTCP_MUX));
	in_response("200 OK", 2, "INVITE", ";tag=b", far(RTCP_MUX));
	assert_true(media_passes("198.51.100.20:7002", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.31:2", "10.0.0.7:4000"));
	call_down();
}

/* RFC 8839 4.3.1: who answers without candidates does no ICE, so nobody does. */
static void
candidates_of_one_side_leave_both_filters(void **state)
{
	call_up(near(HOST(1, 1, "10.0.0.7", 4000)), far(""));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.21:7000", "10.0.0.7:4000"));
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.20:7000"));
	assert_false(media_passes("10.0.0.8:4000", "198.51.100.20:7000"));
	call_down();
	call_up(near(""), far(HOST(1, 1, "198.51.100.20", 7000)));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.21:7000", "10.0.0.7:4000"));
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.20:7000"));
	assert_false(media_passes("10.0.0.8:4000", "198.51.100.20:7000"));
	call_down();
}

/* The default destination of RTCP stays among the candidates for it (RFC 8839 4.2.3). */
static void
rtcp_candidates_of_a_further_offer_are_where_it_says(void **state)
{
	const char *offer =
		near(RTCP_MUX HOST(1, 1, "10.0.0.7", 4000) HOST(1, 2, "10.0.0.7", 4001));
	unsigned int rtp, rtcp;
	const char *line;

	call_up(offer, far(RTCP_MUX HOST(1, 1, "198.51.100.20", 7000)));
	assert_media(2, 1);
	/* Another one has the port outside by now. */
	fixture_send("10.0.0.8:4001", P, CRLF);
	out_request("INVITE", 2, ";tag=b", offer);
	assert_media(3, 2);
	rtp = outside_port("10.0.0.7:4000");
	rtcp = outside_port("10.0.0.7:4001");
	line = strstr(fx.text, "a=rtcp:");
	assert_int_equal(line ? (unsigned int)atoi(line + 7) : rtp + 1, rtcp);
	in_response(
		"200 OK", 2, "INVITE", ";tag=b", far(RTCP_MUX HOST(1, 1, "198.51.100.20", 7000)));
	assert_media(2, 1);
	call_down();
}

/* ICE has found no better way than the relay: the media does not pass here. */
static void
call_through_a_relay_may_be_silent(void **state)
{
	call_up(sdp_audio("192.0.2.9", 9000,
			HOST(1, 1, "10.0.0.7", 4000) RELAY(2, 1, "192.0.2.9", 9000)),
		far(HOST(1, 1, "198.51.100.20", 7000)));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	fixture_time(1000);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
	/* Said to go on without it, it is looked at again. */
	call_up(near(HOST(1, 1, "10.0.0.7", 4000)), far(HOST(1, 1, "198.51.100.20", 7000)));
	fixture_time(1000);
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(candidates_of_the_answer_are_the_sources),
		TEST(candidates_of_one_side_leave_both_filters),
		TEST(rtcp_candidates_of_a_further_offer_are_where_it_says),
		TEST(call_through_a_relay_may_be_silent),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
