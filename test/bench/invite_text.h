/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two INVITEs of bench_invite, by the number of their call: no two have the same Call-ID or media.
 */
#ifndef BENCH_INVITE_TEXT_H
#define BENCH_INVITE_TEXT_H

#include <stdint.h>
#include <stdio.h>

enum {
	MEDIA_HOSTS = 64,
	TEXT_CAPACITY = 1800,
};

/* As SIPp's built-in scenario writes it, media on a host of its own. */
static uint32_t
invite_short(char *text, uint32_t number)
{
	char body[256];
	unsigned int host = number % MEDIA_HOSTS;
	unsigned int port = 2048 + number / MEDIA_HOSTS * 2;
	int length = snprintf(body, sizeof(body),
		"v=0\r\no=user1 53655765 %u IN IP4 10.0.1.%u\r\ns=-\r\nc=IN IP4 10.0.1.%u\r\n"
		"t=0 0\r\nm=audio %u RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n",
		number, host + 1, host + 1, port);

	return (uint32_t)snprintf(text, TEXT_CAPACITY,
		"INVITE sip:%07u@198.51.100.9:5060 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK-%08x\r\n"
		"From: sipp <sip:%07u@10.0.0.7:5060>;tag=%08xf\r\n"
		"To: sut <sip:%07u@198.51.100.9:5060>\r\n"
		"Call-ID: %08x%08x@10.0.0.7\r\nCSeq: %u INVITE\r\n"
		"Contact: sip:%07u@10.0.0.7:5060\r\nMax-Forwards: 70\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		number % 10000000, number * 2654435761u, number % 10000000, number * 40503u,
		number % 10000000, number * 2246822519u, number, 100 + number % 7,
		number % 10000000, length, body);
}

/* With what a PBX adds. */
static uint32_t
invite_long(char *text, uint32_t number)
{
	char body[512];
	unsigned int host = number % MEDIA_HOSTS;
	unsigned int port = 2048 + number / MEDIA_HOSTS * 2;
	int length = snprintf(body, sizeof(body),
		"v=0\r\no=- %u 1 IN IP4 10.0.1.%u\r\ns=call\r\nc=IN IP4 10.0.1.%u\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
		"a=sendrecv\r\n",
		number, host + 1, host + 1, port);

	return (uint32_t)snprintf(text, TEXT_CAPACITY,
		"INVITE sip:+4930%07u@198.51.100.9:5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK%08x;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"Line %u\" <sip:+4940%07u@10.0.0.7>;tag=%08xf\r\n"
		"To: <sip:+4930%07u@198.51.100.9;user=phone>\r\n"
		"Call-ID: %08x%08x@10.0.0.7\r\nCSeq: %u INVITE\r\n"
		"Contact: <sip:+4940%07u@10.0.0.7:5060>\r\n"
		"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO\r\n"
		"Supported: 100rel, timer\r\nSession-Expires: 1800\r\nUser-Agent: trunk\r\n"
		"P-Asserted-Identity: <sip:+4940%07u@10.0.0.7>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		number % 10000000, number * 2654435761u, number, number % 10000000, number * 40503u,
		number % 10000000, number * 2246822519u, number, 100 + number % 7,
		number % 10000000, number % 10000000, length, body);
}

#endif
