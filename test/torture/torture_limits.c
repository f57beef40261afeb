/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections at the limits of SIP over TCP: what happens there is what docs/sip.md says, counts by its name, and no
 * stream is harmed by it.
 *
 * torture_limits WORKERS LIMIT
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "rig.h"
#include "script.h"
#include "tcp_frame.h"

enum {
	HOG_PORT = 42000,
	HOG_SEGMENT = 1400,
	HOG_BYTES = 64000,
	HOG_BODY = 60000, /* of one that ends */
	MEMORY_HOGS = 20, /* more than a mebibyte together */
	SHARE_HOGS = 40, /* more than two */
	STREAM_HOGS = 5, /* more than there are workers */
};

static uint32_t hog_base; /* of the numbers of their connections */
static unsigned int hogs, hog_hosts = 1, hog_bytes, hog_body = 65000;

static void
hog_send(unsigned int hog, unsigned int who, uint32_t seq, uint32_t ack, uint8_t flags,
	const char *text, uint32_t length)
{
	uint8_t bytes[TCP_END_FRAME_MAX];
	struct tcp_frame frame = {
		.seq = hog_base + seq,
		.ack = flags & TCP_ACK ? hog_base + ack : 0,
		.flags = flags,
		.window = UINT16_MAX,
		.mss = flags & TCP_SYN ? 1460 : 0,
		.scale = -1,
		.data = (const uint8_t *)text,
		.length = length,
	};
	const uint16_t port = (uint16_t)(HOG_PORT + hog);
	char host[INET_ADDRSTRLEN];

	snprintf(host, sizeof(host), "10.0.0.%u", 66 + hog % hog_hosts);
	inet_pton(AF_INET, who ? "198.51.100.66" : host, &frame.src);
	inet_pton(AF_INET, who ? RIG_CALLGATE_OUTSIDE : "198.51.100.66", &frame.dst);
	frame.sport = rte_cpu_to_be_16(who ? 5060 : port);
	frame.dport = rte_cpu_to_be_16(who ? port : 5060);
	rig_put((uint16_t)who, bytes, tcp_frame_write(bytes, &frame));
}

static void
hog_opens(unsigned int hog)
{
	hog_send(hog, 0, 0, 0, TCP_SYN, NULL, 0);
	hog_send(hog, 1, 0, 1, TCP_SYN | TCP_ACK, NULL, 0);
	hog_send(hog, 0, 1, 1, TCP_ACK, NULL, 0);
}

/* Others have connections, each with a message that never ends. */
static void
hogs_come(void)
{
	static char text[HOG_BYTES];

	memset(text, 'x', sizeof(text));
	for (unsigned int hog = 0; hog < hogs; hog++) {
		const int head = snprintf(text, sizeof(text),
			"MESSAGE sip:1@a.example SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.66:%u\r\n"
			"From: <sip:1@a.example>;tag=1\r\nTo: <sip:2@a.example>\r\nCall-ID: "
			"hog%u\r\n"
			"CSeq: 1 MESSAGE\r\nContent-Length: %u\r\n\r\n",
			HOG_PORT + hog, hog, hog_body);

		const uint32_t length = RTE_MIN(hog_bytes, (uint32_t)head + hog_body);

		text[head] = 'x';
		hog_opens(hog);
		for (uint32_t at = 0; at < length; at += HOG_SEGMENT)
			hog_send(hog, 0, 1 + at, 1, TCP_ACK, text + at,
				RTE_MIN(length - at, (uint32_t)HOG_SEGMENT));
	}
}

static struct talk_manner
manner_of(unsigned int number)
{
	return (struct talk_manner){
		.habits = {talk_usual(0), talk_usual(1)},
		.trouble.script = {number % WIRE_SCRIPTS, number / WIRE_SCRIPTS % WIRE_SCRIPTS},
		.cut = number % TALK_RANDOM,
		.at = 1 + number * 7,
		.seed = number,
		.ends = number % 4,
	};
}

