/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers that are tables of records: bindings, flows, pinholes, calls, zone pairs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reload.h"
#include "request.h"
#include "telemetry_priv.h"

void
telemetry_number(struct rte_tel_data *data, const char *name, uint64_t value)
{
	rte_tel_data_add_dict_u64(data, name, value);
}

void
telemetry_endpoint(struct rte_tel_data *data, const char *name, rte_be32_t address, rte_be16_t port)
{
	char text[INET_ADDRSTRLEN + 8], host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address, host, sizeof(host));
	snprintf(text, sizeof(text), "%s:%u", address ? host : "*", ntohs(port));
	rte_tel_data_add_dict_string(data, name, text);
}

static const char *
protocol_name(uint8_t proto, char *text, size_t size)
{
	switch (proto) {
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		snprintf(text, size, "%u", proto);
		return text;
	}
}

static void
add_protocol(struct rte_tel_data *data, uint8_t proto)
{
	char text[8];

	rte_tel_data_add_dict_string(data, "protocol", protocol_name(proto, text, sizeof(text)));
}

/* A nested dictionary; NULL when there is no memory for it (the record is left out). */
struct rte_tel_data *
telemetry_record(struct rte_tel_data *data, uint64_t key)
{
	struct rte_tel_data *record = rte_tel_data_alloc();
	char name[24];

	if (record == NULL)
		return NULL;
	rte_tel_data_start_dict(record);
	snprintf(name, sizeof(name), "%" PRIu64, key);
	if (rte_tel_data_add_dict_container(data, name, record, 0) != 0) {
		rte_tel_data_free(record);
		return NULL;
	}
	return record;
}

/* Ask the control lcore for a page; the caller frees the request. */
static int
ask_page(struct appliance *appliance, enum request_kind kind, unsigned int max,
	const char *parameters, unsigned int filters, struct request **request)
{
	struct record_filter filter;
	uint64_t cursor;
	unsigned int count;
	int rc = telemetry_question(appliance, parameters, filters, &filter, max, &cursor, &count);

	if (rc != 0)
		return rc;
	*request = request_take(kind);
	if (*request == NULL)
		return -EBUSY;
	(*request)->cursor = cursor;
	(*request)->max = count;
	(*request)->filter = filter;
	return request_ask(appliance->control_mailbox, *request);
}

int
telemetry_show_nat_translations(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_page(appliance, REQUEST_TRANSLATIONS, PAGE_RECORDS_MAX, parameters,
		FILTER_HOST | FILTER_PROTOCOL, &request);

	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct translation_row *row = &request->translations[i];
		struct rte_tel_data *record = telemetry_record(data, row->index);

		if (record == NULL)
			break;
		add_protocol(record, row->inside.proto);
		telemetry_endpoint(record, "inside_local", row->inside.address, row->inside.port);
		telemetry_endpoint(
			record, "inside_global", row->outside.address, row->outside.port);
		telemetry_endpoint(record, "outside", row->peer.address, row->peer.port);
		telemetry_number(record, "flows", row->flows);
		telemetry_number(record, "idle_s", row->idle_s);
		rte_tel_data_add_dict_string(record, "kind", row->kind);
	}
	telemetry_number(data, "next", request->next);
	request_free(request);
	return 0;
}

int
telemetry_show_fw_sessions(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_page(appliance, REQUEST_SESSIONS, PAGE_SESSIONS_MAX, parameters,
		FILTER_HOST | FILTER_PROTOCOL | FILTER_ZONE_PAIR, &request);

	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct session_row *row = &request->sessions[i];
		struct rte_tel_data *record = telemetry_record(data, row->index);

		if (record == NULL)
			break;
		add_protocol(record, row->key.proto);
		telemetry_endpoint(record, "source", row->key.src, row->key.src_port);
		telemetry_endpoint(record, "destination", row->key.dst, row->key.dst_port);
		telemetry_endpoint(record, "to_source", row->translated_source.address,
			row->translated_source.port);
		telemetry_endpoint(record, "to_destination", row->translated_destination.address,
			row->translated_destination.port);
		rte_tel_data_add_dict_string(record, "zone_pair", row->zone_pair);
		rte_tel_data_add_dict_string(record, "class", row->class);
		rte_tel_data_add_dict_string(record, "state", row->state);
		telemetry_number(record, "packets", row->packets[0] + row->packets[1]);
		telemetry_number(record, "bytes", row->bytes[0] + row->bytes[1]);
		telemetry_number(record, "idle_s", row->idle_s);
	}
	telemetry_number(data, "next", request->next);
	request_free(request);
	return 0;
}

int
telemetry_show_fw_pinholes(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_page(appliance, REQUEST_PINHOLES, PAGE_RECORDS_MAX, parameters,
		FILTER_HOST | FILTER_PROTOCOL, &request);

	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct pinhole_row *row = &request->pinholes[i];
		struct rte_tel_data *record = telemetry_record(data, row->index);

		if (record == NULL)
			break;
		rte_tel_data_add_dict_string(record, "class", pinhole_class_name(row->class));
		add_protocol(record, row->key.proto);
		telemetry_endpoint(record, "source", row->key.src, 0);
		telemetry_endpoint(record, "destination", row->key.dst, row->key.dst_port);
		telemetry_number(record, "holders", row->holders);
		telemetry_number(record, "worker", row->holder_worker);
		telemetry_number(record, "call", row->holder_call);
		telemetry_number(record, "flows", row->flows);
		telemetry_number(record, "until_s", row->until_s);
		telemetry_number(record, "age_s", row->age_s);
	}
	telemetry_number(data, "next", request->next);
	request_free(request);
	return 0;
}

