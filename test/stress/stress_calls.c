/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole calls one after the other, hundreds at a time: INVITE, 100, 180, 200, ACK, BYE, 200, with NAT
 * and one audio stream, and a share that ends otherwise: refused, cancelled, challenged, never answered,
 * a BYE whose answer is lost, calls that nobody ends, and "clear sip calls" in between. Afterwards
 * nothing is left of them, and the process has not grown since the first half.
 *
 * 60,000 calls; with "long" or CALLGATE_LONG=1 ten million.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_load.h"

enum {
	BRIEF = 60000,
	FULL = 10000000,
	RINGING = 50, /* calls that begin until this one is answered */
	TALKING = 400, /* and until it ends */
	RATE = 200, /* calls a second of the driven clock */
	CLEARS = 4,
	GROWTH_MAX = 1 << 20, /* bytes, from the first half's end on */
};

enum ending {
	END_BYE,
	END_BYE_OUTSIDE,
	END_BUSY,
	END_CANCEL,
	END_CHALLENGE, /* and a normal call after it */
	END_UNANSWERED, /* rings until its time is over */
	END_BYE_LOST,
	END_SILENCE, /* nobody says BYE */
	ENDINGS
};

static const char *const ending_names[ENDINGS] = {"BYE", "BYE from outside", "486", "CANCEL",
	"407, then BYE", "no answer", "BYE unanswered", "silence"};
static uint32_t ended[ENDINGS];

/* 43, 43, 3, 3, 3, 2, 2 and 1 of a hundred. */
static enum ending
ending_of(uint32_t number)
{
	static const unsigned int until[ENDINGS] = {43, 86, 89, 92, 95, 97, 99, 100};
	unsigned int place = (uint32_t)(number * UINT64_C(2654435761) >> 7) % 100;
	unsigned int ending = 0;

	while (place >= until[ending])
		ending++;
	return (enum ending)ending;
}

static void
call_begin(uint32_t number)
{
	call_load_send(LOAD_INVITE, number);
	call_load_send(LOAD_TRYING, number);
	if (ending_of(number) == END_CHALLENGE) {
		call_load_send(LOAD_CHALLENGE, number);
		call_load_send(LOAD_INVITE_AGAIN, number);
	}
	call_load_send(LOAD_RINGING, number);
}

static void
call_answer(uint32_t number)
{
	switch (ending_of(number)) {
	case END_BUSY:
		call_load_send(LOAD_BUSY, number);
		break;
	case END_CANCEL:
		call_load_send(LOAD_CANCEL, number);
		call_load_send(LOAD_CANCEL_OK, number);
		call_load_send(LOAD_CANCELLED, number);
		break;
	case END_UNANSWERED:
		break;
	case END_CHALLENGE:
		call_load_send(LOAD_OK_AGAIN, number);
		call_load_send(LOAD_ACK, number);
		break;
	default:
		call_load_send(LOAD_OK, number);
		call_load_send(LOAD_ACK, number);
		break;
	}
}

static void
call_end(uint32_t number)
{
	enum ending ending = ending_of(number);

	ended[ending]++;
	switch (ending) {
	case END_BYE:
	case END_CHALLENGE:
		call_load_send(LOAD_BYE, number);
		call_load_send(LOAD_BYE_OK, number);
		break;
	case END_BYE_OUTSIDE:
		call_load_send(LOAD_BYE_OUTSIDE, number);
		call_load_send(LOAD_BYE_OUTSIDE_OK, number);
		break;
	case END_BYE_LOST:
		call_load_send(LOAD_BYE, number);
		break;
	default:
		break;
	}
}

static bool
media_is_gone(void)
{
	printf("after the last call: %u calls, %u media doors, %u media pinholes\n",
		alg_call_count(call_load.alg), nat_media_doors(call_load.nat),
		pinhole_media_count(call_load.pinholes));
	return alg_call_count(call_load.alg) == 0 && nat_media_doors(call_load.nat) == 0 &&
	       pinhole_media_count(call_load.pinholes) == 0;
}

int
main(int count, char **arguments)
{
	bool whole =
		count > 1 ? strcmp(arguments[1], "long") == 0 : getenv("CALLGATE_LONG") != NULL;
	uint32_t calls = whole ? FULL : BRIEF;
	size_t half = 0, end;
	uint32_t peak = 0;
	bool good;

	call_load_start(&(struct call_load_options){.max_calls = 2048,
		.ringing_s = 60,
		.silence_s = 60,
		.addresses = 4,
		.hugepages = "off"});
	for (uint32_t i = 0; i < calls + TALKING; i++) {
		if (i < calls)
			call_begin(i);
		if (i >= RINGING && i - RINGING < calls)
			call_answer(i - RINGING);
		if (i >= TALKING)
			call_end(i - TALKING);
		peak = RTE_MAX(peak, alg_call_count(call_load.alg));
		if (i % RATE == 0)
			call_load_time(1000);
		if (i % (calls / CLEARS) == calls / CLEARS / 3)
			call_load_clear();
		if (i == calls / 2)
			half = call_load_resident();
	}
	end = call_load_resident();
	call_load_clear();
	good = media_is_gone();
	good &= call_load_empty();
	for (unsigned int i = 0; i < ENDINGS; i++)
		printf("%s%s %u", i ? ", " : "", ending_names[i], ended[i]);
	printf("\n%u calls, %u at one time; resident after half %zu KiB, at the end %zu KiB\n",
		calls, peak, half >> 10, end >> 10);
	for (unsigned int i = 0; i < ENDINGS; i++)
		good &= ended[i] > 0;
	good &= peak > TALKING && end <= half + GROWTH_MAX;
	call_load_stop();
	printf("calls: %s\n", good ? "nothing is left" : "FAILED");
	return good ? 0 : 1;
}
