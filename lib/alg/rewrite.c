/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header rules, as one table: which header holds what kind of address, in requests, in
 * responses, how its ports are spelled, and what it opens. Headers without a row are never touched:
 * Call-ID, CSeq, the Authorization family, Identity, Date and everything unknown.
 */
#include "alg_priv.h"
#include "sip/escaped.h"
#include "sip/uri_header.h"

enum { IN_REQUEST = 1, IN_RESPONSE = 2, IN_BOTH = 3 };

enum rewrite_action { REWRITE_NONE, REWRITE_VIA, REWRITE_URI, REWRITE_IDENTITY, REWRITE_WARNING };

/* What the sender's own endpoint in this header opens for the peer. */
enum rewrite_opens { OPENS_NOTHING, OPENS_CONTACT, OPENS_ROUTE };

/* What it is for registrations and subscriptions, which keep what they name. */
enum rewrite_keeps { KEEPS_NOTHING, KEEPS_CONTACT, KEEPS_ROUTE, KEEPS_TARGET };

struct rewrite_row {
	uint8_t where;
	uint8_t action;
	uint8_t spelling;
	uint8_t opens;
	uint8_t keeps;
};

static const struct rewrite_row request_uri_row = {
	IN_REQUEST, REWRITE_URI, SPELLING_CONTACT, OPENS_NOTHING, KEEPS_TARGET};

static const struct rewrite_row rows[SIP_HEADER_IDS] = {
	[SIP_HEADER_VIA] = {IN_BOTH, REWRITE_VIA, SPELLING_VIA, OPENS_NOTHING},
	[SIP_HEADER_CONTACT] = {IN_BOTH, REWRITE_URI, SPELLING_CONTACT, OPENS_CONTACT,
		KEEPS_CONTACT},
	[SIP_HEADER_REFER_TO] = {IN_REQUEST, REWRITE_URI, SPELLING_CONTACT, OPENS_NOTHING},
	[SIP_HEADER_RECORD_ROUTE] = {IN_BOTH, REWRITE_URI, SPELLING_ROUTE, OPENS_ROUTE,
		KEEPS_ROUTE},
	[SIP_HEADER_ROUTE] = {IN_REQUEST, REWRITE_URI, SPELLING_ROUTE, OPENS_NOTHING, KEEPS_TARGET},
	[SIP_HEADER_PATH] = {IN_BOTH, REWRITE_URI, SPELLING_ROUTE, OPENS_ROUTE, KEEPS_ROUTE},
	[SIP_HEADER_SERVICE_ROUTE] = {IN_RESPONSE, REWRITE_URI, SPELLING_ROUTE, OPENS_NOTHING,
		KEEPS_ROUTE},
	[SIP_HEADER_FROM] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_TO] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_P_ASSERTED_IDENTITY] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_P_PREFERRED_IDENTITY] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_REMOTE_PARTY_ID] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_DIVERSION] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_HISTORY_INFO] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_REFERRED_BY] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_WARNING] = {IN_RESPONSE, REWRITE_WARNING},
};

/*
 * To the Contacts of a redirection whoever asked goes next (RFC 3261 8.1.3.4). Those of refusals are
 * translated, not opened. Neither is that of a 1xx without To tag, which makes no dialog (12.1).
 */
static bool
message_opens(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;

	return !plan->stray && sip->status < 400 &&
	       (sip->request || sip->status >= 200 || plan->to_tag);
}

/* Of a URI without transport; over UDP there is nothing to ask. */
static inline uint8_t
hostport_proto(const struct plan *plan, const struct sip_hostport *host)
{
	if (plan_proto(plan) == IPPROTO_UDP)
		return IPPROTO_UDP;
	return plan_unnamed_proto(
		plan, host->ipv4, rte_cpu_to_be_16(host->port_text.at ? host->port : SIP_PORT));
}

/*
 * What a URI's transport runs over, and its port when none is written (RFC 3261 19.1.2, RFC 7118 7).
 * 0: neither UDP nor TCP (SCTP), or not known: there is no translation for it, and no door.
 */
