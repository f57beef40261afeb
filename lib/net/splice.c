/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes in: numbers, bytes, what has to be answered. What goes out: splice_send.c.
 */
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "splice_priv.h"

void
splice_begin(
	struct splice *splice, struct pool *pool, uint32_t room, splice_send_fn send, void *context)
{
	memset(splice, 0, sizeof(*splice));
	splice->pool = pool;
	splice->room = room;
	splice->send = send;
	splice->context = context;
}

void
splice_syn(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction],
			     *other = &splice->stream[!direction];
	const uint32_t next = segment->seq + 1;

	splice_map_begin(&own->map, next, next);
	own->taken = own->acked = own->released = own->sent = own->received = next;
	own->limit = sequence_later(own->limit, next);
	own->timestamps = segment->timestamps;
	own->timestamp = segment->timestamp;
	other->mss = segment->mss ? segment->mss : SPLICE_MSS;
	other->scale = segment->scale;
	other->window = segment->window;
	if (segment->flags & TCP_ACK)
		other->limit = segment->ack + segment->window; /* never scaled here */
}

/* Windows are scaled when both have said so (RFC 7323 2.2). */
unsigned int
splice_scale(const struct splice *splice, unsigned int direction)
{
	return splice->stream[0].scale && splice->stream[1].scale
		       ? splice->stream[direction].scale - 1u
		       : 0;
}

uint32_t
splice_window(const struct splice *splice, unsigned int direction)
{
	return (uint32_t)splice->stream[direction].window << splice_scale(splice, direction);
}

/* Bytes that are kept; a FIN is none. */
static uint32_t
bytes_before(const struct splice_stream *stream, uint32_t number)
{
	const uint32_t bytes = number - stream->received;

	return RTE_MIN(bytes, stream->kept.length);
}

/* The receiver of `stream` speaks: what it has, and how much more it takes. */
static void
take_ack(struct splice *splice, unsigned int direction, struct splice_stream *stream,
	const struct splice_segment *segment)
{
	const bool bare = segment->length == 0 && !(segment->flags & TCP_FIN);
	const uint32_t acked = stream->acked;
	uint32_t told;

	if (sequence_is_after(segment->ack, stream->sent) ||
		sequence_is_after(stream->received, segment->ack))
		return; /* of what was never sent, or older than what is known */
	if (segment->ack != stream->received) {
		byte_queue_drop(splice->pool, &stream->kept, bytes_before(stream, segment->ack));
		stream->received = segment->ack;
		stream->same = 0;
		stream->repeats = 0;
		splice_map_forget(&stream->map, segment->ack);
		splice_repeat_later(splice, stream);
	} else if (bare && segment->window == stream->window) {
		/* Nothing new: it misses something, or wants to know something. */
		stream->same = (uint8_t)RTE_MIN(stream->same + 1, 100);
		splice->stream[direction].tell_receiver = true;
		if (stream->same == 3 && stream->repeat_ms != 0) {
			stream->again_from = stream->received;
			stream->again_to =
				sequence_earlier(stream->received + stream->mss, stream->sent);
		}
	}
	if (segment->window != stream->window)
		splice->stream[direction].tell_receiver = true;
	stream->window = segment->window;
	stream->limit = segment->ack + splice_window(splice, !direction);
	told = splice_map_in(&stream->map, stream->received);
	stream->acked = sequence_later(stream->acked, told);
	if (stream->acked != acked)
		splice->stream[direction].tell_receiver = true;
}

/* Room for so many bytes more of this stream? */
static bool
has_room(const struct splice *splice, const struct splice_stream *stream, uint32_t length)
{
	return stream->held.length + stream->kept.length + length <= splice->room;
}

static void
block_remove(struct splice *splice, struct splice_stream *stream, unsigned int index)
{
	byte_queue_drop(splice->pool, &stream->block[index].bytes, UINT32_MAX);
	stream->block[index] = stream->block[--stream->blocks];
}

/* What came out of order and is next now. */
static void
take_blocks(struct splice *splice, struct splice_stream *stream)
{
	for (unsigned int i = 0; i < stream->blocks;) {
		struct splice_block *block = &stream->block[i];
		const uint32_t end = block->seq + block->bytes.length;
		uint32_t old = stream->taken - block->seq;

		if (sequence_is_after(block->seq, stream->taken)) {
			i++;
			continue;
		}
		if (sequence_is_after(end, stream->taken)) {
			byte_queue_drop(splice->pool, &block->bytes, old);
			if (byte_queue_move(splice->pool, &block->bytes, block->bytes.length,
				    &stream->held))
				stream->taken = end;
		}
		block_remove(splice, stream, i);
		i = 0;
	}
}

/* Bytes that are not next: kept, apart from those that are there already. */
static void
take_late(struct splice *splice, struct splice_stream *stream, uint32_t seq, const uint8_t *data,
	uint32_t length)
{
	struct splice_block *block;

	for (unsigned int i = 0; i < stream->blocks; i++) {
		const uint32_t first = stream->block[i].seq;
		const uint32_t end = first + stream->block[i].bytes.length;

		if (!sequence_is_after(first, seq) && !sequence_is_after(seq, end)) {
			/* It goes on where this one ends, or earlier: the rest is new. */
			const uint32_t known = end - seq;

			if (known >= length || !has_room(splice, stream, length - known))
				return;
			if (byte_queue_append(splice->pool, &stream->block[i].bytes, data + known,
				    length - known))
				return;
			return;
		}
	}
	if (stream->blocks == SPLICE_BLOCKS || !has_room(splice, stream, length))
		return;
	block = &stream->block[stream->blocks];
	*block = (struct splice_block){.seq = seq};
	if (byte_queue_append(splice->pool, &block->bytes, data, length))
		stream->blocks++;
}

