/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL arguments from the configuration: lcores, memory, runtime folder, buses.
 *
 * Huge pages "auto": used when enough are free. Else EAL gets ordinary pages, and the tables a heap of
 * anonymous memory that the kernel is asked to back with transparent huge pages: a look-up among a
 * million flows costs nearly half less with them (docs/performance.md). The choice is made before
 * rte_eal_init(), which cannot be tried twice in one process.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "appliance.h"
#include "core/log.h"

#define TABLE_HEAP      "tables"
#define HUGEPAGE_FOLDER "/sys/kernel/mm/hugepages"
#define CORE_FILE       "/sys/devices/system/cpu/cpu%d/topology/core_id" /* where EAL looks, too */

enum { EAL_ARGUMENTS_MAX = 32, EAL_ARGUMENT_LENGTH = 512 };

struct eal_arguments {
	int count;
	char *argument[EAL_ARGUMENTS_MAX + 1];
	char text[EAL_ARGUMENTS_MAX][EAL_ARGUMENT_LENGTH];
};

static void
argument_add(struct eal_arguments *arguments, const char *text)
{
	char *place = arguments->text[arguments->count];

	snprintf(place, EAL_ARGUMENT_LENGTH, "%s", text);
	arguments->argument[arguments->count++] = place;
}

static size_t
file_number(const char *folder, const char *file)
{
	char path[512];
	size_t number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	stream = fopen(path, "re");
	if (stream == NULL)
		return 0;
	if (fscanf(stream, "%zu", &number) != 1)
		number = 0;
	fclose(stream);
	return number;
}

/* Bytes of free huge pages of all sizes. */
static size_t
hugepages_free(void)
{
	DIR *directory = opendir(HUGEPAGE_FOLDER);
	const struct dirent *entry;
	size_t bytes = 0;

	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL) {
		char folder[300];
		size_t kilobytes;

		if (sscanf(entry->d_name, "hugepages-%zukB", &kilobytes) != 1)
			continue;
		snprintf(folder, sizeof(folder), HUGEPAGE_FOLDER "/%s", entry->d_name);
		bytes += file_number(folder, "free_hugepages") * kilobytes * 1024;
	}
	closedir(directory);
	return bytes;
}

static int
hugepages_choose(struct appliance *appliance)
{
	size_t wanted = (size_t)appliance->memory_mb << 20;
	size_t available = hugepages_free();

	switch (appliance->config->system.hugepages) {
	case HUGEPAGES_OFF:
		appliance->hugepages = false;
		return 0;
	case HUGEPAGES_ON:
		appliance->hugepages = true;
		if (available >= wanted)
			return 0;
		LOG(ERR,
			"system.hugepages is \"on\", but %zu MiB of huge pages are free and %u MiB "
			"are needed (see /proc/sys/vm/nr_hugepages)",
			available >> 20, appliance->memory_mb);
		return -ENOMEM;
	case HUGEPAGES_AUTO:
		break;
	}
	/* A replay and its tests must not depend on what else took huge pages meanwhile. */
	appliance->hugepages = !appliance->replay && available >= wanted;
	return 0;
}

static void
lcores_describe(const struct appliance *appliance, char *text, size_t size)
{
	const struct config_system *system = &appliance->config->system;
	int length = snprintf(text, size, "0@%d", system->control_core);

	/* A replay runs every worker on the control lcore, one after the other. */
	for (unsigned int i = 0; i < appliance->workers && !appliance->replay; i++)
		length += snprintf(text + length, size - (size_t)length, ",%u@%d", i + 1,
			system->worker_cores[i]);
}

/* What of the tables goes into the heap of their own: all but the defer queues of their hashes. */
static size_t
table_heap_memory(const struct config *config)
{
	return appliance_table_memory(config) - appliance_deferred_memory(config);
}

static int
core_check(const struct config *config, const char *list, const char *path, int core)
{
	struct config_place place = config_place(config, list);
	struct config_fault fault = {.file = place.file, .line = place.line, .path = path};
	char text[128], line[1024], file[128];

	snprintf(file, sizeof(file), CORE_FILE, core);
	if (access(file, F_OK) == 0)
		return 0;
	snprintf(text, sizeof(text), "this machine has no core %d, allowed: its %ld cores", core,
		sysconf(_SC_NPROCESSORS_ONLN));
	fault.text = text;
	config_fault_format(line, sizeof(line), &fault);
	fprintf(stderr, "%s\n", line);
	return -ENODEV;
}

