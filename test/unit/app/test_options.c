/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: what each option sets, and that wrong ones are refused. */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <rte_common.h>

#include "app/callgate/options.h"

static struct options options;

#define PARSE(...) \
	parse((const char *[]){"callgate", ##__VA_ARGS__, NULL}, \
		RTE_DIM(((const char *[]){"callgate", ##__VA_ARGS__})))

static int
parse(const char **arguments, int count)
{
	optind = 0; /* getopt starts anew */
	return options_parse(count, (char **)(uintptr_t)arguments, &options);
}

static void
a_file_alone_runs_the_appliance(void **state)
{
	assert_int_equal(PARSE("-c", "a.conf"), 0);
	assert_int_equal(options.mode, MODE_RUN);
	assert_string_equal(options.config_file, "a.conf");
}

static void
check_help_and_version_are_modes(void **state)
{
	assert_int_equal(PARSE("--check", "-c", "a.conf"), 0);
	assert_int_equal(options.mode, MODE_CHECK);
	assert_int_equal(PARSE("--help"), 0);
	assert_int_equal(options.mode, MODE_HELP);
	assert_int_equal(PARSE("--version"), 0);
	assert_int_equal(options.mode, MODE_VERSION);
}

static void
several_captures_each_have_their_port(void **state)
{
	assert_int_equal(PARSE("--replay", "a.pcap", "--replay-from", "lan0", "--replay", "b.pcap",
				 "--replay-from", "wan0", "--replay-out", "out", "--replay-arp",
				 "none", "--replay-drain", "90", "--seed", "7", "-c", "a.conf"),
		0);
	assert_int_equal(options.mode, MODE_REPLAY);
	assert_int_equal(options.replay_count, 2);
	assert_string_equal(options.replay[1].file, "b.pcap");
	assert_string_equal(options.replay[1].port, "wan0");
	assert_string_equal(options.replay_out, "out");
	assert_false(options.replay_answer_arp);
	assert_int_equal(options.drain_s, 90);
	assert_int_equal(options.seed, 7);
}

static void
wrong_command_lines_are_refused(void **state)
{
	assert_int_equal(PARSE(), -EINVAL);
	assert_int_equal(PARSE("-c"), -EINVAL);
	assert_int_equal(PARSE("--nonsense", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("-c", "a.conf", "extra"), -EINVAL);
	assert_int_equal(PARSE("--replay", "a", "--replay-out", "o", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--replay", "a", "--replay-from", "p", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--replay-from", "p", "--replay", "a", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--replay-out", "o", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--seed", "0", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--seed", "-3", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--replay-drain", "soon", "-c", "a.conf"), -EINVAL);
	assert_int_equal(PARSE("--replay-arp", "maybe", "-c", "a.conf"), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_alone_runs_the_appliance),
		cmocka_unit_test(check_help_and_version_are_modes),
		cmocka_unit_test(several_captures_each_have_their_port),
		cmocka_unit_test(wrong_command_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
