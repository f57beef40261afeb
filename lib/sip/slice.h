/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slices: pointer and length into a message that somebody else keeps. No NUL, no copy.
 */
#ifndef SIP_SLICE_H
#define SIP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *at; /* NULL: absent (length 0 with at set: present and empty) */
	uint32_t length;
};

static inline struct slice
slice_of(const char *from, const char *to)
{
	return (struct slice){from, (uint32_t)(to - from)};
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

/** Compare with a NUL-ended ASCII word, case ignored (RFC 3261 7.3.1). */
bool slice_is(struct slice slice, const char *word);

/** Without leading and trailing space, tab, CR, LF. */
struct slice slice_trim(struct slice slice);

/** Whole slice as a decimal number up to `max`; false when empty, no number or larger. */
bool slice_number(struct slice slice, uint64_t max, uint64_t *number);

/** Whole slice as dotted-quad IPv4 (RFC 3986 IPv4address, no leading zeros beyond "0");
 *  *address in network byte order. */
bool slice_ipv4(struct slice slice, uint32_t *address);

#endif