/* EAL would answer an absent core with two screens of its own options. */
static int
cores_check(const struct appliance *appliance)
{
	const struct config_system *system = &appliance->config->system;
	static const char control[] = "system.control_core", workers[] = "system.worker_cores";
	int rc = core_check(appliance->config, control, control, system->control_core);

	for (unsigned int i = 0; i < appliance->workers && !appliance->replay; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s[%u]", workers, i);
		if (core_check(appliance->config, workers, path, system->worker_cores[i]) != 0)
			rc = -ENODEV;
	}
	return rc;
}

/*
 * A heap for the tables: memory of our own, aligned so that whole huge pages fit. The kernel may
 * refuse the advice; then the pages are ordinary ones and all else is the same.
 */
static int
table_heap_create(struct appliance *appliance)
{
	const size_t page = (size_t)2 << 20;
	/* The heap keeps a header of its own beside every allocation. */
	size_t length = RTE_ALIGN_CEIL(table_heap_memory(appliance->config) + 2 * page, page);
	char *memory = mmap(NULL, length + page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	memory = RTE_PTR_ALIGN_CEIL(memory, page);
	if (madvise(memory, length, MADV_HUGEPAGE) == 0)
		appliance->transparent_pages = true;
	if (rte_malloc_heap_create(TABLE_HEAP) != 0 ||
		rte_malloc_heap_memory_add(TABLE_HEAP, memory, length, NULL,
			(unsigned int)(length / page), page) != 0) {
		LOG(ERR, "no heap for the tables: %s", rte_strerror(rte_errno));
		return -rte_errno;
	}
	appliance->socket = rte_malloc_heap_get_socket(TABLE_HEAP);
	return appliance->socket < 0 ? -rte_errno : 0;
}

const char *
eal_pages(const struct appliance *appliance)
{
	return appliance->hugepages           ? "huge"
	       : appliance->transparent_pages ? "transparent huge"
					      : "ordinary";
}

static unsigned int
eal_memory_mb(const struct appliance *appliance)
{
	if (appliance->hugepages || appliance->config->system.hugepages == HUGEPAGES_OFF)
		return appliance->memory_mb;
	return appliance->memory_mb - (unsigned int)(table_heap_memory(appliance->config) >> 20);
}

int
eal_start(struct appliance *appliance)
{
	const struct config *config = appliance->config;
	struct eal_arguments arguments = {.count = 0};
	char text[EAL_ARGUMENT_LENGTH];
	int rc;

	/* EAL's own lines, too, are to go where ours do. */
	rc = log_init(config->system.log_level, config->system.log_target);
	if (rc == 0)
		rc = cores_check(appliance);
	if (rc == 0)
		rc = hugepages_choose(appliance);
	if (rc != 0)
		return rc;
	argument_add(&arguments, "callgate");
	argument_add(&arguments, "--lcores");
	lcores_describe(appliance, text, sizeof(text));
	argument_add(&arguments, text);
	argument_add(&arguments, "--main-lcore");
	argument_add(&arguments, "0");
	argument_add(&arguments, "--file-prefix");
	if (appliance->replay)
		snprintf(text, sizeof(text), "%s-replay-%d", config->system.file_prefix, getpid());
	else
		snprintf(text, sizeof(text), "%s", config->system.file_prefix);
	argument_add(&arguments, text);
	if (appliance->hugepages) {
		argument_add(&arguments, "--in-memory");
	} else {
		argument_add(&arguments, "--no-huge");
		argument_add(&arguments, "--no-shconf");
	}
	argument_add(&arguments, "-m");
	snprintf(text, sizeof(text), "%u", eal_memory_mb(appliance));
	argument_add(&arguments, text);
	if (appliance->replay || !ports_need_pci(config))
		argument_add(&arguments, "--no-pci");
	if (appliance->replay || !config->telemetry_enabled)
		argument_add(&arguments, "--no-telemetry");
	argument_add(&arguments, "--log-level");
	argument_add(&arguments, "*:warning");
	rc = rte_eal_init(arguments.count, arguments.argument);
	if (rc < 0) {
		LOG(ERR, "DPDK does not start: %s", rte_strerror(rte_errno));
		return -rte_errno;
	}
	appliance->socket = (int)rte_socket_id();
	if (appliance->hugepages || config->system.hugepages == HUGEPAGES_OFF)
		return 0;
	return table_heap_create(appliance);
}
