/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call: its record whole, and the ladder of its messages, both asked of the worker that owns it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "request.h"
#include "telemetry_priv.h"

enum {
	STEPS_A_PAGE = 64,
	STEPS_A_LADDER = 4096, /* of the longest history there are 2048 */
	/* The newest; with the lines of a call they fit an answer. */
	LADDER_MAX = 32,
	LINES_MAX = 200, /* of a call: with the ladder no more than a dictionary has room for */
};

/* The owner is found from a message's text, so that it is found in one way only. */
int
telemetry_call_owner(const struct appliance *appliance, const char *call_id, struct hash128 *hash)
{
	char text[64 + sizeof(((struct request *)NULL)->call_id)];
	int length, owner;

	if (call_id == NULL || *call_id == '\0' ||
		strlen(call_id) >= sizeof(((struct request *)NULL)->call_id))
		return -EINVAL;
	length = snprintf(
		text, sizeof(text), "OPTIONS sip:a SIP/2.0\r\nCall-ID: %s\r\n\r\n", call_id);
	owner = alg_owner(appliance->alg, text, (uint32_t)length, hash);
	return owner < 0 ? -EINVAL : owner;
}

static void
time_format(char text[32], uint64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	char start[24] = "";
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(text, 32, "%s.%03uZ", start, (unsigned int)(at_ms % 1000));
}

static const char *
protocol_name(const struct alg_history_row *row)
{
	return row->proto == IPPROTO_TCP ? "tcp" : "udp";
}

/* "INVITE", "180 INVITE". */
static void
what_format(char text[32], const struct alg_history_row *row)
{
	if (row->status != 0)
		snprintf(text, 32, "%u %s", (unsigned int)row->status, row->method);
	else
		snprintf(text, 32, "%s", row->method);
}

/* One step of the messages behind the cursor. Returns how many there were, in rows; or -errno. */
static int
messages_ask(struct appliance *appliance, int owner, const struct hash128 *id, uint64_t *cursor,
	unsigned int max, struct alg_history_row *rows)
{
	struct request *request = request_take(REQUEST_MESSAGES);
	int rc;

	if (request == NULL)
		return -EBUSY;
	request->call_hash = *id;
	request->cursor = *cursor;
	request->max = max;
	rc = request_ask(appliance->mailbox[owner], request);
	if (rc != 0)
		return rc;
	rc = request->result;
	if (rc > 0)
		memcpy(rows, request->messages, (size_t)rc * sizeof(rows[0]));
	*cursor = request->next;
	request_free(request);
	return rc;
}

static void
add_message(struct rte_tel_data *data, const struct alg_history_row *row)
{
	struct rte_tel_data *record = telemetry_record(data, row->number);
	char text[32];

	if (record == NULL)
		return;
	time_format(text, row->at_ms);
	rte_tel_data_add_dict_string(record, "time", text);
	rte_tel_data_add_dict_string(record, "in", row->in);
	rte_tel_data_add_dict_string(record, "out", row->out);
	rte_tel_data_add_dict_string(record, "protocol", protocol_name(row));
	what_format(text, row);
	rte_tel_data_add_dict_string(record, "message", text);
	telemetry_number(record, "cseq", row->cseq);
	telemetry_number(record, "edits", row->edits);
	telemetry_number(record, "doors_opened", row->doors_opened);
	telemetry_number(record, "doors_closed", row->doors_closed);
	telemetry_number(record, "pinholes_opened", row->pinholes_opened);
	telemetry_number(record, "pinholes_closed", row->pinholes_closed);
	rte_tel_data_add_dict_string(record, "dropped", row->dropped);
}

/* "CALL-ID[,OFFSET[,COUNT]]": no Call-ID has a comma (RFC 3261 25.1, word). */
int
telemetry_show_sip_messages(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct alg_history_row rows[PAGE_MESSAGES_MAX];
	char call_id[sizeof(((struct request *)NULL)->call_id)];
	size_t length = parameters ? strcspn(parameters, ",") : 0;
	unsigned int wanted;
	uint64_t cursor;
	struct hash128 id;
	int owner, count = 0;

	if (length == 0 || length >= sizeof(call_id))
		return -EINVAL;
	memcpy(call_id, parameters, length);
	call_id[length] = '\0';
	owner = telemetry_call_owner(appliance, call_id, &id);
	if (owner < 0)
		return owner;
	if (telemetry_page(parameters[length] ? parameters + length + 1 : NULL, PAGE_MESSAGES_MAX,
		    &cursor, &wanted) != 0)
		return -EINVAL;
	for (unsigned int i = 0; i < STEPS_A_PAGE && wanted > 0; i++) {
		count = messages_ask(appliance, owner, &id, &cursor, wanted, rows);
		if (count < 0)
			return count;
		for (int k = 0; k < count; k++)
			add_message(data, &rows[k]);
		wanted -= (unsigned int)count;
		if (cursor == 0)
			break;
	}
	telemetry_number(data, "next", cursor);
	return 0;
}

