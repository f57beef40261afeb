/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A message that fails leaves nothing: its cases, what may run out under it, and the whole state of
 * the ALG and of what it opens, as text that can be compared.
 */
#ifndef UNIT_ALG_ROLLBACK_H
#define UNIT_ALG_ROLLBACK_H

#include "alg_message.h"

/* What happened before, and the message that is tried. */
struct rollback_case {
	const char *name;
	void (*before)(void);
	void (*message)(void);
	bool no_nat;
};
extern const struct rollback_case rollback_cases[];
extern const unsigned int rollback_case_count;

/* What runs out: begin() leaves `n` of it, end() gives all back. */
struct rollback_resource {
	const char *name;
	void (*begin)(unsigned int n);
	void (*end)(void);
};
extern const struct rollback_resource rollback_resources[];
extern const unsigned int rollback_resource_count;

/* Ports that the message takes when all is there, of which "ports" leaves the first ones. */
void rollback_ports_note(bool before);

enum { STATE_MAX = 1 << 19 };

struct state {
	uint32_t length;
	char text[STATE_MAX];
};

/* What has been retired is given back, as after a grace period; no time passes. */
void state_settle(void);

/*
 * All that lasts, by name: object by object where it stands, or (`by_name`) sorted and without the
 * places and generations of objects, so that it may be compared with that of another run.
 */
void state_take(struct state *state, bool by_name);
void assert_state_equal(const struct state *a, const struct state *b, const char *what);

#endif
