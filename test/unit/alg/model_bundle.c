/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What agents say of BUNDLE (RFC 9143 7, and RFC 8843 where it differs). Their own view of a group
 * that stands: its streams have one transport, which the tagged one's m= section describes.
 */
#include "model_agent_priv.h"

enum { NOBODY = STREAMS_MAX };

bool
session_bundles(const struct session *session)
{
	return session->tag < session->count && session->stream[session->tag].bundled;
}

static void
share(struct session *session, unsigned int index)
{
	struct stream *stream = &session->stream[index];
	uint8_t way = stream->way;

	*stream = session->stream[session->tag];
	stream->way = way;
}

/* In a group only the tagged section says where, and how (7.1.3). */
static void
say_shared(const struct agent *agent, struct session *session, unsigned int index)
{
	struct stream *stream = &session->stream[index];

	stream->candidate_count = 0;
	stream->mux = false;
	if (agent->bundle_zero) {
		stream->port = 0;
		stream->bundle_only = true;
	}
}

/* 7.4: what of an own description there is, offer or answer, once that is the answer. */
struct session
session_agreed(const struct session *own, const struct session *answer)
{
	struct session now = *own;
	bool bundles = session_bundles(answer);

	if (answer->count == 0)
		return now;
	now.tag = answer->tag;
	for (unsigned int i = 0; i < now.count; i++) {
		struct stream *stream = &now.stream[i];

		if (stream->bundled && !(bundles && answer->stream[i].bundled)) {
			if (stream->bundle_only)
				stream->port = 0;
			stream->bundled = stream->bundle_only = false;
		}
	}
	for (unsigned int i = 0; i < now.count; i++) {
		if (now.stream[i].bundled && i != now.tag)
			share(&now, i);
	}
	return now;
}

static bool
may_bundle(const struct stream *stream)
{
	return stream->kind == KIND_RTP && stream->port && stream->at <= AT_RELAY;
}

static unsigned int
first_of(const struct session *session, bool bundled)
{
	for (unsigned int i = 0; i < session->count; i++) {
		if (may_bundle(&session->stream[i]) && session->stream[i].bundled == bundled)
			return i;
	}
	return NOBODY;
}

/* 7.2: each has an address of its own, or none: bundle-only. */
static void
bundle_begin(struct dice *dice, struct session *session)
{
	unsigned int tag = first_of(session, false);

	if (tag == NOBODY)
		return;
	for (unsigned int i = tag + 1; i < session->count; i++) {
		if (may_bundle(&session->stream[i]) && dice_percent(dice, 15))
			tag = i;
	}
	session->tag = (uint8_t)tag;
	for (unsigned int i = 0; i < session->count; i++) {
		struct stream *stream = &session->stream[i];

		stream->bundled = may_bundle(stream) && (i == tag || dice_percent(dice, 90));
		if (stream->bundled && i != tag && dice_percent(dice, 25)) {
			stream->bundle_only = true;
			stream->port = stream->candidate_count = 0;
			stream->mux = false;
		}
	}
}

/* 7.5: a group that stands, after what the offerer has changed of it. */
static void
bundle_go_on(struct dice *dice, struct agent *agent, struct session *session)
{
	if (!may_bundle(&session->stream[session->tag]) || !session_bundles(session) ||
		dice_percent(dice, 5))
		session->tag = (uint8_t)first_of(session, true);
	for (unsigned int i = 0; i < session->count; i++) {
		struct stream *stream = &session->stream[i];

		if (!stream->bundled && may_bundle(stream) && dice_percent(dice, 30))
			stream->bundled = true; /* 7.5.1 */
		if (stream->bundled && i != session->tag) {
			share(session, i);
			say_shared(agent, session, i);
		}
	}
}

/* Streams that are not bundled have transports of their own. */
static void
part_ports(struct dice *dice, struct agent *agent, struct session *session)
{
	for (unsigned int i = 0; i < session->count; i++) {
		struct stream *stream = &session->stream[i];

		for (unsigned int n = 0; n < session->count && !stream->bundled; n++) {
			const struct stream *other = &session->stream[n];
			uint8_t way = stream->way;

			if (n == i || stream->port < 1024 || other->port != stream->port)
				continue;
			*stream = stream_new(dice, agent, (enum kind)stream->kind);
			stream->way = way;
		}
	}
}

void
bundle_offer(struct dice *dice, struct agent *agent, struct session *session)
{
	bool stands = first_of(session, true) != NOBODY;

	part_ports(dice, agent, session);
	if (stands)
		bundle_go_on(dice, agent, session);
	else if (agent->bundle && (session->count > 1 || dice_percent(dice, 10)))
		bundle_begin(dice, session);
}

/* The answerer's choice of the tagged one (7.3.1): the first that stays, of those that say where. */
static unsigned int
tag_chosen(const struct session *offer, const struct session *answer)
{
	unsigned int tag = offer->tag;

	for (unsigned int i = 0; i <= offer->count; tag = i++) {
		if (tag < offer->count && offer->stream[tag].bundled && offer->stream[tag].port &&
			may_bundle(&answer->stream[tag]))
			return tag;
	}
	return NOBODY;
}

/* Without a group; what may only be bundled is refused (7.3.3), by who knows that. */
static void
bundle_refuse(struct dice *dice, const struct session *offer, struct session *answer)
{
	for (unsigned int i = 0; i < offer->count; i++) {
		if (offer->stream[i].bundle_only && !dice_percent(dice, 10))
			answer->stream[i] = (struct stream){.kind = offer->stream[i].kind};
	}
}

void
bundle_answer(
	struct dice *dice, struct agent *agent, const struct session *offer, struct session *answer)
{
	bool stands = session_bundles(&agent->now), own;
	unsigned int tag = NOBODY;

	if (session_bundles(offer) && (stands || agent->bundle)) {
		if (stands && !may_bundle(&answer->stream[offer->tag])) { /* 7.3.3 */
			answer->stream[offer->tag] = stream_new(dice, agent, KIND_RTP);
			answer->stream[offer->tag].at = AT_OWN;
		}
		tag = tag_chosen(offer, answer);
	}
	if (tag == NOBODY) {
		bundle_refuse(dice, offer, answer);
		part_ports(dice, agent, answer);
		return;
	}
	answer->tag = (uint8_t)tag;
	for (unsigned int i = 0; i < offer->count; i++) {
		const struct stream *offered = &offer->stream[i];
		struct stream *stream = &answer->stream[i];

		stream->bundled = offered->bundled && stream->port != 0;
		if (i == tag || !stream->bundled)
			continue;
		if (!stands && !offered->bundle_only && dice_percent(dice, 10)) {
			stream->bundled = false; /* 7.3.2 */
			continue;
		}
		/* as if it did not know */
		own = may_bundle(stream) && stream->port != answer->stream[tag].port &&
		      dice_percent(dice, 5);
		if (own)
			continue;
		share(answer, i);
		say_shared(agent, answer, i);
	}
	part_ports(dice, agent, answer);
}
