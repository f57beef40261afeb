/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams in fragments: joining, overlap, limits, time. */
#include "datagram_fixture.h"

static struct datagram_table *table;

static int
start(void **state)
{
	net_start(state);
	datagram_text_make();
	return 0;
}

static int
reset(void **state)
{
	net_reset(state);
	table = datagram_table_make((struct datagram_limits){0});
	return 0;
}

static int
check(void **state)
{
	datagram_table_destroy(&net.worker, table);
	return net_check(state);
}

/* Tests of limits begin with a table of their own. */
static void
limit(struct datagram_limits limits)
{
	datagram_table_destroy(&net.worker, table);
	table = datagram_table_make(limits);
}

static void
assert_gauges(uint32_t datagrams, uint32_t held)
{
	assert_int_equal(datagram_table_count(table), datagrams);
	assert_int_equal(datagram_table_held(table), held);
}

static void
every_order_of_fragments_gives_the_datagram(void **state)
{
	static const struct piece pieces[] = {
		{.first = 0, .end = 1480},
		{.first = 1480, .end = 1488},
		{.first = 1488, .end = 2968},
		{.first = 2968, .end = 2969, .last = true},
	};

	for (unsigned int order = 0; order < 256; order++) {
		unsigned int index[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};

		if ((1 << index[0] | 1 << index[1] | 1 << index[2] | 1 << index[3]) != 15)
			continue;
		for (unsigned int i = 0; i < 4; i++) {
			struct datagram *datagram = datagram_of(table, &pieces[0]);

			assert_true(datagram == NULL || !datagram_is_complete(datagram));
			assert_int_equal(datagram_give(table, &pieces[index[i]]), DATAGRAM_ADDED);
		}
		assert_gauges(1, 4);
		datagram_check(table, datagram_of(table, &pieces[0]));
		assert_gauges(0, 0);
	}
	assert_int_equal(net_events(EVENT_DATAGRAMS_JOINED), 24);
	assert_int_equal(net_events(EVENT_FRAGMENTS_JOINED), 96);
}

static void
datagrams_are_told_apart_by_source_number_and_protocol(void **state)
{
	static const struct piece pieces[] = {
		{.end = 8},
		{.end = 8, .id = 1},
		{.end = 8, .source = IP(10, 0, 0, 3)},
		{.end = 8, .proto = IPPROTO_ICMP},
	};

	for (unsigned int i = 0; i < RTE_DIM(pieces); i++)
		assert_int_equal(datagram_give(table, &pieces[i]), DATAGRAM_ADDED);
	assert_gauges(4, 4);
	for (unsigned int i = 0; i < RTE_DIM(pieces); i++)
		assert_int_equal(datagram_give(table, &pieces[i]), DROP_FRAGMENT_DUPLICATE);
	assert_gauges(4, 4);
}

static void
a_repetition_is_dropped_alone(void **state)
{
	static const struct piece pieces[] = {
		{.first = 8, .end = 16},
		{.first = 16, .end = 20, .last = true},
	};

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(datagram_give(table, &pieces[i]), DATAGRAM_ADDED);
		assert_int_equal(datagram_give(table, &pieces[i]), DROP_FRAGMENT_DUPLICATE);
	}
	assert_int_equal(datagram_give(table, &pieces[0]), DROP_FRAGMENT_DUPLICATE);
	assert_int_equal(datagram_give(table, &(struct piece){.end = 8}), DATAGRAM_ADDED);
	datagram_check(table, datagram_of(table, &pieces[0]));
	assert_int_equal(net_drops(DROP_FRAGMENT_DUPLICATE), 3);
}

/* Fragments that cannot stand beside bytes 800 to 1600 and 1608 to 2000, the last. */
static const struct piece contradictions[] = {
	{.first = 800, .end = 1592}, /* shorter */
	{.first = 800, .end = 1608}, /* longer */
	{.first = 0, .end = 808}, /* into the beginning */
	{.first = 1592, .end = 1608}, /* into the end */
	{.first = 808, .end = 1200}, /* within */
	{.first = 0, .end = 2000}, /* around */
	{.first = 1600, .end = 1616}, /* over the gap */
	{.first = 800, .end = 1600, .last = true}, /* the end now */
	{.first = 1608, .end = 2000}, /* not the end now */
	{.first = 1608, .end = 1999, .last = true}, /* another end */
	{.first = 1600, .end = 1608, .last = true}, /* an end before the end */
	{.first = 2000, .end = 2008}, /* behind the end */
	{.first = 2008, .end = 2010, .last = true}, /* an end behind the end */
};

