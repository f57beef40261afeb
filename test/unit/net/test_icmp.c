/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_icmp.h>

#include "net_fixture.h"

enum { ERRORS_BURST = NET_ERRORS_PER_SECOND / 2 };

/* Make the neighbours known, so that everything leaves at once. */
static void
meet(void)
{
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_HOST, LAN_OWN);
	net_arp(WAN, RTE_ARP_OP_REQUEST, &other_mac, IP(203, 0, 113, 254), WAN_OWN);
	net_arp(TRUNK, RTE_ARP_OP_REQUEST, &host_mac, TRUNK_HOST, TRUNK_OWN);
	net_sent();
	net_forget();
}

static void
local(struct rte_mbuf *mbuf)
{
	icmp_local(&net.worker, &net.output, net.routes, mbuf);
}

static void
error_about(struct rte_mbuf *mbuf, uint8_t type, uint8_t code, uint16_t mtu)
{
	icmp_error_send(&net.worker, &net.output, net.routes, &net.limiter, mbuf,
		(struct icmp_error){type, code, mtu});
	rte_pktmbuf_free(mbuf);
}

static struct rte_mbuf *
echo(unsigned int interface, rte_be32_t source, rte_be32_t destination, unsigned int payload)
{
	uint8_t frame[2100];
	unsigned int length = frame_echo(frame, interface, source, destination, payload);

	return net_parsed(frame, length, interface);
}

static struct rte_mbuf *
udp(unsigned int interface, rte_be32_t source, unsigned int payload)
{
	uint8_t frame[2100];
	unsigned int length = frame_udp(frame, interface, source, FAR_HOST, payload);

	return net_parsed(frame, length, interface);
}

static void
an_own_address_answers_echo(void **state)
{
	const struct rte_ipv4_hdr *ip;
	const uint8_t *icmp;
	unsigned int i;

	meet();
	local(echo(LAN, LAN_HOST, LAN_OWN, 56));
	assert_int_equal(net_sent(), 1);
	assert_int_equal(net.sent_port[0], 0);
	assert_memory_equal(net_frame(0), &host_mac, 6);
	ip = (const struct rte_ipv4_hdr *)(net_frame(0) + 14);
	icmp = (const uint8_t *)(ip + 1);
	assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
	assert_int_equal(ip->src_addr, LAN_OWN);
	assert_int_equal(ip->dst_addr, LAN_HOST);
	assert_int_equal(ip->time_to_live, 64);
	assert_memory_equal(icmp, "\x00\x00", 2);
	assert_memory_equal(icmp + 4, "\x77\x01\x00\x09", 4);
	for (i = 0; i < 56; i++)
		assert_int_equal(icmp[8 + i], i);
	assert_int_equal(rte_raw_cksum(icmp, 64), 0xffff);
	assert_int_equal(net_events(EVENT_ICMP_ECHO_REPLY_OUT), 1);
}

static void
an_own_address_of_another_interface_answers_too(void **state)
{
	const struct rte_ipv4_hdr *ip;

	meet();
	local(echo(WAN, FAR_HOST, LAN_OWN, 8));
	assert_int_equal(net_sent(), 1);
	assert_int_equal(net.sent_port[0], 1);
	assert_memory_equal(net_frame(0), &other_mac, 6); /* by the default route */
	ip = (const struct rte_ipv4_hdr *)(net_frame(0) + 14);
	assert_int_equal(ip->src_addr, LAN_OWN);
	assert_int_equal(ip->dst_addr, FAR_HOST);
}

static void
a_long_echo_is_answered_in_fragments(void **state)
{
	struct rte_mbuf *mbuf;

	meet();
	mbuf = echo(TRUNK, TRUNK_HOST, TRUNK_OWN, 1400);
	packet_ip(mbuf)->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	local(mbuf);
	assert_int_equal(net_sent(), 3);
	assert_int_equal(net_drops(DROP_MTU_EXCEEDED), 0);
}

static void
a_wrong_icmp_checksum_is_not_answered(void **state)
{
	struct rte_mbuf *mbuf = echo(LAN, LAN_HOST, LAN_OWN, 56);

	((uint8_t *)packet_l4(mbuf))[20] ^= 1;
	local(mbuf);
	assert_int_equal(net_drops(DROP_L4_HEADER), 1);
	assert_int_equal(net_sent(), 0);
}

