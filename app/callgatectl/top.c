/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A live view: what an operator looks at first, on one screen.
 *
 * Overview: two samples of the appliance's counters, the newest and the one before, make the rates;
 * ncurses draws what changed. Lines that find no room on the screen are left out, the least important
 * stand at the end: of the drops those that grow fastest come first.
 * Signals: those that end the program set a flag that the loop looks at, so that the terminal is
 * given back by ncurses on every way out; what goes wrong is said after that.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curses.h>
#include <unistd.h>

#include "said.h"
#include "telemetry.h"
#include "top.h"
#include "top_sample.h"

enum { LINE_MAX_LENGTH = 256, MEGA = 1000000 };

static volatile sig_atomic_t ended;

struct view {
	struct sample now, before;
	double seconds; /* between the two; 0: there is one alone */
	int row;
};

static void
signal_note(int number)
{
	ended = 1;
}

static void __attribute__((format(printf, 3, 4)))
line_draw(struct view *view, attr_t attributes, const char *format, ...)
{
	char text[LINE_MAX_LENGTH];
	va_list arguments;

	if (view->row >= LINES)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	attrset(attributes);
	mvaddnstr(view->row++, 0, text, COLS);
	attrset(A_NORMAL);
	clrtoeol();
}

static double
rate(const struct view *view, enum sample_part part, const char *name)
{
	return rate_of(view->before.part[part], view->now.part[part], name, view->seconds);
}

static double
in_use(const struct view *view, const char *name)
{
	return number_of(view->now.part[SAMPLE_SUMMARY], name);
}

static void
head_draw(struct view *view, unsigned int every_s)
{
	const json_t *info = view->now.part[SAMPLE_INFO];
	const char *version = json_string_value(json_object_get(info, "version"));
	unsigned int up = (unsigned int)number_of(info, "uptime_s");
	time_t now = time(NULL);
	struct tm broken;
	char when[16];

	localtime_r(&now, &broken);
	strftime(when, sizeof(when), "%H:%M:%S", &broken);
	line_draw(view, A_BOLD, "callgate %s   up %u:%02u:%02u   every %u s   %s   q: quit",
		version != NULL ? version : "?", up / 3600, up / 60 % 60, up % 60, every_s, when);
	line_draw(view, A_NORMAL, "calls %.0f   new %.1f/s   ended %.1f/s   media streams %.0f",
		in_use(view, "calls"), rate(view, SAMPLE_SIP, "call_made"),
		rate(view, SAMPLE_SIP, "call_ended"), in_use(view, "media_pinholes"));
	line_draw(view, A_NORMAL,
		"registrations %.0f   flows %.0f   translations %.0f   doors %.0f   pinholes %.0f  "
		" "
		"mbufs %.0f",
		in_use(view, "registrations"), in_use(view, "flows"), in_use(view, "translations"),
		in_use(view, "doors"), in_use(view, "pinholes"), in_use(view, "mbufs"));
	view->row++;
}

static void
workers_draw(struct view *view)
{
	const json_t *before = view->before.part[SAMPLE_WORKERS], *old;
	const char *key;
	json_t *worker;

	line_draw(view, A_REVERSE, "%-7s %5s %6s %11s %11s %11s %11s %9s", "worker", "core", "busy",
		"rx/s", "tx/s", "handed in/s", "out/s", "full/s");
	json_object_foreach(view->now.part[SAMPLE_WORKERS], key, worker)
	{
		double busy, total;

		if (!json_is_object(worker))
			continue;
		old = json_object_get(before, key);
		busy = rate_of(old, worker, "busy_cycles", view->seconds);
		total = rate_of(old, worker, "total_cycles", view->seconds);
		line_draw(view, A_NORMAL, "%-7s %5.0f %5.1f%% %11.0f %11.0f %11.0f %11.0f %9.0f",
			key, number_of(worker, "core"), total > 0 ? 100 * busy / total : 0,
			rate_of(old, worker, "rx_packets", view->seconds),
			rate_of(old, worker, "tx_packets", view->seconds),
			rate_of(old, worker, "handoff_in", view->seconds),
			rate_of(old, worker, "handoff_out", view->seconds),
			rate_of(old, worker, "handoff_drops", view->seconds));
	}
	view->row++;
}

