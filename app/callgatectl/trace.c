/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <arpa/inet.h>
#include <getopt.h>

#include "records.h"
#include "trace.h"
#include "trace_output.h"

enum { REQUEST_SIZE = 400 };

void
trace_usage(FILE *out)
{
	fprintf(out, "  %-34s  %s\n", "trace CALL-ID|ADDRESS",
		"SIP messages of a call or host, as they come and leave");
}

bool
trace_is_meant(int argc, char **argv)
{
	return records_meant(argc, argv, "trace");
}

void
trace_usage_options(FILE *out)
{
	fprintf(out, "\noptions of trace and capture:\n"
		     "  --pcap FILE         writes a capture file (pcapng) instead; - is standard "
		     "output\n"
		     "  --count NUMBER      ends after so many messages or frames\n"
		     "  --seconds NUMBER    ends after this time; without both at Ctrl-C\n");
}

static int
usage(FILE *out)
{
	fprintf(out, "usage: callgatectl trace CALL-ID|ADDRESS [--pcap FILE] [--count NUMBER] "
		     "[--seconds NUMBER]\n");
	trace_usage_options(out);
	return out == stderr ? RECORDS_EXIT_USAGE : 0;
}

static enum records_written
message_write(struct records *records)
{
	struct trace_message message;

	if (!trace_message_read(&message, records->bytes, records->used))
		return RECORDS_STRANGE;
	if (records->pcapng != NULL)
		return trace_write(records->pcapng, &message) ? RECORDS_WRITTEN : RECORDS_FAILED;
	if (records->json)
		trace_print_json(&message);
	else
		trace_print_line(&message);
	return RECORDS_WRITTEN;
}

static bool
start(struct records *records, const char *what)
{
	char request[REQUEST_SIZE];
	struct in_addr host;
	const char *kind = inet_pton(AF_INET, what, &host) == 1 ? "host" : "call_id";
	json_t *answer;

	if ((size_t)snprintf(request, sizeof(request), "/callgate/trace/start,%s=%s", kind, what) >=
		sizeof(request)) {
		fprintf(stderr, "callgatectl: CALL-ID too long\n");
		records->failed = true;
		return false;
	}
	answer = records_start(records, request);
	json_decref(answer);
	return answer != NULL;
}

int
trace_main(int argc, char **argv, const char *socket_default)
{
	static const struct option known[] = {RECORDS_OPTIONS, {NULL, 0, NULL, 0}};
	static struct records records = {.noun = "messages", .write = message_write};
	int option;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout);
	records.path = socket_default;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (!records_option(&records, option, optarg))
			return usage(stderr);
	}
	if (argc - optind != 2 || (records.json && records.file != NULL))
		return usage(stderr);
	if (records_open(&records) && start(&records, argv[optind + 1]))
		records_run(&records);
	return records_close(&records);
}
