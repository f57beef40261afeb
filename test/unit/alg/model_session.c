/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptions as parties make them: first offers, changes of what stands, answers. RFC 3264. */
#include <stddef.h>

#include "model_agent_priv.h"

uint32_t
dice_below(struct dice *dice, uint32_t bound)
{
	uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

bool
dice_percent(struct dice *dice, uint32_t percent)
{
	return dice_below(dice, 100) < percent;
}

void
agent_skills(struct dice *dice, struct agent *agent)
{
	agent->mux = dice_percent(dice, 40);
	agent->ice = dice_percent(dice, 25);
	agent->bundle = dice_percent(dice, 30);
	agent->bundle_zero = dice_percent(dice, 40);
	if (agent->bundle && dice_percent(dice, 85))
		agent->mux = true; /* RFC 9143 9.3 */
}

/* RFC 2543's form is none of ICE (RFC 8839 4.4) and none of TCP. */
static bool
may_be_zero(const struct stream *stream)
{
	return stream->port && stream->candidate_count == 0 && stream->kind != KIND_TCP;
}

static void
session_hold(struct dice *dice, struct session *session)
{
	uint32_t form = dice_below(dice, 3);

	for (unsigned int i = 0; i < session->count; i++) {
		struct stream *stream = &session->stream[i];

		stream->zero = may_be_zero(stream) && form == 0;
		stream->way = form == 1 ? WAY_SENDONLY : form == 2 ? WAY_INACTIVE : WAY_BOTH;
	}
}

static void
session_resume(struct session *session)
{
	for (unsigned int i = 0; i < session->count; i++) {
		session->stream[i].zero = false;
		session->stream[i].way = WAY_BOTH;
	}
}

static struct stream
stream_offered(struct dice *dice, struct agent *agent, enum kind kind)
{
	struct stream stream = stream_new(dice, agent, kind);

	if (kind == KIND_TCP)
		setup_offer(dice, agent, &stream);
	return stream;
}

/* To another place; with the others of its group, if it has their transport (RFC 9143 7.5.2). */
static void
stream_move(struct dice *dice, struct agent *agent, struct session *session, struct stream *stream)
{
	bool bundled = stream->bundled && stream == &session->stream[session->tag];
	enum kind kind =
		stream->port || dice_percent(dice, 50) ? (enum kind)stream->kind : kind_new(dice);

	*stream = stream_offered(dice, agent, kind);
	if (bundled && stream->at <= AT_RELAY)
		stream->bundled = true;
}

/* T.38 in the place of the audio, or back. */
static void
stream_turn(struct dice *dice, struct agent *agent, struct session *session, struct stream *stream)
{
	enum kind kind = stream->kind == KIND_RTP ? KIND_FAX : KIND_RTP;

	if (stream->port && stream->kind != KIND_TCP && !stream->zero && !stream->bundled &&
		dice_percent(dice, 50))
		stream_become(stream, agent, kind);
	else if (session->count < STREAMS_MAX && stream->kind == KIND_RTP && stream->port) {
		*stream = (struct stream){.kind = stream->kind};
		session->stream[session->count++] = stream_offered(dice, agent, KIND_FAX);
	}
}

static void
session_skills(struct dice *dice, struct agent *agent, struct session *session)
{
	bool mux = dice_percent(dice, 5), ice = dice_percent(dice, 4);

	if (mux)
		agent->mux = !agent->mux;
	for (unsigned int i = 0; i < session->count; i++) {
		struct stream *stream = &session->stream[i];

		if (stream->kind == KIND_TCP)
			stream->existing = true;
		if (mux && stream->kind == KIND_RTP)
			stream->mux = stream->port && agent->mux;
		if (ice)
			stream->candidate_count = 0; /* another device goes on */
		if (stream->mux && dice_percent(dice, 50))
			stream_drop_rtcp(stream);
		if (stream->kind == KIND_TCP && stream->port && dice_percent(dice, 25))
			setup_offer(dice, agent, stream);
	}
}

/* RFC 3264 8: streams are added at the end, removed with port 0, moved, held, taken up again. */
static void
session_change(struct dice *dice, struct agent *agent, struct session *session)
{
	struct stream *stream = &session->stream[dice_below(dice, session->count)];
	uint32_t what = dice_below(dice, 100);

	session_skills(dice, agent, session);
	if (what < 25)
		return; /* a refresh */
	if (what < 43)
		session_hold(dice, session);
	else if (what < 57)
		session_resume(session);
	else if (what < 75)
		stream_move(dice, agent, session, stream);
	else if (what < 82)
		stream_turn(dice, agent, session, stream);
	else if (what < 91 && session->count < STREAMS_MAX)
		session->stream[session->count++] = stream_offered(dice, agent, kind_new(dice));
	else
		*stream = (struct stream){.kind = stream->kind};
}

struct session
session_offer(struct dice *dice, struct agent *agent)
{
	struct session session = agent->now;

	session.host = agent->host;
	if (session.count) {
		session_change(dice, agent, &session);
	} else {
		session.count = dice_percent(dice, agent->bundle ? 70 : 25) ? 2 : 1;
		if (session.count == 2 && dice_percent(dice, 20))
			session.count++;
		for (unsigned int i = 0; i < session.count; i++) {
			session.stream[i] = stream_offered(dice, agent, kind_new(dice));
			session.stream[i].zero =
				may_be_zero(&session.stream[i]) && dice_percent(dice, 2);
		}
	}
	bundle_offer(dice, agent, &session);
	return session;
}

static struct stream
stream_answer(struct dice *dice, struct agent *agent, const struct stream *offered,
	const struct stream *before)
{
	bool stood = before && before->port && before->kind == offered->kind;
	struct stream stream;

	if (stood && dice_percent(dice, 80)) {
		stream = *before;
		stream.bundled = stream.bundle_only = false;
	} else if (before && before->port && before->kind != KIND_TCP &&
		   offered->kind != KIND_TCP && !before->bundled && dice_percent(dice, 50)) {
		stream = *before;
		stream_become(&stream, agent, (enum kind)offered->kind);
	} else {
		stream = stream_new(dice, agent, (enum kind)offered->kind);
		stood = false;
	}
	stream.mux = stream.kind == KIND_RTP && agent->mux && offered->mux;
	if (stream.mux)
		stream_drop_rtcp(&stream);
	if (offered->candidate_count == 0 && dice_percent(dice, 90))
		stream.candidate_count = 0; /* RFC 8839 4.3.1 */
	stream.existing = stood && offered->existing;
	if (stream.kind == KIND_TCP)
		setup_answer(dice, agent, offered, &stream);
	stream.zero = stood && may_be_zero(&stream) && dice_percent(dice, 3);
	stream.way = offered->way == WAY_SENDONLY   ? WAY_RECVONLY
		     : offered->way == WAY_INACTIVE ? WAY_INACTIVE
						    : WAY_BOTH;
	return stream;
}

struct session
session_answer(struct dice *dice, struct agent *agent, const struct session *offer)
{
	struct session session = {.count = offer->count, .host = agent->host};

	for (unsigned int i = 0; i < offer->count; i++) {
		const struct stream *offered = &offer->stream[i];
		const struct stream *before = i < agent->now.count ? &agent->now.stream[i] : NULL;

		session.stream[i].kind = offered->kind;
		if (stream_accepted(offered) && (offer->count == 1 || !dice_percent(dice, 10)))
			session.stream[i] = stream_answer(dice, agent, offered, before);
	}
	bundle_answer(dice, agent, offer, &session);
	return session;
}
