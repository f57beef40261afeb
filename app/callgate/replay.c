/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "core/clock.h"
#include "core/rcu.h"
#include "handoff.h"
#include "replay.h"
#include "request.h"
#include "worker.h"

enum {
	SWEEP_MS = 1000, /* virtual time between two passes of the control lcore */
};

/* One capture that is being read: its next packet. */
struct source {
	pcap_t *capture;
	uint16_t port;
	bool ended;
	struct pcap_pkthdr *header;
	const u_char *frame;
};

struct replay {
	struct appliance *appliance;
	unsigned int sources;
	struct source source[PORTS_MAX];
	struct timeval base; /* time stamp that stands for CLOCK_ORIGIN_MS */
	struct timeval now;
	uint64_t now_ms, swept_ms;
	uint64_t read, refused, written;
};

static uint64_t
elapsed_ms(const struct timeval *from, const struct timeval *to)
{
	int64_t us = (int64_t)(to->tv_sec - from->tv_sec) * 1000000 + (to->tv_usec - from->tv_usec);

	return us > 0 ? (uint64_t)us / 1000 : 0;
}

static int
port_find(const struct config *config, const char *name)
{
	for (unsigned int i = 0; i < config->port_count; i++) {
		if (strcmp(config->ports[i].name, name) == 0)
			return (int)i;
	}
	fprintf(stderr, "callgate: --replay-from %s: no such port in %s\n", name, config->file);
	return -ENOENT;
}

static int
source_next(struct source *source, const char *file)
{
	int rc = pcap_next_ex(source->capture, &source->header, &source->frame);

	source->ended = rc != 1;
	if (rc == PCAP_ERROR) {
		fprintf(stderr, "callgate: %s: %s\n", file, pcap_geterr(source->capture));
		return -EIO;
	}
	return 0;
}

static int
source_open(struct replay *replay, const struct replay_input *input)
{
	struct source *source = &replay->source[replay->sources];
	int port = port_find(replay->appliance->config, input->port);
	char error[PCAP_ERRBUF_SIZE];

	if (port < 0)
		return port;
	source->port = (uint16_t)port;
	source->capture = pcap_open_offline_with_tstamp_precision(
		input->file, PCAP_TSTAMP_PRECISION_MICRO, error);
	if (source->capture == NULL) {
		fprintf(stderr, "callgate: cannot read %s: %s\n", input->file, error);
		return -EIO;
	}
	replay->sources++;
	if (pcap_datalink(source->capture) != DLT_EN10MB) {
		fprintf(stderr, "callgate: %s: link type %s, only Ethernet can be replayed\n",
			input->file, pcap_datalink_val_to_name(pcap_datalink(source->capture)));
		return -EINVAL;
	}
	return source_next(source, input->file);
}

/* The capture whose next packet is the earliest; the first named wins a tie. */
static struct source *
source_earliest(struct replay *replay)
{
	struct source *earliest = NULL;

	for (unsigned int i = 0; i < replay->sources; i++) {
		struct source *source = &replay->source[i];

		if (!source->ended && (earliest == NULL || timercmp(&source->header->ts,
								   &earliest->header->ts, <)))
			earliest = source;
	}
	return earliest;
}

static bool
at_rest(const struct replay *replay)
{
	const struct appliance *appliance = replay->appliance;

	if (!handoff_empty(appliance->handoff))
		return false;
	for (unsigned int i = 0; i < appliance->workers; i++) {
		if (!mailbox_empty(appliance->mailbox[i]))
			return false;
	}
	for (unsigned int i = 0; i < appliance->config->port_count; i++) {
		if (replay_port_pending((uint16_t)i))
			return false;
	}
	return true;
}

/* Let everything that happens at this moment happen. */
static void
settle(struct replay *replay)
{
	struct appliance *appliance = replay->appliance;
	unsigned int moved;

	do {
		moved = 0;
		for (unsigned int i = 0; i < appliance->workers; i++)
			moved += worker_turn(appliance->worker[i]);
		for (unsigned int i = 0; i < appliance->config->port_count; i++) {
			unsigned int drained =
				replay_port_drain(appliance, (uint16_t)i, &replay->now);

			replay->written += drained;
			moved += drained;
		}
	} while (moved > 0 || !at_rest(replay));
}

