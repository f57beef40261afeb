/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bindings: find, make, close. RFC 4787 section 4.
 *
 * Life cycle: an outside endpoint is taken, the object is filled, its inside key is added, its state
 * becomes OPEN, its index is stored at the outside port. Adding the key is the last step that may
 * fail, and until then nobody can find the binding: what is not made never had a flow. Closing:
 * state CLOSED, key deleted, outside port hidden (all under the inside key's stripe); then its flows
 * are removed and the object retires; after a grace period the pool's release function gives the
 * port back. A reader that holds a closed binding learns it from flow_create(): -ESTALE.
 *
 * Synchronization: making and closing under the stripe of the inside key; finding takes no lock.
 * A live object whose state is not OPEN belongs to its maker or closer.
 */
#include <errno.h>

#include "core/keyed_hash.h"
#include "nat_priv.h"

struct inside_ref
inside_ref_make(const struct endpoint *inside)
{
	struct inside_ref ref = {
		.key = {inside->address, port_pair_key(inside->port), inside->proto, inside->scope},
		.odd = port_pair_odd(inside->port),
	};

	ref.hash = keyed_hash_signature(&ref.key, sizeof(ref.key), 0);
	ref.stripe = ref.hash % NAT_STRIPES;
	return ref;
}

void
outside_unused(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct outside_choice *choice)
{
	outside_hide(nat, &choice->endpoint, choice->slot);
	if (choice->kind != BINDING_STATIC)
		outside_give_back(self, nat, inside, &choice->endpoint, choice->slot, false);
}

/* A new binding, not yet to be found; NULL: the pool is empty. Under the stripe. */
static struct binding *
binding_fill(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct outside_choice *choice, uint8_t kind, bool permanent)
{
	struct binding *binding = pool_alloc(nat->bindings);

	if (!binding)
		return NULL;
	binding->inside = *inside;
	binding->outside = choice->endpoint;
	binding->kind = kind;
	binding->permanent = permanent;
	binding->untold = false;
	atomic_store_explicit(&binding->media, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->portless, 0, memory_order_relaxed);
	binding->outside_slot = choice->slot;
	atomic_store_explicit(&binding->holders, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->deadline_s, 0, memory_order_relaxed);
	binding->created_s = self->now_s;
	flow_owner_init(&binding->flows);
	binding->flows.counted = true;
	binding->flows_counted.account = choice->account;
	return binding;
}

/* Ports of blocks and of leased addresses are told of with these; static rules stand in the file. */
static void
binding_log(struct thread *self, struct nat *nat, const struct binding *binding, bool created)
{
	const struct outside_address *address = &nat->rules->address[binding->outside_slot];

	if (!nat->log || binding->kind == BINDING_STATIC || address->direct || address->blocks)
		return;
	nat_log_note(self, nat->log,
		(struct nat_log_record){.kind = NAT_LOG_BINDING,
			.created = created,
			.proto = binding->inside.proto,
			.inside = binding->inside.address,
			.inside_port = binding->inside.port,
			.outside = binding->outside.address,
			.outside_port = binding->outside.port});
}

/* Its inside key is in the table: open, counted, found by its outside half too. Under the stripe. */
static void
binding_publish(struct thread *self, struct nat *nat, struct binding *binding)
{
	/* release: pairs with binding_is_open() */
	atomic_store_explicit(&binding->state, BINDING_OPEN, memory_order_release);
	port_map_publish(outside_map(nat, binding->outside_slot, binding->outside.proto),
		rte_be_to_cpu_16(binding->outside.port), pool_index(nat->bindings, binding));
	event_count(self->counters, EVENT_BINDING_CREATED, 1);
	binding_log(self, nat, binding, true);
}

int
binding_make(struct thread *self, struct nat *nat, const struct inside_ref *ref,
	struct port_pair_node *nodes, const struct endpoint *inside,
	const struct outside_choice *choice, uint8_t kind, bool permanent, struct binding **result)
{
	struct binding *binding = binding_fill(self, nat, inside, choice, kind, permanent);

	if (!binding)
		goto fail;
	if (port_pair_add(nat->inside, &ref->key, ref->hash, nodes, &binding->node, ref->odd) < 0)
		goto fail_binding;
	binding_publish(self, nat, binding);
	*result = binding;
	return 0;

fail_binding:
	pool_free_unused(nat->bindings, binding);
fail:
	outside_unused(self, nat, inside, choice);
	return -ENOBUFS;
}

int
binding_make_both(struct thread *self, struct nat *nat, const struct inside_ref *ref,
	const struct door_spec spec[2], const struct outside_choice choice[2],
	struct binding *result[2])
{
	struct binding *binding[2];

	for (unsigned int i = 0; i < 2; i++)
		binding[i] = binding_fill(
			self, nat, &spec[i].inside, &choice[i], door_kind(&choice[i]), false);
	if (binding[0] && binding[1] &&
		port_pair_add_both(nat->inside, &ref->key, ref->hash, &binding[ref->odd]->node,
			&binding[!ref->odd]->node) == 0) {
		for (unsigned int i = 0; i < 2; i++) {
			binding_publish(self, nat, binding[i]);
			result[i] = binding[i];
		}
		return 0;
	}
	for (unsigned int i = 0; i < 2; i++) {
		if (binding[i])
			pool_free_unused(nat->bindings, binding[i]);
		outside_unused(self, nat, &spec[i].inside, &choice[i]);
	}
	return -ENOBUFS;
}

bool
binding_close_empty(struct binding *binding)
{
	bool empty;

	rte_spinlock_lock(&binding->flows.lock);
	empty = flow_owner_count(&binding->flows) == 0;
	if (empty)
		binding->flows.closed = true;
	rte_spinlock_unlock(&binding->flows.lock);
	return empty;
}

void
binding_close_begin(
	struct thread *self, struct nat *nat, const struct inside_ref *ref, struct binding *binding)
{
	struct door_gauge before = door_gauge_of(binding);

	atomic_store_explicit(&binding->state, BINDING_CLOSED, memory_order_relaxed);
	atomic_store_explicit(&binding->holders, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->deadline_s, 0, memory_order_relaxed);
	door_account(self, nat, before, binding);
	port_pair_remove(nat->inside, &ref->key, ref->hash, &binding->node);
	outside_hide(nat, &binding->outside, binding->outside_slot);
}

void
binding_close_end(struct thread *self, struct nat *nat, struct binding *binding)
{
	flow_owner_close(self, nat->flows, &binding->flows);
	event_count(self->counters, EVENT_BINDING_CLOSED, 1);
	binding_log(self, nat, binding, false);
	pool_retire(nat->bindings, binding);
}

void
binding_flush(struct thread *self, struct nat *nat, struct binding *binding)
{
	struct inside_ref ref = inside_ref_make(&binding->inside);

	flow_owner_close(self, nat->flows, &binding->flows);
	/* Open for flows again, unless the binding itself closed meanwhile: its closer comes through
	 * this stripe first and closes the owner after. */
	stripe_lock(nat, ref.stripe);
	if (binding_is_open(binding)) {
		rte_spinlock_lock(&binding->flows.lock);
		binding->flows.closed = false;
		rte_spinlock_unlock(&binding->flows.lock);
	}
	stripe_unlock(nat, ref.stripe);
}

int
binding_get(struct thread *self, struct nat *nat, const struct endpoint *inside,
	struct binding **result)
{
	struct inside_ref ref = inside_ref_make(inside);
	struct port_pair_node *nodes;
	struct outside_choice choice;
	int rc = 0;

	*result = inside_pick(inside_nodes(nat, &ref), &ref);
	if (*result)
		return 0;
	stripe_lock(nat, ref.stripe);
	nodes = inside_nodes(nat, &ref);
	*result = inside_pick(nodes, &ref);
	if (!*result) {
		rc = outside_take(self, nat, inside, -1, &choice);
		if (rc == 0)
			rc = binding_make(self, nat, &ref, nodes, inside, &choice, choice.kind,
				false, result);
	}
	stripe_unlock(nat, ref.stripe);
	return rc;
}

void
binding_undo(struct thread *self, struct nat *nat, struct binding *binding)
{
	struct inside_ref ref = inside_ref_make(&binding->inside);
	bool closes;

	stripe_lock(nat, ref.stripe);
	closes = binding_is_open(binding) && !binding->permanent && !door_gauge_of(binding).door &&
		 binding_close_empty(binding);
	if (closes) {
		binding->untold = true;
		binding_close_begin(self, nat, &ref, binding);
	}
	stripe_unlock(nat, ref.stripe);
	if (closes)
		binding_close_end(self, nat, binding);
}

struct binding *
binding_find_inside(struct nat *nat, const struct endpoint *inside)
{
	struct inside_ref ref = inside_ref_make(inside);

	return inside_pick(inside_nodes(nat, &ref), &ref);
}

struct binding *
binding_find_outside(struct nat *nat, const struct endpoint *outside)
{
	int slot = rules_slot(nat->rules, outside->address);
	const struct port_map *map;
	struct binding *binding;

	if (slot < 0)
		return NULL;
	map = outside_map(nat, (uint16_t)slot, outside->proto);
	if (!map)
		return NULL;
	binding = pool_at(nat->bindings, port_map_at(map, rte_be_to_cpu_16(outside->port)));
	return binding && binding_is_open(binding) ? binding : NULL;
}

int
nat_inbound_find(struct nat *nat, const struct endpoint *outside, struct endpoint *inside,
	struct binding **result)
{
	int slot = rules_slot(nat->rules, outside->address);
	rte_be32_t whole;

	*result = binding_find_outside(nat, outside);
	if (*result) {
		*inside = (*result)->inside;
		return 0;
	}
	if (slot < 0 || nat_proto_of(outside->proto) < 0)
		return -ENOENT;
	whole = outside->proto == IPPROTO_ICMP ? nat_whole_inside(nat, outside->address)
					       : nat->rules->address[slot].static_inside;
	if (!whole)
		return -ENOENT;
	*inside = *outside;
	inside->address = whole;
	/* pools serve every interface: 0 for what is leased */
	inside->scope = nat->rules->address[slot].static_scope;
	return 0;
}

int
nat_inbound(struct thread *self, struct nat *nat, const struct endpoint *outside,
	struct binding **result)
{
	struct endpoint inside;
	int rc = nat_inbound_find(nat, outside, &inside, result);

	if (rc != 0 || *result)
		return rc;
	rc = binding_get(self, nat, &inside, result);
	/* A static port rule may send this inside endpoint elsewhere; then nobody answers here. */
	if (rc == 0 && !endpoint_equal(&(*result)->outside, outside)) {
		*result = NULL;
		rc = -ENOENT;
	}
	return rc;
}

void
binding_spell(struct binding *binding, enum spelling_class class, bool portless)
{
	uint8_t bit = (uint8_t)(1u << class);
	uint8_t now = atomic_load_explicit(&binding->portless, memory_order_relaxed);

	/* Many workers read this line; it is written when it changes. */
	if (!(now & bit) == !portless)
		return;
	if (portless)
		atomic_fetch_or_explicit(&binding->portless, bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&binding->portless, (uint8_t)~bit, memory_order_relaxed);
}

const char *
binding_kind_name(const struct binding *binding)
{
	switch (binding->kind) {
	case BINDING_STATIC:
		return "static";
	case BINDING_DOOR:
		return "door";
	default:
		return "dynamic";
	}
}
