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
ipv6_in_all_its_forms(void **state)
{
	static const char *const right[] = {"[::]", "[::1]", "[1::]", "[1:2:3:4:5:6:7:8]",
		"[1:2:3:4:5:6:192.0.2.1]", "[2001:db8::9:255]", "[::192.0.2.1]",
		"[1:2:3:4:5:6:7::]", "[2001:db8:::192.0.2.1]", "[fe80::1%eth0]", "[fe80::1%25eth0]",
		"[2001:DB8::ABCD]"};
	static const char *const wrong[] = {"[:]", "[1]", "[1:2]", "[1:2:3:4:5:6:7]",
		"[1:2:3:4:5:6:7:8:9]", "[1::2::3]", "[12345::]", "[::12345]", "[1:]", "[:1]",
		"[::1", "[::1%eth0", "[1:2:3:4:5:6:7:192.0.2.1]", "[::192.0.2.256]", "[::192.0.2]",
		"[1:2:3:4:5:6:7:8::]", "[::1]x", "[:::1]", "[::g]", "[v1.x]", "[",
		"[::1]:", "[::1]:0", "[::1]x:1"};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_true(sip_hostport_parse(text(right[i]), &host));
		assert_int_equal(host.kind, SIP_HOST_IPV6);
		assert_slice(host.host, right[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sip_hostport_parse(text(wrong[i]), &host));
}

/* Seen in the wild, and RFC 5118 4.2 and 4.5. */
static void
ipv6_without_brackets_takes_all_it_can_be(void **state)
{
	assert_true(sip_uri_parse(text("sip:a@2001:db8::10;lr"), &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_IPV6);
	assert_slice(uri.host.text, "2001:db8::10");
	assert_slice(uri.parameters, ";lr");
	assert_true(sip_uri_parse(text("sip:2001:db8::10:5070"), &uri));
	assert_slice(uri.host.host, "2001:db8::10:5070");
	assert_int_equal(uri.host.port, 0);
	assert_true(sip_uri_parse(text("sip:1:2:3:4:5:6:7:8:5060?a=b"), &uri));
	assert_slice(uri.host.host, "1:2:3:4:5:6:7:8");
	assert_slice(uri.host.text, "1:2:3:4:5:6:7:8:5060");
	assert_int_equal(uri.host.port, 5060);
	assert_true(sip_uri_parse(text("sip:::1"), &uri));
	assert_slice(uri.host.host, "::1");
	assert_true(sip_uri_parse(text("sip:a@2001:12ab::1"), &uri));
	assert_slice(uri.host.host, "2001:12ab::1");
	assert_true(sip_uri_parse(text("sip:a@1:2::3"), &uri));
	assert_slice(uri.host.host, "1:2::3");
	assert_true(sip_uri_parse(text("sip:::ffff:10.0.0.5"), &uri));
	assert_int_equal(uri.host.kind, SIP_HOST_IPV6);
	assert_false(sip_uri_parse(text("sip:1:2:3"), &uri));
	assert_false(sip_uri_parse(text("sip:1:2:3:4:5:6:7:8:0"), &uri));
	assert_false(sip_uri_parse(text("sip:::1%eth0"), &uri));
	assert_false(sip_uri_parse(text("sip:10.0.0.5:1:2"), &uri));
}

static void
ports_are_1_to_65535(void **state)
{
	assert_true(sip_uri_parse(text("sip:h:1"), &uri));
	assert_true(sip_uri_parse(text("sip:h:65535"), &uri));
	assert_int_equal(uri.host.port, 65535);
	assert_false(sip_uri_parse(text("sip:h:0"), &uri));
	assert_false(sip_uri_parse(text("sip:h:65536"), &uri));
	assert_false(sip_uri_parse(text("sip:h:70596"), &uri));
	assert_false(sip_uri_parse(text("sip:h:4294967297"), &uri));
	assert_false(sip_uri_parse(text("sip:h:"), &uri));
	assert_false(sip_uri_parse(text("sip:h:;lr"), &uri));
	assert_false(sip_uri_parse(text("sip:h:5060x"), &uri));
	assert_false(sip_uri_parse(text("sip:h:-1"), &uri));
}

static void
leading_zeros_of_a_port_do_not_count(void **state)
{
	assert_true(sip_uri_parse(text("sip:h:005060"), &uri));
	assert_int_equal(uri.host.port, 5060);
	assert_slice(uri.host.port_text, "005060");
	assert_true(sip_uri_parse(text("sip:h:00000000000000000000000000000001"), &uri));
	assert_int_equal(uri.host.port, 1);
	assert_false(sip_uri_parse(text("sip:h:00000"), &uri));
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
the_last_at_before_the_host_ends_the_user(void **state)
{
	static const struct {
		const char *text, *user, *host, *parameters;
	} cases[] = {
		{"sip:a@b@c@192.0.2.1", "a@b@c", "192.0.2.1", ""},
		{"sip:a@10.0.0.1@192.0.2.1;x", "a@10.0.0.1", "192.0.2.1", ";x"},
		{"sip:a@b;c@d", "a", "b", ";c@d"},
		{"sip:a;b=c@d", "a;b=c", "d", ""},
		{"sip:a@b:5060@c", "a@b:5060", "c", ""},
		{"sip:a@@c", "a@", "c", ""},
		{"sip:a?b@c;d@e", "a?b", "c", ";d@e"},
		{"sips:+12015550123;phone-context=+1;x=y@h;user=phone",
			"+12015550123;phone-context=+1;x=y", "h", ";user=phone"},
		{"sip:%61lice%40x:p%3Aw@h", "%61lice%40x:p%3Aw", "h", ""},
		{"sip:\xc3\xbc@h", "\xc3\xbc", "h", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(sip_uri_parse(text(cases[i].text), &uri));
		assert_slice(uri.user, cases[i].user);
		assert_slice(uri.host.host, cases[i].host);
		assert_slice(uri.parameters, cases[i].parameters);
	}
	assert_true(sip_uri_parse(text("sip:a@b?Replaces=c@d;e"), &uri));
	assert_slice(uri.host.host, "b");
	assert_slice(uri.headers, "Replaces=c@d;e");
}

static void
uri_parameters_are_read_in_one_pass(void **state)
{
	struct sip_uri_parameters found;

	sip_uri_parameters_read(text(";transport=TCP;maddr=239.255.255.1;ttl=15;user=phone;lr;"
				     "method=REGISTER;gr=urn:uuid:f81d;other=1"),
		&found);
	assert_int_equal(found.transport, SIP_TRANSPORT_TCP);
	assert_slice(found.transport_text, "TCP");
	assert_slice(found.maddr, "239.255.255.1");
	assert_slice(found.ttl, "15");
	assert_slice(found.user, "phone");
	assert_slice(found.method, "REGISTER");
	assert_slice(found.gr, "urn:uuid:f81d");
	assert_true(found.lr);
	sip_uri_parameters_read(text(""), &found);
	assert_int_equal(found.transport, SIP_TRANSPORT_NONE);
	assert_null(found.transport_text.at);
	assert_null(found.maddr.at);
	assert_null(found.gr.at);
	assert_false(found.lr);
}

static void
uri_parameters_without_values_doubled_or_escaped(void **state)
{
	struct sip_uri_parameters found;

	sip_uri_parameters_read(
		text(";gr;LR=on;maddr=10.0.0.1;maddr=10.0.0.2;%74%74L=1;transport;=x;lrx;grr;u;t"),
		&found);
	assert_slice(found.gr, "");
	assert_true(found.lr);
	assert_slice(found.maddr, "10.0.0.1");
	assert_slice(found.ttl, "1");
	assert_slice(found.transport_text, "");
	assert_int_equal(found.transport, SIP_TRANSPORT_NONE);
	assert_null(found.user.at);
	sip_uri_parameters_read(text(";lrx;metho=1;maddrs=1;grx=1;users"), &found);
	assert_false(found.lr);
	assert_null(found.gr.at);
	assert_null(found.maddr.at);
	assert_null(found.user.at);
}

static void
uri_parameter_names_may_be_escaped(void **state)
{
	struct sip_uri_parameters found;

	sip_uri_parameters_read(text(";%74ransport=ws;madd%72=h;t%74l=1;use%72=ip;%6dethod=BYE;"
				     "g%72=x;l%72;%6cr2;%=1;;a%62"),
		&found);
	assert_int_equal(found.transport, SIP_TRANSPORT_WS);
	assert_slice(found.maddr, "h");
	assert_slice(found.ttl, "1");
	assert_slice(found.user, "ip");
	assert_slice(found.method, "BYE");
	assert_slice(found.gr, "x");
	assert_true(found.lr);
}

static void
transports_have_names(void **state)
{
	static const struct {
		const char *text;
		enum sip_transport transport;
	} cases[] = {{"UDP", SIP_TRANSPORT_UDP}, {"tcp", SIP_TRANSPORT_TCP},
		{"Tls", SIP_TRANSPORT_TLS}, {"SCTP", SIP_TRANSPORT_SCTP},
		{"TLS-SCTP", SIP_TRANSPORT_TLS_SCTP}, {"ws", SIP_TRANSPORT_WS},
		{"WSS", SIP_TRANSPORT_WSS}, {"UDPX", SIP_TRANSPORT_OTHER},
		{"x", SIP_TRANSPORT_OTHER}, {"", SIP_TRANSPORT_NONE}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sip_transport_of(text(cases[i].text)), cases[i].transport);
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

static struct sip_via_parameters parameters;

static void
via_parameters_are_read_in_one_pass(void **state)
{
	sip_via_parameters_read(text(";branch=z9hG4bK87asdks7;received=192.0.2.207;rport=9988;"
				     "maddr=224.2.0.1;ttl=16;alias;comp=sigcomp"),
		&parameters);
	assert_slice(parameters.branch, "z9hG4bK87asdks7");
	assert_slice(parameters.received, "192.0.2.207");
	assert_slice(parameters.rport, "9988");
	assert_int_equal(parameters.rport_number, 9988);
	assert_slice(parameters.maddr, "224.2.0.1");
	assert_slice(parameters.ttl, "16");
	sip_via_parameters_read(text(";b=1;rports=1;receive;rp;m;tt=1;branch2"), &parameters);
	assert_null(parameters.branch.at);
	assert_null(parameters.received.at);
	assert_null(parameters.rport.at);
	assert_null(parameters.maddr.at);
	assert_null(parameters.ttl.at);
	assert_int_equal(parameters.rport_number, 0);
	sip_via_parameters_read(text(""), &parameters);
	assert_null(parameters.branch.at);
}

static void
via_rport_with_and_without_a_value(void **state)
{
	sip_via_parameters_read(text(";rport;branch=1"), &parameters);
	assert_slice(parameters.rport, "");
	assert_int_equal(parameters.rport_number, 0);
	sip_via_parameters_read(text(";RPORT = 5060 ;rport=1"), &parameters);
	assert_slice(parameters.rport, "5060");
	assert_int_equal(parameters.rport_number, 5060);
	sip_via_parameters_read(text(";rport=65536"), &parameters);
	assert_slice(parameters.rport, "65536");
	assert_int_equal(parameters.rport_number, 0);
	sip_via_parameters_read(text(";rport=x"), &parameters);
	assert_int_equal(parameters.rport_number, 0);
	sip_via_parameters_read(text(";rport="), &parameters);
	assert_slice(parameters.rport, "");
}

static void
via_parameters_stand_as_their_sender_spaced_them(void **state)
{
	sip_via_parameters_read(
		text(" ;x=\";received=1.1.1.1\" ;\r\n branch \t=\r\n z9 ; ttl = 1"), &parameters);
	assert_null(parameters.received.at);
	assert_slice(parameters.branch, "z9");
	assert_slice(parameters.ttl, "1");
	sip_via_parameters_read(text(";received=2001:db8::9:255;;maddr=[::1]"), &parameters);
	assert_slice(parameters.received, "2001:db8::9:255");
	assert_slice(parameters.maddr, "[::1]");
	/* A string that is never closed takes the rest. */
	sip_via_parameters_read(text(";x=\"y;received=1.1.1.1"), &parameters);
	assert_null(parameters.received.at);
}

static void
via_with_ipv6_without_brackets(void **state)
{
	assert_true(sip_via_parse(text("SIP/2.0/UDP 2001:db8::9 ;branch=1"), &via));
	assert_int_equal(via.sent_by.kind, SIP_HOST_IPV6);
	assert_slice(via.sent_by.text, "2001:db8::9");
	assert_slice(via.parameters, ";branch=1");
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
		TEST(ipv6_in_all_its_forms),
		TEST(ipv6_without_brackets_takes_all_it_can_be),
		TEST(ports_are_1_to_65535),
		TEST(leading_zeros_of_a_port_do_not_count),
		TEST(hosts_that_look_like_addresses_are_names),
		TEST(the_last_at_before_the_host_ends_the_user),
		TEST(uri_parameters_are_read_in_one_pass),
		TEST(uri_parameters_without_values_doubled_or_escaped),
		TEST(uri_parameter_names_may_be_escaped),
		TEST(transports_have_names),
		TEST(other_schemes_are_kept),
		TEST(what_is_no_uri),
		TEST(host_and_port_alone),
		TEST(via_plain),
		TEST(via_with_spaces_round_slashes_and_colon),
		TEST(via_with_comments),
		TEST(via_parameters_are_read_in_one_pass),
		TEST(via_rport_with_and_without_a_value),
		TEST(via_parameters_stand_as_their_sender_spaced_them),
		TEST(via_with_ipv6_without_brackets),
		TEST(what_is_no_via),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