static uint8_t
uri_proto(const struct plan *plan, const struct sip_uri *uri, enum sip_transport transport,
	uint16_t *port)
{
	bool secure = uri->scheme == SIP_SCHEME_SIPS;

	*port = secure ? SIPS_PORT : SIP_PORT;
	switch (transport) {
	case SIP_TRANSPORT_NONE:
		return secure ? IPPROTO_TCP : hostport_proto(plan, &uri->host);
	case SIP_TRANSPORT_UDP:
		return IPPROTO_UDP;
	case SIP_TRANSPORT_TLS:
		*port = SIPS_PORT;
		return IPPROTO_TCP;
	case SIP_TRANSPORT_TCP:
		return IPPROTO_TCP;
	case SIP_TRANSPORT_WS:
	case SIP_TRANSPORT_WSS:
		*port = secure || transport == SIP_TRANSPORT_WSS ? HTTPS_PORT : HTTP_PORT;
		return IPPROTO_TCP;
	default:
		return 0;
	}
}

/*
 * Headers that whoever calls the URI is to send (Refer-To, redirections): the addresses in those
 * that hold URIs. In Replaces stands a Call-ID, which may look like one and is never touched.
 */
static void
rewrite_embedded(struct plan *plan, struct slice headers)
{
	struct sip_uri_header header;
	struct sip_uri uri = {.scheme = SIP_SCHEME_SIP};
	struct sip_hostport *host = &uri.host;
	enum sip_transport transport = SIP_TRANSPORT_NONE;
	const char *uri_end;
	struct endpoint inside;
	uint16_t port;
	uint8_t proto;

	while (sip_uri_header_next(&headers, &header)) {
		if (rows[header.id].action != REWRITE_URI)
			continue;
		uri_end = NULL;
		while (plan->drop == ALG_FORWARD && sip_escaped_ipv4_next(&header.value, host)) {
			if (uri_end == NULL || header.value.at > uri_end)
				transport = sip_escaped_transport(header.value, &uri_end);
			proto = uri_proto(plan, &uri, transport, &port);
			if (proto == 0)
				continue;

			struct token token = {
				.host = host,
				.edit = host->text,
				.port = port,
				.default_port = port,
				.proto = proto,
				.spelling = (enum spelling_class)rows[header.id].spelling,
			};
			struct opening_request request = {
				.endpoint = {host->ipv4,
					rte_cpu_to_be_16(host->port_text.at ? host->port : port),
					proto},
				.kind = PINHOLE_CONTACT,
				.until_s = plan->self->now_s + TRANSACTION_S,
			};

			if (!token_outward(plan, &token, &request))
				token_inward(plan, &token, &inside);
		}
	}
}

/* Is it a response that says until when somebody is registered? */
static bool
grants(const struct plan *plan)
{
	return plan->sip->method == SIP_REGISTER && plan->sip->status / 100 == 2;
}

/* For registrations and subscriptions; `far`: the other side's, which has named it before. */
static void
note_uri(struct plan *plan, const struct rewrite_row *row, const struct sip_uri *uri,
	const struct endpoint *endpoint, bool far, bool pin, struct slice parameters)
{
	bool route = row->keeps != KEEPS_CONTACT, own;
	enum contact_note_kind kind = NOTE_ECHOED;

	if (row->keeps == KEEPS_NOTHING)
		return;
	own = !far && opening_permitted(plan, endpoint->address, endpoint->port) == PERMIT_OPEN;
	if (grants(plan)) {
		if (route && own)
			kind = NOTE_PEER;
	} else if (own && pin) {
		kind = NOTE_NAMED;
	} else if (!far && row->keeps != KEEPS_TARGET) {
		return;
	}
	contact_note(plan, kind, route, endpoint, uri, parameters);
}

/*
 * What an INVITE names of the other side is noted in its call, as an opening that opens nothing. It opens
 * nothing when a proxy of the other side repeats it either: a response echoes the Record-Route of its
 * request, and that may name whom its sender pleases; for Contacts see foreign.c.
 */
static void
foreign_note(struct plan *plan, const struct opening_request *like)
{
	struct opening_request request = *like;

	if (!plan->sip->request || !plan->call ||
		opening_permitted(plan, like->endpoint.address, like->endpoint.port) !=
			PERMIT_FOREIGN)
		return;
	request.pin = false;
	request.held = true;
	plan->foreign = true;
	plan_open(plan, &request);
}

