/* SPDX-License-Identifier: BSD-3-Clause */
/* What an agent (model_agent.c) and those around it (model_parties.c) share. */
#ifndef UNIT_ALG_MODEL_AGENT_PRIV_H
#define UNIT_ALG_MODEL_AGENT_PRIV_H

#include "model_agent.h"

void sip_send(struct parties *parties, const struct sip *sip);
struct sip message_of(
	const struct leg *leg, const struct agent *agent, enum verb verb, uint32_t cseq);
bool agent_act(struct parties *parties, struct leg *leg, struct agent *agent);
bool agent_repeat(struct parties *parties, struct agent *agent);
bool respond_refusal(
	struct parties *parties, struct leg *leg, struct agent *agent, uint16_t status);

/* model_receive.c */
void agent_receive_request(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip);
void agent_receive_invite_response(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip);
void agent_receive_response(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip);
void agent_time_out(struct agent *agent);

/* model_stream.c */
enum kind kind_new(struct dice *dice);
struct stream stream_new(struct dice *dice, struct agent *agent, enum kind kind);
void stream_become(struct stream *stream, const struct agent *agent, enum kind kind);
void stream_drop_rtcp(struct stream *stream);
void setup_offer(struct dice *dice, struct agent *agent, struct stream *stream);
void setup_answer(struct dice *dice, struct agent *agent, const struct stream *offered,
	struct stream *stream);

/* model_bundle.c */
bool session_bundles(const struct session *session);
void bundle_offer(struct dice *dice, struct agent *agent, struct session *session);
void bundle_answer(struct dice *dice, struct agent *agent, const struct session *offer,
	struct session *answer);

#endif
