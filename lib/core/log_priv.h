/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of the log. */
#ifndef CORE_LOG_PRIV_H
#define CORE_LOG_PRIV_H

#include <stdarg.h>

#include "core/log.h"

#define LOG_PREFIX \
	"callgate: " /* of our lines; where the target names the program, it is left out */

/** From here on all lines of rte_log go there: "stderr", "syslog". 0 or -errno. Bring-up. */
int log_target_open(const char *target);

/** A line of a module; its level has been looked at. Any thread. */
void log_line_va(enum log_module module, uint32_t level, const char *format, va_list arguments);

#endif
