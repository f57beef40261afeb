/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "net_fixture.h"

static void
output(struct rte_mbuf *mbuf)
{
	neighbour_output(&net.worker, &net.output, mbuf);
}

static void
sweep(void)
{
	neighbour_sweep(&net.control, net.output.neighbours, NEIGHBOURS_MAX);
}

static void
answer(unsigned int interface, rte_be32_t address, const struct rte_ether_addr *mac)
{
	net_arp(interface, RTE_ARP_OP_REPLY, mac, address,
		net.interfaces->entry[interface].addresses[0].address);
}

/* The frame is an ARP request for `target`, to this MAC. */
static void
assert_request(unsigned int index, unsigned int interface, rte_be32_t target,
	const struct rte_ether_addr *to)
{
	const uint8_t *frame = net_frame(index);
	const struct rte_arp_hdr *arp =
		(const struct rte_arp_hdr *)(frame + frame_ip_offset(interface));

	assert_memory_equal(frame, to, 6);
	assert_memory_equal((const uint8_t *)arp - 2, "\x08\x06", 2);
	assert_int_equal(arp->arp_opcode, RTE_BE16(RTE_ARP_OP_REQUEST));
	assert_int_equal(arp->arp_data.arp_tip, target);
}

static uint16_t
frame_mark(unsigned int index, unsigned int interface)
{
	const uint8_t *ip = net_frame(index) + frame_ip_offset(interface);

	return (uint16_t)(ip[4] << 8 | ip[5]);
}

static void
the_first_packet_asks_and_is_held(void **state)
{
	output(net_packet(WAN, WAN_HOST, 20, 1));
	assert_int_equal(net_sent(), 1);
	assert_int_equal(net.sent_port[0], 1);
	assert_request(0, WAN, WAN_HOST, &broadcast_mac);
	assert_int_equal(net_events(EVENT_ARP_REQUEST_OUT), 1);
	assert_int_equal(neighbour_count(net.output.neighbours), 1);
	assert_int_equal(neighbour_held(net.output.neighbours), 1);
}

static void
the_answer_releases_in_order(void **state)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		output(net_packet(WAN, WAN_HOST, 20, (uint16_t)(100 + i)));
	assert_int_equal(net_sent(), 1);
	answer(WAN, WAN_HOST, &host_mac);
	assert_int_equal(net_sent(), 6);
	for (i = 0; i < 5; i++) {
		assert_int_equal(frame_mark(1 + i, WAN), 100 + i);
		assert_memory_equal(net_frame(1 + i), &host_mac, 6);
		assert_memory_equal(net_frame(1 + i) + 6, &port_mac[1], 6);
		assert_memory_equal(net_frame(1 + i) + 12, "\x08\x00\x45", 3);
	}
	assert_int_equal(neighbour_held(net.output.neighbours), 0);
	assert_int_equal(net_events(EVENT_ARP_REPLY_IN), 1);
	assert_int_equal(net_drops(DROP_ARP_CONSUMED), 1);
}

static void
the_hold_queue_is_bounded(void **state)
{
	unsigned int i;

	for (i = 0; i < NEIGHBOUR_HOLD_MAX + 3; i++)
		output(net_packet(WAN, WAN_HOST, 20, (uint16_t)i));
	assert_int_equal(net_drops(DROP_NEIGHBOUR_HOLD_FULL), 3);
	answer(WAN, WAN_HOST, &host_mac);
	assert_int_equal(net_sent(), 1 + NEIGHBOUR_HOLD_MAX);
	assert_int_equal(frame_mark(NEIGHBOUR_HOLD_MAX, WAN), NEIGHBOUR_HOLD_MAX - 1);
}

static void
all_hold_queues_together_are_bounded(void **state)
{
	unsigned int i, j;

	for (i = 0; i < NEIGHBOUR_HELD_MAX / NEIGHBOUR_HOLD_MAX + 1; i++) {
		for (j = 0; j < NEIGHBOUR_HOLD_MAX; j++)
			output(net_packet(WAN, IP(203, 0, 113, 10) + ((rte_be32_t)i << 24), 20, 1));
	}
	assert_int_equal(neighbour_held(net.output.neighbours), NEIGHBOUR_HELD_MAX);
	assert_int_equal(net_drops(DROP_NEIGHBOUR_HOLD_FULL), NEIGHBOUR_HOLD_MAX);
}