static void
a_contradiction_spoils_the_datagram(void **state)
{
	static const struct piece before[] = {
		{.first = 800, .end = 1600},
		{.first = 1608, .end = 2000, .last = true},
	};
	static const struct piece rest = {.first = 0, .end = 800};
	uint64_t overlap = 0;

	for (unsigned int i = 0; i < RTE_DIM(contradictions); i++) {
		assert_int_equal(datagram_give(table, &before[0]), DATAGRAM_ADDED);
		assert_int_equal(datagram_give(table, &before[1]), DATAGRAM_ADDED);
		if (datagram_give(table, &contradictions[i]) != DROP_FRAGMENT_OVERLAP)
			fail_msg("contradiction %u was not seen", i);
		overlap += 3; /* what was held, too */
		assert_int_equal(net_drops(DROP_FRAGMENT_OVERLAP), overlap);
		assert_gauges(1, 0);
		/* Nothing of it passes any more, not what would have been right either. */
		assert_int_equal(datagram_give(table, &rest), DROP_FRAGMENT_REFUSED);
		assert_int_equal(datagram_give(table, &before[0]), DROP_FRAGMENT_REFUSED);
		assert_null(datagram_due(table, net.worker.now_ms + TIMEOUT_MS - 1));
		assert_non_null(datagram_due(table, net.worker.now_ms + TIMEOUT_MS));
		datagram_expire(&net.worker, table, datagram_of(table, &rest));
		assert_gauges(0, 0);
	}
}

static void
an_end_before_what_is_here_is_a_contradiction(void **state)
{
	assert_int_equal(
		datagram_give(table, &(struct piece){.first = 80, .end = 160}), DATAGRAM_ADDED);
	assert_int_equal(
		datagram_give(table, &(struct piece){.first = 72, .end = 80, .last = true}),
		DROP_FRAGMENT_OVERLAP);
}

static void
impossible_fragments_are_refused_and_make_nothing(void **state)
{
	static const struct {
		struct piece piece;
		int reason;
	} impossible[] = {
		{{.first = 0, .end = 0}, DROP_IP_FRAGMENT},
		{{.first = 8, .end = 8, .last = true}, DROP_IP_FRAGMENT},
		{{.first = 0, .end = 9}, DROP_IP_FRAGMENT},
		{{.first = 1480, .end = 1487}, DROP_IP_FRAGMENT},
		{{.first = 65512, .end = 65516, .last = true}, DROP_FRAGMENT_TOO_LONG},
		{{.first = 65528, .end = 65529, .last = true}, DROP_FRAGMENT_TOO_LONG},
		{{.first = 8, .end = 16, .proto = IPPROTO_TCP}, DROP_FRAGMENT_TINY},
		{{.first = 16, .end = 24, .last = true, .proto = IPPROTO_TCP}, DROP_FRAGMENT_TINY},
	};

	for (unsigned int i = 0; i < RTE_DIM(impossible); i++) {
		assert_int_equal(datagram_give(table, &impossible[i].piece), impossible[i].reason);
		assert_gauges(0, 0);
	}
	/* In a datagram of which something is here already, it ends that. */
	assert_int_equal(datagram_give(table, &(struct piece){.end = 1480}), DATAGRAM_ADDED);
	assert_int_equal(datagram_give(table, &impossible[4].piece), DROP_FRAGMENT_TOO_LONG);
	assert_int_equal(net_drops(DROP_FRAGMENT_TOO_LONG), 3 + 1);
	assert_gauges(1, 0);
}

