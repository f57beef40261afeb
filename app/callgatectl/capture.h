/* SPDX-License-Identifier: BSD-3-Clause */
/* `callgatectl capture`: the frames of a port, live or into a capture file. */
#ifndef CALLGATECTL_CAPTURE_H
#define CALLGATECTL_CAPTURE_H

#include <stdbool.h>
#include <stdio.h>

/** Is `capture` the command of these arguments, options before it or not? */
bool capture_is_meant(int argc, char **argv);

/** Run it; the arguments are those of the program. Exit status: 0; 1 no appliance, or no file; 2 wrong usage. */
int capture_main(int argc, char **argv, const char *socket_default);

/** Its parts of --help: among the commands, and behind the options. */
void capture_usage(FILE *out);
void capture_usage_options(FILE *out);

#endif