static bool
is_foreign_route(const struct plan *plan, const struct endpoint *endpoint)
{
	const struct opening *opening;

	if (plan->sip->request || !plan->call)
		return false;
	for (uint32_t i = plan->call->signalling; i; i = opening->next) {
		opening = opening_at(plan->worker, i);
		if (opening->kind == PINHOLE_ROUTE && opening->side != plan->side &&
			opening->address == endpoint->address && opening->port == endpoint->port &&
			opening->proto == endpoint->proto && !opening->pinhole.index &&
			!opening->door.index)
			return true;
	}
	return false;
}

/*
 * May what this response names be opened? A 2xx to REGISTER echoes Contact and Path, and grants what the
 * request has opened. A route can be told from an echo in a call alone; else it is the sender itself, or
 * not of the inside (side 0).
 */
static bool
response_opens(
	const struct plan *plan, const struct rewrite_row *row, const struct endpoint *endpoint)
{
	enum sip_method method = plan->sip->method;

	if (grants(plan))
		return false;
	if (row->opens != OPENS_ROUTE || (plan->call && method == SIP_INVITE))
		return true;
	if (plan->side != 0 && (method == SIP_SUBSCRIBE || method == SIP_REFER))
		return true;
	return endpoint->address == plan->real_source &&
	       endpoint->port == plan->path->key.src_port && endpoint->proto == plan_proto(plan);
}

/* ;maddr= names a host that is reached at the URI's port. */
static void
rewrite_maddr(struct plan *plan, const struct rewrite_row *row, struct slice maddr,
	struct token *token, struct opening_request *request)
{
	struct sip_hostport host;
	struct endpoint inside;

	if (maddr.length == 0 || !sip_hostport_parse(maddr, &host) || host.kind != SIP_HOST_IPV4)
		return;
	token->port = token->host->port_text.at ? token->host->port : token->port;
	token->host = &host;
	token->edit = host.host;
	token->host_only = true;
	request->endpoint.address = host.ipv4;
	if (row->opens == OPENS_ROUTE && is_foreign_route(plan, &request->endpoint))
		return;
	request->pin &= plan->sip->request || response_opens(plan, row, &request->endpoint);
	if (!token_inward(plan, token, &inside) && !token_outward(plan, token, request) &&
		row->opens != OPENS_NOTHING)
		foreign_note(plan, request);
}

static void
rewrite_endpoint(struct plan *plan, const struct rewrite_row *row, const struct sip_uri *uri,
	const struct token *token, struct opening_request *request, struct slice parameters)
{
	struct endpoint endpoint = request->endpoint;
	bool own, far;

	if (row->opens == OPENS_ROUTE && is_foreign_route(plan, &endpoint))
		return;
	request->pin &= plan->sip->request || response_opens(plan, row, &endpoint);
	request->held &= request->pin;
	/* A hairpin's sender names itself first; what it echoes is the other half. */
	own = token_outward(plan, token, request);
	far = !own && token_inward(plan, token, &endpoint);
	if (!own && !far && row->opens != OPENS_NOTHING)
		foreign_note(plan, request);
	if (!own && !far && request->pin &&
		opening_permitted(plan, endpoint.address, endpoint.port) == PERMIT_OPEN)
		plan_open(plan, request);
	note_uri(plan, row, uri, &endpoint, far, request->pin, parameters);
}

static enum token_echo
echo_of(const struct plan *plan, const struct rewrite_row *row)
{
	if (row == &request_uri_row)
		return plan->to_tag ? ECHO_DIALOG : ECHO_REGISTERED;
	return row->keeps == KEEPS_CONTACT && grants(plan) ? ECHO_ASKED : ECHO_NONE;
}

static void
rewrite_uri(struct plan *plan, const struct rewrite_row *row, const struct sip_uri *uri,
	struct slice parameters)
{
	struct sip_uri_parameters named = {0};
	uint16_t default_port;
	uint8_t proto;

