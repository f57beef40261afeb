/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions about the table of settings. Overview in setting_priv.h; no state, any thread. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "setting_priv.h"

const struct setting *
setting_find(const char *path)
{
	unsigned int i;

	for (i = 0; i < setting_count; i++)
		if (strcmp(setting_table[i].path, path) == 0)
			return &setting_table[i];
	return NULL;
}

const char *
setting_member_name(const struct setting *setting, const char *prefix)
{
	size_t length = strlen(prefix);
	const char *rest = setting->path;

	if (length != 0) {
		if (strncmp(rest, prefix, length) != 0 || rest[length] != '.')
			return NULL;
		rest += length + 1;
	}
	return strpbrk(rest, ".[") == NULL ? rest : NULL;
}

const struct setting *
setting_find_member(const char *prefix, const char *name)
{
	const char *member;
	unsigned int i;

	for (i = 0; i < setting_count; i++) {
		member = setting_member_name(&setting_table[i], prefix);
		if (member != NULL && strcmp(member, name) == 0)
			return &setting_table[i];
	}
	return NULL;
}

bool
setting_in_list(const struct setting *setting)
{
	return strstr(setting->path, "[]") != NULL;
}

void
setting_allowed_text(const struct setting *setting, char *buffer, size_t size)
{
	size_t used = 0;
	unsigned int i;

	buffer[0] = '\0';
	switch (setting->type) {
	case SETTING_GROUP:
		snprintf(buffer, size, "a group { ... }");
		break;
	case SETTING_LIST:
		snprintf(buffer, size, "a list of at most %" PRId64 " groups ( { ... }, ... )",
			setting->max);
		break;
	case SETTING_INTEGER:
		snprintf(buffer, size, "%" PRId64 " .. %" PRId64, setting->min, setting->max);
		break;
	case SETTING_BOOLEAN:
		snprintf(buffer, size, "true, false");
		break;
	case SETTING_CHOICE:
	case SETTING_WORD:
		for (i = 0; setting->choices[i] != NULL && used < size; i++)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ", " : "",
				setting->choices[i]);
		break;
	case SETTING_NAME:
		snprintf(buffer, size,
			"a name of at most 63 letters, digits, \"_\", \"-\" and \".\" that begins "
			"with a "
			"letter or digit");
		break;
	case SETTING_TEXT:
		snprintf(buffer, size, "a string that is not empty");
		break;
	case SETTING_OTHER:
		snprintf(buffer, size, "%s", setting->allowed);
		break;
	}
}

void
setting_default_text(const struct setting *setting, char *buffer, size_t size)
{
	buffer[0] = '\0';
	if (setting->flags & SETTING_REQUIRED)
		return;
	switch (setting->type) {
	case SETTING_INTEGER:
		snprintf(buffer, size, "%" PRId64, setting->fallback);
		break;
	case SETTING_BOOLEAN:
		snprintf(buffer, size, "%s", setting->fallback ? "true" : "false");
		break;
	case SETTING_CHOICE:
		snprintf(buffer, size, "\"%s\"", setting->choices[setting->fallback]);
		break;
	case SETTING_WORD:
	case SETTING_NAME:
	case SETTING_TEXT:
		if (setting->text != NULL)
			snprintf(buffer, size, "\"%s\"", setting->text);
		break;
	case SETTING_OTHER:
		if (setting->text != NULL)
			snprintf(buffer, size, "%s", setting->text);
		break;
	case SETTING_GROUP:
	case SETTING_LIST:
		break;
	}
}
