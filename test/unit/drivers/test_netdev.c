/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports on kernel network devices: af_packet, af_xdp and tap, on veth pairs in a network namespace
 * of this test's own, which ends with it. Skipped (77) where such a namespace cannot be made.
 */
#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <rte_cycles.h>
#include <rte_ether.h>

#include "fixture.h"

enum {
	FLOWS = 64,
	QUEUES_MAX = 4,
	SKIPPED = 77,
};

/* What came in on the queues of a port. */
struct received {
	unsigned int packets[QUEUES_MAX];
	unsigned int total;
	uint32_t longest;
	unsigned int foreign; /* mbufs that are not of the common mempool */
};

/* veth pair cgin (ours) - cgout (the peer's, 10.9.0.2/24), both with as many queues */
static void
veth_create(unsigned int queues)
{
	char command[512];

	snprintf(command, sizeof(command),
		"ip link add cgin address 02:63:67:00:00:01 numrxqueues %u numtxqueues %u type veth"
		" peer name cgout numrxqueues %u numtxqueues %u &&"
		" ip link set cgin addrgenmode none && ip link set cgout addrgenmode none &&"
		" ip link set cgin up && ip link set cgout up && ip addr add 10.9.0.2/24 dev cgout "
		"&&"
		" ip neigh add 10.9.0.1 lladdr 02:63:67:00:00:01 dev cgout",
		queues, queues, queues, queues);
	assert_int_equal(system(command), 0);
}

static int
veth_delete(void **state)
{
	return system("ip link del cgin 2>/dev/null; true");
}

/* A datagram of `size` bytes from each of FLOWS ports of the peer. */
static void
peer_send(size_t size)
{
	static const char payload[65000];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5060)};
	struct sockaddr_in from = {.sin_family = AF_INET};

	assert_int_equal(inet_pton(AF_INET, "10.9.0.1", &to.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET, "10.9.0.2", &from.sin_addr), 1);
	for (uint16_t flow = 0; flow < FLOWS; flow++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		from.sin_port = htons((uint16_t)(20000 + flow));
		assert_true(fd >= 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
		assert_int_equal(
			sendto(fd, payload, size, 0, (struct sockaddr *)&to, sizeof(to)), size);
		close(fd);
	}
}

/* What has reached the peer's end of the wire, whatever it is. */
static uint64_t
peer_packets(void)
{
	FILE *devices = fopen("/proc/thread-self/net/dev", "r");
	unsigned long long packets = 0;
	char line[512];
	bool found = false;

	assert_non_null(devices);
	while (!found && fgets(line, sizeof(line), devices) != NULL)
		found = sscanf(line, " cgout: %*u %llu", &packets) == 1;
	fclose(devices);
	assert_true(found);
	return packets;
}

/* Poll all queues until `expected` UDP packets came, or for a long while. */
static void
port_receive(const struct port *port, unsigned int expected, struct received *received)
{
	uint64_t end = rte_get_timer_cycles() + 10 * rte_get_timer_hz();
	struct port_rx rx[QUEUES_MAX];
	unsigned int queues = port_rx_assign(port, 1, 0, 1, rx, RTE_DIM(rx));

	memset(received, 0, sizeof(*received));
	while (received->total < expected && rte_get_timer_cycles() < end) {
		for (unsigned int q = 0; q < queues; q++) {
			struct rte_mbuf *frames[BURST_MAX];
			unsigned int count =
				rte_eth_rx_burst(rx[q].ethdev, rx[q].queue, frames, BURST_MAX);

			for (unsigned int i = 0; i < count; i++) {
				const uint8_t *data = rte_pktmbuf_mtod(frames[i], uint8_t *);

				if (data[12] == 0x08 && data[13] == 0 && data[23] == IPPROTO_UDP) {
					received->packets[q]++;
					received->total++;
					received->longest = RTE_MAX(
						received->longest, rte_pktmbuf_pkt_len(frames[i]));
					received->foreign += frames[i]->pool != mempool;
				}
				rte_pktmbuf_free(frames[i]);
			}
		}
		usleep(200);
	}
}

