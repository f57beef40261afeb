/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits: what is refused is counted by name, and the host is named in a log line.
 *
 * Each worker writes at most one line a second for each limit, so that a flood which runs into one
 * does not hide the others; the counters tell how many there were.
 */
#include "alg_priv.h"
#include "core/log.h"

static bool
line_permitted(struct alg_worker *worker, enum limit limit, uint32_t now_s)
{
	if (worker->limit_logged_s[limit] == now_s)
		return false;
	worker->limit_logged_s[limit] = now_s;
	return true;
}

static void
refuse(struct plan *plan, enum limit limit, enum sip_counter counter, const char *what)
{
	const uint8_t *host = (const uint8_t *)&plan->real_source;

	plan_fail(plan, DROP_SIP_LIMIT, counter);
	if (line_permitted(plan->worker, limit, plan->self->now_s))
		LOG_RATED(WARNING, "SIP message of %u.%u.%u.%u refused: %s", host[0], host[1],
			host[2], host[3], what);
}

/* The call has all the openings that it may have: its message is refused. Always false. */
bool
limit_opening(struct plan *plan)
{
	refuse(plan, LIMIT_OPENINGS, SIP_COUNT_LIMIT_OPENINGS,
		"its call has sip.max_doors_per_call doors");
	return false;
}
