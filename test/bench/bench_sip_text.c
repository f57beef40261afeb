/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text part of a rewritten INVITE: read, plan, edit. Nanoseconds a message, best of ROUNDS;
 * a round is short, so that one of them meets no other work on its core.
 *
 * Each line is measured twice: on one message over and over, which a branch predictor learns by
 * heart, and on MESSAGES that differ in the length of every name, number and token, as on a trunk.
 * Floors from the same run: finding each newline by memchr(), and copying the message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sip/edit.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/uri.h"

enum { MESSAGES = 1024, CAPACITY = 2048, ROUNDS = 150, PER_ROUND = 2048 };

struct sample {
	uint32_t length;
	char text[CAPACITY];
};

struct workload {
	const char *name;
	const struct sample *samples;
	uint32_t count;
};

static struct sip_message message;
static struct sip_edits edits;
static struct sdp sdp;
static char buffer[CAPACITY];
static uint64_t sink; /* keeps results alive */

static uint32_t
newlines_find(const struct sample *sample)
{
	const char *p = sample->text;
	const char *const end = p + sample->length;
	uint32_t count = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		count++;
	}
	return count;
}

static uint32_t
message_copy(const struct sample *sample)
{
	memcpy(buffer, sample->text, sample->length);
	__asm__ volatile("" : : "r"(buffer) : "memory");
	return 1;
}

static uint32_t
call_id_peek(const struct sample *sample)
{
	struct slice call_id;

	return sip_peek_call_id(sample->text, sample->length, &call_id) ? call_id.length : 0;
}

static uint32_t
message_parse(const struct sample *sample)
{
	if (sip_message_parse(sample->text, sample->length, &message) != SIP_OK)
		abort();
	return message.header_count;
}

/* Every value of a header: its first address is replaced. */
static void
contacts_plan(enum sip_header_id id)
{
	for (const struct sip_header *h = sip_header_first(&message, id); h != NULL;
		h = sip_header_next(&message, h)) {
		struct slice rest = h->value, value;
		struct sip_address address;
		struct sip_uri uri;

		while (sip_value_next(&rest, &value)) {
			if (sip_address_parse(value, &address) &&
				sip_uri_parse(address.uri, &uri) && uri.host.kind == SIP_HOST_IPV4)
				sip_edits_address(&edits, uri.host.text, 0x0a7100cb, 40000);
		}
	}
}

static void
description_plan(void)
{
	const struct sip_header *const type = sip_header_first(&message, SIP_HEADER_CONTENT_TYPE);
	struct slice description;

	if (!sdp_find(message.body, type->value, &description) ||
		sdp_parse(description, &sdp) != SDP_OK)
		abort();
	sip_edits_address(&edits, sdp.origin.text, 0x0a7100cb, 0);
	sip_edits_address(&edits, sdp.connection.text, 0x0a7100cb, 0);
	for (uint32_t i = 0; i < sdp.media_count; i++)
		sip_edits_number(&edits, sdp.media[i].port_text, 50000 + i * 2);
}

/* Parse, plan Via, Contact, o=, c=, m= and Content-Length, apply. The copy is included. */
static uint32_t
message_rewrite(const struct sample *sample)
{
	const struct sip_header *header;
	struct slice rest, value;
	struct sip_via via;
	int64_t length;

	memcpy(buffer, sample->text, sample->length);
	if (sip_message_parse(buffer, sample->length, &message) != SIP_OK)
		abort();
	sip_edits_begin(&edits, buffer);
	header = sip_header_first(&message, SIP_HEADER_VIA);
	rest = header->value;
	while (sip_value_next(&rest, &value)) {
		if (sip_via_parse(value, &via) && via.sent_by.kind == SIP_HOST_IPV4)
			sip_edits_address(&edits, via.sent_by.text, 0x0a7100cb, 40000);
	}
	contacts_plan(SIP_HEADER_CONTACT);
	description_plan();
	sip_edits_content_length(&edits, &message);
	length = sip_edits_apply(&edits, buffer, sample->length, sizeof(buffer));
	if (length < 0 || edits.count < 5)
		abort();
	return (uint32_t)length;
}

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double
measure(uint32_t (*function)(const struct sample *), const struct sample *samples, uint32_t count)
{
	double best = 1e18;

	for (int round = 0; round < ROUNDS; round++) {
		const double start = now_ns();
		double took;

		for (uint32_t i = 0; i < PER_ROUND; i++)
			sink += function(&samples[i % count]);
		took = (now_ns() - start) / PER_ROUND;
		best = took < best ? took : best;
	}
	return best;
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static uint32_t
random_below(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * below) >> 32);
}

