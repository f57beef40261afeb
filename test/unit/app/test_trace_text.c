/* SPDX-License-Identifier: BSD-3-Clause */
/* A traced message in words: what it is, and what was edited where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/callgatectl/trace_text.h"

#define BEFORE \
	"INVITE sip:b@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;rport\r\n" \
	"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 4 INVITE\r\n" \
	"Contact:\r\n <sip:a@10.0.0.5>\r\nContent-Length: 21\r\n\r\n" \
	"c=IN IP4 10.0.0.5\r\nx\r\n"
#define AFTER \
	"INVITE sip:b@10.0.0.9 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060\r\n" \
	"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 4 INVITE\r\n" \
	"Contact:\r\n <sip:a@10.0.0.5;ob>\r\nContent-Length: 24\r\n\r\n" \
	"c=IN IP4 203.0.113.1\r\nx\r\n"

static _Alignas(struct trace_record) uint8_t bytes[4096];
static struct trace_message message;

/* The edit that replaces `old`, where it stands first. */
static struct trace_edit
edit_of(const char *text, const char *old, size_t replaced, size_t new_length)
{
	return (struct trace_edit){
		(uint32_t)(strstr(text, old) - text), (uint32_t)replaced, (uint32_t)new_length};
}

static void
make(const char *before, const char *after, const struct trace_edit *edits, uint32_t count)
{
	struct trace_record record = {.version = TRACE_VERSION,
		.before = (uint32_t)strlen(before),
		.after = (uint32_t)strlen(after),
		.edits = count,
		.at_ms = UINT64_C(1769862896789)};
	size_t used = sizeof(record);

	memcpy(bytes + used, before, record.before);
	memcpy(bytes + used + record.before, after, record.after);
	used += record.before + record.after;
	if (count > 0)
		memcpy(bytes + used, edits, count * sizeof(*edits));
	used += count * sizeof(*edits);
	record.length = (uint32_t)(used + TRACE_UNIT - 1) / TRACE_UNIT * TRACE_UNIT;
	memcpy(bytes, &record, sizeof(record));
	assert_true(trace_message_read(&message, bytes, sizeof(bytes)));
}

static void
each_edit_is_named_by_its_place(void **state)
{
	const struct trace_edit edits[] = {
		edit_of(BEFORE, "203.0.113.1", 11, 8),
		edit_of(BEFORE, "10.0.0.5:5060", 13, 16),
		edit_of(BEFORE, ";rport", 6, 0),
		edit_of(BEFORE, ">\r\nContent", 0, 3),
		edit_of(BEFORE, "21", 2, 2),
		edit_of(BEFORE, "10.0.0.5\r\nx", 8, 11),
	};
	static const char *const wanted[] = {
		"Request-URI: 203.0.113.1 -> 10.0.0.9",
		"Via: 10.0.0.5:5060 -> 203.0.113.1:5060",
		"Via: removed ;rport",
		"Contact: added ;ob",
		"Content-Length: 21 -> 24",
		"c=: 10.0.0.5 -> 203.0.113.1",
	};
	char words[TRACE_WORDS_MAX];

	make(BEFORE, AFTER, edits, sizeof(edits) / sizeof(edits[0]));
	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(trace_edit_words(&message, i, words));
		assert_string_equal(words, wanted[i]);
	}
	assert_false(trace_edit_words(&message, sizeof(wanted) / sizeof(wanted[0]), words));
}

static void
an_edit_beyond_the_texts_is_none(void **state)
{
	const struct trace_edit beyond[] = {{UINT32_MAX, 1, 1}, {0, UINT32_MAX, 1}, {0, 1, 100}};
	char words[TRACE_WORDS_MAX];

	make("ab", "cd", beyond, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_false(trace_edit_words(&message, i, words));
}

static void
what_a_message_is_and_when(void **state)
{
	char words[256], when[32];

	make(BEFORE, "", NULL, 0);
	trace_what(&message, words, sizeof(words));
	assert_string_equal(words, "INVITE sip:b@203.0.113.1");
	trace_time(&message, when);
	assert_string_equal(when, "2026-01-31T12:34:56.789Z");
	make("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: <sip:b>\r\n"
	     "Call-ID: c\r\nCSeq: 4 \tINVITE\r\n\r\n",
		"", NULL, 0);
	trace_what(&message, words, sizeof(words));
	assert_string_equal(words, "180 (INVITE)");
	make("hello\x1b[2J", "", NULL, 0);
	trace_what(&message, words, sizeof(words));
	assert_string_equal(words, "not readable: not_sip");
}

static void
what_is_cut_short_or_of_another_version_is_refused(void **state)
{
	struct trace_record *record = (struct trace_record *)bytes;

	make(BEFORE, AFTER, NULL, 0);
	assert_false(trace_message_read(&message, bytes, sizeof(*record) - 1));
	assert_false(trace_message_read(&message, bytes, record->length - 1));
	record->after = UINT32_MAX;
	assert_false(trace_message_read(&message, bytes, sizeof(bytes)));
	make(BEFORE, AFTER, NULL, 0);
	record->version++;
	assert_false(trace_message_read(&message, bytes, sizeof(bytes)));
	make(BEFORE, AFTER, NULL, 0);
	memset(record->in, 'x', sizeof(record->in));
	assert_false(trace_message_read(&message, bytes, sizeof(bytes)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_edit_is_named_by_its_place),
		cmocka_unit_test(an_edit_beyond_the_texts_is_none),
		cmocka_unit_test(what_a_message_is_and_when),
		cmocka_unit_test(what_is_cut_short_or_of_another_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
