/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker loop. Idle behaviour: a worker that shares its core yields on every empty turn; with
 * system.idle = "auto" it sleeps up to SLEEP_US after IDLE_TURNS empty turns, QSBR-offline, so that
 * a grace period never waits for a sleeper.
 */
#include <sched.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "core/log.h"
#include "core/rcu.h"
#include "handoff.h"
#include "pipeline.h"
#include "request.h"
#include "stream.h"
#include "worker.h"

enum {
	IDLE_TURNS = 2000, /* about half a millisecond of empty polls */
	SLEEP_US = 50,
	MAILS_A_TURN = 8,
};

/* Outbox to port: what the queue does not take is dropped and counted. */
static void
worker_flush(void *context, uint16_t port, struct rte_mbuf **frames, unsigned int count)
{
	struct worker *worker = context;
	unsigned int sent;

	sent = port_send(&worker->appliance->ports[port], worker->thread.id, frames, count);
	event_count(worker->thread.counters, EVENT_TX_PACKETS, sent);
	for (unsigned int i = sent; i < count; i++)
		packet_drop(&worker->thread, frames[i], DROP_TX_FULL);
}

static bool
core_is_shared(const struct config_system *system, unsigned int worker)
{
	if (system->worker_cores[worker] == system->control_core)
		return true;
	for (unsigned int i = 0; i < system->worker_count; i++) {
		if (i != worker && system->worker_cores[i] == system->worker_cores[worker])
			return true;
	}
	return false;
}

struct worker *
worker_create(struct appliance *appliance, unsigned int id)
{
	struct worker *worker = rte_zmalloc("worker", sizeof(*worker), RTE_CACHE_LINE_SIZE);
	struct datagram_limits limits;

	if (worker == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	thread_init(&worker->thread, id);
	worker->appliance = appliance;
	limits = appliance_datagram_limits(appliance->config);
	worker->datagrams = datagram_table_create(&limits, appliance->socket);
	if (worker->datagrams == NULL) {
		rte_free(worker);
		return NULL;
	}
	worker->streams = stream_table_create(worker, appliance->socket);
	if (worker->streams == NULL) {
		datagram_table_destroy(&worker->thread, worker->datagrams);
		rte_free(worker);
		return NULL;
	}
	identification_init(&worker->thread, &worker->identification, appliance->workers);
	worker->alg = alg_worker_of(appliance->alg, id);
	worker->outbox.flush = worker_flush;
	worker->outbox.context = worker;
	worker->output = (struct net_output){
		.outbox = &worker->outbox,
		.mempool = appliance->mempool,
		.interfaces = appliance->interfaces,
		.neighbours = appliance->neighbours,
	};
	worker->rx_count = port_rx_assign(appliance->ports, appliance->config->port_count, id,
		appliance->workers, worker->rx, WORKER_RX_MAX);
	for (unsigned int i = 0; i < RTE_DIM(worker->limiter); i++)
		icmp_limiter_init(
			&worker->limiter[i], appliance->config->system.icmp_errors_per_second);
	worker->tcp_rst_check = appliance->config->nat.tcp_rst_check;
	worker->sip_untimed = 1;
	worker->tick_ns = ((uint64_t)NS_PER_S << 32) / rte_get_tsc_hz();
	worker->promiscuous = appliance->replay;
	worker->shares_core = core_is_shared(&appliance->config->system, id);
	return worker;
}

void
worker_destroy(struct worker *worker)
{
	if (worker == NULL)
		return;
	for (unsigned int port = 0; port < PORTS_MAX; port++) {
		for (unsigned int i = 0; i < worker->outbox.port[port].count; i++)
			packet_drop(
				&worker->thread, worker->outbox.port[port].frame[i], DROP_SHUTDOWN);
	}
	datagram_table_destroy(&worker->thread, worker->datagrams);
	stream_table_destroy(worker->streams);
	rte_free(worker);
}

static unsigned int
worker_receive(struct worker *worker)
{
	unsigned int received = 0;

	for (unsigned int i = 0; i < worker->rx_count; i++) {
		const struct port_rx *rx = &worker->rx[i];
		struct burst burst;

		burst.count = rte_eth_rx_burst(rx->ethdev, rx->queue, burst.mbuf, BURST_MAX);
		if (burst.count == 0)
			continue;
		received += burst.count;
		pipeline_receive(worker, rx->port, &burst);
	}
	if (received > 0)
		event_count(worker->thread.counters, EVENT_RX_PACKETS, received);
	return received;
}

static unsigned int
worker_read_mail(struct worker *worker)
{
	struct mail mails[MAILS_A_TURN];
	unsigned int count;

	count = mailbox_take(worker->appliance->mailbox[worker->thread.id], mails, MAILS_A_TURN);
	for (unsigned int i = 0; i < count; i++) {
		if (mails[i].kind <= ALG_MAIL_LAST)
			alg_mail(&worker->thread, worker->alg, &mails[i]);
		else
			request_serve_worker(worker, &mails[i]);
	}
	return count;
}

unsigned int
worker_turn(struct worker *worker)
{
	struct handoff_arrivals arrivals;
	unsigned int work;

	thread_refresh_clock(&worker->thread);
	/* First of all: no fragment joins a datagram whose time is over. */
	work = fragment_stage_age(worker);
	work += unsolicited_poll(worker);
	work += worker_receive(worker);
	handoff_receive(&worker->thread, worker->appliance->handoff, &arrivals);
	work += arrivals.packets.count + arrivals.fragments.count + arrivals.letters;
	if (arrivals.packets.count > 0)
		pipeline_forward(worker, &arrivals.packets);
	if (arrivals.fragments.count > 0)
		fragment_stage_own(worker, &arrivals.fragments);
	for (unsigned int i = 0; i < arrivals.letters; i++)
		stream_handed(worker, &arrivals.letter[i]);
	work += stream_poll(worker);
	work += worker_read_mail(worker);
	work += alg_poll(&worker->thread, worker->alg);
	outbox_flush(&worker->outbox);
	rcu_quiescent(worker->thread.id);
	return work;
}

static void
worker_rest(struct worker *worker)
{
	if (worker->shares_core)
		sched_yield();
	if (worker->appliance->config->system.idle == IDLE_POLL ||
		++worker->idle_turns < IDLE_TURNS)
		return;
	rcu_offline(worker->thread.id);
	usleep(SLEEP_US);
	rcu_online(worker->thread.id);
	counter_add(&worker->load.sleeps, 1);
}

int
worker_run(void *argument)
{
	struct worker *worker = argument;
	struct worker_load *load = &worker->load;
	uint64_t before = rte_rdtsc(), after;

	log_queue_join();
	if (rcu_thread_register(worker->thread.id) != 0)
		return -1;
	if (worker->thread.id == 0)
		neighbour_announce(&worker->thread, &worker->output);
	/* relaxed: nothing but the loop's end depends on it */
	while (!atomic_load_explicit(&worker->appliance->stop, memory_order_relaxed)) {
		unsigned int work = worker_turn(worker);

		after = rte_rdtsc();
		counter_add(&load->turns, 1);
		if (work > 0) {
			worker->idle_turns = 0;
			counter_add(&load->busy_cycles, after - before);
		} else {
			counter_add(&load->empty_turns, 1);
			worker_rest(worker);
			after = rte_rdtsc();
		}
		counter_add(&load->total_cycles, after - before);
		before = after;
	}
	rcu_thread_unregister(worker->thread.id);
	return 0;
}
