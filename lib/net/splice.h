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
 *   its end has not come, and the sender waits (it repeats, has no window left, misses something behind, or
 *   the piece has stood for SPLICE_WAIT_MS), is it told that its bytes have arrived though the receiver does
 *   not have them; what else comes of the piece then at once. From then on they are repeated from here until
 *   the receiver has them (splice_tick()).
 * Selective acknowledgements (RFC 2018)
 *   What the receiver has beyond a hole, as far as those are whole pieces, is passed on. Acknowledgements made
 *   here name what is kept here beyond a hole; when room is short it may go, and the sender repeats it. Blocks
 *   below the acknowledgement (RFC 2883) are left out: the receiver may have got those bytes twice from here.
 * Timestamps (RFC 7323)
 *   What is sent carries the sender's newest, so that it is never older than what the receiver saw; and echoes
 *   what the receiver echoed, or, when the sender is told ahead, the newest that came.
 * Windows
 *   Nothing is sent beyond the receiver's window. The sender is let send as much as the receiver takes, less what
 *   it was told ahead, and no more than there is room for here.
 *
 * Life cycle: splice_syn() for both SYNs; then for each segment splice_take(), splice_release() for the pieces
 * that are whole, splice_answer(); splice_tick() now and then; splice_end(). What is to be sent goes through
 * the send function, which builds the packet.
 * Synchronization: none; a connection belongs to one thread. The stock of bytes is that thread's, the pool
 * behind it may be shared.
 */
#ifndef NET_SPLICE_H
#define NET_SPLICE_H

#include "net/byte_queue.h"
#include "net/splice_map.h"

enum {
	SPLICE_BLOCKS = 8, /* pieces that came out of order */
	SPLICE_SACKS = 3, /* blocks of a SACK option that leave room for timestamps */
	SPLICE_WAIT_MS =
		50, /* less than any sender waits before it repeats (RFC 6298; in practice 200) */
	SPLICE_MSS_MIN = 48, /* no end is believed to take less: options need 40 */
	SPLICE_PATH_MIN = 216, /* nor a path */
	SPLICE_CHALLENGE_MS = 20, /* between answers to segments that cannot be (RFC 5961 7) */
	SPLICE_AGAIN_MS =
		30, /* segments of one piece that are repeated within this are one repetition */
	SPLICE_LINGER_MS = 15000,
	SPLICE_REPEAT_MS = 300, /* the first time; then twice as long each time */
	SPLICE_REPEATS = 8,
};

/* A segment as it came; numbers in host byte order. */
struct splice_segment {
	uint32_t seq, ack;
	uint32_t length;
	const void *data;
	uint16_t window; /* as the field says */
	uint16_t urgent; /* as the field says; with TCP_URG */
	uint8_t flags;
	uint8_t sacks;
	struct {
		uint32_t left, right;
	} sack[SPLICE_SACKS];
	bool timestamps;
	uint32_t timestamp, echo;
	/* of a SYN: */
	bool sack_permitted;
	uint16_t mss;
	uint8_t scale; /* as splice_syn() says */
};

struct splice_stream {
	/* as the sender numbers bytes */
	uint32_t initial; /* of its SYN; valid with `begun` */
	uint32_t taken; /* behind the last that came in order */
	uint32_t acked; /* the furthest that the sender was told */
	uint32_t edge; /* behind the last that it was let send */
	uint32_t urgent; /* behind the last urgent byte, if that is not long past */
	/* as the receiver does */
	uint32_t released, sent, received; /* behind the last that was; a FIN counts */
	uint32_t limit; /* behind the last that it takes */
	uint32_t recover; /* what was sent before this is repeated without being asked for again */
	struct splice_map map;
	struct byte_queue held; /* taken, not released */
	struct byte_queue kept; /* released, not received */
	struct splice_block {
		uint32_t seq;
		struct byte_queue bytes;
	} block[SPLICE_BLOCKS]; /* out of order, apart from each other, newest first */
	uint32_t fin_seq; /* valid with fin_known */
	uint16_t window; /* of the receiver, as the field said last */
	uint16_t mss; /* the receiver takes segments of so many bytes */
	uint8_t scale; /* of the receiver's windows */
	uint8_t blocks;
	uint8_t late; /* segments out of order that the sender was not told of */
	uint8_t same; /* acknowledgements in a row that say nothing new */
	uint8_t repeats;
	bool begun; /* the SYN was seen */
	bool confirmed; /* the receiver has acknowledged it */
	bool whole; /* the piece at the head of `held` has its end */
	bool fin_known, fin_taken, fin_released;
	bool reduced; /* the sender says CWR, with the next new bytes (RFC 3168 6.1.2) */
	bool timestamps, sack_permitted;
	uint32_t timestamp; /* the sender's newest */
	uint32_t echo; /* which of them the sender is told */
	uint32_t window_seq; /* of the segment that said `window` (RFC 9293: SND.WL1) */
	uint32_t repeated_from, repeated_to; /* because the sender repeated, at repeated_ms */
	uint64_t repeated_ms;
	uint64_t challenged_ms; /* the next answer to what cannot be, not before */
	uint64_t waiting_ms; /* since when what is held waits for its end; 0: it does not */
	uint64_t
		repeat_ms; /* when what is kept is to be sent again; 0: that is the sender's business */
	/* what splice_answer() owes: */
	uint32_t again_from, again_to; /* the receiver's numbers; equal: nothing */
	bool tell_receiver; /* an acknowledgement, or a question */
	bool ask_receiver;
	bool tell_sender;
	bool held_again; /* the sender repeated what is held */
};

