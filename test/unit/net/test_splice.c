/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends (splice_sim.h) talk through a splice that replaces pieces of what they say, over links that lose,
 * double and reorder. Whatever happens, each end gets exactly what was put in the place of what the other sent; no
 * segment says what is not so; and at the end nothing is left.
 *
 * SPLICE_SEEDS conversations of each kind of weather (default 60, CALLGATE_LONG=1: 1000), from SPLICE_SEED on.
 */
#include "splice_sim.h"

#include <stdlib.h>
#include <string.h>

#include "core/rcu.h"
#include "eal_fixture.h"

enum {
	ROOM = 100000,
	CHUNKS = 400,
	FEW_CHUNKS = 24,
	TIME_MAX_MS = 3000000,
	SEEDS = 60,
	SEEDS_LONG = 1000,
};

static struct byte_stock many, few;
static unsigned int current; /* seed */

#define claim(condition) \
	do { \
		if (!(condition)) \
			fail_msg("seed %u, %u ms: %s", current, (unsigned int)sim.now_ms, \
				#condition); \
	} while (0)

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

/* How much of what this end said the other has, in whole pieces where they were replaced by longer or shorter ones. */
static uint32_t
heard_of(unsigned int who)
{
	const struct speech *speech = &sim.speech[who];
	const struct end *to = &sim.end[!who];
	const uint32_t got = to->expected - to->origin;
	uint32_t in = 0, out = 0;

	for (unsigned int i = 0; i < speech->pieces; i++) {
		const struct piece *piece = &speech->piece[i];

		if (out + piece->out > got || i >= speech->next)
			return in + (piece->in == piece->out && i < speech->next ? got - out : 0);
		in += piece->in;
		out += piece->out;
	}
	return in + to->fin_got;
}

/* An acknowledgement is of what the other end has, or the piece at the head lacks its end. */
static void
acknowledgement_check(unsigned int who, uint32_t ack)
{
	struct speech *speech = &sim.speech[who];
	const uint32_t said = ack - sim.end[who].first;
	const uint32_t held =
		sim.splice.stream[who].held.length; /* some of what came was not taken */

	if (said <= heard_of(who) || said <= speech->ahead)
		return;
	claim(speech->next < speech->pieces);
	claim(held > 0 && held < speech->piece[speech->next].in);
	claim(said <= speech->in_done + held && said <= speech->in_order);
	speech->ahead = said;
}

static void
options_check(unsigned int who, const struct splice_out *out)
{
	struct end *end = &sim.end[who];

	claim(out->timestamps == sim.stamped);
	if (sim.stamped) {
		claim(!later(end->stamp, out->timestamp));
		claim(!later(end->stamp_echo, out->echo));
		claim(!later(out->echo, (uint32_t)sim.now_ms + 1000 * who));
		end->stamp = out->timestamp;
		end->stamp_echo = out->echo;
	}
	claim(out->sacks <= SPLICE_SACKS);
	for (unsigned int i = 0; i < out->sacks; i++) {
		claim(later(out->sack[i].left, out->ack));
		claim(later(out->sack[i].right, out->sack[i].left));
		for (uint32_t at = out->sack[i].left; at != out->sack[i].right; at++)
			claim(sim.speech[who].came[at - end->first]);
	}
}

/* The splice sends. */
static void
splice_sends(void *context, const struct splice_out *out)
{
	const unsigned int to = !out->direction;
	struct wire wire = {
		.segment =
			{
				.seq = out->seq,
				.ack = out->ack,
				.length = out->length,
				.window = out->window,
				.urgent = out->urgent,
				.flags = out->flags,
				.timestamps = out->timestamps,
				.timestamp = out->timestamp,
				.echo = out->echo,
			},
	};
	const uint32_t size =
		out->length + (out->timestamps ? 12 : 0) + (out->sacks ? 4 + 8u * out->sacks : 0);

	claim(out->length <= SEGMENT_MAX);
	claim(out->length == 0 || size <= sim.end[to].mss);
	claim(out->length == 0 || !later(out->seq + out->length, sim.end[to].announced));
	acknowledgement_check(to, out->ack);
	options_check(to, out);
	if (out->length > 0 && size > sim.path[out->direction]) {
		splice_mtu(&sim.splice, out->direction, sim.path[out->direction]);
		return;
	}
	if (out->length > 0)
		byte_queue_copy(&out->stream->kept, out->offset, out->length, wire.data);
	link_put(&sim.far[out->direction], &wire);
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
		splice_whole(&sim.splice, direction);
		if (speech->release_ms == 0)
			speech->release_ms = sim.now_ms + (below(3) ? 0 : below(40));
		if (sim.now_ms < speech->release_ms)
			break;
		byte_queue_copy(&stream->held, 0, piece->in, text);
		assert_memory_equal(text, speech->in + speech->in_done, piece->in);
		if (!splice_has_place(&sim.splice, direction, piece->out))
			break;
		claim(splice_release(&sim.splice, direction, piece->in,
			piece->replaced ? speech->out + speech->out_done : NULL, piece->out));
		speech->in_done += piece->in;
		speech->out_done += piece->out;
		speech->release_ms = 0;
		speech->next++;
		released = true;
	}
	return released;
}

