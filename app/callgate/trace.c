/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "core/clock.h"
#include "core/rcu.h"
#include "hep.h"
#include "trace_priv.h"
#include "worker.h"

static_assert((TRACE_RING_UNITS - 1) * TRACE_UNIT > TRACE_RECORD_MAX, "every record fits its ring");
static_assert(TRACE_BUFFER > TRACE_RECORD_MAX, "and its buffer");
static_assert((int)TRACE_NAME > (int)NAME_MAX_LENGTH, "names of interfaces fit");

size_t
trace_memory(unsigned int workers)
{
	return sizeof(struct trace) + (size_t)TRACES_MAX * TRACE_BUFFER +
	       workers * (sizeof(struct trace_lane) +
				 (size_t)rte_ring_get_memsize_elem(TRACE_UNIT, TRACE_RING_UNITS));
}

static struct trace_lane *
lane_create(unsigned int worker, int socket)
{
	struct trace_lane *lane =
		rte_zmalloc_socket("trace_lane", sizeof(*lane), RTE_CACHE_LINE_SIZE, socket);
	char name[RTE_RING_NAMESIZE];

	if (lane == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	snprintf(name, sizeof(name), "trace_%u", worker);
	lane->ring = rte_ring_create_elem(
		name, TRACE_UNIT, TRACE_RING_UNITS, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (lane->ring == NULL) {
		rte_free(lane);
		return NULL;
	}
	return lane;
}

struct trace *
trace_create(unsigned int workers, int socket, struct hep *hep)
{
	struct trace *trace =
		rte_zmalloc_socket("trace", sizeof(*trace), RTE_CACHE_LINE_SIZE, socket);

	if (trace == NULL) {
		hep_destroy(hep);
		rte_errno = ENOMEM;
		return NULL;
	}
	trace->hep = hep;
	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		trace->place[i].buffer =
			rte_zmalloc_socket("trace_buffer", TRACE_BUFFER, 0, socket);
		if (trace->place[i].buffer == NULL)
			goto no_memory;
	}
	for (; trace->workers < workers; trace->workers++) {
		trace->lane[trace->workers] = lane_create(trace->workers, socket);
		if (trace->lane[trace->workers] == NULL) {
			trace_destroy(trace);
			return NULL;
		}
	}
	if (hep != NULL)
		atomic_store_explicit(&trace->on.active, TRACE_EXPORT, memory_order_relaxed);
	return trace;

no_memory:
	trace_destroy(trace);
	rte_errno = ENOMEM;
	return NULL;
}

void
trace_destroy(struct trace *trace)
{
	if (trace == NULL)
		return;
	for (unsigned int i = 0; i < trace->workers; i++) {
		rte_ring_free(trace->lane[i]->ring);
		rte_free(trace->lane[i]);
	}
	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		capture_free(&trace->place[i]);
		rte_free(trace->place[i].buffer);
	}
	hep_destroy(trace->hep);
	rte_free(trace);
}

static bool
filter_wants(const struct trace_filter *filter, const struct alg_message *message)
{
	const struct flow_path *path = &message->flow->path[message->direction];

	if (filter->host != 0)
		return filter->host == path->key.src || filter->host == path->key.dst ||
		       filter->host == path->new_src || filter->host == path->new_dst;
	return message->call_id != NULL && message->call_id->low == filter->call_id.low &&
	       message->call_id->high == filter->call_id.high;
}

bool
trace_before(struct worker *worker, const struct alg_message *message)
{
	const struct interface *interfaces = worker->appliance->interfaces->entry;
	const struct flow_path *path = &message->flow->path[message->direction];
	struct trace *trace = worker->appliance->trace;
	struct trace_lane *lane = trace->lane[worker->thread.id];
	/* acquire: pairs with the release in trace_start(); the filters are complete */
	uint32_t active = atomic_load_explicit(&trace->on.active, memory_order_acquire);
	uint32_t wanted = active & TRACE_EXPORT;

	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		if (active >> i & 1 && filter_wants(&trace->place[i].filter, message)) {
			wanted |= 1u << i;
			lane->record.generation[i] = trace->place[i].generation;
		}
	}
	if (wanted == 0 || message->length > TRACE_TEXT_MAX)
		return false;
	lane->record.version = TRACE_VERSION;
	lane->record.wanted = (uint8_t)wanted;
	lane->record.proto = path->key.proto;
	lane->record.order = rte_rdtsc();
	lane->record.at_ms = clock_wall_ms(worker->thread.now_ms);
	lane->record.src = path->key.src;
	lane->record.dst = path->key.dst;
	lane->record.src_port = path->key.src_port;
	lane->record.dst_port = path->key.dst_port;
	lane->record.new_src = path->new_src;
	lane->record.new_dst = path->new_dst;
	lane->record.new_src_port = path->new_src_port;
	lane->record.new_dst_port = path->new_dst_port;
	lane->record.worker = worker->thread.id;
	/* Where it came in is where the other direction leaves. */
	snprintf(lane->record.in, sizeof(lane->record.in), "%s",
		interfaces[message->flow->path[!message->direction].egress].name);
	snprintf(lane->record.out, sizeof(lane->record.out), "%s", interfaces[path->egress].name);
	lane->record.before = message->length;
	memcpy(lane->bytes + sizeof(lane->record), message->text, message->length);
	return true;
}

