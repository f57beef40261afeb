/* SPDX-License-Identifier: BSD-3-Clause */
/* What the splice sends, and when. */
#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "splice_priv.h"

enum {
	TIMESTAMP_BYTES = 12, /* in a header, padded */
	SACK_BYTES = 4,
	SACK_BLOCK_BYTES = 8,
	LATE_LOST = 3, /* segments out of order: one before them was lost */
};

void
splice_tell_ahead(struct splice *splice, struct splice_stream *stream)
{
	const uint32_t end = splice_map_end(&stream->map).in + stream->held.length;

	if (sequence_is_after(end, stream->acked)) {
		stream->acked = end;
		stream->echo = stream->timestamp;
	}
	stream->tell_sender = true;
	splice_repeat_later(splice, stream);
}

void
splice_tell_place(const struct splice *splice, struct splice_stream *stream)
{
	if (splice->now_ms < stream->challenged_ms)
		return;
	stream->challenged_ms = splice->now_ms + SPLICE_CHALLENGE_MS;
	stream->tell_sender = true;
}

void
splice_challenge(struct splice *splice, unsigned int direction)
{
	splice_tell_place(splice, &splice->stream[direction]);
	splice_answer(splice, direction);
}

void
splice_repeat_later(struct splice *splice, struct splice_stream *stream)
{
	stream->repeat_ms =
		splice_told_ahead(stream) != 0 && stream->received != stream->released
			? splice->now_ms + 1 + ((uint64_t)SPLICE_REPEAT_MS << stream->repeats)
			: 0;
}

/*
 * Who was told ahead gets as much as there is room for here: a piece may be longer than what the receiver takes
 * at a time, and lacks its end. Room is rounded up, or steps larger than it would close the window for ever.
 */
uint16_t
splice_window_field(const struct splice *splice, unsigned int direction)
{
	const struct splice_stream *stream = &splice->stream[direction];
	const unsigned int scale = splice_scale(splice, direction);
	const uint32_t window = splice_window(splice, direction), ahead = splice_told_ahead(stream);
	const uint32_t full = stream->held.length + stream->kept.length;
	const uint32_t room = splice->room > full ? splice->room - full : 0;
	const uint32_t rounded = (room + (1u << scale) - 1) >> scale;
	uint32_t left = window > ahead ? window - ahead : 0;

	left = ahead > 0 && stream->held.length > 0 ? rounded : RTE_MIN(left >> scale, rounded);
	return (uint16_t)RTE_MIN(left, (uint32_t)UINT16_MAX);
}

/* The urgent pointer, while it lies ahead, as soon as it is known what became of the bytes before it. */
static void
out_urgent(const struct splice_stream *stream, struct splice_out *out)
{
	uint32_t urgent;

	if (!sequence_is_after(stream->urgent, stream->map.mark[0].in) ||
		sequence_is_after(stream->urgent, splice_map_end(&stream->map).in))
		return;
	urgent = splice_map_out_ceiling(&stream->map, stream->urgent);
	if (urgent - out->seq - 1 >= UINT16_MAX)
		return; /* not ahead, or further than can be said */
	out->urgent = (uint16_t)(urgent - out->seq);
	out->flags |= TCP_URG;
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
	out->window = splice_window_field(splice, !direction);
	out->flags = TCP_ACK | (last->flags & TCP_ECE);
	out->timestamps = own->timestamps && other->timestamps;
	out->timestamp = own->timestamp;
	out->echo = other->echo;
	out_urgent(own, out);
	for (unsigned int i = 0; i < last->sacks; i++) {
		const uint32_t left = splice_map_in_ceiling(&other->map, last->sack[i].left);
		const uint32_t right = splice_map_in(&other->map, last->sack[i].right);

		if (!sequence_is_after(right, left) || !sequence_is_after(left, out->ack))
			continue;
		out->sack[out->sacks].left = left;
		out->sack[out->sacks++].right = right;
	}
}

/* What is kept here beyond a hole. */
static void
out_blocks(const struct splice *splice, const struct splice_stream *stream, struct splice_out *out)
{
	if (!splice->stream[0].sack_permitted || !splice->stream[1].sack_permitted)
		return;
	for (unsigned int i = 0; i < stream->blocks && out->sacks < SPLICE_SACKS; i++) {
		const struct splice_block *block = &stream->block[i];

		out->sack[out->sacks].left = block->seq;
		out->sack[out->sacks++].right = block->seq + block->bytes.length;
	}
}

static void
out_send(struct splice *splice, const struct splice_out *out)
{
	struct splice_stream *other = &splice->stream[!out->direction];
	const uint32_t window = (uint32_t)out->window << splice_scale(splice, !out->direction);

	other->edge = sequence_later(other->edge, out->ack + window);
	splice->send(splice->context, out);
}

