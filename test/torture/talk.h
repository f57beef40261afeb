/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A conversation of two ends through the appliance: what is said in turns, what the other end is to get for
 * it, and all that must hold meanwhile. The first run, a message a segment over links that lose nothing, says what
 * the others must deliver.
 */
#ifndef TORTURE_TALK_H
#define TORTURE_TALK_H

#include "wire.h"

enum { TALK_UNITS_MAX = 256 };

/* A message, or a keepalive. */
struct talk_unit {
	unsigned int who; /* speaks */
	unsigned int turn; /* units of one turn are said at once */
	const char *said;
	uint32_t length;
	/* of the other end's stream, behind what is got for it; from the first run */
	uint32_t got_end;
};

/* Where segments end. */
enum talk_cut {
	TALK_WHOLE, /* behind each unit */
	TALK_AT, /* and at an offset in each */
	TALK_PIECES, /* behind so many bytes, whatever they are */
	TALK_MERGED, /* nowhere but where a segment is full */
	TALK_RANDOM,
};

struct talk_manner {
	struct tcp_habits habits[2];
	struct wire_trouble trouble;
	enum talk_cut cut;
	uint32_t at; /* offset, or length of pieces */
	uint64_t seed;
	enum {
		TALK_FIN,
		TALK_FIN_BOTH, /* at once */
		TALK_RST, /* by who speaks last */
		TALK_SILENCE,
		TALK_RST_EARLY, /* in the midst of the last turn */
		TALK_FIN_EARLY, /* behind what is said in it, at once */
	} ends;
	bool keepalives; /* are asked between turns */
	bool stays; /* the next connection comes at once, over this one */
};

struct talk {
	unsigned int caller; /* connects */
	const char *address[2];
	uint16_t port[2];
	const char *destination; /* that the caller connects to, and the port there */
	uint16_t destination_port;
	bool untouched; /* bytes pass as they are, and numbers */
	unsigned int units;
	struct talk_unit unit[TALK_UNITS_MAX];
	/* what each end is to get; from the first run */
	uint8_t *expected[2];
	uint32_t expected_length[2];
};

/* What a run has seen. */
struct talk_seen {
	uint64_t segments; /* with new bytes, that entered */
	uint64_t ahead; /* acknowledgements of what the receiver did not have yet */
};

/** Bring up the appliance. */
void talk_start(const struct rig_options *options);

/**
 * The first run. Before unit i is said, `next` may set it (NULL: all are there), knowing what both ends have got.
 * False from it: that was the last.
 */
typedef bool (*talk_next_fn)(struct talk *talk, unsigned int unit, void *context);
void talk_learn(
	struct talk *talk, const struct tcp_habits habits[2], talk_next_fn next, void *context);

/** One more run, which must deliver the same. Nothing is left behind. */
void talk_run(const struct talk *talk, const struct talk_manner *manner, struct talk_seen *seen);

void talk_free(struct talk *talk);

/* Parts of a run, for a test that has its own way of it. */

/** Both ends begin and connect. */
void talk_open(const struct talk *talk, const struct talk_manner *manner);

/** So much time passes. */
void talk_wait(uint64_t ms);

/** Until both ends have heard all. */
void talk_until_heard(void);

/** Both close, and nothing is left. */
void talk_close(void);

/** Something else goes on before each run begins; NULL: nothing does. */
extern void (*talk_before)(void);

/** Usual habits: timestamps, SACK, scaled windows, delayed acknowledgements. */
struct tcp_habits talk_usual(unsigned int end);

/** For messages about a run that failed. */
extern char talk_name[256];

#endif
