/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers and a sweeping control thread on the same endpoints. Bounded by rounds, not by time.
 * Each thread checks what must hold at every moment; at the end nothing may be left.
 */
#include "nat_fixture.h"

#include <pthread.h>
#include <sched.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "nat/port_map_priv.h"

enum { RACERS = 2 };

static struct nat_fixture f;
static _Atomic unsigned int round_gate[2], racers_left;
static struct binding *_Atomic won[RACERS];
static _Atomic unsigned int faults;

struct racer {
	pthread_t pthread;
	struct thread self;
	unsigned int number;
	void (*run)(struct racer *racer);
};

static void
expect(bool holds)
{
	if (!holds)
		atomic_fetch_add(&faults, 1);
}

/* All racers arrive before one leaves; quiescent while waiting, since grace periods go on. */
static void
meet(struct racer *racer, unsigned int gate, unsigned int round)
{
	atomic_fetch_add(&round_gate[gate], 1);
	while (atomic_load(&round_gate[gate]) < (round + 1) * RACERS) {
		rcu_quiescent(racer->self.id);
		sched_yield();
	}
}

static void *
racer_main(void *argument)
{
	struct racer *racer = argument;
	cpu_set_t all;

	/* EAL has put the thread that made this one, and so this one, on a single core. */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	if (rte_thread_register() < 0 || rcu_thread_register(racer->self.id) < 0) {
		expect(false);
		atomic_fetch_sub(&racers_left, 1);
		return NULL;
	}
	racer->run(racer);
	rcu_thread_unregister(racer->self.id);
	rte_thread_unregister();
	atomic_fetch_sub(&racers_left, 1);
	return NULL;
}

/* Run the racers to their end while this thread sweeps as the control lcore does. */
static void
race(void (*run)(struct racer *racer))
{
	static struct racer racers[RACERS];

	atomic_store(&faults, 0);
	atomic_store(&round_gate[0], 0);
	atomic_store(&round_gate[1], 0);
	atomic_store(&racers_left, RACERS);
	for (unsigned int i = 0; i < RACERS; i++) {
		racers[i].number = i;
		racers[i].run = run;
		thread_init(&racers[i].self, i + 1);
		assert_int_equal(
			pthread_create(&racers[i].pthread, NULL, racer_main, &racers[i]), 0);
	}
	while (atomic_load(&racers_left)) {
		rcu_quiescent(0);
		nat_sweep(&f.control, f.nat, 64);
		flow_sweep(&f.control, f.flows, 64);
		sched_yield();
	}
	for (unsigned int i = 0; i < RACERS; i++)
		pthread_join(racers[i].pthread, NULL);
	assert_int_equal(atomic_load(&faults), 0);
}

static void
get_the_same(struct racer *racer)
{
	for (unsigned int round = 0; round < 2000; round++) {
		struct endpoint inside = udp("10.0.0.2", (uint16_t)(2000 + round));
		struct binding *binding = NULL;

		meet(racer, 0, round);
		expect(binding_get(&racer->self, f.nat, &inside, &binding) == 0);
		atomic_store(&won[racer->number], binding);
		meet(racer, 1, round);
		expect(atomic_load(&won[0]) == atomic_load(&won[1]));
	}
}

static void
two_workers_make_one_binding(void **state)
{
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 4096);
	race(get_the_same);
	assert_int_equal(pool_used(nat_binding_pool(f.nat)), 2000);
	assert_int_equal(nat_ports_used(f.nat), 2000);
	nat_fixture_stop(&f, 0);
}

static void
open_and_release(struct racer *racer)
{
	for (unsigned int round = 0; round < 10000; round++) {
		uint16_t port = (uint16_t)(4000 + 2 * (round % 7));
		struct door_spec spec[2] = {
			{.inside = udp("10.0.0.2", port), .class = DOOR_MEDIA, .hold = true},
			{.inside = udp("10.0.0.2", (uint16_t)(port + 1)),
				.class = DOOR_MEDIA,
				.hold = true}};
		struct handle handle[2];
		struct endpoint outside[2];
		struct flow_template template = {0};
		struct binding *binding;
		void *data;

		int rc;

		do {
			/* objects on their way back count as used */
			rcu_quiescent(racer->self.id);
			rc = door_open_pair(&racer->self, f.nat, spec, handle, outside);
			if (rc < 0) {
				expect(rc == -ENOBUFS);
				sched_yield();
			}
		} while (rc < 0);
		/* held by this racer: both stand, and they are what was told */
		for (unsigned int i = 0; i < 2; i++) {
			binding = binding_find_outside(f.nat, &outside[i]);
			expect(binding && binding->inside.port == spec[i].inside.port);
			expect(binding_find_inside(f.nat, &spec[i].inside) == binding);
		}
		binding = pool_get(nat_binding_pool(f.nat), handle[0]);
		template.key[0] = (struct flow_key){.src = binding->inside.address,
			.src_port = binding->inside.port,
			.dst = htonl(0xc6336401 + racer->number),
			.dst_port = htons((uint16_t)(round % 5 + 1)),
			.proto = IPPROTO_UDP,
			.realm = 9};
		template.key[1] = (struct flow_key){.src = template.key[0].dst,
			.src_port = template.key[0].dst_port,
			.dst = outside[0].address,
			.dst_port = outside[0].port,
			.proto = IPPROTO_UDP,
			.realm = 14};
		template.owner[FLOW_OWNER_SOURCE] = &binding->flows;
		expect(flow_create(&racer->self, f.flows, &template, &data) != -ESTALE);
		door_release(&racer->self, f.nat, handle[0], 0);
		door_release(&racer->self, f.nat, handle[1], 0);
	}
}

