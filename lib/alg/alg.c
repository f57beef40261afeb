/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ALG whole: bring-up, owners, gauges.
 *
 * All memory is taken here: for each worker a table without concurrency flags and four slabs. A
 * Call-ID belongs to owner_map[keyed hash of it], so the calls of one trunk spread over all
 * workers, and a record is only ever touched by one thread.
 */
#include <rte_errno.h>
#include <rte_malloc.h>

#include "alg_priv.h"

/* Call-IDs do not spread evenly over several workers: a quarter more for each. */
static uint32_t
calls_per_worker(const struct config *config)
{
	uint32_t workers = RTE_MAX(config->system.worker_count, 1u);
	uint32_t calls = (config->system.max_calls + workers - 1) / workers;

	return workers == 1 ? calls : calls + calls / 4 + 1;
}

/* Cuckoo buckets refuse keys when nearly full; a quarter more keeps that away. */
static uint32_t
table_entries(uint32_t calls)
{
	return RTE_MAX(calls + calls / 4, 64u);
}

static size_t
slab_memory(uint32_t capacity, size_t size)
{
	return ((size_t)capacity + 1) * size;
}

static size_t
worker_memory(const struct config *config, uint32_t calls)
{
	return sizeof(struct alg_worker) + history_memory(config->sip.message_history) +
	       slab_memory(calls + 1, sizeof(struct call)) +
	       slab_memory(calls * DIALOGS_PER_CALL, sizeof(struct dialog)) +
	       slab_memory(calls * SETS_PER_CALL, sizeof(struct media_set)) +
	       slab_memory(calls * OPENINGS_PER_CALL, sizeof(struct opening)) +
	       call_records_memory(config, calls + 1) +
	       /* rte_hash: a key slot of 16 bytes and a bucket's 16 an entry, rounded up */
	       (size_t)rte_align32pow2(table_entries(calls)) * 32;
}

size_t
alg_memory(const struct config *config)
{
	unsigned int workers = RTE_MAX(config->system.worker_count, 1u);
	size_t bytes = workers * worker_memory(config, calls_per_worker(config)) +
		       (workers + 1) * statistics_memory(statistics_zones(config));

	if (config->sip.max_calls_per_host)
		bytes += host_table_memory(config->system.max_calls);
	if (config->sip.blacklist_trigger_messages)
		bytes += blacklist_memory(config->system.max_calls);
	return bytes + account_table_memory(config->system.max_calls) + sizeof(struct alg);
}

static int
slab_create(struct slab *slab, uint32_t capacity, size_t size, int socket)
{
	slab->base = rte_zmalloc_socket("alg_slab", slab_memory(capacity, size), LINE_PAIR, socket);
	slab->size = (uint32_t)size;
	slab->capacity = capacity;
	return slab->base ? 0 : -ENOMEM;
}

/* The key is a keyed hash already. */
static uint32_t
table_signature(const void *key, uint32_t length, uint32_t init)
{
	return (uint32_t) * (const uint64_t *)key;
}

static int
table_create(struct alg_worker *worker, uint32_t calls, int socket)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters parameters = {
		.name = name,
		.entries = table_entries(calls),
		.key_len = sizeof(uint64_t),
		.hash_func = table_signature,
		.socket_id = socket,
	};

	snprintf(name, sizeof(name), "alg_calls_%u", worker->id);
	worker->table = rte_hash_create(&parameters);
	return worker->table ? 0 : -rte_errno;
}

static void
worker_destroy(struct alg_worker *worker)
{
	if (!worker)
		return;
	rte_hash_free(worker->table);
	history_destroy(&worker->history);
	call_records_destroy(worker);
	rte_free(worker->calls.base);
	rte_free(worker->dialogs.base);
	rte_free(worker->sets.base);
	rte_free(worker->openings.base);
	rte_free(worker->statistics);
	rte_free(worker);
}

