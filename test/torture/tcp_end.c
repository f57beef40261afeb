/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "rig.h"
#include "tcp_end.h"
#include "tcp_frame.h"
#include "wire.h"

enum {
	REPEAT_MS = 250,
	BACKOFF_MAX = 3,
	EQUAL_ACKS = 3,
	MSS_DEFAULT = 536,
};

static uint8_t *
buffer(uint8_t *old)
{
	if (old == NULL)
		old = malloc(TCP_END_STREAM_MAX);
	MUST(old != NULL, "no memory");
	return old;
}

void
tcp_end_begin(struct tcp_end *end, const struct tcp_habits *habits)
{
	struct tcp_end fresh = {
		.name = end->name,
		.rig_port = end->rig_port,
		.habits = *habits,
		.bytes = buffer(end->bytes),
		.cut = buffer(end->cut),
		.sacked = buffer(end->sacked),
		.got = buffer(end->got),
		.have = buffer(end->have),
	};

	memset(fresh.cut, 0, end->bytes ? end->length + 1 : TCP_END_STREAM_MAX);
	memset(fresh.sacked, 0, end->bytes ? end->length + 1 : TCP_END_STREAM_MAX);
	memset(fresh.have, 0, end->bytes ? end->got_end + 1 : TCP_END_STREAM_MAX);
	fresh.first = habits->initial + 1;
	fresh.unacknowledged = fresh.next = fresh.highest = fresh.limit = habits->initial;
	fresh.stamp_base = habits->initial * 7;
	*end = fresh;
}

static uint32_t
stamp_now(const struct tcp_end *end)
{
	return end->stamp_base + (uint32_t)rig_now_ms();
}

static uint32_t
end_of_bytes(const struct tcp_end *end)
{
	return end->first + end->length;
}

/* What may follow the last acknowledgement that was sent; a limit that was announced is kept. */
static uint16_t
window_field(struct tcp_end *end, bool syn)
{
	const uint32_t kept = tcp_end_received(end) - end->read;
	const uint32_t room = end->habits.capacity > kept ? end->habits.capacity - kept : 0;
	const unsigned int shift = syn ? 0 : end->own_shift;
	uint32_t window = RTE_MIN(room >> shift, (uint32_t)UINT16_MAX);

	if (!syn && sequence_is_after(end->announced, end->expected + (window << shift)))
		window = (end->announced - end->expected + (1u << shift) - 1) >> shift;
	window = RTE_MIN(window, (uint32_t)UINT16_MAX);
	if (!syn)
		end->announced = sequence_later(end->announced, end->expected + (window << shift));
	return (uint16_t)window;
}

static void
sacks_set(const struct tcp_end *end, struct tcp_frame *frame)
{
	const unsigned int most = end->timestamps ? 3 : 4;

	for (uint32_t at = tcp_end_received(end), right; frame->sacks < most && at < end->got_end;
		at = right) {
		while (at < end->got_end && !end->have[at])
			at++;
		right = at;
		while (right < end->got_end && end->have[right])
			right++;
		if (right == at)
			break;
		frame->sack[frame->sacks].left = end->origin + at;
		frame->sack[frame->sacks++].right = end->origin + right;
	}
}

static void
send_segment(struct tcp_end *end, uint32_t seq, uint32_t length, uint8_t flags, bool fresh)
{
	uint8_t bytes[TCP_END_FRAME_MAX];
	struct tcp_frame frame = {
		.src = end->address,
		.dst = end->peer,
		.sport = end->port,
		.dport = end->peer_port,
		.seq = seq,
		.flags = flags,
		.length = length,
		.data = end->bytes + (seq - end->first),
		.scale = -1,
	};

	if (flags & TCP_SYN) {
		frame.mss = end->habits.mss;
		frame.scale =
			end->passive && end->peer_shift == UINT32_MAX ? -1 : end->habits.scale;
		frame.sack_permitted = end->habits.sack && (!end->passive || end->sack);
		frame.timestamps = end->habits.timestamps && (!end->passive || end->timestamps);
	} else {
		frame.timestamps = end->timestamps;
	}
	frame.timestamp = stamp_now(end);
	if (flags & TCP_ACK) {
		frame.ack = end->expected;
		frame.echo = end->recent;
		end->last_ack = end->expected;
		end->owed = 0;
		end->ack_ms = 0;
		if (end->sack && !(flags & TCP_SYN) && length == 0)
			sacks_set(end, &frame);
	}
	frame.window = window_field(end, flags & TCP_SYN);
	wire_send(end, bytes, tcp_frame_write(bytes, &frame), fresh);
}

static void
send_ack(struct tcp_end *end)
{
	send_segment(end, end->next, 0, TCP_ACK, false);
}

static void
timer_start(struct tcp_end *end)
{
	end->repeat_ms = rig_now_ms() + ((uint64_t)REPEAT_MS << end->backoff);
}