static void
time_set(struct replay *replay, uint64_t ms)
{
	int64_t us = (int64_t)replay->base.tv_usec + (int64_t)(ms - CLOCK_ORIGIN_MS) * 1000;

	replay->now_ms = ms;
	replay->now.tv_sec = replay->base.tv_sec + us / 1000000;
	replay->now.tv_usec = us % 1000000;
	clock_set_ms(ms);
}

/* Passes of the control lcore until nothing is due any more at this moment. */
static void
sweep(struct replay *replay)
{
	do {
		control_pass(replay->appliance);
		settle(replay);
	} while (!alg_idle(replay->appliance->alg, replay->appliance->control.now_s));
	replay->swept_ms = replay->now_ms;
}

/* Nothing that a timer could end: a sweep would find no work. */
static bool
nothing_ages(const struct replay *replay)
{
	struct appliance_counts counts = appliance_count(replay->appliance);

	return (counts.flows | counts.pinholes | counts.calls | counts.doors | counts.hosts |
		       counts.ports | counts.held_ports | counts.mbufs) == 0;
}

/*
 * Move to a later moment, stopping for a sweep wherever one is due on the way. In a gap where nothing
 * ages only the last sweep is made: a capture may have hours, or a broken clock's years, in it.
 */
static void
time_advance(struct replay *replay, uint64_t ms)
{
	while (ms > replay->now_ms) {
		uint64_t due = replay->swept_ms + SWEEP_MS;

		if (ms > due && nothing_ages(replay)) {
			replay->swept_ms += (ms - due) / SWEEP_MS * SWEEP_MS;
			due = replay->swept_ms + SWEEP_MS;
		}
		time_set(replay, RTE_MIN(due, ms));
		if (replay->now_ms == due)
			sweep(replay);
	}
}

/* SIP statistics by pair of zones, as far as anything was counted. */
static void
print_zone_pairs(const struct appliance *appliance)
{
	const struct config *config = appliance->config;

	for (unsigned int pair = 0; pair < config->zone_count * config->zone_count; pair++) {
		uint8_t source = (uint8_t)(pair / config->zone_count);
		uint8_t destination = (uint8_t)(pair % config->zone_count);

		for (unsigned int i = 0; i < SIP_COUNTERS; i++) {
			uint64_t count = sip_statistics_pair(
				appliance->alg, source, destination, (enum sip_counter)i);

			if (count > 0)
				printf("sip_pair %s %s %s %" PRIu64 "\n", config->zones[source],
					config->zones[destination], sip_counter_name(i), count);
		}
	}
}

static void
print_counters(const struct replay *replay)
{
	const struct appliance *appliance = replay->appliance;
	struct appliance_counts counts = appliance_count(appliance);

	printf("replay read %" PRIu64 "\nreplay refused %" PRIu64 "\nreplay written %" PRIu64 "\n",
		replay->read, replay->refused, replay->written);
	for (unsigned int i = 0; i < SIP_COUNTERS; i++)
		printf("sip %s %" PRIu64 "\n", sip_counter_name(i),
			sip_statistics_sum(appliance->alg, i));
	print_zone_pairs(appliance);
	for (unsigned int i = 0; i < DROP_COUNT; i++) {
		if (counters_drop_sum(i) > 0)
			printf("drop %s %" PRIu64 "\n", drop_reason_name(i), counters_drop_sum(i));
	}
	for (unsigned int i = 0; i < EVENT_COUNT; i++)
		printf("event %s %" PRIu64 "\n", event_name(i), counters_event_sum(i));
	printf("summary flows %" PRIu64 "\nsummary translations %" PRIu64 "\nsummary doors %" PRIu64
	       "\nsummary media_doors %" PRIu64 "\nsummary pinholes %" PRIu64
	       "\nsummary media_pinholes %" PRIu64 "\nsummary calls %" PRIu64
	       "\nsummary registrations %" PRIu64 "\nsummary hosts %" PRIu64
	       "\nsummary ports %" PRIu64 "\nsummary held_ports %" PRIu64 "\nsummary mbufs %" PRIu64
	       "\nsummary datagrams %" PRIu64 "\nsummary fragments %" PRIu64
	       "\nsummary streams %" PRIu64 "\nsummary stream_buffers %" PRIu64 "\n",
		counts.flows, counts.translations, counts.doors, counts.media_doors,
		counts.pinholes, counts.media_pinholes, counts.calls, counts.registrations,
		counts.hosts, counts.ports, counts.held_ports, counts.mbufs, counts.datagrams,
		counts.fragments, counts.streams, counts.stream_buffers);
}

