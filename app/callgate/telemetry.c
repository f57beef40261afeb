/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records are dictionaries in a dictionary: DPDK's containers cannot hold an array of
 * dictionaries. The key of a record is its pool index, "next" is the cursor of the next page.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_telemetry.h>

#include "core/clock.h"
#include "request.h"
#include "telemetry.h"
#include "worker.h"

/* Set once at bring-up; NULL again before anything is taken down. */
static struct appliance *_Atomic shown;
/* Handlers inside. */
static atomic_uint running;

typedef int (*handler_fn)(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);

static void
add_number(struct rte_tel_data *data, const char *name, uint64_t value)
{
	rte_tel_data_add_dict_u64(data, name, value);
}

static void
add_endpoint(struct rte_tel_data *data, const char *name, rte_be32_t address, rte_be16_t port)
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
static struct rte_tel_data *
add_record(struct rte_tel_data *data, uint64_t key)
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

static int
show_info(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	char when[32];
	struct tm broken;

	rte_tel_data_add_dict_string(data, "version", CALLGATE_VERSION);
	add_number(data, "uptime_s", (clock_now_ms() - appliance->started_ms) / 1000);
	add_number(data, "workers", appliance->workers);
	rte_tel_data_add_dict_string(data, "configuration", appliance->config->file);
	gmtime_r(&appliance->loaded_at, &broken);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &broken);
	rte_tel_data_add_dict_string(data, "loaded", when);
	rte_tel_data_add_dict_string(data, "pages", eal_pages(appliance));
	add_number(data, "memory_mb", appliance->memory_mb);
	return 0;
}

static int
show_ports(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < appliance->config->port_count; i++) {
		const struct port *port = &appliance->ports[i];
		struct rte_tel_data *record = rte_tel_data_alloc();
		struct rte_eth_stats statistics = {0};
		struct rte_eth_link link = {0};

		if (record == NULL)
			return -ENOMEM;
		rte_tel_data_start_dict(record);
		port_stats(port, &statistics);
		rte_eth_link_get_nowait(port->ethdev, &link);
		rte_tel_data_add_dict_string(record, "driver", port->driver->name);
		rte_tel_data_add_dict_string(record, "link", link.link_status ? "up" : "down");
		add_number(record, "rx_queues", port->rx_queues);
		add_number(record, "tx_queues", port->tx_queues);
		add_number(record, "rx_packets", statistics.ipackets);
		add_number(record, "tx_packets", statistics.opackets);
		add_number(record, "rx_bytes", statistics.ibytes);
		add_number(record, "tx_bytes", statistics.obytes);
		add_number(record, "rx_missed", statistics.imissed);
		add_number(record, "rx_errors", statistics.ierrors);
		add_number(record, "tx_errors", statistics.oerrors);
		add_number(record, "rx_no_mbuf", statistics.rx_nombuf);
		rte_tel_data_add_dict_container(data, port->config->name, record, 0);
	}
	return 0;
}

static uint64_t
load_of(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static int
show_workers(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < appliance->workers; i++) {
		const struct worker_load *load = &appliance->worker[i]->load;
		const struct counters *counters = counters_of(i);
		uint64_t packets = load_of(&counters->event[EVENT_RX_PACKETS]);
		uint64_t busy = load_of(&load->busy_cycles), total = load_of(&load->total_cycles);
		struct rte_tel_data *record = add_record(data, i);

		if (record == NULL)
			return -ENOMEM;
		add_number(record, "core", (uint64_t)appliance->config->system.worker_cores[i]);
		add_number(record, "rx_packets", packets);
		add_number(record, "tx_packets", load_of(&counters->event[EVENT_TX_PACKETS]));
		add_number(record, "busy_percent", total ? busy * 100 / total : 0);
		add_number(record, "cycles_per_packet", packets ? busy / packets : 0);
		add_number(record, "handoff_in", load_of(&counters->event[EVENT_HANDOFF_IN]));
		add_number(record, "handoff_out", load_of(&counters->event[EVENT_HANDOFF_OUT]));
		add_number(record, "handoff_local", load_of(&counters->event[EVENT_HANDOFF_LOCAL]));
		add_number(record, "handoff_drops", load_of(&counters->drop[DROP_HANDOFF_FULL]));
		add_number(record, "calls_owned", load_of(&counters->event[EVENT_CALLS_OWNED]));
		add_number(record, "rx_queues", appliance->worker[i]->rx_count);
		add_number(record, "sleeps", load_of(&load->sleeps));
	}
	return 0;
}

static int
show_drops(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < DROP_COUNT; i++)
		add_number(data, drop_reason_name(i), counters_drop_sum(i));
	return 0;
}

static int
show_events(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < EVENT_COUNT; i++)
		add_number(data, event_name(i), counters_event_sum(i));
	return 0;
}