static uint32_t
segment_max(const struct splice_stream *stream, const struct splice_out *out)
{
	uint32_t options = out->timestamps ? TIMESTAMP_BYTES : 0;

	if (out->sacks > 0)
		options += SACK_BYTES + out->sacks * SACK_BLOCK_BYTES;
	return stream->mss - options;
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
	if (stream->reduced && out.seq == stream->sent && out.length > 0) {
		out.flags |= TCP_CWR;
		splice->stream[direction].reduced = false;
	}
	out_send(splice, &out);
	return seq;
}

static void
send_bare(struct splice *splice, unsigned int direction, uint32_t seq)
{
	struct splice_out out = {.seq = seq};

	out_answer(splice, direction, &out);
	out_send(splice, &out);
}

/* An acknowledgement that the receiver of this stream did not send: to the sender. */
static void
send_own_ack(struct splice *splice, unsigned int direction)
{
	struct splice_out out = {.seq = splice->stream[!direction].sent};

	out_answer(splice, !direction, &out);
	out_blocks(splice, &splice->stream[direction], &out);
	out_send(splice, &out);
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

/*
 * The end of what is held will not come before the sender hears of it: it repeats, was told so before of this piece,
 * has no window left, or misses something behind it. While the receiver is to say something, that is waited for.
 */
static bool
sender_is_stuck(const struct splice_stream *stream)
{
	const uint32_t released = splice_map_end(&stream->map).in;

	if (!splice_lacks_end(stream) || stream->fin_taken)
		return false;
	if (stream->held_again)
		return true;
	if (sequence_is_after(stream->acked, released))
		return stream->acked != stream->taken;
	if (stream->received != stream->released)
		return false;
	return stream->late >= LATE_LOST || stream->edge - stream->taken < stream->mss;
}

/* Segments out of order are answered when the sender knows of all before them (RFC 5681 4.2). */
static void
answer_late(struct splice *splice, unsigned int direction)
{
	struct splice_stream *stream = &splice->stream[direction];

	if (stream->late == 0 || stream->acked != stream->taken)
		return;
	for (; stream->late > 0; stream->late--)
		send_own_ack(splice, direction);
}

/*
 * Less than half a segment waits while others are on their way: their acknowledgement lets more be sent (RFC 9293
 * 3.8.6.2.1).
 */
static bool
is_silly(const struct splice_stream *stream, uint32_t to)
{
	return to != stream->released && to - stream->sent < stream->mss / 2u &&
	       stream->sent != stream->received;
}

/* Bytes of this direction that are to be sent, again or for the first time. False: there are none. */
static bool
answer_bytes(struct splice *splice, unsigned int direction)
{
	struct splice_stream *stream = &splice->stream[direction];
	bool any = false;

	release_fin(stream);
	stream->again_from = sequence_later(stream->again_from, stream->received);
	while (sequence_is_after(stream->again_to, stream->again_from)) {
		stream->again_from =
			send_bytes(splice, direction, stream->again_from, stream->again_to);
		any = true;
	}
	stream->again_from = stream->again_to = stream->received;
	while (sequence_is_after(stream->released, stream->sent) &&
		sequence_is_after(stream->limit, stream->sent)) {
		const uint32_t to = sequence_earlier(stream->released, stream->limit);

		if (is_silly(stream, to))
			break;
		stream->sent = send_bytes(splice, direction, stream->sent, to);
		any = true;
	}
	return any;
}

void
splice_answer(struct splice *splice, unsigned int direction)
{
	struct splice_stream *stream = &splice->stream[direction];
	bool told;

	if (!splice_has_begun(splice))
		return;
	if (sender_is_stuck(stream))
		splice_tell_ahead(splice, stream);
	told = answer_bytes(splice, direction);
	/* The window may be closed: an answer says whether it still is. */
	if (!told && (splice->last[direction].length > 0 || stream->tell_sender) &&
		sequence_is_after(stream->released, stream->sent))
		stream->ask_receiver = true;
	if (stream->ask_receiver)
		send_bare(splice, direction, stream->sent - 1);
	else if (stream->tell_receiver && !told)
		send_bare(splice, direction, stream->sent);
	answer_bytes(splice, !direction);
	if (stream->tell_sender)
		send_own_ack(splice, direction);
	stream->tell_receiver = stream->ask_receiver = false;
	stream->tell_sender = stream->held_again = false;
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

		if (splice_lacks_end(stream) && now_ms >= stream->waiting_ms + SPLICE_WAIT_MS &&
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
			stream->recover = stream->sent;
		} else {
			stream->ask_receiver = true;
		}
		splice_answer(splice, i);
		splice_repeat_later(splice, stream);
	}
	return true;
}