static void
assert_flows_spread(enum config_driver driver, unsigned int queues)
{
	struct config_port config = port_config(driver, "cgin", 0);
	struct received received;
	struct port port;

	assert_int_equal(port_open(&config, 0, queues, mempool, &port), 0);
	assert_int_equal(port.rx_queues, queues);
	assert_int_equal(port.tx_queues, queues);
	peer_send(100);
	port_receive(&port, FLOWS, &received);
	assert_int_equal(received.total, FLOWS);
	assert_int_equal(received.longest, 142);
	assert_int_equal(received.foreign, 0);
	for (unsigned int q = 0; q < queues; q++)
		assert_true(received.packets[q] > 0);
	port_close(&port);
}

/* Frames sent by each worker reach the peer. */
static void
assert_frames_leave(enum config_driver driver, unsigned int workers)
{
	struct config_port config = port_config(driver, "cgin", 0);
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("cgout"),
	};
	struct timeval patience = {.tv_sec = 10};
	unsigned int seen[QUEUES_MAX] = {0};
	struct port port;
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(port_open(&config, 0, workers, mempool, &port), 0);
	for (uint32_t worker = 0; worker < workers; worker++) {
		struct rte_mbuf *frame = frame_make(worker);

		assert_int_equal(port_send(&port, worker, &frame, 1), 1);
	}
	for (unsigned int i = 0; i < workers; i++) {
		char frame[100];
		uint32_t number;

		assert_int_equal(recv(fd, frame, sizeof(frame), 0), 60);
		memcpy(&number, &frame[20], sizeof(number));
		assert_in_range(number, 0, workers - 1);
		seen[number]++;
	}
	for (unsigned int i = 0; i < workers; i++)
		assert_int_equal(seen[i], 1);
	port_close(&port);
	close(fd);
}

static void
af_packet_spreads_flows_over_its_queues(void **state)
{
	veth_create(1);
	for (unsigned int queues = 1; queues <= QUEUES_MAX; queues *= 2)
		assert_flows_spread(DRIVER_AF_PACKET, queues);
}

static void
af_packet_gives_long_datagrams_whole(void **state)
{
	const size_t sizes[] = {3000, 20000, 64000};
	unsigned int mbufs = rte_mempool_avail_count(mempool);

	veth_create(1);
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		struct config_port config = port_config(DRIVER_AF_PACKET, "cgin", 1);
		struct received received;
		struct port port;

		assert_int_equal(port_open(&config, 0, 1, mempool, &port), 0);
		peer_send(sizes[i]);
		port_receive(&port, FLOWS, &received);
		assert_int_equal(received.total, FLOWS);
		assert_int_equal(received.longest, 14 + 20 + 8 + sizes[i]);
		assert_int_equal(received.foreign, 0);
		port_close(&port);
	}
	assert_int_equal(rte_mempool_avail_count(mempool), mbufs);
}

static void
af_packet_sends_from_every_worker(void **state)
{
	veth_create(1);
	assert_frames_leave(DRIVER_AF_PACKET, 3);
}

static void
af_xdp_receives_on_the_one_queue_of_a_veth(void **state)
{
	veth_create(1);
	assert_flows_spread(DRIVER_AF_XDP, 1);
}

static void
af_xdp_spreads_flows_over_two_queues_of_a_veth(void **state)
{
	veth_create(2);
	assert_flows_spread(DRIVER_AF_XDP, 2);
}

static void
af_xdp_spreads_flows_over_four_queues_of_a_veth(void **state)
{
	veth_create(4);
	assert_flows_spread(DRIVER_AF_XDP, 4);
}

static void
af_xdp_opens_no_more_queues_than_there_are(void **state)
{
	struct config_port config = port_config(DRIVER_AF_XDP, "cgin", 0);
	struct port port;

	veth_create(2);
	assert_int_equal(port_open(&config, 0, 4, mempool, &port), 0);
	assert_int_equal(port.rx_queues, 2);
	assert_int_equal(port.tx_queues, 2);
	assert_true(port.tx_shared);
	port_close(&port);
}

static void
af_xdp_sends_from_every_worker(void **state)
{
	veth_create(2);
	assert_frames_leave(DRIVER_AF_XDP, 3);
}

