/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A rewritten INVITE, whole: mbuf in to mbuf out through alg_message_process(), lengths and
 * checksum, a new Call-ID each time, record made, doors and pinholes published, with 100,000 calls
 * in the table. Beside it, in the same run and on the same messages: the text part alone (read,
 * plan, edit), a repeated INVITE (all but the making) without and with its time kept in a
 * histogram, and a floor (the message copied and one key added to an rte_hash that holds as many).
 *
 * Two messages: a short one as SIPp and plain trunks send it, with the least that a call needs, and
 * a long one with the headers and attributes that a PBX adds. Each row says how long it is.
 *
 * One trunk: every message comes from one 5-tuple. Media comes from MEDIA_HOSTS hosts behind it.
 * Messages are made, and the calls measured ended again, between the measurements; how long each refusal took that
 * ends one is shown, too. A figure is of
 * batches so short that many of them meet no other work on their core: the best one and the median
 * say what the code costs, the mean also what the machine did meanwhile.
 *
 * Usage: bench_invite [records] [CALLS BATCHES]. With "records" each call has a call detail record (system.cdr),
 * which is taken out of its ring and not written. CALLS in the table and BATCHES timed may be fewer than is usual:
 * that is for cost.py, which counts instructions in new_run() and repeated_run().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "alg/alg.h"
#include "alg/call_record.h"
#include "core/clock.h"
#include "core/histogram.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "invite_text.h"
#include "net/checksum.h"
#include "net/parse.h"
#include "sip/edit.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/uri.h"

enum {
	CALLS = 100000, /* in the table, at most */
	BATCH = 32,
	BATCHES = 600, /* timed, at most */
	HEADERS = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) +
		  sizeof(struct rte_udp_hdr),
};

static int tables; /* heap of the tables, as callgate makes one */
static struct config config;
static bool records;
static uint32_t calls = CALLS, batches = BATCHES;
static struct config_interface interfaces[2];
static struct config_route route;
static struct config_pool pool;
static struct address_range range;
static struct prefix inside_prefix;
static struct config_nat_rule rule;
static struct thread worker, control;
static struct interface_table *interface_table;
static struct route_table *routes;
static struct flow_table *flows;
static struct nat *nat;
static struct pinhole_table *pinholes;
static struct alg *alg;
static struct rte_mbuf *mbufs[BATCH];
static void *trunk, *trunk_back;
static struct sip_message sip;
static struct sip_edits edits;
static struct sdp sdp;
static struct rte_hash *floor_table;

static void
config_make(void)
{
	interfaces[0] = (struct config_interface){.port = 0,
		.mtu = 1500,
		.address_count = 1,
		.zone = ZONE_FIRST,
		.nat_side = NAT_SIDE_INSIDE};
	interfaces[0].addresses[0] = (struct config_address){
		inet_addr("10.0.0.1"), {inet_addr("10.0.0.0"), inet_addr("255.255.0.0"), 16}};
	interfaces[1] = (struct config_interface){.port = 1,
		.mtu = 1500,
		.address_count = 1,
		.zone = ZONE_FIRST + 1,
		.nat_side = NAT_SIDE_OUTSIDE};
	interfaces[1].addresses[0] = (struct config_address){inet_addr("203.0.113.1"),
		{inet_addr("203.0.113.0"), inet_addr("255.255.255.0"), 24}};
	route = (struct config_route){.prefix = {0, 0, 0}, .via = inet_addr("203.0.113.254")};
	inside_prefix = (struct prefix){inet_addr("10.0.0.0"), inet_addr("255.255.0.0"), 16};
	range = (struct address_range){inet_addr("203.0.113.10"), inet_addr("203.0.113.25")};
	pool = (struct config_pool){.range_count = 1, .ranges = &range, .ports = {1024, 65535}};
	rule = (struct config_nat_rule){.kind = NAT_RULE_DYNAMIC,
		.inside = &inside_prefix,
		.inside_count = 1,
		.interface = -1,
		.pool = 0,
		.overload = true};
	config.system.worker_count = 1;
	config.system.max_calls = calls + calls / 4;
	config.system.cdr = records ? CDR_FILE : CDR_NONE;
	config.interface_count = 2;
	config.interfaces = interfaces;
	config.route_count = 1;
	config.routes = &route;
	config.nat.pool_count = 1;
	config.nat.pools = &pool;
	config.nat.rule_count = 1;
	config.nat.rules = &rule;
	config.sip.call_proceeding_timeout = 180;
	config.sip.max_call_duration = 43200;
	config.sip.media_inactivity_timeout = 300;
	config.sip.message_history = getenv("BENCH_NO_HISTORY") ? 0 : 32768;
}

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(EXIT_FAILURE, "bench_invite: %s\n", what);
}

