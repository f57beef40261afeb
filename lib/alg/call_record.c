/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Call records: gathered beside the call, told when it ends. Overview in call_record_priv.h.
 *
 * One writer, the call's owner; the ring between it and the control lcore has one of each, no lock.
 */
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "alg_priv.h"

static_assert(sizeof(struct call_record) % 4 == 0, "elements of a ring are words");

static const char *const reason_names[] = {
#define X(id, name) [CALL_RECORD_##id] = name,
	CALL_RECORD_REASONS(X)
#undef X
};

static const char *const media_names[] = {
	[CALL_RECORD_OTHER] = "other",
	[CALL_RECORD_AUDIO] = "audio",
	[CALL_RECORD_VIDEO] = "video",
	[CALL_RECORD_IMAGE] = "image",
	[CALL_RECORD_MESSAGE] = "message",
	[CALL_RECORD_APPLICATION] = "application",
	[CALL_RECORD_TEXT_MEDIA] = "text",
};

const char *
call_record_reason_name(enum call_record_reason reason)
{
	return reason_names[reason];
}

const char *
call_record_media_name(enum call_record_media media)
{
	return media_names[media];
}

int
call_records_create(struct alg_worker *worker, uint32_t calls, int socket)
{
	char name[RTE_RING_NAMESIZE];

	worker->records = rte_zmalloc_socket("call_records",
		((size_t)calls + 1) * sizeof(struct call_record), RTE_CACHE_LINE_SIZE, socket);
	if (!worker->records)
		return -ENOMEM;
	snprintf(name, sizeof(name), "call_records_%u", worker->id);
	worker->told = rte_ring_create_elem(name, sizeof(struct call_record), CALL_RECORD_RING,
		socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return worker->told ? 0 : -rte_errno;
}

void
call_records_destroy(struct alg_worker *worker)
{
	rte_ring_free(worker->told);
	rte_free(worker->records);
}

size_t
call_records_memory(const struct config *config, uint32_t calls)
{
	if (config->system.cdr == CDR_NONE)
		return 0;
	return ((size_t)calls + 1) * sizeof(struct call_record) +
	       (size_t)rte_ring_get_memsize_elem(sizeof(struct call_record), CALL_RECORD_RING);
}

/* NULL: off. */
static struct call_record *
record_of(const struct alg_worker *worker, const struct call *call)
{
	return worker->records ? &worker->records[slab_index(&worker->calls, call)] : NULL;
}

static uint16_t
text_keep(char *to, struct slice text)
{
	if (text.length)
		memcpy(to, text.at, RTE_MIN(text.length, (uint32_t)CALL_RECORD_TEXT));
	return (uint16_t)RTE_MIN(text.length, (uint32_t)UINT16_MAX);
}

void
call_record_begin(const struct plan *plan, const struct call *call)
{
	struct call_record *record = record_of(plan->worker, call);

	if (!record)
		return;
	memset(record, 0, offsetof(struct call_record, call_id));
	memset(record->stream, 0, sizeof(record->stream));
	record->begin_ms = plan->self->now_ms;
	record->host[plan->side] = plan->real_source;
	record->host[1 - plan->side] = plan->real_destination;
	record->worker = plan->worker->id;
	record->proto = plan_proto(plan);
	record->caller = plan->client_side;
	record->older = plan->to_tag != 0;
	record->call_id_length = text_keep(record->call_id, plan->sip->call_id);
	record->from_length = text_keep(record->from, plan->sip->from.uri);
	record->to_length = text_keep(record->to, plan->sip->to.uri);
}

void
call_record_void(struct alg_worker *worker, const struct call *call)
{
	struct call_record *record = record_of(worker, call);

	if (record)
		record->begin_ms = 0;
}

static enum call_record_media
media_of(struct slice type)
{
	for (unsigned int i = CALL_RECORD_OTHER + 1; i < RTE_DIM(media_names); i++) {
		if (slice_is(type, media_names[i]))
			return (enum call_record_media)i;
	}
	return CALL_RECORD_OTHER;
}

void
call_record_types(const struct plan *plan)
{
	const struct sdp *sdp = &plan->worker->sdp;
	struct call_record *record = plan->call ? record_of(plan->worker, plan->call) : NULL;

	if (!record)
		return;
	for (unsigned int i = 0; i < sdp->media_count && i < CALL_RECORD_STREAMS; i++)
		record->stream[i].type = (uint8_t)media_of(sdp->media[i].type);
	record->more |= sdp->media_count > CALL_RECORD_STREAMS;
}

void
call_record_answer(const struct plan *plan, bool initial)
{
	struct call_record *record = record_of(plan->worker, plan->call);
	unsigned int status = plan->sip->status;

	if (!record)
		return;
	if (status >= 300)
		call_record_refusal(plan);
	else if (!initial || record->answer_ms || status == 100)
		return;
	else if (status >= 200)
		record->answer_ms = plan->self->now_ms;
	else if (record->ringing_ms == 0)
		record->ringing_ms = plan->self->now_ms;
}

void
call_record_refusal(const struct plan *plan)
{
	struct call_record *record = record_of(plan->worker, plan->call);

	if (record)
		record->status = (uint16_t)plan->sip->status;
}

void
call_record_bye(const struct plan *plan)
{
	struct call_record *record = record_of(plan->worker, plan->call);

	if (record)
		record->bye = (uint8_t)(plan->side + 1);
}

void
call_record_due(struct alg_worker *worker, const struct call *call, uint32_t now_s)
{
	const struct config_sip *sip = &worker->alg->config->sip;
	struct call_record *record = record_of(worker, call);
	enum call_record_reason reason = CALL_RECORD_NONE; /* as its state says */

	if (!record)
		return;
	if (call->cleared)
		reason = CALL_RECORD_CLEARED;
	else if (call->state == CALL_CALLING || call->state == CALL_PROCEEDING)
		reason = CALL_RECORD_PROCEEDING;
	else if (call->state != CALL_ESTABLISHED && call->state != CALL_CLOSING)
		;
	else if (call->created_s + sip->max_call_duration <= now_s)
		reason = CALL_RECORD_DURATION;
	else if (call->session_s && call->session_s <= now_s)
		reason = CALL_RECORD_SESSION;
	else
		reason = CALL_RECORD_INACTIVITY;
	record->reason = (uint8_t)reason;
}

/* No timer and nobody here ends it: what the messages say. */
static enum call_record_reason
reason_of(const struct call_record *record, const struct call *call)
{
	switch ((enum call_state)call->state) {
	case CALL_CANCELLED:
		return CALL_RECORD_CANCELLED;
	case CALL_ESTABLISHED:
	case CALL_CLOSING:
		return record->bye ? CALL_RECORD_BYE : CALL_RECORD_DIALOG_GONE;
	default: /* a BYE while it rings ends the INVITE, too (RFC 3261 15.1.2) */
		return record->bye && record->status == 487 ? CALL_RECORD_BYE : CALL_RECORD_REFUSED;
	}
}

void
call_record_description(struct alg_worker *worker, uint32_t set, unsigned int side, bool agreed)
{
	const struct opening *opening;

	if (!worker->records || set == 0)
		return;
	for (uint32_t i = set_at(worker, set)->first; i; i = opening->next) {
		struct call_record_stream *stream;

		opening = opening_at(worker, i);
		if (opening->call == 0 || opening->component != 1 ||
			opening->flags & OPENING_CANDIDATE ||
			opening->stream >= CALL_RECORD_STREAMS)
			continue;
		stream = &worker->records[opening->call].stream[opening->stream];
		if (stream->agreed[side] && !agreed)
			continue;
		stream->agreed[side] = agreed;
		stream->end[side] = (struct call_record_end){
			.address = opening->address,
			.port = opening->port,
			.outside_address = opening->outside_address,
			.outside_port = opening->outside_port,
		};
	}
}

void
call_record_look(const struct alg_worker *worker, const struct opening *opening,
	struct call_record_flows *flows)
{
	const struct alg *alg = worker->alg;
	struct pinhole *pinhole;
	struct binding *binding;

	if (opening->kind != PINHOLE_RTP || opening->call == 0 ||
		opening->stream >= CALL_RECORD_STREAMS)
		return;
	pinhole = pool_get(pinhole_pool(alg->pinholes), opening->pinhole);
	binding = alg->nat ? pool_get(nat_binding_pool(alg->nat), opening->door) : NULL;
	if (pinhole)
		flows->count = flow_owner_list(
			alg->flows, &pinhole->flows, flows->flow, CALL_RECORD_FLOWS / 2);
	if (binding)
		flows->count += flow_owner_list(alg->flows, &binding->flows,
			&flows->flow[flows->count], CALL_RECORD_FLOWS - flows->count);
}

/* Which direction leads to the endpoint; -1: neither, as far as one can see. */
static int
direction_to(const struct flow *flow, const struct opening *opening)
{
	for (int i = 0; i < 2; i++) {
		const struct flow_path *path = &flow->path[i];

		if (path->new_dst == opening->address && path->new_dst_port == opening->port)
			return i;
		if (path->key.src == opening->address && path->key.src_port == opening->port)
			return 1 - i;
	}
	return -1;
}

static void
flow_count(
	struct call_record_stream *stream, const struct flow *flow, const struct opening *opening)
{
	int to = direction_to(flow, opening);
	unsigned int side = opening->side;

	if (to < 0)
		return;
	/* relaxed: whoever counts there may do so a moment longer, as ever */
	stream->packets[1 - side] +=
		atomic_load_explicit(&flow->path[to].packets, memory_order_relaxed);
	stream->bytes[1 - side] +=
		atomic_load_explicit(&flow->path[to].bytes, memory_order_relaxed);
	stream->packets[side] +=
		atomic_load_explicit(&flow->path[1 - to].packets, memory_order_relaxed);
	stream->bytes[side] +=
		atomic_load_explicit(&flow->path[1 - to].bytes, memory_order_relaxed);
}

/* A flow may be listed by its pinhole and by its binding. */
static bool
listed_before(const struct call_record_flows *flows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (flows->flow[i] == flows->flow[n])
			return true;
	}
	return false;
}

