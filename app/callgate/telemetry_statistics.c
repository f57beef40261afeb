/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP statistics, of all pairs of zones or of one. A pair is asked for by the name of a zone pair, or
 * by its two zones: what callgate itself lets in (answers, what a call opened) needs no zone pair
 * in the configuration, but is counted as well.
 */
#include <errno.h>
#include <string.h>

#include "reload.h"
#include "telemetry_priv.h"

/* Zones cannot change while callgate runs; the ruleset's names are the configuration's. */
static bool
zone_find(const struct ruleset *ruleset, const char *name, size_t length, uint8_t *zone)
{
	for (unsigned int i = 0; i < ZONES_MAX; i++) {
		const char *candidate = fw_zone_name(ruleset, (uint8_t)i);

		if (candidate && strlen(candidate) == length &&
			memcmp(candidate, name, length) == 0) {
			*zone = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static bool
pair_find(const struct ruleset *ruleset, const char *name, uint8_t *source, uint8_t *destination)
{
	struct fw_pair_statistics pair;
	const char *comma = strchr(name, ',');

	if (comma)
		return zone_find(ruleset, name, (size_t)(comma - name), source) &&
		       zone_find(ruleset, comma + 1, strlen(comma + 1), destination);
	for (unsigned int i = 1; i <= fw_zone_pair_count(ruleset); i++) {
		if (fw_pair_statistics(ruleset, (uint16_t)i, &pair) && strcmp(pair.name, name) == 0)
			return zone_find(ruleset, pair.source, strlen(pair.source), source) &&
			       zone_find(ruleset, pair.destination, strlen(pair.destination),
				       destination);
	}
	return false;
}

int
telemetry_show_sip_statistics(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	bool one = parameters != NULL && *parameters != '\0', found = true;
	uint8_t source = 0, destination = 0;

	if (one) {
		reload_hold();
		found = pair_find(appliance_ruleset(appliance), parameters, &source, &destination);
		reload_release();
	}
	if (!found)
		return -ENOENT;
	for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
		enum sip_counter counter = (enum sip_counter)i;

		telemetry_number(data, sip_counter_name(counter),
			one ? sip_statistics_pair(appliance->alg, source, destination, counter)
			    : sip_statistics_sum(appliance->alg, counter));
	}
	return 0;
}
