/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP statistics, of all pairs of zones or of one. A pair is asked for by the name of a zone pair, or
 * by its two zones: what callgate itself lets in (answers, what a call opened) needs no zone pair
 * in the configuration, but is counted as well.
 */
#include <errno.h>
#include <string.h>

#include "telemetry_priv.h"

int
telemetry_show_sip_statistics(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	static const char named[] = "zone_pair="; /* as other commands have it; may be left out */
	bool one = parameters != NULL && *parameters != '\0', found = true;
	uint8_t source = 0, destination = 0;

	if (one && strncmp(parameters, named, strlen(named)) == 0)
		parameters += strlen(named);
	if (one)
		found = telemetry_zones(appliance, parameters, &source, &destination);
	if (!found)
		return -ENXIO;
	for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
		enum sip_counter counter = (enum sip_counter)i;

		telemetry_number(data, sip_counter_name(counter),
			one ? sip_statistics_pair(appliance->alg, source, destination, counter)
			    : sip_statistics_sum(appliance->alg, counter));
	}
	return 0;
}
