/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The established NAT path, whole: parse, look-up, translate, Ethernet header, outbox; fed from
 * memory in bursts of 32 on one lcore. Beside it, in the same run and on the same keys: the feed
 * alone with an empty forward, parse alone, and one bulk rte_hash look-up. Also new flows a second.
 *
 * Frames are made from their flow's number, a whole section (BURSTS bursts, each frame in an mbuf
 * of its own) ahead of the clock: what the path reads first has left the store buffer and most of
 * it the nearest cache, as after a NIC's write. Flows are visited in a scattered order.
 *
 * Usage: bench_pipeline [FLOWS [ROUNDS | scraped]]. Few rounds are for cost.py, which counts instructions in whole_run().
 *
 * Rounds of the paths alternate, so that a disturbance meets all of them. A round's figure is the
 * median of its timed sections (one that another process interrupted does not count); of those,
 * the best and the median of all rounds are printed. Ratios are of neighbouring rounds.
 *
 * With "scraped" behind the number of flows: the whole path alone, second by second, while another
 * process asks telemetry for all that callgate-exporter serves: not at all, not at all once more (what
 * differs between these two is noise), once, or again and again. A second's figure is the mean of its
 * sections, what a scrape costs included; those that take four times the median and more were
 * interrupted, and do not count. What the last way costs, for each of its scrapes, is what one scrape
 * takes of a second: where one a second is lost in the noise, some hundred are not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "app/callgate/appliance.h"
#include "app/callgate/pipeline.h"
#include "app/callgate/worker.h"
#include "app/exporter/scrape.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "net/parse.h"

enum {
	DESTINATIONS = 32, /* flows of one inside endpoint */
	ENDPOINTS_A_HOST = 4096,
	BURSTS = 8, /* of a timed section */
	SECTION = BURSTS * BURST_MAX,
	SECTIONS = 256, /* of a round: 65,536 packets */
	ROUNDS = 32, /* of each path, at most: two million packets */
	FLOWS_TO_COUNT = 1000, /* with fewer, making them is mostly the first ARP request */
	SECONDS = 40, /* of each way of scraping */
	SECOND_SECTIONS = 1 << 17, /* more than a second has */
	STEP = 1000003, /* prime: scattered order over any power of two and over 1000 */
};

static const char configuration[] =
	"system: { worker_cores = [0]; file_prefix = \"bench_pipeline_%d\"; max_flows = %u;\n"
	"          max_calls = 1024; hugepages = \"auto\"; log: { level = \"warning\"; }; };\n"
	"ports: ( { name = \"lan0\"; driver = \"null\"; }, { name = \"wan0\"; driver = \"null\"; } "
	");\n"
	"interfaces: (\n"
	"  { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/8\"]; nat = \"inside\"; },\n"
	"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\"]; nat = \"outside\"; "
	"} );\n"
	"routes: ( { prefix = \"0.0.0.0/0\"; via = \"203.0.113.254\"; } );\n"
	"nat: { rules: ( { kind = \"dynamic\"; inside = [\"10.0.0.0/8\"]; interface = \"wan\";\n"
	"                  overload = true; } ); max_flows_per_host = %u; };\n"
	"telemetry: { enabled = %s; };\n";

static struct appliance appliance;
static struct worker *worker;
static struct burst frames[BURSTS]; /* the same mbufs again and again */
static uint64_t sent;

static void
sink(void *context, uint16_t port, struct rte_mbuf **mbufs, unsigned int count)
{
	sent += count;
}

static void
fault_print(void *context, const struct config_fault *fault)
{
	char line[512];

	config_fault_format(line, sizeof(line), fault);
	fprintf(stderr, "%s\n", line);
}

static void
frames_take(struct burst *burst)
{
	burst->count = BURST_MAX;
	if (rte_pktmbuf_alloc_bulk(appliance.mempool, burst->mbuf, BURST_MAX) != 0)
		rte_exit(1, "no mbufs\n");
}

