/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life of a connection, and what its reader does. What comes in: splice_take.c. What goes out: splice_send.c.
 */
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "splice_priv.h"

void
splice_begin(struct splice *splice, struct byte_stock *stock, uint32_t room, splice_send_fn send,
	void *context)
{
	memset(splice, 0, sizeof(*splice));
	splice->stock = stock;
	splice->room = room;
	splice->send = send;
	splice->context = context;
	for (unsigned int i = 0; i < 2; i++)
		splice->stream[i].mss = UINT16_MAX;
}

/* Options of a SYN. One that is repeated may lack those that the first had: the SYN with ACK decides. */
static void
syn_options(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction],
			     *other = &splice->stream[!direction];

	own->timestamps |= segment->timestamps;
	own->sack_permitted |= segment->sack_permitted;
	other->mss = RTE_MIN(other->mss, segment->mss ? segment->mss : (uint16_t)SPLICE_MSS);
	other->mss = RTE_MAX(other->mss, (uint16_t)SPLICE_MSS_MIN);
	other->scale = RTE_MAX(other->scale, segment->scale);
	other->window = segment->window; /* never scaled here */
}

/* The numbers of a direction begin. */
static void
numbers_begin(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction],
			     *other = &splice->stream[!direction];
	const uint32_t next = segment->seq + 1;

	splice_map_begin(&own->map, next, next);
	own->begun = true;
	own->initial = segment->seq;
	own->taken = own->acked = own->released = own->sent = own->received = next;
	own->limit = own->edge = next + own->window;
	own->urgent = own->recover = next;
	own->timestamp = own->echo = segment->timestamp;
	own->repeated_from = own->repeated_to = next;
	other->window_seq = segment->seq;
	other->limit = other->edge = other->taken + segment->window;
}

/* What was is gone; the same ends, which speak the same MSS over the same paths. */
static void
begin_anew(struct splice *splice)
{
	const struct splice was = *splice;

	splice_end(splice);
	splice_begin(splice, was.stock, was.room, was.send, was.context);
	splice->now_ms = was.now_ms;
	splice->heard_ms = was.heard_ms;
	for (unsigned int i = 0; i < 2; i++)
		splice->stream[i].mss = was.stream[i].mss;
}

static void
syn_take(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	syn_options(splice, direction, segment);
	if (!splice->stream[direction].begun)
		numbers_begin(splice, direction, segment);
}

/* Nothing has come of a direction but SYNs. */
static bool
is_untouched(const struct splice_stream *stream)
{
	return stream->begun && stream->taken == stream->initial + 1;
}

/* The SYN that a direction began with was refused, or lost; this is another one, and accepts the other end's. */
static void
syn_instead(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction];

	while (splice_block_give_way(splice, own))
		;
	own->begun = own->timestamps = own->sack_permitted = false;
	splice->stream[!direction].scale = 0;
	syn_take(splice, direction, segment);
}

bool
splice_syn(struct splice *splice, unsigned int direction, const struct splice_segment *segment)
{
	struct splice_stream *own = &splice->stream[direction],
			     *other = &splice->stream[!direction];
	const struct splice_segment first = splice->other_syn;

	splice->heard_ms = splice->now_ms;
	if (segment->flags & TCP_ACK) {
		if (splice->other_syn_known && splice->other_syn_direction != direction &&
			segment->ack == first.seq + 1) {
			begin_anew(splice);
			syn_take(splice, !direction, &first);
			syn_take(splice, direction, segment);
			return true;
		}
		if (!other->begun || segment->ack != other->initial + 1)
			return false; /* of no SYN that was seen */
		if (own->initial != segment->seq && !own->confirmed && is_untouched(own) &&
			is_untouched(other)) {
			syn_instead(splice, direction, segment);
			return true;
		}
	}
	if (own->begun && own->initial == segment->seq) {
		/* It comes to its receiver, which will believe nothing older (RFC 7323 5.3). */
		own->timestamp = sequence_later(own->timestamp, segment->timestamp);
		if (segment->flags & TCP_ACK)
			splice_take_echo(other, segment);
	}
	if (!own->begun || (own->initial == segment->seq && !splice_has_begun(splice))) {
		syn_take(splice, direction, segment);
	} else if (own->initial != segment->seq && !(segment->flags & TCP_ACK)) {
		splice->other_syn = *segment;
		splice->other_syn_direction = direction;
		splice->other_syn_known = true;
	}
	return false;
}

