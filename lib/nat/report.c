/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What there is of pools, for those who ask from outside: gauges alone, each as of its own moment.
 */
#include "block_priv.h"
#include "nat_priv.h"

static uint32_t
gauge(const _Atomic uint32_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void
address_count(const struct outside_address *address, struct nat_report *report)
{
	for (unsigned int p = 0; p < NAT_PROTOS; p++) {
		uint32_t direct = gauge(&address->direct_ports[p]);

		if (address->direct) {
			report->used[p] += direct;
			report->free[p] += UINT16_MAX - RTE_MIN(direct, (uint32_t)UINT16_MAX);
		} else {
			report->used[p] += port_map_used(address->map[p]);
			report->free[p] += port_map_free(address->map[p]);
		}
	}
	if (address->blocks) {
		report->blocks_free += gauge(&address->blocks->free_count);
		report->blocks_used += address->blocks->count - gauge(&address->blocks->free_count);
	}
	if (!address->direct)
		report->held += port_map_held(address->map[NAT_UDP]);
	report->addresses++;
	report->hosts += gauge(&address->hosts);
}

static void
pool_report(const struct nat_rules *rules, const struct nat_pool *pool, struct nat_report *report)
{
	for (uint16_t i = 0; i < pool->count; i++)
		address_count(&rules->address[pool_slots(rules, pool)[i]], report);
	for (unsigned int i = 0; i < NAT_FAILURES; i++)
		report->failed[i] = atomic_load_explicit(&pool->failed[i], memory_order_relaxed);
}

bool
nat_report(const struct nat *nat, uint32_t row, struct nat_report *report)
{
	const struct nat_rules *rules = nat->rules;

	for (uint32_t i = 0; i < rules->pool_count; i++) {
		const struct nat_pool *pool = &rules->pools[i];
		const struct outside_address *address;

		if (pool->count == 0)
			continue;
		if (row > pool->count) {
			row -= pool->count + 1u;
			continue;
		}
		*report = (struct nat_report){.pool = pool->name,
			.of_interface = pool->of_interface,
			.one_to_one = pool->direct};
		if (row == 0) {
			pool_report(rules, pool, report);
			return true;
		}
		address = &rules->address[pool_slots(rules, pool)[row - 1]];
		report->address = address->address;
		address_count(address, report);
		return true;
	}
	return false;
}
