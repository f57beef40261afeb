/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reference of what a call opens, made from the RFCs (3261, 3262, 3264, 3311, 6337) and from
 * docs/sip.md, and not from the ALG: a dialog has every transaction that was ever seen, descriptions
 * are compared as written, and what is open is worked out anew after each message.
 *
 * One call at a time, that of one random walk (model_walk.c). It sees what passes callgate, in the
 * order in which it passes.
 */
#ifndef UNIT_ALG_MODEL_H
#define UNIT_ALG_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum party { CALLER, CALLEE };

enum { STREAMS_MAX = 3, LEGS_MAX = 3, OPEN_MAX = 128, SOURCES_MAX = 8 };

enum verb { VERB_INVITE, VERB_ACK, VERB_CANCEL, VERB_BYE, VERB_PRACK, VERB_UPDATE, VERB_INFO };

enum way { WAY_BOTH, WAY_SENDONLY, WAY_RECVONLY, WAY_INACTIVE };

/* A session description, as far as it matters. */
struct stream {
	uint16_t port; /* 0: refused, or removed */
	bool zero; /* at 0.0.0.0 */
	bool mux; /* a=rtcp-mux */
	uint8_t way;
};

struct session {
	uint8_t count; /* of streams; 0: there is no description */
	uint8_t host; /* which of the party's media hosts */
	struct stream stream[STREAMS_MAX];
};

/* A message. */
struct sip {
	uint8_t from; /* enum party */
	uint8_t verb; /* of the request, or of the CSeq */
	uint16_t status; /* 0: request */
	uint32_t cseq;
	uint32_t tag; /* the callee's; 0: none yet */
	uint32_t rseq; /* response: reliable; PRACK: RAck; 0: none */
	uint32_t rack_cseq;
	struct session sdp;
};

/* An endpoint: party, host, port; 0: none. */
typedef uint32_t place_t;

static inline place_t
place_of(enum party party, uint8_t host, uint16_t port)
{
	return (uint32_t)(party + 1) << 24 | (uint32_t)host << 16 | port;
}

static inline enum party
place_party(place_t place)
{
	return (enum party)((place >> 24) - 1);
}

/* What should be open, and who may send to it. */
struct open_place {
	place_t place;
	bool committed; /* an answer stands: the sources below are announced */
	uint8_t source_count;
	place_t source[SOURCES_MAX];
};

struct expected {
	unsigned int calls;
	bool in_call; /* the last message belongs to a dialog that goes on, or begins the call */
	unsigned int dialogs; /* that are known, or were */
	unsigned int count;
	struct open_place open[OPEN_MAX];
};

void model_begin(uint32_t now_s);
void model_message(const struct sip *sip, uint32_t now_s);
void model_time(uint32_t now_s);
void model_expect(struct expected *expected);

#endif
