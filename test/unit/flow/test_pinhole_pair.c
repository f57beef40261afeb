/* SPDX-License-Identifier: BSD-3-Clause */
/* Pinholes of RTP and RTCP, opened as a pair: both or none, whatever of it stands. */
#include <errno.h>

#include "pinhole_fixture.h"

static int
pair_opened(uint16_t rtp, uint16_t rtcp, struct handle handle[2])
{
	const struct pinhole_spec spec[2] = {
		spec_make(PINHOLE_RTP, rtp), spec_make(PINHOLE_RTCP, rtcp)};

	bool joined[2];

	return pinhole_join_pair(&worker, table, spec, handle, joined);
}

/* Both pass, each as itself; then one closes, then the other. */
static void
pair_checked(uint16_t rtp, uint16_t rtcp, unsigned int first)
{
	const uint16_t port[2] = {rtp, rtcp};
	struct handle handle[2];
	struct pinhole *pinhole;

	assert_int_equal(pair_opened(rtp, rtcp, handle), 0);
	assert_int_equal(pinhole_media_count(table), 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(match(PEER, PEER_PORT, port[i], &pinhole), PINHOLE_PASS);
		assert_ptr_equal(pinhole, pool_get(pinhole_pool(table), handle[i]));
		assert_int_equal(rte_be_to_cpu_16(pinhole->key.dst_port), port[i]);
		assert_int_equal(pinhole->class, i == 0 ? PINHOLE_RTP : PINHOLE_RTCP);
	}
	pinhole_release(&worker, table, handle[first], 0);
	assert_int_equal(match(PEER, PEER_PORT, port[first], &pinhole), PINHOLE_NONE);
	assert_int_equal(match(PEER, PEER_PORT, port[!first], &pinhole), PINHOLE_PASS);
	assert_ptr_equal(pinhole, pool_get(pinhole_pool(table), handle[!first]));
	pinhole_release(&worker, table, handle[!first], 0);
	assert_int_equal(match(PEER, PEER_PORT, port[!first], &pinhole), PINHOLE_NONE);
	assert_int_equal(pinhole_media_count(table), 0);
}

static void
pair_opens_both_and_each_closes_for_itself(void **state)
{
	for (unsigned int first = 0; first < 2; first++) {
		pair_checked(PORT, PORT + 1, first); /* as RTP and RTCP stand */
		pair_checked(PORT + 1, PORT, first); /* the other way round */
		pair_checked(PORT + 1, PORT + 2, first); /* neighbours of two pairs */
		pair_checked(PORT, PORT + 100, first); /* a=rtcp: elsewhere */
		pair_checked(65534, 65535, first); /* the ends of the range */
		pair_checked(65535, 0, first);
		pair_checked(0, 1, first);
	}
}

static void
pair_joins_what_stands_of_it(void **state)
{
	for (unsigned int standing = 0; standing < 2; standing++) {
		struct pinhole_spec spec = spec_make(PINHOLE_RTP, (uint16_t)(PORT + standing));
		struct handle alone = opened(&spec), handle[2];
		struct pinhole *pinhole;

		assert_int_equal(pair_opened(PORT, PORT + 1, handle), 0);
		assert_memory_equal(&handle[standing], &alone, sizeof(alone));
		assert_int_equal(pool_used(pinhole_pool(table)), 2);
		pinhole_release(&worker, table, handle[0], 0);
		pinhole_release(&worker, table, handle[1], 0);
		assert_int_equal(match(PEER, PEER_PORT, PORT + standing, &pinhole), PINHOLE_PASS);
		assert_int_equal(match(PEER, PEER_PORT, PORT + !standing, &pinhole), PINHOLE_NONE);
		pinhole_release(&worker, table, alone, 0);
		fixture_reclaim(pinhole_pool(table));
	}
}

static void
pair_makes_an_expired_half_anew(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_VIA, PORT + 1);
	struct handle old, handle[2];
	struct pinhole *pinhole;

	spec.hold = false;
	spec.until_s = worker.now_s + 30;
	old = opened(&spec);
	fixture_advance(30);
	assert_int_equal(pair_opened(PORT, PORT + 1, handle), 0);
	assert_null(pool_get(pinhole_pool(table), old));
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	assert_int_equal(match(PEER, PEER_PORT, PORT + 1, &pinhole), PINHOLE_PASS);
	assert_int_equal(pinhole->class, PINHOLE_RTCP);
	pinhole_release(&worker, table, handle[1], 0);
	pinhole_release(&worker, table, handle[0], 0);
}

