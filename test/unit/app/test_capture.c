/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures: frames of a port that is a loop in memory, as they leave and as they come back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "app/callgate/capture.h"
#include "app/callgate/trace.h"
#include "app/callgate/worker.h"
#include "core/clock.h"
#include "core/rcu.h"
#include "test/unit/eal_fixture.h"

enum { MBUFS = 4095, FRAME = 200 };

static struct appliance appliance;
static struct rte_mempool *mempool;
static char name[] = "loop";
static const struct config_port config = {.name = name,
	.driver = DRIVER_RING,
	.queues = 1,
	.rx_descriptors = 64,
	.tx_descriptors = 64};
static uint8_t wanted[FRAME];
static union {
	struct trace_frame frame;
	uint8_t bytes[1 << 20];
} taken;

static struct rte_mbuf *
frame_of(uint32_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mempool);
	char *bytes;

	assert_non_null(mbuf);
	bytes = rte_pktmbuf_append(mbuf, (uint16_t)length);
	assert_non_null(bytes);
	memcpy(bytes, wanted, length);
	return mbuf;
}

static void
frame_send(struct rte_mbuf *mbuf)
{
	assert_int_equal(port_send(&appliance.ports[0], 0, &mbuf, 1), 1);
}

static void
frame_receive(void)
{
	struct rte_mbuf *mbuf;

	assert_int_equal(rte_eth_rx_burst(appliance.ports[0].ethdev, 0, &mbuf, 1), 1);
	rte_pktmbuf_free(mbuf);
}

static uint64_t
started(uint32_t snap, const char *program)
{
	struct trace_filter filter = {.capture = {.ports = 1, .snap = snap}};
	uint64_t token;

	if (program != NULL)
		assert_int_equal(capture_program_read(&filter.capture, program), 0);
	assert_int_equal(trace_start(&appliance, &filter, &token), 0);
	return token;
}

static void
stop(uint64_t token)
{
	assert_int_equal(trace_stop(&appliance, token), 0);
	rcu_quiescent(0);
	trace_step(&appliance, UINT32_MAX);
}

static uint32_t
read_all(uint64_t token, uint64_t *lost)
{
	uint32_t used = 0;
	int length;

	trace_step(&appliance, UINT32_MAX);
	while ((length = trace_read(&appliance, token, taken.bytes + used, 8192, lost)) > 0)
		used += (uint32_t)length;
	assert_int_equal(length, 0);
	return used;
}

/* The one frame that was captured. */
static const uint8_t *
the_frame(uint64_t token, uint32_t captured, uint32_t original, bool outbound)
{
	uint64_t lost;
	uint32_t used = read_all(token, &lost);

	assert_int_equal(used, taken.frame.length);
	assert_int_equal(lost, 0);
	assert_int_equal(taken.frame.version, TRACE_FRAME_VERSION);
	assert_int_equal(taken.frame.captured, captured);
	assert_int_equal(taken.frame.original, original);
	assert_int_equal(taken.frame.outbound, outbound);
	assert_int_equal(taken.frame.port, 0);
	return taken.bytes + sizeof(taken.frame);
}

static void
frames_are_copied_as_they_leave_and_as_they_come(void **state)
{
	uint64_t token = started(CAPTURE_SNAP_MAX, NULL), first_us;

	frame_send(frame_of(FRAME));
	assert_memory_equal(the_frame(token, FRAME, FRAME, true), wanted, FRAME);
	first_us = taken.frame.at_us;
	frame_receive();
	assert_memory_equal(the_frame(token, FRAME, FRAME, false), wanted, FRAME);
	assert_true(taken.frame.at_us >= first_us);
	stop(token);
}

static void
a_frame_in_pieces_is_copied_whole(void **state)
{
	uint64_t token = started(CAPTURE_SNAP_MAX, NULL);
	struct rte_mbuf *head = frame_of(100), *tail = rte_pktmbuf_alloc(mempool);

	memcpy(rte_pktmbuf_append(tail, FRAME - 100), wanted + 100, FRAME - 100);
	assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
	frame_send(head);
	assert_memory_equal(the_frame(token, FRAME, FRAME, true), wanted, FRAME);
	frame_receive();
	stop(token);
}