void
tcp_end_connect(struct tcp_end *end, rte_be32_t peer, rte_be16_t peer_port)
{
	end->peer = peer;
	end->peer_port = peer_port;
	end->opening = true;
	end->next = end->highest = end->first;
	send_segment(end, end->first - 1, 0, TCP_SYN, true);
	timer_start(end);
}

void
tcp_end_adopt(struct tcp_end *end, struct tcp_end *other)
{
	end->open = other->open = true;
	for (unsigned int i = 0; i < 2; i++) {
		struct tcp_end *one = i ? other : end, *two = i ? end : other;

		one->unacknowledged = one->next = one->highest = one->first;
		one->origin = one->expected = one->last_ack = two->first;
		one->announced = one->expected;
		two->mss = one->habits.mss ? one->habits.mss : MSS_DEFAULT;
		two->limit = two->first + RTE_MIN(one->habits.capacity, (uint32_t)UINT16_MAX);
		one->timestamps = one->sack = false;
	}
}

void
tcp_end_write(struct tcp_end *end, const void *bytes, uint32_t length)
{
	MUST(end->length + length < TCP_END_STREAM_MAX, "a stream of too many bytes");
	memcpy(end->bytes + end->length, bytes, length);
	end->length += length;
}

void
tcp_end_close(struct tcp_end *end)
{
	end->fin_wanted = true;
}

void
tcp_end_reset(struct tcp_end *end)
{
	send_segment(end, end->next, 0, TCP_RST | TCP_ACK, false);
	end->reset_sent = true;
	end->repeat_ms = end->ack_ms = 0;
}

/* Is anybody there? (RFC 9293 3.8.4) */
void
tcp_end_keepalive(struct tcp_end *end, bool with_a_byte)
{
	MUST(end->highest == end->unacknowledged && end->length > 0, "no time for a keepalive");
	send_segment(end, end->next - 1, with_a_byte ? 1 : 0, TCP_ACK, false);
	end->keepalive_asked = true;
}

/* How long a segment from `seq` on may be. */
static uint32_t
segment_length(const struct tcp_end *end, uint32_t seq, bool cuts)
{
	const uint32_t most = end->mss - (end->timestamps ? 12 : 0);
	const uint32_t at = seq - end->first;
	uint32_t length = RTE_MIN(end->length - at, most);

	for (uint32_t i = 1; cuts && i < length; i++) {
		if (end->cut[at + i])
			return i;
	}
	return length;
}

/* Send again from `from` on what the other has not said that it has. */
static void
repeat(struct tcp_end *end, uint32_t from)
{
	uint32_t at, length;
	bool fin;

	while (end->sack && sequence_is_after(end->recover, from) &&
		sequence_is_after(end_of_bytes(end), from) && end->sacked[from - end->first])
		from++;
	at = from - end->first;
	length = from == end_of_bytes(end) + 1
			 ? 0
			 : segment_length(end, from, end->habits.repeat == TCP_REPEAT_SAME);
	if (end->habits.repeat == TCP_REPEAT_PARTIAL && length > 1)
		length = 1 + wire_below(length);
	length = RTE_MIN(length, end->highest - from);
	for (uint32_t i = 1; end->sack && i < length; i++) {
		if (end->sacked[at + i])
			length = i;
	}
	fin = end->fin_sent && from + length == end_of_bytes(end);
	send_segment(end, from, length,
		(uint8_t)(TCP_ACK | (length > 0 ? TCP_PSH : 0) | (fin ? TCP_FIN : 0)), false);
}

static void
speak(struct tcp_end *end, bool probe)
{
	while (!end->reset_sent && !end->fin_sent) {
		const uint32_t open = sequence_is_after(end->limit, end->next)
					      ? end->limit - end->next
					      : (probe ? 1 : 0);
		uint32_t length;
		bool fin;

		length = segment_length(end, end->next, true);
		if (length > 0 && end->next - end->unacknowledged >= end->habits.flight * length)
			return;
		length = RTE_MIN(length, open);
		fin = end->fin_wanted && end->next + length == end_of_bytes(end) && open > length;
		if (length == 0 && !fin)
			return;
		send_segment(end, end->next, length,
			(uint8_t)(TCP_ACK | (length > 0 ? TCP_PSH : 0) | (fin ? TCP_FIN : 0)),
			true);
		end->next += length + fin;
		end->highest = sequence_later(end->highest, end->next);
		end->fin_sent |= fin;
		if (end->repeat_ms == 0 || probe)
			timer_start(end);
		probe = false;
	}
}

