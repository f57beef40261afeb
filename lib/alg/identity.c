/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers that say who somebody is, not where: From, To, asserted and preferred identities,
 * Diversion and their like. Only a literal inside host is replaced, never a port, and nothing is
 * opened; another host than the sender has the outside address of its static rule, if it has one.
 * So has the host that a Warning comes from (RFC 3261 20.43), outward alone: nobody asks for it.
 * What the inside wrote in From and To is kept in the record and put back by tag; without a record
 * the inside end of the packet's flow serves.
 */
#include "alg_priv.h"

static void
identity_outward(struct plan *plan, enum sip_header_id id, const struct sip_hostport *host)
{
	rte_be32_t outside =
		host_outward(plan, host->ipv4, host->port_text.at ? host->port : SIP_PORT);

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

/* Of an outside address that is not the packet's own: a host's whole one, or one that the record knows. */
static rte_be32_t
identity_of_other(const struct plan *plan, enum sip_header_id id, rte_be32_t outside)
{
	const struct nat *nat = plan->worker->alg->nat;
	rte_be32_t inside = nat_static_inside(nat, outside);

	if (inside || !nat_is_outside_address(nat, outside))
		return inside;
	return identity_original(plan, id);
}

/* False: it is no outside half. */
static bool
identity_inward(struct plan *plan, enum sip_header_id id, const struct sip_hostport *host)
{
	const struct flow_path *path = plan->path;
	rte_be32_t inside;

	if (host->ipv4 != path->key.dst) {
		inside = identity_of_other(plan, id, host->ipv4);
		if (!inside)
			return false;
	} else {
		if (path->new_dst == path->key.dst)
			return true;
		inside = identity_original(plan, id);
		inside = inside ? inside : path->new_dst;
	}
	sip_edits_address(plan->edits, host->host, inside, 0);
	return true;
}

void
rewrite_identity(struct plan *plan, enum sip_header_id id, const struct sip_uri *uri)
{
	if (uri->host.kind != SIP_HOST_IPV4)
		return;
	if ((!plan->inward || !identity_inward(plan, id, &uri->host)) && plan->outward)
		identity_outward(plan, id, &uri->host);
}

/* The next word of a Warning. */
static struct slice
word_take(struct slice *rest)
{
	struct slice word = slice_trim(*rest);
	const char *end = word.at + word.length;
	uint32_t length = 0;

	while (length < word.length && !strchr(" \t\r\n,\"", word.at[length]))
		length++;
	word.length = length;
	*rest = (struct slice){word.at + length, (uint32_t)(end - word.at) - length};
	return word;
}

/* Behind the comma that ends the value; in the quoted text may be others. */
static void
value_skip(struct slice *rest)
{
	bool quoted = false;
	uint32_t i;

	for (i = 0; i < rest->length && (quoted || rest->at[i] != ','); i++) {
		if (rest->at[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->at[i] == '\\')
			i++;
	}
	i = RTE_MIN(i + 1, rest->length);
	*rest = (struct slice){rest->at + i, rest->length - i};
}

void
rewrite_warning(struct plan *plan, struct slice rest)
{
	struct sip_hostport host;
	struct slice agent;

	while (plan->outward && rest.length > 0) {
		word_take(&rest); /* the code */
		agent = word_take(&rest);
		if (agent.length > 0 && sip_hostport_parse(agent, &host) &&
			host.kind == SIP_HOST_IPV4)
			identity_outward(plan, SIP_HEADER_WARNING, &host);
		value_skip(&rest);
	}
}
