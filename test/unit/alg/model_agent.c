/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One agent in one dialog: what it may send, and what it answers. It keeps to the rules of offers and
 * answers (RFC 3261 14, RFC 3262 5, RFC 3311 5, RFC 6337), with its own view of the dialog alone.
 */
#include "model_agent_priv.h"

#include <string.h>

void
sip_send(struct parties *parties, const struct sip *sip)
{
	if (parties->sent_count < sizeof(parties->sent) / sizeof(parties->sent[0]))
		parties->sent[parties->sent_count++] = *sip;
}

struct sip
message_of(const struct leg *leg, const struct agent *agent, enum verb verb, uint32_t cseq)
{
	return (struct sip){
		.from = agent->party, .verb = (uint8_t)verb, .cseq = cseq, .tag = leg->tag};
}

/* Nothing is offered, and no INVITE may still bring or answer an offer. */
static bool
may_offer(const struct agent *agent)
{
	const struct invite *client = &agent->client, *server = &agent->server;

	if (!agent->alive || agent->leaving || agent->exchange != IDLE || agent->requesting ||
		agent->pracking || server->relied)
		return false;
	if ((client->open && !client->agreed) || (server->open && !server->agreed))
		return false;
	return agent->confirmed || client->agreed || server->agreed;
}

static bool
request_update(struct parties *parties, struct leg *leg, struct agent *agent)
{
	if (!may_offer(agent))
		return false;
	agent->request = message_of(leg, agent, VERB_UPDATE, ++agent->cseq);
	if (dice_percent(parties->dice, 80)) {
		agent->mine = session_offer(parties->dice, agent);
		agent->request.sdp = agent->mine;
		agent->exchange = OFFER_SENT;
	}
	agent->requesting = true;
	sip_send(parties, &agent->request);
	return true;
}

static bool
request_reinvite(struct parties *parties, struct leg *leg, struct agent *agent)
{
	if (!may_offer(agent) || !agent->confirmed || agent->client.open || agent->server.open ||
		agent->server.unacknowledged)
		return false;
	agent->invite = message_of(leg, agent, VERB_INVITE, ++agent->cseq);
	agent->client = (struct invite){.open = true, .cseq = agent->cseq};
	if (dice_percent(parties->dice, 80)) {
		agent->mine = session_offer(parties->dice, agent);
		agent->invite.sdp = agent->mine;
		agent->client.offered = true;
		agent->exchange = OFFER_SENT;
	}
	sip_send(parties, &agent->invite);
	return true;
}

static bool
request_info(struct parties *parties, struct leg *leg, struct agent *agent)
{
	if (!agent->confirmed || agent->requesting || agent->leaving)
		return false;
	agent->request = message_of(leg, agent, VERB_INFO, ++agent->cseq);
	agent->requesting = true;
	sip_send(parties, &agent->request);
	return true;
}

static bool
request_bye(struct parties *parties, struct leg *leg, struct agent *agent)
{
	/* the callee waits for the ACK, RFC 3261 15 */
	if (!agent->confirmed || agent->leaving || (agent->server.unacknowledged && !agent->weary))
		return false;
	agent->bye = message_of(leg, agent, VERB_BYE, ++agent->cseq);
	agent->leaving = true;
	sip_send(parties, &agent->bye);
	return true;
}

static bool
request_cancel(struct parties *parties, struct leg *leg, struct agent *agent)
{
	if (!agent->client.open || !agent->client.provisional || agent->client.cancelled ||
		!agent->confirmed)
		return false;
	agent->cancel = message_of(leg, agent, VERB_CANCEL, agent->client.cseq);
	agent->cancelling = agent->client.cancelled = true;
	sip_send(parties, &agent->cancel);
	return true;
}

/* What answers the INVITE's offer, now or since an 1xx. */
static struct session
invite_answer(struct parties *parties, struct agent *agent)
{
	struct invite *invite = &agent->server;

	if (invite->answer.count == 0 || dice_percent(parties->dice, 15))
		invite->answer = session_answer(parties->dice, agent, &agent->theirs);
	return invite->answer;
}

/* Put the answer or the offer that the INVITE asks for into its response. */
static void
respond_session(struct parties *parties, struct agent *agent, struct sip *response)
{
	struct invite *invite = &agent->server;

	if (invite->agreed)
		return;
	if (invite->offered) {
		response->sdp = invite_answer(parties, agent);
		agent->now = response->sdp;
		agent->exchange = IDLE;
	} else {
		agent->mine = session_offer(parties->dice, agent);
		response->sdp = agent->mine;
		agent->exchange = OFFER_SENT;
	}
}

static bool
exchange_is_the_invites(const struct agent *agent)
{
	const struct invite *invite = &agent->server;

	return invite->agreed || agent->exchange == (invite->offered ? OFFER_GOT : IDLE);
}

static void
respond_ringing(struct parties *parties, struct leg *leg, struct agent *agent, bool early)
{
	struct sip response = message_of(leg, agent, VERB_INVITE, agent->server.cseq);

	response.status = early ? 183 : 180;
	if (early && agent->server.offered && !agent->server.agreed)
		response.sdp = invite_answer(parties, agent);
	agent->server.provisional = true;
	agent->server.last = response;
	sip_send(parties, &response);
}

