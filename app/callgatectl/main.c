/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgatectl: client of the telemetry socket.
 *
 * Overview: words of the command line are looked up in one table that names the telemetry command;
 * its answer is printed as aligned text, or as JSON when asked (question.c), once or again and again
 * (watch.c). All knowledge of what an answer holds is the appliance's. `import-ios` asks nobody; it
 * is in ios_import.c.
 * Exit status: 0; 1 no appliance, or an error in its answer; 2 wrong usage.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <getopt.h>
#include <unistd.h>

#include "capture.h"
#include "diff.h"
#include "histogram.h"
#include "ios_import.h"
#include "question.h"
#include "statistics.h"
#include "telemetry.h"
#include "top.h"
#include "trace.h"
#include "watch.h"

#define SOCKET_DEFAULT TELEMETRY_SOCKET

enum { EXIT_USAGE = 2, FILTERS_MAX = 5 };

struct command {
	const char *words;
	const char *telemetry;
	const char *argument; /* names of its arguments; NULL: none */
	const char *help;
	void (*print)(FILE *out, const json_t *answer, unsigned int width); /* NULL: table */
	unsigned int filters; /* bits of enum question_filter */
	bool counters; /* --watch shows rates beside its numbers */
	/* Instead of printing one answer; NULL: that. `argument` is not of the telemetry command. */
	int (*run)(const struct question *question, const char *path, const char *argument);
	bool watched; /* takes --watch, though it shows something else than an answer */
};

#define FILTERS(bits) .filters = (bits)
#define RATES         .counters = true

enum {
	ENDS = QUESTION_HOST | QUESTION_PROTOCOL | QUESTION_LIMIT,
};

