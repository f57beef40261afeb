/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 2046 5.1 and RFC 5621: the parts of a body, and the session descriptions among them.
 */
#include "sip/multipart.h"
#include "sip/sdp.h"
#include "sip_test.h"

#define SDP_PART "Content-Type: application/sdp\r\n\r\nv=0\r\no=x\r\n"

static struct slice description;
static struct multipart walk;
static struct multipart_part part;

static bool
find(const char *body, const char *type)
{
	return sdp_find(
		text(body), type == NULL ? (struct slice){NULL, 0} : text(type), &description);
}

static void
begin(const char *body, const char *type)
{
	multipart_begin(&walk, text(body), type == NULL ? (struct slice){NULL, 0} : text(type));
}

/* Walk to the end; the contents, each followed by '|'. */
static const char *
contents(const char *body, const char *type)
{
	static char all[1024];
	size_t used = 0;

	all[0] = '\0';
	begin(body, type);
	while (multipart_next(&walk, &part))
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%.*s|",
			(int)part.content.length, part.content.at);
	return all;
}

static void
body_of_its_own(void **state)
{
	assert_true(find("v=0\r\n", "application/sdp"));
	assert_slice(description, "v=0\r\n");
	assert_true(find("v=0\r\n", "Application / SDP ; charset=x"));
	assert_true(find("v=0\r\n", NULL));
	assert_false(find("x", NULL));
	assert_false(find("v=0\r\n", "text/plain"));
	assert_false(find("v=0\r\n", "application/sdpx"));
	assert_false(find("v=0\r\n", "nonsense"));
	assert_false(find("v=0\r\n", ""));
	assert_false(find("", "application/sdp"));
}

static void
boundary_quoted_or_not(void **state)
{
	static const char body[] =
		"--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1\r\n" SDP_PART "\r\n--b1--\r\n";

	assert_true(find(body, "multipart/mixed;boundary=b1"));
	assert_slice(description, "v=0\r\no=x\r\n");
	assert_true(find(body, "multipart/mixed; x=y ; Boundary = \"b1\""));
	assert_slice(description, "v=0\r\no=x\r\n");
	assert_false(find(body, "multipart/mixed;boundary=b"));
	assert_false(find(body, "multipart/mixed;boundary=\"\""));
	assert_false(find(body, "multipart/mixed"));
}

static void
preamble_epilogue_and_spaces_behind_delimiters(void **state)
{
	assert_true(find("preamble\r\n--b1x\r\n--b1 \t\r\n" SDP_PART
			 "\r\n--b1--  \r\nepilogue\r\n--b1\r\n",
		"multipart/mixed;boundary=b1"));
	assert_slice(description, "v=0\r\no=x\r\n");
	assert_false(
		find("--b1--\r\n--b1\r\n" SDP_PART "\r\n--b1--", "multipart/mixed;boundary=b1"));
}

static void
parts_without_headers_are_plain_text(void **state)
{
	assert_true(find("--b\r\n\r\nv=0 not me\r\n--b\r\n\r\n--b\r\nX: no end\r\n--b\r\n" SDP_PART
			 "\r\n--b--",
		"multipart/mixed;boundary=b"));
	assert_slice(description, "v=0\r\no=x\r\n");
}

static void
part_headers_in_other_spellings(void **state)
{
	assert_true(find(
		"--b\nnocolon\nc:\n application/sdp\n\nv=0\n--b--", "multipart/mixed;boundary=b"));
	assert_slice(description, "v=0");
}

static void
unclosed_last_part_goes_to_the_end(void **state)
{
	assert_true(find("--b\r\n" SDP_PART, "multipart/mixed;boundary=b"));
	assert_slice(description, "v=0\r\no=x\r\n");
}

static void
nested_to_depth_four(void **state)
{
	char body[512] = SDP_PART;

	for (int depth = 1; depth <= 5; depth++) {
		char wrapped[640];
		const char *const type = "multipart/mixed;boundary=b";

		/* Each level's boundary is a prefix of the next one's: whole lines count. */
		snprintf(
			wrapped, sizeof(wrapped), "--b%d\r\n%s\r\n--b%d--\r\n", depth, body, depth);
		char own[64];

		snprintf(own, sizeof(own), "%s%d", type, depth);
		assert_int_equal(find(wrapped, own), depth <= 4);
		if (depth <= 4)
			assert_slice(description, "v=0\r\no=x\r\n");
		assert_true((size_t)snprintf(body, sizeof(body), "Content-Type: %s%d\r\n\r\n%s",
				    type, depth, wrapped) < sizeof(body));
	}
}

