/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 19.1.1: percent escapes read in place, and headers embedded in URIs.
 */
#include "sip/escaped.h"
#include "sip/uri_header.h"
#include "sip_test.h"

static void
escapes_count_as_what_they_stand_for(void **state)
{
	assert_true(sip_escaped_is(text("%74ransport"), "transport"));
	assert_true(sip_escaped_is(text("T%52ansPort"), "transport"));
	assert_true(sip_escaped_is(text("%54%72%61%6e%73%70%6F%72%74"), "transport"));
	assert_true(sip_escaped_is(text(""), ""));
	assert_false(sip_escaped_is(text("transpor"), "transport"));
	assert_false(sip_escaped_is(text("transports"), "transport"));
	assert_false(sip_escaped_is(text("tr%00"), "tr"));
	assert_false(sip_escaped_is(text_bytes("a\0", 2), "a"));
}

static void
a_percent_without_two_hex_digits_is_a_letter(void **state)
{
	assert_true(sip_escaped_is(text("a%"), "a%"));
	assert_true(sip_escaped_is(text("a%4"), "a%4"));
	assert_true(sip_escaped_is(text("a%4g"), "a%4g"));
	assert_true(sip_escaped_is(text("a%g4"), "a%g4"));
	assert_true(sip_escaped_is(text("%%41"), "%a"));
}

static void
escaped_and_plain_text_are_compared_byte_by_byte(void **state)
{
	assert_true(sip_escaped_equal(text("12345%4010.0.0.5"), text("12345@10.0.0.5")));
	assert_true(sip_escaped_equal(text("a%2520b"), text("a%20b")));
	assert_true(sip_escaped_equal(text(""), text("")));
	assert_false(sip_escaped_equal(text("A"), text("a")));
	assert_false(sip_escaped_equal(text("a"), text("ab")));
	assert_false(sip_escaped_equal(text("ab"), text("a")));
	assert_false(sip_escaped_equal(text("%61%62"), text("ac")));
}

static struct sip_hostport host;

static void
addresses_are_found_in_escaped_text(void **state)
{
	struct slice rest = text("%3Csip:a%4010.0.0.5%3A5062%3Blr%3E%2C<sip:192.0.2.7:5070>;x");

	assert_true(sip_escaped_ipv4_next(&rest, &host));
	assert_int_equal(host.kind, SIP_HOST_IPV4);
	assert_int_equal(host.ipv4, ipv4(10, 0, 0, 5));
	assert_slice(host.text, "10.0.0.5%3A5062");
	assert_slice(host.host, "10.0.0.5");
	assert_slice(host.port_text, "5062");
	assert_int_equal(host.port, 5062);
	assert_true(sip_escaped_ipv4_next(&rest, &host));
	assert_slice(host.text, "192.0.2.7:5070");
	assert_int_equal(host.port, 5070);
	assert_slice(rest, ">;x");
	assert_false(sip_escaped_ipv4_next(&rest, &host));
	assert_int_equal(rest.length, 0);
	assert_false(sip_escaped_ipv4_next(&rest, &host));
}

static void
escapes_in_an_address_belong_to_it(void **state)
{
	struct slice rest = text("a@%31%30%2E0.0.%35:%35060!");

	assert_true(sip_escaped_ipv4_next(&rest, &host));
	assert_int_equal(host.ipv4, ipv4(10, 0, 0, 5));
	assert_slice(host.host, "%31%30%2E0.0.%35");
	assert_slice(host.port_text, "%35060");
	assert_int_equal(host.port, 5060);
	assert_slice(rest, "!");
}

static void
an_address_ends_where_no_port_follows(void **state)
{
	static const char *const portless[] = {"10.0.0.5:", "10.0.0.5:x", "10.0.0.5:0",
		"10.0.0.5:65536", "10.0.0.5%3B5060", "10.0.0.5"};

	for (size_t i = 0; i < sizeof(portless) / sizeof(portless[0]); i++) {
		struct slice rest = text(portless[i]);

		assert_true(sip_escaped_ipv4_next(&rest, &host));
		assert_slice(host.text, "10.0.0.5");
		assert_null(host.port_text.at);
		assert_int_equal(host.port, 0);
	}
}

static void
an_address_within_a_word_is_none(void **state)
{
	static const char *const words[] = {"x10.0.0.5", "10.0.0.5x", "1.10.0.0.5", "10.0.0.5.6",
		"10.0.0", "10.0.0.256", "a-10.0.0.5", "10.0.0.5%2Ecom", "%61%31.1.1.1",
		"0000000000010.0.0.5", "", "%3A%3B"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct slice rest = text(words[i]);

		assert_false(sip_escaped_ipv4_next(&rest, &host));
	}
}

