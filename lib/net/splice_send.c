/* SPDX-License-Identifier: BSD-3-Clause */
/* What the splice sends, and when. */
#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "splice_priv.h"

enum { TIMESTAMP_BYTES = 12, SACK_BYTES = 4, SACK_BLOCK_BYTES = 8 }; /* in a header, padded */

/* How far the sender was told more than the receiver has. */
static uint32_t
told_ahead(const struct splice_stream *stream)
{
	return stream->acked - splice_map_in(&stream->map, stream->received);
}

void
splice_tell_ahead(struct splice *splice, struct splice_stream *stream)
{
	stream->acked = sequence_later(
		stream->acked, splice_map_end(&stream->map).in + stream->held.length);
	stream->tell_sender = true;
	splice_repeat_later(splice, stream);
}

void
splice_repeat_later(struct splice *splice, struct splice_stream *stream)
{
	stream->repeat_ms =
		told_ahead(stream) != 0 && stream->received != stream->released
			? splice->now_ms + 1 + ((uint64_t)SPLICE_REPEAT_MS << stream->repeats)
			: 0;
}

/*
 * The window field that goes with an acknowledgement of this direction's bytes. Who was told ahead gets as much as
 * there is room for here: a piece may be longer than what the receiver takes at a time, and lacks its end.
 */
static uint16_t
window_field(const struct splice *splice, unsigned int direction)
{
	const struct splice_stream *stream = &splice->stream[direction];
	const uint32_t window = splice_window(splice, direction), ahead = told_ahead(stream);
	const uint32_t full = stream->held.length + stream->kept.length;
	const uint32_t room = splice->room > full ? splice->room - full : 0;
	uint32_t left = window > ahead ? window - ahead : 0;

	if (ahead > 0 && stream->held.length > 0)
		left = room;
	left = RTE_MIN(left, room);
	if (left == window)
		return stream->window;
	return (uint16_t)RTE_MIN(left >> splice_scale(splice, direction), (uint32_t)UINT16_MAX);
}

/* What this direction's segments say of the other's: acknowledgement, window, timestamps. */
static void
out_answer(const struct splice *splice, unsigned int direction, struct splice_out *out)
{
	const struct splice_stream *own = &splice->stream[direction],
				   *other = &splice->stream[!direction];
	const struct splice_segment *last = &splice->last[direction];

	out->direction = direction;
	out->stream = own;
	out->ack = other->acked;
	out->window = window_field(splice, !direction);
	out->flags |= TCP_ACK;
	out->timestamps = own->timestamps && other->timestamps;
	out->timestamp = own->timestamp;
	out->echo = last->timestamps ? last->echo : other->timestamp;
	for (unsigned int i = 0; i < last->sacks; i++) {
		const uint32_t left = splice_map_in_ceiling(&other->map, last->sack[i].left);
		const uint32_t right = splice_map_in(&other->map, last->sack[i].right);

		if (!sequence_is_after(right, left) || !sequence_is_after(left, out->ack))
			continue;
		out->sack[out->sacks].left = left;
		out->sack[out->sacks++].right = right;
	}
}

static uint32_t
segment_max(const struct splice_stream *stream, const struct splice_out *out)
{
	uint32_t options = out->timestamps ? TIMESTAMP_BYTES : 0;

	if (out->sacks > 0)
		options += SACK_BYTES + out->sacks * SACK_BLOCK_BYTES;
	return stream->mss > options + 1 ? stream->mss - options : 1;
}

/* One segment with what there is from `seq` on, at most to `to`; returns where it ends. */
static uint32_t
send_bytes(struct splice *splice, unsigned int direction, uint32_t seq, uint32_t to)
{
	const struct splice_stream *stream = &splice->stream[direction];
	struct splice_out out = {.seq = seq};
	const uint32_t bytes_end = stream->received + stream->kept.length;

	out_answer(splice, direction, &out);
	out.offset = seq - stream->received;
	if (sequence_is_after(bytes_end, seq)) {
		const uint32_t most = segment_max(stream, &out);

		out.length = RTE_MIN(sequence_earlier(to, bytes_end) - seq, most);
	}
	seq += out.length;
	if (stream->fin_released && seq == bytes_end && sequence_is_after(to, seq)) {
		out.flags |= TCP_FIN;
		seq++;
	}
	if (seq == bytes_end)
		out.flags |= TCP_PSH;
	splice->send(splice->context, &out);
	return seq;
}