static void
ports_draw(struct view *view)
{
	const json_t *before = view->before.part[SAMPLE_PORTS], *old;
	const char *key, *name, *link;
	json_t *port;

	line_draw(view, A_REVERSE, "%-15s %-5s %11s %9s %11s %9s %9s %9s", "port", "link", "rx/s",
		"Mbit/s", "tx/s", "Mbit/s", "missed/s", "errors/s");
	json_object_foreach(view->now.part[SAMPLE_PORTS], key, port)
	{
		if (!json_is_object(port))
			continue;
		old = json_object_get(before, key);
		name = json_string_value(json_object_get(port, "name"));
		link = json_string_value(json_object_get(port, "link"));
		line_draw(view, A_NORMAL, "%-15.15s %-5s %11.0f %9.1f %11.0f %9.1f %9.0f %9.0f",
			name != NULL ? name : key, link != NULL ? link : "-",
			rate_of(old, port, "rx_packets", view->seconds),
			rate_of(old, port, "rx_bytes", view->seconds) * 8 / MEGA,
			rate_of(old, port, "tx_packets", view->seconds),
			rate_of(old, port, "tx_bytes", view->seconds) * 8 / MEGA,
			rate_of(old, port, "rx_missed", view->seconds),
			rate_of(old, port, "rx_errors", view->seconds) +
				rate_of(old, port, "tx_errors", view->seconds));
	}
	view->row++;
}

struct drop {
	const char *name;
	double count, rate;
};

static int
drop_compare(const void *left, const void *right)
{
	const struct drop *a = left, *b = right;

	if (a->rate != b->rate)
		return a->rate > b->rate ? -1 : 1;
	return a->count != b->count ? (a->count > b->count ? -1 : 1) : strcmp(a->name, b->name);
}

static void
drops_draw(struct view *view)
{
	json_t *drops = view->now.part[SAMPLE_DROPS], *value;
	struct drop *list = calloc(json_object_size(drops) + 1, sizeof(*list));
	size_t count = 0;
	const char *name;

	if (list == NULL)
		return;
	json_object_foreach(drops, name, value)
	{
		if (json_integer_value(value) == 0)
			continue;
		list[count++] =
			(struct drop){name, number_of(drops, name), rate(view, SAMPLE_DROPS, name)};
	}
	qsort(list, count, sizeof(*list), drop_compare);
	line_draw(view, A_REVERSE, "%-35s %15s %11s", "drops", "packets", "/s");
	for (size_t i = 0; i < count; i++)
		line_draw(view, list[i].rate > 0 ? A_BOLD : A_NORMAL, "%-35s %15.0f %11.1f",
			list[i].name, list[i].count, list[i].rate);
	if (count == 0)
		line_draw(view, A_NORMAL, "none");
	free(list);
}

static void
view_draw(struct view *view, unsigned int every_s)
{
	view->row = 0;
	erase();
	head_draw(view, every_s);
	workers_draw(view);
	ports_draw(view);
	drops_draw(view);
	refresh();
}

/* The next key that means something, or the end of the time. False: the end. */
static bool
key_wait(unsigned int every_s)
{
	if (ended)
		return false;
	timeout((int)every_s * 1000);
	switch (getch()) {
	case 'q':
	case 'Q':
		return false;
	default: /* ERR: the time is over; KEY_RESIZE and others: draw anew */
		return !ended;
	}
}

/* True when it ended because somebody wanted it to. */
static bool
view_run(struct view *view, int fd, unsigned int every_s)
{
	struct sample older;

	do {
		older = view->before;
		view->before = view->now;
		view->now = older;
		if (!sample_take(&view->now, fd))
			return false;
		view->seconds = view->before.at_s > 0 ? view->now.at_s - view->before.at_s : 0;
		view_draw(view, every_s);
	} while (key_wait(every_s));
	return true;
}

int
top_run(const struct question *question, const char *path, const char *argument)
{
	const struct sigaction end = {.sa_handler = signal_note};
	unsigned int every_s = question->watch_s > 0 ? question->watch_s : 1;
	struct view view = {0};
	struct said said = {0};
	SCREEN *screen;
	bool good;
	int fd;

	if (question->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fprintf(stderr,
			"callgatectl: top: is for a terminal; show commands with --watch are "
			"for files and programs\n");
		return 1;
	}
	fd = telemetry_connect(path);
	if (fd < 0)
		return 1;
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL) {
		fprintf(stderr, "callgatectl: top: this terminal (TERM) is not known\n");
		close(fd);
		return 1;
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	said_keep(&said);
	good = view_run(&view, fd, every_s);
	endwin();
	delscreen(screen);
	said_release(&said);
	sample_free(&view.now);
	sample_free(&view.before);
	close(fd);
	return good ? 0 : 1;
}