/* The application takes some of what came; a window that was nearly closed is told to be open again. */
static void
listen_on(struct tcp_end *end)
{
	const uint32_t there = tcp_end_received(end) - end->read;
	const uint32_t before = end->announced - end->expected;

	if (there == 0 || wire_below(100) < end->habits.slow)
		return;
	end->read += end->habits.slow ? 1 + wire_below(there) : there;
	if (before < end->habits.mss &&
		end->habits.capacity - (tcp_end_received(end) - end->read) >=
			RTE_MIN((uint32_t)end->habits.mss, end->habits.capacity / 2))
		send_ack(end);
}

static void
time_out(struct tcp_end *end)
{
	end->backoff = RTE_MIN(end->backoff + 1, (unsigned int)BACKOFF_MAX);
	timer_start(end);
	if (end->opening) {
		send_segment(end, end->first - 1, 0,
			(uint8_t)(TCP_SYN | (end->passive ? TCP_ACK : 0)), false);
		return;
	}
	if (end->highest == end->unacknowledged) {
		end->repeat_ms = 0;
		speak(end, true);
		return;
	}
	end->recovering = true;
	end->recover = end->highest;
	/* Who has said that it has something may have thrown it away (RFC 2018 8). */
	memset(end->sacked + (end->unacknowledged - end->first), 0,
		end->highest - end->unacknowledged);
	repeat(end, end->unacknowledged);
}

void
tcp_end_turn(struct tcp_end *end)
{
	const uint64_t now_ms = rig_now_ms();

	if (end->reset_got || end->reset_sent)
		return;
	if (end->repeat_ms != 0 && now_ms >= end->repeat_ms)
		time_out(end);
	if (!end->open)
		return;
	speak(end, false);
	/* A window that is closed is asked, once in a while. */
	if (end->repeat_ms == 0 && end->highest == end->unacknowledged && !end->fin_sent &&
		(end->next != end_of_bytes(end) || end->fin_wanted))
		timer_start(end);
	listen_on(end);
	if (end->ack_ms != 0 && now_ms >= end->ack_ms)
		send_ack(end);
}

uint64_t
tcp_end_due(const struct tcp_end *end)
{
	uint64_t due = UINT64_MAX;

	if (end->reset_got || end->reset_sent)
		return due;
	if (end->repeat_ms != 0)
		due = end->repeat_ms;
	if (end->ack_ms != 0)
		due = RTE_MIN(due, end->ack_ms);
	if (end->habits.slow && tcp_end_received(end) != end->read)
		due = RTE_MIN(due, rig_now_ms() + 1);
	return due;
}

bool
tcp_end_is_heard(const struct tcp_end *end)
{
	return end->unacknowledged == end_of_bytes(end) + end->fin_wanted;
}

/* The handshake's options. */
static void
agree(struct tcp_end *end, const struct tcp_heard *heard)
{
	end->sack = end->habits.sack && heard->sack_permitted;
	end->timestamps = end->habits.timestamps && heard->timestamps;
	end->mss = heard->mss ? heard->mss : MSS_DEFAULT;
	end->own_shift = end->peer_shift = 0;
	if (end->habits.scale >= 0 && heard->scale >= 0) {
		end->own_shift = (unsigned int)end->habits.scale;
		end->peer_shift = (unsigned int)heard->scale;
	}
	end->origin = end->expected = heard->seq + 1;
	end->announced = end->expected;
	end->recent = heard->timestamp;
}

static void
hear_syn(struct tcp_end *end, const struct tcp_heard *heard)
{
	if (end->open) {
		send_ack(end);
		return;
	}
	if (!(heard->flags & TCP_ACK)) {
		MUST(end->passive, "%s: a SYN", end->name);
		end->peer = heard->src;
		end->peer_port = heard->sport;
		agree(end, heard);
		if (heard->scale < 0 || end->habits.scale < 0)
			end->peer_shift = UINT32_MAX; /* for the SYN alone: no option */
		end->opening = true;
		end->next = end->highest = end->first;
		send_segment(end, end->first - 1, 0, TCP_SYN | TCP_ACK, true);
		if (end->peer_shift == UINT32_MAX)
			end->peer_shift = 0;
		timer_start(end);
		return;
	}
	MUST(!end->passive && heard->ack == end->first, "%s: a SYN and ACK of %u, not %u",
		end->name, heard->ack, end->first);
	agree(end, heard);
	end->unacknowledged = end->first;
	end->limit = heard->ack + heard->window;
	end->opening = false;
	end->open = true;
	end->repeat_ms = 0;
	end->backoff = 0;
	end->announced = end->expected +
			 RTE_MIN(end->habits.capacity, (uint32_t)UINT16_MAX); /* of the SYN */
	send_ack(end);
}

