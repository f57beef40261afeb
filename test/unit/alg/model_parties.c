/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The caller before it has a dialog, and the proxy in front of the callee's agents: it challenges,
 * forks, refuses and cancels (RFC 3261 16.7, 22.3).
 */
#include <string.h>

#include "model_agent_priv.h"

enum { TAG_STEP = 16, TRIES_MAX = 3 };

static struct sip
initial(enum party from, enum verb verb, uint32_t cseq)
{
	return (struct sip){.from = (uint8_t)from, .verb = (uint8_t)verb, .cseq = cseq};
}

void
parties_begin(struct parties *parties, struct dice *dice, uint16_t callee_port, bool one_leg)
{
	memset(parties, 0, sizeof(*parties));
	parties->dice = dice;
	parties->callee_port = callee_port;
	parties->leg_count = 1;
	if (!one_leg && dice_percent(dice, 25))
		parties->leg_count = (uint8_t)(2 + dice_below(dice, LEGS_MAX - 1));
	parties->caller = (struct agent){.party = CALLER, .next_port = 4000};
	agent_skills(dice, &parties->caller);
}

void
parties_settle_down(struct parties *parties)
{
	parties->tries = TRIES_MAX;
}

/* The first INVITE, or another try after a challenge or a refusal. */
static void
caller_invite(struct parties *parties, bool same_offer)
{
	struct agent *caller = &parties->caller;
	struct session offer = parties->invite.sdp;

	parties->invite = initial(CALLER, VERB_INVITE, ++caller->cseq);
	if (same_offer)
		parties->invite.sdp = offer;
	else if (dice_percent(parties->dice, 85))
		parties->invite.sdp = session_offer(parties->dice, caller);
	parties->started = parties->inviting = true;
	parties->provisional = parties->cancelling = false;
	parties->tries++;
	sip_send(parties, &parties->invite);
}

static bool
answered(const struct parties *parties)
{
	for (unsigned int i = 0; i < parties->leg_count; i++) {
		if (parties->leg[i].agent[CALLEE].confirmed)
			return true;
	}
	return false;
}

static bool
caller_cancel(struct parties *parties)
{
	if (!parties->inviting || !parties->provisional || parties->cancelling)
		return false;
	parties->cancel = initial(CALLER, VERB_CANCEL, parties->caller.cseq);
	parties->cancelling = true;
	sip_send(parties, &parties->cancel);
	return true;
}

/* One final response for all legs. */
static void
proxy_refuse(struct parties *parties, uint16_t status)
{
	for (unsigned int i = 0; i < parties->leg_count; i++)
		parties->leg[i].agent[CALLEE].alive = false;
	parties->refused = true;
	parties->refusal = initial(CALLEE, VERB_INVITE, parties->proxy_cseq);
	parties->refusal.status = status;
	parties->refusal.tag = parties->leg[0].started ? parties->leg[0].tag : TAG_STEP - 1;
	sip_send(parties, &parties->refusal);
}

/* A fork that will not answer is said to be gone (RFC 6228), where others still ring. */
static bool
proxy_drop_leg(struct parties *parties)
{
	struct leg *leg = &parties->leg[dice_below(parties->dice, parties->leg_count)];
	struct agent *agent = &leg->agent[CALLEE];
	struct sip gone;

	if (parties->leg_count < 2 || !agent->alive || agent->confirmed ||
		!agent->server.provisional || agent->server.relied)
		return false;
	agent->alive = false;
	gone = message_of(leg, agent, VERB_INVITE, agent->server.cseq);
	gone.status = 199;
	sip_send(parties, &gone);
	return true;
}

static bool
proxy_act(struct parties *parties)
{
	static const uint16_t statuses[] = {486, 488, 503, 603, 480};

	if (!parties->leg[0].started || parties->refused || answered(parties))
		return false;
	if (dice_percent(parties->dice, 50))
		return proxy_drop_leg(parties);
	if (!dice_percent(parties->dice, 30))
		return false;
	proxy_refuse(parties, statuses[dice_below(parties->dice, 5)]);
	return true;
}

