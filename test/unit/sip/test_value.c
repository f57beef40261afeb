/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 7.3.1: one list on several lines, and reading it whole.
 */
#include "sip/value.h"
#include "sip_test.h"

static struct sip_message message;

static void
message_read(const char *headers)
{
	char buffer[2048];
	const int length = snprintf(buffer, sizeof(buffer),
		"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:f>;tag=1\r\n"
		"To: <sip:t>\r\nCall-ID: c\r\n%sCSeq: 1 OPTIONS\r\n\r\n",
		headers);
	const struct slice whole = text_bytes(buffer, (size_t)length);

	assert_int_equal(sip_message_parse(whole.at, whole.length, &message), SIP_OK);
}

static void
assert_message_values(enum sip_header_id id, const char *const *expected)
{
	struct sip_values values = sip_values_begin(&message, id);
	struct slice value;

	for (; *expected != NULL; expected++) {
		assert_true(sip_values_next(&values, &value));
		assert_slice(value, *expected);
	}
	assert_false(sip_values_next(&values, &value));
	assert_false(sip_values_next(&values, &value));
}

static void
values_of_all_lines_come_in_order(void **state)
{
	message_read("v: SIP/2.0/TCP b;x=\"1,2\" , SIP / 2.0 / UDP c\r\nRoute: <sip:r>\r\n"
		     "VIA:\r\nVia: ,\r\nVia: SIP/2.0/TLS d,\r\n  SIP/2.0/UDP e\r\n");
	assert_message_values(SIP_HEADER_VIA,
		(const char *const[]){"SIP/2.0/UDP a", "SIP/2.0/TCP b;x=\"1,2\"",
			"SIP / 2.0 / UDP c", "SIP/2.0/TLS d", "SIP/2.0/UDP e", NULL});
	assert_message_values(SIP_HEADER_ROUTE, (const char *const[]){"<sip:r>", NULL});
	assert_message_values(SIP_HEADER_PATH, (const char *const[]){NULL});
}

static void
the_header_of_a_value_is_known(void **state)
{
	struct sip_values values;
	struct slice value;

	message_read("m: <sip:a>,<sip:b>\r\nContact: <sip:c>\r\n");
	values = sip_values_begin(&message, SIP_HEADER_CONTACT);
	assert_true(sip_values_next(&values, &value));
	assert_slice(values.header->name, "m");
	assert_true(sip_values_next(&values, &value));
	assert_slice(values.header->name, "m");
	assert_true(sip_values_next(&values, &value));
	assert_slice(values.header->name, "Contact");
	assert_false(sip_values_next(&values, &value));
	assert_null(values.header);
}

static void
option_tags_are_found_in_any_line(void **state)
{
	message_read("Supported: path, Timer ,100rel;x=1\r\nk: replaces\r\nRequire:\r\n");
	assert_true(sip_values_contain(&message, SIP_HEADER_SUPPORTED, "path"));
	assert_true(sip_values_contain(&message, SIP_HEADER_SUPPORTED, "timer"));
	assert_true(sip_values_contain(&message, SIP_HEADER_SUPPORTED, "100rel"));
	assert_true(sip_values_contain(&message, SIP_HEADER_SUPPORTED, "REPLACES"));
	assert_false(sip_values_contain(&message, SIP_HEADER_SUPPORTED, "time"));
	assert_false(sip_values_contain(&message, SIP_HEADER_SUPPORTED, "x"));
	assert_false(sip_values_contain(&message, SIP_HEADER_REQUIRE, "timer"));
	assert_false(sip_values_contain(&message, SIP_HEADER_CONTACT, "timer"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_of_all_lines_come_in_order),
		TEST(the_header_of_a_value_is_known),
		TEST(option_tags_are_found_in_any_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
