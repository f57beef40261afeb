/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 7.3.1, 20.10, 20.42, 25.1: lists, name-addr, Via, parameters.
 */
#include "sip/message.h"
#include "sip/uri.h"
#include "sip_test.h"

static void
assert_values(const char *list, const char *const *expected)
{
	struct slice rest = text(list), value;

	for (; *expected != NULL; expected++) {
		assert_true(sip_value_next(&rest, &value));
		assert_slice(value, *expected);
	}
	assert_false(sip_value_next(&rest, &value));
	assert_false(sip_value_next(&rest, &value));
}

static void
lists_split_at_commas_outside_quotes_brackets_and_comments(void **state)
{
	assert_values("a", (const char *const[]){"a", NULL});
	assert_values("a , b,\r\n c", (const char *const[]){"a", "b", "c", NULL});
	assert_values("\"Bell, A. \\\", x\" <sip:a,b@c>;p=\"1,2\", <sip:d>",
		(const char *const[]){
			"\"Bell, A. \\\", x\" <sip:a,b@c>;p=\"1,2\"", "<sip:d>", NULL});
	assert_values("SIP/2.0/UDP h (one, (two\\)), three), SIP/2.0/TCP i",
		(const char *const[]){
			"SIP/2.0/UDP h (one, (two\\)), three)", "SIP/2.0/TCP i", NULL});
	assert_values(",, ,a,,", (const char *const[]){"a", NULL});
	assert_values("", (const char *const[]){NULL});
	assert_values(" , ", (const char *const[]){NULL});
	/* In a user part a parenthesis is a letter. */
	assert_values("sip:a(b@c, sip:d@e", (const char *const[]){"sip:a(b@c", "sip:d@e", NULL});
	/* What is never closed takes the rest. */
	assert_values("a, \"b, c", (const char *const[]){"a", "\"b, c", NULL});
	assert_values("a, <b, c", (const char *const[]){"a", "<b, c", NULL});
	assert_values("a, (b, c", (const char *const[]){"a", "(b, c", NULL});
}

static struct sip_address address;

static void
name_addr_has_display_uri_and_parameters(void **state)
{
	assert_true(
		sip_address_parse(text("\"A <x> \\\" B\"  <sip:a@b;lr?h=1> ; tag=1"), &address));
	assert_true(address.bracketed);
	assert_slice(address.display, "\"A <x> \\\" B\"");
	assert_slice(address.uri, "sip:a@b;lr?h=1");
	assert_slice(address.parameters, "; tag=1");
	assert_true(sip_address_parse(text("caller<sip:a@b>"), &address));
	assert_slice(address.display, "caller");
	assert_slice(address.parameters, "");
	assert_true(sip_address_parse(text("token1 token2 < sip:a@b >;x"), &address));
	assert_slice(address.display, "token1 token2");
	assert_slice(address.uri, "sip:a@b");
	assert_slice(address.parameters, ";x");
	assert_true(sip_address_parse(text("<sip:a@b>"), &address));
	assert_int_equal(address.display.length, 0);
	assert_false(address.star);
}

static void
without_brackets_semicolons_begin_header_parameters(void **state)
{
	assert_true(sip_address_parse(text("sip:a@b;tag=1;x=2"), &address));
	assert_false(address.bracketed);
	assert_slice(address.uri, "sip:a@b");
	assert_slice(address.parameters, ";tag=1;x=2");
	assert_true(sip_address_parse(text("sip:a@b \r\n ; tag = 1"), &address));
	assert_slice(address.uri, "sip:a@b");
	assert_true(sip_address_parse(text("tel:+1-201-555-0123;x=\"<sip:y>\""), &address));
	assert_slice(address.uri, "tel:+1-201-555-0123");
}

static void
contact_star(void **state)
{
	assert_true(sip_address_parse(text(" * "), &address));
	assert_true(address.star);
	assert_int_equal(address.uri.length, 0);
	assert_true(sip_address_parse(text("*x"), &address));
	assert_false(address.star);
}

