/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pinholes under several workers: a few ports opened alone and in pairs, joined, matched, used for
 * flows and released by all at once, some left to their deadline, while the control lcore sweeps
 * and reclaims. A third of the ports are TCP's, where open connections outlive what let them begin. The pool is smaller than what all hold at times, so that pairs are undone too.
 */
#include "flow/pinhole.h"
#include "flow/tcp.h"
#include "net/parse.h"
#include "stress_hash.h"

enum { KEYS = 12, HOLDS = 8, PINHOLES = 10, FLOWS = 128, SOURCES = 4 };

static const struct flow_timeouts timeouts = {
	.udp = 3, .tcp_established = 3, .tcp_transitory = 3, .icmp = 3};

static const struct media_announcement announcement = {.count = 1, .peer = {{100, 7}}};

static struct flow_table *flows;
static struct pinhole_table *table;
static uint64_t rounds;
static _Atomic uint64_t opened, pairs, undone, passed, refused, made, stale;

static uint8_t
proto_of(uint32_t n)
{
	return n / 4 == 1 ? IPPROTO_TCP : IPPROTO_UDP;
}

static struct flow_key
key_of(uint32_t source, uint32_t n)
{
	return (struct flow_key){.src = 100 + source,
		.dst = 1000,
		.src_port = 7,
		.dst_port = rte_cpu_to_be_16((uint16_t)n),
		.proto = proto_of(n)};
}

static struct pinhole_spec
spec_of(struct thread *self, uint32_t n, enum pinhole_class class)
{
	return (struct pinhole_spec){
		.key = {.dst = 1000,
			.dst_port = rte_cpu_to_be_16((uint16_t)n),
			.proto = proto_of(n)},
		.class = class,
		.hold = true,
		.holder = {.worker = self->id, .call = {n + 1, 1}},
	};
}

/* Two neighbours, of one key or of two. */
static void
pinhole_pair(struct thread *self, struct handle handle[2])
{
	const uint32_t n = random_below(&self->random, KEYS - 1);
	const struct pinhole_spec spec[2] = {
		spec_of(self, n, PINHOLE_RTP), spec_of(self, n + 1, PINHOLE_RTCP)};
	bool joined[2];
	int ret = pinhole_join_pair(self, table, spec, handle, joined);

	if (ret != 0) {
		MUST(ret == -ENOBUFS || ret == -ENOSPC);
		atomic_fetch_add(&undone, 1);
		sched_yield(); /* what rests comes back when the others have had their turn */
		handle[0] = handle[1] = HANDLE_NONE;
		return;
	}
	for (unsigned int i = 0; i < 2; i++) {
		const struct pinhole *pinhole = pool_get(pinhole_pool(table), handle[i]);

		MUST(pinhole != NULL && pinhole->key.dst_port == spec[i].key.dst_port);
		if (joined[i] && random_below(&self->random, 2))
			pinhole_widen(table, handle[i], &spec[i]);
	}
	atomic_fetch_add(&pairs, 1);
}

static struct handle
pinhole_some(struct thread *self)
{
	const uint32_t n = random_below(&self->random, KEYS);
	const bool media = random_below(&self->random, 4) != 0;
	struct pinhole_spec spec = spec_of(self, n, media ? PINHOLE_RTP : PINHOLE_VIA);
	struct handle handle = HANDLE_NONE;
	int ret;

	if (!media && random_below(&self->random, 4) == 0)
		spec.until_s = self->now_s + 2;
	ret = pinhole_open(self, table, &spec, &handle);
	if (ret != 0) {
		MUST(ret == -ENOBUFS || ret == -ENOSPC);
		sched_yield();
		return HANDLE_NONE;
	}
	atomic_fetch_add(&opened, 1);
	MUST(pool_get(pinhole_pool(table), handle) != NULL);
	return handle;
}

/* This worker's call at a pinhole that it holds. */
static struct pinhole_holder
holder_at(struct thread *self, struct handle handle)
{
	const struct pinhole *pinhole = pool_get(pinhole_pool(table), handle);
	const uint32_t n = rte_be_to_cpu_16(pinhole->key.dst_port);

	return (struct pinhole_holder){self->id, {n + 1, 1}};
}

static void
packet_some(struct thread *self)
{
	const struct flow_key key =
		key_of(random_below(&self->random, SOURCES), random_below(&self->random, KEYS));
	struct flow_template template = {.key = {key, {.src = key.dst,
							      .dst = key.src,
							      .src_port = key.dst_port,
							      .dst_port = key.src_port,
							      .proto = key.proto,
							      .realm = 4}}};
	struct pinhole *pinhole = NULL;
	void *data;
	int ret;

	switch (pinhole_match(self, table, &key, &pinhole)) {
	case PINHOLE_PASS:
		atomic_fetch_add(&passed, 1);
		MUST(pinhole->key.dst_port == key.dst_port);
		break;
	case PINHOLE_REFUSED:
	case PINHOLE_FULL:
		atomic_fetch_add(&refused, 1);
		return;
	default:
		return;
	}
	template.owner[FLOW_OWNER_PINHOLE] = &pinhole->flows;
	ret = flow_create(self, flows, &template, &data);
	if (ret == 0) {
		atomic_fetch_add(&made, 1);
		if (random_below(&self->random, 2))
			atomic_store_explicit(&flow_of_data(data)->tcp_state, TCP_ESTABLISHED,
				memory_order_relaxed);
	} else if (ret == -ESTALE)
		atomic_fetch_add(&stale, 1);
	else
		MUST(ret == 1 || ret == -ENOBUFS || ret == -ENOSPC);
}

