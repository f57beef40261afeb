/* SPDX-License-Identifier: BSD-3-Clause */
/* Foreign bytes as UTF-8. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of the UTF-8 character at `text`, of which `left` bytes are there (RFC 3629 4); 0: it is none. */
static inline size_t
utf8_length(const uint8_t *text, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t length;

	if (left == 0)
		return 0;
	if (*text < 0x80)
		return 1;
	if (*text < 0xc2 || *text > 0xf4)
		return 0;
	length = *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	if (length > left)
		return 0;
	if (*text == 0xe0) /* a shorter form exists */
		low = 0xa0;
	else if (*text == 0xed) /* surrogates */
		high = 0x9f;
	else if (*text == 0xf0)
		low = 0x90;
	else if (*text == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf) {
		if (text[i] < low || text[i] > high)
			return 0;
	}
	return length;
}

#endif