/* A further connection passes unread. */
static void
limit_streams(void)
{
	struct talk_manner manner = manner_of(0);
	const struct talk *talk;
	struct talk call, bare;
	const uint64_t limited = rig_event("stream_limit"), unread = rig_event("tcp_sip_layer4");

	script_begin(&call, SCRIPT_GROWS, false);
	talk_learn(&call, manner.habits, script_call, NULL);
	script_check(&call);
	MUST(rig_event("stream_limit") == limited, "the limit is reached too early");
	/* The same words, as they are, when another has the only place. */
	script_begin(&bare, SCRIPT_GROWS, false);
	bare.untouched = true;
	bare.units = call.units;
	memcpy(bare.unit, call.unit, sizeof(bare.unit));
	hogs = 1;
	wire_strays = true;
	talk_before = hogs_come;
	talk_learn(&bare, manner.habits, NULL, NULL);
	MUST(rig_event("stream_limit") == limited + 1, "stream_limit counts %llu",
		(unsigned long long)(rig_event("stream_limit") - limited));
	MUST(rig_event("tcp_sip_layer4") > unread + call.units, "segments are not counted");
	MUST(strstr((char *)bare.expected[1], call.address[0]) != NULL,
		"what passes unread was rewritten");
	for (unsigned int i = 0; i < 2 * WIRE_SCRIPTS * WIRE_SCRIPTS; i++) {
		const bool free_place = i % 2;

		talk_before = free_place ? NULL : hogs_come;
		talk = free_place ? &call : &bare;
		manner = manner_of(i / 2);
		snprintf(talk_name, sizeof(talk_name), "streams, %s, manner %u",
			free_place ? "a place is free" : "none is", i / 2);
		talk_run(talk, &manner, NULL);
	}
	talk_free(&bare);
	script_end(&call);
}

/* Segments are refused and repeated, until others give back what they have. */
static void
limit_memory(void)
{
	struct talk_manner manner = manner_of(0);
	const uint64_t refused = rig_event("stream_no_memory");
	struct script_lengths lengths = {.count = 6};
	struct talk talk;

	for (unsigned int i = 0; i < lengths.count; i++) {
		lengths.length[i] = i % 2 ? 20000 : 400 + i;
		lengths.who[i] = i / 2 % 2;
		lengths.turn[i] = i / 4;
	}
	script_begin(&talk, SCRIPT_GROWS, false);
	talk_learn(&talk, manner.habits, script_messages, &lengths);
	hogs = MEMORY_HOGS;
	hog_hosts = 3; /* one alone may not have so much */
	hog_bytes = HOG_BYTES;
	wire_strays = true;
	talk_before = hogs_come;
	for (unsigned int i = 0; i < 12; i++) {
		manner = manner_of(i * 5);
		if (manner.cut == TALK_PIECES)
			manner.at += 300;
		snprintf(talk_name, sizeof(talk_name), "memory, manner %u", i);
		talk_run(&talk, &manner, NULL);
	}
	MUST(rig_event("stream_no_memory") > refused, "stream_no_memory does not count");
	script_end(&talk);
}

/* What one host never ends is refused at its share; another host does not notice. */
static void
limit_host_memory(void)
{
	struct talk_manner manner = manner_of(0);
	const uint64_t refused = rig_event("stream_host_memory"),
		       full = rig_event("stream_no_memory");
	struct script_lengths lengths = {.count = 4};
	struct talk talk;

	for (unsigned int i = 0; i < lengths.count; i++) {
		lengths.length[i] = i % 2 ? 60000 : 400;
		lengths.who[i] = i / 2;
		lengths.turn[i] = i / 2;
	}
	script_begin(&talk, SCRIPT_GROWS, false);
	talk_learn(&talk, manner.habits, script_messages, &lengths);
	hogs = SHARE_HOGS;
	hog_bytes = HOG_BYTES;
	wire_strays = true;
	talk_before = hogs_come;
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(talk_name, sizeof(talk_name), "memory of one host, run %u", i);
		talk_run(&talk, &manner, NULL);
	}
	MUST(rig_event("stream_host_memory") > refused, "stream_host_memory does not count");
	MUST(rig_event("stream_no_memory") == full, "one host has taken all");
	script_end(&talk);
}

