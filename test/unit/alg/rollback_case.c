/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of all kinds, each with what came before it. */
#include "rollback.h"

#include <stdio.h>

#include "alg_between.h"

#define B    "198.51.100.50:5060" /* where P's side wants to be reached */
#define TO_B ";tag=b"

static const char *
near_streams(unsigned int audio)
{
	return sdp_audio("10.0.0.7", audio,
		"m=video 4010 RTP/AVP 31" CRLF "a=rtcp:4021" CRLF "m=image 4030 udptl t38" CRLF);
}

static const char *
far_streams(void)
{
	return sdp_audio("198.51.100.20", 7000,
		"m=video 7010 RTP/AVP 31" CRLF "m=image 7030 udptl t38" CRLF);
}

static const char *
near_candidates(void)
{
	return sdp_audio("10.0.0.7", 4000,
		"a=candidate:1 1 UDP 2130706431 10.0.0.7 4000 typ host" CRLF
		"a=candidate:1 2 UDP 2130706430 10.0.0.7 4001 typ host" CRLF
		"a=candidate:2 1 UDP 2130706429 10.0.0.8 4400 typ host" CRLF
		"a=candidate:2 2 UDP 2130706428 10.0.0.8 4401 typ host" CRLF);
}

/* The trunk's flow stands, and so does the phone's binding. */
static void
flow(void)
{
	fixture_send(A, P, CRLF);
}

/* The same, and the phone has media of its own on the way: from its port of media, before any call. */
static void
flow_and_stun(void)
{
	flow();
	fixture_media("10.0.0.7:4000", "198.51.100.30:3478");
	fixture_media("10.0.0.7:4001", "198.51.100.30:3478");
}

static void
invite(void)
{
	out_request("INVITE", 1, "", NEAR(4000));
}

static void
invite_streams(void)
{
	out_request("INVITE", 1, "", near_streams(4000));
}

static void
invite_candidates(void)
{
	out_request("INVITE", 1, "", near_candidates());
}

/* Everything else that is opened: a Record-Route and a Path of its own side, a Via of another host. */
static void
invite_routes(void)
{
	next_header("Record-Route: <sip:10.0.0.9;lr>, <sip:10.0.0.10:5070;lr>" CRLF
		    "Via: SIP/2.0/UDP 10.0.0.11:5080;branch=z9hG4bKx");
	out_request("INVITE", 1, "", NEAR(4000));
}

/* Endpoints that are named twice, so that one door has several holds: of two streams, of a Via and a route. */
static void
invite_twice(void)
{
	next_header("Via: SIP/2.0/UDP 10.0.0.11:5080;branch=z9hG4bKx" CRLF
		    "Record-Route: <sip:10.0.0.11:5080;lr>, <sip:10.0.0.7:4000;lr>");
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, "m=video 4000 RTP/AVP 31" CRLF));
}

/* Media at the port of signalling. */
static void
invite_at_5060(void)
{
	out_request("INVITE", 1, "", NEAR(5060));
}

static void
invite_in(void)
{
	in_request("INVITE", 1, ";tag=b", FAR(7000));
}

static void
rings(void)
{
	flow();
	invite();
}

static void
rings_in(void)
{
	flow();
	invite_in();
}

static void
progress(void)
{
	in_response("183 Progress", 1, "INVITE", TO_B, FAR(7000));
}

static void
answer(void)
{
	in_response("200 OK", 1, "INVITE", TO_B, FAR(7000));
}

static void
answer_out(void)
{
	out_response("200 OK", 1, "INVITE", TO_B, NEAR(4000));
}

static void
forks(void)
{
	rings();
	progress();
}

static void
progress_of_another(void)
{
	in_response("183 Progress", 1, "INVITE", ";tag=c", FAR(7100));
}

static void
answer_of_another(void)
{
	in_response("200 OK", 1, "INVITE", ";tag=c", FAR(7100));
}

/* All that may ring do, each with early media, and one more answers. */
static void
forks_to_the_last(void)
{
	char tag[16];

	rings();
	for (unsigned int i = 0; i < 16; i++) {
		snprintf(tag, sizeof(tag), ";tag=f%u", i);
		in_response("183 Progress", 1, "INVITE", tag, FAR(7200 + 2 * i));
	}
}

