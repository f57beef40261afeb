/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard error while the screen is ours: what goes wrong is kept until the screen is back, where it
 * stays to be read.
 */
#ifndef CALLGATECTL_SAID_H
#define CALLGATECTL_SAID_H

#include <stdbool.h>
#include <stdio.h>

struct said {
	FILE *real; /* NULL: nothing is kept */
	char *text;
	size_t length;
};

/** Keep what goes to standard error from now on. False when there is no memory. */
bool said_keep(struct said *said);

/** Write what was kept to standard error, which is the usual one again. */
void said_release(struct said *said);

#endif
