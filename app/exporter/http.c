/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The HTTP side.
 *
 * Overview: libmicrohttpd reads requests and sends answers in one thread, for all connections in
 * turn; so one scrape at a time asks callgate, and those that come meanwhile wait. Asking blocks that
 * thread, no longer than the client of the telemetry socket waits for one answer that does not come.
 * It polls: with epoll, libmicrohttpd 0.9.75 keeps a connection that was closed in the midst of a
 * request until IDLE_S are over, and a handful of them would keep everybody out.
 * Limits: CONNECTIONS at once, CONNECTIONS_AN_ADDRESS of one client, REQUEST_MEMORY bytes of request
 * line and headers, IDLE_S seconds of silence. A request with a body is refused unread, and so is
 * every scrape while UNREAD_MAX bytes of answers wait for clients that do not read.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "app/callgatectl/telemetry.h"
#include "http.h"
#include "scrape.h"

enum {
	CONNECTIONS = 64,
	CONNECTIONS_AN_ADDRESS = 48,
	REQUEST_MEMORY = 16 * 1024,
	IDLE_S = 10,
	UNREAD_MAX = 16 * 1024 * 1024,
	COMPLAINT_MAX = 2048,
};

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

static const char front_page[] = "<!DOCTYPE html>\n<title>callgate-exporter</title>\n"
				 "<p>callgate-exporter: <a href=\"/metrics\">metrics</a></p>\n";

/* The last thing that was wrong: said once, not at every scrape. Empty: nothing. */
static char complaint[COMPLAINT_MAX];

static void
complain(const char *line)
{
	if (strncmp(line, complaint, sizeof(complaint) - 1) == 0)
		return;
	snprintf(complaint, sizeof(complaint), "%s", line);
	fprintf(stderr, "callgate-exporter: %s\n", line);
}

static void
complaint_over(void)
{
	if (complaint[0] != '\0')
		fprintf(stderr, "callgate-exporter: callgate answers\n");
	complaint[0] = '\0';
}

/* Takes the response, which is NULL when there was no memory for it. */
static enum MHD_Result
respond(struct MHD_Connection *connection, unsigned int status, const char *type,
	struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_GET);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* A text that stays. */
static enum MHD_Result
say(struct MHD_Connection *connection, unsigned int status, const char *type, const char *text)
{
	return respond(connection, status, type,
		MHD_create_response_from_buffer(
			strlen(text), (char *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned int status, const char *reason)
{
	return say(connection, status, "text/plain", reason);
}

/* A scrape that is not sent yet. */
struct answer {
	char *text;
	size_t length;
};

/* Bytes of all of them; the library's thread alone. */
static size_t unread;

static void
answer_free(void *context)
{
	struct answer *answer = context;

	unread -= answer->length;
	free(answer->text);
	free(answer);
}

static struct answer *
answer_make(const char *path)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	FILE *out = answer ? open_memstream(&answer->text, &answer->length) : NULL;

	if (out == NULL) {
		free(answer);
		return NULL;
	}
	if (scrape(out, path) == 0)
		complaint_over();
	if (fclose(out) != 0) {
		free(answer->text);
		free(answer);
		return NULL;
	}
	unread += answer->length;
	return answer;
}

static enum MHD_Result
metrics(struct MHD_Connection *connection, const char *path)
{
	struct MHD_Response *response;
	struct answer *answer;

	if (unread >= UNREAD_MAX)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many answers wait to be read\n");
	answer = answer_make(path);
	if (answer == NULL)
		return MHD_NO;
	response = MHD_create_response_from_buffer_with_free_callback_cls(
		answer->length, answer->text, answer_free, answer);
	if (response == NULL)
		answer_free(answer);
	return respond(connection, MHD_HTTP_OK, METRICS_TYPE, response);
}

static const char *
header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool
has_body(struct MHD_Connection *connection)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
	       (length != NULL && strcmp(length, "0") != 0);
}

/* Called with the headers, and again with the whole request: `state` tells the two apart. */
static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **state)
{
	static char seen;

	if (*state == NULL) {
		*state = &seen;
		if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
			return refuse(
				connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is served\n");
		if (has_body(connection))
			return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE,
				"a request has no body here\n");
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") == 0)
		return metrics(connection, context);
	if (strcmp(url, "/") == 0)
		return say(connection, MHD_HTTP_OK, "text/html; charset=utf-8", front_page);
	return refuse(connection, MHD_HTTP_NOT_FOUND, "there are / and /metrics\n");
}

struct MHD_Daemon *
http_start(int listener, const char *path)
{
	telemetry_complain_to(complain);
	return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, handle,
		(void *)(uintptr_t)path, MHD_OPTION_LISTEN_SOCKET, listener,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_AN_ADDRESS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_END);
}

void
http_stop(struct MHD_Daemon *server)
{
	MHD_stop_daemon(server);
}
