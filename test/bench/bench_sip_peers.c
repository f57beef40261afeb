/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/sip beside other SIP parsers, in one run, on the same messages. Ours reads, plans and edits
 * (sip_rewrite.h), from a fresh copy each time; theirs parse and free. Floors: each newline found
 * by memchr(), and the copy.
 *
 * Rounds are short and go through all the rows in turn, so that other work on the core meets all
 * of them alike. A row's figure is its best round; the median of its rounds stands beside it.
 *
 * Usage: bench_sip_peers [MODULE ...]; without arguments the modules beside the executable.
 */
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "test/bench/sip_peer.h"
#include "test/bench/sip_rewrite.h"
#include "test/bench/sip_samples.h"

enum { VARIANTS = 256, ROUNDS = 200, PER_ROUND = 256, PEERS_MAX = 8, ROWS_MAX = 4 + 2 * PEERS_MAX };

enum row_kind { ROW_SCAN, ROW_COPY, ROW_READ, ROW_REWRITE, ROW_PEER, ROW_PEER_DESCRIPTION };

struct row {
	enum row_kind kind;
	const struct sip_peer *peer;
	double round[ROUNDS];
	double best, median;
};

static struct sample samples[VARIANTS];
static struct rewrite rewrite;
static char buffer[SAMPLE_CAPACITY * 2];
static const struct sip_peer *peers[PEERS_MAX];
static uint32_t peer_count;
static struct row rows[ROWS_MAX];
static uint32_t row_count;
static uint64_t sink;

static const char *
row_name(const struct row *row)
{
	static char name[64];

	switch (row->kind) {
	case ROW_SCAN:
		return "memchr newline scan (floor)";
	case ROW_COPY:
		return "copy (floor)";
	case ROW_READ:
		return "callgate: read";
	case ROW_REWRITE:
		return "callgate: copy + read + plan + edit";
	case ROW_PEER:
		snprintf(name, sizeof(name), "%s: %s", row->peer->name, row->peer->call);
		return name;
	default:
		snprintf(name, sizeof(name), "%s: its SDP parser on the body", row->peer->name);
		return name;
	}
}

static uint32_t
newlines_find(const struct sample *sample)
{
	const char *p = sample->text;
	const char *const end = p + sample->length;
	uint32_t count = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		count++;
	}
	return count;
}

/* 0: refused. */
static uint32_t
row_work(const struct row *row, const struct sample *sample)
{
	int64_t length;

	switch (row->kind) {
	case ROW_SCAN:
		return newlines_find(sample);
	case ROW_COPY:
		memcpy(buffer, sample->text, sample->length);
		__asm__ volatile("" : : "r"(buffer) : "memory");
		return 1;
	case ROW_READ:
		return sip_message_parse(sample->text, sample->length, &rewrite.sip) == SIP_OK;
	case ROW_REWRITE:
		memcpy(buffer, sample->text, sample->length);
		length = rewrite_message(&rewrite, buffer, sample->length, sizeof(buffer));
		return length > 0 && rewrite.edits.count > 1 ? (uint32_t)length : 0;
	case ROW_PEER:
		return row->peer->parse(sample->text, sample->length);
	default:
		return row->peer->description(
			sample->text + sample->body, sample->length - sample->body);
	}
}

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double
round_measure(const struct row *row, uint32_t variants)
{
	const double start = now_ns();

	for (uint32_t i = 0; i < PER_ROUND; i++)
		sink += row_work(row, &samples[i % variants]);
	return (now_ns() - start) / PER_ROUND;
}

static int
double_compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
rows_measure(uint32_t variants)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < row_count; i++)
			rows[i].round[round] = round_measure(&rows[i], variants);
	}
	for (uint32_t i = 0; i < row_count; i++) {
		qsort(rows[i].round, ROUNDS, sizeof(double), double_compare);
		rows[i].best = rows[i].round[0];
		rows[i].median = rows[i].round[ROUNDS / 2];
	}
}

/* Rows of a message kind; a parser that refuses one of its variants has no row, and it is said. */
static void
row_add(enum row_kind kind, const struct sip_peer *peer)
{
	struct row *const row = &rows[row_count];

	row->kind = kind;
	row->peer = peer;
	for (uint32_t i = 0; i < VARIANTS; i++) {
		if (row_work(row, &samples[i]) == 0) {
			printf("  %s: refused: %.*s\n", row_name(row), (int)samples[i].length,
				samples[i].text);
			return;
		}
	}
	row_count++;
}

