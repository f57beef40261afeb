/* SPDX-License-Identifier: BSD-3-Clause */
/* Levels of the log's modules, as the configuration has them. */
#ifndef APP_LOG_LEVELS_H
#define APP_LOG_LEVELS_H

#include "config/config.h"

/** Put in force what has changed since the last configuration. Control lcore. */
void log_levels_configure(const struct config *config);

#endif