static void
every_part_of_any_subtype(void **state)
{
	static const char body[] = "--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\n"
				   "Content-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\n--b\r\n"
				   "Content-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n"
				   "<presence/>\r\n--b\r\n" SDP_PART "\r\n--b--\r\n";
	static const char *const types[] = {"multipart/mixed;boundary=b",
		"multipart/related;type=\"application/sdp\";boundary=b",
		"multipart/alternative; boundary=\"b\"", "Multipart/Unheard-Of;boundary=b"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_string_equal(
			contents(body, types[i]), "one|SIP/2.0 200 OK|<presence/>|v=0\r\no=x\r\n|");
		assert_int_equal(walk.error, MULTIPART_OK);
		begin(body, types[i]);
		assert_true(multipart_next_sdp(&walk, &part));
		assert_int_equal(part.depth, 1);
		assert_slice(part.content_type, "application/sdp");
		assert_slice(part.headers, "Content-Type: application/sdp\r\n\r\n");
		assert_slice(part.content, "v=0\r\no=x\r\n");
		assert_false(multipart_next_sdp(&walk, &part));
		assert_false(multipart_next(&walk, &part));
	}
}

static void
body_that_is_not_multipart_is_one_part(void **state)
{
	begin("v=0\r\n", NULL);
	assert_true(multipart_next(&walk, &part));
	assert_true(part.is_sdp);
	assert_int_equal(part.depth, 0);
	assert_slice(part.headers, "");
	assert_false(multipart_next(&walk, &part));
	assert_string_equal(contents("hello", "text/plain"), "hello|");
	assert_false(part.is_sdp);
	assert_string_equal(contents("", "text/plain"), "");
	assert_string_equal(contents("hello", NULL), "hello|");
	assert_string_equal(
		contents("SIP/2.0 200 OK\r\n", "message/sipfrag"), "SIP/2.0 200 OK\r\n|");
	assert_false(part.is_sdp);
}

static void
several_descriptions_are_all_found(void **state)
{
	begin("--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\nv=0 one"
	      "\r\n--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\n"
	      "Content-Type: Application/SDP\r\n\r\nv=0 two\r\n--c--\r\n--b\r\n"
	      "content-disposition: early-session;handling=optional\r\nc: application/sdp\r\n\r\n"
	      "v=0 three\r\n--b--",
		"multipart/alternative;boundary=b");
	assert_true(multipart_next_sdp(&walk, &part));
	assert_slice(part.content, "v=0 one");
	assert_slice(part.content_disposition, "session");
	assert_true(multipart_next_sdp(&walk, &part));
	assert_slice(part.content, "v=0 two");
	assert_int_equal(part.depth, 2);
	assert_null(part.content_disposition.at);
	assert_true(multipart_next_sdp(&walk, &part));
	assert_slice(part.content, "v=0 three");
	assert_slice(part.content_disposition, "early-session;handling=optional");
	assert_int_equal(part.depth, 1);
	assert_false(multipart_next_sdp(&walk, &part));
	assert_int_equal(walk.error, MULTIPART_OK);
}

static void
as_many_descriptions_as_there_is_room_for(void **state)
{
	const struct slice body = text("--b\r\n" SDP_PART "\r\n--b\r\n" SDP_PART "\r\n--b--");
	const struct slice type = text("multipart/mixed;boundary=b");
	enum multipart_error error = MULTIPART_ERROR_TYPE;
	struct slice found[3];

	assert_int_equal(sdp_find_all(body, type, found, 1, &error), 1);
	assert_int_equal(error, MULTIPART_OK);
	assert_int_equal(sdp_find_all(body, type, found, 3, &error), 2);
	assert_slice(found[1], "v=0\r\no=x\r\n");
	assert_true(found[1].at > found[0].at);
	assert_int_equal(sdp_find_all(body, text("text/plain"), found, 3, &error), 0);
	assert_int_equal(sdp_find_all(body, text("application/sdp"), found, 3, &error), 1);
	assert_int_equal(error, MULTIPART_OK);
	assert_true(found[0].at == body.at && found[0].length == body.length);
	assert_int_equal(sdp_find_all(text("--b\r\n" SDP_PART), type, found, 3, &error), 1);
	assert_int_equal(error, MULTIPART_ERROR_NOT_CLOSED);
}