/* Behind the texts; returns how many bytes. */
static uint32_t
edits_put(struct trace_lane *lane, uint32_t at, const struct sip_edits *edits)
{
	for (uint32_t i = 0; i < edits->count; i++) {
		const struct trace_edit edit = {
			edits->edit[i].offset,
			edits->edit[i].length,
			edits->edit[i].text_length,
		};

		memcpy(lane->bytes + at + i * sizeof(edit), &edit, sizeof(edit));
	}
	lane->record.edits = edits->count;
	return edits->count * (uint32_t)sizeof(struct trace_edit);
}

void
trace_after(struct worker *worker, const struct alg_message *message, int verdict)
{
	struct trace *trace = worker->appliance->trace;
	struct trace_lane *lane = trace->lane[worker->thread.id];
	struct trace_record *record = &lane->record;
	uint32_t used = (uint32_t)sizeof(*record) + record->before;
	unsigned int units;

	record->after = record->edits = 0;
	record->edited = verdict == ALG_FORWARD && message->edited;
	record->dropped[0] = '\0';
	if (verdict != ALG_FORWARD)
		snprintf(record->dropped, sizeof(record->dropped), "%s",
			drop_reason_name((enum drop_reason)verdict));
	if (record->edited) {
		record->after = RTE_MIN(message->length, (uint32_t)TRACE_TEXT_MAX);
		memcpy(lane->bytes + used, message->text, record->after);
		used += record->after;
		used += edits_put(lane, used, message->edits);
	}
	record->length = RTE_ALIGN_CEIL(used, (uint32_t)TRACE_UNIT);
	units = record->length / TRACE_UNIT;
	if (rte_ring_enqueue_bulk_elem(lane->ring, lane->bytes, TRACE_UNIT, units, NULL) == units)
		return;
	event_count(worker->thread.counters, EVENT_TRACE_LOST, 1);
	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		if (record->wanted >> i & 1)
			atomic_fetch_add_explicit(&trace->place[i].lost, 1, memory_order_relaxed);
	}
}

/* Index in the lower half, generation in the upper. */
static uint64_t
place_token(const struct trace *trace, const struct trace_place *place)
{
	return (uint64_t)place->generation << 32 | (uint64_t)(place - trace->place);
}

/* The trace of a token; NULL: it has ended. */
static struct trace_place *
place_of(struct trace *trace, uint64_t token)
{
	struct trace_place *place =
		(uint32_t)token < TRACES_MAX ? &trace->place[(uint32_t)token] : NULL;

	return place && place->state == PLACE_ON && place->generation == token >> 32 ? place : NULL;
}

static void
place_leave(struct appliance *appliance, struct trace_place *place)
{
	struct trace *trace = appliance->trace;

	capture_end(appliance, place);
	/* relaxed: who still reads the old word is waited for */
	atomic_fetch_and_explicit(
		&trace->on.active, ~(1u << (place - trace->place)), memory_order_relaxed);
	atomic_fetch_sub_explicit(&trace->on.count, 1, memory_order_relaxed);
	place->state = PLACE_LEAVING;
	place->grace = rcu_start();
}

static void
place_free(struct trace_place *place)
{
	capture_free(place);
	place->state = PLACE_FREE;
}

int
trace_start(struct appliance *appliance, const struct trace_filter *filter, uint64_t *token)
{
	struct trace *trace = appliance->trace;

	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		struct trace_place *place = &trace->place[i];

		if (place->state != PLACE_FREE)
			continue;
		place->filter = *filter;
		place->generation++;
		place->state = PLACE_ON;
		atomic_fetch_add_explicit(&trace->on.count, 1, memory_order_relaxed);
		place->until_ms = appliance->control.now_ms + TRACE_LEASE_MS;
		place->messages = 0;
		place->first = place->used = 0;
		atomic_store_explicit(&place->lost, 0, memory_order_relaxed);
		*token = place_token(trace, place);
		if (filter->capture.ports != 0) {
			int rc = capture_begin(appliance, place);

			if (rc != 0)
				place_leave(appliance, place);
			return rc;
		}
		/* release: pairs with the acquire in trace_before() */
		atomic_fetch_or_explicit(&trace->on.active, 1u << i, memory_order_release);
		return 0;
	}
	return -EBUSY;
}

int
trace_stop(struct appliance *appliance, uint64_t token)
{
	struct trace_place *place = place_of(appliance->trace, token);

	if (place == NULL)
		return -ENOENT;
	place_leave(appliance, place);
	return 0;
}

/* Bytes of the buffer from `at` on, as a ring: how many of `length` before its end. */
static uint32_t
straight(uint32_t at, uint32_t length)
{
	return RTE_MIN(length, (uint32_t)TRACE_BUFFER - at);
}

