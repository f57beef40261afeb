/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_tcp.h>

#include "net_fixture.h"

struct frame_buffer {
	uint8_t bytes[2048];
	unsigned int length;
	uint8_t *ip; /* inside bytes */
};

/* A good frame, then what is wrong with it, then the reason it must be dropped for. */
struct bad_frame {
	const char *what;
	void (*spoil)(struct frame_buffer *frame);
	enum drop_reason reason;
};

static void
frame_make(struct frame_buffer *frame, uint8_t proto)
{
	uint8_t l4[64] = {0};

	if (proto == IPPROTO_UDP) {
		frame->length = frame_udp(frame->bytes, LAN, LAN_HOST, FAR_HOST, 40);
	} else {
		if (proto == IPPROTO_TCP)
			l4[12] = 5 << 4;
		frame->length = frame_ip(frame->bytes, LAN, LAN_HOST, FAR_HOST, proto, l4, 40);
	}
	frame->ip = frame->bytes + 14;
}

static void
set_source(struct frame_buffer *frame, rte_be32_t address)
{
	memcpy(frame->ip + 12, &address, 4);
	frame_fix_checksum(frame->ip);
}

static void
set_destination(struct frame_buffer *frame, rte_be32_t address)
{
	memcpy(frame->ip + 16, &address, 4);
	frame_fix_checksum(frame->ip);
}

/* Put 4 option bytes after the header of a UDP frame. */
static void
add_option(struct frame_buffer *frame, const uint8_t *option)
{
	memmove(frame->ip + 24, frame->ip + 20, frame->length - 34);
	memcpy(frame->ip + 20, option, 4);
	frame->length += 4;
	frame->ip[0] = 0x46;
	frame->ip[3] += 4;
	frame_fix_checksum(frame->ip);
}

static void
make_tcp(struct frame_buffer *frame, uint8_t data_offset, unsigned int length)
{
	uint8_t l4[64] = {0};

	l4[12] = (uint8_t)(data_offset << 4);
	frame->length = frame_ip(frame->bytes, LAN, LAN_HOST, FAR_HOST, IPPROTO_TCP, l4, length);
}

static void
set_udp_length(struct frame_buffer *frame, uint16_t length)
{
	frame->ip[24] = (uint8_t)(length >> 8);
	frame->ip[25] = (uint8_t)length;
}

static void
set_ip_length(struct frame_buffer *frame, uint8_t length)
{
	frame->ip[3] = length;
	frame_fix_checksum(frame->ip);
}

#define SPOIL(name) static void name(struct frame_buffer *f)

/* clang-format off */
SPOIL(ether_type_ipv6)   { f->bytes[12] = 0x86; f->bytes[13] = 0xdd; }
SPOIL(ether_type_llc)    { f->bytes[12] = 0; f->bytes[13] = 60; }
SPOIL(ether_type_qinq)   { f->bytes[12] = 0x88; f->bytes[13] = 0xa8; }
SPOIL(other_station)     { f->bytes[5] = 0x99; }
SPOIL(ether_broadcast)   { memset(f->bytes, 0xff, 6); }
SPOIL(ether_multicast)   { memcpy(f->bytes, (uint8_t[]){1, 0, 0x5e, 0, 0, 1}, 6); }
SPOIL(vlan_unknown)      { memmove(f->bytes + 18, f->bytes + 14, f->length - 14);
			   memcpy(f->bytes + 12, (uint8_t[]){0x81, 0, 0, 7, 8, 0}, 6); f->length += 4; }