void
splice_mtu(struct splice *splice, unsigned int direction, uint16_t mss)
{
	struct splice_stream *stream = &splice->stream[direction];

	mss = RTE_MAX(mss, (uint16_t)SPLICE_PATH_MIN);
	if (mss >= stream->mss)
		return;
	stream->mss = mss;
	stream->again_from = stream->received;
	stream->again_to = stream->sent;
}

void
splice_whole(struct splice *splice, unsigned int direction)
{
	splice->stream[direction].whole = true;
}

bool
splice_has_place(struct splice *splice, unsigned int direction, uint32_t length)
{
	struct splice_stream *stream = &splice->stream[direction];

	if (stream->map.marks < SPLICE_MARKS && byte_stock_has(splice->stock, length))
		return true;
	stream->whole = true;
	return false;
}

bool
splice_release(struct splice *splice, unsigned int direction, uint32_t in, const void *bytes,
	uint32_t length)
{
	struct splice_stream *stream = &splice->stream[direction];
	uint32_t told;

	if (bytes == NULL)
		length = in;
	if (!splice_map_takes(&stream->map, in, length))
		return false;
	if (bytes == NULL ? !byte_queue_move(splice->stock, &stream->held, in, &stream->kept)
			  : !byte_queue_replace(
				    splice->stock, &stream->held, in, &stream->kept, bytes, length))
		return false;
	splice_map_add(&stream->map, in, length);
	stream->whole = false;
	stream->released += length;
	stream->waiting_ms = stream->held.length > 0 ? splice->now_ms + 1 : 0;
	told = splice_map_in(&stream->map, stream->received);
	if (sequence_is_after(stream->acked, told)) {
		/* What the sender believes to be there is repeated from here. */
		splice_repeat_later(splice, stream);
	} else if (told != stream->acked) {
		/* Nothing is left of the piece: the receiver will not speak of it. */
		stream->acked = told;
		stream->tell_sender = true;
	}
	return true;
}

enum splice_rst
splice_rst_check(const struct splice *splice, unsigned int direction, uint32_t seq)
{
	const struct splice_stream *stream = &splice->stream[direction];

	/* It may know by what was acknowledged only where it is: after a challenge. */
	if (!splice_has_begun(splice) || seq == stream->taken || seq == stream->acked)
		return SPLICE_RST_EXACT;
	if (sequence_is_after(stream->acked, seq) ||
		sequence_is_after(seq, splice_furthest(stream)))
		return SPLICE_RST_OUTSIDE;
	return SPLICE_RST_NEAR;
}

uint32_t
splice_reset(const struct splice *splice, unsigned int direction, uint32_t seq)
{
	const struct splice_stream *stream = &splice->stream[direction];
	const uint32_t number = splice_map_out_ceiling(&stream->map, seq);

	if (!splice_has_begun(splice))
		return seq;
	/* From a sender that has forgotten the connection: what the receiver's challenge asked for. */
	return sequence_later(stream->received, sequence_earlier(number, stream->sent));
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

bool
splice_is_done(const struct splice *splice, uint64_t now_ms)
{
	return splice_is_over(splice) && now_ms >= splice->heard_ms + SPLICE_LINGER_MS;
}

void
splice_end(struct splice *splice)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct splice_stream *stream = &splice->stream[i];

		byte_queue_drop(splice->stock, &stream->held, UINT32_MAX);
		byte_queue_drop(splice->stock, &stream->kept, UINT32_MAX);
		while (stream->blocks > 0)
			splice_block_remove(splice, stream, stream->blocks - 1u);
	}
}
