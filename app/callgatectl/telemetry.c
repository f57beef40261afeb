/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client side of the DPDK telemetry socket.
 *
 * Overview: SOCK_SEQPACKET, so that a request and an answer are one record each. On connecting the
 * appliance says who it is and how long an answer may be (16 KiB); answers that could be longer
 * come in pages: a dictionary of records and "next", the cursor of the page that follows, 0 on the
 * last one. `COMMAND,CURSOR` asks for it.
 * Life cycle: one connection a run of the program.
 * Limits: an answer of ANSWER_MAX bytes; PAGES_MAX pages, so that an appliance that never says 0
 * does not keep us for ever.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "telemetry.h"

enum {
	ANSWER_MAX = 256 * 1024,
	REQUEST_MAX = 1023, /* what rte_telemetry reads at once */
	PAGES_MAX = 65536,
	ANSWER_TIMEOUT_S = 5,
	LINE_MAX_LENGTH = 2048,
};

static void
say(const char *line)
{
	fprintf(stderr, "callgatectl: %s\n", line);
}

static void (*listener)(const char *line) = say;

void
telemetry_complain_to(void (*complain)(const char *line))
{
	listener = complain;
}

static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	char line[LINE_MAX_LENGTH];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	listener(line);
}

void
telemetry_complain(const char *what, const char *fault)
{
	complain("%s: %s", what, fault);
}

/* `closed`: what it means when the other end closes the connection. */
static json_t *
answer_read(int fd, const char *what, const char *closed)
{
	static char text[ANSWER_MAX];
	json_error_t error;
	json_t *answer;
	ssize_t length;

	do { /* a signal is for whoever waits for it */
		length = recv(fd, text, sizeof(text), 0);
	} while (length < 0 && errno == EINTR);
	if (length <= 0) {
		complain("%s: %s", what,
			length == 0 || errno == ECONNRESET ? closed
			: errno == EAGAIN                  ? "callgate does not answer"
							   : strerror(errno));
		return NULL;
	}
	while (length > 0 && text[length - 1] == '\0')
		length--;
	answer = json_loadb(text, (size_t)length, 0, &error);
	if (answer == NULL)
		complain("%s: answer is no JSON: %s", what, error.text);
	return answer;
}

static const char *
connect_fault(int error)
{
	switch (error) {
	case ENOENT:
		return "there is no such socket: is callgate running, with telemetry.enabled and "
		       "this file_prefix? (--socket names another)";
	case ECONNREFUSED:
		return "nobody listens there any more: callgate has ended";
	case EACCES:
	case EPERM:
		return "permission denied: only root, the user that callgate runs as and, of a "
		       "service, group callgate-telemetry may ask it";
	case EPROTOTYPE:
	case ENOTSOCK:
		return "is no telemetry socket";
	default:
		return strerror(error);
	}
}

int
telemetry_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	json_t *greeting;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		complain("%s: path too long for a socket", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		complain("socket: %s", strerror(errno));
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		complain("%s: %s", path, connect_fault(errno));
		goto fail;
	}
	greeting = answer_read(
		fd, path, "callgate closed the connection: it has too many clients, or ends");
	if (greeting == NULL)
		goto fail;
	json_decref(greeting);
	return fd;

fail:
	close(fd);
	return -1;
}

/* One request; the value under the command's own name. */
static json_t *
page_ask(int fd, const char *command, const char *parameters)
{
	static const char ended[] = "callgate has ended: it closed the connection";
	char request[REQUEST_MAX + 1];
	json_t *answer, *value;
	int length;

	length = snprintf(request, sizeof(request), "%s%s", command, parameters);
	if (length > REQUEST_MAX) {
		complain("%.40s...: request too long", command);
		return NULL;
	}
	if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
		complain("%s: %s", command,
			errno == EPIPE || errno == ECONNRESET ? ended : strerror(errno));
		return NULL;
	}
	answer = answer_read(fd, command, ended);
	if (answer == NULL)
		return NULL;
	/* The key is the command without its parameters; it is the only one. */
	value = json_object_iter_value(json_object_iter(answer));
	if (value == NULL || json_is_null(value)) {
		complain("%s: unknown to the appliance, or refused by it", request);
		value = NULL;
	} else {
		json_incref(value);
	}
	json_decref(answer);
	return value;
}

/* Put the records of a page behind those of the whole: members of an array, or dictionaries. */
static void
page_append(json_t *whole, json_t *page)
{
	const char *key;
	json_t *value;

	json_object_foreach(page, key, value)
	{
		if (json_is_array(value) && json_is_array(json_object_get(whole, key)))
			json_array_extend(json_object_get(whole, key), value);
		else
			json_object_set(whole, key, value);
	}
}

json_t *
telemetry_ask(int fd, const char *command, unsigned int limit)
{
	json_t *whole, *page;
	char parameters[32];
	json_int_t next;

	whole = page_ask(fd, command, "");
	if (whole == NULL)
		return NULL;
	for (unsigned int i = 0; i < PAGES_MAX; i++) {
		next = json_integer_value(json_object_get(whole, "next"));
		if (next == 0 || (limit > 0 && json_object_size(whole) > limit))
			return whole;
		snprintf(parameters, sizeof(parameters), ",%" JSON_INTEGER_FORMAT, next);
		page = page_ask(fd, command, parameters);
		if (page == NULL)
			goto fail;
		/* "next" of the whole becomes that of the page. */
		page_append(whole, page);
		json_decref(page);
	}
	complain("%s: the answer has no end", command);
fail:
	json_decref(whole);
	return NULL;
}
