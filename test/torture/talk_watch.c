/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "net/splice.h"
#include "rig.h"
#include "talk_watch.h"

enum {
	STAMPS_MAX = 1 << 16,
	SCATTERED_MIN = 1 << 15, /* a buffer may be full from here on */
};

/* A side as the appliance has seen it. */
struct side {
	uint8_t entered[TCP_END_STREAM_MAX]; /* [offset]: this byte of its has entered */
	uint32_t prefix, furthest; /* of those */
	uint32_t
		ahead; /* it may be told that so many bytes have arrived, as a message lacked its end */
	uint32_t told; /* and was */
	bool scattered; /* more was out of order at once than callgate may keep */
	uint32_t stamp[STAMPS_MAX]; /* its time stamps that entered, each once, in order */
	unsigned int stamps;
	uint32_t stamp_out; /* the newest that left to it */
	bool stamp_seen;
};

static struct {
	const struct talk *talk;
	bool learned; /* what each end is to get is known */
	struct side side[2];
	struct talk_seen seen;
} watch;

void
talk_watch_begin(const struct talk *talk, const struct wire_trouble *trouble)
{
	watch.talk = talk;
	watch.learned = talk->expected[0] != NULL && talk->expected[1] != NULL;
	watch.seen = (struct talk_seen){0};
	for (unsigned int i = 0; i < 2; i++) {
		struct side *side = &watch.side[i];

		memset(side->entered, 0, side->furthest + 1);
		side->prefix = side->furthest = side->ahead = side->told = 0;
		side->stamps = 0;
		side->stamp_seen = false;
		side->scattered = false;
	}
}

const struct talk_seen *
talk_watch_seen(void)
{
	return &watch.seen;
}

/* Where the unit ends that this offset of what `who` says is within; 0: it lies between two. */
static uint32_t
unit_end(unsigned int who, uint32_t offset)
{
	uint32_t begin = 0;

	for (unsigned int i = 0; i < watch.talk->units; i++) {
		const struct talk_unit *unit = &watch.talk->unit[i];

		if (unit->who != who)
			continue;
		if (offset > begin && offset < begin + unit->length)
			return begin + unit->length;
		begin += unit->length;
	}
	return 0;
}

static void
stamp_note(struct side *side, uint32_t stamp)
{
	for (unsigned int i = side->stamps; i > 0 && side->stamps - i < 64; i--) {
		if (side->stamp[i - 1] == stamp)
			return;
	}
	if (side->stamps < STAMPS_MAX)
		side->stamp[side->stamps++] = stamp;
}

static bool
stamp_known(const struct side *side, uint32_t stamp)
{
	for (unsigned int i = side->stamps; i > 0; i--) {
		if (side->stamp[i - 1] == stamp)
			return true;
	}
	return false;
}

/* How much of what `who` says the other has, to the byte, or to the piece where lengths differ. */
static uint32_t
arrived(unsigned int who)
{
	const struct tcp_end *to = &wire_end[!who];
	const uint32_t got = tcp_end_received(to);
	uint32_t in = 0, out = 0;

	if (watch.talk->untouched)
		return got + to->fin_got;
	for (unsigned int i = 0; i < watch.talk->units; i++) {
		const struct talk_unit *unit = &watch.talk->unit[i];

		if (unit->who != who)
			continue;
		if (got < unit->got_end)
			return unit->got_end - out == unit->length ? in + (got - out) : in;
		in += unit->length;
		out = unit->got_end;
	}
	return in + to->fin_got;
}

/* How many pieces have come beyond a hole. */
static unsigned int
blocks_of(const struct side *side)
{
	unsigned int blocks = 0;

	for (uint32_t at = side->prefix + 1; at < side->furthest; at++)
		blocks += side->entered[at] && !side->entered[at - 1];
	return blocks;
}

static void
enters(unsigned int end, const struct tcp_heard *heard)
{
	struct side *side = &watch.side[end];
	const uint32_t at = heard->seq - wire_end[end].first;

	if (heard->timestamps)
		stamp_note(side, heard->timestamp);
	if (heard->length == 0 || (int32_t)at < 0)
		return;
	MUST(at + heard->length <= wire_end[end].length, "%s says what it was not told to",
		wire_end[end].name);
	memset(side->entered + at, 1, heard->length);
	if (at + heard->length > side->furthest) {
		side->furthest = at + heard->length;
		watch.seen.segments++;
	}
	while (side->entered[side->prefix])
		side->prefix++;
	if (watch.talk->untouched)
		return;
	side->scattered |=
		blocks_of(side) > SPLICE_BLOCKS || side->furthest > arrived(end) + SCATTERED_MIN;
	/*
	 * Who was told of the beginning of a message is told of its end, too. What came out of order may not
	 * have been kept.
	 */
	if (unit_end(end, side->prefix) != 0 || side->prefix > at + heard->length)
		side->ahead = side->prefix;
	else
		side->ahead = sequence_later(
			side->ahead, RTE_MIN(side->prefix, unit_end(end, side->told)));
}