static void
traffic_repeats_the_question_once_a_second(void **state)
{
	output(net_packet(WAN, WAN_HOST, 20, 1));
	output(net_packet(WAN, WAN_HOST, 20, 2));
	assert_int_equal(net_sent(), 1);
	net_advance(1);
	output(net_packet(WAN, WAN_HOST, 20, 3));
	output(net_packet(WAN, WAN_HOST, 20, 4));
	assert_int_equal(net_sent(), 2);
	assert_request(1, WAN, WAN_HOST, &broadcast_mac);
}

static void
without_an_answer_held_packets_are_given_up(void **state)
{
	output(net_packet(WAN, WAN_HOST, 20, 1));
	output(net_packet(WAN, WAN_HOST, 20, 2));
	net_advance(NEIGHBOUR_GIVE_UP_S - 1);
	sweep();
	assert_int_equal(neighbour_held(net.output.neighbours), 2);
	net_advance(1);
	sweep();
	assert_int_equal(net_drops(DROP_NEIGHBOUR_UNRESOLVED), 2);
	assert_int_equal(neighbour_held(net.output.neighbours), 0);
	assert_int_equal(neighbour_count(net.output.neighbours), 0);

	output(net_packet(WAN, WAN_HOST, 20, 3));
	assert_int_equal(net_sent(), 2);
	assert_request(1, WAN, WAN_HOST, &broadcast_mac);
}

static void
the_same_address_on_two_interfaces_is_two_neighbours(void **state)
{
	output(net_packet(WAN, WAN_HOST, 20, 1));
	output(net_packet(TRUNK, WAN_HOST, 20, 2));
	assert_int_equal(neighbour_count(net.output.neighbours), 2);
	answer(WAN, WAN_HOST, &host_mac);
	assert_int_equal(neighbour_held(net.output.neighbours), 1);
}

/* Resolve WAN_HOST and give what a flow remembers of it. */
static struct packet
resolved(const struct rte_ether_addr *mac)
{
	struct packet packet = {.egress = WAN, .next_hop = WAN_HOST};

	output(net_packet(WAN, WAN_HOST, 20, 1));
	assert_false(neighbour_find(net.output.neighbours, &packet));
	answer(WAN, WAN_HOST, mac);
	assert_true(neighbour_find(net.output.neighbours, &packet));
	assert_true(neighbour_is_current(
		net.output.neighbours, packet.neighbour, packet.neighbour_generation));
	net_sent();
	net_forget();
	return packet;
}

/* Send a packet with a remembered neighbour and no next hop, as an established flow does. */
static void
output_hinted(const struct packet *hint, uint16_t mark)
{
	struct rte_mbuf *mbuf = net_packet(WAN, 0, 20, mark);

	packet_of(mbuf)->neighbour = hint->neighbour;
	packet_of(mbuf)->neighbour_generation = hint->neighbour_generation;
	output(mbuf);
}

static void
a_remembered_neighbour_is_used_as_it_is(void **state)
{
	struct packet hint = resolved(&host_mac);

	output_hinted(&hint, 7);
	assert_int_equal(net_sent(), 1);
	assert_memory_equal(net_frame(0), &host_mac, 6);
	assert_int_equal(frame_mark(0, WAN), 7);
}

static void
a_new_mac_reaches_flows_that_remember_the_neighbour(void **state)
{
	struct packet hint = resolved(&host_mac);

	answer(WAN, WAN_HOST, &other_mac);
	output_hinted(&hint, 7);
	assert_int_equal(net_sent(), 1);
	assert_memory_equal(net_frame(0), &other_mac, 6);
}

static void
a_used_neighbour_is_asked_again_and_kept(void **state)
{
	struct packet hint = resolved(&host_mac);
	unsigned int i;

	net_advance(NEIGHBOUR_REFRESH_S - 1);
	output_hinted(&hint, 1);
	assert_int_equal(net_sent(), 1);
	net_forget();
	net_advance(1);
	for (i = 0; i < 3; i++)
		output_hinted(&hint, 2);
	assert_int_equal(net_sent(), 4);
	assert_request(0, WAN, WAN_HOST, &host_mac);
	assert_int_equal(frame_mark(1, WAN), 2);
	net_forget();

	answer(WAN, WAN_HOST, &host_mac);
	net_advance(1);
	output_hinted(&hint, 3);
	assert_int_equal(net_sent(), 1);
	assert_int_equal(frame_mark(0, WAN), 3);
}

