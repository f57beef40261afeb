/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of streams, and their timers. */
#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "core/keyed_hash.h"
#include "net/byte_queue.h"
#include "stream_priv.h"

enum {
	POLL_MS = 10,
	HURRIED = 1024, /* busy streams that are looked at then, each in its turn */
	AGED_A_SECOND_MS = 1000, /* all streams are looked at once in so long */
	HANDSHAKE_MS = 1000, /* a SYN without an answer may give way then */
	RESET_MS = 10000, /* so long a RST may turn out to have been none */
	LOOKED_AT = 16, /* streams, for one that is over, when there is no other */
	MEBIBYTE = 1 << 20,
};

static uint32_t
streams_max(const struct config *config)
{
	return RTE_MIN(config->sip.max_streams, config->system.max_flows);
}

static uint32_t
chunks_max(const struct config *config)
{
	return (uint32_t)((size_t)config->sip.stream_memory * MEBIBYTE / byte_chunk_size());
}

struct stream_pools *
stream_pools_create(const struct config *config, int socket)
{
	struct stream_pools *pools = rte_zmalloc_socket("streams", sizeof(*pools), 0, socket);

	if (pools == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pools->flows = config->system.max_flows + 1;
	pools->streams = pool_create(
		"streams", streams_max(config), sizeof(struct stream), socket, NULL, NULL);
	pools->bytes = byte_pool_create("stream_bytes", chunks_max(config), socket);
	pools->of_flow = rte_calloc_socket(
		"stream_of_flow", pools->flows, sizeof(pools->of_flow[0]), 0, socket);
	if (pools->streams != NULL && pools->bytes != NULL && pools->of_flow != NULL)
		return pools;
	stream_pools_destroy(pools);
	rte_errno = ENOMEM;
	return NULL;
}

void
stream_pools_destroy(struct stream_pools *pools)
{
	if (pools == NULL)
		return;
	rte_free(pools->of_flow);
	pool_destroy(pools->bytes);
	pool_destroy(pools->streams);
	rte_free(pools);
}

size_t
stream_memory(const struct config *config)
{
	return sizeof(struct stream_pools) +
	       pool_memory(streams_max(config), sizeof(struct stream)) +
	       byte_pool_memory(chunks_max(config)) +
	       (config->system.max_flows + 1) * sizeof(uint64_t) +
	       config->system.worker_count * sizeof(struct stream_table);
}

uint32_t
stream_bytes_rest(const struct stream_table *table)
{
	return byte_stock_count(&table->bytes);
}

/* A host may have half of all; a worker's part of that, and what one connection needs. */
static struct stream_share
share_most(const struct config *config)
{
	const uint32_t workers = config->system.worker_count;
	const uint32_t streams = config->sip.max_streams_per_host ? config->sip.max_streams_per_host
								  : streams_max(config) / 2;
	const size_t bytes = (size_t)config->sip.stream_memory * MEBIBYTE / 2 / workers;

	return (struct stream_share){
		.streams = RTE_MAX((streams + workers - 1) / workers, 1u),
		.bytes = (uint32_t)RTE_MAX(bytes, (size_t)config->sip.stream_buffer * 2),
	};
}

struct stream_table *
stream_table_create(struct worker *worker, int socket)
{
	const struct config_sip *sip = &worker->appliance->config->sip;
	struct stream_table *table =
		rte_zmalloc_socket("stream_table", sizeof(*table), RTE_CACHE_LINE_SIZE, socket);

	if (table == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	table->worker = worker;
	table->pools = worker->appliance->streams;
	byte_stock_open(&table->bytes, table->pools->bytes);
	table->room = sip->stream_buffer;
	table->hold_ms = sip->stream_hold_time * 1000;
	table->most = share_most(worker->appliance->config);
	TAILQ_INIT(&table->all);
	TAILQ_INIT(&table->busy);
	return table;
}

void
stream_table_destroy(struct stream_table *table)
{
	struct stream *stream;

	if (table == NULL)
		return;
	while ((stream = TAILQ_FIRST(&table->all)) != NULL)
		stream_end(stream, false);
	byte_stock_close(&table->bytes);
	rte_free(table);
}

/* relaxed everywhere: a flow's place is written by the one worker that has its stream */
static _Atomic uint64_t *
place_of(const struct stream_pools *pools, struct handle flow)
{
	return &pools->of_flow[flow.index];
}

/* What stands for a flow there: index of its stream, STREAM_GONE, 0. */
static uint32_t
place_read(const struct stream_pools *pools, struct handle flow)
{
	const uint64_t place = atomic_load_explicit(place_of(pools, flow), memory_order_relaxed);

	return place >> 32 == flow.generation ? (uint32_t)place : 0;
}

static void
place_write(const struct stream_pools *pools, struct handle flow, uint32_t index)
{
	atomic_store_explicit(place_of(pools, flow), (uint64_t)flow.generation << 32 | index,
		memory_order_relaxed);
}

static struct handle
handle_of(const struct appliance *appliance, const struct flow *flow)
{
	return pool_handle(flow_pool(appliance->flows), flow);
}

bool
stream_exists(const struct appliance *appliance, const struct flow *flow)
{
	return place_read(appliance->streams, handle_of(appliance, flow)) != 0;
}

bool
stream_is_gone(const struct worker *worker, const struct flow *flow)
{
	return place_read(worker->appliance->streams, handle_of(worker->appliance, flow)) ==
	       STREAM_GONE;
}

struct stream *
stream_of(struct worker *worker, const struct flow *flow)
{
	const struct stream_pools *pools = worker->appliance->streams;

	return pool_at(pools->streams, place_read(pools, handle_of(worker->appliance, flow)));
}

struct flow *
stream_flow(const struct stream *stream)
{
	return pool_get(flow_pool(stream->worker->appliance->flows), stream->flow);
}

void
stream_begin(struct stream *stream)
{
	const struct sip_framing_limits limits = {
		.headers_max = SIP_MESSAGE_MAX,
		.message_max = SIP_MESSAGE_MAX,
		.length_optional = true,
	};

	stream->reset_ms = 0;
	for (unsigned int i = 0; i < 2; i++) {
		struct stream_way *way = &stream->way[i];

		way->fed = way->whole = way->ends = 0;
		way->asked_ms = 0;
		way->serial++; /* an answer on its way is of the connection before */
		way->plain = false;
		sip_framing_begin(&way->framing, &limits);
	}
}

/* Over, or never begun: a host that sends SYNs alone must not take all streams from the others. */
static bool
gives_way(const struct stream *stream)
{
	const struct splice *splice = &stream->splice;

	return stream->reset_ms != 0 || splice_is_over(splice) ||
	       (!splice_has_begun(splice) &&
		       stream->worker->thread.now_ms >= splice->heard_ms + HANDSHAKE_MS);
}

/* One for a new connection: others give way when there is no other. */
static struct stream *
stream_take(struct stream_table *table)
{
	struct stream *stream = pool_alloc(table->pools->streams);
	struct stream *over = TAILQ_FIRST(&table->all), *next;

	for (unsigned int i = 0; stream == NULL && over != NULL && i < LOOKED_AT;
		i++, over = next) {
		next = TAILQ_NEXT(over, all);
		if (!gives_way(over))
			continue;
		stream_end(over, !stream_is_even(over));
		stream = pool_alloc(table->pools->streams);
	}
	return stream;
}

/* Segments of a direction are no longer than its way out takes, and an ordinary mbuf. */
static void
way_limit(struct stream *stream, const struct flow *flow, unsigned int direction)
{
	const struct interface_table *interfaces = stream->worker->appliance->interfaces;
	const uint16_t mtu = interfaces->entry[flow->path[direction].egress].mtu;

	splice_mtu(&stream->splice, direction,
		RTE_MIN((uint16_t)(mtu - STREAM_HEADERS), (uint16_t)STREAM_SEGMENT_MAX));
}

/* The share of the host that began a flow. */
static struct stream_share *
share_of(struct stream_table *table, const struct flow *flow)
{
	const rte_be32_t host = flow->path[0].key.src;

	return &table->share[keyed_hash64(&host, sizeof(host)) % STREAM_SHARES];
}

/* Bytes of memory, rounded up: a chunk for each queue that has begun one. */
static uint32_t
stream_bytes(const struct stream *stream)
{
	const uint32_t chunk = (uint32_t)byte_chunk_size();
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < 2; i++) {
		const struct splice_stream *way = &stream->splice.stream[i];

		bytes += way->held.length > 0 ? way->held.length + chunk : 0;
		bytes += way->kept.length > 0 ? way->kept.length + chunk : 0;
		for (unsigned int k = 0; k < way->blocks; k++)
			bytes += way->block[k].bytes.length + chunk;
	}
	return bytes;
}

void
stream_charge(struct stream *stream)
{
	const uint32_t bytes = stream_bytes(stream);
	/* Over; or another connection has begun in it. */
	const bool counts = !splice_is_over(&stream->splice);

	stream->share->bytes += bytes - stream->charged;
	stream->charged = bytes;
	stream->share->streams += (uint32_t)counts - (uint32_t)stream->counted;
	stream->counted = counts;
}

struct stream *
stream_make(struct worker *worker, struct flow *flow)
{
	struct stream_table *table = worker->streams;
	struct stream_share *share = share_of(table, flow);
	struct stream *stream = stream_of(worker, flow);

	if (stream != NULL)
		stream_end(stream, false);
	stream = share->streams < table->most.streams ? stream_take(table) : NULL;
	if (stream == NULL) {
		event_count(worker->thread.counters, EVENT_STREAM_LIMIT, 1);
		return NULL;
	}
	stream->flow = handle_of(worker->appliance, flow);
	stream->worker = worker;
	stream->is_busy = false;
	stream->share = share;
	stream->charged = 0;
	stream->counted = true;
	share->streams++;
	memset(stream->way, 0, sizeof(stream->way));
	splice_begin(&stream->splice, &table->bytes, table->room, stream_send, stream);
	stream_begin(stream);
	for (unsigned int i = 0; i < 2; i++)
		way_limit(stream, flow, i);
	TAILQ_INSERT_TAIL(&table->all, stream, all);
	table->count++;
	place_write(table->pools, stream->flow, pool_index(table->pools->streams, stream));
	event_count(worker->thread.counters, EVENT_STREAM_OPENED, 1);
	return stream;
}

void
stream_end(struct stream *stream, bool gone)
{
	struct stream_table *table = stream->worker->streams;
	uint64_t place =
		(uint64_t)stream->flow.generation << 32 | pool_index(table->pools->streams, stream);

	splice_end(&stream->splice);
	stream->share->bytes -= stream->charged;
	stream->share->streams -= stream->counted;
	TAILQ_REMOVE(&table->all, stream, all);
	table->count--;
	if (stream->is_busy) {
		TAILQ_REMOVE(&table->busy, stream, busy);
		table->busy_count--;
	}
	/* A later flow may have the place, or get it at this moment, and be another worker's. */
	atomic_compare_exchange_strong_explicit(place_of(table->pools, stream->flow), &place,
		(uint64_t)stream->flow.generation << 32 | (gone ? STREAM_GONE : 0),
		memory_order_relaxed, memory_order_relaxed);
	event_count(stream->worker->thread.counters, EVENT_STREAM_CLOSED, 1);
	pool_free_unused(table->pools->streams, stream);
}

void
stream_wait(struct stream *stream)
{
	struct stream_table *table = stream->worker->streams;
	const bool waits =
		stream->reset_ms == 0 &&
		(splice_waits(&stream->splice) || stream->splice.stream[0].held.length > 0 ||
			stream->splice.stream[1].held.length > 0);

	if (waits == stream->is_busy)
		return;
	stream->is_busy = waits;
	if (waits) {
		TAILQ_INSERT_TAIL(&table->busy, stream, busy);
		table->busy_count++;
	} else {
		TAILQ_REMOVE(&table->busy, stream, busy);
		table->busy_count--;
	}
}

bool
stream_is_even(const struct stream *stream)
{
	if (!splice_has_begun(&stream->splice))
		return true;
	for (unsigned int i = 0; i < 2; i++) {
		const struct splice_stream *bytes = &stream->splice.stream[i];
		const struct splice_mark end = splice_map_end(&bytes->map);

		if (end.in != end.out || bytes->received != bytes->released ||
			bytes->held.length > 0 || bytes->blocks > 0)
			return false;
	}
	return true;
}

/* Bytes have been waiting: read them again, or give up to read them. */
static void
way_age(struct stream *stream, struct flow *flow, unsigned int direction)
{
	struct stream_way *way = &stream->way[direction];
	struct worker *worker = stream->worker;

	if (stream->splice.stream[direction].held.length == 0)
		return;
	if (!way->plain && way->whole == 0 && way->ends == 0 &&
		worker->thread.now_ms >= way->since_ms + worker->streams->hold_ms) {
		event_count(worker->thread.counters, EVENT_STREAM_HELD_TOO_LONG, 1);
		stream_make_plain(stream, direction);
	}
	stream_read(stream, flow, direction);
	splice_answer(&stream->splice, direction);
}

static void
stream_hurry(struct stream *stream)
{
	struct flow *flow = stream_flow(stream);

	if (flow == NULL) {
		stream_end(stream, false);
		return;
	}
	stream->splice.now_ms = stream->worker->thread.now_ms;
	for (unsigned int i = 0; i < 2; i++)
		way_age(stream, flow, i);
	if (!splice_tick(&stream->splice, stream->worker->thread.now_ms)) {
		stream_abort(stream, flow);
		return;
	}
	stream_settle(stream, flow);
}

/* Of those that wait for nothing: has its flow ended, or is it over for long? */
static void
stream_age(struct stream *stream)
{
	const uint64_t now_ms = stream->worker->thread.now_ms;

	if (stream_flow(stream) == NULL)
		stream_end(stream, false);
	else if (splice_is_done(&stream->splice, now_ms) ||
		 (stream->reset_ms != 0 && now_ms >= stream->reset_ms + RESET_MS))
		stream_end(stream, !stream_is_even(stream));
}

unsigned int
stream_poll(struct worker *worker)
{
	struct stream_table *table = worker->streams;
	struct stream *stream;
	uint64_t passed_ms;
	uint64_t count;

	if (likely(table->count == 0) || worker->thread.now_ms < table->polled_ms + POLL_MS)
		return 0;
	passed_ms = RTE_MIN(worker->thread.now_ms - table->polled_ms, (uint64_t)AGED_A_SECOND_MS);
	table->polled_ms = worker->thread.now_ms;
	/* Were it all of them, a host with thousands of halves of messages would take a good part of the worker. */
	count = RTE_MIN(table->busy_count, (uint32_t)HURRIED);
	while (count-- > 0 && (stream = TAILQ_FIRST(&table->busy)) != NULL) {
		TAILQ_REMOVE(&table->busy, stream, busy);
		TAILQ_INSERT_TAIL(&table->busy, stream, busy);
		stream_hurry(stream);
	}
	count = (table->count * passed_ms + AGED_A_SECOND_MS - 1) / AGED_A_SECOND_MS;
	while (count-- > 0 && (stream = TAILQ_FIRST(&table->all)) != NULL) {
		TAILQ_REMOVE(&table->all, stream, all);
		TAILQ_INSERT_TAIL(&table->all, stream, all);
		stream_age(stream);
	}
	return 0; /* nothing came: an idle worker may sleep */
}