SPOIL(vlan_cut)          { memcpy(f->bytes + 12, (uint8_t[]){0x81, 0}, 2); f->length = 16; }
SPOIL(vlan_twice)        { memcpy(f->bytes + 12, (uint8_t[]){0x81, 0, 0, 0, 0x81, 0}, 6); }
SPOIL(runt)              { f->length = 13; }
SPOIL(ip_cut)            { f->length = 14 + 19; }
SPOIL(total_too_long)    { f->length -= 1; }
SPOIL(options_cut)       { f->ip[0] = 0x4f; f->length = 14 + 40; }
SPOIL(arp_cut)           { f->bytes[12] = 8; f->bytes[13] = 6; f->length = 14 + 27; }
SPOIL(version_6)         { f->ip[0] = 0x65; frame_fix_checksum(f->ip); }
SPOIL(version_0)         { f->ip[0] = 0x05; }
SPOIL(ihl_4)             { f->ip[0] = 0x44; }
SPOIL(total_under_header){ set_ip_length(f, 19); }
SPOIL(checksum_off)      { f->ip[10] ^= 1; }
SPOIL(checksum_ttl)      { f->ip[8]--; }
SPOIL(checksum_options)  { add_option(f, (uint8_t[]){1, 1, 1, 0}); f->ip[21] = 0; }
SPOIL(option_lsrr)       { add_option(f, (uint8_t[]){131, 3, 4, 0}); }
SPOIL(option_ssrr)       { add_option(f, (uint8_t[]){1, 137, 3, 4}); }
SPOIL(option_overrun)    { add_option(f, (uint8_t[]){7, 9, 4, 0}); }
SPOIL(option_length_1)   { add_option(f, (uint8_t[]){7, 1, 4, 0}); }
SPOIL(option_no_length)  { add_option(f, (uint8_t[]){1, 1, 1, 7}); }
SPOIL(source_zero)       { set_source(f, 0); }
SPOIL(source_zero_net)   { set_source(f, IP(0, 1, 2, 3)); }
SPOIL(source_loopback)   { set_source(f, IP(127, 0, 0, 1)); }
SPOIL(source_multicast)  { set_source(f, IP(224, 0, 0, 5)); }
SPOIL(source_class_e)    { set_source(f, IP(240, 0, 0, 1)); }
SPOIL(source_broadcast)  { set_source(f, UINT32_MAX); }
SPOIL(source_own)        { set_source(f, LAN_OWN); }
SPOIL(source_own_other)  { set_source(f, TRUNK_OWN); }
SPOIL(source_directed)   { set_source(f, IP(10, 0, 0, 255)); }
SPOIL(source_network)    { set_source(f, IP(203, 0, 113, 0)); }
SPOIL(to_zero)           { set_destination(f, 0); }
SPOIL(to_loopback)       { set_destination(f, IP(127, 1, 2, 3)); }
SPOIL(to_multicast)      { set_destination(f, IP(239, 1, 1, 1)); }
SPOIL(to_class_e)        { set_destination(f, IP(250, 1, 1, 1)); }
SPOIL(to_broadcast)      { set_destination(f, UINT32_MAX); }
SPOIL(to_directed)       { set_destination(f, IP(203, 0, 113, 255)); }
SPOIL(to_directed_30)    { set_destination(f, IP(198, 51, 100, 3)); }
SPOIL(to_network)        { set_destination(f, IP(10, 0, 0, 0)); }
SPOIL(udp_cut)           { set_ip_length(f, 27); }
SPOIL(udp_length_7)      { set_udp_length(f, 7); }
SPOIL(udp_length_over)   { set_udp_length(f, 49); }
SPOIL(tcp_cut)           { make_tcp(f, 5, 19); }
SPOIL(tcp_offset_4)      { make_tcp(f, 4, 40); }
SPOIL(tcp_offset_over)   { make_tcp(f, 11, 40); }
SPOIL(icmp_cut)          { f->ip[9] = IPPROTO_ICMP; set_ip_length(f, 27); }
/* clang-format on */

#define BAD(function, reason) \
	{ \
#function, function, DROP_##reason \
	}

