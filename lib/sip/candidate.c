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
	if (scan_word(name, "typ")) {
		candidate->type = type_read(word);
	} else if (scan_word(name, "raddr")) {
		address_set(&candidate->related_address, word, true, origin);
	} else if (scan_word(name, "rport")) {
		if (port_read(word, &candidate->related_port))
			candidate->related_port_text = word;
	} else if (scan_word(name, "tcptype")) {
		candidate->tcp_type = tcp_type_read(word);
	}
}

/* What stands before the pairs, and a first pair that is "typ". */
struct fixed {
	struct slice foundation, component, transport, priority, address, port;
	struct slice type; /* length 0: the first pair is another one */
};

/* The word before the lowest mark, which goes. */
static inline struct slice
word_take(struct words *words)
{
	const char *const start = words->p;
	const char *const end = words->base + __builtin_ctzll(words->spaces);

	words->spaces &= words->spaces - 1;
	words->p = end + 1;
	return slice_of(start, end);
}

/* Single spaces between words, eight of them in the first 64 bytes: nearly every candidate. */
static inline bool
fixed_read_usual(struct words *words, struct fixed *fixed)
{
	const uint64_t spaces = words->spaces;
	uint64_t left = spaces;

	for (int i = 0; i < 7; i++)
		left &= left - 1;
	if (left == 0 || (spaces & (spaces << 1 | 1)) != 0)
		return false;
	fixed->foundation = word_take(words);
	fixed->component = word_take(words);
	fixed->transport = word_take(words);
	fixed->priority = word_take(words);
	fixed->address = word_take(words);
	fixed->port = word_take(words);
	fixed->type = (struct slice){NULL, 0};
	if (words->end - words->p > 4 && memcmp(words->p, "typ ", 4) == 0) {
		word_take(words);
		fixed->type = word_take(words);
	}
	return true;
}

bool
candidate_read(const struct sdp_address *origin, struct slice value, const struct marks *marks,
	struct sdp_candidate *candidate)
{
	struct words words = words_of(value, marks);
	struct fixed fixed;

	if (!fixed_read_usual(&words, &fixed)) {
		fixed.foundation = word_next(&words);
		fixed.component = word_next(&words);
		fixed.transport = word_next(&words);
		fixed.priority = word_next(&words);
		fixed.address = word_next(&words);
		fixed.port = word_next(&words);
		fixed.type = (struct slice){NULL, 0};
	}
	if (!port_read(fixed.component, &candidate->component) || candidate->component == 0 ||
		candidate->component > COMPONENT_MAX ||
		!number_read(fixed.priority, UINT32_MAX, &candidate->priority) ||
		!port_read(fixed.port, &candidate->port))
		return false;
	scan_store(&candidate->foundation, fixed.foundation);
	scan_store(&candidate->transport, fixed.transport);
	scan_store(&candidate->port_text, fixed.port);
	candidate->udp = scan_word(fixed.transport, "udp");
	address_set(&candidate->address, fixed.address, true, origin);
	candidate->related_address = (struct sdp_address){.is_ipv4 = false};
	candidate->related_port_text = (struct slice){NULL, 0};
	candidate->related_port = 0;
	candidate->type = SDP_CANDIDATE_OTHER;
	candidate->tcp_type = SDP_TCP_NONE;
	if (fixed.type.length > 0)
		candidate->type = type_read(fixed.type);
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
