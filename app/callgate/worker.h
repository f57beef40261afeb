/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker lcore: receives from its queues, takes what was handed to it, answers its mailbox, sends.
 * Everything in struct worker belongs to its own thread, except `load`, which telemetry reads.
 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "appliance.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/identification.h"
#include "unsolicited.h"

enum { WORKER_RX_MAX = PORTS_MAX * 4 };

/* Writer: the worker, with plain adds; readers: telemetry. */
struct worker_load {
	_Atomic uint64_t turns, empty_turns;
	_Atomic uint64_t busy_cycles, total_cycles; /* TSC */
	_Atomic uint64_t sleeps;
};

struct worker {
	struct thread thread;
	struct appliance *appliance;
	struct alg_worker *alg;
	struct outbox outbox;
	struct net_output output;
	struct icmp_limiter limiter[2]; /* of errors to hosts outside, and to all others */
	struct datagram_table *datagrams; /* those in fragments that come to this worker */
	struct stream_table *streams; /* SIP over TCP */
	struct identification identification;
	unsigned int rx_count;
	struct port_rx rx[WORKER_RX_MAX];
	bool promiscuous; /* replay: frames of a capture are for other stations */
	bool tcp_rst_check; /* nat.tcp_rst_check */
	bool shares_core; /* another lcore runs on this core: yield when idle */
	unsigned int idle_turns;
	struct worker_load load;
	struct unsolicited_ring unsolicited;
} __rte_cache_aligned;

/** Make the worker of a number; its ports are open. NULL and rte_errno. Bring-up. */
struct worker *worker_create(struct appliance *appliance, unsigned int id);
void worker_destroy(struct worker *worker);

/** One turn of the loop; returns how many packets, hand-offs and letters it found. Worker. */
unsigned int worker_turn(struct worker *worker);

/** The loop, until appliance->stop; what rte_eal_remote_launch() takes. */
int worker_run(void *worker);

#endif
