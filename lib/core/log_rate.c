/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often a line may be written. A rate is one atomic word that holds the second and the lines written
 * in it, so its parts never disagree, and a count of those that were not. The next line says how many
 * these were; where none follows, log_rates_tell() does.
 *
 * Rates that have suppressed something are chained, under a lock that the control lcore takes once a second
 * to look at all, and nobody else waits for.
 */
#include <stdio.h>

#include <rte_spinlock.h>

#include "core/clock.h"
#include "log_priv.h"

static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct log_rate *first; /* under the lock */
static uint32_t told_s; /* control lcore */

static uint32_t
second_now(void)
{
	return (uint32_t)(clock_now_ms() / 1000);
}

static bool
rate_permits(struct log_rate *rate)
{
	uint64_t second = second_now();
	uint64_t old = atomic_load_explicit(&rate->window, memory_order_relaxed);
	uint64_t new;

	do {
		if (old >> 32 != second)
			new = second << 32 | 1;
		else if ((old & UINT32_MAX) < rate->per_second)
			new = old + 1;
		else
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&rate->window, &old, new, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void
rate_suppress(struct log_rate *rate, enum log_module module, uint32_t level)
{
	atomic_fetch_add_explicit(&rate->suppressed, 1, memory_order_relaxed);
	/* relaxed: a hint. Whoever holds the lock may be writing a line: the next one is listed as well. */
	if (atomic_load_explicit(&rate->listed, memory_order_relaxed) ||
		!rte_spinlock_trylock(&lock))
		return;
	if (!atomic_load_explicit(&rate->listed, memory_order_relaxed)) {
		atomic_store_explicit(&rate->listed, true, memory_order_relaxed);
		rate->module = (uint8_t)module;
		rate->level = level;
		rate->next = first;
		first = rate;
	}
	rte_spinlock_unlock(&lock);
}

void
log_rated(struct log_rate *rate, enum log_module module, uint32_t level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	uint32_t suppressed;
	va_list arguments;

	if (!log_wants(module, level))
		return;
	if (!rate_permits(rate)) {
		rate_suppress(rate, module, level);
		return;
	}
	suppressed = atomic_exchange_explicit(&rate->suppressed, 0, memory_order_relaxed);
	va_start(arguments, format);
	if (suppressed == 0) {
		log_line_va(module, level, format, arguments);
	} else {
		vsnprintf(text, sizeof(text), format, arguments);
		log_line(module, level, "%s (%u similar lines suppressed)", text, suppressed);
	}
	va_end(arguments);
}

void
log_rate_forget(struct log_rate *rate)
{
	struct log_rate **link = &first;

	rte_spinlock_lock(&lock);
	while (*link != NULL && *link != rate)
		link = &(*link)->next;
	if (*link == rate)
		*link = rate->next;
	atomic_store_explicit(&rate->listed, false, memory_order_relaxed);
	rte_spinlock_unlock(&lock);
}

void
log_rates_tell(bool all)
{
	uint32_t now_s = second_now(), suppressed;

	if (told_s == now_s && !all)
		return;
	told_s = now_s;
	rte_spinlock_lock(&lock);
	for (struct log_rate *rate = first; rate != NULL; rate = rate->next) {
		uint64_t window = atomic_load_explicit(&rate->window, memory_order_relaxed);

		if (window >> 32 == now_s && !all)
			continue;
		suppressed = atomic_exchange_explicit(&rate->suppressed, 0, memory_order_relaxed);
		if (suppressed > 0)
			log_line((enum log_module)rate->module, rate->level,
				"%u similar lines suppressed: %s", suppressed, rate->about);
	}
	rte_spinlock_unlock(&lock);
}
