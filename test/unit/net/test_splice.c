/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends as TCP has them talk through a splice that replaces pieces of what they say, over links that lose,
 * double and reorder. Whatever happens, each end gets exactly what was put in the place of what the other sent,
 * and at the end nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rcu.h"
#include "eal_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "net/splice.h"

enum {
	PIECES = 40,
	PIECE_MAX = 6000,
	STREAM_MAX = PIECES * PIECE_MAX,
	LINK_MAX = 400,
	SEGMENT_MAX = 1460,
	ROOM = 100000,
	CHUNKS = 400,
	TIME_MAX_MS = 3000000,
};

struct wire {
	struct splice_segment segment;
	bool syn;
	uint8_t data[SEGMENT_MAX];
	uint64_t arrives_ms;
};

struct link {
	struct wire *wire[LINK_MAX];
	unsigned int count;
};

struct piece {
	uint32_t in, out;
	bool replaced;
};

/* What one end says, and what becomes of it. */
struct speech {
	struct piece piece[PIECES];
	unsigned int pieces, next; /* next to be released */
	uint64_t release_ms; /* a whole piece is read now; 0: none waits */
	uint8_t *in, *out;
	uint32_t in_length, out_length, in_done, out_done;
};

struct end {
	/* as sender of its speech */
	uint32_t first, unacknowledged, next, highest, limit;
	unsigned int flight, same;
	uint64_t repeat_ms;
	/* as receiver of the other's */
	uint32_t origin, expected;
	uint8_t *got, *have;
	uint32_t read, capacity;
	uint32_t announced; /* behind the last that it lets be sent */
	int scale; /* -1: none */
	bool fin_got, timestamps;
	uint32_t echo;
	uint16_t mss;
};

static struct {
	struct splice splice;
	struct pool *pool;
	struct end end[2];
	struct speech speech[2];
	struct link near[2], far[2]; /* to the splice, from it; [direction] */
	uint64_t now_ms;
	unsigned int loss, doubles, delay, slow;
	uint64_t ahead; /* times that somebody was told ahead */
	bool scaled, stamped;
} sim;

static unsigned int
below(unsigned int limit)
{
	return limit == 0 ? 0 : (unsigned int)rand() % limit;
}

static void
link_put(struct link *link, const struct wire *wire)
{
	for (unsigned int copy = 0; copy < (below(100) < sim.doubles ? 2u : 1u); copy++) {
		struct wire *mine;

		if (below(100) < sim.loss || link->count == LINK_MAX)
			continue;
		mine = malloc(sizeof(*mine));
		*mine = *wire;
		mine->segment.data = mine->data;
		mine->arrives_ms = sim.now_ms + 1 + below(sim.delay);
		link->wire[link->count++] = mine;
	}
}

/* One that has arrived, in the order of arrival; NULL: none. */
static struct wire *
link_get(struct link *link)
{
	for (unsigned int i = 0; i < link->count; i++) {
		struct wire *wire = link->wire[i];

		if (wire->arrives_ms > sim.now_ms)
			continue;
		link->count--;
		memmove(&link->wire[i], &link->wire[i + 1],
			(link->count - i) * sizeof(link->wire[0]));
		return wire;
	}
	return NULL;
}

/* The splice sends. */
static void
splice_sends(void *context, const struct splice_out *out)
{
	struct wire wire = {
		.segment =
			{
				.seq = out->seq,
				.ack = out->ack,
				.length = out->length,
				.window = out->window,
				.flags = out->flags,
				.sacks = out->sacks,
				.timestamps = out->timestamps,
				.timestamp = out->timestamp,
				.echo = out->echo,
			},
	};
	const struct end *to = &sim.end[!out->direction];
	const struct splice_stream *back = &sim.splice.stream[!out->direction];

	assert_in_range(out->length, 0, SEGMENT_MAX);
	assert_true(out->length <= to->mss);
	if (out->length > 0)
		byte_queue_copy(&out->stream->kept, out->offset, out->length, wire.data);
	for (unsigned int i = 0; i < out->sacks; i++) {
		wire.segment.sack[i].left = out->sack[i].left;
		wire.segment.sack[i].right = out->sack[i].right;
	}
	/* Nothing goes beyond the window, but for a byte of a probe that is one before. */
	if (out->length > 0)
		assert_false(sequence_is_after(out->seq + out->length, to->announced));
	if (back->acked != splice_map_in(&back->map, back->received))
		sim.ahead++;
	link_put(&sim.far[out->direction], &wire);
}