static bool
caller_leave_early(struct parties *parties, struct leg *leg)
{
	struct agent *agent = &leg->agent[CALLER];

	if (!agent->alive || agent->confirmed || agent->leaving || !agent->client.open)
		return false;
	agent->bye = message_of(leg, agent, VERB_BYE, ++agent->cseq);
	agent->leaving = true;
	sip_send(parties, &agent->bye);
	return true;
}

bool
parties_act(struct parties *parties, bool repeat)
{
	struct leg *leg = &parties->leg[dice_below(parties->dice, parties->leg_count)];
	uint32_t what = dice_below(parties->dice, 100);

	if (repeat) {
		if (what < 20 && parties->inviting && !parties->provisional) {
			sip_send(parties, &parties->invite);
			return true;
		}
		if (what < 30 && parties->inviting && parties->cancelling) {
			sip_send(parties, &parties->cancel);
			return true;
		}
		if (what < 40 && parties->inviting && parties->refused) {
			sip_send(parties, &parties->refusal);
			return true;
		}
		return agent_repeat(parties, &leg->agent[what & 1]);
	}
	if (!parties->started) {
		caller_invite(parties, false);
		return true;
	}
	if (what < 3)
		return caller_cancel(parties);
	if (what < 8)
		return proxy_act(parties);
	if (what < 9)
		return caller_leave_early(parties, leg);
	return agent_act(parties, leg, &leg->agent[what & 1]);
}

static void
legs_begin(struct parties *parties, const struct sip *invite)
{
	for (unsigned int i = 0; i < parties->leg_count; i++) {
		struct leg *leg = &parties->leg[i];
		struct agent *callee = &leg->agent[CALLEE];

		memset(leg, 0, sizeof(*leg));
		leg->started = true;
		leg->tag = i + TAG_STEP * invite->cseq;
		*callee = (struct agent){.party = CALLEE,
			.host = (uint8_t)(1 + i),
			.alive = true,
			.highest = invite->cseq,
			.next_port = parties->callee_port,
			.theirs = invite->sdp};
		agent_skills(parties->dice, callee);
		callee->server = (struct invite){
			.open = true, .cseq = invite->cseq, .offered = invite->sdp.count != 0};
		callee->exchange = invite->sdp.count ? OFFER_GOT : IDLE;
	}
}

static void
proxy_receive_invite(struct parties *parties, const struct sip *sip)
{
	struct sip trying = initial(CALLEE, VERB_INVITE, sip->cseq);

	if (sip->cseq < parties->proxy_cseq)
		return;
	if (sip->cseq == parties->proxy_cseq) {
		if (parties->refused)
			sip_send(parties, &parties->refusal);
		return;
	}
	parties->proxy_cseq = sip->cseq;
	parties->refused = false;
	if (sip->cseq == 1 && dice_percent(parties->dice, 15)) {
		proxy_refuse(parties, dice_percent(parties->dice, 50) ? 407 : 401);
		return;
	}
	trying.status = 100;
	if (dice_percent(parties->dice, 50))
		sip_send(parties, &trying);
	legs_begin(parties, sip);
}

static void
proxy_receive_cancel(struct parties *parties, const struct sip *sip)
{
	struct sip response = initial(CALLEE, VERB_CANCEL, sip->cseq);

	response.status = 200;
	sip_send(parties, &response);
	if (sip->cseq == parties->proxy_cseq && !parties->refused && !answered(parties))
		proxy_refuse(parties, 487);
}

static struct leg *
leg_of(struct parties *parties, uint32_t tag)
{
	for (unsigned int i = 0; i < parties->leg_count; i++) {
		if (parties->leg[i].started && parties->leg[i].tag == tag)
			return &parties->leg[i];
	}
	return NULL;
}

static void
caller_refused(struct parties *parties, const struct sip *sip)
{
	struct sip ack = initial(CALLER, VERB_ACK, sip->cseq);
	bool challenge = sip->status == 401 || sip->status == 407;

	ack.tag = sip->tag;
	sip_send(parties, &ack);
	if (!parties->inviting || sip->cseq != parties->caller.cseq)
		return;
	parties->inviting = false;
	for (unsigned int i = 0; i < parties->leg_count; i++)
		parties->leg[i].agent[CALLER].alive = false;
	if (challenge || (sip->status == 488 && parties->tries < TRIES_MAX))
		caller_invite(parties, challenge);
}