static void
boundary_of_special_characters(void **state)
{
	char body[512], type[256], boundary[80];

	assert_string_equal(contents("--gc0pJq0M:08jU534c0p\r\n\r\nx\r\n--gc0pJq0M:08jU534c0p--",
				    "multipart/mixed; boundary=\"gc0pJq0M:08jU534c0p\""),
		"x|");
	assert_string_equal(contents("--a'()+_,-./:=? b\r\n\r\nx\r\n--a'()+_,-./:=? b--",
				    "multipart/mixed; boundary=\"a'()+_,-./:=? b\";charset=utf-8"),
		"x|");
	/* Unquoted, though it holds characters that tokens do not. */
	assert_string_equal(
		contents("--a:b/c=d\r\n\r\nx\r\n--a:b/c=d--", "multipart/mixed;boundary=a:b/c=d"),
		"x|");
	assert_string_equal(
		contents("--a;b\r\n\r\nx\r\n--a;b--", "multipart/mixed;boundary=\"a;b\""), "x|");
	assert_string_equal(contents("--ab\"c\r\n\r\nx\r\n--ab\"d\r\n--ab\"c--",
				    "multipart/mixed;boundary=\"\\a\\b\\\"c\""),
		"x\r\n--ab\"d|");
	assert_string_equal(
		contents("--ab\r\n\r\nx\r\n--a\r\n--ab--", "multipart/mixed;boundary=\"a\\b  \""),
		"x\r\n--a|");
	for (int length = SIP_BOUNDARY_MAX - 1; length <= SIP_BOUNDARY_MAX + 1; length++) {
		memset(boundary, 'b', sizeof(boundary));
		boundary[length] = '\0';
		snprintf(type, sizeof(type), "multipart/mixed;boundary=%s", boundary);
		snprintf(body, sizeof(body), "--%s\r\n\r\nx\r\n--%s--", boundary, boundary);
		if (length <= SIP_BOUNDARY_MAX) {
			assert_string_equal(contents(body, type), "x|");
		} else {
			/* One part, as it is. */
			assert_int_equal(strlen(contents(body, type)), strlen(body) + 1);
			assert_int_equal(walk.error, MULTIPART_ERROR_BOUNDARY);
		}
	}
}

static void
delimiters_are_whole_lines(void **state)
{
	assert_string_equal(
		contents("--b\r\n\r\nx--b\r\n --b\r\n-b\r\n--bb\r\n--b c\r\n---b\r\n--b-\r\n"
			 "--b-- c\r\n-\r\n--b--\t \r\n--b\r\n\r\nepilogue",
			"multipart/mixed;boundary=b"),
		"x--b\r\n --b\r\n-b\r\n--bb\r\n--b c\r\n---b\r\n--b-\r\n--b-- c\r\n-|");
	assert_int_equal(walk.error, MULTIPART_OK);
}

static void
lines_that_end_with_lf_or_cr(void **state)
{
	assert_string_equal(contents("pre\n--b\n\none\n\n--b \nX: y\n\ntwo\n--b--\n",
				    "multipart/mixed;boundary=b"),
		"one\n|two|");
	assert_string_equal(
		contents("--b\r\rone\r--b\rX: y\r\rtwo\r--b--\r", "multipart/mixed;boundary=b"),
		"one|two|");
}

static void
empty_parts(void **state)
{
	assert_string_equal(contents("--b\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b\r\nX: y\r\n--b\r\n"
				     "X: y\r\n\r\n\r\n--b--",
				    "multipart/mixed;boundary=b"),
		"|||||");
	assert_int_equal(walk.error, MULTIPART_OK);
	assert_string_equal(contents("--b--", "multipart/mixed;boundary=b"), "");
	assert_int_equal(walk.error, MULTIPART_OK);
	/* Nothing to be rewritten in it. */
	begin("--b\r\nContent-Type: application/sdp\r\n\r\n--b--", "multipart/mixed;boundary=b");
	assert_true(multipart_next(&walk, &part));
	assert_false(part.is_sdp);
	assert_string_equal(contents("--b\r\nContent-Type: multipart/mixed;boundary=c\r\n--b--",
				    "multipart/mixed;boundary=b"),
		"|");
}

static void
inner_boundary_not_closed_ends_with_the_outer(void **state)
{
	assert_string_equal(
		contents("--b\r\nContent-Type: "
			 "multipart/mixed;boundary=bb\r\n\r\n--bb\r\n\r\none\r\n"
			 "--bb\r\n\r\ntwo\r\n--b\r\n\r\nthree\r\n--bb\r\n\r\nfour\r\n--b--",
			"multipart/mixed;boundary=b"),
		"one|two|three\r\n--bb\r\n\r\nfour|");
	assert_int_equal(walk.error, MULTIPART_ERROR_NOT_CLOSED);
}

