/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker copies into its ring, and what `callgatectl trace` and `callgatectl capture` read. Both programs
 * are of one build and one machine, so it is plain memory. A traced message: struct trace_record, then the
 * message as it came, then as it left (nothing: unchanged or dropped), then the edits. A captured frame: struct
 * trace_frame, then its bytes. Behind both stand bytes without meaning up to TRACE_UNIT.
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
	TRACE_VERSION = 1, /* of a message */
	TRACE_FRAME_VERSION = 129, /* of a frame */
	CAPTURE_SNAP_MAX = 16384, /* bytes of a frame that are kept at most */
	CAPTURE_PROGRAM_MAX = 128, /* instructions of a filter */
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
	uint32_t generation[TRACES_MAX]; /* of the traces in `wanted` */
	uint32_t src, dst, new_src, new_dst; /* as it came; as it leaves */
	uint16_t src_port, dst_port, new_src_port, new_dst_port;
	uint32_t before, after; /* bytes of the texts */
	uint32_t edits;
	uint32_t worker;
	char in[TRACE_NAME], out[TRACE_NAME]; /* interfaces, as the configuration names them */
	char dropped[TRACE_NAME]; /* drop reason; "": it left */
};
static_assert(sizeof(struct trace_record) == 272, "the same for both programs");

/* Begins as struct trace_record. */
struct trace_frame {
	uint32_t length; /* of all of it, a multiple of TRACE_UNIT */
	uint8_t version; /* TRACE_FRAME_VERSION */
	uint8_t outbound; /* it leaves; else it came */
	uint8_t wanted;
	uint8_t port; /* configuration index */
	uint64_t at_us; /* since 1970 (UTC) */
	uint64_t order;
	uint32_t generation[TRACES_MAX];
	uint32_t captured, original; /* bytes: here, on the wire */
};
static_assert(sizeof(struct trace_frame) == 48, "the same for both programs");

static_assert(offsetof(struct trace_record, order) + sizeof(uint64_t) <= TRACE_UNIT &&
		      offsetof(struct trace_record, order) == offsetof(struct trace_frame, order),
	"the first unit tells the order");
static_assert(
	offsetof(struct trace_record, version) == offsetof(struct trace_frame, version) &&
		offsetof(struct trace_record, wanted) == offsetof(struct trace_frame, wanted) &&
		offsetof(struct trace_record, generation) ==
			offsetof(struct trace_frame, generation),
	"one head for both");

/* Bit of `wanted` beside those of the traces: for the collector (sip.hep). */
enum { TRACE_EXPORT = 1 << 7 };

#endif