static void
broken_addresses_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "<>", "<sip:a@b", "\"open <sip:a@b>", "\"only quoted\"", ";tag=1", "\"a\\"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_address_parse(text(wrong[i]), &address));
}

static void
parameters_are_found_by_name(void **state)
{
	const struct slice p = text(
		";a=1; B = two ;c;d=\"x;e=y\\\";\";e = [2001:db8::1];=odd;\"f;f=1\";f=last;;g=");
	struct slice value;

	assert_true(sip_parameter_find(p, "a", &value));
	assert_slice(value, "1");
	assert_true(sip_parameter_find(p, "b", &value));
	assert_slice(value, "two");
	assert_true(sip_parameter_find(p, "C", &value));
	assert_null(value.at);
	assert_true(sip_parameter_find(p, "d", &value));
	assert_slice(value, "\"x;e=y\\\";\"");
	assert_true(sip_parameter_find(p, "e", &value));
	assert_slice(value, "[2001:db8::1]");
	assert_true(sip_parameter_find(p, "f", &value));
	assert_slice(value, "last");
	assert_true(sip_parameter_find(p, "g", &value));
	assert_slice(value, "");
	assert_false(sip_parameter_find(p, "two", &value));
	assert_false(sip_parameter_find(p, "aa", &value));
	assert_false(sip_parameter_find(text(""), "a", &value));
	assert_false(sip_parameter_find(text(";b=\"a=1"), "a", &value));
}

static void
parameters_come_one_by_one(void **state)
{
	struct slice rest = text(" ; a = 1;flag ;;=odd;\"q;q\";b=\"x;y\" junk \"z;\";c=d");
	static const struct {
		const char *name, *value;
	} expected[] = {
		{"a", "1"}, {"flag", NULL}, {"", "odd"}, {"", NULL}, {"b", "\"x;y\""}, {"c", "d"}};
	struct sip_parameter parameter;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(sip_parameter_next(&rest, &parameter));
		assert_slice(parameter.name, expected[i].name);
		if (expected[i].value != NULL)
			assert_slice(parameter.value, expected[i].value);
		else
			assert_null(parameter.value.at);
	}
	assert_false(sip_parameter_next(&rest, &parameter));
	assert_int_equal(rest.length, 0);
	assert_false(sip_parameter_next(&rest, &parameter));
}

static void
assert_same(struct slice actual, bool found, struct slice expected)
{
	if (!found) {
		assert_null(actual.at);
	} else if (expected.at == NULL) {
		assert_non_null(actual.at);
		assert_int_equal(actual.length, 0);
	} else {
		assert_ptr_equal(actual.at, expected.at);
		assert_int_equal(actual.length, expected.length);
	}
}

static void
assert_readers_agree(struct slice whole)
{
	struct slice rest = whole, value = {NULL, 0};
	struct sip_uri_parameters in_uri;
	struct sip_via_parameters in_via;
	struct sip_parameter parameter;
	bool found = false;

	while (!found && sip_parameter_next(&rest, &parameter))
		found = slice_is(parameter.name, "ttl");
	assert_int_equal(sip_parameter_find(whole, "ttl", &value), found);
	if (found)
		assert_ptr_equal(value.at, parameter.value.at);
	sip_via_parameters_read(whole, &in_via);
	assert_same(in_via.ttl, found, value);
	sip_uri_parameters_read(whole, &in_uri);
	assert_same(in_uri.ttl, found, value);
}

