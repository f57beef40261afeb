/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and statistics of a ruleset, for show commands. Reads only; any thread. */
#include "ruleset_priv.h"

const char *
fw_zone_name(const struct ruleset *ruleset, uint8_t zone)
{
	return zone < ruleset->zone_count ? ruleset->zones[zone].name : NULL;
}

static const struct zone_pair *
pair_at(const struct ruleset *ruleset, uint16_t zone_pair)
{
	return zone_pair && zone_pair <= ruleset->pair_count ? &ruleset->pairs[zone_pair - 1]
							     : NULL;
}

const char *
fw_zone_pair_name(const struct ruleset *ruleset, uint16_t zone_pair)
{
	const struct zone_pair *pair = pair_at(ruleset, zone_pair);

	return pair ? pair->name : NULL;
}

unsigned int
fw_zone_pair_count(const struct ruleset *ruleset)
{
	return ruleset->pair_count;
}

bool
fw_pair_statistics(
	const struct ruleset *ruleset, uint16_t zone_pair, struct fw_pair_statistics *statistics)
{
	const struct zone_pair *pair = pair_at(ruleset, zone_pair);

	if (!pair)
		return false;
	*statistics = (struct fw_pair_statistics){
		.name = pair->name,
		.source = fw_zone_name(ruleset, pair->source),
		.destination = fw_zone_name(ruleset, pair->destination),
		.policy = ruleset->policies[pair->policy].name,
		.classes = ruleset->policies[pair->policy].class_count,
	};
	return true;
}

bool
fw_class_statistics(const struct ruleset *ruleset, uint16_t zone_pair, unsigned int class_index,
	struct fw_class_statistics *statistics)
{
	const struct zone_pair *pair = pair_at(ruleset, zone_pair);
	const struct policy *policy = pair ? &ruleset->policies[pair->policy] : NULL;

	if (!policy || class_index >= policy->class_count)
		return false;
	*statistics = (struct fw_class_statistics){
		.class_name = policy->classes[class_index].name,
		.action = (enum fw_action)policy->classes[class_index].action,
		.packets = atomic_load_explicit(
			&pair->counters[class_index].packets, memory_order_relaxed),
		.bytes = atomic_load_explicit(
			&pair->counters[class_index].bytes, memory_order_relaxed),
	};
	return true;
}