/* Some 14 KB a call. Transparent huge pages where the kernel gives them: callgate does the same. */
static void
heap_make(void)
{
	const size_t page = (size_t)2 << 20, length = (96 + calls / 150) * page;
	char *memory = mmap(NULL, length + page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	check(memory != MAP_FAILED, "memory");
	memory = RTE_PTR_ALIGN_CEIL(memory, page);
	madvise(memory, length, MADV_HUGEPAGE);
	check(rte_malloc_heap_create("tables") == 0 &&
			rte_malloc_heap_memory_add("tables", memory, length, NULL,
				(unsigned int)(length / page), page) == 0,
		"heap");
	tables = rte_malloc_heap_get_socket("tables");
}

static void
tables_make(void)
{
	static const struct rte_ether_addr macs[2];
	static const struct flow_timeouts timeouts = {300, 7440, 240, 60};
	struct alg_parameters parameters;

	interface_table = interface_table_create(&config, macs);
	check(interface_table != NULL, "interfaces");
	check(route_table_create(&config, interface_table, tables, &routes) == 0, "routes");
	flows = flow_table_create(65536, &timeouts, tables);
	check(flows != NULL, "flows");
	check(nat_create(&config, interface_table, flows, 4 * calls, tables, &nat) == 0, "nat");
	pinholes = pinhole_table_create(6 * calls, flows, tables);
	check(pinholes != NULL, "pinholes");
	parameters = (struct alg_parameters){
		&config, nat, pinholes, flows, routes, interface_table, tables};
	check(alg_create(&parameters, &alg) == 0, "alg");

	const struct rte_hash_parameters floor = {.name = "floor",
		.entries = 2 * calls,
		.key_len = sizeof(struct hash128),
		.socket_id = tables};

	floor_table = rte_hash_create(&floor);
	check(floor_table != NULL, "floor");
}

static void
trunk_make(void)
{
	struct endpoint pbx = {inet_addr("10.0.0.7"), htons(5060), IPPROTO_UDP};
	in_addr_t provider = inet_addr("198.51.100.9");
	struct flow_template template = {.ops = {FLOW_SIP_UDP, FLOW_SIP_UDP}};
	struct binding *binding;

	check(binding_get(&worker, nat, &pbx, &binding) == 0, "binding");
	template.key[0] = (struct flow_key){pbx.address, provider, pbx.port, htons(5060),
		IPPROTO_UDP, interface_table->entry[0].realm, 0};
	template.key[1] = (struct flow_key){provider, binding->outside.address, htons(5060),
		binding->outside.port, IPPROTO_UDP, interface_table->entry[1].realm, 0};
	template.owner[FLOW_OWNER_SOURCE] = &binding->flows;
	check(flow_create(&worker, flows, &template, &trunk) == 0, "flow");
	trunk_back = flow_lookup(flows, &template.key[1], flow_key_hash(&template.key[1]));
}

static uint32_t (*const shapes[])(char *text, uint32_t number) = {invite_short, invite_long};

static void
frame_fill(struct rte_mbuf *mbuf, unsigned int shape, uint32_t number)
{
	char *frame, text[TEXT_CAPACITY];
	uint32_t length = shapes[shape](text, number);
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;

	mbuf->data_off = RTE_PKTMBUF_HEADROOM;
	mbuf->data_len = (uint16_t)(HEADERS + length);
	mbuf->pkt_len = mbuf->data_len;
	frame = rte_pktmbuf_mtod(mbuf, char *);
	ip = (struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));
	udp = (struct rte_udp_hdr *)(ip + 1);
	*ip = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length =
			rte_cpu_to_be_16((uint16_t)(mbuf->data_len - sizeof(struct rte_ether_hdr))),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = inet_addr("10.0.0.7"),
		.dst_addr = inet_addr("198.51.100.9")};
	*udp = (struct rte_udp_hdr){
		htons(5060), htons(5060), rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + length)), 1};
	memcpy(udp + 1, text, length);
}

