/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by traces of messages (trace.c) and captures of frames (capture.c).
 */
#ifndef APP_TRACE_PRIV_H
#define APP_TRACE_PRIV_H

#include <rte_ethdev.h>
#include <rte_ring.h>

#include "capture.h"
#include "core/limits.h"
#include "sip/edit.h"
#include "trace.h"

enum {
	TRACE_RING_UNITS =
		4096, /* 256 KiB a worker: two of the longest messages, several hundred of the usual */
	TRACE_BUFFER = 512 << 10, /* bytes a trace */
	TRACE_TEXT_MAX =
		SIP_MESSAGE_MAX + 4096, /* as it came or left, the longest of either transport */
	TRACE_RECORD_MAX = RTE_ALIGN_CEIL(sizeof(struct trace_record) + 2 * TRACE_TEXT_MAX +
						  SIP_EDITS_MAX * sizeof(struct trace_edit),
		TRACE_UNIT),
	TRACE_FRAME_MAX = RTE_ALIGN_CEIL(sizeof(struct trace_frame) + CAPTURE_SNAP_MAX, TRACE_UNIT),
};

enum place_state { PLACE_FREE, PLACE_ON, PLACE_LEAVING };

/* Callbacks of one capture at one port in one direction; writer: control lcore. */
struct capture_tap {
	struct trace *trace;
	struct trace_place *place;
	uint8_t port; /* configuration index */
	bool outbound;
	const struct rte_eth_rxtx_callback *callback[WORKERS_MAX]; /* by queue */
};

/* Room for one trace. Workers read `filter` and `generation`, the rest is the control lcore's. */
struct trace_place {
	struct trace_filter filter;
	uint32_t generation;
	_Atomic uint64_t lost; /* writers: workers, control lcore */
	enum place_state state;
	uint64_t grace; /* PLACE_LEAVING: over when no worker can look at it any more */
	uint64_t until_ms; /* end of the lease */
	uint64_t messages;
	uint64_t begun_us, begun_tsc; /* a capture: time of day and TSC of one moment */
	uint32_t first, used; /* of the bytes that wait */
	uint8_t *buffer;
	struct capture_tap tap[PORTS_MAX][2]; /* in, out */
};

/* A worker's own. */
struct trace_lane {
	struct rte_ring *ring;
	/* Control lcore: the first unit of the next record, taken already. */
	bool has_first;
	uint8_t first[TRACE_UNIT] __rte_aligned(sizeof(uint64_t));
	union {
		struct trace_record record;
		uint8_t bytes[TRACE_RECORD_MAX];
	};
	/* Of its own: a frame may leave while a message is half traced. */
	union {
		struct trace_frame frame;
		uint8_t frame_bytes[TRACE_FRAME_MAX];
	};
} __rte_cache_aligned;

struct trace {
	struct trace_switch on;
	unsigned int workers;
	struct hep *hep; /* NULL: no collector */
	struct trace_place place[TRACES_MAX];
	struct trace_lane *lane[WORKERS_MAX];
	union {
		struct trace_record record;
		struct trace_frame frame;
		uint8_t bytes[TRACE_RECORD_MAX];
	} taken; /* control lcore */
};

#endif
