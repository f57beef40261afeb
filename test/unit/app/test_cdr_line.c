/* SPDX-License-Identifier: BSD-3-Clause */
/* A call record as a line of JSON, whatever texts the messages had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include <rte_common.h>

#include "app/callgate/cdr.h"
#include "core/clock.h"
#include "test/unit/eal_fixture.h"

static char line[CDR_LINE_MAX];

static void
text_set(char *to, uint16_t *length, const char *text, size_t size)
{
	memcpy(to, text, size < CALL_RECORD_TEXT ? size : CALL_RECORD_TEXT);
	*length = (uint16_t)size;
}

static struct call_record
record_make(void)
{
	struct call_record record = {
		.begin_ms = CLOCK_ORIGIN_MS + 1000,
		.ringing_ms = CLOCK_ORIGIN_MS + 1500,
		.answer_ms = CLOCK_ORIGIN_MS + 2000,
		.end_ms = CLOCK_ORIGIN_MS + 62005,
		.host = {RTE_BE32(0x0a000005), RTE_BE32(0xc6336414)},
		.proto = IPPROTO_TCP,
		.worker = 3,
		.bye = 2,
		.reason = CALL_RECORD_BYE,
	};

	text_set(record.call_id, &record.call_id_length, "1@x", 3);
	text_set(record.from, &record.from_length, "sip:a@x", 7);
	text_set(record.to, &record.to_length, "sip:b@y", 7);
	record.stream[1] = (struct call_record_stream){
		.end = {{RTE_BE32(0x0a000005), RTE_BE32(0xcb007101), RTE_BE16(4000),
				RTE_BE16(5000)},
			{0}},
		.packets = {7, 8},
		.bytes = {700, 800},
		.type = CALL_RECORD_VIDEO,
	};
	return record;
}

static void
write_line(const struct call_record *record)
{
	size_t length = cdr_line(line, record);

	assert_int_equal(length, strlen(line));
	assert_int_equal(line[length - 1], '\n');
	assert_ptr_equal(strchr(line, '\n'), line + length - 1);
}

static void
every_field_is_there(void **state)
{
	struct call_record record = record_make();

	write_line(&record);
	assert_string_equal(line,
		"{\"call_id\":\"1@x\",\"from\":\"sip:a@x\",\"to\":\"sip:b@y\",\"transport\":"
		"\"tcp\","
		"\"worker\":3,\"begun_by\":\"inside\",\"inside_host\":\"10.0.0.5\","
		"\"outside_host\":\"198.51.100.20\",\"invite\":\"2023-11-14T22:13:21.000Z\","
		"\"ringing\":\"2023-11-14T22:13:21.500Z\",\"answer\":\"2023-11-14T22:13:22.000Z\","
		"\"end\":\"2023-11-14T22:14:22.005Z\",\"duration\":60.005,\"reason\":\"bye\","
		"\"bye\":\"outside\",\"status\":null,\"media\":[{\"stream\":1,\"type\":\"video\","
		"\"inside\":\"10.0.0.5:4000\",\"outside\":\"203.0.113.1:5000\",\"far\":null,"
		"\"packets_out\":7,\"bytes_out\":700,\"packets_in\":8,\"bytes_in\":800}],"
		"\"media_more\":false}\n");
}

static void
a_call_older_than_callgate_has_no_invite(void **state)
{
	struct call_record record = record_make();

	record.older = true;
	record.answer_ms = record.ringing_ms = 0;
	write_line(&record);
	assert_non_null(strstr(line, "\"invite\":null,\"ringing\":null,\"answer\":null,"));
	assert_non_null(strstr(line, "\"duration\":61.005,"));
}

static void
foreign_texts_are_escaped(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{"a\"b\\c", "a\\\"b\\\\c"},
		{"\r\n\t\x01\x7f", "\\u000d\\u000a\\u0009\\u0001\\u007f"},
		{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
			"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xe9", "\\u00e9"}, /* Latin-1 */
		{"\xc0\xaf", "\\u00c0\\u00af"}, /* longer than need be */
		{"\xe0\x80\xaf", "\\u00e0\\u0080\\u00af"},
		{"\xed\xa0\x80", "\\u00ed\\u00a0\\u0080"}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"}, /* beyond Unicode */
		{"\xe2\x82", "\\u00e2\\u0082"}, /* cut off */
	};
	struct call_record record = record_make();
	char expected[128];

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		text_set(record.from, &record.from_length, cases[i].text, strlen(cases[i].text));
		snprintf(expected, sizeof(expected), "\"from\":\"%s\",\"to\":", cases[i].written);
		write_line(&record);
		assert_non_null(strstr(line, expected));
	}
}

static void
the_longest_line_fits(void **state)
{
	struct call_record record;
	char texts[CALL_RECORD_TEXT + 1];

	memset(&record, 0xff, sizeof(record));
	memset(texts, 1, sizeof(texts));
	record.older = record.more = true;
	record.caller = 1;
	record.bye = 2;
	record.reason = CALL_RECORD_PROCEEDING;
	record.begin_ms = record.ringing_ms = record.answer_ms = CLOCK_ORIGIN_MS;
	record.end_ms = CLOCK_ORIGIN_MS + UINT32_MAX;
	text_set(record.call_id, &record.call_id_length, texts, sizeof(texts));
	text_set(record.from, &record.from_length, texts, sizeof(texts));
	text_set(record.to, &record.to_length, texts, sizeof(texts));
	for (unsigned int i = 0; i < CALL_RECORD_STREAMS; i++)
		record.stream[i].type = CALL_RECORD_APPLICATION;
	write_line(&record);
	assert_non_null(strstr(line, "\\u0001...\",\"from\""));
	assert_non_null(strstr(line, "\"media_more\":true}\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_there),
		cmocka_unit_test(a_call_older_than_callgate_has_no_invite),
		cmocka_unit_test(foreign_texts_are_escaped),
		cmocka_unit_test(the_longest_line_fits),
	};

	eal_fixture_start_with("64");
	clock_init(true);
	clock_set_origin_wall_ms(UINT64_C(1700000000000));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
