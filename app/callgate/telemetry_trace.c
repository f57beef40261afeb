/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces: a client starts one, reads its records until it has enough, and stops it. Records are binary
 * (trace_record.h) and a text of an answer holds 127 characters, so they come as many texts of base64.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "request.h"
#include "telemetry_priv.h"

enum {
	TEXT_BYTES = 93, /* of a text: 124 characters */
	TEXT_LENGTH = TEXT_BYTES / 3 * 4,
};

static_assert(TEXT_BYTES % 3 == 0, "only the last text is padded");
static_assert(TEXT_LENGTH < RTE_TEL_MAX_STRING_LEN, "a text is no longer");
static_assert(PAGE_TRACE_BYTES % TEXT_BYTES == 0, "full pages have full texts");
/* With quotes and commas, and room for what stands around them. */
static_assert(PAGE_TRACE_BYTES / TEXT_BYTES * (TEXT_LENGTH + 3) < 15 << 10, "an answer is 16 KiB");

/* At most TEXT_BYTES of them. */
static void
base64(char text[TEXT_LENGTH + 1], const uint8_t *bytes, uint32_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (uint32_t i = 0; i < length; i += 3) {
		uint32_t word = (uint32_t)bytes[i] << 16 |
				(i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0) |
				(i + 2 < length ? bytes[i + 2] : 0);

		*text++ = digits[word >> 18];
		*text++ = digits[word >> 12 & 63];
		*text++ = i + 1 < length ? digits[word >> 6 & 63] : '=';
		*text++ = i + 2 < length ? digits[word & 63] : '=';
	}
	*text = '\0';
}

/* NAME or "all", then "snap=BYTES" and "filter=PROGRAM" as wanted, in this order. */
static int
capture_read(
	const struct appliance *appliance, const char *parameters, struct capture_filter *capture)
{
	static const char snap[] = ",snap=", program[] = ",filter=";
	const struct config *config = appliance->config;
	const size_t length = strcspn(parameters, ",");
	const char *rest = parameters + length;
	char *end;

	for (unsigned int i = 0; i < config->port_count; i++) {
		if (strlen(config->ports[i].name) == length &&
			memcmp(config->ports[i].name, parameters, length) == 0)
			capture->ports |= 1u << i;
	}
	if (capture->ports == 0 && length == 3 && memcmp(parameters, "all", 3) == 0)
		capture->ports = UINT32_MAX >> (32 - config->port_count);
	if (capture->ports == 0)
		return -ENODEV;
	capture->snap = CAPTURE_SNAP_MAX;
	if (strncmp(rest, snap, strlen(snap)) == 0) {
		unsigned long bytes = 0;

		rest += strlen(snap);
		if (*rest >= '1' && *rest <= '9')
			bytes = strtoul(rest, &end, 10);
		if (bytes == 0 || bytes > CAPTURE_SNAP_MAX)
			return -EINVAL;
		capture->snap = (uint32_t)bytes;
		rest = end;
	}
	if (strncmp(rest, program, strlen(program)) == 0)
		return capture_program_read(capture, rest + strlen(program));
	return *rest == '\0' ? 0 : -EINVAL;
}

static int
filter_read(const struct appliance *appliance, const char *parameters, struct trace_filter *filter)
{
	static const char host[] = "host=", call[] = "call_id=", port[] = "port=";
	int owner, rc;

	memset(filter, 0, sizeof(*filter));
	if (parameters == NULL)
		return -EINVAL;
	if (strncmp(parameters, host, strlen(host)) == 0) {
		parameters += strlen(host);
		if (inet_pton(AF_INET, parameters, &filter->host) != 1 || filter->host == 0)
			return -EINVAL;
	} else if (strncmp(parameters, call, strlen(call)) == 0) {
		parameters += strlen(call);
		owner = telemetry_call_owner(appliance, parameters, &filter->call_id);
		if (owner < 0)
			return owner;
	} else if (strncmp(parameters, port, strlen(port)) == 0) {
		rc = capture_read(appliance, parameters + strlen(port), &filter->capture);
		if (rc != 0)
			return rc;
	} else {
		return -EINVAL;
	}
	snprintf(filter->what, sizeof(filter->what), "%s", parameters);
	if (filter->capture.count > 0) /* no program, that nobody can read */
		snprintf(filter->what, sizeof(filter->what), "%.*s, filtered",
			(int)strcspn(parameters, ","), parameters);
	return 0;
}

