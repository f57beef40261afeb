/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and statistics of a ruleset, for show commands. Reads only; any thread. */
#include <string.h>

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

static void
account_read(const struct flow_account *account, struct fw_class_statistics *statistics)
{
	/* relaxed: display values */
	statistics->packets = atomic_load_explicit(&account->packets, memory_order_relaxed);
	statistics->bytes = atomic_load_explicit(&account->bytes, memory_order_relaxed);
	statistics->flows = atomic_load_explicit(&account->flows, memory_order_relaxed);
	statistics->half_open = atomic_load_explicit(&account->half_open, memory_order_relaxed);
	for (unsigned int i = 0; i < FLOW_LIMITS - 1; i++) {
		statistics->refused[i] =
			atomic_load_explicit(&account->refused[i], memory_order_relaxed);
		statistics->drops += statistics->refused[i];
	}
}

static void
class_read(const struct ruleset *ruleset, const struct zone_pair *pair, unsigned int index,
	struct fw_class_statistics *statistics)
{
	static const char *const actions[] = {
		[FW_DROP] = "drop", [FW_INSPECT] = "inspect", [FW_PASS] = "pass"};
	const struct policy_class *class = &ruleset->policies[pair->policy].classes[index];

	account_read(&fw_accounts_all(ruleset->accounts)[pair->class_accounts[index]], statistics);
	statistics->class_name = class->name;
	statistics->action = actions[class->action];
	if (class->action == FW_DROP)
		statistics->drops += statistics->packets;
}

/* First packets and their drops are counted by class; what the pair's own limits refused is besides. */
static void
pair_read(const struct ruleset *ruleset, const struct zone_pair *pair,
	struct fw_class_statistics *statistics)
{
	account_read(&fw_accounts_all(ruleset->accounts)[pair->account], statistics);
	for (unsigned int i = 0; i < ruleset->policies[pair->policy].class_count; i++) {
		struct fw_class_statistics class = {0};

		class_read(ruleset, pair, i, &class);
		statistics->packets += class.packets;
		statistics->bytes += class.bytes;
		statistics->drops += class.drops;
	}
	statistics->class_name = FW_CLASS_PAIR;
	statistics->action = "-";
}

bool
fw_class_statistics(const struct ruleset *ruleset, uint16_t zone_pair, unsigned int class_index,
	struct fw_class_statistics *statistics)
{
	const struct zone_pair *pair = pair_at(ruleset, zone_pair);
	const struct policy *policy = pair ? &ruleset->policies[pair->policy] : NULL;

	memset(statistics, 0, sizeof(*statistics));
	if (!policy || class_index >= policy->class_count + 2)
		return false;
	if (class_index < policy->class_count) {
		class_read(ruleset, pair, class_index, statistics);
	} else if (class_index == policy->class_count) {
		account_read(&fw_accounts_all(ruleset->accounts)[pair->pinholes], statistics);
		statistics->class_name = FW_CLASS_PINHOLE;
		statistics->action = "-";
	} else {
		pair_read(ruleset, pair, statistics);
	}
	return true;
}