/* A word of `most` / 2 to `most` letters. */
static const char *
random_word(uint32_t *seed, uint32_t most)
{
	static char words[8][64];
	static uint32_t turn;
	char *const word = words[turn++ % 8];
	const uint32_t length = most / 2 + random_below(seed, most / 2 + 1);

	for (uint32_t i = 0; i < length; i++)
		word[i] = letters[random_below(seed, sizeof(letters) - 1)];
	word[length] = '\0';
	return word;
}

static const char extra_headers[] =
	"Record-Route: <sip:10.0.0.1:5060;lr;ftag=1928301774>\r\n"
	"Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, "
	"MESSAGE\r\n"
	"Supported: replaces, timer, path, 100rel\r\n"
	"Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n"
	"P-Asserted-Identity: \"Alice Example\" <sip:+12015550123@10.0.0.5;user=phone>\r\n"
	"Privacy: none\r\nAccept: application/sdp, application/dtmf-relay\r\n"
	"X-Trunk-Identifier: 7d9f2c1a-55b4-4d1e-9f0b-3f1d2a77b0c4\r\n"
	"User-Agent: Example-PBX 16.4.1~dfsg-1\r\nDate: Thu, 01 Jan 2026 12:00:00 GMT\r\n";
static const char extra_lines[] =
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\n";

static void
sample_make(struct sample *sample, uint32_t *seed, bool large)
{
	char body[CAPACITY / 2];
	const int body_length = snprintf(body, sizeof(body),
		"v=0\r\no=%s %u %u IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 0 8 101\r\n%s",
		random_word(seed, 8), random_below(seed, 100000), random_below(seed, 1000),
		10000 + random_below(seed, 50000), large ? extra_lines : "");

	sample->length = (uint32_t)snprintf(sample->text, sizeof(sample->text),
		"INVITE sip:%s@203.0.113.9 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK%s;rport\r\n"
		"From: \"%s\" <sip:%s@10.0.0.5>;tag=%s\r\nTo: <sip:%s@203.0.113.9>\r\n"
		"Call-ID: %s@10.0.0.5\r\nCSeq: %u INVITE\r\nContact: <sip:%s@10.0.0.5:5060>\r\n"
		"Max-Forwards: 70\r\n%sContent-Type: application/sdp\r\nContent-Length: "
		"%d\r\n\r\n%s",
		random_word(seed, 12), random_word(seed, 20), random_word(seed, 14),
		random_word(seed, 12), random_word(seed, 14), random_word(seed, 12),
		random_word(seed, 36), random_below(seed, 100000), random_word(seed, 12),
		large ? extra_headers : "", body_length, body);
}

int
main(void)
{
	static const struct {
		const char *name;
		uint32_t (*function)(const struct sample *);
	} cases[] = {
		{"memchr newline scan (floor)", newlines_find},
		{"copy (floor)", message_copy},
		{"peek Call-ID", call_id_peek},
		{"parse", message_parse},
		{"copy + parse + plan + apply", message_rewrite},
	};
	static struct sample samples[MESSAGES];

	for (int large = 0; large <= 1; large++) {
		uint32_t seed = 1;
		uint64_t bytes = 0;

		for (uint32_t i = 0; i < MESSAGES; i++) {
			sample_make(&samples[i], &seed, large != 0);
			bytes += samples[i].length;
		}
		printf("INVITE of %u bytes\n", (uint32_t)(bytes / MESSAGES));
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			printf("  %-30s %7.1f ns the same one  %7.1f ns all different\n",
				cases[i].name, measure(cases[i].function, samples, 1),
				measure(cases[i].function, samples, MESSAGES));
	}
	return sink == 0;
}