static const struct bad_frame bad_frames[] = {
	BAD(ether_type_ipv6, ETHER_TYPE),
	BAD(ether_type_llc, ETHER_TYPE),
	BAD(ether_type_qinq, ETHER_TYPE),
	BAD(vlan_twice, ETHER_TYPE),
	BAD(other_station, ETHER_DESTINATION),
	BAD(ether_broadcast, ETHER_DESTINATION),
	BAD(ether_multicast, ETHER_DESTINATION),
	BAD(vlan_unknown, VLAN_UNKNOWN),
	BAD(vlan_cut, TRUNCATED),
	BAD(runt, TRUNCATED),
	BAD(ip_cut, TRUNCATED),
	BAD(total_too_long, TRUNCATED),
	BAD(options_cut, TRUNCATED),
	BAD(arp_cut, TRUNCATED),
	BAD(version_6, IP_VERSION),
	BAD(version_0, IP_VERSION),
	BAD(ihl_4, IP_HEADER),
	BAD(total_under_header, IP_HEADER),
	BAD(option_overrun, IP_HEADER),
	BAD(option_length_1, IP_HEADER),
	BAD(option_no_length, IP_HEADER),
	BAD(checksum_off, IP_CHECKSUM),
	BAD(checksum_ttl, IP_CHECKSUM),
	BAD(checksum_options, IP_CHECKSUM),
	BAD(option_lsrr, IP_OPTIONS),
	BAD(option_ssrr, IP_OPTIONS),
	BAD(source_zero, IP_SOURCE),
	BAD(source_zero_net, IP_SOURCE),
	BAD(source_loopback, IP_SOURCE),
	BAD(source_multicast, IP_SOURCE),
	BAD(source_class_e, IP_SOURCE),
	BAD(source_broadcast, IP_SOURCE),
	BAD(source_own, IP_SOURCE_OWN),
	BAD(source_own_other, IP_SOURCE_OWN),
	BAD(source_directed, IP_SOURCE),
	BAD(source_network, IP_SOURCE),
	BAD(to_zero, IP_DESTINATION),
	BAD(to_loopback, IP_DESTINATION),
	BAD(to_multicast, IP_DESTINATION),
	BAD(to_class_e, IP_DESTINATION),
	BAD(to_broadcast, IP_DESTINATION),
	BAD(to_directed, IP_DESTINATION),
	BAD(to_directed_30, IP_DESTINATION),
	BAD(to_network, IP_DESTINATION),
	BAD(udp_cut, L4_HEADER),
	BAD(udp_length_7, L4_HEADER),
	BAD(udp_length_over, L4_HEADER),
	BAD(tcp_cut, L4_HEADER),
	BAD(tcp_offset_4, L4_HEADER),
	BAD(tcp_offset_over, L4_HEADER),
	BAD(icmp_cut, L4_HEADER),
};

static void
every_bad_frame_is_dropped_for_its_reason(void **state)
{
	unsigned int i, reason;

	for (i = 0; i < RTE_DIM(bad_frames); i++) {
		const struct bad_frame *bad = &bad_frames[i];
		const struct parse_result *result;
		struct frame_buffer frame;

		memset(net.worker.counters, 0, sizeof(*net.worker.counters));
		frame_make(&frame, IPPROTO_UDP);
		bad->spoil(&frame);
		result = net_parse(net_mbuf(frame.bytes, frame.length), LAN);
		for (reason = 0; reason < DROP_COUNT; reason++) {
			if (net_drops(reason) != (reason == bad->reason))
				fail_msg("%s: counted as %s", bad->what, drop_reason_name(reason));
		}
		assert_int_equal(
			result->ipv4.count + result->arp.count + result->fragments.count, 0);
	}
}

static void
udp_fills_key_offsets_and_hash(void **state)
{
	struct frame_buffer frame;
	struct rte_mbuf *mbuf;
	struct packet *packet;

	frame_make(&frame, IPPROTO_UDP);
	mbuf = net_parsed(frame.bytes, frame.length, LAN);
	packet = packet_of(mbuf);
	assert_int_equal(packet->key.src, LAN_HOST);
	assert_int_equal(packet->key.dst, FAR_HOST);
	assert_int_equal(packet->key.src_port, RTE_BE16(4000));
	assert_int_equal(packet->key.dst_port, RTE_BE16(5060));
	assert_int_equal(packet->key.proto, IPPROTO_UDP);
	assert_int_equal(packet->key.realm, realm_make(2, NAT_SIDE_INSIDE));
	assert_int_equal(packet->key.zero, 0);
	assert_true(packet->hash == flow_key_hash(&packet->key));
	assert_int_equal(packet->interface, LAN);
	assert_int_equal(packet->ip_offset, 14);
	assert_int_equal(packet->l4_offset, 34);
	assert_int_equal(packet->payload_offset, 42);
	assert_int_equal(packet->ip_length, 68);
	assert_int_equal(packet_udp_payload_length(mbuf), 40);
	assert_int_equal(packet->flags, 0);
	assert_int_equal(packet->tcp_flags, 0);
	assert_int_equal(packet->neighbour, 0);
	assert_int_equal(packet->neighbour_generation, 0);
	assert_int_equal(packet->next_hop, 0);
	assert_null(packet->flow);
	rte_pktmbuf_free(mbuf);
}

