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

/** A line without its end, to where all lines go. Any thread that may wait. */
void log_hand_on(int type, uint32_t level, const char *text);

/** False: this thread writes its lines itself. Any thread. */
bool log_queue_take(int type, uint32_t level, const char *text);

/** A line is lost; how many were, ever. Any thread. */
void log_lost(void);
uint64_t log_lost_count(void);

/** A line of a module; its level has been looked at. Any thread. */
void log_line_va(enum log_module module, uint32_t level, const char *format, va_list arguments);

#endif
