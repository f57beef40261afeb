/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits: what is refused is counted by name, and the host is named in a log line.
 *
 * Calls of a host and messages of a host (blacklist) count over all workers, in shared tables.
 * Pending calls and a call's openings count in their worker. Only what begins a call is refused for
 * its calls or for pending ones: a call that stands goes on, whatever else happens.
 *
 * At most one line a second is written for each limit, so that a flood which runs into one does not hide the
 * others; the counters tell how many there were.
 */
#include "alg_priv.h"
#include "core/log.h"

static struct log_rate rates[LIMITS] = {
	[LIMIT_HOST_CALLS] = LOG_RATE("calls refused by sip.max_calls_per_host", 1),
	[LIMIT_PENDING_CALLS] = LOG_RATE("calls refused by sip.max_pending_calls", 1),
	[LIMIT_OPENINGS] = LOG_RATE("messages refused by sip.max_doors_per_call", 1),
	[LIMIT_ENDPOINTS] = LOG_RATE("messages refused by the bound of endpoints", 1),
	[LIMIT_BLACKLIST] = LOG_RATE("hosts blacklisted", 1),
};

static void
refuse(struct plan *plan, enum limit limit, enum sip_counter counter, const char *setting)
{
	const uint8_t *host = (const uint8_t *)&plan->real_source;

	plan_fail(plan, DROP_SIP_LIMIT, counter);
	LOG_RATED_BY(&rates[limit], WARNING, "SIP message of %u.%u.%u.%u refused by %s", host[0],
		host[1], host[2], host[3], setting);
}

/*
 * May this message begin a call? If so, the call counts against the host that began it. A call that
 * is older than its record (To tag) is not pending: strangers could send such messages without bound, and
 * shut out the calls that begin.
 */
bool
limit_call(struct plan *plan, struct call *call)
{
	struct alg *alg = plan->worker->alg;
	const struct config_sip *limits = &alg->config->sip;

	call->counted = plan->to_tag ? COUNTED_NO_PENDING : 0;
	call->host = plan->sip->request ? plan->real_source : plan->real_destination;
	if (limits->max_pending_calls && !plan->to_tag &&
		plan->worker->pending >= limits->max_pending_calls) {
		refuse(plan, LIMIT_PENDING_CALLS, SIP_COUNT_LIMIT_PENDING, "sip.max_pending_calls");
		return false;
	}
	if (!alg->hosts)
		return true;
	switch (host_take(alg->hosts, call->host, limits->max_calls_per_host)) {
	case HOST_REFUSED:
		refuse(plan, LIMIT_HOST_CALLS, SIP_COUNT_LIMIT_HOST_CALLS,
			"sip.max_calls_per_host");
		return false;
	case HOST_COUNTED:
		call->counted |= COUNTED_HOST;
		break;
	case HOST_UNCOUNTED:
		break;
	}
	return true;
}

/* The call has a new state: is it pending? */
void
limit_pending(struct alg_worker *worker, struct call *call)
{
	bool pending = call_live(call) && call_rings(call) && !(call->counted & COUNTED_NO_PENDING);

	if (pending == !!(call->counted & COUNTED_PENDING))
		return;
	call->counted ^= COUNTED_PENDING;
	worker->pending += pending ? 1 : UINT32_MAX;
}

/* The call counts no longer. */
void
limit_call_over(struct alg_worker *worker, struct call *call)
{
	if (call->counted & COUNTED_HOST)
		host_give(worker->alg->hosts, call->host);
	if (call->counted & COUNTED_PENDING)
		worker->pending--;
	call->counted = 0;
}

/* The call has all the openings that it may have: its message is refused. Always false. */
bool
limit_opening(struct plan *plan)
{
	refuse(plan, LIMIT_OPENINGS, SIP_COUNT_LIMIT_OPENINGS, "sip.max_doors_per_call");
	return false;
}

/* The message names more endpoints of its own than are opened for one: it is refused. */
void
limit_endpoints(struct plan *plan)
{
	refuse(plan, LIMIT_ENDPOINTS, SIP_COUNT_LIMIT_ENDPOINTS, "the bound of endpoints");
}

bool
alg_host_refused(struct thread *self, struct alg_worker *worker, rte_be32_t host, bool response,
	uint8_t source_realm, uint8_t destination_realm)
{
	const struct config_sip *limits = &worker->alg->config->sip;
	const uint8_t *bytes = (const uint8_t *)&host;

	if (!worker->alg->blacklist)
		return false;
	statistics_choose(worker, source_realm, destination_realm, response);
	switch (blacklist_message(worker->alg->blacklist, limits, host, response, self->now_ms)) {
	case BLACKLIST_PASS:
		return false;
	case BLACKLIST_TRIGGERED:
		sip_count(worker, SIP_COUNT_BLACKLISTED_HOSTS, 1);
		LOG_RATED_BY(&rates[LIMIT_BLACKLIST], WARNING,
			"host %u.%u.%u.%u blacklisted for %u s: %u SIP messages within %u ms",
			bytes[0], bytes[1], bytes[2], bytes[3], limits->blacklist_block_seconds,
			limits->blacklist_trigger_messages, limits->blacklist_trigger_period_ms);
		break;
	case BLACKLIST_REFUSED:
		break;
	}
	sip_count(worker, SIP_COUNT_BLACKLISTED, 1);
	return true;
}
