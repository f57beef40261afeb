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
#include "reload.h"
#include "request.h"
#include "telemetry_priv.h"
#include "worker.h"

/* Set once at bring-up; NULL again before anything is taken down. */
static struct appliance *_Atomic shown;
/* Handlers inside. */
static atomic_uint running;

typedef int (*handler_fn)(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);

static int
show_info(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	char when[32];
	struct tm broken;
	uint64_t reloads;

	rte_tel_data_add_dict_string(data, "version", CALLGATE_VERSION);
	telemetry_number(data, "uptime_s", (clock_now_ms() - appliance->started_ms) / 1000);
	telemetry_number(data, "workers", appliance->workers);
	rte_tel_data_add_dict_string(data, "configuration", appliance->config->file);
	reload_hold();
	reload_configuration(appliance, &reloads);
	gmtime_r(&appliance->loaded_at, &broken);
	reload_release();
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &broken);
	rte_tel_data_add_dict_string(data, "loaded", when);
	telemetry_number(data, "reloads", reloads);
	rte_tel_data_add_dict_string(data, "pages", eal_pages(appliance));
	telemetry_number(data, "memory_mb", appliance->memory_mb);
	return 0;
}

enum { PORT_KEY_MAX = NAME_MAX_LENGTH + 16 };

static void
key_clean(char key[PORT_KEY_MAX], const char *name)
{
	snprintf(key, PORT_KEY_MAX, "%s", name);
	for (char *at = key; *at != '\0'; at++)
		if (*at == '-' || *at == '.')
			*at = '_';
}

/*
 * A port's name as a key of DPDK's telemetry, which takes letters, digits, "_" and "/". Where that
 * makes the names of two the same, a number behind "/", which no name has, tells them apart.
 */
static void
port_key(char key[PORT_KEY_MAX], const struct appliance *appliance, unsigned int index)
{
	char other[PORT_KEY_MAX];
	unsigned int same = 1;

	key_clean(key, appliance->ports[index].config->name);
	for (unsigned int i = 0; i < index; i++) {
		key_clean(other, appliance->ports[i].config->name);
		same += strcmp(other, key) == 0;
	}
	if (same > 1)
		snprintf(key + strlen(key), PORT_KEY_MAX - strlen(key), "/%u", same);
}

static int
show_ports(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < appliance->config->port_count; i++) {
		const struct port *port = &appliance->ports[i];
		struct rte_tel_data *record = rte_tel_data_alloc();
		struct rte_eth_stats statistics = {0};
		struct rte_eth_link link = {0};
		char key[PORT_KEY_MAX];

		if (record == NULL)
			return -ENOMEM;
		rte_tel_data_start_dict(record);
		port_stats(port, &statistics);
		rte_eth_link_get_nowait(port->ethdev, &link);
		rte_tel_data_add_dict_string(record, "name", port->config->name);
		rte_tel_data_add_dict_string(record, "driver", port->driver->name);
		rte_tel_data_add_dict_string(record, "link", link.link_status ? "up" : "down");
		telemetry_number(record, "rx_queues", port->rx_queues);
		telemetry_number(record, "tx_queues", port->tx_queues);
		telemetry_number(record, "rx_packets", statistics.ipackets);
		telemetry_number(record, "tx_packets", statistics.opackets);
		telemetry_number(record, "rx_bytes", statistics.ibytes);
		telemetry_number(record, "tx_bytes", statistics.obytes);
		telemetry_number(record, "rx_missed", statistics.imissed);
		telemetry_number(record, "rx_errors", statistics.ierrors);
		telemetry_number(record, "tx_errors", statistics.oerrors);
		telemetry_number(record, "rx_no_mbuf", statistics.rx_nombuf);
		port_key(key, appliance, i);
		if (rte_tel_data_add_dict_container(data, key, record, 0) != 0) {
			rte_tel_data_free(record);
			return -ENOSPC;
		}
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
		struct rte_tel_data *record = telemetry_record(data, i);

		if (record == NULL)
			return -ENOMEM;
		telemetry_number(
			record, "core", (uint64_t)appliance->config->system.worker_cores[i]);
		telemetry_number(record, "rx_packets", packets);
		telemetry_number(record, "tx_packets", load_of(&counters->event[EVENT_TX_PACKETS]));
		telemetry_number(record, "busy_percent", total ? busy * 100 / total : 0);
		telemetry_number(record, "busy_cycles", busy);
		telemetry_number(record, "total_cycles", total);
		telemetry_number(record, "cycles_per_packet", packets ? busy / packets : 0);
		telemetry_number(record, "handoff_in", load_of(&counters->event[EVENT_HANDOFF_IN]));
		telemetry_number(
			record, "handoff_out", load_of(&counters->event[EVENT_HANDOFF_OUT]));
		telemetry_number(
			record, "handoff_local", load_of(&counters->event[EVENT_HANDOFF_LOCAL]));
		telemetry_number(
			record, "handoff_drops", load_of(&counters->drop[DROP_HANDOFF_FULL]));
		telemetry_number(
			record, "calls_owned", load_of(&counters->event[EVENT_CALLS_OWNED]));
		telemetry_number(record, "rx_queues", appliance->worker[i]->rx_count);
		telemetry_number(record, "sleeps", load_of(&load->sleeps));
	}
	return 0;
}

