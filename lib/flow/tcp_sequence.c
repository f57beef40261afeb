/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronization: each direction's window is one atomic word, written by whoever forwards in that
 * direction and read for RSTs of the other one.
 */
#include "tcp_sequence.h"

#include "flow_priv.h"
#include "net/tcp_option.h"
#include "tcp.h"

enum { SCALE_MAX = 14 }; /* RFC 7323 2.3 */

/* One more than the shift count of a SYN; 0: it has none. */
static uint8_t
scale_of_syn(const struct rte_tcp_hdr *tcp)
{
	unsigned int at =
		tcp_option_find(tcp, TCP_OPTION_WINDOW_SCALE, TCP_OPTION_WINDOW_SCALE_LENGTH);

	return at ? (uint8_t)(RTE_MIN(((const uint8_t *)tcp)[at], SCALE_MAX) + 1) : 0;
}

/* relaxed throughout: each word stands by itself */
void
tcp_scale_note(struct flow_windows *windows, unsigned int direction, const struct rte_tcp_hdr *tcp)
{
	atomic_store_explicit(&windows->scale[direction], scale_of_syn(tcp), memory_order_relaxed);
}

unsigned int
tcp_scale_get(const struct flow_windows *windows, unsigned int direction)
{
	uint8_t own = atomic_load_explicit(&windows->scale[direction], memory_order_relaxed);
	uint8_t other = atomic_load_explicit(&windows->scale[!direction], memory_order_relaxed);

	return own && other ? own - 1u : 0; /* both or none (RFC 7323 2.2) */
}

static void
window_set(struct flow_windows *windows, unsigned int direction, uint32_t next, uint32_t length)
{
	atomic_store_explicit(
		&windows->window[direction], (uint64_t)next << 32 | length, memory_order_relaxed);
}

/* A SYN begins anew, unless the connection is open: then it may be forged, and means nothing. */
static void
syn_note(const struct flow *flow, struct flow_windows *windows, unsigned int direction,
	const struct rte_tcp_hdr *tcp)
{
	uint8_t state = atomic_load_explicit(&flow->tcp_state, memory_order_relaxed);

	if (tcp_phase_of(state) == TCP_OPEN)
		return;
	tcp_scale_note(windows, direction, tcp);
	if (tcp->tcp_flags & TCP_ACK)
		window_set(windows, direction, rte_be_to_cpu_32(tcp->recv_ack),
			rte_be_to_cpu_16(tcp->rx_win)); /* never scaled here (RFC 7323 2.2) */
	else
		window_set(windows, direction, 0, 0);
}

static bool
rst_fits(const struct flow_windows *windows, unsigned int direction, const struct rte_tcp_hdr *tcp)
{
	uint64_t window = atomic_load_explicit(&windows->window[!direction], memory_order_relaxed);

	return window == 0 ||
	       rte_be_to_cpu_32(tcp->sent_seq) - (uint32_t)(window >> 32) <= (uint32_t)window;
}

bool
tcp_sequence(struct flow_table *table, struct flow *flow, unsigned int direction,
	const struct rte_tcp_hdr *tcp)
{
	struct flow_windows *windows = flow_windows_of(table, flow);

	if (tcp->tcp_flags & TCP_RST)
		return rst_fits(windows, direction, tcp);
	if (tcp->tcp_flags & TCP_SYN)
		syn_note(flow, windows, direction, tcp);
	else if (tcp->tcp_flags & TCP_ACK)
		window_set(windows, direction, rte_be_to_cpu_32(tcp->recv_ack),
			(uint32_t)rte_be_to_cpu_16(tcp->rx_win)
				<< tcp_scale_get(windows, direction));
	return true;
}

void
tcp_sequence_unknown(struct flow_table *table, struct flow *flow)
{
	struct flow_windows *windows = flow_windows_of(table, flow);

	for (unsigned int i = 0; i < 2; i++)
		atomic_store_explicit(&windows->scale[i], SCALE_MAX + 1, memory_order_relaxed);
}
