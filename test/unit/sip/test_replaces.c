/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3891, RFC 3911, RFC 4538, RFC 3515: dialogs named by headers and by Refer-To.
 */
#include "sip/escaped.h"
#include "sip/refer_to.h"
#include "sip/replaces.h"
#include "sip_test.h"

static struct sip_replaces replaces;
static struct sip_refer_to refer_to;

static void
replaces_names_a_dialog(void **state)
{
	assert_true(sip_replaces_parse(
		text("98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff"), false, &replaces));
	assert_slice(replaces.call_id, "98732@sip.example.com");
	assert_slice(replaces.from_tag, "r33th4x0r");
	assert_slice(replaces.to_tag, "ff87ff");
	assert_null(replaces.local_tag.at);
	assert_false(replaces.early_only);
	assert_false(replaces.escaped);
	assert_true(sip_replaces_parse(
		text(" a@b ; TO-TAG = 7553452\r\n ;from-tag=31431;early-only "), false, &replaces));
	assert_slice(replaces.call_id, "a@b");
	assert_slice(replaces.to_tag, "7553452");
	assert_slice(replaces.from_tag, "31431");
	assert_true(replaces.early_only);
}

static void
other_parameters_of_replaces_are_passed_over(void **state)
{
	assert_true(sip_replaces_parse(
		text("a;x=\"1;to-tag=9\\\";\";y;;to-tag=1;from-tag=2;=z"), false, &replaces));
	assert_slice(replaces.to_tag, "1");
	assert_slice(replaces.from_tag, "2");
}

static void
replaces_needs_each_tag_once(void **state)
{
	static const char *const wrong[] = {"", ";to-tag=1;from-tag=2", "a", "a;to-tag=1",
		"a;from-tag=1", "a;to-tag=1;from-tag=2;to-tag=3", "a;to-tag=;from-tag=1",
		"a;to-tag;from-tag=1"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_replaces_parse(text(wrong[i]), false, &replaces));
}

static void
a_tag_keeps_all_but_what_delimits(void **state)
{
	assert_true(sip_replaces_parse(text("a%3Bb;to-tag=1=2;from-tag=3%3D"), false, &replaces));
	assert_slice(replaces.call_id, "a%3Bb");
	assert_slice(replaces.to_tag, "1=2");
	assert_slice(replaces.from_tag, "3%3D");
}

static void
escaped_replaces_is_read_in_place(void **state)
{
	assert_true(sip_replaces_parse(
		text("12345%40192.168.118.3%3Bto-tag%3D12%33%3bfrom-tag%3d5FFE-3994%3Bearly-only"),
		true, &replaces));
	assert_true(replaces.escaped);
	assert_slice(replaces.call_id, "12345%40192.168.118.3");
	assert_true(sip_escaped_equal(replaces.call_id, text("12345@192.168.118.3")));
	assert_slice(replaces.to_tag, "12%33");
	assert_slice(replaces.from_tag, "5FFE-3994");
	assert_true(replaces.early_only);
	/* Seen in the wild: delimiters that should have been escaped, spaces that were. */
	assert_true(
		sip_replaces_parse(text("a@b;to-tag=1%20%3B%20from-tag%20=%202"), true, &replaces));
	assert_slice(replaces.call_id, "a@b");
	assert_slice(replaces.to_tag, "1");
	assert_slice(replaces.from_tag, "2");
}

static void
target_dialog_has_a_local_and_a_remote_tag(void **state)
{
	assert_true(sip_target_dialog_parse(
		text("fa77as7dad8-sd98ajzz@host.example.com ;local-tag=kkaz-;remote-tag=6544"),
		false, &replaces));
	assert_slice(replaces.call_id, "fa77as7dad8-sd98ajzz@host.example.com");
	assert_slice(replaces.local_tag, "kkaz-");
	assert_slice(replaces.remote_tag, "6544");
	assert_true(sip_target_dialog_parse(text("a"), false, &replaces));
	assert_null(replaces.local_tag.at);
	assert_false(sip_target_dialog_parse(text("a;local-tag=1;local-tag=1"), false, &replaces));
	assert_false(sip_target_dialog_parse(text(" "), false, &replaces));
}

static void
refer_to_with_embedded_replaces(void **state)
{
	assert_true(sip_refer_to_parse(
		text("<sip:dave@10.0.0.7:5062;transport=tcp?Replaces=425928%40bobster.example.org"
		     "%3Bto-tag%3D7743%3Bfrom-tag%3D6472&Require=replaces>;x=1"),
		&refer_to));
	assert_slice(refer_to.uri.host.text, "10.0.0.7:5062");
	assert_true(refer_to.has_replaces);
	assert_slice(refer_to.replaces_text,
		"425928%40bobster.example.org%3Bto-tag%3D7743%3Bfrom-tag%3D6472");
	assert_slice(refer_to.replaces.to_tag, "7743");
	assert_slice(refer_to.replaces.from_tag, "6472");
	assert_slice(refer_to.address.parameters, ";x=1");
	assert_null(refer_to.method.at);
}

static void
refer_to_with_an_unescaped_call_id(void **state)
{
	assert_true(sip_refer_to_parse(
		text("sip:bob@host?Replaces=a@10.0.0.5%3Bto-tag%3D1%3Bfrom-tag%3D2"), &refer_to));
	assert_slice(refer_to.uri.user, "bob");
	assert_slice(refer_to.uri.host.text, "host");
	assert_true(refer_to.has_replaces);
	assert_slice(refer_to.replaces.call_id, "a@10.0.0.5");
}

static void
refer_to_of_other_kinds(void **state)
{
	assert_true(sip_refer_to_parse(text("<sip:conf@h;gr=x;method=BYE>"), &refer_to));
	assert_slice(refer_to.method, "BYE");
	assert_false(refer_to.has_replaces);
	assert_null(refer_to.replaces_text.at);
	assert_true(sip_refer_to_parse(text("http://www.example.com"), &refer_to));
	assert_int_equal(refer_to.uri.scheme, SIP_SCHEME_OTHER);
	assert_true(sip_refer_to_parse(text("<sip:a@h?Replaces=broken>"), &refer_to));
	assert_false(refer_to.has_replaces);
	assert_slice(refer_to.replaces_text, "broken");
	assert_false(sip_refer_to_parse(text("*"), &refer_to));
	assert_false(sip_refer_to_parse(text("<nothing>"), &refer_to));
	assert_false(sip_refer_to_parse(text("<sip:a"), &refer_to));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replaces_names_a_dialog),
		TEST(other_parameters_of_replaces_are_passed_over),
		TEST(replaces_needs_each_tag_once),
		TEST(a_tag_keeps_all_but_what_delimits),
		TEST(escaped_replaces_is_read_in_place),
		TEST(target_dialog_has_a_local_and_a_remote_tag),
		TEST(refer_to_with_embedded_replaces),
		TEST(refer_to_with_an_unescaped_call_id),
		TEST(refer_to_of_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
