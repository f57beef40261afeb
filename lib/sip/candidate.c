/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One a=candidate line (RFC 8839 5.1; tcptype: RFC 6544 4.5):
 *
 * candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type>
 * [raddr <address>] [rport <port>] [tcptype <type>] *(<extension> <value>)
 *
 * What follows the port is read as pairs in any order; unknown pairs are kept. No state.
 */
#include "sip/sdp_priv.h"

enum { COMPONENT_MAX = 256 };

static uint8_t
type_read(struct slice word)
{
	if (scan_word(word, "host"))
		return SDP_CANDIDATE_HOST;
	if (scan_word(word, "srflx"))
		return SDP_CANDIDATE_SRFLX;
	if (scan_word(word, "prflx"))
		return SDP_CANDIDATE_PRFLX;
	return scan_word(word, "relay") ? SDP_CANDIDATE_RELAY : SDP_CANDIDATE_OTHER;
}

static uint8_t
tcp_type_read(struct slice word)
{
	if (scan_word(word, "active"))
		return SDP_TCP_ACTIVE;
	if (scan_word(word, "passive"))
		return SDP_TCP_PASSIVE;
	return scan_word(word, "so") ? SDP_TCP_SO : SDP_TCP_NONE;
}

static void
pair_read(const struct sdp_address *origin, struct slice name, struct slice word,
	struct sdp_candidate *candidate)
{
	if (scan_word(name, "raddr")) {
		address_set(&candidate->related_address, word, true, origin);
	} else if (scan_word(name, "rport")) {
		if (port_read(word, &candidate->related_port))
			candidate->related_port_text = word;
	} else if (scan_word(name, "typ")) {
		candidate->type = type_read(word);
	} else if (scan_word(name, "tcptype")) {
		candidate->tcp_type = tcp_type_read(word);
	}
}

/* What stands before the pairs. False: a number is none. */
static inline __attribute__((always_inline)) bool
fixed_keep(const struct sdp_address *origin, const struct slice word[6],
	struct sdp_candidate *candidate)
{
	if (!port_read(word[1], &candidate->component) ||
		(uint32_t)candidate->component - 1 >= COMPONENT_MAX ||
		!number_read(word[3], UINT32_MAX, &candidate->priority) ||
		!port_read(word[5], &candidate->port))
		return false;
	scan_store(&candidate->foundation, word[0]);
	scan_store(&candidate->transport, word[2]);
	scan_store(&candidate->port_text, word[5]);
	candidate->udp = scan_word(word[2], "udp");
	address_set(&candidate->address, word[4], true, origin);
	candidate->related_address = (struct sdp_address){.is_ipv4 = false};
	candidate->related_port_text = (struct slice){NULL, 0};
	candidate->related_port = 0;
	candidate->type = SDP_CANDIDATE_OTHER;
	candidate->tcp_type = SDP_TCP_NONE;
	return true;
}

/* The word before the lowest mark, which goes. */
static inline __attribute__((always_inline)) struct slice
word_take(const char **p, const char *base, uint64_t *spaces)
{
	const char *const start = *p;
	const char *const end = base + __builtin_ctzll(*spaces);

	*spaces &= *spaces - 1;
	*p = end + 1;
	return slice_of(start, end);
}

/*
 * Single spaces between words, eight of them in the first 64 bytes, and "typ" as the first pair: nearly
 * every candidate. False: none of these, or a number is none; the general way decides.
 */
static inline __attribute__((always_inline)) bool
candidate_begin_usual(
	const struct sdp_address *origin, struct words *words, struct sdp_candidate *candidate)
{
	uint64_t spaces = words->spaces, left = spaces;
	const char *const base = words->base;
	const char *p = base;
	struct slice word[6];

#pragma GCC unroll 7
	for (int i = 0; i < 7; i++)
		left &= left - 1;
	if (left == 0 || (spaces & (spaces << 1 | 1)) != 0)
		return false;
#pragma GCC unroll 6
	for (int i = 0; i < 6; i++)
		word[i] = word_take(&p, base, &spaces);
	if (words->end - p <= 4 || memcmp(p, "typ ", 4) != 0 ||
		!fixed_keep(origin, word, candidate))
		return false;
	word_take(&p, base, &spaces);
	candidate->type = type_read(word_take(&p, base, &spaces));
	words->p = p;
	words->spaces = spaces;
	return true;
}

static __attribute__((noinline)) bool
candidate_begin(
	const struct sdp_address *origin, struct words *words, struct sdp_candidate *candidate)
{
	struct slice word[6];

	for (int i = 0; i < 6; i++)
		word[i] = word_next(words);
	return fixed_keep(origin, word, candidate);
}

bool
candidate_read(const struct sdp_address *origin, struct slice value, const struct marks *marks,
	struct sdp_candidate *candidate)
{
	struct words words = words_of(value, marks);

	if (!candidate_begin_usual(origin, &words, candidate) &&
		!candidate_begin(origin, &words, candidate))
		return false;
	while (words.p < words.end) {
		const struct slice name = word_next(&words);
		const struct slice word = word_next(&words);

		if (word.length == 0)
			break;
		pair_read(origin, name, word, candidate);
	}
	return true;
}

bool
sdp_candidate_read(struct slice line, struct sdp_candidate *candidate)
{
	const struct sdp_address none = {.is_ipv4 = false};
	struct slice value;
	struct marks marks;

	if (!word_begins(line, "a=candidate:", &value))
		return false;
	marks_begin(&marks, line);
	candidate->line = line;
	return candidate_read(&none, value, &marks, candidate);
}
