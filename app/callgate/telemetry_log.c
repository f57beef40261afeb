/* SPDX-License-Identifier: BSD-3-Clause */
/* Levels of the log's modules. Words that any thread may read and set, so the telemetry thread does itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "telemetry_priv.h"

enum { WORD_MAX = 16 };

int
telemetry_show_log(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < LOG_MODULES; i++)
		rte_tel_data_add_dict_string(data, log_module_name((enum log_module)i),
			log_level_name(log_level_get((enum log_module)i)));
	return 0;
}

int
telemetry_log_level(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	char module[WORD_MAX], level[WORD_MAX], rest;
	int rc;

	if (parameters == NULL ||
		sscanf(parameters, "%15[a-z],%15[a-z]%c", module, level, &rest) != 2)
		return -EINVAL;
	rc = log_level_set(module, level);
	if (rc != 0)
		return rc;
	LOG(INFO, "log level of %s is %s now", module, level);
	return telemetry_show_log(appliance, NULL, data);
}