static void
a_neighbour_that_stays_silent_is_resolved_from_scratch(void **state)
{
	struct packet hint = resolved(&host_mac);

	net_advance(NEIGHBOUR_STALE_S);
	output_hinted(&hint, 1); /* the one that notices still goes out */
	assert_int_equal(net_sent(), 1);
	net_forget();
	assert_false(neighbour_is_current(
		net.output.neighbours, hint.neighbour, hint.neighbour_generation));
	output(net_packet(WAN, WAN_HOST, 20, 2));
	assert_int_equal(net_sent(), 1);
	assert_request(0, WAN, WAN_HOST, &broadcast_mac);
	assert_int_equal(neighbour_held(net.output.neighbours), 1);
	answer(WAN, WAN_HOST, &other_mac);
	assert_int_equal(net_sent(), 2);
	assert_memory_equal(net_frame(1), &other_mac, 6);
}

static void
a_stale_neighbour_met_without_a_hint_holds_the_packet(void **state)
{
	resolved(&host_mac);
	net_advance(NEIGHBOUR_STALE_S);
	output(net_packet(WAN, WAN_HOST, 20, 2));
	assert_int_equal(net_sent(), 1);
	assert_request(0, WAN, WAN_HOST, &broadcast_mac);
	assert_int_equal(neighbour_held(net.output.neighbours), 1);
}

static void
an_unused_neighbour_is_forgotten_and_a_used_one_is_not(void **state)
{
	struct packet hint = resolved(&host_mac);

	net_advance(NEIGHBOUR_IDLE_S / 2);
	output(net_packet(WAN, WAN_HOST, 20, 2));
	answer(WAN, WAN_HOST, &host_mac);
	net_advance(NEIGHBOUR_IDLE_S - 1);
	sweep();
	assert_int_equal(neighbour_count(net.output.neighbours), 1);
	net_advance(1);
	sweep();
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
	assert_false(neighbour_is_current(
		net.output.neighbours, hint.neighbour, hint.neighbour_generation));
}

static void
a_reused_entry_is_not_taken_for_the_old_neighbour(void **state)
{
	struct packet old = resolved(&host_mac), new = {.egress = TRUNK, .next_hop = TRUNK_HOST};
	struct rte_mbuf *mbuf;

	net_advance(NEIGHBOUR_IDLE_S);
	sweep();
	output(net_packet(TRUNK, TRUNK_HOST, 20, 1));
	answer(TRUNK, TRUNK_HOST, &other_mac);
	assert_true(neighbour_find(net.output.neighbours, &new));
	assert_int_equal(new.neighbour, old.neighbour);
	assert_int_not_equal(new.neighbour_generation, old.neighbour_generation);
	net_sent();
	net_forget();

	mbuf = net_packet(WAN, WAN_HOST, 20, 2);
	packet_of(mbuf)->neighbour = old.neighbour;
	packet_of(mbuf)->neighbour_generation = old.neighbour_generation;
	output(mbuf);
	assert_int_equal(net_sent(), 1);
	assert_request(0, WAN, WAN_HOST, &broadcast_mac);
}

static void
a_hint_torn_between_two_neighbours_matches_neither(void **state)
{
	struct packet a = resolved(&host_mac), b = {.egress = TRUNK, .next_hop = TRUNK_HOST};

	output(net_packet(TRUNK, TRUNK_HOST, 20, 1));
	answer(TRUNK, TRUNK_HOST, &other_mac);
	assert_true(neighbour_find(net.output.neighbours, &b));
	assert_false(
		neighbour_is_current(net.output.neighbours, a.neighbour, b.neighbour_generation));
	assert_false(
		neighbour_is_current(net.output.neighbours, b.neighbour, a.neighbour_generation));
	assert_false(neighbour_is_current(net.output.neighbours, 0, 0));
}

