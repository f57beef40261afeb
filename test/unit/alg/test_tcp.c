/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP over TCP: what names an end of the connection, what names a port at which its host listens, and
 * who may connect there. Each message is processed twice here and leaves the same way.
 */
#include <stdio.h>
#include <string.h>

#include "alg_message.h"

#define PHONE   "10.0.0.7:33000" /* its end of its connection */
#define LISTENS "10.0.0.7:5060"
#define SERVER  "198.51.100.9:5060"
#define AGAIN   "198.51.100.9:41000" /* the server connects back */
#define OTHER   "198.51.100.77:41000"

/* Another host has the ports outside that the phone has inside, so the phone's are other ones. */
static int
start(void **state)
{
	fixture_start(state);
	fx.proto = IPPROTO_TCP;
	fx.twice = true;
	fixture_send("10.0.0.9:33000", SERVER, CRLF CRLF);
	fixture_send("10.0.0.9:5060", SERVER, CRLF CRLF);
	fx.proto = IPPROTO_UDP;
	fixture_send("10.0.0.9:5060", SERVER, CRLF CRLF);
	fx.proto = IPPROTO_TCP;
	return 0;
}

/* With no host that has taken a port. */
static void
alone(void **state)
{
	fixture_stop(state);
	fixture_start(state);
	fx.proto = IPPROTO_TCP;
	fx.twice = true;
}

static const char *
full(const char *hostport)
{
	static char text[4][32];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]), "%s%s", hostport, strchr(hostport, ':') ? "" : ":5060");
	return out;
}

