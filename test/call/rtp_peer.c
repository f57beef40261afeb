/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtp_peer: media of many calls at one end, for the call tests.
 *
 * Overview: opens a pair of ports a call, learns from the signalling (SIPp, through a FIFO that is
 * SIPp's log file) what happens to which call, sends RTP and RTCP, judges everything it receives,
 * prints a summary as JSON. Two instances talk to each other, one on either side of callgate.
 * Lines of the FIFO, PORT being the call's own RTP port:
 *   peer PORT ADDRESS PORT2   the peer's description says ADDRESS and PORT2
 *   start PORT                send from now on
 *   bye PORT                  BYE will be sent, but not within the next 200 ms
 *   ended PORT                the final answer to our BYE has been received
 *   answered PORT             we have answered the peer's BYE
 * Life cycle: ends when --calls calls are done and QUIET_MS have passed, and after --seconds at the
 * latest; SIGTERM ends it at once, with its summary.
 * Exit status: 0 when every call completed and nothing is wrong; 1 otherwise; 2 when it cannot run.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rtp_call.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

enum {
	QUIET_MS = 500, /* listen so long after the last call is done */
	EVENTS = 64,
	LINES_MAX = 65536,
	FAULTS_MAX = 8, /* calls described in the summary */
	CONTROL = UINT32_MAX,
};

static volatile sig_atomic_t stopped;

static void
stop(int signal)
{
	stopped = 1;
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void
line_take(struct rtp_call *calls, const struct rtp_settings *settings, const char *line)
{
	unsigned int port, peer_port, index;
	char word[16], address[64];
	struct rtp_call *call;
	uint64_t now;
	int fields;

	fields = sscanf(line, "%15s %u %63s %u", word, &port, address, &peer_port);
	if (fields <= 0)
		return;
	index = (port - settings->base) / settings->step;
	if (fields < 2 || port < settings->base || index >= settings->calls)
		errx(2, "control line '%s' names no call", line);
	call = &calls[index];
	now = now_ns();
	if (strcmp(word, "peer") == 0 && fields == 4) {
		rtp_call_announce(call, address, peer_port);
		if (settings->early)
			rtp_call_start(call, now);
	} else if (strcmp(word, "start") == 0) {
		rtp_call_start(call, now);
	} else if (strcmp(word, "bye") == 0) {
		call->draining_ns = now;
	} else if (strcmp(word, "ended") == 0 || strcmp(word, "answered") == 0) {
		if (call->done_ns == 0)
			call->done_ns = now + settings->linger_ms * NS_PER_MS;
		if (word[0] == 'e' && call->ended_ns == 0)
			call->ended_ns = now;
	} else {
		errx(2, "control line '%s' not understood", line);
	}
}

static void
control_read(int fd, struct rtp_call *calls, const struct rtp_settings *settings)
{
	static char text[LINES_MAX];
	static size_t used;
	char *line = text, *end;
	ssize_t length;

	length = read(fd, text + used, sizeof(text) - used - 1);
	if (length < 0) {
		if (errno != EAGAIN && errno != EINTR)
			err(2, "control");
		return;
	}
	used += (size_t)length;
	text[used] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		line_take(calls, settings, line);
		line = end + 1;
	}
	used -= (size_t)(line - text);
	memmove(text, line, used);
}

static void
counts_add(struct rtp_counts *sum, const struct rtp_counts *counts)
{
	/* All members are uint64_t. */
	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		((uint64_t *)sum)[i] += ((const uint64_t *)counts)[i];
}

static void
counts_print(const struct rtp_counts *counts)
{
	static const char *const name[STREAMS] = {"rtp", "rtcp"};

	for (unsigned int s = 0; s < STREAMS; s++)
		printf("\"%s_sent\": %ju, \"%s_received\": %ju, \"%s_expected\": %ju, "
		       "\"%s_lost\": %ju, "
		       "\"%s_duplicate\": %ju, \"%s_reordered\": %ju, ",
			name[s], (uintmax_t)counts->sent[s], name[s],
			(uintmax_t)counts->received[s], name[s], (uintmax_t)counts->expected[s],
			name[s], (uintmax_t)counts->lost[s], name[s],
			(uintmax_t)counts->duplicate[s], name[s], (uintmax_t)counts->reordered[s]);
	printf("\"wrong_source\": %ju, \"crosstalk\": %ju, \"stray\": %ju, \"leaked\": %ju, "
	       "\"one_way\": %ju, \"unheard\": %ju, \"peer_first\": %ju, \"before_answer\": %ju",
		(uintmax_t)counts->wrong_source, (uintmax_t)counts->crosstalk,
		(uintmax_t)counts->stray, (uintmax_t)counts->leaked, (uintmax_t)counts->one_way,
		(uintmax_t)counts->unheard, (uintmax_t)counts->peer_first,
		(uintmax_t)counts->before_answer);
}

/* True when all is well. */
static bool
summary_print(struct rtp_call *calls, const struct rtp_settings *settings)
{
	unsigned int complete = 0, begun = 0, faulty = 0;
	struct rtp_counts sum = {0};

	printf("{\"faults\": [");
	for (unsigned int i = 0; i < settings->calls; i++) {
		bool used = calls[i].announced || calls[i].counts.received[RTP] > 0 ||
			    calls[i].counts.received[RTCP] > 0 || calls[i].counts.stray > 0;

		if (!used)
			continue;
		begun++;
		complete += calls[i].done;
		if (!rtp_call_judge(&calls[i]) && faulty++ < FAULTS_MAX) {
			printf("%s\n  {\"call\": %u, \"done\": %s, ", faulty > 1 ? "," : "", i,
				calls[i].done ? "true" : "false");
			counts_print(&calls[i].counts);
			printf("}");
		}
		counts_add(&sum, &calls[i].counts);
	}
	printf("],\n \"calls\": %u, \"begun\": %u, \"complete\": %u, \"faulty\": %u,\n ",
		settings->calls, begun, complete, faulty);
	counts_print(&sum);
	printf("}\n");
	return faulty == 0 && complete == settings->calls;
}

static unsigned int
calls_send(struct rtp_call *calls, const struct rtp_settings *settings)
{
	uint64_t now = now_ns();
	unsigned int done = 0;

	for (unsigned int i = 0; i < settings->calls; i++) {
		rtp_call_send(&calls[i], now);
		done += calls[i].done;
	}
	return done;
}

static void
watch(int epoll, int fd, uint32_t call, uint32_t stream)
{
	struct epoll_event event = {.events = EPOLLIN};

	event.data.u64 = (uint64_t)call << 32 | stream;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(2, "epoll");
}

static void
peer_run(struct rtp_call *calls, const struct rtp_settings *settings, int control)
{
	uint64_t end = now_ns() + settings->seconds * NS_PER_S, quiet = 0, now;
	struct epoll_event events[EVENTS];
	int epoll, ready;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		err(2, "epoll");
	watch(epoll, control, CONTROL, 0);
	for (unsigned int i = 0; i < settings->calls; i++) {
		for (unsigned int stream = 0; stream < STREAMS; stream++)
			watch(epoll, calls[i].socket[stream], i, stream);
	}
	while (!stopped && (now = now_ns()) < end && (quiet == 0 || now < quiet)) {
		ready = epoll_wait(epoll, events, EVENTS, 2);
		/* Before the packets: what a packet follows upon is known when it is judged. */
		control_read(control, calls, settings);
		for (int i = 0; i < ready; i++) {
			uint32_t call = (uint32_t)(events[i].data.u64 >> 32);

			if (call != CONTROL)
				rtp_call_receive(&calls[call], (uint32_t)events[i].data.u64);
		}
		if (calls_send(calls, settings) >= settings->calls && quiet == 0)
			quiet = now_ns() + QUIET_MS * NS_PER_MS;
	}
	close(epoll);
}

static unsigned int
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > 65535)
		errx(2, "'%s' is no number up to 65535", text);
	return (unsigned int)value;
}

