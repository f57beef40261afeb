/* SPDX-License-Identifier: BSD-3-Clause */
/* Log levels, targets and the rate limit of the datapath, seen through a redirected stderr. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/log.h"
#include "eal_fixture.h"

static char captured[4096];

/* Run `body` with stderr in a file, then put the file's text into `captured`. */
static void
capture(void (*body)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t length;

	assert_non_null(file);
	assert_true(saved >= 0);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	body();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	length = fread(captured, 1, sizeof(captured) - 1, file);
	captured[length] = '\0';
	fclose(file);
}

static unsigned int
captured_lines(void)
{
	unsigned int lines = 0;

	for (const char *c = captured; *c != '\0'; c++)
		lines += *c == '\n';
	return lines;
}

static void
write_all_levels(void)
{
	LOG(ERR, "an %s", "error");
	LOG(WARNING, "a warning");
	LOG(INFO, "some information");
	LOG(DEBUG, "a detail");
}

static void
each_level_shows_itself_and_what_is_graver(void **state)
{
	const char *levels[] = {"error", "warning", "info", "debug"};

	for (unsigned int i = 0; i < RTE_DIM(levels); i++) {
		assert_int_equal(log_init(levels[i], "stderr"), 0);
		capture(write_all_levels);
		assert_int_equal(captured_lines(), i + 1);
		assert_ptr_equal(strstr(captured, "callgate: an error\n"), captured);
	}
}

static void
write_always(void)
{
	LOG(INFO, "some information");
	log_always("number %d", 1);
}

static void
what_is_always_written_has_no_level(void **state)
{
	assert_int_equal(log_init("error", "stderr"), 0);
	capture(write_always);
	assert_string_equal(captured, "callgate: number 1\n");
	assert_int_equal(log_init("error", "syslog"), 0);
	capture(write_always);
	assert_string_equal(captured, "");
}

static void
target_syslog_keeps_stderr_clean(void **state)
{
	assert_int_equal(log_init("debug", "syslog"), 0);
	capture(write_all_levels);
	assert_string_equal(captured, "");
	assert_int_equal(log_init("debug", "stderr"), 0);
	capture(write_all_levels);
	assert_int_equal(captured_lines(), 4);
}

static void
an_unknown_level_or_target_is_refused_and_changes_nothing(void **state)
{
	assert_int_equal(log_init("warning", "stderr"), 0);
	assert_int_equal(log_init("loud", "stderr"), -EINVAL);
	assert_int_equal(log_init("debug", "printer"), -EINVAL);
	capture(write_all_levels);
	assert_int_equal(captured_lines(), 2);
}

static void
write_a_flood(void)
{
	for (unsigned int i = 0; i < 100; i++)
		LOG_RATED(INFO, "packet %u", i);
}

static void
write_one(void)
{
	LOG_RATED(INFO, "next");
}

static void
a_flood_is_cut_and_the_next_line_says_by_how_much(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	clock_init(true);
	clock_set_ms(CLOCK_ORIGIN_MS + 5000);
	capture(write_a_flood);
	assert_int_equal(captured_lines(), LOG_RATED_PER_SECOND);
	clock_set_ms(CLOCK_ORIGIN_MS + 5999);
	capture(write_one);
	assert_string_equal(captured, "");
	clock_set_ms(CLOCK_ORIGIN_MS + 6000);
	capture(write_one);
	assert_string_equal(captured, "callgate: next (91 lines left out before)\n");
	capture(write_one);
	assert_string_equal(captured, "callgate: next (0 lines left out before)\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_level_shows_itself_and_what_is_graver),
		cmocka_unit_test(what_is_always_written_has_no_level),
		cmocka_unit_test(target_syslog_keeps_stderr_clean),
		cmocka_unit_test(an_unknown_level_or_target_is_refused_and_changes_nothing),
		cmocka_unit_test(a_flood_is_cut_and_the_next_line_says_by_how_much),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
