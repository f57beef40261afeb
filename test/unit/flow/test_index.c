/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The index by itself: every key found while it stands and not after, wherever its bucket had room.
 * Hashes are the tests' own, so that they decide which keys meet in a bucket.
 */
#include <errno.h>

#include "flow/flow_index.h"
#include "flow_fixture.h"

enum {
	FLOWS = 16384,
	SLOTS = 8,
	STASH = 64,
	ALIKE = 2 * SLOTS + STASH, /* keys of one hash that have room */
};

/* An mbuf with its private area, as packet_of() finds it. */
struct frame {
	struct rte_mbuf mbuf;
	uint8_t private[PACKET_PRIVATE_SIZE];
};

static struct pool *pool;
static struct flow *flows; /* flows[0] has index 1 */
static struct flow_index *index_;
static struct frame frames[BURST_MAX];

static int
setup(void **state)
{
	pool = pool_create("indexed", FLOWS, sizeof(struct flow), SOCKET_ID_ANY, NULL, NULL);
	assert_non_null(pool);
	flows = pool_at(pool, 1);
	for (uint32_t i = 0; i < FLOWS; i++)
		for (unsigned int d = 0; d < 2; d++)
			flows[i].path[d].key = key_make(i, 5060, d, 4000, IPPROTO_UDP, 4);
	index_ = flow_index_create(2 * FLOWS, flows, SOCKET_ID_ANY);
	assert_non_null(index_);
	return 0;
}

static int
teardown(void **state)
{
	flow_index_destroy(index_);
	pool_destroy(pool);
	return 0;
}

/* The i-th path, 0 .. 2 * FLOWS - 1. */
static const struct flow_key *
key(uint32_t i)
{
	return &flows[i / 2].path[i % 2].key;
}

static uint32_t
reference(uint32_t i)
{
	return flow_reference(i / 2 + 1, i % 2);
}

static uint64_t
hash(uint32_t i)
{
	return flow_key_hash(key(i));
}

static uint32_t
found(uint32_t i, uint64_t by)
{
	return flow_index_find(index_, key(i), by);
}

/* Counted as long as they are, for look-ups that find nothing look there. */
static void
elsewhere(uint32_t spilled, uint32_t stashed)
{
	uint32_t count[2];

	flow_index_elsewhere(index_, &count[0], &count[1]);
	assert_int_equal(count[0], spilled);
	assert_int_equal(count[1], stashed);
}

static void
every_key_is_found_while_it_stands(void **state)
{
	for (unsigned int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 2 * FLOWS; i++) {
			assert_int_equal(found(i, hash(i)), 0);
			assert_int_equal(flow_index_add(index_, hash(i), reference(i)), 0);
		}
		for (uint32_t i = 0; i < 2 * FLOWS; i++) {
			assert_int_equal(found(i, hash(i)), reference(i));
			assert_ptr_equal(flow_index_data(index_, reference(i)),
				flow_data(&flows[i / 2], i % 2));
		}
		for (uint32_t i = 0; i < 2 * FLOWS; i++) {
			const uint32_t gone = (i * 7919 + round) % (2 * FLOWS); /* coprime */

			flow_index_delete(index_, hash(gone), reference(gone));
			assert_int_equal(found(gone, hash(gone)), 0);
		}
	}
	for (uint32_t i = 0; i < 2 * FLOWS; i++)
		assert_int_equal(found(i, hash(i)), 0);
	elsewhere(0, 0);
}

/* Of some hashes both buckets are one. There are so few buckets here that some are found. */
static void
hash_whose_buckets_are_one_fills_it_and_the_stash(void **state)
{
	struct flow_index *own = flow_index_create(SLOTS, flows, SOCKET_ID_ANY);
	uint32_t once = 0, count[2];

	for (uint64_t n = 1; n < 64; n++) {
		const uint64_t by = n * UINT64_C(0xd1b54a32d192ed03);
		uint32_t room = 0;

		while (flow_index_add(own, by, reference(room)) == 0)
			room++;
		assert_true(room == ALIKE || room == SLOTS + STASH);
		once += room < ALIKE;
		for (uint32_t i = 0; i < room; i++) {
			assert_int_equal(flow_index_find(own, key(i), by), reference(i));
			flow_index_delete(own, by, reference(i));
			assert_int_equal(flow_index_find(own, key(i), by), 0);
		}
		flow_index_elsewhere(own, &count[0], &count[1]);
		assert_int_equal(count[0], 0);
		assert_int_equal(count[1], 0);
	}
	assert_in_range(once, 1, 62);
	flow_index_destroy(own);
}

