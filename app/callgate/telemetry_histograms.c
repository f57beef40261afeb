/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histograms of each worker, two records: "busy_N" and "sip_N". As those who draw them have it, a
 * record's "le_BORDER" counts all that were not above that border, whatever bucket they are in;
 * "count" has those above the last border, too.
 */
#include <errno.h>
#include <stdio.h>

#include "request.h"
#include "telemetry_priv.h"
#include "worker.h"

static uint64_t
bucket_of(const struct histogram *histogram, unsigned int bucket)
{
	return atomic_load_explicit(&histogram->bucket[bucket], memory_order_relaxed);
}

static void
add_sum(struct rte_tel_data *record, const char *name, const struct histogram *histogram)
{
	telemetry_number(record, name, atomic_load_explicit(&histogram->sum, memory_order_relaxed));
}

static void
add_shares(struct rte_tel_data *record, const struct histogram *histogram)
{
	uint64_t count = 0;
	char name[16];

	for (unsigned int i = 0; i < HISTOGRAM_SHARES; i++) {
		count += bucket_of(histogram, i);
		snprintf(name, sizeof(name), "le_%u", (i + 1) * (100 / HISTOGRAM_SHARES));
		telemetry_number(record, name, count);
	}
	telemetry_number(record, "count", count);
	add_sum(record, "sum_millionths", histogram);
}

static void
add_times(struct rte_tel_data *record, const struct histogram *histogram)
{
	uint64_t count = 0;
	char name[32];

	for (unsigned int i = 0; i < HISTOGRAM_TIMES; i++) {
		const uint64_t border = histogram_time_border(i);

		count += bucket_of(histogram, i);
		if (border == 0)
			break;
		snprintf(name, sizeof(name), "le_%" PRIu64, border);
		telemetry_number(record, name, count);
	}
	telemetry_number(record, "count", count);
	add_sum(record, "sum_ns", histogram);
}

/* NULL: no memory for it. */
static struct rte_tel_data *
add_record(struct rte_tel_data *data, const char *kind, unsigned int worker)
{
	struct rte_tel_data *record = rte_tel_data_alloc();
	char name[16];

	if (record == NULL)
		return NULL;
	rte_tel_data_start_dict(record);
	snprintf(name, sizeof(name), "%s_%u", kind, worker);
	if (rte_tel_data_add_dict_container(data, name, record, 0) != 0) {
		rte_tel_data_free(record);
		return NULL;
	}
	return record;
}

/* A page has whole workers; a cursor is the number of workers shown. */
int
telemetry_show_histograms(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	uint64_t cursor, next;
	unsigned int count;

	if (telemetry_page(parameters, PAGE_HISTOGRAMS_MAX, &cursor, &count) != 0)
		return -EINVAL;
	for (next = cursor; next < appliance->workers && next < cursor + count; next++) {
		const struct worker *worker = appliance->worker[next];
		struct rte_tel_data *busy = add_record(data, "busy", (unsigned int)next);
		struct rte_tel_data *sip = add_record(data, "sip", (unsigned int)next);

		if (busy == NULL || sip == NULL)
			return -ENOMEM;
		add_shares(busy, &worker->busy.share);
		add_times(sip, &worker->sip_time);
	}
	telemetry_number(data, "next", next < appliance->workers ? next : 0);
	return 0;
}
