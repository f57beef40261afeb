/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages made to be expensive: one pattern over and over in the place where a careless reader
 * would go back, count again or search from the beginning. `lines` times (head, pattern up to
 * `bytes`, tail), between the beginning of an INVITE and its end.
 */
#ifndef BENCH_SIP_NASTY_H
#define BENCH_SIP_NASTY_H

#include <stdbool.h>
#include <stdint.h>

struct nasty {
	const char *name;
	const char *head, *pattern, *tail;
	uint32_t bytes, lines;
	const char *body_head, *body_pattern, *body_tail; /* NULL: no body */
	uint32_t body_bytes;
	bool bare; /* not in an INVITE */
};

#define NASTY_LINE(what, before, repeated) \
	{ \
		.name = what, .head = before, .pattern = repeated, .tail = "\r\n", .bytes = 8000, \
		.lines = 1 \
	}
#define NASTY_LINES(what, before, repeated, size, count) \
	{ \
		.name = what, .head = before, .pattern = repeated, .tail = "\r\n", .bytes = size, \
		.lines = count \
	}
#define NASTY_BODY(what, type, before, repeated, after) \
	{ \
		.name = what, .head = "Content-Type: " type, .pattern = "", .tail = "\r\n", \
		.lines = 1, .body_head = before, .body_pattern = repeated, .body_tail = after, \
		.body_bytes = 60000 \
	}
#define NASTY_BARE(what, before, repeated) \
	{ \
		.name = what, .head = before, .pattern = repeated, .tail = "", .bytes = 65000, \
		.lines = 1, .bare = true \
	}
#define NASTY_VIA "Via: SIP/2.0/UDP 10.0.0.5"
#define NASTY_SDP \
	"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n" \
	"m=audio 40000 RTP/AVP 0\r\n"
#define NASTY_BOUNDARY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

