/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "metric.h"

void
metric_begin(struct metric_writer *writer, enum family family)
{
	const struct family_text *text = family_text(family);

	writer->family = family;
	fprintf(writer->out, "# HELP %s %s\n# TYPE %s %s\n", text->name, text->help, text->name,
		family_kind_name(text->kind));
}

void
metric_sample(struct metric_writer *writer, const char *suffix)
{
	writer->labelled = false;
	fprintf(writer->out, "%s%s", family_text(writer->family)->name, suffix);
}

void
metric_label(struct metric_writer *writer, const char *name, const char *value)
{
	fprintf(writer->out, "%c%s=\"", writer->labelled ? ',' : '{', name);
	writer->labelled = true;
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			fputs("\\n", writer->out);
		else if (*value == '\\' || *value == '"')
			fprintf(writer->out, "\\%c", *value);
		else
			fputc(*value, writer->out);
	}
	fputc('"', writer->out);
}

void
metric_integer(struct metric_writer *writer, int64_t value)
{
	fprintf(writer->out, "%s %" PRId64 "\n", writer->labelled ? "}" : "", value);
}

void
metric_real(struct metric_writer *writer, double value)
{
	fprintf(writer->out, "%s %.15g\n", writer->labelled ? "}" : "", value);
}

void
metric_single(struct metric_writer *writer, enum family family, int64_t value)
{
	metric_begin(writer, family);
	metric_sample(writer, "");
	metric_integer(writer, value);
}
