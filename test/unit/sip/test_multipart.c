/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 2046 5.1 and RFC 5621: the session description inside a body.
 */
#include "sip/sdp.h"
#include "sip_test.h"

#define SDP_PART "Content-Type: application/sdp\r\n\r\nv=0\r\no=x\r\n"

static struct slice description;

static bool
find(const char *body, const char *type)
{
	return sdp_find(
		text(body), type == NULL ? (struct slice){NULL, 0} : text(type), &description);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
