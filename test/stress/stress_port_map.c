/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One map of outside ports under 2 or 4 workers (the argument) that do nothing but take and give back, where
 * stress_ports has locks of hosts between: few ports, in one word for each parity, wanted by more than there are.
 *
 * At every moment a port has one holder. In the end all are free, each one by one and in the count.
 */
#include <rte_malloc.h>

#include "nat/port_map_priv.h"
#include "stress.h"

enum {
	FIRST = 4096,
	COUNT = 128,
	HOLDS = 160, /* of all workers together */
};

static struct port_map *map;
static uint64_t rounds;
static _Atomic uint32_t holder[PORTS];
static _Atomic uint64_t taken, pairs, refused;

static void
begins(struct thread *self, int port)
{
	uint32_t nobody = 0;

	MUST(port >= FIRST && port < FIRST + COUNT);
	MUST(atomic_compare_exchange_strong(&holder[port], &nobody, self->id + 1));
}

/* By each of the ways there are; how many ports, from *port on. */
static unsigned int
take(struct thread *self, int *port)
{
	uint16_t wanted = (uint16_t)(FIRST + random_below(&self->random, COUNT));

	switch (random_below(&self->random, 8)) {
	case 0:
		*port = port_map_claim(map, wanted) ? wanted : -1;
		return 1;
	case 1:
		*port = port_map_choose_within(
			map, &self->random, wanted, (uint16_t)(wanted & ~63), 64, false);
		return 1;
	case 2:
		*port = port_map_choose_pair(map, &self->random, wanted);
		return 2;
	default:
		*port = port_map_choose(map, &self->random, wanted, false);
		return 1;
	}
}

static int
work(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];
	const unsigned int holds = HOLDS / stress_workers;
	int held[HOLDS] = {0}; /* 0: none */

	for (uint64_t round = 0; round < rounds; round++) {
		unsigned int n = random_below(&self->random, holds), count;
		int port;

		if (held[n]) {
			MUST(atomic_exchange(&holder[held[n]], 0) == self->id + 1);
			port_map_release(map, (uint16_t)held[n]);
			held[n] = 0;
			continue;
		}
		count = take(self, &port);
		if (port < 0) {
			atomic_fetch_add(&refused, 1);
			continue;
		}
		held[n] = port;
		begins(self, port);
		atomic_fetch_add(count == 2 ? &pairs : &taken, 1);
		if (count == 2) {
			begins(self, port + 1);
			/* the second comes back at once */
			MUST(atomic_exchange(&holder[port + 1], 0) == self->id + 1);
			port_map_release(map, (uint16_t)(port + 1));
		}
	}
	for (unsigned int n = 0; n < holds; n++)
		if (held[n]) {
			MUST(atomic_exchange(&holder[held[n]], 0) == self->id + 1);
			port_map_release(map, (uint16_t)held[n]);
		}
	stress_leave(self);
	return 0;
}

static void
control(struct thread *self, uint64_t turn)
{
	sched_yield();
}

static void
everything_has_come_back(struct thread *self)
{
	MUST(port_map_free(map) == COUNT);
	MUST(port_map_used(map) == 0);
	for (int port = FIRST; port < FIRST + COUNT; port++)
		MUST(port_map_claim(map, (uint16_t)port));
	MUST(port_map_free(map) == 0);
	MUST(port_map_choose(map, &self->random, FIRST, true) < 0);
}

int
main(int count, char **arguments)
{
	stress_workers = count > 1 ? (unsigned int)atoi(arguments[1]) : 2;
	rounds = stress_rounds(count - 1, arguments + 1, 2000000, 100000000);
	if (stress_workers < 1 || stress_workers > 8)
		return 1;
	stress_start();
	map = rte_zmalloc("port_map", sizeof(*map), RTE_CACHE_LINE_SIZE);
	if (map == NULL)
		return 1;
	port_map_init(map);
	port_map_allow(map, FIRST, FIRST + COUNT - 1);
	stress_run(work, control);
	everything_has_come_back(&stress_thread[THREAD_CONTROL]);
	printf("%u workers: taken %lu, pairs %lu, refused %lu\n", stress_workers, taken, pairs,
		refused);
	MUST(taken > 0 && pairs > 0 && refused > 0);
	rte_free(map);
	return stress_end("port map");
}
