/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases of one-to-one rules: an inside host gets the outside address it had last, when nobody has it
 * now, or else the one that has been nobody's for the longest time (RFC 6888 REQ-8, as far as a free
 * address allows). Leases change with hosts only: one lock, one walk over the pool.
 */
#include "nat_priv.h"

int
lease_choose(struct nat *nat, const struct nat_pool *pool, rte_be32_t host)
{
	const uint16_t *slots = pool_slots(nat->rules, pool);
	struct outside_address *best = NULL;
	int at = -1;

	rte_spinlock_lock(&nat->lease_lock);
	for (uint16_t i = 0; i < pool->count; i++) {
		struct outside_address *address = &nat->rules->address[slots[i]];

		if (address->leased || (best && address->lease != host &&
					       address->idle_since_s >= best->idle_since_s))
			continue;
		best = address;
		at = i;
		if (address->lease == host)
			break;
	}
	if (best) {
		best->lease = host;
		best->leased = true;
	}
	rte_spinlock_unlock(&nat->lease_lock);
	return at;
}

void
lease_end(struct thread *self, struct nat *nat, struct outside_address *address)
{
	rte_spinlock_lock(&nat->lease_lock);
	address->leased = false;
	address->idle_since_s = self->now_s;
	rte_spinlock_unlock(&nat->lease_lock);
}

rte_be32_t
nat_whole_inside(struct nat *nat, rte_be32_t outside)
{
	const int slot = rules_slot(nat->rules, outside);
	const struct outside_address *address;
	rte_be32_t inside = 0;

	if (slot < 0)
		return 0;
	address = &nat->rules->address[slot];
	if (address->static_inside || !address->direct)
		return address->static_inside;
	rte_spinlock_lock(&nat->lease_lock);
	if (address->leased)
		inside = address->lease;
	rte_spinlock_unlock(&nat->lease_lock);
	return inside;
}

rte_be32_t
nat_own_outside(struct nat *nat, const struct endpoint *inside)
{
	rte_be32_t outside = nat_static_outside(nat, inside);
	struct rule_target target;
	struct host_seat seat;

	if (outside || !rules_match(nat->rules, inside, &target) || !target.prefix ||
		!target.pool->direct)
		return outside;
	seat = host_lock(nat->hosts, inside->address, (uint16_t)(target.pool - nat->rules->pools));
	if (seat.host && seat.host->at != HOST_UNPAIRED)
		outside = nat->rules->address[pool_slots(nat->rules, target.pool)[seat.host->at]]
				  .address;
	host_unlock(nat->hosts, &seat);
	return outside;
}
