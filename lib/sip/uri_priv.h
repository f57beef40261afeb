/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host[:port] as part of a URI or a sent-by, and looking for bytes in the rest of a value.
 */
#ifndef SIP_URI_PRIV_H
#define SIP_URI_PRIV_H

#include "sip/scan_priv.h"
#include "sip/uri.h"

/* Read host[:port] at p; `spaces`: allowed round the colon (sent-by). Where it ends, or NULL when
 * there is no host or a port that is none. */
const char *hostport_read(const char *p, const char *end, bool spaces, struct sip_hostport *host);

/* One octet at *p, which moves behind it; more than 255: none. No leading zeros: what follows one
 * is no digit of it. */
static inline __attribute__((always_inline)) uint32_t
octet_read(const char **p, const char *end)
{
	const char *const start = *p;
	uint32_t value, digit;

	if (start == end || (value = (uint8_t)(*start - '0')) > 9)
		return UINT32_MAX;
	*p = start + 1;
	for (int i = 1; i < 3 && value > 0; i++) {
		if (*p == end || (digit = (uint8_t)(**p - '0')) > 9)
			break;
		value = value * 10 + digit;
		(*p)++;
	}
	return value;
}

/* A dotted quad at p, *address in network order. Where it ends, or NULL; what follows is the
 * caller's to judge. */
static inline const char *
ipv4_read(const char *p, const char *end, uint32_t *address)
{
	uint8_t octets[4];

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		if (i > 0 && (p == end || *p++ != '.'))
			return NULL;

		const uint32_t value = octet_read(&p, end);

		if (value > 255)
			return NULL;
		octets[i] = (uint8_t)value;
	}
	memcpy(address, octets, sizeof(octets));
	return p;
}

/*
 * First of four bytes in [p, end), of which all from `base` on may be read: the short rest of a
 * longer text, which scan_four() would take byte by byte, is one block that ends at `end`.
 */
static inline __attribute__((always_inline)) const char *
find_four(const char *base, const char *p, const char *end, char a, char b, char c, char d)
{
#ifdef __SSE2__
	uint32_t hits;

	for (; end - p >= 16; p += 16) {
		hits = scan_block(p, a, b, c, d);
		if (hits != 0)
			return p + __builtin_ctz(hits);
	}
	if (end - base >= 16) {
		hits = scan_block(end - 16, a, b, c, d) >> (16 - (end - p));
		return hits != 0 ? p + __builtin_ctz(hits) : end;
	}
#else
	(void)base;
#endif
	while (p < end && *p != a && *p != b && *p != c && *p != d)
		p++;
	return p;
}

static inline __attribute__((always_inline)) const char *
find_two(const char *base, const char *p, const char *end, char a, char b)
{
	return find_four(base, p, end, a, b, a, b);
}

/* Past digits at *p as a number up to `max`; false when there are none or too many. */
static inline bool
number_read(const char **p, const char *end, uint64_t max, uint64_t *number)
{
	const char *const start = *p;

	*p = scan_class_end(start, end, SCAN_DIGIT);
	return slice_number(slice_of(start, *p), max, number);
}

#endif
