/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces: copies of SIP messages, as they came and as they left, for an operator who looks for what
 * happens to a call or a host.
 *
 * So are frames of ports (capture.h), on the same way.
 *
 *   worker ─▶ ring of its own ─▶ control lcore ─┬▶ buffer of each trace ─▶ request ─▶ callgatectl
 *                                               └▶ the collector (hep.h)
 *
 * A worker looks at one word a SIP message; no bit of it is set while nothing is traced. A message that
 * some trace wants is copied into a record (trace_record.h) before the ALG reads it, and again after; a
 * ring or a buffer that is full loses the record, which is counted, and nobody waits.
 *
 * Life cycle of a trace: started by a client, which renews its lease by each read; stopped by the client
 * or when the lease is over. Its place is used again after a grace period, so a worker never sees a
 * filter change. Records of an earlier trace in the same place are told by their generation.
 *
 * Synchronization: filters are written by the control lcore alone, before their bit of `active` is set
 * and when no worker can look at them. Rings: single producer (worker), single consumer (control lcore).
 */
#ifndef APP_TRACE_H
#define APP_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h> /* for pcap/bpf.h */

#include <rte_byteorder.h>

#include <pcap/bpf.h>

#include "core/keyed_hash.h"
#include "trace_record.h"

struct alg_message;
struct appliance;
struct trace;
struct worker;

enum {
	TRACE_LEASE_MS = 5000,
	TRACE_WHAT = 256, /* bytes of what a trace is of, as its client wrote it */
};

/* Frames instead of messages. */
struct capture_filter {
	uint32_t ports; /* bit per port; 0: no capture */
	uint32_t snap; /* bytes of a frame that are kept: 1 to CAPTURE_SNAP_MAX */
	uint32_t count; /* of instructions; 0: every frame */
	struct bpf_insn program[CAPTURE_PROGRAM_MAX];
};

/* One of the three is set. */
struct trace_filter {
	struct capture_filter capture;
	rte_be32_t host; /* any address of a message's packet, as it came or leaves; 0: of a call */
	struct hash128 call_id; /* keyed hash */
	char what[TRACE_WHAT]; /* to show */
};

/* What is shown of a trace. */
struct trace_row {
	uint64_t token; /* names it */
	char what[TRACE_WHAT];
	uint64_t messages, lost; /* of a capture: frames */
	uint32_t lease_ms; /* left */
};

/**
 * Rings and buffers; `hep` not NULL: each message goes to the collector, too, and it is the trace's from here
 * on. NULL and rte_errno. Bring-up.
 */
struct hep;
struct trace *trace_create(unsigned int workers, int socket, struct hep *hep);
void trace_destroy(struct trace *trace);

/** End those that are on, while ports are open. Workers have stopped. Tear-down. */
void trace_end(struct appliance *appliance);
size_t trace_memory(unsigned int workers);

/* First member of struct trace: what workers look at. */
struct trace_switch {
	_Atomic uint32_t active; /* bit per trace, TRACE_EXPORT; writer: control lcore */
	_Atomic uint32_t count; /* traces and captures that are on; writer: control lcore */
};

/** Is anything traced? Any thread. */
static inline bool
trace_is_on(const struct trace *trace)
{
	/* relaxed: trace_before() looks again before it reads a filter */
	return atomic_load_explicit(
		       &((const struct trace_switch *)trace)->active, memory_order_relaxed) != 0;
}

/** How many traces and captures are on. Any thread. */
static inline uint32_t
trace_count(const struct trace *trace)
{
	return atomic_load_explicit(
		&((const struct trace_switch *)trace)->count, memory_order_relaxed);
}

/**
 * The message is about to be processed: if a trace wants it, copy it. True: trace_after() is to follow.
 * Owner worker, when trace_is_on().
 */
bool trace_before(struct worker *worker, const struct alg_message *message);

/** What has become of it: `verdict` of alg_message_process(). */
void trace_after(struct worker *worker, const struct alg_message *message, int verdict);

/**
 * Begin a trace or capture; *token names it. 0; -EBUSY: TRACES_MAX are on, or one has just ended; -ENOMEM.
 * Control lcore.
 */
int trace_start(struct appliance *appliance, const struct trace_filter *filter, uint64_t *token);

/** 0, or -ENOENT. Control lcore. */
int trace_stop(struct appliance *appliance, uint64_t token);

/**
 * Take at most `max` bytes of the records that wait, and renew the lease; *lost: how many did not find
 * room since the trace began. Records follow each other without gap, over several reads. Returns the
 * number of bytes or -ENOENT. Control lcore.
 */
int trace_read(
	struct appliance *appliance, uint64_t token, void *bytes, uint32_t max, uint64_t *lost);

/** The traces that are on; returns how many. Control lcore. */
unsigned int trace_list(struct appliance *appliance, struct trace_row rows[TRACES_MAX]);

/** Take at most `budget` records out of the rings, end traces whose lease is over. Control lcore, offline. */
void trace_step(struct appliance *appliance, unsigned int budget);

#endif