/* What a host has is lost behind callgate, all of it: it goes out again when it is repeated, or nothing would ever go. */
static void
limit_host_lost(void)
{
	static char text[HOG_SEGMENT];
	const uint64_t none = rig_event("stream_host_memory");
	uint64_t refused, out;

	memset(text, 'x', sizeof(text));
	wire_strays = true;
	hogs = SHARE_HOGS;
	hog_bytes = HOG_BYTES;
	hog_body = HOG_BODY;
	hogs_come();
	refused = rig_event("stream_host_memory");
	MUST(refused > none, "the share is not full");
	rig_clock(rig_now_ms() + 1000);
	out = rig_event("stream_segments_out");
	hog_send(0, 0, 1, 1, TCP_ACK, text, sizeof(text)); /* the bytes do not matter any more */
	MUST(rig_event("stream_host_memory") == refused, "what is repeated is refused");
	MUST(rig_event("stream_segments_out") > out + HOG_BODY / 2 / HOG_SEGMENT,
		"the message does not go out again");
	rig_rest();
	MUST(rig_left() == NULL, "left at the end:%s", rig_left());
}

/* A connection over one that was over has the place of its host, as any other. */
static void
limit_host_again(void)
{
	const unsigned int workers = rig_appliance()->workers;
	uint64_t opened;

	wire_strays = true;
	hog_opens(0);
	hog_send(0, 0, 1, 1, TCP_ACK | TCP_FIN, NULL, 0);
	hog_send(0, 1, 1, 2, TCP_ACK | TCP_FIN, NULL, 0);
	hog_send(0, 0, 2, 2, TCP_ACK, NULL, 0);
	hog_base = 100000;
	hog_opens(0);
	hog_send(0, 0, 1, 1, TCP_ACK, "MESSAGE", 7);
	opened = rig_event("stream_opened");
	for (unsigned int hog = 1; hog < SHARE_HOGS; hog++)
		hog_opens(hog);
	MUST(rig_event("stream_opened") == opened + workers - 1, "%llu were opened, not %u",
		(unsigned long long)(rig_event("stream_opened") - opened), workers - 1);
	rig_rest();
	MUST(rig_left() == NULL, "left at the end:%s", rig_left());
}

/* Nor does it notice when one host has all the connections that it may have. */
static void
limit_host_streams(void)
{
	struct talk_manner manner = manner_of(0);
	const uint64_t limited = rig_event("stream_limit");
	struct talk call;

	script_begin(&call, SCRIPT_GROWS, false);
	talk_learn(&call, manner.habits, script_call, NULL);
	MUST(rig_event("stream_limit") == limited, "the limit is reached too early");
	hogs = STREAM_HOGS;
	wire_strays = true;
	talk_before = hogs_come;
	talk_run(&call, &manner, NULL);
	MUST(rig_event("stream_limit") > limited, "one host has more than it may have");
	script_end(&call);
}

