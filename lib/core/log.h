/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines through rte_log, under the log type "callgate". The datapath uses LOG_RATED only:
 * at most LOG_RATED_PER_SECOND lines a second over all call sites; the next line that passes says
 * how many were left out.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <rte_log.h>

#define LOG_RATED_PER_SECOND 10

extern int log_type, log_type_always;

/** level: "error", "warning", "info", "debug"; target: "stderr", "syslog". 0 or -EINVAL. */
int log_init(const char *level, const char *target);

/** A line to syslog, whatever the target of the log is: records that go there. Control lcore. */
void log_syslog(const char *line);

/** 1 when a datapath line may be written now; `left_out` is how many were not since the last. */
int log_rate_permits(unsigned int *left_out);

#define LOG(level, format, ...) \
	rte_log(RTE_LOG_##level, log_type, "callgate: " format "\n", ##__VA_ARGS__)

/** A line that no level leaves out: what an operator asked for by a setting of its own. */
#define log_always(format, ...) \
	rte_log(RTE_LOG_INFO, log_type_always, "callgate: " format "\n", ##__VA_ARGS__)

#define LOG_RATED(level, format, ...) \
	do { \
		unsigned int left_out_; \
		if (log_rate_permits(&left_out_)) \
			LOG(level, format " (%u lines left out before)", ##__VA_ARGS__, \
				left_out_); \
	} while (0)

#endif