/* Bytes whose sum carries, in segments that begin at odd and at even bytes. */
static void
an_echo_in_segments_is_answered_if_its_checksum_is_right(void **state)
{
	static const unsigned int sizes[] = {61, 64, 65, 101, 333};

	meet();
	for (unsigned int i = 0; i < 2 * RTE_DIM(sizes); i++) {
		uint8_t frame[2100];
		unsigned int length = frame_echo(frame, LAN, LAN_HOST, LAN_OWN, 1200);
		uint8_t *icmp = frame + 34;
		bool damaged = i >= RTE_DIM(sizes);
		struct rte_mbuf *mbuf;
		uint16_t sum;

		memset(icmp + 8, 0xfe, 1200);
		memset(icmp + 2, 0, 2);
		sum = (uint16_t)~rte_raw_cksum(icmp, 1208);
		memcpy(icmp + 2, &sum, 2);
		icmp[1000] ^= damaged;
		mbuf = net_mbuf_chain(frame, length, sizes[i % RTE_DIM(sizes)]);
		assert_int_equal(net_parse(mbuf, LAN)->ipv4.count, 1);
		local(mbuf);
		assert_int_equal(net_sent(), !damaged);
		net_forget();
	}
	assert_int_equal(net_drops(DROP_L4_HEADER), RTE_DIM(sizes));
}

static void
other_icmp_to_us_is_counted_by_kind(void **state)
{
	static const struct {
		uint8_t type;
		enum drop_reason reason;
	} kinds[] = {{0, DROP_ICMP_CONSUMED}, {3, DROP_ICMP_CONSUMED}, {11, DROP_ICMP_CONSUMED},
		{4, DROP_ICMP_TYPE}, {5, DROP_ICMP_TYPE}, {13, DROP_ICMP_TYPE},
		{15, DROP_ICMP_TYPE}, {17, DROP_ICMP_TYPE}};
	unsigned int i;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		uint8_t frame[100], l4[40] = {kinds[i].type};
		uint16_t sum = (uint16_t)~rte_raw_cksum(l4, sizeof(l4));
		uint64_t before = net_drops(kinds[i].reason);
		unsigned int length;

		memcpy(l4 + 2, &sum, 2);
		length = frame_ip(frame, LAN, LAN_HOST, LAN_OWN, IPPROTO_ICMP, l4, sizeof(l4));
		local(net_parsed(frame, length, LAN));
		assert_int_equal(net_drops(kinds[i].reason), before + 1);
	}
	assert_int_equal(net_sent(), 0);
}

static void
an_error_quotes_the_packet_as_it_arrived(void **state)
{
	const struct rte_ipv4_hdr *ip;
	const uint8_t *icmp;
	struct rte_mbuf *mbuf;
	uint8_t quoted[128];

	meet();
	mbuf = udp(LAN, LAN_HOST, 100);
	memcpy(quoted, packet_ip(mbuf), 128);
	error_about(mbuf, 11, 0, 0);
	assert_int_equal(net_sent(), 1);
	assert_int_equal(net.sent_port[0], 0);
	ip = (const struct rte_ipv4_hdr *)(net_frame(0) + 14);
	icmp = (const uint8_t *)(ip + 1);
	assert_int_equal(ip->src_addr, LAN_OWN);
	assert_int_equal(ip->dst_addr, LAN_HOST);
	assert_int_equal(ip->time_to_live, 64);
	assert_int_equal(ip->type_of_service, 0);
	assert_int_equal(ip->next_proto_id, IPPROTO_ICMP);
	assert_int_equal(rte_be_to_cpu_16(ip->total_length), 28 + 128);
	assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
	assert_memory_equal(icmp, "\x0b\x00", 2);
	assert_memory_equal(icmp + 4, "\x00\x00\x00\x00", 4);
	assert_memory_equal(icmp + 8, quoted, 128);
	assert_int_equal(rte_raw_cksum(icmp, 8 + 128), 0xffff);
	assert_int_equal(rte_pktmbuf_pkt_len(net.sent[0]), 14 + 28 + 128);
	assert_int_equal(net_events(EVENT_ICMP_ERROR_OUT), 1);
}

