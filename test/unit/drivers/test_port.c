/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports in memory: what is common to all kinds, and the kinds ring, null and pcap. */
#include <errno.h>
#include <sys/stat.h>

#include "fixture.h"

static void
what_a_ring_port_sends_comes_back_on_its_queue(void **state)
{
	struct config_port config = port_config(DRIVER_RING, NULL, 0);
	struct port port;

	assert_int_equal(port_open(&config, 3, 4, mempool, &port), 0);
	assert_int_equal(port.rx_queues, 4);
	assert_false(port.tx_shared);
	for (uint32_t worker = 0; worker < 4; worker++) {
		struct rte_mbuf *frame = frame_make(worker);

		assert_int_equal(port_send(&port, worker, &frame, 1), 1);
	}
	for (uint16_t queue = 0; queue < 4; queue++) {
		struct rte_mbuf *frames[BURST_MAX];

		assert_int_equal(rte_eth_rx_burst(port.ethdev, queue, frames, BURST_MAX), 1);
		assert_int_equal(frame_number(frames[0]), queue);
		rte_pktmbuf_free(frames[0]);
	}
	port_close(&port);
}

static void
workers_share_the_queues_of_a_port_with_too_few(void **state)
{
	struct config_port config = port_config(DRIVER_RING, NULL, 2);
	struct rte_mbuf *frames[BURST_MAX];
	struct port port;

	assert_int_equal(port_open(&config, 0, 4, mempool, &port), 0);
	assert_int_equal(port.rx_queues, 2);
	assert_int_equal(port.tx_queues, 2);
	assert_true(port.tx_shared);
	for (uint32_t worker = 0; worker < 4; worker++) {
		struct rte_mbuf *frame = frame_make(worker);

		assert_int_equal(port_send(&port, worker, &frame, 1), 1);
	}
	for (uint16_t queue = 0; queue < 2; queue++) {
		assert_int_equal(rte_eth_rx_burst(port.ethdev, queue, frames, BURST_MAX), 2);
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(frame_number(frames[i]) % 2, queue);
			rte_pktmbuf_free(frames[i]);
		}
	}
	port_close(&port);
}

static void
a_full_queue_leaves_the_rest_with_the_sender(void **state)
{
	struct config_port config = port_config(DRIVER_RING, NULL, 1);
	unsigned int mbufs = rte_mempool_avail_count(mempool);
	unsigned int sent = 0;
	struct port port;

	assert_int_equal(port_open(&config, 0, 1, mempool, &port), 0);
	for (;;) {
		struct rte_mbuf *frame = frame_make(sent);

		if (port_send(&port, 0, &frame, 1) == 0) {
			rte_pktmbuf_free(frame);
			break;
		}
		sent++;
	}
	assert_in_range(sent, 512, 1024);
	for (unsigned int i = 0; i < sent; i++) {
		struct rte_mbuf *frame;

		assert_int_equal(rte_eth_rx_burst(port.ethdev, 0, &frame, 1), 1);
		rte_pktmbuf_free(frame);
	}
	assert_int_equal(rte_mempool_avail_count(mempool), mbufs);
	port_close(&port);
}

static void
a_null_port_gives_nothing_and_takes_everything(void **state)
{
	struct config_port config = port_config(DRIVER_NULL, NULL, 0);
	struct rte_mbuf *frames[BURST_MAX];
	struct rte_eth_stats stats;
	struct port port;

	assert_int_equal(port_open(&config, 0, 2, mempool, &port), 0);
	assert_int_equal(rte_eth_rx_burst(port.ethdev, 0, frames, BURST_MAX), 0);
	for (unsigned int i = 0; i < BURST_MAX; i++)
		frames[i] = frame_make(i);
	assert_int_equal(port_send(&port, 1, frames, BURST_MAX), BURST_MAX);
	assert_int_equal(port_stats(&port, &stats), 0);
	assert_int_equal(stats.opackets, BURST_MAX);
	assert_int_equal(stats.ipackets, 0);
	port_close(&port);
}

