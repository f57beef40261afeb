/* SPDX-License-Identifier: BSD-3-Clause */
/* One scrape: every question that telemetry answers, as Prometheus reads it. */
#ifndef EXPORTER_SCRAPE_H
#define EXPORTER_SCRAPE_H

#include <stdio.h>

/**
 * Ask callgate at the telemetry socket `path`, over a connection of its own, and write the answers to
 * `out`. What is wrong is told as telemetry_complain_to() says; then `out` has callgate_up 0 and
 * nothing else of callgate: half of an answer would look like the whole. 0, or -1 then. One thread at
 * a time: the client of the socket is not made for more.
 */
int scrape(FILE *out, const char *path);

#endif
