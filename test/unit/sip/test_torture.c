/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 4475 and RFC 5118: messages that hurt, all 49 and 12 of them, each with what must come out of
 * it. The messages are files in torture/, byte for byte as on the wire. With CALLGATE_DATA naming a
 * folder that holds rfc4475/NAME.dat, the tree's copies are compared with those.
 */
#include "sip/edit.h"
#include "torture_ipv6.h"
#include "torture_meaning.h"
#include "torture_syntax.h"

enum { RFC4475_MESSAGES = 49, RFC5118_MESSAGES = 12 };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct sip_message message;
static struct sip_edits edits;
static const struct torture *current; /* named by what fails */

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s: %s does not hold", current->name, #condition); \
	} while (0)

static struct slice
file_read(const char *folder, const char *below, const char *name)
{
	static char bytes[TORTURE_BYTES];
	char path[512];
	struct slice t;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s.dat", folder, below, name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	t = text_bytes(bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
	return t;
}

static struct slice
torture_read(const char *below, const char *name)
{
	return file_read(TORTURE_FOLDER, below, name);
}

/* Parse a message of RFC 4475 that can be read. */
static void
torture_parse(const char *name)
{
	const struct slice t = torture_read("rfc4475", name);

	assert_int_equal(sip_message_parse(t.at, t.length, &message), SIP_OK);
}

static void
check_slice(const char *field, struct slice actual, const char *expected)
{
	const uint32_t length = expected != NULL ? (uint32_t)strlen(expected) : 0;

	if ((expected == NULL) != (actual.at == NULL || actual.length == 0) ||
		actual.length != length || (length > 0 && memcmp(actual.at, expected, length) != 0))
		fail_msg("%s: %s is \"%.*s\", expected \"%s\"", current->name, field,
			(int)actual.length, actual.at != NULL ? actual.at : "",
			expected != NULL ? expected : "");
}

static void
check_values(const char *field, enum sip_header_id id, const char *expected)
{
	static struct torture_list list;

	torture_values(&message, id, &list);
	check_slice(field, (struct slice){list.text, list.length}, expected);
}

static void
check_fields(void)
{
	static struct torture_list list;

	CHECK(message.request == (current->method != NULL));
	CHECK(message.status == current->status);
	if (message.request) {
		check_slice("method", message.method_text, current->method);
		list.length = 0;
		torture_add_uri(&list, message.request_uri);
		check_slice("uri", (struct slice){list.text, list.length}, current->uri);
	}
	check_slice("call_id", message.call_id, current->call_id);
	CHECK(message.cseq == current->cseq);
	check_slice("from_tag", message.from_tag, current->from_tag);
	check_slice("to_tag", message.to_tag, current->to_tag);
	check_values("from", SIP_HEADER_FROM, current->from);
	check_values("to", SIP_HEADER_TO, current->to);
	check_values("vias", SIP_HEADER_VIA, current->vias);
	check_values("contacts", SIP_HEADER_CONTACT, current->contacts);
	check_values("routes", SIP_HEADER_ROUTE, current->routes);
	check_values("record_routes", SIP_HEADER_RECORD_ROUTE, current->record_routes);
	CHECK(message.header_count == current->headers);
	CHECK(message.body.length == current->body);
	torture_media(&message, &list);
	check_slice("media", (struct slice){list.text, list.length}, current->media);
}

static void
check_message(const char *below)
{
	const struct slice t = torture_read(below, current->name);
	const enum sip_error error = sip_message_parse(t.at, t.length, &message);
	struct slice call_id;

	if (error != current->error)
		fail_msg("%s: %s, expected %s", current->name, sip_error_name(error),
			sip_error_name(current->error));
	if (error != SIP_OK) {
		if (message.error_offset != current->offset)
			fail_msg("%s: error at %u, expected %u", current->name,
				message.error_offset, current->offset);
		return;
	}
	check_fields();
	CHECK(sip_peek_call_id(t.at, t.length, &call_id));
	CHECK(call_id.at == message.call_id.at && call_id.length == message.call_id.length);
}

