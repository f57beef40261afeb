/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "question.h"
#include "table.h"
#include "telemetry.h"

enum { LIMIT_MAX = 1000000000, FILTER_TEXT_MAX = 128 };

bool
question_begin(struct question *question, const char *telemetry, const char *argument)
{
	question->telemetry = telemetry;
	return (size_t)snprintf(question->request, sizeof(question->request), "%s%s%s", telemetry,
		       argument == NULL ? "" : ",",
		       argument == NULL ? "" : argument) < sizeof(question->request);
}

const char *
question_option(enum question_filter filter)
{
	switch (filter) {
	case QUESTION_HOST:
		return "--host";
	case QUESTION_PROTOCOL:
		return "--protocol";
	case QUESTION_ZONE_PAIR:
		return "--zone-pair";
	case QUESTION_CALL_ID:
		return "--call-id";
	case QUESTION_LIMIT:
		break;
	}
	return "--limit";
}

/* What a filter may be, in words; NULL when `value` is good. */
static const char *
value_fault(enum question_filter filter, const char *value)
{
	struct in_addr address;
	char *end;

	switch (filter) {
	case QUESTION_HOST:
		return inet_pton(AF_INET, value, &address) == 1 && address.s_addr != 0
			       ? NULL
			       : "an IPv4 address such as 10.0.0.5";
	case QUESTION_PROTOCOL:
		return strcmp(value, "tcp") == 0 || strcmp(value, "udp") == 0 ||
				       strcmp(value, "icmp") == 0
			       ? NULL
			       : "tcp, udp, icmp";
	case QUESTION_ZONE_PAIR:
		return *value != '\0' && strpbrk(value, ",=") == NULL
			       ? NULL
			       : "the name of a zone pair (show zone-pairs)";
	case QUESTION_CALL_ID:
		/* No Call-ID has a comma (RFC 3261 section 25.1), which would end the parameter. */
		return *value != '\0' && strchr(value, ',') == NULL &&
				       strlen(value) <= FILTER_TEXT_MAX
			       ? NULL
			       : "a Call-ID, or a part of it of at most 128 characters";
	case QUESTION_LIMIT:
		break;
	}
	return *value >= '1' && *value <= '9' && strtoul(value, &end, 10) <= LIMIT_MAX &&
			       *end == '\0'
		       ? NULL
		       : "a number from 1 to 1000000000";
}

bool
question_filter(struct question *question, enum question_filter filter, const char *value)
{
	static const char *const names[] = {
		[QUESTION_HOST] = "host",
		[QUESTION_PROTOCOL] = "protocol",
		[QUESTION_ZONE_PAIR] = "zone_pair",
		[QUESTION_CALL_ID] = "call_id",
	};
	size_t used = strlen(question->request), room = sizeof(question->request) - used;
	const char *allowed = value_fault(filter, value);

	if (allowed != NULL) {
		fprintf(stderr, "callgatectl: %s: is \"%s\", allowed: %s\n",
			question_option(filter), value, allowed);
		return false;
	}
	if (filter == QUESTION_LIMIT) {
		question->limit = (unsigned int)strtoul(value, NULL, 10);
		return true;
	}
	if ((size_t)snprintf(question->request + used, room, ",%s=%s", names[filter], value) >=
		room) {
		fprintf(stderr, "callgatectl: %s: the command becomes too long\n",
			question_option(filter));
		return false;
	}
	return true;
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

json_t *
question_ask(const struct question *question, int fd)
{
	json_t *answer = telemetry_ask(fd, question->request, question->limit);

	if (answer != NULL)
		answer_trim(answer, question->limit);
	return answer;
}

/*
 * Faults of a refused configuration, one a line. The socket takes 127 characters a text, so a long
 * one comes in several: one that begins with a space goes on where the one before it ended, one
 * that begins with a tab too, without the tab.
 */
static void
faults_print(const json_t *faults)
{
	const char *text;

	for (size_t i = 0; i < json_array_size(faults); i++) {
		text = json_string_value(json_array_get(faults, i));
		if (text == NULL)
			continue;
		if (i > 0 && *text != ' ' && *text != '\t')
			fputc('\n', stderr);
		fputs(*text == '\t' ? text + 1 : text, stderr);
	}
	if (json_array_size(faults) > 0)
		fputc('\n', stderr);
}

int
question_print(const struct question *question, FILE *out, const json_t *answer, unsigned int width)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	const json_t *faults = json_object_get(answer, "faults");
	int status = error != NULL || json_array_size(faults) > 0;

	if (question->json) {
		json_t *whole = json_pack("{sO}", question->telemetry, answer);

		json_dumpf(whole, out, JSON_INDENT(2));
		fputc('\n', out);
		json_decref(whole);
		return status;
	}
	if (status == 0) {
		(question->print ? question->print : table_print)(out, answer, width);
		return 0;
	}
	if (error != NULL)
		fprintf(stderr, "callgatectl: %s: %s\n", question->words, error);
	faults_print(faults);
	return 1;
}
