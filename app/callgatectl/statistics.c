/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP statistics as a page in groups, laid out as operators of IOS XE know them: requests received
 * with the 200 OK that answered them beside, responses, events, errors, and what limits did.
 *
 * Overview: the groups below name counters of the appliance's answer, in the order of the page.
 * What an answer has and no group names is an error by its name's beginning, or else an event; so
 * nothing that an appliance counts is left out. Kinds of wrong messages are shown when there were
 * any.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rates.h"
#include "statistics.h"

enum { NAME_WIDTH = 30, COUNT_WIDTH = 12, RATE_WIDTH = 12 };

/* Request and the counter of its 200; NULL: none. */
static const struct request_row {
	const char *method, *ok;
} requests[] = {
	{"REGISTER", "200_REGISTER"},
	{"INVITE", "200_INVITE"},
	{"UPDATE", "200_UPDATE"},
	{"BYE", "200_BYE"},
	{"SUBSCRIBE", "200_SUBSCRIBE"},
	{"REFER", "200_REFER"},
	{"PRACK", "200_PRACK"},
	{"INFO", "200_INFO"},
	{"CANCEL", "200_CANCEL"},
	{"MESSAGE", "200_MESSAGE"},
	{"NOTIFY", "200_NOTIFY"},
	{"PUBLISH", "200_PUBLISH"},
	{"OPTIONS", "200_OPTIONS"},
	{"other_methods", "200_other_methods"},
	{"ACK", NULL},
};

static const struct response_row {
	const char *counter, *name;
} responses[] = {
	{"100", "100 Trying"},
	{"180", "180 Ringing"},
	{"183", "183 Session Progress"},
	{"other_1xx", "other 1xx"},
	{"200", "200 OK"},
	{"other_2xx", "other 2xx"},
	{"3xx", "3xx"},
	{"4xx", "4xx"},
	{"5xx", "5xx"},
	{"6xx", "6xx"},
};

static const char *const errors[] = {"malformed", "no_call_record", "no_port", "no_door",
	"no_pinhole", "no_contact_record", "no_endpoint_record", "too_long", "too_many_media",
	"too_many_dialogs", "too_many_contacts"};

enum group { GROUP_RECEIVE, GROUP_EVENTS, GROUP_ERRORS, GROUP_LIMITS, GROUP_WRONG };

static bool
begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool
is_received(const char *name)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(name, requests[i].method) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
		if (strcmp(name, responses[i].counter) == 0)
			return true;
	}
	return begins(name, "200_") || strcmp(name, "reinvites") == 0;
}

static enum group
group_of(const char *name)
{
	if (is_received(name))
		return GROUP_RECEIVE;
	if (begins(name, "error_") || begins(name, "sdp_error_") || begins(name, "body_error_"))
		return GROUP_WRONG;
	if (begins(name, "limit_") || begins(name, "blacklisted_"))
		return GROUP_LIMITS;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(name, errors[i]) == 0)
			return GROUP_ERRORS;
	}
	return GROUP_EVENTS;
}

static json_int_t
count_of(const json_t *answer, const char *counter)
{
	return json_integer_value(json_object_get(answer, counter));
}

/* The total and, where there is one, its rate. */
static void
count_print(FILE *out, const json_t *answer, const char *counter)
{
	char rate[64], text[RATE_TEXT_MAX];
	const json_t *value;

	fprintf(out, "%*" JSON_INTEGER_FORMAT, COUNT_WIDTH, count_of(answer, counter));
	snprintf(rate, sizeof(rate), "%s/s", counter);
	value = json_object_get(answer, rate);
	if (json_is_number(value)) {
		rates_text(value, text);
		fprintf(out, "%*s", RATE_WIDTH, text);
	}
}

static void
requests_print(FILE *out, const json_t *answer)
{
	fprintf(out, "Receive\n");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request_row *row = &requests[i];

		fprintf(out, "  %-*s", NAME_WIDTH, row->method);
		count_print(out, answer, row->method);
		if (row->ok) {
			fprintf(out, "  -> 200 OK");
			count_print(out, answer, row->ok);
		}
		if (strcmp(row->method, "INVITE") == 0) {
			fprintf(out, "  re-INVITE");
			count_print(out, answer, "reinvites");
		}
		fputc('\n', out);
	}
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
		fprintf(out, "  %-*s", NAME_WIDTH, responses[i].name);
		count_print(out, answer, responses[i].counter);
		fputc('\n', out);
	}
}

static void
group_print(FILE *out, const json_t *answer, enum group group, const char *heading, bool zeros)
{
	bool headed = false;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)answer, name, value)
	{
		if (rates_is_rate(name) || group_of(name) != group ||
			(!zeros && json_integer_value(value) == 0))
			continue;
		if (!headed)
			fprintf(out, "%s\n", heading);
		headed = true;
		fprintf(out, "  %-*s", NAME_WIDTH, name);
		count_print(out, answer, name);
		fputc('\n', out);
	}
}

void
statistics_print(FILE *out, const json_t *answer, unsigned int width)
{
	requests_print(out, answer);
	group_print(out, answer, GROUP_EVENTS, "Events", true);
	group_print(out, answer, GROUP_ERRORS, "Errors", true);
	group_print(out, answer, GROUP_WRONG, "Wrong messages, by kind", false);
	group_print(out, answer, GROUP_LIMITS, "Limits", true);
}
