/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 20.10, 20.30, 20.34; RFC 5626, RFC 5627: Contact and Route values.
 */
#include "sip/contact.h"
#include "sip/route.h"
#include "sip_test.h"

static struct sip_contact contact;
static struct sip_route route;

static void
contact_with_all_that_registrars_read(void **state)
{
	assert_true(sip_contact_parse(
		text("\"Mr. Watson\" <sip:watson@192.0.2.4;transport=tcp>;q=0.7;Expires=3600;"
		     "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\";reg-id=2;"
		     "pub-gruu=\"sip:c@e.org;gr=urn:x\";temp-gruu=\"sip:t@e.org;gr\";+other"),
		&contact));
	assert_slice(contact.address.uri, "sip:watson@192.0.2.4;transport=tcp");
	assert_slice(contact.address.display, "\"Mr. Watson\"");
	assert_int_equal(contact.q, 700);
	assert_true(contact.expires_present);
	assert_int_equal(contact.expires, 3600);
	assert_int_equal(contact.reg_id, 2);
	assert_slice(contact.instance, "<urn:uuid:00000000-0000-1000-8000-000A95A0E128>");
	assert_slice(contact.pub_gruu, "sip:c@e.org;gr=urn:x");
	assert_slice(contact.temp_gruu, "sip:t@e.org;gr");
}

static void
contact_with_none_of_it(void **state)
{
	assert_true(sip_contact_parse(text("<sip:a@b;expires=9;q=1>"), &contact));
	assert_false(contact.expires_present);
	assert_int_equal(contact.q, SIP_CONTACT_NO_Q);
	assert_int_equal(contact.reg_id, 0);
	assert_null(contact.instance.at);
	assert_null(contact.pub_gruu.at);
	assert_null(contact.temp_gruu.at);
}

static void
contact_without_brackets_owns_its_parameters(void **state)
{
	assert_true(sip_contact_parse(text("sip:a@b;expires=0;q=0.01"), &contact));
	assert_slice(contact.address.uri, "sip:a@b");
	assert_true(contact.expires_present);
	assert_int_equal(contact.expires, 0);
	assert_int_equal(contact.q, 10);
}

static void
contact_star_is_all(void **state)
{
	assert_true(sip_contact_parse(text("*"), &contact));
	assert_true(contact.address.star);
	assert_false(contact.expires_present);
	assert_false(sip_contact_parse(text("<>"), &contact));
}

static void
malformed_expires_is_as_if_absent_and_the_first_good_one_counts(void **state)
{
	assert_true(sip_contact_parse(text("<sip:a>;expires=\"5\""), &contact));
	assert_false(contact.expires_present);
	assert_true(sip_contact_parse(text("<sip:a>;expires"), &contact));
	assert_false(contact.expires_present);
	assert_true(sip_contact_parse(text("<sip:a>;expires=4294967296"), &contact));
	assert_false(contact.expires_present);
	assert_true(sip_contact_parse(
		text("<sip:a>;expires=x;expires=4294967295;expires=1"), &contact));
	assert_int_equal(contact.expires, UINT32_MAX);
}

static void
q_is_0_to_1_with_three_digits(void **state)
{
	static const struct {
		const char *text;
		int q;
	} cases[] = {{"0", 0}, {"1", 1000}, {"0.", 0}, {"1.", 1000}, {"0.5", 500}, {"0.33", 330},
		{"0.125", 125}, {"1.000", 1000}, {"1.001", -1}, {"2", -1}, {"0.1234", -1},
		{".5", -1}, {"0,5", -1}, {"0.x", -1}, {"", -1}, {"01", -1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[64];

		snprintf(buffer, sizeof(buffer), "<sip:a>;q=%s", cases[i].text);
		assert_true(sip_contact_parse(text(buffer), &contact));
		assert_int_equal(contact.q, cases[i].q);
	}
	assert_true(sip_contact_parse(
		text("<sip:a>;q=0.1;q=0.9;reg-id=x;reg-id=1;reg-id=2"), &contact));
	assert_int_equal(contact.q, 100);
	assert_int_equal(contact.reg_id, 1);
	assert_true(sip_contact_parse(text("<sip:a>;+sip.instance;+sip.instance=u"), &contact));
	assert_slice(contact.instance, "u");
}

static void
route_is_loose_by_its_uri_parameter(void **state)
{
	assert_true(sip_route_parse(
		text("\"P1\" <sip:p1.example.com:5070;lr;transport=TLS>;x=1"), &route));
	assert_slice(route.uri.host.text, "p1.example.com:5070");
	assert_true(route.parameters.lr);
	assert_int_equal(route.parameters.transport, SIP_TRANSPORT_TLS);
	assert_true(sip_route_parse(text("<sip:10.0.0.1>;lr"), &route));
	assert_false(route.parameters.lr);
	assert_true(sip_route_parse(text("<sips:10.0.0.1;LR=on>"), &route));
	assert_true(route.parameters.lr);
	assert_int_equal(route.uri.scheme, SIP_SCHEME_SIPS);
}

static void
route_without_brackets_keeps_its_parameters(void **state)
{
	assert_true(sip_route_parse(text("sip:10.0.0.1:5080;lr"), &route));
	assert_int_equal(route.uri.host.port, 5080);
	assert_true(route.parameters.lr);
}

static void
what_is_no_route(void **state)
{
	static const char *const wrong[] = {"", "*", "<tel:+1>", "<http://a>", "<sip:a", "<sip:>"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_route_parse(text(wrong[i]), &route));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(contact_with_all_that_registrars_read),
		TEST(contact_with_none_of_it),
		TEST(contact_without_brackets_owns_its_parameters),
		TEST(contact_star_is_all),
		TEST(malformed_expires_is_as_if_absent_and_the_first_good_one_counts),
		TEST(q_is_0_to_1_with_three_digits),
		TEST(route_is_loose_by_its_uri_parameter),
		TEST(route_without_brackets_keeps_its_parameters),
		TEST(what_is_no_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
