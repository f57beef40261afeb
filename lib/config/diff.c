/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between two effective configurations, setting by setting.
 *
 * Overview: both texts are complete and in the order of the table (effective.c), so groups are
 * compared member by member. Entries of a list are told apart by their name ("class" in a policy
 * map): one that both have is compared, others came or went. Entries without a name (of access
 * lists, rules, routes) count by their place: what is the same at the beginning and at the end of
 * both lists is left out, what remains between came and went. Where the order of entries that both
 * have is another one, that is a change of the list.
 * Limits: paths longer than PATH_TEXT_MAX are cut.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconfig.h>

#include "config/config.h"

#include "setting_priv.h"

enum { PATH_TEXT_MAX = 512, ROW_PATH_MAX = 128 };

struct diff {
	const struct config *next;
	config_change_fn change;
	void *context;
	const struct setting *row; /* outside lists: the one that decides */
	unsigned int count;
	bool no_memory;
};

static void
string_write(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text >= ' ' && *text <= '~')
			fputc(*text, out);
		else
			fprintf(out, "\\x%02X", (unsigned char)*text);
	}
	fputc('"', out);
}

static void
value_write(FILE *out, const config_setting_t *setting)
{
	int type = config_setting_type(setting), i;
	const char *open = type == CONFIG_TYPE_GROUP ? "{ " : type == CONFIG_TYPE_ARRAY ? "[" : "(";
	const char *close = type == CONFIG_TYPE_GROUP   ? " }"
			    : type == CONFIG_TYPE_ARRAY ? "]"
							: ")";
	const config_setting_t *member;

	switch (type) {
	case CONFIG_TYPE_STRING:
		string_write(out, config_setting_get_string(setting));
		return;
	case CONFIG_TYPE_BOOL:
		fputs(config_setting_get_bool(setting) ? "true" : "false", out);
		return;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		fprintf(out, "%lld", config_setting_get_int64(setting));
		return;
	default:
		break;
	}
	fputs(open, out);
	for (i = 0; i < config_setting_length(setting); i++) {
		member = config_setting_get_elem(setting, (unsigned int)i);
		fputs(i == 0 ? "" : type == CONFIG_TYPE_GROUP ? "; " : ", ", out);
		if (config_setting_name(member) != NULL)
			fprintf(out, "%s = ", config_setting_name(member));
		value_write(out, member);
	}
	fputs(close, out);
}

/* NULL for NULL, and when there is no memory. */
static char *
value_text(struct diff *diff, const config_setting_t *setting)
{
	char *text = NULL;
	size_t length;
	FILE *out;

	if (setting == NULL)
		return NULL;
	out = open_memstream(&text, &length);
	if (out != NULL) {
		value_write(out, setting);
		if (fclose(out) == 0)
			return text;
	}
	free(text);
	diff->no_memory = true;
	return NULL;
}

static bool
value_same(struct diff *diff, const config_setting_t *a, const config_setting_t *b)
{
	char *before = value_text(diff, a), *after = value_text(diff, b);
	bool same = before != NULL && after != NULL ? strcmp(before, after) == 0 : a == b;

	free(before);
	free(after);
	return same;
}

/* One change; a value that is not there is NULL. */
static void
change_report(struct diff *diff, const char *path, const config_setting_t *before,
	const config_setting_t *after)
{
	const struct config_place place = config_place(diff->next, diff->row->path);
	char *from = value_text(diff, before), *to = value_text(diff, after);
	const struct config_change change = {
		.path = path,
		.before = from,
		.after = to,
		.live = (diff->row->flags & SETTING_LIVE) != 0,
		.file = place.file,
		.line = place.line,
	};

	diff->count++;
	diff->change(diff->context, &change);
	free(from);
	free(to);
}

static void __attribute__((format(printf, 2, 3)))
path_format(char path[PATH_TEXT_MAX], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, PATH_TEXT_MAX, format, arguments);
	va_end(arguments);
}

static void group_compare(struct diff *diff, const char *prefix, const char *path,
	const config_setting_t *a, const config_setting_t *b);

/* What tells the entries of a list apart; NULL: nothing but their place. */
static const char *
identity_of(const char *prefix)
{
	if (setting_find_member(prefix, "name") != NULL)
		return "name";
	return strcmp(prefix, "policy_maps[].classes[]") == 0 ? "class" : NULL;
}

static int
entries(const config_setting_t *list)
{
	return list != NULL ? config_setting_length(list) : 0;
}

static const config_setting_t *
entry_at(const config_setting_t *list, int index)
{
	return config_setting_get_elem(list, (unsigned int)index);
}

static const char *
entry_name(const config_setting_t *entry, const char *identity)
{
	const char *name = config_setting_get_string(config_setting_get_member(entry, identity));

	return name != NULL ? name : "";
}

/* Most are where they were: `hint`. */
static const config_setting_t *
entry_find(const config_setting_t *list, const char *identity, const char *name, int hint)
{
	int i;

	if (hint < entries(list) && strcmp(entry_name(entry_at(list, hint), identity), name) == 0)
		return entry_at(list, hint);
	for (i = 0; i < entries(list); i++)
		if (strcmp(entry_name(entry_at(list, i), identity), name) == 0)
			return entry_at(list, i);
	return NULL;
}

/* The next entry that the other list has too; NULL: no more. */
static const config_setting_t *
next_common(
	const config_setting_t *list, int *at, const config_setting_t *other, const char *identity)
{
	const config_setting_t *entry;

	while (*at < entries(list)) {
		entry = entry_at(list, (*at)++);
		if (entry_find(other, identity, entry_name(entry, identity), *at - 1) != NULL)
			return entry;
	}
	return NULL;
}

