/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The links between two ends and the appliance, one each way on either side: 1 ms long, and as bad as wanted.
 */
#ifndef TORTURE_WIRE_H
#define TORTURE_WIRE_H

#include "tcp_end.h"

enum { WIRE_NEAR, WIRE_FAR, WIRE_LINKS }; /* to the appliance, from it */

/* What becomes of segments with bytes that are new, counted for each end and link. */
enum wire_script {
	WIRE_AS_IT_IS,
	WIRE_DOUBLE_ALL,
	WIRE_SWAP, /* every other one comes behind the next */
	WIRE_DROP_EVEN, /* the first, third ... do not arrive, the first time */
	WIRE_DROP_ODD,
	WIRE_SCRIPTS
};

struct wire_trouble {
	enum wire_script script[WIRE_LINKS];
	/* of all segments, in percent */
	unsigned int loss, doubles, late;
	unsigned int late_ms; /* at most */
};

/* What a test looks at: a frame before it is given to the appliance, and one that has just left it. */
struct wire_hooks {
	void (*enters)(unsigned int end, const struct tcp_heard *heard);
	void (*leaves)(unsigned int end, const struct tcp_heard *heard);
};

extern struct tcp_end wire_end[2]; /* inside and outside */

/** Bring up the appliance with the wires at it. */
struct rig_options;
void wire_start(const struct rig_options *options, const struct wire_hooks *hooks);

/** Begin anew, nothing is on the way. `seed` of all that is random. */
void wire_begin(const struct wire_trouble *trouble, uint64_t seed);

/** A number below `limit`, 0 for 0. */
uint32_t wire_below(uint32_t limit);

/** Until the next moment at which something happens, 10 ms at most. */
void wire_step(void);

/** Nothing is on the way, and neither end has anything to wait for. */
bool wire_is_quiet(void);

/** Bytes that go on from here with nobody between: a frame made by hand. */
void wire_put(unsigned int end, uint8_t *frame, uint32_t length);

extern bool wire_traces; /* print every frame */
extern bool wire_strays; /* frames to others than the two ends are no fault */

#endif
