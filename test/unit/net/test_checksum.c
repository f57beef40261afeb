/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_udp.h>

#include "net/checksum.h"
#include "net_fixture.h"

/* Values where one's complement arithmetic has two zeros, and random ones. */
static uint16_t
word_any(struct random *random)
{
	static const uint16_t edges[] = {0, 0xffff, 1, 0xfffe, 0x8000, 0x7fff};
	uint64_t bits = random_next(random);

	return bits & 1 ? edges[(bits >> 8) % RTE_DIM(edges)] : (uint16_t)(bits >> 32);
}

static void
header_random(struct random *random, uint16_t words[10])
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		words[i] = word_any(random);
	words[0] = RTE_BE16(0x4500); /* an IPv4 header is never all zero */
	words[5] = 0;
	words[5] = (uint16_t)~rte_raw_cksum(words, 20);
}

static void
an_incremental_update_equals_a_full_sum(void **state)
{
	struct random *random = &net.worker.random;
	uint16_t words[10], delta, updated;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		uint32_t before[2], after[2];
		uint16_t field = word_any(random);

		header_random(random, words);
		memcpy(before, words + 6, sizeof(before));
		after[0] = (uint32_t)word_any(random) << 16 | word_any(random);
		after[1] = (uint32_t)word_any(random) << 16 | word_any(random);
		delta = checksum_delta_add(checksum_delta32(before[0], after[0]),
			checksum_delta32(before[1], after[1]));
		delta = checksum_delta_add(delta, checksum_delta16(words[4], field));
		updated = checksum_apply(words[5], delta);

		memcpy(words + 6, after, sizeof(after));
		words[4] = field;
		words[5] = 0;
		words[5] = (uint16_t)~rte_raw_cksum(words, 20);
		if (updated != words[5])
			fail_msg("step %u: %04x instead of %04x", i, updated, words[5]);
	}
}

static void
the_delta_of_no_change_changes_nothing(void **state)
{
	uint32_t checksum;

	/* 0xffff is what a full sum never gives (RFC 1624 section 3) */
	for (checksum = 0; checksum < 0xffff; checksum++) {
		assert_int_equal(checksum_apply((uint16_t)checksum, 0), checksum);
		assert_int_equal(checksum_apply((uint16_t)checksum,
					 checksum_delta32(0x12345678, 0x12345678)),
			checksum);
	}
}

static void
there_and_back_gives_the_first_checksum(void **state)
{
	struct random *random = &net.worker.random;
	uint16_t words[10];
	unsigned int i;

	for (i = 0; i < 50000; i++) {
		uint32_t a = (uint32_t)random_next(random), b;
		uint16_t there;

		header_random(random, words);
		memcpy(&b, words + 6, sizeof(b));
		there = checksum_apply(words[5], checksum_delta32(b, a));
		assert_int_equal(checksum_apply(there, checksum_delta32(a, b)), words[5]);
	}
}

/* Make a UDP packet longer by `grow`, as an edit does, in segments of `size`. */
static struct rte_mbuf *
edited(unsigned int payload, unsigned int size)
{
	uint8_t frame[2000];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, payload);

	frame[16] = frame[17] = 0xee; /* lengths and checksums as they must not stay */
	frame[24] ^= 0x55;
	frame[38] = frame[39] = 0xee;
	frame[40] = frame[41] = 0x11;
	return net_mbuf_chain(frame, length, size);
}

static void
a_rewritten_packet_verifies(void **state)
{
	static const unsigned int sizes[] = {2000, 43, 100, 101};
	uint8_t flat[42 + 400] __rte_aligned(2);
	unsigned int payload, i;

	for (i = 0; i < RTE_DIM(sizes); i++) {
		for (payload = 1; payload < 400; payload++) {
			struct rte_mbuf *mbuf = edited(payload, sizes[i]);
			struct rte_ipv4_hdr *ip =
				rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, 14);
			struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

			checksum_udp_rewrite(mbuf, 14, 34, (uint16_t)payload);
			assert_int_equal(rte_be_to_cpu_16(ip->total_length), 28 + payload);
			assert_int_equal(rte_be_to_cpu_16(udp->dgram_len), 8 + payload);
			assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
			assert_int_not_equal(udp->dgram_cksum, 0);
			assert_non_null(rte_pktmbuf_read(mbuf, 0, 42 + payload, flat));
			if (mbuf->nb_segs == 1)
				memcpy(flat, rte_pktmbuf_mtod(mbuf, void *), 42 + payload);
			ip = (struct rte_ipv4_hdr *)(flat + 14);
			assert_int_equal(rte_ipv4_udptcp_cksum_verify(ip, ip + 1), 0);
			rte_pktmbuf_free(mbuf);
		}
	}
}

