/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialogs over TCP: what a caller and a callee say to each other, each message made of what its sender has
 * received up to then (Via, Contact), so that it is right whatever the appliance made of the addresses.
 */
#ifndef TORTURE_SCRIPT_H
#define TORTURE_SCRIPT_H

#include "talk.h"

enum script_direction {
	SCRIPT_GROWS, /* outward: the inside address is shorter than callgate's */
	SCRIPT_SHRINKS,
	SCRIPT_EQUAL,
	SCRIPT_INWARD, /* the outside calls, through a static rule */
	SCRIPT_DIRECTIONS
};

/** Addresses, ports and who calls. `plain`: to a port that is none of SIP's. */
void script_begin(struct talk *talk, enum script_direction direction, bool plain);

/** A whole call: keepalives, INVITE, hold, a re-INVITE from the callee, BYE. For talk_learn(). */
bool script_call(struct talk *talk, unsigned int unit, void *context);

/** The inside registers, for hours; then MESSAGEs from both, in turns, of the lengths that `context`, a struct script_lengths, says. */
struct script_lengths {
	unsigned int count;
	uint32_t length[TALK_UNITS_MAX]; /* of the whole message */
	unsigned int who[TALK_UNITS_MAX];
	unsigned int turn[TALK_UNITS_MAX];
};
bool script_messages(struct talk *talk, unsigned int unit, void *context);

/** What was learned looks right: no inside address outside, lengths as Content-Length says. */
void script_check(const struct talk *talk);

/** Give the texts back; the talk's too. */
void script_end(struct talk *talk);

const char *script_name(enum script_direction direction);

#endif
