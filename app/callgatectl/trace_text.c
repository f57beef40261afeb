/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sip/message.h"
#include "trace_text.h"

enum { PART_MAX = 100 }; /* bytes of an old or new text that are shown */

/* What a terminal would not take as it is becomes '?'. */
static void
copy(char *to, size_t size, const char *from, size_t length)
{
	size_t n = length < size - 1 ? length : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[n] = '\0';
	if (n < length && n >= 3)
		memcpy(to + n - 3, "...", 3);
}

bool
trace_message_read(struct trace_message *message, const void *bytes, size_t length)
{
	const struct trace_record *record = bytes;
	size_t needed = sizeof(*record);

	if (length < needed || record->version != TRACE_VERSION || record->length > length)
		return false;
	needed += (size_t)record->before + record->after +
		  (size_t)record->edits * sizeof(struct trace_edit);
	if (needed > record->length || memchr(record->in, '\0', TRACE_NAME) == NULL ||
		memchr(record->out, '\0', TRACE_NAME) == NULL ||
		memchr(record->dropped, '\0', TRACE_NAME) == NULL)
		return false;
	message->record = record;
	message->before = (const char *)(record + 1);
	message->after = message->before + record->before;
	message->edits = (const uint8_t *)(message->after + record->after);
	return true;
}

void
trace_what(const struct trace_message *message, char *words, size_t size)
{
	static struct sip_message sip; /* large */
	enum sip_error error = sip_message_parse(message->before, message->record->before, &sip);
	const struct sip_header *cseq;
	struct slice method = {0};
	char text[PART_MAX], name[32];

	if (error != SIP_OK) {
		snprintf(words, size, "not readable: %s", sip_error_name(error));
		return;
	}
	if (sip.request) {
		copy(name, sizeof(name), sip.method_text.at, sip.method_text.length);
		copy(text, sizeof(text), sip.request_uri.at, sip.request_uri.length);
		snprintf(words, size, "%s %s", name, text);
		return;
	}
	cseq = sip_header_first(&sip, SIP_HEADER_CSEQ);
	if (cseq != NULL) {
		const char *end = cseq->value.at + cseq->value.length, *at = end;

		while (at > cseq->value.at && at[-1] != ' ' && at[-1] != '\t')
			at--;
		method = slice_of(at, end);
	}
	copy(name, sizeof(name), method.at, method.length);
	snprintf(words, size, "%u (%s)", (unsigned int)sip.status, name);
}

/* Where the empty line behind the headers ends; all of it where there is none. */
static uint32_t
body_offset(const struct trace_message *message)
{
	const char *end = memmem(message->before, message->record->before, "\r\n\r\n", 4);

	return end != NULL ? (uint32_t)(end - message->before) + 4 : message->record->before;
}

/* What stands at an offset: the header's name as it is written, "m=" of a body, or "Request-URI". */
static void
place_name(const struct trace_message *message, uint32_t offset, char *name, size_t size)
{
	const char *text = message->before, *line = text + offset, *end;
	const char *last = text + message->record->before;
	const uint32_t body = body_offset(message);

	/* A folded line belongs to the one before it. */
	for (;;) {
		while (line > text && line[-1] != '\n')
			line--;
		if (line == text || offset >= body || line == last ||
			(*line != ' ' && *line != '\t'))
			break;
		line--;
	}
	if (line == text && offset < body) {
		snprintf(name, size, "Request-URI");
		return;
	}
	end = line;
	while (end < last && *end != '\r' && *end != '\n' && *end != ':' && *end != '=')
		end++;
	copy(name, size, line, (size_t)(end - line));
	if (end < last && *end == '=')
		snprintf(name + strlen(name), size - strlen(name), "=");
}

bool
trace_edit_words(
	const struct trace_message *message, unsigned int number, char words[TRACE_WORDS_MAX])
{
	const struct trace_record *record = message->record;
	char name[40], old[PART_MAX], new[PART_MAX];
	uint64_t shift = 0; /* modulo 2^64: it may be negative */
	struct trace_edit edit = {0};

	if (number >= record->edits)
		return false;
	for (unsigned int i = 0; i <= number; i++) {
		shift += (uint64_t)edit.new_length - edit.length;
		memcpy(&edit, message->edits + i * sizeof(edit), sizeof(edit));
	}
	if ((uint64_t)edit.offset + edit.length > record->before ||
		edit.offset + shift > record->after ||
		edit.offset + shift + edit.new_length > record->after)
		return false;
	place_name(message, edit.offset, name, sizeof(name));
	copy(old, sizeof(old), message->before + edit.offset, edit.length);
	copy(new, sizeof(new), message->after + edit.offset + shift, edit.new_length);
	if (edit.length == 0)
		snprintf(words, TRACE_WORDS_MAX, "%s: added %s", name, new);
	else if (edit.new_length == 0)
		snprintf(words, TRACE_WORDS_MAX, "%s: removed %s", name, old);
	else
		snprintf(words, TRACE_WORDS_MAX, "%s: %s -> %s", name, old, new);
	return true;
}

void
trace_time(const struct trace_message *message, char text[32])
{
	time_t seconds = (time_t)(message->record->at_ms / 1000);
	char start[24] = "";
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(text, 32, "%s.%03uZ", start, (unsigned int)(message->record->at_ms % 1000));
}
