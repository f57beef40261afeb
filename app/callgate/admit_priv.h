/* SPDX-License-Identifier: BSD-3-Clause */
/* Between admit.c (first packets), admit_nat.c (their NAT) and admit_again.c (flows that stand already). */
#ifndef APP_ADMIT_PRIV_H
#define APP_ADMIT_PRIV_H

#include <rte_icmp.h>

#include "pipeline.h"

enum {
	ADMITTED = -1, /* a step's result: go on; else an enum drop_reason */
	TAKEN = -2, /* the packet has been answered or dropped already */
};

struct admission {
	struct worker *worker;
	struct rte_mbuf *mbuf;
	const struct packet *packet;
	const struct ruleset *ruleset; /* one for all steps: a reload may come between any two */
	const struct interface *in, *out;
	struct flow_key real; /* source as it came, destination translated */
	bool inward; /* to an outside endpoint of NAT */
	struct binding *destination, *source;
	struct pinhole *pinhole;
	bool made; /* `source` was, for this packet */
	bool limited; /* limits have been asked */
	bool excluded; /* from translation */
	struct fw_verdict verdict;
	uint32_t account; /* reserved for the flow; 0: none */
};

static inline bool
is_query(struct rte_mbuf *mbuf)
{
	const struct rte_icmp_hdr *icmp = packet_l4(mbuf);

	return icmp_is_query(icmp->icmp_type);
}

static inline bool
is_trackable(const struct flow_key *key)
{
	return key->proto == IPPROTO_UDP || key->proto == IPPROTO_TCP || key->proto == IPPROTO_ICMP;
}

/** The packet as pinholes know it: in a hairpin they see the source's outside half. */
struct flow_key admission_seen(const struct admission *admission);

/** Will the flow be one of media? As far as is known at this step. */
bool admission_is_media(const struct admission *admission);

/** A refused packet may still have a pinhole; `otherwise` is why it is dropped when there is none. */
int admit_by_pinhole(
	struct admission *admission, const struct flow_key *seen, enum drop_reason otherwise);

/* Steps of admit.c's list that stand in admit_nat.c: ADMITTED, TAKEN or a drop reason. */
int admit_destination(struct admission *admission);
int admit_inward(struct admission *admission);
int admit_source(struct admission *admission);
int admit_filter(struct admission *admission);
int admit_room(struct admission *admission);

/** For a packet that step 1 drops as unsolicited: does policy let it in, whoever it is for? */
bool admit_to_somebody(const struct admission *admission);

/** Step 0: may this source be where the packet comes from (RFC 3704)? */
int admit_source_check(const struct admission *admission);

/**
 * The limits of flows, from where on one is reserved: of conversations that go out before NAT makes
 * anything for them, of those to an outside endpoint when it is known whom NAT lets in: where its binding
 * does not stand yet, before that is made (step 5), for who may have it made is let in.
 */
int admit_limit_outward(struct admission *admission);
int admit_limit_inward(struct admission *admission);

/** There is no flow after all. */
void admit_limit_undo(struct admission *admission);

/** The same limits of packets to callgate itself, each a flow that ends at once. */
int admit_limit_self(struct admission *admission);

/** Log lines, if the class of the verdict asks for them (rate limited). Worker. */
void admit_log_refused(const struct admission *admission, enum drop_reason reason);
void admit_log_begun(const struct admission *admission, const struct flow_path *path);

/**
 * A direction that is not permitted yet, or was under an older ruleset: ask the policy again.
 * Inspection of the direction that opened the flow permits both. A flow that came through a pinhole
 * stays permitted as long as the pinhole stands.
 */
void *admit_again(struct admission *admission, void *data);

#endif
