/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "rig.h"
#include "talk.h"
#include "talk_watch.h"

enum {
	TURN_MS = 2000000, /* longer than any repetition: a turn that lasts longer has no end */
};

char talk_name[256] = "before all";
void (*talk_before)(void);

static struct {
	const struct talk *talk;
	unsigned int turn;
} now;

static void
say_where(void)
{
	fprintf(stderr, "in run %s, turn %u: inside sent %u got %u, outside sent %u got %u\n",
		talk_name, now.turn, wire_end[0].length, tcp_end_received(&wire_end[0]),
		wire_end[1].length, tcp_end_received(&wire_end[1]));
}

void
talk_start(const struct rig_options *options)
{
	rig_where = say_where;
	wire_start(options, &talk_watch_hooks);
}

struct tcp_habits
talk_usual(unsigned int end)
{
	return (struct tcp_habits){
		.mss = 1460,
		.scale = 7,
		.sack = true,
		.timestamps = true,
		.capacity = 65535,
		.delay_ms = 40,
		.flight = 10,
		.initial = end ? UINT32_MAX - 1500 : 1000000,
	};
}

static void
ends_begin(const struct talk *talk, const struct tcp_habits habits[2],
	const struct wire_trouble *trouble, uint64_t seed)
{
	wire_begin(trouble, seed);
	if (talk_before)
		talk_before();
	for (unsigned int i = 0; i < 2; i++) {
		struct tcp_end *end = &wire_end[i];

		tcp_end_begin(end, &habits[i]);
		MUST(inet_pton(AF_INET, talk->address[i], &end->address) == 1, "no address");
		end->port = rte_cpu_to_be_16(talk->port[i]);
		end->passive = i != talk->caller;
	}
	talk_watch_begin(talk, trouble);
}

static void
step_until(bool (*done)(void), const char *what)
{
	const uint64_t start = rig_now_ms();

	while (!done()) {
		wire_step();
		MUST(rig_now_ms() < start + TURN_MS, "no end of %s", what);
	}
}

static bool
both_open(void)
{
	return wire_end[0].open && wire_end[1].open;
}

static void
connect_ends(const struct talk *talk)
{
	rte_be32_t address;

	MUST(inet_pton(AF_INET, talk->destination, &address) == 1, "no address");
	tcp_end_connect(&wire_end[talk->caller], address, rte_cpu_to_be_16(talk->destination_port));
	step_until(both_open, "the handshake");
}

static bool
all_heard(void)
{
	return wire_is_quiet() && tcp_end_is_heard(&wire_end[0]) && tcp_end_is_heard(&wire_end[1]);
}

static bool
both_closed(void)
{
	return wire_end[0].fin_got && wire_end[1].fin_got && all_heard();
}

static bool
both_reset(void)
{
	return wire_end[0].reset_got || wire_end[1].reset_got;
}

static uint32_t
got_before(const struct talk *talk, unsigned int who, unsigned int turn)
{
	uint32_t end = 0;

	for (unsigned int i = 0; i < talk->units; i++) {
		if (talk->unit[i].who != who && talk->unit[i].turn <= turn)
			end = talk->unit[i].got_end;
	}
	return end;
}

static bool
turn_over(void)
{
	return tcp_end_received(&wire_end[0]) >= got_before(now.talk, 0, now.turn) &&
	       tcp_end_received(&wire_end[1]) >= got_before(now.talk, 1, now.turn);
}

static void
compare(const struct talk *talk, bool whole)
{
	for (unsigned int i = 0; i < 2; i++) {
		const uint32_t got = tcp_end_received(&wire_end[i]);

		MUST(got <= talk->expected_length[i] && (!whole || got == talk->expected_length[i]),
			"%s got %u bytes, not %u", wire_end[i].name, got, talk->expected_length[i]);
		for (uint32_t at = 0; at < got; at++)
			MUST(wire_end[i].got[at] == talk->expected[i][at],
				"%s: byte %u is %02x, not %02x: %.60s", wire_end[i].name, at,
				wire_end[i].got[at], talk->expected[i][at],
				talk->expected[i] + (at > 30 ? at - 30 : 0));
	}
}

