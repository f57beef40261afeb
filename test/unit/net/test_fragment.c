/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "net/fragment.h"
#include "net_fixture.h"

/* Put fragments together again; the length of the whole packet. */
static unsigned int
reassemble(struct rte_mbuf **fragments, unsigned int count, unsigned int offset, unsigned int mtu,
	uint8_t *whole)
{
	unsigned int i, expected = 0;

	for (i = 0; i < count; i++) {
		const struct rte_ipv4_hdr *ip =
			rte_pktmbuf_mtod_offset(fragments[i], const struct rte_ipv4_hdr *, offset);
		unsigned int header = rte_ipv4_hdr_len(ip);
		unsigned int total = rte_be_to_cpu_16(ip->total_length);
		uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

		assert_int_equal(fragments[i]->nb_segs, 1);
		assert_int_equal(fragments[i]->data_len, offset + total);
		assert_true(total <= mtu);
		assert_int_equal(rte_raw_cksum(ip, header), 0xffff);
		assert_int_equal((field & RTE_IPV4_HDR_OFFSET_MASK) * 8, expected);
		assert_int_equal(!!(field & RTE_IPV4_HDR_MF_FLAG), i + 1 < count);
		if (i + 1 < count)
			assert_int_equal((total - header) % 8, 0);
		memcpy(whole + expected, (const uint8_t *)ip + header, total - header);
		expected += total - header;
	}
	return expected;
}

static void
fragments_put_together_give_the_packet(void **state)
{
	static const uint16_t mtus[] = {68, 576, 600, 1499, 1500};
	static const unsigned int payloads[] = {1473, 1600, 2953, 4000};
	struct rte_mbuf *fragments[FRAGMENTS_MAX];
	uint8_t frame[5000], whole[5000];
	unsigned int i, j, chained;

	for (i = 0; i < RTE_DIM(mtus); i++) {
		for (j = 0; j < RTE_DIM(payloads); j++) {
			for (chained = 0; chained < 2; chained++) {
				unsigned int length =
					frame_udp(frame, LAN, LAN_HOST, FAR_HOST, payloads[j]);
				struct rte_mbuf *mbuf =
					net_mbuf_chain(frame, length, chained ? 333 : 2000);
				int count = fragment_split(
					mbuf, 14, mtus[i], net.output.mempool, fragments);

				assert_true(count > 1);
				assert_int_equal(reassemble(fragments, (unsigned int)count, 0,
							 mtus[i], whole),
					length - 34);
				assert_memory_equal(whole, frame + 34, length - 34);
				rte_pktmbuf_free_bulk(fragments, (unsigned int)count);
				rte_pktmbuf_free(mbuf);
			}
		}
	}
}

static void
a_fragment_is_split_into_fragments_of_the_whole(void **state)
{
	struct rte_mbuf *fragments[FRAGMENTS_MAX];
	const struct rte_ipv4_hdr *ip;
	uint8_t frame[1500];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 1192);
	struct rte_mbuf *mbuf;

	frame[20] = 0x20; /* MF */
	frame[21] = 100;
	mbuf = net_mbuf(frame, length);
	assert_int_equal(fragment_split(mbuf, 14, 620, net.output.mempool, fragments), 2);
	ip = rte_pktmbuf_mtod(fragments[0], const struct rte_ipv4_hdr *);
	assert_int_equal(ip->fragment_offset, RTE_BE16(RTE_IPV4_HDR_MF_FLAG | 100));
	ip = rte_pktmbuf_mtod(fragments[1], const struct rte_ipv4_hdr *);
	assert_int_equal(ip->fragment_offset, RTE_BE16(RTE_IPV4_HDR_MF_FLAG | (100 + 75)));
	rte_pktmbuf_free_bulk(fragments, 2);
	rte_pktmbuf_free(mbuf);
}

static void
only_options_with_the_copied_bit_are_repeated(void **state)
{
	static const uint8_t options[12] = {7, 3, 4, 0x88, 4, 1, 2, 1, 0x94, 4, 0, 0};
	static const uint8_t repeated[8] = {0x88, 4, 1, 2, 0x94, 4, 0, 0};
	struct rte_mbuf *fragments[FRAGMENTS_MAX];
	uint8_t packet[1232] = {0x4c - 4, 0, 1232 >> 8, 1232 & 0xff};
	const uint8_t *header;
	struct rte_mbuf *mbuf;

	memcpy(packet + 20, options, sizeof(options));
	mbuf = net_mbuf(packet, sizeof(packet));
	assert_int_equal(fragment_split(mbuf, 0, 632, net.output.mempool, fragments), 2);
	header = rte_pktmbuf_mtod(fragments[0], const uint8_t *);
	assert_int_equal(header[0], 0x48);
	assert_memory_equal(header + 20, options, sizeof(options));
	header = rte_pktmbuf_mtod(fragments[1], const uint8_t *);
	assert_int_equal(header[0], 0x47);
	assert_memory_equal(header + 20, repeated, sizeof(repeated));
	assert_int_equal(rte_raw_cksum(header, 28), 0xffff);
	rte_pktmbuf_free_bulk(fragments, 2);
	rte_pktmbuf_free(mbuf);
}