static void
check_messages(const char *below, const struct torture *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		current = &table[i];
		check_message(below);
	}
}

static void
rfc4475_syntax(void **state)
{
	check_messages("rfc4475", torture_syntax, LENGTH(torture_syntax));
}

static void
rfc4475_meaning(void **state)
{
	check_messages("rfc4475", torture_meaning, LENGTH(torture_meaning));
}

static void
rfc5118_ipv6(void **state)
{
	check_messages("rfc5118", torture_ipv6, LENGTH(torture_ipv6));
}

static void
none_of_them_is_missing(void **state)
{
	assert_int_equal(LENGTH(torture_syntax) + LENGTH(torture_meaning), RFC4475_MESSAGES);
	assert_int_equal(LENGTH(torture_ipv6), RFC5118_MESSAGES + 1);
}

/* A plan without an edit, applied in place: bytes behind Content-Length included. */
static void
check_identical(const char *below, const struct torture *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct slice t = torture_read(below, table[i].name);
		char *copy;

		current = &table[i];
		if (current->error != SIP_OK)
			continue;
		copy = malloc(t.length);
		assert_non_null(copy);
		memcpy(copy, t.at, t.length);
		CHECK(sip_message_parse(copy, t.length, &message) == SIP_OK);
		sip_edits_begin(&edits, copy);
		CHECK(sip_edits_content_length(&edits, &message));
		CHECK(sip_edits_apply(&edits, copy, t.length, t.length) == t.length);
		CHECK(memcmp(copy, t.at, t.length) == 0);
		free(copy);
	}
}

static void
nothing_to_translate_leaves_every_byte(void **state)
{
	check_identical("rfc4475", torture_syntax, LENGTH(torture_syntax));
	check_identical("rfc4475", torture_meaning, LENGTH(torture_meaning));
	check_identical("rfc5118", torture_ipv6, LENGTH(torture_ipv6));
}

/* An edit of the first Via: nothing else moves but what stands behind it. */
static void
check_one_edit(const char *below, const struct torture *table, size_t count)
{
	static const char host[] = "198.51.100.200:65535";
	static char edited[TORTURE_BYTES];

	for (size_t i = 0; i < count; i++) {
		const struct slice t = torture_read(below, table[i].name);
		struct slice rest, value;
		struct sip_via via;
		uint32_t before, after;

		current = &table[i];
		if (current->error != SIP_OK)
			continue;
		memcpy(edited, t.at, t.length);
		CHECK(sip_message_parse(edited, t.length, &message) == SIP_OK);
		rest = sip_header_first(&message, SIP_HEADER_VIA)->value;
		CHECK(sip_value_next(&rest, &value) && sip_via_parse(value, &via));
		before = (uint32_t)(via.sent_by.text.at - edited);
		after = before + via.sent_by.text.length;
		sip_edits_begin(&edits, edited);
		CHECK(sip_edits_replace(&edits, via.sent_by.text, host, strlen(host)));
		CHECK(sip_edits_content_length(&edits, &message));
		CHECK(sip_edits_apply(&edits, edited, t.length, sizeof(edited)) ==
			(int64_t)(before + strlen(host) + t.length - after));
		CHECK(memcmp(edited, t.at, before) == 0);
		CHECK(memcmp(edited + before, host, strlen(host)) == 0);
		CHECK(memcmp(edited + before + strlen(host), t.at + after, t.length - after) == 0);
	}
}

static void
an_edited_via_moves_nothing_else(void **state)
{
	check_one_edit("rfc4475", torture_syntax, LENGTH(torture_syntax));
	check_one_edit("rfc4475", torture_meaning, LENGTH(torture_meaning));
	check_one_edit("rfc5118", torture_ipv6, LENGTH(torture_ipv6));
}

