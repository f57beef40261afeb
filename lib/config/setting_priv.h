/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of settings. One row declares a setting whole: where it stands in the file, what it
 * may be, what it is when left out, where it is stored and what it does. Reading, refusing unknown
 * names, the reload check and the reference page all follow the table; there is no second list.
 *
 * A path with "[]" is a setting of each entry of that list: "ports[].vlan".
 */
#ifndef CONFIG_SETTING_PRIV_H
#define CONFIG_SETTING_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
	SETTING_GROUP, /* { ... } */
	SETTING_LIST, /* ( { ... }, ... ); `max` entries at most */
	SETTING_INTEGER, /* min .. max */
	SETTING_BOOLEAN,
	SETTING_CHOICE, /* one of `choices`, stored as its number */
	SETTING_WORD, /* one of `choices`, stored as text */
	SETTING_NAME, /* letters, digits, "_", "-", "."; at most NAME_MAX_LENGTH */
	SETTING_TEXT, /* any text but the empty one */
	SETTING_OTHER, /* its section reads it; `allowed` says what it may be */
};

enum {
	SETTING_REQUIRED = 1,
	SETTING_LIVE = 2, /* a reload may change it */
};

struct setting {
	const char *path;
	const char *const *choices; /* ends with NULL */
	const char *text; /* default as text; NULL: none */
	const char *allowed;
	const char *help;
	const char *only; /* its entry has it only with "kind=dynamic" or a "block_size" but 0 */
	int64_t fallback, min, max;
	enum setting_type type;
	unsigned int flags;
	size_t offset, size; /* in struct config, or in the list's entry */
};

extern const struct setting setting_table[];
extern const unsigned int setting_count;

/** The row of "system.idle" or "ports[].vlan"; NULL: no such setting. */
const struct setting *setting_find(const char *path);

/** The row of member `name` under `prefix` ("" is the top). */
const struct setting *setting_find_member(const char *prefix, const char *name);

/** The member's name when `setting` stands directly under `prefix`; NULL when it does not. */
const char *setting_member_name(const struct setting *setting, const char *prefix);

/** True for a setting of a list's entries. */
bool setting_in_list(const struct setting *setting);

/** What a setting may be, in words: "1 .. 65535", "poll, auto". */
void setting_allowed_text(const struct setting *setting, char *buffer, size_t size);

/** What a setting is when left out; "" when it has no default. */
void setting_default_text(const struct setting *setting, char *buffer, size_t size);

#endif
