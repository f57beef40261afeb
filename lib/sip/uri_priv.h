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

/* A byte as a digit; over 9: none, 0xff also behind the end, if that is to be looked at. */
static inline __attribute__((always_inline)) uint32_t
digit_at(const char *p, const char *end, bool near)
{
	return !near || p < end ? (uint8_t)(*p - '0') : 0xff;
}

/* One octet at *p, which moves behind it; more than 255: none. No leading zeros: what follows one
 * is no digit of it. */
static inline __attribute__((always_inline)) uint32_t
octet_read(const char **p, const char *end, bool near)
{
	const char *const start = *p;
	uint32_t value = digit_at(start, end, near), digit;

	if (value > 9)
		return UINT32_MAX;
	*p = start + 1;
	digit = digit_at(start + 1, end, near);
	if (digit > 9 || value == 0)
		return value;
	value = value * 10 + digit;
	*p = start + 2;
	digit = digit_at(start + 2, end, near);
	if (digit > 9)
		return value;
	*p = start + 3;
	return value * 10 + digit;
}

/* `near`: the end may be within the quad. */
static inline __attribute__((always_inline)) const char *
quad_read(const char *p, const char *end, bool near, uint32_t *address)
{
	uint32_t quad = 0, octet;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		if (i > 0 && ((near && p == end) || *p++ != '.'))
			return NULL;
		octet = octet_read(&p, end, near);
		if (octet > 255)
			return NULL;
		quad = quad << 8 | octet;
	}
	*address = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(quad) : quad;
	return p;
}

/* A dotted quad at p, *address in network order. Where it ends, or NULL; what follows is the
 * caller's to judge. */
static inline const char *
ipv4_read(const char *p, const char *end, uint32_t *address)
{
	return end - p >= 16 ? quad_read(p, end, false, address) : quad_read(p, end, true, address);
}

/*
 * First of four bytes in [p, end), of which all from `base` on may be read: the short rest of a
 * longer text, which scan_four() would take byte by byte, is one block that ends at `end`.
 */
static inline __attribute__((always_inline)) const char *
find_four(const char *base, const char *p, const char *end, char a, char b, char c, char d)
{
#ifdef SCAN_SSE2
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
	if (end - p >= 8) {
		hits = scan_short(p, end, a, b, c, d);
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