static void
copies_are_those_of_the_data_folder(void **state)
{
	const char *const data = getenv("CALLGATE_DATA");

	if (data == NULL)
		skip();
	for (size_t i = 0; i < LENGTH(torture_syntax); i++) {
		current = &torture_syntax[i];
		CHECK(slice_equal(torture_read("rfc4475", current->name),
			file_read(data, "rfc4475", current->name)));
	}
	for (size_t i = 0; i < LENGTH(torture_meaning); i++) {
		current = &torture_meaning[i];
		CHECK(slice_equal(torture_read("rfc4475", current->name),
			file_read(data, "rfc4475", current->name)));
	}
}

/* What the tables do not show of single messages. */

static void
wsinv_parameters_behind_folds(void **state)
{
	const struct sip_header *header;
	struct slice rest, value, parameter;
	struct sip_address address;
	struct sip_via via;

	torture_parse("wsinv");
	assert_slice(message.content_length, "150");
	header = sip_header_next(&message, sip_header_first(&message, SIP_HEADER_VIA));
	rest = header->value;
	assert_true(sip_value_next(&rest, &value));
	assert_true(sip_via_parse(value, &via));
	assert_true(sip_parameter_find(via.parameters, "branch", &parameter));
	assert_slice(parameter, "z9hG4bK9ikj8");
	assert_true(sip_value_next(&rest, &value));
	assert_true(sip_via_parse(value, &via));
	assert_true(sip_parameter_find(via.parameters, "branch", &parameter));
	assert_slice(parameter, "z9hG4bK30239");
	assert_false(sip_value_next(&rest, &value));
	header = sip_header_first(&message, SIP_HEADER_CONTACT);
	assert_true(sip_address_parse(header->value, &address));
	assert_slice(address.display, "\"Quoted string \\\"\\\"\"");
	assert_true(sip_parameter_find(address.parameters, "newparam", &parameter));
	assert_slice(parameter, "newvalue");
	assert_true(sip_parameter_find(address.parameters, "q", &parameter));
	assert_slice(parameter, "0.33");
	header = sip_header_first(&message, SIP_HEADER_ROUTE);
	assert_true(sip_address_parse(header->value, &address));
	assert_slice(address.uri, "sip:services.example.com;lr;unknownwith=value;unknown-no-value");
}