static void
appliance_make(unsigned int max_flows, bool telemetry)
{
	char path[] = "/tmp/bench_pipeline_XXXXXX";
	int file = mkstemp(path);

	if (file < 0 || dprintf(file, configuration, getpid(), max_flows, max_flows,
				telemetry ? "true" : "false") < 0)
		rte_exit(1, "cannot write a configuration\n");
	close(file);
	appliance.config = config_load(path, fault_print, NULL);
	unlink(path);
	if (appliance.config == NULL)
		rte_exit(1, "configuration refused\n");
	appliance.workers = 1;
	/* Beside the appliance's own tables: the second table of the floor. */
	appliance.memory_mb = (unsigned int)(appliance_memory(appliance.config) >> 20) + 256;
	if (eal_start(&appliance) != 0 || appliance_up(&appliance) != 0 ||
		rcu_thread_register(0) != 0)
		rte_exit(1, "appliance does not come up\n");
	worker = appliance.worker[0];
	worker->outbox.flush = sink;
	for (unsigned int i = 0; i < BURSTS; i++)
		frames_take(&frames[i]);
}

/* The first packet of a flow's inside host to one of its destinations. */
static void
frame_fill(struct rte_mbuf *mbuf, uint32_t flow)
{
	struct {
		struct rte_ether_hdr ether;
		struct rte_ipv4_hdr ip;
		struct rte_udp_hdr udp;
		uint8_t payload[18];
	} __rte_packed __rte_aligned(2) * frame;
	uint32_t endpoint = flow / DESTINATIONS;

	mbuf->data_off = RTE_PKTMBUF_HEADROOM;
	mbuf->data_len = sizeof(*frame);
	mbuf->pkt_len = sizeof(*frame);
	mbuf->ol_flags = 0;
	frame = rte_pktmbuf_mtod(mbuf, void *);
	frame->ether.dst_addr = appliance.ports[0].mac;
	frame->ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	frame->ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(sizeof(*frame) - sizeof(frame->ether)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 1, 0, 0) + endpoint / ENDPOINTS_A_HOST),
		.dst_addr = rte_cpu_to_be_32(RTE_IPV4(198, 18, 0, 0) + flow % DESTINATIONS),
	};
	frame->ip.hdr_checksum = rte_ipv4_cksum(&frame->ip);
	frame->udp.src_port = rte_cpu_to_be_16((uint16_t)(20000 + endpoint % ENDPOINTS_A_HOST));
	frame->udp.dst_port = RTE_BE16(7000);
	frame->udp.dgram_len = rte_cpu_to_be_16(sizeof(frame->udp) + sizeof(frame->payload));
	frame->udp.dgram_cksum = RTE_BE16(0x1234);
}

/* The frames of the next flows in the scattered order. */
static void
burst_fill(struct burst *burst, uint64_t first, uint32_t flows)
{
	for (unsigned int i = 0; i < BURST_MAX; i++)
		frame_fill(burst->mbuf[i], (uint32_t)((first + i) * STEP % flows));
}

/* The gateway's answer, so that the path ends in a frame and not in the hold queue. */
static void
gateway_answer(void)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(appliance.mempool);
	struct burst burst = {.mbuf = {mbuf}, .count = 1};
	struct rte_ether_hdr *ether;
	struct rte_arp_hdr *arp;

	ether = (void *)rte_pktmbuf_append(mbuf, sizeof(*ether) + sizeof(*arp));
	arp = (void *)(ether + 1);
	ether->dst_addr = appliance.ports[1].mac;
	ether->src_addr = (struct rte_ether_addr){{2, 0, 0, 0, 0, 9}};
	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	*arp = (struct rte_arp_hdr){
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(uint32_t),
		.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY),
		.arp_data = {ether->src_addr, rte_cpu_to_be_32(RTE_IPV4(203, 0, 113, 254)),
			appliance.ports[1].mac, rte_cpu_to_be_32(RTE_IPV4(203, 0, 113, 1))},
	};
	pipeline_receive(worker, 1, &burst);
}

static double
nanoseconds(uint64_t cycles, uint64_t packets)
{
	return (double)cycles * 1e9 / (double)rte_get_tsc_hz() / (double)packets;
}

static void
turn_end(void)
{
	outbox_flush(&worker->outbox);
	rcu_quiescent(0);
}

static int
figure_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * New flows: every packet a miss. Returns the median burst, for the same reason as below. The mbufs
 * held for ARP at the very start are replaced.
 */
