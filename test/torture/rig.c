/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_ring.h>

#include "app/callgate/control.h"
#include "app/callgate/handoff.h"
#include "app/callgate/replay.h"
#include "app/callgate/worker.h"
#include "core/clock.h"
#include "core/rcu.h"
#include "rig.h"

enum {
	SWEEP_MS = 1000,
	REST_MS = 100000000, /* longer than every timer */
	TURNS_MAX = 100000, /* that one frame may cause */
};

static const char configuration[] =
	"system: { worker_cores = [%s]; max_flows = %u; max_calls = 64; hugepages = \"off\";\n"
	"          log: { level = \"warning\"; }; };\n"
	"ports: ( { name = \"lan0\"; driver = \"null\"; }, { name = \"wan0\"; driver = \"null\"; } "
	");\n"
	"interfaces: (\n"
	"  { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/8\"]; nat = \"inside\"; %s "
	"},\n"
	"  { name = \"wan\"; port = \"wan0\"; addresses = [\"" RIG_CALLGATE_OUTSIDE "/24\"]; "
	"nat = \"outside\"; %s } );\n"
	"routes: ( { prefix = \"0.0.0.0/0\"; via = \"203.0.113.254\"; } );\n"
	"nat: { rules: (\n"
	"  { kind = \"static\"; protocol = \"tcp\"; inside = \"" RIG_STATIC_INSIDE ":5060\";\n"
	"    outside = \"" RIG_CALLGATE_OUTSIDE ":5060\"; },\n"
	"  { kind = \"dynamic\"; inside = [\"10.0.0.0/8\"]; interface = \"wan\"; overload = true; "
	"} ); };\n"
	"telemetry: { enabled = false; };\n"
	"%s\n%s\n";

static struct {
	struct appliance appliance;
	struct options options;
	struct rte_ring *leaving[RIG_PORTS];
	rig_out_fn out;
	uint64_t swept_ms, frames;
	uint64_t translations; /* that stand for ever, by the configuration */
} rig;

void (*rig_where)(void);

void
rig_fail(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	if (rig_where)
		rig_where();
	_exit(1);
}

static void
fault_print(void *context, const struct config_fault *fault)
{
	char line[512];

	config_fault_format(line, sizeof(line), fault);
	fprintf(stderr, "%s\n", line);
}

static void
configure(const struct rig_options *options)
{
	char path[] = "/tmp/callgate_torture_XXXXXX", cores[64] = "0", group[512] = "";
	const bool zones = options->zones != NULL;
	int file = mkstemp(path);

	for (unsigned int i = 1; i < options->workers; i++)
		strcat(cores, ", 0");
	if (options->sip)
		snprintf(group, sizeof(group), "sip: { %s };", options->sip);
	if (file < 0 ||
		dprintf(file, configuration, cores, options->max_flows ? options->max_flows : 1024,
			zones ? "zone = \"inside\";" : "", zones ? "zone = \"outside\";" : "",
			zones ? options->zones : "", group) < 0)
		rig_fail("cannot write a configuration");
	close(file);
	rig.appliance.config = config_load(path, fault_print, NULL);
	unlink(path);
	if (rig.appliance.config == NULL)
		rig_fail("configuration refused");
}

void
rig_start(const struct rig_options *options, rig_out_fn out)
{
	struct appliance *appliance = &rig.appliance;
	char name[RTE_RING_NAMESIZE];

	configure(options);
	rig.out = out;
	rig.options = (struct options){.mode = MODE_REPLAY, .seed = 1};
	appliance->options = &rig.options;
	appliance->workers = options->workers;
	appliance->replay = true;
	appliance->memory_mb = (unsigned int)(appliance_memory(appliance->config) >> 20) + 1;
	if (eal_start(appliance) != 0 || appliance_up(appliance) != 0)
		rig_fail("the appliance does not come up");
	for (unsigned int i = 0; i < appliance->workers; i++)
		MUST(rcu_thread_register(i) == 0, "no RCU thread %u", i);
	for (unsigned int i = 0; i < RIG_PORTS; i++) {
		snprintf(name, sizeof(name), "replay_tx_%u", i);
		rig.leaving[i] = rte_ring_lookup(name);
		MUST(rig.leaving[i] != NULL, "no ring %s", name);
	}
	clock_set_ms(CLOCK_ORIGIN_MS);
	rig.swept_ms = CLOCK_ORIGIN_MS;
	rig.translations = appliance_count(appliance).translations;
}

void
rig_stop(void)
{
	for (unsigned int i = 0; i < rig.appliance.workers; i++)
		rcu_thread_unregister(i);
	appliance_down(&rig.appliance);
	config_free(rig.appliance.config);
	rte_eal_cleanup();
}

/* Every station that callgate asks for is there: 02:00 followed by its IPv4 address. */
static void
answer_arp(uint16_t port, const uint8_t *frame, uint32_t length)
{
	uint8_t answer[sizeof(struct rte_ether_hdr) + sizeof(struct rte_arp_hdr)];
	struct rte_ether_hdr *ether = (void *)answer;
	struct rte_arp_hdr *arp = (void *)(ether + 1);
	struct rte_arp_ipv4 asked;

	if (length < sizeof(answer))
		return;
	memcpy(answer, frame, sizeof(answer));
	if (arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST))
		return;
	asked = arp->arp_data;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_sha = (struct rte_ether_addr){{0x02}};
	memcpy(&arp->arp_data.arp_sha.addr_bytes[2], &asked.arp_tip, sizeof(asked.arp_tip));
	arp->arp_data.arp_sip = asked.arp_tip;
	arp->arp_data.arp_tha = asked.arp_sha;
	arp->arp_data.arp_tip = asked.arp_sip;
	ether->dst_addr = asked.arp_sha;
	ether->src_addr = arp->arp_data.arp_sha;
	rig.frames++;
	MUST(replay_port_inject(&rig.appliance, port, answer, sizeof(answer)), "no mbuf for ARP");
}

