/* SPDX-License-Identifier: BSD-3-Clause */
/* `callgatectl trace`: the messages of a call or a host, live or into a capture file. */
#ifndef CALLGATECTL_TRACE_H
#define CALLGATECTL_TRACE_H

#include <stdbool.h>
#include <stdio.h>

/** Is `trace` the command of these arguments, options before it or not? */
bool trace_is_meant(int argc, char **argv);

/** Run it; the arguments are those of the program. Exit status: 0; 1 no appliance, or no file; 2 wrong usage. */
int trace_main(int argc, char **argv, const char *socket_default);

/** Its parts of --help: among the commands, and behind the options. */
void trace_usage(FILE *out);
void trace_usage_options(FILE *out);

#endif
