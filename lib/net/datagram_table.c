/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All datagrams of a worker. Records stand in two queues in the order in which their time is over:
 * those that hold fragments, and the others. Where records run short, the longer queue gives way, so
 * that a flood of one kind does not end datagrams of the other; where mbufs do, the first queue.
 */
#include "datagram_priv.h"

#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "core/keyed_hash.h"

static size_t
record_size(const struct datagram_limits *limits)
{
	return RTE_ALIGN_CEIL(
		sizeof(struct datagram) + limits->fragments * sizeof(struct fragment_range),
		RTE_CACHE_LINE_SIZE);
}

static size_t
buckets_size(const struct datagram_limits *limits)
{
	return RTE_CACHE_LINE_ROUNDUP(
		rte_align32pow2(limits->datagrams) * sizeof(struct datagram_bucket));
}

static size_t
table_size(void)
{
	return RTE_CACHE_LINE_ROUNDUP(sizeof(struct datagram_table));
}

size_t
datagram_table_memory(const struct datagram_limits *limits)
{
	/* a line more: what the heap keeps beside it */
	return table_size() + buckets_size(limits) + limits->datagrams * record_size(limits) +
	       RTE_CACHE_LINE_SIZE;
}

/* One piece: table, buckets, records. */
struct datagram_table *
datagram_table_create(const struct datagram_limits *limits, int socket)
{
	size_t size = record_size(limits);
	struct datagram_table *table;
	char *record;

	table = rte_zmalloc_socket("datagrams",
		table_size() + buckets_size(limits) + limits->datagrams * size, RTE_CACHE_LINE_SIZE,
		socket);
	if (table == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	table->limits = *limits;
	table->bucket = RTE_PTR_ADD(table, table_size());
	table->bucket_mask = rte_align32pow2(limits->datagrams) - 1;
	TAILQ_INIT(&table->holding);
	TAILQ_INIT(&table->others);
	TAILQ_INIT(&table->free);
	record = RTE_PTR_ADD(table->bucket, buckets_size(limits));
	for (uint32_t i = 0; i < limits->datagrams; i++) {
		struct datagram *datagram = RTE_PTR_ADD(record, i * size);

		TAILQ_INSERT_TAIL(&table->free, datagram, order);
	}
	return table;
}

/* Gauges: one writer, so a load and a store. */
static void
gauge_add(_Atomic uint32_t *gauge, int32_t n)
{
	atomic_store_explicit(gauge,
		atomic_load_explicit(gauge, memory_order_relaxed) + (uint32_t)n,
		memory_order_relaxed);
}

uint32_t
datagram_table_count(const struct datagram_table *table)
{
	return atomic_load_explicit(&table->count, memory_order_relaxed);
}

uint32_t
datagram_table_held(const struct datagram_table *table)
{
	return atomic_load_explicit(&table->held, memory_order_relaxed);
}

static void
held_add(struct datagram_table *table, const struct datagram *datagram, int32_t mbufs)
{
	gauge_add(&table->held, mbufs);
	table->held_of[datagram->source] += (uint32_t)mbufs;
}

static struct datagram_bucket *
bucket_of(const struct datagram_table *table, uint64_t hash)
{
	return &table->bucket[(uint32_t)hash & table->bucket_mask];
}

struct datagram *
datagram_find(const struct datagram_table *table, const struct packet *packet)
{
	struct datagram *datagram;

	LIST_FOREACH(datagram, bucket_of(table, packet->hash), bucket)
	{
		if (memcmp(&datagram->key, &packet->key, sizeof(packet->key)) == 0)
			return datagram;
	}
	return NULL;
}

/* Into the queue of its state; its time begins. */
static void
queue_enter(struct datagram_table *table, struct datagram *datagram, uint64_t now_ms)
{
	datagram->due_ms = now_ms + table->limits.timeout_ms;
	if (datagram_holds(datagram)) {
		TAILQ_INSERT_TAIL(&table->holding, datagram, order);
		table->holding_count++;
	} else {
		TAILQ_INSERT_TAIL(&table->others, datagram, order);
		table->others_count++;
	}
}

static void
queue_leave(struct datagram_table *table, struct datagram *datagram)
{
	if (datagram_holds(datagram)) {
		TAILQ_REMOVE(&table->holding, datagram, order);
		table->holding_count--;
	} else {
		TAILQ_REMOVE(&table->others, datagram, order);
		table->others_count--;
	}
}

struct rte_mbuf *
datagram_take(struct datagram_table *table, struct datagram *datagram)
{
	struct rte_mbuf *mbuf = datagram->first;

	if (mbuf == NULL)
		return NULL;
	datagram->first = packet_of(mbuf)->flow;
	if (datagram->first == NULL)
		datagram->last = NULL;
	packet_of(mbuf)->flow = NULL;
	held_add(table, datagram, -(int32_t)mbuf->nb_segs);
	return mbuf;
}

static void
datagram_drop(struct thread *self, struct datagram_table *table, struct datagram *datagram,
	enum drop_reason reason)
{
	struct rte_mbuf *mbuf;

	while ((mbuf = datagram_take(table, datagram)) != NULL)
		packet_drop(self, mbuf, reason);
}

void
datagram_end(struct datagram_table *table, struct datagram *datagram)
{
	queue_leave(table, datagram);
	LIST_REMOVE(datagram, bucket);
	TAILQ_INSERT_HEAD(&table->free, datagram, order);
	gauge_add(&table->count, -1);
}

static void
datagram_evict(struct thread *self, struct datagram_table *table, struct datagram *datagram)
{
	datagram_drop(self, table, datagram, DROP_FRAGMENT_EVICTED);
	event_count(self->counters, EVENT_DATAGRAMS_EVICTED, 1);
	datagram_end(table, datagram);
}

static uint16_t
source_of(const struct flow_key *key)
{
	uint64_t hash = keyed_hash16((uint64_t)key->realm << 32 | key->src, 0);

	return (uint16_t)(hash % DATAGRAM_SOURCES);
}

struct datagram *
datagram_make(struct thread *self, struct datagram_table *table, const struct packet *packet)
{
	struct datagram *datagram;

	if (TAILQ_EMPTY(&table->free))
		datagram_evict(self, table,
			TAILQ_FIRST(table->holding_count > table->others_count ? &table->holding
									       : &table->others));
	datagram = TAILQ_FIRST(&table->free);
	TAILQ_REMOVE(&table->free, datagram, order);
	memset(datagram, 0, sizeof(*datagram));
	datagram->key = packet->key;
	datagram->state = DATAGRAM_WAITING;
	datagram->source = source_of(&packet->key);
	LIST_INSERT_HEAD(bucket_of(table, packet->hash), datagram, bucket);
	queue_enter(table, datagram, self->now_ms);
	gauge_add(&table->count, 1);
	return datagram;
}

void
datagram_stop(struct thread *self, struct datagram_table *table, struct datagram *datagram,
	enum datagram_state state, enum drop_reason reason)
{
	datagram_drop(self, table, datagram, reason);
	queue_leave(table, datagram);
	datagram->state = (uint8_t)state;
	queue_enter(table, datagram, self->now_ms);
}

void
datagram_refuse(struct thread *self, struct datagram_table *table, struct datagram *datagram)
{
	datagram_stop(self, table, datagram, DATAGRAM_REFUSED, DROP_FRAGMENT_REFUSED);
}

void
datagram_pass(struct thread *self, struct datagram_table *table, struct datagram *datagram)
{
	queue_leave(table, datagram);
	datagram->state = DATAGRAM_PASSING;
	queue_enter(table, datagram, self->now_ms);
}

/* By offset. No two begin at the same byte. */
static void
held_insert(struct datagram *datagram, struct rte_mbuf *mbuf)
{
	uint16_t mask = RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK);
	uint16_t offset = rte_be_to_cpu_16(packet_ip(mbuf)->fragment_offset & mask);
	struct rte_mbuf *before = NULL, *after = datagram->first;

	if (datagram->last != NULL &&
		rte_be_to_cpu_16(packet_ip(datagram->last)->fragment_offset & mask) < offset) {
		before = datagram->last;
		after = NULL;
	}
	while (after != NULL &&
		rte_be_to_cpu_16(packet_ip(after)->fragment_offset & mask) < offset) {
		before = after;
		after = packet_of(after)->flow;
	}
	packet_of(mbuf)->flow = after;
	if (before != NULL)
		packet_of(before)->flow = mbuf;
	else
		datagram->first = mbuf;
	if (after == NULL)
		datagram->last = mbuf;
}

