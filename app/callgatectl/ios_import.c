/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * import-ios: read all lines, write what they say, let lib/config check it, leave out what it
 * refuses and write again, until there is no fault. So no rule of the configuration stands here a
 * second time, and what comes out always passes the check.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <getopt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

#include "ios_import.h"
#include "ios_out.h"
#include "ios_read.h"

enum { ROUNDS_MAX = 100000, CHOICES_MAX = 64, READ_STEP = 1 << 16, FILE_MAX = 64 << 20 };

/* One check of what was written. */
struct judgement {
	struct ios_out *out;
	unsigned int blamed;
	int status; /* not 0: a fault that leads to no line, or to an option */
	FILE *messages;
};

/* Is it an option of the command that is wrong? */
static bool
option_blame(struct judgement *judgement, const struct ios_item *item, const char *text)
{
	const struct ios_model *model = judgement->out->model;
	const struct ios_choices *const lists[] = {&model->ports, &model->addresses};
	const struct ios_choice *choice;

	for (unsigned int i = 0; i < 2; i++) {
		STAILQ_FOREACH (choice, lists[i], next) {
			if (&choice->item != item)
				continue;
			fprintf(judgement->messages, "callgatectl: --%s %s=%s: %s\n",
				i == 0 ? "port" : "address", choice->interface, choice->value,
				text);
			judgement->status = -EINVAL;
			return true;
		}
	}
	return false;
}

static void
fault_take(void *context, const struct config_fault *fault)
{
	struct judgement *judgement = context;
	struct ios_item *item = ios_origin_find(judgement->out, fault->path);
	const char *text = ios_fault_text(judgement->out, fault->text);

	if (item == NULL) {
		/* A second fault of what has been blamed already. */
		if (judgement->blamed > 0)
			return;
		judgement->status = -EPROTO;
		fprintf(judgement->messages, "callgatectl: %s: %s\n", fault->path, fault->text);
		return;
	}
	if (option_blame(judgement, item, text))
		return;
	ios_refuse(judgement->out->model, item->line, "%s", text);
	item->refused = true;
	judgement->blamed++;
}

/* Let lib/config read a text. True: no fault. */
static bool
check(struct judgement *judgement, const char *text, size_t size)
{
	struct config *config;
	char path[64];
	int file = memfd_create("callgate.conf", MFD_CLOEXEC);

	if (file < 0 || write(file, text, size) != (ssize_t)size) {
		fprintf(judgement->messages, "callgatectl: %s\n", strerror(errno));
		judgement->status = -EPROTO;
		if (file >= 0)
			close(file);
		return false;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	config = config_load(path, fault_take, judgement);
	config_free(config);
	close(file);
	return config != NULL;
}

static void
configuration_write(struct ios_out *out)
{
	ios_notes_begin(out->model);
	ios_nat_plan(out);
	ios_write_interfaces(out);
	ios_write_routes(out);
	ios_write_acls(out);
	ios_write_nat(out);
	ios_write_policy(out);
}

/* Write until nothing is refused. 0 and a text, owned by the caller; or as ios_import(). */
static int
configuration_make(struct ios_model *model, FILE *messages, char **text, size_t *size)
{
	struct ios_out out = {.model = model};
	struct judgement judgement = {.out = &out, .messages = messages};
	bool good = false;

	*text = NULL;
	for (unsigned int round = 0; round < ROUNDS_MAX && !good && judgement.status == 0;
		round++) {
		free(*text);
		*text = NULL;
		out.again = false;
		judgement.blamed = 0;
		out.stream = open_memstream(text, size);
		if (out.stream == NULL)
			return -EPROTO;
		configuration_write(&out);
		fclose(out.stream);
		good = !out.again && check(&judgement, *text, *size);
		ios_origins_free(&out);
	}
	return good ? 0 : judgement.status != 0 ? judgement.status : -EPROTO;
}

/* "NAME:12: not used: the line: why"; what is about the file as a whole has no line. */
static void
messages_write(const struct ios_model *model, FILE *out, const char *name, bool notes)
{
	const struct ios_message *message;
	const struct ios_line *line;

	TAILQ_FOREACH (message, &model->messages, next) {
		if (message->note && !notes)
			continue;
		fprintf(out, "%s", name);
		if (message->line > 0)
			fprintf(out, "%u: ", message->line);
		fprintf(out, "%s: ", message->note ? "note" : "not used");
		line = message->line > 0 ? model->text.by_number[message->line] : NULL;
		if (line != NULL)
			fprintf(out, "%s: ", line->text);
		fprintf(out, "%s\n", message->text);
	}
}

static void
head_write(const struct ios_model *model, const char *name, FILE *out)
{
	unsigned int lost = 0;
	const struct ios_message *message;

	TAILQ_FOREACH (message, &model->messages, next)
		lost += !message->note;
	fprintf(out, "# Made by `callgatectl import-ios` from %s.\n", name);
	if (lost == 0)
		return;
	fprintf(out, "#\n# Lines that are not used:\n");
	messages_write(model, out, "#   ", false);
}

/* "gi0/0/0=VALUE" */
static int
choices_read(struct ios_model *model, const char *option, const char *const *texts,
	unsigned int count, struct ios_choices *choices, FILE *messages)
{
	for (unsigned int i = 0; i < count; i++) {
		struct ios_choice *choice = ios_alloc(&model->arena, sizeof(*choice));
		char name[IOS_INTERFACE_NAME_MAX], *text = ios_strdup(&model->arena, texts[i]);
		char *value = strchr(text, '=');
		const char *word = text;
		const struct ios_line line = {.count = 1, .words = &word};
		struct ios_words words = {.line = &line};
		bool ethernet;

		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || *value == '\0' ||
			!ios_take_interface(&words, name, &ethernet)) {
			fprintf(messages, "callgatectl: --%s %s: not INTERFACE=VALUE\n", option,
				texts[i]);
			return -EINVAL;
		}
		choice->interface = ios_strdup(&model->arena, name);
		choice->value = value;
		STAILQ_INSERT_TAIL(choices, choice, next);
	}
	return 0;
}

