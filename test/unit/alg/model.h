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

enum { STREAMS_MAX = 3, CANDIDATES_MAX = 8, LEGS_MAX = 3, OPEN_MAX = 256, SOURCES_MAX = 32 };

enum verb { VERB_INVITE, VERB_ACK, VERB_CANCEL, VERB_BYE, VERB_PRACK, VERB_UPDATE, VERB_INFO };

enum way { WAY_BOTH, WAY_SENDONLY, WAY_RECVONLY, WAY_INACTIVE };

enum kind { KIND_RTP, KIND_FAX, KIND_TCP };

/* What c= names. */
enum at {
	AT_OWN, /* the session's host */
	AT_RELAY, /* a relay outside */
	AT_FOREIGN, /* an address on the other side */
	AT_NAME, /* a host name */
	AT_IPV6,
};

enum setup { SETUP_NONE, SETUP_ACTIVE, SETUP_PASSIVE, SETUP_ACTPASS, SETUP_HOLDCONN };

/*
 * Hosts of a party: what is in the low bits says whose (the caller's, or which agent's behind the
 * proxy), the rest which of its addresses.
 */
enum {
	HOST_SECOND = 0x10, /* its second interface */
	HOST_NAT = 0x20, /* as a STUN server sees it */
	HOST_RELAY = 0x30,
	HOST_FOREIGN = 0x40,
	HOST_WHOSE = 0x0f,
};

enum candidate_type { CANDIDATE_HOST, CANDIDATE_SRFLX, CANDIDATE_RELAY };

/* RFC 8839 5.1; `base`: raddr and rport. */
struct candidate {
	uint8_t type, component;
	uint8_t host, base_host;
	uint16_t port, base_port;
};

/* A session description, as far as it matters. */
struct stream {
	uint16_t port; /* 0: refused, or removed */
	uint8_t kind, at, way, setup;
	bool zero; /* at 0.0.0.0 */
	bool mux; /* a=rtcp-mux */
	bool existing; /* a=connection:existing */
	bool bundled; /* its mid is in the group */
	bool bundle_only;
	uint8_t candidate_count;
	struct candidate candidate[CANDIDATES_MAX];
};

struct session {
	uint8_t count; /* of streams; 0: there is no description */
	uint8_t host; /* which of the party's media hosts */
	uint8_t tag; /* the stream whose mid stands first in the group */
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

/* An endpoint: party, host, port, and whether it is of TCP; 0: none. */
typedef uint32_t place_t;

enum { PLACE_TCP = 1u << 31 };

static inline place_t
place_of(enum party party, uint8_t host, uint16_t port, enum kind kind)
{
	return (uint32_t)(party + 1) << 24 | (uint32_t)host << 16 | port |
	       (kind == KIND_TCP ? PLACE_TCP : 0);
}

static inline enum party
place_party(place_t place)
{
	return (enum party)((place >> 24 & 3) - 1);
}

static inline uint8_t
place_host(place_t place)
{
	return (uint8_t)(place >> 16);
}

/* Which of the party's hosts c= names; only for what has an address. */
static inline uint8_t
stream_host(const struct session *session, const struct stream *stream)
{
	return (uint8_t)(session->host | (stream->at == AT_RELAY            ? HOST_RELAY
						 : stream->at == AT_FOREIGN ? HOST_FOREIGN
									    : 0));
}

/* Said to be there, if on another one's transport. */
static inline bool
stream_accepted(const struct stream *stream)
{
	return stream->port || (stream->bundle_only && stream->bundled);
}

/* What should be open, and who may send to it. */
struct open_place {
	place_t place;
	bool committed; /* an answer stands: the sources below are announced */
	bool further; /* and others may come all the same: ICE */
	uint8_t source_count;
	place_t source[SOURCES_MAX]; /* the newest forks' first */
};

struct expected {
	unsigned int calls;
	bool in_call; /* the last message belongs to a dialog that goes on, or begins the call */
	bool turned; /* the record's caller is the callee: an INVITE of its own would not find it */
	uint8_t rtcp; /* bit a stream: the last message's description has RTCP apart */
	unsigned int count;
	struct open_place open[OPEN_MAX];
};

/* `inside`: whose hosts are on callgate's inner side. */
void model_begin(const bool inside[2]);
void model_message(const struct sip *sip, uint32_t now_s);
void model_time(uint32_t now_s);
void model_expect(struct expected *expected);

#endif
