/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Choosing an outside endpoint for a new binding.
 *
 * Pooling is paired (RFC 4787 REQ-2): the keyed hash of the inside address chooses one address of
 * the pool, the same for all its ports. Only when that address has no port left do the others
 * follow in order; a binding there beats none.
 *
 * One-to-one rules lease a whole address to an inside address as long as it has bindings (the last
 * one's grace period included). Leases are few and change with bindings only: one lock, one walk.
 */
#include <errno.h>

#include "core/keyed_hash.h"
#include "nat_priv.h"

/* Where the walk over a rule's addresses starts for this inside address. */
static uint32_t
pairing(rte_be32_t inside, uint16_t count)
{
	return count == 1
		       ? 0
		       : (uint32_t)(((keyed_hash64(&inside, sizeof(inside)) >> 32) * count) >> 32);
}

static int
lease_take(struct nat *nat, const struct rule_target *target, rte_be32_t inside)
{
	uint32_t start = pairing(inside, target->count);
	int slot = -1;

	rte_spinlock_lock(&nat->lease_lock);
	for (uint32_t i = 0; i < target->count; i++) {
		uint16_t at = target->slots[(start + i) % target->count];
		const struct outside_address *outside = &nat->rules->address[at];

		if (outside->lease_count && outside->lease == inside) {
			slot = at;
			break;
		}
		if (slot < 0 && !outside->lease_count)
			slot = at;
	}
	if (slot >= 0) {
		nat->rules->address[slot].lease = inside;
		nat->rules->address[slot].lease_count++;
	}
	rte_spinlock_unlock(&nat->lease_lock);
	return slot;
}

static void
lease_give_back(struct nat *nat, uint16_t slot)
{
	rte_spinlock_lock(&nat->lease_lock);
	nat->rules->address[slot].lease_count--;
	rte_spinlock_unlock(&nat->lease_lock);
	atomic_fetch_sub_explicit(&nat->direct_ports, 1, memory_order_relaxed);
}

static void
choice_fill(const struct nat *nat, uint16_t slot, uint16_t port, uint8_t proto, uint8_t kind,
	struct outside_choice *choice)
{
	*choice = (struct outside_choice){
		.endpoint = {nat->rules->address[slot].address, rte_cpu_to_be_16(port), proto},
		.slot = slot,
		.kind = kind,
	};
}

/* The inside port on an address of its own. Its word can only be contended by a static port rule:
 * any other binding there has this inside endpoint, whose stripe we hold. */
static int
direct_take(struct nat *nat, const struct endpoint *inside, const struct rule_target *target,
	struct outside_choice *choice)
{
	uint16_t port = rte_be_to_cpu_16(inside->port);
	int slot = target->lease ? lease_take(nat, target, inside->address) : target->slots[0];
	struct port_map *map;
	uint32_t nobody = 0;

	if (slot < 0)
		return -EADDRNOTAVAIL;
	if (target->lease)
		atomic_fetch_add_explicit(&nat->direct_ports, 1, memory_order_relaxed);
	map = outside_map(nat, (uint16_t)slot, inside->proto);
	if (!atomic_compare_exchange_strong_explicit(&map->word[port], &nobody, PORT_RESERVED,
		    memory_order_relaxed, memory_order_relaxed)) {
		if (target->lease)
			lease_give_back(nat, (uint16_t)slot);
		return -EADDRNOTAVAIL;
	}
	choice_fill(nat, (uint16_t)slot, port, inside->proto,
		target->lease ? BINDING_DYNAMIC : BINDING_STATIC, choice);
	return 0;
}

static int
shared_take_at(struct thread *self, struct nat *nat, const struct endpoint *inside, uint16_t slot,
	struct outside_choice *choice)
{
	int port = port_map_choose(outside_map(nat, slot, inside->proto), &self->random,
		rte_be_to_cpu_16(inside->port), inside->proto == IPPROTO_ICMP);

	if (port < 0)
		return port;
	choice_fill(nat, slot, (uint16_t)port, inside->proto, BINDING_DYNAMIC, choice);
	return 0;
}

static bool
target_has(const struct rule_target *target, uint16_t slot)
{
	for (uint32_t i = 0; i < target->count; i++)
		if (target->slots[i] == slot)
			return true;
	return false;
}

int
outside_take(struct thread *self, struct nat *nat, const struct endpoint *inside, int prefer,
	struct outside_choice *choice)
{
	struct rule_target target;
	uint32_t start;

	if (!rules_match(nat->rules, inside, &target))
		return -ENOENT;
	if (target.direct)
		return direct_take(nat, inside, &target, choice);
	if (prefer >= 0 && target_has(&target, (uint16_t)prefer) &&
		shared_take_at(self, nat, inside, (uint16_t)prefer, choice) == 0)
		return 0;
	start = pairing(inside->address, target.count);
	for (uint32_t i = 0; i < target.count; i++)
		if (shared_take_at(self, nat, inside, target.slots[(start + i) % target.count],
			    choice) == 0)
			return 0;
	return -EADDRNOTAVAIL;
}

int
outside_take_pair(struct thread *self, struct nat *nat, const struct endpoint *rtp,
	const struct endpoint *rtcp, struct outside_choice choice[2])
{
	struct rule_target target;
	uint32_t start;

	if (!rules_match(nat->rules, rtp, &target))
		return -ENOENT;
	/* Another inside host for RTCP, or addresses without a choice of port: each for itself. */
	if (target.direct || rtp->address != rtcp->address || rtp->proto != rtcp->proto) {
		int rc = outside_take(self, nat, rtp, -1, &choice[0]);

		if (rc < 0)
			return rc;
		rc = outside_take(self, nat, rtcp, -1, &choice[1]);
		if (rc < 0) {
			outside_hide(nat, &choice[0].endpoint, choice[0].slot);
			outside_give_back(nat, &choice[0].endpoint, choice[0].slot);
		}
		return rc;
	}
	start = pairing(rtp->address, target.count);
	for (uint32_t i = 0; i < target.count; i++) {
		uint16_t slot = target.slots[(start + i) % target.count];
		int port = port_map_choose_pair(outside_map(nat, slot, rtp->proto), &self->random,
			rte_be_to_cpu_16(rtp->port));

		if (port < 0)
			continue;
		choice_fill(nat, slot, (uint16_t)port, rtp->proto, BINDING_DYNAMIC, &choice[0]);
		choice_fill(
			nat, slot, (uint16_t)(port + 1), rtp->proto, BINDING_DYNAMIC, &choice[1]);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

bool
outside_take_port(struct nat *nat, const struct endpoint *inside, uint16_t slot, uint32_t port,
	struct outside_choice *choice)
{
	struct rule_target target;

	if (port == 0 || port >= PORTS || !rules_match(nat->rules, inside, &target) ||
		target.direct || !target_has(&target, slot) ||
		!port_map_claim(outside_map(nat, slot, inside->proto), (uint16_t)port))
		return false;
	choice_fill(nat, slot, (uint16_t)port, inside->proto, BINDING_DYNAMIC, choice);
	return true;
}

void
outside_hide(struct nat *nat, const struct endpoint *outside, uint16_t slot)
{
	struct port_map *map = outside_map(nat, slot, outside->proto);
	uint16_t port = rte_be_to_cpu_16(outside->port);

	if (nat->rules->address[slot].direct)
		atomic_store_explicit(&map->word[port], 0, memory_order_relaxed);
	else
		port_map_hide(map, port);
}

void
outside_give_back(struct nat *nat, const struct endpoint *outside, uint16_t slot)
{
	const struct outside_address *address = &nat->rules->address[slot];

	if (!address->direct)
		port_map_release(
			outside_map(nat, slot, outside->proto), rte_be_to_cpu_16(outside->port));
	else if (!address->static_inside)
		lease_give_back(nat, slot);
}

void
outside_give_up(struct nat *nat, const struct endpoint *outside, uint16_t slot)
{
	if (!nat->rules->address[slot].direct && outside->proto == IPPROTO_UDP)
		port_map_hold(outside_map(nat, slot, outside->proto),
			rte_be_to_cpu_16(outside->port), nat->now_s);
	else
		outside_give_back(nat, outside, slot);
}
