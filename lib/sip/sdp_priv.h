/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the readers of a description's lines have in common: lines, words, numbers, addresses.
 */
#ifndef SIP_SDP_PRIV_H
#define SIP_SDP_PRIV_H

#include "sip/marks_priv.h"
#include "sip/scan_priv.h"
#include "sip/sdp.h"

/*
 * The words of a line, parted by spaces. The line's end is marked as if a space stood there, so that
 * every word ends at a mark.
 */
struct words {
	const char *p, *end; /* what is left of the line; p may be one behind its end */
	const char *base;
	uint64_t spaces; /* bit n: a space at base + n, n at or behind p */
	const struct marks *marks;
};

/* Up to 64 bytes of the line. */
static inline uint64_t
words_spaces(const char *p, const char *end, const struct marks *marks)
{
	const uint64_t spaces = marks_spaces(marks, p);

	if (end - p >= 64)
		return spaces;
	return (spaces & ((UINT64_C(1) << (end - p)) - 1)) | UINT64_C(1) << (end - p);
}

/* `text` is part of the text that is marked. */
static inline struct words
words_of(struct slice text, const struct marks *marks)
{
	const char *const end = text.at + text.length;

	return (struct words){text.at, end, text.at, words_spaces(text.at, end, marks), marks};
}

/* The next word; length 0: none is left. */
static inline struct slice
word_next(struct words *words)
{
	const char *p = words->p;

	for (;;) {
		while (__builtin_expect(words->spaces == 0, 0)) {
			if (words->end - words->base < 64)
				return (struct slice){words->end, 0};
			words->base += 64;
			words->spaces = words_spaces(words->base, words->end, words->marks);
		}

		const char *const space = words->base + __builtin_ctzll(words->spaces);

		words->spaces &= words->spaces - 1;
		words->p = space + 1;
		if (space > p)
			return slice_of(p, space);
		p = space + 1;
	}
}

/* What is left of the line. */
static inline struct slice
words_rest(const struct words *words)
{
	return slice_of(words->p < words->end ? words->p : words->end, words->end);
}

/* Does the text begin with this word in small letters, case ignored? *rest: what follows it. */
static inline __attribute__((always_inline)) bool
word_begins(struct slice text, const char *word, struct slice *rest)
{
	const uint32_t length = (uint32_t)__builtin_strlen(word);

	if (text.length < length || !scan_same(text.at, word))
		return false;
	*rest = (struct slice){text.at + length, text.length - length};
	return true;
}

/* The `count` digits before `end`, eight at most; the eight bytes before it may be read. */
static inline bool
digits_read(const char *end, uint32_t count, uint32_t *number)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint32_t others = 64 - count * 8;
	uint64_t word;

	memcpy(&word, end - 8, sizeof(word));
	/* What stands before the digits becomes zeros. */
	word = (word ^ UINT64_C(0x3030303030303030)) >> others << others;
	if (((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080))
		return false;
	/* Pairs, then fours, then all. */
	word = word * (10 << 8 | 1) >> 8 & UINT64_C(0x00ff00ff00ff00ff);
	word = word * (100 << 16 | 1) >> 16 & UINT64_C(0x0000ffff0000ffff);
	*number = (uint32_t)(word * (UINT64_C(10000) << 32 | 1) >> 32);
#else
	uint32_t value = 0;

	for (const char *p = end - count; p < end; p++) {
		const uint8_t digit = (uint8_t)(*p - '0');

		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
#endif
	return true;
}

/* Up to ten digits. Numbers that are read this way stand far enough behind a description's "v=", or
 * behind "a=candidate:", for eight bytes to be read up to their end. */
static inline bool
number_read(struct slice text, uint32_t max, uint32_t *number)
{
	const char *const end = text.at + text.length;
	uint32_t value, high;

	if (text.length - 2 <= 6) {
		if (!digits_read(end, text.length, &value))
			return false;
		*number = value;
		return value <= max;
	}
	if (text.length == 0 || text.length > 10)
		return false;
	high = (uint8_t)(*text.at - '0');
	if (high > 9)
		return false;
	/* A component. */
	if (text.length == 1) {
		*number = high;
		return true;
	}
	if (text.length == 10) {
		high = high * 10 + (uint8_t)(text.at[1] - '0');
		if ((uint8_t)(text.at[1] - '0') > 9)
			return false;
	}
	if (!digits_read(end, 8, &value))
		return false;
	*number = value + high * 100000000;
	return value + high * UINT64_C(100000000) <= max;
}

static inline bool
port_read(struct slice text, uint16_t *port)
{
	uint32_t number;

	if (!number_read(text, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

/* The same text as an address that was read before: most of them repeat o=. */
static inline bool
address_repeats(struct slice text, const struct sdp_address *before)
{
	uint64_t head, tail, head_before, tail_before;

	if (text.length < 8 || text.length != before->text.length || !before->is_ipv4)
		return false;
	memcpy(&head, text.at, 8);
	memcpy(&tail, text.at + text.length - 8, 8);
	memcpy(&head_before, before->text.at, 8);
	memcpy(&tail_before, before->text.at + text.length - 8, 8);
	return head == head_before && tail == tail_before;
}

/* `known`: an address that this one may repeat. */
static inline void
address_set(
	struct sdp_address *address, struct slice text, bool ip4, const struct sdp_address *known)
{
	scan_store(&address->text, text);
	address->ttl = 0;
	address->count = 1;
	if (ip4 && address_repeats(text, known)) {
		address->ipv4 = known->ipv4;
		address->is_ipv4 = true;
		address->is_ipv6 = false;
		return;
	}
	address->ipv4 = 0;
	address->is_ipv4 = ip4 && slice_ipv4(text, &address->ipv4);
	address->is_ipv6 =
		!address->is_ipv4 && text.length > 0 && memchr(text.at, ':', text.length) != NULL;
}

/* "IN IP4 192.0.2.1", a TTL and count behind it or not. False: no address. (sdp.c) */
bool network_address_read(const struct sdp_address *origin, struct slice text,
	const struct marks *marks, struct sdp_address *address);

/* What follows "a=candidate:". (candidate.c) */
bool candidate_read(const struct sdp_address *origin, struct slice value, const struct marks *marks,
	struct sdp_candidate *candidate);

/* One a= line of the session or of the last media. (sdp_attribute.c) */
enum sdp_error attribute_read(struct slice line, const struct marks *marks, struct sdp *sdp);

/* Which media belong to which BUNDLE group, once all are known. (sdp_attribute.c) */
void groups_resolve(struct sdp *sdp, const struct marks *marks);

#endif
