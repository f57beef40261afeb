/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures: copies of the frames that ports receive and send, for an operator who wants to see the wire.
 *
 * DPDK's own capture (rte_pdump) wants a second process, which neither ordinary pages nor --in-memory allow;
 * this one works as it does, by callbacks on the queues, within the process. A callback is on a queue only
 * while a capture of its port is on. It copies the frame into a record (trace_record.h) and puts it into the
 * worker's ring, of which frames take no more than half, so that none is in the way of traced messages and
 * of the collector's; where there is no room the frame is counted and not in the capture.
 *
 * Life cycle and synchronization are those of a trace (trace.h): it is one, with another filter. Callbacks
 * are freed after the grace period that lets the place be used again.
 */
#ifndef APP_CAPTURE_H
#define APP_CAPTURE_H

#include <stdint.h>

struct appliance;
struct capture_filter;
struct trace_place;

/**
 * Read a filter's program as `tcpdump -ddd` writes it, with ';' for the ends of lines and without the first:
 * "CODE JT JF K;...". 0, or -EINVAL: it is none, longer than CAPTURE_PROGRAM_MAX, or may not end. Any thread.
 */
int capture_program_read(struct capture_filter *filter, const char *text);

/**
 * Callbacks onto all queues of the ports of the place's filter. 0, or -ENOMEM: some are on, so the place ends as
 * if it had been in use. Control lcore.
 */
int capture_begin(struct appliance *appliance, struct trace_place *place);

/** Off the queues; a worker may be within one still. Control lcore. */
void capture_end(struct appliance *appliance, struct trace_place *place);

/** After a grace period: no worker knows them any more. Control lcore; tear-down. */
void capture_free(struct trace_place *place);

#endif
