/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to begin from, one a corner of the grammar. The dictionary: what is worth inserting.
 */
#ifndef FUZZ_MESSAGE_SEEDS_H
#define FUZZ_MESSAGE_SEEDS_H

#include "test/fuzz/mutate.h"

static const char *const message_seeds[] = {
	"INVITE sip:bob@203.0.113.9 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK776asdhds;rport\r\n"
	"Max-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@10.0.0.5>;tag=1928301774\r\n"
	"To: <sip:bob@203.0.113.9>\r\nCall-ID: a84b4c76e66710@10.0.0.5\r\nCSeq: 314159 INVITE\r\n"
	"Contact: <sip:alice@10.0.0.5:5060>\r\nContent-Type: application/sdp\r\n"
	"Content-Length: 120\r\n\r\n"
	"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
	"m=audio 40000/2 RTP/AVP 0 8\r\na=rtcp:40001 IN IP4 10.0.0.5\r\n",

	"\r\nSIP/2.0  200 OK\nv  :  SIP  / 2.0\n /UDP 192.0.2.2 : 5060 (c(o)mment) ;branch=1, "
	"SIP/2.0/TCP h\n"
	"f: \"q\\\"<,\" <sip:a;b?c@[2001:db8::1]:5070;lr?x=y>\n ;tag = 3\nt:sip:b@c;tag=4\n"
	"i : x\nCSEQ: 1\n  PRACK\nm: *, tel:+1;x, <sips:d@e:65535>\nL: 0\nl: 00\n\ntrailing",

	"MESSAGE tel:+123;x SIP/2.0\r\nVia: SIP/2.0/UDP "
	"[2001:db8::9:1];received=2001:db8::9:255\r\n"
	"From: a <sip:a>;tag=1\r\nTo: <urn:x:y>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n"
	"Route: <sip:p1;lr>,<sip:p2;lr>\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
	"pre\r\n--b\r\nContent-Type: multipart/related;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\n"
	"Content-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 UDP/TLS/RTP/SAVPF "
	"0\r\na=rtcp-mux\r\n"
	"a=candidate:1 1 UDP 1 10.0.0.5 9000 typ srflx raddr 10.0.0.6 rport "
	"9001\r\n--c--\r\n--b--\r\n",

	"v=0\no=- 1 1 IN IP6 ::1\ns=-\nc=IN IP4 224.2.1.1/127\nt=0 0\na=inactive\nm=audio 9 "
	"TCP/MSRP *\n"
	"c=IN IP4 h\na=sendonly\nm=image 5000 udptl t38\n",
};

static const char *const message_dictionary[] = {"\r\n", "\n", "\r", " ", "\t", ";", ",", "<", ">",
	"\"", "\\", "(", ")", "@", ":", "=", "?", "[", "]", "--", "--b", "\r\n ", "\r\n\r\n", "/",
	"*", "sip:", "Call-ID: ", "i:", "l: 5\r\n", "4294967328", "65536", "0", "SIP/2.0",
	"m=", "c=IN IP4 ", "a=candidate:", "a=rtcp:", "\xff", ":0", "10.0.0.5"};

enum {
	MESSAGE_SEEDS = sizeof(message_seeds) / sizeof(message_seeds[0]),
	MESSAGE_WORDS = sizeof(message_dictionary) / sizeof(message_dictionary[0]),
	MESSAGE_MUTATED_MAX = 4096,
};

/* A seed with up to eight changes, in `out` of MESSAGE_MUTATED_MAX bytes. The length. */
static inline uint32_t
message_mutate(uint64_t *seed, char *out)
{
	const char *const source = message_seeds[fuzz_random(seed, MESSAGE_SEEDS)];
	const uint32_t length = (uint32_t)strlen(source);

	memcpy(out, source, length);
	return fuzz_mutate(
		seed, message_dictionary, MESSAGE_WORDS, out, length, MESSAGE_MUTATED_MAX);
}

#endif
