/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "core/clock.h"
#include "notify.h"
#include "worker.h"

/* A worker may take two thirds of the watchdog's time for one turn. */
enum { FEEDINGS = 3 };

static __rte_format_printf(1, 2) void tell(const char *format, ...)
{
#ifdef HAVE_LIBSYSTEMD
	char state[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(state, sizeof(state), format, arguments);
	va_end(arguments);
	/* Who does not listen is not told again: nothing here depends on it. */
	sd_notify(0, state);
#endif
}

void
notify_init(struct notify *notify)
{
	*notify = (struct notify){0};
#ifdef HAVE_LIBSYSTEMD
	uint64_t watchdog_us;

	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		notify->feed_ms = RTE_MAX(watchdog_us / 1000 / FEEDINGS, (uint64_t)1);
#endif
}

/* True when no worker stands where it stood the last time that this was true. */
static bool
workers_turned(struct notify *notify, const struct appliance *appliance)
{
	uint64_t turns[WORKERS_MAX];

	for (unsigned int i = 0; i < appliance->workers; i++) {
		/* relaxed: it is looked at again in a millisecond */
		turns[i] = atomic_load_explicit(
			&appliance->worker[i]->load.turns, memory_order_relaxed);
		if (turns[i] == notify->turns[i])
			return false;
	}
	for (unsigned int i = 0; i < appliance->workers; i++)
		notify->turns[i] = turns[i];
	return true;
}

void
notify_step(struct notify *notify, const struct appliance *appliance)
{
	uint64_t now_ms = clock_now_ms();

	if (notify->ready && (notify->feed_ms == 0 || now_ms < notify->next_ms))
		return;
	if (!workers_turned(notify, appliance))
		return;
	if (!notify->ready)
		tell("READY=1\nSTATUS=running with %u workers", appliance->workers);
	notify->ready = true;
	if (notify->feed_ms == 0)
		return;
	tell("WATCHDOG=1");
	notify->next_ms = now_ms + notify->feed_ms;
}

void
notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	tell("RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading the configuration again",
		(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void
notify_reloaded(bool refused)
{
	tell("READY=1\nSTATUS=%s",
		refused ? "running; the last reload was refused, the log says why"
			: "running with the configuration reloaded");
}

void
notify_stopping(void)
{
	tell("STOPPING=1\nSTATUS=stopping");
}
