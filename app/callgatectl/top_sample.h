/* SPDX-License-Identifier: BSD-3-Clause */
/* What the live view knows of one moment, and how much of it grew since the one before. */
#ifndef CALLGATECTL_TOP_SAMPLE_H
#define CALLGATECTL_TOP_SAMPLE_H

#include <stdbool.h>

#include <jansson.h>

enum sample_part {
	SAMPLE_INFO,
	SAMPLE_SUMMARY,
	SAMPLE_SIP,
	SAMPLE_WORKERS,
	SAMPLE_PORTS,
	SAMPLE_DROPS,
	SAMPLE_PARTS
};

struct sample {
	json_t *part[SAMPLE_PARTS]; /* answers; NULL: none yet */
	double at_s; /* clock of no meaning but differences */
};

/** Ask on a connection; the old content goes. False after a line on standard error. */
bool sample_take(struct sample *sample, int fd);
void sample_free(struct sample *sample);

/** A number of an answer, or of a record of it; 0: it has none. */
double number_of(const json_t *from, const char *name);

/** By how much it grew in a second between two answers; 0 when that is not known, or it shrank. */
double rate_of(const json_t *before, const json_t *now, const char *name, double seconds);

#endif
