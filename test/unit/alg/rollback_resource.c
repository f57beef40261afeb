/* SPDX-License-Identifier: BSD-3-Clause */
/* What may run out under a message: all but `n` are taken away, and given back. */
#include "rollback.h"

#include <stdlib.h>
#include <string.h>

#include "alg/alg_priv.h"
#include "nat/nat_priv.h"
#include "nat/port_map_priv.h"

enum { TAKEN_MAX = 2 * 65536 };

static void *objects[TAKEN_MAX];
static uint32_t taken[TAKEN_MAX];
static unsigned int taken_count;

static void
pool_begin(struct pool *pool, unsigned int n)
{
	unsigned int count = 0;

	while ((objects[count] = pool_alloc(pool)) != NULL)
		count++;
	while (n-- > 0 && count > 0)
		pool_free_unused(pool, objects[--count]);
	taken_count = count;
}

static void
pool_end(struct pool *pool)
{
	while (taken_count > 0)
		pool_free_unused(pool, objects[--taken_count]);
}

static void
slab_begin(struct slab *slab, unsigned int n)
{
	unsigned int count = 0;

	while ((taken[count] = slab_take(slab)) != 0)
		count++;
	while (n-- > 0 && count > 0)
		slab_give(slab, taken[--count]);
	taken_count = count;
}

static void
slab_end(struct slab *slab)
{
	while (taken_count > 0)
		slab_give(slab, taken[--taken_count]);
}

#define POOL(name, pool) \
	static void name##_begin(unsigned int n) \
	{ \
		pool_begin(pool, n); \
	} \
	static void name##_end(void) \
	{ \
		pool_end(pool); \
	}
#define SLAB(name) \
	static void name##_begin(unsigned int n) \
	{ \
		slab_begin(&alg_worker_of(fx.alg, 0)->name, n); \
	} \
	static void name##_end(void) \
	{ \
		slab_end(&alg_worker_of(fx.alg, 0)->name); \
	}

POOL(bindings, nat_binding_pool(fx.nat))
POOL(pinholes, pinhole_pool(fx.pinholes))
SLAB(calls)
SLAB(dialogs)
SLAB(sets)
SLAB(openings)

/* Outside ports of UDP and TCP, the protocol above the port: those that the message takes when all is
 * there, in ascending order. */
enum { PORT_NUMBERS = 65536, NUMBERS_END = (NAT_TCP + 1) * PORT_NUMBERS };
static_assert(NAT_UDP == 0 && NAT_TCP == 1, "both, and nothing else, are below the end");

static uint32_t needed[256];
static unsigned int needed_count;
static bool free_before[NUMBERS_END];

static bool
port_claim(uint32_t number)
{
	for (uint32_t i = 0; i < fx.nat->rules->address_count; i++) {
		struct port_map *map = fx.nat->rules->address[i].map[number / PORT_NUMBERS];

		if (map)
			return number % PORT_NUMBERS >= 1024 &&
			       port_map_claim(map, (uint16_t)(number % PORT_NUMBERS));
	}
	fail();
	return false;
}

static void
port_release(uint32_t number)
{
	for (uint32_t i = 0; i < fx.nat->rules->address_count; i++) {
		struct port_map *map = fx.nat->rules->address[i].map[number / PORT_NUMBERS];

		if (map) {
			port_map_release(map, (uint16_t)(number % PORT_NUMBERS));
			return;
		}
	}
}

void
rollback_ports_note(bool before)
{
	needed_count = 0;
	if (!fx.nat)
		return;
	for (uint32_t number = 0; number < NUMBERS_END; number++) {
		bool is_free = port_claim(number);

		if (is_free)
			port_release(number);
		if (before)
			free_before[number] = is_free;
		else if (free_before[number] && !is_free)
			needed[needed_count++] = number;
	}
}

static bool
is_left(uint32_t number, unsigned int n)
{
	for (unsigned int i = 0; i < n && i < needed_count; i++)
		if (needed[i] == number)
			return true;
	return false;
}

static void
ports_begin(unsigned int n)
{
	taken_count = 0;
	for (uint32_t number = 0; number < NUMBERS_END; number++)
		if (!is_left(number, n) && port_claim(number))
			taken[taken_count++] = number;
}

static void
ports_end(void)
{
	while (taken_count > 0)
		port_release(taken[--taken_count]);
}

static void
doors_begin(unsigned int n)
{
	fx.config.sip.max_doors_per_call = n + 1;
}

static void
doors_end(void)
{
	fx.config.sip.max_doors_per_call = 0;
}

/* Of calls that wait for an answer the next one is too many, or it is not. */
static void
pending_begin(unsigned int n)
{
	fx.config.sip.max_pending_calls = n + 1;
}

static void
pending_end(void)
{
	fx.config.sip.max_pending_calls = 0;
}

const struct rollback_resource rollback_resources[] = {
	{"ports", ports_begin, ports_end},
	{"bindings", bindings_begin, bindings_end},
	{"pinholes", pinholes_begin, pinholes_end},
	{"calls", calls_begin, calls_end},
	{"dialogs", dialogs_begin, dialogs_end},
	{"sets", sets_begin, sets_end},
	{"openings", openings_begin, openings_end},
	{"doors of a call", doors_begin, doors_end},
	{"pending calls", pending_begin, pending_end},
};
const unsigned int rollback_resource_count = RTE_DIM(rollback_resources);
