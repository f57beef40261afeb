/* SPDX-License-Identifier: BSD-3-Clause */
/* One agent in one dialog: what it makes of what comes (what it sends: model_agent.c). */
#include <stddef.h>

#include "model_agent_priv.h"

static void
reply(struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *request,
	uint16_t status, const struct session *sdp)
{
	struct sip response = message_of(leg, agent, (enum verb)request->verb, request->cseq);

	response.status = status;
	if (sdp)
		response.sdp = *sdp;
	agent->reply[agent->reply_count++ % 16] = response;
	sip_send(parties, &response);
}

/* A repetition of what has been answered. */
static bool
reply_again(struct parties *parties, const struct agent *agent, const struct sip *request)
{
	for (unsigned int i = 0; i < 16; i++) {
		const struct sip *response = &agent->reply[i];

		if (response->status && response->verb == request->verb &&
			response->cseq == request->cseq) {
			sip_send(parties, response);
			return true;
		}
	}
	return false;
}

static void
receive_invite(struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	struct invite *invite = &agent->server;

	if (sip->cseq == invite->cseq) {
		if (invite->last.status)
			sip_send(parties, &invite->last);
		return;
	}
	if (reply_again(parties, agent, sip))
		return;
	if (sip->cseq <= agent->highest) {
		reply(parties, leg, agent, sip, 500, NULL);
		return;
	}
	agent->highest = sip->cseq;
	if (!agent->alive || agent->leaving)
		reply(parties, leg, agent, sip, 481, NULL);
	else if (agent->client.open || agent->exchange == OFFER_SENT)
		reply(parties, leg, agent, sip, 491, NULL);
	else if (invite->open || invite->unacknowledged || agent->exchange == OFFER_GOT)
		reply(parties, leg, agent, sip, 500, NULL);
	else {
		*invite = (struct invite){.open = true, .cseq = sip->cseq, .rseq = invite->rseq};
		invite->offered = sip->sdp.count != 0;
		agent->theirs = sip->sdp;
		if (invite->offered)
			agent->exchange = OFFER_GOT;
	}
}

static void
receive_update(struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	struct session answer;

	if (sip->sdp.count == 0) {
		reply(parties, leg, agent, sip, 200, NULL);
	} else if (agent->exchange != IDLE || (agent->server.open && !agent->server.agreed)) {
		reply(parties, leg, agent, sip, agent->exchange == OFFER_GOT ? 500 : 491, NULL);
	} else if (dice_percent(parties->dice, 12)) {
		reply(parties, leg, agent, sip, 488, NULL);
	} else {
		answer = session_answer(parties->dice, agent, &sip->sdp);
		agent->now = session_agreed(&answer, &answer);
		reply(parties, leg, agent, sip, 200, &answer);
	}
}

static void
receive_prack(struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	struct invite *invite = &agent->server;
	struct session answer;

	if (!invite->relied || sip->rack_cseq != invite->cseq || sip->rseq != invite->rseq) {
		reply(parties, leg, agent, sip, 481, NULL);
		return;
	}
	invite->relied = false;
	if (invite->reliable.sdp.count && !invite->offered && !invite->agreed) {
		invite->agreed = true;
		agent->now = session_agreed(&agent->mine, &sip->sdp);
		agent->exchange = IDLE;
		reply(parties, leg, agent, sip, 200, NULL);
	} else if (sip->sdp.count && agent->exchange == IDLE) {
		answer = session_answer(parties->dice, agent, &sip->sdp);
		agent->now = session_agreed(&answer, &answer);
		reply(parties, leg, agent, sip, 200, &answer);
	} else {
		reply(parties, leg, agent, sip, sip->sdp.count ? 491 : 200, NULL);
	}
}

static void
receive_bye(struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	bool invited = agent->server.open && agent->confirmed && agent->alive;

	if (dice_percent(parties->dice, 10)) {
		reply(parties, leg, agent, sip, 407, NULL);
		return;
	}
	reply(parties, leg, agent, sip, 200, NULL);
	agent->alive = agent->requesting = agent->pracking = agent->cancelling = false;
	agent->server.relied = agent->server.unacknowledged = false;
	if (invited) {
		agent->server.agreed = false;
		respond_refusal(parties, leg, agent, 487);
	}
}

static void
receive_ack(struct agent *agent, const struct sip *sip)
{
	struct invite *invite = &agent->server;

	if (!invite->unacknowledged || sip->cseq != invite->cseq)
		return;
	invite->unacknowledged = false;
	if (!invite->offered && !invite->agreed) {
		agent->now = session_agreed(&agent->mine, &sip->sdp);
		agent->exchange = IDLE;
	}
}

