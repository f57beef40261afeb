/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doors: bindings that the ALG asks for ahead of traffic, alone or as an RTP and RTCP pair.
 *
 * A binding is a door while it has a holder or a deadline. A media door closes, with its flows, when
 * it ceases to be one; any other binding then waits for its flows and the sweep. A permanent binding
 * never closes: as a media door it loses its flows only.
 *
 * Synchronization: holders and deadline change under the stripe of the inside key. A pair of two keys
 * takes the stripes of both, ascending.
 */
#include <stdlib.h>
#include <string.h>

#include "nat_priv.h"

struct door_gauge
door_gauge_of(const struct binding *binding)
{
	bool door = atomic_load_explicit(&binding->holders, memory_order_relaxed) ||
		    atomic_load_explicit(&binding->deadline_s, memory_order_relaxed);

	return (struct door_gauge){
		door, door && atomic_load_explicit(&binding->media, memory_order_relaxed)};
}

/* What one step changed: added up over a pair, so that the shared gauges are written once. */
struct door_change {
	int32_t doors, media;
};

static void
door_change_note(
	struct door_change *change, struct door_gauge before, const struct binding *binding)
{
	struct door_gauge now = door_gauge_of(binding);

	change->doors += now.door - before.door;
	change->media += now.media - before.media;
}

static void
door_change_count(struct thread *self, struct nat *nat, const struct door_change *change)
{
	if (change->doors) {
		atomic_fetch_add_explicit(
			&nat->doors, (uint32_t)change->doors, memory_order_relaxed);
		event_count(self->counters,
			change->doors > 0 ? EVENT_DOOR_OPENED : EVENT_DOOR_CLOSED,
			(uint64_t)abs(change->doors));
	}
	if (change->media)
		atomic_fetch_add_explicit(
			&nat->media_doors, (uint32_t)change->media, memory_order_relaxed);
}

void
door_account(struct thread *self, struct nat *nat, struct door_gauge before,
	const struct binding *binding)
{
	struct door_change change = {0, 0};

	door_change_note(&change, before, binding);
	door_change_count(self, nat, &change);
}

static void
deadline_raise(struct binding *binding, uint32_t until_s)
{
	if (until_s > atomic_load_explicit(&binding->deadline_s, memory_order_relaxed))
		atomic_store_explicit(&binding->deadline_s, until_s, memory_order_relaxed);
}

/* No other writer while the stripe is held. */
static void
holders_add(struct binding *binding, int n)
{
	uint32_t holders = atomic_load_explicit(&binding->holders, memory_order_relaxed);

	atomic_store_explicit(&binding->holders, holders + (uint32_t)n, memory_order_relaxed);
}

/* While it is a door. Under the stripe. */
static void
media_mark(struct binding *binding)
{
	if (!atomic_load_explicit(&binding->media, memory_order_relaxed))
		atomic_store_explicit(
			&binding->media, door_gauge_of(binding).door, memory_order_relaxed);
}

/* Count the holder, raise the deadline, name it. What stood is left as it is, unless it is to be
 * widened. Under the stripe. */
static void
door_enter(struct nat *nat, struct binding *binding, const struct door_spec *spec, bool widen,
	struct door_change *change, struct door *door)
{
	struct door_gauge before = door_gauge_of(binding);

	if (spec->hold)
		holders_add(binding, 1);
	deadline_raise(binding, spec->until_s);
	if (spec->class == DOOR_MEDIA && (widen || !door->joined))
		media_mark(binding);
	door_change_note(change, before, binding);
	door->handle = pool_handle(nat->bindings, binding);
	door->outside = binding->outside;
}

static int
door_obtain(struct thread *self, struct nat *nat, const struct door_spec *spec, bool widen,
	struct door *door)
{
	struct inside_ref ref = inside_ref_make(&spec->inside);
	struct door_change change = {0, 0};
	struct port_pair_node *nodes;
	struct outside_choice choice;
	struct binding *binding;
	int rc = 0;

	stripe_lock(nat, ref.stripe);
	nodes = inside_nodes(nat, &ref);
	binding = inside_pick(nodes, &ref);
	door->joined = binding != NULL;
	if (!binding) {
		rc = outside_take(self, nat, &spec->inside, -1, &choice);
		if (rc == 0)
			rc = binding_make(self, nat, &ref, nodes, &spec->inside, &choice,
				door_kind(&choice), false, &binding);
	}
	if (rc == 0) {
		door_enter(nat, binding, spec, widen, &change, door);
		door_change_count(self, nat, &change);
	}
	stripe_unlock(nat, ref.stripe);
	return rc;
}

int
door_open(struct thread *self, struct nat *nat, const struct door_spec *spec, struct handle *handle,
	struct endpoint *outside)
{
	struct door door;
	int rc = door_obtain(self, nat, spec, true, &door);

