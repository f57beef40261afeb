/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON answers as aligned text.
 *
 * Overview: every answer becomes grids of cells; a grid is printed with its columns aligned,
 * numbers to the right. Field names are those of the answer, so that what a user reads is what a
 * script finds under --json.
 * Life cycle: a grid lives for one print. Allocation failure ends the program: there is nothing
 * else this client could do.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <err.h>

#include "rates.h"
#include "table.h"

enum { GAP = 2 }; /* between columns */

struct cell {
	char *text; /* NULL: empty */
	bool number;
};

struct grid {
	size_t rows, columns;
	struct cell *cells;
};

static void
grid_init(struct grid *grid, size_t rows, size_t columns)
{
	grid->rows = rows;
	grid->columns = columns;
	grid->cells = calloc(rows * columns + 1, sizeof(*grid->cells));
	if (grid->cells == NULL)
		err(1, "table");
}

static void
grid_free(struct grid *grid)
{
	for (size_t i = 0; i < grid->rows * grid->columns; i++)
		free(grid->cells[i].text);
	free(grid->cells);
}

static struct cell *
grid_cell(const struct grid *grid, size_t row, size_t column)
{
	return &grid->cells[row * grid->columns + column];
}

static void
cell_set(struct cell *cell, const char *text)
{
	free(cell->text);
	cell->text = strdup(text);
	if (cell->text == NULL)
		err(1, "table");
}

static void
cell_set_value(struct cell *cell, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		cell_set(cell, json_string_value(value));
		return;
	}
	cell->number = json_is_number(value);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	if (text == NULL)
		err(1, "table");
	free(cell->text);
	cell->text = text;
}

/* "12/s"; nothing where nothing moved. */
static void
cell_set_rate(struct cell *cell, const json_t *value)
{
	char text[RATE_TEXT_MAX];

	cell->number = true;
	rates_text(value, text);
	cell_set(cell, json_number_value(value) > 0 ? text : "");
}

/* Columns on a screen: UTF-8 continuation bytes take none. */
static size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; text != NULL && *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static size_t
column_width(const struct grid *grid, size_t column)
{
	size_t width = 0, cell;

	for (size_t row = 0; row < grid->rows; row++) {
		cell = text_width(grid_cell(grid, row, column)->text);
		width = cell > width ? cell : width;
	}
	return width;
}

static void
grid_print(FILE *out, const struct grid *grid, bool heading)
{
	const struct cell *cell, *first;
	size_t pad, *width = calloc(grid->columns + 1, sizeof(*width));
	bool right;

	if (width == NULL)
		err(1, "table");
	for (size_t column = 0; column < grid->columns; column++)
		width[column] = column_width(grid, column);
	for (size_t row = 0; row < grid->rows; row++) {
		for (size_t column = 0; column < grid->columns; column++) {
			cell = grid_cell(grid, row, column);
			/* A heading stands as the first value below it does. */
			first = heading && row == 0 && grid->rows > 1 ? grid_cell(grid, 1, column)
								      : cell;
			right = first->number;
			pad = width[column] - text_width(cell->text);
			fprintf(out, "%*s%s", right ? (int)pad : 0, "",
				cell->text == NULL ? "" : cell->text);
			if (column + 1 < grid->columns)
				fprintf(out, "%*s", (int)((right ? 0 : pad) + GAP), "");
		}
		fputc('\n', out);
	}
	free(width);
}

static size_t
grid_width(const struct grid *grid)
{
	size_t width = 0;

	for (size_t column = 0; column < grid->columns; column++)
		width += column_width(grid, column) + (column > 0 ? GAP : 0);
	return width;
}

/* Rows become columns: for few records with many fields. */
static void
grid_turn(struct grid *grid)
{
	struct grid turned;

	grid_init(&turned, grid->columns, grid->rows);
	for (size_t row = 0; row < grid->rows; row++) {
		for (size_t column = 0; column < grid->columns; column++)
			*grid_cell(&turned, column, row) = *grid_cell(grid, row, column);
	}
	free(grid->cells);
	*grid = turned;
}

/* Every field that any record has, in the order of appearance. */
static json_t *
fields_of(const json_t *records, bool named)
{
	json_t *fields = json_object();
	const char *key;
	json_t *value;

	if (fields == NULL)
		errx(1, "table: out of memory");
	for (size_t i = 0; i < json_array_size(records); i++) {
		json_t *record = json_array_get(records, i);

		if (named)
			record = json_array_get(record, 1);
		json_object_foreach(record, key, value)
		{
			if (json_object_get(fields, key) == NULL)
				json_object_set_new(fields, key, json_integer(0));
		}
	}
	return fields;
}

/* Records are called by a name, or by a number. */
static const char *
names_heading(const json_t *records)
{
	const char *first = json_string_value(json_array_get(json_array_get(records, 0), 0));

	return first[strspn(first, "0123456789")] == '\0' ? "#" : "name";
}

