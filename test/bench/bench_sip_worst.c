/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a byte costs at most: read, plan and edit (sip_rewrite.h) on everything that is at hand to
 * make it slow: the fuzzers' seeds, torture messages, the messages of sip_nasty.h, and the files
 * and folders named as arguments, such as a fuzzer's corpus. Compared with what a byte of the four
 * ordinary messages costs. Linear time shows as a ratio that a longer message does not raise.
 *
 * Every message has a part that does not grow with it, so one shorter than SHORTEST counts as if it
 * had SHORTEST bytes. Best of ROUNDS, each through all inputs in turn, so that other work on the
 * core meets all of them alike.
 */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "test/bench/sip_nasty.h"
#include "test/bench/sip_rewrite.h"
#include "test/bench/sip_samples.h"
#include "test/fuzz/message_seeds.h"

enum { ROUNDS = 30, ROUND_NS = 100000, VARIANTS = 32, SHORTEST = 256, SHOWN = 25, GOAL = 4 };
enum { INPUTS_MAX = 1 << 16, INPUT_BYTES = 1 << 17 };

struct input {
	char name[64];
	char *text;
	uint32_t length;
	bool ordinary, refused;
	uint32_t times; /* in a round */
	double ns, per_byte;
};

static struct input inputs[INPUTS_MAX];
static uint32_t input_count;
static struct rewrite rewrite;
static char buffer[INPUT_BYTES], made[INPUT_BYTES];
static uint64_t sink;

static void
input_add(const char *name, const char *text, uint32_t length)
{
	struct input *const input = &inputs[input_count];

	if (input_count == INPUTS_MAX || (input->text = malloc(length + 1u)) == NULL)
		return;
	snprintf(input->name, sizeof(input->name), "%s", name);
	memcpy(input->text, text, length);
	input->length = length;
	input_count++;
}

static uint32_t
put(uint32_t at, const char *text)
{
	const uint32_t length = (uint32_t)strlen(text);

	memcpy(made + at, text, length);
	return at + length;
}

static uint32_t
put_many(uint32_t at, const char *pattern, uint32_t bytes)
{
	const uint32_t end = at + bytes;

	while (*pattern != '\0' && at < end)
		at = put(at, pattern);
	return at;
}

static void
nasty_add(const struct nasty *nasty)
{
	uint32_t at = 0;

	if (!nasty->bare)
		at = put(at, "INVITE sip:b@10.0.0.9 SIP/2.0\r\n");
	for (uint32_t i = 0; i < nasty->lines; i++) {
		at = put(at, nasty->head);
		at = put_many(at, nasty->pattern, nasty->bytes);
		at = put(at, nasty->tail);
	}
	if (!nasty->bare)
		at = put(at,
			NASTY_VIA ";branch=z9hG4bKa\r\nFrom: <sip:a@10.0.0.5>;tag=1\r\n"
				  "To: <sip:b@10.0.0.9>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n");
	if (nasty->body_head != NULL) {
		at = put(at, nasty->body_head);
		at = put_many(at, nasty->body_pattern, nasty->body_bytes);
		at = put(at, nasty->body_tail);
	}
	input_add(nasty->name, made, at);
}

static void
path_add(const char *path)
{
	const char *const name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	struct dirent *entry;
	struct stat status;
	char below[4096];
	FILE *file;
	DIR *folder;

	if (*name == '.' || stat(path, &status) != 0)
		return;
	if (S_ISDIR(status.st_mode)) {
		folder = opendir(path);
		while (folder != NULL && (entry = readdir(folder)) != NULL) {
			snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
			path_add(below);
		}
		if (folder != NULL)
			closedir(folder);
		return;
	}
	file = fopen(path, "rb");
	if (file == NULL)
		return;
	input_add(name, made, (uint32_t)fread(made, 1, SIP_MESSAGE_MAX, file));
	fclose(file);
}

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int64_t
input_work(const struct input *input)
{
	memcpy(buffer, input->text, input->length);
	return rewrite_message(&rewrite, buffer, input->length, sizeof(buffer));
}

static double
round_measure(const struct input *input, uint32_t times)
{
	const double start = now_ns();

	for (uint32_t i = 0; i < times; i++)
		sink += (uint64_t)input_work(input) + rewrite.seen;
	return (now_ns() - start) / times;
}

static void
input_begin(struct input *input)
{
	double ns;

	input->refused = input_work(input) == 0;
	input->times = 1;
	while ((ns = round_measure(input, input->times)) * input->times < ROUND_NS / 2)
		input->times *= 2;
	input->ns = ns;
}

static void
inputs_measure(void)
{
	for (uint32_t i = 0; i < input_count; i++)
		input_begin(&inputs[i]);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < input_count; i++) {
			const double ns = round_measure(&inputs[i], inputs[i].times);

			inputs[i].ns = ns < inputs[i].ns ? ns : inputs[i].ns;
		}
	}
	for (uint32_t i = 0; i < input_count; i++)
		inputs[i].per_byte =
			inputs[i].ns / (inputs[i].length > SHORTEST ? inputs[i].length : SHORTEST);
}

static int
input_compare(const void *a, const void *b)
{
	const double x = ((const struct input *)a)->per_byte;
	const double y = ((const struct input *)b)->per_byte;

	return x > y ? -1 : x < y;
}

/* The four messages that are compared in bench_sip_peers. */
static void
ordinary_add(void)
{
	static struct sample sample;
	uint32_t seed = 1;

	for (uint32_t kind = 0; kind < SAMPLE_KINDS; kind++) {
		for (uint32_t i = 0; i < VARIANTS; i++) {
			sample_make(&sample, kind, &seed);
			input_add(sample_names[kind], sample.text, sample.length);
			inputs[input_count - 1].ordinary = true;
		}
	}
}

static double
ordinary_cost(void)
{
	double ns = 0, bytes = 0;

	for (uint32_t i = 0; i < input_count; i++) {
		if (inputs[i].ordinary) {
			ns += inputs[i].ns;
			bytes += inputs[i].length;
		}
	}
	return ns / bytes;
}

int
main(int argc, char **argv)
{
	uint32_t over = 0, shown;
	double typical;
	char name[32];

	for (uint32_t i = 0; i < NASTIES; i++)
		nasty_add(&nasties[i]);
	for (uint32_t i = 0; i < MESSAGE_SEEDS; i++) {
		snprintf(name, sizeof(name), "fuzzer's seed %u", i);
		input_add(name, message_seeds[i], (uint32_t)strlen(message_seeds[i]));
	}
	for (int i = 1; i < argc; i++)
		path_add(argv[i]);
	ordinary_add();
	inputs_measure();
	typical = ordinary_cost();
	for (uint32_t i = 0; i < input_count; i++)
		over += inputs[i].per_byte > GOAL * typical;
	qsort(inputs, input_count, sizeof(inputs[0]), input_compare);
	printf("read + plan + edit: %.2f ns a byte of the four ordinary messages\n", typical);
	printf("%u other inputs, %u of them over %d times that; the worst:\n",
		input_count - SAMPLE_KINDS * VARIANTS, over, GOAL);
	printf("  %-36s %7s %10s %10s %10s\n", "", "bytes", "ns", "ns a byte", "x ordinary");
	shown = over > SHOWN ? over : SHOWN;
	for (uint32_t i = 0; i < shown && i < input_count; i++)
		printf("  %-36s %7u %10.0f %10.2f %10.2f%s\n", inputs[i].name, inputs[i].length,
			inputs[i].ns, inputs[i].per_byte, inputs[i].per_byte / typical,
			inputs[i].refused ? "  refused" : "");
	return sink == 0;
}