	if (uri->host.kind == SIP_HOST_NONE)
		return;
	if (uri->parameters.length > 0)
		sip_uri_parameters_read(uri->parameters, &named);
	proto = uri_proto(plan, uri, named.transport, &default_port);

	struct token token = {
		.host = &uri->host,
		.edit = uri->host.text,
		.port = default_port,
		.default_port = default_port,
		.proto = proto,
		.spelling = row->spelling,
		.uri = uri,
		.echo = echo_of(plan, row),
	};
	struct opening_request request = {
		.endpoint = {uri->host.ipv4,
			rte_cpu_to_be_16(uri->host.port_text.at ? uri->host.port : default_port),
			proto},
		.kind = row->opens == OPENS_ROUTE ? PINHOLE_ROUTE : PINHOLE_CONTACT,
		.pin = row->opens != OPENS_NOTHING && message_opens(plan),
		.portless = !uri->host.port_text.at,
		.until_s = plan->self->now_s + TRANSACTION_S,
	};

	request.held = request.pin && plan->call;
	if (proto && uri->host.kind == SIP_HOST_IPV4)
		rewrite_endpoint(plan, row, uri, &token, &request, parameters);
	if (proto)
		rewrite_maddr(plan, row, named.maddr, &token, &request);
	if (uri->headers.length > 0)
		rewrite_embedded(plan, uri->headers);
}

static void
rewrite_uri_value(struct plan *plan, const struct rewrite_row *row,
	const struct sip_address *address, const struct sip_uri *uri)
{
	if (!address->star)
		rewrite_uri(plan, row, uri, address->parameters);
	else if (plan->sip->method == SIP_REGISTER && plan->sip->request)
		contact_note_all(plan);
}

/* From and To, which were read with their tags and hold one value each. */
static void
rewrite_party(struct plan *plan, enum sip_header_id id, struct slice text)
{
	struct sip_uri uri;

	if (sip_uri_parse(text, &uri))
		rewrite_identity(plan, id, &uri);
}

static void
rewrite_vias(struct plan *plan, const struct sip_header *header)
{
	bool first = header == sip_header_first(plan->sip, SIP_HEADER_VIA);
	struct sip_via_parameters parameters;
	struct slice rest = header->value;
	struct sip_via via;

	if (first && plan->branch) { /* it has been read */
		rest = plan->via_rest;
		rewrite_via(plan, &plan->via, &plan->via_parameters, true);
		first = false;
	}
	while (plan->drop == ALG_FORWARD && sip_via_next(&rest, &via, &parameters)) {
		rewrite_via(plan, &via, &parameters, first);
		first = false;
	}
}

static void
rewrite_header(struct plan *plan, const struct rewrite_row *row, const struct sip_header *header)
{
	struct slice rest = header->value;
	struct sip_address address;
	struct sip_uri uri;

	while (plan->drop == ALG_FORWARD && sip_address_next_literal(&rest, &address, &uri)) {
		if (row->action == REWRITE_URI)
			rewrite_uri_value(plan, row, &address, &uri);
		else
			rewrite_identity(plan, (enum sip_header_id)header->id, &uri);
	}
}

void
rewrite_headers(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	uint8_t where = sip->request ? IN_REQUEST : IN_RESPONSE;
	struct sip_uri uri;

	if (sip->request && sip_uri_parse(sip->request_uri, &uri))
		rewrite_uri(plan, &request_uri_row, &uri, (struct slice){0});
	for (unsigned int i = 0; i < sip->header_count; i++) {
		const struct sip_header *header = &sip->header[i];
		const struct rewrite_row *row = &rows[header->id];

		if (!(row->where & where))
			continue;
		if (row->action == REWRITE_VIA)
			rewrite_vias(plan, header);
		else if (row->action == REWRITE_WARNING)
			rewrite_warning(plan, header->value);
		else if (header == sip_header_first(sip, SIP_HEADER_FROM))
			rewrite_party(plan, SIP_HEADER_FROM, sip->from.uri);
		else if (header == sip_header_first(sip, SIP_HEADER_TO))
			rewrite_party(plan, SIP_HEADER_TO, sip->to.uri);
		else
			rewrite_header(plan, row, header);
		if (plan->drop != ALG_FORWARD)
			return;
	}
}
