/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The index of the flow table under several writers and readers: keys that stand all the while are
 * found by every look-up, whatever comes and goes in their buckets and in the stash; each worker adds,
 * replaces and deletes keys of its own and finds exactly those that it has there; nobody ever finds a
 * flow of another key. A few hashes for all keys, so that they crowd.
 */
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "flow/flow_index.h"
#include "net/packet.h"
#include "stress.h"

enum {
	HASHES = 5,
	STEADY = 20, /* keys that stand all the while */
	OWN = 60, /* keys of each worker */
	KEYS = STEADY + STRESS_WORKERS * OWN,
	TAGS = 3, /* alike in tag, but not in bucket */
};

struct frame {
	struct rte_mbuf mbuf;
	uint8_t private[PACKET_PRIVATE_SIZE];
};

static struct flow_index *index_;
static struct flow *flows;
static uint64_t hashes[HASHES];
static uint64_t rounds;
static struct frame frames[STRESS_WORKERS][BURST_MAX];
static _Atomic uint64_t added, refused, seen;

static const struct flow_key *
key(uint32_t i)
{
	return &flows[i].path[0].key;
}

static uint64_t
hash(uint32_t i)
{
	return hashes[i % HASHES];
}

/* A key has two flows that replace each other: direction 0 and 1 of one object. */
static uint32_t
reference(uint32_t i, unsigned int which)
{
	return flow_reference(i + 1, which);
}

static bool
is_of(uint32_t found, uint32_t i)
{
	return found >> 1 == i + 1;
}

static void
look(struct thread *self)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	uint32_t keys[BURST_MAX];
	void *data[BURST_MAX];

	for (unsigned int i = 0; i < BURST_MAX; i++) {
		struct packet *packet = packet_of(mbufs[i] = &frames[self->id][i].mbuf);

		keys[i] = random_below(&self->random, i % 2 ? STEADY : KEYS);
		packet->key = *key(keys[i]);
		packet->hash = hash(keys[i]);
	}
	flow_index_find_begin(index_, mbufs, BURST_MAX, data);
	flow_index_find_end(index_, mbufs, BURST_MAX, data);
	for (unsigned int i = 0; i < BURST_MAX; i++) {
		const uint32_t found = flow_index_find(index_, key(keys[i]), hash(keys[i]));

		MUST(data[i] == NULL || flow_of_data(data[i]) == &flows[keys[i]]);
		MUST(found == 0 || is_of(found, keys[i]));
		if (keys[i] < STEADY)
			MUST(data[i] != NULL && found != 0);
	}
	atomic_fetch_add_explicit(&seen, BURST_MAX, memory_order_relaxed);
}

static void
change(struct thread *self, uint32_t standing[OWN])
{
	const uint32_t own = random_below(&self->random, OWN);
	const uint32_t i = STEADY + self->id * OWN + own;

	if (standing[own] == 0) {
		if (flow_index_add(index_, hash(i), reference(i, 0)) == 0) {
			standing[own] = reference(i, 0);
			atomic_fetch_add_explicit(&added, 1, memory_order_relaxed);
		} else {
			atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
		}
	} else if (random_below(&self->random, 4) == 0) {
		const uint32_t next = standing[own] ^ 1;

		flow_index_replace(index_, hash(i), standing[own], next);
		standing[own] = next;
	} else {
		flow_index_delete(index_, hash(i), standing[own]);
		standing[own] = 0;
	}
}

static int
work(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];
	uint32_t standing[OWN] = {0};

	for (uint64_t round = 0; round < rounds; round++) {
		change(self, standing);
		if (round % 8 == 0)
			look(self);
		for (unsigned int n = 0; n < 2; n++) {
			const uint32_t own = random_below(&self->random, OWN);
			const uint32_t i = STEADY + self->id * OWN + own;

			MUST(flow_index_find(index_, key(i), hash(i)) == standing[own]);
		}
		stress_turn(self);
	}
	for (uint32_t own = 0; own < OWN; own++)
		if (standing[own] != 0)
			flow_index_delete(
				index_, hash(STEADY + self->id * OWN + own), standing[own]);
	stress_leave(self);
	return 0;
}

/* The keys that stand are of this thread: now and then another of their flows takes the place. */
static void
control(struct thread *self, uint64_t turn)
{
	static uint32_t which[STEADY];
	const uint32_t i = (uint32_t)(turn % STEADY);

	flow_index_replace(index_, hash(i), reference(i, which[i]), reference(i, !which[i]));
	which[i] = !which[i];
	MUST(is_of(flow_index_find(index_, key(i), hash(i)), i));
}

static void
nothing_is_left(void)
{
	uint32_t count = 0, elsewhere[2];

	for (uint32_t i = 0; i < KEYS; i++) {
		const uint32_t found = flow_index_find(index_, key(i), hash(i));

		MUST(i < STEADY ? is_of(found, i) : found == 0);
		if (i < STEADY)
			flow_index_delete(index_, hash(i), found);
	}
	/* None of them is still counted, or look-ups would be slower ever after. */
	flow_index_elsewhere(index_, &elsewhere[0], &elsewhere[1]);
	MUST(elsewhere[0] == 0 && elsewhere[1] == 0);
	/* No slot was lost: two buckets and the stash take as many of one hash as when new. */
	while (count < KEYS && flow_index_add(index_, hashes[0], reference(count, 0)) == 0)
		count++;
	MUST(count == 8 + 8 + 64);
}

int
main(int count, char **arguments)
{
	rounds = stress_rounds(count, arguments, 1000000, 30000000);
	stress_start();
	flows = rte_calloc("flows", KEYS, sizeof(struct flow), RTE_CACHE_LINE_SIZE);
	index_ = flow_index_create(256, flows, SOCKET_ID_ANY);
	if (flows == NULL || index_ == NULL)
		return 1;
	for (uint32_t i = 0; i < KEYS; i++)
		for (unsigned int d = 0; d < 2; d++)
			flows[i].path[d].key = (struct flow_key){.src = i, .proto = 17};
	/* Some alike in the tag; all low halves differ, and with them the buckets. */
	for (unsigned int i = 0; i < HASHES; i++)
		hashes[i] = (uint64_t)(i % TAGS) << 48 | (uint64_t)i << 40 |
			    (i + 1) * UINT32_C(0x2f6a3b51);
	for (uint32_t i = 0; i < STEADY; i++)
		MUST(flow_index_add(index_, hash(i), reference(i, 0)) == 0);
	stress_run(work, control);
	nothing_is_left();
	printf("added %lu refused %lu looked up %lu\n", added, refused, seen);
	MUST(added > 0 && refused > 0);
	flow_index_destroy(index_);
	rte_free(flows);
	return stress_end("index");
}