static void
keys_that_differ_in_one_field_hash_differently(void **state)
{
	struct flow_key key = {LAN_HOST, FAR_HOST, 1, 2, IPPROTO_UDP, 9, 0}, other = key;

	other.realm = 10;
	assert_true(flow_key_hash(&key) != flow_key_hash(&other));
	other = key;
	other.src_port = 3;
	assert_true(flow_key_hash(&key) != flow_key_hash(&other));
	other = key;
	assert_true(flow_key_hash(&key) == flow_key_hash(&other));
}

static void
udp_length_shorter_than_ip_gives_the_payload_length(void **state)
{
	struct frame_buffer frame;
	struct rte_mbuf *mbuf;

	frame_make(&frame, IPPROTO_UDP);
	set_udp_length(&frame, 8 + 33);
	mbuf = net_parsed(frame.bytes, frame.length, LAN);
	assert_int_equal(packet_udp_payload_length(mbuf), 33);
	rte_pktmbuf_free(mbuf);
}

static void
tcp_flags_and_payload_follow_the_data_offset(void **state)
{
	struct frame_buffer frame;
	struct rte_mbuf *mbuf;

	frame_make(&frame, IPPROTO_TCP);
	frame.ip[20 + 12] = 8 << 4;
	frame.ip[20 + 13] = TCP_SYN | TCP_ACK;
	mbuf = net_parsed(frame.bytes, frame.length, LAN);
	assert_int_equal(packet_of(mbuf)->tcp_flags, TCP_SYN | TCP_ACK);
	assert_int_equal(packet_of(mbuf)->payload_offset, 34 + 32);
	rte_pktmbuf_free(mbuf);
}

static void
icmp_types_are_told_apart(void **state)
{
	static const struct {
		uint8_t type, flags;
		uint16_t port;
	} types[] = {{8, 0, 0x0201}, {0, 0, 0x0201}, {3, PACKET_ICMP_ERROR, 0},
		{11, PACKET_ICMP_ERROR, 0}, {12, PACKET_ICMP_ERROR, 0}, {4, PACKET_ICMP_OTHER, 0},
		{13, 0, 0x0201}, {14, 0, 0x0201}, {5, PACKET_ICMP_OTHER, 0},
		{15, PACKET_ICMP_OTHER, 0}};
	unsigned int i;

	for (i = 0; i < RTE_DIM(types); i++) {
		struct frame_buffer frame;
		struct rte_mbuf *mbuf;

		frame_make(&frame, IPPROTO_ICMP);
		frame.ip[20] = types[i].type;
		frame.ip[24] = 2;
		frame.ip[25] = 1;
		mbuf = net_parsed(frame.bytes, frame.length, LAN);
		assert_int_equal(packet_of(mbuf)->flags, types[i].flags);
		if (types[i].flags == PACKET_ICMP_ERROR) { /* the key of no query */
			assert_int_not_equal(
				packet_of(mbuf)->key.src_port, packet_of(mbuf)->key.dst_port);
			rte_pktmbuf_free(mbuf);
			continue;
		}
		assert_int_equal(packet_of(mbuf)->key.src_port, rte_cpu_to_be_16(types[i].port));
		assert_int_equal(packet_of(mbuf)->key.dst_port, rte_cpu_to_be_16(types[i].port));
		rte_pktmbuf_free(mbuf);
	}
}

static void
other_protocols_get_a_key_without_ports(void **state)
{
	struct frame_buffer frame;
	struct rte_mbuf *mbuf;

	frame_make(&frame, 47);
	mbuf = net_parsed(frame.bytes, frame.length, LAN);
	assert_int_equal(packet_of(mbuf)->key.proto, 47);
	assert_int_equal(packet_of(mbuf)->key.src_port, 0);
	assert_int_equal(packet_of(mbuf)->key.dst_port, 0);
	rte_pktmbuf_free(mbuf);
}

static void
harmless_options_move_the_layer_4_offset(void **state)
{
	struct frame_buffer frame;
	struct rte_mbuf *mbuf;

	frame_make(&frame, IPPROTO_UDP);
	add_option(&frame, (uint8_t[]){1, 148, 3, 0});
	mbuf = net_parsed(frame.bytes, frame.length, LAN);
	assert_int_equal(packet_of(mbuf)->l4_offset, 38);
	assert_int_equal(packet_of(mbuf)->key.dst_port, RTE_BE16(5060));
	rte_pktmbuf_free(mbuf);
}

