/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiling and asking access lists; overview in acl_priv.h. Immutable once created: any number of
 * workers may ask at once.
 *
 * Limits: an entry with m source and n destination port ranges is m x n rules (twice that when its
 * protocol is any, since ports belong to TCP and UDP alone), times the prefixes of the networks it names.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include <rte_acl.h>
#include <rte_byteorder.h>
#include <rte_malloc.h>

#include "acl_priv.h"
#include "config/config.h"

enum { ACL_DENY = 1, ACL_PERMIT = 2 }; /* user data; 0 is rte_acl's "no match" */

/* What the trie reads: its first field is one byte, all others are groups of four. */
struct acl_packet {
	uint8_t proto, pad[3];
	rte_be32_t source, destination;
	rte_be16_t source_port, destination_port;
};

enum {
	FIELD_PROTO,
	FIELD_SOURCE,
	FIELD_DESTINATION,
	FIELD_SOURCE_PORT,
	FIELD_DESTINATION_PORT,
	FIELDS
};

RTE_ACL_RULE_DEF(acl_trie_rule, FIELDS);

static const struct rte_acl_field_def acl_fields[FIELDS] = {
	{RTE_ACL_FIELD_TYPE_BITMASK, 1, FIELD_PROTO, 0, offsetof(struct acl_packet, proto)},
	{RTE_ACL_FIELD_TYPE_MASK, 4, FIELD_SOURCE, 1, offsetof(struct acl_packet, source)},
	{RTE_ACL_FIELD_TYPE_MASK, 4, FIELD_DESTINATION, 2,
		offsetof(struct acl_packet, destination)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, FIELD_SOURCE_PORT, 3,
		offsetof(struct acl_packet, source_port)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, FIELD_DESTINATION_PORT, 3,
		offsetof(struct acl_packet, destination_port)},
};

static bool
entry_has_ports(const struct config_acl_entry *entry)
{
	return entry->source_port_count || entry->destination_port_count;
}

static uint64_t
acl_rules(const struct config_acl *config)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < config->entry_count; i++)
		count += config_acl_entry_rules(&config->entries[i]);
	return count;
}

/* The rules of one source and one destination prefix. */
static void
prefixes_expand(struct acl *acl, const struct config_acl_entry *entry, uint8_t proto,
	const struct prefix *from, const struct prefix *to)
{
	static const struct port_range any = {0, UINT16_MAX};
	unsigned int sources = entry->source_port_count,
		     destinations = entry->destination_port_count;

	for (unsigned int i = 0; i < (sources ? sources : 1); i++) {
		struct port_range source = sources ? entry->source_ports[i] : any;

		for (unsigned int j = 0; j < (destinations ? destinations : 1); j++) {
			struct port_range destination =
				destinations ? entry->destination_ports[j] : any;

			acl->rules[acl->rule_count++] = (struct acl_rule){
				.source = from->address,
				.source_mask = from->mask,
				.destination = to->address,
				.destination_mask = to->mask,
				.source_first = source.first,
				.source_last = source.last,
				.destination_first = destination.first,
				.destination_last = destination.last,
				.proto = proto,
				.permit = entry->permit,
			};
		}
	}
}

static void
entry_expand(struct acl *acl, const struct config_acl_entry *entry, uint8_t proto)
{
	const struct config_network *from = entry->source_network, *to = entry->destination_network;

	for (unsigned int i = 0; i < (from ? from->prefix_count : 1); i++)
		for (unsigned int j = 0; j < (to ? to->prefix_count : 1); j++)
			prefixes_expand(acl, entry, proto,
				from ? &from->prefixes[i] : &entry->source,
				to ? &to->prefixes[j] : &entry->destination);
}

static void
trie_rule_fill(struct acl_trie_rule *rule, const struct acl_rule *from, uint32_t index)
{
	*rule = (struct acl_trie_rule){
		.data =
			{
				.category_mask = 1,
				/* the first entry is the strongest */
				.priority = (int32_t)(RTE_ACL_MAX_PRIORITY - index),
				.userdata = from->permit ? ACL_PERMIT : ACL_DENY,
			},
	};
	rule->field[FIELD_PROTO].value.u8 = from->proto;
	rule->field[FIELD_PROTO].mask_range.u8 = from->proto ? UINT8_MAX : 0;
	rule->field[FIELD_SOURCE].value.u32 = rte_be_to_cpu_32(from->source);
	rule->field[FIELD_SOURCE].mask_range.u32 = (uint32_t)__builtin_popcount(from->source_mask);
	rule->field[FIELD_DESTINATION].value.u32 = rte_be_to_cpu_32(from->destination);
	rule->field[FIELD_DESTINATION].mask_range.u32 =
		(uint32_t)__builtin_popcount(from->destination_mask);
	rule->field[FIELD_SOURCE_PORT].value.u16 = from->source_first;
	rule->field[FIELD_SOURCE_PORT].mask_range.u16 = from->source_last;
	rule->field[FIELD_DESTINATION_PORT].value.u16 = from->destination_first;
	rule->field[FIELD_DESTINATION_PORT].mask_range.u16 = from->destination_last;
}

