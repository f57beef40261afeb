/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The effective configuration: what the file says, with every default filled in, as a tree in the
 * order of the table, and as text that is a configuration file itself.
 *
 * Two files that mean the same have the same tree, however they are written, spread over included
 * files or silent about defaults; so a reload and a comparison look at trees alone. What is not in
 * the tree: settings without a default that are left out, and lists without entries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader_priv.h"

enum { DEFAULT_TEXT_MAX = 256, ENTRY_PATH_MAX = 128 };

static config_setting_t *
member_add(struct reader *reader, config_setting_t *parent, const char *name, int type)
{
	config_setting_t *made = config_setting_add(parent, name, type);

	if (made == NULL)
		longjmp(reader->out_of_memory, 1);
	return made;
}

static void
text_add(struct reader *reader, config_setting_t *parent, const char *name, const char *text)
{
	config_setting_set_string(member_add(reader, parent, name, CONFIG_TYPE_STRING), text);
}

/* One type for all numbers: how long one is written does not matter. */
static void
integer_add(struct reader *reader, config_setting_t *parent, const char *name, int64_t value)
{
	if (value >= INT32_MIN && value <= INT32_MAX)
		config_setting_set_int(
			member_add(reader, parent, name, CONFIG_TYPE_INT), (int)value);
	else
		config_setting_set_int64(
			member_add(reader, parent, name, CONFIG_TYPE_INT64), value);
}

/* A plain value, or an array or list of them. */
static void
value_copy(struct reader *reader, config_setting_t *parent, const char *name,
	const config_setting_t *from)
{
	int type = config_setting_type(from), i;
	config_setting_t *list;

	switch (type) {
	case CONFIG_TYPE_STRING:
		text_add(reader, parent, name, config_setting_get_string(from));
		return;
	case CONFIG_TYPE_BOOL:
		config_setting_set_bool(member_add(reader, parent, name, CONFIG_TYPE_BOOL),
			config_setting_get_bool(from));
		return;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		list = member_add(reader, parent, name, type);
		for (i = 0; i < config_setting_length(from); i++)
			value_copy(
				reader, list, NULL, config_setting_get_elem(from, (unsigned int)i));
		return;
	default:
		integer_add(reader, parent, name, config_setting_get_int64(from));
		return;
	}
}

/* A default that its row has as text in the language of the file. */
static void
written_add(struct reader *reader, config_setting_t *parent, const char *name, const char *value)
{
	char text[DEFAULT_TEXT_MAX];

	snprintf(text, sizeof(text), "%s = %s;", name, value);
	/* A row whose default is no value is a mistake of ours; a test goes through all of them. */
	if (config_read_string(&reader->spare, text) == CONFIG_TRUE)
		value_copy(reader, parent, name, config_lookup(&reader->spare, name));
}

/* `only` of a row: "kind=dynamic", or "block_size" for any number but 0. */
static bool
has_place(const config_setting_t *group, const char *only)
{
	const config_setting_t *other;
	char name[DEFAULT_TEXT_MAX];
	const char *value, *text;

	if (only == NULL)
		return true;
	value = strchr(only, '=');
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(only, "="), only);
	other = config_setting_get_member(group, name);
	if (other == NULL)
		return false;
	if (value == NULL)
		return config_setting_get_int64(other) != 0;
	text = config_setting_get_string(other);
	return text != NULL && strcmp(text, value + 1) == 0;
}

/* A device that is made has the port's name. */
static const char *
device_default(const config_setting_t *port)
{
	return has_place(port, "driver=tap")
		       ? config_setting_get_string(config_setting_get_member(port, "name"))
		       : NULL;
}

static void
default_add(
	struct reader *reader, config_setting_t *group, const char *name, const struct setting *row)
{
	const char *text = row->text;

