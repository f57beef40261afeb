/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 4475 sections 3.2 to 3.4 in their order: messages that make no sense where they arrive, and
 * the syntax of RFC 2543. Nearly all of that is for their receiver.
 */
#ifndef SIP_TORTURE_MEANING_H
#define SIP_TORTURE_MEANING_H

#include "torture.h"

static const struct torture torture_meaning[] = {
	/* 3.2.1 Missing Transaction Identifier. A branch of nothing but the magic cookie. */
	{
		.name = "badbranch",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "badbranch.sadonfo23i420jv0as0derf3j3n",
		.cseq = 8,
		.from = "example.org",
		.from_tag = "33242",
		.to = "example.com",
		.vias = "UDP 192.0.2.1",
		.headers = 8,
		.body = 0,
	},
	/* 3.3.1 Missing Required Header Fields. Neither Call-ID nor From nor To. */
	{
		.name = "insuf",
		.error = SIP_ERROR_CALL_ID,
		.offset = 152,
	},
	/* 3.3.2 Request-URI with Unknown Scheme. */
	{
		.name = "unkscm",
		.method = "OPTIONS",
		.uri = "nobodyKnowsThisScheme:totallyopaquecontent",
		.call_id = "unkscm.nasdfasser0q239nwsdfasdkl34",
		.cseq = 3923423,
		.from = "example.net",
		.from_tag = "384",
		.to = "example.com",
		.vias = "TCP host9.example.com",
		.headers = 7,
		.body = 0,
	},
	/* 3.3.3 Request-URI with Known but Atypical Scheme. */
	{
		.name = "novelsc",
		.method = "OPTIONS",
		.uri = "soap.beep://192.0.2.103:3002",
		.call_id = "novelsc.asdfasser0q239nwsdfasdkl34",
		.cseq = 3923423,
		.from = "example.net",
		.from_tag = "384",
		.to = "example.com",
		.vias = "TCP host9.example.com",
		.headers = 7,
		.body = 0,
	},
	/* 3.3.4 Unknown URI Schemes in Header Fields. */
	{
		.name = "unksm2",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "unksm2.daksdj@hyphenated-host.example.com",
		.cseq = 234902,
		.from = "http://www.example.com",
		.from_tag = "3234233",
		.to = "isbn:2983792873",
		.vias = "UDP 192.0.2.21:5060",
		.contacts = "name:John_Smith",
		.headers = 8,
		.body = 0,
	},
	/* 3.3.5 Proxy-Require and Require. */
	{
		.name = "bext01",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "bext01.0ha0isndaksdj",
		.cseq = 8,
		.from = "example.net",
		.from_tag = "242etr",
		.to = "example.com",
		.vias = "TLS fold-and-staple.example.com",
		.headers = 9,
		.body = 0,
	},
	/* 3.3.6 Unknown Content-Type. */
	{
		.name = "invut",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "invut.0ha0isndaksdjadsfij34n23d",
		.cseq = 235448,
		.from = "example.net",
		.from_tag = "8392034",
		.to = "example.com",
		.vias = "UDP somehost.example.com",
		.contacts = "host5.example.net",
		.headers = 9,
		.body = 40,
	},
	/* 3.3.7 Unknown Authorization Scheme. */
	{
		.name = "regaut01",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "regaut01.0ha0isndaksdj",
		.cseq = 9338,
		.from = "example.com",
		.from_tag = "87321hj23128",
		.to = "example.com",
		.vias = "TCP 192.0.2.253",
		.headers = 8,
		.body = 0,
	},
	/* 3.3.8 Multiple Values in Single Value Required Fields. Two of everything that may stand
	 * once. The first of each counts. */
	{
		.name = "multi01",
		.method = "INVITE",
		.uri = "company.com",
		.call_id = "multi01.98asdh@192.0.2.1",
		.cseq = 5,
		.from = "example.com, example.net",
		.from_tag = "3413415",
		.to = "example.com, example.net",
		.vias = "UDP 192.0.2.25",
		.contacts = "host25.example.net, host36.example.net",
		.headers = 15,
		.body = 154,
		.media = "audio 49217 192.0.2.25, video 3227 192.0.2.25",
	},
	/* 3.3.9 Multiple Content-Length Values. Two Content-Lengths that differ: two readers would
	 * see two messages. */
	{
		.name = "mcl01",
		.error = SIP_ERROR_CONTENT_LENGTH,
		.offset = 284,
	},
	/* 3.3.10 200 OK Response with Broadcast Via Header Field Value. */
	{
		.name = "bcast",
		.status = 200,
		.call_id = "bcast.0384840201234ksdfak3j2erwedfsASdf",
		.cseq = 35,
		.from = "example.com",
		.from_tag = "11141343",
		.to = "example.edu",
		.to_tag = "2229",
		.vias = "UDP 192.0.2.198, UDP 255.255.255.255",
		.contacts = "host28.example.com",
		.headers = 9,
		.body = 154,
		.media = "audio 49217 192.0.2.198, video 3227 192.0.2.198",
	},
	/* 3.3.11 Max-Forwards of Zero. */
	{
		.name = "zeromf",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "zeromf.jfasdlfnm2o2l43r5u0asdfas",
		.cseq = 39234321,
		.from = "example.net",
		.from_tag = "3ghsd41",
		.to = "example.com",
		.vias = "UDP host1.example.com",
		.headers = 7,
		.body = 0,
	},
	/* 3.3.12 REGISTER with a Contact Header Parameter. */
	{
		.name = "cparam01",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "cparam01.70710@saturn.example.com",
		.cseq = 2,
		.from = "example.com",
		.from_tag = "DkfVgjkrtMwaerKKpe",
		.to = "example.com",
		.vias = "UDP saturn.example.com:5060",
		.contacts = "gw1.example.net",
		.headers = 8,
		.body = 0,
	},
	/* 3.3.13 REGISTER with a url-parameter. */
	{
		.name = "cparam02",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "cparam02.70710@saturn.example.com",
		.cseq = 3,
		.from = "example.com",
		.from_tag = "838293",
		.to = "example.com",
		.vias = "UDP saturn.example.com:5060",
		.contacts = "gw1.example.net",
		.headers = 8,
		.body = 0,
	},
	/* 3.3.14 REGISTER with a URL Escaped Header. */
	{
		.name = "regescrt",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "regescrt.k345asrl3fdbv@192.0.2.1",
		.cseq = 14398234,
		.from = "example.com",
		.from_tag = "8",
		.to = "example.com",
		.vias = "UDP host5.example.com",
		.contacts = "example.com",
		.headers = 8,
		.body = 0,
	},
	/* 3.3.15 Unacceptable Accept Offering. */
	{
		.name = "sdp01",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "sdp01.ndaksdj9342dasdd",
		.cseq = 8,
		.from = "example.net",
		.from_tag = "234",
		.to = "example.com",
		.vias = "UDP 192.0.2.15",
		.contacts = "host15.example.net",
		.headers = 10,
		.body = 150,
		.media = "audio 49217 192.0.2.5, video 3227 192.0.2.5",
	},
	/* 3.4.1 INVITE with RFC 2543 Syntax. RFC 2543: no tag, no branch, no Max-Forwards, no
	 * Content-Length. */
	{
		.name = "inv2543",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "inv2543.1717@ift.client.example.com",
		.cseq = 56,
		.from = "ift.client.example.net",
		.to = "ss1.example.net",
		.vias = "UDP iftgw.example.com",
		.record_routes = "example.com",
		.headers = 7,
		.body = 105,
		.media = "audio 49217 192.0.2.5",
	},
};

#endif
