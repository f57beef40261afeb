/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where settings stand in the files, and which of them differ between two configurations: what a
 * reload needs. Numbers and words are compared by value; lists by a digest of them in the effective
 * tree (effective.c), so that spelling out a default is no change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader_priv.h"

enum { PATH_TEXT_MAX = 256 };

static const uint64_t digest_start = UINT64_C(0xcbf29ce484222325);
static const uint64_t digest_factor = UINT64_C(0x100000001b3);

/* FNV-1a: guards against oversight, not against an adversary. */
static uint64_t
digest_bytes(uint64_t digest, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < length; i++)
		digest = (digest ^ bytes[i]) * digest_factor;
	return digest;
}

static uint64_t
digest_setting(uint64_t digest, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting), *text;
	int type = config_setting_type(setting), i;
	int64_t number = 0;

	if (name != NULL)
		digest = digest_bytes(digest, name, strlen(name) + 1);
	digest = digest_bytes(digest, &type, sizeof(type));
	switch (type) {
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(setting);
		return digest_bytes(digest, text, strlen(text) + 1);
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_GROUP:
		for (i = 0; i < config_setting_length(setting); i++)
			digest = digest_setting(
				digest, config_setting_get_elem(setting, (unsigned int)i));
		number = i;
		break;
	case CONFIG_TYPE_BOOL:
		number = config_setting_get_bool(setting);
		break;
	default:
		number = config_setting_get_int64(setting);
		break;
	}
	return digest_bytes(digest, &number, sizeof(number));
}

/* One copy of each file name; libconfig's own go with its tree. */
static const char *
file_intern(struct reader *reader, const char *file)
{
	struct config_places *places = reader->config->places;
	char **grown;
	unsigned int i;

	for (i = 0; i < places->file_count; i++)
		if (strcmp(places->files[i], file) == 0)
			return places->files[i];
	grown = realloc(places->files, (places->file_count + 1) * sizeof(*grown));
	if (grown == NULL)
		longjmp(reader->out_of_memory, 1);
	places->files = grown;
	grown[places->file_count] = reader_strdup(reader, file);
	return grown[places->file_count++];
}

static struct config_place
place_find(struct reader *reader, const char *path)
{
	const config_setting_t *setting = NULL;
	struct config_place place;
	struct source source;
	char ancestor[PATH_TEXT_MAX];
	char *end;

	snprintf(ancestor, sizeof(ancestor), "%s", path);
	while (setting == NULL) {
		setting = config_lookup(&reader->tree, ancestor);
		end = strrchr(ancestor, '.');
		if (end == NULL)
			break;
		*end = '\0';
	}
	if (setting == NULL) {
		place.file = file_intern(reader, reader->config->file);
		place.line = 1;
	} else {
		source_find(reader, setting, &source);
		place.file = file_intern(reader, source.file);
		place.line = source.line;
	}
	return place;
}

void
places_create(struct reader *reader)
{
	struct config_places *places = reader_alloc(reader, 1, sizeof(*places));
	const config_setting_t *setting;
	const struct setting *row;
	unsigned int i;

	reader->config->places = places;
	places->places = reader_alloc(reader, setting_count, sizeof(*places->places));
	places->digests = reader_alloc(reader, setting_count, sizeof(*places->digests));
	for (i = 0; i < setting_count; i++) {
		row = &setting_table[i];
		if (setting_in_list(row))
			continue;
		places->places[i] = place_find(reader, row->path);
		if (row->type != SETTING_LIST && row->type != SETTING_OTHER)
			continue;
		setting = config_lookup(&reader->effective, row->path);
		places->digests[i] = setting != NULL ? digest_setting(digest_start, setting) : 0;
	}
}

void
places_free(struct config_places *places)
{
	unsigned int i;

	if (places == NULL)
		return;
	for (i = 0; i < places->file_count; i++)
		free(places->files[i]);
	free(places->files);
	free(places->places);
	free(places->digests);
	free(places);
}

struct config_place
config_place(const struct config *config, const char *path)
{
	const struct setting *row = setting_find(path);

	if (row == NULL || setting_in_list(row))
		return (struct config_place){.file = config->file, .line = 1};
	return config->places->places[row - setting_table];
}

static bool
setting_differs(const struct setting *row, const struct config *a, const struct config *b)
{
	const uint8_t *field_a = (const uint8_t *)a + row->offset;
	const uint8_t *field_b = (const uint8_t *)b + row->offset;
	const char *text_a, *text_b;

	switch (row->type) {
	case SETTING_INTEGER:
	case SETTING_BOOLEAN:
	case SETTING_CHOICE:
		return memcmp(field_a, field_b, row->size) != 0;
	case SETTING_WORD:
	case SETTING_NAME:
	case SETTING_TEXT:
		memcpy(&text_a, field_a, sizeof(text_a));
		memcpy(&text_b, field_b, sizeof(text_b));
		return strcmp(text_a, text_b) != 0;
	case SETTING_LIST:
	case SETTING_OTHER:
		return a->places->digests[row - setting_table] !=
		       b->places->digests[row - setting_table];
	case SETTING_GROUP:
		break;
	}
	return false;
}

unsigned int
config_reload_check(const struct config *running, const struct config *next, config_fault_fn fault,
	void *context)
{
	struct config_fault report;
	const struct setting *row;
	unsigned int i, count = 0;

	for (i = 0; i < setting_count; i++) {
		row = &setting_table[i];
		if ((row->flags & SETTING_LIVE) || setting_in_list(row) ||
			!setting_differs(row, running, next))
			continue;
		report.file = next->places->places[i].file;
		report.line = next->places->places[i].line;
		report.path = row->path;
		report.text =
			"differs from the running configuration and cannot change live, allowed: "
			"the running value, or a restart";
		fault(context, &report);
		count++;
	}
	return count;
}