static void
an_error_has_the_class_of_what_it_is_about(void **state)
{
	/* expedited forwarding, with ECN's congestion experienced; class selector 6 */
	static const uint8_t tos[][2] = {{0xbb, 0xb8}, {0xc0, 0xc0}, {0x03, 0x00}};

	meet();
	for (unsigned int i = 0; i < RTE_DIM(tos); i++) {
		struct rte_mbuf *mbuf = udp(LAN, LAN_HOST, 20);

		packet_ip(mbuf)->type_of_service = tos[i][0];
		error_about(mbuf, 11, 0, 0);
		assert_int_equal(net_sent(), 1);
		assert_int_equal(net_frame(0)[15], tos[i][1]);
		net_forget();
	}
}

static void
an_error_is_at_most_576_bytes(void **state)
{
	const struct rte_ipv4_hdr *ip;

	meet();
	error_about(udp(LAN, LAN_HOST, 1400), 3, 4, 1280);
	assert_int_equal(net_sent(), 1);
	ip = (const struct rte_ipv4_hdr *)(net_frame(0) + 14);
	assert_int_equal(rte_be_to_cpu_16(ip->total_length), 576);
	assert_memory_equal((const uint8_t *)(ip + 1) + 4, "\x00\x00\x05\x00", 4);
	assert_int_equal(rte_raw_cksum(ip + 1, 556), 0xffff);
}

static void
an_error_quotes_across_segments(void **state)
{
	uint8_t frame[1000];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 900);
	struct rte_mbuf *mbuf = net_mbuf_chain(frame, length, 100);

	meet();
	assert_int_equal(net_parse(mbuf, LAN)->ipv4.count, 1);
	error_about(mbuf, 3, 1, 0);
	assert_int_equal(net_sent(), 1);
	assert_memory_equal(net_frame(0) + 42, frame + 14, 548);
}

static void
an_error_speaks_from_the_interface_the_packet_came_in_on(void **state)
{
	const struct rte_ipv4_hdr *ip;

	meet();
	/* its source routes by the WAN, yet it came in by the trunk */
	error_about(udp(TRUNK, FAR_HOST ^ IP(0, 0, 0, 1), 20), 11, 0, 0);
	assert_int_equal(net_sent(), 1);
	ip = (const struct rte_ipv4_hdr *)(net_frame(0) + 14);
	assert_int_equal(ip->src_addr, TRUNK_OWN);
	assert_memory_equal(net_frame(0), &other_mac, 6);
}

static void
errors_are_limited_and_the_limit_refills(void **state)
{
	unsigned int i;

	meet();
	for (i = 0; i < ERRORS_BURST + 5; i++)
		error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
	assert_int_equal(net_sent(), ERRORS_BURST);
	assert_int_equal(net_events(EVENT_ICMP_ERROR_LIMITED), 5);
	net_forget();

	net.worker.now_ms += 9; /* not yet a token; what is earned is not lost */
	error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
	assert_int_equal(net_sent(), 0);
	net.worker.now_ms += 16; /* two tokens and a half */
	for (i = 0; i < 4; i++)
		error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
	assert_int_equal(net_sent(), 2);
	net_forget();
	net.worker.now_ms += 5;
	error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
	assert_int_equal(net_sent(), 1);
	net_forget();

	net.worker.now_ms += 60000;
	for (i = 0; i < ERRORS_BURST + 5; i++)
		error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
	assert_int_equal(net_sent(), ERRORS_BURST);
}

static void
the_limit_is_what_was_asked_for(void **state)
{
	static const struct {
		uint32_t per_second;
		unsigned int at_once;
	} limits[] = {{0, 0}, {1, 1}, {2, 1}, {7, 4}, {200, 100}};

	meet();
	for (unsigned int i = 0; i < RTE_DIM(limits); i++) {
		icmp_limiter_init(&net.limiter, limits[i].per_second);
		for (unsigned int j = 0; j < 120; j++)
			error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
		assert_int_equal(net_sent(), limits[i].at_once);
		net_forget();
		net.worker.now_ms += 1000;
		for (unsigned int j = 0; j < 120; j++)
			error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
		assert_int_equal(net_sent(), limits[i].at_once); /* full again, no more */
		net_forget();
	}
}