static int
trie_create(struct acl *acl, int socket)
{
	/* Contexts are found by name, and an old ruleset's still stand during a reload. */
	static _Atomic uint32_t serial;
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param parameters = {
		.name = name,
		.socket_id = socket,
		.rule_size = RTE_ACL_RULE_SZ(FIELDS),
		.max_rule_num = acl->rule_count,
	};
	struct rte_acl_config build = {.num_categories = 1, .num_fields = FIELDS};
	int rc = 0;

	if (acl->rule_count >= RTE_ACL_MAX_PRIORITY)
		return -E2BIG;
	snprintf(name, sizeof(name), "acl_%u",
		atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed));
	for (unsigned int i = 0; i < FIELDS; i++)
		build.defs[i] = acl_fields[i];
	acl->trie = rte_acl_create(&parameters);
	if (!acl->trie)
		return -ENOMEM;
	for (uint32_t i = 0; i < acl->rule_count && rc == 0; i++) {
		struct acl_trie_rule rule;

		trie_rule_fill(&rule, &acl->rules[i], i);
		rc = rte_acl_add_rules(acl->trie, (const struct rte_acl_rule *)&rule, 1);
	}
	return rc == 0 ? rte_acl_build(acl->trie, &build) : rc;
}

int
acl_create(const struct config_acl *config, int socket, struct acl *acl)
{
	uint64_t count = acl_rules(config);

	if (count >= RTE_ACL_MAX_PRIORITY)
		return -E2BIG;
	acl->rules = rte_zmalloc_socket(
		"acl", (count ? count : 1) * sizeof(acl->rules[0]), RTE_CACHE_LINE_SIZE, socket);
	if (!acl->rules)
		return -ENOMEM;
	for (unsigned int i = 0; i < config->entry_count; i++) {
		const struct config_acl_entry *entry = &config->entries[i];

		if (entry->proto || !entry_has_ports(entry)) {
			entry_expand(acl, entry, entry->proto);
		} else {
			entry_expand(acl, entry, IPPROTO_TCP);
			entry_expand(acl, entry, IPPROTO_UDP);
		}
	}
	return acl->rule_count > ACL_WALK_MAX ? trie_create(acl, socket) : 0;
}

void
acl_destroy(struct acl *acl)
{
	rte_acl_free(acl->trie);
	rte_free(acl->rules);
}

size_t
acl_memory(const struct config_acl *config)
{
	uint64_t count = acl_rules(config);

	/* The trie's size depends on how the rules overlap: a generous measure for common lists. */
	return count * sizeof(struct acl_rule) +
	       (count > ACL_WALK_MAX ? 65536 + count * (RTE_ACL_RULE_SZ(FIELDS) + 4096) : 0);
}

static bool
rule_matches(const struct acl_rule *rule, const struct flow_key *key, uint16_t source_port,
	uint16_t destination_port)
{
	return (!rule->proto || rule->proto == key->proto) &&
	       (key->src & rule->source_mask) == rule->source &&
	       (key->dst & rule->destination_mask) == rule->destination &&
	       source_port >= rule->source_first && source_port <= rule->source_last &&
	       destination_port >= rule->destination_first &&
	       destination_port <= rule->destination_last;
}

bool
acl_permits(const struct acl *acl, const struct flow_key *key)
{
	if (acl->trie) {
		struct acl_packet packet = {
			key->proto, {0}, key->src, key->dst, key->src_port, key->dst_port};
		const uint8_t *data = (const uint8_t *)&packet;
		uint32_t result = 0;

		rte_acl_classify(acl->trie, &data, &result, 1, 1);
		return result == ACL_PERMIT;
	}
	for (uint32_t i = 0; i < acl->rule_count; i++)
		if (rule_matches(&acl->rules[i], key, rte_be_to_cpu_16(key->src_port),
			    rte_be_to_cpu_16(key->dst_port)))
			return acl->rules[i].permit;
	return false;
}