static void
send_bare(struct splice *splice, unsigned int direction, uint32_t seq)
{
	struct splice_out out = {.seq = seq};

	out_answer(splice, direction, &out);
	splice->send(splice->context, &out);
}

/* An acknowledgement that the receiver of this stream did not send: to the sender. */
static void
send_own_ack(struct splice *splice, unsigned int direction)
{
	struct splice_stream *back = &splice->stream[!direction];
	struct splice_segment *last = &splice->last[!direction];
	const struct splice_segment said = *last;

	last->sacks = 0;
	last->timestamps = false;
	send_bare(splice, !direction, back->sent);
	*last = said;
}

static void
release_fin(struct splice_stream *stream)
{
	if (!stream->fin_taken || stream->fin_released || stream->held.length > 0 ||
		!splice_map_add(&stream->map, 1, 1))
		return;
	stream->fin_released = true;
	stream->released++;
}

/* Segments out of order are answered when the sender knows of all before them (RFC 5681 4.2). */
static void
answer_late(struct splice *splice, unsigned int direction)
{
	struct splice_stream *stream = &splice->stream[direction];

	if (stream->blocks == 0 && stream->late > 0 && stream->acked == stream->taken)
		stream->late = 0;
	if (stream->acked != stream->taken)
		return;
	for (; stream->late > 0; stream->late--)
		send_own_ack(splice, direction);
}

void
splice_answer(struct splice *splice, unsigned int direction)
{
	struct splice_stream *stream = &splice->stream[direction];
	bool told = false;

	release_fin(stream);
	stream->again_from = sequence_later(stream->again_from, stream->received);
	while (sequence_is_after(stream->again_to, stream->again_from)) {
		stream->again_from =
			send_bytes(splice, direction, stream->again_from, stream->again_to);
		told = true;
	}
	stream->again_from = stream->again_to = 0;
	while (sequence_is_after(stream->released, stream->sent) &&
		sequence_is_after(stream->limit, stream->sent)) {
		stream->sent = send_bytes(splice, direction, stream->sent,
			sequence_earlier(stream->released, stream->limit));
		told = true;
	}
	/* Its window is closed: an answer says whether it still is. */
	if (!told && splice->last[direction].length > 0 &&
		sequence_is_after(stream->released, stream->sent))
		stream->ask_receiver = true;
	if (stream->ask_receiver)
		send_bare(splice, direction, stream->sent - 1);
	else if (stream->tell_receiver && !told)
		send_bare(splice, direction, stream->sent);
	if (stream->tell_sender)
		send_own_ack(splice, direction);
	stream->tell_receiver = stream->ask_receiver = stream->tell_sender = false;
	answer_late(splice, direction);
	answer_late(splice, !direction);
	splice->last[direction].sacks = 0;
	splice->last[direction].length = 0;
}

bool
splice_waits(const struct splice *splice)
{
	for (unsigned int i = 0; i < 2; i++)
		if (splice->stream[i].waiting_ms != 0 || splice->stream[i].repeat_ms != 0)
			return true;
	return false;
}

bool
splice_tick(struct splice *splice, uint64_t now_ms)
{
	splice->now_ms = now_ms;
	for (unsigned int i = 0; i < 2; i++) {
		struct splice_stream *stream = &splice->stream[i];

		if (stream->waiting_ms != 0 && now_ms >= stream->waiting_ms + SPLICE_WAIT_MS &&
			sequence_is_after(splice_map_end(&stream->map).in + stream->held.length,
				stream->acked)) {
			splice_tell_ahead(splice, stream);
			splice_answer(splice, i);
		}
		if (stream->repeat_ms == 0 || now_ms < stream->repeat_ms)
			continue;
		if (stream->repeats == SPLICE_REPEATS)
			return false;
		stream->repeats++;
		if (stream->sent != stream->received) {
			stream->again_from = stream->received;
			stream->again_to =
				sequence_earlier(stream->received + stream->mss, stream->sent);
		} else {
			stream->ask_receiver = true;
		}
		splice_answer(splice, i);
		splice_repeat_later(splice, stream);
	}
	return true;
}
