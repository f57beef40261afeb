/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where lines go, EAL's own as well as ours: one stream that takes each line and hands it on.
 *
 * - stderr: one write a line. When it is a pipe whose reader stands still, it is waited for once; then lines
 *   are lost and counted until it takes some again.
 * - stderr that is the journal's (JOURNAL_STREAM, systemd.exec(5)): with the priority before it,
 *   sd-daemon(3), and without our name, which the journal has.
 * - syslog: with the priority, likewise.
 * No target gets a time from here: the journal and syslog have their own, and stderr's reader is at hand.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <rte_common.h>

#include "log_priv.h"

enum { PATIENCE_MS = 100 };

static bool to_syslog, to_journal; /* bring-up */
static FILE *stream;

static void
syslog_open(void)
{
	static bool open;

	if (!open)
		openlog("callgate", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	open = true;
}

void
log_syslog(const char *line)
{
	syslog_open();
	syslog(LOG_INFO, "%s", line);
}

/* Is stderr the stream that the variable names, and no pipe that somebody has put before it? */
static bool
stderr_is_journal(void)
{
	const char *named = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return named != NULL && sscanf(named, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* EAL numbers its levels as syslog does, one higher. */
static int
priority_now(void)
{
	int level = rte_log_cur_msg_loglevel();

	return level > 0 ? level - 1 : LOG_INFO;
}

/* The stream's lock is held. One that was full and is still so is not waited for again. */
static bool
stderr_takes(void)
{
	static bool full;
	struct pollfd wanted = {.fd = STDERR_FILENO, .events = POLLOUT};
	int rc;

	do {
		rc = poll(&wanted, 1, full ? 0 : PATIENCE_MS);
	} while (rc < 0 && errno == EINTR);
	full = rc == 0;
	return rc == 1 && wanted.revents & POLLOUT;
}

/* The stream's lock is held. */
static void
stderr_write(const char *text, size_t length)
{
	static uint64_t lost_told;
	uint64_t lost = log_lost_count();
	char missing[64];
	int size;

	if (stderr_takes() && lost != lost_told) {
		size = snprintf(missing, sizeof(missing), "%s%llu lines are missing here\n",
			to_journal ? "<4>" : LOG_PREFIX, (unsigned long long)(lost - lost_told));
		if (write(STDERR_FILENO, missing, (size_t)size) == size)
			lost_told = lost;
	}
	if (!stderr_takes() || write(STDERR_FILENO, text, length) < 0)
		log_lost();
}

/* `line` has its end. */
static void
line_write(const char *line, size_t length)
{
	char text[LOG_LINE_MAX + 32];
	int priority = priority_now(), size;

	if ((to_syslog || to_journal) && length >= strlen(LOG_PREFIX) &&
		memcmp(line, LOG_PREFIX, strlen(LOG_PREFIX)) == 0) {
		line += strlen(LOG_PREFIX);
		length -= strlen(LOG_PREFIX);
	}
	if (to_syslog) {
		syslog(priority, "%.*s", (int)length, line);
		return;
	}
	if (to_journal)
		size = snprintf(text, sizeof(text), "<%d>%.*s\n", priority, (int)length, line);
	else
		size = snprintf(text, sizeof(text), "%.*s\n", (int)length, line);
	if (size >= (int)sizeof(text)) {
		size = sizeof(text) - 1;
		text[size - 1] = '\n';
	}
	stderr_write(text, (size_t)size);
}

static ssize_t
stream_write(void *cookie, const char *text, size_t size)
{
	size_t left = size;

	while (left > 0) {
		const char *end = memchr(text, '\n', left);
		size_t length = end != NULL ? (size_t)(end - text) : left;

		if (length > 0)
			line_write(text, length);
		if (end != NULL)
			length++;
		text += length;
		left -= length;
	}
	return (ssize_t)size;
}

int
log_target_open(const char *target)
{
	const cookie_io_functions_t functions = {.write = stream_write};
	bool named_syslog = strcmp(target, "syslog") == 0;

	if (!named_syslog && strcmp(target, "stderr") != 0)
		return -EINVAL;
	/* EAL's default writes every line twice, to the terminal and to syslog. */
	if (stream == NULL) {
		stream = fopencookie(NULL, "w", functions);
		if (stream == NULL)
			return -errno;
		/* The thread that wrote a line hands it on, so its level is known. */
		setvbuf(stream, NULL, _IOLBF, LOG_LINE_MAX * 2);
	}
	if (named_syslog)
		syslog_open();
	to_syslog = named_syslog;
	to_journal = !named_syslog && stderr_is_journal();
	return rte_openlog_stream(stream);
}