static void
stands(void)
{
	flow();
	call_up(NEAR(4000), FAR(7000));
	fixture_media("198.51.100.20:7000", "203.0.113.1:4000");
	fixture_media("10.0.0.7:4000", "198.51.100.20:7000");
}

static void
streams_stand(void)
{
	flow();
	call_up(near_streams(4000), far_streams());
}

static void
reinvite_moves(void)
{
	out_request("INVITE", 2, TO_B, NEAR(4100));
}

static void
reinvite_adds(void)
{
	out_request("INVITE", 2, TO_B, near_streams(4000));
}

/* One endpoint stays, in a description that is new. */
static void
reinvite_adds_to_streams(void)
{
	out_request("INVITE", 2, TO_B,
		sdp_audio("10.0.0.7", 4000,
			"m=video 4010 RTP/AVP 31" CRLF "m=image 4200 udptl t38" CRLF));
}

static void
reinvite_in(void)
{
	in_request("INVITE", 2, TO_B, FAR(7100));
}

static void
reinvited(void)
{
	stands();
	reinvite_in();
}

static void
reinvite_answered(void)
{
	out_response("200 OK", 2, "INVITE", TO_B, NEAR(4300));
}

static void
update(void)
{
	out_request("UPDATE", 2, TO_B, NEAR(4100));
}

static void
rings_reliably(void)
{
	rings();
	next_header("RSeq: 1");
	progress();
}

static void
prack(void)
{
	next_header("RAck: 1 1 INVITE");
	out_request("PRACK", 2, TO_B, NEAR(4100));
}

static void
offered_late(void)
{
	flow();
	out_request("INVITE", 1, "", NULL);
	in_response("200 OK", 1, "INVITE", TO_B, FAR(7000));
}

static void
ack_with_answer(void)
{
	out_request("ACK", 1, TO_B, NEAR(4000));
}

static void
bye(void)
{
	next_header("Via: SIP/2.0/UDP 10.0.0.11:5080;branch=z9hG4bKx");
	out_request("BYE", 2, TO_B, NULL);
}

static void
register_with(const char *contacts)
{
	fixture_send(A, P,
		"REGISTER sip:198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKr" CRLF
		"From: <sip:a@198.51.100.9>;tag=a" CRLF "To: <sip:a@198.51.100.9>" CRLF
		"Call-ID: r" CRLF "CSeq: 1 REGISTER" CRLF "Contact: %s" CRLF CRLF,
		contacts);
}

static void
registers(void)
{
	register_with("<sip:a@10.0.0.7>, <sip:a@10.0.0.7:5070>, <sip:a@10.0.0.8>, "
		      "<sip:a@10.0.0.9:5090;transport=tcp>");
}

static void
is_registered(void)
{
	flow();
	register_with("<sip:a@10.0.0.7>, <sip:a@10.0.0.8>");
	fixture_send(P, A_OUT,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKr" CRLF
		"From: <sip:a@198.51.100.9>;tag=a" CRLF "To: <sip:a@198.51.100.9>;tag=b" CRLF
		"Call-ID: r" CRLF "CSeq: 1 REGISTER" CRLF
		"Contact: <sip:a@203.0.113.1>, <sip:a@%s>" CRLF "Expires: 3600" CRLF CRLF,
		outside_of("10.0.0.8:5060"));
}

/* Written otherwise, one taken back, and more that are new. */
static void
registers_otherwise(void)
{
	register_with("<sip:a@10.0.0.7:5060>, <sip:a@10.0.0.8:5060>;expires=0, "
		      "<sip:a@10.0.0.7:5072>, <sip:a@10.0.0.9>");
}

static void
registered_by_the_answer(void)
{
	fixture_send(P, A_OUT,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKr" CRLF
		"From: <sip:a@198.51.100.9>;tag=a" CRLF "To: <sip:a@198.51.100.9>;tag=b" CRLF
		"Call-ID: r" CRLF "CSeq: 1 REGISTER" CRLF "Contact: <sip:a@203.0.113.1>" CRLF
		"Expires: 7200" CRLF CRLF);
}

