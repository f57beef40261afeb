/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bring-up and tear-down: one table, walked down and up again. Nothing else makes or frees what the
 * appliance consists of.
 */
#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include "appliance.h"
#include "cdr.h"
#include "control.h"
#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/log.h"
#include "core/rcu.h"
#include "handoff.h"
#include "hep.h"
#include "log_levels.h"
#include "reload.h"
#include "replay.h"
#include "stream.h"
#include "telemetry.h"
#include "trace.h"
#include "worker.h"

enum {
	MBUF_CACHE = 256,
	RULESET_FIRST_GENERATION = 1,
};

static int
core_up(struct appliance *appliance)
{
	const struct config_system *system = &appliance->config->system;
	int rc;

	keyed_hash_init(appliance->replay ? appliance->options->seed : 0);
	clock_init(appliance->replay);
	rc = log_init(system->log_level, system->log_target);
	if (rc != 0)
		return rc;
	log_levels_configure(appliance->config);
	thread_init(&appliance->control, THREAD_CONTROL);
	rc = log_queue_create();
	if (rc == 0)
		rc = rcu_init();
	if (rc != 0)
		return rc;
	appliance->started_ms = clock_now_ms();
	rc = rcu_thread_register(THREAD_CONTROL);
	rcu_offline(THREAD_CONTROL);
	return rc;
}

static void
core_down(struct appliance *appliance)
{
	rcu_thread_unregister(THREAD_CONTROL);
	rcu_fini();
	log_queue_destroy(appliance->control.counters);
}

static int
mempools_up(struct appliance *appliance)
{
	unsigned int mbufs = appliance_mbufs(appliance->config);
	int socket = (int)rte_socket_id();

	appliance->mempool = !appliance->replay && ports_need_umem(appliance->config)
				     ? umem_mempool_create("packets", mbufs, MBUF_CACHE,
					       PACKET_PRIVATE_SIZE, socket)
				     : rte_pktmbuf_pool_create("packets", mbufs, MBUF_CACHE,
					       PACKET_PRIVATE_SIZE, MBUF_ROOM, socket);
	appliance->large_mempool = rte_pktmbuf_pool_create(
		"large_messages", LARGE_MBUFS, 0, PACKET_PRIVATE_SIZE, LARGE_MBUF_ROOM, socket);
	return appliance->mempool && appliance->large_mempool ? 0 : -rte_errno;
}

static void
mempools_down(struct appliance *appliance)
{
	rte_mempool_free(appliance->large_mempool);
	rte_mempool_free(appliance->mempool);
}

static int
ports_up(struct appliance *appliance)
{
	const struct config *config = appliance->config;
	int rc;

	for (unsigned int i = 0; i < config->port_count; i++) {
		if (appliance->replay)
			rc = replay_port_open(appliance, (uint16_t)i);
		else
			rc = port_open(&config->ports[i], (uint16_t)i, appliance->workers,
				appliance->mempool, &appliance->ports[i]);
		if (rc != 0)
			return rc;
		appliance->ports_open++;
	}
	return 0;
}

static void
ports_down(struct appliance *appliance)
{
	while (appliance->ports_open > 0) {
		struct port *port = &appliance->ports[--appliance->ports_open];

		if (appliance->replay)
			replay_port_close(appliance, port);
		else
			port_close(port);
	}
}

static int
network_up(struct appliance *appliance)
{
	struct rte_ether_addr macs[PORTS_MAX];
	int socket = appliance->socket;

	for (unsigned int i = 0; i < appliance->config->port_count; i++)
		macs[i] = appliance->ports[i].mac;
	appliance->interfaces = interface_table_create(appliance->config, macs);
	if (appliance->interfaces == NULL)
		return -rte_errno;
	appliance->neighbours = neighbour_table_create(socket);
	if (appliance->neighbours == NULL)
		return -rte_errno;
	return route_table_create(
		appliance->config, appliance->interfaces, socket, &appliance->routes);
}

static void
network_down(struct appliance *appliance)
{
	route_table_destroy(appliance->routes);
	neighbour_table_destroy(appliance->neighbours);
	interface_table_destroy(appliance->interfaces);
}

