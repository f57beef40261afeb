/* SPDX-License-Identifier: BSD-3-Clause */
/* Hand-off rings: every message arrives once and in order; a full ring drops with its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/callgate/handoff.h"
#include "core/clock.h"
#include "test/unit/eal_fixture.h"

enum { RING = 1023, MBUFS = 2047, FROM = 0, TO = 1, WORKERS = 3 };

static struct rte_mempool *mempool;
static struct thread from, to;

static uint64_t
dropped(void)
{
	return counters_drop_sum(DROP_HANDOFF_FULL);
}

static unsigned int
receive_all(struct handoff *handoff, uint32_t *next)
{
	unsigned int received = 0;
	struct handoff_arrivals arrivals;

	do {
		handoff_receive(&to, handoff, &arrivals);
		for (unsigned int i = 0; i < arrivals.packets.count; i++) {
			assert_int_equal(packet_of(arrivals.packets.mbuf[i])->hash, (*next)++);
			assert_true(packet_of(arrivals.packets.mbuf[i])->flags & PACKET_HANDED_OFF);
			assert_null(packet_of(arrivals.packets.mbuf[i])->flow);
			rte_pktmbuf_free(arrivals.packets.mbuf[i]);
		}
		received += arrivals.packets.count;
	} while (arrivals.packets.count > 0);
	return received;
}

static void
full_ring_drops_the_newest_and_empties_again(void **state)
{
	struct handoff *handoff = handoff_create(WORKERS, SOCKET_ID_ANY);
	const uint64_t before = dropped();

	assert_non_null(handoff);
	for (unsigned int round = 1; round <= 3; round++) {
		uint32_t next = 0;

		for (uint32_t i = 0; i < RING + 100; i++) {
			struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mempool);

			assert_non_null(mbuf);
			*packet_of(mbuf) = (struct packet){.hash = i};
			handoff_send(&from, handoff, TO, HANDOFF_PACKET, mbuf);
		}
		assert_int_equal(dropped() - before, 100 * round);
		assert_int_equal(rte_mempool_in_use_count(mempool), RING);
		assert_false(handoff_empty(handoff));
		assert_int_equal(receive_all(handoff, &next), RING);
		assert_true(handoff_empty(handoff));
		assert_int_equal(rte_mempool_in_use_count(mempool), 0);
	}
	handoff_destroy(handoff);
}

static void
what_waits_at_the_end_is_freed(void **state)
{
	struct handoff *handoff = handoff_create(WORKERS, SOCKET_ID_ANY);

	for (unsigned int i = 0; i < 10; i++)
		handoff_send(&from, handoff, TO, HANDOFF_PACKET, rte_pktmbuf_alloc(mempool));
	assert_int_equal(rte_mempool_in_use_count(mempool), 10);
	handoff_destroy(handoff);
	assert_int_equal(rte_mempool_in_use_count(mempool), 0);
}

static void
packets_and_fragments_arrive_apart(void **state)
{
	static const enum handoff_kind kinds[] = {HANDOFF_FRAGMENT, HANDOFF_PACKET,
		HANDOFF_FRAGMENT, HANDOFF_FRAGMENT, HANDOFF_PACKET};
	struct handoff *handoff = handoff_create(WORKERS, SOCKET_ID_ANY);
	struct handoff_arrivals arrivals;

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mempool);

		*packet_of(mbuf) = (struct packet){.hash = i};
		handoff_send(&from, handoff, TO, kinds[i], mbuf);
	}
	handoff_receive(&to, handoff, &arrivals);
	assert_int_equal(arrivals.packets.count, 2);
	assert_int_equal(packet_of(arrivals.packets.mbuf[0])->hash, 1);
	assert_int_equal(packet_of(arrivals.packets.mbuf[1])->hash, 4);
	assert_int_equal(arrivals.fragments.count, 3);
	assert_int_equal(packet_of(arrivals.fragments.mbuf[0])->hash, 0);
	assert_int_equal(packet_of(arrivals.fragments.mbuf[2])->hash, 3);
	rte_pktmbuf_free_bulk(arrivals.packets.mbuf, 2);
	rte_pktmbuf_free_bulk(arrivals.fragments.mbuf, 3);
	handoff_destroy(handoff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_ring_drops_the_newest_and_empties_again),
		cmocka_unit_test(packets_and_fragments_arrive_apart),
		cmocka_unit_test(what_waits_at_the_end_is_freed),
	};

	eal_fixture_start();
	clock_init(true);
	thread_init(&from, FROM);
	thread_init(&to, TO);
	mempool =
		rte_pktmbuf_pool_create("mbufs", MBUFS, 0, PACKET_PRIVATE_SIZE, 256, SOCKET_ID_ANY);
	if (mempool == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