static void
a_tag_chooses_the_interface_and_is_removed(void **state)
{
	uint8_t frame[256];
	unsigned int length = frame_udp(frame, TRUNK, TRUNK_HOST, FAR_HOST, 10);
	struct rte_mbuf *mbuf = net_parsed(frame, length, TRUNK);
	const uint8_t *bytes = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	assert_int_equal(packet_of(mbuf)->interface, TRUNK);
	assert_int_equal(packet_of(mbuf)->ip_offset, 14);
	assert_int_equal(rte_pktmbuf_pkt_len(mbuf), length - 4);
	assert_memory_equal(bytes, frame, 12);
	assert_memory_equal(bytes + 12, frame + 16, length - 16);
	rte_pktmbuf_free(mbuf);
}

static void
a_tag_the_nic_stripped_chooses_the_interface(void **state)
{
	uint8_t frame[256];
	unsigned int length = frame_udp(frame, WAN, TRUNK_HOST, FAR_HOST, 10);
	struct rte_mbuf *mbuf = net_mbuf(frame, length);
	const struct parse_result *result;

	mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	mbuf->vlan_tci = 0xe000 | 20;
	result = net_parse(mbuf, WAN);
	assert_int_equal(result->ipv4.count, 1);
	assert_int_equal(packet_of(mbuf)->interface, TRUNK);
	assert_false(mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED);
	rte_pktmbuf_free(mbuf);
}

static void
a_priority_tag_belongs_to_the_untagged_interface(void **state)
{
	uint8_t frame[256];
	unsigned int length = frame_udp(frame, TRUNK, WAN_HOST, FAR_HOST, 10);
	struct rte_mbuf *mbuf;

	frame[14] = 0xa0;
	frame[15] = 0;
	mbuf = net_parsed(frame, length, WAN);
	assert_int_equal(packet_of(mbuf)->interface, WAN);
	rte_pktmbuf_free(mbuf);
}

static void
padding_is_trimmed(void **state)
{
	uint8_t frame[300] = {0};
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 3);
	struct rte_mbuf *mbuf = net_parsed(frame, 60, LAN);

	assert_int_equal(rte_pktmbuf_pkt_len(mbuf), length);
	assert_int_equal(rte_pktmbuf_data_len(mbuf), length);
	rte_pktmbuf_free(mbuf);
}

static void
padding_over_several_segments_is_trimmed(void **state)
{
	uint8_t frame[1000] = {0};
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 300);
	struct rte_mbuf *mbuf = net_mbuf_chain(frame, 1000, 100);

	assert_int_equal(net_parse(mbuf, LAN)->ipv4.count, 1);
	assert_int_equal(rte_pktmbuf_pkt_len(mbuf), length);
	assert_int_equal(mbuf->nb_segs, (length + 99) / 100);
	assert_int_equal(rte_pktmbuf_lastseg(mbuf)->data_len, length % 100);
	assert_int_equal(rte_mbuf_check(mbuf, 1, &(const char *){NULL}), 0);
	rte_pktmbuf_free(mbuf);
}

static void
headers_split_over_segments_are_refused(void **state)
{
	uint8_t frame[1000] = {0};
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, 300);

	net_parse(net_mbuf_chain(frame, length, 30), LAN);
	assert_int_equal(net_drops(DROP_TRUNCATED), 1);
	net_parse(net_mbuf_chain(frame, length, 38), LAN);
	assert_int_equal(net_drops(DROP_L4_HEADER), 1);
}

static void
arp_goes_to_its_own_burst(void **state)
{
	uint8_t frame[64];
	unsigned int length = frame_arp(frame, TRUNK, 1, &host_mac, TRUNK_HOST, TRUNK_OWN);
	const struct parse_result *result = net_parse(net_mbuf(frame, length), TRUNK);

	assert_int_equal(result->arp.count, 1);
	assert_int_equal(result->ipv4.count, 0);
	assert_int_equal(packet_of(result->arp.mbuf[0])->interface, TRUNK);
	assert_int_equal(packet_of(result->arp.mbuf[0])->ip_offset, 14);
	rte_pktmbuf_free(result->arp.mbuf[0]);

	frame[0] = 2;
	net_parse(net_mbuf(frame, length), TRUNK);
	assert_int_equal(net_drops(DROP_ETHER_DESTINATION), 1);
}

