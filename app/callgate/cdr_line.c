/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call record as JSON (RFC 8259): every field in every line, so that readers find what they look for.
 * Texts of messages are foreign: what is no UTF-8 is written as if it were Latin-1.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>

#include "cdr.h"
#include "core/clock.h"
#include "core/utf8.h"

struct output {
	char *text;
	size_t length;
};

/* The longest line: texts of "\u00XX" alone, all streams, all numbers with 20 digits. */
static_assert(3 * 6 * CALL_RECORD_TEXT + CALL_RECORD_STREAMS * 360 + 1024 < CDR_LINE_MAX,
	"every line fits");

static __rte_format_printf(2, 3) void say(struct output *output, const char *format, ...)
{
	size_t room = CDR_LINE_MAX - output->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(output->text + output->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		output->length += RTE_MIN((size_t)length, room - 1);
}

static void
say_text(struct output *output, const char *name, const char *text, uint16_t whole)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t left = RTE_MIN((size_t)whole, (size_t)CALL_RECORD_TEXT), length;

	say(output, "\"%s\":\"", name);
	for (; left > 0; at += length, left -= length) {
		length = 1;
		if (*at == '"' || *at == '\\')
			say(output, "\\%c", *at);
		else if (*at >= 0x20 && *at < 0x7f)
			say(output, "%c", *at);
		else if (*at >= 0x80 && (length = utf8_length(at, left)) > 0)
			say(output, "%.*s", (int)length, (const char *)at);
		else {
			length = 1;
			say(output, "\\u%04x", *at);
		}
	}
	say(output, "%s\",", whole > CALL_RECORD_TEXT ? "..." : "");
}

/* `wall_ms` 0: it has not been. */
static void
say_time(struct output *output, const char *name, uint64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char when[32] = "";
	struct tm broken;

	if (wall_ms == 0) {
		say(output, "\"%s\":null,", name);
		return;
	}
	gmtime_r(&seconds, &broken);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &broken);
	say(output, "\"%s\":\"%s.%03uZ\",", name, when, (unsigned int)(wall_ms % 1000));
}

static const char *
address_text(char text[INET_ADDRSTRLEN], rte_be32_t address)
{
	return inet_ntop(AF_INET, &address, text, INET_ADDRSTRLEN);
}

static void
say_endpoint(struct output *output, const char *name, rte_be32_t address, rte_be16_t port)
{
	char text[INET_ADDRSTRLEN];

	if (address == 0)
		say(output, "\"%s\":null,", name);
	else
		say(output, "\"%s\":\"%s:%u\",", name, address_text(text, address), ntohs(port));
}

/* As the far side sees the inside. */
static void
say_outside(struct output *output, const struct call_record_end *end)
{
	if (end->outside_port)
		say_endpoint(output, "outside", end->outside_address, end->outside_port);
	else
		say_endpoint(output, "outside", end->address, end->port);
}

static void
say_stream(struct output *output, unsigned int number, const struct call_record_stream *stream)
{
	say(output, "{\"stream\":%u,\"type\":\"%s\",", number,
		call_record_media_name((enum call_record_media)stream->type));
	say_endpoint(output, "inside", stream->end[0].address, stream->end[0].port);
	say_outside(output, &stream->end[0]);
	say_endpoint(output, "far", stream->end[1].address, stream->end[1].port);
	say(output,
		"\"packets_out\":%llu,\"bytes_out\":%llu,\"packets_in\":%llu,\"bytes_in\":%llu}",
		(unsigned long long)stream->packets[0], (unsigned long long)stream->bytes[0],
		(unsigned long long)stream->packets[1], (unsigned long long)stream->bytes[1]);
}

static void
say_media(struct output *output, const struct call_record *record)
{
	const char *comma = "";

	say(output, "\"media\":[");
	for (unsigned int i = 0; i < CALL_RECORD_STREAMS; i++) {
		const struct call_record_stream *stream = &record->stream[i];

		if (stream->end[0].address == 0 && stream->end[1].address == 0)
			continue;
		say(output, "%s", comma);
		say_stream(output, i, stream);
		comma = ",";
	}
	say(output, "],\"media_more\":%s", record->more ? "true" : "false");
}

/* From the answer; of a call that stood before, from when it was first seen. */
static uint64_t
duration_ms(const struct call_record *record)
{
	bool refused = record->reason == CALL_RECORD_REFUSED ||
		       record->reason == CALL_RECORD_PROCEEDING ||
		       record->reason == CALL_RECORD_CANCELLED;

	if (record->answer_ms)
		return record->end_ms - record->answer_ms;
	return record->older && !refused ? record->end_ms - record->begin_ms : 0;
}

static void
say_end(struct output *output, const struct call_record *record)
{
	static const char *const by[] = {"null", "\"inside\"", "\"outside\""};
	uint64_t duration = duration_ms(record);

	say(output, "\"duration\":%llu.%03u,", (unsigned long long)(duration / 1000),
		(unsigned int)(duration % 1000));
	say(output, "\"reason\":\"%s\",\"bye\":%s,",
		call_record_reason_name((enum call_record_reason)record->reason), by[record->bye]);
	if (record->status)
		say(output, "\"status\":%u,", record->status);
	else
		say(output, "\"status\":null,");
}

size_t
cdr_line(char line[CDR_LINE_MAX], const struct call_record *record)
{
	/* One look at the time of day, so that moments keep their distances. */
	uint64_t wall_ms = clock_wall_ms(record->end_ms);
	struct output output = {line, 0};
	char address[INET_ADDRSTRLEN];

#define WALL(moment) ((moment) ? wall_ms - (record->end_ms - (moment)) : 0)
	say(&output, "{");
	say_text(&output, "call_id", record->call_id, record->call_id_length);
	say_text(&output, "from", record->from, record->from_length);
	say_text(&output, "to", record->to, record->to_length);
	say(&output, "\"transport\":\"%s\",\"worker\":%u,\"begun_by\":\"%s\",",
		record->proto == IPPROTO_TCP ? "tcp" : "udp", record->worker,
		record->caller == 0 ? "inside" : "outside");
	say(&output, "\"inside_host\":\"%s\",", address_text(address, record->host[0]));
	say(&output, "\"outside_host\":\"%s\",", address_text(address, record->host[1]));
	say_time(&output, "invite", record->older ? 0 : WALL(record->begin_ms));
	say_time(&output, "ringing", WALL(record->ringing_ms));
	say_time(&output, "answer", WALL(record->answer_ms));
	say_time(&output, "end", wall_ms);
#undef WALL
	say_end(&output, record);
	say_media(&output, record);
	say(&output, "}\n");
	return output.length;
}
