/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments are told from packets, and the first one has a layer 4. */
#include <string.h>

#include "net_fixture.h"

/* What parse makes of a frame as a fragment: with more to come, and at this offset in eights. */
static struct rte_mbuf *
parsed_fragment(uint8_t *frame, unsigned int length, bool more, uint8_t offset)
{
	const struct parse_result *result;
	uint8_t *ip = frame + 14;

	ip[6] = more ? 0x20 : 0;
	ip[7] = offset;
	frame_fix_checksum(ip);
	result = net_parse(net_mbuf(frame, length), LAN);
	assert_int_equal(result->ipv4.count, 0);
	assert_int_equal(result->fragments.count, 1);
	return result->fragments.mbuf[0];
}

static void
fragments_get_a_key_with_their_identification(void **state)
{
	uint8_t frame[256];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 40);
	struct rte_mbuf *mbuf[] = {
		parsed_fragment(frame, length, true, 0), parsed_fragment(frame, length, false, 5)};

	for (unsigned int i = 0; i < RTE_DIM(mbuf); i++) {
		const struct packet *packet = packet_of(mbuf[i]);

		assert_int_equal(packet->key.src, LAN_HOST);
		assert_int_equal(packet->key.dst, FAR_HOST);
		assert_int_equal(packet->key.src_port, RTE_BE16(0x1234));
		assert_int_equal(packet->key.dst_port, 0);
		assert_int_equal(packet->key.proto, IPPROTO_UDP);
		assert_int_equal(packet->key.realm, net.interfaces->entry[LAN].realm);
		assert_int_equal(packet->interface, LAN);
		assert_int_equal(packet->l4_offset, 34);
		assert_int_equal(packet->ip_length, length - 14);
	}
	assert_true(packet_of(mbuf[0])->hash == packet_of(mbuf[1])->hash);
	rte_pktmbuf_free_bulk(mbuf, RTE_DIM(mbuf));
}

static void
a_packet_with_df_is_no_fragment(void **state)
{
	uint8_t frame[256];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 40);

	frame[20] = 0x40;
	frame_fix_checksum(frame + 14);
	rte_pktmbuf_free(net_parsed(frame, length, LAN));
}

static void
the_ports_of_udp_are_in_its_first_fragment(void **state)
{
	uint8_t frame[256];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 40);
	struct rte_mbuf *mbuf;
	struct packet *packet;

	frame[38] = 0x10; /* the UDP length is the datagram's, not the fragment's */
	mbuf = parsed_fragment(frame, length, true, 0);
	packet = packet_of(mbuf);
	packet->flags = PACKET_HANDED_OFF;
	assert_int_equal(parse_layer4(mbuf, false), PARSED_IPV4);
	assert_int_equal(packet->key.src_port, RTE_BE16(4000));
	assert_int_equal(packet->key.dst_port, RTE_BE16(5060));
	assert_int_equal(packet->key.realm, net.interfaces->entry[LAN].realm);
	assert_int_equal(packet->payload_offset, 42);
	assert_int_equal(packet->flags, 0);
	assert_true(packet->hash == flow_key_hash(&packet->key));
	assert_int_equal(parse_layer4(mbuf, true), DROP_L4_HEADER);
	rte_pktmbuf_free(mbuf);
}

static void
the_first_fragment_holds_the_whole_tcp_header(void **state)
{
	uint8_t l4[40] = {[12] = 6 << 4}, frame[256];

	for (unsigned int length = 16; length <= 24; length += 8) {
		struct rte_mbuf *mbuf = parsed_fragment(frame,
			frame_ip(frame, LAN, LAN_HOST, FAR_HOST, IPPROTO_TCP, l4, length), true, 0);

		assert_int_equal(
			parse_layer4(mbuf, false), length < 24 ? (int)DROP_L4_HEADER : PARSED_IPV4);
		rte_pktmbuf_free(mbuf);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fragments_get_a_key_with_their_identification),
		TEST(a_packet_with_df_is_no_fragment),
		TEST(the_ports_of_udp_are_in_its_first_fragment),
		TEST(the_first_fragment_holds_the_whole_tcp_header),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