/* A message that lacks its end for too long passes unread, and what comes behind it. */
static void
limit_hold(void)
{
	struct talk_manner manner = manner_of(0);
	struct talk call, talk;

	script_begin(&call, SCRIPT_GROWS, false);
	talk_learn(&call, manner.habits, script_call, NULL);
	for (uint32_t cut = 1; cut < call.unit[1].length; cut += 9) {
		const uint64_t held = rig_event("stream_held_too_long");
		const struct talk_unit *invite = &call.unit[1];

		snprintf(talk_name, sizeof(talk_name), "hold, cut at %u", cut);
		script_begin(&talk, SCRIPT_GROWS, false);
		/* As one unit: nobody knows where the other begins. */
		talk.units = 1;
		talk.unit[0] = (struct talk_unit){.said = "", .length = 1u << 19};
		talk_open(&talk, &manner);
		tcp_end_write(&wire_end[0], invite->said, cut);
		talk_wait(500);
		MUST(tcp_end_received(&wire_end[1]) == 0, "a part leaves before its time");
		MUST(tcp_end_is_heard(&wire_end[0]), "its sender was not told in 500 ms");
		talk_wait(1000);
		MUST(tcp_end_received(&wire_end[1]) == cut, "a part is held for ever");
		tcp_end_write(&wire_end[0], invite->said + cut, invite->length - cut);
		tcp_end_write(&wire_end[0], invite->said, invite->length);
		talk_until_heard();
		MUST(tcp_end_received(&wire_end[1]) == 2 * invite->length &&
				memcmp(wire_end[1].got, invite->said, invite->length) == 0 &&
				memcmp(wire_end[1].got + invite->length, invite->said,
					invite->length) == 0,
			"what passes unread is not as it was");
		MUST(rig_event("stream_held_too_long") == held + 1, "not counted");
		talk_close();
	}
	/* One that ends in time is read. */
	talk_run(&call, &manner, NULL);
	script_end(&call);
}

/* A buffer hardly longer than the longest message closes windows, and harms none. */
static void
limit_buffer(void)
{
	struct talk_manner manner = manner_of(0);
	struct script_lengths lengths = {.count = 8};
	struct talk talk;

	for (unsigned int i = 0; i < lengths.count; i++) {
		lengths.length[i] = i % 4 == 3 ? 500 : 65535;
		lengths.who[i] = i % 2;
		lengths.turn[i] = i / 4;
	}
	script_begin(&talk, SCRIPT_GROWS, false);
	talk_learn(&talk, manner.habits, script_messages, &lengths);
	for (unsigned int i = 0; i < 8; i++) {
		manner = (struct talk_manner){
			.habits = {talk_usual(0), talk_usual(1)}, .cut = TALK_MERGED, .seed = i};
		manner.trouble.loss = i / 4 * 3;
		for (unsigned int end = 0; end < 2; end++) {
			manner.habits[end].capacity = i % 2 ? 3000 : 1000000;
			manner.habits[end].slow = i & 2 ? 80 : 0;
			manner.habits[end].flight = 100;
		}
		snprintf(talk_name, sizeof(talk_name), "buffer, manner %u", i);
		talk_run(&talk, &manner, NULL);
	}
	script_end(&talk);
}

static const struct limit {
	const char *name, *settings;
	void (*run)(void);
} limits[] = {
	{"streams", "max_streams = 1;", limit_streams},
	{"memory", "stream_memory = 1;", limit_memory},
	{"host_memory", "stream_memory = 2;", limit_host_memory},
	{"host_streams", "max_streams = 100; max_streams_per_host = 1;", limit_host_streams},
	{"host_lost", "stream_memory = 2;", limit_host_lost},
	{"host_again", "max_streams = 100; max_streams_per_host = 1;", limit_host_again},
	{"hold", "stream_hold_time = 1;", limit_hold},
	{"buffer", "stream_buffer = 81920; stream_hold_time = 600;", limit_buffer},
};

int
main(int count, char **arguments)
{
	for (unsigned int i = 0; i < RTE_DIM(limits); i++) {
		struct rig_options options = {.sip = limits[i].settings};

		if (count < 3 || strcmp(arguments[2], limits[i].name) != 0)
			continue;
		options.workers = (unsigned int)atoi(arguments[1]);
		talk_start(&options);
		limits[i].run();
		printf("%s: %llu frames\n", limits[i].name, (unsigned long long)rig_frames());
		rig_stop();
		return 0;
	}
	fprintf(stderr, "which limit?\n");
	return 1;
}
