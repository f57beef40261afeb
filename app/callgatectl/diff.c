/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration in force, and what a reload with a file would change.
 *
 * Overview: the appliance tells its configuration; the file is read here, by whoever asks, so the
 * appliance opens nothing that a client names. Both are complete, and lib/config compares them.
 * Limits: what only the appliance can find at a reload (room for the classes of its zone pairs) is
 * not found here.
 */
#include <stdlib.h>
#include <string.h>

#include <err.h>
#include <unistd.h>

#include "config/config.h"

#include "diff.h"
#include "telemetry.h"

enum { STATUS_RESTART = 3 };

struct report {
	bool json;
	json_t *changes; /* for JSON */
	unsigned int live, restart;
};

void
configuration_print(FILE *out, const json_t *answer, unsigned int width)
{
	const json_t *texts = json_object_get(answer, "text");
	const char *text;

	for (size_t i = 0; i < json_array_size(texts); i++) {
		text = json_string_value(json_array_get(texts, i));
		fputs(text != NULL ? text : "", out);
	}
}

/* The text of the configuration in force; NULL after a line on standard error. */
static char *
running_text(const struct question *question, const char *path)
{
	struct question plain = *question; /* an error is said as such */
	int fd = telemetry_connect(path);
	char *text = NULL;
	size_t length = 0;
	json_t *answer;
	FILE *out;

	if (fd < 0)
		return NULL;
	plain.json = false;
	answer = question_ask(&plain, fd);
	close(fd);
	if (answer == NULL)
		return NULL;
	out = open_memstream(&text, &length);
	if (out == NULL)
		err(1, "diff");
	question_print(&plain, out, answer, WIDTH_DEFAULT);
	fclose(out);
	json_decref(answer);
	if (length > 0)
		return text;
	free(text);
	return NULL;
}

static void
fault_print(void *context, const struct config_fault *fault)
{
	char text[2048];

	config_fault_format(text, sizeof(text), fault);
	fprintf(stderr, "%s\n", text);
}

static void
change_print(void *context, const struct config_change *change)
{
	struct report *report = context;

	report->live += change->live;
	report->restart += !change->live;
	if (report->json) {
		json_array_append_new(report->changes,
			json_pack("{ss, ss?, ss?, sb}", "path", change->path, "before",
				change->before, "after", change->after, "live", change->live));
		return;
	}
	printf("%-8s %s: ", change->live ? "live" : "restart", change->path);
	if (change->before == NULL)
		printf("added %s\n", change->after);
	else if (change->after == NULL)
		printf("removed %s\n", change->before);
	else
		printf("%s -> %s\n", change->before, change->after);
}

static void
summary_print(const struct report *report)
{
	if (report->json) {
		json_t *whole = json_pack(
			"{sO, si}", "changes", report->changes, "restart", (int)report->restart);

		json_dumpf(whole, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(whole);
	} else if (report->live + report->restart == 0) {
		printf("no change\n");
	} else if (report->restart == 0) {
		printf("\na reload makes all of it: %u live\n", report->live);
	} else {
		printf("\na reload refuses the file: %u live, %u need a restart\n", report->live,
			report->restart);
	}
}

int
diff_run(const struct question *question, const char *path, const char *file)
{
	struct config *next = config_load(file, fault_print, NULL);
	struct report report = {.json = question->json, .changes = json_array()};
	char *running = next != NULL ? running_text(question, path) : NULL;
	int count = -1;

	if (running != NULL) {
		count = config_diff(running, next, change_print, &report);
		if (count < 0)
			fprintf(stderr, "callgatectl: %s: the configuration in force: %s\n",
				question->words, strerror(-count));
		else
			summary_print(&report);
	}
	free(running);
	config_free(next);
	json_decref(report.changes);
	return count < 0 ? 1 : report.restart > 0 ? STATUS_RESTART : 0;
}
