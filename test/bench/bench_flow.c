/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The established path's table work: look-up and translation of bursts of 32, fed from memory, in
 * random order over 1 to 1 M flows. In the same run, on the same keys: the empty forward of a burst
 * (its metadata and headers touched, nothing looked up) and the floor, one bulk rte_hash look-up in
 * a hash of the same recipe.
 *
 * A batch of packets is written into mbufs before its measured run, as a receive ring would hold
 * it; tables have room for 1 M flows throughout. Figures are medians over the batches.
 *
 * Arguments: "huge" uses reserved hugepages, "thp" memory that the kernel is asked to back with
 * transparent ones (default: 4 KiB pages); "check" is a short run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "flow/flow.h"
#include "flow/flow_translate.h"
#include "flow/shared_hash.h"
#include "net/parse.h"

enum pages { PAGES_SMALL, PAGES_HUGE, PAGES_TRANSPARENT };

enum { FLOWS_MAX = 1000000, BATCH = 512, BATCHES_MAX = 1000, IP_OFFSET = 14 };

static struct thread self;
static struct flow_table *table;
static struct rte_hash *floor_hash;
static struct rte_mempool *mbuf_pool;
static struct rte_mbuf *mbufs[BATCH];
static unsigned int batches = BATCHES_MAX;
static int socket_id = SOCKET_ID_ANY; /* where tables and packets are */

static void
must(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "bench_flow: %s\n", what);
		exit(1);
	}
}

static void
eal_start(bool huge)
{
	char prefix[64];
	const char *common[] = {"bench_flow", "-m", "1280", "--no-pci", "--no-telemetry",
		"--log-level=warning", "-l", "0", "--file-prefix", prefix, "--no-shconf",
		"--no-huge"};
	int count = RTE_DIM(common);

	snprintf(prefix, sizeof(prefix), "callgate_bench_flow_%d", (int)getpid());
	if (huge) {
		common[count - 2] = "--in-memory";
		count--;
	}
	if (rte_eal_init(count, (char **)(uintptr_t)common) < 0) {
		fprintf(stderr, "EAL does not start%s\n", huge ? " with hugepages" : "");
		exit(1);
	}
}

/* A heap of anonymous memory, with a socket number of its own. */
static void
heap_transparent(void)
{
	const size_t page = RTE_PGSIZE_2M, length = 600 * page;
	char *memory = mmap(
		NULL, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED, "no memory");
	memory = RTE_PTR_ALIGN(memory, page);
	must(madvise(memory, length, MADV_HUGEPAGE) == 0, "no transparent hugepages");
	must(rte_malloc_heap_create("thp") == 0 && rte_malloc_heap_memory_add("thp", memory, length,
							   NULL, length / page, page) == 0,
		"no heap of transparent hugepages");
	socket_id = rte_malloc_heap_get_socket("thp");
}

static struct flow_key
key_of(uint32_t flow, unsigned int direction)
{
	const rte_be32_t inside = rte_cpu_to_be_32(0x0a000000 + flow / 50000);
	const rte_be32_t outside = rte_cpu_to_be_32(0xcb007100 + flow / 50000);
	const rte_be32_t peer = rte_cpu_to_be_32(0xc6336400 + flow % 200);
	const rte_be16_t port = rte_cpu_to_be_16(1024 + flow % 50000);
	const rte_be16_t far = rte_cpu_to_be_16(30000);

	if (direction == 0)
		return (struct flow_key){.src = inside,
			.dst = peer,
			.src_port = port,
			.dst_port = far,
			.proto = IPPROTO_UDP,
			.realm = 4};
	return (struct flow_key){.src = peer,
		.dst = outside,
		.src_port = far,
		.dst_port = port,
		.proto = IPPROTO_UDP,
		.realm = 8};
}

