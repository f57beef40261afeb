/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3261 19.1 and 25.1, RFC 3966, RFC 5118: URIs, host and port, Via values.
 */
#include "sip/uri.h"
#include "sip_test.h"

static struct sip_uri uri;
static struct sip_via via;
static struct sip_hostport host;

static void
sip_uri_whole(void **state)
{
	assert_true(
		sip_uri_parse(text("sip:alice:pw@192.0.2.7:5070;transport=udp;lr?a=b&c=d"), &uri));
	assert_int_equal(uri.scheme, SIP_SCHEME_SIP);
	assert_slice(uri.user, "alice:pw");
	assert_slice(uri.host.text, "192.0.2.7:5070");
	assert_slice(uri.host.host, "192.0.2.7");
	assert_slice(uri.host.port_text, "5070");
	assert_int_equal(uri.host.kind, SIP_HOST_IPV4);
	assert_int_equal(uri.host.ipv4, ipv4(192, 0, 2, 7));
	assert_int_equal(uri.host.port, 5070);
	assert_slice(uri.parameters, ";transport=udp;lr");
	assert_slice(uri.headers, "a=b&c=d");
}

static void
sip_uri_least(void **state)
{
	assert_true(sip_uri_parse(text("SIPS:example.com"), &uri));
	assert_int_equal(uri.scheme, SIP_SCHEME_SIPS);
	assert_null(uri.user.at);
	assert_null(uri.headers.at);
	assert_null(uri.host.port_text.at);
	assert_int_equal(uri.host.port, 0);
	assert_int_equal(uri.host.kind, SIP_HOST_NAME);
	assert_slice(uri.parameters, "");
}

static void
user_may_hold_what_delimits_elsewhere(void **state)
{
	assert_true(sip_uri_parse(text("sip:user;par=u%40example.net@example.com"), &uri));
	assert_slice(uri.user, "user;par=u%40example.net");
	assert_slice(uri.host.text, "example.com");
	assert_true(sip_uri_parse(
		text("sip:1_u~(to-be!)&isn't+it$/c?,/;;*:&it+has=1@example.com;x"), &uri));
	assert_slice(uri.user, "1_u~(to-be!)&isn't+it$/c?,/;;*:&it+has=1");
	assert_slice(uri.parameters, ";x");
	assert_true(sip_uri_parse(text("sip:a@b@10.0.0.1:5060;c=d@e"), &uri));
	assert_slice(uri.user, "a@b");
	assert_slice(uri.host.text, "10.0.0.1:5060");
	assert_slice(uri.parameters, ";c=d@e");
}

