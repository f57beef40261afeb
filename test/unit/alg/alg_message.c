/* SPDX-License-Identifier: BSD-3-Clause */
#include "alg_between.h"

#include <stdio.h>
#include <string.h>

static char header[256];
static char branch[64];

void
next_header(const char *text)
{
	snprintf(header, sizeof(header), "%s" CRLF, text);
}

void
next_branch(const char *text)
{
	snprintf(branch, sizeof(branch), "z9hG4bK%s", text);
}

static const char *
header_taken(void)
{
	static char taken[256];

	memcpy(taken, header, sizeof(taken));
	header[0] = '\0';
	return taken;
}

static const char *
branch_taken(const char *method, unsigned int cseq)
{
	static char taken[64];

	if (branch[0])
		memcpy(taken, branch, sizeof(taken));
	else
		snprintf(taken, sizeof(taken), "z9hG4bK%s%u",
			strcmp(method, "CANCEL") ? method : "INVITE", cseq);
	branch[0] = '\0';
	return taken;
}

bool message_may_fail;

static void
assert_verdict(void)
{
	if (!message_may_fail)
		assert_int_equal(fx.verdict, ALG_FORWARD);
}

/* A message of the call "m", from the inside (out) or from the outside (in). */
void
out_request(const char *method, unsigned int cseq, const char *to_tag, const char *sdp)
{
	fixture_send(A, P,
		"%s sip:bob@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/%s 10.0.0.7;branch=%s" CRLF
		"From: <sip:a@10.0.0.7>;tag=a" CRLF "To: <sip:b@198.51.100.9>%s" CRLF
		"Call-ID: m" CRLF "CSeq: %u %s" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s%s",
		method, transport_now(), branch_taken(method, cseq), to_tag, cseq, method,
		header_taken(), sdp ? with_sdp(sdp) : CRLF);
	assert_verdict();
}

void
in_request(const char *method, unsigned int cseq, const char *from_tag, const char *sdp)
{
	fixture_send(P, A_OUT,
		"%s sip:a@203.0.113.1 SIP/2.0" CRLF "Via: SIP/2.0/%s 198.51.100.9;branch=%s" CRLF
		"From: <sip:b@198.51.100.9>%s" CRLF "To: <sip:a@203.0.113.1>;tag=a" CRLF
		"Call-ID: m" CRLF "CSeq: %u %s" CRLF "Contact: <sip:b@198.51.100.9>" CRLF "%s%s",
		method, transport_now(), branch_taken(method, cseq), from_tag, cseq, method,
		header_taken(), sdp ? with_sdp(sdp) : CRLF);
	assert_verdict();
}

void
in_response(const char *status, unsigned int cseq, const char *method, const char *to_tag,
	const char *sdp)
{
	fixture_send(P, A_OUT,
		"SIP/2.0 %s" CRLF "Via: SIP/2.0/%s 203.0.113.1;branch=%s" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>%s" CRLF
		"Call-ID: m" CRLF "CSeq: %u %s" CRLF "Contact: <sip:b@198.51.100.9>" CRLF "%s%s",
		status, transport_now(), branch_taken(method, cseq), to_tag, cseq, method,
		header_taken(), sdp ? with_sdp(sdp) : CRLF);
	assert_verdict();
}

void
out_response(const char *status, unsigned int cseq, const char *method, const char *from_tag,
	const char *sdp)
{
	fixture_send(A, P,
		"SIP/2.0 %s" CRLF "Via: SIP/2.0/%s 198.51.100.9;branch=%s" CRLF
		"From: <sip:b@198.51.100.9>%s" CRLF "To: <sip:a@10.0.0.7>;tag=a" CRLF
		"Call-ID: m" CRLF "CSeq: %u %s" CRLF "Contact: <sip:a@10.0.0.7>" CRLF "%s%s",
		status, transport_now(), branch_taken(method, cseq), from_tag, cseq, method,
		header_taken(), sdp ? with_sdp(sdp) : CRLF);
	assert_verdict();
}

void
call_up(const char *offer, const char *answer)
{
	out_request("INVITE", 1, "", offer);
	in_response("200 OK", 1, "INVITE", ";tag=b", answer);
	out_request("ACK", 1, ";tag=b", NULL);
}

void
call_down(void)
{
	out_request("BYE", 90, ";tag=b", NULL);
	in_response("200 OK", 90, "BYE", ";tag=b", NULL);
	assert_nothing_left();
}

void
assert_has(const char *part)
{
	if (!strstr(fx.text, part))
		print_error("not there: %s\nin:\n%s\n", part, fx.text);
	assert_non_null(strstr(fx.text, part));
}

void
assert_media(unsigned int pinholes, unsigned int doors)
{
	assert_int_equal(pinhole_media_count(fx.pinholes), pinholes);
	assert_int_equal(nat_media_doors(fx.nat), doors);
}

bool
open_inside(unsigned int port)
{
	char to[32];

	snprintf(to, sizeof(to), "10.0.0.7:%u", port);
	return media_passes("198.51.100.20:9", to);
}

bool
open_outside(unsigned int port)
{
	char to[32];

	snprintf(to, sizeof(to), "198.51.100.20:%u", port);
	return media_passes("10.0.0.7:9", to);
}

void
assert_between(unsigned int inside, unsigned int outside)
{
	assert_media(4, 2);
	assert_true(open_inside(inside));
	assert_true(open_outside(outside));
}