	if (rc == 0) {
		*handle = door.handle;
		*outside = door.outside;
	}
	return rc;
}

int
door_join(struct thread *self, struct nat *nat, const struct door_spec *spec, struct door *door)
{
	return door_obtain(self, nat, spec, false, door);
}

/* The missing half of a pair stays beside the standing one when it can: `step` is +1 for RTCP, -1
 * for RTP, which does not change its parity for that. */
static int
take_beside(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct binding *standing, int step, struct outside_choice *choice)
{
	uint32_t port = (uint32_t)(rte_be_to_cpu_16(standing->outside.port) + step);

	if (standing->outside.proto == inside->proto &&
		(step > 0 || ((port ^ rte_be_to_cpu_16(inside->port)) & 1) == 0) &&
		outside_take_port(self, nat, inside, standing->outside_slot, port, choice))
		return 0;
	return outside_take(self, nat, inside, standing->outside_slot, choice);
}

/* The missing ones of a pair, one by one. Both or none: what was made alone is to be finished by
 * the caller, without the locks. */
static int
pair_make(struct thread *self, struct nat *nat, const struct inside_ref ref[2],
	const struct door_spec spec[2], const struct outside_choice choice[2],
	struct binding *binding[2], struct binding **undone)
{
	struct binding *first = NULL;
	int rc = 0;

	for (unsigned int i = 0; i < 2; i++) {
		if (binding[i])
			continue;
		if (rc < 0) {
			outside_unused(self, nat, &spec[i].inside, &choice[i]);
			continue;
		}
		/* Looked up here: of one key with the other, its neighbour stands there. */
		rc = binding_make(self, nat, &ref[i], inside_nodes(nat, &ref[i]), &spec[i].inside,
			&choice[i], door_kind(&choice[i]), false, &binding[i]);
		if (rc == 0 && i == 0)
			first = binding[0];
	}
	if (rc < 0 && first) {
		first->untold = true;
		binding_close_begin(self, nat, &ref[0], first);
		*undone = first;
	}
	return rc;
}

/* One endpoint for both (RFC 5761): one door, held as often as asked. */
static int
obtain_twice(struct thread *self, struct nat *nat, const struct door_spec spec[2], bool widen,
	struct door door[2])
{
	int rc = door_obtain(self, nat, &spec[0], widen, &door[0]);

	if (rc < 0)
		return rc;
	rc = door_obtain(self, nat, &spec[1], widen, &door[1]);
	if (rc < 0 && spec[0].hold)
		door_undo(self, nat, door[0].handle, door[0].joined);
	return rc;
}

static int
pair_obtain(struct thread *self, struct nat *nat, const struct door_spec spec[2], bool widen,
	struct door door[2])
{
	struct inside_ref ref[2] = {
		inside_ref_make(&spec[0].inside), inside_ref_make(&spec[1].inside)};
	uint32_t first = RTE_MIN(ref[0].stripe, ref[1].stripe);
	uint32_t second = RTE_MAX(ref[0].stripe, ref[1].stripe);
	bool one_key = memcmp(&ref[0].key, &ref[1].key, sizeof(ref[0].key)) == 0;
	struct binding *binding[2], *undone = NULL;
	struct port_pair_node *nodes;
	struct outside_choice choice[2];
	struct door_change change = {0, 0};
	int rc = 0;

	if (endpoint_equal(&spec[0].inside, &spec[1].inside))
		return obtain_twice(self, nat, spec, widen, door);
	stripe_lock(nat, first);
	if (first != second)
		stripe_lock(nat, second);

	nodes = inside_nodes(nat, &ref[0]);
	binding[0] = inside_pick(nodes, &ref[0]);
	binding[1] = inside_pick(one_key ? nodes : inside_nodes(nat, &ref[1]), &ref[1]);
	for (unsigned int i = 0; i < 2; i++)
		door[i].joined = binding[i] != NULL;
	if (!binding[0] && !binding[1])
		rc = outside_take_pair(self, nat, &spec[0].inside, &spec[1].inside, choice);
	else if (!binding[1])
		rc = take_beside(self, nat, &spec[1].inside, binding[0], 1, &choice[1]);
	else if (!binding[0])
		rc = take_beside(self, nat, &spec[0].inside, binding[1], -1, &choice[0]);
	if (rc < 0)
		goto unlock;

