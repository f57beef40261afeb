/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Giving back: outside endpoints, the blocks they were of, the hosts that had them. What begins and ends
 * of blocks and leases is logged here.
 */
#include "block_priv.h"
#include "nat_priv.h"

void
address_log(struct thread *self, struct nat *nat, rte_be32_t host,
	const struct outside_address *address, bool created)
{
	nat_log_note(self, nat->log,
		(struct nat_log_record){.kind = NAT_LOG_ADDRESS,
			.created = created,
			.inside = host,
			.outside = address->address});
}

void
block_log(struct thread *self, struct nat *nat, rte_be32_t host,
	const struct outside_address *address, uint32_t number, bool created)
{
	const struct block_map *map = address->blocks;

	nat_log_note(self, nat->log,
		(struct nat_log_record){.kind = NAT_LOG_BLOCK,
			.created = created,
			.inside = host,
			.outside = address->address,
			.outside_port =
				rte_cpu_to_be_16((uint16_t)(map->first + number * map->size)),
			.ports = (uint16_t)map->size});
}

/* A host that has nothing any more ends. */
void
host_leave(struct thread *self, struct nat *nat, struct nat_pool *pool, struct host_seat *seat)
{
	struct outside_address *address;

	/* A flow is counted by a binding, and that has a port: who has none of these has none of those. */
	if (!seat->host || seat->host->ports || seat->host->blocks ||
		atomic_load_explicit(&seat->host->flows, memory_order_relaxed))
		return;
	if (seat->host->at != HOST_UNPAIRED) {
		address = &nat->rules->address[pool_slots(nat->rules, pool)[seat->host->at]];
		atomic_fetch_sub_explicit(&address->hosts, 1, memory_order_relaxed);
		atomic_fetch_sub_explicit(&pool->hosts, 1, memory_order_relaxed);
		if (pool->direct) {
			lease_end(self, nat, address);
			address_log(self, nat, seat->host->address, address, false);
		}
	}
	host_forget(nat->hosts, seat);
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
outside_give_back(struct thread *self, struct nat *nat, const struct endpoint *inside,
	const struct endpoint *outside, uint16_t slot, bool used)
{
	struct outside_address *address = &nat->rules->address[slot];
	struct port_map *map = outside_map(nat, slot, outside->proto);
	uint16_t port = rte_be_to_cpu_16(outside->port);
	struct host_seat seat;

	seat = host_lock(nat->hosts, inside->address, address->pool);
	if (address->direct)
		atomic_fetch_sub_explicit(&address->direct_ports[nat_proto_of(outside->proto)], 1,
			memory_order_relaxed);
	else if (used && outside->proto == IPPROTO_UDP)
		port_map_hold(map, port, self->now_s);
	else
		port_map_release(map, port);
	if (address->blocks)
		block_unuse(address, port, used ? self->now_s : 0);
	seat.host->ports--;
	host_leave(self, nat, &nat->rules->pools[address->pool], &seat);
	host_unlock(nat->hosts, &seat);
}

void
outside_block_end(
	struct thread *self, struct nat *nat, uint16_t slot, uint32_t number, uint32_t rested_s)
{
	struct outside_address *address = &nat->rules->address[slot];
	struct nat_block *block = &address->blocks->block[number];
	/* relaxed: judged again under the lock */
	rte_be32_t host = atomic_load_explicit(&block->host, memory_order_relaxed);
	struct host_seat seat;

	if (!host || atomic_load_explicit(&block->used, memory_order_relaxed))
		return;
	seat = host_lock(nat->hosts, host, address->pool);
	if (seat.host && atomic_load_explicit(&block->host, memory_order_relaxed) == host &&
		!atomic_load_explicit(&block->used, memory_order_relaxed) &&
		self->now_s - atomic_load_explicit(&block->idle_since_s, memory_order_relaxed) >=
			rested_s) {
		block_end(nat->rules, slot, number, seat.host);
		block_log(self, nat, host, address, number, false);
		host_leave(self, nat, &nat->rules->pools[address->pool], &seat);
	}
	host_unlock(nat->hosts, &seat);
}