static int
show_summary(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct appliance_counts counts = appliance_count(appliance);

	add_number(data, "flows", counts.flows);
	add_number(data, "translations", counts.translations);
	add_number(data, "doors", counts.doors);
	add_number(data, "media_doors", counts.media_doors);
	add_number(data, "pinholes", counts.pinholes);
	add_number(data, "media_pinholes", counts.media_pinholes);
	add_number(data, "calls", counts.calls);
	add_number(data, "registrations", counts.registrations);
	add_number(data, "ports", counts.ports);
	add_number(data, "mbufs", counts.mbufs);
	add_number(data, "neighbours", counts.neighbours);
	return 0;
}

static int
show_sip_statistics(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < SIP_COUNTERS; i++)
		add_number(data, sip_counter_name(i), sip_statistics_sum(appliance->alg, i));
	return 0;
}

/* "OFFSET[,COUNT]"; nothing: from the start, a full page. */
static int
parse_page(const char *parameters, unsigned int max, uint64_t *cursor, unsigned int *count)
{
	unsigned long long offset = 0, wanted = max;
	char *end;

	*cursor = 0;
	*count = max;
	if (parameters == NULL || *parameters == '\0')
		return 0;
	errno = 0;
	offset = strtoull(parameters, &end, 10);
	if (errno || end == parameters || *parameters == '-' || (*end && *end != ','))
		return -EINVAL;
	if (*end == ',') {
		const char *second = end + 1;

		wanted = strtoull(second, &end, 10);
		if (errno || end == second || *second == '-' || *end || wanted == 0)
			return -EINVAL;
	}
	*cursor = offset;
	*count = wanted < max ? (unsigned int)wanted : max;
	return 0;
}

/* Ask the control lcore for a page; the caller frees the request. */
static int
ask_page(struct appliance *appliance, enum request_kind kind, const char *parameters,
	struct request **request)
{
	uint64_t cursor;
	unsigned int count;

	if (parse_page(parameters, PAGE_RECORDS_MAX, &cursor, &count) != 0)
		return -EINVAL;
	*request = request_take(kind);
	if (*request == NULL)
		return -EBUSY;
	(*request)->cursor = cursor;
	(*request)->max = count;
	return request_ask(appliance->control_mailbox, *request);
}

static int
show_nat_translations(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_page(appliance, REQUEST_TRANSLATIONS, parameters, &request);

	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct translation_row *row = &request->translations[i];
		struct rte_tel_data *record = add_record(data, row->index);

		if (record == NULL)
			break;
		add_protocol(record, row->inside.proto);
		add_endpoint(record, "inside_local", row->inside.address, row->inside.port);
		add_endpoint(record, "inside_global", row->outside.address, row->outside.port);
		add_endpoint(record, "outside", row->peer.address, row->peer.port);
		add_number(record, "flows", row->flows);
		add_number(record, "idle_s", row->idle_s);
		rte_tel_data_add_dict_string(record, "kind", row->kind);
	}
	add_number(data, "next", request->next);
	request_free(request);
	return 0;
}

static int
show_fw_sessions(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_page(appliance, REQUEST_SESSIONS, parameters, &request);

	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct session_row *row = &request->sessions[i];
		const char *pair = fw_zone_pair_name(appliance->ruleset, row->zone_pair);
		struct rte_tel_data *record = add_record(data, row->index);

		if (record == NULL)
			break;
		add_protocol(record, row->key.proto);
		add_endpoint(record, "source", row->key.src, row->key.src_port);
		add_endpoint(record, "destination", row->key.dst, row->key.dst_port);
		add_endpoint(record, "to_source", row->translated_source.address,
			row->translated_source.port);
		add_endpoint(record, "to_destination", row->translated_destination.address,
			row->translated_destination.port);
		rte_tel_data_add_dict_string(record, "zone_pair", pair ? pair : "-");
		rte_tel_data_add_dict_string(record, "state", row->state);
		add_number(record, "packets", row->packets[0] + row->packets[1]);
		add_number(record, "bytes", row->bytes[0] + row->bytes[1]);
		add_number(record, "idle_s", row->idle_s);
	}
	add_number(data, "next", request->next);
	request_free(request);
	return 0;
}

static int
show_fw_pinholes(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	int rc = ask_page(appliance, REQUEST_PINHOLES, parameters, &request);

	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++) {
		const struct pinhole_row *row = &request->pinholes[i];
		struct rte_tel_data *record = add_record(data, row->index);

		if (record == NULL)
			break;
		rte_tel_data_add_dict_string(record, "class", pinhole_class_name(row->class));
		add_protocol(record, row->key.proto);
		add_endpoint(record, "source", row->key.src, 0);
		add_endpoint(record, "destination", row->key.dst, row->key.dst_port);
		add_number(record, "holders", row->holders);
		add_number(record, "worker", row->holder_worker);
		add_number(record, "call", row->holder_call);
		add_number(record, "flows", row->flows);
		add_number(record, "until_s", row->until_s);
		add_number(record, "age_s", row->age_s);
	}
	add_number(data, "next", request->next);
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
	struct rte_tel_data *record = add_record(data, call_cursor(call->worker, call->index));

	if (record == NULL)
		return;
	rte_tel_data_add_dict_string(record, "call_id", call->call_id);
	rte_tel_data_add_dict_string(record, "from", call->from);
	rte_tel_data_add_dict_string(record, "to", call->to);
	rte_tel_data_add_dict_string(record, "state", call->state);
	add_number(record, "age_s", call->age_s);
	add_number(record, "media_doors", call->media_doors);
	add_number(record, "worker", call->worker);
}

