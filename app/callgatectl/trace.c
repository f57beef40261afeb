/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `callgatectl trace`.
 *
 * Overview: asks for a trace, takes its records several times a second, which renews the lease, and stops
 * it in the end. The appliance ends it by itself when nobody has asked for TRACE_LEASE_MS, so nothing stays
 * on when this program is killed. The file is written here: no path goes over the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <unistd.h>

#include "telemetry.h"
#include "trace.h"
#include "trace_output.h"

enum {
	EXIT_USAGE = 2,
	PAUSE_MS = 50, /* between two questions while there is nothing */
	REQUEST_SIZE = 400,
	RECORD_MAX = 256 << 10,
};

struct options {
	const char *path, *file, *what;
	unsigned long count, seconds; /* 0: no end */
	bool json;
};

struct trace {
	struct options options;
	int fd;
	json_int_t token;
	FILE *file; /* NULL: lines */
	struct pcapng *pcapng;
	unsigned long messages;
	json_int_t lost;
	bool failed;
	size_t used;
	_Alignas(struct trace_record) uint8_t bytes[RECORD_MAX];
};

void
trace_usage(FILE *out)
{
	fprintf(out, "  %-34s  %s\n", "trace CALL-ID|ADDRESS",
		"SIP messages of a call or host, as they come and leave");
}

bool
trace_is_meant(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--socket") == 0)
			i++;
		else if (argv[i][0] != '-')
			return strcmp(argv[i], "trace") == 0;
	}
	return false;
}

void
trace_usage_options(FILE *out)
{
	fprintf(out, "\noptions of trace:\n"
		     "  --pcap FILE         writes a capture file (pcapng) instead; - is standard "
		     "output\n"
		     "  --count NUMBER      ends after so many messages\n"
		     "  --seconds NUMBER    ends after this time; without both at Ctrl-C\n");
}

static int
usage(FILE *out)
{
	fprintf(out, "usage: callgatectl trace CALL-ID|ADDRESS [--pcap FILE] [--count NUMBER] "
		     "[--seconds NUMBER]\n");
	trace_usage_options(out);
	return out == stderr ? EXIT_USAGE : 0;
}

static bool
number_read(unsigned long *number, const char *text)
{
	char *end;

	*number = strtoul(text, &end, 10);
	return *text >= '1' && *text <= '9' && *end == '\0' && *number <= 1000000000;
}

/* 0, or -1: usage. */
static int
options_read(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"pcap", required_argument, NULL, 'p'},
		{"count", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	bool good = true;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options->path = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'p':
			options->file = optarg;
			break;
		case 'c':
			good &= number_read(&options->count, optarg);
			break;
		case 't':
			good &= number_read(&options->seconds, optarg);
			break;
		default:
			return -1;
		}
	}
	if (!good || argc - optind != 2 || (options->json && options->file != NULL))
		return -1;
	options->what = argv[optind + 1];
	return 0;
}

/* Messages may hold what is nobody else's business. */
static bool
file_open(struct trace *trace)
{
	const char *name = trace->options.file;
	int fd;

	if (strcmp(name, "-") == 0) {
		trace->file = stdout;
	} else {
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		trace->file = fd < 0 ? NULL : fdopen(fd, "wb");
	}
	if (trace->file != NULL)
		trace->pcapng = pcapng_begin(trace->file);
	if (trace->pcapng != NULL)
		return true;
	fprintf(stderr, "callgatectl: %s: %s\n", name, strerror(errno));
	return false;
}

/* The answer, or NULL after a line that says why there is none. */
static json_t *
ask(struct trace *trace, const char *command)
{
	json_t *answer = telemetry_ask(trace->fd, command, 0);
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (error == NULL)
		return answer;
	fprintf(stderr, "callgatectl: %s\n", error);
	json_decref(answer);
	return NULL;
}

static bool
start(struct trace *trace)
{
	char request[REQUEST_SIZE];
	struct in_addr host;
	const char *kind = inet_pton(AF_INET, trace->options.what, &host) == 1 ? "host" : "call_id";
	json_t *answer;

	if ((size_t)snprintf(request, sizeof(request), "/callgate/trace/start,%s=%s", kind,
		    trace->options.what) >= sizeof(request)) {
		fprintf(stderr, "callgatectl: CALL-ID too long\n");
		return false;
	}
	answer = ask(trace, request);
	if (answer == NULL)
		return false;
	trace->token = json_integer_value(json_object_get(answer, "trace"));
	json_decref(answer);
	return true;
}

static void
stop(struct trace *trace)
{
	char request[REQUEST_SIZE];

	snprintf(request, sizeof(request), "/callgate/trace/stop,%" JSON_INTEGER_FORMAT,
		trace->token);
	json_decref(ask(trace, request));
}

