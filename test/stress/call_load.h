/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls from memory: an appliance without ports, one trunk through its NAT, and the messages of
 * numbered calls, made by patching texts that stand ready. A PBX inside, a provider outside; the
 * media of a call has inside and outside endpoints of its own. One worker (thread 0) and the
 * control lcore take turns on this thread; the clock is driven by hand.
 */
#ifndef STRESS_CALL_LOAD_H
#define STRESS_CALL_LOAD_H

#include "app/callgate/appliance.h"

enum { CALL_LOAD_TEXT_MAX = 2048 };

extern struct appliance call_load;

struct call_load_options {
	unsigned int max_calls;
	unsigned int ringing_s, silence_s; /* call_proceeding_timeout, media_inactivity_timeout */
	unsigned int addresses; /* of the pool */
	const char *hugepages; /* "off", "auto" */
};

/* What is sent: who speaks, and in what order a call has them. */
enum load_message {
	LOAD_INVITE, /* CSeq 1, with a description: one audio stream */
	LOAD_INVITE_AGAIN, /* CSeq 2, after the challenge */
	LOAD_TRYING,
	LOAD_RINGING,
	LOAD_CHALLENGE,
	LOAD_OK, /* with a description */
	LOAD_OK_AGAIN, /* the same to CSeq 2 */
	LOAD_ACK,
	LOAD_BYE,
	LOAD_BYE_OK,
	LOAD_BYE_OUTSIDE, /* the far side hangs up */
	LOAD_BYE_OUTSIDE_OK,
	LOAD_CANCEL,
	LOAD_CANCEL_OK,
	LOAD_CANCELLED, /* 487 */
	LOAD_BUSY,
	LOAD_INFO,
	LOAD_MESSAGES
};

/* Everything up; exits with a line when something fails. */
void call_load_start(const struct call_load_options *options);
void call_load_stop(void);

/* The text of a message; returns its length. */
uint32_t call_load_text(char *text, enum load_message message, uint32_t number);

/* Does the inside send it? */
bool call_load_outward(enum load_message message);

/* A message through the ALG, as the pipeline would send it there; the verdict. call_id: its hash,
 * or NULL; lead: of the Call-ID, or NULL. */
int call_load_process(char *text, uint32_t length, enum load_message message,
	const struct hash128 *call_id, const struct alg_lead *lead);

/* Make and process it; whatever is not forwarded ends the program. */
void call_load_send(enum load_message message, uint32_t number);

/* Time passes: sweeps, mail. */
void call_load_time(uint32_t milliseconds);

/* End all calls now, as an operator does. */
void call_load_clear(void);

/* Timers run out, with the trunk's own flow: true when nothing at all is left. */
bool call_load_empty(void);

/* Bytes of memory that the process has touched, its program apart. */
size_t call_load_resident(void);

#endif
