/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker lcore: receives from its queues, takes what was handed to it, answers its mailbox, sends.
 * Everything in struct worker belongs to its own thread, except `load` and `sip_time`, which telemetry
 * reads, and `busy`, the control lcore's.
 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "appliance.h"
#include "busy.h"
#include "core/histogram.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/identification.h"
#include "unsolicited.h"

enum {
	WORKER_RX_MAX = PORTS_MAX * 4,
	SIP_TIMED = 13, /* prime, so that it does not always meet the same message of a call */
};

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
	uint64_t tick_ns; /* nanoseconds of a TSC cycle, times 2^32 */
	unsigned int sip_untimed; /* so many messages on, one is timed */
	struct histogram sip_time; /* how long the ALG had messages; reader: telemetry */
	struct busy busy; /* writer: the control lcore; reader: telemetry */
} __rte_cache_aligned;

/**
 * Before and after the ALG has a message: how long it had it, of one in SIP_TIMED. To read the TSC twice
 * takes about 50 ns on a virtual machine, more than two of a hundred of a message's own time. Worker.
 */
static inline uint64_t
worker_sip_begin(struct worker *worker)
{
	return --worker->sip_untimed == 0 ? rte_rdtsc() : 0;
}

static inline void
worker_sip_end(struct worker *worker, uint64_t begin)
{
	if (likely(begin == 0))
		return;
	histogram_time(&worker->sip_time,
		(uint64_t)((unsigned __int128)(rte_rdtsc() - begin) * worker->tick_ns >> 32));
	worker->sip_untimed = SIP_TIMED;
}

/** Make the worker of a number; its ports are open. NULL and rte_errno. Bring-up. */
struct worker *worker_create(struct appliance *appliance, unsigned int id);
void worker_destroy(struct worker *worker);

/** One turn of the loop; returns how many packets, hand-offs and letters it found. Worker. */
unsigned int worker_turn(struct worker *worker);

/** The loop, until appliance->stop; what rte_eal_remote_launch() takes. */
int worker_run(void *worker);

#endif
