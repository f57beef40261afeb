/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the reference page; a build tool, not installed. */
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

int
main(void)
{
	char *page = config_reference_page();
	int status;

	if (page == NULL)
		return EXIT_FAILURE;
	status = fputs(page, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	free(page);
	return status;
}
