/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ageing: the control lcore walks the pool by index, a bounded step at a time. The caller is online
 * in the RCU variable for the step and offline between steps, so no pointer outlives a step.
 */
#include "flow_priv.h"
#include "tcp.h"

enum {
	/* Seconds that a TCP flow stays when both ends have closed, while flows are scarce, and where the
	 * pinhole has gone that let it begin, so that the next one asks like any other. RFC 5382
	 * section 5 leaves it open whether state is held for TIME_WAIT, and warns of holding too
	 * much. Not after a RST: that may be forged, and RFC 7857 2.2 has its session wait. */
	TCP_LINGER_S = 5,
	SCARCE_PART = 8, /* scarce: less than this part of all flows is free */
};

uint32_t
flow_last_seen(const struct flow *flow)
{
	const uint32_t a = atomic_load_explicit(&flow->path[0].last_seen_s, memory_order_relaxed);
	const uint32_t b = atomic_load_explicit(&flow->path[1].last_seen_s, memory_order_relaxed);

	return RTE_MAX(a, b);
}

static enum tcp_state
flow_tcp_state(const struct flow *flow)
{
	return (enum tcp_state)atomic_load_explicit(&flow->tcp_state, memory_order_relaxed);
}

uint32_t
flow_timeout(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_timeouts *timeouts = &table->timeouts;

	switch (flow->proto) {
	case IPPROTO_TCP:
		switch (tcp_phase_of(flow_tcp_state(flow))) {
		case TCP_OPENING:
			return timeouts->tcp_opening;
		case TCP_CLOSING:
			return timeouts->tcp_closing;
		default:
			return timeouts->tcp_established;
		}
	case IPPROTO_ICMP:
		return timeouts->icmp;
	default:
		return timeouts->udp;
	}
}

/* The flow at a pool index when it is live. */
static struct flow *
flow_live_at(const struct flow_table *table, uint32_t index)
{
	struct flow *flow = pool_at(table->pool, index);

	if (flow == NULL || !pool_object_live(&flow->object))
		return NULL;
	/* acquire: pairs with the release in flow_create(): what follows is filled */
	if (atomic_load_explicit(&flow->state, memory_order_acquire) != FLOW_LIVE)
		return NULL;
	return flow;
}

static void
flow_age(struct thread *self, struct flow_table *table, struct flow *flow, bool scarce)
{
	/* A worker's clock may be a turn ahead: the difference is signed. */
	const int32_t idle_s = (int32_t)(self->now_s - flow_last_seen(flow));
	const bool tcp = flow->proto == IPPROTO_TCP;
	const enum tcp_state state = flow_tcp_state(flow);
	const bool closing = tcp && tcp_phase_of(state) == TCP_CLOSING;
	uint32_t timeout_s = flow_timeout(table, flow);

	if (tcp && state == TCP_FIN_BOTH && (scarce || flow_is_disowned(flow)))
		timeout_s = RTE_MIN(timeout_s, (uint32_t)TCP_LINGER_S);
	if (idle_s >= 0 && (uint32_t)idle_s >= timeout_s)
		flow_remove_as(self, table, flow, closing ? EVENT_FLOW_CLOSED : EVENT_FLOW_EXPIRED);
}

void
flow_sweep(struct thread *self, struct flow_table *table, uint32_t budget)
{
	const uint32_t capacity = pool_capacity(table->pool);
	const uint32_t steps = RTE_MIN(budget, capacity);
	const bool scarce = pool_used(table->pool) > capacity - capacity / SCARCE_PART;

	for (uint32_t i = 0; i < steps; i++) {
		struct flow *flow;

		table->sweep_index = table->sweep_index % capacity + 1;
		flow = flow_live_at(table, table->sweep_index);
		if (flow != NULL)
			flow_age(self, table, flow, scarce);
	}
	pool_reclaim(table->pool, budget);
}

bool
flow_clear_step(struct thread *self, struct flow_table *table, uint32_t *cursor, uint32_t budget)
{
	const uint32_t capacity = pool_capacity(table->pool);

	while (budget-- > 0 && *cursor < capacity) {
		struct flow *flow = flow_live_at(table, ++*cursor);

		if (flow != NULL)
			flow_remove(self, table, flow);
	}
	return *cursor >= capacity;
}