static void
encoded_parts_are_left_alone(void **state)
{
	static const struct {
		const char *header;
		bool is_sdp;
	} cases[] = {{"Content-Transfer-Encoding: 7bit", true},
		{"content-transfer-encoding:8BIT", true},
		{"Content-Transfer-Encoding: binary", true},
		{"Content-Transfer-Encoding: base64", false},
		{"Content-Transfer-Encoding: quoted-printable", false},
		{"Content-Encoding: gzip", false}, {"e: gzip", false},
		{"Content-Encoding: identity", true}};
	char body[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body), "--b\r\n%s\r\n" SDP_PART "\r\n--b--", cases[i].header);
		begin(body, "multipart/mixed;boundary=b");
		assert_true(multipart_next(&walk, &part));
		assert_int_equal(part.is_sdp, cases[i].is_sdp);
		assert_int_equal(part.encoded, !cases[i].is_sdp);
		assert_slice(part.content, "v=0\r\no=x\r\n");
	}
	assert_string_equal(
		contents("--b\r\nContent-Encoding: gzip\r\nContent-Type: multipart/mixed;boundary=c"
			 "\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--",
			"multipart/mixed;boundary=b"),
		"--c\r\n\r\nx\r\n--c--|");
}

static void
what_is_wrong_is_told_apart(void **state)
{
	static char long_header[SIP_LINE_MAX + 64];
	struct {
		const char *body, *type;
		enum multipart_error error;
		uint32_t offset;
	} cases[] = {{"x", "nonsense", MULTIPART_ERROR_TYPE, 0},
		{"--b\r\nContent-Type: text\r\n\r\nx\r\n--b--", "multipart/mixed;boundary=b",
			MULTIPART_ERROR_TYPE, 19},
		{"x", "multipart/mixed", MULTIPART_ERROR_BOUNDARY, 0},
		{"x", "multipart/mixed;boundary=\"  \"", MULTIPART_ERROR_BOUNDARY, 0},
		{"--b\r\nc:multipart/mixed\r\n\r\nx\r\n--b--", "multipart/mixed;boundary=b",
			MULTIPART_ERROR_BOUNDARY, 7},
		{"x\r\ny", "multipart/mixed;boundary=b", MULTIPART_ERROR_NO_PART, 0},
		{"--b\r\n\r\nx", "multipart/mixed;boundary=b", MULTIPART_ERROR_NOT_CLOSED, 8},
		{long_header, "multipart/mixed;boundary=b", MULTIPART_ERROR_HEADER, 5}};

	memset(long_header, 'x', sizeof(long_header) - 1);
	memcpy(long_header, "--b\r\nX:", 7);
	memcpy(long_header + sizeof(long_header) - 8, "\r\n--b--", 8);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].body, cases[i].type);
		while (multipart_next(&walk, &part))
			assert_false(part.is_sdp);
		assert_int_equal(walk.error, cases[i].error);
		assert_int_equal(walk.error_offset, cases[i].offset);
	}
	for (int error = 0; error <= MULTIPART_ERRORS; error++)
		assert_non_null(multipart_error_name((enum multipart_error)error));
}

static void
parts_and_depth_are_bounded(void **state)
{
	char body[2048];
	size_t used = 0;
	uint32_t count = 0;

	for (int i = 0; i < SIP_BODY_PARTS_MAX; i++)
		used += (size_t)snprintf(body + used, sizeof(body) - used, "--b\r\n\r\nx\r\n");
	snprintf(body + used, sizeof(body) - used, "--b--");
	begin(body, "multipart/mixed;boundary=b");
	while (multipart_next(&walk, &part))
		count++;
	assert_int_equal(count, SIP_BODY_PARTS_MAX);
	assert_int_equal(walk.error, MULTIPART_OK);
	snprintf(body + used, sizeof(body) - used, "--b\r\n" SDP_PART "\r\n--b--");
	begin(body, "multipart/mixed;boundary=b");
	assert_false(multipart_next_sdp(&walk, &part));
	assert_int_equal(walk.error, MULTIPART_ERROR_TOO_MANY_PARTS);
	assert_int_equal(walk.error_offset, used + 5);
	/* Five levels, of which the innermost is given as it is. */
	assert_string_equal(
		contents("--1\r\nc:multipart/mixed;boundary=2\r\n\r\n--2\r\n"
			 "c:multipart/mixed;boundary=3\r\n\r\n--3\r\nc:multipart/mixed;boundary=4"
			 "\r\n\r\n--4\r\nc:multipart/"
			 "mixed;boundary=5\r\n\r\n--5\r\n\r\nx\r\n--5--\r\n"
			 "--4\r\n\r\nfour\r\n--4--\r\n--3--\r\n--2\r\n\r\ntwo\r\n--2--\r\n--1--",
			"multipart/mixed;boundary=1"),
		"--5\r\n\r\nx\r\n--5--|four|two|");
	assert_int_equal(walk.error, MULTIPART_ERROR_TOO_DEEP);
}

