/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading words, numbers and addresses out of slices. No state, nothing is copied.
 */
#include "sip/uri_priv.h"
#include "sip/usual_priv.h"

static inline bool
is_letter(char byte)
{
	return (uint8_t)((byte | 0x20) - 'a') < 26;
}

bool
slice_is(struct slice slice, const char *word)
{
	for (uint32_t i = 0; i < slice.length; i++) {
		const uint8_t differs = (uint8_t)(slice.at[i] ^ word[i]);

		/* The NUL ends the comparison: a NUL in the text must not pass for it. */
		if (word[i] == '\0')
			return false;
		if (differs != 0 && (differs != 0x20 || !is_letter(word[i])))
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

bool
slice_ipv4(struct slice slice, uint32_t *address)
{
	if (slice.length < 7 || slice.length > 15)
		return false;
	if (usual_able() && usual_quad(slice, address))
		return true;
	return ipv4_read(slice.at, slice.at + slice.length, address) == slice.at + slice.length;
}
