/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronization: what is kept of a side has one writer, whoever forwards in that direction; the other direction
 * reads it. A segment that relies on what another said comes after that one was forwarded, so relaxed
 * words are enough: each stands by itself.
 */
#include "tcp_window.h"

#include "flow_priv.h"
#include "tcp.h"

enum {
	OLD_MAX =
		66000, /* the longest window without scale, and a little: what may still be on its way */

	/* of flow_windows.seen */
	SEEN_SYN = 1,
	SEEN_ACK = 2, /* `limit` is known */
	DOUBTFUL = 4, /* SYNs with different numbers */
};

/* In the order of sequence numbers, which wrap. */
static bool
is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static uint32_t
mark_get(const _Atomic uint32_t *mark)
{
	return atomic_load_explicit(mark, memory_order_relaxed);
}

static void
mark_set(_Atomic uint32_t *mark, uint32_t to)
{
	atomic_store_explicit(mark, to, memory_order_relaxed);
}

static void
mark_raise(_Atomic uint32_t *mark, uint32_t to)
{
	if (is_after(to, mark_get(mark)))
		mark_set(mark, to);
}

static uint8_t
seen_get(const struct flow_windows *windows, unsigned int direction)
{
	return atomic_load_explicit(&windows->seen[direction], memory_order_relaxed);
}

static void
seen_set(struct flow_windows *windows, unsigned int direction, uint8_t seen)
{
	atomic_store_explicit(&windows->seen[direction], seen, memory_order_relaxed);
}

/* What a segment says of its sender's window. A probe of a closed one is a byte beyond it. */
static void
note_window(struct flow_windows *windows, unsigned int direction, const struct rte_tcp_hdr *tcp,
	uint32_t window)
{
	struct flow_tcp_side *side = &windows->side[direction];
	const uint32_t limit = rte_be_to_cpu_32(tcp->recv_ack) + RTE_MAX(window, 1u);
	const uint8_t seen = seen_get(windows, direction);

	if (window > mark_get(&side->widest))
		mark_set(&side->widest, window);
	if (!(tcp->tcp_flags & TCP_ACK))
		return;
	if (seen & SEEN_ACK) {
		mark_raise(&side->limit, limit);
	} else {
		mark_set(&side->limit, limit);
		seen_set(windows, direction, seen | SEEN_ACK);
	}
}

/*
 * A SYN begins a connection, unless one is open: then it may be forged, and means nothing. Where the one before is
 * over, all begins anew with it; in the midst of a handshake it only repeats.
 */
static void
note_syn(const struct flow *flow, struct flow_windows *windows, unsigned int direction,
	const struct rte_tcp_hdr *tcp, uint32_t end)
{
	struct flow_tcp_side *side = &windows->side[direction];
	const uint8_t state = atomic_load_explicit(&flow->tcp_state, memory_order_relaxed);
	uint8_t seen = seen_get(windows, direction);

	switch (tcp_phase_of(state)) {
	case TCP_OPEN:
		return;
	case TCP_CLOSING:
		seen = 0;
		if (!(tcp->tcp_flags & TCP_ACK))
			seen_set(windows, !direction, 0);
		break;
	case TCP_OPENING:
		if (seen & SEEN_SYN && mark_get(&side->end) != end)
			seen |= DOUBTFUL;
		break;
	}
	if (!(seen & SEEN_SYN)) {
		mark_set(&side->end, end);
		mark_set(&side->widest, 0);
	}
	tcp_scale_note(windows, direction, tcp);
	seen_set(windows, direction, seen | SEEN_SYN);
	note_window(windows, direction, tcp, rte_be_to_cpu_16(tcp->rx_win)); /* not scaled here */
}

bool
tcp_window(struct flow_table *table, struct flow *flow, unsigned int direction,
	const struct rte_tcp_hdr *tcp, uint32_t length)
{
	struct flow_windows *windows = flow_windows_of(table, flow);
	struct flow_tcp_side *own = &windows->side[direction], *other = &windows->side[!direction];
	const uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq), ack = rte_be_to_cpu_32(tcp->recv_ack);
	const uint8_t seen = seen_get(windows, direction), answers = seen_get(windows, !direction);
	uint32_t end, window;

	if (tcp->tcp_flags & TCP_RST)
		return true;
	if (tcp->tcp_flags & TCP_SYN) {
		note_syn(flow, windows, direction, tcp,
			seq + 1 + (length == TCP_LENGTH_UNKNOWN ? 0 : length));
		return true;
	}
	if ((seen & (SEEN_SYN | DOUBTFUL)) != SEEN_SYN ||
		(answers & (SEEN_SYN | DOUBTFUL)) != SEEN_SYN || !(tcp->tcp_flags & TCP_ACK))
		return true;
	if (length == TCP_LENGTH_UNKNOWN) {
		/* It may be as long as it can be. */
		if (answers & SEEN_ACK)
			mark_raise(&own->end, mark_get(&other->limit));
		return true;
	}
	end = seq + length + (tcp->tcp_flags & TCP_FIN ? 1 : 0);
	if (((answers & SEEN_ACK) && is_after(end, mark_get(&other->limit))) ||
		is_after(mark_get(&own->end) - RTE_MAX(mark_get(&other->widest), (uint32_t)OLD_MAX),
			seq) ||
		is_after(ack, mark_get(&other->end)) ||
		is_after(mark_get(&other->end) - RTE_MAX(mark_get(&own->widest), (uint32_t)OLD_MAX),
			ack))
		return false;
	window = (uint32_t)rte_be_to_cpu_16(tcp->rx_win) << tcp_scale_get(windows, direction);
	mark_raise(&own->end, end);
	note_window(windows, direction, tcp, window);
	return true;
}
