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
refuse(struct thread *self, struct nat *nat, uint16_t pool, rte_be32_t host)
{
	const uint8_t *bytes = (const uint8_t *)&host;

	if (pool != POOL_NONE)
		pool_fail(self, &nat->rules->pools[pool], NAT_FAILED_HOST_FLOWS, host);
	else
		LOG_RATED(WARNING, "NAT has nothing for %u.%u.%u.%u: max_flows_per_host reached",
			bytes[0], bytes[1], bytes[2], bytes[3]);
	return false;
}

/* Of an endpoint that has no binding yet: its host may stand, though. */
static bool
host_has_room(struct thread *self, struct nat *nat, const struct endpoint *inside)
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
	return flows < nat->max_flows || refuse(self, nat, pool, inside->address);
}

bool
nat_has_room(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct binding *binding, bool media)
{
	uint32_t flows, max;

	if (!binding)
		return media || host_has_room(self, nat, inside);
	flows = media ? flow_owner_count(&binding->flows)
		      : atomic_load_explicit(binding->flows_counted.account, memory_order_relaxed);
	max = media ? RTE_MIN(nat->max_flows, (uint32_t)MEDIA_FLOWS_MAX) : nat->max_flows;
	return flows < max || refuse(self, nat,
				      binding->kind == BINDING_STATIC
					      ? (uint16_t)POOL_NONE
					      : nat->rules->address[binding->outside_slot].pool,
				      inside->address);
}
