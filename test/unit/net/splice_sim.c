/* SPDX-License-Identifier: BSD-3-Clause */
#include "splice_sim.h"

#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

struct sim sim;

unsigned int
below(unsigned int limit)
{
	return limit == 0 ? 0 : (unsigned int)rand() % limit;
}

void
link_put(struct link *link, const struct wire *wire)
{
	for (unsigned int copy = 0; copy < (below(100) < sim.weather.doubles ? 2u : 1u); copy++) {
		struct wire *mine;

		if (below(100) < sim.weather.loss || link->count == LINK_MAX)
			continue;
		mine = malloc(sizeof(*mine));
		*mine = *wire;
		mine->segment.data = mine->data;
		mine->arrives_ms = sim.now_ms + 1 + below(sim.weather.delay);
		link->wire[link->count++] = mine;
	}
}

/* Where an urgent byte is, and what of it the other end is to see: behind it, or behind its piece. */
static void
speech_urge(struct speech *speech)
{
	uint32_t in = 0, out = 0;

	speech->urgent = 1 + below(speech->in_length);
	for (unsigned int i = 0; i < speech->pieces; i++) {
		const struct piece *piece = &speech->piece[i];

		if (speech->urgent <= in + piece->in) {
			speech->urgent_out =
				out + (piece->in == piece->out ? speech->urgent - in : piece->out);
			if (piece->out == 0)
				speech->urgent = 0; /* nothing that it could be in */
			return;
		}
		in += piece->in;
		out += piece->out;
	}
}

void
speech_make(struct speech *speech, unsigned int pieces, unsigned int longest, bool even)
{
	memset(speech, 0, sizeof(*speech));
	speech->pieces = pieces;
	speech->in = malloc(STREAM_MAX);
	speech->out = malloc(STREAM_MAX);
	speech->came = calloc(STREAM_MAX, 1);
	for (unsigned int i = 0; i < pieces; i++) {
		struct piece *piece = &speech->piece[i];

		piece->in = 1 + below(below(4) ? longest : 50);
		piece->replaced = below(3) != 0;
		piece->out = piece->in;
		if (piece->replaced && !even && below(3))
			piece->out = below(4) ? RTE_MIN(below(2 * piece->in + 1),
							(unsigned int)PIECE_MAX)
					      : 0;
		for (uint32_t k = 0; k < piece->in; k++)
			speech->in[speech->in_length + k] = (uint8_t)rand();
		for (uint32_t k = 0; k < piece->out; k++)
			speech->out[speech->out_length + k] =
				piece->replaced ? (uint8_t)rand()
						: speech->in[speech->in_length + k];
		speech->in_length += piece->in;
		speech->out_length += piece->out;
	}
	if (sim.weather.urgent)
		speech_urge(speech);
}

struct splice_segment
end_begin(unsigned int who)
{
	struct end *end = &sim.end[who];

	return (struct splice_segment){
		.seq = end->first - 1,
		.ack = who == 1 ? sim.end[0].first : 0,
		.flags = (uint8_t)(TCP_SYN | (who == 1 ? TCP_ACK : 0)),
		.window = (uint16_t)RTE_MIN(end->capacity, (uint32_t)UINT16_MAX),
		.mss = end->mss,
		.scale = (uint8_t)(end->scale + 1),
		.timestamps = sim.stamped,
		.timestamp = 1000 * who,
		.sack_permitted = sim.sacked,
	};
}

/* Bytes that came and that nobody has read. */
static uint32_t
end_unread(const struct end *end)
{
	return end->expected - end->fin_got - end->origin - end->read;
}

/* Which bytes it has beyond a hole. */
static void
end_selects(unsigned int who, struct splice_segment *segment)
{
	const struct end *end = &sim.end[who];
	const uint32_t length = sim.speech[!who].out_length;
	uint32_t at = end->expected - end->origin, right;

	for (; segment->sacks < SPLICE_SACKS && at < length; at = right) {
		while (at < length && !end->have[at])
			at++;
		for (right = at; right < length && end->have[right];)
			right++;
		if (right > at) {
			segment->sack[segment->sacks].left = end->origin + at;
			segment->sack[segment->sacks++].right = end->origin + right;
		}
	}
}