	if (one_key && !binding[0] && !binding[1])
		rc = binding_make_both(self, nat, &ref[0], spec, choice, binding);
	else
		rc = pair_make(self, nat, ref, spec, choice, binding, &undone);
	if (rc < 0)
		goto unlock;
	for (unsigned int i = 0; i < 2; i++)
		door_enter(nat, binding[i], &spec[i], widen, &change, &door[i]);
	door_change_count(self, nat, &change);
unlock:
	if (first != second)
		stripe_unlock(nat, second);
	stripe_unlock(nat, first);
	if (undone)
		binding_close_end(self, nat, undone);
	return rc;
}

int
door_open_pair(struct thread *self, struct nat *nat, const struct door_spec spec[2],
	struct handle handle[2], struct endpoint outside[2])
{
	struct door door[2];
	int rc = pair_obtain(self, nat, spec, true, door);

	for (unsigned int i = 0; rc == 0 && i < 2; i++) {
		handle[i] = door[i].handle;
		outside[i] = door[i].outside;
	}
	return rc;
}

int
door_join_pair(
	struct thread *self, struct nat *nat, const struct door_spec spec[2], struct door door[2])
{
	return pair_obtain(self, nat, spec, false, door);
}

void
door_widen(struct thread *self, struct nat *nat, struct handle handle)
{
	struct binding *binding = pool_get(nat->bindings, handle);
	struct door_gauge before;
	struct inside_ref ref;

	if (!binding || atomic_load_explicit(&binding->media, memory_order_relaxed))
		return;
	ref = inside_ref_make(&binding->inside);
	stripe_lock(nat, ref.stripe);
	if (pool_get(nat->bindings, handle) == binding && binding_is_open(binding)) {
		before = door_gauge_of(binding);
		media_mark(binding);
		door_account(self, nat, before, binding);
	}
	stripe_unlock(nat, ref.stripe);
}

enum door_end
door_end(
	struct thread *self, struct nat *nat, const struct inside_ref *ref, struct binding *binding)
{
	struct door_gauge before = door_gauge_of(binding);
	bool media = atomic_load_explicit(&binding->media, memory_order_relaxed);

	if (media && !binding->permanent) {
		binding_close_begin(self, nat, ref, binding);
		return DOOR_CLOSES;
	}
	atomic_store_explicit(&binding->holders, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->deadline_s, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->media, 0, memory_order_relaxed);
	door_account(self, nat, before, binding);
	return media ? DOOR_FLUSHES : DOOR_STAYS;
}

void
door_end_finish(struct thread *self, struct nat *nat, struct binding *binding, enum door_end end)
{
	if (end == DOOR_CLOSES)
		binding_close_end(self, nat, binding);
	else if (end == DOOR_FLUSHES)
		binding_flush(self, nat, binding);
}

/* A door that was made for a message which does not leave: it was not there if nobody has come to use it.
 * Flows that have may stay, and end as others do. */
static enum door_end
door_unmake(
	struct thread *self, struct nat *nat, const struct inside_ref *ref, struct binding *binding)
{
	if (binding_close_empty(binding)) {
		binding->untold = true;
		binding_close_begin(self, nat, ref, binding);
		return DOOR_CLOSES;
	}
	struct door_gauge before = door_gauge_of(binding);

	atomic_store_explicit(&binding->holders, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->deadline_s, 0, memory_order_relaxed);
	atomic_store_explicit(&binding->media, 0, memory_order_relaxed);
	door_account(self, nat, before, binding);
	return DOOR_STAYS;
}

static void
door_leave(struct thread *self, struct nat *nat, struct handle handle, uint32_t linger_until_s,
	bool unmake)
{
	struct binding *binding = pool_get(nat->bindings, handle);
	enum door_end end = DOOR_STAYS;
	struct inside_ref ref;

	if (!binding)
		return;
	/* The caller is online, so the object is nobody else's yet even if it closes just now. */
	ref = inside_ref_make(&binding->inside);
	stripe_lock(nat, ref.stripe);
	if (pool_get(nat->bindings, handle) == binding && binding_is_open(binding) &&
		atomic_load_explicit(&binding->holders, memory_order_relaxed)) {
		deadline_raise(binding, linger_until_s);
		if (atomic_load_explicit(&binding->holders, memory_order_relaxed) == 1 &&
			atomic_load_explicit(&binding->deadline_s, memory_order_relaxed) <=
				self->now_s)
			end = unmake ? door_unmake(self, nat, &ref, binding)
				     : door_end(self, nat, &ref, binding);
		else
			holders_add(binding, -1);
	}
	stripe_unlock(nat, ref.stripe);
	door_end_finish(self, nat, binding, end);
}

void
door_release(struct thread *self, struct nat *nat, struct handle handle, uint32_t linger_until_s)
{
	door_leave(self, nat, handle, linger_until_s, false);
}

void
door_undo(struct thread *self, struct nat *nat, struct handle handle, bool joined)
{
	door_leave(self, nat, handle, 0, !joined);
}
