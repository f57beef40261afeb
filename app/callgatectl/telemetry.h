/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client side of the DPDK telemetry socket, version 2: one request, one answer, as JSON.
 */
#ifndef CALLGATECTL_TELEMETRY_H
#define CALLGATECTL_TELEMETRY_H

#include <jansson.h>

/* Where callgate listens as root with the default system.file_prefix. */
#define TELEMETRY_SOCKET "/var/run/dpdk/callgate/dpdk_telemetry.v2"

/** Who is told, in one line, what is wrong: instead of standard error. Before anything is asked. */
void telemetry_complain_to(void (*complain)(const char *line));

/** Tell the same about something of an answer: "WHAT: FAULT". */
void telemetry_complain(const char *what, const char *fault);

/**
 * Connect to the socket at `path`. A descriptor, or -1 after a line on standard error (or to whom
 * telemetry_complain_to() names) that says what is wrong. Release with close().
 */
int telemetry_connect(const char *path);

/**
 * Ask one command and follow the pages of its answer ("next" not 0), until it has `limit` records or
 * more (0: all of them). Returns what the answer holds
 * under the command's name with the records of all pages in it, owned by the caller; NULL after a
 * line on standard error when the appliance does not know the command, does not answer or answers
 * no JSON.
 */
json_t *telemetry_ask(int fd, const char *command, unsigned int limit);

#endif