static void
expect_text(const char *format, ...)
{
	static char expected[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(expected, sizeof(expected), format, arguments);
	va_end(arguments);
	assert_int_equal(fx.verdict, ALG_FORWARD);
	assert_left(expected);
}

#define REGISTER \
	"REGISTER sip:198.51.100.9;transport=tcp SIP/2.0" CRLF \
	"Via: SIP/2.0/TCP %s;branch=z9hG4bKr;rport;alias" CRLF \
	"From: <sip:a@x.example>;tag=r" CRLF "To: <sip:a@x.example>" CRLF "Call-ID: reg" CRLF \
	"CSeq: %u REGISTER" CRLF "Contact: <sip:a@%s%s>;expires=600;reg-id=1" CRLF CRLF
#define REGISTERED \
	"SIP/2.0 200 OK" CRLF \
	"Via: SIP/2.0/TCP %s;branch=z9hG4bKr;rport=%u;alias;received=%s" CRLF \
	"From: <sip:a@x.example>;tag=r" CRLF "To: <sip:a@x.example>;tag=s" CRLF \
	"Call-ID: reg" CRLF "CSeq: %u REGISTER" CRLF \
	"Contact: <sip:a@%s%s>;expires=600;reg-id=1" CRLF CRLF

/* `outside`: of the Contact, which runs over what it says. */
static void
phone_registers(const char *sent_by, const char *contact, const char *parameters,
	const char *(*outside)(const char *inside))
{
	static unsigned int cseq;
	char via[32], seen[32];

	fixture_send(PHONE, SERVER, REGISTER, sent_by, ++cseq, contact, parameters);
	snprintf(via, sizeof(via), "%s", outside_tcp(full(sent_by)));
	snprintf(seen, sizeof(seen), "%s", outside(full(contact)));
	assert_string_not_equal(via, "");
	assert_string_not_equal(seen, "");
	expect_text(REGISTER, via, cseq, seen, parameters);
	fixture_send(SERVER, outside_tcp(PHONE), REGISTERED, via, outside_tcp_port(PHONE),
		"203.0.113.1", cseq, seen, parameters);
	expect_text(REGISTERED, sent_by, 33000, "10.0.0.7", cseq, contact, parameters);
}

#define INVITE_IN \
	"INVITE sip:a@%s%s SIP/2.0" CRLF \
	"Via: SIP/2.0/TCP 198.51.100.9:5060;branch=z9hG4bKi;rport" CRLF \
	"Record-Route: <sip:198.51.100.9;transport=tcp;r2=on;lr>," \
	"<sip:198.51.100.9;r2=on;lr>" CRLF "From: <sip:b@y.example>;tag=b" CRLF \
	"To: <sip:a@x.example>" CRLF "Call-ID: in" CRLF "CSeq: 1 INVITE" CRLF \
	"Contact: <sip:b@198.51.100.20:5070;transport=tcp>" CRLF "%s"
#define OK_OUT \
	"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP 198.51.100.9:5060;branch=z9hG4bKi;rport=41000" \
	";received=198.51.100.9" CRLF "Record-Route: <sip:198.51.100.9;transport=tcp;r2=on;lr>," \
	"<sip:198.51.100.9;r2=on;lr>" CRLF "From: <sip:b@y.example>;tag=b" CRLF \
	"To: <sip:a@x.example>;tag=a" CRLF "Call-ID: in" CRLF "CSeq: 1 INVITE" CRLF \
	"Contact: <sip:a@%s%s>" CRLF "%s"
#define BYE_IN \
	"BYE sip:a@%s%s SIP/2.0" CRLF "Via: SIP/2.0/TCP 198.51.100.9:5060;branch=z9hG4bKb" CRLF \
	"From: <sip:b@y.example>;tag=b" CRLF "To: <sip:a@x.example>;tag=a" CRLF "Call-ID: in" CRLF \
	"CSeq: 2 BYE" CRLF CRLF
#define BYE_OK \
	"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP 198.51.100.9:5060;branch=z9hG4bKb" CRLF \
	"From: <sip:b@y.example>;tag=b" CRLF "To: <sip:a@x.example>;tag=a" CRLF "Call-ID: in" CRLF \
	"CSeq: 2 BYE" CRLF CRLF

/* A call to it, by what it has registered, over a connection that the server begins at this end. */
static void
phone_is_called(const char *end, const char *contact, const char *parameters, const char *outside)
{
	const char *offer = with_sdp(sdp_audio("198.51.100.20", 7000, ""));
	char seen[32], at[32];

	snprintf(seen, sizeof(seen), "%s", outside);
	snprintf(at, sizeof(at), "%s", outside_tcp(end));
	fixture_send(AGAIN, at, INVITE_IN, seen, parameters, offer);
	expect_text(INVITE_IN, contact, parameters, offer);
	fixture_send(
		end, AGAIN, OK_OUT, contact, parameters, with_sdp(sdp_audio("10.0.0.7", 4000, "")));
	expect_text(OK_OUT, seen, parameters, with_sdp(sdp_audio("203.0.113.1", 4000, "")));
	assert_media(4, 2);
	/* the phone may connect to the Contact of the other side, too */
	assert_true(tcp_admitted("10.0.0.7:34000", "198.51.100.20:5070"));
	fixture_send(AGAIN, at, BYE_IN, seen, parameters);
	expect_text(BYE_IN, contact, parameters);
	fixture_send(end, AGAIN, BYE_OK);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_media(0, 0);
}

/* After a registration: open to the server, from any port of it, and to nobody else, for its time. */
static void
door_lasts(const char *contact)
{
	char door[32];

	snprintf(door, sizeof(door), "%s", outside_tcp(full(contact)));
	fixture_time(600);
	assert_true(tcp_admitted(AGAIN, door));
	assert_false(tcp_admitted(OTHER, door));
	assert_false(media_passes(AGAIN, full(contact))); /* no other protocol */
	fixture_time(100);
	assert_false(tcp_admitted(AGAIN, door));
	assert_nothing_left();
}

static void
contact_at_the_listening_port_has_a_door(void **state)
{
	phone_registers("10.0.0.7:33000", "10.0.0.7:5060", ";transport=tcp", outside_tcp);
	phone_is_called(LISTENS, "10.0.0.7:5060", ";transport=tcp", outside_tcp(LISTENS));
	door_lasts("10.0.0.7:5060");
}

static void
contact_without_port_is_5060_and_comes_back_without(void **state)
{
	phone_registers("10.0.0.7", "10.0.0.7", ";transport=TCP;ob", outside_tcp);
	phone_is_called(LISTENS, "10.0.0.7", ";transport=TCP;ob", outside_tcp(LISTENS));
	door_lasts("10.0.0.7");
}

static void
contact_at_its_end_of_the_connection_is_the_connection(void **state)
{
	phone_registers("10.0.0.7:33000", "10.0.0.7:33000", ";transport=tcp", outside_tcp);
	phone_is_called(PHONE, "10.0.0.7:33000", ";transport=tcp", outside_tcp(PHONE));
	door_lasts("10.0.0.7:33000");
}

static void
without_transport_it_is_the_connection_too(void **state)
{
	phone_registers("10.0.0.7:33000", "10.0.0.7:33000", "", outside_tcp);
	assert_string_equal(outside_of(PHONE), "");
	phone_is_called(PHONE, "10.0.0.7:33000", "", outside_tcp(PHONE));
	door_lasts("10.0.0.7:33000");
}

/* RFC 3263 4.1 */
static void
other_port_without_transport_is_udp(void **state)
{
	phone_registers("10.0.0.7:33000", "10.0.0.7:5062", "", outside_of);
	assert_string_equal(outside_tcp("10.0.0.7:5062"), "");
	assert_true(media_passes(AGAIN, "10.0.0.7:5062"));
	assert_false(tcp_admitted(AGAIN, outside_of("10.0.0.7:5062")));
	phone_is_called(PHONE, "10.0.0.7:5062", "", outside_of("10.0.0.7:5062"));
	fixture_time(700);
	assert_nothing_left();
}

/* What has no transport comes back on another connection, while UDP has a binding of that number, too. */
static void
one_number_outside_may_be_of_both_protocols(void **state)
{
	char seen[32];

	fixture_send(PHONE, SERVER, CRLF CRLF);
	fixture_send("10.0.0.8:36000", SERVER, CRLF CRLF);
	fx.proto = IPPROTO_UDP;
	fixture_send("10.0.0.9:36000", SERVER, CRLF CRLF);
	fx.proto = IPPROTO_TCP;
	/* 203.0.113.1:36000 is the host's own over TCP, another host's over UDP */
	assert_string_equal(outside_tcp("10.0.0.8:36000"), outside_of("10.0.0.9:36000"));
	snprintf(seen, sizeof(seen), "%s", outside_tcp("10.0.0.8:36000"));
	fixture_send("10.0.0.8:36000", SERVER,
		"OPTIONS sip:x SIP/2.0" CRLF "Via: SIP/2.0/TCP 10.0.0.8:5064;branch=z9hG4bKo" CRLF
		"From: <sip:c@x>;tag=1" CRLF "To: <sip:d@x>" CRLF "Call-ID: o" CRLF
		"CSeq: 1 OPTIONS" CRLF "Contact: <sip:c@10.0.0.8:36000>" CRLF CRLF);
	fixture_send(AGAIN, outside_tcp("10.0.0.8:5064"),
		"OPTIONS sip:c@%s SIP/2.0" CRLF "Via: SIP/2.0/TCP 198.51.100.9" CRLF
		"Route: <sip:%s;lr>" CRLF "From: <sip:d@x>;tag=2" CRLF "To: <sip:c@x>" CRLF
		"Call-ID: p" CRLF "CSeq: 1 OPTIONS" CRLF CRLF,
		seen, seen);
	expect_text("OPTIONS sip:c@10.0.0.8:36000 SIP/2.0" CRLF "Via: SIP/2.0/TCP 198.51.100.9" CRLF
		    "Route: <sip:10.0.0.8:36000;lr>" CRLF "From: <sip:d@x>;tag=2" CRLF
		    "To: <sip:c@x>" CRLF "Call-ID: p" CRLF "CSeq: 1 OPTIONS" CRLF CRLF);
	/* by the letter it is UDP's where nothing speaks for the other */
	fixture_send(AGAIN, outside_tcp(PHONE),
		"OPTIONS sip:c@%s SIP/2.0" CRLF "Via: SIP/2.0/TCP 198.51.100.9" CRLF
		"From: <sip:d@x>;tag=2" CRLF "To: <sip:c@x>" CRLF "Call-ID: q" CRLF
		"CSeq: 1 OPTIONS" CRLF CRLF,
		seen);
	assert_has("OPTIONS sip:c@10.0.0.9:36000 SIP/2.0");
	assert_nothing_left();
}

#define CALL(start, method, headers) \
	start CRLF "Via: SIP/2.0/TCP %s;branch=z9hG4bK%s" CRLF "From: <sip:a@x>;tag=a" CRLF \
		   "To: <sip:b@y>%s" CRLF "Call-ID: c" CRLF "CSeq: %u " method CRLF headers "%s"
#define CONTACT(host) "Contact: <sip:x@" host ";transport=tcp>" CRLF

/* RFC 3665 3.1; the answers come on a connection of the server's (RFC 3261 18.2.2), so does its BYE. */
static void
basic_call_over_a_connection_each_way(void **state)
{
	const char *offer = with_sdp(sdp_audio("10.0.0.7", 4000, ""));
	const char *answer = with_sdp(sdp_audio("198.51.100.20", 7000, ""));
	char via[32];

	fixture_send(PHONE, SERVER,
		CALL("INVITE sip:b@y SIP/2.0", "INVITE", CONTACT("10.0.0.7:5060")), "10.0.0.7:5060",
		"i", "", 1u, offer);
	snprintf(via, sizeof(via), "%s", outside_tcp(LISTENS));
	assert_has(via);
	assert_has("m=audio 4000 ");
	assert_true(tcp_admitted(AGAIN, via));
	assert_false(tcp_admitted(OTHER, via));
	fixture_send(AGAIN, via, CALL("SIP/2.0 180 Ringing", "INVITE", ""), via, "i", ";tag=b", 1u,
		CRLF);
	assert_has("Via: SIP/2.0/TCP 10.0.0.7:5060;");
	fixture_send(AGAIN, via, CALL("SIP/2.0 200 OK", "INVITE", CONTACT("198.51.100.20:5070")),
		via, "i", ";tag=b", 1u, answer);
	assert_has("Via: SIP/2.0/TCP 10.0.0.7:5060;");
	assert_media(4, 2);
	/* to the Contact the caller connects itself */
	assert_true(tcp_admitted("10.0.0.7:33002", "198.51.100.20:5070"));
	fixture_send("10.0.0.7:33002", "198.51.100.20:5070",
		CALL("ACK sip:x@198.51.100.20:5070;transport=tcp SIP/2.0", "ACK", ""),
		"10.0.0.7:5060", "a", ";tag=b", 1u, CRLF);
	assert_has(via);
	/* and the callee, from the address of its own Contact */
	assert_true(tcp_admitted("198.51.100.20:42000", via));
	fixture_send("198.51.100.20:42000", via,
		"BYE sip:x@%s;transport=tcp SIP/2.0" CRLF
		"Via: SIP/2.0/TCP 198.51.100.20:5070;branch=z9hG4bKb" CRLF
		"From: <sip:b@y>;tag=b" CRLF "To: <sip:a@x>;tag=a" CRLF "Call-ID: c" CRLF
		"CSeq: 1 BYE" CRLF CRLF,
		via);
	assert_has("BYE sip:x@10.0.0.7:5060;transport=tcp SIP/2.0");
	fixture_send(LISTENS, "198.51.100.20:42000",
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP 198.51.100.20:5070;branch=z9hG4bKb" CRLF
		"From: <sip:b@y>;tag=b" CRLF "To: <sip:a@x>;tag=a" CRLF "Call-ID: c" CRLF
		"CSeq: 1 BYE" CRLF CRLF);
	assert_media(0, 0);
	fixture_time(33);
	assert_false(tcp_admitted(AGAIN, via));
	assert_false(tcp_admitted("10.0.0.7:33002", "198.51.100.20:5070"));
	assert_nothing_left();
}

/* RFC 3261 18.1.1: what has grown too long for a datagram goes over TCP. */
static void
dialog_goes_on_over_another_transport(void **state)
{
	static const char padding[] =
		"Subject: "
		"0123456789012345678901234567890123456789012345678901234567890123456789" CRLF;
	uint16_t port;

	alone(state);
	fx.proto = IPPROTO_UDP;
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	port = outside_port("10.0.0.7:4000");
	fx.proto = IPPROTO_TCP;
	fixture_send(PHONE, SERVER,
		"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/TCP 10.0.0.7;branch=z9hG4bKre" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: m" CRLF "CSeq: 2 INVITE" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s%s",
		padding, with_sdp(sdp_audio("10.0.0.7", 4000, "")));
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(outside_port("10.0.0.7:4000"), port);
	fixture_send(SERVER, outside_tcp(PHONE),
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP 203.0.113.1;branch=z9hG4bKre" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: m" CRLF "CSeq: 2 INVITE" CRLF "Contact: <sip:b@198.51.100.9>" CRLF "%s",
		with_sdp(sdp_audio("198.51.100.20", 7002, "")));
	assert_has("Via: SIP/2.0/TCP 10.0.0.7;branch=z9hG4bKre");
	assert_media(4, 2);
	assert_true(media_passes("198.51.100.20:7002", "10.0.0.7:4000"));
	fixture_send(PHONE, SERVER,
		"ACK sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/TCP 10.0.0.7;branch=z9hG4bKra" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: m" CRLF "CSeq: 2 ACK" CRLF CRLF);
	fx.proto = IPPROTO_UDP;
	call_down();
}

/* The Contacts of a 302, by the transport that each names, for who asked. */
static void
redirection_opens_its_targets(void **state)
{
	const char *offer = with_sdp(sdp_audio("10.0.0.7", 4000, ""));
	char door[32];

	fixture_send(PHONE, SERVER,
		CALL("INVITE sip:b@y SIP/2.0", "INVITE", CONTACT("10.0.0.7:5060")),
		"10.0.0.7:33000", "i", "", 1u, offer);
	fixture_send(SERVER, outside_tcp(PHONE),
		CALL("SIP/2.0 302 Moved", "INVITE", CONTACT("198.51.100.30:5090")),
		outside_tcp(PHONE), "i", ";tag=b", 1u, CRLF);
	assert_true(tcp_admitted("10.0.0.7:33002", "198.51.100.30:5090"));
	assert_false(media_passes("10.0.0.7:5060", "198.51.100.30:5090"));
	fixture_time(33);
	assert_false(tcp_admitted("10.0.0.7:33002", "198.51.100.30:5090"));
	/* and a phone's own */
	phone_registers("10.0.0.7:33000", "10.0.0.7:5060", ";transport=tcp", outside_tcp);
	fixture_send(SERVER, outside_tcp(PHONE), INVITE_IN, outside_tcp(LISTENS), ";transport=tcp",
		CRLF);
	fixture_send(PHONE, SERVER,
		"SIP/2.0 302 Moved" CRLF
		"Via: SIP/2.0/TCP 198.51.100.9:5060;branch=z9hG4bKi;rport=5060" CRLF
		"From: <sip:b@y.example>;tag=b" CRLF "To: <sip:a@x.example>;tag=a" CRLF
		"Call-ID: in" CRLF "CSeq: 1 INVITE" CRLF
		"Contact: <sip:a@10.0.0.8:5092;transport=tcp>" CRLF CRLF);
	snprintf(door, sizeof(door), "%s", outside_tcp("10.0.0.8:5092"));
	assert_has(door);
	assert_true(tcp_admitted(AGAIN, door));
	fixture_time(33);
	assert_false(tcp_admitted(AGAIN, door));
	fixture_time(700);
	assert_nothing_left();
}

/* Refer-To and the headers in it: each by its own transport. */
static void
transfer_names_its_targets(void **state)
{
	char expected[256];

	alone(state);
	fixture_send("10.0.0.9:5082", SERVER, CRLF CRLF);
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	next_header("Refer-To: <sip:c@10.0.0.8:5080;transport=tcp?Route=%3Csip%3A10.0.0.8%3A5082"
		    "%3Btransport%3Dtcp%3Bmaddr%3D10.0.0.8%3A5082%3Blr%3E%2C%3Csip%3A10.0.0.8%"
		    "3A5084%3Blr%3E>");
	out_request("REFER", 2, ";tag=b", NULL);
	snprintf(expected, sizeof(expected),
		"Refer-To: <sip:c@%s;transport=tcp?Route=%%3Csip%%3A%s"
		"%%3Btransport%%3Dtcp%%3Bmaddr%%3D%s%%3Blr%%3E%%2C%%3Csip%%3A203.0.113.1%%3A%u%%"
		"3Blr%%3E>",
		outside_tcp("10.0.0.8:5080"), outside_tcp("10.0.0.8:5082"),
		outside_tcp("10.0.0.8:5082"), outside_port("10.0.0.8:5084"));
	assert_has(expected);
	assert_string_equal(outside_of("10.0.0.8:5080"), "");
	assert_string_equal(outside_of("10.0.0.8:5082"), "");
	call_down();
}

#define WATCH(start, from, to, method, headers) \
	start CRLF "Via: SIP/2.0/TCP %s;branch=z9hG4bKw%u" CRLF "From: <sip:a@x>;tag=" from CRLF \
		   "To: <sip:b@y>" to CRLF "Call-ID: w" CRLF "CSeq: %u " method CRLF \
		   "Event: presence" CRLF headers CRLF

static void
notifications_come_on_a_connection_of_their_own(void **state)
{
	char door[32];

	fixture_send(PHONE, SERVER,
		WATCH("SUBSCRIBE sip:b@y SIP/2.0", "a", "", "SUBSCRIBE",
			"Expires: 600" CRLF CONTACT("10.0.0.7:5060")),
		"10.0.0.7:33000", 1u, 1u);
	snprintf(door, sizeof(door), "%s", outside_tcp(LISTENS));
	fixture_send(SERVER, outside_tcp(PHONE),
		WATCH("SIP/2.0 200 OK", "a", ";tag=b", "SUBSCRIBE",
			"Expires: 600" CRLF CONTACT("198.51.100.20:5070")),
		outside_tcp(PHONE), 1u, 1u);
	fixture_time(500);
	assert_true(tcp_admitted(AGAIN, door));
	assert_true(tcp_admitted("198.51.100.20:42000", door));
	assert_false(tcp_admitted(OTHER, door));
	assert_true(tcp_admitted("10.0.0.7:33002", "198.51.100.20:5070"));
	fixture_send("198.51.100.20:42000", door,
		WATCH("NOTIFY sip:x@%s;transport=tcp SIP/2.0", "b", ";tag=a", "NOTIFY",
			"Subscription-State: terminated" CRLF CONTACT("198.51.100.20:5070")),
		door, "198.51.100.20:5070", 1u, 1u);
	assert_has("NOTIFY sip:x@10.0.0.7:5060;transport=tcp SIP/2.0");
	fixture_time(33);
	assert_false(tcp_admitted(AGAIN, door));
	assert_false(tcp_admitted("10.0.0.7:33002", "198.51.100.20:5070"));
	assert_nothing_left();
}

/* Two phones inside: one connects to what the other has registered. */
static void
hairpin_over_tcp(void **state)
{
	const char *offer = with_sdp(sdp_audio("10.0.0.8", 4000, ""));
	char door[32];

	phone_registers("10.0.0.7:33000", "10.0.0.7:5060", ";transport=tcp", outside_tcp);
	snprintf(door, sizeof(door), "%s", outside_tcp(LISTENS));
	fixture_send("10.0.0.8:34000", door,
		"INVITE sip:a@%s;transport=tcp SIP/2.0" CRLF
		"Via: SIP/2.0/TCP 10.0.0.8:34000;branch=z9hG4bKh" CRLF "From: <sip:c@x>;tag=c" CRLF
		"To: <sip:a@x>" CRLF "Call-ID: h" CRLF "CSeq: 1 INVITE" CRLF
		"Contact: <sip:c@10.0.0.8:34000>" CRLF "%s",
		door, offer);
	expect_text("INVITE sip:a@10.0.0.7:5060;transport=tcp SIP/2.0" CRLF
		    "Via: SIP/2.0/TCP %s;branch=z9hG4bKh" CRLF "From: <sip:c@x>;tag=c" CRLF
		    "To: <sip:a@x>" CRLF "Call-ID: h" CRLF "CSeq: 1 INVITE" CRLF
		    "Contact: <sip:c@%s>" CRLF "%s",
		outside_tcp("10.0.0.8:34000"), outside_tcp("10.0.0.8:34000"),
		with_sdp(sdp_audio("203.0.113.1", 4000, "")));
	fixture_send(LISTENS, outside_tcp("10.0.0.8:34000"),
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP %s;branch=z9hG4bKh" CRLF
		"From: <sip:c@x>;tag=c" CRLF "To: <sip:a@x>;tag=a" CRLF "Call-ID: h" CRLF
		"CSeq: 1 INVITE" CRLF "Contact: <sip:a@10.0.0.7:5060;transport=tcp>" CRLF "%s",
		outside_tcp("10.0.0.8:34000"), with_sdp(sdp_audio("10.0.0.7", 4100, "")));
	expect_text("SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP 10.0.0.8:34000;branch=z9hG4bKh" CRLF
		    "From: <sip:c@x>;tag=c" CRLF "To: <sip:a@x>;tag=a" CRLF "Call-ID: h" CRLF
		    "CSeq: 1 INVITE" CRLF "Contact: <sip:a@%s;transport=tcp>" CRLF "%s",
		door, with_sdp(sdp_audio("203.0.113.1", 4100, "")));
	assert_int_equal(nat_media_doors(fx.nat), 4);
	fixture_send("10.0.0.8:34000", door,
		"BYE sip:a@%s;transport=tcp SIP/2.0" CRLF
		"Via: SIP/2.0/TCP 10.0.0.8:34000;branch=z9hG4bKj" CRLF "From: <sip:c@x>;tag=c" CRLF
		"To: <sip:a@x>;tag=a" CRLF "Call-ID: h" CRLF "CSeq: 2 BYE" CRLF CRLF,
		door);
	fixture_send(LISTENS, outside_tcp("10.0.0.8:34000"),
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/TCP %s;branch=z9hG4bKj" CRLF
		"From: <sip:c@x>;tag=c" CRLF "To: <sip:a@x>;tag=a" CRLF "Call-ID: h" CRLF
		"CSeq: 2 BYE" CRLF CRLF,
		outside_tcp("10.0.0.8:34000"));
	assert_int_equal(nat_media_doors(fx.nat), 0);
	fixture_time(700);
	assert_nothing_left();
}

/* Of what a response names as a route the sender's own end is open, and nobody else's. */
static void
response_opens_its_own_end_as_a_route(void **state)
{
	fixture_send(PHONE, SERVER, CALL("OPTIONS sip:b@y SIP/2.0", "OPTIONS", ""),
		"10.0.0.7:33000", "o", "", 1u, CRLF);
	assert_false(tcp_admitted("10.0.0.7:33002", SERVER));
	fixture_send(SERVER, outside_tcp(PHONE),
		CALL("SIP/2.0 200 OK", "OPTIONS",
			"Record-Route: <sip:198.51.100.9;transport=tcp;lr>,"
			"<sip:198.51.100.10;transport=tcp;lr>" CRLF),
		outside_tcp(PHONE), "o", ";tag=b", 1u, CRLF);
	assert_true(tcp_admitted("10.0.0.7:33002", SERVER));
	assert_false(tcp_admitted("10.0.0.7:33002", "198.51.100.10:5060"));
	assert_nothing_left();
}

/* As long as a message may be, with its last address at its end: it leaves longer than it may come. */
static void
longest_message_is_edited_to_its_end(void **state)
{
	static char text[TEXT_MAX];
	static const char head[] =
		"INVITE sip:b@y SIP/2.0" CRLF "Via: SIP/2.0/TCP 10.0.0.7:33000;branch=z9hG4bKl" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@y>" CRLF "Call-ID: l" CRLF
		"CSeq: 1 INVITE" CRLF "Contact: <sip:a@10.0.0.7:33000>" CRLF
		"Content-Type: application/sdp" CRLF "Content-Length: %u" CRLF CRLF;
	static const char first[] =
		"v=0" CRLF "o=- 1 1 IN IP4 10.0.0.7" CRLF "s=-" CRLF "c=IN IP4 10.0.0.7" CRLF
		"t=0 0" CRLF "m=audio 4000 RTP/AVP 0" CRLF;
	static const char last[] = "m=video 4100 RTP/AVP 31" CRLF "c=IN IP4 10.0.0.7" CRLF;
	const unsigned int length = TEXT_MAX - 1, before = sizeof(head) - 1 - 2 + 5;
	const unsigned int body = length - before, filled = body - (sizeof(last) - 1);
	char expected[128];
	int at = snprintf(text, sizeof(text), head, body);

	assert_int_equal(at, before);
	at += snprintf(text + at, sizeof(text) - (size_t)at, "%s", first);
	while ((unsigned int)at < before + filled) {
		unsigned int line = RTE_MIN(before + filled - (unsigned int)at, 200u);

		if (before + filled - (unsigned int)at - line < 8) /* a line has its two ends */
			line = RTE_MIN(before + filled - (unsigned int)at, 208u);
		memcpy(text + at, "a=x:", 4);
		memset(text + at + 4, 'x', line - 6);
		memcpy(text + at + line - 2, CRLF, 2);
		at += (int)line;
	}
	at += snprintf(text + at, sizeof(text) - (size_t)at, "%s", last);
	assert_int_equal(at, length);
	fixture_send(PHONE, SERVER, "%s", text);
	assert_int_equal(fx.verdict, ALG_FORWARD);
	assert_true(fx.length > length);
	snprintf(expected, sizeof(expected), "Content-Length: %u" CRLF, body + 3 * 3);
	assert_has(expected);
	assert_string_equal(fx.text + fx.length - (sizeof(last) - 1 + 3),
		"m=video 4100 RTP/AVP 31" CRLF "c=IN IP4 203.0.113.1" CRLF);
	assert_media(4, 4);
	fixture_send(SERVER, outside_tcp(PHONE),
		"SIP/2.0 488 No" CRLF "Via: SIP/2.0/TCP %s;branch=z9hG4bKl" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@y>;tag=b" CRLF "Call-ID: l" CRLF
		"CSeq: 1 INVITE" CRLF CRLF,
		outside_tcp(PHONE));
	assert_nothing_left();
}

/* Without NAT nothing is edited, and the same is open. */
static void
without_nat_the_same_is_open(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.no_nat = true});
	fx.proto = IPPROTO_TCP;
	fx.twice = true;
	fixture_send(PHONE, SERVER, REGISTER, "10.0.0.7:33000", 1u, "10.0.0.7:33000", "");
	assert_false(fx.edited);
	fixture_send(SERVER, PHONE, REGISTERED, "10.0.0.7:33000", 33000, "10.0.0.7", 1u,
		"10.0.0.7:33000", "");
	fixture_send(
		PHONE, SERVER, REGISTER, "10.0.0.7:33000", 2u, "10.0.0.7:5060", ";transport=tcp");
	fixture_send(SERVER, PHONE, REGISTERED, "10.0.0.7:33000", 33000, "10.0.0.7", 2u,
		"10.0.0.7:5060", ";transport=tcp");
	assert_false(fx.edited);
	fixture_time(600);
	assert_true(tcp_admitted(AGAIN, PHONE));
	assert_true(tcp_admitted(AGAIN, LISTENS));
	assert_false(tcp_admitted(OTHER, LISTENS));
	assert_false(media_passes(AGAIN, LISTENS));
	fixture_time(100);
	assert_false(tcp_admitted(AGAIN, PHONE));
	assert_false(tcp_admitted(AGAIN, LISTENS));
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, fixture_stop)
		TEST(contact_at_the_listening_port_has_a_door),
		TEST(contact_without_port_is_5060_and_comes_back_without),
		TEST(contact_at_its_end_of_the_connection_is_the_connection),
		TEST(without_transport_it_is_the_connection_too),
		TEST(other_port_without_transport_is_udp),
		TEST(one_number_outside_may_be_of_both_protocols),
		TEST(basic_call_over_a_connection_each_way),
		TEST(dialog_goes_on_over_another_transport),
		TEST(redirection_opens_its_targets),
		TEST(transfer_names_its_targets),
		TEST(notifications_come_on_a_connection_of_their_own),
		TEST(hairpin_over_tcp),
		TEST(response_opens_its_own_end_as_a_route),
		TEST(longest_message_is_edited_to_its_end),
		TEST(without_nat_the_same_is_open),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