/* What the pipeline does with a SIP packet of a known flow. */
static int
invite_process(struct rte_mbuf *mbuf)
{
	struct alg_message message = {
		.text = rte_pktmbuf_mtod_offset(mbuf, char *, HEADERS),
		.length = mbuf->data_len - (uint32_t)HEADERS,
		.capacity = mbuf->data_len - (uint32_t)HEADERS + rte_pktmbuf_tailroom(mbuf),
		.flow = flow_of_data(trunk),
		.direction = flow_direction_of_data(trunk),
		.source_realm = interface_table->entry[0].realm,
		.destination_realm = interface_table->entry[1].realm,
	};
	int verdict = alg_message_process(&worker, alg_worker_of(alg, 0), &message);

	if (verdict == ALG_FORWARD && message.edited) {
		mbuf->data_len = (uint16_t)(HEADERS + message.length);
		mbuf->pkt_len = mbuf->data_len;
		checksum_udp_rewrite(mbuf, sizeof(struct rte_ether_hdr),
			sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr),
			(uint16_t)message.length);
	}
	return verdict;
}

/* The same edits without tables: every address becomes another of the same length or longer. */
static void
uri_edit(struct slice text, in_addr_t to)
{
	struct sip_uri uri;

	if (sip_uri_parse(text, &uri) && uri.host.kind == SIP_HOST_IPV4 && uri.host.ipv4 != to)
		sip_edits_address(&edits, uri.host.host, to, 0);
}

static void
headers_edit(in_addr_t to)
{
	static const enum sip_header_id ids[] = {
		SIP_HEADER_CONTACT, SIP_HEADER_P_ASSERTED_IDENTITY};
	struct slice rest, value;
	struct sip_address address;
	struct sip_via via;

	rest = sip_header_first(&sip, SIP_HEADER_VIA)->value;
	while (sip_value_next(&rest, &value)) {
		if (sip_via_parse(value, &via))
			sip_edits_address(&edits, via.sent_by.text, to, 5060);
	}
	uri_edit(sip.from.uri, to);
	uri_edit(sip.to.uri, to);
	for (unsigned int i = 0; i < RTE_DIM(ids); i++) {
		const struct sip_header *header = sip_header_first(&sip, ids[i]);

		rest = header ? header->value : (struct slice){0};
		while (sip_value_next(&rest, &value)) {
			if (sip_address_parse(value, &address))
				uri_edit(address.uri, to);
		}
	}
}

static void
text_process(struct rte_mbuf *mbuf)
{
	char *text = rte_pktmbuf_mtod_offset(mbuf, char *, HEADERS);
	uint32_t length = mbuf->data_len - (uint32_t)HEADERS;
	in_addr_t to = inet_addr("203.0.113.10");
	struct slice description;

	check(sip_message_parse(text, length, &sip) == SIP_OK, "message");
	sip_edits_begin(&edits, text);
	headers_edit(to);
	check(sdp_find(sip.body, sip_header_first(&sip, SIP_HEADER_CONTENT_TYPE)->value,
		      &description) &&
			sdp_parse(description, &sdp) == SDP_OK,
		"description");
	sip_edits_address(&edits, sdp.origin.text, to, 0);
	sip_edits_address(&edits, sdp.connection.text, to, 0);
	sip_edits_number(&edits, sdp.media[0].port_text, 40000);
	sip_edits_content_length(&edits, &sip);
	check(sip_edits_apply(&edits, text, length, TEXT_CAPACITY) > 0, "edits");
}

/* The far side is busy: the call just measured ends. Cycles. */
static uint64_t
call_end(unsigned int shape, uint32_t number)
{
	uint64_t start;
	char text[TEXT_CAPACITY];
	struct alg_message message = {
		.text = text,
		.capacity = sizeof(text),
		.flow = flow_of_data(trunk_back),
		.direction = flow_direction_of_data(trunk_back),
		.source_realm = interface_table->entry[1].realm,
		.destination_realm = interface_table->entry[0].realm,
	};

	message.length = (uint32_t)snprintf(text, sizeof(text),
		"SIP/2.0 486 Busy\r\n"
		"Via: SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK%s%08x\r\n"
		"From: <sip:a@x>;tag=%08xf\r\nTo: <sip:b@x>;tag=b\r\n"
		"Call-ID: %08x%08x@10.0.0.7\r\nCSeq: %u INVITE\r\n\r\n",
		shape == 0 ? "-" : "", number * 2654435761u, number * 40503u, number * 2246822519u,
		number, 100 + number % 7);
	start = rte_rdtsc_precise();
	check(alg_message_process(&worker, alg_worker_of(alg, 0), &message) == ALG_FORWARD, "busy");
	return rte_rdtsc_precise() - start;
}