int
trace_read(struct appliance *appliance, uint64_t token, void *bytes, uint32_t max, uint64_t *lost)
{
	struct trace_place *place = place_of(appliance->trace, token);
	uint32_t length, part;

	if (place == NULL)
		return -ENOENT;
	length = RTE_MIN(place->used, max);
	part = straight(place->first, length);
	memcpy(bytes, place->buffer + place->first, part);
	memcpy((uint8_t *)bytes + part, place->buffer, length - part);
	place->first = (place->first + length) % TRACE_BUFFER;
	place->used -= length;
	place->until_ms = appliance->control.now_ms + TRACE_LEASE_MS;
	*lost = atomic_load_explicit(&place->lost, memory_order_relaxed);
	return (int)length;
}

unsigned int
trace_list(struct appliance *appliance, struct trace_row rows[TRACES_MAX])
{
	struct trace *trace = appliance->trace;
	const uint64_t now_ms = appliance->control.now_ms;
	unsigned int count = 0;

	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		struct trace_place *place = &trace->place[i];

		if (place->state != PLACE_ON)
			continue;
		rows[count] = (struct trace_row){
			.token = place_token(trace, place),
			.messages = place->messages,
			.lost = atomic_load_explicit(&place->lost, memory_order_relaxed),
			.lease_ms =
				place->until_ms > now_ms ? (uint32_t)(place->until_ms - now_ms) : 0,
		};
		memcpy(rows[count++].what, place->filter.what, sizeof(rows[0].what));
	}
	return count;
}

/* The record that was taken, into a trace's buffer. */
static void
place_put(struct trace *trace, struct trace_place *place)
{
	const uint32_t length = trace->taken.record.length;
	uint32_t at = (place->first + place->used) % TRACE_BUFFER, part;

	if (length > TRACE_BUFFER - place->used) {
		atomic_fetch_add_explicit(&place->lost, 1, memory_order_relaxed);
		return;
	}
	part = straight(at, length);
	memcpy(place->buffer + at, trace->taken.bytes, part);
	memcpy(place->buffer, trace->taken.bytes + part, length - part);
	place->used += length;
	place->messages++;
}

static uint64_t
lane_order(const struct trace_lane *lane)
{
	uint64_t order;

	memcpy(&order, lane->first + offsetof(struct trace_record, order), sizeof(order));
	return order;
}

/* The oldest record of all rings; its units came all at once. False: there is none. */
static bool
record_take(struct trace *trace)
{
	struct trace_lane *oldest = NULL;
	unsigned int rest;

	for (unsigned int i = 0; i < trace->workers; i++) {
		struct trace_lane *lane = trace->lane[i];

		if (!lane->has_first)
			lane->has_first = rte_ring_dequeue_bulk_elem(lane->ring, lane->first,
						  TRACE_UNIT, 1, NULL) == 1;
		if (lane->has_first && (!oldest || lane_order(lane) < lane_order(oldest)))
			oldest = lane;
	}
	if (oldest == NULL)
		return false;
	oldest->has_first = false;
	memcpy(trace->taken.bytes, oldest->first, TRACE_UNIT);
	rest = trace->taken.record.length / TRACE_UNIT - 1;
	return rte_ring_dequeue_bulk_elem(oldest->ring, trace->taken.bytes + TRACE_UNIT, TRACE_UNIT,
		       rest, NULL) == rest;
}

/* Time of day, from the moment when its capture began on: never back, as clocks that are set may go. */
static void
frame_date(struct trace_frame *frame, const struct trace_place *place)
{
	const uint64_t hz = rte_get_tsc_hz(), cycles = frame->order - place->begun_tsc;

	frame->at_us = place->begun_us + cycles / hz * 1000000 + cycles % hz * 1000000 / hz;
}

static void
record_deliver(struct appliance *appliance)
{
	struct trace *trace = appliance->trace;
	const struct trace_record *record = &trace->taken.record;
	const bool is_frame = record->version == TRACE_FRAME_VERSION;

	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		struct trace_place *place = &trace->place[i];

		if (record->wanted >> i & 1 && place->state == PLACE_ON &&
			record->generation[i] == place->generation) {
			if (is_frame)
				frame_date(&trace->taken.frame, place);
			place_put(trace, place);
		}
	}
	if (record->wanted & TRACE_EXPORT)
		hep_send(&appliance->control, trace->hep, record);
	event_count(appliance->control.counters,
		is_frame ? EVENT_CAPTURE_FRAMES : EVENT_TRACE_MESSAGES, 1);
}

void
trace_step(struct appliance *appliance, unsigned int budget)
{
	struct trace *trace = appliance->trace;

	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		struct trace_place *place = &trace->place[i];

		if (place->state == PLACE_ON && appliance->control.now_ms >= place->until_ms)
			place_leave(appliance, place);
		else if (place->state == PLACE_LEAVING && rcu_passed(place->grace))
			place_free(place);
	}
	for (; budget > 0 && record_take(trace); budget--)
		record_deliver(appliance);
}

void
trace_end(struct appliance *appliance)
{
	for (unsigned int i = 0; i < TRACES_MAX; i++) {
		if (appliance->trace->place[i].state == PLACE_ON)
			place_leave(appliance, &appliance->trace->place[i]);
	}
}