static const char *
settings_read(struct rtp_settings *settings, int argc, char **argv)
{
	static const struct option options[] = {{"address", required_argument, NULL, 'a'},
		{"base", required_argument, NULL, 'b'}, {"step", required_argument, NULL, 's'},
		{"calls", required_argument, NULL, 'n'}, {"control", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 't'}, {"linger", required_argument, NULL, 'l'},
		{"early", no_argument, NULL, 'e'}, {"patient", no_argument, NULL, 'p'},
		{NULL, 0, NULL, 0}};
	const char *control = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a' && inet_pton(AF_INET, optarg, &settings->address) != 1)
			errx(2, "'%s' is no IPv4 address", optarg);
		else if (option == 'b')
			settings->base = number(optarg);
		else if (option == 's')
			settings->step = number(optarg);
		else if (option == 'n')
			settings->calls = number(optarg);
		else if (option == 'c')
			control = optarg;
		else if (option == 't')
			settings->seconds = number(optarg);
		else if (option == 'l')
			settings->linger_ms = number(optarg);
		else if (option == 'e')
			settings->early = true;
		else if (option == 'p')
			settings->patient = true;
		else if (option == '?')
			exit(2);
	}
	if (control == NULL || settings->calls == 0 || settings->address.s_addr == 0 ||
		settings->step < 2 || settings->base + settings->calls * settings->step > 65535)
		errx(2, "usage: rtp_peer --address IP --base PORT --calls N --control FIFO "
			"[--step N] [--seconds N] [--linger MS] [--early] [--patient]");
	return control;
}

int
main(int argc, char **argv)
{
	struct rtp_settings settings = {.base = 20000, .step = 4, .seconds = 60, .linger_ms = 600};
	struct sigaction action = {.sa_handler = stop};
	struct rtp_call *calls;
	struct rlimit files;
	int control;
	const char *path;
	bool good;

	path = settings_read(&settings, argc, argv);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Also open for writing, so that it never ends while writers come and go. */
	control = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (control < 0)
		err(2, "%s", path);
	calls = calloc(settings.calls, sizeof(*calls));
	if (calls == NULL)
		err(2, "calls");
	for (unsigned int i = 0; i < settings.calls; i++)
		rtp_call_open(&calls[i], &settings, i);
	/* Whoever started us waits for this before the first call. */
	fprintf(stderr, "ready\n");
	peer_run(calls, &settings, control);
	good = summary_print(calls, &settings);
	for (unsigned int i = 0; i < settings.calls; i++)
		rtp_call_close(&calls[i]);
	free(calls);
	close(control);
	return good ? 0 : 1;
}
