/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgatectl: client of the telemetry socket.
 *
 * Overview: words of the command line are looked up in one table that names the telemetry command;
 * its answer is printed as aligned text, or as JSON when asked. All knowledge of what an answer
 * holds is the appliance's. `import-ios` asks nobody; it is in ios_import.c.
 * Exit status: 0; 1 no appliance, or an error in its answer; 2 wrong usage.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <getopt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ios_import.h"
#include "statistics.h"
#include "table.h"
#include "telemetry.h"

#define SOCKET_DEFAULT "/var/run/dpdk/callgate/dpdk_telemetry.v2"

enum { WIDTH_DEFAULT = 120, COMMAND_MAX = 1023, FILTER_MAX = 400 };

/* What an option adds to the request of a command that filters. */
struct filter {
	char text[FILTER_MAX]; /* ",name=value" each */
	unsigned int limit; /* records; 0: all */
};

struct command {
	const char *words;
	const char *telemetry;
	const char *argument; /* name of the one argument; NULL: none */
	const char *help;
	void (*print)(FILE *out, const json_t *answer, unsigned int width); /* NULL: table */
	bool filters; /* takes the options that choose records */
};

static const struct command commands[] = {
	{"show info", "/callgate/info", NULL, "version, uptime, workers, configuration file"},
	{"show ports", "/callgate/ports", NULL, "driver, link, packets, bytes, misses, errors"},
	{"show workers", "/callgate/workers", NULL,
		"packets, busy share, hand-offs of each worker"},
	{"show events", "/callgate/events", NULL, "every other counter"},
	{"show drops", "/callgate/drops", NULL, "every drop reason with its count"},
	{"show summary", "/callgate/summary", NULL, "what is in use now"},
	{"show sip statistics", "/callgate/sip/stats", NULL, "methods, responses, events, errors",
		statistics_print},
	{"show sip statistics zone-pair", "/callgate/sip/stats", "NAME",
		"the same of one zone pair; NAME may be SOURCE,DESTINATION", statistics_print},
	{"show sip calls", "/callgate/sip/calls", NULL, "the live call table"},
	{"show sip call", "/callgate/sip/call", "CALL-ID", "one call whole"},
	{"show sip registrations", "/callgate/sip/registrations", NULL,
		"Contacts inside and outside, expiry"},
	{"show nat translations", "/callgate/nat/translations", NULL, "bindings and doors"},
	{"show nat pools", "/callgate/nat/pools", NULL, "outside addresses, their ports and hosts"},
	{"show firewall sessions", "/callgate/fw/sessions", NULL, "flows that policy let pass",
		.filters = true},
	{"show firewall pinholes", "/callgate/fw/pinholes", NULL, "what is open, for which call"},
	{"show zone-pairs", "/callgate/fw/zone_pairs", NULL, "policy and counters of each class"},
	{"clear nat translations", "/callgate/clear/nat", NULL, "keeps the call records"},
	{"clear firewall sessions", "/callgate/clear/fw", NULL, "keeps the call records"},
	{"clear sip statistics", "/callgate/clear/sip_stats", NULL, "counters start at 0"},
	{"clear sip calls", "/callgate/clear/sip_calls", NULL, "ends every call record"},
	{"reload", "/callgate/reload", NULL, "reads the configuration file again"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
usage_print(FILE *out)
{
	char left[64];

	fprintf(out, "usage: callgatectl [--socket PATH] [--json] COMMAND\n\ncommands:\n");
	for (unsigned int i = 0; i < COMMANDS; i++) {
		snprintf(left, sizeof(left), "%s %s", commands[i].words,
			commands[i].argument == NULL ? "" : commands[i].argument);
		fprintf(out, "  %-34s %s\n", left, commands[i].help);
	}
	fprintf(out, "  %-34s %s\n", "import-ios FILE", "a configuration made from lines of IOS");
	fprintf(out, "\noptions:\n"
		     "  --socket PATH   telemetry socket; default " SOCKET_DEFAULT "\n"
		     "  --json          print the answer as JSON\n"
		     "  --help          print this\n"
		     "\noptions of show firewall sessions:\n"
		     "  --host ADDRESS, --zone-pair NAME, --protocol tcp|udp|icmp: those that fit\n"
		     "  --limit NUMBER: at most so many\n");
}

/* True when the words of `command` are the first of the arguments; *used: how many. */
static bool
command_matches(const struct command *command, char **arguments, int count, int *used)
{
	const char *at = command->words;
	size_t length;

	for (*used = 0; *at != '\0'; (*used)++) {
		length = strcspn(at, " ");
		if (*used == count || strlen(arguments[*used]) != length ||
			strncmp(arguments[*used], at, length) != 0)
			return false;
		at += length;
		at += strspn(at, " ");
	}
	return *used + (command->argument != NULL) == count;
}

static const struct command *
command_find(char **arguments, int count)
{
	int used;

	for (unsigned int i = 0; i < COMMANDS; i++) {
		if (command_matches(&commands[i], arguments, count, &used))
			return &commands[i];
	}
	return NULL;
}

/* An answer that says what went wrong: "error", or the faults of a refused configuration. */
static bool
answer_is_error(const json_t *answer)
{
	return json_object_get(answer, "error") != NULL ||
	       json_array_size(json_object_get(answer, "faults")) > 0;
}

static void
answer_print_error(const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));
	const json_t *faults = json_object_get(answer, "faults");

	if (text != NULL)
		fprintf(stderr, "callgatectl: %s\n", text);
	if (faults != NULL)
		table_print(stderr, faults, WIDTH_DEFAULT);
}