static void
a_full_table_drops_with_its_reason_and_recovers(void **state)
{
	uint32_t i;

	for (i = 0; i < NEIGHBOURS_MAX + 2; i++) {
		output(net_packet(LAN, rte_cpu_to_be_32(RTE_IPV4(10, 1, 0, 0) + i), 20, 1));
		net_sent();
		net_forget();
	}
	assert_int_equal(net_drops(DROP_NEIGHBOUR_TABLE_FULL), 2);
	assert_int_equal(neighbour_count(net.output.neighbours), NEIGHBOURS_MAX);
	net_advance(NEIGHBOUR_GIVE_UP_S);
	sweep();
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
	output(net_packet(WAN, WAN_HOST, 20, 1));
	assert_int_equal(net_drops(DROP_NEIGHBOUR_TABLE_FULL), 2);
	assert_int_equal(neighbour_count(net.output.neighbours), 1);
}

static void
a_sweep_keeps_to_its_budget(void **state)
{
	unsigned int i, before;

	for (i = 0; i < 10; i++)
		output(net_packet(WAN, IP(203, 0, 113, 10) + ((rte_be32_t)i << 24), 20, 1));
	net_advance(NEIGHBOUR_GIVE_UP_S);
	for (before = 10; before; before--) {
		assert_int_equal(neighbour_count(net.output.neighbours), before);
		neighbour_sweep(&net.control, net.output.neighbours, 1);
	}
	assert_int_equal(neighbour_count(net.output.neighbours), 0);
}

static void
a_frame_to_a_vlan_carries_its_tag(void **state)
{
	output(net_packet(TRUNK, TRUNK_HOST, 20, 5));
	assert_int_equal(net_sent(), 1);
	assert_memory_equal(net_frame(0) + 12, "\x81\x00\x00\x14\x08\x06", 6);
	answer(TRUNK, TRUNK_HOST, &host_mac);
	assert_int_equal(net_sent(), 2);
	assert_memory_equal(net_frame(1), &host_mac, 6);
	assert_memory_equal(net_frame(1) + 6, &port_mac[1], 6);
	assert_memory_equal(net_frame(1) + 12, "\x81\x00\x00\x14\x08\x00\x45", 7);
	assert_int_equal(rte_pktmbuf_pkt_len(net.sent[1]), 18 + 20 + 8 + 20);
}

static void
layer_2_of_any_length_before_ip_is_replaced(void **state)
{
	struct rte_mbuf *mbuf = net_packet(WAN, WAN_HOST, 20, 5);
	uint8_t ip[48];

	memcpy(ip, packet_ip(mbuf), sizeof(ip));
	rte_pktmbuf_prepend(mbuf, 8);
	packet_of(mbuf)->ip_offset += 8;
	output(mbuf);
	answer(WAN, WAN_HOST, &host_mac);
	assert_int_equal(net_sent(), 2);
	assert_int_equal(rte_pktmbuf_pkt_len(net.sent[1]), 14 + sizeof(ip));
	assert_memory_equal(net_frame(1) + 14, ip, sizeof(ip));
}

static void
packets_held_at_the_end_are_freed_with_the_table(void **state)
{
	output(net_packet(WAN, WAN_HOST, 20, 1));
	output(net_packet(WAN, WAN_HOST, 20, 2));
	assert_int_equal(neighbour_held(net.output.neighbours), 2);
	/* net_check() destroys the table and counts the mbufs */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_reset, net_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_packet_asks_and_is_held),
		TEST(the_answer_releases_in_order),
		TEST(the_hold_queue_is_bounded),
		TEST(all_hold_queues_together_are_bounded),
		TEST(traffic_repeats_the_question_once_a_second),
		TEST(without_an_answer_held_packets_are_given_up),
		TEST(the_same_address_on_two_interfaces_is_two_neighbours),
		TEST(a_remembered_neighbour_is_used_as_it_is),
		TEST(a_new_mac_reaches_flows_that_remember_the_neighbour),
		TEST(a_used_neighbour_is_asked_again_and_kept),
		TEST(a_neighbour_that_stays_silent_is_resolved_from_scratch),
		TEST(a_stale_neighbour_met_without_a_hint_holds_the_packet),
		TEST(an_unused_neighbour_is_forgotten_and_a_used_one_is_not),
		TEST(a_reused_entry_is_not_taken_for_the_old_neighbour),
		TEST(a_hint_torn_between_two_neighbours_matches_neither),
		TEST(a_full_table_drops_with_its_reason_and_recovers),
		TEST(a_sweep_keeps_to_its_budget),
		TEST(a_frame_to_a_vlan_carries_its_tag),
		TEST(layer_2_of_any_length_before_ip_is_replaced),
		TEST(packets_held_at_the_end_are_freed_with_the_table),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
