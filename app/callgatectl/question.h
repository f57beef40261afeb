/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A show command as it was typed: what to ask the appliance, and how to print what it answers.
 */
#ifndef CALLGATECTL_QUESTION_H
#define CALLGATECTL_QUESTION_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum { WIDTH_DEFAULT = 120, QUESTION_MAX = 1023 };

/* Options that choose records, as bits. */
enum question_filter {
	QUESTION_HOST = 1 << 0,
	QUESTION_PROTOCOL = 1 << 1,
	QUESTION_ZONE_PAIR = 1 << 2,
	QUESTION_CALL_ID = 1 << 3,
	QUESTION_LIMIT = 1 << 4,
};

struct question {
	const char *words; /* of the command */
	const char *telemetry; /* the command without parameters */
	char request[QUESTION_MAX + 1]; /* with them */
	unsigned int limit; /* records; 0: all */
	bool json;
	unsigned int watch_s; /* seconds of --watch; 0: once */
	bool counters; /* its numbers are counters: rates make sense */
	void (*print)(FILE *out, const json_t *answer, unsigned int width);
};

/** Begin with a command and its argument (NULL: none). False when it does not fit. */
bool question_begin(struct question *question, const char *telemetry, const char *argument);

/**
 * Add a filter. False after a line on standard error when `value` is not what the filter may be.
 */
bool question_filter(struct question *question, enum question_filter filter, const char *value);

/** The option of a filter, "--host". */
const char *question_option(enum question_filter filter);

/**
 * Ask on a connection. The answer with all pages in it, cut to the limit, owned by the caller; NULL
 * after a line on standard error.
 */
json_t *question_ask(const struct question *question, int fd);

/**
 * Print an answer: to `out`, or what went wrong on standard error. 0, or 1 when the answer says
 * that something went wrong. `width`: columns of the screen.
 */
int question_print(
	const struct question *question, FILE *out, const json_t *answer, unsigned int width);

#endif
