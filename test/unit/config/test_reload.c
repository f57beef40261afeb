/* SPDX-License-Identifier: BSD-3-Clause */
/* Which changes a reload may make, and where settings stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fault_record.h"

#define TEXT_POLICY \
	"zones: [\"inside\"];\n" \
	"class_maps: ( { name = \"c\"; protocols = [\"sip\"]; } );\n" \
	"policy_maps: ( { name = \"p\"; classes: ( { class = \"c\"; action = \"%s\"; } ); } );\n"

static struct config *
good_load(const char *text)
{
	static struct fault_record record;
	struct config *config = config_load_text(text, &record);

	fault_record_print(&record);
	assert_non_null(config);
	return config;
}

static unsigned int
reload(const char *before, const char *after, struct fault_record *record)
{
	struct config *running = good_load(before), *next = good_load(after);
	unsigned int count;

	memset(record, 0, sizeof(*record));
	count = config_reload_check(running, next, fault_record_add, record);
	assert_int_equal(count, record->count);
	config_free(running);
	config_free(next);
	return count;
}

static void
the_same_file_may_be_loaded_again(void **state)
{
	static struct fault_record record;

	assert_int_equal(
		reload(TEXT_PORTS TEXT_INTERFACES, TEXT_PORTS TEXT_INTERFACES, &record), 0);
}

static void
policy_may_change(void **state)
{
	static struct fault_record record;
	char before[2048], after[2048];

	snprintf(before, sizeof(before), TEXT_PORTS TEXT_INTERFACES TEXT_POLICY, "inspect");
	snprintf(after, sizeof(after), TEXT_PORTS TEXT_INTERFACES TEXT_POLICY, "drop");
	assert_int_equal(reload(before, after, &record), 0);
}

static void
levels_of_the_log_may_change_and_its_target_may_not(void **state)
{
	static struct fault_record record;

	assert_int_equal(
		reload(TEXT_PORTS TEXT_INTERFACES,
			TEXT_PORTS TEXT_INTERFACES "system: { log: { level = \"error\"; modules: ( "
						   "{ module = \"sip\"; level = "
						   "\"debug\"; } ); }; };\n",
			&record),
		0);
	assert_int_equal(reload(TEXT_PORTS TEXT_INTERFACES,
				 TEXT_PORTS TEXT_INTERFACES
				 "system: { log: { target = \"syslog\"; }; cdr: { target = "
				 "\"file\"; }; };\n",
				 &record),
		2);
}

static void
writing_out_a_default_changes_nothing(void **state)
{
	static struct fault_record record;

	assert_int_equal(reload(TEXT_PORTS TEXT_INTERFACES,
				 TEXT_PORTS TEXT_INTERFACES
				 "system: { worker_cores = [1]; idle = \"auto\"; file_prefix = "
				 "\"callgate\"; };\n"
				 "nat: { sip: { udp_ports = [5060]; tcp_ports = [5060]; }; };\n",
				 &record),
		0);
}

static void
each_change_that_needs_a_restart_is_named_with_its_line(void **state)
{
	static struct fault_record record;

	reload(TEXT_PORTS TEXT_INTERFACES,
		TEXT_PORTS "system: {\n  worker_cores = [2];\n  max_flows = 2048;\n"
			   "  file_prefix = \"other\"; };\n"
			   "interfaces: ( { name = \"lan\"; port = \"lan0\"; addresses = "
			   "[\"10.0.0.2/24\"]; } );\n"
			   "zones: [];\n",
		&record);
	assert_int_equal(record.count, 5);
	assert_string_equal(record.faults[0].path, "system.worker_cores");
	assert_int_equal(record.faults[0].line, 3);
	assert_string_equal(record.faults[1].path, "system.file_prefix");
	assert_int_equal(record.faults[1].line, 5);
	assert_string_equal(record.faults[2].path, "system.max_flows");
	assert_int_equal(record.faults[2].line, 4);
	assert_string_equal(record.faults[3].path, "interfaces");
	assert_int_equal(record.faults[3].line, 6);
	assert_string_equal(record.faults[4].path, "zones");
	assert_non_null(strstr(record.faults[4].text, "cannot change live, allowed: the running"));
}

static void
a_setting_has_its_line_and_a_missing_one_its_groups(void **state)
{
	struct config *config =
		good_load(TEXT_PORTS "system: {\n  memory_mb = 64;\n};\n" TEXT_INTERFACES);
	struct config_place place = config_place(config, "system.memory_mb");

	assert_int_equal(place.line, 3);
	assert_string_equal(place.file, config->file);
	assert_int_equal(config_place(config, "system.max_flows").line, 2);
	assert_int_equal(config_place(config, "interfaces").line, 5);
	assert_int_equal(config_place(config, "sip.malformed").line, 1);
	config_free(config);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_file_may_be_loaded_again),
		cmocka_unit_test(policy_may_change),
		cmocka_unit_test(levels_of_the_log_may_change_and_its_target_may_not),
		cmocka_unit_test(writing_out_a_default_changes_nothing),
		cmocka_unit_test(each_change_that_needs_a_restart_is_named_with_its_line),
		cmocka_unit_test(a_setting_has_its_line_and_a_missing_one_its_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
