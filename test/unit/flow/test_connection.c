/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP connections and the pinhole that let them begin: one that is open outlives a signalling pinhole,
 * and nothing else does.
 */
#include "pinhole_fixture.h"

#include "flow/tcp.h"

enum { FAR_PORT = 41000 };

static struct pinhole_spec tcp_spec(enum pinhole_class class)
{
	struct pinhole_spec spec = spec_make(class, PORT);

	spec.key.proto = IPPROTO_TCP;
	return spec;
}

static const struct {
	unsigned int direction;
	uint8_t flags;
} handshake[] = {{0, TCP_SYN}, {1, TCP_SYN | TCP_ACK}, {0, TCP_ACK}};

/* A connection from outside, as far as the first segments of the handshake have brought it. */
static struct flow *
connection(struct handle pinhole, uint16_t far_port, unsigned int segments)
{
	struct flow_template template = {
		.key = {key_make(PEER, far_port, HOST, PORT, IPPROTO_TCP, REALM_OUTSIDE),
			key_make(HOST, PORT, PEER, far_port, IPPROTO_TCP, REALM_INSIDE)},
	};
	struct pinhole *object = pool_get(pinhole_pool(table), pinhole);
	void *data;

	template.owner[FLOW_OWNER_PINHOLE] = &object->flows;
	assert_int_equal(flow_create(&worker, flows, &template, &data), 0);
	for (unsigned int i = 0; i < segments; i++)
		assert_true(tcp_segment(flow_of_data(data), handshake[i].direction,
				    handshake[i].flags) >= 0);
	return flow_of_data(data);
}

static struct flow *
connected(struct handle pinhole, uint16_t far_port)
{
	return connection(pinhole, far_port, RTE_DIM(handshake));
}

static void
both_ends_close(struct flow *flow)
{
	for (unsigned int direction = 0; direction < 2; direction++)
		tcp_segment(flow, direction, TCP_FIN | TCP_ACK);
}

static void
sweep(void)
{
	pinhole_sweep(&control, table, CAPACITY);
	flow_sweep(&control, flows, 256);
	fixture_quiesce();
}

static void
open_connection_outlives_its_pinhole(void **state)
{
	struct pinhole_spec spec = tcp_spec(PINHOLE_CONTACT);
	struct handle handle = opened(&spec);
	struct flow *flow = connected(handle, FAR_PORT);
	struct flow_key key = flow->path[0].key;

	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(pool_used(pinhole_pool(table)), 0);
	assert_ptr_equal(flow_of_data(lookup(flows, &key)), flow);
	/* the next who has that place in memory has no part in it */
	for (unsigned int i = 0; i < 4; i++) {
		fixture_reclaim(pinhole_pool(table));
		handle = opened(&spec);
		assert_int_equal(
			flow_owner_count(
				&((struct pinhole *)pool_get(pinhole_pool(table), handle))->flows),
			0);
		pinhole_release(&worker, table, handle, 0);
	}
	fixture_advance(7439);
	sweep();
	assert_non_null(lookup(flows, &key));
	fixture_advance(1);
	sweep();
	assert_null(lookup(flows, &key));
}

static void
what_is_left_of_it_is_no_way_in(void **state)
{
	struct pinhole_spec spec = tcp_spec(PINHOLE_VIA);
	struct handle handle = opened(&spec);
	struct flow *flow = connected(handle, FAR_PORT);
	struct flow *reset = connected(handle, FAR_PORT + 1);
	struct flow_key key = flow->path[0].key, other = reset->path[0].key;

	pinhole_release(&worker, table, handle, 0);
	both_ends_close(flow);
	tcp_segment(reset, 1, TCP_RST);
	fixture_advance(4);
	sweep();
	assert_non_null(lookup(flows, &key));
	fixture_advance(1);
	sweep();
	assert_null(lookup(flows, &key));
	/* one that a RST alone has ended has its whole time: that may be forged */
	assert_non_null(lookup(flows, &other));
	fixture_advance(235);
	sweep();
	assert_null(lookup(flows, &other));
}

static void
with_its_pinhole_it_has_its_whole_time(void **state)
{
	struct pinhole_spec spec = tcp_spec(PINHOLE_CONTACT);
	struct handle handle = opened(&spec);
	struct flow *flow = connected(handle, FAR_PORT);
	struct flow_key key = flow->path[0].key;

	both_ends_close(flow);
	fixture_advance(239);
	sweep();
	assert_non_null(lookup(flows, &key));
	pinhole_release(&worker, table, handle, 0); /* it is over, and ends at once */
	assert_null(lookup(flows, &key));
}

static void
what_is_not_open_yet_ends_with_its_pinhole(void **state)
{
	struct pinhole_spec spec = tcp_spec(PINHOLE_ROUTE);
	struct handle handle = opened(&spec);

	connection(handle, FAR_PORT, 0);
	connection(handle, FAR_PORT + 1, 1);
	connection(handle, FAR_PORT + 2, 2);
	assert_int_equal(pool_used(flow_pool(flows)), 3);
	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(pool_used(flow_pool(flows)), 0);
}

static void
media_ends_with_its_pinhole(void **state)
{
	struct pinhole_spec spec = tcp_spec(PINHOLE_RTP);
	struct handle handle = opened(&spec);

	connected(handle, FAR_PORT);
	pinhole_release(&worker, table, handle, 0);
	assert_int_equal(pool_used(flow_pool(flows)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_connection_outlives_its_pinhole),
		TEST(what_is_left_of_it_is_no_way_in),
		TEST(with_its_pinhole_it_has_its_whole_time),
		TEST(what_is_not_open_yet_ends_with_its_pinhole),
		TEST(media_ends_with_its_pinhole),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
