/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Modules and levels of the log, as names. The build says of each room which module its lines are of
 * (LOG_MODULE); a file may be of another than its room, by defining it before its includes.
 */
#ifndef CORE_LOG_MODULE_H
#define CORE_LOG_MODULE_H

/* X(ENUM, "name") */
#define LOG_MODULE_LIST(X) \
	X(APP, "app") /* start, stop, reload, call detail records */ \
	X(PORT, "port") /* drivers */ \
	X(NET, "net") /* neighbours */ \
	X(FLOW, "flow") /* the flow table */ \
	X(NAT, "nat") /* pools and hosts; not the NAT log, which nat.log alone decides about */ \
	X(FW, "fw") /* classes with `log` */ \
	X(SIP, "sip") /* calls, limits, the blacklist */

enum log_module {
#define X(id, name) LOG_MODULE_##id,
	LOG_MODULE_LIST(X)
#undef X
		LOG_MODULES
};

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVELS };

/* For tables that end with NULL. */
#define LOG_LEVEL_NAMES "error", "warning", "info", "debug"

#endif
