/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Character classes, quoted strings and comments (RFC 3261 25.1). No state.
 */
#include "sip/scan_priv.h"

enum {
	ALPHA = SCAN_TOKEN | SCAN_HOST | SCAN_SCHEME,
	HEX = ALPHA | SCAN_IPV6,
	DIGIT = HEX | SCAN_DIGIT,
	SPACE = SCAN_LWS | SCAN_VALUE_END | SCAN_NAME_END,
};

const uint8_t scan_class[256] = {
	[' '] = SPACE,
	['\t'] = SPACE,
	['\r'] = SPACE,
	['\n'] = SPACE,
	[';'] = SCAN_VALUE_END | SCAN_NAME_END,
	['='] = SCAN_NAME_END,
	['"'] = SCAN_NAME_END,
	['0' ... '9'] = DIGIT,
	['A' ... 'F'] = HEX,
	['G' ... 'Z'] = ALPHA,
	['a' ... 'f'] = HEX,
	['g' ... 'z'] = ALPHA,
	['-'] = SCAN_TOKEN | SCAN_HOST | SCAN_SCHEME,
	['.'] = SCAN_TOKEN | SCAN_HOST | SCAN_SCHEME | SCAN_IPV6,
	[':'] = SCAN_IPV6,
	['_'] = SCAN_TOKEN | SCAN_HOST,
	['%'] = SCAN_TOKEN | SCAN_HOST,
	['+'] = SCAN_TOKEN | SCAN_SCHEME,
	['!'] = SCAN_TOKEN,
	['*'] = SCAN_TOKEN,
	['`'] = SCAN_TOKEN,
	['\''] = SCAN_TOKEN,
	['~'] = SCAN_TOKEN,
	[0x80 ... 0xff] = SCAN_HOST,
};

const char *
scan_quoted(const char *p, const char *end)
{
	/* "" */
	if (end - p >= 2 && p[1] == '"')
		return p + 2;
	for (p++;;) {
		p = scan_two(p, end, '"', '\\');
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (end - p < 2)
			return NULL;
		p += 2;
	}
}

/* Byte by byte: comments are short, and in a row of parentheses every block would be looked at again
 * for each of them. */
const char *
scan_comment(const char *p, const char *end)
{
	uint32_t depth = 0;

	for (; p < end; p++) {
		if (*p == '(') {
			depth++;
		} else if (*p == ')') {
			if (--depth == 0)
				return p + 1;
		} else if (*p == '\\' && ++p == end) {
			return NULL;
		}
	}
	return NULL;
}
