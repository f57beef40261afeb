/* SPDX-License-Identifier: BSD-3-Clause */
/* The effective configuration: every default filled in, and a configuration file by itself. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <libconfig.h>

#include "config/setting_priv.h"

#include "example.h"
#include "fault_record.h"

static struct config *
good_load(const char *text)
{
	static struct fault_record record;
	struct config *config = config_load_text(text, &record);

	fault_record_print(&record);
	assert_non_null(config);
	return config;
}

static void
no_change(void *context, const struct config_change *change)
{
	fail_msg("%s: %s -> %s", change->path, change->before ? change->before : "-",
		change->after ? change->after : "-");
}

/* What a configuration is effectively is a file that says the same, whatever reads it. */
static void
assert_says_the_same(const struct config *config)
{
	static struct fault_record record;
	struct config *again = good_load(config->effective);

	assert_string_equal(again->effective, config->effective);
	assert_int_equal(config_diff(config->effective, again, no_change, NULL), 0);
	memset(&record, 0, sizeof(record));
	assert_int_equal(config_reload_check(config, again, fault_record_add, &record), 0);
	assert_int_equal(again->acl_count, config->acl_count);
	assert_int_equal(again->nat.rule_count, config->nat.rule_count);
	assert_int_equal(again->zones_configured, config->zones_configured);
	config_free(again);
}