static double
flows_make(uint32_t flows)
{
	uint32_t bursts = (flows + BURST_MAX - 1) / BURST_MAX;
	double *figures = calloc(bursts, sizeof(*figures)), median;

	if (figures == NULL)
		rte_exit(1, "no memory\n");
	for (uint32_t i = 0; i < bursts; i++) {
		struct burst burst;
		uint64_t start;

		burst_fill(&frames[0], (uint64_t)i * BURST_MAX, flows);
		burst = frames[0];
		start = rte_rdtsc();
		thread_refresh_clock(&worker->thread);
		pipeline_receive(worker, 0, &burst);
		turn_end();
		figures[i] = nanoseconds(rte_rdtsc() - start, BURST_MAX);
		if (i == 0) {
			gateway_answer();
			turn_end();
			frames_take(&frames[0]);
		}
	}
	qsort(figures, bursts, sizeof(figures[0]), figure_compare);
	median = figures[bursts / 2];
	free(figures);
	return median;
}

enum path { PATH_EMPTY, PATH_PARSE, PATH_LOOKUP, PATH_WHOLE, PATHS };

/* What a bulk look-up takes, made before the clock starts. */
struct lookup {
	struct rte_hash *hash;
	const void *keys[BURSTS][BURST_MAX];
	hash_sig_t signatures[BURSTS][BURST_MAX];
};

static void
lookup_prepare(struct lookup *lookup)
{
	struct parse_result parsed;

	for (unsigned int i = 0; i < BURSTS; i++) {
		parse_burst(&worker->thread, appliance.interfaces, 0, false, &frames[i], &parsed);
		for (unsigned int k = 0; k < BURST_MAX; k++) {
			lookup->keys[i][k] = &packet_of(parsed.ipv4.mbuf[k])->key;
			lookup->signatures[i][k] = (hash_sig_t)packet_of(parsed.ipv4.mbuf[k])->hash;
		}
	}
}

/* A function of its own: cost.py counts the instructions between its entry and its return. */
static __rte_noinline void
whole_run(struct burst *burst)
{
	thread_refresh_clock(&worker->thread);
	pipeline_receive(worker, 0, burst);
	turn_end();
}

/* One burst down one path. */
static void
burst_run(enum path path, unsigned int i, const struct lookup *lookup)
{
	struct burst burst = frames[i];
	struct parse_result parsed;
	void *data[BURST_MAX];
	uint64_t hits;

	switch (path) {
	case PATH_EMPTY:
		for (unsigned int k = 0; k < BURST_MAX; k++)
			outbox_put(&worker->outbox, 1, burst.mbuf[k]);
		break;
	case PATH_PARSE:
		parse_burst(&worker->thread, appliance.interfaces, 0, false, &burst, &parsed);
		sent += parsed.ipv4.count;
		break;
	case PATH_LOOKUP:
		sent += (unsigned int)rte_hash_lookup_with_hash_bulk_data(lookup->hash,
			(const void **)(uintptr_t)lookup->keys[i],
			(hash_sig_t *)(uintptr_t)lookup->signatures[i], BURST_MAX, &hits, data);
		break;
	default:
		whole_run(&burst);
		return;
	}
	turn_end();
}

/* A round of one path; its median section, in nanoseconds a packet. */
static double
measure(enum path path, uint32_t flows, uint64_t *next, struct lookup *lookup)
{
	double figures[SECTIONS];
	uint64_t start, before = sent;

	for (unsigned int section = 0; section < SECTIONS; section++) {
		for (unsigned int i = 0; i < BURSTS; i++, *next += BURST_MAX)
			burst_fill(&frames[i], *next, flows);
		if (path == PATH_LOOKUP)
			lookup_prepare(lookup);
		start = rte_rdtsc();
		for (unsigned int i = 0; i < BURSTS; i++)
			burst_run(path, i, lookup);
		figures[section] = nanoseconds(rte_rdtsc() - start, SECTION);
	}
	if (sent - before != SECTIONS * SECTION)
		rte_exit(1, "%" PRIu64 " of %u packets came through\n", sent - before,
			SECTIONS * SECTION);
	qsort(figures, SECTIONS, sizeof(figures[0]), figure_compare);
	return figures[SECTIONS / 2];
}

