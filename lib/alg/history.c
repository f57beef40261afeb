/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>

#include <rte_malloc.h>

#include "alg_priv.h"
#include "core/clock.h"

enum { ENTRIES_A_STEP = 8192 }; /* looked at between two bursts: some 256 KiB */

static_assert(INTERFACES_MAX <= UINT8_MAX, "an interface is a byte");
static_assert((int)DROP_COUNT < UINT8_MAX, "a reason and one more is a byte");
static_assert(SIP_METHOD_OTHER < 1 << 5, "a method is five bits");

int
history_create(struct history *history, uint32_t size, int socket)
{
	if (size == 0)
		return 0;
	history->entry = rte_zmalloc_socket(
		"alg_history", history_memory(size), RTE_CACHE_LINE_SIZE, socket);
	history->size = size;
	return history->entry ? 0 : -ENOMEM;
}

void
history_destroy(struct history *history)
{
	rte_free(history->entry);
}

size_t
history_memory(uint32_t size)
{
	return (size_t)size * sizeof(struct history_entry);
}

static uint8_t
least(uint64_t number)
{
	return (uint8_t)RTE_MIN(number, (uint64_t)UINT8_MAX);
}

void
history_note(struct history *history, const struct plan *plan, const struct history_counts *before)
{
	const struct alg_message *message = plan->message;
	const struct history_counts now = history_counts(plan->self);
	struct history_entry *entry;

	if (!history->entry || !message->call_id)
		return;
	entry = &history->entry[history->at];
	history->at = history->at + 1 == history->size ? 0 : history->at + 1;
	history->written++;
	*entry = (struct history_entry){
		.at_ms = plan->self->now_ms,
		.call_id = message->call_id->high,
		.cseq = plan->sip->cseq,
		.status = plan->sip->status & 0x3ff,
		.method = plan->sip->method & 0x1f,
		.tcp = plan_proto(plan) == IPPROTO_TCP,
		/* Where it came in is where the other direction leaves. */
		.in = (uint8_t)message->flow->path[!message->direction].egress,
		.out = (uint8_t)plan->path->egress,
		.dropped = plan->drop == ALG_FORWARD ? 0 : (uint8_t)(plan->drop + 1),
		.edits = message->edited ? least(plan->edits->count) : 0,
		.doors_opened = least(now.doors_opened - before->doors_opened),
		.doors_closed = least(now.doors_closed - before->doors_closed),
		.pinholes_opened = least(now.pinholes_opened - before->pinholes_opened),
		.pinholes_closed = least(now.pinholes_closed - before->pinholes_closed),
	};
}

static const char *
method_name(unsigned int method)
{
	static const char *const names[] = {
		[SIP_METHOD_NONE] = "-",
		[SIP_ACK] = "ACK",
		[SIP_BYE] = "BYE",
		[SIP_CANCEL] = "CANCEL",
		[SIP_INFO] = "INFO",
		[SIP_INVITE] = "INVITE",
		[SIP_MESSAGE] = "MESSAGE",
		[SIP_NOTIFY] = "NOTIFY",
		[SIP_OPTIONS] = "OPTIONS",
		[SIP_PRACK] = "PRACK",
		[SIP_PUBLISH] = "PUBLISH",
		[SIP_REFER] = "REFER",
		[SIP_REGISTER] = "REGISTER",
		[SIP_SUBSCRIBE] = "SUBSCRIBE",
		[SIP_UPDATE] = "UPDATE",
		[SIP_METHOD_OTHER] = "other",
	};

	return names[RTE_MIN(method, (unsigned int)SIP_METHOD_OTHER)];
}

static void
entry_show(const struct alg *alg, const struct history_entry *entry, uint64_t number,
	struct alg_history_row *row)
{
	*row = (struct alg_history_row){
		.number = number,
		.at_ms = clock_wall_ms(entry->at_ms),
		.in = alg->interfaces->entry[entry->in].name,
		.out = alg->interfaces->entry[entry->out].name,
		.dropped = entry->dropped ? drop_reason_name(entry->dropped - 1u) : "",
		.method = method_name(entry->method),
		.cseq = entry->cseq,
		.status = entry->status,
		.proto = entry->tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.edits = entry->edits,
		.doors_opened = entry->doors_opened,
		.doors_closed = entry->doors_closed,
		.pinholes_opened = entry->pinholes_opened,
		.pinholes_closed = entry->pinholes_closed,
	};
}

unsigned int
alg_history_page(const struct alg_worker *worker, const struct hash128 *call_id, uint64_t *cursor,
	unsigned int max, struct alg_history_row *rows)
{
	const struct history *history = &worker->history;
	const uint64_t kept = RTE_MIN(history->written, (uint64_t)history->size);
	uint64_t number = RTE_MAX(*cursor, history->written - kept), end;
	unsigned int count = 0;

	end = RTE_MIN(history->written, number + ENTRIES_A_STEP);
	while (number < end && count < max) {
		const struct history_entry *entry = &history->entry[number++ % history->size];

		if (entry->call_id == call_id->high)
			entry_show(worker->alg, entry, number, &rows[count++]);
	}
	*cursor = number < history->written ? number : 0;
	return count;
}
