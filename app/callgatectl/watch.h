/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A show command again and again.
 */
#ifndef CALLGATECTL_WATCH_H
#define CALLGATECTL_WATCH_H

#include "question.h"

enum { WATCH_SECONDS_DEFAULT = 2, WATCH_SECONDS_MAX = 86400 };

/**
 * Ask and print every `watch_s` seconds until SIGINT, SIGTERM or SIGHUP; `path` is the socket's. On a
 * terminal each answer takes the place of the one before; else they follow one another. Exit
 * status: 0 when a signal ended it, 1 after a line on standard error when the appliance did not
 * answer.
 */
int watch_run(const struct question *question, const char *path);

/** Columns (and lines, if not NULL) of the terminal; WIDTH_DEFAULT (and 0) when there is none. */
unsigned int screen_size(unsigned int *lines);

#endif
