/* SPDX-License-Identifier: BSD-3-Clause */
/* A message in one line, for who reads what went wrong. */
#include <stdarg.h>
#include <stdio.h>

#include "model_walk.h"

const char *const verbs[] = {"INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO"};

struct line {
	char *text;
	size_t used, size;
};

__attribute__((format(printf, 2, 3))) static void
put(struct line *line, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->used, line->size - line->used, format, arguments);
	va_end(arguments);
	line->used += (size_t)length;
	if (line->used >= line->size)
		line->used = line->size - 1;
}

static void
put_candidates(struct line *line, const struct stream *stream)
{
	for (unsigned int i = 0; i < stream->candidate_count; i++) {
		const struct candidate *candidate = &stream->candidate[i];

		put(line, "%s%u%s%u", i ? "," : " ice ", candidate->component,
			candidate->type == CANDIDATE_SRFLX       ? "s"
			: candidate->type == CANDIDATE_RELAY     ? "r"
			: candidate->host & (uint8_t)~HOST_WHOSE ? "h2:"
								 : "h",
			candidate->port);
	}
}

static void
put_stream(struct line *line, const struct stream *stream)
{
	static const char *const kinds[] = {"", "fax ", "tcp "};
	static const char *const places[] = {"", " relay", " foreign", " name", " ipv6"};
	static const char *const ways[] = {"", " sendonly", " recvonly", " inactive"};
	static const char *const setups[] = {"", " active", " passive", " actpass", " holdconn"};

	put(line, "%s%u%s%s%s%s%s%s", kinds[stream->kind], stream->port, places[stream->at],
		stream->zero ? " zero" : "", stream->mux ? " mux" : "", ways[stream->way],
		setups[stream->setup], stream->existing ? " existing" : "");
	put_candidates(line, stream);
}

void
wire_write(const struct sip *sip, char *text, size_t size)
{
	const struct session *session = &sip->sdp;
	struct line line = {.text = text, .size = size};

	put(&line, "%s ", sip->from == CALLER ? ">" : "<");
	if (sip->status)
		put(&line, "%u ", sip->status);
	put(&line, "%s %u", verbs[sip->verb], sip->cseq);
	if (sip->tag)
		put(&line, " tag %u", sip->tag);
	if (sip->rseq)
		put(&line, sip->status ? " RSeq %u" : " RAck %u", sip->rseq);
	for (unsigned int i = 0; i < session->count; i++) {
		put(&line, i ? " + " : "  | ");
		if (session->stream[i].bundled)
			put(&line, "%s%s", i == session->tag ? "TAG " : "bundled ",
				session->stream[i].bundle_only ? "only " : "");
		put_stream(&line, &session->stream[i]);
	}
}
