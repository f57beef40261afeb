/* SPDX-License-Identifier: BSD-3-Clause */
/* The HTTP side: GET /metrics, GET /, and nothing else. */
#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

struct MHD_Daemon;

/**
 * Serve on a listening socket, in a thread of the library's own, until http_stop(), which closes the
 * socket, too. `path`: the telemetry socket; it must outlive the server. NULL: it does not start.
 */
struct MHD_Daemon *http_start(int listener, const char *path);
void http_stop(struct MHD_Daemon *server);

#endif
