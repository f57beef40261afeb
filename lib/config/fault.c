/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults: collected while the sections run, reported once at the end, file by file and line by
 * line, because sections do not run in the order in which a file is written.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader_priv.h"

enum { PATH_MAX_LENGTH = 512, TEXT_MAX_LENGTH = 1024 };

void *
reader_alloc(struct reader *reader, size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (memory == NULL)
		longjmp(reader->out_of_memory, 1);
	return memory;
}

char *
reader_strdup(struct reader *reader, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		longjmp(reader->out_of_memory, 1);
	return copy;
}

/* "ports[0].driver"; returns how many characters it has. */
static size_t
path_format(const config_setting_t *setting, char *buffer, size_t size)
{
	const config_setting_t *parent = config_setting_parent(setting);
	size_t used;
	int written;

	buffer[0] = '\0';
	if (parent == NULL)
		return 0;
	used = path_format(parent, buffer, size);
	if (config_setting_name(setting) != NULL)
		written = snprintf(buffer + used, size - used, "%s%s", used ? "." : "",
			config_setting_name(setting));
	else
		written =
			snprintf(buffer + used, size - used, "[%d]", config_setting_index(setting));
	if (written < 0 || (size_t)written >= size - used)
		return size - 1;
	return used + (size_t)written;
}

static void
fault_append(struct reader *reader, const char *file, int line, const char *path,
	const char *format, va_list arguments)
{
	struct fault_list *list = &reader->faults;
	struct fault_entry *grown, *entry;
	char text[TEXT_MAX_LENGTH];

	vsnprintf(text, sizeof(text), format, arguments);
	grown = realloc(list->entries, (list->count + 1) * sizeof(*grown));
	if (grown == NULL)
		longjmp(reader->out_of_memory, 1);
	list->entries = grown;
	entry = &grown[list->count];
	memset(entry, 0, sizeof(*entry));
	entry->order = list->count++;
	entry->line = line;
	entry->included = strcmp(file, reader->config->file) != 0;
	entry->file = reader_strdup(reader, file);
	entry->path = reader_strdup(reader, path);
	entry->text = reader_strdup(reader, text);
}

void
fault_add_at(struct reader *reader, const char *file, int line, const char *path,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fault_append(reader, file, line, path, format, arguments);
	va_end(arguments);
}

void
fault_add(struct reader *reader, const config_setting_t *setting, const char *format, ...)
{
	char path[PATH_MAX_LENGTH];
	struct source source;
	va_list arguments;

	path_format(setting, path, sizeof(path));
	source_find(reader, setting, &source);
	va_start(arguments, format);
	fault_append(reader, source.file, source.line, path, format, arguments);
	va_end(arguments);
}

void
fault_add_member(struct reader *reader, const config_setting_t *group, const char *member,
	const char *format, ...)
{
	const config_setting_t *setting = config_setting_get_member(group, member);
	char path[PATH_MAX_LENGTH];
	struct source source;
	va_list arguments;
	size_t used;

	if (setting != NULL) {
		path_format(setting, path, sizeof(path));
	} else {
		setting = group;
		used = path_format(group, path, sizeof(path));
		snprintf(path + used, sizeof(path) - used, "%s%s", used ? "." : "", member);
	}
	source_find(reader, setting, &source);
	va_start(arguments, format);
	fault_append(reader, source.file, source.line, path, format, arguments);
	va_end(arguments);
}

static int
fault_compare(const void *left, const void *right)
{
	const struct fault_entry *a = left, *b = right;
	int by_file;

	if (a->included != b->included)
		return a->included ? 1 : -1;
	by_file = strcmp(a->file, b->file);
	if (by_file != 0)
		return by_file;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void
fault_list_report(struct fault_list *faults, config_fault_fn fault, void *context)
{
	struct config_fault report;
	unsigned int i;

	if (faults->count > 1)
		qsort(faults->entries, faults->count, sizeof(*faults->entries), fault_compare);
	for (i = 0; i < faults->count; i++) {
		report.file = faults->entries[i].file;
		report.line = faults->entries[i].line;
		report.path = faults->entries[i].path;
		report.text = faults->entries[i].text;
		fault(context, &report);
	}
}

void
fault_list_free(struct fault_list *faults)
{
	unsigned int i;

	for (i = 0; i < faults->count; i++) {
		free(faults->entries[i].file);
		free(faults->entries[i].path);
		free(faults->entries[i].text);
	}
	free(faults->entries);
	memset(faults, 0, sizeof(*faults));
}

int
config_fault_format(char *buffer, size_t size, const struct config_fault *fault)
{
	return snprintf(
		buffer, size, "%s:%d: %s: %s", fault->file, fault->line, fault->path, fault->text);
}