void
end_send(unsigned int who, uint32_t seq, uint32_t length, bool fin)
{
	struct end *end = &sim.end[who];
	const struct speech *speech = &sim.speech[who];
	struct wire wire = {0};
	uint32_t limit = end->expected + end->capacity - end_unread(end);
	const uint32_t shift = sim.scaled ? (uint32_t)end->scale : 0, at = seq - end->first;

	if (later(end->announced, limit))
		limit = end->announced;
	if ((limit - end->expected) >> shift > UINT16_MAX)
		limit = end->expected + (UINT16_MAX << shift);
	wire.segment = (struct splice_segment){
		.seq = seq,
		.ack = end->expected,
		.length = length,
		.flags = (uint8_t)(TCP_ACK | (fin ? TCP_FIN : 0)),
		.window = (uint16_t)((limit - end->expected) >> shift),
		.timestamps = sim.stamped,
		.timestamp = (uint32_t)sim.now_ms + 1000 * who,
		.echo = end->echo,
	};
	limit = end->expected + ((uint32_t)wire.segment.window << shift);
	if (later(limit, end->announced))
		end->announced = limit;
	/* One before what it has said: a question, whose byte means nothing. */
	if (length > 0 && seq == end->unacknowledged - 1)
		wire.data[0] = '?';
	else if (length > 0)
		memcpy(wire.data, speech->in + at, length);
	if (speech->urgent != 0 && !later(at, speech->urgent - 1)) {
		wire.segment.flags |= TCP_URG;
		wire.segment.urgent = (uint16_t)RTE_MIN(speech->urgent - at, (uint32_t)UINT16_MAX);
		if (speech->urgent - at > UINT16_MAX)
			wire.segment.flags &= (uint8_t)~TCP_URG;
	}
	end_selects(who, &wire.segment);
	end->late = 0;
	link_put(&sim.near[who], &wire);
}

static void
end_wait(struct end *end)
{
	end->repeat_ms = sim.now_ms + 200 + below(200);
}

static void
end_repeat(unsigned int who)
{
	struct end *end = &sim.end[who];
	const uint32_t bytes = end->first + sim.speech[who].in_length;
	uint32_t length = bytes - end->unacknowledged;
	bool fin;

	if (later(end->unacknowledged, bytes))
		length = 0;
	length = RTE_MIN(length, end->highest - end->unacknowledged);
	length = RTE_MIN(length, 1 + below(end->mss));
	fin = end->highest == bytes + 1 && end->unacknowledged + length == bytes;
	end_send(who, end->unacknowledged, length, fin);
	end_wait(end);
}

/* What it has to say and may. */
static void
end_goes_on(unsigned int who)
{
	struct end *end = &sim.end[who];
	const uint32_t bytes = end->first + sim.speech[who].in_length;
	/* A closed window is asked whether it still is. */
	bool probe = end->highest == end->unacknowledged && !later(end->limit, end->next) &&
		     end->next != bytes + 1 && sim.now_ms >= end->repeat_ms;

	if (probe && below(2)) {
		end_send(who, end->unacknowledged - 1, below(2), false);
		end_wait(end);
		return;
	}
	while (end->next != bytes + 1 && end->next - end->unacknowledged < end->flight * 1000 &&
		(later(end->limit, end->next) || probe)) {
		uint32_t length = RTE_MIN(bytes - end->next, 1 + below(end->mss));
		bool fin;

		length = RTE_MIN(length, probe ? 1 : end->limit - end->next);
		fin = end->next + length == bytes && (later(end->limit, bytes) || probe);
		if (length == 0 && !fin)
			break;
		if (end->highest == end->unacknowledged)
			end_wait(end);
		end_send(who, end->next, length, fin);
		end->next += length + fin;
		end->highest = end->next;
		probe = false;
		if (below(4) == 0)
			break;
	}
}