static void
housekeeping(void)
{
	static struct call_record taken[BATCH];

	while (alg_call_records_take(alg, taken, BATCH) > 0)
		;
	for (int i = 0; i < 2; i++) {
		nat_sweep(&control, nat, 4096);
		pinhole_sweep(&control, pinholes, 4096);
		rcu_quiescent(0);
		rcu_quiescent(THREAD_CONTROL);
	}
}

/* What cannot be saved: the message is read and written once, and its call put into a table. */
static void
floor_process(const struct rte_mbuf *mbuf, uint32_t number)
{
	static char copy[TEXT_CAPACITY];
	const struct hash128 key = keyed_hash128(&number, sizeof(number));

	memcpy(copy, rte_pktmbuf_mtod_offset(mbuf, const char *, HEADERS),
		mbuf->data_len - (uint32_t)HEADERS);
	__asm__ volatile("" : : "r"(copy) : "memory");
	check(rte_hash_add_key_with_hash_data(floor_table, &key, (hash_sig_t)key.low, mbufs[0]) ==
			0,
		"floor");
}

static void
floor_forget(uint32_t number)
{
	const struct hash128 key = keyed_hash128(&number, sizeof(number));

	check(rte_hash_del_key_with_hash(floor_table, &key, (hash_sig_t)key.low) >= 0, "floor");
}

enum what {
	WHAT_FLOOR,
	WHAT_TEXT,
	WHAT_NEW,
	WHAT_REPEATED,
	WHAT_TIMED,
	WHAT_ALL_TIMED,
	WHAT_END,
	WHATS
};
static const char *const what_names[WHATS] = {
	[WHAT_FLOOR] = "floor: copy, one rte_hash add",
	[WHAT_TEXT] = "text alone: read, plan, edit",
	[WHAT_NEW] = "new: record, doors and pinholes published",
	[WHAT_REPEATED] = "repeated: record and doors found",
	[WHAT_TIMED] = "the same, one time in 13 kept in a histogram",
	[WHAT_ALL_TIMED] = "the same, each time kept",
	[WHAT_END] = "486: the call ends, doors and pinholes closed",
};
static double figures[RTE_DIM(shapes)][WHATS][BATCHES]; /* ns a message */

/* As sip_stage() keeps the time of one message in `every`. */
static void
timed_process(struct rte_mbuf *mbuf, unsigned int every)
{
	static struct histogram times;
	static uint64_t tick_ns;
	static unsigned int untimed = 1;
	const uint64_t begin = --untimed == 0 ? rte_rdtsc() : 0;

	check(invite_process(mbuf) == ALG_FORWARD, "invite");
	if (begin == 0)
		return;
	if (tick_ns == 0)
		tick_ns = ((uint64_t)1000000000 << 32) / rte_get_tsc_hz();
	histogram_time(
		&times, (uint64_t)((unsigned __int128)(rte_rdtsc() - begin) * tick_ns >> 32));
	untimed = every;
}

/* Each path in a function of its own: cost.py counts the instructions between entry and return. */
static __rte_noinline void
floor_run(uint32_t first)
{
	for (unsigned int i = 0; i < BATCH; i++)
		floor_process(mbufs[i], first + i);
}

static __rte_noinline void
text_run(uint32_t first)
{
	for (unsigned int i = 0; i < BATCH; i++)
		text_process(mbufs[i]);
}

static inline void
invites_run(const char *name)
{
	for (unsigned int i = 0; i < BATCH; i++)
		check(invite_process(mbufs[i]) == ALG_FORWARD, name);
}

static __rte_noinline void
new_run(uint32_t first)
{
	invites_run("new invite");
}

static __rte_noinline void
repeated_run(uint32_t first)
{
	invites_run("repeated invite");
}

static void
timed_run(uint32_t first)
{
	for (unsigned int i = 0; i < BATCH; i++)
		timed_process(mbufs[i], 13);
}

static void
all_timed_run(uint32_t first)
{
	for (unsigned int i = 0; i < BATCH; i++)
		timed_process(mbufs[i], 1);
}

static void (*const runs[])(uint32_t first) = {
	[WHAT_FLOOR] = floor_run,
	[WHAT_TEXT] = text_run,
	[WHAT_NEW] = new_run,
	[WHAT_REPEATED] = repeated_run,
	[WHAT_TIMED] = timed_run,
	[WHAT_ALL_TIMED] = all_timed_run,
};