/* The caller is online, so a flow that has ended since is nobody else's yet. */
void
call_record_count(struct alg_worker *worker, const struct opening *opening,
	const struct call_record_flows *flows)
{
	for (unsigned int i = 0; i < flows->count; i++) {
		const struct flow *flow = flows->flow[i];

		/* acquire: as in flow_remove(), whose end of it this sees */
		if (atomic_load_explicit(&flow->state, memory_order_acquire) != FLOW_LIVE &&
			!listed_before(flows, i))
			flow_count(&worker->records[opening->call].stream[opening->stream], flow,
				opening);
	}
}

void
call_record_close(struct thread *self, struct alg_worker *worker, const struct call *call)
{
	struct call_record *record = record_of(worker, call);

	if (!record || record->begin_ms == 0)
		return;
	record->end_ms = self->now_ms;
	if (record->reason == CALL_RECORD_NONE)
		record->reason = (uint8_t)reason_of(record, call);
	if (record->reason != CALL_RECORD_REFUSED && record->reason != CALL_RECORD_CANCELLED &&
		record->reason != CALL_RECORD_DIALOG_GONE)
		record->status = 0;
	if (record->reason != CALL_RECORD_BYE)
		record->bye = 0;
	call_record_description(worker, call->offer.set, call->caller_side, false);
}

