/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes in: numbers, bytes, what has to be answered. */
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "splice_priv.h"

enum { DUPLICATES = 3 /* acknowledgements that say that something was lost (RFC 5681 3.2) */ };

/* Bytes that are kept; a FIN is none. */
static uint32_t
bytes_before(const struct splice_stream *stream, uint32_t number)
{
	const uint32_t bytes = number - stream->received;

	return RTE_MIN(bytes, stream->kept.length);
}

/* Numbers so far behind that nobody can mean them: a sender has at most a window on its way. */
static bool
is_ancient(const struct splice *splice, uint32_t number, uint32_t now)
{
	return sequence_is_after(now, number) && now - number > splice->room + UINT16_MAX;
}

/* Send again, from what the receiver has: one segment's worth. */
static void
again(struct splice_stream *stream)
{
	stream->again_from = stream->received;
	stream->again_to = sequence_earlier(stream->received + stream->mss, stream->sent);
}

/* The receiver has more than before. */
static void
take_progress(struct splice *splice, struct splice_stream *stream, uint32_t ack)
{
	uint32_t told;

	byte_queue_drop(splice->stock, &stream->kept, bytes_before(stream, ack));
	stream->received = ack;
	stream->same = 0;
	stream->repeats = 0;
	splice_map_forget(&stream->map, ack);
	told = splice_map_in(&stream->map, ack);
	stream->acked = sequence_later(stream->acked, told);
	stream->urgent = sequence_later(stream->urgent, stream->map.mark[0].in);
	splice_repeat_later(splice, stream);
	/* More was lost of what is repeated from here (RFC 6582). */
	if (sequence_is_after(stream->recover, ack) && stream->repeat_ms != 0)
		again(stream);
	else
		stream->recover = sequence_later(stream->recover, ack);
}

/* An acknowledgement that says nothing new: the receiver misses something, or answers a question. */
static void
take_same(struct splice_stream *stream)
{
	stream->same = (uint8_t)RTE_MIN(stream->same + 1, 100);
	if (stream->same == DUPLICATES && stream->repeat_ms != 0) {
		stream->recover = stream->sent;
		again(stream);
	}
	/* One that answers whether the window is still closed: the receiver lives (RFC 9293 3.8.6.1). */
	if (stream->sent == stream->received && stream->repeats == SPLICE_REPEATS)
		stream->repeats--;
}

/*
 * The receiver of `stream` speaks: what it has, and how much more it takes. False: what it says cannot be, and
 * its bytes are not believed either (RFC 9293 3.10.7.4, RFC 5961 5.2).
 */
static bool
take_ack(struct splice *splice, unsigned int direction, struct splice_stream *stream,
	const struct splice_segment *segment)
{
	const bool bare = segment->length == 0 && !(segment->flags & TCP_FIN);
	const uint32_t acked = stream->acked;
	struct splice_stream *back = &splice->stream[direction];

	if (sequence_is_after(segment->ack, stream->sent) ||
		is_ancient(splice, segment->ack, stream->received)) {
		splice_tell_place(splice, back);
		return false;
	}
	if (sequence_is_after(stream->received, segment->ack))
		return true; /* older than what is known */
	stream->confirmed = true;
	splice_take_echo(stream, segment);
	if (segment->ack != stream->received) {
		take_progress(splice, stream, segment->ack);
		back->tell_receiver |= stream->acked != acked;
	} else if (sequence_is_after(stream->window_seq, segment->seq)) {
		return true; /* overtaken by another: what it says of the window is old (SND.WL1) */
	} else if (bare && segment->window == stream->window) {
		take_same(stream);
		/* Of what the sender was told to be there, nobody else is to count these. */
		back->tell_receiver |= splice_told_ahead(stream) == 0;
	}
	back->tell_receiver |= segment->window != stream->window && splice_told_ahead(stream) == 0;
	stream->window = segment->window;
	stream->window_seq = segment->seq;
	stream->limit = segment->ack + splice_window(splice, !direction);
	back->tell_receiver |=
		sequence_is_after(stream->acked + ((uint32_t)splice_window_field(splice, !direction)
							  << splice_scale(splice, !direction)),
			stream->edge);
	return true;
}

/* Bytes that are next: as many as there is room for, if need be instead of what came out of order. */
static uint32_t
take_next(struct splice *splice, unsigned int direction, const uint8_t *data, uint32_t length)
{
	struct splice_stream *stream = &splice->stream[direction];
	const uint32_t room = splice_room(splice, direction);
	const uint32_t full = stream->held.length + stream->kept.length;

	length = RTE_MIN(length, room > full ? room - full : 0);
	while (full + splice_blocked(stream) + length > room &&
		splice_block_give_way(splice, stream))
		;
	while (!byte_stock_has_spare(splice->stock, length))
		if (!splice_block_give_way(splice, stream))
			return 0;
	if (!byte_queue_append(splice->stock, &stream->held, data, length))
		return 0;
	stream->taken += length;
	return length;
}