/* Bytes that came before: the receiver gets them once more, or the sender learns that they are there. */
static void
take_again(struct splice *splice, struct splice_stream *stream, uint32_t seq, uint32_t end)
{
	const uint32_t map_end = splice_map_end(&stream->map).in;
	uint32_t from = splice_map_out_floor(&stream->map, seq);
	uint32_t to = splice_map_out_ceiling(&stream->map, end);

	from = sequence_later(from, stream->received);
	to = sequence_earlier(to, stream->sent);
	if (sequence_is_after(to, from)) {
		stream->again_from = from;
		stream->again_to = to;
	} else {
		stream->tell_sender = true;
	}
	/* It waits for an answer about what lacks its end. */
	if (sequence_is_after(end, map_end) && stream->held.length > 0)
		splice_tell_ahead(splice, stream);
}

static void
take_data(struct splice *splice, struct splice_stream *stream, const struct splice_segment *segment)
{
	const uint8_t *data = segment->data;
	uint32_t seq = segment->seq, length = segment->length;

	if (segment->flags & TCP_FIN) {
		stream->fin_known = true;
		stream->fin_seq = seq + length;
	}
	if (sequence_is_after(stream->taken, seq)) {
		const uint32_t fin = segment->flags & TCP_FIN ? 1 : 0;
		const uint32_t old = RTE_MIN(stream->taken - seq, length);

		/* One byte, or none, before what is next: is anybody there? */
		if (length + fin <= 1 && stream->taken - seq == 1 && !(fin && stream->fin_taken) &&
			stream->held.length == 0 && stream->released == stream->received)
			stream->ask_receiver = true;
		else
			take_again(splice, stream, seq,
				sequence_earlier(seq + length + fin, stream->taken));
		data += old;
		seq += old;
		length -= old;
	}
	if (length == 0)
		return;
	if (sequence_is_after(seq, stream->taken)) {
		stream->late = (uint8_t)RTE_MIN(stream->late + 1, 100);
		take_late(splice, stream, seq, data, length);
		return;
	}
	if (stream->fin_taken)
		return;
	if (!has_room(splice, stream, length) ||
		!byte_queue_append(splice->pool, &stream->held, data, length)) {
		stream->tell_sender = true;
		return;
	}
	stream->taken += length;
	take_blocks(splice, stream);
}

uint32_t
splice_take(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction];
	const uint32_t before = own->held.length;

	splice->last[direction] = *segment;
	splice->last[direction].data = NULL;
	if (segment->timestamps && own->timestamps &&
		!sequence_is_after(own->timestamp, segment->timestamp))
		own->timestamp = segment->timestamp;
	if (segment->flags & TCP_ACK)
		take_ack(splice, direction, &splice->stream[!direction], segment);
	take_data(splice, own, segment);
	if (own->fin_known && !own->fin_taken && own->taken == own->fin_seq) {
		own->fin_taken = true;
		own->taken++;
	}
	if (own->held.length > 0 && own->waiting_ms == 0)
		own->waiting_ms = splice->now_ms + 1;
	return own->held.length - before;
}

bool
splice_has_place(const struct splice *splice, unsigned int direction, uint32_t length)
{
	return splice->stream[direction].map.marks < SPLICE_MARKS &&
	       byte_pool_has(splice->pool, length);
}

bool
splice_release(struct splice *splice, unsigned int direction, uint32_t in, const void *bytes,
	uint32_t length)
{
	struct splice_stream *stream = &splice->stream[direction];
	struct splice_map map = stream->map;

	if (bytes == NULL)
		length = in;
	if (!splice_map_add(&map, in, length))
		return false;
	if (bytes == NULL) {
		if (!byte_queue_move(splice->pool, &stream->held, in, &stream->kept))
			return false;
	} else {
		if (!byte_queue_append(splice->pool, &stream->kept, bytes, length))
			return false;
		byte_queue_drop(splice->pool, &stream->held, in);
	}
	stream->map = map;
	stream->released += length;
	stream->waiting_ms = stream->held.length > 0 ? splice->now_ms + 1 : 0;
	/* What the sender believes to be there is repeated from here. */
	if (sequence_is_after(stream->acked, splice_map_in(&stream->map, stream->received)))
		splice_repeat_later(splice, stream);
	return true;
}

uint32_t
splice_reset(const struct splice *splice, unsigned int direction, uint32_t seq)
{
	const struct splice_stream *stream = &splice->stream[direction];

	return sequence_earlier(splice_map_out_ceiling(&stream->map, seq), stream->sent);
}

bool
splice_is_over(const struct splice *splice)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct splice_stream *stream = &splice->stream[i];

		if (!stream->fin_released || stream->received != stream->released)
			return false;
	}
	return true;
}

void
splice_end(struct splice *splice)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct splice_stream *stream = &splice->stream[i];

		byte_queue_drop(splice->pool, &stream->held, UINT32_MAX);
		byte_queue_drop(splice->pool, &stream->kept, UINT32_MAX);
		while (stream->blocks > 0)
			block_remove(splice, stream, stream->blocks - 1u);
	}
}