static const struct command commands[] = {
	{"show info", "/callgate/info", NULL, "version, uptime, workers, configuration file"},
	{"show config", "/callgate/config", NULL, "the configuration in force, as a file",
		configuration_print},
	{"show ports", "/callgate/ports", NULL, "driver, link, packets, bytes, misses, errors",
		RATES},
	{"show workers", "/callgate/workers", NULL, "packets, busy share, hand-offs of each worker",
		RATES},
	{"show events", "/callgate/events", NULL, "every other counter", RATES},
	{"show drops", "/callgate/drops", NULL, "every drop reason with its count", RATES},
	{"show summary", "/callgate/summary", NULL, "what is in use now"},
	{"show histograms", "/callgate/histograms", NULL,
		"busy share and time of a SIP message, by worker", histograms_print},
	{"show sip statistics", "/callgate/sip/stats", NULL, "methods, responses, events, errors",
		statistics_print, FILTERS(QUESTION_ZONE_PAIR), RATES},
	{"show sip statistics zone-pair", "/callgate/sip/stats", "NAME",
		"the same of one zone pair; NAME may be SOURCE,DESTINATION", statistics_print,
		RATES},
	{"show sip zone-pairs", "/callgate/sip/zone_pairs", NULL,
		"pairs of zones that have SIP statistics"},
	{"show sip calls", "/callgate/sip/calls", NULL, "the live call table",
		FILTERS(QUESTION_CALL_ID | QUESTION_HOST | QUESTION_ZONE_PAIR | QUESTION_LIMIT)},
	{"show sip call", "/callgate/sip/call", "CALL-ID", "one call whole"},
	{"show sip messages", "/callgate/sip/messages", "CALL-ID", "the messages of a call"},
	{"show sip registrations", "/callgate/sip/registrations", NULL,
		"Contacts inside and outside, expiry", FILTERS(ENDS)},
	{"show nat translations", "/callgate/nat/translations", NULL, "bindings and doors",
		FILTERS(ENDS)},
	{"show nat pools", "/callgate/nat/pools", NULL, "outside addresses, their ports and hosts",
		FILTERS(QUESTION_LIMIT)},
	{"show firewall sessions", "/callgate/fw/sessions", NULL, "flows that policy let pass",
		FILTERS(ENDS | QUESTION_ZONE_PAIR), RATES},
	{"show firewall pinholes", "/callgate/fw/pinholes", NULL, "what is open, for which call",
		FILTERS(ENDS)},
	{"show zone-pairs", "/callgate/fw/zone_pairs", NULL, "policy and counters of each class",
		FILTERS(QUESTION_ZONE_PAIR | QUESTION_LIMIT), RATES},
	{"top", "/callgate/summary", NULL, "workers, ports, drops and calls, live on a terminal",
		.run = top_run, .watched = true},
	{"show traces", "/callgate/traces", NULL, "traces and captures that are on"},
	{"clear nat translations", "/callgate/clear/nat", NULL, "keeps the call records"},
	{"clear firewall sessions", "/callgate/clear/fw", NULL, "keeps the call records"},
	{"clear sip statistics", "/callgate/clear/sip_stats", NULL, "counters start at 0"},
	{"clear sip calls", "/callgate/clear/sip_calls", NULL, "ends every call record"},
	{"log", "/callgate/log", NULL, "levels of the log's modules"},
	{"log level", "/callgate/log/level", "MODULE LEVEL",
		"sets one (MODULE all: each): error, warning, info, debug"},
	{"reload", "/callgate/reload", NULL, "reads the configuration file again"},
	{"diff", "/callgate/config", "FILE", "what a reload with FILE would change",
		configuration_print, .run = diff_run},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* What the options say. */
struct request {
	const char *path;
	bool json;
	unsigned int watch_s; /* 0: once */
	unsigned int filter_count;
	struct {
		enum question_filter kind;
		const char *value;
	} filters[FILTERS_MAX];
};

static void
usage_print(FILE *out)
{
	char left[64];

	fprintf(out, "usage: callgatectl [OPTION]... COMMAND\n\ncommands:\n");
	for (unsigned int i = 0; i < COMMANDS; i++) {
		snprintf(left, sizeof(left), "%s %s", commands[i].words,
			commands[i].argument == NULL ? "" : commands[i].argument);
		fprintf(out, "  %-34s  %s\n", left, commands[i].help);
	}
	trace_usage(out);
	capture_usage(out);
	fprintf(out, "  %-34s  %s\n", "import-ios FILE", "a configuration made from lines of IOS");
	fprintf(out,
		"\noptions:\n"
		"  --socket PATH       telemetry socket; default " SOCKET_DEFAULT "\n"
		"  --json              print the answer as JSON\n"
		"  --watch [SECONDS]   of show commands: again every 2 (or SECONDS) seconds, with\n"
		"                      rates beside counters, until Ctrl-C\n"
		"  --help              print this\n"
		"\noptions that choose records; those that fit all of them are shown:\n");
	for (unsigned int bit = QUESTION_HOST; bit <= QUESTION_LIMIT; bit <<= 1) {
		static const char *const values[] = {
			"ADDRESS", "tcp|udp|icmp", "NAME", "TEXT", "NUMBER"};
		bool first = true;

		snprintf(left, sizeof(left), "%s %s", question_option(bit),
			values[__builtin_ctz(bit)]);
		fprintf(out, "  %-25s", left);
		for (unsigned int i = 0; i < COMMANDS; i++) {
			if (!(commands[i].filters & bit))
				continue;
			fprintf(out, "%s%s", first ? "" : ", ",
				commands[i].words + strlen("show "));
			first = false;
		}
		fputc('\n', out);
	}
	trace_usage_options(out);
	capture_usage_options(out);
}

static int
usage_hint(void)
{
	fputs("usage: callgatectl [OPTION]... COMMAND; --help lists all\n", stderr);
	return EXIT_USAGE;
}

/* A line that says what is wrong, and one that says where to read on. */
static int __attribute__((format(printf, 1, 2))) usage_fault(const char *format, ...)
{
	va_list arguments;

	fputs("callgatectl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return usage_hint();
}

static int
arguments_of(const struct command *command)
{
	return command->argument == NULL ? 0 : strchr(command->argument, ' ') == NULL ? 1 : 2;
}

/* True when the words of `command` are the first of the arguments; *used: how many. */
static bool
command_begins(const struct command *command, char **arguments, int count, int *used)
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
	return true;
}

static const struct command *
command_find(char **arguments, int count)
{
	const struct command *nearest = NULL;
	int used, most = 0;

	for (unsigned int i = 0; i < COMMANDS; i++) {
		if (!command_begins(&commands[i], arguments, count, &used))
			continue;
		if (used + arguments_of(&commands[i]) == count)
			return &commands[i];
		if (used > most) {
			nearest = &commands[i];
			most = used;
		}
	}
	if (count == 0)
		usage_fault("which command?");
	else if (nearest == NULL)
		usage_fault("%s%s%s%s: there is no such command", arguments[0],
			count > 1 ? " " : "", count > 1 ? arguments[1] : "",
			count > 2 ? " ..." : "");
	else if (most + arguments_of(nearest) > count)
		usage_fault("%s: needs %s", nearest->words, nearest->argument);
	else
		usage_fault("%s: %s is too much", nearest->words,
			arguments[most + arguments_of(nearest)]);
	return NULL;
}

static bool
filter_note(struct request *request, enum question_filter kind, const char *value)
{
	for (unsigned int i = 0; i < request->filter_count; i++) {
		if (request->filters[i].kind == kind)
			return usage_fault("%s stands there twice", question_option(kind)) == 0;
	}
	request->filters[request->filter_count].kind = kind;
	request->filters[request->filter_count++].value = value;
	return true;
}

/* The seconds of --watch, behind "=" or as the word that follows; the words that are left. */
static bool
watch_note(struct request *request, int argc, char **argv)
{
	const char *text = optarg;
	unsigned long seconds;
	char *end;

	if (text == NULL && optind < argc && isdigit((unsigned char)argv[optind][0]))
		text = argv[optind++];
	request->watch_s = WATCH_SECONDS_DEFAULT;
	if (text == NULL)
		return true;
	seconds = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0' || seconds == 0 ||
		seconds > WATCH_SECONDS_MAX)
		return usage_fault("--watch: is \"%s\", allowed: 1 to %d seconds", text,
			       WATCH_SECONDS_MAX) == 0;
	request->watch_s = (unsigned int)seconds;
	return true;
}