/* What goes on for ever does not end, but nothing goes wrong meanwhile, either. */
static void
leave(void)
{
	const char *left;

	MUST(rig_calls_left() == 0, "calls, or their media, are left");
	rig_rest();
	left = rig_left();
	MUST(left == NULL, "left at the end:%s", left);
}

void
talk_learn(struct talk *talk, const struct tcp_habits habits[2], talk_next_fn next, void *context)
{
	const struct wire_trouble none = {0};

	now.talk = NULL;
	ends_begin(talk, habits, &none, 1);
	connect_ends(talk);
	for (unsigned int i = 0; next ? next(talk, i, context) : i < talk->units; i++) {
		struct talk_unit *unit = &talk->unit[i];
		struct tcp_end *end = &wire_end[unit->who];

		now.turn = unit->turn;
		tcp_end_write(end, unit->said, unit->length);
		end->cut[end->length] = 1;
		step_until(all_heard, "a unit of the first run");
		unit->got_end = tcp_end_received(&wire_end[!unit->who]);
		if (next)
			talk->units = i + 1;
	}
	for (unsigned int i = 0; i < 2; i++) {
		talk->expected_length[i] = tcp_end_received(&wire_end[i]);
		talk->expected[i] = malloc(talk->expected_length[i] + 1);
		MUST(talk->expected[i] != NULL, "no memory");
		memcpy(talk->expected[i], wire_end[i].got, talk->expected_length[i]);
		talk->expected[i][talk->expected_length[i]] = 0;
		tcp_end_close(&wire_end[i]);
	}
	step_until(both_closed, "the first run");
	MUST(talk_watch_seen()->ahead == 0,
		"the first run: an acknowledgement of what was not there");
	leave();
}

void
talk_free(struct talk *talk)
{
	free(talk->expected[0]);
	free(talk->expected[1]);
}

/* Mark where segments of what was just written end. */
static void
cut_unit(const struct talk_manner *manner, struct tcp_end *end, uint32_t from)
{
	switch (manner->cut) {
	case TALK_WHOLE:
		end->cut[end->length] = 1;
		break;
	case TALK_AT:
		end->cut[end->length] = 1;
		if (from + manner->at < end->length)
			end->cut[from + manner->at] = 1;
		break;
	case TALK_PIECES:
		for (uint32_t at = from + 1; at <= end->length; at++) {
			if (at % manner->at == 0)
				end->cut[at] = 1;
		}
		break;
	case TALK_MERGED:
		break;
	case TALK_RANDOM:
		for (uint32_t at = from; at < end->length;) {
			at += 1 + wire_below(wire_below(4) ? 1460 : 40);
			if (at <= end->length && wire_below(8))
				end->cut[at] = 1;
		}
		break;
	}
}

static void
say_turn(const struct talk *talk, const struct talk_manner *manner, unsigned int turn)
{
	for (unsigned int i = 0; i < talk->units; i++) {
		const struct talk_unit *unit = &talk->unit[i];
		struct tcp_end *end = &wire_end[unit->who];
		const uint32_t from = end->length;

		if (unit->turn != turn)
			continue;
		tcp_end_write(end, unit->said, unit->length);
		cut_unit(manner, end, from);
	}
}

static void
ask_keepalives(const struct talk_manner *manner)
{
	uint64_t before[2];

	step_until(all_heard, "what was said before a keepalive");
	for (unsigned int i = 0; i < 2; i++) {
		before[i] = wire_end[i].keepalives_answered;
		if (wire_end[i].length > 0)
			tcp_end_keepalive(&wire_end[i], wire_below(2));
	}
	step_until(wire_is_quiet, "keepalives");
	for (unsigned int i = 0; i < 2; i++)
		MUST(wire_end[i].length == 0 || wire_end[i].keepalives_answered == before[i] + 1,
			"%s: a keepalive without an answer", wire_end[i].name);
}

