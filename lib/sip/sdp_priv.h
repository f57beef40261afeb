/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the readers of a description's lines have in common: lines, words, numbers, addresses.
 */
#ifndef SIP_SDP_PRIV_H
#define SIP_SDP_PRIV_H

#include "sip/scan_priv.h"
#include "sip/sdp.h"

/*
 * The words of a line, parted by spaces. Spaces are found 64 bytes at once; `within` is the text
 * that the line is part of, so that a short line needs no loop over its bytes.
 */
struct words {
	const char *p, *end; /* what is left of the line */
	const char *base;
	uint64_t spaces; /* bit n: a space at base + n, n at or behind p */
	struct slice within;
};

static inline uint64_t
space_mask(const char *p, struct slice within)
{
	const char *const end = within.at + within.length;
	uint64_t spaces = 0;

	if (p == end)
		return 0;
#ifdef SCAN_SSE2
	if (end - p >= 64)
		return scan_wide(p, ' ', '\t');
	if (within.length >= 64)
		return scan_wide(end - 64, ' ', '\t') >> (64 - (end - p));
#endif
	for (uint32_t i = 0; i < 64 && i < end - p; i++)
		spaces |= (uint64_t)(p[i] == ' ' || p[i] == '\t') << i;
	return spaces;
}

/* `text` is part of `within`. */
static inline struct words
words_of(struct slice text, struct slice within)
{
	return (struct words){
		text.at, text.at + text.length, text.at, space_mask(text.at, within), within};
}

/* The next word; length 0: none is left. */
static inline struct slice
word_next(struct words *words)
{
	const char *p = words->p;

	for (;;) {
		if (words->spaces == 0) {
			if (words->end - words->base <= 64)
				break;
			words->base += 64;
			words->spaces = space_mask(words->base, words->within);
			continue;
		}

		const char *const space = words->base + __builtin_ctzll(words->spaces);

		if (space >= words->end)
			break;
		words->spaces &= words->spaces - 1;
		words->p = space + 1;
		if (space > p)
			return slice_of(p, space);
		p++;
	}
	words->p = words->end;
	return slice_of(p, words->end);
}

/* What is left of the line. */
static inline struct slice
words_rest(const struct words *words)
{
	return slice_of(words->p, words->end);
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

/* Up to ten digits, which need no check for overflow while they are read. */
static inline bool
number_read(struct slice text, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (text.length == 0 || text.length > 10)
		return false;
	for (uint32_t i = 0; i < text.length; i++) {
		const uint8_t digit = (uint8_t)(text.at[i] - '0');

		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*number = (uint32_t)value;
	return value <= max;
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

/* "IN IP4 192.0.2.1", a TTL and count behind it or not; part of sdp->text. False: no address.
 * (sdp.c) */
bool network_address_read(const struct sdp *sdp, struct slice text, struct sdp_address *address);

/* What follows "a=candidate:", part of sdp->text. (candidate.c) */
bool candidate_read(const struct sdp *sdp, struct slice value, struct sdp_candidate *candidate);

/* One a= line of the session or of the last media. (sdp_attribute.c) */
enum sdp_error attribute_read(struct slice line, struct sdp *sdp);

/* Which media belong to which BUNDLE group, once all are known. (sdp_attribute.c) */
void groups_resolve(struct sdp *sdp);

#endif