static int
show_drops(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < DROP_COUNT; i++)
		telemetry_number(data, drop_reason_name(i), counters_drop_sum(i));
	return 0;
}

static int
show_events(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	for (unsigned int i = 0; i < EVENT_COUNT; i++)
		telemetry_number(data, event_name(i), counters_event_sum(i));
	return 0;
}

static int
show_summary(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct appliance_counts counts = appliance_count(appliance);

	telemetry_number(data, "flows", counts.flows);
	telemetry_number(data, "translations", counts.translations);
	telemetry_number(data, "doors", counts.doors);
	telemetry_number(data, "media_doors", counts.media_doors);
	telemetry_number(data, "pinholes", counts.pinholes);
	telemetry_number(data, "media_pinholes", counts.media_pinholes);
	telemetry_number(data, "calls", counts.calls);
	telemetry_number(data, "registrations", counts.registrations);
	telemetry_number(data, "hosts", counts.hosts);
	telemetry_number(data, "ports", counts.ports);
	telemetry_number(data, "held_ports", counts.held_ports);
	telemetry_number(data, "mbufs", counts.mbufs);
	telemetry_number(data, "datagrams", counts.datagrams);
	telemetry_number(data, "fragments", counts.fragments);
	telemetry_number(data, "streams", counts.streams);
	telemetry_number(data, "stream_buffers", counts.stream_buffers);
	telemetry_number(data, "neighbours", counts.neighbours);
	telemetry_number(data, "traces", counts.traces);
	return 0;
}

static int
clear_sip_statistics(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	sip_statistics_clear(appliance->alg);
	rte_tel_data_add_dict_string(data, "cleared", "sip statistics");
	return 0;
}

static int
clear_sip_calls(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	const struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	for (unsigned int i = 0; i < appliance->workers; i++) {
		if (mailbox_post(appliance->mailbox[i], &mail) != 0)
			return -ENOBUFS;
	}
	rte_tel_data_add_dict_string(data, "cleared", "sip calls");
	return 0;
}

/* Clearing goes on in steps after the answer. */
static int
clear_tables(struct appliance *appliance, enum request_kind kind, const char *what,
	struct rte_tel_data *data)
{
	struct request *request = request_take(kind);
	int rc;

	if (request == NULL)
		return -EBUSY;
	rc = request_ask(appliance->control_mailbox, request);
	if (rc != 0)
		return rc;
	rte_tel_data_add_dict_string(data, "cleared", what);
	request_free(request);
	return 0;
}

static int
clear_nat(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	return clear_tables(appliance, REQUEST_CLEAR_NAT, "nat translations", data);
}

static int
clear_firewall(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	return clear_tables(appliance, REQUEST_CLEAR_FIREWALL, "firewall sessions", data);
}

/*
 * A fault may be longer than the socket takes as one text: the pieces that go on begin with the space
 * where it was cut, or, in a word that is too long itself, with a tab that does not belong to it.
 */
static void
add_fault(struct rte_tel_data *faults, const char *line)
{
	char piece[RTE_TEL_MAX_STRING_LEN];
	size_t length, room, mark = 0;

	while (*line != '\0') {
		room = sizeof(piece) - 1 - mark;
		length = strlen(line);
		if (length > room) {
			for (length = room; length > 1 && line[length] != ' '; length--)
				;
			length = length > 1 ? length : room;
		}
		snprintf(piece, sizeof(piece), "%s%.*s", mark ? "\t" : "", (int)length, line);
		if (rte_tel_data_add_array_string(faults, piece) != 0)
			return;
		line += length;
		mark = *line != '\0' && *line != ' ';
	}
}

static int
reload(struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct request *request = request_take(REQUEST_RELOAD);
	struct rte_tel_data *faults;
	char *line, *rest;
	int rc;

	if (request == NULL)
		return -EBUSY;
	rc = request_ask(appliance->control_mailbox, request);
	if (rc != 0)
		return rc;
	rc = request->result;
	faults = rc > 0 ? rte_tel_data_alloc() : NULL;
	if (faults != NULL) {
		rte_tel_data_start_array(faults, RTE_TEL_STRING_VAL);
		for (line = strtok_r(request->text, "\n", &rest); line;
			line = strtok_r(NULL, "\n", &rest))
			add_fault(faults, line);
		rte_tel_data_add_dict_container(data, "faults", faults, 0);
	}
	request_free(request);
	if (rc == 0)
		rte_tel_data_add_dict_string(data, "reloaded", appliance->config->file);
	return rc < 0 ? rc : 0;
}

