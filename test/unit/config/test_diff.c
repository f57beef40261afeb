/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload with another file would change, setting by setting. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fault_record.h"

enum { CHANGES_MAX = 16 };

struct changes {
	unsigned int count;
	int lines[CHANGES_MAX];
	char texts[CHANGES_MAX][1024];
};

static void
change_add(void *context, const struct config_change *change)
{
	struct changes *changes = context;

	assert_true(changes->count < CHANGES_MAX);
	changes->lines[changes->count] = change->line;
	snprintf(changes->texts[changes->count++], sizeof(changes->texts[0]), "%s %s: %s -> %s",
		change->live ? "live" : "restart", change->path,
		change->before ? change->before : "-", change->after ? change->after : "-");
}

static struct config *
good_load(const char *text)
{
	static struct fault_record record;
	struct config *config = config_load_text(text, &record);

	fault_record_print(&record);
	assert_non_null(config);
	return config;
}

/* From one text to the other: exactly these changes. */
static void
assert_changes(const char *before, const char *after, const char *const *wanted)
{
	struct config *running = good_load(before), *next = good_load(after);
	static struct changes changes;
	unsigned int i;
	int count;

	changes.count = 0;
	count = config_diff(running->effective, next, change_add, &changes);
	assert_int_equal(count, changes.count);
	for (i = 0; wanted[i] != NULL && i < changes.count; i++)
		assert_string_equal(changes.texts[i], wanted[i]);
	assert_null(wanted[i]);
	assert_int_equal(i, changes.count);
	config_free(running);
	config_free(next);
}

#define TEXT_ROUTER       TEXT_PORTS TEXT_INTERFACES
#define TEXT_ACL(entries) "acls: ( { name = \"trunks\"; entries: ( " entries " ); } );\n"
#define ENTRY(address)    "{ action = \"permit\"; source = \"" address "\"; }"
#define ENTRY_WHOLE(address) \
	"{ action = \"permit\"; protocol = \"ip\"; source = \"" address "\"; destination = " \
	"\"any\" }"

static void
single_settings(void **state)
{
	assert_changes(TEXT_ROUTER, TEXT_ROUTER, (const char *const[]){NULL});
	/* However it is written: a default, hexadecimal, another order. */
	assert_changes(TEXT_ROUTER,
		"system: { worker_cores = [1]; max_flows = 0x40000; };\n" TEXT_INTERFACES
			TEXT_PORTS,
		(const char *const[]){NULL});
	assert_changes(TEXT_ROUTER,
		TEXT_ROUTER "system: { max_calls = 128; log: { level = \"debug\"; }; };\n"
			    "nat: { sip: { udp_ports = [5060, 5080]; }; };\nzones: [\"in\"];\n",
		(const char *const[]){"restart system.max_calls: 65536 -> 128",
			"live system.log.level: \"info\" -> \"debug\"",
			"restart nat.sip.udp_ports: [5060] -> [5060, 5080]",
			"restart zones: - -> [\"in\"]", NULL});
}

static void
entries_with_a_name(void **state)
{
	static const char moved[] = TEXT_PORTS
		"interfaces: (\n"
		"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\"]; nat = "
		"\"outside\"; },\n"
		"  { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/24\"]; mtu = 1400; "
		"nat "
		"= \"inside\"; });\n";

	assert_changes(TEXT_ROUTER, moved,
		(const char *const[]){"restart interfaces[lan].mtu: 1500 -> 1400",
			"restart interfaces (order): [\"lan\", \"wan\"] -> [\"wan\", \"lan\"]",
			NULL});
	assert_changes(TEXT_ROUTER "networks: ( { name = \"a\"; addresses = [\"10.0.0.1\"]; } );\n",
		TEXT_ROUTER "networks: ( { name = \"b\"; addresses = [\"10.0.0.2\"]; } );\n",
		(const char *const[]){
			"live networks[a]: { name = \"a\"; addresses = [\"10.0.0.1\"] } -> -",
			"live networks[b]: - -> { name = \"b\"; addresses = [\"10.0.0.2\"] }",
			NULL});
}