/* Send every mbuf that is left, once. */
static void
assert_every_mbuf_leaves(struct port *port, struct rte_mbuf *mbufs[])
{
	uint64_t end = rte_get_timer_cycles() + 20 * rte_get_timer_hz();
	unsigned int count = rte_mempool_avail_count(mempool), sent = 0;
	uint64_t before = peer_packets();

	for (unsigned int i = 0; i < count; i++)
		mbufs[i] = frame_make(i);
	while (sent < count && rte_get_timer_cycles() < end)
		sent += port_send(
			port, 0, &mbufs[sent], RTE_MIN(count - sent, (unsigned int)BURST_MAX));
	assert_int_equal(sent, count);
	while (peer_packets() - before < count && rte_get_timer_cycles() < end)
		usleep(1000);
	assert_int_equal(peer_packets() - before, count);
}

/* Receive and keep as many frames as there are mbufs, so that each comes to the fill ring. */
static void
assert_every_mbuf_receives(const struct port *port, struct rte_mbuf *mbufs[])
{
	uint64_t end = rte_get_timer_cycles() + 20 * rte_get_timer_hz();
	unsigned int count = rte_mempool_avail_count(mempool) - BURST_MAX, held = 0;

	while (held < count && rte_get_timer_cycles() < end) {
		peer_send(100);
		for (unsigned int flow = 0; flow < FLOWS && held < count; flow++)
			held += rte_eth_rx_burst(port->ethdev, 0, &mbufs[held],
				(uint16_t)RTE_MIN(count - held, (unsigned int)BURST_MAX));
	}
	assert_int_equal(held, count);
	rte_pktmbuf_free_bulk(mbufs, held);
}

/*
 * The kernel says little of an mbuf outside its UMEM: it takes it and forgets it. A queue that has
 * lost as many as its fill ring held receives nothing any more.
 */
static void
af_xdp_takes_every_mbuf_of_the_mempool(void **state)
{
	static struct rte_mbuf *mbufs[MBUFS];
	struct config_port config = port_config(DRIVER_AF_XDP, "cgin", 0);
	struct port port;

	veth_create(1);
	assert_int_equal(port_open(&config, 0, 1, mempool, &port), 0);
	assert_every_mbuf_leaves(&port, mbufs);
	assert_every_mbuf_receives(&port, mbufs);
	port_close(&port);
}

static void
af_xdp_counts_what_the_kernel_drops(void **state)
{
	struct config_port config = port_config(DRIVER_AF_XDP, "cgin", 0);
	uint64_t end = rte_get_timer_cycles() + 10 * rte_get_timer_hz();
	struct rte_mbuf *frame = frame_make(1);
	struct rte_eth_stats stats;
	struct port port;

	config.rx_descriptors = FLOWS;
	veth_create(2);
	assert_int_equal(port_open(&config, 0, 2, mempool, &port), 0);
	for (unsigned int i = 0; i < 5; i++)
		peer_send(100);
	/* Two receive rings are full, and nobody empties them. */
	do {
		usleep(1000);
		assert_int_equal(port_stats(&port, &stats), 0);
	} while (stats.imissed < 5 * FLOWS - 2 * FLOWS && rte_get_timer_cycles() < end);
	assert_int_equal(stats.imissed, 5 * FLOWS - 2 * FLOWS);
	assert_int_equal(stats.oerrors, 0);
	frame->data_len = 0;
	frame->pkt_len = MBUFS * 4096 + 1; /* beyond the UMEM */
	assert_int_equal(port_send(&port, 1, &frame, 1), 1);
	assert_int_equal(port_stats(&port, &stats), 0);
	assert_int_equal(stats.oerrors, 1);
	port_close(&port);
}

