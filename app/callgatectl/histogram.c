/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histograms as tables.
 *
 * Overview: a record's name is its kind, "_" and the worker. Its "le_BORDER" count all that is not
 * above the border; people want to see what is in each bucket, so neighbours are subtracted. Buckets
 * that are empty for every worker are left out.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "table.h"

static const struct kind {
	const char *prefix, *heading, *sum;
	double unit; /* of the sum, to what is shown */
	const char *mean;
	int digits; /* of the mean */
} kinds[] = {
	{"busy_", "Share of a second in which a worker had work: seconds", "sum_millionths", 1e-4,
		"mean, %", 1},
	{"sip_", "Time that the ALG took: one SIP message in 13", "sum_ns", 1, "mean, ns", 0},
};

static void
border_name(char *name, size_t size, const struct kind *kind, const char *border)
{
	const double number = strtod(border, NULL);

	if (kind == &kinds[0])
		snprintf(name, size, "up to %s %%", border);
	else if (number < 1e3)
		snprintf(name, size, "up to %.0f ns", number);
	else if (number < 1e6)
		snprintf(name, size, "up to %.3g us", number / 1e3);
	else
		snprintf(name, size, "up to %.3g ms", number / 1e6);
}

static void
cell_put(json_t *rows, const char *row, const char *worker, json_t *value)
{
	if (json_object_get(rows, row) == NULL)
		json_object_set_new(rows, row, json_object());
	json_object_set_new(json_object_get(rows, row), worker, value);
}

static void
record_read(json_t *rows, const struct kind *kind, const char *worker, json_t *record)
{
	const json_int_t count = json_integer_value(json_object_get(record, "count"));
	const double sum = (double)json_integer_value(json_object_get(record, kind->sum));
	json_int_t before = 0;
	const char *key;
	json_t *value;
	char name[48];

	json_object_foreach(record, key, value)
	{
		if (strncmp(key, "le_", 3) != 0)
			continue;
		border_name(name, sizeof(name), kind, key + 3);
		cell_put(rows, name, worker, json_integer(json_integer_value(value) - before));
		before = json_integer_value(value);
	}
	cell_put(rows, "above", worker, json_integer(count - before));
	cell_put(rows, "all", worker, json_integer(count));
	cell_put(rows, kind->mean, worker,
		count > 0 ? json_sprintf("%.*f", kind->digits, sum * kind->unit / (double)count)
			  : json_string("-"));
}

static bool
row_is_empty(const json_t *row)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)row, key, value)
	{
		if (!json_is_integer(value) || json_integer_value(value) != 0)
			return false;
	}
	return true;
}

static void
rows_trim(json_t *rows)
{
	const char *key;
	json_t *value;
	void *rest;

	json_object_foreach_safe(rows, rest, key, value)
	{
		if (row_is_empty(value) && strcmp(key, "all") != 0)
			json_object_del(rows, key);
	}
}

void
histograms_print(FILE *out, const json_t *answer, unsigned int width)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t length = strlen(kinds[i].prefix);
		json_t *rows = json_object(), *record;
		const char *key;
		char worker[48];

		json_object_foreach((json_t *)(uintptr_t)answer, key, record)
		{
			if (strncmp(key, kinds[i].prefix, length) != 0)
				continue;
			snprintf(worker, sizeof(worker), "worker %s", key + length);
			record_read(rows, &kinds[i], worker, record);
		}
		rows_trim(rows);
		fprintf(out, "%s%s\n", i > 0 ? "\n" : "", kinds[i].heading);
		table_print(out, rows, width);
		json_decref(rows);
	}
}