static void
rows_choose(bool description)
{
	row_count = 0;
	for (int kind = ROW_SCAN; kind <= ROW_REWRITE; kind++)
		row_add((enum row_kind)kind, NULL);
	if (row_count != ROW_REWRITE + 1)
		exit(EXIT_FAILURE);
	for (uint32_t i = 0; i < peer_count; i++)
		row_add(ROW_PEER, peers[i]);
	for (uint32_t i = 0; description && i < peer_count; i++)
		row_add(ROW_PEER_DESCRIPTION, peers[i]);
}

static void
rows_print(const char *title)
{
	const struct row *const scan = &rows[ROW_SCAN], *const ours = &rows[ROW_REWRITE];

	printf("  %-44s %9s %9s %8s %12s\n", title, "best ns", "median ns", "x scan", "x callgate");
	for (uint32_t i = 0; i < row_count; i++)
		printf("  %-44s %9.0f %9.0f %8.2f %12.2f\n", row_name(&rows[i]), rows[i].best,
			rows[i].median, rows[i].best / scan->best, rows[i].best / ours->best);
}

/* How many times as long a peer takes, without and with its SDP parser: ours reads both. */
static void
ratios_print(void)
{
	const double ours = rows[ROW_REWRITE].best;

	for (uint32_t i = ROW_REWRITE + 1; i < row_count && rows[i].kind == ROW_PEER; i++) {
		double both = rows[i].best;

		for (uint32_t k = i + 1; k < row_count; k++) {
			if (rows[k].kind == ROW_PEER_DESCRIPTION && rows[k].peer == rows[i].peer)
				both += rows[k].best;
		}
		printf("  %s: %.2f times callgate, with its SDP parser %.2f times\n",
			rows[i].peer->name, rows[i].best / ours, both / ours);
	}
	printf("  callgate: %.2f newline scans\n", ours / rows[ROW_SCAN].best);
}

static void
peer_load(const char *path)
{
	void *const module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct sip_peer *const peer = module != NULL ? dlsym(module, SIP_PEER_SYMBOL) : NULL;

	if (peer == NULL || peer_count == PEERS_MAX || !peer->start()) {
		printf("absent: %s\n", peer != NULL ? peer->name : dlerror());
		return;
	}
	printf("%s %s, %s: %s\n", peer->name, peer->version, peer->call, peer->reads);
	peers[peer_count++] = peer;
}

static void
peers_load(int count, char **paths)
{
	static const char *const modules[][2] = {
		{"osip", "libosip2"}, {"re", "libre"}, {"sofia", "sofia-sip"}};
	char self[PATH_MAX], path[PATH_MAX + 32];
	const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	for (int i = 0; i < count; i++)
		peer_load(paths[i]);
	if (count > 0 || length < 0)
		return;
	self[length] = '\0';
	dirname(self);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(path, sizeof(path), "%s/peer_%s.so", self, modules[i][0]);
		if (access(path, R_OK) == 0)
			peer_load(path);
		else
			printf("absent: %s (was not installed when this was built)\n",
				modules[i][1]);
	}
}

static void
machine_print(void)
{
	FILE *const file = fopen("/proc/cpuinfo", "r");
	char line[256];

	printf("compiler: %s\n", __VERSION__);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "model name", 10) == 0) {
			printf("CPU %s", strchr(line, ':'));
			break;
		}
	}
	if (file != NULL)
		fclose(file);
}

int
main(int argc, char **argv)
{
	machine_print();
	peers_load(argc - 1, argv + 1);
	for (uint32_t kind = 0; kind < SAMPLE_KINDS; kind++) {
		uint64_t bytes = 0;
		uint32_t seed = 1;

		for (uint32_t i = 0; i < VARIANTS; i++) {
			sample_make(&samples[i], kind, &seed);
			bytes += samples[i].length;
		}
		printf("\n%s, %u bytes\n", sample_names[kind], (uint32_t)(bytes / VARIANTS));
		rows_choose(samples[0].body != samples[0].length);
		rows_measure(1);
		rows_print("the same message over and over");
		ratios_print();
		rows_measure(VARIANTS);
		rows_print("all different");
		ratios_print();
	}
	return sink == 0;
}
