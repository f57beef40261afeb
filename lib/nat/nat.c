/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bring-up and teardown of NAT, its gauges, and the questions about rules that need no binding.
 *
 * Nothing is allocated after nat_create(): rules with a port map for every outside address that a
 * rule uses (and every protocol it can have there), the binding pool, the hash of inside keys.
 */
#include <errno.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "config/config.h"
#include "flow/shared_hash.h"
#include "nat_priv.h"

/* Runs on the control lcore when the grace period of a closed binding is over. */
static void
binding_release(void *context, void *object)
{
	struct nat *nat = context;
	const struct binding *binding = object;

	/* A static rule's is nobody else's. */
	if (binding->kind != BINDING_STATIC)
		outside_give_back(nat->sweeper, nat, &binding->inside, &binding->outside,
			binding->outside_slot, !binding->untold);
}

/* Static port rules stand from the start. Single threaded here, so no stripe. */
static int
permanent_make(struct nat *nat)
{
	struct thread self;

	thread_init(&self, THREAD_CONTROL);
	for (uint32_t i = 0; i < nat->rules->static_port_count; i++) {
		const struct static_port *port = &nat->rules->static_ports[i];
		struct outside_choice choice = {port->outside, port->slot, BINDING_STATIC,
			static_account(nat, port->inside.address)};
		struct inside_ref ref = inside_ref_make(&port->inside);
		struct port_pair_node *nodes = inside_nodes(nat, &ref);
		struct binding *binding;
		int rc;

		if (inside_pick(nodes, &ref) || binding_find_outside(nat, &port->outside))
			return -EEXIST;
		rc = binding_make(&self, nat, &ref, nodes, &port->inside, &choice, BINDING_STATIC,
			true, &binding);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* No more than dynamic rules know, and no more than there are bindings and blocks: a host has one of these at
 * least, be it one that rests. Static rules have theirs besides. */
static uint32_t
hosts_capacity(const struct config *config, uint32_t bindings)
{
	uint64_t hosts = 1;

	for (unsigned int i = 0; i < config->nat.rule_count; i++) {
		const struct config_nat_rule *rule = &config->nat.rules[i];

		for (unsigned int j = 0; j < rule->inside_count; j++)
			hosts += (uint64_t)ntohl(~rule->inside[j].mask) + 1;
	}
	return (uint32_t)RTE_MIN(hosts, (uint64_t)bindings + pools_blocks(config)) +
	       config->nat.rule_count;
}

int
nat_create(const struct config *config, const struct interface_table *interfaces,
	struct flow_table *flows, uint32_t capacity, int socket, struct nat **result)
{
	struct nat *nat = rte_zmalloc_socket("nat", sizeof(*nat), RTE_CACHE_LINE_SIZE, socket);
	int rc;

	if (!nat)
		return -ENOMEM;
	nat->flows = flows;
	nat->hold_s = config->nat.port_hold_seconds;
	nat->hold_percent = config->nat.port_hold_percent;
	nat->max_flows = config->nat.max_flows_per_host ? config->nat.max_flows_per_host
							: config->system.max_flows / 2;
	if (config->nat.log) {
		nat->log = nat_log_create(socket);
		if (!nat->log) {
			rc = -rte_errno;
			goto fail;
		}
	}
	for (unsigned int i = 0; i < NAT_STRIPES; i++)
		rte_spinlock_init(&nat->stripe[i].lock);
	rte_spinlock_init(&nat->lease_lock);
	rc = rules_create(config, interfaces, socket, &nat->rules);
	if (rc < 0)
		goto fail;
	nat->hosts = hosts_create(hosts_capacity(config, capacity), socket);
	if (!nat->hosts) {
		rc = -rte_errno;
		goto fail;
	}
	if (!static_hosts_make(nat)) {
		rc = -ENOMEM;
		goto fail;
	}
	capacity += nat->rules->static_port_count;
	nat->bindings = pool_create(
		"bindings", capacity, sizeof(struct binding), socket, binding_release, nat);
	if (!nat->bindings) {
		rc = -rte_errno;
		goto fail;
	}
	nat->inside = shared_hash_create("nat_inside", capacity, sizeof(struct inside_key), socket);
	if (!nat->inside) {
		rc = -rte_errno;
		goto fail;
	}
	rc = permanent_make(nat);
	if (rc < 0)
		goto fail;
	flow_table_owners(flows, FLOW_OWNER_SOURCE, nat->bindings, offsetof(struct binding, flows));
	flow_table_owners(
		flows, FLOW_OWNER_DESTINATION, nat->bindings, offsetof(struct binding, flows));
	*result = nat;
	return 0;
fail:
	nat_destroy(nat);
	return rc;
}

void
nat_destroy(struct nat *nat)
{
	if (!nat)
		return;
	rte_hash_free(nat->inside);
	pool_destroy(nat->bindings);
	hosts_destroy(nat->hosts);
	nat_log_destroy(nat->log);
	rules_destroy(nat->rules);
	rte_free(nat);
}

size_t
nat_memory(const struct config *config, uint32_t capacity)
{
	size_t hosts = hosts_memory(hosts_capacity(config, capacity));

	capacity += config->nat.rule_count;
	return sizeof(struct nat) + rules_memory(config) + hosts +
	       (config->nat.log ? nat_log_memory() : 0) +
	       pool_memory(capacity, sizeof(struct binding)) +
	       shared_hash_memory(capacity, sizeof(struct inside_key));
}

size_t
nat_deferred_memory(const struct config *config, uint32_t capacity)
{
	return shared_hash_deferred_memory(capacity + config->nat.rule_count);
}

bool
nat_would_translate(const struct nat *nat, const struct endpoint *inside)
{
	struct rule_target target;

	return rules_static_port(nat->rules, inside) || rules_match(nat->rules, inside, &target);
}

rte_be32_t
nat_static_outside(const struct nat *nat, const struct endpoint *inside)
{
	const struct static_port *port = rules_static_port(nat->rules, inside);
	struct rule_target target;

	if (port)
		return port->outside.address;
	if (!rules_match(nat->rules, inside, &target) || target.prefix)
		return 0;
	return nat->rules->address[target.slot].address;
}

rte_be32_t
nat_static_inside(const struct nat *nat, rte_be32_t outside)
{
	int slot = rules_slot(nat->rules, outside);

	return slot < 0 ? 0 : nat->rules->address[slot].static_inside;
}

uint8_t
nat_scope(const struct nat *nat, const struct endpoint *inside, int interface)
{
	return rules_scope(nat->rules, inside, interface);
}

rte_be32_t
nat_outside_address(const struct nat *nat, uint32_t number)
{
	return number < nat->rules->address_count ? nat->rules->address[number].address : 0;
}

bool
nat_is_outside_address(const struct nat *nat, rte_be32_t address)
{
	return rules_slot(nat->rules, address) >= 0;
}

void
nat_log_write(struct thread *self, struct nat *nat, uint32_t budget)
{
	nat_log_write_lines(self, nat->log, budget);
}

struct pool *
nat_binding_pool(struct nat *nat)
{
	return nat->bindings;
}

uint32_t
nat_hosts(const struct nat *nat)
{
	return hosts_count(nat->hosts) - nat->static_hosts;
}

uint32_t
nat_ports_used(const struct nat *nat)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < nat->rules->address_count; i++) {
		const struct outside_address *address = &nat->rules->address[i];

		for (unsigned int p = 0; p < NAT_PROTOS; p++) {
			used += atomic_load_explicit(
				&address->direct_ports[p], memory_order_relaxed);
			if (address->map[p])
				used += port_map_used(address->map[p]);
		}
	}
	return used;
}

uint32_t
nat_ports_held(const struct nat *nat)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < nat->rules->address_count; i++)
		if (nat->rules->address[i].map[NAT_UDP])
			held += port_map_held(nat->rules->address[i].map[NAT_UDP]);
	return held;
}

uint32_t
nat_doors(const struct nat *nat)
{
	return atomic_load_explicit(&nat->doors, memory_order_relaxed);
}

uint32_t
nat_media_doors(const struct nat *nat)
{
	return atomic_load_explicit(&nat->media_doors, memory_order_relaxed);
}
