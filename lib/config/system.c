/* SPDX-License-Identifier: BSD-3-Clause */
/* `system`: what the table cannot read by itself. */
#include "core/limits.h"

#include "reader_priv.h"

enum { CORE_MAX = 1023 };

static void
log_modules_read(struct reader *reader)
{
	struct config_system *system = &reader->config->system;
	const config_setting_t *list, *group;
	struct config_log_module *entry;
	unsigned int count, faults, known = 0;

	list = list_open(reader, "system.log.modules", &count);
	system->log_modules = reader_alloc(reader, count, sizeof(*system->log_modules));
	system->log_module_count = count;
	for (unsigned int i = 0; i < count; i++) {
		entry = &system->log_modules[i];
		group = list_entry(reader, list, i);
		if (group == NULL)
			continue;
		faults = reader->faults.count;
		group_read(reader, group, "system.log.modules[]", entry);
		if (reader->faults.count != faults)
			continue;
		if (known >> entry->module & 1)
			fault_add_member(reader, group, "module",
				"has a level already, allowed: each module once");
		known |= 1u << entry->module;
	}
}

void
system_read(struct reader *reader)
{
	const char *allowed = setting_find("system.worker_cores")->allowed;
	struct config_system *system = &reader->config->system;
	const config_setting_t *cores = config_lookup(&reader->tree, "system.worker_cores");
	unsigned int i, count;
	int64_t core;

	log_modules_read(reader);
	_Static_assert(WORKERS_MAX == 32, "the table's text says 32");
	if (cores == NULL) {
		system->worker_count = 1;
		system->worker_cores[0] = 1;
		return;
	}
	count = sequence_open(reader, cores, 1, WORKERS_MAX, allowed);
	for (i = 0; i < count; i++)
		if (integer_read(reader, config_setting_get_elem(cores, i), 0, CORE_MAX, &core))
			system->worker_cores[i] = (int)core;
	system->worker_count = count;
}
