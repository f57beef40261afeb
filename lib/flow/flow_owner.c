/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owners: the list of the flows made through one binding or pinhole.
 *
 * A flow has one link for each kind of owner. Links lead to links, so a list may pass through
 * different slots of its flows. A link's name is its flow's index in the pool and its slot, in one
 * word. Everything here happens under the owner's lock, which is a leaf:
 * nothing else is taken under it. Closing pops one flow at a time and removes it with the lock
 * released, because removal takes key stripes, which stand before owner locks in the lock order.
 */
#include <errno.h>

#include "flow_priv.h"
#include "media_filter.h"

enum {
	SLOT_BITS = 2,
	LINK_NONE = 0,
	LINK_HEAD = FLOW_OWNERS, /* of index 0, so no flow's: `prev` of an owner's first */
};
static_assert(FLOW_OWNERS < 1 << SLOT_BITS, "a link's name has room for the slot");

static struct flow *
link_flow(const struct flow_table *table, uint32_t name)
{
	return name != LINK_NONE ? flow_at(table, name >> SLOT_BITS) : NULL;
}

static enum flow_owner_slot
link_slot(uint32_t name)
{
	return (enum flow_owner_slot)(name & ((1 << SLOT_BITS) - 1));
}

static struct flow_link *
link_at(const struct flow_table *table, uint32_t name)
{
	return &link_flow(table, name)->link[link_slot(name)];
}

static uint32_t
link_name(const struct flow_table *table, const struct flow *flow, enum flow_owner_slot slot)
{
	return pool_index(table->pool, flow) << SLOT_BITS | slot;
}

void
flow_owner_init(struct flow_owner *owner)
{
	rte_spinlock_init(&owner->lock);
	owner->closed = false;
	atomic_store_explicit(&owner->count, 0, memory_order_relaxed);
	owner->first = LINK_NONE;
	owner->counted = false;
}

/* Under the owner's lock. */
static void
flow_owner_charge(struct flow_owner *owner, const struct flow *flow, uint32_t count)
{
	if (owner->counted && !flow->media)
		atomic_fetch_add_explicit(
			container_of(owner, struct flow_owner_counted, owner)->account, count,
			memory_order_relaxed);
}

uint32_t
flow_owner_index(
	const struct flow_table *table, enum flow_owner_slot slot, const struct flow_owner *owner)
{
	const struct flow_owners *owners = &table->owners[slot];

	return owner != NULL ? pool_index(owners->pool, (const char *)owner - owners->offset) : 0;
}

/* Owner of a slot that has one. */
static struct flow_owner *
flow_owner_of(const struct flow_table *table, const struct flow *flow, enum flow_owner_slot slot)
{
	const struct flow_owners *owners = &table->owners[slot];
	char *object = pool_at(owners->pool, flow->link[slot].owner);

	return (struct flow_owner *)(object + owners->offset);
}

/* Under the owner's lock; idempotent. */
static void
flow_owner_pull(struct flow_table *table, struct flow_owner *owner, uint32_t name)
{
	struct flow_link *link = link_at(table, name);

	if (link->prev == LINK_NONE)
		return;
	if (link->prev == LINK_HEAD)
		owner->first = link->next;
	else
		link_at(table, link->prev)->next = link->next;
	if (link->next != LINK_NONE)
		link_at(table, link->next)->prev = link->prev;
	link->next = LINK_NONE;
	link->prev = LINK_NONE;
	atomic_store_explicit(&owner->count, flow_owner_count(owner) - 1, memory_order_relaxed);
	flow_owner_charge(owner, link_flow(table, name), UINT32_MAX); /* one less */
}

int
flow_owner_link(struct flow_table *table, struct flow *flow, enum flow_owner_slot slot)
{
	struct flow_owner *owner = flow_owner_of(table, flow, slot);
	const uint32_t name = link_name(table, flow, slot);
	int ret = 0;

	rte_spinlock_lock(&owner->lock);
	if (owner->closed) {
		ret = -ESTALE;
	} else {
		flow->link[slot].next = owner->first;
		flow->link[slot].prev = LINK_HEAD;
		if (owner->first != LINK_NONE)
			link_at(table, owner->first)->prev = name;
		owner->first = name;
		atomic_store_explicit(
			&owner->count, flow_owner_count(owner) + 1, memory_order_relaxed);
		flow_owner_charge(owner, flow, 1);
	}
	rte_spinlock_unlock(&owner->lock);
	return ret;
}

void
flow_owner_unlink(struct flow_table *table, struct flow *flow, enum flow_owner_slot slot)
{
	struct flow_owner *owner = flow_owner_of(table, flow, slot);

	rte_spinlock_lock(&owner->lock);
	flow_owner_pull(table, owner, link_name(table, flow, slot));
	rte_spinlock_unlock(&owner->lock);
}

