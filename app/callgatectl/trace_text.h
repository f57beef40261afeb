/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A traced message in words.
 */
#ifndef CALLGATECTL_TRACE_TEXT_H
#define CALLGATECTL_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/callgate/trace_record.h"

enum {
	TRACE_WORDS_MAX = 256, /* of an edit */
	TRACE_EDITS_SHOWN_MAX = 256,
};

/* A record with its parts; they are where it is. */
struct trace_message {
	const struct trace_record *record;
	const char *before, *after;
	const uint8_t *edits; /* of struct trace_edit, not aligned */
};

/** The parts of a record of `length` bytes. False: it is none of this program's. */
bool trace_message_read(struct trace_message *message, const void *bytes, size_t length);

/** "INVITE sip:b@example.com", "180 Ringing (INVITE)"; what is no SIP: "not readable". */
void trace_what(const struct trace_message *message, char *words, size_t size);

/** What it replaced: "Contact: 10.0.0.5:5060 -> 203.0.113.1:5060". False: there is no such edit. */
bool trace_edit_words(
	const struct trace_message *message, unsigned int number, char words[TRACE_WORDS_MAX]);

/** Time of day, UTC: "2026-01-31T12:34:56.789Z". */
void trace_time(const struct trace_message *message, char text[32]);

#endif