static void
end_run(const struct talk *talk, const struct talk_manner *manner)
{
	const unsigned int last = talk->unit[talk->units - 1].who;

	switch (manner->ends) {
	case TALK_FIN:
		tcp_end_close(&wire_end[last]);
		step_until(all_heard, "a FIN");
		tcp_end_close(&wire_end[!last]);
		step_until(both_closed, "both FINs");
		break;
	case TALK_FIN_BOTH:
		tcp_end_close(&wire_end[0]);
		tcp_end_close(&wire_end[1]);
		step_until(both_closed, "both FINs");
		break;
	case TALK_RST:
		step_until(all_heard, "what was said before a RST");
		tcp_end_reset(&wire_end[last]);
		if (manner->trouble.loss == 0)
			step_until(both_reset, "a RST");
		break;
	case TALK_SILENCE:
	case TALK_RST_EARLY:
		break;
	case TALK_FIN_EARLY:
		step_until(both_closed, "early FINs");
		break;
	}
}

/* One end gives up in the midst of what both say; what has come up to then is right. */
static void
reset_early(const struct talk *talk, const struct talk_manner *manner)
{
	const unsigned int who = wire_below(2);

	for (unsigned int i = wire_below(40); i > 0 && !turn_over(); i--)
		wire_step();
	tcp_end_reset(&wire_end[who]);
	if (manner->trouble.loss == 0 && manner->trouble.late == 0 &&
		manner->trouble.script[WIRE_NEAR] < WIRE_SWAP &&
		manner->trouble.script[WIRE_FAR] < WIRE_SWAP)
		step_until(both_reset, "an early RST");
	else
		for (unsigned int i = 0; i < 100; i++)
			wire_step();
	compare(talk, false);
}

void
talk_run(const struct talk *talk, const struct talk_manner *manner, struct talk_seen *seen)
{
	const unsigned int turns = talk->unit[talk->units - 1].turn + 1;

	now.talk = talk;
	now.turn = 0;
	ends_begin(talk, manner->habits, &manner->trouble, manner->seed);
	connect_ends(talk);
	for (now.turn = 0; now.turn < turns; now.turn++) {
		say_turn(talk, manner, now.turn);
		if (now.turn + 1 == turns && manner->ends == TALK_RST_EARLY) {
			reset_early(talk, manner);
			break;
		}
		if (now.turn + 1 == turns && manner->ends == TALK_FIN_EARLY) {
			tcp_end_close(&wire_end[0]);
			tcp_end_close(&wire_end[1]);
		}
		step_until(turn_over, "a turn");
		if (manner->keepalives && manner->ends != TALK_FIN_EARLY)
			ask_keepalives(manner);
	}
	if (manner->ends != TALK_RST_EARLY) {
		compare(talk, true);
		end_run(talk, manner);
		compare(talk, true);
	}
	if (seen)
		*seen = *talk_watch_seen();
	if (!manner->stays)
		leave();
}

void
talk_open(const struct talk *talk, const struct talk_manner *manner)
{
	now.talk = talk;
	now.turn = 0;
	ends_begin(talk, manner->habits, &manner->trouble, manner->seed);
	connect_ends(talk);
}

void
talk_wait(uint64_t ms)
{
	const uint64_t end_ms = rig_now_ms() + ms;

	while (rig_now_ms() < end_ms)
		wire_step();
}

void
talk_until_heard(void)
{
	step_until(all_heard, "what was said");
}

void
talk_close(void)
{
	tcp_end_close(&wire_end[0]);
	tcp_end_close(&wire_end[1]);
	step_until(both_closed, "both FINs");
	leave();
}
