/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BUNDLE (RFC 9143): streams of one description on one transport.
 *
 * The first m= line that a group names and that is not refused is the tagged one: its address and
 * port are those of the whole group, once the answer has agreed. Until then each stream of an offer
 * has its own, but for those that are `bundle-only` (port 0, and yet not refused) and those that
 * name the tagged one's already. What both descriptions bundle closes with the answer
 * (media_commit.c).
 *
 * Pure: nothing here changes a record.
 */
#include "alg_priv.h"

static bool
is_accepted(const struct sdp_media *media)
{
	return media->port != 0 || (media->bundle_only && media->bundle);
}

/* The m= line of a group that has this mid, or SDP_SESSION. */
static uint8_t
stream_of_mid(const struct sdp *sdp, uint8_t group, struct slice mid)
{
	for (uint8_t i = 0; i < sdp->media_count; i++) {
		const struct sdp_media *media = &sdp->media[i];

		if (media->bundle == group && media->mid.length == mid.length &&
			memcmp(media->mid.at, mid.at, mid.length) == 0)
			return i;
	}
	return SDP_SESSION;
}

/* The m= line whose transport a stream has if the group is agreed on: itself outside any group. */
uint8_t
bundle_tag(const struct sdp *sdp, uint8_t stream)
{
	uint8_t group = sdp->media[stream].bundle;
	const char *at, *end, *start;

	if (group == 0 || !is_accepted(&sdp->media[stream]))
		return stream;
	at = sdp->groups[group - 1].at;
	end = at + sdp->groups[group - 1].length;
	while (at < end) {
		while (at < end && *at == ' ')
			at++;
		for (start = at; at < end && *at != ' ';)
			at++;

		uint8_t tag = stream_of_mid(sdp, group, slice_of(start, at));

		if (tag != SDP_SESSION && sdp->media[tag].port != 0)
			return tag;
	}
	return stream;
}

static const struct sdp_address *
connection_of(const struct sdp *sdp, const struct sdp_media *media)
{
	return media->connection.text.at ? &media->connection : &sdp->connection;
}

/* Where a stream's endpoint is to be looked for: at the tagged one if it names the same. */
uint8_t
bundle_transport(const struct sdp *sdp, uint8_t stream)
{
	uint8_t tag = bundle_tag(sdp, stream);
	const struct sdp_media *own = &sdp->media[stream], *tagged = &sdp->media[tag];
	const struct sdp_address *a = connection_of(sdp, own), *b = connection_of(sdp, tagged);

	return own->port == tagged->port && a->is_ipv4 && b->is_ipv4 && a->ipv4 == b->ipv4 ? tag
											   : stream;
}

/* What the description says of its streams: which are not refused, and which share a transport. */
void
bundle_describe(const struct sdp *sdp, struct description *description)
{
	description->streams = description->bundled = 0;
	for (uint8_t i = 0; i < sdp->media_count; i++) {
		uint16_t bit = (uint16_t)(1u << i);

		if (is_accepted(&sdp->media[i]))
			description->streams |= bit;
		if (bundle_tag(sdp, i) != i)
			description->bundled |= bit;
	}
}