static int
flows_up(struct appliance *appliance)
{
	const struct config *config = appliance->config;
	const struct flow_timeouts timeouts = {
		.udp = config->nat.timeout_udp,
		.tcp_established = config->nat.timeout_tcp_established,
		.tcp_transitory = config->nat.timeout_tcp_transitory,
		.icmp = config->nat.timeout_icmp,
		.tcp_opening = config->nat.timeout_tcp_opening,
		.tcp_closing = config->nat.timeout_tcp_closing,
	};
	int socket = appliance->socket;

	appliance->flows = flow_table_create(config->system.max_flows, &timeouts, socket);
	if (appliance->flows == NULL)
		return -rte_errno;
	if (config->nat.tcp_rst_check || config->tcp_window_check) {
		int rc = flow_table_windows(appliance->flows, socket);

		if (rc != 0)
			return rc;
	}
	appliance->pinholes =
		pinhole_table_create(appliance_pinhole_capacity(config), appliance->flows, socket);
	return appliance->pinholes ? 0 : -rte_errno;
}

static void
flows_down(struct appliance *appliance)
{
	pinhole_table_destroy(appliance->pinholes);
	flow_table_destroy(appliance->flows);
}

static int
nat_up(struct appliance *appliance)
{
	rte_be32_t address;
	int rc;

	if (appliance->config->nat.rule_count == 0)
		return 0;
	rc = nat_create(appliance->config, appliance->interfaces, appliance->flows,
		appliance_binding_capacity(appliance->config), appliance->socket, &appliance->nat);
	if (rc != 0)
		return rc;
	/* Who is on the wire asks for outside addresses as for any other. */
	for (uint32_t i = 0; (address = nat_outside_address(appliance->nat, i)) != 0; i++)
		interface_proxy_add(appliance->interfaces, address);
	return 0;
}

static void
nat_down(struct appliance *appliance)
{
	if (appliance->nat == NULL)
		return;
	nat_log_write(&appliance->control, appliance->nat, UINT32_MAX);
	nat_destroy(appliance->nat);
}

static int
firewall_up(struct appliance *appliance)
{
	struct ruleset *ruleset;
	int rc;

	appliance->accounts =
		fw_accounts_create(fw_accounts_needed(appliance->config), appliance->socket);
	if (appliance->accounts == NULL)
		return -ENOMEM;
	flow_table_accounts(appliance->flows, fw_accounts_all(appliance->accounts));
	rc = ruleset_create(appliance->config, appliance->accounts, RULESET_FIRST_GENERATION,
		appliance->socket, &ruleset);
	if (rc == 0)
		atomic_store_explicit(&appliance->ruleset, ruleset, memory_order_release);
	return rc;
}

static void
firewall_down(struct appliance *appliance)
{
	if (appliance_ruleset(appliance) != NULL)
		ruleset_destroy(appliance_ruleset(appliance));
	reload_destroy(appliance);
	fw_accounts_destroy(appliance->accounts);
}

static int
alg_up(struct appliance *appliance)
{
	const struct alg_parameters parameters = {
		.config = appliance->config,
		.nat = appliance->nat,
		.pinholes = appliance->pinholes,
		.flows = appliance->flows,
		.routes = appliance->routes,
		.interfaces = appliance->interfaces,
		.socket = appliance->socket,
	};

	appliance->cdr = cdr_create(appliance->config);
	if (appliance->cdr == NULL && rte_errno != 0)
		return -rte_errno;
	return alg_create(&parameters, &appliance->alg);
}

static void
alg_down(struct appliance *appliance)
{
	cdr_finish(appliance);
	cdr_destroy(appliance->cdr);
	alg_destroy(appliance->alg);
}

static int
streams_up(struct appliance *appliance)
{
	appliance->streams = stream_pools_create(appliance->config, appliance->socket);
	return appliance->streams ? 0 : -rte_errno;
}

static void
streams_down(struct appliance *appliance)
{
	stream_pools_destroy(appliance->streams);
}

static int
trace_up(struct appliance *appliance)
{
	const struct config_sip *sip = &appliance->config->sip;
	struct hep *hep = NULL;

	/* A replay is no traffic of now. */
	if (sip->hep_address != 0 && !appliance->replay) {
		hep = hep_create(sip);
		if (hep == NULL)
			return -rte_errno;
	}
	appliance->trace = trace_create(appliance->workers, appliance->socket, hep);
	return appliance->trace ? 0 : -rte_errno;
}

static void
trace_down(struct appliance *appliance)
{
	if (appliance->trace)
		trace_end(appliance);
	trace_destroy(appliance->trace);
}

static int
mailboxes_up(struct appliance *appliance)
{
	int socket = appliance->socket;
	char name[RTE_RING_NAMESIZE];

	for (unsigned int i = 0; i < appliance->workers; i++) {
		snprintf(name, sizeof(name), "mailbox_%u", i);
		appliance->mailbox[i] = mailbox_create(name, MAILBOX_SIZE, socket);
		if (appliance->mailbox[i] == NULL)
			return -rte_errno;
	}
	appliance->control_mailbox = mailbox_create("mailbox_control", MAILBOX_SIZE, socket);
	appliance->handoff = handoff_create(appliance->workers, socket);
	return appliance->control_mailbox && appliance->handoff ? 0 : -rte_errno;
}

