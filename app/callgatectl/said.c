/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "said.h"

/* The C library lets a program put another stream in the place of stderr. */
bool
said_keep(struct said *said)
{
	FILE *kept = open_memstream(&said->text, &said->length);

	if (kept == NULL)
		return false;
	said->real = stderr;
	stderr = kept;
	return true;
}

void
said_release(struct said *said)
{
	if (said->real == NULL)
		return;
	fclose(stderr);
	stderr = said->real;
	said->real = NULL;
	fwrite(said->text, 1, said->length, stderr);
	free(said->text);
}