static void
the_longest_datagram_is_65535_bytes(void **state)
{
	struct piece piece = {.id = 9};

	for (uint32_t first = 0; first < 65515; first += 1480) {
		piece.first = first;
		piece.end = RTE_MIN(first + 1480, 65515u);
		piece.last = piece.end == 65515;
		assert_int_equal(datagram_give(table, &piece), DATAGRAM_ADDED);
	}
	datagram_check(table, datagram_of(table, &piece));
}

/* The first fragment's header is 4 bytes longer; the last one ends at 65,532 and then too late. */
static void
options_count_for_the_length_of_the_whole(void **state)
{
	static const struct piece last[] = {
		{.first = 65504, .end = 65511, .last = true, .id = 1},
		{.first = 65504, .end = 65512, .last = true, .id = 2},
	};
	static const uint8_t options_and_data[4 + 16] = {1, 1, 1, 0};
	uint8_t frame[100] = {0}, *ip = frame + 14;

	for (unsigned int i = 0; i < 2; i++) {
		int expected = i == 0 ? DATAGRAM_ADDED : DROP_FRAGMENT_TOO_LONG;
		struct rte_mbuf *mbuf;
		struct datagram *datagram;

		frame_ip(frame, LAN, LAN_HOST, FAR_HOST, IPPROTO_UDP, options_and_data,
			sizeof(options_and_data));
		ip[0] = 0x46;
		ip[4] = 0;
		ip[5] = (uint8_t)last[i].id;
		ip[6] = 0x20;
		frame_fix_checksum(ip);
		mbuf = net_parse(net_mbuf(frame, 14 + 24 + 16), LAN)->fragments.mbuf[0];
		assert_int_equal(datagram_give(table, &last[i]), DATAGRAM_ADDED);
		assert_int_equal(datagram_add(&net.worker, table, mbuf, &datagram), expected);
		rte_pktmbuf_free(mbuf);
	}
	assert_int_equal(net_drops(DROP_FRAGMENT_TOO_LONG), 1);
}

static void
congestion_seen_by_any_fragment_is_kept(void **state)
{
	static const struct piece pieces[] = {{.end = 8}, {.first = 8, .end = 9, .last = true}};
	struct rte_mbuf *mbuf[2], *whole;
	struct datagram *datagram;

	for (unsigned int i = 0; i < 2; i++) {
		mbuf[i] = datagram_piece(&pieces[i]);
		packet_ip(mbuf[i])->type_of_service = i == 0 ? 0xba : 0xbb; /* ECT(0), CE */
		packet_ip(mbuf[i])->fragment_offset |= RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
		assert_int_equal(
			datagram_add(&net.worker, table, mbuf[i], &datagram), DATAGRAM_ADDED);
		assert_true(datagram_hold(&net.worker, table, datagram, mbuf[i]));
	}
	whole = datagram_join(&net.worker, table, datagram);
	assert_int_equal(packet_ip(whole)->type_of_service, 0xbb);
	assert_int_equal(packet_ip(whole)->fragment_offset, 0);
	rte_pktmbuf_free(whole);
}

static void
a_datagram_of_too_many_fragments_is_refused(void **state)
{
	struct piece piece = {0};

	limit((struct datagram_limits){.fragments = 4});
	for (unsigned int i = 0; i < 4; i++) {
		piece = (struct piece){.first = 8 * i, .end = 8 * i + 8};
		assert_int_equal(datagram_give(table, &piece), DATAGRAM_ADDED);
	}
	piece = (struct piece){.first = 32, .end = 40, .last = true};
	assert_int_equal(datagram_give(table, &piece), DROP_FRAGMENT_LIMIT);
	assert_int_equal(net_drops(DROP_FRAGMENT_LIMIT), 5);
	assert_gauges(1, 0);
}

static void
a_source_that_holds_too_much_loses_its_newest(void **state)
{
	const struct piece other = {.end = 8, .source = IP(10, 0, 0, 3)};

	limit((struct datagram_limits){.held_per_source = 8});
	for (uint16_t id = 0; id < 8; id++)
		assert_int_equal(
			datagram_give(table, &(struct piece){.end = 8, .id = id}), DATAGRAM_ADDED);
	datagram_give(table, &(struct piece){.first = 8, .end = 16, .id = 7});
	assert_int_equal(net_drops(DROP_FRAGMENT_SOURCE_LIMIT), 2); /* the one held, too */
	assert_gauges(8, 7);
	assert_int_equal(datagram_give(table, &other), DATAGRAM_ADDED);
	assert_gauges(9, 8);
}

