/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client asks a table of records for: the page, and which records. Parameters come from
 * anybody who may connect, so nothing of them is trusted: what is not understood whole is refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reload.h"
#include "telemetry_priv.h"

enum { PARAMETERS_MAX = 512 };

int
telemetry_page(const char *parameters, unsigned int max, uint64_t *cursor, unsigned int *count)
{
	unsigned long long offset = 0, wanted = max;
	char *end;

	*cursor = 0;
	*count = max;
	if (parameters == NULL || *parameters == '\0')
		return 0;
	errno = 0;
	offset = strtoull(parameters, &end, 10);
	if (errno || end == parameters || *parameters == '-' || (*end && *end != ','))
		return -EINVAL;
	if (*end == ',') {
		const char *second = end + 1;

		wanted = strtoull(second, &end, 10);
		if (errno || end == second || *second == '-' || *end || wanted == 0)
			return -EINVAL;
	}
	*cursor = offset;
	*count = wanted < max ? (unsigned int)wanted : max;
	return 0;
}

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

bool
telemetry_zones(
	struct appliance *appliance, const char *name, uint8_t *source, uint8_t *destination)
{
	bool found;

	reload_hold();
	found = pair_find(appliance_ruleset(appliance), name, source, destination);
	reload_release();
	return found;
}

static int
text_set(char *to, size_t size, const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || length >= size)
		return -EINVAL;
	memcpy(to, value, length + 1);
	return 0;
}

static int
protocol_set(struct record_filter *filter, const char *value)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}};

	for (unsigned int i = 0; i < RTE_DIM(protocols); i++) {
		if (strcmp(value, protocols[i].name) == 0)
			filter->proto = protocols[i].proto;
	}
	return filter->proto ? 0 : -EINVAL;
}

static int
zone_pair_set(struct appliance *appliance, struct record_filter *filter, const char *value)
{
	if (text_set(filter->zone_pair, sizeof(filter->zone_pair), value) != 0)
		return -EINVAL;
	/* "-" stands where a session has no pair. */
	return strcmp(value, "-") == 0 || telemetry_zones(appliance, value, &filter->source_zone,
						  &filter->destination_zone)
		       ? 0
		       : -ENXIO;
}

/* One "name=value". */
static int
filter_set(struct appliance *appliance, struct record_filter *filter, unsigned int allowed,
	const char *name, const char *value)
{
	if ((allowed & FILTER_HOST) && strcmp(name, "host") == 0)
		return inet_pton(AF_INET, value, &filter->host) == 1 ? 0 : -EINVAL;
	if ((allowed & FILTER_PROTOCOL) && strcmp(name, "protocol") == 0)
		return protocol_set(filter, value);
	if ((allowed & FILTER_ZONE_PAIR) && strcmp(name, "zone_pair") == 0)
		return zone_pair_set(appliance, filter, value);
	if ((allowed & FILTER_CALL_ID) && strcmp(name, "call_id") == 0)
		return text_set(filter->call_id, sizeof(filter->call_id), value);
	return -EINVAL;
}

int
telemetry_question(struct appliance *appliance, const char *parameters, unsigned int allowed,
	struct record_filter *filter, unsigned int max, uint64_t *cursor, unsigned int *count)
{
	char text[PARAMETERS_MAX], page[PARAMETERS_MAX] = "", *part, *rest, *value;
	size_t used = 0;
	int rc;

	*filter = (struct record_filter){0};
	if (parameters == NULL)
		return telemetry_page(NULL, max, cursor, count);
	if (text_set(text, sizeof(text), parameters) != 0)
		return *parameters == '\0' ? telemetry_page(NULL, max, cursor, count) : -EINVAL;
	for (part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		value = strchr(part, '=');
		if (value == NULL) {
			used += (size_t)snprintf(
				page + used, sizeof(page) - used, "%s%s", used ? "," : "", part);
			continue;
		}
		*value++ = '\0';
		rc = filter_set(appliance, filter, allowed, part, value);
		if (rc != 0)
			return rc;
	}
	return telemetry_page(page, max, cursor, count);
}
