/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of streams. */
#ifndef APP_STREAM_PRIV_H
#define APP_STREAM_PRIV_H

#include <sys/queue.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "handoff.h"
#include "net/splice.h"
#include "sip/framing.h"
#include "stream.h"
#include "worker.h"

enum {
	STREAM_GROWTH = 4096, /* a message may become so much longer */
	STREAM_TEXT = SIP_MESSAGE_MAX + STREAM_GROWTH,
	STREAM_SEGMENT_MAX =
		1900, /* bytes of a segment that fit an ordinary mbuf behind all headers */
	STREAM_HEADERS = sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr),
	STREAM_SHARES = 1024,
	STREAM_GONE =
		UINT32_MAX, /* in of_flow: it had a stream, and the numbers of its ends differ */
};

/* What the connections that one host has begun take, as far as they are this worker's. */
struct stream_share {
	uint32_t streams; /* but for those that are over */
	uint32_t bytes; /* of chunks, rounded up */
};

/* What is known of a direction. */
struct stream_way {
	struct sip_framing framing;
	uint32_t fed; /* bytes held that framing has seen */
	uint32_t ends; /* bytes of line ends at the head, all that was fed; 0: none */
	uint32_t whole; /* bytes of the message at the head, whole; 0: none yet */
	uint32_t serial; /* of the piece at the head */
	uint64_t asked_ms; /* when it was handed there; 0: none is */
	uint64_t since_ms; /* when what is held began to wait */
	bool plain; /* what comes is released as it is, to the end */
	uint8_t time_to_live, type_of_service; /* of the last segment */
};

struct stream {
	struct pool_object object;
	struct handle flow;
	struct worker *worker;
	TAILQ_ENTRY(stream) all; /* of the worker, the one that was looked at last is last */
	TAILQ_ENTRY(stream) busy;
	bool is_busy;
	bool counted; /* in its host's share */
	struct stream_share *share;
	uint32_t charged; /* bytes of it there */
	uint64_t reset_ms; /* of the last RST, if nothing has followed; else 0 */
	/* The SYN of a connection that would pass unread, over this one; its other end has not answered it. */
	struct {
		uint32_t seq, end; /* equal: there was none */
		unsigned int direction;
	} unread;
	struct splice splice;
	struct stream_way way[2];
};

/* A worker's streams. */
struct stream_table {
	struct worker *worker;
	struct stream_pools *pools;
	struct byte_stock bytes;
	TAILQ_HEAD(, stream) all, busy; /* busy: those that wait for something */
	uint64_t polled_ms;
	uint32_t count, busy_count;
	uint32_t room; /* bytes of each direction of a stream */
	/* By keyed hash of the host's address, so that nobody can choose with whom to share. */
	struct stream_share share[STREAM_SHARES];
	struct stream_share most; /* that one may have */
	uint32_t hold_ms; /* how long a message may lack its end */
	char text[STREAM_TEXT]; /* the message that is read now */
};

/** The stream of a flow that this worker owns; NULL: it has none. */
struct stream *stream_of(struct worker *worker, const struct flow *flow);

/** Its flow; NULL: gone. */
struct flow *stream_flow(const struct stream *stream);

/** A stream for a flow, begun anew, in place of any it had; NULL: there are too many. */
struct stream *stream_make(struct worker *worker, struct flow *flow);

/** A connection begins, in place of another one of the same ends, perhaps. */
void stream_begin(struct stream *stream);

/** Give everything back. `gone`: segments that come late must not pass, for their numbers are not the ends'. */
void stream_end(struct stream *stream, bool gone);

/** Had this flow a stream whose ends number bytes differently? */
bool stream_is_gone(const struct worker *worker, const struct flow *flow);

/** Everything has arrived, and both ends number it alike: nobody would miss the stream. */
bool stream_is_even(const struct stream *stream);

/** What the stream holds now counts in its host's share. After each change. */
void stream_charge(struct stream *stream);

/** After each change: is there something to wait for? */
void stream_wait(struct stream *stream);

/** Read what is held of a direction, release what can be. */
void stream_read(struct stream *stream, struct flow *flow, unsigned int direction);

/** After something came or was released in a direction: read on, answer, and see what is left to do. May end it. */
void stream_turn(struct stream *stream, struct flow *flow, unsigned int direction);

/** The last of it: is it over, does it wait for something, does nobody need it any more? Then it is gone. */
void stream_settle(struct stream *stream, struct flow *flow);

/** From here on this direction is no SIP that could be framed. */
void stream_make_plain(struct stream *stream, unsigned int direction);

/** Both ends are told that the connection is over. */
void stream_abort(struct stream *stream, struct flow *flow);

/** Build and forward what the splice sends; context: the stream. */
void stream_send(void *context, const struct splice_out *out);

/** A message of another worker's stream, for a Call-ID of this one; and what its owner made of it. Take the mbuf. */
void stream_message_serve(struct worker *worker, const struct handoff_letter *letter);
void stream_message_reply(struct worker *worker, const struct handoff_letter *letter);

#endif
