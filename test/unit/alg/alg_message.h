/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of one call, "m": a, the phone inside, tag a, and b, outside. Tags of b are written
 * as they stand in the header (";tag=b", or "").
 */
#ifndef UNIT_ALG_MESSAGE_H
#define UNIT_ALG_MESSAGE_H

#include "alg_fixture.h"

#define A     "10.0.0.7:5060"
#define A_OUT "203.0.113.1:5060"
#define P     "198.51.100.9:5060"

/* From the inside (out), or from the outside (in); each leaves, or the test fails, unless it may. */
extern bool message_may_fail;
void out_request(const char *method, unsigned int cseq, const char *to_tag, const char *sdp);
void in_request(const char *method, unsigned int cseq, const char *from_tag, const char *sdp);
void in_response(const char *status, unsigned int cseq, const char *method, const char *to_tag,
	const char *sdp);
void out_response(const char *status, unsigned int cseq, const char *method, const char *from_tag,
	const char *sdp);

/* One more header line of the next message, "RAck: 1 1 INVITE". */
void next_header(const char *text);

/* The branch of the next message's Via; without this word one made of method and CSeq. */
void next_branch(const char *text);

/* INVITE, 200, ACK; and BYE, 200, after which nothing is left. */
void call_up(const char *offer, const char *answer);
void call_down(void);

void assert_has(const char *part);
void assert_media(unsigned int pinholes, unsigned int doors);

#endif
