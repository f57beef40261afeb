/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A filter is compiled here, by libpcap: what goes over the socket is a program that is checked there, and no
 * name is looked up by the appliance.
 */
#include <string.h>

#include <getopt.h>
#include <pcap/pcap.h>

#include "capture.h"
#include "frame_text.h"
#include "records.h"
#include "trace.h"

enum { REQUEST_SIZE = 1024 }; /* what DPDK takes, and its end */

struct capture {
	struct records records; /* first */
	const char *port, *filter;
	unsigned long snap; /* 0: all */
	json_t *names; /* of ports */
};

void
capture_usage(FILE *out)
{
	fprintf(out, "  %-34s  %s\n", "capture PORT|all",
		"the frames that a port receives and sends");
}

bool
capture_is_meant(int argc, char **argv)
{
	return records_meant(argc, argv, "capture");
}

void
capture_usage_options(FILE *out)
{
	fprintf(out, "\noptions of capture:\n"
		     "  --filter TEXT       frames that fit this alone; as tcpdump has it "
		     "(pcap-filter(7))\n"
		     "  --snaplen BYTES     so many of each frame, at most\n");
}

static int
usage(FILE *out)
{
	fprintf(out, "usage: callgatectl capture PORT|all [--filter TEXT] [--snaplen BYTES] "
		     "[--pcap FILE] [--count NUMBER] [--seconds NUMBER]\n");
	capture_usage_options(out);
	trace_usage_options(out);
	return out == stderr ? RECORDS_EXIT_USAGE : 0;
}

static const char *
port_name(const struct capture *capture, unsigned int number)
{
	const char *name = json_string_value(json_array_get(capture->names, number));

	return name != NULL ? name : "?";
}

static enum records_written
frame_write(struct records *records)
{
	const struct capture *capture = (const struct capture *)records;
	const struct trace_frame *frame = (const struct trace_frame *)records->bytes;
	const uint8_t *bytes = records->bytes + sizeof(*frame);
	const char *name = port_name(capture, frame->port);

	if (frame->version != TRACE_FRAME_VERSION || frame->length < sizeof(*frame) ||
		frame->captured > frame->length - sizeof(*frame) ||
		frame->captured > frame->original)
		return RECORDS_STRANGE;
	if (records->pcapng != NULL)
		return pcapng_write_frame(records->pcapng,
			       &(const struct pcapng_frame){
				       .interface = name,
				       .outbound = frame->outbound,
				       .at_us = frame->at_us,
				       .bytes = bytes,
				       .captured = frame->captured,
				       .original = frame->original,
			       })
			       ? RECORDS_WRITTEN
			       : RECORDS_FAILED;
	if (records->json)
		frame_print_json(frame, bytes, name);
	else
		frame_print_line(frame, bytes, name);
	return RECORDS_WRITTEN;
}

/* The filter's program behind the request. False after a line on standard error. */
static bool
filter_add(const struct capture *capture, char request[REQUEST_SIZE])
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, CAPTURE_SNAP_MAX);
	struct bpf_program program;
	size_t used = strlen(request);
	bool fits;

	if (pcap == NULL ||
		pcap_compile(pcap, &program, capture->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		fprintf(stderr, "callgatectl: --filter: %s\n",
			pcap != NULL ? pcap_geterr(pcap) : "out of memory");
		if (pcap != NULL)
			pcap_close(pcap);
		return false;
	}
	fits = program.bf_len <= CAPTURE_PROGRAM_MAX;
	for (unsigned int i = 0; fits && i < program.bf_len; i++) {
		const struct bpf_insn *one = &program.bf_insns[i];

		used += (size_t)snprintf(request + used, REQUEST_SIZE - used, "%s%u %u %u %u",
			i == 0 ? ",filter=" : ";", (unsigned int)one->code, (unsigned int)one->jt,
			(unsigned int)one->jf, (unsigned int)one->k);
		fits = used < REQUEST_SIZE;
	}
	pcap_freecode(&program);
	pcap_close(pcap);
	if (!fits)
		fprintf(stderr, "callgatectl: --filter: too long; fewer conditions, or without "
				"those of IPv6 (\"ip and ...\")\n");
	return fits;
}

/* False: wrong usage, or after a line on standard error. */
static bool
request_make(const struct capture *capture, char request[REQUEST_SIZE])
{
	int used =
		snprintf(request, REQUEST_SIZE, "/callgate/trace/start,port=%.100s", capture->port);

	if (capture->snap != 0)
		snprintf(request + used, (size_t)(REQUEST_SIZE - used), ",snap=%lu", capture->snap);
	return capture->filter == NULL || filter_add(capture, request);
}

static bool
options_read(struct capture *capture, int argc, char **argv)
{
	static const struct option known[] = {RECORDS_OPTIONS,
		{"filter", required_argument, NULL, 'f'}, {"snaplen", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0}};
	struct records *records = &capture->records;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'f')
			capture->filter = optarg;
		else if (option == 'n') {
			if (!records_number(&capture->snap, optarg) ||
				capture->snap > CAPTURE_SNAP_MAX)
				return false;
		} else if (!records_option(records, option, optarg)) {
			return false;
		}
	}
	if (argc - optind != 2 || (records->json && records->file != NULL))
		return false;
	capture->port = argv[optind + 1];
	return true;
}

int
capture_main(int argc, char **argv, const char *socket_default)
{
	static struct capture capture = {
		.records = {.path = NULL, .noun = "frames", .write = frame_write}};
	char request[REQUEST_SIZE];
	json_t *answer = NULL;
	int status;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout);
	capture.records.path = socket_default;
	if (!options_read(&capture, argc, argv))
		return usage(stderr);
	if (!request_make(&capture, request))
		return RECORDS_EXIT_USAGE;
	if (records_open(&capture.records))
		answer = records_start(&capture.records, request);
	if (answer != NULL) {
		capture.names = json_object_get(answer, "ports");
		records_run(&capture.records);
	}
	status = records_close(&capture.records);
	json_decref(answer);
	return status;
}
