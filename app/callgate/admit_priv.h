/* SPDX-License-Identifier: BSD-3-Clause */
/* Between admit.c (first packets) and admit_again.c (flows that stand already). */
#ifndef APP_ADMIT_PRIV_H
#define APP_ADMIT_PRIV_H

#include "pipeline.h"

struct admission {
	struct worker *worker;
	struct rte_mbuf *mbuf;
	const struct packet *packet;
	const struct interface *in, *out;
	struct flow_key real; /* source as it came, destination translated */
	bool inward; /* to an outside endpoint of NAT */
	struct binding *destination, *source;
	struct pinhole *pinhole;
	bool excluded; /* from translation */
	struct fw_verdict verdict;
};

/** A log line for a packet that policy refused (rate limited). Worker. */
void admit_log_refused(const struct admission *admission);

/**
 * A direction that is not permitted yet, or was under an older ruleset: ask the policy again.
 * Inspection of the direction that opened the flow permits both. A flow that came through a pinhole
 * stays permitted as long as the pinhole stands.
 */
void *admit_again(struct admission *admission, void *data);

#endif
