/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One pass over a session description, by the letter of each line. What decides where media goes
 * must be well formed (c=, m=); what only describes it is passed over when it cannot be read.
 *
 * No state. Limits: SDP_MEDIA_MAX streams, SDP_CANDIDATES_MAX candidates.
 */
#include "sip/sdp.h"
#include "sip/scan_priv.h"

static const char *const error_names[SDP_ERRORS] = {
	[SDP_OK] = "ok",
	[SDP_ERROR_NOT_SDP] = "not_sdp",
	[SDP_ERROR_LINE] = "line",
	[SDP_ERROR_CONNECTION] = "connection",
	[SDP_ERROR_MEDIA] = "media",
	[SDP_ERROR_TOO_MANY_MEDIA] = "too_many_media",
	[SDP_ERROR_TOO_MANY_CANDIDATES] = "too_many_candidates",
};

const char *
sdp_error_name(enum sdp_error error)
{
	return (uint32_t)error < SDP_ERRORS ? error_names[error] : "unknown";
}

static inline struct slice
word_next(struct slice *rest)
{
	const char *p = rest->at;
	const char *const end = p + rest->length;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;

	const char *const start = p;

	while (p < end && *p != ' ' && *p != '\t')
		p++;
	*rest = slice_of(p, end);
	return slice_of(start, p);
}

static inline bool
begins_with(struct slice text, const char *prefix, uint32_t length)
{
	return text.length >= length && memcmp(text.at, prefix, length) == 0;
}

static void
address_set(struct sdp_address *address, struct slice text, bool ip4)
{
	address->text = text;
	address->is_ipv4 = ip4 && slice_ipv4(text, &address->ipv4);
	if (!address->is_ipv4)
		address->ipv4 = 0;
}

/* "IN IP4 192.0.2.1"; a TTL or count after '/' is left out. */
static bool
network_address_parse(struct slice text, struct sdp_address *address)
{
	/* How nearly all of them look. */
	if (begins_with(text, "IN IP4 ", 7) &&
		slice_ipv4((struct slice){text.at + 7, text.length - 7}, &address->ipv4)) {
		scan_store(&address->text, (struct slice){text.at + 7, text.length - 7});
		address->is_ipv4 = true;
		return true;
	}

	const struct slice network = word_next(&text);
	const struct slice type = word_next(&text);
	struct slice host = word_next(&text);
	const char *const slash = host.length > 0 ? memchr(host.at, '/', host.length) : NULL;

	if (slash != NULL)
		host = slice_of(host.at, slash);
	if (host.length == 0)
		return false;
	address_set(address, host, scan_word(network, "in") && scan_word(type, "ip4"));
	return true;
}