static int
show_sip_calls(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	unsigned int wanted, worker;
	uint64_t cursor, next = 0;

	if (parse_page(parameters, PAGE_CALLS_MAX, &cursor, &wanted) != 0)
		return -EINVAL;
	for (worker = (unsigned int)(cursor >> 32); worker < appliance->workers; worker++) {
		struct request *request = request_take(REQUEST_CALLS);
		int rc;

		if (request == NULL)
			return -EBUSY;
		request->cursor = (uint32_t)cursor;
		request->max = wanted;
		rc = request_ask(appliance->mailbox[worker], request);
		if (rc != 0)
			return rc;
		for (int i = 0; i < request->result; i++)
			add_call(data, &request->calls[i]);
		if ((unsigned int)request->result == wanted && wanted > 0)
			next = call_cursor(worker, request->calls[wanted - 1].index);
		wanted -= (unsigned int)request->result;
		request_free(request);
		if (wanted == 0)
			break;
		cursor = 0;
	}
	add_number(data, "next", next);
	return 0;
}

static int
show_sip_call(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request;
	char text[64 + sizeof(request->call_id)];
	unsigned int entry = 0;
	int owner, rc;
	char *line, *rest;

	if (parameters == NULL || *parameters == '\0' ||
		strlen(parameters) >= sizeof(request->call_id))
		return -EINVAL;
	/* The owner is found from a message's text, so that it is found in one way only. */
	rc = snprintf(
		text, sizeof(text), "OPTIONS sip:a SIP/2.0\r\nCall-ID: %s\r\n\r\n", parameters);
	owner = alg_owner(appliance->alg, text, (uint32_t)rc);
	if (owner < 0)
		return -EINVAL;
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
		for (line = strtok_r(request->text, "\n", &rest); line && entry < 250;
			line = strtok_r(NULL, "\n", &rest)) {
			char *value = strstr(line, ": ");
			char name[RTE_TEL_MAX_STRING_LEN];

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
		rc = 0;
	}
	request_free(request);
	return rc;
}

/* One row a command: what INTERFACES fixes. */
static const struct command {
	const char *name;
	const char *help;
	handler_fn handler;
} commands[] = {
	{"/callgate/info", "Version, uptime, workers, configuration. No parameters", show_info},
	{"/callgate/ports", "Ports: driver, link, packets. No parameters", show_ports},
	{"/callgate/workers", "Workers: packets, load, hand-offs. No parameters", show_workers},
	{"/callgate/drops", "Every drop reason with its count. No parameters", show_drops},
	{"/callgate/events", "Every event counter. No parameters", show_events},
	{"/callgate/summary", "What is in use now. No parameters", show_summary},
	{"/callgate/sip/stats", "SIP messages by method and class. No parameters",
		show_sip_statistics},
	{"/callgate/sip/calls", "Calls. Parameters: OFFSET[,COUNT]", show_sip_calls},
	{"/callgate/sip/call", "One call. Parameter: CALL-ID", show_sip_call},
	{"/callgate/nat/translations", "Bindings. Parameters: OFFSET[,COUNT]",
		show_nat_translations},
	{"/callgate/fw/sessions", "Flows. Parameters: OFFSET[,COUNT]", show_fw_sessions},
	{"/callgate/fw/pinholes", "Pinholes. Parameters: OFFSET[,COUNT]", show_fw_pinholes},
};

static const char *
error_text(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "parameters are malformed or missing";
	case -ENOENT:
		return "not found";
	case -ETIMEDOUT:
		return "no answer in time, try again";
	case -EBUSY:
	case -ENOBUFS:
		return "too many requests at once, try again";
	default:
		return "internal error";
	}
}

static int
handle(const char *name, const char *parameters, struct rte_tel_data *data)
{
	struct appliance *appliance;
	int rc = -EINVAL;

	/* seq_cst: telemetry_unregister() sets `shown` and then reads `running` */
	atomic_fetch_add(&running, 1);
	appliance = atomic_load(&shown);
	rte_tel_data_start_dict(data);
	for (unsigned int i = 0; appliance && i < RTE_DIM(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			rc = commands[i].handler(appliance, parameters, data);
	}
	if (rc != 0) {
		rte_tel_data_start_dict(data);
		rte_tel_data_add_dict_string(
			data, "error", appliance ? error_text(rc) : "callgate is stopping");
	}
	atomic_fetch_sub(&running, 1);
	return 0;
}

int
telemetry_register(struct appliance *appliance)
{
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		int rc = rte_telemetry_register_cmd(commands[i].name, handle, commands[i].help);

		if (rc != 0)
			return rc;
	}
	atomic_store(&shown, appliance);
	return 0;
}

void
telemetry_unregister(void)
{
	atomic_store(&shown, NULL);
	while (atomic_load(&running) > 0)
		rte_delay_us_sleep(1000);
}
