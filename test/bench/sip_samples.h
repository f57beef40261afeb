/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The four messages that parsers are compared on, in many variants each: the length of every name,
 * number and token differs, as on a trunk. All are sent by an inside host, 10.x.x.x.
 */
#ifndef BENCH_SIP_SAMPLES_H
#define BENCH_SIP_SAMPLES_H

#include <stdint.h>
#include <stdio.h>

enum { SAMPLE_CAPACITY = 2048, SAMPLE_KINDS = 4 };

struct sample {
	uint32_t length, body; /* offset of the body; equal to length: none */
	char text[SAMPLE_CAPACITY]; /* NUL behind it */
};

static const char *const sample_names[SAMPLE_KINDS] = {
	"INVITE with SDP",
	"INVITE with routes, credentials and ICE",
	"200 OK with SDP",
	"REGISTER",
};

static inline uint32_t
random_below(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * below) >> 32);
}

/* A word of `most` / 2 to `most` letters and digits. */
static inline const char *
random_word(uint32_t *seed, uint32_t most)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static char words[16][64];
	static uint32_t turn;
	char *const word = words[turn++ % 16];
	const uint32_t length = most / 2 + random_below(seed, most / 2 + 1);

	for (uint32_t i = 0; i < length; i++)
		word[i] = letters[random_below(seed, sizeof(letters) - 1)];
	word[length] = '\0';
	return word;
}

static inline const char *
random_host(uint32_t *seed)
{
	static char hosts[4][16];
	static uint32_t turn;
	char *const host = hosts[turn++ % 4];

	snprintf(host, sizeof(hosts[0]), "10.%u.%u.%u", random_below(seed, 256),
		random_below(seed, 256), 1 + random_below(seed, 254));
	return host;
}

static inline int
sample_description(char *text, size_t size, uint32_t *seed, const char *host)
{
	return snprintf(text, size,
		"v=0\r\no=%s %u %u IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 0 8 101\r\n",
		random_word(seed, 8), random_below(seed, 100000), random_below(seed, 1000), host,
		host, 10000 + random_below(seed, 50000));
}

static inline int
sample_description_ice(char *text, size_t size, uint32_t *seed, const char *host)
{
	const uint32_t port = 10000 + random_below(seed, 50000);

	return snprintf(text, size,
		"v=0\r\no=%s %u %u IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 0 8 101\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=rtcp:%u\r\n"
		"a=candidate:1 1 UDP 2130706431 %s %u typ host\r\n"
		"a=candidate:2 1 UDP 1694498815 198.51.100.7 %u typ srflx raddr %s rport %u\r\n"
		"a=candidate:1 2 UDP 2130706430 %s %u typ host\r\na=sendrecv\r\n",
		random_word(seed, 8), random_below(seed, 100000), random_below(seed, 1000), host,
		host, port, random_word(seed, 8), random_word(seed, 24), port + 1, host, port,
		port + 7, host, port, host, port + 1);
}

static inline int
sample_invite(char *text, size_t size, uint32_t *seed, const char *host, int body)
{
	const char *const user = random_word(seed, 12);

	return snprintf(text, size,
		"INVITE sip:%s@203.0.113.9 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s;rport\r\n"
		"From: \"%s\" <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@203.0.113.9>\r\n"
		"Call-ID: %s@%s\r\nCSeq: %u INVITE\r\nContact: <sip:%s@%s:5060>\r\n"
		"Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n",
		random_word(seed, 12), host, random_word(seed, 20), random_word(seed, 14), user,
		host, random_word(seed, 12), random_word(seed, 12), random_word(seed, 30), host,
		random_below(seed, 100000), user, host, body);
}

