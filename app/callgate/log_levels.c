/* SPDX-License-Identifier: BSD-3-Clause */
#include "log_levels.h"

#include "core/log.h"

void
log_levels_configure(const struct config *config)
{
	const struct config_system *system = &config->system;
	enum log_level levels[LOG_MODULES];

	for (unsigned int i = 0; i < LOG_MODULES; i++)
		levels[i] = (enum log_level)log_level_parse(system->log_level);
	for (unsigned int i = 0; i < system->log_module_count; i++)
		levels[system->log_modules[i].module] =
			(enum log_level)system->log_modules[i].level;
	for (unsigned int i = 0; i < LOG_MODULES; i++)
		log_configure((enum log_module)i, levels[i]);
}
