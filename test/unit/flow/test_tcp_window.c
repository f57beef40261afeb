/* SPDX-License-Identifier: BSD-3-Clause */
/* Which numbers of a TCP segment are refused, and that no conversation of two ordinary ends has one. */
#include "flow_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "flow/tcp.h"
#include "flow/tcp_window.h"

enum { S = TCP_SYN, SA = TCP_SYN | TCP_ACK, A = TCP_ACK, F = TCP_FIN | TCP_ACK, R = TCP_RST };
enum { NO_SCALE = -1 };

static struct flow_table *table;
static struct flow *flow;

static int
setup(void **state)
{
	struct flow_template template = template_make(40000, IPPROTO_TCP);
	void *data;

	table = flow_table_create(64, &fixture_timeouts, SOCKET_ID_ANY);
	assert_non_null(table);
	assert_int_equal(flow_table_windows(table, SOCKET_ID_ANY), 0);
	assert_int_equal(flow_create(&worker, table, &template, &data), 0);
	flow = flow_of_data(data);
	return 0;
}

static int
teardown(void **state)
{
	assert_true(flow_remove(&worker, table, flow));
	fixture_reclaim(flow_pool(table));
	flow_table_destroy(table);
	return 0;
}

struct segment {
	unsigned int direction;
	uint8_t flags;
	uint32_t seq, ack;
	uint32_t length;
	uint16_t window;
	int scale; /* of a SYN */
	unsigned int born; /* step that it was sent in */
};

/* As the pipeline does: refused, or the connection's state goes on. */
static bool
pass(const struct segment *segment)
{
	uint8_t bytes[sizeof(struct rte_tcp_hdr) + 4] = {0};
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)bytes;
	const bool scaled = segment->flags & S && segment->scale != NO_SCALE;

	tcp->sent_seq = rte_cpu_to_be_32(segment->seq);
	tcp->recv_ack = rte_cpu_to_be_32(segment->ack);
	tcp->rx_win = rte_cpu_to_be_16(segment->window);
	tcp->tcp_flags = segment->flags;
	tcp->data_off = (uint8_t)((sizeof(*tcp) + (scaled ? 4 : 0)) / 4 << 4);
	if (scaled)
		memcpy(bytes + sizeof(*tcp), (const uint8_t[]){3, 3, (uint8_t)segment->scale, 0},
			4);
	if (!tcp_window(table, flow, segment->direction, tcp, segment->length))
		return false;
	return tcp_segment(flow, segment->direction, segment->flags) >= 0;
}

/* Numbers after a handshake: 0 expects 9001 next and lets `window` more be sent, 1 expects 5001. */
static void
open_connection(uint16_t window, int scale)
{
	atomic_store(&flow->tcp_state, TCP_FIN_BOTH); /* a SYN begins anew */
	assert_true(pass(&(struct segment){0, S, 5000, 0, 0, window, scale}));
	assert_true(pass(&(struct segment){1, SA, 9000, 5001, 0, window, scale}));
	assert_true(pass(&(struct segment){0, A, 5001, 9001, 0, window, scale}));
	assert_true(pass(&(struct segment){1, A, 9001, 5001, 0, window, scale}));
	assert_int_equal(atomic_load(&flow->tcp_state), TCP_ESTABLISHED);
}

static void
check(uint16_t window, int scale, struct segment segment, bool passes)
{
	open_connection(window, scale);
	segment.window = window;
	segment.flags |= segment.flags ? 0 : A;
	assert_int_equal(pass(&segment), passes);
}

static void
data_ends_where_the_window_does(void **state)
{
	check(1000, NO_SCALE, (struct segment){0, A, 5001, 9001, 1000}, true);
	check(1000, NO_SCALE, (struct segment){0, A, 5001, 9001, 1001}, false);
	check(1000, NO_SCALE, (struct segment){0, A, 6001, 9001, 0}, true);
	check(1000, NO_SCALE, (struct segment){0, A, 6002, 9001, 0}, false);
	check(1000, NO_SCALE, (struct segment){0, F, 5001, 9001, 999}, true);
	check(1000, NO_SCALE, (struct segment){0, F, 5001, 9001, 1000},
		false); /* FIN is one more */
	check(1000, 3, (struct segment){1, A, 9001, 5001, 8000}, true);
	check(1000, 3, (struct segment){1, A, 9001, 5001, 8001}, false);
	check(1000, NO_SCALE, (struct segment){0, A, 5001 + (1u << 31), 9001, 10}, false);
}