bool
datagram_hold(struct thread *self, struct datagram_table *table, struct datagram *datagram,
	struct rte_mbuf *mbuf)
{
	if (table->held_of[datagram->source] + mbuf->nb_segs > table->limits.held_per_source) {
		packet_drop(self, mbuf, DROP_FRAGMENT_SOURCE_LIMIT);
		datagram_stop(self, table, datagram, DATAGRAM_SPOILED, DROP_FRAGMENT_SOURCE_LIMIT);
		return false;
	}
	while (datagram_table_held(table) + mbuf->nb_segs > table->limits.held) {
		struct datagram *oldest = TAILQ_FIRST(&table->holding);

		if (oldest == datagram) {
			packet_drop(self, mbuf, DROP_FRAGMENT_EVICTED);
			datagram_stop(
				self, table, datagram, DATAGRAM_SPOILED, DROP_FRAGMENT_EVICTED);
			return false;
		}
		datagram_evict(self, table, oldest);
	}
	held_insert(datagram, mbuf);
	held_add(table, datagram, mbuf->nb_segs);
	return true;
}

struct datagram *
datagram_due(const struct datagram_table *table, uint64_t now_ms)
{
	struct datagram *datagram = TAILQ_FIRST(&table->holding);

	if (datagram != NULL && datagram->due_ms <= now_ms)
		return datagram;
	datagram = TAILQ_FIRST(&table->others);
	return datagram != NULL && datagram->due_ms <= now_ms ? datagram : NULL;
}

void
datagram_expire(struct thread *self, struct datagram_table *table, struct datagram *datagram)
{
	datagram_drop(self, table, datagram, DROP_FRAGMENT_TIMEOUT);
	event_count(self->counters, EVENT_DATAGRAMS_TIMED_OUT, 1);
	datagram_end(table, datagram);
}

void
datagram_table_destroy(struct thread *self, struct datagram_table *table)
{
	struct datagram *datagram;

	if (table == NULL)
		return;
	TAILQ_FOREACH (datagram, &table->holding, order)
		datagram_drop(self, table, datagram, DROP_SHUTDOWN);
	rte_free(table);
}
