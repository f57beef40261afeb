/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP statistics as a page in groups. */
#ifndef CALLGATECTL_STATISTICS_H
#define CALLGATECTL_STATISTICS_H

#include <stdio.h>

#include <jansson.h>

/** Print the counters of /callgate/sip/stats in groups. As table_print(); the page needs 80 columns. */
void statistics_print(FILE *out, const json_t *answer, unsigned int width);

#endif
