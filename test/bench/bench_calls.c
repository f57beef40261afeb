/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a call among a thousand and among a million, in one table that has room for a million.
 *
 * On the same messages (an INFO of some call in scattered order, its text in the cache as a NIC leaves
 * it): the Call-ID found in the text and hashed, the record found one by one, the record found as a
 * burst of 32 does it, and the whole message read and edited, one by one and as a burst.
 *
 * A look-up cannot be faster than its memory: the way to a record is a bucket, a key slot and the
 * record, each known when the one before has arrived. So the same chain of three cache lines, in
 * arrays as large as the table's and the records', is followed in the same run: one by one, and by
 * a burst that asks for all its lines of one stage before it reads the first (with the second
 * bucket and the record's second line, which are asked for along with the first).
 *
 * A thousand calls are measured alone in the table, before the others are there; and then in turns
 * with the million, messages of the first thousand calls and messages of them all, so that whatever
 * else the machine does meets both alike. Best and median of the batches of 32. The argument is the
 * number of calls instead of a million.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "alg/alg_priv.h"
#include "app/callgate/worker.h"
#include "core/rcu.h"
#include "test/stress/call_load.h"

enum {
	FEW = 1000,
	MANY = 1000000,
	BATCH = 32,
	SECTION = 48, /* batches of one column in a row */
	WARM_UP = 32, /* batches before them that do not count */
	ROUNDS = 64,
	BATCHES = SECTION * ROUNDS,
	STEP = 611953, /* prime: scattered order */
};

enum what {
	WHAT_TEXT,
	WHAT_CHAIN,
	WHAT_CHAIN_BURST,
	WHAT_ONE,
	WHAT_BURST,
	WHAT_MESSAGE,
	WHAT_MESSAGE_BURST,
	WHATS
};
static const char *const names[WHATS] = {
	[WHAT_TEXT] = "floor: Call-ID found and hashed",
	[WHAT_CHAIN] = "floor: three cache lines, one by one",
	[WHAT_CHAIN_BURST] = "floor: three cache lines, as in a burst",
	[WHAT_ONE] = "record found, one by one",
	[WHAT_BURST] = "record found, as in a burst",
	[WHAT_MESSAGE] = "INFO read and edited, one by one",
	[WHAT_MESSAGE_BURST] = "INFO read and edited, as in a burst",
};

enum column { ALONE, AMONG, ALL, COLUMNS };
static const char *const columns[COLUMNS] = {
	[ALONE] = "few, alone", [AMONG] = "few, among many", [ALL] = "many"};

static struct arrival {
	char text[CALL_LOAD_TEXT_MAX];
	uint32_t length, number;
	struct hash128 call_id;
	struct slice id;
	uint64_t tag;
} arrivals[BATCH];
static struct alg_lead leads[BATCH];
static struct alg_worker *worker;
static struct sip_message sip;
static struct call_end end; /* of the PBX */
static double figures[COLUMNS][WHATS][BATCHES];

/* What stands for buckets, key slots and records: a number leads to the next one's place. */
enum { BUCKETS, SLOTS, RECORDS, STAGES };
static struct stage {
	char *base;
	size_t size; /* bytes an object */
	uint32_t count;
} chain[STAGES];

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(1, "bench_calls: %s\n", what);
}

static uint32_t *
chain_at(unsigned int stage, uint32_t place)
{
	return (uint32_t *)(chain[stage].base + (size_t)place * chain[stage].size);
}

/* A bucket has places for eight: a word each, in its line. */
static uint32_t *
bucket_of(uint32_t number)
{
	uint32_t place = (uint32_t)((uint64_t)number * STEP % ((uint64_t)chain[BUCKETS].count * 8));

	return chain_at(BUCKETS, place / 8) + place % 8;
}

