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
void agent_receive_request(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip);
void agent_receive_invite_response(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip);
void agent_receive_response(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip);
void agent_time_out(struct agent *agent);

#endif