static void
mailboxes_down(struct appliance *appliance)
{
	handoff_destroy(appliance->handoff);
	mailbox_destroy(appliance->control_mailbox);
	for (unsigned int i = 0; i < appliance->workers; i++)
		mailbox_destroy(appliance->mailbox[i]);
}

static int
workers_up(struct appliance *appliance)
{
	for (unsigned int i = 0; i < appliance->workers; i++) {
		appliance->worker[i] = worker_create(appliance, i);
		if (appliance->worker[i] == NULL)
			return -rte_errno;
	}
	return 0;
}

static void
workers_down(struct appliance *appliance)
{
	for (unsigned int i = 0; i < appliance->workers; i++)
		worker_destroy(appliance->worker[i]);
}

static int
telemetry_up(struct appliance *appliance)
{
	if (appliance->replay || !appliance->config->telemetry_enabled)
		return 0;
	return telemetry_register(appliance);
}

static void
telemetry_down(struct appliance *appliance)
{
	telemetry_unregister();
}

/* The bring-up table. A step that fails is taken down itself, too: every down accepts NULLs. */
static const struct step {
	const char *name;
	int (*up)(struct appliance *appliance);
	void (*down)(struct appliance *appliance);
} steps[] = {
	{"clock, log and RCU", core_up, core_down},
	{"mbuf pools", mempools_up, mempools_down},
	{"ports", ports_up, ports_down},
	{"interfaces, neighbours and routes", network_up, network_down},
	{"flow table and pinholes", flows_up, flows_down},
	{"NAT", nat_up, nat_down},
	{"firewall", firewall_up, firewall_down},
	{"SIP ALG", alg_up, alg_down},
	{"SIP connections", streams_up, streams_down},
	{"traces", trace_up, trace_down},
	{"mailboxes and hand-off rings", mailboxes_up, mailboxes_down},
	{"workers", workers_up, workers_down},
	{"telemetry", telemetry_up, telemetry_down},
};

static void
steps_down(struct appliance *appliance, unsigned int count)
{
	while (count > 0)
		steps[--count].down(appliance);
}

int
appliance_up(struct appliance *appliance)
{
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		int rc;

		/* relaxed: nothing but the end depends on it */
		if (atomic_load_explicit(&appliance->stop, memory_order_relaxed)) {
			steps_down(appliance, i);
			return -EINTR;
		}
		rc = steps[i].up(appliance);
		if (rc != 0) {
			LOG(ERR, "cannot bring up %s: %s", steps[i].name, rte_strerror(-rc));
			steps_down(appliance, i + 1);
			return rc;
		}
	}
	return 0;
}

void
appliance_down(struct appliance *appliance)
{
	log_queue_write(appliance->control.counters, UINT32_MAX);
	log_rates_tell(true);
	steps_down(appliance, RTE_DIM(steps));
}

struct appliance_counts
appliance_count(const struct appliance *appliance)
{
	struct appliance_counts counts = {
		.flows = pool_used(flow_pool(appliance->flows)),
		.pinholes = pool_used(pinhole_pool(appliance->pinholes)),
		.media_pinholes = pinhole_media_count(appliance->pinholes),
		.calls = alg_call_count(appliance->alg),
		.registrations = alg_registration_count(appliance->alg),
		.mbufs = rte_mempool_in_use_count(appliance->mempool) +
			 rte_mempool_in_use_count(appliance->large_mempool),
		.neighbours = neighbour_count(appliance->neighbours),
		.streams = pool_used(appliance->streams->streams),
		.stream_buffers = pool_used(appliance->streams->bytes),
		.traces = appliance->trace ? trace_count(appliance->trace) : 0,
	};

	for (unsigned int i = 0; i < appliance->workers; i++) {
		counts.datagrams += datagram_table_count(appliance->worker[i]->datagrams);
		counts.fragments += datagram_table_held(appliance->worker[i]->datagrams);
		counts.stream_buffers -= stream_bytes_rest(appliance->worker[i]->streams);
	}
	if (appliance->nat) {
		counts.translations = pool_used(nat_binding_pool(appliance->nat));
		counts.doors = nat_doors(appliance->nat);
		counts.media_doors = nat_media_doors(appliance->nat);
		counts.hosts = nat_hosts(appliance->nat);
		counts.ports = nat_ports_used(appliance->nat);
		counts.held_ports = nat_ports_held(appliance->nat);
	}
	return counts;
}