static void
doors_open_and_close_from_two_workers(void **state)
{
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 4096);
	race(open_and_release);
	assert_int_equal(nat_media_doors(f.nat), 0);
	assert_int_equal(pool_used(nat_binding_pool(f.nat)), 0);
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	nat_fixture_stop(&f, 0);
}

static void
get_scarce_ports(struct racer *racer)
{
	/* 8 ports; each racer uses 3 doors at a time, so there is always one free */
	for (unsigned int round = 0; round < 2000; round++) {
		struct handle handle[3];
		struct endpoint outside[3];

		rcu_quiescent(racer->self.id);
		for (unsigned int i = 0; i < 3; i++) {
			struct door_spec spec = {
				.inside = udp("10.0.0.2", 0), .class = DOOR_MEDIA, .hold = true};
			int rc;

			spec.inside.port = htons((uint16_t)(10000 + racer->number * 100 + i));
			do {
				/* ports on their way back count as taken */
				rc = door_open(&racer->self, f.nat, &spec, &handle[i], &outside[i]);
				if (rc < 0) {
					expect(rc == -EADDRNOTAVAIL || rc == -ENOBUFS);
					rcu_quiescent(racer->self.id);
					sched_yield();
				}
			} while (rc < 0);
		}
		expect(outside[0].port != outside[1].port && outside[1].port != outside[2].port &&
			outside[0].port != outside[2].port);
		for (unsigned int i = 0; i < 3; i++) {
			struct binding *binding = binding_find_outside(f.nat, &outside[i]);

			expect(binding &&
				ntohs(binding->inside.port) == 10000 + racer->number * 100 + i);
			door_release(&racer->self, f.nat, handle[i], 0);
		}
	}
}

static void
scarce_ports_are_never_given_twice(void **state)
{
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 5000, 5007, true);
	nat_fixture_start(&f, 64);
	race(get_scarce_ports);
	nat_fixture_stop(&f, 0);
}

static struct port_map *scarce;
static _Atomic uint32_t holder[8]; /* racer + 1, of each port */

static void
choose_and_release(struct racer *racer)
{
	struct random random = {.stream = 100 + racer->number};

	/* 8 ports, at most 4 a racer: whenever one chooses, a port is free */
	for (unsigned int round = 0; round < 100000; round++) {
		unsigned int count = 1 + round % 4;
		int port[4];

		for (unsigned int i = 0; i < count; i++) {
			port[i] = port_map_choose(
				scarce, &random, (uint16_t)(5000 + round % 9), false);
			expect(port[i] >= 5000 && port[i] <= 5007);
			/* nobody else has it */
			expect(atomic_exchange(&holder[port[i] & 7], racer->number + 1) == 0);
		}
		for (unsigned int i = 0; i < count; i++) {
			expect(atomic_exchange(&holder[port[i] & 7], 0) == racer->number + 1);
			port_map_release(scarce, (uint16_t)port[i]);
		}
	}
}

static void
full_is_never_said_while_a_port_is_free_and_none_is_given_twice(void **state)
{
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	nat_fixture_start(&f, 64);
	scarce = rte_zmalloc(NULL, sizeof(*scarce), RTE_CACHE_LINE_SIZE);
	assert_non_null(scarce);
	port_map_init(scarce);
	port_map_allow(scarce, 5000, 5007);
	race(choose_and_release);
	assert_int_equal(port_map_used(scarce), 0);
	rte_free(scarce);
	nat_fixture_stop(&f, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_is_never_said_while_a_port_is_free_and_none_is_given_twice),
		cmocka_unit_test(two_workers_make_one_binding),
		cmocka_unit_test(doors_open_and_close_from_two_workers),
		cmocka_unit_test(scarce_ports_are_never_given_twice),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
