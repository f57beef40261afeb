/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "appliance.h"
#include "cdr.h"
#include "core/log.h"
#include "core/rcu.h"

enum { RECORDS_AT_ONCE = 32, FINISH_AT_ONCE = 512 };

struct cdr {
	enum config_cdr target;
	const char *path;
	int file; /* -1: not open */
	bool failing; /* the log has said so */
	uint32_t tried_s; /* when it could not be opened */
	uint64_t dropped_told, unwritten;
	struct call_record records[RECORDS_AT_ONCE];
	char line[CDR_LINE_MAX];
};

struct cdr *
cdr_create(const struct config *config)
{
	struct cdr *cdr;

	rte_errno = 0;
	if (config->system.cdr == CDR_NONE)
		return NULL;
	cdr = rte_zmalloc("cdr", sizeof(*cdr), 0);
	if (cdr == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	cdr->target = config->system.cdr;
	cdr->path = config->system.cdr_file;
	cdr->file = -1;
	cdr->dropped_told = counters_event_sum(EVENT_CDR_DROPPED);
	return cdr;
}

void
cdr_reopen(struct cdr *cdr)
{
	if (cdr == NULL || cdr->file < 0)
		return;
	close(cdr->file);
	cdr->file = -1;
}

void
cdr_destroy(struct cdr *cdr)
{
	cdr_reopen(cdr);
	rte_free(cdr);
}

static void
fail(struct cdr *cdr, const char *what)
{
	if (!cdr->failing)
		LOG(WARNING, "call detail records are lost: cannot %s %s: %s", what, cdr->path,
			strerror(errno));
	cdr->failing = true;
}

static bool
file_ready(struct cdr *cdr, uint32_t now_s)
{
	if (cdr->file >= 0)
		return true;
	if (cdr->failing && cdr->tried_s == now_s)
		return false;
	cdr->tried_s = now_s;
	/* A named pipe that nobody reads fails rather than waits. */
	cdr->file = open(cdr->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	if (cdr->file < 0)
		fail(cdr, "open");
	return cdr->file >= 0;
}

/* A disk that is full takes a part: no line is half a line. */
static void
part_remove(const struct cdr *cdr, size_t length)
{
	struct stat status;

	if (fstat(cdr->file, &status) != 0 || !S_ISREG(status.st_mode) ||
		ftruncate(cdr->file, status.st_size - (off_t)length) != 0)
		LOG(WARNING, "%s has a line that is cut short", cdr->path);
}

static bool
line_to_file(struct cdr *cdr, size_t length, uint32_t now_s)
{
	ssize_t written;

	if (!file_ready(cdr, now_s))
		return false;
	written = write(cdr->file, cdr->line, length);
	if (written == (ssize_t)length)
		return true;
	if (written > 0) {
		errno = ENOSPC;
		part_remove(cdr, (size_t)written);
	}
	fail(cdr, "write");
	return false;
}

static void
record_write(struct thread *self, struct cdr *cdr, const struct call_record *record)
{
	size_t length = cdr_line(cdr->line, record);

	if (cdr->target == CDR_SYSLOG) {
		cdr->line[length - 1] = '\0';
		log_syslog(cdr->line);
	} else if (!line_to_file(cdr, length, self->now_s)) {
		cdr->unwritten++;
		event_count(self->counters, EVENT_CDR_UNWRITTEN, 1);
		return;
	}
	event_count(self->counters, EVENT_CDR_LINES, 1);
	if (cdr->failing)
		LOG(WARNING, "call detail records are written again; %llu are missing",
			(unsigned long long)cdr->unwritten);
	cdr->failing = false;
	cdr->unwritten = 0;
}

void
cdr_write(struct appliance *appliance, uint32_t budget)
{
	struct cdr *cdr = appliance->cdr;
	unsigned int count;
	uint64_t dropped;

	if (cdr == NULL)
		return;
	do {
		count = alg_call_records_take(
			appliance->alg, cdr->records, RTE_MIN(budget, (uint32_t)RECORDS_AT_ONCE));
		for (unsigned int i = 0; i < count; i++)
			record_write(&appliance->control, cdr, &cdr->records[i]);
		budget -= count;
	} while (count > 0 && budget > 0);
	dropped = counters_event_sum(EVENT_CDR_DROPPED);
	if (count == 0 && dropped != cdr->dropped_told) {
		LOG(WARNING, "call detail records came too fast: %llu are missing",
			(unsigned long long)(dropped - cdr->dropped_told));
		cdr->dropped_told = dropped;
	}
}

void
cdr_finish(struct appliance *appliance)
{
	struct thread *self = &appliance->control;
	bool more = true;

	if (appliance->cdr == NULL || appliance->alg == NULL)
		return;
	thread_refresh_clock(self);
	while (more) {
		cdr_write(appliance, UINT32_MAX);
		rcu_online(self->id);
		more = alg_calls_finish(self, appliance->alg, FINISH_AT_ONCE);
		rcu_offline(self->id);
	}
	cdr_write(appliance, UINT32_MAX);
}
