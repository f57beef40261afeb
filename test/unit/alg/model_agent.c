/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One agent in one dialog: what it may send (what it makes of what comes: model_receive.c). It keeps to
 * the rules of offers and answers (RFC 3261 14, RFC 3262 5, RFC 3311 5, RFC 6337), with its own view
 * of the dialog alone.
 */
#include "model_agent_priv.h"

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
		agent->now = session_agreed(&response->sdp, &response->sdp);
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
bool
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
