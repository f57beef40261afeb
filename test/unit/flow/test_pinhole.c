/* SPDX-License-Identifier: BSD-3-Clause */
/* Pinholes: who opens, joins, passes and closes; their flows go with them; gauges exact. */
#include <errno.h>

#include "pinhole_fixture.h"

static void
open_pinhole_lets_pass_until_its_last_holder_is_gone(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	struct pinhole *pinhole = NULL;
	struct handle first, second;

	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_NONE);
	first = opened(&spec);
	spec.holder.call.index = 2;
	second = opened(&spec);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_int_equal(pool_used(pinhole_pool(table)), 1);
	assert_int_equal(pinhole_media_count(table), 1);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	assert_ptr_equal(pinhole, pool_get(pinhole_pool(table), first));
	assert_int_equal(match(PEER, PEER_PORT, PORT + 1, &pinhole), PINHOLE_NONE);

	pinhole_release(&worker, table, first, 0);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	pinhole_release(&worker, table, second, 0);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_NONE);
	pinhole_release(&worker, table, second, 0); /* stale: nothing happens */
}

static void
closing_removes_the_flows_in_the_same_step(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct handle handle = opened(&spec);
	struct pinhole *pinhole = NULL;
	void *data;

	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	template.owner[FLOW_OWNER_PINHOLE] = &pinhole->flows;
	assert_int_equal(flow_create(&worker, flows, &template, &data), 0);
	assert_int_equal(flow_key_count(flows), 2);
	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(flow_key_count(flows), 0);
	assert_null(lookup(flows, &template.key[0]));
	/* A worker that had found the pinhole before comes too late. */
	assert_int_equal(flow_create(&worker, flows, &template, &data), -ESTALE);
}

static void
deadline_keeps_it_open_without_holders(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_CONTACT, PORT);
	struct pinhole *pinhole;
	struct handle handle;

	spec.hold = false;
	spec.until_s = worker.now_s + 30;
	handle = opened(&spec);
	spec.until_s = worker.now_s + 10; /* a shorter wish does not shorten it */
	opened(&spec);
	pinhole_release(&worker, table, handle, 0); /* nobody holds: nothing to give up */
	fixture_advance(29);
	pinhole_sweep(&control, table, CAPACITY);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	fixture_advance(1);
	assert_int_equal(
		match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_NONE); /* before the sweep */
	assert_int_equal(pool_used(pinhole_pool(table)), 1);
	pinhole_sweep(&control, table, CAPACITY);
}

static void
released_pinhole_lingers_as_long_as_asked(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_VIA, PORT);
	struct pinhole *pinhole;
	struct handle handle = opened(&spec);

	fixture_advance(1000);
	pinhole_sweep(&control, table, CAPACITY);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	pinhole_release(&worker, table, handle, worker.now_s + 32);
	fixture_advance(31);
	pinhole_sweep(&control, table, CAPACITY);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	fixture_advance(1);
	pinhole_sweep(&control, table, CAPACITY);
	assert_int_equal(pool_used(pinhole_pool(table)), 0);
}

static void
opening_an_expired_one_makes_a_new_one(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_VIA, PORT);
	struct handle old, new;

	spec.hold = false;
	spec.until_s = worker.now_s + 30;
	old = opened(&spec);
	fixture_advance(30);
	spec.hold = true;
	spec.until_s = 0;
	new = opened(&spec);
	assert_null(pool_get(pinhole_pool(table), old));
	assert_int_equal(pool_used(pinhole_pool(table)), 1);
	pinhole_release(&worker, table, old, 0);
	assert_non_null(pool_get(pinhole_pool(table), new));
	pinhole_release(&worker, table, new, 0);
}

static void
exact_source_comes_before_any(void **state)
{
	struct pinhole_spec any = spec_make(PINHOLE_CONTACT, PORT);
	struct pinhole_spec exact = any;
	struct handle any_handle, exact_handle;
	struct pinhole *pinhole;

	exact.key.src = rte_cpu_to_be_32(PEER);
	exact_handle = opened(&exact);
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_NONE);
	any_handle = opened(&any);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	assert_ptr_equal(pinhole, pool_get(pinhole_pool(table), exact_handle));
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	assert_ptr_equal(pinhole, pool_get(pinhole_pool(table), any_handle));
	pinhole_release(&worker, table, any_handle, 0);
	pinhole_release(&worker, table, exact_handle, 0);
}

static void
media_filter_refuses_and_says_so(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTCP, PORT);
	struct handle handle = opened(&spec);
	struct pinhole *pinhole;

	peer_announced(handle);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_REFUSED);
	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_NONE);
	peer_announced(handle); /* stale: nothing happens */
}

static void
media_of_another_call_opens_the_offer_again(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	struct handle handle = opened(&spec);
	struct pinhole *pinhole;

	peer_announced(handle);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	opened(&spec); /* the same call */
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_REFUSED);
	spec.holder.call.index = 2;
	opened(&spec);
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	for (unsigned int i = 0; i < 3; i++)
		pinhole_release(&worker, table, handle, 0);
}