static void
end_send(unsigned int who, uint32_t seq, uint32_t length, bool fin)
{
	struct end *end = &sim.end[who];
	struct wire wire = {0};
	uint32_t room = end->capacity - (end->expected - end->fin_got - end->origin - end->read);
	uint32_t limit = end->expected + room;
	const uint32_t shift = sim.scaled ? (uint32_t)end->scale : 0;

	if (sequence_is_after(end->announced, limit))
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
	end->announced = sequence_later(end->announced, limit);
	if (length > 0)
		memcpy(wire.data, sim.speech[who].in + (seq - end->first), length);
	/* which bytes it has beyond a hole */
	for (uint32_t at = end->expected - end->origin, right;
		wire.segment.sacks < SPLICE_SACKS && at < sim.speech[!who].out_length; at = right) {
		while (at < sim.speech[!who].out_length && !end->have[at])
			at++;
		right = at;
		while (right < sim.speech[!who].out_length && end->have[right])
			right++;
		if (right > at) {
			wire.segment.sack[wire.segment.sacks].left = end->origin + at;
			wire.segment.sack[wire.segment.sacks++].right = end->origin + right;
		}
	}
	link_put(&sim.near[who], &wire);
}

static void
end_repeat(unsigned int who)
{
	struct end *end = &sim.end[who];
	const uint32_t bytes = end->first + sim.speech[who].in_length;
	uint32_t length = bytes - end->unacknowledged;
	bool fin;

	if (sequence_is_after(end->unacknowledged, bytes))
		length = 0;
	length = RTE_MIN(length, end->highest - end->unacknowledged);
	length = RTE_MIN(length, 1 + below(end->mss));
	fin = end->highest == bytes + 1 && end->unacknowledged + length == bytes;
	end_send(who, end->unacknowledged, length, fin);
	end->repeat_ms = sim.now_ms + 200 + below(200);
}

static void
end_speaks(unsigned int who)
{
	struct end *end = &sim.end[who];
	const uint32_t bytes = end->first + sim.speech[who].in_length;
	bool probe = false;

	if (end->highest != end->unacknowledged && sim.now_ms >= end->repeat_ms)
		end_repeat(who);
	/* A closed window is asked whether it still is. */
	if (end->highest == end->unacknowledged && end->limit == end->next &&
		end->next != bytes + 1 && sim.now_ms >= end->repeat_ms)
		probe = true;
	while (end->next != bytes + 1 && end->next - end->unacknowledged < end->flight * 1000 &&
		(sequence_is_after(end->limit, end->next) || probe)) {
		uint32_t length = RTE_MIN(bytes - end->next, 1 + below(end->mss));
		bool fin;

		length = RTE_MIN(length, probe ? 1 : end->limit - end->next);
		fin = end->next + length == bytes &&
		      (sequence_is_after(end->limit, bytes) || probe);
		if (length == 0 && !fin)
			break;
		if (end->highest == end->unacknowledged)
			end->repeat_ms = sim.now_ms + 200 + below(200);
		end_send(who, end->next, length, fin);
		end->next += length + fin;
		end->highest = end->next;
		probe = false;
		if (below(4) == 0)
			break;
	}
	/* The application takes some of what came. */
	if (below(100) >= sim.slow) {
		const uint32_t there = end->expected - end->fin_got - end->origin - end->read;
		const uint32_t closed = end->announced - end->expected;

		end->read += below(there + 1);
		if (closed < end->mss && end->capacity - there + below(2000) > 2000)
			end_send(who, end->next, 0, false); /* the window is open again */
	}
}

