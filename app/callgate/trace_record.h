/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A traced message: what a worker copies into its ring, and what `callgatectl trace` reads. Both programs
 * are of one build and one machine, so it is plain memory: this head, then the message as it came, then as
 * it left (nothing: unchanged or dropped), then the edits, then bytes without meaning up to TRACE_UNIT.
 */
#ifndef APP_TRACE_RECORD_H
#define APP_TRACE_RECORD_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TRACES_MAX = 4, /* at one time */
	TRACE_UNIT = 64, /* bytes; length of an element of the rings */
	TRACE_NAME = 64, /* bytes of a name, its NUL included */
	TRACE_VERSION = 1,
};

/* A replacement: bytes of the message as it came, and how many stand there as it left. */
struct trace_edit {
	uint32_t offset, length, new_length;
};

/* Addresses and ports in network byte order. */
struct trace_record {
	uint32_t length; /* of all of it, a multiple of TRACE_UNIT */
	uint8_t version; /* TRACE_VERSION */
	uint8_t proto; /* 6: TCP, 17: UDP */
	uint8_t wanted; /* bit per trace that it is for; TRACE_EXPORT */
	uint8_t edited; /* it left with another text */
	uint64_t at_ms; /* since 1970 (UTC) */
	uint64_t order; /* TSC: among those of all workers */
	uint32_t src, dst, new_src, new_dst; /* as it came; as it leaves */
	uint16_t src_port, dst_port, new_src_port, new_dst_port;
	uint32_t before, after; /* bytes of the texts */
	uint32_t edits;
	uint32_t worker;
	uint32_t generation[TRACES_MAX]; /* of the traces in `wanted` */
	char in[TRACE_NAME], out[TRACE_NAME]; /* interfaces, as the configuration names them */
	char dropped[TRACE_NAME]; /* drop reason; "": it left */
};
static_assert(sizeof(struct trace_record) == 272, "the same for both programs");

static_assert(offsetof(struct trace_record, order) + sizeof(uint64_t) <= TRACE_UNIT,
	"the first unit tells the order");

/* Bit of `wanted` beside those of the traces: for the collector (sip.hep). */
enum { TRACE_EXPORT = 1 << 7 };

#endif