static uint32_t
owner_close(struct thread *self, struct flow_table *table, struct flow_owner *owner,
	bool connections_stay)
{
	uint32_t removed = 0, name;

	rte_spinlock_lock(&owner->lock);
	owner->closed = true;
	while ((name = owner->first) != LINK_NONE) {
		struct flow *flow = link_flow(table, name);

		flow_owner_pull(table, owner, name);
		rte_spinlock_unlock(&owner->lock);
		if (!(connections_stay && flow_disown(table, flow, link_slot(name))) &&
			flow_remove(self, table, flow))
			removed++;
		rte_spinlock_lock(&owner->lock);
	}
	rte_spinlock_unlock(&owner->lock);
	return removed;
}

uint32_t
flow_owner_close(struct thread *self, struct flow_table *table, struct flow_owner *owner)
{
	return owner_close(self, table, owner, false);
}

uint32_t
flow_owner_leave(struct thread *self, struct flow_table *table, struct flow_owner *owner)
{
	return owner_close(self, table, owner, true);
}

/* The sender as filters saw it: in a hairpin its outside half. */
static bool
flow_is_of(const struct flow *flow, const struct media_sources *sources)
{
	return media_sources_have(sources, flow->path[1].key.dst, flow->path[1].key.dst_port);
}

void
flow_owner_expel(struct thread *self, struct flow_table *table, struct flow_owner *owner,
	const struct media_sources *gone, const struct media_sources *left)
{
	uint32_t name;

	rte_spinlock_lock(&owner->lock);
	name = owner->first;
	while (name != LINK_NONE) {
		struct flow *flow = link_flow(table, name);

		if (!flow_is_of(flow, gone) || flow_is_of(flow, left)) {
			name = link_at(table, name)->next;
			continue;
		}
		flow_owner_pull(table, owner, name);
		rte_spinlock_unlock(&owner->lock);
		flow_remove(self, table, flow);
		rte_spinlock_lock(&owner->lock);
		name = owner->first; /* the list may have changed; each round it is shorter by one */
	}
	rte_spinlock_unlock(&owner->lock);
}

void
flow_owner_peer(
	struct flow_table *table, struct flow_owner *owner, rte_be32_t *address, rte_be16_t *port)
{
	const struct flow *flow;
	unsigned int far;

	*address = 0;
	*port = 0;
	rte_spinlock_lock(&owner->lock);
	flow = link_flow(table, owner->first);
	if (flow != NULL) {
		/* The far end is whose packets arrive in the direction that leads to the owner. */
		far = link_slot(owner->first) == FLOW_OWNER_SOURCE ? 1 : 0;
		*address = flow->path[far].key.src;
		*port = flow->path[far].key.src_port;
	}
	rte_spinlock_unlock(&owner->lock);
}

bool
flow_owner_has_peer(
	struct flow_table *table, struct flow_owner *owner, rte_be32_t peer, unsigned int limit)
{
	bool found = false;

	rte_spinlock_lock(&owner->lock);
	for (uint32_t name = owner->first; name != LINK_NONE && !found && limit > 0; limit--) {
		const struct flow *flow = link_flow(table, name);

		/* Made by the owner's host: whom it sent to, as addressed and as it answers (they
		 * differ on a hairpin). Made toward it: who sent. */
		if (link_slot(name) == FLOW_OWNER_SOURCE)
			found = flow->path[0].key.dst == peer || flow->path[1].key.src == peer;
		else
			found = flow->path[0].key.src == peer || flow->path[1].key.dst == peer;
		name = link_at(table, name)->next;
	}
	rte_spinlock_unlock(&owner->lock);
	return found;
}

uint32_t
flow_owner_last_seen(struct flow_table *table, struct flow_owner *owner, unsigned int limit)
{
	uint32_t newest = 0;

	rte_spinlock_lock(&owner->lock);
	for (uint32_t name = owner->first; name != LINK_NONE && limit > 0; limit--) {
		newest = RTE_MAX(newest, flow_last_seen(link_flow(table, name)));
		name = link_at(table, name)->next;
	}
	rte_spinlock_unlock(&owner->lock);
	return newest;
}

unsigned int
flow_owner_list(const struct flow_table *table, struct flow_owner *owner, const struct flow **flows,
	unsigned int max)
{
	unsigned int count = 0;

	rte_spinlock_lock(&owner->lock);
	for (uint32_t name = owner->first; name != LINK_NONE && count < max;) {
		flows[count++] = link_flow(table, name);
		name = link_at(table, name)->next;
	}
	rte_spinlock_unlock(&owner->lock);
	return count;
}
