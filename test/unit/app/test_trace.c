/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces: who wants a message, what is lost where there is no room, and how a trace ends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/callgate/trace.h"
#include "app/callgate/worker.h"
#include "core/clock.h"
#include "core/rcu.h"
#include "sip/edit.h"
#include "test/unit/eal_fixture.h"

enum { LONG = 60000 };

static struct appliance appliance;
static struct worker worker;
static struct interface_table interfaces;
static struct flow flow;
static struct sip_edits edits;
static char text[LONG];
static const struct hash128 call_id = {1, 2}, other_call_id = {1, 3};

static struct alg_message
message_of(const char *from, const struct hash128 *id)
{
	struct alg_message message = {
		.text = text,
		.length = (uint32_t)strlen(from),
		.capacity = sizeof(text),
		.call_id = id,
		.flow = &flow,
	};

	memcpy(text, from, message.length);
	return message;
}

/* Process a message of a call; false: nobody wanted it. */
static bool
pass(const char *from, const struct hash128 *id, int verdict)
{
	struct alg_message message = message_of(from, id);

	if (!trace_is_on(appliance.trace) || !trace_before(&worker, &message))
		return false;
	trace_after(&worker, &message, verdict);
	return true;
}

static uint64_t
started(rte_be32_t host, const struct hash128 *id)
{
	struct trace_filter filter = {.host = host, .what = "it"};
	uint64_t token = 0;

	if (id != NULL)
		filter.call_id = *id;
	assert_int_equal(trace_start(&appliance, &filter, &token), 0);
	return token;
}

/* After this no worker looks at a trace that has ended. */
static void
quiet(void)
{
	rcu_quiescent(0);
	trace_step(&appliance, UINT32_MAX);
}

static union {
	struct trace_record record;
	uint8_t bytes[1 << 20];
} taken;

static uint32_t
read_all(uint64_t token, uint64_t *lost)
{
	uint32_t used = 0;
	int length;

	trace_step(&appliance, UINT32_MAX);
	while ((length = trace_read(&appliance, token, taken.bytes + used, 100, lost)) > 0)
		used += (uint32_t)length;
	assert_int_equal(length, 0);
	return used;
}

static void
a_message_is_copied_as_it_came_and_as_it_left(void **state)
{
	uint64_t token = started(0, &call_id), lost;
	struct alg_message message = message_of("INVITE old", &call_id);
	const struct trace_edit wanted = {7, 3, 5};
	uint32_t used;

	assert_false(pass("other", &other_call_id, ALG_FORWARD));
	assert_false(pass("none", NULL, ALG_FORWARD));
	message = message_of("INVITE old", &call_id);
	assert_true(trace_before(&worker, &message));
	memcpy(text, "INVITE newer", 12);
	message.length = 12;
	message.edited = true;
	edits.count = 1;
	edits.edit[0] = (struct sip_edit){.offset = 7, .length = 3, .text_length = 5};
	message.edits = &edits;
	trace_after(&worker, &message, ALG_FORWARD);
	used = read_all(token, &lost);
	assert_int_equal(used, taken.record.length);
	assert_int_equal(taken.record.length % TRACE_UNIT, 0);
	assert_int_equal(taken.record.before, 10);
	assert_int_equal(taken.record.after, 12);
	assert_int_equal(taken.record.edits, 1);
	assert_memory_equal(taken.bytes + sizeof(taken.record), "INVITE oldINVITE newer", 22);
	assert_memory_equal(taken.bytes + sizeof(taken.record) + 22, &wanted, sizeof(wanted));
	assert_string_equal(taken.record.in, "lan");
	assert_string_equal(taken.record.out, "wan");
	assert_string_equal(taken.record.dropped, "");
	assert_true(pass("INVITE bad", &call_id, DROP_SIP_MALFORMED));
	used = read_all(token, &lost);
	assert_int_equal(used, taken.record.length);
	assert_string_equal(taken.record.dropped, drop_reason_name(DROP_SIP_MALFORMED));
	assert_int_equal(taken.record.after, 0);
	assert_int_equal(lost, 0);
	assert_int_equal(trace_stop(&appliance, token), 0);
	quiet();
}

static void
a_host_is_known_by_each_of_its_addresses(void **state)
{
	const struct flow_path *path = &flow.path[0];
	const rte_be32_t hosts[] = {path->key.src, path->key.dst, path->new_src, path->new_dst};
	uint64_t lost, token;

	for (unsigned int i = 0; i < RTE_DIM(hosts); i++) {
		token = started(hosts[i], NULL);
		assert_true(pass("x", NULL, ALG_FORWARD));
		assert_true(read_all(token, &lost) > 0);
		assert_int_equal(trace_stop(&appliance, token), 0);
		quiet();
	}
	token = started(RTE_BE32(0x7b7b7b7b), NULL);
	assert_false(pass("x", NULL, ALG_FORWARD));
	assert_int_equal(trace_stop(&appliance, token), 0);
	quiet();
}