static void
a_sum_of_zero_is_sent_as_all_ones(void **state)
{
	uint8_t frame[200];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 2);
	struct rte_mbuf *mbuf;
	uint16_t rest;

	/* a payload word equal to the checksum without it makes the sum 0xffff */
	memset(frame + 40, 0, 4);
	rest = (uint16_t) ~(
		0xffff ^ rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)(frame + 14), frame + 34));
	memcpy(frame + 42, &rest, 2);
	frame[40] = 1;
	mbuf = net_mbuf(frame, length);
	checksum_udp_rewrite(mbuf, 14, 34, 2);
	memcpy(frame, rte_pktmbuf_mtod(mbuf, void *), length);
	assert_int_equal(frame[40], 0xff);
	assert_int_equal(frame[41], 0xff);
	rte_pktmbuf_free(mbuf);
}

static void
a_datagram_without_checksum_keeps_none(void **state)
{
	struct rte_mbuf *mbuf = edited(30, 2000);
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);

	frame[40] = frame[41] = 0;
	checksum_udp_rewrite(mbuf, 14, 34, 30);
	assert_int_equal(frame[40] | frame[41], 0);
	assert_int_equal(rte_raw_cksum(frame + 14, 20), 0xffff);
	rte_pktmbuf_free(mbuf);
}

/* `after`: bytes that IP carries behind the UDP datagram. */
static void
assert_valid(unsigned int payload, unsigned int size, unsigned int after)
{
	uint8_t frame[2000] = {0};
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, payload);
	uint16_t total = rte_cpu_to_be_16((uint16_t)(length - 14 + after));
	struct rte_mbuf *mbuf;

	memcpy(frame + 16, &total, sizeof(total));
	memset(frame + length, 0xaa, after);
	mbuf = net_mbuf_chain(frame, length + after, size);
	assert_true(checksum_udp_valid(mbuf, 14, 34));
	rte_pktmbuf_free(mbuf);
	for (unsigned int at = 26; at < length; at++) {
		if (at >= 34 && at < 42 && at != 35) /* ports; a changed length reads elsewhere */
			continue;
		frame[at] ^= 4;
		mbuf = net_mbuf_chain(frame, length + after, size);
		assert_false(checksum_udp_valid(mbuf, 14, 34));
		rte_pktmbuf_free(mbuf);
		frame[at] ^= 4;
	}
}

static void
a_datagram_verifies_as_it_was_sent_and_not_otherwise(void **state)
{
	static const unsigned int sizes[] = {2000, 42, 57};
	uint8_t frame[200];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 40);
	struct rte_mbuf *mbuf;

	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		assert_valid(100, sizes[i], 0);
		assert_valid(101, sizes[i], 0);
		assert_valid(101, sizes[i], 3);
	}
	frame[40] = frame[41] = 0; /* none */
	mbuf = net_mbuf(frame, length);
	assert_true(checksum_udp_valid(mbuf, 14, 34));
	rte_pktmbuf_free(mbuf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_incremental_update_equals_a_full_sum),
		TEST(the_delta_of_no_change_changes_nothing),
		TEST(there_and_back_gives_the_first_checksum),
		TEST(a_rewritten_packet_verifies),
		TEST(a_sum_of_zero_is_sent_as_all_ones),
		TEST(a_datagram_without_checksum_keeps_none),
		TEST(a_datagram_verifies_as_it_was_sent_and_not_otherwise),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