/* The other has, of what `who` says, all between two offsets. */
static bool
has(unsigned int who, uint32_t left, uint32_t right)
{
	const struct tcp_end *to = &wire_end[!who];
	uint32_t in = 0, out = 0;

	for (unsigned int i = 0; i < watch.talk->units && in < right; i++) {
		const struct talk_unit *unit = &watch.talk->unit[i];
		const uint32_t grown = unit->got_end - out;

		if (unit->who != who)
			continue;
		if (in + unit->length > left) {
			const bool whole = grown != unit->length;
			const uint32_t from = whole || left < in ? 0 : left - in;
			const uint32_t behind = whole ? grown : RTE_MIN(unit->length, right - in);

			for (uint32_t at = from; at < behind; at++) {
				if (!to->have[out + at])
					return false;
			}
		}
		in += unit->length;
		out = unit->got_end;
	}
	return true;
}

/* All between two offsets has come to callgate, beyond a hole. */
static bool
has_entered(const struct side *side, uint32_t left, uint32_t right)
{
	return (left > side->prefix || side->scattered) &&
	       memchr(side->entered + left, 0, right - left) == NULL;
}

static void
look_at_ack(unsigned int end, const struct tcp_heard *heard)
{
	struct side *side = &watch.side[end];
	const struct tcp_end *to = &wire_end[end];
	const uint32_t acked = heard->ack - to->first;
	const uint32_t there = arrived(end);

	MUST(watch.talk->untouched || !sequence_is_after(side->told, acked),
		"%s: acknowledged up to %u, now up to %u", to->name, side->told, acked);
	side->told = sequence_later(side->told, acked);
	if (!watch.learned)
		return;
	if (sequence_is_after(acked, there)) {
		MUST(acked <= side->ahead,
			"%s: acknowledged up to %u, the other has %u, and up to %u a message "
			"lacked its "
			"end",
			to->name, acked, there, side->ahead);
		watch.seen.ahead++;
	}
	for (unsigned int i = 0; i < heard->sacks; i++) {
		const uint32_t left = heard->sack[i].left - to->first,
			       right = heard->sack[i].right - to->first;

		MUST(right <= to->length + 1 && left < right, "%s: SACK %u to %u of %u", to->name,
			left, right, to->length);
		/* Blocks that callgate keeps until what is before them has come are named, too. */
		MUST(has(end, left, RTE_MIN(right, to->length)) ||
				has_entered(side, left, RTE_MIN(right, to->length)),
			"%s: SACK %u to %u of what the other does not have, nor callgate", to->name,
			left, right);
	}
}

static void
look_at_bytes(unsigned int end, const struct tcp_heard *heard)
{
	const struct tcp_end *to = &wire_end[end];
	const uint32_t at = heard->seq - to->origin;

	MUST(heard->length + heard->options <= (to->habits.mss ? to->habits.mss : 536),
		"%s: %u bytes and %u of options, its MSS is %u", to->name, heard->length,
		heard->options, to->habits.mss);
	if (watch.talk->untouched && (int32_t)at < 0)
		return; /* a keepalive's byte */
	MUST(watch.talk->untouched || !sequence_is_after(heard->seq + heard->length, to->announced),
		"%s: %u bytes beyond its window", to->name,
		heard->seq + heard->length - to->announced);
	if (!watch.learned)
		return;
	MUST((int32_t)at >= 0 && at + heard->length <= watch.talk->expected_length[end],
		"%s: bytes %u to %u, %u are right", to->name, at, at + heard->length,
		watch.talk->expected_length[end]);
	for (uint32_t i = 0; i < heard->length; i++)
		MUST(heard->data[i] == watch.talk->expected[end][at + i],
			"%s: byte %u leaves as %02x, not %02x", to->name, at + i, heard->data[i],
			watch.talk->expected[end][at + i]);
}

static void
look_at_stamps(unsigned int end, const struct tcp_heard *heard)
{
	struct side *side = &watch.side[end];
	const struct tcp_end *to = &wire_end[end];

	MUST(stamp_known(&watch.side[!end], heard->timestamp),
		"%s: time stamp %u, which the other never sent", to->name, heard->timestamp);
	MUST((heard->echo == 0 && (heard->flags & TCP_SYN)) || stamp_known(side, heard->echo),
		"%s: an echo of %u, which it never sent", to->name, heard->echo);
	MUST(watch.talk->untouched || !side->stamp_seen || (heard->flags & TCP_SYN) ||
			!sequence_is_after(side->stamp_out, heard->timestamp),
		"%s: time stamp %u after %u", to->name, heard->timestamp, side->stamp_out);
	if (heard->flags & TCP_SYN)
		return; /* may be repeated late, and is no news to who has begun */
	side->stamp_out = heard->timestamp;
	side->stamp_seen = true;
}

static void
leaves(unsigned int end, const struct tcp_heard *heard)
{
	if (heard->flags & TCP_RST)
		return;
	if (heard->timestamps)
		look_at_stamps(end, heard);
	if (heard->flags & TCP_SYN)
		return;
	look_at_ack(end, heard);
	if (heard->length > 0)
		look_at_bytes(end, heard);
}

const struct wire_hooks talk_watch_hooks = {.enters = enters, .leaves = leaves};
