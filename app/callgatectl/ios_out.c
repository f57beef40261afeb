/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ios_out.h"

enum { PATH_MAX_LENGTH = 80, REASON_MAX = 512 };

struct ios_origin {
	char path[PATH_MAX_LENGTH];
	struct ios_item *item;
};

void
ios_origin_add(struct ios_out *out, struct ios_item *item, const char *path, ...)
{
	struct ios_origin *origin;
	va_list arguments;

	if (out->count == out->size) {
		out->size = out->size == 0 ? 256 : 2 * out->size;
		out->origins = realloc(out->origins, out->size * sizeof(*out->origins));
		if (out->origins == NULL) {
			fprintf(stderr, "callgatectl: out of memory\n");
			exit(EXIT_FAILURE);
		}
	}
	origin = &out->origins[out->count++];
	origin->item = item;
	va_start(arguments, path);
	vsnprintf(origin->path, sizeof(origin->path), path, arguments);
	va_end(arguments);
}

static struct ios_item *
origin_exact(const struct ios_out *out, const char *path, size_t length)
{
	const struct ios_origin *origin;

	for (unsigned int i = 0; i < out->count; i++) {
		origin = &out->origins[i];
		if (strncmp(origin->path, path, length) == 0 && origin->path[length] == '\0' &&
			!origin->item->refused)
			return origin->item;
	}
	return NULL;
}

static struct ios_item *
origin_below(const struct ios_out *out, const char *path)
{
	const size_t length = strlen(path);
	const struct ios_origin *origin;

	for (unsigned int i = out->count; i > 0; i--) {
		origin = &out->origins[i - 1];
		if (strncmp(origin->path, path, length) == 0 &&
			(origin->path[length] == '.' || origin->path[length] == '[') &&
			!origin->item->refused)
			return origin->item;
	}
	return NULL;
}

struct ios_item *
ios_origin_find(const struct ios_out *out, const char *path)
{
	struct ios_item *item = origin_exact(out, path, strlen(path));

	if (item == NULL)
		item = origin_below(out, path);
	for (size_t length = strlen(path); length > 0 && item == NULL; length--)
		if (path[length - 1] == '.' || path[length - 1] == '[')
			item = origin_exact(out, path, length - 1);
	return item;
}

/* Length of "nat.rules[3].inside[0]" at the beginning of a text; 0: none. */
static size_t
path_length(const char *text)
{
	size_t length = 0, end = 0;

	while ((text[length] >= 'a' && text[length] <= 'z') || text[length] == '_' ||
		text[length] == '.' || (end > 0 && text[length] == '[')) {
		size_t digits;

		length += strspn(text + length, "abcdefghijklmnopqrstuvwxyz_.");
		if (text[length] != '[')
			break;
		digits = strspn(text + length + 1, "0123456789");
		if (digits == 0 || text[length + 1 + digits] != ']')
			break;
		length += digits + 2;
		end = length;
	}
	return end;
}

const char *
ios_fault_text(const struct ios_out *out, const char *text)
{
	char *made = NULL, path[PATH_MAX_LENGTH];
	const struct ios_item *item;
	const char *kept;
	size_t size, length;
	FILE *stream = open_memstream(&made, &size);

	if (stream == NULL)
		return text;
	while (*text != '\0') {
		length = path_length(text);
		snprintf(path, sizeof(path), "%.*s", (int)length, text);
		item = length > 0 ? ios_origin_find(out, path) : NULL;
		if (item != NULL && item->line > 0) {
			fprintf(stream, "line %u", item->line);
			text += length;
			continue;
		}
		/* A whole word, so that no path begins in its middle. */
		length = length > 0 ? length : strcspn(text, " ") + (strchr(text, ' ') != NULL);
		fwrite(text, 1, length, stream);
		text += length;
	}
	fclose(stream);
	kept = ios_strdup(&out->model->arena, made);
	free(made);
	return kept;
}

void
ios_origins_free(struct ios_out *out)
{
	free(out->origins);
	out->origins = NULL;
	out->count = out->size = 0;
}

void
ios_drop(struct ios_out *out, struct ios_item *item, const char *format, ...)
{
	char reason[REASON_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	ios_refuse(out->model, item->line, "%s", reason);
	item->refused = true;
	out->again = true;
}

void
ios_entry_begin(struct ios_out *out, const char *list, unsigned int index)
{
	if (index == 0)
		fprintf(out->stream, "\n%s: (\n", list);
	else
		fprintf(out->stream, ",\n");
}

void
ios_list_end(struct ios_out *out, unsigned int count)
{
	if (count > 0)
		fprintf(out->stream, "\n);\n");
}