static void
pair_is_both_or_none(void **state)
{
	struct handle handles[CAPACITY], handle[2];
	struct pinhole *pinhole;

	for (unsigned int i = 0; i < CAPACITY - 1; i++) {
		const struct pinhole_spec spec = spec_make(PINHOLE_RTP, (uint16_t)(PORT + i));

		handles[i] = opened(&spec);
	}
	/* Room for one: as a pair of one key, of two keys, and beside the last that stands. */
	assert_int_equal(pair_opened(PORT + 200, PORT + 201, handle), -ENOBUFS);
	assert_int_equal(pair_opened(PORT + 201, PORT + 202, handle), -ENOBUFS);
	assert_int_equal(pair_opened(PORT + CAPACITY - 1, PORT + CAPACITY, handle), -ENOBUFS);
	for (unsigned int i = 200; i < 203; i++)
		assert_int_equal(match(PEER, PEER_PORT, PORT + i, &pinhole), PINHOLE_NONE);
	assert_int_equal(match(PEER, PEER_PORT, PORT + CAPACITY - 1, &pinhole), PINHOLE_NONE);
	assert_int_equal(match(PEER, PEER_PORT, PORT + CAPACITY - 2, &pinhole), PINHOLE_PASS);
	assert_int_equal(pinhole_media_count(table), CAPACITY - 1);
	for (unsigned int i = 0; i < CAPACITY - 1; i++)
		pinhole_release(&worker, table, handles[i], 0);
}

/* Of a pair one half stands, for another call: as it was until it is widened. */
static void
joined_half_of_a_pair_is_as_it_was_until_widened(void **state)
{
	for (unsigned int standing = 0; standing < 2; standing++) {
		struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT + 2 * (uint16_t)standing);
		struct handle alone = opened(&spec), handles[CAPACITY], handle[2];
		struct pinhole_spec pair[2] = {
			spec_make(PINHOLE_CONTACT, PORT), spec_make(PINHOLE_RTCP, PORT + 2)};
		struct pinhole *pinhole;
		bool joined[2];

		peer_announced(alone);
		assert_int_equal(
			match(PEER, PEER_PORT, PORT + 2 * standing, &pinhole), PINHOLE_PASS);
		for (unsigned int i = 0; i < CAPACITY - 1; i++) {
			spec = spec_make(PINHOLE_VIA, (uint16_t)(PORT + 100 + i));
			handles[i] = opened(&spec);
		}
		for (unsigned int i = 0; i < 2; i++) {
			pair[i].holder.call.index = 2; /* another call would begin the offer anew */
			pair[i].until_s = worker.now_s + 1000;
		}
		assert_int_equal(pinhole_join_pair(&worker, table, pair, handle, joined), -ENOBUFS);
		assert_int_equal(pinhole_media_count(table), 1);
		assert_int_equal(
			match(PEER + 1, PEER_PORT, PORT + 2 * standing, &pinhole), PINHOLE_REFUSED);
		/* Room for it: it is joined, given back, and joined and widened. */
		pinhole_release(&worker, table, handles[0], 0);
		fixture_reclaim(pinhole_pool(table));
		for (unsigned int i = 0; i < 2; i++)
			pair[i].until_s = 0;
		for (unsigned int turn = 0; turn < 2; turn++) {
			assert_int_equal(
				pinhole_join_pair(&worker, table, pair, handle, joined), 0);
			assert_true(joined[standing]);
			assert_false(joined[!standing]);
			assert_int_equal(match(PEER + 1, PEER_PORT, PORT + 2 * standing, &pinhole),
				PINHOLE_REFUSED);
			if (turn == 0) {
				pinhole_release(&worker, table, handle[0], 0);
				pinhole_release(&worker, table, handle[1], 0);
				fixture_reclaim(pinhole_pool(table));
			}
		}
		pinhole_widen(table, handle[standing], &pair[standing]);
		assert_int_equal(pinhole_media_count(table), 1);
		assert_int_equal(
			match(PEER + 1, PEER_PORT, PORT + 2 * standing, &pinhole), PINHOLE_PASS);
		pinhole_release(&worker, table, handle[0], 0);
		pinhole_release(&worker, table, handle[1], 0);
		for (unsigned int i = 1; i < CAPACITY - 1; i++)
			pinhole_release(&worker, table, handles[i], 0);
		assert_int_equal(pool_used(pinhole_pool(table)), 1);
		pinhole_release(&worker, table, alone, 0); /* and with it, its time */
		assert_int_equal(pool_used(pinhole_pool(table)), 0);
		fixture_reclaim(pinhole_pool(table));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pair_opens_both_and_each_closes_for_itself),
		TEST(pair_joins_what_stands_of_it),
		TEST(pair_makes_an_expired_half_anew),
		TEST(pair_is_both_or_none),
		TEST(joined_half_of_a_pair_is_as_it_was_until_widened),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