/* A tag that the device took out stands in the capture where it was on the wire. */
static void
a_tag_is_put_back(void **state)
{
	static const uint8_t tag[] = {0x81, 0x00, 0x60, 0x64};
	uint64_t token = started(CAPTURE_SNAP_MAX, NULL);
	struct rte_mbuf *mbuf = frame_of(FRAME);
	const uint8_t *bytes;

	mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	mbuf->vlan_tci = 0x6064;
	frame_send(mbuf);
	bytes = the_frame(token, FRAME + 4, FRAME + 4, true);
	assert_memory_equal(bytes, wanted, 12);
	assert_memory_equal(bytes + 12, tag, sizeof(tag));
	assert_memory_equal(bytes + 16, wanted + 12, FRAME - 12);
	frame_receive();
	stop(token);
}

static void
a_filter_sees_more_than_is_kept(void **state)
{
	/* Is the last byte what it shall be? */
	uint64_t token = started(20, "48 0 0 199;21 0 1 199;6 0 0 1;6 0 0 0"), lost;
	struct rte_mbuf *other = frame_of(FRAME);

	frame_send(frame_of(FRAME));
	assert_memory_equal(the_frame(token, 20, FRAME, true), wanted, 20);
	*rte_pktmbuf_mtod_offset(other, uint8_t *, FRAME - 1) = 1;
	frame_send(other);
	assert_int_equal(read_all(token, &lost), 0);
	frame_receive();
	the_frame(token, 20, FRAME, false);
	frame_receive();
	assert_int_equal(read_all(token, &lost), 0);
	assert_int_equal(lost, 0);
	stop(token);
}

static void
a_program_that_may_not_end_or_goes_elsewhere_is_refused(void **state)
{
	static const char *const refused[] = {
		"", ";", "6", "6 0 0", "6 0 0 x", "6 0 0 -1", "6 0 0 0 ", "6 0 0 0,", "6  0 0 0",
		"6 0 0 4294967296", "65536 0 0 0", "6 256 0 0", "48 0 0 0", /* no end */
		"21 9 0 1;6 0 0 0", /* beyond the end */
		"5 0 0 7;6 0 0 0", "48 0 0 0;5 0 0 4294967294;6 0 0 1", /* back */
		"52 0 0 0;6 0 0 0", /* divided by nothing */
		"96 0 0 16;6 0 0 0", /* no such cell */
	};
	struct capture_filter filter;
	char text[CAPTURE_PROGRAM_MAX * 9 + 10] = "";

	for (unsigned int i = 0; i < RTE_DIM(refused); i++)
		assert_int_equal(capture_program_read(&filter, refused[i]), -EINVAL);
	for (unsigned int i = 0; i < CAPTURE_PROGRAM_MAX; i++)
		strcat(text, "6 0 0 0;");
	assert_int_equal(capture_program_read(&filter, text), 0);
	assert_int_equal(filter.count, CAPTURE_PROGRAM_MAX);
	strcat(text, "6 0 0 0;");
	assert_int_equal(capture_program_read(&filter, text), -EINVAL);
}

