/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One pass over a session description, by the letter of each line. What decides where media goes
 * must be well formed (c=, m=); what only describes it is passed over when it cannot be read.
 *
 * Line ends are found 64 bytes at once, so that short lines, as SDP has them, cost no loop each.
 *
 * No state. Limits: see limits.h; every table is bounded, time is linear in the text.
 */
#include "sip/sdp_priv.h"

static const char *const error_names[SDP_ERRORS] = {[SDP_OK] = "ok",
#define X(id, name, meaning) [SDP_ERROR_##id] = name,
	SDP_ERROR_LIST(X)
#undef X
};

const char *
sdp_error_name(enum sdp_error error)
{
	return (uint32_t)error < SDP_ERRORS ? error_names[error] : "unknown";
}

/* A number of one byte; what is larger counts as the largest. False: no number. */
static bool
small_number_read(struct slice text, uint8_t *number)
{
	uint64_t value;

	if (!slice_number(text, UINT32_MAX, &value))
		return false;
	*number = value < UINT8_MAX ? (uint8_t)value : UINT8_MAX;
	return true;
}

/* What follows the '/' of a multicast address: "ttl[/count]" of IPv4, "count" of others (RFC 8866
 * 5.7). It decides nothing here, so what cannot be read is kept and that is all. */
static void
multicast_read(struct slice text, bool ip4, struct sdp_address *address)
{
	const char *const end = text.at + text.length;
	const char *const slash = scan_two(text.at, end, '/', '/');
	const struct slice first = slice_of(text.at, slash);

	if (!ip4)
		small_number_read(first, &address->count);
	else if (small_number_read(first, &address->ttl) && slash < end)
		small_number_read(slice_of(slash + 1, end), &address->count);
}

bool
network_address_read(const struct sdp_address *origin, struct slice text, const struct marks *marks,
	struct sdp_address *address)
{
	/* How nearly all of them look. */
	if (text.length > 7 && memcmp(text.at, "IN IP4 ", 7) == 0) {
		const struct slice rest = {text.at + 7, text.length - 7};

		address_set(address, rest, true, origin);
		if (address->is_ipv4)
			return true;
		address->text = (struct slice){NULL, 0};
	}
	if (text.length == 0)
		return false;

	struct words words = words_of(text, marks);
	const struct slice network = word_next(&words);
	const struct slice type = word_next(&words);
	const struct slice word = word_next(&words);
	const char *const end = word.at + word.length;
	const char *const slash = scan_two(word.at, end, '/', '/');
	const bool ip4 = scan_word(network, "in") && scan_word(type, "ip4");

	if (slash == word.at)
		return false;
	address_set(address, slice_of(word.at, slash), ip4, origin);
	if (slash < end)
		multicast_read(slice_of(slash + 1, end), ip4, address);
	return true;
}

/* Where the last word of a line begins. An IPv4 address fits in the block that ends there. */
static inline const char *
last_word(const char *p, const char *end)
{
	const char *last = end;

#ifdef SCAN_SSE2
	if (end - p >= 16) {
		const uint32_t spaces = scan_block(end - 16, ' ', ' ', ' ', ' ');

		if (spaces != 0)
			return end - 16 + (32 - __builtin_clz(spaces));
	}
#endif
	while (last > p && last[-1] != ' ')
		last--;
	return last;
}

/* The address is the last of the words: a user name with spaces in it shifts the others. */
static void
origin_read(struct slice value, const struct marks *marks, struct sdp *sdp)
{
	if (sdp->origin.text.at != NULL || value.length == 0)
		return;
	/* Nearly all end with " IN IP4 192.0.2.1". */
	const char *const end = value.at + value.length;
	const char *const last = last_word(value.at, end);

	if (last - value.at >= 8 && memcmp(last - 8, " IN IP4 ", 8) == 0) {
		address_set(&sdp->origin, slice_of(last, end), true, &sdp->origin);
		if (sdp->origin.is_ipv4)
			return;
		sdp->origin.text = (struct slice){NULL, 0};
	}

	struct words words = words_of(value, marks);
	struct slice last_words[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct slice word = word_next(&words);

	while (word.length > 0) {
		last_words[0] = last_words[1];
		last_words[1] = last_words[2];
		last_words[2] = word;
		word = word_next(&words);
	}
	if (scan_word(last_words[0], "in"))
		address_set(
			&sdp->origin, last_words[2], scan_word(last_words[1], "ip4"), &sdp->origin);
}

/* "RTP/AVP" and "UDP/TLS/RTP/SAVPF": is there an "RTP/"? */
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
	struct slice rest;

	return word_begins(protocol, "udp", &rest) || word_begins(protocol, "rtp/", &rest) ||
	       word_begins(protocol, "dtls", &rest) || word_begins(protocol, "srtp", &rest);
}

