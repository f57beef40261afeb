/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference page of all settings, written from their table. Markdown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "config/config.h"

#include "service_priv.h"
#include "setting_priv.h"

enum { CELL_MAX = 512 };

static const char introduction[] =
	"# Configuration reference\n"
	"\n"
	"This page is written from the table in `lib/config/setting_table.c`, which is also what\n"
	"callgate reads by; do not edit it. `ninja -C build configuration-page` writes it anew, "
	"and a\n"
	"test fails when it is out of date.\n"
	"\n"
	"The file is in the language of [libconfig](https://hyperrealm.github.io/libconfig/). "
	"`conf/`\n"
	"has commented examples to start from. `@include \"other.conf\"` on a line of its own "
	"takes in\n"
	"another file; its name is relative to the folder of the file that callgate was given.\n"
	"`callgate --check -c FILE` reports every fault as `FILE:LINE: setting: what is wrong, "
	"allowed:\n"
	"what may stand there`. A name that is not on this page is a fault, and so is a value of "
	"another\n"
	"type: integers are written without quotes or fraction, booleans as `true` or `false`.\n"
	"\n"
	"*Required* settings have no default. *Live* settings can change while callgate runs "
	"(SIGHUP or\n"
	"`callgatectl reload`); a reload that changes another one is refused and says which.\n"
	"A path with `[]` is a setting of each entry of that list. A *name* has at most 63 "
	"letters,\n"
	"digits, `_`, `-` and `.`, and begins with a letter or digit.\n";

static const char *
type_text(const struct setting *setting)
{
	switch (setting->type) {
	case SETTING_GROUP:
		return "group";
	case SETTING_LIST:
		return "list of groups";
	case SETTING_INTEGER:
		return "integer";
	case SETTING_BOOLEAN:
		return "boolean";
	case SETTING_CHOICE:
	case SETTING_WORD:
	case SETTING_TEXT:
		return "string";
	case SETTING_NAME:
		return "name";
	case SETTING_OTHER:
		break;
	}
	return strncmp(setting->allowed, "an array", 8) == 0 || setting->allowed[0] == '['
		       ? "array"
		       : "string";
}

static void
allowed_write(FILE *stream, const struct setting *setting)
{
	char text[CELL_MAX];
	unsigned int i;

	if (setting->choices != NULL) {
		for (i = 0; setting->choices[i] != NULL; i++)
			fprintf(stream, "%s`\"%s\"`", i ? ", " : "", setting->choices[i]);
		return;
	}
	if (setting->type == SETTING_NAME) {
		fprintf(stream, "a name");
		return;
	}
	setting_allowed_text(setting, text, sizeof(text));
	fputs(text, stream);
}

static void
row_write(FILE *stream, const struct setting *setting)
{
	char standard[CELL_MAX];

	setting_default_text(setting, standard, sizeof(standard));
	fprintf(stream, "| `%s` | %s | ", setting->path, type_text(setting));
	allowed_write(stream, setting);
	if (setting->flags & SETTING_REQUIRED)
		fprintf(stream, " | *required*");
	else if (standard[0] != '\0')
		fprintf(stream, " | `%s`", standard);
	else
		fprintf(stream, " | none");
	fprintf(stream, " | %s | %s |\n", setting->flags & SETTING_LIVE ? "yes" : "no",
		setting->help);
}

/* A heading for each top-level setting; the table of all that is under it. */
static void
settings_write(FILE *stream)
{
	static const char head[] = "\n| setting | type | allowed | default | live | what it is |\n"
				   "|---|---|---|---|---|---|\n";
	const struct setting *setting;
	bool open = false;
	unsigned int i;

	for (i = 0; i < setting_count; i++) {
		setting = &setting_table[i];
		if (strpbrk(setting->path, ".[") == NULL) {
			fprintf(stream, "\n## %s\n\n%s", setting->path, setting->help);
			open = setting->type == SETTING_OTHER;
			if (open) {
				fprintf(stream, "\n%s", head);
				row_write(stream, setting);
				continue;
			}
			if (setting->type == SETTING_LIST)
				fprintf(stream, " A list of %s%d entries%s.",
					setting->flags & SETTING_REQUIRED ? "1 .. " : "at most ",
					(int)setting->max,
					setting->flags & SETTING_LIVE ? "; live" : "");
			fprintf(stream, "\n");
			continue;
		}
		if (!open)
			fprintf(stream, "%s", head);
		open = true;
		row_write(stream, setting);
	}
}

static void
services_write(FILE *stream)
{
	const struct service *service;
	const char *protocol;
	unsigned int i;

	fprintf(stream, "\n## Services\n\n"
			"What `class_maps[].protocols` can name. The port is the destination's.\n\n"
			"| service | protocol | port | what it is |\n|---|---|---|---|\n");
	for (i = 0; i < service_count; i++) {
		service = &service_table[i];
		protocol = service->proto == IPPROTO_TCP    ? "TCP"
			   : service->proto == IPPROTO_UDP  ? "UDP"
			   : service->proto == IPPROTO_ICMP ? "ICMP"
							    : "TCP, UDP";
		fprintf(stream, "| `%s` | %s | ", service->name, protocol);
		if (service->port != 0)
			fprintf(stream, "%u", service->port);
		else
			fprintf(stream, "%s",
				strcmp(service->name, "sip") == 0 ? "`nat.sip`" : "any");
		fprintf(stream, " | %s |\n", service->help);
	}
}

char *
config_reference_page(void)
{
	char *page = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&page, &length);

	if (stream == NULL)
		return NULL;
	fputs(introduction, stream);
	settings_write(stream);
	services_write(stream);
	if (fclose(stream) != 0) {
		free(page);
		return NULL;
	}
	return page;
}
