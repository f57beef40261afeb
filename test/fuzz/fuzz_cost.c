/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linear time: lib/sip is compiled so that every block of code that runs is counted, and a reader
 * may run a fixed number of blocks for each byte. A part of the input is repeated up to 12000 bytes,
 * so that what costs the square of it cannot hide.
 *
 * The counter is __sanitizer_cov_trace_pc() of -fsanitize-coverage=trace-pc; a fuzzer has one of
 * its own, so there the library's calls are renamed to fuzz_block().
 */
#include "sip/edit.h"
#include "sip/framing.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "test/fuzz/harness.h"
#include "test/fuzz/message_seeds.h"

static const char *const seeds[] = {
	/* what is repeated is the middle third, see cost_check() */
	"INVITE sip:a SIP/2.0\r\nVia: ,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n\r\n",
	"v: SIP/2.0/UDP h;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b",
	"<sip:a@b;x=y?h=i>,<sip:a@b>,\"a\" <sip:a@b>,(c) <sip:a@b",
	"\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"",
	"((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
	"sip:@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@;;;;;;;;;;;;;;;;;;;;;;",
	"sip:a:::::::::::::::::::::::::::::::::::::::::::::::::::",
	"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
	"ACK sip:a SIP/2.0\r\nx:\r\n y\r\n y\r\n y\r\n y\r\n y\r\n y\r\n y\r\n y\r\n y\r\n z",
	"v=0\r\na=candidate:1 1 UDP 1 10.0.0.1 1 typ host\r\na=x\r\na=x\r\na=x\r\na=x\r\n",
	"v=0\r\nc=IN IP4 1.1.1.1\r\nm=audio 1 RTP/AVP 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\r\n",
	"multipart/mixed;boundary=b\n--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n--b--",
	"multipart/mixed;boundary=b\n--bb--bb--bb--bb--bb--bb--bb--bb--bb--bb--bb--bb--bb--bb",
};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), message_dictionary, MESSAGE_WORDS, 20, 1000};

enum { REPEATED_MAX = 12000, INPUT_MAX = 65535 };

static uint64_t blocks;

#ifdef FUZZ_BLOCK
#define COUNTER fuzz_block
#else
#define COUNTER __sanitizer_cov_trace_pc
#endif
void COUNTER(void);

void
COUNTER(void)
{
	blocks++;
}

static void
message_cost(struct slice text)
{
	static struct sip_message message;
	struct slice call_id;

	sip_message_parse(text.at, text.length, &message);
	sip_peek_call_id(text.at, text.length, &call_id);
}

/* As a list of addresses, of Vias and as parameters. */
static void
value_cost(struct slice text)
{
	struct slice rest = text, value;
	struct sip_address address;
	struct sip_uri uri;
	struct sip_via via;

	while (sip_value_next(&rest, &value)) {
		if (sip_address_parse(value, &address))
			sip_uri_parse(address.uri, &uri);
		sip_via_parse(value, &via);
	}
}

/* With all there is in a value. */
static void
addresses_cost(struct slice text)
{
	struct sip_address address;
	struct slice rest = text;
	struct sip_uri uri;

	while (sip_address_next(&rest, &address, &uri))
		;
}

static void
literals_cost(struct slice text)
{
	struct sip_address address;
	struct slice rest = text;
	struct sip_uri uri;

	while (sip_address_next_literal(&rest, &address, &uri))
		;
}

static void
vias_cost(struct slice text)
{
	struct sip_via_parameters parameters;
	struct slice rest = text;
	struct sip_via via;

	while (sip_via_next(&rest, &via, &parameters))
		;
}

static void
whole_value_cost(struct slice text)
{
	struct sip_address address;
	struct sip_hostport host;
	struct slice found;
	struct sip_uri uri;
	struct sip_via via;

	sip_address_parse(text, &address);
	sip_uri_parse(text, &uri);
	sip_via_parse(text, &via);
	sip_hostport_parse(text, &host);
	sip_parameter_find(text, "tag", &found);
}

static void
sdp_cost(struct slice text)
{
	static struct sdp sdp;

	sdp_parse(text, &sdp);
}

/* The first line is the Content-Type. */
static void
body_cost(struct slice text)
{
	const char *const end = text.at + text.length;
	const char *line_end = memchr(text.at, '\n', text.length);
	struct slice description;

	if (line_end == NULL)
		return;
	sdp_find(slice_of(line_end + 1, end), slice_of(text.at, line_end), &description);
}

static void
framing_cost(struct slice text)
{
	struct sip_framing framing;
	uint32_t taken, at = 0;

	sip_framing_begin(&framing, NULL);
	while (at < text.length) {
		if (sip_framing_feed(&framing, text.at + at, 1, &taken) == SIP_FRAME_ERROR)
			sip_framing_begin(&framing, NULL);
		at += taken > 0 ? taken : 1;
	}
}

static void
edit_cost(struct slice text)
{
	static char to[INPUT_MAX + SIP_EDIT_TEXT_MAX];
	static struct sip_edits edits;
	const uint32_t step = text.length / SIP_EDITS_MAX + 1;

	sip_edits_begin(&edits, text.at);
	for (uint32_t at = 0; at < text.length; at += step)
		sip_edits_address(&edits, (struct slice){text.at + at, 1}, 0x0100000a, 5060);
	sip_edits_apply_to(&edits, text.at, text.length, to, sizeof(to));
}

/* Blocks a byte, and those that an empty text costs. */
static const struct {
	const char *name;
	void (*run)(struct slice text);
	uint32_t a_byte, always;
} readers[] = {
	{"message", message_cost, 16, 2000},
	{"values", value_cost, 64, 500},
	{"addresses", addresses_cost, 64, 500},
	{"literals", literals_cost, 32, 500},
	{"vias", vias_cost, 64, 500},
	{"whole value", whole_value_cost, 64, 500},
	{"sdp", sdp_cost, 24, 1000},
	{"body", body_cost, 32, 1000},
	{"framing", framing_cost, 80, 200},
	{"edit", edit_cost, 4, 14000},
};

static void
cost_check(struct slice text)
{
	for (uint32_t i = 0; i < FUZZ_COUNT(readers); i++) {
		uint64_t allowed = (uint64_t)readers[i].a_byte * text.length + readers[i].always;

		blocks = 0;
		readers[i].run(text);
		if (getenv("FUZZ_COST") != NULL)
			fprintf(stderr, "%s: %.1f blocks a byte, %u bytes, %.40s\n",
				readers[i].name, (double)blocks / (text.length + 1), text.length,
				text.at);
		if (blocks > allowed) {
			fprintf(stderr, "%s: %llu blocks for %u bytes\n", readers[i].name,
				(unsigned long long)blocks, text.length);
			PROPERTY(blocks <= allowed);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char repeated[REPEATED_MAX];
	uint64_t random = fuzz_random_begin(data, size);
	uint32_t begin, length, used, tail;

	if (size < 3 || size > REPEATED_MAX)
		return 0;
	cost_check((struct slice){(const char *)data, (uint32_t)size});

	/* The input with one piece of it repeated. */
	begin = fuzz_random(&random, (uint32_t)size);
	length = 1 + fuzz_random(&random, (uint32_t)size - begin);
	if (fuzz_random(&random, 2) == 0 && length > 8)
		length = 1 + length % 8;
	tail = (uint32_t)size - begin - length;
	memcpy(repeated, data, begin);
	for (used = begin; used + length + tail <= sizeof(repeated); used += length)
		memcpy(repeated + used, data + begin, length);
	memcpy(repeated + used, data + begin + length, tail);
	cost_check((struct slice){repeated, used + tail});
	return 0;
}