static void
hear_ack(struct tcp_end *end, const struct tcp_heard *heard)
{
	const uint32_t window = (uint32_t)heard->window << end->peer_shift;
	const bool bare = heard->length == 0 && !(heard->flags & TCP_FIN);

	MUST(!sequence_is_after(heard->ack, end->highest),
		"%s: an acknowledgement of %u bytes never sent", end->name,
		heard->ack - end->highest);
	for (unsigned int i = 0; i < heard->sacks; i++) {
		const uint32_t left = heard->sack[i].left, right = heard->sack[i].right;

		MUST(end->sack, "%s: a SACK that was not agreed", end->name);
		MUST(sequence_is_after(right, left) && !sequence_is_after(right, end->highest),
			"%s: a SACK block of bytes never sent", end->name);
		for (uint32_t seq = sequence_later(left, end->unacknowledged);
			sequence_is_after(right, seq) && sequence_is_after(end_of_bytes(end), seq);
			seq++)
			end->sacked[seq - end->first] = 1;
	}
	if (sequence_is_after(end->unacknowledged, heard->ack))
		return;
	end->limit = sequence_later(end->limit, heard->ack + window);
	if (heard->ack != end->unacknowledged) {
		end->unacknowledged = heard->ack;
		end->next = sequence_later(end->next, heard->ack);
		end->same = end->backoff = 0;
		end->repeat_ms = 0;
		if (end->highest != end->unacknowledged)
			timer_start(end);
		if (end->recovering && !sequence_is_after(end->recover, heard->ack))
			end->recovering = false;
		if (end->recovering)
			repeat(end, end->unacknowledged);
	} else if (bare && end->highest != end->unacknowledged &&
		   heard->window == end->last_window && ++end->same == EQUAL_ACKS &&
		   !end->recovering) {
		end->recovering = true;
		end->recover = end->highest;
		repeat(end, end->unacknowledged);
	}
	end->last_window = heard->window;
}

static void
hear_bytes(struct tcp_end *end, const struct tcp_heard *heard)
{
	const uint32_t before = end->expected;
	bool at_once = end->habits.delay_ms == 0;

	for (uint32_t i = 0; i < heard->length; i++) {
		const uint32_t at = heard->seq + i - end->origin;

		if ((int32_t)at < 0 || sequence_is_after(heard->seq + i + 1, end->announced))
			continue;
		MUST(at < TCP_END_STREAM_MAX, "%s: byte %u", end->name, at);
		MUST(!end->have[at] || end->got[at] == heard->data[i],
			"%s: byte %u was %02x, is %02x when it comes again", end->name, at,
			end->got[at], heard->data[i]);
		end->got[at] = heard->data[i];
		end->have[at] = 1;
		end->got_end = RTE_MAX(end->got_end, at + 1);
	}
	while (!end->fin_got && end->have[end->expected - end->origin])
		end->expected++;
	if ((heard->flags & TCP_FIN) && heard->seq + heard->length == end->expected &&
		!end->fin_got) {
		end->fin_got = true;
		end->expected++;
		at_once = true;
	}
	/* Out of order, seen before, or filling a hole: at once (RFC 5681 4.2). */
	if (heard->seq != before || end->expected != heard->seq + heard->length || ++end->owed >= 2)
		at_once = true;
	if (at_once)
		send_ack(end);
	else if (end->ack_ms == 0)
		end->ack_ms = rig_now_ms() + end->habits.delay_ms;
}

void
tcp_end_hear(struct tcp_end *end, const struct tcp_heard *heard)
{
	if (end->reset_got || end->reset_sent)
		return;
	if (heard->flags & TCP_RST) {
		end->reset_got |= heard->seq == end->expected || !end->open;
		return;
	}
	if (heard->flags & TCP_SYN) {
		hear_syn(end, heard);
		return;
	}
	MUST(heard->flags & TCP_ACK, "%s: a segment without ACK", end->name);
	if (!end->open) {
		if (!end->opening || heard->ack != end->first)
			return;
		end->open = true;
		end->opening = false;
		end->repeat_ms = 0;
		end->backoff = 0;
		end->unacknowledged = end->first;
		end->limit = end->first;
		end->announced = sequence_later(end->announced,
			end->expected + RTE_MIN(end->habits.capacity, (uint32_t)UINT16_MAX));
	}
	MUST(heard->timestamps == end->timestamps, "%s: timestamps that %s agreed", end->name,
		end->timestamps ? "were" : "were not");
	if (end->timestamps) {
		if (sequence_is_after(end->recent, heard->timestamp)) { /* PAWS */
			send_ack(end);
			return;
		}
		if (!sequence_is_after(heard->seq, end->last_ack))
			end->recent = heard->timestamp;
	}
	hear_ack(end, heard);
	if (heard->length > 0 || (heard->flags & TCP_FIN)) {
		hear_bytes(end, heard);
	} else if (sequence_is_after(end->expected, heard->seq)) {
		send_ack(end); /* a keepalive, or a probe of a closed window */
	} else if (end->keepalive_asked) {
		end->keepalive_asked = false;
		end->keepalives_answered++;
	}
}
