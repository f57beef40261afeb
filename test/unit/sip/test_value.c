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

/* However many there are: they are passed over in blocks. */
static void
separators_part_nothing(void **state)
{
	char buffer[128];
	struct slice rest, value;

	for (uint32_t count = 0; count < 70; count++) {
		memset(buffer, ',', sizeof(buffer));
		buffer[count] = 'a';
		buffer[count + 40] = 'b';
		buffer[count / 2] = count > 1 ? '\t' : buffer[count / 2];
		rest = text_bytes(buffer, 111);
		assert_true(sip_value_next(&rest, &value));
		assert_slice(value, "a");
		assert_true(sip_value_next(&rest, &value));
		assert_slice(value, "b");
		assert_false(sip_value_next(&rest, &value));
	}
}

/* What a reader for addresses alone must not miss, and where nothing is left to read. */
static void
values_without_an_address_are_passed_over(void **state)
{
	static const char *const lists[] = {"a,sip:a,<>,\",\",*,b", "sip:h,<sip:a;maddr=1.2.3.4>",
		" , sip:1.1.1.1", "<sip:a?b=%31.2.3.4>,a", "a.b,\"x.y\", *", "*"};
	struct sip_address address;
	struct sip_uri uri;
	struct slice rest;

	for (uint32_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		bool found = false;

		for (rest = text(lists[i]); sip_address_next_literal(&rest, &address, &uri);)
			found |= address.star || uri.host.kind == SIP_HOST_IPV4 ||
				 memmem(address.uri.at, address.uri.length, "2.3.4", 5) != NULL;
		assert_true(found);
	}
	rest = text("a,sip:a,<sip:[::1]>,tel:1,\"<\" sip:c;q=1");
	assert_false(sip_address_next_literal(&rest, &address, &uri));
	rest = text("");
	assert_false(sip_address_next_literal(&rest, &address, &uri));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_of_all_lines_come_in_order),
		TEST(the_header_of_a_value_is_known),
		TEST(option_tags_are_found_in_any_line),
		TEST(separators_part_nothing),
		TEST(values_without_an_address_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
