/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ios_read.h"

enum { REASON_MAX = 512 };

static const struct ios_commands *const tables[] = {
	&ios_interface_commands, &ios_acl_commands, &ios_nat_commands, &ios_zone_commands};

/* What begins a block of which callgate has nothing, where no indentation shows its end. */
static const char *const foreign_blocks[] = {"aaa group", "aaa server", "archive", "bba-group",
	"call-home", "control-plane", "controller", "crypto dynamic-map", "crypto gdoi",
	"crypto ikev2", "crypto ipsec", "crypto isakmp", "crypto keyring", "crypto pki",
	"dial-peer", "dspfarm profile", "ephone", "ephone-dn", "event manager", "flow exporter",
	"flow monitor", "flow record", "gatekeeper", "gateway", "ip dhcp pool", "ip sla", "ip vrf",
	"ipv6 access-list", "ipv6 dhcp pool", "key chain", "line", "mac access-list",
	"parameter-map", "radius server", "route-map", "router", "sccp ccm", "sip-ua",
	"tacacs server", "telephony-service", "track", "voice", "voice-port", "vpdn-group",
	"vrf definition"};

/* What no line begins with, but the second part of one that was broken. */
static const char *const rests[] = {"any", "destination", "eq", "established", "extendable", "gt",
	"host", "log", "lt", "neq", "netmask", "overload", "prefix-length", "range", "secondary"};

/* Words of a terminal that configure nothing. */
static const char *const silent[] = {"enable", "configure terminal", "configure t", "configure",
	"write memory", "write", "disable", "copy running-config startup-config"};

enum ios_result
ios_line_refuse(struct ios_reader *reader, const char *format, ...)
{
	char reason[REASON_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	ios_refuse(reader->model, reader->line->number, "%s", reason);
	return IOS_REFUSED;
}

const char *
ios_line_text(struct ios_reader *reader, unsigned int from)
{
	const struct ios_line *line = reader->line;
	char *text, *at;
	size_t size = 1;

	for (unsigned int i = from; i < line->count; i++)
		size += strlen(line->words[i]) + 1;
	text = at = ios_alloc(&reader->model->arena, size);
	for (unsigned int i = from; i < line->count; i++) {
		for (const char *word = line->words[i]; *word != '\0'; word++)
			*at++ = (char)tolower((unsigned char)*word);
		*at++ = ' ';
	}
	return text;
}

static enum ios_result
mode_read(struct ios_reader *reader, enum ios_mode mode, const struct ios_words *line)
{
	const struct ios_command *command;
	enum ios_result result;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (unsigned int j = 0; j < tables[i]->count; j++) {
			struct ios_words words = *line;

			command = &tables[i]->commands[j];
			if (command->mode != mode || !ios_take(&words, command->command))
				continue;
			result = command->read(reader, &words);
			if (result != IOS_UNKNOWN)
				return result;
		}
	}
	return IOS_UNKNOWN;
}

static bool
words_among(const struct ios_words *line, const char *const *texts, size_t count, bool whole)
{
	for (size_t i = 0; i < count; i++) {
		struct ios_words words = *line;

		if (ios_take(&words, texts[i]) && (!whole || ios_done(&words)))
			return true;
	}
	return false;
}

/* One level up, or to the top. False: some other line. */
static bool
exit_read(struct ios_reader *reader, const struct ios_words *line)
{
	struct ios_words words = *line;

	if (ios_take(&words, "exit") && ios_done(&words)) {
		/* Within a block that is not read nobody knows of which level. */
		if (reader->mode == IOS_FOREIGN && reader->line->deep)
			return true;
		reader->mode = reader->mode == IOS_POLICY_CLASS ? IOS_POLICY_MAP : IOS_GLOBAL;
		return true;
	}
	words = *line;
	if (ios_take(&words, "end") && ios_done(&words)) {
		reader->mode = IOS_GLOBAL;
		return true;
	}
	return false;
}

/* A line of the block was of no use: what refers to it has to know. */
static void
block_lose(struct ios_reader *reader)
{
	if (reader->mode == IOS_CLASS_MAP)
		reader->class->lost = true;
	else if (reader->mode == IOS_ACL)
		reader->acl->lost = true;
	else if (reader->mode == IOS_GROUP)
		reader->group->lost = true;
}