static bool
order_same(const config_setting_t *a, const config_setting_t *b, const char *identity)
{
	const config_setting_t *one, *other;
	int at_a = 0, at_b = 0;

	do {
		one = next_common(a, &at_a, b, identity);
		other = next_common(b, &at_b, a, identity);
		if (one != NULL && other != NULL &&
			strcmp(entry_name(one, identity), entry_name(other, identity)) != 0)
			return false;
	} while (one != NULL && other != NULL);
	return true;
}

/* Names alone, in their order. */
static void
order_report(struct diff *diff, const char *path, const config_setting_t *a,
	const config_setting_t *b, const char *identity)
{
	const config_setting_t *lists[] = {a, b};
	config_t tree;
	config_setting_t *root, *names;
	char list[2][PATH_TEXT_MAX];
	int side, i;

	config_init(&tree);
	root = config_root_setting(&tree);
	for (side = 0; side < 2; side++) {
		names = config_setting_add(root, side == 0 ? "a" : "b", CONFIG_TYPE_ARRAY);
		for (i = 0; names != NULL && i < entries(lists[side]); i++)
			config_setting_set_string_elem(
				names, -1, entry_name(entry_at(lists[side], i), identity));
	}
	path_format(list[0], "%s (order)", path);
	change_report(diff, list[0], config_lookup(&tree, "a"), config_lookup(&tree, "b"));
	config_destroy(&tree);
}

static void
named_compare(struct diff *diff, const char *prefix, const char *path, const config_setting_t *a,
	const config_setting_t *b, const char *identity)
{
	const config_setting_t *entry, *other;
	char member[PATH_TEXT_MAX];
	const char *name;
	int i;

	for (i = 0; i < entries(a); i++) {
		entry = entry_at(a, i);
		name = entry_name(entry, identity);
		other = entry_find(b, identity, name, i);
		path_format(member, "%s[%s]", path, name);
		if (other == NULL)
			change_report(diff, member, entry, NULL);
		else
			group_compare(diff, prefix, member, entry, other);
	}
	for (i = 0; i < entries(b); i++) {
		entry = entry_at(b, i);
		name = entry_name(entry, identity);
		path_format(member, "%s[%s]", path, name);
		if (entry_find(a, identity, name, i) == NULL)
			change_report(diff, member, NULL, entry);
	}
	if (!order_same(a, b, identity))
		order_report(diff, path, a, b, identity);
}

static void
placed_compare(
	struct diff *diff, const char *path, const config_setting_t *a, const config_setting_t *b)
{
	int first = 0, last_a = entries(a), last_b = entries(b), i;
	char member[PATH_TEXT_MAX];

	while (first < last_a && first < last_b &&
		value_same(diff, entry_at(a, first), entry_at(b, first)))
		first++;
	while (last_a > first && last_b > first &&
		value_same(diff, entry_at(a, last_a - 1), entry_at(b, last_b - 1))) {
		last_a--;
		last_b--;
	}
	for (i = first; i < last_a; i++) {
		path_format(member, "%s[%d]", path, i);
		change_report(diff, member, entry_at(a, i), NULL);
	}
	for (i = first; i < last_b; i++) {
		path_format(member, "%s[%d]", path, i);
		change_report(diff, member, NULL, entry_at(b, i));
	}
}

static void
list_compare(struct diff *diff, const struct setting *row, const char *path,
	const config_setting_t *a, const config_setting_t *b)
{
	char prefix[ROW_PATH_MAX];
	const char *identity;

	snprintf(prefix, sizeof(prefix), "%s[]", row->path);
	identity = identity_of(prefix);
	if (identity != NULL)
		named_compare(diff, prefix, path, a, b, identity);
	else
		placed_compare(diff, path, a, b);
}

static void
group_compare(struct diff *diff, const char *prefix, const char *path, const config_setting_t *a,
	const config_setting_t *b)
{
	const config_setting_t *before, *after;
	char member[PATH_TEXT_MAX];
	const struct setting *row;
	const char *name;
	unsigned int i;

	for (i = 0; i < setting_count; i++) {
		row = &setting_table[i];
		name = setting_member_name(row, prefix);
		if (name == NULL)
			continue;
		before = a != NULL ? config_setting_get_member(a, name) : NULL;
		after = b != NULL ? config_setting_get_member(b, name) : NULL;
		path_format(member, "%s%s%s", path, *path != '\0' ? "." : "", name);
		if (!setting_in_list(row))
			diff->row = row;
		if (row->type == SETTING_GROUP)
			group_compare(diff, row->path, member, before, after);
		else if (row->type == SETTING_LIST)
			list_compare(diff, row, member, before, after);
		else if (!value_same(diff, before, after))
			change_report(diff, member, before, after);
	}
}

int
config_diff(const char *running, const struct config *next, config_change_fn change, void *context)
{
	struct diff diff = {.next = next, .change = change, .context = context};
	config_t a, b;
	int count;

	config_init(&a);
	config_init(&b);
	if (config_read_string(&a, running) != CONFIG_TRUE ||
		config_read_string(&b, next->effective) != CONFIG_TRUE) {
		count = -EINVAL;
	} else {
		group_compare(&diff, "", "", config_root_setting(&a), config_root_setting(&b));
		count = diff.no_memory ? -ENOMEM : (int)diff.count;
	}
	config_destroy(&a);
	config_destroy(&b);
	return count;
}
