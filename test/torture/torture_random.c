/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random conversations: messages of any length up to 65,535 bytes, from both ends at once, between ends with habits of all
 * kinds, over links that lose, double and delay; what each end gets is what it got when nothing went wrong.
 *
 * torture_random WORKERS [SEED [COUNT]]
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>

#include "rig.h"
#include "script.h"

enum {
	BRIEF = 40,
	FULL = 1500,
	RUNS = 4, /* of a conversation */
	MESSAGE_MIN = 360,
	MESSAGE_MAX = 65535,
	LARGE_MAX = 4, /* in one conversation */
};

static uint32_t
length_make(unsigned int *large)
{
	switch (wire_below(12)) {
	case 0:
		return 1; /* a line end */
	case 1:
		return 4; /* a ping */
	case 2:
		if (++*large <= LARGE_MAX)
			return wire_below(4) ? MESSAGE_MIN + wire_below(MESSAGE_MAX - MESSAGE_MIN)
					     : MESSAGE_MAX;
		return MESSAGE_MIN;
	case 3:
	case 4:
		return MESSAGE_MIN + wire_below(6000);
	default:
		return MESSAGE_MIN + wire_below(1000);
	}
}

static void
lengths_make(struct script_lengths *lengths)
{
	const unsigned int turns = 1 + wire_below(5);
	unsigned int large = 0;

	lengths->count = 0;
	for (unsigned int turn = 0; turn < turns; turn++) {
		const unsigned int units = 1 + wire_below(6);

		for (unsigned int i = 0; i < units; i++) {
			lengths->length[lengths->count] = length_make(&large);
			lengths->who[lengths->count] = wire_below(2);
			lengths->turn[lengths->count++] = turn;
		}
	}
}

static struct tcp_habits
habits_make(unsigned int end)
{
	return (struct tcp_habits){
		.mss = (uint16_t)(wire_below(3)   ? 1460
				  : wire_below(2) ? 0
						  : 88 + wire_below(1373)),
		.scale = wire_below(3) ? (int)wire_below(9) : -1,
		.sack = wire_below(3),
		.timestamps = wire_below(2),
		.capacity = wire_below(3) ? 65535 : 400 + wire_below(130000),
		.slow = wire_below(3) ? 0 : wire_below(98),
		.delay_ms = wire_below(2) ? 40 : 0,
		.flight = 1 + wire_below(20),
		.repeat = wire_below(3),
		.initial = wire_below(2) ? UINT32_MAX - wire_below(30000) : wire_below(UINT32_MAX),
	};
}

static struct talk_manner
manner_make(uint64_t seed)
{
	struct talk_manner manner = {
		.cut = wire_below(5),
		.at = 1 + wire_below(1500),
		.seed = seed,
		.ends = wire_below(6),
		.keepalives = wire_below(4) == 0,
	};
	struct wire_trouble *trouble = &manner.trouble;

	manner.habits[0] = habits_make(0);
	manner.habits[1] = habits_make(1);
	if (wire_below(3)) {
		trouble->loss = wire_below(12);
		trouble->doubles = wire_below(2) ? wire_below(25) : 0;
		trouble->late = wire_below(2) ? wire_below(40) : 0;
		trouble->late_ms = 1 + wire_below(60);
	} else {
		trouble->script[WIRE_NEAR] = wire_below(WIRE_SCRIPTS);
		trouble->script[WIRE_FAR] = wire_below(WIRE_SCRIPTS);
	}
	/* A keepalive may be lost, and is not repeated by these ends. */
	if (trouble->loss > 0)
		manner.keepalives = false;
	/* One byte a segment has no end with a message of 65,535. */
	if (manner.cut == TALK_PIECES && manner.at < 20)
		manner.at += 20;
	return manner;
}

static void
converse(uint64_t seed, uint64_t *ahead)
{
	const struct tcp_habits usual[2] = {talk_usual(0), talk_usual(1)};
	const struct wire_trouble none = {0};
	struct script_lengths lengths;
	struct talk talk;
	enum script_direction direction;
	bool call;

	wire_begin(&none, seed);
	direction = wire_below(getenv("TORTURE_PLAIN") ? SCRIPT_INWARD : SCRIPT_DIRECTIONS);
	call = wire_below(4) == 0;
	lengths_make(&lengths);
	script_begin(&talk, direction, getenv("TORTURE_PLAIN") != NULL);
	snprintf(talk_name, sizeof(talk_name), "seed %llu, first", (unsigned long long)seed);
	talk_learn(&talk, usual, call ? script_call : script_messages, &lengths);
	for (unsigned int i = 0; i < RUNS; i++) {
		struct talk_manner manner;
		struct talk_seen seen;

		wire_begin(&none, seed * 1000 + i);
		manner = manner_make(seed * 1000 + i);
		/* A call that is not ended stands, and one that is said again at once is no new call. */
		if (call && manner.ends == TALK_RST_EARLY)
			manner.ends = TALK_RST;
		manner.stays = !call && i + 1 < RUNS && wire_below(3) &&
			       (manner.ends == TALK_FIN || manner.ends == TALK_FIN_BOTH ||
				       manner.ends == TALK_FIN_EARLY);
		snprintf(talk_name, sizeof(talk_name),
			"seed %llu, %s %s, run %u: cut %d at %u, loss %u doubles %u late %u (%u "
			"ms) "
			"scripts %d %d, ends %d%s",
			(unsigned long long)seed, call ? "call" : "messages",
			script_name(direction), i, manner.cut, manner.at, manner.trouble.loss,
			manner.trouble.doubles, manner.trouble.late, manner.trouble.late_ms,
			manner.trouble.script[0], manner.trouble.script[1], manner.ends,
			manner.stays ? ", stays" : "");
		talk_run(&talk, &manner, &seen);
		*ahead += seen.ahead;
	}
	script_end(&talk);
}

int
main(int count, char **arguments)
{
	struct rig_options options = {
		.workers = count > 1 ? (unsigned int)atoi(arguments[1]) : 1,
		/* A long message by an end that loses every other segment takes minutes. */
		.sip = "stream_hold_time = 3600;",
	};
	const uint64_t first = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
	const uint64_t seeds = count > 3                 ? strtoull(arguments[3], NULL, 10)
			       : count > 2               ? 1
			       : getenv("CALLGATE_LONG") ? FULL
							 : BRIEF;
	uint64_t ahead = 0;

	talk_start(&options);
	for (uint64_t seed = first; seed < first + seeds; seed++)
		converse(seed, &ahead);
	printf("%llu conversations, %u runs each, %llu times told ahead, %llu frames\n",
		(unsigned long long)seeds, RUNS, (unsigned long long)ahead,
		(unsigned long long)rig_frames());
	rig_stop();
	return 0;
}
