/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "net_fixture.h"

static const struct rte_arp_hdr *
sent_arp(unsigned int index, unsigned int interface)
{
	return (const struct rte_arp_hdr *)(net_frame(index) + frame_ip_offset(interface));
}

static bool
known(unsigned int interface, rte_be32_t address)
{
	struct packet packet = {.egress = (uint16_t)interface, .next_hop = address};

	return neighbour_find(net.output.neighbours, &packet);
}

static void
a_request_for_an_own_address_is_answered_and_teaches(void **state)
{
	const struct rte_arp_hdr *arp;

	net_arp(TRUNK, RTE_ARP_OP_REQUEST, &host_mac, TRUNK_HOST, TRUNK_OWN);
	assert_int_equal(net_sent(), 1);
	assert_int_equal(net.sent_port[0], 1);
	assert_memory_equal(net_frame(0), &host_mac, 6);
	assert_memory_equal(net_frame(0) + 6, &port_mac[1], 6);
	assert_memory_equal(net_frame(0) + 12, "\x81\x00\x00\x14\x08\x06", 6);
	arp = sent_arp(0, TRUNK);
	assert_int_equal(arp->arp_opcode, RTE_BE16(RTE_ARP_OP_REPLY));
	assert_memory_equal(&arp->arp_data.arp_sha, &port_mac[1], 6);
	assert_memory_equal(&arp->arp_data.arp_tha, &host_mac, 6);
	assert_int_equal(arp->arp_data.arp_sip, TRUNK_OWN);
	assert_int_equal(arp->arp_data.arp_tip, TRUNK_HOST);
	assert_true(known(TRUNK, TRUNK_HOST));
	assert_int_equal(net_events(EVENT_ARP_REQUEST_IN), 1);
	assert_int_equal(net_events(EVENT_ARP_REPLY_OUT), 1);
}

static void
a_request_for_another_address_is_consumed(void **state)
{
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_HOST, IP(10, 0, 0, 3));
	/* an own address, but of another interface */
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_HOST, WAN_OWN);
	assert_int_equal(net_sent(), 0);
	assert_false(known(LAN, LAN_HOST));
	assert_int_equal(net_drops(DROP_ARP_CONSUMED), 2);
}

static void
a_request_for_another_updates_a_host_already_known(void **state)
{
	struct packet packet = {.egress = LAN, .next_hop = LAN_HOST};

	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_HOST, LAN_OWN);
	net_arp(LAN, RTE_ARP_OP_REQUEST, &other_mac, LAN_HOST,
		LAN_HOST); /* it moved, and says so */
	assert_true(neighbour_find(net.output.neighbours, &packet));
	assert_int_equal(net.output.neighbours->head[packet.neighbour].link & 0xffffffffffff,
		UINT64_C(0x020100000002));
}

static void
an_answer_nobody_asked_for_teaches_nothing(void **state)
{
	net_arp(LAN, RTE_ARP_OP_REPLY, &host_mac, LAN_HOST, LAN_OWN);
	assert_false(known(LAN, LAN_HOST));
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
	assert_int_equal(net_events(EVENT_ARP_REPLY_IN), 0);
}

static void
a_sender_that_is_not_on_the_link_teaches_nothing(void **state)
{
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, FAR_HOST, LAN_OWN);
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, IP(10, 0, 0, 255), LAN_OWN);
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
	assert_int_equal(net_sent(), 2);
}

static void
a_probe_is_answered_without_learning(void **state)
{
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, 0, LAN_OWN);
	assert_int_equal(net_sent(), 1);
	assert_int_equal(sent_arp(0, LAN)->arp_data.arp_tip, 0);
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
}

static void
a_conflict_is_counted_and_not_believed(void **state)
{
	net_arp(LAN, RTE_ARP_OP_REPLY, &host_mac, LAN_OWN, LAN_HOST);
	assert_int_equal(net_events(EVENT_ARP_CONFLICT), 1);
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_OWN, LAN_OWN);
	assert_int_equal(net_events(EVENT_ARP_CONFLICT), 2);
	assert_int_equal(net_sent(), 1); /* the second one is answered: we defend the address */
	net_arp(LAN, RTE_ARP_OP_REPLY, &port_mac[0], LAN_OWN, LAN_OWN); /* our own, looped back */
	assert_int_equal(net_events(EVENT_ARP_CONFLICT), 2);
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
}

static void
malformed_packets_are_dropped(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} faults[] = {{0, 1}, {1, 6}, {2, 9}, {3, 1}, {4, 8}, {5, 16}, {7, 3}, {7, 0}, {8, 1},
		{14, 127}, {14, 224}, {14, 255}};
	unsigned int i;

	for (i = 0; i < RTE_DIM(faults); i++) {
		uint8_t frame[64];
		unsigned int length =
			frame_arp(frame, LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_HOST, LAN_OWN);
		const struct parse_result *result;

		frame[14 + faults[i].at] = faults[i].value;
		result = net_parse(net_mbuf(frame, length), LAN);
		neighbour_arp_burst(&net.worker, &net.output, &result->arp);
		assert_int_equal(net_drops(DROP_ARP_MALFORMED), i + 1);
	}
	net_arp(LAN, RTE_ARP_OP_REQUEST, &(struct rte_ether_addr){{0}}, LAN_HOST, LAN_OWN);
	net_arp(LAN, RTE_ARP_OP_REPLY, &host_mac, 0, LAN_OWN);
	assert_int_equal(net_drops(DROP_ARP_MALFORMED), i + 2);
	assert_int_equal(net_sent(), 0);
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
}