/* One line of the ladder. */
static void
add_rung(struct rte_tel_data *data, const struct alg_history_row *row, unsigned int number)
{
	static const char *const things[] = {
		"edits", "doors opened", "doors closed", "pinholes opened", "pinholes closed"};
	const uint8_t counts[] = {row->edits, row->doors_opened, row->doors_closed,
		row->pinholes_opened, row->pinholes_closed};
	char text[RTE_TEL_MAX_STRING_LEN], when[32], what[32], name[24];
	int used;

	time_format(when, row->at_ms);
	what_format(what, row);
	used = snprintf(text, sizeof(text), "%s %.16s > %.16s %s %s %u", when, row->in, row->out,
		protocol_name(row), what, row->cseq);
	if (row->dropped[0] != '\0')
		used += snprintf(
			text + used, sizeof(text) - (size_t)used, ", dropped: %s", row->dropped);
	for (unsigned int i = 0; i < RTE_DIM(counts); i++) {
		if (counts[i] != 0 && (size_t)used < sizeof(text))
			used += snprintf(text + used, sizeof(text) - (size_t)used, ", %u %s",
				(unsigned int)counts[i], things[i]);
	}
	snprintf(name, sizeof(name), "message_%u", number);
	rte_tel_data_add_dict_string(data, name, text);
}

/* The newest messages of a call, the oldest of them first. Returns how many are known of, or -errno. */
static int
add_ladder(
	struct appliance *appliance, int owner, const struct hash128 *id, struct rte_tel_data *data)
{
	struct alg_history_row page[PAGE_MESSAGES_MAX], newest[LADDER_MAX];
	unsigned int seen = 0;
	uint64_t cursor = 0;
	int count;

	for (unsigned int i = 0; i < STEPS_A_LADDER; i++) {
		count = messages_ask(appliance, owner, id, &cursor, PAGE_MESSAGES_MAX, page);
		if (count < 0)
			return count;
		for (int k = 0; k < count; k++)
			newest[seen++ % LADDER_MAX] = page[k];
		if (cursor == 0)
			break;
	}
	for (unsigned int i = seen > LADDER_MAX ? seen - LADDER_MAX : 0; i < seen; i++)
		add_rung(data, &newest[i % LADDER_MAX], i + 1);
	return (int)seen;
}

/* The lines that the owner wrote, as entries; they are cut up. */
static void
add_lines(struct rte_tel_data *data, char *text)
{
	char name[RTE_TEL_MAX_STRING_LEN], *line, *rest;
	unsigned int entry = 0;

	for (line = strtok_r(text, "\n", &rest); line && entry < LINES_MAX;
		line = strtok_r(NULL, "\n", &rest)) {
		char *value = strstr(line, ": ");

		if (value == NULL)
			continue;
		*value = '\0';
		snprintf(name, sizeof(name), "%s", line);
		for (char *c = name; *c; c++) {
			if (*c == ' ' || *c == '.' || *c == '-')
				*c = '_';
		}
		entry += rte_tel_data_add_dict_string(data, name, value + 2) == 0;
	}
}

int
telemetry_show_sip_call(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	struct hash128 id;
	int owner = telemetry_call_owner(appliance, parameters, &id), rc, messages;

	if (owner < 0)
		return owner;
	request = request_take(REQUEST_CALL);
	if (request == NULL)
		return -EBUSY;
	strcpy(request->call_id, parameters);
	rc = request_ask(appliance->mailbox[owner], request);
	if (rc != 0)
		return rc;
	rc = request->result;
	if (rc > 0) {
		request->text[RTE_MIN((size_t)rc, sizeof(request->text) - 1)] = '\0';
		add_lines(data, request->text);
		rc = 0;
	}
	request_free(request);
	if (rc != 0 && rc != -ENOENT)
		return rc;
	/* A call that is over has its ladder for a while. */
	messages = add_ladder(appliance, owner, &id, data);
	return messages < 0 ? messages : messages > 0 ? 0 : rc;
}