/* Returns ns a flow made: keys hashed, locks, pool, two keys added. */
static double
flows_make(uint32_t from, uint32_t to)
{
	const uint64_t start = rte_rdtsc_precise();
	double ns;

	for (uint32_t i = from; i < to; i++) {
		const struct flow_template template = {.key = {key_of(i, 0), key_of(i, 1)}};
		void *data;

		must(flow_create(&self, table, &template, &data) == 0, "flow not made");
	}
	ns = (rte_rdtsc_precise() - start) * 1e9 / rte_get_tsc_hz() / (to - from);
	for (uint32_t i = from; i < to; i++)
		for (unsigned int d = 0; d < 2; d++) {
			const struct flow_key key = key_of(i, d);
			const hash_sig_t signature = (hash_sig_t)flow_key_hash(&key);
			void *data = (void *)(uintptr_t)(2 * i + 2);

			must(rte_hash_add_key_with_hash_data(floor_hash, &key, signature, data) ==
					0,
				"key not added");
		}
	return ns;
}

static void
batch_fill(uint32_t flows)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		const uint64_t random = random_next(&self.random);
		struct packet *packet = packet_of(mbufs[i]);
		struct rte_ipv4_hdr *ip;
		struct rte_udp_hdr *udp;

		packet->key = key_of((uint32_t)(((random >> 32) * flows) >> 32), random & 1);
		packet->hash = flow_key_hash(&packet->key);
		packet->ip_length = 200;
		ip = packet_ip(mbufs[i]);
		ip->time_to_live = 64;
		ip->hdr_checksum = (uint16_t)random;
		ip->src_addr = packet->key.src;
		ip->dst_addr = packet->key.dst;
		udp = packet_l4(mbufs[i]);
		udp->src_port = packet->key.src_port;
		udp->dst_port = packet->key.dst_port;
		udp->dgram_cksum = (uint16_t)(random >> 8) | 1;
	}
}

static __rte_noinline void
run_empty(struct rte_mbuf **burst)
{
	for (unsigned int i = 0; i < BURST_MAX; i++) {
		packet_of(burst[i])->egress = 1;
		packet_ip(burst[i])->time_to_live--;
	}
}

static __rte_noinline void
run_floor(struct rte_mbuf **burst)
{
	const void *keys[BURST_MAX];
	hash_sig_t signatures[BURST_MAX];
	void *data[BURST_MAX];
	uint64_t hits = 0;

	for (unsigned int i = 0; i < BURST_MAX; i++) {
		keys[i] = &packet_of(burst[i])->key;
		signatures[i] = (hash_sig_t)packet_of(burst[i])->hash;
	}
	rte_hash_lookup_with_hash_bulk_data(floor_hash, keys, signatures, BURST_MAX, &hits, data);
	must(hits == UINT32_MAX, "key not found");
}

static __rte_noinline void
run_lookup(struct rte_mbuf **burst)
{
	void *data[BURST_MAX];

	flow_lookup_burst(table, burst, BURST_MAX, data);
	for (unsigned int i = 0; i < BURST_MAX; i++)
		must(data[i] != NULL, "flow not found");
}