/* Every list of five of these pieces, short and long enough to be read in blocks. */
static void
all_readers_of_parameters_agree(void **state)
{
	static const char *const pieces[] = {";", "=", "\"", "ttl", " ", "\\", "\x01"};
	static const char *const tails[] = {"", ";ttl=1", ";TTL=\"1\";branch;gr=aaaaaaaaaaa"};
	char buffer[64];

	for (uint32_t n = 0; n < 7 * 7 * 7 * 7 * 7; n++) {
		for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++) {
			uint32_t digits = n;

			buffer[0] = '\0';
			for (int i = 0; i < 5; i++, digits /= 7)
				strcat(buffer, pieces[digits % 7]);
			strcat(buffer, tails[t]);
			assert_readers_agree((struct slice){buffer, (uint32_t)strlen(buffer)});
		}
	}
}

static void
a_quote_within_a_word_is_a_letter(void **state)
{
	const struct slice p = text(";x=a\"b;tag=1;long-parameter=aaaaaaaaaaaaaaaa\"b;tog=2");
	struct slice value;

	assert_true(sip_parameter_find(p, "x", &value));
	assert_slice(value, "a\"b");
	assert_true(sip_parameter_find(p, "tag", &value));
	assert_slice(value, "1");
	assert_true(sip_parameter_find(p, "tog", &value));
	assert_slice(value, "2");
}

static void
quotes_are_taken_off(void **state)
{
	assert_slice(sip_unquoted(text("\"a \\\" b\"")), "a \\\" b");
	assert_slice(sip_unquoted(text("\"\"")), "");
	assert_slice(sip_unquoted(text("a\"")), "a\"");
	assert_slice(sip_unquoted(text("\"")), "\"");
	assert_slice(sip_unquoted(text("token")), "token");
}

static void
displays_may_be_utf8_and_hold_all_that_delimits(void **state)
{
	assert_true(sip_address_parse(
		text("\"J\xc3\xbcrgen \xe2\x82\xac, <x>; @\" <sip:a@b>;tag=\xc3\xbc"), &address));
	assert_slice(sip_unquoted(address.display), "J\xc3\xbcrgen \xe2\x82\xac, <x>; @");
	assert_slice(address.parameters, ";tag=\xc3\xbc");
	assert_true(sip_address_parse(text("J\xc3\xbcrgen<sip:a@b>"), &address));
	assert_slice(address.display, "J\xc3\xbcrgen");
	assert_true(sip_address_parse(text("\"\" \r\n\t<sip:a@b>\r\n ;tag=1"), &address));
	assert_slice(sip_unquoted(address.display), "");
	assert_slice(address.parameters, ";tag=1");
	assert_true(sip_address_parse(text("\"a\\\\\" <sip:b>"), &address));
	assert_slice(address.display, "\"a\\\\\"");
	assert_true(sip_address_parse(text("<sip:a;b=\";c\"?d=e;f>x;y"), &address));
	assert_slice(address.uri, "sip:a;b=\";c\"?d=e;f");
	assert_slice(address.parameters, ";y");
}

static void
a_list_of_addresses_is_read_with_its_uris(void **state)
{
	struct slice rest = text("\"A, B\" <sip:a@10.0.0.5:5060;lr?x=1,2>;tag=\"1,2\";q=1, *,"
				 "<sip:203.0.113.9;lr>, sip:edge.example.com:5070 ;lr,"
				 " <tel:+1>;a, <sip:a@256.0.0.1>, nothing");
	struct sip_uri uri;

	assert_true(sip_address_next(&rest, &address, &uri));
	assert_slice(address.display, "\"A, B\"");
	assert_slice(address.uri, "sip:a@10.0.0.5:5060;lr?x=1,2");
	assert_slice(address.parameters, ";tag=\"1,2\";q=1");
	assert_slice(uri.user, "a");
	assert_int_equal(uri.host.kind, SIP_HOST_IPV4);
	assert_slice(uri.host.text, "10.0.0.5:5060");
	assert_int_equal(uri.host.port, 5060);
	assert_slice(uri.parameters, ";lr");
	assert_slice(uri.headers, "x=1,2");
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_true(address.star);
	assert_int_equal(uri.host.kind, SIP_HOST_NONE);
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_null(uri.user.at);
	assert_slice(uri.host.text, "203.0.113.9");
	assert_null(uri.host.port_text.at);
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_false(address.bracketed);
	assert_slice(uri.host.host, "edge.example.com");
	assert_int_equal(uri.host.port, 5070);
	assert_slice(address.parameters, ";lr");
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_int_equal(uri.scheme, SIP_SCHEME_TEL);
	assert_int_equal(uri.host.kind, SIP_HOST_NONE);
	/* What looks like an address and is none is a name. */
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_NAME);
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_slice(address.uri, "nothing");
	assert_int_equal(uri.host.kind, SIP_HOST_NONE);
	assert_int_equal(uri.scheme, SIP_SCHEME_OTHER);
	assert_false(sip_address_next(&rest, &address, &uri));
}