static void
uri_headers_come_one_by_one(void **state)
{
	struct slice rest = text("Replaces=a%40b%3Bto-tag%3D1&f=x&body=?&%52oute=%3Csip:h%3E&&flag&"
				 "=v&n=1=2&averyverylongheadername%20=1&");
	struct sip_uri_header header;

	assert_true(sip_uri_header_next(&rest, &header));
	assert_int_equal(header.id, SIP_HEADER_REPLACES);
	assert_slice(header.name, "Replaces");
	assert_slice(header.value, "a%40b%3Bto-tag%3D1");
	assert_true(sip_uri_header_next(&rest, &header));
	assert_int_equal(header.id, SIP_HEADER_FROM);
	assert_true(sip_uri_header_next(&rest, &header));
	assert_int_equal(header.id, SIP_HEADER_OTHER);
	assert_slice(header.value, "?");
	assert_true(sip_uri_header_next(&rest, &header));
	assert_int_equal(header.id, SIP_HEADER_ROUTE);
	assert_slice(header.name, "%52oute");
	assert_slice(header.value, "%3Csip:h%3E");
	assert_true(sip_uri_header_next(&rest, &header));
	assert_slice(header.name, "flag");
	assert_slice(header.value, "");
	assert_true(sip_uri_header_next(&rest, &header));
	assert_int_equal(header.id, SIP_HEADER_OTHER);
	assert_slice(header.name, "");
	assert_slice(header.value, "v");
	assert_true(sip_uri_header_next(&rest, &header));
	assert_slice(header.value, "1=2");
	assert_true(sip_uri_header_next(&rest, &header));
	assert_int_equal(header.id, SIP_HEADER_OTHER);
	assert_false(sip_uri_header_next(&rest, &header));
	assert_false(sip_uri_header_next(&rest, &header));
}

static void
uri_headers_are_found_by_number(void **state)
{
	const struct slice headers = text("Subject=x&route=1&Route=2");
	struct slice value;

	assert_true(sip_uri_header_find(headers, SIP_HEADER_ROUTE, &value));
	assert_slice(value, "1");
	assert_false(sip_uri_header_find(headers, SIP_HEADER_REPLACES, &value));
	assert_false(sip_uri_header_find((struct slice){NULL, 0}, SIP_HEADER_REPLACES, &value));
}

static void
transport_of_an_address_in_escaped_text(void **state)
{
	static const struct {
		const char *text;
		enum sip_transport transport;
	} rows[] = {
		{"%3Csip%3A10.0.0.5%3B%74ransport%3DtCp%3Blr%3E", SIP_TRANSPORT_TCP},
		{"<sip:10.0.0.5:5062;lr;transport=udp>", SIP_TRANSPORT_UDP},
		{"sip:10.0.0.5;transport=tls", SIP_TRANSPORT_TLS},
		{"sip:10.0.0.5;transport=tls-sctp;x", SIP_TRANSPORT_TLS_SCTP},
		{"sip:10.0.0.5;transport=tls-sctpx", SIP_TRANSPORT_OTHER},
		{"sip:10.0.0.5;transport=", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5;transport", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5;xtransport=tcp", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5;transports=tcp", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5;lr=transport=tcp", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5;transport=tcp;transport=udp", SIP_TRANSPORT_TCP},
		/* of another URI, or no parameter of the URI */
		{"<sip:10.0.0.5;lr>,<sip:x;transport=tcp>", SIP_TRANSPORT_NONE},
		{"%3Csip:10.0.0.5%3E%3Btransport%3Dtcp", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5%2Csip:x;transport=tcp", SIP_TRANSPORT_NONE},
		{"sip:10.0.0.5?a=b;transport=tcp", SIP_TRANSPORT_NONE},
		{"10.0.0.5", SIP_TRANSPORT_NONE},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice rest = text(rows[i].text);
		const char *end;

		assert_true(sip_escaped_ipv4_next(&rest, &host));
		assert_int_equal(sip_escaped_transport(rest, &end), rows[i].transport);
	}
}

/* So that a text of many addresses is read once. */
static void
addresses_of_one_uri_end_with_it(void **state)
{
	struct slice rest =
		text("%3Csip:10.0.0.5;transport=tcp;maddr=10.0.0.6;x%3E,<sip:10.0.0.7>");
	const char *end, *next;

	assert_true(sip_escaped_ipv4_next(&rest, &host));
	assert_int_equal(sip_escaped_transport(rest, &end), SIP_TRANSPORT_TCP);
	assert_memory_equal(end, "%3E,", 4);
	assert_true(sip_escaped_ipv4_next(&rest, &host));
	assert_true(rest.at < end);
	assert_int_equal(sip_escaped_transport(rest, &next), SIP_TRANSPORT_NONE);
	assert_ptr_equal(next, end);
	assert_true(sip_escaped_ipv4_next(&rest, &host));
	assert_true(rest.at > end);
	assert_int_equal(sip_escaped_transport(rest, &next), SIP_TRANSPORT_NONE);
	assert_ptr_equal(next, rest.at);
	assert_true(sip_escaped_ipv4_next(&rest, &host) == false);
	rest = text("10.0.0.5;lr");
	assert_true(sip_escaped_ipv4_next(&rest, &host));
	sip_escaped_transport(rest, &end);
	assert_ptr_equal(end, rest.at + rest.length);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(escapes_count_as_what_they_stand_for),
		TEST(a_percent_without_two_hex_digits_is_a_letter),
		TEST(escaped_and_plain_text_are_compared_byte_by_byte),
		TEST(addresses_are_found_in_escaped_text),
		TEST(escapes_in_an_address_belong_to_it),
		TEST(an_address_ends_where_no_port_follows),
		TEST(an_address_within_a_word_is_none),
		TEST(uri_headers_come_one_by_one),
		TEST(uri_headers_are_found_by_number),
		TEST(transport_of_an_address_in_escaped_text),
		TEST(addresses_of_one_uri_end_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
