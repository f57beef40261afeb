/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prometheus text format 0.0.4: a family's HELP and TYPE lines, then its samples. All samples of a
 * family stand together, so a writer goes through the families and, for each, through the records.
 */
#ifndef EXPORTER_METRIC_H
#define EXPORTER_METRIC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "family.h"

struct metric_writer {
	FILE *out;
	enum family family;
	bool labelled; /* the sample that is being written has a label already */
};

/** Begin a family: its HELP and TYPE lines. */
void metric_begin(struct metric_writer *writer, enum family family);

/** Begin a sample of it; `suffix`: "", or "_bucket" and the like of a histogram. Labels follow, then
 *  a value. */
void metric_sample(struct metric_writer *writer, const char *suffix);
void metric_label(struct metric_writer *writer, const char *name, const char *value);
void metric_integer(struct metric_writer *writer, int64_t value);
void metric_real(struct metric_writer *writer, double value);

/** A family of one sample without labels. */
void metric_single(struct metric_writer *writer, enum family family, int64_t value);

#endif
