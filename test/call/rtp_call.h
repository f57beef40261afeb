/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call's media at one end: what it sends, and what it makes of all it receives.
 */
#ifndef CALL_RTP_CALL_H
#define CALL_RTP_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

enum { RTP, RTCP, STREAMS };

struct rtp_settings {
	struct in_addr address; /* own media address */
	unsigned int base, step; /* port of call i: base + i * step */
	unsigned int calls;
	unsigned int seconds; /* the program ends after so long whatever happens */
	unsigned int linger_ms; /* how long a sender goes on after the end of its call */
	bool early; /* send as soon as the peer is announced */
	bool patient; /* send nothing in a call before RTP and RTCP of its peer have come */
};

/* What one end found out about one call, or about all of them. */
struct rtp_counts {
	uint64_t sent[STREAMS], received[STREAMS];
	uint64_t expected[STREAMS]; /* sent by the peer while the call was up: must be here */
	uint64_t lost[STREAMS], duplicate[STREAMS], reordered[STREAMS];
	uint64_t wrong_source; /* not from the address and port that the peer announced */
	uint64_t crosstalk; /* another call's packet */
	uint64_t stray; /* no packet of ours */
	uint64_t leaked; /* sent after the final answer to BYE, and yet here */
	uint64_t one_way; /* calls in which RTP or RTCP never came */
	uint64_t unheard; /* of them, those in which RTP never came */
	uint64_t peer_first; /* calls in which the peer's first RTP and RTCP packet came before
				anything was sent */
	uint64_t before_answer; /* calls in which RTP came before the peer was announced */
};

struct rtp_receiver {
	uint8_t *seen; /* bit a packet index */
	uint32_t highest; /* index + 1; 0: nothing yet */
	uint32_t required; /* indexes below this must be there */
	bool bounded; /* `required` is known */
	bool first; /* packet 0 came before this end had sent anything */
};

struct rtp_call {
	unsigned int index;
	int socket[STREAMS];
	bool patient, announced, started, done;
	uint64_t next_ns[STREAMS];
	uint64_t draining_ns; /* own side is about to send BYE; 0: not yet */
	uint64_t ended_ns; /* own side saw the final answer to its BYE */
	uint64_t done_ns; /* sending stops */
	struct sockaddr_in peer[STREAMS], first_source[STREAMS];
	uint32_t ssrc, peer_ssrc;
	struct rtp_receiver receiver[STREAMS];
	struct rtp_counts counts;
};

/** Open a call's ports. Ends the program when that fails. */
void rtp_call_open(struct rtp_call *call, const struct rtp_settings *settings, unsigned int index);
void rtp_call_close(struct rtp_call *call);

/** The peer's media address as the signalling announced it; a later one must be the same. */
void rtp_call_announce(struct rtp_call *call, const char *address, unsigned int port);
void rtp_call_start(struct rtp_call *call, uint64_t now);

/** Send what is due. */
void rtp_call_send(struct rtp_call *call, uint64_t now);

/** Take everything that waits at a socket. */
void rtp_call_receive(struct rtp_call *call, unsigned int stream);

/** Count what is missing, once the call is over. True when nothing at all is wrong with it. */
bool rtp_call_judge(struct rtp_call *call);

#endif