void
call_record_tell(struct thread *self, struct alg_worker *worker, const struct call *call)
{
	struct call_record *record = record_of(worker, call);

	if (!record || record->begin_ms == 0)
		return;
	if (rte_ring_enqueue_elem(worker->told, record, sizeof(*record)) != 0)
		event_count(self->counters, EVENT_CDR_DROPPED, 1);
	record->begin_ms = 0;
}

unsigned int
alg_call_records_take(struct alg *alg, struct call_record *records, unsigned int max)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < alg->workers && count < max; i++) {
		struct alg_worker *worker = alg->worker[alg->records_worker];

		if (!worker->told)
			return 0;
		count += rte_ring_dequeue_burst_elem(
			worker->told, &records[count], sizeof(*records), max - count, NULL);
		alg->records_worker = (alg->records_worker + 1) % alg->workers;
	}
	return count;
}

bool
alg_calls_finish(struct thread *self, struct alg *alg, unsigned int budget)
{
	while (alg->finish_worker < alg->workers) {
		struct alg_worker *worker = alg->worker[alg->finish_worker];

		while (worker->records && alg->finish_call < worker->calls.fresh) {
			struct call *call = call_at(worker, ++alg->finish_call);

			if (!call_live(call))
				continue;
			if (budget-- == 0) {
				alg->finish_call--;
				return true;
			}
			statistics_choose_call(worker, call);
			record_of(worker, call)->reason = CALL_RECORD_SHUTDOWN;
			call_end(self, worker, call);
		}
		alg->finish_worker++;
		alg->finish_call = 0;
	}
	return false;
}