/* As many as there is room for, beginning with key `from`; then no more. */
static void
alike_fill(uint64_t by, uint32_t from, uint32_t room)
{
	for (uint32_t i = from; i < from + room; i++)
		assert_int_equal(flow_index_add(index_, by, reference(i)), 0);
	assert_int_equal(flow_index_add(index_, by, reference(from + room)), -ENOSPC);
	assert_int_equal(found(from + room, by), 0);
	for (uint32_t i = from; i < from + room; i++)
		assert_int_equal(found(i, by), reference(i));
}

static void
equal_hashes_fill_both_buckets_and_the_stash(void **state)
{
	const uint64_t by = hash(0), other = hash(1);

	for (unsigned int round = 0; round < 3; round++) {
		alike_fill(by, 0, ALIKE);
		elsewhere(ALIKE - SLOTS, STASH);
		/* The stash is full, the buckets of others are not. */
		alike_fill(other, 1000, 2 * SLOTS);
		for (uint32_t i = 0; i < ALIKE; i++) {
			/* The place of each can be another's. */
			flow_index_delete(index_, by, reference(i));
			assert_int_equal(found(i, by), 0);
			assert_int_equal(flow_index_add(index_, by, reference(ALIKE + i)), 0);
			assert_int_equal(flow_index_add(index_, by, reference(i)), -ENOSPC);
		}
		for (uint32_t i = 0; i < ALIKE; i++) {
			assert_int_equal(found(ALIKE + i, by), reference(ALIKE + i));
			flow_index_delete(index_, by, reference(ALIKE + i));
		}
		for (uint32_t i = 0; i < 2 * SLOTS; i++) {
			assert_int_equal(found(1000 + i, other), reference(1000 + i));
			flow_index_delete(index_, other, reference(1000 + i));
		}
		for (uint32_t i = 0; i < 2 * ALIKE; i++)
			assert_int_equal(found(i, by), 0);
		elsewhere(0, 0);
	}
}

static void
key_is_replaced_in_place_wherever_it_stands(void **state)
{
	const uint64_t by = hash(0);

	for (uint32_t i = 0; i < ALIKE; i++)
		assert_int_equal(flow_index_add(index_, by, reference(i)), 0);
	for (uint32_t i = 0; i < ALIKE; i++) {
		const uint32_t heir = 2000 + i;

		flows[heir / 2].path[heir % 2].key = *key(i);
		flow_index_replace(index_, by, reference(i), reference(heir));
		assert_int_equal(found(i, by), reference(heir));
	}
	for (uint32_t i = 0; i < ALIKE; i++) {
		flow_index_delete(index_, by, reference(2000 + i));
		assert_int_equal(found(i, by), 0);
	}
	alike_fill(by, 0, ALIKE);
}

/* Both directions of a packet, or one key for two: each look-up of a burst is its own. */
static void
burst_finds_what_single_look_ups_find(void **state)
{
	const uint64_t by = hash(0), far = hash(7);
	struct rte_mbuf *mbufs[BURST_MAX];
	void *data[BURST_MAX];

	for (uint32_t i = 0; i < ALIKE; i++)
		assert_int_equal(flow_index_add(index_, by, reference(i)), 0);
	for (uint32_t i = 1000; i < 1400; i++)
		assert_int_equal(flow_index_add(index_, hash(i), reference(i)), 0);
	for (unsigned int round = 0; round < 400; round++) {
		const unsigned int count = round % (BURST_MAX + 1);
		uint32_t expected[BURST_MAX];

		for (unsigned int i = 0; i < count; i++) {
			struct packet *packet = packet_of(mbufs[i] = &frames[i].mbuf);
			/* In the first bucket, the second, the stash; absent with the same hash
			 * and with its tag alone; and elsewhere. */
			const uint32_t k = (round * 31 + i * 17) % (ALIKE + 20);
			const bool alike = i % 3 != 0;

			packet->key = *key(alike ? k : 1000 + 4 * k);
			packet->hash = alike ? k % 7 == 6 ? (by & ~(uint64_t)0xffffffff) |
								    (far & 0xffffffff)
							  : by
					     : hash(1000 + 4 * k);
			expected[i] = flow_index_find(index_, &packet->key, packet->hash);
			assert_int_equal(expected[i] != 0, alike ? k < ALIKE && k % 7 != 6 : true);
		}
		flow_index_find_begin(index_, mbufs, count, data);
		flow_index_find_end(index_, mbufs, count, data);
		for (unsigned int i = 0; i < count; i++)
			assert_ptr_equal(data[i], flow_index_data(index_, expected[i]));
	}
}