/* Bytes that came before: the receiver gets them once more, or the sender learns that they are there. */
static void
take_again(struct splice *splice, struct splice_stream *stream, uint32_t seq, uint32_t end)
{
	uint32_t from = splice_map_out_floor(&stream->map, seq);
	uint32_t to = splice_map_out_ceiling(&stream->map, end);

	from = sequence_later(from, stream->received);
	to = sequence_earlier(to, stream->sent);
	if (!sequence_is_after(to, from)) {
		stream->tell_sender = true;
		return;
	}
	/* A piece that was replaced goes again as a whole, once for all of its segments. */
	if (splice->now_ms < stream->repeated_ms + SPLICE_AGAIN_MS &&
		!sequence_is_after(stream->repeated_from, from) &&
		!sequence_is_after(to, stream->repeated_to))
		return;
	stream->again_from = stream->repeated_from = from;
	stream->again_to = stream->repeated_to = to;
	stream->repeated_ms = splice->now_ms;
}

static void
take_old(struct splice *splice, struct splice_stream *stream, uint32_t seq, uint32_t length,
	uint32_t fin)
{
	const uint32_t end = seq + length + fin;

	/* One byte, or none, before what is next: is anybody there? Is the window still closed? */
	if (length + fin <= 1 && stream->taken - seq == 1 && !(fin != 0 && stream->fin_taken) &&
		stream->held.length == 0 && stream->sent == stream->received) {
		stream->ask_receiver = true;
		return;
	}
	take_again(splice, stream, seq, sequence_earlier(end, stream->taken));
	stream->held_again |= sequence_is_after(end, splice_map_end(&stream->map).in);
}

/* Where the stream ends: not before what has come of it. */
static void
take_fin(struct splice_stream *stream, uint32_t end)
{
	if (stream->fin_known || sequence_is_after(stream->taken, end))
		return;
	for (unsigned int i = 0; i < stream->blocks; i++)
		if (sequence_is_after(splice_block_end(&stream->block[i]), end))
			return;
	stream->fin_known = true;
	stream->fin_seq = end;
}

static void
take_data(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *stream = &splice->stream[direction];
	const uint8_t *data = segment->data;
	const uint32_t fin = segment->flags & TCP_FIN ? 1 : 0;
	uint32_t seq = segment->seq, length = segment->length, taken;

	if (sequence_is_after(stream->taken, seq)) {
		const uint32_t old = RTE_MIN(stream->taken - seq, length);

		take_old(splice, stream, seq, length, fin);
		data += old;
		seq += old;
		length -= old;
	}
	if (fin != 0 && !sequence_is_after(seq + length, stream->edge))
		take_fin(stream, seq + length);
	if (length == 0 || stream->fin_taken)
		return;
	if (stream->fin_known && sequence_is_after(seq + length, stream->fin_seq))
		return; /* behind the end: nonsense */
	if (sequence_is_after(seq, stream->taken)) {
		stream->late = (uint8_t)RTE_MIN(stream->late + 1, 100);
		if (!sequence_is_after(seq + length, stream->edge))
			splice_blocks_add(splice, stream, seq, data, length);
		return;
	}
	taken = sequence_is_after(stream->edge, seq) ? RTE_MIN(length, stream->edge - seq) : 0;
	taken = take_next(splice, direction, data, taken);
	if (taken < length) {
		stream->tell_sender = true; /* there is no room, or it was not let send so much */
		/* A probe of a closed window: that it has opened may have been lost (RFC 9293 3.8.6.1). */
		stream->ask_receiver |= !sequence_is_after(stream->limit, stream->sent);
	}
	splice_blocks_take(splice, stream);
	if (taken > 0 && stream->blocks == 0)
		stream->late = 0; /* nothing is missing any more */
}

/*
 * Could this be a segment of the connection? The sender was let send so far, or asks whether it is, and numbers its
 * acknowledgements behind that question; or it sent this not long ago.
 */
static bool
is_in_place(const struct splice *splice, unsigned int direction, uint32_t seq)
{
	const struct splice_stream *stream = &splice->stream[direction];

	return !sequence_is_after(seq, splice_furthest(stream)) &&
	       !is_ancient(splice, seq, stream->taken);
}

uint32_t
splice_take(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction];
	struct splice_segment *last = &splice->last[direction];
	const uint32_t before = own->held.length;

	if (!splice_has_begun(splice) || !(segment->flags & TCP_ACK))
		return 0;
	splice->heard_ms = splice->now_ms;
	if (!is_in_place(splice, direction, segment->seq)) {
		splice_tell_place(splice, own);
		return 0;
	}
	if (!take_ack(splice, direction, &splice->stream[!direction], segment))
		return 0;
	last->flags = segment->flags;
	last->length = segment->length;
	last->sacks = segment->sacks;
	if (segment->sacks > 0)
		memcpy(last->sack, segment->sack, sizeof(last->sack));
	own->reduced |= (segment->flags & TCP_CWR) != 0;
	if (segment->timestamps && own->timestamps)
		own->timestamp = sequence_later(own->timestamp, segment->timestamp);
	if (segment->flags & TCP_URG)
		own->urgent = sequence_later(own->urgent, segment->seq + segment->urgent);
	take_data(splice, direction, segment);
	if (own->fin_known && !own->fin_taken && own->taken == own->fin_seq) {
		own->fin_taken = true;
		own->taken++;
	}
	if (own->held.length > 0 && own->waiting_ms == 0)
		own->waiting_ms = splice->now_ms + 1;
	return own->held.length - before;
}
