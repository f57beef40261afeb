/* SPDX-License-Identifier: BSD-3-Clause */
/* Running out of memory at any allocation of a load: told as a fault, and everything is freed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "example.h"
#include "fault_record.h"

/* The allocation that fails, counted down; -1: none does. */
static int allocations_left = -1;

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static bool
allocation_fails(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left-- == 0;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(memory, size);
}

char *
__wrap_strdup(const char *text)
{
	return allocation_fails() ? NULL : __real_strdup(text);
}

/* Fails the first, second, third ... allocation until the load gets through; returns how many. */
static int
load_short_of_memory(const char *text, struct fault_record *record, struct config **config)
{
	int failing;

	for (failing = 0;; failing++) {
		allocations_left = failing;
		*config = config_load_text(text, record);
		if (record->count != 1 || strstr(record->faults[0].text, "out of memory") == NULL)
			break;
		assert_null(*config);
	}
	allocations_left = -1;
	return failing;
}

static void
running_out_of_memory_is_a_fault_and_leaks_nothing(void **state)
{
	static struct fault_record record;
	struct config *config;

	assert_true(load_short_of_memory(example, &record, &config) > 50);
	assert_non_null(config);
	assert_int_equal(record.count, 0);
	config_free(config);
}

static void
running_out_of_memory_among_faults_leaks_nothing(void **state)
{
	static struct fault_record record;
	struct config *config;
	int allocations = load_short_of_memory(TEXT_PORTS TEXT_INTERFACES
		"nat: { rules: ( { kind = \"static\"; } ); };\n"
		"class_maps: ( { name = \"a\"; class_maps = [\"a\"]; } );\n",
		&record, &config);

	assert_true(allocations > 20);
	assert_null(config);
	assert_int_equal(record.count, 3);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(running_out_of_memory_is_a_fault_and_leaks_nothing),
		cmocka_unit_test(running_out_of_memory_among_faults_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