void
end_speaks(unsigned int who)
{
	struct end *end = &sim.end[who];

	if (end->highest != end->unacknowledged && sim.now_ms >= end->repeat_ms)
		end_repeat(who);
	end_goes_on(who);
	if (end->late > 0 && sim.now_ms >= end->acknowledge_ms)
		end_send(who, end->next, 0, false);
	/* The application takes some of what came. */
	if (below(100) >= sim.weather.slow) {
		const uint32_t there = end_unread(end), closed = end->announced - end->expected;

		end->read += below(there + 1);
		if (closed < end->mss && end->capacity - there + below(2000) > 2000)
			end_send(who, end->next, 0, false); /* the window is open again */
	}
	if (end->highest == end->unacknowledged && sim.now_ms >= end->heard_ms + IDLE_MS) {
		end->heard_ms = sim.now_ms;
		end_send(who, end->next - 1,
			below(2) && end->next == end->unacknowledged &&
				end->next != end->first + sim.speech[who].in_length + 1,
			false);
	}
}

/* Bytes of a segment, which must be those that the other end's became. */
static void
end_gets(unsigned int who, const struct splice_segment *segment)
{
	struct end *end = &sim.end[who];
	const struct speech *speech = &sim.speech[!who];
	const uint32_t bytes = speech->out_length, at = segment->seq - end->origin;

	for (uint32_t i = 0; i < segment->length; i++) {
		if (later(end->expected, segment->seq + i))
			continue; /* long there */
		assert_true(at + i < bytes);
		assert_int_equal(((const uint8_t *)segment->data)[i], speech->out[at + i]);
		end->have[at + i] = 1;
	}
	while (end->expected - end->origin < bytes && end->have[end->expected - end->origin])
		end->expected++;
	if (segment->flags & TCP_URG) {
		assert_int_equal(at + segment->urgent, speech->urgent_out);
		end->urgent_got = true;
	}
	if (!(segment->flags & TCP_FIN))
		return;
	assert_int_equal(at + segment->length, bytes);
	if (end->expected - end->origin == bytes && !end->fin_got) {
		end->fin_got = true;
		end->expected++;
	}
}

static void
end_is_told(unsigned int who, const struct splice_segment *segment)
{
	struct end *end = &sim.end[who];
	const uint32_t window = (uint32_t)segment->window
				<< (sim.scaled ? (uint32_t)sim.end[!who].scale : 0);
	const uint32_t limit = segment->ack + window;

	assert_true(segment->flags & TCP_ACK);
	assert_false(later(segment->ack, end->highest));
	if (later(end->unacknowledged, segment->ack))
		return;
	if (later(limit, end->limit))
		end->limit = limit;
	if (segment->ack != end->unacknowledged) {
		end->unacknowledged = segment->ack;
		end_wait(end);
		end->same = 0;
	} else if (segment->length == 0 && end->highest != end->unacknowledged &&
		   ++end->same == 3) {
		end_repeat(who);
	}
}

void
end_hears(unsigned int who, const struct splice_segment *segment)
{
	struct end *end = &sim.end[who];
	const uint32_t expected = end->expected;

	end->heard_ms = sim.now_ms;
	end_is_told(who, segment);
	if (sim.stamped) {
		assert_true(segment->timestamps);
		end->echo = later(segment->timestamp, end->echo) ? segment->timestamp : end->echo;
	}
	end_gets(who, segment);
	if (segment->length == 0 && !(segment->flags & TCP_FIN) && segment->seq == expected)
		return;
	/* What is in order may wait for a second one, nothing else. */
	if (end->late++ == 0)
		end->acknowledge_ms = sim.now_ms + below(sim.weather.acknowledge_ms + 1);
	if (end->late > 1 || sim.weather.acknowledge_ms == 0 ||
		end->expected != expected + segment->length)
		end_send(who, end->next, 0, false);
}

bool
end_is_done(unsigned int who)
{
	const struct end *end = &sim.end[who];

	return end->fin_got && end->unacknowledged == end->first + sim.speech[who].in_length + 1;
}