/* Every option has to do something. */
static int
choices_check(const struct ios_choices *choices, const char *option, FILE *messages)
{
	const struct ios_choice *choice;
	int status = 0;

	STAILQ_FOREACH (choice, choices, next) {
		if (choice->used)
			continue;
		fprintf(messages, "callgatectl: --%s %s=%s: no such interface\n", option,
			choice->interface, choice->value);
		status = -EINVAL;
	}
	return status;
}

int
ios_import(const struct ios_import *import, FILE *out, FILE *messages)
{
	struct ios_model model;
	size_t size = 0;
	char *text = NULL, *prefix;
	int status;

	ios_model_init(&model);
	status = choices_read(
		&model, "port", import->ports, import->port_count, &model.ports, messages);
	if (status == 0)
		status = choices_read(&model, "address", import->addresses, import->address_count,
			&model.addresses, messages);
	if (status == 0) {
		ios_text_read(&model.text, &model.arena, import->text, import->size);
		ios_read(&model);
		status = configuration_make(&model, messages, &text, &size);
		prefix = ios_format(&model.arena, "%s:", import->name);
		messages_write(&model, messages, prefix, true);
	}
	if (status == 0)
		status = choices_check(&model.ports, "port", messages);
	if (status == 0)
		status = choices_check(&model.addresses, "address", messages);
	if (status == 0) {
		head_write(&model, ios_clean(&model, import->name), out);
		fwrite(text, 1, size, out);
	}
	free(text);
	ios_model_free(&model);
	return status;
}

/* All of a stream; NULL: too much, or no memory. */
static char *
stream_read(FILE *stream, size_t *size)
{
	char *bytes = NULL, *grown;

	*size = 0;
	for (;;) {
		grown = *size < FILE_MAX ? realloc(bytes, *size + READ_STEP) : NULL;
		if (grown == NULL) {
			free(bytes);
			return NULL;
		}
		bytes = grown;
		*size += fread(bytes + *size, 1, READ_STEP, stream);
		if (feof(stream) || ferror(stream))
			return bytes;
	}
}

static int
import_file(struct ios_import *import)
{
	const bool standard = strcmp(import->name, "-") == 0;
	FILE *stream = standard ? stdin : fopen(import->name, "r");
	char *bytes;
	int status;

	if (stream == NULL) {
		fprintf(stderr, "callgatectl: %s: %s\n", import->name, strerror(errno));
		return 1;
	}
	bytes = stream_read(stream, &import->size);
	if (bytes == NULL || ferror(stream)) {
		fprintf(stderr, "callgatectl: %s: cannot be read, or longer than 64 MB\n",
			import->name);
		free(bytes);
		return 1;
	}
	if (!standard)
		fclose(stream);
	import->text = bytes;
	status = ios_import(import, stdout, stderr);
	free(bytes);
	return status == 0 ? 0 : status == -EINVAL ? 2 : 1;
}

int
ios_import_main(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'},
		{"address", required_argument, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	const char *ports[CHOICES_MAX], *addresses[CHOICES_MAX];
	struct ios_import import = {.ports = ports, .addresses = addresses};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p' && import.port_count < CHOICES_MAX)
			ports[import.port_count++] = optarg;
		else if (option == 'a' && import.address_count < CHOICES_MAX)
			addresses[import.address_count++] = optarg;
		else
			return 2;
	}
	if (argc - optind != 1) {
		fprintf(stderr, "usage: callgatectl import-ios [--port INTERFACE=DEVICE]... "
				"[--address INTERFACE=ADDRESS/LENGTH]... FILE\n");
		return 2;
	}
	import.name = argv[optind];
	return import_file(&import);
}
