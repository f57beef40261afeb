/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers that say who somebody is, not where: From, To, asserted and preferred identities,
 * Diversion and their like. Only a literal inside host is replaced, never a port, and nothing is
 * opened. What the inside wrote in From and To is kept in the record and put back by tag; without
 * a record the inside end of the packet's flow serves.
 */
#include "alg_priv.h"

static void
identity_outward(struct plan *plan, enum sip_header_id id, const struct sip_hostport *host)
{
	rte_be32_t outside = host_outward(plan, host->ipv4);

	if (outside == 0 || outside == host->ipv4)
		return;
	if (id == SIP_HEADER_FROM)
		plan->from_host = host->ipv4;
	else if (id == SIP_HEADER_TO)
		plan->to_host = host->ipv4;
	sip_edits_address(plan->edits, host->host, outside, 0);
}

/* The host that the inside wrote for the party of this header; 0: not known. */
static rte_be32_t
identity_original(const struct plan *plan, enum sip_header_id id)
{
	const struct call *call = plan->known;
	uint64_t tag = id == SIP_HEADER_FROM ? plan->from_tag : plan->to_tag;

	if (!call || (id != SIP_HEADER_FROM && id != SIP_HEADER_TO))
		return 0;
	return tag == call->caller_tag ? call->from_host : call->to_host;
}

static void
identity_inward(struct plan *plan, enum sip_header_id id, const struct sip_hostport *host)
{
	rte_be32_t inside;

	if (host->ipv4 != plan->path->key.dst || plan->path->new_dst == plan->path->key.dst)
		return;
	inside = identity_original(plan, id);
	sip_edits_address(plan->edits, host->host, inside ? inside : plan->path->new_dst, 0);
}

void
rewrite_identity(struct plan *plan, enum sip_header_id id, const struct sip_uri *uri)
{
	if (uri->host.kind != SIP_HOST_IPV4)
		return;
	if (plan->inward && uri->host.ipv4 == plan->path->key.dst)
		identity_inward(plan, id, &uri->host);
	else if (plan->outward)
		identity_outward(plan, id, &uri->host);
}
