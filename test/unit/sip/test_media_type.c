/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 20.11, 20.15; RFC 2045 5.1: what a body is and what it is for.
 */
#include "sip/media_type.h"
#include "sip_test.h"

static struct sip_media_type media_type;
static struct sip_disposition disposition;

static void
media_type_and_subtype(void **state)
{
	assert_true(sip_media_type_parse(text("Application/SDP"), &media_type));
	assert_slice(media_type.type, "Application");
	assert_slice(media_type.subtype, "SDP");
	assert_slice(media_type.parameters, "");
	assert_true(sip_media_type_is(&media_type, "application", "sdp"));
	assert_false(sip_media_type_is(&media_type, "application", "pidf+xml"));
	assert_false(sip_media_type_is(&media_type, "text", "sdp"));
	assert_true(sip_media_type_parse(
		text(" text / vnd.x+y-z \r\n ; charset=\"utf;8\" ;level=1"), &media_type));
	assert_slice(media_type.type, "text");
	assert_slice(media_type.subtype, "vnd.x+y-z");
	assert_slice(media_type.parameters, "; charset=\"utf;8\" ;level=1");
}

static void
boundary_quoted_or_not(void **state)
{
	struct slice boundary;

	assert_true(sip_media_type_parse(text("multipart/mixed;boundary=unique-1"), &media_type));
	assert_true(sip_media_type_boundary(&media_type, &boundary));
	assert_slice(boundary, "unique-1");
	assert_true(sip_media_type_parse(
		text("multipart/mixed;x=1; Boundary = \"a; b=c\" ;y"), &media_type));
	assert_true(sip_media_type_boundary(&media_type, &boundary));
	assert_slice(boundary, "a; b=c");
	assert_true(sip_media_type_parse(text("multipart/mixed;boundary=\"\""), &media_type));
	assert_false(sip_media_type_boundary(&media_type, &boundary));
	assert_true(sip_media_type_parse(text("multipart/mixed;boundary"), &media_type));
	assert_false(sip_media_type_boundary(&media_type, &boundary));
	assert_true(sip_media_type_parse(text("multipart/mixed"), &media_type));
	assert_false(sip_media_type_boundary(&media_type, &boundary));
}

static void
what_is_no_media_type(void **state)
{
	static const char *const wrong[] = {
		"", " ", "application", "application/", "/sdp", "a/b c", "a//b", "a;b/c"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_media_type_parse(text(wrong[i]), &media_type));
}

static void
disposition_is_required_unless_it_says_optional(void **state)
{
	assert_true(sip_disposition_parse(text("session"), &disposition));
	assert_slice(disposition.type, "session");
	assert_false(disposition.optional);
	assert_true(sip_disposition_parse(text("render; Handling = OPTIONAL"), &disposition));
	assert_slice(disposition.type, "render");
	assert_slice(disposition.parameters, "; Handling = OPTIONAL");
	assert_true(disposition.optional);
	assert_true(sip_disposition_parse(text("icon;handling=required"), &disposition));
	assert_false(disposition.optional);
	assert_true(sip_disposition_parse(text("attachment; filename=smime.p7s;\r\n"
					       "   handling=required"),
		&disposition));
	assert_false(disposition.optional);
}

static void
what_is_no_disposition(void **state)
{
	static const char *const wrong[] = {"", ";handling=optional", "a b", "\"session\""};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_disposition_parse(text(wrong[i]), &disposition));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(media_type_and_subtype),
		TEST(boundary_quoted_or_not),
		TEST(what_is_no_media_type),
		TEST(disposition_is_required_unless_it_says_optional),
		TEST(what_is_no_disposition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
