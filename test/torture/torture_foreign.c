/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is no SIP, or cannot be framed, at a port of SIP: it passes byte for byte however it is cut, and whatever
 * text stands in it opens nothing ("NAT slipstreaming"). What is SIP and becomes something else passes unread
 * from there on, with its numbers right.
 *
 * torture_foreign WORKERS [NAME]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "alg/alg.h"
#include "rig.h"
#include "script.h"

#define FAR    "198.51.100.10"
#define INSIDE "10.0.0.5"

#define SDP \
	"v=0\r\no=- 1 1 IN IP4 " INSIDE "\r\ns=-\r\nc=IN IP4 " INSIDE \
	"\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n"
#define HEADERS(method) \
	"Via: SIP/2.0/TCP " INSIDE ":5070;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" \
	"From: <sip:100@example.com>;tag=1\r\nTo: <sip:200@example.com>\r\n" \
	"Call-ID: foreign@example.com\r\nCSeq: 1 " method "\r\nContact: <sip:100@" INSIDE \
	":5070;transport=tcp>\r\n"
#define INVITE \
	"INVITE sip:200@" FAR " SIP/2.0\r\n" HEADERS( \
		"INVITE") "Content-Type: application/sdp\r\nContent-Length: 86\r\n\r\n" SDP
#define REGISTER \
	"REGISTER sip:" FAR \
	" SIP/2.0\r\n" HEADERS("REGISTER") "Expires: 600\r\nContent-Length: 0\r\n\r\n"
#define POST \
	"POST /collect HTTP/1.1\r\nHost: " FAR ":5060\r\nContent-Type: text/plain\r\n" \
	"Content-Length: 3000\r\n\r\n"

