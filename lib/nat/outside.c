/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Choosing an outside endpoint for a new binding.
 *
 * Pooling is paired (RFC 4787 REQ-2): an inside host has all its ports at one address of its pool, as
 * long as it has any. A new host gets the emptier one of two addresses that the keyed hash of its own
 * names, which keeps all addresses about equally full (the power of two choices), or any other when
 * neither has a port. When the address of a host has none left, only a pool that overflows goes on with
 * its other addresses.
 *
 * One-to-one rules lease a whole address to an inside host as long as it stands (lease.c).
 *
 * Everything a dynamic rule gives out is taken and given back under the lock of its inside host.
 */
#include <errno.h>

#include "block_priv.h"
#include "core/keyed_hash.h"
#include "nat_priv.h"

/* What is asked of a pool: an endpoint, or two for RTP and RTCP of one host. */
struct demand {
	struct thread *self;
	struct nat *nat;
	struct nat_pool *pool;
	const struct dynamic_prefix *prefix;
	struct nat_host *host; /* whose lock is held */
	const struct endpoint *inside;
	unsigned int count;
	int prefer; /* slot of an address to try before all others; -1: none */
	struct outside_choice *choice;
};

/* Take what is asked for at one address, all or nothing. */
typedef bool (*take_fn)(const struct demand *demand, uint16_t slot);

static void
demand_meet(const struct demand *demand, unsigned int i, uint16_t slot, int port)
{
	demand->choice[i] = (struct outside_choice){
		.endpoint = {demand->nat->rules->address[slot].address,
			rte_cpu_to_be_16((uint16_t)port), demand->inside[i].proto, 0},
		.slot = slot,
		.kind = BINDING_DYNAMIC,
		.account = &demand->host->flows,
	};
}

/* In the blocks that the host has at this address. */
static int
blocks_choose(
	const struct demand *demand, struct port_map *map, uint16_t port, uint16_t slot, bool pair)
{
	uint32_t at = BLOCK_NONE;
	int first, chosen;

	while ((first = block_next(demand->nat->rules, demand->host, slot, &at)) >= 0) {
		chosen = port_map_choose_within(map, &demand->self->random, port, (uint16_t)first,
			demand->pool->block_size, pair);
		if (chosen >= 0)
			return chosen;
	}
	return -EADDRNOTAVAIL;
}

/* One more block for the host. */
static bool
block_add(const struct demand *demand, uint16_t slot)
{
	struct nat_host *host = demand->host;
	struct outside_address *address = &demand->nat->rules->address[slot];

	if (host->blocks >= demand->pool->blocks_per_host ||
		!block_take(address, slot, host, &demand->self->random))
		return false;
	block_log(demand->self, demand->nat, host->address, address, host->first_block & UINT16_MAX,
		true);
	return true;
}

/* A port (pair: and the next) of the host's blocks, else of one more, else of the other parity. */
static int
block_choose(const struct demand *demand, unsigned int i, uint16_t slot, bool pair)
{
	struct outside_address *address = &demand->nat->rules->address[slot];
	struct port_map *map = outside_map(demand->nat, slot, demand->inside[i].proto);
	uint16_t port = rte_be_to_cpu_16(demand->inside[i].port);
	int chosen = blocks_choose(demand, map, port, slot, pair);

	if (chosen < 0 && block_add(demand, slot))
		chosen = blocks_choose(demand, map, port, slot, pair);
	if (chosen < 0 && !pair)
		chosen = blocks_choose(demand, map, port ^ 1, slot, false);
	if (chosen >= 0)
		block_use(address, (uint16_t)chosen, pair ? 2 : 1);
	return chosen;
}

static int
port_choose(const struct demand *demand, unsigned int i, uint16_t slot)
{
	const struct endpoint *inside = &demand->inside[i];

	if (demand->pool->block_size)
		return block_choose(demand, i, slot, false);
	return port_map_choose(outside_map(demand->nat, slot, inside->proto), &demand->self->random,
		rte_be_to_cpu_16(inside->port), inside->proto == IPPROTO_ICMP);
}

