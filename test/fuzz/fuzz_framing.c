/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Framing: a stream fed whole, byte by byte and split at random places gives the same messages,
 * pings and errors at the same places; and a message ends where sip_message_parse() says.
 */
#include "sip/framing.h"
#include "test/fuzz/harness.h"
#include "test/fuzz/message_seeds.h"

#define HEADERS "v: SIP/2.0/TCP h\r\nf: a\r\nt: b\r\ni: x\r\nCSeq: 1 ACK\r\n"
#define EMPTY   "ACK sip:a SIP/2.0\r\n" HEADERS "l: 0\r\n\r\n"

static const char *const seeds[] = {
	EMPTY "\r\n" EMPTY "\r\n\r\n" EMPTY "ACK sip:a SIP/2.0\r\n" HEADERS
	      "Content-Length :\r\n\t 0012 \r\nL:12\r\n\r\n\r\n\r\nbodybody" EMPTY,
	"ACK sip:a SIP/2.0\n" HEADERS "l: 3\n\nabcSIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n",
	"ACK sip:a SIP/2.0\rv: SIP/2.0/TCP h\rf: a\rt: b\ri: x\rCSeq: 1 ACK\rl: 0\r\r" EMPTY,
	EMPTY "\x16\x03\x01 TLS",
	EMPTY "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n" EMPTY,
	"ACK  * SIP/2.0\r\n" HEADERS "\r\n",
	"ACK /a SIP/2.0\r\n" HEADERS "l: 0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n" EMPTY,
	"ACK sip:a SIP/2.0\r\nl: 4294967328\r\n\r\n" EMPTY,
	"ACK sip:a SIP/2.0\r\nl: 2\r\nl: 3\r\n\r\nabc" EMPTY,
	"ACK sip:a SIP/2.0\r\nl: 65536\r\n\r\n",
	"\r\n\r\n\r\n\n\r\r\n",
};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), message_dictionary, MESSAGE_WORDS, 700, 6000};

/* What came of a stream, as far as it was fed. */
struct outcome {
	struct sip_framing framing;
	uint64_t events; /* all of them and their places */
	uint32_t offset, begin; /* in the stream: what is taken; the message being read */
};

static struct slice stream;

/* A message framed: sip_message_parse() sees its end at the same byte, alone and with more behind. */
static void
message_check(const struct outcome *outcome)
{
	static struct sip_message message;
	const struct sip_framing *const framing = &outcome->framing;
	const char *const text = stream.at + outcome->begin;
	const uint32_t left = stream.length - outcome->begin;
	const char *const end = text + framing->length;

	PROPERTY(framing->length == framing->headers_length + framing->content_length);
	PROPERTY(framing->length <= framing->limits.message_max);
	PROPERTY(framing->headers_length <= framing->limits.headers_max);
	PROPERTY(sip_framing_missing(framing) == 0);
	if (sip_message_parse(text, framing->length, &message) == SIP_OK) {
		PROPERTY(message.body.at + message.body.length == end);
		PROPERTY(message.content_length_present
				 ? message.body.length == framing->content_length
				 : framing->limits.length_optional);
	}
	if (left <= SIP_MESSAGE_MAX && sip_message_parse(text, left, &message) == SIP_OK &&
		message.content_length_present)
		PROPERTY(message.body.at + message.body.length == end);
}

/* What is in the way of framing is in the way of parsing too. */
static void
failure_check(const struct outcome *outcome)
{
	static struct sip_message message;
	const struct sip_framing *const framing = &outcome->framing;
	const uint32_t left = stream.length - outcome->begin;

	PROPERTY(framing->error != SIP_FRAMING_OK && framing->error < SIP_FRAMING_ERRORS);
	if (left > SIP_MESSAGE_MAX || framing->limits.message_max < SIP_MESSAGE_MAX ||
		sip_message_parse(stream.at + outcome->begin, left, &message) != SIP_OK)
		return;
	/* A message without Content-Length can be read, but not framed. */
	PROPERTY(framing->error == SIP_FRAMING_LENGTH_MISSING);
	PROPERTY(!message.content_length_present);
}

