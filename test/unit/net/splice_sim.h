/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends as TCP has them (RFC 9293), written without the splice: what each says is a row of pieces, and what
 * the other is to get of them. The links between them, the splice and what is checked of it: test_splice.c.
 */
#ifndef SPLICE_SIM_H
#define SPLICE_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/packet.h"
#include "net/splice.h"

enum {
	PIECES = 40,
	PIECE_MAX = 6000,
	STREAM_MAX = PIECES * PIECE_MAX,
	LINK_MAX = 400,
	SEGMENT_MAX = 1460,
	IDLE_MS = 700, /* an end that hears nothing for so long asks whether anybody is there */
};

struct wire {
	struct splice_segment segment;
	uint8_t data[SEGMENT_MAX];
	uint64_t arrives_ms;
};

struct link {
	struct wire *wire[LINK_MAX];
	unsigned int count;
};

struct piece {
	uint32_t in, out;
	bool replaced;
};

/* What one end says, and what becomes of it. */
struct speech {
	struct piece piece[PIECES];
	unsigned int pieces, next; /* next to be released */
	uint64_t release_ms; /* a whole piece is read now; 0: none waits */
	uint8_t *in, *out, *came; /* came: bytes that have reached the splice */
	uint32_t in_length, out_length, in_done, out_done;
	uint32_t in_order; /* bytes that reached it without a hole */
	uint32_t ahead; /* of them its end was told ahead */
	uint32_t urgent, urgent_out; /* behind an urgent byte, as the ends number it; 0: none */
};

struct end {
	/* as sender of its speech */
	uint32_t first, unacknowledged, next, highest, limit;
	unsigned int flight, same;
	uint64_t repeat_ms;
	/* as receiver of the other's */
	uint32_t origin, expected;
	uint8_t *have;
	uint32_t read, capacity;
	uint32_t announced; /* behind the last that it lets be sent */
	int scale; /* -1: none */
	bool fin_got, urgent_got;
	uint32_t echo;
	uint16_t mss;
	unsigned int late; /* segments that it has not acknowledged yet */
	uint64_t acknowledge_ms;
	uint64_t heard_ms;
	/* what the splice told it last */
	uint32_t stamp, stamp_echo;
};

/* How bad the network is, and of which kind the ends are. */
struct weather {
	unsigned int loss, doubles; /* of 100 */
	unsigned int delay; /* ms at most */
	unsigned int slow; /* of 100 turns, an end reads nothing */
	unsigned int acknowledge_ms; /* an acknowledgement may wait so long */
	unsigned int scale; /* at most */
	bool short_of_bytes; /* the pool is small */
	bool half_close; /* one end has little to say */
	bool path; /* takes less after a while */
	bool urgent;
};

struct sim {
	struct splice splice;
	struct byte_stock *stock;
	struct end end[2];
	struct speech speech[2];
	struct link near[2], far[2]; /* to the splice, from it; [direction] */
	uint64_t now_ms;
	struct weather weather;
	uint16_t path[2]; /* that segments of a direction go; UINT16_MAX: any */
	bool scaled, stamped, sacked;
};

extern struct sim sim;

unsigned int below(unsigned int limit);

/* Numbers that wrap. */
static inline bool
later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/** A segment goes on its way, and may be lost, doubled and late. */
void link_put(struct link *link, const struct wire *wire);

void speech_make(struct speech *speech, unsigned int pieces, unsigned int longest, bool even);

/** An end begins; its SYN is returned. */
struct splice_segment end_begin(unsigned int who);

/** Send a segment with these bytes of its speech. */
void end_send(unsigned int who, uint32_t seq, uint32_t length, bool fin);

/** Send and repeat what is due, read some of what came. */
void end_speaks(unsigned int who);

void end_hears(unsigned int who, const struct splice_segment *segment);

/** It has said everything and been heard, and heard everything. */
bool end_is_done(unsigned int who);

#endif