static void
what_is_long_over_is_refused(void **state)
{
	check(1000, NO_SCALE, (struct segment){0, A, 5001 - 66000, 9001, 10}, true);
	check(1000, NO_SCALE, (struct segment){0, A, 5001 - 66001, 9001, 10}, false);
	check(1000, 8, (struct segment){0, A, 5001 - 256000, 9001, 10}, true);
	check(1000, 8, (struct segment){0, A, 5001 - 256001, 9001, 10}, false);
	check(1000, NO_SCALE, (struct segment){1, A, 9001, 5001 - 66000, 0}, true);
	check(1000, NO_SCALE, (struct segment){1, A, 9001, 5001 - 66001, 0}, false);
}

static void
nobody_acknowledges_what_was_never_sent(void **state)
{
	check(1000, NO_SCALE, (struct segment){1, A, 9001, 5001, 0}, true);
	check(1000, NO_SCALE, (struct segment){1, A, 9001, 5002, 0}, false);
	open_connection(1000, NO_SCALE);
	assert_true(pass(&(struct segment){0, A, 5001, 9001, 600, 1000}));
	assert_true(pass(&(struct segment){1, A, 9001, 5601, 0, 1000}));
	assert_false(pass(&(struct segment){1, A, 9001, 5602, 0, 1000}));
}

static void
what_is_refused_says_nothing(void **state)
{
	open_connection(1000, NO_SCALE);
	assert_false(pass(&(struct segment){0, A, 6002, 9001, 500, 60000}));
	assert_false(pass(&(struct segment){1, A, 9001, 6502, 0, 1000}));
	assert_false(pass(&(struct segment){1, A, 9001, 5001, 1001, 1000}));
}

static void
a_closed_window_may_be_probed(void **state)
{
	open_connection(1000, NO_SCALE);
	assert_true(pass(&(struct segment){0, A, 5001, 9001, 1000, 1000}));
	assert_true(pass(&(struct segment){1, A, 9001, 6001, 0, 0}));
	assert_true(pass(&(struct segment){0, A, 6001, 9001, 1, 1000}));
	assert_false(pass(&(struct segment){0, A, 6001, 9001, 2, 1000}));
	assert_true(pass(&(struct segment){0, A, 6000, 9001, 0, 1000})); /* is it still there? */
}

static void
resets_and_syns_are_left_to_others(void **state)
{
	check(1000, NO_SCALE, (struct segment){0, R, 1, 1, 0}, true);
	check(1000, NO_SCALE, (struct segment){0, S, 77, 0, 0}, true);
	/* that SYN may be forged: the connection goes on as it was */
	open_connection(1000, NO_SCALE);
	assert_true(pass(&(struct segment){0, S, 900000000, 0, 0, 1000, NO_SCALE}));
	assert_true(pass(&(struct segment){0, A, 5001, 9001, 1000, 1000}));
	assert_false(pass(&(struct segment){0, A, 900000001, 9001, 10, 1000}));
}

static void
a_first_fragment_passes_and_may_be_as_long_as_it_can(void **state)
{
	open_connection(1000, NO_SCALE);
	assert_true(pass(&(struct segment){0, A, 5001, 9001, TCP_LENGTH_UNKNOWN, 1000}));
	assert_true(pass(&(struct segment){1, A, 9001, 6001, 0, 1000}));
	assert_false(pass(&(struct segment){1, A, 9001, 6002, 0, 1000}));
}

/* TCP Fast Open (RFC 7413): data in the SYN, and the answer before the handshake is over. */
static void
data_before_the_handshake_is_over_passes(void **state)
{
	assert_true(pass(&(struct segment){0, S, 5000, 0, 100, 1000, NO_SCALE}));
	assert_true(pass(&(struct segment){1, SA, 9000, 5101, 0, 1000, NO_SCALE}));
	assert_true(pass(&(struct segment){1, A, 9001, 5101, 900, 1000}));
	assert_true(pass(&(struct segment){0, A, 5101, 9901, 0, 1000}));
	assert_false(pass(&(struct segment){1, A, 9901, 5102, 0, 1000}));
}

