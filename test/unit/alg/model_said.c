/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a description names: RFC 3264, 5761 (rtcp-mux), 9143 (BUNDLE), 8839 (candidates), 4145 (TCP),
 * and docs/sip.md, "Streams that share a port, or need none".
 */
#include "model_priv.h"

#include <string.h>

enum { PORT_MIN = 1024, TCP_DISCARD = 9 };

/* The next part from *n on that names something still, or NULL. */
static const struct part *
part_next(const struct named *named, unsigned int *n)
{
	while (*n < named->count) {
		const struct part *part = &named->part[(*n)++];

		if (part->source)
			return part;
	}
	return NULL;
}

static bool
same_stream(const struct named *a, const struct named *b)
{
	unsigned int m = 0, n = 0;
	const struct part *own, *other;

	do {
		own = part_next(a, &m);
		other = part_next(b, &n);
		if (!own != !other || (own && (own->source != other->source || a->ice != b->ice)))
			return false;
	} while (own);
	return true;
}

/* Do they name the same endpoints, as far as those stand? */
bool
same_places(const struct said *a, const struct said *b)
{
	if (!a->is || !b->is)
		return false;
	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		if (!same_stream(&a->stream[i], &b->stream[i]))
			return false;
	}
	return true;
}

/* A party that names the same endpoints again stands on what it said before. */
static uint32_t
named_before(const struct said *said, enum party from, const struct dialog *dialog)
{
	const struct said *before[] = {dialog ? &dialog->offered[from] : NULL,
		dialog ? &dialog->responded[from] : NULL, dialog ? &dialog->agreed[from] : NULL,
		from == call.caller ? &call.offer : NULL};

	for (unsigned int i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		if (before[i] && same_places(said, before[i]))
			return before[i]->named;
	}
	return ++call.named;
}

/* A party opens on its own side alone. */
static bool
own_side(enum party party, uint8_t host)
{
	uint8_t which = host & (uint8_t)~HOST_WHOSE;

	return which == 0 || which == HOST_SECOND || (which != HOST_FOREIGN && !inside[party]);
}

static void
part_set(struct part *part, const struct sip *sip, uint8_t host, uint16_t port, enum kind kind,
	uint8_t component)
{
	part->source = place_of((enum party)sip->from, host, port, kind);
	part->place = port >= PORT_MIN && own_side((enum party)sip->from, host) ? part->source : 0;
	part->component = component;
}

/* The stream whose transport the group has (RFC 9143 7.3.1). */
static uint8_t
tag_of(const struct session *session)
{
	uint8_t tag = session->tag;

	for (uint8_t i = 0; i <= session->count; tag = i++) {
		if (tag < session->count && session->stream[tag].bundled &&
			session->stream[tag].port)
			return tag;
	}
	return STREAMS_MAX;
}

static bool
on_tagged(const struct session *session, uint8_t tag, unsigned int index)
{
	const struct stream *stream = &session->stream[index], *tagged;

	if (!stream->bundled || tag == STREAMS_MAX || tag == index)
		return false;
	tagged = &session->stream[tag];
	return stream->port == 0 || (stream->port == tagged->port && stream->at == tagged->at);
}

static bool
is_named(const struct named *named, place_t source)
{
	for (unsigned int i = 0; i < named->count; i++) {
		if (named->part[i].source == source)
			return true;
	}
	return false;
}

/* Of the other side's hosts nobody sends through here. */
static void
read_candidates(const struct sip *sip, const struct stream *stream, struct named *named)
{
	named->ice = stream->candidate_count > 0;
	for (unsigned int i = 0; i < stream->candidate_count; i++) {
		const struct candidate *candidate = &stream->candidate[i];
		struct part part;

		part_set(&part, sip, candidate->host, candidate->port, KIND_RTP,
			candidate->component);
		if (part.place && !is_named(named, part.source))
			named->part[named->count++] = part;
	}
}

static bool
has_rtcp_candidate(const struct stream *stream)
{
	for (unsigned int i = 0; i < stream->candidate_count; i++) {
		if (stream->candidate[i].component == 2)
			return true;
	}
	return false;
}

/*
 * RTCP runs on RTP's port when the answer takes up the offer's rtcp-mux, and goes on to in a further
 * offer of the same endpoint, unless that has candidates for RTCP.
 */
static bool
muxed(const struct stream *stream, const struct named *named, unsigned int index,
	const struct said *peer, const struct said *before, const struct said *other)
{
	if (!named->mux)
		return false;
	if (peer)
		return peer->stream[index].mux;
	return !has_rtcp_candidate(stream) && before && before->is && other->is &&
	       before->stream[index].mux && other->stream[index].mux &&
	       before->stream[index].part[0].source == named->part[0].source;
}

struct said
read_session(
	const struct sip *sip, const struct dialog *dialog, const struct said *peer, uint32_t cseq)
{
	const struct said *before = dialog ? &dialog->agreed[sip->from] : NULL;
	const struct said *other = dialog ? &dialog->agreed[1 - sip->from] : NULL;
	struct said said = {.is = true, .held = true, .cseq = cseq, .count = sip->sdp.count};

	if (before && !before->is && dialog->responded[sip->from].unsure)
		before = &dialog->responded[sip->from];
	said.tag = tag_of(&sip->sdp);
	for (uint8_t i = 0; i < said.count; i++) {
		const struct stream *stream = &sip->sdp.stream[i];
		struct named *named = &said.stream[i];

		named->accepted = stream_accepted(stream);
		named->bundled = stream->bundled && said.tag < STREAMS_MAX;
		named->transport = on_tagged(&sip->sdp, said.tag, i) ? said.tag : i;
		named->mux = stream->port && stream->mux;
		named->count = 2;
		if (!named->accepted)
			continue;
		if (!stream->zero && stream->way != WAY_INACTIVE && stream->way != WAY_SENDONLY)
			said.held = false;
		if (named->transport != i)
			continue;
		if (stream->zero) { /* RFC 3264 8.4: as before */
			if (before && before->is) {
				named->ice = before->stream[i].ice;
				named->count = before->stream[i].count;
				memcpy(named->part, before->stream[i].part, sizeof(named->part));
			}
			continue;
		}
		if (stream->kind == KIND_TCP && stream->port == TCP_DISCARD)
			continue;
		if (stream->at != AT_NAME && stream->at != AT_IPV6) {
			uint8_t host = stream_host(&sip->sdp, stream);

			part_set(&named->part[0], sip, host, stream->port, (enum kind)stream->kind,
				1);
			if (stream->kind == KIND_RTP &&
				!muxed(stream, named, i, peer, before, other))
				part_set(&named->part[1], sip, host, (uint16_t)(stream->port + 1),
					KIND_RTP, 2);
		}
		read_candidates(sip, stream, named);
	}
	rtcp_named = 0;
	for (unsigned int i = 0; i < said.count; i++)
		rtcp_named |= (uint8_t)((said.stream[i].part[1].place != 0) << i);
	said.named = named_before(&said, (enum party)sip->from, dialog);
	return said;
}
