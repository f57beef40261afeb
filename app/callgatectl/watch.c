/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A show command again and again.
 *
 * Overview: one connection for all of it, so that an appliance that ends is noticed. An answer is
 * printed into memory first and goes out in one write, cut to the screen: it never flickers nor
 * scrolls. The screen is the terminal's other one, so that what stood there before comes back.
 * Signals: blocked but where they are waited for, so each is noticed between two answers and the
 * terminal is as it was whatever ends the program; the signals that stop a job put the screen back
 * before they do.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include "rates.h"
#include "said.h"
#include "telemetry.h"
#include "watch.h"

/* Control sequences of ECMA-48 and xterm that every terminal of today knows. */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K\n"
#define SCREEN_REST  "\033[J"

enum watch_end { WATCH_ON, WATCH_SIGNAL, WATCH_FAILED };

struct watch {
	const struct question *question;
	bool screen; /* a terminal, to be refreshed in place */
	struct said said;
	json_t *before; /* the answer that the rates are counted from */
	struct timespec asked;
};

unsigned int
screen_size(unsigned int *lines)
{
	struct winsize size;
	bool good = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

	if (lines != NULL)
		*lines = good ? size.ws_row : 0;
	return good && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

static void
write_all(const char *text, size_t length)
{
	fwrite(text, 1, length, stdout);
	fflush(stdout);
}

/* Lines of `text` from the top of the screen, as many and as wide as it is. */
static void
screen_write(const char *text, unsigned int width, unsigned int lines)
{
	char *frame = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&frame, &length);

	if (out == NULL)
		return;
	fputs(SCREEN_HOME, out);
	for (unsigned int line = 1; *text != '\0' && (lines == 0 || line < lines); line++) {
		size_t whole = strcspn(text, "\n");

		fprintf(out, "%.*s" LINE_END, (int)(whole < width ? whole : width), text);
		text += whole + (text[whole] == '\n');
	}
	fputs(SCREEN_REST, out);
	if (fclose(out) == 0)
		write_all(frame, length);
	free(frame);
}

static void
heading_print(FILE *out, const struct watch *watch)
{
	time_t now = time(NULL);
	struct tm broken;
	char when[32];

	localtime_r(&now, &broken);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &broken);
	fprintf(out, "%s   every %u s   %s\n\n", watch->question->words, watch->question->watch_s,
		when);
}

/* The answer as text, with the rates since the one before it. */
static enum watch_end
answer_show(struct watch *watch, const json_t *answer, double seconds)
{
	const struct question *question = watch->question;
	unsigned int lines, width = screen_size(&lines);
	json_t *shown = question->counters && !question->json
				? rates_beside(watch->before, answer, seconds)
				: json_incref((json_t *)(uintptr_t)answer);
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int status = 1;

	if (out != NULL) {
		if (!question->json)
			heading_print(out, watch);
		status = question_print(question, out, shown, width);
		if (!question->json && !watch->screen)
			fputc('\n', out);
		if (fclose(out) != 0)
			status = 1;
	}
	if (status == 0 && watch->screen)
		screen_write(text, width, lines);
	else if (status == 0)
		write_all(text, length);
	free(text);
	json_decref(shown);
	return status == 0 ? WATCH_ON : WATCH_FAILED;
}

static enum watch_end
watch_step(struct watch *watch, int fd)
{
	json_t *answer = question_ask(watch->question, fd);
	struct timespec now;
	enum watch_end end;

	if (answer == NULL)
		return WATCH_FAILED;
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = answer_show(watch, answer,
		(double)(now.tv_sec - watch->asked.tv_sec) +
			(double)(now.tv_nsec - watch->asked.tv_nsec) / 1e9);
	json_decref(watch->before);
	watch->before = answer;
	watch->asked = now;
	return end;
}

static void
screen_enter(struct watch *watch)
{
	if (watch->screen && said_keep(&watch->said))
		write_all(SCREEN_ENTER, strlen(SCREEN_ENTER));
}

static void
screen_leave(struct watch *watch)
{
	if (watch->said.real == NULL)
		return;
	write_all(SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	said_release(&watch->said);
}

/* The job is stopped and goes on later: meanwhile the terminal is the shell's. */
static void
job_stop(struct watch *watch)
{
	screen_leave(watch);
	raise(SIGSTOP);
	screen_enter(watch);
}

static enum watch_end
watch_wait(struct watch *watch, const sigset_t *signals)
{
	const struct timespec pause = {.tv_sec = watch->question->watch_s};

	switch (sigtimedwait(signals, NULL, &pause)) {
	case -1: /* the time is over */
	case SIGWINCH: /* the next answer is due at once, for the new size */
		return WATCH_ON;
	case SIGTSTP:
		job_stop(watch);
		return WATCH_ON;
	default:
		return WATCH_SIGNAL;
	}
}

int
watch_run(const struct question *question, const char *path)
{
	static const int noticed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
	const char *terminal = getenv("TERM");
	struct watch watch = {.question = question};
	enum watch_end end = WATCH_ON;
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(noticed) / sizeof(noticed[0]); i++)
		sigaddset(&signals, noticed[i]);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = telemetry_connect(path);
	if (fd < 0)
		return 1;
	watch.screen = isatty(STDOUT_FILENO) && !question->json && terminal != NULL &&
		       strcmp(terminal, "dumb") != 0;
	screen_enter(&watch);
	while (end == WATCH_ON) {
		end = watch_step(&watch, fd);
		if (end == WATCH_ON)
			end = watch_wait(&watch, &signals);
	}
	screen_leave(&watch);
	json_decref(watch.before);
	close(fd);
	return end == WATCH_SIGNAL ? 0 : 1;
}
