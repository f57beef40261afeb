/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last messages of a worker, for the ladder of a call: short entries, written one behind the other and
 * over the oldest. A call is known by its Call-ID alone, so its ladder is there after its record has gone,
 * and for messages that make no call.
 *
 * Synchronization: a worker's own, like its calls.
 */
#ifndef ALG_HISTORY_PRIV_H
#define ALG_HISTORY_PRIV_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "alg/alg.h"

struct history_entry {
	uint64_t at_ms; /* thread clock */
	uint64_t call_id; /* half of its keyed hash */
	uint32_t cseq;
	uint16_t status : 10; /* 0: request */
	uint16_t method : 5; /* enum sip_method */
	uint16_t tcp : 1;
	uint8_t in, out; /* interfaces */
	uint8_t dropped; /* drop reason + 1; 0: it left */
	uint8_t edits; /* 255: or more, as those below */
	uint8_t doors_opened, doors_closed, pinholes_opened, pinholes_closed;
	uint8_t spare[2];
};
static_assert(sizeof(struct history_entry) == 32, "two to a cache line");

struct history {
	struct history_entry *entry; /* NULL: off */
	uint32_t size; /* entries */
	uint32_t at; /* where the next one goes */
	uint64_t written; /* entries since start */
};

/* What had been opened and closed before a message. */
struct history_counts {
	uint64_t doors_opened, doors_closed, pinholes_opened, pinholes_closed;
};

static inline struct history_counts
history_counts(const struct thread *self)
{
	const _Atomic uint64_t *event = self->counters->event;

	/* relaxed: this thread writes them */
	return (struct history_counts){
		atomic_load_explicit(&event[EVENT_DOOR_OPENED], memory_order_relaxed),
		atomic_load_explicit(&event[EVENT_DOOR_CLOSED], memory_order_relaxed),
		atomic_load_explicit(&event[EVENT_PINHOLE_OPENED], memory_order_relaxed),
		atomic_load_explicit(&event[EVENT_PINHOLE_CLOSED], memory_order_relaxed),
	};
}

struct plan;

/** 0 or -ENOMEM. `size` 0: off. Bring-up. */
int history_create(struct history *history, uint32_t size, int socket);
void history_destroy(struct history *history);
size_t history_memory(uint32_t size);

/** Note what has become of a message; `before`: history_counts() when it came. */
void history_note(
	struct history *history, const struct plan *plan, const struct history_counts *before);

#endif