static void
unknown_line(struct ios_reader *reader, const struct ios_words *words)
{
	static const size_t blocks = sizeof(foreign_blocks) / sizeof(foreign_blocks[0]);
	const bool flat = reader->model->text.flat;
	const bool list = reader->mode == IOS_ACL || reader->mode == IOS_GROUP;

	ios_refuse(reader->model, reader->line->number,
		words_among(words, rests, sizeof(rests) / sizeof(rests[0]), false)
			? "no line begins so: if it is the rest of the one above, that was used "
			  "without it"
			: "callgate has nothing of the kind");
	if (flat ? words_among(words, foreign_blocks, blocks, false) || list
		 : !reader->line->deep) {
		/* What a router answers, or shows, ends no mode. */
		if (reader->line->prompt != NULL) {
			reader->interrupted = IOS_FOREIGN;
		} else if (reader->mode != IOS_FOREIGN) {
			reader->interrupted = reader->mode;
			reader->interrupted_prompt = NULL;
		}
		reader->mode = IOS_FOREIGN;
	} else {
		block_lose(reader);
	}
	reader->unknown = reader->line->prompt;
}

/* A prompt shows whether the line before, which nobody knew, began a mode, and when that ends. */
static void
prompt_follow(struct ios_reader *reader, const struct ios_line *line)
{
	if (!line->deep) {
		reader->unknown = NULL;
		return;
	}
	if (reader->mode != IOS_FOREIGN && reader->unknown != NULL &&
		strcmp(reader->unknown, line->prompt) != 0) {
		reader->interrupted = reader->mode;
		reader->interrupted_prompt = reader->unknown;
		reader->mode = IOS_FOREIGN;
	} else if (reader->mode == IOS_FOREIGN &&
		   (reader->interrupted_prompt == NULL ||
			   strcmp(reader->interrupted_prompt, line->prompt) == 0)) {
		reader->mode = reader->interrupted;
		reader->interrupted = IOS_FOREIGN;
	}
	reader->unknown = NULL;
}

/* A line of the submode, or of the one around it. */
static enum ios_result
submode_read(struct ios_reader *reader, const struct ios_words *words)
{
	enum ios_result result = mode_read(reader, reader->mode, words);

	if (result == IOS_UNKNOWN && reader->mode == IOS_POLICY_CLASS)
		result = mode_read(reader, IOS_POLICY_MAP, words);
	if (result == IOS_REFUSED && reader->mode != IOS_ACL) /* there it depends on the entry */
		block_lose(reader);
	return result;
}

/* A line of global configuration ends every submode. */
static enum ios_result
global_read(struct ios_reader *reader, const struct ios_words *words)
{
	const enum ios_mode mode = reader->mode;
	enum ios_result result;

	reader->mode = IOS_GLOBAL;
	result = mode_read(reader, IOS_GLOBAL, words);
	if (result == IOS_UNKNOWN)
		reader->mode = mode;
	else
		reader->interrupted = IOS_FOREIGN;
	return result;
}

static void
line_read(struct ios_reader *reader, const struct ios_line *line)
{
	const struct ios_words whole = {.line = line};
	enum ios_result result = IOS_UNKNOWN;
	struct ios_words words = whole;

	reader->line = line;
	if (line->prompt != NULL)
		prompt_follow(reader, line);
	if (exit_read(reader, &whole) ||
		words_among(&whole, silent, sizeof(silent) / sizeof(silent[0]), true))
		return;
	/* Behind a prompt of any depth IOS takes lines of global configuration, too. */
	if (reader->mode == IOS_FOREIGN && line->deep && line->prompt == NULL) {
		ios_refuse(reader->model, line->number, "in a block that callgate has nothing of");
		return;
	}
	reader->negated = ios_take(&words, "no");
	if (reader->mode != IOS_GLOBAL && reader->mode != IOS_FOREIGN)
		result = submode_read(reader, &words);
	if (result == IOS_UNKNOWN)
		result = global_read(reader, &words);
	if (result == IOS_UNKNOWN)
		unknown_line(reader, &whole);
}

void
ios_read(struct ios_model *model)
{
	struct ios_reader reader = {.model = model, .interrupted = IOS_FOREIGN};
	const struct ios_line *line;

	STAILQ_FOREACH (line, &model->text.lines, next)
		line_read(&reader, line);
	ios_groups_complete(model);
	ios_zones_complete(model);
}
