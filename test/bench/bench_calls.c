/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a call among a thousand and among a million, in one table that has room for a million.
 *
 * For each of them, on the same messages (an INFO of some call in scattered order, its text in the
 * cache as a NIC leaves it): the floor (Call-ID found in the text and hashed), the record found one
 * by one, the record found as a burst of 32 does it (all Call-IDs, one bulk look-up that brings the
 * records, then each record), and the whole message read and edited, one by one and as a burst.
 *
 * Batches of 32, best and median of many. The argument is the number of calls instead of a million.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "alg/alg_priv.h"
#include "app/callgate/worker.h"
#include "core/rcu.h"
#include "test/stress/call_load.h"

enum {
	FEW = 1000,
	MANY = 1000000,
	BATCH = 32,
	BATCHES = 4000,
	STEP = 611953, /* prime: scattered order */
};

enum what { WHAT_FLOOR, WHAT_ONE, WHAT_BURST, WHAT_MESSAGE, WHAT_MESSAGE_BURST, WHATS };
static const char *const names[WHATS] = {
	[WHAT_FLOOR] = "floor: Call-ID found and hashed",
	[WHAT_ONE] = "record found, one by one",
	[WHAT_BURST] = "record found, as in a burst",
	[WHAT_MESSAGE] = "INFO read and edited, one by one",
	[WHAT_MESSAGE_BURST] = "INFO read and edited, as in a burst",
};

static struct arrival {
	char text[CALL_LOAD_TEXT_MAX];
	uint32_t length, number;
	struct hash128 call_id;
	struct slice id;
	uint64_t tag;
} arrivals[BATCH];
static struct alg_worker *worker;
static struct sip_message sip;
static struct call_end end; /* of the PBX */
static double figures[2][WHATS][BATCHES];

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(1, "bench_calls: %s\n", what);
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
prefetch(void)
{
	struct hash128 ids[BATCH];

	for (unsigned int i = 0; i < BATCH; i++)
		ids[i] = arrivals[i].call_id;
	alg_prefetch(worker, ids, BATCH);
}

static void
find(const struct arrival *arrival, struct plan *plan)
{
	const struct call *call;

	plan->id = arrival->call_id;
	plan->from_tag = arrival->tag;
	sip.call_id = arrival->id;
	call = call_find(plan);
	check(call != NULL && call->caller_tag == arrival->tag, "call");
}

static void
message(struct arrival *arrival)
{
	check(call_load_process(arrival->text, arrival->length, LOAD_INFO, &arrival->call_id) ==
			ALG_FORWARD,
		"message");
}

static void
batch_work(enum what what, struct plan *plan)
{
	bool burst = what == WHAT_BURST || what == WHAT_MESSAGE_BURST;

	if (what == WHAT_FLOOR || burst) {
		for (unsigned int i = 0; i < BATCH; i++)
			owner(&arrivals[i]);
	}
	if (burst)
		prefetch();
	for (unsigned int i = 0; i < BATCH && what != WHAT_FLOOR; i++) {
		if (!burst)
			owner(&arrivals[i]);
		if (what == WHAT_ONE || what == WHAT_BURST)
			find(&arrivals[i], plan);
		else
			message(&arrivals[i]);
	}
}

static void
measure(uint32_t calls, double (*figure)[BATCHES])
{
	static struct plan plan;

	plan = (struct plan){
		.worker = worker, .sip = &sip, .end = end, .client_side = 0, .to_tag = 1};
	for (unsigned int i = 0; i < BATCHES; i++) {
		for (unsigned int what = 0; what < WHATS; what++) {
			uint64_t start;

			arrivals_make(calls);
			start = rte_rdtsc_precise();
			batch_work((enum what)what, &plan);
			figure[what][i] = (double)(rte_rdtsc_precise() - start) * 1e9 /
					  (double)rte_get_tsc_hz() / BATCH;
		}
		rcu_quiescent(0);
		if (i % 256 == 0)
			call_load_time(1);
	}
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
	calls_make(0, FEW);
	measure(FEW, figures[0]);
	calls_make(FEW, many);
	measure(many, figures[1]);
	printf("%u media doors; %s pages; ns a message, best and median of %u batches of %u\n",
		nat_media_doors(call_load.nat), eal_pages(&call_load), BATCHES, BATCH);
	printf("%-38s %8u calls %10s %8u calls %8s %16s\n", "", FEW, "", many, "", "ratio");
	for (unsigned int what = 0; what < WHATS; what++) {
		double *few = figures[0][what], *lots = figures[1][what];

		qsort(few, BATCHES, sizeof(*few), figure_compare);
		qsort(lots, BATCHES, sizeof(*lots), figure_compare);
		printf("%-38s %8.0f %8.0f %14.0f %8.0f %13.2f %8.2f\n", names[what], few[0],
			few[BATCHES / 2], lots[0], lots[BATCHES / 2], lots[0] / few[0],
			lots[BATCHES / 2] / few[BATCHES / 2]);
	}
	return 0;
}
