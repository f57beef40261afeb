/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call, recorded once with a message a segment, is said again and again with its bytes cut, merged, doubled, swapped
 * and lost in every way: both ends get what they got the first time.
 *
 * torture_cuts WORKERS [plain] [DIRECTION [VARIANT [OFFSET]]]; CALLGATE_LONG: every offset with every variant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "rig.h"
#include "script.h"

struct variant {
	const char *name;
	enum wire_script near, far;
	enum tcp_repeat repeat;
	bool timestamps, sack;
	int scale;
	uint16_t mss;
	uint32_t capacity;
	unsigned int delay_ms;
};

static const struct variant variants[] = {
	{"in_order", WIRE_AS_IT_IS, WIRE_AS_IT_IS, TCP_REPEAT_SAME, true, true, 7, 1460, 65535, 40},
	{"bare", WIRE_AS_IT_IS, WIRE_AS_IT_IS, TCP_REPEAT_SAME, false, false, -1, 1460, 65535, 0},
	{"doubled", WIRE_DOUBLE_ALL, WIRE_DOUBLE_ALL, TCP_REPEAT_SAME, true, true, 0, 1460, 65535,
		0},
	{"swapped", WIRE_SWAP, WIRE_AS_IT_IS, TCP_REPEAT_SAME, true, true, 7, 1460, 65535, 40},
	{"swapped_bare", WIRE_SWAP, WIRE_SWAP, TCP_REPEAT_SAME, false, false, -1, 1460, 65535, 0},
	{"first_lost", WIRE_DROP_EVEN, WIRE_AS_IT_IS, TCP_REPEAT_SAME, true, true, 7, 1460, 65535,
		40},
	{"second_lost", WIRE_DROP_ODD, WIRE_AS_IT_IS, TCP_REPEAT_SAME, false, true, 2, 1460, 65535,
		0},
	{"lost_behind", WIRE_AS_IT_IS, WIRE_DROP_EVEN, TCP_REPEAT_SAME, true, false, 7, 1460, 65535,
		40},
	{"coalesced", WIRE_DROP_EVEN, WIRE_DROP_ODD, TCP_REPEAT_COALESCED, true, true, 7, 1460,
		65535, 40},
	{"partial", WIRE_DROP_ODD, WIRE_DROP_EVEN, TCP_REPEAT_PARTIAL, true, true, 7, 1460, 65535,
		0},
	{"small_segments", WIRE_SWAP, WIRE_AS_IT_IS, TCP_REPEAT_SAME, true, true, 7, 100, 65535,
		40},
	{"small_windows", WIRE_AS_IT_IS, WIRE_AS_IT_IS, TCP_REPEAT_SAME, false, false, -1, 0, 300,
		0},
};

static struct talk_manner
manner_of(const struct variant *variant)
{
	struct talk_manner manner = {
		.trouble.script = {variant->near, variant->far},
		.cut = TALK_AT,
		.seed = 1,
	};

	for (unsigned int i = 0; i < 2; i++) {
		struct tcp_habits *habits = &manner.habits[i];

		*habits = talk_usual(i);
		habits->timestamps = variant->timestamps;
		habits->sack = variant->sack;
		habits->scale = variant->scale;
		habits->mss = variant->mss;
		habits->capacity = variant->capacity;
		habits->delay_ms = variant->delay_ms;
		habits->repeat = variant->repeat;
	}
	return manner;
}

static uint32_t
longest(const struct talk *talk)
{
	uint32_t length = 0;

	for (unsigned int i = 0; i < talk->units; i++)
		length = RTE_MAX(length, talk->unit[i].length);
	return length;
}

static unsigned int runs;
static uint64_t segments, ahead;

static void
run(const struct talk *talk, const struct talk_manner *manner, enum script_direction direction,
	const struct variant *variant, const char *what)
{
	struct talk_seen seen;

	snprintf(talk_name, sizeof(talk_name), "%s %s %s %u", script_name(direction), variant->name,
		what, manner->at);
	talk_run(talk, manner, &seen);
	if (manner->cut == TALK_WHOLE && variant == &variants[0])
		MUST(seen.ahead == 0, "an acknowledgement of what was not there");
	runs++;
	segments += seen.segments;
	ahead += seen.ahead;
}

/* Every cut of one variant; offsets from `first` on, every `step`. */
static void
variant_run(const struct talk *talk, enum script_direction direction, const struct variant *variant,
	uint32_t first, uint32_t step)
{
	const uint32_t length = longest(talk);
	struct talk_manner manner = manner_of(variant);

	for (manner.at = 1 + first; manner.at < length; manner.at += step) {
		manner.seed = manner.at;
		manner.ends = manner.at % 4;
		manner.keepalives = manner.at % 16 == 0;
		run(talk, &manner, direction, variant, "cut at");
	}
	manner.ends = TALK_FIN;
	for (manner.at = 1; manner.at <= 40; manner.at = manner.at * 3 / 2 + 1) {
		manner.cut = TALK_PIECES;
		run(talk, &manner, direction, variant, "pieces of");
	}
	manner.at = 0;
	manner.cut = TALK_MERGED;
	run(talk, &manner, direction, variant, "merged");
	manner.cut = TALK_WHOLE;
	run(talk, &manner, direction, variant, "whole");
}

static bool
wanted(const char *name, int count, char **arguments, int place)
{
	return count <= place || strcmp(name, arguments[place]) == 0;
}

int
main(int count, char **arguments)
{
	struct rig_options options = {.workers = count > 1 ? (unsigned int)atoi(arguments[1]) : 1};
	const bool plain = count > 2 && strcmp(arguments[2], "plain") == 0;
	const bool every = getenv("CALLGATE_LONG") != NULL;
	const int place = 2 + plain;

	talk_start(&options);
	for (unsigned int d = 0; d < SCRIPT_DIRECTIONS; d++) {
		const struct tcp_habits usual[2] = {talk_usual(0), talk_usual(1)};
		struct talk talk;

		if (!wanted(script_name(d), count, arguments, place) ||
			(plain && d == SCRIPT_INWARD))
			continue;
		script_begin(&talk, d, plain);
		snprintf(talk_name, sizeof(talk_name), "%s, first", script_name(d));
		talk_learn(&talk, usual, script_call, NULL);
		script_check(&talk);
		for (unsigned int v = 0; v < RTE_DIM(variants); v++) {
			if (!wanted(variants[v].name, count, arguments, place + 1))
				continue;
			if (count > place + 2) {
				struct talk_manner manner = manner_of(&variants[v]);

				manner.at = (uint32_t)atoi(arguments[place + 2]);
				manner.seed = manner.at;
				manner.ends = manner.at % 4;
				manner.keepalives = manner.at % 16 == 0;
				run(&talk, &manner, d, &variants[v], "cut at");
				continue;
			}
			/* Each offset with one variant in all, and with every one in the long form. */
			variant_run(&talk, d, &variants[v], every ? 0 : v,
				every ? 1 : RTE_DIM(variants));
		}
		script_end(&talk);
	}
	printf("%u runs, %llu segments, %llu times told ahead, %llu frames\n", runs,
		(unsigned long long)segments, (unsigned long long)ahead,
		(unsigned long long)rig_frames());
	rig_stop();
	return 0;
}
