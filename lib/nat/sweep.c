/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Housekeeping on the control lcore: bindings that nobody needs close, retired ones give their
 * ports back, and clear. Walks go by pool index with a budget; the stripe is taken only for a
 * binding that looks ripe, which is then judged again under it.
 */
#include "block_priv.h"
#include "nat_priv.h"

enum {
	HOLD_BUDGET = 1024, /* ports of one address in one step */
	BLOCKS_EVICTED = 16, /* blocks likewise */
};

static bool
deadline_passed(const struct binding *binding, uint32_t now_s)
{
	uint32_t deadline = atomic_load_explicit(&binding->deadline_s, memory_order_relaxed);

	return deadline && deadline <= now_s;
}

/* Its maker's clock may be a turn ahead: the difference is signed. */
static bool
grace_passed(const struct binding *binding, uint32_t now_s)
{
	return (int32_t)(now_s - binding->created_s) >= BINDING_GRACE_S;
}

static void
binding_age(struct thread *self, struct nat *nat, struct binding *binding)
{
	struct inside_ref ref = inside_ref_make(&binding->inside);
	enum door_end end = DOOR_STAYS;

	stripe_lock(nat, ref.stripe);
	if (!pool_object_live(&binding->object) || !binding_is_open(binding))
		goto unlock;
	if (deadline_passed(binding, self->now_s)) {
		if (atomic_load_explicit(&binding->holders, memory_order_relaxed))
			atomic_store_explicit(&binding->deadline_s, 0, memory_order_relaxed);
		else
			end = door_end(self, nat, &ref, binding);
	}
	if (end == DOOR_STAYS && !binding->permanent && !door_gauge_of(binding).door &&
		grace_passed(binding, self->now_s) && binding_close_empty(binding)) {
		binding_close_begin(self, nat, &ref, binding);
		end = DOOR_CLOSES;
	}
unlock:
	stripe_unlock(nat, ref.stripe);
	door_end_finish(self, nat, binding, end);
}

/* A look without the lock: `holders` and `count` may be a moment old, the next turn sees them. */
static bool
binding_looks_ripe(struct thread *self, const struct binding *binding)
{
	if (!pool_object_live(&binding->object) || !binding_is_open(binding))
		return false;
	if (deadline_passed(binding, self->now_s))
		return true;
	return !binding->permanent && !door_gauge_of(binding).door &&
	       flow_owner_count(&binding->flows) == 0 && grace_passed(binding, self->now_s);
}

void
nat_sweep(struct thread *self, struct nat *nat, uint32_t budget)
{
	uint32_t capacity = pool_capacity(nat->bindings);

	nat->sweeper = self;
	for (uint32_t n = RTE_MIN(budget, capacity); n; n--) {
		struct binding *binding;

		nat->sweep_cursor = nat->sweep_cursor % capacity + 1;
		binding = pool_at(nat->bindings, nat->sweep_cursor);
		if (binding_looks_ripe(self, binding))
			binding_age(self, nat, binding);
	}
	pool_reclaim(nat->bindings, budget);
}

/* Of more blocks than may rest at one time those that have rested longest are free. */
static void
blocks_sweep(struct thread *self, struct nat *nat, uint16_t slot)
{
	const struct block_map *map = nat->rules->address[slot].blocks;
	const uint32_t max = map->count * nat->hold_percent / 100;
	uint32_t oldest = 0;

	for (uint32_t i = 0; i < map->count; i++)
		outside_block_end(self, nat, slot, i, nat->hold_s);
	for (unsigned int i = 0; i < BLOCKS_EVICTED && block_resting(map, &oldest) > max; i++)
		outside_block_end(self, nat, slot, oldest, 0);
}

void
nat_hold_sweep(struct thread *self, struct nat *nat, uint32_t addresses)
{
	struct nat_rules *rules = nat->rules;
	/* Of all in one turn: no budget but the number of ports. */
	bool all = addresses >= rules->address_count;

	for (uint32_t n = RTE_MIN(addresses, rules->address_count); n; n--) {
		const struct outside_address *address;

		nat->hold_cursor = (nat->hold_cursor + 1) % rules->address_count;
		address = &rules->address[nat->hold_cursor];
		if (address->map[NAT_UDP])
			port_map_hold_end(address->map[NAT_UDP], self->now_s, nat->hold_s,
				all ? (uint32_t)PORTS : HOLD_BUDGET);
		if (address->blocks)
			blocks_sweep(self, nat, (uint16_t)nat->hold_cursor);
	}
}

bool
nat_clear_step(struct thread *self, struct nat *nat, uint32_t *cursor, uint32_t budget)
{
	uint32_t capacity = pool_capacity(nat->bindings);

	for (; budget && *cursor < capacity; budget--) {
		struct binding *binding = pool_at(nat->bindings, ++*cursor);
		struct inside_ref ref;
		enum door_end end = DOOR_STAYS;

		if (!pool_object_live(&binding->object) || !binding_is_open(binding))
			continue;
		ref = inside_ref_make(&binding->inside);
		stripe_lock(nat, ref.stripe);
		if (pool_object_live(&binding->object) && binding_is_open(binding)) {
			/* A call or registration counts on its door; a rule on its binding. */
			if (binding->permanent || door_gauge_of(binding).door) {
				end = DOOR_FLUSHES;
			} else {
				binding_close_begin(self, nat, &ref, binding);
				end = DOOR_CLOSES;
			}
		}
		stripe_unlock(nat, ref.stripe);
		door_end_finish(self, nat, binding, end);
	}
	return *cursor >= capacity;
}