static bool
counted_out(const struct trace *trace)
{
	return trace->options.count != 0 && trace->messages >= trace->options.count;
}

/* Every whole record that has come. */
static void
messages_take(struct trace *trace)
{
	const struct trace_record *record = (const struct trace_record *)trace->bytes;
	struct trace_message message;

	while (!counted_out(trace) && trace->used >= sizeof(*record) &&
		trace->used >= record->length) {
		if (!trace_message_read(&message, trace->bytes, trace->used)) {
			fprintf(stderr, "callgatectl: not a record of this version\n");
			trace->failed = true;
			return;
		}
		trace->messages++;
		if (trace->pcapng != NULL) {
			if (!trace_write(trace->pcapng, &message)) {
				fprintf(stderr, "callgatectl: %s: %s\n", trace->options.file,
					strerror(errno));
				trace->failed = true;
				return;
			}
		} else if (trace->options.json) {
			trace_print_json(&message);
		} else {
			trace_print_line(&message);
		}
		trace->used -= record->length;
		memmove(trace->bytes, trace->bytes + record->length, trace->used);
	}
	if (fflush(trace->file != NULL ? trace->file : stdout) != 0)
		trace->failed = true; /* nobody reads any more */
}

/* Behind what has come already. False: it is no base64, or too much. */
static bool
text_decode(struct trace *trace, const char *text)
{
	uint32_t word = 0;
	unsigned int bits = 0;

	for (; *text != '\0' && *text != '='; text++) {
		const char c = *text;
		int digit = c >= 'A' && c <= 'Z'   ? c - 'A'
			    : c >= 'a' && c <= 'z' ? c - 'a' + 26
			    : c >= '0' && c <= '9' ? c - '0' + 52
			    : c == '+'             ? 62
			    : c == '/'             ? 63
						   : -1;

		if (digit < 0)
			return false;
		word = word << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (trace->used == sizeof(trace->bytes))
				return false;
			trace->bytes[trace->used++] = (uint8_t)(word >> bits);
		}
	}
	return true;
}

/* One question. Returns whether there may be more at once. */
static bool
read_page(struct trace *trace)
{
	char request[REQUEST_SIZE];
	json_t *answer, *records;
	bool more;

	snprintf(request, sizeof(request), "/callgate/trace/read,%" JSON_INTEGER_FORMAT,
		trace->token);
	answer = ask(trace, request);
	if (answer == NULL) {
		trace->failed = true;
		return false;
	}
	records = json_object_get(answer, "records");
	for (size_t i = 0; i < json_array_size(records); i++) {
		const char *text = json_string_value(json_array_get(records, i));

		if (text == NULL || !text_decode(trace, text)) {
			fprintf(stderr, "callgatectl: not a record of this version\n");
			trace->failed = true;
			break;
		}
	}
	trace->lost = json_integer_value(json_object_get(answer, "lost"));
	more = json_array_size(records) > 0;
	json_decref(answer);
	if (!trace->failed)
		messages_take(trace);
	return more && !trace->failed;
}

static bool
time_is_over(const struct trace *trace, const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return trace->options.seconds != 0 &&
	       now.tv_sec - begun->tv_sec - (now.tv_nsec < begun->tv_nsec) >=
		       (time_t)trace->options.seconds;
}

/* Signals are blocked, so that none cuts an answer short; they are looked for between questions. */
static void
run(struct trace *trace, const sigset_t *signals)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000}, none = {0};
	struct timespec begun;
	bool more = false;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (!trace->failed && !counted_out(trace) && !time_is_over(trace, &begun) &&
		sigtimedwait(signals, NULL, more ? &none : &pause) < 0)
		more = read_page(trace);
	/* What came before the end; no more than there was then, or it would never end. */
	for (int i = 0; i < 128 && !trace->failed && !counted_out(trace) && read_page(trace); i++)
		;
}

int
trace_main(int argc, char **argv, const char *socket_default)
{
	static struct trace trace;
	sigset_t signals;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout);
	trace.options.path = socket_default;
	if (options_read(&trace.options, argc, argv) != 0)
		return usage(stderr);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	trace.fd = telemetry_connect(trace.options.path);
	if (trace.fd < 0)
		return 1;
	if ((trace.options.file != NULL && !file_open(&trace)) || !start(&trace)) {
		trace.failed = true;
	} else {
		run(&trace, &signals);
		if (!trace.failed)
			stop(&trace);
		if (trace.options.file != NULL || trace.lost > 0)
			fprintf(stderr, "callgatectl: %lu messages, %lld lost\n", trace.messages,
				(long long)trace.lost);
	}
	if (trace.file != NULL && fclose(trace.file) != 0)
		trace.failed = true;
	pcapng_free(trace.pcapng);
	close(trace.fd);
	return trace.failed ? 1 : 0;
}