static void
end_hears(unsigned int who, const struct splice_segment *segment)
{
	struct end *end = &sim.end[who];
	const uint32_t bytes = sim.speech[!who].out_length;
	const uint32_t at = segment->seq - end->origin;
	const uint32_t window = (uint32_t)segment->window
				<< (sim.scaled ? (uint32_t)sim.end[!who].scale : 0);

	assert_true(segment->flags & TCP_ACK);
	if (sim.stamped) {
		assert_true(segment->timestamps);
		end->echo = segment->timestamp;
	}
	assert_false(sequence_is_after(segment->ack, end->highest));
	for (unsigned int i = 0; i < segment->sacks; i++) {
		assert_true(sequence_is_after(segment->sack[i].right, segment->sack[i].left));
		assert_false(sequence_is_after(segment->sack[i].right, end->highest));
	}
	if (sequence_is_after(segment->ack, end->unacknowledged)) {
		end->unacknowledged = segment->ack;
		end->repeat_ms = sim.now_ms + 200 + below(200);
		end->same = 0;
		end->limit = sequence_later(end->limit, segment->ack + window);
	} else if (segment->ack == end->unacknowledged) {
		end->limit = sequence_later(end->limit, segment->ack + window);
		if (segment->length == 0 && end->highest != end->unacknowledged && ++end->same == 3)
			end_repeat(who);
	}
	for (uint32_t i = 0; i < segment->length; i++) {
		if (sequence_is_after(end->expected, segment->seq + i))
			continue; /* long there */
		assert_true(at + i < bytes);
		assert_int_equal(((const uint8_t *)segment->data)[i], sim.speech[!who].out[at + i]);
		end->have[at + i] = 1;
	}
	while (end->expected - end->origin < bytes && end->have[end->expected - end->origin])
		end->expected++;
	if (segment->flags & TCP_FIN) {
		assert_int_equal(at + segment->length, bytes);
		if (end->expected - end->origin == bytes && !end->fin_got) {
			end->fin_got = true;
			end->expected++;
		}
	}
	if (segment->length > 0 || segment->flags & TCP_FIN || segment->seq != end->expected)
		end_send(who, end->next, 0, false);
}

/* Whoever reads the stream: pieces are released when they are whole, perhaps a while later. */
static bool
reader(unsigned int direction)
{
	struct speech *speech = &sim.speech[direction];
	struct splice_stream *stream = &sim.splice.stream[direction];
	bool released = false;

	while (speech->next < speech->pieces) {
		const struct piece *piece = &speech->piece[speech->next];
		uint8_t text[PIECE_MAX];

		if (stream->held.length < piece->in)
			break;
		if (speech->release_ms == 0)
			speech->release_ms = sim.now_ms + (below(3) ? 0 : below(40));
		if (sim.now_ms < speech->release_ms)
			break;
		byte_queue_copy(&stream->held, 0, piece->in, text);
		assert_memory_equal(text, speech->in + speech->in_done, piece->in);
		if (!splice_release(&sim.splice, direction, piece->in,
			    piece->replaced ? speech->out + speech->out_done : NULL, piece->out))
			break;
		speech->in_done += piece->in;
		speech->out_done += piece->out;
		speech->release_ms = 0;
		speech->next++;
		released = true;
	}
	return released;
}

static void
speech_make(struct speech *speech, unsigned int pieces, unsigned int longest, bool even)
{
	memset(speech, 0, sizeof(*speech));
	speech->pieces = pieces;
	speech->in = malloc(STREAM_MAX);
	speech->out = malloc(STREAM_MAX);
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
}