static void
signalling_takes_a_media_pinhole_over(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	struct handle handle = opened(&spec);
	struct pinhole *pinhole;

	peer_announced(handle);
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_REFUSED);
	spec.class = PINHOLE_CONTACT;
	opened(&spec);
	assert_int_equal(pinhole_media_count(table), 0);
	assert_int_equal(match(PEER + 1, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	spec.class = PINHOLE_RTP;
	opened(&spec); /* and keeps it */
	assert_int_equal(pinhole_media_count(table), 0);
	for (unsigned int i = 0; i < 3; i++)
		pinhole_release(&worker, table, handle, 0);
}

static bool
signalling(uint32_t src, uint16_t dst_port)
{
	const struct flow_key key =
		key_make(src, PEER_PORT, HOST, dst_port, IPPROTO_UDP, REALM_OUTSIDE);

	return pinhole_signalling(&worker, table, &key);
}

static void
signalling_is_told_from_media_without_a_trace(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	struct handle media = opened(&spec), contact;
	const uint64_t permits = counters_event_sum(EVENT_PINHOLE_PERMIT);
	struct pinhole *pinhole;

	spec = spec_make(PINHOLE_CONTACT, PORT + 1);
	spec.key.src = rte_cpu_to_be_32(PEER);
	spec.hold = false;
	spec.until_s = worker.now_s + 30;
	contact = opened(&spec);
	for (unsigned int i = 0; i <= PINHOLE_SOURCES_MAX; i++) {
		assert_false(signalling(PEER + i, PORT)); /* and no source latches */
		assert_int_equal(signalling(PEER + i, PORT + 1), i == 0);
	}
	assert_false(signalling(PEER, PORT + 2));
	assert_int_equal(counters_event_sum(EVENT_PINHOLE_PERMIT), permits);
	for (unsigned int i = 0; i < PINHOLE_SOURCES_MAX; i++)
		assert_int_equal(match(PEER + 10 + i, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);

	/* Media from anywhere beside the peer's signalling, at one endpoint. */
	spec = spec_make(PINHOLE_RTP, PORT + 1);
	pinhole_release(&worker, table, media, 0);
	media = opened(&spec);
	assert_true(signalling(PEER, PORT + 1));
	assert_false(signalling(PEER + 1, PORT + 1));
	/* Signalling from anywhere behind it. */
	spec.class = PINHOLE_VIA;
	opened(&spec);
	assert_true(signalling(PEER + 1, PORT + 1));

	fixture_advance(30); /* past its time, before the sweep */
	pinhole_release(&worker, table, media, 0);
	pinhole_release(&worker, table, media, 0);
	assert_false(signalling(PEER, PORT + 1));
	pinhole_sweep(&control, table, CAPACITY);
	assert_null(pool_get(pinhole_pool(table), contact));
}

static void
empty_pool_is_said_and_leaves_nothing(void **state)
{
	struct handle handles[CAPACITY], refused;
	struct pinhole_spec spec;

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < CAPACITY; i++) {
			spec = spec_make(PINHOLE_RTP, PORT + i);
			handles[i] = opened(&spec);
		}
		assert_int_equal(pinhole_media_count(table), CAPACITY);
		spec = spec_make(PINHOLE_RTP, PORT + CAPACITY);
		assert_int_equal(pinhole_open(&worker, table, &spec, &refused), -ENOBUFS);
		for (unsigned int i = 0; i < CAPACITY; i++)
			pinhole_release(&worker, table, handles[i], 0);
		assert_int_equal(pinhole_media_count(table), 0);
		fixture_reclaim(pinhole_pool(table));
	}
}

/* A flow from this source, through a pinhole. */
static struct flow_key
flow_through(struct pinhole *pinhole, uint32_t source)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	void *data;

	template.key[0].src = template.key[1].dst = rte_cpu_to_be_32(source);
	template.key[0].src_port = template.key[1].dst_port = rte_cpu_to_be_16(PEER_PORT);
	template.owner[FLOW_OWNER_PINHOLE] = &pinhole->flows;
	assert_int_equal(flow_create(&worker, flows, &template, &data), 0);
	return template.key[0];
}

static struct flow_key
flow_made(uint32_t source)
{
	struct pinhole *pinhole = NULL;

	assert_int_equal(match(source, PEER_PORT, PORT, &pinhole), PINHOLE_PASS);
	return flow_through(pinhole, source);
}

static void
announced_by(
	const struct pinhole_holder *holder, struct handle handle, uint32_t peer, uint32_t other)
{
	const struct media_announcement announcement = {.count = 2,
		.peer = {{rte_cpu_to_be_32(peer), rte_cpu_to_be_16(PEER_PORT)},
			{rte_cpu_to_be_32(other), rte_cpu_to_be_16(PEER_PORT)}}};

	pinhole_media_commit(table, handle, holder, &announcement);
}