/* Edits of the descriptions' addresses, then the lengths; what comes out is read again. */
static void
lengths_of_parts_follow_their_edits(void **state)
{
	static char buffer[1024];
	static struct sip_edits edits;
	const struct slice type = text("multipart/mixed;boundary=b");
	const struct slice body =
		text("--b\r\nContent-Type: multipart/alternative;boundary=c\r\nContent-Length: "
		     "133\r\n\r\n"
		     "--c\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0 "
		     "ADDR.\r\n--c\r\n"
		     "Content-Length: x\r\nContent-Type: application/sdp\r\n\r\nv=0 "
		     "ADDR.\r\n--c--\r\n--b"
		     "\r\nContent-Length: 5\r\n\r\nplain\r\n--b--");
	int64_t length;

	memcpy(buffer, body.at, body.length);
	sip_edits_begin(&edits, body.at);
	multipart_begin(&walk, body, type);
	while (multipart_next_sdp(&walk, &part)) {
		assert_true(sip_edits_replace(
			&edits, (struct slice){part.content.at + 4, 4}, "ADDRESS", 7));
	}
	assert_int_equal(edits.count, 2);
	assert_true(multipart_edit_lengths(&edits, body, type));
	length = sip_edits_apply(&edits, buffer, body.length, sizeof(buffer));
	assert_true(length > 0);
	buffer[length] = '\0';
	/* 9 + 3, which takes a digit more; the multipart gains that digit and twice 3. */
	assert_non_null(strstr(buffer, "Content-Length: 12\r\n\r\nv=0 ADDRESS.\r\n"));
	assert_non_null(strstr(buffer, "Content-Length: 140\r\n"));
	assert_non_null(strstr(buffer, "Content-Length: x\r\n"));
	assert_non_null(strstr(buffer, "Content-Length: 5\r\n\r\nplain\r\n--b--"));
}

static void
lengths_stay_where_nothing_is_edited_or_nothing_fits(void **state)
{
	static struct sip_edits edits;
	const struct slice type = text("multipart/mixed;boundary=b");
	const struct slice body = text("--b\r\nContent-Length: 2\r\n" SDP_PART "\r\n--b--");
	uint32_t planned;

	sip_edits_begin(&edits, body.at);
	assert_true(multipart_edit_lengths(&edits, body, type));
	assert_int_equal(edits.count, 0);
	/* A length that was wrong already and would go below nothing. */
	multipart_begin(&walk, body, type);
	assert_true(multipart_next_sdp(&walk, &part));
	assert_true(sip_edits_replace(&edits, (struct slice){part.content.at, 5}, "", 0));
	assert_true(multipart_edit_lengths(&edits, body, type));
	assert_int_equal(edits.count, 1);
	sip_edits_begin(&edits, body.at);
	for (planned = 0; planned < SIP_EDITS_MAX; planned++)
		assert_true(sip_edits_replace(&edits, (struct slice){part.content.at, 0}, "x", 1));
	assert_false(multipart_edit_lengths(&edits, body, type));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(body_of_its_own),
		TEST(boundary_quoted_or_not),
		TEST(preamble_epilogue_and_spaces_behind_delimiters),
		TEST(parts_without_headers_are_plain_text),
		TEST(part_headers_in_other_spellings),
		TEST(unclosed_last_part_goes_to_the_end),
		TEST(nested_to_depth_four),
		TEST(every_part_of_any_subtype),
		TEST(body_that_is_not_multipart_is_one_part),
		TEST(several_descriptions_are_all_found),
		TEST(as_many_descriptions_as_there_is_room_for),
		TEST(boundary_of_special_characters),
		TEST(delimiters_are_whole_lines),
		TEST(lines_that_end_with_lf_or_cr),
		TEST(empty_parts),
		TEST(inner_boundary_not_closed_ends_with_the_outer),
		TEST(encoded_parts_are_left_alone),
		TEST(what_is_wrong_is_told_apart),
		TEST(parts_and_depth_are_bounded),
		TEST(lengths_of_parts_follow_their_edits),
		TEST(lengths_stay_where_nothing_is_edited_or_nothing_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
