/* SPDX-License-Identifier: BSD-3-Clause */
/* `system`: what the table cannot read by itself. */
#include "core/limits.h"

#include "reader_priv.h"

enum { CORE_MAX = 1023 };

void
system_read(struct reader *reader)
{
	const char *allowed = setting_find("system.worker_cores")->allowed;
	struct config_system *system = &reader->config->system;
	const config_setting_t *cores = config_lookup(&reader->tree, "system.worker_cores");
	unsigned int i, count;
	int64_t core;

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
