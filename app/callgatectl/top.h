/* SPDX-License-Identifier: BSD-3-Clause */
/* `callgatectl top`: a live view on a terminal. */
#ifndef CALLGATECTL_TOP_H
#define CALLGATECTL_TOP_H

#include "question.h"

/**
 * Show workers, ports, drops, calls and media of the appliance behind the socket at `path`, anew every
 * `watch_s` seconds (0: one), until "q" or a signal. Exit status: 0; 1 after a line on standard error
 * when the appliance does not answer or there is no terminal. `argument` is NULL.
 */
int top_run(const struct question *question, const char *path, const char *argument);

#endif