/* What one says first, filled up to `fill` bytes with the letter x, and then. */
static const struct foreign {
	const char *name, *first, *then;
	unsigned int fill;
	const char *answer;
} foreigns[] = {
	{"post_register", POST, REGISTER, 0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"post_invite", POST, INVITE, 0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	/* where a segment of 1460 bytes begins, with timestamps and without */
	{"slipstream_1448", POST, REGISTER, 1448, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"slipstream_1460", POST, INVITE, 1460, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"get_by_what_sip_looks_like", "GET sip:200@" FAR " HTTP/1.1\r\n\r\n", INVITE, 0, "no\r\n"},
	{"length_of_33_bits",
		"INVITE sip:200@" FAR
		" SIP/2.0\r\n" HEADERS("INVITE") "Content-Type: application/sdp\r\nContent-Length: "
						 "4294967328\r\n\r\n",
		SDP INVITE, 0, "nothing\r\n"},
	{"length_too_long",
		"INVITE sip:200@" FAR " SIP/2.0\r\n" HEADERS(
			"INVITE") "Content-Type: application/sdp\r\nContent-Length: 99999\r\n\r\n",
		SDP INVITE, 0, "nothing\r\n"},
	{"length_no_number",
		"INVITE sip:200@" FAR " SIP/2.0\r\n" HEADERS(
			"INVITE") "Content-Type: application/sdp\r\nContent-Length: -1\r\n\r\n",
		SDP INVITE, 0, "nothing\r\n"},
	{"length_said_twice",
		"INVITE sip:200@" FAR
		" SIP/2.0\r\n" HEADERS("INVITE") "Content-Length: 10\r\nl: 86\r\nContent-Type: "
						 "application/sdp\r\n\r\n",
		SDP INVITE, 0, "nothing\r\n"},
	{"tls", "\x16\x03\x01\x02\x01\x01\x03\x03sixteen bytes ...\x20\x13\x02 and names", INVITE,
		0, "\x16\x03\x03\x01\x02\x02\x03\x03other bytes"},
	{"websocket",
		"GET /ws HTTP/1.1\r\nHost: " FAR ":5060\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
		"\x82\x7e\x01\x02" REGISTER, 0,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x82\x05SIP/2"},
	{"ssh", "SSH-2.0-client\r\n", INVITE, 0, "SSH-2.0-server\r\n"},
	{"a_long_first_line", "x", INVITE, 20000, "nothing\r\n"},
};

static uint64_t
sip_read(void)
{
	uint64_t read = 0;

	for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
		const char *name = sip_counter_name(i);

		if (strcmp(name, "INVITE") == 0 || strcmp(name, "REGISTER") == 0)
			read += sip_statistics_sum(rig_appliance()->alg, i);
	}
	return read;
}

static uint64_t
opened(void)
{
	return sip_read() + rig_event("door_opened") + rig_event("pinhole_opened") +
	       rig_event("calls_owned");
}

static char *
text_make(const struct foreign *foreign)
{
	const size_t first = strlen(foreign->first), then = strlen(foreign->then);
	const size_t fill = foreign->fill > first ? foreign->fill - first : 0;
	char *text = malloc(first + fill + then + 1);

	MUST(text != NULL, "no memory");
	memcpy(text, foreign->first, first);
	memset(text + first, 'x', fill);
	memcpy(text + first + fill, foreign->then, then + 1);
	return text;
}

static void
unit_add(struct talk *talk, unsigned int who, unsigned int turn, char *text)
{
	talk->unit[talk->units++] = (struct talk_unit){
		.who = who, .turn = turn, .said = text, .length = (uint32_t)strlen(text)};
}

static void
runs(const struct talk *talk, uint32_t step)
{
	struct talk_manner manner = {.habits = {talk_usual(0), talk_usual(1)}, .cut = TALK_AT};

	for (manner.at = 1; manner.at < talk->unit[0].length; manner.at += step) {
		struct wire_trouble *trouble = &manner.trouble;

		manner.seed = manner.at;
		manner.ends = manner.at % 4;
		trouble->script[WIRE_NEAR] = manner.at % WIRE_SCRIPTS;
		trouble->script[WIRE_FAR] = manner.at / 8 % WIRE_SCRIPTS;
		for (unsigned int i = 0; i < 2; i++)
			manner.habits[i].timestamps = manner.at & 1;
		snprintf(talk_name + strcspn(talk_name, ","), 60, ", cut at %u", manner.at);
		talk_run(talk, &manner, NULL);
	}
	manner.cut = TALK_PIECES;
	for (manner.at = 1; manner.at < 100; manner.at = manner.at * 2 + 1) {
		snprintf(talk_name + strcspn(talk_name, ","), 60, ", pieces of %u", manner.at);
		talk_run(talk, &manner, NULL);
	}
	manner.cut = TALK_MERGED;
	snprintf(talk_name + strcspn(talk_name, ","), 60, ", merged");
	talk_run(talk, &manner, NULL);
}

/* Both ends got what the other said, all of it as it was. */
static void
check_untouched(const struct talk *talk)
{
	uint32_t at[2] = {0, 0};

	for (unsigned int i = 0; i < talk->units; i++) {
		const struct talk_unit *unit = &talk->unit[i];
		const unsigned int to = !unit->who;

		MUST(at[to] + unit->length <= talk->expected_length[to] &&
				memcmp(talk->expected[to] + at[to], unit->said, unit->length) == 0,
			"unit %u of the first run was touched", i);
		at[to] += unit->length;
	}
	MUST(at[0] == talk->expected_length[0] && at[1] == talk->expected_length[1],
		"more bytes than were said");
}

static void
foreign_run(const struct foreign *foreign, enum script_direction direction)
{
	const struct tcp_habits usual[2] = {talk_usual(0), talk_usual(1)};
	const uint64_t before = opened(), plain = rig_event("stream_plain");
	const bool every = getenv("CALLGATE_LONG") != NULL;
	struct talk talk;

	snprintf(talk_name, sizeof(talk_name), "%s %s, first", foreign->name,
		script_name(direction));
	script_begin(&talk, direction, false);
	unit_add(&talk, talk.caller, 0, text_make(foreign));
	unit_add(&talk, !talk.caller, 1, strdup(foreign->answer));
	unit_add(&talk, talk.caller, 2, strdup(INVITE));
	talk_learn(&talk, usual, NULL, NULL);
	check_untouched(&talk);
	MUST(rig_event("stream_plain") > plain, "not counted as stream_plain");
	runs(&talk, every || talk.unit[0].length < 100 ? 1 : 1 + talk.unit[0].length / 40);
	MUST(opened() == before, "something was opened, or read");
	script_end(&talk);
}

/* A message that is read, and rewritten; what comes behind it is none, and what comes then is left alone, too. */
static void
sip_then_other(void)
{
	static const char behind[] = "\x16\x03\x01 no SIP any more\r\n" INVITE;
	const struct tcp_habits usual[2] = {talk_usual(0), talk_usual(1)};
	struct talk talk;
	uint32_t length;

	snprintf(talk_name, sizeof(talk_name), "sip_then_other, first");
	script_begin(&talk, SCRIPT_GROWS, false);
	unit_add(&talk, 0, 0, strdup(REGISTER));
	unit_add(&talk, 0, 1, strdup(behind));
	unit_add(&talk, 1, 2, strdup("SIP/2.0 100 Trying\r\n" HEADERS("REGISTER") "l: 0\r\n\r\n"));
	unit_add(&talk, 0, 3, strdup(INVITE));
	talk_learn(&talk, usual, NULL, NULL);
	length = talk.expected_length[1];
	MUST(strstr((const char *)talk.expected[1], RIG_CALLGATE_OUTSIDE) != NULL,
		"the message before was not read");
	MUST(memcmp(talk.expected[1] + length - strlen(INVITE), INVITE, strlen(INVITE)) == 0 &&
			memcmp(talk.expected[1] + length - strlen(INVITE) - strlen(behind), behind,
				strlen(behind)) == 0,
		"what came behind was touched");
	runs(&talk, 1 + talk.unit[0].length / 100);
	script_end(&talk);
}

/* As many line ends without LF as are held of a direction, and a message behind them that is read as ever. */
static void
line_ends_then_sip(void)
{
	enum { ENDS = 66000, BODY = 60000 };
	const struct tcp_habits usual[2] = {talk_usual(0), talk_usual(1)};
	char *ends = malloc(ENDS + 1), *message = malloc(sizeof(REGISTER) + 8 + BODY);
	struct talk_manner manner = {
		.habits = {talk_usual(0), talk_usual(1)}, .cut = TALK_AT, .at = 1};
	struct talk talk;
	int length;

	MUST(ends != NULL && message != NULL, "no memory");
	memset(ends, '\r', ENDS);
	ends[ENDS] = '\0';
	length = sprintf(message,
		"REGISTER sip:" FAR " SIP/2.0\r\n" HEADERS("REGISTER") "l: %u\r\n\r\n", BODY);
	memset(message + length, 'x', BODY);
	message[length + BODY] = '\0';
	snprintf(talk_name, sizeof(talk_name), "line_ends_then_sip, first");
	script_begin(&talk, SCRIPT_GROWS, false);
	unit_add(&talk, 0, 0, ends);
	unit_add(&talk, 0, 0, message);
	unit_add(&talk, 1, 1, strdup("SIP/2.0 100 Trying\r\n" HEADERS("REGISTER") "l: 0\r\n\r\n"));
	talk_learn(&talk, usual, NULL, NULL);
	MUST(memmem(talk.expected[1], talk.expected_length[1], RIG_CALLGATE_OUTSIDE,
		     strlen(RIG_CALLGATE_OUTSIDE)) != NULL,
		"the message behind line ends was not read");
	MUST(memcmp(talk.expected[1], ends, ENDS) == 0, "the line ends were touched");
	for (; manner.at < ENDS; manner.at = manner.at * 5 + 1) {
		manner.trouble.script[WIRE_NEAR] = manner.at % WIRE_SCRIPTS;
		snprintf(talk_name, sizeof(talk_name), "line_ends_then_sip, cut at %u", manner.at);
		talk_run(&talk, &manner, NULL);
	}
	manner.cut = TALK_MERGED;
	talk_run(&talk, &manner, NULL);
	script_end(&talk);
}

int
main(int count, char **arguments)
{
	static const char zones[] =
		"zones: [\"inside\", \"outside\"];\n"
		"policy_maps: ( { name = \"all\"; classes: (\n"
		"  { class = \"class-default\"; action = \"inspect\"; } ); } );\n"
		"zone_pairs: (\n"
		"  { name = \"out\"; source = \"inside\"; destination = \"outside\"; policy = "
		"\"all\"; },\n"
		"  { name = \"in\"; source = \"outside\"; destination = \"inside\"; policy = "
		"\"all\"; } );\n";
	struct rig_options options = {
		.workers = count > 1 ? (unsigned int)atoi(arguments[1]) : 1,
		.zones = zones,
	};

	talk_start(&options);
	for (unsigned int i = 0; i < RTE_DIM(foreigns); i++) {
		if (count > 2 && strcmp(arguments[2], foreigns[i].name) != 0)
			continue;
		foreign_run(&foreigns[i], SCRIPT_GROWS);
		foreign_run(&foreigns[i], SCRIPT_INWARD);
	}
	if (count <= 2 || strcmp(arguments[2], "sip_then_other") == 0)
		sip_then_other();
	if (count <= 2 || strcmp(arguments[2], "line_ends_then_sip") == 0)
		line_ends_then_sip();
	printf("%llu frames\n", (unsigned long long)rig_frames());
	rig_stop();
	return 0;
}
