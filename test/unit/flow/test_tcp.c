/* SPDX-License-Identifier: BSD-3-Clause */
/* Every transition of the TCP table against the RFCs, and the conversations it must let live. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_common.h>

#include "flow/tcp.h"

enum { S = TCP_SYN, SA = TCP_SYN | TCP_ACK, A = TCP_ACK, F = TCP_FIN | TCP_ACK, R = TCP_RST };
enum { BAD = -1, ASK = -2 };

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
	if (ret == -EPROTO || ret == TCP_ASK_POLICY) {
		assert_int_equal(atomic_load(&flow.tcp_state), state);
		return ret == -EPROTO ? BAD : ASK;
	}
	assert_int_equal(ret, atomic_load(&flow.tcp_state) == state ? TCP_STAYS : TCP_MOVES);
	return atomic_load(&flow.tcp_state);
}

static void
run(const struct step *steps, size_t count)
{
	enum tcp_state now = TCP_NEW;

	for (size_t i = 0; i < count; i++) {
		const int after = segment_in(now, steps[i].direction, steps[i].flags);

		assert_int_equal(after, steps[i].state);
		if (after >= 0)
			now = after;
	}
}

/*
 * What RFC 9293, 5382, 6146 and 7857 say, in terms of what both ends have sent: a second way to the
 * table under test, one rule for each kind of segment.
 */
struct conversation {
	bool syn[2]; /* this side has sent a SYN */
	bool acknowledged[2]; /* ... and the other one has acknowledged it */
	bool fin[2];
	bool reset;
};

static struct conversation
conversation_of(enum tcp_state state)
{
	struct conversation c = {.syn = {state != TCP_NEW, state > TCP_SYN_SENT}};

	c.acknowledged[0] = state >= TCP_ESTABLISHED || state == TCP_SYN_RECEIVED;
	c.acknowledged[1] = state >= TCP_ESTABLISHED || state == TCP_SYN_RECEIVED_FORWARD;
	c.fin[0] = state == TCP_FIN_FORWARD || state == TCP_FIN_BOTH;
	c.fin[1] = state == TCP_FIN_REVERSE || state == TCP_FIN_BOTH;
	c.reset = state == TCP_RESET;
	return c;
}

static enum tcp_state
state_of(const struct conversation *c)
{
	if (c->reset)
		return TCP_RESET;
	if (c->fin[0] || c->fin[1])
		return c->fin[0] && c->fin[1] ? TCP_FIN_BOTH
		       : c->fin[0]            ? TCP_FIN_FORWARD
					      : TCP_FIN_REVERSE;
	if (c->acknowledged[0] && c->acknowledged[1])
		return TCP_ESTABLISHED;
	if (c->acknowledged[0])
		return TCP_SYN_RECEIVED;
	if (c->acknowledged[1])
		return TCP_SYN_RECEIVED_FORWARD;
	if (c->syn[1])
		return TCP_SYN_BOTH;
	return c->syn[0] ? TCP_SYN_SENT : TCP_NEW;
}

static int
expected_after(enum tcp_state state, unsigned int d, uint8_t flags)
{
	struct conversation c = conversation_of(state);
	const bool over = c.reset || (c.fin[0] && c.fin[1]);
	const bool synchronized = c.acknowledged[0] && c.acknowledged[1];

	switch (flags) {
	case R: /* RFC 6146: ends established connections; here half-closed ones, too */
		c.reset |= synchronized && !over;
		return state_of(&c);
	case S:
		if (over && d == 1) /* RFC 5382 REQ-2: opened by the other side, if permitted */
			return ASK;
		if (!synchronized) /* RFC 9293 3.10.7.3: later it gets a challenge ACK */
			c.syn[0] = c.syn[d] = true;
		return state_of(&c);
	case SA:
		if (over) /* RFC 9293 3.6.1: the connection begins again */
			c = (struct conversation){.syn = {true, true}};
		else if (!c.syn[!d] || (d == 0 && !c.syn[1]))
			return BAD;
		c.syn[d] = c.acknowledged[!d] = true;
		return state_of(&c);
	default: /* ACK, FIN+ACK */
		if (!c.syn[0] || (d == 0 && !c.syn[1])) /* nothing to acknowledge */
			return BAD;
		if (!c.syn[1]) /* RFC 9293 3.5.1: of an older connection */
			return state;
		if (c.fin[0] && c.fin[1])
			return state;
		c.reset = false; /* RFC 6146 3.5.2.2, TRANS */
		c.acknowledged[!d] = true;
		c.fin[d] |= flags == F;
		return state_of(&c);
	}
}

static void
every_transition_is_that_of_the_rfcs(void **state)
{
	static const uint8_t flags[] = {S, SA, A, F, R};

	for (unsigned int from = 0; from < TCP_STATES; from++) {
		const struct conversation c = conversation_of(from);

		assert_int_equal(state_of(&c), from);
		for (unsigned int direction = 0; direction < 2; direction++)
			for (unsigned int i = 0; i < RTE_DIM(flags); i++)
				assert_int_equal(segment_in(from, direction, flags[i]),
					expected_after(from, direction, flags[i]));
	}
}

