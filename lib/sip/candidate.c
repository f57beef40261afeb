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

bool
candidate_read(const struct sdp_address *origin, struct slice value, const struct marks *marks,
	struct sdp_candidate *candidate)
{
	struct words words = words_of(value, marks);
	struct slice word;

	scan_store(&candidate->foundation, word_next(&words));
	if (!port_read(word_next(&words), &candidate->component) || candidate->component == 0 ||
		candidate->component > COMPONENT_MAX)
		return false;
	scan_store(&candidate->transport, word_next(&words));
	if (!number_read(word_next(&words), UINT32_MAX, &candidate->priority))
		return false;
	word = word_next(&words);
	scan_store(&candidate->port_text, word_next(&words));
	if (!port_read(candidate->port_text, &candidate->port))
		return false;
	candidate->udp = scan_word(candidate->transport, "udp");
	address_set(&candidate->address, word, true, origin);
	candidate->related_address = (struct sdp_address){.is_ipv4 = false};
	candidate->related_port_text = (struct slice){NULL, 0};
	candidate->related_port = 0;
	candidate->type = SDP_CANDIDATE_OTHER;
	candidate->tcp_type = SDP_TCP_NONE;
	for (;;) {
		const struct slice name = word_next(&words);

		word = word_next(&words);
		if (word.length == 0)
			return true;
		pair_read(origin, name, word, candidate);
	}
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