	if ((row->flags & SETTING_REQUIRED) || !has_place(group, row->only))
		return;
	if (strcmp(row->path, "ports[].device") == 0)
		text = device_default(group);
	switch (row->type) {
	case SETTING_INTEGER:
		integer_add(reader, group, name, row->fallback);
		break;
	case SETTING_BOOLEAN:
		config_setting_set_bool(
			member_add(reader, group, name, CONFIG_TYPE_BOOL), row->fallback != 0);
		break;
	case SETTING_CHOICE:
		text_add(reader, group, name, row->choices[row->fallback]);
		break;
	case SETTING_WORD:
	case SETTING_NAME:
	case SETTING_TEXT:
		if (text != NULL)
			text_add(reader, group, name, text);
		break;
	case SETTING_OTHER:
		if (row->text != NULL)
			written_add(reader, group, name, row->text);
		break;
	case SETTING_GROUP:
	case SETTING_LIST:
		break;
	}
}

static void group_complete(struct reader *reader, config_setting_t *group, const char *prefix,
	const config_setting_t *from);

/* What a policy map has when it does not say so. */
static void
class_default_add(struct reader *reader, config_setting_t *classes, const char *prefix)
{
	static const char name[] = "class-default";
	int count = config_setting_length(classes);
	const config_setting_t *last = config_setting_get_elem(classes, (unsigned int)count - 1);
	const char *class = NULL;
	config_setting_t *made;

	config_setting_lookup_string(last, "class", &class);
	if (strcmp(class, name) == 0 || count >= (int)setting_find("policy_maps[].classes")->max)
		return;
	made = member_add(reader, classes, NULL, CONFIG_TYPE_GROUP);
	text_add(reader, made, "class", name);
	group_complete(reader, made, prefix, NULL);
}

static void
list_complete(struct reader *reader, config_setting_t *parent, const char *name,
	const struct setting *row, const config_setting_t *from)
{
	char prefix[ENTRY_PATH_MAX];
	config_setting_t *list;
	int i;

	if (from == NULL || config_setting_length(from) == 0)
		return;
	snprintf(prefix, sizeof(prefix), "%s[]", row->path);
	list = member_add(reader, parent, name, CONFIG_TYPE_LIST);
	for (i = 0; i < config_setting_length(from); i++)
		group_complete(reader, member_add(reader, list, NULL, CONFIG_TYPE_GROUP), prefix,
			config_setting_get_elem(from, (unsigned int)i));
	if (strcmp(row->path, "policy_maps[].classes") == 0)
		class_default_add(reader, list, prefix);
}

/* Every row under `prefix`: what `from` (NULL: an absent group) says, or the default. */
static void
group_complete(struct reader *reader, config_setting_t *group, const char *prefix,
	const config_setting_t *from)
{
	const config_setting_t *setting;
	const struct setting *row;
	const char *name;
	unsigned int i;

	for (i = 0; i < setting_count; i++) {
		row = &setting_table[i];
		name = setting_member_name(row, prefix);
		if (name == NULL)
			continue;
		setting = from != NULL ? config_setting_get_member(from, name) : NULL;
		if (row->type == SETTING_GROUP)
			group_complete(reader, member_add(reader, group, name, CONFIG_TYPE_GROUP),
				row->path, setting);
		else if (row->type == SETTING_LIST)
			list_complete(reader, group, name, row, setting);
		else if (setting != NULL)
			value_copy(reader, group, name, setting);
		else
			default_add(reader, group, name, row);
	}
}

/* As libconfig writes it, but in ASCII alone: it goes to terminals and through JSON. */
static char *
tree_text(struct reader *reader)
{
	char *written = NULL, *text, *to;
	size_t length = 0, i;
	FILE *stream = open_memstream(&written, &length);

	if (stream == NULL)
		longjmp(reader->out_of_memory, 1);
	config_write(&reader->effective, stream);
	if (fclose(stream) != 0) {
		free(written);
		longjmp(reader->out_of_memory, 1);
	}
	text = calloc(4 * length + 1, 1);
	for (i = 0, to = text; to != NULL && i < length; i++) {
		if (written[i] == '\n' || (written[i] >= ' ' && written[i] <= '~'))
			*to++ = written[i];
		else
			to += sprintf(to, "\\x%02X", (unsigned char)written[i]);
	}
	free(written);
	if (text == NULL)
		longjmp(reader->out_of_memory, 1);
	return text;
}

void
effective_create(struct reader *reader)
{
	group_complete(reader, config_root_setting(&reader->effective), "",
		config_root_setting(&reader->tree));
	reader->config->effective = tree_text(reader);
}