/* The address is the last of the words: a user name with spaces in it shifts the others. */
static void
origin_parse(struct slice value, struct sdp *sdp)
{
	if (sdp->origin.text.at != NULL)
		return;
	/* Nearly all end with " IN IP4 192.0.2.1". */
	const char *const end = value.at + value.length;
	const char *last = end;

	while (last > value.at && last[-1] != ' ')
		last--;
	if (last - value.at >= 8 && memcmp(last - 8, " IN IP4 ", 8) == 0 &&
		slice_ipv4(slice_of(last, end), &sdp->origin.ipv4)) {
		scan_store(&sdp->origin.text, slice_of(last, end));
		sdp->origin.is_ipv4 = true;
		return;
	}

	struct slice words[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct slice word = word_next(&value);

	while (word.length > 0) {
		words[0] = words[1];
		words[1] = words[2];
		words[2] = word;
		word = word_next(&value);
	}
	if (scan_word(words[0], "in"))
		address_set(&sdp->origin, words[2], scan_word(words[1], "ip4"));
}

static bool
port_parse(struct slice text, uint16_t *port)
{
	uint64_t number;

	if (!slice_number(text, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool
contains_rtp(struct slice protocol)
{
	for (uint32_t i = 0; i + 4 <= protocol.length; i++) {
		if (scan_word((struct slice){protocol.at + i, 4}, "rtp/"))
			return true;
	}
	return false;
}

/* Over UDP is what says so or runs over nothing else; TCP/RTP/AVP and the like are not. */
static bool
runs_over_udp(struct slice protocol)
{
	const struct slice three = {protocol.at, 3}, four = {protocol.at, 4};

	if (protocol.length >= 3 && scan_word(three, "udp"))
		return true;
	return protocol.length >= 4 &&
	       (scan_word(four, "rtp/") || scan_word(four, "dtls") || scan_word(four, "srtp"));
}

/* m=<type> <port>[/<count>] <protocol> <formats> */
static bool
media_parse(struct slice value, struct sdp_media *media)
{
	struct slice port, count = {NULL, 0};

	scan_store(&media->type, word_next(&value));
	port = word_next(&value);
	scan_store(&media->protocol, word_next(&value));
	if (media->type.length == 0 || media->protocol.length == 0)
		return false;

	media->port_count = 1;
	if (!port_parse(port, &media->port)) {
		const char *const slash = memchr(port.at, '/', port.length);

		if (slash == NULL)
			return false;
		count = slice_of(slash + 1, port.at + port.length);
		port = slice_of(port.at, slash);
		if (!port_parse(count, &media->port_count) || media->port_count == 0 ||
			!port_parse(port, &media->port))
			return false;
	}
	scan_store(&media->port_text, port);
	media->is_rtp = contains_rtp(media->protocol);
	media->is_udp = runs_over_udp(media->protocol);
	return true;
}

/* a=rtcp:<port> [IN IP4 <address>] (RFC 3605) */
static void
rtcp_parse(struct slice value, struct sdp_media *media)
{
	const struct slice port = word_next(&value);

	if (media->rtcp_present || !port_parse(port, &media->rtcp_port))
		return;
	media->rtcp_present = true;
	media->rtcp_port_text = port;
	network_address_parse(value, &media->rtcp_address);
}

/* candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type>
 * [raddr <address>] [rport <port>] ... (RFC 8839 5.1). False: not readable. */
static bool
candidate_parse(struct slice value, struct sdp_candidate *candidate)
{
	const struct slice foundation = word_next(&value);
	const struct slice component = word_next(&value);
	const struct slice transport = word_next(&value);
	const struct slice priority = word_next(&value);
	const struct slice address = word_next(&value);
	uint64_t number;

	candidate->port_text = word_next(&value);
	if (foundation.length == 0 || priority.length == 0 ||
		!slice_number(component, UINT8_MAX, &number) ||
		!port_parse(candidate->port_text, &candidate->port))
		return false;
	candidate->component = (uint8_t)number;
	candidate->udp = scan_word(transport, "udp");
	address_set(&candidate->address, address, true);
	candidate->related_address = (struct sdp_address){.is_ipv4 = false};
	candidate->related_port_text = (struct slice){NULL, 0};
	candidate->related_port = 0;
	/* What follows goes in pairs of name and value. */
	for (;;) {
		const struct slice name = word_next(&value);
		const struct slice word = word_next(&value);

		if (word.length == 0)
			return true;
		if (scan_word(name, "raddr"))
			address_set(&candidate->related_address, word, true);
		else if (scan_word(name, "rport") && port_parse(word, &candidate->related_port))
			candidate->related_port_text = word;
	}
}

/* IPv6 candidates are passed over: hosts have many, and none of them is translated. */
static enum sdp_error
candidate_add(struct slice line, struct sdp *sdp)
{
	struct sdp_candidate candidate;

	if (!candidate_parse((struct slice){line.at + 12, line.length - 12}, &candidate))
		return SDP_OK;
	if (!candidate.address.is_ipv4 && !candidate.related_address.is_ipv4 &&
		memchr(candidate.address.text.at, ':', candidate.address.text.length) != NULL)
		return SDP_OK;
	if (sdp->candidate_count == SDP_CANDIDATES_MAX)
		return SDP_ERROR_TOO_MANY_CANDIDATES;
	candidate.media = (uint8_t)(sdp->media_count - 1);
	candidate.line = line;
	sdp->candidates[sdp->candidate_count++] = candidate;
	return SDP_OK;
}

static enum sdp_error
attribute_parse(struct slice line, struct sdp *sdp)
{
	const struct slice value = {line.at + 2, line.length - 2};
	struct sdp_media *const media =
		sdp->media_count > 0 ? &sdp->media[sdp->media_count - 1] : NULL;
	enum sdp_direction *const direction = media != NULL ? &media->direction : &sdp->direction;

	if (value.length < 5)
		return SDP_OK;
	switch (*value.at) {
	case 's':
		if (scan_word(value, "sendrecv"))
			*direction = SDP_SENDRECV;
		else if (scan_word(value, "sendonly"))
			*direction = SDP_SENDONLY;
		break;
	case 'i':
		if (scan_word(value, "inactive"))
			*direction = SDP_INACTIVE;
		break;
	case 'r':
		if (scan_word(value, "recvonly"))
			*direction = SDP_RECVONLY;
		else if (media != NULL && scan_word(value, "rtcp-mux"))
			media->rtcp_mux = true;
		else if (media != NULL && begins_with(value, "rtcp:", 5))
			rtcp_parse((struct slice){value.at + 5, value.length - 5}, media);
		break;
	case 'c':
		if (media == NULL || !begins_with(value, "candidate:", 10))
			break;
		return candidate_add(line, sdp);
	default:
		break;
	}
	return SDP_OK;
}

static void
section_close(struct sdp *sdp, const char *p)
{
	if (sdp->media_count > 0) {
		struct sdp_media *const media = &sdp->media[sdp->media_count - 1];

		media->section = slice_of(media->line.at, p);
	}
}

static enum sdp_error
line_parse(struct slice line, struct sdp *sdp)
{
	const struct slice value = {line.at + 2, line.length - 2};
	const struct sdp_address none = {.text = {NULL, 0}};
	struct sdp_address *connection;

	switch (*line.at) {
	case 'a':
		return attribute_parse(line, sdp);
	case 'c':
		connection = sdp->media_count > 0 ? &sdp->media[sdp->media_count - 1].connection
						  : &sdp->connection;
		/* Further ones are layers of a multicast session (RFC 8866 5.7). */
		if (connection->text.at == NULL && !network_address_parse(value, connection))
			return SDP_ERROR_CONNECTION;
		return SDP_OK;
	case 'm':
		section_close(sdp, line.at);
		if (sdp->media_count == SDP_MEDIA_MAX)
			return SDP_ERROR_TOO_MANY_MEDIA;

		struct sdp_media *const media = &sdp->media[sdp->media_count];

		if (!media_parse(value, media))
			return SDP_ERROR_MEDIA;
		media->connection = none;
		media->rtcp_present = false;
		media->rtcp_port_text = none.text;
		media->rtcp_port = 0;
		media->rtcp_address = none;
		media->rtcp_mux = false;
		media->direction = sdp->direction;
		media->section = none.text;
		media->line = line;
		sdp->media_count++;
		return SDP_OK;
	case 'o':
		if (sdp->media_count == 0)
			origin_parse(value, sdp);
		return SDP_OK;
	default:
		return SDP_OK;
	}
}

enum sdp_error
sdp_parse(struct slice text, struct sdp *sdp)
{
	/* Everything but the arrays. */
	memset(sdp, 0, offsetof(struct sdp, media));
	sdp->text = text;
	if (text.length < 2 || text.at[0] != 'v' || text.at[1] != '=')
		return SDP_ERROR_NOT_SDP;

	const char *p = text.at;
	const char *const end = p + text.length;

	while (p < end) {
		const char *const line_end = scan_line_end(p, end);
		const struct slice line = slice_of(p, line_end);

		p = scan_line_next(line_end, end);
		if (line.length >= 2 && line.at[1] == '=' && *line.at != ' ') {
			const enum sdp_error error = line_parse(line, sdp);

			if (error != SDP_OK)
				return error;
		} else if (slice_trim(line).length > 0) {
			return SDP_ERROR_LINE;
		}
	}
	section_close(sdp, end);
	return SDP_OK;
}
