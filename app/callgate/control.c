/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include "busy.h"
#include "cdr.h"
#include "control.h"
#include "core/log.h"
#include "core/rcu.h"
#include "notify.h"
#include "reload.h"
#include "request.h"
#include "trace.h"

enum {
	TICK_US = 1000,
	PASS_MS = 500, /* every object is looked at about twice a second */
	BUDGET_MIN = 64, /* so that small tables are not walked object by object */
	NEIGHBOUR_BUDGET = 64,
	HOLD_BUDGET = 1, /* outside addresses */
	CLEAR_BUDGET = 4096,
	TRACE_BUDGET = 256, /* messages */
	LOG_BUDGET =
		256, /* lines of the NAT log, of calls, and of workers; more sweeps wait, fewer records find no room */
};

static uint32_t
budget(uint32_t capacity)
{
	return RTE_MAX(capacity / PASS_MS, (uint32_t)BUDGET_MIN);
}

static uint32_t
pool_budget(const struct pool *pool, bool whole)
{
	if (!whole)
		return budget(pool_capacity(pool));
	return pool_used(pool) + pool_retired(pool) > 0 ? pool_capacity(pool) : 0;
}

/* What an operator asked to clear, a step at a time like all else. */
static void
control_clear(struct appliance *appliance)
{
	struct thread *self = &appliance->control;

	if (appliance->clearing_nat)
		appliance->clearing_nat =
			appliance->nat && !nat_clear_step(self, appliance->nat,
						  &appliance->clear_nat_cursor, CLEAR_BUDGET);
	if (appliance->clearing_firewall)
		appliance->clearing_firewall = !flow_clear_step(
			self, appliance->flows, &appliance->clear_firewall_cursor, CLEAR_BUDGET);
}

/* One step of each sweep; every one between online and offline, so none delays a grace period. */
static void
control_sweep(struct appliance *appliance, bool whole)
{
	struct thread *self = &appliance->control;
	const struct config_system *system = &appliance->config->system;

	rcu_online(self->id);
	/* Calls first: what they let go of is then swept in the same pass. */
	alg_sweep(self, appliance->alg, appliance->mailbox,
		whole ? UINT32_MAX : budget(system->max_calls));
	rcu_quiescent(self->id);
	pinhole_sweep(
		self, appliance->pinholes, pool_budget(pinhole_pool(appliance->pinholes), whole));
	rcu_quiescent(self->id);
	flow_sweep(self, appliance->flows, pool_budget(flow_pool(appliance->flows), whole));
	rcu_quiescent(self->id);
	if (appliance->nat) {
		nat_sweep(
			self, appliance->nat, pool_budget(nat_binding_pool(appliance->nat), whole));
		nat_hold_sweep(self, appliance->nat,
			whole ? (uint32_t)OUTSIDE_ADDRESSES_MAX : HOLD_BUDGET);
		rcu_quiescent(self->id);
	}
	control_clear(appliance);
	rcu_quiescent(self->id);
	neighbour_sweep(self, appliance->neighbours,
		whole ? (unsigned int)NEIGHBOURS_MAX : NEIGHBOUR_BUDGET);
	request_serve_control(appliance);
	rcu_offline(self->id);
}

void
control_step(struct appliance *appliance)
{
	thread_refresh_clock(&appliance->control);
	control_sweep(appliance, false);
	trace_step(appliance, TRACE_BUDGET);
	if (appliance->nat)
		nat_log_write(&appliance->control, appliance->nat, LOG_BUDGET);
	busy_sample(appliance);
	cdr_write(appliance, LOG_BUDGET);
	log_queue_write(appliance->control.counters, LOG_BUDGET);
	log_rates_tell(false);
}

void
control_pass(struct appliance *appliance)
{
	thread_refresh_clock(&appliance->control);
	control_sweep(appliance, true);
	trace_step(appliance, UINT32_MAX);
	if (appliance->nat)
		nat_log_write(&appliance->control, appliance->nat, UINT32_MAX);
	cdr_write(appliance, UINT32_MAX);
	log_queue_write(appliance->control.counters, UINT32_MAX);
	log_rates_tell(false);
}

void
control_run(struct appliance *appliance)
{
	const struct timespec tick = {.tv_nsec = TICK_US * 1000};
	struct notify notify;

	notify_init(&notify);
	/* relaxed: nothing but the loop's end depends on it */
	while (!atomic_load_explicit(&appliance->stop, memory_order_relaxed)) {
		control_step(appliance);
		reload_step(appliance);
		notify_step(&notify, appliance);
		nanosleep(&tick, NULL);
	}
	notify_stopping();
}
