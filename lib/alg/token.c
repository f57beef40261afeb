/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One address token: a literal IPv4 with or without a port, translated as a binding, never as
 * "private by public".
 *
 * Outward: an inside endpoint that the rules translate becomes the outside half of its binding.
 * Inward: the outside half of a binding becomes the inside half. All else stays.
 *
 * Round trip: where the outside port is the default one the token keeps its form, with or without
 * a port. Where it is not, the outside form always has a port, and the binding remembers per header
 * class whether the inside wrote one (RFC 3261 19.1.4: the two forms are different URIs).
 */
#include "alg_priv.h"

static uint16_t
token_port(const struct token *token)
{
	return token->host->port_text.at ? token->host->port : token->port;
}

/* An inside endpoint as this message's way to the outside translates it. */
struct endpoint
plan_inside(const struct plan *plan, rte_be32_t address, rte_be16_t port, uint8_t proto)
{
	struct endpoint inside = {address, port, proto, 0};

	if (plan->worker->alg->nat)
		inside.scope = nat_scope(plan->worker->alg->nat, &inside, plan->outside_interface);
	return inside;
}

static struct endpoint
token_endpoint(const struct plan *plan, const struct token *token)
{
	return plan_inside(
		plan, token->host->ipv4, rte_cpu_to_be_16(token_port(token)), token->proto);
}

static bool
endpoint_is(const struct endpoint *endpoint, rte_be32_t address, rte_be16_t port, uint8_t proto)
{
	return endpoint->address == address && endpoint->port == port && endpoint->proto == proto;
}

/* Of both protocols' bindings at one outside endpoint, is TCP's the one that a URI without transport means? */
static bool
unnamed_is_tcp(const struct plan *plan, struct endpoint outside)
{
	struct nat *nat = plan->worker->alg->nat;
	rte_be32_t host = plan->path->new_dst;
	struct binding *tcp, *udp;

	tcp = binding_find_outside(nat, &outside);
	if (!tcp)
		return false;
	outside.proto = IPPROTO_UDP;
	udp = binding_find_outside(nat, &outside);
	/* relaxed: media is not signalled to */
	if (!udp || atomic_load_explicit(&udp->media, memory_order_relaxed))
		return true;
	return tcp->inside.address == host && udp->inside.address != host;
}

/*
 * What a URI of scheme sip: without transport runs over. UDP, by RFC 3263 4.1. In a message over TCP many
 * write so an end of the connection itself; and what the inside wrote so comes back so, on another
 * connection, too: it is then the outside half of a TCP binding and, as a rule, of none of UDP.
 */
uint8_t
plan_unnamed_proto(const struct plan *plan, rte_be32_t address, rte_be16_t port)
{
	const struct flow_key *key = &plan->path->key;

	if ((address == key->src && port == key->src_port) ||
		(address == key->dst && port == key->dst_port) ||
		(plan->inward &&
			unnamed_is_tcp(plan, (struct endpoint){address, port, key->proto})))
		return key->proto;
	return IPPROTO_UDP;
}

/* The binding of the packet's own source or destination: its flow hangs on it. */
struct binding *
plan_binding(const struct plan *plan, bool source)
{
	const struct flow *flow = plan->message->flow;
	bool first = source == (plan->message->direction == 0);
	struct nat *nat = plan->worker->alg->nat;
	uint32_t index = flow->link[first ? FLOW_OWNER_SOURCE : FLOW_OWNER_DESTINATION].owner;

	return nat ? pool_at(nat_binding_pool(nat), index) : NULL;
}

static bool
own_source(const struct plan *plan, const struct endpoint *endpoint)
{
	const struct flow_path *path = plan->path;

	return plan->outward &&
	       endpoint_is(endpoint, path->key.src, path->key.src_port, path->key.proto) &&
	       (path->new_src != path->key.src || path->new_src_port != path->key.src_port);
}

/* `endpoint`: the token's. */
static bool
token_translatable(struct plan *plan, const struct token *token, const struct endpoint *endpoint)
{
	if (!plan->outward || token->host->kind != SIP_HOST_IPV4)
		return false;
	return own_source(plan, endpoint) || endpoint_translatable(plan, endpoint);
}

/* Replace a token by an endpoint; `portless`: leave the port away. A port that stays is not touched,
 * however it is written. */
static void
token_edit(struct plan *plan, const struct token *token, const struct endpoint *to, bool portless)
{
	uint16_t port = rte_be_to_cpu_16(to->port);
	bool port_stays = !token->host_only && portless == !token->host->port_text.at &&
			  port == token_port(token);

	if (port_stays && to->address == token->host->ipv4)
		return;
	if (port_stays)
		sip_edits_address(plan->edits, token->host->host, to->address, 0);
	else
		sip_edits_address(plan->edits, token->edit, to->address,
			portless || token->host_only ? 0 : port);
}

static void
spell(struct plan *plan, struct binding *binding, const struct token *token)
{
	bool portless = !token->host->port_text.at;
	uint8_t bit = (uint8_t)(1u << token->spelling);

	/* relaxed: a spelling orders nothing; written only when it changes */
	if (binding && !token->host_only &&
		!!(atomic_load_explicit(&binding->portless, memory_order_relaxed) & bit) !=
			portless)
		plan_spell(plan, binding, token->spelling, portless);
}

