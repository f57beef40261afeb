/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the tests of this room: keeps the faults of a load, and loads configurations from text. */
#ifndef TEST_CONFIG_FAULT_RECORD_H
#define TEST_CONFIG_FAULT_RECORD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

enum { RECORD_MAX = 64 };

struct fault_record {
	unsigned int count;
	struct {
		char file[512], path[256], text[1024], whole[2048];
		int line;
	} faults[RECORD_MAX];
};

static inline void
fault_record_add(void *context, const struct config_fault *fault)
{
	struct fault_record *record = context;

	if (record->count < RECORD_MAX) {
		snprintf(record->faults[record->count].file, sizeof(record->faults[0].file), "%s",
			fault->file);
		snprintf(record->faults[record->count].path, sizeof(record->faults[0].path), "%s",
			fault->path);
		snprintf(record->faults[record->count].text, sizeof(record->faults[0].text), "%s",
			fault->text);
		config_fault_format(record->faults[record->count].whole,
			sizeof(record->faults[0].whole), fault);
		record->faults[record->count].line = fault->line;
	}
	record->count++;
}

static inline void
fault_record_print(const struct fault_record *record)
{
	unsigned int i;

	for (i = 0; i < record->count && i < RECORD_MAX; i++)
		fprintf(stderr, "%s\n", record->faults[i].whole);
}

/* Load a configuration from text; the file is gone afterwards. */
static inline struct config *
config_load_text(const char *text, struct fault_record *record)
{
	char file[] = "/tmp/test_config_XXXXXX";
	struct config *config;
	FILE *stream;

	memset(record, 0, sizeof(*record));
	stream = fdopen(mkstemp(file), "w");
	fputs(text, stream);
	fclose(stream);
	config = config_load(file, fault_record_add, record);
	unlink(file);
	return config;
}

/* What most texts of the tests begin with. */
#define TEXT_PORTS \
	"ports: ( { name = \"lan0\"; driver = \"null\"; }, { name = \"wan0\"; driver = \"null\"; " \
	"} );\n"
#define TEXT_INTERFACES \
	"interfaces: (\n" \
	"  { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/24\"]; nat = \"inside\"; " \
	"},\n" \
	"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\"]; nat = " \
	"\"outside\"; });\n"

#endif
