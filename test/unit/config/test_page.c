/* SPDX-License-Identifier: BSD-3-Clause */
/* docs/configuration.md is what the table of settings writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/setting_priv.h"

#include "fault_record.h"

static void
committed_page_equals_the_generated_one(void **state)
{
	char *generated = config_reference_page(), *committed;
	FILE *stream = fopen(getenv("PAGE_FILE"), "r");
	size_t length;

	assert_non_null(generated);
	assert_non_null(stream);
	committed = calloc(1, strlen(generated) + 2);
	length = fread(committed, 1, strlen(generated) + 1, stream);
	fclose(stream);
	assert_int_equal(length, strlen(generated));
	assert_string_equal(committed, generated);
	free(committed);
	free(generated);
}

static void
every_setting_is_on_the_page(void **state)
{
	char *page = config_reference_page(), cell[256];
	unsigned int i;

	assert_non_null(page);
	for (i = 0; i < setting_count; i++) {
		if (strpbrk(setting_table[i].path, ".[") == NULL)
			snprintf(cell, sizeof(cell), "\n## %s\n", setting_table[i].path);
		else
			snprintf(cell, sizeof(cell), "\n| `%s` | ", setting_table[i].path);
		assert_non_null(strstr(page, cell));
	}
	free(page);
}

static void
every_default_is_within_its_own_bounds(void **state)
{
	const struct setting *setting;
	unsigned int i, choices;

	for (i = 0; i < setting_count; i++) {
		setting = &setting_table[i];
		if (setting->type == SETTING_INTEGER)
			assert_true(setting->fallback >= setting->min &&
				    setting->fallback <= setting->max);
		if (setting->type == SETTING_CHOICE) {
			for (choices = 0; setting->choices[choices] != NULL; choices++)
				;
			assert_true(setting->fallback < choices);
		}
		assert_non_null(setting->help);
		assert_ptr_equal(setting_find(setting->path), setting);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(committed_page_equals_the_generated_one),
		cmocka_unit_test(every_setting_is_on_the_page),
		cmocka_unit_test(every_default_is_within_its_own_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
