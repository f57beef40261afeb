/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 section 7 and 25: start lines, header lines, lengths.
 */
#include "sip/message.h"
#include "sip_test.h"

#define MUST \
	"Via: SIP/2.0/UDP 10.0.0.5\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:c@d>\r\n" \
	"Call-ID: id@h\r\nCSeq: 1 INVITE\r\n"
#define INVITE "INVITE sip:c@d SIP/2.0\r\n"

static struct sip_message message;

static enum sip_error
parse(const char *string)
{
	const struct slice t = text(string);
	const enum sip_error error = sip_message_parse(t.at, t.length, &message);
	struct slice call_id;

	if (error == SIP_OK) {
		assert_true(sip_peek_call_id(t.at, t.length, &call_id));
		assert_ptr_equal(call_id.at, message.call_id.at);
		assert_int_equal(call_id.length, message.call_id.length);
	}
	return error;
}

static void
request_line_is_read(void **state)
{
	assert_int_equal(parse(INVITE MUST "\r\nbody"), SIP_OK);
	assert_true(message.request);
	assert_int_equal(message.method, SIP_INVITE);
	assert_int_equal(message.status, 0);
	assert_slice(message.method_text, "INVITE");
	assert_slice(message.request_uri, "sip:c@d");
	assert_slice(message.call_id, "id@h");
	assert_slice(message.from_tag, "f");
	assert_null(message.to_tag.at);
	assert_int_equal(message.cseq, 1);
	assert_int_equal(message.header_count, 5);
	assert_false(message.content_length_present);
	assert_slice(message.body, "body");
}

static void
status_line_is_read_and_takes_its_method_from_cseq(void **state)
{
	assert_int_equal(parse("SIP/2.0 183 Session Progress\r\n" MUST "\r\n"), SIP_OK);
	assert_false(message.request);
	assert_int_equal(message.status, 183);
	assert_int_equal(message.method, SIP_INVITE);
	assert_int_equal(parse("SIP/2.0 200\r\n" MUST "\r\n"), SIP_OK);
	assert_int_equal(parse("SIP/2.0 200 \r\n" MUST "\r\n"), SIP_OK);
	assert_int_equal(parse("sip/2.0 699 x\r\n" MUST "\r\n"), SIP_OK);
}