static int
worker_create(struct alg *alg, uint8_t id, int socket)
{
	uint32_t calls = calls_per_worker(alg->config);
	struct alg_worker *worker =
		rte_zmalloc_socket("alg_worker", sizeof(*worker), RTE_CACHE_LINE_SIZE, socket);

	if (!worker)
		return -ENOMEM;
	alg->worker[id] = worker;
	worker->alg = alg;
	worker->id = id;
	worker->statistics = worker->counted = statistics_create(alg->zones, socket);
	if (!worker->statistics)
		return -ENOMEM;
	/* One more, in which a call begins while what gives its place still stands. */
	if (slab_create(&worker->calls, calls + 1, sizeof(struct call), socket) ||
		slab_create(&worker->dialogs, calls * DIALOGS_PER_CALL, sizeof(struct dialog),
			socket) ||
		slab_create(
			&worker->sets, calls * SETS_PER_CALL, sizeof(struct media_set), socket) ||
		slab_create(&worker->openings, calls * OPENINGS_PER_CALL, sizeof(struct opening),
			socket) ||
		history_create(&worker->history, alg->config->sip.message_history, socket))
		return -ENOMEM;
	if (alg->config->system.cdr != CDR_NONE) {
		int rc = call_records_create(worker, calls + 1, socket);

		if (rc)
			return rc;
	}
	return table_create(worker, calls, socket);
}

int
alg_create(const struct alg_parameters *parameters, struct alg **result)
{
	const struct config *config = parameters->config;
	struct alg *alg =
		rte_zmalloc_socket("alg", sizeof(*alg), RTE_CACHE_LINE_SIZE, parameters->socket);
	int error = -ENOMEM;

	if (!alg)
		return -ENOMEM;
	alg->config = config;
	alg->nat = parameters->nat;
	alg->pinholes = parameters->pinholes;
	alg->flows = parameters->flows;
	alg->routes = parameters->routes;
	alg->interfaces = parameters->interfaces;
	alg->workers = RTE_MAX(config->system.worker_count, 1u);
	alg->zones = statistics_zones(config);
	for (unsigned int i = 0; i < RTE_DIM(alg->owner_map); i++)
		alg->owner_map[i] = (uint8_t)(i % alg->workers);
	alg->accounts = account_table_create(config->system.max_calls, parameters->socket);
	alg->cleared = statistics_create(alg->zones, parameters->socket);
	if (!alg->accounts || !alg->cleared)
		goto fail;
	if (config->sip.max_calls_per_host) {
		alg->hosts = host_table_create(config->system.max_calls, parameters->socket);
		if (!alg->hosts)
			goto fail;
	}
	if (config->sip.blacklist_trigger_messages) {
		alg->blacklist = blacklist_create(config->system.max_calls, parameters->socket);
		if (!alg->blacklist)
			goto fail;
	}
	for (unsigned int i = 0; i < alg->workers; i++) {
		error = worker_create(alg, (uint8_t)i, parameters->socket);
		if (error)
			goto fail;
	}
	*result = alg;
	return 0;
fail:
	alg_destroy(alg);
	return error;
}

void
alg_destroy(struct alg *alg)
{
	if (!alg)
		return;
	for (unsigned int i = 0; i < alg->workers; i++)
		worker_destroy(alg->worker[i]);
	host_table_destroy(alg->hosts);
	blacklist_destroy(alg->blacklist);
	account_table_destroy(alg->accounts);
	rte_free(alg->cleared);
	rte_free(alg);
}

struct alg_worker *
alg_worker_of(struct alg *alg, unsigned int worker)
{
	return alg->worker[worker];
}

int
alg_owner(const struct alg *alg, const char *text, uint32_t length, struct hash128 *call_id)
{
	struct slice id;

	if (!sip_peek_call_id(text, length, &id))
		return -1;
	*call_id = keyed_hash128(id.at, id.length);
	/* The high half: the low one chooses the bucket in the owner's table. */
	return alg->owner_map[call_id->high & 0xff];
}

uint32_t
alg_registration_count(const struct alg *alg)
{
	return account_registrations(alg->accounts);
}

uint32_t
alg_call_count(const struct alg *alg)
{
	uint32_t count = 0;

	for (unsigned int i = 0; i < alg->workers; i++)
		count += atomic_load_explicit(&alg->worker[i]->call_count, memory_order_relaxed);
	return count;
}