static const struct nasty nasties[] = {
	NASTY_LINE("8 KB of commas in a Via", "Via: ", ","),
	NASTY_LINES("64 KB of commas in eight Vias", "Via: ", ",", 8000, 7),
	NASTY_LINE("semicolons in a Via", NASTY_VIA, ";"),
	NASTY_LINE("spaced semicolons in a Via", NASTY_VIA, " ; "),
	NASTY_LINE("parameters named m in a Via", NASTY_VIA, ";m"),
	NASTY_LINE("parameters like rport in a Via", NASTY_VIA, ";rporz=1"),
	NASTY_LINE("parameters with quotes in a Via", NASTY_VIA, ";r=\"\""),
	NASTY_LINE("short values in a Via", NASTY_VIA, ",SIP/2.0/UDP a"),
	NASTY_LINE("addresses in a Via", NASTY_VIA, ",SIP/2.0/UDP 10.1.1.1"),
	NASTY_LINE("equal signs in a Via", NASTY_VIA ";", "="),
	NASTY_LINE("slashes in a Via", "Via: ", "/"),
	NASTY_LINE("open comments in a Via", NASTY_VIA " ", "("),
	NASTY_LINE("open comments in a parameter", NASTY_VIA ";a=", "("),
	NASTY_LINE("nested comments with escapes", NASTY_VIA " ", "(\\)"),
	NASTY_LINE("empty comments", NASTY_VIA " ", "()"),
	NASTY_LINE("comments and commas", NASTY_VIA, "(,),"),
	NASTY_LINE("quotes in a Contact", "Contact: ", "\""),
	NASTY_LINE("escaped quotes, never closed", "Contact: \"", "\\\""),
	NASTY_LINE("one quote, never closed", "Contact: \"", "a"),
	NASTY_LINE("quote and comma", "Contact: ", "\","),
	NASTY_LINE("quoted names", "Contact: <sip:a>", ",\"a\" <sip:a>"),
	NASTY_LINE("opening brackets", "Contact: ", "<"),
	NASTY_LINE("closing brackets", "Contact: <", ">"),
	NASTY_LINE("brackets and commas", "Contact: ", "<>,"),
	NASTY_LINE("bracket never closed, commas", "Contact: <", ",<"),
	NASTY_LINE("short URIs in a Contact", "Contact: sip:a", ",sip:a"),
	NASTY_LINE("letters in a Contact", "Contact: a", ",a"),
	NASTY_LINE("letters and dots in a Contact", "Contact: a", ",a."),
	NASTY_LINE("brackets, dots and commas", "Contact: ", "<.>,"),
	NASTY_LINE("dots in values of 11 letters", "Contact: a", ",sip:a.b.c.d"),
	NASTY_LINE("stars in a Contact", "Contact: *", ",*"),
	NASTY_LINE("quotes in front of a dot", "Contact: .", "\""),
	NASTY_LINE("quoted commas in front of a dot", "Contact: .", ",\"a,\""),
	NASTY_LINE("inside addresses in a Contact", "Contact: sip:a", ",sip:10.1.1.1"),
	NASTY_LINE("other addresses in a Contact", "Contact: sip:a", ",sip:1.1.1.1:5060"),
	NASTY_LINE("addresses like 1.1.1.1.", "Contact: sip:", "1.1.1.1."),
	NASTY_LINE("bracketed IPv6 in a Contact", "Contact: sip:a", ",sip:[::1]:5060"),
	NASTY_LINE("URI parameters like transport", "Contact: <sip:a", ";transpoRt1=x"),
	NASTY_LINE("URI parameters named t and m", "Contact: <sip:a", ";t;m"),
	NASTY_LINE("header parameters like expires", "Contact: <sip:a>", ";expirez=1"),
	NASTY_LINE("parameters like tag in a From", "From: <sip:a>", ";tak=1"),
	NASTY_LINE("colons in a Contact", "Contact: sip:", ":"),
	NASTY_LINE("at signs in a Contact", "Contact: <sip:", "a@"),
	NASTY_LINE("question marks in a Contact", "Contact: <sip:a", "?"),
	NASTY_LINE("square brackets in a Contact", "Contact: <sip:", "["),
	NASTY_LINE("closed square brackets", "Contact: <sip:", "[]"),
	NASTY_LINE("percent signs in a Contact", "Contact: <sip:", "%"),
	NASTY_LINE("short routes", "Route: <sip:a>", ",<sip:a>"),
	NASTY_LINES("short routes, 64 KB", "Route: <sip:a>", ",<sip:a>", 8000, 7),
	NASTY_LINE("empty identities", "P-Asserted-Identity: ", "<>,"),
	NASTY_LINE("folds", "Subject: a", "\r\n a"),
	NASTY_LINE("folds in a Via", NASTY_VIA, "\r\n ;a"),
	NASTY_LINE("LF-only folds in a Contact", "Contact: <sip:a>", "\n ,"),
	NASTY_LINE("spaces before a value", "Subject:", " "),
	NASTY_LINE("spaces before a colon", "Subject", " "),
	NASTY_LINE("spaces in a Via", NASTY_VIA, " "),
	NASTY_LINE("spaces in a From", "From: <sip:a> ", " "),
	NASTY_LINE("a long name", "X", "a"),
	NASTY_LINE("zeros in a Content-Length", "Content-Length: ", "0"),
	NASTY_LINE("zeros in a CSeq", "CSeq: ", "0"),
	NASTY_LINES("headers of one letter", "a:", "", 0, 110),
	NASTY_LINES("Vias of one letter", "v:a", "", 0, 110),
	NASTY_LINES("Contacts of one letter", "m:a", "", 0, 110),
	NASTY_LINES("Call-IDs of one letter", "i:a", "", 0, 110),
	NASTY_LINES("Froms of one letter", "f:a", "", 0, 110),
	NASTY_LINES("repeated Content-Length", "l:0", "", 0, 110),
	NASTY_LINES("routes of one letter", "Route:a", "", 0, 110),
	NASTY_LINES("an open quote a line", "m: \"", "a", 60, 110),
	NASTY_LINES("an open bracket a line", "m: <", "a", 60, 110),
	NASTY_LINES("110 lines of 500 commas", "v: ", ",", 500, 110),
	NASTY_LINES("16,000 headers of one letter", "a:", "", 0, 16000),
	NASTY_LINES("headers without colons", "a", "", 0, 16000),
	NASTY_BODY("64 KB of text", "text/plain", "", "abcd efgh\r\n", ""),
	NASTY_BODY("64 KB of SDP attributes", "application/sdp", NASTY_SDP, "a=b\r\n", ""),
	NASTY_BODY("the shortest SDP lines", "application/sdp", NASTY_SDP, "a=\n", ""),
	NASTY_BODY(
		"attributes like candidate", "application/sdp", NASTY_SDP, "a=candidate:\r\n", ""),
	NASTY_BODY("c= lines", "application/sdp", NASTY_SDP, "c=IN IP4 10.0.0.5\r\n", ""),
	NASTY_BODY("short c= lines", "application/sdp", NASTY_SDP, "c=IN IP4 a\n", ""),
	NASTY_BODY("a=rtcp lines", "application/sdp", NASTY_SDP, "a=rtcp:1\n", ""),
	NASTY_BODY("a=rtcp-mux lines", "application/sdp", NASTY_SDP, "a=rtcp-mux\n", ""),
	NASTY_BODY("a=sendrecv lines", "application/sdp", NASTY_SDP, "a=sendrecv\n", ""),
	NASTY_BODY("a=group lines", "application/sdp", NASTY_SDP, "a=group:BUNDLE 0\n", ""),
	NASTY_BODY("one long attribute", "application/sdp", NASTY_SDP, "a", ""),
	NASTY_BODY("an attribute of spaces", "application/sdp", NASTY_SDP "a=candidate:", " ", ""),
	NASTY_BODY("an m= line of spaces", "application/sdp", NASTY_SDP "m=audio", " ", ""),
	NASTY_BODY("empty lines in SDP", "application/sdp", NASTY_SDP, "\r\n", ""),
	NASTY_BODY("boundaries", "multipart/mixed;boundary=b", "", "--b\r\n", ""),
	NASTY_BODY("almost boundaries", "multipart/mixed;boundary=b", "", "\r\n--c", ""),
	NASTY_BODY("LF-only almost boundaries", "multipart/mixed;boundary=b", "", "\n--", ""),
	NASTY_BODY("dashes", "multipart/mixed;boundary=b", "\r\n", "-", ""),
	NASTY_BODY(
		"line ends before a boundary", "multipart/mixed;boundary=b", "", "\r\n", "--b--"),
	NASTY_BODY("long almost boundaries", "multipart/mixed;boundary=" NASTY_BOUNDARY, "",
		"\r\n--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", ""),
	NASTY_BODY("empty parts", "multipart/mixed;boundary=b", "", "--b\r\n\r\n\r\n", "--b--"),
	NASTY_BODY("parts with a header", "multipart/mixed;boundary=b", "",
		"--b\r\nContent-Type: text/plain\r\n\r\n\r\n", "--b--"),
	NASTY_BODY("parts with a header of one letter", "multipart/mixed;boundary=b", "--b\r\n",
		"a:\r\n", "\r\nx\r\n--b--"),
	NASTY_BODY("multiparts in multiparts", "multipart/mixed;boundary=b", "",
		"--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n", ""),
	NASTY_BODY("depth four, almost boundaries", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n"
		"--c\r\nContent-Type: multipart/mixed;boundary=d\r\n\r\n"
		"--d\r\nContent-Type: multipart/mixed;boundary=e\r\n\r\n--e\r\n\r\n",
		"\n--f", ""),
	NASTY_BODY("depth four, unclosed parts", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n"
		"--c\r\nContent-Type: multipart/mixed;boundary=d\r\n\r\n"
		"--d\r\nContent-Type: multipart/mixed;boundary=e\r\n\r\n",
		"--e\r\n\r\n", ""),
	NASTY_BARE("64 KB of CRLF", "", "\r\n"),
	NASTY_BARE("64 KB of CR", "", "\r"),
	NASTY_BARE("64 KB of spaces", "", " "),
	NASTY_BARE("64 KB of one letter", "", "a"),
	NASTY_BARE("64 KB of high bytes", "", "\xff"),
	NASTY_BARE("a request line without end", "INVITE sip:", "a"),
	NASTY_BARE("a status line without end", "SIP/2.0 200 ", " "),
};

enum { NASTIES = sizeof(nasties) / sizeof(nasties[0]) };

#endif
