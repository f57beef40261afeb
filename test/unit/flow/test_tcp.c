/* SPDX-License-Identifier: BSD-3-Clause */
/* Every transition of the TCP table, and the conversations it must let live. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_common.h>

#include "flow/tcp.h"

enum { S = TCP_SYN, SA = TCP_SYN | TCP_ACK, A = TCP_ACK, F = TCP_FIN | TCP_ACK, R = TCP_RST };
enum { BAD = -1 };

struct step {
	unsigned int direction;
	uint8_t flags;
	int state; /* after, or BAD: refused */
};

static struct flow flow;

static int
segment_in(enum tcp_state state, unsigned int direction, uint8_t flags)
{
	int ret;

	atomic_store(&flow.tcp_state, state);
	ret = tcp_segment(&flow, direction, flags);
	if (ret != 0) {
		assert_int_equal(ret, -EPROTO);
		assert_int_equal(atomic_load(&flow.tcp_state), state);
		return BAD;
	}
	return atomic_load(&flow.tcp_state);
}

static void
run(const struct step *steps, size_t count)
{
	atomic_store(&flow.tcp_state, TCP_NEW);
	for (size_t i = 0; i < count; i++) {
		const uint8_t before = atomic_load(&flow.tcp_state);
		const int ret = tcp_segment(&flow, steps[i].direction, steps[i].flags);

		assert_int_equal(ret, steps[i].state == BAD ? -EPROTO : 0);
		assert_int_equal(atomic_load(&flow.tcp_state),
			steps[i].state == BAD ? before : steps[i].state);
	}
}

static void
every_transition_is_as_reviewed(void **state)
{
	static const uint8_t flags[] = {S, SA, A, F, R};
	static const int8_t expected[TCP_STATES][2][5] = {
		[TCP_NEW] = {{TCP_SYN_SENT, BAD, BAD, BAD, TCP_CLOSED},
			{TCP_SYN_BOTH, BAD, BAD, BAD, TCP_CLOSED}},
		[TCP_SYN_SENT] = {{TCP_SYN_SENT, BAD, BAD, BAD, TCP_CLOSED},
			{TCP_SYN_BOTH, TCP_SYN_RECEIVED, TCP_SYN_SENT, TCP_SYN_SENT, TCP_CLOSED}},
		[TCP_SYN_BOTH] = {{TCP_SYN_BOTH, TCP_SYN_RECEIVED, TCP_SYN_RECEIVED,
					  TCP_FIN_FORWARD, TCP_CLOSED},
			{TCP_SYN_BOTH, TCP_SYN_RECEIVED, TCP_SYN_RECEIVED, TCP_FIN_REVERSE,
				TCP_CLOSED}},
		[TCP_SYN_RECEIVED] = {{TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_ESTABLISHED,
					      TCP_FIN_FORWARD, TCP_CLOSED},
			{TCP_SYN_RECEIVED, TCP_SYN_RECEIVED, TCP_SYN_RECEIVED, TCP_FIN_REVERSE,
				TCP_CLOSED}},
		[TCP_ESTABLISHED] = {{TCP_ESTABLISHED, TCP_ESTABLISHED, TCP_ESTABLISHED,
					     TCP_FIN_FORWARD, TCP_CLOSED},
			{TCP_ESTABLISHED, TCP_ESTABLISHED, TCP_ESTABLISHED, TCP_FIN_REVERSE,
				TCP_CLOSED}},
		[TCP_FIN_FORWARD] = {{TCP_FIN_FORWARD, BAD, TCP_FIN_FORWARD, TCP_FIN_FORWARD,
					     TCP_CLOSED},
			{BAD, TCP_FIN_FORWARD, TCP_FIN_FORWARD, TCP_FIN_BOTH, TCP_CLOSED}},
		[TCP_FIN_REVERSE] = {{TCP_FIN_REVERSE, TCP_FIN_REVERSE, TCP_FIN_REVERSE,
					     TCP_FIN_BOTH, TCP_CLOSED},
			{BAD, TCP_FIN_REVERSE, TCP_FIN_REVERSE, TCP_FIN_REVERSE, TCP_CLOSED}},
		[TCP_FIN_BOTH] = {{TCP_SYN_SENT, BAD, TCP_CLOSED, TCP_FIN_BOTH, TCP_CLOSED},
			{BAD, BAD, TCP_CLOSED, TCP_FIN_BOTH, TCP_CLOSED}},
		[TCP_CLOSED] = {{TCP_SYN_SENT, BAD, TCP_CLOSED, TCP_CLOSED, TCP_CLOSED},
			{BAD, BAD, TCP_CLOSED, TCP_CLOSED, TCP_CLOSED}},
	};

	for (unsigned int from = 0; from < TCP_STATES; from++)
		for (unsigned int direction = 0; direction < 2; direction++)
			for (unsigned int i = 0; i < RTE_DIM(flags); i++)
				assert_int_equal(segment_in(from, direction, flags[i]),
					expected[from][direction][i]);
}

