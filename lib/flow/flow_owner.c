/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owners: the list of the flows made through one binding or pinhole.
 *
 * A flow has one link for each kind of owner; an owner finds its own among them by address (a flow
 * links to one owner once only). Everything here happens under the owner's lock, which is a leaf:
 * nothing else is taken under it. Closing pops one flow at a time and removes it with the lock
 * released, because removal takes key stripes, which stand before owner locks in the lock order.
 */
#include <errno.h>

#include "flow_priv.h"
#include "media_filter.h"

void
flow_owner_init(struct flow_owner *owner)
{
	rte_spinlock_init(&owner->lock);
	owner->closed = false;
	atomic_store_explicit(&owner->count, 0, memory_order_relaxed);
	owner->first = NULL;
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

static enum flow_owner_slot
flow_owner_slot_of(const struct flow_owner *owner, const struct flow *flow)
{
	enum flow_owner_slot slot = FLOW_OWNER_SOURCE;

	while (slot < FLOW_OWNER_PINHOLE && flow->link[slot].owner != owner)
		slot++;
	return slot;
}

/* Under the owner's lock; idempotent. */
static void
flow_owner_pull(struct flow_owner *owner, struct flow *flow, enum flow_owner_slot slot)
{
	struct flow *next = flow->link[slot].next;

	if (flow->link[slot].pprev == NULL)
		return;
	*flow->link[slot].pprev = next;
	if (next != NULL)
		next->link[flow_owner_slot_of(owner, next)].pprev = flow->link[slot].pprev;
	flow->link[slot].pprev = NULL;
	flow->link[slot].next = NULL;
	atomic_store_explicit(&owner->count, flow_owner_count(owner) - 1, memory_order_relaxed);
	flow_owner_charge(owner, flow, UINT32_MAX); /* one less */
}

int
flow_owner_link(struct flow *flow, enum flow_owner_slot slot)
{
	struct flow_owner *owner = flow->link[slot].owner;
	struct flow *first;
	int ret = 0;

	rte_spinlock_lock(&owner->lock);
	first = owner->first;
	if (owner->closed) {
		ret = -ESTALE;
	} else {
		flow->link[slot].next = first;
		flow->link[slot].pprev = &owner->first;
		if (first != NULL)
			first->link[flow_owner_slot_of(owner, first)].pprev =
				&flow->link[slot].next;
		owner->first = flow;
		atomic_store_explicit(
			&owner->count, flow_owner_count(owner) + 1, memory_order_relaxed);
		flow_owner_charge(owner, flow, 1);
	}
	rte_spinlock_unlock(&owner->lock);
	return ret;
}

void
flow_owner_unlink(struct flow *flow, enum flow_owner_slot slot)
{
	struct flow_owner *owner = flow->link[slot].owner;

	rte_spinlock_lock(&owner->lock);
	flow_owner_pull(owner, flow, slot);
	rte_spinlock_unlock(&owner->lock);
}

uint32_t
flow_owner_close(struct thread *self, struct flow_table *table, struct flow_owner *owner)
{
	uint32_t removed = 0;
	struct flow *flow;

	rte_spinlock_lock(&owner->lock);
	owner->closed = true;
	while ((flow = owner->first) != NULL) {
		flow_owner_pull(owner, flow, flow_owner_slot_of(owner, flow));
		rte_spinlock_unlock(&owner->lock);
		if (flow_remove(self, table, flow))
			removed++;
		rte_spinlock_lock(&owner->lock);
	}
	rte_spinlock_unlock(&owner->lock);
	return removed;
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
	struct flow *flow;

	rte_spinlock_lock(&owner->lock);
	flow = owner->first;
	while (flow != NULL) {
		const enum flow_owner_slot slot = flow_owner_slot_of(owner, flow);

		if (!flow_is_of(flow, gone) || flow_is_of(flow, left)) {
			flow = flow->link[slot].next;
			continue;
		}
		flow_owner_pull(owner, flow, slot);
		rte_spinlock_unlock(&owner->lock);
		flow_remove(self, table, flow);
		rte_spinlock_lock(&owner->lock);
		flow = owner->first; /* the list may have changed; each round it is shorter by one */
	}
	rte_spinlock_unlock(&owner->lock);
}

void
flow_owner_peer(struct flow_owner *owner, rte_be32_t *address, rte_be16_t *port)
{
	const struct flow *flow;
	unsigned int far;

	*address = 0;
	*port = 0;
	rte_spinlock_lock(&owner->lock);
	flow = owner->first;
	if (flow != NULL) {
		/* The far end is whose packets arrive in the direction that leads to the owner. */
		far = flow_owner_slot_of(owner, flow) == FLOW_OWNER_SOURCE ? 1 : 0;
		*address = flow->path[far].key.src;
		*port = flow->path[far].key.src_port;
	}
	rte_spinlock_unlock(&owner->lock);
}

bool
flow_owner_has_peer(struct flow_owner *owner, rte_be32_t peer, unsigned int limit)
{
	const struct flow *flow;
	bool found = false;

	rte_spinlock_lock(&owner->lock);
	for (flow = owner->first; flow != NULL && !found && limit > 0; limit--) {
		const enum flow_owner_slot slot = flow_owner_slot_of(owner, flow);

		/* Made by the owner's host: whom it sent to, as addressed and as it answers (they
		 * differ on a hairpin). Made toward it: who sent. */
		if (slot == FLOW_OWNER_SOURCE)
			found = flow->path[0].key.dst == peer || flow->path[1].key.src == peer;
		else
			found = flow->path[0].key.src == peer || flow->path[1].key.dst == peer;
		flow = flow->link[slot].next;
	}
	rte_spinlock_unlock(&owner->lock);
	return found;
}

uint32_t
flow_owner_last_seen(struct flow_owner *owner, unsigned int limit)
{
	const struct flow *flow;
	uint32_t newest = 0;

	rte_spinlock_lock(&owner->lock);
	for (flow = owner->first; flow != NULL && limit > 0; limit--) {
		newest = RTE_MAX(newest, flow_last_seen(flow));
		flow = flow->link[flow_owner_slot_of(owner, flow)].next;
	}
	rte_spinlock_unlock(&owner->lock);
	return newest;
}