static bool
respond_reliably(struct parties *parties, struct leg *leg, struct agent *agent)
{
	struct sip response = message_of(leg, agent, VERB_INVITE, agent->server.cseq);
	struct invite *invite = &agent->server;

	if (invite->relied || !exchange_is_the_invites(agent))
		return false;
	response.status = 183;
	response.rseq = ++invite->rseq;
	respond_session(parties, agent, &response);
	if (response.sdp.count && invite->offered)
		invite->agreed = true;
	invite->provisional = invite->relied = true;
	invite->last = invite->reliable = response;
	sip_send(parties, &response);
	return true;
}

static bool
respond_success(struct parties *parties, struct leg *leg, struct agent *agent)
{
	struct sip response = message_of(leg, agent, VERB_INVITE, agent->server.cseq);
	struct invite *invite = &agent->server;

	if (invite->relied || !exchange_is_the_invites(agent))
		return false;
	response.status = 200;
	respond_session(parties, agent, &response);
	invite->open = false;
	invite->unacknowledged = true;
	agent->confirmed = true;
	invite->last = response;
	sip_send(parties, &response);
	return true;
}

/* A re-INVITE alone; the first one is refused by the proxy. */
static bool
respond_refusal(struct parties *parties, struct leg *leg, struct agent *agent, uint16_t status)
{
	struct sip response = message_of(leg, agent, VERB_INVITE, agent->server.cseq);
	struct invite *invite = &agent->server;

	if (!agent->confirmed || invite->agreed) /* RFC 6141 3.3 */
		return false;
	response.status = status;
	if (agent->exchange != IDLE)
		agent->exchange = IDLE;
	invite->open = invite->relied = false;
	invite->last = response;
	sip_send(parties, &response);
	return true;
}

static bool
respond(struct parties *parties, struct leg *leg, struct agent *agent)
{
	uint32_t what = dice_below(parties->dice, 100);
	struct invite *invite = &agent->server;

	if (!invite->open || !agent->alive)
		return false;
	if (invite->cancelled)
		return respond_refusal(parties, leg, agent, 487) ||
		       respond_success(parties, leg, agent);
	if (what < 35 && exchange_is_the_invites(agent)) {
		respond_ringing(parties, leg, agent, what < 20);
		return true;
	}
	if (what < 55)
		return respond_reliably(parties, leg, agent);
	if (what < 88)
		return respond_success(parties, leg, agent);
	return respond_refusal(parties, leg, agent, what < 94 ? 488 : 500);
}

bool
agent_act(struct parties *parties, struct leg *leg, struct agent *agent)
{
	uint32_t what = dice_below(parties->dice, 100);

	if (!agent->alive)
		return false;
	if (agent->weary)
		return request_bye(parties, leg, agent);
	if (what < 40)
		return respond(parties, leg, agent);
	if (what < 58)
		return request_update(parties, leg, agent);
	if (what < 80)
		return request_reinvite(parties, leg, agent);
	if (what < 84)
		return request_info(parties, leg, agent);
	if (what < 90)
		return request_cancel(parties, leg, agent);
	return what < 95 && request_bye(parties, leg, agent);
}

bool
agent_repeat(struct parties *parties, struct agent *agent)
{
	const struct invite *client = &agent->client, *server = &agent->server;

	switch (dice_below(parties->dice, 7)) {
	case 0:
		if (agent->requesting)
			sip_send(parties, &agent->request);
		return agent->requesting;
	case 1:
		if (agent->pracking)
			sip_send(parties, &agent->prack);
		return agent->pracking;
	case 2:
		if (agent->leaving)
			sip_send(parties, &agent->bye);
		return agent->leaving;
	case 3:
		if (agent->cancelling)
			sip_send(parties, &agent->cancel);
		return agent->cancelling;
	case 4:
		if (!client->open || client->provisional || !agent->confirmed)
			return false;
		sip_send(parties, &agent->invite);
		return true;
	case 5:
		if (server->relied)
			sip_send(parties, &server->reliable);
		return server->relied;
	default:
		if (server->unacknowledged)
			sip_send(parties, &server->last);
		return server->unacknowledged;
	}
}

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
		agent->now = answer;
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
		agent->now = agent->mine;
		agent->exchange = IDLE;
		reply(parties, leg, agent, sip, 200, NULL);
	} else if (sip->sdp.count && agent->exchange == IDLE) {
		answer = session_answer(parties->dice, agent, &sip->sdp);
		agent->now = answer;
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
		agent->now = agent->mine;
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
			agent->now = agent->mine;
			agent->exchange = IDLE;
			if (dice_percent(parties->dice, 15) && !agent->requesting) {
				agent->mine = session_offer(parties->dice, agent);
				agent->exchange = OFFER_SENT;
				prack.sdp = agent->mine;
			}
		} else {
			prack.sdp = session_answer(parties->dice, agent, &sip->sdp);
			agent->now = prack.sdp;
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
		agent->now = agent->mine;
		agent->exchange = IDLE;
	} else if (!invite->agreed && !invite->offered && sip->sdp.count) {
		agent->now = session_answer(parties->dice, agent, &sip->sdp);
		invite->last.sdp = agent->now;
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
				agent->now = agent->mine;
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
