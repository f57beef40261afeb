/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools: handles, retirement, grace periods, gauges. One thread. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_errno.h>

#include "core/pool.h"
#include "core/rcu.h"
#include "eal_fixture.h"

enum {
	CAPACITY = 10,
	READER = 0,
};

struct thing {
	struct pool_object object;
	uint32_t port;
};

struct releases {
	unsigned int count;
	uint32_t port_sum;
};

static void
thing_release(void *context, void *object)
{
	struct releases *releases = context;
	const struct thing *thing = object;

	releases->count++;
	releases->port_sum += thing->port;
}

static struct releases releases;

static int
setup(void **state)
{
	memset(&releases, 0, sizeof(releases));
	if (rcu_init() != 0)
		return -1;
	*state = pool_create(
		"things", CAPACITY, sizeof(struct thing), SOCKET_ID_ANY, thing_release, &releases);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	pool_destroy(*state);
	rcu_fini();
	return 0;
}

static void
every_object_is_handed_out_once_and_then_none(void **state)
{
	struct pool *pool = *state;
	bool seen[CAPACITY + 1] = {false};

	for (unsigned int i = 0; i < CAPACITY; i++) {
		void *object = pool_alloc(pool);
		uint32_t index;

		assert_non_null(object);
		assert_int_equal((uintptr_t)object % RTE_CACHE_LINE_SIZE, 0);
		index = pool_index(pool, object);
		assert_in_range(index, 1, CAPACITY);
		assert_false(seen[index]);
		seen[index] = true;
		assert_ptr_equal(pool_at(pool, index), object);
		assert_true(pool_object_live(object));
	}
	assert_null(pool_alloc(pool));
	assert_int_equal(pool_used(pool), CAPACITY);
	assert_int_equal(pool_low_water(pool), 0);
	assert_null(pool_at(pool, 0));
	assert_null(pool_at(pool, CAPACITY + 1));
}

static void
a_handle_names_its_object_until_it_is_retired(void **state)
{
	struct pool *pool = *state;
	struct thing *thing = pool_alloc(pool);
	struct handle handle = pool_handle(pool, thing);

	assert_ptr_equal(pool_get(pool, handle), thing);
	pool_retire(pool, thing);
	assert_null(pool_get(pool, handle));
	assert_null(pool_get(pool, pool_handle(pool, thing)));
	assert_false(pool_object_live(&thing->object));
	assert_int_equal(pool_reclaim(pool, CAPACITY), 1);
	/* through all other objects, until this one comes again */
	for (unsigned int i = 0; i < CAPACITY; i++)
		assert_non_null(pool_alloc(pool));
	assert_true(pool_object_live(&thing->object));
	assert_null(pool_get(pool, handle));
	assert_ptr_equal(pool_get(pool, pool_handle(pool, thing)), thing);
}

static void
no_handle_and_a_made_up_handle_name_nothing(void **state)
{
	struct pool *pool = *state;

	assert_non_null(pool_alloc(pool));
	assert_null(pool_get(pool, HANDLE_NONE));
	assert_null(pool_get(pool, (struct handle){1, 0}));
	assert_null(pool_get(pool, (struct handle){CAPACITY, 0}));
	assert_null(pool_get(pool, (struct handle){CAPACITY + 1, 1}));
	assert_null(pool_get(pool, (struct handle){UINT32_MAX, 1}));
}

static void
an_unused_object_is_free_at_once_and_its_handle_stale(void **state)
{
	struct pool *pool = *state;
	struct thing *thing = pool_alloc(pool);
	struct handle handle = pool_handle(pool, thing);

	pool_free_unused(pool, thing);
	assert_int_equal(pool_used(pool), 0);
	assert_int_equal(pool_retired(pool), 0);
	assert_null(pool_get(pool, handle));
	assert_int_equal(releases.count, 0);
	for (unsigned int i = 0; i < CAPACITY; i++)
		assert_non_null(pool_alloc(pool));
}

static void
a_retired_object_is_released_only_after_its_readers(void **state)
{
	struct pool *pool = *state;
	struct thing *thing = pool_alloc(pool);

	assert_int_equal(rcu_thread_register(READER), 0);
	thing->port = 5060;
	pool_retire(pool, thing);
	assert_int_equal(pool_used(pool), 0);
	assert_int_equal(pool_retired(pool), 1);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 0);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 0);
	assert_int_equal(releases.count, 0);
	rcu_quiescent(READER);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 1);
	assert_int_equal(releases.count, 1);
	assert_int_equal(releases.port_sum, 5060);
	assert_int_equal(pool_retired(pool), 0);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 0);
	rcu_thread_unregister(READER);
}

static void
an_object_retired_during_a_grace_period_waits_for_the_next(void **state)
{
	struct pool *pool = *state;
	void *first = pool_alloc(pool), *second = pool_alloc(pool);

	assert_int_equal(rcu_thread_register(READER), 0);
	pool_retire(pool, first);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 0);
	rcu_quiescent(READER);
	pool_retire(pool, second);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 1);
	assert_int_equal(pool_retired(pool), 1);
	rcu_quiescent(READER);
	assert_int_equal(pool_reclaim(pool, CAPACITY), 1);
	assert_int_equal(pool_retired(pool), 0);
	rcu_thread_unregister(READER);
}

