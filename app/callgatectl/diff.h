/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration in force: printed, and held against a file. */
#ifndef CALLGATECTL_DIFF_H
#define CALLGATECTL_DIFF_H

#include "question.h"

/** Print the answer of /callgate/config as the file that it is. As table_print(). */
void configuration_print(FILE *out, const json_t *answer, unsigned int width);

/**
 * Print what a reload with `file` would change; `question` asks for the configuration in force on
 * the socket at `path`. An exit status: 0 when a reload takes the file (with changes or without),
 * 3 when it refuses it because a change needs a restart; 1 after a line on standard error when the
 * file has faults or the appliance does not answer.
 */
int diff_run(const struct question *question, const char *path, const char *file);

#endif