static void
every_own_address_is_announced(void **state)
{
	static const rte_be32_t own[] = {LAN_OWN, WAN_OWN, TRUNK_OWN};
	unsigned int i;

	neighbour_announce(&net.worker, &net.output);
	assert_int_equal(net_sent(), INTERFACES);
	for (i = 0; i < INTERFACES; i++) {
		const struct rte_arp_hdr *arp = sent_arp(i, i);

		assert_memory_equal(net_frame(i), &broadcast_mac, 6);
		assert_int_equal(arp->arp_opcode, RTE_BE16(RTE_ARP_OP_REQUEST));
		assert_int_equal(arp->arp_data.arp_sip, own[i]);
		assert_int_equal(arp->arp_data.arp_tip, own[i]);
		assert_memory_equal(&arp->arp_data.arp_sha, &net.interfaces->entry[i].mac, 6);
	}
}

static void
proxy_addresses_are_answered_where_their_prefix_is(void **state)
{
	const rte_be32_t pool = IP(203, 0, 113, 9);

	assert_true(interface_proxy_add(net.interfaces, pool));
	assert_false(interface_proxy_add(net.interfaces, pool));
	assert_false(interface_proxy_add(net.interfaces, WAN_OWN));
	assert_false(interface_proxy_add(net.interfaces, IP(203, 0, 113, 255)));
	assert_false(interface_proxy_add(net.interfaces, FAR_HOST)); /* comes by a route */

	net_arp(WAN, RTE_ARP_OP_REQUEST, &host_mac, WAN_HOST, pool);
	assert_int_equal(net_sent(), 1);
	assert_int_equal(sent_arp(0, WAN)->arp_opcode, RTE_BE16(RTE_ARP_OP_REPLY));
	assert_int_equal(sent_arp(0, WAN)->arp_data.arp_sip, pool);
	assert_memory_equal(&sent_arp(0, WAN)->arp_data.arp_sha, &port_mac[1], 6);
	assert_true(known(WAN, WAN_HOST));
	net_arp(LAN, RTE_ARP_OP_REQUEST, &host_mac, LAN_HOST, pool);
	net_arp(TRUNK, RTE_ARP_OP_REQUEST, &host_mac, TRUNK_HOST, pool);
	net_arp(WAN, RTE_ARP_OP_REQUEST, &host_mac, WAN_HOST, IP(203, 0, 113, 10));
	assert_int_equal(net_sent(), 1);

	/* claimed by another: a conflict, defended, not learned */
	net_arp(WAN, RTE_ARP_OP_REQUEST, &other_mac, pool, pool);
	assert_int_equal(net_events(EVENT_ARP_CONFLICT), 1);
	assert_int_equal(net_sent(), 2);
	assert_false(known(WAN, pool));
	assert_int_equal(neighbour_count(net.output.neighbours), 1);

	/* announced after the own ones, on the same wire */
	net_forget();
	neighbour_announce(&net.worker, &net.output);
	assert_int_equal(net_sent(), INTERFACES + 1);
	assert_int_equal(net.sent_port[INTERFACES], 1);
	assert_int_equal(sent_arp(INTERFACES, WAN)->arp_data.arp_sip, pool);
	assert_int_equal(sent_arp(INTERFACES, WAN)->arp_data.arp_tip, pool);
}

static void
as_many_proxy_addresses_as_nat_may_have(void **state)
{
	unsigned int added = net.interfaces->proxy_count;

	for (uint32_t host = 10; host < 254; host++)
		added += interface_proxy_add(
			net.interfaces, rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, host)));
	for (uint32_t host = 100; host < 254; host++)
		added += interface_proxy_add(
			net.interfaces, rte_cpu_to_be_32(RTE_IPV4(203, 0, 113, host)));
	assert_int_equal(added, OUTSIDE_ADDRESSES_MAX);
	assert_true(interface_address_is_own(net.interfaces, LAN_OWN));
	assert_false(interface_address_is_own(net.interfaces, IP(10, 0, 0, 10)));
	assert_int_equal(interface_address_kind(net.interfaces, IP(10, 0, 0, 10)), ADDRESS_PROXY);
	assert_int_equal(interface_address_kind(net.interfaces, LAN_HOST), 0);
}

static void
without_mbufs_a_request_is_a_named_drop(void **state)
{
	static struct rte_mbuf *all[MBUFS];
	struct rte_mbuf *mbuf = net_packet(WAN, WAN_HOST, 20, 1);

	assert_int_equal(rte_pktmbuf_alloc_bulk(net.output.mempool, all, MBUFS - 1), 0);
	neighbour_output(&net.worker, &net.output, mbuf);
	assert_int_equal(net_drops(DROP_NO_MBUF), 1);
	assert_int_equal(neighbour_held(net.output.neighbours), 1);
	rte_pktmbuf_free_bulk(all, MBUFS - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_for_an_own_address_is_answered_and_teaches),
		TEST(a_request_for_another_address_is_consumed),
		TEST(a_request_for_another_updates_a_host_already_known),
		TEST(an_answer_nobody_asked_for_teaches_nothing),
		TEST(a_sender_that_is_not_on_the_link_teaches_nothing),
		TEST(a_probe_is_answered_without_learning),
		TEST(a_conflict_is_counted_and_not_believed),
		TEST(malformed_packets_are_dropped),
		TEST(every_own_address_is_announced),
		TEST(without_mbufs_a_request_is_a_named_drop),
		/* These add to the interfaces of all tests after them. */
		TEST(proxy_addresses_are_answered_where_their_prefix_is),
		TEST(as_many_proxy_addresses_as_nat_may_have),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
