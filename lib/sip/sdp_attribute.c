/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attributes that carry addresses or ports, or decide about them. The first letter leads to the few
 * names it can be; all else (crypto, fingerprint, ssrc, rtpmap ...) is kept unread.
 *
 * No state.
 */
#include "sip/sdp_priv.h"

enum { CANDIDATE_LENGTH = sizeof("a=candidate:") - 1 };

/* Apart, so that the way of most lines saves no registers. */
#define APART static __attribute__((noinline))

/* a=rtcp:<port> [IN IP4 <address>] (RFC 3605); the first of a section holds. */
APART void
rtcp_read(struct slice value, const struct marks *marks, const struct sdp *sdp,
	struct sdp_media *media)
{
	struct words words = words_of(value, marks);
	const struct slice port = word_next(&words);

	if (media->rtcp_present || !port_read(port, &media->rtcp_port))
		return;
	media->rtcp_present = true;
	media->rtcp_port_text = port;
	network_address_read(&sdp->origin, words_rest(&words), marks, &media->rtcp_address);
}

/* IPv6 candidates are only counted: hosts have many, and none of them is translated. */
static inline enum sdp_error
candidate_keep(struct slice line, const struct marks *marks, struct sdp_candidate *candidate,
	struct sdp *sdp)
{
	const struct slice value = {line.at + CANDIDATE_LENGTH, line.length - CANDIDATE_LENGTH};

	if (!candidate_read(&sdp->origin, value, marks, candidate))
		return SDP_OK;
	if (candidate->address.is_ipv6 && !candidate->related_address.is_ipv4) {
		sdp->ipv6_candidates += sdp->ipv6_candidates < UINT8_MAX;
		return SDP_OK;
	}
	if (sdp->candidate_count == SDP_CANDIDATES_MAX)
		return SDP_ERROR_TOO_MANY_CANDIDATES;
	candidate->media = (uint8_t)(sdp->media_count - 1);
	scan_store(&candidate->line, line);
	sdp->candidate_count++;
	return SDP_OK;
}

/* One too many may still be none, or one that is only counted. */
APART enum sdp_error
candidate_add_full(struct slice line, const struct marks *marks, struct sdp *sdp)
{
	struct sdp_candidate spare;

	return candidate_keep(line, marks, &spare, sdp);
}

/* `line` begins with "a=candidate:". */
APART enum sdp_error
candidate_add(struct slice line, const struct marks *marks, struct sdp *sdp)
{
	if (sdp->candidate_count == SDP_CANDIDATES_MAX)
		return candidate_add_full(line, marks, sdp);
	return candidate_keep(line, marks, &sdp->candidates[sdp->candidate_count], sdp);
}

/* a=remote-candidates:<component> <address> <port> ... (RFC 8839 5.2) */
APART enum sdp_error
remotes_add(struct slice value, const struct marks *marks, struct sdp *sdp)
{
	struct words words = words_of(value, marks);

	for (;;) {
		const struct slice component = word_next(&words);
		const struct slice address = word_next(&words);
		const struct slice port = word_next(&words);
		struct sdp_remote_candidate remote = {.media = (uint8_t)(sdp->media_count - 1)};

		if (port.length == 0 || !port_read(component, &remote.component) ||
			!port_read(port, &remote.port))
			return SDP_OK;
		if (sdp->remote_count == SDP_REMOTES_MAX)
			return SDP_ERROR_TOO_MANY_CANDIDATES;
		remote.port_text = port;
		address_set(&remote.address, address, true, &sdp->origin);
		sdp->remotes[sdp->remote_count++] = remote;
	}
}

/* msrp://[userinfo@]host[:port][/session];transport (RFC 4975 6). False: none. */
static bool
path_read(struct slice uri, struct sdp_path *path)
{
	struct slice rest;

	path->uri = uri;
	path->secure = word_begins(uri, "msrps://", &rest);
	if (!path->secure && !word_begins(uri, "msrp://", &rest))
		return false;

	const char *const end = scan_four(rest.at, rest.at + rest.length, '/', ';', '?', '/');
	const char *start = end;

	while (start > rest.at && start[-1] != '@')
		start--;
	return sip_hostport_parse(slice_of(start, end), &path->host);
}

APART enum sdp_error
paths_add(struct slice value, const struct marks *marks, struct sdp *sdp)
{
	struct words words = words_of(value, marks);
	struct slice uri;

	while ((uri = word_next(&words)).length > 0) {
		struct sdp_path path = {.media = (uint8_t)(sdp->media_count - 1)};

		if (!path_read(uri, &path))
			continue;
		if (sdp->path_count == SDP_PATHS_MAX)
			return SDP_ERROR_TOO_MANY_PATHS;
		sdp->paths[sdp->path_count++] = path;
	}
	return SDP_OK;
}

