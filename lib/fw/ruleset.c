/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ruleset: compiled once from the configuration, asked by all workers, replaced as a whole.
 *
 * Life cycle: ruleset_create() on the control lcore; the application publishes the pointer, and
 * destroys the old ruleset after a grace period. It keeps nothing of the configuration (names are
 * copies), so the two live independently.
 * Synchronization: none needed; statistics are relaxed atomic adds.
 * Limits: 65,535 zone pairs, 65,536 classes a policy, POLICY_STEPS_MAX steps over all policies.
 */
#include <errno.h>
#include <stdio.h>

#include <rte_malloc.h>

#include "config/config.h"
#include "net/interface.h"
#include "ruleset_priv.h"

static enum fw_action
action_of(enum config_action action)
{
	switch (action) {
	case ACTION_INSPECT:
		return FW_INSPECT;
	case ACTION_PASS:
		return FW_PASS;
	case ACTION_DROP:
	default:
		return FW_DROP;
	}
}

static void
name_copy(char *to, const char *from)
{
	snprintf(to, NAME_MAX_LENGTH + 1, "%s", from ? from : "");
}

/* Sizes of the parts, known before anything is allocated. */
struct ruleset_sizes {
	uint32_t classes, accounts, steps;
};

static int
sizes_take(const struct config *config, struct ruleset_sizes *sizes)
{
	uint64_t classes = 0, accounts = 0, steps = 0;

	if (config->zone_count > ZONES_MAX || config->zone_pair_count > UINT16_MAX)
		return -E2BIG;
	for (unsigned int i = 0; i < config->policy_map_count; i++) {
		const struct config_policy_map *policy = &config->policy_maps[i];
		uint32_t start;
		int64_t count = policy_compile(config, policy, NULL, 0, POLICY_STEPS_MAX, &start);

		if (count < 0)
			return (int)count;
		if (policy->class_count == 0 || policy->class_count > UINT16_MAX)
			return -EINVAL;
		steps += (uint64_t)count;
		classes += policy->class_count;
	}
	for (unsigned int i = 0; i < config->zone_pair_count; i++)
		accounts += config->policy_maps[config->zone_pairs[i].policy].class_count;
	if (steps > POLICY_STEPS_MAX || classes > UINT32_MAX || accounts > UINT32_MAX)
		return -E2BIG;
	*sizes = (struct ruleset_sizes){(uint32_t)classes, (uint32_t)accounts, (uint32_t)steps};
	return 0;
}

static void *
part_create(uint64_t count, size_t size, int socket)
{
	return rte_zmalloc_socket(
		"ruleset", (count ? count : 1) * size, RTE_CACHE_LINE_SIZE, socket);
}

static struct flow_limits
limits_of(const struct config_flow_limits *limits)
{
	return (struct flow_limits){
		limits->max_flows, limits->max_half_open, limits->max_new_per_second};
}

static void
policies_compile(struct ruleset *ruleset, const struct config *config)
{
	struct policy_class *class = ruleset->classes;

	for (unsigned int i = 0; i < config->policy_map_count; i++) {
		const struct config_policy_map *from = &config->policy_maps[i];
		struct policy *policy = &ruleset->policies[i];

		name_copy(policy->name, from->name);
		policy->class_count = from->class_count;
		policy->classes = class;
		for (unsigned int j = 0; j < from->class_count; j++, class ++) {
			int class_map = from->classes[j].class_map;

			name_copy(class->name, class_map < 0 ? "class-default"
							     : config->class_maps[class_map].name);
			class->action = (uint8_t)action_of(from->classes[j].action);
			class->log = from->classes[j].log;
			class->limits = limits_of(&from->classes[j].limits);
		}
		/* The sizes were taken by the same compiler: this cannot fail. */
		ruleset->step_count +=
			(uint32_t)policy_compile(config, from, &ruleset->steps[ruleset->step_count],
				ruleset->step_count, POLICY_STEPS_MAX, &policy->start);
	}
	ruleset->policy_count = config->policy_map_count;
}