/* Objects of two cache lines begin where two cache lines do that are fetched together. */
static void
chain_make(uint32_t calls)
{
	const size_t page = (size_t)2 << 20;
	const uint32_t entries = rte_align32pow2(calls + calls / 4);

	chain[BUCKETS] = (struct stage){.size = RTE_CACHE_LINE_SIZE, .count = entries / 8};
	chain[SLOTS] = (struct stage){.size = 16, .count = calls + calls / 4 + 1};
	chain[RECORDS] = (struct stage){.size = sizeof(struct call), .count = calls};
	for (unsigned int i = 0; i < STAGES; i++) {
		size_t length = RTE_ALIGN_CEIL(chain[i].size * chain[i].count, page);
		char *memory = mmap(NULL, length + page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(memory != MAP_FAILED, "memory");
		chain[i].base = RTE_PTR_ALIGN_CEIL(memory, page);
		if (call_load.transparent_pages || call_load.hugepages)
			madvise(chain[i].base, length, MADV_HUGEPAGE);
	}
	/* Slots are handed out in order, as a table does that is filled. */
	for (uint32_t i = 0; i < calls; i++) {
		*bucket_of(i) = i + 1;
		*chain_at(SLOTS, i + 1) = i;
		*chain_at(RECORDS, i) = i;
	}
}

/* Each chain begins where the one before ended, or they would overlap. */
static void
chain_one(void)
{
	uint32_t zero = 0;

	for (unsigned int i = 0; i < BATCH; i++) {
		uint32_t number = arrivals[i].number;

		zero = *chain_at(RECORDS, *chain_at(SLOTS, *bucket_of(number + zero))) - number;
	}
	check(zero == 0, "chain");
}

static void
chain_burst(void)
{
	uint32_t slot[BATCH], record[BATCH];

	for (unsigned int i = 0; i < BATCH; i++) {
		rte_prefetch0(bucket_of(arrivals[i].number));
		rte_prefetch0(bucket_of(arrivals[i].number ^ 1));
	}
	for (unsigned int i = 0; i < BATCH; i++) {
		slot[i] = *bucket_of(arrivals[i].number);
		rte_prefetch0(chain_at(SLOTS, slot[i]));
	}
	for (unsigned int i = 0; i < BATCH; i++) {
		record[i] = *chain_at(SLOTS, slot[i]);
		rte_prefetch0(chain_at(RECORDS, record[i]));
		rte_prefetch0((char *)chain_at(RECORDS, record[i]) + RTE_CACHE_LINE_SIZE);
	}
	for (unsigned int i = 0; i < BATCH; i++)
		check(*chain_at(RECORDS, record[i]) == arrivals[i].number, "chain");
}

static void
arrivals_make(uint32_t calls)
{
	static uint64_t turn;

	for (unsigned int i = 0; i < BATCH; i++) {
		struct arrival *arrival = &arrivals[i];
		char tag[16];

		arrival->number = (uint32_t)(turn++ * STEP % calls);
		arrival->length = call_load_text(arrival->text, LOAD_INFO, arrival->number);
		check(sip_peek_call_id(arrival->text, arrival->length, &arrival->id), "Call-ID");
		snprintf(tag, sizeof(tag), "n%010u", arrival->number);
		arrival->tag = tag_hash((struct slice){tag, (uint32_t)strlen(tag)});
	}
}

static void
owner(struct arrival *arrival)
{
	check(alg_owner(call_load.alg, arrival->text, arrival->length, &arrival->call_id) == 0,
		"owner");
}

static void
seek(void)
{
	struct hash128 ids[BATCH];

	for (unsigned int i = 0; i < BATCH; i++)
		ids[i] = arrivals[i].call_id;
	alg_seek(worker, ids, BATCH, leads);
}

static void
find(const struct arrival *arrival, struct plan *plan, const struct alg_lead *lead)
{
	const struct call *call;

	plan->lead = lead;
	plan->id = arrival->call_id;
	plan->from_tag = arrival->tag;
	sip.call_id = arrival->id;
	call = call_find(plan);
	check(call != NULL && call->caller_tag == arrival->tag, "call");
}

static void
message(struct arrival *arrival, const struct alg_lead *lead)
{
	check(call_load_process(arrival->text, arrival->length, LOAD_INFO, &arrival->call_id,
		      lead) == ALG_FORWARD,
		"message");
}

/* As sip_stage_burst() does it, or sip_stage(). */
static void
messages_work(enum what what, struct plan *plan)
{
	bool burst = what == WHAT_BURST || what == WHAT_MESSAGE_BURST;

	if (burst) {
		for (unsigned int i = 0; i < BATCH; i++)
			owner(&arrivals[i]);
		seek();
	}
	for (unsigned int i = 0; i < BATCH; i++) {
		if (!burst)
			owner(&arrivals[i]);
		if (what == WHAT_ONE)
			alg_seek(worker, &arrivals[i].call_id, 1, &leads[i]);
		if (what == WHAT_MESSAGE_BURST)
			alg_approach(worker, leads, BATCH, i);
		if (what == WHAT_ONE || what == WHAT_BURST)
			find(&arrivals[i], plan, &leads[i]);
		else if (what != WHAT_TEXT)
			message(&arrivals[i], burst ? &leads[i] : NULL);
	}
}

static double
batch_run(enum what what, uint32_t calls)
{
	static struct plan plan;
	uint64_t start;

	plan = (struct plan){
		.worker = worker, .sip = &sip, .end = end, .client_side = 0, .to_tag = 1};
	arrivals_make(calls);
	start = rte_rdtsc_precise();
	if (what == WHAT_CHAIN)
		chain_one();
	else if (what == WHAT_CHAIN_BURST)
		chain_burst();
	else
		messages_work(what, &plan);
	return (double)(rte_rdtsc_precise() - start) * 1e9 / (double)rte_get_tsc_hz() / BATCH;
}

/* Some batches of one column in a row; the first ones bring back what the other column displaced. */
static void
section_run(enum column column, unsigned int round, uint32_t calls)
{
	for (unsigned int i = 0; i < WARM_UP + SECTION; i++) {
		for (unsigned int what = 0; what < WHATS; what++) {
			double ns = batch_run((enum what)what, calls);

			if (i >= WARM_UP)
				figures[column][what][round * SECTION + i - WARM_UP] = ns;
		}
		rcu_quiescent(0);
	}
	call_load_time(1);
}

static void
calls_make(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		call_load_send(LOAD_INVITE, i);
		call_load_send(LOAD_OK, i);
		call_load_send(LOAD_ACK, i);
	}
	end = call_at(worker, 1)->end;
}