/* A cursor over the calls of all workers: worker in the upper half, pool index in the lower. */
static uint64_t
call_cursor(unsigned int worker, uint32_t index)
{
	return (uint64_t)worker << 32 | index;
}

static void
add_call(struct rte_tel_data *data, const struct alg_call_summary *call)
{
	struct rte_tel_data *record =
		telemetry_record(data, call_cursor(call->worker, call->index));

	if (record == NULL)
		return;
	rte_tel_data_add_dict_string(record, "call_id", call->call_id);
	rte_tel_data_add_dict_string(record, "from", call->from);
	rte_tel_data_add_dict_string(record, "to", call->to);
	rte_tel_data_add_dict_string(record, "state", call->state);
	telemetry_number(record, "age_s", call->age_s);
	telemetry_number(record, "media_doors", call->media_doors);
	telemetry_number(record, "worker", call->worker);
}

/* One step of a worker's calls into the page; the cursor moves on, 0 at the worker's end. */
static int
add_calls(struct appliance *appliance, unsigned int worker, uint32_t *cursor,
	const struct record_filter *filter, unsigned int *wanted, struct rte_tel_data *data)
{
	struct request *request = request_take(REQUEST_CALLS);
	int rc;

	if (request == NULL)
		return -EBUSY;
	request->cursor = *cursor;
	request->max = *wanted;
	request->filter = *filter;
	rc = request_ask(appliance->mailbox[worker], request);
	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++)
		add_call(data, &request->calls[i]);
	*wanted -= (unsigned int)request->result;
	*cursor = (uint32_t)request->next;
	request_free(request);
	return 0;
}

/* A sparse table may end the page before it is full. */
int
telemetry_show_sip_calls(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	enum { STEPS_A_PAGE = 64 };
	struct record_filter filter;
	unsigned int wanted, worker;
	uint64_t start;
	uint32_t cursor;
	int rc = telemetry_question(appliance, parameters,
		FILTER_HOST | FILTER_ZONE_PAIR | FILTER_CALL_ID, &filter, PAGE_CALLS_MAX, &start,
		&wanted);

	if (rc != 0)
		return rc;
	cursor = (uint32_t)start;
	worker = (unsigned int)RTE_MIN(start >> 32, (uint64_t)appliance->workers);
	for (unsigned int i = 0; i < STEPS_A_PAGE && wanted > 0 && worker < appliance->workers;
		i++) {
		rc = add_calls(appliance, worker, &cursor, &filter, &wanted, data);
		if (rc != 0)
			return rc;
		worker += cursor == 0;
	}
	telemetry_number(
		data, "next", worker < appliance->workers ? call_cursor(worker, cursor) : 0);
	return 0;
}

static void
add_class(struct rte_tel_data *data, uint64_t row, const struct fw_pair_statistics *pair,
	const struct fw_class_statistics *class)
{
	struct rte_tel_data *record = telemetry_record(data, row);

	if (record == NULL)
		return;
	rte_tel_data_add_dict_string(record, "zone_pair", pair->name);
	rte_tel_data_add_dict_string(record, "source", pair->source);
	rte_tel_data_add_dict_string(record, "destination", pair->destination);
	rte_tel_data_add_dict_string(record, "policy", pair->policy);
	rte_tel_data_add_dict_string(record, "class", class->class_name);
	rte_tel_data_add_dict_string(record, "action", class->action);
	telemetry_number(record, "packets", class->packets);
	telemetry_number(record, "bytes", class->bytes);
	telemetry_number(record, "drops", class->drops);
	telemetry_number(record, "flows", class->flows);
	telemetry_number(record, "half_open", class->half_open);
	telemetry_number(record, "over_flows", class->refused[FLOW_LIMIT_FLOWS - 1]);
	telemetry_number(record, "over_half_open", class->refused[FLOW_LIMIT_HALF_OPEN - 1]);
	telemetry_number(record, "over_new", class->refused[FLOW_LIMIT_RATE - 1]);
}

/* Rows are the classes of all pairs, numbered from 1; a cursor is the last row shown. */
int
telemetry_show_zone_pairs(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	const struct ruleset *ruleset;
	struct fw_pair_statistics pair;
	struct fw_class_statistics class;
	struct record_filter filter;
	uint64_t row = 0, cursor, next = 0;
	unsigned int count;
	int rc = telemetry_question(appliance, parameters, FILTER_ZONE_PAIR, &filter,
		PAGE_CLASSES_MAX, &cursor, &count);

	if (rc != 0)
		return rc;
	reload_hold();
	ruleset = appliance_ruleset(appliance);
	for (unsigned int i = 1; i <= fw_zone_pair_count(ruleset) && next == 0; i++) {
		if (!fw_pair_statistics(ruleset, (uint16_t)i, &pair) ||
			(filter.zone_pair[0] != '\0' && strcmp(pair.name, filter.zone_pair) != 0))
			continue;
		for (unsigned int k = 0; fw_class_statistics(ruleset, (uint16_t)i, k, &class);
			k++) {
			if (row++ < cursor)
				continue;
			if (row > cursor + count) {
				next = row - 1;
				break;
			}
			add_class(data, row, &pair, &class);
		}
	}
	reload_release();
	telemetry_number(data, "next", next);
	return 0;
}
