/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP connection whose bytes change on the way (RFC 9293).
 *
 * Each end has a stream to the other. What comes in order is held until whoever reads it releases it, piece by
 * piece, with other bytes of any number in its place or as it is; what was released is kept until the receiver
 * has acknowledged it, so that every repetition is made of the same bytes. Numbers of the two sides are mapped
 * onto each other (splice_map.h).
 *
 * Acknowledgements
 *   A sender is told what the receiver has said, in its own numbers. Only while a piece cannot be released because
 *   its end has not come, and the sender waits (it repeats, or is silent for SPLICE_WAIT_MS), is it told that
 *   its bytes have arrived though the receiver does not have them. From then on they are repeated from
 *   here until the receiver has them (splice_tick()).
 * Windows
 *   Nothing is sent beyond the receiver's window. The sender is let send as much as the receiver takes, less what
 *   it was told ahead, and no more than there is room for here.
 *
 * Life cycle: splice_syn() for both SYNs; then for each segment splice_take(), splice_release() for the pieces
 * that are whole, splice_answer(); splice_tick() now and then; splice_end(). What is to be sent goes through
 * the send function, which builds the packet.
 * Synchronization: none; a connection belongs to one thread. The pool of bytes may be shared.
 */
#ifndef NET_SPLICE_H
#define NET_SPLICE_H

#include "net/byte_queue.h"
#include "net/splice_map.h"

enum {
	SPLICE_BLOCKS = 8, /* pieces that came out of order */
	SPLICE_SACKS = 3, /* blocks of a SACK option that leave room for timestamps */
	SPLICE_WAIT_MS = 100,
	SPLICE_REPEAT_MS = 300, /* the first time; then twice as long each time */
	SPLICE_REPEATS = 8,
};

/* A segment as it came; numbers in host byte order. */
struct splice_segment {
	uint32_t seq, ack;
	uint32_t length;
	const void *data;
	uint16_t window; /* as the field says */
	uint8_t flags;
	uint8_t sacks;
	struct {
		uint32_t left, right;
	} sack[SPLICE_SACKS];
	bool timestamps;
	uint32_t timestamp, echo;
	/* of a SYN: */
	uint16_t mss;
	uint8_t scale; /* as splice_syn() says */
};

struct splice_stream {
	/* as the sender numbers bytes */
	uint32_t taken; /* behind the last that came in order */
	uint32_t acked; /* the furthest that the sender was told */
	/* as the receiver does */
	uint32_t released, sent, received; /* behind the last that was; a FIN counts */
	uint32_t limit; /* behind the last that it takes */
	struct splice_map map;
	struct byte_queue held; /* taken, not released */
	struct byte_queue kept; /* released, not received */
	struct splice_block {
		uint32_t seq;
		struct byte_queue bytes;
	} block[SPLICE_BLOCKS]; /* out of order, apart from each other */
	uint32_t fin_seq; /* valid with fin_known */
	uint16_t window; /* of the receiver, as the field said last */
	uint16_t mss; /* the receiver takes segments of so many bytes */
	uint8_t scale; /* of the receiver's windows */
	uint8_t blocks;
	uint8_t late; /* segments out of order that the sender was not told of */
	uint8_t same; /* acknowledgements in a row that say nothing new */
	uint8_t repeats;
	bool fin_known, fin_taken, fin_released;
	bool timestamps;
	uint32_t timestamp; /* the sender's newest */
	uint64_t waiting_ms; /* since when what is held waits for its end; 0: it does not */
	uint64_t
		repeat_ms; /* when what is kept is to be sent again; 0: that is the sender's business */
	/* what splice_answer() owes: */
	uint32_t again_from, again_to; /* the receiver's numbers; equal: nothing */
	bool tell_receiver; /* an acknowledgement, or a question */
	bool ask_receiver;
	bool tell_sender;
};

struct splice;

/* A segment to build: numbers, and bytes `offset` and on of `stream->kept`. */
struct splice_out {
	const struct splice_stream *stream; /* that the bytes are of */
	unsigned int direction;
	uint32_t seq, ack, offset, length;
	uint16_t window;
	uint8_t flags;
	uint8_t sacks;
	struct {
		uint32_t left, right;
	} sack[SPLICE_SACKS];
	bool timestamps;
	uint32_t timestamp, echo;
};

typedef void (*splice_send_fn)(void *context, const struct splice_out *out);

struct splice {
	struct splice_stream stream[2]; /* [d]: bytes of segments of direction d */
	struct pool *pool;
	uint32_t room; /* bytes held and kept, of each stream */
	uint64_t now_ms;
	splice_send_fn send;
	void *context;
	struct splice_segment last[2]; /* whose SACKs and timestamps the answer repeats */
};

/** Make a connection of nothing. */
void splice_begin(struct splice *splice, struct pool *pool, uint32_t room, splice_send_fn send,
	void *context);

/**
 * A SYN of this direction, which passes as it is. segment->scale: one more than the shift count, 0: no such
 * option; segment->mss: 0: none.
 */
void splice_syn(
	struct splice *splice, unsigned int direction, const struct splice_segment *segment);

/** A segment without SYN and RST. Returns how many bytes `held` of the direction's stream has grown by. */
uint32_t splice_take(
	struct splice *splice, unsigned int direction, const struct splice_segment *segment);

/**
 * The first `in` bytes held become `length` other bytes; NULL: they stay as they are. False: there is no room
 * now, and nothing was done.
 */
bool splice_release(struct splice *splice, unsigned int direction, uint32_t in, const void *bytes,
	uint32_t length);

/** Room for a piece of so many bytes? Then splice_release() takes it, nothing else having come in between. */
bool splice_has_place(const struct splice *splice, unsigned int direction, uint32_t length);

/** Send what the segment just taken, and what was released since, call for. */
void splice_answer(struct splice *splice, unsigned int direction);

/**
 * Time goes on. False: an end has not answered for so long that the connection is over, and both are to
 * be told (splice_reset()).
 */
bool splice_tick(struct splice *splice, uint64_t now_ms);

/** True while splice_tick() has something to wait for. */
bool splice_waits(const struct splice *splice);

/** A RST of this direction as its receiver numbers it. */
uint32_t splice_reset(const struct splice *splice, unsigned int direction, uint32_t seq);

/** Everything sent and received, both closed. */
bool splice_is_over(const struct splice *splice);

/** Give back all bytes. */
void splice_end(struct splice *splice);

#endif