static void
the_oldest_gives_its_mbufs(void **state)
{
	limit((struct datagram_limits){.held = 8});
	for (uint16_t id = 0; id < 4; id++) {
		datagram_give(table, &(struct piece){.end = 8, .id = id});
		datagram_give(table, &(struct piece){.first = 8, .end = 16, .id = id});
	}
	assert_gauges(4, 8);
	assert_int_equal(datagram_give(table, &(struct piece){.first = 16, .end = 24, .id = 1}),
		DATAGRAM_ADDED);
	assert_gauges(3, 7);
	assert_null(datagram_of(table, &(struct piece){.end = 8, .id = 0}));
	assert_int_equal(net_drops(DROP_FRAGMENT_EVICTED), 2);
	assert_int_equal(net_events(EVENT_DATAGRAMS_EVICTED), 1);
	/* When it is the oldest itself that wants another, there is nobody else to ask. */
	datagram_give(table, &(struct piece){.first = 24, .end = 32, .id = 1});
	datagram_give(table, &(struct piece){.first = 32, .end = 40, .id = 1});
	assert_int_equal(net_drops(DROP_FRAGMENT_EVICTED), 2 + 5);
	assert_gauges(3, 4);
	assert_int_equal(datagram_give(table, &(struct piece){.first = 40, .end = 48, .id = 1}),
		DROP_FRAGMENT_REFUSED);
}

/* Make a record that holds nothing any more. */
static void
pass(uint16_t id)
{
	const struct piece piece = {.end = 8, .id = id};
	struct datagram *datagram;

	assert_int_equal(datagram_give(table, &piece), DATAGRAM_ADDED);
	datagram = datagram_of(table, &piece);
	rte_pktmbuf_free(datagram_take(table, datagram));
	datagram_pass(&net.worker, table, datagram);
}

static void
the_oldest_of_the_longer_queue_gives_its_record(void **state)
{
	limit((struct datagram_limits){.datagrams = 8});
	datagram_give(table, &(struct piece){.end = 8, .id = 100});
	for (uint16_t id = 0; id < 7; id++)
		pass(id);
	assert_gauges(8, 1);
	for (uint16_t id = 10; id < 13; id++) { /* three of those that passed make room */
		datagram_give(table, &(struct piece){.end = 8, .id = id});
		assert_null(
			datagram_of(table, &(struct piece){.end = 8, .id = (uint16_t)(id - 10)}));
	}
	assert_non_null(datagram_of(table, &(struct piece){.end = 8, .id = 100}));
	assert_gauges(8, 4);
	datagram_give(
		table, &(struct piece){.end = 8, .id = 13}); /* four of each: one that passed */
	assert_gauges(8, 5);
	datagram_give(table, &(struct piece){.end = 8, .id = 14}); /* five hold */
	assert_null(datagram_of(table, &(struct piece){.end = 8, .id = 100}));
	assert_gauges(8, 5);
	assert_int_equal(net_events(EVENT_DATAGRAMS_EVICTED), 5);
	assert_int_equal(net_drops(DROP_FRAGMENT_EVICTED), 1);
}

static void
time_counts_from_the_first_fragment_to_come(void **state)
{
	static const struct piece late = {.first = 8, .end = 16};
	struct datagram *datagram;

	assert_null(datagram_due(table, UINT64_MAX));
	datagram_give(table, &(struct piece){.first = 16, .end = 24});
	net.worker.now_ms += TIMEOUT_MS - 1;
	assert_null(datagram_due(table, net.worker.now_ms));
	assert_int_equal(datagram_give(table, &late), DATAGRAM_ADDED); /* prolongs nothing */
	net.worker.now_ms++;
	datagram = datagram_due(table, net.worker.now_ms);
	assert_ptr_equal(datagram, datagram_of(table, &late));
	datagram_expire(&net.worker, table, datagram);
	assert_int_equal(net_drops(DROP_FRAGMENT_TIMEOUT), 2);
	assert_int_equal(net_events(EVENT_DATAGRAMS_TIMED_OUT), 1);
	assert_gauges(0, 0);
}