/* Room for the floor's table, in the heap where the appliance has its own. */
static void
heap_grow(uint32_t flows)
{
	const size_t page = (size_t)2 << 20, length = (16 + flows / 4096) * page;
	char *memory;

	if (!appliance.transparent_pages)
		return;
	memory = mmap(
		NULL, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		rte_exit(1, "no memory\n");
	memory = RTE_PTR_ALIGN_CEIL(memory, page);
	madvise(memory, length, MADV_HUGEPAGE);
	if (rte_malloc_heap_memory_add(
		    "tables", memory, length, NULL, (unsigned int)(length / page), page) != 0)
		rte_exit(1, "no heap for the floor's table\n");
}

/* A second table of the same kind that holds the forward and reverse keys of the same flows. */
static struct rte_hash *
floor_table(uint32_t flows)
{
	struct rte_hash_parameters parameters = {
		.name = "floor",
		.entries = flows * 2 < 64 ? 64 : flows * 2 + flows / 2,
		.key_len = sizeof(struct flow_key),
		.hash_func = keyed_hash_signature,
		.socket_id = appliance.socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD,
	};
	struct rte_hash *hash = rte_hash_create(&parameters);
	struct pool *pool = flow_pool(appliance.flows);

	if (hash == NULL)
		rte_exit(1, "no memory for the floor's table\n");
	for (uint32_t i = 1; i <= pool_capacity(pool); i++) {
		struct flow *flow = pool_at(pool, i);

		if (!pool_object_live(&flow->object))
			continue;
		for (unsigned int k = 0; k < 2; k++) {
			if (rte_hash_add_key_data(hash, &flow->path[k].key, flow) != 0)
				rte_exit(1, "floor's table refuses a key\n");
		}
	}
	return hash;
}

enum scraping { SCRAPING_NONE, SCRAPING_NOISE, SCRAPING_SECOND, SCRAPING_ALWAYS, SCRAPINGS };

/* Shared by the two processes. */
static struct scraper {
	_Atomic int how; /* enum scraping; writer: the benchmark */
	_Atomic unsigned int scrapes; /* writer: the one that asks */
	char path[256]; /* of the socket; complete before `how` says to ask */
} * scraper;

static void
scrape_once(void)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL || scrape(out, scraper->path) != 0)
		_exit(1);
	fclose(out);
	free(text);
	scraper->scrapes++;
}

static void
scraper_run(void)
{
	int done = SCRAPING_NONE;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		const int how = scraper->how;

		if (how == SCRAPING_ALWAYS || (how == SCRAPING_SECOND && done != how))
			scrape_once();
		else
			usleep(1000);
		done = how;
	}
}

