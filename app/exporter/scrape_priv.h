/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the parts of a scrape: tables of records as series. */
#ifndef EXPORTER_SCRAPE_PRIV_H
#define EXPORTER_SCRAPE_PRIV_H

#include <jansson.h>

#include "metric.h"

/* A family whose values stand in one field of each record. */
struct column {
	enum family family;
	const char *field;
	/* One more label that all samples of this column have; columns of one family follow each other. */
	const char *label, *value;
	double unit; /* 0: as it is */
};

/* Records of an answer: which of them, and what names one. */
struct table {
	const json_t *records;
	bool (*wanted)(const json_t *record); /* NULL: all */
	void (*labels)(struct metric_writer *writer, const char *key, const json_t *record);
};

/** Write columns, family by family. A record that lacks a field has no sample of it. */
void table_write(struct metric_writer *writer, const struct table *table,
	const struct column *columns, unsigned int count);

/** A field of a record as a label; one that is missing is empty. */
void field_label(struct metric_writer *writer, const char *name, const json_t *record);

/** SIP statistics of each pair of zones; `pairs`: dictionaries with source, destination, counters. */
void scrape_sip_write(struct metric_writer *writer, const json_t *pairs);

/** Both histograms of each worker. */
void scrape_histograms_write(struct metric_writer *writer, const json_t *histograms);

#endif
