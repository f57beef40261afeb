/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Via: where responses go. RFC 3261 18.2, RFC 3581 (rport).
 *
 * Every request except ACK opens a door and a pinhole from its first Via value. Responses go to
 * the packet's source address and the sent-by port (18.2.2), 5060 when none is written, so that is
 * the endpoint opened, also where sent-by is a host name or another address. It stays 32 s from
 * the last copy of the request (RFC 3261 17.1.2.2: no response counts later); an INVITE's is held
 * by the call until 32 s after its final response.
 */
#include "alg_priv.h"

/* As of a URI (rewrite.c): 0 is neither UDP nor TCP, for which there is no translation. */
static uint8_t
via_proto(struct slice transport, uint16_t *port)
{
	*port = SIP_PORT;
	switch (sip_transport_of(transport)) {
	case SIP_TRANSPORT_UDP:
		return IPPROTO_UDP;
	case SIP_TRANSPORT_TCP:
		return IPPROTO_TCP;
	case SIP_TRANSPORT_TLS:
		*port = SIPS_PORT;
		return IPPROTO_TCP;
	case SIP_TRANSPORT_WS:
		*port = HTTP_PORT;
		return IPPROTO_TCP;
	case SIP_TRANSPORT_WSS:
		*port = HTTPS_PORT;
		return IPPROTO_TCP;
	default:
		return 0;
	}
}

static void
via_open(struct plan *plan, uint8_t proto, uint16_t port)
{
	struct opening_request request = {
		.endpoint = {plan->real_source, rte_cpu_to_be_16(port), proto},
		.kind = PINHOLE_VIA,
		.pin = true,
		.held = plan->call && plan->sip->method == SIP_INVITE,
		.until_s = plan->self->now_s + TRANSACTION_S,
	};

	plan_open(plan, &request);
}

/*
 * A response echoes the values of its request. Those of the inside among them went out through here and
 * came back (a spiral), so they have bindings; others are the far side's, whatever their addresses.
 */
static bool
echoes_far(const struct plan *plan, const struct endpoint *endpoint)
{
	struct nat *nat = plan->worker->alg->nat;
	struct endpoint inside;

	if (plan->sip->request || !plan->outward)
		return false;
	inside = plan_inside(plan, endpoint->address, endpoint->port, endpoint->proto);
	return !binding_find_inside(nat, &inside) && !nat_static_outside(nat, &inside);
}

/* sent-by, maddr: addresses the sender wrote itself. */
static void
via_token(struct plan *plan, const struct sip_hostport *host, struct slice edit, uint16_t port,
	const struct token *like)
{
	struct token token = *like;
	struct endpoint inside;
	struct opening_request request = {
		.kind = PINHOLE_VIA,
		.held = plan->call &&
			plan->sip->method == SIP_INVITE, /* a proxy's clients ring, too */
		.until_s = plan->self->now_s + TRANSACTION_S,
	};

	token.host = host;
	token.edit = edit;
	token.port = port;
	token.host_only =
		edit.at != host->text.at || edit.length != host->text.length || like->host_only;
	request.endpoint = (struct endpoint){
		host->ipv4, rte_cpu_to_be_16(host->port_text.at ? host->port : port), token.proto};
	if (echoes_far(plan, &request.endpoint) || !token_outward(plan, &token, &request))
		token_inward(plan, &token, &inside);
}

/*
 * The endpoint that an element behind us, a proxy, will send the response to: it has a door of its
 * own, so that it comes back as that element wrote it. False: not ours to translate.
 */
static bool
received_outward(struct plan *plan, const struct endpoint *endpoint, struct endpoint *outside)
{
	struct opening_request request = {
		.endpoint = *endpoint,
		.kind = PINHOLE_VIA,
		.held = plan->call && plan->sip->method == SIP_INVITE,
		.until_s = plan->self->now_s + TRANSACTION_S,
	};
	const struct endpoint inside =
		plan_inside(plan, endpoint->address, endpoint->port, endpoint->proto);
	const struct opening *opening;

	if (echoes_far(plan, endpoint) || !endpoint_translatable(plan, &inside))
		return false;
	opening = plan_open(plan, &request);
	if (!opening || opening->outside_port == 0)
		return false;
	*outside =
		(struct endpoint){opening->outside_address, opening->outside_port, endpoint->proto};
	return true;
}

static bool
received_inward(const struct plan *plan, const struct endpoint *endpoint, bool has_received,
	struct endpoint *inside)
{
	struct binding *binding;

	if (!plan->inward)
		return false;
	binding = binding_find_outside(plan->worker->alg->nat, endpoint);
	if (!binding && (!has_received || endpoint->address != plan->path->key.dst))
		return false;
	*inside = binding ? binding->inside
			  : (struct endpoint){plan->path->new_dst, endpoint->port, endpoint->proto};
	return true;
}

/*
 * received and rport together name where the request came from; one half becomes the other as a
 * pair. A server that finds the source in sent-by already may leave received away; then sent-by is
 * the pair's address, and its own token has been translated.
 */
static void
via_received(struct plan *plan, const struct sip_via *via,
	const struct sip_via_parameters *parameters, uint8_t proto, uint16_t sent_by_port)
{
	struct endpoint endpoint = {.address = via->sent_by.ipv4, .proto = proto}, to;
	bool has_received = parameters->received.length > 0;
	bool has_rport = parameters->rport_number != 0;

	if (has_received ? !slice_ipv4(parameters->received, &endpoint.address)
			 : !has_rport || via->sent_by.kind != SIP_HOST_IPV4)
		return;
	endpoint.port = rte_cpu_to_be_16(has_rport ? parameters->rport_number : sent_by_port);
	if (!received_outward(plan, &endpoint, &to) &&
		!received_inward(plan, &endpoint, has_received, &to))
		return;
	if (has_received && to.address != endpoint.address)
		sip_edits_address(plan->edits, parameters->received, to.address, 0);
	if (has_rport && to.port && to.port != endpoint.port)
		sip_edits_number(plan->edits, parameters->rport, rte_be_to_cpu_16(to.port));
}

static void
via_maddr(struct plan *plan, struct slice maddr, const struct token *like, uint16_t sent_by_port)
{
	struct sip_hostport host;

	if (maddr.length > 0 && sip_hostport_parse(maddr, &host) && host.kind == SIP_HOST_IPV4) {
		struct token token = *like;

		token.host_only = true;
		via_token(plan, &host, host.host, sent_by_port, &token);
	}
}

void
rewrite_via(struct plan *plan, const struct sip_via *via,
	const struct sip_via_parameters *parameters, bool first)
{
	struct token like = {.spelling = SPELLING_VIA};
	uint16_t sent_by_port;

	if (via->sent_by.kind == SIP_HOST_NONE)
		return;
	like.proto = via_proto(via->transport, &like.default_port);
	if (like.proto == 0)
		return;
	sent_by_port = via->sent_by.port_text.at ? via->sent_by.port : like.default_port;
	if (first && plan->sip->request && plan->sip->method != SIP_ACK && !plan->stray)
		via_open(plan, like.proto, sent_by_port);
	if (plan->drop != ALG_FORWARD || !(plan->outward || plan->inward))
		return;
	if (via->sent_by.kind == SIP_HOST_IPV4)
		via_token(plan, &via->sent_by, via->sent_by.text, like.default_port, &like);
	via_received(plan, via, parameters, like.proto, sent_by_port);
	via_maddr(plan, parameters->maddr, &like, sent_by_port);
}