static void
event_add(struct outcome *outcome, enum sip_frame frame)
{
	const uint32_t event[] = {frame, outcome->offset, outcome->framing.length,
		outcome->framing.headers_length, outcome->framing.error};

	outcome->events = (outcome->events + fuzz_random_begin(event, sizeof(event))) * 31;
}

static void
feed(struct outcome *outcome, uint32_t length, bool checked)
{
	const uint32_t stop = outcome->offset + length;
	uint32_t taken;

	for (;;) {
		const enum sip_frame frame = sip_framing_feed(&outcome->framing,
			stream.at + outcome->offset, stop - outcome->offset, &taken);

		PROPERTY(taken <= stop - outcome->offset);
		outcome->offset += taken;
		outcome->begin = outcome->offset - outcome->framing.length;
		if (frame == SIP_FRAME_MORE) {
			PROPERTY(outcome->offset == stop);
			return;
		}
		if (checked && frame == SIP_FRAME_MESSAGE)
			message_check(outcome);
		if (frame == SIP_FRAME_ERROR) {
			if (checked)
				failure_check(outcome);
			return;
		}
		PROPERTY(frame == SIP_FRAME_MESSAGE || outcome->framing.length == 0);
		event_add(outcome, frame);
	}
}

static void
outcome_begin(struct outcome *outcome, const struct sip_framing_limits *limits)
{
	outcome->events = 0;
	outcome->offset = 0;
	outcome->begin = 0;
	sip_framing_begin(&outcome->framing, limits);
}

static void
outcomes_equal(const struct outcome *a, const struct outcome *b)
{
	PROPERTY(a->events == b->events && a->offset == b->offset && a->begin == b->begin);
	PROPERTY(a->framing.error == b->framing.error);
	PROPERTY(a->framing.length == b->framing.length);
	PROPERTY(a->framing.headers_length == b->framing.headers_length);
	PROPERTY(sip_framing_missing(&a->framing) == sip_framing_missing(&b->framing));
}

/* The rest of a stream that ends in a message which a parser accepts: framing waits for no more
 * than the LF that may follow. */
static void
rest_check(const struct outcome *outcome)
{
	static struct sip_message message;
	const uint32_t left = stream.length - outcome->begin;

	if (outcome->framing.error != SIP_FRAMING_OK || outcome->framing.length == 0 ||
		sip_message_parse(stream.at + outcome->begin, left, &message) != SIP_OK)
		return;
	PROPERTY(message.body.length == 0 && stream.at[stream.length - 1] == '\r');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_framing_limits limits = {SIP_MESSAGE_MAX, SIP_MESSAGE_MAX, false};
	uint64_t random = fuzz_random_begin(data, size);
	struct outcome whole, split;

	if (size > 1 << 20)
		return 0;
	stream = (struct slice){(const char *)data, (uint32_t)size};
	if (fuzz_random(&random, 4) == 0) {
		limits.message_max = fuzz_random(&random, 300);
		limits.headers_max = fuzz_random(&random, 300);
	}
	limits.length_optional = fuzz_random(&random, 8) == 0;

	outcome_begin(&whole, &limits);
	feed(&whole, stream.length, true);
	rest_check(&whole);

	outcome_begin(&split, &limits);
	for (uint32_t i = 0; i < stream.length && split.framing.error == SIP_FRAMING_OK; i++)
		feed(&split, 1, false);
	outcomes_equal(&whole, &split);

	for (uint32_t round = 0; round < 3; round++) {
		const uint32_t longest = 2 + fuzz_random(&random, 100);

		outcome_begin(&split, &limits);
		while (split.offset < stream.length && split.framing.error == SIP_FRAMING_OK) {
			const uint32_t left = stream.length - split.offset;
			const uint32_t piece = fuzz_random(&random, longest);

			feed(&split, piece < left ? piece : left, false);
		}
		outcomes_equal(&whole, &split);
	}
	return 0;
}