/* Half of a ring is for frames; what finds no room is counted, and a traced message finds it. */
static void
frames_leave_room_for_messages(void **state)
{
	static struct interface_table interfaces;
	static struct flow flow;
	static struct worker worker;
	static const struct hash128 call_id = {1, 2};
	struct alg_message message = {
		.text = (char *)wanted, .length = FRAME, .call_id = &call_id, .flow = &flow};
	struct trace_filter filter = {.call_id = call_id};
	uint64_t token = started(CAPTURE_SNAP_MAX, NULL), other, lost, found = 0;
	const uint64_t counted = counters_event_sum(EVENT_CAPTURE_FRAMES),
		       counted_lost = counters_event_sum(EVENT_CAPTURE_LOST);
	uint32_t used;

	thread_init(&worker.thread, 0);
	worker.appliance = &appliance;
	appliance.interfaces = &interfaces;
	assert_int_equal(trace_start(&appliance, &filter, &other), 0);
	for (int i = 0; i < 1000; i++) {
		frame_send(frame_of(FRAME));
		frame_receive();
	}
	assert_true(trace_before(&worker, &message));
	trace_after(&worker, &message, ALG_FORWARD);
	assert_int_equal(counters_event_sum(EVENT_TRACE_LOST), 0);
	used = read_all(token, &lost);
	for (uint32_t at = 0; at < used; found++) {
		struct trace_frame frame;

		memcpy(&frame, taken.bytes + at, sizeof(frame));
		assert_memory_equal(taken.bytes + at + sizeof(frame), wanted, FRAME);
		assert_int_equal(frame.outbound, found % 2 == 0);
		at += frame.length;
	}
	assert_true(found > 100 && lost > 0);
	assert_int_equal(found + lost, 2000);
	assert_int_equal(counters_event_sum(EVENT_CAPTURE_FRAMES) - counted, found);
	assert_int_equal(counters_event_sum(EVENT_CAPTURE_LOST) - counted_lost, lost);
	assert_int_equal(trace_read(&appliance, other, taken.bytes, 8192, &lost),
		RTE_ALIGN_CEIL(sizeof(struct trace_record) + FRAME, TRACE_UNIT));
	assert_int_equal(lost, 0);
	stop(other);
	stop(token);
}

/* Nothing is left on a queue: neither of one that was stopped nor of one that nobody read. */
static void
nothing_is_on_when_captures_have_ended(void **state)
{
	uint64_t counted, token = started(CAPTURE_SNAP_MAX, NULL), lost;

	for (unsigned int i = 1; i < TRACES_MAX; i++)
		started(CAPTURE_SNAP_MAX, NULL);
	stop(token);
	appliance.control.now_ms += TRACE_LEASE_MS;
	trace_step(&appliance, UINT32_MAX);
	assert_int_equal(trace_read(&appliance, token, taken.bytes, 100, &lost), -ENOENT);
	counted = counters_event_sum(EVENT_CAPTURE_FRAMES);
	frame_send(frame_of(FRAME));
	frame_receive();
	rcu_quiescent(0);
	trace_step(&appliance, UINT32_MAX);
	assert_int_equal(counters_event_sum(EVENT_CAPTURE_FRAMES), counted);
	assert_int_equal(rte_mempool_in_use_count(mempool), 0);
	for (unsigned int i = 0; i < TRACES_MAX; i++)
		started(CAPTURE_SNAP_MAX, NULL);
}

static int
set_up(void **state)
{
	for (unsigned int i = 0; i < FRAME; i++)
		wanted[i] = (uint8_t)i;
	mempool = rte_pktmbuf_pool_create("capture", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	assert_non_null(mempool);
	assert_int_equal(port_open(&config, 0, 1, mempool, &appliance.ports[0]), 0);
	appliance.ports_open = 1;
	appliance.trace = trace_create(1, SOCKET_ID_ANY, NULL);
	assert_non_null(appliance.trace);
	thread_init(&appliance.control, THREAD_CONTROL);
	return 0;
}

/* With captures on, as an appliance may end. */
static int
tear_down(void **state)
{
	trace_end(&appliance);
	trace_destroy(appliance.trace);
	port_close(&appliance.ports[0]);
	rte_mempool_free(mempool);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_copied_as_they_leave_and_as_they_come),
		cmocka_unit_test(a_frame_in_pieces_is_copied_whole),
		cmocka_unit_test(a_tag_is_put_back),
		cmocka_unit_test(a_filter_sees_more_than_is_kept),
		cmocka_unit_test(a_program_that_may_not_end_or_goes_elsewhere_is_refused),
		cmocka_unit_test(frames_leave_room_for_messages),
		cmocka_unit_test(nothing_is_on_when_captures_have_ended),
	};

	eal_fixture_start();
	clock_init(true);
	if (rcu_init() != 0 || rcu_thread_register(0) != 0)
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