static unsigned int
drain(uint16_t port)
{
	static uint8_t flat[UINT16_MAX];
	unsigned int drained = 0;
	void *object;

	while (rte_ring_dequeue(rig.leaving[port], &object) == 0) {
		struct rte_mbuf *mbuf = object;
		const uint32_t length = rte_pktmbuf_pkt_len(mbuf);
		const uint8_t *frame;
		rte_be16_t type;

		MUST(length <= sizeof(flat), "a frame of %u bytes", length);
		frame = rte_pktmbuf_read(mbuf, 0, length, flat);
		memcpy(&type, frame + 12, sizeof(type));
		if (type == RTE_BE16(RTE_ETHER_TYPE_ARP))
			answer_arp(port, frame, length);
		else
			rig.out(port, frame, length);
		rte_pktmbuf_free(mbuf);
		drained++;
	}
	return drained;
}

static bool
at_rest(void)
{
	if (!handoff_empty(rig.appliance.handoff))
		return false;
	for (unsigned int i = 0; i < rig.appliance.workers; i++) {
		if (!mailbox_empty(rig.appliance.mailbox[i]))
			return false;
	}
	return !replay_port_pending(RIG_INSIDE) && !replay_port_pending(RIG_OUTSIDE);
}

static void
settle(void)
{
	unsigned int moved, turns = 0;

	do {
		moved = 0;
		for (unsigned int i = 0; i < rig.appliance.workers; i++)
			moved += worker_turn(rig.appliance.worker[i]);
		for (uint16_t port = 0; port < RIG_PORTS; port++)
			moved += drain(port);
		MUST(++turns < TURNS_MAX, "the workers find no rest");
	} while (moved > 0 || !at_rest());
}

void
rig_put(uint16_t port, uint8_t *frame, uint32_t length)
{
	struct rte_ether_hdr *ether = (void *)frame;

	ether->dst_addr = rig.appliance.ports[port].mac;
	ether->src_addr = (struct rte_ether_addr){{0x02, 0x11, 0x11, 0x11, 0x11, 0x11}};
	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	rig.frames++;
	MUST(replay_port_inject(&rig.appliance, port, frame, length), "no mbuf for a frame");
	settle();
}

/* Passes of the control lcore until nothing is due any more at this moment. */
static void
sweep(void)
{
	do {
		control_pass(&rig.appliance);
		settle();
	} while (!alg_idle(rig.appliance.alg, rig.appliance.control.now_s));
	rig.swept_ms = clock_now_ms();
}

void
rig_clock(uint64_t now_ms)
{
	clock_set_ms(now_ms);
	if (now_ms >= rig.swept_ms + SWEEP_MS)
		sweep();
	else
		settle();
}

uint64_t
rig_now_ms(void)
{
	return clock_now_ms();
}

void
rig_rest(void)
{
	/* What one pass ends, the next ones give back, grace periods between them. */
	for (unsigned int i = 0; i < 6; i++) {
		clock_set_ms(clock_now_ms() + REST_MS / 6);
		sweep();
	}
}

const char *
rig_left(void)
{
	static char text[256];
	const struct appliance_counts counts = appliance_count(&rig.appliance);
	const struct {
		const char *name;
		uint64_t count;
	} row[] = {
		{"flows", counts.flows},
		{"translations", counts.translations - rig.translations},
		{"doors", counts.doors},
		{"pinholes", counts.pinholes},
		{"calls", counts.calls},
		{"registrations", counts.registrations},
		{"hosts", counts.hosts},
		{"ports", counts.ports},
		{"held ports", counts.held_ports},
		{"mbufs", counts.mbufs},
		{"datagrams", counts.datagrams},
		{"streams", counts.streams},
		{"pieces of streams", counts.stream_buffers},
	};
	size_t used = 0;

	for (unsigned int i = 0; i < RTE_DIM(row); i++) {
		if (row[i].count > 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				" %" PRIu64 " %s", row[i].count, row[i].name);
	}
	return used > 0 ? text : NULL;
}

uint64_t
rig_calls_left(void)
{
	const struct appliance_counts counts = appliance_count(&rig.appliance);

	return counts.calls + counts.media_doors + counts.media_pinholes;
}

struct appliance *
rig_appliance(void)
{
	return &rig.appliance;
}

uint64_t
rig_event(const char *name)
{
	for (unsigned int i = 0; i < EVENT_COUNT; i++) {
		if (strcmp(event_name(i), name) == 0)
			return counters_event_sum(i);
	}
	rig_fail("no event %s", name);
}

uint64_t
rig_drops(void)
{
	uint64_t drops = 0;

	for (unsigned int i = 0; i < DROP_COUNT; i++) {
		if (strstr(drop_reason_name(i), "_consumed") == NULL)
			drops += counters_drop_sum(i);
	}
	return drops;
}

uint64_t
rig_frames(void)
{
	return rig.frames;
}
