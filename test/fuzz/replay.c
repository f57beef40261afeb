/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay of a harness without libFuzzer.
 *   fuzz_NAME [FOLDER...]           its seeds and the files of the folders: each whole, its
 *                                   prefixes, and mutations of all of them
 *   fuzz_NAME FILE...               these inputs alone, such as one that once failed
 *   fuzz_NAME --write TO [FOLDER..] the seeds as files in TO/seeds, the dictionary as TO/dictionary
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "test/fuzz/harness.h"
#include "test/fuzz/mutate.h"

enum {
	SEEDS_MAX = 4096,
	FILE_MAX = 1 << 20,
	MUTATED_MAX = 8192,
};

struct seed {
	const char *at;
	uint32_t length;
};

static struct seed seeds[SEEDS_MAX];
static uint32_t seed_count;

/* In a buffer of exactly this size, so that a sanitizer sees what is read beyond it. */
static void
replay(const char *bytes, uint32_t length)
{
	char *const copy = malloc(length > 0 ? length : 1);

	PROPERTY(copy != NULL);
	if (length > 0)
		memcpy(copy, bytes, length);
	LLVMFuzzerTestOneInput((const uint8_t *)copy, length);
	free(copy);
}

static int
file_add(const char *path)
{
	static char bytes[FILE_MAX];
	FILE *const file = fopen(path, "rb");
	uint32_t length;
	char *copy;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	length = (uint32_t)fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	copy = malloc(length + 1u);
	if (copy == NULL || seed_count == SEEDS_MAX) {
		fprintf(stderr, "%s: too many seeds\n", path);
		free(copy);
		return -1;
	}
	memcpy(copy, bytes, length);
	seeds[seed_count++] = (struct seed){copy, length};
	return 0;
}

/* A file, or a folder with all that is in it. */
static int
path_add(const char *path)
{
	struct dirent **entries;
	struct stat status;
	int count, error = 0;

	if (stat(path, &status) != 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(status.st_mode))
		return file_add(path);
	count = scandir(path, &entries, NULL, alphasort);
	if (count < 0) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char *name;

		if (entries[i]->d_name[0] != '.' && error == 0) {
			error = asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0;
			if (error == 0) {
				error = path_add(name);
				free(name);
			}
		}
		free(entries[i]);
	}
	free(entries);
	return error;
}

static void
own_seeds_add(void)
{
	for (uint32_t i = 0; i < fuzz_harness.seed_count; i++) {
		char *const copy = strdup(fuzz_harness.seeds[i]);

		PROPERTY(copy != NULL && seed_count < SEEDS_MAX);
		seeds[seed_count++] = (struct seed){copy, (uint32_t)strlen(copy)};
	}
}

static void
replay_all(void)
{
	static char mutated[MUTATED_MAX];
	uint64_t random = 20260101;

	for (uint32_t i = 0; i < seed_count; i++) {
		const uint32_t step = seeds[i].length / fuzz_harness.prefixes + 1;

		for (uint32_t length = 0; length < seeds[i].length; length += step)
			replay(seeds[i].at, length);
		replay(seeds[i].at, seeds[i].length);
	}
	for (uint32_t i = 0; i < fuzz_harness.mutations && seed_count > 0; i++) {
		const struct seed *const seed = &seeds[fuzz_random(&random, seed_count)];
		const uint32_t length = seed->length < MUTATED_MAX ? seed->length : MUTATED_MAX;

		memcpy(mutated, seed->at, length);
		replay(mutated, fuzz_mutate(&random, fuzz_harness.words, fuzz_harness.word_count,
					mutated, length, MUTATED_MAX));
	}
}

static FILE *
file_begin(const char *folder, const char *name)
{
	FILE *file = NULL;
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return NULL;
	file = fopen(path, "wb");
	if (file == NULL)
		perror(path);
	free(path);
	return file;
}

static int
seeds_write(const char *to)
{
	char folder[1000], name[32];
	FILE *file;

	snprintf(folder, sizeof(folder), "%s/seeds", to);
	if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
		perror(folder);
		return -1;
	}
	for (uint32_t i = 0; i < seed_count; i++) {
		snprintf(name, sizeof(name), "seed%03u", i);
		file = file_begin(folder, name);
		if (file == NULL)
			return -1;
		fwrite(seeds[i].at, 1, seeds[i].length, file);
		fclose(file);
	}
	file = file_begin(to, "dictionary");
	if (file == NULL)
		return -1;
	for (uint32_t i = 0; i < fuzz_harness.word_count; i++) {
		fputc('"', file);
		for (const char *p = fuzz_harness.words[i]; *p != '\0'; p++)
			fprintf(file, "\\x%02x", (uint8_t)*p);
		fputs("\"\n", file);
	}
	fclose(file);
	return 0;
}

int
main(int argc, char **argv)
{
	const bool writing = argc > 2 && strcmp(argv[1], "--write") == 0;
	bool folders = argc == 1 || writing;
	int error = 0;

	for (int i = writing ? 3 : 1; i < argc && error == 0; i++) {
		struct stat status;

		folders = folders || (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode));
		error = path_add(argv[i]);
	}
	if (folders)
		own_seeds_add();
	if (error == 0 && writing) {
		error = seeds_write(argv[2]);
	} else if (error == 0 && folders) {
		replay_all();
	} else if (error == 0) {
		for (uint32_t i = 0; i < seed_count; i++)
			replay(seeds[i].at, seeds[i].length);
	}
	for (uint32_t i = 0; i < seed_count; i++)
		free((char *)(uintptr_t)seeds[i].at);
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