static void
reclaiming_keeps_to_its_budget(void **state)
{
	struct pool *pool = *state;
	void *objects[CAPACITY];

	for (unsigned int i = 0; i < CAPACITY; i++)
		objects[i] = pool_alloc(pool);
	for (unsigned int i = 0; i < CAPACITY; i++)
		pool_retire(pool, objects[i]);
	assert_int_equal(pool_reclaim(pool, 0), 0);
	assert_int_equal(pool_reclaim(pool, 4), 4);
	assert_int_equal(pool_retired(pool), CAPACITY - 4);
	assert_int_equal(pool_reclaim(pool, CAPACITY), CAPACITY - 4);
	assert_int_equal(releases.count, CAPACITY);
}

static void
gauges_tell_what_is_used_and_what_was_the_least_left(void **state)
{
	struct pool *pool = *state;
	void *objects[3];

	assert_string_equal(pool_name(pool), "things");
	assert_int_equal(pool_capacity(pool), CAPACITY);
	assert_int_equal(pool_low_water(pool), CAPACITY);
	for (unsigned int i = 0; i < RTE_DIM(objects); i++)
		objects[i] = pool_alloc(pool);
	assert_int_equal(pool_used(pool), 3);
	assert_int_equal(pool_low_water(pool), CAPACITY - 3);
	for (unsigned int i = 0; i < RTE_DIM(objects); i++)
		pool_retire(pool, objects[i]);
	assert_int_equal(pool_used(pool), 0);
	pool_reclaim(pool, CAPACITY);
	assert_int_equal(pool_low_water(pool), CAPACITY - 3);
}

static void
the_same_steps_hand_out_the_same_objects(void **state)
{
	uint32_t indexes[2][40];

	for (unsigned int run = 0; run < 2; run++) {
		struct pool *pool = pool_create(
			"again", CAPACITY, sizeof(struct thing), SOCKET_ID_ANY, NULL, NULL);
		void *held[2] = {NULL, NULL};

		assert_non_null(pool);
		for (unsigned int i = 0; i < 40; i++) {
			if (held[i % 2] != NULL)
				pool_retire(pool, held[i % 2]);
			if (i % 5 == 0)
				pool_reclaim(pool, 7);
			held[i % 2] = pool_alloc(pool);
			assert_non_null(held[i % 2]);
			indexes[run][i] = pool_index(pool, held[i % 2]);
		}
		pool_destroy(pool);
	}
	assert_memory_equal(indexes[0], indexes[1], sizeof(indexes[0]));
}

static void
an_index_is_found_from_its_object_at_every_object_size(void **state)
{
	for (size_t size = sizeof(struct pool_object); size < 1100; size += 56) {
		struct pool *pool = pool_create("sized", 100, size, SOCKET_ID_ANY, NULL, NULL);

		assert_non_null(pool);
		assert_true(pool_memory(100, size) >= 100 * size);
		for (uint32_t index = 1; index <= 100; index++)
			assert_int_equal(pool_index(pool, pool_at(pool, index)), index);
		pool_destroy(pool);
	}
}

static void
a_pool_that_cannot_be_is_refused(void **state)
{
	assert_null(pool_create("none", 0, sizeof(struct thing), SOCKET_ID_ANY, NULL, NULL));
	assert_int_equal(rte_errno, EINVAL);
	assert_null(pool_create("thin", 1, 4, SOCKET_ID_ANY, NULL, NULL));
	assert_int_equal(rte_errno, EINVAL);
	assert_null(pool_create(
		"a_name_of_20_letters", 1, sizeof(struct thing), SOCKET_ID_ANY, NULL, NULL));
	assert_int_equal(rte_errno, EINVAL);
	assert_null(pool_create("vast", 1 << 30, 1 << 20, SOCKET_ID_ANY, NULL, NULL));
	assert_int_equal(rte_errno, ENOMEM);
	assert_null(pool_create("things", 4, sizeof(struct thing), SOCKET_ID_ANY, NULL, NULL));
	assert_int_equal(rte_errno, EEXIST);
	pool_destroy(NULL);
}

#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(every_object_is_handed_out_once_and_then_none),
		POOL_TEST(a_handle_names_its_object_until_it_is_retired),
		POOL_TEST(no_handle_and_a_made_up_handle_name_nothing),
		POOL_TEST(an_unused_object_is_free_at_once_and_its_handle_stale),
		POOL_TEST(a_retired_object_is_released_only_after_its_readers),
		POOL_TEST(an_object_retired_during_a_grace_period_waits_for_the_next),
		POOL_TEST(reclaiming_keeps_to_its_budget),
		POOL_TEST(gauges_tell_what_is_used_and_what_was_the_least_left),
		POOL_TEST(the_same_steps_hand_out_the_same_objects),
		POOL_TEST(an_index_is_found_from_its_object_at_every_object_size),
		POOL_TEST(a_pool_that_cannot_be_is_refused),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
