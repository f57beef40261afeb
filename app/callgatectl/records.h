/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `trace` and `capture` have in common: records that the appliance copies, asked for several times a
 * second, which renews the lease. The appliance ends a trace by itself when nobody has asked for
 * TRACE_LEASE_MS, so nothing stays on when this program is killed. The file is written here: no path goes
 * over the socket.
 */
#ifndef CALLGATECTL_RECORDS_H
#define CALLGATECTL_RECORDS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "app/callgate/trace_record.h"
#include "pcapng.h"

enum { RECORDS_EXIT_USAGE = 2, RECORDS_SIZE = 256 << 10 };

enum records_written {
	RECORDS_WRITTEN,
	RECORDS_STRANGE, /* not of this version */
	RECORDS_FAILED, /* the file: errno */
};

struct records {
	/* What is wanted. */
	const char *path; /* of the socket */
	const char *file; /* NULL: lines */
	unsigned long count, seconds; /* 0: no end */
	bool json;
	const char *noun; /* "messages" */
	/* Print or write the record that `bytes` begins with, of `used` bytes. */
	enum records_written (*write)(struct records *records);

	/* What is so far. */
	int fd;
	json_int_t token, lost;
	FILE *stream; /* NULL: lines */
	struct pcapng *pcapng; /* NULL: lines */
	unsigned long taken;
	bool failed;
	size_t used;
	_Alignas(struct trace_record) uint8_t bytes[RECORDS_SIZE];
};

/* Of getopt_long(), for records_option(). */
#define RECORDS_OPTIONS \
	{"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'}, \
		{"pcap", required_argument, NULL, 'p'}, {"count", required_argument, NULL, 'c'}, \
	{ \
		"seconds", required_argument, NULL, 't' \
	}

/** Note one of RECORDS_OPTIONS. False: wrong usage. */
bool records_option(struct records *records, int option, const char *value);

/** A number from 1 on, as options have it. */
bool records_number(unsigned long *number, const char *text);

/** Is `word` the command of these arguments, options before it or not? */
bool records_meant(int argc, char **argv, const char *word);

/** Connect and make the file. False after a line on standard error. */
bool records_open(struct records *records);

/** Start with a telemetry command; the answer is the caller's. NULL after a line on standard error. */
json_t *records_start(struct records *records, const char *request);

/** Until Ctrl-C or the end that was wanted, then stop. */
void records_run(struct records *records);

/** Exit status. */
int records_close(struct records *records);

#endif
