/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many flows an inside host has through its bindings, and may have. Who fills the flow table through one
 * binding, from inside or outside, leaves room for the other hosts (RFC 6888 REQ-5). Media is not counted
 * here, for a PBX may have most of a machine's calls; each of its bindings has a limit instead.
 *
 * The count is written by whoever links or unlinks a flow (struct flow_owner_counted), atomically; it is exact. The
 * limit is looked at before a flow is made, so as many more flows may be made as there are other workers.
 */
#include "core/log.h"
#include "nat_priv.h"

enum { OWN_PART = 8 }; /* this part of what a host may have is for flows that it begins */

_Atomic uint32_t *
static_account(struct nat *nat, rte_be32_t inside)
{
	struct host_seat seat = host_lock(nat->hosts, inside, POOL_NONE);

	host_unlock(nat->hosts, &seat);
	return &seat.host->flows; /* stands always */
}

static bool
static_host_make(struct nat *nat, rte_be32_t inside)
{
	struct host_seat seat = host_lock(nat->hosts, inside, POOL_NONE);
	bool made = !seat.host && host_make(nat->hosts, &seat, inside, POOL_NONE);

	nat->static_hosts += made;
	host_unlock(nat->hosts, &seat);
	return seat.host != NULL;
}

bool
static_hosts_make(struct nat *nat)
{
	const struct nat_rules *rules = nat->rules;

	for (uint32_t i = 0; i < rules->static_port_count; i++)
		if (!static_host_make(nat, rules->static_ports[i].inside.address))
			return false;
	for (uint32_t i = 0; i < rules->static_address_count; i++)
		if (!static_host_make(nat, rules->static_addresses[i].inside))
			return false;
	return true;
}

static bool
refuse(struct nat *nat, uint16_t pool, rte_be32_t host)
{
	const uint8_t *bytes = (const uint8_t *)&host;

	if (pool != POOL_NONE)
		pool_fail(&nat->rules->pools[pool], NAT_FAILED_HOST_FLOWS, host);
	else
		LOG_RATED(WARNING, "hosts with max_flows_per_host",
			"NAT has nothing for %u.%u.%u.%u: max_flows_per_host reached", bytes[0],
			bytes[1], bytes[2], bytes[3]);
	return false;
}

/* An outside peer, who may be many by name, must not take from the host what it needs itself. */
static uint32_t
max_of(uint32_t max, unsigned int kind)
{
	return kind & NAT_FLOW_INWARD ? max - max / OWN_PART : max;
}

/* Of an endpoint that has no binding yet: its host may stand, though. */
static bool
host_has_room(
	struct thread *self, struct nat *nat, const struct endpoint *inside, unsigned int kind)
{
	uint16_t pool = POOL_NONE;
	struct rule_target target;
	struct host_seat seat;
	uint32_t flows = 0;

	if (!rules_match(nat->rules, inside, &target))
		return true;
	if (target.prefix)
		pool = (uint16_t)(target.pool - nat->rules->pools);
	seat = host_lock(nat->hosts, inside->address, pool);
	if (seat.host)
		flows = atomic_load_explicit(&seat.host->flows, memory_order_relaxed);
	host_unlock(nat->hosts, &seat);
	return flows < max_of(nat->max_flows, kind) || refuse(nat, pool, inside->address);
}

/* A flow of media may have a binding that is not, in a hairpin or by a pinhole: the other has the limit. */
static bool
door_has_room(const struct nat *nat, const struct binding *binding, unsigned int kind)
{
	const uint32_t max = RTE_MIN(nat->max_flows, (uint32_t)MEDIA_FLOWS_MAX);

	return !atomic_load_explicit(&binding->media, memory_order_relaxed) ||
	       flow_owner_count(&binding->flows) < max_of(max, kind);
}

bool
nat_has_room(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct binding *binding, unsigned int kind)
{
	bool room;

	if (!binding)
		return kind & NAT_FLOW_MEDIA || host_has_room(self, nat, inside, kind);
	if (kind & NAT_FLOW_MEDIA)
		room = door_has_room(nat, binding, kind);
	else
		room = atomic_load_explicit(binding->flows_counted.account, memory_order_relaxed) <
		       max_of(nat->max_flows, kind);
	return room || refuse(nat,
			       binding->kind == BINDING_STATIC
				       ? (uint16_t)POOL_NONE
				       : nat->rules->address[binding->outside_slot].pool,
			       inside->address);
}