static void
a_list_of_vias_is_read_with_its_parameters(void **state)
{
	struct slice rest = text("SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;rport=5061;x=y;"
				 "received=10.0.0.6,SIP/2.0/TCP edge.example.com;RPORT;branch=a,"
				 " SIP / 2.0 / UDP h (a, b);ttl=1, wrong, SIP/2.0/TLS [::1]:5061");
	struct sip_via_parameters found;
	struct sip_via via;

	assert_true(sip_via_next(&rest, &via, &found));
	assert_slice(via.transport, "UDP");
	assert_slice(via.sent_by.text, "10.0.0.5:5060");
	assert_slice(via.parameters, ";branch=z9hG4bK1;rport=5061;x=y;received=10.0.0.6");
	assert_slice(found.branch, "z9hG4bK1");
	assert_slice(found.received, "10.0.0.6");
	assert_int_equal(found.rport_number, 5061);
	assert_true(sip_via_next(&rest, &via, &found));
	assert_slice(via.transport, "TCP");
	assert_slice(via.sent_by.text, "edge.example.com");
	assert_slice(found.rport, "");
	assert_slice(found.branch, "a");
	assert_null(found.received.at);
	assert_true(sip_via_next(&rest, &via, &found));
	assert_slice(via.sent_by.text, "h");
	assert_slice(found.ttl, "1");
	assert_true(sip_via_next(&rest, &via, &found));
	assert_int_equal(via.sent_by.kind, SIP_HOST_NONE);
	assert_null(found.branch.at);
	assert_true(sip_via_next(&rest, &via, &found));
	assert_int_equal(via.sent_by.kind, SIP_HOST_IPV6);
	assert_false(sip_via_next(&rest, &via, &found));
}

/* Four bytes that are the least number there is are a name like any other. */
static void
a_host_may_begin_with_any_bytes(void **state)
{
	static const char host[] = "\0\0\0\x80.example.com";
	char value[64] = "<sip:";
	struct sip_uri uri;
	struct slice rest = {value, 5 + sizeof(host) - 1 + 4};

	memcpy(value + 5, host, sizeof(host) - 1);
	memcpy(value + 5 + sizeof(host) - 1, ";lr>", 4);
	assert_true(sip_address_next(&rest, &address, &uri));
	assert_int_equal(address.uri.length, 4 + sizeof(host) - 1 + 3);
	assert_int_equal(rest.length, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_split_at_commas_outside_quotes_brackets_and_comments),
		TEST(name_addr_has_display_uri_and_parameters),
		TEST(without_brackets_semicolons_begin_header_parameters),
		TEST(contact_star),
		TEST(broken_addresses_are_refused),
		TEST(parameters_are_found_by_name),
		TEST(parameters_come_one_by_one),
		TEST(all_readers_of_parameters_agree),
		TEST(a_quote_within_a_word_is_a_letter),
		TEST(quotes_are_taken_off),
		TEST(displays_may_be_utf8_and_hold_all_that_delimits),
		TEST(a_list_of_addresses_is_read_with_its_uris),
		TEST(a_list_of_vias_is_read_with_its_parameters),
		TEST(a_host_may_begin_with_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