/* Before EAL: the other process has nothing of DPDK. */
static pid_t
scraper_start(void)
{
	pid_t child;

	scraper = mmap(
		NULL, sizeof(*scraper), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (scraper == MAP_FAILED)
		rte_exit(1, "no memory\n");
	child = fork();
	if (child == 0)
		scraper_run();
	return child;
}

/* A second of the whole path; nanoseconds a packet. */
static double
second_run(uint32_t flows, uint64_t *next)
{
	static double figures[SECOND_SECTIONS];
	const uint64_t end = rte_rdtsc() + rte_get_tsc_hz();
	unsigned int sections = 0, kept = 0;
	double sum = 0;

	while (rte_rdtsc() < end && sections < SECOND_SECTIONS) {
		uint64_t start;

		for (unsigned int i = 0; i < BURSTS; i++, *next += BURST_MAX)
			burst_fill(&frames[i], *next, flows);
		start = rte_rdtsc();
		for (unsigned int i = 0; i < BURSTS; i++)
			burst_run(PATH_WHOLE, i, NULL);
		figures[sections++] = nanoseconds(rte_rdtsc() - start, SECTION);
	}
	qsort(figures, sections, sizeof(figures[0]), figure_compare);
	while (kept < sections && figures[kept] < 4 * figures[sections / 2])
		sum += figures[kept++];
	return sum / kept;
}

static int
scraped_run(uint32_t flows, pid_t child)
{
	static const char *const names[SCRAPINGS] = {"not scraped", "not scraped, once more",
		"scraped once a second", "scraped again and again"};
	static double figures[SCRAPINGS][SECONDS], ratios[SCRAPINGS][SECONDS];
	unsigned int scrapes[SCRAPINGS] = {0};
	uint64_t next = 0;

	snprintf(scraper->path, sizeof(scraper->path), "%s/dpdk_telemetry.v2",
		rte_eal_get_runtime_dir());
	for (unsigned int second = 0; second < SECONDS; second++) {
		for (unsigned int i = 0; i < SCRAPINGS; i++) {
			/* In turns, so that none always follows the same one. */
			const unsigned int how = (i + second) % SCRAPINGS;
			const unsigned int before = scraper->scrapes;

			scraper->how = (int)how;
			figures[how][second] = second_run(flows, &next);
			scraper->how = SCRAPING_NONE;
			usleep(100000); /* the last scrape ends */
			scrapes[how] += scraper->scrapes - before;
		}
		for (unsigned int how = 0; how < SCRAPINGS; how++)
			ratios[how][second] = figures[how][second] / figures[SCRAPING_NONE][second];
	}
	printf("%u flows; ns a packet, median of %u seconds; compared with the second beside it "
	       "that is not scraped, median (quartiles)\n",
		flows, SECONDS);
	for (unsigned int how = 0; how < SCRAPINGS; how++) {
		qsort(figures[how], SECONDS, sizeof(double), figure_compare);
		qsort(ratios[how], SECONDS, sizeof(double), figure_compare);
		printf("  %-24s %6.2f  %6.4f (%.4f to %.4f)  %u scrapes\n", names[how],
			figures[how][SECONDS / 2], ratios[how][SECONDS / 2],
			ratios[how][SECONDS / 4], ratios[how][SECONDS * 3 / 4], scrapes[how]);
	}
	printf("  one scrape takes %.4f %% of a second\n",
		(ratios[SCRAPING_ALWAYS][SECONDS / 2] - 1) * 100 * SECONDS /
			scrapes[SCRAPING_ALWAYS]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(scraper->path);
	rmdir(rte_eal_get_runtime_dir());
	/* One that could not ask has measured nothing; a scrape now and then is late on a busy machine. */
	return scrapes[SCRAPING_SECOND] < SECONDS * 9 / 10 ||
	       scrapes[SCRAPING_ALWAYS] <= 10 * SECONDS;
}

int
main(int argc, char **argv)
{
	static const char *const names[PATHS] = {
		"empty forward", "parse", "bulk look-up", "whole NAT path"};
	static double figures[PATHS][ROUNDS], ratios[ROUNDS];
	static struct lookup lookup;
	/* One table size a process: EAL starts once. */
	uint32_t flows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1 << 20;
	unsigned int rounds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : ROUNDS;
	uint64_t next[PATHS] = {0};
	const bool scraped = argc > 2 && strcmp(argv[2], "scraped") == 0;
	const pid_t child = scraped ? scraper_start() : 0;
	double create;

	if (flows == 0 || (!scraped && (rounds == 0 || rounds > ROUNDS)))
		rte_exit(1, "how many flows and rounds?\n");
	appliance_make(RTE_MAX(flows, 1024u), scraped);
	create = flows_make(flows);
	if (pool_used(flow_pool(appliance.flows)) != flows)
		rte_exit(1, "%u flows of %u were made\n", pool_used(flow_pool(appliance.flows)),
			flows);
	if (scraped)
		return scraped_run(flows, child);
	heap_grow(flows);
	lookup.hash = floor_table(flows);
	for (unsigned int round = 0; round < rounds; round++) {
		for (enum path path = 0; path < PATHS; path++)
			figures[path][round] = measure(path, flows, &next[path], &lookup);
		ratios[round] = figures[PATH_WHOLE][round] / figures[PATH_LOOKUP][round];
	}
	printf("%u flows, %s pages; ns a packet, best round (median of %u rounds)\n", flows,
		eal_pages(&appliance), rounds);
	for (enum path path = 0; path < PATHS; path++) {
		qsort(figures[path], rounds, sizeof(figures[path][0]), figure_compare);
		printf("  %-16s %6.1f (%.1f)\n", names[path], figures[path][0],
			figures[path][rounds / 2]);
	}
	qsort(ratios, rounds, sizeof(ratios[0]), figure_compare);
	printf("  whole path / look-up, median of rounds %.2f\n", ratios[rounds / 2]);
	if (flows >= FLOWS_TO_COUNT)
		printf("  new flow, median burst %.0f (%.2f M/s)\n", create, 1000 / create);
	rte_hash_free(lookup.hash);
	return 0;
}