static void
entries_by_their_place(void **state)
{
	/* What both have at the beginning and at the end is no change. */
	assert_changes(TEXT_ROUTER TEXT_ACL(ENTRY("10.0.0.1") ", " ENTRY("10.0.0.3")),
		TEXT_ROUTER TEXT_ACL(
			ENTRY("10.0.0.1") ", " ENTRY("10.0.0.2") ", " ENTRY("10.0.0.3")),
		(const char *const[]){
			"live acls[trunks].entries[1]: - -> " ENTRY_WHOLE("10.0.0.2"), NULL});
	assert_changes(TEXT_ROUTER TEXT_ACL(ENTRY("10.0.0.1") ", " ENTRY("10.0.0.2")),
		TEXT_ROUTER TEXT_ACL(ENTRY("10.0.0.9") ", " ENTRY("10.0.0.2")),
		(const char *const[]){
			"live acls[trunks].entries[0]: " ENTRY_WHOLE("10.0.0.1") " -> -",
			"live acls[trunks].entries[0]: - -> " ENTRY_WHOLE("10.0.0.9"), NULL});
	assert_changes(TEXT_ROUTER TEXT_ACL(ENTRY("10.0.0.1")), TEXT_ROUTER,
		(const char *const[]){
			"live acls[trunks]: { name = \"trunks\"; entries = (" ENTRY_WHOLE(
				"10.0.0.1") ") } -> -",
			NULL});
}

static void
classes_of_a_policy(void **state)
{
#define TEXT_CLASSES(classes) \
	TEXT_ROUTER "zones: [\"in\"];\n" \
		    "class_maps: ( { name = \"c\"; protocols = [\"sip\"]; },\n" \
		    "  { name = \"d\"; protocols = [\"dns\"]; } );\n" \
		    "policy_maps: ( { name = \"p\"; classes: ( " classes " ); } );\n"
	assert_changes(TEXT_CLASSES("{ class = \"c\"; action = \"inspect\"; },"
				    "{ class = \"d\"; action = \"drop\"; }"),
		TEXT_CLASSES("{ class = \"d\"; action = \"drop\"; log = true; },"
			     "{ class = \"c\"; action = \"inspect\"; },"
			     "{ class = \"class-default\"; action = \"pass\"; }"),
		(const char *const[]){"live policy_maps[p].classes[d].log: false -> true",
			"live policy_maps[p].classes[class-default].action: \"drop\" -> \"pass\"",
			"live policy_maps[p].classes (order): [\"c\", \"d\", \"class-default\"] -> "
			"[\"d\", \"c\", \"class-default\"]",
			NULL});
}

/* As many changes that need a restart as a reload would refuse settings for, at the same lines. */
static void
agrees_with_the_reload_check(void **state)
{
	static const char after[] =
		TEXT_PORTS "system: {\n  worker_cores = [2];\n  max_flows = 2048;\n};\n"
			   "interfaces: ( { name = \"lan\"; port = \"lan0\"; addresses = "
			   "[\"10.0.0.1/24\"]; nat = \"inside\"; } );\n";
	struct config *running = good_load(TEXT_ROUTER), *next = good_load(after);
	static struct fault_record record;
	static struct changes changes;
	unsigned int i;

	memset(&record, 0, sizeof(record));
	changes.count = 0;
	assert_int_equal(config_reload_check(running, next, fault_record_add, &record), 3);
	assert_int_equal(config_diff(running->effective, next, change_add, &changes), 3);
	for (i = 0; i < 3; i++) {
		assert_non_null(strstr(changes.texts[i], record.faults[i].path));
		assert_int_equal(changes.lines[i], record.faults[i].line);
	}
	assert_int_equal(config_diff("no configuration", next, change_add, &changes), -EINVAL);
	config_free(running);
	config_free(next);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_settings),
		cmocka_unit_test(entries_with_a_name),
		cmocka_unit_test(entries_by_their_place),
		cmocka_unit_test(classes_of_a_policy),
		cmocka_unit_test(agrees_with_the_reload_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
