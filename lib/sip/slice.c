/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading words, numbers and addresses out of slices. No state, nothing is copied.
 */
#include "sip/scan_priv.h"

static inline char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

bool
slice_is(struct slice slice, const char *word)
{
	for (uint32_t i = 0; i < slice.length; i++) {
		/* The NUL ends the comparison: a NUL in the text must not pass for it. */
		if (word[i] == '\0' || lower(slice.at[i]) != lower(word[i]))
			return false;
	}
	return word[slice.length] == '\0';
}

struct slice
slice_trim(struct slice slice)
{
	if (slice.at == NULL)
		return slice;
	return scan_trim(slice.at, slice.at + slice.length);
}

bool
slice_number(struct slice slice, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (slice.length == 0)
		return false;
	/* Short ones cannot overflow: one comparison at the end. */
	if (slice.length <= 9) {
		for (uint32_t i = 0; i < slice.length; i++) {
			const uint8_t digit = (uint8_t)(slice.at[i] - '0');

			if (digit > 9)
				return false;
			value = value * 10 + digit;
		}
		if (value > max)
			return false;
		*number = value;
		return true;
	}
	for (uint32_t i = 0; i < slice.length; i++) {
		const uint8_t digit = (uint8_t)(slice.at[i] - '0');

		if (digit > 9 || value > (max - digit) / 10 || max < digit)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

/* One octet at *p, which moves behind it; more than 255: none. */
static inline __attribute__((always_inline)) uint32_t
octet_read(const char **p, const char *end)
{
	const char *const start = *p;
	uint32_t value, digit;

	if (start == end || (value = (uint8_t)(*start - '0')) > 9)
		return UINT32_MAX;
	*p = start + 1;
	/* No leading zeros: what follows one is no digit. */
	for (int i = 1; i < 3 && value > 0; i++) {
		if (*p == end || (digit = (uint8_t)(**p - '0')) > 9)
			break;
		value = value * 10 + digit;
		(*p)++;
	}
	return value;
}

bool
slice_ipv4(struct slice slice, uint32_t *address)
{
	const char *p = slice.at;
	const char *const end = p + slice.length;
	uint8_t octets[4];

	if (slice.length < 7 || slice.length > 15)
		return false;
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		if (i > 0 && (p == end || *p++ != '.'))
			return false;

		const uint32_t value = octet_read(&p, end);

		if (value > 255)
			return false;
		octets[i] = (uint8_t)value;
	}
	if (p != end)
		return false;
	memcpy(address, octets, sizeof(octets));
	return true;
}