static int
work(void *argument)
{
	struct thread *self = &stress_thread[(uintptr_t)argument];
	struct handle held[HOLDS] = {0};

	for (uint64_t round = 0; round < rounds; round++) {
		struct handle *place = &held[random_below(&self->random, HOLDS)];
		struct handle *next = &held[(size_t)(place - held + 1) % HOLDS];

		if (place->index == 0 && next->index == 0 && next > place) {
			pinhole_pair(self, place);
		} else if (place->index == 0) {
			*place = pinhole_some(self);
			if (round % 3 == 0 && place->index) {
				const struct pinhole_holder holder = holder_at(self, *place);

				pinhole_media_commit(table, *place, &holder, &announcement);
			}
		} else {
			/* A held pinhole stands: its handle cannot be stale. */
			MUST(pool_get(pinhole_pool(table), *place) != NULL);
			const struct pinhole_holder holder = holder_at(self, *place);

			if (pinhole_release(
				    self, table, *place, round % 16 == 0 ? self->now_s + 1 : 0))
				pinhole_media_leave(self, table, *place, &holder);
			*place = HANDLE_NONE;
		}
		packet_some(self);
		stress_turn(self);
	}
	for (unsigned int i = 0; i < HOLDS; i++)
		if (held[i].index != 0)
			pinhole_release(self, table, held[i], 0);
	stress_leave(self);
	return 0;
}

static void
control(struct thread *self, uint64_t turn)
{
	pinhole_sweep(self, table, 16);
	flow_sweep(self, flows, 16);
}

static void
nothing_is_left(struct thread *self)
{
	unsigned int left = 0;

	rcu_online(THREAD_CONTROL);
	clock_set_ms(clock_now_ms() + 10000);
	thread_refresh_clock(self);
	for (unsigned int i = 0; i < 4; i++) {
		pinhole_sweep(self, table, PINHOLES);
		for (uint32_t n = 0; i == 0 && n < KEYS * SOURCES; n++) {
			const struct flow_key key = key_of(n % SOURCES, n / SOURCES);
			void *data = flow_lookup(flows, &key, flow_key_hash(&key));

			/* Made through pinholes, and gone with them, but for open connections. */
			MUST(data == NULL || key.proto == IPPROTO_TCP);
			left += data != NULL;
		}
		flow_sweep(self, flows, FLOWS);
		MUST(flow_key_count(flows) == 0);
		rcu_quiescent(THREAD_CONTROL);
	}
	MUST(pool_used(pinhole_pool(table)) == 0);
	MUST(pool_retired(pinhole_pool(table)) == 0);
	MUST(pinhole_media_count(table) == 0);
	MUST(pool_used(flow_pool(flows)) == 0);
	MUST(pool_retired(flow_pool(flows)) == 0);
	MUST(counters_event_sum(EVENT_PINHOLE_OPENED) == counters_event_sum(EVENT_PINHOLE_CLOSED));
	for (uint32_t source = 0; source < SOURCES; source++)
		for (uint32_t n = 0; n < KEYS; n++) {
			const struct flow_key key = key_of(source, n);
			struct pinhole *pinhole;

			MUST(flow_lookup(flows, &key, flow_key_hash(&key)) == NULL);
			MUST(pinhole_match(self, table, &key, &pinhole) == PINHOLE_NONE);
		}
	printf("outlived their pinhole: %u\n", left);
	rcu_offline(THREAD_CONTROL);
}

int
main(int count, char **arguments)
{
	rounds = stress_rounds(count, arguments, 100000, 1000000);
	stress_start();
	flows = flow_table_create(FLOWS, &timeouts, SOCKET_ID_ANY);
	table = pinhole_table_create(PINHOLES, flows, SOCKET_ID_ANY);
	if (flows == NULL || table == NULL)
		return 1;
	stress_run(work, control);
	nothing_is_left(&stress_thread[THREAD_CONTROL]);
	printf("opened %lu pairs %lu undone %lu passed %lu refused %lu made %lu stale %lu\n",
		opened, pairs, undone, passed, refused, made, stale);
	MUST(opened > 0 && pairs > 0 && undone > 0 && passed > 0);
	pinhole_table_destroy(table);
	flow_table_destroy(flows);
	return stress_end("pinhole");
}
