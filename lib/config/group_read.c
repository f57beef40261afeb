/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading by the table: a group's members are looked up among the rows under its prefix; what has
 * no row is a fault, what has no member gets its default. Overview in reader_priv.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

#include "reader_priv.h"

enum { ALLOWED_TEXT_MAX = 512, NAME_TEXT_MAX = 64, NEAREST_MAX = 3 };

const char *
type_name(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "an integer";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "a boolean";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	case CONFIG_TYPE_LIST:
		return "a list";
	case CONFIG_TYPE_GROUP:
		return "a group";
	default:
		return "nothing";
	}
}

const char *
text_read(struct reader *reader, const config_setting_t *setting, const char *allowed)
{
	if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		fault_add(reader, setting, "is %s, allowed: %s", type_name(setting), allowed);
		return NULL;
	}
	return config_setting_get_string(setting);
}

bool
integer_read(struct reader *reader, const config_setting_t *setting, int64_t min, int64_t max,
	int64_t *value)
{
	int type = config_setting_type(setting);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		fault_add(reader, setting, "is %s, allowed: an integer %" PRId64 " .. %" PRId64,
			type_name(setting), min, max);
		return false;
	}
	*value = config_setting_get_int64(setting);
	if (*value < min || *value > max) {
		fault_add(reader, setting, "is %" PRId64 ", allowed: %" PRId64 " .. %" PRId64,
			*value, min, max);
		return false;
	}
	return true;
}

bool
name_is_valid(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";
	size_t length = strlen(name);

	return length > 0 && length <= NAME_MAX_LENGTH && strspn(name, letters) == length &&
	       strchr("_-.", name[0]) == NULL;
}

static void
value_store(const struct setting *row, void *base, int64_t value)
{
	uint8_t *field = (uint8_t *)base + row->offset;
	uint32_t wide = (uint32_t)value;
	uint8_t narrow = (uint8_t)value;

	if (row->size == sizeof(wide))
		memcpy(field, &wide, sizeof(wide));
	else
		memcpy(field, &narrow, sizeof(narrow));
}

static void
text_store(struct reader *reader, const struct setting *row, void *base, const char *text)
{
	char *copy = reader_strdup(reader, text);

	memcpy((uint8_t *)base + row->offset, &copy, sizeof(copy));
}

/* Number of a word among the row's choices; -1 and a fault when it is none of them. */
static int
choice_read(struct reader *reader, const config_setting_t *setting, const struct setting *row)
{
	char allowed[ALLOWED_TEXT_MAX];
	const char *text;
	int i;

	setting_allowed_text(row, allowed, sizeof(allowed));
	text = text_read(reader, setting, allowed);
	if (text == NULL)
		return -1;
	for (i = 0; row->choices[i] != NULL; i++)
		if (strcmp(row->choices[i], text) == 0)
			return i;
	fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
	return -1;
}

static void
string_read(struct reader *reader, const config_setting_t *setting, const struct setting *row,
	void *base)
{
	char allowed[ALLOWED_TEXT_MAX];
	const char *text;
	bool good;

	setting_allowed_text(row, allowed, sizeof(allowed));
	text = text_read(reader, setting, allowed);
	if (text == NULL)
		return;
	good = row->type == SETTING_NAME ? name_is_valid(text) : text[0] != '\0';
	if (good)
		text_store(reader, row, base, text);
	else
		fault_add(reader, setting, "is \"%.80s\", allowed: %s", text, allowed);
}

static void
default_store(struct reader *reader, const struct setting *row, void *base)
{
	switch (row->type) {
	case SETTING_INTEGER:
	case SETTING_BOOLEAN:
	case SETTING_CHOICE:
		value_store(row, base, row->fallback);
		break;
	case SETTING_WORD:
	case SETTING_NAME:
	case SETTING_TEXT:
		if (row->text != NULL)
			text_store(reader, row, base, row->text);
		break;
	case SETTING_GROUP:
	case SETTING_LIST:
	case SETTING_OTHER:
		break;
	}
}

static void
integer_setting_read(struct reader *reader, const config_setting_t *setting,
	const struct setting *row, void *base)
{
	int64_t value;

	if (integer_read(reader, setting, row->min, row->max, &value))
		value_store(row, base, value);
}