/* What was taken of a pair's accounts is given back with the ruleset. */
static int
accounts_use(struct ruleset *ruleset, struct zone_pair *pair)
{
	const struct policy *policy = &ruleset->policies[pair->policy];

	pair->account = fw_account_use(ruleset->accounts, pair->name, FW_CLASS_PAIR, 0);
	pair->pinholes = fw_account_use(ruleset->accounts, pair->name, FW_CLASS_PINHOLE, 0);
	if (pair->account == 0 || pair->pinholes == 0)
		return -ENOSPC;
	for (uint32_t i = 0; i < policy->class_count; i++) {
		pair->class_accounts[i] = fw_account_use(
			ruleset->accounts, pair->name, policy->classes[i].name, pair->account);
		if (pair->class_accounts[i] == 0)
			return -ENOSPC;
	}
	return 0;
}

static void
accounts_leave(struct ruleset *ruleset, const struct zone_pair *pair)
{
	if (pair->account != 0)
		fw_account_leave(ruleset->accounts, pair->account);
	if (pair->pinholes != 0)
		fw_account_leave(ruleset->accounts, pair->pinholes);
	for (uint32_t i = 0; i < ruleset->policies[pair->policy].class_count; i++)
		if (pair->class_accounts[i] != 0)
			fw_account_leave(ruleset->accounts, pair->class_accounts[i]);
}

