/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files as text, for what libconfig does not tell or does not notice: full names of included
 * files, the line of a text at the end of an array, folders, integers that overflow.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "reader_priv.h"

enum { INCLUDE_DEPTH_MAX = 10, FILE_LINE_MAX = 4096 };

void
source_path(const struct reader *reader, const char *file, char path[SOURCE_FILE_MAX])
{
	const char *main_file = reader->config->file, *slash = strrchr(main_file, '/');

	if (file[0] == '/' || strcmp(file, main_file) == 0 || slash == NULL)
		snprintf(path, SOURCE_FILE_MAX, "%s", file);
	else
		snprintf(path, SOURCE_FILE_MAX, "%.*s/%s", (int)(slash - main_file), main_file,
			file);
}

/* The last line up to `line` with this text in quotes; `line` when there is none. */
static int
line_of_text(const char *file, int line, const char *text)
{
	char buffer[FILE_LINE_MAX], quoted[FILE_LINE_MAX];
	FILE *stream = fopen(file, "r");
	int number, found = line;

	if (stream == NULL)
		return line;
	snprintf(quoted, sizeof(quoted), "\"%s\"", text);
	for (number = 1; number <= line && fgets(buffer, sizeof(buffer), stream); number++)
		if (strstr(buffer, quoted) != NULL)
			found = number;
	fclose(stream);
	return found;
}

void
source_find(const struct reader *reader, const config_setting_t *setting, struct source *source)
{
	const char *file = config_setting_source_file(setting);

	source_path(reader, file != NULL ? file : reader->config->file, source->file);
	source->line = config_setting_source_line(setting);
	/* The top of the tree stands on no line of its own. */
	if (source->line == 0)
		source->line = 1;
	/*
	 * libconfig gives a text in an array the line of the token after it, because texts are
	 * joined and it has to look whether another one follows.
	 */
	if (config_setting_type(setting) == CONFIG_TYPE_STRING &&
		config_setting_name(setting) == NULL)
		source->line = line_of_text(
			source->file, source->line, config_setting_get_string(setting));
}

/* The name in an @include line; false when the line is none. */
static bool
include_line(const char *line, char name[SOURCE_FILE_MAX])
{
	const char *end;

	line += strspn(line, " \t");
	if (strncmp(line, "@include", 8) != 0)
		return false;
	line += 8;
	line += strspn(line, " \t");
	if (*line++ != '"')
		return false;
	end = strchr(line, '"');
	if (end == NULL || end - line >= SOURCE_FILE_MAX)
		return false;
	snprintf(name, SOURCE_FILE_MAX, "%.*s", (int)(end - line), line);
	return true;
}

/* libconfig keeps the low 32 bits of an integer without "L" at its end and says nothing. */
static const char *
integer_scan(struct reader *reader, const char *file, int line, const char *text)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, hexadecimal ? 16 : 10);
	if (*end == 'L' || *end == '.' || *end == 'e' || *end == 'E')
		return end;
	if (errno != 0 || value > (hexadecimal ? UINT_MAX : INT_MAX))
		fault_add_at(reader, file, line, "syntax",
			"integer %.*s does not fit, allowed: at most 2147483647", (int)(end - text),
			text);
	return end;
}

/* Integers of one line outside texts and comments. */
static void
line_scan(struct reader *reader, const char *file, int line, const char *text, bool *comment)
{
	while (*text != '\0') {
		if (*comment) {
			text = strstr(text, "*/");
			if (text == NULL)
				return;
			*comment = false;
			text += 2;
		} else if (*text == '#' || (text[0] == '/' && text[1] == '/')) {
			return;
		} else if (text[0] == '/' && text[1] == '*') {
			*comment = true;
			text += 2;
		} else if (*text == '"') {
			for (text++; *text != '\0' && *text != '"'; text++)
				if (*text == '\\' && text[1] != '\0')
					text++;
			text += *text == '"';
		} else if (isalpha((unsigned char)*text)) {
			text += strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789_-*");
		} else if (isdigit((unsigned char)*text)) {
			text = integer_scan(reader, file, line, text);
		} else {
			text++;
		}
	}
}

/*
 * A folder would make libconfig's scanner end the whole process, a running appliance too. An empty
 * name is the folder of the main file.
 */
static void
include_scan(
	struct reader *reader, const char *file, int line, const char *name, unsigned int depth)
{
	char included[SOURCE_FILE_MAX];
	struct stat status;

	source_path(reader, name[0] != '\0' ? name : ".", included);
	if (name[0] == '/')
		fault_add_at(reader, file, line, "@include",
			"\"%s\" is absolute, allowed: a name relative to the folder of %s", name,
			reader->config->file);
	else if (stat(included, &status) == 0 && S_ISDIR(status.st_mode))
		fault_add_at(reader, file, line, "@include", "\"%s\" is a folder, allowed: a file",
			included);
	else
		source_scan(reader, included, depth + 1);
}

void
source_scan(struct reader *reader, const char *file, unsigned int depth)
{
	char line[FILE_LINE_MAX], name[SOURCE_FILE_MAX];
	struct stat status;
	bool comment = false, whole = true;
	int number = 0;
	FILE *stream;

	if (depth > INCLUDE_DEPTH_MAX || stat(file, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	stream = fopen(file, "r");
	if (stream == NULL)
		return; /* libconfig reports that */
	while (fgets(line, sizeof(line), stream) != NULL) {
		number += whole;
		if (whole && !comment && include_line(line, name))
			include_scan(reader, file, number, name, depth);
		else
			line_scan(reader, file, number, line, &comment);
		whole = strchr(line, '\n') != NULL;
	}
	fclose(stream);
}