static void
without_mbufs_nothing_is_left_behind(void **state)
{
	static struct rte_mbuf *all[MBUFS];
	struct rte_mbuf *fragments[FRAGMENTS_MAX];
	uint8_t frame[2000];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 1900 - 42);
	struct rte_mbuf *mbuf = net_mbuf(frame, length);
	unsigned int left = MBUFS - 1 - 2;

	assert_int_equal(rte_pktmbuf_alloc_bulk(net.output.mempool, all, left), 0);
	assert_int_equal(fragment_split(mbuf, 14, 600, net.output.mempool, fragments), -ENOMEM);
	assert_int_equal(rte_mempool_avail_count(net.output.mempool), 2);
	rte_pktmbuf_free_bulk(all, left);
	assert_int_equal(fragment_split(mbuf, 14, 27, net.output.mempool, fragments), -EINVAL);
	rte_pktmbuf_free(mbuf);
}

static void
a_packet_over_the_mtu_leaves_in_fragments(void **state)
{
	struct rte_mbuf *mbuf = net_packet(TRUNK, TRUNK_HOST, 3000, 77);
	uint8_t sent[4000], whole[4000];

	rte_pktmbuf_read(mbuf, 34, 3008, sent);
	if (mbuf->nb_segs == 1)
		fail_msg("the packet should be chained");
	memcpy(sent, rte_pktmbuf_read(mbuf, 34, 3008, sent), 3008);
	neighbour_output(&net.worker, &net.output, mbuf);
	assert_int_equal(neighbour_held(net.output.neighbours), 1);
	net_arp(TRUNK, RTE_ARP_OP_REPLY, &host_mac, TRUNK_HOST, TRUNK_OWN);
	assert_int_equal(net_sent(), 1 + 6); /* 576 bytes of data in each */
	assert_int_equal(net_events(EVENT_FRAGMENTS_OUT), 6);
	assert_int_equal(reassemble(net.sent + 1, 6, 18, 600, whole), 3008);
	assert_memory_equal(whole, sent, 3008);
	assert_memory_equal(net_frame(6), &host_mac, 6);
	assert_memory_equal(net_frame(6) + 12, "\x81\x00\x00\x14\x08\x00\x45", 7);
	assert_memory_equal(net_frame(6) + 18 + 4, "\x00\x4d", 2);
}

static void
a_packet_of_the_mtu_is_left_whole(void **state)
{
	neighbour_output(&net.worker, &net.output, net_packet(TRUNK, TRUNK_HOST, 572, 1));
	net_arp(TRUNK, RTE_ARP_OP_REPLY, &host_mac, TRUNK_HOST, TRUNK_OWN);
	assert_int_equal(net_sent(), 2);
	assert_int_equal(net_events(EVENT_FRAGMENTS_OUT), 0);
}

static void
a_packet_that_must_not_be_fragmented_is_dropped(void **state)
{
	struct rte_mbuf *mbuf = net_packet(TRUNK, TRUNK_HOST, 573, 1);

	packet_ip(mbuf)->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	net_arp(TRUNK, RTE_ARP_OP_REQUEST, &host_mac, TRUNK_HOST, TRUNK_OWN);
	neighbour_output(&net.worker, &net.output, mbuf);
	assert_int_equal(net_drops(DROP_MTU_EXCEEDED), 1);
}

static void
a_shortage_of_mbufs_drops_the_whole_packet(void **state)
{
	static struct rte_mbuf *all[MBUFS];
	struct rte_mbuf *mbuf = net_packet(TRUNK, TRUNK_HOST, 1700, 1);
	unsigned int left;

	net_arp(TRUNK, RTE_ARP_OP_REQUEST, &host_mac, TRUNK_HOST, TRUNK_OWN);
	net_sent();
	net_forget();
	left = rte_mempool_avail_count(net.output.mempool) - 1;
	assert_int_equal(rte_pktmbuf_alloc_bulk(net.output.mempool, all, left), 0);
	neighbour_output(&net.worker, &net.output, mbuf);
	assert_int_equal(net_drops(DROP_FRAGMENT_FAILED), 1);
	assert_int_equal(net_sent(), 0);
	rte_pktmbuf_free_bulk(all, left);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fragments_put_together_give_the_packet),
		TEST(a_fragment_is_split_into_fragments_of_the_whole),
		TEST(only_options_with_the_copied_bit_are_repeated),
		TEST(without_mbufs_nothing_is_left_behind),
		TEST(a_packet_over_the_mtu_leaves_in_fragments),
		TEST(a_packet_of_the_mtu_is_left_whole),
		TEST(a_packet_that_must_not_be_fragmented_is_dropped),
		TEST(a_shortage_of_mbufs_drops_the_whole_packet),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