static void
samples_say_the_same_in_full(void **state)
{
	static struct fault_record record;
	struct config *config;
	char pattern[1024];
	glob_t found;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/*.conf", getenv("SAMPLES_DIR"));
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 4);
	for (i = 0; i < found.gl_pathc; i++) {
		config = config_load(found.gl_pathv[i], fault_record_add, &record);
		assert_non_null(config);
		assert_says_the_same(config);
		config_free(config);
	}
	globfree(&found);
}

static void
every_setting_is_kept(void **state)
{
	struct config *config = good_load(example);

	assert_says_the_same(config);
	assert_non_null(strstr(config->effective, "\"2000-3000\""));
	assert_non_null(strstr(config->effective, "not_class_maps"));
	config_free(config);
}

/* The value of a setting outside lists as the table's default says it. */
static void
assert_default(const config_t *tree, const struct setting *row)
{
	const config_setting_t *setting = config_lookup(tree, row->path);

	if (setting == NULL)
		print_error("%s\n", row->path);
	assert_non_null(setting);
	switch (row->type) {
	case SETTING_INTEGER:
		assert_int_equal(config_setting_get_int64(setting), row->fallback);
		break;
	case SETTING_BOOLEAN:
		assert_int_equal(config_setting_get_bool(setting), row->fallback);
		break;
	case SETTING_CHOICE:
		assert_string_equal(
			config_setting_get_string(setting), row->choices[row->fallback]);
		break;
	case SETTING_WORD:
	case SETTING_NAME:
	case SETTING_TEXT:
		assert_string_equal(config_setting_get_string(setting), row->text);
		break;
	default:
		break;
	}
}

static void
defaults_are_filled_in(void **state)
{
	struct config *config = good_load(TEXT_PORTS TEXT_INTERFACES);
	char standard[512];
	unsigned int i, seen = 0;
	config_t tree;

	config_init(&tree);
	assert_int_equal(config_read_string(&tree, config->effective), CONFIG_TRUE);
	for (i = 0; i < setting_count; i++) {
		setting_default_text(&setting_table[i], standard, sizeof(standard));
		if (setting_in_list(&setting_table[i]) || standard[0] == '\0')
			continue;
		assert_default(&tree, &setting_table[i]);
		seen++;
	}
	assert_true(seen > 30);
	/* In the entries of lists too; and none where a default may not be written. */
	assert_int_equal(config_setting_get_int(config_lookup(&tree, "interfaces.[1].mtu")), 1500);
	assert_string_equal(
		config_setting_get_string(config_lookup(&tree, "interfaces.[0].zone")), "default");
	assert_null(config_lookup(&tree, "zones"));
	assert_null(config_lookup(&tree, "routes"));
	config_destroy(&tree);
	config_free(config);
}

static void
what_depends_on_others_is_there_with_them_alone(void **state)
{
	struct config *config = good_load(
		"ports: ( { name = \"tap0\"; driver = \"tap\"; }, { name = \"wan0\"; driver = "
		"\"null\"; } );\n"
		"interfaces: (\n"
		"  { name = \"lan\"; port = \"tap0\"; addresses = [\"10.0.0.1/24\"]; nat = "
		"\"inside\"; },\n"
		"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\"]; nat = "
		"\"outside\"; } );\n"
		"nat: { pools: ( { name = \"a\"; addresses = [\"203.0.113.9\"]; },\n"
		"    { name = \"b\"; addresses = [\"203.0.113.8\"]; block_size = 64; } );\n"
		"  rules: ( { kind = \"dynamic\"; inside = [\"10.0.0.0/24\"]; pool = \"a\"; },\n"
		"    { kind = \"static\"; inside = \"10.0.0.5\"; outside = \"203.0.113.5\"; } ); "
		"};\n"
		"zones: [\"in\"];\n"
		"policy_maps: ( { name = \"p\"; classes: ( { class = \"class-default\"; action = "
		"\"pass\"; } ); } );\n");
	config_t tree;

	config_init(&tree);
	assert_int_equal(config_read_string(&tree, config->effective), CONFIG_TRUE);
	assert_string_equal(
		config_setting_get_string(config_lookup(&tree, "ports.[0].device")), "tap0");
	assert_null(config_lookup(&tree, "ports.[1].device"));
	assert_null(config_lookup(&tree, "nat.pools.[0].blocks_per_host"));
	assert_int_equal(
		config_setting_get_int(config_lookup(&tree, "nat.pools.[1].blocks_per_host")), 8);
	assert_true(config_setting_get_bool(config_lookup(&tree, "nat.rules.[0].overload")));
	assert_null(config_lookup(&tree, "nat.rules.[1].overload"));
	assert_int_equal(config_setting_length(config_lookup(&tree, "policy_maps.[0].classes")), 1);
	config_destroy(&tree);
	assert_says_the_same(config);
	config_free(config);
}

static void
class_default_is_written_out(void **state)
{
	struct config *config = good_load(TEXT_PORTS TEXT_INTERFACES
		"zones: [\"in\"];\n"
		"class_maps: ( { name = \"c\"; protocols = [\"sip\"]; } );\n"
		"policy_maps: ( { name = \"p\"; classes: ( { class = \"c\"; action = \"pass\"; } "
		"); "
		"} );\n");
	config_t tree;

	config_init(&tree);
	assert_int_equal(config_read_string(&tree, config->effective), CONFIG_TRUE);
	assert_string_equal(config_setting_get_string(
				    config_lookup(&tree, "policy_maps.[0].classes.[1].class")),
		"class-default");
	assert_string_equal(config_setting_get_string(
				    config_lookup(&tree, "policy_maps.[0].classes.[1].action")),
		"drop");
	config_destroy(&tree);
	assert_says_the_same(config);
	config_free(config);
}

/* It goes to terminals and through JSON: whatever a text has in it, the configuration is ASCII. */
static void
text_is_ascii(void **state)
{
	struct config *config = good_load("ports: ( { name = \"a\"; driver = \"pcap\"; device = "
					  "\"x\\\\\x01\xc3\xa4\t\"; } );\n"
					  "interfaces: ( { name = \"lan\"; port = \"a\"; addresses "
					  "= [\"10.0.0.1/24\"]; } );\n");
	const char *at;

	for (at = config->effective; *at != '\0'; at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
	assert_says_the_same(config);
	config_free(config);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_say_the_same_in_full),
		cmocka_unit_test(every_setting_is_kept),
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(what_depends_on_others_is_there_with_them_alone),
		cmocka_unit_test(class_default_is_written_out),
		cmocka_unit_test(text_is_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
