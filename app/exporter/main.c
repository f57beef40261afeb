/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgate-exporter: what telemetry has, for Prometheus.
 *
 * Overview: an HTTP server (http.c) that asks the telemetry socket at every scrape (scrape.c) and
 * keeps nothing in between. It is a program of its own, which needs no right but to open the socket:
 * callgate is none the worse for whatever happens to it.
 * Life cycle: until SIGTERM or SIGINT; exit status 0 then, 1 when it cannot listen, 2 wrong usage.
 * callgate may come and go meanwhile: callgate_up tells.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <getopt.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "app/callgatectl/telemetry.h"
#include "http.h"

#define LISTEN_DEFAULT "127.0.0.1:9560"

enum {
	EXIT_USAGE = 2,
	BACKLOG = 16,
	ADDRESS_MAX = 64,
	SEND_BUFFER = 128 * 1024, /* of a connection, in the kernel, which takes 4 MB otherwise */
};

static void
usage_print(FILE *out)
{
	fputs("usage: callgate-exporter [--socket PATH] [--listen ADDRESS:PORT]\n\n"
	      "Serves what callgate's telemetry has to Prometheus: GET /metrics.\n\n"
	      "options:\n"
	      "  --socket PATH          telemetry socket; default " TELEMETRY_SOCKET "\n"
	      "  --listen ADDRESS:PORT  default " LISTEN_DEFAULT
	      "; IPv6 as [ADDRESS]:PORT. Who can\n"
	      "                         reach it can read it: there are no passwords\n"
	      "  --help                 print this\n"
	      "  --version              print the version\n",
		out);
}

/* ADDRESS:PORT into two strings; the brackets of IPv6 fall away. */
static bool
listen_split(const char *text, char address[ADDRESS_MAX], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	} else if (memchr(text, ':', length)) {
		return false;
	}
	if (length == 0 || length >= ADDRESS_MAX)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	*port = colon + 1;
	return true;
}

static struct addrinfo *
listen_resolve(const char *text)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char address[ADDRESS_MAX], *end;
	const char *port;
	unsigned long number;

	if (!listen_split(text, address, &port))
		return NULL;
	number = strtoul(port, &end, 10);
	if (*port < '1' || *port > '9' || *end != '\0' || number > 65535 ||
		getaddrinfo(address, port, &hints, &found) != 0)
		return NULL;
	return found;
}

/* A listening socket; -1 after a line on standard error. */
static int
listen_open(const struct addrinfo *address, const char *text)
{
	const int on = 1, send_buffer = SEND_BUFFER;
	const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer)) < 0 ||
		bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		fprintf(stderr, "callgate-exporter: %s: %s\n", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Serve until told to stop. */
static int
run(int listener, const char *path, const char *address)
{
	struct MHD_Daemon *server;
	sigset_t signals;
	int number;

	/* Before the server's thread is there, which has the same mask. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	server = http_start(listener, path);
	if (server == NULL) {
		fprintf(stderr, "callgate-exporter: the HTTP server does not start\n");
		close(listener);
		return EXIT_FAILURE;
	}
	fprintf(stderr, "callgate-exporter: http://%s/metrics, from %s\n", address, path);
#ifdef HAVE_LIBSYSTEMD
	sd_notify(1, "READY=1"); /* it listens; without a service manager nobody is told */
#endif
	sigwait(&signals, &number);
	http_stop(server);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"listen", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	const char *path = TELEMETRY_SOCKET, *where = LISTEN_DEFAULT;
	struct addrinfo *address;
	int option, listener;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			path = optarg;
			break;
		case 'l':
			where = optarg;
			break;
		case 'h':
			usage_print(stdout);
			return EXIT_SUCCESS;
		case 'v':
			printf("callgate-exporter %s\n", EXPORTER_VERSION);
			return EXIT_SUCCESS;
		default:
			usage_print(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage_print(stderr);
		return EXIT_USAGE;
	}
	address = listen_resolve(where);
	if (address == NULL) {
		fprintf(stderr,
			"callgate-exporter: --listen %s: is no ADDRESS:PORT, allowed: a numeric "
			"address and 1 to 65535\n",
			where);
		return EXIT_USAGE;
	}
	listener = listen_open(address, where);
	freeaddrinfo(address);
	return listener < 0 ? EXIT_FAILURE : run(listener, path, where);
}