static void
handshake_data_and_close(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
		{0, A | TCP_PSH, TCP_ESTABLISHED},
		{1, A | TCP_PSH, TCP_ESTABLISHED},
		{0, F, TCP_FIN_FORWARD},
		{1, A, TCP_FIN_FORWARD},
		{1, A | TCP_PSH, TCP_FIN_FORWARD},
		{1, F, TCP_FIN_BOTH},
		{0, A, TCP_CLOSED},
	};

	run(steps, RTE_DIM(steps));
}

static void
simultaneous_open_establishes(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, S, TCP_SYN_BOTH},
		{0, SA, TCP_SYN_RECEIVED},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
refused_connection_closes(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, R | TCP_ACK, TCP_CLOSED},
		{0, S, TCP_SYN_SENT},
	};

	run(steps, RTE_DIM(steps));
}

static void
restarted_client_recovers_by_challenge_ack(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, A, TCP_SYN_SENT},
		{0, R, TCP_CLOSED},
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
	};

	run(steps, RTE_DIM(steps));
}

static void
closed_flow_does_not_open_from_the_reverse_side(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, R, TCP_CLOSED},
		{1, S, BAD},
		{1, SA, BAD},
	};

	run(steps, RTE_DIM(steps));
}

static void
flags_no_tcp_sends_are_refused_in_every_state(void **state)
{
	static const uint8_t impossible[] = {0, TCP_PSH, TCP_FIN, TCP_SYN | TCP_FIN,
		TCP_SYN | TCP_RST, TCP_SYN | TCP_FIN | TCP_ACK, TCP_SYN | TCP_RST | TCP_ACK,
		TCP_FIN | TCP_RST, TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK};

	for (unsigned int from = 0; from < TCP_STATES; from++)
		for (unsigned int i = 0; i < RTE_DIM(impossible); i++) {
			assert_int_equal(segment_in(from, 0, impossible[i]), BAD);
			assert_int_equal(segment_in(from, 1, impossible[i]), BAD);
		}
}

static void
only_a_syn_may_open(void **state)
{
	for (unsigned int flags = 0; flags < 0x20; flags++)
		assert_int_equal(tcp_may_open(flags), (flags & ~(unsigned int)TCP_PSH) == TCP_SYN);
}

static void
every_state_has_a_name(void **state)
{
	for (unsigned int i = 0; i < TCP_STATES; i++)
		assert_string_not_equal(tcp_state_name(i), "?");
	assert_string_equal(tcp_state_name(TCP_STATES), "?");
	assert_string_equal(tcp_state_name(TCP_ESTABLISHED), "established");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transition_is_as_reviewed),
		cmocka_unit_test(handshake_data_and_close),
		cmocka_unit_test(simultaneous_open_establishes),
		cmocka_unit_test(refused_connection_closes),
		cmocka_unit_test(restarted_client_recovers_by_challenge_ack),
		cmocka_unit_test(closed_flow_does_not_open_from_the_reverse_side),
		cmocka_unit_test(flags_no_tcp_sends_are_refused_in_every_state),
		cmocka_unit_test(only_a_syn_may_open),
		cmocka_unit_test(every_state_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
