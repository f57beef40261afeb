/* SPDX-License-Identifier: BSD-3-Clause */
/* Of a scrape: SIP statistics by pair of zones, and histograms by worker. */
#include <stdlib.h>
#include <string.h>

#include "scrape_priv.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct column columns[] = {
#define X(id, name) {FAMILY_SIP_REQUESTS, name, "method", name},
	SIP_METHOD_COUNTERS(X)
#undef X
#define X(id, name) {FAMILY_SIP_RESPONSES, name, "status", name},
		SIP_RESPONSE_COUNTERS(X)
#undef X
/* the name without "200_" */
#define X(id, name) {FAMILY_SIP_OK, name, "method", &(name)[4]},
			SIP_OK_COUNTERS(X)
#undef X
#define X(id, name, meaning) {FAMILY_SIP_ERRORS, name, "error", name},
				SIP_ERROR_COUNTERS(X)
#undef X
#define X(id, name, meaning) {FAMILY_SIP_MESSAGE_ERRORS, "error_" name, "error", name},
					SIP_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) {FAMILY_SIP_SDP_ERRORS, "sdp_error_" name, "error", name},
						SDP_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) {FAMILY_SIP_BODY_ERRORS, "body_error_" name, "error", name},
							MULTIPART_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) {FAMILY_SIP_##id, name},
								SIP_EVENT_COUNTERS(X)
									SIP_LIMIT_COUNTERS(X)
#undef X
};

static void
zone_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	field_label(writer, "source", record);
	field_label(writer, "destination", record);
}

void
scrape_sip_write(struct metric_writer *writer, const json_t *pairs)
{
	const struct table table = {pairs, NULL, zone_labels};

	table_write(writer, &table, columns, COUNT_OF(columns));
}

/* Telemetry counts in whole small units; Prometheus has parts of a whole, and seconds. */
static const struct histogram_kind {
	enum family family;
	const char *prefix, *sum;
	double border, total; /* units of the borders and of the sum */
} kinds[] = {
	{FAMILY_WORKER_BUSY, "busy_", "sum_millionths", 1e-2, 1e-6},
	{FAMILY_SIP_TIME, "sip_", "sum_ns", 1e-9, 1e-9},
};

static void
histogram_write(struct metric_writer *writer, const struct histogram_kind *kind, const char *worker,
	json_t *record)
{
	const json_int_t count = json_integer_value(json_object_get(record, "count"));
	const char *key;
	json_t *value;
	char border[32];

	json_object_foreach(record, key, value)
	{
		if (strncmp(key, "le_", 3) != 0)
			continue;
		snprintf(border, sizeof(border), "%.12g", strtod(key + 3, NULL) * kind->border);
		metric_sample(writer, "_bucket");
		metric_label(writer, "worker", worker);
		metric_label(writer, "le", border);
		metric_integer(writer, json_integer_value(value));
	}
	metric_sample(writer, "_bucket");
	metric_label(writer, "worker", worker);
	metric_label(writer, "le", "+Inf");
	metric_integer(writer, count);
	metric_sample(writer, "_sum");
	metric_label(writer, "worker", worker);
	metric_real(writer,
		(double)json_integer_value(json_object_get(record, kind->sum)) * kind->total);
	metric_sample(writer, "_count");
	metric_label(writer, "worker", worker);
	metric_integer(writer, count);
}

void
scrape_histograms_write(struct metric_writer *writer, const json_t *histograms)
{
	for (unsigned int i = 0; i < COUNT_OF(kinds); i++) {
		const size_t length = strlen(kinds[i].prefix);
		const char *key;
		json_t *record;

		metric_begin(writer, kinds[i].family);
		json_object_foreach((json_t *)(uintptr_t)histograms, key, record)
		{
			if (strncmp(key, kinds[i].prefix, length) == 0)
				histogram_write(writer, &kinds[i], key + length, record);
		}
	}
}
