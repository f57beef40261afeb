/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of groups, arrays of plain values, and the names that entries define and refer to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader_priv.h"

enum { NAMES_SHOWN_MAX = 12, NAME_LIST_TEXT_MAX = 900 };

/* What faults call one of a kind, and where they are defined. */
static const struct {
	const char *noun, *path;
} name_kinds[NAME_KINDS] = {
	[NAME_PORT] = {"port", "ports"},
	[NAME_INTERFACE] = {"interface", "interfaces"},
	[NAME_ZONE] = {"zone", "zones"},
	[NAME_NETWORK] = {"network", "networks"},
	[NAME_ACL] = {"access list", "acls"},
	[NAME_POOL] = {"pool", "nat.pools"},
	[NAME_CLASS_MAP] = {"class map", "class_maps"},
	[NAME_POLICY_MAP] = {"policy map", "policy_maps"},
	[NAME_ZONE_PAIR] = {"zone pair", "zone_pairs"},
};

static const config_setting_t *
list_check(struct reader *reader, const config_setting_t *list, const struct setting *row,
	unsigned int *count)
{
	int length;

	*count = 0;
	if (list == NULL)
		return NULL;
	if (config_setting_type(list) != CONFIG_TYPE_LIST) {
		fault_add(reader, list, "is %s, allowed: a list of groups ( { ... }, ... )",
			type_name(list));
		return NULL;
	}
	length = config_setting_length(list);
	if (length == 0 && (row->flags & SETTING_REQUIRED))
		fault_add(reader, list, "is empty, allowed: 1 .. %d entries", (int)row->max);
	if (length > (int)row->max) {
		fault_add(
			reader, list, "has %d entries, allowed: at most %d", length, (int)row->max);
		length = (int)row->max;
	}
	*count = (unsigned int)length;
	return list;
}

const config_setting_t *
list_open(struct reader *reader, const char *path, unsigned int *count)
{
	return list_check(reader, config_lookup(&reader->tree, path), setting_find(path), count);
}

const config_setting_t *
list_open_member(struct reader *reader, const config_setting_t *group, const char *prefix,
	const char *member, unsigned int *count)
{
	return list_check(reader, config_setting_get_member(group, member),
		setting_find_member(prefix, member), count);
}

const config_setting_t *
list_entry(struct reader *reader, const config_setting_t *list, unsigned int index)
{
	const config_setting_t *entry = config_setting_get_elem(list, index);

	if (config_setting_type(entry) == CONFIG_TYPE_GROUP)
		return entry;
	fault_add(reader, entry, "is %s, allowed: a group { ... }", type_name(entry));
	return NULL;
}

unsigned int
sequence_open(struct reader *reader, const config_setting_t *setting, unsigned int min,
	unsigned int max, const char *what)
{
	int type = config_setting_type(setting);
	unsigned int length;

	if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST) {
		fault_add(reader, setting, "is %s, allowed: %s", type_name(setting), what);
		return 0;
	}
	length = (unsigned int)config_setting_length(setting);
	if (length < min || length > max) {
		fault_add(reader, setting, "has %u entries, allowed: %s", length, what);
		return 0;
	}
	return length;
}

int
name_index(const struct reader *reader, enum name_kind kind, const char *name)
{
	const struct name_list *list = &reader->names[kind];
	unsigned int i;

	for (i = 0; i < list->count; i++)
		if (list->names[i] != NULL && strcmp(list->names[i], name) == 0)
			return (int)i;
	return -1;
}

void
name_add(struct reader *reader, enum name_kind kind, const config_setting_t *setting,
	const char *name)
{
	struct name_list *list = &reader->names[kind];
	const char **grown;
	int other;

	if (name != NULL) {
		other = name_index(reader, kind, name);
		if (other >= 0)
			fault_add_member(reader, setting, "name",
				"\"%s\" is the name of %s[%d] already, allowed: a name of its own",
				name, name_kinds[kind].path, other);
	}
	grown = realloc(list->names, (list->count + 1) * sizeof(*grown));
	if (grown == NULL)
		longjmp(reader->out_of_memory, 1);
	list->names = grown;
	list->names[list->count++] = name;
}

void
name_list_text(const struct reader *reader, enum name_kind kind, char *buffer, size_t size)
{
	const struct name_list *list = &reader->names[kind];
	unsigned int i, shown = 0, left = 0;
	size_t used = 0;

	buffer[0] = '\0';
	for (i = 0; i < list->count; i++) {
		if (list->names[i] == NULL)
			continue;
		if (shown == NAMES_SHOWN_MAX || used + NAME_MAX_LENGTH + 32 > size) {
			left++;
			continue;
		}
		used += (size_t)snprintf(
			buffer + used, size - used, "%s%s", shown ? ", " : "", list->names[i]);
		shown++;
	}
	if (left != 0)
		snprintf(buffer + used, size - used, " and %u more", left);
	else if (shown == 0)
		snprintf(buffer, size, "none is defined");
}

int
name_resolve(struct reader *reader, enum name_kind kind, const config_setting_t *setting)
{
	char known[NAME_LIST_TEXT_MAX];
	const char *name;
	int index;

	name_list_text(reader, kind, known, sizeof(known));
	name = text_read(reader, setting, known);
	if (name == NULL)
		return -1;
	index = name_index(reader, kind, name);
	if (index < 0)
		fault_add(reader, setting, "\"%.80s\" is no %s, allowed: %s", name,
			name_kinds[kind].noun, known);
	return index;
}
