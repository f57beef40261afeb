/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptions as parties make them: first offers, changes of what stands, answers. RFC 3264. */
#include "model_agent.h"

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

static struct stream
stream_new(struct dice *dice, struct agent *agent)
{
	struct stream stream = {.port = agent->next_port, .mux = agent->mux};

	agent->next_port += 4;
	if (dice_percent(dice, 5))
		stream.port++; /* odd ports are allowed, too */
	return stream;
}

static void
session_hold(struct dice *dice, struct session *session)
{
	uint32_t form = dice_below(dice, 3);

	for (unsigned int i = 0; i < session->count; i++) {
		struct stream *stream = &session->stream[i];

		stream->zero = stream->port && form == 0;
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

/* RFC 3264 8: streams are added at the end, removed with port 0, moved, held, taken up again. */
static void
session_change(struct dice *dice, struct agent *agent, struct session *session)
{
	struct stream *stream = &session->stream[dice_below(dice, session->count)];
	uint32_t what = dice_below(dice, 100);

	if (dice_percent(dice, 5)) {
		agent->mux = !agent->mux;
		for (unsigned int i = 0; i < session->count; i++)
			session->stream[i].mux = session->stream[i].port && agent->mux;
	}
	if (what < 25)
		return; /* a refresh */
	if (what < 45)
		session_hold(dice, session);
	else if (what < 60)
		session_resume(session);
	else if (what < 80)
		*stream = stream_new(dice, agent);
	else if (what < 90 && session->count < STREAMS_MAX)
		session->stream[session->count++] = stream_new(dice, agent);
	else
		*stream = (struct stream){0};
}

struct session
session_offer(struct dice *dice, struct agent *agent)
{
	struct session session = agent->now;

	session.host = agent->host;
	if (session.count) {
		session_change(dice, agent, &session);
		return session;
	}
	session.count = dice_percent(dice, 25) ? 2 : 1;
	for (unsigned int i = 0; i < session.count; i++) {
		session.stream[i] = stream_new(dice, agent);
		session.stream[i].zero = dice_percent(dice, 2);
	}
	return session;
}

struct session
session_answer(struct dice *dice, struct agent *agent, const struct session *offer)
{
	struct session session = {.count = offer->count, .host = agent->host};

	for (unsigned int i = 0; i < offer->count; i++) {
		const struct stream *offered = &offer->stream[i];
		struct stream *stream = &session.stream[i];
		bool stood = i < agent->now.count && agent->now.stream[i].port;

		if (offered->port == 0 || (offer->count > 1 && dice_percent(dice, 10)))
			continue;
		if (stood && dice_percent(dice, 80))
			*stream = agent->now.stream[i];
		else
			*stream = stream_new(dice, agent);
		stream->mux = agent->mux && offered->mux;
		stream->zero = stood && dice_percent(dice, 3);
		stream->way = offered->way == WAY_SENDONLY   ? WAY_RECVONLY
			      : offered->way == WAY_INACTIVE ? WAY_INACTIVE
							     : WAY_BOTH;
	}
	return session;
}