static void
intmeth_a_nul_and_utf8_in_values(void **state)
{
	const struct sip_header *header;
	struct sip_address address;
	struct sip_uri uri;

	torture_parse("intmeth");
	assert_int_equal(message.method, SIP_METHOD_OTHER);
	assert_int_equal(message.to.display.length, 22);
	assert_memory_equal(message.to.display.at, "\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\"", 22);
	assert_true(sip_uri_parse(message.to.uri, &uri));
	assert_slice(uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	header = sip_header_first(&message, SIP_HEADER_FROM);
	assert_true(sip_address_parse(header->value, &address));
	assert_slice(address.display, "token1~` token2'+_ token3*%!.-");
	header = &message.header[6];
	assert_slice(header->name, "extensionHeader-!.%*+_`'~");
	assert_slice(header->value, "\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb");
}

static void
esc01_percent_is_only_text(void **state)
{
	struct sip_address address;
	struct sip_uri uri;

	torture_parse("esc01");
	assert_true(sip_uri_parse(message.request_uri, &uri));
	assert_slice(uri.user, "sips%3Auser%40example.com");
	assert_true(
		sip_address_parse(sip_header_first(&message, SIP_HEADER_CONTACT)->value, &address));
	assert_true(sip_uri_parse(address.uri, &uri));
	assert_slice(uri.user, "cal%6Cer");
	assert_slice(uri.parameters, ";%6C%72;n%61me=v%61lue%25%34%31");
}

static void
semiuri_a_semicolon_of_the_user(void **state)
{
	struct sip_uri uri;

	torture_parse("semiuri");
	assert_true(sip_uri_parse(message.request_uri, &uri));
	assert_slice(uri.user, "user;par=u%40example.net");
	assert_slice(uri.parameters, "");
}

static void
dblreq_what_follows_is_not_of_the_message(void **state)
{
	torture_parse("dblreq");
	assert_int_equal(message.text.length - (uint32_t)(message.body.at - message.text.at), 450);
	assert_memory_equal(message.body.at, "\r\nINVITE sip:joe@example.com", 27);
}

static void
regbadct_headers_of_the_uri(void **state)
{
	struct sip_address address;
	struct sip_uri uri;

	torture_parse("regbadct");
	assert_true(
		sip_address_parse(sip_header_first(&message, SIP_HEADER_CONTACT)->value, &address));
	assert_true(sip_uri_parse(address.uri, &uri));
	assert_slice(uri.headers, "Route=%3Csip:sip.example.com%3E");
}

static void
cparam_inside_and_outside_of_brackets(void **state)
{
	struct sip_address address;

	torture_parse("cparam01");
	assert_true(
		sip_address_parse(sip_header_first(&message, SIP_HEADER_CONTACT)->value, &address));
	assert_slice(address.parameters, ";unknownparam");
	torture_parse("cparam02");
	assert_true(
		sip_address_parse(sip_header_first(&message, SIP_HEADER_CONTACT)->value, &address));
	assert_slice(address.parameters, "");
}

/* RFC 5118 4.5: with brackets or without, both are meant to be read. */
static void
received_with_and_without_brackets(void **state)
{
	static const char *const names[] = {
		"via-received-param-with-delim", "via-received-param-no-delim"};

	for (size_t i = 0; i < LENGTH(names); i++) {
		const struct slice t = torture_read("rfc5118", names[i]);
		struct sip_hostport host;
		struct slice received;
		struct sip_via via;

		assert_int_equal(sip_message_parse(t.at, t.length, &message), SIP_OK);
		assert_true(sip_via_parse(sip_header_first(&message, SIP_HEADER_VIA)->value, &via));
		assert_true(sip_parameter_find(via.parameters, "received", &received));
		assert_slice(received, i == 0 ? "[2001:db8::9:255]" : "2001:db8::9:255");
		assert_true(sip_hostport_parse(received, &host));
		assert_int_equal(host.kind, SIP_HOST_IPV6);
		assert_int_equal(host.port, 0);
	}
}

/* RFC 5118 4.3, 4.4, 4.9: the port stands behind the bracket, and nothing in it is IPv4. */
static void
ports_and_ipv4_in_an_ipv6_reference(void **state)
{
	static const struct {
		const char *name;
		uint16_t port;
	} rows[] = {{"port-ambiguous", 0}, {"port-unambiguous", 5070}};
	struct slice t;
	struct sip_uri uri;
	struct sip_via via;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		t = torture_read("rfc5118", rows[i].name);
		assert_int_equal(sip_message_parse(t.at, t.length, &message), SIP_OK);
		assert_true(sip_uri_parse(message.request_uri, &uri));
		assert_int_equal(uri.host.kind, SIP_HOST_IPV6);
		assert_int_equal(uri.host.port, rows[i].port);
	}
	t = torture_read("rfc5118", "ipv4-mapped-ipv6");
	assert_int_equal(sip_message_parse(t.at, t.length, &message), SIP_OK);
	assert_true(sip_via_parse(sip_header_first(&message, SIP_HEADER_VIA)->value, &via));
	assert_int_equal(via.sent_by.kind, SIP_HOST_IPV6);
	assert_slice(via.sent_by.host, "[::ffff:192.0.2.10]");
	assert_int_equal(via.sent_by.port, 19823);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rfc4475_syntax),
		TEST(rfc4475_meaning),
		TEST(rfc5118_ipv6),
		TEST(none_of_them_is_missing),
		TEST(nothing_to_translate_leaves_every_byte),
		TEST(an_edited_via_moves_nothing_else),
		TEST(copies_are_those_of_the_data_folder),
		TEST(wsinv_parameters_behind_folds),
		TEST(intmeth_a_nul_and_utf8_in_values),
		TEST(esc01_percent_is_only_text),
		TEST(semiuri_a_semicolon_of_the_user),
		TEST(dblreq_what_follows_is_not_of_the_message),
		TEST(regbadct_headers_of_the_uri),
		TEST(cparam_inside_and_outside_of_brackets),
		TEST(received_with_and_without_brackets),
		TEST(ports_and_ipv4_in_an_ipv6_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