static inline int
sample_invite_routes(char *text, size_t size, uint32_t *seed, const char *host, int body)
{
	const char *const user = random_word(seed, 12);

	return snprintf(text, size,
		"INVITE sip:%s@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"
		"Route: <sip:edge.example.com:5060;lr>, <sip:203.0.113.9;lr>\r\n"
		"Record-Route: <sip:%s;lr;ftag=%s>\r\nFrom: \"%s\" <sip:%s@%s>;tag=%s\r\n"
		"To: <sip:%s@example.com>\r\nCall-ID: %s@%s\r\nCSeq: %u INVITE\r\n"
		"Contact: <sip:%s@%s:5060;ob>\r\nProxy-Authorization: Digest username=\"%s\", "
		"realm=\"example.com\", nonce=\"%s\", uri=\"sip:example.com\", "
		"response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5\r\n"
		"Allow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK\r\nSupported: 100rel, timer\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n",
		random_word(seed, 12), host, random_word(seed, 20), host, random_word(seed, 12),
		random_word(seed, 14), user, host, random_word(seed, 12), random_word(seed, 12),
		random_word(seed, 30), host, random_below(seed, 100000), user, host, user,
		random_word(seed, 32), body);
}

static inline int
sample_ok(char *text, size_t size, uint32_t *seed, const char *host, int body)
{
	return snprintf(text, size,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK%s\r\n"
		"Via: SIP/2.0/UDP 198.51.100.20:5060;received=198.51.100.21;branch=z9hG4bK%s;"
		"rport=%u\r\nRecord-Route: <sip:203.0.113.9;lr>\r\n"
		"From: \"%s\" <sip:%s@198.51.100.20>;tag=%s\r\nTo: <sip:%s@203.0.113.9>;tag=%s\r\n"
		"Call-ID: %s@198.51.100.20\r\nCSeq: %u INVITE\r\nContact: <sip:%s@%s:5060>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n",
		random_word(seed, 20), random_word(seed, 20), 1024 + random_below(seed, 60000),
		random_word(seed, 14), random_word(seed, 12), random_word(seed, 12),
		random_word(seed, 12), random_word(seed, 12), random_word(seed, 30),
		random_below(seed, 100000), random_word(seed, 12), host, body);
}

static inline int
sample_register(char *text, size_t size, uint32_t *seed, const char *host)
{
	const char *const user = random_word(seed, 12);

	return snprintf(text, size,
		"REGISTER sip:example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"
		"From: <sip:%s@example.com>;tag=%s\r\nTo: <sip:%s@example.com>\r\n"
		"Call-ID: %s@%s\r\nCSeq: %u REGISTER\r\nContact: <sip:%s@%s:5060>;expires=3600\r\n"
		"Authorization: Digest username=\"%s\", realm=\"example.com\", nonce=\"%s\", "
		"uri=\"sip:example.com\", response=\"6629fae49393a05397450978507c4ef1\"\r\n"
		"Expires: 3600\r\nContent-Length: 0\r\n\r\n",
		host, random_word(seed, 20), user, random_word(seed, 12), user,
		random_word(seed, 30), host, random_below(seed, 100000), user, host, user,
		random_word(seed, 32));
}

/* A variant of a kind; `seed` goes on. */
static inline void
sample_make(struct sample *sample, uint32_t kind, uint32_t *seed)
{
	const char *const host = random_host(seed);
	char body[SAMPLE_CAPACITY / 2];
	int head, tail = 0;

	if (kind == 1)
		tail = sample_description_ice(body, sizeof(body), seed, host);
	else if (kind != 3)
		tail = sample_description(body, sizeof(body), seed, host);
	switch (kind) {
	case 0:
		head = sample_invite(sample->text, SAMPLE_CAPACITY, seed, host, tail);
		break;
	case 1:
		head = sample_invite_routes(sample->text, SAMPLE_CAPACITY, seed, host, tail);
		break;
	case 2:
		head = sample_ok(sample->text, SAMPLE_CAPACITY, seed, host, tail);
		break;
	default:
		head = sample_register(sample->text, SAMPLE_CAPACITY, seed, host);
		break;
	}
	sample->body = (uint32_t)head;
	sample->length =
		(uint32_t)(head + snprintf(sample->text + head, (size_t)(SAMPLE_CAPACITY - head),
					  "%.*s", tail, tail != 0 ? body : ""));
}

#endif
