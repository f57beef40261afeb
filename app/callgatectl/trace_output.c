/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <arpa/inet.h>
#include <jansson.h>

#include "trace_output.h"

enum { LINE_WORDS = 256 };

static void
endpoint_format(char text[32], uint32_t address, uint16_t port)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address, host, sizeof(host));
	snprintf(text, 32, "%s:%u", host, (unsigned int)ntohs(port));
}

static const char *
protocol_name(const struct trace_record *record)
{
	return record->proto == IPPROTO_TCP ? "tcp" : "udp";
}

void
trace_print_json(const struct trace_message *message)
{
	const struct trace_record *record = message->record;
	char when[32], what[LINE_WORDS], from[32], to[32], new_from[32], new_to[32];
	char words[TRACE_WORDS_MAX];
	json_t *edits = json_array(), *line;

	trace_time(message, when);
	trace_what(message, what, sizeof(what));
	endpoint_format(from, record->src, record->src_port);
	endpoint_format(to, record->dst, record->dst_port);
	endpoint_format(new_from, record->new_src, record->new_src_port);
	endpoint_format(new_to, record->new_dst, record->new_dst_port);
	for (unsigned int i = 0; trace_edit_words(message, i, words); i++)
		json_array_append_new(edits, json_string(words));
	line = json_pack("{ss ss ss ss ss ss ss ss ss ss sI so}", "time", when, "in", record->in,
		"out", record->out, "protocol", protocol_name(record), "what", what, "source", from,
		"destination", to, "to_source", new_from, "to_destination", new_to, "dropped",
		record->dropped, "worker", (json_int_t)record->worker, "edits", edits);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

void
trace_print_line(const struct trace_message *message)
{
	const struct trace_record *record = message->record;
	char when[32], what[LINE_WORDS], from[32], to[32], words[TRACE_WORDS_MAX];

	trace_time(message, when);
	trace_what(message, what, sizeof(what));
	endpoint_format(from, record->src, record->src_port);
	endpoint_format(to, record->new_dst, record->new_dst_port);
	printf("%s %s > %s %s %s > %s %s", when, record->in, record->out, protocol_name(record),
		from, to, what);
	if (record->dropped[0] != '\0')
		printf(" dropped: %s", record->dropped);
	for (unsigned int i = 0; trace_edit_words(message, i, words); i++)
		printf("%s%s", i == 0 ? " | " : "; ", words);
	putchar('\n');
}

bool
trace_write(struct pcapng *pcapng, const struct trace_message *message)
{
	const struct trace_record *record = message->record;
	static char words[PCAPNG_COMMENTS_MAX][TRACE_WORDS_MAX];
	char *comments[PCAPNG_COMMENTS_MAX];
	struct pcapng_message packet = {
		.interface = record->in,
		.at_ms = record->at_ms,
		.proto = record->proto,
		.src = record->src,
		.dst = record->dst,
		.src_port = record->src_port,
		.dst_port = record->dst_port,
		.text = (const uint8_t *)message->before,
		.length = record->before,
		.comments = comments,
		.comment_count = 1,
	};
	unsigned int count = 0;

	for (unsigned int i = 0; i < PCAPNG_COMMENTS_MAX; i++)
		comments[i] = words[i];
	if (record->dropped[0] != '\0')
		snprintf(words[0], sizeof(words[0]), "dropped: %s", record->dropped);
	else
		snprintf(words[0], sizeof(words[0]), "leaves on %s with %u edits", record->out,
			record->edits);
	if (!pcapng_write(pcapng, &packet))
		return false;
	if (record->dropped[0] != '\0')
		return true;
	while (count < PCAPNG_COMMENTS_MAX - 1 && trace_edit_words(message, count, words[count]))
		count++;
	if (count == 0)
		snprintf(words[count++], sizeof(words[0]), "%s",
			record->edited ? "edited" : "left as it came");
	packet.interface = record->out;
	packet.outbound = true;
	packet.src = record->new_src;
	packet.dst = record->new_dst;
	packet.src_port = record->new_src_port;
	packet.dst_port = record->new_dst_port;
	if (record->edited) {
		packet.text = (const uint8_t *)message->after;
		packet.length = record->after;
	}
	packet.comment_count = count;
	return pcapng_write(pcapng, &packet);
}