static void
no_error_about_an_icmp_error(void **state)
{
	static const uint8_t errors[] = {3, 4, 5, 11, 12};
	unsigned int i;

	meet();
	for (i = 0; i < RTE_DIM(errors); i++) {
		uint8_t frame[100], l4[40] = {errors[i]};
		unsigned int length =
			frame_ip(frame, LAN, LAN_HOST, FAR_HOST, IPPROTO_ICMP, l4, sizeof(l4));

		error_about(net_parsed(frame, length, LAN), 11, 0, 0);
	}
	assert_int_equal(net_sent(), 0);
	assert_int_equal(net_events(EVENT_ICMP_ERROR_LIMITED), RTE_DIM(errors));
	error_about(echo(LAN, LAN_HOST, FAR_HOST, 8), 11, 0, 0);
	assert_int_equal(net_sent(), 1);
}

static void
no_error_about_what_was_not_one_host_to_one_host(void **state)
{
	static const rte_be32_t sources[] = {0, IP(127, 0, 0, 1), IP(224, 0, 0, 9), UINT32_MAX,
		IP(240, 0, 0, 1), IP(10, 0, 0, 255), LAN_OWN};
	static const rte_be32_t destinations[] = {IP(224, 0, 0, 9), UINT32_MAX, IP(10, 0, 0, 255)};
	unsigned int i, before;
	struct rte_mbuf *mbuf;

	meet();
	for (i = 0; i < RTE_DIM(sources); i++) {
		mbuf = udp(LAN, LAN_HOST, 20);
		packet_ip(mbuf)->src_addr = packet_of(mbuf)->key.src = sources[i];
		error_about(mbuf, 11, 0, 0);
	}
	for (i = 0; i < RTE_DIM(destinations); i++) {
		mbuf = udp(LAN, LAN_HOST, 20);
		packet_ip(mbuf)->dst_addr = packet_of(mbuf)->key.dst = destinations[i];
		error_about(mbuf, 11, 0, 0);
	}
	mbuf = udp(LAN, LAN_HOST, 20);
	rte_pktmbuf_mtod(mbuf, uint8_t *)[0] = 1; /* came by link-layer multicast */
	error_about(mbuf, 11, 0, 0);
	mbuf = udp(LAN, LAN_HOST, 20);
	packet_ip(mbuf)->fragment_offset = RTE_BE16(3);
	error_about(mbuf, 11, 0, 0);
	assert_int_equal(net_sent(), 0);
	before = (unsigned int)net_events(EVENT_ICMP_ERROR_LIMITED);
	assert_int_equal(before, RTE_DIM(sources) + RTE_DIM(destinations) + 2);

	mbuf = udp(LAN, LAN_HOST, 20); /* the first fragment is answered */
	packet_ip(mbuf)->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
	error_about(mbuf, 11, 0, 0);
	assert_int_equal(net_sent(), 1);
}

static void
refused_errors_cost_no_tokens(void **state)
{
	unsigned int i;

	meet();
	for (i = 0; i < ERRORS_BURST; i++) {
		struct rte_mbuf *mbuf = udp(LAN, LAN_HOST, 20);

		packet_ip(mbuf)->fragment_offset = RTE_BE16(3);
		error_about(mbuf, 11, 0, 0);
	}
	error_about(udp(LAN, LAN_HOST, 20), 11, 0, 0);
	assert_int_equal(net_sent(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_own_address_answers_echo),
		TEST(an_own_address_of_another_interface_answers_too),
		TEST(a_long_echo_is_answered_in_fragments),
		TEST(a_wrong_icmp_checksum_is_not_answered),
		TEST(an_echo_in_segments_is_answered_if_its_checksum_is_right),
		TEST(other_icmp_to_us_is_counted_by_kind),
		TEST(an_error_quotes_the_packet_as_it_arrived),
		TEST(an_error_has_the_class_of_what_it_is_about),
		TEST(an_error_is_at_most_576_bytes),
		TEST(an_error_quotes_across_segments),
		TEST(an_error_speaks_from_the_interface_the_packet_came_in_on),
		TEST(errors_are_limited_and_the_limit_refills),
		TEST(the_limit_is_what_was_asked_for),
		TEST(no_error_about_an_icmp_error),
		TEST(no_error_about_what_was_not_one_host_to_one_host),
		TEST(refused_errors_cost_no_tokens),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