/* Records beyond the limit: a page may have brought more. */
static void
answer_trim(json_t *answer, unsigned int limit)
{
	unsigned int seen = 0;
	const char *key;
	json_t *value;
	void *rest;

	if (limit == 0)
		return;
	json_object_foreach_safe(answer, rest, key, value)
	{
		if (json_is_object(value) && seen++ >= limit)
			json_object_del(answer, key);
	}
}

/* False when there is no room, or a value would end its parameter. */
static bool
filter_add(struct filter *filter, const char *name, const char *value)
{
	size_t used = strlen(filter->text), room = sizeof(filter->text) - used;

	return strpbrk(value, ",=") == NULL &&
	       (size_t)snprintf(filter->text + used, room, ",%s=%s", name, value) < room;
}

static bool
limit_read(struct filter *filter, const char *text)
{
	char *end;
	unsigned long limit = strtoul(text, &end, 10);

	filter->limit = (unsigned int)limit;
	return *text >= '1' && *text <= '9' && *end == '\0' && limit <= 1000000000;
}

static bool
filter_read(struct filter *filter, int option, const char *value)
{
	switch (option) {
	case 'H':
		return filter_add(filter, "host", value);
	case 'z':
		return filter_add(filter, "zone_pair", value);
	case 'p':
		return filter_add(filter, "protocol", value);
	default:
		return limit_read(filter, value);
	}
}

static unsigned int
screen_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

static int
command_run(const struct command *command, const char *argument, const struct filter *filter,
	const char *path, bool json)
{
	char request[COMMAND_MAX + 1];
	json_t *answer;
	bool failed;
	int fd;

	if ((size_t)snprintf(request, sizeof(request), "%s%s%s%s", command->telemetry,
		    argument == NULL ? "" : ",", argument == NULL ? "" : argument,
		    filter->text) >= sizeof(request)) {
		fprintf(stderr, "callgatectl: %s too long\n", command->argument);
		return 2;
	}
	fd = telemetry_connect(path);
	if (fd < 0)
		return 1;
	answer = telemetry_ask(fd, request, filter->limit);
	close(fd);
	if (answer == NULL)
		return 1;
	answer_trim(answer, filter->limit);
	failed = answer_is_error(answer);
	if (json) {
		json_t *whole = json_pack("{sO}", command->telemetry, answer);

		json_dumpf(whole, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(whole);
	} else if (failed) {
		answer_print_error(answer);
	} else {
		(command->print ? command->print : table_print)(stdout, answer, screen_width());
	}
	json_decref(answer);
	return failed ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"host", required_argument, NULL, 'H'},
		{"zone-pair", required_argument, NULL, 'z'},
		{"protocol", required_argument, NULL, 'p'},
		{"limit", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	const char *path = SOCKET_DEFAULT;
	const struct command *command;
	struct filter filter = {.limit = 0};
	bool json = false, good = true;
	int option;

	if (argc > 1 && strcmp(argv[1], "import-ios") == 0)
		return ios_import_main(argc - 1, argv + 1);
	/* Options may follow the words of a command. */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			path = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'H':
		case 'z':
		case 'p':
		case 'l':
			good &= filter_read(&filter, option, optarg);
			break;
		case 'h':
			usage_print(stdout);
			return 0;
		default:
			usage_print(stderr);
			return 2;
		}
	}
	command = command_find(&argv[optind], argc - optind);
	if (command == NULL || !good ||
		(!command->filters && (filter.text[0] != '\0' || filter.limit > 0))) {
		usage_print(stderr);
		return 2;
	}
	return command_run(
		command, command->argument == NULL ? NULL : argv[argc - 1], &filter, path, json);
}