/* a=group:BUNDLE <mid> <mid> ... (RFC 8843 7) */
APART void
group_add(struct slice value, struct sdp *sdp)
{
	struct slice mids;

	if (word_begins(value, "bundle ", &mids) && sdp->group_count < SDP_GROUPS_MAX)
		sdp->groups[sdp->group_count++] = mids;
}

void
groups_resolve(struct sdp *sdp, const struct marks *marks)
{
	for (uint8_t group = 0; group < sdp->group_count; group++) {
		struct words words = words_of(sdp->groups[group], marks);
		struct slice mid;

		while ((mid = word_next(&words)).length > 0) {
			for (uint32_t i = 0; i < sdp->media_count; i++) {
				struct sdp_media *const media = &sdp->media[i];

				if (media->bundle == 0 && slice_equal(media->mid, mid))
					media->bundle = group + 1;
			}
		}
	}
}

APART uint8_t
setup_read(struct slice value)
{
	const struct slice word = slice_trim(value);

	if (scan_word(word, "active"))
		return SDP_SETUP_ACTIVE;
	if (scan_word(word, "passive"))
		return SDP_SETUP_PASSIVE;
	if (scan_word(word, "actpass"))
		return SDP_SETUP_ACTPASS;
	return scan_word(word, "holdconn") ? SDP_SETUP_HOLDCONN : SDP_SETUP_NONE;
}

/* Attributes that mean the same at both levels. */
static void
common_read(struct slice attribute, uint8_t *direction, uint8_t *setup, uint8_t *ice)
{
	struct slice value;

	switch (*attribute.at | 0x20) {
	case 's':
		if (scan_word(attribute, "sendrecv"))
			*direction = SDP_SENDRECV;
		else if (scan_word(attribute, "sendonly"))
			*direction = SDP_SENDONLY;
		else if (word_begins(attribute, "setup:", &value))
			*setup = setup_read(value);
		break;
	case 'r':
		if (scan_word(attribute, "recvonly"))
			*direction = SDP_RECVONLY;
		break;
	case 'e':
		if (scan_word(attribute, "end-of-candidates"))
			*ice |= SDP_ICE_END;
		break;
	case 'i':
		if (scan_word(attribute, "inactive"))
			*direction = SDP_INACTIVE;
		else if (word_begins(attribute, "ice-ufrag:", &value))
			*ice |= SDP_ICE_UFRAG;
		else if (word_begins(attribute, "ice-pwd:", &value))
			*ice |= SDP_ICE_PWD;
		else if (scan_word(attribute, "ice-lite"))
			*ice |= SDP_ICE_LITE;
		else if (scan_word(attribute, "ice-mismatch"))
			*ice |= SDP_ICE_MISMATCH;
		break;
	default:
		break;
	}
}

APART void
session_attribute_read(struct slice attribute, struct sdp *sdp)
{
	struct slice value;

	if (word_begins(attribute, "group:", &value))
		group_add(value, sdp);
	else
		common_read(attribute, &sdp->direction, &sdp->setup, &sdp->ice);
}

enum sdp_error
attribute_read(struct slice line, const struct marks *marks, struct sdp *sdp)
{
	const char *end = line.at + line.length;

	while (end[-1] == ' ' || end[-1] == '\t')
		end--;

	const struct slice attribute = slice_of(line.at + 2, end);
	struct slice value;

	/* "mid:x" is the shortest. */
	if (end - line.at < 2 + 5)
		return SDP_OK;
	if (sdp->media_count == 0) {
		session_attribute_read(attribute, sdp);
		return SDP_OK;
	}

	struct sdp_media *const media = &sdp->media[sdp->media_count - 1];

	switch (*attribute.at | 0x20) {
	case 'b':
		if (scan_word(attribute, "bundle-only"))
			media->bundle_only = true;
		return SDP_OK;
	case 'c':
		if (word_begins(attribute, "candidate:", &value))
			return candidate_add(slice_of(line.at, end), marks, sdp);
		return SDP_OK;
	case 'm':
		if (media->mid.at == NULL && word_begins(attribute, "mid:", &value))
			media->mid = slice_trim(value);
		return SDP_OK;
	case 'p':
		return word_begins(attribute, "path:", &value) ? paths_add(value, marks, sdp)
							       : SDP_OK;
	case 'r':
		/* a=rtpmap stands in every description. */
		if (word_begins(attribute, "rtpmap:", &value))
			return SDP_OK;
		if (scan_word(attribute, "rtcp-mux"))
			media->rtcp_mux = true;
		else if (scan_word(attribute, "rtcp-mux-only"))
			media->rtcp_mux_only = true;
		else if (word_begins(attribute, "rtcp:", &value))
			rtcp_read(value, marks, sdp, media);
		else if (word_begins(attribute, "remote-candidates:", &value))
			return remotes_add(value, marks, sdp);
		else
			break;
		return SDP_OK;
	case 's':
	case 'e':
	case 'i':
		break;
	default:
		return SDP_OK;
	}
	common_read(attribute, &media->direction, &media->setup, &media->ice);
	return SDP_OK;
}
