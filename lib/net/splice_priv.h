/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of the splice. */
#ifndef NET_SPLICE_PRIV_H
#define NET_SPLICE_PRIV_H

#include "sequence_number.h"
#include "splice.h"

enum { SPLICE_MSS = 536 }; /* of an end that announced none (RFC 9293 3.7.1) */

/** By how many bits the windows of this direction's receiver are shifted: if both have said so (RFC 7323 2.2). */
static inline unsigned int
splice_scale(const struct splice *splice, unsigned int direction)
{
	return splice->stream[0].scale && splice->stream[1].scale
		       ? splice->stream[direction].scale - 1u
		       : 0;
}

/** Bytes of the window that the receiver of this direction's bytes said last. */
static inline uint32_t
splice_window(const struct splice *splice, unsigned int direction)
{
	return (uint32_t)splice->stream[direction].window << splice_scale(splice, direction);
}

/** The most bytes that may be held and kept; more than `room` as windows are told in steps. */
static inline uint32_t
splice_room(const struct splice *splice, unsigned int direction)
{
	return splice->room + (1u << splice_scale(splice, direction)) - 1;
}

static inline uint32_t
splice_block_end(const struct splice_block *block)
{
	return block->seq + block->bytes.length;
}

/** Bytes kept out of order. */
uint32_t splice_blocked(const struct splice_stream *stream);

/** Bytes that are not next: kept, apart from those that are there already. */
void splice_blocks_add(struct splice *splice, struct splice_stream *stream, uint32_t seq,
	const uint8_t *data, uint32_t length);

/** What came out of order and is next now is held. */
void splice_blocks_take(struct splice *splice, struct splice_stream *stream);

/** Let go of the block that would be next last. False: there is none. */
bool splice_block_give_way(struct splice *splice, struct splice_stream *stream);

/** The last number that the sender can have reached: what it was let send, and a question behind it. */
static inline uint32_t
splice_furthest(const struct splice_stream *stream)
{
	return stream->edge + stream->mss;
}

/** Let go of a block. */
void splice_block_remove(struct splice *splice, struct splice_stream *stream, unsigned int index);

/** How far the sender was told more than the receiver has. */
static inline uint32_t
splice_told_ahead(const struct splice_stream *stream)
{
	return stream->acked - splice_map_in(&stream->map, stream->received);
}

/** The receiver echoes a timestamp: never one that its sender has not used, or older than before. */
static inline void
splice_take_echo(struct splice_stream *stream, const struct splice_segment *segment)
{
	if (segment->timestamps && !sequence_is_after(segment->echo, stream->timestamp))
		stream->echo = sequence_later(stream->echo, segment->echo);
}

/** Something is held that lacks its end. */
static inline bool
splice_lacks_end(const struct splice_stream *stream)
{
	return stream->held.length > 0 && !stream->whole;
}

/** The sender learns that what is held has arrived; splice_answer() tells it. */
void splice_tell_ahead(struct splice *splice, struct splice_stream *stream);

/** Start or stop the clock after which what the receiver lacks is sent again. */
void splice_repeat_later(struct splice *splice, struct splice_stream *stream);

/** The sender is told where it is, as far as it was not just now. */
void splice_tell_place(const struct splice *splice, struct splice_stream *stream);

/** The window field that goes with an acknowledgement of this direction's bytes. */
uint16_t splice_window_field(const struct splice *splice, unsigned int direction);

#endif