/* A port that was taken just now, under the same lock, is not wanted. */
static void
port_return(const struct demand *demand, unsigned int i, uint16_t slot, int port)
{
	if (demand->pool->block_size)
		block_unuse(&demand->nat->rules->address[slot], (uint16_t)port, 0);
	port_map_release(outside_map(demand->nat, slot, demand->inside[i].proto), (uint16_t)port);
}

/* Each for itself. */
static bool
singles_take(const struct demand *demand, uint16_t slot)
{
	int port[2];

	for (unsigned int i = 0; i < demand->count; i++) {
		port[i] = port_choose(demand, i, slot);
		if (port[i] >= 0)
			continue;
		if (i > 0)
			port_return(demand, 0, slot, port[0]);
		return false;
	}
	for (unsigned int i = 0; i < demand->count; i++)
		demand_meet(demand, i, slot, port[i]);
	return true;
}

/* A port and the next. */
static bool
pair_take(const struct demand *demand, uint16_t slot)
{
	int port;

	if (demand->pool->block_size)
		port = block_choose(demand, 0, slot, true);
	else
		port = port_map_choose_pair(outside_map(demand->nat, slot, demand->inside[0].proto),
			&demand->self->random, rte_be_to_cpu_16(demand->inside[0].port));
	if (port < 0)
		return false;
	demand_meet(demand, 0, slot, port);
	demand_meet(demand, 1, slot, port + 1);
	return true;
}

/* The word of an inside port on an address of its own. It can only be contended by a static port rule:
 * any other binding there has this inside endpoint, whose stripe we hold. */
static bool
direct_claim(struct nat *nat, const struct endpoint *inside, uint16_t slot)
{
	uint32_t nobody = 0;

	return atomic_compare_exchange_strong_explicit(
		&outside_map(nat, slot, inside->proto)->word[rte_be_to_cpu_16(inside->port)],
		&nobody, PORT_RESERVED, memory_order_relaxed, memory_order_relaxed);
}

/* The inside ports, on the host's leased address. */
static bool
leased_take(const struct demand *demand, uint16_t slot)
{
	struct nat *nat = demand->nat;

	for (unsigned int i = 0; i < demand->count; i++) {
		if (!direct_claim(nat, &demand->inside[i], slot)) {
			if (i > 0)
				outside_hide(nat, &demand->choice[0].endpoint, slot);
			return false;
		}
		demand_meet(demand, i, slot, rte_be_to_cpu_16(demand->inside[i].port));
	}
	atomic_fetch_add_explicit(
		&nat->rules->address[slot].direct_ports[nat_proto_of(demand->inside->proto)],
		demand->count, memory_order_relaxed);
	return true;
}

static uint32_t
load_of(const struct outside_address *address, int proto)
{
	if (address->blocks)
		return address->blocks->count -
		       atomic_load_explicit(&address->blocks->free_count, memory_order_relaxed);
	return port_map_used(address->map[proto]) + port_map_held(address->map[proto]);
}

/* Where a host is to go that has nothing yet. */
static uint16_t
address_choose(const struct demand *demand)
{
	const struct nat_pool *pool = demand->pool;
	const uint16_t *slots = pool_slots(demand->nat->rules, pool);
	const struct outside_address *address = demand->nat->rules->address;
	int proto = nat_proto_of(demand->inside->proto);
	uint64_t hash = keyed_hash64(&demand->inside->address, sizeof(rte_be32_t));
	uint16_t a = (uint16_t)((hash >> 32) * pool->count >> 32);
	uint16_t b = (uint16_t)((hash & UINT32_MAX) * pool->count >> 32);
	uint32_t load_a, load_b;

	if (a == b)
		return a;
	load_a = load_of(&address[slots[a]], proto);
	load_b = load_of(&address[slots[b]], proto);
	if (load_a != load_b)
		return load_a < load_b ? a : b;
	return atomic_load_explicit(&address[slots[b]].hosts, memory_order_relaxed) <
			       atomic_load_explicit(&address[slots[a]].hosts, memory_order_relaxed)
		       ? b
		       : a;
}

