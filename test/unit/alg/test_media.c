/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers and answers: what opens, what stays, what closes. */
#include <stdio.h>
#include <string.h>

#include "alg_message.h"

static void
retransmissions_change_nothing(void **state)
{
	uint32_t bindings;

	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_media(2, 2);
	bindings = pool_used(nat_binding_pool(fx.nat));
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_has("m=audio 4000 ");
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 1);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_media(2, 2);
	for (int i = 0; i < 3; i++)
		in_response("200 OK", 1, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_media(4, 2);
	assert_int_equal(pool_used(nat_binding_pool(fx.nat)), bindings);
	call_down();
}

static void
challenged_invite_keeps_call_and_ports(void **state)
{
	uint16_t port;

	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	port = outside_port("10.0.0.7:4000");
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
	out_request("ACK", 1, ";tag=x", NULL);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_media(2, 2);
	out_request("INVITE", 2, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_int_equal(fx.verdict, ALG_FORWARD);
	assert_int_equal(outside_port("10.0.0.7:4000"), port);
	assert_int_equal(alg_call_count(fx.alg), 1);
	in_response("200 OK", 2, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_media(4, 2);
	call_down();
}

static void
challenged_invite_that_nobody_repeats_ends(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	in_response("401 Auth", 1, "INVITE", ";tag=x", NULL);
	fixture_time(33);
	assert_nothing_left();
}

static void
late_offer_is_answered_in_the_ack(void **state)
{
	out_request("INVITE", 1, "", NULL);
	assert_media(0, 0);
	in_response("200 OK", 1, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_media(2, 0);
	out_request("ACK", 1, ";tag=b", sdp_audio("10.0.0.7", 4000, ""));
	assert_has("c=IN IP4 203.0.113.1" CRLF);
	assert_media(4, 2);
	/* committed: the announced source passes */
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	out_request("ACK", 1, ";tag=b", sdp_audio("10.0.0.7", 4000, ""));
	assert_has("c=IN IP4 203.0.113.1" CRLF);
	assert_media(4, 2);
	call_down();
}

static void
prack_opens_media_as_invite_does(void **state)
{
	out_request("INVITE", 1, "", NULL);
	in_response("183 Progress", 1, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	out_request("PRACK", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, ""));
	assert_has("m=audio 4000 ");
	assert_has("o=- 1 1 IN IP4 203.0.113.1");
	assert_media(4, 2);
	in_response("200 OK", 2, "PRACK", ";tag=b", NULL);
	/* a second description, offered in a PRACK */
	out_request("PRACK", 3, ";tag=b", sdp_audio("10.0.0.7", 4010, ""));
	assert_media(6, 4);
	in_response("200 OK", 3, "PRACK", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_media(4, 2);
	in_response("200 OK", 1, "INVITE", ";tag=b", NULL);
	call_down();
}

static void
media_moved_before_the_answer_leaves_nothing_behind(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	in_response("183 Progress", 1, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	out_request("PRACK", 2, ";tag=b", sdp_audio("10.0.0.7", 4100, ""));
	in_response("200 OK", 2, "PRACK", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	in_response("200 OK", 1, "INVITE", ";tag=b", NULL);
	out_request("ACK", 1, ";tag=b", NULL);
	assert_media(4, 2);
	assert_false(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4100"));
	call_down();
}

static void
update_moves_media(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	in_request("UPDATE", 5, ";tag=b", sdp_audio("198.51.100.21", 7100, ""));
	assert_media(6, 2);
	out_response("200 OK", 5, "UPDATE", ";tag=b", sdp_audio("10.0.0.7", 4000, ""));
	assert_media(4, 2);
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.21:7100"));
	assert_false(media_passes("10.0.0.7:4000", "198.51.100.20:7000"));
	call_down();
}

static void
refused_offer_rolls_back(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	out_request("INVITE", 2, ";tag=b", sdp_audio("10.0.0.7", 4100, ""));
	assert_media(6, 4);
	in_response("488 No", 2, "INVITE", ";tag=b", NULL);
	assert_media(4, 2);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.20:7000", "10.0.0.7:4100"));
	in_request("INVITE", 2, ";tag=b", sdp_audio("198.51.100.20", 7200, ""));
	out_response("491 Pending", 2, "INVITE", ";tag=b", NULL);
	assert_media(4, 2);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
}

static void
hold_and_resume_keep_the_ports(void **state)
{
	const char *zero = "v=0" CRLF "o=- 1 2 IN IP4 10.0.0.7" CRLF "s=-" CRLF
			   "c=IN IP4 0.0.0.0" CRLF "t=0 0" CRLF "m=audio 4000 RTP/AVP 0" CRLF;
	uint16_t port;

	/* Another host has port 4000 outside already. */
	fixture_send("10.0.0.8:4000", P, CRLF);
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	port = outside_port("10.0.0.7:4000");
	assert_int_not_equal(port, 4000);
	assert_int_equal(port % 2, 0);
	assert_int_equal(outside_port("10.0.0.7:4001"), port + 1);
	out_request("INVITE", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, "a=inactive" CRLF));
	in_response("200 OK", 2, "INVITE", ";tag=b",
		sdp_audio("198.51.100.20", 7000, "a=inactive" CRLF));
	assert_int_equal(outside_port("10.0.0.7:4000"), port);
	out_request("INVITE", 3, ";tag=b", zero);
	assert_has("o=- 1 2 IN IP4 203.0.113.1" CRLF);
	assert_has("c=IN IP4 0.0.0.0" CRLF);
	in_response("200 OK", 3, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_media(4, 2);
	fixture_time(1000); /* silent, but on hold */
	assert_int_equal(alg_call_count(fx.alg), 1);
	out_request("INVITE", 4, ";tag=b", sdp_audio("10.0.0.7", 4000, ""));
	in_response("200 OK", 4, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_int_equal(outside_port("10.0.0.7:4000"), port);
	assert_media(4, 2);
	call_down();
}

static void
streams_come_and_go(void **state)
{
	char offer[512], port[32];
	const char *base = sdp_audio("10.0.0.7", 4000, "m=video 4004 RTP/AVP 31" CRLF);

	call_up(base, sdp_audio("198.51.100.20", 7000, "m=video 0 RTP/AVP 31" CRLF));
	assert_media(4, 2); /* the refused stream is closed */
	out_request("INVITE", 2, ";tag=b", base);
	assert_media(6, 4);
	in_response("200 OK", 2, "INVITE", ";tag=b",
		sdp_audio("198.51.100.20", 7000, "m=video 7004 RTP/AVP 31" CRLF));
	assert_media(8, 4);
	snprintf(offer, sizeof(offer), "%s",
		sdp_audio("10.0.0.7", 4000, "m=video 0 RTP/AVP 31" CRLF));
	out_request("INVITE", 3, ";tag=b", offer);
	assert_has("m=video 0 ");
	in_response("200 OK", 3, "INVITE", ";tag=b",
		sdp_audio("198.51.100.20", 7000, "m=video 0 RTP/AVP 31" CRLF));
	assert_media(4, 2);
	snprintf(port, sizeof(port), "10.0.0.7:%d", 4004);
	assert_false(media_passes("198.51.100.20:7004", port));
	call_down();
}

static void
rtcp_mux_closes_rtcp_once_agreed(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, "a=rtcp-mux" CRLF),
		sdp_audio("198.51.100.20", 7000, "a=rtcp-mux" CRLF));
	assert_media(2, 1);
	assert_false(media_passes("198.51.100.20:7001", "10.0.0.7:4001"));
	/* refresh with the same offer: nothing changes */
	out_request("INVITE", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, "a=rtcp-mux" CRLF));
	assert_media(2, 1);
	in_response("200 OK", 2, "INVITE", ";tag=b",
		sdp_audio("198.51.100.20", 7000, "a=rtcp-mux" CRLF));
	assert_media(2, 1);
	call_down();
}

static void
rtcp_mux_refused_keeps_rtcp(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, "a=rtcp-mux" CRLF),
		sdp_audio("198.51.100.20", 7000, ""));
	assert_media(4, 2);
	assert_has("ACK");
	call_down();
}

static void
rtcp_attribute_names_its_own_port(void **state)
{
	fixture_send("10.0.0.8:4100", P, CRLF);
	fixture_send("10.0.0.8:4000", P, CRLF);
	out_request(
		"INVITE", 1, "", sdp_audio("10.0.0.7", 4000, "a=rtcp:4100 IN IP4 10.0.0.7" CRLF));
	char line[64];

	snprintf(line, sizeof(line), "a=rtcp:%u IN IP4 203.0.113.1" CRLF,
		outside_port("10.0.0.7:4100"));
	assert_has(line);
	assert_int_not_equal(outside_port("10.0.0.7:4100"), 4100);
	assert_true(media_passes("198.51.100.20:7001", "10.0.0.7:4100"));
	in_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
each_fork_has_its_own_answer(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	in_response("183 Progress", 1, "INVITE", ";tag=f1", sdp_audio("198.51.100.21", 7000, ""));
	in_response("183 Progress", 1, "INVITE", ";tag=f2", sdp_audio("198.51.100.22", 7000, ""));
	in_response("180 Ringing", 1, "INVITE", ";tag=f3", NULL);
	assert_media(6, 2);
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.21:7000"));
	assert_true(media_passes("10.0.0.7:4000", "198.51.100.22:7000"));
	in_response("200 OK", 1, "INVITE", ";tag=f2", sdp_audio("198.51.100.22", 7000, ""));
	out_request("ACK", 1, ";tag=f2", NULL);
	assert_media(6, 2); /* the other fork may answer yet */
	fixture_time(33);
	assert_media(4, 2);
	assert_false(media_passes("10.0.0.7:4000", "198.51.100.21:7000"));
	/* later than it should, it answers as well, and is ended first */
	in_response("200 OK", 1, "INVITE", ";tag=f1", sdp_audio("198.51.100.21", 7000, ""));
	assert_media(6, 2);
	out_request("BYE", 2, ";tag=f1", NULL);
	in_response("200 OK", 2, "BYE", ";tag=f1", NULL);
	assert_media(4, 2);
	assert_int_equal(alg_call_count(fx.alg), 1);
	out_request("BYE", 2, ";tag=f2", NULL);
	in_response("200 OK", 2, "BYE", ";tag=f2", NULL);
	assert_nothing_left();
}

static void
cancelled_call_leaves_nothing(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	out_request("CANCEL", 1, "", NULL);
	in_response("200 OK", 1, "CANCEL", "", NULL);
	in_response("487 Cancelled", 1, "INVITE", ";tag=b", NULL);
	out_request("ACK", 1, ";tag=b", NULL);
	assert_nothing_left();
}

/* RFC 3261 9.1: the CANCEL came too late. */
static void
success_that_crosses_the_cancel_has_media(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	in_response("180 Ringing", 1, "INVITE", ";tag=b", NULL);
	out_request("CANCEL", 1, "", NULL);
	in_response("200 OK", 1, "CANCEL", "", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	out_request("ACK", 1, ";tag=b", NULL);
	fixture_time(200);
	assert_media(4, 2);
	call_down();
}

static void
repetition_after_the_end_makes_no_record(void **state)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	in_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_null(strstr(fx.text, "IP4 10.0.0.7"));
	assert_media(0, 0);
	assert_int_equal(alg_call_count(fx.alg), 0);
	/* but a new attempt under the same Call-ID is a call */
	out_request("INVITE", 2, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_media(2, 2);
	in_response("486 Busy", 2, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
candidates_share_the_binding(void **state)
{
	char expected[256];

	fixture_send("10.0.0.8:4000", P, CRLF);
	out_request("INVITE", 1, "",
		sdp_audio("10.0.0.7", 4000,
			"a=candidate:1 1 UDP 2130706431 10.0.0.7 4000 typ host" CRLF
			"a=candidate:2 2 UDP 2130706430 10.0.0.7 4001 typ host" CRLF
			"a=candidate:3 1 UDP 1694498815 192.0.2.3 9000 typ srflx raddr 10.0.0.7 "
			"rport 4000" CRLF));
	snprintf(expected, sizeof(expected),
		"a=candidate:1 1 UDP 2130706431 203.0.113.1 %u typ host" CRLF
		"a=candidate:2 2 UDP 2130706430 203.0.113.1 %u typ host" CRLF
		"a=candidate:3 1 UDP 1694498815 192.0.2.3 9000 typ srflx raddr 203.0.113.1 "
		"rport %u" CRLF,
		outside_port("10.0.0.7:4000"), outside_port("10.0.0.7:4001"),
		outside_port("10.0.0.7:4000"));
	assert_has(expected);
	assert_media(2, 2);
	in_response("500 No", 1, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
foreign_addresses_stay(void **state)
{
	out_request("INVITE", 1, "",
		"v=0" CRLF "o=- 1 1 IN IP4 host.example.com" CRLF "s=-" CRLF
		"c=IN IP4 192.0.2.44" CRLF "t=0 0" CRLF "m=audio 4000 RTP/AVP 0" CRLF
		"m=video 4002 RTP/AVP 31" CRLF "c=IN IP6 2001:db8::1" CRLF
		"m=text 4004 RTP/AVP 98" CRLF "c=IN IP4 10.0.0.8" CRLF);
	assert_has("o=- 1 1 IN IP4 host.example.com" CRLF);
	assert_has("c=IN IP4 192.0.2.44" CRLF);
	assert_has("c=IN IP6 2001:db8::1" CRLF);
	assert_has("c=IN IP4 203.0.113.1" CRLF);
	assert_media(2, 2); /* another host of the own zone may have media */
	assert_int_equal(counted(SIP_COUNT_MEDIA_FOREIGN), 1);
	in_response("500 No", 1, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

/* A description from outside that names inside hosts, callgate itself, a service port, or all. */
static void
message_opens_only_its_own_side(void **state)
{
	static const char *const hosts[] = {
		"10.0.0.7", "203.0.113.1", "203.0.113.255", "224.0.1.1", "10.0.0.1", "127.0.0.1"};

	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	for (unsigned int i = 0; i < RTE_DIM(hosts); i++) {
		in_request("UPDATE", 10 + i, ";tag=b", sdp_audio(hosts[i], 8000, ""));
		assert_media(4, 2);
		out_response("488 No", 10 + i, "UPDATE", ";tag=b", NULL);
	}
	in_request("UPDATE", 20, ";tag=b", sdp_audio("198.51.100.20", 22, ""));
	assert_media(4, 2);
	out_response("488 No", 20, "UPDATE", ";tag=b", NULL);
	assert_media(4, 2);
	call_down();
}

static void
sender_alone_when_configured(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.media_hosts = MEDIA_HOSTS_SENDER});
	out_request("INVITE", 1, "", sdp_audio("10.0.0.8", 4000, ""));
	assert_media(0, 0);
	out_request("INVITE", 2, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_media(2, 2);
	in_response("500 No", 2, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
}

static void
multipart_body_is_rewritten_with_exact_length(void **state)
{
	const char *head =
		"INVITE sip:bob@198.51.100.9 SIP/2.0" CRLF "v: SIP/2.0/UDP 10.0.0.7" CRLF
		"f: <sip:a@x>;tag=a" CRLF "t: <sip:b@x>" CRLF "i: mp" CRLF "CSeq: 1 INVITE" CRLF
		"c: multipart/mixed;boundary=\"==x\"" CRLF "l  :   %zu" CRLF CRLF "%s";
	const char *parts =
		"--==x" CRLF "Content-Type: text/plain" CRLF CRLF "c=IN IP4 10.0.0.7" CRLF
		"--==x" CRLF "Content-Type: application/sdp" CRLF CRLF "%s" CRLF "--==x--" CRLF;
	char body[1024], expected[2048];

	snprintf(body, sizeof(body), parts, sdp_audio("10.0.0.7", 4000, ""));
	fixture_send(A, P, head, strlen(body), body);
	snprintf(body, sizeof(body), parts, sdp_audio("203.0.113.1", 4000, ""));
	snprintf(expected, sizeof(expected), head, strlen(body), body);
	memcpy(strstr(expected, "UDP 10.0.0.7"), "UDP ", 4);
	assert_int_equal(strlen(fx.text), fx.length);
	assert_string_equal(strstr(fx.text, "c: multi"), strstr(expected, "c: multi"));
	assert_media(2, 2);
}

static void
other_things_keep_inside_addresses_out_of_reach(void **state)
{
	fixture_send(A, P,
		"INVITE sip:bob@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=10.0.0.7" CRLF
		"From: <sip:a@10.0.0.7:5062>;tag=10.0.0.7" CRLF "To: <sip:b@10.0.0.9>" CRLF
		"Call-ID: 10.0.0.7" CRLF "CSeq: 1 INVITE" CRLF
		"P-Asserted-Identity: \"x\" <sip:a@10.0.0.7>, <tel:+1>" CRLF
		"Record-Route: <sip:10.0.0.6;lr>,<sip:10.0.0.5:5080;lr>" CRLF
		"Proxy-Authorization: Digest uri=\"sip:10.0.0.7\"" CRLF
		"Contact: <sip:a@10.0.0.7>, <sip:a@192.0.2.1>" CRLF "Identity: 10.0.0.7" CRLF CRLF);
	assert_has("branch=10.0.0.7" CRLF);
	assert_has("From: <sip:a@203.0.113.1:5062>;tag=10.0.0.7" CRLF);
	assert_has("To: <sip:b@203.0.113.1>" CRLF);
	assert_has("Call-ID: 10.0.0.7" CRLF);
	assert_has("P-Asserted-Identity: \"x\" <sip:a@203.0.113.1>, <tel:+1>" CRLF);
	assert_has("Digest uri=\"sip:10.0.0.7\"" CRLF);
	assert_has("Contact: <sip:a@203.0.113.1>, <sip:a@192.0.2.1>" CRLF);
	assert_has("Identity: 10.0.0.7" CRLF);
	char route[128];

	snprintf(route, sizeof(route), "Record-Route: <sip:%s;lr>,<sip:%s;lr>" CRLF,
		outside_of("10.0.0.6:5060"), outside_of("10.0.0.5:5080"));
	assert_has(route);
	assert_true(media_passes(P, "10.0.0.5:5080"));
	/* and back: each party gets the host it wrote, by tag */
	fixture_send(P, A_OUT,
		"SIP/2.0 180 Ringing" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=10.0.0.7" CRLF
		"From: <sip:a@203.0.113.1:5062>;tag=10.0.0.7" CRLF
		"To: <sip:b@203.0.113.1>;tag=b" CRLF "Call-ID: 10.0.0.7" CRLF "CSeq: 1 INVITE" CRLF
		"%s" CRLF,
		route);
	assert_has("Via: SIP/2.0/UDP 10.0.0.7;branch=10.0.0.7" CRLF);
	assert_has("From: <sip:a@10.0.0.7:5062>;tag=10.0.0.7" CRLF);
	assert_has("To: <sip:b@10.0.0.9>;tag=b" CRLF);
	assert_has("Record-Route: <sip:10.0.0.6;lr>,<sip:10.0.0.5:5080;lr>" CRLF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(retransmissions_change_nothing),
		TEST(challenged_invite_keeps_call_and_ports),
		TEST(challenged_invite_that_nobody_repeats_ends),
		TEST(late_offer_is_answered_in_the_ack),
		TEST(prack_opens_media_as_invite_does),
		TEST(media_moved_before_the_answer_leaves_nothing_behind),
		TEST(update_moves_media),
		TEST(refused_offer_rolls_back),
		TEST(hold_and_resume_keep_the_ports),
		TEST(streams_come_and_go),
		TEST(rtcp_mux_closes_rtcp_once_agreed),
		TEST(rtcp_mux_refused_keeps_rtcp),
		TEST(rtcp_attribute_names_its_own_port),
		TEST(each_fork_has_its_own_answer),
		TEST(cancelled_call_leaves_nothing),
		TEST(success_that_crosses_the_cancel_has_media),
		TEST(repetition_after_the_end_makes_no_record),
		TEST(candidates_share_the_binding),
		TEST(foreign_addresses_stay),
		TEST(message_opens_only_its_own_side),
		TEST(sender_alone_when_configured),
		TEST(multipart_body_is_rewritten_with_exact_length),
		TEST(other_things_keep_inside_addresses_out_of_reach),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
