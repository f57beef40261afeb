/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of threads that must not wait. A pipe that nobody reads or a syslog daemon that stands still may hold
 * up whoever writes to it, so workers leave their lines here and the control lcore writes them.
 *
 * What finds no room is lost and counted, together with what standard error did not take (log_target.c).
 *
 * Life cycle: made before the workers start; log_queue_destroy() writes what is left, after they have ended.
 * Synchronization: one ring, many producers, one consumer.
 */
#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ring_elem.h>

#include "core/counter.h"
#include "log_priv.h"

enum { QUEUE_LINES = 1024, LINES_AT_ONCE = 8, TEXT_MAX = 504 };

struct queued {
	uint32_t level;
	int type;
	char text[TEXT_MAX];
};

static_assert(sizeof(struct queued) % 4 == 0, "elements of a ring are words");

static struct rte_ring *queue; /* bring-up */
static _Thread_local bool joined;
static _Atomic uint64_t lost; /* any thread */
static uint64_t lost_counted; /* control lcore */

int
log_queue_create(void)
{
	/* RTS: workers may share a core, and one that lost it in the middle must not hold up others. */
	queue = rte_ring_create_elem("log", sizeof(struct queued), QUEUE_LINES, SOCKET_ID_ANY,
		RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	return queue != NULL ? 0 : -rte_errno;
}

void
log_queue_destroy(struct counters *counters)
{
	log_queue_write(counters, UINT32_MAX);
	rte_ring_free(queue);
	queue = NULL;
}

void
log_queue_join(void)
{
	joined = true;
}

void
log_lost(void)
{
	atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
}

uint64_t
log_lost_count(void)
{
	return atomic_load_explicit(&lost, memory_order_relaxed);
}

/* Bytes of a text that is cut so that no character is. */
static size_t
length_cut(const char *text)
{
	size_t length = strnlen(text, TEXT_MAX);

	if (length < TEXT_MAX)
		return length;
	length = TEXT_MAX - 1;
	while (length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

bool
log_queue_take(int type, uint32_t level, const char *text)
{
	struct queued line = {.level = level, .type = type};

	if (!joined || queue == NULL)
		return false;
	memcpy(line.text, text, length_cut(text));
	if (rte_ring_enqueue_elem(queue, &line, sizeof(line)) != 0)
		log_lost();
	return true;
}

void
log_queue_write(struct counters *counters, uint32_t budget)
{
	struct queued lines[LINES_AT_ONCE];
	uint64_t lost_now;
	unsigned int count;

	if (queue == NULL)
		return;
	do {
		count = rte_ring_dequeue_burst_elem(queue, lines, sizeof(lines[0]),
			RTE_MIN(budget, (uint32_t)LINES_AT_ONCE), NULL);
		for (unsigned int i = 0; i < count; i++)
			log_hand_on(lines[i].type, lines[i].level, lines[i].text);
		budget -= count;
	} while (count > 0 && budget > 0);
	lost_now = log_lost_count();
	event_count(counters, EVENT_LOG_LOST, lost_now - lost_counted);
	lost_counted = lost_now;
}