/* A call that ends takes the flows of its own peers along, and no others. */
static void
call_that_leaves_a_shared_pinhole_takes_its_flows(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	const struct pinhole_holder ended = spec.holder, other = {.worker = 0, .call = {2, 1}};
	struct handle handle = opened(&spec);
	struct flow_key of_ended, of_other, of_both, of_nobody, of_unknown;
	struct pinhole *pinhole;

	spec.holder = other;
	opened(&spec);
	of_nobody = flow_made(PEER + 9); /* while both offer: the first one's */
	announced_by(&ended, handle, PEER, PEER + 2);
	announced_by(&other, handle, PEER + 1, PEER + 2);
	of_ended = flow_made(PEER);
	of_other = flow_made(PEER + 1);
	of_both = flow_made(PEER + 2);
	of_unknown = flow_through(pool_get(pinhole_pool(table), handle), PEER + 10);
	assert_true(pinhole_release(&worker, table, handle, 0));
	pinhole_media_leave(&worker, table, handle, &ended);
	assert_null(lookup(flows, &of_ended));
	assert_null(lookup(flows, &of_nobody));
	assert_non_null(lookup(flows, &of_other));
	assert_non_null(lookup(flows, &of_both));
	assert_non_null(lookup(flows, &of_unknown)); /* its place was another's since */
	assert_int_equal(match(PEER, PEER_PORT, PORT, &pinhole), PINHOLE_REFUSED);
	assert_int_equal(pinhole_holder_of(pool_get(pinhole_pool(table), handle)).call.index, 2);
	assert_false(pinhole_release(&worker, table, handle, 0));
	assert_int_equal(flow_key_count(flows), 0);
}

static void
every_class_has_a_name(void **state)
{
	for (unsigned int i = 0; i < PINHOLE_CLASSES; i++)
		assert_string_not_equal(pinhole_class_name(i), "?");
	assert_string_equal(pinhole_class_name(PINHOLE_CLASSES), "?");
}

/* Source ports of an announced address: `from` and the next ones, until the pinhole has no room. */
static unsigned int
flows_admitted(uint16_t from, uint16_t most)
{
	for (uint16_t i = 0; i < most; i++) {
		struct flow_template template = template_make(4000 + from + i, IPPROTO_UDP);
		struct pinhole *pinhole = NULL;
		void *data;

		if (match(PEER, PEER_PORT + from + i, PORT, &pinhole) != PINHOLE_PASS)
			return i;
		template.owner[FLOW_OWNER_PINHOLE] = &pinhole->flows;
		assert_int_equal(flow_create(&worker, flows, &template, &data), 0);
	}
	return most;
}

static void
media_pinhole_has_a_limit_of_flows(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_RTP, PORT);
	struct pinhole *pinhole = NULL;
	struct flow_template first = template_make(4000, IPPROTO_UDP);
	struct handle handle;

	spec.media_source = MEDIA_SOURCE_ANY;
	handle = opened(&spec);
	assert_int_equal(flows_admitted(0, 100), PINHOLE_FLOWS_MAX);
	assert_int_equal(match(PEER, PEER_PORT + 99, PORT, &pinhole), PINHOLE_FULL);
	assert_null(pinhole);
	/* What ends makes room. */
	assert_true(flow_remove(&worker, flows, flow_of_data(lookup(flows, &first.key[0]))));
	assert_int_equal(flows_admitted(99, 2), 1);
	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(flow_key_count(flows), 0);
}

/* A trunk may open a connection for each call; at a call's end it lingers, and the sweep closes it. */
static void
signalling_pinhole_has_none(void **state)
{
	struct pinhole_spec spec = spec_make(PINHOLE_CONTACT, PORT);
	struct handle handle = opened(&spec);

	assert_int_equal(flows_admitted(0, 2 * PINHOLE_FLOWS_MAX), 2 * PINHOLE_FLOWS_MAX);
	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(flow_key_count(flows), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_pinhole_lets_pass_until_its_last_holder_is_gone),
		TEST(closing_removes_the_flows_in_the_same_step),
		TEST(deadline_keeps_it_open_without_holders),
		TEST(released_pinhole_lingers_as_long_as_asked),
		TEST(opening_an_expired_one_makes_a_new_one),
		TEST(exact_source_comes_before_any),
		TEST(media_filter_refuses_and_says_so),
		TEST(media_of_another_call_opens_the_offer_again),
		TEST(signalling_takes_a_media_pinhole_over),
		TEST(signalling_is_told_from_media_without_a_trace),
		TEST(empty_pool_is_said_and_leaves_nothing),
		TEST(call_that_leaves_a_shared_pinhole_takes_its_flows),
		TEST(media_pinhole_has_a_limit_of_flows),
		TEST(signalling_pinhole_has_none),
		cmocka_unit_test(every_class_has_a_name),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