static void
open_connection(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &sim.end[i];
		const uint32_t initial =
			below(2) ? (uint32_t)rand() * 2u : UINT32_MAX - below(20000);

		memset(end, 0, sizeof(*end));
		end->first = initial + 1;
		end->unacknowledged = end->next = end->highest = end->first;
		end->flight = 1 + below(20);
		end->capacity = 1500 + below(120000);
		end->scale = below(3) ? (int)below(8) : -1;
		end->mss = (uint16_t)(below(3) ? 1460 : 300 + below(1161));
		end->got = NULL;
		end->have = calloc(STREAM_MAX, 1);
	}
	sim.scaled = sim.end[0].scale >= 0 && sim.end[1].scale >= 0;
	sim.stamped = below(2);
	if (sim.stamped) /* their bytes are in the header, too */
		for (unsigned int i = 0; i < 2; i++)
			sim.end[i].mss = RTE_MIN(sim.end[i].mss, (uint16_t)1400);
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &sim.end[i], *other = &sim.end[!i];
		const struct splice_segment syn = {
			.seq = end->first - 1,
			.ack = i == 1 ? other->first : 0,
			.flags = (uint8_t)(TCP_SYN | (i == 1 ? TCP_ACK : 0)),
			.window = (uint16_t)RTE_MIN(end->capacity, (uint32_t)UINT16_MAX),
			.mss = end->mss,
			.scale = (uint8_t)(end->scale + 1),
			.timestamps = sim.stamped,
		};

		splice_syn(&sim.splice, i, &syn);
		end->origin = end->expected = other->first;
		end->announced = end->expected + syn.window;
		other->limit = i == 1 ? end->announced : other->first;
	}
	/* The third segment. */
	end_send(0, sim.end[0].next, 0, false);
}

static bool
both_are_done(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (!sim.end[i].fin_got ||
			sim.end[i].unacknowledged != sim.end[i].first + sim.speech[i].in_length + 1)
			return false;
	}
	return true;
}

static void
talk(unsigned int seed)
{
	uint64_t last_tick = 0;

	srand(seed);
	sim.now_ms = 1;
	sim.ahead = 0;
	splice_begin(&sim.splice, sim.pool, ROOM, splice_sends, NULL);
	for (unsigned int i = 0; i < 2; i++)
		speech_make(&sim.speech[i], below(PIECES) + 1, below(3) ? 1000 : PIECE_MAX,
			below(5) == 0);
	open_connection();
	while (!both_are_done()) {
		sim.now_ms += 1 + below(3);
		if (sim.now_ms > TIME_MAX_MS)
			fail_msg("seed %u: no end", seed);
		for (unsigned int d = 0; d < 2; d++) {
			struct wire *wire;

			end_speaks(d);
			while ((wire = link_get(&sim.near[d])) != NULL) {
				sim.splice.now_ms = sim.now_ms;
				splice_take(&sim.splice, d, &wire->segment);
				reader(d);
				splice_answer(&sim.splice, d);
				free(wire);
			}
			while ((wire = link_get(&sim.far[d])) != NULL) {
				end_hears(!d, &wire->segment);
				free(wire);
			}
			if (reader(d))
				splice_answer(&sim.splice, d);
		}
		if (sim.now_ms >= last_tick + 10) {
			last_tick = sim.now_ms;
			if (!splice_tick(&sim.splice, sim.now_ms))
				fail_msg("seed %u: given up", seed);
		}
	}
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(
			sim.end[i].expected - 1 - sim.end[i].origin, sim.speech[!i].out_length);
		while (sim.near[i].count > 0)
			free(sim.near[i].wire[--sim.near[i].count]);
		while (sim.far[i].count > 0)
			free(sim.far[i].wire[--sim.far[i].count]);
		free(sim.end[i].have);
		free(sim.speech[i].in);
		free(sim.speech[i].out);
	}
	splice_end(&sim.splice);
	assert_int_equal(pool_used(sim.pool), 0);
}

static void
run(unsigned int first, unsigned int loss, unsigned int doubles, unsigned int delay,
	unsigned int slow)
{
	sim.loss = loss;
	sim.doubles = doubles;
	sim.delay = delay;
	sim.slow = slow;
	for (unsigned int seed = first; seed < first + 40; seed++)
		talk(seed);
}

static void
in_order(void **state)
{
	run(1, 0, 0, 1, 0);
}

static void
out_of_order(void **state)
{
	run(1001, 0, 0, 30, 20);
}

static void
lost(void **state)
{
	run(2001, 5, 0, 1, 20);
}

static void
doubled(void **state)
{
	run(3001, 0, 20, 10, 20);
}

static void
all_at_once(void **state)
{
	run(4001, 10, 5, 40, 95);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(lost),
		cmocka_unit_test(doubled),
		cmocka_unit_test(all_at_once),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	sim.pool = byte_pool_create("bytes", CHUNKS, SOCKET_ID_ANY);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
