/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log levels, targets and the datapath's rate limit.
 *
 * Life cycle: log_init() at bring-up and again when a reload changes the level or target; lines
 * written before it go where EAL sends its own, at level info.
 * Synchronization: stdio locks the stream; the rate limit is one atomic word that holds the second
 * and the lines written in it, so its parts never disagree.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <rte_common.h>
#include <rte_log.h>

#include "core/clock.h"
#include "core/log.h"

int log_type = RTE_LOGTYPE_USER1; /* until log_init() */
int log_type_always = RTE_LOGTYPE_USER2;

static FILE *log_syslog_stream;

static _Atomic uint64_t log_window; /* second << 32 | lines written in it; any thread */
static _Atomic uint32_t log_left_out;

static int
level_parse(const char *level)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{"error", RTE_LOG_ERR},
		{"warning", RTE_LOG_WARNING},
		{"info", RTE_LOG_INFO},
		{"debug", RTE_LOG_DEBUG},
	};

	for (unsigned int i = 0; i < RTE_DIM(levels); i++) {
		if (strcmp(level, levels[i].name) == 0)
			return levels[i].level;
	}
	return -EINVAL;
}

/* One write is one line: rte_vlog() flushes the stream after each. */
static ssize_t
syslog_write(void *cookie, const char *line, size_t length)
{
	int level = rte_log_cur_msg_loglevel();

	/* EAL numbers its levels as syslog does, one higher */
	syslog(level > 0 ? level - 1 : LOG_INFO, "%.*s", (int)length, line);
	return (ssize_t)length;
}

static void
syslog_open(void)
{
	static bool open;

	if (!open)
		openlog("callgate", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	open = true;
}

void
log_syslog(const char *line)
{
	syslog_open();
	syslog(LOG_INFO, "%s", line);
}

static int
target_open(const char *target)
{
	const cookie_io_functions_t functions = {.write = syslog_write};

	/* EAL's default writes every line twice, to the terminal and to syslog. */
	if (strcmp(target, "stderr") == 0)
		return rte_openlog_stream(stderr);
	if (strcmp(target, "syslog") != 0)
		return -EINVAL;
	if (log_syslog_stream == NULL) {
		syslog_open();
		log_syslog_stream = fopencookie(NULL, "w", functions);
		if (log_syslog_stream == NULL)
			return -errno;
	}
	return rte_openlog_stream(log_syslog_stream);
}

int
log_init(const char *level, const char *target)
{
	int number = level_parse(level);
	int type, rc;

	if (number < 0)
		return number;
	rc = target_open(target);
	if (rc < 0)
		return rc;
	type = rte_log_register("callgate");
	if (type < 0)
		return type;
	log_type = type;
	type = rte_log_register("callgate.always");
	if (type < 0)
		return type;
	log_type_always = type;
	/* --log-level of EAL sets a bar for all types, which would hide lines asked for here */
	if (rte_log_get_global_level() < (uint32_t)RTE_MAX(number, (int)RTE_LOG_INFO))
		rte_log_set_global_level((uint32_t)RTE_MAX(number, (int)RTE_LOG_INFO));
	return rte_log_set_level(log_type, (uint32_t)number) == 0 &&
			       rte_log_set_level(log_type_always, RTE_LOG_INFO) == 0
		       ? 0
		       : -EINVAL;
}

int
log_rate_permits(unsigned int *left_out)
{
	uint64_t second = clock_now_ms() / 1000;
	uint64_t old = atomic_load_explicit(&log_window, memory_order_relaxed);
	uint64_t new;

	do {
		if (old >> 32 != (second & UINT32_MAX)) {
			new = second << 32 | 1;
		} else if ((old & UINT32_MAX) < LOG_RATED_PER_SECOND) {
			new = old + 1;
		} else {
			atomic_fetch_add_explicit(&log_left_out, 1, memory_order_relaxed);
			return 0;
		}
	} while (!atomic_compare_exchange_weak_explicit(
		&log_window, &old, new, memory_order_relaxed, memory_order_relaxed));
	*left_out = atomic_exchange_explicit(&log_left_out, 0, memory_order_relaxed);
	return 1;
}