/* Take the place of an inside endpoint by its outside half, opened as asked. False: not ours. */
bool
token_outward(struct plan *plan, const struct token *token, const struct opening_request *request)
{
	struct nat *nat = plan->worker->alg->nat;
	struct endpoint endpoint = token_endpoint(plan, token), outside;
	const struct opening *opening;
	struct binding *binding = NULL;

	if (!token_translatable(plan, token, &endpoint))
		return false;
	if (own_source(plan, &endpoint) && !request->pin) {
		outside = (struct endpoint){
			plan->path->new_src, plan->path->new_src_port, endpoint.proto, 0};
		binding = plan_binding(plan, true);
	} else {
		opening = plan_open(plan, request);
		if (!opening || opening->outside_port == 0)
			return true;
		outside = (struct endpoint){
			opening->outside_address, opening->outside_port, opening->proto, 0};
		binding = pool_get(nat_binding_pool(nat), opening->door);
	}
	spell(plan, binding, token);
	token_edit(plan, token, &outside,
		!token->host->port_text.at &&
			rte_be_to_cpu_16(outside.port) == token->default_port);
	return true;
}

/* How its writer wrote a Contact that comes back to it. */
static bool
portless_in_call(const struct plan *plan, const struct endpoint *inside, bool otherwise)
{
	const struct opening *opening;

	if (!plan->call)
		return otherwise;
	for (uint32_t i = plan->call->signalling; i; i = opening->next) {
		opening = opening_at(plan->worker, i);
		if (opening->kind == PINHOLE_CONTACT && opening->address == inside->address &&
			opening->port == inside->port && opening->proto == inside->proto)
			return opening->flags & OPENING_PORTLESS;
	}
	return otherwise;
}

static bool
portless_inside(const struct plan *plan, const struct token *token, const struct endpoint *inside,
	const struct binding *binding)
{
	/* relaxed: see spell() */
	bool otherwise = atomic_load_explicit(&binding->portless, memory_order_relaxed) &
			 1u << token->spelling;
	enum account_spelling spelling;
	struct account like;

	if (token->echo == ECHO_DIALOG)
		return portless_in_call(plan, inside, otherwise);
	if (token->echo == ECHO_NONE)
		return otherwise;
	account_of_uri(&like, inside, token->uri);
	spelling = account_spelling(
		plan->worker->alg->accounts, &like, token->echo == ECHO_ASKED, plan->self->now_s);
	return spelling == ACCOUNT_UNKNOWN ? otherwise : spelling == ACCOUNT_WITHOUT_PORT;
}

/* Put the inside half back; false when the token is no outside half of a binding. */
bool
token_inward(struct plan *plan, const struct token *token, struct endpoint *inside)
{
	const struct flow_path *path = plan->path;
	struct endpoint endpoint = token_endpoint(plan, token);
	struct binding *binding = NULL;
	bool portless = !token->host->port_text.at;
	uint16_t port;

	if (!plan->inward || token->host->kind != SIP_HOST_IPV4)
		return false;
	if (endpoint_is(&endpoint, path->key.dst, path->key.dst_port, path->key.proto)) {
		binding = plan_binding(plan, false);
		if (binding && !endpoint_is(&binding->outside, endpoint.address, endpoint.port,
				       endpoint.proto))
			binding = NULL;
	}
	if (!binding)
		binding = binding_find_outside(plan->worker->alg->nat, &endpoint);
	if (!binding)
		return false;
	*inside = binding->inside;
	inside->proto = endpoint.proto;
	if (inside->port == 0) /* a binding of a whole address */
		inside->port = endpoint.port;
	port = rte_be_to_cpu_16(inside->port);
	if (portless) {
		portless = port == token->default_port;
	} else if (token_port(token) != token->default_port && port == token->default_port) {
		portless = portless_inside(plan, token, inside, binding);
	}
	token_edit(plan, token, inside, portless);
	return true;
}

/* By the rules: of a static one for a port the message's own protocol goes first. 0: no rule has it. */
static rte_be32_t
host_by_rules(struct plan *plan, rte_be32_t address, uint16_t port)
{
	const uint8_t own = plan_proto(plan);
	const uint8_t protos[] = {own, own == IPPROTO_UDP ? IPPROTO_TCP : IPPROTO_UDP};
	rte_be32_t outside, otherwise = 0;

	for (unsigned int i = 0; i < RTE_DIM(protos); i++) {
		struct endpoint inside =
			plan_inside(plan, address, rte_cpu_to_be_16(port), protos[i]);

		if (!endpoint_translatable(plan, &inside))
			continue;
		outside = nat_static_outside(plan->worker->alg->nat, &inside);
		if (outside)
			return outside;
		otherwise = plan->path->new_src;
	}
	return otherwise;
}

/*
 * Outside address of an inside host where no port belongs to it (identities, o=): the packet's own when
 * it is the sender; that of media which this message opens; a static rule's; the packet's own when
 * nothing better is known. `port` is where the host would be asked for. 0: leave it alone.
 */
rte_be32_t
host_outward(struct plan *plan, rte_be32_t address, uint16_t port)
{
	const struct flow_path *path = plan->path;

	if (!plan->outward || path->new_src == path->key.src)
		return 0;
	if (address == path->key.src)
		return path->new_src;
	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		const struct wanted *wanted = &plan->worker->wanted[i];
		const struct opening *opening;

		if (wanted->address != address || wanted->opening == 0)
			continue;
		opening = opening_at(plan->worker, wanted->opening);
		if (opening->outside_port)
			return opening->outside_address;
	}
	return host_by_rules(plan, address, port);
}
