/* SPDX-License-Identifier: BSD-3-Clause */
/* Histograms as tables: a row a bucket, a column a worker. */
#ifndef CALLGATECTL_HISTOGRAM_H
#define CALLGATECTL_HISTOGRAM_H

#include <stdio.h>

#include <jansson.h>

/** Print /callgate/histograms: how many were in each bucket, how many in all, and their mean. */
void histograms_print(FILE *out, const json_t *answer, unsigned int width);

#endif
