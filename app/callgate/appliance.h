/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole appliance: everything that bring-up makes and tear-down frees, in one place.
 *
 * Life cycle: appliance_up() walks the bring-up table in appliance.c; appliance_down() walks what
 * was brought up in reverse. Between the two the members are read-only, apart from `stop` and what
 * the objects behind the pointers synchronize themselves.
 */
#ifndef APP_APPLIANCE_H
#define APP_APPLIANCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "alg/alg.h"
#include "config/config.h"
#include "core/mailbox.h"
#include "drivers/port.h"
#include "flow/flow.h"
#include "flow/pinhole.h"
#include "fw/account.h"
#include "fw/fw.h"
#include "nat/nat.h"
#include "net/datagram.h"
#include "net/interface.h"
#include "net/neighbour.h"
#include "net/route.h"
#include "options.h"

#define CALLGATE_VERSION "0.1.0"

enum {
	MBUF_ROOM = RTE_PKTMBUF_HEADROOM + 2048,
	/* Mbufs for SIP messages that outgrow an ordinary one: buf_len is 16 bits wide. */
	LARGE_MBUFS = 256,
	LARGE_MBUF_ROOM = 65000,
	MAILBOX_SIZE = 1024,
};

struct cdr;
struct handoff;
struct request;
struct stream_pools;
struct trace;
struct worker;

struct appliance {
	const struct options *options;
	struct config *config;
	time_t loaded_at;
	char *reloaded; /* effective text of the last reload; NULL: there was none. ruleset_lock */
	uint64_t reloads; /* likewise */
	uint64_t started_ms;
	unsigned int workers;
	bool replay;
	unsigned int memory_mb; /* what EAL was given */
	bool hugepages; /* reserved huge pages are used */
	bool transparent_pages; /* the kernel took the advice for the tables */
	int socket; /* NUMA node, or the table heap's number, for all tables */
	struct rte_mempool *mempool; /* ordinary mbufs */
	struct rte_mempool *large_mempool; /* messages that outgrow an ordinary mbuf */
	unsigned int ports_open;
	struct port ports[PORTS_MAX];
	struct interface_table *interfaces;
	struct route_table *routes;
	struct neighbour_table *neighbours;
	struct flow_table *flows;
	struct pinhole_table *pinholes;
	struct nat *nat; /* NULL: no NAT rules */
	struct fw_accounts *accounts; /* of zone pairs and classes */
	struct ruleset *_Atomic ruleset; /* writer: reload; read with appliance_ruleset() */
	struct alg *alg;
	struct cdr *cdr; /* call detail records; NULL: off */
	struct stream_pools *streams; /* SIP over TCP */
	struct handoff *handoff;
	struct trace *trace; /* of SIP messages */
	struct mailbox *mailbox[WORKERS_MAX];
	struct mailbox *control_mailbox;
	struct worker *worker[WORKERS_MAX];
	struct thread control;
	/* The control lcore's own: clearing in progress, a reload that waits. */
	bool clearing_nat, clearing_firewall;
	uint32_t clear_nat_cursor, clear_firewall_cursor;
	struct request *reload_request;
	_Atomic bool reload_wanted; /* writer: signal handler; reader: control lcore */
	_Atomic bool stop; /* writer: signal handler, control; readers: all loops */
};

/**
 * Bring everything up. 0, -EINTR when told to stop meanwhile, or -errno after a log line; in both
 * cases what was made is taken down again.
 */
int appliance_up(struct appliance *appliance);

/** Take down in reverse what appliance_up() made. The workers have ended. */
void appliance_down(struct appliance *appliance);

/** The ruleset in force. An online thread may use it until its next quiescent state; a telemetry
 *  handler as long as reload_hold() holds it. */
static inline struct ruleset *
appliance_ruleset(const struct appliance *appliance)
{
	/* acquire: pairs with the release in reload.c; the ruleset is complete */
	return atomic_load_explicit(&appliance->ruleset, memory_order_acquire);
}

/* Sizes that several places need: pinholes and bindings grow with flows and calls. */
static inline uint32_t
appliance_pinhole_capacity(const struct config *config)
{
	return config->system.max_calls * 6 + 1024;
}

static inline uint32_t
appliance_binding_capacity(const struct config *config)
{
	return config->system.max_flows + config->system.max_calls * 2;
}

/**
 * Bytes that a configuration takes: EAL's own, mbufs and ports (base), and the tables; together.
 */
size_t appliance_base_memory(const struct config *config);
size_t appliance_table_memory(const struct config *config);
size_t appliance_deferred_memory(const struct config *config); /* tables' part in EAL's own heap */
size_t appliance_memory(const struct config *config);

/** What each worker's table of datagrams in fragments may hold: its part of the configured limits. */
struct datagram_limits appliance_datagram_limits(const struct config *config);

/** Ordinary mbufs of a configuration. */
unsigned int appliance_mbufs(const struct config *config);

/** Open the log and start EAL for a configuration. 0 or -errno after a line in the log. Main thread, once. */
int eal_start(struct appliance *appliance);

/** What kind of pages the tables are in, for log and show: "huge", "transparent", "ordinary". */
const char *eal_pages(const struct appliance *appliance);

/** Log how many of what were left over at the end of a run (all tables counted). */
struct appliance_counts {
	uint64_t flows, translations, doors, media_doors, pinholes, media_pinholes, calls;
	uint64_t registrations, hosts, ports, held_ports, mbufs, neighbours;
	uint64_t datagrams, fragments; /* that wait for the rest of their datagram */
	uint64_t traces; /* and captures */
	uint64_t streams, stream_buffers; /* SIP over TCP: connections, chunks of bytes */
};
struct appliance_counts appliance_count(const struct appliance *appliance);

#endif
