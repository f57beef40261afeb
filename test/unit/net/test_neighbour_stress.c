/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers send to, and learn of, the same few neighbours while the control lcore forgets them
 * all the time. Every MAC address spells the IPv4 address it belongs to, so a frame that left for
 * the wrong host shows itself.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "net_fixture.h"

enum { WORKERS = 2, HOSTS = 48, ROUNDS = 10000 };

struct stress_worker {
	struct thread self;
	struct outbox outbox;
	struct net_output output;
	struct packet hint[HOSTS];
	uint64_t delivered, misdelivered;
};

static struct stress_worker workers[WORKERS];
static _Atomic uint32_t clock_s;
static _Atomic bool stop;

static rte_be32_t
host_address(uint32_t host)
{
	return rte_cpu_to_be_32(RTE_IPV4(203, 0, 113, 10) + host);
}

static struct rte_ether_addr
host_spelled(rte_be32_t address)
{
	struct rte_ether_addr mac = {{2}};

	memcpy(mac.addr_bytes + 2, &address, sizeof(address));
	return mac;
}

static void
check_sent(void *context, uint16_t port, struct rte_mbuf **frames, unsigned int count)
{
	struct stress_worker *worker = (struct stress_worker *)context;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(frames[i], const uint8_t *);
		struct rte_ether_addr mac;
		rte_be32_t destination;

		memcpy(&destination, frame + 14 + 16, sizeof(destination));
		mac = host_spelled(destination);
		if (frame[13] == 0) { /* IPv4 */
			worker->delivered++;
			worker->misdelivered += memcmp(frame, &mac, sizeof(mac)) != 0;
		}
	}
	rte_pktmbuf_free_bulk(frames, count);
}

static void
stress_send(struct stress_worker *worker, uint32_t host)
{
	struct packet *hint = &worker->hint[host];
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(net.output.mempool);
	struct rte_ipv4_hdr *ip;
	struct packet *packet;

	if (mbuf == NULL)
		return;
	mbuf->data_len = 28;
	mbuf->pkt_len = 28;
	ip = rte_pktmbuf_mtod(mbuf, struct rte_ipv4_hdr *);
	memset(ip, 0, 28);
	ip->version_ihl = 0x45;
	ip->total_length = RTE_BE16(28);
	ip->dst_addr = host_address(host);
	packet = packet_of(mbuf);
	memset(packet, 0, sizeof(*packet));
	packet->egress = WAN;
	if (!neighbour_is_current(
		    worker->output.neighbours, hint->neighbour, hint->neighbour_generation)) {
		hint->egress = WAN;
		hint->next_hop = ip->dst_addr;
		neighbour_find(worker->output.neighbours, hint);
	}
	packet->next_hop = ip->dst_addr;
	packet->neighbour = hint->neighbour;
	packet->neighbour_generation = hint->neighbour_generation;
	neighbour_output(&worker->self, &worker->output, mbuf);
}

static void
stress_learn(struct stress_worker *worker, uint32_t host)
{
	struct rte_ether_addr mac = host_spelled(host_address(host));
	struct burst burst = {.count = 1};
	uint8_t frame[64];
	unsigned int length =
		frame_arp(frame, WAN, RTE_ARP_OP_REPLY, &mac, host_address(host), WAN_OWN);

	burst.mbuf[0] = rte_pktmbuf_alloc(net.output.mempool);
	if (burst.mbuf[0] == NULL)
		return;
	burst.mbuf[0]->data_len = (uint16_t)length;
	burst.mbuf[0]->pkt_len = length;
	memcpy(rte_pktmbuf_mtod(burst.mbuf[0], void *), frame, length);
	memset(packet_of(burst.mbuf[0]), 0, sizeof(struct packet));
	packet_of(burst.mbuf[0])->interface = WAN;
	packet_of(burst.mbuf[0])->ip_offset = 14;
	neighbour_arp_burst(&worker->self, &worker->output, &burst);
}

static void *
worker_run(void *argument)
{
	struct stress_worker *worker = (struct stress_worker *)argument;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		worker->self.now_s = atomic_load_explicit(&clock_s, memory_order_relaxed);
		stress_send(worker, random_below(&worker->self.random, HOSTS));
		if (round % 4 == 0)
			stress_learn(worker, random_below(&worker->self.random, HOSTS));
		outbox_flush(&worker->outbox);
		if (round % 32 == 0) /* where cores are shared, nobody holds a lock while asleep */
			sched_yield();
	}
	return NULL;
}

static void *
control_run(void *argument)
{
	struct thread *self = (struct thread *)argument;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		self->now_s = atomic_fetch_add_explicit(&clock_s, 7, memory_order_relaxed);
		neighbour_sweep(self, net.output.neighbours, NEIGHBOURS_MAX);
		usleep(20);
	}
	return NULL;
}

static void
no_frame_goes_to_another_host_and_no_mbuf_is_lost(void **state)
{
	pthread_t thread[WORKERS], control;
	uint64_t delivered = 0, misdelivered = 0;
	unsigned int i;

	atomic_store(&clock_s, 1000);
	for (i = 0; i < WORKERS; i++) {
		thread_init(&workers[i].self, i);
		workers[i].outbox.flush = check_sent;
		workers[i].outbox.context = &workers[i];
		workers[i].output = net.output;
		workers[i].output.outbox = &workers[i].outbox;
		assert_int_equal(pthread_create(&thread[i], NULL, worker_run, &workers[i]), 0);
	}
	assert_int_equal(pthread_create(&control, NULL, control_run, &net.control), 0);
	for (i = 0; i < WORKERS; i++) {
		pthread_join(thread[i], NULL);
		delivered += workers[i].delivered;
		misdelivered += workers[i].misdelivered;
	}
	atomic_store(&stop, true);
	pthread_join(control, NULL);
	assert_true(delivered > 0);
	assert_int_equal(misdelivered, 0);

	net.control.now_s = atomic_load(&clock_s) + NEIGHBOUR_IDLE_S;
	neighbour_sweep(&net.control, net.output.neighbours, NEIGHBOURS_MAX);
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
	assert_int_equal(neighbour_held(net.output.neighbours), 0);
	/* net_check() counts the mbufs */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_frame_goes_to_another_host_and_no_mbuf_is_lost, net_reset, net_check),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
