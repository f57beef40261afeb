/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole calls: INVITE, 100, 180, 200, ACK, BYE, 200 with NAT and one audio stream, new Call-IDs each time, while
 * 100,000 other calls stand. Messages go through the ALG as sip_stage_burst() sends them there, 32 that follow one
 * another: Call-IDs found and hashed, records sought together, each message read, edited and its doors and
 * pinholes opened or closed. What a packet costs besides (bench_pipeline, and a checksum for edited ones) is not
 * in it.
 *
 * Beside it, on the same texts: the messages read, no more. Batches of the seven messages follow one another. Sweeps
 * are the control lcore's, on a core of its own; here they run after every 20 batches and are not timed, but leave
 * the caches to themselves. The argument is the number of calls that stand.
 */
#include <stdlib.h>

#include <rte_cycles.h>

#include "alg/alg_priv.h"
#include "app/callgate/worker.h"
#include "core/rcu.h"
#include "test/stress/call_load.h"

enum {
	STANDING = 100000,
	BATCH = 32,
	BATCHES = 600,
	WARM_UP = 80, /* batches before them, from which on records are taken again */
	SWEPT = 20, /* batches between two sweeps, one a second of the driven clock */
	RESTING = 80 * BATCH, /* calls that have ended: 32 seconds, and until the next sweep */
};

static const struct step {
	enum load_message message;
	const char *name;
} steps[] = {
	{LOAD_INVITE, "INVITE"},
	{LOAD_TRYING, "100"},
	{LOAD_RINGING, "180"},
	{LOAD_OK, "200 with an answer"},
	{LOAD_ACK, "ACK"},
	{LOAD_BYE, "BYE"},
	{LOAD_BYE_OK, "200 to BYE"},
};
enum { STEPS = RTE_DIM(steps) };

static struct arrival {
	char text[CALL_LOAD_TEXT_MAX];
	uint32_t length;
} arrivals[BATCH];
static struct alg_worker *worker;
static struct sip_message sip;
static double figures[STEPS][BATCHES], floors[STEPS][BATCHES]; /* ns a message */

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(1, "bench_dialog: %s\n", what);
}

static void
texts_read(void)
{
	for (unsigned int i = 0; i < BATCH; i++)
		check(sip_message_parse(arrivals[i].text, arrivals[i].length, &sip) == SIP_OK,
			"a text");
}

static void
burst_process(enum load_message message)
{
	struct hash128 ids[BATCH];
	struct alg_lead leads[BATCH];

	for (unsigned int i = 0; i < BATCH; i++)
		check(alg_owner(call_load.alg, arrivals[i].text, arrivals[i].length, &ids[i]) == 0,
			"owner");
	alg_seek(worker, ids, BATCH, leads);
	for (unsigned int i = 0; i < BATCH; i++) {
		alg_approach(worker, leads, BATCH, i);
		check(call_load_process(arrivals[i].text, arrivals[i].length, message, &ids[i],
			      &leads[i]) == ALG_FORWARD,
			"a message is dropped");
	}
}

static double
nanoseconds(uint64_t cycles)
{
	return (double)cycles * 1e9 / (double)rte_get_tsc_hz() / BATCH;
}

/* A burst of one message of each call; its time and its floor's. */
static void
step_run(const struct step *step, uint32_t first, double *figure, double *floor)
{
	uint64_t start, read;

	for (unsigned int i = 0; i < BATCH; i++)
		arrivals[i].length = call_load_text(arrivals[i].text, step->message, first + i);
	start = rte_rdtsc_precise();
	texts_read();
	read = rte_rdtsc_precise();
	burst_process(step->message);
	*figure = nanoseconds(rte_rdtsc_precise() - read);
	*floor = nanoseconds(read - start);
	rcu_quiescent(0);
}

static void
calls_run(uint32_t first, unsigned int batch)
{
	for (unsigned int i = 0; i < STEPS; i++)
		step_run(&steps[i], first, &figures[i][batch], &floors[i][batch]);
}

static void
standing_make(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		call_load_send(LOAD_INVITE, i);
		call_load_send(LOAD_OK, i);
		call_load_send(LOAD_ACK, i);
	}
}

static int
figure_compare(const void *a, const void *b)
{
	const double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

/* A whole call is what its messages are: a batch of all seven seldom has its core to itself. */
static void
figures_show(void)
{
	double best = 0, median = 0;

	for (unsigned int i = 0; i < STEPS; i++) {
		qsort(figures[i], BATCHES, sizeof(double), figure_compare);
		qsort(floors[i], BATCHES, sizeof(double), figure_compare);
		printf("  %-22s %8.0f %8.0f %8.0f %8.0f\n", steps[i].name, figures[i][0],
			figures[i][BATCHES / 2], floors[i][0], floors[i][BATCHES / 2]);
		best += figures[i][0];
		median += figures[i][BATCHES / 2];
	}
	printf("  %-22s %8.0f %8.0f\nwhole calls a second: %.0f, %.0f\n", "sum", best, median,
		1e9 / best, 1e9 / median);
}

int
main(int count, char **arguments)
{
	const uint32_t standing = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : STANDING;

	call_load_start(&(struct call_load_options){.max_calls = standing + RESTING,
		.ringing_s = 180,
		.silence_s = 36000,
		.addresses = 16,
		.hugepages = "auto"});
	worker = call_load.worker[0]->alg;
	standing_make(standing);
	for (uint32_t i = 0; i < WARM_UP + BATCHES; i++) {
		calls_run(standing + i * BATCH, i < WARM_UP ? 0 : i - WARM_UP);
		if (i % SWEPT == SWEPT - 1)
			call_load_time(1000 * SWEPT);
	}
	check(alg_call_count(call_load.alg) == standing &&
			nat_media_doors(call_load.nat) == 2 * standing,
		"calls have ended that stand, or not that were ended");
	printf("%u calls stand, %s pages; ns a message, best and median of %u batches of %u; and "
	       "read alone\n",
		standing, eal_pages(&call_load), BATCHES, BATCH);
	figures_show();
	return 0;
}