static void
host_pair(struct nat *nat, struct nat_pool *pool, struct nat_host *host, uint16_t at)
{
	if (host->at != HOST_UNPAIRED)
		return;
	host->at = at;
	atomic_fetch_add_explicit(&nat->rules->address[pool_slots(nat->rules, pool)[at]].hosts, 1,
		memory_order_relaxed);
	atomic_fetch_add_explicit(&pool->hosts, 1, memory_order_relaxed);
}

static bool
pool_has(const struct nat_rules *rules, const struct nat_pool *pool, uint16_t slot)
{
	return pool->count && rules->address[slot].pool == (uint16_t)(pool - rules->pools);
}

/* Take at the host's address, or where it may go instead; its first address becomes its own. */
static bool
somewhere_take(const struct demand *demand, struct nat_host *host, take_fn take)
{
	struct nat_pool *pool = demand->pool;
	const uint16_t *slots = pool_slots(demand->nat->rules, pool);
	bool anywhere = host->at == HOST_UNPAIRED || pool->overflow;
	uint16_t first = host->at == HOST_UNPAIRED ? address_choose(demand) : host->at;

	if (anywhere && host->at != HOST_UNPAIRED && demand->prefer >= 0 &&
		pool_has(demand->nat->rules, pool, (uint16_t)demand->prefer) &&
		take(demand, (uint16_t)demand->prefer))
		return true;
	for (uint16_t i = 0; i < (anywhere ? pool->count : 1); i++) {
		uint16_t at = (uint16_t)((first + i) % pool->count);

		if (take(demand, slots[at])) {
			host_pair(demand->nat, pool, host, at);
			return true;
		}
	}
	return false;
}

static enum nat_failure
host_take(const struct demand *demand)
{
	struct nat_host *host = demand->host;
	int at = host->at;

	if (demand->pool->direct) {
		if (host->at == HOST_UNPAIRED) {
			at = lease_choose(demand->nat, demand->pool, host->address);
			if (at < 0)
				return NAT_FAILED_ADDRESS;
			host_pair(demand->nat, demand->pool, host, (uint16_t)at);
			address_log(demand->self, demand->nat, host->address,
				&demand->nat->rules->address[pool_slots(
					demand->nat->rules, demand->pool)[at]],
				true);
		}
		return leased_take(demand, pool_slots(demand->nat->rules, demand->pool)[at])
			       ? NAT_FAILURES
			       : NAT_FAILED_PORT;
	}
	/* Without two ports side by side two others are better than none: a=rtcp names the second. */
	if (demand->count > 1 && somewhere_take(demand, host, pair_take))
		return NAT_FAILURES;
	if (somewhere_take(demand, host, singles_take))
		return NAT_FAILURES;
	return demand->pool->block_size && host->blocks >= demand->pool->blocks_per_host
		       ? NAT_FAILED_HOST_BLOCKS
		       : NAT_FAILED_PORT;
}

/* NAT_FAILURES: the host may have so many more. */
static enum nat_failure
host_refused(const struct demand *demand, struct nat_host *host)
{
	const struct dynamic_prefix *prefix = demand->prefix;

	if (prefix->max_ports && host->ports + demand->count > prefix->max_ports)
		return NAT_FAILED_HOST_PORTS;
	if (host->second != demand->self->now_s) {
		host->second = demand->self->now_s;
		host->made = 0;
	}
	if (prefix->max_new && host->made + demand->count > prefix->max_new)
		return NAT_FAILED_HOST_RATE;
	return NAT_FAILURES;
}

