/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pairs of zones that SIP statistics can be asked of (telemetry_statistics.c), so that a client
 * may add them all up. Counters alone: the telemetry thread reads them itself.
 */
#include <errno.h>
#include <string.h>

#include "net/interface.h"
#include "reload.h"
#include "request.h"
#include "telemetry_priv.h"

/* Has this pair of zones anything to tell, or a zone pair that may let SIP pass one day? */
static bool
pair_is_shown(const struct appliance *appliance, const struct ruleset *ruleset, uint8_t source,
	uint8_t destination)
{
	const char *from = fw_zone_name(ruleset, source), *to = fw_zone_name(ruleset, destination);
	struct fw_pair_statistics pair;

	if (from == NULL || to == NULL)
		return false;
	for (unsigned int i = 1; i <= fw_zone_pair_count(ruleset); i++) {
		if (fw_pair_statistics(ruleset, (uint16_t)i, &pair) &&
			strcmp(pair.source, from) == 0 && strcmp(pair.destination, to) == 0)
			return true;
	}
	for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
		if (sip_statistics_pair(appliance->alg, source, destination, (enum sip_counter)i) >
			0)
			return true;
	}
	/* Without a firewall there is this pair alone. */
	return fw_zone_pair_count(ruleset) == 0 && source == ZONE_DEFAULT &&
	       destination == ZONE_DEFAULT;
}

/* A cursor is the number of pairs looked at. */
int
telemetry_show_sip_pairs(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	const struct ruleset *ruleset;
	uint64_t cursor;
	unsigned int count, shown = 0;

	if (telemetry_page(parameters, PAGE_RECORDS_MAX, &cursor, &count) != 0)
		return -EINVAL;
	reload_hold();
	ruleset = appliance_ruleset(appliance);
	for (; cursor < ZONES_MAX * ZONES_MAX && shown < count; cursor++) {
		const uint8_t source = (uint8_t)(cursor / ZONES_MAX);
		const uint8_t destination = (uint8_t)(cursor % ZONES_MAX);
		struct rte_tel_data *record;

		if (!pair_is_shown(appliance, ruleset, source, destination))
			continue;
		record = telemetry_record(data, cursor + 1);
		if (record == NULL)
			break;
		rte_tel_data_add_dict_string(record, "source", fw_zone_name(ruleset, source));
		rte_tel_data_add_dict_string(
			record, "destination", fw_zone_name(ruleset, destination));
		shown++;
	}
	reload_release();
	telemetry_number(data, "next", cursor < ZONES_MAX * ZONES_MAX ? cursor : 0);
	return 0;
}