static void
a_doubtful_handshake_is_not_judged(void **state)
{
	atomic_store(&flow->tcp_state, TCP_NEW);
	assert_true(pass(&(struct segment){0, S, 5000, 0, 0, 1000, NO_SCALE}));
	assert_true(pass(&(struct segment){0, S, 5000, 0, 0, 1000, NO_SCALE})); /* again */
	assert_true(pass(&(struct segment){0, S, 700, 0, 0, 1000, NO_SCALE})); /* whose? */
	assert_true(pass(&(struct segment){1, SA, 9000, 5001, 0, 1000, NO_SCALE}));
	assert_true(pass(&(struct segment){0, A, 5001, 9001, 100, 1000}));
	assert_true(pass(&(struct segment){0, A, 123456789, 9001, 100, 1000}));
	/* the next one of the same ports is */
	open_connection(1000, NO_SCALE);
	assert_false(pass(&(struct segment){0, A, 123456789, 9001, 100, 1000}));
}

static void
a_connection_seen_from_its_middle_is_not_judged(void **state)
{
	atomic_store(&flow->tcp_state, TCP_ESTABLISHED);
	assert_true(pass(&(struct segment){0, A, 1, 1, 100, 1000}));
	assert_true(pass(&(struct segment){1, A, 1u << 31, 1u << 31, 100, 1000}));
}

/*
 * Two ends as TCP has them, over a network that loses, doubles and reorders before callgate and behind
 * it. They send within windows that open, close and never shrink, repeat what may be lost, probe closed
 * windows, ask whether the other is still there, and close.
 */
enum { IN_FLIGHT = 24, STEPS = 4000, SEGMENT_MAX = 1460, LATE_MAX = 40 };

struct end {
	uint32_t unacknowledged, next; /* sent */
	uint32_t expected, limit; /* received; behind the last that it lets be sent */
	uint32_t far_limit; /* what it knows of the other's */
	int scale; /* what it announces, or NO_SCALE */
	bool open, fin;
};

static unsigned int
below(unsigned int limit)
{
	return (unsigned int)rand() % limit;
}

static unsigned int
whichever(const struct segment *flight, unsigned int flying, unsigned int step)
{
	for (unsigned int i = 0; i < flying; i++)
		if (step - flight[i].born > LATE_MAX)
			return i;
	return below(flying);
}

