/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints docs/metrics.md; a build tool, not installed. */
#include <stdio.h>
#include <stdlib.h>

#include "family.h"

static const char head[] =
	"# Metrics\n\n"
	"`callgate-exporter` serves them at `GET /metrics`, in Prometheus text format 0.0.4. How "
	"to\n"
	"run it is in [telemetry.md](telemetry.md#prometheus). This page is printed from the "
	"table\n"
	"that the exporter itself uses; a test compares the two.\n\n"
	"Counters begin at 0 when callgate starts, those of SIP also at `clear sip statistics`;\n"
	"`rate()` and `increase()` know that. A histogram has the series `_bucket` (label `le`),\n"
	"`_sum` and `_count`.\n\n"
	"| name | kind | labels | meaning |\n"
	"|---|---|---|---|\n";

int
main(void)
{
	fputs(head, stdout);
	for (unsigned int i = 0; i < FAMILIES_COUNT; i++) {
		const struct family_text *text = family_text((enum family)i);

		printf("| `%s` | %s | %s | %s |\n", text->name, family_kind_name(text->kind),
			text->labels, text->help);
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