/* A description names the registered Contact. */
static void
invite_at_the_contact(void)
{
	out_request("INVITE", 1, "", sdp_audio("10.0.0.8", 5060, ""));
}

static void
subscribes(void)
{
	fixture_send(A, P,
		"SUBSCRIBE sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7:5064;branch=z9hG4bKs" CRLF
		"Record-Route: <sip:10.0.0.9;lr>" CRLF "From: <sip:a@10.0.0.7>;tag=a" CRLF
		"To: <sip:b@198.51.100.9>" CRLF "Call-ID: s" CRLF "CSeq: 1 SUBSCRIBE" CRLF
		"Event: presence" CRLF "Expires: 600" CRLF
		"Contact: <sip:a@10.0.0.7:5066>" CRLF CRLF);
}

static void
older_reinvite(void)
{
	out_request("INVITE", 7, TO_B, NEAR(4000));
}

static void
older_reinvite_in(void)
{
	in_request("INVITE", 7, TO_B, FAR(7000));
}

static void
older_answer(void)
{
	out_response("200 OK", 7, "INVITE", TO_B, NEAR(4000));
}

/* Refused, or taken for dead, and tried again under the same Call-ID. */
static void
refused(void)
{
	rings();
	in_response("486 Busy", 1, "INVITE", TO_B, NULL);
}

static void
invite_again(void)
{
	out_request("INVITE", 2, "", NEAR(4000));
}

static void
another_branch(void)
{
	next_branch("other");
	out_request("INVITE", 1, "", NEAR(4000));
}

static void
challenged(void)
{
	rings();
	in_response("407 Auth", 1, "INVITE", ";tag=x", NULL);
}

static void
invite_with_credentials(void)
{
	out_request("INVITE", 2, "", NEAR(4100));
}

/* Another call of the same phone, which has the same port of media. */
static void
second_call(void)
{
	fixture_send(A, P,
		"INVITE sip:c@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK2" CRLF "From: <sip:a@10.0.0.7>;tag=2" CRLF
		"To: <sip:c@198.51.100.9>" CRLF "Call-ID: second" CRLF "CSeq: 1 INVITE" CRLF
		"Record-Route: <sip:10.0.0.9;lr>" CRLF "Contact: <sip:a@10.0.0.7:5060>" CRLF "%s",
		with_sdp(NEAR(4000)));
}

/* Of the call's own openings one stood for a Via, another as a permission alone. */
static void
routes_stand(void)
{
	flow();
	next_header("Via: SIP/2.0/UDP 10.0.0.11:5080;branch=z9hG4bKx");
	out_request("INVITE", 1, "", NEAR(4000));
	fixture_send(P, A_OUT,
		"SIP/2.0 183 Progress" CRLF
		"Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKINVITE1" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: m" CRLF "CSeq: 1 INVITE" CRLF "Contact: <sip:b@198.51.100.50>" CRLF "%s",
		with_sdp(FAR(7000)));
	assert_int_equal(fx.verdict, ALG_FORWARD);
	fixture_send(A, B, CRLF);
}

/* To the Contact of the other side itself, with what stands written anew. */
static void
update_at_the_contact(void)
{
	fixture_send(A, B,
		"UPDATE sip:b@198.51.100.50 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKu" CRLF "From: <sip:a@10.0.0.7>;tag=a" CRLF
		"To: <sip:b@198.51.100.9>;tag=b" CRLF "Call-ID: m" CRLF "CSeq: 2 UPDATE" CRLF
		"Contact: <sip:a@10.0.0.7:5060>" CRLF
		"Record-Route: <sip:10.0.0.7:5061;lr>, <sip:10.0.0.9:5062;lr>" CRLF "%s",
		with_sdp(NEAR(4100)));
}