static __rte_noinline void
run_translate(struct rte_mbuf **burst)
{
	void *data[BURST_MAX];

	flow_lookup_burst(table, burst, BURST_MAX, data);
	for (unsigned int i = 0; i < BURST_MAX; i++) {
		must(data[i] != NULL, "flow not found");
		flow_translate(&self, &flow_of_data(data[i])->path[flow_direction_of_data(data[i])],
			burst[i]);
	}
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

enum { RUN_EMPTY, RUN_FLOOR, RUN_LOOKUP, RUN_TRANSLATE, RUNS };

/* Median ns a packet of each run; they take turns, so that a noisy neighbour disturbs all alike. */
static void
measure(uint32_t flows, double ns[RUNS])
{
	static void (*const runs[RUNS])(struct rte_mbuf * *burst) = {
		run_empty, run_floor, run_lookup, run_translate};
	static uint64_t cycles[RUNS][BATCHES_MAX];

	for (unsigned int batch = 0; batch < batches; batch++) {
		for (unsigned int run = 0; run < RUNS; run++) {
			uint64_t start;

			batch_fill(flows);
			start = rte_rdtsc_precise();
			for (unsigned int i = 0; i < BATCH; i += BURST_MAX)
				runs[run](&mbufs[i]);
			cycles[run][batch] = rte_rdtsc_precise() - start;
		}
		rcu_quiescent(self.id);
	}
	for (unsigned int run = 0; run < RUNS; run++) {
		qsort(cycles[run], batches, sizeof(cycles[run][0]), compare);
		ns[run] = cycles[run][batches / 2] * 1e9 / rte_get_tsc_hz() / BATCH;
	}
}

static void
bring_up(enum pages pages)
{
	static const struct flow_timeouts timeouts = {300, 7440, 240, 60};

	eal_start(pages == PAGES_HUGE);
	if (pages == PAGES_TRANSPARENT)
		heap_transparent();
	keyed_hash_init(0);
	clock_init(true);
	must(rcu_init() == 0, "no RCU variable");
	thread_init(&self, 0);
	rcu_thread_register(self.id);
	table = flow_table_create(FLOWS_MAX, &timeouts, socket_id);
	must(table != NULL, "no flow table");
	floor_hash = shared_hash_create("floor", 2 * FLOWS_MAX, sizeof(struct flow_key), socket_id);
	must(floor_hash != NULL, "no hash for the floor");
	mbuf_pool = rte_pktmbuf_pool_create("mbufs", 2 * BATCH - 1, 0, PACKET_PRIVATE_SIZE,
		RTE_MBUF_DEFAULT_BUF_SIZE, socket_id);
	must(mbuf_pool != NULL, "no mbufs");
	must(rte_pktmbuf_alloc_bulk(mbuf_pool, mbufs, BATCH) == 0, "no mbufs");
	for (unsigned int i = 0; i < BATCH; i++) {
		struct packet *packet = packet_of(mbufs[i]);

		must(rte_pktmbuf_append(mbufs[i], IP_OFFSET + 200) != NULL, "mbuf too small");
		memset(packet, 0, sizeof(*packet));
		packet->ip_offset = IP_OFFSET;
		packet->l4_offset = IP_OFFSET + sizeof(struct rte_ipv4_hdr);
	}
}

int
main(int count, char **arguments)
{
	static const uint32_t sizes[] = {1, 1000, 65536, FLOWS_MAX};
	static const char *const names[] = {"4 KiB", "huge", "transparent huge"};
	enum pages pages = PAGES_SMALL;
	uint32_t made = 0;

	for (int i = 1; i < count; i++) {
		if (strcmp(arguments[i], "huge") == 0)
			pages = PAGES_HUGE;
		if (strcmp(arguments[i], "thp") == 0)
			pages = PAGES_TRANSPARENT;
		if (strcmp(arguments[i], "check") == 0)
			batches = 10;
	}
	bring_up(pages);
	printf("ns a packet, bursts of %u, %s pages, table of %u flows (%zu MB)\n", BURST_MAX,
		names[pages], FLOWS_MAX, flow_table_memory(FLOWS_MAX) >> 20);
	printf("%9s %8s %12s %12s %18s %9s %10s\n", "flows", "empty", "bulk lookup", "flow lookup",
		"lookup+translate", "ratio", "new flow");
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		double ns[RUNS], create;

		create = flows_make(made, sizes[i]);
		made = sizes[i];
		measure(made, ns);
		printf("%9u %8.1f %12.1f %12.1f %18.1f %9.2f %10.0f\n", made, ns[RUN_EMPTY],
			ns[RUN_FLOOR], ns[RUN_LOOKUP], ns[RUN_TRANSLATE],
			ns[RUN_TRANSLATE] / ns[RUN_FLOOR], create);
	}
	return 0;
}
