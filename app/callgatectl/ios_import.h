/* SPDX-License-Identifier: BSD-3-Clause */
/* `callgatectl import-ios`: a configuration of callgate from lines of IOS. */
#ifndef CALLGATECTL_IOS_IMPORT_H
#define CALLGATECTL_IOS_IMPORT_H

#include <stddef.h>
#include <stdio.h>

struct ios_import {
	const char *name; /* of the file, for messages */
	const char *text; /* any bytes */
	size_t size;
	/* "gi0/0/0=DEVICE", "gi0/0/0=ADDRESS/LENGTH" */
	const char *const *ports, *const *addresses;
	unsigned int port_count, address_count;
};

/**
 * Write a configuration that passes callgate --check to `out`, and to `messages` the lines that it
 * could not use. 0; -EINVAL when ports or addresses are wrong, which `messages` says; -EPROTO when
 * a configuration did not come out (nothing is written to `out` then).
 */
int ios_import(const struct ios_import *import, FILE *out, FILE *messages);

/** The command: arguments are those behind `import-ios`. An exit status. */
int ios_import_main(int argc, char **argv);

#endif
