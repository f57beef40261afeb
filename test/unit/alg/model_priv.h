/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the reference share: the call (model.c), and what of it is open (model_open.c). */
#ifndef UNIT_ALG_MODEL_PRIV_H
#define UNIT_ALG_MODEL_PRIV_H

#include "model.h"

enum { DIALOGS_MAX = 16, TRANSACTIONS_MAX = 128, PARTS_MAX = 2 + CANDIDATES_MAX };

/* One endpoint that a description names. */
struct part {
	place_t source; /* where it says it is; 0: nowhere that has an address, or it is closed */
	place_t place; /* the same, if that may be opened; or 0 */
	uint8_t component;
};

/* What a description says of one stream: RTP, RTCP, then its candidates. */
struct named {
	bool accepted;
	bool mux;
	bool bundled;
	bool ice; /* it has candidates */
	uint8_t transport; /* of which stream it uses: its own, or the tagged one's */
	uint8_t count;
	struct part part[PARTS_MAX];
};

struct said {
	bool is;
	bool held; /* no stream of it waits for media */
	bool unsure; /* an older call's: whether it offers or answers was not seen */
	uint32_t cseq; /* of the transaction it belongs to */
	uint32_t named; /* the same number: they named the same endpoints */
	uint8_t count;
	uint8_t tag; /* the stream that the group's transport is; STREAMS_MAX: there is no group */
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
	bool brought; /* an INVITE: a response to it brought an offer */
	bool unseen; /* the request was */
	bool described; /* the request brought a description */
	bool refused; /* finally */
	uint32_t cseq;
};

enum life { LIFE_EARLY, LIFE_CONFIRMED, LIFE_OVER };

struct dialog {
	uint32_t tag;
	uint32_t born; /* counts up */
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
	uint8_t caller; /* enum party; of a call that is older: who sent the request */
	bool older; /* it stood before there was a record */
	bool again, silent; /* ended with what it began with, or for silence: it may begin again */
	uint8_t asked; /* enum verb; whose 2xx it waits for */
	uint32_t cseq; /* of the INVITE */
	struct said offer; /* of the INVITE */
	uint32_t created_s, rung_s, refreshed_s;
	uint32_t end_s; /* of CHALLENGED, CANCELLED, FORGOTTEN_SOON; 0: none */
	uint32_t forks_s; /* until when others may answer; 0: nobody has yet, or it is over */
	uint32_t named; /* counts descriptions that name others */
	uint32_t born; /* counts dialogs */
	unsigned int count;
	struct dialog dialog[DIALOGS_MAX];
};

extern struct model_call call;
extern bool inside[2]; /* whose hosts are on callgate's inner side */
extern bool in_call; /* the last message belongs to a dialog that goes on, or begins the call */
extern uint8_t rtcp_named; /* bit a stream of the last message's description */

/* model_dialog.c */
bool rings(void);
unsigned int dialogs_in(enum life life);
struct dialog *dialog_of(uint32_t tag);
struct dialog *dialog_make(uint32_t tag);
void dialog_over(struct dialog *dialog);
struct transaction *transaction_make(
	struct dialog *dialog, enum party client, enum verb verb, uint32_t cseq);
void request_in_dialog(const struct sip *sip, struct dialog *dialog, uint32_t now_s);
bool is_stray(const struct sip *sip, struct dialog *dialog);
/* True: the dialog is over. */
bool response_in_dialog(const struct sip *sip, struct dialog *dialog, uint32_t now_s);

/* model_said.c: a party's description; `peer`: what it answers, or NULL: an offer. */
struct said read_session(
	const struct sip *sip, const struct dialog *dialog, const struct said *peer, uint32_t cseq);
bool same_places(const struct said *a, const struct said *b);

/* model_open.c */
/* What nobody may need any more closes, and does not open again. */
void settle(void);
/* No stream is expected, or none has to be heard. */
bool may_be_silent(void);

#endif
