/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A traced message, for people, for programs and for a capture file.
 */
#ifndef CALLGATECTL_TRACE_OUTPUT_H
#define CALLGATECTL_TRACE_OUTPUT_H

#include "pcapng.h"
#include "trace_text.h"

/** A line on standard output. */
void trace_print_line(const struct trace_message *message);

/** The same as a JSON object. */
void trace_print_json(const struct trace_message *message);

/**
 * Two packets: as it came in, and as it left with a comment for each edit; of one that was dropped the first
 * alone. False: errno.
 */
bool trace_write(struct pcapng *pcapng, const struct trace_message *message);

#endif
