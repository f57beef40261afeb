/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scrape asks everything first and writes then: all of a family stands together in the text, and
 * when an answer is missing nothing has been written. When callgate answers, but not as a whole (it
 * reloads, or has too many clients at once), everything is asked again, ATTEMPTS times in all.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/callgatectl/telemetry.h"
#include "scrape.h"
#include "scrape_priv.h"

enum { COMMAND_MAX = 256, MEGABYTE = 1024 * 1024, ATTEMPTS = 3, ATTEMPT_WAIT_US = 50000 };

enum answer {
	ANSWER_INFO,
	ANSWER_SUMMARY,
	ANSWER_DROPS,
	ANSWER_EVENTS,
	ANSWER_PORTS,
	ANSWER_WORKERS,
	ANSWER_HISTOGRAMS,
	ANSWER_POOLS,
	ANSWER_ZONE_PAIRS,
	ANSWER_SIP, /* pairs of zones; their statistics are put into each */
	ANSWERS
};

static const char *const commands[ANSWERS] = {
	[ANSWER_INFO] = "/callgate/info",
	[ANSWER_SUMMARY] = "/callgate/summary",
	[ANSWER_DROPS] = "/callgate/drops",
	[ANSWER_EVENTS] = "/callgate/events",
	[ANSWER_PORTS] = "/callgate/ports",
	[ANSWER_WORKERS] = "/callgate/workers",
	[ANSWER_HISTOGRAMS] = "/callgate/histograms",
	[ANSWER_POOLS] = "/callgate/nat/pools",
	[ANSWER_ZONE_PAIRS] = "/callgate/fw/zone_pairs",
	[ANSWER_SIP] = "/callgate/sip/zone_pairs",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct column summary_columns[] = {
	{FAMILY_FLOWS, "flows"},
	{FAMILY_TRANSLATIONS, "translations"},
	{FAMILY_DOORS, "doors"},
	{FAMILY_MEDIA_DOORS, "media_doors"},
	{FAMILY_PINHOLES, "pinholes"},
	{FAMILY_MEDIA_PINHOLES, "media_pinholes"},
	{FAMILY_CALLS, "calls"},
	{FAMILY_REGISTRATIONS, "registrations"},
	{FAMILY_HOSTS, "hosts"},
	{FAMILY_NAT_PORTS, "ports"},
	{FAMILY_HELD_PORTS, "held_ports"},
	{FAMILY_MBUFS, "mbufs"},
	{FAMILY_DATAGRAMS, "datagrams"},
	{FAMILY_FRAGMENTS, "fragments"},
	{FAMILY_STREAMS, "streams"},
	{FAMILY_STREAM_BUFFERS, "stream_buffers"},
	{FAMILY_NEIGHBOURS, "neighbours"},
	{FAMILY_TRACES, "traces"},
};

static const struct column event_columns[] = {
#define X(id, name, help) {FAMILY_EVENT_##id, name},
	EVENTS(X)
#undef X
};

static const struct column port_columns[] = {
	{FAMILY_PORT_RX_QUEUES, "rx_queues"},
	{FAMILY_PORT_TX_QUEUES, "tx_queues"},
	{FAMILY_PORT_RX_PACKETS, "rx_packets"},
	{FAMILY_PORT_TX_PACKETS, "tx_packets"},
	{FAMILY_PORT_RX_BYTES, "rx_bytes"},
	{FAMILY_PORT_TX_BYTES, "tx_bytes"},
	{FAMILY_PORT_RX_MISSED, "rx_missed"},
	{FAMILY_PORT_RX_ERRORS, "rx_errors"},
	{FAMILY_PORT_TX_ERRORS, "tx_errors"},
	{FAMILY_PORT_RX_NO_MBUF, "rx_no_mbuf"},
};

static const struct column worker_columns[] = {
	{FAMILY_WORKER_RX_PACKETS, "rx_packets"},
	{FAMILY_WORKER_TX_PACKETS, "tx_packets"},
	{FAMILY_WORKER_BUSY_LIFETIME, "busy_percent", .unit = 0.01},
	{FAMILY_WORKER_BUSY_CYCLES, "busy_cycles"},
	{FAMILY_WORKER_ALL_CYCLES, "total_cycles"},
	{FAMILY_WORKER_CYCLES, "cycles_per_packet"},
	{FAMILY_WORKER_HANDOFF_IN, "handoff_in"},
	{FAMILY_WORKER_HANDOFF_OUT, "handoff_out"},
	{FAMILY_WORKER_HANDOFF_LOCAL, "handoff_local"},
	{FAMILY_WORKER_HANDOFF_DROPS, "handoff_drops"},
	{FAMILY_WORKER_CALLS, "calls_owned"},
	{FAMILY_WORKER_RX_QUEUES, "rx_queues"},
	{FAMILY_WORKER_SLEEPS, "sleeps"},
};

#define POOL_COLUMNS(noun) \
	{FAMILY_##noun##_HOSTS, "hosts"}, {FAMILY_##noun##_USED, "udp_used", "protocol", "udp"}, \
		{FAMILY_##noun##_USED, "tcp_used", "protocol", "tcp"}, \
		{FAMILY_##noun##_USED, "icmp_used", "protocol", "icmp"}, \
		{FAMILY_##noun##_FREE, "udp_free", "protocol", "udp"}, \
		{FAMILY_##noun##_FREE, "tcp_free", "protocol", "tcp"}, \
		{FAMILY_##noun##_FREE, "icmp_free", "protocol", "icmp"}, \
		{FAMILY_##noun##_HELD, "udp_held", "protocol", "udp"}, \
		{FAMILY_##noun##_BLOCKS_USED, "blocks_used"}, \
		{FAMILY_##noun##_BLOCKS_FREE, "blocks_free"},

static const struct column pool_columns[] = {
	POOL_COLUMNS(POOL){FAMILY_POOL_FAILURES, "no_port", "reason", "no_port"},
	{FAMILY_POOL_FAILURES, "no_address", "reason", "no_address"},
	{FAMILY_POOL_FAILURES, "host_ports", "reason", "host_ports"},
	{FAMILY_POOL_FAILURES, "host_blocks", "reason", "host_blocks"},
	{FAMILY_POOL_FAILURES, "host_rate", "reason", "host_rate"},
	{FAMILY_POOL_FAILURES, "host_flows", "reason", "host_flows"},
	{FAMILY_POOL_FAILURES, "host_table", "reason", "host_table"},
};

static const struct column address_columns[] = {POOL_COLUMNS(ADDRESS)};

#define PAIR_COLUMNS(noun) \
	{FAMILY_##noun##_PACKETS, "packets"}, {FAMILY_##noun##_BYTES, "bytes"}, \
		{FAMILY_##noun##_DROPS, "drops"}, \
		{FAMILY_##noun##_LIMITED, "over_flows", "limit", "max_flows"}, \
		{FAMILY_##noun##_LIMITED, "over_half_open", "limit", "max_half_open"}, \
		{FAMILY_##noun##_LIMITED, "over_new", "limit", "max_new_per_second"}, \
		{FAMILY_##noun##_FLOWS, "flows"}, {FAMILY_##noun##_HALF_OPEN, "half_open"},

static const struct column pair_columns[] = {PAIR_COLUMNS(PAIR)};
static const struct column class_columns[] = {PAIR_COLUMNS(CLASS)};

void
field_label(struct metric_writer *writer, const char *name, const json_t *record)
{
	const json_t *value = json_object_get(record, name);
	char number[24];

	if (json_is_integer(value)) {
		snprintf(
			number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		metric_label(writer, name, number);
	} else {
		const char *text = json_string_value(value);

		metric_label(writer, name, text ? text : "");
	}
}

static void
column_write(struct metric_writer *writer, const struct table *table, const struct column *column)
{
	const char *key;
	json_t *record;

	json_object_foreach((json_t *)(uintptr_t)table->records, key, record)
	{
		const json_t *value = json_object_get(record, column->field);

		if (!json_is_integer(value) || (table->wanted && !table->wanted(record)))
			continue;
		metric_sample(writer, "");
		table->labels(writer, key, record);
		if (column->label)
			metric_label(writer, column->label, column->value);
		if (column->unit > 0)
			metric_real(writer, (double)json_integer_value(value) * column->unit);
		else
			metric_integer(writer, json_integer_value(value));
	}
}

void
table_write(struct metric_writer *writer, const struct table *table, const struct column *columns,
	unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (i == 0 || columns[i].family != columns[i - 1].family)
			metric_begin(writer, columns[i].family);
		column_write(writer, table, &columns[i]);
	}
}

/* A dictionary of numbers: a family each. */
static void
singles_write(struct metric_writer *writer, const json_t *answer, const struct column *columns,
	unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const json_t *value = json_object_get(answer, columns[i].field);

		if (json_is_integer(value))
			metric_single(writer, columns[i].family, json_integer_value(value));
	}
}

static void
port_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "name"));

	metric_label(writer, "port", name ? name : key);
	field_label(writer, "driver", record);
}

static void
worker_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	metric_label(writer, "worker", key);
	field_label(writer, "core", record);
}

static void
pool_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	field_label(writer, "pool", record);
	field_label(writer, "of", record); /* an interface may have the name of a pool */
	field_label(writer, "kind", record);
}

static void
address_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	pool_labels(writer, key, record);
	field_label(writer, "address", record);
}

static void
pair_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	field_label(writer, "zone_pair", record);
	field_label(writer, "source", record);
	field_label(writer, "destination", record);
}

static void
class_labels(struct metric_writer *writer, const char *key, const json_t *record)
{
	field_label(writer, "zone_pair", record);
	field_label(writer, "class", record);
	field_label(writer, "policy", record);
	field_label(writer, "action", record);
}

/* The row of all addresses, and that of all classes, would be counted twice beside the others. */
static bool
field_is(const json_t *record, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(record, name));

	return value && strcmp(value, text) == 0;
}

static bool
is_pool(const json_t *record)
{
	return field_is(record, "address", "all");
}

static bool
is_address(const json_t *record)
{
	return !is_pool(record);
}

static bool
is_pair(const json_t *record)
{
	return field_is(record, "class", "*");
}

static bool
is_class(const json_t *record)
{
	return !is_pair(record);
}

static void
info_write(struct metric_writer *writer, const json_t *info)
{
	const char *loaded = json_string_value(json_object_get(info, "loaded"));
	struct tm when = {0};

	metric_begin(writer, FAMILY_BUILD_INFO);
	metric_sample(writer, "");
	field_label(writer, "version", info);
	metric_integer(writer, 1);
	metric_begin(writer, FAMILY_INFO);
	metric_sample(writer, "");
	field_label(writer, "configuration", info);
	field_label(writer, "pages", info);
	metric_integer(writer, 1);
	metric_single(writer, FAMILY_UPTIME, json_integer_value(json_object_get(info, "uptime_s")));
	if (loaded && strptime(loaded, "%Y-%m-%dT%H:%M:%SZ", &when))
		metric_single(writer, FAMILY_LOADED, timegm(&when));
	metric_single(writer, FAMILY_RELOADS, json_integer_value(json_object_get(info, "reloads")));
	metric_single(writer, FAMILY_WORKERS, json_integer_value(json_object_get(info, "workers")));
	metric_single(writer, FAMILY_MEMORY,
		json_integer_value(json_object_get(info, "memory_mb")) * MEGABYTE);
}

static void
drops_write(struct metric_writer *writer, const json_t *drops)
{
	const char *reason;
	json_t *count;

	metric_begin(writer, FAMILY_DROPS);
	json_object_foreach((json_t *)(uintptr_t)drops, reason, count)
	{
		metric_sample(writer, "");
		metric_label(writer, "reason", reason);
		metric_integer(writer, json_integer_value(count));
	}
}

static void
ports_write(struct metric_writer *writer, const json_t *ports)
{
	const struct table table = {ports, NULL, port_labels};
	const char *key;
	json_t *record;

	metric_begin(writer, FAMILY_PORT_UP);
	json_object_foreach((json_t *)(uintptr_t)ports, key, record)
	{
		metric_sample(writer, "");
		port_labels(writer, key, record);
		metric_integer(writer, field_is(record, "link", "up"));
	}
	table_write(writer, &table, port_columns, COUNT_OF(port_columns));
}

static void
answers_write(struct metric_writer *writer, json_t *const answer[ANSWERS])
{
	const struct table workers = {answer[ANSWER_WORKERS], NULL, worker_labels};
	const struct table pools = {answer[ANSWER_POOLS], is_pool, pool_labels};
	const struct table addresses = {answer[ANSWER_POOLS], is_address, address_labels};
	const struct table pairs = {answer[ANSWER_ZONE_PAIRS], is_pair, pair_labels};
	const struct table classes = {answer[ANSWER_ZONE_PAIRS], is_class, class_labels};

	info_write(writer, answer[ANSWER_INFO]);
	singles_write(writer, answer[ANSWER_SUMMARY], summary_columns, COUNT_OF(summary_columns));
	drops_write(writer, answer[ANSWER_DROPS]);
	singles_write(writer, answer[ANSWER_EVENTS], event_columns, COUNT_OF(event_columns));
	ports_write(writer, answer[ANSWER_PORTS]);
	table_write(writer, &workers, worker_columns, COUNT_OF(worker_columns));
	scrape_histograms_write(writer, answer[ANSWER_HISTOGRAMS]);
	table_write(writer, &pools, pool_columns, COUNT_OF(pool_columns));
	table_write(writer, &addresses, address_columns, COUNT_OF(address_columns));
	table_write(writer, &pairs, pair_columns, COUNT_OF(pair_columns));
	table_write(writer, &classes, class_columns, COUNT_OF(class_columns));
	scrape_sip_write(writer, answer[ANSWER_SIP]);
}

/* One attempt at all questions. */
struct attempt {
	int fd;
	bool last; /* what is wrong is told */
	bool again; /* callgate answers, and another attempt may find it right */
};

/* NULL: no answer, or one that says what is wrong. */
static json_t *
ask(struct attempt *attempt, const char *command)
{
	json_t *answer = telemetry_ask(attempt->fd, command, 0);
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (answer && (error || !json_is_object(answer))) {
		attempt->again = true;
		if (attempt->last)
			telemetry_complain(command, error ? error : "answer is no dictionary");
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* Put the statistics of each pair of zones beside its names. False: one is missing. */
static bool
sip_ask(struct attempt *attempt, json_t *pairs)
{
	char command[COMMAND_MAX];
	const char *key;
	json_t *pair;

	json_object_foreach(pairs, key, pair)
	{
		const char *source = json_string_value(json_object_get(pair, "source"));
		const char *destination = json_string_value(json_object_get(pair, "destination"));
		json_t *statistics;

		if (!source || !destination) /* "next" */
			continue;
		snprintf(
			command, sizeof(command), "/callgate/sip/stats,%s,%s", source, destination);
		statistics = ask(attempt, command);
		if (statistics == NULL)
			return false;
		json_object_update(pair, statistics);
		json_decref(statistics);
	}
	return true;
}

/* Is the configuration still the one of the first answer? Rows of two would be in one scrape. */
static bool
is_same_configuration(struct attempt *attempt, const json_t *first)
{
	json_t *info = ask(attempt, commands[ANSWER_INFO]);
	const bool same = info && json_integer_value(json_object_get(info, "reloads")) ==
					  json_integer_value(json_object_get(first, "reloads"));

	if (info && !same) {
		attempt->again = true;
		if (attempt->last)
			telemetry_complain(commands[ANSWER_INFO],
				"the configuration has changed at every attempt");
	}
	json_decref(info);
	return same;
}

static void
answers_forget(json_t *answer[ANSWERS])
{
	for (unsigned int i = 0; i < ANSWERS; i++) {
		json_decref(answer[i]);
		answer[i] = NULL;
	}
}

static bool
answers_ask(struct attempt *attempt, json_t *answer[ANSWERS])
{
	for (unsigned int i = 0; i < ANSWERS; i++) {
		answer[i] = ask(attempt, commands[i]);
		if (answer[i] == NULL)
			return false;
	}
	return sip_ask(attempt, answer[ANSWER_SIP]) &&
	       is_same_configuration(attempt, answer[ANSWER_INFO]);
}

/* What a reload, or too many clients at once, has spoilt is right at the next attempt. */
static bool
answers_get(int fd, json_t *answer[ANSWERS])
{
	for (unsigned int i = 1; i <= ATTEMPTS; i++) {
		struct attempt attempt = {.fd = fd, .last = i == ATTEMPTS};

		if (answers_ask(&attempt, answer))
			return true;
		answers_forget(answer);
		if (!attempt.again)
			return false;
		if (!attempt.last)
			usleep(ATTEMPT_WAIT_US);
	}
	return false;
}

int
scrape(FILE *out, const char *path)
{
	struct metric_writer writer = {.out = out};
	json_t *answer[ANSWERS] = {NULL};
	const int fd = telemetry_connect(path);
	const bool up = fd >= 0 && answers_get(fd, answer);

	if (fd >= 0)
		close(fd);
	metric_single(&writer, FAMILY_UP, up);
	metric_begin(&writer, FAMILY_EXPORTER_INFO);
	metric_sample(&writer, "");
	metric_label(&writer, "version", EXPORTER_VERSION);
	metric_integer(&writer, 1);
	if (up)
		answers_write(&writer, answer);
	answers_forget(answer);
	return up ? 0 : -1;
}
