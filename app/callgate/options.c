/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum {
	OPTION_CHECK = 256,
	OPTION_REPLAY,
	OPTION_REPLAY_FROM,
	OPTION_REPLAY_OUT,
	OPTION_REPLAY_ARP,
	OPTION_DRAIN,
	OPTION_SEED,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"replay", required_argument, NULL, OPTION_REPLAY},
	{"replay-from", required_argument, NULL, OPTION_REPLAY_FROM},
	{"replay-out", required_argument, NULL, OPTION_REPLAY_OUT},
	{"replay-arp", required_argument, NULL, OPTION_REPLAY_ARP},
	{"replay-drain", required_argument, NULL, OPTION_DRAIN},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void
options_print_help(void)
{
	puts("usage: callgate -c FILE\n"
	     "       callgate --check -c FILE\n"
	     "       callgate --replay IN.pcap --replay-from PORT [--replay ... --replay-from "
	     "...]\n"
	     "                --replay-out DIR -c FILE\n"
	     "\n"
	     "  -c, --config FILE    configuration file\n"
	     "      --check          check the configuration and say what memory it takes\n"
	     "      --replay FILE    run a capture through the whole pipeline, then exit; several\n"
	     "                       are merged by their time stamps\n"
	     "      --replay-from PORT  port on which the capture named before arrives\n"
	     "      --replay-out DIR    folder for one PORT.pcap a port\n"
	     "      --replay-arp answer|none  answer callgate's ARP requests (default), or leave\n"
	     "                       that to the captures\n"
	     "      --replay-drain SECONDS  virtual time to run on after the last packet (0)\n"
	     "      --seed N         key of every random choice in a replay (1)\n"
	     "      --version        print the version\n"
	     "  -h, --help           print this\n"
	     "\n"
	     "SIGTERM and SIGINT stop callgate; exit status 0, or 1 after a fault.");
}

static int
fault(const char *what, const char *value)
{
	fprintf(stderr, "callgate: %s%s%s; see callgate --help\n", what, value ? ": " : "",
		value ? value : "");
	return -EINVAL;
}

static int
number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno || *text == '-' || end == text || *end || *value > max ? -EINVAL : 0;
}

static int
options_complete(const struct options *options)
{
	if (options->mode == MODE_HELP || options->mode == MODE_VERSION)
		return 0;
	if (options->config_file == NULL)
		return fault("no configuration file, -c FILE is needed", NULL);
	if (options->mode != MODE_REPLAY)
		return options->replay_out ? fault("--replay-out needs --replay", NULL) : 0;
	if (options->replay_out == NULL)
		return fault("--replay needs --replay-out DIR", NULL);
	for (unsigned int i = 0; i < options->replay_count; i++) {
		if (options->replay[i].port == NULL)
			return fault("--replay needs --replay-from PORT", options->replay[i].file);
	}
	return 0;
}

int
options_parse(int argc, char **argv, struct options *options)
{
	uint64_t value;
	int option;

	*options = (struct options){.replay_answer_arp = true, .seed = 1};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config_file = optarg;
			break;
		case 'h':
			options->mode = MODE_HELP;
			return 0;
		case OPTION_VERSION:
			options->mode = MODE_VERSION;
			return 0;
		case OPTION_CHECK:
			options->mode = MODE_CHECK;
			break;
		case OPTION_REPLAY:
			if (options->replay_count == PORTS_MAX)
				return fault("too many --replay", optarg);
			options->mode = MODE_REPLAY;
			options->replay[options->replay_count++].file = optarg;
			break;
		case OPTION_REPLAY_FROM:
			if (options->replay_count == 0)
				return fault("--replay-from before its --replay", optarg);
			options->replay[options->replay_count - 1].port = optarg;
			break;
		case OPTION_REPLAY_OUT:
			options->replay_out = optarg;
			break;
		case OPTION_REPLAY_ARP:
			if (strcmp(optarg, "answer") != 0 && strcmp(optarg, "none") != 0)
				return fault("--replay-arp is answer or none, not", optarg);
			options->replay_answer_arp = strcmp(optarg, "answer") == 0;
			break;
		case OPTION_DRAIN:
			if (number(optarg, 31536000, &value) != 0)
				return fault(
					"--replay-drain is 0 to 31536000 seconds, not", optarg);
			options->drain_s = (unsigned int)value;
			break;
		case OPTION_SEED:
			if (number(optarg, UINT64_MAX, &value) != 0 || value == 0)
				return fault("--seed is a number above 0, not", optarg);
			options->seed = value;
			break;
		default:
			return fault("unknown option or missing argument", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return fault("unexpected argument", argv[optind]);
	return options_complete(options);
}