/* The caller learns of a dialog from the first response that names it. */
static void
caller_learns(struct parties *parties, struct leg *leg)
{
	struct agent *agent = &leg->agent[CALLER];

	*agent = parties->caller;
	agent->alive = true;
	agent->next_port = (uint16_t)(agent->next_port + 1000 * (leg->tag % TAG_STEP));
	agent->client = (struct invite){
		.open = true, .cseq = agent->cseq, .offered = parties->invite.sdp.count != 0};
	agent->mine = parties->invite.sdp;
	agent->exchange = agent->client.offered ? OFFER_SENT : IDLE;
}

static void
caller_receive_response(struct parties *parties, struct leg *leg, const struct sip *sip)
{
	struct agent *agent = &leg->agent[CALLER];

	if (!agent->client.cseq) {
		if (sip->status == 199)
			return;
		caller_learns(parties, leg);
	}
	if (sip->status == 199) {
		if (!agent->confirmed)
			agent->alive = false;
		return;
	}
	if (sip->status < 200)
		parties->provisional = true;
	else if (sip->status < 300)
		parties->inviting = false;
	agent_receive_invite_response(parties, leg, agent, sip);
	/* of several that answered, one is enough, mostly */
	if (sip->status >= 200 && parties->leg_count > 1 && dice_percent(parties->dice, 40))
		agent->weary = true;
}

static void
receive_of_invite(struct parties *parties, struct leg *leg, const struct sip *sip)
{
	bool first = sip->cseq <= parties->caller.cseq;

	if (sip->from == CALLER) {
		agent_receive_invite_response(parties, leg, &leg->agent[CALLEE], sip);
		return;
	}
	if (leg->agent[CALLER].client.cseq)
		first = sip->cseq == parties->caller.cseq;
	if (first && sip->cseq == parties->caller.cseq)
		caller_receive_response(parties, leg, sip);
	else
		agent_receive_invite_response(parties, leg, &leg->agent[CALLER], sip);
}

void
parties_receive(struct parties *parties, const struct sip *sip)
{
	struct leg *leg = leg_of(parties, sip->tag);

	if (sip->from == CALLER && !sip->status && sip->tag == 0) {
		if (sip->verb == VERB_INVITE)
			proxy_receive_invite(parties, sip);
		else if (sip->verb == VERB_CANCEL)
			proxy_receive_cancel(parties, sip);
		return;
	}
	if (sip->from == CALLEE && sip->status && sip->verb == VERB_INVITE &&
		sip->cseq == parties->invite.cseq) {
		if (sip->status >= 300) {
			caller_refused(parties, sip);
			return;
		}
		if (sip->status == 100)
			parties->provisional = true;
	}
	if (sip->verb == VERB_CANCEL && sip->status && sip->tag == 0) {
		parties->cancelling = false;
		return;
	}
	if (!leg)
		return;
	if (!sip->status)
		agent_receive_request(parties, leg, &leg->agent[1 - sip->from], sip);
	else if (sip->verb == VERB_INVITE)
		receive_of_invite(parties, leg, sip);
	else
		agent_receive_response(parties, leg, &leg->agent[1 - sip->from], sip);
	/* an early dialog that the caller left: the INVITE is refused */
	if (sip->verb == VERB_BYE && !sip->status && sip->from == CALLER &&
		!leg->agent[CALLEE].confirmed && parties->leg_count == 1 && !parties->refused)
		proxy_refuse(parties, 487);
}

void
parties_time_out(struct parties *parties)
{
	bool through = answered(parties);

	for (unsigned int i = 0; i < parties->leg_count; i++) {
		for (int party = 0; party < 2; party++) {
			struct agent *agent = &parties->leg[i].agent[party];

			agent_time_out(agent);
			if (through && !agent->confirmed)
				agent->alive = false;
		}
	}
	if (parties->inviting && (!parties->provisional || parties->refused || through))
		parties->inviting = false;
	parties->cancelling = false;
}

bool
parties_done(const struct parties *parties)
{
	if (!parties->started || parties->inviting)
		return false;
	for (unsigned int i = 0; i < parties->leg_count; i++) {
		if (parties->leg[i].agent[CALLER].alive || parties->leg[i].agent[CALLEE].alive)
			return false;
	}
	return true;
}