static void
member_read(struct reader *reader, const config_setting_t *setting, const struct setting *row,
	void *base)
{
	int number;

	switch (row->type) {
	case SETTING_GROUP:
		if (config_setting_type(setting) == CONFIG_TYPE_GROUP) {
			group_read(reader, setting, row->path, base);
			return;
		}
		fault_add(reader, setting, "is %s, allowed: a group { ... }", type_name(setting));
		group_read(reader, NULL, row->path, base);
		return;
	case SETTING_INTEGER:
		integer_setting_read(reader, setting, row, base);
		return;
	case SETTING_BOOLEAN:
		if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
			value_store(row, base, config_setting_get_bool(setting) != 0);
		else
			fault_add(
				reader, setting, "is %s, allowed: true, false", type_name(setting));
		return;
	case SETTING_CHOICE:
		number = choice_read(reader, setting, row);
		if (number >= 0)
			value_store(row, base, number);
		return;
	case SETTING_WORD:
		number = choice_read(reader, setting, row);
		if (number >= 0)
			text_store(reader, row, base, row->choices[number]);
		return;
	case SETTING_NAME:
	case SETTING_TEXT:
		string_read(reader, setting, row, base);
		return;
	case SETTING_LIST:
	case SETTING_OTHER:
		return;
	}
}

/* Levenshtein distance of two short names. */
static unsigned int
name_distance(const char *a, const char *b)
{
	unsigned int row[NAME_TEXT_MAX + 1], diagonal, above, best, i, j;
	unsigned int length = (unsigned int)strnlen(b, NAME_TEXT_MAX);

	for (j = 0; j <= length; j++)
		row[j] = j;
	for (i = 0; a[i] != '\0'; i++) {
		diagonal = row[0]++;
		for (j = 1; j <= length; j++) {
			above = row[j];
			best = diagonal + (a[i] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[length];
}

/* The fault of a name that has no row: the nearest names first, then how many others there are. */
static void
unknown_fault(struct reader *reader, const config_setting_t *setting, const char *prefix)
{
	const char *nearest[NEAREST_MAX], *member, *name = config_setting_name(setting);
	unsigned int distance[NEAREST_MAX], count = 0, i, j, here;
	char list[ALLOWED_TEXT_MAX], all[ALLOWED_TEXT_MAX];
	size_t used = 0, all_used = 0;

	list[0] = all[0] = '\0';
	for (i = 0; i < setting_count; i++) {
		member = setting_member_name(&setting_table[i], prefix);
		if (member == NULL)
			continue;
		all_used += (size_t)snprintf(all + all_used, sizeof(all) - all_used, "%s%s",
			all_used ? ", " : "", member);
		here = name_distance(name, member);
		for (j = count; j > 0 && distance[j - 1] > here; j--) {
			if (j < NEAREST_MAX) {
				distance[j] = distance[j - 1];
				nearest[j] = nearest[j - 1];
			}
		}
		if (j < NEAREST_MAX) {
			distance[j] = here;
			nearest[j] = member;
			if (count < NEAREST_MAX)
				count++;
		}
	}
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, "%s%s", i ? ", " : "", nearest[i]);
	fault_add(reader, setting, "unknown setting (nearest: %s), allowed: %s", list, all);
}

void
group_read(struct reader *reader, const config_setting_t *group, const char *prefix, void *base)
{
	const config_setting_t *setting;
	char allowed[ALLOWED_TEXT_MAX];
	const struct setting *row;
	const char *name;
	unsigned int i;
	int child;

	for (i = 0; i < setting_count; i++) {
		row = &setting_table[i];
		name = setting_member_name(row, prefix);
		if (name == NULL)
			continue;
		setting = group ? config_setting_get_member(group, name) : NULL;
		if (setting != NULL) {
			member_read(reader, setting, row, base);
			continue;
		}
		if (row->type == SETTING_GROUP)
			group_read(reader, NULL, row->path, base);
		else
			default_store(reader, row, base);
		if ((row->flags & SETTING_REQUIRED) && group != NULL) {
			setting_allowed_text(row, allowed, sizeof(allowed));
			fault_add_member(reader, group, name, "missing, allowed: %s", allowed);
		}
	}
	for (child = 0; group != NULL && child < config_setting_length(group); child++) {
		setting = config_setting_get_elem(group, (unsigned int)child);
		if (setting_find_member(prefix, config_setting_name(setting)) == NULL)
			unknown_fault(reader, setting, prefix);
	}
}
