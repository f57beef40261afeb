/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgate: reads its command line and configuration, then runs, checks or replays.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_launch.h>

#include "appliance.h"
#include "control.h"
#include "core/log.h"
#include "instance.h"
#include "replay.h"
#include "worker.h"

static struct appliance appliance;

static void
on_stop(int signal_number)
{
	atomic_store_explicit(&appliance.stop, true, memory_order_relaxed);
}

static void
on_reload(int signal_number)
{
	atomic_store_explicit(&appliance.reload_wanted, true, memory_order_relaxed);
}

static void
print_fault(void *context, const struct config_fault *fault)
{
	char line[1024];

	config_fault_format(line, sizeof(line), fault);
	fprintf(stderr, "%s\n", line);
}

static int
memory_check(const struct config *config, unsigned int *memory_mb)
{
	unsigned int needed = (unsigned int)((appliance_memory(config) + (1 << 20) - 1) >> 20);
	char text[128];
	struct config_place place = config_place(config, "system.memory_mb");
	struct config_fault fault = {
		.file = place.file,
		.line = place.line,
		.path = "system.memory_mb",
		.text = text,
	};

	*memory_mb = RTE_MAX(needed, config->system.memory_mb);
	if (config->system.memory_mb == 0 || config->system.memory_mb >= needed)
		return 0;
	snprintf(text, sizeof(text),
		"%u is too small for these tables, allowed: 0 (computed) or at least %u",
		config->system.memory_mb, needed);
	print_fault(NULL, &fault);
	return -EINVAL;
}

static int
run(void)
{
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER(lcore)
	rte_eal_remote_launch(worker_run, appliance.worker[lcore - 1], lcore);
	LOG(INFO, "running with %u workers, %u MiB, tables in %s pages", appliance.workers,
		appliance.memory_mb, eal_pages(&appliance));
	control_run(&appliance);
	LOG(INFO, "stopping");
	rte_eal_mp_wait_lcore();
	return 0;
}

/* Signals are caught from here on: what is half up is taken down, too, before the process ends. */
static int
start_and_run(void)
{
	int rc;

	if (!appliance.replay) {
		signal(SIGHUP, on_reload);
		signal(SIGTERM, on_stop);
		signal(SIGINT, on_stop);
		signal(SIGPIPE, SIG_IGN); /* who reads the log may go */
	}
	rc = eal_start(&appliance);
	if (rc != 0)
		return rc;
	if (!appliance.replay)
		rc = instance_claim(appliance.config->system.file_prefix);
	if (rc == 0)
		rc = appliance_up(&appliance);
	if (rc == 0) {
		rc = appliance.replay ? replay_run(&appliance) : run();
		appliance_down(&appliance);
	}
	rte_eal_cleanup();
	return rc == -EINTR ? 0 : rc;
}

int
main(int argc, char **argv)
{
	struct options options;
	int rc;

	if (options_parse(argc, argv, &options) != 0)
		return 1;
	if (options.mode == MODE_HELP) {
		options_print_help();
		return 0;
	}
	if (options.mode == MODE_VERSION) {
		puts("callgate " CALLGATE_VERSION);
		return 0;
	}
	appliance.options = &options;
	appliance.config = config_load(options.config_file, print_fault, NULL);
	if (appliance.config == NULL)
		return 1;
	appliance.loaded_at = time(NULL);
	appliance.workers = appliance.config->system.worker_count;
	appliance.replay = options.mode == MODE_REPLAY;
	if (memory_check(appliance.config, &appliance.memory_mb) != 0) {
		config_free(appliance.config);
		return 1;
	}
	if (options.mode == MODE_CHECK) {
		printf("%s: no fault, %u workers, %u MiB\n", options.config_file, appliance.workers,
			appliance.memory_mb);
		config_free(appliance.config);
		return 0;
	}
	rc = start_and_run();
	config_free(appliance.config);
	return rc == 0 ? 0 : 1;
}