static const char *
endpoint_text(const struct endpoint *endpoint, char *text, size_t size)
{
	const uint8_t *byte = (const uint8_t *)&endpoint->address;

	if (endpoint->address == 0)
		return "-";
	snprintf(text, size, "%u.%u.%u.%u:%u", byte[0], byte[1], byte[2], byte[3],
		rte_be_to_cpu_16(endpoint->port));
	return text;
}

/* Who is registered in the end. */
static void
print_registrations(const struct replay *replay)
{
	struct appliance *appliance = replay->appliance;
	struct alg_registration page[PAGE_REGISTRATIONS_MAX];
	uint32_t cursor = 0, now_s = (uint32_t)(clock_now_ms() / 1000);
	unsigned int count;

	rcu_online(appliance->control.id);
	do {
		count = alg_registrations_page(appliance->alg, now_s, &cursor, RTE_DIM(page), page);
		for (unsigned int i = 0; i < count; i++) {
			const struct alg_registration *one = &page[i];
			char inside[24], outside[24];

			printf("registration %s contact %s inside %s outside %s registrar %s "
			       "transport %s granted %u expires %u\n",
				one->address_of_record, one->contact[0] ? one->contact : "-",
				endpoint_text(&one->inside, inside, sizeof(inside)),
				endpoint_text(&one->outside, outside, sizeof(outside)),
				inet_ntoa((struct in_addr){one->registrar}),
				one->inside.proto == IPPROTO_TCP ? "tcp" : "udp", one->granted_s,
				one->expires_s > now_s ? one->expires_s - now_s : 0);
		}
	} while (cursor != 0);
	rcu_offline(appliance->control.id);
}

/* Packets of one capture and one moment arrive as a burst, as a NIC would hand them over. */
static int
replay_burst(struct replay *replay, struct source *source)
{
	const struct timeval moment = source->header->ts;
	unsigned int count = 0;
	int rc;

	do {
		replay->read++;
		if (!replay_port_inject(
			    replay->appliance, source->port, source->frame, source->header->caplen))
			replay->refused++;
		rc = source_next(source, "capture");
	} while (rc == 0 && !source->ended && ++count < BURST_MAX &&
		 timercmp(&source->header->ts, &moment, ==));
	settle(replay);
	return rc;
}

static int
replay_packets(struct replay *replay)
{
	struct source *source;
	int rc = 0;

	while (rc == 0 && (source = source_earliest(replay)) != NULL) {
		time_advance(
			replay, CLOCK_ORIGIN_MS + elapsed_ms(&replay->base, &source->header->ts));
		rc = replay_burst(replay, source);
	}
	return rc;
}

static int
replay_prepare(struct replay *replay)
{
	struct appliance *appliance = replay->appliance;
	const struct source *first;
	int rc;

	for (unsigned int i = 0; i < appliance->options->replay_count; i++) {
		rc = source_open(replay, &appliance->options->replay[i]);
		if (rc != 0)
			return rc;
	}
	for (unsigned int i = 0; i < appliance->config->port_count; i++) {
		rc = replay_port_record(appliance, (uint16_t)i);
		if (rc != 0)
			return rc;
	}
	for (unsigned int i = 0; i < appliance->workers; i++) {
		rc = rcu_thread_register(i);
		if (rc != 0)
			return rc;
	}
	first = source_earliest(replay);
	if (first != NULL)
		replay->base = first->header->ts;
	clock_set_origin_wall_ms(
		(uint64_t)replay->base.tv_sec * 1000 + (uint64_t)replay->base.tv_usec / 1000);
	time_set(replay, CLOCK_ORIGIN_MS);
	replay->swept_ms = CLOCK_ORIGIN_MS;
	return 0;
}

int
replay_run(struct appliance *appliance)
{
	struct replay replay = {.appliance = appliance};
	int rc = replay_prepare(&replay);

	if (rc == 0) {
		settle(&replay);
		rc = replay_packets(&replay);
	}
	if (rc == 0) {
		time_advance(
			&replay, replay.now_ms + (uint64_t)appliance->options->drain_s * SWEEP_MS);
		print_counters(&replay);
		print_registrations(&replay);
	}
	for (unsigned int i = 0; i < replay.sources; i++)
		pcap_close(replay.source[i].capture);
	for (unsigned int i = 0; i < appliance->workers; i++)
		rcu_thread_unregister(i);
	return rc;
}
