/* SPDX-License-Identifier: BSD-3-Clause */
/* Every file in conf/ passes the check, and says what its name promises. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fault_record.h"

enum { FILES_MAX = 64 };

static struct config *
sample_load(const char *name)
{
	static struct fault_record record;
	char file[1024];
	struct config *config;

	memset(&record, 0, sizeof(record));
	snprintf(file, sizeof(file), "%s/%s", getenv("SAMPLES_DIR"), name);
	config = config_load(file, fault_record_add, &record);
	fault_record_print(&record);
	assert_int_equal(record.count, 0);
	assert_non_null(config);
	return config;
}

static void
passes_the_check(void **state)
{
	config_free(sample_load(*state));
}

static void
minimal_is_a_router_without_firewall(void **state)
{
	struct config *config = sample_load("minimal.conf");

	assert_false(config->zones_configured);
	assert_int_equal(config->port_count, 2);
	assert_int_equal(config->ports[0].driver, DRIVER_AF_PACKET);
	assert_int_equal(config->ports[1].driver, DRIVER_AF_PACKET);
	assert_int_equal(config->nat.rule_count, 1);
	assert_true(config->nat.rules[0].overload);
	assert_int_equal(config->nat.sip_udp_port_count, 1);
	assert_int_equal(config->nat.sip_udp_ports[0], 5060);
	config_free(config);
}

static void
trunk_inspects_sip_in_both_directions(void **state)
{
	struct config *config = sample_load("trunk.conf");
	const struct config_policy_map *policy;
	unsigned int i;

	assert_true(config->zones_configured);
	assert_int_equal(config->zone_pair_count, 2);
	assert_int_equal(config->zone_pairs[0].source, config->zone_pairs[1].destination);
	assert_int_equal(config->zone_pairs[0].destination, config->zone_pairs[1].source);
	for (i = 0; i < 2; i++) {
		policy = &config->policy_maps[config->zone_pairs[i].policy];
		assert_int_equal(policy->classes[0].action, ACTION_INSPECT);
		assert_int_equal(config->class_maps[policy->classes[0].class_map].matches[0].kind,
			MATCH_SIP);
	}
	assert_int_equal(config->nat.rules[0].kind, NAT_RULE_STATIC);
	assert_int_equal(
		config->nat.rules[0].static_outside, config->interfaces[1].addresses[0].address);
	config_free(config);
}

static void
firewall_only_translates_nothing(void **state)
{
	struct config *config = sample_load("firewall-only.conf");
	unsigned int i;

	assert_int_equal(config->nat.rule_count, 0);
	assert_true(config->zones_configured);
	for (i = 0; i < config->interface_count; i++)
		assert_int_equal(config->interfaces[i].nat_side, 0);
	config_free(config);
}

static void
ios_style_says_what_the_ios_lines_say(void **state)
{
	struct config *config = sample_load("ios-style.conf");
	const struct config_policy_map *policy;

	assert_int_equal(config->zone_count, 4);
	assert_string_equal(config->zones[2], "zone1");
	assert_string_equal(config->zones[3], "zone2");
	assert_string_equal(config->zone_pairs[0].name, "in-out");
	assert_int_equal(config->zone_pairs[0].source, 2);
	assert_int_equal(config->zone_pairs[0].destination, 3);
	policy = &config->policy_maps[config->zone_pairs[0].policy];
	assert_string_equal(policy->name, "sip-policy");
	assert_string_equal(config->class_maps[policy->classes[0].class_map].name, "sip-class1");
	assert_int_equal(policy->classes[0].action, ACTION_INSPECT);
	assert_int_equal(policy->classes[1].class_map, -1);
	assert_int_equal(policy->classes[1].action, ACTION_DROP);
	config_free(config);
}

int
main(void)
{
	static const struct CMUnitTest named[] = {
		cmocka_unit_test(minimal_is_a_router_without_firewall),
		cmocka_unit_test(trunk_inspects_sip_in_both_directions),
		cmocka_unit_test(firewall_only_translates_nothing),
		cmocka_unit_test(ios_style_says_what_the_ios_lines_say),
	};
	static struct CMUnitTest tests[FILES_MAX];
	const char *folder = getenv("SAMPLES_DIR");
	char pattern[1024], *name;
	int failed;
	size_t i;
	glob_t files;

	if (folder == NULL)
		return 1;
	snprintf(pattern, sizeof(pattern), "%s/*.conf", folder);
	if (glob(pattern, 0, NULL, &files) != 0 || files.gl_pathc >= FILES_MAX)
		return 1;
	for (i = 0; i < files.gl_pathc; i++) {
		name = strrchr(files.gl_pathv[i], '/') + 1;
		tests[i] = (struct CMUnitTest){
			.name = name, .test_func = passes_the_check, .initial_state = name};
	}
	failed = _cmocka_run_group_tests("samples", tests, files.gl_pathc, NULL, NULL);
	failed += cmocka_run_group_tests(named, NULL, NULL);
	globfree(&files);
	return failed;
}