static void
ends_talk(unsigned int seed)
{
	struct end end[2];
	struct segment flight[IN_FLIGHT];
	unsigned int flying = 0, passed = 0;
	bool scaled;

	srand(seed);
	for (unsigned int i = 0; i < 2; i++) {
		const uint32_t initial = below(2) ? (uint32_t)rand() * 2u
						  : UINT32_MAX - below(200000); /* they wrap */

		end[i] = (struct end){.unacknowledged = initial,
			.next = initial + 1,
			.scale = below(4) == 0 ? NO_SCALE : (int)below(9)};
	}
	scaled = end[0].scale != NO_SCALE && end[1].scale != NO_SCALE;
	atomic_store(&flow->tcp_state, TCP_FIN_BOTH); /* a SYN begins anew */
	assert_true(
		pass(&(struct segment){0, S, end[0].unacknowledged, 0, 0, 64000, end[0].scale}));
	end[1].expected = end[0].next;
	end[1].limit = end[1].expected + 1000;
	assert_true(pass(&(struct segment){
		1, SA, end[1].unacknowledged, end[1].expected, 0, 1000, end[1].scale}));
	end[0].expected = end[1].next;
	end[0].limit = end[0].expected;
	end[0].far_limit = end[1].limit;
	end[1].far_limit = end[1].next; /* nothing before the third segment */
	end[0].unacknowledged++;
	end[1].unacknowledged++;
	end[0].open = true;

	for (unsigned int step = 0; step < STEPS; step++) {
		const unsigned int way = end[1].open ? below(2) : 0;
		struct end *from = &end[way];
		struct segment *made = &flight[flying];
		uint32_t room, shift = scaled ? (uint32_t)from->scale : 0;

		/* one arrives at callgate, whichever, but none later than a window of data behind others */
		if (flying == IN_FLIGHT || (flying > 0 && below(2))) {
			const unsigned int which = whichever(flight, flying, step);
			const struct segment segment = flight[which];
			struct end *to = &end[!segment.direction];
			const uint32_t ends =
				segment.seq + segment.length + (segment.flags & TCP_FIN ? 1 : 0);
			const uint32_t bits = scaled ? (uint32_t)end[segment.direction].scale : 0;

			/* or a copy of it comes later, too */
			if (below(10) != 0 || step - segment.born > LATE_MAX)
				flight[which] = flight[--flying];
			if (below(20) == 0) /* lost before */
				continue;
			if (!pass(&segment))
				fail_msg("seed %u, step %u: segment %u %x %u+%u of %u refused",
					seed, step, segment.direction, segment.flags, segment.seq,
					segment.length, segment.ack);
			passed++;
			if (below(20) == 0) /* lost behind */
				continue;
			to->open = true;
			if ((int32_t)(segment.ack - to->unacknowledged) >= 0) {
				const uint32_t limit =
					segment.ack + ((uint32_t)segment.window << bits);

				to->unacknowledged = segment.ack;
				if ((int32_t)(limit - to->far_limit) > 0)
					to->far_limit = limit;
			}
			/* what fits goes to the application, if the window has room for it */
			if ((int32_t)(segment.seq - to->expected) <= 0 &&
				(int32_t)(ends - to->expected) > 0 &&
				(int32_t)(ends - to->limit) <= 0)
				to->expected = ends;
			continue;
		}
		*made = (struct segment){
			.direction = way, .flags = A, .seq = from->next, .born = step};
		room = (int32_t)(from->far_limit - from->next) > 0 ? from->far_limit - from->next
								   : 0;
		switch (below(8)) {
		case 0: /* window update: some more, or none where all is taken */
			if (below(3))
				from->limit =
					from->expected +
					RTE_MAX(from->limit - from->expected,
						below(scaled ? 1u << (10 + from->scale) : 5000));
			break;
		case 1: /* again */
			made->seq = from->unacknowledged;
			made->length =
				RTE_MIN(from->next - from->unacknowledged, (uint32_t)SEGMENT_MAX);
			if (from->fin && made->seq + made->length == from->next &&
				made->length > 0) {
				made->length--;
				made->flags = F;
			}
			break;
		case 2: /* is anybody there? */
			made->seq = from->next - 1;
			break;
		case 3: /* a probe */
			if (!from->fin && from->unacknowledged == from->next &&
				from->far_limit == from->next) {
				made->length = 1;
				from->next++;
			}
			break;
		default:
			if (from->fin)
				break;
			made->length = RTE_MIN(room, below(SEGMENT_MAX + 1));
			if (made->length < room && below(400) == 0) {
				made->flags = F;
				from->fin = true;
				from->next++;
			}
			from->next += made->length;
		}
		made->ack = from->expected;
		/* as much as the field can say; what it leaves out it says next time */
		if ((int32_t)(from->limit - from->expected) < 0)
			from->limit = from->expected;
		if ((from->limit - from->expected) >> shift > UINT16_MAX)
			from->limit = from->expected + (UINT16_MAX << shift);
		made->window = (uint16_t)((from->limit - from->expected) >> shift);
		flying++;
	}
	assert_true(passed > STEPS / 4);
}

static void
two_ordinary_ends_are_never_refused(void **state)
{
	for (unsigned int seed = 1; seed <= 300; seed++)
		ends_talk(seed);
}

#define WITH_FLOW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FLOW(data_ends_where_the_window_does),
		WITH_FLOW(what_is_long_over_is_refused),
		WITH_FLOW(nobody_acknowledges_what_was_never_sent),
		WITH_FLOW(what_is_refused_says_nothing),
		WITH_FLOW(a_closed_window_may_be_probed),
		WITH_FLOW(resets_and_syns_are_left_to_others),
		WITH_FLOW(a_first_fragment_passes_and_may_be_as_long_as_it_can),
		WITH_FLOW(data_before_the_handshake_is_over_passes),
		WITH_FLOW(a_doubtful_handshake_is_not_judged),
		WITH_FLOW(a_connection_seen_from_its_middle_is_not_judged),
		WITH_FLOW(two_ordinary_ends_are_never_refused),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