static void
a_closed_port_can_be_opened_again(void **state)
{
	struct config_port config = port_config(DRIVER_NULL, NULL, 0);
	uint16_t ports = rte_eth_dev_count_avail();
	struct port port;

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(port_open(&config, 0, 1, mempool, &port), 0);
		assert_int_equal(rte_eth_dev_count_avail(), ports + 1);
		port_close(&port);
		assert_int_equal(rte_eth_dev_count_avail(), ports);
	}
}

static void
what_a_pcap_port_writes_another_reads(void **state)
{
	char directory[] = "/tmp/callgate_pcap_XXXXXX", file[64];
	struct config_port config = port_config(DRIVER_PCAP, NULL, 0);
	struct rte_mbuf *frames[BURST_MAX];
	struct port port;

	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/out.pcap", directory);
	config.tx_file = file;
	assert_int_equal(port_open(&config, 0, 2, mempool, &port), 0);
	assert_int_equal(port.tx_queues, 1);
	assert_true(port.tx_shared);
	for (unsigned int i = 0; i < 3; i++)
		frames[i] = frame_make(100 + i);
	assert_int_equal(port_send(&port, 1, frames, 3), 3);
	port_close(&port);

	config.tx_file = NULL;
	config.device = file;
	assert_int_equal(port_open(&config, 0, 2, mempool, &port), 0);
	assert_int_equal(port.rx_queues, 1);
	assert_int_equal(rte_eth_rx_burst(port.ethdev, 0, frames, BURST_MAX), 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(frame_number(frames[i]), 100 + i);
		assert_int_equal(rte_pktmbuf_pkt_len(frames[i]), 60);
		rte_pktmbuf_free(frames[i]);
	}
	assert_int_equal(rte_eth_rx_burst(port.ethdev, 0, frames, BURST_MAX), 0);
	port_close(&port);
	unlink(file);
	rmdir(directory);
}

static void
a_port_that_cannot_be_is_refused_and_leaves_nothing(void **state)
{
	uint16_t ports = rte_eth_dev_count_avail();
	struct config_port config = port_config(DRIVER_PCAP, NULL, 0);
	struct port port;

	assert_int_equal(port_open(&config, 0, 1, mempool, &port), -EINVAL);
	config = port_config(DRIVER_PCAP, "/nonexistent/in.pcap", 0);
	assert_int_equal(port_open(&config, 0, 1, mempool, &port), -ENOENT);
	config = port_config(DRIVER_PCAP, "/tmp/a,tx_pcap=b", 0);
	assert_int_equal(port_open(&config, 0, 1, mempool, &port), -EINVAL);
	config = port_config(DRIVER_PCI, "eth0", 0);
	assert_int_equal(port_open(&config, 0, 1, mempool, &port), -EINVAL);
	config = port_config(DRIVER_PCI, "ffff:ff:1f.7", 0);
	assert_int_equal(port_open(&config, 0, 1, mempool, &port), -ENODEV);
	assert_null(port_driver_find((enum config_driver)99));
	assert_int_equal(rte_eth_dev_count_avail(), ports);
}

static void
every_queue_has_one_worker_and_one_queue_ports_spread(void **state)
{
	struct port ports[3] = {
		{.index = 0, .ethdev = 10, .rx_queues = 4},
		{.index = 1, .ethdev = 20, .rx_queues = 1},
		{.index = 2, .ethdev_count = 2, .ethdev = 30, .ethdevs = {30, 31}, .rx_queues = 2},
	};
	unsigned int polled[40][4] = {{0}}, total = 0;
	struct port_rx rx[16];

	for (unsigned int worker = 0; worker < 3; worker++) {
		unsigned int count = port_rx_assign(ports, 3, worker, 3, rx, RTE_DIM(rx));

		assert_in_range(count, 2, 3);
		for (unsigned int i = 0; i < count; i++)
			polled[rx[i].ethdev][rx[i].queue]++;
		total += count;
	}
	assert_int_equal(total, 7);
	for (unsigned int queue = 0; queue < 4; queue++)
		assert_int_equal(polled[10][queue], 1);
	assert_int_equal(polled[20][0], 1);
	assert_int_equal(polled[30][0], 1);
	assert_int_equal(polled[31][0], 1);
	/* port 1's only queue is not the first worker's */
	assert_int_equal(port_rx_assign(&ports[1], 1, 1, 3, rx, RTE_DIM(rx)), 1);
	assert_int_equal(rx[0].port, 1);
	/* more workers than queues: the others poll nothing; and never more than asked for */
	assert_int_equal(port_rx_assign(&ports[1], 1, 7, 8, rx, RTE_DIM(rx)), 0);
	assert_int_equal(port_rx_assign(ports, 3, 0, 1, rx, 5), 5);
}