/* Records that say their name themselves: the key is no more than that, or less. */
static bool
names_inside(const json_t *records)
{
	for (size_t i = 0; i < json_array_size(records); i++) {
		if (json_object_get(json_array_get(json_array_get(records, i), 1), "name") == NULL)
			return false;
	}
	return true;
}

/* `records`: array of dictionaries; when `named`, of pairs [name, dictionary]. */
static void
records_print(FILE *out, const json_t *records, bool named, unsigned int width)
{
	bool keys = named && !names_inside(records);
	size_t shift = keys ? 1 : 0, column = 0;
	json_t *fields = fields_of(records, named);
	const char *key;
	struct grid grid;
	json_t *value;
	bool turned;

	grid_init(&grid, json_array_size(records) + 1, json_object_size(fields) + shift);
	if (keys)
		cell_set(grid_cell(&grid, 0, 0), names_heading(records));
	json_object_foreach(fields, key, value)
	{
		cell_set(grid_cell(&grid, 0, shift + column), key);
		json_integer_set(value, (json_int_t)column++);
	}
	for (size_t row = 0; row < json_array_size(records); row++) {
		json_t *record = json_array_get(records, row);

		if (keys)
			cell_set(grid_cell(&grid, row + 1, 0),
				json_string_value(json_array_get(record, 0)));
		if (named)
			record = json_array_get(record, 1);
		json_object_foreach(record, key, value)
		{
			column = (size_t)json_integer_value(json_object_get(fields, key));
			cell_set_value(grid_cell(&grid, row + 1, shift + column), value);
		}
	}
	turned = grid_width(&grid) > width;
	if (turned) {
		grid_turn(&grid);
		/* Too wide that way too: then the usual way. */
		turned = grid_width(&grid) <= width;
		if (!turned)
			grid_turn(&grid);
	}
	grid_print(out, &grid, !turned);
	grid_free(&grid);
	json_decref(fields);
}

static bool
is_record_array(const json_t *value)
{
	return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void
array_print(FILE *out, const json_t *array, unsigned int width)
{
	if (is_record_array(array)) {
		records_print(out, array, false, width);
		return;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct cell cell = {0};

		cell_set_value(&cell, json_array_get(array, i));
		fprintf(out, "%s\n", cell.text);
		free(cell.text);
	}
}

static bool
has_own_table(const json_t *value)
{
	return is_record_array(value) || (json_is_object(value) && json_object_size(value) > 0);
}

/* The cursor has been followed already; a rate stands beside its counter. */
static bool
has_own_row(const char *key, const json_t *value)
{
	return !has_own_table(value) && strcmp(key, "next") != 0 && !rates_is_rate(key);
}

static void
dictionary_print(FILE *out, json_t *dictionary, unsigned int width)
{
	json_t *named = json_array(), *value;
	size_t rows = 0, row = 0;
	bool rates = false;
	struct grid grid;
	const char *key;

	json_object_foreach(dictionary, key, value)
	{
		if (json_is_object(value) && json_object_size(value) > 0)
			json_array_append_new(named, json_pack("[sO]", key, value));
		rows += has_own_row(key, value);
		rates |= rates_is_rate(key);
	}
	grid_init(&grid, rows, rates ? 3 : 2);
	json_object_foreach(dictionary, key, value)
	{
		if (rates_is_rate(key) && row > 0)
			cell_set_rate(grid_cell(&grid, row - 1, 2), value);
		if (!has_own_row(key, value))
			continue;
		cell_set(grid_cell(&grid, row, 0), key);
		if (json_is_array(value) && json_array_size(value) == 0)
			cell_set(grid_cell(&grid, row++, 1), "none");
		else
			cell_set_value(grid_cell(&grid, row++, 1), value);
	}
	grid_print(out, &grid, false);
	grid_free(&grid);
	if (rows > 0 && json_array_size(named) > 0)
		fputc('\n', out);
	if (json_array_size(named) > 0)
		records_print(out, named, true, width);
	json_object_foreach(dictionary, key, value)
	{
		if (is_record_array(value)) {
			if (rows > 0)
				fprintf(out, "\n%s:\n", key);
			records_print(out, value, false, width);
		}
	}
	json_decref(named);
}

void
table_print(FILE *out, const json_t *answer, unsigned int width)
{
	if (json_is_object(answer) &&
		json_object_size(answer) == (json_object_get(answer, "next") != NULL)) {
		fprintf(out, "none\n");
	} else if (json_is_object(answer)) {
		dictionary_print(out, (json_t *)(uintptr_t)answer, width);
	} else if (json_is_array(answer)) {
		array_print(out, answer, width);
	} else {
		struct cell cell = {0};

		cell_set_value(&cell, answer);
		fprintf(out, "%s\n", cell.text);
		free(cell.text);
	}
}