static int
pairs_compile(struct ruleset *ruleset, const struct config *config)
{
	uint32_t *class_accounts = ruleset->class_accounts;

	int rc;

	for (unsigned int i = 0; i < config->zone_pair_count; i++) {
		const struct config_zone_pair *from = &config->zone_pairs[i];
		struct zone_pair *pair = &ruleset->pairs[i];

		if (from->source >= ZONES_MAX || from->destination >= ZONES_MAX ||
			ruleset->pair_of[from->source][from->destination])
			return -EINVAL;
		name_copy(pair->name, from->name);
		pair->source = from->source;
		pair->destination = from->destination;
		pair->policy = from->policy;
		pair->limits = limits_of(&from->limits);
		pair->class_accounts = class_accounts;
		class_accounts += ruleset->policies[from->policy].class_count;
		ruleset->pair_of[from->source][from->destination] = (uint16_t)(i + 1);
		ruleset->pair_count++;
		rc = accounts_use(ruleset, pair);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void
sip_ports_copy(struct ruleset *ruleset, const struct config_nat *nat)
{
	ruleset->sip_udp_count = (uint16_t)nat->sip_udp_port_count;
	ruleset->sip_tcp_count = (uint16_t)nat->sip_tcp_port_count;
	for (unsigned int i = 0; i < nat->sip_udp_port_count; i++)
		ruleset->sip_udp[i] = htons(nat->sip_udp_ports[i]);
	for (unsigned int i = 0; i < nat->sip_tcp_port_count; i++)
		ruleset->sip_tcp[i] = htons(nat->sip_tcp_ports[i]);
}

int
ruleset_create(const struct config *config, struct fw_accounts *accounts, uint16_t generation,
	int socket, struct ruleset **result)
{
	struct ruleset_sizes sizes;
	struct ruleset *ruleset;
	int rc = sizes_take(config, &sizes);

	if (rc < 0)
		return rc;
	ruleset = part_create(1, sizeof(*ruleset), socket);
	if (!ruleset)
		return -ENOMEM;
	ruleset->generation = generation;
	ruleset->accounts = accounts;
	ruleset->zones_configured = config->zones_configured;
	ruleset->zone_count = (uint8_t)config->zone_count;
	for (unsigned int i = 0; i < config->zone_count; i++)
		name_copy(ruleset->zones[i].name, config->zones[i]);
	sip_ports_copy(ruleset, &config->nat);

	rc = -ENOMEM;
	ruleset->exclude =
		part_create(config->nat.exclude_count, sizeof(ruleset->exclude[0]), socket);
	ruleset->acls = part_create(config->acl_count, sizeof(ruleset->acls[0]), socket);
	ruleset->steps = part_create(sizes.steps, sizeof(ruleset->steps[0]), socket);
	ruleset->policies =
		part_create(config->policy_map_count, sizeof(ruleset->policies[0]), socket);
	ruleset->classes = part_create(sizes.classes, sizeof(ruleset->classes[0]), socket);
	ruleset->pairs = part_create(config->zone_pair_count, sizeof(ruleset->pairs[0]), socket);
	ruleset->class_accounts =
		part_create(sizes.accounts, sizeof(ruleset->class_accounts[0]), socket);
	if (!ruleset->acls || !ruleset->steps || !ruleset->policies || !ruleset->classes ||
		!ruleset->pairs || !ruleset->class_accounts || !ruleset->exclude)
		goto fail;
	for (; ruleset->exclude_count < config->nat.exclude_count; ruleset->exclude_count++)
		ruleset->exclude[ruleset->exclude_count] =
			config->nat.exclude[ruleset->exclude_count];
	for (; ruleset->acl_count < config->acl_count; ruleset->acl_count++) {
		rc = acl_create(&config->acls[ruleset->acl_count], socket,
			&ruleset->acls[ruleset->acl_count]);
		if (rc < 0) {
			acl_destroy(&ruleset->acls[ruleset->acl_count]);
			goto fail;
		}
	}
	policies_compile(ruleset, config);
	rc = pairs_compile(ruleset, config);
	if (rc < 0)
		goto fail;
	*result = ruleset;
	return 0;
fail:
	ruleset_destroy(ruleset);
	return rc;
}

void
ruleset_destroy(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	for (uint32_t i = 0; i < ruleset->acl_count; i++)
		acl_destroy(&ruleset->acls[i]);
	for (uint32_t i = 0; i < ruleset->pair_count; i++)
		accounts_leave(ruleset, &ruleset->pairs[i]);
	rte_free(ruleset->acls);
	rte_free(ruleset->exclude);
	rte_free(ruleset->steps);
	rte_free(ruleset->policies);
	rte_free(ruleset->classes);
	rte_free(ruleset->pairs);
	rte_free(ruleset->class_accounts);
	rte_free(ruleset);
}

size_t
ruleset_memory(const struct config *config)
{
	struct ruleset_sizes sizes;
	size_t bytes = sizeof(struct ruleset);

	if (sizes_take(config, &sizes) < 0)
		return 0;
	for (unsigned int i = 0; i < config->acl_count; i++)
		bytes += sizeof(struct acl) + acl_memory(&config->acls[i]);
	return bytes + config->nat.exclude_count * sizeof(uint32_t) +
	       sizes.steps * sizeof(struct policy_step) +
	       config->policy_map_count * sizeof(struct policy) +
	       sizes.classes * sizeof(struct policy_class) +
	       config->zone_pair_count * sizeof(struct zone_pair) +
	       sizes.accounts * sizeof(uint32_t);
}

uint16_t
ruleset_generation(const struct ruleset *ruleset)
{
	return ruleset->generation;
}

bool
fw_is_sip(const struct ruleset *ruleset, uint8_t proto, rte_be16_t dst_port)
{
	const rte_be16_t *ports = proto == IPPROTO_UDP ? ruleset->sip_udp : ruleset->sip_tcp;
	unsigned int count = proto == IPPROTO_UDP   ? ruleset->sip_udp_count
			     : proto == IPPROTO_TCP ? ruleset->sip_tcp_count
						    : 0;

	for (unsigned int i = 0; i < count; i++)
		if (ports[i] == dst_port)
			return true;
	return false;
}

bool
fw_nat_excludes(const struct ruleset *ruleset, const struct flow_key *real)
{
	for (uint32_t i = 0; i < ruleset->exclude_count; i++)
		if (acl_permits(&ruleset->acls[ruleset->exclude[i]], real))
			return true;
	return false;
}

static bool
step_holds(
	const struct ruleset *ruleset, const struct policy_step *step, const struct flow_key *key)
{
	bool has_ports = key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP;

	switch (step->kind) {
	case STEP_SIP:
		return fw_is_sip(ruleset, key->proto, key->dst_port);
	case STEP_ACL:
		return acl_permits(&ruleset->acls[step->acl], key);
	default:
		if (step->proto ? step->proto != key->proto : !has_ports)
			return false;
		return !step->port || (has_ports && step->port == key->dst_port);
	}
}

static uint16_t
policy_run(const struct ruleset *ruleset, const struct policy *policy, const struct flow_key *key)
{
	uint32_t at = policy->start;

	while (!(at & POLICY_VERDICT)) {
		const struct policy_step *step = &ruleset->steps[at];

		at = step_holds(ruleset, step, key) ? step->yes : step->no;
	}
	return (uint16_t)(at & ~(uint32_t)POLICY_VERDICT);
}

struct fw_verdict
fw_classify(const struct ruleset *ruleset, uint8_t source_zone, uint8_t destination_zone,
	const struct flow_key *real)
{
	static const struct fw_verdict passed = {.action = FW_INSPECT};
	static const struct fw_verdict no_pair = {.action = FW_DROP, .no_pair = true};
	const struct policy_class *class;
	const struct zone_pair *pair;
	uint16_t number, index;

	if (!ruleset->zones_configured)
		return passed;
	if (source_zone >= ZONES_MAX || destination_zone >= ZONES_MAX)
		return no_pair;
	number = ruleset->pair_of[source_zone][destination_zone];
	if (!number) {
		/* callgate itself, and neighbours in one zone: open unless a pair says otherwise */
		if (source_zone == destination_zone || source_zone == ZONE_SELF ||
			destination_zone == ZONE_SELF)
			return passed;
		return no_pair;
	}
	pair = &ruleset->pairs[number - 1];
	index = policy_run(ruleset, &ruleset->policies[pair->policy], real);
	class = &ruleset->policies[pair->policy].classes[index];
	return (struct fw_verdict){
		.action = (enum fw_action) class->action,
		.log = class->log,
		.inter_zone = true,
		.zone_pair = number,
		.class_index = index,
	};
}

void
fw_count(const struct ruleset *ruleset, const struct fw_verdict *verdict, bool pinhole,
	unsigned int packet_bytes)
{
	uint32_t number = fw_account_of(ruleset, verdict, pinhole && verdict->action == FW_DROP);
	struct flow_account *account;

	if (number == 0)
		return;
	account = &fw_accounts_all(ruleset->accounts)[number];
	/* on misses only, so one relaxed counter for all workers */
	atomic_fetch_add_explicit(&account->packets, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&account->bytes, packet_bytes, memory_order_relaxed);
}

enum flow_limit
fw_reserve(const struct ruleset *ruleset, const struct fw_verdict *verdict, uint64_t now_ms,
	bool half_open, uint32_t *account)
{
	struct flow_account *all = fw_accounts_all(ruleset->accounts);
	const struct zone_pair *pair;
	const struct policy_class *class;
	enum flow_limit limit;
	uint32_t number;

	*account = 0;
	if (verdict->zone_pair == 0)
		return FLOW_LIMIT_NONE;
	pair = &ruleset->pairs[verdict->zone_pair - 1];
	class = &ruleset->policies[pair->policy].classes[verdict->class_index];
	number = pair->class_accounts[verdict->class_index];
	limit = flow_account_reserve(&all[number], &class->limits, now_ms, half_open);
	if (limit != FLOW_LIMIT_NONE)
		return limit;
	limit = flow_account_reserve(&all[pair->account], &pair->limits, now_ms, half_open);
	if (limit != FLOW_LIMIT_NONE)
		flow_account_release(&all[number], half_open);
	else
		*account = number | (half_open ? FLOW_HALF_OPEN : 0);
	return limit;
}

uint32_t
fw_reserve_pinhole(const struct ruleset *ruleset, const struct fw_verdict *verdict)
{
	uint32_t number = fw_account_of(ruleset, verdict, true);

	if (number != 0)
		flow_account_add(&fw_accounts_all(ruleset->accounts)[number], false);
	return number;
}

uint32_t
fw_account_of(const struct ruleset *ruleset, const struct fw_verdict *verdict, bool pinhole)
{
	const struct zone_pair *pair;

	if (verdict->zone_pair == 0)
		return 0;
	pair = &ruleset->pairs[verdict->zone_pair - 1];
	return pinhole ? pair->pinholes : pair->class_accounts[verdict->class_index];
}
