/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pool under several threads: workers that take, publish, look at each other's and retire objects
 * while this thread reclaims. What must hold: no object has two owners, and none is released or
 * handed out again under a reader that found it before.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pool.h"
#include "core/random.h"
#include "core/rcu.h"
#include "eal_fixture.h"

enum {
	WORKERS = 3,
	ROUNDS = 30000,
	CAPACITY = 64,
	SHELF = 8, /* published objects a worker */
};

struct thing {
	struct pool_object object;
	_Atomic uint32_t owner; /* worker + 1 while live, 0 when released */
	_Atomic uint32_t releases; /* how often it was released */
};

static struct pool *pool;
static struct thing *_Atomic shelf[WORKERS][SHELF];
static _Atomic unsigned int running;
static _Atomic unsigned int faults;
static _Atomic unsigned int allocations;

static void
thing_release(void *context, void *object)
{
	struct thing *thing = object;

	if (atomic_exchange(&thing->owner, 0) == 0)
		atomic_fetch_add(&faults, 1);
	atomic_fetch_add(&thing->releases, 1);
}

/* false when the pool had nothing */
static bool
shelf_replace(unsigned int worker, unsigned int place)
{
	struct thing *old = atomic_load(&shelf[worker][place]), *new;

	/* unpublish first, retire then, as the owners of tables do */
	if (old != NULL) {
		atomic_store(&shelf[worker][place], NULL);
		if (atomic_load(&old->owner) != worker + 1)
			atomic_fetch_add(&faults, 1);
		pool_retire(pool, old);
	}
	new = pool_alloc(pool);
	if (new == NULL) {
		return false;
	}
	atomic_fetch_add(&allocations, 1);
	if (atomic_exchange(&new->owner, worker + 1) != 0)
		atomic_fetch_add(&faults, 1);
	if (pool_get(pool, pool_handle(pool, new)) != new)
		atomic_fetch_add(&faults, 1);
	atomic_store(&shelf[worker][place], new);
	return true;
}

static void *
worker_run(void *argument)
{
	unsigned int worker = (unsigned int)(uintptr_t)argument;
	struct random random = {.stream = worker};

	if (rcu_thread_register(worker) != 0) {
		atomic_fetch_add(&faults, 1);
		return NULL;
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int other = random_below(&random, WORKERS);
		struct thing *seen = atomic_load(&shelf[other][random_below(&random, SHELF)]);
		uint32_t releases = seen == NULL ? 0 : atomic_load(&seen->releases);

		bool stocked = shelf_replace(worker, random_below(&random, SHELF));

		if (round % 16 == 0)
			sched_yield();
		/* found before, not yet quiescent: still the other worker's */
		if (seen != NULL && (atomic_load(&seen->owner) != other + 1 ||
					    atomic_load(&seen->releases) != releases))
			atomic_fetch_add(&faults, 1);
		rcu_quiescent(worker);
		if (!stocked)
			sched_yield();
	}
	for (unsigned int place = 0; place < SHELF; place++) {
		struct thing *thing = atomic_exchange(&shelf[worker][place], NULL);

		if (thing != NULL)
			pool_retire(pool, thing);
	}
	rcu_thread_unregister(worker);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void
no_object_is_shared_or_reused_under_a_reader(void **state)
{
	pthread_t threads[WORKERS];
	unsigned int released = 0;

	assert_int_equal(rcu_init(), 0);
	pool = pool_create(
		"stress", CAPACITY, sizeof(struct thing), SOCKET_ID_ANY, thing_release, NULL);
	assert_non_null(pool);
	atomic_store(&running, WORKERS);
	for (unsigned int i = 0; i < WORKERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, worker_run, (void *)(uintptr_t)i), 0);
	while (atomic_load(&running) > 0 && atomic_load(&faults) == 0) {
		unsigned int count = pool_reclaim(pool, 7);

		released += count;
		if (count == 0)
			sched_yield();
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	released += pool_reclaim(pool, UINT32_MAX);

	assert_int_equal(atomic_load(&faults), 0);
	assert_int_equal(released, atomic_load(&allocations));
	assert_true(released > 4 * CAPACITY);
	assert_int_equal(pool_used(pool), 0);
	assert_int_equal(pool_retired(pool), 0);
	for (unsigned int i = 0; i < CAPACITY; i++)
		assert_non_null(pool_alloc(pool));
	assert_null(pool_alloc(pool));
	pool_destroy(pool);
	rcu_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_object_is_shared_or_reused_under_a_reader),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
