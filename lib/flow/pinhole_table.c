/* SPDX-License-Identifier: BSD-3-Clause */
/* The pinhole table as a whole: bring-up, memory, gauges. */
#include <rte_errno.h>
#include <rte_malloc.h>

#include "pinhole_priv.h"
#include "shared_hash.h"

const char *pinhole_class_name(enum pinhole_class class)
{
	static const char *const names[PINHOLE_CLASSES] = {
		[PINHOLE_VIA] = "via",
		[PINHOLE_CONTACT] = "contact",
		[PINHOLE_ROUTE] = "route",
		[PINHOLE_RTP] = "rtp",
		[PINHOLE_RTCP] = "rtcp",
	};

	return (unsigned int)class < PINHOLE_CLASSES ? names[class] : "?";
}

struct pinhole_table *
pinhole_table_create(uint32_t capacity, struct flow_table *flows, int socket)
{
	struct pinhole_table *table;

	if (capacity == 0 || capacity > RTE_HASH_ENTRIES_MAX / 2) {
		rte_errno = EINVAL;
		return NULL;
	}
	table = rte_zmalloc_socket("pinhole_table", sizeof(*table), RTE_CACHE_LINE_SIZE, socket);
	if (table == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	table->flows = flows;
	for (unsigned int i = 0; i < PINHOLE_STRIPES; i++)
		rte_spinlock_init(&table->stripe[i].lock);
	table->pool = pool_create("pinholes", capacity, sizeof(struct pinhole), socket, NULL, NULL);
	if (table->pool == NULL)
		goto fail;
	flow_table_owners(flows, FLOW_OWNER_PINHOLE, table->pool, offsetof(struct pinhole, flows));
	table->hash = shared_hash_create("pinhole", capacity, sizeof(struct pinhole_key), socket);
	if (table->hash == NULL)
		goto fail;
	return table;

fail:
	pool_destroy(table->pool);
	rte_free(table);
	return NULL;
}

void
pinhole_table_destroy(struct pinhole_table *table)
{
	if (table == NULL)
		return;
	rte_hash_free(table->hash);
	pool_destroy(table->pool);
	rte_free(table);
}

size_t
pinhole_table_memory(uint32_t capacity)
{
	return sizeof(struct pinhole_table) + RTE_CACHE_LINE_SIZE +
	       pool_memory(capacity, sizeof(struct pinhole)) +
	       shared_hash_memory(capacity, sizeof(struct pinhole_key));
}

size_t
pinhole_table_deferred_memory(uint32_t capacity)
{
	return shared_hash_deferred_memory(capacity);
}

struct pool *
pinhole_pool(struct pinhole_table *table)
{
	return table->pool;
}

uint32_t
pinhole_media_count(const struct pinhole_table *table)
{
	return atomic_load_explicit(&table->media, memory_order_relaxed);
}
