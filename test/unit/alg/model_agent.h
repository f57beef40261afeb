/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two parties that talk as the RFCs let them: what they may send now is drawn at random. The
 * callee's side is a proxy with one or several agents behind it (legs), each with its own To tag.
 */
#ifndef UNIT_ALG_MODEL_AGENT_H
#define UNIT_ALG_MODEL_AGENT_H

#include "model.h"

struct walk;

/* Random numbers of one walk. */
struct dice {
	uint64_t state;
};
uint32_t dice_below(struct dice *dice, uint32_t bound);
bool dice_percent(struct dice *dice, uint32_t percent);

enum exchange { IDLE, OFFER_SENT, OFFER_GOT };

/* An INVITE transaction at one end. */
struct invite {
	bool open;
	bool offered; /* the request brought an offer */
	bool provisional; /* some 1xx was sent, or has come */
	bool agreed; /* answered for good before the 2xx */
	bool unacknowledged; /* server: its 2xx waits for the ACK */
	bool relied; /* server: its reliable 1xx waits for the PRACK */
	bool cancelled;
	uint32_t cseq, rseq;
	struct session answer; /* server: what an unreliable 1xx said */
	struct sip last; /* server: response to repeat; client: the ACK */
	struct sip reliable; /* server */
};

/* One party in one dialog. */
struct agent {
	uint8_t party, host;
	bool alive, confirmed, leaving, weary; /* weary: about to leave */
	bool mux, ice, bundle;
	bool bundle_zero; /* as RFC 8843: port 0 where a transport is shared */
	enum exchange exchange;
	uint32_t cseq, highest;
	uint16_t next_port;
	struct session now, mine, theirs; /* agreed, offered, to be answered */
	struct invite client, server;
	bool requesting, pracking, cancelling; /* the client of one */
	struct sip invite, request, prack, bye, cancel;
	unsigned int reply_count;
	struct sip reply[16]; /* to requests that may be repeated */
};

struct leg {
	uint32_t tag;
	bool started, refused;
	struct agent agent[2];
};

/* The call as its ends see it. */
struct parties {
	struct dice *dice;
	uint8_t leg_count;
	struct leg leg[LEGS_MAX];
	struct agent caller; /* before there is any dialog; each begins with it */
	bool started, inviting, provisional, cancelling, over;
	uint8_t tries;
	struct sip invite, cancel;
	uint16_t callee_port;
	/* the proxy */
	bool refused;
	uint32_t proxy_cseq;
	struct sip refusal;
	unsigned int sent_count;
	struct sip sent[16]; /* what the last step sent; taken by the walk */
};

void parties_begin(struct parties *parties, struct dice *dice, uint16_t callee_port, bool one_leg);
/* The caller will make no other try. */
void parties_settle_down(struct parties *parties);
/* One party does something; `repeat`: only what was sent before. False: it had nothing to do. */
bool parties_act(struct parties *parties, bool repeat);
void parties_receive(struct parties *parties, const struct sip *sip);
/* 64*T1 pass without anything arriving. */
void parties_time_out(struct parties *parties);
/* Nobody has anything more to say. */
bool parties_done(const struct parties *parties);

/* What an agent knows of multiplexing, ICE and BUNDLE. */
void agent_skills(struct dice *dice, struct agent *agent);

/* model_session.c: descriptions */
struct session session_offer(struct dice *dice, struct agent *agent);
struct session session_answer(struct dice *dice, struct agent *agent, const struct session *offer);
/* What has become of an own description, offer or answer, with that answer. */
struct session session_agreed(const struct session *own, const struct session *answer);

#endif