static void
the_ones_that_pass_are_due_too(void **state)
{
	datagram_give(table, &(struct piece){.end = 8, .id = 100});
	net.worker.now_ms += 1000;
	pass(1);
	assert_ptr_equal(datagram_due(table, net.worker.now_ms + TIMEOUT_MS - 1000),
		datagram_of(table, &(struct piece){.end = 8, .id = 100}));
	datagram_expire(
		&net.worker, table, datagram_of(table, &(struct piece){.end = 8, .id = 100}));
	assert_null(datagram_due(table, net.worker.now_ms + TIMEOUT_MS - 1));
	assert_ptr_equal(datagram_due(table, net.worker.now_ms + TIMEOUT_MS),
		datagram_of(table, &(struct piece){.end = 8, .id = 1}));
}

static void
the_bytes_that_passed_are_remembered(void **state)
{
	struct datagram *datagram;

	pass(1);
	assert_int_equal(
		datagram_give(table, &(struct piece){.end = 8, .id = 1}), DROP_FRAGMENT_DUPLICATE);
	datagram = datagram_of(table, &(struct piece){.end = 8, .id = 1});
	assert_false(datagram_is_complete(datagram));
	assert_int_equal(
		datagram_give(table, &(struct piece){.end = 16, .id = 1}), DROP_FRAGMENT_OVERLAP);
	assert_int_equal(
		datagram_give(table, &(struct piece){.first = 8, .end = 9, .last = true, .id = 1}),
		DROP_FRAGMENT_REFUSED);
}

static void
a_refused_datagram_ends_with_its_last_fragment(void **state)
{
	datagram_give(table, &(struct piece){.first = 8, .end = 16});
	datagram_refuse(&net.worker, table, datagram_of(table, &(struct piece){.end = 8}));
	assert_gauges(1, 0);
	assert_int_equal(
		datagram_give(table, &(struct piece){.first = 16, .end = 17, .last = true}),
		DROP_FRAGMENT_REFUSED);
	assert_gauges(1, 0);
	assert_int_equal(datagram_give(table, &(struct piece){.end = 8}), DROP_FRAGMENT_REFUSED);
	assert_gauges(0, 0);
	assert_int_equal(net_drops(DROP_FRAGMENT_REFUSED), 3);
}

static void
what_is_held_at_the_end_is_freed(void **state)
{
	for (uint16_t id = 0; id < 5; id++)
		datagram_give(table, &(struct piece){.first = 8, .end = 16, .id = id});
	datagram_table_destroy(&net.worker, table);
	table = NULL;
	assert_int_equal(net_drops(DROP_SHUTDOWN), 5);
	assert_int_equal(rte_mempool_avail_count(net.output.mempool), MBUFS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_order_of_fragments_gives_the_datagram),
		TEST(datagrams_are_told_apart_by_source_number_and_protocol),
		TEST(a_repetition_is_dropped_alone),
		TEST(a_contradiction_spoils_the_datagram),
		TEST(an_end_before_what_is_here_is_a_contradiction),
		TEST(impossible_fragments_are_refused_and_make_nothing),
		TEST(the_longest_datagram_is_65535_bytes),
		TEST(options_count_for_the_length_of_the_whole),
		TEST(congestion_seen_by_any_fragment_is_kept),
		TEST(a_datagram_of_too_many_fragments_is_refused),
		TEST(a_source_that_holds_too_much_loses_its_newest),
		TEST(the_oldest_gives_its_mbufs),
		TEST(the_oldest_of_the_longer_queue_gives_its_record),
		TEST(time_counts_from_the_first_fragment_to_come),
		TEST(the_ones_that_pass_are_due_too),
		TEST(the_bytes_that_passed_are_remembered),
		TEST(a_refused_datagram_ends_with_its_last_fragment),
		TEST(what_is_held_at_the_end_is_freed),
	};

	return cmocka_run_group_tests(tests, start, net_stop);
}