static int
dynamic_take(struct demand *demand)
{
	struct nat *nat = demand->nat;
	uint16_t index = (uint16_t)(demand->pool - nat->rules->pools);
	struct host_seat seat = host_lock(nat->hosts, demand->inside->address, index);
	enum nat_failure failure;

	if (seat.host || host_make(nat->hosts, &seat, demand->inside->address, index)) {
		demand->host = seat.host;
		failure = host_refused(demand, seat.host);
		if (failure == NAT_FAILURES)
			failure = host_take(demand);
		if (failure == NAT_FAILURES) {
			seat.host->ports += demand->count;
			seat.host->made += demand->count;
		}
	} else {
		failure = NAT_FAILED_HOST_TABLE;
	}
	host_leave(demand->self, nat, demand->pool, &seat);
	host_unlock(nat->hosts, &seat);
	return failure == NAT_FAILURES ? 0
				       : pool_fail(demand->pool, failure, demand->inside->address);
}

int
outside_take(struct thread *self, struct nat *nat, const struct endpoint *inside, int prefer,
	struct outside_choice *choice)
{
	struct rule_target target;

	if (!rules_match(nat->rules, inside, &target))
		return -ENOENT;
	if (!target.prefix) {
		if (!direct_claim(nat, inside, target.slot))
			return -EADDRNOTAVAIL;
		*choice = (struct outside_choice){
			.endpoint = {nat->rules->address[target.slot].address, inside->port,
				inside->proto, 0},
			.slot = target.slot,
			.kind = BINDING_STATIC,
			.account = static_account(nat, inside->address),
		};
		return 0;
	}
	return dynamic_take(&(struct demand){
		self, nat, target.pool, target.prefix, NULL, inside, 1, prefer, choice});
}

int
outside_take_pair(struct thread *self, struct nat *nat, const struct endpoint *rtp,
	const struct endpoint *rtcp, struct outside_choice choice[2])
{
	struct endpoint inside[2] = {*rtp, *rtcp};
	struct rule_target target;
	int rc;

	if (!rules_match(nat->rules, rtp, &target))
		return -ENOENT;
	if (target.prefix && rtp->address == rtcp->address && rtp->proto == rtcp->proto &&
		rtp->scope == rtcp->scope)
		return dynamic_take(&(struct demand){
			self, nat, target.pool, target.prefix, NULL, inside, 2, -1, choice});
	/* Another inside host for RTCP, or no choice at all: each for itself. */
	rc = outside_take(self, nat, rtp, -1, &choice[0]);
	if (rc < 0)
		return rc;
	rc = outside_take(self, nat, rtcp, -1, &choice[1]);
	if (rc < 0)
		outside_unused(self, nat, rtp, &choice[0]);
	return rc;
}

bool
outside_take_port(struct thread *self, struct nat *nat, const struct endpoint *inside,
	uint16_t slot, uint32_t port, struct outside_choice *choice)
{
	struct outside_address *address = &nat->rules->address[slot];
	struct rule_target target;
	struct host_seat seat;
	struct demand demand;
	uint16_t index, at = 0;
	bool taken = false;

	if (port == 0 || port >= PORTS || !rules_match(nat->rules, inside, &target) ||
		!target.prefix || target.pool->direct || !pool_has(nat->rules, target.pool, slot))
		return false;
	demand =
		(struct demand){self, nat, target.pool, target.prefix, NULL, inside, 1, -1, choice};
	index = (uint16_t)(target.pool - nat->rules->pools);
	while (pool_slots(nat->rules, target.pool)[at] != slot)
		at++;
	seat = host_lock(nat->hosts, inside->address, index);
	if ((seat.host || host_make(nat->hosts, &seat, inside->address, index)) &&
		(seat.host->at == HOST_UNPAIRED || seat.host->at == at || target.pool->overflow) &&
		host_refused(&demand, seat.host) == NAT_FAILURES &&
		(!address->blocks || block_has(address, seat.host, (uint16_t)port)) &&
		port_map_claim(outside_map(nat, slot, inside->proto), (uint16_t)port)) {
		demand.host = seat.host;
		demand_meet(&demand, 0, slot, (int)port);
		host_pair(nat, target.pool, seat.host, at);
		if (address->blocks)
			block_use(address, (uint16_t)port, 1);
		seat.host->ports++;
		seat.host->made++;
		taken = true;
	}
	host_leave(self, nat, target.pool, &seat);
	host_unlock(nat->hosts, &seat);
	return taken;
}
