/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 5118 in its order. callgate translates IPv4; IPv6 is read and left alone.
 */
#ifndef SIP_TORTURE_IPV6_H
#define SIP_TORTURE_IPV6_H

#include "torture.h"

static const struct torture torture_ipv6[] = {
	/* 4.1 Valid SIP Message with an IPv6 Reference. */
	{
		.name = "ipv6-good",
		.method = "REGISTER",
		.uri = "[2001:db8::10]",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 98176,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.vias = "UDP [2001:db8::9:1]",
		.contacts = "[2001:db8::1]",
		.headers = 8,
		.body = 0,
	},
	/* 4.2 Invalid SIP Message with an IPv6 Reference. Its Request-URI has no brackets. */
	{
		.name = "ipv6-bad",
		.method = "REGISTER",
		.uri = "2001:db8::10", /* no brackets: wrong, but seen */
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 98176,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.vias = "UDP [2001:db8::9:1]",
		.contacts = "[2001:db8::1]",
		.headers = 8,
		.body = 0,
	},
	/* 4.3 Port Ambiguous in a SIP URI. 5070 is a part of the address. */
	{
		.name = "port-ambiguous",
		.method = "REGISTER",
		.uri = "[2001:db8::10:5070]",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 98176,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.vias = "UDP [2001:db8::9:1]",
		.contacts = "[2001:db8::1]",
		.headers = 8,
		.body = 0,
	},
	/* 4.4 Port Unambiguous in a SIP URI. */
	{
		.name = "port-unambiguous",
		.method = "REGISTER",
		.uri = "[2001:db8::10]:5070",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 98176,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.vias = "UDP [2001:db8::9:1]",
		.contacts = "[2001:db8::1]",
		.headers = 8,
		.body = 0,
	},
	/* 4.5 IPv6 Reference Delimiters in Via Header. */
	{
		.name = "via-received-param-with-delim",
		.method = "BYE",
		.uri = "[2001:db8::10]",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 321,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.to_tag = "bd76ya",
		.vias = "UDP [2001:db8::9:1]",
		.headers = 7,
		.body = 0,
	},
	/* 4.5 IPv6 Reference Delimiters in Via Header. */
	{
		.name = "via-received-param-no-delim",
		.method = "OPTIONS",
		.uri = "[2001:db8::10]",
		.call_id = "SSG95523997077@hlau_4100",
		.cseq = 921,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.vias = "UDP [2001:db8::9:1]",
		.contacts = "[2001:db8::9:1]",
		.headers = 8,
		.body = 0,
	},
	/* 4.6 SIP Request with IPv6 Addresses in SDP Body. As printed: a Content-Length of 268 for
	 * 251 bytes. */
	{
		.name = "ipv6-in-sdp",
		.error = SIP_ERROR_CONTENT_LENGTH,
		.offset = 332,
	},
	/* 4.6 SIP Request with IPv6 Addresses in SDP Body. With the right Content-Length. */
	{
		.name = "ipv6-in-sdp-counted",
		.method = "INVITE",
		.uri = "[2001:db8::10]",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 8612,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "[2001:db8::10]",
		.vias = "UDP [2001:db8::20]",
		.contacts = "[2001:db8::20]",
		.headers = 9,
		.body = 251,
		.media = "audio 6000 2001:db8::20, video 6024 2001:db8::20",
	},
	/* 4.7 Multiple IP Addresses in SIP Headers. */
	{
		.name = "mult-ip-in-header",
		.method = "BYE",
		.uri = "host.example.net",
		.call_id = "997077@lau_4100",
		.cseq = 89187,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "example.net",
		.to_tag = "9817--94",
		.vias = "UDP [2001:db8::9:1]:6050, UDP 192.0.2.1, TCP [2001:db8::9:255]",
		.headers = 9,
		.body = 0,
	},
	/* 4.8 Multiple IP Addresses in SDP. Eight bytes are left over behind Content-Length. */
	{
		.name = "mult-ip-in-sdp",
		.method = "INVITE",
		.uri = "[2001:db8::10]",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 8912,
		.from = "example.com",
		.from_tag = "81x2",
		.to = "[2001:db8::10]",
		.vias = "UDP [2001:db8::9:1]",
		.contacts = "[2001:db8::9:1]",
		.headers = 9,
		.body = 181,
		.media = "audio 22334 192.0.2.1, video 6024 2001:db8::1",
	},
	/* 4.9 IPv4-Mapped IPv6 Addresses. Nine bytes are left over behind Content-Length. The
	 * addresses are IPv6. */
	{
		.name = "ipv4-mapped-ipv6",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "SSG9559905523997077@hlau_4100",
		.cseq = 612,
		.from = "east.example.com",
		.from_tag = "81x2",
		.to = "example.com",
		.vias = "UDP [::ffff:192.0.2.10]:19823, UDP [::ffff:192.0.2.2]",
		.contacts = "[::ffff:192.0.2.2]",
		.headers = 10,
		.body = 236,
		.media = "audio 6000 ::ffff:192.0.2.2, video 6024 ::ffff:192.0.2.2",
	},
	/* 4.10 IPv6 Reference Bug in RFC 3261 ABNF. To be tolerated, the RFC says. */
	{
		.name = "ipv6-bug-abnf-3-colons",
		.method = "OPTIONS",
		.uri = "[2001:db8:::192.0.2.1]",
		.call_id = "G9559905523997077@hlau_4100",
		.cseq = 689,
		.from = "example.com",
		.from_tag = "810x2",
		.to = "[2001:db8:::192.0.2.1]",
		.vias = "UDP lab1.east.example.com",
		.headers = 7,
		.body = 0,
	},
	/* 4.10 IPv6 Reference Bug in RFC 3261 ABNF. */
	{
		.name = "ipv6-correct-abnf-2-colons",
		.method = "OPTIONS",
		.uri = "[2001:db8::192.0.2.1]",
		.call_id = "G9559905523997077@hlau_4100",
		.cseq = 689,
		.from = "example.com",
		.from_tag = "810x2",
		.to = "[2001:db8::192.0.2.1]",
		.vias = "UDP lab1.east.example.com",
		.headers = 7,
		.body = 0,
	},
};

#endif