static void
af_xdp_refuses_mbufs_with_gaps_between_them(void **state)
{
	struct config_port config = port_config(DRIVER_AF_XDP, "cgin", 0);
	struct rte_mempool *gaps = rte_pktmbuf_pool_create(
		"gaps", 3000, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct port port;

	assert_non_null(gaps);
	veth_create(1);
	assert_int_equal(port_open(&config, 0, 1, gaps, &port), -EINVAL);
	rte_mempool_free(gaps);
}

static void
af_xdp_refuses_mbufs_longer_than_a_page(void **state)
{
	struct config_port config = port_config(DRIVER_AF_XDP, "cgin", 0);
	struct rte_mempool *wide = rte_pktmbuf_pool_create("wide", 100, 0, 0, 9216, SOCKET_ID_ANY);
	struct port port;

	assert_non_null(wide);
	veth_create(1);
	assert_int_equal(port_open(&config, 0, 1, wide, &port), -EINVAL);
	rte_mempool_free(wide);
}

static void
a_tap_port_makes_its_device_and_takes_it_away(void **state)
{
	struct config_port config = port_config(DRIVER_TAP, "cgtap", 0);
	struct port port;

	assert_int_equal(if_nametoindex("cgtap"), 0);
	assert_int_equal(port_open(&config, 0, 2, mempool, &port), 0);
	assert_int_equal(port.rx_queues, 2);
	assert_true(if_nametoindex("cgtap") != 0);
	port_close(&port);
	assert_int_equal(if_nametoindex("cgtap"), 0);
}

static void
a_device_that_is_not_there_or_down_is_refused(void **state)
{
	const enum config_driver drivers[] = {DRIVER_AF_PACKET, DRIVER_AF_XDP};
	uint16_t ports = rte_eth_dev_count_avail();

	veth_create(1);
	assert_int_equal(system("ip link set cgin down"), 0);
	for (unsigned int i = 0; i < RTE_DIM(drivers); i++) {
		struct config_port config = port_config(drivers[i], "nowhere", 0);
		struct port port;

		assert_int_equal(port_open(&config, 0, 1, mempool, &port), -ENODEV);
		config = port_config(drivers[i], "a_name_longer_than_a_netdev_can_have", 0);
		assert_int_equal(port_open(&config, 0, 1, mempool, &port), -ENODEV);
		config = port_config(drivers[i], "cgin,qpairs=9", 0);
		assert_int_equal(port_open(&config, 0, 1, mempool, &port), -EINVAL);
		config = port_config(drivers[i], "cgin", 0);
		assert_int_equal(port_open(&config, 0, 1, mempool, &port), -ENETDOWN);
	}
	assert_int_equal(rte_eth_dev_count_avail(), ports);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(af_packet_spreads_flows_over_its_queues, veth_delete),
		cmocka_unit_test_teardown(af_packet_gives_long_datagrams_whole, veth_delete),
		cmocka_unit_test_teardown(af_packet_sends_from_every_worker, veth_delete),
		cmocka_unit_test_teardown(af_xdp_receives_on_the_one_queue_of_a_veth, veth_delete),
		cmocka_unit_test_teardown(
			af_xdp_spreads_flows_over_two_queues_of_a_veth, veth_delete),
		cmocka_unit_test_teardown(
			af_xdp_spreads_flows_over_four_queues_of_a_veth, veth_delete),
		cmocka_unit_test_teardown(af_xdp_opens_no_more_queues_than_there_are, veth_delete),
		cmocka_unit_test_teardown(af_xdp_sends_from_every_worker, veth_delete),
		cmocka_unit_test_teardown(af_xdp_takes_every_mbuf_of_the_mempool, veth_delete),
		cmocka_unit_test_teardown(af_xdp_counts_what_the_kernel_drops, veth_delete),
		cmocka_unit_test_teardown(af_xdp_refuses_mbufs_with_gaps_between_them, veth_delete),
		cmocka_unit_test_teardown(af_xdp_refuses_mbufs_longer_than_a_page, veth_delete),
		cmocka_unit_test(a_tap_port_makes_its_device_and_takes_it_away),
		cmocka_unit_test_teardown(
			a_device_that_is_not_there_or_down_is_refused, veth_delete),
	};

	if (unshare(CLONE_NEWNET) != 0 || system("ip link set lo up") != 0) {
		fprintf(stderr, "skipped: cannot make a network namespace: %s\n", strerror(errno));
		return SKIPPED;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: %s PATTERN\n", argv[0]);
		return 1;
	}
	cmocka_set_test_filter(argv[1]);
	eal_fixture_start();
	mempool_create(strncmp(argv[1], "af_packet", 9) != 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
