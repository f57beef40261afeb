/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A splice whose segments a test writes one by one, and what it sent. End 0 opened the connection; both ends'
 * first bytes have the number 1 of their own (tests count from there, the numbers themselves are near the wrap).
 */
#ifndef SPLICE_FIXTURE_H
#define SPLICE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/packet.h"
#include "net/splice.h"

enum {
	FIXTURE_SENT = 64,
	FIXTURE_ROOM = 20000,
	FIXTURE_CHUNKS = 40,
	FIXTURE_WINDOW = 10000,
	FIXTURE_MSS = 1000,
};

struct fixture_sent {
	struct splice_out out; /* numbers count from 1 */
	char text[FIXTURE_MSS + 1];
};

struct fixture {
	struct splice splice;
	struct pool *pool;
	struct byte_stock stock;
	uint32_t first[2]; /* the number of each end's SYN */
	uint16_t window[2]; /* that each end says */
	struct fixture_sent sent[FIXTURE_SENT];
	unsigned int count;
	struct splice_segment segment; /* what the next ones have beside what is given */
};

extern struct fixture fixture;

/** Both SYNs, with what fixture.segment has. */
void fixture_open(uint8_t scale);

/** For tests that begin with SYNs of their own. */
void fixture_begin(void);

/** Everything back; nothing may be left. */
void fixture_close(void);

/** A segment of an end with this text: taken and answered. What was sent before is forgotten. */
void fixture_say(unsigned int end, uint32_t seq, uint32_t ack, const char *text, uint8_t flags);

/** Time goes on, and the splice is told. */
bool fixture_tick(uint32_t milliseconds);

/** Release so many bytes held of an end's in place of which there is now this text (NULL: as they are). */
void fixture_release(unsigned int end, uint32_t in, const char *text);

/** One of what was sent, in turn; there must be one. */
const struct fixture_sent *fixture_next(void);

/** The next one is of this direction, number, acknowledgement and text. */
const struct fixture_sent *fixture_expect(
	unsigned int direction, uint32_t seq, uint32_t ack, const char *text, uint8_t flags);

/** So many times this letter, until the next call. */
const char *fixture_text(char letter, unsigned int length);

/** End 0's "abcd" became "ABCDEF", which is on its way. */
void fixture_grow(void);

/** Nothing else was sent. */
void fixture_quiet(void);

#endif