static int
figure_compare(const void *a, const void *b)
{
	const double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static void
figures_show(enum what what)
{
	const double *among = figures[AMONG][what], *all = figures[ALL][what];

	printf("%-40s", names[what]);
	for (unsigned int column = 0; column < COLUMNS; column++) {
		qsort(figures[column][what], BATCHES, sizeof(double), figure_compare);
		printf(" %10.0f %7.0f", figures[column][what][0],
			figures[column][what][BATCHES / 2]);
	}
	printf(" %10.2f %7.2f\n", all[0] / among[0], all[BATCHES / 2] / among[BATCHES / 2]);
}

int
main(int count, char **arguments)
{
	const uint32_t many = count > 1 ? (uint32_t)atoi(arguments[1]) : MANY;

	call_load_start(&(struct call_load_options){.max_calls = many,
		.ringing_s = 180,
		.silence_s = 3600,
		.addresses = 40,
		.hugepages = "auto"});
	worker = call_load.worker[0]->alg;
	chain_make(many);
	calls_make(0, FEW);
	for (unsigned int i = 0; i < ROUNDS; i++)
		section_run(ALONE, i, FEW);
	calls_make(FEW, many);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		section_run(AMONG, i, FEW);
		section_run(ALL, i, many);
	}
	printf("few: %u calls; many: %u, %u media doors; %s pages; ns a message, best and median "
	       "of %u batches of %u\n%-40s",
		FEW, many, nat_media_doors(call_load.nat), eal_pages(&call_load), BATCHES, BATCH,
		"");
	for (unsigned int column = 0; column < COLUMNS; column++)
		printf(" %18s", columns[column]);
	printf(" %18s\n", "many / among");
	for (unsigned int what = 0; what < WHATS; what++)
		figures_show((enum what)what);
	return 0;
}