static void
only_pci_ports_need_the_bus(void **state)
{
	struct config_port list[2] = {
		port_config(DRIVER_NULL, NULL, 0), port_config(DRIVER_TAP, "tap0", 0)};
	struct config config = {.port_count = 2, .ports = list};

	assert_false(ports_need_pci(&config));
	list[1].driver = DRIVER_PCI;
	assert_true(ports_need_pci(&config));
}

static void
an_af_xdp_port_needs_a_mempool_of_pages(void **state)
{
	struct config_port list[2] = {
		port_config(DRIVER_NULL, NULL, 0), port_config(DRIVER_AF_PACKET, "veth0", 0)};
	struct config config = {.port_count = 2, .ports = list};
	struct rte_mempool *pages = umem_mempool_create("pages", 10, 0, 64, SOCKET_ID_ANY);

	assert_false(ports_need_umem(&config));
	list[1].driver = DRIVER_AF_XDP;
	assert_true(ports_need_umem(&config));
	assert_non_null(pages);
	assert_int_equal(rte_mempool_avail_count(pages), 10);
	assert_int_equal(rte_mempool_calc_obj_size(pages->elt_size, pages->flags, NULL),
		sysconf(_SC_PAGESIZE));
	assert_int_equal(rte_pktmbuf_priv_size(pages), 64);
	assert_true(rte_pktmbuf_data_room_size(pages) >= RTE_MBUF_DEFAULT_BUF_SIZE);
	rte_mempool_free(pages);
	/* Its memory is free again. */
	pages = umem_mempool_create("pages", 10, 0, 64, SOCKET_ID_ANY);
	assert_non_null(pages);
	rte_mempool_free(pages);
}

static void
long_frames_are_counted_into_the_memory(void **state)
{
	struct config_port packet = port_config(DRIVER_AF_PACKET, "veth0", 0);
	struct config_port xdp = port_config(DRIVER_AF_XDP, "veth0", 3);

	assert_true(port_memory(&packet, 2) >= 2 * BURST_MAX * 64000);
	assert_true(port_memory(&packet, 4) == 2 * port_memory(&packet, 2));
	assert_int_equal(port_memory(&xdp, 2), 0);
	assert_int_equal(port_mbufs(&packet, 2), 0);
	assert_int_equal(port_mbufs(&xdp, 2), 3 * 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_ring_port_sends_comes_back_on_its_queue),
		cmocka_unit_test(workers_share_the_queues_of_a_port_with_too_few),
		cmocka_unit_test(a_full_queue_leaves_the_rest_with_the_sender),
		cmocka_unit_test(a_null_port_gives_nothing_and_takes_everything),
		cmocka_unit_test(a_closed_port_can_be_opened_again),
		cmocka_unit_test(what_a_pcap_port_writes_another_reads),
		cmocka_unit_test(a_port_that_cannot_be_is_refused_and_leaves_nothing),
		cmocka_unit_test(every_queue_has_one_worker_and_one_queue_ports_spread),
		cmocka_unit_test(only_pci_ports_need_the_bus),
		cmocka_unit_test(an_af_xdp_port_needs_a_mempool_of_pages),
		cmocka_unit_test(long_frames_are_counted_into_the_memory),
	};

	eal_fixture_start();
	mempool_create(false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