static void
wrong_start_lines_are_told_apart(void **state)
{
	assert_int_equal(parse("GET / HTTP/1.1\r\n" MUST "\r\n"), SIP_ERROR_NOT_SIP);
	assert_int_equal(parse("INVITE sip:c@d\r\n" MUST "\r\n"), SIP_ERROR_NOT_SIP);
	assert_int_equal(parse("hello"), SIP_ERROR_NOT_SIP);
	assert_int_equal(parse(" INVITE sip:c@d SIP/2.0\r\n"), SIP_ERROR_NOT_SIP);
	assert_int_equal(parse("SIP/2.0 99 x\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("SIP/2.0 700 x\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("SIP/2.0 2000 x\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("SIP/2.0 20\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("SIP/3.0 200 x\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("INVITE sip:c@d SIP/7.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("INVITE SIP/2.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("IN<ITE sip:c@d SIP/2.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("INVITE sip:c@d; lr SIP/2.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	/* What HTTP asks for is no URI (sip_framing_feed() refuses it, too). */
	assert_int_equal(parse("INVITE /index.html SIP/2.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("INVITE  / sip/2.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("INVITE * SIP/2.0\r\n" MUST "\r\n"), SIP_ERROR_START_LINE);
	assert_int_equal(parse("INVITE sip:c@d SIP/2.0"), SIP_ERROR_NO_END);
}

static void
methods_are_case_sensitive(void **state)
{
	static const struct {
		const char *text;
		enum sip_method method;
	} methods[] = {{"ACK", SIP_ACK}, {"BYE", SIP_BYE}, {"CANCEL", SIP_CANCEL},
		{"INFO", SIP_INFO}, {"INVITE", SIP_INVITE}, {"MESSAGE", SIP_MESSAGE},
		{"NOTIFY", SIP_NOTIFY}, {"OPTIONS", SIP_OPTIONS}, {"PRACK", SIP_PRACK},
		{"PUBLISH", SIP_PUBLISH}, {"REFER", SIP_REFER}, {"REGISTER", SIP_REGISTER},
		{"SUBSCRIBE", SIP_SUBSCRIBE}, {"UPDATE", SIP_UPDATE}, {"invite", SIP_METHOD_OTHER},
		{"FOO", SIP_METHOD_OTHER}, {"INVITES", SIP_METHOD_OTHER}, {"", SIP_METHOD_NONE}};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		assert_int_equal(sip_method_of(text(methods[i].text)), methods[i].method);
}

static void
every_known_name_and_short_form_in_any_case(void **state)
{
	static const struct {
		const char *name;
		enum sip_header_id id;
	} names[] = {{"Via", SIP_HEADER_VIA}, {"v", SIP_HEADER_VIA}, {"FROM", SIP_HEADER_FROM},
		{"f", SIP_HEADER_FROM}, {"To", SIP_HEADER_TO}, {"T", SIP_HEADER_TO},
		{"cAlL-iD", SIP_HEADER_CALL_ID}, {"i", SIP_HEADER_CALL_ID},
		{"CSEQ", SIP_HEADER_CSEQ}, {"Contact", SIP_HEADER_CONTACT},
		{"m", SIP_HEADER_CONTACT}, {"record-route", SIP_HEADER_RECORD_ROUTE},
		{"Route", SIP_HEADER_ROUTE}, {"Path", SIP_HEADER_PATH},
		{"Service-Route", SIP_HEADER_SERVICE_ROUTE},
		{"Content-Type", SIP_HEADER_CONTENT_TYPE}, {"c", SIP_HEADER_CONTENT_TYPE},
		{"Content-Length", SIP_HEADER_CONTENT_LENGTH}, {"L", SIP_HEADER_CONTENT_LENGTH},
		{"Content-Disposition", SIP_HEADER_CONTENT_DISPOSITION},
		{"Expires", SIP_HEADER_EXPIRES}, {"Session-Expires", SIP_HEADER_SESSION_EXPIRES},
		{"x", SIP_HEADER_SESSION_EXPIRES}, {"Refer-To", SIP_HEADER_REFER_TO},
		{"r", SIP_HEADER_REFER_TO}, {"Referred-By", SIP_HEADER_REFERRED_BY},
		{"b", SIP_HEADER_REFERRED_BY}, {"Replaces", SIP_HEADER_REPLACES},
		{"RAck", SIP_HEADER_RACK}, {"RSeq", SIP_HEADER_RSEQ},
		{"Require", SIP_HEADER_REQUIRE}, {"Supported", SIP_HEADER_SUPPORTED},
		{"k", SIP_HEADER_SUPPORTED},
		{"P-Asserted-Identity", SIP_HEADER_P_ASSERTED_IDENTITY},
		{"P-Preferred-Identity", SIP_HEADER_P_PREFERRED_IDENTITY},
		{"Remote-Party-ID", SIP_HEADER_REMOTE_PARTY_ID},
		{"Diversion", SIP_HEADER_DIVERSION}, {"History-Info", SIP_HEADER_HISTORY_INFO},
		{"a", SIP_HEADER_ACCEPT_CONTACT}, {"Accept-Contact", SIP_HEADER_ACCEPT_CONTACT},
		{"d", SIP_HEADER_REQUEST_DISPOSITION},
		{"Request-Disposition", SIP_HEADER_REQUEST_DISPOSITION},
		{"e", SIP_HEADER_CONTENT_ENCODING},
		{"Content-Encoding", SIP_HEADER_CONTENT_ENCODING}, {"j", SIP_HEADER_REJECT_CONTACT},
		{"Reject-Contact", SIP_HEADER_REJECT_CONTACT}, {"n", SIP_HEADER_IDENTITY_INFO},
		{"Identity-Info", SIP_HEADER_IDENTITY_INFO}, {"o", SIP_HEADER_EVENT},
		{"Event", SIP_HEADER_EVENT}, {"s", SIP_HEADER_SUBJECT},
		{"Subject", SIP_HEADER_SUBJECT}, {"U", SIP_HEADER_ALLOW_EVENTS},
		{"Allow-Events", SIP_HEADER_ALLOW_EVENTS}, {"y", SIP_HEADER_IDENTITY},
		{"Identity", SIP_HEADER_IDENTITY}, {"Allow", SIP_HEADER_ALLOW},
		{"Join", SIP_HEADER_JOIN}, {"Min-Expires", SIP_HEADER_MIN_EXPIRES},
		{"Min-SE", SIP_HEADER_MIN_SE}, {"Target-Dialog", SIP_HEADER_TARGET_DIALOG},
		{"Warning", SIP_HEADER_WARNING}, {"g", SIP_HEADER_OTHER}, {"h", SIP_HEADER_OTHER},
		{"p", SIP_HEADER_OTHER}, {"q", SIP_HEADER_OTHER}, {"w", SIP_HEADER_OTHER},
		{"z", SIP_HEADER_OTHER}, {"1", SIP_HEADER_OTHER}, {"Viaa", SIP_HEADER_OTHER},
		{"Vi", SIP_HEADER_OTHER}, {"P-Asserted-Xdentity", SIP_HEADER_OTHER},
		{"P-AssertXX-Identity", SIP_HEADER_OTHER},
		{"Content-XXXposition", SIP_HEADER_OTHER}, {"Max-Forwards", SIP_HEADER_OTHER},
		{"X-A-Name-Longer-Than-Any-Known", SIP_HEADER_OTHER}};
	char string[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct sip_header *h;

		snprintf(
			string, sizeof(string), INVITE "%s: 5\r\n" MUST "\r\nabcde", names[i].name);
		parse(string);
		assert_int_equal(message.header[0].id, names[i].id);
		assert_slice(message.header[0].name, names[i].name);
		assert_slice(message.header[0].value, "5");
		h = sip_header_first(&message, names[i].id);
		assert_ptr_equal(h, &message.header[0]);
		texts_free(NULL);
	}
}

static void
folds_and_spaces_belong_to_the_value(void **state)
{
	assert_int_equal(
		parse("BYE sip:c@d SIP/2.0\r\nVia  :  SIP/2.0/UDP h\r\nFROM\t:\r\n <sip:a@b>\r\n"
		      "\t;tag\r\n = x\r\nTo: <sip:c@d>;tag=\"q\"\r\ni:\r\n id\r\n"
		      "CSeq: 2\r\n  BYE\r\nSubject:\r\nX: a\r\n \r\n b\r\n\r\n"),
		SIP_OK);
	assert_slice(message.header[0].name, "Via");
	assert_slice(message.header[0].value, "SIP/2.0/UDP h");
	assert_slice(message.header[1].value, "<sip:a@b>\r\n\t;tag\r\n = x");
	assert_slice(message.from_tag, "x");
	assert_slice(message.to_tag, "\"q\"");
	assert_slice(message.call_id, "id");
	assert_int_equal(message.method, SIP_BYE);
	assert_int_equal(message.header[5].value.length, 0);
	assert_slice(message.header[6].value, "a\r\n \r\n b");
}

static void
lines_may_end_with_lf_or_cr_alone(void **state)
{
	assert_int_equal(parse("ACK sip:c@d SIP/2.0\nv: SIP/2.0/UDP h\nf: <sip:a@b>;tag=1\n"
			       "t: <sip:c@d>\ni: id\nCSeq: 1 ACK\nX: a\n b\n\nbody"),
		SIP_OK);
	assert_slice(message.header[5].value, "a\n b");
	assert_slice(message.body, "body");
	assert_int_equal(parse("ACK sip:c@d SIP/2.0\rv: SIP/2.0/UDP h\rf: <sip:a@b>;tag=1\r"
			       "t: <sip:c@d>\ri: id\rCSeq: 1 ACK\r\rbody"),
		SIP_OK);
	assert_slice(message.body, "body");
}

static void
keepalives_before_a_message_are_skipped(void **state)
{
	assert_int_equal(parse("\r\n\r\n" INVITE MUST "\r\n"), SIP_OK);
	assert_int_equal(parse("\r\n\r\n"), SIP_ERROR_EMPTY);
	assert_int_equal(parse(""), SIP_ERROR_EMPTY);
	assert_int_equal(sip_message_parse(NULL, 0, &message), SIP_ERROR_EMPTY);
}

static void
headers_of_one_kind_are_linked_in_order(void **state)
{
	const struct sip_header *h;

	assert_int_equal(parse(INVITE "v: 1\r\nX: a\r\nVia: 2\r\nX: b\r\n" MUST "\r\n"), SIP_OK);
	h = sip_header_first(&message, SIP_HEADER_VIA);
	assert_slice(h->value, "1");
	h = sip_header_next(&message, h);
	assert_slice(h->value, "2");
	h = sip_header_next(&message, h);
	assert_slice(h->value, "SIP/2.0/UDP 10.0.0.5");
	assert_null(sip_header_next(&message, h));
	assert_null(sip_header_first(&message, SIP_HEADER_ROUTE));
}

static void
lines_that_are_no_headers_are_errors(void **state)
{
	assert_int_equal(parse(INVITE MUST "nocolon\r\n\r\n"), SIP_ERROR_HEADER);
	assert_int_equal(parse(INVITE MUST ": x\r\n\r\n"), SIP_ERROR_HEADER);
	assert_int_equal(parse(INVITE " folded: start line\r\n" MUST "\r\n"), SIP_ERROR_HEADER);
	assert_int_equal(message.error_offset, strlen(INVITE));
	assert_int_equal(parse(INVITE MUST), SIP_ERROR_NO_END);
	assert_int_equal(parse(INVITE MUST "X: a"), SIP_ERROR_NO_END);
	assert_int_equal(parse(INVITE MUST "Xa"), SIP_ERROR_NO_END);
}

static void
what_a_message_must_have(void **state)
{
	assert_int_equal(
		parse(INVITE "v: h\r\nf: a\r\nt: b\r\nCSeq: 1 INVITE\r\n\r\n"), SIP_ERROR_CALL_ID);
	assert_int_equal(parse(INVITE "v: h\r\nf: a\r\nt: b\r\ni: \r\nCSeq: 1 INVITE\r\n\r\n"),
		SIP_ERROR_CALL_ID);
	assert_int_equal(parse(INVITE "v: h\r\nf: a\r\nt: b\r\ni: x\r\n\r\n"), SIP_ERROR_CSEQ);
	assert_int_equal(
		parse(INVITE "v: h\r\nf: a\r\ni: x\r\nCSeq: 1 INVITE\r\n\r\n"), SIP_ERROR_FROM_TO);
	assert_int_equal(
		parse(INVITE "v: h\r\nt: a\r\ni: x\r\nCSeq: 1 INVITE\r\n\r\n"), SIP_ERROR_FROM_TO);
	assert_int_equal(
		parse(INVITE "f: a\r\nt: b\r\ni: x\r\nCSeq: 1 INVITE\r\n\r\n"), SIP_ERROR_VIA);
}

static void
cseq_is_number_and_the_requests_method(void **state)
{
	static const char *const wrong[] = {"", "1", "INVITE", "-1 INVITE", "2147483648 INVITE",
		"4294967295 INVITE", "4294967296 INVITE", "4294967297 INVITE",
		"18446744073709551617 INVITE", "1 BYE", "1INVITE", "1 INVITE x", "1 "};
	char string[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(string, sizeof(string),
			INVITE "v: h\r\nf: a\r\nt: b\r\ni: x\r\nCSeq: %s\r\n\r\n", wrong[i]);
		assert_int_equal(parse(string), SIP_ERROR_CSEQ);
	}
	assert_int_equal(
		parse(INVITE "v: h\r\nf: a\r\nt: b\r\ni: x\r\ncseq: 0009\r\n  INVITE\r\n\r\n"),
		SIP_OK);
	assert_int_equal(message.cseq, 9);
}

static void
content_length_is_a_number_without_overflow(void **state)
{
	static const char *const wrong[] = {
		"4294967328", "18446744073709551620", "-1", "5x", "", "5, 5", "0x5", "+5", "6"};
	char string[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(string, sizeof(string), INVITE MUST "Content-Length: %s\r\n\r\n12345",
			wrong[i]);
		assert_int_equal(parse(string), SIP_ERROR_CONTENT_LENGTH);
	}
	assert_int_equal(parse(INVITE MUST "l   :   \r\n 5  \r\n\r\n12345"), SIP_OK);
	assert_true(message.content_length_present);
	assert_slice(message.content_length, "5");
	assert_slice(message.body, "12345");
}

static void
content_length_cuts_the_body(void **state)
{
	assert_int_equal(parse(INVITE MUST "l: 3\r\n\r\n12345"), SIP_OK);
	assert_slice(message.body, "123");
	assert_int_equal(parse(INVITE MUST "l:0\r\n\r\n12345"), SIP_OK);
	assert_int_equal(message.body.length, 0);
	assert_int_equal(message.text.length, strlen(INVITE MUST "l:0\r\n\r\n12345"));
}

static void
content_length_twice_must_agree(void **state)
{
	assert_int_equal(parse(INVITE MUST "l: 3\r\nContent-Length: 003\r\n\r\n123"), SIP_OK);
	assert_int_equal(parse(INVITE MUST "l: 3\r\nContent-Length: 2\r\n\r\n123"),
		SIP_ERROR_CONTENT_LENGTH);
}

static void
the_first_call_id_counts_in_either_form(void **state)
{
	struct slice t, id;

	assert_int_equal(parse(INVITE "i: one\r\n" MUST "\r\n"), SIP_OK);
	assert_slice(message.call_id, "one");
	t = text(INVITE "X: a\r\n Call-ID: folded\r\nCALL-ID :two\n\n");
	assert_true(sip_peek_call_id(t.at, t.length, &id));
	assert_slice(id, "two");
	t = text(INVITE MUST + 0);
	assert_true(sip_peek_call_id(t.at, t.length, &id));
	t = text(INVITE "v: h\r\n\r\nCall-ID: in the body\r\n");
	assert_false(sip_peek_call_id(t.at, t.length, &id));
	t = text("\r\n\r\n");
	assert_false(sip_peek_call_id(t.at, t.length, &id));
	assert_false(sip_peek_call_id(NULL, 0, &id));
	t = text(INVITE "Call-Info: x\r\nCall-I");
	assert_false(sip_peek_call_id(t.at, t.length, &id));
}

static void
what_was_read_before_an_error_is_what_the_peek_finds(void **state)
{
	static const struct {
		const char *text, *call_id;
	} cases[] = {
		{INVITE "i: 1\r\nCall-ID: 2\r\nno colon\r\n\r\n", "1"},
		{INVITE "CALL-ID :\r\n 1\r\ni: 2\r\n", "1"},
		{INVITE "i:1\r\nCSeq: x\r\n\r\n", "1"},
		{INVITE "call-id\t:1\nCall-ID: 2\nl: 5\n\n", "1"},
		{INVITE "i:\r\nCall-ID: 2\r\n\r\n", ""},
	};
	struct slice id;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct slice t = text(cases[i].text);

		assert_int_not_equal(sip_message_parse(t.at, t.length, &message), SIP_OK);
		assert_slice(message.call_id, cases[i].call_id);
		assert_int_equal(sip_peek_call_id(t.at, t.length, &id), message.call_id.length > 0);
		if (message.call_id.length > 0)
			assert_ptr_equal(id.at, message.call_id.at);
	}
}

static void
counts_and_lengths_are_bounded(void **state)
{
	static char buffer[SIP_MESSAGE_MAX + 2];
	struct slice t;
	size_t used;

	for (int headers = SIP_HEADERS_MAX; headers <= SIP_HEADERS_MAX + 1; headers++) {
		used = (size_t)snprintf(buffer, sizeof(buffer), INVITE MUST);
		for (int i = 5; i < headers; i++)
			used += (size_t)snprintf(
				buffer + used, sizeof(buffer) - used, "X: %d\r\n", i);
		snprintf(buffer + used, sizeof(buffer) - used, "\r\n");
		assert_int_equal(parse(buffer),
			headers == SIP_HEADERS_MAX ? SIP_OK : SIP_ERROR_TOO_MANY_HEADERS);
	}
	for (uint32_t length = SIP_LINE_MAX; length <= SIP_LINE_MAX + 1; length++) {
		used = (size_t)snprintf(buffer, sizeof(buffer), INVITE MUST "X:");
		memset(buffer + used, 'a', length - 2);
		strcpy(buffer + used + length - 2, "\r\n\r\n");
		assert_int_equal(
			parse(buffer), length == SIP_LINE_MAX ? SIP_OK : SIP_ERROR_LINE_TOO_LONG);
	}
	memset(buffer, 'a', sizeof(buffer));
	t = text_bytes(buffer, SIP_MESSAGE_MAX + 1);
	assert_int_equal(sip_message_parse(t.at, t.length, &message), SIP_ERROR_MESSAGE_TOO_LONG);
	assert_int_equal(
		sip_message_parse(t.at, SIP_MESSAGE_MAX, &message), SIP_ERROR_LINE_TOO_LONG);
}

static void
via_values_are_bounded(void **state)
{
	static char buffer[SIP_MESSAGE_MAX];

	for (uint32_t form = 0; form < 3; form++) {
		for (uint32_t extra = 0; extra <= 1; extra++) {
			size_t used = (size_t)snprintf(
				buffer, sizeof(buffer), INVITE MUST "v: \",,,,,,,,,,,,,,,,\"");

			/* One Via in MUST, one before the loop. */
			for (uint32_t i = 2; i < SIP_VIAS_MAX + extra; i++)
				used += (size_t)snprintf(buffer + used, sizeof(buffer) - used,
					form == 0    ? ",SIP/2.0/UDP h"
					: form == 1  ? " , , b"
					: i % 2 == 0 ? "\r\nVia: a"
						     : ",,b");
			snprintf(buffer + used, sizeof(buffer) - used, "\r\n\r\n");
			assert_int_equal(
				parse(buffer), extra == 0 ? SIP_OK : SIP_ERROR_TOO_MANY_VIAS);
		}
	}
}

static void
every_error_has_a_name(void **state)
{
	for (int error = 0; error < SIP_ERRORS; error++) {
		assert_non_null(sip_error_name(error));
		for (int other = 0; other < error; other++)
			assert_string_not_equal(sip_error_name(error), sip_error_name(other));
	}
	assert_string_equal(sip_error_name(SIP_ERRORS), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_line_is_read),
		TEST(status_line_is_read_and_takes_its_method_from_cseq),
		TEST(wrong_start_lines_are_told_apart),
		TEST(methods_are_case_sensitive),
		TEST(every_known_name_and_short_form_in_any_case),
		TEST(folds_and_spaces_belong_to_the_value),
		TEST(lines_may_end_with_lf_or_cr_alone),
		TEST(keepalives_before_a_message_are_skipped),
		TEST(headers_of_one_kind_are_linked_in_order),
		TEST(lines_that_are_no_headers_are_errors),
		TEST(what_a_message_must_have),
		TEST(cseq_is_number_and_the_requests_method),
		TEST(content_length_is_a_number_without_overflow),
		TEST(content_length_cuts_the_body),
		TEST(content_length_twice_must_agree),
		TEST(the_first_call_id_counts_in_either_form),
		TEST(what_was_read_before_an_error_is_what_the_peek_finds),
		TEST(counts_and_lengths_are_bounded),
		TEST(via_values_are_bounded),
		TEST(every_error_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