static void
splice_hears(unsigned int direction, const struct splice_segment *segment)
{
	struct speech *speech = &sim.speech[direction];
	const uint32_t at = segment->seq - sim.end[direction].first;

	for (uint32_t i = 0; i < segment->length; i++)
		if (at + i < speech->in_length)
			speech->came[at + i] = 1;
	while (speech->in_order < speech->in_length && speech->came[speech->in_order])
		speech->in_order++;
	splice_take(&sim.splice, direction, segment);
	reader(direction);
	splice_answer(&sim.splice, direction);
}

static void
open_connection(void)
{
	sim.stamped = below(2);
	sim.sacked = below(2);
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &sim.end[i];

		memset(end, 0, sizeof(*end));
		end->first = 1 + (below(2) ? (uint32_t)rand() * 2u : UINT32_MAX - below(20000));
		end->unacknowledged = end->next = end->highest = end->first;
		end->flight = 1 + below(20);
		end->scale = below(3) ? (int)below(sim.weather.scale + 1) : -1;
		end->capacity = 1500 + below(120000) + (end->scale > 0 ? 2u << end->scale : 0);
		end->mss = (uint16_t)(below(3) ? 1460 : 300 + below(1161));
		end->have = calloc(STREAM_MAX, 1);
		sim.path[i] = UINT16_MAX;
	}
	sim.scaled = sim.end[0].scale >= 0 && sim.end[1].scale >= 0;
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &sim.end[i], *other = &sim.end[!i];
		struct splice_segment syn = end_begin(i);

		claim(!splice_syn(&sim.splice, i, &syn));
		end->origin = end->expected = other->first;
		end->announced = end->expected + syn.window;
		other->limit = end->announced;
	}
	end_send(0, sim.end[0].next, 0, false); /* the third segment */
}

/* A FIN that is repeated when all is over still gets its answer (RFC 9293 3.6.1). */
static void
fin_again(unsigned int who)
{
	const struct end *end = &sim.end[who];
	const struct splice_segment fin = {
		.seq = end->next - 1,
		.ack = end->expected,
		.flags = TCP_FIN | TCP_ACK,
		.timestamps = sim.stamped,
		.timestamp = (uint32_t)sim.now_ms + 1000 * who,
		.echo = end->echo,
	};
	struct link *link = &sim.far[!who];

	sim.weather.loss = 0;
	while (link->count > 0)
		free(link->wire[--link->count]);
	splice_take(&sim.splice, who, &fin);
	splice_answer(&sim.splice, who);
	claim(link->count >= 1);
	assert_int_equal(link->wire[0]->segment.ack, end->next);
}

/* What is left of the last conversation, also of one that failed. */
static void
all_free(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		while (sim.near[i].count > 0)
			free(sim.near[i].wire[--sim.near[i].count]);
		while (sim.far[i].count > 0)
			free(sim.far[i].wire[--sim.far[i].count]);
		free(sim.end[i].have);
		free(sim.speech[i].in);
		free(sim.speech[i].out);
		free(sim.speech[i].came);
	}
	if (sim.stock != NULL)
		splice_end(&sim.splice);
	memset(&sim, 0, sizeof(sim));
}

static void
close_connection(void)
{
	claim(splice_is_over(&sim.splice));
	claim(!splice_waits(&sim.splice));
	claim(pool_used(sim.stock->pool) == byte_stock_count(sim.stock));
	claim(!splice_is_done(&sim.splice, sim.now_ms));
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &sim.end[i];

		fin_again(i);
		assert_int_equal(end->expected - 1 - end->origin, sim.speech[!i].out_length);
		claim(end->urgent_got == (sim.speech[!i].urgent != 0));
	}
	claim(splice_is_done(&sim.splice, sim.now_ms + SPLICE_LINGER_MS));
}

