/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL for a unit test: no hugepages, no devices, no telemetry, a file prefix of its own so that
 * any number of tests run side by side. Once per executable.
 */
#ifndef UNIT_EAL_FIXTURE_H
#define UNIT_EAL_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_memory.h>

/** Start EAL with `megabytes` of memory; the test ends here if it does not start. */
static inline void
eal_fixture_start_with(const char *megabytes)
{
	char prefix[64];
	const char *arguments[] = {"test", "--no-huge", "--no-shconf", "-m", megabytes, "--no-pci",
		"--no-telemetry", "--log-level=warning", "-l", "0", "--file-prefix", prefix};

	snprintf(prefix, sizeof(prefix), "callgate_test_%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
}

static inline void
eal_fixture_start(void)
{
	eal_fixture_start_with("256");
}

#endif
