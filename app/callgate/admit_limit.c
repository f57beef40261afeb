/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of admission that limit: sources that cannot come from where they come, and flows of a class. */
#include "admit_priv.h"
#include "flow/tcp.h"

static const enum drop_reason limit_reasons[FLOW_LIMITS] = {
	[FLOW_LIMIT_FLOWS] = DROP_POLICY_MAX_FLOWS,
	[FLOW_LIMIT_HALF_OPEN] = DROP_POLICY_MAX_HALF_OPEN,
	[FLOW_LIMIT_RATE] = DROP_POLICY_MAX_NEW,
};

int
admit_source_check(const struct admission *admission)
{
	struct route back;

	if (admission->in->source_check == SOURCE_CHECK_OFF)
		return ADMITTED;
	back = route_lookup(admission->worker->appliance->routes, admission->packet->key.src);
	if (back.kind != ROUTE_CONNECTED && back.kind != ROUTE_GATEWAY)
		return DROP_SOURCE_CHECK;
	if (admission->in->source_check == SOURCE_CHECK_STRICT &&
		back.interface != admission->in->index)
		return DROP_SOURCE_CHECK;
	return ADMITTED;
}

/* The limits of the class and the zone pair; what a pinhole permits, none of them refuses. */
static int
limit_ask(struct admission *admission)
{
	const struct ruleset *ruleset = admission->ruleset;
	bool half_open = admission->real.proto == IPPROTO_TCP &&
			 admission->verdict.action == FW_INSPECT &&
			 tcp_may_open(admission->packet->tcp_flags);
	enum flow_limit limit = FLOW_LIMIT_NONE;

	admission->limited = true;
	if (admission->verdict.action != FW_DROP) {
		limit = fw_reserve(ruleset, &admission->verdict, admission->worker->thread.now_ms,
			half_open, &admission->account);
		if (limit == FLOW_LIMIT_NONE)
			return ADMITTED;
	}
	if (admission->pinhole == NULL) {
		const struct flow_key seen = admission_seen(admission);

		if (admit_by_pinhole(admission, &seen, limit_reasons[limit]) != ADMITTED)
			return (int)limit_reasons[limit];
	}
	admission->account = fw_reserve_pinhole(ruleset, &admission->verdict);
	return ADMITTED;
}

int
admit_limit_outward(struct admission *admission)
{
	return admission->inward ? ADMITTED : limit_ask(admission);
}

int
admit_limit_inward(struct admission *admission)
{
	return admission->inward && !admission->limited ? limit_ask(admission) : ADMITTED;
}

void
admit_limit_undo(struct admission *admission)
{
	flow_account_return(admission->worker->appliance->flows, admission->account);
	admission->account = 0;
}

int
admit_limit_self(struct admission *admission)
{
	enum flow_limit limit = fw_reserve(admission->ruleset, &admission->verdict,
		admission->worker->thread.now_ms, false, &admission->account);

	if (limit != FLOW_LIMIT_NONE)
		return (int)limit_reasons[limit];
	admit_limit_undo(admission);
	return ADMITTED;
}