static void
turn(unsigned int direction)
{
	struct wire *wire;

	end_speaks(direction);
	while ((wire = link_get(&sim.near[direction])) != NULL) {
		splice_hears(direction, &wire->segment);
		free(wire);
	}
	while ((wire = link_get(&sim.far[direction])) != NULL) {
		end_hears(!direction, &wire->segment);
		free(wire);
	}
	if (reader(direction))
		splice_answer(&sim.splice, direction);
}

static void
talk(const struct weather *weather)
{
	uint64_t last_tick = 0;

	all_free();
	srand(current);
	sim.weather = *weather;
	sim.now_ms = 1;
	sim.stock = weather->short_of_bytes ? &few : &many;
	splice_begin(&sim.splice, sim.stock, ROOM, splice_sends, NULL);
	for (unsigned int i = 0; i < 2; i++)
		speech_make(&sim.speech[i],
			weather->half_close && i == current % 2 ? 1 : below(PIECES) + 1,
			below(3) ? 1000 : PIECE_MAX, below(5) == 0);
	open_connection();
	while (!end_is_done(0) || !end_is_done(1)) {
		sim.now_ms += 1 + below(3);
		sim.splice.now_ms = sim.now_ms;
		claim(sim.now_ms < TIME_MAX_MS);
		if (weather->path && below(100) == 0)
			sim.path[below(2)] = (uint16_t)(SPLICE_PATH_MIN + below(1300));
		turn(0);
		turn(1);
		if (sim.now_ms >= last_tick + 10) {
			last_tick = sim.now_ms;
			claim(splice_tick(&sim.splice, sim.now_ms));
		}
	}
	close_connection();
}

static unsigned int
number_from(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

static void
run(const struct weather *weather)
{
	const unsigned int first = number_from("SPLICE_SEED", 1);
	const unsigned int seeds =
		number_from("SPLICE_SEEDS", getenv("CALLGATE_LONG") != NULL ? SEEDS_LONG : SEEDS);

	for (current = first; current < first + seeds; current++)
		talk(weather);
	all_free();
}

/* clang-format off */
#define WEATHER(name, ...) \
	static void \
	name(void **state) \
	{ \
		(void)state; \
		run(&(struct weather){__VA_ARGS__}); \
	}
/* clang-format on */

WEATHER(in_order, .slow = 0, .scale = 7)
WEATHER(out_of_order, .delay = 30, .slow = 20, .scale = 7)
WEATHER(lost, .loss = 5, .slow = 20, .scale = 7)
WEATHER(doubled, .doubles = 20, .delay = 10, .slow = 20, .scale = 7)
WEATHER(all_at_once, .loss = 10, .doubles = 5, .delay = 40, .slow = 95, .scale = 7)
WEATHER(far_apart, .loss = 2, .delay = 300, .acknowledge_ms = 500, .scale = 7)
WEATHER(slow_to_acknowledge, .loss = 1, .delay = 5, .acknowledge_ms = 200, .scale = 7)
WEATHER(wide_windows, .loss = 3, .delay = 20, .scale = 14, .slow = 50)
WEATHER(one_has_said_all, .loss = 5, .delay = 10, .half_close = true, .acknowledge_ms = 40,
	.scale = 7)
WEATHER(few_bytes, .loss = 3, .delay = 10, .short_of_bytes = true, .slow = 20, .scale = 7)
WEATHER(path_takes_less, .loss = 3, .delay = 10, .path = true, .scale = 7)
WEATHER(urgent, .loss = 5, .delay = 20, .urgent = true, .slow = 20, .scale = 7)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(lost),
		cmocka_unit_test(doubled),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(far_apart),
		cmocka_unit_test(slow_to_acknowledge),
		cmocka_unit_test(wide_windows),
		cmocka_unit_test(one_has_said_all),
		cmocka_unit_test(few_bytes),
		cmocka_unit_test(path_takes_less),
		cmocka_unit_test(urgent),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	byte_stock_open(&many, byte_pool_create("bytes", CHUNKS, SOCKET_ID_ANY));
	byte_stock_open(&few, byte_pool_create("few_bytes", FEW_CHUNKS, SOCKET_ID_ANY));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
