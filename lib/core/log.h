/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines through rte_log, of a type for each module: "callgate.sip" and so on (log_module.h). A message
 * is one line, whatever foreign texts are in it: control characters, and bytes that are no UTF-8, are
 * written as \xNN.
 *
 * What packets or hosts can cause goes through LOG_RATED: so many lines a second, and then how many there
 * were that are like them. It is the only such limit; each call site has one of its own, or one for each
 * reason that it tells.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>

#include "core/log_module.h"

#ifndef LOG_MODULE
#define LOG_MODULE LOG_MODULE_APP
#endif

enum {
	LOG_RATED_PER_SECOND = 10, /* of a call site */
	LOG_LINE_MAX = 4096, /* longer ones are cut */
};

/** Target and level, of all modules. level: "error", "warning", "info", "debug"; target: "stderr",
 *  "syslog". 0 or -EINVAL. Bring-up. */
int log_init(const char *level, const char *target);

/**
 * What the configuration says of a module. It is in force unless it is what the configuration said before:
 * what an operator has set since then stays. Control lcore.
 */
void log_configure(enum log_module module, enum log_level level);

/** "sip" or "all", "debug". 0, -ENOENT: no such module, -EINVAL: no such level. Any thread. */
int log_level_set(const char *module, const char *level);

/** As it is now. Any thread. */
enum log_level log_level_get(enum log_module module);

const char *log_module_name(enum log_module module);
const char *log_level_name(enum log_level level);

/** The level's number, or -EINVAL. */
int log_level_parse(const char *level);

/** Would a line of this level (RTE_LOG_...) be written? Any thread. */
bool log_wants(enum log_module module, uint32_t level);

/** Write a line. Any thread. */
void log_line(enum log_module module, uint32_t level, const char *format, ...)
	__rte_format_printf(3, 4);

/** A line that no level leaves out: what an operator asked for by a setting of its own. Any thread. */
void log_always(const char *format, ...) __rte_format_printf(1, 2);

/** A line to syslog, whatever the target of the log is: records that go there. Control lcore. */
void log_syslog(const char *line);

struct counters;

/**
 * From here on this thread's lines go through the queue, and it never waits for who reads them. Lines of the
 * queue are cut after 500 bytes. Workers, after log_queue_create().
 */
void log_queue_join(void);

/** 0 or -errno. Bring-up. */
int log_queue_create(void);

/** After the workers have ended: writes what is left. Control lcore. */
void log_queue_destroy(struct counters *counters);

/** Write up to `budget` lines of the queue, and count what was lost. Control lcore, offline: it may wait. */
void log_queue_write(struct counters *counters, uint32_t budget);

#define LOG(level, format, ...) log_line(LOG_MODULE, RTE_LOG_##level, format, ##__VA_ARGS__)

/* How often. Static, or given up with log_rate_forget(). */
struct log_rate {
	const char *about; /* what its lines are of, for the line that counts them */
	uint32_t per_second;
	_Atomic uint64_t window; /* second << 32 | lines written in it; any thread */
	_Atomic uint32_t suppressed;
	_Atomic bool
		listed; /* once something has been suppressed; under the lock of all rates, as the rest */
	uint8_t module;
	uint32_t level;
	struct log_rate *next;
};

#define LOG_RATE(what, times) \
	{ \
		.about = what, .per_second = times \
	}

/** Write a line, or count it as suppressed. Any thread. */
void log_rated(struct log_rate *rate, enum log_module module, uint32_t level, const char *format,
	...) __rte_format_printf(4, 5);

/** It will not be used again. */
void log_rate_forget(struct log_rate *rate);

/** Tell what has been suppressed in seconds that are over; `all`: in this one, too. Control lcore, offline. */
void log_rates_tell(bool all);

#define LOG_RATED_BY(rate, level, format, ...) \
	log_rated(rate, LOG_MODULE, RTE_LOG_##level, format, ##__VA_ARGS__)

/* `what` ("address conflicts"): what lines from here are of. */
#define LOG_RATED(level, what, format, ...) \
	do { \
		static struct log_rate rate_ = LOG_RATE(what, LOG_RATED_PER_SECOND); \
		LOG_RATED_BY(&rate_, level, format, ##__VA_ARGS__); \
	} while (0)

#endif