static void
promiscuous_takes_frames_for_others(void **state)
{
	struct parse_result result;
	struct frame_buffer frame;
	struct burst burst = {.count = 1};

	frame_make(&frame, IPPROTO_UDP);
	other_station(&frame);
	burst.mbuf[0] = net_mbuf(frame.bytes, frame.length);
	parse_burst(&net.worker, net.interfaces, 0, true, &burst, &result);
	assert_int_equal(result.ipv4.count, 1);
	rte_pktmbuf_free(result.ipv4.mbuf[0]);
}

static void
a_burst_keeps_its_order_around_drops(void **state)
{
	struct parse_result result;
	struct frame_buffer frame;
	struct burst burst = {.count = BURST_MAX};
	unsigned int i;

	for (i = 0; i < BURST_MAX; i++) {
		frame_make(&frame, IPPROTO_UDP);
		set_source(&frame, IP(10, 0, 0, 100) + ((rte_be32_t)i << 24));
		if (i % 3 == 1)
			checksum_off(&frame);
		burst.mbuf[i] = net_mbuf(frame.bytes, frame.length);
	}
	parse_burst(&net.worker, net.interfaces, 0, false, &burst, &result);
	assert_int_equal(result.ipv4.count, 21);
	assert_int_equal(net_drops(DROP_IP_CHECKSUM), 11);
	for (i = 0; i < result.ipv4.count; i++) {
		unsigned int from = i / 2 * 3 + (i % 2) * 2;

		assert_ptr_equal(result.ipv4.mbuf[i], burst.mbuf[from]);
		rte_pktmbuf_free(result.ipv4.mbuf[i]);
	}
}

static void
address_kinds_follow_the_prefixes(void **state)
{
	assert_true(interface_address_is_own(net.interfaces, LAN_OWN));
	assert_false(interface_address_is_own(net.interfaces, LAN_HOST));
	assert_true(interface_address_is_broadcast(net.interfaces, IP(10, 0, 0, 255)));
	assert_true(interface_address_is_broadcast(net.interfaces, IP(198, 51, 100, 0)));
	assert_false(interface_address_is_broadcast(net.interfaces, TRUNK_HOST));
	assert_int_equal(interface_source_for(&net.interfaces->entry[LAN], LAN_HOST), LAN_OWN);
	assert_int_equal(interface_source_for(&net.interfaces->entry[LAN], FAR_HOST), LAN_OWN);
}

static void
a_31_prefix_has_no_broadcast_address(void **state)
{
	struct config_interface interface = {.name = (char[]){"p2p"},
		.mtu = 1500,
		.address_count = 1,
		.addresses = {{IP(10, 9, 9, 0), {IP(10, 9, 9, 0), IP(255, 255, 255, 254), 31}}}};
	struct config config = {.interface_count = 1, .interfaces = &interface};
	struct interface_table *table = interface_table_create(&config, port_mac);

	assert_non_null(table);
	assert_true(interface_address_is_own(table, IP(10, 9, 9, 0)));
	assert_false(interface_address_is_broadcast(table, IP(10, 9, 9, 0)));
	assert_false(interface_address_is_broadcast(table, IP(10, 9, 9, 1)));
	interface_table_destroy(table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_bad_frame_is_dropped_for_its_reason),
		TEST(udp_fills_key_offsets_and_hash),
		TEST(keys_that_differ_in_one_field_hash_differently),
		TEST(udp_length_shorter_than_ip_gives_the_payload_length),
		TEST(tcp_flags_and_payload_follow_the_data_offset),
		TEST(icmp_types_are_told_apart),
		TEST(other_protocols_get_a_key_without_ports),
		TEST(harmless_options_move_the_layer_4_offset),
		TEST(a_tag_chooses_the_interface_and_is_removed),
		TEST(a_tag_the_nic_stripped_chooses_the_interface),
		TEST(a_priority_tag_belongs_to_the_untagged_interface),
		TEST(padding_is_trimmed),
		TEST(padding_over_several_segments_is_trimmed),
		TEST(headers_split_over_segments_are_refused),
		TEST(arp_goes_to_its_own_burst),
		TEST(promiscuous_takes_frames_for_others),
		TEST(a_burst_keeps_its_order_around_drops),
		TEST(address_kinds_follow_the_prefixes),
		TEST(a_31_prefix_has_no_broadcast_address),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