struct splice;

/* A segment to build: numbers, and bytes `offset` and on of `stream->kept`. */
struct splice_out {
	const struct splice_stream *stream; /* that the bytes are of */
	unsigned int direction;
	uint32_t seq, ack, offset, length;
	uint16_t window;
	uint16_t urgent; /* with TCP_URG in flags */
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
	struct byte_stock *stock;
	uint32_t room; /* bytes held and kept, of each stream */
	uint64_t now_ms;
	uint64_t heard_ms; /* when the last segment came */
	splice_send_fn send;
	void *context;
	struct splice_segment last[2]; /* whose SACKs the answer repeats */
	struct splice_segment other_syn; /* of another number than that of the connection */
	unsigned int other_syn_direction;
	bool other_syn_known;
};

/* What a RST is to its receiver (RFC 5961 3.2). */
enum splice_rst {
	SPLICE_RST_OUTSIDE, /* nothing: it cannot be of this connection */
	SPLICE_RST_NEAR, /* within the window, but not the next number: the sender is asked */
	SPLICE_RST_EXACT, /* the end */
};

/** Make a connection of nothing. */
void splice_begin(struct splice *splice, struct byte_stock *stock, uint32_t room,
	splice_send_fn send, void *context);

/**
 * A SYN of this direction, with or without ACK; it passes as it is, always. segment->scale: one more than the shift count, 0: no such option; segment->mss: 0: none.
 *
 * The same SYN again changes nothing. One of another number may be of an end that has forgotten the connection,
 * or a forger's (RFC 5961 4): it passes, and the connection stands until the other end either accepts it (SYN with
 * ACK), or answers with an acknowledgement (a segment like any) which makes the one that has forgotten send a RST.
 * A SYN with ACK takes the place of an earlier SYN of its end that nobody has acknowledged, while no bytes have
 * come: that one was refused, or lost.
 * True: another connection has begun. What was held is gone, whoever reads the streams begins anew.
 */
bool splice_syn(
	struct splice *splice, unsigned int direction, const struct splice_segment *segment);

/** Both SYNs seen: the numbers of both directions are known. Before, no other segment is taken. */
static inline bool
splice_has_begun(const struct splice *splice)
{
	return splice->stream[0].begun && splice->stream[1].begun;
}

/**
 * The path of this direction's segments takes so many bytes of options and payload (the MTU less 40: RFC 1191,
 * or what the way out has) from now on; never more than before, and SPLICE_PATH_MIN at least, or
 * what the end takes. What is on its
 * way there is sent again in shorter segments with the next splice_answer() of the direction.
 */
void splice_mtu(struct splice *splice, unsigned int direction, uint16_t mss);

/**
 * A segment without SYN and RST. What may not be sent (RFC 9293 3.10.7.4) is answered, not taken. Returns how many
 * bytes `held` of the direction's stream has grown by.
 */
uint32_t splice_take(
	struct splice *splice, unsigned int direction, const struct splice_segment *segment);

/**
 * The first `in` bytes held become `length` others, which are a copy; NULL: they stay as they are. False: there is no room
 * now, and nothing was done.
 */
bool splice_release(struct splice *splice, unsigned int direction, uint32_t in, const void *bytes,
	uint32_t length);

/**
 * The piece at the head is whole, and will be released soon: its sender is not told ahead of the receiver, who will
 * answer for it. Until the next splice_release() of the direction.
 */
void splice_whole(struct splice *splice, unsigned int direction);

/**
 * Room for a piece of so many bytes, in place of the one at the head? Then splice_release() takes it, nothing else
 * having come in between. If not, that one is whole none the less (splice_whole()).
 */
bool splice_has_place(struct splice *splice, unsigned int direction, uint32_t length);

/** Send what the segment just taken, and what was released since in either direction, call for. */
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

/** Whether its receiver would believe a RST of this direction. Before splice_has_begun() nobody can say. */
enum splice_rst splice_rst_check(const struct splice *splice, unsigned int direction, uint32_t seq);

/** Tell the sender of this direction where it is (RFC 5961: a challenge), unless it was told just now. */
void splice_challenge(struct splice *splice, unsigned int direction);

/** Everything sent and received, both closed. No bytes are kept; a FIN that is repeated is still answered. */
bool splice_is_over(const struct splice *splice);

/** Over, and for so long nothing came that nobody repeats a FIN any more: it can go (RFC 9293 TIME-WAIT). */
bool splice_is_done(const struct splice *splice, uint64_t now_ms);

/** Give back all bytes. */
void splice_end(struct splice *splice);

#endif
