/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgate and the reference (model.h) agree after each message of random calls: which endpoints are
 * open, on which outside ports, for which sources, how many calls there are; at the end nothing is.
 *
 *   test_alg_model [--seed N] [--dialogs N] [--dialog K] [--network 0..7]
 *
 * --dialog replays one, with every message that passed. CALLGATE_LONG=1: 100,000 dialogs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alg_fixture.h"
#include "model_walk.h"

enum { DIALOGS = 2000, DIALOGS_LONG = 100000, REPORT_MAX = 65536, FAULTS_MAX = 200 };

static struct {
	uint64_t seed;
	uint32_t dialogs, only;
	int network; /* -1: by turns */
} options = {.seed = 1, .dialogs = DIALOGS, .only = UINT32_MAX, .network = -1};

/* What the network does to a dialog: nothing, one thing, or everything. */
static enum network
network_of(uint32_t dialog)
{
	static const uint8_t turns[] = {0, NETWORK_DOUBLES, NETWORK_LOSES, NETWORK_REORDERS,
		NETWORK_DOUBLES | NETWORK_LOSES | NETWORK_REORDERS};

	return options.network >= 0 ? (enum network)options.network
				    : (enum network)turns[dialog / wire_count % RTE_DIM(turns)];
}

static enum wire_transport
transport_of(uint32_t dialog)
{
	enum { NETWORKS = 5 };

	return (enum wire_transport)(dialog / (wire_count * NETWORKS) % WIRE_TRANSPORTS);
}

static uint64_t
seed_of(uint32_t dialog)
{
	uint64_t z = (options.seed << 32 | dialog) * UINT64_C(0xff51afd7ed558ccd);

	return (z ^ (z >> 29)) * UINT64_C(0xc4ceb9fe1a85ec53);
}

/* The shortest report of what went wrong is the one to read. */
static struct {
	unsigned int count, messages;
	uint32_t dialog;
	char text[REPORT_MAX];
} fault;

static uint64_t messages;

static void
walk_one(const struct wire *wire, uint32_t dialog)
{
	static char report[REPORT_MAX];
	unsigned int count;
	bool agree;

	wire_transport = transport_of(dialog);
	agree = walk(wire, seed_of(dialog), network_of(dialog), report, sizeof(report), &count);

	messages += count;
	if (agree)
		return;
	if (fault.count++ == 0 || count < fault.messages) {
		fault.messages = count;
		fault.dialog = dialog;
		memcpy(fault.text, report, sizeof(report));
	}
}

static void
callgate_and_the_reference_agree(void **state)
{
	static const char *const transports[] = {"UDP", "TCP", "both"};

	for (unsigned int i = 0; i < wire_count; i++) {
		bool wanted = options.only == UINT32_MAX || options.only % wire_count == i;

		if (!wanted)
			continue;
		fixture_start_with(&(struct fixture_options){
			.no_nat = wires[i].no_nat, .max_calls = 64, .small = true});
		for (uint32_t dialog = i; dialog < options.dialogs && fault.count < FAULTS_MAX;
			dialog += wire_count) {
			if (options.only == UINT32_MAX || options.only == dialog)
				walk_one(&wires[i], dialog);
		}
		fixture_stop(state);
	}
	print_message("seed %llu: %u dialogs, %llu messages and steps of time\n",
		(unsigned long long)options.seed, options.dialogs, (unsigned long long)messages);
	if (fault.count == 0)
		return;
	/* longer than what cmocka prints */
	fprintf(stderr, "%u disagree; --seed %llu --dialog %u (%s, network %d, %s):\n%s\n",
		fault.count, (unsigned long long)options.seed, fault.dialog,
		wires[fault.dialog % wire_count].name, (int)network_of(fault.dialog),
		transports[transport_of(fault.dialog)], fault.text);
	fail();
}

static void
arguments_read(int count, char **arguments)
{
	if (getenv("CALLGATE_LONG"))
		options.dialogs = DIALOGS_LONG;
	for (int i = 1; i + 1 < count; i += 2) {
		unsigned long long value = strtoull(arguments[i + 1], NULL, 0);

		if (strcmp(arguments[i], "--seed") == 0)
			options.seed = value;
		else if (strcmp(arguments[i], "--dialogs") == 0)
			options.dialogs = (uint32_t)value;
		else if (strcmp(arguments[i], "--dialog") == 0)
			options.only = (uint32_t)value;
		else if (strcmp(arguments[i], "--network") == 0)
			options.network = (int)value;
	}
	if (options.only != UINT32_MAX && options.only >= options.dialogs)
		options.dialogs = options.only + 1;
}

int
main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callgate_and_the_reference_agree),
	};

	arguments_read(count, arguments);
	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