/* m=<type> <port>[/<count>] <protocol> <formats> */
static bool
media_read(struct slice value, const struct marks *marks, struct sdp_media *media)
{
	if (value.length == 0)
		return false;

	struct words words = words_of(value, marks);
	struct slice port;

	scan_store(&media->type, word_next(&words));
	port = word_next(&words);
	scan_store(&media->protocol, word_next(&words));
	if (media->type.length == 0 || media->protocol.length == 0)
		return false;

	media->port_count = 1;
	if (!port_read(port, &media->port)) {
		const char *const end = port.at + port.length;
		const char *const slash = scan_two(port.at, end, '/', '/');

		if (slash == end || !port_read(slice_of(slash + 1, end), &media->port_count) ||
			media->port_count == 0 ||
			!port_read(slice_of(port.at, slash), &media->port))
			return false;
		port = slice_of(port.at, slash);
	}
	scan_store(&media->port_text, port);
	if (media->protocol.length == 7 && memcmp(media->protocol.at, "RTP/AVP", 7) == 0) {
		media->is_rtp = media->is_udp = true;
	} else {
		media->is_rtp = contains_rtp(media->protocol);
		media->is_udp = runs_over_udp(media->protocol);
	}
	scan_store(&media->formats, words_rest(&words));
	return true;
}

/* What the line itself does not say; its section comes last. By field: the compiler would make one
 * memset() of it a string instruction, which takes longer than to read the line. */
static inline void
media_begin(struct sdp_media *media)
{
	const struct sdp_address no_address = {.is_ipv4 = false};
	const struct slice none = {NULL, 0};

	media->rtcp_present = false;
	media->rtcp_mux = false;
	media->rtcp_mux_only = false;
	media->bundle_only = false;
	media->bundle = 0;
	media->ice = 0;
	media->rtcp_port = 0;
	media->rtcp_port_text = none;
	media->rtcp_address = no_address;
	media->connection = no_address;
	media->mid = none;
}

static enum sdp_error
media_add(struct slice line, const struct marks *marks, struct sdp *sdp)
{
	if (sdp->media_count == SDP_MEDIA_MAX)
		return SDP_ERROR_TOO_MANY_MEDIA;

	struct sdp_media *const media = &sdp->media[sdp->media_count];

	media_begin(media);
	if (!media_read((struct slice){line.at + 2, line.length - 2}, marks, media))
		return SDP_ERROR_MEDIA;
	media->direction = sdp->direction;
	media->setup = sdp->setup;
	media->line = line;
	sdp->media_count++;
	return SDP_OK;
}

static enum sdp_error
connection_add(struct slice value, const struct marks *marks, struct sdp *sdp)
{
	const bool in_media = sdp->media_count > 0;
	struct sdp_address *address =
		in_media ? &sdp->media[sdp->media_count - 1].connection : &sdp->connection;
	struct sdp_connection *further = NULL;

	/* Further ones are layers of a multicast session (RFC 8866 5.7). */
	if (address->text.at != NULL) {
		if (sdp->connection_count == SDP_CONNECTIONS_MAX)
			return SDP_ERROR_TOO_MANY_CONNECTIONS;
		further = &sdp->connections[sdp->connection_count];
		further->media = in_media ? (uint8_t)(sdp->media_count - 1) : SDP_SESSION;
		address = &further->address;
	}
	if (!network_address_read(&sdp->origin, value, marks, address))
		return SDP_ERROR_CONNECTION;
	if (further != NULL)
		sdp->connection_count++;
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

/* A line of two bytes or more. */
static inline enum sdp_error
line_read(struct slice line, const struct marks *marks, struct sdp *sdp)
{
	const struct slice value = {line.at + 2, line.length - 2};

	if (line.at[1] != '=' || line.at[0] == ' ')
		return slice_trim(line).length > 0 ? SDP_ERROR_LINE : SDP_OK;
	switch (line.at[0]) {
	case 'a':
		return attribute_read(line, marks, sdp);
	case 'c':
		return connection_add(value, marks, sdp);
	case 'm':
		section_close(sdp, line.at);
		return media_add(line, marks, sdp);
	case 'o':
		if (sdp->media_count == 0)
			origin_read(value, marks, sdp);
		return SDP_OK;
	default:
		return SDP_OK;
	}
}

/* Past the line end that stands at p, or at the text's end. */
static inline const char *
line_begin(const char *p, const char *end)
{
	if (end - p < 2)
		return end;
	return p + 1 + (memcmp(p, "\r\n", 2) == 0);
}

enum sdp_error
sdp_parse(struct slice text, struct sdp *sdp)
{
	/* Everything but the arrays. */
	memset(sdp, 0, offsetof(struct sdp, media));
	sdp->text = text;
	if (text.length < 2 || text.at[0] != 'v' || text.at[1] != '=')
		return SDP_ERROR_NOT_SDP;

	const char *const end = text.at + text.length;
	struct marks marks;

	marks_lines_begin(&marks, text);

	const char *line_end = marks_line_end(&marks);
	const char *p = line_begin(line_end, end);

	sdp->line_end = slice_of(line_end, p);
	while (p < end) {
		enum sdp_error error = SDP_OK;

		line_end = marks_line_end(&marks);

		const struct slice line = slice_of(p, line_end);

		p = line_begin(line_end, end);
		if (line.length >= 2)
			error = line_read(line, &marks, sdp);
		else if (slice_trim(line).length > 0)
			error = SDP_ERROR_LINE;
		if (error != SDP_OK) {
			sdp->error_offset = (uint32_t)(line.at - text.at);
			return error;
		}
	}
	section_close(sdp, end);
	if (sdp->group_count > 0)
		groups_resolve(sdp, &marks);
	return SDP_OK;
}