static uint32_t
stashed_of(const struct flow_index *index)
{
	uint32_t count[2];

	flow_index_elsewhere(index, &count[0], &count[1]);
	return count[1];
}

/* Its tag is nobody else's, so neither of its buckets has a candidate. */
static void
burst_finds_what_is_only_in_the_stash(void **state)
{
	struct flow_index *own = flow_index_create(SLOTS, flows, SOCKET_ID_ANY);
	struct packet *packet = packet_of(&frames[0].mbuf);
	struct rte_mbuf *mbuf = &frames[0].mbuf;
	void *data;

	*packet = (struct packet){.key = *key(0), .hash = UINT64_C(0x1234567890)};
	for (uint32_t i = 1; stashed_of(own) < STASH / 2; i++) {
		const uint64_t by = (uint64_t)i << 48 | i * UINT64_C(0xd1b54a32d192ed03) >> 16;

		assert_int_equal(flow_index_add(own, by, reference(i)), 0);
	}
	assert_int_equal(flow_index_add(own, packet->hash, reference(0)), 0);
	assert_int_equal(stashed_of(own), STASH / 2 + 1);
	flow_index_find_begin(own, &mbuf, 1, &data);
	flow_index_find_end(own, &mbuf, 1, &data);
	assert_ptr_equal(data, flow_index_data(own, reference(0)));
	flow_index_destroy(own);
}

/*
 * Random additions, deletions and replacements of keys that crowd in a few buckets, against a plain
 * list of what stands.
 */
static void
churn_is_as_a_plain_list_would_be(void **state)
{
	enum { KEYS = 400, HASHES = 20, TURNS = 400000 };
	uint32_t standing[KEYS] = {0}; /* reference, 0: none */
	uint64_t by[KEYS];
	unsigned int count = 0, refused = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		by[i] = hash(i % HASHES);
		flows[2000 + i / 2].path[i % 2].key = *key(i); /* heir of the same key */
	}
	for (unsigned int turn = 0; turn < TURNS; turn++) {
		const uint32_t i = random_below(&worker.random, KEYS);
		const bool fills = turn / 5000 % 2 == 0;
		const uint32_t own = reference(i), heir = reference(4000 + i);
		const uint32_t look = random_below(&worker.random, KEYS);

		/* It fills, then it empties, and so on. */
		if (standing[i] == 0 && fills) {
			if (flow_index_add(index_, by[i], own) == 0) {
				standing[i] = own;
				count++;
			} else {
				refused++;
				assert_true(count >= ALIKE);
			}
		} else if (standing[i] != 0 && turn % (fills ? 8 : 3) > 0) {
			const uint32_t next = standing[i] == own ? heir : own;

			flow_index_replace(index_, by[i], standing[i], next);
			standing[i] = next;
		} else if (standing[i] != 0) {
			flow_index_delete(index_, by[i], standing[i]);
			standing[i] = 0;
			count--;
		}
		assert_int_equal(found(i, by[i]), standing[i]);
		assert_int_equal(found(look, by[look]), standing[look]);
	}
	assert_true(refused > 0); /* it did get crowded */
	for (uint32_t i = 0; i < KEYS; i++) {
		assert_int_equal(found(i, by[i]), standing[i]);
		if (standing[i] != 0)
			flow_index_delete(index_, by[i], standing[i]);
	}
	elsewhere(0, 0);
	alike_fill(by[0], 0, ALIKE); /* no place was lost */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_key_is_found_while_it_stands),
		TEST(equal_hashes_fill_both_buckets_and_the_stash),
		TEST(hash_whose_buckets_are_one_fills_it_and_the_stash),
		TEST(key_is_replaced_in_place_wherever_it_stands),
		TEST(burst_finds_what_single_look_ups_find),
		TEST(burst_finds_what_is_only_in_the_stash),
		TEST(churn_is_as_a_plain_list_would_be),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
