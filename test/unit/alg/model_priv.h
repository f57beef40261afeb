/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the reference share: the call (model.c), and what of it is open (model_open.c). */
#ifndef UNIT_ALG_MODEL_PRIV_H
#define UNIT_ALG_MODEL_PRIV_H

#include "model.h"

enum { DIALOGS_MAX = 16, TRANSACTIONS_MAX = 128 };

/* What a description names. */
struct named {
	place_t part[2]; /* RTP, RTCP */
	bool accepted;
	bool mux;
};

struct said {
	bool is;
	bool held; /* no stream of it waits for media */
	uint32_t cseq; /* of the transaction it belongs to */
	uint32_t named; /* the same number: they named the same endpoints */
	uint8_t count;
	struct named stream[STREAMS_MAX];
};

enum progress {
	UNSAID, /* no description yet */
	OFFERED, /* by the request */
	EARLY, /* answered by a 1xx that the answerer may still change */
	ANSWERED,
	REFUSED,
};

struct transaction {
	uint8_t client;
	uint8_t verb;
	uint8_t progress;
	uint32_t cseq;
};

enum life { LIFE_EARLY, LIFE_CONFIRMED, LIFE_OVER };

struct dialog {
	uint32_t tag;
	uint8_t life;
	bool late; /* answered in a 1xx, but after the first 2xx */
	struct said agreed[2];
	struct said offered[2]; /* by a request of this party */
	struct said
		responded[2]; /* in a response: an offer, or an answer that does not count yet */
	uint32_t highest[2]; /* CSeq; 0: none seen */
	uint32_t bye_s; /* 0: none */
	unsigned int last; /* transaction of the last exchange, counted from 1 */
	unsigned int count;
	struct transaction transaction[TRANSACTIONS_MAX];
};

enum phase { NO_CALL, RINGING, CHALLENGED, CANCELLED, UP, FORGOTTEN_SOON };

struct model_call {
	uint8_t phase;
	uint32_t cseq; /* of the INVITE */
	struct said offer; /* of the INVITE */
	uint32_t created_s, rung_s, refreshed_s;
	uint32_t end_s; /* of CHALLENGED, CANCELLED, FORGOTTEN_SOON; 0: none */
	uint32_t forks_s; /* until when others may answer; 0: nobody has yet, or it is over */
	uint32_t named; /* counts descriptions that name others */
	unsigned int count;
	struct dialog dialog[DIALOGS_MAX];
};

extern struct model_call call;
extern bool in_call; /* the last message belongs to a dialog that goes on, or begins the call */

bool rings(void);
unsigned int dialogs_in(enum life life);

/* A party's description; `peer`: what it answers, or NULL: an offer. */
struct said read_session(
	const struct sip *sip, const struct dialog *dialog, const struct said *peer, uint32_t cseq);
bool same_places(const struct said *a, const struct said *b);
/* What nobody may need any more closes, and does not open again. */
void settle(void);
/* No stream is expected, or none has to be heard. */
bool may_be_silent(void);

#endif
