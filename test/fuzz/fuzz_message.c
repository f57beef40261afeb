/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/sip on arbitrary bytes. As a libFuzzer target:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -DFUZZ_LIBFUZZER -I. -Ilib \
 *       test/fuzz/fuzz_message.c lib/sip/[a-z]*.c -o fuzz_message
 * Without FUZZ_LIBFUZZER a replay runner: the seeds, every prefix of each, mutations of them, and
 * the files named on the command line (a corpus, or an input that once failed).
 */
#include "test/fuzz/message_properties.h"
#include "test/fuzz/message_seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= UINT32_MAX)
		properties_check((const char *)data, (uint32_t)size);
	return 0;
}

#ifndef FUZZ_LIBFUZZER

enum { MUTATIONS = 20000 };

/* In a buffer of exactly this size, so that a sanitizer sees what is read beyond it. */
static void
replay(const char *bytes, size_t length)
{
	char *const copy = malloc(length > 0 ? length : 1);

	PROPERTY(copy != NULL);
	memcpy(copy, bytes, length);
	LLVMFuzzerTestOneInput((const uint8_t *)copy, length);
	free(copy);
}

static int
replay_file(const char *path)
{
	static char bytes[1 << 20];
	FILE *const file = fopen(path, "rb");
	size_t length;

	if (file == NULL) {
		perror(path);
		return EXIT_FAILURE;
	}
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	replay(bytes, length);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static char mutated[MESSAGE_MUTATED_MAX];
	uint64_t seed = 20260101;

	for (int i = 1; i < argc; i++) {
		if (replay_file(argv[i]) != EXIT_SUCCESS)
			return EXIT_FAILURE;
	}
	if (argc > 1)
		return EXIT_SUCCESS;
	for (uint32_t i = 0; i < MESSAGE_SEEDS; i++) {
		for (size_t length = 0; length <= strlen(message_seeds[i]); length++)
			replay(message_seeds[i], length);
	}
	for (int i = 0; i < MUTATIONS; i++)
		replay(mutated, message_mutate(&seed, mutated));
	return EXIT_SUCCESS;
}

#endif
