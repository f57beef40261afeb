/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines: modules, levels, and what of a foreign text may be in one. Where they go is in log_target.c, how
 * often in log_rate.c, those of workers in log_queue.c.
 *
 * Life cycle: log_init() at bring-up; lines written before it go where EAL sends its own, at level info.
 * Synchronization: levels are words that any thread may set; stdio locks the stream.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "core/log.h"
#include "core/utf8.h"
#include "log_priv.h"

static const char *const module_names[] = {
#define X(id, name) [LOG_MODULE_##id] = name,
	LOG_MODULE_LIST(X)
#undef X
};

static const char *const level_names[] = {LOG_LEVEL_NAMES};

static const uint32_t level_numbers[] = {
	[LOG_LEVEL_ERROR] = RTE_LOG_ERR,
	[LOG_LEVEL_WARNING] = RTE_LOG_WARNING,
	[LOG_LEVEL_INFO] = RTE_LOG_INFO,
	[LOG_LEVEL_DEBUG] = RTE_LOG_DEBUG,
};

static_assert(RTE_DIM(level_names) == LOG_LEVELS, "each level has a name");

static int types[LOG_MODULES]; /* 0, of EAL itself, until log_init() */
static int type_always;
static enum log_level configured[LOG_MODULES]; /* control lcore */

const char *
log_module_name(enum log_module module)
{
	return module_names[module];
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

int
log_level_parse(const char *level)
{
	for (unsigned int i = 0; i < LOG_LEVELS; i++) {
		if (strcmp(level, level_names[i]) == 0)
			return (int)i;
	}
	return -EINVAL;
}

static uint32_t
type_of(int type)
{
	return type ? (uint32_t)type : RTE_LOGTYPE_USER1;
}

static void
level_apply(int type, uint32_t number)
{
	/* --log-level of EAL sets a bar for all types, which would hide lines asked for here */
	if (rte_log_get_global_level() < number)
		rte_log_set_global_level(number);
	rte_log_set_level(type_of(type), number);
}

static int
types_register(void)
{
	char name[32];

	for (unsigned int i = 0; i < LOG_MODULES; i++) {
		snprintf(name, sizeof(name), "callgate.%s", module_names[i]);
		types[i] = rte_log_register(name);
		if (types[i] < 0)
			return types[i];
	}
	type_always = rte_log_register("callgate.always");
	return RTE_MIN(type_always, 0);
}

int
log_init(const char *level, const char *target)
{
	int number = log_level_parse(level), rc;

	if (number < 0)
		return number;
	rc = log_target_open(target);
	if (rc == 0)
		rc = types_register();
	if (rc < 0)
		return rc;
	level_apply(type_always, RTE_LOG_INFO);
	for (unsigned int i = 0; i < LOG_MODULES; i++) {
		configured[i] = (enum log_level)number;
		level_apply(types[i], level_numbers[number]);
	}
	return 0;
}

void
log_configure(enum log_module module, enum log_level level)
{
	if (configured[module] == level)
		return;
	configured[module] = level;
	level_apply(types[module], level_numbers[level]);
}

int
log_level_set(const char *module, const char *level)
{
	int number = log_level_parse(level);
	bool all = strcmp(module, "all") == 0, found = all;

	for (unsigned int i = 0; i < LOG_MODULES; i++)
		found |= strcmp(module, module_names[i]) == 0;
	if (!found)
		return -ENOENT;
	if (number < 0)
		return number;
	for (unsigned int i = 0; i < LOG_MODULES; i++) {
		if (all || strcmp(module, module_names[i]) == 0)
			level_apply(types[i], level_numbers[number]);
	}
	return 0;
}

enum log_level
log_level_get(enum log_module module)
{
	uint32_t number = (uint32_t)rte_log_get_level(type_of(types[module]));
	unsigned int level = LOG_LEVEL_ERROR;

	while (level < LOG_LEVEL_DEBUG && level_numbers[level + 1] <= number)
		level++;
	return (enum log_level)level;
}

bool
log_wants(enum log_module module, uint32_t level)
{
	return rte_log_can_log(type_of(types[module]), level);
}

/* C1 controls (U+0080 to U+009F) steer terminals, too. */
static bool
is_plain(const uint8_t *at, size_t length)
{
	if (length == 1)
		return *at >= 0x20 && *at != 0x7f;
	return length > 1 && !(at[0] == 0xc2 && at[1] < 0xa0);
}

static void
escape(char *to, size_t size, const char *from)
{
	const uint8_t *at = (const uint8_t *)from;
	size_t left = strlen(from), used = 0, length;

	for (; left > 0 && used + 5 < size; at += length, left -= length) {
		length = utf8_length(at, left);
		if (is_plain(at, length)) {
			memcpy(to + used, at, length);
			used += length;
		} else {
			length = 1;
			used += (size_t)snprintf(to + used, size - used, "\\x%02x", *at);
		}
	}
	to[used] = '\0';
}

static void
log_write(int type, uint32_t level, const char *format, va_list arguments)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX + 4];

	vsnprintf(text, sizeof(text), format, arguments);
	escape(line, sizeof(line), text);
	if (!log_queue_take(type, level, line))
		log_hand_on(type, level, line);
}

void
log_hand_on(int type, uint32_t level, const char *text)
{
	rte_log(level, type_of(type), LOG_PREFIX "%s\n", text);
}

void
log_line_va(enum log_module module, uint32_t level, const char *format, va_list arguments)
{
	log_write(types[module], level, format, arguments);
}

void
log_line(enum log_module module, uint32_t level, const char *format, ...)
{
	va_list arguments;

	if (!log_wants(module, level))
		return;
	va_start(arguments, format);
	log_write(types[module], level, format, arguments);
	va_end(arguments);
}

void
log_always(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(type_always, RTE_LOG_INFO, format, arguments);
	va_end(arguments);
}