static double
batch_run(enum what what, unsigned int shape, uint32_t first)
{
	uint64_t start;

	for (unsigned int i = 0; i < BATCH; i++)
		frame_fill(mbufs[i], shape, first + i);
	start = rte_rdtsc_precise();
	runs[what](first);
	return (double)(rte_rdtsc_precise() - start) * 1e9 / (double)rte_get_tsc_hz() / BATCH;
}

static int
figure_compare(const void *a, const void *b)
{
	const double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static void
figures_show(unsigned int shape)
{
	char text[TEXT_CAPACITY];

	printf("\nINVITE of %u bytes, ns a message %16s %8s %8s\n", shapes[shape](text, calls),
		"best", "median", "mean");
	for (unsigned int what = 0; what < WHATS; what++) {
		double *figure = figures[shape][what], sum = 0;

		for (unsigned int i = 0; i < batches; i++)
			sum += figure[i];
		qsort(figure, batches, sizeof(figure[0]), figure_compare);
		printf("  %-42s %8.0f %8.0f %8.0f\n", what_names[what], figure[0],
			figure[batches / 2], sum / batches);
	}
}

static void
start(void)
{
	char prefix[64];
	const char *arguments[] = {"bench", "--no-huge", "--no-shconf", "-m", "512", "--no-pci",
		"--no-telemetry", "--log-level=warning", "-l", "0", "--file-prefix", prefix};

	snprintf(prefix, sizeof(prefix), "callgate_bench_%d", (int)getpid());
	check(rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) >= 0, "EAL");
	keyed_hash_init(1);
	clock_init(true);
	check(rcu_init() == 0 && rcu_thread_register(0) == 0 &&
			rcu_thread_register(THREAD_CONTROL) == 0,
		"RCU");
	thread_init(&worker, 0);
	thread_init(&control, THREAD_CONTROL);
	heap_make();
	config_make();
	tables_make();
	trunk_make();

	struct rte_mempool *mempool = rte_pktmbuf_pool_create(
		"bench", 1023, 0, 64, RTE_PKTMBUF_HEADROOM + 4096, SOCKET_ID_ANY);

	check(mempool && rte_pktmbuf_alloc_bulk(mempool, mbufs, BATCH) == 0, "mbufs");
}

static void
calls_make(uint32_t count)
{
	for (uint32_t number = 0; number < count; number++) {
		frame_fill(mbufs[0], number % RTE_DIM(shapes), number);
		check(invite_process(mbufs[0]) == ALG_FORWARD, "call");
		floor_process(mbufs[0], number);
	}
}

int
main(int argc, char **argv)
{
	uint32_t number;

	records = argc > 1 && strcmp(argv[1], "records") == 0;
	if (argc > 2 + records) {
		calls = (uint32_t)RTE_MIN(
			strtoul(argv[1 + records], NULL, 10), (unsigned long)CALLS);
		batches = (uint32_t)RTE_MIN(
			strtoul(argv[2 + records], NULL, 10), (unsigned long)BATCHES);
		check(calls >= BATCH && batches > 0, "how many calls and batches?");
	}
	start();
	calls_make(calls);
	number = calls;
	for (unsigned int i = 0; i < batches; i++) {
		for (unsigned int shape = 0; shape < RTE_DIM(shapes); shape++) {
			uint64_t cycles = 0;

			for (unsigned int k = 0; k < WHAT_END; k++) {
				/* The last ones in turns: each finds what another has left. */
				const unsigned int turns = WHAT_END - WHAT_REPEATED;
				const unsigned int what =
					k < WHAT_REPEATED ? k : WHAT_REPEATED + (k + i) % turns;

				figures[shape][what][i] = batch_run((enum what)what, shape, number);
			}
			for (unsigned int k = 0; k < BATCH; k++) {
				cycles += call_end(shape, number + k);
				floor_forget(number + k);
			}
			figures[shape][WHAT_END][i] =
				(double)cycles * 1e9 / (double)rte_get_tsc_hz() / BATCH;
			number += BATCH;
			housekeeping();
		}
	}
	printf("%u calls in the table, %u media doors, %u pinholes; best and median of %u batches "
	       "of "
	       "%u messages\n",
		alg_call_count(alg), nat_media_doors(nat), pinhole_media_count(pinholes), batches,
		BATCH);
	for (unsigned int shape = 0; shape < RTE_DIM(shapes); shape++)
		figures_show(shape);
	return 0;
}