static void
ipv6_references(void **state)
{
	assert_true(sip_uri_parse(text("sip:a@[2001:db8::10]:5070;lr"), &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_IPV6);
	assert_slice(uri.host.host, "[2001:db8::10]");
	assert_int_equal(uri.host.port, 5070);
	assert_true(sip_uri_parse(text("sip:[::ffff:192.0.2.1]"), &uri));
	assert_slice(uri.host.text, "[::ffff:192.0.2.1]");
	assert_false(sip_uri_parse(text("sip:[2001:db8::10"), &uri));
	assert_false(sip_uri_parse(text("sip:[]"), &uri));
	assert_false(sip_uri_parse(text("sip:[xyz::1]"), &uri));
}

static void
ports_are_1_to_65535(void **state)
{
	assert_true(sip_uri_parse(text("sip:h:1"), &uri));
	assert_true(sip_uri_parse(text("sip:h:65535"), &uri));
	assert_false(sip_uri_parse(text("sip:h:0"), &uri));
	assert_false(sip_uri_parse(text("sip:h:65536"), &uri));
	assert_false(sip_uri_parse(text("sip:h:70596"), &uri));
	assert_false(sip_uri_parse(text("sip:h:"), &uri));
	assert_false(sip_uri_parse(text("sip:h:5060x"), &uri));
	assert_false(sip_uri_parse(text("sip:h:-1"), &uri));
}

static void
hosts_that_look_like_addresses_are_names(void **state)
{
	assert_true(sip_uri_parse(text("sip:192.0.2.1.example.com"), &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_NAME);
	assert_true(sip_uri_parse(text("sip:192.0.2.256"), &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_NAME);
	assert_true(sip_uri_parse(text("sip:010.0.0.1"), &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_NAME);
}

static void
other_schemes_are_kept(void **state)
{
	assert_true(sip_uri_parse(text("tel:+1-201-555-0123;phone-context=x"), &uri));
	assert_int_equal(uri.scheme, SIP_SCHEME_TEL);
	assert_int_equal(uri.host.kind, SIP_HOST_NONE);
	assert_slice(uri.user, "+1-201-555-0123");
	assert_slice(uri.parameters, ";phone-context=x");
	assert_true(sip_uri_parse(text("soap.beep://192.0.2.103:3002"), &uri));
	assert_int_equal(uri.scheme, SIP_SCHEME_OTHER);
	assert_int_equal(uri.host.kind, SIP_HOST_NONE);
	assert_null(uri.host.text.at);
	assert_true(sip_uri_parse(text("nobodyKnowsThisScheme:totallyopaquecontent"), &uri));
	assert_true(sip_uri_parse(text("urn:service:sos"), &uri));
}

static void
what_is_no_uri(void **state)
{
	static const char *const wrong[] = {"", "sip", "sip:", "sip:@", "sip:a@", "sip:;x", ":h",
		"a@b", "<sip:a@b>", "sip:a@b c", "sip:a b", "tel:", "tel:;x", "1x:y", "isbn:"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_uri_parse(text(wrong[i]), &uri));
}

static void
host_and_port_alone(void **state)
{
	assert_true(sip_hostport_parse(text(" 10.1.2.3 "), &host));
	assert_int_equal(host.kind, SIP_HOST_IPV4);
	assert_slice(host.text, "10.1.2.3");
	assert_true(sip_hostport_parse(text("2001:db8::9:1"), &host));
	assert_int_equal(host.kind, SIP_HOST_IPV6);
	assert_int_equal(host.port, 0);
	assert_true(sip_hostport_parse(text("[2001:db8::9]:1"), &host));
	assert_int_equal(host.port, 1);
	assert_true(sip_hostport_parse(text("ab:12"), &host));
	assert_int_equal(host.kind, SIP_HOST_NAME);
	assert_int_equal(host.port, 12);
	assert_false(sip_hostport_parse(text("a b"), &host));
	assert_false(sip_hostport_parse(text("a;b"), &host));
	assert_false(sip_hostport_parse(text(""), &host));
}

static void
via_plain(void **state)
{
	assert_true(sip_via_parse(text("SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK1;rport"), &via));
	assert_slice(via.transport, "UDP");
	assert_slice(via.sent_by.text, "10.0.0.5:5062");
	assert_int_equal(via.sent_by.port, 5062);
	assert_slice(via.parameters, ";branch=z9hG4bK1;rport");
	assert_true(sip_via_parse(text("SIP/2.0/TLS-SCTP h"), &via));
	assert_slice(via.transport, "TLS-SCTP");
	assert_slice(via.parameters, "");
	assert_true(
		sip_via_parse(text("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255"), &via));
	assert_slice(via.sent_by.host, "[2001:db8::9:1]");
}

static void
via_with_spaces_round_slashes_and_colon(void **state)
{
	assert_true(sip_via_parse(
		text("SIP  / 2.0\r\n /UDP\r\n    192.0.2.2 : \t5060 ;branch=390skdjuw"), &via));
	assert_slice(via.transport, "UDP");
	assert_slice(via.sent_by.text, "192.0.2.2 : \t5060");
	assert_slice(via.sent_by.host, "192.0.2.2");
	assert_slice(via.sent_by.port_text, "5060");
	assert_slice(via.parameters, ";branch=390skdjuw");
	assert_true(sip_via_parse(
		text("SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n x"), &via));
	assert_slice(via.sent_by.text, "192.168.255.111");
}

static void
via_with_comments(void **state)
{
	assert_true(sip_via_parse(text("SIP/2.0/UDP h:5060 (Acme (x) \\) server) (b) ;a"), &via));
	assert_slice(via.sent_by.text, "h:5060");
	assert_slice(via.parameters, ";a");
	assert_true(sip_via_parse(text("SIP/2.0/UDP h(c)"), &via));
	assert_false(sip_via_parse(text("SIP/2.0/UDP h (open"), &via));
}

static void
what_is_no_via(void **state)
{
	static const char *const wrong[] = {"", ";", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 h",
		"SIP/2.0/UDP ;x", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536", "SIP/2.0/UDP h x",
		"SIP/2.0/ h", "/2.0/UDP h", "SIP/2.0/UDP h:", "SIP/2.0/UDP [::1"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_via_parse(text(wrong[i]), &via));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sip_uri_whole),
		TEST(sip_uri_least),
		TEST(user_may_hold_what_delimits_elsewhere),
		TEST(ipv6_references),
		TEST(ports_are_1_to_65535),
		TEST(hosts_that_look_like_addresses_are_names),
		TEST(other_schemes_are_kept),
		TEST(what_is_no_uri),
		TEST(host_and_port_alone),
		TEST(via_plain),
		TEST(via_with_spaces_round_slashes_and_colon),
		TEST(via_with_comments),
		TEST(what_is_no_via),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