/* The ring first, then the buffer: each whole message is there or is counted as lost. */
static void
what_finds_no_room_is_counted(void **state)
{
	uint64_t token = started(0, &call_id), lost = 0, sent = 0, found = 0;
	uint32_t used, at = 0;
	struct alg_message message;

	memset(text, 'x', sizeof(text));
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 8; i++, sent++) {
			message = (struct alg_message){.text = text,
				.length = sizeof(text),
				.capacity = sizeof(text),
				.call_id = &call_id,
				.flow = &flow};
			assert_true(trace_before(&worker, &message));
			trace_after(&worker, &message, ALG_FORWARD);
		}
		trace_step(&appliance, UINT32_MAX);
	}
	used = read_all(token, &lost);
	while (at < used) {
		struct trace_record record;

		memcpy(&record, taken.bytes + at, sizeof(record));
		assert_int_equal(record.before, sizeof(text));
		for (uint32_t i = 0; i < record.before; i++)
			assert_int_equal(taken.bytes[at + sizeof(record) + i], 'x');
		at += record.length;
		found++;
	}
	assert_int_equal(at, used);
	assert_true(found >= 8);
	assert_true(counters_event_sum(EVENT_TRACE_LOST) > 0);
	assert_true(lost > counters_event_sum(
				   EVENT_TRACE_LOST)); /* some in the ring, some in the buffer */
	assert_int_equal(found + lost, sent);
	assert_int_equal(trace_stop(&appliance, token), 0);
	quiet();
}

static void
a_place_is_used_again_only_after_a_grace_period(void **state)
{
	uint64_t tokens[TRACES_MAX], late, lost;
	struct trace_filter filter = {.host = 1};
	struct alg_message message;

	for (unsigned int i = 0; i < TRACES_MAX; i++)
		tokens[i] = started(0, &call_id);
	assert_int_equal(trace_start(&appliance, &filter, &late), -EBUSY);
	/* This worker is amid a message when the trace ends. */
	message = message_of("late", &call_id);
	assert_true(trace_before(&worker, &message));
	assert_int_equal(trace_stop(&appliance, tokens[0]), 0);
	assert_int_equal(trace_stop(&appliance, tokens[0]), -ENOENT);
	assert_int_equal(trace_read(&appliance, tokens[0], taken.bytes, 100, &lost), -ENOENT);
	trace_step(&appliance, UINT32_MAX);
	assert_int_equal(trace_start(&appliance, &filter, &late), -EBUSY);
	trace_after(&worker, &message, ALG_FORWARD);
	rcu_quiescent(0);
	trace_step(&appliance, 0);
	/* What waits in the ring is of the earlier one: the next in its place does not get it. */
	late = started(0, &call_id);
	assert_int_not_equal(late, tokens[0]);
	assert_int_equal(read_all(late, &lost), 0);
	assert_true(read_all(tokens[1], &lost) > 0);
	assert_int_equal(trace_stop(&appliance, late), 0);
	for (unsigned int i = 1; i < TRACES_MAX; i++)
		assert_int_equal(trace_stop(&appliance, tokens[i]), 0);
	assert_false(trace_is_on(appliance.trace));
	quiet();
}

static void
a_trace_ends_when_nobody_reads_it(void **state)
{
	uint64_t token = started(0, &call_id), lost;
	struct trace_row rows[TRACES_MAX];

	appliance.control.now_ms += TRACE_LEASE_MS - 1;
	trace_step(&appliance, 1);
	assert_int_equal(trace_read(&appliance, token, taken.bytes, 100, &lost), 0);
	appliance.control.now_ms += TRACE_LEASE_MS - 1;
	trace_step(&appliance, 1);
	assert_int_equal(trace_list(&appliance, rows), 1);
	assert_int_equal(rows[0].token, token);
	assert_int_equal(rows[0].lease_ms, 1);
	assert_string_equal(rows[0].what, "it");
	appliance.control.now_ms++;
	trace_step(&appliance, 1);
	assert_false(trace_is_on(appliance.trace));
	assert_int_equal(trace_list(&appliance, rows), 0);
	assert_int_equal(trace_read(&appliance, token, taken.bytes, 100, &lost), -ENOENT);
	quiet();
}

static int
set_up(void **state)
{
	strcpy(interfaces.entry[0].name, "lan");
	strcpy(interfaces.entry[1].name, "wan");
	appliance.interfaces = &interfaces;
	appliance.trace = trace_create(1, SOCKET_ID_ANY, NULL);
	assert_non_null(appliance.trace);
	thread_init(&worker.thread, 0);
	thread_init(&appliance.control, THREAD_CONTROL);
	worker.appliance = &appliance;
	flow.path[0].egress = 1;
	flow.path[0].key.src = RTE_BE32(0x0a000005);
	flow.path[0].key.dst = RTE_BE32(0xcb007109);
	flow.path[0].new_src = RTE_BE32(0xcb007101);
	flow.path[0].new_dst = RTE_BE32(0xcb00710a);
	return 0;
}

static int
tear_down(void **state)
{
	trace_destroy(appliance.trace);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_copied_as_it_came_and_as_it_left),
		cmocka_unit_test(a_host_is_known_by_each_of_its_addresses),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(a_place_is_used_again_only_after_a_grace_period),
		cmocka_unit_test(a_trace_ends_when_nobody_reads_it),
	};

	eal_fixture_start();
	clock_init(true);
	if (rcu_init() != 0 || rcu_thread_register(0) != 0)
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