void
agent_receive_request(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	if (sip->verb == VERB_INVITE) {
		receive_invite(parties, leg, agent, sip);
		return;
	}
	if (sip->verb == VERB_ACK) {
		receive_ack(agent, sip);
		return;
	}
	if (reply_again(parties, agent, sip))
		return;
	if (sip->verb == VERB_CANCEL) {
		if (sip->cseq == agent->server.cseq && agent->server.open)
			agent->server.cancelled = true;
		reply(parties, leg, agent, sip, 200, NULL);
		return;
	}
	if (sip->cseq <= agent->highest) {
		reply(parties, leg, agent, sip, 500, NULL);
		return;
	}
	agent->highest = sip->cseq;
	if (!agent->alive || (agent->leaving && sip->verb != VERB_BYE))
		reply(parties, leg, agent, sip, 481, NULL);
	else if (sip->verb == VERB_UPDATE)
		receive_update(parties, leg, agent, sip);
	else if (sip->verb == VERB_PRACK)
		receive_prack(parties, leg, agent, sip);
	else if (sip->verb == VERB_BYE)
		receive_bye(parties, leg, agent, sip);
	else
		reply(parties, leg, agent, sip, 200, NULL);
}

static void
acknowledge_reliable(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	struct invite *invite = &agent->client;
	struct sip prack;

	if (sip->rseq <= invite->rseq) {
		if (agent->pracking && agent->prack.rseq == sip->rseq)
			sip_send(parties, &agent->prack);
		return;
	}
	if (sip->rseq != invite->rseq + 1 && invite->rseq)
		return;
	invite->rseq = sip->rseq;
	prack = message_of(leg, agent, VERB_PRACK, ++agent->cseq);
	prack.rseq = sip->rseq;
	prack.rack_cseq = sip->cseq;
	if (sip->sdp.count && !invite->agreed) {
		invite->agreed = true;
		if (invite->offered) {
			agent->now = session_agreed(&agent->mine, &sip->sdp);
			agent->exchange = IDLE;
			if (dice_percent(parties->dice, 15) && !agent->requesting) {
				agent->mine = session_offer(parties->dice, agent);
				agent->exchange = OFFER_SENT;
				prack.sdp = agent->mine;
			}
		} else {
			prack.sdp = session_answer(parties->dice, agent, &sip->sdp);
			agent->now = session_agreed(&prack.sdp, &prack.sdp);
		}
	}
	agent->prack = prack;
	agent->pracking = true;
	sip_send(parties, &prack);
}

static void
acknowledge_success(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	struct invite *invite = &agent->client;

	if (!invite->open) { /* a repetition */
		sip_send(parties, &invite->last);
		return;
	}
	invite->open = false;
	agent->confirmed = true;
	invite->last = message_of(leg, agent, VERB_ACK, invite->cseq);
	if (!invite->agreed && invite->offered && sip->sdp.count) {
		agent->now = session_agreed(&agent->mine, &sip->sdp);
		agent->exchange = IDLE;
	} else if (!invite->agreed && !invite->offered && sip->sdp.count) {
		invite->last.sdp = session_answer(parties->dice, agent, &sip->sdp);
		agent->now = session_agreed(&invite->last.sdp, &invite->last.sdp);
	}
	invite->agreed = true;
	sip_send(parties, &invite->last);
}

void
agent_receive_invite_response(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	struct invite *invite = &agent->client;
	struct sip ack;

	if (sip->cseq != invite->cseq)
		return;
	if (sip->status < 200) {
		invite->provisional = true;
		if (sip->rseq && invite->open && agent->alive)
			acknowledge_reliable(parties, leg, agent, sip);
		return;
	}
	if (sip->status < 300) {
		acknowledge_success(parties, leg, agent, sip);
		return;
	}
	ack = message_of(leg, agent, VERB_ACK, sip->cseq);
	sip_send(parties, &ack);
	if (!invite->open)
		return;
	invite->open = false;
	if (!invite->agreed)
		agent->exchange = IDLE;
	if (sip->status == 481 || sip->status == 408)
		agent->alive = false;
}

void
agent_receive_response(
	struct parties *parties, struct leg *leg, struct agent *agent, const struct sip *sip)
{
	bool *waiting = sip->verb == VERB_PRACK ? &agent->pracking : &agent->requesting;
	const struct sip *request = sip->verb == VERB_PRACK ? &agent->prack : &agent->request;

	if (sip->verb == VERB_CANCEL) {
		agent->cancelling = false;
	} else if (sip->verb == VERB_BYE) {
		if (agent->leaving && sip->status == 407 && sip->cseq == agent->bye.cseq) {
			agent->bye = message_of(leg, agent, VERB_BYE, ++agent->cseq);
			sip_send(parties, &agent->bye);
		} else if (agent->leaving && sip->status != 407) {
			agent->alive = agent->leaving = false;
		}
	} else if (*waiting && request->cseq == sip->cseq && request->verb == sip->verb) {
		*waiting = false;
		if (request->sdp.count && agent->exchange == OFFER_SENT) {
			if (sip->status < 300)
				agent->now = session_agreed(&agent->mine, &sip->sdp);
			agent->exchange = IDLE;
		}
	}
}

/* 64*T1 without a word: its transactions have failed. */
void
agent_time_out(struct agent *agent)
{
	if (agent->leaving)
		agent->alive = agent->leaving = false;
	if (agent->requesting || agent->pracking || agent->server.unacknowledged ||
		agent->server.relied || (agent->client.open && agent->confirmed))
		agent->weary = true;
	agent->requesting = agent->pracking = agent->cancelling = false;
	agent->client.open = agent->client.open && !agent->confirmed;
	agent->server.relied = agent->server.unacknowledged = false;
	if (agent->exchange == OFFER_SENT)
		agent->exchange = IDLE;
}