static void
timers_are_those_of_rfc_5382(void **state)
{
	for (unsigned int i = 0; i < TCP_STATES; i++) {
		const struct conversation c = conversation_of(i);
		const enum tcp_phase phase = c.reset || (c.fin[0] && c.fin[1])        ? TCP_CLOSING
					     : c.acknowledged[0] && c.acknowledged[1] ? TCP_OPEN
										      : TCP_OPENING;

		assert_int_equal(tcp_phase_of(i), phase);
	}
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
		{0, A, TCP_FIN_BOTH},
	};

	run(steps, RTE_DIM(steps));
}

static void
simultaneous_open_establishes(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, S, TCP_SYN_BOTH},
		{0, SA, TCP_SYN_RECEIVED_FORWARD},
		{0, SA, TCP_SYN_RECEIVED_FORWARD},
		{1, SA, TCP_ESTABLISHED},
		{0, SA, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
simultaneous_open_in_the_other_order_establishes(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, S, TCP_SYN_BOTH},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
syn_that_crosses_a_syn_is_answered_with_one_syn_ack(void **state)
{
	static const struct step steps[] = {
		/* The SYN from outside came first and was refused; the outside answers ours. */
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
refused_connection_may_be_tried_again(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, R | TCP_ACK, TCP_SYN_SENT},
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
	};

	run(steps, RTE_DIM(steps));
}

static void
restarted_client_recovers_by_challenge_ack(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
		{0, S, TCP_ESTABLISHED}, /* restarted */
		{1, A, TCP_ESTABLISHED},
		{0, R, TCP_RESET},
		{0, S, TCP_RESET},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
restarted_server_recovers_by_challenge_ack_and_policy(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
		{0, F, TCP_FIN_FORWARD},
		{1, S, TCP_FIN_FORWARD}, /* restarted */
		{0, A, TCP_FIN_FORWARD},
		{1, R, TCP_RESET},
		{1, S, ASK},
		{0, SA, TCP_SYN_RECEIVED_FORWARD}, /* it was permitted */
		{1, A, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
forged_rst_and_syn_do_not_end_a_connection(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
		{1, R, TCP_RESET},
		{0, S, TCP_RESET},
		{1, S, ASK},
		{0, A, TCP_ESTABLISHED},
		{1, R, TCP_RESET},
		{1, F, TCP_FIN_REVERSE},
		{1, R, TCP_RESET},
		{0, A, TCP_ESTABLISHED},
	};

	run(steps, RTE_DIM(steps));
}

static void
closed_connection_is_opened_again_from_either_side(void **state)
{
	static const struct step steps[] = {
		{0, S, TCP_SYN_SENT},
		{1, SA, TCP_SYN_RECEIVED},
		{0, F, TCP_FIN_FORWARD}, /* the first segment after the SYN is the last */
		{1, F, TCP_FIN_BOTH},
		{0, A, TCP_FIN_BOTH},
		{0, S, TCP_FIN_BOTH},
		{1, SA, TCP_SYN_RECEIVED},
		{0, A, TCP_ESTABLISHED},
		{1, F, TCP_FIN_REVERSE},
		{0, F, TCP_FIN_BOTH},
		{1, S, ASK},
		{0, SA, TCP_SYN_RECEIVED_FORWARD},
		{1, A, TCP_ESTABLISHED},
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

static void
connection_begun_unseen_is_adopted_when_the_other_end_answers_and_no_other_is(void **state)
{
	for (int from = TCP_NEW; from < TCP_STATES; from++)
		for (unsigned int direction = 0; direction < 2; direction++)
			for (unsigned int flags = 0; flags < 32; flags++) {
				const uint8_t kind = flags & (S | F | R | A);
				const bool adopts = from == TCP_NEW && direction == 1 &&
						    (kind == A || kind == F);
				const int after = !adopts     ? from
						  : kind == F ? TCP_FIN_REVERSE
							      : TCP_ESTABLISHED;

				atomic_store(&flow.tcp_state, (uint8_t)from);
				assert_int_equal(
					tcp_adopt(&flow, direction, (uint8_t)flags), adopts);
				assert_int_equal(atomic_load(&flow.tcp_state), after);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transition_is_that_of_the_rfcs),
		cmocka_unit_test(timers_are_those_of_rfc_5382),
		cmocka_unit_test(handshake_data_and_close),
		cmocka_unit_test(simultaneous_open_establishes),
		cmocka_unit_test(simultaneous_open_in_the_other_order_establishes),
		cmocka_unit_test(syn_that_crosses_a_syn_is_answered_with_one_syn_ack),
		cmocka_unit_test(refused_connection_may_be_tried_again),
		cmocka_unit_test(restarted_client_recovers_by_challenge_ack),
		cmocka_unit_test(restarted_server_recovers_by_challenge_ack_and_policy),
		cmocka_unit_test(forged_rst_and_syn_do_not_end_a_connection),
		cmocka_unit_test(closed_connection_is_opened_again_from_either_side),
		cmocka_unit_test(flags_no_tcp_sends_are_refused_in_every_state),
		cmocka_unit_test(only_a_syn_may_open),
		cmocka_unit_test(
			connection_begun_unseen_is_adopted_when_the_other_end_answers_and_no_other_is),
		cmocka_unit_test(every_state_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
