/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 4475 section 3.1 in its order: syntax. Those that the RFC calls invalid are refused where two
 * readers could see two messages in them, or no call; else they go on, and what is wrong with them
 * is for their receiver.
 */
#ifndef SIP_TORTURE_SYNTAX_H
#define SIP_TORTURE_SYNTAX_H

#include "torture.h"

static const struct torture torture_syntax[] = {
	/* 3.1.1.1 A Short Tortuous INVITE. Folds, short forms, escaped quotes, empty and unknown
	 * headers; valid. */
	{
		.name = "wsinv",
		.method = "INVITE",
		.uri = "chair-dnrc.example.com",
		.call_id = "wsinv.ndaksdj@192.0.2.1",
		.cseq = 9,
		.from = "example.com",
		.from_tag = "98asjd8",
		.to = "chair-dnrc.example.com",
		.to_tag = "1918181833n",
		.vias = "UDP 192.0.2.2, TCP spindle.example.com, UDP 192.168.255.111",
		.contacts = "example.com",
		.routes = "services.example.com",
		.headers = 14,
		.body = 150,
		.media = "audio 49217 192.0.2.4, video 3227 192.0.2.4",
	},
	/* 3.1.1.2 Wide Range of Valid Characters. Every character a token may have, a NUL behind a
	 * backslash, UTF-8; valid. */
	{
		.name = "intmeth",
		.method = "!interesting-Method0123456789_*+`.%indeed'~",
		.uri = "example.com",
		.call_id = "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
		.cseq = 139122385,
		.from = "example.com",
		.from_tag = "_token~1'+`*%!-.",
		.to = "example.com",
		.vias = "TCP host1.example.com",
		.headers = 8,
		.body = 0,
	},
	/* 3.1.1.3 Valid Use of the % Escaping Mechanism. Percent escapes stay as they are written. */
	{
		.name = "esc01",
		.method = "INVITE",
		.uri = "example.net",
		.call_id = "esc01.239409asdfakjkn23onasd0-3234",
		.cseq = 234234,
		.from = "example.net",
		.from_tag = "938",
		.to = "example.com",
		.vias = "UDP host5.example.net",
		.contacts = "host5.example.net",
		.headers = 9,
		.body = 150,
		.media = "audio 49217 192.0.2.1, video 3227 192.0.2.1",
	},
	/* 3.1.1.4 Escaped Nulls in URIs. */
	{
		.name = "escnull",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd",
		.cseq = 14398234,
		.from = "example.com",
		.from_tag = "839923423",
		.to = "example.com",
		.vias = "UDP host5.example.com",
		.contacts = "host5.example.com, host5.example.com",
		.headers = 9,
		.body = 0,
	},
	/* 3.1.1.5 Use of % When It Is Not an Escape. RE%47IST%45R is no REGISTER and C%6Fntact no
	 * Contact. */
	{
		.name = "esc02",
		.method = "RE%47IST%45R",
		.uri = "registrar.example.com",
		.call_id = "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf",
		.cseq = 29344,
		.from = "example.com",
		.from_tag = "f232jadfj23",
		.to = "example.com",
		.vias = "TCP host.example.com",
		.contacts = "host1.example.com, host3.example.com",
		.headers = 10,
		.body = 0,
	},
	/* 3.1.1.6 Message with No LWS between Display Name and <. */
	{
		.name = "lwsdisp",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "lwsdisp.1234abcd@funky.example.com",
		.cseq = 60,
		.from = "example.com",
		.from_tag = "323",
		.to = "example.com",
		.vias = "UDP funky.example.com",
		.headers = 7,
		.body = 0,
	},
	/* 3.1.1.7 Long Values in Header Fields. 34 Vias; no name, value or parameter is cut. */
	{
		.name = "longreq",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "longreq."
			   "onereallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyre"
			   "allyreallyreallyreallyreallyreallyreallyreallyreallylongcallid",
		.cseq = 3882340,
		.from = "example.net",
		.from_tag = "1298298298298298298298298298298298298298298298298298298298298298298298"
			    "2982982982982982982982982982982982982982982982982982982982982982982982"
			    "982982982982424",
		.to = "example.com:6000",
		.vias = "TCP sip33.example.com, TCP sip32.example.com, TCP sip31.example.com, TCP "
			"sip30.example.com, TCP sip29.example.com, TCP sip28.example.com, TCP "
			"sip27.example.com, TCP sip26.example.com, TCP sip25.example.com, TCP "
			"sip24.example.com, TCP sip23.example.com, TCP sip22.example.com, TCP "
			"sip21.example.com, TCP sip20.example.com, TCP sip19.example.com, TCP "
			"sip18.example.com, TCP sip17.example.com, TCP sip16.example.com, TCP "
			"sip15.example.com, TCP sip14.example.com, TCP sip13.example.com, TCP "
			"sip12.example.com, TCP sip11.example.com, TCP sip10.example.com, TCP "
			"sip9.example.com, TCP sip8.example.com, TCP sip7.example.com, TCP "
			"sip6.example.com, TCP sip5.example.com, TCP sip4.example.com, TCP "
			"sip3.example.com, TCP sip2.example.com, TCP sip1.example.com, TCP "
			"host.example.com",
		.contacts = "host5.example.net",
		.headers = 43,
		.body = 150,
		.media = "audio 49217 192.0.2.1, video 3227 192.0.2.1",
	},
	/* 3.1.1.8 Extra Trailing Octets in a UDP Datagram. A datagram holds one message: what
	 * follows Content-Length is not looked at, but kept. */
	{
		.name = "dblreq",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "dblreq.0ha0isndaksdj99sdfafnl3lk233412",
		.cseq = 8,
		.from = "example.com",
		.from_tag = "43251j3j324",
		.to = "example.com",
		.vias = "UDP 192.0.2.125",
		.contacts = "host.example.com",
		.headers = 8,
		.body = 0,
	},
	/* 3.1.1.9 Semicolon-Separated Parameters in URI User Part. The user part has a semicolon,
	 * which begins no URI parameter. */
	{
		.name = "semiuri",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "semiuri.0ha0isndaksdj",
		.cseq = 8,
		.from = "example.org",
		.from_tag = "33242",
		.to = "example.com",
		.vias = "UDP 192.0.2.1",
		.headers = 8,
		.body = 0,
	},
	/* 3.1.1.10 Varied and Unknown Transport Types. */
	{
		.name = "transports",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "transports.kijh4akdnaqjkwendsasfdj",
		.cseq = 60,
		.from = "example.com",
		.from_tag = "323",
		.to = "example.com",
		.vias = "UDP t1.example.com, SCTP t2.example.com, TLS t3.example.com, UNKNOWN "
			"t4.example.com, TCP t5.example.com",
		.headers = 12,
		.body = 0,
	},
	/* 3.1.1.11 Multipart MIME Message. A binary part; no description in it. */
	{
		.name = "mpart01",
		.method = "MESSAGE",
		.uri = "example.org",
		.call_id = "3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
		.cseq = 1,
		.from = "example.com",
		.from_tag = "2fb0dcc9",
		.to = "example.org",
		.vias = "UDP 127.0.0.1:5070",
		.contacts = "127.0.0.1:5070",
		.routes = "127.0.0.1:5080",
		.headers = 14,
		.body = 553,
	},
	/* 3.1.1.12 Unusual Reason Phrase. UTF-8 in the reason phrase. */
	{
		.name = "unreason",
		.status = 200,
		.call_id = "unreason.1234ksdfak3j2erwedfsASdf",
		.cseq = 35,
		.from = "example.com",
		.from_tag = "11141343",
		.to = "example.edu",
		.to_tag = "2229",
		.vias = "UDP 192.0.2.198",
		.contacts = "host198.example.com",
		.headers = 8,
		.body = 154,
		.media = "audio 49217 192.0.2.198, video 3227 192.0.2.198",
	},
	/* 3.1.1.13 Empty Reason Phrase. */
	{
		.name = "noreason",
		.status = 100,
		.call_id = "noreason.asndj203insdf99223ndf",
		.cseq = 35,
		.from = "example.com",
		.from_tag = "39ansfi3",
		.to = "example.edu",
		.to_tag = "902jndnke3",
		.vias = "UDP 192.0.2.105",
		.contacts = "host105.example.com",
		.headers = 7,
		.body = 0,
	},
	/* 3.1.2.1 Extraneous Header Field Separators. Invalid: separators without values. What can
	 * be read is, what cannot stays. */
	{
		.name = "badinv01",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "badinv01.0ha0isndaksdjasdf3234nas",
		.cseq = 8,
		.from = "example.net",
		.from_tag = "134161461246",
		.to = "example.com",
		.vias = "UDP 192.0.2.15, ?",
		.contacts = "example.org",
		.headers = 9,
		.body = 152,
		.media = "audio 49217 192.0.2.15, video 3227 192.0.2.15",
	},
	/* 3.1.2.2 Content Length Larger Than Message. Content-Length is more than there is. */
	{
		.name = "clerr",
		.error = SIP_ERROR_CONTENT_LENGTH,
		.offset = 336,
	},
	/* 3.1.2.3 Negative Content-Length. */
	{
		.name = "ncl",
		.error = SIP_ERROR_CONTENT_LENGTH,
		.offset = 326,
	},
	/* 3.1.2.4 Request Scalar Fields with Overlarge Values. CSeq is beyond 32 bits. */
	{
		.name = "scalar02",
		.error = SIP_ERROR_CSEQ,
		.offset = 174,
	},
	/* 3.1.2.5 Response Scalar Fields with Overlarge Values. */
	{
		.name = "scalarlg",
		.error = SIP_ERROR_CSEQ,
		.offset = 198,
	},
	/* 3.1.2.6 Unterminated Quoted String in Display Name. Invalid: the To has a quote that is
	 * never closed. Its receiver will refuse it; From, Contact and the description are read
	 * none the less. */
	{
		.name = "quotbal",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "quotbal.aksdj",
		.cseq = 8,
		.from = "example.net",
		.from_tag = "93334",
		.to = "?",
		.vias = "UDP 192.0.2.59:5050",
		.contacts = "host59.example.net",
		.headers = 9,
		.body = 152,
		.media = "audio 49217 192.0.2.15, video 3227 192.0.2.15",
	},
	/* 3.1.2.7 <> Enclosing Request-URI. Invalid: the Request-URI has angle brackets round it.
	 * It is left alone. */
	{
		.name = "ltgtruri",
		.method = "INVITE",
		.uri = "?",
		.call_id = "ltgtruri.1@192.0.2.5",
		.cseq = 1,
		.from = "example.net",
		.from_tag = "39291",
		.to = "example.com",
		.vias = "UDP 192.0.2.5",
		.contacts = "host5.example.net",
		.headers = 9,
		.body = 159,
		.media = "audio 49217 192.0.2.5, video 3227 192.0.2.5",
	},
	/* 3.1.2.8 Malformed SIP Request-URI (embedded LWS). A space in the Request-URI makes four
	 * words of three. */
	{
		.name = "lwsruri",
		.error = SIP_ERROR_START_LINE,
		.offset = 0,
	},
	/* 3.1.2.9 Multiple SP Separating Request-Line Elements. Invalid: two spaces. A reader can
	 * only mean the same by them. */
	{
		.name = "lwsstart",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "lwsstart.dfknq234oi243099adsdfnawe3@example.com",
		.cseq = 1893884,
		.from = "example.net",
		.from_tag = "8814",
		.to = "example.com",
		.vias = "UDP host1.example.com",
		.contacts = "host1.example.net",
		.headers = 9,
		.body = 150,
		.media = "audio 49217 192.0.2.1, video 3227 192.0.2.1",
	},
	/* 3.1.2.10 SP Characters at End of Request-Line. Invalid: spaces at the end of the request
	 * line. As above. */
	{
		.name = "trws",
		.method = "OPTIONS",
		.uri = "example.com",
		.call_id = "trws.oicu34958239neffasdhr2345r",
		.cseq = 238923,
		.from = "example.com",
		.from_tag = "329429089",
		.to = "example.com",
		.vias = "TCP host1.examle.com",
		.headers = 8,
		.body = 0,
	},
	/* 3.1.2.11 Escaped Headers in SIP Request-URI. Invalid: a Request-URI with headers. They
	 * are not the host. */
	{
		.name = "escruri",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5",
		.cseq = 149209342,
		.from = "example.net",
		.from_tag = "341518",
		.to = "example.com",
		.vias = "UDP host-of-the-hour.example.com",
		.contacts = "host39923.example.net",
		.headers = 9,
		.body = 150,
		.media = "audio 49217 192.0.2.1, video 3227 192.0.2.1",
	},
	/* 3.1.2.12 Invalid Time Zone in Date Header Field. Invalid: the Date names a zone. Dates
	 * are not read. */
	{
		.name = "baddate",
		.method = "INVITE",
		.uri = "example.com",
		.call_id = "baddate.239423mnsadf3j23lj42--sedfnm234",
		.cseq = 1392934,
		.from = "example.net",
		.from_tag = "2234923",
		.to = "example.com",
		.vias = "UDP host.example.com",
		.contacts = "host5.example.net",
		.headers = 10,
		.body = 150,
		.media = "audio 49217 192.0.2.5, video 3227 192.0.2.5",
	},
	/* 3.1.2.13 Failure to Enclose name-addr URI in <>. Invalid: a question mark outside of
	 * angle brackets. */
	{
		.name = "regbadct",
		.method = "REGISTER",
		.uri = "example.com",
		.call_id = "regbadct.k345asrl3fdbv@10.0.0.1",
		.cseq = 1,
		.from = "example.com",
		.from_tag = "998332",
		.to = "example.com",
		.vias = "UDP 135.180.130.133:5060",
		.contacts = "example.com",
		.headers = 8,
		.body = 0,
	},
	/* 3.1.2.14 Spaces within addr-spec. Invalid: spaces inside the angle brackets of the To. */
	{
		.name = "badaspec",
		.method = "OPTIONS",
		.uri = "example.org",
		.call_id = "badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3",
		.cseq = 3923239,
		.from = "example.com",
		.from_tag = "433423",
		.to = "example.org",
		.vias = "UDP host4.example.com:5060",
		.headers = 8,
		.body = 0,
	},
	/* 3.1.2.15 Non-token Characters in Display Name. The message ends without an empty line.
	 * (Its display names have a comma outside of quotes.) */
	{
		.name = "baddn",
		.error = SIP_ERROR_NO_END,
		.offset = 331,
	},
	/* 3.1.2.16 Unknown Protocol Version. SIP/7.0. */
	{
		.name = "badvers",
		.error = SIP_ERROR_START_LINE,
		.offset = 0,
	},
	/* 3.1.2.17 Start Line and CSeq Method Mismatch. The methods of request line and CSeq
	 * differ. */
	{
		.name = "mismatch01",
		.error = SIP_ERROR_CSEQ,
		.offset = 163,
	},
	/* 3.1.2.18 Unknown Method with CSeq Method Mismatch. */
	{
		.name = "mismatch02",
		.error = SIP_ERROR_CSEQ,
		.offset = 165,
	},
	/* 3.1.2.19 Overlarge Response Code. A status of 4294967301, which is 5 in 32 bits. */
	{
		.name = "bigcode",
		.error = SIP_ERROR_START_LINE,
		.offset = 0,
	},
};

#endif