static int
command_run(const struct command *command, const char *argument, const struct request *request)
{
	struct question question = {.words = command->words,
		.json = request->json,
		.watch_s = request->watch_s,
		.counters = command->counters,
		.print = command->print};
	json_t *answer;
	int fd, status;

	if (!question_begin(&question, command->telemetry, command->run ? NULL : argument))
		return usage_fault("%s: %s is too long", command->words, command->argument);
	for (unsigned int i = 0; i < request->filter_count; i++) {
		if (!(command->filters & request->filters[i].kind))
			return usage_fault("%s: %s means nothing here", command->words,
				question_option(request->filters[i].kind));
		if (!question_filter(
			    &question, request->filters[i].kind, request->filters[i].value))
			return usage_hint();
	}
	if (request->watch_s > 0 && !command->watched &&
		strncmp(command->words, "show ", strlen("show ")) != 0)
		return usage_fault("%s: --watch is for show commands", command->words);
	if (command->run)
		return command->run(&question, request->path, argument);
	if (request->watch_s > 0)
		return watch_run(&question, request->path);
	fd = telemetry_connect(request->path);
	if (fd < 0)
		return 1;
	answer = question_ask(&question, fd);
	close(fd);
	if (answer == NULL)
		return 1;
	status = question_print(&question, stdout, answer, screen_size(NULL));
	json_decref(answer);
	return status;
}

/* False after a line on standard error. */
static bool
options_read(int argc, char **argv, struct request *request)
{
	enum { FILTER = 256 }; /* and the filter's bit */
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"watch", optional_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{"host", required_argument, NULL, FILTER | QUESTION_HOST},
		{"protocol", required_argument, NULL, FILTER | QUESTION_PROTOCOL},
		{"zone-pair", required_argument, NULL, FILTER | QUESTION_ZONE_PAIR},
		{"call-id", required_argument, NULL, FILTER | QUESTION_CALL_ID},
		{"limit", required_argument, NULL, FILTER | QUESTION_LIMIT},
		{NULL, 0, NULL, 0},
	};
	int option;

	/* Options may follow the words of a command. */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			request->path = optarg;
			break;
		case 'j':
			request->json = true;
			break;
		case 'w':
			if (!watch_note(request, argc, argv))
				return false;
			break;
		case 'h':
			usage_print(stdout);
			exit(0);
		case '?':
			return usage_hint() == 0; /* getopt has said what is wrong */
		default:
			if (!filter_note(request, option & ~FILTER, optarg))
				return false;
			break;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct request request = {.path = SOCKET_DEFAULT};
	const char *argument = NULL;
	char both[64];
	const struct command *command;

	if (argc > 1 && strcmp(argv[1], "import-ios") == 0)
		return ios_import_main(argc - 1, argv + 1);
	if (trace_is_meant(argc, argv))
		return trace_main(argc, argv, SOCKET_DEFAULT);
	if (capture_is_meant(argc, argv))
		return capture_main(argc, argv, SOCKET_DEFAULT);
	if (!options_read(argc, argv, &request))
		return EXIT_USAGE;
	command = command_find(&argv[optind], argc - optind);
	if (command == NULL)
		return EXIT_USAGE;
	if (command->argument != NULL)
		argument = argv[argc - 1];
	if (arguments_of(command) == 2) {
		snprintf(both, sizeof(both), "%s,%s", argv[argc - 2], argument);
		argument = both;
	}
	return command_run(command, argument, &request);
}