static void
contact_at_the_via(void)
{
	fixture_send(A, P,
		"UPDATE sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKu" CRLF "From: <sip:a@10.0.0.7>;tag=a" CRLF
		"To: <sip:b@198.51.100.9>;tag=b" CRLF "Call-ID: m" CRLF "CSeq: 2 UPDATE" CRLF
		"Record-Route: <sip:10.0.0.11:5080;lr>, <sip:10.0.0.9:5062;lr>" CRLF
		"Contact: <sip:a@10.0.0.7:5060>, <sip:a@10.0.0.12>" CRLF "%s",
		with_sdp(NEAR(4100)));
}

/* Between two phones inside. */
static void
neighbours(void)
{
	flow();
	fixture_send("10.0.0.8:5062", P, CRLF);
	fixture_send(A, "203.0.113.1:5062", CRLF);
}

static void
invite_to_the_neighbour(void)
{
	fixture_send(A, "203.0.113.1:5062",
		"INVITE sip:c@203.0.113.1:5062 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKn" CRLF "From: <sip:a@10.0.0.7>;tag=a" CRLF
		"To: <sip:c@203.0.113.1>" CRLF "Call-ID: n" CRLF "CSeq: 1 INVITE" CRLF
		"Contact: <sip:a@10.0.0.7:5064>" CRLF "%s",
		with_sdp(NEAR(4000)));
}

const struct rollback_case rollback_cases[] = {
	{"INVITE", flow, invite, false},
	{"INVITE with three streams", flow, invite_streams, false},
	{"INVITE with candidates", flow, invite_candidates, false},
	{"INVITE with routes", flow, invite_routes, false},
	{"INVITE that names endpoints twice", flow, invite_twice, false},
	{"INVITE, media at the port of signalling", flow, invite_at_5060, false},
	{"INVITE, media at a port that is in use", flow_and_stun, invite, false},
	{"INVITE from outside", flow, invite_in, false},
	{"183", rings, progress, false},
	{"200", rings, answer, false},
	{"200 after 183", forks, answer, false},
	{"200 from inside", rings_in, answer_out, false},
	{"183 of another fork", forks, progress_of_another, false},
	{"200 of another fork", forks, answer_of_another, false},
	{"200 of a fork for which another gives its place", forks_to_the_last, answer_of_another,
		false},
	{"re-INVITE that moves", stands, reinvite_moves, false},
	{"re-INVITE with streams added", stands, reinvite_adds, false},
	{"re-INVITE that keeps some", streams_stand, reinvite_adds_to_streams, false},
	{"re-INVITE from outside", stands, reinvite_in, false},
	{"200 to a re-INVITE", reinvited, reinvite_answered, false},
	{"UPDATE", stands, update, false},
	{"PRACK", rings_reliably, prack, false},
	{"ACK with an answer", offered_late, ack_with_answer, false},
	{"BYE", stands, bye, false},
	{"REGISTER with several Contacts", flow, registers, false},
	{"REGISTER again, written otherwise", is_registered, registers_otherwise, false},
	{"200 to REGISTER", is_registered, registered_by_the_answer, false},
	{"INVITE, media at a registered Contact", is_registered, invite_at_the_contact, false},
	{"SUBSCRIBE", flow, subscribes, false},
	{"re-INVITE of an older call", flow, older_reinvite, false},
	{"re-INVITE of an older call from outside", flow, older_reinvite_in, false},
	{"200 of an older call", flow, older_answer, false},
	{"INVITE after a refusal", refused, invite_again, false},
	{"another branch after a refusal", refused, another_branch, false},
	{"INVITE with credentials", challenged, invite_with_credentials, false},
	{"INVITE of a second call at the same port", stands, second_call, false},
	{"INVITE of a second call while one rings", rings, second_call, false},
	{"UPDATE at the Contact, written otherwise", routes_stand, update_at_the_contact, false},
	{"UPDATE with a Contact and a route anew", routes_stand, contact_at_the_via, false},
	{"INVITE to a neighbour", neighbours, invite_to_the_neighbour, false},
	{"INVITE with three streams, no NAT", flow, invite_streams, true},
	{"INVITE of a second call, no NAT", rings, second_call, true},
	{"REGISTER with several Contacts, no NAT", flow, registers, true},
};
const unsigned int rollback_case_count = RTE_DIM(rollback_cases);