/* One row a command: what INTERFACES fixes. */
static const struct command {
	const char *name;
	const char *help;
	handler_fn handler;
	bool changes; /* something: such a command takes nothing along, so none hides in another */
} commands[] = {
	{"/callgate/info", "Version, uptime, workers, configuration. No parameters", show_info},
	{"/callgate/config", "The configuration in force, as a file. Parameters: OFFSET[,COUNT]",
		telemetry_show_config},
	{"/callgate/ports", "Ports: driver, link, packets. No parameters", show_ports},
	{"/callgate/workers", "Workers: packets, load, hand-offs. No parameters", show_workers},
	{"/callgate/drops", "Every drop reason with its count. No parameters", show_drops},
	{"/callgate/events", "Every event counter. No parameters", show_events},
	{"/callgate/summary", "What is in use now. No parameters", show_summary},
	{"/callgate/histograms",
		"Busy share and SIP message times of each worker. Parameters: OFFSET[,COUNT]",
		telemetry_show_histograms},
	{"/callgate/sip/stats",
		"SIP messages, events, errors. Parameters: none, ZONE-PAIR or SOURCE,DESTINATION",
		telemetry_show_sip_statistics},
	{"/callgate/sip/zone_pairs",
		"Pairs of zones with SIP statistics. Parameters: OFFSET[,COUNT]",
		telemetry_show_sip_pairs},
	{"/callgate/sip/calls",
		"Calls. Parameters: OFFSET[,COUNT], call_id=TEXT, host=ADDRESS, zone_pair=NAME",
		telemetry_show_sip_calls},
	{"/callgate/sip/call", "One call. Parameter: CALL-ID", telemetry_show_sip_call},
	{"/callgate/sip/messages", "Messages of a call. Parameters: CALL-ID[,OFFSET[,COUNT]]",
		telemetry_show_sip_messages},
	{"/callgate/sip/registrations",
		"Registrations. Parameters: OFFSET[,COUNT], host=ADDRESS, protocol=NAME",
		telemetry_show_sip_registrations},
	{"/callgate/nat/translations",
		"Bindings. Parameters: OFFSET[,COUNT], host=ADDRESS, protocol=NAME",
		telemetry_show_nat_translations},
	{"/callgate/nat/pools", "Outside addresses and ports. Parameters: OFFSET[,COUNT]",
		telemetry_show_nat_pools},
	{"/callgate/fw/sessions",
		"Flows. Parameters: OFFSET[,COUNT], host=ADDRESS, zone_pair=NAME, protocol=NAME",
		telemetry_show_fw_sessions},
	{"/callgate/fw/pinholes",
		"Pinholes. Parameters: OFFSET[,COUNT], host=ADDRESS, protocol=NAME",
		telemetry_show_fw_pinholes},
	{"/callgate/fw/zone_pairs",
		"Policies: matches by class. Parameters: OFFSET[,COUNT], zone_pair=NAME",
		telemetry_show_zone_pairs},
	{"/callgate/traces", "Traces and captures that are on. No parameters",
		telemetry_show_traces},
	{"/callgate/trace/start",
		"Copy SIP messages: call_id=CALL-ID or host=ADDRESS; or frames: "
		"port=NAME|all[,snap=BYTES][,filter=PROGRAM]",
		telemetry_trace_start},
	{"/callgate/trace/read", "Take copies, renew the lease. Parameter: TRACE",
		telemetry_trace_read},
	{"/callgate/trace/stop", "End a trace. Parameter: TRACE", telemetry_trace_stop},
	{"/callgate/clear/nat", "Remove translations, keep calls. No parameters", clear_nat,
		.changes = true},
	{"/callgate/clear/fw", "Remove flows, keep calls. No parameters", clear_firewall,
		.changes = true},
	{"/callgate/clear/sip_stats", "SIP statistics from 0. No parameters", clear_sip_statistics,
		.changes = true},
	{"/callgate/clear/sip_calls", "End all call records. No parameters", clear_sip_calls,
		.changes = true},
	{"/callgate/log", "Levels of the log's modules. No parameters", telemetry_show_log},
	{"/callgate/log/level", "Set a level. Parameters: MODULE or all, LEVEL",
		telemetry_log_level},
	{"/callgate/reload", "Read the configuration again. No parameters", reload,
		.changes = true},
};

static const char *
error_text(int rc)
{
	switch (rc) {
	case -EINVAL:
		return "parameters are malformed or missing";
	case -ENOENT:
		return "not found";
	case -ESTALE:
		return "the configuration has changed meanwhile, ask again";
	case -ENXIO:
		return "no zone pair has this name";
	case -ENODEV:
		return "no port has this name";
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
		if (strcmp(commands[i].name, name) == 0 &&
			(!commands[i].changes || parameters == NULL || *parameters == '\0'))
			rc = commands[i].handler(appliance, parameters, data);
	}
	/* Beside records that stand there already: they are freed when the answer is written. */
	if (rc != 0)
		rte_tel_data_add_dict_string(
			data, "error", appliance ? error_text(rc) : "callgate is stopping");
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
	return telemetry_guard();
}

void
telemetry_unregister(void)
{
	atomic_store(&shown, NULL);
	requests_end();
	while (atomic_load(&running) > 0)
		rte_delay_us_sleep(1000);
}