/* Names by number, which frames have. */
static int
add_ports(struct rte_tel_data *data, const struct config *config)
{
	struct rte_tel_data *names = rte_tel_data_alloc();

	if (names == NULL)
		return -ENOMEM;
	rte_tel_data_start_array(names, RTE_TEL_STRING_VAL);
	for (unsigned int i = 0; i < config->port_count; i++)
		rte_tel_data_add_array_string(names, config->ports[i].name);
	rte_tel_data_add_dict_container(data, "ports", names, 0);
	return 0;
}

int
telemetry_trace_start(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct trace_filter filter;
	struct request *request;
	int rc = filter_read(appliance, parameters, &filter);

	if (rc != 0)
		return rc;
	request = request_take(REQUEST_TRACE_START);
	if (request == NULL)
		return -EBUSY;
	request->trace = filter;
	rc = request_ask(appliance->control_mailbox, request);
	if (rc != 0)
		return rc;
	rc = request->result;
	if (rc == 0) {
		telemetry_number(data, "trace", request->next);
		telemetry_number(data, "lease_ms", TRACE_LEASE_MS);
		if (filter.capture.ports != 0)
			rc = add_ports(data, appliance->config);
	}
	request_free(request);
	return rc;
}

/* Ask about the trace that the parameter names; the caller frees the request. */
static int
ask_trace(struct appliance *appliance, enum request_kind kind, const char *parameters,
	struct request **request)
{
	unsigned long long token;
	char *end;

	if (parameters == NULL || *parameters < '0' || *parameters > '9')
		return -EINVAL;
	errno = 0;
	token = strtoull(parameters, &end, 10);
	if (errno != 0 || *end != '\0')
		return -EINVAL;
	*request = request_take(kind);
	if (*request == NULL)
		return -EBUSY;
	(*request)->cursor = token;
	return request_ask(appliance->control_mailbox, *request);
}

static int
add_bytes(struct rte_tel_data *data, const uint8_t *bytes, uint32_t length)
{
	struct rte_tel_data *texts = rte_tel_data_alloc();
	char text[TEXT_LENGTH + 1];

	if (texts == NULL)
		return -ENOMEM;
	rte_tel_data_start_array(texts, RTE_TEL_STRING_VAL);
	for (uint32_t at = 0; at < length; at += TEXT_BYTES) {
		base64(text, bytes + at, RTE_MIN(length - at, (uint32_t)TEXT_BYTES));
		rte_tel_data_add_array_string(texts, text);
	}
	rte_tel_data_add_dict_container(data, "records", texts, 0);
	return 0;
}

int
telemetry_trace_read(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_trace(appliance, REQUEST_TRACE_READ, parameters, &request);

	if (rc != 0)
		return rc;
	rc = request->result;
	if (rc >= 0) {
		telemetry_number(data, "lost", request->next);
		telemetry_number(data, "bytes", (uint64_t)rc);
		rc = add_bytes(data, request->bytes, (uint32_t)rc);
	}
	request_free(request);
	return rc;
}

int
telemetry_trace_stop(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_trace(appliance, REQUEST_TRACE_STOP, parameters, &request);

	if (rc != 0)
		return rc;
	rc = request->result;
	request_free(request);
	if (rc == 0)
		rte_tel_data_add_dict_string(data, "stopped", parameters);
	return rc;
}

int
telemetry_show_traces(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request = request_take(REQUEST_TRACES);
	int rc;

	if (request == NULL)
		return -EBUSY;
	rc = request_ask(appliance->control_mailbox, request);
	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct trace_row *row = &request->traces[i];
		struct rte_tel_data *record = telemetry_record(data, row->token);
		char what[RTE_TEL_MAX_STRING_LEN];

		if (record == NULL)
			break;
		snprintf(what, sizeof(what), "%s", row->what);
		for (char *c = what; *c != '\0'; c++)
			*c = *c >= ' ' && *c <= '~' ? *c : '?';
		rte_tel_data_add_dict_string(record, "of", what);
		telemetry_number(record, "messages", row->messages);
		telemetry_number(record, "lost", row->lost);
		telemetry_number(record, "lease_ms", row->lease_ms);
	}
	telemetry_number(data, "next", 0);
	request_free(request);
	return 0;
}
