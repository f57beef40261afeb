/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A random walk: the parties talk (model_parties.c), the network loses, doubles and reorders what
 * they send, callgate and the model read what comes by, and after each message they are compared.
 */
#ifndef UNIT_ALG_MODEL_WALK_H
#define UNIT_ALG_MODEL_WALK_H

#include <stddef.h>

#include "model.h"

/* Where the ends are (model_wire.c). */
struct wire {
	const char *name;
	bool no_nat;
	const char *home[2]; /* caller's and callee's signalling */
	const char *media[2]; /* network of their media, "10.0.0." */
	bool inside[2]; /* their hosts are 10.0.0.* */
	bool translated[2];
	uint16_t callee_port;
};

enum network { NETWORK_DOUBLES = 1, NETWORK_LOSES = 2, NETWORK_REORDERS = 4 };

/* Walks one call to its end. False: they disagree; `report` says what happened. */
bool walk(const struct wire *wire, uint64_t seed, enum network network, char *report, size_t size,
	unsigned int *messages);

extern const struct wire wires[];
extern const unsigned int wire_count;

/* What brings the messages of the walks that come: one of the two, or each transaction its own. */
enum wire_transport { WIRE_UDP, WIRE_TCP, WIRE_BOTH, WIRE_TRANSPORTS };
extern enum wire_transport wire_transport;

/* model_wire.c: callgate's side */
void wire_begin(const struct wire *wire);
bool wire_send(const struct wire *wire, const struct sip *sip);
/* False: `why` says what is otherwise. */
bool wire_compare(const struct wire *wire, const struct expected *expected, const struct sip *sip,
	char *why, size_t size);
bool wire_empty(char *why, size_t size);
void wire_clear(void);

/* model_report.c */
extern const char *const verbs[];
void wire_write(const struct sip *sip, char *text, size_t size);

#endif
