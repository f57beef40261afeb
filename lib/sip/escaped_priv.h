/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One byte of escaped text.
 */
#ifndef SIP_ESCAPED_PRIV_H
#define SIP_ESCAPED_PRIV_H

#include "sip/escaped.h"

static inline uint32_t
hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return (uint32_t)(byte - '0');
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? (uint32_t)(byte - 'a' + 10) : UINT32_MAX;
}

/* The byte at *p, which is not `end`, and on behind it. */
static inline char
escaped_byte(const char **p, const char *end)
{
	const char *const at = *p;

	if (*at == '%' && end - at >= 3 && hex_digit(at[1]) < 16 && hex_digit(at[2]) < 16) {
		*p = at + 3;
		return (char)(hex_digit(at[1]) << 4 | hex_digit(at[2]));
	}
	*p = at + 1;
	return *at;
}

#endif
